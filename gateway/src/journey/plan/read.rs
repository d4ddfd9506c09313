//! A party, or the young person, reads a plan, or all of them.

use std::cmp::Reverse;
use std::collections::HashMap;

use polku_policy::Authorised;
use polku_proto::v1::{GetPlanRequest, ListPlansRequest, ListPlansResponse, Plan};
use polku_proto::{PlanName, Valid, YouthId};

use super::record::PlanRecord;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::page;
use crate::journey::read::{name, youth_id};
use crate::journey::refer::mismatch;
use crate::outbox::Lock;

/// How many plans a page shows. A new period is a new plan.
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
            let mut later = self.plans_under(&self.ids_of(name.youth)).await?;
            later.retain(|other| other.row.created >= record.row.created);
            let successors = self.successors(caller, &later)?;
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
        let ListPlansRequest { parent, page_token } = request.into_inner();
        let youth = youth_id(&parent, "parent")?;
        self.check_reader(caller, youth)?;
        let list = format!("plans/{youth}");
        let position = page::position(self, caller, &list, &page_token)?;
        let position = position.map(|bytes| page::place_of(&bytes)).transpose()?;
        let mut records = self.plans_under(&self.ids_seen(caller, youth)).await?;
        let successors = self.successors(caller, &records)?;
        let place = |record: &PlanRecord| (record.row.created.as_millisecond(), record.row.id.uuid());
        records.sort_by_key(|record| Reverse(place(record)));
        records.retain(|record| {
            position.is_none_or(|(created, id)| place(record) < (created.as_millisecond(), id))
        });
        let (mut shown, mut size, mut last) = (Vec::new(), 0, None);
        let mut next_page_token = String::new();
        for mut record in records {
            name_successor(&mut record, &successors)?;
            let now = self.now();
            let eyes = match self.eyes(caller, &record) {
                Ok(eyes) => eyes,
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            };
            let seen = self.look(&record, &eyes, &self.sight(&record, &eyes, now)?, now)?;
            size += seen.size();
            // What does not show counts for nothing: that there is another page tells of nothing else.
            if let Some((created, id)) = last
                && (shown.len() == MOST || size > page::LARGEST_BYTES)
            {
                next_page_token = page::token(self, caller, &list, &page::bytes_of(created, id))?;
                break;
            }
            last = Some((record.row.created, record.row.id.uuid()));
            let view = self.shown_plan(caller, &record, &eyes, &seen, now)?;
            shown.push(self.note_plan(caller, record.name(), view, Lock::Free).await?);
        }
        let mut answer = self.shell(caller, ListPlansResponse { plans: Vec::new(), next_page_token })?;
        for view in shown {
            answer = answer.gather(view).map_err(mismatch)?;
        }
        Ok(answer)
    }

    /// The plans under these ids of one person, newest first; none when there is no such person.
    pub(in crate::journey) async fn plans_under(&self, ids: &[YouthId]) -> Result<Vec<PlanRecord>, Error> {
        let mut records = Vec::new();
        for id in ids {
            let rows = self.store.plans_of(*id).await?;
            if rows.is_empty() {
                continue;
            }
            let person = self.person(*id).await?;
            for row in rows {
                records.push(PlanRecord::open(&person, row)?);
            }
        }
        // Those of one id are in their order already.
        records.sort_by_key(|record| Reverse(record.row.created));
        Ok(records)
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

/// Fills in which plan came after one that has ended.
fn name_successor(record: &mut PlanRecord, successors: &HashMap<String, String>) -> Result<(), Error> {
    let next = successors.get(&record.name().to_string()).filter(|_| record.row.ended);
    if let Some(next) = next {
        record.plan_mut()?.replaced_by.clone_from(next);
    }
    Ok(())
}
