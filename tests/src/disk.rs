//! What does a program do to its disk, and what does it do when the disk does not do its part, or when it is stopped at
//! one certain call?
//!
//! A small library is preloaded into the program (`disk/disk.c` says what it does).

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Result, anyhow};

use crate::preload::compiled;

const SOURCE: &str = include_str!("disk/disk.c");

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no room left.
    Full,
    /// Nothing is taken any more, as after a file system has found itself damaged.
    ReadOnly,
    /// Writes fail.
    Bad,
    /// Writes succeed and cannot be synced.
    BadSync,
}

impl Fault {
    const fn name(self) -> &'static str {
        match self {
            Fault::Full => "FULL",
            Fault::ReadOnly => "READ_ONLY",
            Fault::Bad => "BAD",
            Fault::BadSync => "BAD_SYNC",
        }
    }
}

/// A call of a program at which it can be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// Before a file is written; its name below the folder.
    Write(&'static str),
    /// After a file was synced.
    Sync(&'static str),
    /// Before a file gets this name.
    Rename(&'static str),
    /// Before something is sent to this port.
    Send(u16),
    /// After something was received from this port.
    Receive(u16),
}

/// How a program is stopped at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It is killed.
    Crash,
    /// The call fails, this once.
    Error,
    /// It stands still, until it is told to go on.
    Pause,
}

impl Stop {
    const fn name(self) -> &'static str {
        match self {
            Stop::Crash => "CRASH",
            Stop::Error => "ERROR",
            Stop::Pause => "PAUSE",
        }
    }
}

/// The disk of a program, as far as it is one folder.
#[derive(Debug, Clone)]
pub struct Disk {
    library: PathBuf,
    folder: PathBuf,
    faults: PathBuf,
    record: PathBuf,
}

impl Disk {
    /// The disk of a program that keeps its files in `folder`; what it is told, and what it tells, stands in `work`.
    ///
    /// # Errors
    /// Fails when the C compiler does.
    pub fn of(folder: &Path, work: &Path) -> Result<Disk> {
        // Made once by each process that tests.
        static LIBRARY: OnceLock<Result<Vec<u8>>> = OnceLock::new();
        let bytes =
            LIBRARY.get_or_init(|| compiled(SOURCE)).as_ref().map_err(|error| anyhow!("{error:#}"))?;
        let (library, faults) = (work.join("disk.so"), work.join("faults"));
        fs::create_dir_all(&faults)?;
        fs::write(&library, bytes)?;
        Ok(Disk { library, folder: folder.to_owned(), faults, record: work.join("record") })
    }

    /// With what the program has to be started.
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let of = |name: &str, path: &Path| (OsString::from(name), path.as_os_str().to_owned());
        vec![
            of("LD_PRELOAD", &self.library),
            of("DISK_FOLDER", &self.folder),
            of("DISK_FAULTS", &self.faults),
        ]
    }

    /// The same, for a program all of whose writes and syncs are to be written down.
    #[must_use]
    pub fn recording(&self) -> Vec<(OsString, OsString)> {
        let mut environment = self.environment();
        environment.push(("DISK_RECORD".into(), self.record.clone().into()));
        environment
    }

    /// The file in which they are written down.
    #[must_use]
    pub fn record(&self) -> &Path {
        &self.record
    }

    /// Lets the disk fail from now on.
    ///
    /// # Errors
    /// Fails when that cannot be written down.
    pub fn fail(&self, fault: Fault) -> Result<()> {
        Ok(fs::write(self.faults.join(fault.name()), b"")?)
    }

    /// Stops the program at the `count`-th such call from now on. One at a time.
    ///
    /// # Errors
    /// Fails when that cannot be written down.
    pub fn stop_at(&self, point: &Point, count: usize, how: Stop) -> Result<()> {
        let (kind, place) = match point {
            Point::Write(file) => ("WRITE", (*file).to_owned()),
            Point::Sync(file) => ("SYNC", (*file).to_owned()),
            Point::Rename(file) => ("RENAME", (*file).to_owned()),
            Point::Send(port) => ("SEND", port.to_string()),
            Point::Receive(port) => ("RECEIVE", port.to_string()),
        };
        Ok(fs::write(self.stop_file(), format!("{kind} {place} {count} {}\n", how.name()))?)
    }

    /// Whether that call is still to come.
    #[must_use]
    pub fn waits_for_stop(&self) -> bool {
        self.stop_file().exists()
    }

    fn stop_file(&self) -> PathBuf {
        self.faults.join("STOP")
    }

    /// Lets the disk work again.
    ///
    /// # Errors
    /// Fails when it did not fail so.
    pub fn mend(&self, fault: Fault) -> Result<()> {
        Ok(fs::remove_file(self.faults.join(fault.name()))?)
    }
}
