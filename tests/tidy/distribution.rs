//! What a cluster makes of the schema and of the statements. In its place stands a server whose distributed tables are partitions
//! (docs/adr/0012-a-third-engine.md).

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection, Executor, PgConnection};
use support::postgres::{DISTRIBUTION, distribute, new_database, new_distributed_database, prepare_distribution};

use crate::demand;
use crate::owners::tables_in;
use crate::plans::Plans;
use crate::schema::{Wanted, whole};
use crate::texts::statements;

/// Statements that ask several shards of a table, each with its reason. None is on the way of a good check.
const ASKS_SEVERAL: &[(&str, &str)] = &[
    // A relying party reads a record of its own again, by the id alone.
    ("src/verification/store.rs", "BY_ID"),
    // A resident asks for a new code: the one before is known by its digits only, which nobody keeps. An index of each shard
    // says that it has none.
    ("src/verification/code/store.rs", "VOID"),
    // A holder takes a new block code, or looks whether there is one: codes are found by the NIK, and those of before by what is typed,
    // which nobody keeps.
    ("src/life/store.rs", "VOID_CODES"),
    ("src/life/store.rs", "HAS_CODE"),
    // Blocks that end by themselves, by one node at a time.
    ("src/holder/status.rs", "OVER"),
    // Whose permit to stay ends soon, by one node at a time.
    ("src/holder/permit.rs", "DUE"),
    // Who closed, by one node at a time.
    ("src/holder/status.rs", "TO_ERASE"),
    // Which events the log that outsiders check lacks, by whichever node holds its row; and all of them, by a command.
    ("src/life/store.rs", "UNLOGGED"),
    ("src/life/store.rs", "LOGGED"),
    // The same of batches of checks; the checks of one, by that command, whose holders a batch does not name; and a receipt's batch, which who
    // has the receipt knows by its root.
    ("src/verification/proof.rs", "UNLOGGED"),
    ("src/verification/proof.rs", "LOGGED"),
    ("src/verification/proof.rs", "CHECKS"),
    ("src/verification/proof.rs", "WITH_ROOT"),
    // Which checks stand in no batch, by that command too.
    ("src/verification/proof.rs", "MEMBERS"),
    ("src/verification/proof.rs", "FIRST"),
    // What digital KTPs showed before is forgotten by its age, by one node at a time.
    ("src/refresh/store.rs", "SWEEP"),
    // What is over is forgotten by its age, by one node at a time.
    ("src/verification/code/store.rs", "SWEEP"),
    ("src/verification/code/store.rs", "SWEEP_USED"),
    ("src/verification/quota.rs", "FORGET_REFUSALS"),
    ("src/verification/quota.rs", "FORGET_REPEATS"),
    ("src/window.rs", "SWEEP"),
    // What is void in a list, whoever's it is: read by a node once a second at most while somebody asks for the list.
    ("src/status_list/store.rs", "VOIDED"),
    ("src/status_list/store.rs", "FORGET_ENTRIES"),
    // What waits for the stop log, whoever it is about: read by each node once a second, and it is a handful.
    ("src/stop_log/store.rs", "WAITING"),
    // All rows, to be sealed anew under another root secret: by one node at a time, a few at once.
    ("src/holder/mod.rs", "SEALED_COLUMNS"),
    ("src/refresh/mod.rs", "SEALED_COLUMNS"),
    // Printed cards, once a copy of the database was restored.
    ("src/status_list/store.rs", "COUNTING"),
];

/// Where a table is.
struct Place {
    /// `distributed`, `reference` or `whole`.
    kind: String,
    /// By which column, and the table whose shards its own lie beside.
    by: Option<(String, String)>,
}

type Places = BTreeMap<String, Place>;

/// Where the tables of a database are, as its stand-ins were told.
async fn places(url: &str) -> Places {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let asked = "SELECT logicalrelid::text, kind, by_column, beside FROM citus.pg_dist_partition";
    let rows: Vec<(String, String, Option<String>, Option<String>)> =
        sqlx::query_as(asked).fetch_all(&mut connection).await.unwrap();
    rows.into_iter().map(|(table, kind, column, beside)| (table, Place { kind, by: column.zip(beside) })).collect()
}

/// The shards that a plan names, by the table that they lie beside: tables that lie beside each other are to be asked on the same.
fn shards<'a>(plan: &'a str, places: &'a Places) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut shards = BTreeMap::<_, BTreeSet<_>>::new();
    for word in plan.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        if let Some((table, shard)) = word.rsplit_once("_p")
            && shard.bytes().all(|digit| digit.is_ascii_digit())
            && let Some(Place { by: Some((_, beside)), .. }) = places.get(table)
        {
            shards.entry(beside.as_str()).or_default().insert(shard);
        }
    }
    shards
}

