//! Which room may name which.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{Source, TOKEN_CRATE, sources};
use crate::{cycles, demand, offences};

/// What wires the parts together and may know all of them.
const ON_TOP: &[&str] = &["app", "cli", "lib", "main"];

#[test]
fn pure_rooms_stay_pure() {
    let forbidden = ["sqlx", "axum", "tokio", "reqwest", "Clock", "Random", "Db", "Tx", "fs", "net", "process"];
    // The crate has no types of the service to be given: it must not reach for time, chance or the surroundings itself.
    let ambient = ["ikd", "rand", "rand_core", "getrandom", "Instant", "SystemTime", "env", "io", "thread"];
    demand(
        "model.rs, credential/verify.rs and crates/ikd-token know no database, web, clock, randomness or I/O",
        offences(|source| {
            let in_crate = source.path.starts_with(TOKEN_CRATE);
            let pure = source.is_room("model") || source.path.starts_with("src/credential/verify") || in_crate;
            let forbidden = forbidden.iter().chain(ambient.iter().filter(|_| in_crate));
            let named: Vec<_> = forbidden.filter(|word| pure && source.names(word)).copied().collect();
            (!named.is_empty()).then(|| named.join(", "))
        }),
    );
}

#[test]
fn what_others_made_is_decoded_in_a_process_apart() {
    // They read what this program itself encoded: sealed rows, or what stands in its memory. `credential/qr.rs` is the demo's own client.
    let own = ["src/register/portrait.rs", "src/duty/photo.rs", "src/credential/photo.rs", "src/credential/qr.rs"];
    let decodes = ["ImageReader", "ImageDecoder", "load_from_memory", "load_from_memory_with_format"];
    let named = |source: &Source| {
        let path = |path: &Vec<String>| path.windows(2).any(|pair| pair == ["picture", "Picture"]);
        source.paths.iter().any(path) || decodes.iter().any(|word| source.names(word))
    };
    demand(
        "only decoder/ decodes pictures that others made",
        offences(|source| {
            let may = ["decoder", "picture"].contains(&source.domain()) || own.contains(&source.path.as_str());
            (named(source) && !may).then(|| String::from("decodes a picture in the service's own process"))
        }),
    );
    for path in own {
        assert!(sources().iter().any(|source| source.path == path && named(source)), "{path} decodes nothing");
    }
}

#[test]
fn the_web_framework_stays_at_the_rim() {
    demand(
        "only http.rs files, web/ and app.rs name axum; a service never does",
        offences(|source| {
            let rim = source.is_room("http") || source.domain() == "web" || source.domain() == "app";
            let named = source.idents.iter().any(|ident| ident == "axum" || ident.starts_with("axum_"));
            (!rim && named).then(|| String::from("names axum"))
        }),
    );
}

#[test]
fn handlers_do_not_reach_into_stores() {
    demand(
        "http never names a store",
        offences(|source| (source.is_room("http") && source.names("store")).then(|| String::from("names a store"))),
    );
}

/// Paths into another domain that pass through a store, however deep it lies and however it was imported.
fn into_foreign_stores(source: &Source) -> Vec<String> {
    let foreign = source.paths.iter().filter(|path| {
        path.split_first()
            .is_some_and(|(domain, rest)| domain != source.domain() && rest.iter().any(|part| part == "store"))
    });
    foreign.map(|path| path.join("::")).collect()
}

#[test]
fn stores_are_private_to_their_domain() {
    demand(
        "a domain calls another's public face, never its store",
        offences(|source| {
            Some(into_foreign_stores(source)).filter(|foreign| !foreign.is_empty()).map(|foreign| foreign.join(", "))
        }),
    );
}

#[test]
fn a_store_is_seen_behind_any_import() {
    for text in [
        "use crate::registration::store;",
        "use crate::registration::{model, decision::store::{self, Row}};",
        "use crate::registration::decision; fn f() { decision::store::add(); }",
        "fn f() { execute!(tx, crate::registration::decision::store::ADD) }",
        "use crate::registration as r; fn f() { r::store::add(); }",
        "fn f() { super::super::registration::store::add(); }",
    ] {
        assert_ne!(into_foreign_stores(&Source::of("src/counter/desk.rs", text)), [""; 0], "{text}");
        assert_eq!(into_foreign_stores(&Source::of("src/registration/service.rs", text)), [""; 0], "{text}");
    }
}

#[test]
fn only_the_database_room_knows_the_engines() {
    let engine = |part: &str| {
        matches!(part, "sqlite" | "postgres" | "ConnRef" | "Any" | "AnyPool")
            || ["Sqlite", "Postgres", "Pg"].iter().any(|engine| {
                part.strip_prefix(engine).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase))
            })
    };
    demand(
        "only db/ names an SQL engine",
        offences(|source| {
            let named: Vec<_> = source.idents.iter().map(String::as_str).filter(|word| engine(word)).collect();
            (source.domain() != "db" && !named.is_empty()).then(|| named.join(", "))
        }),
    );
}

#[test]
fn domains_form_no_cycle() {
    let known: BTreeSet<_> = sources().iter().map(Source::domain).collect();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources().iter().filter(|source| !ON_TOP.contains(&source.domain())) {
        let used = source.uses().into_iter().filter(|used| known.contains(used) && *used != source.domain());
        graph.entry(source.domain().to_owned()).or_default().extend(used.map(String::from));
    }
    demand("modules use each other in one direction only; these do not", cycles(graph));
}
