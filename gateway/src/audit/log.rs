//! Who writes the log, and when is a leaf on disk?
//!
//! One thread writes. It takes everything that waits, writes it in one piece, syncs once and answers all: the more
//! callers wait, the cheaper a leaf. After a failed write or sync nobody knows what is on disk (the operating system
//! may report a lost page once only), so the log takes nothing more until it has been opened and read anew.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};

use super::merkle::{Hash, Tree};
use super::record::{PAIR_BYTES, Records, START, encode, single};
use super::subjects::Subjects;
use super::{AuditError, Leaf, Receipt, Recovery};

/// How many leaves may wait. Who comes later waits for a place.
const QUEUE_LEAVES: usize = 4096;

/// How many leaves are written in one piece: about 250 KiB.
const GROUP_LEAVES: usize = 1024;

/// A place in the file is remembered for every so many leaves.
const MARK_EVERY: u64 = 1024;

const READ_BYTES: usize = 64 * 1024;

/// The audit log of a running gateway. There is one for a file at a time.
#[derive(Debug)]
pub struct AuditLog {
    shared: Arc<Shared>,
    subjects: Arc<Subjects>,
    queue: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Job {
    leaf: Leaf,
    answer: oneshot::Sender<Result<Receipt, AuditError>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    file: File,
    broken: AtomicBool,
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
struct Durable {
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
        let file = open_file(path).map_err(AuditError::File)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => AuditError::InUse,
            TryLockError::Error(source) => AuditError::File(source),
        })?;
        let length = file.metadata().map_err(AuditError::File)?.len();
        let (recovery, durable) = scan(&file, length)?;
        if recovery.torn_bytes > 0 {
            file.set_len(durable.bytes).map_err(AuditError::File)?;
        }
        // What was read may be in memory only, if the process before this one ended between write and sync.
        if length > 0 {
            file.sync_all().map_err(AuditError::File)?;
        }
        let durable = Mutex::new(durable);
        let shared = Arc::new(Shared { file, broken: AtomicBool::new(false), durable, grown: Notify::new() });
        let (queue, jobs) = mpsc::channel(QUEUE_LEAVES);
        let writer = thread::Builder::new().name("audit".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || write_groups(&shared, jobs)
        });
        let writer = Some(writer.map_err(AuditError::File)?);
        let subjects = Arc::new(Subjects::beside(path, Arc::clone(&shared)));
        Ok((AuditLog { shared, subjects, queue: Some(queue), writer }, recovery))
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
    /// [`AuditError::Broken`] when this or an earlier write has failed, [`AuditError::Malformed`] for a leaf that
    /// cannot be written down.
    pub async fn append(&self, leaf: Leaf) -> Result<Receipt, AuditError> {
        if self.is_broken() {
            return Err(AuditError::Broken);
        }
        let queue = self.queue.as_ref().ok_or(AuditError::Broken)?;
        let (answer, receipt) = oneshot::channel();
        queue.send(Job { leaf, answer }).await.map_err(|_| AuditError::Broken)?;
        receipt.await.map_err(|_| AuditError::Broken)?
    }

    /// Tells whether a write has failed, so that nothing can be appended any more.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.shared.broken.load(Ordering::Acquire)
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
        let mut records =
            Records::new(reader(&self.shared.file, mark.offset), mark.offset, end, sequence, mark.before);
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
        self.shared.broken.store(true, Ordering::Release);
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

    /// Gives the Merkle tree hash over the first leaves on disk, from the file. Blocks.
    ///
    /// # Errors
    /// [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub fn root_of(&self, leaves: u64) -> Result<Hash, AuditError> {
        let end = self.shared.durable().bytes;
        let mut tree = Tree::new();
        let mut records = Records::new(reader(&self.shared.file, 0), 0, end, 0, START);
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
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    pub(super) fn reach(&self) -> Reach {
        let durable = self.durable();
        Reach { leaves: durable.leaves, bytes: durable.bytes, last_hash: durable.last_hash }
    }

    /// Reads from one point of the log to another.
    pub(super) fn between(&self, from: &Reach, to: &Reach) -> Records<impl Read> {
        let Reach { leaves, bytes, last_hash } = *from;
        Records::new(reader(&self.file, bytes), bytes, to.bytes, leaves, last_hash)
    }

    /// One leaf, by where the record of the one before it begins, and of leaf 0 its own. Nothing, if it is not there.
    pub(super) fn leaf(&self, place: u64, sequence: u64) -> Result<Option<(Leaf, Hash)>, AuditError> {
        let mut bytes = Vec::with_capacity(PAIR_BYTES);
        let mut from = ReadFrom { file: &self.file, offset: place }.take(PAIR_BYTES as u64);
        from.read_to_end(&mut bytes).map_err(AuditError::File)?;
        Ok(single(&bytes, sequence))
    }

    fn durable(&self) -> MutexGuard<'_, Durable> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)?;
        self.file.sync_data()
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

