//! What does a question come to when the agency misbehaves: what it holds on a person, and whether it has a message?

use std::time::Instant;

use polku_adapters::{AdapterError, DeliveryStatus, Receipt, Redelivery};
use polku_tests::simulators::{Fault, Way};

use super::bench::{Bench, at_once, benches, every_repetition, now};
use super::faults::{TOO_LONG, all, assert_silent, behave, misbehave};
use super::payloads::{HETU, delivery, handover, message, query};

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// There is none, or it is seen to be wrong.
    Nothing,
    /// It is right.
    Right,
    /// It is wrong, and nobody can see that.
    Believed,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// What is held on a person. The answer names the question, whatever it comes through.
    Person,
    /// Whether a message has arrived. Over X-Road alone does the answer say what it answers.
    Message,
}

/// What an answer is worth. A new fault does not compile until it is said here.
fn expected(fault: &Fault, way: Way, question: Question) -> Worth {
    match fault {
        Fault::Dead | Fault::WrongCertificate | Fault::Slow(_) | Fault::LateEffect(_) => Worth::Nothing,
        Fault::ResetBeforeEffect | Fault::ResetAfterEffect | Fault::HalfClosed => Worth::Nothing,
        Fault::HalfAnswer | Fault::SlowBody(_) | Fault::HugeAnswer(_) | Fault::Redirect => Worth::Nothing,
        Fault::Status { .. } | Fault::FailAfterEffect(_) => Worth::Nothing,
        Fault::TechnicalFault(_) | Fault::BusinessFault(_) => Worth::Nothing,
        Fault::Garbage | Fault::Doctype => Worth::Nothing,
        Fault::WrongEcho => match (way, question) {
            (Way::Direct, Question::Message) => Worth::Believed,
            (Way::XRoadSoap | Way::XRoadRest | Way::Direct, _) => Worth::Nothing,
        },
        Fault::WrongHash => match way {
            Way::XRoadSoap => Worth::Nothing,
            Way::XRoadRest | Way::Direct => Worth::Right,
        },
        Fault::DuplicateProcessing(_) => Worth::Right,
        Fault::LyingStatus => match question {
            Question::Person => Worth::Right,
            // There is nobody else to ask.
            Question::Message => Worth::Believed,
        },
    }
}

/// Asks while each fault lasts, and once more when all are over.
async fn ask<T, F>(bench: &Bench, question: Question, right: &T, ask: impl Fn() -> F)
where
    T: PartialEq + std::fmt::Debug,
    F: Future<Output = Result<T, AdapterError>>,
{
    for fault in all() {
        let name = format!("{}, {question:?}, {fault:?}", bench.name());
        misbehave(bench, &fault);
        let began = Instant::now();
        let told = ask().await;
        assert!(began.elapsed() < TOO_LONG, "{name}: waited for too long");
        behave(bench, &name);
        let worth = match &told {
            Ok(told) if told == right => Worth::Right,
            Ok(_) => Worth::Believed,
            Err(error) => {
                assert_silent(&name, error);
                Worth::Nothing
            }
        };
        assert_eq!(worth, expected(&fault, bench.agency.way(), question), "{name}");
    }
    // Asking again is always right.
    assert_eq!(ask().await.unwrap(), *right, "{}", bench.name());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_told_in_time_and_no_broken_answer_is_believed() {
    let able = benches().filter(|bench| !bench.kind.fetches.is_empty());
    at_once(able, |bench| async move {
        bench.agency.hold(HETU, &bench.agency.specimen()).unwrap();
        let categories: Vec<_> = bench.kind.fetches.iter().collect();
        let fetch = || bench.fetch(query(&categories));
        let right = fetch().await.unwrap();
        assert_eq!(right.facts.len(), bench.agency.specimen().facts.len(), "{}", bench.name());
        ask(&bench, Question::Person, &right, fetch).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_a_message_has_arrived_is_told_in_time_and_no_broken_answer_is_believed() {
    at_once(benches().chain(every_repetition()), |bench| async move {
        // What X-Road says of the question is not about the message.
        let Receipt { reference, .. } = bench.deliver(delivery(bench.kind.id, 1, handover())).await.unwrap();
        let id = message(1).parse().unwrap();
        let status = || bench.adapter.status(&id, now());
        if bench.adapter.redelivery() == Redelivery::Neither {
            let error = status().await.unwrap_err();
            assert_silent(&bench.name(), &error);
        } else {
            let unknown = bench.adapter.status(&message(2).parse().unwrap(), now()).await;
            assert_eq!(unknown.unwrap(), DeliveryStatus::NotArrived, "{}", bench.name());
            ask(&bench, Question::Message, &DeliveryStatus::Arrived(Receipt::new(reference)), status).await;
        }
    })
    .await;
}
