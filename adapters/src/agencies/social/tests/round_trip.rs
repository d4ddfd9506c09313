//! Is nothing lost of what is permitted? What the adapter writes is read back as if another gateway had sent it.

use std::sync::LazyLock;

use polku_policy::Viewer;
use polku_proto::time;
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{
    DeliveryState, Outcome, PlanPart, ReferralContent, ReferralHandover, ReferralNotice, ReferralState,
    RejectionReason,
};
use proptest::prelude::*;

use super::patched::task_after;
use super::*;
use crate::agencies::event::read_code;
use crate::agencies::trial::any;
use crate::{InboundChange, InboundMatter};

// Both take longer to make than a case.
pub(super) static SOCIAL: LazyLock<SocialServices> = LazyLock::new(social);
static DECISION: LazyLock<Decision> =
    LazyLock::new(|| trial::spent(to_social(Item::Handover(trial::handover(None)))).1);

/// Turns a message to social services into one of the sender's own system to its gateway: there, a professional of a
/// unit stands behind it.
pub(super) fn turned(delivery: Delivery) -> Value {
    let message = SOCIAL.message(delivery, &DECISION, trial::now()).map_err(|failure| failure.kind).unwrap();
    let mut bundle: Value = serde_json::from_slice(&message.body).unwrap();
    let agent = bundle.pointer_mut(&format!("/entry/{}/resource/agent/0", message.entries - 1)).unwrap();
    agent["onBehalfOf"]["identifier"] = json!({"system": "urn:polku:agency", "value": "ohjaamo/keskusta"});
    bundle
}

fn read(bundle: &Value) -> InboundMatter {
    let own = trial::agency("ohjaamo");
    let event = inbound::reader(&own, &SOCIAL.organisations).event(bundle.to_string().as_bytes());
    event.unwrap_or_else(|error| panic!("{error}\n{bundle:#}")).matter
}

pub(super) fn from_professional(item: Item) -> Delivery {
    Delivery { professional: "ohjaaja-7".into(), ..to_social(item) }
}

fn bare(content: ReferralContent) -> ReferralContent {
    ReferralContent { identity_code: String::new(), ..content }
}

/// Somebody must be named: social services are told nothing, and tell nothing, of nobody.
fn named(content: Option<ReferralContent>) -> Option<ReferralContent> {
    Some(ReferralContent { identity_code: "010594Y9032".into(), ..content.unwrap_or_default() })
}

/// Parts of plans that can be written: with a time, a number of changes that FHIR has, and words in every item.
pub(super) fn plan() -> BoxedStrategy<PlanPart> {
    (any::plan(), any::instant())
        .prop_map(|(part, instant)| {
            let mut part = said::worded(part);
            part.revision = part.revision % 2_147_483_647 + 1;
            part.update_time = part.update_time.or_else(|| time::to_wire(instant).ok());
            part.background = named(part.background);
            part
        })
        .boxed()
}

/// The activity of a message, as its Provenance has it.
fn activity(bundle: &mut Value) -> &mut Value {
    let entries = bundle["entry"].as_array_mut().unwrap();
    &mut entries.last_mut().unwrap()["resource"]["activity"]["coding"][0]["code"]
}

/// Takes the personal identity code out of the Patient, if there is one.
fn take_identity(bundle: &mut Value) -> String {
    let person = &mut bundle["entry"][0]["resource"];
    let Some(Value::Array(identifiers)) = person.get_mut("identifier") else { return String::new() };
    let place = identifiers.iter().position(|identifier| identifier["system"] == "urn:oid:1.2.246.21");
    let taken = place.map(|place| identifiers.remove(place)["value"].as_str().unwrap().to_owned());
    taken.unwrap_or_default()
}

/// Turns an answer to the county into one of a county's, which holds what is told in its Task.
fn answered(bundle: &mut Value, mut task: Value) {
    let entries = bundle["entry"].as_array_mut().unwrap();
    let pointed: Vec<Value> = task["input"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|input| input["valueReference"]["reference"].clone())
        .collect();
    let told: Vec<Value> = entries.iter().filter_map(|entry| entry.get("fullUrl").cloned()).collect();
    assert_eq!(pointed, told[..told.len() - 1], "every resource is pointed to, but for the patch");
    let (mut held, mut inputs) = (Vec::new(), Vec::new());
    entries.retain_mut(|entry| {
        let address = entry.get("fullUrl").cloned();
        let resource = &mut entry["resource"];
        if resource["resourceType"] == "Patient" {
            task["for"] = json!({"reference": address});
        }
        if resource["resourceType"] != "Observation" {
            return true;
        }
        let identifiers = resource.as_object_mut().unwrap().remove("identifier").unwrap();
        let (message, id) = identifiers[0]["value"].as_str().unwrap().split_once('/').unwrap();
        assert_eq!(message, trial::MESSAGE);
        let kind = json!({"coding": [{"system": "urn:polku:task-part", "code": "answer"}]});
        inputs.push(json!({"type": kind, "valueReference": {"reference": format!("#{id}")}}));
        resource["id"] = json!(id);
        held.push(resource.take());
        false
    });
    for (name, parts) in [("contained", held), ("input", inputs)] {
        task.as_object_mut().unwrap().remove(name);
        if !parts.is_empty() {
            task[name] = json!(parts);
        }
    }
    let addresses = entries.iter().filter_map(|entry| entry.get("fullUrl"));
    let targets: Vec<Value> = addresses.map(|address| json!({"reference": address})).collect();
    let [.., patch, provenance] = entries.as_mut_slice() else { panic!("no patch") };
    patch["request"]["method"] = json!("PUT");
    patch["resource"] = task;
    provenance["resource"]["target"] = json!(targets);
}

