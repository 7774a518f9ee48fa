//! What a printed card can be, and who may do what to it. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::error::{Code, FieldError, Refusal, Text};
use crate::helper::Noted;
use crate::input::name;
use crate::register::{Date, Nik, RegisterRecord};
use crate::secret::Redacted;
use crate::status_list::Place;
use crate::text_column;

/// Seconds in which a card that was prepared can be granted: the resident waits at the counter.
pub const WAIT_SECONDS: i64 = 30 * MINUTE;
/// Seconds that a card counts.
pub const LIFE_SECONDS: i64 = 365 * DAY;
/// Seconds after the grant in which the card can be printed, more than once: paper jams.
pub const PRINT_SECONDS: i64 = HOUR;
/// Days that what the second person compared is kept after a grant.
pub const EVIDENCE_DAYS: i64 = 30;
/// The same after any other end.
pub const EVIDENCE_DAYS_WITHOUT_CARD: i64 = 7;
/// Days that the row is kept after it ended without a card, or after the card expired.
pub const KEEP_DAYS: i64 = 90;

/// Where a request for a card stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = CardRequestState)]
pub enum State {
    /// An officer typed what the resident said; photo or consent are missing.
    Prepared,
    /// The officer asked; a supervisor of the office is to grant.
    Asked,
    /// There is a card.
    Granted,
    /// Refused, or taken back by who asked.
    Refused,
    /// Nobody granted it in time.
    Lapsed,
}
text_column!(State);

/// Why somebody at a counter voids a card, or why it was voided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = CardVoidReason)]
pub enum VoidReason {
    /// A new one took its place.
    Reprinted,
    /// It was lost or stolen.
    Lost,
    /// Its holder gave it back; who has no phone ends the digital KTP with it.
    Returned,
    /// Its holder activated a phone.
    Phone,
}
text_column!(VoidReason);

/// Whether a card that was issued still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It counts.
    Good,
    /// It was voided, or the digital KTP was stopped.
    Void,
    /// Its year is over.
    Expired,
}

/// A card, from what an officer prepares to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub card_id: Uuid,
    /// Whose it is or will be.
    pub resident_id: Uuid,
    /// The office that issues it.
    pub office_id: Uuid,
    /// What the row says; time passes without writes, see [`Card::state`].
    pub written: State,
    /// Raised by every write.
    pub revision: i64,
    /// Who prepared it and asks for it.
    pub asked_by: Uuid,
    /// When it was prepared.
    pub prepared_at: Timestamp,
    /// When the request lapses.
    pub lapses_at: Timestamp,
    /// When the resident agreed to the terms and it was asked for.
    pub asked_at: Option<Timestamp>,
    /// The generation of the credential that was looked at; 0 where there was none.
    pub generation: i64,
    /// Who granted it.
    pub granted_by: Option<Uuid>,
    /// When it was granted, refused or lapsed.
    pub ended_at: Option<Timestamp>,
    /// What there is once it was granted.
    pub issued: Option<Issued>,
}

/// A card that was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Its place in the status lists.
    pub place: Place,
    /// The first moment in which it does not count any more.
    pub expires_at: Timestamp,
    /// Whether it stays good when its holder activates a phone.
    pub keeps: bool,
    /// When and why it was voided at a counter; a stop of the digital KTP is not written here.
    pub voided: Option<(Timestamp, VoidReason)>,
}

impl Card {
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

    /// Whether somebody asked for it or granted it.
    pub fn is_of(&self, person: Uuid) -> bool {
        self.asked_by == person || self.granted_by == Some(person)
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

    /// The card that was issued.
    ///
    /// # Errors
    /// `wrong_state` when it was not granted.
    pub fn require_issued(&self) -> Result<Issued, Refusal> {
        self.issued.ok_or_else(|| Code::WrongState.into())
    }
}

impl Issued {
    /// Whether it still counts; `listed` is what its place in the status lists says.
    pub fn standing(&self, listed: bool, now: Timestamp) -> Standing {
        if now >= self.expires_at {
            Standing::Expired
        } else if listed && self.voided.is_none() {
            Standing::Good
        } else {
            Standing::Void
        }
    }
}

/// What the resident said at the counter, and what else rests sealed with a card.
#[derive(Debug, Serialize, Deserialize)]
pub struct Said {
    /// The NIK.
    pub nik: Nik,
    /// The name, as the resident says it.
    pub full_name: Redacted<String>,
    /// The birth date, as the resident says it.
    pub birth_date: Date,
    /// Who helped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helper: Option<Noted>,
    /// Who heard that the resident agrees, where the resident cannot read: another person than those of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Redacted<String>>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Redacted<String>>,
}

/// Compares what the resident said with what the register says. Names of fields are told, never what stands there: an officer who guesses
/// learns nothing else.
///
/// # Errors
/// `invalid_field` for what differs, or a NIK that the register does not know; `wrong_state` for who may not have a KTP.
pub fn compare(said: &Said, record: Option<&RegisterRecord>, today: Date) -> Result<(), Refusal> {
    let Some(record) = record else {
        return Err(Refusal::field(
            "nik",
            "NIK ini tidak ada di database kependudukan; periksa angkanya pada KTP-el atau KK.",
            "The population register does not know this NIK; check its digits on the KTP-el or the family card.",
        ));
    };
    let differs = |field: &'static str| FieldError {
        field: field.into(),
        message: Text::new(
            "Berbeda dari database kependudukan; periksa pada KTP-el. Bila database yang salah, arahkan ke pembetulan data.",
            "Differs from the population register; check the KTP-el. If the register is wrong, refer to a correction of data.",
        ),
    };
    let mut wrong = Vec::new();
    if name::compare(said.full_name.expose(), &record.full_name) != name::Likeness::Same {
        wrong.push(differs("full_name"));
    }
    if said.birth_date != record.birth_date {
        wrong.push(differs("birth_date"));
    }
    if !wrong.is_empty() {
        return Err(Refusal::fields(wrong));
    }
    if record.eligible_on(today) { Ok(()) } else { Err(not_eligible()) }
}

