//! What relying parties are and how they are recognised. Pure.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::attribute::{Attribute, AttributeSet};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::config::QuotaDefault;
use crate::error::{Code, Language, Refusal, Result};
use crate::input;
use crate::oauth::model::{canonical, thumbprint};
use crate::register::Date;
use crate::secret::Redacted;

/// What every API key begins with, so that scanners for leaked secrets know it.
pub const KEY_PREFIX: &str = "ikd_rp_";
/// What every key to the sandbox begins with: what it belongs to is seen before it is looked up.
pub const TEST_KEY_PREFIX: &str = "ikd_rt_";

/// An API key as it is given out once: `ikd_rp_<key id>_<secret>`.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Finds the row; not secret.
    pub key_id: Uuid,
    /// 32 random bytes.
    secret: Redacted<[u8; 32]>,
}

impl ApiKey {
    /// A new key.
    pub const fn new(key_id: Uuid, secret: [u8; 32]) -> Self {
        Self { key_id, secret: Redacted(secret) }
    }

    /// Reads a key from an `Authorization` header's token.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_after(KEY_PREFIX, text)
    }

    /// [`ApiKey::parse`] for keys that begin in another way.
    pub fn parse_after(prefix: &str, text: &str) -> Option<Self> {
        let (key_id, secret) = text.strip_prefix(prefix)?.split_once('_')?;
        // Without this, an id could be written with hyphens too.
        if key_id.len() != 32 || secret.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        HEXLOWER_PERMISSIVE.decode_mut(secret.as_bytes(), &mut bytes).ok()?;
        Some(Self { key_id: Uuid::try_parse(key_id).ok()?, secret: Redacted(bytes) })
    }

    /// The text that the relying party keeps. It is shown once.
    pub fn expose(&self) -> String {
        self.expose_after(KEY_PREFIX)
    }

    /// [`ApiKey::expose`] for keys that begin in another way.
    pub fn expose_after(&self, prefix: &str) -> String {
        format!("{prefix}{}_{}", self.key_id.simple(), HEXLOWER.encode(self.secret.expose()))
    }

    /// SHA-256 of the secret: what is stored. The secret has 256 random bits, so no slow hash is needed.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.expose()).into()
    }

    /// Whether this is the key whose hash was stored, in constant time.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.hash().ct_eq(stored).into()
    }
}

/// A purpose registered for a relying party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegisteredPurpose)]
pub struct Purpose {
    /// The code that the party sends: 1 to 64 lower-case letters, digits, underscores.
    #[schema(example = "open_account")]
    pub code: String,
    /// What the holder reads in the history, in Indonesian.
    #[schema(example = "Membuka rekening")]
    pub text_id: String,
    /// The same in English.
    #[schema(example = "Opening an account")]
    pub text_en: String,
}

impl Purpose {
    /// The purpose as it is kept; `None` for a code that is not of the form (1–64 lower-case letters, digits, underscores) or a
    /// text that nobody could read.
    pub fn checked(&self) -> Option<Self> {
        let fits = (1..=64).contains(&self.code.len())
            && self.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let text = |text: &str| input::label(text, 200).ok();
        let (text_id, text_en) = (text(&self.text_id)?, text(&self.text_en)?);
        fits.then(|| Self { code: self.code.clone(), text_id, text_en })
    }

    /// A code that is not registered, or no longer: it stands for its own text.
    pub fn unknown(code: String) -> Self {
        Self { text_id: code.clone(), text_en: code.clone(), code }
    }

    /// The text in `language`.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Indonesian => &self.text_id,
            Language::English => &self.text_en,
        }
    }
}

/// Purposes of one party at most.
const MOST_PURPOSES: usize = 50;

/// What a party is shown, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PartyEntitlement)]
pub struct Entitlement {
    /// The attributes that it may ask for.
    pub attributes: Vec<Attribute>,
    /// What it may check for.
    pub purposes: Vec<Purpose>,
}

impl Entitlement {
    /// As it is kept.
    pub fn of(attributes: AttributeSet, purposes: &[Purpose]) -> Self {
        let mut purposes = purposes.to_vec();
        purposes.sort_by(|one, other| one.code.cmp(&other.code));
        Self { attributes: attributes.iter().collect(), purposes }
    }

    /// The attributes as a set.
    pub fn set(&self) -> AttributeSet {
        self.attributes.iter().fold(AttributeSet::EMPTY, |set, one| set.with(*one))
    }

