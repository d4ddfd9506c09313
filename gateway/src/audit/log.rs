//! Who writes the log, and when is a leaf on disk?
//!
//! One thread writes. It takes everything that waits, writes it in one piece, syncs once and answers all: the more
//! callers wait, the cheaper a leaf. If that fails, all are told so; what comes next is in [`super::disk`].

mod file;
mod group;
mod several;

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};

use super::disk::Disk;
use super::merkle::{Hash, Tree};
use super::record::{GROUP_LEAVES, PAIR_BYTES, Records, START, single};
use super::subjects::Subjects;
use super::{AuditError, Leaf, Order, Receipt, Recovery};
use crate::machine::{Blocking, Turn};
use file::{ReadFrom, expect_end, keep_cut, open_file, reader};
use group::{Group, refuse, write_group, write_groups};
use several::Copy;

pub(super) use file::{read_file, scan, sync_folder_of};

/// How many leaves may wait. Who comes later waits for a place.
const QUEUE_LEAVES: usize = 4096;

/// A place in the file is remembered for every so many leaves.
const MARK_EVERY: u64 = 1024;

const READ_BYTES: usize = 64 * 1024;

/// The audit log of a running gateway. There is one for a file at a time.
#[derive(Debug)]
pub struct AuditLog {
    shared: Arc<Shared>,
    subjects: Arc<Subjects>,
    writer: Writer,
}

/// Who writes.
#[derive(Debug)]
enum Writer {
    Thread { queue: Option<mpsc::Sender<Job>>, thread: Option<JoinHandle<()>> },
    InTurn(Arc<dyn Turn>),
}

#[derive(Debug)]
enum Job {
    Append { leaf: Leaf, answer: oneshot::Sender<Result<Receipt, AuditError>> },
    CopyOthers { answer: oneshot::Sender<Result<(), AuditError>> },
}

#[derive(Debug)]
pub(super) struct Shared {
    disk: Disk,
    durable: Mutex<Durable>,
    /// Told whenever leaves have come to be on disk.
    grown: Notify,
}

/// How far the log goes for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) leaves: u64,
    pub(super) bytes: u64,
    pub(super) last_hash: Hash,
}

impl Reach {
    /// Before the first leaf.
    pub(super) const START: Reach = Reach { leaves: 0, bytes: 0, last_hash: START };
}

/// What is on disk for certain.
#[derive(Debug)]
pub(super) struct Durable {
    leaves: u64,
    bytes: u64,
    last_hash: Hash,
    /// The record of every [`MARK_EVERY`]th leaf, from leaf 0.
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    offset: u64,
    before: Hash,
}

