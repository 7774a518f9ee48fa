//! Flow A up to the counter: register, selfie, status, tokens, and what the counter does with a registration.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Notify;
use uuid::Uuid;

use super::model::{
    CODES_A_DAY, CheckState, Decision, DifferenceField, Draft, LIFE_AFTER_APPROVAL_DAYS, LIFE_BEFORE_APPROVAL_DAYS,
    Next, SELFIE_DAYS_AFTER_END, State, Submitted, check_birth_date, check_name, email_hint,
};
use super::pictures::{self, Pictures};
use super::store::{self, Row};
use super::terms;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::Context;
use crate::credential::{Issued, SealedRecord, TokenKind};
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, FieldError, Language, Refusal, Result, Text};
use crate::input;
use crate::jobs::Wake;
use crate::keyring::Keyring;
use crate::mail::{MailKind, MailState, outbox};
use crate::register::{Date, Nik, PopulationRegister};
use crate::secret::Redacted;
use crate::vault::{Label, Vault};
use crate::window::{self, Counted};
use crate::{holder, transaction};

/// A device key's SHA-256 thumbprint (RFC 7638).
pub type Thumbprint = [u8; 32];

/// The use cases of registrations. Cloning shares everything.
#[derive(Clone)]
pub struct Service {
    pub(super) context: Context,
    pub(super) register: PopulationRegister,
    pub(super) mail_wake: Wake,
    pub(super) check_wake: Arc<Notify>,
    pub(super) keyring: Keyring,
    pictures: Pictures,
}

/// A registration as its own device sees it.
#[derive(Debug)]
pub struct Status {
    /// Its id.
    pub registration_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// What the resident does next.
    pub next: Next,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The officer's words on a return or rejection.
    pub reason: Option<Redacted<String>>,
    /// What the officer released for correction.
    pub corrections: Vec<DifferenceField>,
    /// Where the code goes, mostly hidden.
    pub email_hint: Redacted<String>,
    /// How far the mail with the code is.
    pub mail: Option<MailState>,
    /// When a mail that is held goes out by itself; when none is on its way, from when one can be asked for.
    pub mail_at: Option<Timestamp>,
    /// Until when the code counts, once it was handed over.
    pub code_expires_at: Option<Timestamp>,
}

/// How to reach the person behind a registration.
#[derive(Clone, Debug)]
pub struct Contact {
    /// E-mail address.
    pub email: Redacted<String>,
    /// Name as submitted.
    pub full_name: Redacted<String>,
    /// Language to write in.
    pub language: Language,
    /// Blind index of the address.
    pub email_index: Vec<u8>,
    /// Blind index of the NIK.
    pub nik_index: Vec<u8>,
    /// The resident, once the register has answered.
    pub resident_id: Option<Uuid>,
    /// The office that has it.
    pub office_id: Option<Uuid>,
}

const TABLE: &str = "registration";
/// How often registering begins anew because the same device registers at the same time.
const REGISTER_TRIES: usize = 4;

impl Service {
    /// Wires the use cases.
    pub fn new(context: Context, register: PopulationRegister, keyring: Keyring, mail_wake: Wake) -> Self {
        let pictures = Pictures::new(&context.config.limits);
        Self { context, register, mail_wake, check_wake: Arc::default(), keyring, pictures }
    }

