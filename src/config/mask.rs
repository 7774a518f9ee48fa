//! The effective configuration for eyes: with every secret masked.

use super::{Config, Service};
use crate::db::Address;
use crate::secret::Redacted;

const MASK: &str = "********";
/// What a database's URL may show of its query. Everything else may be a password, by whatever name.
const SHOWN: &[&str] =
    &["sslmode", "host", "hostaddr", "port", "dbname", "user", "application_name", "target_session_attrs"];

impl Config {
    /// The effective configuration as TOML with every secret masked.
    pub fn masked(&self) -> String {
        let mut shown = self.clone();
        shown.database.url = Redacted(mask_url(self.database.url.expose()));
        for url in &mut shown.database.shard_urls {
            *url = Redacted(mask_url(url.expose()));
        }
        // One that was not read from a file may still hold a user and a password.
        let Service { public_url, staff_url, documentation_url, .. } = &mut shown.service;
        let urls = [public_url].into_iter().chain(staff_url).chain(documentation_url).chain(&mut shown.traces.endpoint);
        // A query is no part of any of them either.
        urls.filter(|url| url.contains(['@', '?'])).for_each(|url| *url = MASK.to_owned());
        if !shown.mail.smtp.password.expose().is_empty() {
            shown.mail.smtp.password = Redacted(MASK.to_owned());
        }
        toml::to_string_pretty(&shown).unwrap_or_default()
    }
}

fn mask_url(url: &str) -> String {
    if url.starts_with("sqlite:") {
        return url.to_owned();
    }
    // Where it cannot be read, nobody knows which part is the password.
    let Some((scheme, rest)) = url.split_once("://").filter(|_| Address::parse(url).is_ok()) else {
        return MASK.to_owned();
    };
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let place = match place.rsplit_once('@') {
        Some((user, host)) => format!("{}:{MASK}@{host}", user.split(':').next().unwrap_or("")),
        None => place.to_owned(),
    };
    let query = query.map_or_else(String::new, |query| {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if SHOWN.contains(&name) => pair.to_owned(),
            Some((name, _)) => format!("{name}={MASK}"),
            None => MASK.to_owned(),
        });
        format!("?{}", pairs.collect::<Vec<_>>().join("&"))
    });
    format!("{scheme}://{place}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Service, Traces};

    #[test]
    fn secrets_are_masked() {
        for url in [
            "postgres://ikd:hunter2@localhost/ikd?password=hunter2&x=1",
            "postgres://ikd:hunter2@localhost/ikd?password=hunter2&password=hunter2",
            "postgres://ikd:hunter2@a:1,b:2/ikd?pass%77ord=hunter2&hunter2",
            "postgres://ikd:hunter2/x@localhost/ikd?pasword=hunter2@",
            "postgres:ikd:hunter2@localhost/ikd",
            "postgres://ikd:hunter2?x@localhost/ikd",
            "postgres://ikd:hunter2/ikd",
            "hunter2",
        ] {
            let mut config = Config::default();
            config.database.url = Redacted(url.to_owned());
            config.database.shard_urls = vec![Redacted(url.to_owned())];
            config.mail.smtp.password = Redacted(String::from("hunter2"));
            config.service.public_url = String::from("https://user:hunter2@ikd.contoh.go.id");
            config.traces.endpoint = Some(String::from("http://127.0.0.1:4318?token=hunter2"));
            assert!(!config.masked().contains("hunter2"), "{url}: {}", config.masked());
            (config.service, config.traces) = (Service::default(), Traces::default());
            assert!(!format!("{config:?}").contains("hunter2"));
        }
        let shown = mask_url("postgres://ikd:p@a:1,b/ikd?sslmode=verify-full&password=p");
        assert_eq!(shown, "postgres://ikd:********@a:1,b/ikd?sslmode=verify-full&password=********");
        assert_eq!(mask_url("sqlite:var/d%20y/ikd.db"), "sqlite:var/d%20y/ikd.db");
    }
}
