//! docs/data.md and docs/keys.md leave nothing out: each table, each derived key, each signing purpose, each use of cryptography.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection, PgConnection};

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

/// Columns of bytes that hold no sealed value: digests, public keys, signatures, what clients chose, hashes of the log.
const NOT_SEALED: &[&str] = &[
    "audit_event.digest",
    "audit_head.digest",
    "block_code.code_index",
    "block_code.request_index",
    "captcha_spent.challenge_hash",
    "client_assertion.digest",
    "code_use.idempotency_key",
    "contact_visit.device_thumbprint",
    "correction.nik_index",
    "credential_holder.device_thumbprint",
    "device_binding.device_thumbprint",
    "duty.code_index",
    "employee_check.idempotency_key",
    "help.helper_index",
    "holder_nik.nik_index",
    "log_checkpoint.root",
    "log_head.root",
    "log_tile.hashes",
    "login_failure.subject",
    "lookup_word.word",
    "mail_allowance.email_index",
    "node_key.kid",
    "presentation_code.code_index",
    "receipt_batch.checks",
    "receipt_batch.kid",
    "receipt_batch.leaves",
    "receipt_batch.root",
    "receipt_batch.signature",
    "recovery.device_thumbprint",
    "register_import.source_digest",
    "register_record.nik_index",
    "registration.device_thumbprint",
    "registration.email_index",
    "registration.nik_index",
    "relying_party_key.secret_hash",
    "sandbox_check.body_hash",
    "sandbox_check.idempotency_key",
    "sandbox_check.proof",
    "sandbox_check.receipt",
    "sandbox_check.salt",
    "sandbox_code.code_index",
    "sandbox_key.secret_hash",
    "signing_key.kid",
    "signing_key.public_key",
    "staff_passkey.credential_index",
    "staff_session.token_hash",
    "status_list.good",
    "status_list.key",
    "transfer.device_thumbprint",
    "transfer.former_device",
    "use_window.subject",
    "verification.body_hash",
    "verification.idempotency_key",
    "verification.receipt",
    "verification.salt",
    "verification_refusal.body_hash",
    "verification_refusal.idempotency_key",
    "verification_refusal.proof",
    "verification_refusal.receipt",
    "verification_refusal.salt",
    "verification_repeat.body_hash",
    "verification_repeat.idempotency_key",
    "write_probe.filling",
];

#[tokio::test]
async fn each_sealed_column_is_sealed_anew() {
    let mut server = PgConnection::connect(&support::postgres::new_database().await).await.unwrap();
    let columns: Vec<(String,)> = sqlx::query_as(
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'bytea' AND table_name NOT LIKE '\\_sqlx\\_%'",
    )
    .fetch_all(&mut server)
    .await
    .unwrap();
    let there: BTreeSet<String> = columns.into_iter().map(|(column,)| column).collect();
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    let sealed = ikd::reseal::columns::all().map(ikd::vault::Column::place);
    let fleeting = ikd::reseal::columns::FLEETING.iter().map(|(table, column)| format!("{table}.{column}"));
    let clear = NOT_SEALED.iter().map(|column| (*column).to_owned());
    for column in sealed.chain(fleeting).chain(clear) {
        *named.entry(column).or_default() += 1;
    }
    let missing = there.iter().filter(|column| !named.contains_key(*column));
    let missing =
        missing.map(|column| format!("{column}: in SEALED_COLUMNS of its domain, or in NOT_SEALED of this test"));
    let gone =
        named.keys().filter(|column| !there.contains(*column)).map(|column| format!("{column} is no column of bytes"));
    let twice = named.iter().filter(|(_, times)| **times > 1).map(|(column, _)| format!("{column} stands twice"));
    demand("each column of bytes is known as sealed or as not sealed", missing.chain(gone).chain(twice).collect());
    // Each domain's list is in the list of all.
    let listed = sources().iter().filter(|source| source.compact.contains("constSEALED_COLUMNS:&[Column]")).count();
    let domains: BTreeSet<&str> = sources()
        .iter()
        .filter(|source| source.path == "src/reseal/columns.rs")
        .flat_map(|source| source.compact.split("::SEALED_COLUMNS").map(|part| part.rsplit([',', '[']).next().unwrap()))
        .filter(|domain| !domain.is_empty() && domain.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect();
    assert_eq!(listed, domains.len(), "{domains:?}");
}

#[test]
fn what_rows_are_found_by_outlives_its_root() {
    let labels = read("src/vault/label.rs");
    let (_, kept) = labels.split_once("fn is_retained").unwrap();
    let mut lost = BTreeSet::new();
    let mut seen = 0;
    for source in sources().iter().filter(|source| source.domain() != "vault") {
        for call in ["mac_index(Label::", "blind_index(Label::"] {
            for (at, _) in source.compact.match_indices(call) {
                let label: String =
                    source.compact[at + call.len()..].chars().take_while(|c| c.is_alphanumeric()).collect();
                seen += 1;
                if !kept.contains(&format!("Self::{label}\n")) {
                    lost.insert(format!("{label} in {}", source.path));
                }
            }
        }
    }
    assert!(seen > 15, "only {seen} look-ups were found");
    demand("a label of look-ups is one of those that Label::is_retained keeps", lost.into_iter().collect());
}
