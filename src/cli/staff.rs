//! What `ikd officer` and `ikd relying-party employee` have in common: both are accounts, of another realm.

use serde_json::json;

use super::{Failure, Format, read_secret};
use crate::context::Context;
use crate::login::password;
use crate::secret::Redacted;
use crate::staff::{Accounts, Realm};

/// Disables somebody, or lets a disabled person log in again.
///
/// # Errors
/// [`Failure::Refused`] when there is nobody of that name in the other state.
pub async fn set_active(
    context: &Context,
    realm: Realm,
    username: &str,
    active: bool,
    format: Format,
) -> Result<(), Failure> {
    Accounts::new(context.clone()).set_active(realm, username, active).await?;
    match format {
        Format::Text if active => say!("{username} may log in again"),
        Format::Text => say!("{username} is disabled; running sessions have ended"),
        Format::Json => {
            let state = if active { "active" } else { "disabled" };
            say!("{}", json!({"username": username, "state": state}));
        }
    }
    Ok(())
}

/// A password for somebody, and whether it was made here, so that it has to be shown.
pub struct ChosenPassword {
    /// The password.
    pub password: Redacted<String>,
    made: bool,
}

impl ChosenPassword {
    /// Made at random.
    pub fn made(context: &Context) -> Self {
        Self { password: password::generate(&context.random), made: true }
    }

    /// Made, or read from standard input.
    ///
    /// # Errors
    /// When there is none to read.
    pub fn made_or_read(context: &Context, make: bool) -> Result<Self, Failure> {
        if make {
            return Ok(Self::made(context));
        }
        Ok(Self { password: read_secret("Password (at least 12 characters): ")?, made: false })
    }

    /// The password, where it has to be shown.
    pub fn shown(&self) -> Option<&str> {
        self.made.then(|| self.password.expose().as_str())
    }
}
