//! What becomes of an item that is removed, of what was done around it, and of its id?

use polku_proto::v1::DataCategory;
use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::plan_item;
use polku_tests::world::{OHJAAMO, PEOPLE, TE};
use tonic::Code;

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
