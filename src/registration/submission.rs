//! What the resident's device does: register, selfie, changes, the end, the activation QR.

use std::net::IpAddr;

use uuid::Uuid;

use super::check::RegisterChecks;
use super::mail::OLD_ENOUGH;
use super::model::Step;
use super::model::{
    Amendment, BIRTHDAY_HOUR, CheckState, DifferenceField, Draft, LIFE_BEFORE_APPROVAL_DAYS, NewData, Next,
    PREPARED_DAYS, Progress, QueueTurn, Registration, State, Submitted, email_hint,
};
use super::pictures::{self, Pictures};
use super::ports::own;
use super::store::step::{self, Taken};
use super::store::{check, registration, second_person, selfie, visit};
use super::{ending, release as releases, sealed, terms};
use crate::activation_code::ports as codes;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::Context;
use crate::correction::{self, ports as cases};
use crate::credential::{Issued, SealedRecord, TokenKind};
use crate::db::{DbError, Tx};
use crate::device::Thumbprint;
use crate::error::{Code, FieldError, Language, Refusal, Result, Text};
use crate::jobs::Wake;
use crate::keyring::Keyring;
use crate::mail::{MailState, outbox};
use crate::register::model::eligible_from;
use crate::register::{Date, midnight_in_jakarta};
use crate::secret::Redacted;
use crate::transaction;
use crate::window::{self, Counted};

/// What a device does with its registration. Cloning shares everything.
#[derive(Clone)]
pub struct Submissions {
    context: Context,
    keyring: Keyring,
    mail: Wake,
    checks: RegisterChecks,
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
    pub email_hint: Option<Redacted<String>>,
    /// How far the mail with the code is.
    pub mail: Option<MailState>,
    /// When a mail that is held goes out by itself; when none is on its way, from when one can be asked for.
    pub mail_at: Option<Timestamp>,
    /// Until when the code counts, once it was handed over.
    pub code_expires_at: Option<Timestamp>,
    /// Whether an older digital KTP is to make way for it, which somebody else of the office has to grant.
    pub awaits_second_person: bool,
    /// With which number they wait at an office today, and whether they were called.
    pub turn: Option<QueueTurn>,
    /// From which day on, by the own birth date, while that has not come.
    pub eligible_from: Option<Date>,
    /// The newest correction case.
    pub correction: Option<correction::View>,
}

impl Submissions {
    pub(super) fn new(context: Context, keyring: Keyring, mail: Wake, checks: RegisterChecks) -> Self {
        let pictures = Pictures::new(&context);
        Self { context, keyring, mail, checks, pictures }
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
        let submitted = checked(draft, terms_version, accepted, Date::in_jakarta(now))?;
        let status = transaction!(self.context.db, "registration.register", |tx| {
            if let Some(same) = self.make_room(tx, device, &submitted, now).await? {
                return self.status_of(tx, &same).await;
            }
            window::REGISTRATIONS.count(tx, &[device], now).await?.or_refuse(too_many_registrations())?;
            let added = self.add(tx, device, &submitted, language, now).await?;
            self.status_of(tx, &added).await
        })?;
        self.checks.wake();
        Ok(status)
    }

    /// Ends the device's older registration, where that is allowed. Gives the living one that the same data made.
    async fn make_room(
        &self,
        tx: &mut Tx,
        device: &Thumbprint,
        submitted: &Submitted,
        now: Timestamp,
    ) -> Result<Option<Registration>> {
        let Some(newest) = registration::newest_of_device(tx, device).await? else { return Ok(None) };
        let same = |older: &Registration| {
            Ok::<_, crate::error::Error>(*submitted == sealed::submitted(&self.context.vault, older)?)
        };
        if newest.is_live(now) && same(&newest)? {
            return Ok(Some(newest));
        }
        // Locked, because its state decides what ends with it, and an officer may be approving it at this moment.
        let held = registration::hold(tx, newest.registration_id).await?.ok_or(DbError::Contention)?;
        let progress = held.progress;
        let ended = match held.state() {
            State::Active => return Err(already_active().into()),
            state if state.is_ended() => return Ok(None),
            _ if !held.is_live(now) => held.expire(now)?,
            _ if same(&held)? => return Ok(Some(held)),
            state if !state.is_before_approval() => return Err(already_approved().into()),
            _ => held.cancel(now)?,
        };
        ending::write(tx, progress, &ended, now).await?;
        Ok(None)
    }

