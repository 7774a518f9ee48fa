//! Holders who come without their phones: an officer takes a photo and asks, another person of the office compares and grants.

use std::net::IpAddr;

use uuid::Uuid;

use super::act::{
    AskWalkIn, GrantWalkIn, Officer, PhotographWalkIn, PrepareWalkIn, PrintWalkInCopy, ReadWalkIns, RefuseWalkIn,
    ViewWalkIn, ViewWalkInPicture,
};
use super::desk::{Desk, alike, require_active};
use super::model::check_reason;
use crate::audited;
use crate::clock::{DAY, Timestamp};
use crate::error::{Code, Language, Refusal, Result};
use crate::export::Exports;
use crate::helper::{Helper, ports as helpers};
use crate::register::Nik;
use crate::secret::Redacted;
use crate::staff::{Allowed, Permission, ports};
use crate::transaction;
use crate::walk_in;
use crate::walk_in::desk::Seen;
use crate::walk_in::model::{Claim, Kind, State, WalkIn};
use crate::window::Window;

/// Requests that an officer may prepare in a day: each tells whether a name is right.
const PREPARED: Window = Window { kind: "walk_in_prepared", seconds: DAY, most: 60 };

/// Times that one copy is printed: paper jams.
const PRINTS: Window = Window { kind: "walk_in_print", seconds: DAY, most: 10 };

/// Holders without their phones at the office. Cloning shares everything.
#[derive(Clone)]
pub struct WalkIns {
    pub(super) desk: Desk,
    pub(super) walk_ins: walk_in::Desk,
    pub(super) exports: Exports,
}

/// A request with what the person who looks may do.
#[derive(Debug)]
pub struct WalkInView {
    /// What is judged.
    pub seen: Seen,
    /// Log-in name of who asks.
    pub asked_by: String,
    /// Whether that is who looks.
    pub own: bool,
    /// Whether who looks may grant it now.
    pub may_grant: bool,
}

/// A request that waits for a second person.
#[derive(Debug)]
pub struct WaitingWalkIn {
    /// The request.
    pub walk_in_id: Uuid,
    /// What is asked for.
    pub kind: Kind,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it lapses.
    pub lapses_at: Timestamp,
    /// Whether who looks asked.
    pub own: bool,
}

impl WalkIns {
    /// Prepares a request of the holder who stands here. Somebody without a digital KTP and somebody whose name or birth date is another
    /// are the same miss, after the same time.
    ///
    /// # Errors
    /// `not_found`; `too_many`, `wrong_state`.
    pub async fn prepare(
        &self,
        officer: &Allowed<PrepareWalkIn>,
        (nik, claim): (&Nik, &Claim),
        kind: Kind,
        helper: Option<&Helper>,
    ) -> Result<WalkInView> {
        alike(self.prepare_now(officer, (nik, claim), kind, helper)).await
    }

    async fn prepare_now(
        &self,
        officer: &Allowed<PrepareWalkIn>,
        (nik, claim): (&Nik, &Claim),
        kind: Kind,
        helper: Option<&Helper>,
    ) -> Result<WalkInView> {
        let Desk { context, audit, .. } = &self.desk;
        let (who, now) = (officer.agent, context.now());
        let refused = officer.event(who.officer_id);
        // Counted before anything is looked for, and kept although nothing is found.
        let counted = transaction!(context.db, "counter.count_walk_in", |tx| {
            Ok(PREPARED.count(tx, &[who.officer_id.as_bytes()], now).await?)
        })?;
        let counted = counted.or_refuse(too_many()).map_err(Into::into);
        self.desk.judged(refused, counted).await?;
        let helper = helper.map(|helper| helpers::noted(context, nik, helper)).transpose();
        let helper = self.desk.judged(refused, helper).await?;
        let resident = self.walk_ins.find(nik, claim).await;
        let resident = self.desk.judged(refused, resident).await?;
        let prepared = audited!(audit, officer.event(resident), "counter.prepare_walk_in", |tx| {
            self.walk_ins.prepare(tx, who.clerk(), (resident, kind), helper.clone()).await
        })?;
        self.seen(who, prepared.walk_in_id).await
    }

