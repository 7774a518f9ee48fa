//! Recognising callers by their API keys, or by access tokens of their public keys, without a look-up for each request.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::model::{ApiKey, Party, Quota};
use super::store;
use crate::clock::{HOUR, Timestamp, stopwatch};
use crate::config::ApiKeys;
use crate::context::Context;
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::turns::Turns;
use crate::oauth::token::{self, Closed, Realm};
use crate::throttle::Throttle;
use crate::transaction;

/// How long a recognised key is cached. Below a second, so that every node refuses a revoked key within a second.
const REMEMBERED: Duration = Duration::from_millis(900);
/// Age from which on a cached key is looked up again in the background, so that its users do not all wait at once when
/// it expires.
const RENEWED: Duration = Duration::from_millis(450);
/// Most cached keys; beyond that the cache is cleared, which costs one look-up per key.
const REMEMBERED_KEYS: usize = 10_000;

/// Recognises relying parties. Cloning shares what is remembered.
#[derive(Clone)]
pub struct Authentication {
    context: Context,
    known: Arc<Mutex<HashMap<Uuid, Known>>>,
    wrong: Throttle,
    together: Together,
    /// Turns for look-ups of unknown keys from addresses that sent too many wrong ones.
    doubtful: Turns,
}

/// Wrong keys of one address before it has to wait; and seconds for one more.
const WRONG_KEYS_PER_ADDRESS: (i64, i64) = (30, 10);
/// Look-ups at once for addresses beyond that.
const DOUBTFUL_AT_ONCE: usize = 2;
/// Look-ups for such addresses that may wait: each address has its share, and the one with the least use is next.
const DOUBTFUL_WAITING: usize = 64;
/// Estimated cost of a look-up before it is measured.
const DOUBTFUL_COST: Duration = Duration::from_millis(2);
/// How long one waits.
const DOUBTFUL_PATIENCE: Duration = Duration::from_secs(5);

/// Those who present the same at the same moment: one after the other, so that what the first one learns is known to all.
#[derive(Clone, Default)]
struct Together {
    hashes: RandomState,
    turns: Arc<Mutex<HashMap<u64, Arc<tokio::sync::Mutex<()>>>>>,
}

/// Turns from which on those that nobody has are forgotten.
const TOGETHER: usize = 1_024;

impl Together {
    async fn turn(&self, text: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() >= TOGETHER {
                turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            }
            Arc::clone(turns.entry(self.hashes.hash_one(text)).or_default())
        };
        turn.lock_owned().await
    }
}

/// What is remembered of a key.
enum Remembered {
    Good(Arc<Party>),
    /// To be looked up again by the first caller that gets this.
    Ageing(Arc<Party>),
    /// Nothing, or it is too old.
    No,
}

struct Known {
    since: Instant,
    /// Somebody is looking it up again.
    renewing: bool,
    /// What the secret hashes to; empty for a public key.
    secret_hash: Vec<u8>,
    is_public: bool,
    /// When the key ends by itself: no age of an entry outlives that.
    expires_at: Option<Timestamp>,
    /// The last use, and the last one that stands in the row.
    used_at: Timestamp,
    noted_at: Option<Timestamp>,
    party: Arc<Party>,
}

/// What a caller presents.
#[derive(Clone, Debug)]
enum Presented {
    /// An API key.
    Secret(ApiKey),
    /// An access token that holds: the public key that it was given to.
    Token(Uuid),
}

impl Presented {
    const fn key_id(&self) -> Uuid {
        match self {
            Self::Secret(key) => key.key_id,
            Self::Token(key_id) => *key_id,
        }
    }

    /// Whether it is of the key that has this hash, or is a public one. An API key never passes for a public key, nor the other way round.
    fn is_of(&self, secret_hash: &[u8], is_public: bool) -> bool {
        match self {
            Self::Secret(key) => !is_public && key.matches(secret_hash),
            Self::Token(_) => is_public,
        }
    }
}

impl Authentication {
    /// Over the shared tables; nothing is remembered yet.
    pub fn new(context: Context) -> Self {
        let (burst, seconds) = WRONG_KEYS_PER_ADDRESS;
        Self {
            context,
            known: Arc::default(),
            wrong: Throttle::new(burst, seconds),
            together: Together::default(),
            doubtful: Turns::new(DOUBTFUL_AT_ONCE, DOUBTFUL_WAITING),
        }
    }

