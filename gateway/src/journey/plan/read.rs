//! A party, or the young person, reads a plan, or all of them.

use std::collections::HashMap;

use polku_policy::Authorised;
use polku_proto::v1::{GetPlanRequest, ListPlansRequest, ListPlansResponse, Plan};
use polku_proto::{PlanName, Valid};

use super::record::PlanRecord;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::{name, youth_id};
use crate::journey::refer::mismatch;
use crate::outbox::Lock;
use crate::person::Person;
use crate::store::PlanRow;

/// How many plans a list shows. A new period is a new plan.
const MOST: usize = 50;

impl Gateway {
    /// Reads a plan.
    pub(crate) async fn get_plan(
        &self,
        caller: &Caller,
        request: Valid<GetPlanRequest>,
    ) -> Result<Authorised<Plan>, Error> {
        let name: PlanName = name(&request.get().name, "name")?;
        let person = self.person(name.youth).await?;
        let mut record = self.plan_of(&person, name).await?;
        if record.row.ended {
            let mut later = self.store.plans_of(name.youth).await?;
            later.retain(|row| row.created >= record.row.created);
            let successors = self.successors(caller, &opened(&person, later)?)?;
            name_successor(&mut record, &successors)?;
        }
        let view = self.plan_view(caller, &record, self.now())?;
        self.note_plan(caller, name, view, Lock::Free).await
    }

    /// Lists a young person's plans.
    pub(crate) async fn list_plans(
        &self,
        caller: &Caller,
        request: Valid<ListPlansRequest>,
    ) -> Result<Authorised<ListPlansResponse>, Error> {
        let youth = youth_id(&request.get().parent, "parent")?;
        self.check_subject(caller, youth)?;
        let mut answer = self.shell(caller, ListPlansResponse::default())?;
        let rows = self.store.plans_of(youth).await?;
        if rows.is_empty() {
            return Ok(answer);
        }
        let records = opened(&self.person(youth).await?, rows)?;
        let successors = self.successors(caller, &records)?;
        let mut shown = 0;
        for mut record in records {
            name_successor(&mut record, &successors)?;
            let view = match self.plan_view(caller, &record, self.now()) {
                Ok(view) => view,
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            };
            let view = self.note_plan(caller, record.name(), view, Lock::Free).await?;
            answer = answer.gather(view).map_err(mismatch)?;
            shown += 1;
            if shown == MOST {
                break;
            }
        }
        Ok(answer)
    }

    /// The plans that came after others, by the names of those. Only what the caller may know of.
    fn successors(&self, caller: &Caller, records: &[PlanRecord]) -> Result<HashMap<String, String>, Error> {
        let mut successors = HashMap::new();
        for record in records {
            let replaces = &record.plan()?.replaces;
            if !replaces.is_empty() && self.eyes(caller, record).is_ok() {
                successors.insert(replaces.clone(), record.name().to_string());
            }
        }
        Ok(successors)
    }
}

fn opened(person: &Person, rows: Vec<PlanRow>) -> Result<Vec<PlanRecord>, Error> {
    rows.into_iter().map(|row| PlanRecord::open(person, row)).collect()
}

/// Fills in which plan came after one that has ended.
fn name_successor(record: &mut PlanRecord, successors: &HashMap<String, String>) -> Result<(), Error> {
    let next = successors.get(&record.name().to_string()).filter(|_| record.row.ended);
    if let Some(next) = next {
        record.plan_mut()?.replaced_by.clone_from(next);
    }
    Ok(())
}
