//! What activation does for other domains, inside their transactions.

use uuid::Uuid;

use super::captcha::Solved;
use super::model::{CODE_LIFETIME_SECONDS, CODES_A_DAY, day_of, next_day};
use super::store;
use crate::clock::Timestamp;
use crate::core::Core;
use crate::db::{DbResult, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::mail::MailKind;
use crate::mail::outbox;

/// Whether the mail with a new code is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// It is in the outbox: wake the worker after the commit.
    Queued,
    /// The address has had too many mails; the resident asks for it again later.
    AllowanceUsedUp,
}

/// Begins a code at an approval: call it after the row has become `code_sent`, in the same transaction. Puts the mail
/// into the outbox if the address may get one.
///
/// # Errors
/// When the registration is not in `code_sent`, or the database did not do it.
pub async fn issue_code(
    core: &Core,
    tx: &mut Tx,
    registration_id: Uuid,
    email_index: &[u8],
    now: Timestamp,
) -> Result<Dispatch> {
    let status = store::lookup(tx, registration_id).await?.ok_or(Code::NotFound)?;
    // An officer's act does not use up the resident's own three a day.
    let count = status.codes_today(now);
    if !store::new_code(tx, registration_id, status.generation, day_of(now), count).await? {
        return Err(Code::WrongState.into());
    }
    dispatch(core, tx, registration_id, email_index, now).await
}

/// Voids a code and begins another after the resident changed the address; counts towards the three new codes a day.
///
/// # Errors
/// `too_many` beyond that, `wrong_state` outside `code_sent`, or the database did not do it.
pub async fn reissue_code(
    core: &Core,
    tx: &mut Tx,
    registration_id: Uuid,
    email_index: &[u8],
    now: Timestamp,
) -> Result<Dispatch> {
    let status = store::lookup(tx, registration_id).await?.ok_or(Code::NotFound)?;
    if !status.waits_for_code(now) {
        return Err(Code::WrongState.into());
    }
    let count = status.codes_today(now) + 1;
    if count > CODES_A_DAY {
        return Err(too_many_codes(now).into());
    }
    if !store::new_code(tx, registration_id, status.generation, day_of(now), count).await? {
        return Err(Error::Db(crate::db::DbError::Contention));
    }
    dispatch(core, tx, registration_id, email_index, now).await
}

pub(super) async fn dispatch(
    core: &Core,
    tx: &mut Tx,
    registration_id: Uuid,
    email_index: &[u8],
    now: Timestamp,
) -> Result<Dispatch> {
    if !outbox::allow(tx, email_index, now).await? {
        return Ok(Dispatch::AllowanceUsedUp);
    }
    outbox::enqueue(tx, &core.random, now, MailKind::ActivationCode, registration_id).await?;
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

/// Spends a captcha in the transaction of what it pays for.
///
/// # Errors
/// `captcha_invalid` when it was spent before.
pub async fn spend_captcha(tx: &mut Tx, solved: &Solved) -> Result<()> {
    if store::spend_captcha(tx, &solved.hash, solved.expires_at).await? {
        Ok(())
    } else {
        Err(Code::CaptchaInvalid.into())
    }
}

/// Forgets captchas that have expired; for the sweeper. Gives how many.
///
/// # Errors
/// When the database did not do it.
pub async fn sweep_captchas(tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    store::sweep_captchas(tx, now).await
}
