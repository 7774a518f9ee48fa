//! The writer of the embedded engine, and how transactions share a commit.
//!
//! SQLite has one writer at a time, and a commit waits for the disk. So the transactions that queue for their turn while one is
//! under way are committed together: each works after a savepoint inside one transaction of SQLite's (a group), and whoever has
//! committed is answered once that one is durable, never earlier. One that fails goes back to its savepoint and takes nothing of
//! the others with it. Nobody waits for company: a group ends with those who queued when its first member had finished. See
//! docs/adr/0014-shared-commits.md.

use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, oneshot};

use super::condition::Condition;
use super::{DbError, DbResult};
use crate::failpoint::{self, Side};

/// Begins a group, with the savepoint of its first member.
const BEGIN: &str = "BEGIN IMMEDIATE; SAVEPOINT even";

/// Savepoints of two names in turn: what is undone is then certainly the present member's. Should its savepoint not have been set,
/// because it was given up just then, going back to it fails, and does not undo what the member before it has committed.
#[derive(Clone, Copy)]
enum Savepoint {
    Even,
    Odd,
}

impl Savepoint {
    /// Keeps what the member of this savepoint did, and sets the next member's.
    const fn next(self) -> (Self, &'static str) {
        match self {
            Self::Even => (Self::Odd, "RELEASE even; SAVEPOINT odd"),
            Self::Odd => (Self::Even, "RELEASE odd; SAVEPOINT even"),
        }
    }

    /// Undoes what the member of this savepoint did. Done twice it does no harm.
    const fn undo(self) -> &'static str {
        match self {
            Self::Even => "ROLLBACK TO even",
            Self::Odd => "ROLLBACK TO odd",
        }
    }
}

/// A transaction of SQLite's that several of ours share.
struct Group {
    savepoint: Savepoint,
    /// Whether what was done since the savepoint is to stay: its member has committed.
    kept: bool,
    /// Those who wait until what was committed so far is durable.
    waiting: Vec<oneshot::Sender<DbResult<()>>>,
    /// Whether a task queues to end it.
    ending: bool,
}

/// The connection that writes.
struct Writer {
    connection: SqliteConnection,
    options: SqliteConnectOptions,
    /// The connection's state is unknown, or its thread is gone: it is replaced before it is used again.
    broken: bool,
    group: Option<Group>,
    runtime: Handle,
    condition: Arc<Condition>,
}

impl Writer {
    async fn run(&mut self, sql: &'static str) -> DbResult<()> {
        let done = sqlx::raw_sql(sql).execute(&mut self.connection).await;
        if let Err(sqlx::Error::WorkerCrashed) = &done {
            self.broken = true;
        }
        done.map(|_| ()).map_err(DbError::from)
    }

    /// Begins a member's work: in the group under way, or in a new one. What is noted before each statement holds also if the
    /// caller gives up while it runs.
    async fn enter(&mut self) -> DbResult<()> {
        if self.broken {
            // With its thread the connection is gone, and what it had not committed.
            self.lose().await;
            self.connection = self.options.connect().await?;
            self.broken = false;
        }
        if let Some(group) = &mut self.group {
            let statement = if group.kept {
                let (next, statement) = group.savepoint.next();
                (group.savepoint, group.kept) = (next, false);
                statement
            } else {
                group.savepoint.undo()
            };
            match self.run(statement).await {
                Ok(()) => return Ok(()),
                Err(_) => self.lose().await,
            }
        }
        self.runtime = Handle::current();
        self.group = Some(Group { savepoint: Savepoint::Even, kept: false, waiting: Vec::new(), ending: false });
        let begun = self.run(BEGIN).await;
        if let Err(error) = &begun {
            self.broken = !matches!(error, DbError::Contention);
            self.group = None;
        }
        begun
    }

    /// Makes durable what the members of the group have committed, and answers them.
    async fn end(&mut self) {
        let Some(group) = &self.group else { return };
        let undone = match (group.kept, group.waiting.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => return self.lose().await,
            (false, false) => self.run(group.savepoint.undo()).await,
        };
        let done = match undone {
            Ok(()) => self.commit().await,
            // SQLite has undone the whole transaction: the disk was full, say. That there is no savepoint any more says nothing to others.
            Err(_) => return self.lose().await,
        };
        match self.condition.heard(0, done) {
            Ok(()) => self.group.take().into_iter().for_each(|group| group.answer(&Ok(()))),
            Err(error) => {
                let group = self.group.take();
                self.undo_all().await;
                group.into_iter().for_each(|group| group.answer(&Err(error.clone())));
            }
        }
    }