impl AuditLog {
    /// Opens the log, or begins a new one in a file of mode 0600. The whole log is read and checked. A tail that was
    /// not written to its end is cut off. Blocks.
    ///
    /// # Errors
    /// [`AuditError::InUse`], [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub fn open(path: &Path) -> Result<(AuditLog, Recovery), AuditError> {
        AuditLog::open_on(path, &Blocking::Threads)
    }

    /// The same, with the choice of where it is written.
    ///
    /// # Errors
    /// As [`AuditLog::open`].
    pub fn open_on(path: &Path, blocking: &Blocking) -> Result<(AuditLog, Recovery), AuditError> {
        let (shared, recovery) = Shared::open(path)?;
        let log = match blocking {
            Blocking::Threads => AuditLog::begin(path, shared, |shared, jobs| write_groups(&shared, jobs))?,
            Blocking::InTurn(turn) => AuditLog::of(path, shared, Writer::InTurn(Arc::clone(turn))),
        };
        Ok((log, recovery))
    }

    /// Opens the copy of a log that several gateways write, or begins one, as [`AuditLog::open`], and takes in what it
    /// lacks. Blocks until the file has been read.
    ///
    /// # Errors
    /// Those of [`AuditLog::open`], [`AuditError::Order`], and [`AuditError::Differs`] when it is of another log or has
    /// leaves that the log of all gateways has not.
    pub async fn open_among(path: &Path, order: Box<dyn Order>) -> Result<(AuditLog, Recovery), AuditError> {
        let (shared, recovery) = Shared::open(path)?;
        let (ready, begun) = oneshot::channel();
        let log = AuditLog::begin(path, shared, move |shared, jobs| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let copy = runtime.map_err(AuditError::File).and_then(|runtime| {
                let mut copy = Copy { shared: &shared, order, runtime };
                copy.begin().map(|()| copy)
            });
            match copy {
                Ok(copy) => {
                    let _ = ready.send(Ok(()));
                    copy.write_groups(jobs);
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        })?;
        begun.await.map_err(|_| AuditError::Broken)??;
        Ok((log, recovery))
    }

    fn begin(
        path: &Path,
        shared: Arc<Shared>,
        write: impl FnOnce(Arc<Shared>, mpsc::Receiver<Job>) + Send + 'static,
    ) -> Result<AuditLog, AuditError> {
        let (queue, jobs) = mpsc::channel(QUEUE_LEAVES);
        let thread = thread::Builder::new().name("audit".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || write(shared, jobs)
        });
        let thread = Some(thread.map_err(AuditError::File)?);
        Ok(AuditLog::of(path, shared, Writer::Thread { queue: Some(queue), thread }))
    }

    fn of(path: &Path, shared: Arc<Shared>, writer: Writer) -> AuditLog {
        let subjects = Arc::new(Subjects::beside(path, Arc::clone(&shared)));
        AuditLog { shared, subjects, writer }
    }

    /// Reads and checks a log without changing it, also while a gateway has it open. Blocks.
    ///
    /// # Errors
    /// [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub fn verify(path: &Path) -> Result<Recovery, AuditError> {
        let file = File::open(path).map_err(AuditError::File)?;
        let length = file.metadata().map_err(AuditError::File)?.len();
        scan(&file, length).map(|(recovery, _)| recovery)
    }

    /// Appends a leaf, and answers when it is on disk. A caller that stops waiting must assume that it will be.
    ///
    /// # Errors
    /// [`AuditError::Stuck`] when it cannot be written now, [`AuditError::Broken`] when it could not be synced, now or
    /// earlier, [`AuditError::Malformed`] for a leaf that cannot be written down.
    pub async fn append(&self, leaf: Leaf) -> Result<Receipt, AuditError> {
        if self.is_broken() {
            return Err(AuditError::Broken);
        }
        let (answer, receipt) = oneshot::channel();
        self.hand_in(vec![Job::Append { leaf, answer }]).await?;
        receipt.await.map_err(|_| AuditError::Broken)?
    }

    /// Appends leaves that are all there at once: they come to be on disk together, as far as a group holds them. Gives
    /// their receipts, in their order.
    ///
    /// # Errors
    /// Those of [`AuditLog::append`], of the first leaf that is not written.
    pub async fn append_all(&self, leaves: Vec<Leaf>) -> Result<Vec<Receipt>, AuditError> {
        let mut answers = Vec::with_capacity(leaves.len());
        let jobs = leaves.into_iter().map(|leaf| {
            let (answer, receipt) = oneshot::channel();
            answers.push(receipt);
            Job::Append { leaf, answer }
        });
        self.hand_in(jobs.collect()).await?;
        let mut receipts = Vec::with_capacity(answers.len());
        for answer in answers {
            receipts.push(answer.await.map_err(|_| AuditError::Broken)??);
        }
        Ok(receipts)
    }

    /// Takes in what other gateways have appended by now, where there are any.
    ///
    /// # Errors
    /// [`AuditError::Order`] when it cannot be reached, [`AuditError::Broken`] as for [`AuditLog::append`].
    pub async fn copy_others(&self) -> Result<(), AuditError> {
        let (answer, copied) = oneshot::channel();
        self.hand_in(vec![Job::CopyOthers { answer }]).await?;
        copied.await.map_err(|_| AuditError::Broken)?
    }

    /// Has it all done, or waits for places among what waits for it.
    async fn hand_in(&self, jobs: Vec<Job>) -> Result<(), AuditError> {
        match &self.writer {
            Writer::Thread { queue, .. } => {
                let queue = queue.as_ref().ok_or(AuditError::Broken)?;
                let mut jobs = jobs.into_iter();
                while jobs.len() > 0 {
                    // All places first: whoever writes is not woken for one leaf while the others are on their way.
                    let places = queue.reserve_many(jobs.len().min(GROUP_LEAVES)).await;
                    let places = places.map_err(|_| AuditError::Broken)?;
                    places.zip(&mut jobs).for_each(|(place, job)| place.send(job));
                }
                Ok(())
            }
            Writer::InTurn(turn) => {
                turn.wait().await;
                write_group(&self.shared, jobs.into_iter());
                turn.wait().await;
                Ok(())
            }
        }
    }

    /// Tells whether nothing can be appended any more.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.shared.disk.is_broken()
    }

    /// Tells whether it can be written; after a write that has failed, it is tried. Blocks.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        !self.is_broken() && self.shared.disk.try_again(|| self.shared.durable().bytes).is_ok()
    }

    /// Tells how many leaves are on disk.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shared.durable().leaves
    }

    /// Tells whether no leaf is on disk.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives every leaf on disk from a place in the log on, in order, with its sequence. Blocks.
    ///
    /// # Errors
    /// [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub fn read(&self, from: u64, mut each: impl FnMut(u64, Leaf)) -> Result<(), AuditError> {
        let (mark, sequence, end) = self.shared.durable().mark_before(from);
        let mut records = Records::new(
            reader(&self.shared.disk.file, mark.offset),
            mark.offset,
            end,
            sequence,
            mark.before,
        );
        while let Some(found) = records.next()? {
            if found.sequence >= from {
                each(found.sequence, found.leaf);
            }
        }
        expect_end(&records, end)
    }

    /// What the log's own derivations read.
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Waits until so many leaves are on disk.
    pub(crate) async fn reaches(&self, leaves: u64) {
        loop {
            let grown = self.shared.grown.notified();
            if self.len() >= leaves {
                return;
            }
            grown.await;
        }
    }

    /// Takes nothing more, as after a failed write: what was made of the log contradicts it.
    pub(crate) fn distrust(&self) {
        self.shared.disk.distrust();
    }

    /// Finds leaves by the person that they are about.
    #[must_use]
    pub fn subjects(&self) -> Arc<Subjects> {
        Arc::clone(&self.subjects)
    }

    /// Gives the time of the last leaf on disk, if there is one. Blocks.
    ///
    /// # Errors
    /// [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub fn last_time(&self) -> Result<Option<Timestamp>, AuditError> {
        let mut last = None;
        self.read(self.len().saturating_sub(1), |_, leaf| last = Some(leaf.time))?;
        Ok(last)
    }

    /// Gives the place of the first leaf that is not from before an instant, or of the next leaf. Reads what comes before
    /// it. Blocks.
    ///
    /// # Errors
    /// [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub fn first_since(&self, time: Timestamp) -> Result<u64, AuditError> {
        let end = self.shared.durable().bytes;
        let mut records = Records::new(reader(&self.shared.disk.file, 0), 0, end, 0, START);
        let mut next = 0;
        while let Some(found) = records.next()? {
            if found.leaf.time >= time {
                return Ok(found.sequence);
            }
            next = found.sequence + 1;
        }
        Ok(next)
    }

    /// Gives the Merkle tree hash over the first leaves on disk, from the file. Blocks.
    ///
    /// # Errors
    /// [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub fn root_of(&self, leaves: u64) -> Result<Hash, AuditError> {
        let end = self.shared.durable().bytes;
        let mut tree = Tree::new();
        let mut records = Records::new(reader(&self.shared.disk.file, 0), 0, end, 0, START);
        while tree.size() < leaves {
            let Some(found) = records.next()? else { break };
            tree.push(found.hash);
        }
        Ok(tree.root())
    }
}

