//! What the phone does with a change of address at a counter: names the new address, enters its code, shows its QR.

use uuid::Uuid;

use super::super::mail::{Address, VISIT_TABLE, code_of};
use super::super::model::{CODE_TRIES, hint};
use super::super::refusals::{ask_anew, no_code, same_address, too_many, wrong_code};
use super::super::{sending, used_phone};
use super::model::{ContactVisit, End, KEEP_DAYS, Progress, State, code_until};
use super::store;
use crate::activation_code::ActivationCode;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::credential::{Issued, SealedRecord, TokenKind};
use crate::db::{DbError, Tx};
use crate::device::Thumbprint;
use crate::error::{Code, FieldError, Refusal, Result};
use crate::holder::ports as holder;
use crate::holder::{Credential, Lift, Standing};
use crate::input;
use crate::keyring::Keyring;
use crate::secret::Redacted;
use crate::window::Window;
use crate::{transaction, transaction_of_one};

/// Changes that a holder may begin in a day: each sends a code to an address that nobody has confirmed.
const BEGUN: Window = Window { kind: "contact_visit", seconds: DAY, most: 5 };
/// Those ended or forgotten in one round.
const BATCH: i64 = 200;
pub(in crate::contact) const WORDS: &str = "contact_visit_words";

/// Changes of address at a counter, as their phones see them. Cloning shares everything.
#[derive(Clone)]
pub struct Phone {
    context: Context,
    keyring: Keyring,
}

/// One as its phone sees it.
#[derive(Debug)]
pub struct View {
    /// Its id.
    pub visit_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// The new address, of which two letters are shown, until it is over.
    pub email: Option<Redacted<String>>,
    /// When its time, or that of its code, is over.
    pub expires_at: Timestamp,
    /// Tries left, while the code is waited for.
    pub tries_left: Option<i64>,
    /// Why it was refused.
    pub reason: Option<Redacted<String>>,
}

impl Phone {
    /// `keyring` signs the QRs.
    pub const fn new(context: Context, keyring: Keyring) -> Self {
        Self { context, keyring }
    }

    /// Begins one for the digital KTP on this device: a code goes to the new address. Asked again for the same address it gives the one
    /// that there is, and sends the same code again while it is waited for; another address begins anew.
    ///
    /// # Errors
    /// `not_found` for a device without a digital KTP; `invalid_field`; `wrong_state` when a counter can do nothing for it, or on a phone
    /// that is new; `too_many`.
    pub async fn begin(&self, device: &Thumbprint, email: &Redacted<String>) -> Result<View> {
        let email = input::email::clean(email.expose())
            .map(Redacted)
            .map_err(|message| Refusal::fields(vec![FieldError { field: "email".into(), message }]))?;
        let now = self.context.now();
        transaction!(self.context.db, "contact.begin_visit", |tx| {
            let resident = holder::on_device(tx, device).await?.ok_or(Code::NotFound)?.credential.resident_id;
            let held = require_changeable(tx, resident).await?;
            used_phone(tx, device, resident, now).await?;
            let present = holder::contact(&self.context, tx, resident).await?.ok_or(Code::NotFound)?;
            let mailbox = |email: &Redacted<String>| input::email::mailbox(email.expose());
            if present.email.as_ref().map(mailbox) == Some(mailbox(&email)) {
                return Err(same_address().into());
            }
            let address = Address { email: email.clone(), language: present.language };
            if let Some(former) = store::live(tx, resident).await? {
                let former = store::hold(tx, former.visit_id).await?.ok_or(DbError::Contention)?;
                if self.is_again(&former, device, &address, now)? {
                    if former.progress == Progress::CodeSent {
                        sending::send(&self.context, tx, former.visit_id, &address, now).await?;
                    }
                    return self.view(tx, &former, now).await;
                }
                if !former.has_ended() {
                    let end = if former.is_live(now) { End::Withdrawn } else { End::Lapsed };
                    store::save(tx, &former.end(end, now)?, now).await?.demand()?;
                }
            }
            self.add(tx, (&held, device), &address, now).await
        })
    }

