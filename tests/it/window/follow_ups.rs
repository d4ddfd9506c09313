//! Who notices that nobody has met the young person, that nobody has answered, and who asks three months on?

mod met;
mod retention;
mod unanswered;

use std::time::Duration;

use jiff::SignedDuration;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::journey_leaving::Reason as LeavingReason;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::retention_answer::Result as Retained;
use polku_proto::v1::task::State;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    DataCategory, FollowUp, FollowUpResolution, JourneyLeaving, JourneySource, ListConsentsRequest,
    ListTasksRequest, Purpose, ReferralState, ResolveTaskRequest, ResolveTaskResponse, Task,
    WatchTasksRequest, WithdrawConsentRequest, WorkerAssignment, task,
};
use polku_tests::world::{
    Client, KELA, OHJAAMO, TE, eventually, full_content, professional, referral_to, request_id,
};
use tonic::{Code, Status};

use super::{add, assignment, encounter, journey, opening};
use crate::stage::{PATIENCE, Stage, assert_refused, wire};

const WHO: &str = "010594Y9032";
const DAY: i64 = 24;
const SHARED: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceAttendance];

pub(crate) async fn tasks(client: &Client, show_resolved: bool) -> Vec<Task> {
    let request =
        ListTasksRequest { parent: "youths/-".into(), show_resolved, ..ListTasksRequest::default() };
    client.clone().task.list_tasks(request).await.unwrap().into_inner().tasks
}

/// The one open task, when it has come up.
async fn comes_up(client: &Client, kind: Kind, referral: &str, professional: &str) -> Task {
    let found = eventually(PATIENCE, || async move { tasks(client, false).await.pop() }).await;
    let found = found.expect("no task comes up");
    let (referral, professional) = (referral.into(), professional.into());
    let wanted = FollowUp { kind: kind.into(), referral, professional, ..FollowUp::default() };
    assert_eq!(found.matter, Some(task::Matter::FollowUp(wanted)));
    assert_eq!((found.state(), found.plan.as_str()), (State::Open, ""));
    pause().await;
    assert_eq!(tasks(client, false).await, std::slice::from_ref(&found), "it comes up once");
    found
}

/// The gateway has looked at what is due at least once more.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(2_200)).await;
}

async fn nothing_comes_up(clients: &[&Client]) {
    pause().await;
    for client in clients {
        assert_eq!(tasks(client, false).await, []);
    }
}

fn done(task: &Task, retention: Retained) -> ResolveTaskRequest {
    let resolution = FollowUpResolution { retention: retention.into(), ..Default::default() };
    ResolveTaskRequest {
        request_id: request_id(),
        name: task.name.clone(),
        resolution: Some(Resolution::FollowUp(resolution)),
    }
}

async fn resolve(client: &Client, request: ResolveTaskRequest) -> Result<ResolveTaskResponse, Status> {
    Ok(client.clone().task.resolve_task(request).await?.into_inner())
}

/// Somebody who has an adult at the guidance point since noon.
async fn beside(stage: &Stage) -> String {
    let youth = stage.ohjaamo().identify(WHO).await.unwrap();
    add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&stage.ohjaamo(), &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    youth
}

async fn share(stage: &Stage, youth: &str) {
    for (from, to) in [(OHJAAMO, TE), (TE, OHJAAMO)] {
        stage.ohjaamo().record_consent(youth, from, to, Purpose::Guidance, &SHARED).await.unwrap();
    }
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(DAY * days)
}

/// domain.md 5: "tieto toimijoiden kesken ei kulje … passiiviset nuoret ajautuvat", "ehkäisevät palveluista tippumista".
/// domain.md 5: "vahva palvelukoordinaatio … ehkäisevät palveluista tippumista".
#[tokio::test(flavor = "multi_thread")]
async fn whoever_nobody_has_met_becomes_a_task_of_the_adult() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = beside(&stage).await;
    let mut watch =
        ohjaamo.clone().task.watch_tasks(WatchTasksRequest::default()).await.unwrap().into_inner();
    stage.advance(days(29));
    nothing_comes_up(&[&ohjaamo]).await;
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    stage.advance(days(29));
    nothing_comes_up(&[&ohjaamo]).await;
    stage.advance(days(1));
    let first = comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
    let told = tokio::time::timeout(PATIENCE, watch.message()).await.expect("nobody is told");
    assert_eq!(told.unwrap().unwrap().task.unwrap(), first);

    // To others there is no such task, and a role without access sees none.
    assert_refused(resolve(&te, done(&first, Retained::Unspecified)).await, Code::NotFound, "NOT_FOUND");
    let peer = stage.caller(&stage.world.identities.ohjaamo, &professional("tutori-1", "keskusta", "peer"));
    assert_eq!(tasks(&peer, true).await, []);
    assert!(resolve(&peer, done(&first, Retained::Unspecified)).await.is_err());
    let answer = resolve(&ohjaamo, done(&first, Retained::Attached)).await;
    assert_refused(answer, Code::InvalidArgument, "INVALID_FIELDS");

    let request = done(&first, Retained::Unspecified);
    let resolved = resolve(&ohjaamo, request.clone()).await.unwrap();
    let task = resolved.task.clone().unwrap();
    assert_eq!((task.state(), task.resolved_by.as_str()), (State::Resolved, "ohjaaja-1"));
    assert_eq!(resolve(&ohjaamo, request).await.unwrap(), resolved, "a repetition has the same answer");
    let twice = resolve(&ohjaamo, done(&first, Retained::Unspecified)).await;
    assert_refused(twice, Code::FailedPrecondition, "RECORD_STATE");
    nothing_comes_up(&[&ohjaamo]).await;

    // It is waited anew. Met, the young person is no task any more.
    stage.advance(days(30));
    let second = comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
    assert_ne!(second.name, first.name);
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    assert_eq!(tasks(&ohjaamo, false).await, []);
    let all = tasks(&ohjaamo, true).await;
    let states: Vec<State> = all.iter().map(Task::state).collect();
    assert_eq!(states, [State::Resolved, State::Obsolete]);
    stage.close().await;
}

