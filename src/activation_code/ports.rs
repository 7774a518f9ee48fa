//! What is done with codes and their mails for other domains, inside their transactions. A code is taken before its messages, as the
//! mail worker takes them: two that took them in opposite orders would wait for each other.

use uuid::Uuid;

use super::model::{CODE_LIFETIME_SECONDS, CODES_A_DAY, MailStatus, day_of, next_day};
use super::store;
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::db::{DbError, DbResult, Tx};
use crate::error::{Code, Refusal, Result};
use crate::mail::outbox;
use crate::mail::{MailKind, MailState};

pub use super::store::{count_try, delete, end_all, lookup};

/// The message with an activation code, to the address of an approved registration, to which it refers.
pub const ACTIVATION_CODE: MailKind = MailKind::new("activation_code", 3);
/// Seconds for which an approval's mail waits at most for its address's turn.
const LONGEST_HOLD_SECONDS: i64 = 6 * HOUR;

/// Begins with the first code, and queues its mail; when the address has had its share, for the time of its next turn. The caller
/// wakes the mail worker after the commit.
///
/// # Errors
/// When the database did not do it.
pub async fn begin(context: &Context, tx: &mut Tx, id: Uuid, email_index: &[u8], now: Timestamp) -> Result<()> {
    store::add(tx, id).await?;
    match outbox::reserve(tx, ACTIVATION_CODE, email_index, now, LONGEST_HOLD_SECONDS).await? {
        Some(due) => {
            outbox::enqueue_at(tx, &context.random, (now, due), ACTIVATION_CODE, id).await?;
        }
        // The status says so, and from when the resident can ask for it in the app.
        None => tracing::warn!("an approval's mail is not sent: the address has had its share"),
    }
    Ok(())
}

/// Voids the code, because the resident has another address now, and queues the mail with the next one to it.
///
/// # Errors
/// `too_many` when the address, or the registration on this day, has had its share.
pub async fn send_elsewhere(
    context: &Context,
    tx: &mut Tx,
    id: Uuid,
    email_index: &[u8],
    now: Timestamp,
) -> Result<()> {
    let code = store::lookup(tx, id).await?.ok_or(Code::WrongState)?;
    // One of the address's turns is left for its owner's first code: who moves here may be a stranger.
    let left = -outbox::ALLOWANCE_INTERVAL_SECONDS;
    if outbox::reserve(tx, ACTIVATION_CODE, email_index, now, left).await?.is_none() {
        let turn = outbox::next_turn(tx, ACTIVATION_CODE, email_index, now).await?;
        let turn = turn.plus_seconds(outbox::ALLOWANCE_INTERVAL_SECONDS);
        return Err(Refusal::new(Code::TooMany).retry_after(turn.retry_after(now)).into());
    }
    store::replace(tx, id, code.generation, day_of(now), CODES_A_DAY).await?.or(too_many_addresses())?;
    // What still waits would bring the new code to the new address once more, beyond its allowance.
    outbox::supersede(tx, ACTIVATION_CODE, id).await?;
    outbox::enqueue(tx, &context.random, now, ACTIVATION_CODE, id).await?;
    Ok(())
}

/// Queues the mail with the living code again, or with a new one when it has expired or its tries are used up. While a mail still
/// waits to be sent, this changes nothing. Gives how far the mail is. The caller wakes the mail worker after the commit.
///
/// # Errors
/// `too_many`; `wrong_state` before the approval.
pub async fn resend(
    context: &Context,
    tx: &mut Tx,
    id: Uuid,
    email_index: &[u8],
    now: Timestamp,
) -> Result<MailStatus> {
    let code = store::lookup(tx, id).await?.ok_or(Code::WrongState)?;
    if code.lives(now) {
        match outbox::state(tx, ACTIVATION_CODE, id, now).await? {
            Some((MailState::Queued, _)) => return Ok(MailStatus { mail: MailState::Queued, at: None }),
            Some((MailState::Held, due)) => return Ok(MailStatus { mail: MailState::Held, at: Some(due) }),
            _ => {}
        }
    } else {
        if code.codes_today(now) >= CODES_A_DAY {
            return Err(too_many_codes(now).into());
        }
        store::replace(tx, id, code.generation, day_of(now), CODES_A_DAY).await?.or(DbError::Contention)?;
        outbox::supersede(tx, ACTIVATION_CODE, id).await?;
    }
    if !outbox::allow(tx, ACTIVATION_CODE, email_index, now).await?.happened() {
        // All of it is undone: a new code that nobody gets would only void the old one.
        let until = outbox::next_turn(tx, ACTIVATION_CODE, email_index, now).await?;
        return Err(too_many_mails().retry_after(until.retry_after(now)).into());
    }
    outbox::enqueue(tx, &context.random, now, ACTIVATION_CODE, id).await?;
    Ok(MailStatus { mail: MailState::Queued, at: None })
}

/// How far the mail with the code is, and when something more can happen. What is not going to be sent is not said to be.
///
/// # Errors
/// When the database does not answer.
pub async fn mail_status(tx: &mut Tx, id: Uuid, email_index: &[u8], now: Timestamp) -> DbResult<MailStatus> {
    Ok(match outbox::state(tx, ACTIVATION_CODE, id, now).await? {
        Some((MailState::Held, due)) => MailStatus { mail: MailState::Held, at: Some(due) },
        Some((mail, _)) => MailStatus { mail, at: None },
        None => {
            let turn = outbox::next_turn(tx, ACTIVATION_CODE, email_index, now).await?;
            MailStatus { mail: MailState::NotSent, at: Some(turn) }
        }
    })
}

/// Notes that the mail with the code was handed over at `now`: the code's 24 hours begin. For the mail worker, in the
/// transaction that marks the mail sent. A repeated mail does not lengthen them.
///
/// # Errors
/// When the database did not do it.
pub async fn on_sent(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<()> {
    store::sent(tx, id, now, now.plus_seconds(CODE_LIFETIME_SECONDS)).await
}

const fn too_many_codes(now: Timestamp) -> Refusal {
    Refusal::new(Code::TooMany)
        .detail(
            "Paling banyak 3 kode baru sehari; minta lagi besok. Anda tidak perlu ke loket lagi.",
            "At most 3 new codes a day; ask again tomorrow. No second visit is needed.",
        )
        .retry_after(next_day(now).retry_after(now))
}

fn too_many_addresses() -> Refusal {
    Refusal::new(Code::TooMany)
        .detail(
            "Paling banyak 3 kode baru sehari, juga karena ganti surel; ubah lagi besok.",
            "At most 3 new codes a day, changes of address included; change it again tomorrow.",
        )
        .retry_after(HOUR as u64)
}

const fn too_many_mails() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Alamat surel ini sudah menerima beberapa pesan; periksa kotak masuk dan folder spam, lalu minta lagi nanti.",
        "This address has had several messages; look in the inbox and the spam folder, then ask again later.",
    )
}
