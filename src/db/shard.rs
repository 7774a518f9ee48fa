//! Which shard of a cluster a resident's rows are on: computed here as the cluster computes it, so that a batch holds residents of
//! one shard.
//!
//! It is Citus's rule: PostgreSQL's 32-bit hash of the value (`uuid_hash`), and equal ranges of that hash. PostgreSQL's own hash
//! partitions follow another one (the rest of a 64-bit hash), which no deployment of ours uses. Nothing but the rate depends on the
//! answer: whoever asks the wrong server gets the row all the same.

use std::sync::Arc;

use uuid::Uuid;

/// A shard: its place in the order of the ranges, from 0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard(u32);

impl Shard {
    /// Its place among all, from 0 on.
    pub const fn place(self) -> usize {
        self.0 as usize
    }
}

/// How many shards there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards(u32);

impl Shards {
    /// The most that are of use: Citus's advice of one to four for a worker, on sixteen workers.
    pub const MOST: u32 = 64;
    /// All residents on one server.
    pub const ONE: Self = Self(1);

    /// So many; `None` when that is none, or more than [`Shards::MOST`].
    pub fn new(count: u32) -> Option<Self> {
        (1..=Self::MOST).contains(&count).then_some(Self(count))
    }

    /// How many they are.
    pub const fn count(self) -> u32 {
        self.0
    }

    /// The shard of a resident.
    pub fn of(self, resident: Uuid) -> Shard {
        if self.0 == 1 { Shard(0) } else { self.holding(hash(resident).abs_diff(i32::MIN)) }
    }

    /// The shard with the hashes so far above the lowest one.
    fn holding(self, above: u32) -> Shard {
        let range = (1_u64 << 32) / u64::from(self.0);
        let last = self.0 - 1;
        // Where the hashes cannot be divided evenly, the last range has those that are left over.
        Shard(u32::try_from(u64::from(above) / range).map_or(last, |place| place.min(last)))
    }

    /// All of them, in their order.
    pub fn all(self) -> impl Iterator<Item = Shard> {
        (0..self.0).map(Shard)
    }
}

/// One of something for each shard. Cloning shares them.
pub struct PerShard<T>(Arc<Each<T>>);

struct Each<T> {
    shards: Shards,
    first: T,
    rest: Vec<T>,
}

impl<T> Clone for PerShard<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PerShard<T> {
    /// Makes one for each.
    pub fn new(shards: Shards, mut make: impl FnMut(Shard) -> T) -> Self {
        let (first, rest) = (make(Shard(0)), shards.all().skip(1).map(make).collect());
        Self(Arc::new(Each { shards, first, rest }))
    }

    /// That of a resident's shard.
    pub fn of(&self, resident: Uuid) -> &T {
        self.at(self.0.shards.of(resident))
    }

    /// That of a shard; the first when there is no such shard.
    pub fn at(&self, shard: Shard) -> &T {
        shard.place().checked_sub(1).and_then(|place| self.0.rest.get(place)).unwrap_or(&self.0.first)
    }

    /// All, in the order of the shards.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.0.first).chain(&self.0.rest)
    }
}

/// PostgreSQL's `uuid_hash`: Bob Jenkins' lookup3 over the sixteen bytes, in words as a little-endian server reads them.
fn hash(value: Uuid) -> i32 {
    let [first, second, third, fourth] = words(value);
    // `hash_bytes` begins with this for sixteen bytes.
    let start = 0x9e37_79b9_u32.wrapping_add(16).wrapping_add(3_923_095);
    let add = |word: u32| start.wrapping_add(word);
    let (a, b, c) = mix(add(first), add(second), add(third));
    last(a.wrapping_add(fourth), b, c).cast_signed()
}

fn words(value: Uuid) -> [u32; 4] {
    let all = value.to_u128_le();
    [0, 32, 64, 96].map(|shift| ((all >> shift) & 0xffff_ffff) as u32)
}

/// Lookup3's `mix`: three words stirred into each other before the next ones are added.
fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    let step = |from: &mut u32, by: &mut u32, turn, onto: u32| {
        *from = from.wrapping_sub(*by) ^ by.rotate_left(turn);
        *by = by.wrapping_add(onto);
    };
    step(&mut a, &mut c, 4, b);
    step(&mut b, &mut a, 6, c);
    step(&mut c, &mut b, 8, a);
    step(&mut a, &mut c, 16, b);
    step(&mut b, &mut a, 19, c);
    step(&mut c, &mut b, 4, a);
    (a, b, c)
}

/// Lookup3's `final`: the hash of the last words.
fn last(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    let step = |onto: u32, by: u32, turn| (onto ^ by).wrapping_sub(by.rotate_left(turn));
    c = step(c, b, 14);
    a = step(a, c, 11);
    b = step(b, a, 25);
    c = step(c, b, 16);
    a = step(a, c, 4);
    b = step(b, a, 14);
    step(c, b, 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PostgreSQL 15 answers to `SELECT uuid_hash('…')`. `tests/store/shards.rs` asks the server for many more.
    const ASKED: [(&str, i32); 4] = [
        ("00000000-0000-0000-0000-000000000000", 1_353_656_403),
        ("00000000-0000-0000-0000-000000000001", -1_046_387_463),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", -682_383_255),
        ("019a5b3c-7d1e-7f00-8a2b-3c4d5e6f7081", 468_145_005),
    ];

    #[test]
    fn the_hash_is_the_server_s() {
        for (text, asked) in ASKED {
            assert_eq!(hash(text.parse().unwrap()), asked, "{text}");
        }
    }

    #[test]
    fn ranges_are_equal_and_the_last_has_what_is_left_over() {
        let shards = |count| Shards::new(count).unwrap();
        let lowest = |count: u32, place: u32| (1_u64 << 32) / u64::from(count) * u64::from(place);
        for count in 1..=Shards::MOST {
            for place in 0..count {
                let first = lowest(count, place) as u32;
                assert_eq!(shards(count).holding(first), Shard(place), "the first of {place} of {count}");
                if place > 0 {
                    assert_eq!(shards(count).holding(first - 1), Shard(place - 1), "the one before {place} of {count}");
                }
            }
            assert_eq!(shards(count).holding(u32::MAX), Shard(count - 1), "the last of {count}");
        }
        assert_eq!((Shards::new(0), Shards::new(Shards::MOST + 1)), (None, None));
    }

    #[test]
    fn each_shard_has_one_and_its_residents_find_it() {
        let shards = Shards::new(4).unwrap();
        let places = PerShard::new(shards, Shard::place);
        assert_eq!(places.iter().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
        for (text, hash) in ASKED {
            let resident = text.parse().unwrap();
            let place = (i64::from(hash) - i64::from(i32::MIN)) >> 30;
            assert_eq!(*places.of(resident), place as usize);
            assert_eq!(*PerShard::new(Shards::ONE, Shard::place).of(resident), 0);
        }
        assert_eq!(*PerShard::new(Shards::ONE, Shard::place).at(Shard(3)), 0);
    }
}
