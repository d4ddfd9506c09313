//! Does one window show what all agencies hold, whoever of them is slow or dead, and nothing that may not be told?

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::{
    AgencyFacts, DataCategory, Fact, GetJourneyRequest, Journey, JourneySource, ListDisclosuresRequest,
    Purpose, WithdrawConsentRequest,
};
use polku_proto::{CategorySet, Disclose as _};
use polku_tests::simulators::{Fault, Operation, SimulatedAgency};
use polku_tests::world::{AddedAgency, Client, OHJAAMO, WorldSettings, professional, request_id};
use tonic::{Request, Status};

use super::identity::{TEMPORARY, identify, link};
use super::ids::unlink;
use super::{add, opening};
use crate::agencies::bench::benches;
use crate::delivery::scene::Scene;
use crate::stage::assess;

const HETU: &str = "010594Y9032";
const OTHER_HETU: &str = "020594X903P";

/// What every agency may tell in most of these tests.
const TOLD: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceAttendance, DataCategory::ServiceNeeds];

/// A world with one agency of every kind that can be asked, each of which holds something on the person.
async fn world() -> (Scene, Vec<String>) {
    let mut agencies: Vec<AddedAgency> = Vec::new();
    for bench in benches().filter(|bench| !bench.kind.fetches.is_empty()) {
        bench.agency.control().stop();
        // The usual manner comes first.
        if agencies.iter().all(|added| added.kind != bench.kind.id) {
            let id = format!("oma-{}", bench.kind.id);
            agencies.push(AddedAgency::new(&id, bench.kind.id, bench.manner, "employment"));
        }
    }
    agencies.sort_by(|one, other| one.id.cmp(&other.id));
    let ids: Vec<String> = agencies.iter().map(|agency| agency.id.clone()).collect();
    let scene = Scene::open(&WorldSettings { agencies, ..WorldSettings::default() }).await;
    assert_eq!(ids.len(), 5);
    for id in &ids {
        let agency = agency(&scene, id);
        agency.hold(HETU, &agency.specimen()).unwrap();
    }
    (scene, ids)
}

fn agency<'a>(scene: &'a Scene, id: &str) -> &'a dyn SimulatedAgency {
    scene.world.agencies[id].simulator.as_ref()
}

/// A person with the guidance point, whose consents let these agencies tell it these categories.
async fn person(scene: &Scene, ids: &[String], categories: &[DataCategory]) -> String {
    let mut ohjaamo = scene.ohjaamo.clone();
    let youth = ohjaamo.identify(HETU).await.unwrap();
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    for id in ids {
        ohjaamo.record_consent(&youth, id, OHJAAMO, Purpose::Guidance, categories).await.unwrap();
    }
    youth
}

async fn read(client: &Client, request: GetJourneyRequest, within: Duration) -> Result<Journey, Status> {
    let mut request = Request::new(request);
    request.set_timeout(within);
    Ok(client.clone().journey.get_journey(request).await?.into_inner())
}

fn ask(youth: &str) -> GetJourneyRequest {
    GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: Purpose::Guidance.into(),
        ..GetJourneyRequest::default()
    }
}

const LONG: Duration = Duration::from_secs(20);

fn by_agency(journey: &Journey) -> BTreeMap<&str, &AgencyFacts> {
    journey.facts.iter().map(|facts| (facts.agency.as_str(), facts)).collect()
}

/// What facts are about, and since and until when, in some order.
fn dated<'a>(facts: impl Iterator<Item = &'a Fact>) -> Vec<(i32, String, String, String)> {
    let mut dated: Vec<_> =
        facts.map(|fact| (fact.kind, fact.text.clone(), fact.since.clone(), fact.until.clone())).collect();
    dated.sort();
    dated
}

/// How often the agency was asked.
fn asked(scene: &Scene, id: &str) -> usize {
    let received = agency(scene, id).control().ledger().received();
    received.iter().filter(|request| request.operation == Operation::Fetch).count()
}

