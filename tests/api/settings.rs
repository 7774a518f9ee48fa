//! How the service is set, as the national administration reads it and changes it by two.

use std::collections::{BTreeMap, BTreeSet};

use ikd::context::Context;
use ikd::credential::{KeyId, KeyPurpose};
use ikd::keyring::model::hex;
use ikd::keyring::{KeyState, Keyring, store as keys};
use ikd::staff::Role;
use serde_json::{Value, json};
use support::world::World;
use support::{Engine, each_engine};
use uuid::Uuid;

use crate::proposals::{act, asked};
use crate::staffing::{Official, official};

const KEYS: &str = "/v1/admin/keys";
const NODE: Uuid = Uuid::from_u128(7);
const HOUR: i64 = 3_600;

/// With keys that are published for so long before they sign by themselves.
fn publishing(context: &Context, seconds: i64) -> Context {
    let mut config = (*context.config).clone();
    config.keys.publish_ahead_seconds = seconds;
    context.altered(|sources| sources.config = config.into())
}

async fn states(context: &Context) -> BTreeMap<KeyId, KeyState> {
    let rows = Keyring::list(context).await.unwrap();
    let token = rows.into_iter().filter(|row| row.purpose == KeyPurpose::Token);
    token.map(|row| (row.kid.as_slice().try_into().unwrap(), row.state)).collect()
}

async fn active(context: &Context) -> KeyId {
    let found: Vec<_> = states(context).await.into_iter().filter(|(_, state)| *state == KeyState::Active).collect();
    assert_eq!(found.len(), 1, "one key signs");
    found[0].0
}

/// A node says what it holds.
async fn report(context: &Context, held: &[KeyId]) {
    let mut tx = context.db.write().await.unwrap();
    keys::report(&mut tx, NODE, held, context.now()).await.unwrap();
    tx.commit().await.unwrap();
}

fn key(kid: &KeyId, what: &str) -> String {
    format!("{KEYS}/{}/{what}", hex(kid))
}

