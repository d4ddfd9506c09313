//! What becomes of a referral when the agency misbehaves in one way or another?

use std::time::Duration;

use polku_gateway::audit::Event;
use polku_proto::v1::DeliveryState::{self, Delivered, InDoubt, Rejected};
use polku_proto::v1::ReferralState;
use polku_tests::simulators::{Fault, Operation, Repetition};
use polku_tests::world::{PAJA, PEOPLE, TE, WorldSettings};

use super::scene::Scene;

/// How a referral fares, and what it takes.
struct Fare {
    state: DeliveryState,
    effects: usize,
    attempts: u32,
    /// How often the agency is asked whether the message has arrived.
    asked: usize,
}

const fn fare(state: DeliveryState, effects: usize, attempts: u32, asked: usize) -> Fare {
    Fare { state, effects, attempts, asked }
}

/// The agency has it, was not heard, and said so when asked.
const FOUND: Fare = fare(Delivered, 1, 1, 1);
/// The agency has not got it, said so when asked, and got it with the second attempt.
const ASKED_AND_REPEATED: Fare = fare(Delivered, 1, 2, 1);
/// The second attempt was safe without asking.
const REPEATED: Fare = fare(Delivered, 1, 2, 0);
const REFUSED: Fare = fare(Rejected, 0, 1, 0);
/// The agency has it and nobody can know.
const DOUBTED: Fare = fare(InDoubt, 1, 1, 0);
/// The agency has not got it and nobody can know.
const DOUBTED_IN_VAIN: Fare = fare(InDoubt, 0, 1, 0);

fn status(code: u16, retry_after: Option<u64>) -> Fault {
    Fault::Status { code, retry_after }
}

fn technical(code: &str) -> Fault {
    Fault::TechnicalFault(code.into())
}

/// Faults that both agencies can have, with how a referral fares at te, at te without status query, and at paja.
fn common() -> Vec<(Fault, Fare, Fare, Fare)> {
    let lost = || (ASKED_AND_REPEATED, DOUBTED_IN_VAIN, REPEATED);
    let unheard = || (FOUND, DOUBTED, REPEATED);
    let refused = || (REFUSED, REFUSED, REFUSED);
    let table = [
        (Fault::Slow(Duration::from_millis(900)), unheard()),
        (Fault::ResetBeforeEffect, lost()),
        (Fault::ResetAfterEffect, unheard()),
        (Fault::HalfAnswer, unheard()),
        (Fault::SlowBody(Duration::from_millis(30)), unheard()),
        (status(503, Some(1)), (REPEATED, REPEATED, REPEATED)),
        (status(429, None), (REPEATED, REPEATED, REPEATED)),
        (status(503, None), lost()),
        (status(504, None), lost()),
        (Fault::FailAfterEffect(502), unheard()),
        (Fault::BusinessFault("VIRHEELLINEN_SISALTO".into()), refused()),
        (Fault::Garbage, unheard()),
        (Fault::Redirect, lost()),
        (Fault::HugeAnswer(2 << 20), unheard()),
        (Fault::Doctype, unheard()),
    ];
    table.into_iter().map(|(fault, (te, dumb, paja))| (fault, te, dumb, paja)).collect()
}

/// X-Road's own faults come in two spellings, which mean the same.
fn of_the_way() -> Vec<(Fault, Fare, Fare)> {
    vec![
        (technical("server.serverproxy.service_disabled"), REPEATED, REPEATED),
        (technical("Server.ServerProxy.ServiceDisabled"), REPEATED, REPEATED),
        (technical("client.access_denied"), REFUSED, REFUSED),
        (technical("Client.AccessDenied"), REFUSED, REFUSED),
        (technical("server.serverproxy.service_failed.io_error"), ASKED_AND_REPEATED, DOUBTED_IN_VAIN),
        (technical("Server.ServerProxy.ServiceFailed.IOError"), ASKED_AND_REPEATED, DOUBTED_IN_VAIN),
        (Fault::WrongEcho, FOUND, DOUBTED),
        (Fault::WrongHash, FOUND, DOUBTED),
    ]
}

fn settings() -> WorldSettings {
    WorldSettings { retry_seconds: vec![0], answer_ms: 500, ..WorldSettings::default() }
}

