//! Registering relying parties and their API keys: what `ikd relying-party` does.

use uuid::Uuid;

use super::authentication::Authentication;
use super::model::{ApiKey, Party, PartyState, Purpose};
use super::store::{self, KeyRow};
use crate::attribute::AttributeSet;
use crate::audit::{self, Action};
use crate::context::Context;
use crate::db::DbError;
use crate::error::{Code, Error, Refusal, Result};
use crate::{input, transaction};

/// The register of relying parties. Cloning shares it.
#[derive(Clone)]
pub struct RelyingParties {
    context: Context,
    audit: audit::Service,
    authentication: Authentication,
}

/// A relying party as the command line lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The party.
    pub party: Party,
    /// Whether it may verify.
    pub state: PartyState,
    /// Its keys, oldest first.
    pub keys: Vec<KeyRow>,
}

impl RelyingParties {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        let authentication = Authentication::new(context.clone());
        Self { audit: audit::Service::new(context.clone()), context, authentication }
    }

    /// What recognises them by their API keys.
    pub const fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// Registers a relying party with its first API key.
    ///
    /// # Errors
    /// `invalid_field` when a name, text or code is unusable or exists already; a name also when one exists that differs
    /// only in capitals or blanks.
    pub async fn add(&self, name: &str, entitled: AttributeSet, purposes: &[Purpose]) -> Result<(Uuid, ApiKey)> {
        let name = input::label(name, 100).map_err(|text| Refusal::field("name", text.id, text.en))?;
        let kept: Option<Vec<Purpose>> = purposes.iter().map(Purpose::checked).collect();
        let Some(purposes) = kept.filter(|purposes| !purposes.is_empty()) else {
            return Err(Refusal::field(
                "purpose",
                "Perlu sedikitnya satu tujuan: kode huruf kecil, angka, atau garis bawah, dan teks dalam dua bahasa.",
                "At least one purpose is needed: a code of lower-case letters, digits or underscores, and texts in both languages.",
            )
            .into());
        };
        let now = self.context.now();
        let (id, key) = (self.context.random.uuid_v7(now), self.new_key());
        transaction!(self.context.db, "relying_party.add", |tx| {
            // Holders could not tell two such names apart in their history.
            let alike = input::folded(&name);
            if store::parties(tx).await?.iter().any(|row| input::folded(&row.name) == alike) {
                return Err(taken(DbError::Unique, "name"));
            }
            store::add_party(tx, id, &name, entitled, now).await.map_err(|error| taken(error, "name"))?;
            for purpose in &purposes {
                store::add_purpose(tx, id, purpose).await.map_err(|error| taken(error, "purpose"))?;
            }
            store::add_key(tx, key.key_id, id, &key.hash(), now).await?;
            self.audit.operator(tx, Action::RelyingPartyAdded, id).await?;
            self.audit.operator(tx, Action::ApiKeyAdded, key.key_id).await
        })?;
        Ok((id, key))
    }

    /// Makes a further API key for the party of that name; the older ones go on until they are revoked.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn add_key(&self, name: &str) -> Result<ApiKey> {
        let key = self.new_key();
        transaction!(self.context.db, "relying_party.add_key", |tx| {
            let party = store::party_by_name(tx, name).await?.ok_or(Code::NotFound)?;
            store::add_key(tx, key.key_id, party.relying_party_id, &key.hash(), self.context.now()).await?;
            self.audit.operator(tx, Action::ApiKeyAdded, key.key_id).await
        })?;
        Ok(key)
    }

    /// Revokes an API key: every node refuses it within a second.
    ///
    /// # Errors
    /// `not_found` when there is no such living key.
    pub async fn revoke_key(&self, key_id: Uuid) -> Result<()> {
        let revoked = transaction!(self.context.db, "relying_party.revoke_key", |tx| {
            store::revoke_key(tx, key_id, self.context.now()).await?.or(Code::NotFound)?;
            self.audit.operator(tx, Action::ApiKeyRevoked, key_id).await
        });
        // Whatever came of it: at its next use this node looks it up.
        self.authentication.forget(key_id);
        revoked
    }

    /// All relying parties, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<Listed>> {
        let mut tx = self.context.db.read().await?;
        let mut out = Vec::new();
        for row in store::parties(&mut tx).await? {
            let keys = store::keys(&mut tx, row.relying_party_id).await?;
            let purposes = store::purposes(&mut tx, row.relying_party_id).await?;
            let party =
                Party { relying_party_id: row.relying_party_id, name: row.name, entitled: row.attributes, purposes };
            out.push(Listed { party, state: row.state, keys });
        }
        Ok(out)
    }

    fn new_key(&self) -> ApiKey {
        ApiKey::new(self.context.random.uuid_v7(self.context.now()), self.context.random.bytes())
    }
}

fn taken(error: DbError, field: &'static str) -> Error {
    match error {
        DbError::Unique => {
            Refusal::field(field, "Sudah ada; pakai yang lain.", "It exists already; use another.").into()
        }
        other => other.into(),
    }
}
