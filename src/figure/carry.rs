//! What of a small number is told, and when: groups of five at least, each once (ADR 29). Pure.
//!
//! What a district's people got at one office is a stream of its own. What came of it since others were last told is told when it is five or
//! more, all of it; until then it waits for a later month. What waits at several offices is told together as soon as it is five or more
//! without any one of them, because each office knows its own. Everything that others read is a sum of such groups. So is the difference of
//! any two things that they read, in time or in place, also when an office takes its own away from it.

/// From how many people on a group is told.
pub const SMALLEST_TOLD: i64 = 5;

/// How much of what waits is told now, by office.
pub fn tell(waiting: &[i64]) -> Vec<i64> {
    let is_small = |n: i64| (1..SMALLEST_TOLD).contains(&n);
    let small = || waiting.iter().copied().filter(|n| is_small(*n));
    let without_the_largest = small().sum::<i64>() - small().max().unwrap_or_default();
    let together = without_the_largest >= SMALLEST_TOLD;
    waiting.iter().map(|n| if *n >= SMALLEST_TOLD || (is_small(*n) && together) { *n } else { 0 }).collect()
}

/// A number as others read it: nothing of what is small, and nothing of none either, so that nobody knows the one from the other.
pub const fn shown(n: i64) -> Option<i64> {
    if n >= SMALLEST_TOLD { Some(n) } else { None }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What offices did for the people of a district, month by month, and what of it was told: both by month and office.
    fn told(happened: &[Vec<i64>]) -> Vec<Vec<i64>> {
        let offices = happened.first().map_or(0, Vec::len);
        let mut waiting = vec![0; offices];
        let mut all = Vec::new();
        for month in happened {
            for (waits, n) in waiting.iter_mut().zip(month) {
                *waits += n;
            }
            let now = tell(&waiting);
            for (waits, n) in waiting.iter_mut().zip(&now) {
                *waits -= n;
            }
            all.push(now);
        }
        all
    }

    #[test]
    fn five_are_told_and_four_wait() {
        assert_eq!(tell(&[5, 4, 0]), [5, 0, 0]);
        assert_eq!(tell(&[1_000, 2]), [1_000, 0]);
        // Together, once no office that takes its own away is left with a few.
        assert_eq!(tell(&[4, 4]), [0, 0]);
        assert_eq!(tell(&[4, 4, 1]), [4, 4, 1]);
        assert_eq!(tell(&[1, 1, 1, 1, 1]), [0; 5]);
        assert_eq!(tell(&[1; 6]), [1; 6]);
        assert_eq!(told(&[vec![3], vec![1], vec![1], vec![0], vec![7]]), [[0], [0], [5], [0], [7]]);
        assert_eq!((shown(0), shown(4), shown(5)), (None, None, Some(5)));
    }

    /// Months of several districts, each with what several offices did.
    fn streams() -> impl Strategy<Value = Vec<Vec<Vec<i64>>>> {
        let n = prop_oneof![4 => 0..3i64, 3 => 1..5i64, 2 => 5..30i64, 3 => Just(0i64)];
        prop::collection::vec(prop::collection::vec(prop::collection::vec(n, 4), 14), 1..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        /// Any months together, any districts together, less what any office did itself: nobody, or five at least. A quarter less a month, a
        /// province less a regency and own figures less the published ones are all of this kind.
        #[test]
        fn no_difference_is_a_small_group(
            districts in streams(), chosen in any::<u8>(), (from, until) in (0..14usize, 0..15usize), own in 0..5usize,
        ) {
            let mut rest = 0;
            for (at, happened) in districts.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0) {
                let told = told(happened);
                for month in told.iter().take(until).skip(from) {
                    rest += month.iter().enumerate().filter(|(office, _)| *office != own).map(|(_, n)| n).sum::<i64>();
                }
                // Nothing is told twice, nothing is invented, and little waits.
                for office in 0..4 {
                    let all = |table: &[Vec<i64>]| table.iter().map(|month| month[office]).sum::<i64>();
                    prop_assert!(all(&told) <= all(happened), "{at}");
                }
                let all = |table: &[Vec<i64>]| table.iter().flatten().sum::<i64>();
                prop_assert!(all(happened) - all(&told) <= 8, "{at}: {happened:?}");
            }
            prop_assert!(rest == 0 || rest >= SMALLEST_TOLD, "{rest} of {districts:?}");
        }
    }

    /// All lists of so many numbers below a bound.
    fn all_lists(length: usize, bound: i64) -> Vec<Vec<i64>> {
        (0..length).fold(vec![Vec::new()], |lists, _| {
            let longer = |list: &Vec<i64>, n| list.iter().copied().chain([n]).collect();
            lists.iter().flat_map(|list| (0..bound).map(move |n| longer(list, n))).collect()
        })
    }

    /// An attack by trying: an office that knows its own and all that was told goes through every world of two other offices and some months
    /// that would look so. How many people others served, in a month or in several, it never knows where that is one to four.
    #[test]
    fn whoever_tries_every_world_knows_no_small_number() {
        for own in [vec![0, 0, 0], vec![3, 0, 3], vec![4, 1, 0], vec![3, 4], vec![6, 2], vec![1, 9]] {
            let months = own.len();
            // In two months more is tried than in three.
            let bound = if months == 2 { 12 } else { 7 };
            let mut alike: BTreeMap<Vec<i64>, Vec<Vec<i64>>> = BTreeMap::new();
            for world in all_lists(2 * months, bound) {
                let happened: Vec<_> = (0..months).map(|at| vec![own[at], world[at], world[months + at]]).collect();
                let seen: Vec<i64> = told(&happened).iter().map(|month| month.iter().sum()).collect();
                // A larger number than was tried could be behind it.
                if seen.iter().all(|n| *n < bound) {
                    let others: Vec<_> = happened.iter().map(|month| month[1] + month[2]).collect();
                    let secrets = (0..months).flat_map(|from| {
                        let others = &others;
                        (from..months).map(move |until| others[from..=until].iter().sum())
                    });
                    alike.entry(seen).or_default().push(secrets.collect());
                }
            }
            assert!(alike.len() > 8, "{}", alike.len());
            for (seen, worlds) in &alike {
                for at in 0..worlds[0].len() {
                    let first = worlds[0][at];
                    let is_known = worlds.iter().all(|world| world[at] == first);
                    assert!(!is_known || !(1..SMALLEST_TOLD).contains(&first), "{own:?} {seen:?} {at}: {first}");
                }
            }
        }
    }
}
