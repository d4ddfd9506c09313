//! How is each word of a question or an answer written in files, and how is it read back?

use std::fmt;

use polku_proto::CategorySet;
use polku_proto::v1::{DataCategory, LegalGround, PermitDomain, Purpose};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::decision::{Obligation, Reason};
use crate::directory::{Sector, Task};
use crate::engine::ground_name;
use crate::index::{Capacity, GivenBy};
use crate::question::{PurposeSet, Viewer, purpose_name};

/// A closed list of words.
pub(crate) trait Spelled: Copy + 'static {
    /// Gives the word in lower case.
    fn spelled(self) -> &'static str;

    /// Goes through the list.
    fn every() -> impl Iterator<Item = Self>;

    /// Finds what a word stands for.
    fn read(text: &str) -> Option<Self> {
        Self::every().find(|word| word.spelled() == text)
    }
}

/// A word that is written out as it is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Spelled> fmt::Display for Word<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.spelled())
    }
}

impl<T: Spelled> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.spelled())
    }
}

impl<'de, T: Spelled> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Word<T>, D::Error> {
        struct Reading<T>(std::marker::PhantomData<T>);
        impl<T: Spelled> Visitor<'_> for Reading<T> {
            type Value = Word<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("one of")?;
                T::every().try_for_each(|word| write!(formatter, " {}", word.spelled()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Word<T>, E> {
                let unknown = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
                T::read(text).map(Word).ok_or_else(unknown)
            }
        }
        deserializer.deserialize_str(Reading(std::marker::PhantomData))
    }
}

impl Spelled for DataCategory {
    fn spelled(self) -> &'static str {
        polku_proto::name(self)
    }

    fn every() -> impl Iterator<Item = DataCategory> {
        CategorySet::ALL.iter()
    }
}

impl Spelled for Purpose {
    fn spelled(self) -> &'static str {
        purpose_name(self)
    }

    fn every() -> impl Iterator<Item = Purpose> {
        std::iter::once(Purpose::Unspecified).chain(PurposeSet::ALL.iter())
    }
}

impl Spelled for LegalGround {
    fn spelled(self) -> &'static str {
        ground_name(self)
    }

    fn every() -> impl Iterator<Item = LegalGround> {
        (0..).map_while(|number| LegalGround::try_from(number).ok())
    }
}

impl Spelled for PermitDomain {
    fn spelled(self) -> &'static str {
        match self {
            PermitDomain::Unspecified => "unspecified",
            PermitDomain::Social => "social",
            PermitDomain::Health => "health",
        }
    }

    fn every() -> impl Iterator<Item = PermitDomain> {
        [PermitDomain::Social, PermitDomain::Health].into_iter()
    }
}

impl Spelled for Viewer {
    fn spelled(self) -> &'static str {
        match self {
            Viewer::Addressee => "recipient",
            Viewer::Author => "sender",
            Viewer::Subject => "young person",
        }
    }

    fn every() -> impl Iterator<Item = Viewer> {
        [Viewer::Addressee, Viewer::Author, Viewer::Subject].into_iter()
    }
}

impl Spelled for Capacity {
    fn spelled(self) -> &'static str {
        match self {
            Capacity::NotAssessed => "not_assessed",
            Capacity::NotCapable => "not_capable",
            Capacity::Capable => "capable",
            Capacity::CapableHidden => "capable_hidden",
        }
    }

    fn every() -> impl Iterator<Item = Capacity> {
        Capacity::ALL.into_iter()
    }
}

impl Spelled for GivenBy {
    fn spelled(self) -> &'static str {
        match self {
            GivenBy::Self_ => "self",
            GivenBy::Guardian => "guardian",
            GivenBy::Representative => "representative",
        }
    }

    fn every() -> impl Iterator<Item = GivenBy> {
        [GivenBy::Self_, GivenBy::Guardian, GivenBy::Representative].into_iter()
    }
}

impl Spelled for Sector {
    fn spelled(self) -> &'static str {
        self.name()
    }

    fn every() -> impl Iterator<Item = Sector> {
        Sector::ALL.into_iter()
    }
}

impl Spelled for Task {
    fn spelled(self) -> &'static str {
        self.name()
    }

    fn every() -> impl Iterator<Item = Task> {
        Task::ALL.into_iter()
    }
}

impl Spelled for Obligation {
    fn spelled(self) -> &'static str {
        self.code()
    }

    fn every() -> impl Iterator<Item = Obligation> {
        Obligation::ALL.into_iter()
    }
}

impl Spelled for Reason {
    fn spelled(self) -> &'static str {
        self.code()
    }

    fn every() -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter()
    }
}
