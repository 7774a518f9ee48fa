//! Taking rows to the tree, signing it, and what anybody may read of it.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::{self, BATCH, Head};
use super::note::{Checkpoint, KeyKind, Note, Verifier};
use super::proof::EntryProof;
use super::store;
use super::tree::{self, Hash, Span, Tiles};
use crate::audit::ports as audit;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::credential::{KeyPurpose, PublicKey, SignError};
use crate::db::Tx;
use crate::error::{Code, Error, Refusal, Result};
use crate::keyring::Keyring;
use crate::life::ports as life;
use crate::transaction;
use crate::vault::{Label, Vault};
use crate::verification::ports as checks;

/// Days for which checkpoints that are not the newest are kept.
const KEEP_DAYS: i64 = 30;
/// Checkpoints that are forgotten in one transaction.
const SWEPT: i64 = 500;
/// Batches with one root at most: as many as there are checks in one.
const COMMITTED_APART: i64 = crate::batcher::MOST as i64;
/// Seconds that a witness's clock may be ahead.
const AHEAD_SECONDS: i64 = 60;

/// The log that outsiders check. Cloning shares everything.
#[derive(Clone)]
pub struct Log {
    context: Context,
    keyring: Keyring,
    witnesses: Vec<Verifier>,
}

/// What stands in front of a root: a leaf's way to it, or an older root's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The leaf; of a proof that a tree continues another, none.
    pub leaf: Option<Hash>,
    /// The hashes.
    pub hashes: Vec<Hash>,
}

/// Rows that are not in the tree yet.
struct Waiting {
    chains: Vec<(Uuid, i64, i64)>,
    events: Vec<life::LoggedRow>,
    batches: Vec<checks::UnloggedRow>,
}

/// Where the batch of a receipt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What the leaf is made of.
    pub entry: Vec<u8>,
    /// The leaf's place.
    pub index: u64,
    /// Leaves of the tree that it is proven in.
    pub size: u64,
    /// The way to that tree's root.
    pub proof: Proof,
}

impl Log {
    /// `keyring` signs checkpoints.
    ///
    /// # Errors
    /// When the configuration names a witness by something that is no key of one.
    pub fn new(context: Context, keyring: Keyring) -> Result<Self> {
        let named = context.config.tlog.witnesses.iter().map(|text| {
            let read: Option<Verifier> = text.parse().ok();
            read.filter(|witness| witness.kind == KeyKind::Cosignature).ok_or_else(|| {
                Error::internal("tlog.witnesses: not the key of a witness, as `ikd witness new-key` prints it")
            })
        });
        let witnesses = named.collect::<Result<Vec<_>>>()?;
        Ok(Self { context, keyring, witnesses })
    }

    /// Takes what is new, signs the tree if it grew, and says so to who watches. Any number of nodes may do this at once: one row is
    /// held, so there is one history.
    ///
    /// # Errors
    /// When the database does not answer, the tree is damaged, or no key for it is held here.
    pub async fn round(&self) -> Result<()> {
        let begun = self.context.now();
        while self.take().await? > 0 {}
        self.sign().await?;
        metrics::gauge!("ikd_log_complete_until_timestamp").set(begun.seconds() as f64);
        let mut tx = self.context.db.read().await?;
        for witness in &self.witnesses {
            let seen = store::seen(&mut tx, &witness.name).await?.map_or(0, Timestamp::seconds);
            metrics::gauge!("ikd_log_witnessed_timestamp", "witness" => witness.name.clone()).set(seen as f64);
        }
        Ok(())
    }

    /// Takes one batch; gives how many rows that were.
    ///
    /// # Errors
    /// As [`Log::round`].
    pub async fn take(&self) -> Result<usize> {
        // Whoever finds nothing leaves the row alone.
        let mut tx = self.context.db.read().await?;
        let waiting = waiting(&mut tx, 1).await?;
        drop(tx);
        if waiting.chains.is_empty() && waiting.events.is_empty() && waiting.batches.is_empty() {
            return Ok(0);
        }
        transaction!(self.context.db, "tlog.take", |tx| self.take_in(tx).await)
    }

