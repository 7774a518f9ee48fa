//! A registration, and every step that it can take. A step consumes the registration as it was read and gives it as it is to be
//! written; whoever writes it demands the revision that was read.

use uuid::Uuid;

use super::{Answer, LIFE_AFTER_APPROVAL_DAYS, RegisterCheck, SCAN_MINUTES, State, Visit};
use crate::clock::{DAY, MINUTE, Timestamp};
use crate::error::{Code, Language, Refusal};

/// A registration with its register check and its visit at a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its id.
    pub registration_id: Uuid,
    /// SHA-256 thumbprint of the device key it belongs to.
    pub device_thumbprint: Vec<u8>,
    /// Blind index of the NIK.
    pub nik_index: Vec<u8>,
    /// Blind index of the e-mail address; empty for a resident who has none.
    pub email_index: Vec<u8>,
    /// How far it is.
    pub progress: Progress,
    /// Sealed [`Submitted`](super::Submitted).
    pub sealed: Vec<u8>,
    /// In which language the resident is written to.
    pub language: Language,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The office in whose queue it stands.
    pub office_id: Option<Uuid>,
    /// Raised by every write that changes what an officer compares or where it stands.
    pub revision: i64,
    /// What the population register says.
    pub check: RegisterCheck,
    /// The visit at a counter, from the first scan on.
    pub visit: Visit,
}

/// How far a registration is, with what belongs to being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The selfie is missing.
    NeedsSelfie,
    /// Ready to be shown to an officer.
    AwaitingOfficer,
    /// The officer returned it: data must be corrected.
    NeedsCorrection,
    /// Approved while the register was down; completes by itself.
    ApprovedPendingRegister,
    /// The activation code is on its way or has arrived.
    CodeSent {
        /// Who gets a digital KTP.
        resident: Uuid,
    },
    /// The code was right; the PIN is missing.
    NeedsPin {
        /// Who gets a digital KTP.
        resident: Uuid,
    },
    /// It ended.
    Ended(Ending, Timestamp),
}

/// How a registration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The digital KTP is on the phone.
    Active,
    /// Refused by an officer.
    Rejected,
    /// Not finished in time.
    Expired,
    /// Ended by the resident.
    Cancelled,
}

/// What a resident changed.
#[derive(Debug)]
pub struct NewData {
    /// Sealed [`Submitted`](super::Submitted).
    pub sealed: Vec<u8>,
    /// Blind index of the address in it.
    pub email_index: Vec<u8>,
}

impl Progress {
    /// From what the table holds; `None` for what cannot be together.
    pub const fn new(state: State, resident: Option<Uuid>, ended_at: Option<Timestamp>) -> Option<Self> {
        Some(match (state, resident, ended_at) {
            (State::NeedsSelfie, _, None) => Self::NeedsSelfie,
            (State::AwaitingOfficer, _, None) => Self::AwaitingOfficer,
            (State::NeedsCorrection, _, None) => Self::NeedsCorrection,
            (State::ApprovedPendingRegister, _, None) => Self::ApprovedPendingRegister,
            (State::CodeSent, Some(resident), None) => Self::CodeSent { resident },
            (State::NeedsPin, Some(resident), None) => Self::NeedsPin { resident },
            (State::Active, _, Some(at)) => Self::Ended(Ending::Active, at),
            (State::Rejected, _, Some(at)) => Self::Ended(Ending::Rejected, at),
            (State::Expired, _, Some(at)) => Self::Ended(Ending::Expired, at),
            (State::Cancelled, _, Some(at)) => Self::Ended(Ending::Cancelled, at),
            _ => return None,
        })
    }

    /// The state without what belongs to it.
    pub const fn state(self) -> State {
        match self {
            Self::NeedsSelfie => State::NeedsSelfie,
            Self::AwaitingOfficer => State::AwaitingOfficer,
            Self::NeedsCorrection => State::NeedsCorrection,
            Self::ApprovedPendingRegister => State::ApprovedPendingRegister,
            Self::CodeSent { .. } => State::CodeSent,
            Self::NeedsPin { .. } => State::NeedsPin,
            Self::Ended(Ending::Active, _) => State::Active,
            Self::Ended(Ending::Rejected, _) => State::Rejected,
            Self::Ended(Ending::Expired, _) => State::Expired,
            Self::Ended(Ending::Cancelled, _) => State::Cancelled,
        }
    }

    /// When it ended.
    pub const fn ended_at(self) -> Option<Timestamp> {
        match self {
            Self::Ended(_, at) => Some(at),
            _ => None,
        }
    }
}

