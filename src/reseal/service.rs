//! The job: one node at a time goes through every sealed column in small batches, and begins again where it broke off.

use std::time::Duration;

use uuid::Uuid;

use super::columns;
use super::model::{Progress, Status, Step, whole_groups};
use super::store::{self, Row};
use crate::audit::Action;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Error, Result};
use crate::jobs::take_lease;
use crate::keyring::roots::model::RootState;
use crate::keyring::roots::{self, RootRow};
use crate::transaction;
use crate::vault::{Column, Label};

/// The name of whose turn it is.
const LEASE: &str = "reseal";
/// Seconds after which another node goes on.
const LEASE_SECONDS: i64 = 60;
/// Rows of a batch: with faces, some megabytes.
const BATCH: usize = 50;
/// Between two batches: who is served comes first.
const PAUSE: Duration = Duration::from_millis(20);
/// For how many looks at the rows a node may go on to seal with the version before: the job begins after that, or it would come again for nothing.
const LOOKS: i64 = 3;

/// A row's key, the value that was read, and the one in its place.
type Anew = (Uuid, Vec<u8>, Vec<u8>);

/// Seals rows anew. Cloning shares it.
#[derive(Clone)]
pub struct Reseal {
    context: Context,
    node: Uuid,
}

impl Reseal {
    /// Of one process.
    pub fn new(context: Context) -> Self {
        let node = context.random.uuid_v7(context.now());
        Self { context, node }
    }

    /// Works until nothing is left to do, or another node is at it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn round(&self) -> Result<()> {
        while self.step().await? {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// One batch; gives whether there may be another one to do.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn step(&self) -> Result<bool> {
        let mut tx = self.context.db.read().await?;
        let rows = roots::all(&mut tx).await?;
        let Some(version) = self.turns_to(&rows) else { return Ok(false) };
        let parts = store::of_version(&mut tx, version).await?;
        drop(tx);
        let finished = |place: String| parts.iter().any(|part| part.part == place && part.finished_at.is_some());
        let left: Vec<&Column> = columns::all().filter(|column| !finished(column.place())).collect();
        metrics::gauge!("ikd_reseal_columns_left").set(left.len() as f64);
        let Some(column) = left.first() else { return Ok(false) };
        let now = self.context.now();
        let has_turn = transaction!(self.context.db, "reseal.lease", |tx| {
            Ok(take_lease(tx, LEASE, self.node, now.plus_seconds(LEASE_SECONDS), now).await?.happened())
        })?;
        if !has_turn {
            return Ok(false);
        }
        match parts.iter().find(|part| part.part == column.place()) {
            Some(part) => self.batch(&rows, version, column, part).await,
            None => self.begin(version, &left).await.map(|()| true),
        }
    }

    /// The version to seal with, where rows of another one may be there, and all nodes have had the time to go over to it.
    fn turns_to(&self, rows: &[RootRow]) -> Option<i64> {
        let active = rows.iter().find(|row| row.state == RootState::Active)?;
        let refresh = i64::try_from(self.context.config.keys.refresh_seconds.max(1)).unwrap_or(i64::MAX);
        let settled = active.activated_at?.plus_seconds(refresh.saturating_mul(LOOKS)) <= self.context.now();
        let follows = i64::from(self.context.vault.current()) == active.version;
        // Also one that was retired: who followed late may have gone on with it.
        let is_older = rows.iter().any(|row| row.version < active.version);
        (settled && follows && is_older).then_some(active.version)
    }

    async fn begin(&self, version: i64, left: &[&Column]) -> Result<()> {
        let now = self.context.now();
        transaction!(self.context.db, "reseal.begin", |tx| {
            let is_first = store::of_version(tx, version).await?.is_empty();
            for column in left {
                store::begin(tx, version, &column.place(), now).await?.either_way();
            }
            store::forget_before(tx, version).await?;
            if is_first { roots::note(&self.context, tx, Action::ResealBegun, version).await } else { Ok(()) }
        })
    }

