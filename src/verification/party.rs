//! Relying parties: registering them and their keys, and recognising a caller.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::model::{ApiKey, Party, Purpose};
use super::store::{self, KeyRow};
use crate::attribute::AttributeSet;
use crate::audit::{self, Action};
use crate::clock::stopwatch;
use crate::context::Context;
use crate::db::DbError;
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::turns::Turns;
use crate::input;
use crate::throttle::Throttle;

/// How long a recognised key is cached. Below a second, so that every node refuses a revoked key within a second.
const REMEMBERED: Duration = Duration::from_millis(900);
/// Age from which on a cached key is looked up again in the background, so that its users do not all wait at once when
/// it expires.
const RENEWED: Duration = Duration::from_millis(450);
/// Most cached keys; beyond that the cache is cleared, which costs one look-up per key.
const REMEMBERED_KEYS: usize = 10_000;

/// The register of relying parties. Cloning shares what is remembered.
#[derive(Clone)]
pub struct Parties {
    context: Context,
    known: Arc<Mutex<HashMap<Uuid, Known>>>,
    wrong: Throttle,
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
    secret_hash: Vec<u8>,
    party: Arc<Party>,
}

/// A relying party as the command line lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The party.
    pub party: Party,
    /// `active` or `disabled`.
    pub state: String,
    /// Its keys, oldest first.
    pub keys: Vec<KeyRow>,
}

impl Parties {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        let (burst, seconds) = WRONG_KEYS_PER_ADDRESS;
        Self {
            context,
            known: Arc::default(),
            wrong: Throttle::new(burst, seconds),
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
    pub async fn authenticate_from(&self, address: IpAddr, api_key: &str) -> Result<Arc<Party>> {
        if ApiKey::parse(api_key).is_some_and(|key| self.has_seen(&key)) {
            return self.authenticate(api_key).await;
        }
        let wait = self.wrong.begin(address, self.context.now()).err();
        let refuse = |seconds| Error::from(Refusal::new(Code::TooMany).retry_after(seconds));
        let mut queued = None;
        if let Some(seconds) = wait {
            let turn = self.doubtful.take(address, DOUBTFUL_COST, DOUBTFUL_PATIENCE).await;
            queued = Some(turn.ok_or_else(|| refuse(seconds))?);
        }
        let done = self.authenticate(api_key).await;
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
    fn has_seen(&self, key: &ApiKey) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key.key_id).is_some_and(|entry| key.matches(&entry.secret_hash))
    }

