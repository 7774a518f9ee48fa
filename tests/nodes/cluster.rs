//! Several nodes on one database.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ikd::credential::format::{from_cose, from_text};
use serde_json::json;
use sqlx::{Connection, Executor};

use crate::people::{activate, approve, cast, code_in, holder, letter, phone, present, register, scan, verdict, visit};
use crate::world::{World, text, until};

fn kid(token: &str) -> [u8; 8] {
    from_cose(&from_text(token).unwrap()).unwrap().kid
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            // Keeps the mode.
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_are_one_service() {
    let world = World::new().await;
    let cast = cast(&world, 3).await;
    let (a, b) = tokio::join!(world.node(&[]), world.node(&[]));
    let both = [a.base.as_str(), b.base.as_str()];

    let mut resident = phone(&both);
    let id = register(&resident, &cast.residents[0], "siti@contoh.id").await;
    let officer = cast.officer.log_in(both[1]).await;
    // The session that was opened at one node counts at the other.
    visit(&resident, &officer.at(both[0]), &id).await;
    let (mail, code) = letter(&world, &id).await;
    assert!(mail.tls && mail.login == "ikd" && mail.recipients == ["siti@contoh.id"], "{mail:?}");
    activate(&mut resident, &id, &code).await;
    resident.get("/v1/me").await.unwrap().expect(200).unwrap();
    resident.get("/v1/me").await.unwrap().expect(200).unwrap();

    let (bank_a, bank_b) = (cast.bank(both[0]), cast.bank(both[1]));
    let token = present(&resident).await;
    assert_eq!(verdict(&bank_a, &token).await, "valid");
    assert_eq!(verdict(&bank_b, &token).await, "already_used");

    let token = present(&resident).await;
    let asked: Vec<_> = (0..32)
        .map(|number| {
            let (bank, token) = (if number % 2 == 0 { &bank_a } else { &bank_b }.clone(), token.clone());
            tokio::spawn(async move { verdict(&bank, &token).await })
        })
        .collect();
    let mut counts = BTreeMap::new();
    for asked in asked {
        *counts.entry(asked.await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([("valid".to_owned(), 1), ("already_used".to_owned(), 31)]));

    // One answer to a repeated question, whichever node it comes from.
    let (token, key) = (present(&resident).await, crate::people::new_key());
    let first = bank_a.verify(&token, "open_account", &key).await.unwrap().expect(200).unwrap();
    let again = bank_b.verify(&token, "open_account", &key).await.unwrap().expect(200).unwrap();
    assert_eq!(first.json["verification_id"], again.json["verification_id"]);
    assert_eq!(again.json["result"], "valid");

    rotates(&world, &resident, &[bank_a.clone(), bank_b.clone()], async || ()).await;

    world.json(&["relying-party", "key", "revoke", &cast.key_id]).await;
    let body = json!({"token": "X", "purpose": "open_account"});
    for bank in [bank_a, bank_b] {
        until("a revoked key is refused", 2, async || {
            let answer = bank.verify_body(&body, &crate::people::new_key()).await.unwrap();
            (answer.status == 401 && answer.code() == "api_key_invalid").then_some(())
        })
        .await;
    }
    assert_eq!(world.mail.received().len(), 1, "one mail, although two nodes send");
}

/// Rotates the token key while both nodes run. `copied` brings the new file to where it is missing.
async fn rotates(
    world: &World,
    resident: &ikd::demo::client::Resident,
    banks: &[ikd::demo::client::Bank; 2],
    copied: impl AsyncFn(),
) {
    let old = present(resident).await;
    let rotated = world.json(&["keys", "rotate", "token"]).await;
    assert_eq!(rotated["state"], "next");
    copied().await;
    // Requests go to the nodes in turn: two tokens running of the new key mean that both have it.
    let new = until("both nodes sign with the new key", 10, async || {
        let (one, two) = (present(resident).await, present(resident).await);
        (kid(&one) != kid(&old) && kid(&two) != kid(&old)).then_some((one, two))
    })
    .await;
    assert_eq!(kid(&new.0), kid(&new.1));
    let hex: String = kid(&new.0).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(rotated["kid"], hex.as_str());
    assert_eq!(verdict(&banks[0], &old).await, "valid", "a token from before the rotation");
    assert_eq!(verdict(&banks[1], &new.0).await, "valid");
    assert_eq!(verdict(&banks[0], &new.1).await, "valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_with_key_directories_of_their_own() {
    let world = World::new().await;
    let cast = cast(&world, 1).await;
    let (first, second) = (world.folder.path().join("keys"), world.folder.path().join("keys-b"));
    copy_folder(&first, &second);
    let directory = second.display().to_string();
    let changes = [("KEYS__DIRECTORY", directory.as_str())];
    let (a, b) = tokio::join!(world.node(&[]), world.node(&changes));
    let both = [a.base.as_str(), b.base.as_str()];
    let resident = holder(&world, &cast, 0, &both).await;
    let banks = [cast.bank(both[0]), cast.bank(both[1])];
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
    let world = World::new().await;
    let cast = cast(&world, RESIDENTS).await;
    let mut a = world.node(&[]).await;
    let officer = cast.officer.log_in(&a.base).await;
    let mut ids = Vec::new();
    for (number, person) in cast.residents.iter().enumerate() {
        let resident = phone(&[&a.base]);
        let id = register(&resident, person, &format!("warga{number}@contoh.id")).await;
        ids.push((id, resident));
    }
    // The server takes a message and dawdles before it says so: the worst moment for a sender to die.
    world.mail.control("data accept-slow 15");
    for (id, resident) in &ids {
        visit(resident, &officer, id).await;
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
    for (id, _) in &ids {
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
    let (id, mut resident) = ids.remove(0);
    let (_, code) = letter(&world, &id).await;
    activate(&mut resident, &id, &code).await;
    let output = world.run(&["audit", "verify"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_register_costs_no_second_visit() {
    let world = World::new().await;
    let cast = cast(&world, 1).await;
    let node = world.node(&[]).await;
    world.json(&["register", "close"]).await;
    let mut resident = phone(&[&node.base]);
    let id = register(&resident, &cast.residents[0], "budi@contoh.id").await;
    let officer = cast.officer.log_in(&node.base).await;
    scan(&resident, &officer, &id).await;
    assert_eq!(approve(&officer, &id).await, "approved_pending_register");
    let answer = resident.get(&format!("/v1/registrations/{id}")).await.unwrap().expect(200).unwrap();
    assert_eq!(answer.json["state"], "approved_pending_register");
    assert!(world.mail.received().is_empty());

    world.json(&["register", "open"]).await;
    let (_, code) = letter(&world, &id).await;
    activate(&mut resident, &id, &code).await;
    assert_eq!(verdict(&cast.bank(&node.base), &present(&resident).await).await, "valid");
}
