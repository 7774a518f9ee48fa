//! Hiding small groups from those outside the office, so that sums do not give them away. Pure.
//!
//! A table with its sums is a network: each number is a flow, from its row to its column, and what flows into a row or column flows out of it as
//! its sum. Published numbers are fixed, hidden ones are free but for being one or more, as everybody knows of what is hidden. How large a
//! hidden number can be, as far as anybody can tell who knows all that is published, is therefore a question of the largest flow
//! around it, which has an exact answer. Numbers are hidden, the smallest first, until each small group could also be no small one.

use std::collections::VecDeque;

/// From how many people on a group is told.
pub const SMALLEST_TOLD: i64 = 5;

/// What is published of a table: rows with their sums at the end, and a last row of the sums of columns. Nothing where it is hidden: it
/// says only that there was somebody.
pub type Published = Vec<Vec<Option<i64>>>;

/// A number of the table, as an arc of the network.
#[derive(Clone, Copy, Debug)]
struct Arc {
    from: usize,
    to: usize,
    n: i64,
    hidden: bool,
}

struct Network {
    arcs: Vec<Arc>,
    rows: usize,
    columns: usize,
}

impl Network {
    /// Of a table without sums: a node for each row, for each column, and one from where all comes and to where all goes.
    fn of(table: &[Vec<i64>]) -> Self {
        let (rows, columns) = (table.len(), table.first().map_or(0, Vec::len));
        let (source, sink) = (rows + columns, rows + columns + 1);
        let mut arcs = Vec::new();
        let mut add = |from, to, n| arcs.push(Arc { from, to, n, hidden: (1..SMALLEST_TOLD).contains(&n) });
        for (row, numbers) in table.iter().enumerate() {
            for (column, n) in numbers.iter().enumerate() {
                add(row, rows + column, *n);
            }
            add(source, row, numbers.iter().sum());
        }
        for column in 0..columns {
            add(rows + column, sink, table.iter().map(|numbers| numbers[column]).sum());
        }
        add(sink, source, table.iter().flatten().sum());
        Self { arcs, rows, columns }
    }

    /// The largest that a hidden number can be, as far as the others tell; no more than `enough` is looked for.
    fn largest(&self, at: usize, enough: i64) -> i64 {
        let arc = self.arcs[at];
        let mut room: Vec<_> = self.arcs.iter().map(|arc| if arc.hidden { arc.n - 1 } else { 0 }).collect();
        let mut found = arc.n;
        while found < enough {
            let Some(way) = self.way(at, (arc.to, arc.from), &room) else { break };
            // Along an arc there is room without end, against it as much as it carries beyond one.
            let against = way.iter().filter(|(_, along)| !along).map(|(one, _)| room[*one]).min();
            let step = against.unwrap_or(enough - found).min(enough - found);
            for (one, along) in way {
                let change = if along { step } else { -step };
                room[one] += change;
            }
            found += step;
        }
        found
    }

    /// A way between two nodes over hidden numbers but one: along them, or against them where they carry something.
    fn way(&self, without: usize, (from, to): (usize, usize), room: &[i64]) -> Option<Vec<(usize, bool)>> {
        let mut reached: Vec<Option<(usize, usize, bool)>> = vec![None; self.rows + self.columns + 2];
        let mut waiting = VecDeque::from([from]);
        while let Some(node) = waiting.pop_front() {
            if node == to {
                break;
            }
            for (at, arc) in self.arcs.iter().enumerate().filter(|(at, arc)| arc.hidden && *at != without) {
                for (tail, head, along) in [(arc.from, arc.to, true), (arc.to, arc.from, false)] {
                    let is_new = tail == node && head != from && reached[head].is_none();
                    if is_new && (along || room[at] > 0) {
                        reached[head] = Some((node, at, along));
                        waiting.push_back(head);
                    }
                }
            }
        }
        let (mut way, mut node) = (Vec::new(), to);
        while node != from {
            let (before, at, along) = reached[node]?;
            way.push((at, along));
            node = before;
        }
        Some(way)
    }

