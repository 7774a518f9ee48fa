//! What a digital KTP can be. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
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

/// Seconds for which its holder can undo that they closed it; nothing is erased before. Well within the 72 hours that the law on personal
/// data gives (UU 27/2022).
pub const UNDO_SECONDS: i64 = DAY;

/// Seconds for which the PIN confirms what the register has changed; then it takes a counter.
pub const CONFIRM_SECONDS: i64 = 30 * DAY;

/// Days before the end of a foreigner's permit to stay from which on each notice tells of it, once.
pub const PERMIT_NOTICE_DAYS: [i64; 3] = [60, 30, 7];

/// Which notice tells now that a permit ends at `ends_at`: from how many days before, and when the next one is due. `None` too early, and
/// once it is over.
pub fn permit_notice(ends_at: Timestamp, now: Timestamp) -> Option<(i64, Option<Timestamp>)> {
    let from = |days: i64| ends_at.plus_seconds(-days * DAY);
    let begun = PERMIT_NOTICE_DAYS.iter().rposition(|days| now >= from(*days)).filter(|_| now < ends_at)?;
    let days = PERMIT_NOTICE_DAYS.get(begun).copied()?;
    Some((days, PERMIT_NOTICE_DAYS.get(begun + 1).map(|next| from(*next))))
}

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

/// Why a digital KTP is not active.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = StopReason)]
pub enum Reason {
    /// Its holder blocked it.
    SelfBlock,
    /// An officer blocked it at the word of a caller; it ends by itself unless it is confirmed.
    OfficerBlockProvisional,
    /// An officer blocked it.
    OfficerBlock,
    /// The PIN was wrong for the ninth time.
    PinExhausted,
    /// The register says something else of who its holder is: a name, birth date, sex, nationality or portrait. The holder
    /// confirms it.
    RegisterChanged,
    /// The register says that its holder has died; not yet confirmed.
    RegisterDeceased,
    /// The register says that its holder is no citizen any more and lives abroad; not yet confirmed.
    RegisterLeft,
    /// The register has taken back that its holder died or left; two people bring it back.
    RegisterCorrected,
    /// The register says that two people have one NIK.
    RegisterDuplicate,
    /// Two people of an office let it make way for a new one.
    Superseded,
    /// Its holder has died.
    Deceased,
    /// Its holder has left the country for good, or is no citizen any more.
    Emigrated,
    /// Its holder ended it.
    Closed,
    /// Its holder withdrew the consent.
    ConsentWithdrawn,
    /// It was given to the wrong person.
    Annulled,
}
text_column!(Reason);

/// How a digital KTP that is not active becomes so again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lift {
    /// Not at all: it is active, or a new registration is needed.
    None,
    /// With the PIN, on its phone.
    Pin,
    /// At a counter, by two people.
    Counter,
    /// When the register says otherwise.
    Register,
}

impl Reason {
    /// All reasons.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The state of a credential that is stopped for this reason.
    pub const fn state(self) -> CredentialState {
        match self {
            Self::SelfBlock
            | Self::OfficerBlockProvisional
            | Self::OfficerBlock
            | Self::PinExhausted
            | Self::RegisterChanged
            | Self::RegisterDeceased
            | Self::RegisterLeft
            | Self::RegisterCorrected
            | Self::RegisterDuplicate => CredentialState::Blocked,
            Self::Superseded
            | Self::Deceased
            | Self::Emigrated
            | Self::Closed
            | Self::ConsentWithdrawn
            | Self::Annulled => CredentialState::Deactivated,
        }
    }

    /// What ends it at first; [`Status::lift`] knows the time too.
    pub const fn lift(self) -> Lift {
        match self {
            Self::OfficerBlockProvisional | Self::RegisterChanged => Lift::Pin,
            Self::SelfBlock | Self::OfficerBlock | Self::PinExhausted | Self::RegisterCorrected => Lift::Counter,
            Self::RegisterDeceased | Self::RegisterLeft | Self::RegisterDuplicate => Lift::Register,
            Self::Superseded
            | Self::Deceased
            | Self::Emigrated
            | Self::Closed
            | Self::ConsentWithdrawn
            | Self::Annulled => Lift::None,
        }
    }

    /// Whether a digital KTP that is stopped for `present` is stopped for this reason from now on: what is harder to undo goes
    /// before what is easier. Who says "I did not do that" of a take-over stops the one that made way, too: no new one follows
    /// before two people have looked again.
    pub const fn goes_before(self, present: Self) -> bool {
        self.weight() > present.weight() || matches!((self, present), (Self::SelfBlock, Self::Superseded))
    }

    const fn weight(self) -> u8 {
        match self {
            Self::OfficerBlockProvisional => 0,
            Self::RegisterChanged => 1,
            Self::PinExhausted => 2,
            Self::SelfBlock | Self::OfficerBlock | Self::RegisterCorrected => 3,
            Self::RegisterDuplicate => 4,
            Self::RegisterLeft => 5,
            Self::RegisterDeceased => 6,
            Self::Superseded => 7,
            Self::Closed => 8,
            Self::ConsentWithdrawn => 9,
            Self::Emigrated | Self::Deceased | Self::Annulled => 10,
        }
    }
}

