//! The `ikd` program: parses the command line and sets the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ikd::cli::main()
}
