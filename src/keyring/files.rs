//! Key files of this node: `<purpose>-<kid>.pem` beside `root/`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::model::{from_hex, hex};
use crate::credential::{FileSigner, KeyId, KeyPurpose, Signer};
use crate::random::Random;
use crate::vault::{Retained, VaultError, read_private, remove_drafts, retained_path, write_private};

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
    let root = directory.join("root");
    let path = root.join("1");
    // Of any version: where the first was retired, the others are what there is.
    if (0..=u8::MAX).any(|version| is_taken(&root, version)) {
        return Ok(false);
    }
    let secret = zeroize::Zeroizing::new(random.bytes::<32>());
    match write_private(&path, secret.as_slice()) {
        // Another command was faster.
        Err(_) if path.exists() => Ok(false),
        written => written.map(|()| true),
    }
}

/// Whether there is something of this version: the secret, its wrapped form, or what was retained of it.
fn is_taken(root: &Path, version: u8) -> bool {
    let paths =
        [root.join(version.to_string()), super::hardware::wrapped_path(root, version), retained_path(root, version)];
    paths.iter().any(|path| path.exists())
}

/// The version after all that are known or lie in a folder.
pub(super) fn free_version(root: &Path, known: &BTreeSet<i64>) -> Option<u8> {
    let last = (0..=u8::MAX).rfind(|version| is_taken(root, *version) || known.contains(&i64::from(*version)));
    last.unwrap_or(0).checked_add(1)
}

/// Demands that a folder that is to take root secrets is there, and another one than theirs.
///
/// # Errors
/// When it is not.
pub fn check_safe(root: &Path, safe: &Path) -> Result<(), VaultError> {
    let real = |path: &Path| {
        std::fs::canonicalize(path).map_err(|error| VaultError::File(format!("{}: {error}", path.display())))
    };
    if real(safe)? == real(root)? {
        return Err(VaultError::File(format!("{}: the safe is another folder", safe.display())));
    }
    Ok(())
}

/// Copies a file of a secret to `safe`, where it is not there yet, and demands that it can be read there.
///
/// # Errors
/// When it cannot be written or read, or another secret lies there.
pub(super) fn keep_in_safe(file: &Path, secret: &[u8], safe: &Path) -> Result<(), VaultError> {
    let kept = safe.join(file.file_name().unwrap_or_default());
    if !kept.exists() {
        write_private(&kept, secret)?;
    }
    // Not by its mode: a medium may know none.
    let copied = std::fs::read(&kept).map(zeroize::Zeroizing::new);
    if copied.is_ok_and(|copied| copied.as_slice() == secret) {
        return Ok(());
    }
    Err(VaultError::File(format!("{}: it cannot be read, or holds another secret", kept.display())))
}

/// Removes a file of a secret, and what broken writes left of it.
///
/// # Errors
/// When it cannot be removed.
pub(super) fn remove_secret(file: &Path) -> Result<(), VaultError> {
    std::fs::remove_file(file).map_err(|error| VaultError::File(format!("{}: {error}", file.display())))?;
    remove_drafts(file)
}

/// Whether what is retained of a root secret has still to be written here. `decided` is the digest on which the node decided that retired it first.
///
/// # Errors
/// When a file lies there that is of another secret, or this node would write another than the first did.
pub fn lacks_retained(
    root: &Path,
    version: u8,
    retained: &Retained,
    decided: Option<&str>,
) -> Result<bool, VaultError> {
    let path = retained_path(root, version);
    let wrong = |why: &str| VaultError::File(format!("{}: {why}", path.display()));
    let own = retained.digest();
    if path.exists() {
        let there = Retained::parse(version, &zeroize::Zeroizing::new(read_private(&path)?));
        let there = there.filter(|there| there.is_of_the_same(retained));
        let there = there.ok_or_else(|| wrong("not what is kept of this secret: move it away, then run this again"))?;
        if there.digest() == decided.unwrap_or(&own) {
            return Ok(false);
        }
    }
    if decided.is_some_and(|decided| decided != own) {
        return Err(wrong("copy this file from the node on which the version was retired first, then run this again"));
    }
    Ok(true)
}

/// Puts what is retained of a root secret in its place, and moves the secret to `safe`, another folder that is there. What broke off is done again:
/// the secret is the last to go. Gives whether there was one.
///
/// # Errors
/// When a file cannot be read or written.
pub fn retire_root(
    root: &Path,
    version: u8,
    (retained, decided): (&Retained, Option<&str>),
    safe: &Path,
) -> Result<bool, VaultError> {
    check_safe(root, safe)?;
    let forms = [root.join(version.to_string()), super::hardware::wrapped_path(root, version)];
    let forms: Vec<PathBuf> = forms.into_iter().filter(|path| path.exists()).collect();
    if forms.is_empty() {
        return Ok(false);
    }
    let rest = retained_path(root, version);
    if lacks_retained(root, version, retained, decided)? {
        // Another epoch's, of the same secret, which is still there: nothing is lost between the two steps.
        if rest.exists() {
            remove_secret(&rest)?;
        }
        write_private(&rest, retained.to_text().as_bytes())?;
    }
    for form in forms {
        let secret = zeroize::Zeroizing::new(read_private(&form)?);
        keep_in_safe(&form, &secret, safe)?;
        remove_secret(&form)?;
    }
    Ok(true)
}
