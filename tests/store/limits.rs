//! How long a server lets a connection hold things up.

use std::time::Duration;

use ikd::db::{Db, DbError, PoolSizes, Tx};
use ikd::{execute, fetch_one};

use support::Engine;

#[tokio::test]
async fn a_statement_and_an_idle_transaction_are_ended_by_the_server_and_a_migration_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let url = Engine::Postgres.new_database(folder.path()).await;
    let sizes = PoolSizes {
        connections: 2,
        statement_timeout_seconds: 1,
        idle_transaction_timeout_seconds: 1,
        ..PoolSizes::default()
    };
    let db = Db::open(&url, sizes).await.unwrap();
    db.migrate().await.unwrap();
    for _ in 0..3 {
        let mut reader = db.read().await.unwrap();
        let limit = fetch_one!(&mut reader, (String,), "SELECT current_setting('statement_timeout')").unwrap().0;
        assert_eq!(limit, "1s", "also on the connections after a migration");
    }
    let mut reader = db.read().await.unwrap();
    let slept = fetch_one!(&mut reader, (String,), "SELECT CAST(pg_sleep(5) AS TEXT)");
    assert!(matches!(slept, Err(DbError::Unavailable(_))), "{slept:?}");
    drop(reader);
    let mut tx = db.write().await.unwrap();
    let lease = "INSERT INTO lease (name, holder, expires_at) VALUES ('x', $1, 0)";
    execute!(&mut tx, lease, uuid::Uuid::nil()).unwrap();
    tokio::time::sleep(Duration::from_millis(1_800)).await;
    assert!(matches!(tx.commit().await, Err(DbError::Unavailable(_))));
    // The next who asks may meet a connection that the server ended; the one after that does not.
    let _ = db.ping().await;
    db.ping().await.unwrap();
    let mut reader = db.read().await.unwrap();
    assert_eq!(fetch_one!(&mut reader, (i64,), "SELECT COUNT(*) FROM lease").unwrap().0, 0);
    drop(reader);
    db.close().await;
}

/// A database of its own, and a handle with four connections: two for batches and two for the rest.
async fn of_four() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let url = Engine::Postgres.new_database(folder.path()).await;
    let sizes = PoolSizes { connections: 4, acquire_timeout_seconds: 1, ..PoolSizes::default() };
    (folder, Db::open(&url, sizes).await.unwrap())
}

/// The server's process behind a connection.
async fn process(tx: &mut Tx) -> i32 {
    fetch_one!(tx, (i32,), "SELECT pg_backend_pid()").unwrap().0
}

#[tokio::test]
async fn batches_keep_their_connections_and_ask_nothing_between() {
    let (_folder, db) = of_four().await;
    let first = process(&mut db.batch().await.unwrap()).await;
    for _ in 0..3 {
        let mut batch = db.batch().await.unwrap();
        let settings = "SELECT current_setting('statement_timeout'), current_setting('synchronous_commit'), \
            current_setting('application_name')";
        let settings = fetch_one!(&mut batch, (String, String, String), settings).unwrap();
        assert_eq!(settings, ("30s".into(), "on".into(), "ikd".into()));
        assert_eq!(process(&mut batch).await, first);
    }
    let mut reader = db.read().await.unwrap();
    let last =
        fetch_one!(&mut reader, (String,), "SELECT query FROM pg_stat_activity WHERE pid = $1", first).unwrap().0;
    assert_eq!(last, "SELECT pg_backend_pid()", "the batch's own statement was the last");
    drop(reader);
    db.close().await;
}

#[tokio::test]
async fn batches_and_the_rest_take_no_connections_from_each_other() {
    let (_folder, db) = of_four().await;
    let busy = [db.batch().await.unwrap(), db.batch().await.unwrap()];
    assert!(matches!(db.batch().await, Err(DbError::Unavailable(_))), "a third batch waits");
    let rest = [db.read().await.unwrap(), db.read().await.unwrap()];
    let refused = db.read().await;
    assert!(matches!(refused, Err(DbError::Unavailable(_))));
    drop(busy);
    let mut batch = db.batch().await.unwrap();
    let held = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()";
    assert_eq!(fetch_one!(&mut batch, (i64,), held).unwrap().0, 4);
    drop((batch, rest));
    db.close().await;
    assert!(matches!(db.batch().await, Err(DbError::Unavailable(_))), "a closed database has none");
}

#[tokio::test]
async fn a_statement_that_was_given_up_leaves_its_connection_to_nobody() {
    let (_folder, db) = of_four().await;
    let mut batch = db.batch().await.unwrap();
    let first = process(&mut batch).await;
    let given_up = tokio::time::timeout(Duration::from_millis(50), async {
        fetch_one!(&mut batch, (String,), "SELECT 'late' || CAST(pg_sleep(0.2) AS TEXT)")
    });
    assert!(given_up.await.is_err());
    drop(batch);
    let mut batch = db.batch().await.unwrap();
    let second = process(&mut batch).await;
    assert_ne!(second, first);
    // What the server refuses is answered to its end, so that connection may serve on.
    assert!(fetch_one!(&mut batch, (i64,), "SELECT 1 / CAST(0 AS BIGINT)").is_err());
    drop(batch);
    for _ in 0..3 {
        assert_ne!(process(&mut db.batch().await.unwrap()).await, first);
    }
    // One that the server ended is met once, and kept no longer.
    let ended = process(&mut db.batch().await.unwrap()).await;
    let mut reader = db.read().await.unwrap();
    assert!(fetch_one!(&mut reader, (bool,), "SELECT pg_terminate_backend($1, 5000)", ended).unwrap().0);
    drop(reader);
    let mut batch = db.batch().await.unwrap();
    assert!(matches!(fetch_one!(&mut batch, (i32,), "SELECT pg_backend_pid()"), Err(DbError::Unavailable(_))));
    drop(batch);
    assert_ne!(process(&mut db.batch().await.unwrap()).await, ended);
    db.close().await;
}
