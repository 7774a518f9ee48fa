//! The API description has one place for each name: two types of one name would silently be described as one of them.

use std::collections::BTreeMap;

use crate::demand;
use crate::sources::sources;

/// The names that types have in the description, with where each type is. In compact code a type follows its attributes.
fn described() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for source in sources() {
        for part in source.compact.split("#[derive(").skip(1) {
            let Some((derived, mut rest)) = part.split_once(")]") else { continue };
            if !derived.contains("ToSchema") {
                continue;
            }
            let mut name = None;
            while let Some((attribute, after)) = rest.strip_prefix("#[").and_then(|rest| rest.split_once(")]")) {
                let renamed = attribute.split_once("schema(as=").map(|(_, name)| name);
                name = name.or(renamed.map(|name| name.split([',', ')']).next().unwrap().to_owned()));
                rest = after;
            }
            let own = ["struct", "enum"].iter().find_map(|word| Some(rest.split_once(word)?.1)).unwrap_or_default();
            let own = own.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
            found.push((name.unwrap_or_else(|| own.to_owned()), source.path.clone()));
        }
    }
    found
}

#[test]
fn a_name_in_the_api_description_is_one_type_s() {
    let found = described();
    assert!(found.len() > 150, "only {} types were read", found.len());
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, path) in found {
        places.entry(name).or_default().push(path);
    }
    let twice = places.into_iter().filter(|(_, paths)| paths.len() > 1);
    let twice = twice.map(|(name, paths)| format!("{name}: {}; give one `#[schema(as = …)]`", paths.join(", ")));
    demand("a name in the API description is one type's", twice.collect());
}
