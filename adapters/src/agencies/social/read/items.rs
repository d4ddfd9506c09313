//! What does a plan hold: needs, goals, and what is to be done?

use polku_proto::time;
use polku_proto::v1::{
    Achievement, ActionState, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting, PlanNeed,
    ReferralContent,
};

use super::super::codes;
use super::bundle::{one_of, pass_description, points_to};
use super::content::{observation, only};
use crate::agencies::event::read_code;
use crate::formats::fhir::element::{
    read_boolean, read_code as read_known, read_concept, read_day, read_identifiers, read_texts, read_urn,
};
use crate::formats::fhir::moment::{self, is_day};
use crate::formats::fhir::object::Object;
use crate::formats::fhir::{ImportError, Problem, codes as fhir, identifier_of};

/// Reads an Observation: a need of the plan, or else what is told of a category, which goes into the background.
pub(super) fn need(
    mut resource: Object,
    person: Option<&str>,
    background: &mut ReferralContent,
) -> Result<Option<PlanNeed>, ImportError> {
    one_of(&mut resource, "resourceType", &["Observation"])?;
    if !resource.has("valueString") {
        subject(&mut resource, person)?;
        observation(resource, None, background)?;
        return Ok(None);
    }
    pass_description(&mut resource);
    let id = item_id(&mut resource)?;
    one_of(&mut resource, "status", &["final", "preliminary", "amended", "corrected"])?;
    let code = resource.required_object("code")?;
    let code_place = code.place().clone();
    if read_concept(code, codes::PLAN_ITEM_KIND)? != "need" {
        return Err(code_place.fault(Problem::Unknown));
    }
    let category = category_of(&mut resource)?;
    subject(&mut resource, person)?;
    let mut found_in_meeting = false;
    if let Some(mut component) = only(&mut resource, "component")? {
        let place = component.place().clone();
        if read_concept(component.required_object("code")?, codes::FIELD)? != "found_in_meeting" {
            return Err(place.fault(Problem::Unknown));
        }
        found_in_meeting = read_boolean(&mut component, "valueBoolean")?.unwrap_or_default();
        component.end()?;
    }
    let text = resource.required_text("valueString")?;
    resource.end()?;
    Ok(Some(PlanNeed { id, category, text, found_in_meeting }))
}

fn subject(resource: &mut Object, person: Option<&str>) -> Result<(), ImportError> {
    match person {
        Some(address) if resource.has("subject") => points_to(resource, "subject", address),
        _ => {
            resource.pass_over(&["subject"]);
            Ok(())
        }
    }
}

fn item_id(resource: &mut Object) -> Result<String, ImportError> {
    let place = resource.at("identifier");
    let found = read_identifiers(resource)?.into_iter().find(|(system, _)| system == codes::PLAN_ITEM);
    found.map(|(_, id)| id).ok_or_else(|| place.fault(Problem::Missing))
}

fn category_of(resource: &mut Object) -> Result<i32, ImportError> {
    let place = resource.at("category");
    let concept = only(resource, "category")?.ok_or_else(|| place.fault(Problem::Missing))?;
    read_category(concept)
}

fn read_category(concept: Object) -> Result<i32, ImportError> {
    let place = concept.place().clone();
    let category = codes::read_category(&read_concept(concept, fhir::DATA_CATEGORY)?);
    Ok(category.ok_or_else(|| place.fault(Problem::Unknown))?.into())
}

/// Reads a reference to a need or goal: to a resource of the plan, or by the id in the plan alone.
fn pointed_to<'i>(
    mut reference: Object,
    known: impl Fn(&str) -> Option<&'i str>,
) -> Result<String, ImportError> {
    let place = reference.place().clone();
    let named = reference.object("identifier")?.map(identifier_of).transpose()?;
    let named = named.map(|(system, id)| {
        Some(id).filter(|_| system == codes::PLAN_ITEM).ok_or_else(|| place.fault(Problem::Unknown))
    });
    let named = named.transpose()?;
    let target = reference.text("reference")?;
    reference.pass_over(&["type", "display"]);
    reference.end()?;
    let target =
        target.map(|target| known(&target).map(str::to_owned).ok_or_else(|| place.fault(Problem::Unrelated)));
    match (target.transpose()?, named) {
        (Some(target), Some(named)) if target != named => Err(place.fault(Problem::Unrelated)),
        (Some(id), _) | (None, Some(id)) => Ok(id),
        (None, None) => Err(place.fault(Problem::Missing)),
    }
}