    async fn take_in(&self, tx: &mut Tx) -> Result<usize> {
        let head = store::hold(tx).await?.ok_or_else(damaged)?;
        let size = head.size.cast_unsigned();
        let mut tiles = store::tiles(tx, Tiles::edge(size)).await?;
        // On a tree that somebody changed nothing is built: that would be signed.
        if tiles.hash((0, size)) != Some(head.root) {
            return Err(damaged());
        }
        let (mut entries, mut runs) = (Vec::new(), Vec::new());
        let Waiting { chains, events, batches } = waiting(tx, BATCH).await?;
        for (chain, after, until) in chains {
            let left = BATCH - entries.len() as i64;
            if left == 0 {
                break;
            }
            let rows = audit::rows(tx, chain, (after, until), left).await?;
            let reached = if (rows.len() as i64) < left { Some(until) } else { rows.last().map(|row| row.seq) };
            for row in rows {
                model::add_to_runs(&mut runs, head.size + entries.len() as i64, (chain, row.seq));
                entries.push(model::entry_of_audit(&row));
            }
            // What is missing between two entries was deleted before it came here: the chain's own digests name it, and the rest goes on.
            store::reach(tx, chain, reached.unwrap_or(until)).await?;
        }
        for event in events.iter().take((BATCH as usize).saturating_sub(entries.len())) {
            let position = head.size + entries.len() as i64;
            entries.push(model::entry_of_life(event, &salt(&self.context.vault, event.event_id)));
            life::take_to_log(tx, (event.resident_id, event.event_id), position).await?.demand()?;
        }
        for batch in batches.iter().take((BATCH as usize).saturating_sub(entries.len())) {
            let position = head.size + entries.len() as i64;
            entries.push(model::entry_of_checks(&batch.root, &batch.checks));
            checks::take_to_log(tx, batch.batch_id, position).await?.demand()?;
        }
        for (number, entry) in entries.iter().enumerate() {
            tiles.append(size + number as u64, tree::leaf_hash(entry));
        }
        let grown = size + entries.len() as u64;
        let root = tiles.hash((0, grown)).ok_or_else(damaged)?;
        store::put_tiles(tx, &tiles).await?;
        for run in &runs {
            store::add_run(tx, run).await?;
        }
        store::grow(tx, head.size, &Head { size: grown.cast_signed(), root }).await?.demand()?;
        Ok(entries.len())
    }

    /// Signs the tree as it stands, if that was not done. Gives its size.
    ///
    /// # Errors
    /// As [`Log::round`].
    pub async fn sign(&self) -> Result<i64> {
        let mut tx = self.context.db.read().await?;
        // In this order: another node may take and sign between the two, and the head only grows.
        let newest = store::newest(&mut tx).await?;
        let head = store::head(&mut tx).await?.ok_or_else(damaged)?;
        drop(tx);
        match newest {
            // A smaller tree than was signed is signed by nobody: that would be another history.
            Some(newest) if newest.size > head.size => return Err(damaged()),
            Some(newest) if newest.size == head.size => return Ok(head.size),
            None if head.size == 0 => return Ok(0),
            _ => {}
        }
        let origin = self.origin();
        let size = head.size.cast_unsigned();
        let text = Checkpoint { origin: origin.clone(), size, root: head.root }.to_string();
        let signed = self.keyring.with_signer(KeyPurpose::Log, move |signer| {
            let verifier = verifier(&origin, signer.public_key());
            let verifier =
                verifier.ok_or_else(|| SignError::Unavailable(String::from("the log's key is no Ed25519 key")))?;
            let line = verifier.line(&signer.sign(text.as_bytes())?);
            Ok(Note { text, signatures: vec![line] }.to_string())
        });
        let note = signed.await.map_err(|error| {
            Error::internal(format!("the log is not signed: {error}; `ikd keys init` makes a key where there is none"))
        })?;
        let now = self.context.now();
        transaction!(self.context.db, "tlog.sign", |tx| {
            // Of two nodes that sign one tree, one keeps it: the texts are equal.
            store::add_checkpoint(tx, &head, &note, now).await?.either_way();
            Ok(())
        })?;
        Ok(head.size)
    }

    /// The name of this log in its checkpoints.
    pub fn origin(&self) -> String {
        origin(&self.context)
    }

