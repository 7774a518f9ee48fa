//! SQL of batches of checks: listed statements whose texts differ between the engines.
//!
//! On PostgreSQL a batch is one statement over arrays: one round trip. SQLite has no round trips to save, and small
//! prepared statements are cheaper there than one with many rows, so a batch is one piece of work on a thread of its
//! own.

use uuid::Uuid;

use super::proof::{self, batch_rows};
use super::signed::BatchRow;
use super::store::{CheckRow, checks};
#[cfg(doc)]
use crate::batcher::MOST;
use crate::credential::cose_receipt::Hash;
use crate::db::{Db, DbError, DbResult, Local, Shard, Tx, bound};
use crate::holder::batch::{from_spendable, set_spent, spend_asked};
use crate::on_server;

/// A token to be spent, and the record of it.
pub(super) struct Spending {
    /// Written only when the token was spent: always `valid` and single use.
    pub(super) row: CheckRow,
    /// The leaf of what it states.
    pub(super) leaf: Hash,
    /// The generation of the credential that the token was made for.
    pub(super) generation: i64,
}

impl Spending {
    /// Whether both are about the same token of one holder.
    pub(super) fn is_copied_by(&self, other: &Self) -> bool {
        let token = |one: &Self| (one.row.resident_id, one.generation, one.row.issued);
        token(self) == token(other)
    }
}

/// Spends the tokens of all rows that can be spent, in one statement with the records of them: a data-modifying WITH sees the
/// rows that its update returned. An update changes a row once, so of several copies of a token one is spent. What all of them state
/// was signed before; the batch says which of them are recorded.
const SPEND_ALL: &str = concat!(
    "WITH asked AS (SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], \
     $5::uuid[], $6::bytea[], $7::bytea[], $8::text[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bytea[]) \
     WITH ORDINALITY AS a (verification_id, resident_id, generation, issued, relying_party_id, idempotency_key, body_hash, purpose, \
     verified_at, disclosed, salt, receipt, place)), spent AS (",
    spend_asked!("$2"),
    "), signed AS (INSERT INTO receipt_batch (batch_id, root, kid, algorithm, signature, leaves, checks) \
     SELECT $13::uuid, $14::bytea, $15::bytea, $16::text, $17::bytea, $18::bytea, (SELECT string_agg(CASE \
     WHEN s.verification_id IS NULL THEN decode(repeat('00', 16), 'hex') ELSE uuid_send(s.verification_id) END, ''::bytea \
     ORDER BY a.place) FROM asked AS a LEFT JOIN spent AS s ON s.verification_id = a.verification_id) \
     WHERE EXISTS (SELECT 1 FROM spent)) \
     INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, purpose, \
     verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt, batch_id) \
     SELECT a.verification_id, a.resident_id, a.relying_party_id, a.idempotency_key, a.body_hash, a.purpose, \
     a.verified_at, a.issued, 'valid', '', 1, a.disclosed, 0, a.salt, a.receipt, $13::uuid \
     FROM asked AS a JOIN spent AS s ON s.verification_id = a.verification_id RETURNING verification_id"
);

/// What was recorded before under the keys of these questions.
const EARLIER: &str = checks!(
    "WHERE resident_id = ANY($3::uuid[]) AND (relying_party_id, idempotency_key, resident_id) \
     IN (SELECT * FROM UNNEST($1::uuid[], $2::bytea[], $3::uuid[]))"
);

/// [`SPEND_ALL`] for one row, on SQLite, which has one writer: the record is inserted only if the token can be spent,
/// and the number of rows tells.
const RECORD: &str = concat!(
    "INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, \
     purpose, verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt, batch_id) \
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'valid', '', 1, ?9, 0, ?10, ?11, ?13 ",
    from_spendable!("?2", "?12", "?8")
);

/// What became of one token of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Spent and recorded, durably.
    Recorded,
    /// It cannot be spent.
    Refused,
    /// It cannot be spent, and this was recorded under its key before: so it may be the answer to a repetition.
    Earlier(Box<CheckRow>),
    /// Its idempotency key was used before: nothing was done.
    KeyUsed,
}

/// Spends a token that can still be spent and records it, on the embedded engine.
///
/// # Errors
/// The database's error: then the caller must roll the whole transaction back.
pub(super) fn spend_one(local: &Local<'_>, Spending { row, generation, .. }: &Spending) -> DbResult<Done> {
    let recorded = local.execute(
        RECORD,
        bound![
            row.verification_id.as_bytes(),
            row.resident_id.as_bytes(),
            row.relying_party_id.as_bytes(),
            row.idempotency_key,
            row.body_hash,
            row.purpose,
            row.verified_at.micros(),
            row.issued.micros(),
            i64::from(row.disclosed.bits()),
            row.salt,
            row.receipt,
            generation,
            row.batch_id.map(uuid::Uuid::into_bytes)
        ],
    );
    match recorded {
        Ok(0) => Ok(Done::Refused),
        Ok(_) => {
            set_spent(local, row.resident_id, row.issued)?;
            Ok(Done::Recorded)
        }
        Err(DbError::Unique) => Ok(Done::KeyUsed),
        Err(error) => Err(error),
    }
}

