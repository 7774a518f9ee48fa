//! Keys that open the sandbox: made and revoked by a party's administrators, and how callers are recognised by them.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::model::{LIVE_KEYS, TestKey};
use super::store::key::{self, KeyRow};
use crate::audit;
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::oauth::model::key_of;
use crate::oauth::token::{self, Closed};
use crate::oauth::{Client, Clients, Realm};
use crate::partner::act::{MakeTestKey, ReadParty, RegisterTestKey, RevokeTestKey};
use crate::register::Date;
use crate::relying_party::model::{KEY_PREFIX, key_end};
use crate::relying_party::ports::NewOwnKey;
use crate::relying_party::service::check_label;
use crate::relying_party::{KeyLine, Party, RelyingParties, ports};
use crate::staff::Allowed;
use crate::throttle::Throttle;
use crate::{audited, transaction};

/// Wrong keys of one address before it has to wait; and seconds for one more.
const WRONG_KEYS_PER_ADDRESS: (i64, i64) = (30, 10);

/// Below which path the sandbox is.
pub const PATH: &str = "/sandbox";

/// Test keys. Cloning shares what is counted.
#[derive(Clone)]
pub struct TestKeys {
    context: Context,
    audit: audit::Service,
    parties: RelyingParties,
    wrong: Throttle,
    /// Keys of addresses that were wrong too often are looked up one at a time.
    doubtful: Arc<Semaphore>,
}

impl From<KeyRow> for KeyLine {
    fn from(row: KeyRow) -> Self {
        let KeyRow { key_id, label, created_at, expires_at, last_used_at, revoked_at, public_key } = row;
        let (label, expires_at) = (Some(label), Some(expires_at));
        Self { key_id, label, created_at, expires_at, last_used_at, revoked_at, public_key }
    }
}

impl TestKeys {
    /// Over the shared tables.
    pub fn new(context: Context, parties: RelyingParties) -> Self {
        let (burst, seconds) = WRONG_KEYS_PER_ADDRESS;
        let audit = audit::Service::new(context.clone());
        Self { audit, context, parties, wrong: Throttle::new(burst, seconds), doubtful: Arc::new(Semaphore::new(1)) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.context.now()
    }

    /// The test keys of the own party, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, who: &Allowed<ReadParty>) -> Result<Vec<KeyLine>> {
        let mut tx = self.context.db.read().await?;
        let rows = key::of(&mut tx, who.agent.party.relying_party_id).await?;
        Ok(rows.into_iter().map(KeyLine::from).collect())
    }

    /// Makes a test key, good until the end of a day, which is shown once.
    ///
    /// # Errors
    /// `invalid_field` for a label that nobody could read, for a day that is over or more than a year away; `wrong_state` where two live.
    pub async fn make(&self, who: &Allowed<MakeTestKey>, label: &str, last_day: Date) -> Result<(TestKey, Timestamp)> {
        let (label, now) = (check_label(label)?, self.now());
        let ends_at = key_end(last_day, now)?;
        let (new, party) = (TestKey(self.parties.new_key()), who.agent.party.relying_party_id);
        let row = new_row(new.0.key_id, label, (now, ends_at), None);
        let hash = new.0.hash();
        audited!(self.audit, who.event(row.key_id), "sandbox.make_key", |tx| add(tx, party, &hash, &row).await)?;
        Ok((new, ends_at))
    }

    /// Registers a public key for the sandbox, good until the end of a day.
    ///
    /// # Errors
    /// `invalid_field` for what is no public key of ours or is registered, for a label that nobody could read, for a day that is over or
    /// more than a year away; `wrong_state` where two public keys live.
    pub async fn register(
        &self,
        who: &Allowed<RegisterTestKey>,
        jwk: &serde_json::Value,
        label: &str,
        last_day: Date,
    ) -> Result<(NewOwnKey, Timestamp)> {
        let (new, label, now) = (self.parties.new_public_key(jwk)?, check_label(label)?, self.now());
        let (ends_at, party) = (key_end(last_day, now)?, who.agent.party.relying_party_id);
        let NewOwnKey::Public { key_id, public_key } = &new else { return Err(Code::Internal.into()) };
        let row = new_row(*key_id, label, (now, ends_at), Some(public_key.clone()));
        audited!(self.audit, who.event(row.key_id), "sandbox.register_key", |tx| add(tx, party, &[], &row).await)?;
        Ok((new, ends_at))
    }

