//! A session of outreach, and its steps. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{DAY, HOUR, Timestamp};
use crate::error::{Code, FieldError, Refusal, Text};
use crate::input::{self, phone};
use crate::secret::Redacted;
use crate::text_column;

/// Seconds before its beginning in which a session can be opened: whoever builds it up is there earlier.
pub const EARLY_SECONDS: i64 = 2 * HOUR;
/// Seconds after its end in which scans still count as the session's: one that was forgotten open does not take the office's own.
pub const LATE_SECONDS: i64 = 2 * HOUR;
/// Days after which who coordinated, and why somebody was visited at home, is forgotten.
pub const KEEP_DAYS: i64 = 90;
const LONGEST_SECONDS: i64 = 16 * HOUR;
const FURTHEST_DAYS: i64 = 366;
const MOST_PEOPLE: usize = 30;
const MOST_SLOTS: i64 = 2_000;
const PLACE_CHARACTERS: usize = 120;

/// What kind of session it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = OutreachKind)]
pub enum Kind {
    /// For everybody, in a village hall say.
    Open,
    /// At a school.
    School,
    /// At the home of somebody who cannot come: two people go.
    HomeVisit,
    /// At another office or a company.
    OfficePartner,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = OutreachState)]
pub enum State {
    /// An officer asks for it; a supervisor or the head confirms.
    Asked,
    /// It takes place.
    Planned,
    /// Residents are being served.
    Open,
    /// Nobody is served any more; the sheet is to be filled in.
    Closed,
    /// The sheet is done: nothing changes any more.
    Reported,
    /// It does not take place.
    Cancelled,
}

/// What somebody does in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = OutreachPart)]
pub enum Part {
    /// Leads it: opens, closes and reports.
    Lead,
    /// Serves.
    Officer,
    /// Receives.
    Assistant,
}
text_column!(Kind, State, Part);

/// A session of outreach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outreach {
    /// The id.
    pub outreach_id: Uuid,
    /// The office.
    pub office_id: Uuid,
    /// What kind it is.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// Raised by every write.
    pub revision: i64,
    /// The village's code, ten digits.
    pub village_code: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How many people can be served.
    pub capacity: i64,
    /// Who planned it.
    pub planned_by: Uuid,
    /// Who let it take place.
    pub confirmed_by: Option<Uuid>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// When it was reported.
    pub reported_at: Option<Timestamp>,
    /// Minutes without network.
    pub offline_minutes: Option<i64>,
}

impl Outreach {
    /// What the next step names.
    pub fn version(&self) -> String {
        self.revision.to_string()
    }

    /// That its plan can still be changed, or that it can be cancelled.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_planning(&self) -> Result<(), Refusal> {
        match self.state {
            State::Asked | State::Planned => Ok(()),
            State::Open | State::Closed | State::Reported | State::Cancelled => Err(planned_no_more()),
        }
    }

    /// That it can be opened now.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_openable(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.state != State::Planned {
            return Err(Code::WrongState.into());
        }
        if now < self.starts_at.plus_seconds(-EARLY_SECONDS) || now >= self.ends_at {
            return Err(not_its_time());
        }
        Ok(())
    }

    /// That it stands so.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require(&self, state: State) -> Result<(), Refusal> {
        if self.state == state { Ok(()) } else { Err(Code::WrongState.into()) }
    }
}

/// Who coordinates at the place: a school's teacher, the head of a neighbourhood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coordinator {
    /// Name.
    pub name: Redacted<String>,
    /// Phone.
    pub phone: Redacted<String>,
}

/// What rests sealed with a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The place; of a visit at home somebody's address. None once it is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Redacted<String>>,
    /// Who coordinates there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinator: Option<Coordinator>,
    /// Why somebody is visited at home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Redacted<String>>,
}

