//! What documents say of tests: each test that is named exists, and every row of docs/asvs.md has a verdict that is counted.

use std::collections::BTreeSet;

use crate::demand;
use crate::docs::{cells, documents, quoted};

/// What a row may come to, in the order of the summary's columns.
const VERDICTS: [&str; 3] = ["met", "not applicable", "not met"];
/// Words of a paraphrase at most: the standard's own text has a licence of its own.
const MOST_WORDS: usize = 10;

/// File and name of a test that is written `file::name`; other names with colons are none.
pub fn named_test(text: &str) -> Option<(&str, &str)> {
    let (file, name) = text.split_once("::")?;
    let is_code = [".rs", ".js", ".mjs"].iter().any(|ending| file.ends_with(ending));
    (is_code && file.contains('/')).then_some((file, name))
}

/// Whether code has this test: in Rust a function under an attribute, in a script the first argument of `test`.
fn has_test(file: &str, code: &str, name: &str) -> bool {
    if !file.ends_with("rs") {
        return code.contains(&format!("test(\"{name}\""));
    }
    let before = code.split_once(&format!("fn {name}(")).map(|(before, _)| before.trim_end());
    before.is_some_and(|before| before.strip_suffix("async").unwrap_or(before).trim_end().ends_with(']'))
}

/// Whether a text is the number of a requirement, as `V6.2.11`.
fn is_number(text: &str) -> bool {
    let parts = text.strip_prefix('V').map(|parts| parts.split('.').map(str::parse::<u32>));
    parts.is_some_and(|mut parts| parts.clone().count() == 3 && parts.all(|part| part.is_ok()))
}

/// The numbers in the list of what is not met: `- V1.2.3, V4.5.6: what it takes`.
fn listed(text: &str) -> Vec<&str> {
    let items = text.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": "));
    items.flat_map(|(numbers, _)| numbers.split(", ")).filter(|number| is_number(number)).collect()
}

/// What is wrong with a row: number, level, paraphrase, verdict, why.
fn fault_of(row: &[&str]) -> Option<&'static str> {
    let [_, level, what, verdict, why] = row else { return Some("has other than five cells") };
    let names_a_test = || quoted(why).any(|text| named_test(text).is_some()) || why.contains("no test");
    match *verdict {
        _ if !["1", "2", "3"].contains(level) => Some("has no level"),
        _ if what.is_empty() || what.split_whitespace().count() > MOST_WORDS => Some("is not told in ten words"),
        verdict if !VERDICTS.contains(&verdict) => Some("has no verdict"),
        _ if why.is_empty() => Some("does not say why"),
        "met" if !names_a_test() => Some("is met and names neither a test nor `no test`"),
        _ => None,
    }
}

/// All that is wrong with rows, list and summary.
fn faults(text: &str) -> Vec<String> {
    let tables: Vec<Vec<&str>> = text.lines().filter_map(cells).collect();
    let rows: Vec<&Vec<&str>> = tables.iter().filter(|row| is_number(row[0])).collect();
    let mut faults: Vec<String> =
        rows.iter().filter_map(|row| Some(format!("{} {}", row[0], fault_of(row)?))).collect();
    let mut numbers = BTreeSet::new();
    faults.extend(rows.iter().filter(|row| !numbers.insert(row[0])).map(|row| format!("{} stands twice", row[0])));

    let has = |row: &Vec<&str>, verdict: &str| row.get(3) == Some(&verdict);
    let mut missing: Vec<&str> = rows.iter().filter(|row| has(row, "not met")).map(|row| row[0]).collect();
    let mut listed = listed(text);
    missing.sort_unstable();
    listed.sort_unstable();
    if missing != listed {
        faults.push(format!("not met are {missing:?}, and listed {listed:?}"));
    }

    for level in ["1", "2", "3", "all"] {
        let of_level: Vec<_> = rows.iter().filter(|row| level == "all" || row.get(1) == Some(&level)).collect();
        let of_verdict = |verdict: &&str| of_level.iter().filter(|row| has(row, verdict)).count();
        let counts = VERDICTS.iter().map(of_verdict).chain([of_level.len()]).map(|count| count.to_string());
        let counted: Vec<String> = [level.to_owned()].into_iter().chain(counts).collect();
        let said: Vec<_> = tables.iter().filter(|row| row[0] == level).collect();
        if said.len() != 1 || *said[0] != counted {
            faults.push(format!("the summary of level {level} should read | {} |", counted.join(" | ")));
        }
    }
    faults
}

