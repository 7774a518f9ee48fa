//! What is done for other domains, inside their transactions.

use std::collections::HashMap;

use uuid::Uuid;

use super::mail::FOREIGN_REGISTRATION;
use super::model::{Contact, Credential, FormerEmail, HolderSecret, Lift, Standing, Status};
use super::store::{self, HolderRow};
use super::{batch, permit, status};
use crate::clock::Timestamp;
use crate::context::{Context, Sources};
use crate::db::{DbError, Tx};
use crate::device::{PinPublicKey, Thumbprint};
use crate::error::{Code, Error, Language, Refusal, Result};
use crate::input;
use crate::lookup::ports as lookup;
use crate::mail::outbox;
use crate::register::{Nik, RegisterRecord};
use crate::secret::Redacted;
use crate::vault::{Label, Vault};

pub use super::permit::{due_notices, take_notice};
pub use super::status::{
    Stopped, ease, hold, over, raise, renew, reopen, restart, start_again, status, stop, stop_again, to_erase,
};
pub use super::store::{
    Try, bound_at, count_try, count_try_of_closed, forget_tries, has_portrait, is_active, lock, open_session, pin,
    pin_was_right, spend,
};

pub(super) const HOLDER_TABLE: &str = "credential_holder";
pub(super) const RECORD_TABLE: &str = "holder_record";
pub(super) const PORTRAIT_TABLE: &str = "holder_portrait";

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
    /// Where the holder is reached, if anywhere.
    pub email: Option<Redacted<String>>,
    /// In which language.
    pub language: Language,
    /// The resident's NIK.
    pub nik: Nik,
}

/// Makes the credential with all that belongs to it.
///
/// # Errors
/// `already_active` when the resident has one that has not ended, or the device holds somebody else's.
pub async fn enrol(context: &Context, tx: &mut Tx, new: &NewHolder, now: Timestamp) -> Result<()> {
    if !store::enrol(tx, new.resident_id, now).await?.happened() {
        put_on_phone(tx, new.resident_id, now).await?;
    }
    status::forget(tx, new.resident_id).await?;
    store::keep_nik(tx, &nik_index(&context.vault, &new.nik), new.resident_id).await?;
    let secret = HolderSecret {
        pin_public_key: new.pin_public_key.to_bytes().to_vec(),
        email: new.email.clone(),
        language: new.language,
        former: Vec::new(),
    };
    let row = HolderRow {
        resident_id: new.resident_id,
        registration_id: new.registration_id,
        device_thumbprint: new.device.to_vec(),
        sealed: context.vault.seal_row(&context.random, HOLDER_TABLE, new.resident_id, &secret)?,
    };
    let former = store::set_holder(tx, &row, now).await?;
    let bound = store::bind(tx, &new.device, former.as_deref(), new.resident_id, now).await?;
    bound.or(Refusal::new(Code::AlreadyActive).detail(
        "Profil di ponsel ini sudah memuat KTP Digital orang lain; daftarlah dari profil baru di ponsel ini.",
        "This profile on the phone already holds somebody else's digital KTP; register from a new profile.",
    ))
}

/// What is on paper alone does not stand in the way of a phone, unless it is blocked.
async fn put_on_phone(tx: &mut Tx, resident: Uuid, now: Timestamp) -> Result<()> {
    let held = hold(tx, resident).await?.ok_or(Code::AlreadyActive)?;
    let on_paper = matches!(held.standing, Standing::Active(_)) && !is_on_phone(tx, resident).await?;
    if !on_paper {
        return Err(Code::AlreadyActive.into());
    }
    store::take_over(tx, resident, held.generation, now).await?.demand()
}

/// Somebody who holds a digital KTP on paper.
#[derive(Debug)]
pub struct OnPaper<'a> {
    /// The resident, as the register knows them.
    pub resident_id: Uuid,
    /// What the register says.
    pub record: &'a RegisterRecord,
    /// The register's portrait, JPEG.
    pub portrait: Option<&'a [u8]>,
    /// The generation of the credential that was looked at; 0 where there was none.
    pub generation: i64,
}

