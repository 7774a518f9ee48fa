//! What an office does with the confirmation that somebody left, inside the transactions of the counter. Who may do what is judged there.

use uuid::Uuid;

use super::model::{Departure, KEEP_DAYS, State, WAIT_SECONDS};
use super::store;
use crate::clerk::Clerk;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Refusal, Result};
use crate::holder::ports::{self as holder, Stopped};
use crate::holder::{CredentialState, Reason, Status};
use crate::life::ports::{self as life, By};
use crate::office::Scope;
use crate::register::{Date, Nik};
use crate::secret::Redacted;
use crate::transaction;

/// What the words of a request are sealed for.
pub(super) const WORDS: &str = "departure";
/// Requests shown to an office at most.
const SHOWN: i64 = 100;
/// Requests that lapse or are forgotten in one round.
const BATCH: i64 = 200;

/// Confirmations at an office. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
}

/// A request as an officer sees it.
#[derive(Debug)]
pub struct Seen {
    /// The request.
    pub departure: Departure,
    /// Where it stands.
    pub state: State,
    /// The name, as the register has it; none once the data are erased.
    pub full_name: Option<Redacted<String>>,
    /// The NIK, of which only the ends are shown.
    pub nik: Option<Redacted<String>>,
    /// The birth date.
    pub birth_date: Option<Date>,
    /// The state of the digital KTP.
    pub card: CredentialState,
    /// Since when it is stopped, and why.
    pub stopped: Option<(Reason, Timestamp)>,
    /// Why it is asked for, or refused.
    pub words: Redacted<String>,
}

