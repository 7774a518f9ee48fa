//! What a registration has to do with correction cases: its resident opens one, an officer who has them before them opens one, and the
//! resident may go on with the register's spelling. A registration with an open case is kept as long as that.

use uuid::Uuid;

use super::decision::{Decisions, decidable};
use super::model::{Answer, Decision, DifferenceField, RegisterCheck, Registration, State, Submitted};
use super::sealed;
use super::store::{check, registration, visit};
use super::submission::{Status, Submissions};
use crate::audit;
use crate::base64url;
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::correction::model::{Correction, Field, Kind, LIFE_SECONDS, Matter, Opener};
use crate::correction::ports::{self as cases, New, no_difference};
use crate::db::Tx;
use crate::device::Thumbprint;
use crate::error::{Code, Result};
use crate::life::ports::By;
use crate::register::RegisterRecord;
use crate::secret::Redacted;
use crate::transaction;

/// What an officer opens a case about.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The kind.
    pub kind: Kind,
    /// The elements.
    pub fields: Vec<Field>,
    /// What the resident reads.
    pub words: Redacted<String>,
}

impl Submissions {
    /// The resident says that the register may have something else than they do. While a case lives, it is the same one; the answer says
    /// nothing about the register.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`, `too_many`; `wrong_state` once it is approved.
    pub async fn open_correction(&self, device: &Thumbprint, id: Uuid, kind: Kind, fields: &[Field]) -> Result<Status> {
        let (context, now) = (self.context(), self.context().now());
        transaction!(context.db, "registration.open_correction", |tx| {
            let held = registration::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?;
            held.require_live(now)?;
            if !held.state().is_before_approval() {
                return Err(Code::WrongState.into());
            }
            if cases::hold_live(tx, id, now).await?.is_some() {
                return self.status_of(tx, &held).await;
            }
            let (matter, record) = matter_of(context, tx, &held, (kind, fields)).await?;
            let agrees = record.map(|record| matter.agrees(kind, record.as_ref(), false));
            let opener = Opener::Registrant;
            let new = New { registration_id: Some(id), resident_id: None, kind, opener, agrees, matter, office: None };
            let by = By { actor: audit::Actor::Resident(id), office_id: None };
            cases::open(context, tx, new, by, now).await?;
            let kept = held.keep_until(now.plus_seconds(LIFE_SECONDS));
            registration::save(tx, &kept).await?.demand()?;
            self.status_of(tx, &kept).await
        })
    }

    /// The resident takes back the case that they opened. Repeating it changes nothing.
    ///
    /// # Errors
    /// `not_found` without a case, `wrong_state` when an office opened it, or it has ended otherwise.
    pub async fn withdraw_correction(&self, device: &Thumbprint, id: Uuid) -> Result<Status> {
        let (context, now) = (self.context(), self.context().now());
        transaction!(context.db, "registration.withdraw_correction", |tx| {
            let held = registration::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?;
            let by = By { actor: audit::Actor::Resident(id), office_id: None };
            cases::withdraw_of_registration(context, tx, id, by, now).await?;
            self.status_of(tx, &held).await
        })
    }

    /// The resident agrees to go on with the name as the register spells it: the case of `version` was taken by an office and is about
    /// nothing else. Repeated, it is the same.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn agree_to_spelling(&self, device: &Thumbprint, id: Uuid, version: &str) -> Result<Status> {
        let (context, now) = (self.context(), self.context().now());
        transaction!(context.db, "registration.agree_to_spelling", |tx| {
            let held = registration::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?;
            held.require_live(now)?;
            let resident = match held.check {
                RegisterCheck::Done(Answer::Differs(resident)) if held.state().is_before_approval() => resident,
                _ => return Err(Code::WrongState.into()),
            };
            let by = By { actor: audit::Actor::Resident(id), office_id: held.office_id };
            cases::agree_to_spelling(context, tx, (id, resident), version, (by, now)).await?;
            self.status_of(tx, &held).await
        })
    }
}

