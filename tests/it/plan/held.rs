//! Does what changes in an agency's own system come back in, after that system has been delivered what was changed here?

use polku_gateway::clock::{Clock as _, SystemClock};
use polku_proto::v1::{DataCategory, PlanPart};
use polku_tests::world::{AddedAgency, Client, OHJAAMO, PEOPLE, TE, WorldSettings, professional};

use super::systems::{hears, office_plan, settles, takes};
use super::table::*;
use crate::stage::Stage;

/// The office's own plan as it stands there now, at its next revision.
fn now(revision: u64, text: &str) -> PlanPart {
    let seconds = SystemClock.now().as_second();
    let update_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
    PlanPart { revision, update_time, ..office_plan(text) }
}

/// A professional of the office changes the goal here, and the office's system has taken that.
async fn changes(stage: &Stage, plan: &str, text: &str) {
    edit(&stage.te(), plan, TE, |part| part.goals[0].text = text.to_owned()).await.unwrap();
    arrives(stage, plan, text).await;
}

async fn arrives(stage: &Stage, plan: &str, text: &str) {
    hears(stage.world.te.ledger(), plan, TE, text).await;
    settles(stage, TE, plan).await;
}

async fn goal_of(client: &Client, plan: &str) -> String {
    section(&read(client, plan).await.unwrap(), TE).goals[0].text.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_an_agencys_system_after_a_delivery_comes_in() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[0]).await;
    let te = stage.te();
    takes(&stage, PEOPLE[0], office_plan("tyo")).await;
    // Changed here, and set back there.
    changes(&stage, &plan, "koulu").await;
    takes(&stage, PEOPLE[0], now(2, "tyo")).await;
    assert_eq!(goal_of(&te, &plan).await, "tyo");
    // Changed here, and there to something else: one after the other, so that nothing clashes.
    changes(&stage, &plan, "lukio").await;
    takes(&stage, PEOPLE[0], now(3, "kesatyo")).await;
    assert_eq!(goal_of(&te, &plan).await, "kesatyo");
    // Made here, and deleted there.
    let made = action("toimi-2", DataCategory::EducationWork, "hakemus");
    edit(&te, &plan, TE, |part| part.actions.push(made)).await.unwrap();
    arrives(&stage, &plan, "hakemus").await;
    takes(&stage, PEOPLE[0], now(4, "kesatyo")).await;
    let actions = section(&read(&te, &plan).await.unwrap(), TE).actions;
    assert_eq!(actions.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["toimi-1"]);
    assert!(tasks(&te).await.unwrap().is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_from_before_a_delivery_takes_back_nothing_of_it() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[0]).await;
    let te = stage.te();
    takes(&stage, PEOPLE[0], office_plan("tyo")).await;
    changes(&stage, &plan, "koulu").await;
    // The same word once more, and one that was overtaken by the delivery.
    takes(&stage, PEOPLE[0], office_plan("tyo")).await;
    let late = PlanPart { revision: 2, next_review: "2027-05-31".to_owned(), ..office_plan("tyo") };
    takes(&stage, PEOPLE[0], late).await;
    let part = section(&read(&te, &plan).await.unwrap(), TE);
    assert_eq!((part.goals[0].text.as_str(), part.next_review.as_str()), ("koulu", "2027-05-31"));
    // Nor does it hide what was delivered from the next one.
    takes(&stage, PEOPLE[0], PlanPart { next_review: "2027-05-31".to_owned(), ..now(3, "tyo") }).await;
    assert_eq!(goal_of(&te, &plan).await, "tyo");
    assert!(tasks(&te).await.unwrap().is_empty());
    stage.close().await;
}

/// A plan that does not name the joint one: the agency's only unnamed one, and one that it has a reference for.
#[tokio::test(flavor = "multi_thread")]
async fn an_agencys_plan_goes_on_in_the_joint_plan_that_it_came_into() {
    const COACHING: &str = "valmennus";
    let coaching = AddedAgency::new(COACHING, "walmu", "usual", "youth_work");
    let agencies = vec![AddedAgency { agreements: vec![TE.to_owned()], ..coaching }];
    let stage = Stage::with(&WorldSettings { agencies, ..WorldSettings::default() }, |text| text).await;
    let coach = professional("valmentaja-1", "yksikko-1", "official");
    let mut coach = stage.caller(&stage.world.agencies[COACHING].identity, &coach);
    let (te, mut ohjaamo) = (stage.te(), stage.ohjaamo());
    let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    coach.identify(PEOPLE[0]).await.unwrap();
    agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
    agree(&stage, &youth, COACHING, TE, &SHARED).await;
    let unnamed = |part: PlanPart| PlanPart { reference: String::new(), ..part };
    let first = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    add(&ohjaamo, &first, TE).await.unwrap();
    for part in [office_plan("tyo"), unnamed(office_plan("harrastus"))] {
        takes(&stage, PEOPLE[0], part).await;
    }
    let newest = create(&coach, &youth).await.unwrap().plan.unwrap().name;
    add(&coach, &newest, TE).await.unwrap();
    for part in [now(2, "koulu"), unnamed(now(2, "kuoro"))] {
        takes(&stage, PEOPLE[0], part).await;
    }
    let texts = async |plan: &str| -> Vec<String> {
        let part = section(&read(&te, plan).await.unwrap(), TE);
        part.goals.into_iter().map(|goal| goal.text).collect()
    };
    assert_eq!(texts(&first).await, ["koulu", "kuoro"]);
    assert!(texts(&newest).await.is_empty());
    // What has come into neither goes to the newest, and so does what the office is no party to any more.
    takes(&stage, PEOPLE[0], PlanPart { reference: "TE-S-2".to_owned(), ..now(1, "opinnot") }).await;
    assert_eq!(texts(&newest).await, ["opinnot"]);
    remove(&ohjaamo, &first, TE).await.unwrap();
    takes(&stage, PEOPLE[0], now(3, "lukio")).await;
    assert_eq!(texts(&newest).await, ["opinnot", "lukio"]);
    stage.close().await;
}
