//! What is known of each young person for deciding? The consent index, in memory, with one revision for all of it.

mod batch;
mod changes;
mod entry;
mod ids;
mod word;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::v1::PermitDomain;
use polku_proto::{AgencyId, CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, YouthId};

use crate::question::PurposeSet;
pub use batch::GrantBatch;
use changes::Changes;
pub(crate) use changes::Moment;
use entry::{Entry, PartyLists};
pub(crate) use word::{Given, Sides, Word};

#[cfg(test)]
mod tests;

/// A half-open stretch of time: `from` belongs to it, `until` does not. Without `until` it has no end. Both are read to
/// the microsecond; what is finer is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    from: i64,
    until: i64,
}

/// The end of a period that has none, in microseconds: later than every [`Timestamp`].
const ENDLESS: i64 = i64::MAX;

/// A period that ends before it begins, or at the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the end of a period must be later than its beginning")]
pub struct EmptyPeriod;

/// Which instrument a grant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantKind {
    /// Consent for a case (GDPR article 6(1)(a), law 621/1999 section 26).
    Consent,
    /// Permit to disclose (luovutuslupa, law 703/2023) data of this care domain.
    DisclosurePermit(PermitDomain),
}

/// Who gave a consent or permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GivenBy {
    /// The young person.
    Self_,
    /// A guardian. It opens nothing once the young person is of age.
    Guardian,
    /// Another legal representative. What such a one has given for a minor opens nothing either once the minor is of age.
    Representative,
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
    /// Whose data it is about.
    pub youth: YouthId,
    /// Which instrument it is.
    pub kind: GrantKind,
    /// Who gave it.
    pub given_by: GivenBy,
    /// When it was given, the last time: whether another representative gave it for a minor.
    pub given: Timestamp,
    /// Who may disclose. Empty means nobody.
    pub disclosers: Vec<Party>,
    /// Who may receive. Empty means nobody.
    pub recipients: Vec<Party>,
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
    /// The service tasks and documents that it is for. Both empty: everything of the disclosers.
    pub service_tasks: Vec<String>,
    /// See `service_tasks`: data from either are covered.
    pub documents: Vec<String>,
}

/// What the law makes of a young person's situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LegalStatus {
    /// Non-disclosure order for safety (turvakielto, law 661/2009 section 36).
    AddressProtected,
    /// A minor's capacity to decide has been assessed.
    Capacity(Capacity),
    /// Customer of multi-sector support (law 381/2023).
    MultiSectorSupport,
}

/// Whether a minor is able to decide on the matter (code list 1.2.246.537.5.40202.201901).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Capacity {
    /// Nobody has assessed it.
    #[default]
    NotAssessed,
    /// Not able: guardians decide.
    NotCapable,
    /// Able, and allows that guardians are told.
    Capable,
    /// Able, and forbids that guardians are told.
    CapableHidden,
}

/// All grants, prohibitions and legal statuses, by person, at one revision.
#[derive(Clone, Default)]
pub struct ConsentIndex {
    people: HashMap<YouthId, Person, RandomState>,
    lists: PartyLists,
    revision: u64,
    changes: Changes,
}

/// What is known of one person. A handful of grants at most, so they are simply gone through.
#[derive(Clone, Default, PartialEq, Eq)]
struct Person {
    born: Option<Date>,
    grants: Vec<Entry>,
    // Most people have neither a prohibition nor a status: the pointer keeps them small.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Rare {
    prohibitions: Vec<Prohibition>,
    statuses: Vec<(LegalStatusId, LegalStatus)>,
    // All ids of the person, the present one first. Nothing where there is but the one.
    ids: Option<Arc<[YouthId]>>,
}

/// What the index held of one person at some time.
#[must_use]
pub struct Snapshot(YouthId, Option<Person>);

/// What is known of a person beside their word.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing {
    /// Date of birth.
    pub(crate) born: Option<Date>,
    pub(crate) address_protected: bool,
    pub(crate) capacity: Capacity,
    pub(crate) multi_sector_support: bool,
}

impl Capacity {
    /// Every finding.
    pub(crate) const ALL: [Capacity; 4] =
        [Capacity::NotAssessed, Capacity::NotCapable, Capacity::Capable, Capacity::CapableHidden];
}

impl Period {
    /// Makes the period from the first instant (inclusive) to the second (exclusive).
    ///
    /// # Errors
    ///
    /// A period that would contain no instant is refused.
    pub fn new(from: Timestamp, until: Option<Timestamp>) -> Result<Period, EmptyPeriod> {
        let from = from.as_microsecond();
        let until = until.map_or(ENDLESS, Timestamp::as_microsecond);
        if until <= from { Err(EmptyPeriod) } else { Ok(Period { from, until }) }
    }