pub(super) fn goal(
    mut resource: Object,
    person: Option<&str>,
    needs: &[(String, PlanNeed)],
) -> Result<PlanGoal, ImportError> {
    one_of(&mut resource, "resourceType", &["Goal"])?;
    pass_description(&mut resource);
    let id = item_id(&mut resource)?;
    let state: GoalState =
        read_known(&mut resource, "lifecycleStatus", |code| read_code(code, codes::goal_state))?;
    let mut achievement = Achievement::Unspecified;
    if let Some(concept) = resource.object("achievementStatus")? {
        let place = concept.place().clone();
        let read = read_code(&read_concept(concept, codes::ACHIEVEMENT)?, codes::achievement);
        achievement = read.ok_or_else(|| place.fault(Problem::Unknown))?;
    }
    let category = category_of(&mut resource)?;
    let mut description = resource.required_object("description")?;
    let text = description.required_text("text")?;
    description.end()?;
    subject(&mut resource, person)?;
    let mut due = String::new();
    if let Some(mut target) = only(&mut resource, "target")? {
        due = read_day(&mut target, "dueDate")?.unwrap_or_default();
        target.pass_over(&["id"]);
        target.end()?;
    }
    let mut answered = Vec::new();
    for reference in resource.objects("addresses")? {
        let known = |target: &str| {
            let found = needs.iter().find(|(known, _)| known == target);
            found.map(|(_, need)| need.id.as_str())
        };
        answered.push(pointed_to(reference, known)?);
    }
    resource.end()?;
    Ok(PlanGoal {
        id,
        category,
        text,
        state: state.into(),
        achievement: achievement.into(),
        due,
        needs: answered,
    })
}

/// What is to be done.
pub(super) enum Activity {
    Action(PlanAction),
    Meeting(PlanMeeting),
}

pub(super) fn activity(mut item: Object, goals: &[(String, PlanGoal)]) -> Result<Activity, ImportError> {
    let id = item.required_text("id")?;
    let mut detail = item.required_object("detail")?;
    item.end()?;
    let place = detail.place().clone();
    let kind = detail.required_text("kind")?;
    let category = read_category(detail.required_object("code")?)?;
    // What is not to be done has no place in the contract.
    if read_boolean(&mut detail, "doNotPerform")?.unwrap_or_default() {
        return Err(place.below("doNotPerform").fault(Problem::Unsupported));
    }
    let read = match kind.as_str() {
        // A service, or a step or method.
        "ServiceRequest" | "Task" => Activity::Action(action(&mut detail, id, category, goals)?),
        "Appointment" => Activity::Meeting(meeting(&mut detail, id, category)?),
        _ => return Err(place.below("kind").fault(Problem::Unsupported)),
    };
    detail.pass_over(&["id"]);
    detail.end()?;
    Ok(read)
}

fn action(
    detail: &mut Object,
    id: String,
    category: i32,
    goals: &[(String, PlanGoal)],
) -> Result<PlanAction, ImportError> {
    let state: ActionState = read_known(detail, "status", |code| read_code(code, codes::action_state))?;
    let mut served = String::new();
    if let Some(reference) = only(detail, "goal")? {
        let known = |target: &str| {
            let found = goals.iter().find(|(known, _)| known == target);
            found.map(|(_, goal)| goal.id.as_str())
        };
        served = pointed_to(reference, known)?;
    }
    let place = detail.at("instantiatesUri");
    let mut ptv_service = String::new();
    for service in read_texts(detail, "instantiatesUri")? {
        let read = read_urn(&service).filter(|_| ptv_service.is_empty());
        ptv_service = read.ok_or_else(|| place.fault(Problem::Unknown))?.hyphenated().to_string();
    }
    let (mut start, mut end) = (String::new(), String::new());
    if let Some(mut period) = detail.object("scheduledPeriod")? {
        start = read_day(&mut period, "start")?.unwrap_or_default();
        end = read_day(&mut period, "end")?.unwrap_or_default();
        let place = period.place().clone();
        period.pass_over(&["id"]);
        period.end()?;
        if is_day(&start) && is_day(&end) && end < start {
            return Err(place.fault(Problem::Form));
        }
    }
    let mut providers = performers(detail)?.into_iter();
    let provider = providers.next().unwrap_or_default();
    if providers.next().is_some() {
        return Err(detail.at("performer").fault(Problem::Unsupported));
    }
    let mut reason = String::new();
    if let Some(mut concept) = detail.object("statusReason")? {
        reason = concept.required_text("text")?;
        concept.end()?;
    }
    Ok(PlanAction {
        id,
        category,
        text: detail.required_text("description")?,
        state: state.into(),
        goal: served,
        provider,
        ptv_service,
        start,
        end,
        reason,
    })
}

fn meeting(detail: &mut Object, id: String, category: i32) -> Result<PlanMeeting, ImportError> {
    let state: MeetingState = read_known(detail, "status", |code| read_code(code, codes::meeting_state))?;
    let mut when = None;
    if let Some(mut timing) = detail.object("scheduledTiming")? {
        let place = timing.at("event");
        let form = || place.fault(Problem::Form);
        let events = read_texts(&mut timing, "event")?;
        let [event] = events.as_slice() else { return Err(form()) };
        let instant = moment::instant(event).ok_or_else(form)?;
        when = Some(time::to_wire(instant).map_err(|_| form())?);
        timing.end()?;
    }
    let mut place = String::new();
    if let Some(mut location) = detail.object("location")? {
        place = location.required_text("display")?;
        location.end()?;
    }
    Ok(PlanMeeting {
        id,
        category,
        time: when,
        state: state.into(),
        place,
        participants: performers(detail)?,
        note: detail.text("description")?.unwrap_or_default(),
    })
}

/// Who takes part, by name.
fn performers(detail: &mut Object) -> Result<Vec<String>, ImportError> {
    let named = detail.objects("performer")?.into_iter().map(|mut performer| {
        let name = performer.required_text("display")?;
        performer.pass_over(&["type"]);
        performer.end()?;
        Ok(name)
    });
    named.collect()
}
