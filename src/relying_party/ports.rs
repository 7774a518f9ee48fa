//! Relying parties as other domains' transactions see them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

pub use super::edit::{
    add, entitle, entitlement, not_suspended, require_free, resume, set_contact, set_contract, set_quota, suspend,
};
use super::model::{
    ApiKey, Contract, Entitlement, KeyLine, LIVE_KEYS, Party, PartyState, Purpose, Quota, Span, require_in_force,
};
use super::store::key::Proof;
use super::store::{self, LABELS_AT_ONCE, key};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::input;
use crate::oauth::model::thumbprint;
use crate::stop_log::{Kind, ports as stop_log};

/// A party that was not disabled.
///
/// # Errors
/// When the database does not answer.
pub async fn active(tx: &mut Tx, id: Uuid) -> Result<Option<Arc<Party>>> {
    let Some(row) = store::party(tx, id).await?.filter(|row| row.state == PartyState::Active) else { return Ok(None) };
    Ok(Some(Arc::new(Party {
        relying_party_id: row.relying_party_id,
        contract: row.contract(),
        quota: row.quota(),
        name: row.name,
        entitled: row.attributes,
        purposes: store::purposes(tx, id).await?,
    })))
}

/// The id of the party of that name, disabled or not.
///
/// # Errors
/// When the database does not answer.
pub async fn id_of(tx: &mut Tx, name: &str) -> Result<Option<Uuid>> {
    Ok(store::party_by_name(tx, name).await?.map(|row| row.relying_party_id))
}

/// A party as the national administration sees it, disabled or not.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub relying_party_id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is entitled to.
    pub entitlement: Entitlement,
    /// Whether it may verify.
    pub state: PartyState,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Under what it verifies.
    pub contract: Option<Contract>,
    /// How many checks it may put.
    pub quota: Quota,
    /// Whether it said where it is told what ends.
    pub has_contact: bool,
    /// Since when it is disabled, and why.
    pub suspended: Option<(Timestamp, String)>,
}

fn entry(row: store::PartyRow, purposes: &[Purpose]) -> Entry {
    Entry {
        relying_party_id: row.relying_party_id,
        entitlement: Entitlement::of(row.attributes, purposes),
        state: row.state,
        created_at: row.created_at,
        contract: row.contract(),
        quota: row.quota(),
        has_contact: row.contact_sealed.is_some(),
        suspended: row.suspended_at.map(|at| (at, row.suspended_reason.unwrap_or_default())),
        name: row.name,
    }
}

/// A party, disabled or not.
///
/// # Errors
/// `not_found`.
pub async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Entry> {
    let row = store::party(tx, id).await?.ok_or(Code::NotFound)?;
    let purposes = store::purposes(tx, id).await?;
    Ok(entry(row, &purposes))
}

/// Parties after a name, disabled ones too, by name and without their purposes: a page of `limit` of those that have these words in their
/// names, in this order.
///
/// # Errors
/// When the database does not answer.
pub async fn after(tx: &mut Tx, name: &str, words: &str, limit: i64) -> Result<Vec<Entry>> {
    let rows = store::parties_after(tx, name, &input::like(words), limit).await?;
    Ok(rows.into_iter().map(|row| entry(row, &[])).collect())
}

/// The names of all parties that may verify at a time, by id.
///
/// # Errors
/// When the database does not answer.
pub async fn verifying(tx: &mut Tx, now: Timestamp) -> Result<HashMap<Uuid, String>> {
    let rows = store::parties(tx).await?.into_iter().filter(|row| row.state == PartyState::Active);
    let open = rows.filter(|row| require_in_force(row.contract().as_ref(), now).is_ok());
    Ok(open.map(|row| (row.relying_party_id, row.name)).collect())
}

/// What holders read of a party: its name, and what it verifies for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The party's name.
    pub name: String,
    /// Its purposes, in no order.
    pub purposes: Vec<Purpose>,
}

impl Label {
    /// The purpose of a code; one that is no longer registered reads as its code.
    pub fn purpose(&self, code: String) -> Purpose {
        self.purposes.iter().find(|purpose| purpose.code == code).cloned().unwrap_or_else(|| Purpose::unknown(code))
    }
}

/// The labels of these parties, also of disabled ones: one statement for each eight of them.
///
/// # Errors
/// When the database does not answer.
pub async fn labels(tx: &mut Tx, parties: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, Label>> {
    let wanted: Vec<Uuid> = parties.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut labels: HashMap<Uuid, Label> = HashMap::new();
    for ids in wanted.chunks(LABELS_AT_ONCE) {
        let padded = std::array::from_fn(|at| ids.get(at).copied().unwrap_or_default());
        for row in store::labels(tx, padded).await? {
            let label = labels.entry(row.relying_party_id).or_default();
            label.name = row.name;
            if let (Some(code), Some(text_id), Some(text_en)) = (row.code, row.text_id, row.text_en) {
                label.purposes.push(Purpose { code, text_id, text_en });
            }
        }
    }
    Ok(labels)
}

impl From<key::KeyRow> for KeyLine {
    fn from(row: key::KeyRow) -> Self {
        let key::KeyRow { key_id, label, created_at, expires_at, last_used_at, revoked_at, public_key } = row;
        Self { key_id, label, created_at, expires_at, last_used_at, revoked_at, public_key }
    }
}

/// The keys of a party, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn keys(tx: &mut Tx, party: Uuid) -> Result<Vec<KeyLine>> {
    Ok(key::of(tx, party).await?.into_iter().map(KeyLine::from).collect())
}