/// Spends the tokens that can still be spent and records them, on the server, in one transaction that is durable when this
/// returns. At most [`MOST`], all of one shard, and of one credential only copies of one token; the answer is in their order. `signed` is
/// their batch, whose leaves are in this order too.
///
/// For those that cannot be spent it looks up what was recorded under their keys, all in one trip.
///
/// # Errors
/// `DbError::Unique` when one of the idempotency keys was used before. After any error nothing is spent or recorded,
/// except when the connection broke during the commit.
pub(super) async fn spend_all(db: &Db, shard: Shard, batch: &[Spending], signed: &BatchRow) -> DbResult<Vec<Done>> {
    let mut tx = db.batch_of(shard).await?;
    let ids: Vec<(Uuid,)> = on_server!(&mut tx, |c| {
        sqlx::query_as(SPEND_ALL)
            .bind(column(batch, |s| s.row.verification_id))
            .bind(column(batch, |s| s.row.resident_id))
            .bind(column(batch, |s| s.generation))
            .bind(column(batch, |s| s.row.issued.micros()))
            .bind(column(batch, |s| s.row.relying_party_id))
            .bind(column(batch, |s| &s.row.idempotency_key[..]))
            .bind(column(batch, |s| &s.row.body_hash[..]))
            .bind(column(batch, |s| &s.row.purpose[..]))
            .bind(column(batch, |s| s.row.verified_at.micros()))
            .bind(column(batch, |s| i64::from(s.row.disclosed.bits())))
            .bind(column(batch, |s| &s.row.salt[..]))
            .bind(column(batch, |s| &s.row.receipt[..]))
            .bind(signed.batch_id)
            .bind(&signed.root)
            .bind(&signed.kid)
            .bind(signed.algorithm.as_str())
            .bind(&signed.signature)
            .bind(&signed.leaves)
            .fetch_all(c)
            .await
    })?;
    let recorded = |one: &Spending| ids.contains(&(one.row.verification_id,));
    let refused: Vec<&Spending> = batch.iter().filter(|one| !recorded(one)).collect();
    // What could be spent is committed by now. So a fault is nobody's answer here: each looks for its own alone.
    let earlier = if refused.is_empty() { Vec::new() } else { earlier(&mut tx, &refused).await.unwrap_or_default() };
    tx.commit().await?;
    let done = |one: &Spending| {
        if recorded(one) {
            return Done::Recorded;
        }
        match earlier.iter().find(|row| key(row) == key(&one.row)) {
            Some(row) => Done::Earlier(Box::new(row.clone())),
            None => Done::Refused,
        }
    };
    Ok(batch.iter().map(done).collect())
}

/// What was recorded under these keys. It is asked after the update has ended: then the record of whoever spent a token while the
/// update waited for its row is there too.
async fn earlier(tx: &mut Tx, refused: &[&Spending]) -> DbResult<Vec<CheckRow>> {
    let mut rows: Vec<CheckRow> = on_server!(tx, |c| {
        sqlx::query_as(EARLIER)
            .bind(column(refused, |s| s.row.relying_party_id))
            .bind(column(refused, |s| &s.row.idempotency_key[..]))
            .bind(column(refused, |s| s.row.resident_id))
            .fetch_all(c)
            .await
    })?;
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.batch_id).collect();
    if !ids.is_empty() {
        let batches = batches_of(tx, ids).await?;
        for row in &mut rows {
            let batch = batches.iter().find(|batch| row.batch_id == Some(batch.batch_id));
            row.proof = batch.and_then(|batch| batch.proof(row.verification_id, &row.receipt));
        }
    }
    Ok(rows)
}

/// Records a batch in the transaction of its checks, on the embedded engine.
///
/// # Errors
/// The database's error.
pub(super) fn add_signed(local: &Local<'_>, row: &BatchRow) -> DbResult<()> {
    let id = row.batch_id.as_bytes();
    let algorithm = row.algorithm.as_str();
    local
        .execute(proof::ADD, bound![id, row.root, row.kid, algorithm, row.signature, row.leaves, row.checks])
        .map(|_| ())
}

const BATCHES_OF: &str = batch_rows!("WHERE batch_id = ANY($1::uuid[])");

/// Batches with these ids, in one trip.
async fn batches_of(tx: &mut Tx, ids: Vec<Uuid>) -> DbResult<Vec<BatchRow>> {
    on_server!(tx, |c| sqlx::query_as(BATCHES_OF).bind(ids).fetch_all(c).await)
}

const fn key(row: &CheckRow) -> (Uuid, &[u8], Uuid) {
    (row.relying_party_id, row.idempotency_key.as_slice(), row.resident_id)
}

fn column<'a, S, T>(batch: &'a [S], get: impl Fn(&'a S) -> T) -> Vec<T> {
    batch.iter().map(get).collect()
}
