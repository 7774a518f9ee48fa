//! Who is no citizen any more and left: one person of an office asks that the digital KTP end, a supervisor grants.

use uuid::Uuid;

use super::act::{AskDeparture, GrantDeparture, Officer, ReadDepartures, RefuseDeparture, ViewDeparture};
use super::desk::{Desk, alike, require_active};
use super::model::check_reason;
use crate::clock::{DAY, Timestamp};
use crate::departure;
use crate::departure::desk::Seen;
use crate::departure::model::{Departure, State};
use crate::error::{Code, Refusal, Result};
use crate::register::Nik;
use crate::staff::{Allowed, Permission, ports};
use crate::window::Window;
use crate::{audited, transaction};

/// NIKs that somebody may ask about in a day: the answer tells whether the register says that they left.
const ASKED: Window = Window { kind: "departure", seconds: DAY, most: 20 };

/// Confirmations at the office that somebody left. Cloning shares everything.
#[derive(Clone)]
pub struct Departures {
    pub(super) desk: Desk,
    pub(super) departures: departure::Desk,
}

/// A request with what the person who looks may do.
#[derive(Debug)]
pub struct DepartureView {
    /// What is judged.
    pub seen: Seen,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// Whether that is the person who looks.
    pub own: bool,
    /// Whether the person who looks may grant it now.
    pub may_grant: bool,
}

/// A request that waits for a second person.
#[derive(Debug)]
pub struct WaitingDeparture {
    /// The request.
    pub departure_id: Uuid,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// Whether the person who looks asked.
    pub own: bool,
}

impl Departures {
    /// Asks that the digital KTP of a NIK end. While the own request waits, it is given again.
    ///
    /// # Errors
    /// `invalid_field`, `too_many`; `not_found` unless the register says that they left; `wrong_state`.
    pub async fn ask(&self, officer: &Allowed<AskDeparture>, nik: &Nik, reason: &str) -> Result<DepartureView> {
        alike(self.ask_now(officer, nik, reason)).await
    }

    async fn ask_now(&self, officer: &Allowed<AskDeparture>, nik: &Nik, reason: &str) -> Result<DepartureView> {
        let Desk { context, audit, .. } = &self.desk;
        let (who, now) = (officer.agent, context.now());
        let refused = officer.event(who.officer_id);
        let reason = self.desk.judged(refused, check_reason(reason)).await?;
        // Counted before anything is looked for, and kept although nothing is found.
        let counted = transaction!(context.db, "counter.count_departure", |tx| {
            Ok(ASKED.count(tx, &[who.officer_id.as_bytes()], now).await?)
        })?;
        let counted = counted.or_refuse(too_many()).map_err(Into::into);
        self.desk.judged(refused, counted).await?;
        let found = self.departures.find(who.clerk(), nik).await;
        let found = self.desk.judged(refused, found).await?;
        let asked = audited!(audit, officer.event(found.1), "counter.ask_departure", |tx| {
            self.departures.ask(tx, who.clerk(), found, &reason).await
        })?;
        self.seen(who, asked.departure_id).await
    }

    /// What waits for a second person of the office. Names no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, officer: &Allowed<ReadDepartures>) -> Result<Vec<WaitingDeparture>> {
        let (scope, officer_id) = (officer.agent.scope(), officer.agent.officer_id);
        let waiting = self.departures.waiting(scope).await?;
        let mut tx = self.desk.context.db.read().await?;
        let usernames = ports::usernames_within(&mut tx, scope).await?;
        let line = |this: Departure| WaitingDeparture {
            departure_id: this.departure_id,
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
    pub async fn view(&self, officer: &Allowed<ViewDeparture>, id: Uuid) -> Result<DepartureView> {
        let view = self.seen(officer.agent, id).await;
        let view = self.desk.judged(officer.event(id), view).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(view)
    }

    /// Grants it: the digital KTP has ended.
    ///
    /// # Errors
    /// `forbidden` for one's own request; `not_found`, also when who asked was disabled since; `wrong_state`.
    pub async fn grant(&self, officer: &Allowed<GrantDeparture>, id: Uuid, version: &str) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.grant_departure", |tx| {
            let at = self.departures.office_of(tx, officer.agent.scope(), id).await?;
            let asked_by = self.departures.grant(tx, officer.agent.at(at).clerk(), id, version).await?;
            require_active(tx, asked_by, self.desk.context.now()).await
        })
    }

    /// Refuses it, or takes the own request back.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `wrong_state`.
    pub async fn refuse(
        &self,
        officer: &Allowed<RefuseDeparture>,
        id: Uuid,
        version: &str,
        reason: &str,
    ) -> Result<()> {
        let event = officer.event(id);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        audited!(self.desk.audit, event, "counter.refuse_departure", |tx| {
            let at = self.departures.office_of(tx, officer.agent.scope(), id).await?;
            self.departures.refuse(tx, officer.agent.at(at).clerk(), id, version, &reason).await
        })
    }

    /// Ends what nobody granted and forgets what ended long ago; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        self.departures.sweep().await
    }

    /// This person, as somebody of the office whose request it is.
    async fn standing(&self, officer: Officer, id: Uuid) -> Result<Officer> {
        let mut tx = self.desk.context.db.read().await?;
        Ok(officer.at(self.departures.office_of(&mut tx, officer.scope(), id).await?))
    }

    async fn seen(&self, officer: Officer, id: Uuid) -> Result<DepartureView> {
        let officer = self.standing(officer, id).await?;
        let seen = self.departures.see(officer.office_id, id).await?;
        let mut tx = self.desk.context.db.read().await?;
        let asked_by = ports::usernames(&mut tx, officer.office_id).await?.remove(&seen.departure.asked_by);
        let own = seen.departure.asked_by == officer.officer_id;
        let may_grant = !own && seen.state == State::Asked && officer.roles.may(Permission::GrantReleases);
        Ok(DepartureView { seen, asked_by: asked_by.unwrap_or_default(), own, may_grant })
    }
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Batas 20 permintaan sehari sudah tercapai; minta rekan atau penyelia membantu.",
        "You have asked for 20 today; ask a colleague or supervisor to help.",
    )
}
