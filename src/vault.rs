//! Root secrets, and every key that is derived from them.
//!
//! `keys/root/<n>` holds 32 random bytes. HKDF-SHA-256 (RFC 5869) with a label derives one key per use, so no key
//! serves two purposes. A ciphertext begins with the version `n`, which is also part of the associated data: a new root
//! can be added, and values sealed under an old one stay readable.

mod label;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::failpoint::{self, Side};
use crate::random::Random;

pub use label::Label;

/// Length of a blind index in bytes: 128 bits never collide among 280 million people.
pub const INDEX_LENGTH: usize = 16;
/// Most names tried for a draft file, past those that crashes left behind.
const DRAFTS: u32 = 1_000;

/// Faults of root secrets and of sealed values.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key directory holds no root secret.
    #[error("no root secret in {0}: make one with `ikd keys init`")]
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
        let mut mac = self.keys(label).mac.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn encrypt(&self, label: Label, nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let payload = Payload { msg: plaintext, aad };
        self.keys(label).cipher.encrypt(&Nonce::from(*nonce), payload).map_err(|_| VaultError::Seal)
    }
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
    current: (u8, Arc<Root>),
    first: (u8, Arc<Root>),
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
    /// From root secrets by version. The highest version seals, all versions open. Blind indexes use the lowest
    /// version, because rows are found by them. `None` when there is no secret.
    pub fn new(secrets: &BTreeMap<u8, Zeroizing<[u8; 32]>>) -> Option<Self> {
        Self::of(secrets.iter().map(|(&version, secret)| (version, Arc::new(Root::derive(secret)))).collect())
    }

    fn of(roots: BTreeMap<u8, Arc<Root>>) -> Option<Self> {
        let named = |(version, root): (&u8, &Arc<Root>)| (*version, Arc::clone(root));
        let (first, current) = (named(roots.first_key_value()?), named(roots.last_key_value()?));
        Some(Self { roots: Arc::new(roots), current, first, lasting: None, epoch: None })
    }

    /// The vault of an epoch, which a restored database begins: what was sealed or derived in another one to be of use for a while
    /// ([`Label::is_of_an_epoch`]) does not open here. All else does.
    #[must_use]
    pub fn in_epoch(&self, epoch: i64) -> Self {
        let lasting = self.lasting();
        let expand = |root: &Arc<Root>| Arc::new(Root::expand(root.prk.clone(), Some(epoch)));
        let roots = lasting.roots.iter().map(|(&version, root)| (version, expand(root))).collect();
        let of_epoch = Self::of(roots).unwrap_or_else(|| lasting.clone());
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
        let only = (1, Arc::clone(&root));
        Self {
            roots: Arc::new(BTreeMap::from([(1, root)])),
            current: only.clone(),
            first: only,
            lasting: None,
            epoch: None,
        }
    }

    /// Reads all of `dir/<n>`. A file that others than its owner may read is refused.
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
        let entries = std::fs::read_dir(dir).map_err(|_| VaultError::Missing(dir.display().to_string()))?;
        for entry in entries {
            let path = entry.map_err(|error| VaultError::File(format!("{}: {error}", dir.display())))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
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
        Self::new(&secrets).ok_or_else(|| VaultError::Missing(dir.display().to_string()))
    }

    /// The version that seals now.
    pub const fn current(&self) -> u8 {
        self.current.0
    }

    /// All versions that open, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = u8> + '_ {
        self.roots.keys().copied()
    }

    /// The version that blind indexes and other look-up digests use.
    pub const fn index_version(&self) -> u8 {
        self.first.0
    }

    /// HMAC-SHA-256 of the parts, each preceded by its length, under the key for `label` of root `version`. The version
    /// comes from outside: `None` for an unknown one, which the caller refuses.
    pub fn mac(&self, version: u8, label: Label, parts: &[&[u8]]) -> Option<[u8; 32]> {
        Some(self.roots.get(&version)?.mac(label, parts))
    }

    /// [`Vault::mac`] under the current root, which always exists.
    pub fn mac_now(&self, label: Label, parts: &[&[u8]]) -> [u8; 32] {
        self.current.1.mac(label, parts)
    }

    /// [`Vault::mac`] under the root of the lowest version, for digests that find rows.
    pub fn mac_index(&self, label: Label, parts: &[&[u8]]) -> [u8; 32] {
        self.first.1.mac(label, parts)
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
    /// When the version is unknown.
    pub fn encrypt(
        &self,
        version: u8,
        label: Label,
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
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
        let root = self.roots.get(&version).ok_or(VaultError::Open)?;
        root.keys(label)
            .cipher
            .decrypt(&Nonce::from(*nonce), Payload { msg: ciphertext, aad })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Open)
    }

    /// Seals bytes under a random nonce, bound to `context`: version ‖ nonce (12) ‖ ciphertext and tag.
    ///
    /// # Errors
    /// When there are more than 64 GiB (RFC 8452 §6): a value that could not be opened is never stored.
    pub fn seal(
        &self,
        label: Label,
        random: &Random,
        context: &[&[u8]],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let (version, root) = &self.current;
        let nonce: [u8; 12] = random.bytes();
        let ciphertext = root.encrypt(label, &nonce, &associated_data(*version, context), plaintext)?;
        let mut out = Vec::with_capacity(13 + ciphertext.len());
        out.push(*version);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&ciphertext);
        Ok(out)
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

