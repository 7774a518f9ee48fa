//! What a configuration must not say in the mode that it is for. Everything is judged by what will happen, and told at once,
//! by the name of the key and never with its value.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::{ApiKeys, Config, ConfigError, LastDay, MailTransport, Mode, SmtpTls, collector};
use crate::clock::Timestamp;
use crate::db::Address;
use crate::failpoint;
use crate::fair::network::parse_network;
use crate::login::leaked;

impl Config {
    /// Refuses what cannot be used, and combinations that must not serve the people whom the mode is for. `ikd config check`
    /// and `ikd serve` both ask this.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn check_strength(&self) -> Result<(), ConfigError> {
        let mut wrong = Vec::new();
        let address = Address::parse(self.database.url.expose());
        if let Err(error) = &address {
            wrong.push(error.to_string());
        }
        let of_shards = self.database.shard_addresses();
        wrong.extend(of_shards.as_ref().err().into_iter().flatten().cloned());
        if self.http.tls_certificate.is_some() != self.http.tls_key.is_some() {
            wrong.push(String::from("http: set both tls_certificate and tls_key, or neither"));
        }
        if !is_filter(&self.log.level) {
            wrong.push(String::from("log.level is no filter: write a level (info), or target=level pairs with commas"));
        }
        if let Some(Err(error)) = self.staff.breached_passwords.as_deref().map(leaked::check) {
            wrong.push(format!(
                "staff.breached_passwords: {error} (docs/passwords.md says what it is and where it comes from)"
            ));
        }
        if self.traces.endpoint.as_deref().is_some_and(|endpoint| collector(endpoint).is_none()) {
            wrong.push(String::from(
                "traces.endpoint: write http:// and an address of this machine (http://127.0.0.1:4318): traces go in clear to a collector here, \
                 which protects what it sends on",
            ));
        }
        if !(0.0..=1.0).contains(&self.traces.sample) {
            wrong.push(String::from("traces.sample must be from 0 (none) to 1 (all)"));
        }
        if self.mail.from.parse::<lettre::message::Mailbox>().is_err() {
            wrong.push(String::from("mail.from must read `Name <address>`"));
        }
        match self.service.mode {
            Mode::Demo => wrong.push(String::from(
                "service.mode: demo is what `ikd demo` makes for itself; set development or production",
            )),
            Mode::Development => self.check_development(&mut wrong),
            Mode::Production => {
                self.check_production(&mut wrong);
                self.check_limits(&mut wrong);
                let protected = |address: &Address| address.is_protected();
                for (name, holds) in [
                    ("database.url", address.as_ref().ok().is_none_or(protected)),
                    ("database.shard_urls", of_shards.iter().flatten().all(protected)),
                ] {
                    if !holds {
                        wrong.push(format!(
                            "{name}: a PostgreSQL on another host needs ?sslmode=verify-full (PGHOST, PGHOSTADDR and PGSSLMODE \
                             count too)"
                        ));
                    }
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(ConfigError::Weak(wrong)) }
    }

    /// Refuses what goes on for longer than a year without a change: it is asked at each start, when it is known what day it is.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn check_ends(&self, now: Timestamp) -> Result<(), ConfigError> {
        let mut ends: Vec<(&str, LastDay)> =
            self.register.feed_public_keys.iter().map(|key| ("register.feed_public_keys", key.until)).collect();
        if self.service.mode == Mode::Production {
            ends.extend(self.register.feed_key_until.map(|last| ("register.feed_key_until", last)));
            if let ApiKeys::Until(last) = self.relying_party.api_keys {
                ends.push(("relying_party.api_keys", last));
            }
        }
        let far = ends.into_iter().filter(|(_, last)| !last.is_near(now));
        let wrong: Vec<_> = far.map(|(key, _)| format!("{key}: a last day is at most a year away")).collect();
        if wrong.is_empty() { Ok(()) } else { Err(ConfigError::Weak(wrong)) }
    }

