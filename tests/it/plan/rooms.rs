//! Does a plan hold together where time passes, parties leave, and the young person looks on?

use jiff::SignedDuration;
use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    ConsentTerms, DataCategory, ListTasksRequest, RecordConsentRequest, SendWarning, Task,
};
use polku_tests::simulators::{Fault, Ledger};
use polku_tests::world::{
    Client, KELA, OHJAAMO, PAJA, PEOPLE, TE, eventually, evidence, full_content, referral_to, request_id,
    terms,
};
use tonic::Code;

use super::systems::{Heard, ends, heard, of, settles};
use super::table::*;
use super::watch::{assert_quiet, next, watch};
use crate::stage::{BASIC, PATIENCE, Stage, assert_refused, purpose_of, wire};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The young person's consent that the one tells the other for so long.
async fn agree_for(stage: &Stage, youth: &str, (from, to): (&str, &str), long: SignedDuration) {
    let until = Some(wire(stage.now() + long));
    let terms = ConsentTerms { valid_until: until, ..terms(from, to, PURPOSE, &SHARED) };
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        terms: Some(terms),
        evidence: Some(evidence()),
        ..RecordConsentRequest::default()
    };
    stage.ohjaamo().consent.record_consent(request).await.unwrap();
}

fn words(parts: Vec<Heard>, owner: &str) -> Vec<(u64, bool)> {
    of(parts, owner).iter().map(|part| (part.version, part.is_last)).collect()
}

/// Waits while time goes on: who waits for a turn, or for a lease to run out, waits by the clock.
async fn in_time(stage: &Stage, what: impl Fn() -> bool) {
    let seen = eventually(PATIENCE, || async {
        stage.advance(SignedDuration::from_millis(200));
        what().then_some(())
    });
    assert!(seen.await.is_some(), "it never comes");
}

/// Whether the last thing that a system has heard of an owner's section is such a part.
fn last(ledger: &Ledger, plan: &str, owner: &str, is: impl Fn(&Heard) -> bool) -> bool {
    of(heard(ledger, plan), owner).last().is_some_and(is)
}

/// Nobody calls when a consent ends by time. Each system that was told on its ground hears so, once and in its order, and
/// another one whose consent goes on hears nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_ends_by_time_is_the_last_that_is_heard() {
    let stage = Stage::at_noon().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    agree_for(&stage, &youth, (OHJAAMO, TE), DAY).await;
    agree_for(&stage, &youth, (OHJAAMO, PAJA), DAY * 2).await;
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    for party in [TE, PAJA] {
        add(&ohjaamo, &plan, party).await.unwrap();
    }
    let (office, workshop) = (stage.world.te.ledger(), stage.world.walmu.ledger());
    for (owner, text) in [("youth", "oma koti"), (OHJAAMO, "ohjaus")] {
        edit(&ohjaamo, &plan, owner, |part| part.goals.push(goal("g1", text))).await.unwrap();
        for ledger in [office, workshop] {
            in_time(&stage, || last(ledger, &plan, owner, |part| part.texts.contains(text))).await;
        }
    }
    stage.advance(DAY);
    for owner in ["youth", OHJAAMO] {
        in_time(&stage, || last(office, &plan, owner, |part| part.is_last)).await;
    }
    for owner in ["youth", OHJAAMO] {
        assert_eq!(words(settles(&stage, TE, &plan).await, owner), [(1, false), (2, true)], "{owner}");
        assert_eq!(words(heard(workshop, &plan), owner), [(1, false)], "{owner}");
    }
    // What comes after it is for those who may still be told.
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = "kanaria-asunto".to_owned()).await.unwrap();
    in_time(&stage, || last(workshop, &plan, "youth", |part| part.texts.contains("kanaria-asunto"))).await;
    stage.advance(DAY);
    for owner in ["youth", OHJAAMO] {
        in_time(&stage, || last(workshop, &plan, owner, |part| part.is_last)).await;
    }
    assert_eq!(words(settles(&stage, PAJA, &plan).await, "youth"), [(1, false), (2, false), (3, true)]);
    assert_eq!(words(settles(&stage, TE, &plan).await, "youth"), [(1, false), (2, true)]);
    assert!(!office.received_contains(b"kanaria-asunto"));
    stage.close().await;
}

/// A gateway that was not there when a consent ended says so when it is there again.
#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_ended_meanwhile_is_told_after_a_restart() {
    let stage = Stage::at_noon().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[1]).await.unwrap();
    // The stage goes on with the clock of the host, which is later.
    agree_for(&stage, &youth, (OHJAAMO, TE), DAY).await;
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    add(&ohjaamo, &plan, TE).await.unwrap();
    for (owner, text) in [("youth", "oma koti"), (OHJAAMO, "ohjaus")] {
        edit(&ohjaamo, &plan, owner, |part| part.goals.push(goal("g1", text))).await.unwrap();
        let office = stage.world.te.ledger();
        in_time(&stage, || last(office, &plan, owner, |part| part.texts.contains(text))).await;
    }
    let stage = stage.restart().await;
    ends(stage.world.te.ledger(), &plan).await;
    stage.close().await;
}