    async fn add(
        &self,
        tx: &mut Tx,
        device: &Thumbprint,
        submitted: &Submitted,
        language: Language,
        now: Timestamp,
    ) -> Result<Registration> {
        let vault = &self.context.vault;
        let nik_index = sealed::nik_index(vault, &submitted.nik);
        let counted = window::NIK_CHECKS.count(tx, &[&nik_index], now).await?;
        let limited = matches!(counted, Counted::Full { .. });
        let id = self.context.random.uuid_v7(now);
        let email_index = sealed::email_index(vault, submitted.email.as_ref());
        let birthday = awaited_birthday(submitted.birth_date, now);
        let new = registration::New {
            registration_id: id,
            device_thumbprint: device,
            nik_index: &nik_index,
            email_index: &email_index,
            sealed: &sealed::seal_submitted(&self.context, id, submitted)?,
            language,
            terms_version: terms::VERSION,
            now,
            expires_at: birthday.unwrap_or(now).plus_seconds(LIFE_BEFORE_APPROVAL_DAYS * DAY),
        };
        // When another request of this device was faster, the next try finds what it made.
        registration::add(tx, &new).await.map_err(DbError::unique_as_contention)?;
        check::add(tx, id, limited, now).await?;
        step::add(&self.context, tx, Taken::new(id, Step::Registered, None), now).await?;
        if let Some(birthday) = birthday {
            // As if it was written then: it is tried for a day from there on. Nobody's mailbox is filled by strangers' birthdays.
            let due = birthday.plus_seconds(BIRTHDAY_HOUR * HOUR);
            if !email_index.is_empty() && outbox::allow(tx, OLD_ENOUGH, &email_index, due).await?.happened() {
                outbox::enqueue_at(tx, &self.context.random, (due, due), OLD_ENOUGH, id).await?;
            }
        }
        written(tx, id).await
    }

    /// What the resident sees of a registration.
    ///
    /// # Errors
    /// `not_found` for any other device's.
    pub async fn status(&self, device: &Thumbprint, id: Uuid) -> Result<Status> {
        let mut tx = self.context.db.read().await?;
        let registration = own(&mut tx, device, id).await?;
        self.status_of(&mut tx, &registration).await
    }

