//! `ikd relying-party`: register organisations that verify, their API keys and employees.

mod print;

use std::path::PathBuf;

use clap::{ArgGroup, Subcommand};
use serde_json::json;
use uuid::Uuid;

use self::print::{
    another_key, print_employee, print_entitlement, print_key, print_list, print_party, print_quota, print_registered,
    print_state,
};
use super::output::or_lost;
use super::staff::{LinkArgs, send_link, set_active};
use super::{Failure, Format};
use crate::attribute::AttributeSet;
use crate::context::Context;
use crate::error::Language;
use crate::register::Date;
use crate::relying_party::model::PartyState;
use crate::relying_party::operator::Amendment;
use crate::relying_party::{Purpose, Quota, RelyingParties};
use crate::staff::{Accounts, Post, Realm};

/// Arguments of `ikd relying-party`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Register an organisation and print its first API key, once; or without one, for a public key that is registered then.
    Add {
        /// Its name, as holders read it in their history.
        name: String,
        /// What it is entitled to: age, basic, full, or attribute names with commas.
        #[arg(long, default_value = "basic")]
        attributes: String,
        /// A purpose, as CODE=TEKS INDONESIA|ENGLISH TEXT; may stand several times.
        #[arg(long, required = true)]
        purpose: Vec<String>,
        /// Make no API key: `key register` registers a public key.
        #[arg(long)]
        no_key: bool,
    },
    /// List organisations with their purposes and keys.
    List,
    /// Register public keys, make API keys, and revoke either.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Set the contract under which an organisation verifies. From the day after its last one, checks are refused.
    Contract {
        /// Name of the organisation.
        name: String,
        /// Number of the contract.
        #[arg(long)]
        number: String,
        /// Its first day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        from: Date,
        /// Its last day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        until: Date,
    },
    /// Set how many checks an organisation may put; of a minute and a day, what is left out has no limit.
    #[command(group = ArgGroup::new("most").required(true).multiple(true).args(["per_minute", "per_day", "unlimited"]))]
    Quota {
        /// Name of the organisation.
        name: String,
        /// In a minute.
        #[arg(long)]
        per_minute: Option<i64>,
        /// In a day, from midnight to midnight in Jakarta.
        #[arg(long)]
        per_day: Option<i64>,
        /// Neither in a minute nor in a day.
        #[arg(long, conflicts_with_all = ["per_minute", "per_day"])]
        unlimited: bool,
    },
    /// Set where an organisation is told what ends: 60, 30 and 7 days before.
    Contact {
        /// Name of the organisation.
        name: String,
        /// E-mail address.
        email: String,
        /// Language of the letters.
        #[arg(long, value_name = "id|en", default_value = "id")]
        language: Language,
    },
    /// Refuse an organisation's keys and log its people out, at once; `resume` lets it verify again.
    Suspend {
        /// Name of the organisation.
        name: String,
        /// Why: the national administration reads it.
        #[arg(long)]
        reason: String,
    },
    /// Let a suspended organisation verify again.
    Resume {
        /// Name of the organisation.
        name: String,
    },
    /// Add or end a purpose.
    Purpose {
        #[command(subcommand)]
        command: PurposeCommand,
    },
    /// Replace the attributes that an organisation may ask for.
    Attributes {
        /// Name of the organisation.
        name: String,
        /// age, basic, full, or attribute names with commas.
        attributes: String,
    },
    /// Administrators, who look after the organisation's keys and employees on the web page.
    Administrator {
        #[command(subcommand)]
        command: AdministratorCommand,
    },
    /// Employees who verify on the web page.
    Employee {
        #[command(subcommand)]
        command: EmployeeCommand,
    },
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Register a public key, with which the organisation's systems ask for access tokens. Its private half stays with them.
    Register {
        /// Name of the organisation.
        name: String,
        /// File with the public key as a JWK (JSON): Ed25519 or P-256.
        #[arg(long, value_name = "FILE")]
        jwk: PathBuf,
        /// What it is for.
        #[arg(long)]
        label: Option<String>,
        /// Its last day, YYYY-MM-DD, at most 365 days from now; that far away, where none is said.
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
    },
    /// Make a further API key and print it, once. Older keys go on working.
    Add {
        /// Name of the organisation.
        name: String,
        /// What it is for.
        #[arg(long)]
        label: Option<String>,
        /// Its last day, YYYY-MM-DD; without one it has no end.
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
    },
    /// Set the last day of a key.
    End {
        /// Id of the key.
        key_id: Uuid,
        /// The last day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        until: Date,
    },
    /// Revoke a key: every node refuses it within a second.
    Revoke {
        /// Id of the key, as `list` shows it: the part between `ikd_rp_` and the secret.
        key_id: Uuid,
    },
}

