//! What a resident writes, checked and sealed.

use serde::{Deserialize, Serialize};

use super::State;
use crate::error::{Code, FieldError, Refusal, Text};
use crate::input;
use crate::input::name::{self, NameError};
use crate::register::{Date, Nik};
use crate::secret::Redacted;

/// What the resident entered, as it is sealed in the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The NIK.
    pub nik: Nik,
    /// Full name.
    pub full_name: Redacted<String>,
    /// Date of birth.
    pub birth_date: Date,
    /// E-mail address; `None` for somebody who has none: then two people of an office stand in for the activation code.
    pub email: Option<Redacted<String>>,
    /// Phone number in E.164.
    pub phone: Redacted<String>,
}

impl Submitted {
    /// Whether the register compares the same: NIK, name and birth date.
    pub fn same_person_as(&self, other: &Self) -> bool {
        self.nik == other.nik && self.full_name == other.full_name && self.birth_date == other.birth_date
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
    /// E-mail address as typed; empty for somebody who has none.
    pub email: String,
    /// That the resident has none, said in so many words: a field that was forgotten is not taken for that.
    pub no_email: bool,
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
        let birth_date = Date::parse_birth(&self.birth_date, today).map_err(|text| note("birth_date", text)).ok();
        let email = check_email(&self.email, self.no_email).map_err(|text| note("email", text)).ok();
        let phone = input::phone::clean(&self.phone).map_err(|text| note("phone", text)).ok();
        match (nik, full_name, birth_date, email, phone) {
            (Some(nik), Some(full_name), Some(birth_date), Some(email), Some(phone)) if wrong.is_empty() => {
                Ok(Submitted { nik, full_name: full_name.into(), birth_date, email, phone: phone.into() })
            }
            _ => Err(Refusal::fields(wrong)),
        }
    }
}

/// An address, or the word that there is none.
fn check_email(text: &str, none: bool) -> Result<Option<Redacted<String>>, Text> {
    match (none, text.trim().is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Err(Text::new(
            "Tulis alamat surel, atau pilih bahwa Anda tidak punya surel; jangan keduanya.",
            "Write an e-mail address, or say that you have none; not both.",
        )),
        (false, _) => input::email::clean(text).map(|email| Some(email.into())),
    }
}

/// A name, by the rules that the register's own names obey.
///
/// # Errors
/// What to correct.
pub fn check_name(text: &str) -> Result<String, Text> {
    name::clean(text).map_err(NameError::text)
}

/// What a resident may change after registering.
#[derive(Debug, Default)]
pub struct Amendment {
    /// A new e-mail address.
    pub email: Option<String>,
    /// That there is none any more; only before the approval.
    pub no_email: bool,
    /// A new phone number.
    pub phone: Option<String>,
    /// A corrected name, only in `needs_correction`.
    pub full_name: Option<String>,
    /// A corrected birth date, only in `needs_correction`.
    pub birth_date: Option<String>,
}

impl Amendment {
    /// Writes the changes into `submitted`, checked as a new registration's fields are.
    ///
    /// # Errors
    /// `invalid_field` with all that is wrong; `wrong_state` for name or birth date in any other `state` than `needs_correction`.
    pub fn apply(&self, submitted: &mut Submitted, state: State, today: Date) -> Result<(), Refusal> {
        let mut wrong = Vec::new();
        let mut note = |field: &'static str, message| wrong.push(FieldError { field: field.into(), message });
        if self.email.is_some() || self.no_email {
            match check_email(self.email.as_deref().unwrap_or_default(), self.no_email) {
                Ok(email) => submitted.email = email,
                Err(text) => note("email", text),
            }
        }
        if self.no_email && !state.is_before_approval() {
            return Err(Refusal::new(Code::WrongState).detail(
                "Pendaftaran sudah disetujui untuk dikirimi kode; tulis alamat surel yang lain, atau batalkan dan daftar lagi tanpa surel.",
                "The registration was approved to be sent a code; write another address, or cancel and register again without one.",
            ));
        }
        if let Some(phone) = &self.phone {
            match input::phone::clean(phone) {
                Ok(phone) => submitted.phone = Redacted(phone),
                Err(text) => note("phone", text),
            }
        }
        if (self.full_name.is_some() || self.birth_date.is_some()) && state != State::NeedsCorrection {
            return Err(Refusal::new(Code::WrongState)
                .detail(
                    "Nama dan tanggal lahir hanya dapat diubah setelah petugas memintanya; batalkan dan daftar ulang bila salah.",
                    "Name and birth date can be changed only after an officer asked for it; cancel and register again if they are wrong.",
                ));
        }
        if let Some(name) = &self.full_name {
            match check_name(name) {
                Ok(name) => submitted.full_name = Redacted(name),
                Err(text) => note("full_name", text),
            }
        }
        if let Some(date) = &self.birth_date {
            match Date::parse_birth(date, today) {
                Ok(date) => submitted.birth_date = date,
                Err(text) => note("birth_date", text),
            }
        }
        let nothing = self.email.is_none()
            && !self.no_email
            && self.phone.is_none()
            && self.full_name.is_none()
            && self.birth_date.is_none();
        if nothing {
            note(
                "email",
                Text::new("Sebutkan paling sedikit satu isian untuk diubah.", "Name at least one field to change."),
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(Refusal::fields(wrong)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::model::differences;

    fn draft() -> Draft {
        Draft {
            nik: "3171015708900001".into(),
            full_name: "Siti Rahma".into(),
            birth_date: "1990-08-17".into(),
            email: "Siti@Example.ID".into(),
            phone: "0812-3456-7890".into(),
            no_email: false,
        }
    }

    #[test]
    fn no_address_is_said_and_not_forgotten() {
        let forgotten = Draft { email: " ".into(), ..draft() }.check(today()).unwrap_err();
        assert_eq!(forgotten.fields.len(), 1);
        let none = Draft { email: String::new(), no_email: true, ..draft() }.check(today()).unwrap();
        assert_eq!(none.email, None);
        assert!(Draft { no_email: true, ..draft() }.check(today()).is_err(), "both at once");
    }

    #[test]
    fn an_address_is_given_up_only_before_the_approval() {
        let given_up = Amendment { no_email: true, ..Amendment::default() };
        let mut submitted = draft().check(today()).unwrap();
        let refused = given_up.apply(&mut submitted, State::CodeSent, today()).unwrap_err();
        assert_eq!(refused.code, Code::WrongState);
        given_up.apply(&mut submitted, State::AwaitingOfficer, today()).unwrap();
        assert_eq!(submitted.email, None);
    }

    fn today() -> Date {
        "2026-11-21".parse().unwrap()
    }

    #[test]
    fn good_input_is_normalised() {
        let submitted = draft().check(today()).unwrap();
        assert_eq!(submitted.email.as_ref().unwrap().expose(), "Siti@example.id");
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
