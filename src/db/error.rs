//! What a database can answer besides rows.

/// A statement or connection that failed. The texts are the engine's own: they carry no bound values.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DbError {
    /// A unique index refused the row: somebody else was first.
    #[error("a unique index refused the row")]
    Unique,
    /// Two transactions collided (deadlock, serialisation, busy): the whole transaction may be run again.
    #[error("two transactions collided")]
    Contention,
    /// The database cannot be reached or has no connection to give.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Anything else: a fault of ours.
    #[error("{0}")]
    Other(String),
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
                match code.as_ref() {
                    // PostgreSQL: serialization_failure, deadlock_detected. SQLite: BUSY and its extended forms.
                    "40001" | "40P01" | "5" | "261" | "517" => Self::Contention,
                    // PostgreSQL class 53 (out of resources), 57P0x (shutting down), 08 (connection). SQLite FULL, IOERR.
                    "13" | "10" | "14" => Self::Unavailable(db.message().to_owned()),
                    other if other.starts_with("53") || other.starts_with("57P") || other.starts_with("08") => {
                        Self::Unavailable(db.message().to_owned())
                    }
                    _ => Self::Other(format!("{code}: {}", db.message())),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_) => Self::Unavailable(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}
