//! The `ikd` program: parses the command line and sets the exit code.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ikd::cli::main().await
}
