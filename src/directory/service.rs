//! What the public reads, as a node remembers it.

use std::sync::Arc;

use uuid::Uuid;

use super::branches::AcceptingBranches;
use super::cached::{Cached, CachedBy, is_fresh};
use super::model::{LATE_MESSAGES, MailPace, ServingTime};
use super::place::{Place, page_after};
use super::search::Snapshot;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::mail::outbox;
use crate::office::model::Day;
use crate::office::ports::{self as offices, Listed};
use crate::outreach::ports::{self as outreach, Whereabouts};
use crate::page::{self, Page};
use crate::register::{Date, PopulationRegister};
use crate::registration::ports::{self as registrations, Calls};

/// Seconds for which a node takes the list of offices as it is.
const LIST_SECONDS: i64 = 5;
/// Seconds for which it takes the state of the service as it is.
const STATUS_SECONDS: i64 = 5;
/// Seconds for which it takes an office's times, and where it goes next, as they are.
const LATELY_SECONDS: i64 = 60;
/// Days ahead of which sessions of outreach are told, and how many of them.
const OUTREACH_DAYS: i64 = 30;
const OUTREACH_SHOWN: i64 = 3;
/// Seconds for which it takes the numbers that an office calls as they are, and how many of them are told.
const CALLS_SECONDS: i64 = 2;
const CALLS_SHOWN: i64 = 6;
/// Offices that are read at once.
const BATCH: i64 = 500;
/// Days ahead of which holidays are told.
const DAYS_AHEAD: i32 = 60;
/// People of a day whose times are looked at: the last that were served.
const PEOPLE: i64 = 101;
/// Characters that may be looked for.
const MOST_WORDS: usize = 80;

/// Offices and the state of the service, for everybody. Cloning shares everything.
#[derive(Clone)]
pub struct Directory {
    /// Where digital KTPs are accepted.
    pub branches: AcceptingBranches,
    context: Context,
    register: PopulationRegister,
    list: Cached<Arc<Snapshot>>,
    lately: CachedBy<Uuid, Lately>,
    calls: CachedBy<Uuid, Calls>,
    status: Cached<Status>,
}

/// An office as it is now.
#[derive(Debug)]
pub struct Shown {
    /// What is known of it.
    pub office: Listed,
    /// What its day is now.
    pub today: Day,
    /// How long people are there today; none of too few.
    pub serving_time: Option<ServingTime>,
    /// Where it serves everybody beside its counters next.
    pub outreach: Vec<Whereabouts>,
}

/// What changes of an office within minutes.
#[derive(Clone, Debug)]
struct Lately {
    serving_time: Option<ServingTime>,
    outreach: Vec<Whereabouts>,
}

/// How the service works now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// When this was looked at.
    pub at: Timestamp,
    /// Whether the population register answers.
    pub register_answers: bool,
    /// Since when, where that is known.
    pub register_since: Option<Timestamp>,
    /// How mail goes.
    pub mail: MailPace,
    /// Offices that are open now.
    pub open_offices: usize,
    /// Offices of which is known when they are open.
    pub offices: usize,
}

impl Directory {
    /// `register` is the one whose state is told.
    pub fn new(context: Context, register: PopulationRegister) -> Self {
        let (list, status) = (Cached::default(), Cached::default());
        let (lately, calls) = (CachedBy::default(), CachedBy::default());
        let branches = AcceptingBranches::new(context.clone());
        Self { branches, context, register, list, lately, calls, status }
    }

    /// A page of the offices that fit the words, the best fit first; without words, by code.
    ///
    /// # Errors
    /// `malformed_request` for words that are too long, and for a cursor that was not given out here.
    pub async fn find(&self, words: &str, cursor: Option<&str>, limit: i64) -> Result<Page<Shown>> {
        if words.chars().count() > MOST_WORDS {
            return Err(Code::MalformedRequest.into());
        }
        let after = page::after(cursor, Place::FIRST)?;
        let limit = limit.clamp(1, page::MOST);
        let (snapshot, words) = (self.snapshot().await?, words.to_owned());
        // Comparing words takes time of the processor, and the names of all regions are put in order at the first time.
        let page =
            tokio::task::spawn_blocking(move || page_after(snapshot.find(&words), &after, limit).map(Listed::clone));
        let page = page.await.map_err(Error::internal)?;
        let now = self.context.now();
        let mut items = Vec::with_capacity(page.items.len());
        for office in page.items {
            let Lately { serving_time, outreach } = self.lately(id_of(&office), now).await?;
            // What was read some seconds ago may be over.
            let outreach = outreach.into_iter().filter(|next| next.outreach.ends_at > now).collect();
            items.push(Shown { today: today(&office, now), serving_time, outreach, office });
        }
        Ok(Page { items, next: page.next })
    }