    /// A developer's machine shows everybody's mail, with the codes in it: nobody else may reach it by mistake.
    fn check_development(&self, wrong: &mut Vec<String>) {
        if self.http.expose_development {
            return;
        }
        let how = "or http.expose_development = true when all who reach it may see everything";
        if !is_loopback(&self.http.listen) {
            wrong.push(format!(
                "http.listen: in development only this machine may reach it: use 127.0.0.1, set service.mode to production, {how}"
            ));
        }
        if self.http.behind_proxy {
            wrong.push(format!("http.behind_proxy: whom a proxy serves is not this machine alone: turn it off, {how}"));
        }
        if !self.http.metrics_listen.is_empty() && !is_loopback(&self.http.metrics_listen) {
            wrong.push(format!(
                "http.metrics_listen: in development only this machine may reach it: use 127.0.0.1, {how}"
            ));
        }
    }

    fn check_listeners(&self, demand: &mut impl FnMut(bool, &str)) {
        let http = &self.http;
        let tls = http.tls_certificate.is_some() && http.tls_key.is_some();
        demand(
            tls || http.behind_proxy,
            "http: set tls_certificate and tls_key, or behind_proxy = true when a proxy terminates TLS",
        );
        demand(
            tls || http.plain_proxies || is_loopback(&http.listen),
            "http.listen: a proxy on another machine would hand on in clear what residents sent: set tls_certificate and tls_key here too, or \
             listen on 127.0.0.1 beside the proxy; http.plain_proxies = true says that both are in one pod or machine",
        );
        demand(!http.expose_development, "http.expose_development is for development alone");
        demand(
            http.metrics_listen.is_empty() || !is_everywhere(&http.metrics_listen),
            "http.metrics_listen: name one address of the operator's own network, or \"\" for none",
        );
        demand(
            http.metrics_listen.is_empty() || tls || http.plain_proxies || is_loopback(&http.metrics_listen),
            "http.metrics_listen: beyond this machine metrics are read over TLS: set tls_certificate and tls_key, or listen on 127.0.0.1; \
             http.plain_proxies = true says that whoever reads them is in one pod or machine",
        );
        demand(
            http.metrics_listen.is_empty() || http.metrics_listen != http.listen,
            "http.metrics_listen must not be http.listen",
        );
        for (name, listen) in [("http.listen", &http.listen), ("http.metrics_listen", &http.metrics_listen)] {
            demand(
                is_listener(listen) || listen.is_empty() && name == "http.metrics_listen",
                &format!("{name}: write an address and a port, as 127.0.0.1:9464 or [::1]:9464"),
            );
        }
        demand(
            http.trusted_proxies.iter().filter_map(|text| parse_network(text)).all(is_narrow),
            "http.trusted_proxies: a network this wide is nobody's own; name the proxies (at the widest /8, of IPv6 /16)",
        );
    }

