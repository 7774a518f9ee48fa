//! Bringing the schema of a server up to date, statement by statement.
//!
//! sqlx sends a migration whole. A distributed schema refuses that: its extension passes the text of a change of the schema on to
//! the other servers, and takes only one change in a text. The records are sqlx's own, so either program knows what was done.

use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::{DbError, DbResult};

/// Where sqlx records what was done.
const RECORDS: &str = "_sqlx_migrations";

/// Applies what is missing, each migration in a transaction of its own: it is there whole and recorded, or nothing of it is, and
/// it can be run again. Nodes that come at the same time wait for each other; the lock ends with the connection.
///
/// # Errors
/// When a migration fails, with the statement it stopped at; when one was changed after it was applied; when the schema is newer
/// than this program.
pub(super) async fn run(connection: &mut PgConnection, migrator: &Migrator) -> DbResult<()> {
    let told = |error: MigrateError| DbError::Other(error.to_string());
    connection.lock().await.map_err(told)?;
    connection.ensure_migrations_table(RECORDS).await.map_err(told)?;
    if let Some(version) = connection.dirty_version(RECORDS).await.map_err(told)? {
        return Err(told(MigrateError::Dirty(version)));
    }
    let applied = connection.list_applied_migrations(RECORDS).await.map_err(told)?;
    if let Some(newer) = applied.iter().find(|one| !migrator.version_exists(one.version)) {
        return Err(told(MigrateError::VersionMissing(newer.version)));
    }
    for migration in migrator.iter() {
        match applied.iter().find(|one| one.version == migration.version) {
            Some(one) if one.checksum == migration.checksum => {}
            Some(one) => return Err(told(MigrateError::VersionMismatch(one.version))),
            None => apply(connection, migration).await?,
        }
    }
    connection.unlock().await.map_err(told)
}

async fn apply(connection: &mut PgConnection, migration: &Migration) -> DbResult<()> {
    let mut tx = connection.begin().await?;
    let statements = statements(migration.sql.as_str());
    for (place, statement) in statements.iter().enumerate() {
        tx.execute(AssertSqlSafe((*statement).to_owned())).await.map_err(|error| {
            let (version, number, all) = (migration.version, place + 1, statements.len());
            let begin = statement.lines().next().unwrap_or_default();
            DbError::Other(format!("migration {version} stopped at statement {number} of {all} ({begin}): {error}"))
        })?;
    }
    tx.skip(RECORDS, migration).await.map_err(|error| DbError::Other(error.to_string()))?;
    Ok(tx.commit().await?)
}

/// The statements of a text, without what stands between them. A semicolon in a comment, in quotes or between dollars ends none.
/// Strings with backslashes (`E'…'`) are not known here.
fn statements(text: &str) -> Vec<&str> {
    let (mut found, mut from, mut at) = (Vec::new(), None, 0);
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(length) = comment(rest) {
            at += length;
            continue;
        }
        if next == ';' {
            found.extend(from.take().map(|from| text[from..at].trim_end()));
        } else if !next.is_whitespace() {
            from.get_or_insert(at);
        }
        at += quoted(rest).unwrap_or(next.len_utf8());
    }
    found.extend(from.map(|from| text[from..].trim_end()));
    found
}

/// The length of the comment that a text begins with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    // They stand in each other.
    let (mut depth, mut at) = (usize::from(text.starts_with("/*")), 2);
    if depth == 0 {
        return None;
    }
    while depth > 0 {
        let mark = text.get(at..)?.find(['/', '*'])? + at;
        match text.get(mark..mark + 2) {
            Some("/*") => (depth, at) = (depth + 1, mark + 2),
            Some("*/") => (depth, at) = (depth - 1, mark + 2),
            _ => at = mark + 1,
        }
    }
    Some(at)
}

/// The length of what a text begins with, where that is quoted: `'a'`, `"a"`, `$$a$$` or `$tag$a$tag$`. A doubled quote is the end
/// of one and the beginning of the next.
fn quoted(text: &str) -> Option<usize> {
    let mark = match text.chars().next()? {
        '\'' => "'",
        '"' => "\"",
        '$' => {
            let tag = &text[..=text[1..].find('$')? + 1];
            let name = &tag[1..tag.len() - 1];
            let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
                && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            is_name.then_some(tag)?
        }
        _ => return None,
    };
    let end = text[mark.len()..].find(mark).map_or(text.len(), |end| end + 2 * mark.len());
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn a_text_is_cut_where_its_statements_end() {
        let cut = [
            ("", vec![]),
            (" ;; -- nothing\n;/* nothing */", vec![]),
            ("SELECT 1", vec!["SELECT 1"]),
            ("SELECT 1;\n\nSELECT 2 ;", vec!["SELECT 1", "SELECT 2"]),
            ("-- one; two\nSELECT 1; -- three\nSELECT 2", vec!["SELECT 1", "SELECT 2"]),
            ("SELECT /* a; /* b; */ c; */ 1; SELECT 2 - -1", vec!["SELECT /* a; /* b; */ c; */ 1", "SELECT 2 - -1"]),
            ("SELECT ';', 'it''s; so', \";\"; SELECT 2", vec!["SELECT ';', 'it''s; so', \";\"", "SELECT 2"]),
            (
                "DO $$ BEGIN a; END $$; DO $x$ $$;$$ é; $x$; SELECT $1",
                vec!["DO $$ BEGIN a; END $$", "DO $x$ $$;$$ é; $x$", "SELECT $1"],
            ),
            ("SELECT $1 || ';' || $2; SELECT 2", vec!["SELECT $1 || ';' || $2", "SELECT 2"]),
        ];
        for (text, expected) in cut {
            assert_eq!(statements(text), expected, "{text}");
        }
    }

    #[test]
    fn what_never_ends_is_one_statement() {
        for text in ["SELECT 'a; b", "SELECT $$a; b", "SELECT \"a; b"] {
            assert_eq!(statements(text), [text]);
        }
    }
}
