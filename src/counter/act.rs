//! What officers do, with the permission that each act needs and its name in the audit log.

use uuid::Uuid;

use crate::audit::{Action, Actor, Event};
use crate::clerk::Clerk;
use crate::office::Scope;
use crate::staff::invitation::{Asker, Reach};
use crate::staff::permission::{Act, Agent, Permission};
use crate::staff::{Affiliation, Roles, StaffSession};

/// A person of an office, at its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Officer {
    /// The officer.
    pub officer_id: Uuid,
    /// The office.
    pub office_id: Uuid,
    /// What the officer is there, and as whom they act.
    pub roles: Roles,
}

impl Officer {
    /// Whose requests this person may decide as the second one: the own office's, and for some also those of the offices below it.
    pub fn scope(self) -> Scope {
        if self.roles.reaches_down() { Scope::tree(self.office_id) } else { Scope::alone(self.office_id) }
    }

    /// The same person, deciding on what another office of their scope asked for.
    #[must_use]
    pub const fn at(self, office_id: Uuid) -> Self {
        Self { office_id, ..self }
    }

    /// Who acts, for the domains.
    pub const fn clerk(self) -> Clerk {
        Clerk { officer_id: self.officer_id, office_id: self.office_id }
    }

    /// As whom the officer asks about people: those of the own office.
    pub const fn asker(self) -> Asker {
        Asker { staff_id: self.officer_id, reach: Reach::Office(self.office_id) }
    }
}

impl TryFrom<StaffSession> for Officer {
    type Error = ();

    fn try_from(session: StaffSession) -> Result<Self, ()> {
        let roles = session.roles();
        let person = session.person;
        match person.affiliation {
            Affiliation::Office(office_id) => Ok(Self { officer_id: person.staff_id, office_id, roles }),
            Affiliation::RelyingParty(_) | Affiliation::National => Err(()),
        }
    }
}

impl Agent for Officer {
    fn event(&self, action: Action, subject_id: Uuid) -> Event {
        Event { chain: self.office_id, actor: Actor::Officer(self.officer_id), action, subject_id }
    }
}

