//! What relying parties are and how they are recognised. Pure.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::error::Language;
use crate::input;
use crate::secret::Redacted;

/// What every API key begins with, so that scanners for leaked secrets know it.
const KEY_PREFIX: &str = "ikd_rp_";

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
        let (key_id, secret) = text.strip_prefix(KEY_PREFIX)?.split_once('_')?;
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
        format!("{KEY_PREFIX}{}_{}", self.key_id.simple(), HEXLOWER.encode(self.secret.expose()))
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The code that the party sends.
    pub code: String,
    /// What the holder reads in the history, in Indonesian.
    pub text_id: String,
    /// The same in English.
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

/// A relying party that may verify.
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
}

impl Party {
    /// The purpose of a code, where the party may verify for it.
    pub fn purpose(&self, code: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
