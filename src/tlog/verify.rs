//! Comparing rows, tree and checkpoints: what `ikd audit verify` does beside the chains.

use std::collections::{HashMap, VecDeque};

use uuid::Uuid;

use super::model::{self, BATCH, Head, LogFault, LogReport, Run};
use super::note::{Checkpoint, Note, Verifier};
use super::service::{keys, origin, salt};
use super::store::{self, CheckpointRow};
use super::tree::{Frontier, Hash, TileId, leaf_hash};
use crate::audit::ports as audit;
use crate::context::Context;
use crate::credential::{KeyId, KeyPurpose, PublicKey};
use crate::db::Tx;
use crate::error::Result;
use crate::keyring::Keyring;
use crate::life::ports as life;
use crate::verification::ports::{self as checks, Amiss, BatchRow};

/// Leaves that are looked at together: a tile.
const STEP: i64 = 256;

/// Reads the whole log: makes each leaf anew from its row, and the roots from the leaves. `kept` is a checkpoint that somebody kept
/// elsewhere. Recording and taking may go on meanwhile.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(context: &Context, kept: Option<&Note>) -> Result<LogReport> {
    let trusted = keys(context).await?;
    let mut tx = context.db.read().await?;
    let newest = store::newest(&mut tx).await?;
    // The head is read after the checkpoint, which is never larger.
    let head = store::head(&mut tx).await?;
    let mut report = LogReport {
        leaves: head.map_or(0, |head| head.size),
        signed: newest.as_ref().map_or(0, |newest| newest.size),
        faults: Vec::new(),
    };
    let mut roots = Vec::new();
    if let Some(newest) = &newest {
        report.faults.extend(own(newest, &trusted, &mut roots));
    }
    if let Some(kept) = kept {
        report.faults.extend(brought(context, kept, &trusted, head.as_ref(), &mut roots));
    }
    let Some(head) = head else {
        report.faults.push(LogFault::TreeAltered { size: 0 });
        return Ok(report);
    };
    roots.push(Wanted {
        size: head.size.cast_unsigned(),
        root: head.root,
        fault: LogFault::TreeAltered { size: head.size },
    });
    roots.sort_by_key(|wanted| wanted.size);
    let receipt_keys = Keyring::list(context).await?;
    let receipt_keys = receipt_keys.iter().filter(|row| row.purpose == KeyPurpose::Receipt);
    let receipt_keys = receipt_keys.filter_map(|row| row.key()).map(|key| (key.kid(), key)).collect();
    let (roots, reached, stored) = (roots.into(), HashMap::new(), Frontier::default());
    let mut walk = Walk { context, roots, reached, stored, receipt_keys };
    walk.look(&mut report);
    let mut at = 0;
    while at < head.size {
        let until = head.size.min(at + STEP);
        walk.step(&mut tx, (at, until), &mut report).await?;
        at = until;
    }
    walk.behind(&mut tx, head.size, &mut report).await?;
    strangers(&mut tx, &mut report).await?;
    Ok(report)
}

/// Looks at each check from its own side: the leaves lead to what batches name, and not to what somebody put beside that.
async fn strangers(tx: &mut Tx, report: &mut LogReport) -> Result<()> {
    let first = checks::first_batch(tx).await?;
    let mut next = Some((Uuid::nil(), Uuid::nil()));
    while let Some(reached) = next {
        let (strange, more) = checks::strangers(tx, first, reached).await?;
        report.faults.extend(strange.into_iter().map(|verification_id| LogFault::CheckStrange { verification_id }));
        next = more;
    }
    Ok(())
}

/// A root that the first leaves must have.
struct Wanted {
    size: u64,
    root: Hash,
    fault: LogFault,
}