impl Decisions {
    /// The officer who has the resident before them opens a case. Who mistyped gets the registration back to type again; everybody else
    /// comes back with what is missing.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `invalid_field`, `too_many`; `wrong_state` when the register says what was submitted.
    pub async fn open_correction(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        (id, version): (Uuid, &str),
        opening: &Opening,
    ) -> Result<Correction> {
        let (context, now) = (self.context(), self.context().now());
        let held = decidable(context, tx, actor, id, version).await?;
        let Opening { kind, fields, words } = opening.clone();
        cases::require_fitting(kind, Opener::Officer, &fields)?;
        if let Some(before) = cases::hold_live(tx, id, now).await? {
            cases::replace(tx, before, now).await?;
        }
        let (matter, record) = matter_of(context, tx, &held, (kind, &fields)).await?;
        let agrees = record.map(|record| matter.agrees(kind, record.as_ref(), false));
        if agrees == Some(true) {
            return Err(no_difference().into());
        }
        let office = Some((actor.office_id, words.clone()));
        let new =
            New { registration_id: Some(id), resident_id: None, kind, opener: Opener::Officer, agrees, matter, office };
        let opened = cases::open(context, tx, new, By::officer(actor.officer_id, actor.office_id), now).await?;
        let kept = held.keep_until(now.plus_seconds(LIFE_SECONDS));
        if kind == Kind::TypingError {
            let decision = Decision { reason: words, released: released(&fields), ..Decision::default() };
            self.write(tx, actor, &kept.return_to(State::NeedsCorrection, now)?, &decision).await?;
            visit::end_presence(tx, id).await?;
        } else {
            registration::save(tx, &kept).await?.demand()?;
        }
        Ok(opened)
    }
}

fn released(fields: &[Field]) -> Vec<DifferenceField> {
    let one = |field: &Field| match field {
        Field::FullName => Some(DifferenceField::FullName),
        Field::BirthDate => Some(DifferenceField::BirthDate),
        _ => None,
    };
    fields.iter().filter_map(one).collect()
}

/// What a case of a registration is about, and what the register said, if it was asked: nothing, where it knows nobody.
async fn matter_of(
    context: &Context,
    tx: &mut Tx,
    held: &Registration,
    (kind, fields): (Kind, &[Field]),
) -> Result<(Matter, Option<Option<RegisterRecord>>)> {
    let Submitted { nik, full_name, birth_date, .. } = sealed::submitted(&context.vault, held)?;
    let is_checked = matches!(held.check, RegisterCheck::Done(_));
    let copy = if is_checked { sealed::register_copy(&context.vault, tx, held.registration_id).await? } else { None };
    let (was, portrait) = copy.unzip();
    let portrait = portrait.flatten().filter(|_| fields.contains(&Field::Portrait));
    let matter = Matter {
        nik,
        fields: fields.to_vec(),
        full_name: kind.is_of_the_person().then_some(full_name),
        birth_date: kind.is_of_the_person().then_some(birth_date),
        was: was.clone(),
        portrait: portrait.map(|jpeg| Redacted(base64url::encode(&jpeg))),
    };
    Ok((matter, is_checked.then_some(was)))
}

/// What a check found: its case hears it.
pub(super) async fn checked(
    context: &Context,
    tx: &mut Tx,
    id: Uuid,
    submitted: &Submitted,
    record: Option<&RegisterRecord>,
    now: Timestamp,
) -> Result<()> {
    cases::checked(context, tx, id, (&submitted.full_name, submitted.birth_date), record, now).await
}

/// That no open case stands in the way of an approval: the register agrees, or the resident agreed to its spelling.
pub(super) async fn require_approvable(
    context: &Context,
    tx: &mut Tx,
    held: &Registration,
    now: Timestamp,
) -> Result<()> {
    match held.check {
        RegisterCheck::Done(Answer::Match(_)) => cases::settled(tx, held.registration_id, now).await,
        _ => cases::require_approvable(context, tx, held.registration_id, now).await,
    }
}

/// The register speaks of somebody whose registration has a case: it is asked anew. The registration is held by this.
pub(super) async fn ask_anew(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<()> {
    let Some(held) = registration::hold(tx, id).await? else { return Ok(()) };
    let differed = matches!(held.check, RegisterCheck::Done(answer) if !matches!(answer, Answer::Match(_)));
    if differed && held.is_live(now) && held.state().is_before_approval() {
        check::restart(tx, id, now).await?.demand()?;
        registration::save(tx, &held.ask_anew()).await?.demand()?;
    }
    Ok(())
}