/// Lets somebody who stands at a counter hold a digital KTP on paper: one who had none, whose has ended, or whose block a counter lifts
/// for who has no phone. Who has one on a phone keeps that as it is. Gives the reason of a block that the caller is to lift in this
/// transaction ([`restart`]).
///
/// # Errors
/// `wrong_state` when the credential is another than was looked at, or is stopped for a reason that no printed card changes.
pub async fn enrol_on_paper(
    context: &Context,
    tx: &mut Tx,
    this: &OnPaper<'_>,
    now: Timestamp,
) -> Result<Option<Status>> {
    let resident = this.resident_id;
    let held = hold(tx, resident).await?;
    if held.map_or(0, |held| held.generation) != this.generation {
        return Err(Code::WrongState.into());
    }
    let mut blocked = None;
    match held.map(|held| held.standing) {
        Some(Standing::Active(_)) if is_on_phone(tx, resident).await? => return Ok(None),
        Some(Standing::Active(_)) => {}
        Some(Standing::Blocked) => {
            let status = status(tx, resident).await?.filter(|status| lifts_on_paper(status, now));
            blocked = Some(status.ok_or(Code::WrongState)?);
            if is_on_phone(tx, resident).await? {
                return Err(Code::WrongState.into());
            }
        }
        None | Some(Standing::Deactivated) => {
            // Another request may add the row at this moment: then this one is judged anew.
            store::enrol(tx, resident, now).await?.or(DbError::Contention)?;
            status::forget(tx, resident).await?;
            // Nobody comes back to what ended there.
            store::leave_phone(tx, resident).await?;
            store::keep_nik(tx, &nik_index(&context.vault, &this.record.nik), resident).await?;
        }
    }
    put_record(context, tx, resident, this.record, this.portrait, now).await?;
    Ok(blocked)
}

/// Whether two people at a counter lift this block of somebody who has no phone. There is no PIN to lift anything with.
pub fn lifts_on_paper(status: &Status, now: Timestamp) -> bool {
    matches!(status.lift(now), Lift::Pin | Lift::Counter)
}

/// Whether a resident's digital KTP is, or was last, on a phone.
///
/// # Errors
/// When the database does not answer.
pub async fn is_on_phone(tx: &mut Tx, resident: Uuid) -> Result<bool> {
    Ok(store::holder(tx, resident).await?.is_some())
}

/// A digital KTP that goes from one phone to another.
#[derive(Debug)]
pub struct Move<'a> {
    /// Whose.
    pub resident_id: Uuid,
    /// In which generation this was allowed.
    pub generation: i64,
    /// The phone that has it.
    pub from: &'a [u8],
    /// The phone that gets it.
    pub to: &'a Thumbprint,
    /// The PIN key there.
    pub pin_public_key: PinPublicKey,
}

/// Moves an active digital KTP to another device, with another PIN key: what was shown and unlocked on the one before is void.
///
/// # Errors
/// `wrong_state` when it is not active in that generation on that device; `already_active` when the other one holds somebody
/// else's.
pub async fn move_device(context: &Context, tx: &mut Tx, this: &Move<'_>, now: Timestamp) -> Result<()> {
    status::renew(tx, this.resident_id, this.generation).await?;
    let row = store::holder(tx, this.resident_id).await?.filter(|row| row.device_thumbprint == this.from);
    let row = row.ok_or(Code::WrongState)?;
    let secret =
        HolderSecret { pin_public_key: this.pin_public_key.to_bytes().to_vec(), ..secret(&context.vault, &row)? };
    let sealed = context.vault.seal_row(&context.random, HOLDER_TABLE, this.resident_id, &secret)?;
    let row = HolderRow { device_thumbprint: this.to.to_vec(), sealed, ..row };
    let former = store::set_holder(tx, &row, now).await?;
    store::bind(tx, this.to, former.as_deref(), this.resident_id, now).await?.or(taken())?;
    Ok(store::forget_tries(tx, this.resident_id).await?)
}

/// That the phone cannot take a digital KTP: it has one.
pub fn taken() -> Refusal {
    Refusal::new(Code::AlreadyActive).detail(
        "Profil di ponsel ini sudah memuat KTP Digital; pindahkan ke profil baru di ponsel ini.",
        "This profile on the phone already holds a digital KTP; move to a new profile on this phone.",
    )
}

