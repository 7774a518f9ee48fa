//! Realistic synthetic residents. Record i is a function of (seed, reference date, i) alone.

mod face;
mod names;
mod places;
mod run;
mod stream;

pub use run::{GenerateOptions, Generated, generate_into, generate_to_csv};

use self::places::Places;
use self::stream::Stream;
use super::regions::{Village, regions};
use super::{BloodType, Date, MaritalStatus, Nationality, RegisterRecord, Sex, VitalStatus};

/// The reference date where none is given. It is fixed, so that a seed gives the same residents on every day.
pub const DEFAULT_AS_OF: &str = "2026-11-01";

/// In how many of 1,000 records birth date or sex were corrected later, so that the NIK disagrees: real registers have
/// such people, and they must not be turned away at the counter.
const CORRECTED_BIRTH_DATE: usize = 9;
const CORRECTED_SEX: usize = 1;

/// Makes the residents of one seed.
pub struct Generator {
    seed: u64,
    as_of: Date,
    places: Places,
}

impl Generator {
    /// Residents of `seed` who are between 16 years 8 months and 90 years old on `as_of`.
    pub fn new(seed: u64, as_of: Date) -> Self {
        Self { seed, as_of, places: Places::new(seed, as_of) }
    }

    /// How many residents a seed has, each with a NIK of their own: more than 10¹⁰.
    pub fn capacity(&self) -> u64 {
        self.places.capacity()
    }

    /// Resident `index`; `None` beyond [`Generator::capacity`].
    pub fn resident(&self, index: u64) -> Option<RegisterRecord> {
        let place = self.places.of(index)?;
        let mut stream = Stream::new(self.seed, index);
        let stream = &mut stream;
        let all = regions();
        let birth_regency = all.regency(place.nik.regency())?;

        let (birth_date, sex) = self.corrected(place.birth_date, place.sex, stream);
        let age = birth_date.age_on(self.as_of);
        let culture = names::culture(place.nik.province(), stream);
        let religion = names::religion(culture, stream);
        let full_name = names::full_name(culture, religion, sex, stream);
        let marital_status = names::marital_status(age, sex, stream);

        // A NIK keeps its first district; people move.
        let village = match stream.below(100) {
            0..85 => place.village,
            85..96 => {
                let villages = &all.province(place.nik.province())?.villages;
                villages.start + stream.below(villages.len())
            }
            _ => stream.below(all.villages().len()),
        };
        let district = places::district_of(all, village)?;
        let regency = all.regency(u16::try_from(district.code / 100).ok()?)?;
        let province = all.province(u8::try_from(district.code / 10_000).ok()?)?;
        let village = &all.villages()[village];

        let nationality = if stream.permille(1) { Nationality::Foreign } else { Nationality::Indonesian };
        let valid_until = match nationality {
            Nationality::Foreign => self.as_of.plus_days(30 + stream.below(1_700) as i32),
            Nationality::Indonesian => None,
        };
        Some(RegisterRecord {
            nik: place.nik,
            full_name,
            birth_place: birth_regency.short_name().to_uppercase(),
            birth_date,
            sex,
            blood_type: stream.weighted(&[
                (None, 50),
                (Some(BloodType::O), 20),
                (Some(BloodType::B), 14),
                (Some(BloodType::A), 12),
                (Some(BloodType::Ab), 4),
            ]),
            address: address(village, stream),
            rt: format!("{:03}", 1 + stream.below(12)),
            rw: format!("{:03}", 1 + stream.below(15)),
            village: village.name.to_uppercase(),
            district: district.name.to_uppercase(),
            regency: regency.name.to_uppercase(),
            province: province.name.to_uppercase(),
            religion,
            marital_status,
            occupation: names::occupation(age, sex, stream).to_owned(),
            nationality,
            valid_until,
            issued_place: regency.name.to_uppercase(),
            issued_on: self.issued_on(birth_date, marital_status, stream),
            vital_status: stream.weighted(&[
                (VitalStatus::Alive, 996),
                (VitalStatus::Deceased, 3),
                (VitalStatus::Emigrated, 1),
            ]),
        })
    }

    /// The first `count` among `of` residents who could register: eligible, and with birth date and sex as in the NIK.
    pub fn first_eligible(&self, count: usize, of: u64) -> Vec<RegisterRecord> {
        (0..of)
            .map_while(|index| self.resident(index))
            .filter(|record| {
                record.eligible_on(self.as_of) && record.nik.warnings(record.birth_date, record.sex).is_empty()
            })
            .take(count)
            .collect()
    }

    /// The portrait of resident `index`: a drawn face, JPEG, at most 20 KB.
    pub fn portrait(&self, index: u64, record: &RegisterRecord) -> Vec<u8> {
        face::draw(record, self.as_of, Stream::new(!self.seed, index))
    }

