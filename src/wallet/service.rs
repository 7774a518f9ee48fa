//! The use cases of the wallet.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use super::model::{Access, SESSION_SECONDS, tries_left};
use super::sessions::Sessions;
use crate::attribute::{Attribute, AttributeSet};
use crate::base64url;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::credential::claims::LIFETIME_SECONDS;
use crate::credential::photo::Portrait;
use crate::credential::{Issued, KeyPurpose, SealedRecord, SignError, StatusReference, TokenKind};
use crate::db::DbError;
use crate::device::{self, Challenge, Purpose, Thumbprint};
use crate::disclosure::{Disclosed, disclose, offline_claims};
use crate::error::{Code, Error, Refusal, Result};
use crate::holder::model::{FIRST_WAIT_SECONDS, MAX_TRIES, Pin, SECOND_WAIT_SECONDS};
use crate::holder::ports::{self, Try};
use crate::holder::{Credential, CredentialState, Reason, Standing};
use crate::keyring::Keyring;
use crate::life::BlockCodes;
use crate::register::Date;
use crate::secret::Redacted;
use crate::status_list::{Kind, StatusLists, ports as status_list};
use crate::vault::Label;
use crate::verification::code::{Codes, PresentationCode};
use crate::window::{self, Counted};
use crate::{transaction, transaction_of_one};

/// The wallet. Cloning shares it.
#[derive(Clone)]
pub struct Service {
    pub(super) context: Context,
    keyring: Keyring,
    sessions: Sessions,
    // Presentations of one credential never share a time of issue, so that none voids another unspent.
    issued: device::Issuer,
    codes: Codes,
    status_lists: StatusLists,
    pub(super) block_codes: BlockCodes,
    /// QRs of each holder, in this process.
    drawn: Option<Arc<DefaultKeyedRateLimiter<Uuid>>>,
}

/// An open session.
#[derive(Debug)]
pub struct Unlocked {
    /// The token that later requests carry.
    pub access_token: Redacted<String>,
    /// Seconds until it ends by itself.
    pub expires_in: i64,
}

/// A caller with a living session.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// The holder.
    pub resident_id: Uuid,
    /// The credential's generation.
    pub generation: i64,
    /// The session's number.
    pub session: i64,
    /// When it ends by itself.
    pub ends_at: Timestamp,
    /// When the digital KTP became active.
    pub activated_at: Timestamp,
}

/// The digital KTP as its holder sees it.
#[derive(Debug)]
pub struct Card {
    /// Its state.
    pub state: CredentialState,
    /// When it became active.
    pub activated_at: Timestamp,
    /// When the session ends by itself.
    pub session_ends_at: Timestamp,
    /// Since when the register's word is shown that is shown now.
    pub record_as_of: Timestamp,
    /// All attributes but the portrait.
    pub attributes: Disclosed,
    /// Whether there is a portrait.
    pub has_portrait: bool,
    /// *Berlaku hingga*.
    pub valid_until: String,
    /// Since when it does not count, because a foreigner's permit to stay is over.
    pub permit_ended_at: Option<Timestamp>,
    /// Where the KTP-el was issued.
    pub issued_place: String,
    /// When it was issued.
    pub issued_on: Option<Date>,
}

impl Service {
    /// `keyring` signs presentations; those that are shown offline get places in `status_lists`.
    pub fn new(context: Context, keyring: Keyring, status_lists: StatusLists, block_codes: BlockCodes) -> Self {
        let (sessions, codes) = (Sessions::start(&context), Codes::new(context.clone()));
        let each = NonZeroU32::new(context.config.limits.presentations_per_minute);
        let drawn = each.map(|each| Arc::new(RateLimiter::keyed(Quota::per_minute(each))));
        let issued = device::Issuer::default();
        Self { context, keyring, sessions, issued, codes, status_lists, block_codes, drawn }
    }

    /// Forgets whose QRs were drawn some time ago.
    pub fn forget_quiet(&self) {
        if let Some(drawn) = &self.drawn {
            drawn.retain_recent();
            drawn.shrink_to_fit();
        }
    }

    /// Returns when all look-ups under way have ended; later ones are refused. Called before a node closes its database.
    pub async fn drain(&self) {
        self.sessions.drain().await;
    }

