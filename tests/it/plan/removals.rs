//! What becomes of an item that is removed, of what was done around it, and of its id?

use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::Matter;
use polku_proto::v1::{ConflictResolution, DataCategory, PlanConflict, Task, plan_item};
use polku_tests::world::{KELA, OHJAAMO, PEOPLE, TE};
use tonic::Code;

use super::systems::{office_plan, takes};
use super::table::*;
use crate::stage::{Stage, assert_refused, assert_same_refusal};

/// A party that may not be told any more what it has written is refused its id, be the item there or not.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_does_not_tell_what_became_of_its_item() {
    const HOUSING: DataCategory = DataCategory::Housing;
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let mut refusals = Vec::new();
    for (person, is_removed) in [(PEOPLE[0], false), (PEOPLE[1], true)] {
        let (youth, plan) = laid(&stage, person).await;
        let consent = ohjaamo.clone().record_consent(&youth, OHJAAMO, TE, PURPOSE, &[HOUSING]).await.unwrap();
        let add = async |id: &str, category: DataCategory| {
            edit(&te, &plan, "youth", |part| part.needs.push(need(id, category, "asunto"))).await
        };
        add("te:h1", HOUSING).await.unwrap();
        if is_removed {
            edit(&ohjaamo, &plan, "youth", |part| part.needs.clear()).await.unwrap();
        }
        withdraw(&stage, &consent).await;
        let again = add("te:h1", DataCategory::JointPlan).await;
        refusals.push(assert_refused(again, Code::InvalidArgument, "DUPLICATE_ITEM"));
        assert!(add("te:h2", DataCategory::JointPlan).await.unwrap().conflicts.is_empty());
    }
    assert_same_refusal(&refusals[0], &refusals[1]);
    stage.close().await;
}

/// Who removes something has read what others have said about it; and that it goes with the item is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_about_an_item_is_not_removed_by_who_has_not_read_it() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    let (te, subject) = (stage.te(), stage.subject(&youth));
    edit(&te, &plan, TE, |part| part.goals = vec![goal("g1", "asunto"), goal("g2", "tyo")]).await.unwrap();
    let stale = read(&te, &plan).await.unwrap();
    comment(&subject, &plan, item(TE, plan_item::Kind::Goal, "g1"), "tama on minulle tarkein").await.unwrap();
    let mut part = section(&stale, TE);
    part.goals.clear();
    let merged = merge(&te, &plan, &stale.etag, vec![part]).await.unwrap();
    let [conflict] = merged.conflicts.as_slice() else { panic!("one clash") };
    assert_eq!(conflict.path, "goals/g1");
    let goals = section(&read(&te, &plan).await.unwrap(), TE).goals;
    assert_eq!(goals.iter().map(|goal| goal.id.as_str()).collect::<Vec<_>>(), ["g1"]);
    assert_eq!(read(&subject, &plan).await.unwrap().sections[0].comments.len(), 1);
    // Whoever has read it may remove it.
    let merged = edit(&te, &plan, TE, |part| part.goals.clear()).await.unwrap();
    assert!(merged.conflicts.is_empty());
    let last = revisions(&subject, &plan).await.unwrap().revisions.remove(0);
    let gone = last.activities.iter().filter(|one| one.kind() == Kind::CommentRemoved);
    let gone: Vec<_> = gone.flat_map(|one| &one.comment).map(|one| one.text.as_str()).collect();
    assert_eq!(gone, ["tama on minulle tarkein"]);
    stage.close().await;
}

