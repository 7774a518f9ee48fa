//! What a guarded write did.

use crate::error::{Code, Error};

/// Whether a guarded write (`UPDATE … WHERE state = …`) found the row as its condition demands. On PostgreSQL, whose default
/// isolation is READ COMMITTED, what was read before may have changed since: only this answer tells. It has to be
/// answered: the compiler refuses to drop it.
#[must_use = "a guarded write may have changed nothing: answer it"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed(bool);

impl Changed {
    /// Of the number of rows that a statement changed, which is to be exactly one.
    pub const fn one_of(rows: u64) -> Self {
        Self(rows == 1)
    }

    /// Whether the row was changed.
    #[must_use]
    pub const fn happened(self) -> bool {
        self.0
    }

    /// Goes on whether the row was changed or not: a miss means that what the caller wants is so already.
    pub const fn either_way(self) {}

    /// Goes on only if the row was changed.
    ///
    /// # Errors
    /// `wrong_state`.
    pub fn demand(self) -> Result<(), Error> {
        self.or(Code::WrongState)
    }

    /// Goes on only if the row was changed.
    ///
    /// # Errors
    /// What is given.
    pub fn or(self, otherwise: impl Into<Error>) -> Result<(), Error> {
        if self.0 { Ok(()) } else { Err(otherwise.into()) }
    }
}

/// Runs a guarded write of one row and gives a [`Changed`]: `change!(tx, SQL, a, b, c)`.
#[macro_export]
macro_rules! change {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::execute!($tx, $sql $(, $bind)*).map($crate::changed::Changed::one_of)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_row_is_a_change() {
        assert!(Changed::one_of(1).happened() && Changed::one_of(1).demand().is_ok());
        for rows in [0, 2] {
            assert_eq!(Changed::one_of(rows).demand().unwrap_err().code(), Some(Code::WrongState));
            assert_eq!(Changed::one_of(rows).or(Code::QrUsed).unwrap_err().code(), Some(Code::QrUsed));
        }
    }
}