    async fn commit(&mut self) -> DbResult<()> {
        failpoint::pass("db.group", Side::Before);
        let done = self.run("COMMIT").await;
        failpoint::pass("db.group", Side::After);
        done
    }

    /// Undoes the whole group, because its transaction is no longer there or nobody in it committed.
    async fn lose(&mut self) {
        let group = self.group.take();
        self.undo_all().await;
        let lost =
            Err(DbError::Unavailable(String::from("a transaction that shared the commit failed: nothing was written")));
        group.into_iter().for_each(|group| group.answer(&lost));
    }

    async fn undo_all(&mut self) {
        // Fails where SQLite has undone everything by itself. Whatever else may be wrong, the next BEGIN finds it.
        let _ = self.run("ROLLBACK").await;
    }
}

impl Group {
    fn answer(self, done: &DbResult<()>) {
        for one in self.waiting {
            let _ = one.send(done.clone());
        }
    }
}

type Turn = OwnedMappedMutexGuard<Option<Writer>, Writer>;

/// The queue of writers, in the order in which they came. Cloning shares it.
#[derive(Clone)]
pub(super) struct Writers(Arc<Mutex<Option<Writer>>>);

impl Writers {
    /// Over a connection of its own.
    pub(super) async fn open(options: SqliteConnectOptions, condition: &Arc<Condition>) -> DbResult<Self> {
        let connection = options.connect().await?;
        let (runtime, condition) = (Handle::current(), Arc::clone(condition));
        let writer = Writer { connection, options, broken: false, group: None, runtime, condition };
        Ok(Self(Arc::new(Mutex::new(Some(writer)))))
    }

    async fn turn(&self) -> DbResult<Turn> {
        OwnedMutexGuard::try_map(Arc::clone(&self.0).lock_owned().await, Option::as_mut).map_err(|_| closed())
    }

    /// Waits for a turn, not longer than `patience`, and begins a transaction.
    pub(super) async fn begin(&self, patience: Duration) -> DbResult<Member> {
        let turn = tokio::time::timeout(patience, self.turn()).await;
        let turn = turn.map_err(|_| DbError::Unavailable(String::from("others write for too long")))??;
        // From here on a caller that gives up leaves a member that broke off.
        let mut member = Member { turn, writers: self.clone() };
        member.turn.enter().await?;
        Ok(member)
    }

    /// Waits for a turn at the connection without a transaction.
    pub(super) async fn alone(&self) -> DbResult<impl DerefMut<Target = SqliteConnection> + use<>> {
        let mut turn = self.turn().await?;
        turn.end().await;
        Ok(OwnedMappedMutexGuard::map(turn, |writer| &mut writer.connection))
    }

    /// Waits for a turn on a thread; while what this gives is held, nobody else of this process writes.
    pub(super) fn block(&self) -> impl Sized + '_ {
        let mut writer = self.0.blocking_lock();
        if let Some(writer) = writer.as_mut()
            && writer.group.is_some()
        {
            writer.runtime.clone().block_on(writer.end());
        }
        writer
    }

    /// Ends what is under way and closes the connection. Nobody gets a turn after this.
    pub(super) async fn close(&self) {
        let Some(mut writer) = self.0.lock().await.take() else { return };
        writer.end().await;
        let _ = writer.connection.close().await;
    }
}

fn closed() -> DbError {
    DbError::Unavailable(String::from("the database is closed"))
}

/// A transaction that may share its commit. Dropping it undoes it.
pub(super) struct Member {
    turn: Turn,
    writers: Writers,
}

impl Member {
    /// The connection, for statements of this transaction, and where to note that it is broken.
    pub(super) fn parts(&mut self) -> (&mut SqliteConnection, &mut bool) {
        let writer = &mut *self.turn;
        (&mut writer.connection, &mut writer.broken)
    }

    /// Keeps what was done; what this gives resolves when it is durable, or was undone. The turn is the next one's at once.
    pub(super) fn commit(mut self) -> impl Future<Output = DbResult<()>> {
        if let Some(group) = &mut self.turn.group {
            group.kept = true;
        }
        self.ended()
    }

    /// Undoes what was done. It saw what members before it have committed, and why it is undone may follow from that: what this
    /// gives resolves when that is durable, so whoever reads next, on another connection, sees it too.
    pub(super) fn undo(self) -> impl Future<Output = DbResult<()>> {
        let alone = self.turn.group.as_ref().is_none_or(|group| group.waiting.is_empty());
        let ended = (!alone).then(|| self.ended());
        async {
            match ended {
                Some(ended) => ended.await,
                None => Ok(()),
            }
        }
    }

