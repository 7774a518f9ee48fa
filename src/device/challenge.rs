//! Challenges for the PIN key: sealed, so that nothing has to be stored until one is spent.
//!
//! A challenge is its time of issue, sealed under a key that only the service holds and bound to the device it was given
//! to. It is spent by raising `challenge_spent` in the row that counts the try: `… WHERE challenge_spent < issued`. So
//! each works once, and spending one voids every older one of the same row; a device takes one challenge per try and
//! never notices. An [`Issuer`] never gives two the same time, so challenges asked for in the same microsecond do not
//! void each other. Two nodes may meet in one microsecond; then the loser asks again. Setting a PIN needs no such memory: its
//! registration becomes active once, and that spends the challenge.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::{Thumbprint, decode, encode};
use crate::clock::{MICROS, Timestamp};
use crate::random::Random;
use crate::vault::{Label, Vault, VaultError};

/// How long a challenge lives, in seconds.
pub const LIFETIME_SECONDS: i64 = 60;
/// How far ahead another node's clock may be, in seconds.
const CLOCK_SKEW_SECONDS: i64 = 10;
/// Version ‖ nonce ‖ sealed microseconds ‖ tag.
const LENGTH: usize = 1 + 12 + 8 + 16;

/// Issues times that never repeat within this process. Cloning shares the sequence.
#[derive(Clone, Debug, Default)]
pub struct Issuer(Arc<AtomicI64>);

impl Issuer {
    /// `now`, or the next microsecond that was not given yet; `now` again after the clock was set back by a second or more.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        // After the clock was set back, the sequence follows it: later times would be refused as future ones.
        let after = |last: i64| {
            let ahead = last.saturating_sub(now.micros());
            if ahead < MICROS { now.micros().max(last.saturating_add(1)) } else { now.micros() }
        };
        let previous = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
        // `fetch_update` gives the value before; the closure always answers, so both arms carry it.
        let (Ok(last) | Err(last)) = previous;
        Timestamp::from_micros(after(last))
    }
}

/// A challenge that was opened: it is ours, for this device, and not older than a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// When it was issued; spending it demands that nothing as new was spent before.
    pub issued: Timestamp,
    /// The raw bytes, which the PIN key signs.
    pub bytes: Vec<u8>,
}

impl Challenge {
    /// Makes the text of a challenge for one device.
    ///
    /// # Errors
    /// As for [`Vault::seal`]: none for eight bytes.
    pub fn issue(vault: &Vault, random: &Random, device: &Thumbprint, issued: Timestamp) -> Result<String, VaultError> {
        Ok(encode(&vault.seal(Label::Challenge, random, &[device], &issued.micros().to_be_bytes())?))
    }

    /// Opens a challenge. `None` when it is not ours, was given to another device, or has expired.
    pub fn open(vault: &Vault, text: &str, device: &Thumbprint, now: Timestamp) -> Option<Self> {
        let bytes = decode(text).filter(|bytes| bytes.len() == LENGTH)?;
        let opened = vault.open(Label::Challenge, &[device], &bytes).ok()?;
        let issued = Timestamp::from_micros(i64::from_be_bytes(opened.as_slice().try_into().ok()?));
        let lives = now < issued.plus_seconds(LIFETIME_SECONDS) && issued <= now.plus_seconds(CLOCK_SKEW_SECONDS);
        lives.then_some(Self { issued, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_lives_60_seconds_for_its_own_device() {
        let (vault, random) = (Vault::single([1; 32]), Random::seeded(1));
        let at = Timestamp::from_seconds(1_800_000_000);
        let text = Challenge::issue(&vault, &random, &[1; 32], at).unwrap();
        assert_eq!(Challenge::open(&vault, &text, &[1; 32], at.plus_seconds(59)).unwrap().issued, at);
        assert!(Challenge::open(&vault, &text, &[1; 32], at.plus_seconds(60)).is_none());
        assert!(Challenge::open(&vault, &text, &[1; 32], at.plus_seconds(-11)).is_none());
        assert!(Challenge::open(&vault, &text, &[2; 32], at).is_none());
        assert!(Challenge::open(&Vault::single([2; 32]), &text, &[1; 32], at).is_none());
        for text in ["", "AAAA", &text[1..], &format!("{text}A"), &"A".repeat(100_000)] {
            assert!(Challenge::open(&vault, text, &[1; 32], at).is_none());
        }
    }

    #[test]
    fn times_of_issue_never_repeat() {
        let (issuer, at) = (Issuer::default(), Timestamp::from_seconds(5));
        let times: Vec<_> = (0..3).map(|_| issuer.clone().next(at).micros() - at.micros()).collect();
        assert_eq!(times, [0, 1, 2]);
        assert_eq!(issuer.next(Timestamp::from_seconds(6)), Timestamp::from_seconds(6));
    }

    #[test]
    fn a_clock_that_jumped_ahead_and_back_is_followed() {
        let (issuer, at) = (Issuer::default(), Timestamp::from_seconds(10_000));
        assert_eq!(issuer.next(at.plus_seconds(3_600)), at.plus_seconds(3_600));
        assert_eq!(issuer.next(at), at);
        assert_eq!(issuer.next(at).micros(), at.micros() + 1);
    }
}
