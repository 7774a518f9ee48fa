//! Changing offices, inside the transaction of whoever does it: an operator or a person of the office.

use uuid::Uuid;

use super::model::{Change, Edit, Kind, MOST_ABOVE, Office, Region, Week};
use super::store::{list, office, times, tree};
use crate::clock::Timestamp;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};

pub use super::store::office::Entry;
pub use super::store::times::Holiday;

/// An office with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full {
    /// The office, its place and its revision.
    pub entry: Entry,
    /// What stands above it, the nearest first.
    pub above: Vec<Office>,
    /// Whose people it serves.
    pub regions: Vec<Region>,
    /// When it is open.
    pub week: Week,
    /// Days on which it is closed all the same, from today on.
    pub holidays: Vec<Holiday>,
}

/// Holidays of one office that are shown.
const SHOWN: i64 = 100;

/// All that is known of an office.
pub(super) async fn full(tx: &mut Tx, entry: Entry, now: Timestamp) -> Result<Full> {
    let (id, today) = (entry.office.office_id, entry.office.zone.local(now).day);
    Ok(Full {
        above: tree::above(tx, id).await?.into_iter().map(|entry| entry.office).collect(),
        regions: times::regions(tx, id).await?,
        week: times::week(tx, id).await?,
        holidays: times::holidays(tx, id, today, SHOWN).await?,
        entry,
    })
}

/// Adds an office, with nothing above it.
///
/// # Errors
/// `invalid_field` for a code that exists.
pub(super) async fn add(tx: &mut Tx, office: &Office, now: Timestamp) -> Result<()> {
    list::hold(tx).await?;
    office::add(tx, office, now).await.map_err(code_taken)?;
    Ok(tree::add(tx, office.office_id).await?)
}

/// What is national's about an office, as it is.
pub(super) async fn describe(tx: &mut Tx, entry: &Entry) -> Result<Change> {
    let parent = match entry.office.parent_id {
        Some(id) => office::by_id(tx, id).await?.map(|above| above.office.code),
        None => None,
    };
    let regions = times::regions(tx, entry.office.office_id).await?;
    Ok(Change {
        name: Some(entry.office.name.clone()),
        kind: Some(entry.office.kind),
        parent: Some(parent.unwrap_or_default()),
        regions: Some(regions.iter().map(|one| one.code().to_owned()).collect()),
        address: Some(entry.place.address.clone().unwrap_or_default()),
        point: Some(entry.place.point.map(|point| point.to_string()).unwrap_or_default()),
        zone: Some(entry.office.zone),
    })
}

/// Changes what is national's about an office, where what is replaced still is what it was when the change was asked for.
///
/// # Errors
/// As [`change`]; `wrong_state` when it was changed since.
pub(super) async fn change_from(tx: &mut Tx, id: Uuid, before: &Change, after: &Change) -> Result<()> {
    // Whoever else changes it waits until this is over, and then finds it changed.
    list::hold(tx).await?;
    let entry = office::by_id(tx, id).await?.ok_or(Code::NotFound)?;
    if describe(tx, &entry).await?.like(after) != *before {
        return Err(asked_of_another().into());
    }
    change(tx, id, after.edit()?, None).await
}

/// Changes an office. `version` is the one that was on the screen; none for who looked at nothing.
///
/// # Errors
/// `not_found`, `invalid_field`, `wrong_state` when it was changed since or is closed for good.
pub(super) async fn change(tx: &mut Tx, id: Uuid, edit: Edit, version: Option<&str>) -> Result<()> {
    let edit = edit.checked()?;
    list::hold(tx).await?;
    let before = office::by_id(tx, id).await?.ok_or(Code::NotFound)?;
    if before.office.ended_at.is_some() {
        return Err(closed().into());
    }
    if version.is_some_and(|version| version != before.version()) {
        return Err(changed_since().into());
    }
    let place = edit.place(&before.place)?;
    let after = Entry {
        office: Office {
            name: edit.name.unwrap_or_else(|| before.office.name.clone()),
            kind: edit.kind.unwrap_or(before.office.kind),
            zone: edit.zone.unwrap_or(before.office.zone),
            ..before.office.clone()
        },
        place,
        revision: before.revision,
    };
    let lifted = edit.parent.as_deref() == Some("");
    if lifted {
        tree::put(tx, id, None).await?.demand()?;
    }
    let held = Entry { revision: before.revision + i64::from(lifted), ..after.clone() };
    office::save(tx, &held).await?.or(dinas_stands_alone())?;
    if let Some(code) = edit.parent.filter(|code| !code.is_empty()) {
        put_below(tx, &after.office, &code).await?;
    }
    if let Some(regions) = edit.regions {
        times::set_regions(tx, id, &regions).await?;
    }
    if let Some(week) = edit.week {
        times::set_week(tx, id, &week).await?;
    }
    Ok(())
}

