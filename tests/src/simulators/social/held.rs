//! How does what social services hold stand in their own resources?

use anyhow::{Result, bail, ensure};
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, EducationWork, Fact, FactKind, GoalState, MeetingState,
    PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, PlanState, ReferralContent, Worker,
};
use serde_json::{Value, json};

use crate::simulators::agency::Held;
use crate::simulators::social::words::{care_plan, category, instant, put};

/// The Patient of an answer.
const PERSON: &str = "Patient/asiakas";
const EPISODE_STATUS: &str = "http://hl7.org/fhir/episode-of-care-status";

/// The resources of an answer. The county's agency id stands in its plans.
pub(crate) fn resources(held: &Held, own: &str) -> Result<Vec<Value>> {
    let mut resources = vec![
        json!({"resourceType": "Patient", "id": "asiakas", "active": true}),
        json!({
            "resourceType": "Encounter",
            "id": "peruttu",
            "status": "cancelled",
            "class": visit(),
            "type": [{"text": "peruttu"}],
        }),
    ];
    for fact in &held.facts {
        if fact.kind() != FactKind::ResponsibleWorker {
            resources.push(resource(fact)?);
        }
    }
    // Who answers for a customer relation stands in it.
    for worker in held.facts.iter().filter(|fact| fact.kind() == FactKind::ResponsibleWorker) {
        let episode = resources.iter_mut().find(|resource| {
            let member = |name: &str| resource.get(name).and_then(Value::as_str);
            member("resourceType") == Some("EpisodeOfCare") && member("id") == Some(worker.reference.as_str())
        });
        let Some(episode) = episode else { bail!("a responsible worker without customer relation") };
        put(episode, "careManager", json!({"display": worker.text}));
    }
    for (number, plan) in held.plans.iter().enumerate() {
        let mut resource = care_plan(plan, own, PERSON)?;
        let mut meta = resource.get("meta").cloned().unwrap_or_else(|| json!({}));
        if let Some(time) = &plan.update_time {
            put(&mut meta, "lastUpdated", json!(instant(time)?));
        }
        put(&mut resource, "meta", meta);
        put(&mut resource, "id", json!(format!("suunnitelma-{}", number + 1)));
        resources.push(resource);
    }
    Ok(resources)
}

fn person() -> Value {
    json!({"reference": PERSON})
}

fn visit() -> Value {
    json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"})
}

fn resource(fact: &Fact) -> Result<Value> {
    let attendance = fact.category() == DataCategory::ServiceAttendance;
    let mut period = json!({});
    put(&mut period, "start", json!(fact.since));
    put(&mut period, "end", json!(fact.until));
    let mut resource = match fact.kind() {
        FactKind::Customer if attendance => {
            ensure!(fact.code_system == EPISODE_STATUS, "a customer relation of another status");
            let mut episode =
                json!({"resourceType": "EpisodeOfCare", "status": fact.code, "patient": person()});
            put(&mut episode, "type", json!([{"text": fact.text}]));
            put(&mut episode, "period", period);
            episode
        }
        FactKind::Appointment if attendance => {
            ensure!(fact.until.is_empty() && fact.code.is_empty(), "an appointment with an end or a code");
            let participant = json!([{"actor": person(), "status": "accepted"}]);
            let mut appointment =
                json!({"resourceType": "Appointment", "status": "booked", "participant": participant});
            put(&mut appointment, "description", json!(fact.text));
            if !fact.since.is_empty() {
                put(&mut appointment, "start", json!(format!("{}T09:00:00+02:00", fact.since)));
                put(&mut appointment, "end", json!(format!("{}T10:00:00+02:00", fact.since)));
            }
            appointment
        }
        FactKind::Service if attendance && fact.code.is_empty() => {
            let mut encounter =
                json!({"resourceType": "Encounter", "status": "in-progress", "class": visit()});
            put(&mut encounter, "type", json!([{"text": fact.text}]));
            put(&mut encounter, "period", period);
            encounter
        }
        FactKind::Education
        | FactKind::Benefit
        | FactKind::ServiceNeed
        | FactKind::SocialSituation
        | FactKind::HealthCapacity
        | FactKind::Housing
        | FactKind::Measure
        | FactKind::Note => {
            let mut observation =
                json!({"resourceType": "Observation", "status": "final", "code": category(fact.category)?});
            if fact.code.is_empty() {
                put(&mut observation, "valueString", json!(fact.text));
            } else {
                let mut value = json!({"coding": [{"system": fact.code_system, "code": fact.code}]});
                put(&mut value, "text", json!(fact.text));
                put(&mut observation, "valueCodeableConcept", value);
            }
            put(&mut observation, "effectivePeriod", period);
            observation
        }
        FactKind::Unspecified
        | FactKind::Customer
        | FactKind::ResponsibleWorker
        | FactKind::Appointment
        | FactKind::JobSeekerStatus
        | FactKind::Unemployment
        | FactKind::WorkHistory
        | FactKind::BenefitDecision
        | FactKind::Service
        | FactKind::CoachingPeriod
        | FactKind::Attendance => bail!("social services have no words for this"),
    };
    put(&mut resource, "id", json!(fact.reference));
    if let Some(time) = &fact.record_time {
        put(&mut resource, "meta", json!({"lastUpdated": instant(time)?}));
    }
    Ok(resource)
}