    /// The party that presents this API key from this address. An address that presents wrong keys repeatedly has to
    /// wait. A valid key that this node has seen is never delayed by others at the same address; a valid key that is
    /// new to the node queues for one of two look-ups, which is all that guessing can use up.
    ///
    /// # Errors
    /// `api_key_invalid`; `too_many` for a wrong key after thirty others of this address, or when its queue is full; or the
    /// database does not answer.
    pub async fn authenticate_from(&self, address: IpAddr, text: &str) -> Result<Arc<Party>> {
        if self.read(text).is_ok_and(|presented| self.has_seen(&presented)) {
            return self.authenticate(text).await;
        }
        let refuse = |seconds| Error::from(Refusal::new(Code::TooMany).retry_after(seconds));
        // A bank whose node has just started asks with one key a hundred times at once: that is one look-up, and no hundred guesses.
        let turn = tokio::time::timeout(DOUBTFUL_PATIENCE, self.together.turn(text)).await;
        let _turn = turn.map_err(|_| refuse(1))?;
        if self.read(text).is_ok_and(|presented| self.has_seen(&presented)) {
            return self.authenticate(text).await;
        }
        let wait = self.wrong.begin(address, self.context.now()).err();
        let mut queued = None;
        if let Some(seconds) = wait {
            let turn = self.doubtful.take(address, DOUBTFUL_COST, DOUBTFUL_PATIENCE).await;
            queued = Some(turn.ok_or_else(|| refuse(seconds))?);
        }
        let done = self.authenticate(text).await;
        drop(queued);
        match done {
            Err(error) if error.code() == Some(Code::ApiKeyInvalid) => Err(wait.map_or(error, refuse)),
            done => {
                if wait.is_none() {
                    self.wrong.was_right(address);
                }
                done
            }
        }
    }

