//! Rules for what is measured.

use std::collections::BTreeSet;

use super::{demand, sources};

/// Names of metrics in a domain's strings that stand behind one of `before`.
fn named(text: &str, before: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for start in before {
        for (at, _) in text.match_indices(start) {
            let rest = text[at + start.len()..].trim_start().trim_start_matches('"');
            found.insert(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

/// Names of metrics that a text lists.
pub fn explained(text: &str) -> BTreeSet<String> {
    named(text, &["Metric::counter(", "Metric::gauge(", "Metric::histogram("])
}

/// `# HELP` of `/metrics` and the list of a domain are one: what is counted is explained, and nothing is explained that nobody counts.
#[test]
fn what_is_measured_is_explained_where_it_is_measured() {
    let mut domains: BTreeSet<String> = BTreeSet::new();
    let texts: Vec<(String, String)> = sources()
        .iter()
        .map(|source| {
            domains.insert(source.domain().to_owned());
            let text = std::fs::read_to_string(support::root().join(&source.path)).unwrap();
            (source.domain().to_owned(), text)
        })
        .collect();
    let mut offences = Vec::new();
    let mut seen = 0;
    for domain in domains.iter().filter(|domain| *domain != "metric") {
        let all: String = texts.iter().filter(|(of, _)| of == domain).map(|(_, text)| text.as_str()).collect();
        let measured = named(&all, &["metrics::counter!(", "metrics::histogram!(", "metrics::gauge!("]);
        let explained = explained(&all);
        seen += measured.len();
        offences.extend(measured.symmetric_difference(&explained).map(|name| format!("{domain}: {name}")));
    }
    demand("each metric stands in the METRICS of the domain that measures it", offences);
    assert!(seen > 8, "only {seen} metrics were found");
}