/// One of everything.
pub(crate) fn specimen() -> Held {
    let recorded = prost_types::Timestamp { seconds: 1_793_600_000, nanos: 500_000_000 };
    let fact = |category: DataCategory, kind: FactKind, reference: &str| Fact {
        category: category.into(),
        kind: kind.into(),
        text: format!("{reference}: kirjattu käynnillä, ks. <liite> \"åäö\""),
        since: "2026-09-01".to_owned(),
        until: "2027-02-28".to_owned(),
        record_time: Some(recorded),
        reference: reference.to_owned(),
        ..Fact::default()
    };
    let attendance = DataCategory::ServiceAttendance;
    let observed = [
        (DataCategory::EducationWork, FactKind::Education),
        (DataCategory::SocialSituation, FactKind::SocialSituation),
        (DataCategory::HealthCapacity, FactKind::HealthCapacity),
        (DataCategory::ServiceNeeds, FactKind::ServiceNeed),
        (DataCategory::JointPlan, FactKind::Note),
        (DataCategory::GuidanceNotes, FactKind::Note),
        (DataCategory::Housing, FactKind::Housing),
        (DataCategory::BenefitsIncome, FactKind::Benefit),
        (DataCategory::OutcomeMeasures, FactKind::Measure),
        (DataCategory::QualityOfLife, FactKind::Measure),
    ];
    let mut facts = vec![
        Fact {
            code: "active".into(),
            code_system: EPISODE_STATUS.into(),
            ..fact(attendance, FactKind::Customer, "E-1")
        },
        fact(attendance, FactKind::ResponsibleWorker, "E-1"),
        fact(attendance, FactKind::Service, "V-1"),
        Fact { until: String::new(), ..fact(attendance, FactKind::Appointment, "A-1") },
    ];
    facts.extend(observed.iter().enumerate().map(|(number, (category, kind))| Fact {
        code: if number % 2 == 0 { String::new() } else { format!("K-{number}") },
        code_system: if number % 2 == 0 { String::new() } else { "urn:example:luokitus".to_owned() },
        ..fact(*category, *kind, &format!("H-{number}"))
    }));
    facts.push(Fact {
        category: DataCategory::Housing.into(),
        kind: FactKind::Housing.into(),
        text: "Pelkkä teksti".into(),
        ..Fact::default()
    });
    Held { facts, plans: vec![plan(recorded)] }
}

/// A client plan: goals, situation factors, services, methods, and both views.
fn plan(updated: prost_types::Timestamp) -> PlanPart {
    PlanPart {
        reference: "AS-2026:8".into(),
        revision: 4,
        update_time: Some(updated),
        state: PlanState::Active.into(),
        redacted: true,
        background: Some(ReferralContent {
            education_work: Some(EducationWork { education_level: Some(2), ..EducationWork::default() }),
            social_situation: "Asuu yksin ensi kertaa.".into(),
            ..ReferralContent::default()
        }),
        needs: vec![PlanNeed {
            id: "tarve:1_a".into(),
            category: DataCategory::ServiceNeeds.into(),
            text: "Arjen rytmi".into(),
            found_in_meeting: true,
        }],
        goals: vec![PlanGoal {
            id: "tavoite.1".into(),
            category: DataCategory::JointPlan.into(),
            text: "Oma koti pysyy".into(),
            state: GoalState::Accepted.into(),
            achievement: Achievement::NoProgress.into(),
            due: "2027-05-31".into(),
            needs: vec!["tarve:1_a".into()],
        }],
        actions: vec![
            PlanAction {
                id: "palvelu-1".into(),
                category: DataCategory::ServiceNeeds.into(),
                text: "Sosiaaliohjaus kotiin".into(),
                state: ActionState::InProgress.into(),
                goal: "tavoite.1".into(),
                provider: "Sosiaaliohjaus".into(),
                ptv_service: "0193c5a0-0000-7000-8000-000000000077".into(),
                start: "2026-10-01".into(),
                end: "2027-03-31".into(),
                reason: String::new(),
            },
            PlanAction {
                id: "menetelma-1".into(),
                category: DataCategory::HealthCapacity.into(),
                text: "Viikkokalenteri".into(),
                state: ActionState::NotDone.into(),
                reason: "Ei sopinut.".into(),
                ..PlanAction::default()
            },
        ],
        meetings: vec![PlanMeeting {
            id: "tapaaminen-1".into(),
            category: DataCategory::JointPlan.into(),
            time: Some(updated),
            state: MeetingState::Held.into(),
            place: String::new(),
            participants: vec!["Nuorten paja".into()],
            note: "Sovittiin rytmistä.".into(),
        }],
        client_view: "Haluan olla rauhassa.".into(),
        worker_view: "Tarvitsee tukea vielä.".into(),
        next_review: "2027-02-15".into(),
        responsible_worker: Some(Worker {
            id: "sosiaalityontekija-3".into(),
            name: "Sanna Sosiaali".into(),
            unit: "nuoret".into(),
            phone: "+358 99 4440817".into(),
            email: "sanna@hva.invalid".into(),
        }),
        ..PlanPart::default()
    }
}