/// News as README.md has them, to the county as the sender of the referral or as its recipient: the word is the other
/// one's. The answer in them is read as that of another gateway.
fn read_notice(mut bundle: Value, viewer: Viewer) -> ReferralNotice {
    let kind = match activity(&mut bundle).as_str().unwrap() {
        "state-changed" => Kind::StateChanged,
        "information-provided" => Kind::InformationProvided,
        "consent-withdrawn" => Kind::ConsentWithdrawn,
        other => panic!("{other}"),
    };
    let identity_code = take_identity(&mut bundle);
    let mut task = task_after(&bundle);
    let code = |concept: &Value| concept["coding"][0]["code"].as_str().unwrap_or_default().to_owned();
    let state: ReferralState = read_code(&code(&task["businessStatus"]), codes::state).unwrap();
    assert_eq!(task["status"].as_str(), codes::task_status(state));
    let why = task.get("statusReason").cloned().unwrap_or_default();
    let reason = code(&why);
    let text = why["text"].as_str().unwrap_or_default();
    // Without a word of somebody's, that of the code.
    let word = if text == reason.replace('-', " ") { "" } else { text };
    let mut notice = ReferralNotice {
        kind: kind.into(),
        state: state.into(),
        time: time::to_wire(task["lastModified"].as_str().unwrap().parse().unwrap()).ok(),
        rejection_reason: read_code(&reason, codes::reason).map_or(0, RejectionReason::into),
        ..ReferralNotice::default()
    };
    *(if viewer == Viewer::Author { &mut notice.status_note } else { &mut notice.sender_note }) =
        word.to_owned();
    // Others are the county's own, or of earlier.
    let said = bundle.to_string();
    let now = |output: &&Value| {
        let system = output["valueCodeableConcept"]["coding"][0]["system"].as_str();
        system.is_some_and(|system| said.contains(system))
    };
    for output in task["output"].as_array().unwrap().iter().filter(now) {
        let told = code(&output["valueCodeableConcept"]);
        match code(&output["type"]).as_str() {
            "outcome" => notice.outcome = read_code(&told, codes::outcome).map(Outcome::into).unwrap(),
            "delivery" => {
                notice.delivery_state = read_code(&told, codes::delivery).map(DeliveryState::into).unwrap()
            }
            other => panic!("{other}"),
        }
    }
    task.as_object_mut()
        .unwrap()
        .retain(|name, _| ["resourceType", "identifier", "intent", "input"].contains(&&**name));
    answered(&mut bundle, and(task, super::state("requested", "requested")));
    *activity(&mut bundle) = json!("information-provided");
    let InboundMatter::Change {
        referral,
        change: InboundChange::ProvideInformation { answer, origin: None },
    } = read(&bundle)
    else {
        panic!("no answer")
    };
    assert_eq!(referral.to_string(), trial::REFERRAL);
    let answer = ReferralContent { identity_code, ..*answer };
    ReferralNotice { answer: Some(answer).filter(|answer| *answer != ReferralContent::default()), ..notice }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..any::config() })]

    #[test]
    fn a_referral(handover in any::handover()) {
        let handover = ReferralHandover { content: named(handover.content), ..handover };
        let bundle = turned(from_professional(Item::Handover(handover.clone())));
        for place in [1, 2] {
            let authored = bundle["entry"][place]["resource"]["authoredOn"].as_str().unwrap();
            prop_assert_eq!(time::to_wire(authored.parse().unwrap()).ok(), handover.create_time);
        }
        let InboundMatter::Referral(read) = read(&bundle) else { panic!("no referral") };
        let read = ReferralHandover {
            purpose: read.purpose.into(),
            create_time: handover.create_time,
            respond_by: read.respond_by.and_then(|end| time::to_wire(end).ok()),
            content: Some(ReferralContent { identity_code: read.identity.expose().to_owned(), ..read.content }),
            recipient_unit: read.recipient.unit.map(|unit| unit.to_string()).unwrap_or_default(),
            claim: read.claim,
            redacted: read.redacted,
        };
        prop_assert!(read == said::handover(handover));
    }

    #[test]
    fn news((delivery, viewer, news) in any::news("social")) {
        let delivery = Delivery { professional: "ohjaaja-7".into(), ..delivery };
        prop_assert!(read_notice(turned(delivery), viewer) == said::notice(news));
    }

    #[test]
    fn a_plan(part in plan()) {
        let delivery = Delivery { referral: String::new(), ..from_professional(Item::PlanPart(part.clone())) };
        let mut bundle = turned(delivery);
        // No reader takes the last word on a plan for a plan.
        let said_of_it = if part.consent_withdrawn { "consent-withdrawn" } else { "plan-told" };
        prop_assert_eq!(activity(&mut bundle).as_str(), Some(said_of_it));
        *activity(&mut bundle) = json!("plan-told");
        let InboundMatter::PlanPart(read) = read(&bundle) else { panic!("no plan") };
        prop_assert_eq!(read.identity.expose(), "010594Y9032");
        let background = part.background.clone().map(bare);
        let expected = said::plan(PlanPart { background, consent_withdrawn: false, ..part });
        prop_assert!(read.part == expected, "{:#?}\n{:#?}", read.part, expected);
    }
}
