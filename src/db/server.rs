//! The PostgreSQL servers: which of them is in use, and the connections to it.
//!
//! A primary that was taken out of service may still answer, but accepts no writes; or it is cut off and answers
//! nothing. So a separate connection writes every second. When that write fails, or a statement met a server that
//! accepts no writes, all servers of the list are asked, and the first that completes a write is used from then on. The
//! connections to the old server are dropped, also those in use and those that batches keep.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres};
use tokio::sync::{Mutex, OnceCell, watch};
use tokio::task::JoinHandle;
// The clock of `sleep` and `timeout`, which are used with it.
use tokio::time::{Instant, sleep, timeout};

use super::condition::{Condition, Lease};
use super::kept::{GivenUp, Kept, KeptConnection};
use super::watch::{PATIENCE, Probe};
use super::{DbError, DbResult, PoolSizes};

/// The server in use is asked so much earlier than the others.
const HEAD_START: Duration = Duration::from_millis(200);
/// How long statements on a server that was given up may continue. A live server answers them by then.
const GRACE: Duration = Duration::from_millis(500);
/// The same when that server is chosen again: a statement that hangs there may be a commit that waits for its standby.
const LONG_GRACE: Duration = Duration::from_secs(30);
/// After so long, a hanging write is repeated on a new connection to the same server: the network may have lost the old
/// one. Not sooner, because on a primary without its standby each such connection stays behind, waiting.
const HANGING: Duration = Duration::from_secs(20);

/// Identifies one run of a server (after a restart, or another machine behind the same name, it differs), and whether
/// it accepts writes.
const MEET: &str = "SELECT CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT), \
    pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'";

/// The list of servers, and the connections to the one in use. Cloning shares them.
#[derive(Clone)]
pub(super) struct Servers(Arc<Shared>);

struct Shared {
    list: Vec<PgConnectOptions>,
    connections: Connections,
    condition: Arc<Condition>,
    tenure: RwLock<Arc<Tenure>>,
    search: Mutex<Search>,
    /// Set once it is known which server of the list accepts writes: what a standby answers may be old.
    chosen: OnceCell<()>,
}

/// Which connections are kept to a server, and how it is found out that it accepts writes.
pub(super) struct Connections {
    /// In shares that take nothing from each other; not empty.
    pub(super) shares: Vec<Share>,
    pub(super) sizes: PoolSizes,
    pub(super) probe: Probe,
}

/// Connections that serve the same purpose.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) connections: u32,
    pub(super) given_up: GivenUp,
}

impl Connections {
    /// A pool for each share. A connection is made when the first comes who needs one.
    fn pools(&self, server: &PgConnectOptions) -> Vec<PgPool> {
        let pool = |share: &Share| pool_options(self.sizes, share.connections).connect_lazy_with(server.clone());
        self.shares.iter().map(pool).collect()
    }
}

/// The time during which one server is in use, with the connections to it.
struct Tenure {
    number: u64,
    place: usize,
    kept: Vec<Arc<Kept>>,
    given_up: watch::Sender<bool>,
}

impl Tenure {
    fn new(number: u64, place: usize, server: &PgConnectOptions, connections: &Connections) -> Self {
        let patience = Duration::from_secs(connections.sizes.acquire_timeout_seconds);
        let pools = connections.shares.iter().zip(connections.pools(server));
        let kept = pools.map(|(share, pool)| Arc::new(Kept::new(pool, share.given_up, share.connections, patience)));
        Self { number, place, kept: kept.collect(), given_up: watch::Sender::new(false) }
    }

    /// The connections of a share.
    fn share(&self, share: usize) -> DbResult<&Arc<Kept>> {
        self.kept.get(share).ok_or_else(|| DbError::Other(String::from("no connections are meant for that")))
    }

    /// Gives no more connections, and returns when all are closed. Those that are not within `grace` are abandoned.
    async fn close(&self, grace: Duration) {
        let closed = futures_util::future::join_all(self.kept.iter().map(|kept| kept.close()));
        if timeout(grace, closed).await.is_err() {
            self.given_up.send_replace(true);
        }
    }
}

