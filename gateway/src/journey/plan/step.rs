//! A plan is accepted, acknowledged, paused and ended; its next step is flagged, and items are linked.

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{
    AcceptPlanRequest, AcknowledgePlanRequest, CompletePlanRequest, FlagPlanStepRequest, HoldPlanRequest,
    LinkPlanItemsRequest, MarkPlanEnteredInErrorRequest, Plan, PlanChange, PlanItem, PlanLink, PlanState,
    ResumePlanRequest, RevokePlanRequest, UnlinkPlanItemsRequest, plan_link,
};
use polku_proto::{CategorySet, Disclose as _, PlanName, Valid};
use prost::Message;

use super::begin::{check_coordinator, check_running};
use super::commit::Draft;
use super::reader::digest;
use super::record::{Linked, PlanRecord};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::name;
use crate::once::Begun;
use crate::plan::{self, EditError, Fault};
use crate::record::wire_time;

/// More links by one party that the caller sees are refused.
const MOST_LINKS: usize = 100;

/// More links by one party are kept of nobody, be they hidden: every plan has to fit into a message.
const MOST_LINKS_KEPT: usize = 300;

/// One step, with what its method is called.
pub(super) struct Step<'a> {
    pub(super) method: &'a str,
    pub(super) name: &'a str,
    pub(super) request_id: &'a str,
}

