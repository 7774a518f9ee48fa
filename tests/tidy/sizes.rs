//! A file is read in a sitting, a function at a glance.
//!
//! A file's lines are all of it, unit tests included: who opens it scrolls through both. A function's lines are those between
//! its braces.

use crate::demand;
use crate::sources::sources;

/// Half of the files are not longer than this. Wanted: 150.
const MEDIAN: usize = 150;
/// Nine of ten files are not longer than this. Wanted: 350.
const USUAL: usize = 350;
/// No file is longer than this. Wanted: 600.
const LONGEST: usize = 600;
/// No function is longer than this. Wanted: 80.
const LONGEST_FUNCTION: usize = 80;

#[test]
fn a_file_is_read_in_a_sitting() {
    let mut files: Vec<_> = sources().iter().map(|source| (source.lines, source.path.as_str())).collect();
    files.sort_unstable();
    let (median, _) = files[files.len() / 2];
    let (usual, one) = files[files.len() * 9 / 10];
    println!("{} files: median {median}, 90th percentile {usual}, longest {:?}", files.len(), files.last());
    let long = files.iter().filter(|(lines, _)| *lines > LONGEST).map(|(lines, path)| format!("{path}: {lines} lines"));
    demand(&format!("no file is longer than {LONGEST} lines"), long.collect());
    assert!(median <= MEDIAN, "half of the files are not longer than {MEDIAN} lines, but the median is {median}");
    assert!(
        usual <= USUAL,
        "nine of ten files are not longer than {USUAL} lines, but one in ten reaches {usual} ({one})"
    );
}

#[test]
fn a_function_is_seen_at_a_glance() {
    let long = sources().iter().flat_map(|source| {
        let long = source.functions.iter().filter(|function| function.lines > LONGEST_FUNCTION);
        long.map(|function| format!("{}:{} {}: {} lines", source.path, function.line, function.name, function.lines))
    });
    demand(&format!("no function is longer than {LONGEST_FUNCTION} lines"), long.collect());
}
