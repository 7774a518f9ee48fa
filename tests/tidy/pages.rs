//! Rules for the scripts and styles under `web/`, which no compiler reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{cycles, demand};

/// Longest line, in characters, and longest file, in lines.
const MOST_CHARACTERS: usize = 120;
const MOST_LINES: usize = 350;

/// What stands before the address of another module: imports, and modules that are loaded later or beside the page.
const NAMING: [&str; 4] = ["from \"", "import \"", "import(\"", "new Worker(\""];

/// Our own files under `web/` with one of these endings: path below `web/` and text.
fn files(endings: &[&str]) -> BTreeMap<String, String> {
    let root = support::root().join("web");
    let mut found = BTreeMap::new();
    collect(&root, &root, endings, &mut found);
    assert!(found.len() > 10, "the folder was not read");
    found
}

fn collect(root: &Path, folder: &Path, endings: &[&str], found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        if name == "vendor" {
            continue;
        } else if path.is_dir() {
            collect(root, &path, endings, found);
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.insert(name.to_owned(), std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The path below `web/` of the module that `from` names by `address`.
fn resolve(from: &str, address: &str) -> String {
    let relative = address.strip_prefix("/web/");
    let mut parts: Vec<&str> = match relative {
        Some(_) => Vec::new(),
        None => from.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
    };
    for part in relative.unwrap_or(address).split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Which modules a module names, be it at once or later.
fn named_by(name: &str, text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    NAMING
        .iter()
        .flat_map(|naming| code.split(naming).skip(1).filter_map(|rest| rest.split('"').next()))
        .map(|address| resolve(name, address))
        .collect()
}

#[test]
fn modules_form_no_cycle() {
    let graph: BTreeMap<_, _> =
        files(&[".js"]).iter().map(|(name, text)| (name.clone(), named_by(name, text))).collect();
    let named: usize = graph.values().map(BTreeSet::len).sum();
    assert!(named > graph.len(), "only {named} imports were read");
    let missing: Vec<_> = graph
        .iter()
        .flat_map(|(name, named)| named.iter().map(move |one| (name, one)))
        .filter(|(_, one)| !one.starts_with("vendor/") && !graph.contains_key(*one))
        .map(|(name, one)| format!("{name} names {one}"))
        .collect();
    demand("modules name modules that exist", missing);
    demand("modules of the pages import each other in one direction only; these do not", cycles(graph));
}

#[test]
fn lines_fit_a_window_and_files_a_sitting() {
    let files = files(&[".js", ".css", ".html"]);
    let long: Vec<_> = files
        .iter()
        .flat_map(|(name, text)| text.lines().enumerate().map(move |(at, line)| (name, at + 1, line.chars().count())))
        .filter(|(_, _, characters)| *characters > MOST_CHARACTERS)
        .map(|(name, at, characters)| format!("web/{name}:{at}: {characters} characters"))
        .collect();
    demand("no line of a script or style is longer than 120 characters", long);
    let long: Vec<_> = files
        .iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(name, lines)| format!("web/{name}: {lines} lines"))
        .collect();
    demand("no script or style is longer than 350 lines", long);
}

#[test]
fn the_reader_of_modules_reads_right() {
    let text = "import { a } from \"./a.js\";\nimport {\n  b,\n} from \"../shared/b.js\";\n// import \"./no.js\"\nconst c = () => \
                import(\"/web/app/c.js\");\nnew Worker(\"/web/app/d.js\");\nexport { e } from \"./e.js\";\n";
    let named = named_by("app/main.js", text);
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["app/a.js", "app/c.js", "app/d.js", "app/e.js", "shared/b.js"]);
    let edges = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "a"), ("e", "f")];
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in edges {
        graph.entry(from.to_owned()).or_default().insert(to.to_owned());
    }
    assert_eq!(cycles(graph), ["a -> b", "b -> c", "c -> b", "d -> a"]);
}
