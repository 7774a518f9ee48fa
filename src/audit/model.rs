//! Entries of the log.

use strum::VariantArray;
use uuid::Uuid;

pub use super::found::{Line, Wanted};
use crate::clock::Timestamp;
use crate::error::Code;

/// The general chain: entries that belong to no office, and the list of all other chains.
pub const GENERAL: Uuid = Uuid::nil();

/// Who acted. The kind stands in the table by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Actor {
    /// An officer at a counter, by officer id.
    Officer(Uuid),
    /// A resident, by registration or resident id.
    Resident(Uuid),
    /// A relying party, by its id.
    RelyingParty(Uuid),
    /// An employee of a relying party, by employee id.
    Employee(Uuid),
    /// An unauthenticated caller.
    Stranger,
    /// A person at the command line.
    Operator,
    /// The service itself: jobs that complete something by themselves.
    System,
}

impl Actor {
    /// The kind's name in the table.
    pub fn kind(self) -> &'static str {
        self.into()
    }

    /// The id in the table; nil where there is none.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Officer(id) | Self::Resident(id) | Self::RelyingParty(id) | Self::Employee(id) => id,
            Self::Stranger | Self::Operator | Self::System => Uuid::nil(),
        }
    }
}

/// What was done. The words stand in the table and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Action {
    /// The first entry of an office's chain; the subject is the chain.
    ChainOpened,
    /// An officer, or an employee of a relying party, logged in, or tried to.
    LogIn,
    /// An officer, or an employee of a relying party, logged out.
    LogOut,
    /// A session that had idled was continued with the password.
    SessionResumed,
    /// A person ended another session of their own.
    SessionEnded,
    /// A person changed the own password.
    PasswordChanged,
    /// An operator sent a person a link to new secrets.
    SecretsLinkSent,
    /// The same, to an address that the operator named.
    SecretsLinkSentElsewhere,
    /// A person chose secrets of their own in the place of those that an operator had made.
    SecretsChosen,
    /// A person added a passkey to the own account.
    PasskeyAdded,
    /// A person removed one.
    PasskeyRemoved,
    /// A passkey's authenticator counted less than before: there may be two of it. Always refused.
    PasskeyCountedBack,
    /// An officer scanned a resident's activation QR.
    Scan,
    /// An officer had counter QRs shown, once an hour.
    CounterToken,
    /// An officer confirmed the match number.
    MatchConfirmed,
    /// An officer opened a registration.
    RegistrationViewed,
    /// An officer opened a registration without the resident present, and said why.
    ViewWithReason,
    /// A supervisor read why colleagues opened registrations.
    ViewsRead,
    /// An officer looked at a selfie or a register portrait.
    PictureViewed,
    /// An officer approved a registration.
    Approval,
    /// An officer asked for a second person's word on the approval of somebody without an e-mail address.
    ApprovalAsked,
    /// An officer returned a registration to the resident.
    Return,
    /// An officer rejected a registration.
    Rejection,
    /// An officer asked that a digital KTP make way for a new one.
    ReleaseAsked,
    /// A supervisor granted it: the digital KTP was deactivated.
    ReleaseGranted,
    /// A supervisor refused it, or who asked took it back.
    ReleaseRefused,
    /// An officer opened a recovery.
    RecoveryViewed,
    /// An officer asked that a holder may choose a PIN.
    RecoveryAsked,
    /// A supervisor granted it.
    RecoveryGranted,
    /// An officer refused it.
    RecoveryRefused,
    /// An officer opened a change of address.
    ContactVisitViewed,
    /// An officer asked that a holder's new address be put in force.
    ContactVisitAsked,
    /// A supervisor granted it: the new address counts.
    ContactVisitGranted,
    /// An officer refused it.
    ContactVisitRefused,
    /// A supervisor opened the request that an activation be annulled, or the list of such requests.
    AnnulmentViewed,
    /// A supervisor asked that an activation be annulled.
    AnnulmentAsked,
    /// The head granted it.
    AnnulmentGranted,
    /// It was refused, or taken back by who asked.
    AnnulmentRefused,
    /// The rights of somebody rest, because an activation that they approved was annulled.
    RightsPaused,
    /// A supervisor, or the operator, gave them back.
    RightsRestored,
    /// An officer opened the request that the digital KTP of somebody who left end.
    DepartureViewed,
    /// An officer asked for that.
    DepartureAsked,
    /// A supervisor granted it.
    DepartureGranted,
    /// It was refused, or taken back by who asked.
    DepartureRefused,
    /// An officer opened a correction case to look at it, or the list of the office's.
    CorrectionViewed,
    /// An officer opened a correction case of a resident before them.
    CorrectionOpened,
    /// An officer took a correction case that a resident had opened.
    CorrectionTaken,
    /// An officer passed a correction case on to the register.
    CorrectionPassedOn,
    /// An officer asked a second person to pass one on.
    CorrectionAsked,
    /// Another person passed it on.
    CorrectionGranted,
    /// An officer sent a correction case back to its resident.
    CorrectionSentBack,
    /// An officer refused a correction case.
    CorrectionRefused,
    /// An officer prepared a printed card for somebody at the counter.
    CardPrepared,
    /// An officer asked that it be issued.
    CardAsked,
    /// An officer opened a request for a printed card, or the list of them.
    CardViewed,
    /// A supervisor granted it.
    CardGranted,
    /// It was refused, or taken back by who asked.
    CardRefused,
    /// An officer printed it.
    CardPrinted,
    /// An officer voided it, because it was lost or given back.
    CardVoided,
    /// An officer noted that it stays good beside a phone, or does not.
    CardKept,
    /// An officer prepared what a holder wants who came without their phone, or took the photo for it.
    WalkInPrepared,
    /// An officer asked for it.
    WalkInAsked,
    /// An officer opened it, or the list of what waits.
    WalkInViewed,
    /// A supervisor granted it.
    WalkInGranted,
    /// It was refused, or taken back by who asked.
    WalkInRefused,
    /// An officer printed a holder's copy of the own data.
    CopyPrinted,
    /// A supervisor read who helps many people at the counter.
    HelpersRead,
    /// A supervisor looked at one of them, and said with what result.
    HelperLookedAt,
    /// Somebody of an office said where they are on duty.
    DutyBegun,
    /// Somebody of an office is not on duty any more.
    DutyEnded,
    /// A supervisor took the photo by which a colleague is recognised.
    StaffPhotoTaken,
    /// A supervisor looked at such a photo.
    StaffPhotoViewed,
    /// Somebody of an office opened a session of outreach to look at it.
    OutreachViewed,
    /// A session of outreach was planned or asked for, or its plan was changed.
    OutreachPlanned,
    /// A supervisor confirmed one that an officer asked for.
    OutreachConfirmed,
    /// A session of outreach was cancelled.
    OutreachCancelled,
    /// A session of outreach was opened.
    OutreachOpened,
    /// A session of outreach was closed.
    OutreachClosed,
    /// A session of outreach was reported.
    OutreachReported,
    /// A supervisor read what people report of those who say to be of the office.
    FraudReportsRead,
    /// A supervisor closed such a report, and said what came of it.
    FraudReportClosed,
    /// Somebody read the office's figures.
    FiguresRead,
    /// Somebody read what was published of others' regions.
    PublishedFiguresRead,
    /// Somebody took that away as a file.
    PublishedFiguresDownloaded,
    /// An operator said of which province somebody reads the figures.
    OfficialRegionSet,
    /// An auditor opened the data of a subject.
    SubjectOpened,
    /// Why an auditor did.
    OpeningReasoned,
    /// Somebody looked at the months that the office sends upward.
    RecapsRead,
    /// A supervisor asked the head to sign one.
    RecapAsked,
    /// The head signed it.
    RecapSigned,
    /// The head refused it.
    RecapRefused,
    /// Somebody took it away as a file.
    RecapDownloaded,
    /// An operator imported what the national aggregate says.
    FiguresImported,
    /// An operator set a target.
    TargetSet,
    /// An operator said for which region an office answers.
    FigureScopeSet,
    /// An officer took over a resident whom a colleague received.
    TakenOver,
    /// A supervisor passed a resident on to a colleague.
    Reassigned,
    /// Somebody at a counter asked by a NIK whether there is an active digital KTP; the subject is the resident, where there is one.
    ActiveAsked,
    /// An officer searched among the office's registrations; the subject is the one that was found, where it was one.
    PeopleSearched,
    /// A supervisor read how much colleagues look for.
    SearchesRead,
    /// A supervisor looked at a day of a colleague's, and said with what result.
    SearchesLookedAt,
    /// A supervisor lifted a colleague's limit for a day.
    SearchLimitLifted,
    /// Somebody read what the log says of the own acts.
    OwnAuditRead,
    /// Somebody searched the log of an office, with a reason; the subject is the search.
    AuditSearched,
    /// Somebody had the end of a chain checked.
    AuditChecked,
    /// Until when somebody works at the office was set.
    OfficerEndSet,
    /// As whom somebody acts for a time was set.
    OfficerActingSet,
    /// Who works somewhere was read.
    StaffRead,
    /// Somebody asked that a person join, get new secrets or leave.
    StaffAsked,
    /// Another person granted it.
    StaffGranted,
    /// It was refused, or taken back by who asked.
    StaffRefused,
    /// A head, or the national administration, ended somebody's time at once.
    StaffStopped,
    /// A head confirmed that somebody still works at the office.
    StaffConfirmed,
    /// Somebody used the link of an invitation: password and authenticator are set.
    InvitationAccepted,
    /// An officer asked that a second person approve somebody whose face cannot be compared, for a medical reason.
    WaiverAsked,
    /// A supervisor read which residents are called back after an approval by two, or noted what one said.
    CallBack,
    /// A supervisor read which digital KTPs colleagues blocked at callers' words, and what became of that.
    CallsRead,
    /// A supervisor looked at one of these blocks, and said with what result.
    CallLookedAt,
    /// An approval given while the register was down was completed.
    ApprovalCompleted,
    /// A credential became active.
    Activation,
    /// A digital KTP was blocked: by its holder, by nine wrong PINs, or by an officer.
    Block,
    /// A holder ended the own digital KTP.
    Closure,
    /// A holder undid that in time.
    ClosureUndone,
    /// A holder said that they do not know a check.
    CheckDisputed,
    /// The relying party answered that.
    DisputeAnswered,
    /// A node began to serve; the subject is a digest of its configuration, so that another one shows.
    NodeStarted,
    /// An operator read who approved with whom.
    PairsRead,
    /// The operator began to bring a restored copy of the database up to what was stopped since.
    RestoreBegun,
    /// It is done.
    RestoreDone,
    /// Somebody of the nation, or of a province, looked at an office.
    OfficesRead,
    /// An office was added.
    OfficeAdded,
    /// An office was changed: what it is, where it stands, when it is open.
    OfficeEdited,
    /// An office is closed on a day, or is not after all.
    OfficeHolidaySet,
    /// An office was closed for good.
    OfficeClosed,
    /// A closed office was opened again.
    OfficeReopened,
    /// An officer was added.
    OfficerAdded,
    /// An officer was disabled.
    OfficerDisabled,
    /// A disabled officer may log in again.
    OfficerEnabled,
    /// An officer's password was replaced.
    PasswordSet,
    /// A person's one-time password secret was replaced.
    TotpReset,
    /// A relying party was added.
    RelyingPartyAdded,
    /// An API key was added.
    ApiKeyAdded,
    /// A public key of a relying party was registered.
    PublicKeyAdded,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// When an API key ends was set.
    ApiKeyEndSet,
    /// A key to the sandbox was added.
    TestKeyAdded,
    /// A key to the sandbox was revoked.
    TestKeyRevoked,
    /// An administrator of a relying party had an invented person's QR shown.
    TestQrShown,
    /// The number and the days of a relying party's contract were set.
    ContractSet,
    /// How many checks a relying party may put was set.
    PartyQuotaSet,
    /// Where a relying party is told what ends was set.
    PartyContactSet,
    /// An administrator of a relying party set where its webhook is.
    WebhookSet,
    /// The webhook answered a challenge.
    WebhookVerified,
    /// The webhook was removed.
    WebhookRemoved,
    /// An administrator of a relying party added a branch where digital KTPs are accepted.
    BranchAdded,
    /// They changed one, hid it or showed it.
    BranchChanged,
    /// They took one off the list.
    BranchEnded,
    /// They read what people report of branches; the subject is the party.
    BranchReportsRead,
    /// They noted that such a report was dealt with.
    BranchReportClosed,
    /// Somebody of the nation read how often people report the branches of which parties.
    BranchCountsRead,
    /// An administrator of a relying party looked at what is the party's.
    PartyViewed,
    /// What a relying party is entitled to was changed.
    PartyEntitled,
    /// An administrator of the nation suspended a relying party.
    PartySuspended,
    /// A suspended relying party verifies again.
    PartyResumed,
    /// How long something is kept was decided by two; the subject is the period's word as bytes.
    RetentionSet,
    /// Somebody of the nation read how the service is set: keys, retention, texts of mails.
    SettingsRead,
    /// Somebody read what administrators of the nation ask of each other.
    ProposalsRead,
    /// An administrator of the nation asked for something; the subject is the request, as in the next two.
    ProposalAsked,
    /// Another one granted it; what was done stands in an entry of its own.
    ProposalGranted,
    /// It was refused, or taken back by who asked.
    ProposalRefused,
    /// An employee of a relying party was added.
    EmployeeAdded,
    /// An employee of a relying party was disabled.
    EmployeeDisabled,
    /// A disabled employee of a relying party may log in again.
    EmployeeEnabled,
    /// An administrator of a relying party invited somebody, or sent the link anew; the subject is the party, or the former invitation.
    EmployeeInvited,
    /// The same, of a whole list at once; the subject is the party.
    EmployeesInvited,
    /// An administrator of a relying party took an invitation back.
    EmployeeInvitationWithdrawn,
    /// An administrator of a relying party sent an employee a link to new secrets.
    EmployeeRenewed,
    /// An administrator of the nation stopped somebody who looks after a relying party.
    PartyAdministratorStopped,
    /// A signing key was made.
    KeyMade,
    /// A waiting signing key signs from now on, earlier than it would by itself.
    KeyActivated,
    /// A signing key was retired at once.
    KeyRevoked,
    /// A signing key was published that takes over.
    KeyRotated,
    /// A new version of the root secret was made.
    RootMade,
    /// A new version of the root secret seals from now on, since every node holds it.
    RootActivated,
    /// Rows began to be sealed anew with the root secret that seals now.
    ResealBegun,
    /// All rows are sealed with it.
    ResealDone,
    /// A version of the root secret opens nothing any more.
    RootRetired,
    /// The published key set was printed.
    KeySetExported,
    /// Register records were imported or generated.
    RegisterImported,
    /// The register's switch was opened.
    RegisterOpened,
    /// The register's switch was closed.
    RegisterClosed,
    /// A relying party asked for what it is not entitled to.
    Verification,
}
crate::words!(Action);

