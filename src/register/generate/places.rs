//! Which NIK belongs to record i.
//!
//! All possible (village, birth day, sex) combinations are laid out in one row of places, a populous province's village
//! and a frequent birth year standing there several times. A keyed permutation sends i to a place, and the place decides
//! the digits; the repetitions and the village inside its district become the serial number. So no two records of one
//! seed share a NIK, without anybody counting, for more records than Indonesia has people.

use super::stream::Permutation;
use crate::register::regions::{District, Regions, regions};
use crate::register::{Date, Nik, Sex};

/// People in thousands by province code, rounded from the statistics office's projections for 2024: how often places of
/// that province are drawn.
#[rustfmt::skip]
const PEOPLE: [(u8, usize); 38] = [
    (11, 5_480), (12, 15_390), (13, 5_760), (14, 6_640), (15, 3_680), (16, 8_740), (17, 2_090),
    (18, 9_310), (19, 1_510), (21, 2_150), (31, 10_670), (32, 49_860), (33, 37_540), (34, 3_740),
    (35, 41_530), (36, 12_310), (51, 4_400), (52, 5_560), (53, 5_570), (61, 5_620), (62, 2_770),
    (63, 4_220), (64, 4_030), (65, 730), (71, 2_680), (72, 3_090), (73, 9_360), (74, 2_750),
    (75, 1_210), (76, 1_480), (81, 1_910), (82, 1_340), (91, 1_040), (92, 570), (93, 540),
    (94, 1_450), (95, 1_450), (96, 620),
];

/// People that one repetition of a village stands for.
const PEOPLE_PER_PLACE: usize = 500;

/// Youngest age in months (16 years 8 months: recording becomes possible), then the ages in years at which a band ends,
/// with the band's weight.
const YOUNGEST_MONTHS: i32 = 200;
const BANDS: [(i32, u64); 5] = [(35 * 12, 4), (50 * 12, 4), (65 * 12, 3), (75 * 12, 2), (90 * 12, 1)];

struct VillageRun {
    first_place: u64,
    first_village: usize,
    repeat: u64,
}

struct DayRun {
    first_place: u64,
    first_day: Date,
    days: u64,
}

/// The row of places.
pub(crate) struct Places {
    villages: Vec<VillageRun>,
    village_places: u64,
    days: Vec<DayRun>,
    day_places: u64,
    permutation: Permutation,
}

/// What a place decides.
pub(crate) struct Place {
    pub(crate) nik: Nik,
    pub(crate) village: usize,
    pub(crate) birth_date: Date,
    pub(crate) sex: Sex,
}

impl Places {
    pub(crate) fn new(seed: u64, as_of: Date) -> Self {
        let mut villages = Vec::new();
        let mut village_places = 0;
        for province in regions().provinces() {
            let people = PEOPLE.iter().find(|(code, _)| *code == province.code).map_or(0, |(_, people)| people * 1_000);
            let count = province.villages.len();
            let repeat = (people / PEOPLE_PER_PLACE / count.max(1)).max(1) as u64;
            villages.push(VillageRun { first_place: village_places, first_village: province.villages.start, repeat });
            village_places += count as u64 * repeat;
        }
        let mut days = Vec::new();
        let (mut day_places, mut younger) = (0, YOUNGEST_MONTHS);
        for (older, weight) in BANDS {
            let (first, end) = (as_of.plus_months(-older), as_of.plus_months(-younger));
            if let (Some(first_day), Some(end)) = (first, end) {
                let length = u64::try_from(end.days_since(first_day)).unwrap_or(0);
                days.push(DayRun { first_place: day_places, first_day, days: length.max(1) });
                day_places += length * weight;
            }
            younger = older;
        }
        let permutation = Permutation::new(seed, village_places * day_places * 2);
        Self { villages, village_places, days, day_places, permutation }
    }

    /// How many records a seed can give.
    pub(crate) fn capacity(&self) -> u64 {
        self.village_places * self.day_places * 2
    }

    /// The place of record `index`; `None` beyond the capacity.
    pub(crate) fn of(&self, index: u64) -> Option<Place> {
        if index >= self.capacity() {
            return None;
        }
        let place = self.permutation.apply(index);
        let sex = if place & 1 == 0 { Sex::Male } else { Sex::Female };
        let (in_villages, in_days) = ((place >> 1) / self.day_places, (place >> 1) % self.day_places);

        let run = &self.villages[self.villages.partition_point(|run| run.first_place <= in_villages) - 1];
        let offset = in_villages - run.first_place;
        let village = run.first_village + usize::try_from(offset / run.repeat).ok()?;
        let village_repeat = offset % run.repeat;

        let days = &self.days[self.days.partition_point(|run| run.first_place <= in_days) - 1];
        let offset = in_days - days.first_place;
        let birth_date = days.first_day.plus_days(i32::try_from(offset % days.days).ok()?)?;
        let day_repeat = offset / days.days;

        let district = district_of(regions(), village)?;
        let in_district = (village - district.villages.start) as u64;
        let serial = (day_repeat * run.repeat + village_repeat) * district.villages.len() as u64 + in_district + 1;
        let nik = Nik::compose(district.code, birth_date, sex, u16::try_from(serial).ok()?)?;
        Some(Place { nik, village, birth_date, sex })
    }
}

/// The district that the village at this position lies in.
pub(crate) fn district_of(regions: &'static Regions, village: usize) -> Option<&'static District> {
    let code = regions.villages().get(village)?.code / 10_000;
    regions.district(u32::try_from(code).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_serial_number_has_four_digits() {
        let places = Places::new(1, Date::parse("2026-11-01").unwrap());
        assert!(places.capacity() > 10_000_000_000, "{}", places.capacity());
        let heaviest_day = BANDS.iter().map(|(_, weight)| *weight).max().unwrap();
        for (run, province) in places.villages.iter().zip(regions().provinces()) {
            let districts = regions().districts().iter().filter(|d| d.code / 10_000 == u32::from(province.code));
            let largest = districts.map(|district| district.villages.len() as u64).max().unwrap();
            assert!(heaviest_day * run.repeat * largest <= 9_999, "{}: {} × {largest}", province.name, run.repeat);
        }
    }

    #[test]
    fn beyond_the_capacity_there_is_nobody() {
        let places = Places::new(1, Date::parse("2026-11-01").unwrap());
        assert!(places.of(places.capacity()).is_none());
        assert!(places.of(places.capacity() - 1).is_some());
    }
}
