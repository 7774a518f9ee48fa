//! `ikd officer`. Secrets are printed once.

use serde_json::json;
use uuid::Uuid;

use super::output::or_lost;
use super::staff::{ChosenPassword, LinkArgs, send_link, set_active};
use super::{Failure, Format};
use crate::context::Context;
use crate::login::totp::TotpSecret;
use crate::register::Date;
use crate::staff::{Accounts, Listed, Post, Realm, Role};

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
        #[arg(long, value_parser = role_of_office, default_value = "officer")]
        role: Role,
        /// Last day at the office, YYYY-MM-DD; an assistant needs one, at most 183 days from now.
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
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
    /// Set the last day of somebody's time at the office.
    End {
        /// Log-in name.
        username: String,
        /// The last day, YYYY-MM-DD; without one it has no end.
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
    },
    /// Let somebody act in another role besides their own, as long as somebody is away (Plt, Plh).
    Acting {
        /// Log-in name.
        username: String,
        /// The role; without one they act no longer.
        #[arg(long = "as", value_parser = role_of_office, requires = "until")]
        role: Option<Role>,
        /// The last day, YYYY-MM-DD, at most 365 days from now.
        #[arg(long, value_name = "DATE", requires = "role")]
        until: Option<Date>,
    },
    /// Give an officer back the rights that rest since an activation that they approved was annulled.
    RestoreRights {
        /// Log-in name.
        username: String,
    },
    /// Send a link to new secrets, which nobody but who opens it ever knows; to the address of the account unless another is named.
    SendLink(LinkArgs),
    /// Replace an officer's password by one that opens nothing but the choice of another; running sessions end.
    ResetPassword {
        /// Log-in name.
        username: String,
        /// Make a password and print it once, instead of reading one from standard input.
        #[arg(long)]
        generate_password: bool,
    },
    /// Replace an officer's authenticator secret by one that opens nothing but the choice of another, and print it once; passkeys are
    /// removed, running sessions end.
    ResetTotp {
        /// Log-in name.
        username: String,
    },
}

/// A role of an office's people.
fn role_of_office(text: &str) -> Result<Role, String> {
    let found = Role::OF_OFFICES.iter().copied().find(|role| role.as_str().replace('_', "-") == text);
    let words = || Role::OF_OFFICES.iter().map(|role| role.as_str().replace('_', "-")).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("one of {}; people of the national administration: `ikd administrator add`", words()))
}

/// What whoever hands secrets over tells.
pub(super) const INITIAL: &str = "They open one page, where the person chooses others, and count for 24 hours.";

