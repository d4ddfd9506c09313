//! What is taken in at the inbound endpoint?

use polku_proto::v1::{Origin, Outcome, Purpose, ReferralContent, RejectionReason};

use super::*;
use crate::agencies::trial::Step;
use crate::{InboundChange, InboundMatter, InboundReferral};

fn changed(activity: &str, more: Value) -> InboundChange {
    let event = receive(&task_bundle(activity, more)).unwrap();
    assert_eq!(event.message.to_string(), trial::MESSAGE);
    assert_eq!((event.official.as_str(), event.unit.as_str()), ("sosiaaliohjaaja-3", "nuoret"));
    trial::changed(event)
}

fn reason(text: Option<&str>, code: Option<&str>) -> Value {
    let mut reason = json!({});
    if let Some(text) = text {
        reason["text"] = json!(text);
    }
    if let Some(code) = code {
        reason["coding"] = json!([{"system": "urn:polku:rejection-reason", "code": code}]);
    }
    json!({"statusReason": reason})
}

fn output(code: &str) -> Value {
    json!({"output": [{
        "type": {"coding": [{"system": "urn:polku:task-part", "code": "outcome"}]},
        "valueCodeableConcept": {"coding": [{"system": "urn:polku:outcome", "code": code}]},
    }]})
}

#[test]
fn every_step() {
    trial::try_every_step(|step, note| {
        let of = |outcome| codes::outcome(outcome).unwrap();
        let (state, why, result) = match step {
            Step::Accept => (state("accepted", "accepted"), None, None),
            Step::Reject(reason) => (state("rejected", "rejected"), codes::reason(reason), None),
            Step::Ask => (state("requested", "info-requested"), None, None),
            Step::Start => (state("in-progress", "in-progress"), None, None),
            Step::Hold => (state("on-hold", "on-hold"), None, None),
            Step::Complete(outcome) => (state("completed", "completed"), None, Some(of(outcome))),
            Step::Fail(outcome) => (state("failed", "failed"), None, Some(of(outcome))),
            Step::Cancel => (state("on-hold", "cancel-requested"), None, None),
            Step::ConfirmCancellation => (state("cancelled", "cancelled"), None, None),
        };
        // FHIR has no empty text.
        let said = reason(Some(note).filter(|note| !note.is_empty()), why);
        let said = if said["statusReason"] == json!({}) { json!({}) } else { said };
        let said = and(said, result.map(output).unwrap_or_else(|| json!({})));
        receive(&task_bundle("state-changed", and(state, said))).ok().map(trial::changed)
    });
}

#[test]
fn every_change() {
    let note = || "Sana.\nToinen.".to_owned();
    let plain = |status: &str, code: &str| {
        changed("state-changed", and(state(status, code), reason(Some(&note()), None)))
    };
    assert!(plain("accepted", "accepted") == InboundChange::Accept { note: note() });
    assert!(plain("requested", "info-requested") == InboundChange::RequestInformation { question: note() });
    assert!(plain("in-progress", "in-progress") == InboundChange::Start { note: note() });
    assert!(plain("on-hold", "on-hold") == InboundChange::Hold { note: note() });
    assert!(plain("on-hold", "cancel-requested") == InboundChange::Cancel { note: note() });
    assert!(plain("cancelled", "cancelled") == InboundChange::ConfirmCancellation { note: note() });
    assert!(
        changed("state-changed", state("accepted", "accepted"))
            == InboundChange::Accept { note: String::new() }
    );
    let reasons = [
        ("no-capacity", RejectionReason::NoCapacity),
        ("not-eligible", RejectionReason::NotEligible),
        ("wrong-service", RejectionReason::WrongService),
        ("outside-area", RejectionReason::OutsideArea),
        ("insufficient-information", RejectionReason::InsufficientInformation),
        ("other", RejectionReason::Other),
    ];
    for (code, found) in reasons {
        let task = and(state("rejected", "rejected"), reason(Some(&note()), Some(code)));
        assert!(changed("state-changed", task) == InboundChange::Reject { reason: found, note: note() });
    }
    let outcomes = [
        ("got-service", Outcome::GotService),
        ("referred-elsewhere", Outcome::ReferredElsewhere),
        ("could-not-contact", Outcome::CouldNotContact),
        ("not-eligible", Outcome::NotEligible),
        ("no-capacity", Outcome::NoCapacity),
        ("no-longer-interested", Outcome::NoLongerInterested),
        ("withdrew-consent", Outcome::WithdrewConsent),
        ("unknown", Outcome::Unknown),
    ];
    for (code, outcome) in outcomes {
        let more = |of: &str| and(and(state(of, of), reason(Some(&note()), None)), output(code));
        assert!(
            changed("state-changed", more("completed")) == InboundChange::Complete { outcome, note: note() }
        );
        assert!(changed("state-changed", more("failed")) == InboundChange::Fail { outcome, note: note() });
    }
}

