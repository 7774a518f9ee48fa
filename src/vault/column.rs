//! Columns that hold sealed values: each owner of a table lists its own, and `reseal` seals them anew under another root.

use uuid::Uuid;

/// A column of sealed values, and how its rows are gone through. [`sealed_column!`](crate::sealed_column!) makes one.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What its values are bound to, beside a row ([`Vault::seal_row`](super::Vault::seal_row)).
    pub bound_to: &'static str,
    /// Rows after a key ($1), in the order of keys, at most $2: the key, what the value is bound to, a number, and the value where its first byte,
    /// the version, is not $3.
    pub walk: &'static str,
    /// Puts $3 in the place of $2 in the row of the key $1.
    pub swap: &'static str,
    /// To which row a value is bound, by the second and third column of `walk`.
    pub row: fn(Uuid, i64) -> Uuid,
}

impl Column {
    /// `table.column`.
    pub fn place(&self) -> String {
        format!("{}.{}", self.table, self.name)
    }
}

/// A value bound to the row of one column.
pub const fn same_row(row: Uuid, _number: i64) -> Uuid {
    row
}

/// A [`Column`] by table, column, first column of the primary key and what its values are bound to. Where that is another row than the key's,
/// its column follows; where it is made of two columns, the second one and the function that makes it follow too.
#[macro_export]
macro_rules! sealed_column {
    ($table:literal, $column:literal, $key:literal, $bound_to:expr) => {
        $crate::sealed_column!($table, $column, $key, $bound_to, $key, "0", $crate::vault::same_row)
    };
    ($table:literal, $column:literal, $key:literal, $bound_to:expr, $row:literal) => {
        $crate::sealed_column!($table, $column, $key, $bound_to, $row, "0", $crate::vault::same_row)
    };
    ($table:literal, $column:literal, $key:literal, $bound_to:expr, $row:literal, $number:literal, $make:expr) => {
        $crate::vault::Column {
            table: $table,
            name: $column,
            bound_to: $bound_to,
            walk: concat!(
                "SELECT ",
                $key,
                ", ",
                $row,
                ", CAST(",
                $number,
                " AS BIGINT), CASE WHEN SUBSTR(",
                $column,
                ", 1, 1) = $3 ",
                "THEN NULL ELSE ",
                $column,
                " END FROM ",
                $table,
                " WHERE ",
                $key,
                " > $1 AND ",
                $column,
                " IS NOT NULL ORDER BY ",
                $key,
                " LIMIT $2"
            ),
            swap: concat!("UPDATE ", $table, " SET ", $column, " = $3 WHERE ", $key, " = $1 AND ", $column, " = $2"),
            row: $make,
        }
    };
}
