//! Statements that serve many holders at once, and what the statements of other domains' batches say about credentials: listed
//! exceptions to "one text for both engines".
//!
//! A statement of another domain that spends a token together with the record of it takes its part about the credential from here,
//! so that what makes a token spendable stands in this domain alone.

use std::collections::HashMap;
use std::sync::LazyLock;

use uuid::Uuid;

use super::model::Credential;
use super::ports;
use super::store::{CREDENTIAL, CredentialRow};
#[cfg(doc)]
use crate::batcher::MOST;
use crate::clock::Timestamp;
use crate::db::{Arguments, Columns, Db, DbResult, Local, Shard, Tx, bound};
use crate::error::Result;
use crate::on_server;
use crate::register::RegisterRecord;
use crate::vault::Vault;

// Spending -------------------------------------------------------------------------------------------------------

/// Part of a statement of the server: spends the tokens of a relation `asked` with the columns `verification_id`, `resident_id`,
/// `generation` and `issued`, and returns the `verification_id` of those that could be spent. The guard is that of
/// [`super::store::spend`]. A row that another node's batch holds is waited for and judged anew. `residents` is the placeholder of
/// the array of all their ids: a join alone would ask every shard, whatever the batch holds.
macro_rules! spend_asked {
    ($residents:literal) => {
        concat!(
            "UPDATE credential AS c SET last_spent = a.issued FROM asked AS a WHERE c.resident_id = ANY(",
            $residents,
            ") AND c.resident_id = a.resident_id AND c.generation = a.generation AND c.state = 'active' \
             AND c.last_spent < a.issued RETURNING a.verification_id"
        )
    };
}
pub(crate) use spend_asked;

/// Part of a statement of the embedded engine: one row while a token can be spent, with the placeholders of its resident,
/// generation and time of issue. One writer at a time is certain there, so [`set_spent`] may follow.
macro_rules! from_spendable {
    ($resident:literal, $generation:literal, $issued:literal) => {
        concat!(
            "FROM credential WHERE resident_id = ",
            $resident,
            " AND generation = ",
            $generation,
            " AND state = 'active' AND last_spent < ",
            $issued
        )
    };
}
pub(crate) use from_spendable;

const SET_SPENT: &str = "UPDATE credential SET last_spent = ?1 WHERE resident_id = ?2";

/// Notes that a token was spent which [`from_spendable`] found spendable in this transaction.
///
/// # Errors
/// Whatever the database said.
pub(crate) fn set_spent(local: &Local<'_>, resident: Uuid, issued: Timestamp) -> DbResult<u64> {
    local.execute(SET_SPENT, bound![issued.micros(), resident.as_bytes()])
}

// Credentials ----------------------------------------------------------------------------------------------------

const CREDENTIALS: &str = "
    SELECT resident_id, state, generation, pin_tries, pin_wait_until, session, session_ends_at, activated_at
    FROM credential WHERE resident_id = ANY($1)";

/// The credential of a resident, on the embedded engine.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn credential(local: &Local<'_>, resident: Uuid) -> DbResult<Option<Credential>> {
    let time = |row: &Columns<'_, '_>, place| row.get(place).map(Timestamp::from_micros);
    local.optional(CREDENTIAL, bound![resident.as_bytes()], |row| {
        Ok(Credential::from(CredentialRow {
            resident_id: Uuid::from_bytes(row.get(0)?),
            state: row.word(1)?,
            generation: row.get(2)?,
            pin_tries: row.get(3)?,
            pin_wait_until: time(row, 4)?,
            session: row.get(5)?,
            session_ends_at: time(row, 6)?,
            activated_at: time(row, 7)?,
        }))
    })
}

/// The credentials of these residents of one shard, on the server: one trip. Who has none is missing in the answer.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn credentials(db: &Db, shard: Shard, residents: Vec<Uuid>) -> DbResult<HashMap<Uuid, Credential>> {
    let mut tx = db.batch_of(shard).await?;
    let rows: Vec<CredentialRow> =
        on_server!(&mut tx, |c| sqlx::query_as(CREDENTIALS).bind(residents).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|row| (row.resident_id, row.into())).collect())
}

// What is shown --------------------------------------------------------------------------------------------------

