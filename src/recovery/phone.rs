//! What the phone does with a recovery: asks for it, shows its QR, chooses the new PIN.

use uuid::Uuid;

use super::model::{End, KEEP_DAYS, LIFE_SECONDS, Progress, Recovery, State};
use super::store;
use crate::clock::{DAY, Timestamp};
use crate::contact::ports as contact;
use crate::context::Context;
use crate::credential::{Issued, SealedRecord, TokenKind};
use crate::db::{DbError, Tx};
use crate::device::{NewPinKey, PinPublicKey, Thumbprint};
use crate::error::{Code, Refusal, Result};
use crate::holder::ports as holder;
use crate::holder::{Lift, Standing, Status};
use crate::keyring::Keyring;
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::secret::Redacted;
use crate::transaction;
use crate::window::Window;

/// Recoveries that a phone may begin in a day.
const BEGUN: Window = Window { kind: "recovery", seconds: DAY, most: 10 };
/// Recoveries ended or forgotten in one round.
const BATCH: i64 = 200;
pub(super) const WORDS: &str = "recovery";

/// Recoveries as their phones see them. Cloning shares everything.
#[derive(Clone)]
pub struct Phone {
    context: Context,
    keyring: Keyring,
}

/// A recovery as its phone sees it.
#[derive(Debug)]
pub struct View {
    /// Its id.
    pub recovery_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// Why it was refused.
    pub reason: Option<Redacted<String>>,
}

impl Phone {
    /// `keyring` signs the QRs.
    pub const fn new(context: Context, keyring: Keyring) -> Self {
        Self { context, keyring }
    }

    /// Begins a recovery of the digital KTP on this device; while one lives, gives that one.
    ///
    /// # Errors
    /// `not_found` for a device without a digital KTP; `wrong_state` when a counter cannot bring it back; `too_many`.
    pub async fn begin(&self, device: &Thumbprint) -> Result<View> {
        let now = self.context.now();
        transaction!(self.context.db, "recovery.begin", |tx| {
            let resident = holder::on_device(tx, device).await?.ok_or(Code::NotFound)?.credential.resident_id;
            if let Some(former) = store::of_device(tx, device).await? {
                // Held, because an officer may take it further at this moment.
                let former = store::hold(tx, former.recovery_id).await?.ok_or(DbError::Contention)?;
                if former.is_live(now) && former.resident_id == resident {
                    return self.view(tx, &former, now).await;
                }
                if !matches!(former.progress, Progress::Ended(..)) {
                    let end = if former.is_live(now) { End::Withdrawn } else { End::Lapsed };
                    store::save(tx, &former.end(end, now)?, now).await?.demand()?;
                }
            }
            require_recoverable(tx, resident, now).await?;
            BEGUN.count(tx, &[device], now).await?.or_refuse(too_many())?;
            let begun = Recovery {
                recovery_id: self.context.random.uuid_v7(now),
                resident_id: resident,
                device_thumbprint: device.to_vec(),
                revision: 0,
                expires_at: now.plus_seconds(LIFE_SECONDS),
                last_spent: Timestamp::default(),
                progress: Progress::WaitingForScan,
            };
            // When another request of this device was faster, the next try finds what it made.
            store::add(tx, &begun, now).await.map_err(DbError::unique_as_contention)?;
            self.view(tx, &begun, now).await
        })
    }

