//! `ikd officer`. Secrets are printed once.

use serde_json::json;

use super::output::or_lost;
use super::{Failure, Format, read_secret};
use crate::context::Context;
use crate::counter::Role;
use crate::counter::service::{
    NewOfficer, add_officer, disable_officer, enable_officer, officers, reset_totp, set_password,
};
use crate::error::{Code, Error};
use crate::login::password;
use crate::secret::Redacted;

/// Commands on officers.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add an officer; prints the authenticator secret once.
    Add {
        /// Log-in name.
        username: String,
        /// Full name.
        full_name: String,
        /// Code of the office.
        #[arg(long)]
        office: String,
        /// What the officer may do.
        #[arg(long, value_enum, default_value = "officer")]
        role: Role,
        /// Make a password and print it once, instead of reading one from standard input.
        #[arg(long)]
        generate_password: bool,
    },
    /// List all officers.
    List,
    /// Disable an officer at once; running sessions end.
    Disable {
        /// Log-in name.
        username: String,
    },
    /// Let a disabled officer log in again, with password and authenticator as before.
    Enable {
        /// Log-in name.
        username: String,
    },
    /// Replace an officer's password, for one that is lost; running sessions end.
    ResetPassword {
        /// Log-in name.
        username: String,
        /// Make a password and print it once, instead of reading one from standard input.
        #[arg(long)]
        generate_password: bool,
    },
    /// Replace an officer's authenticator secret and print it once; running sessions end.
    ResetTotp {
        /// Log-in name.
        username: String,
    },
}

/// Runs a command.
///
/// # Errors
/// [`Failure::Refused`] for bad input, [`Failure::Environment`] when the database cannot be used.
pub async fn run(command: Command, context: &Context, format: Format) -> Result<(), Failure> {
    match command {
        Command::Add { username, full_name, office, role, generate_password } => {
            let (password, made) = choose_password(context, generate_password)?;
            let new = add_officer(context, &office, &username, &full_name, role, &password).await?;
            let shown =
                print_secrets(format, &username, &new, made.as_ref().map(|password| password.expose().as_str()));
            or_lost(
                shown,
                &format!("`ikd officer reset-password {username}`, then `ikd officer reset-totp {username}`"),
            )?;
        }
        Command::List => {
            let rows = officers(context).await?;
            match format {
                Format::Text => {
                    for (username, full_name, role, state) in rows {
                        say!("{username:24} {role:14} {state:9} {full_name}");
                    }
                }
                Format::Json => {
                    let items: Vec<_> = rows
                        .iter()
                        .map(|(username, full_name, role, state)| {
                            json!({"username": username, "full_name": full_name, "role": role, "state": state})
                        })
                        .collect();
                    say!("{}", json!({"officers": items}));
                }
            }
        }
        Command::Disable { username } => {
            disable_officer(context, &username).await?;
            match format {
                Format::Text => say!("{username} is disabled; running sessions have ended"),
                Format::Json => say!("{}", json!({"username": username, "state": "disabled"})),
            }
        }
        Command::Enable { username } => {
            enable_officer(context, &username).await?;
            match format {
                Format::Text => say!("{username} may log in again"),
                Format::Json => say!("{}", json!({"username": username, "state": "active"})),
            }
        }
        Command::ResetPassword { username, generate_password } => {
            let (password, made) = choose_password(context, generate_password)?;
            if !set_password(context, &username, &password).await? {
                return Err(Error::from(Code::NotFound).into());
            }
            let shown = print_password(format, &username, made.as_ref().map(|password| password.expose().as_str()));
            or_lost(shown, &format!("`ikd officer reset-password {username}`"))?;
        }
        Command::ResetTotp { username } => {
            let new = reset_totp(context, &username).await?;
            let shown = print_secrets(format, &username, &new, None);
            or_lost(shown, &format!("`ikd officer reset-totp {username}`"))?;
        }
    }
    Ok(())
}

/// The password that counts, and the same once more when it was made here and has to be shown.
fn choose_password(context: &Context, make: bool) -> Result<(Redacted<String>, Option<Redacted<String>>), Failure> {
    if make {
        let made = password::generate(&context.random);
        return Ok((made.clone(), Some(made)));
    }
    Ok((read_secret("Password (at least 12 characters): ")?, None))
}

fn print_password(format: Format, username: &str, password: Option<&str>) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say!("{username} has a new password; running sessions have ended");
            if let Some(password) = password {
                say!("  password       {password} (shown once)");
            }
        }
        Format::Json => say!("{}", json!({"username": username, "password": password})),
    }
    Ok(())
}

fn print_secrets(format: Format, username: &str, new: &NewOfficer, password: Option<&str>) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say!("officer {username}; shown once:");
            if let Some(password) = password {
                say!("  password       {password}");
            }
            say!("  authenticator  {}", new.totp_secret.expose());
            say!("  as address     {}", new.totp_address.expose());
        }
        Format::Json => say!(
            "{}",
            json!({"officer_id": new.officer_id, "username": username, "password": password,
                "totp_secret": new.totp_secret.expose(), "totp_address": new.totp_address.expose()})
        ),
    }
    Ok(())
}