async fn shown(who: &Official<'_>, kid: &KeyId) -> Value {
    let reply = who.get(KEYS).await.expect(200).json;
    let found = reply["items"].as_array().unwrap().iter().find(|item| item["key_id"] == hex(kid)).cloned();
    found.expect("the key")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_begins_early_by_two_and_is_retired_by_two() {
    each_engine(async |context| {
        let world = World::open(publishing(&context, 24 * HOUR)).await;
        let context = world.context.clone();
        let (reason, nothing) = (json!({"reason": "Rotasi tahunan"}), Value::Null);
        let first = active(&context).await;
        let early = official(&world, "awal", Role::Administrator).await;
        let kid = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
        early.post(&key(&first, "activation"), &reason).await.expect_problem(409, "wrong_state");
        world.app.keyring.refresh().await.unwrap();
        let refused = early.post(&key(&kid, "activation"), &reason).await.expect_problem(409, "wrong_state");
        assert!(refused.text("detail").contains("satu jam"), "too new");
        world.later(HOUR);
        let (one, two) = (
            official(&world, "pusat-satu", Role::Administrator).await,
            official(&world, "pusat-dua", Role::Administrator).await,
        );
        let refused = one.post(&key(&kid, "activation"), &reason).await.expect_problem(409, "wrong_state");
        assert!(refused.text("detail").contains("semua server"), "no node lives that holds it");

        // What every node holds: seen by those who read, asked by administrators alone.
        world.app.keyring.refresh().await.unwrap();
        let auditor = official(&world, "periksa", Role::Auditor).await;
        let province = official(&world, "provinsi", Role::Province).await;
        province.get(KEYS).await.expect_problem(403, "forbidden");
        let seen = shown(&auditor, &kid).await;
        let told = (&seen["state"], &seen["holders"], &seen["can_activate"], &seen["can_revoke"]);
        assert_eq!(told, (&json!("next"), &json!(1), &json!(true), &json!(true)));
        assert_eq!(shown(&auditor, &first).await["can_revoke"], true, "one waits that takes its place");
        let reply = auditor.get(KEYS).await.expect(200);
        assert_eq!(reply.json["nodes"][0]["live"], true);
        let file = ikd::keyring::files::key_path(&context.config.keys.directory, KeyPurpose::Token, &kid);
        let secret = std::fs::read_to_string(file).unwrap();
        let secret = secret.lines().nth(1).unwrap();
        assert!(secret.len() > 40 && !reply.json.to_string().contains(secret), "no private half");
        auditor.post(&key(&kid, "activation"), &reason).await.expect_problem(403, "forbidden");

        // One asks; a node that lacks it meanwhile stands in the way; another grants.
        let id = asked(&one, &key(&kid, "activation"), &reason).await;
        one.post(&key(&kid, "activation"), &reason).await.expect_problem(409, "wrong_state");
        one.post(&act(&id, "grant"), &nothing).await.expect_problem(403, "forbidden");
        report(&context, &[first]).await;
        two.post(&act(&id, "grant"), &nothing).await.expect_problem(409, "wrong_state");
        report(&context, &[first, kid]).await;
        two.post(&act(&id, "grant"), &nothing).await.expect(204);
        assert_eq!(states(&context).await, BTreeMap::from([(first, KeyState::Retiring), (kid, KeyState::Active)]));
        world.app.keyring.refresh().await.unwrap();
        assert_eq!(world.app.keyring.signer(KeyPurpose::Token).unwrap().kid(), kid);
        assert_eq!(world.app.keyring.jwks().keys.len(), 6, "the former one still verifies");
        one.post(&key(&kid, "activation"), &reason).await.expect_problem(409, "wrong_state");

        // Retired by two: with the successor that was shown, not with another.
        one.post(&key(&kid, "revocation"), &reason).await.expect_problem(409, "wrong_state");
        let second = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
        let id = asked(&one, &key(&kid, "revocation"), &reason).await;
        let matter = two.get("/v1/admin/proposals").await.expect(200).json["items"][0]["matter"].clone();
        assert_eq!((&matter["state"], &matter["successor"]), (&json!("active"), &json!(hex(&second))));
        Keyring::revoke(&context, second).await.unwrap();
        two.post(&act(&id, "grant"), &nothing).await.expect_problem(409, "wrong_state");
        let third = Keyring::rotate(&context, KeyPurpose::Token).await.unwrap();
        let other = two.post(&act(&id, "grant"), &nothing).await.expect_problem(409, "wrong_state");
        assert!(other.text("detail").contains("berubah"), "another one would sign");
        one.post(&act(&id, "withdrawal"), &nothing).await.expect(204);
        let id = asked(&one, &key(&kid, "revocation"), &reason).await;
        two.post(&act(&id, "grant"), &nothing).await.expect(204);
        assert_eq!((active(&context).await, states(&context).await[&kid]), (third, KeyState::Retired));
        one.post(&key(&kid, "revocation"), &reason).await.expect_problem(404, "not_found");

        let rows = Keyring::list(&context).await.unwrap();
        let receipt = rows.iter().find(|row| row.purpose == KeyPurpose::Receipt).unwrap();
        let receipt: KeyId = receipt.kid.as_slice().try_into().unwrap();
        one.post(&key(&receipt, "revocation"), &reason).await.expect_problem(404, "not_found");
        one.post(&format!("{KEYS}/tidak-ada/activation"), &reason).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_always_signs_whatever_is_decided_about_it_at_one_moment() {
    each_engine(async |context| {
        let world = World::open(publishing(&context, HOUR)).await;
        let context = world.context.clone();
        let token = KeyPurpose::Token;
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(Keyring::rotate(&context, token).await.unwrap());
            world.later(1);
        }
        // The node of this process is silent, so that nothing begins before it is asked to.
        world.later(HOUR);
        let (one, two) = (
            official(&world, "pusat-satu", Role::Administrator).await,
            official(&world, "pusat-dua", Role::Administrator).await,
        );
        report(&context, &made).await;
        let (reason, nothing) = (json!({"reason": "Uji"}), Value::Null);
        let asks = async |kid: &KeyId, what: &str| asked(&one, &key(kid, what), &reason).await;
        let status = |answer: &support::answer::Answer| answer.status.as_u16();

        // To begin and to be retired, both granted.
        let (begin, retire) = (asks(&made[0], "activation").await, asks(&made[0], "revocation").await);
        let (begin_path, retire_path) = (act(&begin, "grant"), act(&retire, "grant"));
        let (began, retired) = tokio::join!(two.post(&begin_path, &nothing), two.post(&retire_path, &nothing));
        let mut both = [status(&began), status(&retired)];
        let (left, begins) = (active(&context).await, both[0] == 204);
        both.sort_unstable();
        assert_eq!((both, left == made[0]), ([204, 409], begins));
        let waits = if begins { retire } else { begin };
        one.post(&act(&waits, "withdrawal"), &nothing).await.expect(204);

        // Retired by two and by a command.
        let signs = active(&context).await;
        let retire = act(&asks(&signs, "revocation").await, "grant");
        let (granted, command) = tokio::join!(two.post(&retire, &nothing), Keyring::revoke(&context, signs));
        assert_ne!(status(&granted) == 204, command.is_ok(), "one of two");
        assert_eq!(
            (active(&context).await, states(&context).await[&signs]),
            (made[3], KeyState::Retired),
            "the newest follows"
        );

        // Granted while a node finds that its time has come.
        let begin = act(&asks(&made[1], "activation").await, "grant");
        let (granted, refreshed) = tokio::join!(two.post(&begin, &nothing), world.app.keyring.refresh());
        refreshed.unwrap();
        assert!([204, 409].contains(&status(&granted)), "{}", granted.status);
        active(&context).await;
    })
    .await;
}

const RETENTION: &str = "/v1/admin/retention";

async fn period(who: &Official<'_>, name: &str) -> Value {
    let reply = who.get(RETENTION).await.expect(200).json;
    reply["items"].as_array().unwrap().iter().find(|item| item["period"] == name).cloned().expect("the period")
}

/// How many requests are known.
async fn rows(context: &Context) -> i64 {
    let mut tx = context.db.read().await.unwrap();
    ikd::fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM proposal").unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_period_is_changed_by_two_and_a_shorter_one_deletes_nothing_for_a_day() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let context = world.context.clone();
        let people = async |name: &str| {
            let (one, two) = (format!("{name}-satu"), format!("{name}-dua"));
            (official(&world, &one, Role::Administrator).await, official(&world, &two, Role::Administrator).await)
        };
        let (one, two) = people("awal").await;
        let auditor = official(&world, "periksa", Role::Auditor).await;
        let province = official(&world, "provinsi", Role::Province).await;
        let of = |name: &str| format!("{RETENTION}/{name}");
        let body = |days: i64| json!({"days": days, "reason": "Permintaan auditor"});
        let nothing = Value::Null;

        // Read by auditors, changed by two, within bounds.
        let seen = period(&auditor, "proposals").await;
        let told = (&seen["days"], &seen["least_days"], &seen["most_days"], &seen["changed_at"]);
        assert_eq!(told, (&json!(730), &json!(365), &json!(3650), &Value::Null));
        assert_eq!(period(&auditor, "registrations").await["default_days"], json!(90), "as it is configured");
        province.get(RETENTION).await.expect_problem(403, "forbidden");
        auditor.post(&of("proposals"), &body(400)).await.expect_problem(403, "forbidden");
        for days in [364, 3651, 730, -1] {
            one.post(&of("proposals"), &body(days)).await.expect_problem(422, "invalid_field");
        }
        one.post(&of("surat"), &body(400)).await.expect_problem(404, "not_found");
        let id = asked(&one, &of("proposals"), &body(365)).await;
        one.post(&of("proposals"), &body(400)).await.expect_problem(409, "wrong_state");
        one.post(&act(&id, "grant"), &nothing).await.expect_problem(403, "forbidden");
        assert_eq!(period(&auditor, "proposals").await["days"], 730);

        // What is older than the new period, and not than the former one. A year later the request itself is that.
        world.later(372 * 24 * HOUR);
        let (one, two_later) = people("nanti").await;
        two.post(&act(&id, "grant"), &nothing).await.expect_problem(401, "session_ended");
        let id = asked(&one, &of("proposals"), &body(365)).await;
        two_later.post(&act(&id, "grant"), &nothing).await.expect(204);
        let seen = period(&one, "proposals").await;
        let told = (&seen["days"], &seen["counts"], &seen["asked_by"], &seen["granted_by"]);
        assert_eq!(told, (&json!(365), &json!(730), &json!("nanti-satu"), &json!("nanti-dua")));
        assert!(seen["counts_at"].is_string());
        let sweep = async || assert!(world.app.sweeper().sweep(Uuid::nil()).await.unwrap());
        sweep().await;
        assert_eq!(rows(&context).await, 2, "a shorter period waits");

        // Taken back in time, and asked again.
        let id = asked(&one, &of("proposals"), &body(730)).await;
        two_later.post(&act(&id, "grant"), &nothing).await.expect(204);
        world.later(24 * HOUR);
        sweep().await;
        assert_eq!(rows(&context).await, 3);
        let (one, two) = people("lagi").await;
        let id = asked(&one, &of("proposals"), &body(365)).await;
        two.post(&act(&id, "grant"), &nothing).await.expect(204);
        world.later(24 * HOUR - 1);
        sweep().await;
        assert_eq!(rows(&context).await, 4);
        world.later(61);
        sweep().await;
        assert_eq!(rows(&context).await, 3, "the first one was too old for a day");
    })
    .await;
}

const MAILS: &str = "/v1/admin/mails";

/// The words of all kinds of mail that the source names.
fn kinds_in(folder: &std::path::Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            kinds_in(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let named = text.split("MailKind::new(\"").skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(named.map(str::to_owned));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_mail_is_shown_with_invented_people_and_loads_nothing() {
    let world = World::on(Engine::Sqlite).await;
    let auditor = official(&world, "periksa", Role::Auditor).await;
    let province = official(&world, "provinsi", Role::Province).await;
    let mut kinds = BTreeSet::new();
    kinds_in(&support::root().join("src"), &mut kinds);
    assert!(kinds.len() > 10, "{kinds:?}");
    province.get(MAILS).await.expect_problem(403, "forbidden");
    province.get(&format!("{MAILS}/activation_code/0")).await.expect_problem(403, "forbidden");
    let read = async |language: &str| auditor.get(&format!("{MAILS}?language={language}")).await.expect(200).json;
    let (id, en) = (read("id").await, read("en").await);
    assert_eq!(auditor.get(MAILS).await.expect(200).json, id, "Indonesian first");
    let shown = |reply: &Value| -> BTreeSet<String> {
        reply["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(shown(&id), kinds, "a kind of mail that nobody can look at");
    assert_eq!(shown(&en), kinds);
    for (item, other) in id["items"].as_array().unwrap().iter().zip(en["items"].as_array().unwrap()) {
        let (samples, others) = (item["samples"].as_array().unwrap(), other["samples"].as_array().unwrap());
        assert!(!samples.is_empty() && samples.len() == others.len(), "{}", item["kind"]);
        for (one, other) in samples.iter().zip(others) {
            let text = one["text"].as_str().unwrap();
            assert!(one["text"] != other["text"] && !text.contains('@') && text.contains("tidak pernah"), "{text}");
        }
    }
    let noted = async || {
        let sql =
            "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event WHERE action = 'settings_read' AND subject_id <> $1";
        world.count(sql, Uuid::nil()).await
    };
    let before = noted().await;
    let page = auditor.get(&format!("{MAILS}/activation_code/0?language=en")).await.expect(200);
    assert_eq!(noted().await, before + 1, "as the list of all of them");
    let policy = page.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    auditor.get(&format!("{MAILS}/activation_code/1")).await.expect_problem(404, "not_found");
    auditor.get(&format!("{MAILS}/surat/0")).await.expect_problem(404, "not_found");
    auditor.get(&format!("{MAILS}?language=jw")).await.expect_problem(400, "malformed_request");
}

/// Each act at least once, done.
pub async fn every_act(world: &World) {
    let (one, two) = (
        official(world, "setelan-satu", Role::Administrator).await,
        official(world, "setelan-dua", Role::Administrator).await,
    );
    one.get(KEYS).await.expect(200);
    // The node of this process reported long ago.
    let kid = Keyring::rotate(&world.context, KeyPurpose::Token).await.unwrap();
    world.later(31);
    report(&world.context, &[kid]).await;
    let id = asked(&one, &key(&kid, "activation"), &json!({"reason": "Uji"})).await;
    two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
    let body = json!({"days": 60, "reason": "Uji"});
    let id = asked(&one, &format!("{RETENTION}/searches"), &body).await;
    two.post(&act(&id, "grant"), &Value::Null).await.expect(204);
}