/// Runs a command.
///
/// # Errors
/// [`Failure::Refused`] for bad input, [`Failure::Environment`] when the database cannot be used.
pub async fn run(command: Command, context: &Context, format: Format) -> Result<(), Failure> {
    let accounts = Accounts::new(context.clone());
    match command {
        Command::Add { username, full_name, office, role, until, generate_password } => {
            let chosen = ChosenPassword::made_or_read(context, generate_password)?;
            let password = Some(chosen.password.clone());
            let new = accounts.add_until(Post::Office(&office, role), (&username, &full_name), password, until).await?;
            let shown = print_secrets(format, "officer", &username, (new.staff_id, &new.totp), chosen.shown());
            or_lost(
                shown,
                &format!("`ikd officer reset-password {username}`, then `ikd officer reset-totp {username}`"),
            )?;
        }
        Command::List => {
            print_list(format, "officers", &accounts.list(Realm::Office).await?)?;
        }
        Command::Disable { username } => {
            set_active(context, Realm::Office, &username, false, format).await?;
        }
        Command::Enable { username } => {
            set_active(context, Realm::Office, &username, true, format).await?;
        }
        Command::End { username, until } => {
            accounts.set_end(Realm::Office, &username, until).await?;
            let last_day = until.map(|day| day.to_string());
            match (format, &last_day) {
                (Format::Json, _) => say!("{}", json!({"username": username, "last_day": last_day})),
                (Format::Text, Some(day)) => say!("{username} works here until {day}"),
                (Format::Text, None) => say!("{username} works here without an end"),
            }
        }
        Command::Acting { username, role, until } => {
            accounts.set_acting(&username, role.zip(until)).await?;
            let (word, last_day) = (role.map(|role| role.as_str()), until.map(|day| day.to_string()));
            match (format, word.zip(last_day.as_ref())) {
                (Format::Json, _) => say!("{}", json!({"username": username, "role": word, "last_day": last_day})),
                (Format::Text, Some((role, day))) => say!("{username} acts as {role} until {day}"),
                (Format::Text, None) => say!("{username} acts for nobody"),
            }
        }
        Command::RestoreRights { username } => {
            accounts.restore_rights(Realm::Office, &username).await?;
            match format {
                Format::Text => say!("{username} has their rights again"),
                Format::Json => say!("{}", json!({"username": username, "state": "active"})),
            }
        }
        Command::SendLink(args) => send_link(context, Realm::Office, &args, format).await?,
        Command::ResetPassword { username, generate_password } => {
            let chosen = ChosenPassword::made_or_read(context, generate_password)?;
            accounts.set_password(Realm::Office, &username, &chosen.password).await?;
            let shown = print_password(format, &username, chosen.shown());
            or_lost(shown, &format!("`ikd officer reset-password {username}`"))?;
        }
        Command::ResetTotp { username } => {
            let (officer_id, totp) = accounts.reset_totp(Realm::Office, &username).await?;
            let shown = print_secrets(format, "officer", &username, (officer_id, &totp), None);
            or_lost(shown, &format!("`ikd officer reset-totp {username}`"))?;
        }
    }
    Ok(())
}

pub(super) fn print_list(format: Format, whom: &str, rows: &[Listed]) -> Result<(), Failure> {
    match format {
        Format::Text => {
            for one in rows {
                let (person, state) = (&one.person, one.standing);
                let acting = one.acting.map(|(role, _)| format!(", acting {}", role.as_str())).unwrap_or_default();
                let keys = match one.passkeys {
                    0 => String::new(),
                    1 => String::from(", 1 passkey"),
                    several => format!(", {several} passkeys"),
                };
                let initial = if one.initial.is_any() { ", has to choose own secrets" } else { "" };
                let (name, role) = (&person.full_name, person.role.as_str());
                say!("{:24} {role:14} {state:9} {name}{acting}{keys}{initial}", person.username);
            }
        }
        Format::Json => {
            let item = |one: &Listed| {
                json!({"username": one.person.username, "full_name": one.person.full_name,
                    "role": one.person.role.as_str(), "state": one.standing, "ends_at": one.ends_at,
                    "acting_role": one.acting.map(|(role, _)| role.as_str()),
                    "acting_until": one.acting.map(|(_, until)| until), "passkeys": one.passkeys,
                    "initial": one.initial.is_any()})
            };
            say!("{}", json!({whom: rows.iter().map(item).collect::<Vec<_>>()}));
        }
    }
    Ok(())
}

pub(super) fn print_password(format: Format, username: &str, password: Option<&str>) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say!("{username} has a new password; running sessions have ended");
            if let Some(password) = password {
                say!("  password       {password} (shown once)");
            }
            say!("{INITIAL}");
        }
        Format::Json => say!("{}", json!({"username": username, "password": password})),
    }
    Ok(())
}

pub(super) fn print_secrets(
    format: Format,
    kind: &str,
    username: &str,
    (officer_id, totp): (Uuid, &TotpSecret),
    password: Option<&str>,
) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say!("{kind} {username}; shown once:");
            if let Some(password) = password {
                say!("  password       {password}");
            }
            say!("  authenticator  {}", totp.secret.expose());
            say!("  as address     {}", totp.address.expose());
            say!("{INITIAL}");
        }
        Format::Json => say!(
            "{}",
            json!({format!("{kind}_id"): officer_id, "username": username, "password": password,
                "totp_secret": totp.secret.expose(), "totp_address": totp.address.expose()})
        ),
    }
    Ok(())
}
