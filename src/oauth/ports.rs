//! Who else says whose keys there are.

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::token::Realm;
use crate::clock::Timestamp;
use crate::credential::PublicKey;
use crate::error::Result;

/// A key that lives, and whose it is.
#[derive(Clone, Debug)]
pub struct Client {
    /// The key's id: access tokens name it.
    pub key_id: Uuid,
    /// What its owner is called here: `iss` and `sub` of assertions.
    pub client_id: String,
    /// The relying party, where it is one.
    pub party: Option<Uuid>,
    /// What its tokens open.
    pub realm: Realm,
    /// The key.
    pub key: PublicKey,
    /// When the key ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A domain that has clients.
pub trait Clients: Send + Sync {
    /// The client of a key that lives at this time, by what assertions call the key.
    ///
    /// # Errors
    /// When the database does not answer.
    fn find<'a>(&'a self, kid: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Client>>>;
}