async fn put_below(tx: &mut Tx, office: &Office, code: &str) -> Result<()> {
    let above = office::by_code(tx, code).await?.ok_or_else(unknown_parent)?.office;
    if tree::put(tx, office.office_id, Some(above.office_id)).await?.happened() {
        return Ok(());
    }
    // Why it was refused: the list is held, so it is so.
    let circle = tree::above(tx, above.office_id).await?.iter().any(|one| one.office.office_id == office.office_id);
    Err(match office.kind {
        Kind::Dinas => dinas_stands_alone(),
        _ if above.ended_at.is_some() => unknown_parent(),
        _ if circle || above.office_id == office.office_id => no_circle(),
        _ => too_many_levels(),
    }
    .into())
}

/// Closes an office for good.
///
/// # Errors
/// `not_found`, `wrong_state` when it is closed, or one below it is not.
pub(super) async fn close(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<()> {
    list::hold(tx).await?;
    office::by_id(tx, id).await?.ok_or(Code::NotFound)?;
    office::close(tx, id, now).await?.or(still_needed())
}

/// Opens one again that was closed for good.
///
/// # Errors
/// `not_found`, `wrong_state` when it is open, or the one above it is not.
pub(super) async fn reopen(tx: &mut Tx, id: Uuid) -> Result<()> {
    list::hold(tx).await?;
    office::by_id(tx, id).await?.ok_or(Code::NotFound)?;
    office::reopen(tx, id).await?.or(not_closed())
}

/// An office, and where `below` all below it, are closed on a day.
///
/// # Errors
/// `not_found`; `invalid_field` for a name that is none, and for a day that is over or more than two years away.
pub(super) async fn add_holiday(tx: &mut Tx, id: Uuid, holiday: &Holiday, below: bool, now: Timestamp) -> Result<u64> {
    let name = crate::input::label(&holiday.name, 60).map_err(|text| Refusal::field("name", text.id, text.en))?;
    list::hold(tx).await?;
    let entry = office::by_id(tx, id).await?.ok_or(Code::NotFound)?;
    let today = entry.office.zone.local(now).day;
    if !(0..=MOST_DAYS_AHEAD).contains(&holiday.day.days_since(today)) {
        return Err(no_such_day().into());
    }
    let holiday = Holiday { day: holiday.day, name };
    let closed = times::add_holiday(tx, id, &holiday, if below { MOST_ABOVE } else { 0 }).await?;
    if closed > 0 { Ok(closed) } else { Err(self::closed().into()) }
}

/// Days ahead that a holiday can be.
const MOST_DAYS_AHEAD: i32 = 731;

/// An office is open on a day after all.
///
/// # Errors
/// `not_found` when that day was none of its holidays.
pub(super) async fn remove_holiday(tx: &mut Tx, id: Uuid, day: crate::register::Date) -> Result<()> {
    list::hold(tx).await?;
    times::remove_holiday(tx, id, day).await?.or(Code::NotFound)
}

impl Entry {
    /// What a change from a page has to name.
    pub fn version(&self) -> String {
        format!("{:x}", self.revision)
    }
}

/// Who adds an office is told that its code exists.
pub(super) fn code_taken(error: DbError) -> Error {
    match error {
        DbError::Unique => {
            Refusal::field("code", "Kode kantor ini sudah ada.", "An office with this code exists.").into()
        }
        other => other.into(),
    }
}

fn asked_of_another() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kantor ini berubah sejak permintaan dibuat. Tolak permintaan ini, lalu minta lagi.",
        "This office was changed since this was asked for. Refuse it, then ask again.",
    )
}

fn closed() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kantor ini sudah ditutup; buka lagi dahulu.",
        "This office is closed for good; open it again first (`ikd office reopen`).",
    )
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Data kantor ini berubah sejak Anda membukanya; muat ulang, lalu ubah lagi.",
        "This office was changed since you opened it; reload, then change it again.",
    )
}

fn dinas_stands_alone() -> Refusal {
    Refusal::field(
        "parent",
        "Dinas tidak berada di bawah kantor lain.",
        "A dinas stands below no other office: choose another kind, or take the office above it away.",
    )
}

fn unknown_parent() -> Refusal {
    Refusal::field(
        "parent",
        "Tidak ada kantor dengan kode ini, atau sudah ditutup.",
        "There is no office with this code, or it is closed.",
    )
}

fn no_circle() -> Refusal {
    Refusal::field(
        "parent",
        "Kantor itu berada di bawah kantor ini; pilih yang lain.",
        "That office stands below this one: choose another.",
    )
}

fn too_many_levels() -> Refusal {
    Refusal::field(
        "parent",
        "Terlalu banyak tingkat di bawah satu dinas.",
        "That would be too many levels below one dinas.",
    )
}

fn still_needed() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kantor ini sudah ditutup, atau masih ada kantor yang buka di bawahnya; pindahkan atau tutup dahulu.",
        "It is closed already, or an office below it is not: move or close that one first.",
    )
}

fn not_closed() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kantor ini tidak ditutup, atau kantor di atasnya ditutup; buka yang di atasnya dahulu.",
        "It is not closed, or the office above it is: open that one first.",
    )
}

fn no_such_day() -> Refusal {
    Refusal::field(
        "day",
        "Pilih hari mulai hari ini sampai dua tahun lagi.",
        "Choose a day between today and two years from now.",
    )
}
