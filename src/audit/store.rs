//! Entries and heads of chains.

use uuid::Uuid;

use super::model::{Action, Entry, Line, Origin, Wanted};
use super::ports::{Pair, Seen};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_one, fetch_optional};

const OPEN: &str = "
    INSERT INTO audit_head (chain, seq, digest) VALUES ($1, 0, $2) ON CONFLICT (chain) DO NOTHING";

// Takes the next number and locks the chain until the commit: concurrent recorders wait here.
const ADVANCE: &str = "UPDATE audit_head SET seq = seq + 1 WHERE chain = $1 RETURNING chain, seq, digest";

const DIGEST_OF: &str = "SELECT digest FROM audit_event WHERE chain = $1 AND seq = $2";

const ADD: &str = "
    INSERT INTO audit_event
        (chain, seq, at, correlation_id, actor_kind, actor_id, action, subject_id, phase, outcome, digest,
         node_id, session_digest, network_digest)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

const CLOSE: &str = "UPDATE audit_head SET digest = $3 WHERE chain = $1 AND seq = $2";

const HEADS: &str = "SELECT chain, seq, digest FROM audit_head ORDER BY chain";

const HEAD: &str = "SELECT chain, seq, digest FROM audit_head WHERE chain = $1";

const CHAINS: &str = "SELECT DISTINCT chain FROM audit_event ORDER BY chain";

const LAST: &str = "SELECT MAX(seq) FROM audit_event WHERE chain = $1";

const FIRST: &str = "SELECT MIN(seq) FROM audit_event WHERE chain = $1";

const PAGE: &str = "
    SELECT chain, seq, at, correlation_id, actor_kind, actor_id, action, subject_id, phase, outcome, digest,
           node_id, session_digest, network_digest
    FROM audit_event WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";

const ABOUT: &str = "
    SELECT chain, at, actor_kind, action FROM audit_event
    WHERE subject_id = $1 AND phase = 'outcome' AND outcome = 'done' AND actor_kind = 'officer' ORDER BY at DESC LIMIT $2";

/// What officers did about a subject, newest first.
pub(super) async fn about(tx: &mut Tx, subject: Uuid, limit: i64) -> DbResult<Vec<Seen>> {
    fetch_all!(tx, Seen, ABOUT, subject, limit)
}

// Of each grant, the last request before it. A registration that was approved by one person alone has none.
const PAIRS: &str = "
    SELECT g.chain, a.actor_id AS asked_by, g.actor_id AS granted_by, CAST(COUNT(*) AS BIGINT) AS times
    FROM audit_event g JOIN audit_event a ON a.subject_id = g.subject_id AND a.chain = g.chain
    WHERE g.action = 'approval' AND g.phase = 'outcome' AND g.outcome = 'done' AND g.at >= $1
      AND a.action IN ('approval_asked', 'waiver_asked') AND a.phase = 'outcome' AND a.outcome = 'done' AND a.at <= g.at
      AND a.at = (SELECT MAX(l.at) FROM audit_event l WHERE l.subject_id = g.subject_id AND l.at <= g.at
                  AND l.action IN ('approval_asked', 'waiver_asked') AND l.phase = 'outcome' AND l.outcome = 'done')
    GROUP BY g.chain, a.actor_id, g.actor_id ORDER BY times DESC, g.chain, a.actor_id, g.actor_id";

/// Who approved with whom since then, the most frequent first.
pub(super) async fn pairs(tx: &mut Tx, since: Timestamp) -> DbResult<Vec<Pair>> {
    fetch_all!(tx, Pair, PAIRS, since)
}

const OFFICERS_ABOUT: &str = "
    SELECT actor_id, action FROM audit_event
    WHERE subject_id = $1 AND phase = 'outcome' AND outcome = 'done' AND actor_kind = 'officer' ORDER BY at";

/// Which officers did what about a subject, in the order of time.
pub(super) async fn officers_about(tx: &mut Tx, subject: Uuid) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(tx, (Uuid, String), OFFICERS_ABOUT, subject)
}

macro_rules! lines {
    ($lead:literal) => {
        concat!(
            "SELECT seq, at, actor_kind, actor_id, action, subject_id, outcome, node_id, session_digest, network_digest \
             FROM audit_event \
             WHERE chain = $1 AND seq < $2 AND seq >= $3 AND phase = 'outcome' AND (actor_id = $4 OR $4 = $8) \
             AND (action = $5 OR $5 = '') AND (subject_id = $6 OR $6 = $8) AND (outcome <> 'done' OR $7 = 0) ",
            $lead,
            " ORDER BY seq DESC LIMIT $9"
        )
    };
}

