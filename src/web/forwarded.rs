//! The client's address behind proxies: `X-Forwarded-For` and `Forwarded` (RFC 7239), as far as they can be trusted.
//!
//! Only entries written by trusted proxies count. Each proxy appends its peer's address, so entries are read from the
//! right: addresses of trusted proxies are skipped, and the first other address is the client. The client may have
//! invented everything further left. An entry without an address (`unknown`, `_hidden`, rubbish) ends the search: such
//! clients share one bucket of their own, not the proxy's.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderMap;
use http::header::FORWARDED;
use ipnet::IpNet;

use crate::config::Http;
use crate::fair::network::parse_network;

/// Stands for all clients whose address the trusted proxy does not give.
pub const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The trusted proxies.
pub struct Proxies {
    trusted: Vec<IpNet>,
    /// Whether a proxy without an address was logged already.
    told: AtomicBool,
}

impl Proxies {
    /// The proxies listed in the configuration; with `behind_proxy` alone, any process on this machine.
    pub fn new(settings: &Http) -> Self {
        let mut trusted: Vec<IpNet> = settings.trusted_proxies.iter().filter_map(|text| parse_network(text)).collect();
        if settings.behind_proxy && settings.trusted_proxies.is_empty() {
            trusted.extend(["127.0.0.0/8", "::1"].into_iter().filter_map(parse_network));
        }
        Self { trusted, told: AtomicBool::new(false) }
    }

    /// Whether this address is a trusted proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that arrived from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let usual = self.walk(headers, "x-forwarded-for", |lines| lines.split(',').map(address_of).collect());
        let standard = self.walk(headers, FORWARDED.as_str(), elements);
        let told = match (usual, standard) {
            // A request of the proxy itself, such as its health check.
            (None, None) => return peer,
            (Some(told), None) | (None, Some(told)) => told,
            // The proxy writes one header and may forward the other as the client sent it. Nothing tells which is
            // which.
            (Some(one), Some(other)) => one.filter(|_| one == other),
        };
        told.unwrap_or_else(|| {
            if !self.told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "a trusted proxy forwards requests without an address that can be read: these clients share one \
                     allowance; have it set X-Forwarded-For or Forwarded (RFC 7239) to the client's address"
                );
            }
            UNKNOWN
        })
    }

    /// `None` without such a header; else the client's address, if the entry holds one.
    fn walk(
        &self,
        headers: &HeaderMap,
        name: &str,
        read: impl Fn(&str) -> Vec<Option<IpAddr>>,
    ) -> Option<Option<IpAddr>> {
        let lines: Vec<&str> = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?")).collect();
        if lines.is_empty() {
            return None;
        }
        let mut last = None;
        for entry in read(&lines.join(",")).into_iter().rev() {
            last = entry;
            if !entry.is_some_and(|address| self.trusts(address)) {
                break;
            }
        }
        Some(last)
    }
}

/// The address in an entry, with or without port, brackets, quotes and zone.
fn address_of(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let entry = entry.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(entry).trim();
    let bare = match entry.strip_prefix('[') {
        Some(rest) => {
            let (inside, port) = rest.split_once(']')?;
            if !(port.is_empty() || is_port(port.strip_prefix(':')?)) {
                return None;
            }
            inside
        }
        None => match entry.split_once(':') {
            // One colon begins a port. Several colons are an IPv6 address.
            Some((host, port)) if !port.contains(':') => {
                if !is_port(port) {
                    return None;
                }
                host
            }
            _ => entry,
        },
    };
    let without_zone = bare.split('%').next().unwrap_or_default();
    let address = without_zone.parse().ok().or_else(|| bare.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

/// Digits, or an obfuscated port (RFC 7239 §6.3).
fn is_port(text: &str) -> bool {
    let obfuscated = text.strip_prefix('_').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    });
    obfuscated || text.parse::<u16>().is_ok()
}

/// The `for` of each element of `Forwarded`. With unbalanced quotes, nothing is trusted: a client may have opened a
/// quote to swallow what the proxy appends.
fn elements(lines: &str) -> Vec<Option<IpAddr>> {
    let Some(elements) = split(lines, ',') else { return vec![None] };
    elements
        .into_iter()
        .map(|element| {
            let mut named = split(element, ';')?.into_iter().filter_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
            });
            let value = named.next()?;
            // Two `for` in one element are ambiguous.
            if named.next().is_some() {
                return None;
            }
            address_of(&value.replace('\\', ""))
        })
        .collect()
}

