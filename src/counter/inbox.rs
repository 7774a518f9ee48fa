//! What waits for a person of the office: what a colleague asks them to grant, and what they are to look at. Names no resident.

use std::collections::HashMap;

use uuid::Uuid;

use super::act::ReadInbox;
use super::desk::Desk;
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::helper::desk as helpers;
use crate::life::calls;
use crate::lookup::browsing;
use crate::office::Scope;
use crate::page::{self, Page};
use crate::registration::model::{CallBackFinding, RequestKind};
use crate::staff::permission::Permission;
use crate::staff::{Allowed, Roles, ports};
use crate::{annulment, card, contact, correction, departure, recovery, walk_in};

/// Blocks at callers' words that are read for one list.
const CALLS: i64 = 100;

/// What waits. Cloning shares everything.
#[derive(Clone)]
pub struct Inbox {
    pub(super) desk: Desk,
    pub(super) recoveries: recovery::Desk,
    pub(super) visits: contact::visit::Desk,
    pub(super) cards: card::Desk,
    pub(super) walk_ins: walk_in::Desk,
    pub(super) departures: departure::Desk,
    pub(super) annulments: annulment::Desk,
    pub(super) corrections: correction::Desk,
}

/// What is wanted of a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// That a digital KTP makes way for a registration.
    Release,
    /// That somebody without an e-mail address is approved.
    Approval,
    /// That somebody is approved whose face cannot be compared.
    Waiver,
    /// That a holder chooses another PIN.
    Recovery,
    /// That a holder is reached elsewhere.
    Contact,
    /// A printed card.
    Card,
    /// What a holder without their phone wants.
    WalkIn,
    /// That somebody left who is no citizen any more.
    Departure,
    /// That an activation is annulled.
    Annulment,
    /// That a correction case is passed on.
    Correction,
    /// To call a resident back.
    CallBack,
    /// To look at a block at a caller's word.
    Call,
    /// To look at somebody who helps many.
    Helper,
    /// To look at how much a colleague looks for.
    Searches,
}

/// Something that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// What is wanted.
    pub matter: Matter,
    /// Of what: the request, case, event, or person of the office.
    pub id: Uuid,
    /// Who asked, or did what is to be looked at; nobody for a call-back.
    pub by: Option<Uuid>,
    /// Since when it waits.
    pub since: Timestamp,
    /// When it lapses, where it does within days.
    pub until: Option<Timestamp>,
}

/// Something that waits, with the log-in name of whoever asked.
#[derive(Debug)]
pub struct NamedWaiting {
    /// It.
    pub waiting: Waiting,
    /// The name.
    pub by: Option<String>,
}

impl Inbox {
    /// What waits for this person, the longest first, in pages; and, with the first page, what they asked for themselves.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn page(
        &self,
        officer: &Allowed<ReadInbox>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<(Page<NamedWaiting>, Vec<NamedWaiting>)> {
        let (who, roles, scope) = (officer.agent.clerk(), officer.agent.roles, officer.agent.scope());
        let after = page::after(cursor, (Timestamp::default(), Uuid::nil()))?;
        let mut all = self.requests(scope, roles).await?;
        all.extend(self.looks(who, roles).await?);
        all.sort_by_key(|one| (one.since, one.id));
        let mut tx = self.desk.context.db.read().await?;
        let names = ports::usernames_within(&mut tx, scope).await?;
        let is_own = |one: &Waiting| one.by == Some(who.officer_id);
        let (own, mut others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_own);
        others.retain(|one| (one.since, one.id) > after);
        let page = Page::new(others, limit, |one| (one.since, one.id)).map(|one| named(one, &names));
        let own = if cursor.is_none() { own.into_iter().map(|one| named(one, &names)).collect() } else { Vec::new() };
        Ok((page, own))
    }

