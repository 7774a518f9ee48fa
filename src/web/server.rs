//! The listener. `axum::serve` has no header timeout, so a silent client could hold a socket for ever. This accept loop
//! has header and idle timeouts, a limit of connections that is shared fairly ([`Crowd`]), TLS when configured, and a
//! graceful stop.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::crowd::{Crowd, Place, Seat};
use super::flood::Rates;
use super::forwarded::Proxies;
use super::headers::GivenUp;
use super::pause::Pause;
use super::request_body;
use super::write_timeout::WriteTimeout;
use super::{ClientAddress, PeerAddress};
use crate::config::Http;
use crate::fair::network::client;
use crate::security::{By, Circumstance, Kind, Security};

/// Connections that the kernel queues until they are accepted (at most `net.core.somaxconn`). Tokio's own `bind` asks
/// for 128, and the kernel drops a burst beyond that silently: the client waits for a second or is reset.
const BACKLOG: u32 = 4_096;

/// Sockets beyond the limit of connections: evicted ones that are not closed yet.
const LEAVING: usize = 64;
/// POSIX `errno`: the process, or the system, has no file descriptor left.
const EMFILE: i32 = rustix::io::Errno::MFILE.raw_os_error();
const ENFILE: i32 = rustix::io::Errno::NFILE.raw_os_error();
/// How long a stop goes on as if nothing were: what clients had connected or sent when it was told, this process may not have seen yet. The
/// kernel would answer a reset. A timer fires after everything that came in before it was handed over, so a moment suffices.
const LINGER: Duration = Duration::from_millis(200);
/// TLS handshakes per second and client; each costs a signature.
const HANDSHAKES_PER_SECOND: u32 = 100;

/// Why the listener could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken or not ours.
    #[error("cannot listen on {0}: {1}")]
    Bind(String, std::io::Error),
    /// Certificate or key cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
}

/// A bound listener that has not begun to answer.
pub struct Listener {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    settings: Http,
    /// Who is told of clients that are refused before they have asked anything.
    security: Option<Security>,
}

impl Listener {
    /// Binds the configured address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had or the TLS files cannot be used.
    pub async fn bind(address: &str, settings: &Http) -> Result<Self, ServerError> {
        let tls = match (&settings.tls_certificate, &settings.tls_key) {
            (Some(certificate), Some(key)) => Some(acceptor(certificate, key)?),
            (None, None) => None,
            _ => return Err(ServerError::Tls(String::from("set both http.tls_certificate and http.tls_key"))),
        };
        let listener = listen(address).await.map_err(|error| ServerError::Bind(address.to_owned(), error))?;
        Ok(Self { listener, tls, settings: settings.clone(), security: None })
    }

    /// Tells of clients that are refused before they have asked anything.
    #[must_use]
    pub fn telling(self, security: Security) -> Self {
        Self { security: Some(security), ..self }
    }

    /// The address that was bound.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` is cancelled, then what was sent until then, within the configured time.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let patience = Duration::from_secs(self.settings.stop_timeout_seconds);
        let connections = TaskTracker::new();
        // The socket closes before the open requests finish: a new client is refused at once and tries another node,
        // instead of waiting for an answer that never comes.
        self.accept(router, stop, &connections).await;
        connections.close();
        if tokio::time::timeout(patience, connections.wait()).await.is_err() {
            tracing::warn!("open requests did not finish in time and were cut off");
        }
    }

    /// Takes connections until `stop` is cancelled, and then those that the kernel took before.
    async fn accept(self, router: Router, stop: CancellationToken, connections: &TaskTracker) {
        let most = self.settings.connections.max(1);
        let crowd = Crowd::new(most);
        let sockets = Arc::new(Semaphore::new(most + LEAVING));
        let shared = Arc::new(Shared {
            router,
            proxies: Proxies::new(&self.settings),
            settings: self.settings.clone(),
            tls: self.tls.clone(),
            handshakes: Rates::new(HANDSHAKES_PER_SECOND),
            security: self.security.clone(),
            pause: Pause::default(),
            stop: stop.clone(),
        });
        let lingered = CancellationToken::new();
        let (lingers, mut late) = (lingered.clone(), 0);
        tokio::spawn(async move {
            lingering(&stop).await;
            lingers.cancel();
        });
        // Who comes meanwhile for ever, and faster than we take them, does not keep us.
        while late < BACKLOG {
            late += u32::from(lingered.is_cancelled());
            // Evicted connections close at once, so this waits only for a moment.
            let socket = tokio::select! {
                biased;
                socket = Arc::clone(&sockets).acquire_owned() => socket,
                () = lingered.cancelled() => break,
            };
            let Ok(socket) = socket else { break };
            let accepted = tokio::select! {
                biased;
                accepted = self.listener.accept() => accepted,
                () = lingered.cancelled() => break,
            };
            let (stream, peer) = match accepted {
                Ok(pair) => pair,
                Err(error) => {
                    if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) {
                        tracing::warn!(
                            connections.closed = crowd.shrink(),
                            "no file is left: raise the limit of open files (ulimit -n, LimitNOFILE)"
                        );
                    } else {
                        tracing::warn!(error.cause = %error, "accepting a connection failed");
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            let peer = peer.ip().to_canonical();
            let Some(place) = crowd.enter((!shared.proxies.trusts(peer)).then_some(peer)) else {
                metrics::counter!("ikd_connections_refused_total").increment(1);
                shared.tell(Kind::NoPlace, peer);
                continue;
            };
            let _ = stream.set_nodelay(true);
            let shared = Arc::clone(&shared);
            connections.spawn(async move {
                let _socket = socket;
                let seat = Arc::clone(&place.seat);
                tokio::select! {
                    () = welcome(stream, peer, shared, place) => {}
                    () = seat.has_to_leave() => {}
                }
            });
        }
    }
}

/// Returns a moment after `stop` is cancelled.
async fn lingering(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LINGER).await;
}

