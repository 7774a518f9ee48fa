//! Alerts, the dashboard and the runbooks speak of what exists.

use std::collections::BTreeSet;

use serde_json::Value;

use super::asvs::named_test;
use super::docs::quoted;
use super::metrics::explained;
use super::{demand, sources};

fn read(path: &str) -> String {
    std::fs::read_to_string(support::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of metrics that a text has, without what Prometheus puts behind those of histograms.
fn named(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_name(c))
        .filter(|word| word.starts_with("ikd_"))
        .map(|word| ["_bucket", "_count", "_sum"].into_iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word))
        .collect()
}

/// The metrics of the program: each stands once in a list of its domain (`metrics.rs` sees to that).
fn measured() -> BTreeSet<String> {
    sources().iter().flat_map(|source| explained(&read(&source.path))).filter(|name| name.starts_with("ikd_")).collect()
}

fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| expressions(member, found));
        }
        _ => {}
    }
}

#[test]
fn alerts_and_the_dashboard_read_metrics_that_exist_and_none_is_read_by_nobody() {
    let measured = measured();
    let alerts = read("packaging/monitoring/alerts.yml");
    let dashboard: Value = serde_json::from_str(&read("packaging/monitoring/dashboard.json")).unwrap();
    let mut drawn = Vec::new();
    expressions(&dashboard, &mut drawn);
    assert!(drawn.len() > 15, "{drawn:?}");
    let drawn = drawn.join("\n");
    let mut read_by_some: BTreeSet<&str> = named(&alerts);
    read_by_some.extend(named(&drawn));
    let unknown =
        read_by_some.iter().filter(|name| !measured.contains(**name)).map(|name| format!("{name} is measured nowhere"));
    let unread = measured.iter().filter(|name| !read_by_some.contains(name.as_str()));
    // Sizes of batches tell of no trouble.
    let unread = unread
        .filter(|name| !["ikd_verification_batch_size", "ikd_refusals_beyond_quota_total"].contains(&name.as_str()))
        .map(|name| format!("{name} is read by nobody"));
    demand("each metric is read, and what is read is measured", unknown.chain(unread).collect());
}

/// A heading's anchor, as Markdown renderers make it.
fn anchor(heading: &str) -> String {
    heading.trim().to_lowercase().replace(' ', "-")
}

#[test]
fn each_alert_leads_to_a_section_of_the_runbooks_and_each_section_was_played() {
    let (alerts, runbooks) = (read("packaging/monitoring/alerts.yml"), read("docs/runbooks.md"));
    let sections: Vec<(&str, &str)> =
        runbooks.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap()).collect();
    let anchors: BTreeSet<String> = sections.iter().map(|(heading, _)| anchor(heading)).collect();
    let mut offences = Vec::new();
    let count = |word: &str| alerts.matches(word).count();
    let all = count("- alert: ");
    for word in ["severity: ", "summary: ", "description: ", "runbook: docs/runbooks.md#"] {
        if count(word) != all {
            offences.push(format!("{all} alerts, {} times {word:?}", count(word)));
        }
    }
    for line in alerts.lines().filter_map(|line| line.trim().strip_prefix("runbook: docs/runbooks.md#")) {
        if !anchors.contains(line) {
            offences.push(format!("no section #{line}"));
        }
    }
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        if !runbooks.contains(&format!("`{alert}`")) {
            offences.push(format!("{alert} stands in no section"));
        }
    }
    for (heading, text) in &sections {
        // That it exists, `asvs.rs` demands of every test that a document names.
        if !text.lines().flat_map(quoted).any(|word| named_test(word).is_some()) {
            offences.push(format!("{heading}: played by no test"));
        }
    }
    demand("alerts, runbooks and tests are of one piece", offences);
    assert!(sections.len() >= 9);
}
