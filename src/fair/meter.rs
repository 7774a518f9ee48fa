//! How much each client did recently, in this process: a leaky bucket per network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::network::{Network, tiers};
use crate::clock::Timestamp;

/// Most networks that are remembered. Beyond that, networks whose bucket is empty are forgotten, and all of them when
/// that is not enough: memory is bounded, and counting addresses does not stop a botnet of that size anyway.
const NETWORKS: usize = 100_000;

/// A bucket per network. It holds `most` units and leaks one unit every `micros_each`; the bucket of a wider network
/// leaks faster, by the number of its shares. Cloning shares it.
#[derive(Clone)]
pub struct Meter {
    most: i64,
    micros_each: i64,
    /// When each bucket is empty again.
    empty_at: Arc<Mutex<HashMap<Network, i64>>>,
}

impl Meter {
    /// All buckets are empty.
    pub fn new(most: i64, micros_each: i64) -> Self {
        Self { most: most.max(1), micros_each: micros_each.max(1), empty_at: Arc::default() }
    }

    /// Units in the fullest bucket of this address, rounded up, counted as if each bucket were one client's.
    pub fn level(&self, address: IpAddr, now: Timestamp) -> i64 {
        let known = self.known();
        let micros = tiers(address)
            .filter_map(|tier| known.get(&tier.network))
            .map(|empty_at| self.bounded(*empty_at, now) - now.micros());
        let fullest = micros.max().unwrap_or(0).max(0);
        (fullest + self.micros_each - 1) / self.micros_each
    }

    /// Seconds until one more unit fits into the buckets of this address, when it does not now.
    #[cfg(test)]
    fn wait(&self, address: IpAddr, now: Timestamp) -> Option<u64> {
        self.wait_in(&self.known(), address, now)
    }

    /// Puts a unit into each bucket of this address if it fits. Of many callers at the same time, only as many succeed
    /// as fit.
    ///
    /// # Errors
    /// Seconds until one more unit fits.
    pub fn take(&self, address: IpAddr, now: Timestamp) -> Result<(), u64> {
        let mut known = self.known();
        match self.wait_in(&known, address, now) {
            Some(seconds) => Err(seconds),
            None => {
                self.put(&mut known, address, now);
                Ok(())
            }
        }
    }

    /// Takes out a unit that [`Meter::take`] put in.
    pub fn refund(&self, address: IpAddr) {
        let mut known = self.known();
        for tier in tiers(address) {
            if let Some(empty_at) = known.get_mut(&tier.network) {
                *empty_at -= self.micros_each / i64::from(tier.shares);
            }
        }
    }

    /// Puts a unit into each bucket of this address.
    pub fn note(&self, address: IpAddr, now: Timestamp) {
        self.put(&mut self.known(), address, now);
    }

    fn wait_in(&self, known: &HashMap<Network, i64>, address: IpAddr, now: Timestamp) -> Option<u64> {
        let free = tiers(address).filter_map(|tier| {
            let empty_at = self.bounded(*known.get(&tier.network)?, now);
            Some(empty_at - self.most * self.micros_each + self.micros_each / i64::from(tier.shares))
        });
        let free_at = free.max()?;
        (free_at > now.micros()).then(|| Timestamp::from_micros(free_at).retry_after(now))
    }

    fn put(&self, known: &mut HashMap<Network, i64>, address: IpAddr, now: Timestamp) {
        for tier in tiers(address) {
            if known.len() >= NETWORKS && !known.contains_key(&tier.network) {
                known.retain(|_, empty_at| *empty_at > now.micros());
                if known.len() >= NETWORKS {
                    known.clear();
                }
            }
            let before = known.get(&tier.network).map_or(now.micros(), |empty_at| self.bounded(*empty_at, now));
            let unit = self.micros_each / i64::from(tier.shares);
            known.insert(tier.network, self.bounded(before.max(now.micros()) + unit, now));
        }
    }

    /// Forgets networks whose bucket is empty.
    pub fn forget_quiet(&self, now: Timestamp) {
        let mut known = self.known();
        known.retain(|_, empty_at| *empty_at > now.micros());
        known.shrink_to_fit();
    }

    /// At most a full bucket, even if the clock jumped.
    fn bounded(&self, empty_at: i64, now: Timestamp) -> i64 {
        empty_at.min(now.micros() + self.most * self.micros_each)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Network, i64>> {
        self.empty_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MICROS;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(number))
    }

    #[test]
    fn an_address_waits_after_its_burst_and_no_other_does() {
        let meter = Meter::new(3, 10 * MICROS);
        for units in 0..3 {
            assert_eq!((meter.wait(address(1), NOW), meter.level(address(1), NOW)), (None, units));
            meter.note(address(1), NOW);
        }
        assert_eq!((meter.wait(address(1), NOW), meter.level(address(1), NOW)), (Some(10), 3));
        assert_eq!((meter.wait(address(2), NOW), meter.level(address(2), NOW)), (None, 0));
        assert_eq!(meter.wait(address(1), NOW.plus_seconds(9)), Some(1));
        assert_eq!(meter.wait(address(1), NOW.plus_seconds(10)), None);
        meter.note(address(1), NOW.plus_seconds(10));
        assert_eq!(meter.wait(address(1), NOW.plus_seconds(10)), Some(10));
        // Many more do not make it longer than a full bucket, nor does a clock that was set back.
        for _ in 0..1_000 {
            meter.note(address(1), NOW);
        }
        assert_eq!(meter.wait(address(1), NOW), Some(10));
        assert_eq!(meter.wait(address(1), NOW.plus_seconds(-86_400)), Some(10));
    }

    #[test]
    fn of_many_at_once_as_many_pass_as_fit_and_what_is_given_back_fits_again() {
        let meter = Meter::new(3, 10 * MICROS);
        let passed = (0..100).filter(|_| meter.take(address(1), NOW).is_ok()).count();
        assert_eq!(passed, 3);
        assert_eq!(meter.take(address(1), NOW), Err(10));
        meter.refund(address(1));
        assert_eq!((meter.take(address(1), NOW), meter.take(address(1), NOW)), (Ok(()), Err(10)));
    }

    #[test]
    fn who_has_a_wider_network_gains_little_by_changing_addresses_in_it() {
        // A client that never uses a /64 twice, from a /56 and from a /48: 4 and 16 times one client's allowance, no more.
        for (step, shares) in [(1_u128 << 64, 4), (1 << 72, 16)] {
            let meter = Meter::new(10, 60 * MICROS);
            let first = u128::from_be_bytes([0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
            let mut passed = 0;
            for number in 0..250 {
                let address = IpAddr::V6((first + number * step).into());
                if meter.wait(address, NOW).is_none() {
                    passed += 1;
                    meter.note(address, NOW);
                }
            }
            assert!((10 * shares..=10 * shares + 3).contains(&passed), "{passed} of one with {shares} shares");
            let neighbour = IpAddr::V6((first + (1 << 80)).into());
            assert_eq!(meter.wait(neighbour, NOW), None, "another /48 is another client");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let meter = Meter::new(3, 10 * MICROS);
        for number in 0..2 * NETWORKS as u32 + 10 {
            meter.note(address(number), NOW);
        }
        assert!(meter.known().len() <= NETWORKS);
        meter.forget_quiet(NOW.plus_seconds(60));
        assert_eq!(meter.known().len(), 0);
    }
}