/// domain.md 5: "tieto toimijoiden kesken ei kulje": a meeting elsewhere counts where it may be told, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_elsewhere_counts_where_it_may_be_known() {
    for is_shared in [true, false] {
        let stage = Stage::at_noon().await;
        let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
        let youth = beside(&stage).await;
        if is_shared {
            share(&stage, &youth).await;
        }
        stage.advance(days(20));
        te.clone().identify(WHO).await.unwrap();
        add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
        add(&te, &youth, encounter()).await.unwrap();
        stage.advance(days(10));
        if is_shared {
            nothing_comes_up(&[&ohjaamo, &te]).await;
            stage.advance(days(20));
        }
        comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
        assert_eq!(tasks(&te, true).await, []);
        // Met elsewhere, the young person is no task any more, where that may be known.
        add(&te, &youth, encounter()).await.unwrap();
        assert_eq!(tasks(&ohjaamo, false).await.len(), usize::from(!is_shared));
        if is_shared {
            stage.advance(days(29));
            nothing_comes_up(&[&ohjaamo]).await;
            stage.advance(days(1));
            comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
        }
        stage.close().await;
    }
}

/// domain.md 5: "välittävää aikuista, joka ei vaihdu koko ajan": nobody is lost between two.
#[tokio::test(flavor = "multi_thread")]
async fn it_goes_along_with_the_young_person() {
    for is_shared in [true, false] {
        let stage = Stage::at_noon().await;
        let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
        let youth = beside(&stage).await;
        if is_shared {
            share(&stage, &youth).await;
        }
        stage.advance(days(10));
        let hand_over = Matter::Worker(WorkerAssignment {
            successor: TE.into(),
            reason: Reason::ServiceChanges.into(),
            ..WorkerAssignment::default()
        });
        add(&ohjaamo, &youth, hand_over).await.unwrap();
        stage.advance(days(20));
        nothing_comes_up(&[&ohjaamo, &te]).await;
        stage.advance(days(10));
        // Who may not know that it is handed a young person cannot look after them.
        let (whose, other) = if is_shared { (&te, &ohjaamo) } else { (&ohjaamo, &te) };
        comes_up(whose, Kind::NotMet, "", "").await;
        assert_eq!(tasks(other, true).await, []);
        stage.close().await;
    }
}

/// domain.md 5: "välittävää aikuista, joka ei vaihdu koko ajan": who has nobody is noticed by whoever had them last.
#[tokio::test(flavor = "multi_thread")]
async fn whom_the_last_worker_leaves_to_nobody_is_looked_after() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = beside(&stage).await;
    stage.advance(days(10));
    add(&ohjaamo, &youth, assignment("", Reason::WorkerLeaves)).await.unwrap();
    let subject = stage.subject(&youth);
    assert_eq!(journey(&subject, &youth, Purpose::Unspecified).await.unwrap().worker, None);
    stage.advance(days(29));
    nothing_comes_up(&[&ohjaamo]).await;
    stage.advance(days(1));
    let task = comes_up(&ohjaamo, Kind::NotMet, "", "").await;
    // Whoever is named has it from then on, and whoever meets them is done with it.
    add(&ohjaamo, &youth, assignment("ohjaaja-2", Reason::First)).await.unwrap();
    let open = comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-2").await;
    assert_eq!(open.name, task.name);
    add(&ohjaamo, &youth, assignment("", Reason::WorkerLeaves)).await.unwrap();
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    assert_eq!(tasks(&ohjaamo, false).await, []);
    stage.advance(days(30));
    comes_up(&ohjaamo, Kind::NotMet, "", "").await;
    let leaves = Matter::Leaving(JourneyLeaving { reason: LeavingReason::OwnWish.into() });
    add(&subject, &youth, leaves).await.unwrap();
    assert_eq!(tasks(&ohjaamo, false).await, []);
    stage.close().await;
}

