//! Who writes to the database, and what happens to a change that goes wrong?
//!
//! Everything that waits becomes one transaction on one connection, sent without waiting. When a piece of work is refused,
//! all of it is done once more, each piece in a savepoint, so that the one falls alone. Nobody is answered before the
//! transaction is on disk. When the connection is lost before the commit was asked for, or another transaction
//! was in the way, nothing was made, and all of it is done once more. When it is lost while the commit is under way, the
//! database is asked whether the transaction is there, by the mark that each one leaves: only what is there is answered
//! as made.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;
use uuid::Uuid;

use super::connect::Connector;
use super::fault::{Fault, failed};
use super::news;
use super::schema::{self, GATEWAY_LOCK, LOCKS, PRESENT, WRITER_LOCK};
use super::session::Remote;
use crate::store::StoreError;
use crate::store::sql::{Done, Session as _, Work, void_leases};

/// How many pieces of work may wait.
const QUEUE: usize = 4096;

/// How many go into one transaction.
const GROUP: usize = 512;

/// How often a transaction is begun anew.
const ATTEMPTS: u32 = 5;

/// How long the database is asked what has become of a transaction.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// The writer has ended.
#[derive(Debug, thiserror::Error)]
#[error("the writer has stopped")]
struct Stopped;

/// The same trouble, for each of those that it concerns.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
struct Shared(String);

type Answer = Result<Done, StoreError>;

/// A piece of work and whoever waits for it.
#[derive(Debug)]
struct Job {
    work: Work,
    answer: oneshot::Sender<Answer>,
}

/// The task that writes.
#[derive(Debug)]
pub(super) struct Writer {
    id: Uuid,
    queue: mpsc::Sender<Job>,
}

impl Writer {
    /// Brings the schema up to date, and takes over at once what was leased when no gateway is left that could work on it;
    /// otherwise that has to run out.
    pub(super) async fn start(connector: Connector) -> Result<Writer, StoreError> {
        let mut client = connector.open().await?;
        schema::migrate(&mut client).await?;
        let id = Uuid::from_bytes(crate::seal::random_bytes().map_err(StoreError::failed)?);
        let first = client.query_one("SELECT pg_try_advisory_lock($1, $2)", &[&LOCKS, &GATEWAY_LOCK]).await;
        if first.and_then(|row| row.try_get(0)).map_err(failed)? {
            Remote(&client).take(&[void_leases()]).await?;
            let unlock = format!("{PRESENT}; SELECT pg_advisory_unlock({LOCKS}, {GATEWAY_LOCK})");
            client.batch_execute(&unlock).await.map_err(failed)?;
        } else {
            client.batch_execute(PRESENT).await.map_err(failed)?;
        }
        let known = format!("INSERT INTO writer (id, written) VALUES ('{id}', 0)");
        client.batch_execute(&known).await.map_err(failed)?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let at_work = AtWork { connector, id, begun: 0, client: Some(client) };
        tokio::spawn(at_work.write_groups(jobs));
        Ok(Writer { id, queue })
    }

    /// Which of the writers of all gateways this one is.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// Does a piece of work, all of it or nothing, and answers when it is on disk.
    pub(super) async fn write(&self, work: Work) -> Answer {
        let (sender, answer) = oneshot::channel();
        self.queue.try_send(Job { work, answer: sender }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::failed(Stopped),
        })?;
        answer.await.map_err(|_| StoreError::failed(Stopped))?
    }
}

/// What the task holds.
struct AtWork {
    connector: Connector,
    /// Whose marks are its own.
    id: Uuid,
    /// How many transactions it has begun: each one's mark.
    begun: i64,
    client: Option<ClientWrapper>,
}

/// What became of a transaction that has not been committed as it should.
enum Trouble {
    /// It is not there, and can be begun anew.
    Again(StoreError),
    /// It is not there, and would fail again.
    Failed(StoreError),
    /// The commit was asked for, and not answered. These would have been the answers.
    Open(i64, Vec<Answer>, StoreError),
}

