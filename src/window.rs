//! How often something was done in a time, in a row that all nodes share: what one phone or one QR may use up.

use sha2::{Digest, Sha256};

use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::error::Refusal;
use crate::fair::Network;
use crate::jobs::Sweep;
use crate::vault::{Label, Vault};
use crate::{execute, fetch_optional, transaction};

/// So many uses in each window of `seconds`, which begins with the first.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// What is counted; it tells apart what is counted for the same subject, and stands in the row.
    pub kind: &'static str,
    /// Length of the window.
    pub seconds: i64,
    /// Uses in it; `i64::MAX` where they are counted and never refused.
    pub most: i64,
}

/// Selfies that a phone may send: each is decoded.
pub const SELFIES: Window = Window { kind: "selfie", seconds: HOUR, most: 15 };
/// Changes of one registration by its phone: each is a write, and may be a mail.
pub const AMENDMENTS: Window = Window { kind: "amendment", seconds: HOUR, most: 20 };
/// Scans of one officer's counter QR from one network: a photographed one serves strangers too, who would push others off the
/// officer's list. An office whose residents share its wireless network has several desks, each with a QR of its own.
/// Wider networks have more, but never the whole list ([`WIDEST_COUNTER_SCANS`]).
pub const COUNTER_SCANS: Window = Window { kind: "counter_scan", seconds: 300, most: 10 };
/// Of the thirty that an officer's list shows, what no network has more of, however wide.
pub const WIDEST_COUNTER_SCANS: i64 = 20;
/// Numbers that an office gives in a day to those who wait to be called; they are counted, never refused.
pub const QUEUE_NUMBERS: Window = Window { kind: "queue_number", seconds: DAY, most: i64::MAX };
/// Registrations that a phone may begin: each is a row, and a question to the register.
pub const REGISTRATIONS: Window = Window { kind: "registration", seconds: DAY, most: 20 };
/// Offline QRs of a holder that live at once: who takes part in all of them carries the holder's data away many times.
pub const OFFLINE_QRS: Window =
    Window { kind: "offline_qr", seconds: crate::credential::claims::LIFETIME_SECONDS, most: 10 };
/// Checks of one offline QR by one relying party.
pub const OFFLINE_CHECKS: Window = Window { kind: "offline_check", seconds: 600, most: 100 };

/// Register look-ups for one NIK; later ones wait for the counter, so that nobody can lock another out.
pub const NIK_CHECKS: Window = Window { kind: "nik_check", seconds: 6 * HOUR, most: 5 };

const COUNT: &str = "INSERT INTO use_window (kind, subject, ends_at, uses) VALUES ($1, $2, $4, 1) \
    ON CONFLICT (kind, subject) DO UPDATE SET \
    uses = CASE WHEN use_window.ends_at <= $3 THEN 1 ELSE use_window.uses + 1 END, \
    ends_at = CASE WHEN use_window.ends_at <= $3 THEN $4 ELSE use_window.ends_at END \
    WHERE use_window.ends_at <= $3 OR use_window.uses < $5 RETURNING uses";
const PRESENT: &str = "SELECT ends_at, uses FROM use_window WHERE kind = $1 AND subject = $2 AND ends_at > $3";
const SWEEP: &str = "DELETE FROM use_window WHERE ends_at <= $1";

/// A use that was counted, or how long to wait for the next window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a use beyond the window's is to be refused"]
pub enum Counted {
    /// The use's number in its window; the first is 1.
    Use(i64),
    /// There have been as many as there may be.
    Full {
        /// Seconds until the window ends.
        retry_after: u64,
    },
}

impl Counted {
    /// The use's number.
    ///
    /// # Errors
    /// `refusal` with the time to wait, when the window is full.
    pub fn or_refuse(self, refusal: Refusal) -> Result<i64, Refusal> {
        match self {
            Self::Use(number) => Ok(number),
            Self::Full { retry_after } => Err(refusal.retry_after(retry_after)),
        }
    }
}

/// What is left of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// Uses that are left.
    pub uses: i64,
    /// Seconds until all of them are back; 1 when all are there.
    pub retry_after: u64,
}

impl Window {
    /// Counts a use by the subject that `parts` name. Who comes at the same time waits for the row.
    pub async fn count(&self, tx: &mut Tx, parts: &[&[u8]], now: Timestamp) -> DbResult<Counted> {
        let (subject, ends) = (digest(parts), now.plus_seconds(self.seconds));
        if let Some((uses,)) = fetch_optional!(tx, (i64,), COUNT, self.kind, &subject[..], now, ends, self.most)? {
            return Ok(Counted::Use(uses));
        }
        let retry_after = self.remaining(tx, parts, now).await?.retry_after;
        Ok(Counted::Full { retry_after })
    }

    /// What the subject that `parts` name has left. Nothing is counted.
    pub async fn remaining(&self, tx: &mut Tx, parts: &[&[u8]], now: Timestamp) -> DbResult<Remaining> {
        let row = fetch_optional!(tx, (Timestamp, i64), PRESENT, self.kind, &digest(parts)[..], now)?;
        let (ends_at, used) = row.unwrap_or((now, 0));
        Ok(Remaining { uses: self.most.saturating_sub(used).max(0), retry_after: ends_at.retry_after(now) })
    }
}

/// What stands for a network where something is counted by it: keyed, or a copy of the rows would say who was here.
pub fn of_network(vault: &Vault, network: Network) -> [u8; 32] {
    vault.mac_index(Label::Network, &[&network.bytes()])
}

/// Each part with its length before it, so that no two lists of parts are one subject.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Forgets windows that are over; gives how many.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, SWEEP, now)
}

/// [`sweep`] as a job of every node.
pub fn sweep_job(context: &Context) -> Sweep {
    Sweep::of("window.sweep", context, |context| async move {
        let now = context.now();
        transaction!(context.db, "window.sweep", |tx| Ok(sweep(tx, now).await?))
    })
}
