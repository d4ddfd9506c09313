//! A joint plan between two agencies: begun, changed, watched and heard of.

use std::time::Duration;

use polku_policy::{Authorised, Engine, RuleSource, Rules};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    AddPlanPartyRequest, CreatePlanRequest, DataCategory, Delivery, DeliveryState, GetPlanRequest, GoalState,
    MergePlanRequest, Plan, PlanGoal, PlanNeed, PlanPart, PlanState, Purpose, RevokePlanRequest,
    WatchPlansRequest, Worker,
};
use polku_proto::{AgencyId, Disclose, PlanId, PlanName, Valid, Validate, YouthId};
use uuid::Uuid;

use super::world::{Told, World, caller, listen};
use crate::answer::answer;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::journey::{Feed as _, Plans};
use crate::store::DeliveryFilter;

/// What is told by every consent here, so that anything is.
pub(super) const BASE: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::JointPlan];

/// What an organisation may add: officials see nothing about housing, not even what their own agency wrote, nor does
/// who represents the young person.
const NO_HOUSING: &str = r#"
@id("no-housing-for-officials")
@statute("906/2019 § 16")
@basis("other_unit")
forbid (principal is Agency, action, resource == Category::"housing")
when { context.actor == Actor::"professional" && context.role != Role::"coordinator" };

@id("no-housing-for-representatives")
@statute("GDPR article 15")
@basis("role_without_access")
forbid (principal is Subject, action, resource == Category::"housing")
when { context.actor == Actor::"representative" };
"#;

/// Rules of the operator come into force by which officials see less than their agencies.
pub(super) fn hide_housing(world: &World) {
    let rules = [RuleSource::SHIPPED.rules, NO_HOUSING].concat();
    let rules = Rules::parse(RuleSource { rules: &rules, ..RuleSource::SHIPPED }).unwrap();
    world.gateway.set_engine(Engine::new(rules, world.gateway.directory.clone()).unwrap());
}

pub(super) fn id() -> String {
    Uuid::now_v7().to_string()
}

pub(super) fn valid<X: Validate>(request: X) -> Valid<X> {
    Valid::check(request).unwrap()
}

/// A professional of this agency, unit and role.
pub(super) fn at(agency: &str, unit: &str, role: &str) -> Caller {
    let actor = Actor::Professional { id: "virkailija-9".into(), unit: unit.into(), role: role.into() };
    Caller { agency: agency.parse().unwrap(), actor }
}

pub(super) fn told<X: Disclose + Validate>(
    world: &World,
    caller: &Caller,
    answered: Result<Authorised<X>, Error>,
) -> X {
    answer(answered.unwrap(), caller, world.gateway.now()).unwrap().into_inner()
}

/// Begins a plan for this purpose, coordinated by an agency.
pub(super) async fn begin(world: &World, agency: &str, youth: &str, purpose: Purpose) -> String {
    world.meet(agency, youth).await;
    let caller = caller(agency);
    let request = CreatePlanRequest {
        request_id: id(),
        youth: youth.to_owned(),
        purpose: purpose as i32,
        responsible_worker: Some(Worker { id: "tyontekija-1".into(), ..Worker::default() }),
        replaces: String::new(),
    };
    let change = world.gateway.create_plan(&caller, valid(request)).await;
    told(world, &caller, change).plan.unwrap().name
}

pub(super) async fn add(world: &World, agency: &str, plan: &str, party: &str) {
    let etag = read(world, &caller(agency), plan).await.etag;
    let request =
        AddPlanPartyRequest { request_id: id(), name: plan.to_owned(), party: party.to_owned(), etag };
    world.gateway.add_plan_party(&caller(agency), valid(request)).await.map(drop).unwrap();
}

pub(super) async fn read(world: &World, caller: &Caller, plan: &str) -> Plan {
    let request = GetPlanRequest { name: plan.to_owned() };
    told(world, caller, world.gateway.get_plan(caller, valid(request)).await)
}

/// What a merge keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    All,
    Nothing,
}

/// A change of a section as it was read.
pub(super) fn merging(
    read: &Plan,
    owner: &str,
    edit: impl FnOnce(&mut PlanPart),
    keep: Keep,
) -> Valid<MergePlanRequest> {
    let mut parts = read.sections.iter().filter_map(|section| section.part.as_ref());
    let mut part = parts.find(|part| part.owner == owner).cloned().unwrap_or_else(|| PlanPart {
        owner: owner.to_owned(),
        state: PlanState::Draft as i32,
        ..PlanPart::default()
    });
    edit(&mut part);
    valid(MergePlanRequest {
        request_id: id(),
        name: read.name.clone(),
        etag: read.etag.clone(),
        sections: vec![part],
        validate_only: keep == Keep::Nothing,
        found_in: None,
    })
}

