//! What does a watcher cost that does not read, and what does it miss?

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use polku_adapters::Redelivery;
use polku_policy::Authorised;
use polku_proto::v1::{
    ConsentNotice, DataCategory, GetReferralRequest, ReferralContent, ReferralEvent, ReferralState,
    WatchReferralsRequest,
};
use polku_proto::{PlanId, Valid, YouthName};
use uuid::Uuid;

use super::world::{ADULT, CHILD, KELA, TE, World, caller};
use crate::answer::answer;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::Feed;
use crate::news::Topic;
use crate::store::{Change, NewPlanEvent};

type Items = Pin<Box<dyn Stream<Item = Result<Authorised<ConsentNotice>, Error>> + Send>>;

const PLAN: PlanId = PlanId::from_uuid(Uuid::from_u128(7));
const EVENTS: u64 = 100;
const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

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

/// A watch that is read when the test reads it.
async fn watch(world: &World, token: &str) -> (Items, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let watch = world.gateway.follow::<Counted>(caller(TE), Arc::clone(&made), token).await.unwrap();
    (Box::pin(watch.items()), made)
}

async fn next(world: &World, items: &mut Items) -> ConsentNotice {
    let item = tokio::time::timeout(Duration::from_secs(60), items.next()).await.unwrap();
    answer(item.unwrap().unwrap(), &caller(TE), world.gateway.now()).unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_for_who_does_not_read_and_nothing_is_missed() {
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
    assert_eq!(made.load(Ordering::SeqCst), 0, "what waits for a reader that does not read");
    let mut seen = Vec::new();
    for read in 1..=21 {
        seen.push(next(&world, &mut items).await);
        assert_eq!(made.load(Ordering::SeqCst), read);
    }
    // Gone in the middle: by its token it goes on behind what it has read.
    drop(items);
    let token = seen.last().unwrap().resume_token.clone();
    let (mut items, made) = watch(&world, &token).await;
    while seen.len() < usize::try_from(EVENTS).unwrap() {
        seen.push(next(&world, &mut items).await);
    }
    assert_eq!(made.load(Ordering::SeqCst), seen.len() - 21);
    let places: Vec<u64> = seen.iter().map(|item| item.revision).collect();
    assert_eq!(places, (first..first + EVENTS).collect::<Vec<_>>(), "in order, without gap or repetition");
    let mut change = Change::announced_by(5001 + EVENTS);
    change.plan_events.push(NewPlanEvent { plan: PLAN, youth: youth.youth, revision: 1, agency, time: now });
    gateway.commit(change).await.unwrap();
    assert_eq!(next(&world, &mut items).await.revision, first + EVENTS, "there was more than that");
}

/// What the recipient of a referral is told of its content, by its next event.
async fn content(world: &World, items: &mut Pin<Box<Referrals>>) -> Option<ReferralContent> {
    let item = tokio::time::timeout(Duration::from_secs(60), items.next()).await.unwrap();
    let event = world.gateway.answer(item.unwrap().unwrap(), &caller(KELA)).await.unwrap().into_inner();
    event.referral.unwrap().content
}

type Referrals = dyn Stream<Item = Result<Authorised<ReferralEvent>, Error>> + Send;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_before_it_is_read_is_told_to_nobody() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let consent = world.consent(&youth, TE, KELA, &TOLD).await;
    let request = Valid::check(WatchReferralsRequest::default()).unwrap();
    let watch = world.gateway.watch_referrals(caller(KELA), request).await.unwrap();
    let mut items: Pin<Box<Referrals>> = Box::pin(watch.items());
    world.refer(TE, KELA, &youth).await;
    assert!(content(&world, &mut items).await.is_some());

    // The reader pauses, and a call of its own is on its way.
    let name = world.refer(TE, KELA, &youth).await;
    let request = GetReferralRequest { name };
    let read =
        world.gateway.get_referral(&caller(KELA), Valid::check(request.clone()).unwrap()).await.unwrap();
    let other = world.identify(CHILD).await;
    assert!(read.still_holds(&world.gateway.index()), "{other} is somebody else");
    world.withdraw(TE, &consent).await;
    let refused = world.gateway.answer(read, &caller(KELA)).await.unwrap_err();
    assert_eq!(refused.reason(), "CONSENT_STALE");
    let again = world.gateway.get_referral(&caller(KELA), Valid::check(request).unwrap()).await.unwrap();
    let again = world.gateway.answer(again, &caller(KELA)).await.unwrap().into_inner();
    assert_eq!((again.state(), again.content), (ReferralState::ConsentWithdrawn, None));
    // Both referrals have ended, and one of them had just been sent.
    for _ in 0..3 {
        assert_eq!(content(&world, &mut items).await, None);
    }
    // What is permitted anew is the next thing that is told.
    world.consent(&youth, TE, KELA, &TOLD).await;
    world.refer(TE, KELA, &youth).await;
    assert!(content(&world, &mut items).await.is_some(), "there was more than that");
}
