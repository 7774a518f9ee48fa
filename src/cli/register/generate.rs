//! `ikd register generate`: synthetic residents, into the register or into a file.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{announced, bar, batch_failure, carry_on, heard_register, stop_signal};
use crate::cli::{Failure, Format};
use crate::context::Context;
use crate::register::Date;
use crate::register::generate::{DEFAULT_AS_OF, GenerateOptions, Generated, Generator, generate_into, generate_to_csv};

#[derive(Debug, clap::Args)]
pub(super) struct GenerateArgs {
    /// How many residents.
    #[arg(long, value_name = "N")]
    count: u64,
    /// Equal seeds give equal residents.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The day that ages are counted from.
    #[arg(long, value_name = "YYYY-MM-DD", default_value = DEFAULT_AS_OF)]
    as_of: Date,
    /// Draw a portrait for each resident.
    #[arg(long)]
    portraits: bool,
    /// Write a CSV file for `register import` instead of the database; portraits go into a folder beside it.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// List the first residents who could register.
    #[arg(long, value_name = "N", default_value_t = 0)]
    show: usize,
}

/// Makes the residents; what goes into the database stands in the audit log.
///
/// # Errors
/// As [`super::run`].
pub(super) async fn run(
    args: GenerateArgs,
    format: Format,
    context: impl AsyncFnOnce() -> Result<Context, Failure>,
) -> Result<(), Failure> {
    if args.csv.is_some() {
        return generate(args, format, context).await;
    }
    let context = context().await?;
    announced(&context, generate(args, format, async || Ok(context.clone()))).await
}

async fn generate(
    args: GenerateArgs,
    format: Format,
    context: impl AsyncFnOnce() -> Result<Context, Failure>,
) -> Result<(), Failure> {
    let options = GenerateOptions { count: args.count, seed: args.seed, as_of: args.as_of, portraits: args.portraits };
    let stop = stop_signal();
    let bar = bar("{bar:40} {human_pos}/{human_len} residents, {per_sec}, ETA {eta}");
    bar.set_length(args.count);
    let told = bar.clone();
    let progress = move |written| {
        told.set_position(written);
        carry_on(&stop)
    };
    let done = match args.csv {
        Some(file) => {
            let portraits = args.portraits.then(|| portraits_beside(&file));
            tokio::task::spawn_blocking(move || generate_to_csv(&file, portraits, options, progress))
                .await
                .map_err(|_| Failure::Environment(String::from("a worker stopped")))?
        }
        None => generate_into(&heard_register(&context().await?), options, progress).await,
    };
    bar.finish_and_clear();
    let done = done.map_err(batch_failure)?;
    print_generated(done, args.show, options, format)?;
    if done.complete {
        Ok(())
    } else {
        Err(Failure::Refused(String::from("stopped; the same command begins again and replaces what is there")))
    }
}

fn print_generated(done: Generated, show: usize, options: GenerateOptions, format: Format) -> Result<(), Failure> {
    let shown = usize::try_from(options.count).unwrap_or(usize::MAX).min(show);
    let residents = Generator::new(options.seed, options.as_of).first_eligible(shown, done.written);
    match format {
        Format::Text => {
            say!("{} residents of seed {}", done.written, options.seed);
            for record in residents {
                say!("{}  {}  {}", record.nik.as_str(), record.birth_date, record.full_name);
            }
        }
        Format::Json => {
            let residents: Vec<_> = residents
                .iter()
                .map(|record| {
                    json!({
                        "nik": record.nik.as_str(),
                        "full_name": record.full_name,
                        "birth_date": record.birth_date,
                    })
                })
                .collect();
            say!("{}", json!({"written": done.written, "complete": done.complete, "residents": residents}));
        }
    }
    Ok(())
}

/// `people.csv` has its portraits in `people-portraits/`.
fn portraits_beside(file: &Path) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push("-portraits");
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::register::RegisterArgs;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: RegisterArgs,
    }

    fn parse(words: &str) -> Result<RegisterArgs, clap::Error> {
        Line::try_parse_from(std::iter::once("register").chain(words.split(' '))).map(|line| line.args)
    }

    async fn run_line(words: &str) -> Result<(), Failure> {
        let args = parse(words).unwrap();
        super::super::run(args, Format::Json, async || Err(Failure::Environment(String::from("no database here"))))
            .await
    }

    #[tokio::test]
    async fn a_csv_file_needs_no_database() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.csv");
        run_line(&format!("generate --count 25 --seed 4 --portraits --csv {}", file.display())).await.unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 26);
        assert_eq!(std::fs::read_dir(folder.path().join("people-portraits")).unwrap().count(), 25);
        assert!(matches!(run_line("generate --count 1").await, Err(Failure::Environment(_))));
    }

    #[test]
    fn the_words_are_checked() {
        assert!(parse("generate --count 10 --seed 7 --as-of 2026-11-01 --show 3").is_ok());
        assert!(parse("generate").is_err());
        assert!(parse("generate --count 10 --as-of 2026-13-01").is_err());
    }
}
