//! What a case is about: what the resident says, what the register said then, and when the two agree. Pure.

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::input::name::{self, Likeness};
use crate::refresh::model::{changes, stop_of};
use crate::register::{Date, Nik, RegisterRecord};
use crate::secret::Redacted;
use crate::text_column;

/// An element of the KTP-el.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = CorrectionField)]
pub enum Field {
    /// *Nama*.
    FullName,
    /// *Tempat lahir*.
    BirthPlace,
    /// *Tanggal lahir*.
    BirthDate,
    /// *Jenis kelamin*.
    Sex,
    /// *Gol. darah*.
    BloodType,
    /// *Alamat*, with RT/RW, village, district, regency and province.
    Address,
    /// *Agama*.
    Religion,
    /// *Status perkawinan*.
    MaritalStatus,
    /// *Pekerjaan*.
    Occupation,
    /// *Kewarganegaraan*.
    Nationality,
    /// The portrait.
    Portrait,
}

impl Field {
    /// Whether a change of the register by this name is one of this element.
    fn is_named(self, name: &str) -> bool {
        let own: &'static str = self.into();
        own == name
            || self == Self::Address && matches!(name, "rt_rw" | "village" | "district" | "regency" | "province")
    }
}

/// What the register says of it, as it was heard last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Word {
    /// It was not asked yet.
    Unheard,
    /// Something else.
    Differs,
    /// The same.
    Agrees,
}
text_column!(Word);

impl Word {
    /// From whether it agrees.
    pub const fn of(agrees: bool) -> Self {
        if agrees { Self::Agrees } else { Self::Differs }
    }
}

/// What is sealed in the row of a case.
#[derive(Clone, Serialize, Deserialize)]
pub struct Matter {
    /// The NIK.
    pub nik: Nik,
    /// The elements that it is about.
    pub fields: Vec<Field>,
    /// The name that is right, in the resident's word.
    #[serde(default)]
    pub full_name: Option<Redacted<String>>,
    /// The birth date that is right.
    #[serde(default)]
    pub birth_date: Option<Date>,
    /// What the register said when the case was opened; none where it knew nobody or was not asked.
    #[serde(default)]
    pub was: Option<RegisterRecord>,
    /// The portrait of then, base64url of a JPEG, where the case is about it.
    #[serde(default)]
    pub portrait: Option<Redacted<String>>,
}

impl std::fmt::Debug for Matter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matter").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl Matter {
    /// Whether the register, which says `record`, agrees with the resident now. A name and a birth date agree when they are what the
    /// resident says. What nobody can write exactly as the register would (an address) agrees when the register says something else
    /// than when the case was opened. `has_new_portrait` is whether a portrait came that shows another picture than then.
    pub fn agrees(&self, kind: Kind, record: Option<&RegisterRecord>, has_new_portrait: bool) -> bool {
        let Some(record) = record else { return false };
        match kind {
            Kind::NikNotOnline => return true,
            Kind::WrongDeath => return stop_of(record).is_none(),
            _ => {}
        }
        let name = self.full_name.as_ref();
        let named = name.is_none_or(|name| name::compare(name.expose(), &record.full_name) == Likeness::Same);
        let born = self.birth_date.is_none_or(|date| date == record.birth_date);
        named && born && self.fields.iter().all(|field| self.is_settled(*field, record, has_new_portrait))
    }

    fn is_settled(&self, field: Field, record: &RegisterRecord, has_new_portrait: bool) -> bool {
        match field {
            Field::FullName if self.full_name.is_some() => true,
            Field::BirthDate if self.birth_date.is_some() => true,
            Field::Portrait => has_new_portrait,
            _ => {
                let was = self.was.as_ref();
                was.is_some_and(|was| changes(was, record, false).iter().any(|change| field.is_named(change.field)))
            }
        }
    }

    /// Whether the name is all that it is about: then the resident may agree to the register's spelling.
    pub fn is_of_name_alone(&self) -> bool {
        self.fields == [Field::FullName]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::model::tests::siti;
    use crate::register::{Religion, VitalStatus};

    fn matter(fields: &[Field]) -> Matter {
        let was = Some(siti());
        Matter { nik: siti().nik, fields: fields.to_vec(), full_name: None, birth_date: None, was, portrait: None }
    }

    #[test]
    fn a_name_and_a_birth_date_agree_when_they_are_what_the_resident_says() {
        let said = |name: &str| RegisterRecord { full_name: name.into(), ..siti() };
        let named = Matter { full_name: Some("Siti Nur'aini".to_owned().into()), ..matter(&[Field::FullName]) };
        for (name, agrees) in [("SITI NUR’AINI", true), ("SITI NURAINA", false), ("SITI", false)] {
            assert_eq!(named.agrees(Kind::RegisterMisspelling, Some(&said(name)), false), agrees, "{name}");
        }
        assert!(!named.agrees(Kind::RegisterMisspelling, None, true));
        let born = Matter { birth_date: Date::new(1990, 8, 18), ..matter(&[Field::BirthDate]) };
        assert!(!born.agrees(Kind::RegisterMisspelling, Some(&siti()), false));
        let corrected = RegisterRecord { birth_date: Date::new(1990, 8, 18).unwrap(), ..siti() };
        assert!(born.agrees(Kind::RegisterMisspelling, Some(&corrected), false));
        let both = Matter { birth_date: Date::new(1990, 8, 18), ..named };
        assert!(!both.agrees(Kind::DuplicateNik, Some(&corrected), false), "all of it, whatever was named");
    }

    #[test]
    fn what_nobody_can_write_exactly_agrees_when_the_register_says_something_else() {
        let case = matter(&[Field::Address, Field::Religion]);
        let agrees = |record: &RegisterRecord| case.agrees(Kind::ElementChange, Some(record), true);
        assert!(!agrees(&siti()));
        let moved = RegisterRecord { rw: "099".into(), ..siti() };
        assert!(!agrees(&moved), "one of the two");
        let religion = if siti().religion == Religion::Hindu { Religion::Islam } else { Religion::Hindu };
        assert!(agrees(&RegisterRecord { religion, ..moved.clone() }));
        let unheard = Matter { was: None, ..case.clone() };
        assert!(!unheard.agrees(Kind::ElementChange, Some(&moved), true), "nothing to compare with");
        let portrait = matter(&[Field::Portrait]);
        assert!(!portrait.agrees(Kind::PortraitOld, Some(&siti()), false));
        assert!(portrait.agrees(Kind::PortraitOld, Some(&siti()), true));
    }

    #[test]
    fn a_nik_is_found_and_a_death_is_struck_out() {
        let case = matter(&[]);
        assert!(case.agrees(Kind::NikNotOnline, Some(&siti()), false) && !case.agrees(Kind::NikNotOnline, None, false));
        let dead = RegisterRecord { vital_status: VitalStatus::Deceased, ..siti() };
        assert!(!case.agrees(Kind::WrongDeath, Some(&dead), false));
        assert!(case.agrees(Kind::WrongDeath, Some(&siti()), false));
        assert!(!format!("{case:?}").contains("SITI"));
    }
}
