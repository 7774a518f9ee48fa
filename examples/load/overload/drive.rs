//! The open-loop driver: each request is sent at its time, whatever the answers do, and its latency counts from that time. A driver
//! that waits for answers before it asks again measures how long it was willing to wait.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// How long a request waits for its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const MOST: usize = 4 * 1024 * 1024;

/// What is sent: a head, made beforehand, and a body that many may share.
pub struct Request {
    pub head: Vec<u8>,
    pub body: Arc<[u8]>,
}

impl From<String> for Request {
    fn from(text: String) -> Self {
        Self { head: text.into_bytes(), body: Arc::from([]) }
    }
}

/// From where requests come.
#[derive(Clone, Copy)]
pub enum Origin {
    /// So many addresses in turn.
    Many(u16),
    /// So many others.
    Strangers(u16),
    /// One address, which is none of those.
    One,
}

impl Origin {
    fn address(self, number: usize) -> (usize, Ipv4Addr) {
        let (first, at) = match self {
            Self::Many(_) => (1, number % self.count()),
            Self::Strangers(_) => (129, number % self.count()),
            Self::One => return (0, Ipv4Addr::new(127, 0, 0, 66)),
        };
        (at, Ipv4Addr::new(127, 0, first + (at / 250) as u8, 1 + (at % 250) as u8))
    }

    const fn count(self) -> usize {
        match self {
            Self::Many(count) | Self::Strangers(count) => count as usize,
            Self::One => 1,
        }
    }
}

#[derive(Clone)]
pub struct Load {
    pub port: u16,
    pub from: Origin,
    /// Requests a second.
    pub rate: f64,
    pub seconds: f64,
    /// Most sockets that wait for an answer at once: what is due beyond that is not sent, and counted.
    pub sockets: usize,
    /// Whether a connection serves more than one request.
    pub keep: bool,
    /// Whether a request goes out once more on another connection where the one that had waited was closed.
    pub retry: bool,
    /// Whether an answer did what was asked.
    pub good: fn(u16, &[u8]) -> bool,
}

/// What became of one request. Times are seconds since the load began.
#[derive(Clone)]
pub struct Sent {
    pub due: f64,
    /// When its last byte was handed to the kernel, if it was.
    pub written: Option<f64>,
    /// When the answer was there.
    pub answered: Option<f64>,
    pub status: u16,
    pub good: bool,
    pub retry_after: bool,
}

impl Sent {
    pub fn latency(&self) -> f64 {
        self.answered.map_or(PATIENCE.as_secs_f64(), |answered| answered - self.due)
    }
}

pub struct Seen {
    pub begun: Instant,
    pub sent: Vec<Sent>,
    /// Requests for which the driver had no socket left.
    pub unsent: usize,
    pub seconds: f64,
}

struct Sockets {
    load: Load,
    begun: Instant,
    /// Connections that wait, by address.
    idle: Vec<Mutex<Vec<TcpStream>>>,
    open: AtomicUsize,
    seen: Mutex<Vec<Sent>>,
}

/// Sends `requests` in their order at their times; ends when the time is over or they are used up, and all have their answers.
pub async fn drive(load: Load, requests: Vec<Request>) -> Seen {
    let (begun, rate, seconds) = (Instant::now(), load.rate, load.seconds);
    let idle = (0..load.from.count()).map(|_| Mutex::default()).collect();
    let sockets = Arc::new(Sockets { load, begun, idle, open: AtomicUsize::new(0), seen: Mutex::default() });
    let (mut tasks, mut unsent, mut number) = (tokio::task::JoinSet::new(), 0, 0);
    let mut requests = requests.into_iter();
    'all: loop {
        // All that are due: a timer has milliseconds.
        loop {
            let due = number as f64 / rate;
            if due > seconds {
                break 'all;
            }
            if due > begun.elapsed().as_secs_f64() {
                break;
            }
            number += 1;
            let Some(request) = requests.next() else { break 'all };
            if sockets.open.load(Ordering::Relaxed) >= sockets.load.sockets {
                unsent += 1;
                continue;
            }
            sockets.open.fetch_add(1, Ordering::Relaxed);
            let sockets = Arc::clone(&sockets);
            tasks.spawn(async move {
                let sent = sockets.send(number - 1, due, &request).await;
                sockets.open.fetch_sub(1, Ordering::Relaxed);
                sockets.seen.lock().unwrap().push(sent);
            });
            while tasks.try_join_next().is_some() {}
        }
        let next = begun + Duration::from_secs_f64(number as f64 / rate);
        tokio::time::sleep_until(next.into()).await;
    }
    let seconds = (number as f64 / rate).min(seconds);
    while tasks.join_next().await.is_some() {}
    let sent = std::mem::take(&mut *sockets.seen.lock().unwrap());
    Seen { begun, sent, unsent, seconds }
}

impl Sockets {
    async fn send(&self, number: usize, due: f64, request: &Request) -> Sent {
        let mut sent = Sent { due, written: None, answered: None, status: 0, good: false, retry_after: false };
        let _ = tokio::time::timeout(PATIENCE, self.exchange(number, request, &mut sent)).await;
        sent
    }

    async fn exchange(&self, number: usize, request: &Request, sent: &mut Sent) -> std::io::Result<()> {
        let (place, address) = self.load.from.address(number);
        loop {
            let kept = self.idle[place].lock().unwrap().pop();
            let again = kept.is_some();
            let mut stream = match kept {
                Some(stream) => stream,
                None => self.connect(address).await?,
            };
            match self.ask(&mut stream, request, sent).await {
                // It was closed while it waited, before anything was asked: so a client asks on another one.
                Ok(None) | Err(_) if again && self.load.retry && sent.status == 0 => {}
                Ok(None) => return Ok(()),
                Ok(Some(keep)) => {
                    sent.answered = Some(self.begun.elapsed().as_secs_f64());
                    if keep && self.load.keep {
                        self.idle[place].lock().unwrap().push(stream);
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn connect(&self, from: Ipv4Addr) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        // Ports of connections that have just ended can be had again.
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
        let stream = socket.connect(SocketAddr::from(([127, 0, 0, 1], self.load.port))).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends a request and reads its answer; gives whether the connection goes on. `None`: it ended without an answer.
    async fn ask(&self, stream: &mut TcpStream, request: &Request, sent: &mut Sent) -> std::io::Result<Option<bool>> {
        stream.write_all(&request.head).await?;
        if !request.body.is_empty() {
            stream.write_all(&request.body).await?;
        }
        sent.written = Some(self.begun.elapsed().as_secs_f64());
        let mut bytes = Vec::with_capacity(2_048);
        let head = loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
            if let Some(head) = Head::read(&bytes) {
                break head;
            }
        };
        while bytes.len() < head.length + head.body && bytes.len() < MOST {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        }
        (sent.status, sent.retry_after) = (head.status, head.retry_after);
        sent.good = (self.load.good)(head.status, &bytes[head.length..]);
        Ok(Some(head.keeps))
    }
}

struct Head {
    length: usize,
    body: usize,
    status: u16,
    keeps: bool,
    retry_after: bool,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let length = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let text = std::str::from_utf8(&bytes[..length]).ok()?;
        let status = text.get(9..12)?.parse().ok()?;
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let body = value("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        let keeps = !value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Some(Self { length, body, status, keeps, retry_after: value("retry-after").is_some() })
    }
}
