//! Headers of requests: what is chosen was offered, what is found was sent, and whoever is no trusted proxy decides nothing.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, COOKIE, FORWARDED, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};
use ikd::config::Http;
use ikd::web::forwarded::Proxies;
use ikd::web::{cookie, negotiate};
use libfuzzer_sys::fuzz_target;

const NAMES: [HeaderName; 8] = [ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, COOKIE, FORWARDED, IF_NONE_MATCH];
const OFFERED: [&str; 3] = ["application/json", "text/html", "application/cose"];

fuzz_target!(|bytes: &[u8]| {
    // A line a header: the first byte says which.
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n').take(8) {
        let [which, value @ ..] = line else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        let name = NAMES.get(usize::from(*which) % 9).cloned().unwrap_or(HeaderName::from_static("x-forwarded-for"));
        headers.append(name, value);
    }
    let _ = negotiate::language(&headers);
    let _ = negotiate::takes_gzip(&headers);
    if let Some(chosen) = negotiate::media_type(&headers, &OFFERED) {
        assert!(OFFERED.contains(&chosen));
    }
    if let Ok(kind) = negotiate::content_type(&headers) {
        let _ = negotiate::is_json(&kind);
    }
    if let Some(credentials) = negotiate::credentials(&headers, "Bearer") {
        let sent = headers.get_all(AUTHORIZATION).iter().any(|value| String::from_utf8_lossy(value.as_bytes()).contains(credentials));
        assert!(sent, "credentials that nobody sent");
    }
    if let Some(value) = cookie::read(&headers, "session") {
        let sent = headers.get_all(COOKIE).iter().any(|line| String::from_utf8_lossy(line.as_bytes()).contains(&value));
        assert!(sent, "a cookie that nobody sent");
    }
    let proxy = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    let stranger = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
    let proxies = Proxies::new(&Http { behind_proxy: true, trusted_proxies: vec![String::from("10.0.0.0/8")], ..Http::default() });
    assert_eq!(proxies.client(stranger, &headers), stranger, "who is no trusted proxy says who it is");
    let _ = proxies.client(proxy, &headers);
    let _ = negotiate::has_tag(&headers, "\"tag\"");
});
