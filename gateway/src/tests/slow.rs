//! What does a watcher cost that does not read, and what does it miss?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use polku_adapters::Redelivery;
use polku_policy::Authorised;
use polku_proto::v1::ConsentNotice;
use polku_proto::{PlanId, YouthName};
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use super::world::{ADULT, TE, World, caller};
use crate::answer::answer;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::Feed;
use crate::news::Topic;
use crate::store::{Change, NewPlanEvent};

type Items = Receiver<Box<Result<Authorised<ConsentNotice>, Error>>>;

const PLAN: PlanId = PlanId::from_uuid(Uuid::from_u128(7));
/// How many items wait for a reader at most.
const BOUND: usize = 16;
const EVENTS: u64 = 100;

/// What happens to one plan, and how many items have been made of it for one watcher.
#[derive(Debug)]
struct Counted;

impl Feed for Counted {
    type Row = (u64, Arc<AtomicUsize>);
    type Item = ConsentNotice;
    type Scope = Arc<AtomicUsize>;

    const TOKEN: &'static str = "watch and count";
    const FOLLOWERS: &'static str = "a professional";

    fn topic(_: &Gateway, caller: &Caller, _: &Arc<AtomicUsize>) -> Topic {
        Topic::Plan(caller.agency.clone(), PLAN)
    }

    async fn newest(gateway: &Gateway) -> Result<u64, Error> {
        Ok(gateway.store.last_plan_event().await?)
    }

    async fn after(
        gateway: &Gateway,
        caller: &Caller,
        made: &Arc<AtomicUsize>,
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Self::Row)>, Error> {
        let rows = gateway.store.plan_events_after(position, &caller.agency, Some(PLAN), limit).await?;
        Ok(rows.into_iter().map(|row| (row.position, (row.position, Arc::clone(made)))).collect())
    }

    async fn item(
        gateway: &Gateway,
        caller: &Caller,
        (position, made): Self::Row,
        resume_token: String,
    ) -> Result<Option<Authorised<ConsentNotice>>, Error> {
        made.fetch_add(1, Ordering::SeqCst);
        let shell = ConsentNotice { resume_token, revision: position, ..ConsentNotice::default() };
        Ok(Some(gateway.shell(caller, shell)?))
    }
}

async fn watch(world: &World, token: &str) -> (Items, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let watch = world.gateway.follow::<Counted>(caller(TE), Arc::clone(&made), token).await.unwrap();
    (watch.start(), made)
}

async fn next(world: &World, items: &mut Items) -> ConsentNotice {
    let item = tokio::time::timeout(Duration::from_secs(5), items.recv()).await.unwrap();
    answer((*item.unwrap()).unwrap(), &caller(TE), world.gateway.now()).unwrap().into_inner()
}

/// Waits until nothing more is made, and tells how much was.
async fn settled(made: &AtomicUsize) -> usize {
    loop {
        let before = made.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        if before > 0 && made.load(Ordering::SeqCst) == before {
            return before;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_costs_the_bound_and_misses_nothing() {
    let world = World::open(Redelivery::Deduplicates).await;
    let gateway = &world.gateway;
    let youth: YouthName = world.identify(ADULT).await.parse().unwrap();
    let (now, agency): (_, polku_proto::AgencyId) = (gateway.now(), TE.parse().unwrap());
    super::watch::store_plan(&world, PLAN, youth).await;
    let (mut items, made) = watch(&world, "").await;
    let first = gateway.store.last_plan_event().await.unwrap() + 1;
    for leaf in 0..EVENTS {
        let mut change = Change::announced_by(5001 + leaf);
        let (youth, agency) = (youth.youth, agency.clone());
        let event = NewPlanEvent { plan: PLAN, youth, revision: 1, agency, time: now };
        change.plan_events.push(event);
        gateway.commit(change).await.unwrap();
    }
    assert_eq!(settled(&made).await, BOUND, "what waits for a reader that does not read");

    // One read, one more made.
    let mut seen = vec![next(&world, &mut items).await];
    assert_eq!(settled(&made).await, BOUND + 1);
    for _ in 0..20 {
        seen.push(next(&world, &mut items).await);
    }
    // Gone in the middle: by its token it goes on behind what it has read, whatever waited for it.
    drop(items);
    let token = seen.last().unwrap().resume_token.clone();
    let (mut items, made) = watch(&world, &token).await;
    assert_eq!(settled(&made).await, BOUND);
    while seen.len() < usize::try_from(EVENTS).unwrap() {
        seen.push(next(&world, &mut items).await);
    }
    let places: Vec<u64> = seen.iter().map(|item| item.revision).collect();
    assert_eq!(places, (first..first + EVENTS).collect::<Vec<_>>(), "in order, without gap or repetition");
    assert!(items.try_recv().is_err());
}