    async fn add(
        &self,
        tx: &mut Tx,
        (held, device): (&Credential, &Thumbprint),
        address: &Address,
        now: Timestamp,
    ) -> Result<View> {
        BEGUN.count(tx, &[held.resident_id.as_bytes()], now).await?.or_refuse(too_many())?;
        let visit_id = self.context.random.uuid_v7(now);
        let begun = ContactVisit {
            visit_id,
            resident_id: held.resident_id,
            device_thumbprint: device.to_vec(),
            revision: 0,
            tries: 0,
            activated_at: held.activated_at,
            expires_at: code_until(now),
            last_spent: Timestamp::default(),
            sealed: Some(self.context.vault.seal_row(&self.context.random, VISIT_TABLE, visit_id, address)?),
            progress: Progress::CodeSent,
        };
        // When another request of this holder was faster, the next try finds what it made.
        store::add(tx, &begun, now).await.map_err(DbError::unique_as_contention)?;
        sending::send(&self.context, tx, visit_id, address, now).await?;
        self.view(tx, &begun, now).await
    }

    fn is_again(&self, former: &ContactVisit, device: &Thumbprint, asked: &Address, now: Timestamp) -> Result<bool> {
        let goes_on = former.is_live(now) && former.device_thumbprint == device.as_slice();
        let worn_out = former.progress == Progress::CodeSent && !former.takes_code(now);
        let Some(sealed) = former.sealed.as_ref().filter(|_| goes_on && !worn_out) else { return Ok(false) };
        let address: Address = self.context.vault.open_row(VISIT_TABLE, former.visit_id, sealed)?;
        Ok(address.email == asked.email)
    }

    /// Enters the code: the QR can be shown. Repeated it says so again.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`, `code_wrong`, `code_expired`, `wrong_state`.
    pub async fn confirm(&self, device: &Thumbprint, id: Uuid, code: &str) -> Result<View> {
        let code = ActivationCode::parse(code).ok_or_else(no_code)?;
        let now = self.context.now();
        let found = {
            let mut tx = self.context.db.read().await?;
            own(store::lookup(&mut tx, id).await?, device)?
        };
        if found.is_live(now) && found.progress != Progress::CodeSent {
            return self.status(device, id).await;
        }
        // In a transaction of its own: whatever happens after it, the try stays counted.
        let tries = transaction_of_one!(self.context.db, "contact.count_visit_try", |tx| {
            Ok(store::count_try(tx, id, now).await?)
        })?;
        let tries = tries.ok_or_else(ask_anew)?;
        if code != code_of(&self.context.vault, id)? {
            return Err(wrong_code().tries_left(CODE_TRIES - tries).into());
        }
        transaction!(self.context.db, "contact.confirm_visit", |tx| {
            let mut held = own(store::hold(tx, id).await?, device)?;
            // Entered twice at the same time.
            if held.progress == Progress::CodeSent {
                held = held.confirm(now)?;
                store::save(tx, &held, now).await?.demand()?;
            }
            self.view(tx, &held, now).await
        })
    }