/// The young person follows their plan as they see it, and so does a guardian; nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn the_young_person_follows_their_own_plan() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    let (other, _) = laid(&stage, PEOPLE[3]).await;
    let subject = stage.subject(&youth);
    let mut stream = watch(&subject, &plan, "").await.unwrap();
    // What one party hides from another shows to the young person.
    edit(&stage.kela(), &plan, KELA, |part| {
        part.needs.push(need("n1", DataCategory::BenefitsIncome, "kanaria-etuudet"));
    })
    .await
    .unwrap();
    let first = next(&mut stream).await;
    let seen = section(first.plan.as_ref().unwrap(), KELA);
    assert_eq!(seen.needs[0].text, "kanaria-etuudet");
    edit(&subject, &plan, "youth", |part| part.client_view = "koti".to_owned()).await.unwrap();
    let second = next(&mut stream).await;
    assert_eq!(section(second.plan.as_ref().unwrap(), "youth").client_view, "koti");
    assert_quiet(&mut stream).await;
    drop(stream);
    // The token goes on, for the same reader alone.
    edit(&stage.te(), &plan, TE, |part| part.goals.push(goal("g1", "tyo"))).await.unwrap();
    let mut stream = watch(&subject, &plan, &first.resume_token).await.unwrap();
    for _ in 0..2 {
        let event = next(&mut stream).await;
        assert_eq!(section(event.plan.as_ref().unwrap(), TE).goals[0].text, "tyo");
    }
    assert_quiet(&mut stream).await;
    let token = first.resume_token.as_str();
    assert_refused(watch(&stage.te(), &plan, token).await, Code::InvalidArgument, "RESUME_TOKEN_INVALID");
    // Neither another's plan nor, without a name, whichever there are.
    assert_refused(watch(&stage.subject(&other), &plan, "").await, Code::NotFound, "NOT_FOUND");
    assert_refused(watch(&subject, "", "").await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
}

/// A guardian of a minor hears of what they see, in a stream of their own.
#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_follows_a_minors_plan() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[12]).await;
    let guardian = stage.guardian(&youth);
    let mut stream = watch(&guardian, &plan, "").await.unwrap();
    edit(&stage.ohjaamo(), &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    let event = next(&mut stream).await;
    let seen = polku_proto::v1::Plan { etag: String::new(), ..event.plan.unwrap() };
    let now = read(&guardian, &plan).await.unwrap();
    assert_eq!(seen, polku_proto::v1::Plan { etag: String::new(), ..now });
    assert_quiet(&mut stream).await;
}

/// A clash in a section: the name of its task.
async fn clash(client: &Client, plan: &str, owner: &str, needs: DataCategory, id: &str) -> String {
    edit(client, plan, owner, |part| part.needs.push(need(id, needs, "tarve"))).await.unwrap();
    let stale = read(client, plan).await.unwrap();
    let change = |part: &mut polku_proto::v1::PlanPart, text: &str| {
        part.needs.iter_mut().find(|need| need.id == id).unwrap().text = text.to_owned();
    };
    edit(client, plan, owner, |part| change(part, &format!("{owner} ensin"))).await.unwrap();
    let mut part = section(&stale, owner);
    change(&mut part, "toiseksi");
    let merged = merge(client, plan, &stale.etag, vec![part]).await.unwrap();
    let [conflict] = merged.conflicts.as_slice() else { panic!("one clash") };
    conflict.task.clone()
}

async fn all_tasks(client: &Client, youth: &str) -> Vec<Task> {
    let request =
        ListTasksRequest { parent: youth.to_owned(), show_resolved: true, ..ListTasksRequest::default() };
    client.clone().task.list_tasks(request).await.unwrap().into_inner().tasks
}

/// What a party that leaves had to decide goes to the responsible worker, who may see it, or is closed.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_party_leaves_undecided_is_handed_over_or_closed() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[4]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let open = clash(&te, &plan, TE, DataCategory::ServiceNeeds, "n1").await;
    let hidden = clash(&te, &plan, TE, DataCategory::Housing, "n2").await;
    // A clash elsewhere stays where it is.
    let other = clash(&ohjaamo, &plan, OHJAAMO, DataCategory::ServiceNeeds, "n1").await;
    // The responsible worker's own task about what both may see stays, and the party's own is closed with the other.
    let named = tasks(&ohjaamo).await.unwrap().into_iter().map(|task| task.name);
    let twin = named.filter(|name| *name != other).collect::<Vec<_>>().remove(0);
    remove(&ohjaamo, &plan, TE).await.unwrap();
    let mut waiting: Vec<String> = tasks(&ohjaamo).await.unwrap().into_iter().map(|task| task.name).collect();
    waiting.sort_unstable();
    let mut expected = [twin.clone(), other];
    expected.sort_unstable();
    assert_eq!(waiting, expected);
    let decided = decide(&ohjaamo, &twin, Choice::Ours, None).await.unwrap();
    assert_eq!(decided.state(), State::Resolved);
    let part = section(&read(&ohjaamo, &plan).await.unwrap(), TE);
    assert_eq!(part.needs[0].text, "toiseksi");
    assert_refused(decide(&ohjaamo, &hidden, Choice::Ours, None).await, Code::NotFound, "NOT_FOUND");
    // Back at the table, the party finds its own ones closed.
    add(&ohjaamo, &plan, TE).await.unwrap();
    let own = all_tasks(&te, &youth).await;
    let own: Vec<_> = own.iter().map(|task| (task.name.as_str(), task.state())).collect();
    assert_eq!(own, [(open.as_str(), State::Obsolete), (hidden.as_str(), State::Obsolete)]);
    let refused = decide(&te, &hidden, Choice::Ours, None).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    // That nobody has decided is told to who may know that there was something to decide.
    for (client, expected) in [(&te, vec![hidden.as_str()]), (&ohjaamo, vec![])] {
        let told = revisions(client, &plan).await.unwrap().revisions;
        let activities = told.iter().flat_map(|revision| &revision.activities);
        let undecided = activities.filter(|one| one.kind() == Kind::Undecided);
        assert_eq!(undecided.map(|one| one.task.as_str()).collect::<Vec<_>>(), expected);
    }
    stage.close().await;
}