/// Reads a file that only its owner may read.
///
/// # Errors
/// When it cannot be read or its mode lets others in.
pub fn read_private(path: &Path) -> Result<Vec<u8>, VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).map_err(|error| VaultError::File(format!("{}: {error}", path.display())))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::File(format!(
            "{}: mode {mode:o} lets others read it; run `chmod 600` on it",
            path.display()
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| VaultError::File(format!("{}: {error}", path.display())))?;
    if bytes.is_empty() {
        let path = path.display();
        return Err(VaultError::File(format!(
            "{path}: empty, left by a write that broke off: remove it, and copy it from another node or the backup where one \
             is there"
        )));
    }
    Ok(bytes)
}

/// Writes a new file durably, readable by its owner only; an existing file is never overwritten. The file appears whole
/// or not at all: after a full disk, nothing is left that a later start would take for a key.
///
/// # Errors
/// When it exists already or cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    write_whole(path, |file| file.write_all(bytes))
        .map_err(|error| VaultError::File(format!("{}: {error}", path.display())))
}

/// Fills a draft file beside `path`, and renames it when all of it is on the disk.
fn write_whole(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let (draft, mut file) = draft_beside(path, folder)?;
    let written = fill(&mut file).and_then(|()| file.sync_all());
    failpoint::pass("file.write", Side::Before);
    let written = written.and_then(|()| name_new(&draft, path));
    failpoint::pass("file.write", Side::After);
    let removed = std::fs::remove_file(&draft);
    written?;
    match removed {
        // The draft was renamed, not linked.
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // A name is durable after `fsync` of its folder, and the folder after `fsync` of its parent.
    sync_folder(folder).and_then(|()| folder.parent().map_or(Ok(()), sync_folder)).inspect_err(|_| {
        let _ = std::fs::remove_file(path);
    })
}

/// An empty draft file in the same folder, whose name is never read as a key. Drafts that crashes left are passed over.
fn draft_beside(path: &Path, folder: &Path) -> io::Result<(PathBuf, File)> {
    use std::os::unix::fs::OpenOptionsExt;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..DRAFTS {
        let mut draft = OsString::from(".");
        draft.push(name);
        draft.push(format!(".{number}.new"));
        let draft = folder.join(draft);
        match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Gives the draft its final name, unless a file of that name exists.
fn name_new(draft: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match std::fs::hard_link(draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            // Some file systems have no hard links.
            Ok(renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE)?)
        }
        linked => linked,
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // An unreadable folder, or a file system without `fsync` of folders: more durability is not to be had there.
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
        synced => synced,
    }
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
            assert_eq!(vault().mac_now(label, &[b"x"]), expected);
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

    #[test]
    fn a_write_that_breaks_off_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys").join("token-0102030405060708.pem");
        let full = |file: &mut File| {
            file.write_all(b"-----BEGIN").unwrap();
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        assert_eq!(write_whole(&path, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read_dir(dir.path().join("keys")).unwrap().count(), 0);
        // What a crash left is in nobody's way.
        let left = dir.path().join("keys").join(".token-0102030405060708.pem.0.new");
        std::fs::write(&left, b"").unwrap();
        write_private(&path, b"whole").unwrap();
        assert_eq!(read_private(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(dir.path().join("keys")).unwrap().count(), 2);
        assert!(write_private(&path, b"other").is_err());
        assert_eq!(read_private(&path).unwrap(), b"whole");
        assert!(left.exists());
    }

    #[test]
    fn an_empty_file_is_called_empty() {
        let dir = tempfile::tempdir().unwrap();
        write_private(&dir.path().join("1"), b"").unwrap();
        assert!(matches!(Vault::load(dir.path()), Err(VaultError::File(message)) if message.contains("remove it")));
    }
}
