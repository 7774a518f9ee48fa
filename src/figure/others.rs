//! What others read of regions: the months that are public, put together from what was told of districts (ADR 29).

use std::collections::BTreeMap;

use super::carry::shown;
use super::model::{Kind, People, percent};
use super::reading;
use super::recap::Month;
use super::store::{self as figures, published as store};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::register::{Level, Region};

/// Months that are read at once.
pub const MOST_MONTHS: i64 = 12;

/// Reads what is public. Cloning shares it.
#[derive(Clone)]
pub struct Others {
    context: Context,
}

/// What somebody wants to read.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Code of a region; all that the reader may read where it is left out.
    pub region: Option<&'a str>,
    /// The first month, `YYYY-MM`; the last where it is left out.
    pub from: Option<&'a str>,
    /// The last month; the newest where it is left out.
    pub to: Option<&'a str>,
}

/// The figures of a region and of what lies in it, in some months.
#[derive(Debug)]
pub struct Published {
    /// Of which region; [`Region::NONE`] for the country.
    pub scope: Region,
    /// The first and the last month.
    pub months: (Month, Month),
    /// The first and the last month that are public.
    pub public: (Month, Month),
    /// What lies in the region, by code; last what is known to lie in it and in none of these.
    pub rows: Vec<Told>,
    /// All of it.
    pub total: Told,
}

/// What is told of a region. What is nothing is less than five, or none, or came too late for these months.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where.
    pub region: Region,
    /// What the national aggregate says.
    pub people: People,
    /// How many digital KTPs there are to be.
    pub target: Option<i64>,
    /// How many there were before.
    pub before: Option<i64>,
    /// For the first time.
    pub first: Option<i64>,
    /// Again.
    pub again: Option<i64>,
    /// Ended.
    pub ended: Option<i64>,
    /// Moved here.
    pub moved_in: Option<i64>,
    /// Moved away.
    pub moved_out: Option<i64>,
    /// How many there are at the end.
    pub active: Option<i64>,
}

/// Sums of a region at the ends of two months, by kind.
#[derive(Clone, Debug, Default)]
struct Ends(BTreeMap<Kind, (i64, i64)>);

impl Ends {
    fn add(&mut self, kind: Kind, (before, last): (i64, i64)) {
        let sums = self.0.entry(kind).or_default();
        *sums = (sums.0 + before, sums.1 + last);
    }

    fn within(&self, kind: Kind) -> Option<i64> {
        let (before, last) = self.0.get(&kind).copied().unwrap_or_default();
        shown(last - before)
    }

    /// How many there are: it follows from what is told, and tells no more.
    fn stock(&self, end: fn((i64, i64)) -> i64) -> Option<i64> {
        let of = |kind| end(self.0.get(&kind).copied().unwrap_or_default());
        let came = of(Kind::ActivatedFirst) + of(Kind::ActivatedAgain) + of(Kind::MovedIn);
        shown(came - of(Kind::Ended) - of(Kind::MovedOut))
    }

    fn told(&self, region: Region, people: People, target: Option<i64>) -> Told {
        Told {
            region,
            people,
            target,
            before: self.stock(|(before, _)| before),
            first: self.within(Kind::ActivatedFirst),
            again: self.within(Kind::ActivatedAgain),
            ended: self.within(Kind::Ended),
            moved_in: self.within(Kind::MovedIn),
            moved_out: self.within(Kind::MovedOut),
            active: self.stock(|(_, last)| last),
        }
    }
}

impl Told {
    /// *Cakupan*: of a hundred whose data were recorded, in hundredths; nothing of what is not told.
    pub fn coverage(&self) -> Option<i64> {
        percent(self.active?, self.people.recorded)
    }

    /// *Capaian*: of a hundred of the target, in hundredths; nothing of what is not told.
    pub fn attainment(&self) -> Option<i64> {
        percent(self.active?, self.target)
    }
}

impl Others {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// What is public of a region in `own`, all that whoever reads may read.
    ///
    /// # Errors
    /// `not_found` for a region outside; `invalid_field` for months that are none, too many, or not public; `wrong_state` while none is.
    pub async fn read(&self, own: Region, wanted: Wanted<'_>) -> Result<Published> {
        let scope = scope(own, wanted.region)?;
        let mut tx = self.context.db.read().await?;
        let tx = &mut tx;
        let public = store::span(tx).await?.ok_or_else(nothing_yet)?;
        let (from, to) = months(public, wanted)?;
        let (parts, room) = scope.parts();
        let mut ends: BTreeMap<_, _> = parts.iter().map(|part| (*part, Ends::default())).collect();
        let mut all = Ends::default();
        for (place, kind, before, last) in store::sums(tx, (from.before(), to), scope.range(), room).await? {
            ends.entry(Region::from_code(place)).or_default().add(kind, (before, last));
            all.add(kind, (before, last));
        }
        let until = to.days().until;
        let rates = reading::rates(tx, scope, to.parts().0).await?;
        let mut rows = Vec::with_capacity(ends.len());
        for (region, ends) in ends {
            let people = if region == scope { People::default() } else { people(tx, region, until).await? };
            let target = people.target(reading::rate_of(&rates, region));
            rows.push(ends.told(region, people, target));
        }
        // What lies in none of the parts comes last.
        rows.sort_by_key(|row| row.region == scope);
        let said: Vec<_> = rows.iter().filter(|row| row.region != scope).map(|row| row.people).collect();
        let people = figures::people_of(tx, scope.code(), until).await?.unwrap_or_else(|| People::sum(&said));
        let target = people.target(reading::rate_of(&rates, scope));
        Ok(Published { scope, months: (from, to), public, rows, total: all.told(scope, people, target) })
    }
}

