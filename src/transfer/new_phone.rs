//! What the new phone does: begins, shows its QR, chooses the PIN.

use uuid::Uuid;

use super::model::{KEEP_DAYS, LIFE_SECONDS, Progress, Source, State, Transfer, over};
use super::{Transfers, View, store};
use crate::clock::{DAY, Timestamp};
use crate::credential::{Issued, SealedRecord, TokenKind};
use crate::db::{DbError, Tx};
use crate::device::{NewPinKey, PinPublicKey, Thumbprint};
use crate::error::{Code, Refusal, Result};
use crate::holder::ports::{self as holder, Move};
use crate::holder::{Credential, Standing};
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::registration::ports as registrations;
use crate::transaction;
use crate::window::Window;

/// Moves that a phone may begin in a day.
const BEGUN: Window = Window { kind: "transfer", seconds: DAY, most: 20 };
/// Moves ended or forgotten in one round.
const BATCH: i64 = 200;

/// How choosing a PIN ended.
enum Outcome {
    /// The digital KTP is here now.
    Moved(Transfer),
    /// The same request had succeeded before.
    Before,
    /// The digital KTP is not what it was when the old phone allowed this.
    Void,
}

impl Transfers {
    /// Begins a move to this phone; while one lives, gives that one.
    ///
    /// # Errors
    /// `already_active` on a phone that holds a digital KTP; `too_many`.
    pub async fn begin(&self, device: &Thumbprint) -> Result<View> {
        let now = self.context.now();
        transaction!(self.context.db, "transfer.begin", |tx| {
            if let Some(former) = store::of_device(tx, device).await? {
                // Held, because the old phone may take it further at this moment.
                let former = store::hold(tx, former.transfer_id).await?.ok_or(DbError::Contention)?;
                if former.is_live(now) {
                    return Ok(View::of(&former, now));
                }
                if !matches!(former.progress, Progress::Done(..) | Progress::Lapsed(..)) {
                    store::save(tx, &former.lapse(now)?, now).await?.demand()?;
                }
            }
            if holder::is_taken(tx, device).await? {
                return Err(holder::taken().into());
            }
            BEGUN.count(tx, &[device], now).await?.or_refuse(too_many())?;
            let begun = Transfer {
                transfer_id: self.context.random.uuid_v7(now),
                device_thumbprint: device.to_vec(),
                revision: 0,
                expires_at: now.plus_seconds(LIFE_SECONDS),
                last_spent: Timestamp::default(),
                progress: Progress::WaitingForScan,
            };
            // When another request of this device was faster, the next try finds what it made.
            store::add(tx, &begun, now).await.map_err(DbError::unique_as_contention)?;
            Ok(View::of(&begun, now))
        })
    }