    /// Gives the first instant of the period.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        Timestamp::from_microsecond(self.from).unwrap_or(Timestamp::MIN)
    }

    /// Gives the first instant after the period, if it has an end.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        instant(self.until)
    }

    /// Tells whether the instant lies within the period.
    #[must_use]
    pub fn contains(&self, now: Timestamp) -> bool {
        self.holds(now.as_microsecond())
    }

    /// Gives the first instant after `now` from which on [`Period::contains`] answers otherwise.
    #[must_use]
    pub fn next_edge(&self, now: Timestamp) -> Option<Timestamp> {
        instant(self.edge_after(now.as_microsecond()))
    }

    /// [`Period::contains`], in microseconds.
    const fn holds(&self, now: i64) -> bool {
        self.from <= now && now < self.until
    }

    /// [`Period::next_edge`], in microseconds.
    const fn edge_after(&self, now: i64) -> i64 {
        if now < self.from {
            self.from
        } else if now < self.until {
            self.until
        } else {
            ENDLESS
        }
    }
}

/// Reads microseconds; what has no end is no instant, which costs no error to find out.
fn instant(microsecond: i64) -> Option<Timestamp> {
    if microsecond == ENDLESS { None } else { Timestamp::from_microsecond(microsecond).ok() }
}

impl ConsentIndex {
    /// Makes an empty index at revision 0.
    #[must_use]
    pub fn new() -> ConsentIndex {
        ConsentIndex::default()
    }

    /// Makes an empty index with room for so many people, so that filling it does not move what is there.
    #[must_use]
    pub fn with_capacity(people: usize) -> ConsentIndex {
        let people = HashMap::with_capacity_and_hasher(people, RandomState::default());
        ConsentIndex { people, ..ConsentIndex::default() }
    }

