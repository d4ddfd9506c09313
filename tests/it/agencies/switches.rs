//! Does a cancellation, the notice of a withdrawal and a part of a plan end as the kind of agency lets it, whatever the agency
//! does while it is told?
//!
//! A referral is tried in the same way beside this ([`super::doubt`]), and what each delivery comes to at an adapter in
//! [`super::faults`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use polku_adapters::Redelivery;
use polku_gateway::store::DeliveryItem;
use polku_proto::v1::{CancelReferralRequest, DataCategory, DeliveryState};
use polku_tests::simulators::{Duplicates, Fault, Ledger};
use polku_tests::world::{OHJAAMO, PEOPLE, WorldSettings, nobody, request_id};

use super::bench::PURPOSE;
use super::doubt::requests;
use super::peers::{BASIC, Peer, at_once, consenting, open_every_repetition, refer};
use crate::delivery::scene::{Remains, Scene};
use crate::plan::table;

/// How long an adapter waits for an answer that does not come.
const SILENCE_MS: u32 = 3_000;

/// For so long nothing reaches an agency that is gone.
const QUIET: Duration = Duration::from_millis(100);

/// Those under which no answer comes in time.
fn silences() -> Vec<Fault> {
    vec![Fault::Slow(Duration::from_millis(2 * u64::from(SILENCE_MS))), Fault::HalfClosed]
}

/// Every other switch. Gone for good, or for now: whoever comes back is told.
fn switches() -> Vec<Fault> {
    let status = |code, retry_after| Fault::Status { code, retry_after };
    vec![
        Fault::Dead,
        Fault::WrongCertificate,
        Fault::ResetBeforeEffect,
        Fault::ResetAfterEffect,
        Fault::HalfAnswer,
        Fault::FailAfterEffect(502),
        status(500, None),
        status(503, Some(0)),
        Fault::BusinessFault("EI_PALVELUALUETTA".into()),
        Fault::Garbage,
        Fault::HugeAnswer(2 << 20),
        Fault::DuplicateProcessing(Duplicates::Process),
    ]
}

/// What has become of a delivery in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    state: DeliveryState,
    effects: u32,
}

/// What must become of it, and in how many requests at least.
fn end(fault: &Fault, redelivery: Redelivery) -> (End, usize) {
    let arrived = End { state: DeliveryState::Delivered, effects: 1 };
    let unheard = |effects: u32| match redelivery {
        Redelivery::Deduplicates => (arrived, 2),
        // The question, and another attempt if it has not arrived.
        Redelivery::AnswersStatus => (arrived, if effects == 1 { 2 } else { 3 }),
        Redelivery::Neither => (End { state: DeliveryState::InDoubt, effects }, 1),
    };
    match fault {
        Fault::Dead | Fault::WrongCertificate | Fault::DuplicateProcessing(_) => (arrived, 1),
        Fault::Status { retry_after: Some(_), .. } => (arrived, 2),
        Fault::BusinessFault(_) => (End { state: DeliveryState::Rejected, effects: 0 }, 1),
        Fault::ResetBeforeEffect | Fault::Status { retry_after: None, .. } => unheard(0),
        Fault::Slow(_) | Fault::ResetAfterEffect | Fault::HalfClosed | Fault::HalfAnswer => unheard(1),
        Fault::FailAfterEffect(_) | Fault::Garbage | Fault::HugeAnswer(_) => unheard(1),
        other @ (Fault::LateEffect(_)
        | Fault::SlowBody(_)
        | Fault::TechnicalFault(_)
        | Fault::WrongEcho
        | Fault::WrongHash
        | Fault::Redirect
        | Fault::Doctype
        | Fault::LyingStatus) => panic!("{other:?} is tried at the adapter"),
    }
}

/// A delivery that has met a fault.
struct Met {
    what: String,
    /// The referral or the plan that it is about.
    name: String,
    item: DeliveryItem,
    end: End,
    ledger: Ledger,
    agency: String,
}

/// Has the agency misbehave while it is told something, and waits until all is said that will be.
async fn meet<F: Future<Output = ()>>(scene: &Scene, peer: &Peer, fault: &Fault, tell: F) -> End {
    let agency = peer.agency(scene);
    let faults = agency.control().faults();
    let (end, least) = end(fault, peer.redelivery);
    let before = requests(agency);
    if matches!(fault, Fault::Dead | Fault::WrongCertificate) {
        faults.set(fault.clone());
        tell.await;
        tokio::time::sleep(QUIET).await;
        assert_eq!(requests(agency), before, "{}: {fault:?}", peer.id);
        faults.clear().unwrap();
    } else {
        faults.once(fault.clone());
        tell.await;
    }
    let what = format!("{}: what is said after {fault:?}", peer.id);
    scene.until(&what, |_| requests(agency) >= before + least).await;
    scene.until_told(&peer.id).await;
    assert_eq!(faults.waiting(), 0, "{}: {fault:?} was not met", peer.id);
    end
}

