//! Keys in the transactions of other domains: commands and two administrators do the same with the same functions.

use uuid::Uuid;

use super::model::{
    KeyState, LEAST_PUBLISHED_SECONDS, NODE_SILENCE_SECONDS, Retirement, Takeover, changed_since, from_hex, hex,
    no_successor, not_held, not_waiting, too_new,
};
use super::store::{self, KeyRow, Node};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::credential::{KeyId, KeyPurpose};
use crate::db::{DbError, DbResult, Tx};
use crate::error::{Code, Result};
use crate::stop_log::{Kind, ports as stop_log};

/// All keys, and what each node reported.
#[derive(Debug)]
pub struct Overview {
    /// Oldest first.
    pub keys: Vec<KeyRow>,
    /// Nodes of the last day.
    pub nodes: Vec<Node>,
    /// Which node holds which private half.
    pub held: Vec<(Uuid, Vec<u8>)>,
}

/// What is known of keys and nodes.
///
/// # Errors
/// When the database does not answer.
pub async fn overview(tx: &mut Tx) -> DbResult<Overview> {
    Ok(Overview { keys: store::all(tx).await?, nodes: store::nodes(tx).await?, held: store::held(tx).await? })
}

/// What happens when a waiting key signs from now on, earlier than it would by itself.
///
/// # Errors
/// `not_found`; `wrong_state` for one that does not wait, was published within the hour, or is lacking on a node.
pub async fn takeover(context: &Context, tx: &mut Tx, kid: &KeyId, now: Timestamp) -> Result<Takeover> {
    let rows = store::all(tx).await?;
    let row = rows.iter().find(|row| row.kid == kid).ok_or(Code::NotFound)?;
    if row.state != KeyState::Next {
        return Err(not_waiting().into());
    }
    let ahead = context.config.keys.publish_ahead_seconds.min(LEAST_PUBLISHED_SECONDS);
    if row.published_at > now.plus_seconds(-ahead) {
        return Err(too_new().into());
    }
    let since = now.plus_seconds(-NODE_SILENCE_SECONDS);
    if store::lacking(tx, kid, since).await? > 0 || store::holding(tx, kid, since).await? == 0 {
        return Err(not_held().into());
    }
    let active = rows.iter().find(|other| other.purpose == row.purpose && other.state == KeyState::Active);
    Ok(Takeover { purpose: row.purpose, replaces: active.and_then(|row| id_of(&row.kid)) })
}

/// Lets a waiting key sign from now on, as it would by itself later.
///
/// # Errors
/// As [`takeover`]; `wrong_state` when that would be another one than was `expected`.
pub async fn take_over(context: &Context, tx: &mut Tx, kid: &KeyId, expected: &Takeover, now: Timestamp) -> Result<()> {
    if takeover(context, tx, kid, now).await? != *expected {
        return Err(changed_since().into());
    }
    or_again(store::promote(tx, kid, expected.purpose, expected.replaces.as_ref().map(<[u8; 8]>::as_slice), now).await)
}

/// What happens when a token key is retired at once.
///
/// # Errors
/// `not_found`; `wrong_state` when it is the active key and no other one waits.
pub async fn retirement(tx: &mut Tx, kid: &KeyId, now: Timestamp) -> Result<Retirement> {
    let token = KeyPurpose::Token;
    let rows = store::all(tx).await?;
    let row = rows.iter().find(|row| row.kid == kid && row.purpose == token).ok_or(Code::NotFound)?;
    let successor = match row.state {
        KeyState::Retired => return Err(Code::NotFound.into()),
        KeyState::Active => Some(successor(tx, &rows, now).await?.ok_or_else(no_successor)?),
        KeyState::Next | KeyState::Retiring => None,
    };
    Ok(Retirement { state: row.state, successor })
}

/// The token key that takes over at once: the newest that every live node holds. What leaked may be an older one that waits beside it. Where
/// no key is everywhere, that which the fewest nodes lack: a leaked key signs no longer because of a node that is slow.
async fn successor(tx: &mut Tx, rows: &[KeyRow], now: Timestamp) -> Result<Option<KeyId>> {
    let since = now.plus_seconds(-NODE_SILENCE_SECONDS);
    let mut best: Option<(i64, KeyId)> = None;
    // Oldest first: of those that as many lack the last stays.
    for row in rows.iter().filter(|row| row.purpose == KeyPurpose::Token && row.state == KeyState::Next) {
        let (Some(kid), lacking) = (id_of(&row.kid), store::lacking(tx, &row.kid, since).await?) else { continue };
        if best.is_none_or(|(fewest, _)| lacking <= fewest) {
            best = Some((lacking, kid));
        }
    }
    Ok(best.map(|(_, kid)| kid))
}

/// Retires a token key at once. When it is the active one, the key that waits takes over.
///
/// # Errors
/// As [`retirement`]; `wrong_state` when something else would happen than was `expected`.
pub async fn retire_at_once(
    context: &Context,
    tx: &mut Tx,
    kid: &KeyId,
    expected: Option<&Retirement>,
    now: Timestamp,
) -> Result<()> {
    let found = retirement(tx, kid, now).await?;
    if expected.is_some_and(|expected| *expected != found) {
        return Err(changed_since().into());
    }
    or_again(match found.successor {
        Some(next) => store::replace(tx, kid, &next, KeyPurpose::Token, now).await,
        None => store::revoke(tx, kid, KeyPurpose::Token, now).await,
    })?;
    stop_log::note_that(context, tx, (Kind::SigningKeyRevoked, Uuid::nil()), Some(hex(kid)), now).await
}

/// Retires a key again that was retired at once after a copy of the database was made, without a successor where the copy knows of none:
/// then nothing is signed until there is one. `false` when it is retired already, or the copy does not know it.
///
/// # Errors
/// When the database did not do it.
pub async fn retire_again(context: &Context, tx: &mut Tx, kid: &str, now: Timestamp) -> Result<bool> {
    let Some(id) = from_hex(kid) else { return Ok(false) };
    let next = match retirement(tx, &id, now).await {
        Ok(found) => found.successor,
        Err(_) => None,
    };
    let retired = match next {
        Some(next) => store::replace(tx, &id, &next, KeyPurpose::Token, now).await?,
        None => store::revoke_whatever(tx, &id, now).await?,
    };
    if retired.happened() {
        stop_log::note_that(context, tx, (Kind::SigningKeyRevoked, Uuid::nil()), Some(kid.to_owned()), now).await?;
    }
    Ok(retired.happened())
}

/// Keys were promoted or revoked elsewhere meanwhile: the transaction is repeated, and reads the rows again.
fn or_again(changed: DbResult<Changed>) -> Result<()> {
    match changed {
        Ok(changed) if changed.happened() => Ok(()),
        Ok(_) | Err(DbError::Unique) => Err(DbError::Contention.into()),
        Err(error) => Err(error.into()),
    }
}

fn id_of(kid: &[u8]) -> Option<KeyId> {
    kid.try_into().ok()
}