    /// In the form in which it is kept.
    ///
    /// # Errors
    /// `invalid_field` without any attribute or purpose, for a purpose that nobody could read, and for a code that stands twice.
    pub fn checked(&self) -> Result<Self> {
        if self.attributes.is_empty() {
            let (id, en) = ("Pilih sedikitnya satu data.", "Choose at least one attribute.");
            return Err(Refusal::field("attributes", id, en).into());
        }
        let kept: Option<Vec<Purpose>> = self.purposes.iter().map(Purpose::checked).collect();
        let fits = |purposes: &Vec<Purpose>| (1..=MOST_PURPOSES).contains(&purposes.len());
        let purposes = kept.filter(fits).ok_or_else(unusable_purposes)?;
        let kept = Self::of(self.set(), &purposes);
        if kept.purposes.windows(2).any(|pair| matches!(pair, [one, other] if one.code == other.code)) {
            let (id, en) = ("Sebuah kode tertulis dua kali.", "A code stands there twice.");
            return Err(Refusal::field("purposes", id, en).into());
        }
        Ok(kept)
    }
}

fn unusable_purposes() -> Refusal {
    Refusal::field(
        "purposes",
        "Perlu 1-50 tujuan: kode huruf kecil, angka, atau garis bawah, dan teks dalam dua bahasa.",
        "1 to 50 purposes are needed: a code of lower-case letters, digits or underscores, and texts in both languages.",
    )
}

/// A party's name as it is kept.
///
/// # Errors
/// `invalid_field`.
pub fn check_name(name: &str) -> Result<String> {
    Ok(input::label(name, 100).map_err(|text| Refusal::field("name", text.id, text.en))?)
}

/// Whether a party may verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum PartyState {
    /// It may.
    Active,
    /// Its keys and its employees' sessions are refused.
    Disabled,
}

crate::text_column!(PartyState);

/// Under what a party verifies: its agreement (*PKS*) with the administration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Its number.
    pub number: String,
    /// Its first moment: a midnight in Jakarta.
    pub begins_at: Timestamp,
    /// Its end: the midnight after its last day.
    pub ends_at: Timestamp,
}

/// A contract as it is written down: both days belong to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContractTerms)]
pub struct Terms {
    /// Its number.
    #[schema(example = "100/PKS/2026")]
    pub number: String,
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Its last day: from the day after, checks are refused with `contract_not_in_force`.
    #[schema(value_type = String, format = Date)]
    pub until: Date,
}

impl Terms {
    /// The contract that they make.
    ///
    /// # Errors
    /// `invalid_field` for a number that nobody could read, and for days in the wrong order.
    pub fn contract(&self) -> Result<Contract> {
        let number = input::label(&self.number, 100).map_err(|text| Refusal::field("number", text.id, text.en))?;
        let after = self.until.plus_days(1).filter(|_| self.from <= self.until).ok_or_else(wrong_days)?;
        Ok(Contract { number, begins_at: self.from.midnight(), ends_at: after.midnight() })
    }
}

fn wrong_days() -> Refusal {
    Refusal::field(
        "until",
        "Hari terakhir perjanjian tidak boleh sebelum hari pertamanya.",
        "The contract's last day cannot be before its first.",
    )
}

impl Contract {
    /// How it stands at a time. Nobody writes that down: a contract ends by itself.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match now {
            now if now < self.begins_at => Standing::NotBegun,
            now if now < self.ends_at => Standing::InForce,
            _ => Standing::Ended,
        }
    }
}

/// How a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ContractStanding)]
pub enum Standing {
    /// It begins later.
    NotBegun,
    /// The party may verify.
    InForce,
    /// It is over.
    Ended,
}
crate::words!(Standing);

/// Days for which a key is good at most that a party makes itself.
pub const KEY_DAYS: i32 = 365;
/// Keys of a party that live at once: one that is used, and one that takes over.
pub const LIVE_KEYS: usize = 2;

/// When a key ends whose last day a party chose.
///
/// # Errors
/// `invalid_field` for a day that is over or more than [`KEY_DAYS`] away.
pub fn key_end(last_day: Date, now: Timestamp) -> Result<Timestamp> {
    let latest = Date::in_jakarta(now).plus_days(KEY_DAYS).ok_or(Code::Internal)?;
    let ends_at = last_day.plus_days(1).map(Date::midnight);
    Ok(ends_at.filter(|end| now < *end && last_day <= latest).ok_or_else(unusable_day)?)
}

