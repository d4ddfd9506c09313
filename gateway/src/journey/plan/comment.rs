//! The young person says something about an item of a plan.
//!
//! Comments are added, and neither changed nor taken back. They stand in the young person's section and are told as it is,
//! to who sees the item as well.

use polku_policy::Authorised;
use polku_proto::Valid;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{CommentPlanItemRequest, Plan, PlanChange, PlanComment, PlanItem};

use super::begin::check_running;
use super::step::Step;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::plan;
use crate::record::wire_time;

/// More comments that the caller sees are refused.
const MOST_COMMENTS: usize = 200;

/// More are not kept, be they hidden from who represents the young person: every plan has to fit into a message.
const MOST_COMMENTS_KEPT: usize = 300;

impl Gateway {
    /// The young person, or who represents them, says something about an item.
    pub(crate) async fn comment_plan_item(
        &self,
        caller: &Caller,
        request: Valid<CommentPlanItemRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        const NO_ITEM: Error = Error::Field {
            field: "item",
            reason: "NO_SUCH_ITEM",
            expected: "an item of the plan that the caller sees",
        };
        let request = request.into_inner();
        let step = Step { method: "CommentPlanItem", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, now| {
            if let Actor::Professional { .. } = caller.actor {
                return Err(Error::ActorNotAllowed { expected: "the young person, or who represents them" });
            }
            check_running(record)?;
            let item = request.item.clone().unwrap_or_default();
            let seen = self.seen_by(caller, record)?;
            let category = category_of(&seen, &item).ok_or(NO_ITEM)?;
            let shown = plan::section_of(&seen, plan::YOUTH).map_or(0, |section| section.comments.len());
            let comments = &mut record.section_mut(plan::YOUTH)?.comments;
            if shown >= MOST_COMMENTS || comments.len() >= MOST_COMMENTS_KEPT {
                return Err(Error::RecordState { expected: "at most 200 comments in a plan" });
            }
            let (item, text, time) = (Some(item), request.text.clone(), Some(wire_time(now)?));
            let role = caller.kind().into();
            comments.push(PlanComment { category, item, text, time, role });
            Ok(())
        })
        .await
    }
}

/// The category of an item, if it is there to be seen.
fn category_of(seen: &Plan, item: &PlanItem) -> Option<i32> {
    let part = plan::part_of(seen, &item.owner)?;
    match item.kind() {
        Kind::Unspecified => None,
        Kind::Need => part.needs.iter().find(|need| need.id == item.id).map(|need| need.category),
        Kind::Goal => part.goals.iter().find(|goal| goal.id == item.id).map(|goal| goal.category),
        Kind::Action => part.actions.iter().find(|action| action.id == item.id).map(|action| action.category),
        Kind::Meeting => {
            part.meetings.iter().find(|meeting| meeting.id == item.id).map(|meeting| meeting.category)
        }
    }
}