/// domain.md 5: "eikä asiakkaan tarvitse selvittää samoja asioita moneen kertaan".
#[tokio::test(flavor = "multi_thread")]
async fn what_each_agency_holds_is_shown_cut_down_with_source_and_date() {
    let (scene, ids) = world().await;
    let youth = person(&scene, &ids, &TOLD).await;
    let seen = read(&scene.ohjaamo, ask(&youth), LONG).await.unwrap();
    assert!(seen.unreachable.is_empty(), "{:?}", seen.unreachable);
    assert_eq!(by_agency(&seen).keys().copied().collect::<Vec<_>>(), ids);
    let permitted = CategorySet::of(&TOLD).union(CategorySet::ENVELOPE);
    for facts in &seen.facts {
        assert!(facts.as_of.is_some(), "{}", facts.agency);
        // Every fact that may be told, from whom it is and of which day, and no other one.
        let held = agency(&scene, &facts.agency).specimen().facts.into_iter();
        let told = |fact: &Fact| CategorySet::of(&TOLD).contains(fact.category());
        assert_eq!(
            dated(facts.facts.iter()),
            dated(held.filter(told).collect::<Vec<_>>().iter()),
            "{}",
            facts.agency
        );
        assert!(facts.categories().is_subset(permitted), "{}: {}", facts.agency, facts.categories());
    }
    let dates = seen.facts.iter().flat_map(|held| &held.facts).filter(|fact| !fact.since.is_empty()).count();
    assert!(dates > ids.len(), "hardly any fact has a date");
    // "eikä asiakkaan tarvitse selvittää samoja asioita moneen kertaan": what is known is not asked again.
    let before: Vec<usize> = ids.iter().map(|id| asked(&scene, id)).collect();
    assert_eq!(before, vec![1; ids.len()]);
    let again = read(&scene.ohjaamo, ask(&youth), LONG).await.unwrap();
    assert_eq!(again.facts, seen.facts);
    let narrower = GetJourneyRequest { categories: vec![DataCategory::ServiceNeeds.into()], ..ask(&youth) };
    let narrow = read(&scene.ohjaamo, narrower, LONG).await.unwrap();
    let needs = CategorySet::of(&[DataCategory::ServiceNeeds]).union(CategorySet::ENVELOPE);
    assert!(narrow.facts.iter().all(|facts| facts.categories().is_subset(needs)));
    assert_eq!(ids.iter().map(|id| asked(&scene, id)).collect::<Vec<_>>(), before);
    let fresh = GetJourneyRequest { max_age_seconds: Some(0), ..ask(&youth) };
    read(&scene.ohjaamo, fresh, LONG).await.unwrap();
    assert_eq!(ids.iter().map(|id| asked(&scene, id)).collect::<Vec<_>>(), vec![2; ids.len()]);
    scene.end().await.check_intents();
}

