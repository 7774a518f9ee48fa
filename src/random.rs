//! Randomness as a source that is passed in.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::{ChaCha20Rng, SysRng};
use rand::{Rng, SeedableRng, TryRng};
use uuid::Uuid;

use crate::clock::Timestamp;

/// A source of random bytes: the operating system's, or a seeded one for tests. Cloning shares it.
#[derive(Clone)]
pub struct Random(Arc<Shared>);

struct Shared {
    source: Source,
    /// Millisecond and counter of the newest UUIDv7.
    newest: Mutex<(u64, u16)>,
}

enum Source {
    System,
    Seeded(Box<Mutex<ChaCha20Rng>>),
}

impl Random {
    /// The operating system's generator; the only one that may serve people.
    pub fn system() -> Self {
        Self::of(Source::System)
    }

    /// A repeatable stream for tests and synthetic data. Never for keys that protect anything.
    pub fn seeded(seed: u64) -> Self {
        Self::of(Source::Seeded(Box::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))))
    }

    fn of(source: Source) -> Self {
        Self(Arc::new(Shared { source, newest: Mutex::default() }))
    }

    /// Fills `buffer` with random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can be done without it.
    #[expect(
        clippy::expect_used,
        reason = "without randomness no key, nonce or code may be made; stopping is the answer"
    )]
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0.source {
            Source::System => SysRng.try_fill_bytes(buffer).expect("the operating system gives randomness"),
            Source::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(buffer),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A uniform number in `0..bound`, by rejection (no modulo bias). `bound` 0 gives 0.
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let zone = u64::MAX - (u64::MAX % bound);
        loop {
            let value = u64::from_le_bytes(self.bytes());
            if value < zone {
                return value % bound;
            }
        }
    }

    /// A UUIDv7 (RFC 9562 §5.7): the time in milliseconds, a counter and random bits, so that new rows are neighbours in the index, and
    /// those that one node makes in a millisecond stand in the order in which they were made.
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
        let mut random: [u8; 10] = self.bytes();
        // §6.2, method 1: 12 bits, which begin with a random number in the lower half. Beyond 2,048 a millisecond the order ends.
        let counter = {
            let mut newest = self.0.newest.lock().unwrap_or_else(PoisonError::into_inner);
            let first = u16::from_be_bytes([random[0], random[1]]) & 0x7ff;
            let counter = if newest.0 == millis { (newest.1 + 1) & 0xfff } else { first };
            *newest = (millis, counter);
            counter
        };
        random[..2].copy_from_slice(&counter.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// A UUIDv7 that says no more than the time it is given, and not which of that time came first: for rows of people who are not to be
    /// known again by the moment.
    pub fn uuid_v7_unordered(&self, time: Timestamp) -> Uuid {
        let millis = u64::try_from(time.micros() / 1_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_the_system_does_not() {
        assert_eq!(Random::seeded(7).bytes::<16>(), Random::seeded(7).bytes::<16>());
        assert_ne!(Random::system().bytes::<16>(), Random::system().bytes::<16>());
    }

    #[test]
    fn uuid_v7_carries_version_variant_and_time() {
        let id = Random::system().uuid_v7(Timestamp::from_seconds(1_700_000_000));
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(id.get_timestamp().unwrap().to_unix().0, 1_700_000_000);
    }

    #[test]
    fn those_of_one_millisecond_stand_in_their_order() {
        let (random, now) = (Random::system(), Timestamp::from_seconds(1_700_000_000));
        let ids: Vec<Uuid> = (0..2_000).map(|_| random.uuid_v7(now)).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        assert!(random.uuid_v7(now.plus_seconds(1)) > ids[1_999]);
    }

    #[test]
    fn the_unordered_tell_their_time_and_no_order() {
        let (random, day) = (Random::system(), Timestamp::from_seconds(1_700_000_000));
        let ids: Vec<Uuid> = (0..100).map(|_| random.uuid_v7_unordered(day)).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.as_bytes()[..6] == ids[0].as_bytes()[..6]));
        assert!(!ids.is_sorted() && random.uuid_v7_unordered(day.plus_seconds(1)) > *ids.iter().max().unwrap());
    }

    #[test]
    fn below_stays_below() {
        let random = Random::seeded(1);
        assert!((0..1_000).all(|_| random.below(7) < 7));
        assert_eq!(random.below(0), 0);
    }
}
