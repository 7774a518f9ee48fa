//! The words of a registration: states, what was submitted, how it compares with the register. Pure.

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Refusal, Text};
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
/// Register look-ups for one NIK in a window; later ones wait for the counter, so that nobody can lock another out.
pub const CHECKS_PER_WINDOW: i64 = 5;
/// Hours of that window.
pub const CHECK_WINDOW_HOURS: i64 = 6;

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
    let (ours, theirs) = (normalise_name(submitted.full_name.expose()), normalise_name(&record.full_name));
    if ours != theirs {
        let same_letters = ours.replace(' ', "") == theirs.replace(' ', "");
        let explanation = if same_letters {
            Text::new("Hanya spasi yang berbeda; periksa KTP-el.", "Only spaces differ; check the KTP-el.")
        } else if theirs.contains(&ours) || ours.contains(&theirs) {
            Text::new(
                "Salah satu nama lebih panjang; gelar atau nama tengah mungkin ditulis atau dihilangkan.",
                "One name is longer: a title or middle name may have been added or left out.",
            )
        } else {
            Text::new(
                "Ejaan berbeda; cocokkan dengan KTP-el dan KK. Bila data kependudukan salah, arahkan ke pembetulan data.",
                "The spelling differs; compare KTP-el and KK. If the register is wrong, refer to a correction of data.",
            )
        };
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

/// Upper case, letters and digits only, single spaces: how names are compared.
pub fn normalise_name(name: &str) -> String {
    name.split(|c: char| c.is_whitespace() || c == '-' || c == '.')
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
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
    /// `invalid_field` with what to correct. A NIK whose digits disagree with the birth date counts as a typing error.
    pub fn check(&self, today: Date) -> Result<Submitted, Refusal> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let mut note = |field: &'static str, message: Text| wrong.push(FieldError { field: field.into(), message });
        let nik = self.nik.parse::<Nik>().map_err(|error| note("nik", error.text())).ok();
        let full_name = check_name(&self.full_name).map_err(|text| note("full_name", text)).ok();
        let birth_date = check_birth_date(&self.birth_date, today).map_err(|text| note("birth_date", text)).ok();
        let email = check_email(&self.email).map_err(|text| note("email", text)).ok();
        let phone = check_phone(&self.phone).map_err(|text| note("phone", text)).ok();
        if let (Some(nik), Some(date)) = (&nik, &birth_date)
            && !nik.agrees_with_birth_date(*date)
        {
            note("birth_date", BIRTH_DATE_AND_NIK);
        }
        match (nik, full_name, birth_date, email, phone) {
            (Some(nik), Some(full_name), Some(birth_date), Some(email), Some(phone)) if wrong.is_empty() => {
                Ok(Submitted { nik, full_name: full_name.into(), birth_date, email: email.into(), phone: phone.into() })
            }
            _ => Err(Refusal::fields(wrong)),
        }
    }
}

/// A name: 2–100 characters, at least one letter, no control characters, no markup, single spaces.
///
/// # Errors
/// What to correct.
pub fn check_name(name: &str) -> Result<String, Text> {
    let name = name.trim();
    let length = name.chars().count();
    let clean = name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '\'' | '’' | '.' | ',' | '-' | '/' | '`'));
    if (1..=100).contains(&length) && clean && name.chars().any(char::is_alphabetic) {
        Ok(name.split_whitespace().collect::<Vec<_>>().join(" "))
    } else {
        Err(Text::new(
            "Tulis nama seperti pada KTP-el: huruf, spasi, titik, koma, petik, atau tanda hubung; paling banyak 100.",
            "Write the name as on the KTP-el: letters, spaces, full stops, commas, apostrophes or hyphens; at most 100.",
        ))
    }
}

/// What a person reads whose birth date and NIK contradict each other.
pub const BIRTH_DATE_AND_NIK: Text = Text::new(
    "Tanggal lahir tidak cocok dengan NIK; periksa keduanya. Bila NIK Anda memang berbeda dari tanggal lahir, datanglah ke loket.",
    "The birth date does not fit the NIK; check both. If your NIK really differs from your birth date, go to a counter.",
);

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

/// An e-mail address of at most 254 characters (RFC 5321 §4.5.3.1.3), the domain in lower case.
///
/// # Errors
/// What to correct.
pub fn check_email(text: &str) -> Result<String, Text> {
    let wrong = Text::new(
        "Tulis alamat surel yang bisa Anda buka, misalnya nama@contoh.id.",
        "Write an e-mail address that you can open, for example name@example.id.",
    );
    let text = text.trim();
    if text.len() > 254 || !text.is_ascii() || text.contains(['\r', '\n', '<', '>', '"', ' ']) {
        return Err(wrong);
    }
    let address: lettre::Address = text.parse().map_err(|_| wrong)?;
    let domain = address.domain().to_ascii_lowercase();
    if domain.contains('.') && !domain.starts_with('[') {
        Ok(format!("{}@{domain}", address.user()))
    } else {
        Err(wrong)
    }
}

/// The form of an address under which it is counted and looked up: lower case throughout.
pub fn email_key(email: &str) -> String {
    email.to_ascii_lowercase()
}

/// A phone number: 8 to 15 digits; `08…` is read as Indonesian (`+628…`, E.164).
///
/// # Errors
/// What to correct.
pub fn check_phone(text: &str) -> Result<String, Text> {
    let kept: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    let digits = kept.strip_prefix('+').unwrap_or(&kept);
    let number = match (kept.starts_with('+'), digits.strip_prefix('0')) {
        (false, Some(rest)) => format!("62{rest}"),
        _ => digits.to_owned(),
    };
    if (8..=15).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()) {
        Ok(format!("+{number}"))
    } else {
        Err(Text::new(
            "Tulis nomor telepon, misalnya 0812 3456 7890 atau +62 812 3456 7890.",
            "Write a phone number, for example 0812 3456 7890 or +62 812 3456 7890.",
        ))
    }
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
    fn a_birth_date_that_the_nik_contradicts_is_a_typing_error() {
        let refusal = Draft { birth_date: "1990-08-18".into(), ..draft() }.check(today()).unwrap_err();
        assert_eq!(refusal.fields[0].field, "birth_date");
    }

    #[test]
    fn header_injection_and_markup_are_refused() {
        for email in
            ["a@b.id\r\nBcc: c@d.id", "<a@b.id>", "a b@c.id", "a@localhost", "a@[127.0.0.1]", "\"a\"@b.id", "a@b"]
        {
            assert!(check_email(email).is_err(), "{email}");
        }
        for name in ["<script>", "A\nB", "", " ", "12345", "Siti\u{202e}"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(check_name("Dr.  R.A. Siti Nur'aini, S.H.").unwrap(), "Dr. R.A. Siti Nur'aini, S.H.");
    }

    #[test]
    fn names_are_compared_as_people_read_them() {
        assert_eq!(normalise_name("Siti  nur'AINI-s."), normalise_name("SITI NURAINI S"));
        assert_ne!(normalise_name("SITI NURAINI"), normalise_name("SITI NURANI"));
    }

    #[test]
    fn hints_hide_the_address() {
        assert_eq!(email_hint("siti.rahma@example.id"), "s***a@example.id");
        assert_eq!(email_hint("ab@example.id"), "a***@example.id");
    }

    #[test]
    fn phones() {
        assert_eq!(check_phone("+62 812 3456 7890").unwrap(), "+6281234567890");
        assert_eq!(check_phone("6281234567890").unwrap(), "+6281234567890");
        assert!(check_phone("0812").is_err());
        assert!(check_phone("08123456789x").is_err());
    }
}
