//! The invented people, from `data/sandbox/people.json`: one for each outcome that software has to handle. Pure.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::credential::Reason;
use crate::error::Text;
use crate::register::{BloodType, Date, MaritalStatus, Nationality, Nik, RegisterRecord, Religion, Sex, VitalStatus};

/// What becomes of an invented person's QRs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They are judged by what the person's data say.
    Genuine,
    /// They are those of a printed card.
    PrintedCard,
    /// The digital KTP does not count.
    NotActive,
    /// They were made 90 seconds ago.
    Expired,
    /// They are made an hour from now.
    NotYetValid,
    /// They are used as soon as they are made.
    AlreadyUsed,
    /// One bit of the signature is another.
    BadSignature,
    /// A key has signed that nobody published.
    UnknownKey,
    /// The end is missing.
    Malformed,
    /// They are made for a counter.
    WrongType,
    /// The first answer under a key is that nobody knows.
    Undetermined,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Face {
    Woman,
    Man,
}

/// An invented person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    person: String,
    outcome: Outcome,
    text_id: String,
    text_en: String,
    full_name: String,
    /// A day, or an age that stays.
    born: String,
    birth_place: String,
    sex: Sex,
    blood_type: Option<BloodType>,
    address: String,
    rt: String,
    rw: String,
    village: String,
    district: String,
    regency: String,
    province: String,
    religion: Religion,
    marital_status: MaritalStatus,
    occupation: String,
    nationality: Nationality,
    valid_until: Option<Date>,
    portrait: Option<Face>,
    #[serde(skip)]
    serial: usize,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Person").field(&self.person).finish()
    }
}

static PEOPLE: LazyLock<Vec<Person>> = LazyLock::new(|| {
    // A test reads the file: what cannot be read is never released.
    let mut people: Vec<Person> =
        serde_json::from_str(include_str!("../../data/sandbox/people.json")).unwrap_or_default();
    for (at, person) in people.iter_mut().enumerate() {
        person.serial = at + 1;
    }
    people
});

/// All of them.
pub fn all() -> &'static [Person] {
    &PEOPLE
}

/// The one of that name.
pub fn find(name: &str) -> Option<&'static Person> {
    all().iter().find(|person| person.person == name)
}

impl Person {
    /// The name in the sandbox.
    pub fn name(&self) -> &str {
        &self.person
    }

    /// The name on the card.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// What becomes of the QRs.
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What they are for, Indonesian and English.
    pub fn texts(&self) -> (&str, &str) {
        (&self.text_id, &self.text_en)
    }

    /// Why a check of a fresh QR says no on this day; `None` where it is valid.
    pub fn reason(&self, today: Date) -> Option<Reason> {
        Some(match self.outcome {
            Outcome::Genuine if self.permit_is_over(today) => Reason::HolderNotActive,
            Outcome::Genuine | Outcome::PrintedCard | Outcome::Undetermined => return None,
            Outcome::NotActive => Reason::HolderNotActive,
            Outcome::Expired => Reason::Expired,
            Outcome::NotYetValid => Reason::NotYetValid,
            Outcome::AlreadyUsed => Reason::AlreadyUsed,
            Outcome::BadSignature => Reason::BadSignature,
            Outcome::UnknownKey => Reason::UnknownKey,
            Outcome::Malformed => Reason::Malformed,
            Outcome::WrongType => Reason::WrongType,
        })
    }

    fn permit_is_over(&self, today: Date) -> bool {
        self.record(today).is_some_and(|record| record.permit_is_over(today.midnight()))
    }

    /// What a register would say of the person on this day. `None` never in practice: a test reads all of them.
    pub fn record(&self, today: Date) -> Option<RegisterRecord> {
        let birth_date = match self.born.parse::<i16>() {
            // On every day of a year somebody born on its first is as old.
            Ok(age) => Date::new(today.year().checked_sub(age)?, 1, 1)?,
            Err(_) => Date::parse(&self.born).ok()?,
        };
        let day = birth_date.day() + if self.sex == Sex::Female { 40 } else { 0 };
        let year = birth_date.year().rem_euclid(100);
        let nik = format!("990101{day:02}{:02}{year:02}{:04}", birth_date.month(), self.serial);
        Some(RegisterRecord {
            nik: Nik::invented(&nik).ok()?,
            full_name: self.full_name.clone(),
            birth_place: self.birth_place.clone(),
            birth_date,
            sex: self.sex,
            blood_type: self.blood_type,
            address: self.address.clone(),
            rt: self.rt.clone(),
            rw: self.rw.clone(),
            village: self.village.clone(),
            district: self.district.clone(),
            regency: self.regency.clone(),
            province: self.province.clone(),
            religion: self.religion,
            marital_status: self.marital_status,
            occupation: self.occupation.clone(),
            nationality: self.nationality,
            valid_until: self.valid_until,
            issued_place: self.regency.clone(),
            issued_on: None,
            vital_status: VitalStatus::Alive,
        })
    }

    /// The portrait, JPEG.
    pub const fn portrait(&self) -> Option<&'static [u8]> {
        match self.portrait {
            Some(Face::Woman) => Some(include_bytes!("../../data/sandbox/woman.jpg")),
            Some(Face::Man) => Some(include_bytes!("../../data/sandbox/man.jpg")),
            None => None,
        }
    }
}

/// What is said before every sentence about a check of the sandbox.
pub const TEST: Text = Text::new("UJI COBA, bukan orang sungguhan: ", "TEST, nobody real: ");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::model::ELIGIBLE_AGE;

    fn days() -> impl Iterator<Item = Date> {
        ["2026-11-28", "2027-01-01", "2028-02-29", "2040-12-31"].into_iter().map(|day| Date::parse(day).unwrap())
    }

    #[test]
    fn all_of_them_are_read_and_belong_to_no_register() {
        assert_eq!(all().len(), 20);
        for today in days() {
            let mut niks = std::collections::HashSet::new();
            for person in all() {
                let record = person.record(today).unwrap_or_else(|| panic!("{person:?}"));
                assert!(niks.insert(record.nik.as_str().to_owned()), "{person:?}");
                assert!(Nik::parse(record.nik.as_str()).is_err(), "{person:?} could be registered");
                assert!(record.nik.agrees_with_birth_date(record.birth_date) && record.nik.sex() == record.sex);
                assert!(record.eligible_on(today), "{person:?}: everybody here may have a digital KTP");
                // A record that is stored is read again: no invented person comes through that.
                let json = serde_json::to_string(&record).unwrap();
                assert!(serde_json::from_str::<RegisterRecord>(&json).is_err());
            }
        }
    }

    #[test]
    fn every_reason_has_somebody_and_a_minor_stays_one() {
        let today = days().next().unwrap();
        for reason in Reason::ALL {
            // A code that stands for nothing needs nobody.
            let found = all().iter().any(|person| person.reason(today) == Some(reason));
            assert_eq!(found, reason != Reason::UnknownCode, "{reason:?}");
        }
        for today in days() {
            let age = |name| find(name).unwrap().record(today).unwrap().birth_date.age_on(today);
            assert_eq!(age("minor"), ELIGIBLE_AGE - 1);
        }
        assert!(find("nobody").is_none());
        assert!(find("one_word").unwrap().full_name().split(' ').count() == 1);
        assert!(find("long_name").unwrap().full_name().len() > 80);
    }

    #[test]
    fn portraits_are_pictures_of_at_most_twenty_kilobytes() {
        for person in all() {
            let Some(jpeg) = person.portrait() else { continue };
            assert!(jpeg.len() <= 20 * 1024 && image::load_from_memory(jpeg).unwrap().width() == 240);
        }
    }
}
