//! What the confirmation that somebody left can be, and its steps: each consumes it and gives the next, or a refusal. Pure.

use uuid::Uuid;

use crate::clerk::own_request;
use crate::clock::{DAY, Timestamp};
use crate::error::{Code, Refusal};
use crate::text_column;

/// Seconds that a request waits for the second person. Nobody stands at the counter for it, so it is longer than a visit.
pub const WAIT_SECONDS: i64 = 7 * DAY;
/// Days that one is kept after its end.
pub const KEEP_DAYS: i64 = 90;

/// Where one stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = DepartureState)]
pub enum State {
    /// Somebody of the office asked; a supervisor, another person, is to grant.
    Asked,
    /// The digital KTP has ended.
    Granted,
    /// Refused, or taken back by who asked.
    Refused,
    /// Nobody granted it in time.
    Lapsed,
}
text_column!(State);

/// A request that the digital KTP of somebody end who is no citizen any more and left, as the register says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Its id.
    pub departure_id: Uuid,
    /// Whose digital KTP it is.
    pub resident_id: Uuid,
    /// The event that tells of the block: once the register takes it back, or says it anew, the request is of another matter.
    pub event_id: Uuid,
    /// The office that asks.
    pub office_id: Uuid,
    /// What the row says; time passes without writes, see [`Departure::state`].
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

impl Departure {
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

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn asked() -> Departure {
        Departure {
            departure_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            event_id: Uuid::nil(),
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
            let ended = Departure { written, ended_at: Some(at(1)), ..asked() };
            assert_eq!(ended.require_grantable(OTHER, at(2)).unwrap_err().code, Code::WrongState, "{written:?}");
            assert_eq!(ended.state(at(WAIT_SECONDS)), written);
        }
    }
}
