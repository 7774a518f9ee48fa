//! What an annulment can be, and its steps: each consumes it and gives the next, or a refusal. Pure.

use uuid::Uuid;

use crate::clock::{DAY, Timestamp};
use crate::error::{Code, Refusal};
use crate::text_column;

/// Seconds that a request waits for the second person. Nobody stands at the counter for it, so it is longer than a visit.
pub const WAIT_SECONDS: i64 = 7 * DAY;
/// Seconds after the grant in which checks that were under way may still be recorded: until then all are looked through again.
pub const SETTLED_SECONDS: i64 = 120;
/// Days that a refused or lapsed request is kept.
pub const KEEP_DAYS: i64 = 90;

/// Where an annulment stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = AnnulmentState)]
pub enum State {
    /// A supervisor asked; the head of the office is to grant.
    Asked,
    /// The activation is undone.
    Granted,
    /// Refused, or taken back by who asked.
    Refused,
    /// Nobody granted it in time.
    Lapsed,
}
text_column!(State);

/// A request that an activation be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annulment {
    /// Its id.
    pub annulment_id: Uuid,
    /// Whose identity was activated.
    pub resident_id: Uuid,
    /// The registration that led to it, or the card of who has it on paper alone.
    pub registration_id: Uuid,
    /// When it became active: whatever is activated later is another matter.
    pub activated_at: Timestamp,
    /// The office that approved it.
    pub office_id: Uuid,
    /// What the row says; time passes without writes, see [`Annulment::state`].
    pub written: State,
    /// Raised by every write.
    pub revision: i64,
    /// Who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// When the request lapses.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Annulment {
    /// Where it stands now.
    pub fn state(&self, now: Timestamp) -> State {
        match self.written {
            State::Asked if now >= self.expires_at => State::Lapsed,
            state => state,
        }
    }

    /// What a decision has to name: it changes with every step.
    pub fn version(&self) -> String {
        format!("{:x}", self.revision)
    }

    /// That this person may grant it now.
    ///
    /// # Errors
    /// `forbidden` for whoever asked, `wrong_state` when it has ended or lapsed.
    pub fn require_grantable(&self, by: Uuid, now: Timestamp) -> Result<(), Refusal> {
        if self.state(now) != State::Asked {
            return Err(Code::WrongState.into());
        }
        if self.asked_by == by { Err(own_request()) } else { Ok(()) }
    }

    /// That it still waits.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_waiting(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.state(now) == State::Asked { Ok(()) } else { Err(Code::WrongState.into()) }
    }
}

fn own_request() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Pembatalan yang Anda minta sendiri harus disetujui kepala kantor.",
        "An annulment that you asked for has to be granted by the head of the office.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn asked() -> Annulment {
        Annulment {
            annulment_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            registration_id: Uuid::nil(),
            activated_at: at(-DAY),
            office_id: Uuid::nil(),
            written: State::Asked,
            revision: 0,
            asked_by: ASKER,
            asked_at: at(0),
            expires_at: at(WAIT_SECONDS),
            ended_at: None,
        }
    }

    #[test]
    fn nobody_grants_what_they_asked_for_and_nothing_after_its_time() {
        assert_eq!(asked().require_grantable(ASKER, at(1)).unwrap_err().code, Code::Forbidden);
        assert!(asked().require_grantable(OTHER, at(WAIT_SECONDS - 1)).is_ok());
        assert_eq!(asked().require_grantable(OTHER, at(WAIT_SECONDS)).unwrap_err().code, Code::WrongState);
        assert_eq!(asked().state(at(WAIT_SECONDS)), State::Lapsed);
        assert!(asked().require_waiting(at(WAIT_SECONDS)).is_err());
        for written in [State::Granted, State::Refused, State::Lapsed] {
            let ended = Annulment { written, ended_at: Some(at(1)), ..asked() };
            assert_eq!(ended.require_grantable(OTHER, at(2)).unwrap_err().code, Code::WrongState, "{written:?}");
            assert_eq!(ended.state(at(WAIT_SECONDS)), written);
        }
    }
}