async fn listen(address: &str) -> std::io::Result<TcpListener> {
    let mut refused = std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, "the name has no address");
    for address in tokio::net::lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait for connections of the previous process in TIME_WAIT.
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// What all connections of a listener share.
struct Shared {
    router: Router,
    proxies: Proxies,
    settings: Http,
    tls: Option<TlsAcceptor>,
    handshakes: Rates,
    security: Option<Security>,
    pause: Pause,
    stop: CancellationToken,
}

impl Shared {
    fn tell(&self, kind: Kind, peer: IpAddr) {
        if let Some(security) = &self.security {
            security.seen(kind, By { client: Some(client(peer)), who: None }, &Circumstance::default());
        }
    }
}

async fn welcome(stream: TcpStream, peer: IpAddr, shared: Arc<Shared>, place: Place) {
    let Some(acceptor) = &shared.tls else { return talk(stream, peer, &shared, &place.seat).await };
    if !shared.proxies.trusts(peer) && shared.handshakes.refuses(peer) {
        return shared.tell(Kind::Handshakes, peer);
    }
    let patience = Duration::from_secs(shared.settings.header_timeout_seconds);
    match tokio::time::timeout(patience, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => talk(stream, peer, &shared, &place.seat).await,
        Ok(Err(_)) | Err(_) => shared.tell(Kind::HandshakeFailed, peer),
    }
}

