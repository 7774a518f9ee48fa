//! Sending a code to an address that nobody has confirmed yet.

use uuid::Uuid;

use super::mail::{Address, CONTACT_CODE};
use super::refusals::too_many;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::input;
use crate::mail::outbox;
use crate::vault::Label;

/// Queues the message with the code of a change, as often as a mailbox gets one.
///
/// # Errors
/// `too_many` with the time to wait.
pub(super) async fn send(context: &Context, tx: &mut Tx, id: Uuid, to: &Address, now: Timestamp) -> Result<()> {
    let mailbox = input::email::mailbox(to.email.expose());
    let index = context.vault.blind_index(Label::EmailIndex, &mailbox);
    if !outbox::allow(tx, CONTACT_CODE, &index, now).await?.happened() {
        let turn = outbox::next_turn(tx, CONTACT_CODE, &index, now).await?;
        return Err(too_many().retry_after(turn.retry_after(now)).into());
    }
    outbox::enqueue(tx, &context.random, now, CONTACT_CODE, id).await?;
    Ok(())
}
