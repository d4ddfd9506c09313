//! Which step of a plan leads where, for whom? Every state, every step, everybody, each by a real call.

use std::sync::Arc;

use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{
    CompletePlanRequest, DataCategory, HoldPlanRequest, ListPlansRequest, MarkPlanEnteredInErrorRequest,
    PlanState, ResumePlanRequest, RevokePlanRequest, UnlinkPlanItemsRequest, Worker, plan_link,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, request_id};
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::table::*;
use crate::stage::{Stage, assert_refused};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Accept,
    Acknowledge,
    Hold,
    Resume,
    Complete,
    Revoke,
    MarkError,
}

const STEPS: [Step; 7] = [
    Step::Accept,
    Step::Acknowledge,
    Step::Hold,
    Step::Resume,
    Step::Complete,
    Step::Revoke,
    Step::MarkError,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Coordinator,
    Party,
    Subject,
}

const STATES: [PlanState; 6] = [
    PlanState::Draft,
    PlanState::Active,
    PlanState::OnHold,
    PlanState::Completed,
    PlanState::Revoked,
    PlanState::EnteredInError,
];

/// Where a step leads; nothing where it is refused. The party has undertaken something, and not acknowledged it before
/// the plan is a draft no more.
fn leads(state: PlanState, step: Step, who: Who) -> Option<PlanState> {
    use PlanState::{Active, Completed, Draft, EnteredInError, OnHold, Revoked};
    let runs = matches!(state, Draft | Active | OnHold);
    match (step, who) {
        (Step::Accept, Who::Coordinator | Who::Subject) if state == Draft => Some(Draft),
        (Step::Acknowledge, Who::Party) if runs => Some(state),
        (Step::Hold, Who::Coordinator) if state == Active => Some(OnHold),
        (Step::Resume, Who::Coordinator) if state == OnHold => Some(Active),
        (Step::Complete, Who::Coordinator) if matches!(state, Active | OnHold) => Some(Completed),
        (Step::Revoke, Who::Coordinator | Who::Subject) if runs => Some(Revoked),
        (Step::MarkError, Who::Coordinator) if state != EnteredInError => Some(EnteredInError),
        _ => None,
    }
}

async fn take(client: &Client, plan: &str, step: Step) -> Result<PlanState, Status> {
    let (request_id, name, etag) = (request_id(), plan.to_owned(), etag_of(client, plan).await?);
    let service = &mut client.clone().plan;
    let change = match step {
        Step::Accept => return accept(client, plan, &etag).await.map(state_of),
        Step::Acknowledge => return acknowledge(client, plan).await.map(state_of),
        Step::Hold => service.hold_plan(HoldPlanRequest { request_id, name, etag }).await,
        Step::Resume => service.resume_plan(ResumePlanRequest { request_id, name, etag }).await,
        Step::Complete => service.complete_plan(CompletePlanRequest { request_id, name, etag }).await,
        Step::Revoke => service.revoke_plan(RevokePlanRequest { request_id, name, etag }).await,
        Step::MarkError => {
            let request = MarkPlanEnteredInErrorRequest { request_id, name, etag };
            service.mark_plan_entered_in_error(request).await
        }
    };
    Ok(state_of(change?.into_inner()))
}

fn state_of(change: polku_proto::v1::PlanChange) -> PlanState {
    assert!(change.receipt.is_some(), "a step without its leaf");
    change.plan.unwrap().state()
}

/// One young person, and the plan that is brought to a state anew for each case.
struct Case {
    stage: Arc<Stage>,
    youth: String,
}

impl Case {
    async fn new(stage: Arc<Stage>, identity_code: &str) -> Case {
        let youth = stage.ohjaamo().identify(identity_code).await.unwrap();
        agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
        Case { stage, youth }
    }

    fn client(&self, who: Who) -> Client {
        match who {
            Who::Coordinator => self.stage.ohjaamo(),
            Who::Party => self.stage.te(),
            Who::Subject => self.stage.subject(&self.youth),
        }
    }

    async fn bring(&self, state: PlanState) -> String {
        let ohjaamo = self.stage.ohjaamo();
        let plan = create(&ohjaamo, &self.youth).await.unwrap().plan.unwrap().name;
        add(&ohjaamo, &plan, TE).await.unwrap();
        edit(&self.stage.te(), &plan, TE, |part| {
            part.actions.push(action("a1", DataCategory::JointPlan, "tyokokeilu"));
        })
        .await
        .unwrap();
        let active = [(Who::Subject, Step::Accept), (Who::Party, Step::Acknowledge)];
        let more: &[(Who, Step)] = match state {
            PlanState::OnHold => &[(Who::Coordinator, Step::Hold)],
            PlanState::Completed => &[(Who::Coordinator, Step::Complete)],
            PlanState::Revoked => &[(Who::Subject, Step::Revoke)],
            PlanState::EnteredInError => &[(Who::Coordinator, Step::MarkError)],
            PlanState::Unspecified | PlanState::Draft | PlanState::Active => &[],
        };
        let steps = if state == PlanState::Draft { &[] } else { &active[..] };
        for (who, step) in steps.iter().chain(more) {
            take(&self.client(*who), &plan, *step).await.unwrap();
        }
        assert_eq!(read(&ohjaamo, &plan).await.unwrap().state(), state);
        plan
    }