    /// Checks a PIN by its key's signature over a challenge. The try is counted and the challenge spent in a
    /// transaction of their own before anything is compared, so neither parallel requests nor a crash give an extra
    /// try.
    ///
    /// # Errors
    /// `not_found` for a device without a digital KTP, `challenge_invalid`, `pin_wrong`, `pin_wait`, `pin_blocked`.
    pub async fn unlock(&self, device: &Thumbprint, challenge: &str, signature: &str) -> Result<Unlocked> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let holder = ports::on_device(&mut tx, device).await?.ok_or(Code::NotFound)?;
        drop(tx);
        let Credential { resident_id: resident, generation, .. } = holder.credential;
        self.may_try(&holder.credential, now).await?;
        let challenge = Challenge::open(&self.context.vault, challenge, device, now).ok_or(Code::ChallengeInvalid)?;
        self.prove_pin(&holder, device, &challenge, (Purpose::Unlock, signature)).await?;
        let ends_at = now.plus_seconds(SESSION_SECONDS);
        let session = transaction_of_one!(self.context.db, "wallet.unlock", |tx| {
            let session = ports::open_session(tx, resident, generation, ends_at).await?;
            // The credential changed between the two transactions: blocked, or activated anew.
            session.ok_or_else(|| Code::NotFound.into())
        })?;
        self.opened(device, resident, (generation, session), ends_at)
    }

    /// The access token of a session that was opened.
    pub(super) fn opened(
        &self,
        device: &Thumbprint,
        resident_id: Uuid,
        (generation, session): (i64, i64),
        expires_at: Timestamp,
    ) -> Result<Unlocked> {
        let access = Access { resident_id, generation, session, expires_at };
        let sealed =
            self.context.vault.seal(Label::AccessToken, &self.context.random, &[device], &access.to_bytes())?;
        Ok(Unlocked { access_token: base64url::encode(&sealed).into(), expires_in: SESSION_SECONDS })
    }

    pub(super) fn pin_try(&self, credential: &Credential, challenge_issued: Timestamp, now: Timestamp) -> Try {
        Try {
            resident: credential.resident_id,
            generation: credential.generation,
            challenge_issued,
            now,
            first_wait_until: now.plus_seconds(FIRST_WAIT_SECONDS),
            second_wait_until: now.plus_seconds(SECOND_WAIT_SECONDS),
        }
    }

    /// Why no try could be counted. Reads again, because another request was faster.
    pub(super) async fn why_not(&self, resident: Uuid, generation: i64, now: Timestamp) -> Error {
        let read = async {
            let mut tx = self.context.db.read().await?;
            let credential = ports::credential(&mut tx, resident).await?.ok_or(Code::NotFound)?;
            // Given back before another is taken: who holds one and waits for one waits for others who do the same.
            drop(tx);
            self.may_try(&credential, now).await?;
            if credential.generation != generation {
                return Err(Error::from(Code::NotFound));
            }
            // Tries are left, so it was the challenge: spent, or voided by a newer one.
            Err(Code::ChallengeInvalid.into())
        };
        match read.await {
            Ok(()) => Error::Db(DbError::Contention),
            Err(error) => error,
        }
    }

    /// Whether the PIN can be tried now.
    pub(super) async fn may_try(&self, credential: &Credential, now: Timestamp) -> Result<()> {
        let pin = match credential.standing {
            Standing::Active(active) => active.pin,
            Standing::Blocked => {
                let mut tx = self.context.db.read().await?;
                let status = ports::status(&mut tx, credential.resident_id).await?;
                let used_up = status.is_some_and(|status| status.reason == Reason::PinExhausted);
                return Err(if used_up { Code::PinBlocked } else { Code::Blocked }.into());
            }
            Standing::Deactivated => return Err(Code::NotFound.into()),
        };
        try_now(pin, now)
    }

    /// Who presents this access token with a proof of this device.
    ///
    /// # Errors
    /// `session_ended` when the token is not ours, not this device's, or its session has ended.
    pub async fn authenticate(&self, device: &Thumbprint, token: &str) -> Result<Session> {
        let access = self.open_token(device, token).ok_or(Code::SessionEnded)?;
        let credential = self.sessions.credential(access.resident_id).await?.ok_or(Code::SessionEnded)?;
        // The look-up may have waited.
        let now = self.context.now();
        let session = credential
            .living_session(now)
            .filter(|session| session.number == access.session)
            .filter(|_| credential.generation == access.generation && now < access.expires_at)
            .ok_or(Code::SessionEnded)?;
        Ok(Session {
            resident_id: access.resident_id,
            generation: access.generation,
            session: session.number,
            ends_at: session.ends_at,
            activated_at: credential.activated_at,
        })
    }

    /// What an access token says, if it is ours and this device's; whether its session lives is another question.
    pub(super) fn open_token(&self, device: &Thumbprint, token: &str) -> Option<Access> {
        let sealed = base64url::decode(token)?;
        Access::from_bytes(&self.context.vault.open(Label::AccessToken, &[device], &sealed).ok()?)
    }

    /// Locks the wallet: the session ends.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn lock(&self, session: &Session) -> Result<()> {
        transaction_of_one!(self.context.db, "wallet.lock", |tx| {
            // If there is nothing to end, the session has ended already, as the caller wants.
            ports::lock(tx, session.resident_id, session.generation, session.session).await?.either_way();
            Ok(())
        })
    }

    /// The digital KTP.
    ///
    /// # Errors
    /// When the database does not answer or what it holds cannot be opened.
    pub async fn card(&self, session: &Session) -> Result<Card> {
        let mut tx = self.context.db.read().await?;
        let (record, record_as_of) = ports::record_as_of(&self.context, &mut tx, session.resident_id).await?;
        let has_portrait = ports::has_portrait(&mut tx, session.resident_id).await?;
        Ok(Card {
            state: CredentialState::Active,
            activated_at: session.activated_at,
            session_ends_at: session.ends_at,
            record_as_of,
            attributes: disclose(&record, AttributeSet::FULL, Date::in_jakarta(self.context.now())),
            has_portrait,
            permit_ended_at: record.permit_ends_at().filter(|end| self.context.now() >= *end),
            valid_until: record.valid_until_label(),
            issued_place: record.issued_place,
            issued_on: record.issued_on,
        })
    }

    /// The photo: JPEG.
    ///
    /// # Errors
    /// `not_found` when the register had none.
    pub async fn portrait(&self, session: &Session) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        ports::portrait(&self.context, &mut tx, session.resident_id).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// A presentation like [`Service::present`], and a code of ten digits that stands for it: for cameras that fail. It voids
    /// the holder's code before. This writes.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn present_with_code(&self, session: &Session, set: AttributeSet) -> Result<(Issued, PresentationCode)> {
        let issued = self.present(session, set, false).await?;
        let code = self.codes.give(session.resident_id, &issued.token, issued.expires_at).await?;
        Ok((issued, code))
    }

    /// A presentation that lives 90 seconds and works once; offline it carries the attributes in clear, and of those only
    /// few may live at once. Nothing else is written.
    ///
    /// # Errors
    /// `invalid_field` when the choice does not fit into an offline QR; `too_many`.
    pub async fn present(&self, session: &Session, set: AttributeSet, offline: bool) -> Result<Issued> {
        if self.drawn.as_ref().is_some_and(|drawn| drawn.check_key(&session.resident_id).is_err()) {
            return Err(too_many_qrs().retry_after(2).into());
        }
        let status = if offline { self.enter_offline(session).await? } else { None };
        let issued = self.issued.next(self.context.now());
        let record = SealedRecord {
            kind: if offline { TokenKind::Offline } else { TokenKind::Presentation },
            subject: session.resident_id,
            generation: session.generation,
            issued,
            attributes: set.bits(),
        };
        if !offline {
            return Ok(self.keyring.issue(record).await?);
        }
        let mut tx = self.context.db.read().await?;
        let holder = ports::record(&self.context, &mut tx, session.resident_id).await?;
        let portrait = if set.contains(Attribute::Portrait) {
            ports::portrait(&self.context, &mut tx, session.resident_id).await?
        } else {
            None
        };
        drop(tx);
        let claims = offline_claims(&holder, set, Date::in_jakarta(issued));
        // Whoever checks it without network sees no more than the token.
        let lifetime = match holder.permit_ends_at().map(|end| end.seconds() - issued.seconds()) {
            Some(left) if left <= 0 => return Err(permit_over().into()),
            Some(left) => left.min(LIFETIME_SECONDS),
            None => LIFETIME_SECONDS,
        };
        let keyring = self.keyring.clone();
        let made = tokio::task::spawn_blocking(move || {
            let signer = keyring.signer(KeyPurpose::Token)?;
            keyring.issuer(signer.as_ref()).issue_offline_for(
                record,
                claims,
                portrait.as_deref().and_then(Portrait::read).as_ref(),
                (status, lifetime),
            )
        });
        match made.await.map_err(Error::internal)? {
            Err(SignError::Refused(_)) => Err(Refusal::field(
                "share",
                "Pilihan ini terlalu panjang untuk QR luring; pilih lebih sedikit atribut, misalnya tanpa alamat.",
                "This choice is too long for an offline QR; choose fewer attributes, for example without the address.",
            )
            .into()),
            other => Ok(other?),
        }
    }
}

