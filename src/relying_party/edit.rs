//! Changing relying parties, inside the transaction of whoever does it: an operator, or two people of the national administration.

use uuid::Uuid;

use super::model::{Contact, Contract, Entitlement, Quota};
use super::notice::TABLE;
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::input;
use crate::stop_log::{Kind, ports as stop_log};

/// Adds a party that may verify, without a key: its name and what it is entitled to, both checked.
///
/// # Errors
/// `invalid_field` for a name that exists, also one that differs only in capitals or blanks.
pub async fn add(tx: &mut Tx, id: Uuid, (name, entitlement): (&str, &Entitlement), now: Timestamp) -> Result<()> {
    require_free(tx, name).await?;
    store::add_party(tx, id, name, entitlement.set(), now).await.map_err(|error| taken(error, "name"))?;
    for purpose in &entitlement.purposes {
        store::add_purpose(tx, id, purpose).await.map_err(|error| taken(error, "purposes"))?;
    }
    Ok(())
}

/// That no party has a name that reads like this one: holders could not tell two such names apart in their history.
///
/// # Errors
/// `invalid_field`.
pub async fn require_free(tx: &mut Tx, name: &str) -> Result<()> {
    let alike = input::folded(name);
    if store::parties(tx).await?.iter().any(|row| input::folded(&row.name) == alike) {
        return Err(taken(DbError::Unique, "name"));
    }
    Ok(())
}

/// What a party is entitled to.
///
/// # Errors
/// `not_found`.
pub async fn entitlement(tx: &mut Tx, party: Uuid) -> Result<Entitlement> {
    let row = store::party(tx, party).await?.ok_or(Code::NotFound)?;
    Ok(Entitlement::of(row.attributes, &store::purposes(tx, party).await?))
}

/// Replaces what a party is entitled to, where that still is what it was when the change was asked for.
///
/// # Errors
/// `not_found`; `wrong_state` when it was changed since.
pub async fn entitle(tx: &mut Tx, party: Uuid, before: &Entitlement, after: &Entitlement) -> Result<()> {
    // Whoever else changes it waits until this is over, and then finds it changed.
    store::hold(tx, party).await?.or(Code::NotFound)?;
    if entitlement(tx, party).await? != *before {
        return Err(changed_since().into());
    }
    store::set_attributes(tx, party, after.set()).await?.or(Code::NotFound)?;
    store::remove_purposes(tx, party).await?;
    for purpose in &after.purposes {
        store::add_purpose(tx, party, purpose).await.map_err(|error| taken(error, "purposes"))?;
    }
    Ok(())
}

/// Sets under what a party verifies.
///
/// # Errors
/// `not_found`.
pub async fn set_contract(tx: &mut Tx, party: Uuid, contract: &Contract) -> Result<()> {
    store::set_contract(tx, party, contract).await?.or(Code::NotFound)
}

/// How many checks a party may put.
///
/// # Errors
/// `not_found`.
pub async fn quota(tx: &mut Tx, party: Uuid) -> Result<Quota> {
    Ok(store::party(tx, party).await?.ok_or(Code::NotFound)?.quota())
}

/// Sets how many checks a party may put, where that still is what it was when the change was asked for.
///
/// # Errors
/// `not_found`; `wrong_state` when it was changed since.
pub async fn set_quota(tx: &mut Tx, party: Uuid, before: Quota, after: Quota) -> Result<()> {
    // Whoever else changes it waits until this is over, and then finds it changed.
    store::hold(tx, party).await?.or(Code::NotFound)?;
    if quota(tx, party).await? != before {
        return Err(changed_since().into());
    }
    store::quota::set(tx, party, after).await?.or(Code::NotFound)
}

/// Sets where a party is told what ends.
///
/// # Errors
/// `not_found`.
pub async fn set_contact(tx: &mut Tx, context: &Context, party: Uuid, contact: &Contact) -> Result<()> {
    let sealed = context.vault.seal_row(&context.random, TABLE, party, contact)?;
    store::set_contact(tx, party, &sealed).await?.or(Code::NotFound)
}

/// Refuses a party's keys and its people from now on.
///
/// # Errors
/// `not_found`; `wrong_state` when that is so already.
pub async fn suspend(context: &Context, tx: &mut Tx, party: Uuid, reason: &str, now: Timestamp) -> Result<()> {
    if store::suspend(tx, party, reason, now).await?.happened() {
        return stop_log::note_that(context, tx, (Kind::PartySuspended, party), None, now).await;
    }
    store::party(tx, party).await?.ok_or(Code::NotFound)?;
    Err(suspended_already().into())
}

/// Lets a party verify again.
///
/// # Errors
/// `not_found`; `wrong_state` when it does already.
pub async fn resume(context: &Context, tx: &mut Tx, party: Uuid) -> Result<()> {
    if store::resume(tx, party).await?.happened() {
        return stop_log::note_that(context, tx, (Kind::PartyResumed, party), None, context.now()).await;
    }
    store::party(tx, party).await?.ok_or(Code::NotFound)?;
    Err(not_suspended().into())
}

fn taken(error: DbError, field: &'static str) -> Error {
    match error {
        DbError::Unique => {
            Refusal::field(field, "Sudah ada; pakai yang lain.", "It exists already; use another.").into()
        }
        other => other.into(),
    }
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Tujuan atau data lembaga ini berubah sejak permintaan dibuat. Tolak permintaan ini, lalu minta lagi.",
        "This party's purposes or attributes were changed since this was asked for. Refuse it, then ask again.",
    )
}

fn suspended_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Lembaga ini sudah dihentikan; tidak ada yang berubah.",
        "This party is suspended already: nothing has changed.",
    )
}

/// What is told of a party that works.
pub fn not_suspended() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Lembaga ini tidak dihentikan; tidak ada yang berubah.",
        "This party is not suspended: nothing has changed.",
    )
}