    async fn try_all(&self, state: PlanState) {
        for who in [Who::Coordinator, Who::Party, Who::Subject] {
            let mut plan = String::new();
            for step in STEPS {
                if plan.is_empty() {
                    plan = self.bring(state).await;
                }
                let what = format!("{state:?} {step:?} {who:?}");
                let result = take(&self.client(who), &plan, step).await;
                match leads(state, step, who) {
                    Some(next) => {
                        assert_eq!(result.unwrap(), next, "{what}");
                        self.end(&plan).await;
                        plan.clear();
                    }
                    None => {
                        let status = result.expect_err(&what);
                        let code = status.code();
                        let expected = [Code::FailedPrecondition, Code::PermissionDenied];
                        assert!(expected.contains(&code), "{what}: {status:?}");
                        assert_eq!(
                            read(&self.stage.ohjaamo(), &plan).await.unwrap().state(),
                            state,
                            "{what}"
                        );
                    }
                }
            }
            self.end(&plan).await;
        }
    }

    /// So that the next one can be begun.
    async fn end(&self, plan: &str) {
        if !plan.is_empty() {
            take(&self.stage.ohjaamo(), plan, Step::MarkError).await.ok();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_every_step_everybody() {
    let stage = Arc::new(Stage::open().await);
    let mut cases = JoinSet::new();
    for (state, identity_code) in STATES.into_iter().zip(PEOPLE) {
        let stage = Arc::clone(&stage);
        cases.spawn(async move { Case::new(stage, identity_code).await.try_all(state).await });
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_what_is_accepted_and_acknowledged() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    let (ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    let before = [&ohjaamo, &te, &subject];
    let mut etags = Vec::new();
    for client in before {
        etags.push(read(client, &plan).await.unwrap().etag);
    }
    edit(&te, &plan, TE, |part| part.actions.push(action("a1", DataCategory::JointPlan, "kokeilu")))
        .await
        .unwrap();
    for (client, etag) in [(&ohjaamo, &etags[0]), (&subject, &etags[2])] {
        assert_refused(accept(client, &plan, etag).await, Code::Aborted, "ETAG_MISMATCH");
    }
    let request = polku_proto::v1::AcknowledgePlanRequest {
        request_id: request_id(),
        name: plan.clone(),
        etag: etags[1].clone(),
    };
    assert_refused(te.clone().plan.acknowledge_plan(request).await, Code::Aborted, "ETAG_MISMATCH");
    // Kela has nothing to stand by.
    assert_refused(acknowledge(&stage.kela(), &plan).await, Code::FailedPrecondition, "RECORD_STATE");
    // What does not show to the reader does not disturb.
    let at_te = read(&te, &plan).await.unwrap().etag;
    edit(&stage.kela(), &plan, KELA, |part| part.goals.push(goal("g1", "kuntoutus"))).await.unwrap();
    let request =
        polku_proto::v1::AcknowledgePlanRequest { request_id: request_id(), name: plan.clone(), etag: at_te };
    te.clone().plan.acknowledge_plan(request).await.unwrap();
    accepts(&subject, &plan).await;
    assert_eq!(read(&te, &plan).await.unwrap().state(), PlanState::Active);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parties_come_go_and_take_over() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[1]).await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    edit(&te, &plan, TE, |part| part.goals.push(goal("g1", "tyo"))).await.unwrap();
    // Only the coordinator adds; only what something permits; only who is registered.
    assert_refused(add(&te, &plan, "paja").await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    assert_refused(add(&ohjaamo, &plan, "paja").await, Code::PermissionDenied, "NOT_PERMITTED");
    for party in ["nobody", OHJAAMO] {
        assert_refused(add(&ohjaamo, &plan, party).await, Code::InvalidArgument, "UNKNOWN_AGENCY");
    }
    assert_refused(remove(&te, &plan, KELA).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    assert_refused(remove(&ohjaamo, &plan, OHJAAMO).await, Code::InvalidArgument, "NO_PARTY");
    assert_refused(remove(&ohjaamo, &plan, "paja").await, Code::InvalidArgument, "NO_PARTY");
    assert_refused(transfer(&te, &plan, TE).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    assert_refused(transfer(&ohjaamo, &plan, "paja").await, Code::InvalidArgument, "NO_PARTY");

    // It leaves; what it contributed stays; it comes back to it.
    let left = remove(&te, &plan, TE).await.unwrap();
    assert!(left.plan.is_none() && left.receipt.is_some());
    assert_refused(read(&te, &plan).await, Code::NotFound, "NOT_FOUND");
    assert_refused(remove(&te, &plan, TE).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(owners(&read(&ohjaamo, &plan).await.unwrap()), [TE]);
    add(&ohjaamo, &plan, TE).await.unwrap();
    assert_eq!(section(&read(&te, &plan).await.unwrap(), TE).goals[0].text, "tyo");

    // Kela takes over: all of the young person's section may be told to it.
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    let change = transfer(&ohjaamo, &plan, KELA).await.unwrap().plan.unwrap();
    assert_eq!(change.coordinator, KELA);
    let seen = read(&kela, &plan).await.unwrap();
    assert_eq!(seen.parties, [OHJAAMO, KELA, TE]);
    assert!(read(&ohjaamo, &plan).await.unwrap().parties.is_empty());
    // Nothing is agreed between Kela and te, and Kela speaks for the young person's section now.
    assert_eq!(owners(&read(&te, &plan).await.unwrap()), [TE]);
    assert_refused(transfer(&ohjaamo, &plan, OHJAAMO).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    remove(&ohjaamo, &plan, OHJAAMO).await.unwrap();
    transfer(&kela, &plan, TE).await.map(drop).expect_err("nothing permits Kela to tell te");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_name_a_responsible_worker_one_reads_the_other_first() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[4]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let named = |who: &str| Worker { id: who.to_owned(), ..worker() };
    for others in [[OHJAAMO, OHJAAMO], [KELA, TE]] {
        let etag = read(&ohjaamo, &plan).await.unwrap().etag;
        let [one, two] = others;
        let (first, second) = tokio::join!(
            transfer_over(&ohjaamo, &plan, (one, named(&format!("{one}-1"))), etag.clone()),
            transfer_over(&ohjaamo, &plan, (two, named(&format!("{two}-2"))), etag),
        );
        let (done, refused) = if first.is_ok() { (first, second) } else { (second, first) };
        assert_refused(refused, Code::Aborted, "ETAG_MISMATCH");
        let (done, now) = (done.unwrap().plan.unwrap(), read(&ohjaamo, &plan).await.unwrap());
        assert_eq!((now.coordinator, now.responsible_worker), (done.coordinator, done.responsible_worker));
    }
    // The etag is of the caller's own reading.
    let etag = read(&te, &plan).await.unwrap().etag;
    let foreign = transfer_over(&ohjaamo, &plan, (TE, worker()), etag).await;
    assert_refused(foreign, Code::InvalidArgument, "ETAG_INVALID");
    stage.close().await;
}

/// Who takes over holds all of the young person's section, also what it had not been told.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_over_what_they_may_not_be_told() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    let ohjaamo = stage.ohjaamo();
    edit(&ohjaamo, &plan, "youth", |part| {
        part.goals.push(goal("g1", "oma koti"));
        part.needs.push(need("n1", DataCategory::Housing, "kanaria-asuminen"));
    })
    .await
    .unwrap();
    assert_refused(transfer(&ohjaamo, &plan, TE).await, Code::PermissionDenied, "NOT_PERMITTED");
    assert_eq!(read(&ohjaamo, &plan).await.unwrap().coordinator, OHJAAMO);
    edit(&ohjaamo, &plan, "youth", |part| part.needs.clear()).await.unwrap();
    transfer(&ohjaamo, &plan, TE).await.unwrap();
    // What was there before it took over is told to it as it was then.
    let told = said(&revisions(&stage.te(), &plan).await.unwrap());
    assert!(told.contains("oma koti") && !told.contains("kanaria-asuminen"));
    let all = said(&revisions(&stage.subject(&youth), &plan).await.unwrap());
    assert!(all.contains("kanaria-asuminen"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_step_is_flagged_and_items_are_linked() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    let (ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    for (client, owner) in [(&te, TE), (&stage.kela(), KELA)] {
        edit(client, &plan, owner, |part| {
            part.goals.push(goal("g1", "oma koti"));
            part.actions.push(action("a1", DataCategory::JointPlan, "kokeilu"));
        })
        .await
        .unwrap();
    }
    let (step, other) = (item(TE, Kind::Action, "a1"), item(KELA, Kind::Action, "a1"));
    flag(&subject, &plan, Some(step.clone())).await.unwrap();
    flag(&ohjaamo, &plan, Some(other.clone())).await.unwrap();
    assert_eq!(read(&subject, &plan).await.unwrap().step, Some(other.clone()), "one thing at a time");
    assert_eq!(read(&te, &plan).await.unwrap().step, None, "te does not see Kela's");
    assert_refused(flag(&te, &plan, None).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    for wrong in
        [item(TE, Kind::Goal, "g1"), item(TE, Kind::Action, "none"), item(OHJAAMO, Kind::Action, "a1")]
    {
        assert_refused(flag(&ohjaamo, &plan, Some(wrong)).await, Code::InvalidArgument, "NO_SUCH_ITEM");
    }
    let same = plan_link::Kind::SameAs;
    let ends = (item("youth", Kind::Goal, "g1"), item(TE, Kind::Goal, "g1"));
    link(&te, &plan, same, ends.clone()).await.unwrap();
    // Once, from whichever end.
    let turned = (ends.1.clone(), ends.0.clone());
    assert_eq!(link(&te, &plan, same, turned).await.unwrap().plan.unwrap().links.len(), 1);
    let serves = (step.clone(), ends.0.clone());
    link(&te, &plan, plan_link::Kind::Serves, serves.clone()).await.unwrap();
    let wrong = [
        (same, (ends.0.clone(), step.clone())),
        (same, (step.clone(), step.clone())),
        (plan_link::Kind::Serves, (ends.0.clone(), step.clone())),
        // It cannot be seen, which is as if it were not there.
        (same, (ends.1.clone(), item(KELA, Kind::Goal, "g1"))),
        (same, (ends.1.clone(), item(KELA, Kind::Goal, "none"))),
    ];
    let mut refusals = Vec::new();
    for (kind, ends) in wrong {
        let refused = link(&te, &plan, kind, ends).await;
        refusals.push(assert_refused(refused, Code::InvalidArgument, "NO_SUCH_ITEM"));
    }
    crate::stage::assert_same_refusal(&refusals[3], &refusals[4]);
    // Kela sees neither: one end is te's.
    assert!(read(&stage.kela(), &plan).await.unwrap().links.is_empty());
    assert_eq!(read(&subject, &plan).await.unwrap().links.len(), 2);
    // With an item goes what leads to it, and does not come back with another of the same id.
    flag(&ohjaamo, &plan, Some(step)).await.unwrap();
    edit(&te, &plan, TE, |part| part.actions.clear()).await.unwrap();
    edit(&te, &plan, TE, |part| part.actions.push(action("a1", DataCategory::JointPlan, "muu")))
        .await
        .unwrap();
    let seen = read(&subject, &plan).await.unwrap();
    assert_eq!((seen.links.len(), seen.step), (1, None));
    let link = seen.links.into_iter().next();
    let unlink = UnlinkPlanItemsRequest { request_id: request_id(), name: plan.clone(), link };
    ohjaamo.clone().plan.unlink_plan_items(unlink.clone()).await.unwrap();
    let again = UnlinkPlanItemsRequest { request_id: request_id(), ..unlink };
    let refused = ohjaamo.clone().plan.unlink_plan_items(again).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_period_is_a_new_plan() {
    let stage = Stage::open().await;
    let (youth, old) = laid(&stage, PEOPLE[4]).await;
    let ohjaamo = stage.ohjaamo();
    assert_refused(create(&ohjaamo, &youth).await, Code::FailedPrecondition, "RECORD_STATE");
    take(&ohjaamo, &old, Step::Revoke).await.unwrap();
    let request = polku_proto::v1::CreatePlanRequest {
        request_id: request_id(),
        youth: youth.clone(),
        purpose: PURPOSE as i32,
        responsible_worker: Some(worker()),
        replaces: old.clone(),
    };
    let new = ohjaamo.clone().plan.create_plan(request).await.unwrap().into_inner().plan.unwrap();
    assert_eq!(new.replaces, old);
    assert_eq!(read(&ohjaamo, &old).await.unwrap().replaced_by, new.name);
    let list = ListPlansRequest { parent: youth.clone(), ..ListPlansRequest::default() };
    let plans = ohjaamo.clone().plan.list_plans(list.clone()).await.unwrap().into_inner().plans;
    let names: Vec<_> = plans.iter().map(|plan| (plan.name.as_str(), plan.replaced_by.as_str())).collect();
    assert_eq!(names, [(new.name.as_str(), ""), (old.as_str(), new.name.as_str())], "newest first");
    // Who is no party to the new one does not hear that there is one.
    assert_eq!(read(&stage.te(), &old).await.unwrap().replaced_by, "");
    let plans = stage.te().plan.list_plans(list).await.unwrap().into_inner().plans;
    assert_eq!(plans.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), [old.as_str()]);
    stage.close().await;
}