#[test]
fn what_describes_is_passed_over() {
    let task = json!({
        "id": "17",
        "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},
        "language": "fi",
        "meta": {"versionId": "3", "lastUpdated": "2026-11-21T09:00:00Z", "tag": [{"code": "x"}]},
        "code": {"text": "lähete"},
        "lastModified": "2026-11-21T09:00:00Z",
        "owner": {"display": "Sosiaalipalvelut"},
    });
    let more = and(state("accepted", "accepted"), task);
    assert!(changed("state-changed", more) == InboundChange::Accept { note: String::new() });
}

pub(super) fn answer() -> Value {
    let mut bundle = task_bundle(
        "information-provided",
        and(
            state("requested", "requested"),
            json!({
                "for": {"reference": PATIENT},
                "contained": [{
                    "resourceType": "Observation",
                    "id": "housing",
                    "status": "final",
                    "code": {"coding": [{"system": "urn:polku:data-category", "code": "housing"}]},
                    "component": [{
                        "code": {"coding": [{"system": "urn:polku:field", "code": "housing"}]},
                        "valueString": "Tukiasunnossa.",
                    }],
                }],
                "input": [{
                    "type": {"coding": [{"system": "urn:polku:task-part", "code": "answer"}]},
                    "valueReference": {"reference": "#housing"},
                }],
                "extension": [
                    {"url": "urn:polku:service-task", "valueCoding": {
                        "system": "urn:oid:1.2.246.537.6.1221", "code": "12",
                    }},
                    {"url": "urn:polku:document", "valueString": "d-1"},
                    {"url": "urn:polku:document", "valueString": "d-2"},
                ],
            }),
        ),
    );
    let patient = json!({
        "fullUrl": PATIENT,
        "request": {"method": "POST", "url": "Patient"},
        "resource": {"resourceType": "Patient", "name": [{"family": "Esimerkki"}]},
    });
    let entries = bundle["entry"].as_array_mut().unwrap();
    entries.insert(0, patient);
    *entries.last_mut().unwrap() = provenance("information-provided", &[PATIENT, TASK]);
    bundle
}

const PATIENT: &str = "urn:uuid:0193c5a0-0000-7000-8000-0000000000ab";
const REQUEST: &str = "urn:uuid:0193c5a0-0000-7000-8000-0000000000ac";

#[test]
fn an_answer() {
    let InboundChange::ProvideInformation { answer, origin } = trial::changed(receive(&answer()).unwrap())
    else {
        panic!("no answer")
    };
    let told = ReferralContent {
        family_name: "Esimerkki".into(),
        housing: "Tukiasunnossa.".into(),
        ..ReferralContent::default()
    };
    assert!(*answer == told);
    let stems = Origin { service_task: "12".into(), documents: vec!["d-1".into(), "d-2".into()] };
    assert!(origin == Some(stems));
}

