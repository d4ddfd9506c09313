//! What has the young person permitted and prohibited? The consent index, in memory, with one revision for all of it.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::DataCategory;
use polku_proto::{AgencyId, CategorySet, ConsentId, ProhibitionId, YouthId};

use crate::decision::earlier;
use crate::question::{Channel, PurposeSet, Question};

#[cfg(test)]
mod tests;

/// A half-open stretch of time: `from` belongs to it, `until` does not. Without `until` it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    from: Timestamp,
    until: Option<Timestamp>,
}

/// A period that ends before it begins, or at the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the end of a period must be later than its beginning")]
pub struct EmptyPeriod;

/// Which instrument a grant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantKind {
    /// Consent for a case (GDPR article 6(1)(a), law 621/1999 section 26).
    Consent,
    /// Permit to disclose (luovutuslupa, law 703/2023).
    DisclosurePermit,
}

/// A consent or permit that is in force, apart from its period.
///
/// Only what was given belongs in the index; whoever withdraws, revokes or refuses a consent removes it from here.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The record.
    pub id: ConsentId,
    /// The version of the record, counted up with every change.
    pub version: u64,
    /// Who gave it.
    pub youth: YouthId,
    /// Which instrument it is.
    pub kind: GrantKind,
    /// The agencies that may disclose. Empty means none.
    pub disclosers: Vec<AgencyId>,
    /// The agencies that may receive. Empty means none.
    pub recipients: Vec<AgencyId>,
    /// What for.
    pub purposes: PurposeSet,
    /// Which data.
    pub categories: CategorySet,
    /// Which of the special categories (GDPR article 9) it names explicitly.
    pub explicit: CategorySet,
    /// When.
    pub period: Period,
}

/// A prohibition (kielto) that is in force. It has no period: it holds until it is lifted.
#[derive(Clone, PartialEq, Eq)]
pub struct Prohibition {
    /// The record.
    pub id: ProhibitionId,
    /// Whose prohibition it is.
    pub youth: YouthId,
    /// The agencies whose data must not be disclosed. Empty means every one.
    pub disclosers: Vec<AgencyId>,
    /// The agencies that must not receive. Empty means every one.
    pub recipients: Vec<AgencyId>,
    /// The data that must not be disclosed. Empty means all of it.
    pub categories: CategorySet,
}

/// All grants and prohibitions, by person, at one revision.
#[derive(Clone, Default)]
pub struct ConsentIndex {
    people: HashMap<YouthId, Instruments>,
    revision: u64,
}

/// What one person has said. A handful of entries at most, so they are simply gone through.
#[derive(Clone, Default)]
struct Instruments {
    grants: Vec<Grant>,
    prohibitions: Vec<Prohibition>,
}

/// What the index says about one category in one question.
pub(crate) struct Coverage<'a> {
    /// The grants that cover it now. Any one of them is enough.
    pub(crate) grants: Vec<&'a Grant>,
    /// Whether a prohibition covers it.
    pub(crate) prohibited: bool,
    /// The next instant at which a grant begins or ceases to cover it.
    pub(crate) edge: Option<Timestamp>,
}

impl Period {
    /// Makes the period from the first instant (inclusive) to the second (exclusive).
    ///
    /// # Errors
    ///
    /// A period that would contain no instant is refused.
    pub fn new(from: Timestamp, until: Option<Timestamp>) -> Result<Period, EmptyPeriod> {
        match until {
            Some(until) if until <= from => Err(EmptyPeriod),
            Some(_) | None => Ok(Period { from, until }),
        }
    }

    /// Gives the first instant of the period.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// Gives the first instant after the period, if it has an end.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Tells whether the instant lies within the period.
    #[must_use]
    pub fn contains(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// Gives the first instant after `now` from which on [`Period::contains`] answers otherwise.
    #[must_use]
    pub fn next_edge(&self, now: Timestamp) -> Option<Timestamp> {
        if now < self.from { Some(self.from) } else { self.until.filter(|until| now < *until) }
    }
}

impl Grant {
    /// Tells whether the grant covers the disclosure at some time, whenever that is.
    fn covers(&self, channel: &Channel, question: &Question, category: DataCategory) -> bool {
        self.purposes.contains(question.purpose)
            && self.categories.contains(category)
            && self.disclosers.contains(&channel.from)
            && self.recipients.contains(&channel.to)
    }