/// What is wrong with the shards that a statement asks.
async fn offence(plans: &mut Plans, places: &Places, statement: &str) -> Option<String> {
    let plan = plans.plan(statement).await;
    let shards = shards(&plan, places);
    if let Some((beside, several)) = shards.iter().find(|(_, shards)| shards.len() > 1) {
        return Some(format!("asks shards {} beside {beside}", Vec::from_iter(several.iter().copied()).join(", ")));
    }
    // An insert goes where its rows say.
    let is_distributed = |table: &String| places.get(table).is_some_and(|place| place.by.is_some());
    let silent =
        shards.is_empty() && !statement.contains("INSERT INTO") && tables_in(statement).iter().any(is_distributed);
    silent.then(|| format!("its plan names no shard:\n{plan}"))
}

#[tokio::test]
async fn every_statement_asks_one_shard() {
    let url = new_distributed_database().await;
    let (places, mut plans) = (places(&url).await, Plans::of(&url).await);
    let (mut found, mut needed, mut seen) = (Vec::new(), BTreeSet::new(), 0);
    for statement in statements() {
        let sql = whole(&statement.text.text);
        if Wanted::by(&sql) == Wanted::Sqlite {
            continue;
        }
        seen += 1;
        if let Some(offence) = offence(&mut plans, &places, &sql).await {
            match ASKS_SEVERAL.iter().find(|known| **known == (&*statement.source.path, &*statement.text.place)) {
                Some(known) => drop(needed.insert(known)),
                None => found.push(format!("{}: {offence}", statement.at())),
            }
        }
    }
    demand("a statement on distributed tables names the column, so that it goes to one shard", found);
    assert_eq!(needed.len(), ASKS_SEVERAL.len(), "an entry that nothing needs: only {needed:?} are");
    assert!(seen > 200, "only {seen} statements were read");
}

#[tokio::test]
async fn a_statement_that_asks_several_shards_is_found() {
    let url = new_distributed_database().await;
    let (places, mut plans) = (places(&url).await, Plans::of(&url).await);
    let is_fine = [
        "SELECT state FROM credential WHERE resident_id = $1",
        "SELECT state FROM credential WHERE resident_id = ANY($1)",
        "SELECT c.state FROM credential c JOIN holder_record r ON r.resident_id = c.resident_id WHERE c.resident_id = $1",
        "INSERT INTO device_binding (device_thumbprint, resident_id, bound_at) VALUES ($1, $2, $3)",
        "SELECT state FROM registration WHERE nik_index = $1",
    ];
    for statement in is_fine {
        assert_eq!(offence(&mut plans, &places, statement).await, None, "{statement}");
    }
    let asks_several = [
        "SELECT state FROM credential WHERE activated_at = $1",
        "UPDATE credential SET state = 'blocked' WHERE generation = $1",
        "SELECT c.state FROM credential c JOIN device_binding b ON b.resident_id = c.resident_id WHERE b.device_thumbprint = $1",
        "UPDATE credential AS c SET last_spent = a.issued FROM UNNEST($1::uuid[], $2::bigint[]) AS a (resident_id, issued)
         WHERE c.resident_id = a.resident_id",
        "SELECT 1 FROM credential c, holder_record r
         WHERE c.resident_id = '00000000-0000-0000-0000-000000000001' AND r.resident_id = '00000000-0000-0000-0000-000000000002'",
    ];
    for statement in asks_several {
        assert!(offence(&mut plans, &places, statement).await.is_some(), "{statement}");
    }
}

#[tokio::test]
async fn the_schema_can_be_distributed() {
    let places = places(&new_distributed_database().await).await;
    let mut schema = PgConnection::connect(&new_database().await).await.unwrap();

    let unique = "SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, array_agg(a.attname::text)
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
        WHERE i.indisunique AND i.indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        GROUP BY i.indrelid, i.indexrelid";
    let unique: Vec<(String, String, Vec<String>)> = sqlx::query_as(unique).fetch_all(&mut schema).await.unwrap();
    assert!(unique.len() > 40, "only {} unique indexes were read", unique.len());
    let lacks = |(table, index, columns): (String, String, Vec<String>)| {
        let (column, _) = places.get(&table)?.by.as_ref()?;
        (!columns.contains(column)).then(|| format!("{index} lacks {column}"))
    };
    demand("a unique key of a distributed table holds its column", unique.into_iter().filter_map(lacks).collect());

    let keys = "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'";
    let keys: Vec<(String, String)> = sqlx::query_as(keys).fetch_all(&mut schema).await.unwrap();
    assert!(keys.len() > 3, "only {} foreign keys were read", keys.len());
    // A reference table is where the other one is; two that are whole are on one server.
    let apart = |(from, to): &(String, String)| {
        let (kind, other) = (places[from].kind.as_str(), places[to].kind.as_str());
        kind == "distributed" || !(other == "reference" || (kind, other) == ("whole", "whole"))
    };
    let apart = keys.iter().filter(|key| apart(key)).map(|(from, to)| format!("{from} to {to}"));
    demand("a foreign key points to what is on the same server", apart.collect());

    let triggers: Vec<String> = sqlx::query_scalar("SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal")
        .fetch_all(&mut schema)
        .await
        .unwrap();
    demand("no triggers: shards would not have them", triggers);
    let counted = "SELECT attrelid::regclass::text || '.' || attname FROM pg_attribute LEFT JOIN pg_attrdef
        ON adrelid = attrelid AND adnum = attnum JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND (attidentity <> '' OR pg_get_expr(adbin, adrelid) LIKE '%nextval%')";
    demand(
        "no serials and no identity columns: ids come from the program",
        sqlx::query_scalar(counted).fetch_all(&mut schema).await.unwrap(),
    );
}

