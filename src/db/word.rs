//! Words of TEXT columns (states, reasons, roles) as enums.

use super::{DbError, DbResult};

/// Lets an enum stand in a TEXT column of either engine, as the word that strum gives each of its variants:
///
/// ```text
/// #[derive(Clone, Copy, strum::EnumString, strum::IntoStaticStr)]
/// #[strum(serialize_all = "snake_case")]
/// pub enum CredentialState { Active, Blocked, Deactivated }
/// word_column!(CredentialState);
/// ```
///
/// Rows and tuples decode into it, statements bind it, and `Option` of it may be NULL. A word that no variant has is a fault of
/// ours, which is told without the word. The type gets a method `as_str`, which gives its word.
#[macro_export]
macro_rules! word_column {
    ($type:ty) => {
        impl $type {
            /// The word that stands for it in tables.
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }

        impl<DB: sqlx::Database> sqlx::Type<DB> for $type
        where
            str: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <str as sqlx::Type<DB>>::type_info()
            }

            fn compatible(kind: &DB::TypeInfo) -> bool {
                <str as sqlx::Type<DB>>::compatible(kind)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $type
        where
            &'r str: sqlx::Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok($crate::db::from_word(<&'r str as sqlx::Decode<'r, DB>>::decode(value)?)?)
            }
        }

        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $type
        where
            &'static str: sqlx::Encode<'q, DB>,
        {
            fn encode_by_ref(
                &self,
                buffer: &mut DB::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <&'static str as sqlx::Encode<'q, DB>>::encode(self.as_str(), buffer)
            }
        }
    };
}

/// The variant that a column's word stands for.
///
/// # Errors
/// When there is none: somebody wrote to the table, or a newer program did. The word itself is not told.
pub fn from_word<T: std::str::FromStr>(word: &str) -> DbResult<T> {
    word.parse().map_err(|_| DbError::Other(format!("a column holds no word of {}", std::any::type_name::<T>())))
}

#[cfg(test)]
mod tests {
    use crate::db::{Db, PoolSizes};
    use crate::fetch_one;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
    #[strum(serialize_all = "snake_case")]
    enum Colour {
        Red,
        DarkBlue,
    }
    word_column!(Colour);

    #[tokio::test]
    async fn words_go_in_and_come_out_and_others_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ikd.db").display());
        let db = Db::open(&url, PoolSizes::default()).await.unwrap();
        let mut tx = db.read().await.unwrap();
        let (red,) = fetch_one!(&mut tx, (Colour,), "SELECT $1", Colour::DarkBlue).unwrap();
        assert_eq!((red, red.as_str()), (Colour::DarkBlue, "dark_blue"));
        let none = fetch_one!(&mut tx, (Option<Colour>,), "SELECT $1", None::<Colour>).unwrap();
        assert_eq!(none, (None,));
        let error = fetch_one!(&mut tx, (Colour,), "SELECT 'secret'").unwrap_err().to_string();
        assert!(error.contains("Colour") && !error.contains("secret"), "{error}");
    }
}
