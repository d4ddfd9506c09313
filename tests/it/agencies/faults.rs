//! What does a delivery come to when the agency misbehaves in each of the ways that there are?

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use polku_adapters::{AdapterError, AdapterErrorKind, Matter};
use polku_policy::Viewer;
use polku_tests::simulators::{Duplicates, Fault, Way};

use super::bench::{Bench, PATIENCE, benches};
use super::payloads::{HETU, Parcel, message, parcels};

/// A code as agencies have them.
const CODE: &str = "EI_PALVELUALUETTA";
/// With this an X-Road security server says that nothing can have reached the agency, now or later.
const NOWHERE: &str = "server.clientproxy.unknown_member";
/// With this it says that something went wrong behind it: the agency may have the message.
const SOMEWHERE: &str = "server.serverproxy.internal_error";
/// Longer than an adapter waits.
pub(super) const TOO_LONG: Duration = PATIENCE.saturating_mul(2);

/// What is known after a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// The agency has it and said so.
    Arrived,
    /// This.
    Failed(AdapterErrorKind),
}

/// Every fault. Those that take connections away come first, when there are none yet.
pub(super) fn all() -> Vec<Fault> {
    let status = |code, retry_after| Fault::Status { code, retry_after };
    vec![
        Fault::Dead,
        Fault::WrongCertificate,
        Fault::Slow(TOO_LONG),
        Fault::LateEffect(TOO_LONG),
        Fault::ResetBeforeEffect,
        Fault::ResetAfterEffect,
        Fault::HalfClosed,
        Fault::HalfAnswer,
        Fault::SlowBody(Duration::from_millis(500)),
        status(404, None),
        status(429, Some(7)),
        status(503, Some(7)),
        status(503, None),
        status(500, None),
        status(502, None),
        status(504, None),
        Fault::FailAfterEffect(502),
        Fault::TechnicalFault(SOMEWHERE.into()),
        Fault::TechnicalFault(NOWHERE.into()),
        Fault::BusinessFault(CODE.into()),
        Fault::Garbage,
        Fault::WrongEcho,
        Fault::WrongHash,
        Fault::Redirect,
        Fault::HugeAnswer(2 << 20),
        Fault::Doctype,
        Fault::DuplicateProcessing(Duplicates::Recognise),
        Fault::DuplicateProcessing(Duplicates::Process),
        Fault::LyingStatus,
    ]
}

/// What is known after a fault, and how often the message has taken effect. A new fault does not compile until it is
/// said here.
fn expected(fault: &Fault, way: Way) -> (Known, u32) {
    let unanswered = || Known::Failed(AdapterErrorKind::Unanswered);
    let unavailable = |after| Known::Failed(AdapterErrorKind::Unavailable { after });
    match fault {
        // Nobody was told anything.
        Fault::Dead | Fault::WrongCertificate => (unavailable(None), 0),
        Fault::Slow(_) | Fault::LateEffect(_) | Fault::ResetAfterEffect => (unanswered(), 1),
        Fault::HalfClosed | Fault::HalfAnswer | Fault::SlowBody(_) => (unanswered(), 1),
        Fault::FailAfterEffect(_) | Fault::Garbage | Fault::HugeAnswer(_) | Fault::Doctype => {
            (unanswered(), 1)
        }
        Fault::ResetBeforeEffect | Fault::Redirect => (unanswered(), 0),
        Fault::Status { retry_after: Some(seconds), .. } => {
            (unavailable(Some(Duration::from_secs(*seconds))), 0)
        }
        // Whoever says so may be a proxy that has lost the answer.
        Fault::Status { retry_after: None, .. } => (unanswered(), 0),
        Fault::TechnicalFault(code) if way != Way::Direct && code == NOWHERE => {
            (Known::Failed(AdapterErrorKind::Rejected { code: NOWHERE.into() }), 0)
        }
        Fault::TechnicalFault(_) => (unanswered(), 0),
        Fault::BusinessFault(code) => (Known::Failed(AdapterErrorKind::Rejected { code: code.clone() }), 0),
        // The agency has it; whether its answer is one to this message cannot be seen everywhere.
        Fault::WrongEcho => match way {
            Way::XRoadSoap | Way::XRoadRest => (unanswered(), 1),
            Way::Direct => (Known::Arrived, 1),
        },
        Fault::WrongHash => match way {
            Way::XRoadSoap => (unanswered(), 1),
            Way::XRoadRest | Way::Direct => (Known::Arrived, 1),
        },
        Fault::DuplicateProcessing(_) | Fault::LyingStatus => (Known::Arrived, 1),
    }
}

/// Has the agency misbehave in the next request, or from now on where it is gone for good.
pub(super) fn misbehave(bench: &Bench, fault: &Fault) {
    let faults = bench.agency.control().faults();
    let stays = matches!(fault, Fault::Dead | Fault::WrongCertificate);
    if stays { faults.set(fault.clone()) } else { faults.once(fault.clone()) }
}

/// The fault was met, and is over.
pub(super) fn behave(bench: &Bench, name: &str) {
    let faults = bench.agency.control().faults();
    assert_eq!(faults.waiting(), 0, "{name} was not met");
    faults.clear().unwrap();
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

async fn fare(bench: &Bench, parcel: &Parcel) {
    let control = bench.agency.control();
    let mut later = Vec::new();
    for (place, fault) in all().into_iter().enumerate() {
        let number = u32::try_from(place).unwrap() + 1;
        let name = format!("{}, {}, {fault:?}", bench.name(), parcel.what);
        let before = control.ledger().received().len();
        misbehave(bench, &fault);
        let began = Instant::now();
        let sent = bench.deliver(parcel.delivery(bench.kind.id, number)).await;
        assert!(began.elapsed() < TOO_LONG, "{name}: waited for too long");
        behave(bench, &name);
        let (expected, effects) = expected(&fault, bench.agency.way());
        let known = match &sent {
            Ok(_) => Known::Arrived,
            Err(error) => Known::Failed(error.kind.clone()),
        };
        assert_eq!(known, expected, "{name}");
        if let Err(error) = &sent {
            assert_silent(&name, error);
        }
        let told = control.ledger().received().len() > before;
        assert_eq!(told, !matches!(fault, Fault::Dead | Fault::WrongCertificate), "{name}: who was told");
        later.push((number, effects, name));
    }
    for (number, effects, name) in later {
        assert_eq!(bench.effects(&message(number), effects).await, effects, "{name}");
    }
}

/// Of everything that a kind says it delivers, to either end of a referral, the first message.
fn one_of_each(bench: &Bench) -> Vec<Parcel> {
    let mut seen = BTreeSet::new();
    let mut parcels = parcels(bench.kind);
    parcels.retain(|Parcel { matter, viewer, .. }| seen.insert((*matter, *viewer == Viewer::Author)));
    parcels
}

#[tokio::test(flavor = "multi_thread")]
async fn every_delivery_fares_as_it_should() {
    let mut fares = Vec::new();
    for bench in benches() {
        let parcels = one_of_each(&bench);
        let matters: BTreeSet<Matter> = parcels.iter().map(|parcel| parcel.matter).collect();
        assert_eq!(matters, bench.kind.delivers.iter().copied().collect(), "{}", bench.name());
        for parcel in parcels {
            // Each has an agency for itself, so that all of them can wait at the same time.
            let bench = Bench::open(bench.kind, Some(bench.manner), None);
            fares.push(tokio::spawn(async move {
                fare(&bench, &parcel).await;
                bench.agency.control().stop();
            }));
        }
        bench.agency.control().stop();
    }
    for fare in fares {
        fare.await.unwrap();
    }
}