impl Registration {
    /// Where it stands.
    pub const fn state(&self) -> State {
        self.progress.state()
    }

    /// Whether something can still happen to it.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.progress.ended_at().is_none() && now < self.expires_at
    }

    /// Goes on only with one to which something can still happen.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_live(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.is_live(now) {
            return Ok(());
        }
        Err(Refusal::new(Code::WrongState)
            .detail("Pendaftaran ini sudah berakhir; daftar lagi.", "This registration has ended; register again."))
    }

    /// Whether the activation code can be entered.
    pub fn waits_for_code(&self, now: Timestamp) -> bool {
        matches!(self.progress, Progress::CodeSent { .. }) && self.is_live(now)
    }

    /// Whether the resident is taken to be before this officer: nothing changed since the scan, and it is not long ago.
    pub fn is_present(&self, officer_id: Uuid, now: Timestamp) -> bool {
        let since = now.plus_seconds(-SCAN_MINUTES * MINUTE);
        self.visit.scanned_by == Some(officer_id) && self.visit.scanned_at >= Some(since)
    }

    /// A selfie, or a retake, is there. The resident's presence was proved with another picture: it ends.
    ///
    /// # Errors
    /// `wrong_state` once it is approved or over.
    pub fn take_selfie(mut self, now: Timestamp) -> Result<Self, Refusal> {
        self.require_live(now)?;
        self.progress = match self.progress {
            Progress::NeedsSelfie | Progress::AwaitingOfficer => Progress::AwaitingOfficer,
            Progress::NeedsCorrection => Progress::NeedsCorrection,
            _ => return Err(Code::WrongState.into()),
        };
        self.visit.scanned_by = None;
        Ok(Self { updated_at: now, ..self })
    }

    /// The resident changed something. What was returned is corrected by that.
    ///
    /// # Errors
    /// `wrong_state` once the code was right, or it is over.
    pub fn amend(mut self, data: NewData, has_selfie: bool, now: Timestamp) -> Result<Self, Refusal> {
        self.require_live(now)?;
        self.progress = match self.progress {
            Progress::NeedsCorrection if has_selfie => Progress::AwaitingOfficer,
            Progress::NeedsCorrection => Progress::NeedsSelfie,
            Progress::NeedsPin { .. } | Progress::Ended(..) => return Err(Code::WrongState.into()),
            same => same,
        };
        // Presence was proved with other data.
        self.visit.scanned_by = None;
        Ok(Self { sealed: data.sealed, email_index: data.email_index, updated_at: now, ..self })
    }

    /// The corrected data is to be checked anew; what the officer said about it is done.
    #[must_use]
    pub fn check_anew(mut self) -> Self {
        self.check = RegisterCheck::Pending { resident: self.check.resident() };
        self.visit.decision = None;
        self
    }

    /// A case of it is open: it is kept until then at least.
    #[must_use]
    pub fn keep_until(self, until: Timestamp) -> Self {
        Self { expires_at: self.expires_at.max(until), ..self }
    }

    /// The register speaks of its resident: it is asked anew. What was submitted and what an officer said stay.
    #[must_use]
    pub fn ask_anew(mut self) -> Self {
        self.check = RegisterCheck::Pending { resident: self.check.resident() };
        self
    }

    /// Somebody of an office scans it: from now on it stands in that office's queue. Approved, it stays where it was approved.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn assign(self, office_id: Uuid, now: Timestamp) -> Result<Self, Refusal> {
        self.require_live(now)?;
        let elsewhere = self.office_id.is_some_and(|office| office != office_id);
        if elsewhere && !self.state().is_before_approval() {
            return Err(Code::WrongState.into());
        }
        Ok(Self { office_id: Some(office_id), ..self })
    }

    /// Whether an activation code can be sent.
    pub const fn has_email(&self) -> bool {
        !self.email_index.is_empty()
    }

    /// The register has answered.
    #[must_use]
    pub fn answered(mut self, answer: Answer) -> Self {
        self.check = RegisterCheck::Done(answer);
        self
    }

    /// An officer approves: the code is due, or the approval waits for the register.
    ///
    /// # Errors
    /// `wrong_state` when it does not wait for an officer, for what the register says, and for who has no e-mail address.
    pub fn approve(self, now: Timestamp) -> Result<Self, Refusal> {
        self.require_awaiting_officer(now)?;
        if !self.has_email() {
            return Err(Refusal::new(Code::WrongState).detail(
                "Warga ini tidak punya surel: mintalah orang kedua menyetujui; persetujuannya menggantikan kode aktivasi.",
                "This resident has no e-mail address: ask a second person to agree; that takes the place of the activation code.",
            ));
        }
        match self.check {
            RegisterCheck::Done(Answer::Match(resident) | Answer::Differs(resident)) => {
                Ok(self.approved(Progress::CodeSent { resident }, now))
            }
            RegisterCheck::Done(answer) => Err(unsuitable(answer)),
            RegisterCheck::Pending { .. } | RegisterCheck::Limited => {
                Ok(Self { progress: Progress::ApprovedPendingRegister, updated_at: now, ..self })
            }
        }
    }

    /// Two people approve somebody who has no e-mail address: the scan of the phone and a second person's look take the place of the
    /// activation code, so the PIN is due. The register has to have answered, because the second person compares faces.
    ///
    /// # Errors
    /// `wrong_state` when it does not wait for an officer, has an address, or for what the register says or has not said yet.
    pub fn approve_by_two(self, now: Timestamp) -> Result<Self, Refusal> {
        self.require_awaiting_officer(now)?;
        if self.has_email() {
            return Err(Refusal::new(Code::WrongState).detail(
                "Warga ini punya surel: setujui seperti biasa; kode aktivasi dikirim ke sana.",
                "This resident has an e-mail address: approve as usual; the activation code goes there.",
            ));
        }
        match self.check {
            RegisterCheck::Done(Answer::Match(resident) | Answer::Differs(resident)) => {
                Ok(self.approved(Progress::NeedsPin { resident }, now))
            }
            RegisterCheck::Done(answer) => Err(unsuitable(answer)),
            RegisterCheck::Pending { .. } | RegisterCheck::Limited => Err(not_answered()),
        }
    }

    /// That the register has answered, whatever it said.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_answered(&self) -> Result<(), Refusal> {
        match self.check {
            RegisterCheck::Done(_) => Ok(()),
            RegisterCheck::Pending { .. } | RegisterCheck::Limited => Err(not_answered()),
        }
    }

    /// An officer returns it: a new selfie is to be taken, or data to be corrected. The resident goes away with it.
    ///
    /// # Errors
    /// `wrong_state` when it does not wait for an officer, or `to` is no state to return to.
    pub fn return_to(mut self, to: State, now: Timestamp) -> Result<Self, Refusal> {
        self.require_awaiting_officer(now)?;
        self.progress = match to {
            State::NeedsSelfie => Progress::NeedsSelfie,
            State::NeedsCorrection => Progress::NeedsCorrection,
            _ => return Err(Code::WrongState.into()),
        };
        self.visit.scanned_by = None;
        Ok(Self { updated_at: now, ..self })
    }

    /// An officer refuses it for good.
    ///
    /// # Errors
    /// `wrong_state` when it does not wait for an officer.
    pub fn reject(self, now: Timestamp) -> Result<Self, Refusal> {
        self.require_awaiting_officer(now)?;
        Ok(self.ended(Ending::Rejected, now))
    }

    /// Moves an approval that waited for the register on: to its code when the answer agrees and no digital KTP stands in the way,
    /// else back to the officer who had approved without it.
    ///
    /// # Errors
    /// `wrong_state` when it does not wait for the register any more.
    pub fn complete(self, in_the_way: bool, now: Timestamp) -> Result<Self, Refusal> {
        self.require_live(now)?;
        match (self.progress, self.check) {
            (Progress::ApprovedPendingRegister, RegisterCheck::Done(Answer::Match(resident))) if !in_the_way => {
                Ok(self.approved(Progress::CodeSent { resident }, now))
            }
            (Progress::ApprovedPendingRegister, _) => {
                Ok(Self { progress: Progress::AwaitingOfficer, updated_at: now, ..self })
            }
            _ => Err(Code::WrongState.into()),
        }
    }

    /// The digital KTP is on the phone.
    ///
    /// # Errors
    /// `wrong_state` unless it waits for its PIN.
    pub fn activate(self, now: Timestamp) -> Result<Self, Refusal> {
        self.require_live(now)?;
        match self.progress {
            Progress::NeedsPin { .. } => Ok(self.ended(Ending::Active, now)),
            _ => Err(Code::WrongState.into()),
        }
    }

    /// The resident ends it.
    ///
    /// # Errors
    /// `wrong_state` when it has ended.
    pub fn cancel(self, now: Timestamp) -> Result<Self, Refusal> {
        if self.state().is_ended() {
            return Err(Code::WrongState.into());
        }
        Ok(self.ended(Ending::Cancelled, now))
    }

    /// Its time is over.
    ///
    /// # Errors
    /// `wrong_state` when it has ended, or is not due.
    pub fn expire(self, now: Timestamp) -> Result<Self, Refusal> {
        if self.state().is_ended() || now < self.expires_at {
            return Err(Code::WrongState.into());
        }
        Ok(self.ended(Ending::Expired, now))
    }

    /// Goes on only with one that waits for an officer.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_awaiting_officer(&self, now: Timestamp) -> Result<(), Refusal> {
        self.require_live(now)?;
        if self.progress == Progress::AwaitingOfficer { Ok(()) } else { Err(Code::WrongState.into()) }
    }

    fn approved(self, progress: Progress, now: Timestamp) -> Self {
        Self { progress, expires_at: now.plus_seconds(LIFE_AFTER_APPROVAL_DAYS * DAY), updated_at: now, ..self }
    }

    fn ended(self, how: Ending, now: Timestamp) -> Self {
        Self { progress: Progress::Ended(how, now), updated_at: now, ..self }
    }
}

