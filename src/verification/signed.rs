//! Statements that are signed together, once for all checks of a commit (docs/adr/0041-receipts-with-one-signature-a-batch.md), and the
//! rows that their proofs are made from.

use uuid::Uuid;

use crate::credential::cose_receipt::{self, Hash, Proof, Tree};
use crate::credential::{Algorithm, KeyId, SignError, SignatureBytes, Signer};

/// In place of a check that was signed and not recorded.
const NOT_RECORDED: [u8; 16] = [0; 16];

/// Statements under one signature.
#[derive(Debug)]
pub struct SignedBatch {
    leaves: Vec<Hash>,
    tree: Tree,
    by: (Algorithm, KeyId),
    signature: SignatureBytes,
}

impl SignedBatch {
    /// Signs the statements with these leaves. Waits where the signer does.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(leaves: Vec<Hash>, signer: &dyn Signer) -> Result<Self, SignError> {
        let (tree, by) = (Tree::new(leaves.clone()), (signer.algorithm(), signer.kid()));
        let signature = cose_receipt::sign(&tree, (by.0, &by.1), |message| signer.sign(message))?;
        Ok(Self { leaves, tree, by, signature })
    }

    /// How many statements.
    pub fn statements(&self) -> usize {
        self.leaves.len()
    }

    /// The proof of a statement, by its place among them: a COSE Receipt (RFC 9942).
    pub fn proof(&self, place: usize) -> Vec<u8> {
        Proof::new(&self.tree, place as u64, self.by, self.signature).encode()
    }

    /// The row of the batch, with the check that each statement is of; none for those that are not recorded with it.
    pub fn row(&self, batch_id: Uuid, checks: impl IntoIterator<Item = Option<Uuid>>) -> BatchRow {
        let checks = checks.into_iter().map(|check| check.map_or(NOT_RECORDED, Uuid::into_bytes));
        BatchRow {
            batch_id,
            root: self.tree.root().to_vec(),
            kid: self.by.1.to_vec(),
            algorithm: self.by.0,
            signature: self.signature.to_vec(),
            leaves: self.leaves.concat(),
            checks: checks.flatten().collect(),
            log_position: None,
        }
    }
}

/// What of a batch comes into the log that outsiders check.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct UnloggedRow {
    /// Its id.
    pub batch_id: Uuid,
    /// What is signed.
    pub root: Vec<u8>,
    /// As [`BatchRow::checks`].
    pub checks: Vec<u8>,
}

/// Of a batch's column `checks` a byte for each statement: 1 where a check was recorded.
pub fn marks(checks: &[u8]) -> Vec<u8> {
    checks.as_chunks::<16>().0.iter().map(|check| u8::from(*check != NOT_RECORDED)).collect()
}

/// A batch as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct BatchRow {
    /// Its id, which lies on the shard of its checks.
    pub batch_id: Uuid,
    /// What is signed.
    pub root: Vec<u8>,
    /// The key that signed.
    pub kid: Vec<u8>,
    /// How.
    #[sqlx(try_from = "String")]
    pub algorithm: Algorithm,
    /// The signature.
    pub signature: Vec<u8>,
    /// The leaves of all statements, 32 bytes each.
    pub leaves: Vec<u8>,
    /// The checks that they are of, 16 bytes each; zeros for what was not recorded.
    pub checks: Vec<u8>,
    /// Where in the log it stands; none before it was taken there.
    pub log_position: Option<i64>,
}

impl BatchRow {
    /// The leaves, one by one.
    pub fn leaves(&self) -> &[Hash] {
        self.leaves.as_chunks().0
    }

    /// The checks of the leaves, one by one.
    pub fn checks(&self) -> impl Iterator<Item = Option<Uuid>> + '_ {
        let checks = self.checks.as_chunks::<16>().0.iter();
        checks.map(|check| (*check != NOT_RECORDED).then(|| Uuid::from_bytes(*check)))
    }

    /// Whether the statement at a place was recorded.
    pub fn recorded(&self, place: usize) -> bool {
        self.checks().nth(place).flatten().is_some()
    }

    /// As it was signed; `None` when the row is damaged.
    pub fn signed(&self) -> Option<SignedBatch> {
        let by = (self.algorithm, self.kid.as_slice().try_into().ok()?);
        let signature = self.signature.as_slice().try_into().ok()?;
        let leaves = self.leaves().to_vec();
        Some(SignedBatch { tree: Tree::new(leaves.clone()), leaves, by, signature })
    }

    /// The proof of what a check states; `None` when it is none of this batch, or the batch says that another check stated it: a copy of
    /// a row under an id of its own is proven by nothing.
    pub fn proof(&self, check: Uuid, statement: &[u8]) -> Option<Vec<u8>> {
        let leaf = cose_receipt::leaf(statement);
        let place = self.leaves().iter().position(|one| *one == leaf)?;
        if self.checks().nth(place).flatten() != Some(check) {
            return None;
        }
        Some(self.signed()?.proof(place))
    }

    /// How many leaves a proof of this batch says that there are: one alone stands beside an empty one.
    pub fn size(&self) -> u64 {
        (self.leaves().len() as u64).max(2)
    }

    /// Whether it says that this check was recorded with it.
    pub fn names(&self, check: Uuid) -> bool {
        self.checks().flatten().any(|one| one == check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::FileSigner;
    use crate::random::Random;

    #[test]
    fn a_row_gives_the_proofs_that_the_batch_gave() {
        let signer = FileSigner::generate(Algorithm::Ed25519, &Random::seeded(1));
        let statements: Vec<Vec<u8>> = (0..5_u8).map(|number| vec![number; 9]).collect();
        let leaves = statements.iter().map(|one| cose_receipt::leaf(one)).collect();
        let signed = SignedBatch::sign(leaves, &signer).unwrap();
        let id = |number: usize| (number != 3).then(|| Uuid::from_u128(number as u128 + 1));
        let row = signed.row(Uuid::from_u128(9), (0..5).map(id));
        for (place, statement) in statements.iter().enumerate() {
            let own = id(place).unwrap_or(Uuid::from_u128(4));
            assert_eq!(row.proof(own, statement), (place != 3).then(|| signed.proof(place)));
            assert_eq!(row.proof(Uuid::from_u128(99), statement), None, "of another check");
            assert_eq!((row.names(own), row.size()), (place != 3, 5));
            assert_eq!((row.recorded(place), row.checks().nth(place)), (place != 3, Some(id(place))));
        }
        let first = Uuid::from_u128(1);
        assert_eq!((row.proof(first, b"another"), row.recorded(5)), (None, false));
        assert_eq!(BatchRow { kid: vec![1], ..row.clone() }.proof(first, &statements[0]), None, "a damaged row");
        assert_eq!(BatchRow { leaves: vec![1; 32], checks: vec![1; 16], ..row }.size(), 2, "beside an empty one");
    }
}
