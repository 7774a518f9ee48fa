//! The states of a signing key, and how long each counts.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{DAY, Timestamp};
use crate::credential::{KeyId, KeyPurpose};
use crate::error::{Code, Refusal};

/// Seconds that a replaced token key still verifies: the life of a token, and 30 for nodes that learn of it late.
pub const RETIRING_SECONDS: i64 = 90 + 30;
/// Seconds after which a silent node no longer counts.
pub const NODE_SILENCE_SECONDS: i64 = 30;
/// Days that keys of receipts, cards and status lists stay published.
pub const LONG_PUBLICATION_DAYS: i64 = 3_653;
/// Seconds for which a key is published at least before two administrators let it sign: whoever verifies has read the key set by then, which
/// may be kept for a minute.
pub const LEAST_PUBLISHED_SECONDS: i64 = 3_600;
/// The signing keys that `ikd keys init` makes.
pub const MADE: [KeyPurpose; 5] = KeyPurpose::ALL;
/// The signing keys that a running service cannot do without.
pub const NEEDED: [KeyPurpose; 2] = [KeyPurpose::Token, KeyPurpose::Receipt];

/// Where a key is in its life.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr,
)]
#[schema(as = SigningKeyState)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KeyState {
    /// Published, not signing yet.
    Next,
    /// Signs.
    Active,
    /// Replaced; what it signed is still accepted.
    Retiring,
    /// What it signed as a token is not accepted any more.
    Retired,
}

crate::text_column!(KeyState);

impl KeyState {
    /// Whether a key of this state and purpose verifies. A `next` one does already: another node may have seen it become active
    /// before this one did.
    pub fn verifies(self, purpose: KeyPurpose) -> bool {
        self != Self::Retired || purpose != KeyPurpose::Token
    }

    /// Whether a key stands in the published set, when it was retired at `retired_at`.
    pub fn is_published(self, purpose: KeyPurpose, retired_at: Option<Timestamp>, now: Timestamp) -> bool {
        match (self, retired_at) {
            (Self::Retired, Some(at)) => self.verifies(purpose) && now.seconds_since(at) < LONG_PUBLICATION_DAYS * DAY,
            (Self::Retired, None) => false,
            _ => true,
        }
    }
}

/// What happens when a waiting key signs from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// What it signs.
    pub purpose: KeyPurpose,
    /// The key whose place it takes; none where none signs.
    pub replaces: Option<KeyId>,
}

/// What happens when a token key is retired at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// Where the key is in its life.
    pub state: KeyState,
    /// The key that signs from then on, where this one does.
    pub successor: Option<KeyId>,
}

/// Lower-case hexadecimal, as in the names of key files.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Reads a key's id from its 16 hexadecimal digits.
pub fn from_hex(hex: &str) -> Option<KeyId> {
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?.try_into().ok()
}

/// What the audit log is about where it is about a key, whose id is shorter than a UUID.
pub fn subject_of(kid: &[u8]) -> Uuid {
    Uuid::from_u128(kid.iter().take(16).fold(0, |number: u128, byte| (number << 8) | u128::from(*byte)))
}

/// The active key cannot go while none waits.
pub fn no_successor() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Ini kunci aktif dan belum ada penggantinya; jalankan `ikd keys rotate token` dan salin berkasnya dahulu.",
        "This is the active key and none waits to replace it; run `ikd keys rotate token` and copy its file first.",
    )
}

/// A key signs already, or does not any more.
pub fn not_waiting() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kunci ini tidak lagi menunggu. Lihat keadaannya di halaman Kunci.",
        "This key waits no more. See where it is on the page of keys.",
    )
}

/// Who verifies has not read it yet.
pub fn too_new() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kunci ini belum satu jam diumumkan, jadi pemeriksa belum tentu mengenalnya. Coba lagi setelah satu jam.",
        "This key was published less than an hour ago, so not everybody who verifies knows it. Try again after an hour.",
    )
}

/// A node could not sign with it.
pub fn not_held() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Belum semua server memegang kunci ini. Salin berkasnya ke setiap server; halaman Kunci menunjukkan yang belum.",
        "Not every node holds this key. Copy its file to each of them; the page of keys shows which lack it.",
    )
}

/// What was granted is not what was asked any more.
pub fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Keadaan kunci sudah berubah sejak diminta. Tolak permintaan ini, lihat halaman Kunci, lalu minta lagi bila perlu.",
        "The keys have changed since this was asked. Refuse it, look at the page of keys, and ask again where needed.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_sixteen_digits_and_the_log_keeps_them() {
        let kid = [0, 1, 0xab, 0xcd, 0xef, 2, 3, 4];
        assert_eq!(hex(&kid), "0001abcdef020304");
        assert_eq!((from_hex("0001ABCDEF020304"), from_hex("0001abcdef02030"), from_hex("x")), (Some(kid), None, None));
        assert!(subject_of(&kid).simple().to_string().ends_with(&hex(&kid)));
    }
}
