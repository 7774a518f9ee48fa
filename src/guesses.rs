//! How often an address has been wrong of late, in this process: what is guessed at and cannot be guessed anyway must not
//! cost the database a question each time. What guards secrets that can be guessed is counted in rows.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::{MICROS, Timestamp};

/// Addresses remembered at most. Beyond that the quiet ones are forgotten, then all: memory is bounded, and a botnet of
/// that size is not held up by counting its addresses.
const ADDRESSES: usize = 100_000;

/// A leaky bucket per address: `burst` wrong guesses at once, one more every `seconds_each`. Cloning shares it.
#[derive(Clone)]
pub struct Guesses {
    burst: i64,
    micros_each: i64,
    /// When each address's bucket is empty again.
    empty_at: Arc<Mutex<HashMap<IpAddr, i64>>>,
}

impl Guesses {
    /// No address has been wrong yet.
    pub fn new(burst: i64, seconds_each: i64) -> Self {
        Self { burst, micros_each: seconds_each * MICROS, empty_at: Arc::default() }
    }

    /// Seconds until this address is judged again, when it has been wrong too often.
    pub fn wait(&self, address: IpAddr, now: Timestamp) -> Option<u64> {
        let known = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let empty_at = self.bounded(*known.get(&address)?, now);
        // One guess is allowed again once there is room for it.
        let free_at = empty_at - (self.burst - 1) * self.micros_each;
        (free_at > now.micros()).then(|| Timestamp::from_micros(free_at).retry_after(now))
    }

    /// Notes a wrong guess.
    pub fn note(&self, address: IpAddr, now: Timestamp) {
        let mut known = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES && !known.contains_key(&address) {
            known.retain(|_, empty_at| *empty_at > now.micros());
            if known.len() >= ADDRESSES {
                known.clear();
            }
        }
        let before = known.get(&address).map_or(now.micros(), |empty_at| self.bounded(*empty_at, now));
        let after = self.bounded(before.max(now.micros()) + self.micros_each, now);
        known.insert(address, after);
    }

    /// A full bucket at most, whatever the clock did since.
    fn bounded(&self, empty_at: i64, now: Timestamp) -> i64 {
        empty_at.min(now.micros() + self.burst * self.micros_each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(number))
    }

    #[test]
    fn an_address_waits_after_its_burst_and_no_other_does() {
        let guesses = Guesses::new(3, 10);
        for _ in 0..3 {
            assert_eq!(guesses.wait(address(1), NOW), None);
            guesses.note(address(1), NOW);
        }
        assert_eq!(guesses.wait(address(1), NOW), Some(10));
        assert_eq!(guesses.wait(address(2), NOW), None);
        assert_eq!(guesses.wait(address(1), NOW.plus_seconds(9)), Some(1));
        assert_eq!(guesses.wait(address(1), NOW.plus_seconds(10)), None);
        guesses.note(address(1), NOW.plus_seconds(10));
        assert_eq!(guesses.wait(address(1), NOW.plus_seconds(10)), Some(10));
        // Many more do not make it longer than a full bucket, nor does a clock that was set back.
        for _ in 0..1_000 {
            guesses.note(address(1), NOW);
        }
        assert_eq!(guesses.wait(address(1), NOW), Some(10));
        assert_eq!(guesses.wait(address(1), NOW.plus_seconds(-86_400)), Some(10));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let guesses = Guesses::new(3, 10);
        for number in 0..2 * ADDRESSES as u32 + 10 {
            guesses.note(address(number), NOW);
        }
        assert!(guesses.empty_at.lock().unwrap().len() <= ADDRESSES);
    }
}
