//! Who notices that nobody has met the young person, that nobody has answered, and who asks three months on?

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
    AcceptReferralRequest, Consent, DataCategory, FailReferralRequest, FollowUp, FollowUpResolution,
    JourneyLeaving, JourneySource, ListConsentsRequest, ListTasksRequest, Outcome, Purpose, ReferralState,
    ResolveTaskRequest, ResolveTaskResponse, RetentionAnswer, Task, WatchTasksRequest,
    WithdrawConsentRequest, WorkerAssignment, task,
};
use polku_tests::world::{
    Client, KELA, OHJAAMO, TE, eventually, full_content, professional, referral_to, request_id,
};
use tonic::{Code, Status};

use super::{add, assignment, encounter, journey, opening};
use crate::stage::{BASIC, PATIENCE, Stage, assert_refused, wire};

const WHO: &str = "010594Y9032";
const DAY: i64 = 24;
const SHARED: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceAttendance];

async fn tasks(client: &Client, show_resolved: bool) -> Vec<Task> {
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

/// A referral to Kela that was taken up at noon, and the consent that it rests on.
async fn taken_up(stage: &Stage) -> (String, String, Consent) {
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(WHO).await.unwrap();
    let consent =
        ohjaamo.record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &BASIC).await.unwrap();
    let referral = stage.refer(&youth, KELA).await;
    let request = AcceptReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        ..AcceptReferralRequest::default()
    };
    stage.kela().referral.accept_referral(request).await.unwrap();
    (youth, referral, consent)
}

/// Who has written what about whether the young person is still there, as this caller sees it.
async fn retained(client: &Client, youth: &str, purpose: Purpose) -> Vec<(String, String, Retained)> {
    let seen = journey(client, youth, purpose).await.unwrap();
    let answer = |entry: polku_proto::v1::JourneyEntry| match entry.matter {
        Some(Matter::Retention(answer)) => Some((entry.agency, entry.professional, answer.result())),
        _ => None,
    };
    seen.entries.into_iter().filter_map(answer).collect()
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen".
#[tokio::test(flavor = "multi_thread")]
async fn three_months_on_the_recipient_says_whether_the_young_person_is_still_there() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let (youth, referral, _) = taken_up(&stage).await;
    // From 2 March on; the clock stands at noon, and 2 June begins at midnight.
    stage.advance(days(91));
    nothing_comes_up(&[&ohjaamo, &kela]).await;
    stage.advance(days(1));
    let task = comes_up(&kela, Kind::Retention, &referral, "").await;
    assert_eq!(tasks(&ohjaamo, true).await, []);
    let nothing = resolve(&kela, done(&task, Retained::Unspecified)).await;
    assert_refused(nothing, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(retained(&kela, &youth, Purpose::Unspecified).await, []);
    let request = done(&task, Retained::Attached);
    let first = resolve(&kela, request.clone()).await.unwrap();
    assert_eq!(resolve(&kela, request).await.unwrap(), first);
    let said = [(KELA.to_owned(), "kelan-virkailija".to_owned(), Retained::Attached)];
    assert_eq!(retained(&kela, &youth, Purpose::Unspecified).await, said);
    assert_eq!(retained(&ohjaamo, &youth, Purpose::Rehabilitation).await, said);
    stage.advance(days(92));
    nothing_comes_up(&[&ohjaamo, &kela]).await;
    stage.close().await;
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen"; 4.4: unknown without permission, never dropped.
#[tokio::test(flavor = "multi_thread")]
async fn without_permission_nobody_is_asked_and_it_is_unknown() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let (youth, _, consent) = taken_up(&stage).await;
    let withdrawal = WithdrawConsentRequest {
        request_id: request_id(),
        name: consent.name.clone(),
        etag: consent.etag.clone(),
        ..WithdrawConsentRequest::default()
    };
    ohjaamo.clone().consent.withdraw_consent(withdrawal).await.unwrap();
    stage.advance(days(92));
    let subject = stage.subject(&youth);
    let said = eventually(PATIENCE, || async {
        let said = retained(&subject, &youth, Purpose::Unspecified).await;
        (!said.is_empty()).then_some(said)
    });
    let unknown = [(KELA.to_owned(), String::new(), Retained::Unknown)];
    assert_eq!(said.await.expect("nothing is written down"), unknown);
    pause().await;
    assert_eq!(retained(&subject, &youth, Purpose::Unspecified).await, unknown);
    assert_eq!(retained(&kela, &youth, Purpose::Unspecified).await, unknown);
    for client in [&ohjaamo, &kela] {
        assert_eq!(tasks(client, true).await, []);
    }
    stage.close().await;
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen": what has failed before is not asked about.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_about_what_has_failed_before() {
    let stage = Stage::at_noon().await;
    let kela = stage.kela();
    let (youth, referral, _) = taken_up(&stage).await;
    let request = FailReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        outcome: Outcome::CouldNotContact.into(),
        note: "kanaria-ei tavoitettu".into(),
        ..FailReferralRequest::default()
    };
    kela.clone().referral.fail_referral(request).await.unwrap();
    stage.reaches(&referral, ReferralState::Failed).await;
    stage.advance(days(92));
    nothing_comes_up(&[&kela, &stage.ohjaamo()]).await;
    assert_eq!(retained(&stage.subject(&youth), &youth, Purpose::Unspecified).await, []);
    stage.close().await;
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen": what somebody has written down is not asked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_not_asked() {
    for early in [Retained::Attached, Retained::DroppedOut] {
        let stage = Stage::at_noon().await;
        let kela = stage.kela();
        let (youth, referral, _) = taken_up(&stage).await;
        add(&kela, &youth, opening(JourneySource::Other)).await.unwrap();
        let says = |result: Retained| {
            Matter::Retention(RetentionAnswer { referral: referral.clone(), result: result.into() })
        };
        stage.advance(days(30));
        add(&kela, &youth, says(early)).await.unwrap();
        stage.advance(days(62));
        if early == Retained::DroppedOut {
            nothing_comes_up(&[&kela]).await;
        } else {
            // Still there after one month says nothing of the third.
            comes_up(&kela, Kind::Retention, &referral, "").await;
            add(&kela, &youth, says(Retained::EndedAsPlanned)).await.unwrap();
            assert_eq!(tasks(&kela, true).await[0].state(), State::Obsolete);
        }
        stage.close().await;
    }
}