impl Action {
    /// All actions.
    pub const ALL: &'static [Self] = Self::VARIANTS;
}

/// Whether the `times`-th refusal of a kind in an hour is written: the first five, then each that doubles their number.
/// So thousands of refusals cannot fill the log, and the entries still say how many there were.
pub const fn is_written(times: i64) -> bool {
    times <= 5 || times & (times - 1) == 0
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The act took effect.
    Done,
    /// It was refused with this code and nothing changed.
    Refused(Code),
    /// Refused for the given number of times in this hour; refusals in between are not written.
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
    /// The subject: a registration, resident, officer, key, …; nil if there is none.
    pub subject_id: Uuid,
}

/// An act that was announced and has not ended yet.
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
    pub(super) origin: Option<Origin>,
}

/// From where an entry came: what is known of it. Entries of before there was this have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The node that wrote it, by the id that it made when it started; none for a command.
    pub node: Option<Uuid>,
    /// A keyed digest of the session in which it was done; none outside of one.
    pub session: Option<String>,
    /// A keyed digest of the client's network; none for what no client asked for.
    pub network: Option<String>,
}

impl Origin {
    /// These, or nothing where none of them is known.
    pub(super) fn of(node: Option<Uuid>, session: Option<String>, network: Option<String>) -> Option<Self> {
        (node.is_some() || session.is_some() || network.is_some()).then_some(Self { node, session, network })
    }
}

impl Entry {
    /// The fields in the order of the digest, behind the digest of the previous entry. The length of each part precedes
    /// it, so that no two entries give the same bytes. An entry without an origin gives what it gave before there were any.
    pub(super) fn digest_input(&self, previous: &[u8]) -> Vec<Vec<u8>> {
        let mut parts = vec![
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
        ];
        if let Some(Origin { node, session, network }) = &self.origin {
            let bytes = [
                node.as_ref().map(|id| &id.as_bytes()[..]),
                session.as_deref().map(str::as_bytes),
                network.as_deref().map(str::as_bytes),
            ];
            // A byte before what is there: nothing is not the same as an empty text.
            parts.extend(bytes.map(|bytes| bytes.map_or_else(Vec::new, |bytes| [b"=", bytes].concat())));
        }
        parts
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