impl AtWork {
    async fn write_groups(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(GROUP);
        while jobs.recv_many(&mut group, GROUP).await > 0 {
            let work: Vec<&Work> = group.iter().map(|job| &job.work).collect();
            let answers = self.write_group(&work).await;
            for (job, answer) in group.drain(..).zip(answers) {
                // Nobody waits any more: what was made is there all the same.
                let _ = job.answer.send(answer);
            }
        }
    }

    /// Gives an answer to each, in the same order.
    async fn write_group(&mut self, group: &[&Work]) -> Vec<Answer> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let trouble = match self.transaction(group).await {
                Ok(answers) => return answers,
                Err(trouble) => trouble,
            };
            let error = match trouble {
                Trouble::Again(error) => error,
                Trouble::Failed(error) => return all(group, &error, StoreError::NotWritten),
                Trouble::Open(mark, answers, error) => match self.is_there(mark).await {
                    Ok(true) => return answers,
                    Ok(false) => error,
                    Err(unknown) => {
                        tracing::error!(error = %words(&unknown), "it is not known whether changes were made");
                        return all(group, &unknown, StoreError::Unknown);
                    }
                },
            };
            tracing::warn!(attempt, error = %words(&error), "changes were not made in this transaction");
            if attempt == ATTEMPTS {
                return all(group, &error, StoreError::NotWritten);
            }
            sleep(PAUSE * attempt).await;
        }
    }

    async fn transaction(&mut self, group: &[&Work]) -> Result<Vec<Answer>, Trouble> {
        let client = match self.client.take() {
            Some(client) if !client.is_closed() => client,
            Some(_) | None => open(&self.connector).await.map_err(Trouble::Again)?,
        };
        self.begun += 1;
        let done = transaction(&client, group, self.id, self.begun).await;
        // After any trouble the connection is given up, and with it whatever it was in the middle of.
        if done.is_ok() {
            self.client = Some(client);
        }
        done
    }

    /// Whether the transaction with this mark is there. It is over when its lock is free.
    async fn is_there(&mut self, mark: i64) -> Result<bool, StoreError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let asked = match open(&self.connector).await {
                Ok(client) => last_mark(&client, self.id).await.map(|found| {
                    self.client = Some(client);
                    found == mark
                }),
                Err(error) => Err(error),
            };
            match asked {
                Ok(is_there) => return Ok(is_there),
                Err(error) if Instant::now() >= until => return Err(error),
                Err(_) => sleep(PAUSE).await,
            }
        }
    }
}

/// Opens the connection that writes, and says with it that this gateway is there.
async fn open(connector: &Connector) -> Result<ClientWrapper, StoreError> {
    let client = connector.open().await?;
    client.batch_execute(PRESENT).await.map_err(failed)?;
    Ok(client)
}

/// Does everything in one transaction, and leaves the mark.
async fn transaction(
    client: &ClientWrapper,
    group: &[&Work],
    writer: Uuid,
    mark: i64,
) -> Result<Vec<Answer>, Trouble> {
    begin(client).await?;
    let answers = match together(client, group).await? {
        Some(answers) => answers,
        None => {
            client.batch_execute("ROLLBACK").await.map_err(trouble)?;
            begin(client).await?;
            one_by_one(client, group).await?
        }
    };
    let made = group.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
    let news = made.flat_map(|(work, _)| work.news().into_iter().flatten().cloned()).collect();
    let telling = news::telling(writer, &news);
    let end = format!("{telling}UPDATE writer SET written = {mark} WHERE id = '{writer}'; COMMIT");
    match client.batch_execute(&end).await {
        Ok(()) => Ok(answers),
        Err(error) => match Fault::from(error) {
            lost @ Fault::Lost(_) => Err(Trouble::Open(mark, answers, StoreError::failed(lost))),
            again @ Fault::Again(_) => Err(Trouble::Again(StoreError::failed(again))),
            refused @ Fault::Refused(_) => Err(Trouble::Failed(StoreError::failed(refused))),
        },
    }
}

