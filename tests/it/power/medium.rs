//! What is on a disk after a power cut, when this is what was written to it and synced?
//!
//! A file's length and sectors come to be on disk in any order before its next sync, and then all of them are. A file is
//! there, gets another name, or none, when its folder is synced; before that, it can have happened.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use polku_tests::numbers::Numbers;

/// What the disk writes in one piece.
const SECTOR: usize = 512;

/// One call of the program.
#[derive(Debug)]
pub(super) struct Step {
    what: What,
    file: String,
    /// Where it ends in the record.
    end: u64,
}

#[derive(Debug)]
enum What {
    Create,
    Write(usize, Vec<u8>),
    Truncate(usize),
    Sync,
    Rename(String),
    Unlink,
}

/// Reads what was written down of a program. The last line may have been cut short.
pub(super) fn read(record: &Path) -> Vec<Step> {
    let bytes = fs::read(record).unwrap();
    let (mut rest, mut steps) = (bytes.as_slice(), Vec::new());
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap();
        let (what, mut file) = (word(), word().to_owned());
        let (offset, length): (usize, usize) = (word().parse().unwrap(), word().parse().unwrap());
        rest = &rest[end + 1..];
        let what = match what {
            "create" => What::Create,
            "write" => {
                let Some((data, after)) = rest.split_at_checked(length) else { break };
                rest = after;
                What::Write(offset, data.to_vec())
            }
            "truncate" => What::Truncate(offset),
            "sync" => What::Sync,
            "unlink" => What::Unlink,
            "rename" => {
                let (from, to) = file.split_once('>').unwrap();
                let what = What::Rename(to.to_owned());
                file = from.to_owned();
                what
            }
            other => panic!("{other}"),
        };
        steps.push(Step { what, file, end: (bytes.len() - rest.len()) as u64 });
    }
    steps
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

enum Naming {
    Create(String, usize),
    Rename(String, String),
    Unlink(String),
}

/// A disk on which steps are played.
pub(super) struct Medium<'a> {
    steps: &'a [Step],
    played: usize,
    files: Vec<File>,
    /// As the program sees them.
    names: BTreeMap<String, usize>,
    /// As they are on disk.
    durable: BTreeMap<String, usize>,
    pending: Vec<Naming>,
}

impl<'a> Medium<'a> {
    pub(super) fn new(steps: &'a [Step]) -> Medium<'a> {
        let (names, durable) = (BTreeMap::new(), BTreeMap::new());
        Medium { steps, played: 0, files: Vec::new(), names, durable, pending: Vec::new() }
    }

    pub(super) fn played(&self) -> usize {
        self.played
    }

    /// Where the record was then.
    pub(super) fn position(&self) -> u64 {
        self.played.checked_sub(1).map_or(0, |last| self.steps[last].end)
    }

    pub(super) fn play_until(&mut self, count: usize) {
        while self.played < count {
            let step = &self.steps[self.played];
            match &step.what {
                What::Create => {
                    self.file(&step.file);
                }
                What::Write(offset, bytes) => {
                    let change = Change::Write(*offset, bytes.clone());
                    self.file(&step.file).pending.push(change);
                }
                What::Truncate(length) => self.file(&step.file).pending.push(Change::Length(*length)),
                What::Sync => self.sync(&step.file),
                What::Rename(to) => {
                    let file = self.names.remove(&step.file).unwrap();
                    self.names.insert(to.clone(), file);
                    self.pending.push(Naming::Rename(step.file.clone(), to.clone()));
                }
                What::Unlink => {
                    self.names.remove(&step.file);
                    self.pending.push(Naming::Unlink(step.file.clone()));
                }
            }
            self.played += 1;
        }
    }

    fn file(&mut self, name: &str) -> &mut File {
        let file = *self.names.entry(name.to_owned()).or_insert_with(|| {
            self.files.push(File::default());
            let made = self.files.len() - 1;
            self.pending.push(Naming::Create(name.to_owned(), made));
            made
        });
        &mut self.files[file]
    }

    fn sync(&mut self, name: &str) {
        if let Some(file) = self.names.get(name) {
            let File { durable, pending } = &mut self.files[*file];
            pending.drain(..).for_each(|change| change.make(durable, |_| true));
            return;
        }
        let (now, later) =
            std::mem::take(&mut self.pending).into_iter().partition(|naming| naming.is_in(name));
        self.pending = later;
        let now: Vec<Naming> = now;
        now.iter().for_each(|naming| naming.make(&mut self.durable));
    }

    /// Puts what is there, if the power is cut now, into a folder.
    pub(super) fn lay_out(&self, place: &Path, numbers: &mut Numbers) {
        fs::create_dir_all(place).unwrap();
        for (name, bytes) in self.after_a_cut(numbers) {
            let file = place.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
    }

    /// What is there if the power is cut now.
    fn after_a_cut(&self, numbers: &mut Numbers) -> BTreeMap<String, Vec<u8>> {
        let mut names = self.durable.clone();
        let happened = numbers.below(self.pending.len() + 1);
        self.pending.iter().take(happened).for_each(|naming| naming.make(&mut names));
        // Nothing, everything, some, most, or all until one.
        let manner = numbers.below(5);
        let left = names.into_iter().map(|(name, file)| {
            let File { durable, pending } = &self.files[file];
            let mut bytes = durable.clone();
            let until = numbers.below(pending.len() + 1);
            for (number, change) in pending.iter().enumerate() {
                change.make(&mut bytes, |_| match manner {
                    0 => false,
                    1 => true,
                    2 => numbers.below(2) == 0,
                    3 => numbers.below(8) != 0,
                    _ => number < until || (number == until && numbers.below(2) == 0),
                });
            }
            (name, bytes)
        });
        left.collect()
    }
}

impl Naming {
    fn is_in(&self, folder: &str) -> bool {
        let (Naming::Create(name, _) | Naming::Rename(_, name) | Naming::Unlink(name)) = self;
        name.rsplit_once('/').map_or(".", |(parent, _)| parent) == folder
    }

    fn make(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Naming::Create(name, file) => {
                names.insert(name.clone(), *file);
            }
            Naming::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Naming::Unlink(name) => {
                names.remove(name);
            }
        }
    }
}

impl Change {
    /// Makes the change, of a write in those sectors that are asked for.
    fn make(&self, bytes: &mut Vec<u8>, mut comes: impl FnMut(usize) -> bool) {
        match self {
            Change::Length(length) if comes(length / SECTOR) => bytes.resize(*length, 0),
            Change::Length(_) => {}
            Change::Write(offset, data) => {
                let (mut at, mut rest) = (*offset, data.as_slice());
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at((SECTOR - at % SECTOR).min(rest.len()));
                    if comes(at / SECTOR) {
                        if bytes.len() < at + piece.len() {
                            bytes.resize(at + piece.len(), 0);
                        }
                        bytes[at..at + piece.len()].copy_from_slice(piece);
                    }
                    (at, rest) = (at + piece.len(), after);
                }
            }
        }
    }
}