    /// Registers, or finds the registration that the same request made before. The answer says nothing about the register:
    /// the look-up is a job.
    ///
    /// # Errors
    /// `invalid_field`; `wrong_state` when this device key already belongs to an approved registration.
    pub async fn register(
        &self,
        device: &Thumbprint,
        draft: &Draft,
        terms_version: &str,
        accepted: bool,
        language: Language,
    ) -> Result<Status> {
        let now = self.context.now();
        let mut wrong = Vec::new();
        if terms_version != terms::VERSION {
            wrong.push(FieldError {
                field: "terms.version".into(),
                message: Text::new(
                    "Ketentuan ini sudah diganti; tampilkan yang baru dari GET /v1/terms dan minta persetujuan lagi.",
                    "These terms were replaced; show the present ones from GET /v1/terms and ask for consent again.",
                ),
            });
        }
        if !accepted {
            wrong.push(FieldError {
                field: "terms.accepted".into(),
                message: Text::new("Setujui ketentuan untuk mendaftar.", "Accept the terms to register."),
            });
        }
        let submitted = match draft.check(Date::in_jakarta(now)) {
            Ok(submitted) if wrong.is_empty() => submitted,
            Ok(_) => return Err(Refusal::fields(wrong).into()),
            Err(mut refusal) => {
                refusal.fields.extend(wrong);
                return Err(refusal.into());
            }
        };
        // When another request of this device was faster, the next try finds what it made.
        for _ in 0..REGISTER_TRIES {
            match self.add(device, &submitted, language, now).await {
                Err(Error::Db(DbError::Unique | DbError::Contention)) => {}
                done => return done,
            }
        }
        Err(Error::Db(DbError::Contention))
    }

    async fn add(
        &self,
        device: &Thumbprint,
        submitted: &Submitted,
        language: Language,
        now: Timestamp,
    ) -> Result<Status> {
        let vault = &self.context.vault;
        let nik_index = nik_index(vault, &submitted.nik);
        let mut tx = self.context.db.write().await?;
        if let Some(newest) = store::newest_of_device(&mut tx, device).await? {
            let same = *submitted == open(vault, &newest)?;
            if same && require_live(&newest, now).is_ok() {
                return self.status_of(&mut tx, &newest).await;
            }
            // Locked, because its state decides what ends with it, and an officer may be approving it at this moment.
            let row = store::hold(&mut tx, newest.registration_id).await?.ok_or(DbError::Contention)?;
            let state = state_of(&row)?;
            if !state.is_ended() && row.expires_at > now {
                if *submitted == open(vault, &row)? {
                    return self.status_of(&mut tx, &row).await;
                }
                if !state.is_before_approval() {
                    return Err(Refusal::new(Code::WrongState)
                        .detail(
                            "Perangkat ini sudah punya pendaftaran yang disetujui; lanjutkan atau batalkan dahulu.",
                            "This device already has an approved registration; continue it or cancel it first.",
                        )
                        .into());
                }
                self.end(&mut tx, &row, State::Cancelled, now).await?;
            } else if state == State::Active {
                return Err(Refusal::new(Code::WrongState)
                    .detail(
                        "Kunci perangkat ini sudah dipakai untuk KTP Digital yang aktif; buat profil baru untuk mendaftar lagi.",
                        "This device key already belongs to an active digital KTP; make a new profile to register again.",
                    )
                    .into());
            } else if !state.is_ended() {
                self.end(&mut tx, &row, State::Expired, now).await?;
            }
        }
        window::REGISTRATIONS.count(&mut tx, &[device], now).await?.or_refuse(too_many_registrations())?;
        let check_state = match window::NIK_CHECKS.count(&mut tx, &[&nik_index], now).await? {
            Counted::Use(_) => CheckState::Pending,
            Counted::Full { .. } => CheckState::Limited,
        };
        let id = self.context.random.uuid_v7(now);
        let sealed = vault.seal_row(&self.context.random, TABLE, id, submitted)?;
        let new = store::New {
            registration_id: id,
            device_thumbprint: device,
            nik_index: &nik_index,
            email_index: &email_index(vault, submitted.email.expose()),
            sealed: &sealed,
            language: language.tag(),
            terms_version: terms::VERSION,
            check_state: check_state.as_str(),
            now,
            expires_at: now.plus_seconds(LIFE_BEFORE_APPROVAL_DAYS * DAY),
        };
        store::add(&mut tx, &new).await?;
        let row = required(store::lookup(&mut tx, id).await?)?;
        let status = self.status_of(&mut tx, &row).await?;
        tx.commit().await?;
        self.check_wake.notify_one();
        Ok(status)
    }

