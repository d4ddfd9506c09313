//! Does the adapter speak as README.md says, and take nothing else in?
#![expect(
    clippy::needless_pass_by_value,
    reason = "documents are put together of parts that nobody else needs"
)]

mod answered;
mod answers_round_trip;
mod build;
mod categories;
mod disclosures;
mod facts;
mod facts_round_trip;
mod golden;
mod moments;
mod patched;
mod received;
mod refused;
mod replies;
mod round_trip;
mod said;
mod standing;

use http::HeaderMap;
use polku_proto::v1::delivery::Item;
use serde_json::{Value, json};

use super::*;
use crate::InboundEvent;
use crate::agencies::trial;

const PIN: [u8; 32] = [0xab; 32];
const COUNTY: &str = "FI-TEST/GOV/0245437-2/sosiaalihuolto";

fn settings() -> toml::Table {
    let text = format!(
        r#"
        url = "https://security-server.example:8443/"
        user_id = "polku"
        inbound_certificate_sha256 = ["{pin}"]

        [connection]
        ca_file = "{ca}"

        [client]
        instance = "FI-TEST"
        member_class = "COM"
        member_code = "0204819-8"
        subsystem_code = "polku"

        [service]
        instance = "FI-TEST"
        member_class = "GOV"
        member_code = "0245437-2"
        subsystem_code = "sosiaalihuolto"

        [represented_party]
        class = "MUN"
        code = "0186690-1"

        [organisations]
        social = "0245437-2"
        "#,
        pin = "ab".repeat(32),
        ca = trial::ca_file().display(),
    );
    text.parse().unwrap()
}

fn social() -> SocialServices {
    let mut table = settings();
    let way = XroadRest::take(&mut table, &Network::Tls).unwrap();
    let settings: Settings = table.try_into().unwrap();
    let organisations = settings.organisations().unwrap();
    SocialServices {
        agency: trial::agency("social"),
        way,
        organisations,
        redelivery: Redelivery::Deduplicates,
    }
}

/// What is written for a delivery.
fn message(delivery: Delivery) -> Message {
    let (delivery, decision) = trial::spent(delivery);
    written(delivery, &decision).unwrap()
}

fn written(delivery: Delivery, decision: &Decision) -> Result<Message, AdapterErrorKind> {
    social().message(delivery, decision, trial::now()).map_err(|failure| failure.kind)
}

fn bundle(delivery: Delivery) -> Value {
    serde_json::from_slice(&message(delivery).body).unwrap()
}

fn to_social(item: Item) -> Delivery {
    trial::delivery("social", item)
}

fn plan_to_social() -> Delivery {
    let delivery = to_social(Item::PlanPart(trial::plan_part()));
    Delivery { referral: String::new(), professional: "ohjaaja-7".into(), ..delivery }
}

/// A message of the county, as it arrives.
fn receive(bundle: &Value) -> Result<InboundEvent, InboundError> {
    receive_bytes(bundle.to_string().as_bytes())
}

fn receive_bytes(body: &[u8]) -> Result<InboundEvent, InboundError> {
    let inbound = Inbound { headers: &headers(), body, peer: Some(PIN), now: trial::now() };
    social().receive(&inbound).map(|received| received.event)
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-road-client", COUNTY),
        ("x-road-id", trial::MESSAGE),
        ("content-type", "application/fhir+json; charset=utf-8"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    headers
}

/// The Provenance of a message of the county about these resources.
fn provenance(activity: &str, targets: &[&str]) -> Value {
    let targets: Vec<Value> = targets.iter().map(|target| json!({"reference": target})).collect();
    json!({
        "request": {"method": "POST", "url": "Provenance"},
        "resource": {
            "resourceType": "Provenance",
            "target": targets,
            "recorded": "2026-11-21T09:30:59Z",
            "activity": {"coding": [{"system": "urn:polku:activity", "code": activity}]},
            "agent": [{
                "type": {"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
                    "code": "author",
                }]},
                "who": {
                    "type": "Practitioner",
                    "identifier": {"system": "urn:polku:professional", "value": "sosiaaliohjaaja-3"},
                },
                "onBehalfOf": {
                    "type": "Organization",
                    "identifier": {"system": "urn:polku:agency", "value": "social/nuoret"},
                },
            }],
        },
    })
}

const TASK: &str = "urn:uuid:0193c5a0-0000-7000-8000-0000000000aa";

/// A message of the county about a referral: a Task with these elements beside the usual ones.
fn task_bundle(activity: &str, more: Value) -> Value {
    let mut task = json!({
        "resourceType": "Task",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", trial::REFERRAL)}],
        "intent": "order",
    });
    for (name, value) in more.as_object().unwrap() {
        task[name] = value.clone();
    }
    json!({
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", trial::MESSAGE)},
        "type": "transaction",
        "entry": [
            {"fullUrl": TASK, "request": {"method": "PUT", "url": "Task"}, "resource": task},
            provenance(activity, &[TASK]),
        ],
    })
}

fn state(status: &str, code: &str) -> Value {
    json!({
        "status": status,
        "businessStatus": {"coding": [{"system": "urn:polku:referral-state", "code": code}]},
    })
}

fn and(mut object: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}