/// How many checks of a party nodes have taken of this minute and of this day: what they hold and have not given out among them.
///
/// # Errors
/// When the database does not answer.
pub async fn taken(tx: &mut Tx, party: Uuid, span: Span, now: Timestamp) -> Result<i64> {
    Ok(store::quota::taken(tx, party, span, span.number(now)).await?)
}

/// Keeps a party's row: until this transaction is over nobody else counts what belongs to it.
///
/// # Errors
/// `not_found`.
pub async fn hold(tx: &mut Tx, party: Uuid) -> Result<()> {
    store::hold(tx, party).await?.or(Code::NotFound)
}

/// Adds a key that the party made itself, where fewer than [`LIVE_KEYS`] of its keys live that are proven in the same way: who goes from API
/// keys to public keys has both for a while.
///
/// # Errors
/// `wrong_state` where as many live; `not_found` for an unknown party; `invalid_field` for a public key that is there.
pub async fn add_own_key(
    tx: &mut Tx,
    party: Uuid,
    new: &NewOwnKey,
    (label, expires_at): (&str, Timestamp),
    now: Timestamp,
) -> Result<()> {
    // Two administrators at one moment: the second counts what the first has added.
    store::hold(tx, party).await?.or(Code::NotFound)?;
    let is_public = matches!(new, NewOwnKey::Public { .. });
    let alike = |key: &&KeyLine| key.lives(now) && key.public_key.is_some() == is_public;
    if keys(tx, party).await?.iter().filter(alike).count() >= LIVE_KEYS {
        return Err(too_many_live().into());
    }
    add_key(tx, party, new, (Some(label), Some(expires_at)), now).await
}

/// A key that is nowhere yet.
#[derive(Clone, Debug)]
pub enum NewOwnKey {
    /// An API key.
    Secret(ApiKey),
    /// A public key: its id, and the canonical JWK.
    Public {
        /// The id.
        key_id: Uuid,
        /// The key.
        public_key: String,
    },
}

impl NewOwnKey {
    /// Its id.
    pub const fn key_id(&self) -> Uuid {
        match self {
            Self::Secret(key) => key.key_id,
            Self::Public { key_id, .. } => *key_id,
        }
    }

    /// The thumbprint of a public key.
    pub fn thumbprint(&self) -> Option<String> {
        match self {
            Self::Secret(_) => None,
            Self::Public { public_key, .. } => Some(thumbprint(public_key)),
        }
    }
}

/// Adds a key of a party, however many it has.
///
/// # Errors
/// `invalid_field` for a public key that is there, be it another party's or one that ended: a key never comes back.
pub async fn add_key(
    tx: &mut Tx,
    party: Uuid,
    new: &NewOwnKey,
    (label, expires_at): (Option<&str>, Option<Timestamp>),
    now: Timestamp,
) -> Result<()> {
    let hash;
    let proof = match new {
        NewOwnKey::Secret(key) => {
            hash = key.hash();
            Proof::Secret(&hash)
        }
        NewOwnKey::Public { public_key, .. } => Proof::Signature(public_key),
    };
    let row = key::NewKey { key_id: new.key_id(), party, proof, label, expires_at };
    key::add(tx, row, now).await.map_err(|error| match error {
        DbError::Unique => key_is_there().into(),
        other => Error::Db(other),
    })
}

/// What is told of a public key that is registered.
pub fn key_is_there() -> Refusal {
    Refusal::field(
        "jwk",
        "Kunci ini sudah pernah didaftarkan: buat pasangan kunci baru.",
        "This key was registered before: make a new pair.",
    )
}

/// Revokes a key of a party; gives whether it lived.
///
/// # Errors
/// `not_found` for a key that is not the party's.
pub async fn revoke_own_key(context: &Context, tx: &mut Tx, party: Uuid, key_id: Uuid, now: Timestamp) -> Result<bool> {
    if key::revoke_own(tx, party, key_id, now).await?.happened() {
        stop_log::note_that(context, tx, (Kind::ApiKeyRevoked, key_id), None, now).await?;
        return Ok(true);
    }
    let known = keys(tx, party).await?.iter().any(|key| key.key_id == key_id);
    if known { Ok(false) } else { Err(Code::NotFound.into()) }
}

/// Revokes a key again that was revoked after a copy of the database was made. `false` when it is so already, or the copy does not know it.
///
/// # Errors
/// When the database did not do it.
pub async fn revoke_again(context: &Context, tx: &mut Tx, key_id: Uuid, now: Timestamp) -> Result<bool> {
    let revoked = key::revoke(tx, key_id, now).await?.happened();
    if revoked {
        stop_log::note_that(context, tx, (Kind::ApiKeyRevoked, key_id), None, now).await?;
    }
    Ok(revoked)
}

/// Suspends a party again, in the same way.
///
/// # Errors
/// As [`revoke_again`].
pub async fn suspend_again(context: &Context, tx: &mut Tx, party: Uuid, now: Timestamp) -> Result<bool> {
    let suspended = store::suspend(tx, party, "pemulihan basis data / database restored", now).await?.happened();
    if suspended {
        stop_log::note_that(context, tx, (Kind::PartySuspended, party), None, now).await?;
    }
    Ok(suspended)
}

fn too_many_live() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Dua kunci sudah berlaku. Pindahkan sistem Anda ke kunci yang baru, cabut kunci lama, lalu buat kunci lagi.",
        "Two keys live already. Move your systems to the newer one, revoke the older, then make another.",
    )
}
