//! How what was submitted compares with the population register.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Submitted;
use crate::error::Text;
use crate::input::name::{self, Likeness};
use crate::register::{Date, RegisterRecord};
use crate::secret::Redacted;

/// How far the register check has come.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CheckState {
    /// It is a job that will run.
    Pending,
    /// Too many checks for this NIK: it runs when an officer scans.
    Limited,
    /// The register has answered.
    Done,
}

/// What the register's answer means.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CheckResult {
    /// Name and birth date agree.
    Match,
    /// Something differs; the officer decides.
    Differs,
    /// The register does not know the NIK.
    UnknownNik,
    /// The person may not have a KTP: too young and never married, or no longer alive or resident.
    NotEligible,
}

crate::text_column!(CheckState, CheckResult);

/// What the register's answer means, and whom it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Name and birth date of this resident agree.
    Match(Uuid),
    /// Something differs from what is known of this resident; the officer decides.
    Differs(Uuid),
    /// The register does not know the NIK.
    UnknownNik,
    /// This resident may not have a KTP.
    NotEligible(Uuid),
}

impl Answer {
    /// From what the table holds; `None` for what cannot be together.
    pub const fn new(result: CheckResult, resident: Option<Uuid>) -> Option<Self> {
        Some(match (result, resident) {
            (CheckResult::Match, Some(resident)) => Self::Match(resident),
            (CheckResult::Differs, Some(resident)) => Self::Differs(resident),
            (CheckResult::NotEligible, Some(resident)) => Self::NotEligible(resident),
            (CheckResult::UnknownNik, None) => Self::UnknownNik,
            _ => return None,
        })
    }

    /// What it means.
    pub const fn result(self) -> CheckResult {
        match self {
            Self::Match(_) => CheckResult::Match,
            Self::Differs(_) => CheckResult::Differs,
            Self::UnknownNik => CheckResult::UnknownNik,
            Self::NotEligible(_) => CheckResult::NotEligible,
        }
    }

    /// Whom it is about.
    pub const fn resident(self) -> Option<Uuid> {
        match self {
            Self::Match(resident) | Self::Differs(resident) | Self::NotEligible(resident) => Some(resident),
            Self::UnknownNik => None,
        }
    }
}

/// The register check of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterCheck {
    /// It is a job that will run.
    Pending {
        /// The resident whom the register named before the data was corrected: the NIK stays.
        resident: Option<Uuid>,
    },
    /// It runs when an officer scans.
    Limited,
    /// The register has answered.
    Done(Answer),
}

impl RegisterCheck {
    /// How far it has come.
    pub const fn state(self) -> CheckState {
        match self {
            Self::Pending { .. } => CheckState::Pending,
            Self::Limited => CheckState::Limited,
            Self::Done(_) => CheckState::Done,
        }
    }

    /// What the answer means, once it is there.
    pub const fn result(self) -> Option<CheckResult> {
        match self {
            Self::Done(answer) => Some(answer.result()),
            Self::Pending { .. } | Self::Limited => None,
        }
    }

    /// The resident, once the register has named one.
    pub const fn resident(self) -> Option<Uuid> {
        match self {
            Self::Done(answer) => answer.resident(),
            Self::Pending { resident } => resident,
            Self::Limited => None,
        }
    }
}

/// Something that can differ between what was submitted and what is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceField {
    /// The name.
    FullName,
    /// The birth date.
    BirthDate,
}

/// One difference, with both values. For the officer's eyes only.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// What differs.
    pub field: DifferenceField,
    /// As the resident wrote it.
    #[schema(value_type = String)]
    pub submitted: Redacted<String>,
    /// As the register has it.
    #[schema(value_type = String)]
    pub registered: Redacted<String>,
    /// Why it may differ and what to do, for the officer.
    pub explanation: &'static str,
}

/// Compares what was submitted with what is registered; explanations are for the officer, in both languages.
pub fn differences(submitted: &Submitted, record: &RegisterRecord) -> Vec<(DifferenceField, String, String, Text)> {
    let mut found = Vec::new();
    let explanation = match name::compare(submitted.full_name.expose(), &record.full_name) {
        Likeness::Same => None,
        Likeness::Spaces => {
            Some(Text::new("Hanya spasi yang berbeda; periksa KTP-el.", "Only spaces differ; check the KTP-el."))
        }
        Likeness::Deceased => Some(Text::new(
            "Hanya keterangan almarhum/almarhumah (ALM) yang berbeda; biasanya milik nama orang tua. Periksa KTP-el.",
            "Only the note for the deceased (ALM) differs; it usually belongs to a parent's name. Check the KTP-el.",
        )),
        Likeness::Longer => Some(Text::new(
            "Salah satu nama lebih panjang; gelar atau nama tengah mungkin ditulis atau dihilangkan.",
            "One name is longer: a title or middle name may have been added or left out.",
        )),
        Likeness::Other => Some(Text::new(
            "Ejaan berbeda; cocokkan dengan KTP-el dan KK. Bila data kependudukan salah, arahkan ke pembetulan data.",
            "The spelling differs; compare KTP-el and KK. If the register is wrong, refer to a correction of data.",
        )),
    };
    if let Some(explanation) = explanation {
        let pair = (submitted.full_name.expose().clone(), record.full_name.clone());
        found.push((DifferenceField::FullName, pair.0, pair.1, explanation));
    }
    if submitted.birth_date != record.birth_date {
        found.push((
            DifferenceField::BirthDate,
            submitted.birth_date.to_string(),
            record.birth_date.to_string(),
            Text::new(
                "Tanggal lahir berbeda; cocokkan dengan akta kelahiran atau KTP-el.",
                "The birth date differs; compare the birth certificate or the KTP-el.",
            ),
        ));
    }
    found
}

/// Judges on `today` what the register said: the resident and their record, or that it knows none.
pub fn judge(submitted: &Submitted, found: Option<(Uuid, &RegisterRecord)>, today: Date) -> Answer {
    match found {
        None => Answer::UnknownNik,
        Some((resident, record)) if !record.eligible_on(today) => Answer::NotEligible(resident),
        Some((resident, record)) if differences(submitted, record).is_empty() => Answer::Match(resident),
        Some((resident, _)) => Answer::Differs(resident),
    }
}
