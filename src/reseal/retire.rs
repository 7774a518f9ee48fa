//! Retiring an old root secret: nothing may need it any more, or people say that what does is void.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use uuid::Uuid;

use super::model::LONGEST_SECONDS;
use super::{columns, service, store};
use crate::audit::{self, Action};
use crate::card::ports as card;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::keyring::files::{check_safe, lacks_retained, retire_root};
use crate::keyring::roots::model::{RootState, subject_of};
use crate::keyring::roots::{self, RootRow};
use crate::transaction;

/// Seconds for which a node may have sealed cards with the version before: more than any that lives takes to learn of another.
const LATE_SECONDS: i64 = HOUR;

/// Between the two looks at the rows: longer than a transaction lives, for one that began before may write a value back that it had read.
pub const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What becomes of that which was given out and is still of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Printed cards go on: the key that opens what is sealed in them, an id, is kept.
    pub keep_cards: bool,
    /// Links and tokens are void, and printed cards where they are not kept.
    pub void: bool,
}

/// What still needs a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Rows that it seals, by column.
    pub rows: BTreeMap<String, i64>,
    /// Until when links and tokens may be of use, where that is not over.
    pub until: Option<Timestamp>,
    /// Printed cards that count.
    pub cards: i64,
    /// Nodes seen within a day that did not say that they seal with the version that does now.
    pub nodes: i64,
}

/// What became of it on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retired {
    /// Something needs it.
    Needed(Needs),
    /// Its secret lies in the folder that was named; or was not here.
    Done {
        /// Whether there was a file on this node.
        moved: bool,
        /// Whether printed cards go on.
        keeps_cards: bool,
    },
}

/// Retires a version, and on this node moves its secret to `safe`. Rows are looked at twice, with a pause between
/// ([`LOOK_AGAIN`]).
///
/// # Errors
/// `not_found`; `wrong_state` when it seals or will; when files or the database do not do it.
pub async fn retire(
    context: &Context,
    version: u8,
    choice: Choice,
    safe: &Path,
    pause: impl Future<Output = ()> + Send,
) -> Result<Retired> {
    let number = i64::from(version);
    let folder = context.config.keys.directory.join("root");
    // Before anything is decided that could not be done here.
    check_safe(&folder, safe)?;
    let (row, needs) = look(context, version, choice).await?;
    if needs != Needs::default() {
        return Ok(Retired::Needed(needs));
    }
    let is_retired = row.state == RootState::Retired;
    let keeps_cards = if is_retired { row.keeps_cards != 0 } else { choice.keep_cards };
    let retained = context.vault.retain(version, keeps_cards);
    let mut decided = row.retained_digest;
    if !is_retired {
        // Whoever decides it holds it: else nothing would be left of it.
        let Some(retained) = &retained else {
            return Err(Error::internal("this node does not hold that root secret: run this on one that does"));
        };
        lacks_retained(&folder, version, retained, None)?;
        pause.await;
        let (row, needs) = look(context, version, choice).await?;
        if needs != Needs::default() {
            return Ok(Retired::Needed(needs));
        }
        let digest = retained.digest();
        // Another command may have been faster: what it decided counts.
        if row.state == RootState::Retired {
            return Err(Error::internal("somebody retired it at the same time: run this again"));
        }
        let now = context.now();
        transaction!(context.db, "reseal.retire", |tx| {
            roots::retire(tx, number, (keeps_cards, &digest), now).await?.demand()?;
            audit::Service::new(context.clone()).operator(tx, Action::RootRetired, subject_of(number)).await
        })?;
        decided = Some(digest);
    }
    let rest = retained.as_ref().map(|retained| (retained, decided.as_deref()));
    let moved = rest.map(|rest| retire_root(&folder, version, rest, safe)).transpose()?;
    Ok(Retired::Done { moved: moved.unwrap_or(false), keeps_cards })
}

/// What needs a version now. Rows that do are gone over again.
async fn look(context: &Context, version: u8, choice: Choice) -> Result<(RootRow, Needs)> {
    let number = i64::from(version);
    let mut tx = context.db.read().await?;
    let rows = roots::all(&mut tx).await?;
    let row = rows.iter().find(|row| row.version == number).ok_or(Code::NotFound)?.clone();
    let active = rows.iter().find(|row| row.state == RootState::Active).ok_or(Code::WrongState)?.version;
    let is_retired = match row.state {
        RootState::Active => return Err(Code::WrongState.into()),
        // Overtaken by a newer one while it waited.
        RootState::Next if number > active => return Err(Code::WrongState.into()),
        RootState::Next | RootState::Old => false,
        RootState::Retired => true,
    };
    if i64::from(context.vault.current()) != active {
        return Err(Error::internal("another root secret seals since this began: run this again"));
    }
    let now = context.now();
    let nodes = roots::sealing_otherwise(&mut tx, active, now.plus_seconds(-DAY)).await?;
    // No task may wait for a second connection while it holds one.
    drop(tx);
    let mut needs = Needs { rows: rows_of(context, version, active).await?, nodes, ..Needs::default() };
    // One that never sealed gave nothing out.
    let may_count = !is_retired && !choice.void && row.activated_at.is_some();
    if may_count {
        needs.until = row.replaced_at.map(|at| at.plus_seconds(LONGEST_SECONDS)).filter(|until| *until > now);
    }
    if may_count && !choice.keep_cards {
        let before = row.replaced_at.unwrap_or(now).plus_seconds(LATE_SECONDS);
        needs.cards = card::counting(&mut context.db.read().await?, before, now).await?;
    }
    go_over_again(context, active, &needs).await?;
    Ok((row, needs))
}

/// How many rows a version seals, by column.
async fn rows_of(context: &Context, version: u8, active: i64) -> Result<BTreeMap<String, i64>> {
    let mut found = BTreeMap::new();
    for column in columns::all() {
        let mut reached = Uuid::nil();
        loop {
            let rows = service::read(context, column, reached, active).await?;
            let Some(last) = rows.last() else { break };
            reached = last.key;
            let of =
                rows.iter().filter(|row| row.sealed.as_ref().is_some_and(|sealed| sealed.first() == Some(&version)));
            match of.count() as i64 {
                0 => {}
                more => *found.entry(column.place()).or_default() += more,
            }
        }
    }
    Ok(found)
}

/// Lets the job go through columns again that it was done with.
async fn go_over_again(context: &Context, active: i64, needs: &Needs) -> Result<()> {
    if needs.rows.is_empty() {
        return Ok(());
    }
    transaction!(context.db, "reseal.again", |tx| {
        for part in needs.rows.keys() {
            store::again(tx, active, part).await?.either_way();
        }
        Ok(())
    })
}