/// Reads, and changes a section.
pub(super) async fn merge(
    world: &World,
    caller: &Caller,
    plan: &str,
    owner: &str,
    edit: impl FnOnce(&mut PlanPart),
) {
    let request = merging(&read(world, caller, plan).await, owner, edit, Keep::All);
    let merged = told(world, caller, world.gateway.merge_plan(caller, request).await);
    assert!(merged.conflicts.is_empty());
}

/// Ends a plan: whoever is a party sees that.
pub(super) async fn revoke(world: &World, agency: &str, plan: &str) {
    let etag = read(world, &caller(agency), plan).await.etag;
    let request = RevokePlanRequest { request_id: id(), name: plan.to_owned(), etag };
    world.gateway.revoke_plan(&caller(agency), valid(request)).await.map(drop).unwrap();
}

/// What comes to somebody who watches a plan.
pub(super) struct Watching {
    caller: Caller,
    events: Told<Plans>,
}

impl Watching {
    pub(super) async fn begin(world: &World, caller: Caller, plan: &str) -> Self {
        let request = WatchPlansRequest { name: plan.to_owned(), resume_token: String::new() };
        let watch = world.gateway.watch_plans(caller.clone(), valid(request)).await.unwrap();
        Self { caller, events: listen(watch) }
    }

    /// The next event.
    pub(super) async fn next(&mut self, world: &World) -> Plan {
        let event = tokio::time::timeout(Duration::from_secs(15), self.events.recv()).await;
        let event = event.expect("nothing comes").expect("the watch has ended").unwrap();
        answer(event, &self.caller, world.gateway.now()).unwrap().into_inner().plan.unwrap()
    }
}

/// Somebody who looks from time to time how often they are told of a plan.
pub(super) struct Reader {
    caller: Caller,
    plan: Option<PlanId>,
    position: u64,
}

impl Reader {
    /// Of one plan, or of all of the caller's agency; from now on.
    pub(super) async fn begin(world: &World, caller: Caller, plan: Option<&str>) -> Self {
        let plan = plan.map(|plan| plan.parse::<PlanName>().unwrap().plan);
        Self { caller, plan, position: Plans::newest(&world.gateway).await.unwrap() }
    }

    /// How often they are told of what has happened since the last look.
    pub(super) async fn news(&mut self, world: &World) -> usize {
        let (gateway, mut count) = (&world.gateway, 0);
        for (position, row) in
            Plans::after(gateway, &self.caller, &self.plan, self.position, 1000).await.unwrap()
        {
            let item = Plans::item(gateway, &self.caller, row, position.to_string()).await.unwrap();
            count += usize::from(item.is_some());
            self.position = position;
        }
        count
    }
}

/// The parts that the system of the employment services has: whose section, which number, and whether it was the last
/// word.
pub(super) fn heard(world: &World) -> Vec<(String, u64, bool)> {
    let part = |delivery: Delivery| match delivery.item {
        Some(Item::PlanPart(part)) => (part.owner, part.revision, part.consent_withdrawn),
        other => panic!("{other:?}"),
    };
    world.te.taken().into_iter().map(part).collect()
}

/// Waits until it is written down what came of every delivery.
pub(super) async fn settled(world: &World, youth: YouthId) {
    for _ in 0..1500 {
        if world.gateway.store.open_deliveries_of(youth).await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the deliveries do not end");
}

/// How many changes of a plan an agency was told of.
pub(super) async fn events(world: &World, agency: &str, plan: &str) -> usize {
    let (agency, plan): (AgencyId, PlanName) = (agency.parse().unwrap(), plan.parse().unwrap());
    world.gateway.store.plan_events_after(0, &agency, Some(plan.plan), 1000).await.unwrap().len()
}

pub(super) fn goal(id: &str, text: &str) -> PlanGoal {
    PlanGoal {
        id: id.to_owned(),
        category: DataCategory::JointPlan as i32,
        text: text.to_owned(),
        state: GoalState::Proposed as i32,
        ..PlanGoal::default()
    }
}

pub(super) fn need(id: &str, category: DataCategory, text: &str) -> PlanNeed {
    PlanNeed { id: id.to_owned(), category: category as i32, text: text.to_owned(), ..PlanNeed::default() }
}

/// Waits until a delivery that has not arrived is in this state.
pub(super) async fn until_one_is(world: &World, state: DeliveryState) {
    until(world, &[state], |found| found > 0).await;
}

/// Waits until nothing waits or is being sent. What is in doubt may be there.
pub(super) async fn until_all_have_ended(world: &World) {
    use DeliveryState::{Queued, Retrying, Sending};
    until(world, &[Queued, Sending, Retrying], |found| found == 0).await;
}

async fn until(world: &World, states: &[DeliveryState], is_it: impl Fn(usize) -> bool) {
    let filter = DeliveryFilter { states: states.to_vec(), agency: None, after: None, limit: 1 };
    for _ in 0..1500 {
        if is_it(world.gateway.store.deliveries(&filter).await.unwrap().len()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come so far: {states:?}");
}
