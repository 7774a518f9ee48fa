//! Receipts of checks that were committed together: COSE Receipts (RFC 9942), one signature for all of them.
//!
//! What a check *states* is a CWT claims set, as deterministic CBOR and unsigned. The statements of a batch are the entries of a Merkle
//! tree (RFC 9162 §2.1), whose root the receipt key signs once. Each check's *proof* is a COSE_Sign1 with a detached payload, the root,
//! and the way there from its own statement (RFC 9942 §5.2):
//!
//! ```text
//! 18([ << {1: alg, 4: kid, 16: "application/ikd-receipt+cose", 395: 1} >>,
//!      {396: {-1: [ << [tree size, leaf index, [hash, …]] >> ]}},
//!      nil,
//!      signature over ["Signature1", protected, h'', root] ])
//! ```
//!
//! [`crate::verify::authenticate_receipt`] judges both. A statement that is signed alone stands beside an empty entry: RFC 9942 knows no
//! empty path.

use ciborium::Value;
use sha2::{Digest, Sha256};

use crate::claims::{self, Claims};
use crate::{Algorithm, KeyId, Malformed, SignatureBytes, TokenKind, cbor};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The media type in the header of a proof (RFC 9596): no signature over a root passes for another of the same key.
pub const TYP: &str = "application/ikd-receipt+cose";

const HEADER_ALG: i64 = 1;
const HEADER_KID: i64 = 4;
const HEADER_TYP: i64 = 16;
/// Which verifiable data structure (RFC 9942 §2).
const HEADER_VDS: i64 = 395;
/// Its proofs.
const HEADER_VDP: i64 = 396;
const RFC9162_SHA256: i64 = 1;
const INCLUSION: i64 = -1;
/// A proof is no longer than this: the way through a tree of 2⁶⁴ leaves would fit.
const MAX_PROOF: usize = 4_096;

/// What a check states, as the bytes that are an entry of the tree.
pub fn statement(claims: &Claims) -> Vec<u8> {
    claims::encode(claims)
}

/// Reads a statement. Nothing proves it yet.
///
/// # Errors
/// When these are not the claims of a receipt in their one spelling.
pub fn read_statement(bytes: &[u8]) -> Result<Claims, Malformed> {
    claims::decode(Some(TokenKind::Receipt), bytes)
}

/// The leaf of an entry.
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// What stands for two nodes, one level up.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The Merkle tree over the statements of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// From the leaves up. A node without a sibling is the same one level up, as RFC 9162 §2.1.1 splits at powers of two.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Over these leaves. One alone gets that of an empty entry beside it.
    pub fn new(mut leaves: Vec<Hash>) -> Self {
        while leaves.len() < 2 {
            leaves.push(leaf(b""));
        }
        let mut levels = vec![leaves];
        while let Some(last) = levels.last().filter(|level| level.len() > 1) {
            let above = last.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                rest => rest[0],
            });
            let above = above.collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// What is signed.
    pub fn root(&self) -> Hash {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or_default()
    }

    /// Where a leaf stands.
    pub fn index_of(&self, leaf: &Hash) -> Option<u64> {
        self.levels.first()?.iter().position(|one| one == leaf).map(|index| index as u64)
    }

    /// The way from a leaf to the root; empty where there is no such leaf.
    pub fn path(&self, index: u64) -> Vec<Hash> {
        let mut at = usize::try_from(index).unwrap_or(usize::MAX);
        let mut path = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            path.extend(level.get(at ^ 1).copied());
            at >>= 1;
        }
        path
    }
}

