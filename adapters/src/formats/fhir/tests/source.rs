//! Is it kept who recorded a consent elsewhere, and when, and is one without exactly one recorder refused?

use polku_proto::v1::ConsentSource;
use polku_proto::v1::consent_source::Recorder as By;

use super::*;

const AGENT: &str = "Bundle.entry[1].resource.agent";

fn bundle(recorder: &Recorder) -> Value {
    export_sote(&consent(permit_terms()), Some(&hetu()), recorder, &parties).unwrap()
}

fn professional() -> Recorder {
    let (agency, unit) = ("social".parse().unwrap(), "lapsiperheet".parse().unwrap());
    Recorder::Professional { id: "t-17".into(), agency, unit }
}

fn source(document: &Value) -> ConsentSource {
    read(document, Reading::R4Literal).consents.first().unwrap().source.clone()
}

/// When it was given, and when recorded.
fn times(source: &ConsentSource) -> [String; 2] {
    let told = [&source.give_time, &source.record_time];
    told.map(|time| time.as_ref().map(|time| time::from_wire(time).unwrap().to_string()).unwrap_or_default())
}

fn with_agents(agents: Value) -> Value {
    let mut document = bundle(&Recorder::Client);
    document["entry"][1]["resource"]["agent"] = agents;
    document
}

#[test]
fn what_leaves_says_who_recorded_it_when_it_comes_back() {
    for (recorder, by, unit, id) in [
        (
            professional(),
            By::Professional,
            "urn:polku:agency|social/lapsiperheet",
            "urn:polku:professional|t-17",
        ),
        (Recorder::Client, By::Subject, "", ""),
        (Recorder::LegalRepresentative, By::Representative, "", ""),
    ] {
        let found = source(&bundle(&recorder));
        assert_eq!((found.recorder(), found.unit.as_str(), found.professional.as_str()), (by, unit, id));
        assert_eq!(times(&found), ["2025-12-31T08:00:00Z", "2025-12-31T08:00:00Z"]);
    }
    // A consent alone says when it was given.
    let alone = source(&document());
    assert_eq!(times(&alone), ["2025-12-31T08:00:00Z", ""]);
    assert_eq!(alone, ConsentSource { give_time: alone.give_time, ..ConsentSource::default() });
}

#[test]
fn times_of_others() {
    let day = with(document(), json!({"dateTime": "2025-12-31"}));
    assert_eq!(times(&source(&day)), ["2025-12-30T22:00:00Z", ""], "the day begins in Finland");
    refused(
        &with(document(), json!({"dateTime": "soon"})),
        Reading::R4Literal,
        "Consent.dateTime",
        Problem::Form,
    );
    let mut dated = day;
    dated["date"] = json!("2025-12-30");
    let early = with(dated.clone(), json!({"date": "0000"}));
    refused(&early, Reading::R5Negation, "Consent.date", Problem::Form);
    let early = with(document(), json!({"dateTime": "0000"}));
    refused(&early, Reading::R4Literal, "Consent.dateTime", Problem::Form);
    let dated = read(&dated, Reading::R5Negation);
    assert_eq!(times(&dated.consents.first().unwrap().source), ["2025-12-29T22:00:00Z", ""]);

    let mut document = bundle(&professional());
    document["entry"][1]["resource"]["recorded"] = json!("2026-01-02T03:04:05Z");
    assert_eq!(times(&source(&document)), ["2025-12-31T08:00:00Z", "2026-01-02T03:04:05Z"]);
    document["entry"][1]["resource"]["recorded"] = json!("2026-01-02");
    let place = "Bundle.entry[1].resource.recorded";
    refused(&document, Reading::R4Literal, place, Problem::Form);
    document["entry"][1]["resource"].as_object_mut().unwrap().remove("recorded");
    refused(&document, Reading::R4Literal, place, Problem::Missing);
}

/// domain.md 1.8: exactly one of a professional, who has a service unit, the client, and a legal representative.
#[test]
fn exactly_one_recorder() {
    let unit = json!({"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.246.10.1.10.2"}});
    let named =
        |id: &str| json!({"type": "Practitioner", "identifier": {"system": "urn:elsewhere", "value": id}});
    let found = source(&with_agents(json!([{"who": named("7"), "onBehalfOf": unit}])));
    assert_eq!(
        (found.recorder(), found.unit.as_str(), found.professional.as_str()),
        (By::Professional, "urn:ietf:rfc:3986|urn:oid:1.2.246.10.1.10.2", "urn:elsewhere|7")
    );
    let client = json!({"who": {"type": "Patient"}});
    let other =
        json!({"type": "Patient", "identifier": {"system": "urn:oid:1.2.246.21", "value": "010594Y9021"}});
    let coded =
        json!({"type": "Practitioner", "identifier": {"system": "urn:oid:1.2.246.21", "value": HETU}});
    let long = "7".repeat(200);
    for (agents, place, problem) in [
        (json!([client, client]), "", Problem::Unsupported),
        (json!([{"who": {"type": "Practitioner"}}]), "[0].onBehalfOf", Problem::Missing),
        (
            json!([{"who": {"type": "Practitioner"}, "onBehalfOf": {"display": "north"}}]),
            "[0].onBehalfOf.identifier",
            Problem::Missing,
        ),
        (json!([{"who": {"type": "Patient"}, "onBehalfOf": unit}]), "[0].onBehalfOf", Problem::Unsupported),
        (
            json!([{"who": {"type": "RelatedPerson"}, "onBehalfOf": unit}]),
            "[0].onBehalfOf",
            Problem::Unsupported,
        ),
        (json!([{"who": other}]), "[0].who", Problem::Unrelated),
        (json!([{"who": {"reference": "Patient/2"}}]), "[0].who", Problem::Unknown),
        (json!([{"who": {"type": "Device"}}]), "[0].who", Problem::Unknown),
        (json!([{"who": coded, "onBehalfOf": unit}]), "[0].who", Problem::Unsupported),
        (json!([{"who": named(HETU), "onBehalfOf": unit}]), "[0].who", Problem::Unsupported),
        (json!([{"who": named(&long), "onBehalfOf": unit}]), "[0].who", Problem::TooMuch),
        (json!([{"type": {"text": "enterer"}}]), "[0].who", Problem::Missing),
    ] {
        refused(&with_agents(agents), Reading::R4Literal, &format!("{AGENT}{place}"), problem);
    }
    let mut nobody = bundle(&Recorder::Client);
    nobody["entry"][1]["resource"].as_object_mut().unwrap().remove("agent");
    refused(&nobody, Reading::R4Literal, AGENT, Problem::Missing);
    // Two say it of the same consent.
    let document = bundle(&professional());
    let entries = document["entry"].as_array().unwrap();
    let twice = json!({"entry": [entries[0], entries[1], entries[1]]});
    refused(&with(document.clone(), twice), Reading::R4Literal, "Bundle.entry[0]", Problem::Unrelated);
}

#[test]
fn each_consent_of_a_bundle_has_its_own() {
    let document = bundle(&Recorder::Client);
    let first = document["entry"].as_array().unwrap().clone();
    let mut second = bundle(&professional())["entry"].as_array().unwrap().clone();
    second[0]["fullUrl"] = json!("urn:uuid:second");
    second[1]["resource"]["target"][0]["reference"] = json!("urn:uuid:second");
    let imported = read(&with(document, json!({"entry": ([first, second].concat())})), Reading::R4Literal);
    let found: Vec<By> = imported.consents.iter().map(|permission| permission.source.recorder()).collect();
    assert_eq!(found, [By::Subject, By::Professional]);
}
