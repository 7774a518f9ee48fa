//! `ikd config check`.

use super::{Failure, Format};
use crate::clock::Clock;
use crate::config::Config;

/// Commands on the configuration.
#[derive(Clone, Copy, Debug, clap::Subcommand)]
pub enum Command {
    /// Print the effective configuration with secrets masked, and refuse what is too weak for its mode.
    Check,
}

/// Runs a command.
///
/// # Errors
/// [`Failure::Refused`] when the configuration is too weak for production.
pub fn run(command: Command, config: &Config, format: Format) -> Result<(), Failure> {
    match command {
        Command::Check => {
            match format {
                Format::Text => super::output::write(format_args!("{}", config.masked()))?,
                Format::Json => {
                    let masked: toml::Value =
                        toml::from_str(&config.masked()).map_err(|error| Failure::Environment(error.to_string()))?;
                    say!("{}", serde_json::to_string(&masked).unwrap_or_default());
                }
            }
            config.check_strength().map_err(|error| Failure::Refused(error.to_string()))?;
            config.check_ends(Clock::System.now()).map_err(|error| Failure::Refused(error.to_string()))
        }
    }
}
