//! `ikd officer`. Secrets are printed once.

use serde_json::json;

use super::{Failure, Format, read_secret};
use crate::core::Core;
use crate::counter::Role;
use crate::counter::service::{NewOfficer, add_officer, disable_officer, enable_officer, officers, reset_totp};
use crate::login::password;

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
pub async fn run(command: Command, core: &Core, format: Format) -> Result<(), Failure> {
    match command {
        Command::Add { username, full_name, office, role, generate_password } => {
            let made = generate_password.then(|| password::generate(&core.random));
            let password = match &made {
                Some(password) => password.clone(),
                None => read_secret("Password (at least 12 characters): ")?,
            };
            let new = add_officer(core, &office, &username, &full_name, role, &password).await?;
            print_secrets(format, &username, &new, made.as_ref().map(|password| password.expose().as_str()));
        }
        Command::List => {
            let rows = officers(core).await?;
            match format {
                Format::Text => {
                    for (username, full_name, role, state) in rows {
                        println!("{username:24} {role:14} {state:9} {full_name}");
                    }
                }
                Format::Json => {
                    let items: Vec<_> = rows
                        .iter()
                        .map(|(username, full_name, role, state)| {
                            json!({"username": username, "full_name": full_name, "role": role, "state": state})
                        })
                        .collect();
                    println!("{}", json!({"officers": items}));
                }
            }
        }
        Command::Disable { username } => {
            disable_officer(core, &username).await?;
            match format {
                Format::Text => println!("{username} is disabled; running sessions have ended"),
                Format::Json => println!("{}", json!({"username": username, "state": "disabled"})),
            }
        }
        Command::Enable { username } => {
            enable_officer(core, &username).await?;
            match format {
                Format::Text => println!("{username} may log in again"),
                Format::Json => println!("{}", json!({"username": username, "state": "active"})),
            }
        }
        Command::ResetTotp { username } => {
            let new = reset_totp(core, &username).await?;
            print_secrets(format, &username, &new, None);
        }
    }
    Ok(())
}

fn print_secrets(format: Format, username: &str, new: &NewOfficer, password: Option<&str>) {
    match format {
        Format::Text => {
            println!("officer {username}; shown once:");
            if let Some(password) = password {
                println!("  password       {password}");
            }
            println!("  authenticator  {}", new.totp_secret.expose());
            println!("  as address     {}", new.totp_address.expose());
        }
        Format::Json => println!(
            "{}",
            json!({"officer_id": new.officer_id, "username": username, "password": password,
                "totp_secret": new.totp_secret.expose(), "totp_address": new.totp_address.expose()})
        ),
    }
}
