//! Does a trial leave anything but its audit leaf, whatever it is a trial of?

use std::collections::BTreeMap;

use polku_adapters::Redelivery;
use polku_proto::v1::{
    ConsentState, DataCategory as C, DeliveryState, PlanPart, Purpose, RejectionReason,
    RerouteReferralRequest, SendReferralRequest,
};
use polku_proto::{FILE_DESCRIPTOR_SET, YouthName};
use prost_reflect::DescriptorPool;

use super::table::{Keep, add, begin, goal, id, merge, merging, read, settled, told, valid};
use super::world::{ADULT, KELA, SOSIAALI, TE, World, caller, request};
use crate::audit::Event;
use crate::error::Error;
use crate::journey::Action;

const SHARED: [C; 5] =
    [C::IdentityContact, C::ServiceAttendance, C::ServiceNeeds, C::JointPlan, C::ReferralStatus];

/// Everything in the store but what belongs to leaves.
fn kept(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut tables = world.tables();
    assert!(tables.len() > 20 && tables["plan_revision"].len() > 1 && tables["referral"].len() == 1);
    tables.remove("audit_detail").unwrap();
    tables
}

/// Social services coordinate a plan to which Kela and employment services are parties, and have sent a referral that
/// has ended.
async fn laid() -> (World, YouthName, String, String) {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let consent = world.consent(&youth, SOSIAALI, TE, &SHARED).await;
    assert_eq!(consent.state(), ConsentState::Given);
    for (from, to) in [(SOSIAALI, KELA), (KELA, SOSIAALI), (TE, SOSIAALI), (TE, KELA)] {
        world.consent(&youth, from, to, &SHARED).await;
    }
    let plan = begin(&world, SOSIAALI, &youth, Purpose::EmploymentServices).await;
    for party in [KELA, TE] {
        add(&world, SOSIAALI, &plan, party).await;
    }
    merge(&world, &caller(SOSIAALI), &plan, "youth", |part| part.goals.push(goal("g1", "Oma koti"))).await;
    let referral = world.refer(SOSIAALI, TE, &youth).await;
    world.deliver();
    world.settled(&referral).await;
    world
        .step(TE, &referral, Action::Reject { reason: RejectionReason::NoCapacity, note: String::new() })
        .await;
    let youth: YouthName = youth.parse().unwrap();
    settled(&world, youth.youth).await;
    (world, youth, plan, referral)
}

#[test]
fn these_are_all_that_can_be_tried() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let tried = pool.all_messages().filter(|message| message.get_field_by_name("validate_only").is_some());
    let mut tried: Vec<String> = tried.map(|message| message.name().to_owned()).collect();
    tried.sort_unstable();
    assert_eq!(tried, ["MergePlanRequest", "RerouteReferralRequest", "SendReferralRequest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_is_tried_leaves_nothing() {
    let (world, youth, plan, _) = laid().await;
    let kela = caller(KELA);
    // What it shows to whoever tries has been told with the reading.
    let seen = read(&world, &kela, &plan).await;
    settled(&world, youth.youth).await;
    let (before, leaves) = (kept(&world), world.leaves(Event::Read));
    let own = |part: &mut PlanPart| part.goals.push(goal("kela:g2", "Kuntoutus"));
    let clash = |part: &mut PlanPart| part.goals[0].text = "Vuokra-asunto".to_owned();
    for _ in 0..2 {
        for (owner, edit) in [("youth", &own as &dyn Fn(&mut PlanPart)), (KELA, &own), ("youth", &clash)] {
            let request = merging(&seen, owner, edit, Keep::Nothing);
            let tried = told(&world, &kela, world.gateway.merge_plan(&kela, request).await);
            assert!(tried.receipt.is_none() && tried.plan.is_some());
        }
    }
    assert_eq!(kept(&world), before);
    assert_eq!(world.leaves(Event::Read), leaves + 6);
    // What others have written since is to be read first: their register has to hold that it was told.
    merge(&world, &caller(SOSIAALI), &plan, "youth", |part| part.goals[0].text = "Asunto".to_owned()).await;
    settled(&world, youth.youth).await;
    let before = kept(&world);
    let request = || merging(&seen, "youth", clash, Keep::Nothing);
    let refused = world.gateway.merge_plan(&kela, request()).await.map(drop);
    assert!(matches!(refused, Err(Error::EtagMismatch)), "{refused:?}");
    assert_eq!(kept(&world), before);
    read(&world, &kela, &plan).await;
    settled(&world, youth.youth).await;
    let before = kept(&world);
    let tried = told(&world, &kela, world.gateway.merge_plan(&kela, request()).await);
    assert_eq!((tried.conflicts.len(), tried.conflicts[0].task.as_str()), (1, ""));
    assert_eq!(kept(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_that_is_tried_leaves_nothing() {
    let (world, youth, _, referral) = laid().await;
    let (before, social) = (kept(&world), caller(SOSIAALI));
    for recipient in [KELA, TE, "kunta"] {
        let sent = SendReferralRequest { validate_only: true, ..request(recipient, &youth.to_string()) };
        let sent = world.send(SOSIAALI, sent).await;
        assert_eq!(sent.is_ok(), recipient != "kunta");
        let again = RerouteReferralRequest {
            request_id: id(),
            name: referral.clone(),
            recipient: recipient.to_owned(),
            purpose: Purpose::EmploymentServices as i32,
            validate_only: true,
            ..RerouteReferralRequest::default()
        };
        let again = world.gateway.reroute_referral(&social, valid(again)).await;
        assert_eq!(again.is_ok(), recipient != "kunta");
    }
    assert_eq!(kept(&world), before);
    let open = world.deliveries(&referral).await;
    assert!(open.iter().all(|row| row.state == DeliveryState::Delivered));
}