#[derive(Debug, Subcommand)]
enum PurposeCommand {
    /// Let an organisation check for one purpose more.
    Add {
        /// Name of the organisation.
        name: String,
        /// The purpose, as CODE=TEKS INDONESIA|ENGLISH TEXT.
        purpose: String,
    },
    /// End a purpose: checks for it are refused within a second. What was checked keeps its code.
    End {
        /// Name of the organisation.
        name: String,
        /// The purpose's code.
        code: String,
    },
}

#[derive(Debug, Subcommand)]
enum AdministratorCommand {
    /// Add an administrator and print password and authenticator secret, once. `employee disable`, `enable` and `reset` serve them too.
    Add {
        /// Name of the organisation.
        name: String,
        /// Log-in name.
        username: String,
        /// Full name.
        full_name: String,
    },
}

#[derive(Debug, Subcommand)]
enum EmployeeCommand {
    /// Add an employee and print password and authenticator secret, once.
    Add {
        /// Name of the organisation.
        name: String,
        /// Log-in name.
        username: String,
        /// Full name.
        full_name: String,
    },
    /// Disable an employee at once; running sessions end.
    Disable {
        /// Log-in name.
        username: String,
    },
    /// Let a disabled employee log in again, with password and authenticator as before.
    Enable {
        /// Log-in name.
        username: String,
    },
    /// Send a link to new secrets, which nobody but who opens it ever knows; to the address of the account unless another is named.
    SendLink(LinkArgs),
    /// Replace an employee's password and authenticator secret by some that open nothing but the choice of others, and print them once;
    /// running sessions end.
    Reset {
        /// Log-in name.
        username: String,
    },
}

/// Runs the command.
///
/// # Errors
/// Wrong usage, a refusal, or a database that does not answer.
pub async fn run(args: Args, context: &Context, format: Format) -> Result<(), Failure> {
    let (parties, employees) = (RelyingParties::new(context.clone()), Accounts::new(context.clone()));
    match args.command {
        Command::Add { name, attributes, purpose, no_key: true } => {
            let (entitled, purposes) = (read_attributes(&attributes)?, read_purposes(&purpose)?);
            print_party(format, parties.add_without_key(&name, entitled, &purposes).await?)?;
        }
        Command::Add { name, attributes, purpose, no_key: false } => {
            let (entitled, purposes) = (read_attributes(&attributes)?, read_purposes(&purpose)?);
            let (id, key) = parties.add(&name, entitled, &purposes).await?;
            or_lost(print_key(format, Some(id), &key), &another_key(&key))?;
        }
        Command::List => print_list(format, &parties.list().await?)?,
        Command::Key { command } => run_key(command, &parties, context, format).await?,
        Command::Contract { name, number, from, until } => {
            parties.set_contract(&name, &number, (from, until)).await?;
            match format {
                Format::Text => say!("{name} verifies under {number} from {from} until {until}"),
                Format::Json => {
                    let (from, until) = (from.to_string(), until.to_string());
                    say!("{}", json!({"name": name, "number": number, "from": from, "until": until}));
                }
            }
        }
        Command::Contact { name, email, language } => {
            parties.set_contact(&name, &email, language).await?;
            match format {
                Format::Text => say!("{name} is told what ends"),
                Format::Json => say!("{}", json!({"name": name, "language": language.tag()})),
            }
        }
        Command::Quota { name, per_minute, per_day, unlimited: _ } => {
            let quota = Quota { per_minute, per_day };
            parties.set_quota(&name, quota).await?;
            print_quota(format, &name, quota)?;
        }
        Command::Suspend { name, reason } => {
            parties.suspend(&name, &reason).await?;
            print_state(format, &name, PartyState::Disabled)?;
        }
        Command::Resume { name } => {
            parties.resume(&name).await?;
            print_state(format, &name, PartyState::Active)?;
        }
        Command::Purpose { command: PurposeCommand::Add { name, purpose } } => {
            let purpose = read_purpose(&purpose)?;
            print_entitlement(format, &name, &parties.amend(&name, Amendment::AddPurpose(&purpose)).await?)?;
        }
        Command::Purpose { command: PurposeCommand::End { name, code } } => {
            print_entitlement(format, &name, &parties.amend(&name, Amendment::EndPurpose(&code)).await?)?;
        }
        Command::Attributes { name, attributes } => {
            let entitled = read_attributes(&attributes)?;
            print_entitlement(format, &name, &parties.amend(&name, Amendment::SetAttributes(entitled)).await?)?;
        }
        Command::Administrator { command: AdministratorCommand::Add { name, username, full_name } } => {
            let new = employees.add(Post::PartyAdministrator(&name), &username, &full_name, None).await?;
            let shown = print_employee(format, &username, &new);
            or_lost(shown, &format!("`ikd relying-party employee reset {username}`"))?;
        }
        Command::Employee { command: EmployeeCommand::Add { name, username, full_name } } => {
            let new = employees.add(Post::RelyingParty(&name), &username, &full_name, None).await?;
            let shown = print_employee(format, &username, &new);
            or_lost(shown, &format!("`ikd relying-party employee reset {username}`"))?;
        }
        Command::Employee { command: EmployeeCommand::Disable { username } } => {
            set_active(context, Realm::RelyingParty, &username, false, format).await?;
        }
        Command::Employee { command: EmployeeCommand::Enable { username } } => {
            set_active(context, Realm::RelyingParty, &username, true, format).await?;
        }
        Command::Employee { command: EmployeeCommand::SendLink(args) } => {
            send_link(context, Realm::RelyingParty, &args, format).await?
        }
        Command::Employee { command: EmployeeCommand::Reset { username } } => {
            let new = employees.renew(Realm::RelyingParty, &username).await?;
            let shown = print_employee(format, &username, &new);
            or_lost(shown, &format!("`ikd relying-party employee reset {username}`"))?;
        }
    }
    Ok(())
}

