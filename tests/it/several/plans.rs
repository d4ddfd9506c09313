//! Does who watches plans or tasks at one gateway hear what is done at another, and go on at one where they left the other?

use polku_proto::v1::{PlanEvent, WatchPlansRequest, WatchTasksRequest};
use polku_tests::world::{Client, OHJAAMO, PATIENCE, PEOPLE};
use tonic::Streaming;

use super::{Scene, answered, identified};
use crate::plan::table::{create, edit, merge, read, section};

async fn watch(client: &Client, plan: &str, token: &str) -> Streaming<PlanEvent> {
    let request = WatchPlansRequest { name: plan.to_owned(), resume_token: token.to_owned() };
    answered(|| async { client.plan.clone().watch_plans(request.clone()).await }).await.into_inner()
}

async fn next<X>(stream: &mut Streaming<X>) -> X {
    let event = tokio::time::timeout(PATIENCE, stream.message()).await.expect("no event comes");
    event.unwrap().expect("the watch has ended")
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_and_tasks_are_followed_from_any_gateway() {
    let scene = Scene::open().await;
    let (here, there) = (&scene.clients[0], &scene.clients[1]);
    let youth = identified(here, PEOPLE[0]).await;
    let plan = create(here, &youth).await.unwrap().plan.unwrap().name;
    let (mut at_here, mut at_there) = (watch(here, &plan, "").await, watch(there, &plan, "").await);
    let watch_tasks = || async { there.task.clone().watch_tasks(WatchTasksRequest::default()).await };
    let mut tasks = answered(watch_tasks).await.into_inner();
    let review = async |client: &Client, day: &str| {
        edit(client, &plan, OHJAAMO, |part| day.clone_into(&mut part.next_review)).await.unwrap()
    };
    let stale = read(here, &plan).await.unwrap();
    for day in ["2027-01-01", "2027-01-02", "2027-01-03"] {
        review(here, day).await;
    }
    let first = next(&mut at_here).await;
    for _ in 0..3 {
        assert_eq!(next(&mut at_there).await.plan.unwrap().name, plan);
    }
    // The others of them, and then what is done at a third one: without gap or repetition.
    let mut resumed = watch(there, &plan, &first.resume_token).await;
    for _ in 0..2 {
        next(&mut resumed).await;
    }
    review(&scene.clients[2], "2027-01-04").await;
    for stream in [&mut resumed, &mut at_there] {
        assert_eq!(section(&next(stream).await.plan.unwrap(), OHJAAMO).next_review, "2027-01-04");
    }
    // What clashes at one of them is a task at all.
    let mut part = section(&stale, OHJAAMO);
    "2027-02-01".clone_into(&mut part.next_review);
    let merged = merge(here, &plan, &stale.etag, vec![part]).await.unwrap();
    let [conflict] = merged.conflicts.as_slice() else { panic!("one clash") };
    assert_eq!(next(&mut tasks).await.task.unwrap().name, conflict.task);
}
