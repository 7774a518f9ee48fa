//! Offices as other domains' transactions see them.

use std::collections::HashMap;

use uuid::Uuid;

use super::edit;
pub use super::edit::{Entry, Full, Holiday};
use super::model::{Change, Edit, Office, Region, Scope, Span, Week};
use super::store::{list, office, times, tree};
use crate::clock::Timestamp;
use crate::db::{DbError, Tx};
use crate::error::{Code, Result};
use crate::register::Date;

/// The part of a condition that says that the office in `column` is one of a scope, whose office and levels are the other two parameters:
/// `within_scope!("office_id", "$2", "$3")`. The own office counts whatever the tree says.
#[macro_export]
macro_rules! within_scope {
    ($column:literal, $office:literal, $levels:literal) => {
        concat!(
            $column,
            " IN (SELECT a.office_id FROM office_above a WHERE a.above_id = ",
            $office,
            " AND a.distance <= ",
            $levels,
            " UNION ALL SELECT ",
            $office,
            ")"
        )
    };
}

/// The office with a code.
///
/// # Errors
/// When the database does not answer.
pub async fn by_code(tx: &mut Tx, code: &str) -> Result<Option<Office>> {
    Ok(office::by_code(tx, code).await?.map(|entry| entry.office))
}

/// The office with an id.
///
/// # Errors
/// When the database does not answer.
pub async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Office>> {
    Ok(office::by_id(tx, id).await?.map(|entry| entry.office))
}

/// Whether an office is `ancestor` or stands below it.
///
/// # Errors
/// When the database does not answer.
pub async fn is_within(tx: &mut Tx, ancestor: Uuid, office: Uuid) -> Result<bool> {
    Ok(tree::is_within(tx, Scope::tree(ancestor), office).await?)
}

/// An office and those below it, by code, after a code: a page of `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn descendants(tx: &mut Tx, ancestor: Uuid, after: &str, limit: i64) -> Result<Vec<Office>> {
    Ok(tree::descendants(tx, ancestor, after, limit).await?)
}

/// All that is known of an office.
///
/// # Errors
/// `not_found`.
pub async fn full(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<Full> {
    let entry = office::by_id(tx, id).await?.ok_or(Code::NotFound)?;
    edit::full(tx, entry, now).await
}

/// That no office has a code.
///
/// # Errors
/// `invalid_field`.
pub async fn require_free(tx: &mut Tx, code: &str) -> Result<()> {
    match office::by_code(tx, code).await? {
        Some(_) => Err(edit::code_taken(DbError::Unique)),
        None => Ok(()),
    }
}

/// An office's name, and what is national's about it.
///
/// # Errors
/// `not_found`.
pub async fn described(tx: &mut Tx, id: Uuid) -> Result<(String, Change)> {
    let entry = office::by_id(tx, id).await?.ok_or(Code::NotFound)?;
    let described = edit::describe(tx, &entry).await?;
    Ok((entry.office.name, described))
}

/// The offices right below one, or those that stand below none, by code, after a code: a page of `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn children(tx: &mut Tx, above: Option<Uuid>, after: &str, limit: i64) -> Result<Vec<Office>> {
    let rows = match above {
        Some(above) => office::below(tx, above, after, limit).await?,
        None => office::roots(tx, after, limit).await?,
    };
    Ok(rows.into_iter().map(|entry| entry.office).collect())
}

/// Adds an office with what is national's about it.
///
/// # Errors
/// `invalid_field` for a code that exists, a name that is missing, and what cannot be used.
pub async fn add(tx: &mut Tx, office_id: Uuid, code: &str, described: &Change, now: Timestamp) -> Result<()> {
    let edit = described.edit()?;
    let office = Office {
        office_id,
        code: code.to_owned(),
        name: edit.name.clone().unwrap_or_else(|| code.to_owned()),
        kind: edit.kind.unwrap_or_default(),
        parent_id: None,
        zone: edit.zone.unwrap_or_default(),
        ended_at: None,
    };
    edit::add(tx, &office, now).await?;
    edit::change(tx, office_id, edit, None).await
}