/// domain.md 5: "tieto toimijoiden kesken ei kulje", "ehkäisevät palveluista tippumista" (stalled-referral alerts).
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_without_an_answer_becomes_a_task() {
    for is_with_recipient in [false, true] {
        let stage = Stage::at_noon().await;
        let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
        let youth = stage.youth(WHO).await;
        if is_with_recipient {
            add(&kela, &youth, opening(JourneySource::Self_)).await.unwrap();
            add(&kela, &youth, assignment("kelan-virkailija", Reason::First)).await.unwrap();
        } else {
            // Whoever has nothing to do with the referral hears nothing of it, even as the adult.
            add(&te, &youth, opening(JourneySource::Self_)).await.unwrap();
            add(&te, &youth, assignment("virkailija-7", Reason::First)).await.unwrap();
        }
        let mut request = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
        request.wait_for_delivery = true;
        request.respond_by = Some(wire(stage.now() + days(7)));
        let sent = ohjaamo.clone().referral.send_referral(request).await.unwrap().into_inner();
        let referral = sent.referral.unwrap().name;
        stage.advance(days(6));
        nothing_comes_up(&[&ohjaamo, &te, &kela]).await;
        stage.advance(days(1));
        stage.reaches(&referral, ReferralState::Expired).await;
        let (whose, other) = if is_with_recipient { (&kela, &ohjaamo) } else { (&ohjaamo, &kela) };
        let worker = if is_with_recipient { "kelan-virkailija" } else { "" };
        let task = comes_up(whose, Kind::ReferralUnanswered, &referral, worker).await;
        for client in [other, &te] {
            assert_eq!(tasks(client, true).await, []);
        }
        resolve(whose, done(&task, Retained::Unspecified)).await.unwrap();
        assert_eq!(tasks(whose, false).await, []);
        stage.close().await;
    }
}
