//! Root secrets, and every key that is derived from them.
//!
//! `keys/root/<n>` holds 32 random bytes. HKDF-SHA-256 (RFC 5869) with a label derives one key per use, so no key
//! serves two purposes. A ciphertext begins with the version `n`, which is also part of the associated data: a new root
//! can be added, and values sealed under an old one stay readable. Of a root that was retired `root/<n>.retained` holds the keys of
//! look-ups and chains alone (docs/adr/0042-retiring-a-root-secret.md).

mod column;
mod files;
mod label;
mod retained;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::random::Random;

pub use column::{Column, same_row};
pub use files::{demand_own_folder, read_private, remove_drafts, write_private};
pub use label::Label;
pub use retained::{Retained, retained_path};

/// Length of a blind index in bytes: 128 bits never collide among 280 million people.
pub const INDEX_LENGTH: usize = 16;

/// No version: the latest seals.
const LATEST: u16 = u16::MAX;
/// Beside the version that sealed last: another one seals now, and is not here.
const SUSPENDED: u16 = 0x100;

/// Faults of root secrets and of sealed values.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key directory holds no root secret.
    #[error("no root secret in {0}: `ikd setup` sets the service up, `ikd keys init` makes keys alone")]
    Missing(String),
    /// A file cannot be read, has a wrong length or too open a mode.
    #[error("{0}")]
    File(String),
    /// Something is too long to be sealed, or cannot be written as CBOR.
    #[error("a value cannot be sealed")]
    Seal,
    /// A ciphertext is not ours, was altered, or was moved to another row.
    #[error("a sealed value cannot be opened")]
    Open,
}

/// Root secrets, each with its version.
pub type RootSecrets = Vec<(u8, Zeroizing<[u8; 32]>)>;

/// The keys of one root secret, one for every label: looking one up cannot fail.
struct Root {
    keys: [Keys; Label::ALL.len()],
    prk: Zeroizing<[u8; 32]>,
}

struct Keys {
    key: Zeroizing<[u8; 32]>,
    mac: Hmac<Sha256>,
    cipher: Aes256GcmSiv,
}

impl Root {
    fn derive(secret: &[u8; 32]) -> Self {
        let (prk, _) = Hkdf::<Sha256>::extract(None, secret);
        Self::expand(Zeroizing::new(prk.into()), None)
    }

    fn expand(prk: Zeroizing<[u8; 32]>, epoch: Option<i64>) -> Self {
        // HKDF-Expand (RFC 5869) of one block: T(1) = HMAC(PRK, info ‖ 0x01). Written out, because the library's
        // `expand` returns an error for long outputs and this cannot fail.
        let keys = Label::ALL.map(|label| {
            let mut mac = keyed(&prk);
            mac.update(label.info());
            if let Some(epoch) = epoch.filter(|_| label.is_of_an_epoch()) {
                mac.update(b"/epoch/");
                mac.update(&epoch.to_be_bytes());
            }
            mac.update(&[1]);
            let key = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
            Keys { mac: keyed(&key), cipher: Aes256GcmSiv::new(&(*key).into()), key }
        });
        Self { keys, prk }
    }

    fn keys(&self, label: Label) -> &Keys {
        &self.keys[label as usize]
    }

    fn mac(&self, label: Label, parts: &[&[u8]]) -> [u8; 32] {
        of_parts(self.keys(label).mac.clone(), parts)
    }

    fn encrypt(&self, label: Label, nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let payload = Payload { msg: plaintext, aad };
        self.keys(label).cipher.encrypt(&Nonce::from(*nonce), payload).map_err(|_| VaultError::Seal)
    }
}

/// The digest of parts, each preceded by its length.
fn of_parts(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA-256 with a key of 32 bytes, which RFC 2104 pads with zeros to the block of 64.
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as KeyInit>::new(&(*block).into())
}

