//! "Kenen tykö mun pitää nyt mennä?": who is my worker, and what is next?

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{GetNextStepRequest, MeetingState, NextStep, Plan, PlanPart};
use polku_proto::{Valid, YouthId, YouthName};

use super::former::{here, youth_of};
use super::sight::{Look, holder};
use super::telling::{Leaf, Telling};
use super::worker::{self, When};
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::PlanRecord;
use crate::journey::read::youth_id;
use crate::journey::refer::mismatch;
use crate::outbox::Shown;
use crate::plan::section_of;

impl Gateway {
    /// Who is beside the young person, and what comes next, as far as the caller may know.
    pub(crate) async fn get_next_step(
        &self,
        caller: &Caller,
        request: Valid<GetNextStepRequest>,
    ) -> Result<Authorised<NextStep>, Error> {
        let now = self.now();
        let youth = youth_id(&request.get().youth, "youth")?;
        self.check_reader(caller, youth)?;
        let look = Look { caller, youth, purpose: request.get().purpose(), now };
        self.check_concern(&look).await?;
        let person = self.person(youth).await?;
        let written = self.written(&person).await?;
        let seen = self.visible(&look, here(&written, &self.ids_seen(caller, youth)))?;
        let plan = self.plan_at_hand(caller, youth).await?;
        let name = plan.as_ref().map(|plan| plan.name().to_string()).unwrap_or_default();
        let shell = NextStep { youth: YouthName { youth }.to_string(), plan: name, ..NextStep::default() };
        let mut answer = self.shell(caller, shell)?;
        let mut told = Vec::new();
        if let Some(record) = &plan {
            let whole = self.seen(record, &self.eyes(caller, record)?, now)?;
            for part in [step(&whole), meeting(&whole, now)].into_iter().flatten() {
                let owner = part.owner.clone();
                if let Some((part, shown)) = self.plan_piece(caller, record, &owner, part, now)? {
                    answer = answer.gather(part).map_err(mismatch)?;
                    let section = section_of(&whole, &owner);
                    let section = section.map(|section| self.section_mark(section, &caller.agency));
                    told.extend(shown.map(|shown| section.into_iter().fold(shown, Shown::part_of)));
                }
            }
        }
        let mut telling = Telling::default();
        telling.read(Leaf::of(youth, format!("{}/nextStep", YouthName { youth }), &answer).telling(told));
        if let Some(current) = worker::known(&written, &seen, When::of(&person, now)?) {
            let by = current.1;
            match self.shown_worker(&look, current) {
                Ok(worker) => {
                    telling.entry(youth_of(by)?, &holder(by)?, by.category, worker.decision());
                    answer = answer.gather(worker).map_err(mismatch)?;
                }
                // The permission has ended since the look before.
                Err(Error::NotPermitted(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.note_look(&look, "nextStep", telling).await?;
        Ok(answer)
    }

    /// The newest joint plan that has not ended and that the caller may read.
    pub(super) async fn plan_at_hand(
        &self,
        caller: &Caller,
        youth: YouthId,
    ) -> Result<Option<PlanRecord>, Error> {
        for record in self.plans_under(&self.ids_seen(caller, youth)).await? {
            if !record.row.ended && self.eyes(caller, &record).is_ok() {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

/// The part with nothing but the step that is flagged.
fn step(plan: &Plan) -> Option<PlanPart> {
    let flagged = plan.step.as_ref()?;
    let part = parts(plan).find(|part| part.owner == flagged.owner)?;
    let mut alone = frame(part);
    match flagged.kind() {
        Kind::Need => alone.needs = only(&part.needs, |need| need.id == flagged.id),
        Kind::Goal => alone.goals = only(&part.goals, |goal| goal.id == flagged.id),
        Kind::Action => alone.actions = only(&part.actions, |action| action.id == flagged.id),
        // Meetings stand for themselves.
        Kind::Meeting | Kind::Unspecified => return None,
    }
    for goal in &mut alone.goals {
        goal.needs.clear();
    }
    for action in &mut alone.actions {
        action.goal.clear();
    }
    Some(alone)
}

/// The part with nothing but the next meeting that is planned.
fn meeting(plan: &Plan, now: Timestamp) -> Option<PlanPart> {
    let time = |meeting: &polku_proto::v1::PlanMeeting| meeting.time.map(|time| (time.seconds, time.nanos));
    let ahead = (now.as_second(), now.subsec_nanosecond());
    let all = parts(plan).flat_map(|part| part.meetings.iter().map(move |meeting| (part, meeting)));
    let (part, next) = all
        .filter(|(_, meeting)| meeting.state() == MeetingState::Planned && time(meeting) >= Some(ahead))
        .min_by_key(|(_, meeting)| time(meeting))?;
    Some(PlanPart { meetings: vec![next.clone()], ..frame(part) })
}

fn parts(plan: &Plan) -> impl Iterator<Item = &PlanPart> {
    plan.sections.iter().filter_map(|section| section.part.as_ref())
}

fn frame(part: &PlanPart) -> PlanPart {
    PlanPart { plan: part.plan.clone(), owner: part.owner.clone(), state: part.state, ..PlanPart::default() }
}

fn only<T: Clone>(items: &[T], is: impl Fn(&T) -> bool) -> Vec<T> {
    items.iter().filter(|item| is(item)).cloned().collect()
}
