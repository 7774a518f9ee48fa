//! Registering relying parties and their API keys: what `ikd relying-party` does.

use uuid::Uuid;

use super::authentication::Authentication;
use super::edit;
use super::model::{
    ApiKey, Contact, Entitlement, KEY_DAYS, KeyLine, Party, PartyState, Purpose, Terms, check_name, check_public_key,
    key_end,
};
use super::ports::{NewOwnKey, add_key};
use super::store::{self, key};
use super::usage::Usage;
use crate::attribute::AttributeSet;
use crate::audit::{self, Action};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Code, Language, Refusal, Result};
use crate::register::Date;
use crate::stop_log::{Kind, ports as stop_log};
use crate::{input, transaction};

/// The register of relying parties. Cloning shares it.
#[derive(Clone)]
pub struct RelyingParties {
    pub(super) context: Context,
    pub(super) audit: audit::Service,
    authentication: Authentication,
    usage: Usage,
}

/// A relying party as the command line lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The party.
    pub party: Party,
    /// Whether it may verify.
    pub state: PartyState,
    /// Its keys, oldest first.
    pub keys: Vec<KeyLine>,
}

impl RelyingParties {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        let authentication = Authentication::new(context.clone());
        let usage = Usage::new(context.clone());
        Self { audit: audit::Service::new(context.clone()), context, authentication, usage }
    }

    /// What recognises them by their API keys.
    pub const fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// What counts their questions.
    pub const fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Registers a relying party with its first API key.
    ///
    /// # Errors
    /// As [`RelyingParties::add_without_key`]; `wrong_state` where no API keys are taken any more.
    pub async fn add(&self, name: &str, entitled: AttributeSet, purposes: &[Purpose]) -> Result<(Uuid, ApiKey)> {
        self.require_api_keys()?;
        let new = self.new_key();
        let id = self.add_with(name, entitled, purposes, Some(NewOwnKey::Secret(new.clone()))).await?;
        Ok((id, new))
    }

    /// Registers a relying party; a key of its own is registered for it after that.
    ///
    /// # Errors
    /// `invalid_field` when a name, text or code is unusable or exists already; a name also when one exists that differs
    /// only in capitals or blanks.
    pub async fn add_without_key(&self, name: &str, entitled: AttributeSet, purposes: &[Purpose]) -> Result<Uuid> {
        self.add_with(name, entitled, purposes, None).await
    }

    async fn add_with(
        &self,
        name: &str,
        entitled: AttributeSet,
        purposes: &[Purpose],
        key: Option<NewOwnKey>,
    ) -> Result<Uuid> {
        let name = check_name(name)?;
        let entitlement = Entitlement::of(entitled, purposes).checked()?;
        let now = self.context.now();
        let id = self.context.random.uuid_v7(now);
        transaction!(self.context.db, "relying_party.add", |tx| {
            edit::add(tx, id, (&name, &entitlement), now).await?;
            self.audit.operator(tx, Action::RelyingPartyAdded, id).await?;
            if let Some(key) = &key {
                add_key(tx, id, key, (None, None), now).await?;
                self.audit.operator(tx, Action::ApiKeyAdded, key.key_id()).await?;
            }
            Ok(())
        })?;
        Ok(id)
    }

    /// Registers a public key of the party of that name, good until the end of a day: a year from now, where none is said. Gives whose it is,
    /// and its id.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for what is no public key of ours or is registered, for a label that nobody could read, and for a day
    /// that is over or more than a year away.
    pub async fn register_key(
        &self,
        name: &str,
        jwk: &serde_json::Value,
        label: Option<&str>,
        last_day: Option<Date>,
    ) -> Result<(Uuid, Uuid)> {
        let now = self.context.now();
        let (new, label) = (self.new_public_key(jwk)?, label.map(check_label).transpose()?);
        let year = || Date::in_jakarta(now).plus_days(KEY_DAYS).ok_or(Code::Internal);
        let expires_at = key_end(last_day.map_or_else(year, Ok)?, now)?;
        let party = transaction!(self.context.db, "relying_party.register_key", |tx| {
            let party = store::party_by_name(tx, name).await?.ok_or(Code::NotFound)?.relying_party_id;
            add_key(tx, party, &new, (label.as_deref(), Some(expires_at)), now).await?;
            self.audit.operator(tx, Action::PublicKeyAdded, new.key_id()).await?;
            Ok(party)
        })?;
        Ok((party, new.key_id()))
    }

    /// That API keys are taken: one that opens nothing is not made.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn require_api_keys(&self) -> Result<()> {
        if self.context.config.relying_party.api_keys.are_taken(self.context.now()) {
            return Ok(());
        }
        Err(Refusal::new(Code::WrongState)
            .detail(
                "Layanan ini tidak menerima kunci API lagi: daftarkan kunci publik.",
                "This service takes no API keys any more: register a public key.",
            )
            .into())
    }

    /// Makes a further API key without an end for the party of that name; the older ones go on until they are revoked.
    ///
    /// # Errors
    /// As [`RelyingParties::add_key_until`].
    pub async fn add_key(&self, name: &str) -> Result<ApiKey> {
        self.add_key_until(name, None, None).await
    }

    /// Makes a further API key, with what it is for and its last day where these are given.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for a label that nobody could read, and for a day that is over; `wrong_state` where no API keys are taken
    /// any more.
    pub async fn add_key_until(&self, name: &str, label: Option<&str>, last_day: Option<Date>) -> Result<ApiKey> {
        self.require_api_keys()?;
        let (new, now) = (self.new_key(), self.context.now());
        let label = label.map(check_label).transpose()?;
        let expires_at = last_day.map(|day| end_of(day, now)).transpose()?;
        transaction!(self.context.db, "relying_party.add_key", |tx| {
            let party = store::party_by_name(tx, name).await?.ok_or(Code::NotFound)?.relying_party_id;
            let key = NewOwnKey::Secret(new.clone());
            add_key(tx, party, &key, (label.as_deref(), expires_at), now).await?;
            self.audit.operator(tx, Action::ApiKeyAdded, new.key_id).await
        })?;
        Ok(new)
    }

    /// Sets the last day of a key: from the day after, every node refuses it.
    ///
    /// # Errors
    /// `not_found` when there is no such key that was not revoked, and for a public one that has ended or would live for more than a year;
    /// `invalid_field` for a day that is over.
    pub async fn set_key_end(&self, key_id: Uuid, last_day: Date) -> Result<()> {
        let now = self.context.now();
        let expires_at = end_of(last_day, now)?;
        let latest = Date::in_jakarta(now).plus_days(KEY_DAYS + 1).ok_or(Code::Internal)?.midnight();
        let set = transaction!(self.context.db, "relying_party.set_key_end", |tx| {
            key::set_end(tx, key_id, expires_at, (now, latest)).await?.or(Code::NotFound)?;
            self.audit.operator(tx, Action::ApiKeyEndSet, key_id).await
        });
        self.authentication.forget(key_id);
        set
    }

    /// Sets under what the party of that name verifies, from one day to another: both belong to it.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for a number that nobody could read, and for days in the wrong order.
    pub async fn set_contract(&self, name: &str, number: &str, (from, until): (Date, Date)) -> Result<()> {
        let contract = Terms { number: number.to_owned(), from, until }.contract()?;
        transaction!(self.context.db, "relying_party.set_contract", |tx| {
            let party = store::party_by_name(tx, name).await?.ok_or(Code::NotFound)?.relying_party_id;
            edit::set_contract(tx, party, &contract).await?;
            self.audit.operator(tx, Action::ContractSet, party).await
        })
    }

    /// Sets where the party of that name is told what ends.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for what is no address.
    pub async fn set_contact(&self, name: &str, email: &str, language: Language) -> Result<()> {
        let contact = Contact::typed(email, language)?;
        transaction!(self.context.db, "relying_party.set_contact", |tx| {
            let party = store::party_by_name(tx, name).await?.ok_or(Code::NotFound)?.relying_party_id;
            edit::set_contact(tx, &self.context, party, &contact).await?;
            self.audit.operator(tx, Action::PartyContactSet, party).await
        })
    }

    /// Revokes an API key: every node refuses it within a second.
    ///
    /// # Errors
    /// `not_found` when there is no such living key.
    pub async fn revoke_key(&self, key_id: Uuid) -> Result<()> {
        let revoked = transaction!(self.context.db, "relying_party.revoke_key", |tx| {
            let now = self.context.now();
            key::revoke(tx, key_id, now).await?.or(Code::NotFound)?;
            stop_log::note_that(&self.context, tx, (Kind::ApiKeyRevoked, key_id), None, now).await?;
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
            let keys = super::ports::keys(&mut tx, row.relying_party_id).await?;
            let purposes = store::purposes(&mut tx, row.relying_party_id).await?;
            let (relying_party_id, contract, quota) = (row.relying_party_id, row.contract(), row.quota());
            let party = Party { relying_party_id, name: row.name, entitled: row.attributes, purposes, contract, quota };
            out.push(Listed { party, state: row.state, keys });
        }
        Ok(out)
    }

    /// A public key with an id, which is nowhere yet.
    ///
    /// # Errors
    /// `invalid_field` for what is no public key that we verify with.
    pub fn new_public_key(&self, jwk: &serde_json::Value) -> Result<NewOwnKey> {
        let public_key = check_public_key(jwk)?;
        Ok(NewOwnKey::Public { key_id: self.context.random.uuid_v7(self.context.now()), public_key })
    }

    /// A new key, which is nowhere yet.
    pub fn new_key(&self) -> ApiKey {
        ApiKey::new(self.context.random.uuid_v7(self.context.now()), self.context.random.bytes())
    }
}

/// What a key is for, as it is kept.
///
/// # Errors
/// `invalid_field`.
pub fn check_label(label: &str) -> Result<String> {
    Ok(input::label(label, 60).map_err(|text| Refusal::field("label", text.id, text.en))?)
}

/// When a key ends whose last day this is: the midnight after it, in Jakarta.
fn end_of(last_day: Date, now: Timestamp) -> Result<Timestamp> {
    let end = last_day.plus_days(1).map(Date::midnight).filter(|end| now < *end);
    Ok(end.ok_or_else(|| {
        Refusal::field(
            "until",
            "Hari terakhir harus hari ini atau sesudahnya.",
            "The last day has to be today or later.",
        )
    })?)
}
