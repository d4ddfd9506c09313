//! Which plan do social services tell?

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_proto::v1::{
    Achievement, ActionState, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart,
    PlanState, ReferralContent, Worker,
};
use polku_proto::{Valid, time};

use super::super::codes;
use super::Reader;
use super::bundle::{Bundle, Entry, contained, one_of, pass_description, points_to};
use super::content::{observation, only, patient};
use crate::InboundPlanPart;
use crate::agencies::event::read_code;
use crate::formats::fhir::element::{
    is_day, read_boolean, read_code as read_known, read_concept, read_day, read_identifiers,
    read_number, read_redacted, read_reference, read_texts, read_urn,
};
use crate::formats::fhir::object::Object;
use crate::formats::fhir::{ImportError, Place, Problem, codes as fhir, identifier_of};

/// The most needs, goals and Observations that a plan holds.
const MOST_HELD: usize = 500;

impl Reader<'_> {
    /// Reads a message that tells a plan.
    pub(super) fn plan_told(
        self,
        bundle: &mut Bundle,
        occurred: Timestamp,
    ) -> Result<InboundPlanPart, ImportError> {
        let person = bundle.required("Patient")?;
        let Entry { resource: plan, .. } = bundle.required("CarePlan")?;
        let mut background = ReferralContent::default();
        let identifier = person.resource.at("identifier");
        let identity = patient(person.resource, &mut background)?;
        let part = self.plan(plan, Some(person.address.unwrap_or_default()), background, occurred)?;
        Ok(InboundPlanPart { identity: identity.ok_or_else(|| identifier.fault(Problem::Missing))?, part })
    }

    /// Reads a CarePlan. Where nothing is known of the person, `subject` is passed over.
    pub(super) fn plan(
        self,
        mut plan: Object,
        person: Option<String>,
        mut background: ReferralContent,
        occurred: Timestamp,
    ) -> Result<PlanPart, ImportError> {
        let place = plan.place().clone();
        pass_description(&mut plan);
        let redacted = read_redacted(&mut plan)?;
        match &person {
            Some(address) => points_to(&mut plan, "subject", address)?,
            None => plan.pass_over(&["subject"]),
        }
        one_of(&mut plan, "intent", &["plan"])?;
        let state: PlanState = read_known(&mut plan, "status", |code| read_code(code, codes::plan_state))?;
        let author = self.party(plan.required_object("author")?)?;
        if author.agency != *self.own {
            return Err(place.below("author").fault(Problem::UnknownOrganisation));
        }
        let (name, reference) = names(&mut plan)?;
        let (revision, next_review) = extensions(&mut plan)?;
        let mut held = Held::read(&mut plan)?;
        let supporting = references(&mut plan, "supportingInfo")?;
        let mut needs = Vec::new();
        for target in supporting {
            let resource = held.take(&target, &place)?;
            match need(resource, person.as_deref(), &mut background)? {
                Some(read) => needs.push((target, read)),
                None => {}
            }
        }
        let mut goals = Vec::new();
        for target in references(&mut plan, "goal")? {
            let resource = held.take(&target, &place)?;
            let read = goal(resource, person.as_deref(), &needs)?;
            goals.push((target, read));
        }
        let mut worker = None;
        for target in references(&mut plan, "contributor")? {
            let read = self.worker(held.take(&target, &place)?)?;
            if worker.replace(read).is_some() {
                return Err(place.below("contributor").fault(Problem::Twice));
            }
        }
        held.end(&place)?;
        let (mut actions, mut meetings) = (Vec::new(), Vec::new());
        for item in plan.objects("activity")? {
            match activity(item, &goals)? {
                Activity::Action(action) => actions.push(action),
                Activity::Meeting(meeting) => meetings.push(meeting),
            }
        }
        let (client_view, worker_view) = self.views(&mut plan, person.as_deref())?;
        plan.pass_over(&["created", "title", "category", "period"]);
        plan.end()?;
        let part = PlanPart {
            plan: name,
            owner: self.own.to_string(),
            reference,
            revision,
            update_time: Some(time::to_wire(occurred).map_err(|_| place.fault(Problem::Form))?),
            state: state.into(),
            redacted,
            consent_withdrawn: false,
            background: (background != ReferralContent::default()).then_some(background),
            needs: needs.into_iter().map(|(_, need)| need).collect(),
            goals: goals.into_iter().map(|(_, goal)| goal).collect(),
            actions,
            meetings,
            client_view,
            worker_view,
            next_review,
            responsible_worker: worker,
        };
        let checked = Valid::check(part).map_err(|_| place.fault(Problem::TooMuch))?;
        Ok(checked.into_inner())
    }

    fn worker(self, mut role: Object) -> Result<Worker, ImportError> {
        one_of(&mut role, "resourceType", &["PractitionerRole"])?;
        pass_description(&mut role);
        let mut worker = Worker::default();
        if let Some(mut practitioner) = role.object("practitioner")? {
            let place = practitioner.at("identifier");
            if let Some(identifier) = practitioner.object("identifier")? {
                let (system, value) = identifier_of(identifier)?;
                let known = Some(value).filter(|_| system == fhir::PROFESSIONAL);
                let known = known.and_then(|id| crate::agencies::event::official(&id).ok());
                worker.id = known.ok_or_else(|| place.fault(Problem::Unknown))?;
            }
            worker.name = practitioner.text("display")?.unwrap_or_default();
            practitioner.pass_over(&["type"]);
            practitioner.end()?;
        }
        let unit_place = role.at("organization");
        if let Some(unit) = role.object("organization")? {
            let party = self.party(unit)?;
            let unit = party.unit.filter(|_| party.agency == *self.own);
            worker.unit = unit.ok_or_else(|| unit_place.fault(Problem::UnknownOrganisation))?.to_string();
        }
        for mut telecom in role.objects("telecom")? {
            let place = telecom.place().clone();
            let (system, value) = (telecom.required_text("system")?, telecom.required_text("value")?);
            match system.as_str() {
                "phone" if worker.phone.is_empty() => worker.phone = value,
                "email" if worker.email.is_empty() => worker.email = value,
                _ => return Err(place.fault(Problem::Unsupported)),
            }
            telecom.pass_over(&["id", "use", "rank"]);
            telecom.end()?;
        }
        role.end()?;
        Ok(worker)
    }

    /// Reads how the client and the worker see it: whose word a note is, its author says.
    fn views(self, plan: &mut Object, person: Option<&str>) -> Result<(String, String), ImportError> {
        let (mut client, mut worker) = (String::new(), String::new());
        for mut note in plan.objects("note")? {
            let place = note.place().clone();
            let author_place = note.at("authorReference");
            let mut author = note.required_object("authorReference")?;
            let view = if author.has("reference") {
                let target = author.required_text("reference")?;
                author.pass_over(&["type", "display"]);
                author.end()?;
                if person.is_some_and(|person| person != target) {
                    return Err(author_place.fault(Problem::Unrelated));
                }
                &mut client
            } else {
                if self.party(author)?.agency != *self.own {
                    return Err(author_place.fault(Problem::UnknownOrganisation));
                }
                &mut worker
            };
            if !view.is_empty() {
                return Err(place.fault(Problem::Twice));
            }
            *view = note.required_text("text")?;
            note.pass_over(&["id", "time"]);
            note.end()?;
        }
        Ok((client, worker))
    }
}

