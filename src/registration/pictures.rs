//! Decoding pictures, a few at once. The client with the least recent use is next, and the cost of a picture is known
//! from its headers in advance.

use std::net::IpAddr;
use std::time::Duration;

use super::selfie;
use crate::clock::{MICROS, MINUTE, Timestamp};
use crate::context::Context;
use crate::decoder::{DecodeError, Decoders};
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::{Meter, Turns};

/// Pictures that may wait for a decoder; of one client as many as there are places left.
const WAITING: usize = 64;
/// How long a picture waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a picture that ended its decoder costs whoever sent it: others are served first for so long.
const HARM: Duration = Duration::from_secs(10);

/// The decoders. Cloning shares them.
#[derive(Clone)]
pub struct Pictures {
    decoders: Decoders,
    turns: Turns,
    sent: Option<Meter>,
}

impl Pictures {
    /// As many at once as is configured.
    pub fn new(context: &Context) -> Self {
        let limits = &context.config.limits;
        let each = i64::from(limits.selfies_per_minute);
        let sent = (each > 0).then(|| Meter::new(2 * each, MINUTE * MICROS / each));
        Self { decoders: context.decoders.clone(), turns: Turns::new(limits.pictures, WAITING), sent }
    }

    /// Whether this address has sent its share of pictures; if not, one more is counted.
    ///
    /// # Errors
    /// `too_many`.
    pub fn admit(&self, from: IpAddr, now: Timestamp) -> Result<()> {
        let Some(sent) = &self.sent else { return Ok(()) };
        Ok(sent.take(from, now).map_err(|seconds| too_many().retry_after(seconds))?)
    }

    /// A clean picture from a body: decoded in a process of its own, and encoded here.
    ///
    /// # Errors
    /// `picture_unusable`; `overloaded` when too many pictures wait, or there is no decoder.
    pub async fn clean(&self, from: IpAddr, bytes: Vec<u8>) -> Result<Vec<u8>> {
        let cost = selfie::cost(&bytes)?;
        let turn = self.turns.take(from, cost, PATIENCE).await.ok_or_else(later)?;
        let pixels = self.decoders.read(&bytes, &selfie::LIMITS, selfie::SHAPE).await.map_err(|error| match error {
            DecodeError::Picture(error) => selfie::refusal(error),
            DecodeError::Harmful(error) => {
                turn.charge(HARM);
                selfie::refusal(error)
            }
            DecodeError::Unavailable => later(),
        })?;
        let encoded = tokio::task::spawn_blocking(move || {
            let encoded = selfie::encode(&pixels);
            drop(turn);
            encoded
        });
        encoded.await.map_err(Error::internal)?
    }
}

fn later() -> Refusal {
    Refusal::new(Code::Overloaded).retry_after(5)
}

/// Too many selfies, of a phone or of an address.
pub fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Terlalu banyak swafoto dalam waktu singkat; tunggu selama waktu yang tertera, lalu ambil satu foto yang jelas.",
        "Too many selfies in a short time; wait for the time stated, then take one clear picture.",
    )
}
