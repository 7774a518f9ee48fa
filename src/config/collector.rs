//! Where traces may go. Pure.

use std::net::IpAddr;

use url::{Host, Url};

/// Where a collector takes traces (OTLP 1.x, "OTLP/HTTP Request": `/v1/traces` below the endpoint); `None` for what is no plain HTTP to this
/// machine. Traces go in clear, so they do not leave it by themselves.
pub fn collector(endpoint: &str) -> Option<String> {
    let mut url = Url::parse(endpoint).ok()?;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => IpAddr::from(address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(address).is_loopback(),
    };
    let is_bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if url.scheme() != "http" || !is_here || !is_bare {
        return None;
    }
    let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_stay_on_this_machine() {
        for (endpoint, to) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
            ("http://[::1]:4318/otlp/", "http://[::1]:4318/otlp/v1/traces"),
        ] {
            assert_eq!(collector(endpoint).as_deref(), Some(to));
        }
        for elsewhere in [
            "http://10.0.0.7:4318",
            "http://collector.example:4318",
            "https://127.0.0.1:4318",
            "http://name:word@127.0.0.1:4318",
            "http://127.0.0.1:4318?key=word",
            "127.0.0.1:4318",
            "unix:/run/otel.sock",
            "",
        ] {
            assert_eq!(collector(elsewhere), None, "{elsewhere}");
        }
    }
}
