//! SQL of how many questions a party put, by day and by what became of them.

use uuid::Uuid;

use crate::db::{DbResult, Tx};
use crate::{execute, fetch_all};

const COUNT: &str = "INSERT INTO relying_party_usage (relying_party_id, day, outcome, questions) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (relying_party_id, day, outcome) DO UPDATE SET questions = relying_party_usage.questions + $4";

/// Adds so many questions of a party on a day, counted from 1970-01-01 in Jakarta.
pub async fn count(tx: &mut Tx, party: Uuid, day: i64, outcome: &str, questions: i64) -> DbResult<()> {
    execute!(tx, COUNT, party, day, outcome, questions).map(|_| ())
}

/// Questions of a day that ended in one way.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct UsageRow {
    /// The day.
    pub day: i64,
    /// What became of them: `valid`, the reason of a refusal, or the code of an error.
    pub outcome: String,
    /// How many.
    pub questions: i64,
}

const BETWEEN: &str = "SELECT day, outcome, questions FROM relying_party_usage \
    WHERE relying_party_id = $1 AND day >= $2 AND day < $3 ORDER BY day, outcome";

/// A party's questions from a day on, before another.
pub async fn between(tx: &mut Tx, party: Uuid, from: i64, before: i64) -> DbResult<Vec<UsageRow>> {
    fetch_all!(tx, UsageRow, BETWEEN, party, from, before)
}

const SWEEP: &str = "DELETE FROM relying_party_usage WHERE (relying_party_id, day, outcome) IN \
    (SELECT relying_party_id, day, outcome FROM relying_party_usage WHERE day < $1 ORDER BY day LIMIT $2)";

/// Forgets the figures of before a day; gives how many rows that were.
pub async fn sweep(tx: &mut Tx, before: i64, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}