/// Changes what is national's about an office, where what is replaced still is what it was when the change was asked for.
///
/// # Errors
/// `not_found`, `invalid_field`; `wrong_state` when it was changed since, or is closed.
pub async fn change(tx: &mut Tx, id: Uuid, before: &Change, after: &Change) -> Result<()> {
    edit::change_from(tx, id, before, after).await
}

/// Closes an office for good.
///
/// # Errors
/// `not_found`; `wrong_state` when it is closed, or one below it is not.
pub async fn close(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<()> {
    edit::close(tx, id, now).await
}

/// Opens one again that was closed for good.
///
/// # Errors
/// `not_found`; `wrong_state` when it is open, or the one above it is not.
pub async fn reopen(tx: &mut Tx, id: Uuid) -> Result<()> {
    edit::reopen(tx, id).await
}

/// What a person of the office changes about it: hours, phone, note and capacity. What is national's is left as it is, whatever `edit` says.
///
/// # Errors
/// `invalid_field`, `wrong_state` when it was changed since.
pub async fn edit_own(tx: &mut Tx, id: Uuid, edit: Edit, version: &str) -> Result<()> {
    let own = Edit { week: edit.week, phone: edit.phone, note: edit.note, capacity: edit.capacity, ..Edit::default() };
    edit::change(tx, id, own, Some(version)).await
}

/// An office is closed on a day, and where `below` all offices below it too.
///
/// # Errors
/// `invalid_field`.
pub async fn add_holiday(tx: &mut Tx, id: Uuid, holiday: &Holiday, below: bool, now: Timestamp) -> Result<u64> {
    edit::add_holiday(tx, id, holiday, below, now).await
}

/// An office is open on a day after all.
///
/// # Errors
/// `not_found` when that day was none of its holidays.
pub async fn remove_holiday(tx: &mut Tx, id: Uuid, day: Date) -> Result<()> {
    edit::remove_holiday(tx, id, day).await
}

/// The revision of all offices together: while it is the same, nothing about them changed.
///
/// # Errors
/// When the database does not answer.
pub async fn revision(tx: &mut Tx) -> Result<i64> {
    Ok(list::revision(tx).await?)
}

/// An office as the public sees it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The office, its place and its revision.
    pub entry: Entry,
    /// Whose people it serves.
    pub regions: Vec<Region>,
    /// When it is open.
    pub week: Week,
    /// Days on which it is closed all the same.
    pub holidays: Vec<Holiday>,
}

/// Offices that are not closed for good, by code, after one; holidays of the given days.
///
/// # Errors
/// When the database does not answer.
pub async fn listed(tx: &mut Tx, after: &str, days: (Date, Date), limit: i64) -> Result<Vec<Listed>> {
    let entries = office::open(tx, after, limit).await?;
    let Some(last) = entries.last().map(|entry| entry.office.code.clone()) else { return Ok(Vec::new()) };
    let (mut spans, mut regions) = (HashMap::<_, Vec<Span>>::new(), HashMap::<_, Vec<Region>>::new());
    let mut holidays = HashMap::<_, Vec<Holiday>>::new();
    for (id, span) in times::hours_between(tx, after, &last).await? {
        spans.entry(id).or_default().push(span);
    }
    for (id, region) in times::regions_between(tx, after, &last).await? {
        regions.entry(id).or_default().push(region);
    }
    for (id, holiday) in times::holidays_between(tx, (after, &last), days).await? {
        holidays.entry(id).or_default().push(holiday);
    }
    let listed = |entry: Entry| {
        let id = entry.office.office_id;
        Listed {
            regions: regions.remove(&id).unwrap_or_default(),
            week: Week::new(spans.remove(&id).unwrap_or_default()).unwrap_or_default(),
            holidays: holidays.remove(&id).unwrap_or_default(),
            entry,
        }
    };
    Ok(entries.into_iter().map(listed).collect())
}

/// All offices, by code.
///
/// # Errors
/// When the database does not answer.
pub async fn all(tx: &mut Tx) -> Result<Vec<Office>> {
    Ok(office::all(tx).await?.into_iter().map(|entry| entry.office).collect())
}