impl Details {
    /// What is kept for good.
    pub fn forgotten(self, kind: Kind) -> Self {
        let place = if kind == Kind::HomeVisit { None } else { self.place };
        Self { place, ..Self::default() }
    }
}

/// A plan, as it is typed.
#[derive(Debug)]
pub struct Plan {
    /// What kind.
    pub kind: Kind,
    /// The village's code.
    pub village_code: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How many people can be served.
    pub capacity: i64,
    /// What is sealed.
    pub details: Details,
    /// Who leads.
    pub lead: Uuid,
    /// Everybody who goes there, the lead among them or not.
    pub people: Vec<Uuid>,
}

impl Plan {
    /// The plan with its words made clean.
    ///
    /// # Errors
    /// `invalid_field` with all that is wrong.
    pub fn checked(mut self, now: Timestamp) -> Result<Self, Refusal> {
        let mut wrong = Vec::new();
        let mut say = |field: &'static str, message: Text| wrong.push(FieldError { field: field.into(), message });
        let place = self.details.place.as_ref().map(|place| place.expose().clone()).unwrap_or_default();
        match input::label(&place, PLACE_CHARACTERS) {
            Ok(place) => self.details.place = Some(Redacted(place)),
            Err(message) => say("place", message),
        }
        let length = self.ends_at.seconds_since(self.starts_at);
        if !(1..=LONGEST_SECONDS).contains(&length) {
            say("ends_at", ENDS);
        }
        if self.ends_at <= now || self.starts_at > now.plus_seconds(FURTHEST_DAYS * DAY) {
            say("starts_at", STARTS);
        }
        if !(1..=MOST_SLOTS).contains(&self.capacity) {
            say("capacity", CAPACITY);
        }
        if let Some(coordinator) = &mut self.details.coordinator {
            match input::label(coordinator.name.expose(), PLACE_CHARACTERS) {
                Ok(name) => coordinator.name = Redacted(name),
                Err(message) => say("coordinator.name", message),
            }
            match phone::clean(coordinator.phone.expose()) {
                Ok(phone) => coordinator.phone = Redacted(phone),
                Err(message) => say("coordinator.phone", message),
            }
        }
        if !self.people.contains(&self.lead) {
            self.people.push(self.lead);
        }
        self.people.sort_unstable();
        self.people.dedup();
        if self.people.len() > MOST_PEOPLE {
            say("people", PEOPLE);
        }
        if self.kind == Kind::HomeVisit {
            let reason = self.details.reason.as_ref().map(|reason| reason.expose().trim().to_owned());
            match reason.filter(|reason| input::is_prose(reason, 5..=500)) {
                Some(reason) => self.details.reason = Some(Redacted(reason)),
                None => say("reason", REASON),
            }
            if self.people.len() < 2 {
                say("people", TWO);
            }
        } else {
            self.details.reason = None;
        }
        if wrong.is_empty() { Ok(self) } else { Err(Refusal::fields(wrong)) }
    }
}

const ENDS: Text = Text::new(
    "Selesai harus sesudah mulai, paling lama 16 jam kemudian.",
    "The end comes after the beginning, 16 hours later at most.",
);
const STARTS: Text = Text::new(
    "Pilih waktu yang belum lewat, paling jauh setahun lagi.",
    "Choose a time that is not over, and within a year.",
);
const CAPACITY: Text = Text::new("Isi 1 sampai 2.000 orang.", "Write 1 to 2,000 people.");
const PEOPLE: Text = Text::new("Paling banyak 30 orang bertugas.", "At most 30 people are on the roster.");
const REASON: Text = Text::new(
    "Tulis mengapa warga didatangi di rumah: 5-500 karakter, tanpa NIK.",
    "Write why somebody is visited at home: 5 to 500 characters, without the NIK.",
);
const TWO: Text = Text::new(
    "Kunjungan rumah dilakukan dua orang; pilih satu rekan lagi.",
    "Two people visit a home; choose one more.",
);