    /// What the resident sees of a registration.
    ///
    /// # Errors
    /// `not_found` for any other device's.
    pub async fn status(&self, device: &Thumbprint, id: Uuid) -> Result<Status> {
        let mut tx = self.context.db.read().await?;
        let row = self.own(&mut tx, device, id).await?;
        self.status_of(&mut tx, &row).await
    }

    /// Whether a selfie would be taken now: asked before megabytes are read.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn awaits_selfie(&self, device: &Thumbprint, id: Uuid) -> Result<()> {
        let mut tx = self.context.db.read().await?;
        let row = self.own(&mut tx, device, id).await?;
        require_live(&row, self.context.now())?;
        if state_of(&row)?.is_before_approval() { Ok(()) } else { Err(Code::WrongState.into()) }
    }

    /// Takes a selfie (or a retake). Decoding happens before any row is touched.
    ///
    /// # Errors
    /// `picture_unusable`, `too_large`, `wrong_state`; `too_many` from this phone or from this address; `overloaded` when too
    /// many pictures wait to be decoded.
    pub async fn put_selfie(&self, device: &Thumbprint, id: Uuid, from: IpAddr, bytes: Vec<u8>) -> Result<Status> {
        self.awaits_selfie(device, id).await?;
        let now = self.context.now();
        self.pictures.admit(from, now)?;
        // Counted in a transaction of its own before decoding, because a refused picture was decoded too.
        let mut tx = self.context.db.write().await?;
        let counted = window::SELFIES.count(&mut tx, &[device], now).await?;
        tx.commit().await?;
        counted.or_refuse(pictures::too_many())?;
        let picture = self.pictures.clean(from, bytes).await?;
        let sealed = self.context.vault.seal_bytes(&self.context.random, "registration_selfie", id, &picture)?;
        let now = self.context.now();
        let mut tx = self.context.db.write().await?;
        // Decoding takes time: the registration may have ended or been approved meanwhile, and then the picture is not
        // kept.
        store::take_selfie(&mut tx, id, device, now).await?.demand()?;
        store::put_selfie(&mut tx, id, &sealed, now).await?;
        store::drop_release(&mut tx, id).await?;
        let row = required(store::lookup(&mut tx, id).await?)?;
        let status = self.status_of(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(status)
    }

    /// Changes e-mail or phone until `needs_pin`; in `needs_correction` also name and birth date, which then are checked
    /// anew. A code that was sent is void.
    ///
    /// # Errors
    /// `invalid_field`, `wrong_state`, `too_many` when the new address has had its share of mail.
    pub async fn amend(&self, device: &Thumbprint, id: Uuid, changes: &Amendment) -> Result<Status> {
        let now = self.context.now();
        let mut tx = self.context.db.write().await?;
        let row = store::hold_own(&mut tx, id, device).await?.ok_or(Code::NotFound)?;
        require_live(&row, now)?;
        let state = state_of(&row)?;
        window::AMENDMENTS.count(&mut tx, &[id.as_bytes()], now).await?.or_refuse(too_many_changes())?;
        let mut submitted: Submitted = open(&self.context.vault, &row)?;
        let before = submitted.clone();
        changes.apply(&mut submitted, state, Date::in_jakarta(now))?;
        let sealed = self.context.vault.seal_row(&self.context.random, TABLE, id, &submitted)?;
        let address = email_index(&self.context.vault, submitted.email.expose());
        let corrected = if store::selfie_taken_at(&mut tx, id).await?.is_some() {
            State::AwaitingOfficer
        } else {
            State::NeedsSelfie
        };
        let to = if state == State::NeedsCorrection { corrected } else { state };
        let amended = store::Amended { row: &row, sealed: &sealed, email_index: &address, to: to.as_str(), now };
        match state {
            State::NeedsCorrection => {
                let checked = submitted.full_name == before.full_name
                    && submitted.birth_date == before.birth_date
                    && row.check_state == CheckState::Done.as_str();
                if checked {
                    store::amend(&mut tx, &amended).await?
                } else {
                    store::resubmit(&mut tx, &amended).await?
                }
                .demand()?;
            }
            State::CodeSent if submitted.email != before.email => {
                // One of the address's turns is left for its owner's first code: who moves here may be a stranger.
                let left = -outbox::ALLOWANCE_INTERVAL_SECONDS;
                if outbox::reserve(&mut tx, MailKind::ActivationCode, &address, now, left).await?.is_none() {
                    let turn = outbox::next_turn(&mut tx, MailKind::ActivationCode, &address, now).await?;
                    let turn = turn.plus_seconds(outbox::ALLOWANCE_INTERVAL_SECONDS);
                    return Err(Refusal::new(Code::TooMany).retry_after(turn.retry_after(now)).into());
                }
                // What still waits would bring the new code to the new address once more, beyond its allowance.
                outbox::supersede(&mut tx, MailKind::ActivationCode, id).await?;
                outbox::enqueue(&mut tx, &self.context.random, now, MailKind::ActivationCode, id).await?;
                let day = now.day_in_jakarta();
                store::change_address(&mut tx, &amended, day, CODES_A_DAY).await?.or(too_many_addresses())?;
            }
            State::NeedsSelfie | State::AwaitingOfficer | State::ApprovedPendingRegister | State::CodeSent => {
                store::amend(&mut tx, &amended).await?.demand()?;
            }
            _ => return Err(Code::WrongState.into()),
        }
        store::drop_release(&mut tx, id).await?;
        let row = required(store::lookup(&mut tx, id).await?)?;
        let status = self.status_of(&mut tx, &row).await?;
        tx.commit().await?;
        self.mail_wake.wake();
        self.check_wake.notify_one();
        Ok(status)
    }

    /// Ends a registration at the resident's wish. Cancelling twice is the same.
    ///
    /// # Errors
    /// `wrong_state` once it is active, rejected or expired.
    pub async fn cancel(&self, device: &Thumbprint, id: Uuid) -> Result<Status> {
        transaction!(self.context.db, "registration.cancel", |tx| {
            let row = store::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?;
            match state_of(&row)? {
                State::Cancelled => return self.status_of(tx, &row).await,
                state if state.is_ended() => return Err(Code::WrongState.into()),
                _ => {}
            }
            self.end(tx, &row, State::Cancelled, self.context.now()).await?;
            let row = required(store::lookup(tx, id).await?)?;
            self.status_of(tx, &row).await
        })
    }

    /// Makes an activation QR: a sealed token that says nothing to an outsider. Writes nothing.
    ///
    /// # Errors
    /// `wrong_state` unless an officer's scan makes sense now.
    pub async fn activation_token(&self, device: &Thumbprint, id: Uuid) -> Result<Issued> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let row = self.own(&mut tx, device, id).await?;
        require_live(&row, now)?;
        if state_of(&row)? != State::AwaitingOfficer {
            return Err(Code::WrongState.into());
        }
        let record =
            SealedRecord { kind: TokenKind::Activation, subject: id, generation: 0, issued: now, attributes: 0 };
        Ok(self.keyring.issue(record).await?)
    }

    /// How to reach the person; `None` for an unknown id.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub async fn contact(&self, tx: &mut Tx, id: Uuid) -> Result<Option<Contact>> {
        contact(&self.context, tx, id).await
    }

    pub(super) async fn own(&self, tx: &mut Tx, device: &Thumbprint, id: Uuid) -> Result<Row> {
        store::lookup(tx, id).await?.filter(|row| row.device_thumbprint == device).ok_or_else(|| Code::NotFound.into())
    }

    /// Ends the registration of a row that this transaction holds, with what was kept for it.
    pub(super) async fn end(&self, tx: &mut Tx, row: &Row, state: State, now: Timestamp) -> Result<()> {
        let id = row.registration_id;
        store::end(tx, row, state.as_str(), now).await?.demand()?;
        store::keep_selfie_until(tx, id, now.plus_seconds(SELFIE_DAYS_AFTER_END * DAY)).await?;
        store::delete_copy_without_selfie(tx, id).await?;
        store::drop_release(tx, id).await?;
        // Only one registration of a resident is approved at a time: what lies there is what this one prepared.
        if matches!(state_of(row)?, State::CodeSent | State::NeedsPin)
            && let Some(resident) = row.resident_id
        {
            holder::ports::delete_unused_record(tx, resident).await?;
        }
        Ok(())
    }

    /// How far the mail with the code is, and when something more can happen. What is not going to be sent is not said to be.
    async fn mail_of(&self, tx: &mut Tx, row: &Row) -> Result<(Option<MailState>, Option<Timestamp>)> {
        let now = self.context.now();
        Ok(match outbox::state(tx, MailKind::ActivationCode, row.registration_id, now).await? {
            Some((MailState::Held, due)) => (Some(MailState::Held), Some(due)),
            Some((state, _)) => (Some(state), None),
            None => {
                let turn = outbox::next_turn(tx, MailKind::ActivationCode, &row.email_index, now).await?;
                (Some(MailState::NotSent), Some(turn))
            }
        })
    }

    async fn status_of(&self, tx: &mut Tx, row: &Row) -> Result<Status> {
        let submitted: Submitted = open(&self.context.vault, row)?;
        let mut state = state_of(row)?;
        if !state.is_ended() && row.expires_at <= self.context.now() {
            state = State::Expired;
        }
        let decision = decision_of(&self.context.vault, row)?;
        let told = matches!(state, State::NeedsCorrection | State::NeedsSelfie | State::Rejected);
        let (mail, mail_at) = match state {
            State::CodeSent => self.mail_of(tx, row).await?,
            _ => (None, None),
        };
        Ok(Status {
            registration_id: row.registration_id,
            state,
            next: state.next(),
            expires_at: row.expires_at,
            reason: decision.as_ref().filter(|_| told).map(|decision| decision.reason.clone()),
            corrections: decision.filter(|_| told).map(|decision| decision.released).unwrap_or_default(),
            email_hint: Redacted(email_hint(submitted.email.expose())),
            mail,
            mail_at,
            code_expires_at: row.code_expires_at.filter(|_| state == State::CodeSent),
        })
    }
}