impl Drop for AuditLog {
    /// Waits until everything that was handed in is on disk.
    fn drop(&mut self) {
        if let Writer::Thread { queue, thread } = &mut self.writer {
            drop(queue.take());
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    /// Opens the file, or begins a new one, reads and checks all of it, and cuts off a torn tail.
    fn open(path: &Path) -> Result<(Arc<Shared>, Recovery), AuditError> {
        let file = open_file(path).map_err(AuditError::File)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => AuditError::InUse,
            TryLockError::Error(source) => AuditError::File(source),
        })?;
        let length = file.metadata().map_err(AuditError::File)?.len();
        let (recovery, durable) = scan(&file, length)?;
        if recovery.torn_bytes > 0 {
            keep_cut(path, &file, durable.bytes).map_err(AuditError::File)?;
            file.set_len(durable.bytes).map_err(AuditError::File)?;
        }
        // What was read may be in memory only, if the process before this one ended between write and sync.
        if length > 0 {
            file.sync_all().map_err(AuditError::File)?;
        }
        let durable = Mutex::new(durable);
        let shared = Shared { disk: Disk::new(file), durable, grown: Notify::new() };
        Ok((Arc::new(shared), recovery))
    }

    pub(super) fn reach(&self) -> Reach {
        let durable = self.durable();
        Reach { leaves: durable.leaves, bytes: durable.bytes, last_hash: durable.last_hash }
    }

