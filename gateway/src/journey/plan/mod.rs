//! One plan of a young person, kept by many agencies: how is it begun, read, changed, followed and told?

mod begin;
mod clash;
mod comment;
mod commit;
mod content;
mod found;
mod held;
mod import;
mod in_hand;
mod look;
mod meeting;
mod merge;
mod offer;
mod read;
mod reader;
mod record;
mod revisions;
mod sights;
mod step;
mod task;
mod task_list;
mod tell;
mod told;
mod two_plans;
mod used;
mod watch;

pub(crate) use held::{SENT, SentPart};
pub(crate) use in_hand::PlansInHand;
pub(in crate::journey) use reader::Eyes;
pub(crate) use reader::{ShownPiece, ShownPlan};
#[cfg(test)]
pub(crate) use record::Kept;
pub(crate) use record::PlanRecord;
pub(crate) use task::TaskRecord;
pub(in crate::journey) use task::{DECIDED, OTHER_KIND};
pub(crate) use tell::Tellable;
pub(crate) use used::UsedBefore;
#[cfg(test)]
pub(crate) use watch::Plans;
