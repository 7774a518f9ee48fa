//! Taking what was signed to this process's files.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use data_encoding::BASE64;
use tokio::sync::Mutex;

use super::super::model::BATCH;
use super::super::service::origin;
use super::super::store;
use super::super::tree::{TileId, Tiles};
use super::files::Writing;
use super::line::{Entry, Leaf, Line, Of, Signed};
use crate::audit::ports as audit;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Error, Result};

/// Leaves that are written at once: those of a tile.
const STEP: u64 = 256;

/// The files of this process. Cloning shares them. Where none are configured it does nothing.
#[derive(Clone)]
pub struct Outside(Option<Arc<Inner>>);

struct Inner {
    context: Context,
    writing: Mutex<Option<Writing>>,
    /// Whether who watches was told that there is something to watch.
    told: AtomicBool,
}

impl Outside {
    /// In the configured folder.
    pub fn new(context: &Context) -> Self {
        let wanted = !context.config.audit.export.as_os_str().is_empty();
        Self(wanted.then(|| {
            Arc::new(Inner { context: context.clone(), writing: Mutex::default(), told: AtomicBool::new(false) })
        }))
    }

    /// Writes all that was signed and is not in the files. What is taken to the log later comes the next time.
    ///
    /// # Errors
    /// When the files cannot be written, or the database is not the one that they continue. Nothing else waits for this.
    pub async fn round(&self) -> Result<()> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let begun = inner.context.now();
        // From the first look on it is seen that this stands, also where it never gets further.
        if !inner.told.swap(true, Ordering::Relaxed) {
            metrics::gauge!("ikd_audit_export_until_timestamp").set(begun.seconds() as f64);
        }
        let mut writing = inner.writing.lock().await;
        // What failed half way is looked at anew.
        let file = writing.take();
        let folder = inner.context.config.audit.export.clone();
        let mut file = match file {
            Some(file) => file,
            None => apart(move || Writing::resume(&folder)).await?,
        };
        let mut tx = inner.context.db.read().await?;
        let Some(newest) = store::newest(&mut tx).await? else {
            if file.reading().size() > 0 {
                return Err(set_back(file.reading().size(), 0));
            }
            *writing = Some(file);
            return Ok(());
        };
        let (size, signed) = (file.reading().size(), newest.size.cast_unsigned());
        if size > signed {
            return Err(set_back(size, signed));
        }
        let tiles = store::tiles(&mut tx, Tiles::edge(size)).await?;
        if tiles.hash((0, size)) != Some(file.reading().root()) {
            return Err(Error::internal(
                "audit.export: the first leaves of the log are not those in the files: somebody changed the database, or the files are of \
                 another one. Keep both, and run `ikd audit verify` with a checkpoint of a witness",
            ));
        }
        drop(tx);
        while file.reading().size() < signed {
            let from = file.reading().size();
            // A transaction for each step: the first time there may be millions.
            let mut tx = inner.context.db.read().await?;
            let lines = inner.lines(&mut tx, (from, signed.min((from / STEP + 1) * STEP))).await?;
            drop(tx);
            file = inner.append(file, lines).await?;
        }
        if file.reading().signed() < signed {
            file = inner.append(file, vec![Line::Checkpoint(Signed { note: newest.note })]).await?;
        }
        metrics::gauge!("ikd_audit_export_until_timestamp").set(begun.seconds() as f64);
        *writing = Some(file);
        Ok(())
    }
}

impl Inner {
    /// The lines of leaves of one tile.
    async fn lines(&self, tx: &mut Tx, (from, until): (u64, u64)) -> Result<Vec<Line>> {
        let tiles = store::tiles(tx, [TileId { level: 0, number: from / STEP }]).await?;
        let mut entries: HashMap<u64, Option<Entry>> = HashMap::new();
        for run in store::runs(tx, from.cast_signed() - BATCH, until.cast_signed()).await? {
            let (first, last) = (run.first.max(from.cast_signed()), until.cast_signed().min(run.first + run.entries));
            if first >= last {
                continue;
            }
            entries.extend((first..last).map(|position| (position.cast_unsigned(), None)));
            let seq_of = |position: i64| run.first_seq + position - run.first;
            for row in audit::rows(tx, run.chain, (seq_of(first) - 1, seq_of(last - 1)), last - first).await? {
                let position = (run.first + row.seq - run.first_seq).cast_unsigned();
                entries.insert(position, Some(Entry::of(position, &row)));
            }
        }
        let mut lines = Vec::new();
        for index in from..until {
            let leaf = tiles.leaf(index).map(|leaf| BASE64.encode(&leaf));
            let leaf = leaf.ok_or_else(|| Error::internal(format!("the log's tree has no leaf {index}")))?;
            lines.push(match entries.remove(&index) {
                Some(Some(entry)) if entry.leaf == leaf => Line::Entry(entry),
                Some(_) => {
                    tracing::error!(
                        log.index = index,
                        "an entry of the audit log is not the one that was taken, or gone: run `ikd audit verify`"
                    );
                    Line::Leaf(Leaf { index, of: Of::Missing, leaf })
                }
                None => Line::Leaf(Leaf { index, of: Of::Other, leaf }),
            });
        }
        Ok(lines)
    }

    async fn append(&self, mut file: Writing, lines: Vec<Line>) -> Result<Writing> {
        let (origin, mut day) = (origin(&self.context), self.context.now().to_rfc3339());
        day.truncate("2026-11-28".len());
        apart(move || file.append(&day, &origin, &lines).map(|()| file)).await
    }
}

/// Does what waits for a disk on a thread for that.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, super::files::FileError> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::internal(format!("audit.export: {error}")))?
        .map_err(|error| Error::internal(format!("audit.export: {error}")))
}

fn set_back(size: u64, signed: u64) -> Error {
    Error::internal(format!(
        "audit.export: the files hold {size} leaves and the log only {signed}: the database was emptied or is an older copy. Was that meant, \
         move the files away and keep them; they begin anew"
    ))
}
