//! How is a part of a service plan written? A CarePlan that holds its needs and goals.

use std::collections::BTreeMap;

use polku_proto::v1::{
    Achievement, ActionState, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart,
    PlanState, Worker,
};
use polku_proto::{AgencyId, Party, time};
use serde_json::{Value, json};

use super::super::codes::{self, Activity};
use super::content::Written;
use super::{Entry, Frame, PATIENT, Told, standing};
use crate::agencies::envelope::{Unwritable, instant, present, written_instant};
use crate::formats::fhir::codes as fhir;
use crate::formats::fhir::element::{Writing, identifier, redacted as label, said, urn};
use crate::formats::fhir::moment::is_day;

/// The most that a `positiveInt` holds.
const MOST: u64 = 2_147_483_647;
/// The id of the responsible worker within the plan.
const WORKER: &str = "responsible-worker";

/// Words a part of a plan.
pub(super) fn told(frame: &Frame<'_>, part: PlanPart) -> Result<Told, Unwritable> {
    let PlanPart {
        plan,
        owner,
        reference,
        revision,
        update_time,
        state,
        redacted,
        consent_withdrawn,
        background,
        needs,
        goals,
        actions,
        meetings,
        client_view,
        worker_view,
        next_review,
        responsible_worker,
        standing,
    } = part;
    let (_, id) = plan.rsplit_once('/').ok_or(Unwritable("plan"))?;
    let owner: AgencyId = owner.parse().map_err(|_| Unwritable("owner"))?;
    let state = PlanState::try_from(state).ok().and_then(codes::plan_state).ok_or(Unwritable("state"))?;
    let updated = instant(update_time.as_ref().map(time::from_wire), "update_time")?;
    if !(1..=MOST).contains(&revision) {
        return Err(Unwritable("revision"));
    }
    let organisation = frame.agency(&owner);
    let subject = json!({"reference": frame.address(PATIENT)});

    let (patient, mut contained) = Written::of(background.unwrap_or_default()).resources(frame);
    let mut ids = Ids::default();
    for need in needs {
        let id = ids.add("need", &need.id);
        contained.push((id.clone(), write_need(need, &id, &subject)?));
    }
    let supporting: Vec<Value> =
        contained.iter().map(|(id, _)| json!({"reference": format!("#{id}")})).collect();
    let mut goal_references = Vec::new();
    for goal in goals {
        let id = ids.add("goal", &goal.id);
        goal_references.push(json!({"reference": format!("#{id}")}));
        contained.push((id.clone(), write_goal(goal, &id, &subject, &ids)?));
    }
    let mut activities = Vec::new();
    for action in actions {
        activities.push(write_action(action, &ids)?);
    }
    for meeting in meetings {
        activities.push(write_meeting(meeting)?);
    }
    let worker = responsible_worker.map(|worker| write_worker(frame, worker, &owner)).transpose()?.flatten();
    let contributor = worker.as_ref().map(|_| json!([{"reference": format!("#{WORKER}")}]));
    contained.extend(worker.map(|worker| (WORKER.to_owned(), worker)));

    let mut extensions = vec![json!({"url": codes::PLAN_REVISION, "valuePositiveInt": revision})];
    if let Some(day) = day(next_review, "next_review")? {
        extensions.push(json!({"url": codes::NEXT_REVIEW, "valueDate": day}));
    }
    extensions.extend(standing::extensions(standing.unwrap_or_default())?);
    let part_id = format!("{id}/{owner}");
    let mut identifiers = vec![identifier(codes::PLAN, &plan), identifier(codes::PLAN_PART, &part_id)];
    identifiers.extend(present(reference).map(|reference| identifier(codes::PLAN_REFERENCE, &reference)));
    let notes = [(said(client_view), &subject), (said(worker_view), &organisation)];
    let notes = notes
        .into_iter()
        .filter_map(|(text, author)| text.map(|text| json!({"authorReference": author, "text": text})));
    let care_plan = Writing::resource("CarePlan")
        .with("meta", redacted.then(label))
        .with("contained", contained.into_iter().map(|(_, resource)| resource).collect::<Vec<_>>())
        .with("extension", extensions)
        .with("identifier", identifiers)
        .with("status", state)
        .with("intent", "plan")
        .with("subject", subject.clone())
        .with("author", organisation.clone())
        .with("contributor", contributor)
        .with("supportingInfo", supporting)
        .with("goal", goal_references)
        .with("activity", activities)
        .with("note", notes.collect::<Vec<_>>());
    let activity = if consent_withdrawn { Activity::ConsentWithdrawn } else { Activity::PlanTold };
    let address = urn(frame.message.uuid());
    Ok(Told {
        activity,
        issue: id.to_owned(),
        speaker: owner,
        occurred: Some(updated),
        entries: vec![
            patient,
            Entry::replace(address, "CarePlan", care_plan.done(), codes::PLAN_PART, &part_id),
        ],
    })
}

