//! What the office does with an annulment, inside the transactions of the counter. Who may do what is judged there.

use uuid::Uuid;

use super::model::{Annulment, State, WAIT_SECONDS};
use super::store;
use crate::card::ports as cards;
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Refusal, Result};
use crate::holder::ports::{self as holder, Stopped};
use crate::holder::{CredentialState, Reason};
use crate::life::ports::{self as life, By};
use crate::office::Scope;
use crate::register::{Date, Nik};
use crate::registration::ports as registrations;
use crate::secret::Redacted;

/// What the words of an annulment are sealed for.
pub(super) const WORDS: &str = "annulment";
/// Requests shown to an office at most.
const SHOWN: i64 = 100;

/// Annulments at an office. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
}

/// An annulment as a supervisor sees it.
#[derive(Debug)]
pub struct Seen {
    /// The request.
    pub annulment: Annulment,
    /// Where it stands.
    pub state: State,
    /// The name of whose identity it is, as the register has it; none once their data are erased.
    pub full_name: Option<Redacted<String>>,
    /// The NIK.
    pub nik: Option<Redacted<String>>,
    /// The birth date.
    pub birth_date: Option<Date>,
    /// The state of the digital KTP.
    pub card: CredentialState,
    /// Why it is asked for, or refused.
    pub words: Redacted<String>,
}

/// What an annulment would be of.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The id of the request: of the own one that waits, or a new one.
    pub annulment_id: Uuid,
    /// Whose identity.
    pub resident_id: Uuid,
    /// The registration that led to the digital KTP, or the card of who has it on paper alone.
    pub registration_id: Uuid,
}

impl Desk {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// The digital KTP of a NIK, if this office let it become active. A NIK that is nobody's and one that another office activated are
    /// the same miss.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find(&self, by: Clerk, nik: &Nik) -> Result<Found> {
        let (office, now) = (by.office_id, self.context.now());
        let mut tx = self.context.db.read().await?;
        let resident = holder::of_nik(&self.context, &mut tx, nik).await?.ok_or_else(not_activated_here)?;
        let (registration, responsible) = led_by(&mut tx, resident).await?.ok_or_else(not_activated_here)?;
        if responsible != Some(office) {
            return Err(not_activated_here().into());
        }
        let waiting = store::waiting_for(&mut tx, resident).await?;
        // One that is of an earlier activation makes way for a new one.
        let is_own = |found: &Annulment| found.asked_by == by.officer_id && found.registration_id == registration;
        let own = waiting.filter(|found| is_own(found) && found.state(now) == State::Asked);
        let annulment_id = own.map_or_else(|| self.context.random.uuid_v7(now), |own| own.annulment_id);
        Ok(Found { annulment_id, resident_id: resident, registration_id: registration })
    }

    /// A supervisor asks. While their request waits, asking again gives the same one.
    ///
    /// # Errors
    /// `wrong_state` when a colleague asked already, or when it was annulled before.
    pub async fn ask(&self, tx: &mut Tx, by: Clerk, found: Found, reason: &str) -> Result<Annulment> {
        let now = self.context.now();
        let Found { annulment_id: id, resident_id: resident, registration_id: registration } = found;
        if let Some(found) = store::waiting_for(tx, resident).await? {
            // Held, because somebody may decide at this moment.
            let held = store::hold(tx, found.annulment_id).await?.ok_or(DbError::Contention)?;
            match held.state(now) {
                State::Asked if held.asked_by == by.officer_id && held.registration_id == registration => {
                    return Ok(held);
                }
                State::Asked if held.registration_id == registration => return Err(asked_already().into()),
                State::Asked | State::Lapsed => {
                    // Of an activation that another one has followed, or out of time: it leads to nothing.
                    store::end(tx, &held, State::Lapsed, now, None).await?.demand()?;
                }
                // Decided since it was found.
                State::Granted | State::Refused => return Err(DbError::Contention.into()),
            }
        }
        let credential = holder::credential(tx, resident).await?.ok_or_else(not_activated_here)?;
        require_annullable(tx, resident).await?;
        let asked = Annulment {
            annulment_id: id,
            resident_id: resident,
            registration_id: registration,
            activated_at: credential.activated_at,
            office_id: by.office_id,
            written: State::Asked,
            revision: 0,
            asked_by: by.officer_id,
            asked_at: now,
            expires_at: now.plus_seconds(WAIT_SECONDS),
            ended_at: None,
        };
        // When another request was faster, the next try finds what it made.
        store::add(tx, &asked, &self.seal(id, reason)?).await.map_err(DbError::unique_as_contention)?;
        Ok(asked)
    }

    /// The head grants it: the digital KTP has ended with the commit, on all nodes. Gives the request, whose asker the caller
    /// is to look at before committing.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for one's own request, `wrong_state` when it was decided, lapsed, or is of an earlier activation.
    pub async fn grant(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<Annulment> {
        let now = self.context.now();
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_grantable(by.officer_id, now)?;
        // A PIN, a phone or a block that changed since voids nothing: whoever holds it wrongfully could do that to stay. Only another
        // activation is another matter.
        let credential = holder::hold(tx, held.resident_id).await?.ok_or(Code::NotFound)?;
        if credential.activated_at != held.activated_at {
            return Err(activated_since().into());
        }
        store::grant(tx, &held, by.officer_id, now).await?.demand()?;
        let who = By::officer(by.officer_id, by.office_id);
        match life::stop(&self.context, tx, held.resident_id, Reason::Annulled, (now, None), who).await? {
            Stopped::Now(_) => Ok(held),
            Stopped::Before(_) | Stopped::Nothing => Err(ended_for_good().into()),
        }
    }

    /// Refuses it, or takes the own request back: nothing changes for anybody.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn refuse(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let now = self.context.now();
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_waiting(now)?;
        let words = self.seal(id, reason)?;
        store::end(tx, &held, State::Refused, now, Some(&words)).await?.demand()
    }

    /// A request of the office, with what is judged.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn see(&self, office: Uuid, id: Uuid) -> Result<Seen> {
        let mut tx = self.context.db.read().await?;
        let annulment = of_office(store::lookup(&mut tx, id).await?, office)?;
        let record = holder::kept_record(&self.context, &mut tx, annulment.resident_id).await?;
        let credential = holder::credential(&mut tx, annulment.resident_id).await?.ok_or(Code::NotFound)?;
        let sealed = store::words(&mut tx, id).await?.ok_or(Code::NotFound)?;
        let words = self.context.vault.open_bytes(WORDS, id, &sealed)?;
        let card = credential.standing.state();
        Ok(Seen {
            state: annulment.state(self.context.now()),
            full_name: record.as_ref().map(|record| Redacted(record.full_name.clone())),
            nik: record.as_ref().map(|record| Redacted(record.nik.as_str().to_owned())),
            birth_date: record.map(|record| record.birth_date),
            card,
            words: Redacted(String::from_utf8_lossy(&words).into_owned()),
            annulment,
        })
    }

    /// The office whose request this is: the scope's own, or one below it while the request waits for a second person. What follows is done as
    /// for that office.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn office_of(&self, tx: &mut Tx, scope: Scope, id: Uuid) -> Result<Uuid> {
        store::office_of(tx, id, scope).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// What waits for a second person of the offices of a scope.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, scope: Scope) -> Result<Vec<Annulment>> {
        let since = self.context.now().plus_seconds(-WAIT_SECONDS);
        let mut tx = self.context.db.read().await?;
        Ok(store::waiting(&mut tx, scope, since, SHOWN).await?)
    }

    async fn held(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str) -> Result<Annulment> {
        let held = of_office(store::hold(tx, id).await?, office)?;
        if version == held.version() { Ok(held) } else { Err(changed_since().into()) }
    }

    fn seal(&self, id: Uuid, text: &str) -> Result<Vec<u8>> {
        Ok(self.context.vault.seal_bytes(&self.context.random, WORDS, id, text.as_bytes())?)
    }
}