/// Whether a device holds, or held last, somebody's digital KTP.
///
/// # Errors
/// When the database does not answer.
pub async fn is_taken(tx: &mut Tx, device: &Thumbprint) -> Result<bool> {
    Ok(store::resident_of(tx, device).await?.is_some())
}

fn nik_index(vault: &Vault, nik: &Nik) -> Vec<u8> {
    vault.blind_index(Label::NikIndex, nik.as_str())
}

/// Who holds or held the digital KTP of this NIK.
///
/// # Errors
/// When the database does not answer.
pub async fn of_nik(context: &Context, tx: &mut Tx, nik: &Nik) -> Result<Option<Uuid>> {
    Ok(store::of_nik(tx, &nik_index(&context.vault, nik)).await?)
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
    Ok(secret(&context.vault, &row)?.pin_public_key == key.to_bytes())
}

/// The holder on a device: what decides about unlocking, and the PIN key to unlock with.
pub struct OnDevice {
    /// The credential.
    pub credential: Credential,
    holder: HolderRow,
}

impl OnDevice {
    /// The key whose signatures a right PIN makes.
    ///
    /// # Errors
    /// When it cannot be opened or read: a fault of ours.
    pub fn pin_key(&self, vault: &Vault) -> Result<PinPublicKey> {
        let secret = secret(vault, &self.holder)?;
        let bytes = secret.pin_public_key.as_slice().try_into().ok();
        bytes.and_then(PinPublicKey::from_bytes).ok_or_else(|| Error::internal("a stored PIN key is damaged"))
    }

    /// The device.
    pub fn device(&self) -> &[u8] {
        &self.holder.device_thumbprint
    }
}

/// Replaces the PIN key of the holder who is on `device`, which can be tried anew; what was unlocked with the one before is to be voided by the caller in the
/// same transaction ([`renew`], [`restart`]), which also holds the credential's row.
///
/// # Errors
/// `wrong_state` when the digital KTP is on another device by now.
pub async fn set_pin(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    device: &Thumbprint,
    key: PinPublicKey,
    now: Timestamp,
) -> Result<()> {
    let row = store::holder(tx, resident).await?.filter(|row| row.device_thumbprint == device.as_slice());
    let row = row.ok_or(Code::WrongState)?;
    let secret = HolderSecret { pin_public_key: key.to_bytes().to_vec(), ..secret(&context.vault, &row)? };
    let sealed = context.vault.seal_row(&context.random, HOLDER_TABLE, resident, &secret)?;
    store::set_secret(tx, &HolderRow { sealed, ..row }, now).await?.demand()?;
    Ok(store::forget_tries(tx, resident).await?)
}

/// Who holds a digital KTP on this device, whatever its state.
///
/// # Errors
/// When the database does not answer.
pub async fn on_device(tx: &mut Tx, device: &Thumbprint) -> Result<Option<OnDevice>> {
    let Some(resident) = store::resident_of(tx, device).await? else { return Ok(None) };
    let Some(credential) = store::credential(tx, resident).await? else { return Ok(None) };
    let Some(holder) = store::holder(tx, resident).await? else { return Ok(None) };
    Ok((holder.device_thumbprint == device.as_slice()).then_some(OnDevice { credential, holder }))
}

/// The credential of a resident.
///
/// # Errors
/// When the database does not answer.
pub async fn credential(tx: &mut Tx, resident: Uuid) -> Result<Option<Credential>> {
    Ok(store::credential(tx, resident).await?)
}

fn secret(vault: &Vault, row: &HolderRow) -> Result<HolderSecret> {
    Ok(vault.open_row(HOLDER_TABLE, row.resident_id, &row.sealed)?)
}

/// How a holder is reached. `None` when the resident never had a digital KTP.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn contact(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<Option<Contact>> {
    let Some(row) = store::holder(tx, resident).await? else { return Ok(None) };
    let HolderSecret { email, language, .. } = secret(&context.vault, &row)?;
    Ok(Some(Contact { email, language }))
}