/// Splits at a separator outside quoted strings. `None` when a quote is misplaced or not closed.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut quoted, mut escaped, mut closed) = (Vec::new(), 0, false, false, false);
    for (at, c) in text.char_indices() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => (quoted, closed) = (false, true),
                _ => {}
            }
        } else if c == '"' {
            // A quoted string is the whole value.
            if !text[start..at].trim_end().ends_with('=') {
                return None;
            }
            quoted = true;
        } else if c == separator {
            parts.push(&text[start..at]);
            (start, closed) = (at + c.len_utf8(), false);
        } else if closed && !c.is_whitespace() && c != ';' {
            return None;
        } else if c == ';' {
            closed = false;
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn proxies(trusted: &[&str]) -> Proxies {
        let trusted_proxies = trusted.iter().map(|text| (*text).to_owned()).collect();
        Proxies::new(&Http { trusted_proxies, ..Http::default() })
    }

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        proxies(&["10.0.0.0/24", "2001:db8:ffff::/48"]).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn every_form_of_an_address_is_read() {
        // The forms of RFC 7239 §4, §6 and those that proxies write into X-Forwarded-For (with port: IIS and Azure).
        for (entry, address) in [
            ("192.0.2.43", "192.0.2.43"),
            ("  192.0.2.43 ", "192.0.2.43"),
            ("192.0.2.43:47011", "192.0.2.43"),
            ("\"192.0.2.43:47011\"", "192.0.2.43"),
            ("2001:db8:cafe::17", "2001:db8:cafe::17"),
            ("[2001:db8:cafe::17]", "2001:db8:cafe::17"),
            ("[2001:db8:cafe::17]:4711", "2001:db8:cafe::17"),
            ("\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("\"[2001:db8:cafe::17]:_port-1\"", "2001:db8:cafe::17"),
            ("2001:DB8:CAFE:0:0:0:0:17", "2001:db8:cafe::17"),
            ("fe80::1%eth0", "fe80::1"),
            ("::ffff:192.0.2.43", "192.0.2.43"),
            ("[::ffff:192.0.2.43]:80", "192.0.2.43"),
        ] {
            assert_eq!(client(PROXY, &[("x-forwarded-for", entry)]), address, "{entry}");
            if !entry.starts_with(' ') {
                assert_eq!(client(PROXY, &[("forwarded", &format!("for={entry};proto=https"))]), address, "{entry}");
            }
        }
        for entry in [
            "",
            " ",
            "unknown",
            "\"unknown\"",
            "_hidden",
            "192.0.2",
            "192.0.2.43:x",
            "[2001:db8::1",
            "bank.example",
            "192.0.2.43 x",
            "[::1]x",
            "192.0.2.43,",
        ] {
            assert_eq!(client(PROXY, &[("x-forwarded-for", entry)]), "0.0.0.0", "{entry}");
        }
    }

    #[test]
    fn the_walk_is_from_the_right_over_trusted_proxies_only() {
        for (lines, address) in [
            (&["6.6.6.6, 192.0.2.43"][..], "192.0.2.43"),
            (&["6.6.6.6, 192.0.2.43, 10.0.0.7"], "192.0.2.43"),
            (&["6.6.6.6, 192.0.2.43", "10.0.0.7, 2001:db8:ffff::1"], "192.0.2.43"),
            (&["6.6.6.6", "192.0.2.43:80", "10.0.0.7:443"], "192.0.2.43"),
            (&["6.6.6.6, unknown, 10.0.0.7"], "0.0.0.0"),
            (&["6.6.6.6, , 10.0.0.7"], "0.0.0.0"),
            (&["10.0.0.9, 10.0.0.7"], "10.0.0.9"),
        ] {
            let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            assert_eq!(client(PROXY, &lines), address, "{lines:?}");
        }
        assert_eq!(client(PROXY, &[]), PROXY, "the proxy itself");
    }

    #[test]
    fn who_is_no_trusted_proxy_is_not_believed() {
        let lies = [("x-forwarded-for", "192.0.2.43"), ("forwarded", "for=192.0.2.43")];
        assert_eq!(client("10.0.1.1", &lies), "10.0.1.1");
        assert_eq!(client("::ffff:10.0.0.1", &lies), "192.0.2.43", "the same proxy on a dual-stack listener");
        let settings = Http { behind_proxy: true, ..Http::default() };
        assert!(Proxies::new(&settings).trusts("127.0.0.1".parse().unwrap()));
        assert!(!Proxies::new(&settings).trusts("10.0.0.1".parse().unwrap()));
        assert!(!Proxies::new(&Http::default()).trusts("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn forwarded_is_read_as_its_standard_says() {
        for (line, address) in [
            // The examples of RFC 7239 §4.
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=192.0.2.43, for=198.51.100.17", "198.51.100.17"),
            ("for=\"_gazonk\"", "0.0.0.0"),
            // An element without `for`; one of a trusted proxy; a comma within quotes; quotes that hide what follows.
            ("for=192.0.2.43, by=203.0.113.43", "0.0.0.0"),
            ("for=192.0.2.43,for=10.0.0.7;by=10.0.0.1", "192.0.2.43"),
            ("host=\"a,for=6.6.6.6\";for=192.0.2.43", "192.0.2.43"),
            ("for=\"192.0.2.4\\3\"", "192.0.2.43"),
            ("for=\"6.6.6.6, for=192.0.2.43", "0.0.0.0"),
            ("for=\"6.6.6.6, for=\"[2001:db8::1]\"", "0.0.0.0"),
            ("for=6.6.6.6;for=192.0.2.43", "0.0.0.0"),
        ] {
            assert_eq!(client(PROXY, &[("forwarded", line)]), address, "{line}");
        }
    }

    #[test]
    fn two_headers_that_disagree_are_not_believed() {
        let both = |usual, standard| client(PROXY, &[("x-forwarded-for", usual), ("forwarded", standard)]);
        assert_eq!(both("192.0.2.43", "for=192.0.2.43"), "192.0.2.43");
        assert_eq!(both("192.0.2.43:80", "for=\"192.0.2.43\""), "192.0.2.43");
        assert_eq!(both("192.0.2.43", "for=6.6.6.6"), "0.0.0.0");
    }
}
