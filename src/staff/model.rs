//! Who logs in, and where they belong. Pure.

use uuid::Uuid;

use super::permission::Permission;
use crate::audit::{Action, Actor, Event, GENERAL};
use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::error::{Code, Refusal, Result};
use crate::input;
use crate::register::{Level, Region};

/// Minutes without a request after which the password is needed again.
pub const IDLE_MINUTES: i64 = 30;
/// Hours that a session lives in all.
pub const SESSION_HOURS: i64 = 12;

/// Hours for which secrets count that an operator made, typed or saw: as long as the link of an invitation.
pub const INITIAL_HOURS: i64 = 24;

/// Until when those secrets of an account count that an operator knows too. They open nothing but the choice of one's own. None where
/// their owner chose them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Initial {
    /// Of the password.
    pub password: Option<Timestamp>,
    /// Of the authenticator secret.
    pub totp: Option<Timestamp>,
}

impl Initial {
    /// Whether there is one.
    pub const fn is_any(self) -> bool {
        self.password.is_some() || self.totp.is_some()
    }

    /// When the first of them ends.
    pub fn until(self) -> Option<Timestamp> {
        [self.password, self.totp].into_iter().flatten().min()
    }

    /// Whether one has ended, and with it the log-in.
    pub fn is_over(self, now: Timestamp) -> bool {
        self.until().is_some_and(|until| until <= now)
    }
}

/// People who log in at the same pages. A user name is unique in its realm, and a session opens its own realm only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Realm {
    /// People of an office.
    Office,
    /// Employees of relying parties.
    RelyingParty,
    /// The national administration.
    National,
}

/// Where a person belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affiliation {
    /// An office, by its id.
    Office(Uuid),
    /// A relying party, by its id.
    RelyingParty(Uuid),
    /// The national administration.
    National,
}

impl Affiliation {
    /// Where such people log in.
    pub const fn realm(self) -> Realm {
        match self {
            Self::Office(_) => Realm::Office,
            Self::RelyingParty(_) => Realm::RelyingParty,
            Self::National => Realm::National,
        }
    }

    /// The office, where it is one.
    pub const fn office_id(self) -> Option<Uuid> {
        match self {
            Self::Office(id) => Some(id),
            Self::RelyingParty(_) | Self::National => None,
        }
    }

    /// The relying party, where it is one.
    pub const fn relying_party_id(self) -> Option<Uuid> {
        match self {
            Self::RelyingParty(id) => Some(id),
            Self::Office(_) | Self::National => None,
        }
    }

    /// The chain of the audit log in which such people's acts stand: the office's own, or the general one.
    pub const fn chain(self) -> Uuid {
        match self {
            Self::Office(id) => id,
            Self::RelyingParty(_) | Self::National => GENERAL,
        }
    }
}

/// What a person is there. It stands for a set of permissions.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Receives residents at an office for a time, an intern say; decides nothing and sees no face.
    Assistant,
    /// Serves residents at a counter.
    Officer,
    /// Also grants what officers ask for.
    Supervisor,
    /// Leads an office: grants, and looks at what was done; serves nobody.
    Head,
    /// Works on data: correction cases and blocks at callers' words.
    DataOfficer,
    /// Of the national administration: offices, their heads, relying parties, keys; serves nobody.
    Administrator,
    /// Of a province: reads its figures; serves nobody.
    Province,
    /// Looks at what was done, and changes nothing.
    Auditor,
    /// Verifies for a relying party. No reply tells it and no command takes it: it follows from where the person belongs.
    #[serde(skip)]
    Employee,
    /// Looks after a relying party's keys, employees and webhook; verifies nothing. No command on officers takes it.
    #[serde(skip)]
    PartyAdministrator,
}

impl Role {
    /// All roles, in the order in which the documentation has them.
    pub const ALL: &'static [Self] = &[
        Self::Assistant,
        Self::Officer,
        Self::Supervisor,
        Self::Head,
        Self::DataOfficer,
        Self::Administrator,
        Self::Province,
        Self::Auditor,
        Self::Employee,
        Self::PartyAdministrator,
    ];
    /// Roles of an office's people.
    pub const OF_OFFICES: &'static [Self] =
        &[Self::Assistant, Self::Officer, Self::Supervisor, Self::Head, Self::DataOfficer];
    /// Roles of the national administration's people, and of those who log in with them.
    pub const OF_NATION: &'static [Self] = &[Self::Administrator, Self::Province, Self::Auditor];

    /// Days for which somebody is taken on in this role at most; none where there is no end.
    pub const fn longest_days(self) -> Option<i64> {
        match self {
            Self::Assistant => Some(183),
            Self::Officer
            | Self::Supervisor
            | Self::Head
            | Self::DataOfficer
            | Self::Administrator
            | Self::Province
            | Self::Auditor
            | Self::Employee
            | Self::PartyAdministrator => None,
        }
    }
}

