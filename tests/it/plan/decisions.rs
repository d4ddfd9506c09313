//! Is what a decision writes held to what a merge is held to, and does it tell no more?

use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::task::Matter;
use polku_proto::v1::{ActionState, DataCategory, MergePlanResponse, Plan, PlanConflict, PlanPart, Task};
use polku_tests::world::{Client, KELA, PEOPLE, TE};
use tonic::Code;

use super::table::*;
use crate::stage::{Stage, assert_refused};

/// Edits the section as it was read, and merges it over what has become of it.
async fn late(
    client: &Client,
    plan: &str,
    (stale, owner): (&Plan, &str),
    edit: impl FnOnce(&mut PlanPart),
) -> MergePlanResponse {
    let mut part = section(stale, owner);
    edit(&mut part);
    merge(client, plan, &stale.etag, vec![part]).await.unwrap()
}

fn only(merged: MergePlanResponse) -> PlanConflict {
    let [conflict] =
        merged.conflicts.try_into().unwrap_or_else(|all: Vec<_>| panic!("{} clashes", all.len()));
    conflict
}

fn conflict_of(task: &Task) -> &PlanConflict {
    let Some(Matter::Conflict(conflict)) = &task.matter else { panic!("a clash") };
    conflict
}

/// The responsible worker chooses between what a party has said of its own action, and says nothing for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_moves_nobody_elses_action() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[0]).await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    edit(&ohjaamo, &plan, "youth", |part| {
        part.actions = vec![action("a1", DataCategory::JointPlan, "hakemus")];
        TE.clone_into(&mut part.actions[0].provider);
    })
    .await
    .unwrap();
    let moves = |to: ActionState| move |part: &mut PlanPart| part.actions[0].state = to as i32;
    edit(&te, &plan, "youth", moves(ActionState::Agreed)).await.unwrap();
    let stale = read(&te, &plan).await.unwrap();
    edit(&te, &plan, "youth", moves(ActionState::InProgress)).await.unwrap();
    let conflict = only(late(&te, &plan, (&stale, "youth"), moves(ActionState::Done)).await);
    assert_eq!(conflict.path, "actions/a1/state");
    let mut other = section(&read(&ohjaamo, &plan).await.unwrap(), "youth");
    for state in [ActionState::Dropped, ActionState::Done] {
        other.actions[0].state = state as i32;
        let refused = decide(&ohjaamo, &conflict.task, Choice::Other, Some(other.clone())).await;
        assert_refused(refused, Code::PermissionDenied, "PLAN_ITEM_NOT_OWNED");
    }
    // Somebody else's by now: what the party has said of its own does not count for that.
    let provided = |by: &'static str| move |part: &mut PlanPart| by.clone_into(&mut part.actions[0].provider);
    let refused = edit(&ohjaamo, &plan, "youth", provided(KELA)).await;
    assert_refused(refused, Code::PermissionDenied, "PLAN_ITEM_NOT_OWNED");
    edit(&te, &plan, "youth", provided(KELA)).await.unwrap();
    let refused = decide(&ohjaamo, &conflict.task, Choice::Ours, None).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    edit(&kela, &plan, "youth", provided(TE)).await.unwrap();
    decide(&ohjaamo, &conflict.task, Choice::Ours, None).await.unwrap();
    let now = section(&read(&ohjaamo, &plan).await.unwrap(), "youth");
    assert_eq!(now.actions[0].state(), ActionState::Done);
    stage.close().await;
}

/// Of what a party has added there is no more after a decision than there may be after a merge.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_finds_room() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[1]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    edit(&te, &plan, "youth", |part| {
        part.goals = vec![goal("te:g1", "tavoite"), goal("te:g2", &"a".repeat(2_000))];
    })
    .await
    .unwrap();
    let stale = read(&te, &plan).await.unwrap();
    edit(&te, &plan, "youth", |part| part.goals[0].text = "ensin".to_owned()).await.unwrap();
    let long = "b".repeat(2_000);
    let merged = late(&te, &plan, (&stale, "youth"), |part| part.goals[0].text.clone_from(&long)).await;
    let conflict = only(merged);
    // The room fills meanwhile.
    edit(&te, &plan, "youth", |part| {
        part.goals.extend(["te:g3", "te:g4"].map(|id| goal(id, &"c".repeat(2_000))));
        part.goals.push(goal("te:g5", &"c".repeat(500)));
    })
    .await
    .unwrap();
    let mut other = section(&read(&ohjaamo, &plan).await.unwrap(), "youth");
    other.goals.retain(|goal| goal.id == "te:g1");
    other.goals[0].text = long.replace('b', "d");
    for (choice, other) in [(Choice::Ours, None), (Choice::Other, Some(other.clone()))] {
        let refused = decide(&ohjaamo, &conflict.task, choice, other).await;
        assert_refused(refused, Code::InvalidArgument, "PLAN_TOO_LARGE");
    }
    other.goals[0].text = "sovittu".to_owned();
    decide(&ohjaamo, &conflict.task, Choice::Other, Some(other)).await.unwrap();
    assert_eq!(section(&read(&te, &plan).await.unwrap(), "youth").goals[0].text, "sovittu");
    stage.close().await;
}

