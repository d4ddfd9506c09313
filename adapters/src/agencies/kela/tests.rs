//! Does the adapter speak as README.md says, and take nothing else in?

mod answers;
mod answers_round_trip;
mod build;
mod categories;
mod golden;
mod held;
mod moments;
mod plan_round_trip;
mod plans;
mod received;
mod referrals;
mod said_round_trip;
mod told;

use std::sync::LazyLock;

use bytes::Bytes;
use http::HeaderValue;
use polku_policy::Decision;

use super::*;
use crate::agencies::envelope::Envelope;
use crate::agencies::trial;
use crate::agencies::xroad_rest::read;
use crate::transport::http::Answer;

const PIN: [u8; 32] = [0xAB; 32];

/// A good table.
fn table() -> toml::Table {
    let text = format!(
        r#"
        url = "https://ss.example/"
        client = {{ instance = "FI-TEST", member_class = "ORG", member_code = "9999902-0", subsystem_code = "polku" }}
        service = {{ instance = "FI-TEST", member_class = "GOV", member_code = "9999903-9", subsystem_code = "etuudet" }}
        user_id = "polku"
        represented_party = {{ code = "yhteinen" }}
        represented_parties.ohjaamo = {{ class = "MUN", code = "9999904-7" }}
        inbound_certificate_sha256 = ["{pin}"]
        connection.ca_file = "{ca}"
        nuotti = {{ from = 16, below = 30 }}
        "#,
        pin = "ab".repeat(32),
        ca = trial::ca_file().display(),
    );
    text.parse().unwrap()
}

fn kela() -> Kela {
    let mut table = table();
    let xroad = XroadRest::take(&mut table, &Network::Tls).unwrap();
    let settings: Settings = table.try_into().unwrap();
    let nuotti = settings.nuotti().unwrap();
    Kela { agency: trial::agency("kela"), xroad, redelivery: settings.redelivery, nuotti }
}

/// Who can have Nuotti coaching today.
fn coached() -> Coached {
    Coached { ages: kela().nuotti, now: trial::now() }
}

/// A decision under a consent for everything. It takes longer to make than a case of a property.
static DECISION: LazyLock<Decision> = LazyLock::new(|| {
    let news = polku_proto::v1::delivery::Item::Notice(trial::notice());
    trial::spent(trial::delivery("kela", news)).1
});

/// A message to Kela under a consent for everything, and its purpose whatever the engine is asked for.
fn message(delivery: Delivery) -> Message {
    Message::of(Envelope::open(delivery).unwrap(), &trial::agency("kela"), &DECISION, coached()).unwrap()
}

fn json(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).unwrap()
}

/// What an answer to this is, with the headers of X-Road, comes to.
fn provided(ask: Ask<'_>, status: u16, body: &str) -> Result<Provided, Failure> {
    let call = kela().xroad.call(ask).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-road-client", call.client.to_string()),
        ("x-road-service", call.service.to_string()),
        ("x-road-id", call.id.clone()),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).unwrap());
    }
    let (status, body) = (StatusCode::from_u16(status).unwrap(), Bytes::from(body.to_owned()));
    read(&call, &Answer { status, headers, body })
}
