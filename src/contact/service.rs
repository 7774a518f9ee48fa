//! The use cases of a change of address.

use uuid::Uuid;

use super::mail::{Address, TABLE, code_of};
use super::model::{CODE_SECONDS, CODE_TRIES, ContactChange, FORMER_SECONDS, KEEP_DAYS, Progress, State, hint};
use super::refusals::{already_cooling, ask_anew, no_code, nothing_asked, same_address, too_many, wrong_code};
use super::{opens_at, sending, store, used_phone};
use crate::activation_code::ActivationCode;
use crate::audit::Actor;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::device::Thumbprint;
use crate::error::{Code, FieldError, Refusal, Result};
use crate::holder::ports as holder;
use crate::holder::{Credential, Standing};
use crate::input;
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::secret::Redacted;
use crate::wallet::service::Session;
use crate::window::Window;
use crate::{transaction, transaction_of_one, wallet};

/// Changes that a holder may ask for in a day: each tells the address before.
const ASKED: Window = Window { kind: "contact_change", seconds: DAY, most: 5 };
/// Changes brought into force, ended or forgotten in one round.
const BATCH: i64 = 200;

/// Changes of address. Cloning shares everything.
#[derive(Clone)]
pub struct Contacts {
    context: Context,
    wallet: wallet::Service,
}

/// Where a holder is reached, as the holder sees it.
#[derive(Debug)]
pub struct View {
    /// The address, of which two letters are shown; `None` for a holder who has none.
    pub email: Option<Redacted<String>>,
    /// From when this phone may ask for another one; `None` when it may now.
    pub opens_at: Option<Timestamp>,
    /// What is under way.
    pub pending: Option<Pending>,
}

/// A change that is under way.
#[derive(Debug)]
pub struct Pending {
    /// The new address, of which two letters are shown.
    pub email: Redacted<String>,
    /// Where it stands.
    pub state: State,
    /// When the code stops counting, while it is waited for.
    pub code_expires_at: Option<Timestamp>,
    /// Tries left, while the code is waited for.
    pub tries_left: Option<i64>,
    /// When the new address counts, once the code was entered.
    pub effective_at: Option<Timestamp>,
}

/// What a phone sends to ask for a change.
#[derive(Debug)]
pub struct Ask {
    /// The new address, as typed.
    pub email: Redacted<String>,
    /// A challenge of this device.
    pub challenge: String,
    /// The PIN key's signature of it, for [`crate::device::Purpose::Change`].
    pub signature: String,
}

impl Contacts {
    /// `wallet` proves PINs.
    pub const fn new(context: Context, wallet: wallet::Service) -> Self {
        Self { context, wallet }
    }

