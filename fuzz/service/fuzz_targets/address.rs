//! Addresses in a configuration: a database elsewhere is protected or it is said that it is not, and traces never leave this machine.
#![no_main]

use ikd::db::Address;
use ikd::config::collector;
use libfuzzer_sys::fuzz_target;
use url::{Host, Url};

fuzz_target!(|text: &str| {
    match Address::parse(text) {
        Ok(address) => {
            let _ = address.is_protected();
        }
        Err(error) => {
            // A password may stand in it.
            let quoted = text.split_once("://").filter(|(_, rest)| rest.len() > 24);
            assert!(quoted.is_none_or(|(_, rest)| !error.to_string().contains(rest)), "an error quotes the address");
        }
    }
    if let Some(endpoint) = collector(text) {
        let url = Url::parse(&endpoint).expect("a URL");
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        assert!(is_here && url.scheme() == "http" && url.path().ends_with("/v1/traces"));
    }
});