/// The root to which a way leads (RFC 9162 §2.1.3.2); `None` where it is too long or too short for that place.
pub fn root_of(leaf: &Hash, (index, size): (u64, u64), path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for step in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// The protected header of proofs that this key signs.
pub fn protected(algorithm: Algorithm, kid: &KeyId) -> Vec<u8> {
    cbor::encode_owned(Value::Map(vec![
        (HEADER_ALG.into(), algorithm.cose().into()),
        (HEADER_KID.into(), Value::Bytes(kid.to_vec())),
        (HEADER_TYP.into(), TYP.into()),
        (HEADER_VDS.into(), RFC9162_SHA256.into()),
    ]))
}

/// The bytes that are signed over a root (Sig_structure, RFC 9052 §4.4).
pub fn message(protected: &[u8], root: &Hash) -> Vec<u8> {
    cbor::encode_owned(Value::Array(vec![
        "Signature1".into(),
        Value::Bytes(protected.to_vec()),
        Value::Bytes(Vec::new()),
        Value::Bytes(root.to_vec()),
    ]))
}

/// Signs a tree: once for all that is in it. The signature is in its one spelling ([`Algorithm::canonical`]).
///
/// # Errors
/// What `sign` gives back.
pub fn sign<E>(
    tree: &Tree,
    (algorithm, kid): (Algorithm, &KeyId),
    sign: impl FnOnce(&[u8]) -> Result<SignatureBytes, E>,
) -> Result<SignatureBytes, E> {
    Ok(algorithm.canonical(sign(&message(&protected(algorithm, kid), &tree.root()))?))
}

/// A proof taken apart, its signature not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// With which key.
    pub kid: KeyId,
    /// The leaves of the tree.
    pub size: u64,
    /// Which of them it is about.
    pub index: u64,
    /// From that leaf to the root.
    pub path: Vec<Hash>,
    /// The signature over the root.
    pub signature: SignatureBytes,
}

impl Proof {
    /// The proof of a leaf in a signed tree.
    pub fn new(tree: &Tree, index: u64, (algorithm, kid): (Algorithm, KeyId), signature: SignatureBytes) -> Self {
        Self { algorithm, kid, size: tree.size(), index, path: tree.path(index), signature }
    }

    /// The tagged COSE_Sign1.
    pub fn encode(&self) -> Vec<u8> {
        let path = self.path.iter().map(|hash| Value::Bytes(hash.to_vec())).collect();
        let inclusion = Value::Array(vec![self.size.into(), self.index.into(), Value::Array(path)]);
        let proofs = Value::Array(vec![Value::Bytes(cbor::encode_owned(inclusion))]);
        let unprotected = Value::Map(vec![(HEADER_VDP.into(), Value::Map(vec![(INCLUSION.into(), proofs)]))]);
        let array = vec![
            Value::Bytes(protected(self.algorithm, &self.kid)),
            unprotected,
            Value::Null,
            Value::Bytes(self.signature.to_vec()),
        ];
        cbor::encode_owned(Value::Tag(18, Box::new(Value::Array(array))))
    }

    /// Reads what [`Proof::encode`] writes.
    ///
    /// # Errors
    /// For anything that the service would not have written itself.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_PROOF {
            return Err(Malformed);
        }
        let proof = cbor::decode(bytes).and_then(read).ok_or(Malformed)?;
        // RFC 9942 wants one hash at least, and a path leads somewhere only for a place in a tree where it has just that length.
        let leads =
            !proof.path.is_empty() && root_of(&Hash::default(), (proof.index, proof.size), &proof.path).is_some();
        // One spelling, and nothing beside it: what is not written the same was not written here.
        if leads && proof.encode() == bytes { Ok(proof) } else { Err(Malformed) }
    }

    /// The root to which it leads from a statement.
    pub fn root(&self, statement: &[u8]) -> Option<Hash> {
        root_of(&leaf(statement), (self.index, self.size), &self.path)
    }
}

