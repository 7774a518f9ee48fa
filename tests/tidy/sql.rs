//! How statements are written and run.

use std::collections::BTreeSet;

use crate::texts::statements;
use crate::{demand, offences};

/// Files whose SQL is not one text for both engines, each with its reason. Only multi-row batches may be here.
pub const BATCH_STATEMENTS: &[&str] = &["src/verification/batch.rs", "src/holder/batch.rs", "src/device/spent.rs"];

/// Where statements may differ between the engines.
pub fn may_differ(path: &str) -> bool {
    path.starts_with("src/db/") || BATCH_STATEMENTS.contains(&path)
}

#[test]
fn sql_is_one_text_for_both_engines() {
    let foreign = [
        "NOW()",
        "CURRENT_TIMESTAMP",
        "FOR UPDATE",
        "FOR SHARE",
        "SKIP LOCKED",
        "->",
        "::",
        "@>",
        "ILIKE",
        "SERIAL",
        "AUTOINCREMENT",
        "NEXTVAL",
        "UNNEST",
        "ANY(",
        "ANY (",
        "JSON",
        "STRFTIME",
        "DATETIME(",
        "INTERVAL '",
        "PRAGMA",
        "PG_",
        "SQLITE_",
        "ROWID",
        "INSERT OR ",
        "REPLACE INTO",
        "IFNULL(",
        "ON DUPLICATE",
        " TRUE",
        " FALSE",
        "?",
    ];
    let found = statements().filter(|one| !may_differ(&one.source.path)).filter_map(|one| {
        let upper = one.text.text.to_uppercase();
        let found: BTreeSet<_> = foreign.iter().filter(|word| upper.contains(**word)).copied().collect();
        (!found.is_empty()).then(|| format!("{}: {}", one.at(), found.into_iter().collect::<Vec<_>>().join(", ")))
    });
    demand("statements use what both engines understand, with $1 placeholders and times passed in", found.collect());
}

#[test]
fn guarded_writes_are_answered() {
    // Updates of as many rows as there are; each says at its place why none is fine too.
    const OF_MANY: &[&str] = &[
        "RETIRE",
        "SUPERSEDE",
        "LAPSE",
        "VOID",
        "VOID_CARDS",
        "FORGET_QRS",
        "FORGET_PHOTOS",
        "LOOK_AT_ALL",
        "FORGET_HELPED",
        "END_CALLS",
        "END_BLOCKS",
        "OPEN_ROSTER",
        "SETTLE_STEPS",
        "PART_STEPS",
        "WITHDRAW_ALL",
        "END_ABOUT",
        "END_RENEWALS",
        "END_ASKED_BY",
        "END_ALL",
        "SPEND_ALL_STEPS",
    ];
    demand(
        "an UPDATE of one row runs through change!, whose answer the compiler does not let anybody drop, and nobody does by hand",
        offences(|source| {
            let updates = source.texts.iter().filter(|text| {
                text.text.trim_start().starts_with("UPDATE ") && !OF_MANY.contains(&text.place.as_str())
            });
            let run = |text: &&crate::texts::Text| source.compact.contains(&format!("execute!(tx,{},", text.place));
            let mut found: Vec<String> = updates.filter(run).map(|text| text.place.clone()).collect();
            let by_hand = ["let_=store::", "let_=outbox::", "let_=change!("];
            found.extend(by_hand.into_iter().filter(|text| source.compact.contains(*text)).map(String::from));
            (!found.is_empty()).then(|| found.join(", "))
        }),
    );
}

#[test]
fn sql_stands_where_the_rows_are_kept() {
    let found = statements().filter(|one| ["service", "http", "model"].iter().any(|room| one.source.is_room(room)));
    demand(
        "SQL stands in store.rs (or the outbox), not in services, handlers or models",
        found.map(|one| one.at()).collect(),
    );
}
