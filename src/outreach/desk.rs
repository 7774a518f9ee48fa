//! What an office does with its sessions of outreach. Who may do what is judged at the counter.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::{Details, KEEP_DAYS, Outreach, Part, Plan, State};
use super::store;
use crate::clerk::{Clerk, own_request};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Refusal, Result};
use crate::register::regions::regions;
use crate::registration::{State as Stood, ports as registration};
use crate::staff::{Role, ports as staff};
use crate::transaction;

pub(super) const SEALED: &str = "outreach";
/// Sessions of which something is forgotten in one round.
const BATCH: i64 = 100;
/// Minutes that a sheet takes for those without network.
const MOST_MINUTES: i64 = 24 * 60;

/// The sessions of all offices. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
}

/// A session as somebody of its office sees it.
#[derive(Debug)]
pub struct Seen {
    /// The session.
    pub outreach: Outreach,
    /// What is sealed with it.
    pub details: Details,
    /// Who goes there.
    pub roster: Vec<(Uuid, Part)>,
    /// How many people were scanned there, by where their registration stands; of what was reported, stood.
    pub figures: Vec<(Stood, i64)>,
}

impl Seen {
    /// Who leads it.
    pub fn lead(&self) -> Option<Uuid> {
        self.roster.iter().find(|(_, part)| *part == Part::Lead).map(|(person, _)| *person)
    }
}

impl Desk {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Plans a session; `alone` by somebody whose word is enough, else it waits to be confirmed.
    ///
    /// # Errors
    /// `invalid_field`.
    pub async fn plan(&self, tx: &mut Tx, by: Clerk, plan: &Plan, alone: bool) -> Result<Outreach> {
        let now = self.context.now();
        let outreach = Outreach {
            outreach_id: self.context.random.uuid_v7(now),
            office_id: by.office_id,
            kind: plan.kind,
            state: if alone { State::Planned } else { State::Asked },
            revision: 0,
            village_code: plan.village_code.clone(),
            starts_at: plan.starts_at,
            ends_at: plan.ends_at,
            capacity: plan.capacity,
            planned_by: by.officer_id,
            confirmed_by: alone.then_some(by.officer_id),
            opened_at: None,
            closed_at: None,
            reported_at: None,
            offline_minutes: None,
        };
        let roster = self.roster_of(tx, by.office_id, plan).await?;
        let sealed = self.seal(outreach.outreach_id, &plan.details)?;
        store::add(tx, &outreach, (&sealed, forget_after(&outreach)), now).await?;
        store::set_roster(tx, outreach.outreach_id, &roster).await?;
        Ok(outreach)
    }

    /// Writes another plan in place of the one that was seen. What an officer changes waits to be confirmed, again.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `wrong_state`.
    pub async fn edit(
        &self,
        tx: &mut Tx,
        by: Clerk,
        (id, version): (Uuid, &str),
        plan: &Plan,
        alone: bool,
    ) -> Result<()> {
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_planning()?;
        let changed = Outreach {
            kind: plan.kind,
            state: if alone { State::Planned } else { State::Asked },
            village_code: plan.village_code.clone(),
            starts_at: plan.starts_at,
            ends_at: plan.ends_at,
            capacity: plan.capacity,
            planned_by: by.officer_id,
            confirmed_by: alone.then_some(by.officer_id),
            ..held
        };
        let roster = self.roster_of(tx, by.office_id, plan).await?;
        let sealed = self.seal(id, &plan.details)?;
        store::edit(tx, &changed, &sealed, forget_after(&changed)).await?.demand()?;
        Ok(store::set_roster(tx, id, &roster).await?)
    }

    /// Who goes there and as what: people of the office who work there now, led by somebody who serves.
    async fn roster_of(&self, tx: &mut Tx, office: Uuid, plan: &Plan) -> Result<Vec<(Uuid, Part)>> {
        let here: HashMap<Uuid, Role> = staff::colleagues(tx, office, self.context.now())
            .await?
            .into_iter()
            .map(|one| (one.staff_id, one.roles.own))
            .collect();
        let part = |person: &Uuid| match here.get(person) {
            Some(Role::Officer | Role::Supervisor) if *person == plan.lead => Some(Part::Lead),
            Some(Role::Officer | Role::Supervisor) => Some(Part::Officer),
            Some(Role::Assistant) if *person != plan.lead => Some(Part::Assistant),
            _ => None,
        };
        let roster: Option<Vec<_>> = plan.people.iter().map(|one| part(one).map(|part| (*one, part))).collect();
        Ok(roster.ok_or_else(strangers)?)
    }

    /// Lets a session take place that somebody else asked for.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for the own, `wrong_state`.
    pub async fn confirm(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<()> {
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require(State::Asked)?;
        if held.planned_by == by.officer_id {
            return Err(own_request().into());
        }
        store::confirm(tx, &held, by.officer_id).await?.demand()
    }

    /// It does not take place.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn cancel(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<()> {
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_planning()?;
        store::cancel(tx, &held).await?.demand()
    }

    /// Opens it: from now on whoever of its roster scans somebody does so in it.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it is not its time, or somebody of the roster is in another open session.
    pub async fn open(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<()> {
        let now = self.context.now();
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_openable(now)?;
        store::open(tx, &held, now).await?.demand()?;
        store::set_open(tx, id, true).await.map_err(|error| match error {
            DbError::Unique => elsewhere().into(),
            other => other.into(),
        })
    }

    /// Closes it: nobody is served there any more.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn close(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<()> {
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require(State::Open)?;
        store::close(tx, &held, self.context.now()).await?.demand()?;
        Ok(store::set_open(tx, id, false).await?)
    }

