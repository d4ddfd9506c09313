//! Which rules does the operator want, and do they hold together? A folder of files, read whole and checked whole.
//!
//! The folder has the rules (`*.cedar`, read in the order of their names), the ages that they speak of (`ages.json`)
//! and cases with their answers (`cases.toml`). The facts that rules may speak of are not in it: their schema belongs
//! to the gateway, which supplies them.

mod recorded;
mod reload;

use std::path::{Path, PathBuf};

use polku_policy::{
    CaseError, CaseFile, Directory, Engine, EngineError, MINOR, OF_AGE, RuleSource, Rules, RulesError,
};

pub use recorded::{Decisions, DecisionsError, read_decisions};
pub(crate) use recorded::{Writer, write_down};
pub(crate) use reload::{engine, note_start, read_anew};

#[cfg(test)]
mod tests;

/// The name of the file of ages.
const AGES: &str = "ages.json";
/// The name of the file of cases.
const CASES: &str = "cases.toml";

/// The texts of a set of rules, as they were read.
#[derive(Debug, Clone)]
pub struct PolicyFiles {
    rules: String,
    ages: String,
    /// `None`: the folder has none.
    cases: Option<String>,
}

/// Why rules are refused.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFilesError {
    /// The folder of the rules cannot be read.
    #[error("the folder {folder} of the rules cannot be read", folder = .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A file of the folder cannot be read.
    #[error("{file} cannot be read", file = .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The folder has no rules.
    #[error("the folder {folder} has no file *.cedar", folder = .folder.display())]
    NoRules {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder has no cases, without which nobody knows what the rules are to answer.
    #[error("there is no file cases.toml beside the rules")]
    NoCases,
    /// A file of rules does not parse.
    #[error("{file} is refused", file = .file.display())]
    Text {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Box<RulesError>,
    },
    /// The rules as a whole are refused.
    #[error("the rules are refused")]
    Rules(#[source] Box<RulesError>),
    /// The rules let guardians decide up to another age than the gateway, which ends records of their consents by it.
    #[error(
        "ages.json: minor is from {from} and below {below}, expected from 0 and below {OF_AGE} (law 442/1999 section 2)"
    )]
    FullAge {
        /// The first age within it.
        from: i64,
        /// The first age beyond it.
        below: i64,
    },
    /// The rules cannot decide among the agencies of the configuration.
    #[error("the rules make no engine")]
    Engine(#[source] Box<EngineError>),
    /// The cases cannot be read or asked.
    #[error("cases.toml is refused")]
    Cases(#[source] Box<CaseError>),
    /// The rules do not answer the cases as they should.
    #[error("{failed} of {cases} cases have another answer than expected, the first one: {first}")]
    CasesFail {
        /// How many have another answer.
        failed: usize,
        /// How many there are.
        cases: usize,
        /// The first one that has another answer, and which.
        first: String,
    },
}

impl PolicyFiles {
    /// The rules that the gateway ships with.
    #[must_use]
    pub fn shipped() -> PolicyFiles {
        PolicyFiles {
            rules: RuleSource::SHIPPED.rules.to_owned(),
            ages: RuleSource::SHIPPED.ages.to_owned(),
            cases: Some(CaseFile::SHIPPED.to_owned()),
        }
    }

    /// Reads a folder of rules. Only that each file parses by itself is checked here.
    ///
    /// # Errors
    /// [`PolicyFilesError`], which names the file.
    pub fn read(folder: &Path) -> Result<PolicyFiles, PolicyFilesError> {
        let mut texts = Vec::new();
        for file in rule_files(folder)? {
            let text = read(&file)?;
            // What is wrong with a whole set shows later; what does not parse has its place in one file.
            if let Err(error @ RulesError::Unreadable(_)) =
                Rules::parse(RuleSource { rules: &text, ..RuleSource::SHIPPED })
            {
                return Err(PolicyFilesError::Text { file, source: Box::new(error) });
            }
            texts.push(text);
        }
        if texts.is_empty() {
            return Err(PolicyFilesError::NoRules { folder: folder.to_owned() });
        }
        let cases = folder.join(CASES);
        let cases = if cases.exists() { Some(read(&cases)?) } else { None };
        Ok(PolicyFiles { rules: texts.join("\n"), ages: read(&folder.join(AGES))?, cases })
    }

    /// Reads the rules of a folder, or those that the gateway ships with.
    ///
    /// # Errors
    /// As [`PolicyFiles::read`].
    pub fn read_or_shipped(folder: Option<&Path>) -> Result<PolicyFiles, PolicyFilesError> {
        folder.map_or_else(|| Ok(PolicyFiles::shipped()), PolicyFiles::read)
    }

    /// The rules, held against the gateway's schema of facts and its age of majority.
    ///
    /// # Errors
    /// [`PolicyFilesError::Rules`] and [`PolicyFilesError::FullAge`].
    pub fn rules(&self) -> Result<Rules, PolicyFilesError> {
        let source = RuleSource { rules: &self.rules, ages: &self.ages, ..RuleSource::SHIPPED };
        let rules = Rules::parse(source).map_err(|error| PolicyFilesError::Rules(Box::new(error)))?;
        match rules.age_limit(MINOR) {
            Some((from, below)) if (from, below) != (0, i64::from(OF_AGE)) => {
                Err(PolicyFilesError::FullAge { from, below })
            }
            Some(_) | None => Ok(rules),
        }
    }

    /// The text of the cases.
    ///
    /// # Errors
    /// [`PolicyFilesError::NoCases`].
    pub fn cases(&self) -> Result<&str, PolicyFilesError> {
        self.cases.as_deref().ok_or(PolicyFilesError::NoCases)
    }

    /// An engine that decides by the rules among these agencies, if they pass every check: the schema, a question of
    /// every kind, and their own cases.
    ///
    /// # Errors
    /// [`PolicyFilesError`].
    pub fn engine(&self, directory: Directory) -> Result<Engine, PolicyFilesError> {
        let refused = |error| PolicyFilesError::Cases(Box::new(error));
        let cases = CaseFile::parse(self.cases()?).map_err(refused)?;
        let engine = self.engine_alone(directory)?;
        let results = cases.run(self.rules()?).map_err(refused)?;
        let mut failed = results.iter().filter(|result| !result.passed());
        if results.is_empty() {
            return Err(PolicyFilesError::NoCases);
        }
        match failed.next() {
            None => Ok(engine),
            Some(first) => Err(PolicyFilesError::CasesFail {
                failed: failed.count().saturating_add(1),
                cases: results.len(),
                first: first.to_string(),
            }),
        }
    }

    /// The same, without asking the cases.
    ///
    /// # Errors
    /// [`PolicyFilesError`].
    pub fn engine_alone(&self, directory: Directory) -> Result<Engine, PolicyFilesError> {
        Engine::new(self.rules()?, directory).map_err(|error| PolicyFilesError::Engine(Box::new(error)))
    }
}

/// The files of rules, in the order of their names.
fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, PolicyFilesError> {
    let unreadable = |source| PolicyFilesError::Folder { folder: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // As a shell reads `*.cedar`: what an editor hides beside a file is none.
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "cedar") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<String, PolicyFilesError> {
    std::fs::read_to_string(file).map_err(|source| PolicyFilesError::File { file: file.to_owned(), source })
}