/// State of the search for a server that accepts writes.
struct Search {
    held: Held,
    /// The run of the server in use.
    run: Option<i64>,
    /// Runs on which a write hung, and since when.
    hung: Vec<(i64, Instant)>,
}

/// The connection that writes every second, and the run of its server.
enum Held {
    Nothing,
    Idle(PgConnection, i64),
    /// Its write is still not confirmed.
    Writing(JoinHandle<DbResult<PgConnection>>, Instant, i64),
}

impl Servers {
    /// Connects to the only server, or to the first that accepts writes.
    pub(super) async fn open(
        list: Vec<PgConnectOptions>,
        connections: Connections,
        condition: Arc<Condition>,
    ) -> DbResult<Self> {
        let list = settled(list, connections.sizes);
        let place = if list.len() == 1 { 0 } else { first_of(&list, connections.sizes).await? };
        let servers = Self::at(list, place, connections, condition, OnceCell::new_with(Some(())))?;
        let tenure = servers.tenure();
        match Box::pin(tenure.share(0)?.pool().acquire()).await {
            // The pool retries until its timeout and reports only that. A direct connection reports the cause.
            Err(sqlx::Error::PoolTimedOut) => {
                let met = match servers.0.list.get(place) {
                    Some(server) => timeout(PATIENCE, meet(server)).await.ok(),
                    None => None,
                };
                Err(met.and_then(Result::err).unwrap_or(sqlx::Error::PoolTimedOut.into()))
            }
            tried => Ok(tried.map(|_| servers)?),
        }
    }

    /// Connects to nothing yet. Whoever comes first finds out which server of the list accepts writes.
    pub(super) fn open_later(
        list: Vec<PgConnectOptions>,
        connections: Connections,
        condition: Arc<Condition>,
    ) -> DbResult<Self> {
        Self::at(settled(list, connections.sizes), 0, connections, condition, OnceCell::new())
    }

    fn at(
        list: Vec<PgConnectOptions>,
        place: usize,
        connections: Connections,
        condition: Arc<Condition>,
        chosen: OnceCell<()>,
    ) -> DbResult<Self> {
        let Some(server) = list.get(place) else {
            return Err(DbError::Other(String::from("no server is named")));
        };
        let tenure = RwLock::new(Arc::new(Tenure::new(1, place, server, &connections)));
        let search = Mutex::new(Search { held: Held::Nothing, run: None, hung: Vec::new() });
        Ok(Self(Arc::new(Shared { list, connections, condition, tenure, search, chosen })))
    }