macro_rules! acts {
    ($($(#[$doc:meta])* pub enum $act:ident: $permission:ident, $action:ident $(, about $about:expr)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $act {}

        impl Act for $act {
            type Agent = Officer;
            const PERMISSION: Permission = Permission::$permission;
            const ACTION: Action = Action::$action;
            $(fn about(session: &StaffSession) -> Uuid {
                let about: fn(&StaffSession) -> Uuid = $about;
                about(session)
            })?
        }
    )*};
}

acts! {
    /// Receiving a resident: their activation QR is scanned, and a colleague calls them.
    pub enum Receive: ReceiveResidents, Scan;
    /// Reading whom colleagues received, and who waits to be called.
    pub enum ReadArrivals: ReceiveResidents, RegistrationViewed;
    /// Taking over a resident whom a colleague received.
    pub enum TakeOver: ServeResidents, TakenOver;
    /// Scanning a resident's activation QR.
    pub enum Scan: ServeResidents, Scan;
    /// Having QRs shown that residents scan.
    pub enum ShowCounterQr: ServeResidents, CounterToken, about |session| session.person.staff_id;
    /// Confirming the number that a resident reads out, and seeing who waits for that.
    pub enum ConfirmMatch: ServeResidents, MatchConfirmed;
    /// Reading who works at the office, and what is asked about them.
    pub enum ReadStaff: ReadStaff, StaffRead, about |session| session.person.staff_id;
    /// Asking that somebody join, get new secrets or leave.
    pub enum AskStaff: AskStaff, StaffAsked;
    /// Granting it.
    pub enum GrantStaff: GrantStaff, StaffGranted;
    /// Refusing it, or taking the own request back.
    pub enum RefuseStaff: RefuseStaff, StaffRefused;
    /// Ending somebody's time at once.
    pub enum StopStaff: LeadStaff, StaffStopped;
    /// Confirming that somebody still works at the office.
    pub enum ConfirmStaff: LeadStaff, StaffConfirmed;
    /// Reading the office's queue and its figures.
    pub enum ReadQueue: ReadQueue, RegistrationViewed;
    /// Opening a registration.
    pub enum ViewRegistration: ViewRegistrations, RegistrationViewed;
    /// Looking at a selfie or at the register's portrait.
    pub enum ViewPicture: ViewRegistrations, PictureViewed;
    /// Opening a registration without the resident, and saying why.
    pub enum OpenWithReason: ViewRegistrations, ViewWithReason;
    /// Reading why colleagues did.
    pub enum ReadReasonsGiven: ReadReasons, ViewsRead, about |session| session.person.affiliation.chain();
    /// Approving.
    pub enum Approve: DecideRegistrations, Approval;
    /// Asking that a second person approve somebody who has no e-mail address.
    pub enum AskApproval: DecideRegistrations, ApprovalAsked;
    /// Being that second person.
    pub enum GrantApproval: GrantReleases, Approval;
    /// Returning to the resident.
    pub enum Return: DecideRegistrations, Return;
    /// Rejecting.
    pub enum Reject: DecideRegistrations, Rejection;
    /// Asking that a digital KTP make way.
    pub enum AskRelease: AskReleases, ReleaseAsked;
    /// Reading what was asked.
    pub enum ReadRelease: WorkRequests, RegistrationViewed;
    /// Granting it.
    pub enum GrantRelease: GrantReleases, ReleaseGranted;
    /// Scanning the QR of a recovery.
    pub enum ScanRecovery: ServeResidents, Scan;
    /// Reading which recoveries wait for a second person.
    pub enum ReadRecoveries: WorkRequests, RecoveryViewed;
    /// Opening a recovery.
    pub enum ViewRecovery: ViewRegistrations, RecoveryViewed;
    /// Looking at the holder's portrait.
    pub enum ViewRecoveryPicture: ViewRegistrations, PictureViewed;
    /// Asking that the holder may choose a PIN.
    pub enum AskRecovery: AskReleases, RecoveryAsked;
    /// Granting it.
    pub enum GrantRecovery: GrantReleases, RecoveryGranted;
    /// Refusing it.
    pub enum RefuseRecovery: WorkRequests, RecoveryRefused;
    /// Refusing it.
    pub enum RefuseRelease: WorkRequests, ReleaseRefused;
    /// Reading which releases wait for a second person.
    pub enum ReadReleases: WorkRequests, RegistrationViewed;
    /// Asking that a wrongful activation be annulled.
    pub enum AskAnnulment: AskAnnulments, AnnulmentAsked, about |session| session.person.staff_id;
    /// Reading which annulments wait for a second person.
    pub enum ReadAnnulments: WorkAnnulments, AnnulmentViewed;
    /// Opening one.
    pub enum ViewAnnulment: WorkAnnulments, AnnulmentViewed;
    /// Granting it.
    pub enum GrantAnnulment: GrantAnnulments, AnnulmentGranted;
    /// Refusing it.
    pub enum RefuseAnnulment: WorkAnnulments, AnnulmentRefused;
    /// Opening what residents read of the own office.
    pub enum ViewOffice: EditOffice, OfficeEdited, about |session| session.person.affiliation.chain();
    /// Changing its hours, phone or note.
    pub enum EditOffice: EditOffice, OfficeEdited, about |session| session.person.affiliation.chain();
    /// Saying that it is closed on a day, or is not after all.
    pub enum SetHoliday: EditOffice, OfficeHolidaySet, about |session| session.person.affiliation.chain();
    /// Reading whose rights rest since an annulment.
    pub enum ReadPaused: RestoreRights, RightsRestored, about |session| session.person.affiliation.chain();
    /// Giving them back.
    pub enum RestoreColleague: RestoreRights, RightsRestored;
    /// Reading whom to call back after an approval by two.
    pub enum ReadCallBacks: CallBack, CallBack, about |session| session.person.affiliation.chain();
    /// Noting what the resident said.
    pub enum RecordCallBack: CallBack, CallBack;
    /// Asking that the digital KTP of somebody who left end.
    pub enum AskDeparture: AskReleases, DepartureAsked, about |session| session.person.staff_id;
    /// Reading which of these wait for a second person.
    pub enum ReadDepartures: WorkRequests, DepartureViewed;
    /// Opening one.
    pub enum ViewDeparture: WorkRequests, DepartureViewed;
    /// Granting it.
    pub enum GrantDeparture: GrantReleases, DepartureGranted;
    /// Refusing it.
    pub enum RefuseDeparture: WorkRequests, DepartureRefused;
    /// Reading the office's correction cases.
    pub enum ReadCorrections: ReadCorrections, CorrectionViewed;
    /// Opening one to look at it.
    pub enum ViewCorrection: ReadCorrections, CorrectionViewed;
    /// Looking at the portrait of its holder.
    pub enum ViewCorrectionPicture: WorkCorrections, PictureViewed;
    /// Opening one for a resident.
    pub enum OpenCorrection: WorkCorrections, CorrectionOpened;
    /// Taking one that a resident opened.
    pub enum TakeCorrection: WorkCorrections, CorrectionTaken, about |session| session.person.staff_id;
    /// Passing one on to the register.
    pub enum PassOnCorrection: WorkCorrections, CorrectionPassedOn;
    /// Asking a second person to pass it on.
    pub enum AskCorrection: WorkCorrections, CorrectionAsked;
    /// Passing on what a colleague asked for.
    pub enum GrantCorrection: GrantCorrections, CorrectionGranted;
    /// Sending one back to its resident.
    pub enum SendBackCorrection: WorkCorrections, CorrectionSentBack;
    /// Refusing one.
    pub enum RefuseCorrection: WorkCorrections, CorrectionRefused;
    /// Preparing a printed card.
    pub enum PrepareCard: AskCards, CardPrepared, about |session| session.person.staff_id;
    /// Adding the photo that is taken at the counter.
    pub enum PhotographForCard: AskCards, CardPrepared;
    /// Asking for the card.
    pub enum AskCard: AskCards, CardAsked;
    /// Reading which cards wait for a second person, and which were issued.
    pub enum ReadCards: WorkRequests, CardViewed;
    /// Opening one.
    pub enum ViewCard: WorkRequests, CardViewed;
    /// Looking at the photo or at the register's portrait.
    pub enum ViewCardPicture: WorkRequests, PictureViewed;
    /// Granting it.
    pub enum GrantCard: GrantCards, CardGranted;
    /// Refusing it.
    pub enum RefuseCard: WorkRequests, CardRefused;
    /// Printing it.
    pub enum PrintCard: AskCards, CardPrinted;
    /// Voiding it.
    pub enum VoidCard: AskCards, CardVoided;
    /// Keeping it beside a phone, or not.
    pub enum KeepCard: AskCards, CardKept;
    /// Preparing what a holder wants who came without their phone.
    pub enum PrepareWalkIn: AskReleases, WalkInPrepared, about |session| session.person.staff_id;
    /// Adding the photo that is taken at the counter.
    pub enum PhotographWalkIn: AskReleases, WalkInPrepared;
    /// Asking for it.
    pub enum AskWalkIn: AskReleases, WalkInAsked;
    /// Reading which of these wait for a second person.
    pub enum ReadWalkIns: WorkRequests, WalkInViewed;
    /// Opening one.
    pub enum ViewWalkIn: WorkRequests, WalkInViewed;
    /// Looking at the photo or at the holder's portrait.
    pub enum ViewWalkInPicture: WorkRequests, PictureViewed;
    /// Granting it.
    pub enum GrantWalkIn: GrantReleases, WalkInGranted;
    /// Refusing it.
    pub enum RefuseWalkIn: WorkRequests, WalkInRefused;
    /// Printing the copy.
    pub enum PrintWalkInCopy: AskReleases, CopyPrinted;
    /// Reading who helps many.
    pub enum ReadHelpers: ReviewBlocks, HelpersRead, about |session| session.person.affiliation.chain();
    /// Noting that one was looked at.
    pub enum LookAtHelper: ReviewBlocks, HelperLookedAt;
    /// Passing a resident on to a colleague.
    pub enum Reassign: ReassignResidents, Reassigned;
    /// Reading who the colleagues are.
    pub enum ReadColleagues: ReadQueue, RegistrationViewed;
    /// Asking whether somebody has an active digital KTP.
    pub enum AskActive: LookUpActive, ActiveAsked;
    /// Searching among the office's registrations.
    pub enum SearchPeople: SearchPeople, PeopleSearched;
    /// Reading how much colleagues look for.
    pub enum ReadSearches: ReviewSearches, SearchesRead, about |session| session.person.affiliation.chain();
    /// Noting that a day of a colleague's was looked at.
    pub enum LookAtSearches: ReviewSearches, SearchesLookedAt;
    /// Lifting a colleague's limit.
    pub enum LiftSearchLimit: ReviewSearches, SearchLimitLifted;
    /// Reading what waits for oneself.
    pub enum ReadInbox: WorkRequests, RegistrationViewed;
    /// Reading what the log says of the own acts.
    pub enum ReadOwnAudit: ReadOwnAudit, OwnAuditRead, about |session| session.person.staff_id;
    /// Searching the office's log.
    pub enum SearchAudit: ReadOfficeAudit, AuditSearched, about |session| session.person.affiliation.chain();
    /// Having its end checked.
    pub enum CheckAudit: ReadOfficeAudit, AuditChecked, about |session| session.person.affiliation.chain();
    /// Asking that a second person approve somebody whose face cannot be compared.
    pub enum AskWaiver: DecideRegistrations, WaiverAsked;
    /// Blocking at the word of a caller.
    pub enum BlockAtCall: BlockAtCalls, Block, about |session| session.person.staff_id;
    /// Scanning the QR of a change of address.
    pub enum ScanContactVisit: ServeResidents, Scan;
    /// Reading which changes of address wait for a second person.
    pub enum ReadContactVisits: WorkRequests, ContactVisitViewed;
    /// Opening one.
    pub enum ViewContactVisit: ViewRegistrations, ContactVisitViewed;
    /// Looking at the holder's portrait.
    pub enum ViewContactVisitPicture: ViewRegistrations, PictureViewed;
    /// Asking that the new address be put in force.
    pub enum AskContactVisit: AskReleases, ContactVisitAsked;
    /// Granting it.
    pub enum GrantContactVisit: GrantReleases, ContactVisitGranted;
    /// Refusing it.
    pub enum RefuseContactVisit: WorkRequests, ContactVisitRefused;
    /// Reading what one is on duty for.
    pub enum ReadDuty: ProveDuty, DutyBegun, about |session| session.person.staff_id;
    /// Saying where one is on duty.
    pub enum BeginDuty: ProveDuty, DutyBegun, about |session| session.person.staff_id;
    /// Saying that one is not any more.
    pub enum EndDuty: ProveDuty, DutyEnded, about |session| session.person.staff_id;
    /// Having QRs shown that people scan to see who one is.
    pub enum ShowDutyQr: ProveDuty, DutyBegun, about |session| session.person.staff_id;
    /// Reading of whom there are photos.
    pub enum ReadStaffPhotos: TakeStaffPhotos, StaffPhotoViewed, about |session| session.person.affiliation.chain();
    /// Looking at the photo of a colleague.
    pub enum ViewStaffPhoto: TakeStaffPhotos, StaffPhotoViewed;
    /// Taking it.
    pub enum TakeStaffPhoto: TakeStaffPhotos, StaffPhotoTaken;
    /// Reading the office's sessions of outreach.
    pub enum ReadOutreach: ReadOutreach, OutreachViewed, about |session| session.person.affiliation.chain();
    /// Opening one to look at it.
    pub enum ViewOutreach: ReadOutreach, OutreachViewed;
    /// Reading who can be on a roster, and which villages there are.
    pub enum ReadRoster: PlanOutreach, OutreachPlanned, about |session| session.person.affiliation.chain();
    /// Planning one, or asking for it.
    pub enum PlanOutreach: PlanOutreach, OutreachPlanned, about |session| session.person.staff_id;
    /// Changing its plan.
    pub enum EditOutreach: PlanOutreach, OutreachPlanned;
    /// Confirming what a colleague asked for.
    pub enum ConfirmOutreach: ConfirmOutreach, OutreachConfirmed;
    /// Cancelling it.
    pub enum CancelOutreach: PlanOutreach, OutreachCancelled;
    /// Opening it on its day.
    pub enum OpenOutreach: PlanOutreach, OutreachOpened;
    /// Closing it.
    pub enum CloseOutreach: PlanOutreach, OutreachClosed;
    /// Reporting it.
    pub enum ReportOutreach: PlanOutreach, OutreachReported;
    /// Reading what people report.
    pub enum ReadFraudReports: ReviewFraud, FraudReportsRead, about |session| session.person.affiliation.chain();
    /// Closing a report.
    pub enum CloseFraudReport: ReviewFraud, FraudReportClosed;
    /// Reading which blocks colleagues entered at callers' words.
    pub enum ReadCalls: ReviewBlocks, CallsRead, about |session| session.person.affiliation.chain();
    /// Saying that one was looked at.
    pub enum LookAtCall: ReviewBlocks, CallLookedAt;
    /// Reading the office's figures.
    pub enum ReadFigures: ReadFigures, FiguresRead, about |session| session.person.affiliation.chain();
    /// Reading what is public of the regions of others.
    pub enum ReadPublished: ReadFiguresOfOthers, PublishedFiguresRead, about |session| session.person.affiliation.chain();
    /// Looking at the months that the office sends upward.
    pub enum ReadRecaps: ReadFigures, RecapsRead, about |session| session.person.affiliation.chain();
    /// Asking the head to sign one.
    pub enum AskRecap: AskRecaps, RecapAsked, about |session| session.person.affiliation.chain();
    /// Signing it.
    pub enum SignRecap: SignRecaps, RecapSigned, about |session| session.person.affiliation.chain();
    /// Refusing it.
    pub enum RefuseRecap: SignRecaps, RecapRefused, about |session| session.person.affiliation.chain();
    /// Taking one away as a file.
    pub enum DownloadRecap: ReadFigures, RecapDownloaded, about |session| session.person.affiliation.chain();
}