/// A public key as it is kept.
///
/// # Errors
/// `invalid_field` for what is no public key that we verify with; a private key is refused with a word of its own.
pub fn check_public_key(jwk: &serde_json::Value) -> Result<String> {
    // Whoever sends it has shown it: no mistake to be passed over.
    if jwk.get("d").is_some() {
        return Err(Refusal::field(
            "jwk",
            "Ini kunci privat. Jangan pernah mengirimnya: buat pasangan kunci baru, lalu daftarkan hanya kunci publiknya.",
            "This is a private key. Never send one: make a new pair, and register its public half alone.",
        )
        .into());
    }
    Ok(canonical(jwk).ok_or_else(|| {
        Refusal::field(
            "jwk",
            "Perlu kunci publik sebagai JWK: Ed25519 (kty OKP) atau P-256 (kty EC).",
            "A public key as a JWK is needed: Ed25519 (kty OKP) or P-256 (kty EC).",
        )
    })?)
}

fn unusable_day() -> Refusal {
    Refusal::field(
        "last_day",
        "Pilih hari ini atau sesudahnya, paling lama 365 hari lagi.",
        "Choose today or a later day, at most 365 days from now.",
    )
}

/// A key as people see it: an API key, or a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    /// Its id.
    pub key_id: Uuid,
    /// What it is for; keys of before have none.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to an hour.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The public key, where it is one: the canonical JWK. None for an API key.
    pub public_key: Option<String>,
}

impl KeyLine {
    /// The thumbprint (RFC 7638) of a public key, by which its owner knows it.
    pub fn thumbprint(&self) -> Option<String> {
        self.public_key.as_deref().map(thumbprint)
    }

    /// Whether it opens anything.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Where a party is told what ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// The address.
    pub email: Redacted<String>,
    /// The language of the letters.
    pub language: Language,
}

impl Contact {
    /// One that was typed.
    ///
    /// # Errors
    /// `invalid_field` for what is no address.
    pub fn typed(email: &str, language: Language) -> Result<Self> {
        let email = input::email::clean(email).map_err(|text| Refusal::field("email", text.id, text.en))?;
        Ok(Self { email: email.into(), language })
    }
}

/// How many checks a party may put, as its contract says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PartyQuota)]
pub struct Quota {
    /// In a minute; null for no limit.
    #[serde(default)]
    #[schema(example = 600)]
    pub per_minute: Option<i64>,
    /// In a day of Jakarta; null for no limit.
    #[serde(default)]
    #[schema(example = 50_000)]
    pub per_day: Option<i64>,
}

/// Checks of a quota at most: more than the nation makes.
const MOST_CHECKS: i64 = 1_000_000_000;

impl Quota {
    /// As it is kept.
    ///
    /// # Errors
    /// `invalid_field` for numbers that are none.
    pub fn checked(self) -> Result<Self> {
        for (field, most) in [("per_minute", self.per_minute), ("per_day", self.per_day)] {
            if most.is_some_and(|most| !(1..=MOST_CHECKS).contains(&most)) {
                let (id, en) = ("Isi 1 sampai 1.000.000.000, atau kosongkan.", "Give 1 to 1,000,000,000, or nothing.");
                return Err(Refusal::field(field, id, en).into());
            }
        }
        Ok(self)
    }

    /// What counts where a contract says nothing, as it is configured.
    pub fn configured(default: &QuotaDefault) -> Self {
        let some = |checks: i64| Some(checks).filter(|checks| *checks > 0);
        Self { per_minute: some(default.checks_per_minute), per_day: some(default.checks_per_day) }
    }

    /// This one, and what is configured where it says nothing.
    pub fn or_configured(self, default: &QuotaDefault) -> Self {
        let default = Self::configured(default);
        Self { per_minute: self.per_minute.or(default.per_minute), per_day: self.per_day.or(default.per_day) }
    }

    /// The one of a span.
    pub const fn of(self, span: Span) -> Option<i64> {
        match span {
            Span::Minute => self.per_minute,
            Span::Day => self.per_day,
        }
    }
}

/// Of what a quota is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Span {
    /// A minute.
    Minute,
    /// A day in Jakarta.
    Day,
}
crate::text_column!(Span);

