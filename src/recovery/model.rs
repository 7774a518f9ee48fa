//! What a recovery can be, and its steps: each consumes it and gives the next, or a refusal. Pure.

use uuid::Uuid;

use crate::clerk::own_request;
use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::error::{Code, Refusal};
use crate::text_column;

/// Seconds for which the phone's QR can be scanned.
pub const LIFE_SECONDS: i64 = DAY;
/// Seconds that somebody at the counter is taken to be there, and that a request waits for the second person.
pub const PRESENT_SECONDS: i64 = 30 * MINUTE;
/// Seconds for which the holder may choose a PIN once it is granted.
pub const GRANTED_SECONDS: i64 = HOUR;
/// Days that an ended one is kept, so that its phone learns what became of it.
pub const KEEP_DAYS: i64 = 30;

/// Where a recovery stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    serde::Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = RecoveryState)]
pub enum State {
    /// The phone shows a QR.
    WaitingForScan,
    /// An officer scanned it and compares.
    AtCounter,
    /// An officer asked; somebody else of the office is to grant.
    WaitingForSecondPerson,
    /// The holder may choose a PIN.
    Granted,
    /// The holder has chosen one.
    Done,
    /// Refused at the counter.
    Refused,
    /// Its time was over.
    Lapsed,
    /// The phone withdrew it.
    Withdrawn,
}
text_column!(State);

/// That the holder stands before an officer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The office.
    pub office_id: Uuid,
    /// The officer.
    pub officer_id: Uuid,
}

/// That an officer asked, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub by: Uuid,
    /// When.
    pub at: Timestamp,
    /// The generation of the credential that was asked for: whatever stops or changes it since voids the request.
    pub generation: i64,
}

/// How far a recovery is, with what belongs to being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// See [`State::WaitingForScan`].
    WaitingForScan,
    /// See [`State::AtCounter`].
    AtCounter(Visit),
    /// See [`State::WaitingForSecondPerson`].
    WaitingForSecondPerson(Visit, Asked),
    /// See [`State::Granted`]; the last is who granted.
    Granted(Visit, Asked, Uuid),
    /// Over, since when.
    Ended(End, Timestamp),
}

/// How a recovery ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// See [`State::Done`].
    Done,
    /// See [`State::Refused`].
    Refused,
    /// See [`State::Lapsed`].
    Lapsed,
    /// See [`State::Withdrawn`].
    Withdrawn,
}

/// A recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Its id.
    pub recovery_id: Uuid,
    /// Whose digital KTP it is.
    pub resident_id: Uuid,
    /// The phone that it is on.
    pub device_thumbprint: Vec<u8>,
    /// Raised by every write.
    pub revision: i64,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// Issue time of the newest QR that was scanned.
    pub last_spent: Timestamp,
    /// How far it is.
    pub progress: Progress,
}

impl Recovery {
    /// Where it stands, whatever the row says: time passes without writes.
    pub fn state(&self, now: Timestamp) -> State {
        match self.progress {
            Progress::Ended(End::Done, _) => State::Done,
            Progress::Ended(End::Refused, _) => State::Refused,
            Progress::Ended(End::Lapsed, _) => State::Lapsed,
            Progress::Ended(End::Withdrawn, _) => State::Withdrawn,
            _ if now >= self.expires_at => State::Lapsed,
            Progress::WaitingForScan => State::WaitingForScan,
            Progress::AtCounter(_) => State::AtCounter,
            Progress::WaitingForSecondPerson(..) => State::WaitingForSecondPerson,
            Progress::Granted(..) => State::Granted,
        }
    }