/// domain.md 5: "ehkäisevät palveluista tippumista": whoever has come and has no adult yet is noticed, too.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_adult_yet_is_looked_after_by_whom_they_came_to() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(WHO).await.unwrap();
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    te.clone().identify(WHO).await.unwrap();
    add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    stage.advance(days(29));
    nothing_comes_up(&[&ohjaamo, &te]).await;
    stage.advance(days(1));
    comes_up(&ohjaamo, Kind::NotMet, "", "").await;
    assert_eq!(tasks(&te, true).await, [], "one looks after them");
    // Whoever becomes the adult elsewhere takes that over.
    add(&te, &youth, assignment("virkailija-7", Reason::First)).await.unwrap();
    assert_eq!(tasks(&ohjaamo, false).await, []);
    stage.advance(days(30));
    comes_up(&te, Kind::NotMet, "", "virkailija-7").await;
    // When they leave the adult's agency, they are still with the other one.
    let leaves = || Matter::Leaving(JourneyLeaving { reason: LeavingReason::OwnWish.into() });
    add(&te, &youth, leaves()).await.unwrap();
    assert_eq!(tasks(&te, false).await, []);
    comes_up(&ohjaamo, Kind::NotMet, "", "").await;
    add(&stage.subject(&youth), &youth, leaves()).await.unwrap();
    stage.advance(days(60));
    nothing_comes_up(&[&ohjaamo, &te]).await;
    // Who comes back is waited for anew.
    add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    stage.advance(days(29));
    nothing_comes_up(&[&ohjaamo, &te]).await;
    stage.advance(days(1));
    comes_up(&te, Kind::NotMet, "", "").await;
    stage.close().await;
}

/// domain.md 5: "välittävää aikuista, joka ei vaihdu koko ajan": who may not know any more cannot take over.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_handed_over_looks_after_them_again_when_the_permission_ends() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = beside(&stage).await;
    share(&stage, &youth).await;
    stage.advance(days(10));
    let hand_over = Matter::Worker(WorkerAssignment {
        successor: TE.into(),
        reason: Reason::ServiceChanges.into(),
        ..WorkerAssignment::default()
    });
    add(&ohjaamo, &youth, hand_over).await.unwrap();
    let list = ListConsentsRequest { parent: youth.clone(), ..ListConsentsRequest::default() };
    for consent in ohjaamo.clone().consent.list_consents(list).await.unwrap().into_inner().consents {
        let withdrawal = WithdrawConsentRequest {
            request_id: request_id(),
            name: consent.name,
            etag: consent.etag,
            ..WithdrawConsentRequest::default()
        };
        ohjaamo.clone().consent.withdraw_consent(withdrawal).await.unwrap();
    }
    stage.advance(days(29));
    nothing_comes_up(&[&ohjaamo, &te]).await;
    stage.advance(days(1));
    comes_up(&ohjaamo, Kind::NotMet, "", "").await;
    assert_eq!(tasks(&te, true).await, []);
    stage.close().await;
}

/// domain.md 5: "ei vaadi lähetettä ja se on asiakkaalle vapaaehtoista": whoever has left is looked for no more.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_looks_for_whoever_has_left() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = beside(&stage).await;
    stage.advance(days(30));
    comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
    let leaves = Matter::Leaving(JourneyLeaving { reason: LeavingReason::OwnWish.into() });
    add(&stage.subject(&youth), &youth, leaves).await.unwrap();
    assert_eq!(tasks(&ohjaamo, true).await[0].state(), State::Obsolete);
    stage.advance(days(60));
    nothing_comes_up(&[&ohjaamo]).await;
    stage.close().await;
}

/// domain.md 5: "tieto toimijoiden kesken ei kulje", "ehkäisevät palveluista tippumista" (stalled-referral alerts).
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_without_an_answer_becomes_a_task() {
    for adult_at in [OHJAAMO, TE, KELA] {
        let stage = Stage::at_noon().await;
        let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
        let youth = stage.youth(WHO).await;
        let (at, adult) = match adult_at {
            OHJAAMO => (&ohjaamo, "ohjaaja-1"),
            // Whoever has nothing to do with the referral hears nothing of it, even as the adult.
            TE => (&te, "virkailija-7"),
            _ => (&kela, "kelan-virkailija"),
        };
        add(at, &youth, opening(JourneySource::Self_)).await.unwrap();
        add(at, &youth, assignment(adult, Reason::First)).await.unwrap();
        let mut request = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
        request.wait_for_delivery = true;
        request.respond_by = Some(wire(stage.now() + days(7)));
        let sent = ohjaamo.clone().referral.send_referral(request).await.unwrap().into_inner();
        let referral = sent.referral.unwrap().name;
        stage.advance(days(6));
        nothing_comes_up(&[&ohjaamo, &te, &kela]).await;
        stage.advance(days(1));
        stage.reaches(&referral, ReferralState::Expired).await;
        let (whose, other) = if adult_at == KELA { (&kela, &ohjaamo) } else { (&ohjaamo, &kela) };
        let worker = if adult_at == TE { "" } else { adult };
        let task = comes_up(whose, Kind::ReferralUnanswered, &referral, worker).await;
        for client in [other, &te] {
            assert_eq!(tasks(client, true).await, []);
        }
        resolve(whose, done(&task, Retained::Unspecified)).await.unwrap();
        assert_eq!(tasks(whose, false).await, []);
        stage.close().await;
    }
}