impl Gateway {
    /// The young person accepts the plan, or the responsible worker's agency writes down that they have.
    pub(crate) async fn accept_plan(
        &self,
        caller: &Caller,
        request: Valid<AcceptPlanRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "AcceptPlan", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, now| {
            if let Actor::Professional { .. } = caller.actor {
                check_coordinator(caller, record)?;
            }
            let sight = self.sight(record, &self.eyes(caller, record)?, now)?;
            let seen = sight.of(record)?;
            let goes_on = matches!(seen.state(), PlanState::Active | PlanState::OnHold);
            if !(goes_on && seen.changed_since_acceptance) {
                check_state(&seen, &[PlanState::Draft])?;
            }
            self.check_read(caller, record, &seen, &request.etag)?;
            // What has been accepted may all be gone by now, and that can be accepted; nothing at all is no plan.
            if !goes_on && !plan::is_begun(&seen) {
                return Err(Error::PlanEmpty);
            }
            record.plan_mut()?.accept_time.get_or_insert(wire_time(now)?);
            // Whoever records it has not shown more to the young person than what they see.
            let accepted = record.kept.agreement.accept(&seen, |owner| sight.told_of(owner));
            accepted.map_err(|_| Error::Inconsistent("what was accepted of a plan is unreadable"))
        })
        .await
    }

    /// A party stands by what it has undertaken.
    pub(crate) async fn acknowledge_plan(
        &self,
        caller: &Caller,
        request: Valid<AcknowledgePlanRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "AcknowledgePlan", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, now| {
            let Actor::Professional { .. } = caller.actor else {
                return Err(Error::ActorNotAllowed {
                    expected: "a professional of the party that has undertaken something",
                });
            };
            check_running(record)?;
            let seen = self.seen_by(caller, record)?;
            self.check_read(caller, record, &seen, &request.etag)?;
            if !plan::acknowledge(record.plan_mut()?, caller.agency.as_str(), &seen, wire_time(now)?) {
                return Err(Error::RecordState { expected: "a party that has undertaken something" });
            }
            Ok(())
        })
        .await
    }

    /// Pauses an active plan.
    pub(crate) async fn hold_plan(
        &self,
        caller: &Caller,
        request: Valid<HoldPlanRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "HoldPlan", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, _| {
            check_coordinator(caller, record)?;
            check_state(&self.seen_over(caller, record, &request.etag)?, &[PlanState::Active])?;
            record.plan_mut()?.set_state(PlanState::OnHold);
            Ok(())
        })
        .await
    }

    /// Goes on with a paused plan.
    pub(crate) async fn resume_plan(
        &self,
        caller: &Caller,
        request: Valid<ResumePlanRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "ResumePlan", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, _| {
            check_coordinator(caller, record)?;
            check_state(&self.seen_over(caller, record, &request.etag)?, &[PlanState::OnHold])?;
            // Whether it is active is told by what was accepted and acknowledged.
            record.plan_mut()?.set_state(PlanState::Draft);
            Ok(())
        })
        .await
    }

    /// Ends a plan that was carried out.
    pub(crate) async fn complete_plan(
        &self,
        caller: &Caller,
        request: Valid<CompletePlanRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "CompletePlan", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, _| {
            check_coordinator(caller, record)?;
            check_state(
                &self.seen_over(caller, record, &request.etag)?,
                &[PlanState::Active, PlanState::OnHold],
            )?;
            record.plan_mut()?.set_state(PlanState::Completed);
            Ok(())
        })
        .await
    }

    /// Ends a plan before it was carried out.
    pub(crate) async fn revoke_plan(
        &self,
        caller: &Caller,
        request: Valid<RevokePlanRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "RevokePlan", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, _| {
            if let Actor::Professional { .. } = caller.actor {
                check_coordinator(caller, record)?;
            }
            let from = [PlanState::Draft, PlanState::Active, PlanState::OnHold];
            check_state(&self.seen_over(caller, record, &request.etag)?, &from)?;
            record.plan_mut()?.set_state(PlanState::Revoked);
            Ok(())
        })
        .await
    }

    /// Marks a plan as made in error.
    pub(crate) async fn mark_plan_entered_in_error(
        &self,
        caller: &Caller,
        request: Valid<MarkPlanEnteredInErrorRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let method = "MarkPlanEnteredInError";
        let step = Step { method, name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, _| {
            check_coordinator(caller, record)?;
            let from = [
                PlanState::Draft,
                PlanState::Active,
                PlanState::OnHold,
                PlanState::Completed,
                PlanState::Revoked,
            ];
            check_state(&self.seen_over(caller, record, &request.etag)?, &from)?;
            record.plan_mut()?.set_state(PlanState::EnteredInError);
            Ok(())
        })
        .await
    }

    /// Flags the one step that comes next, or takes the flag away, for who has read what is flagged now.
    ///
    /// Where the flag stands on an action that the caller does not see, another step takes it over: a refusal would tell
    /// that there is one. That it is taken away is for who sees it to say.
    pub(crate) async fn flag_plan_step(
        &self,
        caller: &Caller,
        request: Valid<FlagPlanStepRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        const NO_STEP: Error = Error::Field {
            field: "step",
            reason: "NO_SUCH_ITEM",
            expected: "an action of the plan that the caller sees and that has not ended",
        };
        let request = request.into_inner();
        let step = Step { method: "FlagPlanStep", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, _| {
            if let Actor::Professional { .. } = caller.actor {
                check_coordinator(caller, record)?;
            }
            check_running(record)?;
            let seen = self.seen_by(caller, record)?;
            self.check_read(caller, record, &seen, &request.etag)?;
            match &request.step {
                Some(item) if !plan::is_ahead(&seen, item) => return Err(NO_STEP),
                None if seen.step.is_none() => {}
                step => record.plan_mut()?.step.clone_from(step),
            }
            Ok(())
        })
        .await
    }

    /// Says that two items belong together.
    pub(crate) async fn link_plan_items(
        &self,
        caller: &Caller,
        request: Valid<LinkPlanItemsRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "LinkPlanItems", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, now| {
            check_running(record)?;
            let link = request.link.clone().unwrap_or_default();
            self.check_link(caller, record, &link)?;
            // Who is told of no links would make one that they do not see.
            let eyes = self.eyes(caller, record)?;
            let told = self.permitted(record, plan::YOUTH, &eyes, now)?;
            if !link_categories(&link).is_subset(told.union(CategorySet::ENVELOPE)) {
                return Err(Error::Plan(EditError {
                    fault: Fault::NotTold,
                    path: "link".to_owned(),
                    expected: "what may be told to the editor",
                }));
            }
            self.add_link(caller, record, link)
        })
        .await
    }

    /// Takes that back, for who sees the link: to others it is as if it were not there.
    pub(crate) async fn unlink_plan_items(
        &self,
        caller: &Caller,
        request: Valid<UnlinkPlanItemsRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "UnlinkPlanItems", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, _| {
            check_running(record)?;
            let link = request.link.clone().unwrap_or_default();
            let seen = self.check_link(caller, record, &link)?;
            if !seen.links.iter().any(|other| is_same(other, &link)) {
                return Err(Error::RecordState { expected: "a link that the caller sees" });
            }
            record.plan_mut()?.links.retain(|other| !is_same(other, &link));
            Ok(())
        })
        .await
    }

    /// One step: checked and carried out by `change`, on the plan as it is at the instant at which nobody else changes it.
    pub(super) async fn step(
        &self,
        caller: &Caller,
        step: &Step<'_>,
        request: &impl Message,
        change: impl FnOnce(&mut PlanRecord, Timestamp) -> Result<(), Error> + Send,
    ) -> Result<Authorised<PlanChange>, Error> {
        let plan: PlanName = name(step.name, "name")?;
        let call = self.call(caller, step.method, step.request_id, request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        self.hands(caller, &record, now)?;
        if let Some(earlier) = earlier {
            return self.changed_before(caller, &person, &record, earlier, now).await;
        }
        let mut draft = Draft::by_call(record);
        change(&mut draft.after, now)?;
        self.change_plan(&call, &person, step.method, draft, now).await
    }

    /// The caller has seen the plan as it is now.
    pub(super) fn check_read(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        seen: &Plan,
        etag: &str,
    ) -> Result<(), Error> {
        let (_, read) = self.open_reading(record, caller, etag)?;
        if digest(seen) == read { Ok(()) } else { Err(Error::EtagMismatch) }
    }

    /// The plan as the caller sees it now, which is exactly what they have read.
    pub(super) fn seen_over(&self, caller: &Caller, record: &PlanRecord, etag: &str) -> Result<Plan, Error> {
        let seen = self.seen_by(caller, record)?;
        self.check_read(caller, record, &seen, etag)?;
        Ok(seen)
    }

    /// The plan as the caller sees it now.
    pub(super) fn seen_by(&self, caller: &Caller, record: &PlanRecord) -> Result<Plan, Error> {
        self.seen(record, &self.eyes(caller, record)?, self.now())
    }

    /// Adds a link that is not there yet.
    ///
    /// Each maker, an agency or the young person's side, has its own room, and of what is in it counts what the caller
    /// sees: a refusal tells nothing of others' links, nor of the own agency's that are hidden, be it from the caller's
    /// role or because an end of theirs may not be told any more.
    pub(super) fn add_link(
        &self,
        caller: &Caller,
        record: &mut PlanRecord,
        link: PlanLink,
    ) -> Result<(), Error> {
        if record.plan()?.links.iter().any(|other| is_same(other, &link)) {
            return Ok(());
        }
        let maker = match caller.actor {
            Actor::Professional { .. } => caller.agency.as_str(),
            Actor::Subject(_) | Actor::Representative { .. } => plan::YOUTH,
        };
        let seen = self.seen_by(caller, record)?.links;
        let own = record.kept.linked.iter().filter(|linked| linked.maker == maker);
        let own: Vec<&PlanLink> = own.filter_map(|linked| linked.link.as_ref()).collect();
        let shown = own.iter().filter(|link| seen.contains(link)).count();
        if shown >= MOST_LINKS || own.len() >= MOST_LINKS_KEPT {
            return Err(Error::RecordState {
                expected: "at most 100 links in a plan that the caller's side has made",
            });
        }
        record.kept.linked.push(Linked { link: Some(link.clone()), maker: maker.to_owned() });
        record.plan_mut()?.links.push(link);
        Ok(())
    }

    /// Both ends are there for the caller to see, and fit. Answers what the caller sees.
    fn check_link(&self, caller: &Caller, record: &PlanRecord, link: &PlanLink) -> Result<Plan, Error> {
        const NO_ITEM: Error = Error::Field {
            field: "link",
            reason: "NO_SUCH_ITEM",
            expected: "two items that the caller sees: of one kind, or an action and a goal of another section that it serves",
        };
        let (Some(first), Some(second)) = (&link.first, &link.second) else { return Err(NO_ITEM) };
        let fits = match link.kind() {
            // Where a need came to light is said with the need.
            plan_link::Kind::Unspecified | plan_link::Kind::FoundIn => false,
            plan_link::Kind::SameAs => first.kind == second.kind,
            plan_link::Kind::Serves => first.kind() == Kind::Action && second.kind() == Kind::Goal,
        };
        let seen = self.seen_by(caller, record)?;
        let is_apart =
            first.owner != second.owner || (link.kind() == plan_link::Kind::SameAs && first != second);
        if !fits || !is_apart || !has_item(&seen, first) || !has_item(&seen, second) {
            return Err(NO_ITEM);
        }
        Ok(seen)
    }
}

