//! Does a watcher hear of what shows to its own unit and role, and of nothing else that its agency is told?

use polku_adapters::Redelivery;
use polku_proto::PlanName;
use polku_proto::v1::{Consent, DataCategory, PlanPart, Purpose};

use super::table::{BASE, Reader, add, at, begin, events, goal, hide_housing, merge, need, revoke};
use super::world::{ADULT, KELA, TE, World, caller};
use crate::caller::Caller;

fn housing(text: &str) -> impl FnOnce(&mut PlanPart) {
    move |part| part.needs[0].text = text.to_owned()
}

fn aim(text: &str) -> impl FnOnce(&mut PlanPart) {
    move |part| part.goals[0].text = text.to_owned()
}

/// A plan of Kela with a goal and a need of housing, and a consent that tells employment services of the need.
async fn laid() -> (World, String, String, Consent) {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    world.consent(&youth, KELA, TE, &BASE).await;
    let open = world.consent(&youth, KELA, TE, &[DataCategory::Housing]).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    add(&world, KELA, &plan, TE).await;
    let both = |part: &mut PlanPart| {
        part.goals.push(goal("g1", "Oma koti"));
        part.needs.push(need("n1", DataCategory::Housing, "Koditon"));
    };
    merge(&world, &caller(KELA), &plan, KELA, both).await;
    (world, youth, plan, open)
}

/// How often each of them is told of what has happened since the last look.
async fn news<const N: usize>(world: &World, readers: &mut [Reader; N]) -> [usize; N] {
    let mut all = [0; N];
    for (count, reader) in all.iter_mut().zip(readers) {
        *count = reader.news(world).await;
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_sees_less_hears_of_less() {
    let (world, youth, plan, open) = laid().await;
    hide_housing(&world);
    let at_kela = at(KELA, "keskusta", "coordinator");
    let at_te = at(TE, "keskusta", "coordinator");
    let mut readers = [
        Reader::begin(&world, at_kela.clone(), Some(&plan)).await,
        Reader::begin(&world, caller(KELA), Some(&plan)).await,
        Reader::begin(&world, at_te.clone(), Some(&plan)).await,
        Reader::begin(&world, at_te, None).await,
        Reader::begin(&world, caller(TE), Some(&plan)).await,
        Reader::begin(&world, caller(TE), None).await,
    ];
    merge(&world, &at_kela, &plan, KELA, housing("Asuu kaverilla")).await;
    assert_eq!(news(&world, &mut readers).await, [1, 0, 1, 1, 0, 0], "housing");
    merge(&world, &at_kela, &plan, KELA, aim("Vuokra-asunto")).await;
    assert_eq!(news(&world, &mut readers).await, [1; 6], "a goal");
    let both = |part: &mut PlanPart| {
        housing("Asuu kotona")(part);
        aim("Tuettu asunto")(part);
    };
    merge(&world, &at_kela, &plan, KELA, both).await;
    assert_eq!(news(&world, &mut readers).await, [1; 6], "both");
    world.withdraw(KELA, &open).await;
    assert_eq!(news(&world, &mut readers).await, [0, 0, 1, 1, 0, 0], "not permitted any more");
    merge(&world, &at_kela, &plan, KELA, housing("Koditon")).await;
    assert_eq!(news(&world, &mut readers).await, [1, 0, 0, 0, 0, 0], "what is not permitted");
    world.consent(&youth, KELA, TE, &[DataCategory::Housing]).await;
    assert_eq!(news(&world, &mut readers).await, [0, 0, 1, 1, 0, 0], "permitted again");
    revoke(&world, KELA, &plan).await;
    assert_eq!(news(&world, &mut readers).await, [1; 6], "the end");
}

/// However many watch, a change is looked at once for those who see the same of it. An earlier revision is opened for
/// those alone who do not see all that their agency is told.
#[tokio::test(flavor = "multi_thread")]
async fn who_sees_the_same_is_shown_what_was_put_together_once() {
    let (world, _, plan, _) = laid().await;
    merge(&world, &caller(KELA), &plan, KELA, aim("Vuokra-asunto")).await;
    let name: PlanName = plan.parse().unwrap();
    let (gateway, now) = (&world.gateway, world.gateway.now());
    let revision = gateway.store.plan(name.plan).await.unwrap().unwrap().revision;
    let in_hand = gateway.plans_in_hand.take(name.plan, revision);
    let record = in_hand.record(gateway, name.plan).await.unwrap();
    let shows = async |watcher: Caller| {
        let told_as = watcher.agency.clone();
        in_hand.shown(gateway, (&watcher, told_as), record, revision, now).await.unwrap().is_some()
    };
    for _ in 0..50 {
        assert!(shows(caller(KELA)).await && shows(caller(TE)).await);
    }
    assert_eq!(in_hand.work().await, (2, 0), "one look for each agency, of one revision");
    for _ in 0..50 {
        assert!(!shows(at(KELA, "toinen", "official")).await);
    }
    assert_eq!(in_hand.work().await, (2, 1));
}

/// What a unit has begun is not told to another one; a coordinator is told for all of them.
#[tokio::test(flavor = "multi_thread")]
async fn another_unit_hears_of_nothing_that_it_does_not_see() {
    let (world, _, plan, _) = laid().await;
    let mut readers = [
        Reader::begin(&world, caller(KELA), Some(&plan)).await,
        Reader::begin(&world, at(KELA, "toinen", "official"), Some(&plan)).await,
        Reader::begin(&world, at(KELA, "toinen", "official"), None).await,
        Reader::begin(&world, at(KELA, "toinen", "coordinator"), Some(&plan)).await,
        Reader::begin(&world, at(KELA, "keskusta", "peer"), Some(&plan)).await,
    ];
    merge(&world, &caller(KELA), &plan, KELA, aim("Vuokra-asunto")).await;
    assert_eq!(news(&world, &mut readers).await, [1, 0, 0, 1, 0]);
    // That it has ended everybody sees but who may see nothing at all.
    revoke(&world, KELA, &plan).await;
    assert_eq!(news(&world, &mut readers).await, [1, 1, 1, 1, 0]);
}

/// What happened while it was permitted is not told of when it is not any more; that it is not, is.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_permitted_any_more_is_not_told_late() {
    let (world, _, plan, open) = laid().await;
    let mut late = Reader::begin(&world, caller(TE), Some(&plan)).await;
    let before = events(&world, TE, &plan).await;
    for text in ["Asuu kaverilla", "Asuu kotona"] {
        merge(&world, &caller(KELA), &plan, KELA, housing(text)).await;
    }
    merge(&world, &caller(KELA), &plan, KELA, aim("Vuokra-asunto")).await;
    world.withdraw(KELA, &open).await;
    assert_eq!(events(&world, TE, &plan).await, before + 4);
    assert_eq!(late.news(&world).await, 2);
}
