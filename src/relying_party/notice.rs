//! Telling a party that its contract or a key ends, once in each of the last 60, 30 and 7 days; and that something has ended.

use uuid::Uuid;

use super::model::Contact;
use super::store::{self, notice};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::mail::{MailKind, outbox};
use crate::transaction;

/// The message; it refers to the notice.
pub const PARTY_NOTICE: MailKind = MailKind::new("party_notice", 20);

/// Days before an end at which a party is told, the last first.
const DAYS: [i64; 3] = [7, 30, 60];
/// Notices of one round.
const BATCH: i64 = 50;
/// Days for which it is known that a notice was given: longer than an end is announced.
const KEEP_DAYS: i64 = 400;
/// Where the address is sealed: the table of its row.
pub(super) const TABLE: &str = "relying_party";

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum About {
    /// The contract ends.
    Contract,
    /// A key ends.
    Key,
    /// The webhook was stopped, because nothing arrived there for days.
    Webhook,
    /// Four fifths of a day's quota are used.
    Quota,
}
crate::text_column!(About);

/// Tells parties. Cloning shares everything.
#[derive(Clone)]
pub struct Notices {
    context: Context,
}

impl Notices {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Tells what is due, and forgets what was told long ago; gives how much that was. A party without an address is told when it
    /// has one.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn tell_due(&self) -> Result<u64> {
        let now = self.context.now();
        let mut done = 0;
        for days in DAYS {
            let span = (now, now.plus_seconds(days * DAY));
            let (contracts, keys) = {
                let mut tx = self.context.db.read().await?;
                let contracts = notice::contracts(&mut tx, span, days, BATCH).await?;
                (contracts, notice::keys(&mut tx, span, days, BATCH).await?)
            };
            for (about, endings) in [(About::Contract, contracts), (About::Key, keys)] {
                for ending in endings {
                    done += u64::from(transaction!(self.context.db, "relying_party.tell", |tx| {
                        tell(&self.context, tx, about, (ending, days), now).await
                    })?);
                }
            }
        }
        let before = now.plus_seconds(-KEEP_DAYS * DAY);
        Ok(done
            + transaction!(self.context.db, "relying_party.forget_notices", |tx| {
                Ok(notice::sweep(tx, before, BATCH).await?)
            })?)
    }
}

/// Tells a party that something ends in so many days, or has ended (0); gives whether that was not told before.
async fn tell(
    context: &Context,
    tx: &mut Tx,
    about: About,
    (ending, days): (notice::Ending, i64),
    now: Timestamp,
) -> Result<bool> {
    let notice::Ending { relying_party_id, subject_id, ends_at } = ending;
    let notice_id = context.random.uuid_v7(now);
    let row = notice::NoticeRow { notice_id, relying_party_id, about, subject_id, ends_at, days };
    if !notice::add(tx, row, now).await?.happened() {
        return Ok(false);
    }
    outbox::enqueue(tx, &context.random, now, PARTY_NOTICE, notice_id).await?;
    Ok(true)
}

/// Tells a party that its webhook was stopped, because nothing arrived since a time; where it said where it is told.
///
/// # Errors
/// When the database did not take it.
pub async fn webhook_stopped(
    context: &Context,
    tx: &mut Tx,
    party: Uuid,
    since: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let ending = notice::Ending { relying_party_id: party, subject_id: party, ends_at: since };
    tell(context, tx, About::Webhook, (ending, 0), now).await.map(|_| ())
}

/// Tells a party that four fifths of the quota of a day are used, once: the day is known by its end.
pub(super) async fn quota_runs_out(
    context: &Context,
    tx: &mut Tx,
    party: Uuid,
    day_ends_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let ending = notice::Ending { relying_party_id: party, subject_id: party, ends_at: day_ends_at };
    tell(context, tx, About::Quota, (ending, 0), now).await.map(|_| ())
}

/// Where a party is told, if it said so.
pub(super) async fn contact(context: &Context, tx: &mut Tx, party: Uuid) -> Result<Option<Contact>> {
    let sealed = store::party(tx, party).await?.and_then(|row| row.contact_sealed);
    Ok(sealed.map(|sealed| context.vault.open_row(TABLE, party, &sealed)).transpose()?)
}
