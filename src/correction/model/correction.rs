//! A case and its steps: each consumes it and gives the next, or a refusal. Pure.

use uuid::Uuid;

use super::{Kind, Word};
use crate::clerk::own_request;
use crate::clock::{DAY, Timestamp};
use crate::error::{Code, Refusal};
use crate::text_column;

/// Days after which a case lapses, and for which the registration that it holds up is kept.
pub const LIFE_DAYS: i64 = 90;
/// The same in seconds.
pub const LIFE_SECONDS: i64 = LIFE_DAYS * DAY;
/// Seconds that a request waits for the second person: the resident need not stay.
pub const ASK_SECONDS: i64 = 7 * DAY;
/// Seconds before it lapses at which its resident is reminded, once, while it waits for them: time for a visit.
pub const REMIND_SECONDS: i64 = 14 * DAY;
/// Seconds for which an ended one is kept, so that its resident learns what became of it.
pub const KEEP_SECONDS: i64 = 90 * DAY;

/// Where a case stands.
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
#[schema(as = CorrectionState)]
pub enum State {
    /// The resident said it; no office has looked.
    Opened,
    /// The resident brings what is missing, or types again.
    WaitingResident,
    /// The office has what it needs; the register is put right.
    InRegister,
    /// The register agrees.
    Resolved,
    /// The office refused it.
    Refused,
    /// Who opened it took it back.
    Withdrawn,
    /// Its time was over, or what it held up ended.
    Lapsed,
}
text_column!(State);

impl State {
    /// Whether it goes on.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Opened | Self::WaitingResident | Self::InRegister)
    }
}

/// Who opened a case, and how they were known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Opener {
    /// Whoever registers: nobody has seen them yet.
    Registrant,
    /// A holder, with the PIN.
    Holder,
    /// A holder, with the PIN, of what the register changed.
    Objection,
    /// The phone of a digital KTP that the register stopped.
    Stopped,
    /// An officer who has the resident before them.
    Officer,
}
text_column!(Opener);

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Its id.
    pub correction_id: Uuid,
    /// Blind index of the NIK.
    pub nik_index: Vec<u8>,
    /// The registration that it holds up.
    pub registration_id: Option<Uuid>,
    /// Whose digital KTP it is about.
    pub resident_id: Option<Uuid>,
    /// What is wrong.
    pub kind: Kind,
    /// Who opened it.
    pub opener: Opener,
    /// What the row says; see [`Self::state_at`].
    pub state: State,
    /// What the register said when it was heard last.
    pub word: Word,
    /// Raised by every write.
    pub revision: i64,
    /// Sealed [`Matter`](super::Matter).
    pub matter_sealed: Vec<u8>,
    /// An officer's words to the resident, sealed.
    pub words_sealed: Option<Vec<u8>>,
    /// The office that has it.
    pub office_id: Option<Uuid>,
    /// Who asked for the second person, and when.
    pub asked: Option<(Uuid, Timestamp)>,
    /// The second person.
    pub granted_by: Option<Uuid>,
    /// When the resident agreed to the register's spelling.
    pub spelling_agreed_at: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When the present step is expected to be done.
    pub due_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Correction {
    /// Where it stands, whatever the row says: time passes without writes.
    pub fn state_at(&self, now: Timestamp) -> State {
        if self.state.is_live() && now >= self.expires_at { State::Lapsed } else { self.state }
    }

    /// What a decision names: changes with every step.
    pub fn version(&self) -> String {
        format!("{:x}", self.revision)
    }

    /// Who asked, while the second person may still grant it.
    pub fn asked_now(&self, now: Timestamp) -> Option<Uuid> {
        let waits = self.state_at(now) == State::WaitingResident && self.granted_by.is_none();
        self.asked.filter(|(_, at)| waits && now < at.plus_seconds(ASK_SECONDS)).map(|(by, _)| by)
    }

    /// An office has the resident before it: from now on the case is its own.
    ///
    /// # Errors
    /// `wrong_state` when it ended, or another office has passed it on.
    pub fn take(self, office: Uuid, now: Timestamp) -> Result<Self, Refusal> {
        self.require_live(now)?;
        if self.office_id == Some(office) {
            return Ok(self);
        }
        if self.state == State::InRegister || self.asked_now(now).is_some() {
            return Err(elsewhere());
        }
        let state = State::WaitingResident;
        Ok(Self { office_id: Some(office), state, asked: None, ..self }.changed(now))
    }

    /// The documents are there: the register is to be put right. One person does this for kinds that take one.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn pass_on(self, now: Timestamp) -> Result<Self, Refusal> {
        if self.kind.takes_two() {
            return Err(takes_two());
        }
        self.require_waiting(now)?;
        Ok(Self { state: State::InRegister, ..self }.changed(now))
    }

    /// An officer asks a second person to pass it on.
    ///
    /// # Errors
    /// `wrong_state` for a kind that needs none, and while another request waits.
    pub fn ask(self, by: Uuid, now: Timestamp) -> Result<Self, Refusal> {
        self.require_waiting(now)?;
        if !self.kind.takes_two() {
            return Err(Code::WrongState.into());
        }
        match self.asked_now(now) {
            Some(_) => Err(asked_already()),
            None => Ok(Self { asked: Some((by, now)), ..self }.changed(now)),
        }
    }

    /// Somebody else passes it on.
    ///
    /// # Errors
    /// `forbidden` for whoever asked, `wrong_state` when nobody asked, or too long ago.
    pub fn grant(self, by: Uuid, now: Timestamp) -> Result<Self, Refusal> {
        match self.asked_now(now) {
            Some(asked) if asked == by => Err(own_request()),
            Some(_) => Ok(Self { state: State::InRegister, granted_by: Some(by), ..self }.changed(now)),
            None => Err(not_asked()),
        }
    }

    /// Something is missing: the resident has to act. What was asked of a second person is over.
    ///
    /// # Errors
    /// `wrong_state` when it ended.
    pub fn send_back(self, now: Timestamp) -> Result<Self, Refusal> {
        self.require_live(now)?;
        Ok(Self { state: State::WaitingResident, asked: None, granted_by: None, ..self }.changed(now))
    }

    /// Who opened it takes it back; what an office opened it ends itself.
    ///
    /// # Errors
    /// `wrong_state` when an office opened it, or it has ended otherwise.
    pub fn withdraw(self, now: Timestamp) -> Result<Self, Refusal> {
        if self.opener == Opener::Officer { Err(of_office()) } else { self.end(State::Withdrawn, now) }
    }

    /// It ends.
    ///
    /// # Errors
    /// `wrong_state` when it has ended.
    pub fn end(self, state: State, now: Timestamp) -> Result<Self, Refusal> {
        let due = state == State::Lapsed || now < self.expires_at;
        if self.state.is_live() && due && !state.is_live() {
            return Ok(Self { state, ended_at: Some(now), changed_at: now, ..self });
        }
        Err(ended())
    }

    /// The register was heard: the case as it is to be written, or `None` when nothing changes by that. It ends when the register
    /// agrees that had not agreed before. Where it agreed from the beginning nothing is told, so that nobody learns by opening cases
    /// what the register says.
    pub fn hear(self, agrees: bool, now: Timestamp) -> Option<Self> {
        match (self.word, agrees) {
            (Word::Differs, true) => {
                self.end(State::Resolved, now).ok().map(|done| Self { word: Word::Agrees, ..done })
            }
            (Word::Differs, false) | (Word::Agrees, true) => None,
            (Word::Unheard, _) | (Word::Agrees, false) => Some(Self { word: Word::of(agrees), ..self }),
        }
    }

    /// That it goes on.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_live(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.state_at(now).is_live() { Ok(()) } else { Err(ended()) }
    }

    fn require_waiting(&self, now: Timestamp) -> Result<(), Refusal> {
        self.require_live(now)?;
        if self.state == State::WaitingResident { Ok(()) } else { Err(Code::WrongState.into()) }
    }

    fn changed(self, now: Timestamp) -> Self {
        let due_at = now.after_working_days(self.kind.guide().working_days);
        Self { changed_at: now, due_at, ..self }
    }
}

