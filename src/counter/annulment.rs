//! A wrongful activation is undone at the office that approved it: a supervisor asks, the head grants.

use uuid::Uuid;

use super::act::{AskAnnulment, GrantAnnulment, Officer, ReadAnnulments, RefuseAnnulment, ViewAnnulment};
use super::desk::{Desk, alike, require_active};
use super::model::check_reason;
use super::pause::pause_who_led_to;
use crate::annulment;
use crate::annulment::desk::Seen;
use crate::annulment::model::{Annulment, State};
use crate::clock::{DAY, Timestamp};
use crate::error::{Code, Refusal, Result};
use crate::register::Nik;
use crate::staff::{Allowed, Permission, ports};
use crate::window::Window;
use crate::{audited, transaction};

/// NIKs that a supervisor may ask about in a day: the answer tells whether one was activated here.
const ASKED: Window = Window { kind: "annulment", seconds: DAY, most: 20 };

/// Annulments at the office. Cloning shares everything.
#[derive(Clone)]
pub struct Annulments {
    pub(super) desk: Desk,
    pub(super) annulments: annulment::Desk,
    pub(super) telling: annulment::Telling,
}

/// An annulment with what the supervisor who looks may do.
#[derive(Debug)]
pub struct AnnulmentView {
    /// What is judged.
    pub seen: Seen,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// Whether that is the supervisor who looks.
    pub own: bool,
    /// Whether the supervisor who looks may grant it now.
    pub may_grant: bool,
}

/// A request that waits for a second person.
#[derive(Debug)]
pub struct WaitingAnnulment {
    /// The request.
    pub annulment_id: Uuid,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// Whether the supervisor who looks asked.
    pub own: bool,
}

impl Annulments {
    /// Asks that the activation of a NIK be annulled. While the own request waits, it is given again.
    ///
    /// # Errors
    /// `invalid_field`, `too_many`; `not_found` unless this office activated it; `wrong_state`.
    pub async fn ask(&self, officer: &Allowed<AskAnnulment>, nik: &Nik, reason: &str) -> Result<AnnulmentView> {
        alike(self.ask_now(officer, nik, reason)).await
    }

    async fn ask_now(&self, officer: &Allowed<AskAnnulment>, nik: &Nik, reason: &str) -> Result<AnnulmentView> {
        let Desk { context, audit, .. } = &self.desk;
        let (who, now) = (officer.agent, context.now());
        let refused = officer.event(who.officer_id);
        let reason = self.desk.judged(refused, check_reason(reason)).await?;
        // Counted before anything is looked for, and kept although nothing is found.
        let counted = transaction!(context.db, "counter.count_annulment", |tx| {
            Ok(ASKED.count(tx, &[who.officer_id.as_bytes()], now).await?)
        })?;
        let counted = counted.or_refuse(too_many()).map_err(Into::into);
        self.desk.judged(refused, counted).await?;
        let found = self.annulments.find(who.clerk(), nik).await;
        let found = self.desk.judged(refused, found).await?;
        let asked = audited!(audit, officer.event(found.annulment_id), "counter.ask_annulment", |tx| {
            self.annulments.ask(tx, who.clerk(), found, &reason).await
        })?;
        self.seen(who, asked.annulment_id).await
    }

    /// What waits for a second person of the office. Names no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, officer: &Allowed<ReadAnnulments>) -> Result<Vec<WaitingAnnulment>> {
        let (scope, officer_id) = (officer.agent.scope(), officer.agent.officer_id);
        let waiting = self.annulments.waiting(scope).await?;
        let mut tx = self.desk.context.db.read().await?;
        let usernames = ports::usernames_within(&mut tx, scope).await?;
        let line = |this: Annulment| WaitingAnnulment {
            annulment_id: this.annulment_id,
            asked_by: usernames.get(&this.asked_by).cloned().unwrap_or_default(),
            asked_at: this.asked_at,
            expires_at: this.expires_at,
            own: this.asked_by == officer_id,
        };
        Ok(waiting.into_iter().map(line).collect())
    }

    /// A request of the office. Looking is noted.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn view(&self, officer: &Allowed<ViewAnnulment>, id: Uuid) -> Result<AnnulmentView> {
        let view = self.seen(officer.agent, id).await;
        let view = self.desk.judged(officer.event(id), view).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(view)
    }

    /// Grants it: the digital KTP has ended, the rights of those who approved it rest, and relying parties are told.
    ///
    /// # Errors
    /// `forbidden` for one's own request; `not_found`, also when who asked was disabled since; `wrong_state`.
    pub async fn grant(&self, officer: &Allowed<GrantAnnulment>, id: Uuid, version: &str) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.grant_annulment", |tx| {
            let at = self.annulments.office_of(tx, officer.agent.scope(), id).await?;
            let granted = self.annulments.grant(tx, officer.agent.at(at).clerk(), id, version).await?;
            require_active(tx, granted.asked_by, self.desk.context.now()).await?;
            pause_who_led_to(tx, &self.desk, officer.agent, granted.registration_id).await
        })?;
        // Granted is granted: what could not be told now is told by the next sweep.
        if let Err(error) = self.telling.tell_due().await {
            tracing::warn!(error.cause = %error, "relying parties were not told of an annulment yet");
        }
        Ok(())
    }

    /// Refuses it, or takes the own request back.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `wrong_state`.
    pub async fn refuse(
        &self,
        officer: &Allowed<RefuseAnnulment>,
        id: Uuid,
        version: &str,
        reason: &str,
    ) -> Result<()> {
        let event = officer.event(id);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        audited!(self.desk.audit, event, "counter.refuse_annulment", |tx| {
            let at = self.annulments.office_of(tx, officer.agent.scope(), id).await?;
            self.annulments.refuse(tx, officer.agent.at(at).clerk(), id, version, &reason).await
        })
    }

    /// This person, as somebody of the office whose request it is.
    async fn standing(&self, officer: Officer, id: Uuid) -> Result<Officer> {
        let mut tx = self.desk.context.db.read().await?;
        Ok(officer.at(self.annulments.office_of(&mut tx, officer.scope(), id).await?))
    }

    async fn seen(&self, officer: Officer, id: Uuid) -> Result<AnnulmentView> {
        let officer = self.standing(officer, id).await?;
        let seen = self.annulments.see(officer.office_id, id).await?;
        let mut tx = self.desk.context.db.read().await?;
        let asked_by = ports::usernames(&mut tx, officer.office_id).await?.remove(&seen.annulment.asked_by);
        let own = seen.annulment.asked_by == officer.officer_id;
        let may_grant = !own && seen.state == State::Asked && officer.roles.may(Permission::GrantAnnulments);
        Ok(AnnulmentView { seen, asked_by: asked_by.unwrap_or_default(), own, may_grant })
    }
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Batas 20 permintaan pembatalan sehari sudah tercapai; minta penyelia lain membantu.",
        "You have asked for 20 annulments today; ask another supervisor to help.",
    )
}
