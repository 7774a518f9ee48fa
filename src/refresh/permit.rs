//! Foreigners are told before their permit to stay ends, and with it their digital KTP.

use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::holder::Standing;
use crate::holder::model::permit_notice;
use crate::holder::permit::DueNotice;
use crate::holder::ports as holder;
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::transaction;

/// Notices sent in one round.
const BATCH: i64 = 200;

/// Sends the notices that are due; gives how many.
///
/// # Errors
/// When the database did not do it.
pub async fn tell(context: &Context) -> Result<u64> {
    let now = context.now();
    let due = {
        let mut tx = context.db.read().await?;
        holder::due_notices(&mut tx, now, BATCH).await?
    };
    let mut told = 0;
    for notice in due {
        told +=
            u64::from(transaction!(context.db, "refresh.tell_permit", |tx| tell_one(context, tx, notice, now).await)?);
    }
    Ok(told)
}

async fn tell_one(context: &Context, tx: &mut Tx, notice: DueNotice, now: Timestamp) -> Result<bool> {
    let (resident, ends_at, _) = notice;
    // Held, so that the register's word at this moment comes before or after.
    let held = holder::hold(tx, resident).await?;
    if !holder::take_notice(tx, notice, now).await?.happened() {
        return Ok(false);
    }
    let kind = match permit_notice(ends_at, now) {
        Some((60, _)) => EventKind::PermitEndsIn60Days,
        Some((30, _)) => EventKind::PermitEndsIn30Days,
        Some(_) => EventKind::PermitEndsIn7Days,
        None => return Ok(false),
    };
    let lives = held.is_some_and(|held| held.standing != Standing::Deactivated);
    if lives {
        life::happened(context, tx, (resident, kind), now, By::system()).await?;
    }
    Ok(lives)
}
