//! Copying what is noted into this process's file, and looking at the start whether the database is as new as the log.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::files::{self, Read, Writing};
use super::model::{Entry, Kind};
use super::{ports, store};
use crate::clock::{MINUTE, Timestamp, stopwatch};
use crate::context::Context;
use crate::db::Listener;
use crate::error::{Error, Result};
use crate::transaction;

/// Between looks at what was left behind.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// How long who stopped something waits at most until it is in a file: a log that cannot be written refuses nobody.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long nobody waits for a log that could not be written.
const REST: Duration = Duration::from_secs(10);
/// Notes that are written at once.
const PAGE: i64 = 500;
/// Seconds after which a quiet log gets a line that tells nothing: a copy of the database that is older than that is recognised.
const MARK_SECONDS: i64 = 10 * MINUTE;
/// Seconds that a note may wait before the log counts as behind.
const LATE_SECONDS: i64 = 10;

/// The log, as one process writes it. Cloning shares it. Where none is configured it does nothing.
#[derive(Clone)]
pub struct StopLog(Option<Arc<Inner>>);

struct Inner {
    context: Context,
    writer: Mutex<Writer>,
    /// Who wants to be in a file, counted.
    wanted: AtomicU64,
    failed_at: std::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Writer {
    file: Option<Writing>,
    /// Who is in a file for certain, of those who were counted.
    done: u64,
    marked_at: Option<Timestamp>,
}

impl StopLog {
    /// The log of this process, which is told of commits from now on.
    pub fn open(context: &Context) -> Self {
        if !ports::is_kept(context) {
            return Self(None);
        }
        let (writer, wanted, failed_at) = (Mutex::default(), AtomicU64::new(0), std::sync::Mutex::new(None));
        let inner = Arc::new(Inner { context: context.clone(), writer, wanted, failed_at });
        context.db.listen(Arc::new(Told(Arc::clone(&inner))));
        Self(Some(inner))
    }

    /// Refuses a database that is an older copy than the log, or whose restoring was begun and not ended.
    ///
    /// # Errors
    /// With what to do next.
    pub async fn check(context: &Context) -> Result<()> {
        if !ports::is_kept(context) || !context.config.stop_log.directory.is_dir() {
            return Ok(());
        }
        let found = Known::read(context, vec![context.config.stop_log.directory.clone()], true).await?;
        if let Some(file) = &found.cut {
            return Err(Error::internal(format!(
                "stop log: {file} is shorter than the database knows: bring it back from another copy of the stop log"
            )));
        }
        let unknown = found.unknown().count();
        if unknown > 0 {
            return Err(Error::internal(format!(
                "this database is an older copy: the stop log knows {unknown} events that it does not. Served as it is, it would revive what \
                 was stopped or spent since. Run `ikd restore` with the stop logs of all nodes, then start again (docs/backup.md)"
            )));
        }
        Ok(())
    }

    /// What stands there about the log: `off`, `ok` or `behind`, and for how many seconds the oldest note waits.
    pub async fn state(&self) -> (&'static str, i64) {
        let Some(inner) = &self.0 else { return ("off", 0) };
        let oldest = async {
            let mut tx = inner.context.db.read().await?;
            store::waiting(&mut tx, Uuid::nil(), 1).await
        };
        let seconds = match oldest.await.as_deref() {
            Ok([oldest, ..]) => inner.context.now().seconds_since(oldest.time()).max(0),
            _ => 0,
        };
        if seconds > LATE_SECONDS { ("behind", seconds) } else { ("ok", seconds) }
    }

    /// One look: writes what waits, and now and then a line that tells nothing.
    pub(super) async fn round(&self) -> Result<()> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let now = inner.context.now();
        let marked_at = inner.writer.lock().await.marked_at;
        if marked_at.is_none_or(|at| now.seconds_since(at) >= MARK_SECONDS) {
            transaction!(inner.context.db, "stop_log.mark", |tx| {
                ports::note_that(&inner.context, tx, (Kind::Mark, Uuid::nil()), None, now).await
            })?;
            inner.writer.lock().await.marked_at = Some(now);
        }
        Self::write(inner).await?;
        metrics::gauge!("ikd_stop_log_behind_seconds").set(self.state().await.1 as f64);
        Ok(())
    }

