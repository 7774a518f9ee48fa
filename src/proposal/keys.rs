//! What can be asked about signing keys. No private half is ever here: `ikd keys rotate` makes it on a machine, and what two decide is
//! when it begins to sign, or that one does no more (ADR 31).

use uuid::Uuid;

use super::model::Matter;
use super::parties::Asker;
use super::service::Proposals;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::credential::{KeyId, KeyPurpose};
use crate::db::Tx;
use crate::error::{Code, Result};
use crate::keyring::KeyState;
use crate::keyring::model::{Retirement, Takeover, from_hex, hex};
use crate::keyring::ports as keys;

impl Proposals {
    /// Asks that a waiting key sign from now on.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` for one that does not wait, was published within the hour or is lacking on a node, and when the same
    /// waits already.
    pub async fn ask_key_activation(&self, asker: Asker, key_id: &str, reason: &str) -> Result<Uuid> {
        let kid = from_hex(key_id).ok_or(Code::NotFound)?;
        let mut tx = self.context.db.read().await?;
        let Takeover { purpose, replaces } = keys::takeover(&self.context, &mut tx, &kid, self.now()).await?;
        drop(tx);
        let (purpose, replaces) = (purpose.as_str().to_owned(), replaces.map(|kid| hex(&kid)));
        let matter = Matter::ActivateKey { key_id: hex(&kid), purpose, replaces };
        self.ask(asker, (&matter, &hex(&kid)), reason).await
    }

    /// Asks that a token key be retired at once.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` for the active one when no other waits, and when the same waits already.
    pub async fn ask_key_revocation(&self, asker: Asker, key_id: &str, reason: &str) -> Result<Uuid> {
        let kid = from_hex(key_id).ok_or(Code::NotFound)?;
        let mut tx = self.context.db.read().await?;
        let Retirement { state, successor } = keys::retirement(&mut tx, &kid, self.now()).await?;
        drop(tx);
        let matter = Matter::RevokeKey { key_id: hex(&kid), state, successor: successor.map(|kid| hex(&kid)) };
        self.ask(asker, (&matter, &hex(&kid)), reason).await
    }
}

/// Lets a key sign from now on in the place of the one that was shown.
pub(super) async fn activate(
    context: &Context,
    tx: &mut Tx,
    (key_id, purpose, replaces): (&str, &str, Option<&str>),
    now: Timestamp,
) -> Result<()> {
    let purpose = KeyPurpose::from_name(purpose).ok_or(Code::NotFound)?;
    let expected = Takeover { purpose, replaces: replaces.map(id).transpose()? };
    keys::take_over(context, tx, &id(key_id)?, &expected, now).await
}

/// Retires a key at once, as it was shown.
pub(super) async fn revoke(
    context: &Context,
    tx: &mut Tx,
    (key_id, state, successor): (&str, KeyState, Option<&str>),
    now: Timestamp,
) -> Result<()> {
    let expected = Retirement { state, successor: successor.map(id).transpose()? };
    keys::retire_at_once(context, tx, &id(key_id)?, Some(&expected), now).await
}

fn id(text: &str) -> Result<KeyId> {
    Ok(from_hex(text).ok_or(Code::NotFound)?)
}