impl Service {
    /// Counts an offline QR of this holder, and gives it a place in a status list.
    async fn enter_offline(&self, session: &Session) -> Result<Option<StatusReference>> {
        // In a transaction of its own: places are taken for many QRs at once.
        let place = self.status_lists.take(Kind::Shown).await?;
        let (now, resident) = (self.context.now(), session.resident_id);
        let expires_at = now.plus_seconds(LIFETIME_SECONDS);
        let counted = transaction!(self.context.db, "wallet.enter_offline", |tx| {
            // Held, so that whoever stops the digital KTP at this moment either is seen here or sees the place.
            let held = ports::hold(tx, resident).await?;
            held.filter(|held| held.generation == session.generation).ok_or(Code::SessionEnded)?;
            let counted = window::OFFLINE_QRS.count(tx, &[resident.as_bytes()], now).await?;
            if let (Counted::Use(_), Some(place)) = (counted, place) {
                status_list::enter(tx, resident, place, expires_at).await?;
            }
            Ok(counted)
        })?;
        counted.or_refuse(too_many_qrs())?;
        Ok(place.map(|place| self.status_lists.reference(place)))
    }
}

fn permit_over() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Izin tinggal Anda sudah berakhir menurut database kependudukan. Sesudah diperpanjang, KTP Digital berlaku lagi dengan sendirinya.",
        "Your permit to stay is over according to the population register. Once it is prolonged, the digital KTP counts again by itself.",
    )
}