/// What a resident may change after registering.
#[derive(Debug, Default)]
pub struct Amendment {
    /// A new e-mail address.
    pub email: Option<String>,
    /// A new phone number.
    pub phone: Option<String>,
    /// A corrected name, only in `needs_correction`.
    pub full_name: Option<String>,
    /// A corrected birth date, only in `needs_correction`.
    pub birth_date: Option<String>,
}

impl Amendment {
    fn apply(&self, submitted: &mut Submitted, state: State, today: Date) -> Result<()> {
        let mut wrong = Vec::new();
        let mut note = |field: &'static str, message| wrong.push(FieldError { field: field.into(), message });
        if let Some(email) = &self.email {
            match input::email::clean(email) {
                Ok(email) => submitted.email = Redacted(email),
                Err(text) => note("email", text),
            }
        }
        if let Some(phone) = &self.phone {
            match input::phone::clean(phone) {
                Ok(phone) => submitted.phone = Redacted(phone),
                Err(text) => note("phone", text),
            }
        }
        if (self.full_name.is_some() || self.birth_date.is_some()) && state != State::NeedsCorrection {
            return Err(Refusal::new(Code::WrongState)
                .detail(
                    "Nama dan tanggal lahir hanya dapat diubah setelah petugas memintanya; batalkan dan daftar ulang bila salah.",
                    "Name and birth date can be changed only after an officer asked for it; cancel and register again if they are wrong.",
                )
                .into());
        }
        if let Some(name) = &self.full_name {
            match check_name(name) {
                Ok(name) => submitted.full_name = Redacted(name),
                Err(text) => note("full_name", text),
            }
        }
        if let Some(date) = &self.birth_date {
            match check_birth_date(date, today) {
                Ok(date) => submitted.birth_date = date,
                Err(text) => note("birth_date", text),
            }
        }
        let nothing =
            self.email.is_none() && self.phone.is_none() && self.full_name.is_none() && self.birth_date.is_none();
        if nothing {
            note(
                "email",
                Text::new("Sebutkan paling sedikit satu isian untuk diubah.", "Name at least one field to change."),
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(Refusal::fields(wrong).into()) }
    }
}

fn too_many_registrations() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Perangkat ini sudah terlalu sering mendaftar; tunggu selama waktu yang tertera, atau lanjutkan pendaftaran yang ada.",
        "This device has registered too often; wait for the time stated, or continue the registration that there is.",
    )
}