/// What led to a resident's digital KTP, and the office that is answerable for it: a registration, or the card of who has it on paper
/// alone.
async fn led_by(tx: &mut Tx, resident: Uuid) -> Result<Option<(Uuid, Option<Uuid>)>> {
    if let Some(registration) = holder::registration_of(tx, resident).await? {
        return Ok(registrations::lookup(tx, registration).await?.map(|found| (registration, found.office_id)));
    }
    let Some(credential) = holder::credential(tx, resident).await? else { return Ok(None) };
    let card = cards::first_of(tx, resident, credential.activated_at).await?;
    Ok(card.map(|(card_id, office_id)| (card_id, Some(office_id))))
}

/// That it has not ended in a way that nothing goes before.
async fn require_annullable(tx: &mut Tx, resident: Uuid) -> Result<()> {
    match holder::status(tx, resident).await? {
        Some(status) if !Reason::Annulled.goes_before(status.reason) => Err(ended_for_good().into()),
        _ => Ok(()),
    }
}

fn of_office(found: Option<Annulment>, office: Uuid) -> Result<Annulment> {
    found.filter(|found| found.office_id == office).ok_or_else(|| Code::NotFound.into())
}

/// Ends a request whose time is over, for the sweep; gives whether it did.
pub(super) async fn lapse(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool> {
    match store::hold(tx, id).await? {
        Some(held) if held.written == State::Asked && held.state(now) == State::Lapsed => {
            Ok(store::end(tx, &held, State::Lapsed, now, None).await?.happened())
        }
        _ => Ok(false),
    }
}

fn not_activated_here() -> Refusal {
    Refusal::new(Code::NotFound).detail(
        "Tidak ada KTP Digital dengan NIK ini yang diaktifkan lewat kantor ini; periksa NIK, atau hubungi kantor yang menyetujuinya.",
        "No digital KTP of this NIK was activated through this office; check the NIK, or turn to the office that approved it.",
    )
}

fn asked_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Rekan Anda sudah meminta pembatalan ini; buka daftar yang menunggu, lalu setujui atau tolak.",
        "A colleague asked for this annulment already; open the list of what waits, then grant or refuse it.",
    )
}

fn activated_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Sesudah permintaan ini ada aktivasi yang baru; tolak permintaan ini, lalu periksa aktivasi yang baru.",
        "There was another activation after this request; refuse the request, then look at the new activation.",
    )
}

fn ended_for_good() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital ini sudah berakhir; tidak ada lagi yang dapat dibatalkan.",
        "This digital KTP has ended already; there is nothing left to annul.",
    )
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Permintaan ini berubah sejak Anda membukanya; buka lagi, lalu putuskan.",
        "This request changed since you opened it; open it again, then decide.",
    )
}
