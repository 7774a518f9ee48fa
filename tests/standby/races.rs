//! Many clients who ask at the same moment whether one QR is valid, at one node or at two: one of them is told so, once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::Engine;
use support::client::Bank;
use support::node::Node;
use support::world::{Holders, World, outcome};
use tokio::task::JoinSet;

use crate::kills::given;
use crate::report;
use crate::traffic::checks::VALID_TWICE;

/// Holders, each of whom shows a QR in each round.
const HOLDERS: usize = 200;
/// A QR of a second is one QR, so a round begins in a second of its own.
const ROUND: Duration = Duration::from_millis(1_100);

/// What came of a race, over all tokens.
#[derive(Default)]
struct Tally {
    tokens: usize,
    asked: usize,
    busy: usize,
    answers: BTreeMap<String, usize>,
}

/// Asks until there is an answer that says something about the token. Gives it, and how often it was asked again for that.
async fn ask(bank: &Bank, token: &str, key: &str) -> (String, usize) {
    let mut busy = 0;
    loop {
        if let Some(answer) = bank.try_verify(token, "open_account", key).await {
            match outcome(&answer) {
                ("valid", _) => return (String::from("valid"), busy),
                ("invalid", reason) => return (format!("invalid: {reason}"), busy),
                _ if answer.status.as_u16() == 503 => {}
                (other, _) => return (format!("{} {other}", answer.status), busy),
            }
        }
        busy += 1;
        assert!(busy < 1_000, "busy for ever");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All clients ask about one token at the same moment, each under a key of its own.
async fn race(banks: &[Bank], token: &str, name: &str) -> Vec<(String, usize)> {
    let start = Arc::new(tokio::sync::Barrier::new(banks.len()));
    let mut clients = JoinSet::new();
    for (at, bank) in banks.iter().enumerate() {
        let (bank, token, key, start) = (bank.clone(), token.to_owned(), format!("{name}-{at}"), Arc::clone(&start));
        clients.spawn(async move {
            start.wait().await;
            ask(&bank, &token, &key).await
        });
    }
    clients.join_all().await
}

/// So many tokens, each asked about by so many clients at the same moment, spread over the nodes.
async fn races(world: &World<Holders>, nodes: &[Node], clients: usize, tokens: usize) -> Tally {
    let banks: Vec<Bank> = (0..clients).map(|at| world.bank(&nodes[at % nodes.len()])).collect();
    let mut tally = Tally::default();
    while tally.tokens < tokens {
        let begun = Instant::now();
        for (holder, token) in world.tokens().iter().take(tokens - tally.tokens).enumerate() {
            let answers = race(&banks, token, &format!("lomba-{}-{holder}", tally.tokens)).await;
            let valid = answers.iter().filter(|(answer, _)| answer == "valid").count();
            assert_eq!(valid, 1, "token {} of holder {holder}: {answers:?}", tally.tokens);
            tally.asked += answers.len();
            for (answer, busy) in answers {
                tally.busy += busy;
                *tally.answers.entry(answer).or_insert(0) += 1;
            }
            tally.tokens += 1;
        }
        tokio::time::sleep(ROUND.saturating_sub(begun.elapsed())).await;
    }
    tally
}

async fn run(engine: Engine, processes: usize, (clients, tokens): (usize, usize)) -> (Tally, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let url = engine.new_database(folder.path()).await;
    let world = World::with_holders(folder.path(), &url, HOLDERS.min(tokens)).await;
    let mut nodes = Vec::new();
    for _ in 0..processes {
        // All but one of the clients are refused: more refusals than a party is allowed in an hour.
        let settings = [("DATABASE__URL", url.as_str()), ("LIMITS__REFUSALS_PER_HOUR", "10000000")];
        nodes.push(world.node_with(folder.path(), &settings).await);
    }
    let begun = Instant::now();
    let tally = races(&world, &nodes, clients, tokens).await;
    let took = begun.elapsed();
    // Nothing but "valid", once, and "used already" for all others; and the rows say the same.
    let used = tally.answers.get("invalid: already_used").copied().unwrap_or(0);
    assert_eq!(tally.answers.get("valid"), Some(&tally.tokens), "{:?}", tally.answers);
    assert_eq!(used, tally.asked - tally.tokens, "{:?}", tally.answers);
    let mut tx = world.context.db.read().await.unwrap();
    let rows = "SELECT COUNT(*) FROM verification WHERE result = 'valid'";
    assert_eq!(ikd::fetch_one!(&mut tx, (i64,), rows).unwrap().0, tally.tokens as i64);
    assert_eq!(ikd::fetch_one!(&mut tx, (i64,), VALID_TWICE).unwrap().0, 0);
    (tally, took)
}

async fn for_long(engine: Engine, processes: usize, section: &str) {
    let (clients, tokens) = (given("IKD_CLIENTS", 64) as usize, given("IKD_COUNT", 10_000) as usize);
    let (tally, took) = run(engine, processes, (clients, tokens)).await;
    let mut text = format!(
        "{tokens} QRs, each sent by {clients} clients at the same moment to {processes} node{}, each under a key of its own: {} questions in {:.0} \
         minutes, asked again {} times because the node was busy. The program that ships.\n\n| answer | times |\n| --- | ---: |\n",
        if processes == 1 { "" } else { "s" },
        tally.asked,
        took.as_secs_f64() / 60.0,
        tally.busy,
    );
    for (answer, times) in &tally.answers {
        writeln!(text, "| {answer} | {times} |").unwrap();
    }
    text += "| **valid twice, or nowhere** | 0 |\n";
    println!("{text}");
    report::write(section, &text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: tests/standby/run races sqlite"]
async fn long_races_for_a_qr_at_a_node_over_a_file() {
    for_long(Engine::Sqlite, 1, "races sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: tests/standby/run races postgres"]
async fn long_races_for_a_qr_at_two_nodes() {
    for_long(Engine::Postgres, 2, "races postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_ask_about_one_qr_at_once_one_is_told_that_it_is_valid() {
    run(Engine::Sqlite, 1, (16, 20)).await;
    run(Engine::Postgres, 2, (16, 20)).await;
}