/// The derived keys of all root secrets. Cloning shares them; `Debug` shows versions only.
#[derive(Clone)]
pub struct Vault {
    roots: Arc<BTreeMap<u8, Arc<Root>>>,
    retained: Arc<BTreeMap<u8, Retained>>,
    /// Of the highest version.
    latest: (u8, Arc<Root>),
    /// The version that seals, for all clones and epochs of one process; [`LATEST`] while nobody has said which.
    sealing: Arc<AtomicU16>,
    /// The same keys of no epoch, where this is a vault of one.
    lasting: Option<Arc<Vault>>,
    epoch: Option<i64>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("versions", &self.roots.keys().collect::<Vec<_>>()).finish()
    }
}

impl Vault {
    /// From root secrets by version. The highest version seals ([`Vault::seal_with`]), all versions open. Blind indexes use the
    /// lowest version, because rows are found by them. `None` when there is no secret.
    pub fn new(secrets: &BTreeMap<u8, Zeroizing<[u8; 32]>>) -> Option<Self> {
        Self::beside(secrets, BTreeMap::new())
    }

    /// [`Vault::new`], beside what is left of versions that were retired.
    pub fn beside(secrets: &BTreeMap<u8, Zeroizing<[u8; 32]>>, retained: BTreeMap<u8, Retained>) -> Option<Self> {
        let roots = secrets.iter().map(|(&version, secret)| (version, Arc::new(Root::derive(secret)))).collect();
        Self::of(roots, retained, Arc::new(AtomicU16::new(LATEST)))
    }

    fn of(
        roots: BTreeMap<u8, Arc<Root>>,
        mut retained: BTreeMap<u8, Retained>,
        sealing: Arc<AtomicU16>,
    ) -> Option<Self> {
        let (&version, root) = roots.last_key_value()?;
        let latest = (version, Arc::clone(root));
        // Who holds the secret needs no rest of it.
        retained.retain(|version, _| !roots.contains_key(version));
        let (roots, retained) = (Arc::new(roots), Arc::new(retained));
        Some(Self { roots, retained, latest, sealing, lasting: None, epoch: None })
    }

    /// The vault of an epoch, which a restored database begins: what was sealed or derived in another one to be of use for a while
    /// ([`Label::is_of_an_epoch`]) does not open here. All else does.
    #[must_use]
    pub fn in_epoch(&self, epoch: i64) -> Self {
        let lasting = self.lasting();
        let expand = |root: &Arc<Root>| Arc::new(Root::expand(root.prk.clone(), Some(epoch)));
        let roots = lasting.roots.iter().map(|(&version, root)| (version, expand(root))).collect();
        let retained = lasting.retained.iter().map(|(&version, rest)| (version, rest.in_epoch(epoch))).collect();
        let of_epoch = Self::of(roots, retained, Arc::clone(&lasting.sealing)).unwrap_or_else(|| lasting.clone());
        Self { lasting: Some(Arc::new(lasting)), epoch: Some(epoch), ..of_epoch }
    }

    /// In which epoch these keys are; `None` for a database that was never restored.
    pub const fn epoch(&self) -> Option<i64> {
        self.epoch
    }

    /// The vault of no epoch, for what outlives them all: printed cards.
    #[must_use]
    pub fn lasting(&self) -> Self {
        self.lasting.as_deref().unwrap_or(self).clone()
    }

    /// One root secret of version 1, for tests and vectors.
    pub fn single(secret: [u8; 32]) -> Self {
        let root = Arc::new(Root::derive(&secret));
        Self {
            roots: Arc::new(BTreeMap::from([(1, Arc::clone(&root))])),
            retained: Arc::default(),
            latest: (1, root),
            sealing: Arc::new(AtomicU16::new(LATEST)),
            lasting: None,
            epoch: None,
        }
    }

    /// Reads all of `dir/<n>` and `dir/<n>.retained`. A file that others than its owner may read is refused.
    ///
    /// # Errors
    /// When there is none, or one is unreadable, too open, or not 32 bytes long.
    pub fn load(dir: &Path) -> Result<Self, VaultError> {
        Self::load_beside(dir, Vec::new())
    }