/// A system has read nothing of what was said beside its plan: what it removes, a person decides, who reads what would go.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_about_an_item_is_not_removed_by_a_system() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    let (te, subject) = (stage.te(), stage.subject(&youth));
    let mut part = office_plan("tyo");
    part.needs.clear();
    part.goals.push(goal("tavoite-2", "ajokortti"));
    takes(&stage, PEOPLE[3], part.clone()).await;
    comment(&subject, &plan, item(TE, plan_item::Kind::Goal, "tavoite-1"), "tama on minulle tarkein")
        .await
        .unwrap();
    flag(&stage.ohjaamo(), &plan, Some(item(TE, plan_item::Kind::Action, "toimi-1"))).await.unwrap();
    // What nothing has come to goes.
    (part.goals, part.actions) = (Vec::new(), Vec::new());
    takes(&stage, PEOPLE[3], part).await;
    let left = section(&read(&te, &plan).await.unwrap(), TE);
    assert_eq!(left.goals.iter().map(|goal| goal.id.as_str()).collect::<Vec<_>>(), ["tavoite-1"]);
    assert_eq!(left.actions.len(), 1);
    let seen = read(&subject, &plan).await.unwrap();
    assert_eq!((seen.sections[0].comments.len(), seen.step.is_some()), (1, true));
    let mut waiting = tasks(&te).await.unwrap();
    waiting.sort_by(|one, other| conflict_of(one).path.cmp(&conflict_of(other).path));
    let clashes: Vec<&PlanConflict> = waiting.iter().map(conflict_of).collect();
    assert_eq!(
        clashes.iter().map(|clash| clash.path.as_str()).collect::<Vec<_>>(),
        ["actions/toimi-1", "goals/tavoite-1"]
    );
    let around = clashes[1].around.as_ref().unwrap();
    assert_eq!(around.comments[0].text, "tama on minulle tarkein");
    // Whoever has read that decides.
    decide(&te, &waiting[1].name, Choice::Ours, None).await.unwrap();
    assert!(read(&subject, &plan).await.unwrap().sections[0].comments.is_empty());
    stage.close().await;
}

fn conflict_of(task: &Task) -> &PlanConflict {
    let Some(Matter::Conflict(conflict)) = &task.matter else { panic!("a clash") };
    conflict
}

/// Nobody decides on what they have not read: what would go with an item is part of that, as far as the reader sees it.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_over_what_was_read() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[4]).await;
    let (te, subject) = (stage.te(), stage.subject(&youth));
    takes(&stage, PEOPLE[4], office_plan("tyo")).await;
    let about = || item(TE, plan_item::Kind::Goal, "tavoite-1");
    comment(&subject, &plan, about(), "tama on minulle tarkein").await.unwrap();
    let mut less = office_plan("tyo");
    (less.goals, less.actions) = (Vec::new(), Vec::new());
    takes(&stage, PEOPLE[4], less).await;
    let [task] = tasks(&te).await.unwrap().try_into().unwrap();
    let decide_over = async |etag: &str| {
        let choice = Choice::Ours as i32;
        let resolution = ConflictResolution { choice, other: None, etag: etag.to_owned() };
        resolve(&te, &task.name, Resolution::Conflict(resolution)).await
    };
    assert_refused(decide_over("").await, Code::InvalidArgument, "INVALID_FIELDS");
    // What has nothing to do with it, or is not for the office to be seen, leaves the reading as it is.
    edit(&stage.kela(), &plan, KELA, |part| part.goals.push(goal("g1", "kuntoutus"))).await.unwrap();
    assert_eq!(tasks(&te).await.unwrap()[0].etag, task.etag);
    comment(&subject, &plan, about(), "ja haluan sen viela").await.unwrap();
    assert_refused(decide_over(&task.etag).await, Code::Aborted, "ETAG_MISMATCH");
    assert_eq!(section(&read(&te, &plan).await.unwrap(), TE).goals.len(), 1);
    let [again] = tasks(&te).await.unwrap().try_into().unwrap();
    let around = conflict_of(&again).around.as_ref().unwrap();
    assert_eq!(around.comments.len(), 2);
    decide_over(&again.etag).await.unwrap();
    assert!(section(&read(&te, &plan).await.unwrap(), TE).goals.is_empty());
    stage.close().await;
}
