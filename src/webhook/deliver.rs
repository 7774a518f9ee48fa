//! Delivery: one webhook at a time for each party, the oldest message first, in a leased job.

use std::time::Duration;

use uuid::Uuid;

use super::client::PATIENCE;
use super::model::{Fault, GIVE_UP_SECONDS, delay_seconds};
use super::service::Webhooks;
use super::store::{self, Row};
use crate::clock::stopwatch;
use crate::error::Result;
use crate::failpoint::{self, Side};
use crate::jobs::Queue;
use crate::relying_party::notice;
use crate::transaction;

/// Webhooks that are sent to at once.
const AT_ONCE: usize = 8;
/// Messages for a webhook in one turn: then others are due too.
const A_TURN: i64 = 20;
/// How long a turn may take: what waits then waits for the next.
const TURN: Duration = Duration::from_secs(60);
/// Seconds for which a node holds a webhook: longer than a turn and its last message.
const LEASE_SECONDS: i64 = 120;

/// A webhook that this node holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    party: Uuid,
    holder: Uuid,
}

impl Queue for Webhooks {
    type Item = Held;

    const NAME: &'static str = "webhook.deliver";

    fn concurrency(&self) -> usize {
        AT_ONCE
    }

    fn patience(&self) -> Duration {
        PATIENCE * 2
    }

    async fn take(&self, most: usize) -> Result<Vec<Held>> {
        let now = self.context.now();
        let most = i64::try_from(most).unwrap_or(1);
        let due = store::due(&mut self.context.db.read().await?, now, most).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let (holder, until) = (self.context.random.uuid_v7(now), now.plus_seconds(LEASE_SECONDS));
        transaction!(self.context.db, "webhook.lease", |tx| {
            let mut held = Vec::new();
            for party in &due {
                if store::lease(tx, *party, holder, until, now).await?.happened() {
                    held.push(Held { party: *party, holder });
                }
            }
            Ok(held)
        })
    }

    async fn work(&self, held: Held) -> Result<()> {
        let begun = stopwatch();
        let (row, messages) = {
            let mut tx = self.context.db.read().await?;
            let row = store::lookup(&mut tx, held.party).await?;
            (row, store::next(&mut tx, held.party, A_TURN).await?)
        };
        let Some(row) = row else { return Ok(()) };
        let target = self.target(&row)?;
        for message in messages {
            let now = self.context.now();
            failpoint::pass("webhook.send", Side::Before);
            let sent = self.send(&target, message.message_id, message.body, now).await;
            failpoint::pass("webhook.send", Side::After);
            match sent {
                Ok(_) => {
                    metrics::counter!("ikd_webhook_total", "result" => "delivered").increment(1);
                    let noted = transaction!(self.context.db, "webhook.delivered", |tx| {
                        Ok(store::delivered(tx, held.party, held.holder, message.message_id, now).await?.happened())
                    })?;
                    // Another address was set meanwhile: the rest is for that.
                    if !noted {
                        return Ok(());
                    }
                }
                Err(fault) => return self.note_fault(held, &row, fault).await,
            }
            if begun.elapsed() > TURN {
                break;
            }
        }
        transaction!(self.context.db, "webhook.release", |tx| {
            store::release(tx, held.party, held.holder).await?.either_way();
            Ok(())
        })
    }
}

impl Webhooks {
    /// Sets the next try; or stops the webhook when it is gone, or nothing arrived for days, and has its party told.
    async fn note_fault(&self, Held { party, holder }: Held, row: &Row, fault: Fault) -> Result<()> {
        metrics::counter!("ikd_webhook_total", "result" => "failed").increment(1);
        let now = self.context.now();
        let since = row.failing_since.unwrap_or(now);
        let is_over = fault == Fault::Gone || since.plus_seconds(GIVE_UP_SECONDS) <= now;
        transaction!(self.context.db, "webhook.failed", |tx| {
            if is_over {
                if store::stop(tx, (party, holder), fault, now).await?.happened() {
                    store::forget(tx, party).await?;
                    notice::webhook_stopped(&self.context, tx, party, since, now).await?;
                }
            } else {
                let due = now.plus_seconds(delay_seconds(row.failures + 1));
                store::failed(tx, (party, holder), fault, now, due).await?.either_way();
            }
            Ok(())
        })
    }
}
