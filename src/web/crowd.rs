//! Which connections stay open when there are more than the limit.
//!
//! Below the limit a client may open as many connections as it likes: an office or a mobile carrier is one address. At
//! the limit, the client with the most connections loses those that were quiet for longest to a client with fewer. So
//! silent connections, however many, cost the client that opened them and nobody else.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::clock::stopwatch;
use crate::fair::{Network, tiers};

/// Weight of one connection of one client. In a wider network it is divided by that network's shares.
const WEIGHT: u32 = 16;
/// Most connections that are closed at once: finding them takes a scan of all.
const AT_ONCE: usize = 64;

/// What a connection is doing. Earlier variants are closed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    /// No request has begun, or all were answered.
    Quiet,
    /// A request's body is arriving.
    Receiving,
    /// A handler is working on a request.
    Working,
}

/// The connections of a listener.
pub struct Crowd {
    most: usize,
    began: Instant,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    seats: HashMap<u64, Arc<Seat>>,
    held: HashMap<Network, u32>,
    numbers: u64,
}

/// One connection, as the others see it.
pub struct Seat {
    /// `None` for a trusted proxy, which stands for many clients.
    address: Option<IpAddr>,
    began: Instant,
    /// Milliseconds since `began` in the upper bits, [`Doing`] in the lowest two.
    state: AtomicU64,
    leave: Notify,
}

/// A connection's place; dropping it frees it.
pub struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    /// Shared with the handler of the connection's requests.
    pub seat: Arc<Seat>,
}

impl Seat {
    fn set(&self, doing: Doing) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        self.state.store(millis << 2 | doing as u64, Ordering::Relaxed);
    }

    fn state(&self) -> (Doing, u64) {
        let state = self.state.load(Ordering::Relaxed);
        let doing = match state & 3 {
            0 => Doing::Quiet,
            1 => Doing::Receiving,
            _ => Doing::Working,
        };
        (doing, state >> 2)
    }

    /// Part of a request arrived.
    pub fn receiving(&self) {
        self.set(Doing::Receiving);
    }

    /// A request arrived whole.
    pub fn working(&self) {
        self.set(Doing::Working);
    }

    /// The request was answered.
    pub fn quiet(&self) {
        self.set(Doing::Quiet);
    }

    /// Returns when the connection must be closed.
    pub async fn has_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Crowd {
    /// Room for `most` connections.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), began: stopwatch(), places: Mutex::default() })
    }

    /// A place for a connection from this address (`None`: a trusted proxy). Others may be closed for it. `None` when
    /// no client has more than this one, and none of its own connections is quiet.
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let mut places = self.places();
        if places.seats.len() >= self.most && places.make_room(address, AT_ONCE.min(self.most.div_ceil(64))) == 0 {
            return None;
        }
        let seat = Arc::new(Seat { address, began: self.began, state: AtomicU64::new(0), leave: Notify::new() });
        seat.quiet();
        places.numbers += 1;
        let number = places.numbers;
        places.seats.insert(number, Arc::clone(&seat));
        for tier in address.into_iter().flat_map(tiers) {
            *places.held.entry(tier.network).or_default() += 1;
        }
        Some(Place { crowd: Arc::clone(self), number, seat })
    }

    /// Closes some connections below the limit, because the process has no file descriptor left.
    pub fn shrink(&self) -> usize {
        self.places().make_room(None, AT_ONCE)
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.places().remove(self.number);
    }
}

impl Places {
    fn remove(&mut self, number: u64) -> Option<Arc<Seat>> {
        let seat = self.seats.remove(&number)?;
        for tier in seat.address.into_iter().flat_map(tiers) {
            if let Some(count) = self.held.get_mut(&tier.network) {
                *count -= 1;
                if *count == 0 {
                    self.held.remove(&tier.network);
                }
            }
        }
        Some(seat)
    }

    /// Weight of this address's client, by the heaviest of its networks; 0 for a proxy.
    fn weight(&self, address: Option<IpAddr>, more: u32) -> u32 {
        let held = |network: Network| self.held.get(&network).copied().unwrap_or(0) + more;
        address.into_iter().flat_map(tiers).map(|tier| held(tier.network) * WEIGHT / tier.shares).max().unwrap_or(0)
    }

    fn send_away(&mut self, number: u64) {
        if let Some(seat) = self.remove(number) {
            metrics::counter!("ikd_connections_evicted_total").increment(1);
            seat.leave.notify_one();
        }
    }

