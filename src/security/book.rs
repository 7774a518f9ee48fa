//! Which events are going on, in bounded memory: an event of a client begins once, is counted, and ends once.
//!
//! A flood must neither fill the log nor the memory, and must not hide what somebody else does meanwhile. So each kind has places of its
//! own, a client's share of them depends on how many are free ([`Budget`]), and whoever finds no place is counted together with others like
//! that.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::kind::Kind;
use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::fair::{Budget, Portion};

/// Seconds without another one after which an event has ended.
pub const QUIET_SECONDS: i64 = 5 * MINUTE;
/// Seconds after which one that goes on is told as ended and begins anew: so who reads the log sees each hour that it goes on.
pub const LONGEST_SECONDS: i64 = HOUR;

/// Who has shown who they are. The value stays in this process: what is told of it is a keyed digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// A device, by the thumbprint of its key.
    Device([u8; 32]),
    /// A relying party.
    Party(Uuid),
}

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Device(_) => "Device",
            Self::Party(_) => "Party",
        })
    }
}

/// By whom an event is told apart from others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct By {
    /// The client's address; `None` where it did not come over the wire.
    pub client: Option<IpAddr>,
    /// Who it is, where that is known.
    pub who: Option<Who>,
}

/// An event that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its kind.
    pub kind: Kind,
    /// By whom; `None` for all who found no place.
    pub by: Option<By>,
    /// How often it happened.
    pub count: u64,
    /// Seconds from the first to the last.
    pub seconds: i64,
}

/// Whether something is to be said of what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It begins.
    Begun,
    /// It begins for those who find no place.
    BegunForOthers,
    /// It was counted.
    Counted,
}

struct Episode {
    first: Timestamp,
    last: Timestamp,
    count: u64,
    /// Its place; those without one have none.
    _place: Option<Portion>,
}

impl Episode {
    fn begun(now: Timestamp, place: Option<Portion>) -> Self {
        Self { first: now, last: now, count: 1, _place: place }
    }

    fn again(&mut self, now: Timestamp) {
        // A clock that was set back ends nothing early, and one that was put right keeps nothing open.
        self.first = self.first.min(now);
        self.last = now;
        self.count = self.count.saturating_add(1);
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let quiet = now.seconds_since(self.last);
        !(0..QUIET_SECONDS).contains(&quiet) || now.seconds_since(self.first) >= LONGEST_SECONDS
    }

    fn ended(&self, kind: Kind, by: Option<By>) -> Ended {
        Ended { kind, by, count: self.count, seconds: self.last.seconds_since(self.first) }
    }
}

/// Events of one kind.
struct Shelf {
    places: Budget,
    open: HashMap<By, Episode>,
    others: Option<Episode>,
}

/// All that goes on.
pub struct Book(Vec<Mutex<Shelf>>);

impl Default for Book {
    fn default() -> Self {
        let shelf =
            |kind: &Kind| Mutex::new(Shelf { places: Budget::new(kind.places()), open: HashMap::new(), others: None });
        Self(Kind::ALL.iter().map(shelf).collect())
    }
}