/// What a plan holds, until it is pointed to.
struct Held(BTreeMap<String, Object>);

impl Held {
    fn read(plan: &mut Object) -> Result<Self, ImportError> {
        let place = plan.at("contained");
        let held = contained(plan)?;
        if held.len() > MOST_HELD {
            return Err(place.fault(Problem::TooMuch));
        }
        Ok(Self(held.into_iter().map(|(id, resource)| (format!("#{id}"), resource)).collect()))
    }

    fn take(&mut self, target: &str, plan: &Place) -> Result<Object, ImportError> {
        self.0.remove(target).ok_or_else(|| plan.below("contained").fault(Problem::Unrelated))
    }

    fn end(self, plan: &Place) -> Result<(), ImportError> {
        if self.0.is_empty() { Ok(()) } else { Err(plan.below("contained").fault(Problem::Unrelated)) }
    }
}

fn references(plan: &mut Object, name: &'static str) -> Result<Vec<String>, ImportError> {
    plan.objects(name)?.into_iter().map(read_reference).collect()
}

/// Reads the name of the joint plan and the owner's own id.
fn names(plan: &mut Object) -> Result<(String, String), ImportError> {
    let place = plan.at("identifier");
    let (mut name, mut reference) = (String::new(), String::new());
    for (system, value) in read_identifiers(plan)? {
        let field = match system.as_str() {
            codes::PLAN => &mut name,
            codes::PLAN_REFERENCE => &mut reference,
            codes::PLAN_PART => continue,
            _ => return Err(place.fault(Problem::Unknown)),
        };
        if !field.is_empty() {
            return Err(place.fault(Problem::Twice));
        }
        *field = value;
    }
    // A personal identity code is nobody's id of a plan.
    if crate::agencies::answer::has_identity_code(&reference) {
        return Err(place.fault(Problem::Unknown));
    }
    Ok((name, reference))
}

/// Reads the revision, which must be there, and the day of the next review.
fn extensions(plan: &mut Object) -> Result<(u64, String), ImportError> {
    let place = plan.at("extension");
    let (mut revision, mut review) = (None, None);
    for mut extension in plan.objects("extension")? {
        let place = extension.place().clone();
        match extension.required_text("url")?.as_str() {
            codes::PLAN_REVISION if revision.is_none() => {
                let number = read_number(&mut extension, "valuePositiveInt")?;
                let number = number.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
                revision = Some(number.ok_or_else(|| place.fault(Problem::Form))?);
            }
            codes::NEXT_REVIEW if review.is_none() => {
                let day = read_day(&mut extension, "valueDate")?;
                review = Some(day.ok_or_else(|| place.fault(Problem::Form))?);
            }
            _ => return Err(place.fault(Problem::Unsupported)),
        }
        extension.end()?;
    }
    Ok((revision.ok_or_else(|| place.fault(Problem::Missing))?, review.unwrap_or_default()))
}

/// Reads an Observation: a need of the plan, or else what is told of a category, which goes into the background.
fn need(
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
    let target = target.map(|target| known(&target).map(str::to_owned).ok_or_else(|| place.fault(Problem::Unrelated)));
    match (target.transpose()?, named) {
        (Some(target), Some(named)) if target != named => Err(place.fault(Problem::Unrelated)),
        (Some(id), _) | (None, Some(id)) => Ok(id),
        (None, None) => Err(place.fault(Problem::Missing)),
    }
}

fn goal(
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

enum Activity {
    Action(PlanAction),
    Meeting(PlanMeeting),
}

fn activity(mut item: Object, goals: &[(String, PlanGoal)]) -> Result<Activity, ImportError> {
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
        let instant: Timestamp = event.parse().map_err(|_| form())?;
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
