//! In which words, in Finnish, Swedish or English, is an answer told to a young person?

mod english;
mod finnish;
mod statute;
mod swedish;

use std::str::FromStr;

use polku_proto::v1::DataCategory;

use super::CategoryExplanation;
use crate::decision::{Basis, BasisKind, Reason};
use crate::question::Viewer;

/// A language that explanations can be given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Finnish.
    Finnish,
    /// Swedish.
    Swedish,
    /// English.
    English,
}

/// A text that is no code of a language that explanations can be given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a language of explanations: fi, sv or en")]
pub struct UnknownLanguage;

impl Language {
    /// Every language.
    pub const ALL: [Language; 3] = [Language::Finnish, Language::Swedish, Language::English];

    /// Gives the code (ISO 639-1).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Language::Finnish => "fi",
            Language::Swedish => "sv",
            Language::English => "en",
        }
    }

    /// Gives the name of a category, with a capital.
    #[must_use]
    pub const fn category(self, category: DataCategory) -> &'static str {
        match self {
            Language::Finnish => finnish::category(category),
            Language::Swedish => swedish::category(category),
            Language::English => english::category(category),
        }
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Language, UnknownLanguage> {
        Language::ALL.into_iter().find(|language| language.code() == text).ok_or(UnknownLanguage)
    }
}

/// Whose eyes the data are for: this decides how an answer is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eyes {
    /// The young person, or whoever acts for them.
    Own,
    /// An agency.
    Agency,
}

/// Says whether a category may be seen, and why, each sentence with the law behind it.
pub(super) fn explanation(explained: &CategoryExplanation, language: Language) -> String {
    let CategoryExplanation { category, viewer, permitted, bases, missing } = explained;
    let eyes = match viewer {
        Viewer::Subject => Eyes::Own,
        Viewer::Addressee | Viewer::Author => Eyes::Agency,
    };
    let answer = if *permitted { told(eyes, language) } else { withheld(eyes, language) };
    let mut text = format!("{}: {answer}.", language.category(*category));
    // Several consents under the same law are one sentence, and so are several rules with the same reason.
    let mut said: Vec<String> = Vec::new();
    for Basis { kind, statute, .. } in bases {
        said.push(sentence(basis(*kind, eyes, language), Some(&**statute), language));
    }
    if *permitted && bases.is_empty() {
        said.push(sentence(known_anyway(eyes, language), None, language));
    }
    for missing in missing {
        said.push(sentence(why(missing.reason, language), missing.statute.as_deref(), language));
    }
    let mut told: Vec<&str> = Vec::new();
    for sentence in &said {
        if !told.contains(&sentence.as_str()) {
            told.push(sentence.as_str());
            text.push(' ');
            text.push_str(sentence);
        }
    }
    text
}

/// Says what would have to be done.
pub(super) const fn remedy(reason: Reason, language: Language) -> &'static str {
    match language {
        Language::Finnish => finnish::remedy(reason),
        Language::Swedish => swedish::remedy(reason),
        Language::English => english::remedy(reason),
    }
}

fn sentence(words: &str, statute: Option<&str>, language: Language) -> String {
    match statute {
        Some(statute) => format!("{words} ({}).", statute::cited(statute, language)),
        None => format!("{words}."),
    }
}

const fn told(eyes: Eyes, language: Language) -> &'static str {
    match language {
        Language::Finnish => finnish::told(eyes),
        Language::Swedish => swedish::told(eyes),
        Language::English => english::told(eyes),
    }
}

const fn withheld(eyes: Eyes, language: Language) -> &'static str {
    match language {
        Language::Finnish => finnish::withheld(eyes),
        Language::Swedish => swedish::withheld(eyes),
        Language::English => english::withheld(eyes),
    }
}

const fn basis(kind: BasisKind, eyes: Eyes, language: Language) -> &'static str {
    match language {
        Language::Finnish => finnish::basis(kind, eyes),
        Language::Swedish => swedish::basis(kind, eyes),
        Language::English => english::basis(kind, eyes),
    }
}

const fn known_anyway(eyes: Eyes, language: Language) -> &'static str {
    match language {
        Language::Finnish => finnish::known_anyway(eyes),
        Language::Swedish => swedish::known_anyway(eyes),
        Language::English => english::known_anyway(eyes),
    }
}

const fn why(reason: Reason, language: Language) -> &'static str {
    match language {
        Language::Finnish => finnish::why(reason),
        Language::Swedish => swedish::why(reason),
        Language::English => english::why(reason),
    }
}
