//! The words of a registration: states, what was submitted, how it compares with the register. Pure.

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Refusal, Text};
use crate::input;
use crate::input::name::{self, Likeness, NameError};
use crate::register::{Date, Nik, RegisterRecord};
use crate::secret::Redacted;

/// Days that a registration lives before it is approved.
pub const LIFE_BEFORE_APPROVAL_DAYS: i64 = 30;
/// Days that a registration lives in `code_sent` and `needs_pin`.
pub const LIFE_AFTER_APPROVAL_DAYS: i64 = 7;
/// New activation codes a day without an officer's act; a new address means a new code.
pub const CODES_A_DAY: i64 = 3;
/// Days that a selfie is kept after any end but activation.
pub const SELFIE_DAYS_AFTER_END: i64 = 7;
/// Minutes that an officer's scan counts.
pub const SCAN_MINUTES: i64 = 30;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// The word in tables and in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Finds the value for a word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// Where a registration stands.
    State {
        /// The selfie is missing.
        NeedsSelfie = "needs_selfie",
        /// Ready to be shown to an officer.
        AwaitingOfficer = "awaiting_officer",
        /// The officer returned it: data must be corrected.
        NeedsCorrection = "needs_correction",
        /// Approved while the register was down; completes by itself.
        ApprovedPendingRegister = "approved_pending_register",
        /// The activation code is on its way or has arrived.
        CodeSent = "code_sent",
        /// The code was right; the PIN is missing.
        NeedsPin = "needs_pin",
        /// The digital KTP is on the phone.
        Active = "active",
        /// Refused by the officer.
        Rejected = "rejected",
        /// Not finished in time.
        Expired = "expired",
        /// Ended by the resident.
        Cancelled = "cancelled",
    }
}

words! {
    /// What the resident does next.
    Next {
        /// Take a selfie.
        TakeSelfie = "take_selfie",
        /// Show the activation QR at a counter.
        VisitCounter = "visit_counter",
        /// Correct what the officer named.
        CorrectData = "correct_data",
        /// Nothing: the service goes on by itself.
        Wait = "wait",
        /// Enter the code from the e-mail.
        EnterCode = "enter_code",
        /// Set the PIN.
        SetPin = "set_pin",
        /// Unlock and show the digital KTP.
        Unlock = "unlock",
        /// Register again.
        RegisterAgain = "register_again",
    }
}

impl State {
    /// What the resident does next.
    pub const fn next(self) -> Next {
        match self {
            Self::NeedsSelfie => Next::TakeSelfie,
            Self::AwaitingOfficer => Next::VisitCounter,
            Self::NeedsCorrection => Next::CorrectData,
            Self::ApprovedPendingRegister => Next::Wait,
            Self::CodeSent => Next::EnterCode,
            Self::NeedsPin => Next::SetPin,
            Self::Active => Next::Unlock,
            Self::Rejected | Self::Expired | Self::Cancelled => Next::RegisterAgain,
        }
    }

    /// Whether nothing can happen to it any more.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Active | Self::Rejected | Self::Expired | Self::Cancelled)
    }

    /// Whether the resident's own data may still be replaced by a new registration of the same device.
    pub const fn is_before_approval(self) -> bool {
        matches!(self, Self::NeedsSelfie | Self::AwaitingOfficer | Self::NeedsCorrection)
    }
}

words! {
    /// How far the data check has come.
    CheckState {
        /// It is a job that will run.
        Pending = "pending",
        /// Too many checks for this NIK: it runs when an officer scans.
        Limited = "limited",
        /// The register has answered.
        Done = "done",
    }
}

words! {
    /// What the register's answer means.
    CheckResult {
        /// Name and birth date agree.
        Match = "match",
        /// Something differs; the officer decides.
        Differs = "differs",
        /// The register does not know the NIK.
        UnknownNik = "unknown_nik",
        /// The person may not have a KTP: too young and never married, or no longer alive or resident.
        NotEligible = "not_eligible",
    }
}

words! {
    /// Something that can differ between what was submitted and what is registered.
    DifferenceField {
        /// The name.
        FullName = "full_name",
        /// The birth date.
        BirthDate = "birth_date",
    }
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

/// What the resident entered, as it is sealed in the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The NIK.
    pub nik: Nik,
    /// Full name.
    pub full_name: Redacted<String>,
    /// Date of birth.
    pub birth_date: Date,
    /// E-mail address.
    pub email: Redacted<String>,
    /// Phone number in E.164.
    pub phone: Redacted<String>,
}

/// What an officer noted with a decision, as it is sealed in the row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Decision {
    /// The officer's words: the reason shown to the resident on return and rejection.
    pub reason: Redacted<String>,
    /// A note for colleagues.
    pub note: Redacted<String>,
    /// What the officer released to the resident.
    pub released: Vec<DifferenceField>,
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

/// Judges the register's answer on `today`.
pub fn judge(submitted: &Submitted, record: Option<&RegisterRecord>, today: Date) -> CheckResult {
    match record {
        None => CheckResult::UnknownNik,
        Some(record) if !record.eligible_on(today) => CheckResult::NotEligible,
        Some(record) if differences(submitted, record).is_empty() => CheckResult::Match,
        Some(_) => CheckResult::Differs,
    }
}

