//! What has the gateway been asked, so that a change of the rules can be tried on it?
//!
//! The file `decisions.jsonl` in the folder of the store has one JSON object a line. The first line is the directory:
//! agencies and agreements. Each other line is one kind of question that the rules in force have been asked since they
//! were loaded, once, however often it came, and their answer: the ids of the two agencies, the category of data, the
//! purpose, the stated ground, on whose behalf, the age in full years, a minor's capacity, and flags (is there a
//! consent, a prohibition, an agreement and the like). No line has a person, an id of one, a consent, an instant or
//! anything that a person wrote. Rare facts together may still be those of one person: the file is for the operator
//! alone, as the store is.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use polku_policy::{Agency, Agreement, Directory, DirectoryError, Engine, Recorded, Sector, Standing, Task};
use serde::{Deserialize, Serialize};

/// The name of the file in the folder of the store.
pub(crate) const DECISIONS_FILE: &str = "decisions.jsonl";

/// What a gateway was asked, and among whom.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// The agencies and agreements at that time.
    pub directory: Directory,
    /// The questions, each once, with their answers.
    pub recorded: Vec<Recorded>,
}

/// Why recorded decisions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DecisionsError {
    /// The file cannot be read.
    #[error("{file} cannot be read", file = .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A line is none of such a file.
    #[error("line {line} of {file} is no recorded decision", file = .file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Where it goes wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The first line names what there is not.
    #[error("the first line of {file} is no directory of agencies: {what}", file = .file.display())]
    Head {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The first line contradicts itself.
    #[error("the agencies of {file} cannot be used", file = .file.display())]
    Agencies {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: DirectoryError,
    },
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    agencies: Vec<HeadAgency>,
    agreements: Vec<HeadAgreement>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadAgency {
    id: String,
    sector: String,
    authority: bool,
    tasks: Vec<String>,
    municipalities: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadAgreement {
    from: String,
    to: String,
}

/// Reads a file that a gateway has written.
///
/// # Errors
/// [`DecisionsError`], which names the line.
pub fn read_decisions(file: &Path) -> Result<Decisions, DecisionsError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| DecisionsError::Unreadable { file: file.to_owned(), source })?;
    let mut lines = text.lines().enumerate().map(|(place, line)| (place.saturating_add(1), line));
    let wrong = |line, source| DecisionsError::Line { file: file.to_owned(), line, source };
    let (line, head) = lines
        .next()
        .ok_or_else(|| DecisionsError::Head { file: file.to_owned(), what: "the file is empty" })?;
    let head: Head = serde_json::from_str(head).map_err(|source| wrong(line, source))?;
    let directory = head.directory(file)?;
    let recorded = lines
        .map(|(line, text)| serde_json::from_str(text).map_err(|source| wrong(line, source)))
        .collect::<Result<Vec<Recorded>, DecisionsError>>()?;
    Ok(Decisions { directory, recorded })
}

impl Head {
    fn of(directory: &Directory) -> Head {
        let agency = |agency: &Agency| HeadAgency {
            id: agency.id.to_string(),
            sector: agency.sector.name().to_owned(),
            authority: agency.standing == Standing::Authority,
            tasks: agency.tasks.iter().map(|task| task.name().to_owned()).collect(),
            municipalities: agency.municipalities.iter().map(ToString::to_string).collect(),
        };
        let agreement = |agreement: &Agreement| HeadAgreement {
            from: agreement.from.to_string(),
            to: agreement.to.to_string(),
        };
        Head {
            agencies: directory.agencies().map(agency).collect(),
            agreements: directory.agreements().map(agreement).collect(),
        }
    }

    fn directory(&self, file: &Path) -> Result<Directory, DecisionsError> {
        let head = |what| DecisionsError::Head { file: file.to_owned(), what };
        let id = |text: &str| text.parse().map_err(|_| head("an id of an agency is none"));
        let mut agencies = Vec::new();
        for agency in &self.agencies {
            let sector = Sector::ALL.into_iter().find(|sector| sector.name() == agency.sector);
            let sector = sector.ok_or_else(|| head("a sector is none"))?;
            let standing = if agency.authority { Standing::Authority } else { Standing::NotAuthority };
            let task = |name: &String| Task::ALL.into_iter().find(|task| task.name() == name);
            let tasks = agency.tasks.iter().map(task).collect::<Option<_>>();
            let tasks = tasks.ok_or_else(|| head("a task is none"))?;
            let municipalities =
                agency.municipalities.iter().map(|code| code.parse().ok()).collect::<Option<_>>();
            let municipalities = municipalities.ok_or_else(|| head("a code of a municipality is none"))?;
            agencies.push(Agency { tasks, municipalities, ..Agency::new(id(&agency.id)?, sector, standing) });
        }
        let mut agreements = Vec::new();
        for agreement in &self.agreements {
            agreements.push(Agreement { from: id(&agreement.from)?, to: id(&agreement.to)? });
        }
        Directory::new(agencies, agreements)
            .map_err(|source| DecisionsError::Agencies { file: file.to_owned(), source })
    }
}

/// Keeps the file up to date.
#[derive(Debug)]
pub(crate) struct Writer {
    file: PathBuf,
    /// What was written last, hashed.
    written: Option<u64>,
}

impl Writer {
    /// For the file in this folder. What an earlier gateway left there stays until there is something new.
    pub(crate) fn into_folder(folder: &Path) -> Writer {
        Writer { file: folder.join(DECISIONS_FILE), written: None }
    }

    /// Writes what the engine has been asked, whole or not at all, if it is something else than last time. Blocks.
    pub(crate) fn write(&mut self, engine: &Engine) -> std::io::Result<()> {
        let recorded = engine.recorded();
        if recorded.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        serde_json::to_writer(&mut text, &Head::of(engine.directory()))?;
        text.push(b'\n');
        for question in &recorded {
            serde_json::to_writer(&mut text, question)?;
            text.push(b'\n');
        }
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let found = Some(hasher.finish());
        if self.written != found {
            replace(&self.file, &text)?;
            self.written = found;
        }
        Ok(())
    }
}

/// Puts a whole file in the place of another one.
fn replace(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let beside = file.with_extension("jsonl.new");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    out.write_all(text)?;
    out.sync_all()?;
    std::fs::rename(&beside, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
