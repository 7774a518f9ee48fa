//! Documents name what exists: paths, functions of the walk, rooms and tables of the map.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::{demand, sources};

/// Folders of the repository that documents point into.
const FOLDERS: [&str; 12] = [
    "benches",
    "crates",
    "data",
    "docs",
    "examples",
    "keys",
    "migrations",
    "packaging",
    "src",
    "templates",
    "tests",
    "web",
];

/// All documents but the changelog, which tells of the past, with their texts.
pub fn documents() -> Vec<(PathBuf, String)> {
    let root = support::root();
    let mut folders = vec![root.join("docs")];
    let mut found: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.extend(["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"].map(|name| root.join(name)));
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// What stands between backticks.
pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The cells of a table's row.
pub fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inside.split('|').map(str::trim).collect())
}

#[test]
fn every_path_in_a_document_exists() {
    let root = support::root();
    let is_path = |text: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        text.split_once('/').is_some_and(|(first, _)| FOLDERS.contains(&first)) && text.chars().all(plain)
    };
    let mut missing = Vec::new();
    let mut seen = 0;
    for (document, text) in documents() {
        let shown = document.strip_prefix(root).unwrap().display().to_string();
        let folder = document.parent().unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let links = links.filter(|link| !link.is_empty() && !link.contains("://")).map(|link| folder.join(link));
        // Backticks do not reach over a line, but for blocks of code.
        let paths = text.lines().flat_map(quoted).filter(is_path).map(|path| root.join(path));
        for path in links.chain(paths) {
            seen += 1;
            if !path.exists() {
                missing.push(format!("{shown}: {}", path.strip_prefix(root).unwrap_or(&path).display()));
            }
        }
    }
    assert!(seen > 100, "only {seen} paths were read");
    demand("documents point to what exists", missing);
}

#[test]
fn the_walk_enters_each_file_once() {
    let walk = std::fs::read_to_string(support::root().join("docs/contributing/walk-of-a-scanned-qr.md")).unwrap();
    let hops = walk.lines().filter_map(cells).filter(|row| row.len() == 4 && row[0].parse::<u32>().is_ok());
    let files: Vec<String> = hops.map(|row| quoted(row[1]).next().unwrap().to_owned()).collect();
    assert!(files.len() > 15, "only {} hops were read", files.len());
    let twice = files.iter().enumerate().filter(|(at, file)| files[..*at].contains(file));
    demand("a scanned QR passes each file once", twice.map(|(at, file)| format!("hop {}: {file}", at + 1)).collect());
}

#[test]
fn the_walk_names_functions_where_they_are() {
    let root = support::root();
    let walk = std::fs::read_to_string(root.join("docs/contributing/walk-of-a-scanned-qr.md")).unwrap();
    let (mut missing, mut seen) = (Vec::new(), 0);
    for row in walk.lines().filter_map(cells).filter(|row| row.len() == 4) {
        let Some(file) = quoted(row[1]).next() else { continue };
        let code = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        for name in quoted(row[2]) {
            seen += 1;
            let name = name.rsplit("::").next().unwrap();
            if !code.contains(&format!("fn {name}(")) && !code.contains(&format!("fn {name}<")) {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(seen > 20, "only {seen} functions were read");
    demand("docs/contributing/walk-of-a-scanned-qr.md names functions that exist", missing);
}

#[test]
fn the_map_names_every_room_and_every_table() {
    let root = support::root();
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let words: BTreeSet<&str> = map.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let of_the_service = sources().iter().filter(|source| source.path.starts_with("src/"));
    let rooms: BTreeSet<String> = of_the_service.map(|source| source.domain().to_owned()).collect();
    let missing = rooms.into_iter().filter(|room| !words.contains(room.as_str())).collect();
    demand("ARCHITECTURE.md names every folder and file of src", missing);

    let tables: BTreeSet<&str> = map
        .lines()
        .filter_map(cells)
        .filter(|row| row.len() == 2)
        .flat_map(|row| quoted(row[1]).collect::<Vec<_>>())
        .collect();
    let missing = crate::owners::tables().into_iter().filter(|table| !tables.contains(table.as_str())).collect();
    demand("ARCHITECTURE.md names the owner of every table", missing);
}