/// However many pairs were offered before, new ones are; and each only once, from whichever end it is found.
#[tokio::test(flavor = "multi_thread")]
async fn pairs_that_were_offered_do_not_stand_in_the_way_of_others() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[5]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let text = |number: usize| {
        let words = ["ajokortti", "asunto", "opinnot", "tyopaikka", "velkajarjestely", "harrastus"];
        format!("{} {} {number}{number}{number}", words[number % 6], words[number / 6])
    };
    let goals = |from: usize, to: usize| (from..to).map(move |n| goal(&format!("g{n}"), &text(n)));
    edit(&ohjaamo, &plan, "youth", |part| part.goals.extend(goals(0, 30))).await.unwrap();
    assert!(tasks(&ohjaamo).await.unwrap().is_empty());
    let offered = async || {
        let mut pairs = Vec::new();
        for task in tasks(&ohjaamo).await.unwrap() {
            let Some(Matter::Duplicate(pair)) = task.matter else { panic!("a pair") };
            pairs.push((pair.first.unwrap().id, pair.second.unwrap().id));
        }
        pairs
    };
    // A call's change is looked at as an import's is: 20 at once, and the others with the next item.
    edit(&te, &plan, TE, |part| part.goals.extend(goals(0, 29))).await.unwrap();
    assert_eq!(offered().await.len(), 20);
    // A call that changes nothing does not tell that there are more, of which its caller may know nothing.
    let nothing = edit(&stage.kela(), &plan, KELA, |_| ()).await.unwrap();
    assert_eq!((nothing.receipt, offered().await.len()), (None, 20));
    edit(&te, &plan, TE, |part| part.goals.extend(goals(29, 30))).await.unwrap();
    let all = offered().await;
    assert_eq!(all.len(), 30);
    assert!(all.iter().all(|(first, second)| first == second));
    // The other end finds the same, and a change without anything new is not looked at.
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g99", "jotain ihan muuta"))).await.unwrap();
    edit(&te, &plan, TE, |part| part.goals[0].due = "2027-01-01".to_owned()).await.unwrap();
    assert_eq!(offered().await, all);
    // What is gone needs no decision, and under its id comes another one.
    edit(&te, &plan, TE, |part| part.goals.retain(|goal| goal.id != "g7")).await.unwrap();
    assert_eq!(offered().await.len(), 29);
    edit(&te, &plan, TE, |part| part.goals.extend(goals(7, 8))).await.unwrap();
    assert_eq!(offered().await.len(), 30);
    stage.close().await;
}

/// A sender is warned of what it knows of: what it has sent and what it has received, and nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_warned_of_open_referrals_that_it_knows_of() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[6]).await;
    for (from, to) in [(KELA, OHJAAMO), (TE, OHJAAMO)] {
        let mut recorder = stage.ohjaamo();
        recorder.record_consent(&youth, from, to, purpose_of(from), &BASIC).await.unwrap();
    }
    let send = async |client: Client, recipient: &str, of: &str| {
        let request = referral_to(recipient, &youth, purpose_of(of), full_content());
        client.clone().referral.send_referral(request).await.unwrap().into_inner()
    };
    assert!(send(stage.ohjaamo(), KELA, KELA).await.warnings.is_empty());
    // The recipient knows of it, whoever is neither does not.
    let back = send(stage.kela(), OHJAAMO, KELA).await;
    assert_eq!(back.warnings().collect::<Vec<_>>(), [SendWarning::ParallelReferral]);
    // Nor does a recipient that it has not reached yet.
    stage.world.te.faults().set(Fault::Dead);
    stage.ohjaamo().record_consent(&youth, OHJAAMO, TE, purpose_of(TE), &BASIC).await.unwrap();
    send(stage.ohjaamo(), TE, TE).await;
    assert!(send(stage.te(), OHJAAMO, TE).await.warnings.is_empty());
    stage.close().await;
}