impl Span {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Minute, Self::Day];

    /// Which of them it is, counted from 1970-01-01.
    pub const fn number(self, now: Timestamp) -> i64 {
        match self {
            Self::Minute => now.seconds().div_euclid(60),
            Self::Day => now.day_in_jakarta(),
        }
    }

    /// When it ends.
    pub const fn end(self, now: Timestamp) -> Timestamp {
        let next = self.number(now) + 1;
        match self {
            Self::Minute => Timestamp::from_seconds(next * 60),
            Self::Day => Timestamp::from_seconds(next * DAY - 7 * HOUR),
        }
    }
}

/// That whoever has this contract may verify at this time.
///
/// # Errors
/// `contract_not_in_force`.
pub fn require_in_force(contract: Option<&Contract>, now: Timestamp) -> Result<(), Refusal> {
    match contract.map(|contract| contract.standing(now)) {
        None | Some(Standing::InForce) => Ok(()),
        Some(Standing::Ended) => Err(Code::ContractNotInForce.into()),
        Some(Standing::NotBegun) => Err(Refusal::new(Code::ContractNotInForce).detail(
            "Perjanjian lembaga Anda belum mulai berlaku: administrator lembaga Anda melihat harinya di halaman verifikasi.",
            "Your organisation's contract has not begun yet: its administrator finds the day on the page for verifying.",
        )),
    }
}

/// A relying party that was not disabled.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its id.
    pub relying_party_id: Uuid,
    /// Its name, as holders read it.
    pub name: String,
    /// What it is entitled to.
    pub entitled: AttributeSet,
    /// What it may check for.
    pub purposes: Vec<Purpose>,
    /// Under what it verifies; parties of before have none, and verify on.
    pub contract: Option<Contract>,
    /// How many checks it may put.
    pub quota: Quota,
}

impl Party {
    /// That it may verify at this time.
    ///
    /// # Errors
    /// `contract_not_in_force`.
    pub fn require_contract(&self, now: Timestamp) -> Result<(), Refusal> {
        require_in_force(self.contract.as_ref(), now)
    }

    /// The purpose of a code, where the party may verify for it.
    pub fn purpose(&self, code: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_begins_and_ends_by_itself() {
        let at = Timestamp::from_seconds;
        let contract = Contract { number: String::from("100/PKS/2026"), begins_at: at(10), ends_at: at(20) };
        let standing = [9, 10, 19, 20].map(|second| contract.standing(at(second)));
        assert_eq!(standing, [Standing::NotBegun, Standing::InForce, Standing::InForce, Standing::Ended]);
        let party = |contract| Party {
            relying_party_id: Uuid::nil(),
            name: String::from("Bank"),
            entitled: AttributeSet::EMPTY,
            purposes: Vec::new(),
            contract,
            quota: Quota::default(),
        };
        assert!(party(None).require_contract(at(99)).is_ok(), "a party of before has none");
        let bound = party(Some(contract));
        assert!(bound.require_contract(at(19)).is_ok());
        let refused = [9, 20].map(|second| bound.require_contract(at(second)).unwrap_err());
        assert!(refused.iter().all(|one| one.code == Code::ContractNotInForce));
        assert_ne!(refused[0].detail, refused[1].detail, "what to do differs");
    }

    #[test]
    fn a_default_counts_where_the_contract_says_nothing() {
        let default = QuotaDefault { checks_per_minute: 60, checks_per_day: 0 };
        let quota = |per_minute, per_day| Quota { per_minute, per_day };
        assert_eq!(Quota::default().or_configured(&QuotaDefault::default()), Quota::default());
        assert_eq!(Quota::default().or_configured(&default), quota(Some(60), None));
        assert_eq!(quota(Some(900), Some(5)).or_configured(&default), quota(Some(900), Some(5)));
        assert_eq!(quota(None, Some(5)).or_configured(&default), quota(Some(60), Some(5)));
    }

    #[test]
    fn an_api_key_is_read_back_and_shows_nothing() {
        let key = ApiKey::new(Uuid::from_u128(0x1234), [0xab; 32]);
        let text = key.expose();
        assert_eq!(text.len(), 7 + 32 + 1 + 64);
        let again = ApiKey::parse(&text).unwrap();
        assert!(again.matches(&key.hash()) && again.key_id == key.key_id);
        assert!(!format!("{key:?}").contains("171"), "{key:?}");
        let altered = text.replacen("_abab", "_abac", 1);
        assert!(!ApiKey::parse(&altered).unwrap().matches(&key.hash()));
        for bad in ["", "ikd_rp_", "ikd_rp_x_y", &text[1..], &format!("{text}0"), &text.replace("ab", "+b")] {
            assert!(ApiKey::parse(bad).is_none(), "{bad}");
        }
    }
}
