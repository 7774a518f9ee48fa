//! Decoding pictures, a few at once. The client with the least recent use is next, and the cost of a picture is known
//! from its headers in advance.

use std::net::IpAddr;
use std::time::Duration;

use super::selfie;
use crate::clock::{MICROS, MINUTE, Timestamp};
use crate::config::Limits;
use crate::error::{Code, Refusal, Result};
use crate::fair::{Meter, Turns};

/// Pictures that may wait for a decoder; of one client as many as there are places left.
const WAITING: usize = 64;
/// How long a picture waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// The decoders. Cloning shares them.
#[derive(Clone)]
pub struct Pictures {
    turns: Turns,
    sent: Option<Meter>,
}

impl Pictures {
    /// As many at once as is configured.
    pub fn new(limits: &Limits) -> Self {
        let each = i64::from(limits.selfies_per_minute);
        let sent = (each > 0).then(|| Meter::new(2 * each, MINUTE * MICROS / each));
        Self { turns: Turns::new(limits.pictures, WAITING), sent }
    }

    /// Whether this address has sent its share of pictures; if not, one more is counted.
    ///
    /// # Errors
    /// `too_many`.
    pub fn admit(&self, from: IpAddr, now: Timestamp) -> Result<()> {
        let Some(sent) = &self.sent else { return Ok(()) };
        Ok(sent.take(from, now).map_err(|seconds| too_many().retry_after(seconds))?)
    }

    /// A clean picture from a body.
    ///
    /// # Errors
    /// `picture_unusable`; `overloaded` when too many pictures wait.
    pub async fn clean(&self, from: IpAddr, bytes: Vec<u8>) -> Result<Vec<u8>> {
        let cost = selfie::cost(&bytes)?;
        let Some(turn) = self.turns.take(from, cost, PATIENCE).await else {
            return Err(Refusal::new(Code::Overloaded).retry_after(5).into());
        };
        let cleaned = tokio::task::spawn_blocking(move || {
            let cleaned = selfie::clean(&bytes);
            drop(turn);
            cleaned
        })
        .await;
        // A decoder that panicked has refused the picture.
        Ok(cleaned.unwrap_or_else(|_| Err(Code::PictureUnusable.into()))?)
    }
}

/// Too many selfies, of a phone or of an address.
pub fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Terlalu banyak swafoto dalam waktu singkat; tunggu selama waktu yang tertera, lalu ambil satu foto yang jelas.",
        "Too many selfies in a short time; wait for the time stated, then take one clear picture.",
    )
}