impl Desk {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// The digital KTP of a NIK, if the register stopped it because its holder is no citizen any more and left: whose it is, and the id of
    /// the own request that waits or of a new one. Everybody else is the same miss.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find(&self, by: Clerk, nik: &Nik) -> Result<(Uuid, Uuid)> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let resident = holder::of_nik(&self.context, &mut tx, nik).await?.ok_or_else(nobody_left)?;
        left(&mut tx, resident).await?.ok_or_else(nobody_left)?;
        let waiting = store::waiting_for(&mut tx, resident).await?;
        let own = waiting.filter(|found| found.asked_by == by.officer_id && found.state(now) == State::Asked);
        Ok((resident, own.map_or_else(|| self.context.random.uuid_v7(now), |own| own.departure_id)))
    }

    /// Somebody of an office asks. While their request waits, asking again gives the same one.
    ///
    /// # Errors
    /// `wrong_state` when a colleague, or another office, asked already; `not_found` when the register took it back at this moment.
    pub async fn ask(&self, tx: &mut Tx, by: Clerk, (resident, id): (Uuid, Uuid), reason: &str) -> Result<Departure> {
        let now = self.context.now();
        holder::hold(tx, resident).await?.ok_or_else(nobody_left)?;
        let status = left(tx, resident).await?.ok_or_else(nobody_left)?;
        if let Some(found) = store::waiting_for(tx, resident).await? {
            // Held, because somebody may decide at this moment.
            let held = store::hold(tx, found.departure_id).await?.ok_or(DbError::Contention)?;
            let is_of_this = held.event_id == status.event_id;
            match held.state(now) {
                State::Asked if is_of_this && held.asked_by == by.officer_id => return Ok(held),
                State::Asked if is_of_this => return Err(asked_already().into()),
                // Of what the register took back since, or out of time: it leads to nothing.
                State::Asked | State::Lapsed => store::end(tx, &held, State::Lapsed, now, None).await?.demand()?,
                // Decided since it was found.
                State::Granted | State::Refused => return Err(DbError::Contention.into()),
            }
        }
        let asked = Departure {
            departure_id: id,
            resident_id: resident,
            event_id: status.event_id,
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

    /// A supervisor, another person of the office, grants it: the digital KTP has ended with the commit. Gives who asked, whom the caller
    /// is to look at before committing.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for one's own request, `wrong_state` when it was decided or lapsed, and when the register took back what it
    /// rests on.
    pub async fn grant(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<Uuid> {
        let now = self.context.now();
        let found = of_office(store::lookup(tx, id).await?, by.office_id)?;
        // The credential first: what the register says at this moment comes before this or after it.
        holder::hold(tx, found.resident_id).await?.ok_or(Code::NotFound)?;
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_grantable(by.officer_id, now)?;
        let status = left(tx, held.resident_id).await?.filter(|status| status.event_id == held.event_id);
        status.ok_or_else(taken_back)?;
        store::grant(tx, &held, by.officer_id, now).await?.demand()?;
        let who = By::officer(by.officer_id, by.office_id);
        match life::stop(&self.context, tx, held.resident_id, Reason::Emigrated, (now, None), who).await? {
            Stopped::Now(_) => Ok(held.asked_by),
            Stopped::Before(_) | Stopped::Nothing => Err(taken_back().into()),
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
        let departure = of_office(store::lookup(&mut tx, id).await?, office)?;
        let record = holder::kept_record(&self.context, &mut tx, departure.resident_id).await?;
        let credential = holder::credential(&mut tx, departure.resident_id).await?.ok_or(Code::NotFound)?;
        let status = holder::status(&mut tx, departure.resident_id).await?;
        let sealed = store::words(&mut tx, id).await?.ok_or(Code::NotFound)?;
        let words = self.context.vault.open_bytes(WORDS, id, &sealed)?;
        Ok(Seen {
            state: departure.state(self.context.now()),
            full_name: record.as_ref().map(|record| Redacted(record.full_name.clone())),
            nik: record.as_ref().map(|record| Redacted(record.nik.masked())),
            birth_date: record.map(|record| record.birth_date),
            card: credential.standing.state(),
            stopped: status.map(|status| (status.reason, status.since)),
            words: Redacted(String::from_utf8_lossy(&words).into_owned()),
            departure,
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
    pub async fn waiting(&self, scope: Scope) -> Result<Vec<Departure>> {
        let since = self.context.now().plus_seconds(-WAIT_SECONDS);
        let mut tx = self.context.db.read().await?;
        Ok(store::waiting(&mut tx, scope, since, SHOWN).await?)
    }

    /// Ends requests whose time is over, and forgets those that ended long ago; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let over = {
            let mut tx = self.context.db.read().await?;
            store::over(&mut tx, now, BATCH).await?
        };
        for id in &over {
            transaction!(self.context.db, "departure.lapse", |tx| {
                let Some(held) = store::hold(tx, *id).await? else { return Ok(()) };
                if held.written == State::Asked && held.state(now) == State::Lapsed {
                    store::end(tx, &held, State::Lapsed, now, None).await?.either_way();
                }
                Ok(())
            })?;
        }
        let before = now.plus_seconds(-KEEP_DAYS * DAY);
        let forgotten =
            transaction!(self.context.db, "departure.sweep", |tx| Ok(store::sweep(tx, before, BATCH).await?))?;
        Ok(over.len() as u64 + forgotten)
    }

    async fn held(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str) -> Result<Departure> {
        let held = of_office(store::hold(tx, id).await?, office)?;
        if version == held.version() { Ok(held) } else { Err(changed_since().into()) }
    }

    fn seal(&self, id: Uuid, text: &str) -> Result<Vec<u8>> {
        Ok(self.context.vault.seal_bytes(&self.context.random, WORDS, id, text.as_bytes())?)
    }
}

/// That the register stopped it because its holder left.
async fn left(tx: &mut Tx, resident: Uuid) -> Result<Option<Status>> {
    Ok(holder::status(tx, resident).await?.filter(|status| status.reason == Reason::RegisterLeft))
}

fn of_office(found: Option<Departure>, office: Uuid) -> Result<Departure> {
    found.filter(|found| found.office_id == office).ok_or_else(|| Code::NotFound.into())
}

fn nobody_left() -> Refusal {
    Refusal::new(Code::NotFound).detail(
        "Tidak ada KTP Digital dengan NIK ini yang diblokir karena pemiliknya bukan WNI lagi dan pindah ke luar negeri; periksa NIK.",
        "No digital KTP of this NIK is blocked because its holder is no citizen any more and moved abroad; check the NIK.",
    )
}

fn asked_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Rekan Anda, atau kantor lain, sudah memintanya; buka daftar yang menunggu, lalu setujui atau tolak.",
        "A colleague, or another office, asked for this already; open the list of what waits, then grant or refuse it.",
    )
}

fn taken_back() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Database kependudukan menarik kembali atau mengubah keterangannya; tolak permintaan ini, lalu periksa lagi.",
        "The population register took its word back or changed it; refuse this request, then look again.",
    )
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Permintaan ini berubah sejak Anda membukanya; buka lagi, lalu putuskan.",
        "This request changed since you opened it; open it again, then decide.",
    )
}
