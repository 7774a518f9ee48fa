//! What is given to others is built as it says.

use crate::demand;

#[test]
fn what_serves_real_people_is_built_without_the_demo() {
    for (file, lines) in [("Containerfile", 1), ("packaging/build", 1)] {
        let text = std::fs::read_to_string(support::root().join(file)).unwrap();
        let builds = |line: &&str| line.contains("cargo build") && !line.trim_start().starts_with('#');
        let built: Vec<_> = text.lines().filter(builds).collect();
        assert_eq!(built.len(), lines, "{file}: {built:?}");
        let with =
            |line: &&&str| !["--locked", "--release", "--no-default-features"].iter().all(|flag| line.contains(flag));
        demand(
            &format!("{file} builds what is locked, as a release, without the demo"),
            built.iter().filter(with).map(|line| (**line).to_owned()).collect(),
        );
    }
}
