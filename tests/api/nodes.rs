//! Two real processes on one PostgreSQL.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use ikd::config::SmtpTls;
use ikd::credential::format;
use ikd::demo::client::Bank;
use ikd::device::client::PinKey;
use tokio::task::JoinSet;

use crate::binary::{Crew, Node, Person, Site, activate, approve, http, present, wait_for};
use crate::support::Engine;
use crate::support::smtp::MailServer;
use crate::world::{code_in, verdict};

/// A site on PostgreSQL whose mail goes to a real server.
async fn site(server: &MailServer) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::new(Some(Engine::Postgres.new_database(folder.path()).await));
    let mail = server.config();
    site.set("MAIL__TRANSPORT", "smtp");
    site.set("MAIL__FROM", mail.from);
    site.set("MAIL__SMTP__HOST", mail.smtp.host);
    site.set("MAIL__SMTP__PORT", mail.smtp.port.to_string());
    site.set("MAIL__SMTP__TLS", "starttls");
    site.set("MAIL__SMTP__USERNAME", mail.smtp.username);
    site.set("MAIL__SMTP__PASSWORD", mail.smtp.password.expose().clone());
    site.set("MAIL__SMTP__CA_FILE", mail.smtp.ca_file.unwrap().display().to_string());
    site
}

/// The text part of what a server received, unfolded.
fn plain(message: &str) -> String {
    message.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
}

async fn mailed_code(server: &MailServer, person: &Person) -> String {
    wait_for("the code", async || {
        let texts: Vec<_> = server.received().iter().map(|received| plain(&received.message)).collect();
        code_in(texts.iter().map(String::as_str), &person.id)
    })
    .await
}

async fn active(
    server: &MailServer,
    crew: &Crew,
    node: &Node,
    officer: &ikd::demo::client::Officer,
    number: usize,
) -> Person {
    let mut person = crew.register(&node.base, number, &format!("warga{number}@example.id")).await;
    approve(officer, &person).await;
    let code = mailed_code(server, &person).await;
    activate(&mut person, &code, PinKey::from_seed(&[9; 32])).await;
    person
}

