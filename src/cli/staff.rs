//! What `ikd officer` and `ikd relying-party employee` have in common: both are accounts, of another realm.

use serde_json::json;

use super::{Failure, Format, read_secret};
use crate::context::Context;
use crate::error::Language;
use crate::login::password;
use crate::secret::Redacted;
use crate::staff::invitation::model::LINK_HOURS;
use crate::staff::{Accounts, Realm, invitation};

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

/// To whom a link to new secrets is sent.
#[derive(Debug, clap::Args)]
pub struct LinkArgs {
    /// Log-in name.
    username: String,
    /// Official e-mail address, where none is known or another is wanted.
    #[arg(long)]
    email: Option<String>,
    /// Language of the letter to that address.
    #[arg(long, value_name = "id|en", default_value = "id")]
    language: Language,
}

/// Sends somebody a link to new secrets.
///
/// # Errors
/// [`Failure::Refused`] when there is nobody of that name, they are disabled, or there is no address to send it to.
pub async fn send_link(context: &Context, realm: Realm, args: &LinkArgs, format: Format) -> Result<(), Failure> {
    let LinkArgs { username, email, language } = args;
    invitation::send_link(context, (realm, username), email.as_deref().map(|email| (email, *language))).await?;
    match format {
        Format::Text => say!("{username} is sent a link to new secrets; it counts for {LINK_HOURS} hours"),
        Format::Json => say!("{}", json!({"username": username, "link_hours": LINK_HOURS})),
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
