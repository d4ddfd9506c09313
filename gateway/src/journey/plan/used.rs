//! Which ids had their item before that was written down with every revision?

use super::record::{PlanRecord, empty_part};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::plan::part_of;

/// How many revisions are read at once.
const BATCH: u32 = 50;

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
        Ok(record)
    }
}
