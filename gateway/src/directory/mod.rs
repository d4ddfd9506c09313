//! Which services are there, who is where on which day, and to whom can a matter be referred?
//!
//! A directory is read whole from a file in the shape of the national service catalogue (PTV) and does not change
//! afterwards; another one takes its place. Nothing in it is about a young person. Days and times are those that a clock
//! in Finland shows.

mod ask;
mod check;
mod file;
mod hours;
mod load;
mod reload;
mod routing;
mod search;
mod week;

use std::collections::BTreeMap;

use polku_proto::{Party, v1};

pub use load::DirectoryError;
pub use routing::{Route, Routing};

use hours::Hours;
pub(crate) use reload::read_anew;

#[cfg(test)]
mod tests;

/// All services and places of service.
#[derive(Debug, Clone, Default)]
pub struct ServiceDirectory {
    organisations: BTreeMap<String, Organisation>,
    /// In the order of a search.
    services: Vec<Listing>,
    places: BTreeMap<String, Place>,
}

/// Whoever gives services.
#[derive(Debug, Clone)]
struct Organisation {
    message: v1::ServiceOrganization,
    /// Under which name it is referred to.
    recipient: Option<Party>,
}

/// A service.
#[derive(Debug, Clone)]
struct Listing {
    id: String,
    /// The id of the organisation that is responsible for it.
    organisation: String,
    message: v1::Service,
    /// All that free words are searched in, in lower case.
    words: String,
    /// The ids of the places that give it.
    places: Vec<String>,
}

/// A place of service.
#[derive(Debug, Clone)]
struct Place {
    message: v1::ServiceChannel,
    hours: Vec<Hours>,
}

impl ServiceDirectory {
    /// How many services are listed.
    #[must_use]
    pub fn services(&self) -> usize {
        self.services.len()
    }

    /// How many places of service are listed.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// The service of this id.
    fn service(&self, id: &str) -> Option<&Listing> {
        self.services.iter().find(|listing| listing.id == id)
    }
}

impl Listing {
    /// Where it stands in a search: the core network first, then by name.
    fn order(&self) -> Vec<u8> {
        let network = self.message.organization.as_ref().map_or(0, |organisation| organisation.network);
        let name = name(&self.message.service_names).to_lowercase();
        [&[u8::try_from(network).unwrap_or(u8::MAX)], name.as_bytes(), &[0], self.id.as_bytes()].concat()
    }
}

/// The name under which something is sorted: the Finnish one, or else the first.
fn name(texts: &[v1::LocalizedText]) -> &str {
    let names = || texts.iter().filter(|text| text.text_type() == v1::localized_text::TextType::Name);
    names().find(|text| text.language == "fi").or_else(|| names().next()).map_or("", |text| &text.value)
}

/// `services/{service}`.
fn service_name(id: &str) -> String {
    format!("{SERVICES}{id}")
}

/// What names of services begin with.
const SERVICES: &str = "services/";
/// What names of places of service begin with.
const PLACES: &str = "serviceChannels/";
