//! Cheap repeatable randomness for synthetic data: record i depends on (seed, i) only, so that any worker can make it.
//! Nothing here protects anything; keys, nonces and codes come from [`crate::random::Random`].

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A SplitMix64 stream of its own for every (seed, index).
#[derive(Clone, Debug)]
pub(crate) struct Stream(u64);

impl Stream {
    pub(crate) const fn new(seed: u64, index: u64) -> Self {
        Self(mix(seed.wrapping_add(STEP)) ^ mix(index.wrapping_mul(STEP).wrapping_add(1)))
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias of the multiplication is below 2⁻³².
    pub(crate) const fn below(&mut self, bound: usize) -> usize {
        (((self.next() >> 32) * bound as u64) >> 32) as usize
    }

    /// True `parts` times in 1,000.
    pub(crate) const fn permille(&mut self, parts: usize) -> bool {
        self.below(1_000) < parts
    }

    /// A number from `from` to below `to`.
    pub(crate) fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * (self.below(1 << 16) as f32 / 65_536.0)
    }

    /// One of `choices`, which is never empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// One of `choices`, each as often as its weight says.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(T, usize)]) -> T {
        let mut at = self.below(choices.iter().map(|(_, weight)| weight).sum());
        for (choice, weight) in choices {
            match at.checked_sub(*weight) {
                None => return *choice,
                Some(rest) => at = rest,
            }
        }
        choices[choices.len() - 1].0
    }
}

/// A keyed permutation of `0..size`: a balanced Feistel network over the next even power of two, walked until the value
/// falls inside. Neighbouring inputs land far apart, and no two on the same place.
#[derive(Clone, Debug)]
pub(crate) struct Permutation {
    size: u64,
    half: u32,
    keys: [u64; 6],
}

impl Permutation {
    pub(crate) fn new(seed: u64, size: u64) -> Self {
        let bits = (64 - size.saturating_sub(1).leading_zeros()).max(2);
        let mut stream = Stream::new(seed, u64::MAX);
        Self { size, half: bits.div_ceil(2), keys: std::array::from_fn(|_| stream.next()) }
    }

    /// Where `index` goes. `index` must be below the size.
    pub(crate) fn apply(&self, index: u64) -> u64 {
        let mask = (1_u64 << self.half) - 1;
        let mut value = index;
        loop {
            let (mut left, mut right) = (value >> self.half, value & mask);
            for key in self.keys {
                (left, right) = (right, left ^ (mix(right ^ key) & mask));
            }
            value = (left << self.half) | right;
            if value < self.size {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_hits_every_place_once() {
        for size in [1, 2, 3, 1_000, 4_097] {
            let permutation = Permutation::new(7, size);
            let mut seen: Vec<u64> = (0..size).map(|index| permutation.apply(index)).collect();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..size), "{size}");
        }
    }

    #[test]
    fn streams_repeat_and_differ() {
        let first = |seed, index| Stream::new(seed, index).next();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(2, 1));
        assert_ne!(first(1, 2), first(1, 3));
        let mut stream = Stream::new(1, 1);
        assert!((0..1_000).all(|_| stream.below(7) < 7));
        let heads = (0..10_000).filter(|_| stream.weighted(&[(true, 3), (false, 1)])).count();
        assert!((7_200..7_800).contains(&heads), "{heads}");
    }
}
