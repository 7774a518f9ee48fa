//! Versions of the root secret: which one seals is a row, so that all nodes change to a new one together, once each of them holds it.
//!
//! A version is `next` (made, opens) → `active` (seals) → `old` (opens) → `retired`. Nodes learn of a new file when they start.

pub mod model;
mod store;

use std::collections::BTreeSet;

use uuid::Uuid;

use super::files::free_version;
use super::model::hex;
use crate::audit::{self, Action};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, DbResult, Tx};
use crate::error::{Error, Result};
use crate::keyring::model::NODE_SILENCE_SECONDS;
use crate::transaction;
use crate::vault::{Label, Vault, write_private};
use model::{RootState, subject_of};
use zeroize::Zeroizing;

pub use store::RootRow;

/// What tells two secrets of one version apart.
fn fingerprint(vault: &Vault, version: u8) -> Option<String> {
    Some(hex(&vault.mac(version, Label::Audit, &[b"root fingerprint"])?))
}

/// All versions, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn all(tx: &mut Tx) -> DbResult<Vec<RootRow>> {
    store::all(tx).await
}

/// A version, and how many of the nodes that live hold its secret.
#[derive(Clone, Debug)]
pub struct Held {
    /// The version.
    pub root: RootRow,
    /// Live nodes that hold it.
    pub holding: i64,
    /// Live nodes that do not.
    pub lacking: i64,
}

/// All versions with the nodes that hold them.
///
/// # Errors
/// When the database does not answer.
pub async fn overview(tx: &mut Tx, now: Timestamp) -> DbResult<Vec<Held>> {
    let since = now.plus_seconds(-NODE_SILENCE_SECONDS);
    let mut all = Vec::new();
    for root in store::all(tx).await? {
        let holding = store::holding(tx, root.version, since).await?;
        all.push(Held { holding, lacking: store::lacking(tx, root.version, since).await?, root });
    }
    Ok(all)
}

/// Makes the versions of this process known, demands that they are those of all, and lets the active one seal.
///
/// # Errors
/// When a file holds another secret than other nodes have, the version that seals is not here, or the database does not answer.
pub(super) async fn settle(context: &Context) -> Result<()> {
    let vault = &context.vault;
    let own: Vec<(u8, String)> = vault.versions().filter_map(|of| Some((of, fingerprint(vault, of)?))).collect();
    let rows = store::all(&mut context.db.read().await?).await?;
    let is_known = |rows: &[RootRow], of: u8| rows.iter().any(|row| row.version == i64::from(of));
    let rows = if own.iter().all(|(of, _)| is_known(&rows, *of)) {
        rows
    } else {
        let now = context.now();
        transaction!(context.db, "keyring.settle_roots", |tx| {
            let rows = store::all(tx).await?;
            // A database that knows of none was sealed by the newest file that was there, as this program did it before.
            let sealing = rows.iter().find(|row| row.state == RootState::Active).map(|row| row.version);
            let sealing = sealing.or_else(|| own.last().map(|(of, _)| i64::from(*of))).unwrap_or_default();
            for (of, fingerprint) in own.iter().filter(|(of, _)| !is_known(&rows, *of)) {
                let version = i64::from(*of);
                let state = match version.cmp(&sealing) {
                    std::cmp::Ordering::Less => RootState::Old,
                    std::cmp::Ordering::Equal => RootState::Active,
                    std::cmp::Ordering::Greater => RootState::Next,
                };
                let added = store::add(tx, version, state, fingerprint, now).await;
                added.map_err(DbError::unique_as_contention)?.either_way();
            }
            Ok(store::all(tx).await?)
        })?
    };
    let folder = context.config.keys.directory.join("root");
    for (of, fingerprint) in &own {
        if rows.iter().any(|row| row.version == i64::from(*of) && row.fingerprint != *fingerprint) {
            return Err(Error::internal(format!(
                "{}/{of} holds another secret than the one of that version: copy it from another node or the backup",
                folder.display()
            )));
        }
    }
    seal_with_active(context, &rows)?;
    demand_whole(context, &rows)
}