    /// Where the holder is reached, and what is under way.
    ///
    /// # Errors
    /// `session_ended` when the digital KTP was stopped meanwhile.
    pub async fn view(&self, device: &Thumbprint, session: &Session) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        let opens_at = opens_at(&mut tx, device, session.resident_id, self.context.now()).await?;
        Ok(View { opens_at, ..self.view_in(&mut tx, session).await? })
    }

    /// Asks for a change: a code goes to the new address, and the present one is told at once. Asked again for the same address,
    /// the same code is sent again.
    ///
    /// # Errors
    /// `invalid_field`; what proving the PIN refuses; `wrong_state` on a phone that is new, or while a change cools; `too_many`.
    pub async fn ask(&self, device: &Thumbprint, session: &Session, ask: &Ask) -> Result<View> {
        let email = input::email::clean(ask.email.expose())
            .map(Redacted)
            .map_err(|message| Refusal::fields(vec![FieldError { field: "email".into(), message }]))?;
        {
            let mut tx = self.context.db.read().await?;
            used_phone(&mut tx, device, session.resident_id, self.context.now()).await?;
        }
        self.wallet.prove_again(device, session, &ask.challenge, &ask.signature).await?;
        let now = self.context.now();
        transaction!(self.context.db, "contact.ask", |tx| {
            self.hold(tx, session).await?;
            let present = holder::contact(&self.context, tx, session.resident_id).await?.ok_or(Code::SessionEnded)?;
            let mailbox = |email: &Redacted<String>| input::email::mailbox(email.expose());
            if present.email.as_ref().map(mailbox) == Some(mailbox(&email)) {
                return Err(same_address().into());
            }
            let address = Address { email: email.clone(), language: present.language };
            match store::live(tx, session.resident_id).await? {
                Some(change) if matches!(change.progress, Progress::Cooling(_)) && is_of(&change, session) => {
                    return Err(already_cooling().into());
                }
                Some(change) if self.is_again(&change, session, &address, now)? => {
                    sending::send(&self.context, tx, change.change_id, &address, now).await?;
                }
                other => {
                    if let Some(former) = other {
                        store::save(tx, &former.stop(now)?).await?.demand()?;
                    }
                    self.begin(tx, session, &address, now).await?;
                }
            }
            self.view_in(tx, session).await
        })
    }

    async fn begin(&self, tx: &mut Tx, session: &Session, address: &Address, now: Timestamp) -> Result<()> {
        let resident_id = session.resident_id;
        ASKED.count(tx, &[resident_id.as_bytes()], now).await?.or_refuse(too_many())?;
        let change_id = self.context.random.uuid_v7(now);
        let change = ContactChange {
            change_id,
            resident_id,
            revision: 0,
            generation: session.generation,
            tries: 0,
            expires_at: now.plus_seconds(CODE_SECONDS),
            progress: Progress::CodeSent,
            sealed: Some(self.context.vault.seal_row(&self.context.random, TABLE, change_id, address)?),
        };
        store::add(tx, &change, now).await.map_err(DbError::unique_as_contention)?;
        sending::send(&self.context, tx, change_id, address, now).await?;
        self.tell(tx, resident_id, EventKind::ContactAsked, By::holder(resident_id), now).await
    }

    /// Enters the code: the new address counts in 24 hours. Repeated it says so again.
    ///
    /// # Errors
    /// `invalid_field`, `wrong_state` when nothing is under way, `code_wrong`, `code_expired`, `session_ended`.
    pub async fn confirm(&self, session: &Session, code: &str) -> Result<View> {
        let code = ActivationCode::parse(code).ok_or_else(no_code)?;
        let now = self.context.now();
        let change = {
            let mut tx = self.context.db.read().await?;
            let live = store::live(&mut tx, session.resident_id).await?;
            live.filter(|change| is_of(change, session)).ok_or_else(nothing_asked)?
        };
        if matches!(change.progress, Progress::Cooling(_)) {
            let mut tx = self.context.db.read().await?;
            return self.view_in(&mut tx, session).await;
        }
        let id = change.change_id;
        // In a transaction of its own: whatever happens after it, the try stays counted.
        let tries = transaction_of_one!(self.context.db, "contact.count_try", |tx| {
            Ok(store::count_try(tx, id, now).await?)
        })?;
        let tries = tries.ok_or_else(ask_anew)?;
        if code != code_of(&self.context.vault, id)? {
            return Err(wrong_code().tries_left(CODE_TRIES - tries).into());
        }
        transaction!(self.context.db, "contact.confirm", |tx| {
            self.hold(tx, session).await?;
            let change = store::lookup(tx, id).await?.ok_or(Code::WrongState)?;
            // Entered twice at the same time.
            if !matches!(change.progress, Progress::Cooling(_)) {
                store::save(tx, &change.confirm(now)?).await?.demand()?;
            }
            self.view_in(tx, session).await
        })
    }

    /// Stops what is under way; nothing to stop is a success.
    ///
    /// # Errors
    /// `session_ended`.
    pub async fn stop(&self, session: &Session) -> Result<()> {
        let (now, resident) = (self.context.now(), session.resident_id);
        transaction!(self.context.db, "contact.stop", |tx| {
            self.hold(tx, session).await?;
            let Some(change) = store::live(tx, resident).await? else { return Ok(()) };
            store::save(tx, &change.stop(now)?).await?.demand()?;
            self.tell(tx, resident, EventKind::ContactKept, By::holder(resident), now).await
        })
    }

    /// Brings into force what has cooled; gives how much.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn apply_what_is_due(&self) -> Result<u64> {
        let now = self.context.now();
        let due = {
            let mut tx = self.context.db.read().await?;
            store::due(&mut tx, now, BATCH).await?
        };
        let mut applied = 0;
        for (id, resident) in due {
            let done = transaction!(self.context.db, "contact.apply", |tx| self.apply(tx, id, resident, now).await);
            match done {
                Ok(()) => applied += 1,
                // Stopped, or brought into force by another node, at this moment.
                Err(error) if error.code() == Some(Code::WrongState) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(applied)
    }

    async fn apply(&self, tx: &mut Tx, id: Uuid, resident: Uuid, now: Timestamp) -> Result<()> {
        // Held first: whoever blocks or stops at the same time comes before this or after it.
        let held = holder::hold(tx, resident).await?;
        let change = store::lookup(tx, id).await?.ok_or(Code::WrongState)?;
        let address = change.sealed.as_ref().map(|sealed| self.context.vault.open_row::<Address>(TABLE, id, sealed));
        let address = address.transpose()?.ok_or(Code::WrongState)?;
        let next = change.come_into_force(held.filter(is_active).map(|held| held.generation), now)?;
        store::save(tx, &next).await?.demand()?;
        let by = By { actor: Actor::System, office_id: None };
        if next.state() == State::Done {
            let until = now.plus_seconds(FORMER_SECONDS);
            holder::set_email(&self.context, tx, resident, address.email, (now, until)).await?;
            return self.tell(tx, resident, EventKind::ContactChanged, by, now).await;
        }
        match held {
            Some(held) if held.standing != Standing::Deactivated => {
                self.tell(tx, resident, EventKind::ContactKept, by, now).await
            }
            _ => Ok(()),
        }
    }

    /// Ends what nobody confirmed and forgets what ended long ago; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let lapsed = transaction!(self.context.db, "contact.lapse", |tx| Ok(store::lapse(tx, now, BATCH).await?))?;
        let before = now.plus_seconds(-KEEP_DAYS * DAY);
        let forgotten =
            transaction!(self.context.db, "contact.sweep", |tx| Ok(store::sweep(tx, before, BATCH).await?))?;
        Ok(lapsed + forgotten)
    }

    /// The credential of this session, held: it is active, and nobody changes that before the end of the transaction.
    async fn hold(&self, tx: &mut Tx, session: &Session) -> Result<Credential> {
        let held = holder::hold(tx, session.resident_id).await?;
        let held = held.filter(|held| held.generation == session.generation).filter(is_active);
        held.ok_or_else(|| Code::SessionEnded.into())
    }

    fn is_again(&self, change: &ContactChange, session: &Session, asked: &Address, now: Timestamp) -> Result<bool> {
        let Some(sealed) = change.sealed.as_ref().filter(|_| change.takes_code(now) && is_of(change, session)) else {
            return Ok(false);
        };
        let address: Address = self.context.vault.open_row(TABLE, change.change_id, sealed)?;
        Ok(address.email == asked.email)
    }

    async fn tell(&self, tx: &mut Tx, resident_id: Uuid, kind: EventKind, by: By, now: Timestamp) -> Result<()> {
        life::happened(&self.context, tx, (resident_id, kind), now, by).await
    }

    async fn view_in(&self, tx: &mut Tx, session: &Session) -> Result<View> {
        let now = self.context.now();
        let contact = holder::contact(&self.context, tx, session.resident_id).await?.ok_or(Code::SessionEnded)?;
        let live = store::live(tx, session.resident_id).await?;
        let live = live.filter(|change| is_of(change, session));
        let pending = live.map(|change| self.pending(&change, now)).transpose()?.flatten();
        // Who has asked from a phone has had it long enough.
        let opens_at = None;
        Ok(View { email: contact.email.map(|email| Redacted(hint(email.expose()))), opens_at, pending })
    }

    fn pending(&self, change: &ContactChange, now: Timestamp) -> Result<Option<Pending>> {
        let Some(sealed) = &change.sealed else { return Ok(None) };
        let address: Address = self.context.vault.open_row(TABLE, change.change_id, sealed)?;
        let email = Redacted(hint(address.email.expose()));
        let state = change.state();
        Ok(match change.progress {
            Progress::CodeSent if now < change.expires_at => Some(Pending {
                email,
                state,
                code_expires_at: Some(change.expires_at),
                tries_left: Some(CODE_TRIES - change.tries),
                effective_at: None,
            }),
            Progress::Cooling(at) => {
                Some(Pending { email, state, code_expires_at: None, tries_left: None, effective_at: Some(at) })
            }
            Progress::CodeSent | Progress::Ended(..) => None,
        })
    }
}

/// Whether a change was asked for in the generation of this session: of an earlier one it never comes into force.
const fn is_of(change: &ContactChange, session: &Session) -> bool {
    change.generation == session.generation
}

const fn is_active(credential: &Credential) -> bool {
    matches!(credential.standing, Standing::Active(_))
}