impl Book {
    /// Notes that it happened.
    pub fn note(&self, kind: Kind, by: By, now: Timestamp) -> Seen {
        let mut shelf = self.shelf(kind);
        if let Some(episode) = shelf.open.get_mut(&by) {
            episode.again(now);
            return Seen::Counted;
        }
        let mut place = shelf.places.portion(by.client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        if place.grow(1) {
            shelf.open.insert(by, Episode::begun(now, Some(place)));
            return Seen::Begun;
        }
        match &mut shelf.others {
            Some(others) => {
                others.again(now);
                Seen::Counted
            }
            none => {
                *none = Some(Episode::begun(now, None));
                Seen::BegunForOthers
            }
        }
    }

    /// Takes out what is over.
    pub fn over(&self, now: Timestamp) -> Vec<Ended> {
        self.take(|episode| episode.is_over(now))
    }

    /// Takes out everything.
    pub fn all(&self) -> Vec<Ended> {
        self.take(|_| true)
    }

    fn take(&self, is_over: impl Fn(&Episode) -> bool) -> Vec<Ended> {
        let mut ended = Vec::new();
        for kind in Kind::ALL {
            let mut shelf = self.shelf(kind);
            for (by, episode) in shelf.open.extract_if(|_, episode| is_over(episode)) {
                ended.push(episode.ended(kind, Some(by)));
            }
            if shelf.open.is_empty() {
                shelf.open.shrink_to_fit();
            }
            if let Some(others) = shelf.others.take_if(|others| is_over(others)) {
                ended.push(others.ended(kind, None));
            }
        }
        ended
    }

    fn shelf(&self, kind: Kind) -> MutexGuard<'_, Shelf> {
        self.0[kind.place()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn at(address: u32) -> By {
        By { client: Some(IpAddr::V4(Ipv4Addr::from_bits(address))), who: None }
    }

    #[test]
    fn an_event_is_told_when_it_begins_and_when_it_ends_and_not_between() {
        let book = Book::default();
        assert_eq!(book.note(Kind::PinWrong, at(1), NOW), Seen::Begun);
        for second in 1..100 {
            assert_eq!(book.note(Kind::PinWrong, at(1), NOW.plus_seconds(second)), Seen::Counted);
        }
        assert_eq!(book.note(Kind::PinBlocked, at(1), NOW), Seen::Begun, "another kind");
        assert_eq!(book.note(Kind::PinWrong, at(2), NOW.plus_seconds(99)), Seen::Begun, "another client");
        let device = By { who: Some(Who::Device([7; 32])), ..at(2) };
        assert_eq!(book.note(Kind::PinWrong, device, NOW.plus_seconds(99)), Seen::Begun, "another device there");
        assert_eq!(book.over(NOW.plus_seconds(200)), []);
        let ended = book.over(NOW.plus_seconds(QUIET_SECONDS + 50));
        assert_eq!(ended, [Ended { kind: Kind::PinBlocked, by: Some(at(1)), count: 1, seconds: 0 }]);
        let ended = book.over(NOW.plus_seconds(QUIET_SECONDS + 99));
        assert!(ended.contains(&Ended { kind: Kind::PinWrong, by: Some(at(1)), count: 100, seconds: 99 }), "{ended:?}");
        assert_eq!((ended.len(), book.all().len()), (3, 0));
        assert_eq!(book.note(Kind::PinWrong, at(1), NOW.plus_seconds(400)), Seen::Begun, "and again");
    }

    #[test]
    fn what_goes_on_for_long_is_told_again_each_hour() {
        let (book, mut begun, mut ended) = (Book::default(), 0, Vec::new());
        for second in 0..3 * HOUR {
            let now = NOW.plus_seconds(second);
            begun += i32::from(book.note(Kind::Flood, at(1), now) == Seen::Begun);
            ended.extend(book.over(now));
        }
        ended.extend(book.all());
        assert_eq!((begun, ended.len()), (3, 3));
        assert_eq!(ended.iter().map(|one| one.count).sum::<u64>(), 3 * HOUR as u64, "each is counted once");
    }

    #[test]
    fn a_flood_from_many_addresses_takes_no_more_memory_or_lines_and_each_is_counted() {
        let (book, kind) = (Book::default(), Kind::ApiKeyWrong);
        let (mut lines, many) = (0, 200_000);
        for address in 0..many {
            lines += usize::from(book.note(kind, at(address), NOW) != Seen::Counted);
        }
        assert!(book.shelf(kind).open.len() <= kind.places() && lines <= kind.places() + 1, "{lines}");
        assert_eq!(book.note(Kind::ProofReplayed, at(1), NOW), Seen::Begun, "another kind has its own places");
        let counted: u64 = book.all().iter().filter(|one| one.kind == kind).map(|one| one.count).sum();
        assert_eq!(counted, u64::from(many));
        assert_eq!(book.shelf(kind).places.total(), 0, "all places are free again");
    }

    #[test]
    fn one_client_with_many_devices_leaves_room_for_others() {
        let (book, kind) = (Book::default(), Kind::NotTheirs);
        for device in 0..10_000_u16 {
            let mut thumbprint = [0; 32];
            thumbprint[..2].copy_from_slice(&device.to_be_bytes());
            let _ = book.note(kind, By { who: Some(Who::Device(thumbprint)), ..at(66) }, NOW);
        }
        assert_eq!(book.shelf(kind).open.len(), kind.places() / 2, "one alone gets half");
        assert_eq!(book.note(kind, at(1), NOW), Seen::Begun, "another is told apart");
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nothing_open() {
        let book = Book::default();
        let _ = book.note(Kind::Limit, at(1), NOW);
        assert_eq!(book.over(NOW.plus_seconds(-DAY)).len(), 1);
        const DAY: i64 = 24 * HOUR;
        let _ = book.note(Kind::Limit, at(1), NOW);
        let _ = book.note(Kind::Limit, at(1), NOW.plus_seconds(-DAY));
        assert_eq!(book.over(NOW.plus_seconds(-DAY)), [], "it happened just now");
    }
}
