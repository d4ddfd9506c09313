//! A clock of the host that can be set, for a process: by a library of Debian's package faketime.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The clock of one process.
pub(crate) struct FakeClock {
    file: PathBuf,
}

impl FakeClock {
    /// What it shows stands in this file: at first, the right time.
    pub(crate) fn in_file(file: &Path) -> FakeClock {
        let clock = FakeClock { file: file.to_owned() };
        clock.set("+0");
        clock
    }

    /// So far from the right time.
    pub(crate) fn set(&self, off: &str) {
        // In one go: it is read all the time.
        let beside = self.file.with_extension("new");
        std::fs::write(&beside, off).unwrap();
        std::fs::rename(beside, &self.file).unwrap();
    }

    /// With what the process has to be started.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut libraries = std::fs::read_dir("/usr/lib").unwrap().filter_map(|entry| {
            let library = entry.unwrap().path().join("faketime/libfaketimeMT.so.1");
            library.exists().then_some(library)
        });
        let library = libraries.next().expect("faketime is not installed: run tests/run --setup");
        let of = |name: &str, value: OsString| (OsString::from(name), value);
        vec![
            of("LD_PRELOAD", library.into()),
            of("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            of("FAKETIME_NO_CACHE", "1".into()),
            of("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            of("NO_FAKE_STAT", "1".into()),
        ]
    }
}
