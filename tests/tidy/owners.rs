//! One owner per table: only one domain's SQL names it. A statement that several domains' rows stand in takes a macro of the
//! owner for what is the owner's; that part counts as the owner's.

use std::collections::{BTreeMap, BTreeSet};

use crate::demand;
use crate::sources::sources;

/// Tables that another domain than their owner still names in its SQL, as (table, that domain). An entry goes when the domain
/// asks the owner's face; one that nothing needs any more fails.
const FOREIGN: &[(&str, &str)] = &[];

/// The tables that both schemas have.
pub fn tables() -> BTreeSet<String> {
    let folder = support::root().join("migrations/sqlite");
    let mut tables = BTreeSet::new();
    // In their order: a later one may take a table away.
    let files: BTreeSet<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let named = |line: &str| line.split([' ', '(', ';']).next().unwrap().to_owned();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                tables.insert(named(rest));
            } else if let Some(rest) = line.strip_prefix("DROP TABLE ") {
                tables.remove(&named(rest));
            }
        }
    }
    assert!(tables.len() > 10, "the schema was not read");
    tables
}

/// The tables that a statement names.
pub fn tables_in(statement: &str) -> BTreeSet<String> {
    let words: Vec<&str> =
        statement.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    let after = ["FROM", "JOIN", "UPDATE", "INTO"];
    let named = words.windows(2).filter(|pair| after.contains(&pair[0])).map(|pair| pair[1].to_owned());
    named.collect()
}

#[test]
fn a_table_has_one_owner() {
    let tables = tables();
    let mut named: BTreeMap<String, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    for source in sources() {
        for text in &source.own_texts {
            for table in tables_in(&text.text).intersection(&tables) {
                let place = format!("{} {}", source.path, text.place);
                named.entry(table.clone()).or_default().entry(source.domain()).or_default().insert(place);
            }
        }
    }
    let mut stale: BTreeSet<_> = FOREIGN.iter().collect();
    let mut shared = Vec::new();
    for (table, domains) in named {
        let own: Vec<_> = domains
            .into_iter()
            .filter(|(domain, _)| match FOREIGN.iter().find(|foreign| **foreign == (table.as_str(), *domain)) {
                Some(known) => {
                    stale.remove(known);
                    false
                }
                None => true,
            })
            .collect();
        if own.len() > 1 {
            let told =
                own.into_iter().map(|(domain, places)| format!("{domain} ({})", Vec::from_iter(places).join(", ")));
            shared.push(format!("{table}: {}", told.collect::<Vec<_>>().join("; ")));
        }
    }
    demand("a table is named in the SQL of one domain only; others ask that domain", shared);
    demand("an entry of FOREIGN that nothing needs any more", stale.iter().map(|entry| format!("{entry:?}")).collect());
}
