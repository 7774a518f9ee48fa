//! What no configuration may say, whatever its mode: each would break something that goes on for long without a word.

use std::path::Path;

use ikd_token::Jwk;
use url::Url;

use super::strength::is_loopback;
use super::{Config, ConfigError, Database, FEED_PUBLIC_KEYS, Service, hosts};
use crate::db::{Address, PoolSizes, Shards};
use crate::fair::network::parse_network;

/// The words of all roles, in the order of docs/roles.md.
pub const ROLES: [&str; 10] = [
    "assistant",
    "officer",
    "supervisor",
    "head",
    "data_officer",
    "administrator",
    "province",
    "auditor",
    "employee",
    "party_administrator",
];
/// A year in seconds: beyond it, times cannot be added up any more.
const YEAR: u64 = 31_536_000;
/// More of anything than happens at once; some libraries panic beyond their own bounds.
const MANY: u64 = 10_000_000;

impl Config {
    /// Brings what was read into its plain form, and refuses what cannot be used.
    pub(super) fn checked(mut self) -> Result<Self, ConfigError> {
        let refuse = |what: &str| Err(ConfigError::Unreadable(what.to_owned()));
        self.service.tidy_urls();
        // An empty name in a file or a variable is none.
        let (tls, ca, leaked) = (&mut self.http, &mut self.webhook.ca_file, &mut self.staff.breached_passwords);
        let smtp = &mut self.mail.smtp;
        let of_mail = [&mut smtp.ca_file, &mut smtp.certificate_file, &mut smtp.key_file];
        for file in [&mut tls.tls_certificate, &mut tls.tls_key, ca, leaked].into_iter().chain(of_mail) {
            *file = file.take().filter(|path| path != Path::new(""));
        }
        if let Some(wrong) = url_fault(&self.service.public_url) {
            return Err(ConfigError::Unreadable(format!("service.public_url {wrong}")));
        }
        self.service.own_names().map_err(ConfigError::Unreadable)?;
        if let Some(place) = self.http.trusted_proxies.iter().position(|text| parse_network(text).is_none()) {
            return Err(ConfigError::Unreadable(format!(
                "http.trusted_proxies: entry {} is no address and no network; write 10.0.0.5 or 10.0.0.0/24",
                place + 1
            )));
        }
        if let Some(place) = self.webhook.hosts.iter().position(|text| !hosts::is_entry(text)) {
            return Err(ConfigError::Unreadable(format!(
                "webhook.hosts: entry {} is no name of a host in lower case; write hook.bank.example, *.bank.example or *",
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
        let checks = [self.quota.checks_per_minute, self.quota.checks_per_day];
        if checks.iter().any(|checks| !(0..=1_000_000_000).contains(checks)) {
            return refuse(
                "quota.checks_per_minute and quota.checks_per_day must be between 0 (no limit) and 1000000000",
            );
        }
        if !(1..=3_600).contains(&self.tlog.interval_seconds) {
            return refuse("tlog.interval_seconds must be between 1 and 3600");
        }
        if self.tlog.origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return refuse("tlog.origin stands in a line of every checkpoint: no blanks and no plus signs");
        }
        if self.limits.refusals_per_hour < 1 {
            return refuse("limits.refusals_per_hour must be at least 1");
        }
        if self.limits.call_back_percent > 100 {
            return refuse("limits.call_back_percent must be between 0 and 100");
        }
        if let Some(wrong) = self.database.shards_fault() {
            return refuse(&wrong);
        }
        if !(1..=86_400).contains(&self.register.retry_seconds) {
            return refuse("register.retry_seconds must be between 1 and 86400");
        }
        if let Some(wrong) = self.credentials_fault().or_else(|| self.passkeys_fault()) {
            return refuse(&wrong);
        }
        if self.keys.publish_ahead_seconds < 0 {
            return refuse("keys.publish_ahead_seconds must not be below 0");
        }
        match self.beyond() {
            Some((name, most)) => Err(ConfigError::Unreadable(format!("{name} must be at most {most}"))),
            None => Ok(self),
        }
    }

    /// Why the register's side cannot log in here, or this service at the mail server.
    fn credentials_fault(&self) -> Option<String> {
        let smtp = &self.mail.smtp;
        if smtp.certificate_file.is_some() != smtp.key_file.is_some() {
            return Some(String::from("mail.smtp: set both certificate_file and key_file, or neither"));
        }
        let digest = &self.register.feed_key_sha256;
        if !digest.is_empty() && (digest.len() != 64 || !digest.bytes().all(|digit| digit.is_ascii_hexdigit())) {
            return Some(String::from(
                "register.feed_key_sha256 must be empty or 64 hexadecimal digits, as `ikd register feed-key` prints them",
            ));
        }
        let keys = &self.register.feed_public_keys;
        if keys.len() > FEED_PUBLIC_KEYS {
            return Some(format!(
                "register.feed_public_keys: {FEED_PUBLIC_KEYS} at most, one that is used and one that takes over"
            ));
        }
        let read = |text: &str| serde_json::from_str::<Jwk>(text).ok()?.public_key();
        let wrong = keys.iter().position(|key| read(&key.jwk).is_none())?;
        Some(format!(
            "register.feed_public_keys: entry {} is no public key as a JWK, Ed25519 or P-256 (never the private one)",
            wrong + 1
        ))
    }

    /// Why the roles that are to log in with a passkey cannot.
    fn passkeys_fault(&self) -> Option<String> {
        let required = &self.staff.require_passkey;
        if let Some(place) = required.iter().position(|word| !ROLES.contains(&word.as_str())) {
            return Some(format!(
                "staff.require_passkey: entry {} is no role; the roles are {}",
                place + 1,
                ROLES.join(", ")
            ));
        }
        let named = Url::parse(self.service.staff_url()).is_ok_and(|url| url.domain().is_some());
        (!required.is_empty() && !named).then(|| {
            String::from(
                "staff.require_passkey: passkeys are bound to a name, and service.public_url (or staff_url) is a number; give the service a name",
            )
        })
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

impl Database {
    /// Why its connections and shards do not go together.
    fn shards_fault(&self) -> Option<String> {
        let Some(shards) = Shards::new(self.shards) else {
            return Some(format!("database.shards must be between 1 and {}", Shards::MOST));
        };
        let apart = !self.shard_urls.is_empty();
        if (apart || self.shards > 1) && self.url.expose().starts_with("sqlite:") {
            return Some(String::from(
                "database.shards and database.shard_urls are for a cluster of PostgreSQL: SQLite keeps all in one file, so leave \
                 them out",
            ));
        }
        if apart && self.shard_urls.len() != self.shards as usize {
            return Some(format!(
                "database.shard_urls has {} entries: write none, or one for each of the {} shards (database.shards)",
                self.shard_urls.len(),
                self.shards
            ));
        }
        let least = PoolSizes::least(shards, apart);
        (self.connections < least).then(|| match least {
            // One for batches, and two for what is done one by one.
            3 => String::from("database.connections must be at least 3"),
            _ => format!(
                "database.connections must be at least {least} for {} shards: half of them are for batches, 2 for each shard and 1 for \
                 what is of none",
                self.shards
            ),
        })
    }

    /// Where the shards are, when they have servers of their own.
    ///
    /// # Errors
    /// Each that cannot be used, by its place in the list.
    pub fn shard_addresses(&self) -> Result<Vec<Address>, Vec<String>> {
        let (mut found, mut wrong) = (Vec::new(), Vec::new());
        for (place, url) in self.shard_urls.iter().enumerate() {
            let told = |what: &str| format!("database.shard_urls: entry {}: {what}", place + 1);
            match Address::parse(url.expose()) {
                Ok(Address::File(_)) => wrong.push(told("must begin with postgres://")),
                Ok(servers) => found.push(servers),
                Err(error) => wrong.push(told(error.what())),
            }
        }
        if wrong.is_empty() { Ok(found) } else { Err(wrong) }
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

impl Service {
    /// Without a slash at the end; an empty one is none.
    fn tidy_urls(&mut self) {
        let Service { public_url, staff_url, documentation_url, .. } = self;
        for own in [&mut *staff_url, &mut *documentation_url] {
            *own = own.take().filter(|url| !url.is_empty());
        }
        let urls = std::iter::once(&mut *public_url).chain(staff_url.as_mut()).chain(documentation_url.as_mut());
        for url in urls {
            url.truncate(url.trim_end_matches('/').len());
        }
    }

    /// Refuses names of their own that are none.
    fn own_names(&self) -> Result<(), String> {
        // Cookies are kept by name, whatever the port, and passkeys too.
        let name = |url: &Url| url.host_str().map(str::to_owned);
        let mut taken = vec![("public_url", Url::parse(&self.public_url).ok().as_ref().and_then(name))];
        for (key, url) in [("staff_url", &self.staff_url), ("documentation_url", &self.documentation_url)] {
            let Some(url) = url else { continue };
            if let Some(wrong) = url_fault(url) {
                return Err(format!("service.{key} {wrong}"));
            }
            let parsed = Url::parse(url).ok();
            if parsed.as_ref().is_some_and(|url| url.path() != "/") {
                return Err(format!("service.{key} must have no path: only https://, the name, perhaps a port"));
            }
            let own = parsed.as_ref().and_then(name);
            if let Some((other, _)) = taken.iter().find(|(_, name)| *name == own) {
                return Err(format!(
                    "service.{key} is for a name of its own, and service.{other} has this one: leave it out, or take another"
                ));
            }
            taken.push((key, own));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Redacted;

    /// What is wrong with a database with so many shards, URLs of them, and connections.
    fn told(url: &str, shards: u32, urls: usize, connections: u32) -> Option<String> {
        let mut config = Config::default();
        config.database.url = Redacted(url.to_owned());
        config.database.shards = shards;
        config.database.shard_urls = vec![Redacted(String::from("postgres://rahasia@w/ikd")); urls];
        config.database.connections = connections;
        let told = config.checked().err().map(|error| error.to_string());
        assert!(!told.as_ref().is_some_and(|told| told.contains("rahasia")), "{told:?}");
        told
    }

    #[test]
    fn shards_need_a_cluster_and_connections_enough() {
        let server = "postgres://rahasia@db/ikd";
        for (shards, urls, connections) in [(1, 0, 3), (2, 0, 10), (4, 0, 18), (4, 4, 18), (1, 1, 6), (64, 64, 258)] {
            assert_eq!(told(server, shards, urls, connections), None, "{shards} {urls}");
            let few = told(server, shards, urls, connections - 1).unwrap();
            assert!(few.contains(&format!("database.connections must be at least {connections}")), "{few}");
        }
        for (shards, urls, named) in [(0, 0, "shards"), (65, 0, "shards"), (4, 3, "shard_urls"), (1, 2, "shard_urls")] {
            let wrong = told(server, shards, urls, 1_000).unwrap();
            assert!(wrong.starts_with(&format!("database.{named} ")), "{wrong}");
        }
        for (shards, urls) in [(2, 0), (1, 1), (2, 2)] {
            assert!(told("sqlite:ikd.db", shards, urls, 16).unwrap().contains("SQLite"), "{shards} {urls}");
        }
        assert_eq!(told("sqlite:ikd.db", 1, 0, 16), None);
    }
}
