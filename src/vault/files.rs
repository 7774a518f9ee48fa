//! Files of secrets: readable by their owner alone, written whole or not at all.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::VaultError;
use crate::failpoint::{self, Side};

/// Most names tried for a draft file, past those that crashes left behind.
const DRAFTS: u32 = 1_000;

/// Reads a file that only its owner may read, in a folder in which others can put nothing in its place.
///
/// # Errors
/// When it cannot be read, its mode lets others in, or it or its folder is somebody else's.
pub fn read_private(path: &Path) -> Result<Vec<u8>, VaultError> {
    demand_own_folder(folder_of(path))?;
    let (mode, owner) = examine(path)?;
    if mode & 0o077 != 0 {
        return Err(VaultError::File(format!(
            "{}: mode {:o} lets others read it; run `chmod 600` on it",
            path.display(),
            mode & 0o777
        )));
    }
    demand_own(path, owner)?;
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

/// Refuses a folder of secrets, or of the stop log, that others can write to: whoever can put a file there chooses the key, or what is read as
/// stopped. In a folder whose sticky bit is set
/// others can put no file in the place of one, and what they add is theirs.
///
/// # Errors
/// When it cannot be looked at, its mode lets others write, or it is somebody else's.
pub fn demand_own_folder(folder: &Path) -> Result<(), VaultError> {
    let (mode, owner) = examine(folder)?;
    if mode & 0o022 != 0 && mode & 0o1000 == 0 {
        return Err(VaultError::File(format!(
            "{}: mode {:o} lets others put files there; run `chmod go-w` on it, and compare the files in it with the backup",
            folder.display(),
            mode & 0o777
        )));
    }
    demand_own(folder, owner)
}

/// Mode and owner.
fn examine(path: &Path) -> Result<(u32, u32), VaultError> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).map_err(|error| VaultError::File(format!("{}: {error}", path.display())))?;
    Ok((metadata.mode(), metadata.uid()))
}

/// What belongs to somebody else than root or the user that this runs as is theirs to change, whatever its mode says.
fn demand_own(path: &Path, owner: u32) -> Result<(), VaultError> {
    let own = rustix::process::geteuid().as_raw();
    if owner == 0 || owner == own {
        return Ok(());
    }
    Err(VaultError::File(format!(
        "{}: belongs to user {owner}, who can change it; run `chown {own}` on it if what it holds is right",
        path.display()
    )))
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
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
    use std::os::unix::fs::DirBuilderExt;
    let folder = folder_of(path);
    // For nobody else, whatever the umask says.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
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

/// Removes what writes of this file that broke off left beside it: a draft may hold all of a secret that is to go.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn remove_drafts(path: &Path) -> Result<(), VaultError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let head = format!(".{}.", path.file_name().and_then(|name| name.to_str()).unwrap_or_default());
    let is_draft = |name: &str| {
        let number = name.strip_prefix(&head).and_then(|rest| rest.strip_suffix(".new"));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let remove = || {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(is_draft) {
                std::fs::remove_file(entry.path())?;
            }
        }
        sync_folder(folder)
    };
    remove().map_err(|error| VaultError::File(format!("{}: {error}", folder.display())))
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
    use crate::vault::Vault;

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
        let other = dir.path().join("keys").join(".token-0102030405060708.pem.wrapped.0.new");
        std::fs::write(&other, b"").unwrap();
        remove_drafts(&path).unwrap();
        assert!(!left.exists() && other.exists() && path.exists());
    }

    #[test]
    fn what_others_can_write_or_own_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (keys, root) = (dir.path().join("keys"), dir.path().join("keys").join("root"));
        write_private(&root.join("1"), &[7; 32]).unwrap();
        let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&keys), mode(&root)), (0o700, 0o700));
        for folder in [&keys, &root] {
            for (open, refused) in [(0o777, true), (0o770, true), (0o702, true), (0o1777, false), (0o755, false)] {
                set(folder, open);
                match Vault::load(&root) {
                    Err(VaultError::File(told)) => {
                        assert!(refused && told.contains(&format!("{}: ", folder.display())), "{open:o}: {told}");
                        assert!(told.contains("chmod go-w"), "{told}");
                    }
                    loaded => assert!(loaded.is_ok() && !refused, "{open:o}"),
                }
            }
            set(folder, 0o700);
        }
        let own = rustix::process::geteuid().as_raw();
        assert!(demand_own(&root, 0).is_ok() && demand_own(&root, own).is_ok());
        assert!(
            matches!(demand_own(&root, own + 1), Err(VaultError::File(told)) if told.contains(&format!("chown {own}")))
        );
        // Only root can give a file away.
        if own == 0 {
            for given in [&root.join("1"), &root, &keys] {
                std::os::unix::fs::chown(given, Some(12_345), None).unwrap();
                assert!(matches!(Vault::load(&root), Err(VaultError::File(told)) if told.contains("user 12345")));
                std::os::unix::fs::chown(given, Some(0), None).unwrap();
            }
            assert!(Vault::load(&root).is_ok());
        }
    }

    #[test]
    fn an_empty_file_is_called_empty() {
        let dir = tempfile::tempdir().unwrap();
        write_private(&dir.path().join("1"), b"").unwrap();
        assert!(matches!(Vault::load(dir.path()), Err(VaultError::File(message)) if message.contains("remove it")));
    }
}
