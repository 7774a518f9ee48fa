//! Batches of one shard: what the server itself was asked, and by whom.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use ikd::context::Context;
use ikd::db::{Address, Db, DbError, PoolSizes, Shards};
use ikd::device::SpentProofs;
use ikd::device::guard::Once;
use ikd::error::Code;
use ikd::keyring::Keyring;
use ikd::life::BlockCodes;
use ikd::random::Random;
use ikd::status_list::StatusLists;
use ikd::verification::Service;
use ikd::wallet;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::residents::Holder;
use crate::verification::{World, add_holder, world};
use crate::verification_batch::{answers, codes};
use support::heard::{Heard, heard, listen};
use support::{Engine, context_over, patient, until};

const FOUR: u32 = 4;

fn four() -> Shards {
    Shards::new(FOUR).unwrap()
}

/// A database with four shards, which are on these servers, if any.
async fn spread(url: &str, of_shards: &[String]) -> Db {
    let sizes = PoolSizes { connections: PoolSizes::least(four(), true), shards: four(), ..patient() };
    let of_shards = of_shards.iter().map(|url| Address::parse(url).unwrap()).collect();
    Db::open_spread(Address::parse(url).unwrap(), of_shards, sizes).await.unwrap()
}

/// So many holders, some of them on each shard, with a token of each.
async fn holders(world: &World, count: usize) -> Vec<(Uuid, String)> {
    let tokens = world.tokens(count).await;
    let places: BTreeSet<usize> = tokens.iter().map(|(holder, _)| four().of(*holder).place()).collect();
    assert_eq!(places.len(), FOUR as usize, "each shard has some");
    tokens
}

/// The statements that name some of these residents, with the shards of whom they name.
fn about<'a>(heard: &'a [Heard], residents: &[Uuid]) -> Vec<(&'a Heard, usize, BTreeSet<usize>)> {
    let named = heard.iter().map(|one| (one, one.names(residents)));
    let named = named.filter(|(_, named)| !named.is_empty());
    named.map(|(one, named)| (one, named.len(), named.iter().map(|id| four().of(**id).place()).collect())).collect()
}

#[tokio::test]
async fn a_resident_s_shard_is_the_one_that_the_server_says() {
    let url = Engine::Postgres.new_database(&std::env::temp_dir()).await;
    let mut server = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
    let random = Random::seeded(10);
    let mut residents: Vec<Uuid> = (0..2_000).map(|_| Uuid::from_bytes(random.bytes())).collect();
    residents.extend((0..2_000).map(|at| random.uuid_v7(ikd::clock::Timestamp::from_seconds(1_795_248_000 + at))));
    for count in [1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 32, 33, 48, 61, 63, 64] {
        let shards = Shards::new(count).unwrap();
        let asked = "SELECT LEAST((uuid_hash(r)::bigint + 2147483648) / (4294967296 / $2), $2 - 1)
            FROM UNNEST($1::uuid[]) WITH ORDINALITY AS asked (r, at) ORDER BY at";
        let asked: Vec<i64> =
            sqlx::query_scalar(asked).bind(&residents).bind(i64::from(count)).fetch_all(&mut server).await.unwrap();
        let ours: Vec<i64> = residents.iter().map(|resident| shards.of(*resident).place() as i64).collect();
        assert_eq!(ours, asked, "{count} shards");
    }
}

#[tokio::test]
async fn the_third_engine_puts_residents_where_a_cluster_would() {
    let folder = tempfile::tempdir().unwrap();
    let context = support::context(Engine::Distributed, folder.path()).await;
    assert_eq!(context.db.shards(), four(), "nodes of the third engine know its shards");
    for _ in 0..100 {
        add_holder(&context).await;
    }
    let mut server = raw(&context).await;
    let kept: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT resident_id, CAST(tableoid::regclass AS TEXT) FROM credential")
            .fetch_all(&mut server)
            .await
            .unwrap();
    assert_eq!(kept.len(), 100);
    for (resident, partition) in kept {
        assert_eq!(partition, format!("credential_p{}", four().of(resident).place()));
    }
    context.db.close().await;
}