    /// Reports it with what the sheet says at this moment. Afterwards nothing changes any more.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `wrong_state`.
    pub async fn report(&self, tx: &mut Tx, by: Clerk, (id, version): (Uuid, &str), minutes: i64) -> Result<()> {
        if !(0..=MOST_MINUTES).contains(&minutes) {
            return Err(minutes_wrong().into());
        }
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require(State::Closed)?;
        let figures = registration::of_outreach(tx, id).await?;
        store::report(tx, &held, (by.officer_id, self.context.now()), minutes).await?.demand()?;
        for (state, people) in figures {
            store::add_figure(tx, id, state, people).await?;
        }
        Ok(())
    }

    /// A session of the office.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn see(&self, tx: &mut Tx, office: Uuid, id: Uuid) -> Result<Seen> {
        let outreach = of_office(store::lookup(tx, id).await?, office)?;
        let figures = people(tx, &outreach).await?;
        let details = details(&self.context, tx, id).await?;
        Ok(Seen { details, roster: store::roster(tx, id).await?, figures, outreach })
    }

    /// An office's sessions, those that begin last first, each with its place.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(
        &self,
        tx: &mut Tx,
        office: Uuid,
        after: (Timestamp, Uuid),
        limit: i64,
    ) -> Result<Vec<(Outreach, Details)>> {
        let mut seen = Vec::new();
        for outreach in store::of_office(tx, office, after, limit).await? {
            let details = details(&self.context, tx, outreach.outreach_id).await?;
            seen.push((outreach, details));
        }
        Ok(seen)
    }

    /// Forgets who coordinated sessions long ago, and whose homes were visited; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let over = {
            let mut tx = self.context.db.read().await?;
            store::to_forget(&mut tx, now, BATCH).await?
        };
        for id in &over {
            transaction!(self.context.db, "outreach.forget", |tx| {
                let Some(held) = store::hold(tx, *id).await? else { return Ok(()) };
                let details: Details = details(&self.context, tx, *id).await?;
                let sealed = self.seal(*id, &details.forgotten(held.kind))?;
                store::forget(tx, *id, &sealed).await?.demand()
            })?;
        }
        Ok(over.len() as u64)
    }

    async fn held(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str) -> Result<Outreach> {
        let held = of_office(store::hold(tx, id).await?, office)?;
        if version == held.version() { Ok(held) } else { Err(changed_since().into()) }
    }

    fn seal(&self, id: Uuid, details: &Details) -> Result<Vec<u8>> {
        Ok(self.context.vault.seal_row(&self.context.random, SEALED, id, details)?)
    }
}

/// That a code is one of today's villages.
///
/// # Errors
/// `invalid_field`.
pub fn check_village(code: &str) -> Result<String, Refusal> {
    let number = code.parse::<u64>().ok().filter(|_| code.len() == 10);
    match number.and_then(|number| regions().village(number)) {
        Some(_) => Ok(code.to_owned()),
        None => Err(Refusal::field(
            "village_code",
            "Pilih desa atau kelurahan dari daftar.",
            "Choose a village from the list.",
        )),
    }
}

/// How many people came in a session, by where their registrations stand; as its sheet says, once it was reported.
pub(super) async fn people(tx: &mut Tx, outreach: &Outreach) -> Result<Vec<(Stood, i64)>> {
    match outreach.state {
        State::Reported => Ok(store::figures(tx, outreach.outreach_id).await?),
        _ => registration::of_outreach(tx, outreach.outreach_id).await,
    }
}

pub(super) async fn details(context: &Context, tx: &mut Tx, id: Uuid) -> Result<Details> {
    let sealed = store::sealed(tx, id).await?.ok_or(Code::NotFound)?;
    Ok(context.vault.open_row(SEALED, id, &sealed)?)
}

const fn forget_after(outreach: &Outreach) -> Timestamp {
    outreach.ends_at.plus_seconds(KEEP_DAYS * DAY)
}

fn of_office(found: Option<Outreach>, office: Uuid) -> Result<Outreach> {
    found.filter(|found| found.office_id == office).ok_or_else(|| Code::NotFound.into())
}

fn strangers() -> Refusal {
    Refusal::field(
        "people",
        "Pilih orang kantor ini yang masih bertugas; pemimpin sesi seorang petugas atau penyelia.",
        "Choose people of this office who work here now; an officer or a supervisor leads.",
    )
}

fn elsewhere() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Seorang petugas sesi ini masih tercatat di sesi lain yang terbuka. Tutup sesi itu dahulu, atau ubah daftar petugas.",
        "Somebody of this session is on the roster of another one that is open. Close that first, or change the roster.",
    )
}

fn minutes_wrong() -> Refusal {
    Refusal::field(
        "offline_minutes",
        "Isi menit tanpa jaringan: 0 sampai 1.440.",
        "Write the minutes without network: 0 to 1,440.",
    )
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Sesi ini berubah sejak Anda membukanya; buka lagi, lalu lanjutkan.",
        "This session changed since you opened it; open it again, then go on.",
    )
}