/// What a person is, and as whom they act besides for a time: the head is away, and a supervisor acts for them (*Plt*, *Plh*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// What they are.
    pub own: Role,
    /// As whom they act now.
    pub acting: Option<Role>,
}

impl Roles {
    /// Whether one or the other reaches down: see [`Role::reaches_down`].
    pub fn reaches_down(self) -> bool {
        self.own.reaches_down() || self.acting.is_some_and(Role::reaches_down)
    }

    /// Whether they stand for `permission`, one or the other.
    pub fn may(self, permission: Permission) -> bool {
        self.own.may(permission) || self.acting.is_some_and(|role| role.may(permission))
    }

    /// All that they stand for.
    pub fn permissions(self) -> Vec<Permission> {
        Permission::ALL.iter().copied().filter(|permission| self.may(*permission)).collect()
    }
}

/// Whether a person may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AccountState {
    /// The person may.
    Active,
    /// The person may not, and has no session.
    Disabled,
}

crate::text_column!(Realm, Role, AccountState);

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person's id.
    pub staff_id: Uuid,
    /// Where they belong.
    pub affiliation: Affiliation,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// What they are there.
    pub role: Role,
    /// Of which province they read the figures; none for everybody else.
    pub region: Option<Region>,
}

impl Person {
    /// The person as one who acts, in the audit log.
    pub const fn actor(&self) -> Actor {
        match self.affiliation.realm() {
            Realm::Office | Realm::National => Actor::Officer(self.staff_id),
            Realm::RelyingParty => Actor::Employee(self.staff_id),
        }
    }

    /// What the audit log says of an act of this person.
    pub const fn event(&self, action: Action, subject_id: Uuid) -> Event {
        Event { chain: self.affiliation.chain(), actor: self.actor(), action, subject_id }
    }
}

/// The province of whoever is of one, as a code says; nobody else has any.
///
/// # Errors
/// `invalid_field`.
pub fn check_region(role: Role, code: Option<&str>) -> Result<Option<Region>> {
    let province = |code: &str| Region::parse(code).filter(|region| region.level() == Level::Province);
    match (role, code) {
        (Role::Province, Some(code)) => province(code).map(Some).ok_or_else(|| no_province().into()),
        (Role::Province, None) => Err(no_province().into()),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(Refusal::field(
            "region",
            "Hanya akun provinsi yang mempunyai wilayah; kosongkan.",
            "Only an account of a province has a region; leave it empty.",
        )
        .into()),
    }
}

fn no_province() -> Refusal {
    Refusal::field(
        "region",
        "Tulis kode provinsi, dua angka, seperti 13.",
        "Write the code of the province, two digits, such as 13.",
    )
}

/// Longest reason in characters.
pub const MAX_REASON: usize = 500;

/// A reason that a person will read: 5–500 characters, no control characters.
///
/// # Errors
/// `invalid_field`.
pub fn check_reason(reason: &str) -> Result<String> {
    let reason = reason.trim();
    let signs: std::collections::BTreeSet<char> = reason.chars().filter(|c| c.is_alphanumeric()).collect();
    // "aaaaa" says nothing.
    if input::is_prose(reason, 5..=MAX_REASON) && signs.len() >= 3 {
        Ok(reason.to_owned())
    } else {
        Err(Refusal::field(
            "reason",
            "Tulis alasan yang dapat dibaca warga dengan kata-kata: 5-500 karakter.",
            "Write a reason in words that the resident can read: 5 to 500 characters.",
        )
        .into())
    }
}

/// A user name: 3–40 lower-case letters, digits, dots, hyphens.
///
/// # Errors
/// `invalid_field`.
pub fn check_username(name: &str) -> Result<String> {
    let good = (3..=40).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
    if good {
        Ok(name.to_owned())
    } else {
        Err(Refusal::field(
            "username",
            "Pakai 3-40 huruf kecil, angka, titik, atau tanda hubung.",
            "Use 3 to 40 lower-case letters, digits, dots or hyphens.",
        )
        .into())
    }
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// When the last request came, to a minute.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether the person may still log in.
    pub state: AccountState,
    /// When the person's time at the place ends.
    pub ends_at: Option<Timestamp>,
}

impl Life {
    /// When a session that begins `now` ends.
    pub const fn end_of(now: Timestamp) -> Timestamp {
        now.plus_seconds(SESSION_HOURS * HOUR)
    }