/// Questions count with deliveries, and take half of their number at most: an agency that may not be asked more is named,
/// and not asked.
#[tokio::test(flavor = "multi_thread")]
async fn an_agency_is_not_asked_more_than_its_quota_says() {
    let (scene, ids) = world().await;
    let slow = format!("[[quota.agency]]\nid = \"{}\"\ndeliveries_per_second = 1\n\n[delivery]\n", ids[0]);
    let scene = scene
        .restart(|world| {
            let text = std::fs::read_to_string(world.config_file()).unwrap();
            std::fs::write(world.config_file(), text.replace("[delivery]\n", &slow)).unwrap();
        })
        .await;
    let youth = person(&scene, &ids, &TOLD).await;
    let fresh = GetJourneyRequest { max_age_seconds: Some(0), ..ask(&youth) };
    let (mut reads, begun) = (0, Instant::now());
    let mut is_refused = false;
    while !is_refused {
        assert!(reads < 1_000, "the quota is not enforced");
        // At once: however slow the machine is, it reads faster than once a second.
        let round = join_all((0..8).map(|_| read(&scene.ohjaamo, fresh.clone(), LONG))).await;
        for seen in round {
            let seen = seen.unwrap();
            reads += 1;
            if !seen.unreachable.is_empty() {
                assert_eq!(seen.unreachable, [ids[0].clone()]);
                assert!(ids[1..].iter().all(|id| by_agency(&seen).contains_key(id.as_str())));
                is_refused = true;
            }
        }
    }
    let most = 2 + usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!(asked(&scene, &ids[0]) <= most && asked(&scene, &ids[0]) < reads);
    assert!(asked(&scene, &ids[1]) > asked(&scene, &ids[0]), "the others are asked all the same");
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_tell_is_not_asked() {
    let (scene, ids) = world().await;
    let (told, silent) = ids.split_at(2);
    let youth = person(&scene, told, &TOLD).await;
    let seen = read(&scene.ohjaamo, ask(&youth), LONG).await.unwrap();
    assert_eq!(by_agency(&seen).keys().copied().collect::<Vec<_>>(), told);
    assert!(seen.unreachable.is_empty(), "whoever may not tell does not show as silent");
    for id in silent {
        assert_eq!(asked(&scene, id), 0, "{id}");
    }
    let without = GetJourneyRequest { purpose: 0, ..ask(&youth) };
    assert!(read(&scene.ohjaamo, without, LONG).await.unwrap().facts.is_empty());
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_is_shown_no_more_when_the_consent_is_withdrawn() {
    let (scene, ids) = world().await;
    let youth = person(&scene, &ids[1..], &TOLD).await;
    let mut ohjaamo = scene.ohjaamo.clone();
    let consent = ohjaamo.record_consent(&youth, &ids[0], OHJAAMO, Purpose::Guidance, &TOLD).await.unwrap();
    let seen = read(&ohjaamo, ask(&youth), LONG).await.unwrap();
    assert!(by_agency(&seen).contains_key(ids[0].as_str()));
    let withdrawal = WithdrawConsentRequest {
        request_id: request_id(),
        name: consent.name.clone(),
        etag: consent.etag.clone(),
        ..WithdrawConsentRequest::default()
    };
    ohjaamo.consent.withdraw_consent(withdrawal).await.unwrap();
    let seen = read(&ohjaamo, ask(&youth), LONG).await.unwrap();
    assert!(!by_agency(&seen).contains_key(ids[0].as_str()));
    assert!(seen.unreachable.is_empty());
    scene.end().await.check_intents();
}

/// How often it is tried whether an answer comes in time: a machine that is busy otherwise may be late.
const TRIALS: usize = 5;

/// Every agency is asked anew, within 10 s: the first answer that came at least 100 ms before.
async fn in_time(scene: &Scene, youth: &str) -> Journey {
    let deadline = Duration::from_secs(10);
    let asked_anew = GetJourneyRequest { max_age_seconds: Some(0), ..ask(youth) };
    for _ in 0..TRIALS {
        let begun = Instant::now();
        let seen = read(&scene.ohjaamo, asked_anew.clone(), deadline).await;
        let took = begun.elapsed();
        println!("within 10 s: answered after {took:?}, {:?}", seen.as_ref().err().map(Status::code));
        if took <= deadline - Duration::from_millis(100)
            && let Ok(seen) = seen
        {
            return seen;
        }
    }
    panic!("none of {TRIALS} in time");
}

/// One agency is dead and one answers after two minutes: the others are shown, at least 100 ms before the caller's time is
/// up.
#[tokio::test(flavor = "multi_thread")]
async fn neither_a_dead_nor_a_slow_agency_delays_the_others() {
    let (scene, ids) = world().await;
    let youth = person(&scene, &ids, &TOLD).await;
    agency(&scene, &ids[0]).control().faults().set(Fault::Dead);
    let slow = Fault::Slow(Duration::from_secs(120));
    agency(&scene, &ids[1]).control().faults().set_on(Operation::Fetch, slow);
    let seen = in_time(&scene, &youth).await;
    assert_eq!(seen.unreachable, ids[..2]);
    assert_eq!(by_agency(&seen).keys().copied().collect::<Vec<_>>(), ids[2..]);
    // A question changes nothing: it is asked again, and answered.
    for id in &ids[..2] {
        agency(&scene, id).control().faults().clear().unwrap();
    }
    let seen = read(&scene.ohjaamo, ask(&youth), LONG).await.unwrap();
    assert!(seen.unreachable.is_empty(), "{:?}", seen.unreachable);
    assert_eq!(seen.facts.len(), ids.len());
    scene.end().await.check_intents();
}

/// An address that takes connections in and never says anything is as dead, and what the agency said before is still
/// known, with its date.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_swallows_connections_delays_nobody() {
    let (scene, ids) = world().await;
    let youth = person(&scene, &ids, &TOLD).await;
    // Whoever listens here never accepts.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = scene
        .restart(|world| {
            let port = |address: std::net::SocketAddr| format!("localhost:{}", address.port());
            let usual = port(world.agencies[&ids[0]].simulator.control().address());
            let text = std::fs::read_to_string(world.config_file()).unwrap();
            assert!(text.contains(&usual));
            let text = text.replace(&usual, &port(silent.local_addr().unwrap()));
            std::fs::write(world.config_file(), text).unwrap();
        })
        .await;
    let seen = in_time(&scene, &youth).await;
    assert_eq!(seen.unreachable, ids[..1]);
    assert_eq!(by_agency(&seen).keys().copied().collect::<Vec<_>>(), ids[1..]);
    scene.end().await.check_intents();
}

/// domain.md 5: "eikä asiakkaan tarvitse selvittää samoja asioita moneen kertaan": who is silent now has said it before.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_silent_agency_said_before_is_shown_with_its_date() {
    let (scene, ids) = world().await;
    let youth = person(&scene, &ids, &TOLD).await;
    let before = read(&scene.ohjaamo, ask(&youth), LONG).await.unwrap();
    agency(&scene, &ids[0]).control().faults().set(Fault::Dead);
    let asked_anew = GetJourneyRequest { max_age_seconds: Some(0), ..ask(&youth) };
    let now = read(&scene.ohjaamo, asked_anew.clone(), LONG).await.unwrap();
    assert_eq!(now.unreachable, ids[..1], "it has not answered");
    assert_eq!(by_agency(&now)[ids[0].as_str()], by_agency(&before)[ids[0].as_str()]);
    assert_ne!(by_agency(&now)[ids[1].as_str()].as_of, by_agency(&before)[ids[1].as_str()].as_of);
    // To nobody else: nobody was told it yet.
    let colleague = scene.world.client(scene.running.bound.grpc, &scene.world.identities.ohjaamo).unwrap();
    let colleague = colleague.acting(&professional("ohjaaja-2", "keskusta", "guidance_worker"));
    let seen = read(&colleague, asked_anew, LONG).await.unwrap();
    assert!(!by_agency(&seen).contains_key(ids[0].as_str()));
    scene.end().await.check_intents();
}

