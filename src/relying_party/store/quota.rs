//! SQL of what was taken of a party's quotas.

use uuid::Uuid;

use crate::changed::Changed;
use crate::db::{DbResult, Tx};
use crate::relying_party::model::{Quota, Span};
use crate::{change, fetch_optional};

const SET: &str = "UPDATE relying_party SET quota_minute = $2, quota_day = $3 WHERE relying_party_id = $1";

/// Sets a party's quotas.
pub async fn set(tx: &mut Tx, party: Uuid, quota: Quota) -> DbResult<Changed> {
    change!(tx, SET, party, quota.per_minute, quota.per_day)
}

// What is full stays as it is; a later minute or day begins anew. A row of the next one, by a clock that is a little ahead, is taken from all
// the same; one that lies farther ahead was a mistake, and is begun anew.
const TAKE: &str = "INSERT INTO relying_party_quota (relying_party_id, span, number, taken) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (relying_party_id, span) DO UPDATE SET \
    taken = CASE WHEN relying_party_quota.number NOT IN ($3, $3 + 1) THEN $4 ELSE relying_party_quota.taken + $4 END, \
    number = CASE WHEN relying_party_quota.number NOT IN ($3, $3 + 1) THEN $3 ELSE relying_party_quota.number END \
    WHERE relying_party_quota.number NOT IN ($3, $3 + 1) OR relying_party_quota.taken < $5 RETURNING number, taken";

/// Takes a portion of a minute or day while less than `most` of it is taken, the last of it also where less is left; gives which minute or
/// day it was, and what is taken with it. `None` where nothing was left.
pub async fn take(
    tx: &mut Tx,
    (party, span): (Uuid, Span),
    number: i64,
    (portion, most): (i64, i64),
) -> DbResult<Option<(i64, i64)>> {
    fetch_optional!(tx, (i64, i64), TAKE, party, span, number, portion, most)
}

const TAKEN: &str = "SELECT taken FROM relying_party_quota WHERE relying_party_id = $1 AND span = $2 AND number = $3";

/// What was taken of a minute or day.
pub async fn taken(tx: &mut Tx, party: Uuid, span: Span, number: i64) -> DbResult<i64> {
    Ok(fetch_optional!(tx, (i64,), TAKEN, party, span, number)?.map_or(0, |(taken,)| taken))
}
