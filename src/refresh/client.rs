//! The register's side as one who logs in with keys: they stand in the configuration, because it is the operator's own other hand.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::base64url::encode;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::Result;
use crate::oauth::model::key_of;
use crate::oauth::{Client, Clients, Realm};

/// What it is called in assertions.
pub const CLIENT_ID: &str = "register";

/// The configured keys.
#[derive(Clone)]
pub struct FeedClients(Context);

impl FeedClients {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self(context)
    }

    fn living(&self, now: Timestamp) -> impl Iterator<Item = (String, Client)> + '_ {
        let keys = self.0.config.register.feed_public_keys.iter().filter(move |key| key.until.lasts(now));
        keys.filter_map(|configured| {
            let key = key_of(&configured.jwk)?;
            let thumbprint = key.thumbprint();
            let client = Client {
                key_id: id_of(&thumbprint),
                client_id: String::from(CLIENT_ID),
                party: None,
                realm: Realm::Register,
                key,
                expires_at: Some(configured.until.end()),
            };
            Some((encode(&thumbprint), client))
        })
    }

    /// Whether a token was given to a key that is still configured, and whose last day is not over.
    pub fn has(&self, key_id: Uuid, now: Timestamp) -> bool {
        self.living(now).any(|(_, client)| client.key_id == key_id)
    }
}

impl Clients for FeedClients {
    fn find<'a>(&'a self, kid: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Client>>> {
        let found = self.living(now).find(|(thumbprint, _)| thumbprint == kid).map(|(_, client)| client);
        std::future::ready(Ok(found)).boxed()
    }
}

/// Tokens name a key by an id; a key of the configuration has none but its thumbprint.
fn id_of(thumbprint: &[u8; 32]) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&thumbprint[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