    fn check_production(&self, wrong: &mut Vec<String>) {
        let mut demand = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.to_owned());
            }
        };
        demand(!failpoint::ARE_THERE, "this program was built for tests that kill it (failpoints): install a release");
        self.check_listeners(&mut demand);
        demand(
            self.service.public_url.starts_with("https://") && !is_this_machine(&self.service.public_url),
            "service.public_url must be https:// and a name that phones reach",
        );
        for (key, url) in
            [("staff_url", &self.service.staff_url), ("documentation_url", &self.service.documentation_url)]
        {
            let reached = |url: &String| url.starts_with("https://") && !is_this_machine(url);
            demand(
                url.as_ref().is_none_or(reached),
                &format!("service.{key} must be https:// and a name that is reached from elsewhere"),
            );
        }
        let issuer = self.service.issuer.to_ascii_lowercase();
        demand(
            !issuer.ends_with(".example") && !issuer.is_empty() && issuer.bytes().all(|byte| byte.is_ascii_graphic()),
            "service.issuer must be the name of your authority, without blanks",
        );
        demand(
            self.mail.transport == MailTransport::Smtp,
            "mail.transport must be smtp: a local mailbox reaches nobody",
        );
        demand(
            self.mail.transport != MailTransport::Smtp
                || !self.mail.smtp.host.trim().is_empty() && self.mail.smtp.port != 0,
            "mail.smtp: set host, the name of the mail server, and port (587, or 465 with tls = \"implicit\")",
        );
        demand(
            self.mail.transport != MailTransport::Smtp || self.mail.smtp.tls != SmtpTls::None,
            "mail.smtp.tls must be starttls or implicit",
        );
        demand(
            self.relying_party.api_keys != ApiKeys::Taken,
            "relying_party.api_keys: an API key that leaks opens for up to a year; write \"none\", or the last day on which they are taken \
             (\"2027-06-30\") while relying parties register public keys",
        );
        demand(
            self.register.feed_key_sha256.is_empty() || self.register.feed_key_until.is_some(),
            "register.feed_key_until: that key never changes, so name the last day on which it is taken (\"2027-06-30\") while the register's \
             side goes over to register.feed_public_keys",
        );
        demand(
            !self.webhook.allow_private,
            "webhook.allow_private: relying parties name the addresses that are sent to, so none may be beside this service",
        );
        demand(
            self.keys.publish_ahead_seconds >= 3_600,
            "keys.publish_ahead_seconds must be at least 3600, so that verifiers have read the next key",
        );
        demand(self.captcha.max_number >= 10_000, "captcha.max_number must be at least 10000");
        demand(
            !tells_details(&self.log.level),
            "log.level: debug and trace may show what people sent: use info, warn or error, for each target too (a target \
             without a level means trace)",
        );
    }

    /// A limit that is 0, or larger than anything that happens, is none.
    fn check_limits(&self, wrong: &mut Vec<String>) {
        let (http, limits, database) = (&self.http, &self.limits, &self.database);
        let many = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let rows = u64::try_from(limits.refusals_per_hour).unwrap_or(0);
        let bounds: [(&str, u64, RangeInclusive<u64>); 17] = [
            ("limits.requests_per_second", limits.requests_per_second.into(), 1..=10_000),
            ("limits.pictures", many(limits.pictures), 1..=64),
            ("limits.selfies_per_minute", limits.selfies_per_minute.into(), 1..=10_000),
            ("limits.presentations_per_minute", limits.presentations_per_minute.into(), 1..=10_000),
            ("limits.password_hashes", many(limits.password_hashes), 1..=64),
            ("limits.verifications", many(limits.verifications), 1..=100_000),
            ("limits.refusals_per_hour", rows, 1..=1_000_000),
            ("limits.call_back_percent", limits.call_back_percent.into(), 1..=100),
            ("captcha.free_per_minute", self.captcha.free_per_minute.into(), 0..=1_000),
            ("http.connections", many(http.connections), 1..=1_000_000),
            ("http.header_timeout_seconds", http.header_timeout_seconds, 1..=60),
            ("http.request_timeout_seconds", http.request_timeout_seconds, 1..=300),
            ("http.stop_timeout_seconds", http.stop_timeout_seconds, 1..=600),
            ("database.acquire_timeout_seconds", database.acquire_timeout_seconds, 1..=60),
            ("database.statement_timeout_seconds", database.statement_timeout_seconds, 1..=600),
            ("database.idle_transaction_timeout_seconds", database.idle_transaction_timeout_seconds, 1..=600),
            ("register.timeout_seconds", self.register.timeout_seconds, 1..=60),
        ];
        for (name, value, range) in bounds {
            if !range.contains(&value) {
                wrong.push(format!("{name} must be between {} and {}", range.start(), range.end()));
            }
        }
    }
}

/// The addresses that a listener would take, as it finds them.
fn addresses(listen: &str) -> Vec<IpAddr> {
    let found = listen.to_socket_addrs().map(|all| all.map(|one: SocketAddr| one.ip().to_canonical()));
    found.map(Iterator::collect).unwrap_or_default()
}

/// Whether only this machine can reach a listener.
pub(crate) fn is_loopback(listen: &str) -> bool {
    let found = addresses(listen);
    !found.is_empty() && found.iter().all(IpAddr::is_loopback)
}

fn is_everywhere(listen: &str) -> bool {
    addresses(listen).iter().any(IpAddr::is_unspecified)
}

/// Whether the text has the form `address:port` or `name:port`. Whether the name can be found is for the start to see.
fn is_listener(listen: &str) -> bool {
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    let named = || listen.rsplit_once(':').is_some_and(|(host, port)| is_name(host) && port.parse::<u16>().is_ok());
    listen.parse::<SocketAddr>().is_ok() || named()
}

/// Whether a network can be somebody's own.
fn is_narrow(network: IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.prefix_len() >= 8,
        IpNet::V6(network) => network.prefix_len() >= 16,
    }
}

