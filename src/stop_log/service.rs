//! Copying what is noted into this process's file, and looking at the start whether the database is as new as the log.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::files::{self, Read, Writing};
use super::model::{Entry, Kind, Size};
use super::{ports, store};
use crate::clock::{MINUTE, Timestamp, stopwatch};
use crate::context::Context;
use crate::db::Listener;
use crate::error::{Error, Result};
use crate::transaction;
use crate::vault::demand_own_folder;

/// Between looks at what was left behind.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// How long who stopped something waits at most until it is in a file: a log that cannot be written refuses nobody.
const PATIENCE: Duration = Duration::from_secs(2);
/// The name of an empty file by which a person says that an empty folder is a new one.
const NEW: &str = "new";
/// How long nobody waits for a log that could not be written.
const REST: Duration = Duration::from_secs(10);
/// Notes that are written at once.
const PAGE: i64 = 500;
/// Seconds after which a quiet log gets a line that tells nothing: a copy of the database that is older than that is recognised.
const MARK_SECONDS: i64 = 10 * MINUTE;
/// Looks in a row that have to agree that the database knows less than it was told.
const LOOKS: u8 = 2;
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
    /// The database is another one than that which was told of what this process has written.
    replaced: AtomicBool,
    failed_at: std::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Writer {
    file: Option<Writing>,
    /// What the database was told last, of which file: kept when that file is given up.
    told: Option<(String, i64)>,
    /// How many looks in a row found that it knows less.
    missing: u8,
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
        let inner = Arc::new(Inner {
            context: context.clone(),
            writer: Mutex::default(),
            wanted: AtomicU64::new(0),
            replaced: AtomicBool::new(false),
            failed_at: std::sync::Mutex::new(None),
        });
        context.db.listen(Arc::new(Told(Arc::clone(&inner))));
        Self(Some(inner))
    }

    /// Refuses a database that is an older copy than the log, or whose restoring was begun and not ended.
    ///
    /// # Errors
    /// With what to do next.
    pub async fn check(context: &Context) -> Result<()> {
        if !ports::is_kept(context) {
            return Ok(());
        }
        let folder = context.config.stop_log.directory.clone();
        if folder.is_dir() {
            // Whoever could write there could take the log away, and have an older copy served.
            demand_own_folder(&folder).map_err(|error| Error::internal(format!("stop log: {error}")))?;
        }
        let mut tx = context.db.read().await?;
        let known = store::files(&mut tx).await?;
        drop(tx);
        if !folder.is_dir() || files::is_empty(&folder).map_err(unreadable)? {
            if known.is_empty() || folder.join(NEW).exists() {
                return Ok(());
            }
            return Err(Error::internal(format!(
                "stop log: {} holds no file, and this database knows of {}: mount the disk that they are on. Where this node is new and keeps a \
                 folder of its own, say so with an empty file named `{NEW}` in it",
                folder.display(),
                known.len()
            )));
        }
        let found = Known::read(context, Folders::Differing(folder.clone())).await?;
        // What a process wrote before it died stands in another file too, which may not have been looked at.
        let suspicious = found.unknown().next().is_some();
        let found = if suspicious { Known::read(context, Folders::Some(vec![folder])).await? } else { found };
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
        found.learn(context).await
    }

    /// What stands there about the log: `off`, `ok`, `behind`, or `unknown` without an answer; and for how many seconds the oldest note waits.
    pub async fn state(&self) -> (&'static str, i64) {
        let Some(inner) = &self.0 else { return ("off", 0) };
        let oldest = async {
            let mut tx = inner.context.db.read().await?;
            store::waiting(&mut tx, Uuid::nil(), 1).await
        };
        let seconds = match oldest.await.as_deref() {
            Ok([oldest, ..]) => inner.context.now().seconds_since(oldest.time()).max(0),
            Ok(_) => 0,
            Err(_) => return ("unknown", 0),
        };
        if seconds > LATE_SECONDS { ("behind", seconds) } else { ("ok", seconds) }
    }

    /// One look: writes what waits, and now and then a line that tells nothing.
    ///
    /// # Errors
    /// When it cannot be written, or the database does not answer.
    pub async fn round(&self) -> Result<()> {
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
        Self::look_back(inner).await?;
        metrics::gauge!("ikd_stop_log_behind_seconds").set(self.state().await.1 as f64);
        Ok(())
    }

    /// Whether the database knows what this process has told it: a copy that was put in its place does not.
    async fn look_back(inner: &Inner) -> Result<()> {
        let mut writer = inner.writer.lock().await;
        let Some((file, told)) = &writer.told else { return Ok(()) };
        let mut tx = inner.context.db.read().await?;
        let knows = store::lines(&mut tx, file).await? >= *told;
        writer.missing = if knows { 0 } else { writer.missing.saturating_add(1) };
        // Once may be an answer of a standby that lags for a moment.
        if writer.missing >= LOOKS {
            inner.replaced.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Whether the database was replaced while this process worked: it knows less than it was told.
    pub fn sees_another_database(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.replaced.load(Ordering::SeqCst))
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
            let before = file.as_ref().map_or(0, |file| file.size.lines);
            let (file, waiting) = append(&inner.context, file, waiting).await?;
            let now = inner.context.now();
            let known = transaction!(inner.context.db, "stop_log.written", |tx| {
                for one in &waiting {
                    store::written(tx, one).await?;
                }
                store::go_on(tx, &file.name, file.size, before, now).await?.demand()
            });
            match known {
                Ok(()) => {}
                // What waits there goes on waiting: it is another database's.
                Err(Error::Refused(_)) => {
                    inner.replaced.store(true, Ordering::SeqCst);
                    break;
                }
                Err(error) => return Err(error),
            }
            writer.told = Some((file.name.clone(), file.size.lines));
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

fn unreadable(error: files::LogError) -> Error {
    Error::internal(format!("stop log: {error}"))
}

/// What of a log is read.
pub enum Folders {
    /// All there is.
    All(Vec<PathBuf>),
    /// Those beside which there may be others, or were.
    Some(Vec<PathBuf>),
    /// Of such a folder the files that are not exactly as long as the database knows.
    Differing(PathBuf),
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
    /// Reads the files in these folders, and the database before and after: what another process writes meanwhile is taken neither for missing
    /// nor for unknown.
    ///
    /// # Errors
    /// When the log does not hold together, or the database does not answer.
    pub async fn read(context: &Context, folders: Folders) -> Result<Self> {
        let mut tx = context.db.read().await?;
        let before = store::files(&mut tx).await?;
        drop(tx);
        let all = matches!(folders, Folders::All(_));
        let (vault, sizes) = (context.vault.clone(), before.clone());
        let files = tokio::task::spawn_blocking(move || match folders {
            Folders::All(folders) => files::read(&folders, &vault, false),
            Folders::Some(folders) => files::read(&folders, &vault, true),
            Folders::Differing(folder) => files::read_what_differs(&folder, &vault, &sizes),
        });
        let files = files.await.map_err(|error| Error::internal(format!("stop log: {error}")))?.map_err(unreadable)?;
        let mut tx = context.db.read().await?;
        let (mut known, mut after) = (HashSet::new(), Uuid::nil());
        loop {
            let page = store::waiting(&mut tx, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.note_id;
            known.extend(page.iter().map(|one| one.note_id));
        }
        let after = store::files(&mut tx).await?;
        let lines_of = |rows: &BTreeMap<String, Size>, one: &Read| {
            rows.get(&one.name).map_or(0, |size| usize::try_from(size.lines).unwrap_or(0))
        };
        let mut lines = Vec::new();
        let mut cut = files.iter().find(|one| lines_of(&before, one) > one.entries.len()).map(|one| one.name.clone());
        for one in &files {
            let length = lines_of(&after, one);
            // What another file or a line before holds too was copied twice: a process died between its file and the database.
            known.extend(one.entries.iter().take(length).map(|entry| entry.note_id));
            lines.push(length);
        }
        if all {
            let mut names = before.into_keys();
            cut = cut.or_else(|| names.find(|name| files.iter().all(|one| one.name != *name)));
        }
        Ok(Self { files, cut, lines, known })
    }

    /// Lets the database know how long the files are that were read, where all in them is known: those of before lengths were kept, and what a
    /// process left that died between its file and the database. The next start does not read them.
    async fn learn(&self, context: &Context) -> Result<()> {
        if self.files.is_empty() {
            return Ok(());
        }
        let long_ago = context.now().plus_seconds(-6 * MARK_SECONDS);
        transaction!(context.db, "stop_log.learn", |tx| {
            for (one, known) in self.files.iter().zip(&self.lines) {
                let known = i64::try_from(*known).unwrap_or(i64::MAX);
                if !one.torn && known > 0 {
                    store::learn(tx, &one.name, one.size(), known, long_ago).await?.either_way();
                }
            }
            Ok(())
        })
    }

    /// What the log knows and the database does not.
    pub fn unknown(&self) -> impl Iterator<Item = &Entry> {
        let parts = self.files.iter().zip(&self.lines);
        let after = parts.flat_map(|(one, length)| one.entries.iter().skip(*length));
        after.filter(|entry| !self.known.contains(&entry.note_id))
    }
}
