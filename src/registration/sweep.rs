//! Ends registrations whose time is over, and deletes pictures and whole registrations that may no longer be kept.

use uuid::Uuid;

use super::store::{call_back, check, register_copy, registration, second_person, selfie, step, visit};
use super::{call_back as call_backs, ending, sealed};
use crate::activation_code::ports as codes;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::correction::ports as cases;
use crate::db::{DbError, DbResult, Tx};
use crate::error::{Error, Result};
use crate::lookup::ports as lookup;
use crate::retention::{Period, ports as retention};
use crate::transaction;

const BATCH: i64 = 200;

/// One sweep; gives how many rows it touched. Several nodes may sweep at once: each step is guarded.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(context: &Context) -> Result<usize> {
    let now = context.now();
    let mut reader = context.db.read().await?;
    let due = registration::due_to_expire(&mut reader, now, BATCH).await?;
    drop(reader);
    let (mut ended, mut unreadable) = (0, None);
    for id in due {
        match expire(context, id, now).await {
            Ok(expired) => ended += usize::from(expired),
            // One that cannot be read keeps no other from ending, and nothing from being deleted in time.
            Err(error @ (Error::Internal(_) | Error::Db(DbError::Other(_)))) => unreadable = Some(error),
            Err(error) => return Err(error),
        }
    }
    let deleted = transaction!(context.db, "registration.forget", |tx| {
        let kept_since = retention::kept_since(context, tx, Period::Registrations, now).await?;
        let pictures = selfie::delete_old(tx, now, BATCH).await?;
        let forgotten = forget(tx, kept_since).await?;
        second_person::sweep(tx, now.plus_seconds(-DAY)).await?;
        call_backs::sweep(context, tx, now).await?;
        Ok(pictures + forgotten)
    })?;
    unreadable.map_or(Ok(ended + deleted), Err)
}

/// Ends one whose time is over; `false` when somebody else ended, prolonged or deleted it in between.
async fn expire(context: &Context, id: Uuid, now: Timestamp) -> Result<bool> {
    let expired = transaction!(context.db, "registration.expire", |tx| {
        // Locked, because its final state decides what is deleted with it.
        let Some(held) = registration::hold(tx, id).await? else { return Ok(false) };
        let progress = held.progress;
        ending::write(tx, progress, &held.expire(now)?, now).await?;
        Ok(true)
    });
    match expired {
        Err(Error::Refused(_)) => Ok(false),
        // Counting a fault as done would make the caller ask again at once, and for ever.
        ended_or_fault => ended_or_fault,
    }
}

/// Deletes registrations that ended without a digital KTP at or before `before`, with everything kept for them; gives how many.
async fn forget(tx: &mut Tx, before: Timestamp) -> DbResult<usize> {
    let mut forgotten = 0;
    for id in registration::long_ended(tx, before, BATCH).await? {
        if registration::delete(tx, id, before).await?.happened() {
            delete_parts(tx, id).await?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

/// Deletes everything that is kept for a registration that was deleted.
pub(super) async fn delete_parts(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    check::delete(tx, id).await?;
    visit::delete(tx, id).await?;
    selfie::delete(tx, id).await?;
    register_copy::delete(tx, id).await?;
    second_person::drop(tx, id).await?;
    call_back::erase(tx, id).await?;
    step::part(tx, id).await?;
    cases::forget(tx, id).await?;
    lookup::forget(tx, id).await?;
    codes::delete(tx, id).await
}

/// Lets offices find what was registered before people could be looked for, a few at a time; gives how many.
///
/// # Errors
/// When the database does not answer, or what it holds cannot be opened.
pub async fn make_findable(context: &Context) -> Result<u64> {
    let mut reader = context.db.read().await?;
    let due = lookup::due(&mut reader, BATCH).await?;
    drop(reader);
    for id in &due {
        transaction!(context.db, "registration.make_findable", |tx| {
            // Held: what it is found by is what it says. It may have been deleted meanwhile.
            if let Some(held) = registration::hold(tx, *id).await? {
                match sealed::keep_findable(&context.vault, tx, &held).await {
                    // One that cannot be read keeps no other from being found.
                    Err(Error::Internal(_)) => {}
                    kept => kept?,
                }
            }
            lookup::done(tx, *id).await?.either_way();
            Ok(())
        })?;
    }
    Ok(due.len() as u64)
}
