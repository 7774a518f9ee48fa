//! `ikd office`.

use serde_json::json;

use super::{Failure, Format};
use crate::context::Context;
use crate::office::{Kind, Offices};

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
    let offices = Offices::new(context.clone());
    match command {
        Command::Add { code, name, kind } => {
            let office = offices.add(&code, &name, kind).await?;
            match format {
                Format::Text => say!("added office {} ({})", office.code, office.name),
                Format::Json => say!("{}", json!({"office_id": office.office_id, "code": office.code})),
            }
        }
        Command::List => {
            let rows = offices.all().await?;
            match format {
                Format::Text => {
                    for row in rows {
                        say!("{:20} {:8} {}", row.code, row.kind.as_str(), row.name);
                    }
                }
                Format::Json => {
                    let items: Vec<_> = rows
                        .iter()
                        .map(|row| json!({"office_id": row.office_id, "code": row.code, "name": row.name, "kind": row.kind.as_str()}))
                        .collect();
                    say!("{}", json!({"offices": items}));
                }
            }
        }
    }
    Ok(())
}