    /// [`Vault::load`], beside secrets that a hardware module has unwrapped.
    ///
    /// # Errors
    /// As [`Vault::load`]; when the two forms of one hold different secrets.
    pub fn load_beside(dir: &Path, unwrapped: RootSecrets) -> Result<Self, VaultError> {
        let mut secrets: BTreeMap<u8, _> = unwrapped.into_iter().collect();
        let mut retained = BTreeMap::new();
        let entries = std::fs::read_dir(dir).map_err(|_| VaultError::Missing(dir.display().to_string()))?;
        // Who can write to the folder above can put another one in the place of this.
        files::demand_own_folder(dir)?;
        files::demand_own_folder(files::folder_of(dir))?;
        for entry in entries {
            let path = entry.map_err(|error| VaultError::File(format!("{}: {error}", dir.display())))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            if let Some(version) = name.strip_suffix(retained::SUFFIX).and_then(|version| version.parse::<u8>().ok()) {
                let text = Zeroizing::new(read_private(&path)?);
                let read = Retained::parse(version, &text);
                let wrong = || VaultError::File(format!("{}: not written by `ikd keys retire-root`", path.display()));
                retained.insert(version, read.ok_or_else(wrong)?);
            }
            let Ok(version) = name.parse::<u8>() else { continue };
            let bytes = Zeroizing::new(read_private(&path)?);
            let secret: [u8; 32] = bytes
                .as_slice()
                .try_into()
                .map_err(|_| VaultError::File(format!("{}: a root secret is exactly 32 bytes", path.display())))?;
            let secret = Zeroizing::new(secret);
            if secrets.get(&version).is_some_and(|unwrapped: &Zeroizing<[u8; 32]>| *unwrapped != secret) {
                let path = path.display();
                return Err(VaultError::File(format!("{path}: its wrapped form beside it holds another secret")));
            }
            secrets.insert(version, secret);
        }
        Self::beside(&secrets, retained).ok_or_else(|| VaultError::Missing(dir.display().to_string()))
    }

    /// The version that seals now.
    pub fn current(&self) -> u8 {
        self.now().0
    }

    /// The version that seals now, with its keys.
    fn now(&self) -> (u8, &Root) {
        let sealing = self.sealing.load(Ordering::Relaxed);
        let [version, _] = sealing.to_le_bytes();
        let chosen = (sealing != LATEST).then_some(version);
        let chosen = chosen.and_then(|version| self.roots.get_key_value(&version));
        chosen.map_or((self.latest.0, &*self.latest.1), |(&version, root)| (version, root))
    }

    /// Lets a version seal from now on, for all clones of this vault: the one that all nodes hold. `false` when it is not here.
    pub fn seal_with(&self, version: u8) -> bool {
        let here = self.roots.contains_key(&version);
        if here {
            self.sealing.store(version.into(), Ordering::Relaxed);
        }
        here
    }

    /// Lets nothing be sealed any more, for all clones of this vault: a version seals that is not here. [`Vault::seal_with`] ends it.
    pub fn suspend(&self) {
        self.sealing.store(SUSPENDED | u16::from(self.current()), Ordering::Relaxed);
    }

    /// Whether nothing is sealed here ([`Vault::suspend`]).
    pub fn is_suspended(&self) -> bool {
        let sealing = self.sealing.load(Ordering::Relaxed);
        sealing != LATEST && sealing & SUSPENDED != 0
    }

