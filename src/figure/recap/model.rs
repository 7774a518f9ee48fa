//! The recap of a month as an office sends it upward: what it holds, and how that follows from counts. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::model::{Kind, People, Rate, WaitKind, Waited, date_of, day_of};
use super::super::reading::{Days, people_of, rate_of};
use super::super::store::Moved;
use crate::clock::Timestamp;
use crate::error::{Code, Refusal};
use crate::life::TallyKind;
use crate::outreach::Outreach;
use crate::register::{Date, Level, Region};
use crate::registration::State;

/// Kinds of changes of how many digital KTPs there are.
pub const CHANGES: usize = TallyKind::ALL.len();
/// How often each happened.
pub type Changes = [i64; CHANGES];

/// A month, counted from January 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(pub i64);

impl Month {
    /// The month of a date.
    pub fn of(date: Date) -> Self {
        Self((i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1)
    }

    /// Reads `2026-11`.
    pub fn parse(text: &str) -> Option<Self> {
        Date::parse(&format!("{text}-01")).ok().map(Self::of)
    }

    /// Its year, and its number in that, from 1.
    pub const fn parts(self) -> (i64, i64) {
        (1970 + self.0.div_euclid(12), 1 + self.0.rem_euclid(12))
    }

    /// `2026-11`.
    pub fn text(self) -> String {
        let (year, month) = self.parts();
        format!("{year:04}-{month:02}")
    }

    /// Its first day, as the tables have it.
    fn first(self) -> i64 {
        Date::parse(&format!("{}-01", self.text())).map(day_of).unwrap_or_default()
    }

    /// Its days.
    pub fn days(self) -> Days {
        Days { from: self.first(), until: Self(self.0 + 1).first() }
    }

    /// The one before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// That it is over, and counted to its end.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_over(self, as_of: Timestamp) -> Result<(), Refusal> {
        if as_of.day_in_jakarta() >= self.days().until {
            return Ok(());
        }
        Err(Refusal::new(Code::WrongState).detail(
            "Bulan ini belum berakhir atau belum selesai dihitung; ajukan sesudah tanggal 1 bulan berikutnya.",
            "The month is not over, or not counted to its end; ask from the first of the next month on.",
        ))
    }
}

/// One line: a region, or what was corrected of it since an earlier month was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Where.
    pub region: i64,
    /// Whether it corrects months that were signed before.
    pub correction: bool,
    /// *Jumlah penduduk*.
    pub population: Option<i64>,
    /// *Wajib KTP-el*.
    pub eligible: Option<i64>,
    /// *Sudah rekam*.
    pub recorded: Option<i64>,
    /// How many digital KTPs there are to be.
    pub target: Option<i64>,
    /// How many there were at the end of the month before.
    pub last: i64,
    /// What came and went, in the order of [`TallyKind::ALL`].
    pub changes: Changes,
    /// Of those that were activated, at the own office.
    pub served_here: i64,
    /// What came and went from the beginning to the end of this month; of corrections nothing.
    pub through: Changes,
}

impl Row {
    fn new(region: Region, correction: bool) -> Self {
        Self {
            region: region.code(),
            correction,
            population: None,
            eligible: None,
            recorded: None,
            target: None,
            last: 0,
            changes: [0; CHANGES],
            served_here: 0,
            through: [0; CHANGES],
        }
    }

    /// How many there are at the end of the month: last month's and what came and went.
    pub fn active(&self) -> i64 {
        self.last + balance(&self.changes)
    }

    /// Of those that were activated, elsewhere.
    pub fn served_elsewhere(&self) -> i64 {
        self.of(TallyKind::ActivatedFirst) + self.of(TallyKind::ActivatedAgain) - self.served_here
    }

    /// How often something happened.
    pub fn of(&self, kind: TallyKind) -> i64 {
        TallyKind::ALL.iter().position(|one| *one == kind).map_or(0, |at| self.changes[at])
    }

    fn set_people(&mut self, people: People, rate: Option<Rate>) {
        let People { population, eligible, recorded } = people;
        (self.population, self.eligible, self.recorded) = (population, eligible, recorded);
        self.target = people.target(rate);
    }
}

