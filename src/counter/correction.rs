//! Correction cases at the counter: an officer opens or takes one, passes it on, sends it back or refuses it; what takes two people, a
//! colleague asks and a supervisor grants.

use uuid::Uuid;

use super::act::{
    AskCorrection, GrantCorrection, Officer, OpenCorrection, PassOnCorrection, ReadCorrections, RefuseCorrection,
    SendBackCorrection, TakeCorrection, ViewCorrection, ViewCorrectionPicture,
};
use super::desk::{Desk, alike, require_active};
use super::model::check_reason;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::correction;
use crate::correction::desk::Seen;
use crate::correction::model::{Field, Kind, State};
use crate::error::{Code, Refusal, Result};
use crate::life::model::reference;
use crate::register::Nik;
use crate::registration::Opening;
use crate::secret::Redacted;
use crate::staff::permission::Permission;
use crate::staff::{Allowed, ports};
use crate::window::Window;
use crate::{audited, transaction};

/// Cases that an officer may look for in a day, by NIK and reference.
const LOOKED_FOR: Window = Window { kind: "correction_find", seconds: DAY, most: 60 };

/// Faces of cases that an officer may look at in an hour: a case is anybody's of the office, so nothing else bounds who looks.
const LOOKED_AT: Window = Window { kind: "correction_face", seconds: HOUR, most: 20 };

/// Correction cases at the office. Cloning shares everything.
#[derive(Clone)]
pub struct Corrections {
    pub(super) desk: Desk,
    pub(super) corrections: correction::Desk,
}

/// A case with what the officer who looks may do.
#[derive(Debug)]
pub struct CorrectionView {
    /// What is judged.
    pub seen: Seen,
    /// Log-in name of who asked for a second person, while that waits.
    pub asked_by: Option<String>,
    /// Whether the officer who looks may pass it on alone.
    pub may_pass_on: bool,
    /// Whether they may ask a second person.
    pub may_ask: bool,
    /// Whether they may pass on what a colleague asked for.
    pub may_grant: bool,
}

/// One line of the office's list. Names no resident.
#[derive(Debug)]
pub struct CorrectionLine {
    /// The case.
    pub correction_id: Uuid,
    /// The number by which people speak of it.
    pub reference: String,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// Whether it waits for a second person.
    pub waits_for_second_person: bool,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When the present step is expected to be done.
    pub due_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
}

impl Corrections {
    /// Opens a case for the resident of a registration who is before the officer.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `scan_required`, `too_many`; `wrong_state` when nothing differs.
    pub async fn open(
        &self,
        officer: &Allowed<OpenCorrection>,
        (id, version): (Uuid, &str),
        (kind, fields): (Kind, Vec<Field>),
        reason: &str,
    ) -> Result<CorrectionView> {
        let Desk { registrations, audit, .. } = &self.desk;
        let (who, event) = (officer.agent, officer.event(id));
        let words = Redacted(self.desk.judged(event, check_reason(reason)).await?);
        let opening = Opening { kind, fields, words };
        let opened = audited!(audit, event, "counter.open_correction", |tx| {
            registrations.decisions.open_correction(tx, who.clerk(), (id, version), &opening).await
        })?;
        registrations.decisions.wake();
        self.seen(who, opened.correction_id).await
    }

    /// Takes the case that the resident before the officer names: from now on it is the office's.
    ///
    /// # Errors
    /// `not_found`, `too_many`; `wrong_state` when another office has passed it on.
    pub async fn take(&self, officer: &Allowed<TakeCorrection>, nik: &Nik, reference: &str) -> Result<CorrectionView> {
        alike(self.take_now(officer, nik, reference)).await
    }

    async fn take_now(&self, officer: &Allowed<TakeCorrection>, nik: &Nik, reference: &str) -> Result<CorrectionView> {
        let Desk { context, audit, .. } = &self.desk;
        let (who, now) = (officer.agent, context.now());
        let refused = officer.event(who.officer_id);
        // Counted before anything is looked for, and kept although nothing is found.
        let counted = transaction!(context.db, "counter.count_correction", |tx| {
            Ok(LOOKED_FOR.count(tx, &[who.officer_id.as_bytes()], now).await?)
        })?;
        self.desk.judged(refused, counted.or_refuse(too_many()).map_err(Into::into)).await?;
        let found = self.corrections.find(nik, reference).await;
        let id = self.desk.judged(refused, found).await?;
        audited!(audit, officer.event(id), "counter.take_correction", |tx| {
            self.corrections.take(tx, who.clerk(), id).await
        })?;
        self.seen(who, id).await
    }