    /// Whether this key was right here before, however long ago.
    fn has_seen(&self, presented: &Presented) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&presented.key_id()).is_some_and(|entry| presented.is_of(&entry.secret_hash, entry.is_public))
    }

    /// What is presented, as far as it can be told without a database.
    fn read(&self, text: &str) -> Result<Presented> {
        let now = self.context.now();
        if text.starts_with(token::PREFIX) {
            let opened = token::open(&self.context.vault, Realm::Service, text, now);
            return opened.map(Presented::Token).map_err(|closed| match closed {
                Closed::Ended => token_ended().into(),
                Closed::Foreign => Code::ApiKeyInvalid.into(),
            });
        }
        let key = ApiKey::parse(text).ok_or(Code::ApiKeyInvalid)?;
        require_api_keys(self.context.config.relying_party.api_keys, now)?;
        Ok(Presented::Secret(key))
    }

    /// Forgets a key: it is looked up at its next use.
    pub fn forget(&self, key_id: Uuid) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&key_id);
    }

    /// Who presents this API key, or this access token.
    ///
    /// # Errors
    /// `api_key_invalid`, also for a key that has ended by itself and for an API key where none are taken any more, or the database does not
    /// answer.
    pub async fn authenticate(&self, text: &str) -> Result<Arc<Party>> {
        let key = self.read(text)?;
        match self.remembered(&key) {
            Remembered::Good(party) => Ok(party),
            Remembered::Ageing(party) => {
                let this = self.clone();
                tokio::spawn(async move {
                    if let Err(error) = this.look_up(&key).await
                        && error.code() == Some(Code::ApiKeyInvalid)
                    {
                        this.forget(key.key_id());
                    }
                });
                Ok(party)
            }
            // Boxed, here and above, so that the common path does not carry this future.
            Remembered::No => {
                let found = Box::pin(self.look_up(&key)).await;
                // A key that is no longer valid counts as a guess from now on. Without its secret, nobody can evict a
                // key from the cache.
                if found.as_ref().is_err_and(|error| error.code() == Some(Code::ApiKeyInvalid)) && self.has_seen(&key) {
                    self.forget(key.key_id());
                }
                found
            }
        }
    }

    async fn look_up(&self, key: &Presented) -> Result<Arc<Party>> {
        let asked = stopwatch();
        let mut tx = self.context.db.read().await?;
        let row = store::key::living(&mut tx, key.key_id()).await?;
        let row = row.filter(|row| key.is_of(&row.secret_hash, row.public_key.is_some())).ok_or(Code::ApiKeyInvalid)?;
        let now = self.context.now();
        if row.expires_at.is_some_and(|end| end <= now) {
            return Err(key_ended().into());
        }
        let party = Arc::new(Party {
            relying_party_id: row.relying_party_id,
            contract: row.contract(),
            quota: Quota { per_minute: row.quota_minute, per_day: row.quota_day },
            name: row.name,
            entitled: row.attributes,
            purposes: store::purposes(&mut tx, row.relying_party_id).await?,
        });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_KEYS {
            known.clear();
        }
        // The age counts from before the look-up, so an entry is never older than it seems.
        let noted_at = known.get(&key.key_id()).and_then(|before| before.noted_at).max(row.last_used_at);
        let entry = Known {
            since: asked,
            renewing: false,
            is_public: row.public_key.is_some(),
            secret_hash: row.secret_hash,
            expires_at: row.expires_at,
            used_at: now,
            noted_at,
            party: Arc::clone(&party),
        };
        known.insert(key.key_id(), entry);
        Ok(party)
    }

    /// Writes which keys were used since, to an hour: no request waits for it.
    ///
    /// # Errors
    /// When the database does not answer: then it is written the next time.
    pub async fn note_uses(&self) -> Result<()> {
        let used: Vec<(Uuid, Timestamp)> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let is_news = |entry: &Known| entry.noted_at.is_none_or(|noted| noted.plus_seconds(HOUR) <= entry.used_at);
            let mut used: Vec<_> =
                known.iter().filter(|(_, entry)| is_news(entry)).map(|(id, entry)| (*id, entry.used_at)).collect();
            // One order for all nodes, so that none waits for another.
            used.sort_unstable();
            used
        };
        if used.is_empty() {
            return Ok(());
        }
        transaction!(self.context.db, "relying_party.note_uses", |tx| {
            for (key_id, at) in &used {
                store::key::note_use(tx, *key_id, *at).await?.either_way();
            }
            Ok(())
        })?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (key_id, at) in used {
            if let Some(entry) = known.get_mut(&key_id) {
                entry.noted_at = Some(at);
            }
        }
        Ok(())
    }

    fn remembered(&self, key: &Presented) -> Remembered {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = known.get_mut(&key.key_id()) else { return Remembered::No };
        let (age, now) = (entry.since.elapsed(), self.context.now());
        let ended = entry.expires_at.is_some_and(|end| end <= now);
        if age >= REMEMBERED || ended || !key.is_of(&entry.secret_hash, entry.is_public) {
            return Remembered::No;
        }
        entry.used_at = now;
        let party = Arc::clone(&entry.party);
        if age < RENEWED || std::mem::replace(&mut entry.renewing, true) {
            return Remembered::Good(party);
        }
        Remembered::Ageing(party)
    }
}

/// That API keys are taken at this time, as it is configured.
///
/// # Errors
/// `api_key_invalid`.
fn require_api_keys(configured: ApiKeys, now: Timestamp) -> Result<()> {
    if configured.are_taken(now) {
        return Ok(());
    }
    Err(Refusal::new(Code::ApiKeyInvalid)
        .detail(
            "Layanan ini tidak menerima kunci API lagi: administrator lembaga Anda mendaftarkan kunci publik di halaman verifikasi, lalu sistem Anda meminta token di POST /v1/oauth/token.",
            "This service takes no API keys any more: your organisation's administrator registers a public key on the page for verifying, and your systems ask for a token at POST /v1/oauth/token.",
        )
        .into())
}

fn token_ended() -> Refusal {
    Refusal::new(Code::ApiKeyInvalid).detail(
        "Token ini sudah habis masa berlakunya: minta yang baru di POST /v1/oauth/token, lalu kirim lagi.",
        "This access token is over: ask for a new one at POST /v1/oauth/token, then send again.",
    )
}

fn key_ended() -> Refusal {
    Refusal::new(Code::ApiKeyInvalid).detail(
        "Masa berlaku kunci API ini sudah habis: administrator lembaga Anda membuat kunci baru di halaman verifikasi.",
        "This API key has reached its end: your organisation's administrator makes a new one on the page for verifying.",
    )
}