    fn tenure(&self) -> Arc<Tenure> {
        Arc::clone(&self.0.tenure.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn lease(&self, tenure: &Tenure) -> Lease {
        Lease::new(tenure.number, tenure.given_up.subscribe(), Arc::clone(&self.0.condition))
    }

    /// A connection of the first share whose settings may be changed: it is closed afterwards, by whoever takes it.
    pub(super) async fn acquire(&self) -> DbResult<(PoolConnection<Postgres>, Lease)> {
        let mut tenure = self.tenure();
        loop {
            let lease = self.lease(&tenure);
            let share = tenure.share(0)?;
            let taken = lease.hold(async { Ok(Box::pin(share.pool().acquire()).await) }).await;
            if let Some(connection) = self.taken(taken, &mut tenure)? {
                return Ok((connection, lease));
            }
        }
    }

    /// Goes to the first server that accepts writes, where a list was opened without that.
    async fn choose(&self) -> DbResult<()> {
        if self.0.list.len() > 1 {
            let place = first_of(&self.0.list, self.0.connections.sizes).await?;
            // Nobody else renews meanwhile.
            let _search = self.0.search.lock().await;
            let tenure = self.tenure();
            if tenure.number == 1 && place != tenure.place {
                self.renew(&tenure, place, GRACE);
            }
        }
        Ok(())
    }

    /// A connection of a share.
    pub(super) async fn take(&self, share: usize) -> DbResult<KeptConnection> {
        self.0.chosen.get_or_try_init(|| self.choose()).await?;
        let mut tenure = self.tenure();
        loop {
            let lease = self.lease(&tenure);
            let share = tenure.share(share)?;
            let taken = lease.hold(async { Ok(share.take().await) }).await;
            if let Some(taken) = self.taken(taken, &mut tenure)? {
                return Ok(taken.under(lease));
            }
        }
    }

    /// The result of a pool; `None` when the pool was given up and the next one must be asked.
    fn taken<T>(&self, taken: DbResult<Result<T, sqlx::Error>>, tenure: &mut Arc<Tenure>) -> DbResult<Option<T>> {
        match taken {
            Ok(Ok(taken)) => Ok(Some(taken)),
            Ok(Err(error)) if !matches!(error, sqlx::Error::PoolClosed) => {
                self.0.condition.heard(tenure.number, Err(error))
            }
            _ => {
                let next = self.tenure();
                if Arc::ptr_eq(&next, tenure) {
                    return Err(DbError::Unavailable(String::from("the database is closed")));
                }
                *tenure = next;
                Ok(None)
            }
        }
    }

    /// How its statements ended.
    pub(super) fn condition(&self) -> &Condition {
        &self.0.condition
    }

    /// Makes a probing write; when it fails, looks for a server that accepts one.
    pub(super) async fn look(&self) -> DbResult<()> {
        let mut search = self.0.search.lock().await;
        let tenure = self.tenure();
        let suspect = self.0.condition.is_suspect(tenure.number);
        let full = self.0.condition.is_full();
        search.hung.retain(|(_, since)| since.elapsed() < HANGING);
        let held = match search.hold(suspect, self.0.connections.probe, full).await {
            Ok(true) => return Ok(()),
            held => held,
        };
        let found = self.find(&mut search, tenure.place, full).await;
        match (found, held) {
            (Ok((place, run)), held) => {
                let same = search.run == Some(run);
                if suspect || held.is_err() || place != tenure.place || search.run.is_some() && !same {
                    self.renew(&tenure, place, if same { LONG_GRACE } else { GRACE });
                }
                search.run = Some(run);
                Ok(())
            }
            // The error of the server in use says more than that no other was found.
            (Err(_), Err(why)) | (Err(why), Ok(_)) => Err(why),
        }
    }

    /// Asks all servers, and keeps the connection to the first that accepts a write.
    async fn find(&self, search: &mut Search, in_use: usize, full: bool) -> DbResult<(usize, i64)> {
        let mut why = DbError::Unavailable(String::from("no server answers"));
        let mut asked = FuturesUnordered::new();
        for (place, server) in self.0.list.iter().enumerate() {
            let wait = if place == in_use { Duration::ZERO } else { HEAD_START };
            asked.push(async move {
                sleep(wait).await;
                (place, timeout(PATIENCE, meet(server)).await)
            });
        }
        while let Some((place, met)) = asked.next().await {
            let (connection, run) = match met {
                Ok(Ok(met)) => met,
                Ok(Err(error)) => {
                    why = error;
                    continue;
                }
                Err(_) => continue,
            };
            if search.hung.iter().any(|(hung, _)| *hung == run) {
                // A write would hang again, and its connection would stay behind.
                let _ = connection.close().await;
                continue;
            }
            match timeout(PATIENCE, self.0.connections.probe.write(connection, full)).await {
                Ok(Ok(connection)) => {
                    search.held = Held::Idle(connection, run);
                    return Ok((place, run));
                }
                Ok(Err(error)) => why = error,
                Err(_) => search.hung.push((run, Instant::now())),
            }
        }
        Err(why)
    }

    /// Replaces the pool by one to the server at `place`. Statements on the old pool have `grace` to end.
    fn renew(&self, old: &Arc<Tenure>, place: usize, grace: Duration) {
        let Some(server) = self.0.list.get(place) else { return };
        tracing::warn!(database.server = place + 1, "the connections to the database are made anew");
        let tenure = Arc::new(Tenure::new(old.number + 1, place, server, &self.0.connections));
        *self.0.tenure.write().unwrap_or_else(PoisonError::into_inner) = tenure;
        let old = Arc::clone(old);
        // Closing begins at once: callers that wait for a connection move to the new pool.
        tokio::spawn(async move { old.close(grace).await });
    }

    /// Closes all connections; those that do not answer are abandoned.
    pub(super) async fn close(&self) {
        self.tenure().close(LONG_GRACE).await;
        self.0.search.lock().await.held = Held::Nothing;
    }
}

impl Search {
    /// Makes a probing write on the held connection. `false` when there is none, or it must be replaced.
    async fn hold(&mut self, suspect: bool, probe: Probe, full: bool) -> DbResult<bool> {
        let (mut task, since, run) = match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing => return Ok(false),
            Held::Idle(connection, run) => (tokio::spawn(probe.write(connection, full)), Instant::now(), run),
            Held::Writing(task, since, run) => (task, since, run),
        };
        match timeout(PATIENCE, &mut task).await {
            Ok(Ok(Ok(connection))) => {
                self.hung.retain(|(hung, _)| *hung != run);
                if !suspect {
                    self.held = Held::Idle(connection, run);
                }
                Ok(!suspect)
            }
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_)) => Err(DbError::Other(String::from("a write broke off"))),
            Err(_) => {
                self.held = Held::Writing(task, since, run);
                if since.elapsed() < HANGING && !self.hung.iter().any(|(hung, _)| *hung == run) {
                    self.hung.push((run, since));
                }
                Err(DbError::Unavailable(String::from("the server does not confirm what is written")))
            }
        }
    }
}