    /// Whether a selfie would be taken now: asked before megabytes are read.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn awaits_selfie(&self, device: &Thumbprint, id: Uuid) -> Result<()> {
        let mut tx = self.context.db.read().await?;
        let registration = own(&mut tx, device, id).await?;
        registration.require_live(self.context.now())?;
        if registration.state().is_before_approval() { Ok(()) } else { Err(Code::WrongState.into()) }
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
        let counted = transaction!(self.context.db, "registration.count_selfie", |tx| {
            Ok(window::SELFIES.count(tx, &[device], now).await?)
        })?;
        counted.or_refuse(pictures::too_many())?;
        let picture = self.pictures.clean(from, bytes).await?;
        let sealed = sealed::seal_selfie(&self.context, id, &picture)?;
        let now = self.context.now();
        transaction!(self.context.db, "registration.put_selfie", |tx| {
            // Decoding takes time: the registration may have ended or been approved meanwhile, and then the picture is
            // not kept.
            let registration = registration::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?.take_selfie(now)?;
            registration::save(tx, &registration).await?.demand()?;
            visit::end_presence(tx, id).await?;
            selfie::put(tx, id, &sealed, now).await?;
            step::add(&self.context, tx, Taken::new(id, Step::Selfie, None), now).await?;
            second_person::drop(tx, id).await?;
            self.status_of(tx, &registration).await
        })
    }

    /// Changes e-mail or phone until `needs_pin`; in `needs_correction` also name and birth date, which then are checked
    /// anew. A code that was sent is void.
    ///
    /// # Errors
    /// `invalid_field`, `wrong_state`, `too_many` when the new address has had its share of mail.
    pub async fn amend(&self, device: &Thumbprint, id: Uuid, changes: &Amendment) -> Result<Status> {
        let now = self.context.now();
        let status = transaction!(self.context.db, "registration.amend", |tx| {
            let registration = registration::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?;
            let registration = self.amend_held(tx, registration, changes, now).await?;
            self.status_of(tx, &registration).await
        })?;
        self.mail.wake();
        self.checks.wake();
        Ok(status)
    }

    async fn amend_held(
        &self,
        tx: &mut Tx,
        held: Registration,
        changes: &Amendment,
        now: Timestamp,
    ) -> Result<Registration> {
        held.require_live(now)?;
        let (id, progress) = (held.registration_id, held.progress);
        window::AMENDMENTS.count(tx, &[id.as_bytes()], now).await?.or_refuse(too_many_changes())?;
        let before = sealed::submitted(&self.context.vault, &held)?;
        let mut submitted = before.clone();
        changes.apply(&mut submitted, held.state(), Date::in_jakarta(now))?;
        let data = NewData {
            sealed: sealed::seal_submitted(&self.context, id, &submitted)?,
            email_index: sealed::email_index(&self.context.vault, submitted.email.as_ref()),
        };
        let has_selfie = selfie::taken_at(tx, id).await?.is_some();
        let mut amended = held.amend(data, has_selfie, now)?;
        let checked = amended.check.state() == CheckState::Done && submitted.same_person_as(&before);
        if progress == Progress::NeedsCorrection && !checked {
            amended = amended.check_anew();
            check::restart(tx, id, now).await?.demand()?;
            visit::withdraw_decision(tx, id).await?;
        }
        if matches!(progress, Progress::CodeSent { .. }) && submitted.email != before.email {
            codes::send_elsewhere(&self.context, tx, id, &amended.email_index, now).await?;
        }
        registration::save(tx, &amended).await?.demand()?;
        visit::end_presence(tx, id).await?;
        second_person::drop(tx, id).await?;
        sealed::keep_findable(&self.context.vault, tx, &amended).await?;
        Ok(amended)
    }

    /// Ends a registration at the resident's wish. Cancelling twice is the same.
    ///
    /// # Errors
    /// `wrong_state` once it is active, rejected or expired.
    pub async fn cancel(&self, device: &Thumbprint, id: Uuid) -> Result<Status> {
        let now = self.context.now();
        transaction!(self.context.db, "registration.cancel", |tx| {
            let mut registration = registration::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?;
            if registration.state() != State::Cancelled {
                let progress = registration.progress;
                registration = registration.cancel(now)?;
                ending::write(tx, progress, &registration, now).await?;
            }
            self.status_of(tx, &registration).await
        })
    }

    /// Makes an activation QR: a sealed token that says nothing to an outsider. Writes nothing.
    ///
    /// # Errors
    /// `wrong_state` unless an officer's scan makes sense now.
    pub async fn activation_token(&self, device: &Thumbprint, id: Uuid) -> Result<Issued> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        own(&mut tx, device, id).await?.require_awaiting_officer(now)?;
        let record =
            SealedRecord { kind: TokenKind::Activation, subject: id, generation: 0, issued: now, attributes: 0 };
        Ok(self.keyring.issue(record).await?)
    }

    pub(super) const fn context(&self) -> &Context {
        &self.context
    }

    pub(super) async fn status_of(&self, tx: &mut Tx, registration: &Registration) -> Result<Status> {
        let now = self.context.now();
        let id = registration.registration_id;
        let submitted = sealed::submitted(&self.context.vault, registration)?;
        let state = match registration.state() {
            state if state.is_ended() || registration.is_live(now) => state,
            _ => State::Expired,
        };
        let told = matches!(state, State::NeedsCorrection | State::NeedsSelfie | State::Rejected);
        let decision = sealed::decision(&self.context.vault, registration)?.filter(|_| told);
        let (mut mail, mut code_expires_at) = (None, None);
        if state == State::CodeSent {
            mail = Some(codes::mail_status(tx, id, &registration.email_index, now).await?);
            code_expires_at = codes::lookup(tx, id).await?.and_then(|code| code.expires_at);
        }
        let correction = match cases::of_registration(tx, id).await? {
            Some(case) => Some(cases::view(&self.context, tx, case).await?),
            None => None,
        };
        Ok(Status {
            registration_id: id,
            state,
            next: state.next(),
            expires_at: registration.expires_at,
            reason: decision.as_ref().map(|decision| decision.reason.clone()),
            corrections: decision.map(|decision| decision.released).unwrap_or_default(),
            email_hint: submitted.email.as_ref().map(|email| Redacted(email_hint(email.expose()))),
            mail: mail.map(|mail| mail.mail),
            mail_at: mail.and_then(|mail| mail.at),
            code_expires_at,
            awaits_second_person: self.awaits_second_person(tx, registration).await?,
            turn: turn_of(registration, now),
            eligible_from: eligible_from(submitted.birth_date, Date::in_jakarta(now)).filter(|_| !state.is_ended()),
            correction,
        })
    }
}

