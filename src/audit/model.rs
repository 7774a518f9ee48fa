//! What the log says, and what can be wrong with it.

use serde::Serialize;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::Code;

/// The chain of everything that belongs to no office, and of the list of all other chains.
pub const GENERAL: Uuid = Uuid::nil();

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An officer at a counter, by officer id.
    Officer(Uuid),
    /// A resident, by registration or resident id.
    Resident(Uuid),
    /// A relying party, by its id.
    RelyingParty(Uuid),
    /// An employee of a relying party, by employee id.
    Employee(Uuid),
    /// Somebody who did not prove who they are.
    Stranger,
    /// Whoever has the command line.
    Operator,
    /// The service itself: jobs that complete something by themselves.
    System,
}

impl Actor {
    /// The kind's name in the table.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Officer(_) => "officer",
            Self::Resident(_) => "resident",
            Self::RelyingParty(_) => "relying_party",
            Self::Employee(_) => "employee",
            Self::Stranger => "stranger",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    /// The id in the table; nil where there is none.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Officer(id) | Self::Resident(id) | Self::RelyingParty(id) | Self::Employee(id) => id,
            Self::Stranger | Self::Operator | Self::System => Uuid::nil(),
        }
    }
}

macro_rules! actions {
    ($($variant:ident = $name:literal, $what:literal;)*) => {
        /// What was done. The names stand in the table and never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action {
            $(#[doc = concat!("`", $name, "`: ", $what, ".")] $variant,)*
        }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the table.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

actions! {
    ChainOpened = "chain_opened", "the first entry of an office's chain; the subject is the chain";
    LogIn = "log_in", "an officer, or an employee of a relying party, logged in, or tried to";
    LogOut = "log_out", "an officer, or an employee of a relying party, logged out";
    SessionResumed = "session_resumed", "a session that had idled was continued with the password";
    SessionEnded = "session_ended", "a person ended another session of their own";
    PasswordChanged = "password_changed", "a person changed the own password";
    Scan = "scan", "an officer scanned a resident's activation QR";
    CounterToken = "counter_token", "an officer had counter QRs shown, once an hour";
    MatchConfirmed = "match_confirmed", "an officer confirmed the match number";
    RegistrationViewed = "registration_viewed", "an officer opened a registration";
    ViewWithReason = "view_with_reason", "an officer opened a registration without the resident present, and said why";
    ViewsRead = "views_read", "a supervisor read why colleagues opened registrations";
    PictureViewed = "picture_viewed", "an officer looked at a selfie or a register portrait";
    Approval = "approval", "an officer approved a registration";
    Return = "return", "an officer returned a registration to the resident";
    Rejection = "rejection", "an officer rejected a registration";
    ReleaseAsked = "release_asked", "an officer asked that a digital KTP make way for a new one";
    ReleaseGranted = "release_granted", "a supervisor granted it: the digital KTP was deactivated";
    ApprovalCompleted = "approval_completed", "an approval given while the register was down was completed";
    Activation = "activation", "a credential became active";
    Block = "block", "a digital KTP was blocked: its PIN was wrong for the ninth time";
    OfficeAdded = "office_added", "an office was added";
    OfficerAdded = "officer_added", "an officer was added";
    OfficerDisabled = "officer_disabled", "an officer was disabled";
    OfficerEnabled = "officer_enabled", "a disabled officer may log in again";
    PasswordSet = "password_set", "an officer's password was replaced";
    TotpReset = "totp_reset", "a person's one-time password secret was replaced";
    RelyingPartyAdded = "relying_party_added", "a relying party was added";
    ApiKeyAdded = "api_key_added", "an API key was added";
    ApiKeyRevoked = "api_key_revoked", "an API key was revoked";
    EmployeeAdded = "employee_added", "an employee of a relying party was added";
    EmployeeDisabled = "employee_disabled", "an employee of a relying party was disabled";
    EmployeeEnabled = "employee_enabled", "a disabled employee of a relying party may log in again";
    KeyMade = "key_made", "a signing key was made";
    KeyRevoked = "key_revoked", "a signing key was retired at once";
    KeyRotated = "key_rotated", "a signing key was published that takes over";
    KeySetExported = "key_set_exported", "the published key set was printed";
    RegisterImported = "register_imported", "register records were imported or generated";
    RegisterOpened = "register_opened", "the register's switch was opened";
    RegisterClosed = "register_closed", "the register's switch was closed";
    Verification = "verification", "a relying party asked for what it is not entitled to";
}

/// Whether the so-manieth refusal of a kind in an hour is written: the first five, then each that doubles their number. Who
/// causes refusals by the thousand cannot fill the log with them, and what is written says how many there were.
pub const fn is_written(times: i64) -> bool {
    times <= 5 || times & (times - 1) == 0
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect.
    Done,
    /// It was refused with this code and nothing changed.
    Refused(Code),
    /// The same, for the so-manieth time in this hour: those between are not written.
    RefusedTimes(Code, i64),
    /// It failed on our side and nothing changed.
    Failed,
}

impl Outcome {
    /// The words in the table: `done`, `failed`, `refused:<code>`, or `refused:<code>*<times>`.
    pub fn to_text(self) -> String {
        match self {
            Self::Done => String::from("done"),
            Self::Refused(code) => format!("refused:{}", code.as_str()),
            Self::RefusedTimes(code, times) => format!("refused:{}*{times}", code.as_str()),
            Self::Failed => String::from("failed"),
        }
    }
}

/// What one entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The chain: the office's id, or [`GENERAL`].
    pub chain: Uuid,
    /// Who acted.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To whom or what: a registration, resident, officer, key, …; nil where nothing is.
    pub subject_id: Uuid,
}

/// An action that was announced and not ended yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an intent without an outcome reads as a crash"]
pub struct Intent {
    /// What it is about.
    pub event: Event,
    /// Ties intent and outcome together.
    pub correlation_id: Uuid,
}

/// One entry as it is chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) chain: Uuid,
    pub(super) seq: i64,
    pub(super) at: Timestamp,
    pub(super) correlation_id: Uuid,
    pub(super) actor_kind: String,
    pub(super) actor_id: Uuid,
    pub(super) action: String,
    pub(super) subject_id: Uuid,
    pub(super) phase: String,
    pub(super) outcome: String,
}