/// What the newest checkpoint of the database demands.
fn own(newest: &CheckpointRow, trusted: &[Verifier], roots: &mut Vec<Wanted>) -> Option<LogFault> {
    let note = newest.note.parse::<Note>().ok().filter(|note| note.demand_signed(trusted).is_ok());
    let Some(checkpoint) = note.and_then(|note| note.text.parse::<Checkpoint>().ok()) else {
        return Some(LogFault::CheckpointUnsigned);
    };
    let size = checkpoint.size.cast_signed();
    roots.push(Wanted { size: checkpoint.size, root: checkpoint.root, fault: LogFault::TreeAltered { size } });
    (newest.size != size || newest.root != checkpoint.root).then_some(LogFault::CheckpointUnsigned)
}

/// What a checkpoint from elsewhere demands.
fn brought(
    context: &Context,
    note: &Note,
    trusted: &[Verifier],
    head: Option<&Head>,
    roots: &mut Vec<Wanted>,
) -> Option<LogFault> {
    let checkpoint = note.text.parse::<Checkpoint>().ok().filter(|one| one.origin == origin(context));
    let Some(Checkpoint { size: seen, root, .. }) = checkpoint.filter(|_| note.demand_signed(trusted).is_ok()) else {
        return Some(LogFault::CheckpointForeign);
    };
    match head.map_or(0, |head| head.size) {
        0 if seen > 0 => Some(LogFault::Emptied { seen }),
        size if size.cast_unsigned() < seen => Some(LogFault::OlderCopy { seen, size }),
        _ => {
            roots.push(Wanted { size: seen, root, fault: LogFault::Forked { seen } });
            None
        }
    }
}

struct Walk<'a> {
    context: &'a Context,
    roots: VecDeque<Wanted>,
    /// How far each chain was found.
    reached: HashMap<Uuid, i64>,
    /// Over the leaves as they are stored.
    stored: Frontier,
    /// The keys that sign batches of checks, or did.
    receipt_keys: HashMap<KeyId, PublicKey>,
}

/// What explains a leaf.
enum Found {
    Leaf(Hash),
    Gone,
}

