//! The Merkle tree of RFC 6962 §2.1 (the same as RFC 9162 §2.1): hashes, proofs and their judgement, over tiles of 256 hashes. Pure.
//!
//! Written here, because the crates for it keep the whole tree in memory or bring a second generation of the signature crates along
//! (docs/adr/0035-a-log-that-outsiders-check.md); published vectors and another implementation stand against it in the tests.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::credential::cose_receipt::{node as node_hash, root_of};

/// A SHA-256 hash, and what stands for an entry at the bottom of the tree: as in receipts, which are proven by the same standard.
pub use crate::credential::cose_receipt::{Hash, leaf as leaf_hash};

/// Leaves, or nodes that stand for as many leaves each, from the one up to the other.
pub type Span = (u64, u64);

/// Levels of the tree that a tile stands for.
const TILE_LEVELS: u32 = 8;
/// Hashes of a full tile.
const TILE_WIDTH: u64 = 1 << TILE_LEVELS;

/// The root over nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A node whose subtree is full: it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    level: u32,
    index: u64,
}

/// Which tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    /// 0 for leaves, one for every eight levels above.
    pub level: u32,
    /// The how manieth of its level.
    pub number: u64,
}

impl Node {
    /// The first of the hashes that it is over, in which tile, and how many these are.
    const fn place(self) -> (TileId, usize, usize) {
        let above = self.level % TILE_LEVELS;
        let first = self.index << above;
        let tile = TileId { level: self.level / TILE_LEVELS, number: first / TILE_WIDTH };
        (tile, (first % TILE_WIDTH) as usize, 1 << above)
    }
}

/// The full subtrees that a span falls into, the largest first.
fn nodes((from, until): Span) -> Vec<Node> {
    let (mut at, mut found) = (from, Vec::new());
    while at < until {
        let level = (until - at).ilog2();
        found.push(Node { level, index: at >> level });
        at += 1 << level;
    }
    found
}

/// The largest power of two below `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The spans whose hashes prove that leaf `index` is in the tree of `size` leaves, from the leaf up; `None` when it is not.
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Span>> {
    let (mut from, mut until, mut found) = (0, size, Vec::new());
    if index >= size {
        return None;
    }
    while until - from > 1 {
        let middle = from + split(until - from);
        if index < middle {
            found.push((middle, until));
            until = middle;
        } else {
            found.push((from, middle));
            from = middle;
        }
    }
    found.reverse();
    Some(found)
}

/// The spans whose hashes prove that the tree of `second` leaves begins with that of `first`; `None` when it cannot. From nothing on
/// nothing has to be proven.
pub fn consistency(first: u64, second: u64) -> Option<Vec<Span>> {
    if first > second {
        return None;
    }
    if first == 0 || first == second {
        return Some(Vec::new());
    }
    let (mut from, mut until, mut known, mut found) = (0, second, true, Vec::new());
    while first != until {
        let middle = from + split(until - from);
        if first <= middle {
            found.push((middle, until));
            until = middle;
        } else {
            found.push((from, middle));
            from = middle;
            known = false;
        }
    }
    if !known {
        found.push((from, until));
    }
    found.reverse();
    Some(found)
}

/// Whether the proof leads from a leaf to a root (RFC 9162 §2.1.3.2).
pub fn proves_inclusion(leaf: &Hash, place: (u64, u64), proof: &[Hash], root: &Hash) -> bool {
    root_of(leaf, place, proof).as_ref() == Some(root)
}

