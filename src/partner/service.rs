//! What administrators of relying parties look after.

use uuid::Uuid;

use super::act::{Administrator, DisableEmployee, EnableEmployee, MakeKey, ReadParty, RegisterKey, RevokeKey};
use super::model::Month;
use crate::audit;
use crate::audited;
use crate::clock::Timestamp;
use crate::config::ApiKeys;
use crate::context::Context;
use crate::error::{Code, Result};
use crate::page::{self, Page};
use crate::register::Date;
use crate::relying_party::model::{Span, key_end};
use crate::relying_party::ports::NewOwnKey;
use crate::relying_party::service::check_label;
use crate::relying_party::usage::Counted;
use crate::relying_party::{ApiKey, KeyLine, Party, Quota, RelyingParties, ports};
use crate::staff::Allowed;
use crate::staff::model::{AccountState, check_username};
use crate::staff::ports::{self as people, Member};

/// What is done for a party by its administrators. Cloning shares everything.
#[derive(Clone)]
pub struct Partners {
    pub(super) context: Context,
    pub(super) audit: audit::Service,
    parties: RelyingParties,
}

impl Partners {
    /// Over the shared tables.
    pub fn new(context: Context, parties: RelyingParties) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, parties }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.context.now()
    }

    /// How many checks a party may put: as its contract says, else as is configured.
    pub fn quota(&self, party: &Party) -> Quota {
        party.quota.or_configured(&self.context.config.quota)
    }

    /// The keys of the own party, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keys(&self, who: &Allowed<ReadParty>) -> Result<Vec<KeyLine>> {
        let mut tx = self.context.db.read().await?;
        ports::keys(&mut tx, who.agent.party.relying_party_id).await
    }

    /// How many checks of today's quota nodes have taken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn used_today(&self, who: &Allowed<ReadParty>) -> Result<i64> {
        let mut tx = self.context.db.read().await?;
        ports::taken(&mut tx, who.agent.party.relying_party_id, Span::Day, self.now()).await
    }

    /// Makes a key, good until the end of a day, which is shown once.
    ///
    /// # Errors
    /// `invalid_field` for a label that nobody could read, for a day that is over or more than a year away; `wrong_state` where two API
    /// keys live, or none are taken any more.
    pub async fn make_key(&self, who: &Allowed<MakeKey>, label: &str, last_day: Date) -> Result<(ApiKey, Timestamp)> {
        self.parties.require_api_keys()?;
        let (label, now) = (check_label(label)?, self.now());
        let ends_at = key_end(last_day, now)?;
        let (key, party) = (self.parties.new_key(), who.agent.party.relying_party_id);
        let new = NewOwnKey::Secret(key.clone());
        audited!(self.audit, who.event(key.key_id), "partner.make_key", |tx| {
            ports::add_own_key(tx, party, &new, (&label, ends_at), now).await
        })?;
        Ok((key, ends_at))
    }

    /// Registers a public key, good until the end of a day; gives its id.
    ///
    /// # Errors
    /// `invalid_field` for what is no public key of ours or is registered, for a label that nobody could read, for a day that is over or
    /// more than a year away; `wrong_state` where two public keys live.
    pub async fn register_key(
        &self,
        who: &Allowed<RegisterKey>,
        jwk: &serde_json::Value,
        label: &str,
        last_day: Date,
    ) -> Result<(NewOwnKey, Timestamp)> {
        let (new, label, now) = (self.parties.new_public_key(jwk)?, check_label(label)?, self.now());
        let (ends_at, party) = (key_end(last_day, now)?, who.agent.party.relying_party_id);
        audited!(self.audit, who.event(new.key_id()), "partner.register_key", |tx| {
            ports::add_own_key(tx, party, &new, (&label, ends_at), now).await
        })?;
        Ok((new, ends_at))
    }

    /// Until when API keys are taken.
    pub fn api_keys(&self) -> ApiKeys {
        self.context.config.relying_party.api_keys
    }

    /// What assertions have as their audience.
    pub fn token_issuer(&self) -> &str {
        &self.context.config.service.public_url
    }

    /// Revokes a key: every node refuses it within a second. Repeated it is a success.
    ///
    /// # Errors
    /// `not_found` for a key that is not the party's.
    pub async fn revoke_key(&self, who: &Allowed<RevokeKey>, key_id: Uuid) -> Result<()> {
        let party = who.agent.party.relying_party_id;
        let revoked = audited!(self.audit, who.event(key_id), "partner.revoke_key", |tx| {
            ports::revoke_own_key(&self.context, tx, party, key_id, self.now()).await.map(|_| ())
        });
        // Whatever came of it: at its next use this node looks it up.
        self.parties.authentication().forget(key_id);
        revoked
    }

    /// The people of the own party, by their user names.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn people(&self, who: &Allowed<ReadParty>, cursor: Option<&str>, limit: i64) -> Result<Page<Member>> {
        let after: Name = page::after(cursor, Name(String::new()))?;
        let limit = limit.clamp(1, page::MOST);
        let mut tx = self.context.db.read().await?;
        let rows = people::members(&mut tx, who.agent.party.relying_party_id, &after.0, limit + 1).await?;
        Ok(Page::new(rows, limit, |row| Name(row.username.clone())))
    }

    /// Disables an employee at once. Repeated it is a success.
    ///
    /// # Errors
    /// `not_found` for whoever is no employee of the own party, another administrator too.
    pub async fn disable(&self, who: &Allowed<DisableEmployee>, employee: Uuid) -> Result<()> {
        let Administrator { staff_id, party } = &who.agent;
        audited!(self.audit, who.event(employee), "partner.disable_employee", |tx| {
            people::switch_employee(
                &self.context,
                tx,
                (party.relying_party_id, employee),
                *staff_id,
                AccountState::Disabled,
            )
            .await
        })
    }

    /// Lets a disabled employee log in again, with password and authenticator as before. Repeated it is a success.
    ///
    /// # Errors
    /// `not_found` for whoever is no employee of the own party.
    pub async fn enable(&self, who: &Allowed<EnableEmployee>, employee: Uuid) -> Result<()> {
        let Administrator { staff_id, party } = &who.agent;
        audited!(self.audit, who.event(employee), "partner.enable_employee", |tx| {
            people::switch_employee(
                &self.context,
                tx,
                (party.relying_party_id, employee),
                *staff_id,
                AccountState::Active,
            )
            .await
        })
    }

    /// The questions of a month: of this one, where none is named.
    ///
    /// # Errors
    /// `malformed_request` for what is no month.
    pub async fn usage(&self, who: &Allowed<ReadParty>, month: Option<&str>) -> Result<(Month, Vec<Counted>)> {
        let month = match month {
            Some(text) => Month::parse(text),
            None => Month::of(Date::in_jakarta(self.now())),
        };
        let month = month.ok_or(Code::MalformedRequest)?;
        let (first, next) = month.days().ok_or(Code::MalformedRequest)?;
        Ok((month, self.parties.usage().between(who.agent.party.relying_party_id, first, next).await?))
    }
}

/// A user name, by which the list of people is sorted.
struct Name(String);

impl page::Position for Name {
    fn to_cursor(&self) -> String {
        crate::base64url::encode(self.0.as_bytes())
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        let bytes = crate::base64url::decode(cursor)?;
        check_username(std::str::from_utf8(&bytes).ok()?).ok().map(Self)
    }
}