    /// Where a recovery of this device stands.
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
    /// `not_found`, `wrong_state` when nothing is to be scanned any more.
    pub async fn token(&self, device: &Thumbprint, id: Uuid) -> Result<Issued> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let found = own(store::lookup(&mut tx, id).await?, device)?;
        drop(tx);
        if !matches!(found.state(now), State::WaitingForScan | State::AtCounter | State::WaitingForSecondPerson) {
            return Err(Code::WrongState.into());
        }
        // Of the kind that registrations have: what a phone shows at a counter. The id tells which of both it is.
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
        transaction!(self.context.db, "recovery.withdraw", |tx| {
            let held = own(store::hold(tx, id).await?, device)?;
            match held.progress {
                Progress::Ended(End::Withdrawn, _) => Ok(()),
                _ => store::save(tx, &held.end(End::Withdrawn, now)?, now).await?.demand(),
            }
        })
    }

    /// Chooses the PIN of a granted recovery: the digital KTP is active again, on the same phone. Repeated with the same key it
    /// succeeds again.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`, `challenge_invalid`, `signature_invalid`, `wrong_state`.
    pub async fn choose_pin(&self, device: &Thumbprint, id: Uuid, new: &NewPinKey) -> Result<View> {
        let now = self.context.now();
        let key = new.key()?;
        let found = {
            let mut tx = self.context.db.read().await?;
            own(store::lookup(&mut tx, id).await?, device)?
        };
        if found.state(now) == State::Done {
            return self.chosen_before(device, &found, key).await;
        }
        new.prove(key, &self.context.vault, device, now)?;
        let done = transaction!(self.context.db, "recovery.choose_pin", |tx| {
            let held = own(store::hold(tx, id).await?, device)?;
            if held.state(now) == State::Done {
                return Ok(None);
            }
            let Progress::Granted(visit, asked, granted_by) = held.progress else {
                return Err(Code::WrongState.into());
            };
            let resident = held.resident_id;
            let done = held.end(End::Done, now)?;
            store::save(tx, &done, now).await?.demand()?;
            let by = By::officer(granted_by, visit.office_id);
            self.bring_back(tx, resident, asked.generation, now, by).await?;
            holder::set_pin(&self.context, tx, resident, device, key, now).await?;
            Ok(Some(done))
        })?;
        match done {
            Some(done) => {
                let mut tx = self.context.db.read().await?;
                self.view(&mut tx, &done, now).await
            }
            None => self.chosen_before(device, &found, key).await,
        }
    }

    /// Active, as two people agreed of this generation: whoever stopped it since is not overruled.
    async fn bring_back(&self, tx: &mut Tx, resident: Uuid, generation: i64, now: Timestamp, by: By) -> Result<()> {
        let credential = holder::hold(tx, resident).await?.filter(|held| held.generation == generation);
        let credential = credential.ok_or_else(stopped_since)?;
        // The address may have been changed at the counter since it was granted.
        contact::require_settled(tx, resident, now).await?;
        match credential.standing {
            Standing::Blocked => {
                life::restart(&self.context, tx, resident, at_counter, now, by).await?;
                life::note_new_pin(&self.context, tx, resident, now, by).await?;
            }
            Standing::Active(_) => {
                holder::renew(tx, resident, credential.generation).await?;
                life::happened(&self.context, tx, (resident, EventKind::PinChanged), now, by).await?;
            }
            Standing::Deactivated => return Err(Code::WrongState.into()),
        }
        Ok(())
    }

    async fn chosen_before(&self, device: &Thumbprint, done: &Recovery, key: PinPublicKey) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        let holder = holder::on_device(&mut tx, device).await?.ok_or(Code::WrongState)?;
        if holder.credential.resident_id != done.resident_id || holder.pin_key(&self.context.vault)? != key {
            return Err(Code::WrongState.into());
        }
        let done = store::lookup(&mut tx, done.recovery_id).await?.ok_or(Code::NotFound)?;
        self.view(&mut tx, &done, self.context.now()).await
    }

    async fn view(&self, tx: &mut Tx, found: &Recovery, now: Timestamp) -> Result<View> {
        let state = found.state(now);
        // Why an officer asked is for the second person; why it was refused is for the holder.
        let reason = match state {
            State::Refused => words(&self.context, tx, found.recovery_id).await?,
            _ => None,
        };
        Ok(View { recovery_id: found.recovery_id, state, expires_at: found.expires_at, reason })
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
            transaction!(self.context.db, "recovery.lapse", |tx| {
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
            transaction!(self.context.db, "recovery.sweep", |tx| Ok(store::sweep(tx, before, BATCH).await?))?;
        Ok(over.len() as u64 + forgotten)
    }
}

/// What an officer wrote on a recovery.
pub(super) async fn words(context: &Context, tx: &mut Tx, id: Uuid) -> Result<Option<Redacted<String>>> {
    let Some(sealed) = store::words(tx, id).await? else { return Ok(None) };
    let words = context.vault.open_bytes(WORDS, id, &sealed)?;
    Ok(Some(Redacted(String::from_utf8_lossy(&words).into_owned())))
}

fn own(found: Option<Recovery>, device: &Thumbprint) -> Result<Recovery> {
    found.filter(|found| found.device_thumbprint == device).ok_or_else(|| Code::NotFound.into())
}

/// Whether two people at a counter may lift this block.
pub(super) fn at_counter(status: &Status) -> bool {
    matches!(status.reason.lift(), Lift::Pin | Lift::Counter)
}

/// That a counter can bring this digital KTP back now; gives its generation. It is held until the end of a transaction that writes.
pub(super) async fn require_recoverable(tx: &mut Tx, resident: Uuid, now: Timestamp) -> Result<i64> {
    let credential = holder::hold(tx, resident).await?.ok_or(Code::NotFound)?;
    let may = match credential.standing {
        Standing::Active(_) => true,
        Standing::Blocked => holder::status(tx, resident).await?.is_some_and(|status| at_counter(&status)),
        Standing::Deactivated => false,
    };
    if !may {
        return Err(not_here().into());
    }
    contact::require_settled(tx, resident, now).await?;
    Ok(credential.generation)
}

fn not_here() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital ini dihentikan menurut data kependudukan atau sudah berakhir; datanglah ke loket Dukcapil dengan KTP-el.",
        "This digital KTP was stopped by the population register, or has ended; go to a Dukcapil counter with your KTP-el.",
    )
}

fn stopped_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital ini diblokir atau berubah sesudah disetujui; datanglah lagi ke loket dengan KTP-el.",
        "This digital KTP was blocked or changed after it was granted; go to a counter again with your KTP-el.",
    )
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Terlalu banyak permintaan dari ponsel ini hari ini; tunjukkan yang ada, atau coba lagi besok.",
        "This phone asked too often today; show the request that there is, or try again tomorrow.",
    )
}
