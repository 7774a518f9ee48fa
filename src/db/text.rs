//! Closed sets of words in columns of text: an enum on one side, its word on the other.

/// Gives enums a method `as_str` with the word of the variant, from strum's `IntoStaticStr`.
#[macro_export]
macro_rules! words {
    ($($type:ty),+ $(,)?) => {$(
        impl $type {
            /// Its word.
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    )+};
}

/// Lets enums with a word for each variant stand in TEXT columns of both engines: bound, and decoded in rows. The words are those
/// of strum's derives. A column that holds any other word cannot be decoded. Each type gets a method `as_str`, which gives its word.
///
/// ```text
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
/// #[strum(serialize_all = "snake_case")]
/// pub enum State { NeedsSelfie, AwaitingOfficer }
///
/// crate::text_column!(State);
/// ```
#[macro_export]
macro_rules! text_column {
    ($($type:ty),+ $(,)?) => {$(
        $crate::words!($type);

        impl<DB: sqlx::Database> sqlx::Type<DB> for $type
        where
            str: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <str as sqlx::Type<DB>>::type_info()
            }

            fn compatible(column: &DB::TypeInfo) -> bool {
                <str as sqlx::Type<DB>>::compatible(column)
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

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $type
        where
            &'r str: sqlx::Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let word = <&'r str as sqlx::Decode<'r, DB>>::decode(value)?;
                // The word is not quoted: only what is known is told.
                word.parse().map_err(|_| concat!("not a word of ", stringify!($type)).into())
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    use crate::db::{Db, DbError, PoolSizes};
    use crate::{fetch_one, fetch_optional};

    #[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
    #[strum(serialize_all = "snake_case")]
    enum Colour {
        DeepRed,
        Green,
    }

    text_column!(Colour);

    #[tokio::test]
    async fn a_word_goes_in_and_comes_back_and_no_other_does() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ikd.db").display());
        let db = Db::open(&url, PoolSizes::default()).await.unwrap();
        let mut tx = db.read().await.unwrap();
        assert_eq!(fetch_one!(&mut tx, (Colour,), "SELECT $1", Colour::DeepRed).unwrap(), (Colour::DeepRed,));
        assert_eq!(fetch_one!(&mut tx, (String,), "SELECT $1", Some(Colour::Green)).unwrap().0, "green");
        assert_eq!(Colour::DeepRed.as_str(), "deep_red");
        assert_eq!(fetch_one!(&mut tx, (Option<Colour>,), "SELECT NULL").unwrap(), (None,));
        let other = fetch_optional!(&mut tx, (Colour,), "SELECT 'secret'").unwrap_err();
        assert!(
            matches!(&other, DbError::Other(text) if text.contains("Colour") && !text.contains("secret")),
            "{other}"
        );
    }
}
