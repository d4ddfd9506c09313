//! A party follows what changes in its plans, as far as it can see it, and the young person's side one of theirs.

use std::sync::Arc;

use polku_policy::{ActorRole, Authorised};
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{Plan, PlanEvent, WatchPlansRequest};
use polku_proto::{AgencyId, PlanId, PlanName, Valid};

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::name;
use crate::journey::refer::mismatch;
use crate::journey::watch::{Feed, Watch};
use crate::news::Topic;
use crate::outbox::Lock;
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

/// As whom those of the young person's side are told of changes. No agency has one of these ids.
pub(super) const OWN_SIDE: [(&str, ActorRole); 3] = [
    ("youth", ActorRole::Subject),
    ("guardian", ActorRole::Guardian),
    ("representative", ActorRole::Representative),
];

/// As whom the caller is told of changes.
fn told_as(caller: &Caller) -> Result<AgencyId, Error> {
    match caller.actor {
        Actor::Professional { .. } => Ok(caller.agency.clone()),
        Actor::Subject(_) => named("youth"),
        Actor::Representative { capacity: Capacity::Guardian, .. } => named("guardian"),
        Actor::Representative { capacity: Capacity::OtherRepresentative | Capacity::Unspecified, .. } => {
            named("representative")
        }
    }
}

pub(super) fn named(id: &str) -> Result<AgencyId, Error> {
    id.parse().map_err(|_| Error::Inconsistent("a reader of plans without a name"))
}

impl Feed for Plans {
    type Scope = Option<PlanId>;
    type Row = PlanEventRow;
    type Item = PlanEvent;

    const TOKEN: &'static str = "watch plans";
    const FOLLOWERS: &'static str =
        "a professional's system watches plans; the young person and who represents them one by its name";

    fn is_for(caller: &Caller, plan: &Option<PlanId>) -> bool {
        plan.is_some() || matches!(caller.actor, Actor::Professional { .. })
    }

    fn topic(_gateway: &Gateway, caller: &Caller, plan: &Option<PlanId>) -> Topic {
        let told_as = told_as(caller).unwrap_or_else(|_| caller.agency.clone());
        match plan {
            None => Topic::Plans(told_as),
            Some(plan) => Topic::Plan(told_as, *plan),
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
        let rows = gateway.store.plan_events_after(position, &told_as(caller)?, *scope, limit).await?;
        Ok(rows.into_iter().map(|row| (row.position, row)).collect())
    }

    async fn item(
        gateway: &Gateway,
        caller: &Caller,
        PlanEventRow { event, present, .. }: PlanEventRow,
        resume_token: String,
    ) -> Result<Option<Authorised<PlanEvent>>, Error> {
        let (plan, now) = (gateway.plans_in_hand.take(event.plan, present), gateway.now());
        let reader = (caller, told_as(caller)?);
        let time = Some(wire_time(event.time)?);
        let record = match plan.record(gateway, event.plan).await {
            Ok(record) => record,
            Err(Error::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let view = match plan.shown(gateway, reader, record, event.revision, now).await {
            Ok(Some(view)) => view,
            Ok(None) | Err(Error::NotPermitted(_)) => return Ok(None),
            Err(Error::NotFound) if plan.is_end_for(gateway, caller, record, event.revision).await? => {
                let name_alone = Plan { name: record.name().to_string(), ..Plan::default() };
                let last = PlanEvent { resume_token, plan: Some(name_alone), time };
                return gateway.shell(caller, last).map(Some);
            }
            Err(Error::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let view = gateway.note_plan(caller, record.name(), view, Lock::Free).await?;
        let shell = PlanEvent { resume_token, plan: None, time };
        Ok(Some(gateway.shell(caller, shell)?.gather(view).map_err(mismatch)?))
    }
}
