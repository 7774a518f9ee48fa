//! Figures of long runs, written into docs/assurance.md by the runs themselves.

use std::fmt::Write as _;

use support::root;

/// Replaces a section of the document, where `IKD_WRITE` asks for it: what stands between `<!-- SECTION -->` and `<!-- end -->`.
pub fn write(section: &str, text: &str) {
    rewrite(section, |_| text.to_owned());
}

/// As [`write()`], of a run whose counts are added to those of the runs before it.
pub fn add(section: &str, last: &str, counts: &[(String, usize)]) {
    rewrite(section, |before| format!("the last of the runs: {last}\n\n{}", added(before, counts)));
}

/// The table of a section with these counts added; a row that is new comes last.
fn added(section: &str, counts: &[(String, usize)]) -> String {
    let row = |line: &str| {
        let (what, times) = line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once(" | ")?;
        Some((what.to_owned(), times.parse::<usize>().ok()?))
    };
    let mut rows: Vec<(String, usize)> = section.lines().filter_map(row).collect();
    for (what, times) in counts {
        match rows.iter_mut().find(|(known, _)| known == what) {
            Some((_, sum)) => *sum += times,
            None => rows.push((what.clone(), *times)),
        }
    }
    let mut table = String::from("| in all runs | times |\n| --- | ---: |\n");
    for (what, times) in rows {
        writeln!(table, "| {what} | {times} |").unwrap();
    }
    table
}

fn rewrite(section: &str, text: impl FnOnce(&str) -> String) {
    if std::env::var_os("IKD_WRITE").is_none() {
        return;
    }
    let path = root().join("docs/assurance.md");
    let before = std::fs::read_to_string(&path).unwrap();
    let mark = format!("<!-- {section} -->\n");
    let (head, rest) =
        before.split_once(&mark).unwrap_or_else(|| panic!("{} has no section {section}", path.display()));
    let (old, tail) = rest.split_once("<!-- end -->").unwrap();
    let now = ikd::register::Date::in_jakarta(ikd::clock::Clock::System.now());
    let text = format!("{head}{mark}\n{now}, {}\n\n<!-- end -->{tail}", text(old).trim());
    std::fs::write(path, text).unwrap();
}

#[test]
fn counts_are_added_to_those_of_the_runs_before() {
    let counts = |kills, codes| [(String::from("kills"), kills), (String::from("codes, acknowledged"), codes)];
    let first = added("prose\n\n", &counts(140, 47));
    assert_eq!(first, "| in all runs | times |\n| --- | ---: |\n| kills | 140 |\n| codes, acknowledged | 47 |\n");
    let more = [&counts(60, 3)[..], &[(String::from("moves, acknowledged"), 2)]].concat();
    let second = added(&format!("prose: | 7 |\n\n{first}\n"), &more);
    assert!(
        second.contains("| kills | 200 |\n| codes, acknowledged | 50 |\n| moves, acknowledged | 2 |\n"),
        "{second}"
    );
}
