//! What is asked about somebody of the staff, and who may say yes. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{DAY, Timestamp};
use crate::error::{Language, Refusal, Result};
use crate::register::Date;
use crate::secret::Redacted;
use crate::staff::model::{Affiliation, Role};

/// Hours for which the link of an invitation counts.
pub const LINK_HOURS: i64 = 24;
/// Days that something is asked for and nobody decides: then it is forgotten, and may be asked for anew.
pub const UNDECIDED_DAYS: i64 = 30;
/// Days after it was asked for that something is kept that is over. What was done stands in the audit log.
pub const ENDED_DAYS: i64 = 90;
/// Days after which somebody's time ends unless their head confirms that they still work there.
pub const CONFIRMED_DAYS: i32 = 183;

/// What is asked.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr,
)]
#[schema(as = StaffRequestKind)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// That somebody join.
    Join,
    /// That somebody get a new password and authenticator; who was disabled comes back.
    Renew,
    /// That somebody leave: no log-in any more.
    Leave,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr)]
#[schema(as = StaffRequestState)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// It waits for a second person.
    Asked,
    /// It was granted, and the link sent.
    Sent,
    /// It is so.
    Done,
    /// A second person refused it, or who asked took it back.
    Refused,
}

crate::text_column!(Kind, State);

/// Whose people somebody may ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those of an office.
    Office(Uuid),
    /// All.
    Nation,
}

impl Reach {
    /// Whether a place lies within it.
    pub fn covers(self, place: Affiliation) -> bool {
        match self {
            Self::Office(id) => place == Affiliation::Office(id),
            Self::Nation => !matches!(place, Affiliation::RelyingParty(_)),
        }
    }

    /// The one office, where it is one.
    pub const fn office_id(self) -> Option<Uuid> {
        match self {
            Self::Office(id) => Some(id),
            Self::Nation => None,
        }
    }
}

/// Who asks, grants or refuses.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// The person.
    pub staff_id: Uuid,
    /// About whom they may.
    pub reach: Reach,
}

/// Whether a second person has to say yes. Who joins, comes back or gets new secrets is let in by two, whoever asks: one of the nation who could let in
/// two people of an office alone would be all its second persons. The national administration sees people of offices off alone, as it stops them;
/// heads, and its own people, it does not.
pub fn needs_second(kind: Kind, (reach, place): (Reach, Affiliation), role: Role) -> bool {
    match (kind, reach, place) {
        (Kind::Leave, Reach::Nation, Affiliation::Office(_)) => role == Role::Head,
        _ => true,
    }
}

/// Whether somebody of an office may ask for, or grant, this role: its head is the national administration's to choose.
pub fn is_within_reach(reach: Reach, place: Affiliation, role: Role) -> bool {
    let of_place = match place {
        Affiliation::Office(_) => Role::OF_OFFICES,
        Affiliation::National => Role::OF_NATION,
        Affiliation::RelyingParty(_) => &[],
    };
    reach.covers(place) && of_place.contains(&role) && (reach == Reach::Nation || role != Role::Head)
}

/// Who is to join, as they were typed.
#[derive(Debug)]
pub struct Newcomer<'a> {
    /// Code of the office; none for the national administration.
    pub office: Option<&'a str>,
    /// Log-in name.
    pub username: &'a str,
    /// Full name.
    pub full_name: &'a str,
    /// Official address; the link goes there.
    pub email: &'a str,
    /// In which language to write.
    pub language: Language,
    /// What they are there.
    pub role: Role,
    /// Code of the province, where they are to be of one.
    pub region: Option<&'a str>,
    /// Their last day, where it is known.
    pub last_day: Option<Date>,
}

/// Where somebody is written to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// Official address.
    pub email: Redacted<String>,
    /// In which language.
    pub language: Language,
}

/// What of an invitation is sealed while it is open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Secret {
    /// Where the link goes.
    pub contact: Contact,
    /// The authenticator secret that the account gets.
    pub totp: Redacted<Vec<u8>>,
}

/// When the time of somebody ends who is confirmed now: never later than what was asked for, and in half a year at the latest.
pub fn end_of(asked: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let day = Date::in_jakarta(now).plus_days(CONFIRMED_DAYS + 1);
    let most = day.map_or_else(|| now.plus_seconds(i64::from(CONFIRMED_DAYS) * DAY), Date::midnight);
    asked.map_or(most, |asked| asked.min(most))
}

/// That the name is taken.
///
/// # Errors
/// Always.
pub fn taken<T>() -> Result<T> {
    Err(Refusal::field("username", "Nama pengguna ini sudah dipakai.", "This user name is taken.").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_let_in_by_one_person_and_an_office_chooses_no_head() {
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let at = |id| Affiliation::Office(id);
        for role in Role::OF_OFFICES {
            for kind in [Kind::Join, Kind::Renew, Kind::Leave] {
                assert!(needs_second(kind, (Reach::Office(own), at(own)), *role), "{kind:?} {role:?}");
                let alone = kind == Kind::Leave && *role != Role::Head;
                assert_eq!(needs_second(kind, (Reach::Nation, at(other)), *role), !alone, "{kind:?} {role:?}");
            }
            assert_eq!(is_within_reach(Reach::Office(own), at(own), *role), *role != Role::Head, "{role:?}");
            assert!(!is_within_reach(Reach::Office(own), at(other), *role), "{role:?}");
            assert!(is_within_reach(Reach::Nation, at(other), *role), "{role:?}");
        }
        for role in Role::OF_NATION {
            assert!(is_within_reach(Reach::Nation, Affiliation::National, *role), "{role:?}");
            assert!(needs_second(Kind::Leave, (Reach::Nation, Affiliation::National), *role), "{role:?}");
            assert!(!is_within_reach(Reach::Nation, at(own), *role), "{role:?}");
            assert!(!is_within_reach(Reach::Office(own), Affiliation::National, *role), "{role:?}");
        }
        assert!(!is_within_reach(Reach::Nation, Affiliation::RelyingParty(own), Role::Employee));
    }

    #[test]
    fn a_time_that_nobody_confirms_ends_in_half_a_year() {
        let now = Date::new(2026, 11, 27).unwrap().midnight().plus_seconds(10 * 3_600);
        // The last day is 29 May 2027 (Python: date(2026, 11, 27) + timedelta(183)); it ends with it.
        assert_eq!(end_of(None, now), Date::new(2027, 5, 30).unwrap().midnight());
        let sooner = Date::new(2026, 12, 1).unwrap().midnight();
        assert_eq!(end_of(Some(sooner), now), sooner);
        assert_eq!(end_of(Some(now.plus_seconds(400 * DAY)), now), end_of(None, now));
    }
}