/// By how many there are more after these.
pub fn balance(changes: &Changes) -> i64 {
    TallyKind::ALL.iter().zip(changes).map(|(kind, n)| kind.change() * n).sum()
}

fn plus(left: &Changes, right: &Changes) -> Changes {
    std::array::from_fn(|at| left[at] + right[at])
}

fn minus(left: &Changes, right: &Changes) -> Changes {
    std::array::from_fn(|at| left[at] - right[at])
}

/// What was done at the office on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daily {
    /// Which, as the tables have it.
    pub day: i64,
    /// Residents at the counter.
    pub scanned: i64,
    /// Approved.
    pub approved: i64,
    /// Given back.
    pub returned: i64,
    /// Refused.
    pub rejected: i64,
    /// Digital KTPs activated.
    pub activated: i64,
}

/// A session of outreach that took place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The day, as the tables have it.
    pub day: i64,
    /// What kind of session it was.
    pub kind: String,
    /// The village.
    pub village: i64,
    /// How many people could be served.
    pub capacity: i64,
    /// Residents before an officer there.
    pub scanned: i64,
    /// Of them, whose digital KTP was activated.
    pub activated: i64,
    /// Approved, and not activated yet.
    pub pending: i64,
    /// Not decided yet.
    pub waiting: i64,
    /// Given back, to correct something.
    pub returned: i64,
    /// Refused, given up or too old.
    pub ended: i64,
    /// Minutes without network, once the sheet was reported.
    pub offline_minutes: Option<i64>,
}

impl Session {
    /// How many came of it.
    pub fn new(outreach: &Outreach, people: &[(State, i64)]) -> Self {
        let of = |states: &[State]| people.iter().filter(|(state, _)| states.contains(state)).map(|(_, n)| n).sum();
        Self {
            day: outreach.starts_at.day_in_jakarta(),
            kind: <&str>::from(outreach.kind).to_owned(),
            village: outreach.village_code.parse().unwrap_or_default(),
            capacity: outreach.capacity,
            scanned: people.iter().map(|(_, n)| n).sum(),
            activated: of(&[State::Active]),
            pending: of(&[State::ApprovedPendingRegister, State::CodeSent, State::NeedsPin]),
            waiting: of(&[State::AwaitingOfficer]),
            returned: of(&[State::NeedsSelfie, State::NeedsCorrection]),
            ended: of(&[State::Rejected, State::Expired, State::Cancelled]),
            offline_minutes: outreach.offline_minutes,
        }
    }
}

/// A month of an office. It is stored as it was asked for, so its names are those of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The office's name.
    pub office: String,
    /// The region that it answers for.
    pub scope: i64,
    /// The month.
    pub month: i64,
    /// Up to when everything was counted, in microseconds.
    pub as_of: i64,
    /// All of the region.
    pub total: Row,
    /// By district; corrections after the others.
    pub districts: Vec<Row>,
    /// By village; corrections after the others.
    pub villages: Vec<Row>,
    /// What was done at the office, each day of the month.
    pub daily: Vec<Daily>,
    /// What was done at the office in the month, by kind.
    pub flow: Vec<(String, i64)>,
    /// Of the region's people who registered in the month, how far they came.
    pub cohort: Vec<(String, i64)>,
    /// Of each wait how often, median and nine of ten, in minutes.
    pub waits: Vec<(String, Option<[i64; 3]>)>,
    /// What was given back, refused and ended here, and why.
    pub reasons: Vec<(String, String, i64)>,
    /// Whom the office activated who live elsewhere.
    pub outsiders: i64,
    /// Sessions of outreach that began in the month; in what was asked for before there was this list, none.
    #[serde(default)]
    pub outreach: Vec<Session>,
}