    /// All versions that open, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = u8> + '_ {
        self.roots.keys().copied()
    }

    /// Versions of which only the keys of look-ups and chains are here, oldest first.
    pub fn retained(&self) -> impl Iterator<Item = u8> + '_ {
        self.retained.keys().copied()
    }

    /// The digest of what is left of a retired version, as its file has it; `None` where that is not here, or the secret itself is.
    pub fn retained_digest(&self, version: u8) -> Option<String> {
        Some(self.lasting().retained.get(&version)?.digest())
    }

    /// What is left of a version when it is retired; `None` when it is not here.
    pub fn retain(&self, version: u8, cards: bool) -> Option<Retained> {
        let lasting = self.lasting();
        let of_epoch = self.epoch.and_then(|epoch| Some((epoch, &**self.roots.get(&version)?)));
        Some(Retained::of(version, lasting.roots.get(&version)?, of_epoch, cards))
    }

    /// HMAC-SHA-256 of the parts, each preceded by its length, under the key for `label` of root `version`. The version
    /// comes from outside: `None` for an unknown one, which the caller refuses.
    pub fn mac(&self, version: u8, label: Label, parts: &[&[u8]]) -> Option<[u8; 32]> {
        match self.roots.get(&version) {
            Some(root) => Some(root.mac(label, parts)),
            None => self.retained.get(&version)?.mac(label, parts),
        }
    }

    /// [`Vault::mac`] under the root that seals now, with its version.
    pub fn mac_now(&self, label: Label, parts: &[&[u8]]) -> (u8, [u8; 32]) {
        let (version, root) = self.now();
        (version, root.mac(label, parts))
    }

    /// [`Vault::mac`] under the root of the lowest version, for digests that find rows: labels that outlive their root
    /// ([`Label::is_retained`]).
    pub fn mac_index(&self, label: Label, parts: &[&[u8]]) -> [u8; 32] {
        let first = self.roots.first_key_value();
        let retained =
            self.retained.first_key_value().filter(|(version, _)| first.is_none_or(|(own, _)| *version < own));
        let of_retained = retained.and_then(|(_, rest)| rest.mac(label, parts));
        of_retained.unwrap_or_else(|| first.map_or(&self.latest.1, |(_, root)| root).mac(label, parts))
    }

    /// The raw key for `label` of root `version`, for libraries that want one (the captcha's HMAC key).
    pub fn key(&self, version: u8, label: Label) -> Option<Zeroizing<[u8; 32]>> {
        Some(self.roots.get(&version)?.keys(label).key.clone())
    }

    /// Blind index of a value: equal values give equal bytes, and without the key the bytes reveal nothing.
    pub fn blind_index(&self, label: Label, value: &str) -> Vec<u8> {
        self.mac_index(label, &[value.as_bytes()])[..INDEX_LENGTH].to_vec()
    }

    /// AES-256-GCM-SIV (RFC 8452) under the key for `label` of root `version`, with the caller's nonce.
    ///
    /// # Errors
    /// When the version is unknown, or this vault is suspended.
    pub fn encrypt(
        &self,
        version: u8,
        label: Label,
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        if self.is_suspended() {
            return Err(VaultError::Seal);
        }
        self.roots.get(&version).ok_or(VaultError::Seal)?.encrypt(label, nonce, aad, plaintext)
    }

    /// The reverse of [`Vault::encrypt`].
    ///
    /// # Errors
    /// When version, nonce, associated data or ciphertext do not belong together.
    pub fn decrypt(
        &self,
        version: u8,
        label: Label,
        nonce: &[u8; 12],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let retained = || self.retained.get(&version)?.cipher(label);
        let cipher = self.roots.get(&version).map(|root| &root.keys(label).cipher).or_else(retained);
        cipher
            .ok_or(VaultError::Open)?
            .decrypt(&Nonce::from(*nonce), Payload { msg: ciphertext, aad })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Open)
    }

    /// Seals bytes under a random nonce, bound to `context`: version ‖ nonce (12) ‖ ciphertext and tag.
    ///
    /// # Errors
    /// When this vault is suspended, or there are more than 64 GiB (RFC 8452 §6): a value that could not be opened is never stored.
    pub fn seal(
        &self,
        label: Label,
        random: &Random,
        context: &[&[u8]],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        if self.is_suspended() {
            return Err(VaultError::Seal);
        }
        let (version, root) = self.now();
        let nonce: [u8; 12] = random.bytes();
        let ciphertext = root.encrypt(label, &nonce, &associated_data(version, context), plaintext)?;
        let mut out = Vec::with_capacity(13 + ciphertext.len());
        out.push(version);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&ciphertext);
        Ok(out)
    }

    /// Whether a value is sealed by a version that does not seal now.
    pub fn is_outdated(&self, sealed: &[u8]) -> bool {
        sealed.first() != Some(&self.current())
    }

    /// Whether the version that sealed a value is here. Where it was retired, what lives for moments only has ended with it.
    pub fn is_known(&self, sealed: &[u8]) -> bool {
        sealed.first().is_some_and(|version| self.roots.contains_key(version))
    }

    /// Opens what [`Vault::seal`] made with the same label and context.
    ///
    /// # Errors
    /// When it was altered or belongs elsewhere.
    pub fn open(&self, label: Label, context: &[&[u8]], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (&version, rest) = sealed.split_first().ok_or(VaultError::Open)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<12>().ok_or(VaultError::Open)?;
        self.decrypt(version, label, nonce, &associated_data(version, context), ciphertext)
    }

    /// Seals one record as CBOR, bound to its table and row: a value copied into another row does not open.
    ///
    /// # Errors
    /// When the record cannot be written as CBOR, which is a fault of ours.
    pub fn seal_row<T: Serialize>(
        &self,
        random: &Random,
        table: &str,
        row: Uuid,
        record: &T,
    ) -> Result<Vec<u8>, VaultError> {
        let mut plaintext = Zeroizing::new(Vec::new());
        ciborium::into_writer(record, &mut *plaintext).map_err(|_| VaultError::Seal)?;
        self.seal(Label::Column, random, &[table.as_bytes(), row.as_bytes()], &plaintext)
    }

    /// Opens what [`Vault::seal_row`] made for the same table and row.
    ///
    /// # Errors
    /// When it was altered, belongs elsewhere or has another shape.
    pub fn open_row<T: DeserializeOwned>(&self, table: &str, row: Uuid, sealed: &[u8]) -> Result<T, VaultError> {
        let plaintext = self.open(Label::Column, &[table.as_bytes(), row.as_bytes()], sealed)?;
        ciborium::from_reader(plaintext.as_slice()).map_err(|_| VaultError::Open)
    }

    /// Seals a picture or other bytes as they are, bound to table and row.
    ///
    /// # Errors
    /// As for [`Vault::seal`].
    pub fn seal_bytes(&self, random: &Random, table: &str, row: Uuid, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.seal(Label::Column, random, &[table.as_bytes(), row.as_bytes()], bytes)
    }

    /// Opens what [`Vault::seal_bytes`] made for the same table and row.
    ///
    /// # Errors
    /// When it was altered or belongs elsewhere.
    pub fn open_bytes(&self, table: &str, row: Uuid, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.open(Label::Column, &[table.as_bytes(), row.as_bytes()], sealed).map(|bytes| bytes.to_vec())
    }
}

