//! Both schemas are the same, and every statement of the code is one that they understand.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};

use crate::demand;
use crate::sql::may_differ;
use crate::texts::statements;

#[test]
fn both_folders_hold_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<_> {
        let folder = support::root().join("migrations").join(engine);
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

/// table → column → (type in SQLite's words, may be null, position in the primary key).
type Tables = BTreeMap<String, BTreeMap<String, (String, bool, i64)>>;

#[tokio::test]
async fn both_schemas_are_equal() {
    let Engines { mut sqlite, mut postgres, _folder } = Engines::open().await;

    let rows: Vec<(String, String, String, i64, i64)> = sqlx::query_as(
        "SELECT t.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_schema t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '_sqlx_%'",
    )
    .fetch_all(&mut sqlite)
    .await
    .unwrap();
    let mut ours = Tables::new();
    for (table, column, kind, not_null, key) in rows {
        ours.entry(table).or_default().insert(column, (kind, not_null == 0, key));
    }

    let rows: Vec<(String, String, String, bool, i64)> = sqlx::query_as(
        "SELECT c.table_name::text, c.column_name::text, c.data_type::text, c.is_nullable = 'YES',
             COALESCE((SELECT k.ordinal_position FROM information_schema.table_constraints t
                 JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name)
                 WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_name = c.table_name
                 AND k.table_name = c.table_name AND k.column_name = c.column_name), 0)::bigint
         FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_sqlx\\_%'",
    )
    .fetch_all(&mut postgres)
    .await
    .unwrap();
    let mut theirs = Tables::new();
    for (table, column, kind, null, key) in rows {
        let kind = match kind.as_str() {
            "bigint" => "INTEGER",
            "bytea" | "uuid" => "BLOB",
            "text" => "TEXT",
            other => panic!("{table}.{column}: {other} is not a type that both engines have"),
        };
        theirs.entry(table).or_default().insert(column, (kind.to_owned(), null, key));
    }
    assert!(ours.len() > 10, "the schema was not read");
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (table, columns) in &ours {
        assert_eq!(columns, &theirs[table], "{table}");
    }

    let indexes: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT name, tbl_name, sql LIKE 'CREATE UNIQUE%' FROM sqlite_schema
         WHERE type = 'index' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .fetch_all(&mut sqlite)
    .await
    .unwrap();
    let same: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT i.indexname::text, i.tablename::text, i.indexdef LIKE 'CREATE UNIQUE%' FROM pg_indexes i
         WHERE i.schemaname = 'public' AND i.tablename NOT LIKE '\\_sqlx\\_%'
         AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) ORDER BY i.indexname COLLATE \"C\"",
    )
    .fetch_all(&mut postgres)
    .await
    .unwrap();
    assert_eq!(indexes, same);
}

/// Both engines with the whole schema.
struct Engines {
    sqlite: SqliteConnection,
    postgres: PgConnection,
    _folder: tempfile::TempDir,
}

impl Engines {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let context = support::context(support::Engine::Sqlite, folder.path()).await;
        let sqlite = SqliteConnection::connect(context.config.database.url.expose()).await.unwrap();
        let postgres = PgConnection::connect(&support::postgres::new_database().await).await.unwrap();
        Self { sqlite, postgres, _folder: folder }
    }

    /// What an engine says against a statement.
    async fn refusals(&mut self, statement: &str) -> Vec<String> {
        let engines = Wanted::by(statement);
        let mut refusals = Vec::new();
        if engines != Wanted::Postgres {
            let prepared = self.sqlite.prepare(AssertSqlSafe(statement.to_owned()).into_sql_str()).await;
            refusals.extend(prepared.err().map(|error| format!("SQLite: {error}")));
        }
        if engines != Wanted::Sqlite {
            let prepared = self.postgres.prepare(AssertSqlSafe(statement.to_owned()).into_sql_str()).await;
            refusals.extend(prepared.err().map(|error| format!("PostgreSQL: {error}")));
        }
        refusals
    }
}

/// Which engine a statement is for: where texts differ, by what only one of them understands.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Wanted {
    Both,
    Sqlite,
    Postgres,
}

impl Wanted {
    /// That of this one.
    pub fn by(statement: &str) -> Self {
        let any = |words: &[&str]| words.iter().any(|word| statement.contains(word));
        if any(&["UNNEST(", "ANY($", "::", "clock_timestamp", "pg_"]) {
            Self::Postgres
        } else if any(&["?1", "pragma_"]) {
            Self::Sqlite
        } else {
            Self::Both
        }
    }
}

/// A statement that code puts together out of parts, whole: one row for `VALUES `, and one value for what is filled in.
pub fn whole(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(" VALUES") {
        let columns = text.rsplit_once('(').map_or(0, |(_, columns)| columns.split(',').count());
        let values: Vec<String> = (1..=columns).map(|column| format!("${column}")).collect();
        return format!("{text} ({})", values.join(", "));
    }
    match (text.find('{'), text.rfind('}')) {
        (Some(from), Some(to)) if from < to => format!("{}$1{}", &text[..from], &text[to + 1..]),
        _ => text.to_owned(),
    }
}

#[tokio::test]
async fn every_statement_is_understood_by_its_engines() {
    let mut engines = Engines::open().await;
    let statements: Vec<_> = statements().collect();
    let (mut refused, mut on_one) = (Vec::new(), 0);
    for statement in &statements {
        let sql = whole(&statement.text.text);
        if Wanted::by(&sql) != Wanted::Both {
            on_one += 1;
            if !may_differ(&statement.source.path) {
                refused.push(format!("{}: is for one engine only", statement.at()));
            }
        }
        refused
            .extend(engines.refusals(&sql).await.into_iter().map(|refusal| format!("{}: {refusal}", statement.at())));
    }
    println!("{} statements, {on_one} of them for one engine", statements.len());
    demand("every statement can be prepared on the schema of its engines", refused);
    assert!(statements.len() > 200, "only {} statements were read", statements.len());
}

#[tokio::test]
async fn a_column_that_is_none_is_refused_on_both() {
    let mut engines = Engines::open().await;
    assert_eq!(engines.refusals("SELECT no_such_column FROM registration WHERE registration_id = $1").await.len(), 2);
    assert_eq!(engines.refusals("SELECT state FROM registration WHERE registration_id = $1").await, [""; 0]);
    assert_eq!(whole("INSERT INTO t (a, b) VALUES "), "INSERT INTO t (a, b) VALUES ($1, $2)");
    assert_eq!(whole("SELECT a FROM t WHERE a IN ({list})"), "SELECT a FROM t WHERE a IN ($1)");
}
