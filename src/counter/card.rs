//! Printed cards at the counter: an officer prepares and asks, another person of the office grants, and the sheet is printed.

use std::net::IpAddr;

use uuid::Uuid;

use super::act::{
    AskCard, GrantCard, KeepCard, Officer, PhotographForCard, PrepareCard, PrintCard, ReadCards, RefuseCard, ViewCard,
    ViewCardPicture, VoidCard,
};
use super::desk::{Desk, require_active};
use super::model::check_reason;
use crate::audited;
use crate::card;
use crate::card::desk::{Draft, Seen};
use crate::card::model::{Card, Standing, State, VoidReason};
use crate::clock::{DAY, Timestamp};
use crate::error::{Code, Refusal, Result};
use crate::page::Page;
use crate::secret::Redacted;
use crate::staff::{Allowed, Permission, ports};
use crate::transaction;
use crate::window::Window;

/// Cards that an officer may prepare in a day: each asks the register, whose answer tells whether a name is right.
const PREPARED: Window = Window { kind: "card_prepared", seconds: DAY, most: 120 };

/// Printed cards at the office. Cloning shares everything.
#[derive(Clone)]
pub struct Cards {
    pub(super) desk: Desk,
    pub(super) cards: card::Desk,
}

/// A card with what the person who looks may do.
#[derive(Debug)]
pub struct CardView {
    /// What is judged.
    pub seen: Seen,
    /// Log-in name of who asks.
    pub asked_by: String,
    /// Whether that is who looks.
    pub own: bool,
    /// Whether who looks may grant it now.
    pub may_grant: bool,
    /// Whether the NIK is shown with all its digits: to who works on the request, while it is one.
    pub shows_nik: bool,
    /// Whether who looks asked for it or granted it: these two print it.
    pub prints: bool,
}

/// A request that waits for a second person.
#[derive(Debug)]
pub struct WaitingCard {
    /// The card to be.
    pub card_id: Uuid,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it lapses.
    pub lapses_at: Timestamp,
    /// Whether who looks asked.
    pub own: bool,
}

impl Cards {
    /// Prepares a card for the resident who stands here, after the register agreed with what they say.
    ///
    /// # Errors
    /// `invalid_field` for what the register has otherwise; `too_many`, `wrong_state`, `unavailable`.
    pub async fn prepare(&self, officer: &Allowed<PrepareCard>, draft: Draft) -> Result<CardView> {
        let Desk { context, audit, .. } = &self.desk;
        let (who, now) = (officer.agent, context.now());
        let refused = officer.event(who.officer_id);
        // Counted before anything is looked for, and kept although nothing is found.
        let counted = transaction!(context.db, "counter.count_card", |tx| {
            Ok(PREPARED.count(tx, &[who.officer_id.as_bytes()], now).await?)
        })?;
        let counted = counted.or_refuse(too_many()).map_err(Into::into);
        self.desk.judged(refused, counted).await?;
        let checked = self.cards.check(draft).await;
        let checked = self.desk.judged(refused, checked).await?;
        audited!(audit, officer.event(checked.card_id), "counter.prepare_card", |tx| {
            self.cards.prepare(tx, who.clerk(), &checked).await
        })?;
        self.seen(who, checked.card_id).await
    }

    /// Whether a photo would be taken now.
    ///
    /// # Errors
    /// `forbidden` for a colleague's, `not_found`, `wrong_state`.
    pub async fn awaits_photo(&self, officer: &Allowed<PhotographForCard>, id: Uuid) -> Result<()> {
        let awaits = self.cards.awaits_photo(officer.agent.clerk(), id).await;
        self.desk.judged(officer.event(id), awaits).await
    }

    /// Adds the photo that the counter's camera took. Gives the version that the next step names.
    ///
    /// # Errors
    /// `picture_unusable`, `forbidden` for a colleague's, `not_found`, `wrong_state`, `too_many`.
    pub async fn photograph(
        &self,
        officer: &Allowed<PhotographForCard>,
        id: Uuid,
        from: IpAddr,
        bytes: Vec<u8>,
    ) -> Result<String> {
        let photo = self.cards.read_photo(from, id, bytes).await;
        let photo = self.desk.judged(officer.event(id), photo).await?;
        audited!(self.desk.audit, officer.event(id), "counter.photograph_for_card", |tx| {
            self.cards.set_photo(tx, officer.agent.clerk(), id, &photo).await
        })
    }