fn ended() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kasus ini sudah berakhir; bila datanya masih berbeda, buka kasus baru.",
        "This case has ended; if the data still differ, open a new one.",
    )
}

fn of_office() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kasus ini dibuka petugas; mintalah kantor itu mengakhirinya bila tidak perlu lagi.",
        "An office opened this case; ask that office to end it if it is not needed any more.",
    )
}

fn elsewhere() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kantor lain sudah meneruskan kasus ini; tunggu hasilnya, atau minta warga menghubungi kantor itu.",
        "Another office has passed this case on; wait for the outcome, or have the resident turn to that office.",
    )
}

fn takes_two() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kasus ini diteruskan oleh dua orang: mintalah persetujuan penyelia.",
        "Two people pass this case on: ask a supervisor to agree.",
    )
}

fn asked_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Persetujuan sudah diminta; mintalah penyelia lain membukanya dari daftar kasus.",
        "A second person was asked already; have another supervisor open it from the list of cases.",
    )
}

fn not_asked() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Tidak ada permintaan yang menunggu, atau sudah lewat 7 hari; petugas perlu memintanya lagi.",
        "No request waits, or it is older than 7 days; an officer has to ask again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: Uuid = Uuid::from_u128(1);
    const OFFICER: Uuid = Uuid::from_u128(2);
    const SUPERVISOR: Uuid = Uuid::from_u128(3);

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn case(kind: Kind) -> Correction {
        Correction {
            correction_id: Uuid::nil(),
            nik_index: vec![1],
            registration_id: Some(Uuid::nil()),
            resident_id: None,
            kind,
            opener: Opener::Registrant,
            state: State::Opened,
            word: Word::Differs,
            revision: 7,
            matter_sealed: vec![],
            words_sealed: None,
            office_id: None,
            asked: None,
            granted_by: None,
            spelling_agreed_at: None,
            opened_at: at(0),
            changed_at: at(0),
            due_at: at(0),
            expires_at: at(LIFE_SECONDS),
            ended_at: None,
        }
    }

    fn taken(kind: Kind) -> Correction {
        case(kind).take(OFFICE, at(1)).unwrap()
    }

    #[test]
    fn one_person_passes_on_what_takes_one_and_nobody_asks_and_grants() {
        assert!(case(Kind::NameChange).pass_on(at(1)).is_err(), "nobody has looked");
        assert_eq!(taken(Kind::NameChange).pass_on(at(2)).unwrap().state, State::InRegister);
        assert!(taken(Kind::NameChange).ask(OFFICER, at(2)).is_err(), "takes one");
        for kind in [Kind::DuplicateNik, Kind::WrongDeath] {
            assert!(taken(kind).pass_on(at(2)).is_err(), "takes two");
            assert!(taken(kind).grant(SUPERVISOR, at(2)).is_err(), "nobody asked");
            let asked = taken(kind).ask(OFFICER, at(2)).unwrap();
            assert!(asked.clone().ask(SUPERVISOR, at(3)).is_err(), "waits already");
            assert_eq!(asked.clone().grant(OFFICER, at(3)).unwrap_err().code, Code::Forbidden);
            assert!(asked.clone().grant(SUPERVISOR, at(2 + ASK_SECONDS)).is_err(), "too late");
            assert!(asked.clone().ask(OFFICER, at(2 + ASK_SECONDS)).is_ok(), "and asked anew");
            let granted = asked.clone().grant(SUPERVISOR, at(1 + ASK_SECONDS)).unwrap();
            assert_eq!((granted.state, granted.granted_by), (State::InRegister, Some(SUPERVISOR)));
            assert!(granted.grant(SUPERVISOR, at(4)).is_err(), "once");
            let back = asked.send_back(at(3)).unwrap();
            assert!(back.grant(SUPERVISOR, at(4)).is_err(), "what was asked is over");
        }
    }

    #[test]
    fn who_opened_it_takes_it_back_and_nobody_else() {
        let withdrawn = taken(Kind::NameChange).withdraw(at(2)).unwrap();
        assert_eq!((withdrawn.state, withdrawn.ended_at), (State::Withdrawn, Some(at(2))));
        assert!(withdrawn.withdraw(at(3)).is_err(), "it has ended");
        assert!(case(Kind::NameChange).withdraw(at(LIFE_SECONDS)).is_err(), "its time is over");
        let of_office = Correction { opener: Opener::Officer, ..case(Kind::NameChange) };
        assert!(of_office.withdraw(at(2)).is_err());
    }

    #[test]
    fn an_office_keeps_what_it_passed_on() {
        let elsewhere = Uuid::from_u128(9);
        assert_eq!(taken(Kind::NameChange).take(elsewhere, at(2)).unwrap().office_id, Some(elsewhere));
        assert!(taken(Kind::NameChange).pass_on(at(2)).unwrap().take(elsewhere, at(3)).is_err());
        let asked = taken(Kind::WrongDeath).ask(OFFICER, at(2)).unwrap();
        assert!(asked.clone().take(elsewhere, at(3)).is_err(), "no request is carried off");
        assert_eq!(asked.clone().take(OFFICE, at(3)).unwrap(), asked, "the same again");
    }

    #[test]
    fn every_step_ends_after_ninety_days() {
        let over = at(LIFE_SECONDS);
        assert_eq!(case(Kind::NameChange).state_at(over), State::Lapsed);
        assert!(case(Kind::NameChange).take(OFFICE, over).is_err());
        assert!(taken(Kind::NameChange).pass_on(over).is_err());
        assert!(taken(Kind::NameChange).send_back(over).is_err());
        assert!(taken(Kind::NameChange).end(State::Refused, over).is_err());
        assert!(taken(Kind::NameChange).hear(true, over).is_none());
        let lapsed = case(Kind::NameChange).end(State::Lapsed, over).unwrap();
        assert!(lapsed.clone().end(State::Resolved, over).is_err() && lapsed.hear(true, over).is_none());
    }

    #[test]
    fn it_ends_when_the_register_comes_to_agree_and_never_tells_that_it_always_did() {
        let done = case(Kind::NameChange).hear(true, at(5)).unwrap();
        assert_eq!((done.state, done.ended_at), (State::Resolved, Some(at(5))));
        assert!(case(Kind::NameChange).hear(false, at(5)).is_none());
        for word in [Word::Unheard, Word::Agrees] {
            let case = Correction { word, ..case(Kind::NameChange) };
            let heard = case.clone().hear(true, at(5)).unwrap_or(case);
            assert_eq!((heard.state, heard.word), (State::Opened, Word::Agrees), "{word:?}");
        }
        let doubtful = Correction { word: Word::Agrees, ..case(Kind::NameChange) };
        let differs = doubtful.hear(false, at(5)).unwrap();
        assert_eq!(differs.hear(true, at(6)).unwrap().state, State::Resolved);
    }
}