/// The plan is in one of these states, as far as the caller sees: another's word that it does not see does not show in
/// a refusal.
fn check_state(seen: &Plan, from: &[PlanState]) -> Result<(), Error> {
    if from.contains(&seen.state()) {
        return Ok(());
    }
    Err(Error::RecordState { expected: "a plan in a state from which this step leads on" })
}

/// As what a plan tells of its links.
fn link_categories(link: &PlanLink) -> CategorySet {
    Plan { links: vec![link.clone()], ..Plan::default() }.categories()
}

/// Whether two links say the same: that two items are the same can be said from either end.
pub(super) fn is_same(one: &PlanLink, other: &PlanLink) -> bool {
    let is_turned = one.first == other.second && one.second == other.first;
    one == other || (one.kind == other.kind && one.kind() == plan_link::Kind::SameAs && is_turned)
}

/// Whether the item is there to be seen.
pub(super) fn has_item(seen: &Plan, item: &PlanItem) -> bool {
    let Some(part) = plan::part_of(seen, &item.owner) else { return false };
    match item.kind() {
        Kind::Unspecified => false,
        Kind::Need => part.needs.iter().any(|need| need.id == item.id),
        Kind::Goal => part.goals.iter().any(|goal| goal.id == item.id),
        Kind::Action => part.actions.iter().any(|action| action.id == item.id),
        Kind::Meeting => part.meetings.iter().any(|meeting| meeting.id == item.id),
    }
}
