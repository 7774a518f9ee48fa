//! What a move to another phone can be, and its steps: each consumes it and gives the next, or a refusal. Pure.

use uuid::Uuid;

use crate::clock::{DAY, MINUTE, Timestamp};
use crate::error::{Code, Refusal};
use crate::text_column;

/// Seconds from the beginning to the new PIN.
pub const LIFE_SECONDS: i64 = 10 * MINUTE;
/// Seconds between two moves of one digital KTP.
pub const PAUSE_SECONDS: i64 = DAY;
/// Days that an ended one is kept, so that both phones learn what became of it.
pub const KEEP_DAYS: i64 = 30;
/// How many match numbers there are.
pub const MATCH_NUMBERS: u64 = 100;

/// Where a move stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = TransferState)]
pub enum State {
    /// The new phone shows a QR.
    WaitingForScan,
    /// The old phone scanned it; the holder compares the numbers and types the PIN there.
    WaitingForPin,
    /// The PIN was right; the new phone may choose one.
    Allowed,
    /// The digital KTP is on the new phone.
    Done,
    /// Its time was over, or the digital KTP was stopped or changed meanwhile.
    Lapsed,
}
text_column!(State);

/// The digital KTP that moves, from where, and the number that both phones show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose.
    pub resident_id: Uuid,
    /// The phone that has it.
    pub device: Vec<u8>,
    /// Its generation: in any other nothing moves.
    pub generation: i64,
    /// 0–99.
    pub match_number: i64,
}

/// How far a move is, with what belongs to being there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// See [`State::WaitingForScan`].
    WaitingForScan,
    /// See [`State::WaitingForPin`].
    WaitingForPin(Source),
    /// See [`State::Allowed`].
    Allowed(Source),
    /// See [`State::Done`]; since when.
    Done(Source, Timestamp),
    /// See [`State::Lapsed`]; since when.
    Lapsed(Option<Source>, Timestamp),
}

/// A move to another phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id.
    pub transfer_id: Uuid,
    /// The new phone.
    pub device_thumbprint: Vec<u8>,
    /// Raised by every step.
    pub revision: i64,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// Issue time of the newest QR that was scanned.
    pub last_spent: Timestamp,
    /// How far it is.
    pub progress: Progress,
}

impl Transfer {
    /// Where it stands, whatever the row says: time passes without writes.
    pub fn state(&self, now: Timestamp) -> State {
        match self.progress {
            Progress::Done(..) => State::Done,
            Progress::Lapsed(..) => State::Lapsed,
            _ if now >= self.expires_at => State::Lapsed,
            Progress::WaitingForScan => State::WaitingForScan,
            Progress::WaitingForPin(_) => State::WaitingForPin,
            Progress::Allowed(_) => State::Allowed,
        }
    }

    /// Whether it goes on.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !matches!(self.state(now), State::Done | State::Lapsed)
    }

    /// What moves, once it was scanned.
    pub const fn source(&self) -> Option<&Source> {
        match &self.progress {
            Progress::WaitingForScan => None,
            Progress::WaitingForPin(source) | Progress::Allowed(source) | Progress::Done(source, _) => Some(source),
            Progress::Lapsed(source, _) => source.as_ref(),
        }
    }

    /// Whether a phone is one of the two.
    pub fn is_between(&self, device: &[u8]) -> bool {
        self.device_thumbprint == device || self.source().is_some_and(|source| source.device == device)
    }

    /// Two digits that both phones show while the holder compares.
    pub fn match_number(&self) -> Option<String> {
        match &self.progress {
            Progress::WaitingForPin(source) | Progress::Allowed(source) => Some(format!("{:02}", source.match_number)),
            _ => None,
        }
    }

    /// A phone scanned a QR of it, issued at `issued`. A newer QR may be scanned until the PIN was proven: what was scanned before
    /// is over.
    ///
    /// # Errors
    /// `qr_used` for a QR that was scanned, `wrong_state`, also for the phone that shows it.
    pub fn scan(self, source: Source, issued: Timestamp, now: Timestamp) -> Result<Self, Refusal> {
        if !self.is_live(now) || matches!(self.progress, Progress::Allowed(_)) {
            return Err(over());
        }
        if self.device_thumbprint == source.device {
            return Err(own_qr());
        }
        if issued <= self.last_spent {
            return Err(Code::QrUsed.into());
        }
        Ok(Self { progress: Progress::WaitingForPin(source), last_spent: issued, ..self })
    }

    /// The PIN was proven on the phone that has the digital KTP. Repeated by it, nothing changes.
    ///
    /// # Errors
    /// `not_found` for any other phone, `wrong_state`.
    pub fn allow(self, device: &[u8], generation: i64, now: Timestamp) -> Result<Self, Refusal> {
        if self.source().is_none_or(|source| source.device != device) {
            return Err(Code::NotFound.into());
        }
        if !self.is_live(now) {
            return Err(over());
        }
        match self.progress {
            Progress::WaitingForPin(source) if source.generation == generation => {
                Ok(Self { progress: Progress::Allowed(source), ..self })
            }
            Progress::Allowed(_) => Ok(self),
            _ => Err(over()),
        }
    }

    /// The new phone has a PIN, and the digital KTP.
    ///
    /// # Errors
    /// `wrong_state` unless it is allowed.
    pub fn finish(self, now: Timestamp) -> Result<Self, Refusal> {
        match self.progress {
            Progress::Allowed(source) if now < self.expires_at => {
                Ok(Self { progress: Progress::Done(source, now), ..self })
            }
            Progress::WaitingForScan | Progress::WaitingForPin(_) if now < self.expires_at => {
                Err(Code::WrongState.into())
            }
            _ => Err(over()),
        }
    }

    /// It leads nowhere any more: its time is over, or the digital KTP is not what it was.
    ///
    /// # Errors
    /// `wrong_state` when it has ended.
    pub fn lapse(self, now: Timestamp) -> Result<Self, Refusal> {
        let source = match self.progress {
            Progress::WaitingForScan => None,
            Progress::WaitingForPin(source) | Progress::Allowed(source) => Some(source),
            Progress::Done(..) | Progress::Lapsed(..) => return Err(Code::WrongState.into()),
        };
        Ok(Self { progress: Progress::Lapsed(source, now), ..self })
    }
}