impl Submissions {
    async fn awaits_second_person(&self, tx: &mut Tx, registration: &Registration) -> Result<bool> {
        match (registration.state(), registration.office_id) {
            (State::AwaitingOfficer, Some(office)) => {
                let since = releases::counts_since(self.context.now());
                let asked = second_person::asked(tx, registration.registration_id, office, since).await?;
                Ok(asked.is_some_and(|asked| asked.revision == registration.revision))
            }
            _ => Ok(false),
        }
    }
}

/// The number that still says something to its holder: at the office in whose queue they are, while they wait for an officer.
fn turn_of(registration: &Registration, now: Timestamp) -> Option<QueueTurn> {
    let office = registration.office_id.filter(|_| registration.state() == State::AwaitingOfficer)?;
    registration.visit.turn.filter(|turn| turn.stands(office, now))
}

/// The beginning of the day from which on somebody born then may have a digital KTP, where a registration waits for it.
fn awaited_birthday(birth_date: Date, now: Timestamp) -> Option<Timestamp> {
    let today = Date::in_jakarta(now);
    let days = i64::from(eligible_from(birth_date, today)?.days_since(today));
    (days <= PREPARED_DAYS).then(|| midnight_in_jakarta(now).plus_seconds(days * DAY))
}

async fn written(tx: &mut Tx, id: Uuid) -> Result<Registration> {
    let found = registration::lookup(tx, id).await?;
    found.ok_or_else(|| crate::error::Error::internal("a row that was just written is missing"))
}

/// What was submitted, with the consent that it needs; all that is wrong is named at once.
fn checked(draft: &Draft, terms_version: &str, accepted: bool, today: Date) -> Result<Submitted, Refusal> {
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
    match draft.check(today) {
        Ok(submitted) if wrong.is_empty() => Ok(submitted),
        Ok(_) => Err(Refusal::fields(wrong)),
        Err(mut refusal) => {
            refusal.fields.extend(wrong);
            Err(refusal)
        }
    }
}

fn already_approved() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Perangkat ini sudah punya pendaftaran yang disetujui; lanjutkan atau batalkan dahulu.",
        "This device already has an approved registration; continue it or cancel it first.",
    )
}

fn already_active() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kunci perangkat ini sudah dipakai untuk sebuah KTP Digital; buat profil baru untuk mendaftar lagi.",
        "This device key already belongs to an active digital KTP; make a new profile to register again.",
    )
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