    /// The keys that sign or signed checkpoints, and the one that waits: what a witness is given, and what a verifier trusts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keys(&self) -> Result<Vec<Verifier>> {
        keys(&self.context).await
    }

    /// The newest checkpoint with what witnesses signed beneath it.
    ///
    /// # Errors
    /// `not_found` before the first.
    pub async fn checkpoint(&self) -> Result<String> {
        let mut tx = self.context.db.read().await?;
        let newest = store::newest(&mut tx).await?.ok_or_else(none_yet)?;
        Ok(newest.note + &store::cosignatures(&mut tx, newest.size).await?.concat())
    }

    /// That a leaf is in the tree of a size that was signed.
    ///
    /// # Errors
    /// `not_found` for a leaf or size that is not there.
    pub async fn inclusion(&self, index: u64, size: u64) -> Result<Proof> {
        let mut tx = self.context.db.read().await?;
        require_signed(&mut tx, size).await?;
        prove_leaf(&mut tx, index, size).await
    }

    /// That the batch of a receipt is in the tree of a size that was signed, the newest if none is given. The receipt's own statement
    /// leads to `root`, as a leaf of as many as its proof says.
    ///
    /// # Errors
    /// `not_found` when no check was recorded there, its batch was not taken yet, or for a size that is not there. Also when the batch has
    /// another number of leaves: with another number some paths lead to the same root from another leaf.
    pub async fn receipt(&self, root: &Hash, (leaf, leaves): (u64, u64), size: Option<u64>) -> Result<Placed> {
        let mut tx = self.context.db.read().await?;
        let signed = store::newest(&mut tx).await?.map_or(0, |newest| newest.size).cast_unsigned();
        let size = size.unwrap_or(signed);
        require_signed(&mut tx, size).await?;
        let leaf = usize::try_from(leaf).map_err(|_| Code::NotFound)?;
        // What was signed together and committed apart are several batches: the one that recorded this check.
        let batches = checks::with_root(&mut tx, root, COMMITTED_APART).await?;
        let batch =
            batches.into_iter().find(|batch| batch.size() == leaves && batch.recorded(leaf)).ok_or_else(none_yet)?;
        let index = batch.log_position.map(i64::cast_unsigned).filter(|index| *index < size).ok_or_else(none_yet)?;
        let proof = prove_leaf(&mut tx, index, size).await?;
        Ok(Placed { entry: model::entry_of_checks(&batch.root, &batch.checks), index, size, proof })
    }

    /// That the tree of one size begins with that of another.
    ///
    /// # Errors
    /// `not_found` for sizes that are not there, or stand the other way round.
    pub async fn consistency(&self, first: u64, second: u64) -> Result<Proof> {
        let mut tx = self.context.db.read().await?;
        require_signed(&mut tx, second).await?;
        let spans = tree::consistency(first, second).ok_or(Code::NotFound)?;
        Ok(Proof { leaf: None, hashes: hashes(&mut tx, &spans).await? })
    }

    /// Takes lines of witnesses beneath a checkpoint of this log; gives how many were taken. Those of others say nothing.
    ///
    /// # Errors
    /// `malformed_request` for what is no signed checkpoint; `not_found` for one that this log does not have.
    pub async fn cosign(&self, note: &str) -> Result<usize> {
        let note: Note = note.parse().map_err(|_| Code::MalformedRequest)?;
        let checkpoint: Checkpoint = note.text.parse().map_err(|_| Code::MalformedRequest)?;
        let latest = self.context.now().plus_seconds(AHEAD_SECONDS).seconds();
        let lines = note.cosignatures(&self.witnesses);
        let lines: Vec<_> =
            lines.into_iter().filter(|(_, at)| i64::try_from(*at).is_ok_and(|at| at <= latest)).collect();
        let size = i64::try_from(checkpoint.size).map_err(|_| none_yet())?;
        // Read before anything is written: who is no witness, or repeats what a witness said, opens no writing transaction.
        let mut tx = self.context.db.read().await?;
        require_own(&mut tx, size, &note).await?;
        let known = store::cosignatures(&mut tx, size).await?;
        drop(tx);
        if lines.iter().all(|(line, _)| known.contains(&line.to_string())) {
            return Ok(lines.len());
        }
        transaction!(self.context.db, "tlog.cosign", |tx| {
            require_own(tx, size, &note).await?;
            for (line, at) in &lines {
                let at = Timestamp::from_seconds(at.cast_signed());
                // One that looked again later stays.
                store::cosign(tx, size, (&line.name, &line.to_string()), at).await?.either_way();
            }
            Ok(lines.len())
        })
    }

    /// Forgets old checkpoints; gives how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let before = self.context.now().plus_seconds(-KEEP_DAYS * DAY);
        transaction!(self.context.db, "tlog.sweep", |tx| Ok(store::sweep(tx, before, SWEPT).await?))
    }
}