    /// Hides what a number that is too well known needs for company: the cheapest way around it, which costs the numbers that have to be
    /// hidden for it. Where there is none, the smallest number that is left. Whether there was anything to hide.
    fn hide_around(&mut self, at: usize) -> bool {
        let way = self.cheapest(at, SMALLEST_TOLD - self.arcs[at].n).unwrap_or_default();
        let new: Vec<_> = way.into_iter().filter(|one| !self.arcs[*one].hidden).collect();
        let left = |one: &usize| !self.arcs[*one].hidden && self.arcs[*one].n > 0;
        let smallest = || (0..self.arcs.len()).filter(left).min_by_key(|one| self.arcs[*one].n);
        let chosen = if new.is_empty() { smallest().into_iter().collect() } else { new };
        for one in &chosen {
            self.arcs[*one].hidden = true;
        }
        !chosen.is_empty()
    }

    /// The cheapest way around a number, over such as are not zero; against only those that can give up as much as is wanted.
    fn cheapest(&self, at: usize, wanted: i64) -> Option<Vec<usize>> {
        let (from, to) = (self.arcs[at].to, self.arcs[at].from);
        let mut reached: Vec<Option<(i64, usize, usize)>> = vec![None; self.rows + self.columns + 2];
        reached[from] = Some((0, from, at));
        // As often as there are nodes: then nothing becomes cheaper any more.
        for _ in 0..reached.len() {
            for (one, arc) in self.arcs.iter().enumerate().filter(|(one, arc)| *one != at && arc.n > 0) {
                let cost = if arc.hidden { 0 } else { 1 + arc.n };
                let along = [(arc.from, arc.to)].into_iter();
                let against = [(arc.to, arc.from)].into_iter().filter(|_| arc.n > wanted);
                for (tail, head) in along.chain(against) {
                    let Some((before, ..)) = reached[tail] else { continue };
                    if reached[head].is_none_or(|(known, ..)| before + cost < known) {
                        reached[head] = Some((before + cost, tail, one));
                    }
                }
            }
        }
        let (mut way, mut node) = (Vec::new(), to);
        while node != from {
            let (_, before, one) = reached[node]?;
            way.push(one);
            node = before;
        }
        Some(way)
    }
}

