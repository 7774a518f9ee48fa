//! What an operator does with keys: making, publishing, revoking, listing. `ikd keys` is its face.

use std::sync::Arc;

use super::files::key_path;
use super::model::{KeyState, MADE, hex};
use super::service::{Keyring, open_hardware};
use super::store::{self, KeyRow, NewKey};
use super::{ports, roots};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::credential::{Algorithm, FileSigner, Jwk, JwkSet, KeyId, KeyPurpose, Signer};
use crate::db::DbError;
use crate::error::{Error, Result};
use crate::vault::Label;
use crate::{setting, transaction};

/// The setting that says which root secret the database is sealed with: the first one that asks sets it.
const ROOT_FINGERPRINT: &str = "root_fingerprint";

impl Keyring {
    /// Makes one active key per purpose that has none yet. Gives the kids of the new keys.
    ///
    /// # Errors
    /// When files or rows cannot be written.
    pub async fn init(context: &Context) -> Result<Vec<(KeyPurpose, KeyId)>> {
        Self::init_with(context, Algorithm::Ed25519).await
    }

    /// [`Keyring::init`] with keys of another algorithm.
    ///
    /// # Errors
    /// When files or rows cannot be written.
    pub async fn init_with(context: &Context, algorithm: Algorithm) -> Result<Vec<(KeyPurpose, KeyId)>> {
        Self::check_root(context).await?;
        let rows = Self::list(context).await?;
        let mut made = Vec::new();
        for purpose in MADE {
            if rows.iter().any(|row| row.purpose == purpose && row.state == KeyState::Active) {
                continue;
            }
            let signer = make(context, purpose, algorithm).await?;
            match publish(context, purpose, signer.as_ref(), KeyState::Active).await {
                Ok(()) => made.push((purpose, signer.kid())),
                // Another command was faster, and its key is the one that counts. In a module this one stays, and signs nothing.
                Err(Error::Db(DbError::Unique)) => {
                    let _ = std::fs::remove_file(key_path(&context.config.keys.directory, purpose, &signer.kid()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }

    /// Publishes a new Ed25519 key that will take the active one's place. The file must then be copied to every other node.
    ///
    /// # Errors
    /// When files or rows cannot be written.
    pub async fn rotate(context: &Context, purpose: KeyPurpose) -> Result<KeyId> {
        Self::rotate_to(context, purpose, Algorithm::Ed25519).await
    }

    /// [`Keyring::rotate`] to a key of another algorithm.
    ///
    /// # Errors
    /// When files or rows cannot be written.
    pub async fn rotate_to(context: &Context, purpose: KeyPurpose, algorithm: Algorithm) -> Result<KeyId> {
        let signer = make(context, purpose, algorithm).await?;
        Self::publish(context, purpose, signer.as_ref()).await?;
        Ok(signer.kid())
    }

    /// Publishes the key of a signer, a hardware module for one, that will take the active one's place once every node holds
    /// it ([`Keyring::open_with`]).
    ///
    /// # Errors
    /// When the row cannot be written.
    pub async fn publish(context: &Context, purpose: KeyPurpose, signer: &dyn Signer) -> Result<()> {
        publish(context, purpose, signer, KeyState::Next).await
    }

    /// Retires a token key at once, for one that may be in a stranger's hands: tokens signed with it are refused as soon as
    /// the nodes have looked (a second). When it was the active one, the waiting key takes over without its publish-ahead
    /// time. Receipt keys are not revoked: what they attested stays attested.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it is the active key and no other one waits.
    pub async fn revoke(context: &Context, kid: KeyId) -> Result<()> {
        transaction!(context.db, "keyring.revoke", |tx| {
            ports::retire_at_once(context, tx, &kid, None, context.now()).await
        })
    }

    /// Refuses a root secret that is not the one this database is sealed with; a database without one takes it. The version that all nodes
    /// seal with is that of this process from here on.
    ///
    /// # Errors
    /// When it is another one, or the database does not answer.
    pub async fn check_root(context: &Context) -> Result<()> {
        let own = hex(&context.vault.mac_index(Label::Audit, &[b"root fingerprint"]));
        let now = context.now();
        let known = transaction!(context.db, "keyring.check_root", |tx| {
            Ok(setting::put_first(tx, ROOT_FINGERPRINT, &own, now).await?)
        })?;
        if known == own {
            return roots::settle(context).await;
        }
        Err(Error::internal(format!(
            "{}/root does not hold the root secret that this database is sealed with: copy root/ from another node or the backup",
            context.config.keys.directory.display()
        )))
    }

    /// All keys with their states, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(context: &Context) -> Result<Vec<KeyRow>> {
        let mut tx = context.db.read().await?;
        Ok(store::all(&mut tx).await?)
    }

    /// The published key set of all rows, for `/.well-known/jwks.json` and `keys export`.
    pub fn jwks_of(rows: &[KeyRow], now: Timestamp) -> JwkSet {
        let published = rows.iter().filter(|row| row.state.is_published(row.purpose, row.retired_at, now));
        JwkSet { keys: published.filter_map(|row| Some(Jwk::new(&row.key()?, row.purpose))).collect() }
    }
}

/// Makes a key: in the hardware module where there is one, else in a file. The log's alone is a file also beside a module that knows no Ed25519:
/// what it signs can be signed anew, and gives nobody a digital KTP.
async fn make(context: &Context, purpose: KeyPurpose, wanted: Algorithm) -> Result<Arc<dyn Signer>> {
    let algorithm = algorithm_of(purpose, wanted);
    if let Some(hardware) = open_hardware(context).await? {
        let made = tokio::task::spawn_blocking(move || {
            let fits = purpose != KeyPurpose::Log || hardware.can(algorithm)?;
            fits.then(|| hardware.generate(purpose, algorithm)).transpose()
        });
        if let Some(signer) = made.await.map_err(Error::internal)?? {
            return Ok(Arc::new(signer));
        }
    }
    let signer = FileSigner::generate(algorithm, &context.random);
    signer.write(&key_path(&context.config.keys.directory, purpose, &signer.kid()))?;
    Ok(Arc::new(signer))
}

/// Signed notes know Ed25519 alone (c2sp.org/signed-note), whatever tokens are signed with.
fn algorithm_of(purpose: KeyPurpose, wanted: Algorithm) -> Algorithm {
    if purpose == KeyPurpose::Log { Algorithm::Ed25519 } else { wanted }
}

async fn publish(context: &Context, purpose: KeyPurpose, signer: &dyn Signer, state: KeyState) -> Result<()> {
    let now = context.now();
    transaction!(context.db, "keyring.publish", |tx| {
        Ok(store::add(tx, &NewKey { key: signer.public_key(), purpose, state, published_at: now }).await?)
    })
}
