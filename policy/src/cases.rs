//! Do the rules answer every case as people expect? Case files, for whoever does not write programs.
//!
//! A case file is TOML. Its head may give what all cases have in common: `on`, the day of the cases, and `purpose`.
//! `unlisted` names agencies that the directory does not know: any other agency has to be listed.
//!
//! ```toml
//! on = 2026-03-02
//! purpose = "guidance"
//!
//! [[agency]]
//! id = "employment"
//! sector = "employment"
//! authority = true
//!
//! [[agency]]
//! id = "workshop"
//! sector = "ngo"
//! authority = false
//!
//! [[agreement]]
//! from = "employment"
//! to = "workshop"
//!
//! [[case]]
//! title = "A consent for housing opens housing, and nothing else"
//! age = 20
//! from = "employment"
//! to = "workshop"
//! consents = [{ categories = ["housing"] }]
//! asks = ["housing", "benefits_income"]
//! permits = ["housing"]
//! because = ["consent"]
//! missing = ["no_basis"]
//! ```
//!
//! Of an agency: `id`, `sector`, `authority`, `tasks`, `municipalities`. Of a case:
//!
//! | key | what it says | if it is not there |
//! | --- | --- | --- |
//! | `title` | in plain words, each only once | has to be there |
//! | `from`, `to` | who discloses to whom: an agency, or `agency/unit` | have to be there |
//! | `reader` | `recipient`, `sender` or `young person` | `recipient` |
//! | `purpose` | what for | that of the head; none for a young person |
//! | `on` | a date, or an instant with its offset | that of the head |
//! | `born` or `age` | of the young person | nobody knows |
//! | `actor` | `system`, `professional`, `young person`, `guardian` or `representative` | see below |
//! | `role`, `unit` | of the professional who reads; the unit is one of the reader's | some role, the reader's unit |
//! | `customer` | whether the reader has the young person as a customer | `true` |
//! | `ground` | the ground in law that is stated | none |
//! | `municipality` | the young person's home municipality, as the discloser says it | nobody has said |
//! | `service_task`, `documents` | where the data stem from | nobody has said |
//! | `protected_address`, `multi_sector_support` | legal statuses | `false` |
//! | `capacity` | a minor's capacity as assessed | nobody has assessed it |
//! | `consents`, `prohibitions` | what the young person has said | nothing |
//! | `asks`, `permits` | categories | have to be there |
//! | `because` | the ids of all rules that decide, for and against | not looked at |
//! | `missing` | the codes of all reasons for what is withheld | not looked at |
//! | `obligations` | the codes of all obligations | not looked at |
//!
//! Without `actor` it is a professional where `role` or `unit` is there, the young person where that one reads, and a
//! system by itself otherwise.
//!
//! A consent has `categories` (those that the case asks for), `explicit` (none), `purposes`, `disclosers` and
//! `recipients` (those of the case), `given_by` (`self`), `kind` (`consent` or `permit`), `domain` (`social` or
//! `health`, for a permit only), `from` (30 days before the case) and `until` (no end). A prohibition has `disclosers`,
//! `recipients`, `categories`, `service_tasks` and `documents`; a list that is not there means every one.

mod fields;
mod outcome;
mod situation;
mod word;

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_proto::v1::Purpose;
use polku_proto::{AgencyId, CategorySet};
use toml::Table;

use crate::decision::{Obligation, Reason};
use crate::directory::{Agency, Agreement, Directory, DirectoryError, Standing};
use crate::engine::{Engine, EngineError};
use crate::explain::Explanation;
use crate::rules::Rules;
use fields::Fields;
pub use outcome::{CaseResult, Difference};
use situation::Situation;

/// Cases, with the agencies that they play among.
#[derive(Debug, Clone)]
pub struct CaseFile {
    directory: Directory,
    cases: Vec<Case>,
}