async fn run_key(
    command: KeyCommand,
    parties: &RelyingParties,
    context: &Context,
    format: Format,
) -> Result<(), Failure> {
    match command {
        KeyCommand::Register { name, jwk, label, until } => {
            let told = |what: String| Failure::Usage(format!("{}: {what}", jwk.display()));
            let text = std::fs::read(&jwk).map_err(|error| told(error.to_string()))?;
            let key = serde_json::from_slice(&text).map_err(|_| told(String::from("this is no JSON")))?;
            let (client_id, key_id) = parties.register_key(&name, &key, label.as_deref(), until).await?;
            print_registered(format, (client_id, key_id), &context.config.service.public_url)?;
        }
        KeyCommand::Add { name, label, until } => {
            let key = parties.add_key_until(&name, label.as_deref(), until).await?;
            or_lost(print_key(format, None, &key), &another_key(&key))?;
        }
        KeyCommand::End { key_id, until } => {
            parties.set_key_end(key_id, until).await?;
            let (id, until) = (key_id.simple().to_string(), until.to_string());
            match format {
                Format::Text => say!("{id} opens until {until}"),
                Format::Json => say!("{}", json!({"key_id": id, "until": until})),
            }
        }
        KeyCommand::Revoke { key_id } => {
            parties.revoke_key(key_id).await?;
            match format {
                Format::Text => say!("revoked {}", key_id.simple()),
                Format::Json => say!("{}", json!({"key_id": key_id.simple().to_string(), "revoked": true})),
            }
        }
    }
    Ok(())
}

fn read_attributes(text: &str) -> Result<AttributeSet, Failure> {
    if let Some(preset) = AttributeSet::preset(text) {
        return Ok(preset);
    }
    AttributeSet::from_names(text.split(',').map(str::trim)).map_err(|name| {
        let known = AttributeSet::FULL.names().join(", ");
        Failure::Usage(format!("\"{name}\" is no attribute: use age, basic, full, or some of {known}"))
    })
}

fn read_purposes(texts: &[String]) -> Result<Vec<Purpose>, Failure> {
    texts.iter().map(|text| read_purpose(text)).collect()
}

fn read_purpose(text: &str) -> Result<Purpose, Failure> {
    let parts = text.split_once('=').and_then(|(code, texts)| Some((code, texts.split_once('|')?)));
    let (code, (text_id, text_en)) =
        parts.ok_or_else(|| Failure::Usage(format!("\"{text}\" is not CODE=TEKS INDONESIA|ENGLISH TEXT")))?;
    let [code, text_id, text_en] = [code, text_id, text_en].map(|part| part.trim().to_owned());
    Ok(Purpose { code, text_id, text_en })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_purposes_are_read() {
        assert_eq!(read_attributes("full").unwrap(), AttributeSet::FULL);
        assert_eq!(read_attributes("nik, portrait").unwrap().names(), ["nik", "portrait"]);
        assert!(read_attributes("shoe_size").is_err());
        let purpose = read_purpose("open_account = Membuka rekening | Opening an account").unwrap();
        assert_eq!((purpose.code.as_str(), purpose.text_en.as_str()), ("open_account", "Opening an account"));
        assert!(read_purpose("open_account").is_err());
    }
}