const RECORDS: &str = "SELECT resident_id, sealed FROM holder_record WHERE resident_id = ANY($1)";
const PORTRAITS: &str = "SELECT resident_id, sealed FROM holder_portrait WHERE resident_id = ANY($1)";
const RECORD_OF: &str = "SELECT sealed FROM holder_record WHERE resident_id = ?1";
const PORTRAIT_OF: &str = "SELECT sealed FROM holder_portrait WHERE resident_id = ?1";

/// What a digital KTP shows, sealed as it rests.
#[derive(Clone)]
pub(crate) struct SealedHolder {
    record: Vec<u8>,
    /// Where it was asked for and there is one.
    portrait: Option<Vec<u8>>,
}

impl SealedHolder {
    /// The same without the portrait, unless `pictured`.
    #[must_use]
    pub(crate) fn with_portrait_if(&self, pictured: bool) -> Self {
        Self { record: self.record.clone(), portrait: self.portrait.clone().filter(|_| pictured) }
    }

    /// What the register said about this resident.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn record(&self, vault: &Vault, resident: Uuid) -> Result<RegisterRecord> {
        ports::open_record(vault, resident, &self.record)
    }

    /// The portrait, where it was asked for and there is one: JPEG.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn portrait(&self, vault: &Vault, resident: Uuid) -> Result<Option<Vec<u8>>> {
        self.portrait.as_ref().map(|sealed| ports::open_portrait(vault, resident, sealed)).transpose()
    }
}

/// Reads one holder on the embedded engine; `None` when there is no record.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn holder(local: &Local<'_>, resident: Uuid, pictured: bool) -> DbResult<Option<SealedHolder>> {
    let Some(record) = local.bytes(RECORD_OF, bound![resident.as_bytes()])? else { return Ok(None) };
    let portrait = if pictured { local.bytes(PORTRAIT_OF, bound![resident.as_bytes()])? } else { None };
    Ok(Some(SealedHolder { record, portrait }))
}

/// Reads these holders of one shard, at most [`MOST`], with the portraits of those for whom that is true, on the server. Who has
/// no record is missing in the answer.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn holders(db: &Db, shard: Shard, asked: &[(Uuid, bool)]) -> DbResult<HashMap<Uuid, SealedHolder>> {
    type Rows = Vec<(Uuid, Vec<u8>)>;
    let residents: Vec<Uuid> = asked.iter().map(|(resident, _)| *resident).collect();
    let pictured: Vec<Uuid> = asked.iter().filter(|(_, pictured)| *pictured).map(|(resident, _)| *resident).collect();
    let mut tx = db.batch_of(shard).await?;
    let records: Rows = on_server!(&mut tx, |c| sqlx::query_as(RECORDS).bind(residents).fetch_all(c).await)?;
    let portraits: Rows = if pictured.is_empty() {
        Vec::new()
    } else {
        on_server!(&mut tx, |c| sqlx::query_as(PORTRAITS).bind(pictured).fetch_all(c).await)?
    };
    let mut found: HashMap<_, _> =
        records.into_iter().map(|(resident, record)| (resident, SealedHolder { record, portrait: None })).collect();
    for (resident, portrait) in portraits {
        if let Some(holder) = found.get_mut(&resident) {
            holder.portrait = Some(portrait);
        }
    }
    Ok(found)
}

/// Residents in one statement of [`sealed_records`].
const ASKED: usize = 100;

static RECORDS_IN: LazyLock<String> = LazyLock::new(|| {
    let list = (1..=ASKED).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
    format!("SELECT resident_id, sealed FROM holder_record WHERE resident_id IN ({list})")
});

/// The sealed records of these residents, on either engine; who has none is missing in the answer.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn sealed_records(tx: &mut Tx, residents: &[Uuid]) -> DbResult<Vec<(Uuid, Vec<u8>)>> {
    let sql: &'static str = &RECORDS_IN;
    let mut found = Vec::new();
    for asked in residents.chunks(ASKED) {
        // One text for any number: what is left over asks for the last one again.
        let padded = asked.iter().chain(asked.last().into_iter().cycle()).take(ASKED);
        let arguments = padded.fold(Arguments::of(tx), |arguments, resident| arguments.and(*resident));
        for row in tx.fetch_all(sql, arguments).await? {
            found.push(row.read()?);
        }
    }
    Ok(found)
}