/// Everywhere that a holder is told of what happens, and in which language: the address, and those that it has replaced not long ago.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn contacts(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    now: Timestamp,
) -> Result<(Vec<Redacted<String>>, Language)> {
    let Some(row) = store::holder(tx, resident).await? else { return Ok((Vec::new(), Language::default())) };
    let HolderSecret { email, language, former, .. } = secret(&context.vault, &row)?;
    let former = former.into_iter().filter(|former| now.micros() < former.until).map(|former| former.email);
    Ok((email.into_iter().chain(former).collect(), language))
}

/// Replaces the address; the one before is told of what happens until `told_until`. The caller holds the credential.
///
/// # Errors
/// `wrong_state` when the digital KTP moved at this moment.
pub async fn set_email(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    email: Redacted<String>,
    (now, told_until): (Timestamp, Timestamp),
) -> Result<()> {
    let row = store::holder(tx, resident).await?.ok_or(Code::WrongState)?;
    lookup::reached_at(&context.vault, tx, row.registration_id, email.expose()).await?;
    let mut secret = secret(&context.vault, &row)?;
    secret.former.retain(|former| now.micros() < former.until && former.email != email);
    let replaced = secret.email.replace(email);
    secret.former.extend(replaced.map(|email| FormerEmail { email, until: told_until.micros() }));
    let sealed = context.vault.seal_row(&context.random, HOLDER_TABLE, resident, &secret)?;
    store::set_secret(tx, &HolderRow { sealed, ..row }, now).await?.demand()
}

/// Notifies an active holder that another device registers with their NIK. Further registrations within an hour of such
/// a message are told by one more message when the hour is over. `registration_id` is the message's reference.
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
    let Some(email) = contact(context, tx, resident).await?.and_then(|contact| contact.email) else { return Ok(()) };
    // As registrations index addresses: all spellings of one mailbox are one.
    let index = context.vault.blind_index(Label::EmailIndex, &input::email::mailbox(email.expose()));
    let kind = FOREIGN_REGISTRATION;
    if let Some(due) = outbox::reserve(tx, kind, &index, now, outbox::ALLOWANCE_INTERVAL_SECONDS).await? {
        outbox::enqueue_at(tx, &context.random, (now, due), kind, registration_id).await?;
    }
    Ok(())
}

/// Whether the resident has a credential that stands in the way of a new registration
/// ([`Credential::stands_in_the_way`]).
///
/// # Errors
/// When the database does not answer.
pub async fn has_usable_credential(tx: &mut Tx, resident: Uuid) -> Result<bool> {
    match store::credential(tx, resident).await? {
        // What is on paper alone makes way by itself for a phone.
        Some(credential) if matches!(credential.standing, Standing::Active(_)) => is_on_phone(tx, resident).await,
        Some(credential) => Ok(credential.stands_in_the_way()),
        None => Ok(false),
    }
}

/// Whether there is a credential whose holder should hear of a registration with their NIK.
pub(super) async fn has_holder(tx: &mut Tx, resident: Uuid) -> Result<bool> {
    let credential = store::credential(tx, resident).await?;
    Ok(credential.is_some_and(|credential| credential.standing != Standing::Deactivated))
}

/// Keeps what the register said at an approval: what the digital KTP will show.
///
/// # Errors
/// When the database did not do it.
pub async fn put_record(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    record: &RegisterRecord,
    portrait: Option<&[u8]>,
    now: Timestamp,
) -> Result<()> {
    let Sources { vault, random, .. } = &**context;
    let sealed = vault.seal_row(random, RECORD_TABLE, resident, record)?;
    let portrait = portrait.map(|jpeg| vault.seal_bytes(random, PORTRAIT_TABLE, resident, jpeg)).transpose()?;
    permit::keep(tx, resident, record).await?;
    Ok(store::put_record(tx, resident, &sealed, portrait.as_deref(), now).await?)
}

/// Replaces what a digital KTP shows with what the register says now. Without a portrait the one that is there stays.
///
/// # Errors
/// When the database did not do it.
pub async fn refresh_record(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    record: &RegisterRecord,
    portrait: Option<&[u8]>,
    now: Timestamp,
) -> Result<()> {
    let Sources { vault, random, .. } = &**context;
    let sealed = vault.seal_row(random, RECORD_TABLE, resident, record)?;
    let portrait = portrait.map(|jpeg| vault.seal_bytes(random, PORTRAIT_TABLE, resident, jpeg)).transpose()?;
    permit::keep(tx, resident, record).await?;
    Ok(store::replace_record(tx, resident, &sealed, portrait.as_deref(), now).await?)
}

