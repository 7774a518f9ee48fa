//! What a digital KTP can be. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::error::Language;
use crate::secret::Redacted;
use crate::text_column;

/// The try after which the first wait begins.
pub const FIRST_WAIT_AT: i64 = 3;
/// The first wait, in seconds.
pub const FIRST_WAIT_SECONDS: i64 = MINUTE;
/// The try after which the second wait begins.
pub const SECOND_WAIT_AT: i64 = 6;
/// The second wait, in seconds.
pub const SECOND_WAIT_SECONDS: i64 = HOUR;
/// Tries in all; then the PIN is blocked until a counter has proofed the person again.
pub const MAX_TRIES: i64 = 9;

/// State of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CredentialState {
    /// It can be shown.
    Active,
    /// Blocked, for example because the phone is lost.
    Blocked,
    /// Ended, for example by death or emigration.
    Deactivated,
}
text_column!(CredentialState);

/// A digital KTP, as far as it decides who may do what. What it shows stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The holder.
    pub resident_id: Uuid,
    /// Raised by block, PIN change and new device: what was made for an earlier one is void.
    pub generation: i64,
    /// When it became active.
    pub activated_at: Timestamp,
    /// Whether it can be used.
    pub standing: Standing,
}

/// Whether a credential can be used, and how: only an active one has a PIN to try and a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be unlocked and shown.
    Active(Active),
    /// Blocked, for example because the phone is lost.
    Blocked,
    /// Ended, for example by death or emigration.
    Deactivated,
}

/// How an active credential is unlocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    /// The PIN.
    pub pin: Pin,
    /// The one session that counts, unless it was locked. It may be over by time.
    pub session: Option<OpenSession>,
}

/// Tries at a PIN since the last success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// How many.
    pub tries: i64,
    /// No try before this.
    pub wait_until: Timestamp,
}

impl Pin {
    /// Whether it can never be tried again: the credential may be replaced after a new proof at a counter.
    pub const fn is_used_up(self) -> bool {
        self.tries >= MAX_TRIES
    }
}

/// An unlocked wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its number, raised with every session.
    pub number: i64,
    /// When it ends by itself.
    pub ends_at: Timestamp,
}

impl Credential {
    /// Whether it stands in the way of a new registration: one that can still be unlocked, or one that was blocked, which takes a
    /// second person. One whose PIN is used up is replaced by a new proof at a counter.
    pub const fn stands_in_the_way(&self) -> bool {
        match self.standing {
            Standing::Active(active) => !active.pin.is_used_up(),
            Standing::Blocked => true,
            Standing::Deactivated => false,
        }
    }

    /// The session that lives now, if any.
    pub fn living_session(&self, now: Timestamp) -> Option<OpenSession> {
        match self.standing {
            Standing::Active(active) => active.session.filter(|session| now < session.ends_at),
            Standing::Blocked | Standing::Deactivated => None,
        }
    }
}

/// What rests sealed beside a credential.
#[derive(Debug, Serialize, Deserialize)]
pub struct HolderSecret {
    /// Public half of the PIN key.
    #[serde(with = "serde_bytes")]
    pub pin_public_key: Vec<u8>,
    /// Where the holder is reached.
    pub email: Redacted<String>,
    /// In which language.
    pub language: Language,
}

/// How a holder is reached.
#[derive(Debug)]
pub struct Contact {
    /// The address.
    pub email: Redacted<String>,
    /// In which language.
    pub language: Language,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_still_be_used_stands_in_the_way_of_a_new_one() {
        let credential = |standing| Credential {
            resident_id: Uuid::nil(),
            generation: 1,
            activated_at: Timestamp::default(),
            standing,
        };
        let active =
            |tries| Standing::Active(Active { pin: Pin { tries, wait_until: Timestamp::default() }, session: None });
        let cases = [
            (active(0), true),
            (active(MAX_TRIES - 1), true),
            (active(MAX_TRIES), false),
            (Standing::Blocked, true),
            (Standing::Deactivated, false),
        ];
        for (standing, expected) in cases {
            assert_eq!(credential(standing).stands_in_the_way(), expected, "{standing:?}");
        }
    }

    #[test]
    fn a_session_lives_until_its_end_and_only_of_an_active_credential() {
        let session = OpenSession { number: 3, ends_at: Timestamp::from_seconds(900) };
        let pin = Pin { tries: 0, wait_until: Timestamp::default() };
        let mut credential = Credential {
            resident_id: Uuid::nil(),
            generation: 1,
            activated_at: Timestamp::default(),
            standing: Standing::Active(Active { pin, session: Some(session) }),
        };
        assert_eq!(credential.living_session(Timestamp::from_seconds(899)), Some(session));
        assert_eq!(credential.living_session(session.ends_at), None);
        credential.standing = Standing::Blocked;
        assert_eq!(credential.living_session(Timestamp::default()), None);
    }
}
