//! How do social services write what they tell about a young person, and what they plan?

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanPart, PlanState, ReferralContent,
    Worker,
};
use serde_json::{Map, Value, json};

/// Puts a member in, unless it says nothing.
pub(crate) fn put(object: &mut Value, name: &str, value: Value) {
    let empty = match &value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if let (false, Some(members)) = (empty, object.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
}

pub(crate) fn concept(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

pub(crate) fn category(number: i32) -> Result<Value> {
    let category = DataCategory::try_from(number).context("an unknown category")?;
    let name = category.as_str_name().trim_start_matches("DATA_CATEGORY_").to_ascii_lowercase();
    Ok(concept("urn:polku:data-category", &name))
}

pub(crate) fn instant(wire: &prost_types::Timestamp) -> Result<String> {
    Ok(Timestamp::new(wire.seconds, wire.nanos)?.to_string())
}

/// The Patient.
pub(crate) fn patient(identity_code: Option<&str>, content: &ReferralContent) -> Value {
    let mut patient = json!({"resourceType": "Patient"});
    if let Some(hetu) = identity_code {
        let identifier = json!({
            "use": "official",
            "type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "NNFIN"),
            "system": "urn:oid:1.2.246.21",
            "value": hetu,
        });
        put(&mut patient, "identifier", json!([identifier]));
    }
    let mut name = json!({});
    put(&mut name, "family", json!(content.family_name));
    if !content.given_names.trim().is_empty() {
        put(&mut name, "given", json!(content.given_names.split_whitespace().collect::<Vec<_>>()));
    }
    if name != json!({}) {
        put(&mut patient, "name", json!([name]));
    }
    let contact = content.contact.clone().unwrap_or_default();
    let mut telecom = Vec::new();
    for (system, value) in [("phone", &contact.phone), ("email", &contact.email)] {
        if !value.trim().is_empty() {
            telecom.push(json!({"system": system, "value": value}));
        }
    }
    put(&mut patient, "telecom", json!(telecom));
    let mut home = json!({});
    if !contact.street_address.trim().is_empty() {
        put(&mut home, "line", json!([contact.street_address]));
    }
    put(&mut home, "postalCode", json!(contact.postal_code));
    put(&mut home, "city", json!(contact.city));
    let mut addresses = Vec::new();
    if home != json!({}) {
        put(&mut home, "use", json!("home"));
        addresses.push(home);
    }
    if !content.correspondence_address.trim().is_empty() {
        addresses.push(json!({"type": "postal", "text": content.correspondence_address}));
    }
    put(&mut patient, "address", json!(addresses));
    if !contact.municipality.is_empty() {
        let url = "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/municipality-code";
        let coding = json!({"system": "urn:oid:1.2.246.537.6.21", "code": contact.municipality});
        put(&mut patient, "extension", json!([{"url": url, "valueCoding": coding}]));
    }
    if !content.contact_language.is_empty() {
        let language = concept("urn:ietf:bcp:47", &content.contact_language);
        put(&mut patient, "communication", json!([{"language": language}]));
    }
    patient
}

/// One Observation for each category that something is told of, with its id.
pub(crate) fn observations(content: &ReferralContent) -> Vec<(String, Value)> {
    let education = content.education_work.clone().unwrap_or_default();
    let text = |name: &str, value: &str| {
        (!value.trim().is_empty()).then(|| component(name, "valueString", json!(value)))
    };
    let needs = content.service_needs.iter().filter_map(|need| text("service_needs", need));
    let status = &education.job_seeker_status;
    let status = (!status.is_empty()).then(|| {
        component("job_seeker_status", "valueCodeableConcept", concept("urn:polku:job-seeker-status", status))
    });
    let level =
        education.education_level.map(|level| component("education_level", "valueInteger", json!(level)));
    let groups: Vec<(&str, Vec<Option<Value>>)> = vec![
        ("guidance_notes", vec![text("reason", &content.reason)]),
        ("service_needs", needs.map(Some).collect()),
        (
            "education_work",
            vec![
                level,
                text("education", &education.education),
                text("work_history", &education.work_history),
                status,
            ],
        ),
        ("social_situation", vec![text("social_situation", &content.social_situation)]),
        ("health_capacity", vec![text("health_capacity", &content.health_capacity)]),
        ("housing", vec![text("housing", &content.housing)]),
        ("benefits_income", vec![text("benefits_income", &content.benefits_income)]),
        ("joint_plan", vec![text("joint_plan", &content.joint_plan)]),
        (
            "service_attendance",
            vec![
                text("service_attendance", &content.service_attendance),
                text("contact_wish", &content.contact_wish),
            ],
        ),
        ("outcome_measures", vec![text("outcome_measures", &content.outcome_measures)]),
        ("quality_of_life", vec![text("quality_of_life", &content.quality_of_life)]),
    ];
    let told = groups.into_iter().filter_map(|(name, components)| {
        let components: Vec<Value> = components.into_iter().flatten().collect();
        let id = name.replace('_', "-");
        let observation = json!({
            "resourceType": "Observation",
            "id": id,
            "status": "final",
            "code": concept("urn:polku:data-category", name),
            "component": components,
        });
        (!components.is_empty()).then_some((id, observation))
    });
    told.collect()
}

fn component(field: &str, name: &str, value: Value) -> Value {
    let mut component = Map::new();
    component.insert("code".to_owned(), concept("urn:polku:field", field));
    component.insert(name.to_owned(), value);
    Value::Object(component)
}

/// A CarePlan of the county with this agency id about the person at this address.
pub(crate) fn care_plan(part: &PlanPart, own: &str, person: &str) -> Result<Value> {
    let author = json!({"type": "Organization", "identifier": {"system": "urn:polku:agency", "value": own}});
    let background = part.background.clone().unwrap_or_default();
    let mut held = observations(&background);
    for (number, need) in part.needs.iter().enumerate() {
        let mut observation = json!({
            "resourceType": "Observation",
            "id": format!("tarve{number}"),
            "identifier": item(&need.id),
            "status": "final",
            "category": [category(need.category)?],
            "code": concept("urn:polku:plan-item-kind", "need"),
            "valueString": need.text,
        });
        if need.found_in_meeting {
            let found =
                json!([{"code": concept("urn:polku:field", "found_in_meeting"), "valueBoolean": true}]);
            put(&mut observation, "component", found);
        }
        held.push((format!("tarve{number}"), observation));
    }
    let supporting: Vec<Value> = held.iter().map(|(id, _)| json!({"reference": format!("#{id}")})).collect();
    let mut goals = Vec::new();
    for (number, goal) in part.goals.iter().enumerate() {
        let id = format!("tavoite{number}");
        let mut resource = json!({
            "resourceType": "Goal",
            "id": id,
            "identifier": item(&goal.id),
            "lifecycleStatus": spelt(goal.state().as_str_name(), "GOAL_STATE_"),
            "category": [category(goal.category)?],
            "description": {"text": goal.text},
            "subject": {"reference": person},
        });
        ensure!(goal.state() != GoalState::Unspecified, "a goal without state");
        if goal.achievement() != Achievement::Unspecified {
            let code = spelt(goal.achievement().as_str_name(), "ACHIEVEMENT_");
            let system = "http://terminology.hl7.org/CodeSystem/goal-achievement";
            put(&mut resource, "achievementStatus", concept(system, &code));
        }
        if !goal.due.is_empty() {
            put(&mut resource, "target", json!([{"dueDate": goal.due}]));
        }
        let needs: Vec<Value> = goal.needs.iter().map(|need| json!({"identifier": named(need)})).collect();
        put(&mut resource, "addresses", json!(needs));
        goals.push(json!({"reference": format!("#{id}")}));
        held.push((id, resource));
    }
    let mut activities = Vec::new();
    for action in &part.actions {
        let status = match action.state() {
            ActionState::Unspecified => anyhow::bail!("an action without state"),
            ActionState::Proposed => "not-started",
            ActionState::Agreed => "scheduled",
            ActionState::InProgress => "in-progress",
            ActionState::Done => "completed",
            ActionState::NotDone => "stopped",
            ActionState::Dropped => "cancelled",
        };
        let mut detail = json!({
            "kind": "Task", "code": category(action.category)?, "status": status, "description": action.text,
        });
        if !action.goal.is_empty() {
            put(&mut detail, "goal", json!([{"identifier": named(&action.goal)}]));
        }
        if !action.provider.trim().is_empty() {
            put(&mut detail, "performer", json!([{"display": action.provider}]));
        }
        if !action.ptv_service.is_empty() {
            put(&mut detail, "kind", json!("ServiceRequest"));
            put(&mut detail, "instantiatesUri", json!([format!("urn:uuid:{}", action.ptv_service)]));
        }
        let mut period = json!({});
        put(&mut period, "start", json!(action.start));
        put(&mut period, "end", json!(action.end));
        put(&mut detail, "scheduledPeriod", period);
        if !action.reason.trim().is_empty() {
            put(&mut detail, "statusReason", json!({"text": action.reason}));
        }
        activities.push(json!({"id": action.id, "detail": detail}));
    }
    for meeting in &part.meetings {
        let status = match meeting.state() {
            MeetingState::Unspecified => anyhow::bail!("a meeting without state"),
            MeetingState::Planned => "scheduled",
            MeetingState::Held => "completed",
            MeetingState::Cancelled => "cancelled",
        };
        let mut detail =
            json!({"kind": "Appointment", "code": category(meeting.category)?, "status": status});
        if let Some(time) = &meeting.time {
            put(&mut detail, "scheduledTiming", json!({"event": [instant(time)?]}));
        }
        if !meeting.place.trim().is_empty() {
            put(&mut detail, "location", json!({"display": meeting.place}));
        }
        let participants: Vec<Value> = meeting
            .participants
            .iter()
            .filter(|name| !name.trim().is_empty())
            .map(|name| json!({"display": name}))
            .collect();
        put(&mut detail, "performer", json!(participants));
        put(&mut detail, "description", json!(meeting.note));
        activities.push(json!({"id": meeting.id, "detail": detail}));
    }
    let mut notes = Vec::new();
    for (text, author) in
        [(&part.client_view, json!({"reference": person})), (&part.worker_view, author.clone())]
    {
        if !text.trim().is_empty() {
            notes.push(json!({"authorReference": author, "text": text}));
        }
    }
    let mut extensions = vec![json!({"url": "urn:polku:plan-revision", "valuePositiveInt": part.revision})];
    if !part.next_review.is_empty() {
        extensions.push(json!({"url": "urn:polku:next-review", "valueDate": part.next_review}));
    }
    ensure!(part.state() != PlanState::Unspecified, "a plan without state");
    let mut plan = json!({
        "resourceType": "CarePlan",
        "extension": extensions,
        "status": spelt(part.state().as_str_name(), "PLAN_STATE_"),
        "intent": "plan",
        "subject": {"reference": person},
        "author": author,
    });
    if !part.reference.is_empty() {
        let identifier = json!([{"system": "urn:polku:plan-reference", "value": part.reference}]);
        put(&mut plan, "identifier", identifier);
    }
    if part.redacted {
        put(&mut plan, "meta", left_out());
    }
    if let Some(worker) = &part.responsible_worker {
        put(&mut plan, "contributor", json!([{"reference": "#omatyontekija"}]));
        held.push(("omatyontekija".to_owned(), role(worker, own)));
    }
    put(&mut plan, "contained", json!(held.into_iter().map(|(_, resource)| resource).collect::<Vec<_>>()));
    put(&mut plan, "supportingInfo", json!(supporting));
    put(&mut plan, "goal", json!(goals));
    put(&mut plan, "activity", json!(activities));
    put(&mut plan, "note", json!(notes));
    Ok(plan)
}

fn role(worker: &Worker, own: &str) -> Value {
    let mut role = json!({"resourceType": "PractitionerRole", "id": "omatyontekija"});
    let mut practitioner = json!({});
    if !worker.id.is_empty() {
        let identifier = json!({"system": "urn:polku:professional", "value": worker.id});
        put(&mut practitioner, "identifier", identifier);
    }
    put(&mut practitioner, "display", json!(worker.name));
    put(&mut role, "practitioner", practitioner);
    if !worker.unit.is_empty() {
        let unit =
            json!({"identifier": {"system": "urn:polku:agency", "value": format!("{own}/{}", worker.unit)}});
        put(&mut role, "organization", unit);
    }
    let mut telecom = Vec::new();
    for (system, value) in [("phone", &worker.phone), ("email", &worker.email)] {
        if !value.trim().is_empty() {
            telecom.push(json!({"system": system, "value": value}));
        }
    }
    put(&mut role, "telecom", json!(telecom));
    role
}

fn item(id: &str) -> Value {
    json!([named(id)])
}

fn named(id: &str) -> Value {
    json!({"system": "urn:polku:plan-item", "value": id})
}

/// FHIR's spelling of a value of the contract's, where both have the same words.
fn spelt(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase().replace('_', "-")
}

/// `meta` of a resource of which something is not told.
pub(super) fn left_out() -> Value {
    let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
    json!({"security": [{"system": system, "code": "REDACTED"}]})
}
