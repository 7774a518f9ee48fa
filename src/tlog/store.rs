//! SQL of the tree, of what it was made of, and of what was signed.

use uuid::Uuid;

use super::model::{Head, Run};
use super::tree::{TileId, Tiles};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbError, DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

// Changes nothing, and makes whoever comes second wait for the end of the first: what is read after it is read once.
const HOLD: &str = "UPDATE log_head SET size = size WHERE log_id = 1 RETURNING size, root";

const HEAD: &str = "SELECT size, root FROM log_head WHERE log_id = 1";

fn head_of((size, root): (i64, Vec<u8>)) -> DbResult<Head> {
    let root = root.try_into().map_err(|_| DbError::Other(String::from("log_head: the root is no hash")))?;
    Ok(Head { size, root })
}

/// The tree's size and root, held until the transaction ends; `None` when the row was deleted.
pub(super) async fn hold(tx: &mut Tx) -> DbResult<Option<Head>> {
    fetch_optional!(tx, (i64, Vec<u8>), HOLD)?.map(head_of).transpose()
}

/// The tree's size and root; `None` when the row was deleted.
pub(super) async fn head(tx: &mut Tx) -> DbResult<Option<Head>> {
    fetch_optional!(tx, (i64, Vec<u8>), HEAD)?.map(head_of).transpose()
}

const GROW: &str = "UPDATE log_head SET size = $2, root = $3 WHERE log_id = 1 AND size = $1";

/// Says how large the tree is now, and its root; a miss when it was not `before`.
pub(super) async fn grow(tx: &mut Tx, before: i64, head: &Head) -> DbResult<Changed> {
    change!(tx, GROW, before, head.size, &head.root[..])
}

const TILE: &str = "SELECT hashes FROM log_tile WHERE level = $1 AND number = $2";

/// Reads tiles; what is not there is left out.
pub(super) async fn tiles(tx: &mut Tx, ids: impl IntoIterator<Item = TileId>) -> DbResult<Tiles> {
    let mut tiles = Tiles::default();
    for id in ids {
        let found = fetch_optional!(tx, (Vec<u8>,), TILE, i64::from(id.level), id.number.cast_signed())?;
        if let Some((hashes,)) = found {
            tiles.put(id, &hashes);
        }
    }
    Ok(tiles)
}

const PUT_TILE: &str = "INSERT INTO log_tile (level, number, hashes) VALUES ($1, $2, $3) \
    ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes";

/// Writes the tiles that were changed. The caller holds the head.
pub(super) async fn put_tiles(tx: &mut Tx, tiles: &Tiles) -> DbResult<()> {
    for (id, hashes) in tiles.changed() {
        execute!(tx, PUT_TILE, i64::from(id.level), id.number.cast_signed(), hashes)?;
    }
    Ok(())
}

const CHAINS: &str = "SELECT chain, seq FROM log_chain ORDER BY chain";

/// How far each chain was taken.
pub(super) async fn chains(tx: &mut Tx) -> DbResult<Vec<(Uuid, i64)>> {
    fetch_all!(tx, (Uuid, i64), CHAINS)
}

const REACH: &str = "INSERT INTO log_chain (chain, seq) VALUES ($1, $2) \
    ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq";

/// Says how far a chain was taken. The caller holds the head.
pub(super) async fn reach(tx: &mut Tx, chain: Uuid, seq: i64) -> DbResult<()> {
    execute!(tx, REACH, chain, seq).map(|_| ())
}

const ADD_RUN: &str = "INSERT INTO log_run (first, chain, first_seq, entries) VALUES ($1, $2, $3, $4)";

/// Notes which entries stand where.
pub(super) async fn add_run(tx: &mut Tx, run: &Run) -> DbResult<()> {
    execute!(tx, ADD_RUN, run.first, run.chain, run.first_seq, run.entries).map(|_| ())
}

type RunRow = (i64, Uuid, i64, i64);

fn run_of((first, chain, first_seq, entries): RunRow) -> Run {
    Run { first, chain, first_seq, entries }
}

const RUNS: &str =
    "SELECT first, chain, first_seq, entries FROM log_run WHERE first >= $1 AND first < $2 ORDER BY first";

