//! The limit of open files: raised as far as it may be, and compared with what is wanted of it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Connections below which nobody can be served well.
const FEWEST: usize = 64;
/// Files that are no connections of clients: standard streams, keys, logs, the metrics listener, sockets being closed.
const BESIDES: usize = 160;

/// Why serving makes no sense, with what to do.
#[derive(Debug, thiserror::Error)]
#[error(
    "only {limit} files may be open, and {needed} are needed to serve {FEWEST} connections: raise the limit (ulimit -n, \
     LimitNOFILE in the systemd unit, --ulimit nofile= of a container), or lower database.connections"
)]
pub struct TooFewFiles {
    limit: usize,
    needed: usize,
}

/// Raises this process's limit to the hard one and lowers `http.connections` to what then fits, which is logged: the database
/// and the logs keep files of their own whatever clients do.
///
/// # Errors
/// When not even a few connections fit.
pub fn fit(config: &mut Config) -> Result<(), TooFewFiles> {
    let Some(limit) = raise() else { return Ok(()) };
    let besides = besides(config);
    let fitting = limit.saturating_sub(besides);
    if fitting < FEWEST {
        return Err(TooFewFiles { limit, needed: besides + FEWEST });
    }
    if config.http.connections > fitting {
        tracing::warn!(
            connections.wanted = config.http.connections,
            connections.possible = fitting,
            files.limit = limit,
            "the limit of open files is too low for http.connections: raise it to {} (ulimit -n, LimitNOFILE), or lower \
             http.connections",
            config.http.connections + besides
        );
        config.http.connections = fitting;
    }
    Ok(())
}

/// A connection to the embedded database has up to three files: database, log, index of the log.
fn besides(config: &Config) -> usize {
    BESIDES + 3 * config.database.connections as usize + config.mail.smtp.connections as usize
}

/// Raises the soft limit to the hard one and gives it; none when there is no limit.
fn raise() -> Option<usize> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
