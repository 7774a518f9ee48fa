//! `ikd serve`.

use sha2::{Digest, Sha256};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Failure, open_context};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Mode, is_loopback};
use crate::context::Context;
use crate::decoder::Measures;
use crate::stop_log::StopLog;
use crate::web::server::{Listener, ServerError};
use crate::{audit, stop_log, transaction};

/// Connections to the metrics at once.
const METRICS: usize = 32;

/// Seconds that a clock may be behind the newest entry of the audit log: two clocks of before and now, each as far off as one may be, and
/// some room for who looks at them by hand.
const MOST_BEHIND: i64 = 60;

/// What is said of a node at its start alone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Start although the audit log has entries of the future: the clock is right now, and was ahead when they were written.
    #[arg(long)]
    clock_is_right: bool,
}

/// Runs the service until SIGTERM or SIGINT, then lets open requests finish.
///
/// # Errors
/// [`Failure::Refused`] for a configuration too weak for production, [`Failure::Environment`] when keys, database or
/// address cannot be used.
pub async fn run(args: Args, mut config: Config) -> Result<(), Failure> {
    config.check_strength().map_err(|error| Failure::Refused(error.to_string()))?;
    crate::web::files::fit(&mut config).map_err(|error| Failure::Environment(error.to_string()))?;
    let http = config.http.clone();
    let listener = Listener::bind(&http.listen, &http).await.map_err(cannot_listen)?;
    let metrics = match http.metrics_listen.as_str() {
        "" => None,
        address => {
            // Metrics are for the operator's own network, on an address of their own: in clear on this machine alone.
            let mut own = crate::config::Http { connections: METRICS, ..http.clone() };
            if is_loopback(address) {
                (own.tls_certificate, own.tls_key) = (None, None);
            }
            Some(Listener::bind(address, &own).await.map_err(cannot_listen)?)
        }
    };
    // Before the schema is brought up to date: whoever is refused here goes on with the version before.
    config.check_ends(Clock::System.now()).map_err(|error| Failure::Refused(error.to_string()))?;
    let context = open_context(config).await?;
    crate::restore::check(&context.db).await?;
    check_clock(&context, &args).await?;
    StopLog::check(&context).await?;
    if context.config.service.mode == Mode::Production && !stop_log::ports::is_kept(&context) {
        tracing::warn!(
            "no stop log is kept (stop_log.directory): a restored backup would revive what was stopped since"
        );
    }
    if context.config.service.mode == Mode::Production && context.config.service.staff_url.is_none() {
        tracing::warn!(
            "residents and staff share one name (service.staff_url): a hole in a page of one reaches what browsers keep of the other"
        );
    }
    if context.config.service.mode == Mode::Production && context.config.webhook.hosts.is_empty() {
        tracing::warn!("webhook.hosts names no host: webhooks are not sent, and parties have to read the list");
    }
    begin_decoders(&context).await;
    let app = App::open(context).await?;
    let address = listener.address().map_err(|error| Failure::Environment(error.to_string()))?;
    let node = app.context.node.unwrap_or_default();
    tracing::info!(listen.address = %address, database.engine = app.context.db.engine(), node.id = %node, "ready");
    let stop = stop_signal()?;
    // The socket listens and the schema is up to date: systemd starts what waits for this service. Without systemd nothing.
    tell(sd_notify::NotifyState::Ready);
    let context = app.context.clone();
    tokio::spawn(async move { note_start(&context).await });
    let stopping = stop.clone();
    tokio::spawn(async move {
        stopping.cancelled().await;
        tell(sd_notify::NotifyState::Stopping);
    });
    let ended = Box::pin(app.run(listener, metrics, stop)).await;
    tracing::info!("stopped");
    ended.map_err(|why| Failure::Environment(format!("{why}: see docs/backup.md, then start the service again")))
}

/// Refuses a clock that is behind what was written last. A database server has a clock of its own that is asked instead; an embedded
/// database has none, and a day that comes twice would let what ended count again.
async fn check_clock(context: &Context, args: &Args) -> Result<(), Failure> {
    if args.clock_is_right || context.db.server_time().await?.is_some() {
        return Ok(());
    }
    let (now, newest) = (context.now(), audit::Service::new(context.clone()).newest().await?);
    let Some(newest) = newest.filter(|newest| newest.seconds_since(now) > MOST_BEHIND) else { return Ok(()) };
    Err(Failure::Environment(format!(
        "the clock says {}, but the newest entry of the audit log is of {}: set the clock of this machine (`timedatectl`, \
         `chronyc tracking`) and start again. If it is right now and was ahead then, start with `ikd serve --clock-is-right` \
         (docs/runbooks.md, \"Clock wrong\")",
        now.to_rfc3339(),
        newest.to_rfc3339()
    )))
}

/// Notes that a node begins, with what it was configured. A database that takes no writes at this moment keeps no node from starting, which
/// serves what can be read.
async fn note_start(context: &Context) {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(context.config.masked().as_bytes())[..16]);
    let log = audit::Service::new(context.clone());
    let noted: crate::error::Result<()> = transaction!(context.db, "audit.note_start", |tx| {
        log.operator(tx, audit::Action::NodeStarted, Uuid::from_bytes(digest)).await
    });
    if let Err(error) = noted {
        tracing::warn!(error.cause = %error, "the start stands in no audit log");
    }
}

/// Starts the first decoders. A node without one serves everything but pictures: for each it says that it is busy, and counts.
async fn begin_decoders(context: &Context) {
    // One that cannot be started has said so.
    let Ok(Measures { seccomp, landlock }) = context.decoders.warm().await else { return };
    tracing::info!(decoder.seccomp = seccomp, decoder.landlock = landlock, "pictures are decoded in processes apart");
    if !seccomp {
        tracing::warn!("this system does not filter the system calls of decoders: run the service on Linux");
    }
}

fn tell(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(error.cause = %error, "the service manager could not be told");
    }
}

fn cannot_listen(error: ServerError) -> Failure {
    Failure::Environment(error.to_string())
}

/// A token that is cancelled at the first SIGTERM or SIGINT.
///
/// # Errors
/// When signals cannot be caught.
pub fn stop_signal() -> Result<CancellationToken, Failure> {
    let cannot = |error: std::io::Error| Failure::Environment(format!("signals: {error}"));
    let (mut term, mut int) =
        (signal(SignalKind::terminate()).map_err(cannot)?, signal(SignalKind::interrupt()).map_err(cannot)?);
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        stopping.cancel();
    });
    Ok(stop)
}
