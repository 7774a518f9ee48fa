//! Regions by the names that people type.

use std::sync::OnceLock;

use crate::input;
use crate::register::regions::regions;

/// Regions of one name that are looked for at most: there are hundreds of villages of some names.
const MOST: usize = 300;
/// Regions whose names only begin with what was typed.
const MOST_BEGINNING: usize = 30;

/// Names as they are typed, each with the region's code, sorted.
fn names() -> &'static [(String, String)] {
    static NAMES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let all = regions();
        let mut names = Vec::with_capacity(all.villages().len() + 10_000);
        names.extend(all.provinces().iter().map(|one| (input::words(one.name), one.code.to_string())));
        for one in all.regencies() {
            names.push((input::words(one.name), one.code.to_string()));
            names.push((input::words(one.short_name()), one.code.to_string()));
        }
        names.extend(all.districts().iter().map(|one| (input::words(one.name), one.code.to_string())));
        names.extend(all.villages().iter().map(|one| (input::words(one.name), one.code.to_string())));
        names.sort_unstable();
        names.dedup();
        names
    })
}

/// The codes of regions that have the name, or else of some whose names begin with it. `wanted` is folded.
pub(super) fn codes_of(wanted: &str) -> Vec<&'static str> {
    let names = names();
    let from = names.partition_point(|(name, _)| name.as_str() < wanted);
    let exact: Vec<_> = names[from..].iter().take_while(|(name, _)| name == wanted).take(MOST).collect();
    let found = if exact.is_empty() && wanted.len() > 3 {
        names[from..].iter().take_while(|(name, _)| name.starts_with(wanted)).take(MOST_BEGINNING).collect()
    } else {
        exact
    };
    found.into_iter().map(|(_, code)| code.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_found_by_whole_names_first() {
        assert_eq!(codes_of(" BAKONGAN"), ["110101"]);
        assert!(codes_of(" PADANG").contains(&"1371"));
        assert!(codes_of(" KOTA PADANG").contains(&"1371"), "there are districts and villages of that name too");
        assert!(codes_of(" KEUDE BAKONG").contains(&"1101012001"));
        assert!(codes_of(" ZZZ").is_empty() && codes_of("").is_empty());
    }
}
