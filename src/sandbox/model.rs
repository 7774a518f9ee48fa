//! Words and rules of the sandbox. Pure.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::clock::{DAY, Timestamp};
use crate::relying_party::ApiKey;
use crate::relying_party::model::TEST_KEY_PREFIX;
use crate::verification::code::PresentationCode;

use super::people::Person;

/// Test keys of a party that live at once.
pub const LIVE_KEYS: usize = 2;
/// Seconds for which a test key is listed after its end.
pub const KEY_LISTED_SECONDS: i64 = 30 * DAY;
/// Seconds for which a check of the sandbox is kept.
pub const CHECK_SECONDS: i64 = DAY;
/// Seconds that the QR of an invented printed card lives. A real one lives a year; nobody waits for that.
pub const CARD_SECONDS: i64 = DAY;
/// Seconds for which it is known up to where an invented person's QRs are used: longer than any of them lives.
pub const HOLDER_SECONDS: i64 = 2 * DAY;

/// A key that opens the sandbox alone: `ikd_rt_<key id>_<secret>`.
#[derive(Clone, Debug)]
pub struct TestKey(pub ApiKey);

impl TestKey {
    /// Reads a key from an `Authorization` header's token.
    pub fn parse(text: &str) -> Option<Self> {
        ApiKey::parse_after(TEST_KEY_PREFIX, text).map(Self)
    }

    /// The text that the relying party keeps. It is shown once.
    pub fn expose(&self) -> String {
        self.0.expose_after(TEST_KEY_PREFIX)
    }
}

/// Whom one party's QRs of an invented person are about. It names nobody: two parties that test with one person do not use up each other's
/// QRs.
pub fn holder_id(party: Uuid, person: &Person) -> Uuid {
    let hash = Sha256::new_with_prefix(b"ikd sandbox holder")
        .chain_update(party.as_bytes())
        .chain_update(person.name().as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// What a QR of an invented person is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The person's name in the sandbox.
    pub person: &'a str,
    /// What is shown.
    pub share: AttributeSet,
    /// Whether it can be checked without network, and more than once.
    pub offline: bool,
    /// Whether a code of ten digits is to stand for it.
    pub code: bool,
}

/// A QR of an invented person.
pub struct Shown {
    /// Whose.
    pub person: &'static Person,
    /// The text of the QR.
    pub token: String,
    /// When it says that it was made.
    pub issued_at: Timestamp,
    /// When it says that it ends.
    pub expires_at: Timestamp,
    /// The digits that stand for it.
    pub code: Option<PresentationCode>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::people::all;

    #[test]
    fn a_test_key_is_no_api_key_and_the_other_way_round() {
        let key = ApiKey::new(Uuid::from_u128(0x1234), [0xab; 32]);
        let (real, test) = (key.expose(), TestKey(key.clone()).expose());
        assert!(test.starts_with("ikd_rt_") && real[7..] == test[7..]);
        assert!(TestKey::parse(&test).unwrap().0.matches(&key.hash()));
        assert!(TestKey::parse(&real).is_none() && ApiKey::parse(&test).is_none());
    }

    #[test]
    fn each_party_has_its_own_holder_of_each_person() {
        let parties = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let ids = parties.iter().flat_map(|party| all().iter().map(|person| holder_id(*party, person)));
        let ids: std::collections::HashSet<_> = ids.collect();
        assert_eq!(ids.len(), 2 * all().len());
        assert!(ids.iter().all(|id| id.get_version_num() == 8), "told apart from every id of the service");
    }
}