// One text, by the index that narrows most.
const LINES: &str = lines!("");
const LINES_OF_ACTOR: &str = lines!("AND actor_id = $4");
const LINES_OF_ACTION: &str = lines!("AND action = $5");
const LINES_ABOUT: &str = lines!("AND subject_id = $6");
const LINES_REFUSED: &str = lines!("AND outcome <> 'done'");

/// Acts of a chain that ended, with numbers below `before` and from `first` on, the newest first.
pub(super) async fn lines(
    tx: &mut Tx,
    chain: Uuid,
    wanted: &Wanted,
    (first, before): (i64, i64),
    limit: i64,
) -> DbResult<Vec<Line>> {
    let Wanted { actor_id, action, subject_id, refused, .. } = *wanted;
    let sql = match (subject_id, actor_id, refused, action) {
        (Some(_), ..) => LINES_ABOUT,
        (_, Some(_), ..) => LINES_OF_ACTOR,
        (_, _, true, _) => LINES_REFUSED,
        (.., Some(_)) => LINES_OF_ACTION,
        _ => LINES,
    };
    let (actor, subject) = (actor_id.unwrap_or_default(), subject_id.unwrap_or_default());
    let action = action.map(Action::as_str).unwrap_or_default();
    let refused = i64::from(refused);
    let rows = fetch_all!(tx, LineRow, sql, chain, before, first, actor, action, subject, refused, Uuid::nil(), limit)?;
    let line = |row: LineRow| {
        let LineRow { seq, at, actor_kind, actor_id, action, subject_id, outcome, origin } = row;
        Line { seq, at, actor_kind, actor_id, action, subject_id, outcome, origin: origin.whole() }
    };
    Ok(rows.into_iter().map(line).collect())
}

#[derive(sqlx::FromRow)]
struct LineRow {
    seq: i64,
    at: Timestamp,
    actor_kind: String,
    actor_id: Uuid,
    action: String,
    subject_id: Uuid,
    outcome: String,
    #[sqlx(flatten)]
    origin: OriginRow,
}

#[derive(sqlx::FromRow)]
struct OriginRow {
    node_id: Option<Uuid>,
    session_digest: Option<String>,
    network_digest: Option<String>,
}

impl OriginRow {
    fn whole(self) -> Option<Origin> {
        Origin::of(self.node_id, self.session_digest, self.network_digest)
    }
}

/// An entry, with from where it came.
#[derive(sqlx::FromRow)]
struct WholeRow {
    #[sqlx(flatten)]
    entry: EntryRow,
    #[sqlx(flatten)]
    origin: OriginRow,
}

const FIRST_SINCE: &str = "SELECT seq FROM audit_event WHERE chain = $1 AND at >= $2 ORDER BY at, seq LIMIT 1";

/// The number of the first entry since a time; none when there is none.
pub(super) async fn first_since(tx: &mut Tx, chain: Uuid, since: Timestamp) -> DbResult<Option<i64>> {
    Ok(fetch_optional!(tx, (i64,), FIRST_SINCE, chain, since)?.map(|(seq,)| seq))
}

const ADD_SEARCH: &str =
    "INSERT INTO audit_search (search_id, chain, searched_by, at, reason_sealed) VALUES ($1, $2, $3, $4, $5)";

/// Keeps why somebody searched.
pub(super) async fn add_search(
    tx: &mut Tx,
    (id, chain): (Uuid, Uuid),
    (by, now): (Uuid, Timestamp),
    reason: &[u8],
) -> DbResult<()> {
    execute!(tx, ADD_SEARCH, id, chain, by, now, reason).map(|_| ())
}

const SEARCH: &str = "SELECT reason_sealed FROM audit_search WHERE search_id = $1 AND chain = $2";

/// Why somebody searched, sealed.
pub(super) async fn search(tx: &mut Tx, id: Uuid, chain: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), SEARCH, id, chain)?.map(|(reason,)| reason))
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct HeadRow {
    pub(super) chain: Uuid,
    pub(super) seq: i64,
    pub(super) digest: Vec<u8>,
}

/// An entry as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct EntryRow {
    /// The chain.
    pub chain: Uuid,
    /// Its number in the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What ties intent and outcome together.
    pub correlation_id: Uuid,
    /// What kind of actor.
    pub actor_kind: String,
    /// Who.
    pub actor_id: Uuid,
    /// What was done.
    pub action: String,
    /// About whom or what.
    pub subject_id: Uuid,
    /// `intent` or `outcome`.
    pub phase: String,
    /// How it ended.
    pub outcome: String,
    /// What chains it to the one before.
    pub digest: Vec<u8>,
}

/// Makes the chain's head if there is none. Gives whether this made it.
pub(super) async fn open(tx: &mut Tx, chain: Uuid) -> DbResult<Changed> {
    change!(tx, OPEN, chain, Vec::<u8>::new())
}

