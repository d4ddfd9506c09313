//! Does every disclosure come into the register of social services, however long that takes and whoever it is about?

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::legal_status_terms::Status;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::Matter;
use polku_proto::v1::{
    CapacityAssessment, Consent, ConsentState, DataCategory as C, DeliveryState, FollowUp,
    FollowUpResolution, IdentifyYouthRequest, LegalStatusTerms, LinkIdentityRequest, ListTasksRequest,
    RecordLegalStatusRequest, RenewConsentRequest, ResolveTaskRequest, Task, retention_answer,
};

use super::agency::Mood;
use super::readings::{delivered, id, queued, told, until_quiet, valid};
use super::world::{ADULT, KELA, SOSIAALI, TE, World, caller, consent_request};
use crate::error::Error;
use crate::record::wire_time;
use crate::store::{Change, DeliveryRow, DeliveryWrite};

const TEMPORARY: &str = "1.2.246.10.2048198.22.2026.4711";
const SHARED: [C; 2] = [C::IdentityContact, C::ServiceNeeds];

/// Somebody with a temporary id, who is able to decide.
async fn newcomer(world: &World) -> String {
    let social = caller(SOSIAALI);
    let request = IdentifyYouthRequest {
        request_id: id(),
        temporary_id: TEMPORARY.into(),
        ..IdentifyYouthRequest::default()
    };
    let youth = world.gateway.identify(&social, valid(request)).await.unwrap().youth;
    let capacity = CapacityAssessment { result: Capacity::CapableAllows.into() };
    let record = RecordLegalStatusRequest {
        request_id: id(),
        youth: youth.clone(),
        terms: Some(LegalStatusTerms { status: Some(Status::CapacityAssessment(capacity)) }),
    };
    world.gateway.record_legal_status(&social, valid(record)).await.map(drop).unwrap();
    youth
}

/// Social services refer somebody to Kela, which reads here.
async fn disclosed(world: &World, youth: &str) -> Consent {
    let consent = world.consent(youth, SOSIAALI, KELA, &SHARED).await;
    world.refer(SOSIAALI, KELA, youth).await;
    assert_eq!(queued(world, youth).await.len(), 1);
    consent
}

async fn tasks(world: &World) -> Vec<Task> {
    let social = caller(SOSIAALI);
    let request =
        ListTasksRequest { parent: "youths/-".into(), show_resolved: true, ..ListTasksRequest::default() };
    told(world, &social, world.gateway.list_tasks(&social, valid(request)).await).tasks
}

async fn resolve(world: &World, task: &Task, resolution: FollowUpResolution) -> Result<(), Error> {
    let request = ResolveTaskRequest {
        request_id: id(),
        name: task.name.clone(),
        resolution: Some(Resolution::FollowUp(resolution)),
    };
    world.gateway.resolve_task(&caller(SOSIAALI), valid(request)).await.map(drop)
}