    fn forget(&self, key: &ApiKey) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&key.key_id);
    }

    /// Who presents this API key.
    ///
    /// # Errors
    /// `api_key_invalid`, or the database does not answer.
    pub async fn authenticate(&self, api_key: &str) -> Result<Arc<Party>> {
        let key = ApiKey::parse(api_key).ok_or(Code::ApiKeyInvalid)?;
        match self.remembered(&key) {
            Remembered::Good(party) => Ok(party),
            Remembered::Ageing(party) => {
                let this = self.clone();
                tokio::spawn(async move {
                    if let Err(error) = this.look_up(&key).await
                        && error.code() == Some(Code::ApiKeyInvalid)
                    {
                        this.forget(&key);
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
                    self.forget(&key);
                }
                found
            }
        }
    }

    async fn look_up(&self, key: &ApiKey) -> Result<Arc<Party>> {
        let asked = stopwatch();
        let mut tx = self.context.db.read().await?;
        let row = store::living_key(&mut tx, key.key_id).await?;
        let row = row.filter(|row| key.matches(&row.secret_hash)).ok_or(Code::ApiKeyInvalid)?;
        let party = Arc::new(Party {
            relying_party_id: row.relying_party_id,
            name: row.name,
            entitled: set(row.attributes),
            purposes: purposes(&mut tx, row.relying_party_id).await?,
        });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_KEYS {
            known.clear();
        }
        // The age counts from before the look-up, so an entry is never older than it seems.
        let entry = Known { since: asked, renewing: false, secret_hash: row.secret_hash, party: Arc::clone(&party) };
        known.insert(key.key_id, entry);
        Ok(party)
    }

    fn remembered(&self, key: &ApiKey) -> Remembered {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = known.get_mut(&key.key_id) else { return Remembered::No };
        let age = entry.since.elapsed();
        if age >= REMEMBERED || !key.matches(&entry.secret_hash) {
            return Remembered::No;
        }
        let party = Arc::clone(&entry.party);
        if age < RENEWED || std::mem::replace(&mut entry.renewing, true) {
            return Remembered::Good(party);
        }
        Remembered::Ageing(party)
    }

    /// Registers a relying party with its first API key.
    ///
    /// # Errors
    /// `invalid_field` when a name, text or code is unusable or exists already; a name also when one exists that differs
    /// only in capitals or blanks.
    pub async fn add(&self, name: &str, entitled: AttributeSet, purposes: &[Purpose]) -> Result<(Uuid, ApiKey)> {
        let name = input::label(name, 100).map_err(|text| Refusal::field("name", text.id, text.en))?;
        let kept: Option<Vec<Purpose>> = purposes.iter().map(usable).collect();
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
        let mut tx = self.context.db.write().await?;
        // Holders could not tell two such names apart in their history.
        let alike = input::folded(&name);
        if store::parties(&mut tx).await?.iter().any(|row| input::folded(&row.name) == alike) {
            return Err(taken(DbError::Unique, "name"));
        }
        store::add_party(&mut tx, id, &name, i64::from(entitled.bits()), now)
            .await
            .map_err(|error| taken(error, "name"))?;
        for purpose in &purposes {
            store::add_purpose(&mut tx, id, &purpose.code, &purpose.text_id, &purpose.text_en)
                .await
                .map_err(|error| taken(error, "purpose"))?;
        }
        store::add_key(&mut tx, key.key_id, id, &key.hash(), now).await?;
        let audit = audit::Service::new(self.context.clone());
        audit.operator(&mut tx, Action::RelyingPartyAdded, id).await?;
        audit.operator(&mut tx, Action::ApiKeyAdded, key.key_id).await?;
        tx.commit().await?;
        Ok((id, key))
    }

    /// Makes a further API key for the party of that name; the older ones go on until they are revoked.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn add_key(&self, name: &str) -> Result<ApiKey> {
        let key = self.new_key();
        let mut tx = self.context.db.write().await?;
        let party = store::party_by_name(&mut tx, name).await?.ok_or(Code::NotFound)?;
        store::add_key(&mut tx, key.key_id, party.relying_party_id, &key.hash(), self.context.now()).await?;
        audit::Service::new(self.context.clone()).operator(&mut tx, Action::ApiKeyAdded, key.key_id).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Revokes an API key: every node refuses it within a second.
    ///
    /// # Errors
    /// `not_found` when there is no such living key.
    pub async fn revoke_key(&self, key_id: Uuid) -> Result<()> {
        let mut tx = self.context.db.write().await?;
        let revoked = store::revoke_key(&mut tx, key_id, self.context.now()).await?;
        if revoked.happened() {
            audit::Service::new(self.context.clone()).operator(&mut tx, Action::ApiKeyRevoked, key_id).await?;
        }
        tx.commit().await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&key_id);
        if revoked.happened() { Ok(()) } else { Err(Code::NotFound.into()) }
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
            let party = Party {
                relying_party_id: row.relying_party_id,
                name: row.name,
                entitled: set(row.attributes),
                purposes: purposes(&mut tx, row.relying_party_id).await?,
            };
            out.push(Listed { party, state: row.state, keys });
        }
        Ok(out)
    }

    /// A party that was not disabled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn active(&self, id: Uuid) -> Result<Option<Arc<Party>>> {
        let mut tx = self.context.db.read().await?;
        let Some(row) = store::party(&mut tx, id).await?.filter(|row| row.state == "active") else {
            return Ok(None);
        };
        Ok(Some(Arc::new(Party {
            relying_party_id: row.relying_party_id,
            name: row.name,
            entitled: set(row.attributes),
            purposes: purposes(&mut tx, id).await?,
        })))
    }

    /// The id of the party of that name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn id_of(&self, name: &str) -> Result<Option<Uuid>> {
        let mut tx = self.context.db.read().await?;
        Ok(store::party_by_name(&mut tx, name).await?.map(|row| row.relying_party_id))
    }

    fn new_key(&self) -> ApiKey {
        ApiKey::new(self.context.random.uuid_v7(self.context.now()), self.context.random.bytes())
    }
}

async fn purposes(tx: &mut crate::db::Tx, party: Uuid) -> Result<Vec<Purpose>> {
    let rows = store::purposes(tx, party).await?;
    Ok(rows.into_iter().map(|row| Purpose { code: row.code, text_id: row.text_id, text_en: row.text_en }).collect())
}

fn set(bits: i64) -> AttributeSet {
    AttributeSet::from_bits(u32::try_from(bits).unwrap_or(0))
}

/// The purpose as it is kept; `None` for a code that is not of the form or a text that nobody could read.
fn usable(purpose: &Purpose) -> Option<Purpose> {
    let code = &purpose.code;
    let fits = (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let text = |text: &str| input::label(text, 200).ok();
    let (text_id, text_en) = (text(&purpose.text_id)?, text(&purpose.text_en)?);
    fits.then(|| Purpose { code: code.clone(), text_id, text_en })
}

fn taken(error: DbError, field: &'static str) -> Error {
    match error {
        DbError::Unique => {
            Refusal::field(field, "Sudah ada; pakai yang lain.", "It exists already; use another.").into()
        }
        other => other.into(),
    }
}
