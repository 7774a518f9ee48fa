//! docs/GLOSSARY.md against the names of the code: what it names exists, and what it forbids names nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::docs::{cells, quoted};
use crate::{Source, demand, sources};

/// The path of a public item with its modules: `["registration", "model", "State"]`.
type Item = Vec<String>;

fn all_items() -> BTreeSet<Item> {
    sources().iter().flat_map(Source::public_items).collect()
}

/// Whether a name of the glossary, `a::B` or `B`, is this item: its last segment, in a module that the others name.
fn is_named(item: &Item, name: &str) -> bool {
    let mut wanted = name.rsplit("::");
    let mut path = item.iter().rev();
    path.next().map(String::as_str) == wanted.next() && wanted.all(|part| path.any(|module| module == part))
}

/// The words of a name: `give_back` and `GiveBack` have two.
fn words(name: &str) -> String {
    let mut text = String::from("_");
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
        before = letter;
    }
    text + "_"
}

/// The rows of the glossary's tables with so many columns, without their heads.
fn rows(columns: usize) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(support::root().join("docs/GLOSSARY.md")).unwrap();
    let tables = text.lines().filter_map(cells).filter(|row| row.len() == columns);
    let tables = tables.filter(|row| !["term", "word", "---"].contains(&row[0]));
    tables.map(|row| row.into_iter().map(String::from).collect()).collect()
}

#[test]
fn what_the_glossary_names_exists() {
    let items = all_items();
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in rows(4) {
        for name in quoted(&row[3]) {
            if !items.iter().any(|item| is_named(item, name)) {
                wrong.push(format!("{}: no public item is named {name}", row[0]));
            }
            if let Some(other) = entries.insert(name.to_owned(), row[0].clone()) {
                wrong.push(format!("{name} stands for two concepts: {other}, {}", row[0]));
            }
        }
    }
    assert!(entries.len() > 60, "only {} names were read", entries.len());
    demand("the names in docs/GLOSSARY.md are public items, each of one concept", wrong);
}

/// Items that mean what the word says: faces are drawn here.
const MEANT: &[&str] = &["register::generate::face"];

#[test]
fn every_domain_is_in_the_glossary() {
    let named: Vec<String> =
        rows(4).iter().flat_map(|row| quoted(&row[3]).map(String::from).collect::<Vec<_>>()).collect();
    let domains: BTreeSet<String> = sources()
        .iter()
        .filter(|source| source.path.matches('/').count() == 2 && source.path.ends_with("/model.rs"))
        .map(|source| source.domain().to_owned())
        .collect();
    let missing = domains.into_iter().filter(|domain| !named.contains(domain)).collect();
    demand("a folder under src with a model has an entry in docs/GLOSSARY.md", missing);
}

#[test]
fn nothing_is_named_with_a_word_that_the_glossary_forbids() {
    let forbidden: Vec<String> =
        rows(2).iter().flat_map(|row| quoted(&row[0]).map(words).collect::<Vec<_>>()).collect();
    assert!(forbidden.len() > 12, "only {} words were read", forbidden.len());
    let found = all_items()
        .into_iter()
        .filter(|item| forbidden.iter().any(|word| words(&item[item.len() - 1]).contains(word.as_str())))
        .map(|item| item.join("::"))
        .filter(|name| !MEANT.contains(&name.as_str()))
        .collect();
    demand("docs/GLOSSARY.md says which words name nothing", found);
}