    /// What assertions have as their audience.
    pub fn issuer(&self) -> String {
        format!("{}{PATH}", self.context.config.service.public_url)
    }

    /// Revokes a test key: the next request with it is refused. Repeated it is a success.
    ///
    /// # Errors
    /// `not_found` for a key that is not the party's.
    pub async fn revoke(&self, who: &Allowed<RevokeTestKey>, key_id: Uuid) -> Result<()> {
        let (party, now) = (who.agent.party.relying_party_id, self.now());
        audited!(self.audit, who.event(key_id), "sandbox.revoke_key", |tx| {
            if key::revoke(tx, party, key_id, now).await?.happened() {
                return Ok(());
            }
            let known = key::of(tx, party).await?.iter().any(|key| key.key_id == key_id);
            if known { Ok(()) } else { Err(Code::NotFound.into()) }
        })
    }

    /// The party that presents this test key, or an access token of a public one, from this address, if that is known. Its contract does not matter: who tests may not have one
    /// yet, or any more.
    ///
    /// # Errors
    /// `api_key_invalid`; `too_many` for a wrong key after thirty others of this address, or while another one like it is looked up.
    pub async fn authenticate(&self, address: Option<IpAddr>, text: &str) -> Result<Arc<Party>> {
        if text.starts_with(KEY_PREFIX) {
            return Err(real_key_here().into());
        }
        let Some(address) = address else { return self.look_up(text).await };
        let wait = self.wrong.begin(address, self.now()).err();
        let refuse = |seconds| Error::from(Refusal::new(Code::TooMany).retry_after(seconds));
        // An address that guesses has one look-up at a time with all others that do.
        let _one = match wait {
            Some(seconds) => Some(self.doubtful.try_acquire().map_err(|_| refuse(seconds))?),
            None => None,
        };
        match self.look_up(text).await {
            Err(error) if error.code() == Some(Code::ApiKeyInvalid) => Err(wait.map_or(error, refuse)),
            done => {
                if wait.is_none() {
                    self.wrong.was_right(address);
                }
                done
            }
        }
    }

    async fn look_up(&self, text: &str) -> Result<Arc<Party>> {
        let (now, key) = (self.now(), TestKey::parse(text));
        let key_id = match &key {
            Some(key) => key.0.key_id,
            None => {
                let opened = token::open(&self.context.vault, Realm::Sandbox, text, now);
                opened.map_err(|closed| if closed == Closed::Ended { token_ended() } else { unknown_key() })?
            }
        };
        let mut tx = self.context.db.read().await?;
        let row = key::living(&mut tx, key_id).await?;
        // A test key never passes for a public key, nor the other way round.
        let is_of = |row: &key::LivingKeyRow| match &key {
            Some(key) => row.public_key.is_none() && key.0.matches(&row.secret_hash),
            None => row.public_key.is_some(),
        };
        let row = row.filter(is_of).ok_or_else(unknown_key)?;
        if row.expires_at <= now {
            return Err(key_ended().into());
        }
        let party = ports::active(&mut tx, row.relying_party_id).await?.ok_or_else(unknown_key)?;
        drop(tx);
        if row.last_used_at.is_none_or(|used| used.plus_seconds(HOUR) <= now) {
            let noted = transaction!(self.context.db, "sandbox.note_use", |tx| {
                key::note_use(tx, key_id, now).await?.either_way();
                Ok(())
            });
            // It is told to people, and decides nothing.
            let noted: Result<(), Error> = noted;
            if let Err(error) = noted {
                tracing::warn!(error.cause = %error, "the use of a test key was not noted");
            }
        }
        Ok(party)
    }
}

