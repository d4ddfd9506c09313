//! How is a grant held so that a million of them fit, and each is read in one go?

use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use polku_proto::time::finnish_date;
use polku_proto::v1::PermitDomain;
use polku_proto::{AgencyId, CategorySet, ConsentId, Party, UnitId};

use super::{GivenBy, Grant, GrantKind, Period};
use crate::question::PurposeSet;
use crate::rules::OF_AGE;

/// A grant in 64 bytes: one cache line.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: ConsentId,
    pub(super) version: u32,
    pub(super) instrument: Instrument,
    pub(super) given_by: GivenBy,
    /// The day on which another representative gave it; nothing where it does not matter.
    given_on: Option<Date>,
    pub(super) period: Period,
    pub(super) purposes: PurposeSet,
    pub(super) categories: CategorySet,
    pub(super) explicit: CategorySet,
    pub(super) disclosers: ListId,
    pub(super) recipients: ListId,
}

const _: () = assert!(size_of::<Entry>() == 64, "a grant is one cache line");

/// [`GrantKind`], flat.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Instrument {
    Consent,
    SocialPermit,
    HealthPermit,
    /// A permit for no care domain opens nothing.
    Void,
}

/// The place of a list of parties.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ListId(u32);

/// The lists of parties that grants name. There are few different ones, so each is held once.
#[derive(Clone, Default)]
pub(super) struct PartyLists {
    lists: Vec<PartyList>,
    places: HashMap<Vec<Party>, ListId, RandomState>,
    // Every agency and unit that is named has a number: comparing texts would be most of a look-up.
    agencies: HashMap<AgencyId, u32, RandomState>,
    units: HashMap<UnitId, u32, RandomState>,
}

#[derive(Clone)]
struct PartyList {
    parties: Vec<Party>,
    /// Those that are one of the first agencies as a whole, as most are: one bit each.
    whole: u64,
    /// The others.
    others: Box<[Numbers]>,
}

/// A party, by the numbers of its agency and of its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    agency: u32,
    unit: u32,
}

/// The place of no list: nobody is on it.
const NO_LIST: ListId = ListId(u32::MAX);

/// In place of a unit: the whole agency.
const WHOLE: u32 = 0;

/// In place of an agency or unit that no list names.
const NOBODY: u32 = u32::MAX;

impl Entry {
    pub(super) fn of(grant: &Grant, lists: &mut PartyLists) -> Entry {
        let instrument = match grant.kind {
            GrantKind::Consent => Instrument::Consent,
            GrantKind::DisclosurePermit(PermitDomain::Social) => Instrument::SocialPermit,
            GrantKind::DisclosurePermit(PermitDomain::Health) => Instrument::HealthPermit,
            GrantKind::DisclosurePermit(PermitDomain::Unspecified) => Instrument::Void,
        };
        Entry {
            id: grant.id,
            version: u32::try_from(grant.version).unwrap_or(u32::MAX),
            instrument,
            given_by: grant.given_by,
            given_on: (grant.given_by == GivenBy::Representative).then(|| finnish_date(grant.given)),
            period: grant.period,
            purposes: grant.purposes,
            categories: grant.categories,
            explicit: grant.explicit,
            disclosers: lists.place(&grant.disclosers),
            recipients: lists.place(&grant.recipients),
        }
    }

    /// Tells whether another representative gave it for a minor who has come of age since. Of somebody of unknown age
    /// nobody can say so; what guardians gave is for the rules, which have a reason of its own for it.
    pub(super) fn has_lapsed(&self, born: Option<Date>, now: Timestamp) -> bool {
        born.zip(self.given_on)
            .is_some_and(|(born, given_on)| !is_of_age(born, given_on) && is_of_age(born, finnish_date(now)))
    }

    /// The entry with its lists where [`PartyLists::take_over`] has placed them.
    pub(super) fn with_lists(self, moved: &[ListId]) -> Entry {
        let at = |list: ListId| usize::try_from(list.0).ok().and_then(|place| moved.get(place)).copied();
        let [disclosers, recipients] =
            [self.disclosers, self.recipients].map(|list| at(list).unwrap_or(NO_LIST));
        Entry { disclosers, recipients, ..self }
    }
}

impl PartyLists {
    pub(super) fn get(&self, id: ListId) -> &[Party] {
        self.list(id).map(|list| list.parties.as_slice()).unwrap_or_default()
    }

    /// Gives the numbers by which a party is looked for in lists.
    pub(super) fn numbers(&self, party: &Party) -> Numbers {
        let agency = self.agencies.get(&party.agency).copied().unwrap_or(NOBODY);
        let unit = match &party.unit {
            None => WHOLE,
            Some(unit) => self.units.get(unit).copied().unwrap_or(NOBODY),
        };
        Numbers { agency, unit }
    }

    /// Tells whether somebody on the list is the party, or the whole agency that it belongs to: as [`Party::covers`].
    pub(super) fn covers(&self, id: ListId, party: Numbers) -> bool {
        let Some(list) = self.list(id) else { return false };
        let among_others = || {
            list.others.iter().any(|named| {
                named.agency == party.agency && (named.unit == WHOLE || named.unit == party.unit)
            })
        };
        list.whole & party.bit() != 0 || among_others()
    }

    /// Adds the lists of another one. Gives where each of them is now, in the order of where they were.
    pub(super) fn take_over(&mut self, other: &PartyLists) -> Vec<ListId> {
        other.lists.iter().map(|list| self.place(&list.parties)).collect()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let parties: usize = self.lists.iter().map(|list| list.parties.len()).sum();
        parties * (2 * size_of::<Party>() + size_of::<Numbers>())
            + self.lists.len() * (size_of::<PartyList>() + size_of::<Vec<Party>>())
    }

    fn list(&self, id: ListId) -> Option<&PartyList> {
        usize::try_from(id.0).ok().and_then(|place| self.lists.get(place))
    }

    fn place(&mut self, parties: &[Party]) -> ListId {
        if let Some(place) = self.places.get(parties) {
            return *place;
        }
        // More than four thousand million different lists do not fit any machine; the last place would stay empty.
        let place = ListId(u32::try_from(self.lists.len()).unwrap_or(u32::MAX));
        let numbers: Vec<Numbers> = parties.iter().map(|party| self.number(party)).collect();
        let (whole, others): (Vec<Numbers>, Vec<Numbers>) =
            numbers.into_iter().partition(|named| named.unit == WHOLE && named.bit() != 0);
        let whole = whole.into_iter().fold(0, |bits, named| bits | named.bit());
        self.lists.push(PartyList { parties: parties.to_vec(), whole, others: others.into() });
        self.places.insert(parties.to_vec(), place);
        place
    }

    fn number(&mut self, party: &Party) -> Numbers {
        let next = count(self.agencies.len());
        let agency = *self.agencies.entry(party.agency.clone()).or_insert(next);
        let next = count(self.units.len() + 1);
        let unit = match &party.unit {
            None => WHOLE,
            Some(unit) => *self.units.entry(unit.clone()).or_insert(next),
        };
        Numbers { agency, unit }
    }
}

impl Numbers {
    /// The bit of the agency: none from the 65th agency on.
    fn bit(self) -> u64 {
        1_u64.checked_shl(self.agency).unwrap_or(0)
    }
}

/// Whether somebody who was born on the one day is of age on the other.
fn is_of_age(born: Date, day: Date) -> bool {
    born <= day.saturating_sub(OF_AGE.years())
}

/// There are never so many agencies or units that [`NOBODY`] would become one.
fn count(names: usize) -> u32 {
    u32::try_from(names).unwrap_or(NOBODY - 1).min(NOBODY - 1)
}
