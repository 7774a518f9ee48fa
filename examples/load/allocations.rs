//! Allocations of the server for each request, counted by a server that counts them: `load serve --count`.

#![allow(unsafe_code, reason = "an allocator that counts cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counted over at first, and not at all otherwise: the rows that are timed pay one look at a flag.
static COUNTS: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// Requests before counting begins, and counted ones.
const WARM: usize = 16;
const COUNTED: usize = 200;

pub const REQUESTS: usize = WARM + COUNTED;

pub struct Counting;

fn count() {
    if COUNTS.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: hands everything to the system's allocator and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is handed on.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(at, layout) }
    }
}

/// From now on every allocation of this process counts.
pub fn begin() {
    COUNTS.store(true, Ordering::Relaxed);
}

/// How many there were.
pub fn so_far() -> u64 {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// Sends whole requests one after the other to a counting server, and gives the allocations of one. The first ones, which
/// fill caches, do not count.
pub fn each(port: u16, requests: impl Iterator<Item = String>) -> f64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut before = 0.0;
    let mut counted = 0;
    for (number, request) in requests.take(REQUESTS).enumerate() {
        if number == WARM {
            before = asked(port);
        }
        let answer = exchange(&mut stream, request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
        counted += usize::from(number >= WARM);
    }
    // The question itself allocates too: that of the first one is measured along, and is one in two hundred.
    (asked(port) - before) / counted.max(1) as f64
}

fn asked(port: u16) -> f64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let answer = exchange(&mut stream, b"GET /allocations HTTP/1.1\r\nHost: localhost\r\n\r\n");
    answer.rsplit("\r\n\r\n").next().unwrap().trim().parse().unwrap()
}

/// One request and its whole answer, which says how long it is.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).unwrap();
    let (mut answer, mut part) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let length = stream.read(&mut part).unwrap();
        assert!(length > 0, "the server closed the connection");
        answer.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        if body.len() >= wanted.trim().parse::<usize>().unwrap() {
            return text.into_owned();
        }
    }
}
