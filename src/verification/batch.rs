//! SQL of many checks at once: the listed multi-row statements, whose texts differ between the engines.
//!
//! Each is one trip to the database: on the server one statement over arrays, embedded one text over rows of values. Such
//! texts exist for powers of two; rows that are left over are NULL and match nothing. Their placeholders have no numbers,
//! because SQLite looks numbered ones up one by one in a list.

use std::sync::LazyLock;

use uuid::Uuid;

use super::group::MOST;
use super::store::CheckRow;
use crate::db::{Db, DbResult};
use crate::per_engine;

/// A token to be spent, and the record of it.
pub(super) struct Spending {
    /// Written only when the token was spent: always `valid` and single use.
    pub(super) row: CheckRow,
    /// The generation of the credential that the token was made for.
    pub(super) generation: i64,
}

/// Columns of a row of values.
const COLUMNS: usize = 12;
/// 1, 2, 4 … 64.
const TEXTS: usize = MOST.ilog2() as usize + 1;

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

/// The same where one writer at a time is certain: between BEGIN IMMEDIATE and COMMIT the record and the update see the
/// same rows, so the record can come first and tell who won.
static SPEND_EACH: LazyLock<[String; TEXTS]> = LazyLock::new(|| {
    std::array::from_fn(|power| {
        let rows = 1 << power;
        format!(
            "BEGIN IMMEDIATE; \
            WITH asked (verification_id, resident_id, generation, issued, relying_party_id, idempotency_key, body_hash, \
            purpose, verified_at, disclosed, salt, receipt) AS (VALUES {all}) \
            INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, \
            purpose, verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt) \
            SELECT a.verification_id, a.resident_id, a.relying_party_id, a.idempotency_key, a.body_hash, a.purpose, \
            a.verified_at, a.issued, 'valid', '', 1, a.disclosed, 0, a.salt, a.receipt \
            FROM asked AS a CROSS JOIN credential AS c WHERE c.resident_id = a.resident_id \
            AND c.generation = a.generation AND c.state = 'active' AND c.last_spent < a.issued \
            RETURNING verification_id; \
            WITH asked (resident_id, generation, issued) AS (VALUES {few}) \
            UPDATE credential SET last_spent = asked.issued FROM asked WHERE credential.resident_id = asked.resident_id \
            AND credential.generation = asked.generation AND credential.state = 'active' \
            AND credential.last_spent < asked.issued; \
            COMMIT",
            all = values(rows, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
            few = values(rows, "(?, ?, ?)"),
        )
    })
});

fn values(rows: usize, row: &str) -> String {
    vec![row; rows].join(", ")
}

/// The text for at least so many rows, and for how many it is.
fn text(texts: &'static [String; TEXTS], rows: usize) -> (&'static str, usize) {
    let power = (rows.max(1).next_power_of_two().ilog2() as usize).min(TEXTS - 1);
    (&texts[power], 1 << power)
}

/// Spends the tokens that can still be spent and records them, in one transaction that is durable when this returns.
/// Gives the ids of the checks that were recorded. At most [`MOST`], and one per credential.
///
/// # Errors
/// `DbError::Unique` when one of the idempotency keys was used before. Nothing is spent or recorded then, nor with any
/// other error but a connection that broke while the database confirmed.
pub(super) async fn spend(db: &Db, batch: &[&Spending]) -> DbResult<Vec<Uuid>> {
    let mut tx = db.bare().await?;
    let (sql, rows) = text(&SPEND_EACH, batch.len());
    let done: DbResult<Vec<(Uuid,)>> = per_engine!(
        &mut tx,
        |c| {
            let mut query = sqlx::query_as(sql);
            for Spending { row, generation } in batch {
                query = query
                    .bind(row.verification_id)
                    .bind(row.resident_id)
                    .bind(generation)
                    .bind(row.issued)
                    .bind(row.relying_party_id)
                    .bind(&row.idempotency_key[..])
                    .bind(&row.body_hash[..])
                    .bind(&row.purpose[..])
                    .bind(row.verified_at)
                    .bind(row.disclosed)
                    .bind(&row.salt[..])
                    .bind(&row.receipt[..]);
            }
            for _ in batch.len() * COLUMNS..rows * COLUMNS {
                query = query.bind(None::<i64>);
            }
            // The second statement's own; what it lacks at its end is NULL by itself.
            for Spending { row, generation } in batch {
                query = query.bind(row.resident_id).bind(generation).bind(row.issued);
            }
            query.fetch_all(c).await
        },
        |c| {
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
        },
    );
    match done {
        Ok(ids) => Ok(ids.into_iter().map(|(id,)| id).collect()),
        Err(error) => {
            tx.abandon().await;
            Err(error)
        }
    }
}

fn column<'a, T>(batch: &[&'a Spending], get: impl Fn(&'a Spending) -> T) -> Vec<T> {
    batch.iter().map(|spending| get(spending)).collect()
}

const RECORDS: &str = "SELECT resident_id, sealed FROM holder_record WHERE resident_id = ANY($1)";
const PORTRAITS: &str = "SELECT resident_id, sealed FROM holder_portrait WHERE resident_id = ANY($1)";
static RECORDS_OF: LazyLock<[String; TEXTS]> = LazyLock::new(|| one_of("holder_record"));
static PORTRAITS_OF: LazyLock<[String; TEXTS]> = LazyLock::new(|| one_of("holder_portrait"));

fn one_of(table: &str) -> [String; TEXTS] {
    std::array::from_fn(|power| {
        let list = values(1 << power, "?");
        format!("SELECT resident_id, sealed FROM {table} WHERE resident_id IN ({list})")
    })
}

/// Sealed values by resident.
pub(super) type Sealed = Vec<(Uuid, Vec<u8>)>;

/// The sealed records of these residents, and the sealed portraits of those, at most [`MOST`] each. Who has none is
/// missing in the answer.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn holders(db: &Db, records: &[Uuid], portraits: &[Uuid]) -> DbResult<(Sealed, Sealed)> {
    let mut tx = db.read().await?;
    let mut found = [Vec::new(), Vec::new()];
    let asked = [(records, &RECORDS_OF, RECORDS), (portraits, &PORTRAITS_OF, PORTRAITS)];
    for (rows, (residents, texts, over_array)) in found.iter_mut().zip(asked) {
        if residents.is_empty() {
            continue;
        }
        let (sql, _) = text(texts, residents.len());
        *rows = per_engine!(
            &mut tx,
            |c| {
                let mut query = sqlx::query_as(sql);
                for resident in residents {
                    query = query.bind(resident);
                }
                query.fetch_all(c).await
            },
            |c| sqlx::query_as(over_array).bind(residents).fetch_all(c).await,
        )?;
    }
    let [records, portraits] = found;
    Ok((records, portraits))
}