    /// Where one of this device stands.
    ///
    /// # Errors
    /// `not_found` for any other device's.
    pub async fn status(&self, device: &Thumbprint, id: Uuid) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        let found = own(store::lookup(&mut tx, id).await?, device)?;
        self.view(&mut tx, &found, self.context.now()).await
    }

    /// A QR for the officer: 90 seconds, once.
    ///
    /// # Errors
    /// `not_found`, `wrong_state` before the code was entered and when nothing is to be scanned any more.
    pub async fn token(&self, device: &Thumbprint, id: Uuid) -> Result<Issued> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let found = own(store::lookup(&mut tx, id).await?, device)?;
        drop(tx);
        if !matches!(found.state(now), State::WaitingForScan | State::AtCounter | State::WaitingForSecondPerson) {
            return Err(Code::WrongState.into());
        }
        // Of the kind that registrations and recoveries have: the id tells which of them it is.
        let record =
            SealedRecord { kind: TokenKind::Activation, subject: id, generation: 0, issued: now, attributes: 0 };
        Ok(self.keyring.issue(record).await?)
    }

    /// Withdraws it. Repeating that changes nothing.
    ///
    /// # Errors
    /// `not_found`, `wrong_state` once it has ended otherwise.
    pub async fn withdraw(&self, device: &Thumbprint, id: Uuid) -> Result<()> {
        let now = self.context.now();
        transaction!(self.context.db, "contact.withdraw_visit", |tx| {
            let held = own(store::hold(tx, id).await?, device)?;
            match held.progress {
                Progress::Ended(End::Withdrawn, _) => Ok(()),
                _ => store::save(tx, &held.end(End::Withdrawn, now)?, now).await?.demand(),
            }
        })
    }

    async fn view(&self, tx: &mut Tx, found: &ContactVisit, now: Timestamp) -> Result<View> {
        let state = found.state(now);
        // Why an officer asked is for the second person; why it was refused is for the holder.
        let reason = match state {
            State::Refused => words(&self.context, tx, found.visit_id).await?,
            _ => None,
        };
        let tries_left = (state == State::CodeSent).then_some(CODE_TRIES - found.tries);
        let email = masked(&self.context, found)?;
        Ok(View { visit_id: found.visit_id, state, email, expires_at: found.expires_at, tries_left, reason })
    }

    /// Ends what is over and forgets what ended long ago; gives how many.
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
            transaction!(self.context.db, "contact.lapse_visit", |tx| {
                let Some(held) = store::hold(tx, *id).await? else { return Ok(()) };
                match held.end(End::Lapsed, now) {
                    Ok(lapsed) => store::save(tx, &lapsed, now).await?.demand(),
                    // Taken further, or ended, at this moment.
                    Err(_) => Ok(()),
                }
            })?;
        }
        let before = now.plus_seconds(-KEEP_DAYS * DAY);
        let forgotten =
            transaction!(self.context.db, "contact.sweep_visits", |tx| Ok(store::sweep(tx, before, BATCH).await?))?;
        Ok(over.len() as u64 + forgotten)
    }
}

/// The new address, of which two letters are shown.
pub(super) fn masked(context: &Context, of: &ContactVisit) -> Result<Option<Redacted<String>>> {
    let Some(sealed) = &of.sealed else { return Ok(None) };
    let address: Address = context.vault.open_row(VISIT_TABLE, of.visit_id, sealed)?;
    Ok(Some(Redacted(hint(address.email.expose()))))
}

/// What an officer wrote.
pub(super) async fn words(context: &Context, tx: &mut Tx, id: Uuid) -> Result<Option<Redacted<String>>> {
    let Some(sealed) = store::words(tx, id).await? else { return Ok(None) };
    let words = context.vault.open_bytes(WORDS, id, &sealed)?;
    Ok(Some(Redacted(String::from_utf8_lossy(&words).into_owned())))
}

fn own(found: Option<ContactVisit>, device: &Thumbprint) -> Result<ContactVisit> {
    found.filter(|found| found.device_thumbprint == device.as_slice()).ok_or_else(|| Code::NotFound.into())
}

/// The credential, held: active, or blocked in a way that a counter lifts. Who reads the old address may block, and does not stop the
/// change with it.
pub(super) async fn require_changeable(tx: &mut Tx, resident: Uuid) -> Result<Credential> {
    let held = holder::hold(tx, resident).await?.ok_or(Code::NotFound)?;
    let may = match held.standing {
        Standing::Active(_) => true,
        Standing::Blocked => {
            let status = holder::status(tx, resident).await?;
            status.is_some_and(|status| matches!(status.reason.lift(), Lift::Pin | Lift::Counter))
        }
        Standing::Deactivated => false,
    };
    if may { Ok(held) } else { Err(not_here().into()) }
}

fn not_here() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital ini dihentikan menurut data kependudukan atau sudah berakhir; datanglah ke loket Dukcapil dengan KTP-el.",
        "This digital KTP was stopped by the population register, or has ended; go to a Dukcapil counter with your KTP-el.",
    )
}