    fn ended(mut self) -> impl Future<Output = DbResult<()>> {
        let (tell, told) = oneshot::channel();
        if let Some(group) = &mut self.turn.group {
            group.waiting.push(tell);
        }
        drop(self);
        async { told.await.unwrap_or_else(|_| Err(DbError::Unavailable(String::from("the commit broke off")))) }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let runtime = self.turn.runtime.clone();
        let Some(group) = self.turn.group.as_mut().filter(|group| !group.ending) else { return };
        // Behind all who queue now: they are the group.
        group.ending = true;
        let writers = self.writers.clone();
        runtime.spawn(async move {
            if let Ok(mut turn) = writers.turn().await {
                turn.end().await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use tokio::task::JoinSet;

    use super::super::local::tests::fresh;
    use super::super::{Db, Tx};
    use super::*;
    use crate::{execute, fetch_all};

    async fn add(tx: &mut Tx, a: i64) -> DbResult<u64> {
        execute!(tx, "INSERT INTO t (a) VALUES ($1)", a)
    }

    async fn rows(db: &Db) -> BTreeSet<i64> {
        let mut tx = db.read().await.unwrap();
        fetch_all!(&mut tx, (i64,), "SELECT a FROM t").unwrap().into_iter().map(|(a,)| a).collect()
    }

    /// Commits in the log: frames whose header gives the size of the database after them (the file format's §4.1).
    fn commits(folder: &Path) -> usize {
        let log = std::fs::read(folder.join("ikd.db-wal")).unwrap();
        let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
        log[32..].chunks_exact(24 + page).filter(|frame| frame[..4] != [0; 4] && frame[4..8] != [0; 4]).count()
    }

    /// Lets others queue behind a transaction before it commits. Gives how that ended, and what each of them gives.
    async fn commit_before<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        first: Tx,
        others: impl Iterator<Item = i64>,
        work: impl Fn(i64) -> F,
    ) -> (DbResult<()>, Vec<T>) {
        let queued: JoinSet<T> = others.map(work).collect();
        // They queue.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        (first.commit().await, queued.join_all().await)
    }

    #[tokio::test]
    async fn those_who_queue_share_a_commit_and_are_answered_when_it_is_durable() {
        let (folder, db) = fresh().await;
        let before = commits(folder.path());
        let mut first = db.write().await.unwrap();
        add(&mut first, 0).await.unwrap();
        let (done, _) = commit_before(first, 1..=20, |a| {
            let db = db.clone();
            async move {
                let mut tx = db.write().await.unwrap();
                add(&mut tx, a).await.unwrap();
                tx.commit().await.unwrap();
                assert!(rows(&db).await.contains(&a), "answered before it was committed");
            }
        })
        .await;
        done.unwrap();
        assert_eq!(rows(&db).await, (0..=20).collect());
        let made = commits(folder.path()) - before;
        assert!(made <= 3, "{made} commits for 21 transactions");
        // A commit of its own where nobody else writes.
        let mut alone = db.write().await.unwrap();
        add(&mut alone, 21).await.unwrap();
        alone.commit().await.unwrap();
        assert_eq!(commits(folder.path()) - before, made + 1);
        db.close().await;
    }

    #[tokio::test]
    async fn one_that_fails_or_is_given_up_takes_nothing_of_the_others_with_it() {
        let (_folder, db) = fresh().await;
        let mut first = db.write().await.unwrap();
        add(&mut first, 0).await.unwrap();
        let (done, _) = commit_before(first, 1..=30, |a| {
            let db = db.clone();
            async move {
                let mut tx = db.write().await.unwrap();
                add(&mut tx, a).await.unwrap();
                match a % 5 {
                    0 => drop(tx),
                    1 => tx.rollback().await.unwrap(),
                    // A row that is there already: only this statement is undone, and what was done before it stays.
                    2 => {
                        assert!(matches!(add(&mut tx, 0).await, Err(DbError::Unique)));
                        tx.commit().await.unwrap();
                    }
                    _ => tx.commit().await.unwrap(),
                }
            }
        })
        .await;
        done.unwrap();
        assert_eq!(rows(&db).await, (0..=30).filter(|a| *a == 0 || a % 5 > 1).collect());
        db.close().await;
    }

    #[tokio::test]
    async fn who_is_undone_for_what_another_did_can_read_that() {
        let (_folder, db) = fresh().await;
        let mut first = db.write().await.unwrap();
        add(&mut first, 1).await.unwrap();
        let (done, _) = commit_before(first, 2..=9, |a| {
            let db = db.clone();
            async move {
                let mut tx = db.write().await.unwrap();
                add(&mut tx, a).await.unwrap();
                assert!(matches!(add(&mut tx, 1).await, Err(DbError::Unique)));
                tx.rollback().await.unwrap();
                assert_eq!(rows(&db).await, BTreeSet::from([1]));
            }
        })
        .await;
        done.unwrap();
        db.close().await;
    }

    #[tokio::test]
    async fn what_was_given_up_leaves_no_lock_behind() {
        let (folder, db) = fresh().await;
        let mut tx = db.write().await.unwrap();
        add(&mut tx, 1).await.unwrap();
        drop(tx);
        let other = rusqlite::Connection::open(folder.path().join("ikd.db")).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        let begun = crate::clock::stopwatch();
        while let Err(error) = other.execute_batch("BEGIN IMMEDIATE; INSERT INTO t (a) VALUES (2); COMMIT") {
            assert!(begun.elapsed().as_secs() < 10, "{error}");
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert_eq!(rows(&db).await, BTreeSet::from([2]));
        db.close().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_acknowledged_is_there_whoever_gives_up_around_it() {
        let (folder, db) = fresh().await;
        let mut acknowledged = BTreeSet::new();
        for round in 0..40_i64 {
            let mut writers = JoinSet::new();
            for at in 0..25 {
                let (db, a) = (db.clone(), round * 100 + at);
                writers.spawn(async move {
                    let mut tx = db.write().await.unwrap();
                    add(&mut tx, a).await.unwrap();
                    tx.commit().await.map(|()| a)
                });
            }
            // The thread of batches writes among them.
            let (threads, a) = (db.threads().unwrap().clone(), round * 100 + 50);
            let add = "INSERT INTO t (a) VALUES (?1)";
            threads.write(move |local| local.execute(add, super::super::bound![a])).await.unwrap();
            acknowledged.insert(a);
            for _ in 0..round {
                if let Some(done) = writers.join_next().await {
                    acknowledged.insert(done.unwrap().unwrap());
                }
            }
            writers.abort_all();
            while let Some(done) = writers.join_next().await {
                if let Ok(done) = done {
                    acknowledged.insert(done.unwrap());
                }
            }
        }
        db.close().await;
        let file = rusqlite::Connection::open(folder.path().join("ikd.db")).unwrap();
        let mut statement = file.prepare("SELECT a FROM t").unwrap();
        let found: BTreeSet<i64> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(acknowledged.len() > 500, "{}", acknowledged.len());
        assert_eq!(acknowledged.difference(&found).collect::<Vec<_>>(), Vec::<&i64>::new());
    }

    #[tokio::test]
    async fn a_full_disk_loses_nothing_that_was_acknowledged_and_is_got_over() {
        let (_folder, db) = fresh().await;
        let mut first = db.write().await.unwrap();
        add(&mut first, 0).await.unwrap();
        // The limit of the connection stands in for the disk's.
        fetch_all!(&mut first, (i64,), "PRAGMA max_page_count = 3").unwrap();
        // The disk is full for the last of them too: then nobody of the group is left whose commit would say what became of it.
        let (done, given) = commit_before(first, 1..=21, |a| {
            let db = db.clone();
            async move {
                let mut tx = db.write().await?;
                add(&mut tx, a).await?;
                if a % 7 == 0 {
                    execute!(&mut tx, "INSERT INTO t (a, b) VALUES ($1, $2)", 100 + a, vec![7_u8; 1 << 20])?;
                }
                tx.commit().await.map(|()| a)
            }
        })
        .await;
        let mut acknowledged = BTreeSet::new();
        if done.is_ok() {
            acknowledged.insert(0);
        }
        let mut refused = 0;
        for done in given {
            match done {
                Ok(a) => _ = acknowledged.insert(a),
                Err(DbError::Full(_) | DbError::Unavailable(_)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refused >= 2, "{refused}");
        assert_eq!(rows(&db).await, acknowledged);
        let mut tx = db.write().await.unwrap();
        fetch_all!(&mut tx, (i64,), "PRAGMA max_page_count = 1000000").unwrap();
        execute!(&mut tx, "INSERT INTO t (a, b) VALUES (500, $1)", vec![7_u8; 1 << 20]).unwrap();
        tx.commit().await.unwrap();
        assert!(rows(&db).await.contains(&500));
        db.close().await;
    }
}
