//! Words of the life of an identity, and the block code. Pure.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use uuid::Uuid;

use crate::audit::Actor;
use crate::clock::{DAY, HOUR};
use crate::holder::Reason;
use crate::secret::Redacted;
use crate::text_column;

/// Seconds for which a block at the word of a caller holds, unless it is confirmed.
pub const PROVISIONAL_SECONDS: i64 = 72 * HOUR;
/// Seconds after a block at a caller's word in which another one of the same person takes the holder's own word: nobody stops somebody else
/// again and again by telephone.
pub const CALL_BACK_SECONDS: i64 = 7 * DAY;
/// Seconds for which it is kept who blocked at a caller's word, and what became of it.
pub const CALL_KEEP_SECONDS: i64 = 90 * DAY;
/// Blocks that their holders lifted, from which on an officer stands out.
const LIFTED_TOO_OFTEN: i64 = 3;
/// Seconds for which the link in a notice blocks, and for which its row is kept.
pub const LINK_SECONDS: i64 = 30 * DAY;
/// Random bytes of a block code: with the NIK that has to be known too, and proof of work from the sixth try of an hour on, guessing
/// one takes a machine that solves a thousand captchas a second seventeen years on average.
pub const BLOCK_CODE_BYTES: usize = 5;
/// Characters of a typed code at most: eight, and what groups them.
const LONGEST_TYPED: usize = 40;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// A digital KTP became active, for the first time or anew.
    Activated,
    /// It was stopped: blocked or ended.
    Stopped,
    /// A block was lifted.
    Restarted,
    /// Somebody asked an officer for a block once more; it waits for the holder's own word.
    BlockAsked,
    /// The holder chose another PIN.
    PinChanged,
    /// The holder was given a new block code.
    BlockCodeGiven,
    /// It moved to another phone.
    Moved,
    /// Somebody with the PIN asked that the holder be reached elsewhere.
    ContactAsked,
    /// The holder is reached elsewhere.
    ContactChanged,
    /// The holder is reached elsewhere: two people of an office put that in force.
    ContactChangedAtCounter,
    /// The holder is reached where they were: a change was stopped.
    ContactKept,
    /// The register says something else than before.
    Refreshed,
    /// The holder's permit to stay ends within sixty days.
    PermitEndsIn60Days,
    /// Within thirty days.
    PermitEndsIn30Days,
    /// Within seven days.
    PermitEndsIn7Days,
    /// The holder said that they do not know a check.
    CheckDisputed,
    /// The relying party answered that.
    DisputeAnswered,
    /// It did not answer in its time.
    DisputeUnanswered,
    /// A correction case was opened.
    CorrectionOpened,
    /// It was taken a step further.
    CorrectionMoved,
    /// The register agrees: it closed.
    CorrectionResolved,
    /// It lapses soon, and waits for its resident.
    CorrectionDue,
    /// An office refused it.
    CorrectionRefused,
    /// Its resident took it back.
    CorrectionWithdrawn,
    /// Its time was over.
    CorrectionLapsed,
    /// Whoever registers agreed to the register's spelling of the name.
    SpellingAgreed,
    /// A copy of the own data was made: in the app with the PIN, or at a counter.
    CopyMade,
    /// A card was printed.
    CardIssued,
    /// A printed card does not count any more, though the digital KTP does.
    CardVoided,
}
text_column!(EventKind);

/// What changes how many digital KTPs there are in a region. A block changes nothing: it is one that exists, and rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum TallyKind {
    /// Somebody has one on a phone for the first time.
    ActivatedFirst,
    /// Somebody has one again: activated anew, or a closure was undone.
    ActivatedAgain,
    /// One has ended.
    Ended,
    /// Its holder moved here.
    MovedIn,
    /// Its holder moved away.
    MovedOut,
}
text_column!(TallyKind);

impl TallyKind {
    /// All kinds.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// By how many there are more of them in the region.
    pub const fn change(self) -> i64 {
        match self {
            Self::ActivatedFirst | Self::ActivatedAgain | Self::MovedIn => 1,
            Self::Ended | Self::MovedOut => -1,
        }
    }
}

impl EventKind {
    /// All kinds.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// Something that happens to an identity, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Happening {
    /// Whose identity.
    pub resident_id: Uuid,
    /// What.
    pub kind: EventKind,
    /// Why: of a stop, or of the stop that a restart ends.
    pub reason: Option<Reason>,
    /// Who did it.
    pub actor: Actor,
    /// At which office.
    pub office_id: Option<Uuid>,
}

/// What came of somebody's word to an officer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = CallEffect)]
pub enum CallEffect {
    /// The digital KTP was blocked, until that is confirmed.
    Blocked,
    /// Its contacts got a link that blocks, because there was such a block not long ago.
    Asked,
    /// It was blocked for good: its holder stood at the counter.
    Present,
}
text_column!(CallEffect);

/// What became of that.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = CallOutcome)]
pub enum CallOutcome {
    /// The holder blocked too, or at a counter.
    Confirmed,
    /// The holder lifted the block: with the PIN, or at a counter.
    Lifted,
    /// Nobody said anything; it ended by itself.
    Lapsed,
    /// Something else stopped the digital KTP: the register, or its end.
    Overtaken,
}
text_column!(CallOutcome);

impl CallOutcome {
    /// What becomes of a block when the digital KTP is stopped for a reason that goes before.
    pub const fn of_stop(reason: Reason) -> Self {
        match reason {
            Reason::SelfBlock | Reason::OfficerBlock => Self::Confirmed,
            _ => Self::Overtaken,
        }
    }

