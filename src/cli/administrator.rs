//! `ikd administrator`. Secrets are printed once.

use super::officer::{print_list, print_password, print_secrets};
use super::output::or_lost;
use super::staff::{ChosenPassword, LinkArgs, send_link, set_active};
use super::{Failure, Format};
use crate::context::Context;
use crate::staff::{Accounts, Post, Realm, Role};

/// What somebody of the national administration is there.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum NationalRole {
    /// Offices, their heads, relying parties, keys.
    Administrator,
    /// Reads the figures of a province.
    Province,
    /// Looks at what was done, and changes nothing.
    Auditor,
}

impl From<NationalRole> for Role {
    fn from(role: NationalRole) -> Self {
        match role {
            NationalRole::Administrator => Self::Administrator,
            NationalRole::Province => Self::Province,
            NationalRole::Auditor => Self::Auditor,
        }
    }
}

/// Commands on people of the national administration.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add somebody; prints the authenticator secret once.
    Add {
        /// Log-in name.
        username: String,
        /// Full name.
        full_name: String,
        /// What they may do.
        #[arg(long, value_enum, default_value = "administrator")]
        role: NationalRole,
        /// Code of the province, for `--role province`: `13`.
        #[arg(long, required_if_eq("role", "province"))]
        region: Option<String>,
        /// Make a password and print it once, instead of reading one from standard input.
        #[arg(long)]
        generate_password: bool,
    },
    /// Set of which province somebody reads the figures.
    Region {
        /// Log-in name.
        username: String,
        /// Code of the province: `13`.
        code: String,
    },
    /// List all.
    List,
    /// Disable somebody at once; running sessions end.
    Disable {
        /// Log-in name.
        username: String,
    },
    /// Let a disabled person log in again, with password and authenticator as before.
    Enable {
        /// Log-in name.
        username: String,
    },
    /// Send a link to new secrets, which nobody but who opens it ever knows; to the address of the account unless another is named.
    SendLink(LinkArgs),
    /// Replace somebody's password by one that opens nothing but the choice of another; running sessions end.
    ResetPassword {
        /// Log-in name.
        username: String,
        /// Make a password and print it once, instead of reading one from standard input.
        #[arg(long)]
        generate_password: bool,
    },
    /// Replace somebody's authenticator secret by one that opens nothing but the choice of another, and print it once; passkeys are
    /// removed, running sessions end.
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
    let accounts = Accounts::new(context.clone());
    match command {
        Command::Add { username, full_name, role, region, generate_password } => {
            let chosen = ChosenPassword::made_or_read(context, generate_password)?;
            let password = Some(chosen.password.clone());
            let post = match (role, &region) {
                (_, None) => Post::National(role.into()),
                (NationalRole::Province, Some(code)) => Post::Province(code),
                (_, Some(_)) => {
                    return Err(Failure::Refused("--region is for `--role province` alone".to_owned()));
                }
            };
            let new = accounts.add(post, &username, &full_name, password).await?;
            let shown = print_secrets(format, "administrator", &username, (new.staff_id, &new.totp), chosen.shown());
            let mend = format!(
                "`ikd administrator reset-password {username}`, then `ikd administrator reset-totp {username}`"
            );
            or_lost(shown, &mend)?;
        }
        Command::Region { username, code } => {
            accounts.set_region(&username, &code).await?;
            match format {
                Format::Text => say!("{username}: {code}"),
                Format::Json => say!("{}", serde_json::json!({ "username": username, "region": code })),
            }
        }
        Command::List => print_list(format, "administrators", &accounts.list(Realm::National).await?)?,
        Command::Disable { username } => set_active(context, Realm::National, &username, false, format).await?,
        Command::Enable { username } => set_active(context, Realm::National, &username, true, format).await?,
        Command::SendLink(args) => send_link(context, Realm::National, &args, format).await?,
        Command::ResetPassword { username, generate_password } => {
            let chosen = ChosenPassword::made_or_read(context, generate_password)?;
            accounts.set_password(Realm::National, &username, &chosen.password).await?;
            let shown = print_password(format, &username, chosen.shown());
            or_lost(shown, &format!("`ikd administrator reset-password {username}`"))?;
        }
        Command::ResetTotp { username } => {
            let (person, totp) = accounts.reset_totp(Realm::National, &username).await?;
            let shown = print_secrets(format, "administrator", &username, (person, &totp), None);
            or_lost(shown, &format!("`ikd administrator reset-totp {username}`"))?;
        }
    }
    Ok(())
}
