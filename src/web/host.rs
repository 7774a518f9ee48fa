//! Requests that do not say in one way which host they are for and where their body ends. Whoever stands in front may have read another
//! name or another end than the service does, so none of them is served, and what follows on the connection is not read (RFC 9112 §3.2,
//! §6.3, §11.2).
//!
//! What the HTTP library reads by itself never comes here: a second `Content-Length` of the same value, one beside `Transfer-Encoding`
//! (after which it closes the connection), and how sizes of chunks are written.

use std::net::Ipv6Addr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, TRANSFER_ENCODING};
use http::{HeaderValue, Version};

use super::{Caller, PeerAddress, Problem};
use crate::error::{Code, Refusal};
use crate::security::Kind;

/// The layer itself. What did not come over the wire is not judged.
pub async fn demand_one(request: Request, next: Next) -> Response {
    let (kind, refusal) = match request.extensions().get::<PeerAddress>() {
        Some(_) if !names_one_host(&request) => (
            Kind::BadHost,
            Refusal::new(Code::MalformedRequest).detail(
                "Kirim tepat satu kepala Host, dengan nama layanan ini.",
                "Send exactly one Host header, with the name of this service.",
            ),
        ),
        Some(_) if !has_one_end(request.headers()) => (
            Kind::BadFraming,
            Refusal::new(Code::MalformedRequest).detail(
                "Tulis panjang isi satu kali: Content-Length tanpa nol di depan, atau Transfer-Encoding: chunked.",
                "Say once how long the body is: Content-Length without leading zeros, or Transfer-Encoding: chunked.",
            ),
        ),
        _ => return next.run(request).await,
    };
    Caller::of(request.extensions()).did(kind);
    let mut response = Problem::from(refusal).into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn names_one_host(request: &Request) -> bool {
    let named = request.headers().get_all(HOST).iter().count();
    let needed = usize::from(request.version() == Version::HTTP_11);
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
    // A request line may name one too, as to a proxy (§3.2.2): the same.
    let line = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let others = line.zip(host).is_some_and(|(line, host)| !host.eq_ignore_ascii_case(line));
    (needed..=1).contains(&named) && !others && host.into_iter().chain(line).all(is_host)
}

/// Whether a text is a host with or without a port: a name, or an address of numbers. RFC 3986 allows more in a name, and nothing of it
/// stands in a name that is looked up.
fn is_host(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_number = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
    };
    let host_is_one = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    host_is_one && port.is_none_or(is_number)
}

/// Whether it is said once, and in one spelling, where the body ends.
fn has_one_end(headers: &HeaderMap) -> bool {
    let said = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let times = said(CONTENT_LENGTH).count() + said(TRANSFER_ENCODING).count();
    let is_plain = |length: &[u8]| length == b"0" || !length.starts_with(b"0");
    times <= 1
        && said(CONTENT_LENGTH).all(is_plain)
        && said(TRANSFER_ENCODING).all(|coding| coding.eq_ignore_ascii_case(b"chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for host in ["a", "ikd.contoh.go.id", "10.0.0.7:8080", "[::1]", "[2001:db8::7]:443", "a_b-c:0", "xn--k-1ha.id"]
        {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            ":80",
            "a@127.0.0.1",
            "x, evil",
            "x,evil",
            "a b",
            "a:",
            "a:+1",
            "a:65536",
            "a:8080:80",
            "::1",
            "[::1",
            "[::1]x",
            "[a]",
            "[]",
            "a/b",
            "a?",
            "a#",
            "a%41",
            "a\\b",
            "*",
            "a\u{e9}",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