/// Whether the proof shows that the second tree begins with the first (RFC 9162 §2.1.4.2).
pub fn proves_consistency((first, old): (u64, &Hash), (second, new): (u64, &Hash), proof: &[Hash]) -> bool {
    if first == second {
        return proof.is_empty() && old == new;
    }
    if first == 0 {
        return proof.is_empty() && *old == empty_root();
    }
    if first > second {
        return false;
    }
    let whole = first.is_power_of_two().then_some(*old);
    let mut steps = whole.iter().chain(proof);
    let Some(begin) = steps.next() else { return false };
    let (mut at, mut last) = (first - 1, second - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut earlier, mut later) = (*begin, *begin);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            earlier = node_hash(step, &earlier);
            later = node_hash(step, &later);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            later = node_hash(&later, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && earlier == *old && later == *new
}

/// Tiles that were read, and those that were changed since.
#[derive(Clone, Debug, Default)]
pub struct Tiles {
    all: BTreeMap<TileId, Vec<Hash>>,
    changed: BTreeSet<TileId>,
}

impl Tiles {
    /// The tiles that hold what these spans need.
    pub fn needed(spans: &[Span]) -> BTreeSet<TileId> {
        spans.iter().flat_map(|span| nodes(*span)).map(|node| node.place().0).collect()
    }

    /// The tiles at the right edge of a tree, to which leaves are appended.
    pub fn edge(size: u64) -> BTreeSet<TileId> {
        Self::needed(&[(0, size)])
    }

    /// Puts in a tile that was read; bytes that are no hashes are none.
    pub fn put(&mut self, id: TileId, bytes: &[u8]) {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if rest.is_empty() {
            self.all.insert(id, hashes.to_vec());
        }
    }

    /// The leaf at a position, as it is stored.
    pub fn leaf(&self, position: u64) -> Option<Hash> {
        self.node(Node { level: 0, index: position })
    }

    fn node(&self, node: Node) -> Option<Hash> {
        let (tile, first, count) = node.place();
        let mut hashes = self.all.get(&tile)?.get(first..first + count)?.to_vec();
        while hashes.len() > 1 {
            hashes = hashes.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        hashes.first().copied()
    }

    /// The hash of a span; `None` where a tile is missing or too short.
    pub fn hash(&self, span: Span) -> Option<Hash> {
        let nodes = nodes(span).into_iter().map(|node| self.node(node)).collect::<Option<Vec<_>>>()?;
        Some(nodes.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root))
    }

    /// Appends a leaf to a tree of `size` leaves, whose edge is here.
    pub fn append(&mut self, size: u64, leaf: Hash) {
        let (mut level, mut index, mut hash) = (0, size, leaf);
        loop {
            let id = TileId { level, number: index / TILE_WIDTH };
            let tile = self.all.entry(id).or_default();
            tile.truncate((index % TILE_WIDTH) as usize);
            tile.push(hash);
            self.changed.insert(id);
            if tile.len() as u64 != TILE_WIDTH {
                return;
            }
            let whole = Node { level: (level + 1) * TILE_LEVELS, index: id.number };
            // Over the tile that has just become full, whose hashes are here.
            hash = fold(tile);
            (level, index) = (level + 1, whole.index);
        }
    }

    /// What was changed, as bytes.
    pub fn changed(&self) -> impl Iterator<Item = (TileId, Vec<u8>)> {
        self.changed.iter().filter_map(|id| Some((*id, self.all.get(id)?.concat())))
    }
}

/// The node over a whole tile.
fn fold(tile: &[Hash]) -> Hash {
    let mut hashes = tile.to_vec();
    while hashes.len() > 1 {
        hashes = hashes.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    hashes.first().copied().unwrap_or_else(empty_root)
}

/// The root over leaves that come one after the other, in a few hashes of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of full subtrees, the largest first.
    full: Vec<Hash>,
}

impl Frontier {
    /// That of `size` leaves, by the roots of their full subtrees, the largest first; `None` for another number of these.
    pub fn of(size: u64, full: Vec<Hash>) -> Option<Self> {
        (full.len() == size.count_ones() as usize).then_some(Self { size, full })
    }

    /// The roots of the full subtrees of the leaves that came, the largest first.
    pub fn edge(&self) -> &[Hash] {
        &self.full
    }

    /// How many leaves came.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.full.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.full.push(hash);
        self.size += 1;
    }

    /// The root over those that came.
    pub fn root(&self) -> Hash {
        self.full.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// Leaves and roots of the reference implementation of certificate transparency (`merkletree/merkle_tree_test.cc`).
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    const OF_LEAF_0: [&str; 3] = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    const OF_LEAF_5: [&str; 3] = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    const FROM_6_TO_8: [&str; 3] = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    const FROM_2_TO_5: [&str; 2] = [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ];

    fn hash(hex: &str) -> Hash {
        HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    fn all(hex: &[&str]) -> Vec<Hash> {
        hex.iter().map(|one| hash(one)).collect()
    }

    /// The reference's tree.
    fn published() -> Tiles {
        let mut tiles = Tiles::default();
        for (size, leaf) in LEAVES.iter().enumerate() {
            assert_eq!(tiles.hash((0, size as u64)), Some(hash(ROOTS[size])));
            tiles.append(size as u64, leaf_hash(&HEXLOWER.decode(leaf.as_bytes()).unwrap()));
        }
        tiles
    }

    #[test]
    fn roots_and_proofs_are_those_of_the_reference() {
        let tiles = published();
        let get = |spans: Option<Vec<Span>>| spans.unwrap().into_iter().map(|span| tiles.hash(span).unwrap()).collect();
        let mut frontier = Frontier::default();
        for (size, root) in ROOTS.iter().enumerate() {
            assert_eq!((tiles.hash((0, size as u64)), frontier.root()), (Some(hash(root)), hash(root)));
            if let Some(leaf) = tiles.leaf(size as u64) {
                frontier.push(leaf);
            }
        }
        for (index, expected) in [(0, OF_LEAF_0), (5, OF_LEAF_5)] {
            let proof: Vec<Hash> = get(inclusion(index, 8));
            assert_eq!(proof, all(&expected));
            assert!(proves_inclusion(&tiles.leaf(index).unwrap(), (index, 8), &proof, &hash(ROOTS[8])));
        }
        let proofs: [(u64, u64, &[&str]); 5] =
            [(1, 1, &[]), (1, 8, &OF_LEAF_0), (6, 8, &FROM_6_TO_8), (2, 5, &FROM_2_TO_5), (0, 8, &[])];
        for (first, second, expected) in proofs {
            let proof: Vec<Hash> = get(consistency(first, second));
            assert_eq!(proof, all(expected), "{first} {second}");
            let (old, new) = (hash(ROOTS[first as usize]), hash(ROOTS[second as usize]));
            assert!(proves_consistency((first, &old), (second, &new), &proof));
        }
    }

    #[test]
    fn what_is_not_proven_is_refused() {
        let tiles = published();
        let (root, leaf) = (hash(ROOTS[8]), tiles.leaf(5).unwrap());
        let proof = all(&OF_LEAF_5);
        assert!(!proves_inclusion(&leaf, (4, 8), &proof, &root));
        assert!(!proves_inclusion(&leaf, (5, 6), &proof, &root));
        assert!(!proves_inclusion(&leaf, (8, 8), &proof, &root));
        assert!(!proves_inclusion(&leaf, (5, 8), &proof[..2], &root));
        assert!(!proves_inclusion(&leaf, (5, 8), &[&proof[..], &[leaf]].concat(), &root));
        assert!(!proves_inclusion(&tiles.leaf(4).unwrap(), (5, 8), &proof, &root));
        assert_eq!((inclusion(8, 8), consistency(8, 7)), (None, None));
        let proof = all(&FROM_6_TO_8);
        let (old, other) = (hash(ROOTS[6]), hash(ROOTS[5]));
        assert!(!proves_consistency((6, &other), (8, &root), &proof));
        assert!(!proves_consistency((6, &old), (8, &other), &proof));
        assert!(!proves_consistency((5, &old), (8, &root), &proof));
        assert!(!proves_consistency((6, &old), (9, &root), &proof));
        assert!(!proves_consistency((6, &old), (8, &root), &proof[1..]));
        assert!(!proves_consistency((6, &old), (8, &root), &[&proof[..], &[old]].concat()));
        assert!(!proves_consistency((8, &root), (6, &old), &proof));
        assert!(!proves_consistency((8, &root), (8, &old), &[]));
        assert!(!proves_consistency((0, &old), (8, &root), &[]), "nothing has one root");
        assert!(!proves_consistency((4, &hash(ROOTS[4])), (8, &root), &[]));
    }

    /// RFC 6962 §2.1, word by word.
    fn by_the_book(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            more => {
                let (left, right) = more.split_at(split(more.len() as u64) as usize);
                node_hash(&by_the_book(left), &by_the_book(right))
            }
        }
    }

    #[test]
    fn tiles_give_the_same_in_trees_of_several_tiles() {
        let leaves: Vec<Hash> = (0..70_000_u32).map(|number| leaf_hash(&number.to_be_bytes())).collect();
        let mut tiles = Tiles::default();
        let mut frontier = Frontier::default();
        for (size, leaf) in leaves.iter().enumerate() {
            tiles.append(size as u64, *leaf);
            frontier.push(*leaf);
        }
        // Three levels of tiles: 65,536 leaves are one hash of the third.
        assert_eq!(tiles.changed().map(|(id, _)| id.level).max(), Some(2));
        assert_eq!(frontier.root(), by_the_book(&leaves));
        for size in [1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000] {
            let root = by_the_book(&leaves[..size as usize]);
            assert_eq!(tiles.hash((0, size)), Some(root), "{size}");
            for index in [0, size / 3, size - 1] {
                let spans = inclusion(index, size).unwrap();
                assert!(Tiles::needed(&spans).len() <= 6, "few reads");
                let proof: Vec<Hash> = spans.into_iter().map(|span| tiles.hash(span).unwrap()).collect();
                assert!(proves_inclusion(&leaves[index as usize], (index, size), &proof, &root), "{index} of {size}");
            }
            for first in [1, size / 2, size].into_iter().filter(|first| *first > 0) {
                let spans = consistency(first, size).unwrap();
                let proof: Vec<Hash> = spans.into_iter().map(|span| tiles.hash(span).unwrap()).collect();
                let old = by_the_book(&leaves[..first as usize]);
                assert!(proves_consistency((first, &old), (size, &root), &proof), "{first} to {size}");
            }
        }
    }

    #[test]
    fn a_proof_in_a_tree_of_a_hundred_million_takes_few_reads() {
        let size = 100_000_000;
        for index in [0, 1, 12_345_678, 67_108_863, 67_108_864, 99_999_999] {
            assert!(Tiles::needed(&inclusion(index, size).unwrap()).len() <= 8);
            assert!(Tiles::needed(&consistency(index.max(1), size).unwrap()).len() <= 8);
        }
        assert!(Tiles::edge(size).len() <= 4);
    }
}
