//! `ikd relying-party`: register organisations that verify, their API keys and employees.

use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::output::or_lost;
use super::staff::set_active;
use super::{Failure, Format};
use crate::attribute::AttributeSet;
use crate::context::Context;
use crate::error::Language;
use crate::register::Date;
use crate::relying_party::service::Listed;
use crate::relying_party::{ApiKey, Purpose, RelyingParties};
use crate::staff::{Accounts, Post, Realm, Secrets};

/// Arguments of `ikd relying-party`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Register an organisation and print its first API key, once.
    Add {
        /// Its name, as holders read it in their history.
        name: String,
        /// What it is entitled to: age, basic, full, or attribute names with commas.
        #[arg(long, default_value = "basic")]
        attributes: String,
        /// A purpose, as CODE=TEKS INDONESIA|ENGLISH TEXT; may stand several times.
        #[arg(long, required = true)]
        purpose: Vec<String>,
    },
    /// List organisations with their purposes and keys.
    List,
    /// Make or revoke API keys.
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
    /// Replace an employee's password and authenticator secret and print them once; running sessions end.
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
        Command::Add { name, attributes, purpose } => {
            let entitled = read_attributes(&attributes)?;
            let purposes = purpose.iter().map(|text| read_purpose(text)).collect::<Result<Vec<_>, _>>()?;
            let (id, key) = parties.add(&name, entitled, &purposes).await?;
            or_lost(print_key(format, Some(id), &key), &another_key(&key))?;
        }
        Command::List => print_list(format, &parties.list().await?)?,
        Command::Key { command } => run_key(command, &parties, format).await?,
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
        Command::Employee { command: EmployeeCommand::Reset { username } } => {
            let new = employees.renew(Realm::RelyingParty, &username).await?;
            let shown = print_employee(format, &username, &new);
            or_lost(shown, &format!("`ikd relying-party employee reset {username}`"))?;
        }
    }
    Ok(())
}

async fn run_key(command: KeyCommand, parties: &RelyingParties, format: Format) -> Result<(), Failure> {
    match command {
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

/// What to do about a key that nobody saw.
fn another_key(key: &ApiKey) -> String {
    let id = key.key_id.simple();
    format!("`ikd relying-party key revoke {id}`, then `ikd relying-party key add NAME`")
}

fn print_employee(format: Format, username: &str, new: &Secrets) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say!("employee  {username}");
            say!("password  {}", new.password.expose());
            say!("totp      {}", new.totp.secret.expose());
            say!("          {}", new.totp.address.expose());
            say!("Shown once: hand password and secret over in person.");
        }
        Format::Json => say!(
            "{}",
            json!({"employee_id": new.staff_id, "username": username, "password": new.password.expose(),
                "totp_secret": new.totp.secret.expose(), "totp_url": new.totp.address.expose()})
        ),
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

fn read_purpose(text: &str) -> Result<Purpose, Failure> {
    let parts = text.split_once('=').and_then(|(code, texts)| Some((code, texts.split_once('|')?)));
    let (code, (text_id, text_en)) =
        parts.ok_or_else(|| Failure::Usage(format!("\"{text}\" is not CODE=TEKS INDONESIA|ENGLISH TEXT")))?;
    let [code, text_id, text_en] = [code, text_id, text_en].map(|part| part.trim().to_owned());
    Ok(Purpose { code, text_id, text_en })
}

fn print_key(format: Format, relying_party_id: Option<Uuid>, key: &ApiKey) -> Result<(), Failure> {
    match format {
        Format::Text => {
            if let Some(id) = relying_party_id {
                say!("relying party  {id}");
            }
            say!("key id         {}", key.key_id.simple());
            say!("API key        {}", key.expose());
            say!("Shown once: the service keeps only its hash.");
        }
        Format::Json => say!(
            "{}",
            json!({"relying_party_id": relying_party_id, "key_id": key.key_id.simple().to_string(), "api_key": key.expose()})
        ),
    }
    Ok(())
}

fn print_list(format: Format, listed: &[Listed]) -> Result<(), Failure> {
    if format == Format::Json {
        let all: Vec<_> = listed
            .iter()
            .map(|one| {
                let purposes: Vec<_> = one
                    .party
                    .purposes
                    .iter()
                    .map(|purpose| json!({"code": purpose.code, "text_id": purpose.text_id, "text_en": purpose.text_en}))
                    .collect();
                let keys: Vec<_> = one
                    .keys
                    .iter()
                    .map(|key| json!({"key_id": key.key_id.simple().to_string(), "label": key.label, "created_at": key.created_at,
                        "expires_at": key.expires_at, "last_used_at": key.last_used_at, "revoked_at": key.revoked_at}))
                    .collect();
                json!({"relying_party_id": one.party.relying_party_id, "name": one.party.name, "state": one.state.as_str(),
                    "attributes": one.party.entitled.names(), "purposes": purposes, "keys": keys,
                    "contract": one.party.contract.as_ref().map(|contract| json!({"number": contract.number,
                        "begins_at": contract.begins_at, "ends_at": contract.ends_at}))})
            })
            .collect();
        say!("{}", json!(all));
        return Ok(());
    }
    for one in listed {
        say!("{}  {}  ({})", one.party.relying_party_id, one.party.name, one.state.as_str());
        say!("  entitled to  {}", one.party.entitled.names().join(", "));
        for purpose in &one.party.purposes {
            say!("  purpose      {}: {} / {}", purpose.code, purpose.text_id, purpose.text_en);
        }
        if let Some(contract) = &one.party.contract {
            let (begins, ends) = (contract.begins_at.to_rfc3339(), contract.ends_at.to_rfc3339());
            say!("  contract     {}  from {begins}  until {ends}", contract.number);
        }
        for key in &one.keys {
            let state = match (key.revoked_at, key.expires_at) {
                (Some(at), _) => format!("revoked {}", at.to_rfc3339()),
                (None, Some(at)) => format!("until {}", at.to_rfc3339()),
                (None, None) => String::from("living"),
            };
            say!("  key          {}  made {}  {state}", key.key_id.simple(), key.created_at.to_rfc3339());
        }
    }
    Ok(())
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