/// The parts of a proof, wherever its spelling does not matter.
fn read(value: Value) -> Option<Proof> {
    let Value::Tag(18, array) = value else { return None };
    let [protected, unprotected, Value::Null, signature] = <[Value; 4]>::try_from(array.into_array().ok()?).ok()?
    else {
        return None;
    };
    let header = cbor::decode(protected.as_bytes()?)?.into_map().ok()?;
    let (alg, kid) = (entry(&header, HEADER_ALG)?, entry(&header, HEADER_KID)?);
    let algorithm = Algorithm::ALL.into_iter().find(|known| *alg == Value::from(known.cose()))?;
    let kid = kid.as_bytes()?.as_slice().try_into().ok()?;
    let proofs = entry(entry(unprotected.as_map()?, HEADER_VDP)?.as_map()?, INCLUSION)?.as_array()?;
    let [inclusion] = proofs.as_slice() else { return None };
    let inclusion = cbor::decode(inclusion.as_bytes()?)?.into_array().ok()?;
    let [size, index, path] = inclusion.as_slice() else { return None };
    let number = |value: &Value| u64::try_from(value.as_integer()?).ok();
    let hashes = path.as_array()?.iter().map(|hash| hash.as_bytes()?.as_slice().try_into().ok());
    Some(Proof {
        algorithm,
        kid,
        size: number(size)?,
        index: number(index)?,
        path: hashes.collect::<Option<Vec<Hash>>>()?,
        signature: signature.as_bytes()?.as_slice().try_into().ok()?,
    })
}