/// A connection past the service.
async fn raw(context: &Context) -> PgConnection {
    PgConnectOptions::from_str(context.config.database.url.expose()).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn each_batch_is_of_one_shard_and_the_answers_are_the_same() {
    for (engine, of_several) in
        [(Engine::Postgres, false), (Engine::Postgres, true), (Engine::Distributed, false), (Engine::Distributed, true)]
    {
        println!("engine: {engine:?}, of several shards: {of_several}");
        let folder = tempfile::tempdir().unwrap();
        let url = engine.new_database(folder.path()).await;
        listen(&url).await;
        let db = if of_several { spread(&url, &[]).await } else { Db::open(&url, patient()).await.unwrap() };
        let world = world(context_over(db, &url, folder.path())).await;
        let residents = checked_many_times(&world).await;
        world.context.db.close().await;
        let heard = heard(&url);
        let about = about(&heard, &residents);
        let most_shards = about.iter().map(|(.., shards)| shards.len()).max().unwrap();
        // With one shard for all, batches are of several: so the other figure says something.
        assert_eq!(most_shards, if of_several { 1 } else { FOUR as usize });
        for part in ["FROM holder_record", "FROM holder_portrait", "UPDATE credential AS c", "IN (SELECT * FROM UNNEST"]
        {
            let most = about.iter().filter(|(one, ..)| one.text.contains(part)).map(|(_, named, _)| *named).max();
            assert!(most > Some(3), "{part}: no batch of several residents was seen: {most:?}");
        }
    }
}

/// Many checks at once on two nodes, repetitions and spent tokens among them; gives the holders that were asked about.
async fn checked_many_times(world: &World) -> Vec<Uuid> {
    const HOLDERS: usize = 120;
    let other = Service::new(world.context.clone(), world.keyring.clone());
    let tokens = holders(world, HOLDERS).await;
    let key = |at: usize| format!("key-{at}");
    let mut first = Vec::new();
    for (at, (_, token)) in tokens.iter().enumerate() {
        first.extend([&world.service, &other].map(|node| world.spawn(node, token, &key(at))));
    }
    let first = answers(first).await;
    assert_eq!(codes(&first), HashMap::from([("valid", 2 * HOLDERS)]), "one question, one answer");
    let id = |at: usize| first[at].as_ref().unwrap().verification_id;
    assert!((0..HOLDERS).all(|at| id(2 * at) == id(2 * at + 1)));
    let again = tokens.iter().enumerate().map(|(at, (_, token))| world.spawn(&world.service, token, &key(at)));
    for (at, answer) in answers(again.collect()).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap().verification_id, id(2 * at), "a repetition");
    }
    let late = tokens.iter().enumerate().map(|(at, (_, token))| world.spawn(&other, token, &format!("late-{at}")));
    let late = answers(late.collect()).await;
    assert!(late.iter().flatten().all(|answer| answer.verdict.reason() == "already_used"), "{:?}", codes(&late));
    assert_eq!(world.counts().await, (2 * HOLDERS as i64, HOLDERS as i64), "each record and each refusal, once");
    tokens.into_iter().map(|(holder, _)| holder).collect()
}

#[tokio::test]
async fn sessions_are_looked_up_shard_by_shard() {
    let folder = tempfile::tempdir().unwrap();
    let url = Engine::Distributed.new_database(folder.path()).await;
    listen(&url).await;
    let context = context_over(spread(&url, &[]).await, &url, folder.path());
    Keyring::init(&context).await.unwrap();
    let keyring = Keyring::open(context.clone()).await.unwrap();
    let lists = StatusLists::new(context.clone(), keyring.clone());
    let wallets = wallet::Service::new(context.clone(), keyring, lists, BlockCodes::new(context.clone()).unwrap());
    let (mut residents, mut sessions) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let resident = context.random.uuid_v7(context.now());
        let holder = Holder::of(&context, resident).await;
        let (challenge, signature) = holder.attempt(&holder.pin);
        let unlocked = wallets.unlock(&holder.device.thumbprint(), &challenge, &signature).await.unwrap();
        residents.push(resident);
        sessions.push((holder, unlocked.access_token.into_inner()));
    }
    let looked = (0..5).flat_map(|_| &sessions).map(async |(holder, token)| {
        wallets.authenticate(&holder.device.thumbprint(), token).await.unwrap().resident_id
    });
    let found = futures_util::future::join_all(looked).await;
    assert!(found.iter().zip(residents.iter().cycle()).all(|(found, asked)| found == asked));
    context.db.close().await;
    let heard = heard(&url);
    let about = about(&heard, &residents);
    let mut batches = about.iter().filter(|(one, ..)| one.text.contains("FROM credential WHERE resident_id = ANY"));
    assert!(batches.clone().any(|(_, named, _)| *named > 3), "no batch of several residents was seen");
    assert!(batches.all(|(.., shards)| shards.len() == 1));
}

/// A URL of each shard: the same server, as another user, who may do what a node needs.
async fn workers(url: &str) -> Vec<String> {
    let options = PgConnectOptions::from_str(url).unwrap();
    let mut admin = options.connect().await.unwrap();
    let mut urls = Vec::new();
    for place in 0..FOUR {
        // Users are the whole server's: the name of the database keeps those of two tests apart.
        let name = format!("worker_{}_{place}", options.get_database().unwrap());
        let make = format!("CREATE ROLE {name} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}");
        admin.execute(AssertSqlSafe(make)).await.unwrap();
        urls.push(url.replace("//ikd@", &format!("//{name}@")));
    }
    urls
}

