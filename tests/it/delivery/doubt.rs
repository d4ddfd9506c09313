//! Nobody knows whether a message has arrived: who is asked what, and what follows from the answer?

use polku_proto::v1::DeliveryState::{Delivered, InDoubt};
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    FollowUp, FollowUpResolution, ListTasksRequest, ReferralState, ResolveTaskRequest, Task,
};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{PEOPLE, TE, request_id};
use tonic::Status;

use super::scene::Scene;
use crate::stage::assert_refused;

async fn tasks(scene: &Scene) -> Vec<Task> {
    let request = ListTasksRequest { parent: "youths/-".into(), ..ListTasksRequest::default() };
    scene.ohjaamo.clone().task.list_tasks(request).await.unwrap().into_inner().tasks
}

fn follow_up(task: &Task) -> FollowUp {
    let Some(Matter::FollowUp(follow_up)) = task.matter.clone() else { panic!("{}", task.name) };
    follow_up
}

async fn resolve(scene: &Scene, task: &Task, resolution: FollowUpResolution) -> Result<Task, Status> {
    let request = ResolveTaskRequest {
        request_id: request_id(),
        name: task.name.clone(),
        resolution: Some(Resolution::FollowUp(resolution)),
    };
    Ok(scene.ohjaamo.clone().task.resolve_task(request).await?.into_inner().task.unwrap())
}

/// A referral in doubt, and the one task that its sender has of it.
async fn in_doubt(scene: &mut Scene, fault: Fault) -> (String, Task) {
    let (youth, _) = scene.consenting(PEOPLE[0], TE).await;
    scene.faults(TE).once_on(Operation::Deliver, fault);
    let referral = scene.deliver(&youth, TE).await;
    assert_eq!(referral.delivery_state(), InDoubt);
    let [task] = &tasks(scene).await[..] else { panic!("not one task") };
    (referral.name, task.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_is_told_exactly_what_to_ask() {
    let mut scene = Scene::of_doubt().await;
    let (name, task) = in_doubt(&mut scene, Fault::ResetAfterEffect).await;
    let asked = follow_up(&task);
    assert_eq!(
        (asked.kind(), asked.referral.as_str(), asked.recipient.as_str()),
        (Kind::DeliveryInDoubt, &*name, TE)
    );
    let [effect] = &scene.ledger(TE).referrals()[..] else { panic!("not one effect") };
    assert_eq!(asked.message, effect.message_id, "the agency knows the message by this id");
    assert!(asked.send_time.is_some());
    let languages: Vec<&str> = asked.question.iter().map(|text| text.language.as_str()).collect();
    assert_eq!(languages, ["fi", "sv", "en"]);
    for text in &asked.question {
        assert!(text.value.contains(&asked.message) && text.value.contains("(te)"), "{}", text.value);
    }

    // It has arrived, under this number.
    let number = "TE-2026-17";
    let wrong = FollowUpResolution { send_again: true, reference: number.into(), ..Default::default() };
    assert_refused(resolve(&scene, &task, wrong).await, tonic::Code::InvalidArgument, "INVALID_FIELDS");
    let arrived = FollowUpResolution { reference: number.into(), ..Default::default() };
    assert_eq!(resolve(&scene, &task, arrived.clone()).await.unwrap().state(), State::Resolved);
    scene.until_delivery(&name, Delivered).await;
    assert_refused(resolve(&scene, &task, arrived).await, tonic::Code::FailedPrecondition, "RECORD_STATE");
    assert_eq!((scene.requests(TE, Operation::Deliver), tasks(&scene).await.len()), (1, 0));
    let remains = scene.end().await;
    let [row] = &remains.deliveries(&name).await[..] else { panic!("not one delivery") };
    assert_eq!(row.reference.as_deref(), Some(number));
    remains.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_arrived_is_sent_once_more_as_the_same_message() {
    let mut scene = Scene::of_doubt().await;
    let (name, task) = in_doubt(&mut scene, Fault::ResetBeforeEffect).await;
    assert_eq!(scene.effects(TE, &name), 0);
    let again = FollowUpResolution { send_again: true, ..Default::default() };
    resolve(&scene, &task, again).await.unwrap();
    scene.until_delivery(&name, Delivered).await;
    let [effect] = &scene.ledger(TE).referrals()[..] else { panic!("not one effect") };
    assert_eq!(effect.message_id, follow_up(&task).message);
    assert_eq!(tasks(&scene).await, []);
    scene.end().await.check_intents();
}

/// Whoever says that it has not arrived does not decide that it may be sent: that is decided when it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_permits_any_more_is_not_sent_once_more() {
    let mut scene = Scene::of_doubt().await;
    let (youth, consent) = scene.consenting(PEOPLE[0], TE).await;
    scene.faults(TE).once_on(Operation::Deliver, Fault::ResetBeforeEffect);
    let referral = scene.deliver(&youth, TE).await;
    let change = scene.withdraw(&consent).await;
    assert_eq!(change.under_way, [referral.name.as_str()], "it may have arrived");
    let all = tasks(&scene).await;
    let [task] = &all[..] else { panic!("{} tasks", all.len()) };
    let sent = scene.requests(TE, Operation::Deliver);
    let again = FollowUpResolution { send_again: true, ..Default::default() };
    resolve(&scene, task, again).await.unwrap();
    let stopped = scene.until_delivery(&referral.name, polku_proto::v1::DeliveryState::Stopped).await;
    assert_eq!(stopped.state(), ReferralState::ConsentWithdrawn);
    assert_eq!((scene.effects(TE, &referral.name), scene.requests(TE, Operation::Deliver)), (0, sent));
    scene.end().await.check_intents();
}

/// News that an agency's system refuses are news for whoever told them.
#[tokio::test(flavor = "multi_thread")]
async fn news_that_are_refused_are_told_to_whoever_told_them() {
    let mut scene = Scene::of_doubt().await;
    let (youth, consent) = scene.consenting(PEOPLE[0], TE).await;
    let referral = scene.deliver(&youth, TE).await;
    assert_eq!(tasks(&scene).await, []);
    scene.faults(TE).once_on(Operation::Notify, Fault::BusinessFault("VIRHEELLINEN_SISALTO".into()));
    // The recipient is told that the permission is gone.
    scene.withdraw(&consent).await;
    let told = polku_tests::world::eventually(crate::stage::PATIENCE, || async { tasks(&scene).await.pop() });
    let task = told.await.expect("the sender is not told");
    let news = follow_up(&task);
    assert_eq!((news.kind(), news.referral.as_str()), (Kind::NewsNotDelivered, &*referral.name));
    assert!(news.question.is_empty(), "it was refused: there is nothing to ask");
    let again = FollowUpResolution { send_again: true, ..Default::default() };
    resolve(&scene, &task, again).await.unwrap();
    scene.until("the news", |scene| scene.notices(TE, &referral.name).len() == 1).await;
    assert_eq!(tasks(&scene).await, []);
    scene.end().await.check_intents();
}
