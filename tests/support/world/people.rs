//! Who lives in a world.

use std::sync::OnceLock;

use ikd::clock::{Clock, Timestamp};
use ikd::device::client::PinKey;
use ikd::login::totp;
use ikd::register::RegisterRecord;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Officer, Resident};

/// What somebody writes into a registration to say who they are.
pub trait Registrant {
    /// NIK.
    fn nik(&self) -> &str;
    /// Name as the register has it.
    fn full_name(&self) -> &str;
    /// Birth date, `YYYY-MM-DD`.
    fn birth_date(&self) -> String;
}

impl Registrant for RegisterRecord {
    fn nik(&self) -> &str {
        self.nik.as_str()
    }

    fn full_name(&self) -> &str {
        &self.full_name
    }

    fn birth_date(&self) -> String {
        self.birth_date.to_string()
    }
}

/// Somebody who registers.
#[derive(Clone, Debug)]
pub struct Person {
    /// NIK.
    pub nik: String,
    /// Name as the register has it.
    pub full_name: String,
    /// Birth date, `YYYY-MM-DD`.
    pub birth_date: String,
}

impl Person {
    /// As `register generate --show` and `ikd demo` print somebody.
    pub fn read(printed: &Value) -> Self {
        let member = |name: &str| printed[name].as_str().unwrap().to_owned();
        Self { nik: member("nik"), full_name: member("full_name"), birth_date: member("birth_date") }
    }
}

impl<R: Registrant> From<&R> for Person {
    fn from(other: &R) -> Self {
        Self { nik: other.nik().to_owned(), full_name: other.full_name().to_owned(), birth_date: other.birth_date() }
    }
}

impl Registrant for Person {
    fn nik(&self) -> &str {
        &self.nik
    }

    fn full_name(&self) -> &str {
        &self.full_name
    }

    fn birth_date(&self) -> String {
        self.birth_date.clone()
    }
}

/// A resident with a phone and a registration.
pub struct Applicant {
    /// The phone.
    pub client: Resident,
    /// Who it is.
    pub record: Person,
    /// The registration.
    pub id: String,
    /// E-mail address.
    pub email: String,
}

impl Applicant {
    /// A path below the registration.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/registrations/{}{rest}", self.id)
    }

    /// The registration's id.
    pub fn uuid(&self) -> Uuid {
        self.id.parse().unwrap()
    }
}

/// How an officer or a teller logs in.
#[derive(Clone)]
pub struct LogIn {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Authenticator secret, in Base32.
    pub totp_secret: String,
}

impl LogIn {
    /// As commands print it.
    pub fn read(printed: &Value) -> Self {
        let member = |name: &str| printed[name].as_str().unwrap().to_owned();
        Self { username: member("username"), password: member("password"), totp_secret: member("totp_secret") }
    }

    /// What the authenticator shows.
    pub fn code(&self, now: Timestamp) -> String {
        totp::code(&totp::from_base32(&self.totp_secret).unwrap(), now).unwrap()
    }

    /// Logs in at the counter.
    pub async fn officer(&self, http: reqwest::Client, base: &str, clock: &Clock) -> Officer {
        totp::in_good_time(clock).await;
        Officer::log_in(http, base, &self.username, &self.password, &self.code(clock.now())).await
    }
}

/// A body that approves.
pub fn approval() -> Value {
    json!({"version": "", "checks": {"face": true, "document": true, "data": true}, "note": "uji"})
}

/// A PIN key that stands for the PIN that this person would have set; deriving one takes too long for every test.
pub fn pin_key(person: &impl Registrant) -> PinKey {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(person.nik().as_bytes());
    PinKey::from_seed(&seed)
}

/// The code in a letter about this registration: its link is `…/aktivasi#<id>.<code>`.
pub fn code_in(letter: &str, id: &str) -> Option<String> {
    // Soft line breaks of quoted-printable (RFC 2045 §6.7).
    let text = letter.replace("=\r\n", "").replace("=\n", "");
    let (_, rest) = text.split_once(&format!("#{id}."))?;
    Some(rest.chars().take_while(char::is_ascii_digit).collect())
}

/// A small JPEG that passes as a selfie.
pub fn portrait_bytes() -> &'static [u8] {
    static PICTURE: OnceLock<Vec<u8>> = OnceLock::new();
    PICTURE.get_or_init(|| {
        let picture = image::RgbImage::from_fn(240, 320, |x, y| image::Rgb([x as u8, (y / 2) as u8, 120]));
        let mut out = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
        out.into_inner()
    })
}