    /// What people of the office, and of those below it, ask a second person for, the own with it.
    async fn requests(&self, scope: Scope, roles: Roles) -> Result<Vec<Waiting>> {
        let now = self.desk.context.now();
        let of = |matter, id, by, since, until| Waiting { matter, id, by: Some(by), since, until };
        let mut all = Vec::new();
        for one in self.desk.registrations.releases.waiting(scope).await? {
            let matter = match one.kind {
                RequestKind::Release => Matter::Release,
                RequestKind::Approval => Matter::Approval,
                RequestKind::Waiver => Matter::Waiver,
            };
            all.push(of(matter, one.registration_id, one.asked_by, one.asked_at, None));
        }
        for one in self.recoveries.waiting(scope).await? {
            all.extend(one.asked().map(|asked| of(Matter::Recovery, one.recovery_id, asked.by, asked.at, None)));
        }
        for one in self.visits.waiting(scope).await? {
            all.extend(one.asked().map(|asked| of(Matter::Contact, one.visit_id, asked.by, asked.at, None)));
        }
        for one in self.cards.waiting(scope).await? {
            let since = one.asked_at.unwrap_or(one.prepared_at);
            all.push(of(Matter::Card, one.card_id, one.asked_by, since, Some(one.lapses_at)));
        }
        for one in self.walk_ins.waiting(scope).await? {
            let since = one.asked_at.unwrap_or(one.prepared_at);
            all.push(of(Matter::WalkIn, one.walk_in_id, one.asked_by, since, Some(one.lapses_at)));
        }
        for one in self.departures.waiting(scope).await? {
            all.push(of(Matter::Departure, one.departure_id, one.asked_by, one.asked_at, Some(one.expires_at)));
        }
        if roles.may(Permission::WorkAnnulments) {
            for one in self.annulments.waiting(scope).await? {
                all.push(of(Matter::Annulment, one.annulment_id, one.asked_by, one.asked_at, Some(one.expires_at)));
            }
        }
        if roles.may(Permission::ReadCorrections) {
            for one in self.corrections.list(scope).await? {
                let asked = one.asked.filter(|_| one.asked_now(now).is_some());
                all.extend(asked.map(|(by, at)| of(Matter::Correction, one.correction_id, by, at, None)));
            }
        }
        Ok(all)
    }

    /// What this person is to look at: never what they did themselves.
    async fn looks(&self, who: Clerk, roles: Roles) -> Result<Vec<Waiting>> {
        let (context, now) = (&self.desk.context, self.desk.context.now());
        let mut all = Vec::new();
        if roles.may(Permission::CallBack) {
            for one in self.desk.registrations.call_backs.list(who).await? {
                if matches!(one.finding, None | Some(CallBackFinding::Unreached)) {
                    let (matter, id, since) = (Matter::CallBack, one.registration_id, one.drawn_at);
                    all.push(Waiting { matter, id, by: None, since, until: None });
                }
            }
        }
        let mut tx = context.db.read().await?;
        if roles.may(Permission::ReviewBlocks) {
            for one in calls::recent(context, &mut tx, who, Uuid::max(), CALLS).await? {
                if one.row.looked_by.is_none() {
                    let (id, by, since) = (one.row.event_id, Some(one.row.officer_id), one.row.at);
                    all.push(Waiting { matter: Matter::Call, id, by, since, until: None });
                }
            }
            for one in helpers::frequent(context, &mut tx, who, now).await? {
                let (id, by, since) = (one.help_id, one.officers.first().copied(), one.last_at);
                all.push(Waiting { matter: Matter::Helper, id, by, since, until: None });
            }
        }
        if roles.may(Permission::ReviewSearches) {
            for one in browsing::days(context, &mut tx, who, now).await? {
                if !one.signs.is_empty() && one.former.is_none() && one.officer_id != who.officer_id {
                    let (id, by, since) = (one.officer_id, Some(one.officer_id), one.begins());
                    all.push(Waiting { matter: Matter::Searches, id, by, since, until: None });
                }
            }
        }
        Ok(all)
    }
}

fn named(waiting: Waiting, names: &HashMap<Uuid, String>) -> NamedWaiting {
    let by = waiting.by.map(|by| names.get(&by).cloned().unwrap_or_default());
    NamedWaiting { by, waiting }
}