    /// Asks for the card: the resident agreed.
    ///
    /// # Errors
    /// `invalid_field` without consent, `forbidden`, `not_found`, `wrong_state`.
    pub async fn ask(
        &self,
        officer: &Allowed<AskCard>,
        (id, version): (Uuid, &str),
        terms: (&str, bool),
        witness: Option<Redacted<String>>,
    ) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.ask_card", |tx| {
            self.cards.ask(tx, officer.agent.clerk(), (id, version), terms, witness.clone()).await
        })
    }

    /// What waits for a second person of the office. Names no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, officer: &Allowed<ReadCards>) -> Result<Vec<WaitingCard>> {
        let (scope, officer_id) = (officer.agent.scope(), officer.agent.officer_id);
        let waiting = self.cards.waiting(scope).await?;
        let mut tx = self.desk.context.db.read().await?;
        let usernames = ports::usernames_within(&mut tx, scope).await?;
        let line = |this: Card| WaitingCard {
            card_id: this.card_id,
            asked_by: usernames.get(&this.asked_by).cloned().unwrap_or_default(),
            asked_at: this.asked_at.unwrap_or(this.prepared_at),
            lapses_at: this.lapses_at,
            own: this.asked_by == officer_id,
        };
        Ok(waiting.into_iter().map(line).collect())
    }

    /// Cards that the office issued, newest first. Names no resident.
    ///
    /// # Errors
    /// `malformed_request`.
    pub async fn issued(
        &self,
        officer: &Allowed<ReadCards>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<(Card, Option<Standing>)>> {
        self.cards.issued(officer.agent.office_id, cursor, limit).await
    }

    /// A card of the office. Looking is noted.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn view(&self, officer: &Allowed<ViewCard>, id: Uuid) -> Result<CardView> {
        let view = self.seen(officer.agent, id).await;
        let view = self.desk.judged(officer.event(id), view).await?;
        self.desk.looked(officer.event(id)).await?;
        Ok(view)
    }

    /// The photo that was taken here, or the register's portrait: JPEG. Looking is noted.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn picture(&self, officer: &Allowed<ViewCardPicture>, id: Uuid, taken_here: bool) -> Result<Vec<u8>> {
        let picture = match self.standing(officer.agent, id).await {
            Ok(who) => {
                let may_grant = who.roles.may(Permission::GrantCards);
                self.cards.picture(who.clerk(), may_grant, id, taken_here).await
            }
            Err(error) => Err(error),
        };
        let picture = self.desk.judged(officer.event(id), picture).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(picture)
    }

    /// Grants it: the card counts, and earlier ones do not.
    ///
    /// # Errors
    /// `forbidden` for one's own request; `not_found`, also when who asked was disabled since; `wrong_state`, `unavailable`.
    pub async fn grant(&self, officer: &Allowed<GrantCard>, id: Uuid, version: &str) -> Result<()> {
        let event = officer.event(id);
        let made = match self.standing(officer.agent, id).await {
            Ok(who) => self.cards.make(who.clerk(), id).await,
            Err(error) => Err(error),
        };
        let made = self.desk.judged(event, made).await?;
        audited!(self.desk.audit, event, "counter.grant_card", |tx| {
            let at = self.cards.office_of(tx, officer.agent.scope(), id).await?;
            let granted = self.cards.grant(tx, officer.agent.at(at).clerk(), (id, version), &made).await?;
            require_active(tx, granted.asked_by, self.desk.context.now()).await
        })
    }

    /// Refuses it, or takes the own request back.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden` for an officer about a colleague's, `not_found`, `wrong_state`.
    pub async fn refuse(&self, officer: &Allowed<RefuseCard>, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let (event, who) = (officer.event(id), officer.agent);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        let seen = self.seen(who, id).await;
        let may = seen.and_then(|view| {
            let may = view.own || who.roles.may(Permission::GrantCards);
            if may { Ok(()) } else { Err(Code::Forbidden.into()) }
        });
        self.desk.judged(event, may).await?;
        audited!(self.desk.audit, event, "counter.refuse_card", |tx| {
            let at = self.cards.office_of(tx, who.scope(), id).await?;
            self.cards.refuse(tx, who.at(at).clerk(), (id, version), &reason).await
        })
    }

    /// The sheet, as PDF: for an hour after the grant, as often as paper jams, for who asked and who granted. Each time is noted.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for a colleague's, `wrong_state`.
    pub async fn print(&self, officer: &Allowed<PrintCard>, id: Uuid) -> Result<Vec<u8>> {
        let sheet = self.cards.print(officer.agent.clerk(), id).await;
        let sheet = self.desk.judged(officer.event(id), sheet).await?;
        self.desk.note(officer.event(id)).await?;
        Ok(sheet)
    }

    /// Voids a card of the office.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn void(
        &self,
        officer: &Allowed<VoidCard>,
        (id, version): (Uuid, &str),
        reason: VoidReason,
    ) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.void_card", |tx| {
            self.cards.void(tx, officer.agent.clerk(), (id, version), reason).await
        })
    }

    /// Notes whether a card stays good beside a phone.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn keep(&self, officer: &Allowed<KeepCard>, (id, version): (Uuid, &str), keeps: bool) -> Result<()> {
        audited!(self.desk.audit, officer.event(id), "counter.keep_card", |tx| {
            self.cards.keep(tx, officer.agent.clerk(), (id, version), keeps).await
        })
    }

    /// This person, as somebody of the office whose request it is.
    async fn standing(&self, officer: Officer, id: Uuid) -> Result<Officer> {
        let mut tx = self.desk.context.db.read().await?;
        Ok(officer.at(self.cards.office_of(&mut tx, officer.scope(), id).await?))
    }

    async fn seen(&self, officer: Officer, id: Uuid) -> Result<CardView> {
        let officer = self.standing(officer, id).await?;
        let seen = self.cards.see(officer.office_id, id).await?;
        let mut tx = self.desk.context.db.read().await?;
        let asked_by = ports::usernames(&mut tx, officer.office_id).await?.remove(&seen.card.asked_by);
        let own = seen.card.asked_by == officer.officer_id;
        let may_grant = !own && seen.state == State::Asked && officer.roles.may(Permission::GrantCards);
        let waits = matches!(seen.state, State::Prepared | State::Asked);
        let (shows_nik, prints) = (may_grant || own && waits, seen.card.is_of(officer.officer_id));
        Ok(CardView { seen, asked_by: asked_by.unwrap_or_default(), own, may_grant, shows_nik, prints })
    }
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Batas 120 kartu yang disiapkan sehari sudah tercapai; minta rekan membantu.",
        "You have prepared 120 cards today; ask a colleague to help.",
    )
}
