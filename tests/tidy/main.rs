//! Rules of ARCHITECTURE.md that a compiler does not know: directions between modules, one text for both SQL engines and one
//! owner per table, statements that both schemas know, sizes of files and functions, words, and the same for pages and documents.
//!
//! [`sources`] reads the code with a parser, [`texts`] the texts in it as the compiler makes them; each other file is a topic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod api_names;
mod asvs;
mod directions;
mod distribution;
mod docs;
mod glossary;
mod inventories;
mod metrics;
mod monitoring;
mod owners;
mod pages;
mod plans;
mod release;
mod schema;
mod sizes;
mod sources;
mod sql;
mod texts;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use sources::{Source, sources};

/// Fails with all offences at once.
#[track_caller]
fn demand(rule: &str, offences: Vec<String>) {
    assert!(offences.is_empty(), "{rule}\n  {}", offences.join("\n  "));
}

/// What each file offends with, where it does.
fn offences(holds: impl Fn(&Source) -> Option<String>) -> Vec<String> {
    sources().iter().filter_map(|source| Some(format!("{}: {}", source.path, holds(source)?))).collect()
}

/// Takes away whatever names nothing that is left; what remains is a cycle or leads into one.
fn cycles(mut graph: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let left: BTreeSet<String> = graph.keys().cloned().collect();
        let before = graph.len();
        graph.retain(|_, named| named.iter().any(|one| left.contains(one)));
        if graph.len() == before {
            break;
        }
    }
    let left: BTreeSet<String> = graph.keys().cloned().collect();
    graph
        .iter()
        .map(|(name, named)| format!("{name} -> {}", named.intersection(&left).cloned().collect::<Vec<_>>().join(", ")))
        .collect()
}