    async fn batch(&self, roots: &[RootRow], version: i64, column: &Column, before: &Progress) -> Result<bool> {
        let rows = read(&self.context, column, before.reached, version).await?;
        let now = self.context.now();
        let Some(reached) = rows.last().map(|row| row.key) else {
            let ended = transaction!(self.context.db, "reseal.end", |tx| {
                let ended = store::end_pass(tx, version, before, now).await?;
                if ended.happened() && before.met == 0 && store::left(tx, version).await? == 0 {
                    roots::note(&self.context, tx, Action::ResealDone, version).await?;
                }
                Ok(ended.happened())
            })?;
            return Ok(ended);
        };
        if let Some(lacking) = self.lacks(roots, &rows) {
            tracing::error!(
                key.root = lacking,
                reseal.column = column.place(),
                "this node lacks a root secret that rows are sealed with; another one has to seal them anew"
            );
            return Ok(false);
        }
        let (met, anew) = self.sealed_anew(column, &rows)?;
        let counted = transaction!(self.context.db, "reseal.batch", |tx| {
            let mut done = 0;
            for (key, old, new) in &anew {
                // A row that changed meanwhile is met by the next pass, if it has to be.
                done += i64::from(store::swap(tx, column, *key, old, new).await?.happened());
            }
            let unopened = met - anew.len() as i64;
            // What does not open is no reason to come again.
            let step = Step { reached, counts: (anew.len() as i64, done, unopened) };
            // Two nodes at it: one has the row, and what the other wrote is undone.
            store::advance(tx, version, before, &step).await?.or(DbError::Contention)?;
            Ok((done, unopened))
        });
        match counted {
            Ok((done, unopened)) => {
                let changed = anew.len() as i64 - done;
                let current = rows.len() as i64 - met;
                let outcomes = [("done", done), ("changed", changed), ("unopened", unopened), ("current", current)];
                for (outcome, rows) in outcomes {
                    metrics::counter!("ikd_reseal_rows_total", "outcome" => outcome).increment(rows.unsigned_abs());
                }
                if unopened > 0 {
                    tracing::error!(
                        reseal.column = column.place(),
                        reseal.rows = unopened,
                        "rows that no root secret of this node opens: damaged, or sealed with one that is gone"
                    );
                }
                Ok(true)
            }
            // Another node is further.
            Err(Error::Db(DbError::Contention)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A version that others can open and this node cannot: for it the rows would count as damaged.
    fn lacks(&self, roots: &[RootRow], rows: &[Row]) -> Option<u8> {
        let is_lost = |version: u8| {
            let opens = |root: &RootRow| root.version == i64::from(version) && root.state != RootState::Retired;
            !self.context.vault.versions().any(|of| of == version) && roots.iter().any(opens)
        };
        rows.iter().filter_map(|row| row.sealed.as_ref()?.first().copied()).find(|version| is_lost(*version))
    }

    /// How many of these rows an older version seals, and those of them that open.
    fn sealed_anew(&self, column: &Column, rows: &[Row]) -> Result<(i64, Vec<Anew>)> {
        let vault = &self.context.vault;
        let (mut met, mut anew) = (0, Vec::new());
        for row in rows {
            let Some(old) = row.sealed.as_ref().filter(|sealed| vault.is_outdated(sealed)) else { continue };
            met += 1;
            let context: [&[u8]; 2] = [column.bound_to.as_bytes(), row.bound.as_bytes()];
            let Ok(plain) = vault.open(Label::Column, &context, old) else { continue };
            anew.push((row.key, old.clone(), vault.seal(Label::Column, &self.context.random, &context, &plain)?));
        }
        Ok((met, anew))
    }
}

/// Rows after a key, whole groups of one key, with the values that another version than `current` seals.
pub(super) async fn read(context: &Context, column: &Column, after: Uuid, current: i64) -> Result<Vec<Row>> {
    let mut limit = BATCH;
    let current = u8::try_from(current).map_err(Error::internal)?;
    loop {
        let mut tx = context.db.read().await?;
        let rows = store::walk(&mut tx, column, after, limit as i64, current).await?;
        drop(tx);
        if let Some(whole) = whole_groups(rows, limit, |row| row.key) {
            return Ok(whole);
        }
        limit *= 2;
    }
}

/// How far the rows are with the version that seals; `None` where there is no older one.
///
/// # Errors
/// When the database does not answer.
pub async fn status(tx: &mut Tx) -> Result<Option<Status>> {
    let rows = roots::all(tx).await?;
    let Some(active) = rows.iter().find(|row| row.state == RootState::Active) else { return Ok(None) };
    let parts = store::of_version(tx, active.version).await?;
    if parts.is_empty() && !rows.iter().any(|row| row.state == RootState::Old) {
        return Ok(None);
    }
    Ok(Some(Status::of(active.version, columns::all().count(), &parts)))
}
