//! Who held a digital KTP on paper alone and let it go: long after the last card stopped counting, the digital KTP ends as if its holder had
//! closed it, and what is kept of them is erased a day later as after any closure.

use uuid::Uuid;

use super::model::KEEP_DAYS;
use super::store;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::holder::ports as holder;
use crate::holder::{CredentialState, Lift, Reason};
use crate::life::ports::{self as life, By};
use crate::transaction;

/// Residents judged in one round.
const BATCH: i64 = 50;
/// Seconds for which a card that was voided long enough ago is looked at again: a node that was down for less misses none, and after that
/// its expiry is still to come.
const AGAIN_SECONDS: i64 = 3 * DAY;

/// Ends the digital KTPs of those whose last card stopped counting [`KEEP_DAYS`] days ago and who have no phone, and forgets cards that
/// expired as long ago; gives how many of both. Ninety days, as for every ended case here: who comes back for another card a season late
/// finds what was proven, and a dispute about the last checks can still be settled.
///
/// # Errors
/// When the database did not do it.
pub(super) async fn sweep(context: &Context) -> Result<u64> {
    let now = context.now();
    let before = now.plus_seconds(-KEEP_DAYS * DAY);
    let found = {
        let mut tx = context.db.read().await?;
        let mut found = store::expired(&mut tx, before, BATCH).await?;
        for resident in store::voided(&mut tx, (before.plus_seconds(-AGAIN_SECONDS), before)).await? {
            if !found.contains(&resident) && is_neglected(&mut tx, resident, before, now).await? {
                found.push(resident);
            }
        }
        found
    };
    let mut done = 0;
    for resident in found {
        done += transaction!(context.db, "card.neglect", |tx| end(context, tx, resident, before, now).await)?;
    }
    Ok(done)
}

async fn end(context: &Context, tx: &mut Tx, resident: Uuid, before: Timestamp, now: Timestamp) -> Result<u64> {
    // The credential first: a card that is granted, or a phone that is activated, at this moment comes before or after.
    holder::hold(tx, resident).await?;
    let neglected = is_neglected(tx, resident, before, now).await?;
    if neglected {
        life::stop(context, tx, resident, Reason::Closed, (now, None), By::system()).await?;
    }
    Ok(store::forget_expired(tx, resident, before).await? + u64::from(neglected))
}

/// Whether somebody holds a digital KTP on paper alone, and every card stopped counting at `before` or earlier. What the register stopped
/// stays as it is: only the register lifts that.
async fn is_neglected(tx: &mut Tx, resident: Uuid, before: Timestamp, now: Timestamp) -> Result<bool> {
    let Some(credential) = holder::credential(tx, resident).await? else { return Ok(false) };
    let may_end = match credential.standing.state() {
        CredentialState::Active => true,
        CredentialState::Blocked => {
            let status = holder::status(tx, resident).await?;
            status.is_none_or(|status| status.lift(now) != Lift::Register)
        }
        CredentialState::Deactivated => false,
    };
    Ok(may_end && !holder::is_on_phone(tx, resident).await? && !store::has_any_since(tx, resident, before).await?)
}