impl Clients for TestKeys {
    fn find<'a>(&'a self, kid: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Client>>> {
        async move {
            let Ok(key_id) = Uuid::try_parse(kid) else { return Ok(None) };
            let mut tx = self.context.db.read().await?;
            let Some(row) = key::living(&mut tx, key_id).await?.filter(|row| now < row.expires_at) else {
                return Ok(None);
            };
            let Some(party) = ports::active(&mut tx, row.relying_party_id).await? else { return Ok(None) };
            let (party, expires_at) = (party.relying_party_id, Some(row.expires_at));
            let client = |key| Client {
                key_id,
                client_id: party.to_string(),
                party: Some(party),
                realm: Realm::Sandbox,
                key,
                expires_at,
            };
            Ok(row.public_key.as_deref().and_then(key_of).map(client))
        }
        .boxed()
    }
}

/// A key that is nowhere yet.
const fn new_row(
    key_id: Uuid,
    label: String,
    (created_at, expires_at): (Timestamp, Timestamp),
    public_key: Option<String>,
) -> KeyRow {
    KeyRow { key_id, label, created_at, expires_at, last_used_at: None, revoked_at: None, public_key }
}

/// Adds a key, where fewer than [`LIVE_KEYS`] of its kind live.
async fn add(tx: &mut Tx, party: Uuid, hash: &[u8], row: &KeyRow) -> Result<()> {
    // Two administrators at one moment: the second counts what the first has added.
    ports::hold(tx, party).await?;
    let keys = key::of(tx, party).await?.into_iter().map(KeyLine::from);
    let alike = |key: &KeyLine| key.lives(row.created_at) && key.public_key.is_some() == row.public_key.is_some();
    if keys.filter(alike).count() >= LIVE_KEYS {
        return Err(too_many_live().into());
    }
    key::add(tx, party, hash, row).await.map_err(|error| match error {
        DbError::Unique => ports::key_is_there().into(),
        other => Error::Db(other),
    })
}

fn token_ended() -> Refusal {
    Refusal::new(Code::ApiKeyInvalid).detail(
        "Token ini sudah habis masa berlakunya: minta yang baru di POST /sandbox/v1/oauth/token, lalu kirim lagi.",
        "This access token is over: ask for a new one at POST /sandbox/v1/oauth/token, then send again.",
    )
}

fn unknown_key() -> Refusal {
    Refusal::new(Code::ApiKeyInvalid).detail(
        "Kotak pasir dibuka dengan kunci uji (ikd_rt_…) yang masih berlaku: administrator lembaga Anda membuatnya di halaman verifikasi, bagian Uji coba.",
        "The sandbox opens to a living test key (ikd_rt_…): your organisation's administrator makes one on the page for verifying, under Testing.",
    )
}

fn key_ended() -> Refusal {
    Refusal::new(Code::ApiKeyInvalid).detail(
        "Masa berlaku kunci uji ini sudah habis: administrator lembaga Anda membuat kunci uji baru di halaman verifikasi.",
        "This test key has reached its end: your organisation's administrator makes a new one on the page for verifying.",
    )
}

fn real_key_here() -> Refusal {
    Refusal::new(Code::ApiKeyInvalid).detail(
        "Ini kunci API sungguhan, yang tidak membuka kotak pasir: kirim ke alamat yang sama tanpa /sandbox, misalnya POST /v1/verifications. Di sini pakai kunci uji ikd_rt_ lembaga Anda.",
        "This is a real API key, which does not open the sandbox: send it to the same address without /sandbox, as POST /v1/verifications. Here, use your organisation's ikd_rt_ test key.",
    )
}

fn too_many_live() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Dua kunci uji sudah berlaku. Cabut salah satunya, lalu buat kunci lagi.",
        "Two test keys live already. Revoke one of them, then make another.",
    )
}