/// Ids of needs and goals within the CarePlan, by their ids in the plan, which may have characters that FHIR's may not.
#[derive(Default)]
struct Ids(BTreeMap<(&'static str, String), String>);

impl Ids {
    fn add(&mut self, kind: &'static str, id: &str) -> String {
        let local = format!("{kind}-{}", self.0.len() + 1);
        self.0.insert((kind, id.to_owned()), local.clone());
        local
    }

    /// Points to a need or goal. One that the reader is not told is pointed to by its id in the plan.
    fn reference(&self, kind: &'static str, id: &str) -> Value {
        let named = identifier(codes::PLAN_ITEM, id);
        match self.0.get(&(kind, id.to_owned())) {
            Some(local) => json!({"reference": format!("#{local}"), "identifier": named}),
            None => json!({"identifier": named}),
        }
    }
}

fn write_need(need: PlanNeed, local: &str, subject: &Value) -> Result<Value, Unwritable> {
    let PlanNeed { id, category, text, found_in_meeting } = need;
    let found = found_in_meeting
        .then(|| json!([{"code": fhir::concept(codes::FIELD, "found_in_meeting"), "valueBoolean": true}]));
    let observation = Writing::resource("Observation")
        .with("id", local)
        .with("identifier", vec![identifier(codes::PLAN_ITEM, &id)])
        .with("status", "final")
        .with("category", categories(category, "needs.category")?)
        .with("code", fhir::concept(codes::PLAN_ITEM_KIND, "need"))
        .with("subject", subject.clone())
        .with("valueString", said(text).ok_or(Unwritable("needs.text"))?)
        .with("component", found);
    Ok(observation.done())
}

fn write_goal(goal: PlanGoal, local: &str, subject: &Value, ids: &Ids) -> Result<Value, Unwritable> {
    let PlanGoal { id, category, text, state, achievement, due, needs } = goal;
    let state = GoalState::try_from(state).ok().and_then(codes::goal_state);
    let achievement = Achievement::try_from(achievement).map_err(|_| Unwritable("goals.achievement"))?;
    let achievement = codes::achievement(achievement).map(|code| fhir::concept(codes::ACHIEVEMENT, code));
    let due = day(due, "goals.due")?.map(|day| json!([{"dueDate": day}]));
    let goal = Writing::resource("Goal")
        .with("id", local)
        .with("identifier", vec![identifier(codes::PLAN_ITEM, &id)])
        .with("lifecycleStatus", state.ok_or(Unwritable("goals.state"))?)
        .with("achievementStatus", achievement)
        .with("category", categories(category, "goals.category")?)
        .with("description", json!({"text": said(text).ok_or(Unwritable("goals.text"))?}))
        .with("subject", subject.clone())
        .with("target", due)
        .with("addresses", needs.iter().map(|need| ids.reference("need", need)).collect::<Vec<_>>());
    Ok(goal.done())
}

fn write_action(action: PlanAction, ids: &Ids) -> Result<Value, Unwritable> {
    let PlanAction { id, category, text, state, goal, provider, ptv_service, start, end, reason } = action;
    let state = ActionState::try_from(state).ok().and_then(codes::action_state);
    let (start, end) = (day(start, "actions.start")?, day(end, "actions.end")?);
    // Days of the same form: their order is that of their texts.
    if start.as_ref().is_some_and(|start| end.as_ref().is_some_and(|end| end < start)) {
        return Err(Unwritable("actions.end"));
    }
    let period = Writing::part().with("start", start).with("end", end);
    let goals = present(goal).map(|goal| vec![ids.reference("goal", &goal)]);
    let performer = said(provider).map(|provider| json!([{"display": provider}]));
    let detail = Writing::part()
        .with("kind", "ServiceRequest")
        .with("instantiatesUri", present(ptv_service).map(|service| json!([format!("urn:uuid:{service}")])))
        .with("code", category_concept(category, "actions.category")?)
        .with("goal", goals)
        .with("status", state.ok_or(Unwritable("actions.state"))?)
        .with("statusReason", said(reason).map(|reason| json!({"text": reason})))
        .with("doNotPerform", false)
        .with("scheduledPeriod", period.done())
        .with("performer", performer)
        .with("description", said(text).ok_or(Unwritable("actions.text"))?);
    Ok(json!({"id": id, "detail": detail.done()}))
}

fn write_meeting(meeting: PlanMeeting) -> Result<Value, Unwritable> {
    let PlanMeeting { id, category, time: when, state, place, participants, note } = meeting;
    let state = MeetingState::try_from(state).ok().and_then(codes::meeting_state);
    let when = written_instant(when.as_ref().map(time::from_wire), "meetings.time")?;
    let participants = participants.into_iter().filter_map(said).map(|name| json!({"display": name}));
    let detail = Writing::part()
        .with("kind", "Appointment")
        .with("code", category_concept(category, "meetings.category")?)
        .with("status", state.ok_or(Unwritable("meetings.state"))?)
        .with("doNotPerform", false)
        .with("scheduledTiming", when.map(|when| json!({"event": [when]})))
        .with("location", said(place).map(|place| json!({"display": place})))
        .with("performer", participants.collect::<Vec<_>>())
        .with("description", said(note));
    Ok(json!({"id": id, "detail": detail.done()}))
}

fn write_worker(frame: &Frame<'_>, worker: Worker, owner: &AgencyId) -> Result<Option<Value>, Unwritable> {
    let Worker { id, name, unit, phone, email } = worker;
    let practitioner = Writing::part()
        .with("identifier", present(id).map(|id| identifier(fhir::PROFESSIONAL, &id)))
        .with("display", said(name));
    let unit = present(unit).map(|unit| unit.parse()).transpose();
    let unit = unit.map_err(|_| Unwritable("responsible_worker.unit"))?;
    let unit = unit.map(|unit| frame.party(&Party { agency: owner.clone(), unit: Some(unit) }));
    let telecom = [("phone", phone), ("email", email)];
    let telecom = telecom
        .into_iter()
        .filter_map(|(system, value)| said(value).map(|value| json!({"system": system, "value": value})));
    let told = Writing::part()
        .with("practitioner", practitioner.done())
        .with("organization", unit)
        .with("telecom", telecom.collect::<Vec<_>>());
    if told.is_empty() {
        return Ok(None);
    }
    let role = Writing::resource("PractitionerRole").with("id", WORKER).and(told);
    Ok(Some(role.done()))
}

fn categories(number: i32, what: &'static str) -> Result<Vec<Value>, Unwritable> {
    Ok(vec![category_concept(number, what)?])
}

fn category_concept(number: i32, what: &'static str) -> Result<Value, Unwritable> {
    let category = codes::category(number).ok_or(Unwritable(what))?;
    Ok(fhir::concept(fhir::DATA_CATEGORY, polku_proto::name(category)))
}

/// A day that must be one of the calendar.
fn day(text: String, what: &'static str) -> Result<Option<String>, Unwritable> {
    match present(text) {
        Some(text) if !is_day(&text) => Err(Unwritable(what)),
        day => Ok(day),
    }
}
