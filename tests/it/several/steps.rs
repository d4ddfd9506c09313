//! A gateway stands still at one certain step of a delivery, while a consent is withdrawn at another: what comes of it?
//!
//! A library that is preloaded into the real binary stops it at the call that the step is made of (`polku_tests::disk`).

use std::time::Duration;

use polku_gateway::store::ReferralFilter;
use polku_proto::v1::{ConsentChange, DeliveryState};
use polku_proto::{ReferralName, YouthName};
use polku_tests::disk::{Disk, Point, Stop};
use polku_tests::simulators::Fault;
use polku_tests::world::{PATIENCE, PEOPLE, TE, WorldSettings, eventually};

use super::{Scene, consented, identified, sent, state, withdrawn};

/// At which step the gateway that delivers stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Still {
    /// It has leased the delivery and announced the intent, which is not durable with its state.
    Leased,
    /// The intent is durable, and no byte has left.
    IntentDurable,
    /// All bytes have left, and no answer has come.
    BytesSent,
    /// The agency has answered, which is announced and not durable with its state.
    BeforeOutcome,
}

impl Still {
    /// The call at which it is stopped; the second leaf that its log takes is the intent, the third one the outcome. Where
    /// no call tells, it is seen at the agency.
    fn stop(self, te: u16) -> Option<(Point, usize)> {
        match self {
            Still::Leased => Some((Point::Write("audit.log"), 2)),
            Still::IntentDurable => Some((Point::Send(te), 1)),
            Still::BytesSent => None,
            Still::BeforeOutcome => Some((Point::Write("audit.log"), 3)),
        }
    }
}

/// What the withdrawal's answer said, how often the referral had taken effect by then, and what has come of it.
struct Ended {
    name: String,
    change: ConsentChange,
    before: usize,
    after: usize,
    state: DeliveryState,
}

impl Ended {
    fn is_stopped(&self) -> bool {
        self.change.stopped.contains(&self.name)
    }

    fn is_under_way(&self) -> bool {
        self.change.under_way.contains(&self.name)
    }
}

async fn withdrawn_while_still(still: Still) -> Ended {
    // Nobody takes the delivery over before the withdrawal is answered.
    let settings =
        WorldSettings { lease_seconds: 30, attempt_seconds: 20, answer_ms: 15_000, ..super::settings() };
    let mut scene = Scene::with(&settings, 0).await;
    let disk = Disk::of(&scene.data(0), scene.folder.path()).unwrap();
    let gateway = scene.start_with(0, disk.environment()).await;
    let sender = scene.client(&gateway);
    let youth = identified(&sender, PEOPLE[0]).await;
    let consent = consented(&sender, &youth, TE).await;
    let te = &scene.world.te;
    if still == Still::BytesSent {
        te.faults().set(Fault::Slow(Duration::from_secs(5)));
    }
    let stop = still.stop(te.address().port());
    if let Some((point, count)) = &stop {
        disk.stop_at(point, *count, Stop::Pause).unwrap();
    }
    // It may stand still before it has answered.
    let sending = tokio::spawn({
        let (sender, youth) = (sender.clone(), youth.clone());
        async move { sent(&sender, TE, &youth).await.referral.unwrap().name }
    });
    let came = eventually(PATIENCE, || async {
        let has_come =
            if stop.is_some() { !disk.waits_for_stop() } else { !te.ledger().referrals().is_empty() };
        has_come.then_some(())
    });
    came.await.unwrap_or_else(|| panic!("{still:?} does not come"));
    if stop.is_none() {
        gateway.signal("STOP").await.unwrap();
    }
    let name = only_referral(&scene, &youth).await;
    let other = scene.start(1).await;
    let client = scene.client(&other);
    scene.gateways.push(other);
    let change = withdrawn(&client, &consent).await;
    let before = scene.effects(TE, &name);
    gateway.signal("CONT").await.unwrap();
    assert_eq!(sending.await.unwrap(), name);
    let ended = eventually(PATIENCE, || async {
        let state = state(&client, &name).await?;
        let waits = [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying];
        (!waits.contains(&state)).then_some(state)
    });
    let state = ended.await.unwrap_or_else(|| panic!("the delivery does not end: {still:?}"));
    let ended = Ended { before, after: scene.effects(TE, &name), name, change, state };
    assert!(ended.after <= 1, "{still:?}: it took effect {} times", ended.after);
    assert!(ended.before == ended.after || ended.is_under_way(), "{still:?}: it began after the withdrawal");
    assert!(!ended.is_stopped() || ended.after == 0, "{still:?}: it was called stopped and has arrived");
    ended
}

/// The name of the referral that there is about somebody.
async fn only_referral(scene: &Scene, youth: &str) -> String {
    let id = youth.parse::<YouthName>().unwrap().youth;
    let store = scene.world.store().await.unwrap();
    let filter = ReferralFilter { party: None, youth: Some(id), before: None, limit: 2 };
    let rows = store.referrals(&filter).await.unwrap();
    let [row] = &rows[..] else { panic!("{} referrals", rows.len()) };
    ReferralName { youth: id, referral: row.id }.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn leased() {
    let ended = withdrawn_while_still(Still::Leased).await;
    assert!(ended.is_stopped() && !ended.is_under_way(), "{:?}", ended.change);
    assert_eq!((ended.after, ended.state), (0, DeliveryState::Stopped));
}

#[tokio::test(flavor = "multi_thread")]
async fn intent_durable_before_the_first_byte() {
    let ended = withdrawn_while_still(Still::IntentDurable).await;
    assert!(ended.is_under_way() && !ended.is_stopped(), "{:?}", ended.change);
    assert_eq!(ended.before, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_sent() {
    let ended = withdrawn_while_still(Still::BytesSent).await;
    assert!(ended.is_under_way() && !ended.is_stopped(), "{:?}", ended.change);
    assert_eq!((ended.before, ended.after), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_outcome() {
    let ended = withdrawn_while_still(Still::BeforeOutcome).await;
    assert!(ended.is_under_way() && !ended.is_stopped(), "{:?}", ended.change);
    assert_eq!((ended.before, ended.after, ended.state), (1, 1, DeliveryState::Delivered));
}