    fn corrected(&self, birth_date: Date, sex: Sex, stream: &mut Stream) -> (Date, Sex) {
        let chance = stream.below(1_000);
        if chance < CORRECTED_SEX {
            return (birth_date, if sex == Sex::Male { Sex::Female } else { Sex::Male });
        }
        if chance < CORRECTED_SEX + CORRECTED_BIRTH_DATE {
            // Day and month exchanged, another day, or another year: never younger than the recording age.
            let swapped = Date::new(birth_date.year(), birth_date.day(), birth_date.month());
            let other = match stream.below(3) {
                0 => swapped.filter(|date| *date < birth_date),
                1 => birth_date.plus_days(-1 - stream.below(27) as i32),
                _ => birth_date.plus_months(-12 * (1 + stream.below(2) as i32)),
            };
            return (other.or(birth_date.plus_days(-1)).unwrap_or(birth_date), sex);
        }
        (birth_date, sex)
    }

    /// Cards are given since September 2011, from 17 or marriage on.
    fn issued_on(&self, birth_date: Date, marital_status: MaritalStatus, stream: &mut Stream) -> Option<Date> {
        let first = Date::new(2011, 9, 1)?;
        let grown = birth_date.plus_months(17 * 12)?;
        let from = match marital_status {
            MaritalStatus::Unmarried => first.max(grown),
            _ => first.max(grown.min(self.as_of.plus_days(-30)?)),
        };
        let span = usize::try_from(self.as_of.days_since(from)).ok()?;
        from.plus_days(i32::try_from(stream.below(span + 1)).ok()?)
    }
}

fn address(village: &Village, stream: &mut Stream) -> String {
    let street = stream.pick(&[
        "MELATI",
        "MAWAR",
        "KENANGA",
        "ANGGREK",
        "FLAMBOYAN",
        "CEMPAKA",
        "MERDEKA",
        "PAHLAWAN",
        "SUDIRMAN",
        "DIPONEGORO",
        "KARTINI",
        "GAJAH MADA",
        "HASANUDDIN",
        "IMAM BONJOL",
        "PASAR BARU",
        "RAYA",
        "MASJID",
        "SEKOLAH",
        "PERINTIS",
        "MANGGA",
        "RAMBUTAN",
        "KELAPA",
    ]);
    // The seventh digit of a village code is 1 for urban wards.
    let urban = village.code % 10_000 / 1_000 == 1;
    match (urban, stream.below(4)) {
        (true, 0) => format!("JL. {street} GG. {} NO. {}", 1 + stream.below(9), 1 + stream.below(60)),
        (true, _) => format!("JL. {street} NO. {}", 1 + stream.below(180)),
        (false, 0) => format!("JL. {street}"),
        (false, _) => format!(
            "DUSUN {}",
            stream.pick(&[
                "KRAJAN",
                "SUKAMAJU",
                "SIDOMULYO",
                "TENGAH",
                "BARAT",
                "TIMUR",
                "HARAPAN",
                "I",
                "II",
                "III",
                "MEKAR",
                "MAKMUR"
            ])
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn as_of() -> Date {
        Date::parse("2026-11-01").unwrap()
    }

    #[test]
    fn a_seed_repeats_and_another_differs() {
        let (one, again, other) = (Generator::new(7, as_of()), Generator::new(7, as_of()), Generator::new(8, as_of()));
        for index in [0, 1, 99, 1_000_000_007] {
            assert_eq!(one.resident(index).unwrap(), again.resident(index).unwrap());
            assert_ne!(one.resident(index).unwrap(), other.resident(index).unwrap());
        }
    }

    #[test]
    fn two_hundred_thousand_residents_are_unique_and_plausible() {
        let generator = Generator::new(20_261_121, as_of());
        let mut niks = HashSet::new();
        let (mut disagree, mut minors, mut women, mut java, mut names) = (0, 0, 0, 0, HashSet::new());
        for index in 0..200_000 {
            let record = generator.resident(index).unwrap();
            assert!(niks.insert(record.nik.clone()), "the NIK of record {index} stands twice");
            let age = record.birth_date.age_on(as_of());
            assert!((16..=92).contains(&age), "{age}");
            assert!(record.birth_date <= as_of().plus_months(-200).unwrap());
            assert!(record.issued_on.is_none_or(|day| day <= as_of()));
            assert!(record.issued_on.is_some() || age < 17);
            assert!(!record.full_name.is_empty() && record.full_name.len() <= 60);
            minors += usize::from(age < 17);
            women += usize::from(record.sex == Sex::Female);
            java += usize::from((31..=36).contains(&record.nik.province()));
            let warnings = record.nik.warnings(record.birth_date, record.sex);
            assert!(!warnings.contains(&crate::register::NikWarning::UnknownDistrict));
            disagree += usize::from(!warnings.is_empty());
            names.insert(record.full_name);
        }
        assert!((1_500..=2_500).contains(&disagree), "{disagree}");
        assert!((400..=3_000).contains(&minors), "{minors}");
        assert!((98_000..=102_000).contains(&women), "{women}");
        assert!((100_000..=120_000).contains(&java), "about 56 % live in Java: {java}");
        assert!(names.len() > 50_000, "{}", names.len());
    }
}
