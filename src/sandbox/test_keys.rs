//! Keys that open the sandbox: made and revoked by a party's administrators, and how callers are recognised by them.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use uuid::Uuid;

use super::model::{LIVE_KEYS, TestKey};
use super::store::key::{self, KeyRow};
use crate::audit;
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::error::{Code, Error, Refusal, Result};
use crate::partner::act::{MakeTestKey, ReadParty, RevokeTestKey};
use crate::register::Date;
use crate::relying_party::model::{KEY_PREFIX, key_end};
use crate::relying_party::service::check_label;
use crate::relying_party::{KeyLine, Party, RelyingParties, ports};
use crate::staff::Allowed;
use crate::throttle::Throttle;
use crate::{audited, transaction};

/// Wrong keys of one address before it has to wait; and seconds for one more.
const WRONG_KEYS_PER_ADDRESS: (i64, i64) = (30, 10);

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
        let KeyRow { key_id, label, created_at, expires_at, last_used_at, revoked_at } = row;
        Self { key_id, label: Some(label), created_at, expires_at: Some(expires_at), last_used_at, revoked_at }
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
        let key_id = new.0.key_id;
        let row = KeyRow { key_id, label, created_at: now, expires_at: ends_at, last_used_at: None, revoked_at: None };
        audited!(self.audit, who.event(key_id), "sandbox.make_key", |tx| {
            // Two administrators at one moment: the second counts what the first has added.
            ports::hold(tx, party).await?;
            let keys = key::of(tx, party).await?.into_iter().map(KeyLine::from);
            if keys.filter(|key| key.lives(now)).count() >= LIVE_KEYS {
                return Err(too_many_live().into());
            }
            Ok(key::add(tx, party, &new.0.hash(), &row).await?)
        })?;
        Ok((new, ends_at))
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

    /// The party that presents this test key from this address, if that is known. Its contract does not matter: who tests may not have one
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
        let key = TestKey::parse(text).ok_or_else(unknown_key)?.0;
        let now = self.now();
        let mut tx = self.context.db.read().await?;
        let row = key::living(&mut tx, key.key_id).await?;
        let row = row.filter(|row| key.matches(&row.secret_hash)).ok_or_else(unknown_key)?;
        if row.expires_at <= now {
            return Err(key_ended().into());
        }
        let party = ports::active(&mut tx, row.relying_party_id).await?.ok_or_else(unknown_key)?;
        drop(tx);
        if row.last_used_at.is_none_or(|used| used.plus_seconds(HOUR) <= now) {
            let noted = transaction!(self.context.db, "sandbox.note_use", |tx| {
                key::note_use(tx, key.key_id, now).await?.either_way();
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
