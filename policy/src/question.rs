//! What is asked of the engine: whose eyes, in which matter, for what, by whom, and when?

use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::{LegalGround, Purpose};
use polku_proto::{AgencyId, Party, YouthId};

use crate::directory::Municipality;

#[cfg(test)]
mod tests;

/// The direction of a matter: who discloses to whom.
///
/// For a referral, `from` is its sender and `to` its recipient, for as long as the referral lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// Who discloses.
    pub from: Party,
    /// Who receives.
    pub to: Party,
}

/// Whose eyes will see the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// The receiving agency, [`Channel::to`].
    Addressee,
    /// The disclosing agency, [`Channel::from`].
    Author,
    /// The young person.
    Subject,
}

/// On whose behalf the question is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ActorRole {
    /// An organisation's system by itself.
    System,
    /// A professional of one of the two agencies.
    Professional {
        /// The agency and unit that the professional works in.
        at: Party,
        /// The role as registered for the organisation.
        role: String,
    },
    /// The young person in person.
    Subject,
    /// A guardian of the young person, who is a minor.
    Guardian,
    /// Another legal representative of the young person.
    Representative,
}

/// Where in the discloser's records the data stem from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Nobody has said. Then a prohibition of any of the discloser's service tasks or documents counts.
    #[default]
    Unstated,
    /// From this service task, and from these documents. What names neither says as little as nothing.
    Stated {
        /// Code of the service task (palvelutehtävä); none where the records have none.
        service_task: Option<String>,
        /// Ids of the documents that are disclosed or told from.
        documents: Vec<String>,
    },
}

/// Whether the reader has the young person as a customer in the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// It has: the matter was sent to it, or it has one with the young person already.
    Established,
    /// Nothing is known of one.
    None,
}

/// One question to the engine. The instant is part of it: nothing here reads a clock.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose data.
    pub youth: YouthId,
    /// In which matter.
    pub channel: Channel,
    /// For whose eyes.
    pub viewer: Viewer,
    /// For what.
    pub purpose: Purpose,
    /// On whose behalf.
    pub actor: ActorRole,
    /// The ground in law that is stated for it; `Unspecified`: none.
    pub ground: LegalGround,
    /// Where the data stem from.
    pub origin: Origin,
    /// Whether the reader has the young person as a customer.
    pub relation: Relation,
    /// The young person's home municipality, if the discloser has said it.
    pub home_municipality: Option<Municipality>,
    /// The instant that the answer is for, read to the microsecond.
    pub now: Timestamp,
}

/// Who gets an authorised payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reader {
    /// The system of this agency.
    Agency(AgencyId),
    /// This young person, or whoever lawfully acts for them.
    Subject(YouthId),
}

/// A set of purposes. `Purpose::Unspecified` is no purpose: it is never a member.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PurposeSet(u32);

/// A number on the wire that stands for no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{number} is not a purpose")]
pub struct UnknownPurpose {
    /// The number as it was sent.
    pub number: i32,
}

/// Every purpose, in the order of the contract.
const PURPOSES: [Purpose; 8] = [
    Purpose::Guidance,
    Purpose::EmploymentServices,
    Purpose::MultiSectorSupport,
    Purpose::SocialServices,
    Purpose::Rehabilitation,
    Purpose::OutreachYouthWork,
    Purpose::WorkshopCoaching,
    Purpose::Statistics,
];

impl Channel {
    /// Makes the channel from one agency as a whole to another.
    #[must_use]
    pub fn between(from: AgencyId, to: AgencyId) -> Channel {
        Channel { from: Party::whole(from), to: Party::whole(to) }
    }

    /// Gives the way back.
    #[must_use]
    pub fn reversed(&self) -> Channel {
        Channel { from: self.to.clone(), to: self.from.clone() }
    }
}

impl Question {
    /// Makes a question of a system by itself, about data of unstated origin, on no stated ground, within a customer
    /// relation, about somebody whose home municipality nobody has said.
    #[must_use]
    pub fn new(
        youth: YouthId,
        channel: Channel,
        viewer: Viewer,
        purpose: Purpose,
        now: Timestamp,
    ) -> Question {
        Question {
            youth,
            channel,
            viewer,
            purpose,
            actor: ActorRole::System,
            ground: LegalGround::Unspecified,
            origin: Origin::Unstated,
            relation: Relation::Established,
            home_municipality: None,
            now,
        }
    }

