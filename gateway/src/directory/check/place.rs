//! Is a place of service as it has to be?

use std::collections::BTreeMap;

use polku_proto::v1::{self, ServiceAddress, ServicePhone, ServiceWebPage};

use super::hours::hours;
use super::owner;
use super::texts::{At, DESCRIPTION, NAME};
use crate::config::quoted;
use crate::directory::file::{Address, Phone, ServiceChannel, WebPage};
use crate::directory::{Listing, Organisation, PLACES, Place, service_name};

/// The longest address of a page, in bytes.
const URL: usize = 2_000;

pub(super) fn place(
    channel: &ServiceChannel,
    organisations: &BTreeMap<String, Organisation>,
    services: &BTreeMap<String, Listing>,
    at: &At<'_>,
) -> Place {
    for (index, id) in channel.services.iter().enumerate() {
        if !services.contains_key(id) {
            at.wrong(&format!("services[{index}]"), quoted(id), "the id of one of the services");
        }
    }
    at.not_too_many("services", channel.services.len());
    at.not_too_many("addresses", channel.addresses.len());
    at.not_too_many("phoneNumbers", channel.phone_numbers.len());
    at.not_too_many("webPages", channel.web_pages.len());
    at.not_too_many("serviceHours", channel.service_hours.len());
    let hours: Vec<_> = (channel.service_hours.iter().enumerate())
        .filter_map(|(index, hour)| hours(hour, channel, organisations, &at.item("serviceHours", index)))
        .collect();
    let addresses = channel.addresses.iter().enumerate();
    let phones = channel.phone_numbers.iter().enumerate();
    let pages = channel.web_pages.iter().enumerate();
    let message = v1::ServiceChannel {
        name: format!("{PLACES}{}", channel.id),
        source_id: at.line("sourceId", &channel.source_id, NAME),
        oid: at.line("oid", &channel.oid, NAME),
        organization: owner(&channel.organization_id, organisations, at),
        service_channel_names: at.names("serviceChannelNames", &channel.service_channel_names),
        areas: at.areas(&channel.area_type, &channel.areas),
        languages: at.languages(&channel.languages),
        addresses: addresses.map(|(index, own)| address(own, &at.item("addresses", index))).collect(),
        phone_numbers: phones.map(|(index, own)| phone(own, &at.item("phoneNumbers", index))).collect(),
        emails: at.texts("emails", &channel.emails, NAME),
        web_pages: pages.map(|(index, own)| page(own, &at.item("webPages", index))).collect(),
        services: channel.services.iter().map(|id| service_name(id)).collect(),
        service_hours: hours.iter().map(|hours| hours.message.clone()).collect(),
    };
    Place { message, hours }
}

fn address(address: &Address, at: &At<'_>) -> ServiceAddress {
    // Where letters go is not where people meet.
    at.one_of("type", &address.address_type, &[("Location", ())]);
    let street = &address.street_address;
    let code = &street.postal_code;
    if code.len() != 5 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        at.wrong("streetAddress.postalCode", quoted(code), "a postal code: five digits");
    }
    if street.street.is_empty() {
        at.wrong("streetAddress.street", "none", "the name of a street in at least one language");
    }
    ServiceAddress {
        street: at.texts("streetAddress.street", &street.street, NAME),
        street_number: at.line("streetAddress.streetNumber", &street.street_number, 30),
        postal_code: code.clone(),
        post_office: at.texts("streetAddress.postOffice", &street.post_office, NAME),
        municipality: at.municipality("streetAddress.municipality", &street.municipality),
        additional_information: at.texts(
            "streetAddress.additionalInformation",
            &street.additional_information,
            DESCRIPTION,
        ),
    }
}

fn phone(phone: &Phone, at: &At<'_>) -> ServicePhone {
    let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b" +".contains(&byte));
    for (key, text) in [("prefixNumber", &phone.prefix_number), ("number", &phone.number)] {
        if text.len() > 20 || !fits(text) || (key == "number" && text.is_empty()) {
            at.wrong(key, quoted(text), "at most 20 digits and spaces");
        }
    }
    ServicePhone {
        language: at.language("language", &phone.language),
        prefix_number: phone.prefix_number.clone(),
        number: phone.number.clone(),
    }
}

fn page(page: &WebPage, at: &At<'_>) -> ServiceWebPage {
    let uri = page.url.parse::<http::Uri>().ok();
    let is_https = uri.is_some_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some());
    if !is_https || page.url.len() > URL {
        at.wrong("url", quoted(&page.url), "an address that begins with https://");
    }
    ServiceWebPage {
        language: at.language("language", &page.language),
        value: at.line("value", &page.value, NAME),
        url: page.url.clone(),
    }
}