fn planned_no_more() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Sesi ini sudah dibuka, selesai, atau batal; rencananya tidak dapat diubah lagi. Rencanakan sesi baru.",
        "This session was opened, is over or was cancelled; its plan does not change any more. Plan another one.",
    )
}

fn not_its_time() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Sesi dapat dibuka mulai dua jam sebelum jam mulai sampai jam selesainya. Bila jadwalnya berubah, ubah dahulu rencananya.",
        "A session is opened from two hours before it begins until it ends. If the time has changed, change the plan first.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn plan(kind: Kind, people: &[u128]) -> Plan {
        Plan {
            kind,
            village_code: String::from("3171011001"),
            starts_at: at(HOUR),
            ends_at: at(4 * HOUR),
            capacity: 60,
            details: Details { place: Some(Redacted(String::from(" Balai Warga "))), ..Details::default() },
            lead: Uuid::from_u128(1),
            people: people.iter().copied().map(Uuid::from_u128).collect(),
        }
    }

    fn wrong(plan: Plan) -> Vec<String> {
        plan.checked(at(0)).unwrap_err().fields.into_iter().map(|one| one.field.into_owned()).collect()
    }

    #[test]
    fn a_plan_has_a_place_a_time_and_people_and_says_all_that_is_wrong() {
        let good = plan(Kind::Open, &[2, 2]).checked(at(0)).unwrap();
        assert_eq!(good.people, [Uuid::from_u128(1), Uuid::from_u128(2)], "the lead is one of them, each once");
        assert_eq!(good.details.place.unwrap().expose(), "Balai Warga");
        let mut bad = plan(Kind::Open, &[]);
        (bad.details.place, bad.ends_at, bad.capacity) = (None, at(HOUR), 0);
        assert_eq!(wrong(bad), ["place", "ends_at", "capacity"]);
        assert_eq!(wrong(Plan { ends_at: at(-1), starts_at: at(-HOUR), ..plan(Kind::Open, &[]) }), ["starts_at"]);
        assert_eq!(wrong(Plan { ends_at: at(18 * HOUR), ..plan(Kind::Open, &[]) }), ["ends_at"]);
    }

    #[test]
    fn two_people_visit_a_home_and_say_why() {
        assert_eq!(wrong(plan(Kind::HomeVisit, &[])), ["reason", "people"]);
        let mut visit = plan(Kind::HomeVisit, &[2]);
        visit.details.reason = Some(Redacted(String::from("Tidak dapat bangun")));
        let details = visit.checked(at(0)).unwrap().details;
        assert!(details.reason.is_some());
        assert_eq!(details.clone().forgotten(Kind::HomeVisit), Details::default());
        assert!(details.forgotten(Kind::School).place.is_some());
    }

    fn session(state: State) -> Outreach {
        Outreach {
            outreach_id: Uuid::nil(),
            office_id: Uuid::nil(),
            kind: Kind::Open,
            state,
            revision: 0,
            village_code: String::new(),
            starts_at: at(3 * HOUR),
            ends_at: at(5 * HOUR),
            capacity: 1,
            planned_by: Uuid::nil(),
            confirmed_by: None,
            opened_at: None,
            closed_at: None,
            reported_at: None,
            offline_minutes: None,
        }
    }

    #[test]
    fn it_is_opened_in_its_time_and_planned_before_that() {
        let planned = session(State::Planned);
        let may = |seconds| planned.require_openable(at(seconds)).is_ok();
        assert_eq!([HOUR - 1, HOUR, 5 * HOUR - 1, 5 * HOUR].map(may), [false, true, true, false]);
        for state in [State::Asked, State::Open, State::Closed, State::Reported, State::Cancelled] {
            assert!(session(state).require_openable(at(3 * HOUR)).is_err(), "{state:?}");
            assert_eq!(session(state).require_planning().is_ok(), state == State::Asked, "{state:?}");
        }
    }
}
