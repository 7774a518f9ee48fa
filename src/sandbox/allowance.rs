//! How much of a node and of the database the sandbox may use: little, and each party its own share of it. A loop in somebody's tests slows
//! nobody's checks.

use std::time::Duration;

use uuid::Uuid;

use crate::batcher::overloaded;
use crate::clock::{DAY, MINUTE, Timestamp};
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::fair::turns::{Turn, Turns};
use crate::fair::whose_share;
use crate::window::Window;

/// Requests of the sandbox that a node works on at once.
const AT_ONCE: usize = 2;
/// Requests that may wait for that: each client has its share, and the one with the least use is next.
const WAITING: usize = 64;
/// Estimated cost of one before it is measured.
const COST: Duration = Duration::from_millis(4);
/// How long one waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// QRs and checks of a party in a minute, and in a day: what a test suite needs, and a bound on the rows that it leaves.
const WINDOWS: [Window; 2] = [
    Window { kind: "sandbox_minute", seconds: MINUTE, most: 120 },
    Window { kind: "sandbox_day", seconds: DAY, most: 5_000 },
];

/// Turns at the sandbox. Cloning shares them.
#[derive(Clone)]
pub(super) struct Allowance(Turns);

impl Allowance {
    pub(super) fn new() -> Self {
        Self(Turns::new(AT_ONCE, WAITING))
    }

    /// Waits for a turn, which ends when it is dropped.
    ///
    /// # Errors
    /// `overloaded`.
    pub(super) async fn turn(&self) -> Result<Turn> {
        self.0.take(whose_share(), COST, PATIENCE).await.ok_or_else(overloaded)
    }
}

/// Counts a QR or a check of a party. Whoever comes at the same time waits for the row.
///
/// # Errors
/// `too_many`.
pub(super) async fn count(tx: &mut Tx, party: Uuid, now: Timestamp) -> Result<()> {
    for window in WINDOWS {
        window.count(tx, &[party.as_bytes()], now).await?.or_refuse(too_many())?;
    }
    Ok(())
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Kotak pasir menerima 120 permintaan per menit dan 5.000 per hari dari satu lembaga. Tunggu selama waktu yang tertera; kuota pemeriksaan sungguhan tidak terpakai.",
        "The sandbox takes 120 requests a minute and 5,000 a day of one organisation. Wait for the time stated; your quota of real checks is untouched.",
    )
}