    /// Whether the session can still be continued with the password.
    ///
    /// # Errors
    /// `session_ended`.
    pub fn require_unended(self, now: Timestamp) -> Result<()> {
        let over = self.ends_at.is_some_and(|end| end <= now);
        let ended = self.expires_at <= now || self.state != AccountState::Active || over;
        if ended { Err(Code::SessionEnded.into()) } else { Ok(()) }
    }

    /// Whether a request may be served; gives whether it is to be noted. A minute's precision is enough for idleness and
    /// spares a write a request.
    ///
    /// # Errors
    /// `session_ended`; `password_required` after half an hour without a request.
    pub fn judge(self, now: Timestamp) -> Result<bool> {
        self.require_unended(now)?;
        if self.seen_at <= now.plus_seconds(-IDLE_MINUTES * MINUTE) {
            return Err(Code::PasswordRequired.into());
        }
        Ok(self.seen_at <= now.plus_seconds(-MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_bounded_and_clean() {
        assert!(check_username("siti.r-01").is_ok());
        for bad in ["ab", "Siti", "siti r", "siti\n", "<b>", &"a".repeat(41)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_configuration_knows_all_roles() {
        assert!(Role::ALL.iter().map(|role| role.as_str()).eq(crate::config::ROLES));
    }

    #[test]
    fn a_province_has_its_region_and_nobody_else_any() {
        let west_sumatra = Region::parse("13");
        assert_eq!(check_region(Role::Province, Some("13")).unwrap(), west_sumatra);
        assert_eq!(check_region(Role::Auditor, None).unwrap(), None);
        for (role, code) in [
            (Role::Province, None),
            (Role::Province, Some("13.71")),
            (Role::Province, Some("99")),
            (Role::Auditor, Some("13")),
        ] {
            assert!(check_region(role, code).is_err(), "{role:?} {code:?}");
        }
    }

    #[test]
    fn a_session_idles_after_thirty_minutes_and_ends_after_twelve_hours() {
        let start = Timestamp::from_seconds(1_000_000);
        let life = Life { seen_at: start, expires_at: Life::end_of(start), state: AccountState::Active, ends_at: None };
        assert!(!life.judge(start.plus_seconds(59)).unwrap());
        assert!(life.judge(start.plus_seconds(60)).unwrap());
        assert!(life.judge(start.plus_seconds(1_799)).unwrap());
        let code = |life: Life, seconds| life.judge(start.plus_seconds(seconds)).unwrap_err().code();
        assert_eq!(code(life, 1_800), Some(Code::PasswordRequired));
        assert!(life.require_unended(start.plus_seconds(43_199)).is_ok());
        assert_eq!(code(life, 43_200), Some(Code::SessionEnded));
        assert_eq!(code(Life { state: AccountState::Disabled, ..life }, 0), Some(Code::SessionEnded));
        let leaves = Life { ends_at: Some(start.plus_seconds(40)), ..life };
        assert!(leaves.judge(start.plus_seconds(39)).is_ok());
        assert_eq!(code(leaves, 40), Some(Code::SessionEnded), "the time at the office is over");
    }

    #[test]
    fn initial_secrets_end_with_the_first_of_them() {
        let (sooner, later) = (Timestamp::from_seconds(100), Timestamp::from_seconds(200));
        let own = Initial::default();
        assert!(!own.is_any() && !own.is_over(later) && own.until().is_none());
        for initial in [
            Initial { password: Some(sooner), totp: None },
            Initial { password: None, totp: Some(sooner) },
            Initial { password: Some(later), totp: Some(sooner) },
        ] {
            assert!(initial.is_any() && initial.until() == Some(sooner));
            assert!(!initial.is_over(sooner.plus_seconds(-1)) && initial.is_over(sooner), "{initial:?}");
        }
    }

    #[test]
    fn whoever_acts_for_somebody_may_what_both_may() {
        let acting = Roles { own: Role::Officer, acting: Some(Role::Head) };
        assert!(acting.may(Permission::ServeResidents) && acting.may(Permission::GrantReleases));
        assert!(!Roles { acting: None, ..acting }.may(Permission::GrantReleases));
    }

    #[test]
    fn where_somebody_belongs_decides_the_realm_and_the_chain() {
        let (office, party) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let of = |affiliation: Affiliation| (affiliation.realm(), affiliation.chain());
        assert_eq!(of(Affiliation::Office(office)), (Realm::Office, office));
        assert_eq!(of(Affiliation::RelyingParty(party)), (Realm::RelyingParty, GENERAL));
        assert_eq!(of(Affiliation::National), (Realm::National, GENERAL));
        assert_eq!("relying_party".parse(), Ok(Realm::RelyingParty));
    }
}
