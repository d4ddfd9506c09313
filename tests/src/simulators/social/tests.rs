//! Do the simulated social services keep to their document?

mod faults;
mod register;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::contents;
use super::{SocialSettings, SocialSimulator, held};
use crate::pki;
use crate::simulators::client::{self, RawReply};
use crate::simulators::faults::Repetition;
use crate::simulators::ledger::TakenInKind;
use crate::simulators::tests::World;

const MESSAGE: &str = "0190aaaa-0000-7000-8000-000000000001";
const REFERRAL: &str = "0190aaaa-0000-7000-8000-0000000000ff";
const PERSON: &str = "urn:uuid:8190aaaa-0000-7000-8000-000000000001";

fn referral() -> Value {
    let own = json!({"system": "urn:polku:message", "value": MESSAGE});
    let known = json!({"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{REFERRAL}")});
    let party =
        |id: &str| json!({"type": "Organization", "identifier": {"system": "urn:polku:agency", "value": id}});
    let concept = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code}]});
    let request = |kind: &str, parameter: &str| {
        let condition = format!("{parameter}=urn:polku:message|{MESSAGE}");
        json!({"method": "POST", "url": kind, "ifNoneExist": condition})
    };
    let (asked, task) = (format!("urn:uuid:{REFERRAL}"), format!("urn:uuid:{MESSAGE}"));
    json!({
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": task},
        "type": "transaction",
        "timestamp": "2026-11-21T09:31:00Z",
        "entry": [
            {"fullUrl": PERSON, "request": request("Patient", "identifier"), "resource": {
                "resourceType": "Patient",
                "identifier": [own, {"use": "official", "system": "urn:oid:1.2.246.21", "value": "010594Y9032"}],
            }},
            {"fullUrl": asked, "request": request("ServiceRequest", "identifier"), "resource": {
                "resourceType": "ServiceRequest", "identifier": [known, own], "status": "active", "intent": "order",
                "category": [concept("urn:polku:purpose", "guidance")], "priority": "routine",
                "subject": {"reference": PERSON}, "authoredOn": "2026-11-21T09:30:00Z",
                "requester": party("ohjaamo"), "performer": [party("social")],
            }},
            {"fullUrl": task, "request": request("Task", "identifier"), "resource": {
                "resourceType": "Task", "identifier": [known, own], "status": "requested", "intent": "order",
                "businessStatus": concept("urn:polku:referral-state", "requested"), "priority": "routine",
                "code": concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
                "focus": {"reference": asked}, "for": {"reference": PERSON}, "authoredOn": "2026-11-21T09:30:00Z",
                "requester": party("ohjaamo"), "owner": party("social"),
            }},
            {"request": request("Provenance", "_tag"), "resource": {
                "resourceType": "Provenance", "meta": {"tag": [{"system": "urn:polku:message", "code": MESSAGE}]},
                "target": [{"reference": PERSON}, {"reference": asked}, {"reference": task}],
                "recorded": "2026-11-21T09:31:00Z",
                "activity": concept("urn:polku:activity", "referral-sent"),
                "agent": [{"type": concept("urn:x", "author"), "who": party("ohjaamo")}],
            }},
        ],
    })
}

#[test]
fn only_what_keeps_to_the_document_is_taken_in() {
    let read = contents::read(&referral()).unwrap_or_else(|complaint| panic!("{complaint}"));
    assert_eq!((read.kind, read.about.as_str(), read.entries), (TakenInKind::Referral, REFERRAL, 4));
    assert!(read.fields.iter().any(|(_, value)| value == "010594Y9032"));
    let wrong = [
        ("/type", json!("message")),
        ("/entry/0/request/ifNoneExist", json!("identifier=urn:oid:1.2.246.21|010594Y9032")),
        ("/entry/0/resource/gender", json!("female")),
        ("/entry/0/resource/identifier", json!([])),
        ("/entry/1/resource/priority", json!("stat")),
        ("/entry/1/resource/subject/reference", json!("urn:uuid:x")),
        (
            "/entry/1/resource/contained",
            json!([{"resourceType": "Observation", "id": "a", "status": "final"}]),
        ),
        ("/entry/2/resource/status", json!("accepted")),
        ("/entry/2/resource/owner/identifier/value", json!("social/nuoret")),
        ("/entry/2/resource/modifierExtension", json!([{"url": "x"}])),
        ("/entry/3/resource/target/0/reference", json!("urn:uuid:x")),
        ("/entry/3/resource/activity/coding/0/code", json!("plan-told")),
        ("/entry/0/resource/name", json!([{"text": "TURVAKIELTO"}])),
    ];
    for (path, value) in wrong {
        let mut message = referral();
        let (parent, name) = path.rsplit_once('/').unwrap();
        message.pointer_mut(parent).unwrap()[name] = value;
        assert!(contents::read(&message).is_err(), "{path}");
    }
}

struct County {
    world: World,
    social: SocialSimulator,
}

impl County {
    fn open() -> Self {
        Self::that_takes(Repetition::Recognised)
    }

    fn that_takes(repetition: Repetition) -> Self {
        let world = World::new();
        let usual = SocialSettings::new(world.tls(), world.official.clone());
        let social = SocialSimulator::start(SocialSettings { repetition, ..usual }).unwrap();
        Self { social, world }
    }