    /// Gives who would read the answer's payload.
    #[must_use]
    pub fn reader(&self) -> Reader {
        match self.viewer {
            Viewer::Addressee => Reader::Agency(self.channel.to.agency.clone()),
            Viewer::Author => Reader::Agency(self.channel.from.agency.clone()),
            Viewer::Subject => Reader::Subject(self.youth),
        }
    }
}

// Who is a customer of whom, and for what, is personal data.
impl fmt::Debug for Question {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Question(redacted)")
    }
}

impl PurposeSet {
    /// No purpose.
    pub const EMPTY: PurposeSet = PurposeSet(0);

    /// Every purpose.
    pub const ALL: PurposeSet = PurposeSet::of(&PURPOSES);

    /// Makes the set of the given purposes.
    #[must_use]
    pub const fn of(purposes: &[Purpose]) -> PurposeSet {
        let mut bits = 0;
        let mut rest = purposes;
        while let [first, tail @ ..] = rest {
            bits |= bit(*first);
            rest = tail;
        }
        PurposeSet(bits)
    }

    /// Reads purposes from a message.
    ///
    /// # Errors
    ///
    /// A number that is no purpose, `PURPOSE_UNSPECIFIED` included, is refused.
    pub fn from_wire(numbers: &[i32]) -> Result<PurposeSet, UnknownPurpose> {
        let mut set = PurposeSet::EMPTY;
        for &number in numbers {
            match Purpose::try_from(number) {
                Ok(Purpose::Unspecified) | Err(_) => return Err(UnknownPurpose { number }),
                Ok(purpose) => set.insert(purpose),
            }
        }
        Ok(set)
    }

    /// Gives the set as it stands in a message, in ascending order.
    #[must_use]
    pub fn to_wire(self) -> Vec<i32> {
        self.iter().map(i32::from).collect()
    }

    /// Adds a purpose.
    pub const fn insert(&mut self, purpose: Purpose) {
        self.0 |= bit(purpose);
    }

    /// Tells whether the purpose is a member.
    #[must_use]
    pub const fn contains(self, purpose: Purpose) -> bool {
        self.0 & bit(purpose) != 0
    }

    /// Gives what is in either set.
    #[must_use]
    pub const fn union(self, other: PurposeSet) -> PurposeSet {
        PurposeSet(self.0 | other.0)
    }

    /// Tells whether the set has no member.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Goes through the members in the order of the contract.
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        PURPOSES.into_iter().filter(move |purpose| self.contains(*purpose))
    }

    /// Gives the one member, if there is exactly one.
    #[must_use]
    pub fn only(self) -> Option<Purpose> {
        let mut members = self.iter();
        let first = members.next()?;
        members.next().is_none().then_some(first)
    }
}

impl fmt::Debug for PurposeSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter().map(purpose_name)).finish()
    }
}

/// Gives the name of a purpose in lower case, as rules, logs and configuration write it.
#[must_use]
pub const fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Unspecified => "unspecified",
        Purpose::Guidance => "guidance",
        Purpose::EmploymentServices => "employment_services",
        Purpose::MultiSectorSupport => "multi_sector_support",
        Purpose::SocialServices => "social_services",
        Purpose::Rehabilitation => "rehabilitation",
        Purpose::OutreachYouthWork => "outreach_youth_work",
        Purpose::WorkshopCoaching => "workshop_coaching",
        Purpose::Statistics => "statistics",
    }
}

const fn bit(purpose: Purpose) -> u32 {
    match purpose {
        Purpose::Unspecified => 0,
        Purpose::Guidance
        | Purpose::EmploymentServices
        | Purpose::MultiSectorSupport
        | Purpose::SocialServices
        | Purpose::Rehabilitation
        | Purpose::OutreachYouthWork
        | Purpose::WorkshopCoaching
        | Purpose::Statistics => 1 << (purpose as u32),
    }
}
