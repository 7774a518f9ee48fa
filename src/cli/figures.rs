//! `ikd figures`.

use std::fs::File;
use std::path::PathBuf;

use serde_json::json;

use super::{Failure, Format};
use crate::context::Context;
use crate::figure::model::{Basis, Rate};
use crate::figure::{Counting, Regions, import};
use crate::register::{Date, Region};

/// Commands on figures.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Read what the national aggregate says of regions: all lines of a file, or none of them.
    Import {
        /// CSV with the columns kode_wilayah;tanggal;jumlah_penduduk;wajib_ktp;sudah_rekam.
        file: PathBuf,
    },
    /// Set how many digital KTPs there are to be, from a year on.
    Target {
        /// The year.
        year: u16,
        /// Of whom.
        #[arg(long = "of", value_enum)]
        basis: Basis,
        /// How many of a hundred: 30, or 27.5.
        #[arg(long)]
        percent: String,
        /// In which region and all below it, such as 51 or 13.71; else in the country.
        #[arg(long)]
        region: Option<String>,
    },
    /// Say for which regency or city an office answers.
    Scope {
        /// The office's code.
        office: String,
        /// The region's code, such as 13.71.
        region: String,
    },
    /// Forget all figures and count everything anew. The service goes on meanwhile.
    Rebuild,
}

/// Runs a command.
///
/// # Errors
/// [`Failure::Refused`] for bad input, [`Failure::Environment`] when the database cannot be used.
pub async fn run(command: Command, context: &Context, format: Format) -> Result<(), Failure> {
    let regions = Regions::new(context.clone());
    match command {
        Command::Import { file } => {
            let opened = File::open(&file).map_err(|error| Failure::Refused(format!("{}: {error}", file.display())))?;
            let lines = import::read(opened, Date::in_jakarta(context.now())).map_err(|faults| {
                let lines = faults.iter().map(|fault| format!("line {}: {}", fault.line, fault.text.en));
                Failure::Refused(format!("nothing was imported\n{}", lines.collect::<Vec<_>>().join("\n")))
            })?;
            regions.import(&lines).await?;
            match format {
                Format::Text => say!("imported {} lines", lines.len()),
                Format::Json => say!("{}", json!({"imported": lines.len()})),
            }
        }
        Command::Target { year, basis, percent, region } => {
            let permille = permille(&percent).ok_or_else(|| {
                Failure::Refused("--percent: 0.1 to 100, with one digit at most after the point".into())
            })?;
            let region = region.map_or(Ok(Region::NONE), |text| parsed(&text))?;
            regions.set_target(region, i64::from(year), Rate { basis, permille }).await?;
            match format {
                Format::Text => say!("target from {year} on: {percent} % of the {}", basis.as_str()),
                Format::Json => say!("{}", json!({"year": year, "permille": permille, "of": basis.as_str()})),
            }
        }
        Command::Scope { office, region } => {
            let region = parsed(&region)?;
            regions.set_scope(&office, region).await?;
            match format {
                Format::Text => say!("{office} answers for {}", region.name().unwrap_or_default()),
                Format::Json => say!("{}", json!({"office": office, "region": region.dotted()})),
            }
        }
        Command::Rebuild => {
            let rebuilt = Counting::new(context.clone()).rebuild().await?;
            match format {
                Format::Text => say!("counted {} events anew", rebuilt.events),
                Format::Json => say!("{}", json!({"events": rebuilt.events})),
            }
        }
    }
    Ok(())
}

fn parsed(text: &str) -> Result<Region, Failure> {
    Region::parse(text).ok_or_else(|| Failure::Refused(format!("there is no region with the code {text}")))
}

/// How many of a thousand, of a percentage with one digit at most after the point.
fn permille(percent: &str) -> Option<i64> {
    let (whole, tenths) = percent.split_once('.').unwrap_or((percent, "0"));
    let is_number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(tenths) || tenths.len() != 1 {
        return None;
    }
    let permille = whole.parse::<i64>().ok()? * 10 + tenths.parse::<i64>().ok()?;
    (1..=1_000).contains(&permille).then_some(permille)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_percentage() {
        assert_eq!(permille("30"), Some(300));
        assert_eq!(permille("27.5"), Some(275));
        assert_eq!(permille("100"), Some(1_000));
        for wrong in ["", "0", "100.1", "30%", "30.55", "-1", "1e2", "30."] {
            assert_eq!(permille(wrong), None, "{wrong}");
        }
    }
}