    /// Gives the highest revision that the index has been told of.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Counts the grants and prohibitions of everybody.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.values().map(|person| person.grants.len() + person.prohibitions().len()).sum()
    }

    /// Tells whether there is neither a grant nor a prohibition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the ids under which anything is known of anybody, in no order.
    pub fn known_ids(&self) -> impl Iterator<Item = YouthId> + '_ {
        self.people.keys().copied()
    }

    /// Tells how many bytes of memory the index takes, about.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let table = self.people.capacity() * (size_of::<(YouthId, Person)>() + 1) * 8 / 7;
        let people: usize = self.people.values().map(Person::memory_bytes).sum();
        table + people + self.lists.memory_bytes()
    }

    /// Notes a person's date of birth: what ages are counted from.
    pub fn put_person(&mut self, youth: YouthId, born: Date) {
        self.put_born(youth, Some(born));
    }

    /// Notes a person whose date of birth is not known: no rule that asks for an age opens anything.
    pub fn put_person_of_unknown_age(&mut self, youth: YouthId) {
        self.put_born(youth, None);
    }

    fn put_born(&mut self, youth: YouthId, born: Option<Date>) {
        let is_known = self.people.contains_key(&youth);
        let before = std::mem::replace(&mut self.people.entry(youth).or_default().born, born);
        if is_known && before != born {
            self.changes.note(youth);
        }
    }

    /// Adds a grant, or replaces an earlier version of it. A version older than the one held changes nothing.
    pub fn put_grant(&mut self, grant: &Grant, revision: u64) {
        self.reach(revision);
        let entry = Entry::of(grant, &mut self.lists);
        self.put_entry(grant.youth, entry);
    }

    /// Removes a grant: it was withdrawn, revoked or superseded. Removing what is not there changes nothing.
    pub fn remove_grant(&mut self, youth: YouthId, grant: ConsentId, revision: u64) {
        self.reach(revision);
        if let Some(person) = self.people.get_mut(&youth) {
            let before = person.grants.len();
            person.grants.retain(|held| held.id != grant);
            if person.grants.len() < before {
                self.changes.note(youth);
            }
        }
    }

    /// Adds a prohibition, or replaces it.
    pub fn put_prohibition(&mut self, prohibition: Prohibition, revision: u64) {
        self.reach(revision);
        self.changes.note(prohibition.youth);
        let person = self.people.entry(prohibition.youth).or_default();
        let prohibitions = &mut person.rare.get_or_insert_default().prohibitions;
        match prohibitions.iter_mut().find(|held| held.id == prohibition.id) {
            Some(held) => *held = prohibition,
            None => prohibitions.push(prohibition),
        }
    }

    /// Removes a prohibition: it was lifted. Removing what is not there changes nothing.
    pub fn remove_prohibition(&mut self, youth: YouthId, prohibition: ProhibitionId, revision: u64) {
        self.reach(revision);
        if let Some(rare) = self.people.get_mut(&youth).and_then(|person| person.rare.as_mut()) {
            rare.prohibitions.retain(|held| held.id != prohibition);
        }
    }

    /// Adds a legal status, or replaces it.
    pub fn put_status(&mut self, youth: YouthId, id: LegalStatusId, status: LegalStatus, revision: u64) {
        self.reach(revision);
        self.changes.note(youth);
        let statuses = &mut self.people.entry(youth).or_default().rare.get_or_insert_default().statuses;
        statuses.retain(|(held, _)| *held != id);
        statuses.push((id, status));
    }

    /// Removes a legal status: it has ended. Removing what is not there changes nothing.
    pub fn remove_status(&mut self, youth: YouthId, status: LegalStatusId, revision: u64) {
        self.reach(revision);
        if let Some(rare) = self.people.get_mut(&youth).and_then(|person| person.rare.as_mut()) {
            let before = rare.statuses.len();
            rare.statuses.retain(|(held, _)| *held != status);
            if rare.statuses.len() < before {
                self.changes.note(youth);
            }
        }
    }

    /// Gives what is held of a person, to be put back with [`ConsentIndex::restore`].
    pub fn snapshot(&self, youth: YouthId) -> Snapshot {
        Snapshot(youth, self.people.get(&youth).cloned())
    }

    /// Puts back what was held of a person: a change did not come to be. Which ids are theirs stays as it is.
    pub fn restore(&mut self, snapshot: Snapshot) {
        let Snapshot(youth, person) = snapshot;
        let ids = self.ids_of(youth);
        let before = match person {
            Some(person) => self.people.insert(youth, person),
            None => self.people.remove(&youth),
        };
        self.note_lost(youth, before.as_ref());
        if ids.len() > 1 || self.ids_of(youth).len() > 1 {
            self.put_ids(&ids);
        }
    }

    /// Notes that every change up to this revision is in the index.
    pub fn reach(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }

    /// Gives the agencies that a grant of the person names on either side, whenever it is in force, sorted: those that
    /// a change of the person's word concerns.
    #[must_use]
    pub fn parties_of(&self, youth: YouthId) -> Vec<AgencyId> {
        let grants = self.people.get(&youth).map(|person| person.grants.as_slice()).unwrap_or_default();
        let lists = grants.iter().flat_map(|entry| [entry.disclosers, entry.recipients]);
        let mut agencies: Vec<AgencyId> =
            lists.flat_map(|list| self.lists.get(list)).map(|party| party.agency.clone()).collect();
        agencies.sort_unstable();
        agencies.dedup();
        agencies
    }

    /// Tells whether anything is known of the person.
    #[must_use]
    pub fn knows(&self, youth: YouthId) -> bool {
        self.people.contains_key(&youth)
    }

    fn put_entry(&mut self, youth: YouthId, entry: Entry) {
        let grants = &mut self.people.entry(youth).or_default().grants;
        match grants.iter_mut().find(|held| held.id == entry.id) {
            Some(held) if held.version > entry.version || *held == entry => {}
            Some(held) => {
                *held = entry;
                self.changes.note(youth);
            }
            None => {
                // One by one: most people have one or two, and spare room for more would double the index.
                grants.reserve_exact(1);
                grants.push(entry);
            }
        }
    }

    fn person(&self, youth: YouthId) -> Option<&Person> {
        self.people.get(&youth)
    }
}

impl Person {
    fn prohibitions(&self) -> &[Prohibition] {
        self.rare.as_ref().map(|rare| rare.prohibitions.as_slice()).unwrap_or_default()
    }

    fn capacity(&self) -> Option<(LegalStatusId, Capacity)> {
        let statuses = self.rare.as_ref()?.statuses.iter().rev();
        statuses.into_iter().find_map(|(id, status)| match status {
            LegalStatus::Capacity(capacity) => Some((*id, *capacity)),
            LegalStatus::AddressProtected | LegalStatus::MultiSectorSupport => None,
        })
    }

    fn standing(&self) -> Standing {
        let Some(rare) = &self.rare else {
            return Standing { born: self.born, ..Standing::default() };
        };
        let has = |wanted| rare.statuses.iter().any(|(_, status)| *status == wanted);
        Standing {
            born: self.born,
            address_protected: has(LegalStatus::AddressProtected),
            capacity: self.capacity().map(|(_, capacity)| capacity).unwrap_or_default(),
            multi_sector_support: has(LegalStatus::MultiSectorSupport),
        }
    }

    fn memory_bytes(&self) -> usize {
        let rare = self.rare.as_ref().map_or(0, |rare| {
            size_of::<Rare>()
                + rare.prohibitions.capacity() * size_of::<Prohibition>()
                + rare.statuses.capacity() * size_of::<(LegalStatusId, LegalStatus)>()
        });
        self.grants.capacity() * size_of::<Entry>() + rare
    }
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

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Snapshot(redacted)")
    }
}

impl fmt::Debug for ConsentIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ConsentIndex(revision {})", self.revision)
    }
}
