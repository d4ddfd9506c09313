//! Which agencies are there, and which of them have agreed to exchange data?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use polku_proto::{AgencyId, CategorySet};

#[cfg(test)]
mod tests;

/// The sector that an agency belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sector {
    /// Employment services (law 380/2023).
    Employment,
    /// Social insurance and benefits (Kela).
    Benefits,
    /// Social services (law 1301/2014).
    Social,
    /// Health care.
    Health,
    /// Youth work, one-stop guidance and outreach (law 1285/2016).
    YouthWork,
    /// Education.
    Education,
    /// Associations, foundations and workshops.
    Ngo,
}

/// Whether an agency is an authority (viranomainen, law 621/1999 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It is one.
    Authority,
    /// It is not: only the young person's own word lets it see anything.
    NotAuthority,
}

/// What the law entrusts to some agencies only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Outreach youth work of a municipality (law 1285/2016 section 11).
    OutreachYouthWork,
    /// May be told protected addresses where a law covers the address (law 661/2009 section 36). No ground by itself.
    ProtectedAddresses,
}

/// A municipality by its code, three digits (code list 1.2.246.537.6.21).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Municipality([u8; 3]);

/// A text that is no code of a municipality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code of a municipality has three digits")]
pub struct NotAMunicipality;

/// An agency of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Agency {
    /// Its id.
    pub id: AgencyId,
    /// Its sector.
    pub sector: Sector,
    /// Whether it is an authority.
    pub standing: Standing,
    /// What the law entrusts to it.
    pub tasks: BTreeSet<Task>,
    /// The categories without which it can do nothing with a referral. Identity is always among what it gets.
    pub requires: CategorySet,
    /// The municipalities for which it does what is entrusted to it.
    pub municipalities: BTreeSet<Municipality>,
}

/// A written agreement that the one agency may disclose to the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Agreement {
    /// The agency that discloses.
    pub from: AgencyId,
    /// The agency that receives.
    pub to: AgencyId,
}

/// The agencies and the written agreements between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    agencies: BTreeMap<AgencyId, Agency>,
    agreements: BTreeSet<Agreement>,
}

/// Why a directory cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Two agencies have the same id.
    #[error("agency {0} is listed twice")]
    ListedTwice(AgencyId),
    /// An agreement names an agency that is not listed.
    #[error("an agreement names agency {0}, which is not listed")]
    NotListed(AgencyId),
    /// An agreement of an agency with itself.
    #[error("agency {0} has an agreement with itself")]
    WithItself(AgencyId),
}

impl Sector {
    /// Every sector.
    pub const ALL: [Sector; 7] = [
        Sector::Employment,
        Sector::Benefits,
        Sector::Social,
        Sector::Health,
        Sector::YouthWork,
        Sector::Education,
        Sector::Ngo,
    ];

    /// Gives the name in lower case, as rules and configuration write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Sector::Employment => "employment",
            Sector::Benefits => "benefits",
            Sector::Social => "social",
            Sector::Health => "health",
            Sector::YouthWork => "youth_work",
            Sector::Education => "education",
            Sector::Ngo => "ngo",
        }
    }
}

impl Task {
    /// Every task.
    pub const ALL: [Task; 2] = [Task::OutreachYouthWork, Task::ProtectedAddresses];

    /// Gives the name in lower case, as rules and configuration write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Task::OutreachYouthWork => "outreach_youth_work",
            Task::ProtectedAddresses => "protected_addresses",
        }
    }
}

impl Agency {
    /// Makes an agency that nothing is entrusted to and that requires nothing.
    #[must_use]
    pub fn new(id: AgencyId, sector: Sector, standing: Standing) -> Agency {
        Agency {
            id,
            sector,
            standing,
            tasks: BTreeSet::new(),
            requires: CategorySet::EMPTY,
            municipalities: BTreeSet::new(),
        }
    }
}

impl FromStr for Municipality {
    type Err = NotAMunicipality;

    fn from_str(text: &str) -> Result<Municipality, NotAMunicipality> {
        let digits: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotAMunicipality)?;
        let is_code = digits.iter().all(u8::is_ascii_digit);
        if is_code { Ok(Municipality(digits)) } else { Err(NotAMunicipality) }
    }
}

impl fmt::Display for Municipality {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(formatter, "{}", char::from(*digit)))
    }
}

// Where a young person lives is protected like an address.
impl fmt::Debug for Municipality {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Municipality(redacted)")
    }
}

impl Directory {
    /// Makes a directory. An agreement is for one direction: who may disclose to whom. What the recipient tells about
    /// the matter comes back under the same agreement.
    ///
    /// # Errors
    ///
    /// Refuses an agency listed twice, and an agreement of an unlisted agency or of an agency with itself.
    pub fn new(agencies: Vec<Agency>, agreements: Vec<Agreement>) -> Result<Directory, DirectoryError> {
        let mut directory = Directory { agencies: BTreeMap::new(), agreements: BTreeSet::new() };
        for agency in agencies {
            let id = agency.id.clone();
            if directory.agencies.insert(agency.id.clone(), agency).is_some() {
                return Err(DirectoryError::ListedTwice(id));
            }
        }
        for agreement in agreements {
            for party in [&agreement.from, &agreement.to] {
                if !directory.agencies.contains_key(party) {
                    return Err(DirectoryError::NotListed(party.clone()));
                }
            }
            if agreement.from == agreement.to {
                return Err(DirectoryError::WithItself(agreement.from));
            }
            directory.agreements.insert(agreement);
        }
        Ok(directory)
    }

    /// Finds an agency.
    #[must_use]
    pub fn agency(&self, id: &AgencyId) -> Option<&Agency> {
        self.agencies.get(id)
    }

    /// Goes through the agencies in the order of their ids.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// Goes through the agreements, sorted.
    pub fn agreements(&self) -> impl Iterator<Item = &Agreement> {
        self.agreements.iter()
    }

    /// Tells whether the agency is listed and is an authority.
    #[must_use]
    pub fn is_authority(&self, id: &AgencyId) -> bool {
        self.agency(id).is_some_and(|agency| agency.standing == Standing::Authority)
    }

    /// Tells whether there is an agreement to disclose in this direction.
    #[must_use]
    pub fn agreed(&self, from: &AgencyId, to: &AgencyId) -> bool {
        self.agreements.contains(&Agreement { from: from.clone(), to: to.clone() })
    }

    /// Gives the content as text with one line an entry, the same for the same content: what the digest is made of.
    pub(crate) fn canonical(&self) -> String {
        let mut text = String::new();
        for agency in self.agencies.values() {
            let Agency { id, sector, standing, tasks, requires, municipalities } = agency;
            let requires = requires.bits();
            text.push_str(&format!("agency {id} {sector:?} {standing:?} {tasks:?} {requires}"));
            municipalities.iter().for_each(|code| text.push_str(&format!(" {code}")));
            text.push('\n');
        }
        for Agreement { from, to } in &self.agreements {
            text.push_str(&format!("agreement {from} {to}\n"));
        }
        text
    }
}
