//! What does a delivery come to when the agency misbehaves in each of the ways that there are?

use std::time::Duration;

use polku_adapters::{AdapterError, AdapterErrorKind, Matter, Retry};
use polku_proto::v1::delivery::Item;
use polku_tests::simulators::{Duplicates, Fault};

use super::bench::{Bench, PATIENCE, benches};
use super::payloads::{HETU, delivery, handover, items, message};

/// A code as agencies have them.
const CODE: &str = "EI_PALVELUALUETTA";
/// With this an X-Road security server says that nothing can have reached the agency, now or later.
const NOWHERE: &str = "server.clientproxy.unknown_member";
/// Longer than an adapter waits.
const TOO_LONG: Duration = PATIENCE.saturating_mul(2);

/// What is known after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The agency has it and said so.
    Arrived,
    /// It has been written and nobody knows.
    Unanswered,
    /// The agency has it; whether its answer can be used is a matter of its protocol.
    ArrivedOrUnanswered,
    /// The agency has taken nothing in, and may be asked again.
    Later,
    /// The agency has taken nothing in, and wants to be left alone for so many seconds.
    LaterAfter(u64),
    /// The agency has refused it for good.
    Refused,
    /// X-Road has refused it for good.
    RefusedOnTheWay,
    /// Not delivered: which failure it is depends on the protocol.
    NotTaken,
}

fn all() -> Vec<Fault> {
    let status = |code, retry_after| Fault::Status { code, retry_after };
    vec![
        Fault::Dead,
        Fault::Slow(TOO_LONG),
        Fault::LateEffect(TOO_LONG),
        Fault::ResetBeforeEffect,
        Fault::ResetAfterEffect,
        Fault::HalfAnswer,
        Fault::SlowBody(Duration::from_millis(500)),
        status(429, Some(7)),
        status(503, Some(7)),
        status(503, None),
        status(500, None),
        status(502, None),
        status(504, None),
        Fault::FailAfterEffect(502),
        Fault::TechnicalFault("server.serverproxy.internal_error".into()),
        Fault::TechnicalFault(NOWHERE.into()),
        Fault::BusinessFault(CODE.into()),
        Fault::Garbage,
        Fault::WrongEcho,
        Fault::WrongHash,
        Fault::Redirect,
        Fault::HugeAnswer(2 << 20),
        Fault::Doctype,
        Fault::DuplicateProcessing(Duplicates::Recognise),
        Fault::LyingStatus,
    ]
}

/// What is known after a fault, and how often the message has taken effect. A new fault does not compile until it is
/// said here.
fn expected(fault: &Fault) -> (Known, u32) {
    match fault {
        Fault::Dead => (Known::Later, 0),
        Fault::Slow(_) | Fault::LateEffect(_) | Fault::ResetAfterEffect | Fault::HalfAnswer => {
            (Known::Unanswered, 1)
        }
        Fault::SlowBody(_) | Fault::FailAfterEffect(_) | Fault::Garbage | Fault::HugeAnswer(_) => {
            (Known::Unanswered, 1)
        }
        Fault::Doctype => (Known::Unanswered, 1),
        Fault::ResetBeforeEffect | Fault::Redirect => (Known::Unanswered, 0),
        Fault::Status { retry_after: Some(seconds), .. } => (Known::LaterAfter(*seconds), 0),
        // Whoever says so may be a proxy that has lost the answer.
        Fault::Status { retry_after: None, .. } => (Known::Unanswered, 0),
        Fault::TechnicalFault(_) => (Known::NotTaken, 0),
        Fault::BusinessFault(_) => (Known::Refused, 0),
        Fault::WrongEcho | Fault::WrongHash => (Known::ArrivedOrUnanswered, 1),
        Fault::DuplicateProcessing(_) | Fault::LyingStatus => (Known::Arrived, 1),
    }
}

fn fits(known: Known, error: Option<&AdapterError>) -> bool {
    let kind = error.map(|error| &error.kind);
    let unanswered = kind == Some(&AdapterErrorKind::Unanswered);
    match known {
        Known::Arrived => error.is_none(),
        Known::Unanswered => unanswered,
        Known::ArrivedOrUnanswered => error.is_none() || unanswered,
        Known::Later => {
            let unavailable = kind == Some(&AdapterErrorKind::Unavailable { after: None });
            unavailable || kind == Some(&AdapterErrorKind::Timeout)
        }
        Known::LaterAfter(seconds) => {
            error.is_some_and(|error| error.retry() == Retry::After(Duration::from_secs(seconds)))
        }
        Known::Refused => kind == Some(&AdapterErrorKind::Rejected { code: CODE.into() }),
        Known::RefusedOnTheWay => kind == Some(&AdapterErrorKind::Rejected { code: NOWHERE.into() }),
        Known::NotTaken => error.is_some(),
    }
}

/// No text of the agency's, and nothing of the person, is in an error or in what caused it.
pub(super) fn assert_silent(name: &str, error: &AdapterError) {
    let mut said = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    for secret in [HETU, "Vreemi", "gn-hq5w2", "pyyntöä ei voitu", "192.0.2.17"] {
        assert!(!said.contains(secret), "{name}: {secret} is told: {said}");
    }
}

async fn fare(bench: &Bench, item: &Item, what: &str) {
    let mut late = Vec::new();
    let nowhere = Fault::TechnicalFault(NOWHERE.into());
    for (place, fault) in all().into_iter().enumerate() {
        let number = u32::try_from(place).unwrap() + 1;
        let name = format!("{}, {what}, {fault:?}", bench.name());
        let faults = bench.agency.control().faults();
        if fault == Fault::Dead {
            faults.set(fault.clone());
        } else {
            faults.once(fault.clone());
        }
        let began = std::time::Instant::now();
        let sent = bench.deliver(delivery(bench.kind.id, number, item.clone())).await;
        assert!(began.elapsed() < TOO_LONG, "{name}: waited for too long");
        assert_eq!(faults.waiting(), 0, "{name} was not met");
        faults.clear().unwrap();
        let (known, effects) = match expected(&fault) {
            (Known::NotTaken, 0) if fault == nowhere && bench.kind.speaks.contains("X-Road") => {
                (Known::RefusedOnTheWay, 0)
            }
            known => known,
        };
        let error = sent.as_ref().err();
        assert!(fits(known, error), "{name}: {known:?} is not {sent:?}");
        if let Some(error) = error {
            assert_silent(&name, error);
        }
        late.push((number, effects, name));
    }
    for (number, effects, name) in late {
        assert_eq!(bench.effects(&message(number), effects).await, effects, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_fares_as_it_should() {
    let fares = benches().map(|bench| {
        tokio::spawn(async move {
            fare(&bench, &handover(), "referral").await;
            bench.agency.control().stop();
        })
    });
    for fare in fares.collect::<Vec<_>>() {
        fare.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_fares_as_it_should() {
    let able = benches().filter(|bench| bench.kind.delivers.contains(&Matter::PlanPart));
    let fares = able.map(|bench| {
        tokio::spawn(async move {
            fare(&bench, &items(Matter::PlanPart).remove(0).1, "plan").await;
            bench.agency.control().stop();
        })
    });
    for fare in fares.collect::<Vec<_>>() {
        fare.await.unwrap();
    }
}
