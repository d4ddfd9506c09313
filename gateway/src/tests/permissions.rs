//! Is what a permission opens told when it counts, once, to whoever watches and to the systems, and counted there?

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polku_adapters::Redelivery;
use polku_proto::v1::legal_status_terms::Status;
use polku_proto::v1::{
    DataCategory, EndLegalStatusRequest, LegalStatusTerms, MultiSectorSupport, Purpose,
    RecordLegalStatusRequest,
};
use polku_proto::{Valid, YouthName};

use super::agency::Mood;
use super::table::{BASE, Watching, add, begin, events, goal, heard, id, merge, need, settled, told, valid};
use super::world::{ADULT, KELA, TE, World, caller, consent_request};

/// What employment services have been told of Kela's section.
type Heard = Vec<(String, u64, bool)>;

fn counted(told: &[bool]) -> Heard {
    (1..).zip(told).map(|(number, is_last)| (KELA.to_owned(), number, *is_last)).collect()
}

/// Kela has a plan, to which employment services are a party as long as its purpose lets them know of it, and of which
/// they see nothing.
async fn closed(redelivery: Redelivery, purpose: Purpose) -> (World, YouthName, String) {
    let mut world = World::open(redelivery).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, purpose).await;
    let edit = |part: &mut polku_proto::v1::PlanPart| {
        part.goals.push(goal("g1", "Oma koti"));
        part.needs.push(need("n1", DataCategory::Housing, "Koditon"));
    };
    merge(&world, &caller(KELA), &plan, KELA, edit).await;
    world.deliver();
    (world, youth.parse().unwrap(), plan)
}

