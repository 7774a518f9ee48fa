//! The keyring of one node: signs with the active key, verifies with all that count, follows rotation while running.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::hardware::{Hardware, HardwareError};
use super::model::{KeyState, NEEDED, NODE_SILENCE_SECONDS, RETIRING_SECONDS};
use super::store::{self, KeyRow};
use super::{files, roots};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::credential::verify::authenticate;
use crate::credential::{
    JwkSet, KeyId, KeyPurpose, PublicKey, Reason, ServiceToken, SignError, Signer, TokenKind, TokenSealer,
    VerifyingKeys,
};
use crate::db::DbError;
use crate::error::{Error, Result};
use crate::jobs::{self, Pace};
use crate::transaction;

/// The keys of one node. Cloning shares them.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    context: Context,
    sealer: TokenSealer,
    directory: PathBuf,
    node_id: Uuid,
    /// Keys that are not files, and were given at the start.
    held_elsewhere: Vec<Arc<dyn Signer>>,
    /// The module that may hold others, and those that it does.
    hardware: Option<Hardware>,
    in_hardware: std::sync::Mutex<Signers>,
    /// Held while somebody looks into it, also by who has given up waiting: a module that never answers holds one thread, not one a second.
    looking: Arc<Mutex<()>>,
    snapshot: RwLock<Arc<Snapshot>>,
    reload: Mutex<Timestamp>,
    /// Files that cannot be used, with the key that each should hold.
    complained: std::sync::Mutex<BTreeMap<PathBuf, KeyId>>,
}

/// How long a look into the module may take: it is done each second, and rotation waits for it.
const HARDWARE_PATIENCE: Duration = Duration::from_secs(10);

type Signers = HashMap<KeyId, Arc<dyn Signer>>;

#[derive(Default)]
struct Snapshot {
    rows: Vec<KeyRow>,
    signers: Signers,
    verifying: HashMap<KeyId, (KeyPurpose, PublicKey)>,
    active: HashMap<KeyPurpose, KeyId>,
}

impl Keyring {
    /// Opens the key directory beside the shared rows.
    ///
    /// # Errors
    /// When the private file of a key that signs or will sign is too open or damaged, the database does not answer, or an
    /// active key is missing here.
    pub async fn open(context: Context) -> Result<Self> {
        Self::open_with(context, Vec::new()).await
    }

