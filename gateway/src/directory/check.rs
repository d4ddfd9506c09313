//! Does the file of a directory hold together, and what is made of it?

mod hours;
mod place;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::v1::{self, ServiceNetwork};
use polku_proto::{Party, is_plain};
use prost::Message as _;

use super::file::{File, Organization, Service};
use super::{Listing, Organisation, Place, ServiceDirectory, service_name};
use crate::config::{Problem, Problems, Units, quoted};
use texts::{At, DESCRIPTION, NAME};

const ID: &str = "1 to 64 letters, digits, dots, underscores and hyphens, and no personal identity code";
const NETWORKS: [(&str, ServiceNetwork); 2] =
    [("core", ServiceNetwork::Core), ("partner", ServiceNetwork::Partner)];
/// The highest age, in full years.
const OLDEST: i32 = 120;
/// How large a service may be with all its places, in bytes: a page of an answer has room for a few.
const LARGEST_SERVICE: usize = 1024 * 1024;

/// Reads a text and checks it whole.
pub(super) fn parse(
    text: &str,
    agencies: &polku_policy::Directory,
    units: &Units,
) -> Result<ServiceDirectory, Vec<Problem>> {
    let file: File = serde_json::from_str(text).map_err(|error| vec![malformed(&error)])?;
    let problems = Problems::default();
    let is_known = |party: &Party| agencies.agency(&party.agency).is_some() && units.has(party);
    let directory = read(&file, &is_known, &At::top(&problems));
    if problems.is_empty() { Ok(directory) } else { Err(problems.into_vec()) }
}

/// What serde says, without its own mention of the place.
fn malformed(error: &serde_json::Error) -> Problem {
    let said = error.to_string();
    let found = said.split(" at line ").next().unwrap_or_default();
    Problem {
        key: format!("column {}", error.column()),
        line: Some(error.line()),
        found: found.chars().map(|letter| if is_plain(letter) { letter } else { '?' }).take(200).collect(),
        expected: "JSON with organizations, services and serviceChannels in the shape of PTV".into(),
        why: "",
    }
}

fn read(file: &File, is_known: &dyn Fn(&Party) -> bool, top: &At<'_>) -> ServiceDirectory {
    let mut organisations = BTreeMap::new();
    for (index, organization) in file.organizations.iter().enumerate() {
        let at = top.item("organizations", index);
        let read = organisation(organization, is_known, &at);
        add(&mut organisations, &organization.id, read, &at);
    }
    let mut services = BTreeMap::new();
    for (index, listed) in file.services.iter().enumerate() {
        let at = top.item("services", index);
        let read = service(listed, &organisations, &at);
        add(&mut services, &listed.id, read, &at);
    }
    let mut places = BTreeMap::new();
    for (index, channel) in file.service_channels.iter().enumerate() {
        let at = top.item("serviceChannels", index);
        let read = place::place(channel, &organisations, &services, &at);
        add(&mut places, &channel.id, read, &at);
    }
    let mut services: Vec<Listing> = services.into_values().collect();
    for listing in &mut services {
        give(listing, &places, top);
    }
    services.sort_by_cached_key(Listing::order);
    ServiceDirectory { organisations, services, places }
}

/// Adds what has an id, once.
fn add<T>(all: &mut BTreeMap<String, T>, id: &str, read: T, at: &At<'_>) {
    let fits = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if id.is_empty() || id.len() > 64 || !fits || polku_proto::identity::has_hetu(id) {
        at.wrong("id", quoted(id), ID);
    } else if all.insert(id.to_owned(), read).is_some() {
        at.wrong("id", format!("{} a second time", quoted(id)), "every id once");
    }
}

fn organisation(organization: &Organization, is_known: &dyn Fn(&Party) -> bool, at: &At<'_>) -> Organisation {
    let network = at.one_of("network", &organization.network, &NETWORKS).unwrap_or_default();
    let recipient = organization.recipient.as_deref().and_then(|text| {
        let party = text.parse::<Party>().ok().filter(is_known);
        if party.is_none() {
            at.wrong(
                "recipient",
                quoted(text),
                "an [[agency]], or a unit that is registered for it: {agency} or {agency}/{unit}",
            );
        }
        party
    });
    let message = v1::ServiceOrganization {
        id: organization.id.clone(),
        organization_names: at.names("organizationNames", &organization.organization_names),
        network: network.into(),
        recipient: recipient.as_ref().map(Party::to_string).unwrap_or_default(),
    };
    Organisation { message, recipient }
}

fn service(service: &Service, organisations: &BTreeMap<String, Organisation>, at: &At<'_>) -> Listing {
    let (least, most) = (service.minimum_age, service.maximum_age);
    for (key, age) in [("minimumAge", least), ("maximumAge", most)] {
        if let Some(age) = age.filter(|age| !(0..=OLDEST).contains(age)) {
            at.wrong(key, age.to_string(), format!("an age in full years, from 0 to {OLDEST}"));
        }
    }
    if let (Some(least), Some(most)) = (least, most)
        && most < least
    {
        at.wrong("maximumAge", most.to_string(), format!("{least} or more, as minimumAge"));
    }
    let message = v1::Service {
        name: service_name(&service.id),
        source_id: at.line("sourceId", &service.source_id, NAME),
        organization: owner(&service.organization_id, organisations, at),
        service_names: at.names("serviceNames", &service.service_names),
        service_descriptions: at.texts("serviceDescriptions", &service.service_descriptions, DESCRIPTION),
        keywords: at.texts("keywords", &service.keywords, NAME),
        languages: at.languages(&service.languages),
        areas: at.areas(&service.area_type, &service.areas),
        minimum_age: least,
        maximum_age: most,
        service_channels: Vec::new(),
    };
    Listing {
        id: service.id.clone(),
        organisation: service.organization_id.clone(),
        message,
        words: String::new(),
        places: Vec::new(),
    }
}

/// The organisation that something belongs to.
fn owner(
    id: &str,
    organisations: &BTreeMap<String, Organisation>,
    at: &At<'_>,
) -> Option<v1::ServiceOrganization> {
    let owner = organisations.get(id);
    if owner.is_none() {
        at.wrong("organizationId", quoted(id), "the id of one of the organizations");
    }
    owner.map(|owner| owner.message.clone())
}

/// Says where a service is given, and notes the words that it is found by.
fn give(listing: &mut Listing, places: &BTreeMap<String, Place>, top: &At<'_>) {
    let message = &mut listing.message;
    for (id, place) in places {
        if place.message.services.contains(&message.name) {
            message.service_channels.push(place.message.clone());
            listing.places.push(id.clone());
        }
    }
    let own = [&message.service_names, &message.service_descriptions, &message.keywords];
    let organisation = message.organization.iter().map(|organisation| &organisation.organization_names);
    let given = message.service_channels.iter().map(|place| &place.service_channel_names);
    let texts = own.into_iter().chain(organisation).chain(given).flatten();
    let words: BTreeSet<String> = texts.map(|text| text.value.to_lowercase()).collect();
    listing.words = words.into_iter().collect::<Vec<_>>().join("\n");
    let size = message.encoded_len();
    if size > LARGEST_SERVICE {
        let found = format!("{} with {size} bytes, all its places included", quoted(&listing.id));
        top.wrong("services", found, format!("services of at most {LARGEST_SERVICE} bytes"));
    }
}