/// Employment services became a party by a consent that was taken back.
async fn once_permitted(redelivery: Redelivery) -> (World, YouthName, String) {
    let (world, youth, plan) = closed(redelivery, Purpose::EmploymentServices).await;
    let consent = world.consent(&youth.to_string(), KELA, TE, &BASE).await;
    add(&world, KELA, &plan, TE).await;
    settled(&world, youth.youth).await;
    world.withdraw(KELA, &consent).await;
    settled(&world, youth.youth).await;
    assert_eq!(heard(&world), counted(&[false, true]));
    (world, youth, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_and_a_wider_permission_are_told_by_the_call_that_gives_them() {
    let (world, youth, plan) = once_permitted(Redelivery::Deduplicates).await;
    let mut watching = Watching::begin(&world, caller(TE), &plan).await;
    let before = events(&world, TE, &plan).await;
    let name = youth.to_string();
    world.consent(&name, KELA, TE, &BASE).await;
    assert_eq!(events(&world, TE, &plan).await, before + 1);
    assert_eq!(watching.next(&world).await.sections.len(), 1);
    settled(&world, youth.youth).await;
    assert_eq!(heard(&world), counted(&[false, true, false]));
    let wider = world.consent(&name, KELA, TE, &[DataCategory::Housing]).await;
    let part = watching.next(&world).await.sections.remove(0).part.unwrap();
    assert_eq!(part.needs[0].text, "Koditon");
    settled(&world, youth.youth).await;
    assert_eq!(heard(&world), counted(&[false, true, false, false]));
    // What says the same, or opens nothing that there is, is no news.
    let same = world.consent(&name, KELA, TE, &[DataCategory::Housing]).await;
    world.consent(&name, KELA, TE, &[DataCategory::BenefitsIncome]).await;
    world.withdraw(KELA, &wider).await;
    assert_eq!(events(&world, TE, &plan).await, before + 2);
    world.withdraw(KELA, &same).await;
    assert!(watching.next(&world).await.sections.remove(0).part.unwrap().needs.is_empty());
    for _ in 0..2 {
        world.gateway.sweep().await.unwrap();
    }
    settled(&world, youth.youth).await;
    assert_eq!(events(&world, TE, &plan).await, before + 3);
    assert_eq!(heard(&world), counted(&[false, true, false, false, false]));
}

/// The identity code is what a system has to know: nothing is told to it until that is permitted, and all of it then.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_system_must_be_told_is_waited_for() {
    let (world, youth, plan) = once_permitted(Redelivery::Deduplicates).await;
    let before = events(&world, TE, &plan).await;
    world.consent(&youth.to_string(), KELA, TE, &[DataCategory::JointPlan]).await;
    settled(&world, youth.youth).await;
    assert_eq!((events(&world, TE, &plan).await, heard(&world).len()), (before + 1, 2), "read here alone");
    let known = world.consent(&youth.to_string(), KELA, TE, &[DataCategory::IdentityContact]).await;
    settled(&world, youth.youth).await;
    assert_eq!(heard(&world), counted(&[false, true, false]));
    world.withdraw(KELA, &known).await;
    settled(&world, youth.youth).await;
    assert_eq!(heard(&world), counted(&[false, true, false, true]));
    assert_eq!(events(&world, TE, &plan).await, before + 1, "to who reads here nothing is different");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_begins_later_is_told_when_it_does() {
    let (world, youth, plan) = once_permitted(Redelivery::Deduplicates).await;
    let mut watching = Watching::begin(&world, caller(TE), &plan).await;
    let before = events(&world, TE, &plan).await;
    let begins = world.gateway.now() + SignedDuration::from_millis(1500);
    let request = consent_request(&youth.to_string(), (KELA, TE), &BASE, begins);
    world.gateway.record_consent(&caller(KELA), valid(request)).await.map(drop).unwrap();
    let due = world.gateway.store.plans_to_look_at(Timestamp::MAX, 10).await.unwrap();
    assert_eq!(due.iter().map(|row| row.look_at).collect::<Vec<_>>(), [Some(begins)]);
    if world.gateway.now() < begins {
        assert_eq!(events(&world, TE, &plan).await, before);
    }
    assert_eq!(watching.next(&world).await.sections.len(), 1);
    assert!(world.gateway.now() >= begins);
    settled(&world, youth.youth).await;
    for _ in 0..2 {
        world.gateway.sweep().await.unwrap();
    }
    settled(&world, youth.youth).await;
    assert_eq!(events(&world, TE, &plan).await, before + 1);
    assert_eq!(heard(&world), counted(&[false, true, false]));
}

/// A gateway whose work ends when a consent is recorded, and nobody has been told of it; the plan, and how many events
/// there are of it. What is recorded can be told before the work is seen to stand still: then it is tried again.
async fn interrupted_after_a_consent() -> (World, YouthName, String, usize) {
    for _ in 0..20 {
        let (world, youth, plan) = once_permitted(Redelivery::Deduplicates).await;
        let world = world.killed().await;
        let before = events(&world, TE, &plan).await;
        let consents =
            async |world: &World| world.gateway.store.instruments_of(youth.youth).await.unwrap().len();
        let had = consents(&world).await;
        let name = youth.to_string();
        {
            let mut recording = pin!(world.consent(&name, KELA, TE, &BASE));
            let mut context = Context::from_waker(Waker::noop());
            while consents(&world).await == had {
                assert!(recording.as_mut().poll(&mut context).is_pending(), "it was not interrupted");
            }
        }
        if events(&world, TE, &plan).await == before {
            return (world, youth, plan, before);
        }
    }
    panic!("it is told at once, each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_right_after_a_consent_only_delays_that_it_is_told() {
    let (mut world, youth, plan, before) = interrupted_after_a_consent().await;
    world = world.killed().await;
    world.gateway.sweep().await.unwrap();
    assert_eq!(events(&world, TE, &plan).await, before + 1);
    let mut world = {
        world.deliver();
        settled(&world, youth.youth).await;
        world.killed().await
    };
    world.gateway.sweep().await.unwrap();
    world.deliver();
    settled(&world, youth.youth).await;
    assert_eq!(events(&world, TE, &plan).await, before + 1);
    assert_eq!(heard(&world), counted(&[false, true, false]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legal_status_that_opens_and_closes_is_told() {
    let (world, youth, plan) = closed(Redelivery::Deduplicates, Purpose::MultiSectorSupport).await;
    let record = RecordLegalStatusRequest {
        request_id: id(),
        youth: youth.to_string(),
        terms: Some(LegalStatusTerms {
            status: Some(Status::MultiSectorSupport(MultiSectorSupport::default())),
        }),
    };
    let te = caller(TE);
    let again = RecordLegalStatusRequest { request_id: id(), ..record.clone() };
    let status =
        told(&world, &te, world.gateway.record_legal_status(&te, valid(record)).await).status.unwrap();
    add(&world, KELA, &plan, TE).await;
    settled(&world, youth.youth).await;
    let mut watching = Watching::begin(&world, caller(TE), &plan).await;
    let before = events(&world, TE, &plan).await;
    let (name, etag) = (status.name, status.etag);
    let end = EndLegalStatusRequest { request_id: id(), name, etag };
    world.gateway.end_legal_status(&te, Valid::check(end).unwrap()).await.map(drop).unwrap();
    assert_eq!(watching.next(&world).await.sections.len(), 0);
    settled(&world, youth.youth).await;
    assert_eq!(heard(&world), counted(&[false, true]));
    world.gateway.record_legal_status(&te, valid(again)).await.map(drop).unwrap();
    assert_eq!(watching.next(&world).await.sections.len(), 1);
    settled(&world, youth.youth).await;
    assert_eq!(
        (events(&world, TE, &plan).await, heard(&world)),
        (before + 2, counted(&[false, true, false]))
    );
}

/// What is sent again has the number of the first attempt, whatever has changed meanwhile; what is never taken has none.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_parts_go_on_by_one_over_refusals_and_crashes() {
    for redelivery in [Redelivery::Deduplicates, Redelivery::AnswersStatus, Redelivery::Neither] {
        let (mut world, youth, plan) = once_permitted(redelivery).await;
        world.consent(&youth.to_string(), KELA, TE, &BASE).await;
        settled(&world, youth.youth).await;
        let change = async |world: &World, text: &str| {
            merge(world, &caller(KELA), &plan, KELA, |part| part.goals[0].text = text.to_owned()).await;
        };
        // Several changes are one part, and one that is refused is none.
        world.te.become_(Mood::Refusing);
        change(&world, "Asunto").await;
        settled(&world, youth.youth).await;
        assert_eq!(heard(&world), counted(&[false, true, false]));
        // It takes one in while the gateway ends, and more changes come up.
        world.te.become_(Mood::Endless);
        change(&world, "Vuokra-asunto").await;
        while heard(&world).len() == 3 {
            tokio::task::yield_now().await;
        }
        world = world.killed().await;
        for text in ["Tuettu asunto", "Asunto kaverin kanssa"] {
            change(&world, text).await;
        }
        world.te.become_(Mood::Fine);
        world.deliver();
        for _ in 0..1500 {
            if heard(&world).len() == 5 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(heard(&world), counted(&[false, true, false, false, false]), "{redelivery:?}");
    }
}