    /// A QR for the old phone: 90 seconds, once.
    ///
    /// # Errors
    /// `not_found`, `wrong_state` when nothing is to be scanned any more.
    pub async fn token(&self, device: &Thumbprint, id: Uuid) -> Result<Issued> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let found = own(store::lookup(&mut tx, id).await?, device)?;
        drop(tx);
        if !matches!(found.state(now), State::WaitingForScan | State::WaitingForPin) {
            return Err(over().into());
        }
        // Of the kind that phones show to be scanned, at a counter or here; the id tells which it is.
        let record =
            SealedRecord { kind: TokenKind::Activation, subject: id, generation: 0, issued: now, attributes: 0 };
        Ok(self.keyring.issue(record).await?)
    }

    /// Chooses the PIN of this phone: the digital KTP is here now, and nowhere else. Repeated with the same key it succeeds again.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`, `challenge_invalid`, `signature_invalid`, `wrong_state`, `already_active`, `too_many`.
    pub async fn choose_pin(&self, device: &Thumbprint, id: Uuid, new: &NewPinKey) -> Result<View> {
        let now = self.context.now();
        let key = new.key()?;
        let found = {
            let mut tx = self.context.db.read().await?;
            own(store::lookup(&mut tx, id).await?, device)?
        };
        if found.state(now) == State::Done {
            return self.chosen_before(device, id, key).await;
        }
        new.prove(key, &self.context.vault, device, now)?;
        let outcome = transaction!(self.context.db, "transfer.choose_pin", |tx| {
            let held = own(store::hold(tx, id).await?, device)?;
            if held.state(now) == State::Done {
                return Ok(Outcome::Before);
            }
            self.take_over(tx, held, (device, key), now).await
        })?;
        match outcome {
            Outcome::Moved(done) => Ok(View::of(&done, now)),
            Outcome::Before => self.chosen_before(device, id, key).await,
            Outcome::Void => Err(over().into()),
        }
    }

    /// In one transaction: the phone, the PIN, the generation, the sessions, the event and the notices.
    async fn take_over(
        &self,
        tx: &mut Tx,
        held: Transfer,
        (device, key): (&Thumbprint, PinPublicKey),
        now: Timestamp,
    ) -> Result<Outcome> {
        let done = held.clone().finish(now)?;
        let source = done.source().cloned().ok_or(Code::WrongState)?;
        if !is_as_allowed(&source, holder::credential(tx, source.resident_id).await?) {
            store::save(tx, &held.lapse(now)?, now).await?.demand()?;
            return Ok(Outcome::Void);
        }
        // Before the credential, as registrations that become one do.
        registrations::withdraw_of_device(tx, device, now).await?;
        if !is_as_allowed(&source, holder::hold(tx, source.resident_id).await?) {
            // Stopped or changed at this moment: the next try sees that.
            return Err(DbError::Contention.into());
        }
        self.require_movable(tx, source.resident_id, now).await?;
        store::save(tx, &done, now).await?.demand()?;
        let this = Move {
            resident_id: source.resident_id,
            generation: source.generation,
            from: &source.device,
            to: device,
            pin_public_key: key,
        };
        holder::move_device(&self.context, tx, &this, now).await?;
        let resident = source.resident_id;
        life::happened(&self.context, tx, (resident, EventKind::Moved), now, By::holder(resident)).await?;
        Ok(Outcome::Moved(done))
    }

    async fn chosen_before(&self, device: &Thumbprint, id: Uuid, key: PinPublicKey) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        let done = own(store::lookup(&mut tx, id).await?, device)?;
        let holder = holder::on_device(&mut tx, device).await?.ok_or_else(over)?;
        let whose = done.source().map(|source| source.resident_id);
        if whose != Some(holder.credential.resident_id) || holder.pin_key(&self.context.vault)? != key {
            return Err(over().into());
        }
        Ok(View::of(&done, self.context.now()))
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
            transaction!(self.context.db, "transfer.lapse", |tx| {
                let Some(held) = store::hold(tx, *id).await?.filter(|held| held.expires_at <= now) else {
                    return Ok(());
                };
                match held.lapse(now) {
                    Ok(lapsed) => store::save(tx, &lapsed, now).await?.demand(),
                    // Ended at this moment.
                    Err(_) => Ok(()),
                }
            })?;
        }
        let before = now.plus_seconds(-KEEP_DAYS * DAY);
        let forgotten =
            transaction!(self.context.db, "transfer.sweep", |tx| Ok(store::sweep(tx, before, BATCH).await?))?;
        Ok(over.len() as u64 + forgotten)
    }
}

/// A move to this phone.
fn own(found: Option<Transfer>, device: &Thumbprint) -> Result<Transfer> {
    found.filter(|found| found.device_thumbprint == device).ok_or_else(|| Code::NotFound.into())
}

/// Whether the digital KTP still is what the old phone allowed to move.
fn is_as_allowed(source: &Source, credential: Option<Credential>) -> bool {
    credential.is_some_and(|credential| {
        credential.generation == source.generation && matches!(credential.standing, Standing::Active(_))
    })
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Terlalu banyak pemindahan dimulai dari ponsel ini hari ini; coba lagi sesudah waktu yang tertera.",
        "Too many moves were begun from this phone today; try again after the time stated.",
    )
}
