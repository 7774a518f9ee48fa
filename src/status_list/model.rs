//! How long lists and places live, and in which order places are given out. Pure.

use sha2::{Digest, Sha256};

use crate::clock::{DAY, HOUR, MINUTE, Timestamp};

/// Places of a list. A list of which one in a thousand is void weighs some 2 KiB.
pub const SIZE: u32 = 1 << (2 * HALF_BITS);
/// Places that a node takes at once; those that it has not given out when it stops are lost.
pub const LEASED: u32 = 64;
/// Seconds for which a copy of a list may be kept (`ttl`).
pub const TTL_SECONDS: i64 = MINUTE;
/// Seconds after which a copy may not be gone by any more (`exp`).
pub const LIFE_SECONDS: i64 = DAY;
/// Seconds after which a list is signed anew although nothing in it has changed.
pub const RENEW_SECONDS: i64 = HOUR;
/// Seconds that a place is kept after its token has expired: whoever is a little late still finds it.
pub const KEEP_SECONDS: i64 = HOUR;
/// Lists of one period at most; each is opened when the one before is full.
const PARTS: i64 = 1_000;
/// The numbers of lists of printed cards begin here; those of days reach it in the year 4707.
pub const FIRST_OF_CARDS: i64 = 1_000_000_000;
/// Bits of the number of a place that say where in its list it is.
const INDEX_BITS: u32 = 2 * HALF_BITS;

const HALF_BITS: u32 = 10;
const HALF: u32 = (1 << HALF_BITS) - 1;

/// A place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The list.
    pub list_id: i64,
    /// Where in it.
    pub index: u32,
}

impl Place {
    /// List and index in one number, which no other place has.
    pub const fn number(self) -> i64 {
        self.list_id << INDEX_BITS | self.index as i64
    }

    /// The place with this number.
    pub const fn of_number(number: i64) -> Self {
        Self { list_id: number >> INDEX_BITS, index: (number & (SIZE as i64 - 1)) as u32 }
    }
}

/// What the tokens of a list are: how long its list is served depends on how long they live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// QRs that a phone shows offline, for seconds.
    Shown,
    /// Printed cards, for a year.
    Card,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Shown, Self::Card];

    /// Of which kind a list is, by its number.
    pub const fn of(list_id: i64) -> Self {
        if list_id < FIRST_OF_CARDS { Self::Shown } else { Self::Card }
    }

    /// From which number on the lists of this kind are numbered, and below which.
    pub const fn numbers(self) -> (i64, i64) {
        match self {
            Self::Shown => (0, FIRST_OF_CARDS),
            Self::Card => (FIRST_OF_CARDS, i64::MAX),
        }
    }

    /// Seconds during which tokens are entered in a list.
    const fn period(self) -> i64 {
        match self {
            Self::Shown => DAY,
            Self::Card => 30 * DAY,
        }
    }

    /// Seconds that a list is served after it was opened: as long as a token that was entered last can name it, and a little more.
    pub const fn served(self) -> i64 {
        match self {
            Self::Shown => 2 * DAY,
            Self::Card => (30 + 366 + 2) * DAY,
        }
    }

    /// Number of the present list; `part` counts those of one period.
    pub const fn list_of(self, now: Timestamp, part: i64) -> i64 {
        self.numbers().0 + now.seconds().div_euclid(self.period()) * PARTS + part
    }
}

/// The list to open when this one is full; `None` when the period's numbers are used up.
pub const fn next_list(list_id: i64) -> Option<i64> {
    if list_id % PARTS == PARTS - 1 { None } else { Some(list_id + 1) }
}

/// The place that the `count`-th token of a list gets. Each has one of its own, and nobody who knows some of them can tell which came
/// after which, or how many there are: a Feistel network of four rounds (Luby and Rackoff, 1988) over the places, keyed by a secret
/// of the list.
pub fn place(key: &[u8], count: u32) -> u32 {
    let (mut left, mut right) = ((count >> HALF_BITS) & HALF, count & HALF);
    for round in 0..4_u8 {
        let mut hash = Sha256::new();
        hash.update(key);
        hash.update([round]);
        hash.update(right.to_be_bytes());
        let digest = hash.finalize();
        let mixed = u32::from(digest[0]) << 8 | u32::from(digest[1]);
        (left, right) = (right, left ^ (mixed & HALF));
    }
    left << HALF_BITS | right
}

/// One bit for each place: these are set.
pub fn bits(places: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut bits = vec![0; SIZE as usize / 8];
    for place in places {
        if let Some(byte) = bits.get_mut(place as usize / 8) {
            *byte |= 1 << (place % 8);
        }
    }
    bits
}

/// All places, in order, whose bit in `good` is not set, and those that were voided since. No bits at all set none.
pub fn all_but(good: &[u8], voided: &[u32]) -> Vec<u32> {
    let is_good = |place: u32| good.get(place as usize / 8).is_some_and(|byte| byte & 1 << (place % 8) != 0);
    (0..SIZE).filter(|place| !is_good(*place) || voided.binary_search(place).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_token_of_a_list_has_a_place_of_its_own() {
        let places: HashSet<u32> = (0..SIZE).map(|count| place(&[7; 16], count)).collect();
        assert_eq!(places.len(), SIZE as usize);
        assert!(places.iter().all(|place| *place < SIZE));
    }

    #[test]
    fn places_do_not_tell_their_order_and_differ_between_lists() {
        let of = |key: u8| (0..1_000).map(|count| place(&[key; 16], count)).collect::<Vec<_>>();
        let (one, other) = (of(1), of(2));
        let neighbours = one.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 1_000).count();
        // Of random pairs, one in 500 lies that close.
        assert!(neighbours < 20, "{neighbours}");
        assert!(one.iter().zip(&other).filter(|(a, b)| a == b).count() < 5);
    }

    #[test]
    fn a_period_has_its_own_lists() {
        let noon = Timestamp::from_seconds(1_800_000_000);
        for kind in Kind::ALL {
            let first = kind.list_of(noon, 0);
            assert_eq!(kind.list_of(noon.plus_seconds(kind.period()), 0) - first, PARTS);
            assert_eq!(next_list(first), Some(first + 1));
            assert_eq!(next_list(first + PARTS - 1), None);
            assert_eq!(Kind::of(first), kind);
            // 2999-12-31.
            assert_eq!(Kind::of(kind.list_of(Timestamp::from_seconds(32_503_593_600), PARTS - 1)), kind);
        }
    }

    #[test]
    fn a_list_is_served_as_long_as_a_token_can_name_it() {
        assert!(Kind::Shown.served() >= Kind::Shown.period() + KEEP_SECONDS);
        assert!(Kind::Card.served() >= Kind::Card.period() + 366 * DAY + KEEP_SECONDS);
    }

    #[test]
    fn of_a_closed_list_only_what_was_known_and_not_voided_counts() {
        assert_eq!(all_but(&[], &[]).len(), SIZE as usize);
        let good = bits([0, 7, 8, SIZE - 1, SIZE]);
        let void: HashSet<u32> = all_but(&good, &[3, 8]).into_iter().collect();
        let counts: Vec<u32> = (0..SIZE).filter(|place| !void.contains(place)).collect();
        assert_eq!(counts, [0, 7, SIZE - 1]);
    }

    #[test]
    fn a_place_is_one_number() {
        for place in [
            Place { list_id: 20_780_000, index: 0 },
            Place { list_id: FIRST_OF_CARDS + 999, index: SIZE - 1 },
            Place { list_id: 0, index: 1 },
        ] {
            assert_eq!(Place::of_number(place.number()), place);
        }
    }
}
