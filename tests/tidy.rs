//! Rules of ARCHITECTURE.md that a compiler does not know: directions between modules, sizes of files, one text for both
//! SQL engines, equal schemas.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "tidy/docs.rs"]
mod docs;
#[path = "tidy/glossary.rs"]
mod glossary;
#[path = "tidy/metrics.rs"]
mod metrics;
#[path = "tidy/pages.rs"]
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sqlx::{Connection, PgConnection, SqliteConnection};

/// Longest file, and the length under which nine of ten files stay.
const MOST_LINES: usize = 800;
const USUAL_LINES: usize = 400;

/// Files whose SQL is not one text for both engines, each with its reason. Only multi-row batches may be here.
const BATCH_STATEMENTS: &[&str] = &["src/verification/batch.rs", "src/holder/batch.rs", "src/device/spent.rs"];

/// What wires the parts together and may know all of them.
const ON_TOP: &[&str] = &["app", "cli", "lib", "main"];

/// What others may depend on without the service.
const TOKEN_CRATE: &str = "crates/ikd-token/src";

struct Source {
    /// From the root of the repository, e.g. `src/mail/outbox.rs`.
    path: String,
    lines: usize,
    /// Without comments, the contents of strings, and test modules.
    code: String,
    /// Contents of string literals outside test modules.
    strings: Vec<String>,
}

impl Source {
    /// `mail` for `src/mail/outbox.rs`, `clock` for `src/clock.rs`.
    fn domain(&self) -> &str {
        let inner = self.path.strip_prefix("src/").or(self.path.strip_prefix("crates/")).unwrap();
        inner.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// Whether the file is this room of a domain: `store.rs`, or a file in a folder `store/`.
    fn is_room(&self, room: &str) -> bool {
        self.path.ends_with(&format!("/{room}.rs")) || self.path.contains(&format!("/{room}/"))
    }

    /// Identifiers and paths of the code, `a::b::c` as one word.
    fn words(&self) -> impl Iterator<Item = &str> {
        self.code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).filter(|word| !word.is_empty())
    }

    /// Whether a path begins with, or passes through, this segment.
    fn names(&self, segment: &str) -> bool {
        self.words().any(|word| word.split("::").any(|part| part == segment))
    }

    /// The second segments of all `crate::…` paths, grouped imports included.
    fn uses(&self) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        let compact: String = self.code.split_whitespace().collect::<Vec<_>>().join(" ");
        for (position, _) in compact.match_indices("crate::") {
            let rest = compact[position + "crate::".len()..].trim_start();
            match rest.strip_prefix('{') {
                Some(group) => {
                    let mut depth = 0_usize;
                    let mut item = String::new();
                    for c in group.chars() {
                        match c {
                            '}' if depth == 0 => break,
                            '{' => depth += 1,
                            '}' => depth -= 1,
                            ',' if depth == 0 => {
                                used.insert(first_segment(&std::mem::take(&mut item)));
                            }
                            _ if depth == 0 => item.push(c),
                            _ => {}
                        }
                    }
                    used.insert(first_segment(&item));
                }
                None => {
                    used.insert(first_segment(rest));
                }
            }
        }
        used.remove("");
        used
    }
}

fn first_segment(path: &str) -> String {
    path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Splits Rust text into code (comments and contents of strings taken out) and strings.
fn split(text: &str) -> (String, Vec<String>) {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut code, mut strings, mut i) = (String::new(), Vec::new(), 0);
    while i < chars.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            while i < chars.len() && !(at(i) == '*' && at(i + 1) == '/') {
                i += 1;
            }
            i += 2;
        } else if c == 'r' && (at(i + 1) == '"' || (at(i + 1) == '#' && matches!(at(i + 2), '"' | '#'))) {
            let hashes = (i + 1..).take_while(|j| at(*j) == '#').count();
            let end: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let rest: String = chars[i + hashes + 2..].iter().collect();
            let length = rest.find(&end).unwrap_or(rest.len());
            strings.push(rest[..length].to_owned());
            code.push_str("\"\"");
            i += hashes + 2 + rest[..length].chars().count() + end.len();
        } else if c == '"' {
            let mut string = String::new();
            i += 1;
            while i < chars.len() && at(i) != '"' {
                if at(i) == '\\' {
                    i += 1;
                }
                string.push(at(i));
                i += 1;
            }
            i += 1;
            strings.push(string);
            code.push_str("\"\"");
        } else if c == '\'' && at(i + 1) == '\\' {
            i += 3;
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else if c == '\'' && at(i + 2) == '\'' {
            i += 3;
        } else {
            code.push(c);
            i += 1;
        }
    }
    (code, strings)
}

