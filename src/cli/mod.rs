//! The command line: one file per command. Exit codes: 0 done, 1 refused or not valid, 2 wrong usage, 3 the
//! environment (database, keys, mail) is not usable.

pub mod audit;
pub mod register;

use crate::config::ConfigError;
use crate::db::DbError;
use crate::error::{Error, Language};
use crate::vault::VaultError;

/// How a command prints its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document, for programs.
    Json,
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The answer is no: refused or not valid. Exit code 1.
    #[error("{0}")]
    Refused(String),
    /// The words of the call do not fit. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Database, keys, files or mail cannot be used. Exit code 3.
    #[error("{0}")]
    Environment(String),
}

impl Failure {
    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Environment(_) => 3,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => {
                let mut text =
                    refusal.detail.unwrap_or(refusal.code.detail()).in_language(Language::English).to_owned();
                for field in &refusal.fields {
                    text.push_str(&format!("\n  {}: {}", field.field, field.message.en));
                }
                Self::Refused(text)
            }
            Error::Db(error) => error.into(),
            Error::Internal(cause) => Self::Environment(cause),
        }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Environment(format!("database: {error}"))
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Environment(format!("configuration: {error}"))
    }
}