async fn talk<S>(stream: S, peer: IpAddr, shared: &Arc<Shared>, seat: &Arc<Seat>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let patience = Duration::from_secs(shared.settings.request_timeout_seconds.max(1));
    let (mine, watching, shared) = (Arc::clone(seat), Arc::clone(shared), Arc::clone(shared));
    let headers = Duration::from_secs(shared.settings.header_timeout_seconds);
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut router, seat, shared) = (shared.router.clone(), Arc::clone(&mine), Arc::clone(&shared));
        let address = shared.proxies.client(peer, request.headers());
        async move {
            // A client that sent `Expect: 100-continue` gets the answer instead of `100 Continue` and sends no body. A
            // request that timed out is cut off.
            let asks_first = request.headers().contains_key(EXPECT);
            let (head, body) = request.into_parts();
            let (body, unread) = request_body::lend(body, Arc::clone(&seat));
            let mut request = Request::from_parts(head, Body::new(body));
            request.extensions_mut().insert(PeerAddress(peer));
            request.extensions_mut().insert(ClientAddress(client(address)));
            let mut response = match router.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            seat.quiet();
            if !asks_first && response.extensions().get::<GivenUp>().is_none() {
                unread.drop_slowly(patience);
            }
            if let Some(moment) = shared.pause.before(&response) {
                tokio::select! {
                    () = tokio::time::sleep(moment) => {}
                    () = shared.stop.cancelled() => {}
                }
            }
            if shared.stop.is_cancelled() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    // hyper's header timeout also runs while it waits for the next request, so it is the idle timeout of keep-alive
    // connections too.
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(headers)
        // Limit of a request's head; beyond it hyper answers 431. Parsing a longer one costs more than most answers.
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(WriteTimeout::new(stream, patience)), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        // First of all what the client sent is read: hyper closes a connection that waits for a request without another look.
        biased;
        ended = connection.as_mut() => ended,
        () = lingering(&watching.stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        if error.is_parse() {
            watching.tell(Kind::BadFraming, peer);
        }
        tracing::debug!(error.cause = %error, "connection ended");
    }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, ServerError> {
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};
    let fail = |error: &dyn std::fmt::Display, path: &Path| ServerError::Tls(format!("{}: {error}", path.display()));
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fail(&error, certificate))?;
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| fail(&error, key))?;
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(&error, certificate))?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .map_err(|error| fail(&error, certificate))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn settings() -> Http {
        Http { request_timeout_seconds: 1, ..Http::default() }
    }

    /// A listener's only connection.
    async fn alone(stream: tokio::io::DuplexStream, router: Router, stop: CancellationToken) {
        let (proxies, handshakes) = (Proxies::new(&settings()), Rates::new(1));
        let shared = Arc::new(Shared {
            router,
            proxies,
            settings: settings(),
            tls: None,
            handshakes,
            security: None,
            pause: Pause::default(),
            stop,
        });
        let place = Crowd::new(1).enter(None).unwrap();
        talk(stream, IpAddr::from([127, 0, 0, 1]), &shared, &place.seat).await;
    }

    #[tokio::test]
    async fn a_burst_of_connections_waits_for_a_busy_listener() {
        let listener = Listener::bind("127.0.0.1:0", &settings()).await.unwrap();
        let address = listener.address().unwrap();
        let mut waiting = Vec::new();
        for number in 0..300 {
            let socket = tokio::time::timeout(Duration::from_secs(2), tokio::net::TcpStream::connect(address)).await;
            waiting.push(socket.unwrap_or_else(|_| panic!("the kernel took {number} only")).unwrap());
        }
    }

    #[tokio::test]
    async fn what_was_sent_before_a_stop_is_answered() {
        use std::io::{Read, Write};
        const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let listener = Listener::bind("127.0.0.1:0", &settings()).await.unwrap();
        let (address, stop) = (listener.address().unwrap(), CancellationToken::new());
        let router = Router::new().route("/", get(async || "done"));
        let serving = tokio::spawn(listener.serve(router, stop.clone()));
        // Connections that were answered once, and wait.
        let mut known = Vec::new();
        for _ in 0..40 {
            let mut socket = TcpStream::connect(address).await.unwrap();
            socket.write_all(REQUEST).await.unwrap();
            let mut answer = vec![0; 1_024];
            let read = socket.read(&mut answer).await.unwrap();
            assert!(String::from_utf8_lossy(&answer[..read]).starts_with("HTTP/1.1 200"));
            let socket = socket.into_std().unwrap();
            socket.set_nonblocking(false).unwrap();
            known.push(socket);
        }
        // All on one thread: from here to the stop the listener sees nothing of what the kernel takes.
        let connect = |_| std::net::TcpStream::connect(address).unwrap();
        let (silent, mut sockets): (Vec<_>, Vec<_>) =
            ((0..5).map(connect).collect(), known.into_iter().chain((0..40).map(connect)).collect());
        for socket in &mut sockets {
            socket.write_all(REQUEST).unwrap();
        }
        stop.cancel();
        let answers = tokio::task::spawn_blocking(move || {
            let read = |mut socket: std::net::TcpStream| {
                let mut answer = String::new();
                socket.read_to_string(&mut answer).map(|_| answer).unwrap_or_else(|error| error.to_string())
            };
            (sockets.into_iter().map(read).collect::<Vec<_>>(), silent.into_iter().map(read).collect::<Vec<_>>())
        });
        let (answers, silent) = answers.await.unwrap();
        let good = |answer: &&String| answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close");
        assert_eq!(answers.iter().filter(good).count(), 80, "{answers:?}");
        assert!(silent.iter().all(String::is_empty), "who says nothing is let go: {silent:?}");
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_client_that_never_reads_is_let_go() {
        let router = Router::new().route("/", get(async || "x".repeat(100_000)));
        let (mut client, server) = tokio::io::duplex(4_096);
        let talking = tokio::spawn(alone(server, router, CancellationToken::new()));
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        tokio::time::timeout(Duration::from_secs(8), talking).await.expect("the connection is held").unwrap();
    }

    #[tokio::test]
    async fn a_client_that_reads_slowly_gets_its_answer() {
        let router = Router::new().route("/", get(async || "x".repeat(20_000)));
        let (mut client, server) = tokio::io::duplex(4_096);
        tokio::spawn(alone(server, router, CancellationToken::new()));
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let (mut got, mut part) = (0, vec![0; 4_096]);
        loop {
            // Longer in all than the patience, but never silent for so long.
            tokio::time::sleep(Duration::from_millis(300)).await;
            match client.read(&mut part).await.unwrap() {
                0 => break,
                read => got += read,
            }
        }
        assert!(got > 20_000, "{got}");
    }
}