/// What a document follows from.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The office's name.
    pub office: &'a str,
    /// The region that it answers for.
    pub scope: Region,
    /// The month.
    pub month: Month,
    /// Up to when everything is counted.
    pub as_of: Timestamp,
    /// What came and went, by village.
    pub stock: &'a [Moved],
    /// The month before as it was signed.
    pub signed: Option<&'a Document>,
    /// What the national aggregate says.
    pub people: &'a BTreeMap<Region, People>,
    /// The targets that were set.
    pub rates: &'a BTreeMap<Region, Rate>,
    /// What was done at the office, by day and kind.
    pub days: &'a [(i64, Kind, i64)],
    /// How far those came who registered.
    pub cohort: &'a [(Kind, i64)],
    /// How long people waited.
    pub waits: &'a [(WaitKind, Option<Waited>)],
    /// Why.
    pub reasons: &'a [(Kind, String, i64)],
    /// Whom the office activated who live elsewhere.
    pub outsiders: i64,
    /// Sessions of outreach that began in the month.
    pub outreach: &'a [Session],
}

/// What came and went in a village: before the month, within, and how many of these activations were the office's.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    before: Changes,
    within: Changes,
    own: i64,
}

impl Document {
    /// Puts the month together.
    pub fn build(from: &Sources<'_>) -> Self {
        let counts = counts(from.stock);
        let signed = from.signed.map(Self::through);
        let villages = rows(from, &counts, signed.as_ref(), Level::Village);
        let districts = rows(from, &counts, signed.as_ref(), Level::District);
        let mut total = Row::new(from.scope, false);
        for row in &villages {
            total.last += row.last;
            total.changes = plus(&total.changes, &row.changes);
            total.served_here += row.served_here;
            total.through = plus(&total.through, &row.through);
        }
        total.set_people(scope_people(from, &districts), rate_of(from.rates, from.scope));
        let word = |kind: &Kind| kind.as_str().to_owned();
        Self {
            office: from.office.to_owned(),
            scope: from.scope.code(),
            month: from.month.0,
            as_of: from.as_of.micros(),
            total,
            districts,
            villages,
            daily: daily(from),
            flow: flow(from.days).iter().map(|(kind, n)| (word(kind), *n)).collect(),
            cohort: from.cohort.iter().map(|(kind, n)| (word(kind), *n)).collect(),
            waits: from
                .waits
                .iter()
                .map(|(kind, waited)| {
                    (kind.as_str().to_owned(), waited.map(|Waited { count, median, p90 }| [count, median, p90]))
                })
                .collect(),
            reasons: from.reasons.iter().map(|(kind, why, n)| (word(kind), why.clone(), *n)).collect(),
            outsiders: from.outsiders,
            outreach: from.outreach.to_vec(),
        }
    }

    /// What came and went from the beginning to the end of the month, by village, as it was signed.
    fn through(&self) -> BTreeMap<Region, Changes> {
        let rows = self.villages.iter().filter(|row| !row.correction);
        rows.map(|row| (Region::from_code(row.region), row.through)).collect()
    }

    /// The month.
    pub const fn month(&self) -> Month {
        Month(self.month)
    }

    /// The ranks of rows that have a target: who is closest to it is the first; who is as close has the same.
    pub fn ranks(rows: &[Row]) -> BTreeMap<i64, usize> {
        let with_target = rows.iter().filter(|row| !row.correction);
        let reached = |row: &Row| {
            let target = row.target.filter(|target| *target > 0)?;
            Some((row.region, i128::from(row.active()) * 1_000_000_000 / i128::from(target)))
        };
        let all: Vec<_> = with_target.filter_map(reached).collect();
        all.iter().map(|(region, own)| (*region, 1 + all.iter().filter(|(_, other)| other > own).count())).collect()
    }
}

fn counts(stock: &[Moved]) -> BTreeMap<Region, Counts> {
    let mut counts = BTreeMap::<_, Counts>::new();
    for moved in stock {
        let at = TallyKind::ALL.iter().position(|kind| Kind::of_tally(*kind) == moved.kind);
        let Some(at) = at else { continue };
        let here = counts.entry(Region::from_code(moved.home_region)).or_default();
        here.before[at] += moved.before;
        here.within[at] += moved.within;
        if matches!(moved.kind, Kind::ActivatedFirst | Kind::ActivatedAgain) {
            here.own += moved.own;
        }
    }
    counts
}

