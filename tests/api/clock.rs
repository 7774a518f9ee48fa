//! A node whose clock is off serves nobody, because what it writes would lock people out.

use std::time::Duration;

use ikd::clock::Timestamp;
use ikd::credential::KeyPurpose;
use ikd::keyring::Keyring;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use support::each_engine;
use support::world::World;

async fn ready(world: &World) -> (u16, Value) {
    // Readiness is remembered for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    let answer = world.get("/health/ready").send().await;
    (answer.status.as_u16(), answer.json)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_ahead_spends_nothing_and_locks_nobody_out() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let resident = world.resident_id(&holder.record).await;
        let spent = async || world.count("SELECT last_spent FROM credential WHERE resident_id = $1", resident).await;
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");
        world.app.clock_watch.judge_any_clock();
        assert_eq!(ready(&world).await.0, 200);
        let (token, before) = (world.present(&holder, "basic").await, spent().await);

        world.later(3_600);
        for path in ["/v1/me", "/v1/me/verifications"] {
            let answer = holder.client.get(path).await.expect(503);
            assert_eq!((answer.code(), answer.retry_after), ("unavailable", Some(5)), "{path}");
        }
        let key = world.key();
        let asked = world.bank().verify(&token, "open_account", &key).await;
        assert_eq!(asked.expect(503).retry_after, Some(5));
        let (status, said) = ready(&world).await;
        assert_eq!((status, &said["clock"]), (503, &Value::from("off")));
        assert!((3_595..=3_605).contains(&said["clock_off_seconds"].as_i64().unwrap()), "{said}");
        assert_eq!(spent().await, before);

        world.later(-3_600);
        let asked = world.bank().verify(&token, "open_account", &key).await.expect(200);
        assert_eq!(asked.verdict(), "valid");
        assert_eq!(ready(&world).await.0, 200);
        world.later(-60);
        assert_eq!(ready(&world).await.1["clock"], "off", "behind is as wrong as ahead");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_s_clock_is_what_counts_where_there_is_one() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let watch = &world.app.clock_watch;
        watch.judge_any_clock();
        watch.look().await.unwrap();
        match world.context.db.server_time().await.unwrap() {
            // The embedded database has no clock but this machine's.
            None => assert_eq!(watch.off_by(), None),
            Some(micros) => {
                // The test's clock stands in November 2026; the server's does not.
                let off = world.context.now().seconds_since(Timestamp::from_micros(micros));
                assert!((watch.off_by().unwrap() - off).abs() <= 2);
                world.later(-off);
                watch.look().await.unwrap();
                assert_eq!(watch.off_by(), None);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_ahead_ends_and_deletes_nothing() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let waiting = world.waiting(&world.people[0]).await;
        let ended = world.register(&world.people[1]).await;
        world
            .change(
                "UPDATE registration SET state = 'cancelled', ended_at = updated_at WHERE registration_id = $1",
                ended.uuid(),
            )
            .await;
        let living = "SELECT COUNT(*) FROM registration WHERE registration_id = $1 AND ended_at IS NULL";
        let kept = "SELECT COUNT(*) FROM registration WHERE registration_id = $1";
        let retired = "SELECT COUNT(*) FROM signing_key WHERE state = 'retired' AND $1 = $1";
        Keyring::rotate(&world.context, KeyPurpose::Token).await.unwrap();
        world.app.keyring.refresh().await.unwrap();
        let retiring = "SELECT COUNT(*) FROM signing_key WHERE state = 'retiring' AND $1 = $1";
        assert_eq!(world.count(retiring, Uuid::nil()).await, 1);
        world.app.clock_watch.judge_any_clock();

        world.later(400 * 86_400);
        assert!(!world.app.sweeper().sweep(Uuid::nil()).await.unwrap());
        assert_eq!(world.count(living, waiting.uuid()).await, 1);
        assert_eq!(world.count(kept, ended.uuid()).await, 1);
        let stop = CancellationToken::new();
        let (keyring, clock) = (world.app.keyring.clone(), world.app.clock_watch.clone());
        let running = tokio::spawn(keyring.run(move || clock.off_by().is_none(), stop.clone()));
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stop.cancel();
        running.await.unwrap();
        assert_eq!(world.count(retired, Uuid::nil()).await, 0);

        world.later(-400 * 86_400);
        assert!(world.app.sweeper().sweep(Uuid::nil()).await.unwrap());
    })
    .await;
}