    /// [`Keyring::open`] with keys that are not files: those of a hardware module, which [`Keyring::publish`] made known.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub async fn open_with(context: Context, held_elsewhere: Vec<Arc<dyn Signer>>) -> Result<Self> {
        Self::check_root(&context).await?;
        let node_id = context.node.unwrap_or_else(|| context.random.uuid_v7(context.now()));
        let directory = context.config.keys.directory.clone();
        let hardware = open_hardware(&context).await?;
        let keyring = Self(Arc::new(Inner {
            sealer: TokenSealer::new(context.vault.clone()),
            context,
            directory,
            node_id,
            held_elsewhere,
            hardware,
            in_hardware: std::sync::Mutex::default(),
            looking: Arc::default(),
            snapshot: RwLock::default(),
            reload: Mutex::new(Timestamp::default()),
            complained: std::sync::Mutex::default(),
        }));
        let rows = Self::list(&keyring.0.context).await?;
        keyring.look_into_hardware(&rows).await?;
        keyring.refresh_with(keyring.load_signers(Some(&rows))?).await?;
        for purpose in NEEDED {
            if keyring.signer(purpose).is_err() {
                return Err(Error::internal(format!(
                    "no active {} key that this node holds in {}{}: make keys with `ikd keys init`, or copy them here from \
                     another node",
                    purpose.as_str(),
                    keyring.0.directory.display(),
                    if keyring.0.hardware.is_some() { " or in its hardware module" } else { "" }
                )));
            }
        }
        Ok(keyring)
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
            .filter(|row| row.state == KeyState::Next)
            .any(|row| row.published_at <= overdue || broken.values().any(|kid| row.kid == kid.as_slice()))
    }

    /// Whether a root secret seals that this node lacks: it seals nothing until it is started with it.
    pub fn lacks_root(&self) -> bool {
        self.0.context.vault.is_suspended()
    }

    /// The signer of the active key.
    ///
    /// # Errors
    /// When there is none, or this node does not hold its private half.
    pub fn signer(&self, purpose: KeyPurpose) -> Result<Arc<dyn Signer>, SignError> {
        let snapshot = self.snapshot();
        let missing = || SignError::Unavailable(format!("no active {} key on this node", purpose.as_str()));
        let kid = snapshot.active.get(&purpose).ok_or_else(missing)?;
        let signer = snapshot.signers.get(kid).ok_or_else(missing)?;
        Ok(Arc::clone(signer))
    }

    /// Checks form, signature and kind of a scanned text; a kid that is unknown is looked up once more in the rows.
    ///
    /// # Errors
    /// The first reason that applies, up to `wrong_type`. Time is for the caller to judge.
    pub async fn authenticate(&self, text: &str, expected: &[TokenKind]) -> Result<ServiceToken, Reason> {
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
        if let Err(error) = self.look_into_hardware(&self.snapshot().rows).await {
            tracing::error!(error.cause = %error, "the hardware module does not answer: its keys sign nothing");
        }
        self.refresh_with(self.load_signers(None)?).await
    }

    /// Finds keys of these rows in the module. While it does not answer, this node holds none of them.
    async fn look_into_hardware(&self, rows: &[KeyRow]) -> Result<()> {
        let Some(hardware) = self.0.hardware.clone() else { return Ok(()) };
        let known = self.in_hardware().clone();
        let wanted = |row: &&KeyRow| matches!(row.state, KeyState::Active | KeyState::Next);
        let missing = rows.iter().filter(wanted).filter_map(KeyRow::key).filter(|key| !known.contains_key(&key.kid()));
        let missing: Vec<PublicKey> = missing.collect();
        let Ok(looking) = Arc::clone(&self.0.looking).try_lock_owned() else {
            self.in_hardware().clear();
            return Err(HardwareError::Answer("has not answered the look before").into());
        };
        let looked = tokio::task::spawn_blocking(move || {
            let _looking = looking;
            if !hardware.answers() {
                return Err(HardwareError::Answer("does not answer"));
            }
            let found = missing.into_iter().map(|key| hardware.find(key));
            found.collect::<Result<Vec<_>, _>>()
        });
        let looked = tokio::time::timeout(HARDWARE_PATIENCE, looked).await;
        let found = match looked {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Err(Error::internal(error)),
            Err(_) => Err(HardwareError::Answer("does not answer in time")),
        };
        let mut held = self.in_hardware();
        match found {
            Ok(found) => {
                for signer in found.into_iter().flatten() {
                    held.insert(signer.kid(), Arc::new(signer));
                }
                Ok(())
            }
            // Who uses up all its sessions signs.
            Err(HardwareError::Busy) => Ok(()),
            Err(error) => {
                held.clear();
                Err(error.into())
            }
        }
    }

    fn in_hardware(&self) -> std::sync::MutexGuard<'_, Signers> {
        self.0.in_hardware.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn refresh_with(&self, signers: Signers) -> Result<()> {
        let inner = &self.0;
        let now = inner.context.now();
        let kids: Vec<KeyId> = signers.keys().copied().collect();
        transaction!(inner.context.db, "keyring.report", |tx| {
            roots::report(&inner.context, tx, inner.node_id).await?;
            store::report(tx, inner.node_id, &kids, now).await?;
            roots::report_sealing(&inner.context, tx, inner.node_id).await?;
            roots::forget_dead(tx, now.plus_seconds(-DAY)).await?;
            store::forget_dead(tx, now.plus_seconds(-DAY)).await?;
            Ok(store::retire(tx, now.plus_seconds(-RETIRING_SECONDS), now).await?)
        })?;

        let mut reader = inner.context.db.read().await?;
        let rows = store::all(&mut reader).await?;
        let ripe_before = now.plus_seconds(-inner.context.config.keys.publish_ahead_seconds);
        let mut ripe = Vec::new();
        let active_of = |purpose| rows.iter().find(|row| row.purpose == purpose && row.state == KeyState::Active);
        for row in rows.iter().filter(|row| row.state == KeyState::Next && row.published_at <= ripe_before) {
            // An older key that still waits when a newer one signs was passed over on purpose: only people let it take over.
            if active_of(row.purpose).is_some_and(|active| row.published_at < active.published_at) {
                continue;
            }
            if store::lacking(&mut reader, &row.kid, now.plus_seconds(-NODE_SILENCE_SECONDS)).await? == 0 {
                ripe.push((row, active_of(row.purpose)));
            }
        }
        // No task may wait for a second connection while it holds one.
        drop(reader);
        let mut changed = false;
        // Where two of a purpose are ripe, the one no longer finds whom it was to replace: it is judged anew next time.
        for (row, active) in ripe {
            changed |= self.promote(row, active, now).await?;
        }
        let rows = if changed { store::all(&mut inner.context.db.read().await?).await? } else { rows };
        let fresh = Arc::new(Snapshot::new(rows, signers));
        *inner.snapshot.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        roots::follow(&inner.context).await
    }

    async fn promote(&self, row: &KeyRow, active: Option<&KeyRow>, now: Timestamp) -> Result<bool> {
        let replaces = active.map(|active| active.kid.as_slice());
        let promoted = transaction!(self.0.context.db, "keyring.promote", |tx| {
            store::promote(tx, &row.kid, row.purpose, replaces, now).await?.demand()
        });
        match promoted {
            Ok(()) => tracing::info!(key.purpose = row.purpose.as_str(), "a new signing key is active"),
            // Another node or command was faster; the rows are read again.
            Err(Error::Refused(_) | Error::Db(DbError::Unique | DbError::Contention)) => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// For a token with an unknown kid: reads files and rows once more, at most once a second for the whole node. A module is not asked: whoever
    /// checks a token needs a public key, and has no time. Gives whether anything was read.
    pub async fn reload_for_unknown(&self) -> bool {
        let mut last = self.0.reload.lock().await;
        let now = self.0.context.now();
        if now.micros().saturating_sub(last.micros()).abs() < crate::clock::MICROS {
            return false;
        }
        *last = now;
        match self.load_signers(None) {
            Ok(signers) => self.refresh_with(signers).await.is_ok(),
            Err(_) => false,
        }
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
        // The others learn it after a while by themselves.
        let _ = transaction!(self.0.context.db, "keyring.forget_node", |tx| {
            roots::forget(tx, self.0.node_id).await?;
            Ok(store::forget(tx, self.0.node_id).await?)
        });
    }

    pub(super) fn context(&self) -> &Context {
        &self.0.context
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The private halves in the key directory. At the start `rows` says which keys sign or will sign: a node does not start
    /// when it cannot use the file of one of them. Every other such file is only not counted, loudly: at the start because
    /// nobody needs it, and later because a node that stopped reporting for one bad copy would be taken for gone, and the
    /// others would go on to a key that it does not hold.
    fn load_signers(&self, rows: Option<&[KeyRow]>) -> Result<Signers> {
        let signs = |kid: KeyId| {
            let waits_or_signs = |row: &KeyRow| matches!(row.state, KeyState::Active | KeyState::Next);
            rows.into_iter().flatten().any(|row| row.kid == kid && waits_or_signs(row))
        };
        let known = self.snapshot();
        let held = self.0.held_elsewhere.iter().map(|signer| (signer.kid(), Arc::clone(signer)));
        let mut signers: Signers = held.chain(self.in_hardware().clone()).collect();
        let mut complained = self.0.complained.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, kid) in files::key_files(&self.0.directory) {
            let signer = match known.signers.get(&kid) {
                Some(signer) => Ok(Arc::clone(signer)),
                None => files::load(&path, kid).map(|signer| Arc::new(signer) as Arc<dyn Signer>),
            };
            match signer {
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

/// The module that the configuration names, on a thread that may wait.
pub(super) async fn open_hardware(context: &Context) -> Result<Option<Hardware>> {
    let config = context.config.keys.module.clone();
    let opened = tokio::task::spawn_blocking(move || Hardware::open(&config));
    Ok(opened.await.map_err(Error::internal)??)
}

impl VerifyingKeys for Keyring {
    fn find(&self, kid: &KeyId, purpose: KeyPurpose) -> Option<PublicKey> {
        self.snapshot().verifying.get(kid).filter(|(of, _)| *of == purpose).map(|(_, key)| *key)
    }
}

impl Snapshot {
    fn new(rows: Vec<KeyRow>, signers: Signers) -> Self {
        let mut snapshot = Self { signers, ..Self::default() };
        for row in &rows {
            let Ok(kid) = KeyId::try_from(row.kid.as_slice()) else { continue };
            if let Some(key) = row.key().filter(|_| row.state.verifies(row.purpose)) {
                snapshot.verifying.insert(kid, (row.purpose, key));
            }
            if row.state == KeyState::Active {
                snapshot.active.insert(row.purpose, kid);
            }
        }
        snapshot.rows = rows;
        snapshot
    }
}