    /// How the service works.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn status(&self) -> Result<Status> {
        let snapshot = self.snapshot().await?;
        let now = self.context.now();
        let mut last = self.status.hold().await;
        if let Some((at, status)) = *last
            && is_fresh(at, now, STATUS_SECONDS)
        {
            return Ok(status);
        }
        let mut tx = self.context.db.read().await?;
        let (register_answers, register_since) = self.register.availability(&mut tx).await?;
        let waited = outbox::waits(&mut tx, now, LATE_MESSAGES).await?;
        let days: Vec<Day> = snapshot.offices().iter().map(|office| today(office, now)).collect();
        let status = Status {
            at: now,
            register_answers,
            register_since,
            mail: MailPace::of(waited),
            open_offices: days.iter().filter(|day| matches!(day, Day::Open { .. })).count(),
            offices: days.iter().filter(|day| **day != Day::Unknown).count(),
        };
        *last = Some((now, status));
        Ok(status)
    }

    /// Whom an office called lately and how many wait there; with the office's name.
    ///
    /// # Errors
    /// `not_found` for a code that no office has.
    pub async fn calls(&self, code: &str) -> Result<(String, Calls)> {
        let snapshot = self.snapshot().await?;
        let office = snapshot.offices().iter().find(|one| one.entry.office.code == code).ok_or(Code::NotFound)?;
        let (id, name, now) = (id_of(office), office.entry.office.name.clone(), self.context.now());
        let known = self.calls.of(id);
        let mut last = known.hold().await;
        if let Some((at, calls)) = last.as_ref()
            && is_fresh(*at, now, CALLS_SECONDS)
        {
            return Ok((name, calls.clone()));
        }
        let mut tx = self.context.db.read().await?;
        let calls = registrations::calls(&mut tx, id, now, CALLS_SHOWN).await?;
        *last = Some((now, calls.clone()));
        Ok((name, calls))
    }

    /// All offices, as they are or were some seconds ago.
    async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let now = self.context.now();
        let day = Date::in_jakarta(now);
        let mut last = self.list.hold().await;
        if let Some((at, snapshot)) = last.as_ref()
            && is_fresh(*at, now, LIST_SECONDS)
            && snapshot.day == day
        {
            return Ok(Arc::clone(snapshot));
        }
        let mut tx = self.context.db.read().await?;
        // The revision first: what changes while the offices are read is read again.
        let revision = offices::revision(&mut tx).await?;
        if let Some((at, snapshot)) = last.as_mut()
            && snapshot.revision == revision
            && snapshot.day == day
        {
            *at = now;
            return Ok(Arc::clone(snapshot));
        }
        let days = (day, day.plus_days(DAYS_AHEAD).unwrap_or(day));
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let some = offices::listed(&mut tx, &after, days, BATCH).await?;
            let Some(one) = some.last() else { break };
            after.clone_from(&one.entry.office.code);
            all.extend(some);
        }
        let snapshot = Arc::new(Snapshot::new((revision, day), all));
        *last = Some((now, Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    /// How long people are at an office today, and where it goes next.
    async fn lately(&self, office: Uuid, now: Timestamp) -> Result<Lately> {
        let known = self.lately.of(office);
        let mut last = known.hold().await;
        if let Some((at, lately)) = last.as_ref()
            && is_fresh(*at, now, LATELY_SECONDS)
        {
            return Ok(lately.clone());
        }
        let mut tx = self.context.db.read().await?;
        let since = crate::register::midnight_in_jakarta(now);
        let seconds = registrations::serving_seconds(&mut tx, office, since, PEOPLE).await?;
        let times = (now, now.plus_seconds(OUTREACH_DAYS * DAY));
        let next = outreach::upcoming(&self.context, &mut tx, office, times, OUTREACH_SHOWN).await?;
        let lately = Lately { serving_time: ServingTime::of(seconds), outreach: next };
        *last = Some((now, lately.clone()));
        Ok(lately)
    }
}

const fn id_of(office: &Listed) -> Uuid {
    office.entry.office.office_id
}

fn today(office: &Listed, now: Timestamp) -> Day {
    let local = office.entry.office.zone.local(now);
    let holiday = office.holidays.iter().find(|one| one.day == local.day);
    office.week.today(local, holiday.map(|one| one.name.as_str()))
}