/// That an entry of an audit chain is in the newest signed tree.
///
/// # Errors
/// `not_found` when there is no such entry, or it was not signed yet.
pub async fn prove(context: &Context, chain: Uuid, seq: i64) -> Result<EntryProof> {
    let mut tx = context.db.read().await?;
    let newest = store::newest(&mut tx).await?.ok_or_else(none_yet)?;
    let position = store::position(&mut tx, chain, seq).await?.filter(|position| *position < newest.size);
    let (index, row) = match (position, audit::rows(&mut tx, chain, (seq - 1, seq), 1).await?.pop()) {
        (Some(index), Some(row)) => (index, row),
        _ => return Err(none_yet()),
    };
    let spans = tree::inclusion(index.cast_unsigned(), newest.size.cast_unsigned()).ok_or(Code::NotFound)?;
    let hashes = hashes(&mut tx, &spans).await?;
    let text = newest.note + &store::cosignatures(&mut tx, newest.size).await?.concat();
    let note = text.parse().map_err(|_| damaged())?;
    Ok(EntryProof { entry: model::entry_of_audit(&row), index: index.cast_unsigned(), hashes, note })
}

/// The name of the log in its checkpoints.
pub(super) fn origin(context: &Context) -> String {
    let named = &context.config.tlog.origin;
    if named.is_empty() { format!("{}/log", context.config.service.issuer) } else { named.clone() }
}

/// A key of the log, as verifiers write it; `None` for one of another algorithm.
fn verifier(origin: &str, key: &PublicKey) -> Option<Verifier> {
    match key {
        PublicKey::Ed25519(key) => Verifier::new(origin, KeyKind::Note, *key),
        PublicKey::P256(_) => None,
    }
}

/// All keys of the log.
pub(super) async fn keys(context: &Context) -> Result<Vec<Verifier>> {
    let origin = origin(context);
    let rows = Keyring::list(context).await?;
    let rows = rows.iter().filter(|row| row.purpose == KeyPurpose::Log);
    Ok(rows.filter_map(|row| verifier(&origin, &row.key()?)).collect())
}

/// What keeps an event's leaf from being guessed.
pub(super) fn salt(vault: &Vault, event_id: Uuid) -> [u8; 32] {
    vault.mac_index(Label::LogSalt, &[event_id.as_bytes()])
}

/// The rows that are not in the tree; of events and of batches of checks at most so many.
async fn waiting(tx: &mut Tx, most: i64) -> Result<Waiting> {
    let taken: HashMap<Uuid, i64> = store::chains(tx).await?.into_iter().collect();
    let ends =
        audit::ends(tx).await?.into_iter().map(|(chain, end)| (chain, taken.get(&chain).copied().unwrap_or(0), end));
    let chains = ends.filter(|(_, after, end)| after < end).collect();
    let events = life::unlogged(tx, most).await?;
    Ok(Waiting { chains, events, batches: checks::unlogged(tx, most).await? })
}

/// Refuses a note whose text is not that of the checkpoint of its size.
async fn require_own(tx: &mut Tx, size: i64, note: &Note) -> Result<()> {
    let own = store::checkpoint(tx, size).await?.ok_or_else(none_yet)?;
    let same = own.note.parse::<Note>().is_ok_and(|own| own.text == note.text);
    if same { Ok(()) } else { Err(none_yet()) }
}

/// Refuses what nobody signed yet: it is nobody's to prove.
async fn require_signed(tx: &mut Tx, size: u64) -> Result<()> {
    let signed = store::newest(tx).await?.map_or(0, |newest| newest.size);
    if size > signed.cast_unsigned() { Err(none_yet()) } else { Ok(()) }
}

/// A leaf and its way to the root.
async fn prove_leaf(tx: &mut Tx, index: u64, size: u64) -> Result<Proof> {
    let spans = tree::inclusion(index, size).ok_or(Code::NotFound)?;
    let mut hashes = hashes(tx, &[&[(index, index + 1)], &spans[..]].concat()).await?;
    Ok(Proof { leaf: Some(hashes.remove(0)), hashes })
}

/// The hashes of spans of a tree that was signed.
async fn hashes(tx: &mut Tx, spans: &[Span]) -> Result<Vec<Hash>> {
    let tiles = store::tiles(tx, Tiles::needed(spans)).await?;
    spans.iter().map(|span| tiles.hash(*span).ok_or_else(damaged)).collect()
}

fn none_yet() -> Error {
    let none = Refusal::new(Code::NotFound).detail(
        "Log belum sebesar itu, atau tidak memuatnya. Ambil /v1/log/checkpoint untuk ukuran terakhir yang ditandatangani.",
        "The log is not that large yet, or does not hold this. Fetch /v1/log/checkpoint for the size that was signed last.",
    );
    none.into()
}

fn damaged() -> Error {
    Error::internal("the log's tree is damaged or was changed: run `ikd audit verify` with a checkpoint of a witness")
}
