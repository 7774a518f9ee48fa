//! SQL of what is asked.

use uuid::Uuid;

use super::model::{Kind, State};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_one, fetch_optional};

/// Something that was asked.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Proposal {
    /// Its id.
    pub proposal_id: Uuid,
    /// What kind of thing it is.
    pub kind: Kind,
    /// What it is about, in a word.
    pub about: String,
    /// The party or office.
    pub subject_id: Uuid,
    /// What people call that.
    pub name: String,
    /// How far it has come.
    pub state: State,
    /// Why it was asked.
    pub reason: String,
    /// By whom.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Who ended it.
    pub decided_by: Option<Uuid>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why it was refused.
    pub refusal: Option<String>,
    /// What is to be done, sealed.
    pub sealed: Option<Vec<u8>>,
}

macro_rules! proposals {
    ($tail:literal) => {
        concat!(
            "SELECT proposal_id, kind, about, subject_id, name, state, reason, asked_by, asked_at, expires_at, decided_by, \
             decided_at, refusal, sealed FROM proposal WHERE ",
            $tail
        )
    };
}

const ADD: &str = "INSERT INTO proposal (proposal_id, kind, about, subject_id, name, state, reason, asked_by, asked_at, \
    expires_at, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Adds one. A second one about the same that waits is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, new: &Proposal) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        new.proposal_id,
        new.kind,
        &new.about,
        new.subject_id,
        &new.name,
        new.state,
        &new.reason,
        new.asked_by,
        new.asked_at,
        new.expires_at,
        new.sealed.as_deref()
    )
    .map(|_| ())
}

const LOOKUP: &str = proposals!("proposal_id = $1");

/// The one with an id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Proposal>> {
    fetch_optional!(tx, Proposal, LOOKUP, id)
}

const WAITING: &str =
    proposals!("state = 'waiting' AND expires_at > $1 AND proposal_id < $2 ORDER BY proposal_id DESC LIMIT $3");

/// What waits, the newest first, from `before` on.
pub async fn waiting(tx: &mut Tx, now: Timestamp, before: Uuid, limit: i64) -> DbResult<Vec<Proposal>> {
    fetch_all!(tx, Proposal, WAITING, now, before, limit)
}

const ALL: &str = proposals!("proposal_id < $1 ORDER BY proposal_id DESC LIMIT $2");

/// All, the newest first, from `before` on.
pub async fn all(tx: &mut Tx, before: Uuid, limit: i64) -> DbResult<Vec<Proposal>> {
    fetch_all!(tx, Proposal, ALL, before, limit)
}

// As many as administrators ask for in a week.
const COUNT: &str = "SELECT COUNT(*) FROM proposal WHERE state = 'waiting' AND expires_at > $1 AND asked_by <> $2";

/// How many wait that somebody else than `reader` asked for.
pub async fn count_waiting(tx: &mut Tx, now: Timestamp, reader: Uuid) -> DbResult<i64> {
    fetch_one!(tx, (i64,), COUNT, now, reader).map(|(count,)| count)
}

// Whoever asks never grants, whatever was read.
const GRANT: &str = "UPDATE proposal SET state = 'granted', decided_by = $2, decided_at = $3, \
    sealed = CASE WHEN $4 = 1 THEN NULL ELSE sealed END \
    WHERE proposal_id = $1 AND state = 'waiting' AND expires_at > $3 AND asked_by <> $2";

/// Grants one, and forgets what it says where that is `personal`; `false` when it is over, and for who asked.
pub async fn grant(tx: &mut Tx, id: Uuid, (by, now): (Uuid, Timestamp), personal: bool) -> DbResult<Changed> {
    change!(tx, GRANT, id, by, now, i64::from(personal))
}

const REFUSE: &str = "UPDATE proposal SET state = 'refused', decided_by = $2, decided_at = $3, refusal = $4, \
    sealed = CASE WHEN $5 = 1 THEN NULL ELSE sealed END \
    WHERE proposal_id = $1 AND state = 'waiting' AND expires_at > $3 AND asked_by <> $2";

/// Refuses one; `false` when it is over, and for who asked.
pub async fn refuse(
    tx: &mut Tx,
    id: Uuid,
    (by, now): (Uuid, Timestamp),
    refusal: &str,
    personal: bool,
) -> DbResult<Changed> {
    change!(tx, REFUSE, id, by, now, refusal, i64::from(personal))
}

const WITHDRAW: &str = "UPDATE proposal SET state = 'withdrawn', decided_by = $2, decided_at = $3, \
    sealed = CASE WHEN $4 = 1 THEN NULL ELSE sealed END \
    WHERE proposal_id = $1 AND state = 'waiting' AND expires_at > $3 AND asked_by = $2";

/// Takes one back; `false` when it is over, and for whoever did not ask.
pub async fn withdraw(tx: &mut Tx, id: Uuid, (by, now): (Uuid, Timestamp), personal: bool) -> DbResult<Changed> {
    change!(tx, WITHDRAW, id, by, now, i64::from(personal))
}

// What it says is forgotten with it: nobody has looked at it for a week.
const LAPSE: &str = "UPDATE proposal SET state = 'expired', decided_at = expires_at, sealed = NULL \
    WHERE state = 'waiting' AND expires_at <= $1";

/// Ends what nobody decided in time; gives how many.
pub async fn expire(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, LAPSE, now)
}

// As many as wait: a restored copy may hold some that were refused since.
const END_ALL: &str = "UPDATE proposal SET state = 'expired', decided_at = $1, sealed = NULL WHERE state = 'waiting'";

/// Ends all that wait; gives how many.
pub async fn end_all(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_ALL, now)
}

const SWEEP: &str = "DELETE FROM proposal WHERE proposal_id IN \
    (SELECT proposal_id FROM proposal WHERE expires_at <= $1 AND state <> 'waiting' ORDER BY expires_at LIMIT $2)";

/// Forgets what was over long ago; gives how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, before, limit)
}
