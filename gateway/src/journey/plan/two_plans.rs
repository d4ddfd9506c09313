//! Who is asked to bring two plans of one young person together, and until when?

use jiff::Timestamp;
use polku_proto::v1::FollowUp;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::task::{Matter, State};
use polku_proto::{Party, PlanName, TaskId};

use super::record::PlanRecord;
use super::task::TaskRecord;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::plan;
use crate::store::TaskWrite;

impl Gateway {
    /// Tasks of a party that comes to a plan and coordinates another one that has not ended: it is the first to see both.
    /// Each is a task of the own plan, for those who may change that, and asked once.
    pub(super) async fn two_plans(
        &self,
        joined: PlanName,
        party: &Party,
        now: Timestamp,
    ) -> Result<Vec<TaskWrite>, Error> {
        // Units of one agency see nothing of each other's.
        let is_same = |own: Party| own.unit.is_none() || party.unit.is_none() || own.unit == party.unit;
        let mut tasks = Vec::new();
        for youth in self.ids_of(joined.youth) {
            let mut rows = self.store.plans_of(youth).await?;
            rows.retain(|row| !row.ended && row.coordinator == party.agency);
            if rows.is_empty() {
                continue;
            }
            let person = self.person(youth).await?;
            for row in rows {
                let own = PlanRecord::open(&person, row)?;
                let plans = vec![own.name().to_string(), joined.to_string()];
                let follow_up = FollowUp { kind: Kind::TwoPlans as i32, plans, ..FollowUp::default() };
                let matter = Matter::FollowUp(follow_up);
                if own.party(&party.agency).is_some_and(is_same)
                    && !self.is_asked(&person, &own, &matter).await?
                {
                    let about = (TaskId::from_uuid(self.new_id(now)?), youth, own.row.id);
                    let mut task = TaskRecord::new(about, party.agency.clone(), matter, now);
                    tasks.push(task.first_version(&person, now)?);
                }
            }
        }
        Ok(tasks)
    }

    /// Whether the same is asked already, and nobody has answered.
    async fn is_asked(&self, person: &Person, record: &PlanRecord, matter: &Matter) -> Result<bool, Error> {
        for row in self.store.open_tasks_of_plan(record.row.id).await? {
            if TaskRecord::open(person, row)?.message.matter.as_ref() == Some(matter) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Closes what others are asked in plans of their own about this one, where there is nothing to bring together any
    /// more: this one has ended, or they are no party to it now.
    pub(super) async fn close_two_plans(
        &self,
        before: Option<&PlanRecord>,
        after: &PlanRecord,
        now: Timestamp,
    ) -> Result<Vec<TaskWrite>, Error> {
        let mut closed = Vec::new();
        let Some(before) = before else { return Ok(closed) };
        let is_over = plan::is_over(after.plan()?.state());
        if is_over == before.row.ended && after.row.parties == before.row.parties {
            return Ok(closed);
        }
        let name = after.name().to_string();
        for youth in self.ids_of(after.row.youth) {
            let mut rows = self.store.plans_of(youth).await?;
            rows.retain(|row| !row.ended && row.id != after.row.id);
            if rows.is_empty() {
                continue;
            }
            let person = self.person(youth).await?;
            for own in rows {
                for row in self.store.open_tasks_of_plan(own.id).await? {
                    let mut task = TaskRecord::open(&person, row)?;
                    let is_asked = matches!(&task.message.matter, Some(Matter::FollowUp(asked))
                        if asked.kind() == Kind::TwoPlans && asked.plans.contains(&name));
                    if is_asked && (is_over || after.party(&task.row.agency).is_none()) {
                        task.row.state = State::Obsolete;
                        closed.push(task.next_version(&person, now)?);
                    }
                }
            }
        }
        Ok(closed)
    }
}
