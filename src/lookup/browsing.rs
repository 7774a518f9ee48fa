//! What a supervisor does about whoever looks for many. Who may is judged at the counter.

use uuid::Uuid;

use super::model::{Day, Kind, Looked, SHOWN_DAYS, median};
use super::store::{self, UseRow};
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::retention::{Period, ports as retention};
use crate::secret::Redacted;
use crate::transaction;

pub(super) const WORDS: &str = "lookup_use.looked";

/// What the people of the office looked for in these days, the newest first; of a day those first who stand out.
///
/// # Errors
/// When the database does not answer, or what it holds cannot be opened.
pub async fn days(context: &Context, tx: &mut Tx, at: Clerk, now: Timestamp) -> Result<Vec<Day>> {
    let today = now.day_in_jakarta();
    let rows = store::of_office(tx, at.office_id, today - SHOWN_DAYS + 1).await?;
    let mut days: Vec<Day> = Vec::new();
    for row in rows {
        let former = former(context, &row)?;
        let known = days.iter().position(|day| (day.day, day.officer_id) == (row.day, row.officer_id));
        let place = known.unwrap_or(days.len());
        if known.is_none() {
            let (officer_id, day) = (row.officer_id, row.day);
            let looked = Looked::default();
            days.push(Day { officer_id, day, looked, signs: Vec::new(), lifted_by: None, former: None });
        }
        if let Some(day) = days.get_mut(place) {
            add(&mut day.looked, &row);
            day.lifted_by = day.lifted_by.or(row.lifted_by);
            day.former = day.former.take().or(former);
        }
    }
    let all: Vec<Looked> = days.iter().map(|day| day.looked).collect();
    for (place, day) in days.iter_mut().enumerate() {
        // What is usual is what the other days were: in a small office one day would be its own measure.
        let others = || all.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, looked)| looked);
        let usual = |of: fn(&Looked) -> i64| median(others().map(of).filter(|n| *n > 0).collect());
        day.signs = day.looked.signs((usual(|looked| looked.questions()), usual(|looked| looked.views)));
    }
    days.sort_by_key(|day| (-day.day, day.signs.is_empty(), -day.looked.questions() - day.looked.views));
    Ok(days)
}

fn former(context: &Context, row: &UseRow) -> Result<Option<(Uuid, Timestamp, Redacted<String>)>> {
    let (Some(by), Some(at), Some(sealed)) = (row.looked_by, row.looked_at, &row.looked_sealed) else {
        return Ok(None);
    };
    let words = context.vault.open_bytes(WORDS, row.officer_id, sealed)?;
    Ok(Some((by, at, Redacted(String::from_utf8_lossy(&words).into_owned()))))
}

fn add(looked: &mut Looked, row: &UseRow) {
    match row.kind {
        Kind::Active => looked.active += row.uses,
        Kind::Search => looked.searches += row.uses,
        Kind::View => looked.views += row.uses,
    }
    looked.misses += row.misses;
    looked.colleagues += row.colleagues;
}

/// Notes that a day of a colleague's was looked at, and with what result.
///
/// # Errors
/// `not_found` when a colleague was first; `forbidden` for the own.
pub async fn look(
    context: &Context,
    tx: &mut Tx,
    at: Clerk,
    (officer, day): (Uuid, i64),
    words: &str,
    now: Timestamp,
) -> Result<()> {
    if officer == at.officer_id {
        return Err(own().into());
    }
    let sealed = context.vault.seal_bytes(&context.random, WORDS, officer, words.as_bytes())?;
    match store::look(tx, (officer, day, at.office_id), (at.officer_id, now), &sealed).await? {
        0 => Err(Code::NotFound.into()),
        _ => Ok(()),
    }
}

/// Lets a colleague look for more today. The caller has judged that they are one.
///
/// # Errors
/// `forbidden` for oneself; `wrong_state` where it was lifted.
pub async fn lift(tx: &mut Tx, at: Clerk, officer: Uuid, now: Timestamp) -> Result<()> {
    if officer == at.officer_id {
        return Err(own().into());
    }
    let day = now.day_in_jakarta();
    for kind in [Kind::Active, Kind::Search, Kind::View] {
        let of = (officer, at.office_id);
        store::lift(tx, of, (day, kind), (at.officer_id, now)).await?.or(lifted())?;
    }
    Ok(())
}

/// Forgets what was looked for long ago; gives how much.
///
/// # Errors
/// When the database did not do it.
pub async fn sweep(context: &Context) -> Result<u64> {
    let now = context.now();
    transaction!(context.db, "lookup.sweep", |tx| {
        let day = retention::kept_since(context, tx, Period::Searches, now).await?.day_in_jakarta();
        Ok(store::sweep(tx, day).await?)
    })
}

fn own() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Ini pencarian Anda sendiri; penyelia lain atau kepala yang memeriksanya.",
        "These are your own searches; another supervisor or the head looks at them.",
    )
}

fn lifted() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Batas orang ini untuk hari ini sudah dibuka; muat lagi daftarnya.",
        "This person's limit was lifted for today; load the list again.",
    )
}