fn too_many_qrs() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Terlalu banyak QR dibuat dalam waktu singkat; tunjukkan QR yang masih berlaku, atau tunggu selama waktu yang tertera.",
        "Too many QRs were made in a short time; show one that still lives, or wait for the time stated.",
    )
}

/// That a PIN can be tried now.
pub(super) fn try_now(pin: Pin, now: Timestamp) -> Result<()> {
    if pin.is_used_up() {
        return Err(Code::PinBlocked.into());
    }
    if now < pin.wait_until {
        return Err(Refusal::new(Code::PinWait).retry_after(pin.wait_until.retry_after(now)).into());
    }
    Ok(())
}

/// The answer to the `tries`-th wrong try: how many are left before a wait begins, and how long that is.
pub(super) fn pin_wrong(tries: i64) -> Refusal {
    let refusal = Refusal::new(Code::PinWrong).tries_left(tries_left(tries));
    let wait = match tries {
        3 => FIRST_WAIT_SECONDS,
        6 => SECOND_WAIT_SECONDS,
        MAX_TRIES.. => {
            return refusal.detail(
                "PIN salah untuk kesembilan kalinya dan sekarang diblokir. Datanglah ke loket Dukcapil dengan KTP-el.",
                "The PIN was wrong for the ninth time and is now blocked. Go to a Dukcapil counter with your KTP-el.",
            );
        }
        _ => return refusal,
    };
    refusal
        .detail(
            "PIN salah tiga kali; tunggu selama waktu yang tertera, lalu coba lagi.",
            "The PIN was wrong three times; wait for the time stated, then try again.",
        )
        .retry_after(u64::try_from(wait).unwrap_or_default())
}