/// Whoever opens less than the others would take rows that they can open for damaged, or judge chains by other keys.
fn demand_whole(context: &Context, rows: &[RootRow]) -> Result<()> {
    let folder = context.config.keys.directory.join("root");
    let folder = folder.display();
    // One that was overtaken before it sealed is missed by nobody.
    for row in rows.iter().filter(|row| row.activated_at.is_some()) {
        let Ok(version) = u8::try_from(row.version) else { continue };
        let is_here = context.vault.versions().any(|of| of == version);
        match (row.state, context.vault.retained_digest(version)) {
            (RootState::Old, _) if !is_here => {
                return Err(Error::internal(format!(
                    "{folder} lacks root secret {version}, which rows are still sealed with: copy it from another node or the backup, then start again"
                )));
            }
            (RootState::Retired, _) if is_here => tracing::error!(
                key.root = version,
                key.folder = %folder,
                "the secret of a root that was retired lies in this folder: run `ikd keys retire-root` here too"
            ),
            (RootState::Retired, None) => {
                return Err(Error::internal(format!(
                    "{folder}/{version}.retained is not there: copy it from another node or the backup, then start again"
                )));
            }
            (RootState::Retired, Some(here)) if row.retained_digest.as_ref().is_some_and(|known| *known != here) => {
                return Err(Error::internal(format!(
                    "{folder}/{version}.retained is another one than that of other nodes: copy it from one of them, then start again"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn seal_with_active(context: &Context, rows: &[RootRow]) -> Result<()> {
    let Some(active) = rows.iter().find(|row| row.state == RootState::Active) else { return Ok(()) };
    let here = u8::try_from(active.version).is_ok_and(|version| context.vault.seal_with(version));
    if here {
        return Ok(());
    }
    // The others went over to it while this node was silent: what it sealed on would be of a version that may be gone.
    context.vault.suspend();
    Err(Error::internal(format!(
        "{}/root lacks root secret {}, with which rows are sealed: copy it from another node or the backup, then start again",
        context.config.keys.directory.display(),
        active.version
    )))
}

/// A node says which versions it holds. While it says so for the first time no version begins to seal without it.
pub(super) async fn report(context: &Context, tx: &mut Tx, node: Uuid) -> DbResult<()> {
    let known = store::of_node(tx, node).await?;
    let missing: Vec<i64> = context.vault.versions().map(i64::from).filter(|of| !known.contains(of)).collect();
    if known.is_empty() {
        for row in store::all(tx).await?.into_iter().filter(|row| row.state == RootState::Next) {
            store::hold_next(tx, row.version).await?.either_way();
        }
    }
    for version in missing {
        store::holds(tx, node, version).await?;
    }
    Ok(())
}

/// A node says with which version it seals.
pub(super) async fn report_sealing(context: &Context, tx: &mut Tx, node: Uuid) -> DbResult<()> {
    store::says_sealing(tx, node, context.vault.current().into()).await?.either_way();
    Ok(())
}

/// How many nodes seen within this time did not say that they seal with a version: they may seal with another one.
///
/// # Errors
/// When the database does not answer.
pub async fn sealing_otherwise(tx: &mut Tx, version: i64, since: Timestamp) -> DbResult<i64> {
    store::sealing_otherwise(tx, version, since).await
}

/// Takes back what a node said.
pub(super) async fn forget(tx: &mut Tx, node: Uuid) -> DbResult<()> {
    store::forget(tx, node).await
}

/// Forgets what nodes said that were not seen since.
pub(super) async fn forget_dead(tx: &mut Tx, before: Timestamp) -> DbResult<()> {
    store::forget_dead(tx, before).await
}

/// Notes what the nodes did with a version by themselves.
///
/// # Errors
/// When the database did not do it.
pub async fn note(context: &Context, tx: &mut Tx, action: Action, version: i64) -> Result<()> {
    let (chain, actor, subject_id) = (audit::GENERAL, audit::Actor::System, subject_of(version));
    let event = audit::Event { chain, actor, action, subject_id };
    audit::Service::new(context.clone()).record(tx, event, audit::Outcome::Done).await
}

/// Lets a version seal that every live node holds by now, and follows what others have decided.
///
/// # Errors
/// When the database does not answer, or the version that seals is not here.
pub(super) async fn follow(context: &Context) -> Result<()> {
    let (now, mut tx) = (context.now(), context.db.read().await?);
    let rows = store::all(&mut tx).await?;
    let sealing = rows.iter().find(|row| row.state == RootState::Active).map_or(0, |row| row.version);
    let since = now.plus_seconds(-NODE_SILENCE_SECONDS);
    let mut ripe = None;
    for RootRow { version, .. } in rows.iter().filter(|row| row.state == RootState::Next && row.version > sealing) {
        if store::lacking(&mut tx, *version, since).await? == 0 && store::holding(&mut tx, *version, since).await? > 0 {
            ripe = Some(*version);
        }
    }
    // No task may wait for a second connection while it holds one.
    drop(tx);
    let Some(version) = ripe else { return seal_with_active(context, &rows) };
    let promoted = transaction!(context.db, "keyring.promote_root", |tx| {
        // Held first: a node that begins to say what it holds waits for this, or this for that node.
        let waits = store::hold_next(tx, version).await?.happened();
        if !waits || store::lacking(tx, version, since).await? > 0 {
            return Ok(false);
        }
        store::replace_active(tx, version, now).await?.either_way();
        store::activate(tx, version, now).await?.demand()?;
        note(context, tx, Action::RootActivated, version).await?;
        Ok(true)
    });
    match promoted {
        Ok(true) => tracing::info!(key.root = version, "a new root secret seals from now on"),
        // Another node was faster, or one that lacks it has come; it is judged anew next time.
        Ok(false) | Err(Error::Refused(_) | Error::Db(DbError::Unique | DbError::Contention)) => {}
        Err(error) => return Err(error),
    }
    seal_with_active(context, &store::all(&mut context.db.read().await?).await?)
}

/// Makes a new version: `root/<n>`, to be copied to every node, which then starts again.
///
/// # Errors
/// When there are 255 already, or file or row cannot be written.
pub async fn make(context: &Context) -> Result<u8> {
    let folder = context.config.keys.directory.join("root");
    let known: BTreeSet<i64> = all(&mut context.db.read().await?).await?.iter().map(|row| row.version).collect();
    let version =
        free_version(&folder, &known).ok_or_else(|| Error::internal("no version of a root secret is left"))?;
    let secret = Zeroizing::new(context.random.bytes::<32>());
    let of_it = Vault::new(&[(version, secret.clone())].into());
    let print = of_it.and_then(|vault| fingerprint(&vault, version));
    let print = print.ok_or_else(|| Error::internal("the new root secret is not there"))?;
    write_private(&folder.join(version.to_string()), secret.as_slice())?;
    let now = context.now();
    transaction!(context.db, "keyring.make_root", |tx| {
        let added = store::add(tx, version.into(), RootState::Next, &print, now).await?;
        if !added.happened() {
            // A node that started since has made this file known; or it is another's.
            let rows = store::all(tx).await?;
            if !rows.iter().any(|row| row.version == i64::from(version) && row.fingerprint == print) {
                return Err(Error::internal(format!(
                    "somebody made another root secret of this version at the same time: remove {}/{version}, and copy that one",
                    folder.display()
                )));
            }
        }
        audit::Service::new(context.clone()).operator(tx, Action::RootMade, subject_of(version.into())).await
    })?;
    Ok(version)
}

/// Says that a version opens nothing any more, whether printed cards of it do, and the digest of what is kept of it. Nothing has changed when it
/// seals, or will.
///
/// # Errors
/// When the database did not do it.
pub async fn retire(tx: &mut Tx, version: i64, of_it: (bool, &str), now: Timestamp) -> DbResult<Changed> {
    store::retire(tx, version, of_it, now).await
}