#[tokio::test]
async fn batches_go_to_the_server_of_their_shard_and_all_else_to_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let url = Engine::Distributed.new_database(folder.path()).await;
    let workers = workers(&url).await;
    listen(&url).await;
    let context = context_over(spread(&url, &workers).await, &url, folder.path());
    let world = world(context.clone()).await;
    let (stop, db) = (CancellationToken::new(), context.db.clone());
    let watching = tokio::spawn(db.watch(stop.clone()));
    let residents = checked_many_times(&world).await;
    let proofs = SpentProofs::start(context.clone());
    proofs.spend(Once { window: 1, proof: Uuid::from_u128(7) }).await.unwrap();
    until("the servers of all shards are watched", 10, async || {
        let heard = heard(&url);
        let notes = heard.iter().filter(|one| one.text.contains("pg_logical_emit_message"));
        (notes.map(|one| one.user.clone()).collect::<BTreeSet<_>>().len() == FOUR as usize).then_some(())
    })
    .await;
    stop.cancel();
    watching.await.unwrap();
    context.db.close().await;
    let heard = heard(&url);
    let place = |user: &str| user.strip_prefix("worker_").map(|name| name.rsplit('_').next().unwrap().to_owned());
    let mut of_workers = [0; FOUR as usize];
    for (one, _, shards) in about(&heard, &residents) {
        match place(&one.user) {
            Some(place) => {
                assert_eq!(Vec::from_iter(&shards), [&place.parse::<usize>().unwrap()], "{one:?}");
                of_workers[place.parse::<usize>().unwrap()] += 1;
            }
            None => assert!(!one.text.contains("UNNEST(") && !one.text.contains("= ANY("), "{one:?}"),
        }
    }
    assert!(of_workers.iter().all(|count| *count > 3), "{of_workers:?}");
    for table in ["write_probe", "device_proof"] {
        let users: BTreeSet<_> = heard.iter().filter(|one| one.text.contains(table)).map(|one| &one.user).collect();
        assert_eq!(Vec::from_iter(users), ["ikd"], "{table} is whole");
    }
}

#[tokio::test]
async fn a_shard_whose_server_is_gone_holds_up_its_own_residents_only() {
    let folder = tempfile::tempdir().unwrap();
    let url = Engine::Distributed.new_database(folder.path()).await;
    let mut workers = workers(&url).await;
    workers[2] = format!("postgres://ikd@localhost/ikd?host={}", folder.path().display());
    let of_shards = workers.iter().map(|url| Address::parse(url).unwrap()).collect();
    let sizes = PoolSizes { connections: 18, shards: four(), acquire_timeout_seconds: 1, ..PoolSizes::default() };
    let db =
        Db::open_spread(Address::parse(&url).unwrap(), of_shards, sizes).await.expect("a node starts all the same");
    let world = world(context_over(db, &url, folder.path())).await;
    let tokens = holders(&world, 40).await;
    let asked = tokens.iter().enumerate().map(|(at, (_, token))| world.spawn(&world.service, token, &format!("{at}")));
    for ((holder, _), answer) in tokens.iter().zip(answers(asked.collect()).await) {
        match four().of(*holder).place() {
            2 => assert_eq!(answer.unwrap_err().code(), Some(Code::Undetermined)),
            _ => assert_eq!(answer.unwrap().verdict.reason(), ""),
        }
    }
    let shard = four().all().nth(2).unwrap();
    assert!(matches!(world.context.db.batch_of(shard).await, Err(DbError::Unavailable(_))));
    world.context.db.writable().await.expect("the database itself is well");
    world.context.db.close().await;
}

#[tokio::test]
async fn shards_take_no_connections_from_each_other() {
    let url = Engine::Postgres.new_database(&std::env::temp_dir()).await;
    let sizes = PoolSizes { connections: 18, shards: four(), acquire_timeout_seconds: 1, ..PoolSizes::default() };
    let db = Db::open_spread(Address::parse(&url).unwrap(), Vec::new(), sizes).await.unwrap();
    let mut held = Vec::new();
    for shard in four().all() {
        held.extend([db.batch_of(shard).await.unwrap(), db.batch_of(shard).await.unwrap()]);
        assert!(matches!(db.batch_of(shard).await, Err(DbError::Unavailable(_))), "a shard has two");
    }
    held.push(db.batch().await.unwrap());
    for _ in 0..9 {
        held.push(db.read().await.unwrap());
    }
    let all = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()";
    assert_eq!(ikd::fetch_one!(&mut held[0], (i64,), all).unwrap().0, 18, "no more than were allowed");
    drop(held);
    db.close().await;
}
