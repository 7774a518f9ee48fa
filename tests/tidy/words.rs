//! What the code may not say.

use crate::{demand, offences};

#[test]
fn a_debug_build_does_what_a_release_does() {
    let root = support::root();
    let mut found = offences(|source| {
        // What refuses to be built asks for it too, and is in no build.
        let is_refusal = source.path == "src/failpoint.rs";
        let asks = source.idents.iter().any(|ident| ident.starts_with("debug_assert")) && !is_refusal;
        asks.then(|| String::from("asks for the kind of build"))
    });
    let build = std::fs::read_to_string(root.join("build.rs")).unwrap();
    if build.to_lowercase().contains("debug") || build.contains("PROFILE") {
        found.push(String::from("build.rs: asks for the kind of build"));
    }
    demand("nothing is reachable, or checked, in only one kind of build", found);

    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let profiles: Vec<_> = manifest["profile"].as_table().unwrap().keys().map(String::as_str).collect();
    assert_eq!(profiles, ["dev", "release"], "what is tested is the release itself");
    let apart: Vec<_> = manifest["profile"]["release"]["package"].as_table().unwrap().keys().collect();
    assert_eq!(apart, ["ikd-tests"], "no part of what ships is built otherwise");
    let pages = &manifest["dependencies"]["rust-embed"]["features"];
    assert!(pages.as_array().unwrap().contains(&"debug-embed".into()), "pages are in every binary");
}

#[test]
fn nothing_unwraps() {
    demand(
        "faults are returned, not unwrapped",
        offences(|source| source.compact.contains(".unwrap()").then(|| String::from("unwrap"))),
    );
}
