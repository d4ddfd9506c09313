//! Who writes to the database, and what happens to a change that goes wrong?
//!
//! Everything that waits becomes one transaction, each job in a savepoint. Nobody is answered before the transaction
//! is on disk. If it cannot be committed, everybody in it is told so.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::failed;
use crate::machine::{Blocking, Turn};
use crate::store::StoreError;

/// How many jobs may wait.
pub(super) const QUEUE_JOBS: usize = 4096;

/// How many jobs go into one transaction.
const GROUP_JOBS: usize = 512;

/// Does its work in a savepoint and keeps the answer until the transaction is committed.
trait Job: Send {
    /// Does the work; false: roll it back.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Gives the answer away. `lost`: the transaction around it has failed.
    fn answer(self: Box<Self>, lost: Option<&Lost>);
}

/// What waits for the thread.
enum Waiting {
    /// Goes into a transaction.
    Job(Box<dyn Job>),
    /// The file is written anew, between two transactions.
    Rewrite(oneshot::Sender<Result<(), StoreError>>),
}

/// Somebody reads what was there before, all the time.
#[derive(Debug, thiserror::Error)]
#[error("the write-ahead log cannot be emptied: somebody reads from it")]
struct StillRead;

/// The transaction of several jobs has failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the transaction could not be committed")]
struct Lost(#[source] Arc<rusqlite::Error>);

/// The writing thread has ended.
#[derive(Debug, thiserror::Error)]
#[error("the writer has stopped")]
struct Stopped;

/// Who writes.
#[derive(Debug)]
pub(super) struct Writer(Hands);

#[derive(Debug)]
enum Hands {
    Thread { queue: Option<mpsc::Sender<Waiting>>, thread: Option<JoinHandle<()>> },
    InTurn { connection: Mutex<Connection>, turn: Arc<dyn Turn> },
}

impl Writer {
    pub(super) fn start(connection: Connection, blocking: &Blocking) -> Result<Writer, StoreError> {
        if let Blocking::InTurn(turn) = blocking {
            let (connection, turn) = (Mutex::new(connection), Arc::clone(turn));
            return Ok(Writer(Hands::InTurn { connection, turn }));
        }
        let (queue, jobs) = mpsc::channel(QUEUE_JOBS);
        let thread =
            thread::Builder::new().name("store".to_owned()).spawn(move || write_groups(&connection, jobs));
        Ok(Writer(Hands::Thread { queue: Some(queue), thread: Some(thread.map_err(failed)?) }))
    }

    /// Does a piece of work, all of it or nothing, and answers when it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, answer) = oneshot::channel();
        self.put(Waiting::Job(Box::new(Work { work: Some(work), done: None, sender }))).await?;
        answer.await.map_err(|_| failed(Stopped))?
    }

    /// Writes the whole file anew, with nothing in it but what is there, and empties the write-ahead log.
    pub(super) async fn rewrite(&self) -> Result<(), StoreError> {
        let (sender, answer) = oneshot::channel();
        self.put(Waiting::Rewrite(sender)).await?;
        answer.await.map_err(|_| failed(Stopped))?
    }

    async fn put(&self, waiting: Waiting) -> Result<(), StoreError> {
        match &self.0 {
            Hands::Thread { queue, .. } => {
                let queue = queue.as_ref().ok_or_else(|| failed(Stopped))?;
                queue.try_send(waiting).map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                    mpsc::error::TrySendError::Closed(_) => failed(Stopped),
                })
            }
            Hands::InTurn { connection, turn } => {
                turn.wait().await;
                write_all(&connection.lock().unwrap_or_else(PoisonError::into_inner), vec![waiting]);
                turn.wait().await;
                Ok(())
            }
        }
    }

    /// How many jobs wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        match &self.0 {
            Hands::Thread { queue: Some(queue), .. } => queue.max_capacity() - queue.capacity(),
            Hands::Thread { queue: None, .. } | Hands::InTurn { .. } => 0,
        }
    }
}

impl Drop for Writer {
    /// Waits until everything that was handed in is on disk.
    fn drop(&mut self) {
        if let Hands::Thread { queue, thread } = &mut self.0 {
            drop(queue.take());
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
    }
}

struct Work<F, T> {
    work: Option<F>,
    done: Option<Result<T, StoreError>>,
    sender: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Work<F, T>
where
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.done = self.work.take().map(|work| work(connection));
        matches!(self.done, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, lost: Option<&Lost>) {
        let done = match (self.done, lost) {
            // Nothing of this one was in the transaction: what it found stays true.
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), None) => Ok(value),
            (Some(Ok(_)) | None, Some(lost)) => Err(failed(lost.clone())),
            (None, None) => Err(failed(Stopped)),
        };
        // Nobody waits any more: the change is there all the same.
        let _ = self.sender.send(done);
    }
}

fn write_groups(connection: &Connection, mut jobs: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::with_capacity(GROUP_JOBS);
    while jobs.blocking_recv_many(&mut waiting, GROUP_JOBS) > 0 {
        write_all(connection, std::mem::replace(&mut waiting, Vec::with_capacity(GROUP_JOBS)));
    }
}

fn write_all(connection: &Connection, waiting: Vec<Waiting>) {
    let (mut group, mut rewrites) = (Vec::with_capacity(waiting.len()), Vec::new());
    for one in waiting {
        match one {
            Waiting::Job(job) => group.push(job),
            Waiting::Rewrite(sender) => rewrites.push(sender),
        }
    }
    let lost = write_group(connection, &mut group).err().map(|error| Lost(Arc::new(error)));
    if let Some(lost) = &lost {
        tracing::error!(error = %lost.0, "changes could not be committed");
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    for job in group {
        job.answer(lost.as_ref());
    }
    for sender in rewrites {
        // Nobody waits any more: it is done all the same.
        let _ = sender.send(rewrite(connection));
    }
}

/// `VACUUM` leaves nothing of what was deleted in the pages, where `secure_delete` leaves what was moved between them; its
/// copy is in memory. What stood in the log before is cut off with it.
fn rewrite(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("VACUUM").map_err(failed)?;
    let emptied = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_busy: bool = connection.query_row(emptied, [], |row| row.get(0)).map_err(failed)?;
    if is_busy { Err(failed(StillRead)) } else { Ok(()) }
}

fn write_group(connection: &Connection, group: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    if group.is_empty() {
        return Ok(());
    }
    execute(connection, "BEGIN IMMEDIATE")?;
    for job in group {
        execute(connection, "SAVEPOINT job")?;
        let good = job.run(connection);
        // After some failures (disk full, read error) SQLite rolls everything back by itself: then there is no
        // savepoint, this fails, and so does the group.
        if !good {
            execute(connection, "ROLLBACK TO job")?;
        }
        execute(connection, "RELEASE job")?;
    }
    execute(connection, "COMMIT")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