fn entry(map: &[(Value, Value)], label: i64) -> Option<&Value> {
    map.iter().find(|(key, _)| *key == Value::from(label)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 9162 §2.1.1 in its own words.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            more => {
                let half = more.len().next_power_of_two() / 2;
                node(&root(&more[..half]), &root(&more[half..]))
            }
        }
    }

    #[test]
    fn each_leaf_leads_to_the_root_and_no_other_place_does() {
        let all: Vec<Hash> = (0..70_u8).map(|number| leaf(&[number])).collect();
        for size in 2..=all.len() {
            let tree = Tree::new(all[..size].to_vec());
            assert_eq!((tree.size(), tree.root()), (size as u64, root(&all[..size])), "{size}");
            for (index, leaf) in all[..size].iter().enumerate() {
                let (index, path) = (index as u64, tree.path(index as u64));
                assert_eq!(tree.index_of(leaf), Some(index));
                assert!(!path.is_empty(), "RFC 9942 wants one hash at least");
                assert_eq!(root_of(leaf, (index, size as u64), &path), Some(tree.root()), "{index} of {size}");
                // In a tree of this size no other place has this path. It has where somebody says another size, to which the signature
                // does not hold him: see below.
                for other in [index + 1, index ^ 1] {
                    assert_ne!(root_of(leaf, (other, size as u64), &path), Some(tree.root()), "{other} of {size}");
                }
                assert_eq!(root_of(leaf, (index, size as u64), &path[1..]).filter(|root| *root == tree.root()), None);
            }
        }
    }

    #[test]
    fn a_root_does_not_say_of_how_many_leaves_it_is() {
        // The last of three hangs below the root as the second of two does. Whoever wants to know the place asks the log, which knows the
        // size (docs/log.md).
        let leaves: Vec<Hash> = (0..3_u8).map(|number| leaf(&[number])).collect();
        let tree = Tree::new(leaves.clone());
        let path = tree.path(2);
        assert_eq!(root_of(&leaves[2], (2, 3), &path), Some(tree.root()));
        assert_eq!(root_of(&leaves[2], (1, 2), &path), Some(tree.root()));
    }

    #[test]
    fn one_alone_stands_beside_nothing() {
        let (one, beside) = (leaf(b"one"), leaf(b""));
        let tree = Tree::new(vec![one]);
        assert_eq!((tree.size(), tree.path(0), tree.root()), (2, vec![beside], node(&one, &beside)));
        // SHA-256 of a zero byte, as anybody can compute it.
        assert_eq!(beside[..4], [0x6e, 0x34, 0x0b, 0x9c]);
    }

    #[test]
    fn a_proof_has_the_bytes_of_rfc_9942_and_one_spelling() {
        let tree = Tree::new(vec![leaf(b"one")]);
        let bytes = Proof::new(&tree, 0, (Algorithm::Es256, [9; 8]), [7; 64]).encode();
        // RFC 8949 by hand: tag 18, array(4), the header in 48 bytes: map(4), 1: -7, 4: bytes(8), 16: text(28), 395: 1.
        let mut expected = vec![0xd2, 0x84, 0x58, 48, 0xa4, 0x01, 0x26, 0x04, 0x48];
        expected.extend([9; 8]);
        expected.extend([0x10, 0x78, 28]);
        expected.extend(TYP.as_bytes());
        expected.extend([0x19, 0x01, 0x8b, 0x01]);
        // {396: {-1: [<< [2, 0, [hash]] >>]}}, nil, bytes(64).
        expected.extend([0xa1, 0x19, 0x01, 0x8c, 0xa1, 0x20, 0x81, 0x58, 38, 0x83, 0x02, 0x00, 0x81, 0x58, 32]);
        expected.extend(leaf(b""));
        expected.extend([0xf6, 0x58, 64]);
        expected.extend([7; 64]);
        assert_eq!(bytes, expected);
        assert_eq!(Proof::decode(&bytes).unwrap().encode(), bytes);
        // Another data structure, another type, an attached payload, a further header, an empty path: nothing of ours.
        let spoilt = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            Proof::decode(&bytes)
        };
        let vds = 9 + 8 + 3 + TYP.len() + 3;
        assert_eq!((bytes[vds], spoilt(vds, 2)), (1, Err(Malformed)));
        assert_eq!(spoilt(20, b'x'), Err(Malformed));
        assert_eq!(spoilt(bytes.len() - 67, 0x40), Err(Malformed));
        assert_eq!(spoilt(0, 0xd1), Err(Malformed));
        assert_eq!(Proof::decode(&[&bytes[..], &[0]].concat()), Err(Malformed));
        let Value::Tag(18, parts) = cbor::decode(&bytes).unwrap() else { panic!("tagged") };
        let mut parts = parts.into_array().unwrap();
        let good = cbor::encode_owned(Value::Tag(18, Box::new(Value::Array(parts.clone()))));
        assert_eq!(good, bytes, "what is spoilt below is good before");
        let further = (Value::from(4), Value::from(1));
        parts[1].as_map_mut().unwrap().push(further);
        let with_a_header = cbor::encode_owned(Value::Tag(18, Box::new(Value::Array(parts))));
        assert_eq!(Proof::decode(&with_a_header), Err(Malformed));
        let proof = Proof::decode(&bytes).unwrap();
        let hash = leaf(b"");
        for (size, index, path) in [
            (2, 0, vec![]),
            (1, 0, vec![]),
            (2, 2, vec![hash]),
            (2, 0, vec![hash; 2]),
            (3, 0, vec![hash]),
            (0, 0, vec![hash]),
        ] {
            let spoilt = Proof { size, index, path, ..proof.clone() };
            assert_eq!(
                Proof::decode(&spoilt.encode()),
                Err(Malformed),
                "{index} of {size}, {} hashes",
                spoilt.path.len()
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = Proof::decode(&bytes);
        }

        #[test]
        fn what_is_read_is_written_the_same(size in 2_u64..1_048_576, place: u64, hash: [u8; 32], first: [u8; 32]) {
            let index = place % size;
            let path = (1..=64).map(|steps| vec![hash; steps]).find(|path| root_of(&first, (index, size), path).is_some());
            let path = path.expect("each leaf has a way");
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&first);
            let proof = Proof { algorithm: Algorithm::Ed25519, kid: [1; 8], size, index, path, signature };
            prop_assert_eq!(Proof::decode(&proof.encode()).ok(), Some(proof));
        }
    }
}
