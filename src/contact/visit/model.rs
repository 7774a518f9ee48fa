//! What a change of address at a counter can be, and its steps: each consumes it and gives the next, or a refusal. Pure.

use uuid::Uuid;

use super::super::model::{CODE_SECONDS, CODE_TRIES};
use crate::clerk::own_request;
use crate::clock::{DAY, MINUTE, Timestamp};
use crate::error::{Code, Refusal};
use crate::text_column;

/// Seconds for which the phone's QR can be scanned, once the code was entered.
pub const SCAN_SECONDS: i64 = DAY;
/// Seconds that somebody at the counter is taken to be there, and that a request waits for the second person.
pub const PRESENT_SECONDS: i64 = 30 * MINUTE;
/// Days that an ended one is kept, without the address, so that its phone learns what became of it.
pub const KEEP_DAYS: i64 = 30;

/// Where a change of address at a counter stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ContactVisitState)]
pub enum State {
    /// A code went to the new address.
    CodeSent,
    /// The code was entered; the phone shows a QR.
    WaitingForScan,
    /// An officer scanned it and compares.
    AtCounter,
    /// An officer asked; somebody else of the office is to grant.
    WaitingForSecondPerson,
    /// In force.
    Done,
    /// Refused at the counter.
    Refused,
    /// Its time was over.
    Lapsed,
    /// The phone withdrew it, or began another one.
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
}

/// How far one is, with what belongs to being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// See [`State::CodeSent`].
    CodeSent,
    /// See [`State::WaitingForScan`].
    WaitingForScan,
    /// See [`State::AtCounter`].
    AtCounter(Visit),
    /// See [`State::WaitingForSecondPerson`].
    WaitingForSecondPerson(Visit, Asked),
    /// Over, since when.
    Ended(End, Timestamp),
}

/// How one ends.
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

/// A change of address at a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactVisit {
    /// Its id.
    pub visit_id: Uuid,
    /// Whose address.
    pub resident_id: Uuid,
    /// The phone that the digital KTP is on.
    pub device_thumbprint: Vec<u8>,
    /// Raised by every write.
    pub revision: i64,
    /// Tries counted against the code.
    pub tries: i64,
    /// When the digital KTP became active.
    pub activated_at: Timestamp,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// Issue time of the newest QR that was scanned.
    pub last_spent: Timestamp,
    /// The new address, sealed, until it is over.
    pub sealed: Option<Vec<u8>>,
    /// How far it is.
    pub progress: Progress,
}

impl ContactVisit {
    /// Where it stands, whatever the row says: time passes without writes.
    pub fn state(&self, now: Timestamp) -> State {
        match self.progress {
            Progress::Ended(End::Done, _) => State::Done,
            Progress::Ended(End::Refused, _) => State::Refused,
            Progress::Ended(End::Lapsed, _) => State::Lapsed,
            Progress::Ended(End::Withdrawn, _) => State::Withdrawn,
            _ if now >= self.expires_at => State::Lapsed,
            Progress::CodeSent => State::CodeSent,
            Progress::WaitingForScan => State::WaitingForScan,
            Progress::AtCounter(_) => State::AtCounter,
            Progress::WaitingForSecondPerson(..) => State::WaitingForSecondPerson,
        }
    }

