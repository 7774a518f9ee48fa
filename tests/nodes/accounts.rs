//! A service whose account of the database can change neither the schema nor what is only ever added.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use support::postgres::run_file;
use support::world::World;
use support::{Engine, root};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_that_serves_does_everything_but_change_the_schema_and_the_log() {
    let world = World::with_people(Engine::Postgres, 2).await;
    let mut owner = PgConnection::connect(&world.database).await.unwrap();
    // Roles are the server's, not the database's.
    let make = "DO $$ BEGIN CREATE ROLE ikd_service LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$";
    owner.execute(make).await.unwrap();
    for _ in 0..2 {
        run_file(&world.database, &["-v", "service=ikd_service"], &root().join("packaging/accounts.sql")).unwrap();
    }
    let served = world.database.replace("ikd@", "ikd_service@");
    let account = [("DATABASE__URL", served.as_str()), ("DATABASE__MIGRATE_ON_START", "false")];
    let node = world.node(&account).await;

    // The whole flow, a block, and what jobs and commands do.
    let mut resident = world.waiting(&[&node.base], 0, "warga@surel.example").await;
    let officer = world.log_in_at(&node.base, world.officer()).await;
    world.visit(&officer, &resident).await;
    world.activate(&mut resident).await;
    let bank = world.bank(&node.base);
    let token = world.present(&resident, "full").await;
    assert_eq!(world.verdict_of(&bank, &token).await, "valid");
    assert_eq!(world.verdict_of(&bank, &token).await, "already_used");
    resident.client.post("/v1/me/block", &json!({})).await.expect(200);
    for command in
        [["audit", "verify"].as_slice(), &["office", "add", "UJI-02", "Kantor Lain"], &["keys", "rotate", "token"]]
    {
        let done = world.run_with(&account, command).await;
        assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    // What whoever holds its password cannot do.
    let mut intruder = PgConnection::connect(&served).await.unwrap();
    for sql in [
        "UPDATE audit_event SET outcome = 'done'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "DELETE FROM life_event",
        "UPDATE life_event SET kind = 'lifted'",
        "DELETE FROM verification",
        "UPDATE verification SET purpose = 'other'",
        "DELETE FROM receipt_batch",
        "UPDATE receipt_batch SET checks = leaves",
        "DROP TABLE audit_event",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "CREATE TABLE more (a INTEGER)",
        "UPDATE _sqlx_migrations SET success = false",
    ] {
        let refused = intruder.execute(AssertSqlSafe(sql)).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code().map(|code| code.to_string()));
        assert_eq!(code.as_deref(), Some("42501"), "{sql}: {refused}");
    }
}