/// A referral of the county to the employment services' unit for young people.
pub(super) fn referral() -> Value {
    let own = json!({"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.246.10.2454372"}});
    let recipient = json!({"identifier": {"system": "urn:polku:agency", "value": "te/nuoret"}});
    json!({
        "resourceType": "Bundle",
        "id": "lahete-1",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", trial::MESSAGE)},
        "type": "transaction",
        "timestamp": "2026-11-21T09:30:58Z",
        "entry": [
            {"fullUrl": PATIENT, "request": {"method": "POST", "url": "Patient"}, "resource": {
                "resourceType": "Patient",
                "identifier": [
                    {"use": "official", "system": "urn:oid:1.2.246.21", "value": "010594Y9032"},
                    {"system": "urn:example:asiakas", "value": "17"},
                ],
                "name": [{"use": "official", "family": "Esimerkki", "given": ["Aino", "Maria"]}],
                "telecom": [{"system": "phone", "value": "+358 40 1234567", "use": "mobile"}],
            }},
            {"fullUrl": REQUEST, "request": {"method": "POST", "url": "ServiceRequest"}, "resource": {
                "resourceType": "ServiceRequest",
                "identifier": [{"system": "urn:example:lahete", "value": "L-1"}],
                "status": "active",
                "intent": "order",
                "category": [{"coding": [{"system": "urn:polku:purpose", "code": "employment_services"}]}],
                "priority": "routine",
                "subject": {"reference": PATIENT},
                "authoredOn": "2026-11-21T09:30:00Z",
                "requester": own,
                "performer": [recipient],
                "reasonCode": [{
                    "extension": [{"url": "urn:polku:consent-asked", "valueCode": "not-reached"}],
                    "coding": [{"system": "urn:polku:legal-ground", "code": "outreach-notice"}],
                    "text": "Syy.",
                }],
                "contained": [{
                    "resourceType": "Observation",
                    "id": "a",
                    "status": "final",
                    "category": [{"coding": [{"system": "urn:polku:data-category", "code": "education_work"}]}],
                    "code": {"coding": [{"system": "urn:polku:data-category", "code": "education_work"}]},
                    "subject": {"reference": PATIENT},
                    "component": [{
                        "code": {"coding": [{"system": "urn:polku:field", "code": "education_level"}]},
                        "valueInteger": 3,
                    }],
                }],
                "supportingInfo": [{"reference": "#a"}],
                "extension": [{"url": "urn:polku:document", "valueString": "d-1"}],
            }},
            {"fullUrl": TASK, "request": {"method": "POST", "url": "Task"}, "resource": {
                "resourceType": "Task",
                "status": "requested",
                "intent": "order",
                "focus": {"reference": REQUEST},
                "for": {"reference": PATIENT},
                "requester": own,
                "owner": recipient,
                "restriction": {"period": {"end": "2026-12-21T09:30:00Z"}},
            }},
            provenance("referral-sent", &[REQUEST, TASK, PATIENT]),
        ],
    })
}

#[test]
fn a_day_is_over_at_its_end() {
    for (said, over) in [
        ("2026-12-21", "2026-12-21T22:00:00Z"),
        ("2026-12", "2026-12-31T22:00:00Z"),
        ("2026-12-21T09:30:00+02:00", "2026-12-21T07:30:00Z"),
    ] {
        let mut sent = referral();
        sent["entry"][2]["resource"]["restriction"]["period"]["end"] = json!(said);
        let InboundMatter::Referral(sent) = receive(&sent).unwrap().matter else { panic!("no referral") };
        assert_eq!(sent.respond_by, Some(trial::instant(over)), "{said}");
    }
}

#[test]
fn a_county_has_its_own_address_for_a_referral() {
    let named = json!({"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", trial::REFERRAL)});
    for focus in [
        json!({"reference": "ServiceRequest/17"}),
        json!({"type": "ServiceRequest", "identifier": named, "reference": "https://fhir.example/ServiceRequest/17"}),
        json!({"identifier": {"system": "urn:example:lahete", "value": "L-1"}}),
    ] {
        changed("state-changed", and(state("accepted", "accepted"), json!({"focus": focus})));
    }
}

#[test]
fn a_referral() {
    let InboundMatter::Referral(sent) = receive(&referral()).unwrap().matter else { panic!("no referral") };
    let InboundReferral { identity, recipient, purpose, content, respond_by, claim, origin, redacted } =
        *sent;
    assert_eq!(identity.expose(), "010594Y9032");
    assert_eq!((recipient.to_string().as_str(), purpose), ("te/nuoret", Purpose::EmploymentServices));
    assert_eq!(respond_by, Some(trial::instant("2026-12-21T09:30:00Z")));
    assert_eq!(content.given_names, "Aino Maria");
    assert_eq!(content.education_work.unwrap().education_level, Some(3));
    assert_eq!(content.contact.unwrap().phone, "+358 40 1234567");
    assert!(content.identity_code.is_empty());
    assert_eq!(claim.unwrap().statement, "Syy.");
    assert_eq!(origin.unwrap().documents, ["d-1"]);
    assert!(!redacted);
}

