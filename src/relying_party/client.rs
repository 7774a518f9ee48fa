//! Relying parties as those who log in with keys.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::service::RelyingParties;
use super::store;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::oauth::model::key_of;
use crate::oauth::{Client, Clients, Realm};

impl Clients for RelyingParties {
    fn find<'a>(&'a self, kid: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Client>>> {
        async move {
            let Ok(key_id) = Uuid::try_parse(kid) else { return Ok(None) };
            let mut tx = self.context.db.read().await?;
            let Some(row) = store::key::living(&mut tx, key_id).await? else { return Ok(None) };
            let (party, expires_at) = (row.relying_party_id, row.expires_at);
            let key = row.public_key.as_deref().and_then(key_of).filter(|_| expires_at.is_none_or(|end| now < end));
            let client_id = party.to_string();
            Ok(key.map(|key| Client { key_id, client_id, party: Some(party), realm: Realm::Service, key, expires_at }))
        }
        .boxed()
    }
}
