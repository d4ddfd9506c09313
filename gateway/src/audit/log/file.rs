//! How does the file of a log lie on disk, and how is it read from a place on?

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::{Durable, MARK_EVERY, Mark, READ_BYTES};
use crate::audit::merkle::{Hash, Tree};
use crate::audit::record::{Records, START};
use crate::audit::{AuditError, Recovery};

/// Reads a whole log.
pub(in crate::audit) fn scan(file: &File, length: u64) -> Result<(Recovery, Durable), AuditError> {
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
pub(in crate::audit) fn read_file<E: From<AuditError>>(
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
pub(super) fn expect_end<R: Read>(records: &Records<R>, end: u64) -> Result<(), AuditError> {
    if records.offset() == end { Ok(()) } else { Err(records.corrupt()) }
}

pub(super) fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            sync_folder_of(path)?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}

/// Has the name of a file on disk, or that it is gone.
pub(in crate::audit) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Several may read at once, so nobody moves the file's own position.
pub(super) struct ReadFrom<'a> {
    pub(super) file: &'a File,
    pub(super) offset: u64,
}

impl Read for ReadFrom<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

pub(super) fn reader(file: &File, offset: u64) -> BufReader<ReadFrom<'_>> {
    BufReader::with_capacity(READ_BYTES, ReadFrom { file, offset })
}

/// Keeps what is cut off the end of a log, in a file beside it of mode 0600: should it have been more than leaves that
/// nobody was told of, it can be put back.
pub(super) fn keep_cut(log: &Path, file: &File, offset: u64) -> io::Result<()> {
    let kept = log.with_added_extension(format!("cut-{offset}"));
    let mut copy = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&kept)?;
    io::copy(&mut reader(file, offset), &mut copy)?;
    copy.sync_all()?;
    sync_folder_of(log)
}
