//! What of the staff stands in the stop log, and what becomes of it when a copy of the database is restored.

use uuid::Uuid;

use super::model::AccountState;
use super::store::{account, passkey, session};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::login::totp;
use crate::stop_log::{Kind, ports as stop_log};

/// Notes what was done about somebody, in the transaction that does it.
///
/// # Errors
/// When the database did not do it.
pub(super) async fn note(context: &Context, tx: &mut Tx, kind: Kind, person: Uuid) -> Result<()> {
    stop_log::note_that(context, tx, (kind, person), None, context.now()).await
}

/// What is noted of somebody who was disabled, or may log in again.
pub(super) const fn switched(state: AccountState) -> Kind {
    match state {
        AccountState::Active => Kind::StaffEnabled,
        AccountState::Disabled => Kind::StaffDisabled,
    }
}

/// Ends all sessions and half-done log-ins of everybody, because the database is a copy, and lets no authenticator code count that may have
/// been used since it was made. Gives how many sessions.
///
/// # Errors
/// When the database did not do it.
pub async fn end_everybodys(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    account::spend_all_steps(tx, now.seconds() / totp::STEP_SECONDS).await?;
    passkey::forget_all_asked(tx).await?;
    Ok(session::end_everybodys(tx).await?)
}

/// Disables somebody again who was disabled after a copy was made, or whose former password would count again. `false` when the copy does not
/// know them.
///
/// # Errors
/// When the database did not do it.
pub async fn disable_again(context: &Context, tx: &mut Tx, person: Uuid) -> Result<bool> {
    let disabled = account::set_state(tx, person, AccountState::Disabled).await?.happened();
    if disabled {
        note(context, tx, Kind::StaffDisabled, person).await?;
    }
    Ok(disabled || account::by_id(tx, person).await?.is_some())
}

/// Lets the rights of somebody rest again. `false` when they rest already, or the copy does not know them.
///
/// # Errors
/// When the database did not do it.
pub async fn pause_again(context: &Context, tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<bool> {
    let paused = account::pause(tx, person, now).await.map(Changed::happened)?;
    if paused {
        note(context, tx, Kind::StaffPaused, person).await?;
    }
    Ok(paused)
}
