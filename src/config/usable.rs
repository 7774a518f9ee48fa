//! What no configuration may say, whatever its mode: each would break something that goes on for long without a word.

use std::path::Path;

use url::Url;

use super::strength::is_loopback;
use super::{Config, ConfigError};
use crate::fair::network::parse_network;

/// A year in seconds: beyond it, times cannot be added up any more.
const YEAR: u64 = 31_536_000;
/// More of anything than happens at once; some libraries panic beyond their own bounds.
const MANY: u64 = 10_000_000;

impl Config {
    /// Brings what was read into its plain form, and refuses what cannot be used.
    pub(super) fn checked(mut self) -> Result<Self, ConfigError> {
        let refuse = |what: &str| Err(ConfigError::Unreadable(what.to_owned()));
        while self.service.public_url.ends_with('/') {
            self.service.public_url.pop();
        }
        // An empty name in a file or a variable is none.
        for file in [&mut self.http.tls_certificate, &mut self.http.tls_key, &mut self.mail.smtp.ca_file] {
            *file = file.take().filter(|path| path != Path::new(""));
        }
        if let Some(wrong) = url_fault(&self.service.public_url) {
            return Err(ConfigError::Unreadable(format!("service.public_url {wrong}")));
        }
        if let Some(place) = self.http.trusted_proxies.iter().position(|text| parse_network(text).is_none()) {
            return Err(ConfigError::Unreadable(format!(
                "http.trusted_proxies: entry {} is no address and no network; write 10.0.0.5 or 10.0.0.0/24",
                place + 1
            )));
        }
        if self.http.behind_proxy && self.http.trusted_proxies.is_empty() && !is_loopback(&self.http.listen) {
            return refuse(
                "http.behind_proxy: this node listens beyond its own machine, so name the proxies that are believed about \
                 clients' addresses: http.trusted_proxies = [\"10.0.0.5\"]",
            );
        }
        // A node that is silent for 30 s counts as gone, and an old key is given up 30 s after its last token.
        if !(1..=10).contains(&self.keys.refresh_seconds) {
            return refuse("keys.refresh_seconds must be between 1 and 10");
        }
        // A busy address gets up to 256 times that, and salt and number are to fit one block of the hash.
        if !(1..=100_000_000).contains(&self.captcha.max_number) {
            return refuse("captcha.max_number must be between 1 and 100000000");
        }
        if !(30..=3_650).contains(&self.retention.registration_days) {
            return refuse("retention.registration_days must be between 30 and 3650");
        }
        if self.limits.refusals_per_hour < 1 {
            return refuse("limits.refusals_per_hour must be at least 1");
        }
        // One for batches, and two for what is done one by one.
        if self.database.connections < 3 {
            return refuse("database.connections must be at least 3");
        }
        if !(1..=86_400).contains(&self.register.retry_seconds) {
            return refuse("register.retry_seconds must be between 1 and 86400");
        }
        if self.keys.publish_ahead_seconds < 0 {
            return refuse("keys.publish_ahead_seconds must not be below 0");
        }
        match self.beyond() {
            Some((name, most)) => Err(ConfigError::Unreadable(format!("{name} must be at most {most}"))),
            None => Ok(self),
        }
    }

    /// The first number beyond what can be counted with, and the most that it may be.
    fn beyond(&self) -> Option<(&'static str, u64)> {
        let (http, limits, database) = (&self.http, &self.limits, &self.database);
        let many = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let ahead = u64::try_from(self.keys.publish_ahead_seconds).unwrap_or(u64::MAX);
        let most: [(&str, u64, u64); 16] = [
            ("limits.requests_per_second", limits.requests_per_second.into(), MANY),
            ("limits.pictures", many(limits.pictures), MANY),
            ("limits.selfies_per_minute", limits.selfies_per_minute.into(), MANY),
            ("limits.presentations_per_minute", limits.presentations_per_minute.into(), MANY),
            ("limits.password_hashes", many(limits.password_hashes), MANY),
            ("limits.verifications", many(limits.verifications), MANY),
            ("captcha.free_per_minute", self.captcha.free_per_minute.into(), MANY),
            ("http.connections", many(http.connections), MANY),
            ("http.header_timeout_seconds", http.header_timeout_seconds, YEAR),
            ("http.request_timeout_seconds", http.request_timeout_seconds, YEAR),
            ("http.stop_timeout_seconds", http.stop_timeout_seconds, YEAR),
            ("database.acquire_timeout_seconds", database.acquire_timeout_seconds, YEAR),
            // PostgreSQL counts in milliseconds, with 31 bits.
            ("database.statement_timeout_seconds", database.statement_timeout_seconds, 2_000_000),
            ("database.idle_transaction_timeout_seconds", database.idle_transaction_timeout_seconds, 2_000_000),
            ("register.timeout_seconds", self.register.timeout_seconds, YEAR),
            ("keys.publish_ahead_seconds", ahead, YEAR),
        ];
        most.into_iter().find(|(_, value, most)| value > most).map(|(name, _, most)| (name, most))
    }
}

/// Why an address is none that browsers and proofs write in the same way. Never says what it holds: there may be a password
/// in it.
fn url_fault(text: &str) -> Option<&'static str> {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return Some("must begin with http:// or https://, and name a host");
    }
    let Ok(url) = Url::parse(text) else { return Some("is no address: write https:// and the name of the service") };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("must not hold a user or password: leave out what stands before the @");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some("must have no ? and no #: only https://, the name, perhaps a port and a path");
    }
    let plain = url.as_str().trim_end_matches('/') == text;
    (!plain).then_some(
        "must stand as browsers write it: https://, the name in small letters (others than a-z as xn--…), no blanks, no \
         port that goes without saying",
    )
}
