//! SQL of disputes.

use uuid::Uuid;

use super::model::{Dispute, Ending, Finding, PartyAnswer, State};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

#[derive(sqlx::FromRow)]
struct Row {
    dispute_id: Uuid,
    resident_id: Uuid,
    relying_party_id: Uuid,
    verification_id: Uuid,
    verified_at: Timestamp,
    purpose: String,
    state: State,
    opened_at: Timestamp,
    due_at: Timestamp,
    asked_at: Option<Timestamp>,
    finding: Option<Finding>,
    words_sealed: Option<Vec<u8>>,
    answered_at: Option<Timestamp>,
    ending: Option<Ending>,
}

impl From<Row> for Dispute {
    fn from(row: Row) -> Self {
        let answer = match (row.finding, row.words_sealed, row.answered_at) {
            (Some(finding), Some(words_sealed), Some(at)) => Some(PartyAnswer { finding, words_sealed, at }),
            _ => None,
        };
        let Row { dispute_id, resident_id, relying_party_id, verification_id, verified_at, purpose, state, .. } = row;
        let Row { opened_at, due_at, asked_at, ending, .. } = row;
        Self {
            dispute_id,
            resident_id,
            relying_party_id,
            verification_id,
            verified_at,
            purpose,
            state,
            opened_at,
            due_at,
            asked_at,
            answer,
            ending,
        }
    }
}

macro_rules! select_dispute {
    ($rest:literal) => {
        concat!(
            "SELECT dispute_id, resident_id, relying_party_id, verification_id, verified_at, purpose, state, opened_at, \
             due_at, asked_at, finding, words_sealed, answered_at, ending FROM dispute ",
            $rest
        )
    };
}

const ADD: &str = "INSERT INTO dispute (dispute_id, resident_id, relying_party_id, verification_id, verified_at, purpose, \
    state, opened_at, due_at, asked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Adds one. A second one of the same check is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, this: &Dispute) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        this.dispute_id,
        this.resident_id,
        this.relying_party_id,
        this.verification_id,
        this.verified_at,
        &this.purpose,
        this.state,
        this.opened_at,
        this.due_at,
        this.asked_at
    )
    .map(|_| ())
}

const REOPEN: &str = "UPDATE dispute SET state = $2, opened_at = $3, due_at = $4, asked_at = $5, ending = NULL, closed_at = NULL \
    WHERE dispute_id = $1 AND state = 'closed' AND ending = 'withdrawn'";

/// Opens one again that its holder had taken back.
pub async fn reopen(tx: &mut Tx, this: &Dispute) -> DbResult<Changed> {
    change!(tx, REOPEN, this.dispute_id, this.state, this.opened_at, this.due_at, this.asked_at)
}

const OF_CHECK: &str = select_dispute!("WHERE verification_id = $1 AND resident_id = $2");

/// The one of a check.
pub async fn of_check(tx: &mut Tx, verification: Uuid, resident: Uuid) -> DbResult<Option<Dispute>> {
    Ok(fetch_optional!(tx, Row, OF_CHECK, verification, resident)?.map(Dispute::from))
}

const LOOKUP: &str = select_dispute!("WHERE dispute_id = $1");

/// One by its id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Dispute>> {
    Ok(fetch_optional!(tx, Row, LOOKUP, id)?.map(Dispute::from))
}

const OF_HOLDER: &str = select_dispute!("WHERE resident_id = $1 AND dispute_id < $2 ORDER BY dispute_id DESC LIMIT $3");

/// Those of a holder before `before`, newest first.
pub async fn of_holder(tx: &mut Tx, resident: Uuid, before: Uuid, limit: i64) -> DbResult<Vec<Dispute>> {
    Ok(fetch_all!(tx, Row, OF_HOLDER, resident, before, limit)?.into_iter().map(Dispute::from).collect())
}

const OF_PARTY: &str = select_dispute!(
    "WHERE relying_party_id = $1 AND asked_at IS NOT NULL AND dispute_id < $2 ORDER BY dispute_id DESC LIMIT $3"
);

/// Those that a party was asked about, before `before`, newest first.
pub async fn of_party(tx: &mut Tx, party: Uuid, before: Uuid, limit: i64) -> DbResult<Vec<Dispute>> {
    Ok(fetch_all!(tx, Row, OF_PARTY, party, before, limit)?.into_iter().map(Dispute::from).collect())
}

const ASK: &str = "UPDATE dispute SET state = 'asked_party', asked_at = $2 WHERE dispute_id = $1 AND state = 'opened'";

/// The party can be asked now.
pub async fn ask(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ASK, id, now)
}

const ANSWER: &str = "UPDATE dispute SET state = 'answered', finding = $2, words_sealed = $3, answered_at = $4 \
    WHERE dispute_id = $1 AND state = 'asked_party' AND due_at > $4";

/// Keeps the answer of the party that was asked, in its time. The first counts.
pub async fn answer(tx: &mut Tx, id: Uuid, answer: &PartyAnswer) -> DbResult<Changed> {
    change!(tx, ANSWER, id, answer.finding, answer.words_sealed.as_slice(), answer.at)
}

const CLOSE: &str =
    "UPDATE dispute SET state = 'closed', ending = $3, closed_at = $4 WHERE dispute_id = $1 AND state = $2";

/// Closes one that still stands as it was read.
pub async fn close(tx: &mut Tx, this: &Dispute, ending: Ending, now: Timestamp) -> DbResult<Changed> {
    change!(tx, CLOSE, this.dispute_id, this.state, ending, now)
}

const UNASKED: &str = select_dispute!("WHERE state = 'opened' ORDER BY opened_at, dispute_id LIMIT $1");

/// Those whose party could not be asked when they were opened.
pub async fn unasked(tx: &mut Tx, limit: i64) -> DbResult<Vec<Dispute>> {
    Ok(fetch_all!(tx, Row, UNASKED, limit)?.into_iter().map(Dispute::from).collect())
}

const OVERDUE: &str =
    select_dispute!("WHERE state IN ('opened', 'asked_party') AND due_at <= $1 ORDER BY due_at, dispute_id LIMIT $2");

/// Those whose party did not answer in its time.
pub async fn overdue(tx: &mut Tx, now: Timestamp, limit: i64) -> DbResult<Vec<Dispute>> {
    Ok(fetch_all!(tx, Row, OVERDUE, now, limit)?.into_iter().map(Dispute::from).collect())
}

const READ: &str =
    select_dispute!("WHERE state = 'answered' AND answered_at <= $1 ORDER BY answered_at, dispute_id LIMIT $2");

/// Those that were answered at `before` or earlier and not put aside.
pub async fn read(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<Vec<Dispute>> {
    Ok(fetch_all!(tx, Row, READ, before, limit)?.into_iter().map(Dispute::from).collect())
}

const ERASE: &str = "DELETE FROM dispute WHERE resident_id = $1";

/// Deletes those of a holder.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> DbResult<()> {
    execute!(tx, ERASE, resident).map(|_| ())
}