/// The rows of a level: every region of today, what is known to lie in none of them, and then what is corrected.
fn rows(
    from: &Sources<'_>,
    counts: &BTreeMap<Region, Counts>,
    signed: Option<&BTreeMap<Region, Changes>>,
    level: Level,
) -> Vec<Row> {
    let place = |village: Region| if level == Level::Village { village } else { village.district() };
    let listed = if level == Level::Village { from.scope.villages() } else { from.scope.districts() };
    let mut rows: BTreeMap<_, _> = listed.into_iter().map(|region| (region, Row::new(region, false))).collect();
    let mut corrections = BTreeMap::<_, Row>::new();
    let none = BTreeMap::new();
    let known = counts.keys().chain(signed.unwrap_or(&none).keys()).copied();
    let villages: std::collections::BTreeSet<_> = known.collect();
    for village in villages {
        let region = place(village);
        let here = counts.get(&village).copied().unwrap_or_default();
        let last = match signed {
            Some(signed) => signed.get(&village).copied().unwrap_or_default(),
            None => here.before,
        };
        let row = rows.entry(region).or_insert_with(|| Row::new(region, false));
        row.last += balance(&last);
        row.changes = plus(&row.changes, &here.within);
        row.served_here += here.own;
        row.through = plus(&row.through, &plus(&here.before, &here.within));
        let corrected = minus(&here.before, &last);
        if corrected != [0; CHANGES] {
            let row = corrections.entry(region).or_insert_with(|| Row::new(region, true));
            row.changes = plus(&row.changes, &corrected);
        }
    }
    for (region, row) in &mut rows {
        row.set_people(people_of(from.people, *region), rate_of(from.rates, *region));
    }
    corrections.retain(|_, row| row.changes != [0; CHANGES]);
    rows.into_values().chain(corrections.into_values()).collect()
}

/// What is said of the whole region: of itself, else the sum of its districts, where something is said of each.
fn scope_people(from: &Sources<'_>, districts: &[Row]) -> People {
    if let Some(people) = from.people.get(&from.scope) {
        return *people;
    }
    let is_district = |row: &&Row| !row.correction && Region::from_code(row.region).level() == Level::District;
    let of = |row: &Row| People { population: row.population, eligible: row.eligible, recorded: row.recorded };
    People::sum(&districts.iter().filter(is_district).map(of).collect::<Vec<_>>())
}

fn daily(from: &Sources<'_>) -> Vec<Daily> {
    let Days { from: first, until } = from.month.days();
    let mut all: Vec<_> = (first..until).map(|day| Daily { day, ..Daily::default() }).collect();
    for (day, kind, n) in from.days {
        let at = usize::try_from(day - first).unwrap_or(usize::MAX);
        let Some(here) = all.get_mut(at) else { continue };
        match kind {
            Kind::Scanned => here.scanned += n,
            Kind::Approved => here.approved += n,
            Kind::Returned => here.returned += n,
            Kind::Rejected => here.rejected += n,
            Kind::ActivatedFirst | Kind::ActivatedAgain => here.activated += n,
            _ => {}
        }
    }
    all
}

/// What was done in all these days, by kind.
pub fn flow(days: &[(i64, Kind, i64)]) -> BTreeMap<Kind, i64> {
    let mut all = BTreeMap::new();
    for (_, kind, n) in days {
        *all.entry(*kind).or_default() += n;
    }
    all
}

