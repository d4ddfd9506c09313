//! What stands in the file of a directory?
//!
//! The names are those of PTV's open interface, version 11 (`serviceChannelNames`, `serviceHours` and so on), as far as it
//! has them. Not in PTV: the ages of a service, the network and the recipient of an organisation, and of hours the actor,
//! the channel and the services. What has another name is refused.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct File {
    pub(super) organizations: Vec<Organization>,
    pub(super) services: Vec<Service>,
    pub(super) service_channels: Vec<ServiceChannel>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) organization_names: Vec<Text>,
    pub(super) network: String,
    pub(super) recipient: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Text {
    pub(super) language: String,
    pub(super) value: String,
    #[serde(rename = "type")]
    pub(super) text_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Area {
    #[serde(rename = "type")]
    pub(super) area_type: String,
    pub(super) area_codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Service {
    pub(super) id: String,
    #[serde(default)]
    pub(super) source_id: String,
    pub(super) organization_id: String,
    pub(super) service_names: Vec<Text>,
    #[serde(default)]
    pub(super) service_descriptions: Vec<Text>,
    #[serde(default)]
    pub(super) keywords: Vec<Text>,
    pub(super) languages: Vec<String>,
    pub(super) area_type: String,
    #[serde(default)]
    pub(super) areas: Vec<Area>,
    pub(super) minimum_age: Option<i32>,
    pub(super) maximum_age: Option<i32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ServiceChannel {
    pub(super) id: String,
    #[serde(default)]
    pub(super) source_id: String,
    #[serde(default)]
    pub(super) oid: String,
    pub(super) organization_id: String,
    pub(super) service_channel_names: Vec<Text>,
    pub(super) area_type: String,
    #[serde(default)]
    pub(super) areas: Vec<Area>,
    pub(super) languages: Vec<String>,
    #[serde(default)]
    pub(super) addresses: Vec<Address>,
    #[serde(default)]
    pub(super) phone_numbers: Vec<Phone>,
    #[serde(default)]
    pub(super) emails: Vec<Text>,
    #[serde(default)]
    pub(super) web_pages: Vec<WebPage>,
    pub(super) services: Vec<String>,
    #[serde(default)]
    pub(super) service_hours: Vec<ServiceHour>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Address {
    #[serde(rename = "type")]
    pub(super) address_type: String,
    pub(super) street_address: StreetAddress,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StreetAddress {
    pub(super) street: Vec<Text>,
    #[serde(default)]
    pub(super) street_number: String,
    pub(super) postal_code: String,
    #[serde(default)]
    pub(super) post_office: Vec<Text>,
    pub(super) municipality: String,
    #[serde(default)]
    pub(super) additional_information: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Phone {
    pub(super) language: String,
    #[serde(default)]
    pub(super) prefix_number: String,
    pub(super) number: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WebPage {
    pub(super) language: String,
    #[serde(default)]
    pub(super) value: String,
    pub(super) url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ServiceHour {
    pub(super) service_hour_type: String,
    pub(super) valid_from: Option<String>,
    pub(super) valid_to: Option<String>,
    #[serde(default)]
    pub(super) is_closed: bool,
    #[serde(default)]
    pub(super) is_reservation: bool,
    #[serde(default)]
    pub(super) opening_hour: Vec<OpeningHour>,
    #[serde(default)]
    pub(super) additional_information: Vec<Text>,
    pub(super) actor_organisation: Option<String>,
    pub(super) channel: Option<String>,
    #[serde(default)]
    pub(super) services: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OpeningHour {
    pub(super) day_from: Option<String>,
    pub(super) day_to: Option<String>,
    pub(super) from: String,
    pub(super) to: String,
}