#[test]
fn a_test_that_a_document_names_exists() {
    let root = support::root();
    let (mut missing, mut seen) = (Vec::new(), 0);
    for (document, text) in documents() {
        let shown = document.strip_prefix(root).unwrap().display().to_string();
        for (file, name) in text.lines().flat_map(quoted).filter_map(named_test) {
            seen += 1;
            let code = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            if !has_test(file, &code, name) {
                missing.push(format!("{shown}: {file} has no test `{name}`"));
            }
        }
    }
    assert!(seen > 250, "only {seen} tests were read");
    demand("documents name tests that exist", missing);
}

/// Programs of CI that are what a threat's row names: what they demand is no test of ours.
const PROGRAMS: [&str; 2] = [".ci/dependencies", "tests/package/run"];

/// Whether a row of threats names what would fail: a test, or a program of CI.
fn names_what_fails(cell: &str) -> bool {
    quoted(cell).any(|text| named_test(text).is_some() || PROGRAMS.contains(&text))
}

#[test]
fn each_threat_has_a_rule_and_a_test_that_would_fail() {
    let text = std::fs::read_to_string(support::root().join("SECURITY.md")).unwrap();
    let (_, from) = text.split_once("## What holds").unwrap();
    let table = from.split("\n## ").next().unwrap();
    let rows: Vec<_> = table.lines().filter_map(cells).skip(2).collect();
    assert!(rows.len() > 70, "only {} rows were read", rows.len());
    let faulty =
        |row: &&Vec<&str>| row.len() != 3 || row.iter().any(|cell| cell.is_empty()) || !names_what_fails(row[2]);
    demand(
        "each threat in SECURITY.md has a rule, and names tests as `file::test`",
        rows.iter().filter(faulty).map(|row| row[0].to_owned()).collect(),
    );
    assert!(!names_what_fails("`tests/api`") && names_what_fails("`tests/api/x.rs::it_holds`"));
}

#[test]
fn each_requirement_has_one_verdict_and_is_counted() {
    let text = std::fs::read_to_string(support::root().join("docs/asvs.md")).unwrap();
    let rows = text.lines().filter_map(cells).filter(|row| is_number(row[0])).count();
    assert!(rows > 250, "only {rows} rows were read");
    demand("docs/asvs.md judges each requirement once, and counts what it says", faults(&text));
}

#[test]
fn the_reader_of_requirements_reads_right() {
    assert_eq!(named_test("tests/api/x.rs::it_holds"), Some(("tests/api/x.rs", "it_holds")));
    assert_eq!(
        named_test("tests/browser/x.test.mjs::said: it is so"),
        Some(("tests/browser/x.test.mjs", "said: it is so"))
    );
    assert!(
        !["crate::input", "audit::model::Actor", "tests/api/x.rs"].into_iter().any(|text| named_test(text).is_some())
    );
    let rust = "#[test]\nfn one() {}\n\n#[tokio::test]\nasync fn two() {}\n\nfn helper() {}\n";
    assert_eq!(["one", "two", "helper", "tw"].map(|name| has_test("x.rs", rust, name)), [true, true, false, false]);
    let script = "test(\"it is so\", async () => {});\n";
    assert!(has_test("x.mjs", script, "it is so") && !has_test("x.mjs", script, "it is"));

    let good = "| level | met | not applicable | not met | rows |\n| --- | --- | --- | --- | --- |\n| 1 | 1 | 0 | 1 | 2 |\n\
                | 2 | 0 | 1 | 0 | 1 |\n| 3 | 0 | 0 | 0 | 0 |\n| all | 1 | 1 | 1 | 3 |\n\n- V1.1.2: a header.\n\n\
                | V1.1.1 | 1 | few words | met | no test |\n| V1.1.2 | 1 | few words | not met | a header |\n\
                | V1.1.3 | 2 | few words | not applicable | no XML |\n";
    assert_eq!(faults(good), [""; 0]);
    for (from, to, fault) in [
        ("few words | met", "few words |  ", "V1.1.1 has no verdict"),
        ("few words | met", "a b c d e f g h i j k | met", "V1.1.1 is not told"),
        ("| no test |", "| it is so |", "V1.1.1 is met and names"),
        ("| no XML |", "| no XML | more |", "V1.1.3 has other than five cells"),
        ("| V1.1.3 |", "| V1.1.2 |", "V1.1.2 stands twice"),
        ("- V1.1.2", "- V1.1.3", "not met are"),
        ("| 1 | 1 | 0 | 1 | 2 |", "| 1 | 2 | 0 | 0 | 2 |", "the summary of level 1"),
        ("| all | 1 |", "| sum | 1 |", "the summary of level all"),
    ] {
        let found = faults(&good.replacen(from, to, 1));
        assert!(found.iter().any(|one| one.starts_with(fault)), "{from} -> {to}: {found:?}");
    }
}
