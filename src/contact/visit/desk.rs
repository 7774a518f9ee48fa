//! What the office does with a change of address, inside the transactions of the counter. Who may do what is judged there.

use uuid::Uuid;

use super::super::mail::{Address, VISIT_TABLE};
use super::super::model::{FORMER_SECONDS, hint};
use super::super::store as changes;
use super::model::{ContactVisit, End, PRESENT_SECONDS, State, Visit};
use super::phone::{WORDS, masked, require_changeable, words};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::credential::TokenKind;
use crate::db::Tx;
use crate::device::Thumbprint;
use crate::error::{Code, Error, Refusal, Result};
use crate::holder::ports as holder;
use crate::holder::{Credential, CredentialState, Reason};
use crate::keyring::Keyring;
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::office::Scope;
use crate::register::Date;
use crate::secret::Redacted;

/// Requests shown to an office at most.
const SHOWN: i64 = 100;

/// Changes of address at counters. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
    keyring: Keyring,
}

/// One as an officer sees it.
#[derive(Debug)]
pub struct Seen {
    /// The change.
    pub change: ContactVisit,
    /// Where it stands.
    pub state: State,
    /// Changes with every step, and with whatever stops or changes the digital KTP; each decision names it.
    pub version: String,
    /// The holder's name, as the register has it.
    pub full_name: Redacted<String>,
    /// The NIK, of which only the ends are shown.
    pub nik: Redacted<String>,
    /// The birth date.
    pub birth_date: Date,
    /// The address that there is, of which two letters are shown.
    pub present_email: Option<Redacted<String>>,
    /// The new one, of which two letters are shown.
    pub new_email: Option<Redacted<String>>,
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

