//! The keyring of one node: signs with the active key, verifies with all that count, follows rotation while running.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ed25519_dalek::VerifyingKey;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::{self, KeyRow};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::credential::jwk::{Jwk, JwkSet};
use crate::credential::verify::authenticate;
use crate::credential::{
    Authentic, FileSigner, Issued, Issuer, KeyPurpose, Reason, SealedRecord, SignError, Signer, TokenKind, TokenSealer,
    VerifyingKeys,
};
use crate::db::DbError;
use crate::error::{Code, Error, Refusal, Result};
use crate::jobs::{self, Pace};
use crate::random::Random;
use crate::vault::{Label, VaultError, write_private};

/// Seconds that a replaced token key still verifies: the life of a token, and 30 for nodes that learn of it late.
pub const RETIRING_SECONDS: i64 = 90 + 30;
/// Seconds after which a silent node no longer counts.
pub const NODE_SILENCE_SECONDS: i64 = 30;
/// Days that keys of receipts, cards and status lists stay published.
pub const LONG_PUBLICATION_DAYS: i64 = 3_653;

/// The keys of one node. Cloning shares them.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    context: Context,
    sealer: TokenSealer,
    directory: PathBuf,
    node_id: Uuid,
    snapshot: RwLock<Arc<Snapshot>>,
    reload: Mutex<Timestamp>,
    /// Files that cannot be used, with the key that each should hold.
    complained: std::sync::Mutex<BTreeMap<PathBuf, [u8; 8]>>,
}

#[derive(Default)]
struct Snapshot {
    rows: Vec<KeyRow>,
    signers: HashMap<[u8; 8], Arc<FileSigner>>,
    verifying: HashMap<[u8; 8], (KeyPurpose, VerifyingKey)>,
    active: HashMap<&'static str, [u8; 8]>,
}

/// How often revoking begins anew because keys are moved elsewhere at the same time.
const REVOKE_TRIES: usize = 5;
/// The signing keys that a running service cannot do without.
const NEEDED: [KeyPurpose; 2] = [KeyPurpose::Token, KeyPurpose::Receipt];

impl Keyring {
    /// Opens the key directory beside the shared rows.
    ///
    /// # Errors
    /// When the private file of a key that signs or will sign is too open or damaged, the database does not answer, or an
    /// active key is missing here.
    pub async fn open(context: Context) -> Result<Self> {
        Self::check_root(&context).await?;
        let node_id = context.random.uuid_v7(context.now());
        let directory = context.config.keys.directory.clone();
        let keyring = Self(Arc::new(Inner {
            sealer: TokenSealer::new(context.vault.clone()),
            context,
            directory,
            node_id,
            snapshot: RwLock::default(),
            reload: Mutex::new(Timestamp::default()),
            complained: std::sync::Mutex::default(),
        }));
        let rows = Self::list(&keyring.0.context).await?;
        keyring.refresh_with(keyring.load_signers(Some(&rows))?).await?;
        for purpose in NEEDED {
            if keyring.signer(purpose).is_err() {
                return Err(Error::internal(format!(
                    "no active {} key that this node holds in {}: make keys with `ikd keys init`, or copy them here from \
                     another node",
                    purpose.as_str(),
                    keyring.0.directory.display()
                )));
            }
        }
        Ok(keyring)
    }

