//! Checkpoints of SQLite's write-ahead log (WAL) on a thread of their own.
//!
//! SQLite runs the checkpoint in the commit that fills the WAL: it copies the whole log into the database file and
//! syncs the file, 20 to 30 ms in which no commit is answered. Here a thread with a connection of its own copies while
//! others go on committing, and leaves to the writer only the pages added meanwhile. The writer has to finish, because
//! the WAL restarts only after all of it was copied.
//!
//! SQLite syncs the database file only in a checkpoint during which no page was added to the WAL. So the thread runs
//! checkpoint after checkpoint, each for the pages added during the one before, until those are few enough to be copied
//! between two commits.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::DbResult;
use super::group::Writers;
use super::local::spawn;

/// Pages added to the WAL after which the thread copies again: few at a time, so that their `fdatasync` does not delay
/// those of commits.
const STEP: i32 = 2_000;
/// Most checkpoints that the thread runs in a row.
const PASSES: usize = 8;
/// Pages in the WAL from which on the writer finishes the checkpoint, so that the WAL restarts.
const FULL: i32 = 8_000;
/// Pages after which the writer finishes again, when the WAL could not restart because a reader held an older snapshot.
const AGAIN: i32 = 200;

thread_local! {
    /// Pages in the WAL after this thread's last commit, including those of other connections.
    static PAGES: Cell<i32> = const { Cell::new(0) };
}

/// The checkpoint thread, as the writing thread sees it.
pub(super) struct Ahead {
    begin: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    copied: Arc<AtomicBool>,
    under_way: bool,
    /// Pages in the WAL when the thread was last asked to copy, and when the writer last finished; 0 before the first
    /// time.
    begun_at: i32,
    finished_at: i32,
}

impl Ahead {
    /// Starts the thread. `open` makes its connection on first use.
    pub(super) fn start(open: impl Fn() -> DbResult<Connection> + Send + 'static) -> DbResult<Self> {
        let (begin, asked) = mpsc::channel();
        let copied = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&copied);
        let serve = move || {
            let mut connection = None;
            while asked.recv().is_ok() {
                if connection.is_none() {
                    connection = open().ok();
                }
                let passes = || {
                    let mut last = None;
                    for _ in 0..PASSES {
                        // A failure here is left to the writer, which repeats the checkpoint and logs its failure.
                        let pages = connection.as_ref().and_then(|connection| copy(connection).ok());
                        if pages.is_none() || pages == last {
                            break;
                        }
                        last = pages;
                    }
                };
                let _ = catch_unwind(AssertUnwindSafe(passes));
                done.store(true, Ordering::Release);
            }
        };
        let thread = spawn("ikd-db-copier", serve)?;
        Ok(Self { begin: Some(begin), thread: Some(thread), copied, under_way: false, begun_at: 0, finished_at: 0 })
    }

    /// Makes the writer's connection report the WAL's length (`wal_hook`). This replaces SQLite's own auto-checkpoint.
    pub(super) fn watch(connection: &Connection) {
        connection.wal_hook(Some(|_, pages| {
            PAGES.set(pages);
            Ok(())
        }));
    }

    /// Called by the writing thread after it has answered. While it finishes a checkpoint, other writers wait: pages they
    /// added would have to be copied first.
    pub(super) fn look(&mut self, connection: &Connection, writers: Option<&Writers>) {
        if self.under_way && !self.copied.swap(false, Ordering::Acquire) {
            return;
        }
        let (pages, copied) = (PAGES.get(), std::mem::take(&mut self.under_way));
        if pages < self.begun_at {
            // The WAL restarted.
            (self.begun_at, self.finished_at) = (0, 0);
        }
        if pages >= FULL && (copied || self.finished_at > 0 && pages >= self.finished_at + AGAIN) {
            let _turn = writers.map(Writers::block);
            if let Err(error) = copy(connection) {
                tracing::warn!(error.cause = %error, "the database's log could not be copied");
            }
            (self.begun_at, self.finished_at) = (pages, pages);
        } else if pages >= self.begun_at + STEP {
            self.begun_at = pages;
            self.under_way = self.begin.as_ref().is_some_and(|begin| begin.send(()).is_ok());
        }
    }

    /// Ends the thread and closes its connection.
    pub(super) fn close(&mut self) {
        self.begin = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Copies the pages that can be copied without blocking others (`PASSIVE`); gives how many pages were in the WAL at its
/// start.
fn copy(connection: &Connection) -> DbResult<i64> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?)
}

#[cfg(test)]
mod tests {
    use super::super::Threads;
    use super::super::local::tests::fresh;
    use super::super::local::{bound, open};

    const ADD: &str = "INSERT INTO t (b) VALUES (?1)";

    async fn add(threads: &Threads, pages: usize) {
        for _ in 0..pages / 100 {
            threads.write(|local| local.execute(ADD, bound![vec![1_u8; 400_000]])).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_log_begins_anew_while_commits_go_on() {
        let (folder, db) = fresh().await;
        let threads = db.threads().unwrap();
        let log = folder.path().join("ikd.db-wal");
        let mut most = 0;
        for _ in 0..60 {
            add(threads, 1_000).await;
            most = most.max(std::fs::metadata(&log).unwrap().len());
        }
        // 60,000 pages are 235 MiB.
        assert!(most < 80 << 20, "{most}");
        db.close().await;
        assert!(!log.exists(), "the last connection copies what is left and removes the log");
        let file = open(&folder.path().join("ikd.db"), &[]).unwrap();
        let rows: i64 =
            file.query_row("SELECT COUNT(*) FROM t WHERE length(b) = 400000", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 600);
    }

    #[tokio::test]
    async fn a_reader_of_an_old_state_keeps_it_and_holds_up_nobody() {
        let (folder, db) = fresh().await;
        let threads = db.threads().unwrap();
        let reader = open(&folder.path().join("ikd.db"), &[("query_only", "ON")]).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let count = || reader.query_row("SELECT COUNT(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count(), 0);
        add(threads, 20_000).await;
        assert_eq!(count(), 0, "what was committed before it began");
        reader.execute_batch("COMMIT").unwrap();
        assert_eq!(count(), 200);
        let log = || std::fs::metadata(folder.path().join("ikd.db-wal")).unwrap().len();
        let long = log();
        // Once nobody reads it, it is copied whole and written from its beginning again: it grows by a step at most.
        add(threads, 30_000).await;
        assert!(log() < long + (40 << 20), "{long} bytes grew to {}", log());
        db.close().await;
    }
}