fn follow_up(task: &Task) -> &FollowUp {
    let Some(Matter::FollowUp(follow_up)) = &task.matter else { panic!("{:?}", task.name) };
    follow_up
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_about_somebody_without_identity_code_names_the_temporary_id() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = newcomer(&world).await;
    disclosed(&world, &youth).await;
    let notices = delivered(&mut world, &youth).await;
    let [notice] = &notices[..] else { panic!("{} notices", notices.len()) };
    assert_eq!((notice.identity_code.as_str(), notice.temporary_id.as_str()), ("", TEMPORARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_waits_names_the_identity_code_as_soon_as_there_is_one() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = newcomer(&world).await;
    disclosed(&world, &youth).await;
    let (youth_name, identity_code) = (youth.clone(), ADULT.to_owned());
    let request =
        LinkIdentityRequest { request_id: id(), youth: youth_name, identity_code, ..Default::default() };
    world.gateway.link_identity(&caller(SOSIAALI), valid(request)).await.unwrap();
    let notices = delivered(&mut world, &youth).await;
    let [notice] = &notices[..] else { panic!("{} notices", notices.len()) };
    assert_eq!((notice.identity_code.as_str(), notice.temporary_id.as_str()), (ADULT, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_is_refused_is_a_task_and_is_sent_again_when_somebody_says_so() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    disclosed(&world, &youth).await;
    let [row] = &queued(&world, &youth).await[..] else { panic!("not one notice") };
    assert!(row.deadline > row.due + SignedDuration::from_hours(24 * 365 * 1000), "it is given up some day");
    world.sosiaali.become_(Mood::Refusing);
    world.deliver();
    until_quiet(&world, &youth).await;
    assert!(world.sosiaali.disclosures().is_empty());
    let [task] = &tasks(&world).await[..] else { panic!("not one task") };
    let wanted = (Kind::NoticeNotDelivered, row.message.to_string());
    assert_eq!((follow_up(task).kind(), follow_up(task).message.clone()), wanted);
    assert!(follow_up(task).referral.starts_with(&youth));

    let still = retention_answer::Result::Attached.into();
    let wrong = FollowUpResolution { retention: still, send_again: true, ..FollowUpResolution::default() };
    assert!(resolve(&world, task, wrong).await.is_err());
    // Refused once more, it is a task once more.
    let again = FollowUpResolution { send_again: true, ..FollowUpResolution::default() };
    resolve(&world, task, again.clone()).await.unwrap();
    until_quiet(&world, &youth).await;
    let all = tasks(&world).await;
    let next: Vec<&Task> = all.iter().filter(|other| other.name != task.name).collect();
    let [next] = &next[..] else { panic!("{} other tasks", next.len()) };
    assert_eq!(follow_up(next).message, follow_up(task).message, "it is the same message");
    world.sosiaali.become_(Mood::Fine);
    resolve(&world, next, again.clone()).await.unwrap();
    until_quiet(&world, &youth).await;
    let [notice] = &world.sosiaali.disclosures()[..] else { panic!("not one notice") };
    assert_eq!(notice.identity_code, ADULT);
    assert_eq!(tasks(&world).await.len(), 2);
    assert!(resolve(&world, next, again).await.is_err(), "it is resolved already");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_register_holds_without_the_notice_is_not_sent_again() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    disclosed(&world, &youth).await;
    world.sosiaali.become_(Mood::Refusing);
    world.deliver();
    until_quiet(&world, &youth).await;
    world.sosiaali.become_(Mood::Fine);
    let [task] = &tasks(&world).await[..] else { panic!("not one task") };
    resolve(&world, task, FollowUpResolution::default()).await.unwrap();
    assert!(queued(&world, &youth).await.is_empty());
    assert!(world.sosiaali.disclosures().is_empty());
}

/// It goes with a plan that is past, which does not wait for the task.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_about_a_notice_that_is_gone_can_be_answered() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    disclosed(&world, &youth).await;
    world.sosiaali.become_(Mood::Refusing);
    world.deliver();
    until_quiet(&world, &youth).await;
    let [task] = &tasks(&world).await[..] else { panic!("not one task") };
    world.tamper("DELETE FROM delivery");
    let again = FollowUpResolution { send_again: true, ..FollowUpResolution::default() };
    let refused = resolve(&world, task, again).await.unwrap_err();
    assert!(matches!(refused, Error::RecordState { .. }), "{refused:?}");
    resolve(&world, task, FollowUpResolution::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_arrived_meanwhile_is_not_sent_again() {
    let mut world = World::open(Redelivery::Neither).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, SOSIAALI, TE, &SHARED).await;
    world.te.become_(Mood::Silent);
    world.deliver();
    let name = world.refer(SOSIAALI, TE, &youth).await;
    let rows = world.settled(&name).await;
    let doubted = rows.into_iter().find(|row| row.state == DeliveryState::InDoubt).unwrap();
    let [task] = &tasks(&world).await[..] else { panic!("not one task") };
    let mut change = Change::announced_by(7_000);
    let expected_fence = doubted.fence;
    let message = doubted.message;
    let row = DeliveryRow { state: DeliveryState::Delivered, ..doubted };
    change.deliveries.push(DeliveryWrite { row, expected_fence });
    world.gateway.commit(change).await.unwrap();
    let again = FollowUpResolution { send_again: true, ..FollowUpResolution::default() };
    resolve(&world, task, again).await.unwrap();
    let now = world.gateway.store.delivery(message).await.unwrap().unwrap();
    assert_eq!(now.state, DeliveryState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_says_what_was_in_force_when_the_data_were() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    let youth = world.identify(ADULT).await;
    let consent = disclosed(&world, &youth).await;
    let fresh = consent_request(&youth, (SOSIAALI, KELA), &SHARED, world.gateway.now());
    let mut evidence = fresh.evidence.unwrap();
    evidence.notice_version = "2026-2".into();
    evidence.notice_sha256 = vec![8; 32];
    let later = world.gateway.now() + SignedDuration::from_hours(5);
    let renewal = RenewConsentRequest {
        request_id: id(),
        name: consent.name.clone(),
        etag: consent.etag.clone(),
        valid_until: Some(wire_time(later).unwrap()),
        evidence: Some(evidence),
    };
    let social = caller(SOSIAALI);
    let renewed = told(&world, &social, world.gateway.renew_consent(&social, valid(renewal)).await);
    let renewed = renewed.consent.unwrap();
    assert_ne!((&renewed.terms, &renewed.evidence), (&consent.terms, &consent.evidence));
    let notices = delivered(&mut world, &youth).await;
    let [notice] = &notices[..] else { panic!("{} notices", notices.len()) };
    let [told_on] = &notice.consents[..] else { panic!("{} consents", notice.consents.len()) };
    assert_eq!((told_on.state(), &told_on.terms), (ConsentState::Given, &consent.terms));
    assert_eq!(told_on.evidence.as_ref().unwrap().notice_sha256, vec![7; 32]);
}
