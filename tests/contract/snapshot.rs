//! The API's description is kept in `docs/openapi.json`: whoever changes the API changes that file too, and a reader of the
//! change sees what it means for clients.

use serde_json::Value;

use support::Engine;
use support::world::World;

/// Set to write the file anew instead of comparing.
const WRITE: &str = "IKD_TEST_WRITE_OPENAPI";

#[tokio::test]
async fn the_committed_description_is_the_served_one() {
    let world = World::on(Engine::Sqlite).await;
    let served = sorted(world.get("/openapi.json").send().await.expect(200).json);
    let file = support::root().join("docs/openapi.json");
    let text = serde_json::to_string_pretty(&served).unwrap() + "\n";
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let mut differ = Vec::new();
    compare("", &serde_json::from_str(&committed).unwrap_or_default(), &served, &mut differ);
    differ.truncate(20);
    assert!(
        committed == text,
        "docs/openapi.json is not what the service says of itself; write it anew with\n  \
         {WRITE}=1 tests/run --test contract the_committed_description\nand commit it. It differs at\n  {}",
        differ.join("\n  ")
    );
}

/// The same value with members in the order of their names.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(name, member)| (name, sorted(member))).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            members.into_iter().collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        plain => plain,
    }
}

/// Where two values differ, as JSON pointers (RFC 6901).
fn compare(at: &str, old: &Value, new: &Value, differ: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(&at, old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null), differ);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (number, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&format!("{at}/{number}"), old, new, differ);
            }
        }
        (old, new) if old != new => differ.push(format!("{at}: {old} became {new}")),
        _ => {}
    }
}
