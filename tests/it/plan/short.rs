//! Is a short plan enough, with nothing in it but what was agreed?

use polku_proto::v1::{DataCategory, PlanPart, PlanState};
use polku_tests::world::{OHJAAMO, PEOPLE, TE};

use super::systems::hears;
use super::table::*;
use crate::stage::Stage;

/// domain.md 5: "yksinkertaisten palvelusuunnitelmien ja sujuvamman tiedonvaihdon".
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_one_goal_and_one_step_is_enough() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
    // One call for both of them, and one for whoever else is to know.
    let begun = create(&ohjaamo, &youth).await.unwrap().plan.unwrap();
    let part = |owner: &str| PlanPart { owner: owner.to_owned(), ..section(&begun, owner) };
    let own = PlanPart { goals: vec![goal("g1", "oma koti")], ..part("youth") };
    let step = action("a1", DataCategory::ServiceNeeds, "asuntohakemus");
    let ours = PlanPart { actions: vec![step], ..part(OHJAAMO) };
    merge(&ohjaamo, &begun.name, &begun.etag, vec![own, ours]).await.unwrap();
    add(&ohjaamo, &begun.name, TE).await.unwrap();

    // Everybody reads these two and nothing else, the other agency's system among them.
    for reader in [&ohjaamo, &te, &stage.subject(&youth)] {
        let seen = read(reader, &begun.name).await.unwrap();
        assert_eq!(owners(&seen), ["youth", OHJAAMO]);
        let (own, ours) = (section(&seen, "youth"), section(&seen, OHJAAMO));
        assert_eq!((own.goals.len(), own.goals[0].text.as_str(), own.actions.len()), (1, "oma koti", 0));
        assert_eq!((ours.actions.len(), ours.actions[0].text.as_str()), (1, "asuntohakemus"));
        for part in [&own, &ours] {
            let rest = part.needs.len() + part.meetings.len();
            assert_eq!((rest, part.worker_view.as_str(), part.next_review.as_str()), (0, "", ""));
        }
    }
    let ledger = stage.world.te.ledger();
    hears(ledger, &begun.name, "youth", "oma koti").await;
    hears(ledger, &begun.name, OHJAAMO, "asuntohakemus").await;

    // The young person's word is all that it needs.
    let subject = stage.subject(&youth);
    let etag = read(&subject, &begun.name).await.unwrap().etag;
    accept(&subject, &begun.name, &etag).await.unwrap();
    acknowledge(&ohjaamo, &begun.name).await.unwrap();
    for reader in [&ohjaamo, &te, &subject] {
        assert_eq!(read(reader, &begun.name).await.unwrap().state(), PlanState::Active);
    }
    stage.close().await;
}
