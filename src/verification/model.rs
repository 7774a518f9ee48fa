//! What relying parties ask, and what they are told. Pure.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::code::PresentationCode;
use crate::attribute::AttributeSet;
use crate::clock::Timestamp;
use crate::credential::Reason;
use crate::disclosure::Disclosed;
use crate::error::Text;
use crate::relying_party::Purpose;
use crate::secret::Redacted;

/// Seconds after a check in which a repeated request is answered with the attributes again.
pub const ATTRIBUTES_AGAIN_SECONDS: i64 = 600;

/// The value of an `Idempotency-Key` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub [u8; 16]);

impl IdempotencyKey {
    /// Reads 1 to 64 visible ASCII characters. Only the first half of their SHA-256 is kept.
    pub fn parse(header: &str) -> Option<Self> {
        let fits = (1..=64).contains(&header.len()) && header.bytes().all(|byte| byte.is_ascii_graphic());
        let mut key = [0; 16];
        key.copy_from_slice(&Sha256::digest(header.as_bytes())[..16]);
        fits.then_some(Self(key))
    }
}

/// What the holder showed.
#[derive(Clone, Debug)]
pub enum Presented {
    /// The scanned text.
    Token(Redacted<String>),
    /// The digits that were typed because a camera failed.
    Code(PresentationCode),
}

/// A question: is this token good, and may I see these attributes?
#[derive(Clone, Debug)]
pub struct Question {
    /// What was shown.
    pub shown: Presented,
    /// A purpose code registered for the party.
    pub purpose: String,
    /// The attributes asked for; none asks for all that remain.
    pub attributes: Option<AttributeSet>,
    /// Repeats of one check carry the same key.
    pub key: IdempotencyKey,
}

impl Question {
    /// The scanned text, where it was a QR.
    pub fn token(&self) -> Option<&str> {
        match &self.shown {
            Presented::Token(token) => Some(token.expose()),
            Presented::Code(_) => None,
        }
    }

    /// SHA-256 over everything by which two questions are the same. The hash of a code must not be stored as it is: ten
    /// digits are quickly tried out.
    pub fn body_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let shown = match &self.shown {
            Presented::Token(token) => token.expose(),
            Presented::Code(code) => code.expose(),
        };
        for part in [shown.as_bytes(), self.purpose.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        // No set has the bit beyond the last attribute, so "all" differs from every list.
        hash.update(self.attributes.map_or(u32::MAX, AttributeSet::bits).to_be_bytes());
        hash.finalize().into()
    }
}

/// What can be done to see that the person is the holder, in the API by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum HolderCheck {
    /// Compare the face with the portrait.
    ComparePortrait,
    /// Without a portrait a borrowed QR cannot be told from the holder's own.
    NotPossible,
}
crate::words!(HolderCheck);

/// What the holder's QR is on, in the API and in receipts by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Medium {
    /// A phone: who shows it has unlocked it with the PIN, moments ago.
    Phone,
    /// A printed card: it can be copied, and only the face says who holds it.
    PrintedCard,
}
crate::words!(Medium);

/// The two outcomes of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The token is good.
    Valid,
    /// It is not, for this reason.
    Invalid(Reason),
}

impl Verdict {
    /// `valid` or `invalid`.
    pub const fn result(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid(_) => "invalid",
        }
    }

    /// Whether nobody issued it, or it was altered since.
    pub const fn is_forged(self) -> bool {
        matches!(self, Self::Invalid(Reason::Malformed | Reason::BadSignature | Reason::UnknownKey))
    }

    /// The reason's name; empty for a valid token.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Valid => "",
            Self::Invalid(reason) => reason.as_str(),
        }
    }

    /// From the two columns of a row. An unknown reason, from a newer program, reads as `malformed`.
    pub fn from_row(result: &str, reason: &str) -> Self {
        if result == "valid" {
            Self::Valid
        } else {
            Self::Invalid(Reason::from_name(reason).unwrap_or(Reason::Malformed))
        }
    }
}

impl From<String> for Verdict {
    /// From the reason alone, which no valid check has.
    fn from(reason: String) -> Self {
        Self::from_row(if reason.is_empty() { "valid" } else { "invalid" }, &reason)
    }
}

/// A picture that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portrait(pub Redacted<Vec<u8>>);

/// The attributes of a valid answer.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// The named values.
    pub attributes: Disclosed,
    /// The portrait, JPEG of at most 20 KB.
    pub portrait: Option<Portrait>,
}

/// What is handed out of a check, to whoever asked and to the holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// From before receipts were proven by batches: a CWT, signed for itself (COSE_Sign1 bytes).
    Signed(Vec<u8>),
    /// What the check states, and the COSE Receipt (RFC 9942) that proves it; none where somebody tampered with the records that it is
    /// made from.
    Stated {
        /// Claims as deterministic CBOR.
        statement: Vec<u8>,
        /// COSE_Sign1 bytes.
        proof: Option<Vec<u8>>,
    },
}

impl Receipt {
    /// From what a row keeps: a statement with what proves it, or a whole receipt.
    pub fn of(stored: Vec<u8>, is_statement: bool, proof: Option<Vec<u8>>) -> Self {
        if is_statement { Self::Stated { statement: stored, proof } } else { Self::Signed(stored) }
    }
}