/// What is kept of what the register said about these residents; who has nothing is missing in the answer.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn kept_records(context: &Context, tx: &mut Tx, residents: &[Uuid]) -> Result<HashMap<Uuid, RegisterRecord>> {
    let mut records = HashMap::new();
    for (resident, sealed) in batch::sealed_records(tx, residents).await? {
        records.insert(resident, open_record(&context.vault, resident, &sealed)?);
    }
    Ok(records)
}

/// Deletes the data that an approval stored for a resident who never became a holder.
///
/// # Errors
/// When the database did not do it.
pub async fn delete_unused_record(tx: &mut Tx, resident: Uuid) -> Result<()> {
    permit::forget_unused(tx, resident).await?;
    Ok(store::delete_unused_record(tx, resident).await?)
}

/// What the register said about a holder at approval.
///
/// # Errors
/// When the database does not answer, or there is no such holder: a fault of ours.
pub async fn record(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<RegisterRecord> {
    let kept = kept_record(context, tx, resident).await?;
    kept.ok_or_else(|| Error::internal("a holder without a register record"))
}

/// What is left to erase elsewhere of a holder whose part here is erased.
#[derive(Debug)]
pub struct Erased {
    /// The registration that led to the digital KTP, and the phone that it was on; none of who had it on paper alone.
    pub phone: Option<(Uuid, Vec<u8>)>,
}

/// Erases what is kept of a holder who closed at `before` or earlier; the credential itself stays, without anything personal, so that
/// what was shown once is never valid again. `None` when nothing is to be erased.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(context: &Context, tx: &mut Tx, resident: Uuid, before: Timestamp) -> Result<Option<Erased>> {
    // Held: nobody becomes active again at this moment.
    hold(tx, resident).await?;
    if !status::erased(tx, resident, before).await?.happened() {
        return Ok(None);
    }
    let row = store::holder(tx, resident).await?;
    // What cannot be opened is deleted all the same; only its index stays.
    let record = kept_record(context, tx, resident).await.ok().flatten();
    let index = record.map(|record| nik_index(&context.vault, &record.nik));
    store::erase(tx, resident, index.as_deref()).await?;
    permit::forget(tx, resident).await?;
    Ok(Some(Erased { phone: row.map(|row| (row.registration_id, row.device_thumbprint)) }))
}

/// The registration that led to a resident's digital KTP.
///
/// # Errors
/// When the database does not answer.
pub async fn registration_of(tx: &mut Tx, resident: Uuid) -> Result<Option<Uuid>> {
    Ok(store::holder(tx, resident).await?.map(|row| row.registration_id))
}

/// What the register said about a holder, and when it said so.
///
/// # Errors
/// When the database does not answer, or there is no such holder: a fault of ours.
pub async fn record_as_of(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<(RegisterRecord, Timestamp)> {
    let at = store::record_as_of(tx, resident).await?.unwrap_or_default();
    Ok((record(context, tx, resident).await?, at))
}

/// What the register said about a holder, while it is kept.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn kept_record(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<Option<RegisterRecord>> {
    let sealed = store::record(tx, resident).await?;
    sealed.map(|sealed| open_record(&context.vault, resident, &sealed)).transpose()
}

/// The holder's portrait: JPEG.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn portrait(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<Option<Vec<u8>>> {
    match store::portrait(tx, resident).await? {
        Some(sealed) => open_portrait(&context.vault, resident, &sealed).map(Some),
        None => Ok(None),
    }
}

/// Opens a record as it stands in its row.
pub(super) fn open_record(vault: &Vault, resident: Uuid, sealed: &[u8]) -> Result<RegisterRecord> {
    Ok(vault.open_row(RECORD_TABLE, resident, sealed)?)
}

/// Opens a portrait as it stands in its row.
pub(super) fn open_portrait(vault: &Vault, resident: Uuid, sealed: &[u8]) -> Result<Vec<u8>> {
    Ok(vault.open_bytes(PORTRAIT_TABLE, resident, sealed)?)
}
