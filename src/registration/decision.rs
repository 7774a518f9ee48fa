//! What becomes of a registration at the counter: approved, returned, refused. Who may decide is judged by `counter`; this room
//! judges the registration.

use uuid::Uuid;

use super::model::{Decision, DifferenceField, Progress, Registration, SELFIE_DAYS_AFTER_END, State, Step, WhyNot};
use super::sealed;
use super::store::step::{self, Taken};
use super::store::{check, registration, second_person, selfie, visit};
use super::{approval, cases, helping};
use crate::clerk::Clerk;
use crate::clock::DAY;
use crate::context::Context;
use crate::correction::ports as correction;
use crate::db::{DbError, Tx};
use crate::error::{Code, Refusal, Result};
use crate::helper::Helper;
use crate::holder::ports as holder;
use crate::jobs::Wake;
use crate::register::Region;
use crate::secret::Redacted;

/// Officers' decisions, each in its caller's transaction. Cloning shares everything.
#[derive(Clone)]
pub struct Decisions {
    context: Context,
    mail: Wake,
}

impl Decisions {
    pub(super) const fn new(context: Context, mail: Wake) -> Self {
        Self { context, mail }
    }

    /// Approves: the code is mailed, or the approval waits for the register. `version` is that of the
    /// [`View`](super::review::View) the officer had on the screen. Once it is committed, [`Self::wake`] is to be called.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `already_active`, `wrong_state` (unknown NIK, not eligible, not waiting); `invalid_field` for whoever
    /// is said to help themselves.
    pub async fn approve(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        (id, version): (Uuid, &str),
        note: &str,
        helper: Option<&Helper>,
    ) -> Result<State> {
        let now = self.context.now();
        let held = decidable(&self.context, tx, actor, id, version).await?;
        let helper = helping::noted(&self.context, &held, helper)?;
        cases::require_approvable(&self.context, tx, &held, now).await?;
        selfie::taken_at(tx, id).await?.ok_or(Code::WrongState)?;
        let decision = Decision { note: Redacted(note.to_owned()), ..Decision::default() };
        let approved = held.approve(now)?;
        self.write(tx, actor, &approved, &decision).await?;
        self.step(tx, &approved, Step::Approved, None).await?;
        require_free(tx, &approved).await?;
        if let Progress::CodeSent { resident } = approved.progress {
            approval::complete(&self.context, tx, &approved, resident, now).await?;
        }
        helping::helped(&self.context, tx, (&approved, helper.as_ref()), (actor, None), now).await?;
        Ok(approved.state())
    }

    /// Returns it to the resident, naming only what the officer releases.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `wrong_state`.
    pub async fn return_for_correction(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        (id, version): (Uuid, &str),
        to: State,
        (reason, why): (&str, WhyNot),
        released: Vec<DifferenceField>,
    ) -> Result<()> {
        let returned = decidable(&self.context, tx, actor, id, version).await?.return_to(to, self.context.now())?;
        let decision = Decision { reason: Redacted(reason.to_owned()), released, ..Decision::default() };
        self.write(tx, actor, &returned, &decision).await?;
        self.step(tx, &returned, Step::Returned, Some(why)).await?;
        Ok(visit::end_presence(tx, id).await?)
    }

    /// Refuses for good.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `wrong_state`.
    pub async fn reject(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        (id, version): (Uuid, &str),
        (reason, why): (&str, WhyNot),
        note: &str,
    ) -> Result<()> {
        let now = self.context.now();
        let rejected = decidable(&self.context, tx, actor, id, version).await?.reject(now)?;
        let decision =
            Decision { reason: Redacted(reason.to_owned()), note: Redacted(note.to_owned()), released: vec![] };
        self.write(tx, actor, &rejected, &decision).await?;
        self.step(tx, &rejected, Step::Rejected, Some(why)).await?;
        step::settle(tx, id, Region::NONE).await?;
        check::stop(tx, id).await?;
        correction::registration_ended(tx, id, now).await?;
        Ok(selfie::keep_until(tx, id, now.plus_seconds(SELFIE_DAYS_AFTER_END * DAY)).await?)
    }

    /// Writes down for the figures what was decided.
    pub(super) async fn step(
        &self,
        tx: &mut Tx,
        decided: &Registration,
        what: Step,
        why: Option<WhyNot>,
    ) -> Result<()> {
        let taken = Taken { why, ..Taken::new(decided.registration_id, what, decided.office_id) };
        Ok(step::add(&self.context, tx, taken, self.context.now()).await?)
    }

    /// Wakes the mail worker; called after the caller's commit.
    pub fn wake(&self) {
        self.mail.wake();
    }

    pub(super) const fn context(&self) -> &Context {
        &self.context
    }

    pub(super) async fn write(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        decided: &Registration,
        decision: &Decision,
    ) -> Result<()> {
        let id = decided.registration_id;
        match registration::save(tx, decided).await {
            Ok(changed) => changed.or(changed_since())?,
            // Another registration of the same resident is approved.
            Err(DbError::Unique) => return Err(Code::AlreadyActive.into()),
            Err(error) => return Err(error.into()),
        }
        let sealed = sealed::seal_decision(&self.context, id, decision)?;
        visit::decide(tx, id, actor.officer_id, self.context.now(), &sealed).await?.demand()?;
        // A resident who comes back with other data or another selfie needs a new request.
        Ok(second_person::drop(tx, id).await?)
    }
}

/// The registration, held, if this officer may decide on it now: the resident was here and changed nothing since, and it is of the
/// `version` that was on the screen.
pub(super) async fn decidable(
    context: &Context,
    tx: &mut Tx,
    actor: Clerk,
    id: Uuid,
    version: &str,
) -> Result<Registration> {
    let now = context.now();
    let held = hold_in_office(tx, actor, id).await?;
    held.require_awaiting_officer(now)?;
    if !held.is_present(actor.officer_id, now) {
        return Err(Code::ScanRequired.into());
    }
    if version == version_of(held.revision) { Ok(held) } else { Err(changed_since().into()) }
}

/// Goes on only where no digital KTP of the resident stands in the way: that has to make way first.
///
/// # Errors
/// `already_active`.
pub(super) async fn require_free(tx: &mut Tx, registration: &Registration) -> Result<()> {
    match registration.check.resident() {
        Some(resident) if holder::has_usable_credential(tx, resident).await? => Err(Code::AlreadyActive.into()),
        _ => Ok(()),
    }
}

/// A registration that was scanned at the actor's office.
pub(super) async fn in_office(tx: &mut Tx, actor: Clerk, id: Uuid) -> Result<Registration> {
    of_office(registration::lookup(tx, id).await?, actor)
}

/// The same, held.
pub(super) async fn hold_in_office(tx: &mut Tx, actor: Clerk, id: Uuid) -> Result<Registration> {
    of_office(registration::hold(tx, id).await?, actor)
}

fn of_office(found: Option<Registration>, actor: Clerk) -> Result<Registration> {
    let here = found.filter(|registration| registration.office_id == Some(actor.office_id));
    here.ok_or_else(|| Code::NotFound.into())
}

/// The version that clients see of a revision: an opaque text that they compare and send back.
pub(super) fn version_of(revision: i64) -> String {
    format!("{revision:x}")
}

/// The refusal for a decision on a version that has changed since.
fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Ada yang berubah sejak Anda membukanya (data, swafoto, atau jawaban data kependudukan); buka lagi, lalu putuskan.",
        "Something changed since you opened it (data, selfie or the register's answer); open it again, then decide.",
    )
}
