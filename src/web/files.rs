//! The limit of open files (`RLIMIT_NOFILE`): raised to the hard limit and compared with `http.connections`.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Fewest connections with which serving makes sense.
const FEWEST: usize = 64;
/// Files other than clients' connections: standard streams, keys, logs, the metrics listener, sockets being closed.
const BESIDES: usize = 160;

/// Too few files may be open to serve clients. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[error(
    "only {limit} files may be open, and {needed} are needed to serve {FEWEST} connections: raise the limit (ulimit -n, \
     LimitNOFILE in the systemd unit, --ulimit nofile= of a container), or lower database.connections"
)]
pub struct TooFewFiles {
    limit: usize,
    needed: usize,
}

/// Raises the soft limit to the hard limit, and lowers `http.connections` to what fits, with a log entry. So clients
/// can never use up the files of the database and the logs.
///
/// # Errors
/// When fewer than the fewest connections fit.
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

/// A SQLite connection has up to three files: database, WAL and the WAL's index (`-shm`).
fn besides(config: &Config) -> usize {
    BESIDES + 3 * config.database.connections as usize + config.mail.smtp.connections as usize
}

/// Raises the soft limit to the hard limit and gives it; `None` when there is no limit.
fn raise() -> Option<usize> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
