//! How is a grant held so that a million of them fit, and each is read in one go?

use std::collections::HashMap;

use polku_proto::v1::PermitDomain;
use polku_proto::{CategorySet, ConsentId, Party};

use super::{GivenBy, Grant, GrantKind, Period};
use crate::question::PurposeSet;

/// A grant in 64 bytes: one cache line.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) id: ConsentId,
    pub(super) version: u32,
    pub(super) instrument: Instrument,
    pub(super) given_by: GivenBy,
    pub(super) period: Period,
    pub(super) purposes: PurposeSet,
    pub(super) categories: CategorySet,
    pub(super) explicit: CategorySet,
    pub(super) disclosers: ListId,
    pub(super) recipients: ListId,
}

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
    lists: Vec<Vec<Party>>,
    places: HashMap<Vec<Party>, ListId>,
}

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
            period: grant.period,
            purposes: grant.purposes,
            categories: grant.categories,
            explicit: grant.explicit,
            disclosers: lists.place(&grant.disclosers),
            recipients: lists.place(&grant.recipients),
        }
    }
}

impl PartyLists {
    pub(super) fn get(&self, id: ListId) -> &[Party] {
        let place = usize::try_from(id.0).ok();
        place.and_then(|place| self.lists.get(place)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tells whether somebody on the list is the party, or the whole agency that it belongs to.
    pub(super) fn covers(&self, id: ListId, party: &Party) -> bool {
        self.get(id).iter().any(|named| named.covers(party))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let parties: usize = self.lists.iter().map(Vec::len).sum();
        2 * (parties * size_of::<Party>() + self.lists.len() * size_of::<Vec<Party>>())
    }

    fn place(&mut self, parties: &[Party]) -> ListId {
        if let Some(place) = self.places.get(parties) {
            return *place;
        }
        // More than four thousand million different lists do not fit any machine; the last place would stay empty.
        let place = ListId(u32::try_from(self.lists.len()).unwrap_or(u32::MAX));
        self.lists.push(parties.to_vec());
        self.places.insert(parties.to_vec(), place);
        place
    }
}