    async fn post(&self, path: &str, content_type: &str, id: &str, body: &str) -> RawReply {
        self.try_post(path, content_type, id, body).await.unwrap()
    }

    async fn try_post(
        &self,
        path: &str,
        content_type: &str,
        id: &str,
        body: &str,
    ) -> anyhow::Result<RawReply> {
        let authority = self.world.pki.authority_pem();
        let config = pki::mutual_client_config(authority, &self.world.gateway).unwrap();
        let service = "r1/FI-TEST/MUN/9999904-7/sosiaalihuolto/fhir";
        let url = format!("{}{service}{path}", self.social.base_url());
        let headers = [
            ("x-road-client", "FI-TEST/ORG/9999902-0/polku"),
            ("x-road-id", id),
            (
                "x-road-represented-party",
                if path.ends_with("_search") { "9999902-0" } else { "MUN/9999906-0" },
            ),
            ("x-road-userid", "FIpolku"),
            ("x-road-issue", if path.is_empty() { REFERRAL } else { id }),
            ("content-type", content_type),
        ];
        client::call(config, Method::POST, &url, &headers, body.to_owned()).await
    }

    async fn deliver(&self) -> anyhow::Result<RawReply> {
        self.try_post("", "application/fhir+json", MESSAGE, &referral().to_string()).await
    }

    /// How many resources say that the message has arrived.
    async fn found(&self, message: &str) -> anyhow::Result<RawReply> {
        let search = format!("_tag=urn%3Apolku%3Amessage%7C{message}");
        self.try_post("/Provenance/_search", "application/x-www-form-urlencoded", message, &search).await
    }

    fn effects(&self) -> u32 {
        self.social.ledger().effects(MESSAGE)
    }
}

fn json_of(reply: &RawReply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

#[tokio::test]
async fn a_message_takes_effect_once_and_is_found() {
    let county = County::open();
    let (fhir, form) = ("application/fhir+json", "application/x-www-form-urlencoded");
    let search = format!("_tag=urn%3Apolku%3Amessage%7C{MESSAGE}");
    let found = county.post("/Provenance/_search", form, MESSAGE, &search).await;
    assert_eq!(json_of(&found)["total"], 0);
    let first = county.post("", fhir, MESSAGE, &referral().to_string()).await;
    assert_eq!(first.status, StatusCode::OK);
    let last = json_of(&first)["entry"][3]["response"].clone();
    assert_eq!(last, json!({"status": "201 Created", "location": "Provenance/S-000001/_history/1"}));
    let again = county.post("", fhir, MESSAGE, &referral().to_string()).await;
    let last = json_of(&again)["entry"][3]["response"].clone();
    assert_eq!(last, json!({"status": "200 OK", "location": "Provenance/S-000001/_history/1"}));
    assert_eq!(county.social.ledger().effects(MESSAGE), 1);
    let found = county.post("/Provenance/_search", form, MESSAGE, &search).await;
    assert_eq!(json_of(&found)["entry"][0]["resource"]["id"], "S-000001");
    let other_id = county.post("", fhir, REFERRAL, &referral().to_string()).await;
    assert_eq!(other_id.status, StatusCode::UNPROCESSABLE_ENTITY);
    let plain = county.post("", "application/json", MESSAGE, &referral().to_string()).await;
    assert_eq!(plain.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(county.post("/Patient", fhir, MESSAGE, "{}").await.status, StatusCode::NOT_FOUND);
    county.social.stop();
}

#[tokio::test]
async fn what_is_held_is_told_to_whoever_asks_in_full() {
    let county = County::open();
    county.social.hold("010594Y9032", &held::specimen()).unwrap();
    let question = |hetu: &str| {
        let ohjaamo = json!({"system": "urn:polku:agency", "value": "ohjaamo"});
        json!({"resourceType": "Parameters", "parameter": [
            {"name": "query", "valueUri": format!("urn:uuid:{MESSAGE}")},
            {"name": "person", "valueIdentifier": {"system": "urn:oid:1.2.246.21", "value": hetu}},
            {"name": "purpose", "valueCoding": {"system": "urn:polku:purpose", "code": "guidance"}},
            {"name": "requester", "valueReference": {"identifier": ohjaamo}},
            {"name": "category", "valueCode": "housing"},
        ]})
    };
    let fhir = "application/fhir+json";
    let told = county.post("/$person-facts", fhir, MESSAGE, &question("010594Y9032").to_string()).await;
    let kinds: Vec<String> = json_of(&told)["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["resource"]["resourceType"].as_str().unwrap().to_owned())
        .collect();
    for kind in ["EpisodeOfCare", "Encounter", "Appointment", "Observation", "CarePlan", "Patient"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind}");
    }
    let nobody = county.post("/$person-facts", fhir, MESSAGE, &question("010594Y9021").to_string()).await;
    assert_eq!(json_of(&nobody)["total"], 0);
    let another = county.post("/$person-facts", fhir, REFERRAL, &question("010594Y9032").to_string()).await;
    assert_eq!(another.status, StatusCode::BAD_REQUEST);
    county.social.stop();
}