    /// The cases that live at the office, longest unchanged first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, officer: &Allowed<ReadCorrections>) -> Result<Vec<CorrectionLine>> {
        let now = self.desk.context.now();
        let line = |case: correction::model::Correction| CorrectionLine {
            correction_id: case.correction_id,
            reference: reference(case.correction_id),
            kind: case.kind,
            state: case.state_at(now),
            waits_for_second_person: case.asked_now(now).is_some(),
            changed_at: case.changed_at,
            due_at: case.due_at,
            expires_at: case.expires_at,
        };
        Ok(self.corrections.list(officer.agent.scope()).await?.into_iter().map(line).collect())
    }

    /// A case of the office. Looking is noted.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn view(&self, officer: &Allowed<ViewCorrection>, id: Uuid) -> Result<CorrectionView> {
        let view = self.seen(officer.agent, id).await;
        let view = self.desk.judged(officer.event(id), view).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(view)
    }

    /// The portrait of the holder whose case it is, as JPEG, while the case lives; twenty an hour. Looking is noted.
    ///
    /// # Errors
    /// `not_found`, `too_many`.
    pub async fn portrait(&self, officer: &Allowed<ViewCorrectionPicture>, id: Uuid) -> Result<Vec<u8>> {
        let now = self.desk.context.now();
        let counted = transaction!(self.desk.context.db, "counter.count_face", |tx| {
            Ok(LOOKED_AT.count(tx, &[officer.agent.officer_id.as_bytes()], now).await?)
        })?;
        self.desk.judged(officer.event(id), counted.or_refuse(too_many_faces()).map_err(Into::into)).await?;
        let portrait = self.corrections.portrait(officer.agent.office_id, id).await;
        let portrait = self.desk.judged(officer.event(id), portrait).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(portrait)
    }

    /// The documents are there: passes it on to the register.
    ///
    /// # Errors
    /// `not_found`; `wrong_state`, also for a kind that takes two people.
    pub async fn pass_on(
        &self,
        officer: &Allowed<PassOnCorrection>,
        id: Uuid,
        version: &str,
    ) -> Result<CorrectionView> {
        audited!(self.desk.audit, officer.event(id), "counter.pass_on_correction", |tx| {
            self.corrections.pass_on(tx, officer.agent.clerk(), id, version).await
        })?;
        self.seen(officer.agent, id).await
    }

    /// Asks a second person to pass it on.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn ask(&self, officer: &Allowed<AskCorrection>, id: Uuid, version: &str) -> Result<CorrectionView> {
        audited!(self.desk.audit, officer.event(id), "counter.ask_correction", |tx| {
            self.corrections.ask(tx, officer.agent.clerk(), id, version).await
        })?;
        self.seen(officer.agent, id).await
    }

    /// Passes on what a colleague asked for.
    ///
    /// # Errors
    /// `forbidden` for one's own request; `not_found`, also when who asked was disabled since; `wrong_state`.
    pub async fn grant(&self, officer: &Allowed<GrantCorrection>, id: Uuid, version: &str) -> Result<CorrectionView> {
        let who = self.standing(officer.agent, id).await;
        let who = self.desk.judged(officer.event(id), who).await?;
        audited!(self.desk.audit, officer.event(id), "counter.grant_correction", |tx| {
            let at = self.corrections.office_of(tx, officer.agent.scope(), id).await?;
            let asked_by = self.corrections.grant(tx, officer.agent.at(at).clerk(), id, version).await?;
            require_active(tx, asked_by, self.desk.context.now()).await
        })?;
        self.seen_at(who, id).await
    }

    /// Something is missing: sends it back, with words that the resident reads.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `wrong_state`.
    pub async fn send_back(
        &self,
        officer: &Allowed<SendBackCorrection>,
        (id, version): (Uuid, &str),
        reason: &str,
    ) -> Result<CorrectionView> {
        let event = officer.event(id);
        let words = self.desk.judged(event, check_reason(reason)).await?;
        audited!(self.desk.audit, event, "counter.send_back_correction", |tx| {
            self.corrections.send_back(tx, officer.agent.clerk(), (id, version), &words).await
        })?;
        self.seen(officer.agent, id).await
    }

    /// Refuses it, with words that the resident reads.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `wrong_state`.
    pub async fn refuse(
        &self,
        officer: &Allowed<RefuseCorrection>,
        (id, version): (Uuid, &str),
        reason: &str,
    ) -> Result<()> {
        let event = officer.event(id);
        let words = self.desk.judged(event, check_reason(reason)).await?;
        audited!(self.desk.audit, event, "counter.refuse_correction", |tx| {
            self.corrections.refuse(tx, officer.agent.clerk(), (id, version), &words).await
        })
    }

    /// This person, as somebody of the office whose request it is.
    async fn standing(&self, officer: Officer, id: Uuid) -> Result<Officer> {
        let mut tx = self.desk.context.db.read().await?;
        Ok(officer.at(self.corrections.office_of(&mut tx, officer.scope(), id).await?))
    }

    async fn seen(&self, officer: Officer, id: Uuid) -> Result<CorrectionView> {
        self.seen_at(self.standing(officer, id).await?, id).await
    }

    /// The case as this person sees it, as somebody of its office.
    async fn seen_at(&self, officer: Officer, id: Uuid) -> Result<CorrectionView> {
        let seen = self.corrections.see(officer.office_id, id).await?;
        let asked_by = match seen.asked_by {
            Some(asked_by) => {
                let mut tx = self.desk.context.db.read().await?;
                Some(ports::usernames(&mut tx, officer.office_id).await?.remove(&asked_by).unwrap_or_default())
            }
            None => None,
        };
        let (case, waits) = (&seen.view.case, seen.view.state == State::WaitingResident);
        let takes_two = case.kind.takes_two();
        let own = seen.asked_by == Some(officer.officer_id);
        let grants = officer.roles.may(Permission::GrantCorrections);
        Ok(CorrectionView {
            may_pass_on: waits && !takes_two,
            may_ask: waits && takes_two && seen.asked_by.is_none(),
            may_grant: waits && seen.asked_by.is_some() && !own && grants,
            asked_by,
            seen,
        })
    }
}

fn too_many_faces() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Batas 20 foto kasus dalam satu jam sudah tercapai; lanjutkan sejam lagi, atau minta rekan membantu.",
        "You have looked at 20 faces of cases within an hour; go on in an hour, or ask a colleague to help.",
    )
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Batas 60 pencarian kasus sehari sudah tercapai; minta rekan membantu.",
        "You have looked for 60 cases today; ask a colleague to help.",
    )
}
