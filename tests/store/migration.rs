//! Bringing a server's schema up to date: statement by statement, several nodes at once, whole or not at all.

use ikd::db::{Db, DbResult, PoolSizes};
use sha2::{Digest, Sha384};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use support::postgres::bare_database;

async fn migrate(url: &str) -> DbResult<()> {
    let db = Db::open(url, PoolSizes::default()).await?;
    let done = db.migrate().await;
    db.close().await;
    done
}

#[tokio::test]
async fn each_statement_reaches_the_server_alone() {
    let url = bare_database().await;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let watch = "CREATE SCHEMA watch;
        CREATE TABLE watch.seen (tag TEXT NOT NULL, text TEXT NOT NULL);
        CREATE FUNCTION watch.see() RETURNS event_trigger LANGUAGE plpgsql
            AS $$ BEGIN INSERT INTO watch.seen VALUES (tg_tag, current_query()); END $$;
        CREATE EVENT TRIGGER see ON ddl_command_end EXECUTE FUNCTION watch.see();";
    admin.execute(watch).await.unwrap();
    migrate(&url).await.unwrap();
    let seen: Vec<(String, String)> =
        sqlx::query_as("SELECT tag, text FROM watch.seen").fetch_all(&mut admin).await.unwrap();
    assert!(seen.len() > 50, "only {} changes were seen", seen.len());
    for (tag, text) in seen {
        let code: Vec<&str> = text.lines().filter_map(|line| line.split("--").next()).collect();
        // sqlx ends the one of its own table.
        let code = code.join(" ");
        assert!(!code.trim_end().trim_end_matches(';').contains(';'), "{tag} came with others: {text}");
    }
}

#[tokio::test]
async fn what_was_done_is_recorded_as_sqlx_records_it() {
    let url = bare_database().await;
    migrate(&url).await.unwrap();
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let rows: Vec<(i64, String, bool, Vec<u8>)> =
        sqlx::query_as("SELECT version, description, success, checksum FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&mut admin)
            .await
            .unwrap();
    let folder = support::root().join("migrations/postgres");
    let theirs = Migrator::new(folder.as_path()).await.unwrap();
    assert_eq!(rows.len(), theirs.iter().count());
    let first = std::fs::read(folder.join("0001_initial.sql")).unwrap();
    assert_eq!(rows[0], (1, String::from("initial"), true, Sha384::digest(first).to_vec()));
    theirs.run(&mut admin).await.expect("sqlx finds nothing to do and nothing changed");
    migrate(&url).await.expect("nor do we, again");

    let changed = "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 1";
    sqlx::query(changed).execute(&mut admin).await.unwrap();
    let told = migrate(&url).await.unwrap_err().to_string();
    assert!(told.contains("migration 1 was previously applied but has been modified"), "{told}");
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'newer', true, '\\x00', 0)";
    sqlx::query(newer).execute(&mut admin).await.unwrap();
    let told = migrate(&url).await.unwrap_err().to_string();
    assert!(told.contains("9999"), "{told}");
}

