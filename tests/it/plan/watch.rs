//! Does a watcher of plans, or of tasks, see every change that shows to it, in order, without gap or repetition?
//!
//! Stages with open watches are not closed: an open watch is given its time when a gateway ends.

use std::collections::BTreeSet;
use std::time::Duration;

use polku_proto::v1::{PlanEvent, WatchPlansRequest};
use polku_tests::world::{Client, KELA, PEOPLE, TE};
use tonic::{Code, Status, Streaming};

use super::table::*;
use crate::stage::{PATIENCE, Stage, assert_refused};

pub(super) async fn watch(client: &Client, plan: &str, token: &str) -> Result<Streaming<PlanEvent>, Status> {
    let request = WatchPlansRequest { name: plan.to_owned(), resume_token: token.to_owned() };
    Ok(client.clone().plan.watch_plans(request).await?.into_inner())
}

pub(super) async fn next(stream: &mut Streaming<PlanEvent>) -> PlanEvent {
    let event = tokio::time::timeout(PATIENCE, stream.message()).await.expect("no event");
    event.unwrap().expect("the watch has ended")
}

pub(super) async fn assert_quiet(stream: &mut Streaming<PlanEvent>) {
    let more = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
    assert!(more.is_err(), "an event too many");
}

fn name(event: &PlanEvent) -> &str {
    &event.plan.as_ref().unwrap().name
}

async fn review(client: &Client, plan: &str, owner: &str, day: u32) {
    edit(client, plan, owner, |part| part.next_review = format!("2027-01-{day:02}")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_plan_or_all_of_them() {
    let stage = Stage::open().await;
    let (youth, one) = laid(&stage, PEOPLE[0]).await;
    let (_, two) = laid(&stage, PEOPLE[1]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let mut of_one = watch(&te, &one, "").await.unwrap();
    let mut of_all = watch(&te, "", "").await.unwrap();
    let mut mine = watch(&ohjaamo, "", "").await.unwrap();
    for (plan, day) in [(&two, 1), (&one, 2), (&two, 3)] {
        review(&te, plan, TE, day).await;
    }
    let event = next(&mut of_one).await;
    assert_eq!(
        (name(&event), section(event.plan.as_ref().unwrap(), TE).next_review.as_str()),
        (&*one, "2027-01-02")
    );
    for stream in [&mut of_all, &mut mine] {
        let events = [next(stream).await, next(stream).await, next(stream).await];
        assert_eq!(events.each_ref().map(name), [&two, &one, &two].map(String::as_str));
        let tokens: BTreeSet<_> = events.iter().map(|event| &event.resume_token).collect();
        assert_eq!(tokens.len(), 3);
    }
    // Kela's change shows to the coordinator alone, and whoever leaves hears that, and no more.
    review(&stage.kela(), &one, KELA, 4).await;
    assert_eq!(name(&next(&mut mine).await), one);
    remove(&te, &one, TE).await.unwrap();
    assert_eq!(name(&next(&mut mine).await), one);
    let bare = polku_proto::v1::Plan { name: one.clone(), ..Default::default() };
    for stream in [&mut of_one, &mut of_all] {
        assert_eq!(next(stream).await.plan, Some(bare.clone()));
    }
    review(&ohjaamo, &one, "youth", 5).await;
    assert_eq!(name(&next(&mut mine).await), one);
    for stream in [&mut of_one, &mut of_all, &mut mine] {
        assert_quiet(stream).await;
    }
    // A token is of one agency, and of this method.
    let token = &event.resume_token;
    assert_refused(watch(&stage.kela(), "", token).await, Code::InvalidArgument, "RESUME_TOKEN_INVALID");
    assert_refused(watch(&stage.subject(&youth), "", "").await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let other = polku_proto::v1::WatchTasksRequest { resume_token: token.clone() };
    assert_refused(te.clone().task.watch_tasks(other).await, Code::InvalidArgument, "RESUME_TOKEN_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_on_after_a_restart_without_gap_or_repetition() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[2]).await;
    let (_, other) = laid(&stage, PEOPLE[3]).await;
    let mut stream = watch(&stage.te(), "", "").await.unwrap();
    let mut of_one = watch(&stage.te(), &plan, "").await.unwrap();
    review(&stage.te(), &plan, TE, 1).await;
    let token = next(&mut stream).await.resume_token;
    let token_of_one = next(&mut of_one).await.resume_token;
    for (plan, day) in [(&plan, 2), (&other, 3), (&plan, 4)] {
        review(&stage.te(), plan, TE, day).await;
    }
    drop((stream, of_one));
    let stage = stage.restart().await;
    review(&stage.te(), &other, TE, 5).await;
    let expected = [&plan, &other, &plan, &other].map(String::as_str);
    for _ in 0..2 {
        let mut stream = watch(&stage.te(), "", &token).await.unwrap();
        for name_expected in expected {
            assert_eq!(name(&next(&mut stream).await), name_expected);
        }
        assert_quiet(&mut stream).await;
    }
    let mut of_one = watch(&stage.te(), &plan, &token_of_one).await.unwrap();
    for _ in 0..2 {
        // As it is when it is sent.
        let event = next(&mut of_one).await;
        assert_eq!(section(event.plan.as_ref().unwrap(), TE).next_review, "2027-01-04");
    }
    assert_quiet(&mut of_one).await;
}

/// More events than a channel has room for wait in the store, not in memory, and none is left out.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_misses_nothing() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[4]).await;
    let te = stage.te();
    let mut stream = watch(&te, &plan, "").await.unwrap();
    for turn in 0..40 {
        review(&te, &plan, TE, turn % 28 + 1).await;
    }
    let mut tokens = BTreeSet::new();
    for _ in 0..40 {
        assert!(tokens.insert(next(&mut stream).await.resume_token), "told twice");
    }
    assert_quiet(&mut stream).await;
}