    /// Whether it goes on.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !matches!(self.progress, Progress::Ended(..)) && now < self.expires_at
    }

    /// The office where the holder is, while it goes on.
    pub const fn office(&self) -> Option<Uuid> {
        match self.progress {
            Progress::AtCounter(visit) | Progress::WaitingForSecondPerson(visit, _) | Progress::Granted(visit, ..) => {
                Some(visit.office_id)
            }
            Progress::WaitingForScan | Progress::Ended(..) => None,
        }
    }

    /// The officer before whom the holder stands, while nothing is granted.
    pub const fn officer(&self) -> Option<Uuid> {
        match self.progress {
            Progress::AtCounter(visit) | Progress::WaitingForSecondPerson(visit, _) => Some(visit.officer_id),
            Progress::WaitingForScan | Progress::Granted(..) | Progress::Ended(..) => None,
        }
    }

    /// Who asked for it, while it waits for the second person.
    pub const fn asked(&self) -> Option<Asked> {
        match self.progress {
            Progress::WaitingForSecondPerson(_, asked) => Some(asked),
            _ => None,
        }
    }

    /// An officer scanned a QR of it, issued at `issued`: whatever was asked before is over, because somebody looks anew.
    ///
    /// # Errors
    /// `qr_used` for a QR that was scanned, `wrong_state`.
    pub fn scan(self, visit: Visit, issued: Timestamp, now: Timestamp) -> Result<Self, Refusal> {
        if !self.is_live(now) || matches!(self.progress, Progress::Granted(..)) {
            return Err(Code::WrongState.into());
        }
        if issued <= self.last_spent {
            return Err(Code::QrUsed.into());
        }
        let progress = Progress::AtCounter(visit);
        Ok(Self { progress, last_spent: issued, expires_at: now.plus_seconds(PRESENT_SECONDS), ..self })
    }

    /// The officer before whom the holder stands asks for it.
    ///
    /// # Errors
    /// `scan_required`, `wrong_state`.
    pub fn ask(self, by: Uuid, generation: i64, now: Timestamp) -> Result<Self, Refusal> {
        match self.progress {
            Progress::AtCounter(visit) if now < self.expires_at && visit.officer_id == by => {
                let progress = Progress::WaitingForSecondPerson(visit, Asked { by, at: now, generation });
                Ok(Self { progress, expires_at: now.plus_seconds(PRESENT_SECONDS), ..self })
            }
            Progress::AtCounter(_) | Progress::WaitingForScan => Err(Code::ScanRequired.into()),
            _ => Err(Code::WrongState.into()),
        }
    }

    /// Somebody else grants it.
    ///
    /// # Errors
    /// `forbidden` for whoever asked, `wrong_state`.
    pub fn grant(self, by: Uuid, now: Timestamp) -> Result<Self, Refusal> {
        match self.progress {
            Progress::WaitingForSecondPerson(visit, asked) if now < self.expires_at => {
                if asked.by == by {
                    return Err(own_request());
                }
                let progress = Progress::Granted(visit, asked, by);
                Ok(Self { progress, expires_at: now.plus_seconds(GRANTED_SECONDS), ..self })
            }
            _ => Err(Code::WrongState.into()),
        }
    }

    /// It ends.
    ///
    /// # Errors
    /// `wrong_state` when it has ended, or an end does not fit what it is.
    pub fn end(self, end: End, now: Timestamp) -> Result<Self, Refusal> {
        let is_granted = matches!(self.progress, Progress::Granted(..));
        let may = match end {
            End::Done => is_granted && now < self.expires_at,
            End::Refused => self.officer().is_some() && now < self.expires_at,
            End::Lapsed => now >= self.expires_at,
            End::Withdrawn => true,
        };
        if may && !matches!(self.progress, Progress::Ended(..)) {
            Ok(Self { progress: Progress::Ended(end, now), ..self })
        } else {
            Err(Code::WrongState.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICER: Uuid = Uuid::from_u128(1);
    const SUPERVISOR: Uuid = Uuid::from_u128(2);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn fresh() -> Recovery {
        Recovery {
            recovery_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            device_thumbprint: vec![],
            revision: 0,
            expires_at: at(LIFE_SECONDS),
            last_spent: Timestamp::default(),
            progress: Progress::WaitingForScan,
        }
    }

    fn scanned() -> Recovery {
        fresh().scan(Visit { office_id: Uuid::nil(), officer_id: OFFICER }, at(1), at(1)).unwrap()
    }

    #[test]
    fn nobody_asks_and_grants() {
        let asked = scanned().ask(OFFICER, 1, at(2)).unwrap();
        assert_eq!(asked.clone().grant(OFFICER, at(3)).unwrap_err().code, Code::Forbidden);
        let granted = asked.clone().grant(SUPERVISOR, at(3)).unwrap();
        assert_eq!(granted.state(at(3)), State::Granted);
        assert_eq!(granted.clone().grant(SUPERVISOR, at(3)).unwrap_err().code, Code::WrongState, "once");
        assert_eq!(granted.end(End::Done, at(4)).unwrap().state(at(4)), State::Done);
        assert_eq!(scanned().ask(SUPERVISOR, 1, at(2)).unwrap_err().code, Code::ScanRequired, "not before them");
        assert_eq!(fresh().ask(OFFICER, 1, at(2)).unwrap_err().code, Code::ScanRequired);
    }

    #[test]
    fn each_step_has_its_time() {
        let after = at(1 + PRESENT_SECONDS);
        assert_eq!(scanned().state(after), State::Lapsed);
        assert!(scanned().ask(OFFICER, 1, after).is_err());
        let asked = scanned().ask(OFFICER, 1, at(2)).unwrap();
        assert!(asked.clone().grant(SUPERVISOR, at(2 + PRESENT_SECONDS)).is_err());
        let granted = asked.grant(SUPERVISOR, at(3)).unwrap();
        assert!(granted.clone().end(End::Done, at(3 + GRANTED_SECONDS)).is_err());
        assert_eq!(granted.end(End::Lapsed, at(3 + GRANTED_SECONDS)).unwrap().state(at(9)), State::Lapsed);
        assert!(scanned().end(End::Lapsed, at(2)).is_err(), "not before its time");
    }

    #[test]
    fn a_qr_is_scanned_once_and_a_new_scan_ends_what_was_asked() {
        let visit = Visit { office_id: Uuid::nil(), officer_id: SUPERVISOR };
        let asked = scanned().ask(OFFICER, 1, at(2)).unwrap();
        assert_eq!(asked.clone().scan(visit, at(1), at(3)).unwrap_err().code, Code::QrUsed);
        let again = asked.scan(visit, at(3), at(3)).unwrap();
        assert_eq!((again.state(at(3)), again.asked()), (State::AtCounter, None));
        let granted = scanned().ask(OFFICER, 1, at(2)).unwrap().grant(SUPERVISOR, at(3)).unwrap();
        assert!(granted.scan(visit, at(4), at(4)).is_err(), "what is granted needs no scan");
    }
}
