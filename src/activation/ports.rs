//! Functions of activation for the transactions of other domains.

use uuid::Uuid;

use super::model::{CODE_LIFETIME_SECONDS, next_day};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::error::{Code, Refusal, Result};
use crate::mail::MailKind;
use crate::mail::outbox;

/// Whether the mail with a new code is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// It is in the outbox: wake the worker after the commit.
    Queued,
    /// The address has had too many mails; the resident asks for it again later.
    AllowanceUsedUp {
        /// From when on.
        until: Timestamp,
    },
}

pub(super) async fn dispatch(
    context: &Context,
    tx: &mut Tx,
    registration_id: Uuid,
    email_index: &[u8],
    now: Timestamp,
) -> Result<Dispatch> {
    let kind = MailKind::ActivationCode;
    if !outbox::allow(tx, kind, email_index, now).await?.happened() {
        return Ok(Dispatch::AllowanceUsedUp { until: outbox::next_turn(tx, kind, email_index, now).await? });
    }
    outbox::enqueue(tx, &context.random, now, kind, registration_id).await?;
    Ok(Dispatch::Queued)
}

pub(super) const fn too_many_codes(now: Timestamp) -> Refusal {
    Refusal::new(Code::TooMany)
        .detail(
            "Paling banyak 3 kode baru sehari; minta lagi besok. Anda tidak perlu ke loket lagi.",
            "At most 3 new codes a day; ask again tomorrow. No second visit is needed.",
        )
        .retry_after(next_day(now).retry_after(now))
}

/// Notes that the mail with the code was handed over at `now`: the code's 24 hours begin. For the mail worker, in the
/// transaction that marks the mail sent. A repeated mail does not lengthen them.
///
/// # Errors
/// When the database did not do it.
pub async fn on_sent(tx: &mut Tx, registration_id: Uuid, now: Timestamp) -> DbResult<()> {
    store::sent(tx, registration_id, now, now.plus_seconds(CODE_LIFETIME_SECONDS)).await
}
