//! SQL of recaps.

use uuid::Uuid;

use super::model::Month;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, fetch_all, fetch_optional};

/// Where a month stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = RecapState)]
pub enum State {
    /// A supervisor asked the head to sign it.
    Asked,
    /// Signed: it stays as it is.
    Signed,
    /// The head refused; it can be asked for again.
    Refused,
}
crate::text_column!(State);

/// A month that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RecapRow {
    /// Which month.
    pub month: i64,
    /// Where it stands.
    pub state: State,
    /// Raised by every write; a decision demands the one that was on the screen.
    pub revision: i64,
    /// Who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// Who signed.
    pub signed_by: Option<Uuid>,
    /// When.
    pub signed_at: Option<Timestamp>,
    /// Why it was refused, sealed.
    pub refusal_sealed: Option<Vec<u8>>,
}

macro_rules! select_recap {
    ($rest:literal) => {
        concat!(
            "SELECT month, state, revision, asked_by, asked_at, signed_by, signed_at, refusal_sealed FROM recap ",
            $rest
        )
    };
}

const OF_OFFICE: &str = select_recap!("WHERE office_id = $1 AND month >= $2 ORDER BY month DESC LIMIT $3");

/// Those of an office from a month on, newest first.
pub async fn of_office(tx: &mut Tx, office: Uuid, from: Month, limit: i64) -> DbResult<Vec<RecapRow>> {
    fetch_all!(tx, RecapRow, OF_OFFICE, office, from.0, limit)
}

const LOOKUP: &str = select_recap!("WHERE office_id = $1 AND month = $2");

/// One of an office.
pub async fn lookup(tx: &mut Tx, office: Uuid, month: Month) -> DbResult<Option<RecapRow>> {
    fetch_optional!(tx, RecapRow, LOOKUP, office, month.0)
}

const CONTENT: &str = "SELECT content FROM recap WHERE office_id = $1 AND month = $2 AND state IN ('asked', 'signed')";

/// What was asked for or signed.
pub async fn content(tx: &mut Tx, office: Uuid, month: Month) -> DbResult<Option<String>> {
    Ok(fetch_optional!(tx, (String,), CONTENT, office, month.0)?.map(|(content,)| content))
}

const SIGNED: &str = "SELECT content FROM recap WHERE office_id = $1 AND month = $2 AND state = 'signed'";

/// What was signed.
pub async fn signed(tx: &mut Tx, office: Uuid, month: Month) -> DbResult<Option<String>> {
    Ok(fetch_optional!(tx, (String,), SIGNED, office, month.0)?.map(|(content,)| content))
}

const ASK: &str = "INSERT INTO recap (office_id, month, state, revision, asked_by, asked_at, content) \
    VALUES ($1, $2, 'asked', 0, $3, $4, $5) ON CONFLICT (office_id, month) DO UPDATE SET state = 'asked', \
    revision = recap.revision + 1, asked_by = excluded.asked_by, asked_at = excluded.asked_at, \
    content = excluded.content, refusal_sealed = NULL WHERE recap.state = 'refused'";

/// Asks for a signature, for the first time or after a refusal. A miss where that waits, or was signed.
pub async fn ask(
    tx: &mut Tx,
    (office, month): (Uuid, Month),
    by: Uuid,
    content: &str,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, ASK, office, month.0, by, now, content)
}

const SIGN: &str = "UPDATE recap SET state = 'signed', signed_by = $4, signed_at = $5, revision = revision + 1 \
    WHERE office_id = $1 AND month = $2 AND revision = $3 AND state = 'asked' AND asked_by <> $4";

/// Signs what was asked for, of the revision that was read. Nobody signs what they asked for, whatever the program judged.
pub async fn sign(
    tx: &mut Tx,
    (office, month): (Uuid, Month),
    revision: i64,
    by: Uuid,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(tx, SIGN, office, month.0, revision, by, now)
}

const REFUSE: &str = "UPDATE recap SET state = 'refused', refusal_sealed = $4, revision = revision + 1 \
    WHERE office_id = $1 AND month = $2 AND revision = $3 AND state = 'asked'";

/// Refuses what was asked for, of the revision that was read.
pub async fn refuse(tx: &mut Tx, (office, month): (Uuid, Month), revision: i64, refusal: &[u8]) -> DbResult<Changed> {
    change!(tx, REFUSE, office, month.0, revision, refusal)
}
