//! Filling the register, or a CSV file, with generated residents.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::Generator;
use crate::register::batch::{AHEAD, BatchError, NewRecord, ROWS};
use crate::register::import::columns;
use crate::register::{Date, LocalRegister};

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct GenerateOptions {
    /// How many residents.
    pub count: u64,
    /// Equal seeds give equal residents.
    pub seed: u64,
    /// The day that ages are counted from.
    pub as_of: Date,
    /// Draw a portrait for each.
    pub portraits: bool,
}

/// How many were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Residents written.
    pub written: u64,
    /// Whether all that were asked for are there; false after a stop.
    pub complete: bool,
}

fn chunks(count: u64) -> impl Iterator<Item = (u64, u64)> {
    let rows = ROWS as u64;
    (0..count.div_ceil(rows)).map(move |chunk| (chunk * rows, ((chunk + 1) * rows).min(count)))
}

fn build(generator: &Generator, range: (u64, u64), portraits: bool) -> Result<Vec<NewRecord>, BatchError> {
    (range.0..range.1)
        .map(|index| {
            let record = generator
                .resident(index)
                .ok_or_else(|| BatchError::Fault(format!("a seed has only {} residents", generator.capacity())))?;
            let portrait = portraits.then(|| generator.portrait(index, &record));
            Ok(NewRecord { record, portrait })
        })
        .collect()
}

/// Writes generated residents into the register. `progress` is told after each transaction how many are durable, and
/// may stop. The same call again replaces the same residents by themselves.
///
/// # Errors
/// When the database refuses; what was reported to `progress` stays.
pub async fn generate_into<P>(
    register: &LocalRegister,
    options: GenerateOptions,
    mut progress: P,
) -> Result<Generated, BatchError>
where
    P: FnMut(u64) -> ControlFlow<()>,
{
    let generator = Arc::new(Generator::new(options.seed, options.as_of));
    let mut batches = stream::iter(chunks(options.count))
        .map(|range| {
            let generator = Arc::clone(&generator);
            register.prepare(move || Ok((build(&generator, range, options.portraits)?, range.1)))
        })
        .buffered(AHEAD);
    let mut written = 0;
    while let Some(batch) = batches.next().await {
        let mut batch = batch?;
        register.write(&mut batch, None).await?;
        written = batch.extra;
        if progress(written).is_break() {
            break;
        }
    }
    Ok(Generated { written, complete: written == options.count })
}

/// Writes generated residents into a CSV file that `ikd register import` reads, and portraits, if asked for, as
/// `<nik>.jpg` into `portraits`.
///
/// # Errors
/// When a file cannot be written.
pub fn generate_to_csv<P>(
    file: &Path,
    portraits: Option<PathBuf>,
    options: GenerateOptions,
    mut progress: P,
) -> Result<Generated, BatchError>
where
    P: FnMut(u64) -> ControlFlow<()>,
{
    let fail = |error: &dyn std::fmt::Display| BatchError::Fault(format!("{}: {error}", file.display()));
    let generator = Generator::new(options.seed, options.as_of);
    let mut writer = csv::Writer::from_path(file).map_err(|error| fail(&error))?;
    writer.write_record(columns::HEADER).map_err(|error| fail(&error))?;
    if let Some(dir) = &portraits {
        std::fs::create_dir_all(dir).map_err(|error| fail(&error))?;
    }
    let mut written = 0;
    for range in chunks(options.count) {
        for new in build(&generator, range, portraits.is_some())? {
            writer.write_record(columns::to_row(&new.record)).map_err(|error| fail(&error))?;
            if let (Some(dir), Some(jpeg)) = (&portraits, &new.portrait) {
                std::fs::write(dir.join(format!("{}.jpg", new.record.nik.as_str())), jpeg)
                    .map_err(|error| BatchError::Fault(format!("{}: {error}", dir.display())))?;
            }
        }
        written = range.1;
        if progress(written).is_break() {
            break;
        }
    }
    writer.flush().map_err(|error| fail(&error))?;
    Ok(Generated { written, complete: written == options.count })
}