    /// Whether a photo would be taken now.
    ///
    /// # Errors
    /// `forbidden` for a colleague's, `not_found`, `wrong_state`.
    pub async fn awaits_photo(&self, officer: &Allowed<PhotographWalkIn>, id: Uuid) -> Result<()> {
        let awaits = self.walk_ins.awaits_photo(officer.agent.clerk(), id).await;
        self.desk.judged(officer.event(id), awaits).await
    }

    /// Adds the photo that the counter's camera took. Gives the version that the next step names.
    ///
    /// # Errors
    /// `picture_unusable`, `forbidden` for a colleague's, `not_found`, `wrong_state`, `too_many`.
    pub async fn photograph(
        &self,
        officer: &Allowed<PhotographWalkIn>,
        id: Uuid,
        from: IpAddr,
        bytes: Vec<u8>,
    ) -> Result<String> {
        let photo = self.walk_ins.read_photo(from, id, bytes).await;
        let photo = self.desk.judged(officer.event(id), photo).await?;
        audited!(self.desk.audit, officer.event(id), "counter.photograph_walk_in", |tx| {
            self.walk_ins.set_photo(tx, officer.agent.clerk(), id, &photo).await
        })
    }

    /// Asks for it: the holder heard what follows and wants it.
    ///
    /// # Errors
    /// `invalid_field` unless they do, `forbidden`, `not_found`, `wrong_state`.
    pub async fn ask(
        &self,
        officer: &Allowed<AskWalkIn>,
        (id, version): (Uuid, &str),
        (wanted, witness): (bool, Option<Redacted<String>>),
    ) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.ask_walk_in", |tx| {
            self.walk_ins.ask(tx, officer.agent.clerk(), (id, version), (wanted, witness.clone())).await
        })
    }

    /// What waits for a second person of the office. Names no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, officer: &Allowed<ReadWalkIns>) -> Result<Vec<WaitingWalkIn>> {
        let (scope, officer_id) = (officer.agent.scope(), officer.agent.officer_id);
        let waiting = self.walk_ins.waiting(scope).await?;
        let mut tx = self.desk.context.db.read().await?;
        let usernames = ports::usernames_within(&mut tx, scope).await?;
        let line = |this: WalkIn| WaitingWalkIn {
            walk_in_id: this.walk_in_id,
            kind: this.kind,
            asked_by: usernames.get(&this.asked_by).cloned().unwrap_or_default(),
            asked_at: this.asked_at.unwrap_or(this.prepared_at),
            lapses_at: this.lapses_at,
            own: this.asked_by == officer_id,
        };
        Ok(waiting.into_iter().map(line).collect())
    }

    /// A request of the office. Looking is noted.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn view(&self, officer: &Allowed<ViewWalkIn>, id: Uuid) -> Result<WalkInView> {
        let view = self.seen(officer.agent, id).await;
        let view = self.desk.judged(officer.event(id), view).await?;
        self.desk.looked(officer.event(id)).await?;
        Ok(view)
    }

    /// The photo that was taken here, or the holder's portrait: JPEG. Looking is noted.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn picture(&self, officer: &Allowed<ViewWalkInPicture>, id: Uuid, taken_here: bool) -> Result<Vec<u8>> {
        let picture = match self.standing(officer.agent, id).await {
            Ok(who) => {
                let may_grant = who.roles.may(Permission::GrantReleases);
                self.walk_ins.picture(who.clerk(), may_grant, id, taken_here).await
            }
            Err(error) => Err(error),
        };
        let picture = self.desk.judged(officer.event(id), picture).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(picture)
    }

    /// Grants it: the digital KTP has ended, or the copy may be printed.
    ///
    /// # Errors
    /// `forbidden` for one's own request; `not_found`, also when who asked was disabled since; `wrong_state`.
    pub async fn grant(&self, officer: &Allowed<GrantWalkIn>, id: Uuid, version: &str) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.grant_walk_in", |tx| {
            let at = self.walk_ins.office_of(tx, officer.agent.scope(), id).await?;
            let asked_by = self.walk_ins.grant(tx, officer.agent.at(at).clerk(), id, version).await?;
            require_active(tx, asked_by, self.desk.context.now()).await
        })
    }

    /// Refuses it, or takes the own request back.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden` for an officer about a colleague's, `not_found`, `wrong_state`.
    pub async fn refuse(&self, officer: &Allowed<RefuseWalkIn>, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let (event, who) = (officer.event(id), officer.agent);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        let seen = self.seen(who, id).await;
        let may = seen.and_then(|view| {
            let may = view.own || who.roles.may(Permission::GrantReleases);
            if may { Ok(()) } else { Err(Code::Forbidden.into()) }
        });
        self.desk.judged(event, may).await?;
        audited!(self.desk.audit, event, "counter.refuse_walk_in", |tx| {
            let at = self.walk_ins.office_of(tx, who.scope(), id).await?;
            self.walk_ins.refuse(tx, who.at(at).clerk(), (id, version), &reason).await
        })
    }

    /// The copy, as PDF: for an hour after the grant, as often as paper jams. Each time is noted.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`, `forbidden` for anybody but who asked or granted, `overloaded`, `too_many`.
    pub async fn print(&self, officer: &Allowed<PrintWalkInCopy>, id: Uuid, language: Language) -> Result<Vec<u8>> {
        let event = officer.event(id);
        let copy = self.walk_ins.printable(officer.agent.clerk(), id).await;
        let copy = self.desk.judged(event, copy).await?;
        let admitted = self.admit(&copy).await;
        self.desk.judged(event, admitted).await?;
        // Before it is made: what is on paper was noted.
        self.desk.note(event).await?;
        let made = self.exports.at_counter(copy.resident_id, language).await;
        self.desk.judged(event, made).await
    }

    /// That a copy is printed once more: its two people still work here, and paper jammed no more often than it does.
    async fn admit(&self, copy: &WalkIn) -> Result<()> {
        let (context, now) = (&self.desk.context, self.desk.context.now());
        let counted = transaction!(context.db, "counter.count_print", |tx| {
            for person in [Some(copy.asked_by), copy.granted_by].into_iter().flatten() {
                require_active(tx, person, now).await?;
            }
            Ok(PRINTS.count(tx, &[copy.walk_in_id.as_bytes()], now).await?)
        })?;
        counted.or_refuse(printed_often())?;
        Ok(())
    }

    /// What this officer prepared and is not done with, newest first. Names no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mine(&self, officer: &Allowed<ReadWalkIns>) -> Result<Vec<WalkIn>> {
        self.walk_ins.open_of(officer.agent.clerk()).await
    }

    /// Ends what nobody granted and forgets what may no longer be kept; gives how much there was to do.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        self.walk_ins.sweep().await
    }

    /// This person, as somebody of the office whose request it is.
    async fn standing(&self, officer: Officer, id: Uuid) -> Result<Officer> {
        let mut tx = self.desk.context.db.read().await?;
        Ok(officer.at(self.walk_ins.office_of(&mut tx, officer.scope(), id).await?))
    }

    async fn seen(&self, officer: Officer, id: Uuid) -> Result<WalkInView> {
        let officer = self.standing(officer, id).await?;
        let seen = self.walk_ins.see(officer.office_id, id).await?;
        let mut tx = self.desk.context.db.read().await?;
        let asked_by = ports::usernames(&mut tx, officer.office_id).await?.remove(&seen.walk_in.asked_by);
        let own = seen.walk_in.asked_by == officer.officer_id;
        let may_grant = !own && seen.state == State::Asked && officer.roles.may(Permission::GrantReleases);
        Ok(WalkInView { seen, asked_by: asked_by.unwrap_or_default(), own, may_grant })
    }
}

fn printed_often() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Salinan ini sudah dicetak sepuluh kali; periksa pencetak, lalu siapkan permintaan baru.",
        "This copy was printed ten times; look at the printer, then prepare another request.",
    )
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Batas 60 permintaan sehari sudah tercapai; minta rekan membantu.",
        "You have prepared 60 requests today; ask a colleague to help.",
    )
}