#[tokio::test]
async fn one_that_fails_says_where_leaves_nothing_and_can_be_run_again() {
    let url = bare_database().await;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    admin.execute("CREATE TABLE use_window (in_the_way BIGINT)").await.unwrap();
    let told = migrate(&url).await.unwrap_err().to_string();
    assert!(told.contains("migration 1 stopped at statement "), "{told}");
    assert!(told.contains("(CREATE TABLE use_window ()") && told.contains("already exists"), "{told}");
    let count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_sqlx\\_%'";
    let left: i64 = sqlx::query_scalar(count).fetch_one(&mut admin).await.unwrap();
    assert_eq!(left, 1, "nothing of it is there");
    admin.execute("DROP TABLE use_window").await.unwrap();
    migrate(&url).await.unwrap();
    let made: i64 = sqlx::query_scalar(count).fetch_one(&mut admin).await.unwrap();
    assert!(made > 30, "{made}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_may_migrate_a_new_database_at_once() {
    let url = bare_database().await;
    for done in futures_util::future::join_all((0..6).map(|_| migrate(&url))).await {
        done.unwrap();
    }
}

/// The texts of an engine's migrations up to one, and that one.
fn texts(engine: &str, last: &str) -> (String, String) {
    let folder = support::root().join("migrations").join(engine);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let text = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    let before = files.iter().take_while(|path| !path.ends_with(last)).map(text).collect();
    (before, text(&folder.join(last)))
}

const OLD_EVENT: &str =
    "INSERT INTO life_event (event_id, resident_id, kind, reason, at, actor_kind, actor_id, office_id)
    VALUES ($1, $1, 'stopped', 'closed', 7, 'resident', $1, NULL)";
const NEW_EVENT: &str =
    "INSERT INTO life_event (event_id, resident_id, kind, reason, at, actor_kind, actor_id, office_id)
    VALUES ($1, $1, 'check_disputed', NULL, 8, 'resident', $1, NULL)";
const NO_EVENT: &str =
    "INSERT INTO life_event (event_id, resident_id, kind, reason, at, actor_kind, actor_id, office_id)
    VALUES ($1, $1, 'made_up', NULL, 8, 'resident', $1, NULL)";
const EVENTS: &str = "SELECT kind, reason, at FROM life_event ORDER BY at";

#[tokio::test]
async fn events_outlive_the_migration_with_which_their_kinds_grow() {
    let id = uuid::Uuid::from_u128;
    let expected = [("stopped".to_owned(), Some("closed".to_owned()), 7_i64), ("check_disputed".to_owned(), None, 8)];

    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("old.db").display());
    let (mut sqlite, (before, this)) =
        (SqliteConnection::connect(&url).await.unwrap(), texts("sqlite", "0003_cases.sql"));
    sqlx::raw_sql(AssertSqlSafe(before)).execute(&mut sqlite).await.unwrap();
    sqlx::query(OLD_EVENT).bind(id(1)).execute(&mut sqlite).await.unwrap();
    sqlx::query(NEW_EVENT).bind(id(2)).execute(&mut sqlite).await.unwrap_err();
    sqlx::raw_sql(AssertSqlSafe(this)).execute(&mut sqlite).await.unwrap();
    sqlx::query(NEW_EVENT).bind(id(2)).execute(&mut sqlite).await.unwrap();
    sqlx::query(NO_EVENT).bind(id(3)).execute(&mut sqlite).await.unwrap_err();
    let found: Vec<(String, Option<String>, i64)> = sqlx::query_as(EVENTS).fetch_all(&mut sqlite).await.unwrap();
    assert_eq!(found, expected);

    let url = bare_database().await;
    let (mut server, (before, this)) =
        (PgConnection::connect(&url).await.unwrap(), texts("postgres", "0003_cases.sql"));
    sqlx::raw_sql(AssertSqlSafe(before)).execute(&mut server).await.unwrap();
    sqlx::query(OLD_EVENT).bind(id(1)).execute(&mut server).await.unwrap();
    sqlx::query(NEW_EVENT).bind(id(2)).execute(&mut server).await.unwrap_err();
    sqlx::raw_sql(AssertSqlSafe(this)).execute(&mut server).await.unwrap();
    sqlx::query(NEW_EVENT).bind(id(2)).execute(&mut server).await.unwrap();
    sqlx::query(NO_EVENT).bind(id(3)).execute(&mut server).await.unwrap_err();
    let found: Vec<(String, Option<String>, i64)> = sqlx::query_as(EVENTS).fetch_all(&mut server).await.unwrap();
    assert_eq!(found, expected);
}

const OLD_OFFICES: &str = "INSERT INTO office (office_id, code, name, kind, created_at) VALUES ($1, 'A', 'A', 'office', 1), \
    ($2, 'B', 'B', 'outreach', 2)";
const OFFICES: &str = "SELECT code, kind, created_at FROM office ORDER BY code";
const ABOVE: &str = "SELECT office_id, above_id FROM office_above WHERE distance = 0 ORDER BY office_id";

#[tokio::test]
async fn offices_of_before_get_their_kinds_and_their_place_in_the_tree() {
    let (one, two) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    let expected = [("A".to_owned(), "dinas".to_owned(), 1_i64), ("B".to_owned(), "mobile".to_owned(), 2)];
    let itself = [(one, one), (two, two)];

    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("old.db").display());
    let (mut sqlite, (before, this)) =
        (SqliteConnection::connect(&url).await.unwrap(), texts("sqlite", "0018_offices.sql"));
    sqlx::raw_sql(AssertSqlSafe(before)).execute(&mut sqlite).await.unwrap();
    sqlx::query(OLD_OFFICES).bind(one).bind(two).execute(&mut sqlite).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(this)).execute(&mut sqlite).await.unwrap();
    let found: Vec<(String, String, i64)> = sqlx::query_as(OFFICES).fetch_all(&mut sqlite).await.unwrap();
    assert_eq!(found, expected);
    let above: Vec<(uuid::Uuid, uuid::Uuid)> = sqlx::query_as(ABOVE).fetch_all(&mut sqlite).await.unwrap();
    assert_eq!(above, itself);

    let url = bare_database().await;
    let (mut server, (before, this)) =
        (PgConnection::connect(&url).await.unwrap(), texts("postgres", "0018_offices.sql"));
    sqlx::raw_sql(AssertSqlSafe(before)).execute(&mut server).await.unwrap();
    sqlx::query(OLD_OFFICES).bind(one).bind(two).execute(&mut server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(this)).execute(&mut server).await.unwrap();
    let found: Vec<(String, String, i64)> = sqlx::query_as(OFFICES).fetch_all(&mut server).await.unwrap();
    assert_eq!(found, expected);
    let above: Vec<(uuid::Uuid, uuid::Uuid)> = sqlx::query_as(ABOVE).fetch_all(&mut server).await.unwrap();
    assert_eq!(above, itself);
}