/// Why what the register said stands in the way of an approval.
fn not_answered() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Data kependudukan belum menjawab; persetujuan oleh dua orang menunggu jawabannya. Coba lagi sebentar lagi.",
        "The population register has not answered; an approval by two people waits for it. Try again shortly.",
    )
}

fn unsuitable(answer: Answer) -> Refusal {
    let (id, en) = match answer {
        Answer::NotEligible(_) => (
            "Orang ini belum berhak atas KTP (belum 17 tahun dan belum kawin) atau sudah tidak tercatat aktif; tolak dengan alasan.",
            "This person is not eligible for a KTP (under 17 and never married) or no longer actively registered; reject with a reason.",
        ),
        Answer::UnknownNik | Answer::Match(_) | Answer::Differs(_) => (
            "NIK tidak ada dalam data kependudukan; kembalikan untuk perbaikan atau tolak.",
            "The register does not know this NIK; return it for correction or reject it.",
        ),
    };
    Refusal::new(Code::WrongState).detail(id, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESIDENT: Uuid = Uuid::from_u128(1);
    const OFFICE: Uuid = Uuid::from_u128(2);
    const NOW: Timestamp = Timestamp::from_seconds(1_795_280_000);
    const ENDS: Timestamp = NOW.plus_seconds(DAY);
    const MATCH: RegisterCheck = RegisterCheck::Done(Answer::Match(RESIDENT));
    const PENDING: RegisterCheck = RegisterCheck::Pending { resident: None };
    const STAGES: [Progress; 7] = [
        Progress::NeedsSelfie,
        Progress::AwaitingOfficer,
        Progress::NeedsCorrection,
        Progress::ApprovedPendingRegister,
        Progress::CodeSent { resident: RESIDENT },
        Progress::NeedsPin { resident: RESIDENT },
        Progress::Ended(Ending::Rejected, NOW),
    ];

    fn at(progress: Progress, check: RegisterCheck) -> Registration {
        Registration {
            registration_id: Uuid::from_u128(3),
            device_thumbprint: vec![1],
            nik_index: vec![2],
            email_index: vec![3],
            progress,
            sealed: vec![4],
            language: Language::Indonesian,
            created_at: NOW,
            updated_at: NOW,
            expires_at: ENDS,
            office_id: Some(OFFICE),
            revision: 5,
            check,
            visit: Visit { scanned_by: Some(OFFICE), scanned_at: Some(NOW), ..Visit::default() },
        }
    }

    /// Where a step leads from each progress.
    fn leads(
        check: RegisterCheck,
        step: impl Fn(Registration) -> Result<Registration, Refusal>,
    ) -> Vec<(State, State)> {
        let steps = STAGES.map(|progress| (progress.state(), step(at(progress, check)).ok().map(|next| next.state())));
        steps.into_iter().filter_map(|(from, to)| Some((from, to?))).collect()
    }

    #[test]
    fn every_step_begins_where_it_may_and_nowhere_else() {
        use State::*;
        let later = NOW.plus_seconds(60);
        let selfie = leads(MATCH, |registration| registration.take_selfie(later));
        let kept = (NeedsCorrection, NeedsCorrection);
        assert_eq!(selfie, [(NeedsSelfie, AwaitingOfficer), (AwaitingOfficer, AwaitingOfficer), kept]);
        let data = || NewData { sealed: vec![7], email_index: vec![8] };
        let amended = leads(MATCH, |registration| registration.amend(data(), true, later));
        let same = |state| (state, state);
        let unchanged = [same(ApprovedPendingRegister), same(CodeSent)];
        let before = [same(NeedsSelfie), same(AwaitingOfficer), (NeedsCorrection, AwaitingOfficer)];
        assert_eq!(amended, [&before[..], &unchanged].concat());
        assert_eq!(leads(MATCH, |registration| registration.approve(later)), [(AwaitingOfficer, CodeSent)]);
        let unanswered = leads(PENDING, |registration| registration.approve(later));
        assert_eq!(unanswered, [(AwaitingOfficer, ApprovedPendingRegister)]);
        for answer in [Answer::UnknownNik, Answer::NotEligible(RESIDENT)] {
            assert_eq!(leads(RegisterCheck::Done(answer), |registration| registration.approve(later)), []);
        }
        assert_eq!(leads(MATCH, |registration| registration.reject(later)), [(AwaitingOfficer, Rejected)]);
        let returned = leads(MATCH, |registration| registration.return_to(NeedsSelfie, later));
        assert_eq!(returned, [(AwaitingOfficer, NeedsSelfie)]);
        assert_eq!(leads(MATCH, |registration| registration.return_to(Active, later)), []);
        let goes_on = leads(MATCH, |registration| registration.complete(false, later));
        assert_eq!(goes_on, [(ApprovedPendingRegister, CodeSent)]);
        let goes_back = [(ApprovedPendingRegister, AwaitingOfficer)];
        assert_eq!(leads(MATCH, |registration| registration.complete(true, later)), goes_back);
        let differs = RegisterCheck::Done(Answer::Differs(RESIDENT));
        assert_eq!(leads(differs, |registration| registration.complete(false, later)), goes_back);
        assert_eq!(leads(MATCH, |registration| registration.activate(later)), [(NeedsPin, Active)]);
        let cancelled = leads(MATCH, |registration| registration.cancel(later));
        assert!(cancelled.len() == 6 && cancelled.iter().all(|(_, to)| *to == Cancelled));
        assert_eq!(leads(MATCH, |registration| registration.expire(later)), [], "not due");
        assert_eq!(leads(MATCH, |registration| registration.expire(ENDS)).len(), 6);
        assert_eq!(leads(MATCH, |registration| registration.take_selfie(ENDS)), [], "over");
        assert_eq!(leads(MATCH, |registration| registration.activate(ENDS)), [], "over");
    }

    #[test]
    fn an_office_keeps_what_it_approved() {
        let elsewhere = Uuid::from_u128(9);
        let moved = leads(MATCH, |registration| registration.assign(elsewhere, NOW));
        assert!(moved.len() == 3 && moved.iter().all(|(from, to)| from.is_before_approval() && from == to));
        assert_eq!(leads(MATCH, |registration| registration.assign(OFFICE, NOW)).len(), 6);
    }

    #[test]
    fn presence_ends_with_a_change_a_return_and_time() {
        let waiting = at(Progress::AwaitingOfficer, MATCH);
        let minutes = |minutes: i64| NOW.plus_seconds(minutes * MINUTE);
        assert!(waiting.is_present(OFFICE, minutes(30)) && !waiting.is_present(OFFICE, minutes(31)));
        assert!(!waiting.is_present(RESIDENT, NOW), "before somebody else");
        let data = NewData { sealed: vec![7], email_index: vec![8] };
        let gone = [
            waiting.clone().take_selfie(NOW),
            waiting.clone().amend(data, true, NOW),
            waiting.clone().return_to(State::NeedsCorrection, NOW),
        ];
        assert!(gone.into_iter().all(|next| !next.unwrap().is_present(OFFICE, NOW)));
        assert!(waiting.approve(NOW).unwrap().is_present(OFFICE, NOW));
    }

    #[test]
    fn what_cannot_be_together_is_no_registration() {
        assert_eq!(Progress::new(State::CodeSent, None, None), None, "a code for nobody");
        assert_eq!(Progress::new(State::CodeSent, Some(RESIDENT), Some(NOW)), None, "ended and waiting");
        assert_eq!(Progress::new(State::Expired, None, None), None, "ended, at no time");
        for progress in STAGES {
            assert_eq!(Progress::new(progress.state(), Some(RESIDENT), progress.ended_at()), Some(progress));
        }
        assert_eq!(Answer::new(crate::registration::model::CheckResult::Match, None), None);
    }
}