/// What is said of a region: of itself, else of all that lies in it, where something is said of each.
async fn people(tx: &mut Tx, region: Region, before: i64) -> Result<People> {
    if let Some(people) = figures::people_of(tx, region.code(), before).await? {
        return Ok(people);
    }
    match region.level() {
        Level::Province => {
            let mut parts = Vec::new();
            for regency in region.parts().0 {
                parts.push(figures::people_of(tx, regency.code(), before).await?.unwrap_or_default());
            }
            Ok(People::sum(&parts))
        }
        Level::Regency => {
            let said = reading::people(tx, region, before).await?;
            let parts: Vec<_> = region.districts().iter().map(|one| reading::people_of(&said, *one)).collect();
            Ok(People::sum(&parts))
        }
        Level::District => {
            let said = reading::people(tx, region, before).await?;
            Ok(reading::people_of(&said, region))
        }
        Level::Country | Level::Village => Ok(People::default()),
    }
}

fn scope(own: Region, asked: Option<&str>) -> Result<Region> {
    let Some(code) = asked else { return Ok(own) };
    let found = Region::parse(code).filter(|region| region.level() <= Level::Regency && own.holds(*region));
    found.ok_or_else(|| Code::NotFound.into())
}

fn months((oldest, newest): (Month, Month), wanted: Wanted<'_>) -> Result<(Month, Month), Refusal> {
    let month = |field: &'static str, text: Option<&str>, otherwise| match text {
        None => Ok(otherwise),
        Some(text) => Month::parse(text).filter(|month| (oldest..=newest).contains(month)).ok_or_else(|| {
            Refusal::field(
                field,
                "Tulis bulan yang sudah terbit, seperti 2026-11; bulan terbit sehari sesudah berakhir.",
                "Write a month that is public, such as 2026-11; a month is made public a day after its end.",
            )
        }),
    };
    let to = month("to", wanted.to, newest)?;
    let from = month("from", wanted.from, to)?;
    if from <= to && to.0 - from.0 < MOST_MONTHS {
        return Ok((from, to));
    }
    Err(Refusal::field("from", "Pilih 1 sampai 12 bulan.", "Choose 1 to 12 months."))
}

fn nothing_yet() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Belum ada bulan yang terbit; bulan pertama terbit sehari sesudah berakhir.",
        "No month is public yet; the first one is made public a day after its end.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reads_beyond_their_own_region() {
        let of = |text: &str| Region::parse(text).unwrap();
        assert_eq!(scope(Region::NONE, None).unwrap(), Region::NONE);
        assert_eq!(scope(Region::NONE, Some("13.71")).unwrap(), of("13.71"));
        assert_eq!(scope(of("13"), None).unwrap(), of("13"));
        assert_eq!(scope(of("13"), Some("13.71")).unwrap(), of("13.71"));
        for (own, asked) in [(of("13"), "51"), (of("13"), "51.71"), (of("13"), "13.71.01"), (Region::NONE, "99")] {
            assert!(scope(own, Some(asked)).is_err(), "{asked}");
        }
    }

    #[test]
    fn months_are_public_ones_and_a_year_at_most() {
        let month = |text: &str| Month::parse(text).unwrap();
        let public = (month("2025-03"), month("2026-11"));
        let asked = |from, to| months(public, Wanted { region: None, from, to });
        assert_eq!(asked(None, None).unwrap(), (public.1, public.1));
        assert_eq!(asked(Some("2025-12"), None).unwrap(), (month("2025-12"), public.1));
        for (from, to) in
            [(Some("2025-11"), None), (None, Some("2026-12")), (Some("2026-03"), Some("2026-02")), (Some("x"), None)]
        {
            assert!(asked(from, to).is_err(), "{from:?} {to:?}");
        }
    }

    #[test]
    fn what_is_told_balances_and_of_what_is_hidden_no_percentage_is_told() {
        let mut ends = Ends::default();
        for (kind, sums) in [
            (Kind::ActivatedFirst, (100, 160)),
            (Kind::ActivatedAgain, (0, 0)),
            (Kind::Ended, (20, 26)),
            (Kind::MovedIn, (5, 5)),
            (Kind::MovedOut, (0, 10)),
        ] {
            ends.add(kind, sums);
        }
        let people = People { population: None, eligible: None, recorded: Some(1_000) };
        let told = ends.told(Region::NONE, people, Some(300));
        assert_eq!((told.before, told.active), (Some(85), Some(129)));
        assert_eq!((told.first, told.again, told.ended, told.moved_in), (Some(60), None, Some(6), None));
        assert_eq!((told.coverage(), told.attainment()), (Some(1_290), Some(4_300)));
        let none = Ends::default().told(Region::NONE, people, Some(300));
        assert_eq!((none.active, none.coverage(), none.attainment()), (None, None, None));
    }
}