/// `s***i@example.id`: enough to recognise one's own address, too little to learn one.
pub fn email_hint(email: &str) -> String {
    match email.split_once('@') {
        Some((name, domain)) => {
            let mut letters = name.chars();
            let first = letters.next().unwrap_or('*');
            match letters.next_back() {
                Some(last) if name.chars().count() > 3 => format!("{first}***{last}@{domain}"),
                _ => format!("{first}***@{domain}"),
            }
        }
        None => String::from("***"),
    }
}

/// The fields of a registration as they arrive, unchecked.
#[derive(Debug, Default)]
pub struct Draft {
    /// NIK as typed; spaces and dots are forgiven.
    pub nik: String,
    /// Name as typed.
    pub full_name: String,
    /// Date as `YYYY-MM-DD`.
    pub birth_date: String,
    /// E-mail address as typed.
    pub email: String,
    /// Phone number as typed.
    pub phone: String,
}

impl Draft {
    /// Checks every field and names all that are wrong at once.
    ///
    /// # Errors
    /// `invalid_field` with what to correct. A NIK whose digits disagree with the birth date is taken: corrected birth dates
    /// are real and the NIK never changes. The officer is warned.
    pub fn check(&self, today: Date) -> Result<Submitted, Refusal> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let mut note = |field: &'static str, message: Text| wrong.push(FieldError { field: field.into(), message });
        let nik = input::ungrouped(&self.nik).parse::<Nik>().map_err(|error| note("nik", error.text())).ok();
        let full_name = check_name(&self.full_name).map_err(|text| note("full_name", text)).ok();
        let birth_date = check_birth_date(&self.birth_date, today).map_err(|text| note("birth_date", text)).ok();
        let email = input::email::clean(&self.email).map_err(|text| note("email", text)).ok();
        let phone = input::phone::clean(&self.phone).map_err(|text| note("phone", text)).ok();
        match (nik, full_name, birth_date, email, phone) {
            (Some(nik), Some(full_name), Some(birth_date), Some(email), Some(phone)) if wrong.is_empty() => {
                Ok(Submitted { nik, full_name: full_name.into(), birth_date, email: email.into(), phone: phone.into() })
            }
            _ => Err(Refusal::fields(wrong)),
        }
    }
}

/// A name, by the rules that the register's own names obey.
///
/// # Errors
/// What to correct.
pub fn check_name(text: &str) -> Result<String, Text> {
    name::clean(text).map_err(NameError::text)
}

/// A birth date between 1900 and today.
///
/// # Errors
/// What to correct.
pub fn check_birth_date(text: &str, today: Date) -> Result<Date, Text> {
    let wrong = Text::new(
        "Tulis tanggal lahir sebagai TTTT-BB-HH, misalnya 1990-12-31, tidak di masa depan.",
        "Write the birth date as YYYY-MM-DD, for example 1990-12-31, not in the future.",
    );
    let date: Date = text.trim().parse().map_err(|_| wrong)?;
    if date.year() >= 1900 && date <= today { Ok(date) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            nik: "3171015708900001".into(),
            full_name: "Siti Rahma".into(),
            birth_date: "1990-08-17".into(),
            email: "Siti@Example.ID".into(),
            phone: "0812-3456-7890".into(),
        }
    }

    fn today() -> Date {
        "2026-11-21".parse().unwrap()
    }

    #[test]
    fn good_input_is_normalised() {
        let submitted = draft().check(today()).unwrap();
        assert_eq!(submitted.email.expose(), "Siti@example.id");
        assert_eq!(submitted.phone.expose(), "+6281234567890");
        assert!(!format!("{submitted:?}").contains("Siti"));
    }

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        let refusal = Draft::default().check(today()).unwrap_err();
        let named: Vec<_> = refusal.fields.iter().map(|field| field.field.as_ref()).collect();
        assert_eq!(named, ["nik", "full_name", "birth_date", "email", "phone"]);
    }

    #[test]
    fn a_birth_date_that_the_nik_contradicts_is_taken() {
        let submitted = Draft { birth_date: "1990-08-18".into(), ..draft() }.check(today()).unwrap();
        assert!(!submitted.nik.agrees_with_birth_date(submitted.birth_date));
        let as_a_man = Draft { nik: "3171011708900001".into(), ..draft() }.check(today()).unwrap();
        assert!(as_a_man.nik.agrees_with_birth_date(as_a_man.birth_date));
    }

    #[test]
    fn a_nik_is_taken_in_groups() {
        for nik in [
            "3171 0157 0890 0001",
            "3171.0157.0890.0001",
            "３１７１０１５７０８９００００１",
            " 3171015708900001\u{200b}",
        ] {
            assert_eq!(Draft { nik: nik.into(), ..draft() }.check(today()).unwrap().nik.as_str(), "3171015708900001");
        }
    }

    #[test]
    fn only_what_means_the_same_is_no_difference() {
        let submitted = |name: &str| Draft { full_name: name.into(), ..draft() }.check(today()).unwrap();
        let mut record = crate::register::model::tests::siti();
        record.birth_date = submitted("SITI").birth_date;
        record.full_name = "SITI NUR’AINI (ALM)".into();
        for (name, fields) in [("Siti Nur'aini alm.", 0), ("Siti Nur'aini", 1), ("Siti Nuraina (alm)", 1)] {
            assert_eq!(differences(&submitted(name), &record).len(), fields, "{name}");
        }
    }

    #[test]
    fn hints_hide_the_address() {
        assert_eq!(email_hint("siti.rahma@example.id"), "s***a@example.id");
        assert_eq!(email_hint("ab@example.id"), "a***@example.id");
    }
}