/// An item that was removed and is wanted otherwise comes back as the decision says, be it another's.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_brings_back_what_was_removed() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[2]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    edit(&te, &plan, "youth", |part| part.goals = vec![goal("te:g1", "tavoite")]).await.unwrap();
    let stale = read(&te, &plan).await.unwrap();
    edit(&ohjaamo, &plan, "youth", |part| part.goals.clear()).await.unwrap();
    let conflict =
        only(late(&te, &plan, (&stale, "youth"), |part| part.goals[0].text = "toinen".to_owned()).await);
    assert_eq!((conflict.path.as_str(), &conflict.around), ("goals/te:g1", &None));
    let mut other = section(&stale, "youth");
    other.goals[0].text = "sovittu".to_owned();
    decide(&ohjaamo, &conflict.task, Choice::Other, Some(other)).await.unwrap();
    assert_eq!(section(&read(&te, &plan).await.unwrap(), "youth").goals[0].text, "sovittu");
    stage.close().await;
}

/// Whether an item is hidden or gone, and whatever becomes of it then, whoever wants the same again gets the same answer.
#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_task_does_not_tell_what_became_of_an_item() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let mut told = Vec::new();
    for (person, is_removed) in [(PEOPLE[3], false), (PEOPLE[4], true)] {
        let (_, plan) = laid(&stage, person).await;
        edit(&te, &plan, "youth", |part| part.needs = vec![need("te:n1", DataCategory::JointPlan, "asunto")])
            .await
            .unwrap();
        let stale = read(&te, &plan).await.unwrap();
        edit(&ohjaamo, &plan, "youth", |part| {
            part.needs[0].category = DataCategory::Housing as i32;
            part.needs.retain(|_| !is_removed);
        })
        .await
        .unwrap();
        let wanted = |part: &mut PlanPart| part.needs[0].text = "vuokra-asunto".to_owned();
        let first = only(late(&te, &plan, (&stale, "youth"), wanted).await);
        edit(&ohjaamo, &plan, "youth", |part| {
            part.needs.iter_mut().for_each(|need| need.text = "kanaria-asunto".to_owned());
            part.next_review = "2027-01-01".to_owned();
        })
        .await
        .unwrap();
        let second = only(late(&te, &plan, (&stale, "youth"), wanted).await);
        assert_eq!(first, second);
        let revisions = revisions(&te, &plan).await.unwrap().revisions;
        let clashed = revisions.iter().flat_map(|revision| &revision.activities);
        told.push(clashed.filter(|one| one.kind() == Kind::Clashed).count());
        // Whoever decides sees what is stored by now.
        let waiting = tasks(&ohjaamo).await.unwrap();
        let of_plan: Vec<_> = waiting.iter().filter(|task| task.plan == plan).collect();
        let [task] = of_plan.as_slice() else { panic!("one task") };
        assert_eq!(task.name, first.task);
        let theirs = conflict_of(task).theirs.as_ref().unwrap();
        assert_eq!(theirs.needs.iter().any(|need| need.text == "kanaria-asunto"), !is_removed);
        decide(&ohjaamo, &task.name, Choice::Ours, None).await.unwrap();
        let now = section(&read(&ohjaamo, &plan).await.unwrap(), "youth");
        assert_eq!(now.needs[0].text, "vuokra-asunto");
    }
    assert_eq!(told, [1, 1]);
    stage.close().await;
}

/// Whoever decides on a removal is shown what would go with it, as far as they may see it.
#[tokio::test(flavor = "multi_thread")]
async fn a_removal_shows_what_would_go_with_it() {
    use polku_proto::v1::plan_item::Kind::{Action, Goal};
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[5]).await;
    let (ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    edit(&te, &plan, TE, |part| {
        part.actions = ["a1", "a2"].map(|id| action(id, DataCategory::JointPlan, "hakemus")).to_vec();
    })
    .await
    .unwrap();
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    let stale = read(&te, &plan).await.unwrap();
    let first = || item(TE, Action, "a1");
    comment(&subject, &plan, first(), "tama auttaa").await.unwrap();
    comment(&subject, &plan, item(TE, Action, "a2"), "toisesta").await.unwrap();
    flag(&ohjaamo, &plan, Some(first())).await.unwrap();
    let serves = polku_proto::v1::plan_link::Kind::Serves;
    link(&ohjaamo, &plan, serves, (first(), item("youth", Goal, "g1"))).await.unwrap();
    acknowledge(&te, &plan).await.unwrap();
    let merged = late(&te, &plan, (&stale, TE), |part| {
        part.actions.retain(|action| action.id != "a1");
    })
    .await;
    let answered = only(merged);
    assert_eq!(answered.path, "actions/a1");
    let of = |client: &Client| {
        let client = client.clone();
        async move { conflict_of(&tasks(&client).await.unwrap()[0]).clone() }
    };
    for conflict in [answered, of(&te).await, of(&ohjaamo).await] {
        let around = conflict.around.expect("what would go with it");
        let texts: Vec<_> = around.comments.iter().map(|comment| comment.text.as_str()).collect();
        assert_eq!((texts, around.links.len()), (vec!["tama auttaa"], 1));
        assert_eq!(around.step, Some(first()));
        assert!(around.commitment.is_some_and(|one| one.acknowledge_time.is_some()));
    }
    // Of what is wanted otherwise, and not removed, nothing goes.
    let changed = late(&te, &plan, (&stale, TE), |part| part.actions[0].text = "toinen".to_owned()).await;
    assert!(changed.conflicts.is_empty());
    stage.close().await;
}
