//! A party, or the young person, reads a plan, or all of them.

use polku_policy::Authorised;
use polku_proto::v1::{GetPlanRequest, ListPlansRequest, ListPlansResponse, Plan};
use polku_proto::{PlanName, Valid};

use super::record::PlanRecord;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::{name, youth_id};
use crate::journey::refer::mismatch;
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
        let plans = self.store.plans_of(name.youth).await?;
        self.name_successor(caller, &person, &mut record, &plans)?;
        let view = self.plan_view(caller, &record, self.now())?;
        self.note_reading(caller, name.youth, &name.to_string(), &view).await?;
        Ok(view)
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
        let mut shown = 0;
        let plans = self.store.plans_of(youth).await?;
        for row in &plans {
            let person = self.person(youth).await?;
            let mut record = PlanRecord::open(&person, row.clone())?;
            self.name_successor(caller, &person, &mut record, &plans)?;
            let view = match self.plan_view(caller, &record, self.now()) {
                Ok(view) => view,
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            };
            self.note_reading(caller, youth, &record.name().to_string(), &view).await?;
            answer = answer.gather(view).map_err(mismatch)?;
            shown += 1;
            if shown == MOST {
                break;
            }
        }
        Ok(answer)
    }

    /// Fills in which plan came after one that has ended, for whoever may know of both.
    fn name_successor(
        &self,
        caller: &Caller,
        person: &Person,
        record: &mut PlanRecord,
        plans: &[PlanRow],
    ) -> Result<(), Error> {
        if !record.row.ended {
            return Ok(());
        }
        let (name, created) = (record.name().to_string(), record.row.created);
        for row in plans.iter().filter(|row| row.created >= created) {
            let next = PlanRecord::open(person, row.clone())?;
            if next.plan()?.replaces == name && self.eyes(caller, &next).is_ok() {
                record.plan_mut()?.replaced_by = next.name().to_string();
            }
        }
        Ok(())
    }
}