async fn fare(scene: Arc<Scene>, peer: Peer, switches: &[Fault]) -> Vec<Met> {
    let to = peer.id.as_str();
    let mut ohjaamo = scene.ohjaamo.clone();
    let ledger = peer.agency(&scene).control().ledger().clone();
    let place = scene.world.agencies.keys().position(|id| id == to).unwrap();
    let mut met = Vec::new();
    let mut note = |fault: &Fault, name: &str, item, end| {
        let what = format!("{to}, {item:?}, {fault:?}");
        met.push(Met {
            what,
            name: name.to_owned(),
            item,
            end,
            ledger: ledger.clone(),
            agency: to.to_owned(),
        });
    };
    let youth = consenting(&scene, PEOPLE[5], to, &BASIC).await;
    let other = ohjaamo.identify(PEOPLE[6]).await.unwrap();
    for (number, fault) in switches.iter().enumerate() {
        let name = refer(&scene, &youth, to).await.name;
        let cancel = CancelReferralRequest {
            request_id: request_id(),
            name: name.clone(),
            ..CancelReferralRequest::default()
        };
        let mut client = ohjaamo.clone();
        let end = meet(&scene, &peer, fault, async move {
            client.referral.cancel_referral(cancel).await.unwrap();
        });
        note(fault, &name, DeliveryItem::StateChange, end.await);

        let consent = ohjaamo.record_consent(&other, OHJAAMO, to, PURPOSE, &BASIC).await.unwrap();
        let name = refer(&scene, &other, to).await.name;
        let end = meet(&scene, &peer, fault, async { drop(scene.withdraw(&consent).await) });
        note(fault, &name, DeliveryItem::ConsentWithdrawn, end.await);

        // What was refused of a plan is said once more by itself: that has a test of its own.
        if matches!(fault, Fault::BusinessFault(_)) {
            continue;
        }
        let youth = ohjaamo.identify(&nobody(100 * (number + 1) + place)).await.unwrap();
        let plan = [DataCategory::IdentityContact, DataCategory::JointPlan];
        ohjaamo.record_consent(&youth, OHJAAMO, to, PURPOSE, &plan).await.unwrap();
        let plan = table::create_for(&ohjaamo, &youth, PURPOSE).await.unwrap().plan.unwrap().name;
        table::add(&ohjaamo, &plan, to).await.unwrap();
        let end = meet(&scene, &peer, fault, async {
            let goal = table::goal("g1", "kanaria-tavoite");
            table::edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal)).await.unwrap();
        });
        note(fault, &plan, DeliveryItem::PlanPart, end.await);
    }
    met
}

async fn found(remains: &Remains, met: &Met) -> Vec<End> {
    let Met { name, item, ledger, agency, .. } = met;
    let rows = match name.parse() {
        Ok(plan) => remains.deliveries_about_plan(plan, ledger).await,
        Err(_) => remains.deliveries(name).await,
    };
    let own = rows.iter().filter(|row| row.agency.as_str() == agency && row.item == *item);
    own.map(|row| End { state: row.state, effects: ledger.effects(&row.message.to_string()) }).collect()
}

async fn each_ends_once(switches: Vec<Fault>, answer_ms: u32) {
    let settings = WorldSettings {
        retry_seconds: vec![0],
        answer_ms,
        attempt_seconds: answer_ms / 1_000 + 1,
        lease_seconds: answer_ms / 1_000 + 2,
        ..WorldSettings::default()
    };
    let (scene, peers) = open_every_repetition(settings).await;
    let under = Arc::new(switches.clone());
    let (scene, met) = at_once(scene, peers, |scene, peer| {
        let under = Arc::clone(&under);
        async move { fare(scene, peer, &under).await }
    })
    .await;
    let remains = scene.end().await;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for met in met.iter().flatten() {
        assert_eq!(found(&remains, met).await, [met.end], "{}", met.what);
        *counts.entry(&met.agency).or_default() += 1;
    }
    let refusals = switches.iter().filter(|fault| matches!(fault, Fault::BusinessFault(_))).count();
    assert!(counts.values().all(|count| *count == 3 * switches.len() - refusals), "{counts:?}");
    remains.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn news_and_parts_of_plans_end_once_under_every_fault() {
    each_ends_once(switches(), 20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_and_parts_of_plans_end_once_when_no_answer_comes() {
    each_ends_once(silences(), SILENCE_MS).await;
}
