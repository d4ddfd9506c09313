//! Which ids had their item before that was written down with every revision?

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use polku_proto::PlanId;

use super::record::{PlanRecord, empty_part};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::plan::{UsedIds, part_of};

/// How many revisions are read at once.
const BATCH: u32 = 50;

/// Of how many older plans it is remembered what was found.
const REMEMBERED: usize = 16;

/// What was found in the revisions of older plans, each up to one of them. Nothing keeps it before the plan changes: trials
/// and what is refused would read all of it every time.
#[derive(Debug, Default)]
pub(crate) struct UsedBefore(Mutex<VecDeque<(PlanId, u64, UsedIds)>>);

impl UsedBefore {
    fn of(&self, plan: PlanId, revision: u64) -> Option<UsedIds> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of = known.iter().filter(|(other, at, _)| (*other, *at) == (plan, revision));
        of.next().map(|(.., used)| used.clone())
    }

    fn remember(&self, plan: PlanId, revision: u64, used: &UsedIds) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(other, ..)| *other != plan);
        known.truncate(REMEMBERED - 1);
        known.push_front((plan, revision, used.clone()));
    }
}

impl Gateway {
    /// The plan with the ids that were used in any of its revisions. One that was begun before they were kept is looked
    /// through, and has them from its next revision on.
    pub(crate) async fn with_used_ids(
        &self,
        person: &Person,
        mut record: PlanRecord,
    ) -> Result<PlanRecord, Error> {
        if record.kept.used.is_whole() {
            return Ok(record);
        }
        let (plan, revision) = (record.row.id, record.row.revision);
        if let Some(used) = self.used_before.of(plan, revision) {
            record.kept.used = used;
            return Ok(record);
        }
        let (name, present) = (record.name().to_string(), record.plan()?.clone());
        let mut used = record.kept.used.clone();
        let mut before = None;
        loop {
            let rows = self.store.plan_revisions(record.row.id, before, BATCH).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.revision);
            for row in &rows {
                let then = record.at(person, row)?;
                for was in then.plan()?.sections.iter().filter_map(|section| section.part.as_ref()) {
                    match part_of(&present, &was.owner) {
                        Some(part) => used.note(was, part),
                        None => used.note(was, &empty_part(&name, &was.owner)),
                    }
                }
            }
        }
        record.kept.used = used.whole();
        self.used_before.remember(plan, revision, &record.kept.used);
        Ok(record)
    }
}
