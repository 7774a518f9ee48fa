//! `ikd office`.

use clap::ValueEnum;
use serde_json::json;

use super::{Failure, Format};
use crate::context::Context;
use crate::counter::service::{add_office, offices};

/// What an office is.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Kind {
    /// A Dukcapil office with counters.
    #[default]
    Office,
    /// An outreach post (jemput bola).
    Outreach,
}

/// Commands on offices.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add an office or outreach post.
    Add {
        /// Short code: capital letters, digits, hyphens.
        code: String,
        /// Name, as residents know it.
        name: String,
        /// What it is.
        #[arg(long, value_enum, default_value_t)]
        kind: Kind,
    },
    /// List all offices.
    List,
}

/// Runs a command.
///
/// # Errors
/// [`Failure::Refused`] for bad input, [`Failure::Environment`] when the database cannot be used.
pub async fn run(command: Command, context: &Context, format: Format) -> Result<(), Failure> {
    match command {
        Command::Add { code, name, kind } => {
            let kind = match kind {
                Kind::Office => "office",
                Kind::Outreach => "outreach",
            };
            let office = add_office(context, &code, &name, kind).await?;
            match format {
                Format::Text => say!("added office {} ({})", office.code, office.name),
                Format::Json => say!("{}", json!({"office_id": office.office_id, "code": office.code})),
            }
        }
        Command::List => {
            let rows = offices(context).await?;
            match format {
                Format::Text => {
                    for row in rows {
                        say!("{:20} {:8} {}", row.code, row.kind, row.name);
                    }
                }
                Format::Json => {
                    let items: Vec<_> = rows
                        .iter()
                        .map(|row| json!({"office_id": row.office_id, "code": row.code, "name": row.name, "kind": row.kind}))
                        .collect();
                    say!("{}", json!({"offices": items}));
                }
            }
        }
    }
    Ok(())
}
