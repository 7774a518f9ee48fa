//! What the temporary PostgreSQL was asked, as its own log tells it.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use uuid::Uuid;

/// A statement that ran.
#[derive(Debug)]
pub struct Heard {
    /// As whom.
    pub user: String,
    /// Its text.
    pub text: String,
    /// The values of its placeholders, as the log writes them.
    pub parameters: String,
}

impl Heard {
    /// Those of these ids that are among its values.
    pub fn names<'a>(&self, ids: &'a [Uuid]) -> Vec<&'a Uuid> {
        ids.iter().filter(|id| self.parameters.contains(&id.to_string())).collect()
    }
}

/// Has the server write down each statement on this database, on connections that are opened from now on.
pub async fn listen(url: &str) {
    let options = PgConnectOptions::from_str(url).unwrap();
    let database = options.get_database().unwrap().to_owned();
    let all = format!("ALTER DATABASE {database} SET log_statement = 'all'");
    options.connect().await.unwrap().execute(AssertSqlSafe(all)).await.unwrap();
}

/// What was asked of this database since.
pub fn heard(url: &str) -> Vec<Heard> {
    let options = PgConnectOptions::from_str(url).unwrap();
    let log: PathBuf = options.get_socket().unwrap().join("log");
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
    let at = format!("@{} ", options.get_database().unwrap());
    let mut found: Vec<Heard> = Vec::new();
    // Whether the line before belongs to the last statement that was found.
    let mut goes_on = false;
    for line in text.lines() {
        if let (true, Some(more), Some(last)) = (goes_on, line.strip_prefix('\t'), found.last_mut()) {
            last.text.push_str(more);
            continue;
        }
        let of_last = std::mem::take(&mut goes_on);
        let Some((user, said)) = line.split_once(&at) else { continue };
        let said = said.trim_start();
        if let Some((_, text)) = said.strip_prefix("LOG:  execute ").and_then(|said| said.split_once(": ")) {
            goes_on = true;
            found.push(Heard { user: user.to_owned(), text: text.to_owned(), parameters: String::new() });
        } else if let (true, Some(values), Some(last)) = (of_last, said.strip_prefix("DETAIL:  "), found.last_mut()) {
            last.parameters = values.to_owned();
        }
    }
    found
}