    /// Makes the root secret and one active key per purpose that has none yet. Gives the kids of the new keys.
    ///
    /// # Errors
    /// When files or rows cannot be written.
    pub async fn init(context: &Context) -> Result<Vec<(KeyPurpose, [u8; 8])>> {
        Self::check_root(context).await?;
        let mut tx = context.db.read().await?;
        let rows = store::all(&mut tx).await?;
        drop(tx);
        let mut made = Vec::new();
        for purpose in NEEDED {
            if rows.iter().any(|row| row.purpose == purpose.as_str() && row.state == "active") {
                continue;
            }
            let signer = FileSigner::generate(&context.random);
            let path = key_path(&context.config.keys.directory, purpose, &signer.kid());
            signer.write(&path)?;
            let now = context.now();
            let public = signer.verifying_key().to_bytes();
            let mut tx = context.db.write().await?;
            match store::add(&mut tx, &signer.kid(), purpose.as_str(), &public, "active", now, Some(now)).await {
                Ok(()) => {
                    tx.commit().await?;
                    made.push((purpose, signer.kid()));
                }
                // Another command was faster, and its key is the one that counts.
                Err(DbError::Unique) => {
                    tx.rollback().await?;
                    let _ = std::fs::remove_file(&path);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(made)
    }

    /// Publishes a new key that will take the active one's place. The file must then be copied to every other node.
    ///
    /// # Errors
    /// When files or rows cannot be written.
    pub async fn rotate(context: &Context, purpose: KeyPurpose) -> Result<[u8; 8]> {
        let signer = FileSigner::generate(&context.random);
        signer.write(&key_path(&context.config.keys.directory, purpose, &signer.kid()))?;
        let mut tx = context.db.write().await?;
        let public = signer.verifying_key().to_bytes();
        store::add(&mut tx, &signer.kid(), purpose.as_str(), &public, "next", context.now(), None).await?;
        tx.commit().await?;
        Ok(signer.kid())
    }

    /// Retires a token key at once, for one that may be in a stranger's hands: tokens signed with it are refused as soon as
    /// the nodes have looked (a second). When it was the active one, the waiting key takes over without its publish-ahead
    /// time. Receipt keys are not revoked: what they attested stays attested.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it is the active key and no other one waits.
    pub async fn revoke(context: &Context, kid: [u8; 8]) -> Result<()> {
        let token = KeyPurpose::Token.as_str();
        // Keys may be promoted or revoked elsewhere meanwhile: then what was read is read again.
        for _ in 0..REVOKE_TRIES {
            let now = context.now();
            let mut tx = context.db.write().await?;
            let rows = store::all(&mut tx).await?;
            let row = rows.iter().find(|row| row.kid == kid && row.purpose == token).ok_or(Code::NotFound)?;
            let revoked = match row.state.as_str() {
                "retired" => return Err(Code::NotFound.into()),
                "active" => {
                    let next = rows.iter().find(|row| row.purpose == token && row.state == "next").ok_or_else(|| {
                        Refusal::new(Code::WrongState).detail(
                            "Ini kunci aktif dan belum ada penggantinya; jalankan `ikd keys rotate token` dan salin berkasnya dahulu.",
                            "This is the active key and none waits to replace it; run `ikd keys rotate token` and copy its file first.",
                        )
                    })?;
                    store::replace(&mut tx, &kid, &next.kid, token, now).await
                }
                _ => store::revoke(&mut tx, &kid, token, now).await,
            };
            match revoked {
                Ok(revoked) if revoked.happened() => return Ok(tx.commit().await?),
                Ok(_) | Err(DbError::Unique | DbError::Contention) => tx.rollback().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(DbError::Contention.into())
    }

    /// Refuses a root secret that is not the one this database is sealed with; a database without one takes it.
    ///
    /// # Errors
    /// When it is another one, or the database does not answer.
    pub async fn check_root(context: &Context) -> Result<()> {
        let own = hex(&context.vault.mac_index(Label::Audit, &[b"root fingerprint"]));
        let mut tx = context.db.write().await?;
        let known = store::root_fingerprint(&mut tx, &own, context.now()).await?;
        tx.commit().await?;
        if known == own {
            return Ok(());
        }
        Err(Error::internal(format!(
            "{}/root does not hold the root secret that this database is sealed with: copy root/ from another node or the backup",
            context.config.keys.directory.display()
        )))
    }

    /// All keys with their states, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(context: &Context) -> Result<Vec<KeyRow>> {
        let mut tx = context.db.read().await?;
        Ok(store::all(&mut tx).await?)
    }

    /// The published key set of all rows, for `/.well-known/jwks.json` and `keys export`.
    pub fn jwks_of(rows: &[KeyRow], now: Timestamp) -> JwkSet {
        let keys = rows
            .iter()
            .filter_map(|row| {
                let purpose = KeyPurpose::from_name(&row.purpose)?;
                is_published(row, purpose, now).then(|| public_key(row))?.map(|key| Jwk::new(&key, purpose))
            })
            .collect();
        JwkSet { keys }
    }

    /// The published key set as this node knows it.
    pub fn jwks(&self) -> JwkSet {
        Self::jwks_of(&self.snapshot().rows, self.0.context.now())
    }

    /// Whether a published key waits for more than its time: a node lacks its private half, or holds a file that cannot be
    /// used. No other key takes over meanwhile.
    pub fn rotation_is_blocked(&self) -> bool {
        let silence = self.0.context.config.keys.publish_ahead_seconds.saturating_add(NODE_SILENCE_SECONDS);
        let overdue = self.0.context.now().plus_seconds(silence.saturating_neg());
        let snapshot = self.snapshot();
        let broken = self.0.complained.lock().unwrap_or_else(PoisonError::into_inner);
        snapshot
            .rows
            .iter()
            .filter(|row| row.state == "next")
            .any(|row| row.published_at <= overdue || broken.values().any(|kid| row.kid == kid.as_slice()))
    }

    /// The signer of the active key.
    ///
    /// # Errors
    /// When there is none, or this node does not hold its private half.
    pub fn signer(&self, purpose: KeyPurpose) -> Result<Arc<dyn Signer>, SignError> {
        let snapshot = self.snapshot();
        let missing = || SignError::Unavailable(format!("no active {} key on this node", purpose.as_str()));
        let kid = snapshot.active.get(purpose.as_str()).ok_or_else(missing)?;
        let signer = snapshot.signers.get(kid).ok_or_else(missing)?;
        Ok(Arc::clone(signer) as Arc<dyn Signer>)
    }

    /// Makes a sealed token (activation, counter, presentation) with the active token key. Writes nothing.
    ///
    /// # Errors
    /// When this node cannot sign.
    pub fn issue(&self, record: SealedRecord) -> Result<Issued, SignError> {
        let context = &self.0.context;
        let signer = self.signer(KeyPurpose::Token)?;
        let name = &context.config.service.issuer;
        Issuer { signer: signer.as_ref(), sealer: &self.0.sealer, random: &context.random, name }.issue(record)
    }

    /// Checks form, signature and kind of a scanned text; a kid that is unknown is looked up once more in the rows.
    ///
    /// # Errors
    /// The first reason that applies, up to `wrong_type`. Time is for the caller to judge.
    pub async fn authenticate(&self, text: &str, expected: &[TokenKind]) -> Result<Authentic, Reason> {
        let issuer = &self.0.context.config.service.issuer;
        match authenticate(text, expected, issuer, self) {
            Err(Reason::UnknownKey) if self.reload_for_unknown().await => authenticate(text, expected, issuer, self),
            judged => judged,
        }
    }

    /// The sealing keys of tokens.
    pub fn sealer(&self) -> &TokenSealer {
        &self.0.sealer
    }

    /// Reads files and rows anew, reports what this node holds, and moves keys on whose time has come.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refresh(&self) -> Result<()> {
        self.refresh_with(self.load_signers(None)?).await
    }

    async fn refresh_with(&self, signers: HashMap<[u8; 8], Arc<FileSigner>>) -> Result<()> {
        let inner = &self.0;
        let now = inner.context.now();
        let kids: Vec<[u8; 8]> = signers.keys().copied().collect();
        let mut tx = inner.context.db.write().await?;
        store::report(&mut tx, inner.node_id, &kids, now).await?;
        store::forget_dead(&mut tx, now.plus_seconds(-DAY)).await?;
        store::retire(&mut tx, now.plus_seconds(-RETIRING_SECONDS), now).await?;
        tx.commit().await?;

        let mut reader = inner.context.db.read().await?;
        let rows = store::all(&mut reader).await?;
        let ripe_before = now.plus_seconds(-inner.context.config.keys.publish_ahead_seconds);
        let mut ripe = Vec::new();
        for row in rows.iter().filter(|row| row.state == "next" && row.published_at <= ripe_before) {
            if store::lacking(&mut reader, &row.kid, now.plus_seconds(-NODE_SILENCE_SECONDS)).await? == 0 {
                ripe.push(row);
            }
        }
        // Nobody waits for a connection with one in hand.
        drop(reader);
        let mut changed = false;
        for row in ripe {
            changed |= self.promote(row, now).await?;
        }
        let rows = if changed { store::all(&mut inner.context.db.read().await?).await? } else { rows };
        let fresh = Arc::new(Snapshot::new(rows, signers));
        *inner.snapshot.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    async fn promote(&self, row: &KeyRow, now: Timestamp) -> Result<bool> {
        let mut tx = self.0.context.db.write().await?;
        match store::promote(&mut tx, &row.kid, &row.purpose, now).await {
            Ok(promoted) if promoted.happened() => {
                tx.commit().await?;
                tracing::info!(key.purpose = row.purpose, "a new signing key is active");
            }
            // Another node or command was faster; the rows are read again.
            Ok(_) | Err(DbError::Unique | DbError::Contention) => tx.rollback().await?,
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// For a token with an unknown kid: reads the rows once more, at most once a second for the whole node.
    /// Gives whether anything was read.
    pub async fn reload_for_unknown(&self) -> bool {
        let mut last = self.0.reload.lock().await;
        let now = self.0.context.now();
        if now.micros().saturating_sub(last.micros()).abs() < crate::clock::MICROS {
            return false;
        }
        *last = now;
        self.refresh().await.is_ok()
    }

    /// Follows files and rows until `stop`, then takes this node's report back. While `in_time` says that the clock is off
    /// it does nothing: a clock that is ahead would retire a key that others sign with, and take the others for silent.
    pub async fn run(self, in_time: impl Fn() -> bool + Send + Sync, stop: CancellationToken) {
        let period = Duration::from_secs(self.0.context.config.keys.refresh_seconds.max(1));
        jobs::every("keyring.refresh", Pace::pausing(period).first_later(), &stop, async || {
            // Without an answer it goes on with the states known last.
            if in_time() { self.refresh().await } else { Ok(()) }
        })
        .await;
        if let Ok(mut tx) = self.0.context.db.write().await
            && store::forget(&mut tx, self.0.node_id).await.is_ok()
        {
            let _ = tx.commit().await;
        }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The private halves in the key directory. At the start `rows` says which keys sign or will sign: a node does not start
    /// when it cannot use the file of one of them. Every other such file is only not counted, loudly: at the start because
    /// nobody needs it, and later because a node that stopped reporting for one bad copy would be taken for gone, and the
    /// others would go on to a key that it does not hold.
    fn load_signers(&self, rows: Option<&[KeyRow]>) -> Result<HashMap<[u8; 8], Arc<FileSigner>>> {
        let signs = |kid: [u8; 8]| {
            rows.into_iter().flatten().any(|row| row.kid == kid && matches!(row.state.as_str(), "active" | "next"))
        };
        let known = self.snapshot();
        let mut signers = HashMap::new();
        let Ok(entries) = std::fs::read_dir(&self.0.directory) else { return Ok(signers) };
        let mut complained = self.0.complained.lock().unwrap_or_else(PoisonError::into_inner);
        for path in entries.flatten().map(|entry| entry.path()) {
            let Some(kid) = kid_of_path(&path) else { continue };
            match load_signer(&path, kid, known.signers.get(&kid)) {
                Ok(signer) => {
                    complained.remove(&path);
                    signers.insert(kid, signer);
                }
                Err(error) if signs(kid) => return Err(error.into()),
                Err(error) => {
                    if complained.insert(path, kid).is_none() {
                        tracing::error!(error.cause = %error, "a signing key cannot be used; no rotation goes on without it");
                    }
                }
            }
        }
        Ok(signers)
    }
}

fn load_signer(
    path: &Path,
    kid: [u8; 8],
    known: Option<&Arc<FileSigner>>,
) -> std::result::Result<Arc<FileSigner>, VaultError> {
    if let Some(signer) = known {
        return Ok(Arc::clone(signer));
    }
    let signer = FileSigner::load(path).map_err(|error| {
        let next =
            "copy the file from another node or the backup, or move it away when `ikd keys list` does not name it";
        VaultError::File(format!("{error}; {next}"))
    })?;
    if signer.kid() != kid {
        return Err(VaultError::File(format!("{}: the file's name is not its key's id", path.display())));
    }
    Ok(Arc::new(signer))
}

impl VerifyingKeys for Keyring {
    fn find(&self, kid: &[u8; 8], purpose: KeyPurpose) -> Option<VerifyingKey> {
        self.snapshot().verifying.get(kid).filter(|(of, _)| *of == purpose).map(|(_, key)| *key)
    }
}

impl Snapshot {
    fn new(rows: Vec<KeyRow>, signers: HashMap<[u8; 8], Arc<FileSigner>>) -> Self {
        let mut snapshot = Self { signers, ..Self::default() };
        for row in &rows {
            let (Some(purpose), Ok(kid)) = (KeyPurpose::from_name(&row.purpose), row.kid.as_slice().try_into()) else {
                continue;
            };
            // A `next` key verifies already: another node may have seen it become active before this one did.
            let counts = row.state != "retired" || purpose != KeyPurpose::Token;
            if let Some(key) = public_key(row).filter(|_| counts) {
                snapshot.verifying.insert(kid, (purpose, key));
            }
            if row.state == "active" {
                snapshot.active.insert(purpose.as_str(), kid);
            }
        }
        snapshot.rows = rows;
        snapshot
    }
}

/// Makes `root/1` in the key directory when there is no root secret yet; gives whether it did.
///
/// # Errors
/// When the file cannot be written.
pub fn init_root(directory: &Path, random: &Random) -> Result<bool, VaultError> {
    let path = directory.join("root").join("1");
    if path.exists() {
        return Ok(false);
    }
    let secret = zeroize::Zeroizing::new(random.bytes::<32>());
    match write_private(&path, secret.as_slice()) {
        // Another command was faster.
        Err(_) if path.exists() => Ok(false),
        written => written.map(|()| true),
    }
}

fn is_published(row: &KeyRow, purpose: KeyPurpose, now: Timestamp) -> bool {
    match (row.state.as_str(), row.retired_at) {
        ("retired", Some(at)) => purpose != KeyPurpose::Token && now.seconds_since(at) < LONG_PUBLICATION_DAYS * DAY,
        ("retired", None) => false,
        _ => true,
    }
}

fn public_key(row: &KeyRow) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = row.public_key.as_slice().try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

fn key_path(directory: &Path, purpose: KeyPurpose, kid: &[u8; 8]) -> PathBuf {
    directory.join(format!("{}-{}.pem", purpose.as_str(), hex(kid)))
}

/// Lower-case hexadecimal, as in the names of key files.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kid_of_path(path: &Path) -> Option<[u8; 8]> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".pem")?;
    let (purpose, hex) = stem.split_once('-')?;
    KeyPurpose::from_name(purpose)?;
    from_hex(hex)
}

/// Reads a key's id from its 16 hexadecimal digits.
pub fn from_hex(hex: &str) -> Option<[u8; 8]> {
    if hex.len() != 16 {
        return None;
    }
    let mut kid = [0; 8];
    for (index, byte) in kid.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(kid)
}
