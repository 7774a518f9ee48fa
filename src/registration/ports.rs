//! What is done with registrations for other domains, inside their transactions.

use uuid::Uuid;

use super::model::{
    LIFE_AFTER_APPROVAL_DAYS, Progress, Registration, SCAN_MINUTES, SELFIE_DAYS_AFTER_ACTIVATION, State, Step,
    Submitted,
};
use super::store::step::{self, Taken};
use super::store::{queue, registration, selfie, visit};
use super::{ending, sealed, sweep};
use crate::changed::Changed;
use crate::clock::{DAY, MINUTE, Timestamp};
use crate::context::Context;
use crate::correction::ports as cases;
use crate::db::{DbError, DbResult, Tx};
use crate::device::Thumbprint;
use crate::error::{Code, Language, Result};
use crate::register::{Nik, Region};
use crate::secret::Redacted;

pub use super::store::registration::{hold_code_sent, hold_own, lookup};
pub use super::store::step::{Counted, count_anew, take as take_steps};

/// The registration of this device.
///
/// # Errors
/// `not_found` for any other device's.
pub async fn own(tx: &mut Tx, device: &Thumbprint, id: Uuid) -> Result<Registration> {
    let found = registration::lookup(tx, id).await?;
    found.filter(|registration| registration.device_thumbprint == device).ok_or_else(|| Code::NotFound.into())
}

/// How many residents were scanned in a session of outreach, by where their registrations stand.
///
/// # Errors
/// When the database does not answer.
pub async fn of_outreach(tx: &mut Tx, outreach: Uuid) -> Result<Vec<(State, i64)>> {
    Ok(visit::of_outreach(tx, outreach).await?)
}

/// How to reach the person behind a registration.
#[derive(Clone, Debug)]
pub struct Contact {
    /// E-mail address, if there is one.
    pub email: Option<Redacted<String>>,
    /// Name as submitted.
    pub full_name: Redacted<String>,
    /// Language to write in.
    pub language: Language,
    /// The resident, once the register has answered.
    pub resident_id: Option<Uuid>,
}

/// The terms that somebody accepted, and when; `None` for an unknown id.
///
/// # Errors
/// When the row cannot be read.
pub async fn consent(tx: &mut Tx, id: Uuid) -> Result<Option<(String, Timestamp)>> {
    Ok(registration::consent(tx, id).await?)
}

/// Deletes a registration that ended with a digital KTP, with everything kept for it.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, id: Uuid) -> Result<()> {
    if registration::delete_active(tx, id).await?.happened() {
        sweep::delete_parts(tx, id).await?;
    }
    Ok(())
}

/// How to reach the person behind a registration; `None` for an unknown id.
///
/// # Errors
/// When the row cannot be read.
pub async fn contact(context: &Context, tx: &mut Tx, id: Uuid) -> Result<Option<Contact>> {
    let Some(registration) = registration::lookup(tx, id).await? else { return Ok(None) };
    contact_of(context, &registration).map(Some)
}

/// How to reach the person behind this registration.
///
/// # Errors
/// When what is sealed cannot be opened.
pub fn contact_of(context: &Context, registration: &Registration) -> Result<Contact> {
    Ok(contact_in(sealed::submitted(&context.vault, registration)?, registration))
}

fn contact_in(submitted: Submitted, registration: &Registration) -> Contact {
    Contact {
        email: submitted.email,
        full_name: submitted.full_name,
        language: registration.language,
        resident_id: registration.check.resident(),
    }
}

/// The code was right: `code_sent` → `needs_pin`, where it waits for its PIN as long as it had waited for its code. A miss when it
/// does not wait for a code.
///
/// # Errors
/// When the database did not do it.
pub async fn confirm_code(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Changed> {
    registration::confirm_code(tx, id, now, now.plus_seconds(LIFE_AFTER_APPROVAL_DAYS * DAY)).await
}

/// Ends the registration that a device has under way, if any: a digital KTP comes to the device in another way.
///
/// # Errors
/// When the database did not do it.
pub async fn withdraw_of_device(tx: &mut Tx, device: &Thumbprint, now: Timestamp) -> Result<()> {
    let Some(newest) = registration::newest_of_device(tx, device).await? else { return Ok(()) };
    if newest.state().is_ended() {
        return Ok(());
    }
    let held = registration::hold(tx, newest.registration_id).await?.ok_or(DbError::Contention)?;
    let progress = held.progress;
    // Ended, or active, since it was read.
    let Ok(cancelled) = held.cancel(now) else { return Ok(()) };
    ending::write(tx, progress, &cancelled, now).await
}

/// Seconds from the scan to the decision of those whom an office served since `since`, of `limit` people at most: the last ones.
///
/// # Errors
/// When the database does not answer.
pub async fn serving_seconds(tx: &mut Tx, office: Uuid, since: Timestamp, limit: i64) -> Result<Vec<i64>> {
    let served = queue::served(tx, office, since, limit).await?;
    let seconds = served.into_iter().map(|(scanned, decided)| decided.seconds_since(scanned));
    // Who was scanned again since is not done.
    Ok(seconds.filter(|seconds| *seconds >= 0).collect())
}

/// Minutes for which a call is told.
const CALLED_MINUTES: i64 = 15;

/// Whom an office called lately, and how many wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Numbers with when each was called, the last first.
    pub called: Vec<(i64, Timestamp)>,
    /// How many wait to be called.
    pub waiting: i64,
}

/// Numbers that an office called in the last quarter of an hour, of `limit` at most, and how many wait.
///
/// # Errors
/// When the database does not answer.
pub async fn calls(tx: &mut Tx, office: Uuid, now: Timestamp, limit: i64) -> Result<Calls> {
    let called = queue::called(tx, office, now.plus_seconds(-CALLED_MINUTES * MINUTE), limit).await?;
    // As long as a scan counts: whoever waits longer is received again.
    let waiting = queue::uncalled(tx, office, now.plus_seconds(-SCAN_MINUTES * MINUTE)).await?;
    Ok(Calls { called, waiting })
}

/// A registration that ended with a digital KTP.
#[derive(Debug)]
pub struct Activated {
    /// Whose digital KTP it is.
    pub resident_id: Uuid,
    /// How to reach them.
    pub contact: Contact,
    /// Their NIK.
    pub nik: Nik,
    /// The office that approved.
    pub office_id: Option<Uuid>,
}

/// The PIN is set: `needs_pin` → `active`. `None` when it does not wait for a PIN.
///
/// # Errors
/// When the database did not do it.
pub async fn activate(context: &Context, tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<Option<Activated>> {
    let Some(registration) = registration::hold(tx, id).await? else { return Ok(None) };
    let Progress::NeedsPin { resident: resident_id } = registration.progress else { return Ok(None) };
    let Ok(active) = registration.activate(now) else { return Ok(None) };
    registration::save(tx, &active).await?.demand()?;
    cases::activated(tx, id, resident_id, now).await?;
    step::settle(tx, id, Region::NONE).await?;
    step::add(context, tx, Taken::new(id, Step::Activated, active.office_id), now).await?;
    selfie::keep_until(tx, id, now.plus_seconds(SELFIE_DAYS_AFTER_ACTIVATION * DAY)).await?;
    let submitted = sealed::submitted(&context.vault, &active)?;
    let (nik, office_id) = (submitted.nik.clone(), active.office_id);
    Ok(Some(Activated { resident_id, contact: contact_in(submitted, &active), nik, office_id }))
}
