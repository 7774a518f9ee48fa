//! Ends requests whose time is over, and forgets what may no longer be kept.

use uuid::Uuid;

use super::model::{EVIDENCE_DAYS_WITHOUT_CARD, KEEP_DAYS, PRINT_SECONDS, State};
use super::{neglect, store};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::transaction;

/// Requests ended in one round.
const BATCH: i64 = 50;

/// Sweeps once; gives how much there was to do.
///
/// # Errors
/// When the database did not do it.
pub async fn sweep(context: &Context) -> Result<u64> {
    let now = context.now();
    let over = {
        let mut tx = context.db.read().await?;
        store::over(&mut tx, now, BATCH).await?
    };
    let mut done = 0;
    for id in over {
        done += u64::from(transaction!(context.db, "card.lapse", |tx| lapse(tx, id, now).await)?);
    }
    let (printed, before) = (now.plus_seconds(-PRINT_SECONDS), now.plus_seconds(-KEEP_DAYS * DAY));
    let forgotten = transaction!(context.db, "card.sweep", |tx| Ok(store::sweep(tx, now, printed, before).await?))?;
    Ok(done + forgotten + neglect::sweep(context).await?)
}

async fn lapse(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool> {
    match store::hold(tx, id).await? {
        Some(held) if held.ended_at.is_none() && held.state(now) == State::Lapsed => {
            let lapsed = store::end(tx, &held, State::Lapsed, now, None).await?.happened();
            let until = now.plus_seconds(EVIDENCE_DAYS_WITHOUT_CARD * DAY);
            store::keep_evidence(tx, id, until).await?.either_way();
            Ok(lapsed)
        }
        _ => Ok(false),
    }
}