/// One piece on its way to the disk.
struct Group {
    bytes: Vec<u8>,
    leaves: u64,
    last_hash: Hash,
    marks: Vec<Mark>,
    written: Vec<(oneshot::Sender<Result<Receipt, AuditError>>, Receipt)>,
}

fn write_groups(shared: &Shared, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::with_capacity(GROUP_LEAVES);
    while jobs.blocking_recv_many(&mut waiting, GROUP_LEAVES) > 0 {
        if shared.broken.load(Ordering::Acquire) {
            answer_broken(waiting.drain(..).map(|job| job.answer));
            continue;
        }
        let group = assemble(&shared.durable(), waiting.drain(..));
        if group.written.is_empty() {
            continue;
        }
        if let Err(error) = shared.write(&group.bytes) {
            shared.broken.store(true, Ordering::Release);
            tracing::error!(%error, "audit log cannot be written, nothing is disclosed any more");
            answer_broken(group.written.into_iter().map(|(answer, _)| answer));
            continue;
        }
        let mut durable = shared.durable();
        durable.leaves = group.leaves;
        durable.bytes += group.bytes.len() as u64;
        durable.last_hash = group.last_hash;
        durable.marks.extend(group.marks);
        drop(durable);
        shared.grown.notify_waiters();
        for (answer, receipt) in group.written {
            // Nobody waits any more: the leaf is there all the same.
            let _ = answer.send(Ok(receipt));
        }
    }
}

fn assemble(durable: &Durable, jobs: impl Iterator<Item = Job>) -> Group {
    let mut group = Group {
        bytes: Vec::new(),
        leaves: durable.leaves,
        last_hash: durable.last_hash,
        marks: Vec::new(),
        written: Vec::new(),
    };
    for job in jobs {
        let sequence = group.leaves;
        let mark = Mark { offset: durable.bytes + group.bytes.len() as u64, before: group.last_hash };
        let encoded = job.leaf.check(sequence).and_then(|()| {
            let leaf = job.leaf.bytes(sequence);
            encode(&leaf, &group.last_hash, &mut group.bytes)
        });
        match encoded {
            Ok(leaf_hash) => {
                if sequence.is_multiple_of(MARK_EVERY) {
                    group.marks.push(mark);
                }
                group.leaves += 1;
                group.last_hash = leaf_hash;
                group.written.push((job.answer, Receipt { sequence, leaf_hash }));
            }
            Err(source) => {
                let _ = job.answer.send(Err(AuditError::Malformed(source)));
            }
        }
    }
    group
}

fn answer_broken(answers: impl Iterator<Item = oneshot::Sender<Result<Receipt, AuditError>>>) {
    for answer in answers {
        let _ = answer.send(Err(AuditError::Broken));
    }
}

/// Reads a whole log.
fn scan(file: &File, length: u64) -> Result<(Recovery, Durable), AuditError> {
    let mut records = Records::new(reader(file, 0), 0, length, 0, START);
    let mut tree = Tree::new();
    let mut marks = Vec::new();
    let mut before = START;
    while let Some(found) = records.next()? {
        if found.sequence.is_multiple_of(MARK_EVERY) {
            marks.push(Mark { offset: found.offset, before });
        }
        before = found.hash;
        tree.push(found.hash);
    }
    let bytes = records.offset();
    let recovery = Recovery { leaves: tree.size(), torn_bytes: length - bytes, root: tree.root() };
    Ok((recovery, Durable { leaves: tree.size(), bytes, last_hash: before, marks }))
}

/// Reads a log that need not be open, leaf by leaf: its bytes and its hash. A torn tail is left out.
pub(super) fn read_file<E: From<AuditError>>(
    file: &File,
    mut each: impl FnMut(&[u8], Hash) -> Result<(), E>,
) -> Result<(), E> {
    let length = file.metadata().map_err(AuditError::File)?.len();
    let mut records = Records::new(reader(file, 0), 0, length, 0, START);
    while let Some(found) = records.next()? {
        each(&found.leaf.bytes(found.sequence), found.hash)?;
    }
    Ok(())
}

/// What was durable once cannot be torn.
fn expect_end<R: Read>(records: &Records<R>, end: u64) -> Result<(), AuditError> {
    if records.offset() == end { Ok(()) } else { Err(records.corrupt()) }
}

fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}

/// Several may read at once, so nobody moves the file's own position.
struct ReadFrom<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for ReadFrom<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

fn reader(file: &File, offset: u64) -> BufReader<ReadFrom<'_>> {
    BufReader::with_capacity(READ_BYTES, ReadFrom { file, offset })
}
