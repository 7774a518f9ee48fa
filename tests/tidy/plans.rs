//! What the server and the file would do to answer a statement: which tables they read, and by which way.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};

use crate::demand;
use crate::schema::{Wanted, whole};
use crate::texts::statements;

/// A database of the server whose plans are asked for.
pub struct Plans(PgConnection);

impl Plans {
    /// Those of the database at this URL. What an index can answer is answered by it, however small the tables are.
    pub async fn of(url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute("SET plan_cache_mode = force_custom_plan").await.unwrap();
        connection.execute("SET enable_seqscan = off").await.unwrap();
        Self(connection)
    }

    /// The plan of a statement, with invented values in the places of its parameters.
    pub async fn plan(&mut self, statement: &str) -> String {
        self.0.execute(AssertSqlSafe(format!("PREPARE asked AS {statement}"))).await.unwrap();
        let types: Vec<String> =
            sqlx::query_scalar("SELECT unnest(parameter_types)::text FROM pg_prepared_statements WHERE name = 'asked'")
                .fetch_all(&mut self.0)
                .await
                .unwrap();
        let values: Vec<_> = types.iter().map(|kind| value(kind)).collect();
        let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
        let lines =
            self.0.fetch_all(AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE asked{values}"))).await.unwrap();
        self.0.execute("DEALLOCATE asked").await.unwrap();
        lines.iter().map(|line| line.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
    }
}

/// A value of a type, or an array of one.
fn value(kind: &str) -> String {
    if let Some(one) = kind.strip_suffix("[]") {
        return format!("ARRAY[{}]", value(one));
    }
    let text = match kind {
        "bigint" | "integer" => "1",
        "bytea" => "\\x01",
        "text" => "x",
        "uuid" => "00000000-0000-0000-0000-000000000001",
        other => panic!("no value is known for the type {other}"),
    };
    format!("'{text}'::{kind}")
}

/// Statements that read a table whole, each with its reason.
const READ_WHOLE: &[(&str, &str)] = &[
    // A handful of keys and of nodes.
    ("src/keyring/store.rs", "ALL"),
    ("src/keyring/store.rs", "RETIRE"),
    ("src/keyring/store.rs", "LACKING"),
    ("src/keyring/store.rs", "HOLDING"),
    ("src/keyring/store.rs", "FORGET_OLD"),
    ("src/keyring/store.rs", "FORGET_OLD_KEYS"),
    ("src/keyring/roots/store.rs", "ALL"),
    ("src/keyring/roots/store.rs", "LACKING"),
    ("src/keyring/roots/store.rs", "HOLDING"),
    ("src/keyring/roots/store.rs", "FORGET_OLD"),
    ("src/keyring/roots/store.rs", "SEALING_OTHERWISE"),
    // Requests that wait for a supervisor, and people who are logged in: looked through by one node now and then.
    ("src/registration/store/second_person.rs", "SWEEP"),
    ("src/staff/store/session.rs", "SWEEP"),
    // All of them are meant, once a copy of the database was restored.
    ("src/staff/store/session.rs", "END_EVERYBODYS"),
    ("src/staff/store/account.rs", "SPEND_ALL_STEPS"),
    ("src/activation_code/store.rs", "END_ALL"),
];

#[tokio::test]
async fn nothing_that_grows_is_read_whole() {
    let mut both = Both::open().await;
    let (mut found, mut needed) = (Vec::new(), BTreeSet::new());
    for statement in statements() {
        let sql = whole(&statement.text.text);
        let plan = both.plan(&sql).await;
        let reads = |line: &&str| {
            let line = line.trim_start_matches([' ', '-', '>']);
            line.starts_with("Seq Scan on ") || line.starts_with("SCAN ") && !line.contains(" USING ")
        };
        if let Some(line) = plan.lines().filter(|line| !line.contains("CONSTANT ROW")).find(reads) {
            match READ_WHOLE.iter().find(|known| **known == (&*statement.source.path, &*statement.text.place)) {
                Some(known) => drop(needed.insert(known)),
                None => found.push(format!("{}: {}", statement.at(), line.trim())),
            }
        }
    }
    demand("a statement finds its rows by an index, or says why it reads them all", found);
    assert_eq!(needed.len(), READ_WHOLE.len(), "an entry that nothing needs: only {needed:?} are");
}

#[tokio::test]
async fn a_device_is_given_up_by_its_key() {
    let unbind = statements().find(|one| one.text.place == "UNBIND").unwrap();
    let plan = Both::open().await.plan(&unbind.text.text).await;
    assert!(plan.contains("Index Scan using device_binding_pkey on device_binding"), "{plan}");
    assert!(plan.contains("SEARCH device_binding USING INDEX sqlite_autoindex_device_binding_1"), "{plan}");
    let scan = Both::open().await.plan("DELETE FROM device_binding WHERE resident_id = $1").await;
    assert!(scan.contains("Seq Scan on device_binding") && scan.contains("SCAN device_binding"), "{scan}");
}

/// Both engines.
struct Both {
    sqlite: SqliteConnection,
    server: Plans,
    _folder: tempfile::TempDir,
}

impl Both {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let context = support::context(support::Engine::Sqlite, folder.path()).await;
        let sqlite = SqliteConnection::connect(context.config.database.url.expose()).await.unwrap();
        let server = Plans::of(&support::postgres::new_database().await).await;
        Self { sqlite, server, _folder: folder }
    }

    /// The plans of a statement on the engines that it is for, one after the other.
    async fn plan(&mut self, statement: &str) -> String {
        let wanted = Wanted::by(statement);
        let mut plan = String::new();
        if wanted != Wanted::Sqlite {
            plan.push_str(&self.server.plan(statement).await);
        }
        if wanted != Wanted::Postgres {
            let asked = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            for row in self.sqlite.fetch_all(asked).await.unwrap() {
                plan.push('\n');
                plan.push_str(&row.get::<String, _>("detail"));
            }
        }
        plan
    }
}
