//! What is done for other domains, inside their transactions.

use uuid::Uuid;

use super::model::{Kind, Person, Query, Word, WordKind, words};
use super::store;
pub use super::store::{done, due, forget};
use crate::clerk::Clerk;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::db::{DbResult, Tx};
use crate::error::{Code, Refusal, Result};
use crate::input;
use crate::vault::{INDEX_LENGTH, Label, Vault};

/// Registrations with a word that are counted, to begin with the rarest.
const COUNTED: i64 = 500;

fn index(vault: &Vault, word: &Word) -> Vec<u8> {
    let parts = [word.kind.key().as_bytes(), word.text.expose().as_bytes()];
    vault.mac_index(Label::LookupWord, &parts)[..INDEX_LENGTH].to_vec()
}

/// Lets an office find a registration by whom it is of, and no other office any more.
///
/// # Errors
/// When the database did not do it.
pub async fn keep(vault: &Vault, tx: &mut Tx, office: Uuid, registration: Uuid, person: &Person<'_>) -> DbResult<()> {
    store::forget_registered(tx, registration).await?;
    for word in words(registration, person) {
        store::add(tx, office, &index(vault, &word), registration, word.kind).await?;
    }
    Ok(())
}

/// Lets a holder be found by the address that took the place of the one they registered with.
///
/// # Errors
/// When the database did not do it.
pub async fn reached_at(vault: &Vault, tx: &mut Tx, registration: Uuid, email: &str) -> DbResult<()> {
    store::forget_later(tx, registration).await?;
    let Some(office) = store::office_of(tx, registration).await? else { return Ok(()) };
    let word = Word { kind: WordKind::LaterContact, text: input::email::mailbox(email).into() };
    store::add(tx, office, &index(vault, &word), registration, word.kind).await
}

/// The registrations of an office that a query finds, those made last first, before `before`.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    vault: &Vault,
    tx: &mut Tx,
    office: Uuid,
    query: &Query,
    before: Uuid,
    limit: i64,
) -> DbResult<Vec<Uuid>> {
    for way in &query.ways {
        let mut wanted = Vec::new();
        for word in way {
            let index = index(vault, word);
            wanted.push((store::having(tx, office, &index, COUNTED).await?, index));
        }
        wanted.sort();
        wanted.dedup();
        let Some((fewest, rarest)) = wanted.first() else { continue };
        if *fewest == 0 {
            continue;
        }
        let word = |at: usize| wanted.get(at).map_or(rarest.as_slice(), |(_, index)| index.as_slice());
        let words: [&[u8]; 4] = std::array::from_fn(word);
        // Whether this way finds anybody is the same on every page.
        if store::find(tx, office, words, Uuid::max(), 1).await?.is_empty() {
            continue;
        }
        return store::find(tx, office, words, before, limit).await;
    }
    Ok(Vec::new())
}

/// Counts that somebody of an office looks for somebody who is not there.
///
/// # Errors
/// `too_many` beyond the day's limit, which a supervisor may lift.
pub async fn count(tx: &mut Tx, by: Clerk, kind: Kind, colleague: bool, now: Timestamp) -> Result<()> {
    let day = now.day_in_jakarta();
    if store::count(tx, (by.officer_id, by.office_id), day, kind, colleague).await? {
        return Ok(());
    }
    let left = (day + 1) * DAY - now.plus_seconds(7 * HOUR).seconds();
    Err(looked_enough().retry_after(left.unsigned_abs()).into())
}

/// Notes that what was counted found nobody.
///
/// # Errors
/// When the database did not do it.
pub async fn missed(tx: &mut Tx, by: Clerk, kind: Kind, now: Timestamp) -> DbResult<()> {
    store::missed(tx, by.officer_id, now.day_in_jakarta(), kind).await.map(crate::changed::Changed::either_way)
}

fn looked_enough() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Batas mencari orang untuk hari ini sudah tercapai. Mintalah penyelia atau kepala membukanya: Persetujuan, lalu Pencarian data.",
        "You looked for as many people as one day allows. Ask a supervisor or the head to lift that: Approvals, then Searches.",
    )
}