async fn ask(bank: &Bank, token: &str, key: String) -> String {
    verdict(&bank.verify(token, "open_account", &key).await.unwrap().expect(200).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_spend_a_token_once_mail_once_and_follow_a_rotation() {
    let server = MailServer::start(SmtpTls::Starttls);
    let site = site(&server).await;
    let crew = site.crew(8);
    let one = site.serve(None).await;
    let two = site.serve(Some(&one.base)).await;
    let officer = crew.log_in(&one.base).await;
    let person = active(&server, &crew, &one, &officer, 0).await;
    let banks = [crew.bank(&one.base), crew.bank(&two.base)];

    // A token spent at one is used at the other, in sequence and in a race.
    let token = present(&person).await;
    assert_eq!(ask(&banks[0], &token, "a".into()).await, "valid");
    assert_eq!(ask(&banks[1], &token, "b".into()).await, "already_used");
    assert_eq!(ask(&banks[1], &token, "a".into()).await, "valid", "the first question's answer, at the other node");
    for round in 0..3 {
        let token = present(&person).await;
        let mut running = JoinSet::new();
        for number in 0..64 {
            let (bank, token) = (banks[number % 2].clone(), token.clone());
            running.spawn(async move { ask(&bank, &token, format!("race-{round}-{number}")).await });
        }
        let verdicts = running.join_all().await;
        assert_eq!(verdicts.iter().filter(|verdict| *verdict == "valid").count(), 1, "{verdicts:?}");
    }

    // Both nodes send mail; nobody gets one twice.
    for number in 1..8 {
        let person = crew.register(&one.base, number, &format!("warga{number}@example.id")).await;
        approve(&officer, &person).await;
    }
    wait_for("eight mails", async || (server.received().len() >= 8).then_some(())).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let received = server.received();
    let recipients: HashSet<_> = received.iter().flat_map(|one| one.recipients.clone()).collect();
    assert_eq!((received.len(), recipients.len()), (8, 8));
    assert!(received.iter().all(|one| one.tls && one.login == "ikd"));

    rotation(&site, [&one, &two], &banks, &person).await;
    revocation(&site, &crew, &banks, &person).await;
}

fn kid(token: &str) -> [u8; 8] {
    format::from_cose(&format::from_text(token).unwrap()).unwrap().kid
}

async fn rotation(site: &Site, nodes: [&Node; 2], banks: &[Bank; 2], person: &Person) {
    let published = async |node: &Node| {
        let set: serde_json::Value =
            http().get(format!("{}/.well-known/jwks.json", node.base)).send().await.unwrap().json().await.unwrap();
        set["keys"].as_array().unwrap().len()
    };
    let (old, before) = (present(person).await, published(nodes[0]).await);
    site.json(&["keys", "rotate", "token"]);
    let new = wait_for("a token of the new key", async || {
        let token = present(person).await;
        (kid(&token) != kid(&old)).then_some(token)
    })
    .await;
    for node in nodes {
        wait_for("the new key in the key set", async || (published(node).await > before).then_some(())).await;
    }
    assert_eq!(
        ask(&banks[1], &old, "old".into()).await,
        "valid",
        "an old token counts to its end, at the other node too"
    );
    assert_eq!(ask(&banks[1], &new, "new".into()).await, "valid");
    let states: Vec<_> = site.json(&["keys", "list"])["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["purpose"] == "token")
        .map(|key| key["state"].as_str().unwrap().to_owned())
        .collect();
    assert!(states.contains(&"retiring".into()) && states.contains(&"active".into()), "{states:?}");
}

async fn revocation(site: &Site, crew: &Crew, banks: &[Bank; 2], person: &Person) {
    let fresh = site.json(&["relying-party", "key", "add", "Bank Uji"]);
    let token = present(person).await;
    assert_eq!(ask(&banks[0], &token, "living".into()).await, "valid");
    for bank in banks {
        bank.verify(&token, "open_account", "remembered").await.unwrap().expect(200).unwrap();
    }
    site.json(&["relying-party", "key", "revoke", crew.bank["key_id"].as_str().unwrap()]);
    let revoked = Instant::now();
    for bank in banks {
        wait_for("the refusal of the key", async || {
            let answer = bank.verify(&token, "open_account", "living").await.unwrap();
            (answer.code() == "api_key_invalid").then_some(())
        })
        .await;
    }
    assert!(revoked.elapsed() < Duration::from_millis(1_500), "{:?}", revoked.elapsed());
    let renewed = Bank::new(http(), person.client.base(), fresh["api_key"].as_str().unwrap());
    assert_eq!(ask(&renewed, &token, "living".into()).await, "valid", "the party's answer, under its new key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_while_it_sends_loses_nothing_and_repeats_at_most_one() {
    let server = MailServer::start(SmtpTls::Starttls);
    let mut site = site(&server).await;
    site.set("MAIL__SMTP__CONNECTIONS", "1");
    let crew = site.crew(5);
    let mut one = site.serve(None).await;
    let officer = crew.log_in(&one.base).await;
    server.control("data slow 0.5");
    for number in 0..5 {
        let person = crew.register(&one.base, number, &format!("warga{number}@example.id")).await;
        approve(&officer, &person).await;
    }
    wait_for("the first mail", async || (!server.received().is_empty()).then_some(())).await;
    one.kill();
    let two = site.serve(None).await;
    server.control("");
    // The dead node's lease would run out after two minutes.
    let url = site.database();
    let db = ikd::db::Db::open(&url, ikd::db::PoolSizes { connections: 2, acquire_timeout_seconds: 30 }).await.unwrap();
    let mut tx = db.write().await.unwrap();
    ikd::execute!(&mut tx, "UPDATE mail_outbox SET lease_until = 0, due_at = 0 WHERE state = 'queued'").unwrap();
    tx.commit().await.unwrap();
    wait_for("all five", async || {
        let recipients: HashSet<_> = server.received().iter().flat_map(|one| one.recipients.clone()).collect();
        (recipients.len() == 5).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut copies: HashMap<String, usize> = HashMap::new();
    for one in server.received() {
        *copies.entry(one.header("Message-ID").to_owned()).or_default() += 1;
    }
    assert_eq!(copies.len(), 5, "a repeated mail has its Message-ID again: {copies:?}");
    assert!(copies.values().sum::<usize>() <= 6, "{copies:?}");
    let mut tx = db.read().await.unwrap();
    let waiting = ikd::fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM mail_outbox WHERE state <> 'sent'").unwrap().0;
    assert_eq!(waiting, 0);
    drop(two);
}
