//! What is sealed in a registration's rows, and the indexes under which it is found.

use uuid::Uuid;

use super::initials::initials;
use super::model::{Decision, Registration, Submitted};
use super::store::register_copy;
use crate::context::{Context, Sources};
use crate::db::Tx;
use crate::error::Result;
use crate::input;
use crate::lookup::{Person, ports as lookup};
use crate::register::{Found, Nik, RegisterRecord};
use crate::secret::Redacted;
use crate::vault::{Label, Vault};

pub(super) const SUBMITTED: &str = "registration";
pub(super) const DECISION: &str = "registration.decision";
pub(super) const SELFIE: &str = "registration_selfie";
pub(super) const COPY: &str = "registration_register_copy";
pub(super) const COPY_PORTRAIT: &str = "registration_register_copy.portrait";

/// Blind index of a NIK.
pub fn nik_index(vault: &Vault, nik: &Nik) -> Vec<u8> {
    vault.blind_index(Label::NikIndex, nik.as_str())
}

/// Blind index of an e-mail address; empty where there is none.
pub fn email_index(vault: &Vault, email: Option<&Redacted<String>>) -> Vec<u8> {
    let index = |email: &Redacted<String>| vault.blind_index(Label::EmailIndex, &input::email::mailbox(email.expose()));
    email.map(index).unwrap_or_default()
}

pub(super) fn seal_submitted(context: &Context, id: Uuid, submitted: &Submitted) -> Result<Vec<u8>> {
    Ok(context.vault.seal_row(&context.random, SUBMITTED, id, submitted)?)
}

fn open_submitted(vault: &Vault, id: Uuid, sealed: &[u8]) -> Result<Submitted> {
    Ok(vault.open_row(SUBMITTED, id, sealed)?)
}

pub(super) fn submitted(vault: &Vault, registration: &Registration) -> Result<Submitted> {
    open_submitted(vault, registration.registration_id, &registration.sealed)
}

/// The initials of the name that is sealed there.
pub(super) fn initials_of(vault: &Vault, id: Uuid, sealed: &[u8]) -> Result<Redacted<String>> {
    Ok(Redacted(initials(open_submitted(vault, id, sealed)?.full_name.expose())))
}

/// Lets its office find a registration by what was submitted, where it has one.
pub(super) async fn keep_findable(vault: &Vault, tx: &mut Tx, registration: &Registration) -> Result<()> {
    let Some(office) = registration.office_id else { return Ok(()) };
    let submitted = submitted(vault, registration)?;
    let person = Person {
        nik: &submitted.nik,
        full_name: submitted.full_name.expose(),
        email: submitted.email.as_ref().map(|email| email.expose().as_str()),
        phone: submitted.phone.expose(),
    };
    Ok(lookup::keep(vault, tx, office, registration.registration_id, &person).await?)
}

pub(super) fn seal_decision(context: &Context, id: Uuid, decision: &Decision) -> Result<Vec<u8>> {
    Ok(context.vault.seal_row(&context.random, DECISION, id, decision)?)
}

/// What an officer said with the last decision, unless it was withdrawn.
pub(super) fn decision(vault: &Vault, registration: &Registration) -> Result<Option<Decision>> {
    let sealed = registration.visit.decision.as_deref();
    sealed.map(|sealed| Ok(vault.open_row(DECISION, registration.registration_id, sealed)?)).transpose()
}

pub(super) fn seal_selfie(context: &Context, id: Uuid, jpeg: &[u8]) -> Result<Vec<u8>> {
    Ok(context.vault.seal_bytes(&context.random, SELFIE, id, jpeg)?)
}

pub(super) fn open_selfie(vault: &Vault, id: Uuid, sealed: &[u8]) -> Result<Vec<u8>> {
    Ok(vault.open_bytes(SELFIE, id, sealed)?)
}

/// Keeps what the register said about a registration.
pub(super) async fn put_register_copy(context: &Context, tx: &mut Tx, id: Uuid, found: &Found) -> Result<()> {
    let Sources { vault, random, .. } = &**context;
    let record = vault.seal_row(random, COPY, id, &found.record)?;
    let portrait = found.portrait.as_ref().map(|jpeg| vault.seal_bytes(random, COPY_PORTRAIT, id, jpeg)).transpose()?;
    Ok(register_copy::put(tx, id, &record, portrait.as_deref()).await?)
}

/// What the register said about a registration: the record and the portrait.
pub(super) async fn register_copy(
    vault: &Vault,
    tx: &mut Tx,
    id: Uuid,
) -> Result<Option<(RegisterRecord, Option<Vec<u8>>)>> {
    let Some((record, portrait)) = register_copy::lookup(tx, id).await? else { return Ok(None) };
    let record = vault.open_row(COPY, id, &record)?;
    let portrait = portrait.map(|sealed| vault.open_bytes(COPY_PORTRAIT, id, &sealed)).transpose()?;
    Ok(Some((record, portrait)))
}