    /// Whether it goes on.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.has_ended() && now < self.expires_at
    }

    /// Whether its row says that it is over.
    pub const fn has_ended(&self) -> bool {
        matches!(self.progress, Progress::Ended(..))
    }

    /// Whether its code can still be entered.
    pub fn takes_code(&self, now: Timestamp) -> bool {
        self.progress == Progress::CodeSent && now < self.expires_at && self.tries < CODE_TRIES
    }

    /// The office where the holder is, and the officer before whom they stand, while it goes on there.
    pub const fn visit(&self) -> Option<Visit> {
        match self.progress {
            Progress::AtCounter(visit) | Progress::WaitingForSecondPerson(visit, _) => Some(visit),
            Progress::CodeSent | Progress::WaitingForScan | Progress::Ended(..) => None,
        }
    }

    /// Who asked for it, while it waits for the second person.
    pub const fn asked(&self) -> Option<Asked> {
        match self.progress {
            Progress::WaitingForSecondPerson(_, asked) => Some(asked),
            _ => None,
        }
    }

    /// The code was right.
    ///
    /// # Errors
    /// `code_expired`, `wrong_state`.
    pub fn confirm(self, now: Timestamp) -> Result<Self, Refusal> {
        match self.progress {
            Progress::CodeSent if now < self.expires_at => {
                Ok(Self { progress: Progress::WaitingForScan, expires_at: now.plus_seconds(SCAN_SECONDS), ..self })
            }
            Progress::CodeSent => Err(Code::CodeExpired.into()),
            _ => Err(Code::WrongState.into()),
        }
    }

    /// An officer scanned a QR of it, issued at `issued`: whatever was asked before is over, because somebody looks anew.
    ///
    /// # Errors
    /// `qr_used` for a QR that was scanned, `wrong_state`, also before the code was entered.
    pub fn scan(self, visit: Visit, issued: Timestamp, now: Timestamp) -> Result<Self, Refusal> {
        if !self.is_live(now) || self.progress == Progress::CodeSent {
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
    pub fn ask(self, by: Uuid, now: Timestamp) -> Result<Self, Refusal> {
        match self.progress {
            Progress::AtCounter(visit) if now < self.expires_at && visit.officer_id == by => {
                let progress = Progress::WaitingForSecondPerson(visit, Asked { by, at: now });
                Ok(Self { progress, expires_at: now.plus_seconds(PRESENT_SECONDS), ..self })
            }
            Progress::AtCounter(_) | Progress::WaitingForScan => Err(Code::ScanRequired.into()),
            _ => Err(Code::WrongState.into()),
        }
    }

    /// That somebody may grant it; gives who asked. The write demands the same again.
    ///
    /// # Errors
    /// `forbidden` for whoever asked, `wrong_state`.
    pub fn require_grantable(&self, by: Uuid, now: Timestamp) -> Result<Asked, Refusal> {
        match self.progress {
            Progress::WaitingForSecondPerson(_, asked) if now < self.expires_at => {
                if asked.by == by {
                    Err(own_request())
                } else {
                    Ok(asked)
                }
            }
            _ => Err(Code::WrongState.into()),
        }
    }

    /// It ends without another address.
    ///
    /// # Errors
    /// `wrong_state` when it has ended, or an end does not fit what it is.
    pub fn end(self, end: End, now: Timestamp) -> Result<Self, Refusal> {
        let may = match end {
            End::Done => false,
            End::Refused => self.visit().is_some() && now < self.expires_at,
            End::Lapsed => now >= self.expires_at,
            End::Withdrawn => true,
        };
        if may && !self.has_ended() {
            Ok(Self { progress: Progress::Ended(end, now), sealed: None, ..self })
        } else {
            Err(Code::WrongState.into())
        }
    }
}

/// When the code of one that begins now stops counting.
pub const fn code_until(now: Timestamp) -> Timestamp {
    now.plus_seconds(CODE_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICER: Uuid = Uuid::from_u128(1);
    const SUPERVISOR: Uuid = Uuid::from_u128(2);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn fresh() -> ContactVisit {
        ContactVisit {
            visit_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            device_thumbprint: vec![],
            revision: 0,
            tries: 0,
            activated_at: at(-DAY),
            expires_at: code_until(at(0)),
            last_spent: Timestamp::default(),
            sealed: Some(vec![1]),
            progress: Progress::CodeSent,
        }
    }

    fn scanned() -> ContactVisit {
        let visit = Visit { office_id: Uuid::nil(), officer_id: OFFICER };
        fresh().confirm(at(0)).unwrap().scan(visit, at(1), at(1)).unwrap()
    }

    #[test]
    fn nobody_asks_and_grants_and_nothing_comes_before_the_code() {
        let visit = Visit { office_id: Uuid::nil(), officer_id: OFFICER };
        assert!(fresh().scan(visit, at(1), at(1)).is_err(), "no code, no counter");
        assert_eq!(fresh().ask(OFFICER, at(1)).unwrap_err().code, Code::WrongState);
        let asked = scanned().ask(OFFICER, at(2)).unwrap();
        assert_eq!(asked.require_grantable(OFFICER, at(3)).unwrap_err().code, Code::Forbidden);
        assert_eq!(asked.require_grantable(SUPERVISOR, at(3)).unwrap().by, OFFICER);
        assert_eq!(scanned().require_grantable(SUPERVISOR, at(3)).unwrap_err().code, Code::WrongState);
        assert_eq!(scanned().ask(SUPERVISOR, at(2)).unwrap_err().code, Code::ScanRequired, "not before them");
    }

    #[test]
    fn each_step_has_its_time() {
        assert_eq!(fresh().confirm(at(CODE_SECONDS)).unwrap_err().code, Code::CodeExpired);
        assert!(fresh().takes_code(at(CODE_SECONDS - 1)) && !fresh().takes_code(at(CODE_SECONDS)));
        assert!(!ContactVisit { tries: CODE_TRIES, ..fresh() }.takes_code(at(0)));
        let after = at(1 + PRESENT_SECONDS);
        assert_eq!(scanned().state(after), State::Lapsed);
        assert!(scanned().ask(OFFICER, after).is_err());
        let asked = scanned().ask(OFFICER, at(2)).unwrap();
        assert!(asked.require_grantable(SUPERVISOR, at(2 + PRESENT_SECONDS)).is_err());
        assert!(asked.clone().end(End::Lapsed, at(3)).is_err(), "not before its time");
        let lapsed = asked.end(End::Lapsed, at(2 + PRESENT_SECONDS)).unwrap();
        assert_eq!((lapsed.state(at(9)), lapsed.sealed), (State::Lapsed, None));
    }

    #[test]
    fn a_qr_is_scanned_once_and_a_new_scan_ends_what_was_asked() {
        let visit = Visit { office_id: Uuid::nil(), officer_id: SUPERVISOR };
        let asked = scanned().ask(OFFICER, at(2)).unwrap();
        assert_eq!(asked.clone().scan(visit, at(1), at(3)).unwrap_err().code, Code::QrUsed);
        let again = asked.scan(visit, at(3), at(3)).unwrap();
        assert_eq!((again.state(at(3)), again.asked()), (State::AtCounter, None));
        assert!(again.end(End::Done, at(4)).is_err(), "only a grant changes an address");
    }
}
