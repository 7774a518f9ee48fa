//! `ikd docs`: man pages and completions for packages, made of the command line's own description.

use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure};

/// What to write.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Man pages, one for each command.
    Man {
        /// Where to; made when it does not exist.
        folder: PathBuf,
    },
    /// Completions for bash, zsh and fish.
    Completions {
        /// Where to; made when it does not exist.
        folder: PathBuf,
    },
}

/// Writes the files.
///
/// # Errors
/// [`Failure::Environment`] when they cannot be written.
pub fn run(command: &Command) -> Result<(), Failure> {
    let (Command::Man { folder } | Command::Completions { folder }) = command;
    let cannot = |error: std::io::Error| Failure::Environment(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(cannot)?;
    match command {
        Command::Man { .. } => clap_mangen::generate_to(Cli::command(), folder).map_err(cannot),
        Command::Completions { .. } => {
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                clap_complete::generate_to(shell, &mut Cli::command(), "ikd", folder).map_err(cannot)?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_every_shell_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_owned();
        run(&Command::Man { folder: at.clone() }).unwrap();
        run(&Command::Completions { folder: at.clone() }).unwrap();
        for name in ["ikd.1", "ikd-serve.1", "ikd-setup.1", "ikd-keys-rotate.1", "ikd.bash", "_ikd", "ikd.fish"] {
            assert!(at.join(name).metadata().unwrap().len() > 100, "{name}");
        }
        let page = std::fs::read_to_string(at.join("ikd.1")).unwrap();
        assert!(page.contains("/etc/ikd/ikd.toml") && page.contains("3  database"), "{page}");
        assert!(!at.join("ikd-docs.1").exists(), "for packagers only");
    }
}
