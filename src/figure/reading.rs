//! The figures of an office, for its people: what it did, and how many digital KTPs there are in its region.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::counting::rebuilding;
use super::model::{Kind, People, Rate, WaitKind, Waited, date_of};
use super::store::{self, MarkState, Moved};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::life::TallyKind;
use crate::register::{Level, Region};

/// Days of figures that are read at once.
pub const MOST_DAYS: i64 = 366;

/// Reads figures. Cloning shares everything.
#[derive(Clone)]
pub struct Reading {
    context: Context,
}

/// A span of days as the tables have them: from one on, until before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: i64,
    /// The first that is not of it.
    pub until: i64,
}

impl Days {
    /// From a day on until before another.
    ///
    /// # Errors
    /// `invalid_field` when these are none, or more than [`MOST_DAYS`].
    pub fn new(from: i64, until: i64) -> Result<Self, Refusal> {
        if from < until && until - from <= MOST_DAYS {
            return Ok(Self { from, until });
        }
        Err(Refusal::field("until", "Pilih 1 sampai 366 hari.", "Choose 1 to 366 days."))
    }

    const fn pair(self) -> (i64, i64) {
        (self.from, self.until)
    }
}

/// The figures of an office in some days.
#[derive(Debug)]
pub struct OfOffice {
    /// Up to when everything is counted.
    pub as_of: Timestamp,
    /// The region that the office answers for.
    pub scope: Option<Region>,
    /// What was done at the office, by day.
    pub days: Vec<(i64, Kind, i64)>,
    /// Why it was given back, refused, ended.
    pub reasons: Vec<(Kind, String, i64)>,
    /// Whom the office activated who live elsewhere; none without a region.
    pub outsiders: Option<i64>,
    /// How long people waited here.
    pub waits: Vec<(WaitKind, Option<Waited>)>,
    /// Of the region's people who registered in these days, how far they came.
    pub cohort: Vec<(Kind, i64)>,
    /// The region's districts, and what lies in none.
    pub regions: Vec<Stand>,
    /// All of the region.
    pub total: Option<Stand>,
}

/// How many digital KTPs there are in a region, how they came and went, and how many there are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Where.
    pub region: Region,
    /// How many there were before.
    pub before: i64,
    /// For the first time.
    pub first: i64,
    /// Again.
    pub again: i64,
    /// Ended.
    pub ended: i64,
    /// Moved here.
    pub moved_in: i64,
    /// Moved away.
    pub moved_out: i64,
    /// Of those that were activated, at this office.
    pub served_here: i64,
    /// What the national aggregate says.
    pub people: People,
    /// How many there are to be.
    pub target: Option<i64>,
}

impl Stand {
    /// Of nothing.
    pub fn new(region: Region) -> Self {
        Self {
            region,
            before: 0,
            first: 0,
            again: 0,
            ended: 0,
            moved_in: 0,
            moved_out: 0,
            served_here: 0,
            people: People::default(),
            target: None,
        }
    }

    /// How many there are now: `before + first + again − ended + moved_in − moved_out`.
    pub const fn active(&self) -> i64 {
        self.before + self.first + self.again - self.ended + self.moved_in - self.moved_out
    }

    /// Of those that were activated, elsewhere.
    pub const fn served_elsewhere(&self) -> i64 {
        self.first + self.again - self.served_here
    }

    /// Adds what came and went of one kind.
    pub fn add(&mut self, moved: &Moved) {
        let Moved { kind, before, within, own, .. } = *moved;
        let (place, change) = match kind {
            Kind::ActivatedFirst => (&mut self.first, TallyKind::ActivatedFirst.change()),
            Kind::ActivatedAgain => (&mut self.again, TallyKind::ActivatedAgain.change()),
            Kind::Ended => (&mut self.ended, TallyKind::Ended.change()),
            Kind::MovedIn => (&mut self.moved_in, TallyKind::MovedIn.change()),
            Kind::MovedOut => (&mut self.moved_out, TallyKind::MovedOut.change()),
            _ => return,
        };
        *place += within;
        self.before += change * before;
        if matches!(kind, Kind::ActivatedFirst | Kind::ActivatedAgain) {
            self.served_here += own;
        }
    }
}