fn too_many_changes() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Pendaftaran ini sudah terlalu sering diubah; tunggu selama waktu yang tertera, lalu ubah sekali dengan isian yang benar.",
        "This registration was changed too often; wait for the time stated, then change it once, to what is right.",
    )
}

fn too_many_addresses() -> Refusal {
    Refusal::new(Code::TooMany)
        .detail(
            "Paling banyak 3 kode baru sehari, juga karena ganti surel; ubah lagi besok.",
            "At most 3 new codes a day, changes of address included; change it again tomorrow.",
        )
        .retry_after(HOUR as u64)
}

/// How to reach the person behind a registration; `None` for an unknown id.
///
/// # Errors
/// When the row cannot be read.
pub async fn contact(context: &Context, tx: &mut Tx, id: Uuid) -> Result<Option<Contact>> {
    let Some(row) = store::lookup(tx, id).await? else { return Ok(None) };
    let submitted: Submitted = open(&context.vault, &row)?;
    Ok(Some(Contact {
        email: submitted.email,
        full_name: submitted.full_name,
        language: row.language.parse().unwrap_or_default(),
        email_index: row.email_index,
        nik_index: row.nik_index,
        resident_id: row.resident_id,
        office_id: row.office_id,
    }))
}

/// Days that approval gives for code and PIN, as a point in time.
pub(super) fn approved_until(now: Timestamp) -> Timestamp {
    now.plus_seconds(LIFE_AFTER_APPROVAL_DAYS * DAY)
}

