//! Places for work that queues: as many as are answered in time. How many that is depends on the machine, the database and the hour, so
//! it is learnt from how long those took who were let in.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::budget::{Budget, Portion};
use crate::clock::stopwatch;

/// How long whoever is let in may take. It leaves room for what comes before and after within a second, for which clients wait.
const IN_TIME: Duration = Duration::from_millis(500);
/// Places that there always are: fewer would leave batches empty, and time would tell nothing of the queue.
const LEAST: usize = 128;

/// The places. A client may have as many as are still free. Cloning shares them.
#[derive(Clone)]
pub struct Pace {
    budget: Budget,
    most: usize,
    now: Arc<AtomicUsize>,
}

/// A place, which is free again when this is dropped.
pub struct Stay {
    pace: Pace,
    since: Instant,
    /// How many had a place when this one came.
    among: usize,
    #[expect(dead_code, reason = "given back when dropped")]
    portion: Portion,
}

impl Pace {
    /// At most so many places.
    pub fn new(most: usize) -> Self {
        Self { budget: Budget::new(most), most, now: Arc::new(AtomicUsize::new(most)) }
    }

    /// A place for this client; `None` when it would not be answered in time, or has its share.
    pub fn enter(&self, address: IpAddr) -> Option<Stay> {
        let mut portion = self.budget.portion(address);
        portion.grow(1).then(|| Stay { pace: self.clone(), since: stopwatch(), among: self.budget.total(), portion })
    }

    /// Learns from one who came among so many and took so long. What is served at a steady rate takes as long as so many before it take.
    fn learn(&self, among: usize, took: Duration) {
        let now = self.now.load(Ordering::Relaxed);
        let next = if took > IN_TIME && among >= LEAST {
            let in_time = among as f64 * IN_TIME.as_secs_f64() / took.as_secs_f64();
            (in_time as usize).max(LEAST).min(now)
        } else if took < IN_TIME / 2 {
            (now + 1).min(self.most)
        } else {
            now
        };
        if next != now {
            self.now.store(next, Ordering::Relaxed);
            self.budget.resize(next);
        }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.pace.learn(self.among, self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(number))
    }

    fn room(pace: &Pace) -> usize {
        let stays: Vec<_> = (0..4_000).map_while(|number| pace.enter(address(number))).collect();
        let count = stays.len();
        // As if each had taken neither long nor short.
        stays.into_iter().for_each(|mut stay| stay.since = stopwatch().checked_sub(IN_TIME * 3 / 4).unwrap());
        count
    }

    #[test]
    fn as_many_are_let_in_as_are_answered_in_time() {
        let pace = Pace::new(2_048);
        assert_eq!(room(&pace), 2_048, "nothing is known yet");
        // A thousand a second: the last of 2,048 is answered after two seconds.
        pace.learn(2_048, Duration::from_millis(2_048));
        assert_eq!(room(&pace), 500);
        // It need not be full for that: where fifty are done in a second, the first to be late came early.
        let slow = Pace::new(2_048);
        slow.learn(200, Duration::from_secs(4));
        assert_eq!(room(&slow), LEAST);
        // Those who came before that took as long, and tell the same once more.
        for among in (500..2_048).rev() {
            pace.learn(among, Duration::from_millis(among as u64));
        }
        assert!((499..=500).contains(&room(&pace)));
        // Faster again: one place more for each.
        for _ in 0..100 {
            pace.learn(10, Duration::from_millis(10));
        }
        assert!((599..=600).contains(&room(&pace)));
        for _ in 0..5_000 {
            pace.learn(10, Duration::from_millis(10));
        }
        assert_eq!(room(&pace), 2_048);
    }

    #[test]
    fn one_slow_one_among_few_tells_nothing_and_some_places_are_always_there() {
        let pace = Pace::new(2_048);
        pace.learn(3, Duration::from_secs(5));
        assert_eq!(room(&pace), 2_048);
        pace.learn(2_048, Duration::from_secs(60));
        assert_eq!(room(&pace), LEAST);
        assert_eq!(room(&Pace::new(10)), 10, "no more than was configured");
    }

    #[test]
    fn one_client_leaves_places_for_others() {
        let pace = Pace::new(100);
        let flood: Vec<_> = (0..1_000).map_while(|_| pace.enter(address(1))).collect();
        assert_eq!(flood.len(), 50);
        assert!(pace.enter(address(2)).is_some());
    }
}
