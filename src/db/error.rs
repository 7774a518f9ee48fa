//! Errors of the database.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// A statement or connection that failed. The texts come from the engine and contain no bound values.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DbError {
    /// A unique index refused the row: another transaction was first.
    #[error("a unique index refused the row")]
    Unique,
    /// Two transactions collided (deadlock, serialisation, busy): the whole transaction may be run again.
    #[error("two transactions collided")]
    Contention,
    /// The database cannot be reached or has no connection to give.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The disk is full or fails: nothing was written.
    #[error("the database has no room or its disk fails: {0}")]
    Full(String),
    /// The server accepts no writes: a standby, or a primary that was taken out of service.
    #[error("the database cannot be written to: {0}")]
    ReadOnly(String),
    /// Anything else: a fault of ours.
    #[error("{0}")]
    Other(String),
}

impl DbError {
    /// For an insert whose unique index means "somebody else was faster: look again". As a collision, it makes
    /// [`transaction!`](crate::transaction!) run the whole body anew.
    #[must_use]
    pub fn unique_as_contention(self) -> Self {
        match self {
            Self::Unique => Self::Contention,
            other => other,
        }
    }
}

/// The result of a store function.
pub type DbResult<T> = Result<T, DbError>;

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) => {
                if db.is_unique_violation() {
                    return Self::Unique;
                }
                let code = db.code().unwrap_or_default();
                let severity = db.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
                if severity.is_some_and(|severity| is_the_servers(severity, &code)) {
                    return Self::Unavailable(db.message().to_owned());
                }
                of_code(&code, db.message())
            }
            sqlx::Error::Io(_)
            // A line that breaks while it is greeted says something that is no answer.
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_) => Self::Unavailable(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Whether PostgreSQL ended the session for a fault of its own (class XX), which says nothing of the statement: on a full disk it lets nobody in,
/// because it cannot write the file that it begins sessions with.
fn is_the_servers(severity: PgSeverity, code: &str) -> bool {
    matches!(severity, PgSeverity::Fatal | PgSeverity::Panic) && code.starts_with("XX")
}

/// The error for an engine's code and message.
pub(super) fn of_code(code: &str, message: &str) -> DbError {
    match kind_of(code) {
        Kind::Contention => DbError::Contention,
        Kind::Unavailable => DbError::Unavailable(message.to_owned()),
        Kind::Full => DbError::Full(message.to_owned()),
        Kind::ReadOnly => DbError::ReadOnly(message.to_owned()),
        // The message of a data exception (class 22) quotes the value, which may be personal data.
        Kind::Other if code.len() == 5 && code.starts_with("22") => {
            DbError::Other(format!("{code}: a value was refused"))
        }
        Kind::Other => DbError::Other(format!("{code}: {message}")),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Contention,
    Unavailable,
    Full,
    ReadOnly,
    Other,
}

/// The meaning of an engine's code. PostgreSQL's codes have five characters. SQLite's are shorter numbers: the low byte
/// is the primary code, the high bytes extend it (`SQLITE_IOERR_WRITE` is 778 = 10 + 3·256).
fn kind_of(code: &str) -> Kind {
    if code.len() < 5
        && let Ok(number) = code.parse::<u32>()
    {
        return match number & 0xff {
            // SQLITE_BUSY.
            5 => Kind::Contention,
            // SQLITE_READONLY, SQLITE_CANTOPEN: faults of the file, not of the statement.
            8 => Kind::ReadOnly,
            14 => Kind::Unavailable,
            // SQLITE_IOERR, SQLITE_FULL: faults of the disk.
            10 | 13 => Kind::Full,
            _ => Kind::Other,
        };
    }
    match code {
        // serialization_failure, deadlock_detected.
        "40001" | "40P01" => Kind::Contention,
        // read_only_sql_transaction: the server is a standby now.
        "25006" => Kind::ReadOnly,
        // disk_full, io_error.
        "53100" | "58030" => Kind::Full,
        // query_canceled, idle_in_transaction_session_timeout: it took too long and was undone.
        "57014" | "25P03" => Kind::Unavailable,
        // Classes 08 (connection), 53 (out of resources), 57P0x (shutting down).
        _ if code.starts_with("53") || code.starts_with("57P") || code.starts_with("08") => Kind::Unavailable,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_value_is_not_quoted() {
        // PostgreSQL's words for a NIK where a number is expected.
        let error = of_code("22P02", "invalid input syntax for type bigint: \"3171015708900001x\"");
        assert_eq!(error.to_string(), "22P02: a value was refused");
        assert_eq!(
            of_code("42P01", "relation \"x\" does not exist").to_string(),
            "42P01: relation \"x\" does not exist"
        );
    }

    #[test]
    fn a_line_that_answers_nonsense_is_one_that_fails() {
        let error = sqlx::Error::Protocol(String::from("unexpected response from SSLRequest: 0x00"));
        assert!(matches!(DbError::from(error), DbError::Unavailable(_)), "whoever asks is told to come again");
    }

    #[test]
    fn a_server_that_ends_a_session_for_its_own_fault_is_away_and_one_that_refuses_a_statement_is_not() {
        assert!(is_the_servers(PgSeverity::Fatal, "XX000") && is_the_servers(PgSeverity::Panic, "XX000"));
        assert!(!is_the_servers(PgSeverity::Error, "XX000"), "a statement that meets it");
        assert!(!is_the_servers(PgSeverity::Fatal, "28P01"), "a password that is wrong");
    }

    #[test]
    fn extended_codes_count_as_their_primary_ones() {
        // https://www.sqlite.org/rescode.html and PostgreSQL's appendix A.
        for code in ["5", "261", "517", "773", "40001", "40P01"] {
            assert_eq!(kind_of(code), Kind::Contention, "{code}");
        }
        for code in ["14", "526", "53300", "57P01", "57P03", "08006", "57014", "25P03"] {
            assert_eq!(kind_of(code), Kind::Unavailable, "{code}");
        }
        for code in ["10", "13", "778", "1034", "53100", "58030"] {
            assert_eq!(kind_of(code), Kind::Full, "{code}");
        }
        for code in ["8", "1032", "25006"] {
            assert_eq!(kind_of(code), Kind::ReadOnly, "{code}");
        }
        for code in ["", "1", "11", "2067", "22021", "42P01"] {
            assert_eq!(kind_of(code), Kind::Other, "{code}");
        }
    }
}