fn not_eligible() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Menurut database kependudukan, orang ini belum atau tidak lagi berhak atas KTP; periksa umur dan status hidupnya.",
        "According to the population register this person may not, or no longer, have a KTP; check the age and whether they live here.",
    )
}

fn own_request() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Kartu yang Anda minta sendiri harus disetujui penyelia atau kepala lain, di kantor ini atau di atasnya.",
        "A card that you asked for has to be granted by another supervisor or head, of this office or of one above it.",
    )
}

fn others_request() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Kartu ini disiapkan rekan Anda; hanya ia yang dapat melanjutkannya. Siapkan kartu baru bila warga ada di loket Anda.",
        "A colleague prepares this card and goes on with it; prepare another one if the resident stands at your counter.",
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

    fn card(written: State) -> Card {
        Card {
            card_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            office_id: Uuid::nil(),
            written,
            revision: 0,
            asked_by: ASKER,
            prepared_at: at(0),
            lapses_at: at(WAIT_SECONDS),
            asked_at: Some(at(10)),
            generation: 0,
            ended_at: None,
            granted_by: None,
            issued: None,
        }
    }

    #[test]
    fn nobody_grants_what_they_asked_for_and_nothing_after_its_time() {
        let asked = card(State::Asked);
        assert_eq!(asked.require_grantable(ASKER, at(11)).unwrap_err().code, Code::Forbidden);
        assert!(asked.require_grantable(OTHER, at(WAIT_SECONDS - 1)).is_ok());
        assert_eq!(asked.require_grantable(OTHER, at(WAIT_SECONDS)).unwrap_err().code, Code::WrongState);
        assert!(asked.require_waiting(at(WAIT_SECONDS)).is_err());
        for written in [State::Prepared, State::Granted, State::Refused, State::Lapsed] {
            assert_eq!(
                card(written).require_grantable(OTHER, at(11)).unwrap_err().code,
                Code::WrongState,
                "{written:?}"
            );
        }
        assert!(card(State::Prepared).require_preparing(ASKER, at(1)).is_ok());
        assert_eq!(card(State::Prepared).require_preparing(OTHER, at(1)).unwrap_err().code, Code::Forbidden);
        assert_eq!(asked.require_preparing(ASKER, at(11)).unwrap_err().code, Code::WrongState);
    }

    #[test]
    fn a_card_counts_for_its_year_unless_it_is_void() {
        let place = Place { list_id: 1, index: 1 };
        let issued = Issued { place, expires_at: at(LIFE_SECONDS), keeps: false, voided: None };
        assert_eq!(issued.standing(true, at(LIFE_SECONDS - 1)), Standing::Good);
        assert_eq!(issued.standing(true, at(LIFE_SECONDS)), Standing::Expired);
        assert_eq!(issued.standing(false, at(1)), Standing::Void, "the digital KTP was stopped");
        let voided = Issued { voided: Some((at(1), VoidReason::Lost)), ..issued };
        assert_eq!(voided.standing(true, at(1)), Standing::Void);
    }

    #[test]
    fn what_differs_is_named_and_never_told() {
        let today = Date::parse("2026-11-21").unwrap();
        let said = |name: &str, birth_date: &str| Said {
            nik: siti().nik,
            full_name: Redacted(name.into()),
            birth_date: Date::parse(birth_date).unwrap(),
            helper: None,
            witness: None,
            refusal: None,
        };
        let right = said("Siti Nurhalizah", "1990-08-17");
        assert!(compare(&right, Some(&siti()), today).is_ok());
        let fields = |refusal: Refusal| refusal.fields.iter().map(|one| one.field.to_string()).collect::<Vec<_>>();
        assert_eq!(fields(compare(&right, None, today).unwrap_err()), ["nik"]);
        let wrong = compare(&said("Siti Nurhaliza", "1990-08-18"), Some(&siti()), today).unwrap_err();
        assert!(!format!("{wrong:?}").contains("1990-08-17") && !format!("{wrong:?}").contains("NURHALIZAH"));
        assert_eq!(fields(wrong), ["full_name", "birth_date"]);
        let dead = RegisterRecord { vital_status: crate::register::VitalStatus::Deceased, ..siti() };
        assert_eq!(compare(&right, Some(&dead), today).unwrap_err().code, Code::WrongState);
    }
}
