//! Is the plan of an agency of every kind merged into the joint one: over what was changed here, with its clashes and its
//! duplicates offered to a person?

use std::collections::BTreeSet;

use polku_adapters::Matter;
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::{DataCategory, PlanPart, Task, task};
use polku_tests::simulators::{Outgoing, Reply};
use polku_tests::world::{OHJAAMO, WorldSettings, nobody};

use super::bench::PURPOSE;
use super::peers::{Peer, open, say};
use crate::delivery::scene::Scene;
use crate::plan::table;

/// What is shared of plans here.
const PLANNED: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::JointPlan];

/// One agency of each kind that brings plans, in whichever manner it is spoken to.
fn bringing(peers: &[Peer]) -> impl Iterator<Item = &Peer> {
    let mut kinds = BTreeSet::new();
    let brings = |peer: &&Peer| peer.kind.receives.contains(&Matter::PlanPart);
    peers.iter().filter(brings).filter(move |peer| kinds.insert(peer.kind.id))
}

/// The agency's system says what its plan is now.
async fn says(scene: &Scene, peer: &Peer, identity_code: &str, part: &PlanPart) {
    let what = Outgoing::PlanPart { identity_code: identity_code.to_owned(), part: Box::new(part.clone()) };
    let reply = peer.agency(scene).send(&say(what)).await.unwrap();
    assert!(matches!(reply, Reply::PlanTaken { .. }), "{}: {reply:?}", peer.id);
}

/// The same plan later, with another text of its first goal.
fn with_text(part: &PlanPart, text: &str) -> PlanPart {
    let mut part = part.clone();
    part.revision += u64::from(part.revision != 0);
    part.goals[0].text = text.to_owned();
    part
}

/// How often the agency's system was told something with this text.
fn told(scene: &Scene, peer: &Peer, text: &str) -> usize {
    let received = peer.agency(scene).control().ledger().received();
    let has_text = |body: &[u8]| body.windows(text.len()).any(|window| window == text.as_bytes());
    received.iter().filter(|one| has_text(&one.body)).count()
}

fn of_plan(tasks: Vec<Task>, plan: &str) -> Vec<Task> {
    tasks.into_iter().filter(|task| task.plan == plan).collect()
}

