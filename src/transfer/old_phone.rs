//! What the phone that has the digital KTP does: scans the new one's QR, and proves the PIN.

use uuid::Uuid;

use super::model::{MATCH_NUMBERS, PAUSE_SECONDS, Progress, Source, State};
use super::{Transfers, View, store};
use crate::clock::Timestamp;
use crate::contact::ports as contact;
use crate::credential::TokenKind;
use crate::db::Tx;
use crate::device::Thumbprint;
use crate::error::{Code, Error, Refusal, Result};
use crate::holder::ports as holder;
use crate::transaction;
use crate::wallet::service::Session;

impl Transfers {
    /// Scans the QR of a new phone: both phones show the same number from now on. Repeated with the same QR, it is the same number.
    ///
    /// # Errors
    /// `invalid_field` for what is no QR of ours, `other_qr` for one of the counter, `qr_expired`, `qr_used`; `wrong_state` when the
    /// move is over or the address changes; `already_active` when the new phone holds a digital KTP; `too_many` within a day.
    pub async fn scan(&self, device: &Thumbprint, session: &Session, token: &str) -> Result<View> {
        let now = self.context.now();
        let (id, issued) = self.read_scan(token, now).await?;
        let match_number = i64::try_from(self.context.random.below(MATCH_NUMBERS)).map_err(Error::internal)?;
        transaction!(self.context.db, "transfer.scan", |tx| {
            let held = store::hold(tx, id).await?.ok_or_else(of_the_counter)?;
            if held.last_spent == issued
                && held.state(now) == State::WaitingForPin
                && held.source().is_some_and(|source| source.device == *device)
            {
                return Ok(View::of(&held, now));
            }
            self.require_movable(tx, session.resident_id, now).await?;
            let new: Thumbprint = held.device_thumbprint.as_slice().try_into().map_err(Error::internal)?;
            let source = Source {
                resident_id: session.resident_id,
                device: device.to_vec(),
                generation: session.generation,
                match_number,
            };
            let scanned = held.scan(source, issued, now)?;
            if holder::is_taken(tx, &new).await? {
                return Err(holder::taken().into());
            }
            store::save(tx, &scanned, now).await?.demand()?;
            Ok(View::of(&scanned, now))
        })
    }

    /// The holder saw the same number on both phones, and proves the PIN here: the new phone may choose one. The session ends.
    ///
    /// # Errors
    /// `not_found` for what this phone did not scan, `wrong_state`; what proving the PIN refuses.
    pub async fn allow(
        &self,
        device: &Thumbprint,
        session: &Session,
        id: Uuid,
        (challenge, signature): (&str, &str),
    ) -> Result<()> {
        let now = self.context.now();
        {
            // Before a try at the PIN is counted: what is over needs none.
            let mut tx = self.context.db.read().await?;
            let found = store::lookup(&mut tx, id).await?.ok_or(Code::NotFound)?;
            found.allow(device, session.generation, now)?;
        }
        self.wallet.prove_again(device, session, challenge, signature).await?;
        transaction!(self.context.db, "transfer.allow", |tx| {
            let held = store::hold(tx, id).await?.ok_or(Code::NotFound)?;
            let was_allowed = matches!(held.progress, Progress::Allowed(_));
            let allowed = held.allow(device, session.generation, now)?;
            let credential = holder::hold(tx, session.resident_id).await?;
            credential.filter(|held| held.generation == session.generation).ok_or(Code::SessionEnded)?;
            self.require_movable(tx, session.resident_id, now).await?;
            if !was_allowed {
                store::save(tx, &allowed, now).await?.demand()?;
            }
            // It may have ended by itself.
            holder::lock(tx, session.resident_id, session.generation, session.session).await?.either_way();
            Ok(())
        })
    }

    async fn read_scan(&self, token: &str, now: Timestamp) -> Result<(Uuid, Timestamp)> {
        let token = self.keyring.authenticate(token, &[TokenKind::Activation]).await.map_err(|_| not_ours())?;
        let record = token.unseal(self.keyring.sealer()).map_err(|_| not_ours())?;
        token.judge_time(now).map_err(|_| Error::from(Code::QrExpired))?;
        Ok((record.subject, record.issued))
    }

    /// That this digital KTP may move now: once a day, and not while its holder's address changes.
    pub(super) async fn require_movable(&self, tx: &mut Tx, resident: Uuid, now: Timestamp) -> Result<()> {
        if let Some(moved) = store::last_done(tx, resident, now.plus_seconds(-PAUSE_SECONDS)).await? {
            let opens = moved.plus_seconds(PAUSE_SECONDS);
            return Err(moved_today().retry_after(opens.retry_after(now)).into());
        }
        contact::require_settled(tx, resident, now).await
    }
}

fn not_ours() -> Error {
    Refusal::field(
        "token",
        "Ini bukan QR pindah ponsel dari aplikasi IKD; tampilkan QR itu di ponsel yang baru, lalu pindai lagi.",
        "This is no QR of the IKD app for moving; show that QR on the new phone, then scan again.",
    )
    .into()
}

fn of_the_counter() -> Refusal {
    Refusal::new(Code::OtherQr).detail(
        "QR ini untuk petugas di loket; untuk pindah ponsel, pilih \"Pindah dari ponsel lama\" di ponsel yang baru.",
        "This QR is for an officer at a counter; to move, choose \"Move from the old phone\" on the new phone.",
    )
}

fn moved_today() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "KTP Digital ini sudah pindah ponsel dalam 24 jam terakhir; tunggu selama waktu yang tertera. Bukan Anda yang memindahkannya? Blokir.",
        "This digital KTP moved within the last 24 hours; wait for the time stated. Was it not you who moved it? Block it.",
    )
}
