//! "Kenen tykö mun pitää nyt mennä?": who is my worker, and what is next?

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{GetNextStepRequest, MeetingState, NextStep, Plan, PlanPart};
use polku_proto::{CategorySet, Valid, YouthId, YouthName};

use super::entry::standing;
use super::former::{here, youth_of};
use super::sight::{Look, holder};
use super::telling::{Leaf, Telling};
use super::worker::{self, When};
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::youth_id;
use crate::journey::refer::mismatch;
use crate::journey::{PlanRecord, ShownPiece};
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
        self.check_concern_of(&look, "nextStep").await?;
        let person = self.person(youth).await?;
        let written = self.written(&person).await?;
        let ids = self.ids_seen(caller, youth);
        let seen = self.visible(&look, here(&written, &ids))?;
        let next = self.next_parts(caller, youth, now).await?;
        let shell =
            NextStep { youth: YouthName { youth }.to_string(), plan: next.plan, ..NextStep::default() };
        let (mut answer, mut told) = (self.shell(caller, shell)?, Vec::new());
        for (part, shown) in next.parts {
            answer = answer.gather(part).map_err(mismatch)?;
            told.extend(shown);
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
        // That there is an adult is all that is asked of the entries.
        let worker = worker::current(&standing(here(&written, &ids).collect()), When::of(&person, now)?);
        let untold = worker.filter(|(_, by)| seen.iter().all(|seen| seen.name != by.name));
        let withheld = untold.map_or(CategorySet::EMPTY, |(_, by)| CategorySet::named(by.category));
        self.note_look(&look, "nextStep", telling, withheld).await?;
        Ok(answer)
    }

    /// What comes next by the joint plans that have not ended and that the caller may read: the step of the newest one that
    /// shows one, and the earliest meeting of all. A plan that says nothing yet hides nothing.
    async fn next_parts(&self, caller: &Caller, youth: YouthId, now: Timestamp) -> Result<Next, Error> {
        let mut seen = Vec::new();
        for record in self.plans_under(&self.ids_seen(caller, youth)).await? {
            if record.row.ended {
                continue;
            }
            if let Ok(eyes) = self.eyes(caller, &record) {
                let whole = self.seen(&record, &eyes, now)?;
                seen.push((record, whole));
            }
        }
        let mut next = Next::default();
        for (record, whole) in &seen {
            if let Some(part) = step(whole)
                && next.add(record, self.next_part(caller, (record, whole), part, now)?)
            {
                break;
            }
        }
        let mut meetings: Vec<_> = seen
            .iter()
            .filter_map(|(record, whole)| meeting(whole, now).map(|(time, part)| (time, record, whole, part)))
            .collect();
        // Of two at the same time the one in the newer plan.
        meetings.sort_by_key(|(time, ..)| *time);
        for (_, record, whole, part) in meetings {
            if next.add(record, self.next_part(caller, (record, whole), part, now)?) {
                break;
            }
        }
        if let (true, Some((newest, _))) = (next.plan.is_empty(), seen.first()) {
            next.plan = newest.name().to_string();
        }
        Ok(next)
    }

    fn next_part(
        &self,
        caller: &Caller,
        (record, whole): (&PlanRecord, &Plan),
        part: PlanPart,
        now: Timestamp,
    ) -> Result<Option<ShownPiece<PlanPart>>, Error> {
        let owner = part.owner.clone();
        let Some((part, shown)) = self.plan_piece(caller, record, &owner, part, now)? else {
            return Ok(None);
        };
        let section = section_of(whole, &owner).map(|section| self.section_mark(section, &caller.agency));
        Ok(Some((part, shown.map(|shown| section.into_iter().fold(shown, Shown::part_of)))))
    }
}

/// What comes next, and the plan that the first part of it is from.
#[derive(Default)]
struct Next {
    plan: String,
    parts: Vec<ShownPiece<PlanPart>>,
}

impl Next {
    /// Whether there is such a part.
    fn add(&mut self, record: &PlanRecord, part: Option<ShownPiece<PlanPart>>) -> bool {
        let is_there = part.is_some();
        if is_there && self.plan.is_empty() {
            self.plan = record.name().to_string();
        }
        self.parts.extend(part);
        is_there
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

/// The part with nothing but the next meeting that is planned, and when that is.
fn meeting(plan: &Plan, now: Timestamp) -> Option<(Option<(i64, i32)>, PlanPart)> {
    let time = |meeting: &polku_proto::v1::PlanMeeting| meeting.time.map(|time| (time.seconds, time.nanos));
    let ahead = (now.as_second(), now.subsec_nanosecond());
    let all = parts(plan).flat_map(|part| part.meetings.iter().map(move |meeting| (part, meeting)));
    let (part, next) = all
        .filter(|(_, meeting)| meeting.state() == MeetingState::Planned && time(meeting) >= Some(ahead))
        .min_by_key(|(_, meeting)| time(meeting))?;
    Some((time(next), PlanPart { meetings: vec![next.clone()], ..frame(part) }))
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