    /// Reads a scanned QR: which change it stands for, and when it was issued. Writes nothing.
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
        let is_same = held.visit().is_some_and(|before| before.officer_id == visit.officer_id);
        if held.last_spent == issued && is_same && held.is_live(now) {
            return Ok(());
        }
        store::save(tx, &held.scan(visit, issued, now)?, now).await?.demand()
    }

    /// One of the office, with what is compared.
    ///
    /// # Errors
    /// `not_found` when it is not the office's, or no longer.
    pub async fn see(&self, office: Uuid, id: Uuid) -> Result<Seen> {
        let context = &self.context;
        let mut tx = context.db.read().await?;
        let change = of_office(store::lookup(&mut tx, id).await?, office)?;
        let resident = change.resident_id;
        let record = holder::record(context, &mut tx, resident).await?;
        let credential = holder::credential(&mut tx, resident).await?.ok_or(Code::NotFound)?;
        let status = holder::status(&mut tx, resident).await?;
        let present = holder::contact(context, &mut tx, resident).await?.and_then(|contact| contact.email);
        Ok(Seen {
            state: change.state(context.now()),
            version: version_of(&change, &credential),
            new_email: masked(context, &change)?,
            present_email: present.map(|email| Redacted(hint(email.expose()))),
            full_name: Redacted(record.full_name),
            nik: Redacted(record.nik.masked()),
            birth_date: record.birth_date,
            card: credential.standing.state(),
            stopped: status.map(|status| (status.reason, status.since)),
            has_portrait: holder::has_portrait(&mut tx, resident).await?,
            words: words(context, &mut tx, id).await?,
            change,
        })
    }

    /// The register's portrait of the holder: JPEG.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn portrait(&self, office: Uuid, id: Uuid) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        let change = of_office(store::lookup(&mut tx, id).await?, office)?;
        holder::portrait(&self.context, &mut tx, change.resident_id).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// One of the office, as it stands, without anything personal.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find(&self, office: Uuid, id: Uuid) -> Result<ContactVisit> {
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
    pub async fn waiting(&self, scope: Scope) -> Result<Vec<ContactVisit>> {
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
        store::save(tx, &held.ask(visit.officer_id, now)?, now).await?.demand()?;
        self.keep_words(tx, id, reason).await
    }

    /// Somebody else of the office grants it: the new address counts. Gives who asked, whom the caller is to look at before committing.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for one's own request, `wrong_state`, also when the digital KTP was stopped, changed or moved since.
    pub async fn grant(&self, tx: &mut Tx, visit: Visit, id: Uuid, version: &str) -> Result<Uuid> {
        let (context, now) = (&self.context, self.context.now());
        let held = self.held(tx, visit.office_id, id, version).await?;
        let asked = held.require_grantable(visit.officer_id, now)?;
        let address = held.sealed.as_ref().map(|sealed| context.vault.open_row::<Address>(VISIT_TABLE, id, sealed));
        let address = address.transpose()?.ok_or(Code::WrongState)?;
        store::grant(tx, &held, (visit.officer_id, visit.office_id), now).await?.demand()?;
        // A change in the app is overtaken. That this one counts is written where theirs are: nothing else moves for 72 hours.
        if let Some(other) = changes::live(tx, held.resident_id).await? {
            changes::save(tx, &other.stop(now)?).await?.demand()?;
        }
        changes::add_done(tx, (id, held.resident_id), now).await?;
        let until = now.plus_seconds(FORMER_SECONDS);
        holder::set_email(context, tx, held.resident_id, address.email, (now, until)).await?;
        let by = By::officer(visit.officer_id, visit.office_id);
        life::happened(context, tx, (held.resident_id, EventKind::ContactChangedAtCounter), now, by).await?;
        Ok(asked.by)
    }

    /// Refuses it; the holder reads why.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn refuse(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let now = self.context.now();
        let found = of_office(store::lookup(tx, id).await?, office)?;
        let credential = holder::hold(tx, found.resident_id).await?.ok_or(Code::NotFound)?;
        let held = of_version(store::hold(tx, id).await?, office, &credential, version)?;
        store::save(tx, &held.end(End::Refused, now)?, now).await?.demand()?;
        self.keep_words(tx, id, reason).await
    }

    /// One of the office in the version that was on the screen, with its credential: both held, and still the same digital KTP on the
    /// same phone.
    async fn held(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str) -> Result<ContactVisit> {
        let found = of_office(store::lookup(tx, id).await?, office)?;
        // The credential first, as everywhere.
        let credential = require_changeable(tx, found.resident_id).await?;
        let held = of_version(store::hold(tx, id).await?, office, &credential, version)?;
        let device = Thumbprint::try_from(held.device_thumbprint.as_slice()).map_err(|_| Code::WrongState)?;
        let on_phone =
            holder::on_device(tx, &device).await?.is_some_and(|on| on.credential.resident_id == held.resident_id);
        if on_phone && credential.activated_at == held.activated_at { Ok(held) } else { Err(changed_since().into()) }
    }

    async fn keep_words(&self, tx: &mut Tx, id: Uuid, text: &str) -> Result<()> {
        let sealed = self.context.vault.seal_bytes(&self.context.random, WORDS, id, text.as_bytes())?;
        Ok(store::set_words(tx, id, &sealed).await?)
    }
}

fn of_office(found: Option<ContactVisit>, office: Uuid) -> Result<ContactVisit> {
    let here = |found: &ContactVisit| found.visit().is_some_and(|visit| visit.office_id == office);
    found.filter(here).ok_or_else(|| Code::NotFound.into())
}

fn of_version(
    held: Option<ContactVisit>,
    office: Uuid,
    credential: &Credential,
    version: &str,
) -> Result<ContactVisit> {
    let held = of_office(held, office)?;
    if version == version_of(&held, credential) { Ok(held) } else { Err(changed_since().into()) }
}

/// Whoever decides has seen how the digital KTP stands: a block or another PIN since then makes another version.
fn version_of(change: &ContactVisit, credential: &Credential) -> String {
    format!("{:x}.{:x}", change.revision, credential.generation)
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
        "Permintaan ini atau KTP Digital-nya berubah sejak Anda membukanya; buka lagi, lalu putuskan.",
        "This request or its digital KTP changed since you opened it; open it again, then decide.",
    )
}
