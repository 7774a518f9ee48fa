//! Several nodes on one database.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ikd::credential::{cose, text};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, SqliteConnection};

use support::client::Bank;
use support::node::text;
use support::world::{Applicant, Program, World, code_in};
use support::{Engine, copy_folder, until};

fn kid(token: &str) -> [u8; 8] {
    cose::decode(&text::decode(token).unwrap()).unwrap().kid
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_are_one_service() {
    let world = World::with_people(Engine::Postgres, 3).await;
    let (a, b) = tokio::join!(world.node(&[]), world.node(&[]));
    let both = [a.base.as_str(), b.base.as_str()];

    let mut siti = world.waiting(&both, 0, "siti@contoh.id").await;
    let officer = world.log_in_at(both[1], world.officer()).await;
    // The session that was opened at one node counts at the other.
    world.visit(&officer.at(both[0]), &siti).await;
    let mail = world.letter_about(&siti).await;
    assert!(mail.tls && mail.login == "ikd" && mail.recipients == ["siti@contoh.id"], "{mail:?}");
    world.activate(&mut siti).await;
    siti.client.get("/v1/me").await.expect(200);
    siti.client.get("/v1/me").await.expect(200);

    let (bank_a, bank_b) = (world.bank(both[0]), world.bank(both[1]));
    let token = world.present(&siti, "full").await;
    assert_eq!(world.verdict_of(&bank_a, &token).await, "valid");
    assert_eq!(world.verdict_of(&bank_b, &token).await, "already_used");

    let token = world.present(&siti, "full").await;
    let asked: Vec<_> = (0..32)
        .map(|number| {
            let bank = if number % 2 == 0 { &bank_a } else { &bank_b }.clone();
            let (token, key) = (token.clone(), world.key());
            tokio::spawn(async move { bank.verify(&token, "open_account", &key).await.expect(200).verdict() })
        })
        .collect();
    let mut counts = BTreeMap::new();
    for asked in asked {
        *counts.entry(asked.await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([("valid".to_owned(), 1), ("already_used".to_owned(), 31)]));

    // One answer to a repeated question, whichever node it comes from.
    let (token, key) = (world.present(&siti, "full").await, world.key());
    let first = bank_a.verify(&token, "open_account", &key).await.expect(200);
    let again = bank_b.verify(&token, "open_account", &key).await.expect(200);
    assert_eq!(first.json["verification_id"], again.json["verification_id"]);
    assert_eq!(again.json["result"], "valid");

    rotates(&world, &siti, &[bank_a.clone(), bank_b.clone()], async || ()).await;

    world.json(&["relying-party", "key", "revoke", &world.key_id]).await;
    let body = json!({"token": "X", "purpose": "open_account"});
    for bank in [bank_a, bank_b] {
        until("a revoked key is refused", 2, async || {
            let answer = bank.verify_body(&body, &world.key()).await;
            (answer.status == 401 && answer.code() == "api_key_invalid").then_some(())
        })
        .await;
    }
    let mails: BTreeSet<_> = world.mail.received().into_iter().map(|mail| mail.message).collect();
    assert_eq!(mails.len(), 2, "the code, and that it is active");
    assert_eq!(world.mail.received().len(), 2, "each once, although two nodes send");
}

/// Rotates the token key while both nodes run. `copied` brings the new file to where it is missing.
async fn rotates(world: &World<Program>, resident: &Applicant, banks: &[Bank; 2], copied: impl AsyncFn()) {
    let old = world.present(resident, "full").await;
    let rotated = world.json(&["keys", "rotate", "token"]).await;
    assert_eq!(rotated["state"], "next");
    copied().await;
    // Requests go to the nodes in turn: two tokens running of the new key mean that both have it.
    let new = until("both nodes sign with the new key", 10, async || {
        let (one, two) = (world.present(resident, "full").await, world.present(resident, "full").await);
        (kid(&one) != kid(&old) && kid(&two) != kid(&old)).then_some((one, two))
    })
    .await;
    assert_eq!(kid(&new.0), kid(&new.1));
    let hex: String = kid(&new.0).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(rotated["kid"], hex.as_str());
    assert_eq!(world.verdict_of(&banks[0], &old).await, "valid", "a token from before the rotation");
    assert_eq!(world.verdict_of(&banks[1], &new.0).await, "valid");
    assert_eq!(world.verdict_of(&banks[0], &new.1).await, "valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_with_key_directories_of_their_own() {
    let world = World::with_people(Engine::Postgres, 1).await;
    let (first, second) = (world.folder.path().join("keys"), world.folder.path().join("keys-b"));
    copy_folder(&first, &second);
    let directory = second.display().to_string();
    let changes = [("KEYS__DIRECTORY", directory.as_str())];
    let (a, b) = tokio::join!(world.node(&[]), world.node(&changes));
    let both = [a.base.as_str(), b.base.as_str()];
    let resident = world.active(&both, 0).await;
    let banks = [world.bank(both[0]), world.bank(both[1])];
    rotates(&world, &resident, &banks, async || {
        // A node that lacks the private half holds the rotation back.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let keys = world.json(&["keys", "list"]).await;
        let states: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| key["state"].clone()).collect();
        assert!(states.contains(&json!("next")), "{keys}");
        copy_folder(&first, &second);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_while_sending_loses_no_mail() {
    const RESIDENTS: usize = 5;
    let world = World::with_people(Engine::Postgres, RESIDENTS).await;
    let mut a = world.node(&[]).await;
    let officer = world.log_in_at(&a.base, world.officer()).await;
    let mut residents = Vec::new();
    for person in 0..RESIDENTS {
        residents.push(world.waiting(&[&a.base], person, &format!("warga{person}@contoh.id")).await);
    }
    // The server takes a message and dawdles before it says so: the worst moment for a sender to die.
    world.mail.control("data accept-slow 15");
    for resident in &residents {
        world.visit(&officer, resident).await;
    }
    until("the mail server has taken something", 10, async || (!world.mail.received().is_empty()).then_some(())).await;
    let b = world.node(&[]).await;
    a.kill().await;
    world.mail.control("");
    // The dead node's leases last two minutes: the test turns them back instead of waiting.
    let mut sql = world.sql().await;
    let due = "UPDATE mail_outbox SET lease_until = 1 WHERE state = 'queued' AND lease_until > 1";
    let turned = sql.execute(due).await.unwrap().rows_affected();
    assert!(turned >= 1, "nothing was under way when the node died");
    let sent = "SELECT COUNT(*) FROM mail_outbox WHERE state = 'sent'";
    until("everything is sent", 20, async || {
        let mut sql = world.sql().await;
        let count: i64 = sqlx::query_scalar(sent).fetch_one(&mut sql).await.unwrap();
        sql.close().await.unwrap();
        (count == RESIDENTS as i64).then_some(())
    })
    .await;
    let received = world.mail.received();
    let mut duplicates = 0;
    for Applicant { id, .. } in &residents {
        let copies: Vec<_> = received.iter().filter(|mail| code_in(&mail.message, id).is_some()).collect();
        assert!((1..=2).contains(&copies.len()), "{} copies", copies.len());
        let same = copies.iter().all(|copy| copy.header("Message-ID") == copies[0].header("Message-ID"));
        assert!(same && !copies[0].header("Message-ID").is_empty());
        assert_eq!(code_in(&copies[0].message, id), code_in(&copies[copies.len() - 1].message, id));
        duplicates += copies.len() - 1;
    }
    assert!(duplicates >= 1, "the kill came at another moment than meant");
    drop(b);

    // The killed node comes back at its address, and nothing is missing.
    let _a = world.node(&[("HTTP__LISTEN", a.base.strip_prefix("http://").unwrap())]).await;
    world.activate(&mut residents[0]).await;
    let output = world.run(&["audit", "verify"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_register_costs_no_second_visit() {
    let world = World::with_people(Engine::Postgres, 1).await;
    let node = world.node(&[]).await;
    world.json(&["register", "close"]).await;
    let mut budi = world.waiting(&[&node.base], 0, "budi@contoh.id").await;
    let officer = world.log_in_at(&node.base, world.officer()).await;
    world.scan(&officer, &budi).await.expect(200);
    assert_eq!(world.approve(&officer, &budi).await.expect(200).json["state"], "approved_pending_register");
    assert_eq!(world.state(&budi).await, "approved_pending_register");
    assert!(world.mail.received().is_empty());

    world.json(&["register", "open"]).await;
    world.activate(&mut budi).await;
    assert_eq!(world.verdict_of(&world.bank(&node.base), &world.present(&budi, "full").await).await, "valid");
}

/// One winner and one answer, whoever is asked how often: at one node and at two, with copies in two batches of each. On PostgreSQL
/// a lock on the credential's row keeps the first batches under way until the others are queued; on SQLite the file's is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_under_one_key_has_one_winner_and_one_answer() {
    for engine in Engine::ALL {
        println!("engine: {engine:?}");
        let world = World::with_people(engine, 1).await;
        let (a, b) = tokio::join!(world.node(&[]), world.node(&[]));
        let both = [a.base.as_str(), b.base.as_str()];
        let siti = world.active(&both, 0).await;
        let (bank_a, bank_b) = (world.bank(both[0]), world.bank(both[1]));
        for banks in [vec![&bank_a], vec![&bank_a, &bank_b]] {
            let token = world.present(&siti, "full").await;
            copies_of_one_question(&world, &banks, &token, &world.key()).await;
        }
    }
}

async fn copies_of_one_question(world: &World<Program>, banks: &[&Bank], token: &str, key: &str) {
    let ask = |copy: usize, key: String| {
        let (bank, token) = (banks[copy % banks.len()].clone(), token.to_owned());
        tokio::spawn(async move { bank.verify(&token, "open_account", &key).await.expect(200) })
    };
    let mut holding = Holding::of(world).await;
    let mut same: Vec<_> = banks.iter().enumerate().map(|(copy, _)| ask(copy, key.to_owned())).collect();
    // The first of each node is in a batch under way before anything else comes.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let others: Vec<_> = (0..8).map(|copy| ask(copy, world.key())).collect();
    same.extend((0..40).map(|copy| ask(copy, key.to_owned())));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(same.iter().all(|asked| !asked.is_finished()), "nobody is answered before it is durable");
    holding.end().await;
    let mut ids = BTreeSet::new();
    for asked in same {
        let answer = asked.await.unwrap();
        assert_eq!(answer.verdict(), "valid");
        ids.insert(answer.text("verification_id"));
    }
    assert_eq!(ids.len(), 1, "the same answer: {ids:?}");
    for asked in others {
        assert_eq!(asked.await.unwrap().verdict(), "already_used", "under another key");
    }
    let again = banks[banks.len() - 1].verify(token, "open_account", key).await.expect(200);
    assert!(ids.contains(&again.text("verification_id")), "also afterwards");
}

/// A transaction past the service that holds what a commit of a check has to wait for.
enum Holding {
    Rows(PgConnection),
    File(SqliteConnection),
}

impl Holding {
    async fn of(world: &World<Program>) -> Self {
        if let Some(file) = world.database.strip_prefix("sqlite:") {
            let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
            connection.execute("BEGIN IMMEDIATE").await.unwrap();
            return Self::File(connection);
        }
        let mut connection = world.sql().await;
        connection.execute("BEGIN; UPDATE credential SET last_spent = last_spent").await.unwrap();
        Self::Rows(connection)
    }

    async fn end(&mut self) {
        match self {
            Self::Rows(connection) => connection.execute("ROLLBACK").await.map(drop),
            Self::File(connection) => connection.execute("ROLLBACK").await.map(drop),
        }
        .unwrap();
    }
}