/// A plan of the county's own: goals, situation factors, services, methods, both views.
pub(super) fn plan() -> Value {
    let category = |code: &str| json!([{"coding": [{"system": "urn:polku:data-category", "code": code}]}]);
    let item = |id: &str| json!([{"system": "urn:polku:plan-item", "value": id}]);
    let own = json!({"identifier": {"system": "urn:polku:agency", "value": "social"}});
    json!({
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", trial::MESSAGE)},
        "type": "transaction",
        "entry": [
            {"fullUrl": PATIENT, "request": {"method": "POST", "url": "Patient"}, "resource": {
                "resourceType": "Patient",
                "identifier": [{"system": "urn:oid:1.2.246.21", "value": "010594Y9032"}],
            }},
            {"fullUrl": REQUEST, "request": {"method": "POST", "url": "CarePlan"}, "resource": {
                "resourceType": "CarePlan",
                "identifier": [{"system": "urn:polku:plan-reference", "value": "asiakassuunnitelma-8"}],
                "extension": [{"url": "urn:polku:plan-revision", "valuePositiveInt": 2}],
                "status": "active",
                "intent": "plan",
                "title": "Asiakassuunnitelma",
                "subject": {"reference": PATIENT},
                "author": own,
                "contained": [
                    {
                        "resourceType": "Observation",
                        "id": "situation",
                        "status": "final",
                        "code": {"coding": [{"system": "urn:polku:data-category", "code": "social_situation"}]},
                        "component": [{
                            "code": {"coding": [{"system": "urn:polku:field", "code": "social_situation"}]},
                            "valueString": "Asuu yksin.",
                        }],
                    },
                    {
                        "resourceType": "Observation",
                        "id": "need",
                        "identifier": item("n_1:a"),
                        "status": "final",
                        "category": category("service_needs"),
                        "code": {"coding": [{"system": "urn:polku:plan-item-kind", "code": "need"}]},
                        "valueString": "Arjen rytmi.",
                    },
                    {
                        "resourceType": "Goal",
                        "id": "goal",
                        "identifier": item("g1"),
                        "lifecycleStatus": "accepted",
                        "category": category("joint_plan"),
                        "description": {"text": "Oma koti."},
                        "subject": {"reference": PATIENT},
                        "addresses": [{"reference": "#need"}],
                    },
                ],
                "supportingInfo": [{"reference": "#situation"}, {"reference": "#need"}],
                "goal": [{"reference": "#goal"}],
                "activity": [
                    {"id": "s1", "detail": {
                        "kind": "ServiceRequest",
                        "code": {"coding": [{"system": "urn:polku:data-category", "code": "service_needs"}]},
                        "status": "in-progress",
                        "goal": [{"reference": "#goal"}],
                        "description": "Sosiaaliohjaus",
                    }},
                    {"id": "m1", "detail": {
                        "kind": "Task",
                        "code": {"coding": [{"system": "urn:polku:data-category", "code": "service_needs"}]},
                        "status": "not-started",
                        "description": "Viikkokalenteri",
                    }},
                ],
                "note": [
                    {"authorReference": {"reference": PATIENT}, "text": "Haluan rauhaa."},
                    {"authorReference": own, "text": "Tarvitsee tukea."},
                ],
            }},
            provenance("plan-told", &[PATIENT, REQUEST]),
        ],
    })
}

#[test]
fn a_plan() {
    let InboundMatter::PlanPart(told) = receive(&plan()).unwrap().matter else { panic!("no plan") };
    assert_eq!(told.identity.expose(), "010594Y9032");
    let part = told.part;
    assert_eq!(
        (part.plan.as_str(), part.owner.as_str(), part.reference.as_str()),
        ("", "social", "asiakassuunnitelma-8")
    );
    assert_eq!((part.revision, part.redacted), (2, false));
    assert_eq!(part.background.unwrap().social_situation, "Asuu yksin.");
    assert_eq!((part.needs.len(), part.goals[0].needs[0].as_str()), (1, "n_1:a"));
    assert_eq!(
        part.actions.iter().map(|action| action.text.as_str()).collect::<Vec<_>>(),
        ["Sosiaaliohjaus", "Viikkokalenteri"]
    );
    assert_eq!(part.actions[0].goal, "g1");
    assert_eq!(
        (part.client_view.as_str(), part.worker_view.as_str()),
        ("Haluan rauhaa.", "Tarvitsee tukea.")
    );
    assert_eq!(part.update_time.unwrap().seconds, trial::instant("2026-11-21T09:30:59Z").as_second());
}