async fn check(settings: &WorldSettings, agency: &str, cases: Vec<(Fault, Fare)>) {
    let mut scene = Scene::open(settings).await;
    let mut done = Vec::new();
    for (number, (fault, fare)) in cases.into_iter().enumerate() {
        let (youth, _) = scene.consenting(PEOPLE[number % PEOPLE.len()], agency).await;
        let asked = scene.requests(agency, Operation::Status);
        scene.faults(agency).once_on(Operation::Deliver, fault.clone());
        let referral = scene.deliver(&youth, agency).await;
        assert_eq!(scene.faults(agency).waiting(), 0, "{fault:?} was not met");
        assert_eq!(referral.delivery_state(), fare.state, "{fault:?}");
        assert_eq!(referral.state(), ReferralState::Requested, "{fault:?}");
        assert_eq!(scene.requests(agency, Operation::Status) - asked, fare.asked, "{fault:?}");
        done.push((fault, fare, referral.name));
    }
    // Whatever was still under way at the agency has had its time by now, but for the last of it.
    scene
        .until("late effects", |scene| {
            done.iter().all(|(_, fare, name)| scene.effects(agency, name) == fare.effects)
        })
        .await;
    let sent = scene.requests(agency, Operation::Deliver);
    for (fault, fare, name) in &done {
        assert_eq!(scene.get(name).await.delivery_state(), fare.state, "{fault:?} later on");
    }
    let remains = scene.end().await;
    for (fault, fare, name) in &done {
        let [row] = &remains.deliveries(name).await[..] else { panic!("{fault:?}: not one delivery") };
        assert_eq!((row.state, row.attempts), (fare.state, fare.attempts), "{fault:?}");
        assert_eq!(row.reference.is_some(), fare.state == Delivered, "{fault:?}");
    }
    let attempts: u32 = done.iter().map(|(_, fare, _)| fare.attempts).sum();
    assert_eq!(sent, attempts as usize, "what was sent, and what was written down about it");
    assert_eq!(remains.count(Event::DeliveryIntent), attempts as usize);
    remains.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_answers_status_gets_each_referral_once() {
    let common = common().into_iter().map(|(fault, te, _, _)| (fault, te));
    let own = of_the_way().into_iter().map(|(fault, te, _)| (fault, te));
    check(&settings(), TE, common.chain(own).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_answers_nothing_gets_each_referral_at_most_once() {
    let settings = WorldSettings { te_repetition: Repetition::Neither, ..settings() };
    let common = common().into_iter().map(|(fault, _, dumb, _)| (fault, dumb));
    let own = of_the_way().into_iter().map(|(fault, _, dumb)| (fault, dumb));
    let late = (Fault::LateEffect(Duration::from_millis(900)), DOUBTED);
    check(&settings, TE, common.chain(own).chain([late]).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_recognises_messages_gets_each_referral_once() {
    let common = common().into_iter().map(|(fault, _, _, paja)| (fault, paja));
    let own = [
        (technical("tietokantavirhe"), REPEATED),
        // Its answers do not say what they answer: nobody can tell.
        (Fault::WrongEcho, fare(Delivered, 1, 1, 0)),
        (Fault::WrongHash, fare(Delivered, 1, 1, 0)),
        (Fault::LateEffect(Duration::from_millis(900)), REPEATED),
    ];
    check(&settings(), PAJA, common.chain(own).collect()).await;
}

/// The office is asked only when it has had its time: what it was still at work on has taken effect by then, however short
/// the pause.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_effect_is_waited_for_before_the_agency_is_asked() {
    let settings = WorldSettings { settle_seconds: 2, ..settings() };
    check(&settings, TE, vec![(Fault::LateEffect(Duration::from_millis(1_000)), FOUND)]).await;
}

/// What an agency says about itself is believed: the gateway has nothing else. It never sends more than it is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_lying_agency_is_taken_at_its_word() {
    let mut scene = Scene::open(&settings()).await;
    let (youth, _) = scene.consenting(PEOPLE[0], TE).await;
    scene.faults(TE).once_on(Operation::Deliver, Fault::ResetBeforeEffect);
    scene.faults(TE).once_on(Operation::Status, Fault::LyingStatus);
    let claimed = scene.deliver(&youth, TE).await;
    assert_eq!(claimed.delivery_state(), Delivered);
    assert_eq!((scene.requests(TE, Operation::Deliver), scene.effects(TE, &claimed.name)), (1, 0));

    scene.faults(TE).once_on(Operation::Deliver, Fault::ResetAfterEffect);
    scene.faults(TE).once_on(Operation::Status, Fault::LyingStatus);
    let denied = scene.deliver(&youth, TE).await;
    assert_eq!(denied.delivery_state(), Delivered);
    assert_eq!((scene.requests(TE, Operation::Deliver), scene.effects(TE, &denied.name)), (3, 2));

    // The workshop is not asked, so it cannot lie about what it has.
    let (youth, _) = scene.consenting(PEOPLE[1], PAJA).await;
    scene.faults(PAJA).set_on(Operation::Status, Fault::LyingStatus);
    scene.faults(PAJA).once_on(Operation::Deliver, Fault::ResetAfterEffect);
    let referral = scene.deliver(&youth, PAJA).await;
    assert_eq!(referral.delivery_state(), Delivered);
    assert_eq!((scene.requests(PAJA, Operation::Status), scene.effects(PAJA, &referral.name)), (0, 1));
    scene.end().await.check_intents();
}

/// An agency that dies with a message in its hands, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_agency_gets_its_referrals_when_it_is_back() {
    for (agency, answers) in [(TE, Repetition::Asked), (TE, Repetition::Neither), (PAJA, Repetition::Asked)] {
        let mut scene = Scene::open(&WorldSettings { te_repetition: answers, ..settings() }).await;
        let (youth, _) = scene.consenting(PEOPLE[0], agency).await;
        scene.faults(agency).set(Fault::Dead);
        let before = scene.send(&youth, agency).await;
        scene.until_delivery(&before.name, DeliveryState::Retrying).await;
        scene.faults(agency).clear().unwrap();
        scene.until_delivery(&before.name, Delivered).await;

        scene.faults(agency).once_on(Operation::Deliver, Fault::Dead);
        let during = scene.send(&youth, agency).await;
        let expected = if answers == Repetition::Asked { DeliveryState::Sending } else { InDoubt };
        scene.until_delivery(&during.name, expected).await;
        scene.faults(agency).clear().unwrap();
        if answers == Repetition::Asked {
            scene.until_delivery(&during.name, Delivered).await;
        }
        assert_eq!(scene.effects(agency, &before.name), 1);
        assert_eq!(scene.effects(agency, &during.name), usize::from(answers == Repetition::Asked));
        scene.end().await.check_intents();
    }
}