/// The refusal of a move that goes no further.
pub fn over() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Pemindahan ini sudah berakhir atau KTP Digital-nya berubah; mulai lagi di ponsel yang baru.",
        "This move is over, or the digital KTP has changed; begin again on the new phone.",
    )
}

fn own_qr() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "QR ini dari ponsel ini juga; tampilkan QR di ponsel yang baru, lalu pindai dengan ponsel yang lama.",
        "This QR is of this same phone; show the QR on the new phone, then scan it with the old one.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn fresh() -> Transfer {
        Transfer {
            transfer_id: Uuid::nil(),
            device_thumbprint: vec![2],
            revision: 0,
            expires_at: at(LIFE_SECONDS),
            last_spent: Timestamp::default(),
            progress: Progress::WaitingForScan,
        }
    }

    fn from(device: u8) -> Source {
        Source { resident_id: Uuid::nil(), device: vec![device], generation: 3, match_number: 7 }
    }

    #[test]
    fn a_move_goes_over_scan_and_pin() {
        assert!(fresh().finish(at(1)).is_err() && fresh().allow(&[1], 3, at(1)).is_err());
        let scanned = fresh().scan(from(1), at(1), at(1)).unwrap();
        assert_eq!((scanned.state(at(1)), scanned.match_number().as_deref()), (State::WaitingForPin, Some("07")));
        assert!(scanned.clone().finish(at(2)).is_err(), "no PIN was proven");
        assert_eq!(scanned.clone().allow(&[9], 3, at(2)).unwrap_err().code, Code::NotFound);
        assert_eq!(scanned.clone().allow(&[1], 4, at(2)).unwrap_err().code, Code::WrongState, "of another generation");
        let allowed = scanned.allow(&[1], 3, at(2)).unwrap();
        assert_eq!(allowed.clone().allow(&[1], 3, at(3)).unwrap(), allowed);
        assert!(allowed.clone().scan(from(8), at(3), at(3)).is_err(), "nobody comes between PIN and end");
        let done = allowed.finish(at(3)).unwrap();
        assert_eq!((done.state(at(999)), done.match_number()), (State::Done, None));
        assert!(done.is_between(&[1]) && done.is_between(&[2]) && !done.is_between(&[3]));
        assert!(done.clone().lapse(at(4)).is_err() && done.finish(at(4)).is_err());
    }

    #[test]
    fn a_qr_works_once_and_not_on_its_own_phone() {
        assert_eq!(fresh().scan(from(2), at(1), at(1)).unwrap_err().code, Code::WrongState);
        let scanned = fresh().scan(from(1), at(1), at(1)).unwrap();
        assert_eq!(scanned.clone().scan(from(8), at(1), at(2)).unwrap_err().code, Code::QrUsed);
        let again = scanned.scan(from(8), at(2), at(2)).unwrap();
        assert!(again.is_between(&[8]) && !again.is_between(&[1]), "who scanned before has lost it");
    }

    #[test]
    fn everything_ends_after_ten_minutes() {
        let end = at(LIFE_SECONDS);
        let scanned = fresh().scan(from(1), at(1), at(1)).unwrap();
        assert!(fresh().scan(from(1), at(1), end).is_err() && scanned.clone().allow(&[1], 3, end).is_err());
        let allowed = scanned.allow(&[1], 3, at(2)).unwrap();
        assert_eq!(allowed.state(end), State::Lapsed);
        assert!(allowed.clone().finish(end).is_err());
        assert!(allowed.lapse(end).unwrap().is_between(&[1]));
    }
}