    /// Tells whether the grant suffices for a special category: it has to name it explicitly (GDPR article 9(2)(a)).
    pub(crate) fn is_explicit(&self, category: DataCategory) -> bool {
        self.explicit.contains(category)
    }
}

impl Prohibition {
    fn covers(&self, channel: &Channel, category: DataCategory) -> bool {
        (self.categories.is_empty() || self.categories.contains(category))
            && (self.disclosers.is_empty() || self.disclosers.contains(&channel.from))
            && (self.recipients.is_empty() || self.recipients.contains(&channel.to))
    }
}

impl ConsentIndex {
    /// Makes an empty index at revision 0.
    #[must_use]
    pub fn new() -> ConsentIndex {
        ConsentIndex::default()
    }

    /// Gives the highest revision that the index has been told of.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Counts the grants and prohibitions of everybody.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.values().map(|person| person.grants.len() + person.prohibitions.len()).sum()
    }

    /// Tells whether there is neither a grant nor a prohibition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Adds a grant, or replaces an earlier version of it. A version older than the one held changes nothing.
    pub fn put_grant(&mut self, grant: Grant, revision: u64) {
        self.reach(revision);
        let grants = &mut self.people.entry(grant.youth).or_default().grants;
        match grants.iter_mut().find(|held| held.id == grant.id) {
            Some(held) if held.version > grant.version => {}
            Some(held) => *held = grant,
            None => grants.push(grant),
        }
    }

    /// Removes a grant: it was withdrawn, revoked or superseded. Removing what is not there changes nothing.
    pub fn remove_grant(&mut self, youth: YouthId, grant: ConsentId, revision: u64) {
        self.reach(revision);
        self.change(youth, |person| person.grants.retain(|held| held.id != grant));
    }

    /// Adds a prohibition, or replaces it.
    pub fn put_prohibition(&mut self, prohibition: Prohibition, revision: u64) {
        self.reach(revision);
        let prohibitions = &mut self.people.entry(prohibition.youth).or_default().prohibitions;
        match prohibitions.iter_mut().find(|held| held.id == prohibition.id) {
            Some(held) => *held = prohibition,
            None => prohibitions.push(prohibition),
        }
    }

    /// Removes a prohibition: it was lifted. Removing what is not there changes nothing.
    pub fn remove_prohibition(&mut self, youth: YouthId, prohibition: ProhibitionId, revision: u64) {
        self.reach(revision);
        self.change(youth, |person| person.prohibitions.retain(|held| held.id != prohibition));
    }

    /// Says what is granted and prohibited for one category of the question.
    pub(crate) fn coverage(&self, question: &Question, category: DataCategory) -> Coverage<'_> {
        let Some(person) = self.people.get(&question.youth) else {
            return Coverage { grants: Vec::new(), prohibited: false, edge: None };
        };
        let ways = ways(&question.channel, category);
        let prohibited = person
            .prohibitions
            .iter()
            .any(|prohibition| ways.iter().any(|way| prohibition.covers(way, category)));
        let mut coverage = Coverage { grants: Vec::new(), prohibited, edge: None };
        for grant in &person.grants {
            if !ways.iter().any(|way| grant.covers(way, question, category)) {
                continue;
            }
            coverage.edge = earlier(coverage.edge, grant.period.next_edge(question.now));
            if grant.period.contains(question.now) {
                coverage.grants.push(grant);
            }
        }
        coverage
    }

    /// Notes that every change up to this revision is in the index.
    pub fn reach(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }

    fn change(&mut self, youth: YouthId, change: impl FnOnce(&mut Instruments)) {
        let Some(person) = self.people.get_mut(&youth) else {
            return;
        };
        change(person);
        if person.grants.is_empty() && person.prohibitions.is_empty() {
            self.people.remove(&youth);
        }
    }
}

/// Gives the ways that data of this category goes through the channel.
///
/// What becomes of a referral is told both ways. A consent for that, given for the way there, lets the two agencies
/// keep each other informed, and a prohibition of either way stops it.
fn ways(channel: &Channel, category: DataCategory) -> Vec<Channel> {
    let mut ways = vec![channel.clone()];
    if category == DataCategory::ReferralStatus {
        ways.push(channel.reversed());
    }
    ways
}

// What a person has permitted and prohibited is personal data.
impl fmt::Debug for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Grant(redacted)")
    }
}

impl fmt::Debug for Prohibition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Prohibition(redacted)")
    }
}

impl fmt::Debug for ConsentIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ConsentIndex(revision {})", self.revision)
    }
}
