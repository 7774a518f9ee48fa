//! What a dispute of a check can be, and how long the relying party has. Pure.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Code, Refusal};
use crate::input;
use crate::text_column;

/// Working days that a relying party has.
pub const WORKING_DAYS: i64 = 10;
/// Days after which an answer counts as read.
pub const READ_DAYS: i64 = 30;
/// Longest words of an answer, in characters.
pub const MAX_WORDS: usize = 500;

/// Where a dispute stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = DisputeState)]
pub enum State {
    /// The holder says that they do not know the check. The relying party cannot be asked at present.
    Opened,
    /// The relying party is asked.
    AskedParty,
    /// It has answered.
    Answered,
    /// Over.
    Closed,
}
text_column!(State);

/// What a relying party found.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Finding {
    /// The holder was there: the answer says when and for what.
    HolderWasThere,
    /// The check was a mistake of the relying party.
    OurMistake,
    /// Somebody else used the digital KTP.
    Misused,
    /// Nothing could be found out.
    Unknown,
}
text_column!(Finding);

/// How a dispute ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = DisputeEnding)]
pub enum Ending {
    /// The holder took it back before there was an answer.
    Withdrawn,
    /// The relying party did not answer in its time.
    Unanswered,
    /// The holder has read the answer, or had thirty days for that.
    Read,
}
text_column!(Ending);

/// What a relying party answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyAnswer {
    /// What it found.
    pub finding: Finding,
    /// Its words, sealed.
    pub words_sealed: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// A check that its holder does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub dispute_id: Uuid,
    /// The holder.
    pub resident_id: Uuid,
    /// Who checked.
    pub relying_party_id: Uuid,
    /// The check.
    pub verification_id: Uuid,
    /// When it was made.
    pub verified_at: Timestamp,
    /// Its purpose code.
    pub purpose: String,
    /// What the row says.
    pub state: State,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Until when the relying party can answer.
    pub due_at: Timestamp,
    /// When it could read it first.
    pub asked_at: Option<Timestamp>,
    /// Its answer.
    pub answer: Option<PartyAnswer>,
    /// How it ended.
    pub ending: Option<Ending>,
}

impl Dispute {
    /// That the party may still answer.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_answerable(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.state == State::AskedParty && now < self.due_at { Ok(()) } else { Err(too_late()) }
    }

    /// How it ends when its holder puts it aside; `None` when it has ended.
    pub const fn put_aside(&self) -> Option<Ending> {
        match self.state {
            State::Opened | State::AskedParty => Some(Ending::Withdrawn),
            State::Answered => Some(Ending::Read),
            State::Closed => None,
        }
    }
}

/// Until when a party can answer what was opened at `opened`.
pub const fn due(opened: Timestamp) -> Timestamp {
    opened.after_working_days(WORKING_DAYS)
}

/// The words of an answer, which the holder reads: 5–500 characters.
///
/// # Errors
/// `invalid_field`.
pub fn check_words(words: &str) -> Result<String, Refusal> {
    let words = words.trim();
    if input::is_prose(words, 5..=MAX_WORDS) && words.chars().any(char::is_alphabetic) {
        return Ok(words.to_owned());
    }
    Err(Refusal::field(
        "words",
        "Jelaskan kepada pemegang dengan kata-kata: 5-500 karakter.",
        "Explain it to the holder in words: 5 to 500 characters.",
    ))
}

fn too_late() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Laporan ini sudah dijawab, ditarik, atau melewati batas waktunya; jawaban lain tidak dapat disimpan.",
        "This dispute was answered, taken back, or is past its time; no other answer can be kept.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        serde_json::from_str(&format!("\"{text}\"")).unwrap()
    }

    #[test]
    fn a_party_has_ten_working_days_in_jakarta() {
        let cases = [
            // Saturday, so that Monday is the first.
            ("2026-11-21T08:00:00Z", "2026-12-04T17:00:00Z"),
            // Friday morning: the next Monday is the first.
            ("2026-11-20T01:00:00Z", "2026-12-04T17:00:00Z"),
            // Monday.
            ("2026-11-23T01:00:00Z", "2026-12-07T17:00:00Z"),
            // Sunday evening in UTC is Monday in Jakarta.
            ("2026-11-22T18:00:00Z", "2026-12-07T17:00:00Z"),
        ];
        for (opened, due_at) in cases {
            assert_eq!(due(time(opened)).to_rfc3339(), due_at, "{opened}");
        }
    }

    #[test]
    fn words_are_words() {
        assert_eq!(check_words("  Pembukaan rekening \n").unwrap(), "Pembukaan rekening");
        for wrong in ["", "ya", "12345 678", "abc\u{7}def", &"x".repeat(501)] {
            assert!(check_words(wrong).is_err(), "{wrong}");
        }
    }
}
