//! Giving a code for a presentation, and getting the presentation for a code.

use uuid::Uuid;

use super::model::{CODES, Guesser, PresentationCode, WINDOW_SECONDS};
use super::store;
use crate::clock::{DAY, Timestamp};
use crate::context::{Context, Sources};
use crate::error::{Code, Error, Refusal, Result};
use crate::secret::Redacted;
use crate::transaction;
use crate::vault::{INDEX_LENGTH, Label, Vault};
use crate::verification::model::IdempotencyKey;
use crate::window::{Counted, Window};

/// Numbers drawn until one is free. With ten thousand living codes even the second is hardly ever needed.
const DRAWS: u32 = 8;
/// Days that the key of a code's check is remembered; a client repeats within one (protocol §4).
const USED_DAYS: i64 = 2;
/// The table in whose context tokens are sealed.
const TABLE: &[u8] = b"presentation_code";

/// Codes and wrong guesses. Cloning shares the database.
#[derive(Clone)]
pub struct Codes {
    context: Context,
}

/// What was typed, after it was looked up.
#[derive(Debug)]
pub enum Redeemed {
    /// A code of this presentation's.
    Token(Redacted<String>),
    /// Nobody's code: one more wrong guess.
    Nothing,
}

impl Codes {
    /// Over the shared tables.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// A new code for a resident's presentation. It voids the one before.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn give(&self, resident: Uuid, token: &str, expires_at: Timestamp) -> Result<PresentationCode> {
        let Sources { random, vault, db, .. } = &*self.context;
        transaction!(db, "verification.give_code", |tx| {
            store::void(tx, resident).await?;
            for _ in 0..DRAWS {
                let code = PresentationCode::from_number(random.below(CODES));
                let index = index(vault, &code);
                let context: [&[u8]; 3] = [TABLE, resident.as_bytes(), &index];
                let sealed = vault.seal(Label::Column, random, &context, token.as_bytes())?;
                if store::add(tx, &index, resident, &sealed, expires_at).await?.happened() {
                    return Ok(code);
                }
            }
            Err(Error::internal("no free code was drawn"))
        })
    }

    /// The token that a code stands for. A wrong code is counted; a right one is not.
    ///
    /// The try is counted before it is compared, in one transaction that a right code rolls back. Parallel tries queue
    /// for the counter's row, so none is compared beyond the limit, and a crash before the commit has revealed nothing.
    ///
    /// The key of a right code is recorded first: a repetition must find its answer after the code was deleted.
    ///
    /// # Errors
    /// `too_many` with the time to wait after too many wrong ones: then nothing is compared.
    pub async fn redeem(
        &self,
        code: &PresentationCode,
        guesser: Guesser,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Redeemed> {
        // A caller that has to wait learns it without a writing transaction.
        let mut tx = self.context.db.read().await?;
        for (subject, most) in guesser.subjects() {
            let remaining = wrong_codes(most).remaining(&mut tx, &[subject.as_bytes()], now).await?;
            if remaining.uses == 0 {
                return Err(wait(remaining.retry_after));
            }
        }
        drop(tx);
        let index = index(&self.context.vault, code);
        let found = transaction!(self.context.db, "verification.guess_code", |tx| {
            for (subject, most) in guesser.subjects() {
                let counted = wrong_codes(most).count(tx, &[subject.as_bytes()], now).await?;
                if let Counted::Full { retry_after } = counted {
                    return Err(wait(retry_after));
                }
            }
            let found = store::find(tx, &index).await?;
            if found.is_some() {
                tx.discard();
            }
            Ok(found)
        })?;
        let is_known = |row: &store::CodeRow| self.context.vault.is_known(&row.sealed);
        let Some(row) = found.filter(is_known) else { return Ok(Redeemed::Nothing) };
        transaction!(self.context.db, "verification.use_code", |tx| {
            store::use_up(tx, guesser.relying_party_id, &key.0, row.resident_id, now).await?.either_way();
            Ok(())
        })?;
        let context = [TABLE, row.resident_id.as_bytes(), &index];
        let token = self.context.vault.open(Label::Column, &context, &row.sealed)?;
        let token = String::from_utf8(token.to_vec()).map_err(|_| Error::internal("a sealed token is no text"))?;
        Ok(Redeemed::Token(token.into()))
    }

    /// Whose code a party used under this key, if it used one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn used_for(&self, party: Uuid, key: &IdempotencyKey) -> Result<Option<Uuid>> {
        let mut tx = self.context.db.read().await?;
        Ok(store::used_for(&mut tx, party, &key.0).await?)
    }

    /// How many wrong codes are left before a guesser has to wait.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn left(&self, guesser: Guesser, now: Timestamp) -> Result<i64> {
        let mut tx = self.context.db.read().await?;
        let mut least = i64::MAX;
        for (subject, most) in guesser.subjects() {
            let remaining = wrong_codes(most).remaining(&mut tx, &[subject.as_bytes()], now).await?;
            least = least.min(remaining.uses);
        }
        Ok(least)
    }

    /// The hash by which a repeated question with a code is recognised. Keyed, because ten digits are quickly tried
    /// out.
    pub fn keyed(&self, hash: &[u8; 32]) -> [u8; 32] {
        self.context.vault.mac_index(Label::PresentationCode, &[b"question", hash])
    }

    /// Forgets expired codes, and under which keys codes were used; gives how many rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        transaction!(self.context.db, "verification.sweep_codes", |tx| {
            Ok(store::sweep(tx, now).await? + store::sweep_used(tx, now.plus_seconds(-USED_DAYS * DAY)).await?)
        })
    }
}

/// Wrong codes of one who types them.
const fn wrong_codes(most: i64) -> Window {
    Window { kind: "code_guess", seconds: WINDOW_SECONDS, most }
}

fn index(vault: &Vault, code: &PresentationCode) -> Vec<u8> {
    let parts: [&[u8]; 2] = [b"code", code.expose().as_bytes()];
    vault.mac_index(Label::PresentationCode, &parts)[..INDEX_LENGTH].to_vec()
}

fn wait(seconds: u64) -> Error {
    let refusal = Refusal::new(Code::TooMany).detail(
        "Terlalu banyak kode yang salah. Tunggu selama waktu yang tertera, atau pindai QR-nya: QR tidak dibatasi.",
        "Too many wrong codes. Wait for the time stated, or scan the QR: that is not limited.",
    );
    refusal.retry_after(seconds).into()
}