/// Blind index of a NIK.
pub fn nik_index(vault: &Vault, nik: &Nik) -> Vec<u8> {
    vault.blind_index(Label::NikIndex, nik.as_str())
}

/// Blind index of an e-mail address.
pub fn email_index(vault: &Vault, email: &str) -> Vec<u8> {
    vault.blind_index(Label::EmailIndex, &input::email::mailbox(email))
}

pub(super) fn open(vault: &Vault, row: &Row) -> Result<Submitted> {
    Ok(vault.open_row(TABLE, row.registration_id, &row.sealed)?)
}

pub(super) fn decision_of(vault: &Vault, row: &Row) -> Result<Option<Decision>> {
    Ok(match &row.decision_sealed {
        Some(sealed) => Some(vault.open_row("registration.decision", row.registration_id, sealed)?),
        None => None,
    })
}

pub(super) fn state_of(row: &Row) -> Result<State> {
    word(&row.state)
}

pub(super) fn word(word: &str) -> Result<State> {
    State::from_word(word).ok_or_else(|| Error::internal("unknown registration state"))
}

pub(super) fn require_live(row: &Row, now: Timestamp) -> Result<()> {
    if state_of(row)?.is_ended() || row.expires_at <= now {
        return Err(Refusal::new(Code::WrongState)
            .detail("Pendaftaran ini sudah berakhir; daftar lagi.", "This registration has ended; register again.")
            .into());
    }
    Ok(())
}

pub(super) fn required(row: Option<Row>) -> Result<Row> {
    row.ok_or_else(|| Error::internal("a row that was just written is missing"))
}
