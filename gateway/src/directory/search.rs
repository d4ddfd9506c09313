//! Which services fit what is asked for?

use jiff::civil::Date;
use polku_proto::Party;
use polku_proto::v1::service_hour::Channel;
use polku_proto::v1::{self, ServiceNetwork};

use super::hours::Hours;
use super::{Listing, Place, ServiceDirectory};

/// What a service has to fit; what is absent is not asked for. Free words may say anything: there is no `Debug`.
#[derive(Clone)]
pub(super) struct Query {
    /// In lower case.
    pub(super) words: Vec<String>,
    pub(super) municipality: Option<String>,
    pub(super) language: Option<String>,
    /// In full years.
    pub(super) age: Option<i32>,
    pub(super) date: Option<Date>,
    pub(super) channel: Option<Channel>,
    pub(super) network: Option<ServiceNetwork>,
    /// Hours that have ended before do not count where no date is asked for.
    pub(super) today: Date,
}

impl Query {
    /// Asks for nothing.
    pub(super) fn on(today: Date) -> Query {
        Query {
            words: Vec::new(),
            municipality: None,
            language: None,
            age: None,
            date: None,
            channel: None,
            network: None,
            today,
        }
    }
}

impl ServiceDirectory {
    /// All that fits, in the order of a search.
    pub(super) fn search<'a>(&'a self, query: &'a Query) -> impl Iterator<Item = &'a Listing> {
        self.services.iter().filter(|listing| listing.fits(query) && self.is_given(listing, query))
    }

    /// Whether there are services of whoever is referred to by this name, or by the agency's, and none is for this age.
    pub(crate) fn is_without_services_for(&self, recipient: &Party, age: i32) -> bool {
        let is_theirs = |listing: &&Listing| {
            let owner = self.organisations.get(&listing.organisation);
            let owner = owner.and_then(|owner| owner.recipient.as_ref());
            owner.is_some_and(|owner| owner == recipient || *owner == Party::whole(recipient.agency.clone()))
        };
        let mut theirs = self.services.iter().filter(is_theirs).peekable();
        theirs.peek().is_some() && !theirs.any(|listing| listing.is_for_age(age))
    }

    /// Whether it is given somewhere where the query can be met. What has no place fits if no hours are asked for.
    fn is_given(&self, listing: &Listing, query: &Query) -> bool {
        let asks_hours = query.date.is_some() || query.channel.is_some();
        let mut places = listing.places.iter().filter_map(|id| self.places.get(id)).peekable();
        if places.peek().is_none() {
            return !asks_hours;
        }
        places.any(|place| {
            covers(&place.message.areas, query.municipality.as_deref())
                && speaks(&place.message.languages, query.language.as_deref())
                && (!asks_hours || place.is_giving(listing, query))
        })
    }
}

impl Listing {
    /// Whether it fits, wherever it is given.
    pub(super) fn fits(&self, query: &Query) -> bool {
        let network = self.message.organization.as_ref().map(v1::ServiceOrganization::network);
        query.words.iter().all(|word| self.words.contains(word))
            && covers(&self.message.areas, query.municipality.as_deref())
            && speaks(&self.message.languages, query.language.as_deref())
            && query.age.is_none_or(|age| self.is_for_age(age))
            && query.network.is_none_or(|wanted| network == Some(wanted))
    }

    fn is_for_age(&self, age: i32) -> bool {
        self.message.minimum_age.is_none_or(|least| least <= age)
            && self.message.maximum_age.is_none_or(|most| age <= most)
    }
}

impl Place {
    fn is_giving(&self, listing: &Listing, query: &Query) -> bool {
        let fits =
            |hours: &Hours| hours.is_met(query.channel) && hours.gives(&listing.id, &listing.organisation);
        match query.date {
            Some(date) => self.on(date).entries.iter().any(|(hours, _)| fits(hours)),
            None => {
                let lasts = |hours: &Hours| hours.last.is_none_or(|last| query.today <= last);
                self.hours.iter().any(|hours| lasts(hours) && fits(hours))
            }
        }
    }
}

fn covers(areas: &[v1::ServiceArea], municipality: Option<&str>) -> bool {
    let holds = |code: &str| areas.iter().flat_map(|area| &area.area_codes).any(|own| own == code);
    areas.is_empty() || municipality.is_none_or(holds)
}

fn speaks(languages: &[String], language: Option<&str>) -> bool {
    language.is_none_or(|wanted| languages.iter().any(|own| own == wanted))
}
