//! What a holder asks for without their phone, and its steps. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clerk::own_request;
use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::error::{Code, Refusal};
use crate::helper::Noted;
use crate::holder::Reason;
use crate::input::name;
use crate::register::{Date, RegisterRecord};
use crate::secret::Redacted;
use crate::text_column;

/// Seconds in which a request can be granted: the holder waits at the counter.
pub const WAIT_SECONDS: i64 = 30 * MINUTE;
/// Seconds after the grant in which a copy can be printed, more than once: paper jams.
pub const PRINT_SECONDS: i64 = HOUR;
/// Days that the photo is kept after a grant, although the data are erased after a day: as long as somebody may say that it was not them.
pub const PHOTO_DAYS: i64 = 30;
/// The same after any other end.
pub const PHOTO_DAYS_UNGRANTED: i64 = 7;
/// Days that a request is kept after its end.
pub const KEEP_DAYS: i64 = 90;

/// What is asked for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = WalkInKind)]
pub enum Kind {
    /// That the digital KTP end.
    Closure,
    /// The same, and that the consent to the processing be withdrawn.
    ConsentWithdrawal,
    /// A copy of the own data on paper.
    Copy,
}

impl Kind {
    /// Why the digital KTP ends with it, if it does.
    pub const fn ends(self) -> Option<Reason> {
        match self {
            Self::Closure => Some(Reason::Closed),
            Self::ConsentWithdrawal => Some(Reason::ConsentWithdrawn),
            Self::Copy => None,
        }
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = WalkInState)]
pub enum State {
    /// An officer typed who came; the photo or the holder's word is missing.
    Prepared,
    /// The officer asked; a supervisor of the office, another person, is to grant.
    Asked,
    /// It was done.
    Granted,
    /// Refused, or taken back by who asked.
    Refused,
    /// Nobody granted it in time.
    Lapsed,
}
text_column!(Kind, State);

/// A holder who came without their phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkIn {
    /// The id.
    pub walk_in_id: Uuid,
    /// Whose digital KTP it is about.
    pub resident_id: Uuid,
    /// The office.
    pub office_id: Uuid,
    /// What they ask for.
    pub kind: Kind,
    /// What the row says; time passes without writes, see [`WalkIn::state`].
    pub written: State,
    /// Raised by every write.
    pub revision: i64,
    /// Who prepared it and asks.
    pub asked_by: Uuid,
    /// When it was prepared.
    pub prepared_at: Timestamp,
    /// When it lapses.
    pub lapses_at: Timestamp,
    /// When it was asked for.
    pub asked_at: Option<Timestamp>,
    /// The generation of the credential that was looked at: one that became active again since is another matter.
    pub generation: i64,
    /// Who granted it.
    pub granted_by: Option<Uuid>,
    /// When it was granted, refused or lapsed.
    pub ended_at: Option<Timestamp>,
}

impl WalkIn {
    /// Where it stands now.
    pub fn state(&self, now: Timestamp) -> State {
        match self.written {
            State::Prepared | State::Asked if now >= self.lapses_at => State::Lapsed,
            state => state,
        }
    }

    /// What a decision has to name: it changes with every step.
    pub fn version(&self) -> String {
        format!("{:x}", self.revision)
    }

    /// That this person may add to it or ask for it now: who prepared it, while it waits for that.
    ///
    /// # Errors
    /// `forbidden` for anybody else, `wrong_state`.
    pub fn require_preparing(&self, by: Uuid, now: Timestamp) -> Result<(), Refusal> {
        if self.asked_by != by {
            return Err(others_request());
        }
        if self.state(now) == State::Prepared { Ok(()) } else { Err(Code::WrongState.into()) }
    }

    /// That this person may grant it now.
    ///
    /// # Errors
    /// `forbidden` for whoever asked, `wrong_state` unless it was asked for and has not lapsed.
    pub fn require_grantable(&self, by: Uuid, now: Timestamp) -> Result<(), Refusal> {
        if self.state(now) != State::Asked {
            return Err(Code::WrongState.into());
        }
        if self.asked_by == by { Err(own_request()) } else { Ok(()) }
    }

