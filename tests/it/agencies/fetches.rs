//! Does a question bring what the agency holds, and no more than was asked for?

use polku_adapters::AdapterErrorKind;
use polku_proto::v1::{AgencyFacts, DataCategory, Fact, FactKind, FactsQuery, PlanPart};
use polku_proto::{CategorySet, Disclose as _};
use polku_tests::simulators::Held;

use super::bench::{Bench, benches, build, now, personal};
use super::payloads::{HETU, query};
use super::receives::diff;

/// Takes out the ids of items that are not in the plan: they would say that there are such items.
fn forget_untold(plan: &mut PlanPart) {
    let PlanPart { needs, goals, actions, .. } = plan;
    for goal in goals.iter_mut() {
        goal.needs.retain(|named| needs.iter().any(|need| need.id == *named));
    }
    for action in actions {
        if goals.iter().all(|goal| goal.id != action.goal) {
            action.goal = String::new();
        }
    }
}

/// What is held of these categories.
fn of_categories(held: &Held, own: &str, categories: CategorySet) -> (Vec<Fact>, Vec<PlanPart>) {
    let asked = |fact: &&Fact| CategorySet::named(fact.category).is_subset(categories);
    let facts = held.facts.iter().filter(asked).cloned().collect();
    let plans = held.plans.iter().filter_map(|plan| {
        let mut plan = PlanPart { owner: own.to_owned(), ..plan.clone() };
        plan.restrict(categories);
        forget_untold(&mut plan);
        (!plan.categories().is_subset(CategorySet::ENVELOPE)).then_some(plan)
    });
    (facts, plans.collect())
}

fn sorted(mut facts: Vec<Fact>) -> Vec<Fact> {
    facts.sort_by_key(|fact| (fact.kind, fact.reference.clone(), fact.text.clone()));
    facts
}

#[track_caller]
fn assert_told(name: &str, told: &AgencyFacts, held: &Held, own: &str, categories: CategorySet) {
    assert_eq!(told.agency, own, "{name}");
    assert_eq!(told.as_of.map(|instant| instant.seconds), Some(now().as_second()), "{name}");
    let (facts, plans) = of_categories(held, own, categories);
    let (told_facts, facts) = (sorted(told.facts.clone()), sorted(facts));
    assert_eq!(told_facts.len(), facts.len(), "{name}, {categories}: facts");
    for (told, held) in told_facts.iter().zip(&facts) {
        assert!(told == held, "{name}: {:#?}", diff(told, held));
    }
    assert_eq!(told.plans.len(), plans.len(), "{name}, {categories}: plans");
    for (told, held) in told.plans.iter().zip(&plans) {
        assert!(told == held, "{name}: {:#?}", diff(told, held));
    }
}

fn able() -> impl Iterator<Item = Bench> {
    benches().filter(|bench| !bench.kind.fetches.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_told_and_no_more_than_was_asked_for() {
    for bench in able() {
        let (name, own) = (bench.name(), bench.kind.id);
        let held = bench.agency.specimen();
        bench.agency.hold(HETU, &held).unwrap();
        let mut sets: Vec<Vec<DataCategory>> =
            bench.kind.fetches.iter().map(|category| vec![category]).collect();
        sets.push(bench.kind.fetches.iter().collect());
        for categories in sets {
            let told = bench.fetch(query(&categories)).await;
            let told = told.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_told(&name, &told, &held, own, CategorySet::of(&categories));
        }
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_whom_nothing_is_held() {
    for bench in able() {
        let categories: Vec<_> = bench.kind.fetches.iter().collect();
        bench.agency.hold("010594Y9021", &bench.agency.specimen()).unwrap();
        let told = bench.fetch(query(&categories)).await;
        let told = told.unwrap_or_else(|error| panic!("{}: {error:?}", bench.name()));
        assert_eq!((told.facts.len(), told.plans.len()), (0, 0), "{}", bench.name());
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_the_persons_own() {
    for bench in able() {
        let (name, own) = (bench.name(), bench.kind.id);
        let categories: Vec<_> = bench.kind.fetches.iter().collect();
        let held = bench.agency.specimen();
        let less = Held { facts: held.facts[..held.facts.len() - 1].to_vec(), plans: Vec::new() };
        let other = "010594Y9021";
        bench.agency.hold(HETU, &held).unwrap();
        bench.agency.hold(other, &less).unwrap();
        // Of one and the other, and of the first again.
        for (code, held) in [(HETU, &held), (other, &less), (HETU, &held)] {
            let question = FactsQuery { identity_code: code.into(), ..query(&categories) };
            let told = bench.fetch(question).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_told(&name, &told, held, own, CategorySet::of(&categories));
        }
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_be_asked_says_so() {
    for bench in benches().filter(|bench| bench.kind.fetches.is_empty()) {
        let error = bench.fetch(query(&personal())).await.unwrap_err();
        assert_eq!(error.kind, AdapterErrorKind::Unwritable { what: "query" }, "{}", bench.name());
        assert!(bench.agency.control().ledger().received().is_empty());
        bench.agency.control().stop();
    }
}

/// As many records as the contract takes, each with a text as professionals write them.
fn many(held: &Held) -> Held {
    let long = "Nuori kävi ohjauksessa ja sopi jatkosta. ".repeat(12);
    let facts = held.facts.iter().enumerate().cycle().take(500).zip(0..).map(|((place, fact), number)| {
        let mut fact = fact.clone();
        if !fact.text.is_empty() && fact.kind() != FactKind::Attendance {
            fact.text = long.trim().to_owned();
        }
        // Each stands in a record of its own, or in that of its neighbour as before.
        if !fact.reference.is_empty() {
            fact.reference = format!("{}-{}", fact.reference, (number - place) / held.facts.len());
        }
        fact
    });
    Held { facts: facts.collect(), plans: held.plans.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_five_hundred_records_is_read() {
    let mut too_much_before = 0;
    for bench in able() {
        let (name, own) = (bench.name(), bench.kind.id);
        let held = many(&bench.agency.specimen());
        bench.agency.hold(HETU, &held).unwrap();
        let categories: Vec<_> = bench.kind.fetches.iter().collect();
        let told = bench.fetch(query(&categories)).await;
        let told = told.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_told(&name, &told, &held, own, CategorySet::of(&categories));
        let tight = bench.settings().replacen("timeout_ms", "max_answer_bytes = 262144, timeout_ms", 1);
        let tight = build(bench.kind, &tight).fetch(bench.permit(query(&categories)), now()).await;
        too_much_before += usize::from(tight.is_err());
        bench.agency.control().stop();
    }
    assert!(too_much_before > 0, "256 KiB are enough");
}