/// Waited for: without a transaction, what is sent behind it would stand alone.
async fn begin(client: &Client) -> Result<(), Trouble> {
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({LOCKS}, {WRITER_LOCK})");
    client.batch_execute(&begin).await.map_err(trouble)
}

/// As if nothing were refused, which is usual: whatever needs no answer in between is sent without waiting. Nothing: a
/// piece of work was refused, and the transaction cannot be committed.
async fn together(client: &ClientWrapper, group: &[&Work]) -> Result<Option<Vec<Answer>>, Trouble> {
    let remote = Remote(client);
    let mut answers = Vec::with_capacity(group.len());
    let mut rest = group;
    while !rest.is_empty() {
        let without_questions = rest.iter().take_while(|work| work.asks_nothing()).count();
        let (now, later) = rest.split_at(without_questions.max(1));
        let mut sent = Vec::with_capacity(now.len());
        for work in now {
            sent.push(work.run(&remote));
        }
        for answer in join_all(sent).await {
            match answer {
                Ok(done) => answers.push(Ok(done)),
                Err(error) if Fault::is_passing(&error) => return Err(Trouble::Again(error)),
                Err(_) => return Ok(None),
            }
        }
        rest = later;
    }
    Ok(Some(answers))
}

/// Each in a savepoint, so that what is refused falls alone.
async fn one_by_one(client: &ClientWrapper, group: &[&Work]) -> Result<Vec<Answer>, Trouble> {
    client.batch_execute("SAVEPOINT job").await.map_err(trouble)?;
    let mut answers = Vec::with_capacity(group.len());
    for work in group {
        let answer = work.run(&Remote(client)).await;
        let settle = match &answer {
            Ok(_) => "RELEASE job; SAVEPOINT job",
            Err(error) if Fault::is_passing(error) => return Err(Trouble::Again(copy(error))),
            Err(_) => "ROLLBACK TO job",
        };
        client.batch_execute(settle).await.map_err(trouble)?;
        answers.push(answer.map_err(rolled_back));
    }
    Ok(answers)
}

/// What has failed within its savepoint is not there.
fn rolled_back(error: StoreError) -> StoreError {
    if let StoreError::Failed(source) = error { StoreError::NotWritten(source) } else { error }
}

fn trouble(error: tokio_postgres::Error) -> Trouble {
    match Fault::from(error) {
        fault @ (Fault::Lost(_) | Fault::Again(_)) => Trouble::Again(StoreError::failed(fault)),
        fault @ Fault::Refused(_) => Trouble::Failed(StoreError::failed(fault)),
    }
}

/// The mark of the last transaction that this writer has committed.
async fn last_mark(client: &Client, writer: Uuid) -> Result<i64, StoreError> {
    // The lock is free when the transaction that was lost has come to its end, one way or the other.
    let lock = format!("SELECT pg_advisory_xact_lock({LOCKS}, {WRITER_LOCK})");
    client.batch_execute(&lock).await.map_err(failed)?;
    let sql = format!("SELECT written FROM writer WHERE id = '{writer}'");
    let row = client.query_one(&sql, &[]).await.map_err(failed)?;
    row.try_get(0).map_err(failed)
}

/// The error for each of those in the group.
fn all(
    group: &[&Work],
    error: &StoreError,
    kind: fn(Box<dyn std::error::Error + Send + Sync>) -> StoreError,
) -> Vec<Answer> {
    group.iter().map(|_| Err(kind(Box::new(Shared(words(error)))))).collect()
}

fn copy(error: &StoreError) -> StoreError {
    StoreError::failed(Shared(words(error)))
}

/// The error and what has caused it.
fn words(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