    /// Writes everything that waits now. For the end of a command.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn finish(&self) -> Result<()> {
        match &self.0 {
            Some(inner) => Self::write(inner).await,
            None => Ok(()),
        }
    }

    /// Returns when everything that was committed before is in a file.
    async fn write(inner: &Arc<Inner>) -> Result<()> {
        let ticket = inner.wanted.fetch_add(1, Ordering::SeqCst) + 1;
        let mut writer = inner.writer.lock().await;
        if writer.done >= ticket {
            // Somebody who began after us has written for us.
            return Ok(());
        }
        let upto = inner.wanted.load(Ordering::SeqCst);
        loop {
            let mut tx = inner.context.db.read().await?;
            let waiting = store::waiting(&mut tx, Uuid::nil(), PAGE).await?;
            drop(tx);
            if waiting.is_empty() {
                break;
            }
            // What failed half way is left as it is, and another file begun.
            let file = writer.file.take();
            let (file, waiting) = append(&inner.context, file, waiting).await?;
            let now = inner.context.now();
            transaction!(inner.context.db, "stop_log.written", |tx| {
                for one in &waiting {
                    store::written(tx, one).await?;
                }
                Ok(store::set_lines(tx, &file.name, file.lines, now).await?)
            })?;
            writer.file = Some(file);
        }
        writer.done = upto;
        Ok(())
    }
}

async fn append(context: &Context, file: Option<Writing>, entries: Vec<Entry>) -> Result<(Writing, Vec<Entry>)> {
    let (folder, vault) = (context.config.stop_log.directory.clone(), context.vault.clone());
    let id = context.random.uuid_v7(context.now());
    let written = tokio::task::spawn_blocking(move || {
        let mut file = match file {
            Some(file) => file,
            None => Writing::begin(&folder, id, &vault)?,
        };
        file.append(&vault, &entries)?;
        Ok::<_, std::io::Error>((file, entries))
    });
    let written = written.await.map_err(|error| Error::internal(format!("stop log: {error}")))?;
    written
        .map_err(|error| Error::internal(format!("stop log: {}: {error}", context.config.stop_log.directory.display())))
}

/// Who is told of commits.
struct Told(Arc<Inner>);

impl Listener for Told {
    fn committed(&self) -> BoxFuture<'_, ()> {
        async move {
            let failed_at = || self.0.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
            if failed_at().is_some_and(|at| at.elapsed() < REST) {
                return;
            }
            // On a task of its own: who waits no longer must not break off what is half written.
            let inner = Arc::clone(&self.0);
            let writing = tokio::spawn(async move { StopLog::write(&inner).await });
            let cause = match tokio::time::timeout(PATIENCE, writing).await {
                Ok(Ok(Ok(()))) => {
                    *failed_at() = None;
                    return;
                }
                Ok(Ok(Err(error))) => error.to_string(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => String::from("it takes too long"),
            };
            *failed_at() = Some(stopwatch());
            tracing::error!(error.cause = %cause, "the stop log cannot be written; what was stopped waits in the database");
        }
        .boxed()
    }
}

/// The log beside what a database knows of it.
pub struct Known {
    /// All files.
    pub files: Vec<Read>,
    /// A file of which the database knows more lines than it has, or that is not there.
    pub cut: Option<String>,
    /// By file, of how many entries the database knows.
    lines: Vec<usize>,
    /// Notes that wait in the database, which knows them though it may not know that they were written, and those that it knows to be.
    known: HashSet<Uuid>,
}

impl Known {
    /// Reads the files in these folders, then the database: what another process writes meanwhile is not taken for unknown. `some` when
    /// there may be other files elsewhere.
    ///
    /// # Errors
    /// When the log does not hold together, or the database does not answer.
    pub async fn read(context: &Context, folders: Vec<PathBuf>, some: bool) -> Result<Self> {
        let vault = context.vault.clone();
        let looked_in = folders.clone();
        let files = tokio::task::spawn_blocking(move || files::read(&looked_in, &vault, some));
        let files = files.await.map_err(|error| Error::internal(format!("stop log: {error}")))?;
        let mut files = files.map_err(|error| Error::internal(format!("stop log: {error}")))?;
        let mut tx = context.db.read().await?;
        let (mut known, mut after) = (HashSet::new(), Uuid::nil());
        loop {
            let page = store::waiting(&mut tx, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.note_id;
            known.extend(page.iter().map(|one| one.note_id));
        }
        let (mut lines, mut cut) = (Vec::new(), None);
        for one in &mut files {
            let length = usize::try_from(store::lines(&mut tx, &one.name).await?).unwrap_or(0);
            if length > one.entries.len() && !one.has_grown_to(length, &folders, &context.vault) {
                cut = Some(one.name.clone());
            }
            // What another file or a line before holds too was copied twice: a process died between its file and the database.
            known.extend(one.entries.iter().take(length).map(|entry| entry.note_id));
            lines.push(length);
        }
        if !some {
            let mut names = store::files(&mut tx).await?.into_iter();
            cut = cut.or_else(|| names.find(|name| files.iter().all(|one| one.name != *name)));
        }
        Ok(Self { files, cut, lines, known })
    }

    /// What the log knows and the database does not.
    pub fn unknown(&self) -> impl Iterator<Item = &Entry> {
        let parts = self.files.iter().zip(&self.lines);
        let after = parts.flat_map(|(one, length)| one.entries.iter().skip(*length));
        after.filter(|entry| !self.known.contains(&entry.note_id))
    }
}