/// The head of a chain with its number already advanced, and the digest that closed the chain so far. Held until the
/// transaction ends.
pub(super) async fn advance(tx: &mut Tx, chain: Uuid) -> DbResult<HeadRow> {
    fetch_one!(tx, HeadRow, ADVANCE, chain)
}

/// The digest of an entry, if it is there.
pub(super) async fn digest_of(tx: &mut Tx, chain: Uuid, seq: i64) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), DIGEST_OF, chain, seq)?.map(|(digest,)| digest))
}

/// Adds an entry and closes the chain over it.
pub(super) async fn add(tx: &mut Tx, entry: &Entry, digest: &[u8], head: &[u8]) -> DbResult<()> {
    let origin = entry.origin.as_ref();
    execute!(
        tx,
        ADD,
        entry.chain,
        entry.seq,
        entry.at,
        entry.correlation_id,
        &entry.actor_kind,
        entry.actor_id,
        &entry.action,
        entry.subject_id,
        &entry.phase,
        &entry.outcome,
        digest,
        origin.and_then(|origin| origin.node),
        origin.and_then(|origin| origin.session.as_deref()),
        origin.and_then(|origin| origin.network.as_deref()),
    )?;
    if change!(tx, CLOSE, entry.chain, entry.seq, head)?.happened() { Ok(()) } else { Err(DbError::Contention) }
}

/// All heads.
pub(super) async fn heads(tx: &mut Tx) -> DbResult<Vec<HeadRow>> {
    fetch_all!(tx, HeadRow, HEADS)
}

const AT: &str = "SELECT at FROM audit_event WHERE chain = $1 AND seq = $2";

/// When an entry was recorded, if there is one of this number.
pub(super) async fn at(tx: &mut Tx, chain: Uuid, seq: i64) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Timestamp,), AT, chain, seq)?.map(|(at,)| at))
}

const HEADS_AFTER: &str = "SELECT chain, seq FROM audit_head WHERE chain > $1 ORDER BY chain LIMIT $2";

/// The heads of chains after one, in the order of their ids: the chain, and the number of its last entry.
pub(super) async fn heads_after(tx: &mut Tx, after: Uuid, limit: i64) -> DbResult<Vec<(Uuid, i64)>> {
    fetch_all!(tx, (Uuid, i64), HEADS_AFTER, after, limit)
}

const OPENED: &str = "SELECT seq FROM audit_event \
    WHERE chain = $1 AND subject_id = $2 AND phase = 'outcome' AND action = 'chain_opened' LIMIT 1";

/// Whether the general chain says that a chain was opened.
pub(super) async fn is_opened(tx: &mut Tx, general: Uuid, chain: Uuid) -> DbResult<bool> {
    Ok(fetch_optional!(tx, (i64,), OPENED, general, chain)?.is_some())
}

/// One head.
pub(super) async fn head(tx: &mut Tx, chain: Uuid) -> DbResult<Option<HeadRow>> {
    fetch_optional!(tx, HeadRow, HEAD, chain)
}

/// All chains that have entries.
pub(super) async fn chains(tx: &mut Tx) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), CHAINS)?.into_iter().map(|(chain,)| chain).collect())
}

/// The lowest number of an entry.
pub(super) async fn first(tx: &mut Tx, chain: Uuid) -> DbResult<Option<i64>> {
    Ok(fetch_one!(tx, (Option<i64>,), FIRST, chain)?.0)
}

/// The number of the last entry; 0 for none.
pub(super) async fn last(tx: &mut Tx, chain: Uuid) -> DbResult<i64> {
    Ok(fetch_one!(tx, (Option<i64>,), LAST, chain)?.0.unwrap_or(0))
}

/// Up to `limit` rows, in order, after number `after` and up to `until`.
pub async fn rows(tx: &mut Tx, chain: Uuid, (after, until): (i64, i64), limit: i64) -> DbResult<Vec<EntryRow>> {
    fetch_all!(tx, EntryRow, PAGE, chain, after, until, limit)
}

/// Up to `limit` entries with their digests, in order, after number `after` and up to `until`.
pub(super) async fn page(
    tx: &mut Tx,
    chain: Uuid,
    after: i64,
    until: i64,
    limit: i64,
) -> DbResult<Vec<(Entry, Vec<u8>)>> {
    let rows = fetch_all!(tx, WholeRow, PAGE, chain, after, until, limit)?;
    Ok(rows
        .into_iter()
        .map(|WholeRow { entry: row, origin }| {
            let entry = Entry {
                chain: row.chain,
                seq: row.seq,
                at: row.at,
                correlation_id: row.correlation_id,
                actor_kind: row.actor_kind,
                actor_id: row.actor_id,
                action: row.action,
                subject_id: row.subject_id,
                phase: row.phase,
                outcome: row.outcome,
                origin: origin.whole(),
            };
            (entry, row.digest)
        })
        .collect())
}
