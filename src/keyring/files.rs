//! Key files of this node: `<purpose>-<kid>.pem` beside `root/`.

use std::path::{Path, PathBuf};

use super::model::{from_hex, hex};
use crate::credential::{FileSigner, KeyId, KeyPurpose, Signer};
use crate::random::Random;
use crate::vault::{VaultError, write_private};

/// Where the private half of a key is.
pub fn key_path(directory: &Path, purpose: KeyPurpose, kid: &KeyId) -> PathBuf {
    directory.join(format!("{}-{}.pem", purpose.as_str(), hex(kid)))
}

/// The key files of a directory, each with the key that it should hold. None when there is no such directory.
pub(super) fn key_files(directory: &Path) -> impl Iterator<Item = (PathBuf, KeyId)> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let path = entry.path();
        let kid = kid_of_path(&path)?;
        Some((path, kid))
    })
}

fn kid_of_path(path: &Path) -> Option<KeyId> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".pem")?;
    let (purpose, hex) = stem.split_once('-')?;
    KeyPurpose::from_name(purpose)?;
    from_hex(hex)
}

/// Reads the key that a file should hold.
///
/// # Errors
/// When the file cannot be used, or holds another key.
pub(super) fn load(path: &Path, kid: KeyId) -> Result<FileSigner, VaultError> {
    let signer = FileSigner::load(path).map_err(|error| {
        let next =
            "copy the file from another node or the backup, or move it away when `ikd keys list` does not name it";
        VaultError::File(format!("{error}; {next}"))
    })?;
    if signer.kid() != kid {
        return Err(VaultError::File(format!("{}: the file's name is not its key's id", path.display())));
    }
    Ok(signer)
}

/// Makes `root/1` in the key directory when there is no root secret yet; gives whether it did.
///
/// # Errors
/// When the file cannot be written.
pub fn init_root(directory: &Path, random: &Random) -> Result<bool, VaultError> {
    let path = directory.join("root").join("1");
    if path.exists() || super::hardware::wrapped_path(&directory.join("root"), 1).exists() {
        return Ok(false);
    }
    let secret = zeroize::Zeroizing::new(random.bytes::<32>());
    match write_private(&path, secret.as_slice()) {
        // Another command was faster.
        Err(_) if path.exists() => Ok(false),
        written => written.map(|()| true),
    }
}