/// A code that was linked by mistake has somebody else's facts: nobody is shown them any more once the link has ended, nor
/// after the right code was linked.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_about_another_code_is_not_shown() {
    let (scene, ids) = world().await;
    let mut ohjaamo = scene.ohjaamo.clone();
    let youth = identify(&ohjaamo, "", TEMPORARY).await.unwrap();
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    assess(&ohjaamo, &youth, Capacity::CapableAllows).await;
    assert_eq!(link(&ohjaamo, &youth, HETU).await.unwrap(), youth);
    for id in &ids {
        ohjaamo.record_consent(&youth, id, OHJAAMO, Purpose::Guidance, &TOLD).await.unwrap();
    }
    let told = async || {
        let seen = read(&scene.ohjaamo, ask(&youth), LONG).await.unwrap();
        (seen.facts.len(), seen.unreachable.len(), ids.iter().map(|id| asked(&scene, id)).sum::<usize>())
    };
    let all = ids.len();
    for _ in 0..2 {
        assert_eq!(told().await, (all, 0, all));
    }
    unlink(&ohjaamo, &youth, HETU).await;
    assert_eq!(told().await, (0, all, all), "nobody can be asked about a temporary id");
    assert_eq!(link(&ohjaamo, &youth, OTHER_HETU).await.unwrap(), youth);
    let seen = read(&scene.ohjaamo, ask(&youth), LONG).await.unwrap();
    assert!(seen.facts.iter().all(|held| held.facts.is_empty() && held.plans.is_empty()), "of somebody else");
    assert_eq!(told().await.2, 2 * all, "about another code they are asked anew, once");
    scene.end().await.check_intents();
}

/// What an agency has answered one agency for one purpose is no answer to another one, nor for another purpose; and the
/// young person is told who was asked, for whom and for what.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_for_whoever_asked_and_for_what() {
    let (scene, ids) = world().await;
    let youth = person(&scene, &ids[..2], &TOLD).await;
    let mut ohjaamo = scene.ohjaamo.clone();
    ohjaamo.record_consent(&youth, &ids[0], OHJAAMO, Purpose::EmploymentServices, &TOLD[..2]).await.unwrap();
    let asked_now = || [&ids[0], &ids[1]].map(|id| asked(&scene, id));
    read(&ohjaamo, ask(&youth), LONG).await.unwrap();
    assert_eq!(asked_now(), [1, 1]);
    let other = GetJourneyRequest { purpose: Purpose::EmploymentServices.into(), ..ask(&youth) };
    for _ in 0..2 {
        let seen = read(&ohjaamo, other.clone(), LONG).await.unwrap();
        assert_eq!(by_agency(&seen).keys().copied().collect::<Vec<_>>(), ids[..1]);
        assert_eq!(asked_now(), [2, 1], "for another purpose it is asked anew, once");
    }
    let subject = scene.world.client(scene.running.bound.grpc, &scene.world.identities.oma).unwrap();
    let subject = subject.acting(&crate::stage::subject(&youth));
    let list = ListDisclosuresRequest { parent: youth.clone(), ..ListDisclosuresRequest::default() };
    let list = subject.clone().journey.list_disclosures(list).await.unwrap().into_inner().disclosures;
    let questions: Vec<_> = list
        .iter()
        .filter(|one| one.kind() == Kind::FactsAsked)
        .map(|one| {
            (one.discloser.as_str(), one.purpose(), CategorySet::of(&one.permitted().collect::<Vec<_>>()))
        })
        .collect();
    let told = CategorySet::of(&TOLD);
    let expected = [
        (ids[0].as_str(), Purpose::EmploymentServices),
        (ids[0].as_str(), Purpose::Guidance),
        (ids[1].as_str(), Purpose::Guidance),
    ];
    assert_eq!(questions.iter().map(|(whom, purpose, _)| (*whom, *purpose)).collect::<Vec<_>>(), expected);
    assert!(
        questions.iter().all(|(_, _, asked)| !asked.is_empty() && asked.is_subset(told)),
        "{questions:?}"
    );
    let recipients =
        list.iter().filter(|one| one.kind() == Kind::FactsAsked).map(|one| one.recipient.as_str());
    assert!(recipients.clone().all(|recipient| recipient.starts_with(OHJAAMO)), "{list:?}");
    scene.end().await.check_intents();
}
