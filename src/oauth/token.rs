//! Access tokens: which key they were given to and until when, under a keyed digest. Nothing is stored, so every node knows every token; and
//! since the key is looked up wherever one is presented, it ends with its key.

use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::base64url::{decode_exact, encode};
use crate::clock::Timestamp;
use crate::secret::Redacted;
use crate::vault::{Label, Vault};

/// What every access token begins with, so that it is told from an API key, and scanners for leaked secrets know it.
pub const PREFIX: &str = "ikd_at_";

/// What tokens open. One of another realm is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// The endpoints of relying parties.
    Service,
    /// Those of the sandbox.
    Sandbox,
    /// The register's feed.
    Register,
}

impl Realm {
    const fn byte(self) -> u8 {
        match self {
            Self::Service => 1,
            Self::Sandbox => 2,
            Self::Register => 3,
        }
    }
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is none of ours, or of another realm.
    Foreign,
    /// It was good, and is over.
    Ended,
}

/// Root version, key, end, and the digest of these and the realm.
const LENGTH: usize = 1 + 16 + 8 + 32;

/// A token that a key was given, until a time.
pub fn seal(vault: &Vault, realm: Realm, key_id: Uuid, expires_at: Timestamp) -> Redacted<String> {
    let (key, end) = (key_id.as_bytes(), expires_at.micros().to_be_bytes());
    let (version, mac) = vault.mac_now(Label::ClientToken, &[&[realm.byte()], key, &end]);
    Redacted(format!("{PREFIX}{}", encode(&[&[version][..], key, &end, &mac].concat())))
}

/// The key that a token was given to.
///
/// # Errors
/// For a token that is none, or over.
pub fn open(vault: &Vault, realm: Realm, text: &str, now: Timestamp) -> Result<Uuid, Closed> {
    let bytes: [u8; LENGTH] = text.strip_prefix(PREFIX).and_then(decode_exact).ok_or(Closed::Foreign)?;
    let (version, rest) = (bytes[0], &bytes[1..]);
    let (key, rest) = rest.split_first_chunk::<16>().ok_or(Closed::Foreign)?;
    let (end, digest) = rest.split_first_chunk::<8>().ok_or(Closed::Foreign)?;
    let mac = vault.mac(version, Label::ClientToken, &[&[realm.byte()], key, end]).ok_or(Closed::Foreign)?;
    if !bool::from(mac.ct_eq(digest)) {
        return Err(Closed::Foreign);
    }
    if Timestamp::from_micros(i64::from_be_bytes(*end)) <= now {
        return Err(Closed::Ended);
    }
    Ok(Uuid::from_bytes(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_key_until_its_end_and_in_its_realm() {
        let (vault, other) = (Vault::single([3; 32]), Vault::single([4; 32]));
        let (key, end) = (Uuid::from_u128(7), Timestamp::from_seconds(1_800_000_900));
        let token = seal(&vault, Realm::Service, key, end).into_inner();
        let before = end.plus_seconds(-1);
        assert_eq!(open(&Vault::single([3; 32]), Realm::Service, &token, before), Ok(key), "every node knows it");
        assert_eq!(open(&vault, Realm::Service, &token, end), Err(Closed::Ended));
        assert_eq!(open(&vault, Realm::Sandbox, &token, before), Err(Closed::Foreign));
        assert_eq!(open(&other, Realm::Service, &token, before), Err(Closed::Foreign));
        assert_eq!(open(&vault.in_epoch(1), Realm::Service, &token, before), Err(Closed::Foreign), "a restored copy");
        let bytes: [u8; LENGTH] = decode_exact(&token[PREFIX.len()..]).unwrap();
        for place in 0..LENGTH {
            let mut altered = bytes;
            altered[place] ^= 1;
            let opened = open(&vault, Realm::Service, &format!("{PREFIX}{}", encode(&altered)), before);
            assert_eq!(opened, Err(Closed::Foreign), "byte {place}");
        }
        for text in ["", PREFIX, &token[1..], &token[..token.len() - 1], &format!("{token}A")] {
            assert_eq!(open(&vault, Realm::Service, text, before), Err(Closed::Foreign), "{text}");
        }
    }
}