/// domain.md 5: "eri suunnitelmat … yhdeksi yhteiseksi suunnitelmaksi", "yhdeksi palvelusuunnitelmaksi".
#[tokio::test(flavor = "multi_thread")]
async fn plans_of_every_kind_are_merged_and_what_clashes_or_looks_alike_is_asked() {
    let (scene, peers) = open(WorldSettings::default()).await;
    let mut tried = BTreeSet::new();
    for (place, peer) in bringing(&peers).enumerate() {
        let (id, code) = (peer.id.as_str(), nobody(place));
        let (mut ohjaamo, own) = (scene.ohjaamo.clone(), peer.sender(&scene));
        let youth = ohjaamo.identify(&code).await.unwrap();
        for (from, to) in [(id, OHJAAMO), (OHJAAMO, id)] {
            ohjaamo.record_consent(&youth, from, to, PURPOSE, &PLANNED).await.unwrap();
        }
        let plan = table::create_for(&ohjaamo, &youth, PURPOSE).await.unwrap().plan.unwrap().name;
        table::add(&ohjaamo, &plan, id).await.unwrap();
        let part = peer.agency(&scene).specimen().plans.remove(0);
        let (goal, text) = (part.goals[0].id.as_str(), part.goals[0].text.as_str());

        // What looks like a goal of another section is offered, once.
        let same = table::goal("g1", &text.to_uppercase());
        table::edit(&ohjaamo, &plan, "youth", |part| part.goals.push(same)).await.unwrap();
        says(&scene, peer, &code, &part).await;
        says(&scene, peer, &code, &part).await;
        let offered = of_plan(table::tasks(&ohjaamo).await.unwrap(), &plan);
        let [Task { matter: Some(task::Matter::Duplicate(pair)), .. }] = offered.as_slice() else {
            panic!("{id}: {} offers", offered.len())
        };
        let ends = [&pair.first, &pair.second].map(|item| item.as_ref().unwrap());
        assert_eq!(ends.map(|item| (item.owner.as_str(), item.id.as_str())), [(id, goal), ("youth", "g1")]);
        assert!(table::read(&ohjaamo, &plan).await.unwrap().links.is_empty(), "{id}: guessed");

        // Changed in something else here and there: both.
        table::edit(&own, &plan, id, |part| part.goals[0].due = "2027-12-31".to_owned()).await.unwrap();
        let part = with_text(&part, "Aivan toinen tavoite");
        says(&scene, peer, &code, &part).await;
        let merged = table::section(&table::read(&own, &plan).await.unwrap(), id).goals.remove(0);
        assert_eq!(
            (merged.text.as_str(), merged.due.as_str()),
            ("Aivan toinen tavoite", "2027-12-31"),
            "{id}"
        );
        assert!(table::tasks(&own).await.unwrap().is_empty(), "{id}");

        // Changed in the same, before that was heard there: it stays, and a person of the agency decides, asked once.
        table::edit(&own, &plan, id, |part| part.goals[0].text = "Kolmas tavoite".to_owned()).await.unwrap();
        scene.until("what was changed here", |scene| told(scene, peer, "Kolmas tavoite") == 1).await;
        let part = with_text(&part, "Neljäs tavoite");
        says(&scene, peer, &code, &part).await;
        says(&scene, peer, &code, &part).await;
        let merged = table::section(&table::read(&own, &plan).await.unwrap(), id).goals.remove(0);
        assert_eq!(merged.text, "Kolmas tavoite", "{id}");
        // Its system hears what stands, in place of what it has said.
        scene.until("what stands", |scene| told(scene, peer, "Kolmas tavoite") == 2).await;
        let waiting = table::tasks(&own).await.unwrap();
        let [Task { name, matter: Some(task::Matter::Conflict(clash)), .. }] = waiting.as_slice() else {
            panic!("{id}: {} clashes", waiting.len())
        };
        let texts = [&clash.base, &clash.ours, &clash.theirs].map(|part| {
            part.as_ref().unwrap().goals.iter().map(|goal| goal.text.as_str()).collect::<String>()
        });
        assert_eq!(texts, ["Aivan toinen tavoite", "Neljäs tavoite", "Kolmas tavoite"], "{id}");
        assert_eq!(clash.path, format!("goals/{goal}/text"), "{id}");
        table::decide(&own, name, Choice::Ours, None).await.unwrap();
        let merged = table::section(&table::read(&own, &plan).await.unwrap(), id).goals.remove(0);
        assert_eq!(merged.text, "Neljäs tavoite", "{id}");

        // Changed here, and then there, where that was heard: one after the other.
        scene.until("what was decided", |scene| told(scene, peer, "Neljäs tavoite") > 0).await;
        table::edit(&own, &plan, id, |part| part.goals[0].text = "Viides tavoite".to_owned()).await.unwrap();
        scene.until("what was changed again", |scene| told(scene, peer, "Viides tavoite") == 1).await;
        scene.until_told(id).await;
        let seconds = SystemClock.now().as_second();
        let part = PlanPart {
            update_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            ..with_text(&part, "Kuudes tavoite")
        };
        says(&scene, peer, &code, &part).await;
        let merged = table::section(&table::read(&own, &plan).await.unwrap(), id).goals.remove(0);
        assert_eq!(merged.text, "Kuudes tavoite", "{id}");
        assert!(table::tasks(&own).await.unwrap().is_empty(), "{id}");

        // Whose word it was, and of which of its plans.
        let shown = table::revisions(&own, &plan).await.unwrap().revisions;
        let imports = shown.iter().filter(|revision| revision.source() == Source::AgencySystem);
        let told: BTreeSet<_> =
            imports.map(|revision| (revision.agency.as_str(), revision.reference.as_str())).collect();
        assert_eq!(told, BTreeSet::from([(id, part.reference.as_str())]), "{id}");
        tried.insert(peer.kind.id);
    }
    assert!(tried.is_superset(&BTreeSet::from(["te", "typpi", "social", "walmu"])), "{tried:?}");
    scene.end().await.check_intents();
}