/// What may be published of a table of counts, with the sums of its rows and columns.
pub fn publish(table: &[Vec<i64>]) -> Published {
    let mut network = Network::of(table);
    loop {
        let small = |at: &usize| network.arcs[*at].hidden && network.arcs[*at].n < SMALLEST_TOLD;
        let known =
            (0..network.arcs.len()).filter(small).find(|at| network.largest(*at, SMALLEST_TOLD) < SMALLEST_TOLD);
        match known {
            Some(at) if network.hide_around(at) => {}
            _ => break,
        }
    }
    let mut shown = network.arcs.iter().map(|arc| (!arc.hidden).then_some(arc.n));
    let width = network.columns + 1;
    let mut rows: Published = (0..network.rows).map(|_| shown.by_ref().take(width).collect()).collect();
    rows.push(shown.collect());
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All tables that somebody who sees what is published takes for possible, up to a bound: an attack by trying.
    fn possible(published: &Published, most: i64) -> Vec<Vec<i64>> {
        let (rows, columns) = (published.len() - 1, published[0].len() - 1);
        let mut found = Vec::new();
        let mut cells = vec![0; rows * columns];
        try_all(published, most, 0, &mut cells, &mut found);
        found
    }

    fn fits(published: &Published, cells: &[i64], filled: usize) -> bool {
        let (rows, columns) = (published.len() - 1, published[0].len() - 1);
        let is_sum = |shown: Option<i64>, sum: i64, whole: bool| match shown {
            Some(n) => sum <= n && (!whole || sum == n),
            None => !whole || sum >= 1,
        };
        let rows_fit = (0..rows).all(|row| {
            let done = filled.saturating_sub(row * columns).min(columns);
            is_sum(published[row][columns], cells[row * columns..row * columns + done].iter().sum(), done == columns)
        });
        let columns_fit = (0..columns).all(|column| {
            let sum = (0..rows).map(|row| row * columns + column).filter(|at| *at < filled).map(|at| cells[at]).sum();
            is_sum(published[rows][column], sum, filled > (rows - 1) * columns + column)
        });
        let all = cells[..filled].iter().sum();
        rows_fit && columns_fit && is_sum(published[rows][columns], all, filled == cells.len())
    }

    fn try_all(published: &Published, most: i64, at: usize, cells: &mut Vec<i64>, found: &mut Vec<Vec<i64>>) {
        let columns = published[0].len() - 1;
        if at == cells.len() {
            found.push(cells.clone());
            return;
        }
        let choices = match published[at / columns][at % columns] {
            Some(n) => n..=n,
            None => 1..=most,
        };
        for n in choices {
            cells[at] = n;
            if fits(published, cells, at + 1) {
                try_all(published, most, at + 1, cells, found);
            }
        }
    }

    fn sums(table: &[Vec<i64>]) -> Vec<Vec<i64>> {
        let mut all: Vec<Vec<i64>> =
            table.iter().map(|row| row.iter().copied().chain([row.iter().sum()]).collect()).collect();
        let last = (0..all[0].len()).map(|column| all.iter().map(|row| row[column]).sum()).collect();
        all.push(last);
        all
    }

    fn small_table() -> impl Strategy<Value = Vec<Vec<i64>>> {
        let cell = prop_oneof![3 => 1..5i64, 2 => Just(0i64), 4 => 5..9i64];
        (1..4usize, 1..3usize).prop_flat_map(move |(rows, columns)| {
            prop::collection::vec(prop::collection::vec(cell.clone(), columns), rows)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        /// Whoever knows all that is published, and tries every table that it could be of, never learns that a group is a small one.
        #[test]
        fn no_difference_gives_a_small_group_away(table in small_table()) {
            let published = publish(&table);
            let full = sums(&table);
            for (shown, own) in published.iter().zip(&full) {
                for (shown, own) in shown.iter().zip(own) {
                    prop_assert!(shown.is_none_or(|n| n == *own && (n == 0 || n >= SMALLEST_TOLD)));
                }
            }
            let worlds = possible(&published, 16);
            prop_assert!(worlds.contains(&table.concat()) || table.concat().iter().any(|n| *n > 16));
            for (at, own) in table.concat().iter().enumerate() {
                if (1..SMALLEST_TOLD).contains(own) {
                    let largest = worlds.iter().map(|world| world[at]).max();
                    prop_assert!(largest >= Some(SMALLEST_TOLD), "{own} at {at} of {table:?}: {published:?}");
                }
            }
        }

        /// Tables of the size of an office's: each line has no single hidden number, and what is large mostly stays.
        #[test]
        fn large_tables_stay_readable(table in prop::collection::vec(prop::collection::vec(0..400i64, 12), 11)) {
            let published = publish(&table);
            let all: Vec<_> = published.iter().flatten().collect();
            let hidden = all.iter().filter(|one| one.is_none()).count();
            let small = table.concat().iter().filter(|n| (1..SMALLEST_TOLD).contains(*n)).count();
            prop_assert!(hidden <= 4 + 6 * small, "{hidden} hidden for {small} small");
            for row in &published {
                prop_assert!(row.iter().filter(|one| one.is_none()).count() != 1, "{row:?}");
            }
        }
    }

    #[test]
    fn a_single_small_group_takes_company() {
        // Hidden alone, row and column would give it away.
        let published = publish(&[vec![3, 20, 30], vec![40, 7, 50], vec![60, 70, 80]]);
        assert_eq!(published[0][0], None);
        assert!(published.iter().flatten().filter(|one| one.is_none()).count() >= 4);
        // Nobody small: all is told.
        assert_eq!(
            publish(&[vec![0, 20], vec![5, 7]]),
            [[Some(0), Some(20), Some(20)], [Some(5), Some(7), Some(12)], [Some(5), Some(27), Some(32)]]
        );
        // A table that is nothing but small.
        let published = publish(&[vec![1]]);
        assert!(published.iter().flatten().all(Option::is_none));
    }
}