/// Why a case file cannot be used. Each says where: in which case, agency or agreement, and at which key.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// It is not TOML.
    #[error("the case file is not readable as TOML")]
    Unreadable(#[source] Box<toml::de::Error>),
    /// A key that means nothing here, for example a misspelt one.
    #[error("{place}: unknown key {key}")]
    UnknownKey {
        /// The table.
        place: String,
        /// The key.
        key: String,
    },
    /// A key that has to be there is not.
    #[error("{place}: {key} is missing")]
    KeyMissing {
        /// The table.
        place: String,
        /// The key.
        key: &'static str,
    },
    /// A value of another kind than the key has.
    #[error("{place}: {key} is not {expected}")]
    WrongKind {
        /// The table.
        place: String,
        /// The key.
        key: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// A word that is none of those that the key can have.
    #[error("{place}: {key} has the unknown word {word:?}")]
    UnknownWord {
        /// The table.
        place: String,
        /// The key.
        key: &'static str,
        /// The word.
        word: String,
    },
    /// A key that contradicts the others.
    #[error("{place}: {key} {because}")]
    DoesNotFit {
        /// The table.
        place: String,
        /// The key.
        key: &'static str,
        /// What is wrong.
        because: &'static str,
    },
    /// Two cases have the same title.
    #[error("case {title:?} is there twice")]
    TitleTwice {
        /// The title.
        title: String,
    },
    /// No case has the title.
    #[error("there is no case {title:?}")]
    NoCase {
        /// The title.
        title: String,
    },
    /// The agencies and agreements contradict each other.
    #[error("the agencies of the case file cannot be used")]
    Agencies(#[source] DirectoryError),
    /// The rules do not take the facts of the cases.
    #[error("the rules cannot be asked")]
    Rules(#[source] Box<EngineError>),
}

/// A situation, and what is expected of it.
#[derive(Debug, Clone)]
struct Case {
    title: String,
    situation: Situation,
    expected: Expected,
}

/// What is expected; none is not looked at.
#[derive(Debug, Clone)]
struct Expected {
    permits: CategorySet,
    because: Option<BTreeSet<String>>,
    missing: Option<BTreeSet<Reason>>,
    obligations: Option<BTreeSet<Obligation>>,
}

/// What the cases of a file have in common.
struct Head {
    on: Option<Timestamp>,
    purpose: Option<Purpose>,
    directory: Directory,
    /// Agencies that the directory does not know.
    unlisted: Vec<AgencyId>,
}

const HEAD: &str = "the head of the file";

impl CaseFile {
    /// The cases that the gateway ships with: they cover every rule of [`Rules::shipped`].
    pub const SHIPPED: &str = include_str!("../rules/cases.toml");

    /// Reads a case file.
    ///
    /// # Errors
    ///
    /// Refuses whatever it does not know: keys, words, agencies; and names the place.
    pub fn parse(text: &str) -> Result<CaseFile, CaseError> {
        let table: Table = text.parse().map_err(|source| CaseError::Unreadable(Box::new(source)))?;
        let mut file = Fields::new(HEAD.to_owned(), table);
        let agencies = file.tables("agency")?.into_iter().map(agency).collect::<Result<_, CaseError>>()?;
        let agreements =
            file.tables("agreement")?.into_iter().map(agreement).collect::<Result<_, CaseError>>()?;
        let directory = Directory::new(agencies, agreements).map_err(CaseError::Agencies)?;
        let head = Head {
            on: file.instant("on")?,
            purpose: file.word("purpose")?,
            directory,
            unlisted: file.ids("unlisted")?.unwrap_or_default(),
        };
        let read = file.tables("case")?.into_iter().map(|fields| case(fields, &head));
        let cases = read.collect::<Result<Vec<Case>, CaseError>>()?;
        file.end()?;
        let mut titles = BTreeSet::new();
        if let Some(twice) = cases.iter().find(|case| !titles.insert(&case.title)) {
            return Err(CaseError::TitleTwice { title: twice.title.clone() });
        }
        Ok(CaseFile { directory: head.directory, cases })
    }

    /// Goes through the titles of the cases, in the order of the file.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|case| case.title.as_str())
    }

    /// Decides every case by the rules, and holds the answer against what is expected.
    ///
    /// # Errors
    ///
    /// Refuses rules that do not take the facts of the cases. A case with another answer than expected is no error.
    pub fn run(&self, rules: Rules) -> Result<Vec<CaseResult>, CaseError> {
        let engine = self.engine(rules)?;
        Ok(self
            .cases
            .iter()
            .map(|case| case.expected.hold_against(&case.title, &case.explain(&engine)))
            .collect())
    }

    /// Explains what the rules answer to the case with this title.
    ///
    /// # Errors
    ///
    /// Says so if no case has the title, and refuses rules that do not take the facts of the cases.
    pub fn explain(&self, title: &str, rules: Rules) -> Result<Explanation, CaseError> {
        let case = self.cases.iter().find(|case| case.title == title);
        let case = case.ok_or_else(|| CaseError::NoCase { title: title.to_owned() })?;
        Ok(case.explain(&self.engine(rules)?))
    }

    fn engine(&self, rules: Rules) -> Result<Engine, CaseError> {
        Engine::new(rules, self.directory.clone()).map_err(|source| CaseError::Rules(Box::new(source)))
    }
}

impl Case {
    fn explain(&self, engine: &Engine) -> Explanation {
        let Situation { index, asks, question } = &self.situation;
        engine.explain(index, *asks, question)
    }
}

fn agency(mut fields: Fields) -> Result<Agency, CaseError> {
    let id: Option<AgencyId> = fields.id("id")?;
    let id = fields.required("id", id)?;
    fields.call(format!("agency {id:?}", id = id.as_str()));
    let sector = fields.word("sector")?;
    let sector = fields.required("sector", sector)?;
    let authority = fields.flag("authority")?;
    let standing = match fields.required("authority", authority)? {
        true => Standing::Authority,
        false => Standing::NotAuthority,
    };
    let tasks = fields.words("tasks")?.unwrap_or_default().into_iter().collect();
    let municipalities = fields.ids("municipalities")?.unwrap_or_default().into_iter().collect();
    fields.end()?;
    Ok(Agency { tasks, municipalities, ..Agency::new(id, sector, standing) })
}

fn agreement(mut fields: Fields) -> Result<Agreement, CaseError> {
    let (from, to) = (fields.id("from")?, fields.id("to")?);
    let agreement = Agreement { from: fields.required("from", from)?, to: fields.required("to", to)? };
    fields.end()?;
    Ok(agreement)
}

fn case(mut fields: Fields, head: &Head) -> Result<Case, CaseError> {
    let title = fields.text("title")?;
    let title = fields.required("title", title)?;
    fields.call(format!("case {title:?}"));
    let situation = Situation::read(&mut fields, head)?;
    let permits = fields.words("permits")?;
    let permits: CategorySet = fields.required("permits", permits)?.into_iter().collect();
    if !permits.is_subset(situation.asks) {
        let because = "names a category that is not asked for";
        return Err(CaseError::DoesNotFit { place: fields.place().to_owned(), key: "permits", because });
    }
    let expected = Expected {
        permits,
        because: fields.texts("because")?.map(BTreeSet::from_iter),
        missing: fields.words("missing")?.map(BTreeSet::from_iter),
        obligations: fields.words("obligations")?.map(BTreeSet::from_iter),
    };
    fields.end()?;
    Ok(Case { title, situation, expected })
}
