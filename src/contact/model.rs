//! What a change of address can be, and its steps: each consumes it and gives the next, or a refusal. Pure.

use uuid::Uuid;

use crate::clock::{DAY, HOUR, Timestamp};
use crate::error::{Code, Refusal};
use crate::text_column;

/// Tries that a code allows.
pub const CODE_TRIES: i64 = 5;
/// Seconds for which a code counts.
pub const CODE_SECONDS: i64 = DAY;
/// Seconds between the code and the new address: in them whoever reads the old one can stop it.
pub const COOLING_SECONDS: i64 = DAY;
/// Seconds after it in which nothing else moves: no other phone, no new PIN at a counter.
pub const UNSETTLED_SECONDS: i64 = 72 * HOUR;
/// Seconds for which a replaced address is told what happens.
pub const FORMER_SECONDS: i64 = 7 * DAY;
/// Seconds for which a digital KTP is on a phone before an address can be changed from there.
pub const NEW_PHONE_SECONDS: i64 = DAY;
/// Days that an ended one is kept, without the address.
pub const KEEP_DAYS: i64 = 30;

/// Where a change of address stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ContactChangeState)]
pub enum State {
    /// A code went to the new address.
    CodeSent,
    /// The code was entered; it comes into force by itself.
    Cooling,
    /// In force.
    Done,
    /// Stopped by the holder, or because the digital KTP was blocked, moved, or got another PIN.
    Stopped,
    /// Nobody entered the code.
    Lapsed,
}
text_column!(State);

/// How far a change is, with what belongs to being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// See [`State::CodeSent`].
    CodeSent,
    /// See [`State::Cooling`]; when it comes into force.
    Cooling(Timestamp),
    /// Over, since when.
    Ended(End, Timestamp),
}

/// How a change ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// See [`State::Done`].
    Done,
    /// See [`State::Stopped`].
    Stopped,
    /// See [`State::Lapsed`].
    Lapsed,
}

/// A change of the address at which a holder is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactChange {
    /// Its id.
    pub change_id: Uuid,
    /// Whose address.
    pub resident_id: Uuid,
    /// Raised by every step.
    pub revision: i64,
    /// Generation of the digital KTP when it was asked for.
    pub generation: i64,
    /// Tries counted against the code.
    pub tries: i64,
    /// When the code stops counting.
    pub expires_at: Timestamp,
    /// How far it is.
    pub progress: Progress,
    /// The new address, sealed, until it is over.
    pub sealed: Option<Vec<u8>>,
}

impl ContactChange {
    /// Where it stands.
    pub const fn state(&self) -> State {
        match self.progress {
            Progress::CodeSent => State::CodeSent,
            Progress::Cooling(_) => State::Cooling,
            Progress::Ended(End::Done, _) => State::Done,
            Progress::Ended(End::Stopped, _) => State::Stopped,
            Progress::Ended(End::Lapsed, _) => State::Lapsed,
        }
    }

    /// Whether its code can still be entered.
    pub fn takes_code(&self, now: Timestamp) -> bool {
        self.progress == Progress::CodeSent && now < self.expires_at && self.tries < CODE_TRIES
    }

    /// The code was right.
    ///
    /// # Errors
    /// `code_expired`, `wrong_state`.
    pub fn confirm(self, now: Timestamp) -> Result<Self, Refusal> {
        match self.progress {
            Progress::CodeSent if now < self.expires_at => {
                Ok(Self { progress: Progress::Cooling(now.plus_seconds(COOLING_SECONDS)), ..self })
            }
            Progress::CodeSent => Err(Code::CodeExpired.into()),
            Progress::Cooling(_) | Progress::Ended(..) => Err(Code::WrongState.into()),
        }
    }

    /// Its time has come: it is in force when the digital KTP is what it was (`generation`, of an active one), and stopped otherwise.
    ///
    /// # Errors
    /// `wrong_state` when its time has not come.
    pub fn come_into_force(self, generation: Option<i64>, now: Timestamp) -> Result<Self, Refusal> {
        match self.progress {
            Progress::Cooling(effective_at) if now >= effective_at => {
                let end = if generation == Some(self.generation) { End::Done } else { End::Stopped };
                Ok(self.ended(end, now))
            }
            _ => Err(Code::WrongState.into()),
        }
    }

    /// It does not come into force.
    ///
    /// # Errors
    /// `wrong_state` when it has ended.
    pub fn stop(self, now: Timestamp) -> Result<Self, Refusal> {
        match self.progress {
            Progress::CodeSent if now >= self.expires_at => Ok(self.ended(End::Lapsed, now)),
            Progress::CodeSent | Progress::Cooling(_) => Ok(self.ended(End::Stopped, now)),
            Progress::Ended(..) => Err(Code::WrongState.into()),
        }
    }

    fn ended(self, end: End, now: Timestamp) -> Self {
        Self { progress: Progress::Ended(end, now), sealed: None, ..self }
    }
}

/// An address of which only two letters are shown: `r***@g***`. Enough to know one's own, too little to write to.
pub fn hint(email: &str) -> String {
    let (user, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
    format!("{}***@{}***", first(user), first(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn asked() -> ContactChange {
        ContactChange {
            change_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            revision: 0,
            generation: 4,
            tries: 0,
            expires_at: at(CODE_SECONDS),
            progress: Progress::CodeSent,
            sealed: Some(vec![1]),
        }
    }

    #[test]
    fn a_change_cools_for_a_day_after_its_code() {
        let cooling = asked().confirm(at(10)).unwrap();
        assert_eq!(cooling.progress, Progress::Cooling(at(10 + COOLING_SECONDS)));
        assert!(cooling.clone().come_into_force(Some(4), at(9 + COOLING_SECONDS)).is_err(), "not before its time");
        assert!(asked().come_into_force(Some(4), at(2 * DAY)).is_err(), "not without its code");
        let done = cooling.clone().come_into_force(Some(4), at(10 + COOLING_SECONDS)).unwrap();
        assert_eq!((done.state(), &done.sealed), (State::Done, &None));
        assert!(done.clone().come_into_force(Some(4), at(3 * DAY)).is_err(), "once");
        assert!(done.stop(at(3 * DAY)).is_err(), "what is in force is not stopped");
        assert_eq!(cooling.stop(at(11)).unwrap().state(), State::Stopped);
    }

    #[test]
    fn a_digital_ktp_that_is_another_one_stops_it() {
        for generation in [None, Some(5)] {
            let cooling = asked().confirm(at(0)).unwrap();
            assert_eq!(cooling.come_into_force(generation, at(DAY)).unwrap().state(), State::Stopped);
        }
    }

    #[test]
    fn a_code_counts_for_a_day_and_five_tries() {
        assert!(asked().takes_code(at(CODE_SECONDS - 1)) && !asked().takes_code(at(CODE_SECONDS)));
        assert!(!ContactChange { tries: CODE_TRIES, ..asked() }.takes_code(at(0)));
        assert_eq!(asked().confirm(at(CODE_SECONDS)).unwrap_err().code, Code::CodeExpired);
        assert_eq!(asked().stop(at(CODE_SECONDS)).unwrap().state(), State::Lapsed);
    }

    #[test]
    fn a_hint_shows_two_letters() {
        assert_eq!(hint("rina.wati@gmail.com"), "r***@g***");
        assert_eq!((hint("@"), hint("x")), ("***@***".into(), "x***@***".into()));
    }
}
