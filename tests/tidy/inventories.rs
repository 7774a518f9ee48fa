//! docs/data.md and docs/keys.md leave nothing out: each table, each derived key, each signing purpose, each use of cryptography.

use std::collections::{BTreeMap, BTreeSet};

use super::docs::quoted;
use super::owners::tables;
use super::{Source, demand, sources};

fn read(path: &str) -> String {
    std::fs::read_to_string(support::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The part of a document below a heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let rest = &text[start + 4..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// The first cells of a section's table, without its head.
fn first_cells(section: &str) -> Vec<&str> {
    section.lines().filter_map(|line| line.strip_prefix("| `")).map(|line| line.split(" | ").next().unwrap()).collect()
}

#[test]
fn each_table_has_one_level() {
    let data = read("docs/data.md");
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for cell in first_cells(section(&data, "Tables")) {
        for table in cell.split_whitespace() {
            *named.entry(table.trim_matches('`').to_owned()).or_default() += 1;
        }
    }
    let there = tables();
    let missing = there.iter().filter(|table| !named.contains_key(*table)).map(|table| format!("{table} is missing"));
    let twice = named.iter().filter(|(_, times)| **times > 1).map(|(table, _)| format!("{table} stands twice"));
    let gone = named.keys().filter(|table| !there.contains(*table)).map(|table| format!("{table} is no table"));
    demand("docs/data.md names each table once", missing.chain(twice).chain(gone).collect());
    for line in section(&data, "Tables").lines().filter(|line| line.starts_with("| `")) {
        let level = line.split(" | ").nth(1).unwrap();
        assert!(["0", "1", "2", "3", "4"].contains(&level), "{line}");
        // What is sealed or hashed is of somebody, or opens something.
        assert!(line.split(" | ").count() == 4, "{line}");
    }
}

#[test]
fn each_key_is_written_down() {
    let keys = read("docs/keys.md");
    let listed: BTreeSet<&str> = quoted(&keys).collect();
    let labels = read("src/vault/label.rs");
    let derived: Vec<&str> = labels.split("b\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(derived.len() > 15, "{derived:?}");
    let purposes = ikd_token::KeyPurpose::ALL.iter().map(|purpose| purpose.as_str());
    let missing = derived.into_iter().chain(purposes).filter(|key| !listed.contains(key)).map(str::to_owned);
    demand("docs/keys.md names each derived key and each signing purpose", missing.collect());
}

/// Whether the code of a file names a crate in a path.
fn uses_crate(source: &Source, name: &str) -> bool {
    let path = format!("{name}::");
    let begins = |at: usize| !source.compact[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    source.compact.match_indices(&path).any(|(at, _)| begins(at) || source.compact[..at].ends_with("use"))
}

#[test]
fn cryptography_is_used_where_the_inventory_says() {
    let keys = read("docs/keys.md");
    let uses = section(&keys, "Where cryptography is used");
    let mut wrong = Vec::new();
    for line in uses.lines().filter(|line| line.starts_with("| `")) {
        let name = first_cells(line)[0].trim_matches('`');
        let places: Vec<&str> = quoted(line).filter(|place| place.contains('/')).collect();
        assert!(!places.is_empty(), "{line}");
        let used: Vec<_> =
            sources().iter().filter(|source| uses_crate(source, name)).map(|source| &source.path).collect();
        let elsewhere = used.iter().filter(|path| !places.iter().any(|place| path.starts_with(place)));
        wrong.extend(elsewhere.map(|path| format!("{name} in {path}")));
        let unused = places.iter().filter(|place| !used.iter().any(|path| path.starts_with(**place)));
        wrong.extend(unused.map(|place| format!("{name} is not used in {place}")));
    }
    // Crates of cryptography that the list does not have yet.
    for unknown in
        ["aes", "aes_gcm", "blake2", "blake3", "chacha20poly1305", "md5", "openssl", "rsa", "sha1", "x25519_dalek"]
    {
        let used = sources().iter().filter(|source| uses_crate(source, unknown));
        wrong.extend(used.map(|source| format!("{unknown} in {}", source.path)));
    }
    demand("cryptography is used in the files that docs/keys.md names", wrong);
}
