//! From a register record and a set of attributes to what is shown: online as named values, offline as claim 169.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::attribute::{Attribute, AttributeSet};
use crate::credential::claim169::{Marital, More, OfflineClaims};
use crate::register::model::ELIGIBLE_AGE;
use crate::register::{Date, MaritalStatus, Nationality, RegisterRecord, Sex};

/// A value as it is shown.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Yes or no: `age_over_17`.
    Flag(bool),
    /// A text or code.
    Text(String),
}

/// Named values in the order of the attributes. `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Disclosed(Vec<(Attribute, AttributeValue)>);

impl Disclosed {
    /// The pairs, in the order of the attributes.
    pub fn iter(&self) -> impl Iterator<Item = (Attribute, &AttributeValue)> {
        self.0.iter().map(|(attribute, shown)| (*attribute, shown))
    }

    /// Whether nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Disclosed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (attribute, shown) in self.iter() {
            map.serialize_entry(attribute.name(), shown)?;
        }
        map.end()
    }
}

impl std::fmt::Debug for Disclosed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(attribute, _)| attribute.name())).finish()
    }
}

/// The values of `set`. The portrait is a picture and travels beside them; `today` decides `age_over_17`.
pub fn disclose(record: &RegisterRecord, set: AttributeSet, today: Date) -> Disclosed {
    Disclosed(
        set.iter().filter_map(|attribute| value(record, attribute, today).map(|shown| (attribute, shown))).collect(),
    )
}

fn value(record: &RegisterRecord, attribute: Attribute, today: Date) -> Option<AttributeValue> {
    Some(match attribute {
        Attribute::Nik => AttributeValue::Text(record.nik.as_str().to_owned()),
        Attribute::FullName => AttributeValue::Text(record.full_name.clone()),
        Attribute::BirthPlace => AttributeValue::Text(record.birth_place.clone()),
        Attribute::BirthDate => AttributeValue::Text(record.birth_date.to_string()),
        Attribute::Sex => AttributeValue::Text(record.sex.code().to_owned()),
        Attribute::BloodType => AttributeValue::Text(record.blood_type_label().to_owned()),
        Attribute::Address => AttributeValue::Text(record.address.clone()),
        Attribute::RtRw => AttributeValue::Text(record.rt_rw()),
        Attribute::Village => AttributeValue::Text(record.village.clone()),
        Attribute::District => AttributeValue::Text(record.district.clone()),
        Attribute::Regency => AttributeValue::Text(record.regency.clone()),
        Attribute::Province => AttributeValue::Text(record.province.clone()),
        Attribute::Religion => AttributeValue::Text(record.religion.code().to_owned()),
        Attribute::MaritalStatus => AttributeValue::Text(record.marital_status.code().to_owned()),
        Attribute::Occupation => AttributeValue::Text(record.occupation.clone()),
        Attribute::Nationality => AttributeValue::Text(record.nationality.code().to_owned()),
        Attribute::Portrait => return None,
        Attribute::AgeOver17 => AttributeValue::Flag(record.birth_date.age_on(today) >= ELIGIBLE_AGE),
    })
}

/// The clear part of an offline token for `set`, without the photo.
pub fn offline_claims(record: &RegisterRecord, set: AttributeSet, today: Date) -> OfflineClaims {
    let mut claims = OfflineClaims::default();
    for attribute in set.iter() {
        let shown = value(record, attribute, today);
        match attribute {
            Attribute::Nik => claims.nik = Some(record.nik.as_str().to_owned()),
            Attribute::FullName => claims.full_name = Some(record.full_name.clone()),
            Attribute::BirthDate => claims.birth_date = Some(record.birth_date.to_string()),
            Attribute::Sex => claims.male = Some(record.sex == Sex::Male),
            Attribute::Address
            | Attribute::Village
            | Attribute::District
            | Attribute::Regency
            | Attribute::Province => {
                if let Some(AttributeValue::Text(line)) = shown {
                    claims.address_lines.push(line);
                }
            }
            Attribute::MaritalStatus if record.marital_status != MaritalStatus::Widowed => {
                claims.marital = match record.marital_status {
                    MaritalStatus::Unmarried => Some(Marital::Single),
                    MaritalStatus::Married => Some(Marital::Married),
                    MaritalStatus::Divorced => Some(Marital::Divorced),
                    MaritalStatus::Widowed => None,
                };
            }
            Attribute::Nationality if record.nationality == Nationality::Indonesian => claims.indonesian = true,
            Attribute::Portrait => {}
            Attribute::BirthPlace
            | Attribute::BloodType
            | Attribute::RtRw
            | Attribute::Religion
            | Attribute::MaritalStatus
            | Attribute::Occupation
            | Attribute::Nationality
            | Attribute::AgeOver17 => claims.more.extend(shown.map(|shown| {
                let more = match shown {
                    AttributeValue::Flag(flag) => More::Flag(flag),
                    AttributeValue::Text(text) => More::Text(text),
                };
                (attribute.name().to_owned(), more)
            })),
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::model::tests::siti;

    #[test]
    fn only_what_is_in_the_set_is_shown() {
        let today = Date::parse("2026-11-21").unwrap();
        let json = serde_json::to_value(disclose(&siti(), AttributeSet::BASIC, today)).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"full_name": "SITI NURHALIZAH", "birth_date": "1990-08-17", "sex": "female",
                "regency": "KOTA ADMINISTRASI JAKARTA SELATAN", "province": "DKI JAKARTA"})
        );
        let json = serde_json::to_value(disclose(&siti(), AttributeSet::AGE, today)).unwrap();
        assert_eq!(json, serde_json::json!({"age_over_17": true}));
        let full = disclose(&siti(), AttributeSet::FULL, today);
        assert_eq!(full.iter().count(), Attribute::ALL.len() - 1, "all but the portrait");
        assert!(!format!("{full:?}").contains("SITI"));
    }

    #[test]
    fn seventeen_is_counted_on_the_day() {
        let over = |today: &str| {
            let shown = disclose(&siti(), AttributeSet::AGE, Date::parse(today).unwrap());
            shown.iter().next().map(|(_, shown)| *shown == AttributeValue::Flag(true))
        };
        assert_eq!(over("2007-08-16"), Some(false));
        assert_eq!(over("2007-08-17"), Some(true));
    }

    #[test]
    fn offline_codes_are_used_where_there_are_any() {
        let today = Date::parse("2026-11-21").unwrap();
        let claims = offline_claims(&siti(), AttributeSet::FULL, today);
        assert_eq!(claims.address_lines.len(), 5);
        assert!(claims.marital == Some(Marital::Married) && claims.indonesian);
        let names: Vec<_> = claims.more.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["birth_place", "blood_type", "rt_rw", "religion", "occupation", "age_over_17"]);
        let mut widow = siti();
        widow.marital_status = MaritalStatus::Widowed;
        widow.nationality = Nationality::Foreign;
        let claims = offline_claims(&widow, AttributeSet::FULL, today);
        assert!(claims.marital.is_none() && !claims.indonesian);
        assert!(
            claims.more.iter().any(|(name, value)| name == "marital_status" && *value == More::Text("widowed".into()))
        );
        assert!(claims.more.iter().any(|(name, value)| name == "nationality" && *value == More::Text("WNA".into())));
    }
}
