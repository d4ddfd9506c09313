//! Which plan do social services tell?

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_proto::v1::{PlanPart, PlanState, ReferralContent, Worker};
use polku_proto::{Valid, time};

use super::super::codes;
use super::Reader;
use super::bundle::{Bundle, Entry, contained, one_of, pass_description, points_to};
use super::content::patient;
use super::items::{Activity, activity, goal, need};
use crate::InboundPlanPart;
use crate::agencies::event::read_code;
use crate::agencies::plan::has_sound_ids;
use crate::formats::fhir::element::{
    read_code as read_known, read_day, read_identifiers, read_number, read_redacted, read_reference,
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
        let part = self.plan(plan, Some(&person.address.unwrap_or_default()), background, occurred)?;
        Ok(InboundPlanPart { identity: identity.ok_or_else(|| identifier.fault(Problem::Missing))?, part })
    }

    /// Reads a CarePlan. Where nothing is known of the person, `subject` is passed over.
    pub(super) fn plan(
        self,
        mut plan: Object,
        person: Option<&str>,
        mut background: ReferralContent,
        occurred: Timestamp,
    ) -> Result<PlanPart, ImportError> {
        let place = plan.place().clone();
        pass_description(&mut plan);
        let redacted = read_redacted(&mut plan)?;
        match person {
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
            if let Some(read) = need(resource, person, &mut background)? {
                needs.push((target, read));
            }
        }
        let mut goals = Vec::new();
        for target in references(&mut plan, "goal")? {
            let resource = held.take(&target, &place)?;
            let read = goal(resource, person, &needs)?;
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
        let (client_view, worker_view) = self.views(&mut plan, person)?;
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
            standing: None,
        };
        let part = Valid::check(part).map_err(|_| place.fault(Problem::TooMuch))?.into_inner();
        if has_sound_ids(&part) { Ok(part) } else { Err(place.below("identifier").fault(Problem::Unknown)) }
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
                let number =
                    number.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
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
