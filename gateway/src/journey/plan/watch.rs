//! A party follows what changes in its plans, as far as it can see it.

use std::sync::Arc;

use polku_policy::Authorised;
use polku_proto::v1::{PlanEvent, WatchPlansRequest};
use polku_proto::{PlanId, PlanName, Valid};

use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::name;
use crate::journey::refer::mismatch;
use crate::journey::watch::{Feed, Watch};
use crate::news::Topic;
use crate::record::wire_time;
use crate::store::PlanEventRow;

/// What changes in plans.
#[derive(Debug)]
pub(crate) struct Plans;

impl Gateway {
    /// Begins a watch behind the event of the token, or behind the newest event.
    pub(crate) async fn watch_plans(
        self: &Arc<Self>,
        caller: Caller,
        request: Valid<WatchPlansRequest>,
    ) -> Result<Watch<Plans>, Error> {
        let request = request.into_inner();
        let plan = match request.name.as_str() {
            "" => None,
            text => {
                let name: PlanName = name(text, "name")?;
                let person = self.person(name.youth).await?;
                let record = self.plan_of(&person, name).await?;
                self.eyes(&caller, &record)?;
                Some(name.plan)
            }
        };
        self.follow(caller, plan, &request.resume_token).await
    }
}

impl Feed for Plans {
    type Scope = Option<PlanId>;
    type Row = PlanEventRow;
    type Item = PlanEvent;

    const TOKEN: &'static str = "watch plans";
    const FOLLOWERS: &'static str = "a professional's system watches plans";

    fn topic(_gateway: &Gateway, caller: &Caller, plan: &Option<PlanId>) -> Topic {
        match plan {
            None => Topic::Plans(caller.agency.clone()),
            Some(plan) => Topic::Plan(caller.agency.clone(), *plan),
        }
    }

    async fn newest(gateway: &Gateway) -> Result<u64, Error> {
        Ok(gateway.store.last_plan_event().await?)
    }

    async fn after(
        gateway: &Gateway,
        caller: &Caller,
        scope: &Option<PlanId>,
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, PlanEventRow)>, Error> {
        let rows = gateway.store.plan_events_after(position, &caller.agency, *scope, limit).await?;
        Ok(rows.into_iter().map(|row| (row.position, row)).collect())
    }

    async fn item(
        gateway: &Gateway,
        caller: &Caller,
        PlanEventRow { event, revision, .. }: PlanEventRow,
        resume_token: String,
    ) -> Result<Option<Authorised<PlanEvent>>, Error> {
        let plan = gateway.plans_in_hand.take(event.plan, revision);
        let view = match plan.record(gateway, event.plan).await {
            Ok(record) => plan.view(gateway, caller, record, gateway.now()).map(|view| (record, view)),
            Err(error) => Err(error),
        };
        let (record, view) = match view {
            Ok(view) => view,
            Err(Error::NotFound | Error::NotPermitted(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        gateway.note_reading(caller, event.youth, &record.name().to_string(), &view).await?;
        let time = Some(wire_time(event.time)?);
        let shell = PlanEvent { resume_token, plan: None, time };
        Ok(Some(gateway.shell(caller, shell)?.gather(view).map_err(mismatch)?))
    }
}