/// The servers with the settings that our statements rely on.
fn settled(list: Vec<PgConnectOptions>, sizes: PoolSizes) -> Vec<PgConnectOptions> {
    // PostgreSQL disables `statement_timeout` before it commits, so this limit never ends the wait for a standby.
    // Otherwise a commit could be acknowledged without one.
    let settle = |server: PgConnectOptions| {
        server
            .options([
                ("synchronous_commit", String::from("on")),
                ("statement_timeout", format!("{}s", sizes.statement_timeout_seconds)),
                ("idle_in_transaction_session_timeout", format!("{}s", sizes.idle_transaction_timeout_seconds)),
            ])
            .application_name("ikd")
            // sqlx would log slow statements with their whole text, which is pages long for a batch; metrics record
            // durations.
            .disable_statement_logging()
    };
    list.into_iter().map(settle).collect()
}

fn pool_options(sizes: PoolSizes, connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(sizes.acquire_timeout_seconds))
        .test_before_acquire(false)
}

/// The first server that accepts writes.
async fn first_of(list: &[PgConnectOptions], sizes: PoolSizes) -> DbResult<usize> {
    let patience = Duration::from_secs(sizes.acquire_timeout_seconds);
    let mut why = DbError::Unavailable(String::from("no server answers"));
    let asked = list.iter().map(|server| timeout(patience, meet(server)));
    for (place, met) in futures_util::future::join_all(asked).await.into_iter().enumerate() {
        match met {
            Ok(Ok((connection, _))) => {
                let _ = connection.close().await;
                return Ok(place);
            }
            Ok(Err(error)) => why = error,
            Err(_) => {}
        }
    }
    Err(why)
}

/// Connects, and identifies the run of the server.
async fn meet(server: &PgConnectOptions) -> DbResult<(PgConnection, i64)> {
    let mut connection = server.connect().await?;
    let (run, read_only): (i64, bool) = sqlx::query_as(MEET).fetch_one(&mut connection).await?;
    if read_only {
        let _ = connection.close().await;
        return Err(DbError::ReadOnly(String::from("it is a standby, or was taken out of service")));
    }
    Ok((connection, run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_refuses_is_said_to_refuse() {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port);
        let sizes = PoolSizes { acquire_timeout_seconds: 1, ..PoolSizes::default() };
        let shares = vec![Share { connections: 1, given_up: GivenUp::Ask }];
        let connections = Connections { shares, sizes, probe: Probe::Row };
        let error = Servers::open(vec![server], connections, Arc::default()).await.err().unwrap().to_string();
        assert!(error.contains("refused"), "{error}");
    }
}
