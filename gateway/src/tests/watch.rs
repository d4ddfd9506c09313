//! Whom does a change wake?

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polku_adapters::Redelivery;
use polku_policy::Authorised;
use polku_proto::v1::ConsentNotice;
use polku_proto::{PlanId, YouthName};
use uuid::Uuid;

use super::world::{KELA, TE, World, caller, listen};
use crate::answer::answer;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::Feed;
use crate::news::Topic;
use crate::store::{Change, NewPlanEvent, PlanRow, PlanWrite};

/// What happens to one plan, and how often a watcher has looked.
#[derive(Debug)]
struct OnePlan;

#[derive(Debug)]
struct Looked {
    plan: PlanId,
    times: AtomicUsize,
}

impl Feed for OnePlan {
    type Row = NewPlanEvent;
    type Item = ConsentNotice;
    type Scope = Arc<Looked>;

    const TOKEN: &'static str = "watch one plan";
    const FOLLOWERS: &'static str = "a professional";

    fn topic(_: &Gateway, caller: &Caller, looked: &Arc<Looked>) -> Topic {
        Topic::Plan(caller.agency.clone(), looked.plan)
    }

    async fn newest(gateway: &Gateway) -> Result<u64, Error> {
        Ok(gateway.store.last_plan_event().await?)
    }

    async fn after(
        gateway: &Gateway,
        caller: &Caller,
        looked: &Arc<Looked>,
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, NewPlanEvent)>, Error> {
        let rows =
            gateway.store.plan_events_after(position, &caller.agency, Some(looked.plan), limit).await?;
        looked.times.fetch_add(1, Ordering::SeqCst);
        Ok(rows.into_iter().map(|row| (row.position, row.event)).collect())
    }

    async fn item(
        gateway: &Gateway,
        caller: &Caller,
        event: NewPlanEvent,
        resume_token: String,
    ) -> Result<Option<Authorised<ConsentNotice>>, Error> {
        let youth = YouthName { youth: event.youth }.to_string();
        let shell = ConsentNotice { resume_token, youth, ..ConsentNotice::default() };
        Ok(Some(gateway.shell(caller, shell)?))
    }
}

fn looked(plan: PlanId) -> Arc<Looked> {
    Arc::new(Looked { plan, times: AtomicUsize::new(0) })
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..3000 {
        if what() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("it does not happen");
}

/// Of a thousand watchers those look into the store whom the change concerns: of the plan, and of the agency that is told.
/// Puts a plan of te's into the store, as it is searched for: nothing in it can be opened.
pub(super) async fn store_plan(world: &World, plan: PlanId, youth: YouthName) {
    let (now, agency): (_, polku_proto::AgencyId) = (world.gateway.now(), TE.parse().unwrap());
    let row = PlanRow {
        id: plan,
        youth: youth.youth,
        coordinator: agency.clone(),
        parties: vec![agency],
        revision: 1,
        created: now,
        updated: now,
        ended: false,
        look_at: None,
        sealed: vec![1],
    };
    let mut change = Change::announced_by(5000);
    change.plans.push(PlanWrite { row, expected: None });
    world.gateway.commit(change).await.unwrap();
}

#[tokio::test]
async fn a_change_wakes_the_watchers_of_its_plan_alone() {
    let world = World::open(Redelivery::Deduplicates).await;
    let gateway = &world.gateway;
    let youth: YouthName = world.identify(super::world::ADULT).await.parse().unwrap();
    let now = gateway.now();
    let id = |number: u128| PlanId::from_uuid(Uuid::from_u128(number));
    let row = PlanRow {
        id: id(0),
        youth: youth.youth,
        coordinator: TE.parse().unwrap(),
        parties: vec![TE.parse().unwrap(), KELA.parse().unwrap()],
        revision: 1,
        created: now,
        updated: now,
        ended: false,
        look_at: None,
        sealed: vec![1],
    };
    let mut change = Change::announced_by(5000);
    change.plans.push(PlanWrite { row, expected: None });
    gateway.commit(change).await.unwrap();

    let mut watches = HashMap::new();
    for (agency, number) in (0..1000).map(|number| (TE, number)).chain([(KELA, 0)]) {
        let looked = looked(id(number));
        let watch = gateway.follow::<OnePlan>(caller(agency), Arc::clone(&looked), "").await.unwrap();
        watches.insert((agency, number), (listen(watch), looked));
    }
    let times = |key: &(&str, u128)| watches[key].1.times.load(Ordering::SeqCst);
    until(|| watches.keys().all(|key| times(key) == 1)).await;

    let tell = |leaf, agency: &str| {
        let mut change = Change::announced_by(leaf);
        let agency = agency.parse().unwrap();
        let (plan, youth) = (id(0), youth.youth);
        change.plan_events.push(NewPlanEvent { plan, youth, revision: 1, agency, time: now });
        change
    };
    gateway.commit(tell(5001, TE)).await.unwrap();
    until(|| times(&(TE, 0)) == 2).await;
    gateway.commit(tell(5002, KELA)).await.unwrap();
    until(|| times(&(KELA, 0)) == 2).await;
    assert_eq!(times(&(TE, 0)), 2);
    assert!(watches.keys().filter(|key| key.1 != 0).all(|key| times(key) == 1));

    let (receiver, _) = watches.get_mut(&(TE, 0)).unwrap();
    let item = receiver.recv().await.unwrap().unwrap();
    assert_eq!(answer(item, &caller(TE), gateway.now()).unwrap().into_inner().youth, youth.to_string());
    assert!(receiver.try_recv().is_err());
}

/// Whatever happens while a watcher reads is read in the next round: nothing is missed, and nothing is told twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_happens_while_a_watcher_reads_is_not_missed() {
    let world = World::open(Redelivery::Deduplicates).await;
    let gateway = Arc::clone(&world.gateway);
    let youth: YouthName = world.identify(super::world::ADULT).await.parse().unwrap();
    let (plan, now) = (PlanId::from_uuid(Uuid::from_u128(1)), gateway.now());
    let agency: polku_proto::AgencyId = TE.parse().unwrap();
    store_plan(&world, plan, youth).await;
    let mut items = listen(gateway.follow::<OnePlan>(caller(TE), looked(plan), "").await.unwrap());
    let telling = tokio::spawn({
        let gateway = Arc::clone(&gateway);
        async move {
            for leaf in 5001..5301 {
                let mut change = Change::announced_by(leaf);
                let (youth, agency) = (youth.youth, agency.clone());
                let event = NewPlanEvent { plan, youth, revision: 1, agency, time: now };
                change.plan_events.push(event);
                gateway.commit(change).await.unwrap();
            }
        }
    });
    let mut tokens = std::collections::HashSet::new();
    for _ in 0..300 {
        // Sooner than anybody looks who was not woken.
        let item = tokio::time::timeout(std::time::Duration::from_secs(5), items.recv()).await.unwrap();
        let item = answer(item.unwrap().unwrap(), &caller(TE), gateway.now()).unwrap().into_inner();
        assert!(tokens.insert(item.resume_token));
    }
    telling.await.unwrap();
    assert!(items.try_recv().is_err());
}