impl Reading {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// The figures of an office.
    ///
    /// # Errors
    /// `wrong_state` while they are counted anew.
    pub async fn of_office(&self, office: Uuid, days: Days) -> Result<OfOffice> {
        let mut tx = self.context.db.read().await?;
        let tx = &mut tx;
        let as_of = as_of(tx).await?;
        let scope = scope(tx, office).await?;
        let mut waits = Vec::new();
        for kind in WaitKind::ALL {
            let sorted = store::waits(tx, office, *kind, days.pair()).await?;
            waits.push((*kind, Waited::of(&sorted)));
        }
        let (mut outsiders, mut cohort, mut regions, mut total) = (None, Vec::new(), Vec::new(), None);
        if let Some(scope) = scope {
            outsiders = Some(store::outsiders(tx, office, days.pair(), scope.range()).await?);
            cohort = store::cohort(tx, days.pair(), scope.range()).await?;
            let (all, sum) = stands(tx, office, scope, days).await?;
            (regions, total) = (all, Some(sum));
        }
        let reasons = store::reasons(tx, office, days.pair()).await?;
        let days = store::of_office(tx, office, days.pair()).await?;
        Ok(OfOffice { as_of, scope, days, reasons, outsiders, waits, cohort, regions, total })
    }
}

/// Up to when everything is counted.
///
/// # Errors
/// `wrong_state` while it is counted anew.
pub(super) async fn as_of(tx: &mut Tx) -> Result<Timestamp> {
    match store::mark(tx).await? {
        Some((MarkState::Counting, as_of)) if as_of > Timestamp::default() => Ok(as_of),
        _ => Err(rebuilding().into()),
    }
}

/// The region that an office answers for.
pub(super) async fn scope(tx: &mut Tx, office: Uuid) -> Result<Option<Region>> {
    Ok(store::scope(tx, office).await?.map(Region::from_code))
}

/// The districts of a scope, by code, each with what came and went in some days, and one more for what is known to lie in the scope and in
/// none of them, where there is any; and all of the scope.
async fn stands(tx: &mut Tx, office: Uuid, scope: Region, days: Days) -> Result<(Vec<Stand>, Stand)> {
    let listed = scope.districts();
    let mut stands: BTreeMap<_, _> = listed.iter().map(|region| (*region, Stand::new(*region))).collect();
    let mut total = Stand::new(scope);
    for moved in store::stock(tx, days.pair(), scope.range(), office).await? {
        let place = Region::from_code(moved.home_region).district();
        stands.entry(place).or_insert_with(|| Stand::new(place)).add(&moved);
        total.add(&moved);
    }
    let said = people(tx, scope, days.until).await?;
    let rates = rates(tx, scope, i64::from(date_of(days.until - 1).year())).await?;
    for stand in stands.values_mut() {
        stand.people = people_of(&said, stand.region);
        stand.target = stand.people.target(rate_of(&rates, stand.region));
    }
    let districts: Vec<_> = listed.iter().filter_map(|region| stands.get(region)).map(|stand| stand.people).collect();
    total.people = said.get(&scope).copied().unwrap_or_else(|| People::sum(&districts));
    total.target = total.people.target(rate_of(&rates, scope));
    Ok((stands.into_values().collect(), total))
}

/// The targets that were set as of a year, for regions in a scope and for those around it.
pub(super) async fn rates(tx: &mut Tx, scope: Region, year: i64) -> Result<BTreeMap<Region, Rate>> {
    let mut rates = store::rates(tx, scope.range(), year).await?;
    for around in scope.outwards().skip(1) {
        if let Some(rate) = store::rate(tx, around.code(), year).await? {
            rates.insert(around, rate);
        }
    }
    Ok(rates)
}

/// The target that counts for a region: its own, or that of the closest region around it.
pub(super) fn rate_of(rates: &BTreeMap<Region, Rate>, region: Region) -> Option<Rate> {
    region.outwards().find_map(|around| rates.get(&around)).copied()
}

/// The newest that the national aggregate says of the regions in a scope, before a day.
pub(super) async fn people(tx: &mut Tx, scope: Region, before: i64) -> Result<BTreeMap<Region, People>> {
    let rows = store::people(tx, scope.range(), before).await?;
    let of = |(region, _, population, eligible, recorded)| {
        (Region::from_code(region), People { population, eligible, recorded })
    };
    Ok(rows.into_iter().map(of).collect())
}

/// What is said of a region: of itself, else the sum of all its villages, where something is said of each.
pub(super) fn people_of(said: &BTreeMap<Region, People>, region: Region) -> People {
    if let Some(people) = said.get(&region) {
        return *people;
    }
    if region.level() != Level::District {
        return People::default();
    }
    let villages = region.villages();
    let villages: Vec<_> = villages.iter().map(|village| said.get(village).copied().unwrap_or_default()).collect();
    People::sum(&villages)
}