#[tokio::test]
async fn the_distribution_can_be_applied_again() {
    let url = new_distributed_database().await;
    let before: Vec<String> = places(&url).await.into_keys().collect();
    assert_eq!(before, Vec::from_iter(crate::owners::tables()));
    let mut admin = PgConnection::connect(&url).await.unwrap();
    admin.execute("CREATE TABLE lease_102045 (LIKE lease)").await.unwrap();
    distribute(&url, &support::root().join(DISTRIBUTION)).expect("a shard of ours is no table without a place");
    assert_eq!(places(&url).await.into_keys().collect::<Vec<_>>(), before);
}

#[tokio::test]
async fn the_distribution_names_every_table_once_or_changes_nothing() {
    let (url, folder) = (new_database().await, tempfile::tempdir().unwrap());
    prepare_distribution(&url);
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let file = support::root().join(DISTRIBUTION);

    admin.execute("CREATE TABLE stray (id UUID NOT NULL PRIMARY KEY)").await.unwrap();
    let told = distribute(&url, &file).unwrap_err();
    assert!(told.contains("leaves out: stray; and names what is no table: nothing"), "{told}");
    admin.execute("DROP TABLE stray; ALTER TABLE lease RENAME TO loan").await.unwrap();
    let told = distribute(&url, &file).unwrap_err();
    assert!(told.contains("leaves out: loan; and names what is no table: lease"), "{told}");
    admin.execute("ALTER TABLE loan RENAME TO lease").await.unwrap();

    let twice = folder.path().join("twice.sql");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&twice, text.replace("('lease', 'whole'),", "('lease', 'whole'), ('setting', 'whole'),")).unwrap();
    let told = distribute(&url, &twice).unwrap_err();
    assert!(told.contains("duplicate key") && told.contains("(setting)"), "{told}");

    assert!(places(&url).await.is_empty(), "something was distributed all the same");
    distribute(&url, &file).unwrap();
}

#[test]
fn migrations_are_what_a_cluster_passes_on() {
    let folder = support::root().join("migrations/postgres");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        found.extend(refused(&text).into_iter().map(|why| format!("{}: {why}", path.display())));
    }
    demand("a distributed schema takes the migration, statement by statement in one transaction", found);
    let changes = [
        ("ALTER TABLE t ADD COLUMN a BIGINT NOT NULL DEFAULT 0;", 0),
        ("ALTER TABLE t ADD COLUMN a BIGINT CHECK (a > 0);", 1),
        ("ALTER TABLE t ADD COLUMN a BIGINT;\nALTER TABLE t ADD CONSTRAINT a CHECK (a > 0);", 0),
        ("CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f();", 1),
        ("-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);", 2),
        ("INSERT INTO t VALUES (E'\\'');", 1),
    ];
    for (text, refusals) in changes {
        assert_eq!(refused(text).len(), refusals, "{text}");
    }
}

/// What a cluster, or our way of applying it, does not take of a migration.
fn refused(text: &str) -> Vec<&'static str> {
    let code: Vec<&str> = text.lines().filter_map(|line| line.split("--").next()).collect();
    let code = code.join(" ").to_uppercase();
    let statements: Vec<String> =
        code.split(';').map(|one| one.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let any = |holds: &dyn Fn(&String) -> bool| statements.iter().any(holds);
    let rules = [
        (
            any(&|one| one.contains(" ADD COLUMN ") && one.contains(" CHECK (")),
            "a CHECK in ADD COLUMN: add the constraint after it",
        ),
        (any(&|one| one.contains("CREATE TRIGGER") || one.contains("CREATE EVENT TRIGGER")), "a trigger"),
        (any(&|one| one.contains("CONCURRENTLY")), "what runs in no transaction"),
        (text.trim_start().starts_with("-- no-transaction"), "a migration without a transaction"),
        (any(&|one| one.contains(" E'") || one.contains("(E'")), "a string with backslashes"),
    ];
    rules.into_iter().filter(|(refused, _)| *refused).map(|(_, why)| why).collect()
}