/// Whether an address leads every phone to itself.
fn is_this_machine(url: &str) -> bool {
    match url::Url::parse(url).ok().as_ref().and_then(url::Url::host) {
        // `localhost` too, but a trial of the package on one machine has no other name with a certificate.
        Some(url::Host::Domain(_)) => false,
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => {
            let address = IpAddr::V6(address).to_canonical();
            address.is_loopback() || address.is_unspecified()
        }
        None => true,
    }
}

fn is_filter(level: &str) -> bool {
    !level.trim().is_empty() && EnvFilter::try_new(level).is_ok()
}

/// Whether some part of the program would tell more than `info`. Asked of the filter that will be used.
fn tells_details(level: &str) -> bool {
    EnvFilter::try_new(level).is_ok_and(|filter| filter.max_level_hint().is_none_or(|most| most > LevelFilter::INFO))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::{FeedPublicKey, Http, Register};
    use crate::secret::Redacted;

    /// One that production takes.
    fn strong() -> Config {
        let mut config = Config::default();
        config.service.mode = Mode::Production;
        config.service.public_url = String::from("https://ikd.contoh.go.id");
        config.service.issuer = String::from("ikd.contoh.go.id");
        config.http.behind_proxy = true;
        config.mail.transport = MailTransport::Smtp;
        config.relying_party.api_keys = ApiKeys::None;
        config.database.url = Redacted(String::from("postgres://ikd:rahasia@db.internal/ikd?sslmode=verify-full"));
        config
    }

    /// What is refused, as one text.
    fn refused(config: &Config) -> String {
        match config.check_strength() {
            Err(ConfigError::Weak(reasons)) => reasons.join("\n"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn production_takes_a_strong_configuration_and_names_every_weak_default_at_once() {
        strong().check_strength().unwrap();
        let mut config = Config::default();
        config.service.mode = Mode::Production;
        config.database.url = Redacted(String::from("postgres://ikd:rahasia@db.internal/ikd"));
        let told = refused(&config);
        for needle in ["tls_certificate", "public_url", "mail.transport", "issuer", "verify-full"] {
            assert!(told.contains(needle), "{needle} is not named: {told}");
        }
        assert!(!told.contains("rahasia"));
    }

    #[test]
    fn what_never_changes_has_a_last_day_in_production() {
        let day = |text: &str| LastDay::try_from(text.to_owned()).unwrap();
        let mut config = strong();
        config.relying_party.api_keys = ApiKeys::Taken;
        config.register.feed_key_sha256 = "00".repeat(32);
        let said = refused(&config);
        assert!(said.contains("relying_party.api_keys") && said.contains("register.feed_key_until"), "{said}");
        config.relying_party.api_keys = ApiKeys::Until(day("2027-06-30"));
        config.register.feed_key_until = Some(day("2027-06-30"));
        config.check_strength().unwrap();
        // A year at most, as it is counted at each start.
        let start = |date: &str| config.check_ends(day(date).end());
        start("2026-06-30").unwrap();
        let said = start("2026-06-28").unwrap_err().to_string();
        assert!(said.contains("relying_party.api_keys") && said.contains("register.feed_key_until"), "{said}");
        let until = day("2028-01-01");
        let developer = Config {
            register: Register {
                feed_public_keys: vec![FeedPublicKey { jwk: String::new(), until }],
                ..Register::default()
            },
            ..Config::default()
        };
        assert!(
            developer.check_ends(day("2026-06-30").end()).is_err(),
            "a public key of the register's side in every mode"
        );
    }

    #[test]
    fn production_speaks_in_clear_to_its_own_machine_alone() {
        let certified = |mut config: Config| {
            (config.http.tls_certificate, config.http.tls_key) = (Some("chain.pem".into()), Some("key.pem".into()));
            config
        };
        for (key, change) in [
            ("http.listen: a proxy", (|http: &mut Http| http.listen = String::from("10.0.0.11:8080")) as fn(&mut Http)),
            ("http.metrics_listen: beyond", |http: &mut Http| http.metrics_listen = String::from("10.0.0.11:9464")),
        ] {
            let mut config = strong();
            change(&mut config.http);
            let told = refused(&config);
            assert!(told.contains(key), "{key}: {told}");
            certified(config).check_strength().unwrap_or_else(|error| panic!("{key}: {error}"));
        }
        let mut pod = strong();
        (pod.http.listen, pod.http.plain_proxies) = (String::from("0.0.0.0:8080"), true);
        pod.http.metrics_listen = String::from("10.0.0.11:9464");
        pod.check_strength().unwrap();
    }

    #[test]
    fn production_refuses_logs_that_tell_what_people_sent() {
        for level in [
            "debug",
            "TRACE",
            "5",
            "4",
            "info,ikd=debug",
            "warn,ikd::mail=trace",
            "ikd",
            "error,sqlx",
            "info,[request]=trace",
            "info,[{nik}]=debug",
            "off,hyper=debug",
            "hunter2",
        ] {
            let mut config = strong();
            config.log.level = level.into();
            let told = refused(&config);
            assert!(told.contains("log.level") && !told.contains("hunter2"), "{level}: {told}");
        }
        for level in ["info", "warn", "error", "off", "INFO", "3", "warn,ikd=info", "info,hyper=off"] {
            let mut config = strong();
            config.log.level = level.into();
            config.check_strength().unwrap_or_else(|error| panic!("{level}: {error}"));
        }
        for level in ["", "info,,=", "info=info=info", "ikd=loud"] {
            let mut config = strong();
            config.log.level = level.into();
            assert!(config.check_strength().is_err(), "{level}");
        }
    }

    #[test]
    fn production_refuses_limits_that_are_none() {
        type Change = fn(&mut Config);
        let table: [(&str, Change); 19] = [
            ("requests_per_second", |config| config.limits.requests_per_second = 0),
            ("requests_per_second", |config| config.limits.requests_per_second = u32::MAX),
            ("limits.pictures", |config| config.limits.pictures = usize::MAX),
            ("limits.pictures", |config| config.limits.pictures = 0),
            ("password_hashes", |config| config.limits.password_hashes = 0),
            ("limits.verifications", |config| config.limits.verifications = usize::MAX),
            ("refusals_per_hour", |config| config.limits.refusals_per_hour = i64::MAX),
            ("refusals_per_hour", |config| config.limits.refusals_per_hour = -1),
            ("call_back_percent", |config| config.limits.call_back_percent = 0),
            ("free_per_minute", |config| config.captcha.free_per_minute = u32::MAX),
            ("max_number", |config| config.captcha.max_number = 1),
            ("http.connections", |config| config.http.connections = usize::MAX),
            ("header_timeout", |config| config.http.header_timeout_seconds = u64::MAX),
            ("request_timeout", |config| config.http.request_timeout_seconds = 0),
            ("statement_timeout", |config| config.database.statement_timeout_seconds = 0),
            ("idle_transaction", |config| config.database.idle_transaction_timeout_seconds = 0),
            ("acquire_timeout", |config| config.database.acquire_timeout_seconds = 86_400),
            ("register.timeout", |config| config.register.timeout_seconds = 0),
            ("publish_ahead", |config| config.keys.publish_ahead_seconds = 0),
        ];
        for (name, change) in table {
            let mut config = strong();
            change(&mut config);
            assert!(refused(&config).contains(name), "{name}");
        }
    }

    #[test]
    fn production_refuses_what_is_for_developers() {
        type Change = fn(&mut Config);
        let table: [(&str, Change); 27] = [
            ("metrics_listen", |config| config.http.metrics_listen = "0.0.0.0:9464".into()),
            ("metrics_listen", |config| config.http.metrics_listen = "[::]:9464".into()),
            ("metrics_listen", |config| config.http.metrics_listen = "[::ffff:0.0.0.0]:9464".into()),
            ("metrics_listen", |config| config.http.metrics_listen = "0:9464".into()),
            ("metrics_listen", |config| config.http.metrics_listen = config.http.listen.clone()),
            ("mail.transport", |config| config.mail.transport = MailTransport::Directory),
            ("mail.smtp.tls", |config| config.mail.smtp.tls = SmtpTls::None),
            ("public_url", |config| config.service.public_url = "http://ikd.contoh.go.id".into()),
            ("issuer", |config| config.service.issuer = String::new()),
            ("issuer", |config| config.service.issuer = " ".into()),
            ("issuer", |config| config.service.issuer = "IKD.EXAMPLE".into()),
            ("issuer", |config| config.service.issuer = "ikd.contoh.go.id ".into()),
            ("public_url", |config| config.service.public_url = "https://127.0.0.1:8443".into()),
            ("public_url", |config| config.service.public_url = "https://[::1]".into()),
            ("trusted_proxies", |config| config.http.trusted_proxies = vec!["0.0.0.0/0".into()]),
            ("trusted_proxies", |config| config.http.trusted_proxies = vec!["10.0.0.5".into(), "::/0".into()]),
            ("trusted_proxies", |config| config.http.trusted_proxies = vec!["10.0.0.0/7".into()]),
            ("mail.from", |config| config.mail.from = "hunter2".into()),
            ("mail.smtp", |config| config.mail.smtp.host = String::new()),
            ("mail.smtp", |config| config.mail.smtp.port = 0),
            ("metrics_listen", |config| config.http.metrics_listen = "*:9464".into()),
            ("metrics_listen", |config| config.http.metrics_listen = "9464".into()),
            ("metrics_listen", |config| config.http.metrics_listen = " ".into()),
            ("http.listen", |config| config.http.listen = String::new()),
            ("tls_key", |config| config.http.tls_certificate = Some(PathBuf::from("x.pem"))),
            ("expose_development", |config| config.http.expose_development = true),
            ("service.mode", |config| config.service.mode = Mode::Demo),
        ];
        for (name, change) in table {
            let mut config = strong();
            change(&mut config);
            let told = refused(&config);
            assert!(told.contains(name) && !told.contains("hunter2"), "{name}: {told}");
        }
        let mut config = strong();
        config.http.trusted_proxies = vec!["10.0.0.0/8".into(), "fd00::/16".into()];
        config.http.plain_proxies = true;
        for listen in ["", "127.0.0.1:9464", "10.1.2.3:9464"] {
            config.http.metrics_listen = listen.into();
            config.check_strength().unwrap();
        }
    }

    #[test]
    fn development_is_reached_from_this_machine_alone() {
        Config::default().check_strength().unwrap();
        for listen in
            ["0.0.0.0:8080", "[::]:8080", "10.1.2.3:8080", "0:8080", "[::ffff:10.1.2.3]:80", ":8080", "nowhere"]
        {
            let mut config = Config::default();
            config.http.listen = listen.into();
            assert!(refused(&config).contains("http.listen"), "{listen}");
            config.http.expose_development = true;
            config.check_strength().unwrap();
        }
        for listen in ["127.0.0.1:0", "127.1.2.3:80", "[::1]:8080", "localhost:8080"] {
            let mut config = Config::default();
            config.http.listen = listen.into();
            config.check_strength().unwrap();
        }
        let mut config = Config::default();
        config.http.behind_proxy = true;
        config.http.metrics_listen = "0.0.0.0:1".into();
        let told = refused(&config);
        assert!(told.contains("behind_proxy") && told.contains("metrics_listen"), "{told}");
    }

    #[test]
    fn what_keeps_nothing_is_refused_in_every_mode() {
        for url in ["sqlite:", "sqlite::memory:", "sqlite:x?mode=memory", "postgres://db/x?pasword=rahasia"] {
            for mode in [Mode::Development, Mode::Production] {
                let mut config = strong();
                config.service.mode = mode;
                config.database.url = Redacted(url.to_owned());
                let told = refused(&config);
                assert!(told.contains("database.url") && !told.contains("rahasia"), "{told}");
            }
        }
    }

    #[test]
    fn the_servers_of_shards_are_judged_like_the_database() {
        let mut config = strong();
        let worker = |url: &str| Redacted(url.to_owned());
        let good = worker("postgres://ikd:rahasia@w1,w2/ikd?sslmode=verify-full");
        config.database.shard_urls = vec![good.clone(), worker("postgres://w/ikd?pasword=rahasia"), worker("sqlite:x")];
        let told = refused(&config);
        assert!(told.contains("entry 2: ") && told.contains("entry 3: ") && !told.contains("entry 1"), "{told}");
        assert!(!told.contains("rahasia"), "{told}");
        config.database.shard_urls = vec![good.clone(), worker("postgres://ikd:rahasia@w3/ikd")];
        assert!(refused(&config).contains("database.shard_urls: a PostgreSQL on another host"));
        config.database.shard_urls = vec![good];
        config.check_strength().unwrap();
    }
}
