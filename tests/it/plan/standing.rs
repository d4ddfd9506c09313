//! Do the parties' systems hear where a part of the plan stands, and nobody of what they may not be told?

use polku_proto::v1::{DataCategory, MeetingState, PlanStanding, meeting_record, plan_item, plan_link};
use polku_tests::simulators::{Ledger, TakenInKind};
use polku_tests::world::{OHJAAMO, PAJA, PEOPLE, TE, eventually};

use super::meetings::{HELD, meeting, met_at};
use super::systems::{assert_counted, heard, hears, settles};
use super::table::*;
use crate::stage::{PATIENCE, Stage, id_of};

/// An id that stands nowhere by chance.
const STEP: &str = "kanaria-askel";

/// Waits until the last that a system has heard of an owner's section says this of where it stands.
async fn stands(ledger: &Ledger, plan: &str, owner: &str, what: &str, value: &str) {
    let said = || async {
        let mut parts = ledger.all_taken_in().into_iter().filter(|entry| {
            let owned_by = |path| entry.field(path) == Some(owner);
            entry.kind == TakenInKind::PlanPart
                && entry.referral_id == id_of(plan)
                && (owned_by("omistaja") || owned_by("suunnitelma.omistaja"))
        });
        let last = parts.next_back()?;
        let is_it = |path: &str| path.split_once("yhteinenTilanne.").is_some_and(|(_, rest)| rest == what);
        let found = last.fields.iter().any(|(path, said)| is_it(path) && said.starts_with(value));
        found.then_some(())
    };
    assert!(eventually(PATIENCE, said).await.is_some(), "{what} of {owner} is never heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn systems_hear_what_is_flagged_linked_recorded_accepted_and_acknowledged() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    let (ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    // The workshop is told nothing of the office's section.
    agree(&stage, &youth, OHJAAMO, PAJA, &SHARED).await;
    add(&ohjaamo, &plan, PAJA).await.unwrap();
    let (office, workshop) = (stage.world.te.ledger(), stage.world.walmu.ledger());
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    edit(&te, &plan, TE, |part| {
        part.actions.push(action(STEP, DataCategory::JointPlan, "kokeilu"));
        part.meetings.push(meeting("m1", MeetingState::Held, HELD));
        // That is not the office's to say.
        part.standing = Some(PlanStanding { changed_since_acceptance: true, ..PlanStanding::default() });
    })
    .await
    .unwrap();
    assert_eq!(section(&read(&te, &plan).await.unwrap(), TE).standing, None);
    hears(office, &plan, TE, "kokeilu").await;
    hears(office, &plan, "youth", "oma koti").await;
    hears(workshop, &plan, "youth", "oma koti").await;
    let before = settles(&stage, PAJA, &plan).await;
    let of_others = || heard(office, &plan).iter().filter(|part| part.owner != "youth").count();
    let of_youth = || heard(office, &plan).iter().filter(|part| part.owner == "youth").count();

    let (sections, youths) = (of_others(), of_youth());
    let step = item(TE, plan_item::Kind::Action, STEP);
    flag(&ohjaamo, &plan, Some(step.clone())).await.unwrap();
    stands(office, &plan, "youth", "seuraavaAskel.tunnus", STEP).await;
    let ends = (step, item("youth", plan_item::Kind::Goal, "g1"));
    link(&te, &plan, plan_link::Kind::Serves, ends).await.unwrap();
    stands(office, &plan, "youth", "yhteys.alku.tunnus", STEP).await;
    settles(&stage, TE, &plan).await;
    assert_eq!((of_others(), of_youth()), (sections, youths + 2), "of what belongs to no section");

    acknowledge(&te, &plan).await.unwrap();
    stands(office, &plan, TE, "vahvistettu.tunnus", STEP).await;
    met_at(&te, &plan, "m1", meeting_record::Kind::FourParty, (&[TE], true)).await.unwrap();
    stands(office, &plan, TE, "kirjaus.puuttuu", "SOSIAALITYO").await;
    settles(&stage, TE, &plan).await;
    assert_eq!((of_others(), of_youth()), (sections + 2, youths + 2), "of the office's section");
    assert_eq!(settles(&stage, PAJA, &plan).await, before, "the workshop sees nothing of all that");
    assert!(!workshop.received_contains(STEP.as_bytes()));

    accepts(&subject, &plan).await;
    for ledger in [office, workshop] {
        stands(ledger, &plan, "youth", "hyvaksytty", "20").await;
    }
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = "vuokra-asunto".to_owned()).await.unwrap();
    for (agency, ledger) in [(TE, office), (PAJA, workshop)] {
        stands(ledger, &plan, "youth", "muuttunutHyvaksymisesta", "true").await;
        assert_counted(&settles(&stage, agency, &plan).await);
    }
    assert!(!workshop.received_contains(STEP.as_bytes()));
    stage.close().await;
}

/// What its own system says of its plan is not said back to it; that it is not what was accepted any more is.
#[tokio::test(flavor = "multi_thread")]
async fn an_owners_system_hears_how_its_own_word_stands() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[1]).await;
    let (office, subject) = (stage.world.te.ledger(), stage.subject(&youth));
    super::systems::takes(&stage, PEOPLE[1], super::systems::office_plan("tyo")).await;
    accepts(&subject, &plan).await;
    stands(office, &plan, "youth", "hyvaksytty", "20").await;
    let before = settles(&stage, TE, &plan).await.len();
    let mut part = super::systems::office_plan("koulutus");
    part.revision += 1;
    super::systems::takes(&stage, PEOPLE[1], part).await;
    stands(office, &plan, TE, "muuttunutHyvaksymisesta", "true").await;
    assert_eq!(settles(&stage, TE, &plan).await.len(), before + 1, "that alone");
    let mut part = super::systems::office_plan("oppisopimus");
    part.revision += 2;
    super::systems::takes(&stage, PEOPLE[1], part).await;
    assert_eq!(settles(&stage, TE, &plan).await.len(), before + 1, "it stands as it did");
    stage.close().await;
}