    /// What becomes of it when somebody starts the digital KTP again.
    pub const fn of_restart(actor: Actor) -> Self {
        match actor {
            Actor::System => Self::Lapsed,
            _ => Self::Lifted,
        }
    }
}

/// How many blocks at callers' words an officer has entered, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// That blocked, at a word or with the holder there.
    pub blocked: i64,
    /// In whose place a link was sent.
    pub asked: i64,
    /// Of all, how many were confirmed.
    pub confirmed: i64,
    /// How many the holder lifted.
    pub lifted: i64,
    /// How many ended by themselves.
    pub lapsed: i64,
    /// How many something else overtook.
    pub overtaken: i64,
}

impl CallCounts {
    /// Adds so many.
    pub const fn add(&mut self, effect: CallEffect, outcome: Option<CallOutcome>, count: i64) {
        match effect {
            CallEffect::Blocked | CallEffect::Present => self.blocked += count,
            CallEffect::Asked => self.asked += count,
        }
        match outcome {
            Some(CallOutcome::Confirmed) => self.confirmed += count,
            Some(CallOutcome::Lifted) => self.lifted += count,
            Some(CallOutcome::Lapsed) => self.lapsed += count,
            Some(CallOutcome::Overtaken) => self.overtaken += count,
            None => {}
        }
    }

    /// Whether holders lifted most of what this officer blocked: they had not called. Of one or two that says nothing.
    pub const fn stands_out(&self) -> bool {
        self.lifted >= LIFTED_TOO_OFTEN && 2 * self.lifted > self.blocked
    }
}

/// The number by which people speak of an event: `7F3A-09C2`, of its id's random end.
pub fn reference(event_id: Uuid) -> String {
    let [.., a, b, c, d] = *event_id.as_bytes();
    format!("{a:02X}{b:02X}-{c:02X}{d:02X}")
}

/// A name by which a message addresses somebody: the first of a full name, as names are written in running text.
pub fn first_name(full_name: &str) -> String {
    let first = full_name.split_whitespace().next().unwrap_or_default();
    let mut letters = first.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters.flat_map(char::to_lowercase)).collect()
}

/// Crockford's base 32: no I, L, O and U, so that nothing is read as something else.
static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut form = Specification::new();
    form.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    form.translate.from.push_str("abcdefghjkmnpqrstvwxyzOoIiLl");
    form.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    form.ignore.push_str(" -\u{9}");
    form.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
});

/// A code that blocks and can do nothing else: eight characters, written 2×4. Printed nowhere but in the answer that gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCode(Redacted<String>);

impl BlockCode {
    /// The code of random bytes.
    pub fn from_bytes(bytes: [u8; BLOCK_CODE_BYTES]) -> Self {
        Self(Redacted(CROCKFORD.encode(&bytes)))
    }

    /// Reads what was typed: capitals or not, with blanks and hyphens anywhere, O for 0 and I or L for 1.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_TYPED {
            return None;
        }
        let bytes = CROCKFORD.decode(text.trim().as_bytes()).ok()?;
        bytes.try_into().ok().map(Self::from_bytes)
    }

    /// The eight characters.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// As people write it down: `7KQ2-M9XD`.
    pub fn grouped(&self) -> Redacted<String> {
        let (left, right) = self.expose().split_at(4);
        Redacted(format!("{left}-{right}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        // The lowest and the highest symbol of Crockford's alphabet, eight times.
        assert_eq!(BlockCode::from_bytes([0; 5]).expose(), "00000000");
        assert_eq!(BlockCode::from_bytes([0xff; 5]).expose(), "ZZZZZZZZ");
        let code = BlockCode::parse("7KQ2M1X0").unwrap();
        assert_eq!(code.grouped().expose(), "7KQ2-M1X0");
        for typed in ["7kq2-m1x0", " 7KQ2 M1X0 ", "7KQ2-MlXo", "7kq2miXO", "7-K-Q-2-M-I-X-0"] {
            assert_eq!(BlockCode::parse(typed), Some(code.clone()), "{typed}");
        }
        for wrong in ["", "7KQ2M1X", "7KQ2M1X00", "7KQ2M1XU", "7KQ2_M1X0", "7KQ2M1X\u{660}", &"-".repeat(41)] {
            assert_eq!(BlockCode::parse(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains("7KQ2"));
    }

    #[test]
    fn an_officer_stands_out_when_holders_lift_most_of_three_or_more() {
        let of = |blocked, lifted| CallCounts { blocked, lifted, ..CallCounts::default() };
        assert!(!of(2, 2).stands_out() && of(3, 3).stands_out() && of(5, 3).stands_out());
        assert!(!of(6, 3).stands_out(), "half is not most");
        let mut counts = CallCounts::default();
        counts.add(CallEffect::Present, None, 1);
        counts.add(CallEffect::Blocked, Some(CallOutcome::Lifted), 2);
        counts.add(CallEffect::Asked, Some(CallOutcome::Confirmed), 4);
        assert_eq!(counts, CallCounts { blocked: 3, asked: 4, confirmed: 4, lifted: 2, ..CallCounts::default() });
    }

    #[test]
    fn people_read_a_reference_and_a_first_name() {
        assert_eq!(reference(Uuid::from_u128(0x7f3a_09c2)), "7F3A-09C2");
        for (name, first) in [("SITI RAHMA", "Siti"), ("  i gede  putra", "I"), ("", ""), ("ŞÜKRÜ", "Şükrü")] {
            assert_eq!(first_name(name), first);
        }
    }
}