    /// Closes connections so that at least one more of `newcomer` fits, if it may have one; gives how many were closed.
    fn make_room(&mut self, newcomer: Option<IpAddr>, wanted: usize) -> usize {
        let mine = self.weight(newcomer, 1);
        let mut all: Vec<_> = self.seats.iter().map(|(number, seat)| (seat.state(), *number, seat.address)).collect();
        all.sort_unstable_by_key(|(state, number, _)| (*state, *number));
        let heaviest = all.iter().map(|(.., address)| self.weight(*address, 0)).max().unwrap_or(0);
        let give_way = all.iter().take_while(|((doing, _), ..)| *doing < Doing::Working);
        let mut sent = 0;
        let mut level = heaviest;
        // From the heaviest client down to those that hold as much as the newcomer would.
        while sent == 0 && heaviest >= mine {
            level = (level.saturating_mul(3) / 4).max(mine);
            for (_, number, address) in give_way.clone() {
                let weight = self.weight(*address, 0);
                if sent < wanted && (weight > level || weight == mine && level == mine) && weight >= mine {
                    self.send_away(*number);
                    sent += 1;
                }
            }
            if level == mine {
                break;
            }
        }
        if sent > 0 {
            return sent;
        }
        // No client has more than the newcomer's: it loses connections of its own.
        let own = |address: Option<IpAddr>| {
            let mine = || newcomer.into_iter().flat_map(tiers).map(|tier| tier.network);
            address.into_iter().flat_map(tiers).any(|tier| mine().any(|network| network == tier.network))
        };
        let own: Vec<u64> = give_way.filter(|(.., address)| own(*address)).map(|(_, number, _)| *number).collect();
        for number in own.iter().take(wanted.min(own.len().div_ceil(4))) {
            self.send_away(*number);
            sent += 1;
        }
        if sent > 0 {
            return sent;
        }
        // Every connection is working. A client that holds more than twice as much loses one.
        let busy = all.iter().find(|(.., address)| {
            let weight = self.weight(*address, 0);
            weight == heaviest && weight > mine.saturating_mul(2)
        });
        if let (Some((_, number, _)), true) = (busy, newcomer.is_some()) {
            self.send_away(*number);
            return 1;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn fill(crowd: &Arc<Crowd>, count: usize, from: impl Fn(usize) -> String) -> Vec<Option<Place>> {
        (0..count).map(|number| crowd.enter(address(&from(number)))).collect()
    }

    fn left(places: &[Option<Place>]) -> usize {
        let crowd = &places.iter().flatten().next().unwrap().crowd;
        let seats = crowd.places();
        places.iter().flatten().filter(|place| seats.seats.contains_key(&place.number)).count()
    }

    #[test]
    fn a_newcomer_gets_the_place_of_whoever_has_most() {
        let crowd = Crowd::new(100);
        let office = fill(&crowd, 20, |_| String::from("192.0.2.1"));
        let flood = fill(&crowd, 500, |_| String::from("192.0.2.66"));
        assert!(left(&office) == 20 && left(&flood) >= 78);
        let others = fill(&crowd, 50, |number| format!("198.51.100.{number}"));
        assert!(others.iter().all(Option::is_some));
        assert_eq!((left(&office), left(&others)), (20, 50), "nobody else gave way");
        assert!(left(&flood) <= 30);
    }

    #[test]
    fn the_longest_quiet_goes_first_and_work_last() {
        let crowd = Crowd::new(4);
        let flood = fill(&crowd, 4, |_| String::from("192.0.2.66"));
        let gone = || -> Vec<bool> {
            let seats = crowd.places();
            flood.iter().flatten().map(|place| !seats.seats.contains_key(&place.number)).collect()
        };
        flood[0].as_ref().unwrap().seat.working();
        flood[1].as_ref().unwrap().seat.receiving();
        let _other = crowd.enter(address("192.0.2.1")).unwrap();
        assert_eq!(gone(), [false, false, true, false]);
        let _another = crowd.enter(address("192.0.2.2")).unwrap();
        assert_eq!(gone(), [false, false, true, true]);
        let _third = crowd.enter(address("192.0.2.3")).unwrap();
        assert_eq!(gone(), [false, true, true, true]);
    }

    #[test]
    fn what_is_worked_on_gives_way_only_to_who_has_far_less() {
        let crowd = Crowd::new(4);
        let flood = fill(&crowd, 4, |_| String::from("192.0.2.66"));
        flood.iter().flatten().for_each(|place| place.seat.working());
        assert!(crowd.enter(address("192.0.2.66")).is_none());
        let one = crowd.enter(address("192.0.2.1")).unwrap();
        one.seat.working();
        let two = crowd.enter(address("192.0.2.2")).unwrap();
        two.seat.working();
        assert!(crowd.enter(address("192.0.2.3")).is_none(), "nobody has twice as much any more");
        assert_eq!(left(&flood), 2);
    }

    #[test]
    fn addresses_of_one_wide_network_are_one_crowd() {
        // Each connection from another /64 of one /48, as whoever owns that can make them.
        let crowd = Crowd::new(400);
        let office = fill(&crowd, 10, |_| String::from("192.0.2.1"));
        let flood = fill(&crowd, 2_000, |number| format!("2001:db8:1:{number:x}::1"));
        assert!(left(&office) == 10 && left(&flood) >= 380);
        let others = fill(&crowd, 100, |number| format!("2001:db8:{:x}::1", number + 100));
        assert_eq!((left(&office), left(&others)), (10, 100));
        let second = fill(&crowd, 5, |_| String::from("192.0.2.1"));
        assert!(left(&office) + left(&second) == 15, "an office that grows still finds room");
    }

    #[test]
    fn a_crowd_of_equals_takes_turns_and_a_proxys_connections_count_for_nobody() {
        let crowd = Crowd::new(64);
        let first = fill(&crowd, 64, |number| format!("198.51.100.{number}"));
        let second = fill(&crowd, 64, |number| format!("203.0.113.{number}"));
        assert_eq!((left(&first), left(&second)), (0, 64), "the longest quiet went");
        drop((first, second));
        assert!(crowd.places().held.is_empty());
        let proxy: Vec<_> = (0..64).map(|_| crowd.enter(None)).collect();
        assert_eq!(left(&proxy), 64);
        proxy.iter().flatten().skip(1).for_each(|place| place.seat.working());
        let next = crowd.enter(None);
        assert!(next.is_some() && left(&proxy) == 63);
        next.iter().for_each(|place| place.seat.working());
        assert!(crowd.enter(None).is_none(), "a proxy's work is not cut off");
    }

    #[test]
    fn without_a_file_left_the_largest_gives_some() {
        let crowd = Crowd::new(1_000);
        let flood = fill(&crowd, 500, |_| String::from("192.0.2.66"));
        let office = fill(&crowd, 20, |_| String::from("192.0.2.1"));
        assert_eq!(crowd.shrink(), 64);
        assert_eq!((left(&flood), left(&office)), (436, 20));
    }
}