    /// That it still waits for something.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_waiting(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.state(now) {
            State::Prepared | State::Asked => Ok(()),
            State::Granted | State::Refused | State::Lapsed => Err(Code::WrongState.into()),
        }
    }

    /// Whether this person may print the copy: who asked for it, or granted it.
    pub fn is_printed_by(&self, person: Uuid) -> bool {
        self.asked_by == person || self.granted_by == Some(person)
    }

    /// Until when the copy can be printed; none of what is no copy, or was not granted.
    pub fn print_until(&self) -> Option<Timestamp> {
        let granted = self.ended_at.filter(|_| self.written == State::Granted && self.kind == Kind::Copy);
        granted.map(|granted| granted.plus_seconds(PRINT_SECONDS))
    }
}

/// Who the holder says they are.
#[derive(Debug)]
pub struct Claim {
    /// The name.
    pub full_name: Redacted<String>,
    /// The birth date.
    pub birth_date: Date,
}

impl Claim {
    /// Whether the register says the same of this person.
    pub fn agrees_with(&self, record: &RegisterRecord) -> bool {
        name::compare(self.full_name.expose(), &record.full_name) == name::Likeness::Same
            && self.birth_date == record.birth_date
    }
}

/// What rests sealed with a request.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Said {
    /// Who helped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helper: Option<Noted>,
    /// Who heard that the holder wants it, where the holder cannot read: another person than those of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Redacted<String>>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Redacted<String>>,
}

/// Seconds after which the photo of a request is deleted that ended so.
pub const fn photo_seconds(state: State) -> i64 {
    match state {
        State::Granted => PHOTO_DAYS * DAY,
        State::Prepared | State::Asked | State::Refused | State::Lapsed => PHOTO_DAYS_UNGRANTED * DAY,
    }
}

fn others_request() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Permintaan ini disiapkan rekan Anda; hanya ia yang dapat melanjutkannya. Siapkan yang baru bila warga ada di loket Anda.",
        "A colleague prepares this request and goes on with it; prepare another one if the holder stands at your counter.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::model::tests::siti;

    const ASKER: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn walk_in(kind: Kind, written: State) -> WalkIn {
        WalkIn {
            walk_in_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            office_id: Uuid::nil(),
            kind,
            written,
            revision: 0,
            asked_by: ASKER,
            prepared_at: at(0),
            lapses_at: at(WAIT_SECONDS),
            asked_at: Some(at(10)),
            generation: 1,
            granted_by: None,
            ended_at: Some(at(20)),
        }
    }

    #[test]
    fn nobody_grants_what_they_asked_for_and_nothing_after_its_time() {
        let asked = walk_in(Kind::Closure, State::Asked);
        assert_eq!(asked.require_grantable(ASKER, at(11)).unwrap_err().code, Code::Forbidden);
        assert!(asked.require_grantable(OTHER, at(WAIT_SECONDS - 1)).is_ok());
        assert_eq!(asked.require_grantable(OTHER, at(WAIT_SECONDS)).unwrap_err().code, Code::WrongState);
        for written in [State::Prepared, State::Granted, State::Refused, State::Lapsed] {
            let refused = walk_in(Kind::Copy, written).require_grantable(OTHER, at(11)).unwrap_err();
            assert_eq!(refused.code, Code::WrongState, "{written:?}");
        }
        assert_eq!(
            walk_in(Kind::Copy, State::Prepared).require_preparing(OTHER, at(1)).unwrap_err().code,
            Code::Forbidden
        );
    }

    #[test]
    fn only_a_copy_that_was_granted_is_printed() {
        assert_eq!(walk_in(Kind::Copy, State::Granted).print_until(), Some(at(20 + PRINT_SECONDS)));
        assert_eq!(walk_in(Kind::Copy, State::Refused).print_until(), None);
        assert_eq!(walk_in(Kind::Closure, State::Granted).print_until(), None);
    }

    #[test]
    fn who_says_another_name_or_day_is_not_the_holder() {
        let claim = |name: &str, birth_date: &str| Claim {
            full_name: Redacted(name.into()),
            birth_date: Date::parse(birth_date).unwrap(),
        };
        assert!(claim("siti nurhalizah", "1990-08-17").agrees_with(&siti()));
        assert!(!claim("Siti Nurhaliza", "1990-08-17").agrees_with(&siti()));
        assert!(!claim("Siti Nurhalizah", "1990-08-18").agrees_with(&siti()));
    }
}
