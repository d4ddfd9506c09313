//! Does a party's system hear of many quick changes in order and once in effect, while it fails, hangs up or is slow?

use std::time::Duration;

use polku_proto::v1::{ActionState, DataCategory};
use polku_tests::simulators::{Fault, Faults, Ledger, Operation};
use polku_tests::world::{OHJAAMO, PAJA, PEOPLE, TE, WorldSettings, eventually};

use super::systems::{Heard, assert_counted, heard, hears, of};
use super::table::*;
use crate::stage::{PATIENCE, Stage};

/// How often each of two sections changes.
const CHANGES: u64 = 24;
/// Longer than all of these faults together hold a system up.
const LONG: Duration = Duration::from_secs(40);

/// For how long a worker has a delivery for itself.
const LEASE: Duration = Duration::from_secs(2);

fn text(number: u64) -> String {
    format!("kanaria-muutos-{number:02}.")
}

/// One after the other, one in each request about a plan.
fn fail(faults: &Faults) {
    for fault in [
        Fault::Status { code: 503, retry_after: None },
        Fault::ResetBeforeEffect,
        Fault::ResetAfterEffect,
        Fault::Slow(Duration::from_millis(700)),
        Fault::FailAfterEffect(502),
        Fault::HalfAnswer,
        Fault::Status { code: 429, retry_after: None },
        Fault::Garbage,
        Fault::ResetAfterEffect,
    ] {
        faults.once_on(Operation::Plan, fault);
    }
}

/// Which change is the last that a part shows.
fn shown(part: &Heard) -> Option<u64> {
    (1..=CHANGES).find(|number| part.texts.contains(&text(*number)))
}

/// What a system has heard of a section came in the order of the changes, numbered without gap or repetition. A message
/// that had to be sent again says what there is then; what waited behind it may say the same.
async fn assert_in_order(ledger: &Ledger, plan: &str, owner: &str) {
    let last = eventually(LONG, || async {
        let parts = of(heard(ledger, plan), owner);
        parts.last().is_some_and(|part| part.texts.contains(&text(CHANGES))).then_some(())
    });
    let versions = |parts: &[Heard]| parts.iter().map(|part| part.version).collect::<Vec<_>>();
    let came = last.await.is_some();
    let parts = of(heard(ledger, plan), owner);
    assert!(came, "the last change of {owner} is never heard: {:?}", versions(&parts));
    // Whatever waits for a lease to run out has had its time then.
    tokio::time::sleep(LEASE).await;
    let parts = of(heard(ledger, plan), owner);
    assert_counted(&parts);
    let shown: Vec<_> = parts.iter().map(shown).collect();
    assert!(shown.is_sorted() && shown.first().is_some_and(Option::is_some), "{owner}: {shown:?}");
    assert!((parts.len() as u64) < 2 * CHANGES, "{owner}: told more often than it has changed");
    assert!(parts.iter().all(|part| !part.is_last), "{owner}: nobody has taken anything back");
}

#[tokio::test(flavor = "multi_thread")]
async fn quick_changes_reach_failing_systems_in_order() {
    let settings = WorldSettings {
        retry_seconds: vec![0],
        lease_seconds: u32::try_from(LEASE.as_secs()).unwrap(),
        attempt_seconds: 1,
        answer_ms: 500,
        ..WorldSettings::default()
    };
    let stage = Stage::with(&settings, |text| text).await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    agree(&stage, &youth, OHJAAMO, PAJA, &SHARED).await;
    agree(&stage, &youth, TE, PAJA, &SHARED).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    add(&ohjaamo, &plan, PAJA).await.unwrap();
    fail(stage.world.te.faults());
    fail(stage.world.walmu.control().faults());
    for number in 1..=CHANGES {
        edit(&ohjaamo, &plan, "youth", |part| part.goals = vec![goal("g1", &text(number))]).await.unwrap();
        edit(&te, &plan, TE, |part| {
            let state = part.actions.first().map_or(ActionState::Proposed as i32, |action| action.state);
            part.actions = vec![action("a1", DataCategory::EducationWork, &text(number))];
            part.actions[0].state = state;
        })
        .await
        .unwrap();
        if number % 8 == 0 {
            // Some of them are on their way meanwhile.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
    for ledger in [stage.world.te.ledger(), stage.world.walmu.ledger()] {
        for owner in ["youth", TE] {
            assert_in_order(ledger, &plan, owner).await;
        }
    }
    for faults in [stage.world.te.faults(), stage.world.walmu.control().faults()] {
        assert!(faults.waiting() < 9, "nothing has failed");
    }
    stage.close().await;
}

/// One system hears of one plan in the order of its changes, whichever sections they are in: what waits already does not
/// take a later change along past one that has come up behind it.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_different_sections_come_in_their_order() {
    let settings = WorldSettings {
        lease_seconds: 60,
        attempt_seconds: 20,
        answer_ms: 15_000,
        ..WorldSettings::default()
    };
    let stage = Stage::with(&settings, |text| text).await;
    let (_, plan) = laid(&stage, PEOPLE[2]).await;
    let (ohjaamo, office) = (stage.ohjaamo(), stage.world.te.ledger());
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    // What the beginning of the plan has queued is out of the way then.
    hears(office, &plan, "youth", "oma koti").await;
    stage.world.te.faults().once_on(Operation::Plan, Fault::Slow(Duration::from_secs(6)));
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = text(1)).await.unwrap();
    let begun = || async { office.received_contains(text(1).as_bytes()).then_some(()) };
    eventually(PATIENCE, begun).await.expect("nothing is sent");
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = text(2)).await.unwrap();
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.goals.push(goal("g1", &text(3)))).await.unwrap();
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = text(4)).await.unwrap();
    hears(office, &plan, OHJAAMO, &text(3)).await;
    hears(office, &plan, "youth", &text(4)).await;
    let all = heard(office, &plan);
    // What was told before the first of these changes shows none of them, and comes first.
    let shown: Vec<_> = all.iter().map(shown).collect();
    assert!(shown.is_sorted(), "in another order than it was changed: {shown:?}");
    for owner in ["youth", OHJAAMO] {
        assert_counted(&of(all.clone(), owner));
    }
    stage.close().await;
}

/// An operator's lease is long. What comes up while another section is told waits for that, and not for the lease.
#[tokio::test(flavor = "multi_thread")]
async fn one_section_waits_for_another_no_longer_than_that_takes() {
    let settings = WorldSettings {
        lease_seconds: 60,
        attempt_seconds: 20,
        answer_ms: 10_000,
        ..WorldSettings::default()
    };
    let stage = Stage::with(&settings, |text| text).await;
    let (_, plan) = laid(&stage, PEOPLE[1]).await;
    let (ohjaamo, office) = (stage.ohjaamo(), stage.world.te.ledger());
    stage.world.te.faults().set_on(Operation::Plan, Fault::Slow(Duration::from_millis(500)));
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    let begun = || async { (!office.received().is_empty()).then_some(()) };
    eventually(PATIENCE, begun).await.expect("nothing is sent");
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.goals.push(goal("g1", "ohjaus"))).await.unwrap();
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = "asunto".to_owned()).await.unwrap();
    hears(office, &plan, OHJAAMO, "ohjaus").await;
    hears(office, &plan, "youth", "asunto").await;
    stage.close().await;
}