impl Entry {
    /// The fields in the order in which they are digested, after the digest of the entry before. Each part is preceded by
    /// its length in the digest, so that no two entries have the same bytes.
    pub(super) fn digest_input(&self, previous: &[u8]) -> [Vec<u8>; 12] {
        [
            b"entry".to_vec(),
            previous.to_vec(),
            self.chain.as_bytes().to_vec(),
            self.seq.to_be_bytes().to_vec(),
            self.at.micros().to_be_bytes().to_vec(),
            self.correlation_id.as_bytes().to_vec(),
            self.actor_kind.clone().into_bytes(),
            self.actor_id.as_bytes().to_vec(),
            self.action.clone().into_bytes(),
            self.subject_id.as_bytes().to_vec(),
            self.phase.clone().into_bytes(),
            self.outcome.clone().into_bytes(),
        ]
    }
}

/// Something that a sound log does not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The entry does not fit its digest: it was altered, moved or renumbered.
    Altered {
        /// The chain.
        chain: Uuid,
        /// The entry's number.
        seq: i64,
    },
    /// Entries are missing between two others, or at the beginning.
    Missing {
        /// The chain.
        chain: Uuid,
        /// First missing number.
        from: i64,
        /// Last missing number.
        to: i64,
    },
    /// Entries are missing at the end: the head counts further than they go.
    Truncated {
        /// The chain.
        chain: Uuid,
        /// The last entry that is there; 0 for none.
        last: i64,
        /// What the head says.
        head: i64,
    },
    /// The head does not fit the entries, or was altered.
    HeadAltered {
        /// The chain.
        chain: Uuid,
    },
    /// There are entries but no head.
    HeadMissing {
        /// The chain.
        chain: Uuid,
    },
    /// There are entries behind the head.
    BehindHead {
        /// The chain.
        chain: Uuid,
        /// The last entry.
        last: i64,
        /// What the head says.
        head: i64,
    },
    /// The general chain says that this chain was opened, but nothing of it is there.
    ChainMissing {
        /// The chain.
        chain: Uuid,
    },
    /// The chain was opened a second time: everything before was deleted.
    ChainReopened {
        /// The chain.
        chain: Uuid,
    },
    /// The chain was never opened according to the general chain.
    ChainUnknown {
        /// The chain.
        chain: Uuid,
    },
}

/// What checking the whole log gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Chains read.
    pub chains: u64,
    /// Entries read.
    pub entries: u64,
    /// Intents without an outcome: actions under way at this moment, or crashes.
    pub unfinished: u64,
    /// What is wrong; empty for a sound log.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let names: std::collections::HashSet<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        assert_eq!(Outcome::Refused(Code::AlreadyActive).to_text(), "refused:already_active");
        assert_eq!(Outcome::RefusedTimes(Code::LoginFailed, 8).to_text(), "refused:login_failed*8");
    }

    #[test]
    fn what_is_repeated_is_written_ever_more_rarely() {
        let written: Vec<i64> = (1..=1_000).filter(|times| is_written(*times)).collect();
        assert_eq!(written, [1, 2, 3, 4, 5, 8, 16, 32, 64, 128, 256, 512]);
    }
}