/// The runs that begin between two leaves, in order. None is longer than a batch.
pub(super) async fn runs(tx: &mut Tx, from: i64, until: i64) -> DbResult<Vec<Run>> {
    Ok(fetch_all!(tx, RunRow, RUNS, from, until)?.into_iter().map(run_of).collect())
}

const RUN_OF: &str = "SELECT first, chain, first_seq, entries FROM log_run \
    WHERE chain = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1";

/// At which leaf an entry of a chain stands.
pub(super) async fn position(tx: &mut Tx, chain: Uuid, seq: i64) -> DbResult<Option<i64>> {
    let run = fetch_optional!(tx, RunRow, RUN_OF, chain, seq)?.map(run_of);
    Ok(run.filter(|run| seq < run.first_seq + run.entries).map(|run| run.first + seq - run.first_seq))
}

/// A checkpoint that was signed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct CheckpointRow {
    pub(super) size: i64,
    pub(super) root: Vec<u8>,
    pub(super) note: String,
}

const ADD_CHECKPOINT: &str = "INSERT INTO log_checkpoint (size, root, note, signed_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (size) DO NOTHING";

/// Keeps what was signed; a miss when another node was faster.
pub(super) async fn add_checkpoint(tx: &mut Tx, head: &Head, note: &str, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ADD_CHECKPOINT, head.size, &head.root[..], note, now)
}

const NEWEST: &str = "SELECT size, root, note FROM log_checkpoint WHERE size > 0 ORDER BY size DESC LIMIT 1";

/// The newest checkpoint.
pub(super) async fn newest(tx: &mut Tx) -> DbResult<Option<CheckpointRow>> {
    fetch_optional!(tx, CheckpointRow, NEWEST)
}

const CHECKPOINT: &str = "SELECT size, root, note FROM log_checkpoint WHERE size = $1";

/// The checkpoint of a size.
pub(super) async fn checkpoint(tx: &mut Tx, size: i64) -> DbResult<Option<CheckpointRow>> {
    fetch_optional!(tx, CheckpointRow, CHECKPOINT, size)
}

const COSIGN: &str = "INSERT INTO log_cosignature (size, witness, line, signed_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (size, witness) DO UPDATE SET line = excluded.line, signed_at = excluded.signed_at \
    WHERE excluded.signed_at > log_cosignature.signed_at";

/// Keeps what a witness signed beneath a checkpoint; a miss when it looked later than this already.
pub(super) async fn cosign(tx: &mut Tx, size: i64, (witness, line): (&str, &str), at: Timestamp) -> DbResult<Changed> {
    change!(tx, COSIGN, size, witness, line, at)
}

const COSIGNATURES: &str = "SELECT line FROM log_cosignature WHERE size = $1 ORDER BY witness";

/// The lines of witnesses beneath a checkpoint.
pub(super) async fn cosignatures(tx: &mut Tx, size: i64) -> DbResult<Vec<String>> {
    Ok(fetch_all!(tx, (String,), COSIGNATURES, size)?.into_iter().map(|(line,)| line).collect())
}

const SEEN: &str = "SELECT MAX(signed_at) FROM log_cosignature WHERE witness = $1";

/// When a witness looked last; `None` when it never did.
pub(super) async fn seen(tx: &mut Tx, witness: &str) -> DbResult<Option<Timestamp>> {
    Ok(fetch_optional!(tx, (Option<Timestamp>,), SEEN, witness)?.and_then(|(at,)| at))
}

const SWEEP: &str = "DELETE FROM log_checkpoint WHERE size IN (SELECT size FROM log_checkpoint \
    WHERE signed_at <= $1 AND size < (SELECT MAX(size) FROM log_checkpoint) ORDER BY signed_at LIMIT $2)";
const SWEEP_COSIGNATURES: &str = "DELETE FROM log_cosignature WHERE signed_at <= $1 \
    AND size < (SELECT MAX(size) FROM log_checkpoint)";

/// Forgets old checkpoints and what witnesses signed beneath them, never the newest; gives how many.
pub(super) async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> DbResult<u64> {
    execute!(tx, SWEEP_COSIGNATURES, before)?;
    execute!(tx, SWEEP, before, limit)
}
