//! Does somebody look at what was disclosed against a prohibition, once, and only where something was disclosed?

use std::sync::Arc;

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::Matter;
use polku_proto::v1::{
    DeliveryState, FollowUp, FollowUpResolution, LegalClaim, LegalGround, ListTasksRequest, Purpose,
    ResolveTaskRequest, SendReferralRequest, Task,
};
use polku_proto::{ReferralName, Valid};
use tempfile::TempDir;
use uuid::Uuid;

use super::agency::Mood;
use super::steps::drain;
use super::table::{at, valid};
use super::world::{CHILD, KELA, KUNTA, SOSIAALI, Setting, TE, World, caller, request};
use crate::answer::answer;
use crate::clock::ManualClock;

/// A child-welfare notice: a law that is stronger than a prohibition.
fn notice(to: &str, youth: &str) -> SendReferralRequest {
    let claim = LegalClaim {
        ground: LegalGround::ChildWelfareNotice.into(),
        statement: "huoli lapsesta".into(),
        consent_asked: ConsentAsked::NotReached.into(),
    };
    SendReferralRequest { purpose: Purpose::SocialServices.into(), claim: Some(claim), ..request(to, youth) }
}

async fn sent(world: &World, from: &str, to: &str) -> String {
    let youth = world.identify_by(from, CHILD).await;
    world.send(from, notice(to, &youth)).await.unwrap().referral.unwrap().name
}

async fn tasks(world: &World, agency: &str) -> Vec<Task> {
    let request =
        ListTasksRequest { parent: "youths/-".into(), show_resolved: true, ..ListTasksRequest::default() };
    let caller = caller(agency);
    let list = world.gateway.list_tasks(&caller, Valid::check(request).unwrap()).await.unwrap();
    answer(list, &caller, world.gateway.now()).unwrap().into_inner().tasks
}

/// The agency looks once at what it has disclosed with this referral; nobody else does.
async fn looks(world: &World, agency: &str, referral: &str) {
    let wanted = FollowUp {
        kind: Kind::SecondLook.into(),
        referral: referral.into(),
        professional: format!("{agency}-virkailija"),
        ..FollowUp::default()
    };
    let found: Vec<_> = tasks(world, agency).await.into_iter().filter_map(|task| task.matter).collect();
    assert_eq!(found, [Matter::FollowUp(wanted)]);
    for other in [TE, KELA, SOSIAALI, KUNTA] {
        assert!(other == agency || tasks(world, other).await.is_empty(), "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_neither_loses_nor_doubles_a_second_look() {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let name = sent(&world, TE, SOSIAALI).await;
    assert_eq!(tasks(&world, TE).await, [], "nothing has been disclosed yet");
    world.sosiaali.become_(Mood::Endless);
    world.deliver();
    while world.sosiaali.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut world = world.killed().await;
    assert_eq!(tasks(&world, TE).await, []);
    world.deliver();
    world.settled(&name).await;
    looks(&world, TE, &name).await;
    let mut world = world.killed().await;
    world.deliver();
    world.settled(&name).await;
    looks(&world, TE, &name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_to_have_arrived_is_looked_at_and_what_has_not_is_not() {
    for (mood, end, is_looked_at) in
        [(Mood::Silent, DeliveryState::Delivered, true), (Mood::Refusing, DeliveryState::Rejected, false)]
    {
        let mut world = World::open(Redelivery::Deduplicates).await;
        world.sosiaali.become_(mood);
        let name = sent(&world, TE, SOSIAALI).await;
        world.deliver();
        let rows = world.settled(&name).await;
        assert_eq!(rows[0].state, end);
        if is_looked_at {
            looks(&world, TE, &name).await;
        } else {
            assert_eq!(tasks(&world, TE).await, []);
        }
    }
}

/// Without the referral nobody could see what they are asked to look at.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_looked_at_stays_until_somebody_has() {
    let clock = Arc::new(ManualClock::new("2026-03-02T10:00:00Z".parse().unwrap()));
    let setting = Setting { clock: Arc::clone(&clock) as _, ..Setting::of(Redelivery::Deduplicates) };
    let world = World::within(setting, TempDir::new().unwrap()).await;
    let name = sent(&world, SOSIAALI, KUNTA).await;
    let referral: ReferralName = name.parse().unwrap();
    let kept = async |hours: i64| {
        clock.advance(SignedDuration::from_hours(hours));
        world.gateway.sweep().await.unwrap();
        drain(&world.gateway).await;
        world.gateway.store.referral(referral.referral).await.unwrap().is_some()
    };
    // That it has expired, and that its content goes, are its last changes.
    assert!(kept(24 * 366).await && kept(2).await);
    assert!(kept(24 * 366 * 11).await, "nobody has looked yet");
    let open = tasks(&world, SOSIAALI).await;
    let is_look = |task: &&Task| matches!(&task.matter, Some(Matter::FollowUp(about)) if about.kind() == Kind::SecondLook);
    let task = open.iter().find(is_look).unwrap();
    let request = ResolveTaskRequest {
        request_id: Uuid::now_v7().to_string(),
        name: task.name.clone(),
        resolution: Some(Resolution::FollowUp(FollowUpResolution::default())),
    };
    let colleague = at(SOSIAALI, "keskusta", "official");
    world.gateway.resolve_task(&colleague, valid(request)).await.map(drop).unwrap();
    assert!(!kept(2).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_read_here_is_looked_at_from_then_on() {
    let world = World::open(Redelivery::Deduplicates).await;
    let name = sent(&world, SOSIAALI, KUNTA).await;
    looks(&world, SOSIAALI, &name).await;
    world.get(KUNTA, &name).await;
    looks(&world, SOSIAALI, &name).await;
}
