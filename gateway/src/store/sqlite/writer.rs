//! Who writes to the database, and what happens to a change that goes wrong?
//!
//! Everything that waits becomes one transaction, each job in a savepoint. Nobody is answered before the transaction
//! is on disk. If it cannot be committed, everybody in it is told so.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::failed;
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

/// The transaction of several jobs has failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the transaction could not be committed")]
struct Lost(#[source] Arc<rusqlite::Error>);

/// The writing thread has ended.
#[derive(Debug, thiserror::Error)]
#[error("the writer has stopped")]
struct Stopped;

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Writer, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE_JOBS);
        let thread =
            thread::Builder::new().name("store".to_owned()).spawn(move || write_groups(&connection, jobs));
        Ok(Writer { queue: Some(queue), thread: Some(thread.map_err(failed)?) })
    }

    /// Does a piece of work, all of it or nothing, and answers when it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, answer) = oneshot::channel();
        let job = Work { work: Some(work), done: None, sender };
        let queue = self.queue.as_ref().ok_or_else(|| failed(Stopped))?;
        queue.try_send(Box::new(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => failed(Stopped),
        })?;
        answer.await.map_err(|_| failed(Stopped))?
    }

    /// How many jobs wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }
}

impl Drop for Writer {
    /// Waits until everything that was handed in is on disk.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
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

fn write_groups(connection: &Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut group = Vec::with_capacity(GROUP_JOBS);
    while jobs.blocking_recv_many(&mut group, GROUP_JOBS) > 0 {
        let lost = write_group(connection, &mut group).err().map(|error| Lost(Arc::new(error)));
        if let Some(lost) = &lost {
            tracing::error!(error = %lost.0, "changes could not be committed");
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
        }
        for job in group.drain(..) {
            job.answer(lost.as_ref());
        }
    }
}

fn write_group(connection: &Connection, group: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
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
