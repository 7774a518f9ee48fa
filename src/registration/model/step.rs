//! How far registrations come, as figures count it. Pure.

use serde::{Deserialize, Serialize};

use super::{DifferenceField, State};
use crate::text_column;

/// A step of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// It was submitted.
    Registered,
    /// The selfie came.
    Selfie,
    /// The resident was at a counter.
    Scanned,
    /// An officer approved.
    Approved,
    /// An officer gave it back.
    Returned,
    /// An officer refused.
    Rejected,
    /// The activation code is on its way.
    CodeSent,
    /// The digital KTP is on the phone.
    Activated,
    /// A second person granted what an officer asked for.
    SecondPerson,
}
text_column!(Step);

impl Step {
    /// All steps, in the order in which a registration takes them.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// What the resident waited for it since, if that is measured.
    pub const fn waits_since(self) -> Option<Self> {
        match self {
            Self::Scanned => Some(Self::Registered),
            Self::Approved | Self::Returned | Self::Rejected => Some(Self::Scanned),
            Self::Activated => Some(Self::Approved),
            Self::Registered | Self::Selfie | Self::CodeSent | Self::SecondPerson => None,
        }
    }
}

/// Why a registration was given back or refused, as figures count it; the resident reads the officer's own words.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WhyNot {
    /// The selfie is blurred.
    PhotoBlurred,
    /// The selfie is too dark.
    PhotoDark,
    /// The face is covered.
    Covered,
    /// Somebody else is on the selfie too.
    NotAlone,
    /// The name is another.
    Name,
    /// The birth date is another.
    BirthDate,
    /// E-mail address or phone number are wrong.
    Contact,
    /// It is another person.
    OtherPerson,
    /// No document was there.
    NoDocument,
    /// Not seventeen yet.
    Underage,
    /// The register does not know the NIK.
    NotInRegister,
    /// The register did not answer.
    RegisterDown,
    /// Something was used up, such as blank cards.
    NoStock,
    /// Something else.
    #[default]
    Other,
}
text_column!(WhyNot);

impl WhyNot {
    /// All reasons, in the order in which a recap has them.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// What an officer who names no reason has said by what they release to the resident.
    pub fn of_release(to: State, released: &[DifferenceField]) -> Self {
        match released.first() {
            Some(DifferenceField::FullName) if to == State::NeedsCorrection => Self::Name,
            Some(DifferenceField::BirthDate) if to == State::NeedsCorrection => Self::BirthDate,
            _ => Self::Other,
        }
    }
}
