//! What the office does with a recovery, inside the transactions of the counter. Who may do what is judged there.

use uuid::Uuid;

use super::model::{End, PRESENT_SECONDS, Recovery, State, Visit};
use super::phone::{WORDS, require_recoverable, words};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::credential::TokenKind;
use crate::db::Tx;
use crate::error::{Code, Error, Refusal, Result};
use crate::holder::ports as holder;
use crate::holder::{CredentialState, Reason};
use crate::keyring::Keyring;
use crate::office::Scope;
use crate::register::Date;
use crate::secret::Redacted;

/// Requests shown to an office at most.
const SHOWN: i64 = 100;

/// Recoveries at counters. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
    keyring: Keyring,
}

/// A recovery as an officer sees it.
#[derive(Debug)]
pub struct Seen {
    /// The recovery.
    pub recovery: Recovery,
    /// Where it stands.
    pub state: State,
    /// Changes with every step; each decision names it.
    pub version: String,
    /// The holder's name, as the register has it.
    pub full_name: Redacted<String>,
    /// The NIK, of which only the ends are shown.
    pub nik: Redacted<String>,
    /// The birth date.
    pub birth_date: Date,
    /// The state of the digital KTP.
    pub card: CredentialState,
    /// Why it is not active, and since when.
    pub stopped: Option<(Reason, Timestamp)>,
    /// Whether there is a portrait to compare with.
    pub has_portrait: bool,
    /// Why it was asked for.
    pub words: Option<Redacted<String>>,
}

impl Desk {
    /// `keyring` reads the QRs.
    pub const fn new(context: Context, keyring: Keyring) -> Self {
        Self { context, keyring }
    }

    /// Reads a scanned QR: which recovery it stands for, and when it was issued. Writes nothing.
    ///
    /// # Errors
    /// `invalid_field` for what is no QR of ours, `qr_expired`.
    pub async fn read_scan(&self, token: &str) -> Result<(Uuid, Timestamp)> {
        let token = self.keyring.authenticate(token, &[TokenKind::Activation]).await.map_err(|_| not_ours())?;
        let record = token.unseal(self.keyring.sealer()).map_err(|_| not_ours())?;
        token.judge_time(self.context.now()).map_err(|_| Error::from(Code::QrExpired))?;
        Ok((record.subject, record.issued))
    }

    /// The holder stands before this officer.
    ///
    /// # Errors
    /// `not_found`, `qr_used`, `wrong_state`.
    pub async fn scan(&self, tx: &mut Tx, visit: Visit, (id, issued): (Uuid, Timestamp)) -> Result<()> {
        let now = self.context.now();
        let held = store::hold(tx, id).await?.ok_or(Code::NotFound)?;
        if held.last_spent == issued && held.officer() == Some(visit.officer_id) && held.is_live(now) {
            return Ok(());
        }
        store::save(tx, &held.scan(visit, issued, now)?, now).await?.demand()
    }

    /// A recovery of the office, with what is compared.
    ///
    /// # Errors
    /// `not_found` when it is not the office's, or no longer.
    pub async fn see(&self, office: Uuid, id: Uuid) -> Result<Seen> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let recovery = of_office(store::lookup(&mut tx, id).await?, office)?;
        let record = holder::record(&self.context, &mut tx, recovery.resident_id).await?;
        let credential = holder::credential(&mut tx, recovery.resident_id).await?.ok_or(Code::NotFound)?;
        let status = holder::status(&mut tx, recovery.resident_id).await?;
        let has_portrait = holder::has_portrait(&mut tx, recovery.resident_id).await?;
        let words = words(&self.context, &mut tx, id).await?;
        let card = credential.standing.state();
        Ok(Seen {
            state: recovery.state(now),
            version: version_of(&recovery),
            recovery,
            full_name: Redacted(record.full_name),
            nik: Redacted(record.nik.masked()),
            birth_date: record.birth_date,
            card,
            stopped: status.map(|status| (status.reason, status.since)),
            has_portrait,
            words,
        })
    }

    /// The register's portrait of the holder: JPEG.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn portrait(&self, office: Uuid, id: Uuid) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        let recovery = of_office(store::lookup(&mut tx, id).await?, office)?;
        holder::portrait(&self.context, &mut tx, recovery.resident_id).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// A recovery of the office, as it stands, without anything personal.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find(&self, office: Uuid, id: Uuid) -> Result<Recovery> {
        let mut tx = self.context.db.read().await?;
        of_office(store::lookup(&mut tx, id).await?, office)
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
    pub async fn waiting(&self, scope: Scope) -> Result<Vec<Recovery>> {
        let since = self.context.now().plus_seconds(-PRESENT_SECONDS);
        let mut tx = self.context.db.read().await?;
        Ok(store::waiting(&mut tx, scope, since, SHOWN).await?)
    }

    /// The officer before whom the holder stands asks for it.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `wrong_state`.
    pub async fn ask(&self, tx: &mut Tx, visit: Visit, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let now = self.context.now();
        let held = self.held(tx, visit.office_id, id, version).await?;
        let generation = require_recoverable(tx, held.resident_id, now).await?;
        store::save(tx, &held.ask(visit.officer_id, generation, now)?, now).await?.demand()?;
        self.keep_words(tx, id, reason).await
    }

    /// Somebody else of the office grants it. Gives who asked, whom the caller is to look at before committing.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for one's own request, `wrong_state`.
    pub async fn grant(&self, tx: &mut Tx, visit: Visit, id: Uuid, version: &str) -> Result<Uuid> {
        let now = self.context.now();
        let held = self.held(tx, visit.office_id, id, version).await?;
        let asked = held.asked().ok_or(Code::WrongState)?;
        if require_recoverable(tx, held.resident_id, now).await? != asked.generation {
            return Err(changed_since().into());
        }
        store::save(tx, &held.grant(visit.officer_id, now)?, now).await?.demand()?;
        Ok(asked.by)
    }

    /// Refuses it; the holder reads why.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn refuse(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let now = self.context.now();
        let held = self.held(tx, office, id, version).await?;
        store::save(tx, &held.end(End::Refused, now)?, now).await?.demand()?;
        self.keep_words(tx, id, reason).await
    }

    async fn held(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str) -> Result<Recovery> {
        let held = of_office(store::hold(tx, id).await?, office)?;
        if version == version_of(&held) { Ok(held) } else { Err(changed_since().into()) }
    }

    async fn keep_words(&self, tx: &mut Tx, id: Uuid, text: &str) -> Result<()> {
        let sealed = self.context.vault.seal_bytes(&self.context.random, WORDS, id, text.as_bytes())?;
        Ok(store::set_words(tx, id, &sealed).await?)
    }
}

fn of_office(found: Option<Recovery>, office: Uuid) -> Result<Recovery> {
    found.filter(|found| found.office() == Some(office)).ok_or_else(|| Code::NotFound.into())
}

fn version_of(recovery: &Recovery) -> String {
    format!("{:x}", recovery.revision)
}

fn not_ours() -> Error {
    Refusal::field(
        "token",
        "Ini bukan QR dari aplikasi IKD; mintalah warga membuka QR-nya, lalu pindai lagi.",
        "This is no QR of the IKD app; have the resident open theirs, then scan again.",
    )
    .into()
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Permintaan ini berubah sejak Anda membukanya; buka lagi, lalu putuskan.",
        "This request changed since you opened it; open it again, then decide.",
    )
}