    /// Reads from one point of the log to another.
    pub(super) fn between(&self, from: &Reach, to: &Reach) -> Records<impl Read> {
        let Reach { leaves, bytes, last_hash } = *from;
        Records::new(reader(&self.disk.file, bytes), bytes, to.bytes, leaves, last_hash)
    }

    /// One leaf, by where the record of the one before it begins, and of leaf 0 its own. Nothing, if it is not there.
    pub(super) fn leaf(&self, place: u64, sequence: u64) -> Result<Option<(Leaf, Hash)>, AuditError> {
        let mut bytes = Vec::with_capacity(PAIR_BYTES);
        let mut from = ReadFrom { file: &self.disk.file, offset: place }.take(PAIR_BYTES as u64);
        from.read_to_end(&mut bytes).map_err(AuditError::File)?;
        Ok(single(&bytes, sequence))
    }

    /// Puts a group on disk and answers all that wait for it.
    ///
    /// # Errors
    /// [`AuditError::Stuck`] and [`AuditError::Broken`], when nothing of it is there.
    fn finish(&self, group: Group) -> Result<(), AuditError> {
        if group.bytes.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.disk.write(group.begins, &group.bytes) {
            refuse(group.written.into_iter().map(|(answer, _)| answer), &error);
            return Err(error);
        }
        let mut durable = self.durable();
        durable.leaves = group.leaves;
        durable.bytes += group.bytes.len() as u64;
        durable.last_hash = group.last_hash;
        durable.marks.extend(group.marks);
        drop(durable);
        self.grown.notify_waiters();
        // The last one first: whoever waits for several waits for the first of them, and is woken when all are answered.
        for (answer, receipt) in group.written.into_iter().rev() {
            // Nobody waits any more: the leaf is there all the same.
            let _ = answer.send(Ok(receipt));
        }
        Ok(())
    }

    fn durable(&self) -> MutexGuard<'_, Durable> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable {
    /// The last remembered place at or before a leaf, which leaf that is, and where the file ends.
    fn mark_before(&self, leaf: u64) -> (Mark, u64, u64) {
        let number = (leaf / MARK_EVERY).min((self.marks.len() as u64).saturating_sub(1));
        let mark = usize::try_from(number).ok().and_then(|number| self.marks.get(number));
        let first = Mark { offset: 0, before: START };
        mark.map_or((first, 0, self.bytes), |mark| (*mark, number * MARK_EVERY, self.bytes))
    }
}