/// That a digital KTP is not active, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
    /// Until when, where it ends by itself.
    pub until: Option<Timestamp>,
    /// The event that tells of it.
    pub event_id: Uuid,
}

impl Status {
    /// What ends it now. What the register changed is confirmed with the PIN for 30 days, then at a counter.
    pub fn lift(&self, now: Timestamp) -> Lift {
        match self.reason {
            Reason::RegisterChanged if now >= self.since.plus_seconds(CONFIRM_SECONDS) => Lift::Counter,
            reason => reason.lift(),
        }
    }
}

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

impl Standing {
    /// The word for it.
    pub const fn state(self) -> CredentialState {
        match self {
            Self::Active(_) => CredentialState::Active,
            Self::Blocked => CredentialState::Blocked,
            Self::Deactivated => CredentialState::Deactivated,
        }
    }
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
    /// Whether it can never be tried again.
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
    /// Whether it stands in the way of a new registration, until two people let it make way: whatever has not ended. One whose PIN
    /// is used up does too: whoever finds a phone can use up the PIN.
    pub const fn stands_in_the_way(&self) -> bool {
        !matches!(self.standing, Standing::Deactivated)
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
    /// Where the holder is reached, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Redacted<String>>,
    /// In which language.
    pub language: Language,
    /// Where the holder was reached before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<FormerEmail>,
}

/// An address that was replaced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormerEmail {
    /// The address.
    pub email: Redacted<String>,
    /// Until when it is told what happens, in microseconds.
    pub until: i64,
}

/// How a holder is reached.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The address; `None` for somebody who has none.
    pub email: Option<Redacted<String>>,
    /// In which language.
    pub language: Language,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_ended_stands_in_the_way_of_a_new_one() {
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
            (active(MAX_TRIES), true),
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

    #[test]
    fn a_permit_is_told_of_from_sixty_thirty_and_seven_days_before_its_end() {
        let end = Timestamp::from_seconds(1_795_712_400);
        let before = |days: i64| end.plus_seconds(-days * DAY);
        let told = |at| permit_notice(end, at);
        assert_eq!(told(before(60).plus_seconds(-1)), None);
        assert_eq!(told(before(60)), Some((60, Some(before(30)))));
        assert_eq!(told(before(30).plus_seconds(-1)), Some((60, Some(before(30)))));
        assert_eq!(told(before(20)), Some((30, Some(before(7)))), "who comes late hears of what is true");
        assert_eq!(told(before(7)), Some((7, None)));
        assert_eq!((told(end.plus_seconds(-1)), told(end)), (Some((7, None)), None));
    }

    #[test]
    fn what_the_register_changed_is_confirmed_for_thirty_days() {
        let since = Timestamp::from_seconds(1_000);
        let status = Status { reason: Reason::RegisterChanged, since, until: None, event_id: Uuid::nil() };
        assert_eq!(status.lift(since.plus_seconds(CONFIRM_SECONDS - 1)), Lift::Pin);
        assert_eq!(status.lift(since.plus_seconds(CONFIRM_SECONDS)), Lift::Counter);
        assert_eq!(Status { reason: Reason::RegisterDeceased, ..status }.lift(since), Lift::Register);
    }

    #[test]
    fn what_is_harder_to_undo_goes_before_what_is_easier() {
        for reason in Reason::ALL {
            assert!(!reason.goes_before(*reason), "{reason:?}: what is so already is no change");
            let ends = reason.state() == CredentialState::Deactivated;
            assert_eq!(ends, reason.lift() == Lift::None, "{reason:?}: what is blocked says how it comes back");
            let over_a_block = Reason::ALL.iter().filter(|other| other.state() == CredentialState::Blocked);
            assert!(!ends || over_a_block.into_iter().all(|other| reason.goes_before(*other)), "{reason:?}");
        }
        assert!(Reason::SelfBlock.goes_before(Reason::OfficerBlockProvisional));
        assert!(Reason::SelfBlock.goes_before(Reason::PinExhausted), "no thief comes back with a used-up PIN alone");
        assert!(!Reason::OfficerBlockProvisional.goes_before(Reason::SelfBlock));
        assert!(!Reason::RegisterChanged.goes_before(Reason::SelfBlock), "the PIN lifts no self-block");
        assert!(Reason::RegisterChanged.goes_before(Reason::OfficerBlockProvisional), "nothing ends it by itself");
        assert!(Reason::RegisterDeceased.goes_before(Reason::SelfBlock));
        assert!(Reason::SelfBlock.goes_before(Reason::Superseded) && !Reason::SelfBlock.goes_before(Reason::Deceased));
    }
}