impl From<VaultError> for crate::error::Error {
    fn from(error: VaultError) -> Self {
        Self::internal(error)
    }
}

fn associated_data(version: u8, context: &[&[u8]]) -> Vec<u8> {
    let mut aad = vec![version];
    for part in context {
        aad.extend_from_slice(&(part.len() as u32).to_be_bytes());
        aad.extend_from_slice(part);
    }
    aad
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::single([7; 32])
    }

    #[test]
    fn keys_come_from_hkdf_with_the_documented_labels() {
        // Computed with Python: hmac-based RFC 5869, salt of 32 zero bytes, ikm = 07 × 32, info = ikd/column/v1.
        let prk = {
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&[0; 32]).unwrap();
            mac.update(&[7; 32]);
            mac.finalize().into_bytes()
        };
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&prk).unwrap();
        mac.update(b"ikd/column/v1\x01");
        let expected: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(*vault().key(1, Label::Column).unwrap(), expected);
    }

    #[test]
    fn keys_and_macs_are_those_of_the_crates_for_any_length() {
        let hkdf = Hkdf::<Sha256>::new(None, &[7; 32]);
        for (place, label) in Label::ALL.into_iter().enumerate() {
            assert_eq!(label as usize, place, "{label:?}");
            let mut key = [0; 32];
            hkdf.expand(label.info(), &mut key).unwrap();
            assert_eq!(*vault().key(1, label).unwrap(), key);
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
            mac.update(&[0, 0, 0, 0, 0, 0, 0, 1]);
            mac.update(b"x");
            let expected: [u8; 32] = mac.finalize().into_bytes().into();
            assert_eq!(vault().mac_now(label, &[b"x"]), (1, expected));
            assert_eq!(vault().mac_index(label, &[b"x"]), expected);
            assert_eq!(vault().mac(1, label, &[b"x"]), Some(expected));
            assert_eq!(vault().mac(2, label, &[b"x"]), None, "no key, no digest");
        }
    }

    #[test]
    fn every_use_has_a_key_of_its_own() {
        let keys: std::collections::HashSet<_> =
            Label::ALL.iter().map(|label| *vault().key(1, *label).unwrap()).collect();
        assert_eq!(keys.len(), Label::ALL.len());
    }

    #[test]
    fn a_sealed_row_opens_only_in_its_own_table_and_row() {
        let (vault, random) = (vault(), Random::seeded(1));
        let (row, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = vault.seal_row(&random, "holder_record", row, &("Siti", 3)).unwrap();
        assert_eq!(vault.open_row::<(String, i32)>("holder_record", row, &sealed).unwrap(), ("Siti".into(), 3));
        assert!(vault.open_row::<(String, i32)>("holder_record", other, &sealed).is_err());
        assert!(vault.open_row::<(String, i32)>("register_record", row, &sealed).is_err());
        for position in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[position] ^= 1;
            assert!(vault.open_row::<(String, i32)>("holder_record", row, &altered).is_err());
        }
        assert!(vault.open_bytes("holder_record", row, &[]).is_err());
    }

    #[test]
    fn an_older_root_still_opens_and_still_indexes() {
        let random = Random::seeded(1);
        let old = vault();
        let sealed = old.seal_bytes(&random, "t", Uuid::nil(), b"x").unwrap();
        let secrets = BTreeMap::from([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([8; 32]))]);
        let both = Vault::new(&secrets).unwrap();
        assert_eq!(both.open_bytes("t", Uuid::nil(), &sealed).unwrap(), b"x");
        assert_eq!(both.seal_bytes(&random, "t", Uuid::nil(), b"x").unwrap()[0], 2);
        assert_eq!(both.blind_index(Label::NikIndex, "1"), old.blind_index(Label::NikIndex, "1"));
    }

    #[test]
    fn a_version_seals_once_it_is_said_and_never_one_that_is_not_here() {
        let random = Random::seeded(1);
        let secrets = BTreeMap::from([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([8; 32]))]);
        let both = Vault::new(&secrets).unwrap();
        let of_epoch = both.in_epoch(7);
        assert!(both.seal_with(1) && !both.seal_with(3));
        for vault in [&both, &of_epoch, &of_epoch.lasting(), &both.clone()] {
            assert_eq!((vault.current(), vault.seal_bytes(&random, "t", Uuid::nil(), b"x").unwrap()[0]), (1, 1));
        }
        assert!(of_epoch.seal_with(2));
        assert_eq!((both.current(), of_epoch.lasting().current()), (2, 2));
        // One that learned too late that another seals opens, and seals nothing.
        of_epoch.suspend();
        for vault in [&both, &of_epoch.lasting()] {
            assert!(vault.is_suspended() && vault.current() == 2);
            assert!(vault.seal_bytes(&random, "t", Uuid::nil(), b"x").is_err());
            assert!(vault.encrypt(2, Label::TokenSeal, &[0; 12], b"", b"x").is_err());
        }
        assert!(both.seal_with(2) && !of_epoch.is_suspended());
        assert_eq!(both.mac_now(Label::Audit, &[b"x"]), (2, both.mac(2, Label::Audit, &[b"x"]).unwrap()));
    }

    #[test]
    fn open_modes_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1");
        write_private(&path, &[7; 32]).unwrap();
        assert!(write_private(&path, &[8; 32]).is_err(), "an existing key is never overwritten");
        assert!(Vault::load(dir.path()).is_ok());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Vault::load(dir.path()), Err(VaultError::File(message)) if message.contains("chmod 600")));
    }
}