/// A file without its `#[cfg(test)]` items. Formatted code ends an item on a line of the same indentation.
fn without_tests(text: &str) -> String {
    let mut out = String::new();
    let mut inside: Option<(usize, bool)> = None;
    for line in text.lines() {
        let indentation = line.len() - line.trim_start().len();
        if let Some((depth, block)) = inside {
            // A block ends with a brace that stands alone; what stands on one line ends there.
            let ends = if block { line.trim() == "}" } else { line.ends_with(['}', ';']) };
            inside = (!(ends && indentation == depth)).then_some((depth, block || line.ends_with('{')));
        } else if line.trim() == "#[cfg(test)]" {
            inside = Some((indentation, false));
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// The files of the service.
fn sources() -> Vec<Source> {
    read_sources(&["src"])
}

/// The files of the service and of the crate.
fn all_sources() -> Vec<Source> {
    read_sources(&["src", TOKEN_CRATE])
}

fn read_sources(folders: &[&str]) -> Vec<Source> {
    let root = support::root();
    let mut paths = Vec::new();
    folders.iter().for_each(|folder| collect(&root.join(folder), &mut paths));
    let texts: BTreeMap<String, String> = paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    // Files that exist for tests only: `#[cfg(test)] mod vectors;`.
    let test_files: BTreeSet<String> = texts
        .iter()
        .flat_map(|(name, text)| {
            let folder =
                name.trim_end_matches("/mod.rs").trim_end_matches("/lib.rs").trim_end_matches(".rs").to_owned();
            text.split("#[cfg(test)]\n").skip(1).filter_map(move |after| {
                let declared =
                    after.lines().next()?.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')?;
                Some(format!("{folder}/{declared}.rs"))
            })
        })
        .collect();
    texts
        .iter()
        .filter(|(name, _)| !test_files.contains(*name))
        .map(|(name, text)| {
            let (code, strings) = split(&without_tests(text));
            Source { path: name.clone(), lines: text.lines().count(), code, strings }
        })
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
}

/// Fails with all offences at once.
fn demand(rule: &str, offences: Vec<String>) {
    assert!(offences.is_empty(), "{rule}\n  {}", offences.join("\n  "));
}

fn offences(holds: impl Fn(&Source) -> Option<String>) -> Vec<String> {
    all_sources().iter().filter_map(|source| Some(format!("{}: {}", source.path, holds(source)?))).collect()
}

#[test]
fn pure_rooms_stay_pure() {
    let forbidden = ["sqlx", "axum", "tokio", "reqwest", "Clock", "Random", "Db", "Tx", "fs", "net", "process"];
    // The crate has no types of the service to be given: it must not reach for time, chance or the surroundings itself.
    let ambient = ["ikd", "rand", "rand_core", "getrandom", "Instant", "SystemTime", "env", "io", "thread"];
    demand(
        "model.rs, credential/verify.rs and crates/ikd-token know no database, web, clock, randomness or I/O",
        offences(|source| {
            let in_crate = source.path.starts_with(TOKEN_CRATE);
            let pure = source.is_room("model") || source.path.starts_with("src/credential/verify") || in_crate;
            let forbidden = forbidden.iter().chain(ambient.iter().filter(|_| in_crate));
            let named: Vec<_> = forbidden.filter(|word| pure && source.names(word)).copied().collect();
            (!named.is_empty()).then(|| named.join(", "))
        }),
    );
}

#[test]
fn the_web_framework_stays_at_the_rim() {
    demand(
        "only http.rs files, web/ and app.rs name axum; a service never does",
        offences(|source| {
            let rim = source.is_room("http") || source.domain() == "web" || source.domain() == "app";
            let named =
                source.words().any(|word| word.split("::").any(|part| part == "axum" || part.starts_with("axum_")));
            (!rim && named).then(|| String::from("names axum"))
        }),
    );
}

#[test]
fn handlers_do_not_reach_into_stores() {
    demand(
        "http never names a store",
        offences(|source| (source.is_room("http") && source.names("store")).then(|| String::from("names a store"))),
    );
}

#[test]
fn stores_are_private_to_their_domain() {
    demand(
        "a domain calls another's public face, never its store",
        offences(|source| {
            let foreign: Vec<_> = source
                .words()
                .filter_map(|word| {
                    let parts: Vec<_> = word.split("::").collect();
                    let [first, domain, "store", ..] = parts.as_slice() else { return None };
                    (*first == "crate" && *domain != source.domain()).then(|| word.to_owned())
                })
                .collect();
            (!foreign.is_empty()).then(|| foreign.join(", "))
        }),
    );
}

#[test]
fn only_the_database_room_knows_the_engines() {
    demand(
        "only db/ names an SQL engine",
        offences(|source| {
            let engine = |part: &str| {
                matches!(part, "sqlite" | "postgres" | "ConnRef" | "Any" | "AnyPool")
                    || ["Sqlite", "Postgres", "Pg"].iter().any(|engine| {
                        part.strip_prefix(engine)
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase))
                    })
            };
            let named: BTreeSet<_> = source
                .words()
                .filter(|word| word.starts_with("sqlx::") || !word.contains("::"))
                .filter(|word| word.split("::").any(engine))
                .collect();
            (source.domain() != "db" && !named.is_empty()).then(|| named.into_iter().collect::<Vec<_>>().join(", "))
        }),
    );
}

#[test]
fn domains_form_no_cycle() {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let sources = sources();
    let known: BTreeSet<_> = sources.iter().map(|source| source.domain().to_owned()).collect();
    for source in sources.iter().filter(|source| !ON_TOP.contains(&source.domain())) {
        let used = source.uses().into_iter().filter(|used| known.contains(used) && used != source.domain());
        graph.entry(source.domain().to_owned()).or_default().extend(used);
    }
    // Take away whatever uses nothing that is left; what remains is a cycle or leads into one.
    loop {
        let free: Vec<_> = graph
            .iter()
            .filter(|(_, uses)| uses.iter().all(|used| !graph.contains_key(used)))
            .map(|(name, _)| name.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            graph.remove(&name);
        }
    }
    let left: Vec<_> = graph
        .iter()
        .map(|(name, uses)| {
            let inside: Vec<_> = uses.iter().filter(|used| graph.contains_key(*used)).cloned().collect();
            format!("{name} -> {}", inside.join(", "))
        })
        .collect();
    demand("modules use each other in one direction only; these do not", left);
}

#[test]
fn a_file_is_read_in_a_sitting() {
    let mut sources = all_sources();
    sources.sort_by_key(|source| source.lines);
    let long: Vec<_> = sources
        .iter()
        .filter(|source| source.lines > MOST_LINES)
        .map(|source| format!("{}: {} lines", source.path, source.lines))
        .collect();
    demand("no file is longer than 800 lines", long);
    let usual = &sources[sources.len() * 9 / 10];
    assert!(
        usual.lines < USUAL_LINES,
        "nine of ten files stay under {USUAL_LINES} lines, but one in ten reaches {} ({})",
        usual.lines,
        usual.path
    );
}

#[test]
fn a_debug_build_does_what_a_release_does() {
    let root = support::root();
    let only_debug = |word: &str| word.split("::").any(|part| part.starts_with("debug_assert"));
    let mut found =
        offences(|source| source.words().any(only_debug).then(|| String::from("asks for the kind of build")));
    let build = std::fs::read_to_string(root.join("build.rs")).unwrap();
    if build.to_lowercase().contains("debug") || build.contains("PROFILE") {
        found.push(String::from("build.rs: asks for the kind of build"));
    }
    demand("nothing is reachable, or checked, in only one kind of build", found);

    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let profiles: Vec<_> = manifest["profile"].as_table().unwrap().keys().map(String::as_str).collect();
    assert_eq!(profiles, ["dev", "release"], "what is tested is the release itself");
    let apart: Vec<_> = manifest["profile"]["release"]["package"].as_table().unwrap().keys().collect();
    assert_eq!(apart, ["ikd-tests"], "no part of what ships is built otherwise");
    let pages = &manifest["dependencies"]["rust-embed"]["features"];
    assert!(pages.as_array().unwrap().contains(&"debug-embed".into()), "pages are in every binary");
}

#[test]
fn nothing_unwraps() {
    demand(
        "faults are returned, not unwrapped",
        offences(|source| source.code.contains(".unwrap()").then(|| String::from("unwrap"))),
    );
}

#[test]
fn sql_is_one_text_for_both_engines() {
    let foreign = [
        "NOW()",
        "CURRENT_TIMESTAMP",
        "FOR UPDATE",
        "FOR SHARE",
        "SKIP LOCKED",
        "->",
        "::",
        "@>",
        "ILIKE",
        "SERIAL",
        "AUTOINCREMENT",
        "NEXTVAL",
        "UNNEST",
        "ANY(",
        "ANY (",
        "JSON",
        "STRFTIME",
        "DATETIME(",
        "INTERVAL '",
        "PRAGMA",
        "PG_",
        "SQLITE_",
        "ROWID",
        "INSERT OR ",
        "REPLACE INTO",
        "IFNULL(",
        "ON DUPLICATE",
        " TRUE",
        " FALSE",
        "?",
    ];
    demand(
        "statements use what both engines understand, with $1 placeholders and times passed in",
        offences(|source| {
            if source.domain() == "db" || BATCH_STATEMENTS.contains(&source.path.as_str()) {
                return None;
            }
            let found: BTreeSet<_> = source
                .strings
                .iter()
                .filter(|text| is_sql(text))
                .flat_map(|text| foreign.iter().filter(|word| text.to_uppercase().contains(**word)))
                .copied()
                .collect();
            (!found.is_empty()).then(|| found.into_iter().collect::<Vec<_>>().join(", "))
        }),
    );
}

#[test]
fn guarded_writes_are_answered() {
    // Updates of as many rows as there are; each says at its place why none is fine too.
    const OF_MANY: &[&str] = &["RETIRE", "RETIRE_ACTIVE", "SUPERSEDE"];
    demand(
        "an UPDATE of one row runs through change!, whose answer the compiler does not let anybody drop, and nobody does by hand",
        offences(|source| {
            let path = support::root().join(&source.path);
            let text = std::fs::read_to_string(path).unwrap();
            let updates = text.split("const ").skip(1).filter_map(|rest| {
                let (name, value) = rest.split_once(": &str")?;
                let statement = value.split_once('"')?.1.trim_start();
                (statement.starts_with("UPDATE ") && !OF_MANY.contains(&name)).then_some(name)
            });
            let compact: String = source.code.split_whitespace().collect();
            let mut found: Vec<String> =
                updates.filter(|name| compact.contains(&format!("execute!(tx,{name},"))).map(String::from).collect();
            let by_hand = ["let_=store::", "let_=outbox::", "let_=change!("];
            found.extend(by_hand.into_iter().filter(|text| compact.contains(*text)).map(String::from));
            (!found.is_empty()).then(|| found.join(", "))
        }),
    );
}

#[test]
fn sql_stands_where_the_rows_are_kept() {
    demand(
        "SQL stands in store.rs (or the outbox), not in services, handlers or models",
        offences(|source| {
            let elsewhere = ["service", "http", "model"].iter().any(|room| source.is_room(room));
            (elsewhere && source.strings.iter().any(|text| is_sql(text))).then(|| String::from("holds a statement"))
        }),
    );
}

fn is_sql(text: &str) -> bool {
    let text = text.trim_start();
    ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH "].iter().any(|start| text.starts_with(start))
}

/// Tables that a cluster distributes by `resident_id`.
const DISTRIBUTED: &[&str] = &["credential", "credential_holder", "holder_record", "holder_portrait", "verification"];

/// Statements on them that may go to every shard, each with its reason. None is on the way of a good token.
const ASKS_EVERYWHERE: &[&str] = &[
    // A relying party reads a record of its own again, by the id alone.
    "WHERE verification_id = $1 AND relying_party_id = $2",
    // Of `verification_refusal`, whose rows have no holder: it is distributed by the party.
    "WHERE relying_party_id = $1 AND idempotency_key = $2",
];

#[test]
fn what_is_distributed_is_asked_by_resident() {
    let names_a_table = |text: &str| {
        let words: Vec<&str> =
            text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
        words
            .windows(2)
            .any(|pair| ["FROM", "JOIN", "UPDATE", "INTO"].contains(&pair[0]) && DISTRIBUTED.contains(&pair[1]))
    };
    let (mut seen, mut exceptions) = (0, BTreeSet::new());
    let mut missing = Vec::new();
    for source in sources() {
        // `UPDATE … FROM` of a relation that a macro puts in: its WHERE stands in the next literal.
        let is_head = |text: &str| {
            let text = text.trim_end();
            text.ends_with("FROM verification") || text.starts_with("UPDATE ") && text.ends_with(" FROM")
        };
        let tails_count = source.strings.iter().any(|text| is_head(text));
        for text in &source.strings {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            // The head of a statement whose WHERE stands in another literal, and such a WHERE.
            let (head, tail) =
                (is_head(&text), tails_count && (text.starts_with("WHERE ") || text.starts_with("AS a WHERE ")));
            let statement = (is_sql(&text) || text.starts_with("BEGIN ")) && names_a_table(&text);
            if !(statement || tail) || head {
                continue;
            }
            seen += 1;
            if let Some(exception) = ASKS_EVERYWHERE.iter().find(|exception| **exception == text) {
                exceptions.insert(*exception);
                continue;
            }
            let by_resident =
                text.split_once(" INTO ").is_some_and(|(_, into)| {
                    into.split_once(')').is_some_and(|(columns, _)| columns.contains("resident_id"))
                }) || text.split_once("WHERE ").is_some_and(|(_, conditions)| conditions.contains("resident_id"));
            if !by_resident {
                missing.push(format!("{}: {text}", source.path));
            }
        }
    }
    demand("statements on distributed tables name the resident, so that each goes to one shard", missing);
    assert!(seen > 25, "only {seen} statements were read");
    assert_eq!(exceptions.len(), ASKS_EVERYWHERE.len(), "an exception that nothing needs");
}

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
    let folder = tempfile::tempdir().unwrap();
    let context = support::context(support::Engine::Sqlite, folder.path()).await;
    let mut sqlite = SqliteConnection::connect(context.config.database.url.expose()).await.unwrap();
    let mut postgres = PgConnection::connect(&support::postgres::new_database().await).await.unwrap();

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

#[test]
fn the_reader_of_sources_reads_right() {
    let text = "use crate::{a::B, c::{D, e}, f};\n// crate::comment\nfn x<'a>() { let q = '\"'; let s = \"crate::string\"; crate::g::h(); r#\"raw \"crate::raw\"#; }\n#[cfg(test)]\nfn help() {\n    crate::testing();\n}\nfn y() { crate::i::j(); }\n#[cfg(test)]\nmod tests {\n    use crate::testing;\n}\n";
    let (code, strings) = split(&without_tests(text));
    let source = Source { path: "src/mail/http.rs".into(), lines: 5, code, strings };
    assert_eq!(source.uses().into_iter().collect::<Vec<_>>(), ["a", "c", "f", "g", "i"]);
    assert_eq!(source.strings, ["crate::string", "raw \"crate::raw"]);
    assert!(source.is_room("http") && source.domain() == "mail");
}
