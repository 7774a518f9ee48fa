//! How long a server lets a connection hold things up.

use ikd::db::{Db, DbError, PoolSizes};
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
    tokio::time::sleep(std::time::Duration::from_millis(1_800)).await;
    assert!(matches!(tx.commit().await, Err(DbError::Unavailable(_))));
    // The next who asks may meet a connection that the server ended; the one after that does not.
    let _ = db.ping().await;
    db.ping().await.unwrap();
    let mut reader = db.read().await.unwrap();
    assert_eq!(fetch_one!(&mut reader, (i64,), "SELECT COUNT(*) FROM lease").unwrap().0, 0);
    drop(reader);
    db.close().await;
}
