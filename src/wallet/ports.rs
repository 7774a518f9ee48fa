//! What the wallet does for other domains, inside their transactions.

use uuid::Uuid;

use super::model::{HolderSecret, MAX_TRIES};
use super::store::{self, HolderRow};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::device::{PinPublicKey, Thumbprint};
use crate::error::{Code, Error, Language, Refusal, Result};
use crate::input;
use crate::mail::{MailKind, outbox};
use crate::register::RegisterRecord;
use crate::secret::Redacted;
use crate::vault::Label;

const HOLDER_TABLE: &str = "credential_holder";

/// Somebody whose digital KTP becomes active.
#[derive(Debug)]
pub struct NewHolder {
    /// The resident, as the register knows them.
    pub resident_id: Uuid,
    /// The registration that led here.
    pub registration_id: Uuid,
    /// Thumbprint of the device key.
    pub device: Thumbprint,
    /// Public half of the PIN key.
    pub pin_public_key: PinPublicKey,
    /// Where the holder is reached.
    pub email: Redacted<String>,
    /// In which language.
    pub language: Language,
}

/// Makes the credential with all that belongs to it.
///
/// # Errors
/// `already_active` when the resident has one that can still be unlocked, or the device holds somebody else's.
pub async fn enrol(context: &Context, tx: &mut Tx, new: &NewHolder, now: Timestamp) -> Result<()> {
    if !store::enrol(tx, new.resident_id, now).await?.happened() {
        return Err(Code::AlreadyActive.into());
    }
    let secret = HolderSecret {
        pin_public_key: new.pin_public_key.to_bytes().to_vec(),
        email: new.email.clone(),
        language: new.language,
    };
    let row = HolderRow {
        resident_id: new.resident_id,
        registration_id: new.registration_id,
        device_thumbprint: new.device.to_vec(),
        sealed: context.vault.seal_row(&context.random, HOLDER_TABLE, new.resident_id, &secret)?,
    };
    store::set_holder(tx, &row, now).await?;
    if !store::bind(tx, &new.device, new.resident_id, now).await?.happened() {
        let refusal = Refusal::new(Code::AlreadyActive).detail(
            "Profil di ponsel ini sudah memuat KTP Digital orang lain; daftarlah dari profil baru di ponsel ini.",
            "This profile on the phone already holds somebody else's digital KTP; register from a new profile.",
        );
        return Err(refusal.into());
    }
    Ok(())
}

/// Whether exactly this registration made the holder on this device with this PIN key.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn is_enrolled(
    context: &Context,
    tx: &mut Tx,
    registration_id: Uuid,
    device: &Thumbprint,
    key: PinPublicKey,
) -> Result<bool> {
    let Some(resident) = store::resident_of(tx, device).await? else { return Ok(false) };
    let Some(row) = store::holder(tx, resident).await? else { return Ok(false) };
    if row.registration_id != registration_id || row.device_thumbprint != device.as_slice() {
        return Ok(false);
    }
    Ok(secret(context, &row)?.pin_public_key == key.to_bytes())
}

pub(super) fn secret(context: &Context, row: &HolderRow) -> Result<HolderSecret> {
    Ok(context.vault.open_row(HOLDER_TABLE, row.resident_id, &row.sealed)?)
}

/// How a holder is reached: address and language. `None` when the resident never had a digital KTP.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn contact(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<Option<(Redacted<String>, Language)>> {
    let Some(row) = store::holder(tx, resident).await? else { return Ok(None) };
    let secret = secret(context, &row)?;
    Ok(Some((secret.email, secret.language)))
}

/// Tells the holder, if there is an active one, that somebody else registers with their NIK. What happens within an hour of
/// such a message is told by one more when the hour is over. `registration_id` is what the message refers to.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn warn_of_registration(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    registration_id: Uuid,
    now: Timestamp,
) -> Result<()> {
    if !has_holder(tx, resident).await? {
        return Ok(());
    }
    let Some((email, _)) = contact(context, tx, resident).await? else { return Ok(()) };
    // As registrations index addresses: all spellings of one mailbox are one.
    let index = context.vault.blind_index(Label::EmailIndex, &input::email::mailbox(email.expose()));
    let kind = MailKind::ForeignRegistration;
    if let Some(due) = outbox::reserve(tx, kind, &index, now, outbox::ALLOWANCE_INTERVAL_SECONDS).await? {
        outbox::enqueue_at(tx, &context.random, (now, due), kind, registration_id).await?;
    }
    Ok(())
}

/// Whether the resident has a credential that stands in the way of a new registration: one that can still be unlocked, or
/// one that was blocked, which takes a second person. One whose PIN is used up is replaced by a new proof at a counter.
///
/// # Errors
/// When the database does not answer.
pub async fn has_usable_credential(tx: &mut Tx, resident: Uuid) -> Result<bool> {
    let row = store::credential(tx, resident).await?;
    Ok(row.is_some_and(|row| row.state == "blocked" || (row.state == "active" && row.pin_tries < MAX_TRIES)))
}

/// Ends the resident's digital KTP, working or blocked, so that a new one can take its place. Two people decide that.
///
/// # Errors
/// `wrong_state` when there is none to end.
pub async fn release(tx: &mut Tx, resident: Uuid) -> Result<()> {
    if store::release(tx, resident).await?.happened() { Ok(()) } else { Err(Code::WrongState.into()) }
}

/// Whether there is a credential whose holder should hear of a registration with their NIK.
pub(super) async fn has_holder(tx: &mut Tx, resident: Uuid) -> Result<bool> {
    Ok(store::credential(tx, resident).await?.is_some_and(|row| row.state != "deactivated"))
}

/// What the register said about a holder at approval.
///
/// # Errors
/// When the database does not answer, or there is no such holder: a fault of ours.
pub async fn record(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<RegisterRecord> {
    let sealed =
        store::record(tx, resident).await?.ok_or_else(|| Error::internal("a holder without a register record"))?;
    Ok(context.vault.open_row("holder_record", resident, &sealed)?)
}

/// The holder's portrait: JPEG.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn portrait(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<Option<Vec<u8>>> {
    match store::portrait(tx, resident).await? {
        Some(sealed) => Ok(Some(context.vault.open_bytes("holder_portrait", resident, &sealed)?)),
        None => Ok(None),
    }
}
