//! SQL of many checks at once: the listed statements whose texts differ between the engines.
//!
//! On the server a batch is one statement over arrays: one trip. The embedded engine has no trips to save, and small
//! prepared statements are cheaper there than one with many rows: a batch is one piece of work on a thread of its own.

use std::collections::HashMap;

use uuid::Uuid;

use super::store::CheckRow;
#[cfg(doc)]
use crate::batcher::MOST;
use crate::db::{Db, DbError, DbResult, Local, bound};
use crate::on_server;

/// A token to be spent, and the record of it.
pub(super) struct Spending {
    /// Written only when the token was spent: always `valid` and single use.
    pub(super) row: CheckRow,
    /// The generation of the credential that the token was made for.
    pub(super) generation: i64,
}

/// The guard of [`super::store::spend`] for all rows, in one statement with the records: a data-modifying WITH sees the
/// rows that its update returned. A row that another node's batch holds is waited for and judged anew.
const SPEND_ALL: &str = "WITH asked AS (SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], \
    $5::uuid[], $6::bytea[], $7::bytea[], $8::text[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bytea[]) \
    AS a (verification_id, resident_id, generation, issued, relying_party_id, idempotency_key, body_hash, purpose, \
    verified_at, disclosed, salt, receipt)), \
    spent AS (UPDATE credential AS c SET last_spent = a.issued FROM asked AS a WHERE c.resident_id = a.resident_id \
    AND c.generation = a.generation AND c.state = 'active' AND c.last_spent < a.issued RETURNING a.verification_id) \
    INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, purpose, \
    verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt) \
    SELECT a.verification_id, a.resident_id, a.relying_party_id, a.idempotency_key, a.body_hash, a.purpose, \
    a.verified_at, a.issued, 'valid', '', 1, a.disclosed, 0, a.salt, a.receipt \
    FROM asked AS a JOIN spent AS s ON s.verification_id = a.verification_id RETURNING verification_id";

/// [`SPEND_ALL`] for one row, where one writer at a time is certain: the record is made when the token can be spent, and
/// tells that.
const RECORD: &str = "INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, \
    purpose, verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt) \
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'valid', '', 1, ?9, 0, ?10, ?11 FROM credential \
    WHERE resident_id = ?2 AND generation = ?12 AND state = 'active' AND last_spent < ?8";
const SPEND: &str = "UPDATE credential SET last_spent = ?1 WHERE resident_id = ?2";

/// What became of one token of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Spent and recorded, durably.
    Recorded,
    /// It cannot be spent.
    Refused,
    /// Its idempotency key was used before: nothing was done.
    KeyUsed,
}

/// Spends a token that can still be spent and records it, on the embedded engine.
///
/// # Errors
/// Whatever the database said: then the whole transaction is to be undone.
pub(super) fn spend_one(local: &Local<'_>, Spending { row, generation }: &Spending) -> DbResult<Done> {
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
            row.disclosed,
            row.salt,
            row.receipt,
            generation
        ],
    );
    match recorded {
        Ok(0) => Ok(Done::Refused),
        Ok(_) => {
            local.execute(SPEND, bound![row.issued.micros(), row.resident_id.as_bytes()])?;
            Ok(Done::Recorded)
        }
        Err(DbError::Unique) => Ok(Done::KeyUsed),
        Err(error) => Err(error),
    }
}

/// Spends the tokens that can still be spent and records them, on the server, in one transaction that is durable when this
/// returns. At most [`MOST`], and one per credential; the answer is in their order.
///
/// # Errors
/// `DbError::Unique` when one of the idempotency keys was used before. With any error nothing is spent or recorded, but for a
/// connection that broke while the database confirmed.
pub(super) async fn spend_all(db: &Db, batch: &[Spending]) -> DbResult<Vec<Done>> {
    let mut tx = db.single().await?;
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
            .bind(column(batch, |s| s.row.disclosed))
            .bind(column(batch, |s| &s.row.salt[..]))
            .bind(column(batch, |s| &s.row.receipt[..]))
            .fetch_all(c)
            .await
    })?;
    tx.commit().await?;
    let done = |one: &Spending| {
        if ids.contains(&(one.row.verification_id,)) { Done::Recorded } else { Done::Refused }
    };
    Ok(batch.iter().map(done).collect())
}

fn column<'a, T>(batch: &'a [Spending], get: impl Fn(&'a Spending) -> T) -> Vec<T> {
    batch.iter().map(get).collect()
}

const RECORDS: &str = "SELECT resident_id, sealed FROM holder_record WHERE resident_id = ANY($1)";
const PORTRAITS: &str = "SELECT resident_id, sealed FROM holder_portrait WHERE resident_id = ANY($1)";
const RECORD_OF: &str = "SELECT sealed FROM holder_record WHERE resident_id = ?1";
const PORTRAIT_OF: &str = "SELECT sealed FROM holder_portrait WHERE resident_id = ?1";

/// The sealed record and portrait of a holder.
#[derive(Clone)]
pub(super) struct Holder {
    /// The record.
    pub(super) record: Vec<u8>,
    /// The portrait, where it was asked for and there is one.
    pub(super) portrait: Option<Vec<u8>>,
}

/// Reads one holder on the embedded engine; `None` when there is no record.
///
/// # Errors
/// When the database does not answer.
pub(super) fn holder(local: &Local<'_>, resident: Uuid, pictured: bool) -> DbResult<Option<Holder>> {
    let Some(record) = local.bytes(RECORD_OF, bound![resident.as_bytes()])? else { return Ok(None) };
    let portrait = if pictured { local.bytes(PORTRAIT_OF, bound![resident.as_bytes()])? } else { None };
    Ok(Some(Holder { record, portrait }))
}

/// Reads these holders, at most [`MOST`], with the portraits of those for whom that is true, on the server. Who has no
/// record is missing in the answer.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn holders(db: &Db, asked: &[(Uuid, bool)]) -> DbResult<HashMap<Uuid, Holder>> {
    type Rows = Vec<(Uuid, Vec<u8>)>;
    let residents: Vec<Uuid> = asked.iter().map(|(resident, _)| *resident).collect();
    let pictured: Vec<Uuid> = asked.iter().filter(|(_, pictured)| *pictured).map(|(resident, _)| *resident).collect();
    let mut tx = db.read().await?;
    let records: Rows = on_server!(&mut tx, |c| sqlx::query_as(RECORDS).bind(residents).fetch_all(c).await)?;
    let portraits: Rows = if pictured.is_empty() {
        Vec::new()
    } else {
        on_server!(&mut tx, |c| sqlx::query_as(PORTRAITS).bind(pictured).fetch_all(c).await)?
    };
    let mut found: HashMap<_, _> =
        records.into_iter().map(|(resident, record)| (resident, Holder { record, portrait: None })).collect();
    for (resident, portrait) in portraits {
        if let Some(holder) = found.get_mut(&resident) {
            holder.portrait = Some(portrait);
        }
    }
    Ok(found)
}
