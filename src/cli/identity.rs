//! The user that a command runs as.

use std::ffi::CString;

use nix::unistd::{User, geteuid, initgroups, setgid, setuid};

use super::Failure;

/// Goes on as `user` when root runs the program; who is not root stays who they are. A database, a journal or a key that
/// root made could not be read by the service, which then fails at some later time.
///
/// Gives whether it did.
///
/// # Errors
/// [`Failure::Environment`] when there is no such user or the system refuses.
pub fn become_user(user: &str) -> Result<bool, Failure> {
    if user.is_empty() || !geteuid().is_root() {
        return Ok(false);
    }
    let cannot = |error: nix::Error| Failure::Environment(format!("cannot go on as user {user}: {error}"));
    let found = User::from_name(user).map_err(cannot)?.ok_or_else(|| {
        Failure::Environment(format!(
            "there is no user {user}: make it (`adduser --system --group {user}`), or change service.run_as"
        ))
    })?;
    let name = CString::new(user).map_err(|_| Failure::Usage(String::from("service.run_as is no name of a user")))?;
    // Groups first: a process that is not root any more cannot change them.
    initgroups(&name, found.gid).and_then(|()| setgid(found.gid)).and_then(|()| setuid(found.uid)).map_err(cannot)?;
    Ok(true)
}