/// The answer to a question, or the record of an earlier one.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its id.
    pub verification_id: Uuid,
    /// Valid, or why not.
    pub verdict: Verdict,
    /// The purpose asked for.
    pub purpose: String,
    /// When it was first answered.
    pub verified_at: Timestamp,
    /// Whether the token cannot be used again.
    pub single_use: bool,
    /// What it is on.
    pub medium: Medium,
    /// The attributes that were disclosed, the portrait among them.
    pub disclosed: AttributeSet,
    /// Their values; none where an earlier answer is repeated too late, or only its record is asked for.
    pub content: Option<Content>,
    /// The receipt.
    pub receipt: Receipt,
    /// What the receipt's digest is salted with.
    pub salt: Vec<u8>,
    /// With a wrong code: how many more wrong ones are allowed before a wait.
    pub tries_left: Option<i64>,
    /// Whether the same question was answered before, under the same key.
    pub is_repeated: bool,
}

impl Answer {
    /// How whoever checks can tell that the person is the holder.
    pub const fn holder_check(&self) -> HolderCheck {
        match self.verdict {
            Verdict::Valid if self.disclosed.contains(crate::attribute::Attribute::Portrait) => {
                HolderCheck::ComparePortrait
            }
            _ => HolderCheck::NotPossible,
        }
    }

    /// A sentence for whoever checks.
    pub const fn message(&self) -> Text {
        if matches!(self.medium, Medium::PrintedCard) {
            return self.message_of_card();
        }
        match (self.verdict, self.holder_check(), self.single_use) {
            (Verdict::Invalid(reason), ..) => reason.message(),
            (Verdict::Valid, HolderCheck::ComparePortrait, true) => Text::new(
                "KTP Digital sah. Cocokkan wajah orang di depan Anda dengan foto sebelum melanjutkan.",
                "The digital KTP is valid. Compare the face of the person before you with the photo before going on.",
            ),
            (Verdict::Valid, HolderCheck::NotPossible, true) => Text::new(
                "KTP Digital sah, tetapi tanpa foto: layar ini tidak dapat menunjukkan bahwa orang di depan Anda adalah pemegangnya.",
                "The digital KTP is valid, but came without a photo: nothing here shows that the person before you is its holder.",
            ),
            (Verdict::Valid, HolderCheck::ComparePortrait, false) => Text::new(
                "KTP Digital sah (QR luring, dapat dipindai lebih dari sekali). Cocokkan wajah orang di depan Anda dengan foto.",
                "The digital KTP is valid (an offline QR, which can be scanned more than once). Compare the person's face with the photo.",
            ),
            (Verdict::Valid, HolderCheck::NotPossible, false) => Text::new(
                "KTP Digital sah (QR luring, dapat dipindai lebih dari sekali), tetapi tanpa foto: pemegangnya tidak dapat dipastikan.",
                "The digital KTP is valid (an offline QR, which can be scanned more than once), but came without a photo: who holds it cannot be told.",
            ),
        }
    }
}

impl Answer {
    /// What a printed card does not prove is said with what it does.
    const fn message_of_card(&self) -> Text {
        match (self.verdict, self.holder_check()) {
            (Verdict::Invalid(reason), _) => reason.message_of_card(),
            (Verdict::Valid, HolderCheck::ComparePortrait) => Text::new(
                "Kartu cetak KTP Digital sah. Kartu dapat disalin: cocokkan wajah orang di depan Anda dengan foto di layar ini, bukan dengan foto di kartu.",
                "The printed card of a digital KTP is valid. A card can be copied: compare the face of the person before you with the photo on this screen, not with the one on the card.",
            ),
            (Verdict::Valid, HolderCheck::NotPossible) => Text::new(
                "Kartu cetak KTP Digital sah, tetapi tanpa foto: kartu dapat disalin, jadi pemegangnya tidak dapat dipastikan. Minta KTP-el.",
                "The printed card of a digital KTP is valid, but came without a photo: a card can be copied, so who holds it cannot be told. Ask for the KTP-el.",
            ),
        }
    }
}

/// One line of a holder's history.
#[derive(Clone, Debug)]
pub struct HistoryItem {
    /// Id of the check.
    pub verification_id: Uuid,
    /// Who checked.
    pub relying_party: String,
    /// When, the first time.
    pub verified_at: Timestamp,
    /// What for.
    pub purpose: Purpose,
    /// Valid, or why not.
    pub verdict: Verdict,
    /// What was shown.
    pub disclosed: AttributeSet,
    /// How many times it was refused again.
    pub repeats: i64,
    /// The receipt.
    pub receipt: Receipt,
    /// What the receipt's digest is salted with.
    pub salt: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idempotency_keys_are_visible_ascii() {
        assert!(IdempotencyKey::parse("a").is_some());
        assert!(IdempotencyKey::parse(&"k".repeat(64)).is_some());
        for bad in ["", "two words", "tab\t", "é", &"k".repeat(65)] {
            assert!(IdempotencyKey::parse(bad).is_none(), "{bad}");
        }
        assert_ne!(IdempotencyKey::parse("a"), IdempotencyKey::parse("b"));
    }

    #[test]
    fn questions_differ_in_every_part() {
        let ask = |token: &str, purpose: &str, attributes| Question {
            shown: Presented::Token(Redacted(token.into())),
            purpose: purpose.into(),
            attributes,
            key: IdempotencyKey([0; 16]),
        };
        let hashes = [
            ask("A", "b", None),
            ask("Ab", "", None),
            ask("A", "c", None),
            ask("A", "b", Some(AttributeSet::EMPTY)),
            ask("A", "b", Some(AttributeSet::FULL)),
        ]
        .map(|question| question.body_hash());
        assert_eq!(hashes.iter().collect::<std::collections::HashSet<_>>().len(), hashes.len());
    }
}