/// The last day of a month, as a date.
pub fn last_day(month: Month) -> Date {
    date_of(month.days().until - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn padang() -> Region {
        Region::parse("13.71").unwrap()
    }

    /// A document of events, each a village of the city, a month from 0 to 3, and a kind.
    fn document(events: &[(usize, i64, usize)], month: i64, signed: Option<&Document>) -> Document {
        let villages = padang().villages();
        let mut stock = BTreeMap::<(Region, usize), Moved>::new();
        for (village, at, kind) in events.iter().filter(|event| event.1 <= month) {
            let (region, kind) = (villages[*village], *kind);
            let moved = stock.entry((region, kind)).or_insert(Moved {
                home_region: region.code(),
                kind: Kind::of_tally(TallyKind::ALL[kind]),
                before: 0,
                within: 0,
                own: 0,
            });
            if *at < month { moved.before += 1 } else { moved.within += 1 }
        }
        let stock: Vec<_> = stock.into_values().collect();
        Document::build(&Sources {
            office: "Dukcapil Kota Padang",
            scope: padang(),
            month: Month(month + 600),
            as_of: Timestamp::default(),
            stock: &stock,
            signed,
            people: &BTreeMap::new(),
            rates: &BTreeMap::new(),
            days: &[],
            cohort: &[],
            waits: &[],
            reasons: &[],
            outsiders: 0,
            outreach: &[],
        })
    }

    fn sum(rows: &[Row]) -> (i64, Changes, i64) {
        rows.iter().fold((0, [0; CHANGES], 0), |(last, changes, active), row| {
            (last + row.last, plus(&changes, &row.changes), active + row.active())
        })
    }

    proptest! {
        /// Whatever happens, every row balances, each month begins where the one before ended, districts and total say the same, and what
        /// comes to light after a month was signed is a row of its own.
        #[test]
        fn the_stock_balances(
            events in prop::collection::vec((0..20usize, 0..4i64, 0..CHANGES), 0..200),
            late in prop::collection::vec((0..20usize, 0..4i64, 0..CHANGES), 0..20),
        ) {
            let mut signed: Option<Document> = None;
            for month in 0..4 {
                // What is late is known from the third month on.
                let all = if month < 2 { events.clone() } else { [events.clone(), late.clone()].concat() };
                let this = document(&all, month, signed.as_ref());
                for row in this.villages.iter().chain(&this.districts).chain([&this.total]) {
                    let [first, again, ended, moved_in, moved_out] = row.changes;
                    prop_assert_eq!(row.active(), row.last + first + again - ended + moved_in - moved_out);
                }
                prop_assert_eq!(sum(&this.villages), sum(&this.districts));
                prop_assert_eq!(sum(&this.villages), sum(std::slice::from_ref(&this.total)));
                // Against plain counting of all events until the end of the month.
                let plain: i64 = all.iter().filter(|event| event.1 <= month).map(|event| TallyKind::ALL[event.2].change()).sum();
                prop_assert_eq!(this.total.active(), plain);
                if let Some(before) = &signed {
                    let last: i64 = this.villages.iter().map(|row| row.last).sum();
                    prop_assert_eq!(last, before.total.active());
                }
                let corrects = this.villages.iter().any(|row| row.correction);
                let is_late = late.iter().any(|event| event.1 < 2);
                prop_assert!(!corrects || (month == 2 && is_late));
                signed = Some(this);
            }
        }
    }

    #[test]
    fn a_change_after_the_signature_is_a_row_of_its_own() {
        let signed = document(&[(0, 0, 0), (0, 0, 0)], 0, None);
        let next = document(&[(0, 0, 0), (0, 0, 0), (0, 0, 2), (0, 1, 0)], 1, Some(&signed));
        let rows: Vec<_> = next.villages.iter().filter(|row| row.region == padang().villages()[0].code()).collect();
        assert_eq!((rows[0].last, rows[0].active(), rows[0].correction), (2, 3, false));
        assert_eq!((rows[1].last, rows[1].active(), rows[1].correction), (0, -1, true));
        assert_eq!(next.total.active(), 2);
    }

    #[test]
    fn months_are_months() {
        let november = Month::parse("2026-11").unwrap();
        assert_eq!(
            (november.text().as_str(), november.parts(), november.before().text().as_str()),
            ("2026-11", (2026, 11), "2026-10")
        );
        assert_eq!(
            (last_day(november).to_string(), november.days().until - november.days().from),
            ("2026-11-30".into(), 30)
        );
        assert_eq!(Month::parse("2026-13"), None);
        let last = Date::parse("2026-11-30").unwrap().midnight();
        assert!(november.require_over(last).is_err());
        assert!(november.require_over(last.plus_seconds(crate::clock::DAY)).is_ok());
    }

    #[test]
    fn who_is_as_close_to_the_target_has_the_same_rank() {
        let row = |region: i64, last: i64, target| Row { last, target, ..Row::new(Region::from_code(region), false) };
        let rows =
            [row(1, 10, Some(100)), row(2, 20, Some(100)), row(3, 1, Some(5)), row(4, 5, None), row(5, 0, Some(9))];
        let ranks = Document::ranks(&rows);
        assert_eq!(ranks, BTreeMap::from([(2, 1), (3, 1), (1, 3), (5, 4)]));
    }
}
