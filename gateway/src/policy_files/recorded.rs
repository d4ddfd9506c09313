//! What has the gateway been asked, so that a change of the rules can be tried on it?
//!
//! The file `decisions.jsonl` in the folder of the store has one JSON object a line. The first line is the directory:
//! agencies and agreements. Each other line is one kind of question that the rules have been asked, once, however often
//! it came, and what they answered last: the ids of the two agencies, the category of data, the purpose, the stated
//! ground, on whose behalf, the age in full years, a minor's capacity, and flags (is there a consent, a prohibition, an
//! agreement and the like). No line has a person, an id of one, a consent, an instant or anything that a person wrote. Rare
//! facts together may still be those of one person: the file is for the operator alone, as the store is.
//!
//! Neither other rules nor a start begin it anew: a question stays until there are more than [`MOST`], and then those go
//! first that have not been asked under the latest rules.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polku_policy::{Agency, Agreement, Directory, DirectoryError, Engine, Recorded, Sector, Standing, Task};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

/// The name of the file in the folder of the store.
pub(crate) const DECISIONS_FILE: &str = "decisions.jsonl";

/// How many questions the file has at most: about 13 MB.
pub(super) const MOST: usize = 20_000;

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
    /// What is in the file, what was asked longest ago first; none: nobody has looked yet.
    kept: Option<Vec<Recorded>>,
    /// What was written last, hashed.
    written: Option<u64>,
}

impl Writer {
    /// For the file in this folder. What an earlier gateway left there stays in it.
    pub(crate) fn into_folder(folder: &Path) -> Writer {
        Writer { file: folder.join(DECISIONS_FILE), kept: None, written: None }
    }

    /// Writes what this engine has been asked, and what others were before it, whole or not at all, if it is something
    /// else than last time. Blocks.
    pub(crate) fn write(&mut self, engine: &Engine) -> std::io::Result<()> {
        let asked = engine.recorded();
        if asked.is_empty() {
            return Ok(());
        }
        let earlier = self.kept.take().map_or_else(|| self.earlier(), Ok)?;
        let kept = self.kept.insert(merged(earlier, asked)?);
        let mut text = Vec::new();
        serde_json::to_writer(&mut text, &Head::of(engine.directory()))?;
        text.push(b'\n');
        for question in kept {
            serde_json::to_writer(&mut text, question)?;
            text.push(b'\n');
        }
        let found = Some(hashed(&text));
        if self.written != found {
            replace(&self.file, &text)?;
            self.written = found;
        }
        Ok(())
    }

    /// What an earlier gateway has left. What is no such file is set aside, for somebody to look at; what cannot be read now
    /// may be whole, and the next write looks again.
    fn earlier(&self) -> std::io::Result<Vec<Recorded>> {
        match read_decisions(&self.file) {
            Ok(decisions) => Ok(decisions.recorded),
            Err(DecisionsError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Ok(Vec::new())
            }
            // Not text.
            Err(DecisionsError::Unreadable { source, .. }) if source.kind() != ErrorKind::InvalidData => {
                Err(source)
            }
            Err(error) => {
                tracing::warn!(%error, "recorded decisions of an earlier gateway cannot be used, and are set aside");
                std::fs::rename(&self.file, self.file.with_extension("jsonl.old"))?;
                Ok(Vec::new())
            }
        }
    }
}

/// Writes down what an engine has been asked. Without the file everything goes on: it is for trying out other rules.
pub(crate) async fn write_down(engine: Arc<Engine>, decisions: &Arc<Mutex<Writer>>) {
    let mut decisions = Arc::clone(decisions).lock_owned().await;
    match tokio::task::spawn_blocking(move || decisions.write(&engine)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "recorded decisions cannot be written"),
        Err(error) => tracing::error!(%error, "writing recorded decisions ended abnormally"),
    }
}

/// What was asked before and not again, and what was asked now: the newest of it, as much as there is place for.
pub(super) fn merged(mut earlier: Vec<Recorded>, asked: Vec<Recorded>) -> std::io::Result<Vec<Recorded>> {
    let again = asked.iter().map(question).collect::<Result<HashSet<u64>, serde_json::Error>>()?;
    // What cannot be hashed cannot be written either.
    earlier.retain(|one| question(one).is_ok_and(|one| !again.contains(&one)));
    earlier.extend(asked);
    let surplus = earlier.len().saturating_sub(MOST);
    earlier.drain(..surplus);
    Ok(earlier)
}

/// Which question it is, whatever was answered.
fn question(recorded: &Recorded) -> Result<u64, serde_json::Error> {
    Ok(hashed(&serde_json::to_vec(&recorded.question())?))
}

fn hashed(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
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