impl Walk<'_> {
    /// Compares the roots that are due.
    fn look(&mut self, report: &mut LogReport) {
        while self.roots.front().is_some_and(|wanted| wanted.size <= self.stored.size()) {
            let due = self.roots.pop_front();
            report.faults.extend(due.filter(|wanted| wanted.root != self.stored.root()).map(|wanted| wanted.fault));
        }
    }

    async fn step(&mut self, tx: &mut Tx, (from, until): (i64, i64), report: &mut LogReport) -> Result<()> {
        let tile = TileId { level: 0, number: (from / STEP).cast_unsigned() };
        let tiles = store::tiles(tx, [tile]).await?;
        let mut found: HashMap<i64, (LogFault, Found)> = HashMap::new();
        for run in store::runs(tx, from - BATCH, until).await? {
            self.entries(tx, &run, (from, until), &mut found, report).await?;
        }
        for event in life::logged(tx, (from, until), 2 * STEP).await? {
            let Some(position) = event.log_position else { continue };
            let event_id = event.event_id;
            let leaf = leaf_hash(&model::entry_of_life(&event, &salt(&self.context.vault, event_id)));
            let is_stored = tiles.leaf(position.cast_unsigned()) == Some(leaf);
            // Two that say to stand at one place: the leaf says which does.
            match found.get(&position) {
                Some(_) if !is_stored => report.faults.push(LogFault::EventMisplaced { event_id, position }),
                _ => {
                    found.insert(position, (LogFault::EventAltered { event_id, position }, Found::Leaf(leaf)));
                }
            }
        }
        for batch in checks::logged(tx, (from, until), 2 * STEP).await? {
            let Some(position) = batch.log_position else { continue };
            let batch_id = batch.batch_id;
            let leaf = leaf_hash(&model::entry_of_checks(&batch.root, &batch.checks));
            let is_stored = tiles.leaf(position.cast_unsigned()) == Some(leaf);
            match found.get(&position) {
                Some(_) if !is_stored => report.faults.push(LogFault::BatchMisplaced { batch_id, position }),
                _ => {
                    found.insert(position, (LogFault::BatchAltered { batch_id, position }, Found::Leaf(leaf)));
                }
            }
            self.checks(tx, &batch, position, report).await?;
        }
        for position in from..until {
            let stored = tiles.leaf(position.cast_unsigned());
            match (found.remove(&position), stored) {
                (Some((_, Found::Leaf(leaf))), Some(stored)) if leaf == stored => {}
                (Some((fault, _)), _) => report.faults.push(fault),
                (None, _) => report.faults.push(LogFault::Unexplained { position }),
            }
            // Without its tile a leaf is wrong whatever it is, and the roots say so.
            self.stored.push(stored.unwrap_or_default());
            self.look(report);
        }
        Ok(())
    }

    /// A batch and its checks, which its leaf stands for.
    async fn checks(&self, tx: &mut Tx, batch: &BatchRow, position: i64, report: &mut LogReport) -> Result<()> {
        let batch_id = batch.batch_id;
        let key = |kid: &KeyId| self.receipt_keys.get(kid).copied();
        for amiss in checks::inspect(tx, &self.context.vault, batch, key).await? {
            report.faults.push(match amiss {
                Amiss::Root => LogFault::BatchAltered { batch_id, position },
                Amiss::Signature => LogFault::BatchUnsigned { batch_id, position },
                Amiss::Deleted(verification_id) => LogFault::CheckDeleted { verification_id, position },
                Amiss::Altered(verification_id) => LogFault::CheckAltered { verification_id, position },
            });
        }
        Ok(())
    }

    async fn entries(
        &mut self,
        tx: &mut Tx,
        run: &Run,
        (from, until): (i64, i64),
        found: &mut HashMap<i64, (LogFault, Found)>,
        report: &mut LogReport,
    ) -> Result<()> {
        let (first, last) = (run.first.max(from), until.min(run.first + run.entries));
        if first >= last {
            return Ok(());
        }
        let seq_of = |position: i64| run.first_seq + position - run.first;
        let chain = run.chain;
        if first == run.first {
            let before = self.reached.insert(chain, run.first_seq + run.entries - 1).unwrap_or(0);
            if before + 1 != run.first_seq {
                report.faults.push(LogFault::NeverTaken { chain, seq: before + 1 });
            }
        }
        let rows = audit::rows(tx, chain, (seq_of(first) - 1, seq_of(last) - 1), STEP).await?;
        let rows: HashMap<i64, Hash> =
            rows.iter().map(|row| (row.seq, leaf_hash(&model::entry_of_audit(row)))).collect();
        for position in first..last {
            let seq = seq_of(position);
            let entry = match rows.get(&seq) {
                Some(leaf) => (LogFault::EntryAltered { chain, seq, position }, Found::Leaf(*leaf)),
                None => (LogFault::EntryDeleted { chain, seq, position }, Found::Gone),
            };
            found.insert(position, entry);
        }
        Ok(())
    }

    /// What stands beyond the tree's end, and chains that were taken further than their leaves go.
    async fn behind(&self, tx: &mut Tx, size: i64, report: &mut LogReport) -> Result<()> {
        // What was taken while this was reading stands in a tree that has grown.
        let grown = store::head(tx).await?.map_or(size, |head| head.size);
        for (from, until) in [(i64::MIN, 0), (grown, i64::MAX)] {
            for event in life::logged(tx, (from, until), STEP).await? {
                let position = event.log_position.unwrap_or_default();
                report.faults.push(LogFault::EventMisplaced { event_id: event.event_id, position });
            }
            for batch in checks::logged(tx, (from, until), STEP).await? {
                let position = batch.log_position.unwrap_or_default();
                report.faults.push(LogFault::BatchMisplaced { batch_id: batch.batch_id, position });
            }
        }
        if grown == size {
            for (chain, seq) in store::chains(tx).await? {
                let reached = self.reached.get(&chain).copied().unwrap_or(0);
                if reached < seq {
                    report.faults.push(LogFault::NeverTaken { chain, seq: reached + 1 });
                }
            }
        }
        Ok(())
    }
}
