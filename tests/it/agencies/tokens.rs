//! Does a case management that gives no token, or takes none, ever leave it in doubt whether a message has arrived?

use std::sync::Arc;
use std::time::{Duration, Instant};

use polku_adapters::AdapterErrorKind;
use polku_proto::v1::DeliveryState;
use polku_tests::simulators::{Fault, Operation, Repetition, TakenInKind};
use polku_tests::world::{AddedAgency, PEOPLE, WorldSettings, full_content, referral_to};

use super::bench::{Bench, PATIENCE, PURPOSE};
use super::faults::{TOO_LONG, assert_silent};
use super::payloads::{message, parcels};
use super::peers::{BASIC, consenting};
use crate::delivery::scene::{Scene, send};
use crate::stage::id_of;

/// A case management of its own in a whole world.
const OWN: &str = "oma-walmu";

/// The kind of agency to which the gateway is known by tokens.
fn token_bench() -> Bench {
    let kind = polku_adapters::kinds().iter().find(|kind| kind.id == "walmu").unwrap();
    Bench::open(kind, None, None)
}

async fn deliver(bench: &Bench, number: u32) -> Result<(), AdapterErrorKind> {
    let parcel = parcels(bench.kind).into_iter().next().unwrap();
    let sent = bench.deliver(parcel.delivery(bench.kind.id, number)).await;
    sent.map(drop).map_err(|error| {
        assert_silent(&format!("message {number}"), &error);
        error.kind
    })
}

fn asked(bench: &Bench, operation: Operation) -> usize {
    let received = bench.agency.control().ledger().received();
    received.iter().filter(|request| request.operation == operation).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_of_the_token_endpoint_leaves_a_message_in_doubt() {
    let unavailable = |after| AdapterErrorKind::Unavailable { after };
    let status = |code, retry_after| Fault::Status { code, retry_after };
    let table = [
        (Fault::Slow(TOO_LONG), AdapterErrorKind::Timeout),
        (Fault::SlowBody(Duration::from_millis(500)), AdapterErrorKind::Timeout),
        (Fault::ResetBeforeEffect, unavailable(None)),
        (Fault::ResetAfterEffect, unavailable(None)),
        (Fault::HalfClosed, unavailable(None)),
        (Fault::HalfAnswer, unavailable(None)),
        (status(401, None), unavailable(None)),
        (status(429, Some(7)), unavailable(Some(Duration::from_secs(7)))),
        (status(503, Some(7)), unavailable(Some(Duration::from_secs(7)))),
        (status(500, None), unavailable(None)),
        (Fault::FailAfterEffect(502), unavailable(None)),
        (Fault::Garbage, unavailable(None)),
        (Fault::Redirect, unavailable(None)),
        (Fault::HugeAnswer(2 << 20), unavailable(None)),
    ];
    for (place, (fault, expected)) in table.into_iter().enumerate() {
        let bench = token_bench();
        let number = u32::try_from(place).unwrap() + 1;
        bench.agency.control().faults().once_on(Operation::Token, fault.clone());
        assert_eq!(deliver(&bench, number).await, Err(expected), "{fault:?}");
        assert_eq!(asked(&bench, Operation::Deliver), 0, "{fault:?}: something was written");
        assert_eq!(bench.agency.control().faults().waiting(), 0, "{fault:?} was not met");
        assert_eq!(deliver(&bench, number).await, Ok(()), "{fault:?}: afterwards");
        assert_eq!(bench.effects(&message(number), 1).await, 1, "{fault:?}");
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_token_endpoint_is_gone_or_somebody_else_nothing_is_asked_of_it() {
    for gone in [Fault::Dead, Fault::WrongCertificate] {
        let bench = token_bench();
        let control = bench.agency.control();
        control.faults().set(gone.clone());
        for _ in 0..2 {
            let sent = deliver(&bench, 1).await;
            assert_eq!(sent, Err(AdapterErrorKind::Unavailable { after: None }), "{gone:?}");
        }
        assert_eq!(control.ledger().received().len(), 0, "{gone:?}: something was written");
        control.faults().clear().unwrap();
        assert_eq!(deliver(&bench, 1).await, Ok(()), "{gone:?}: afterwards");
        assert_eq!((asked(&bench, Operation::Token), asked(&bench, Operation::Deliver)), (1, 1), "{gone:?}");
        assert_eq!(bench.effects(&message(1), 1).await, 1, "{gone:?}");
        control.stop();
    }
}

/// Of an agency that neither recognises a message nor says what it has, whatever was written would stay in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_that_waits_for_a_token_is_delivered_once_when_there_is_one() {
    let bench = token_bench();
    bench.agency.control().stop();
    let own = AddedAgency::new(OWN, bench.kind.id, bench.manner, "employment");
    let agencies = vec![AddedAgency { repetition: Some(Repetition::Neither), ..own }];
    let settings = WorldSettings { agencies, retry_seconds: vec![0], ..WorldSettings::default() };
    let scene = Scene::open(&settings).await;
    let youth = consenting(&scene, PEOPLE[4], OWN, &BASIC).await;
    let agency = scene.world.agencies[OWN].simulator.as_ref();
    let refused = Fault::Status { code: 401, retry_after: None };
    let passing = [
        Fault::ResetBeforeEffect,
        Fault::ResetAfterEffect,
        Fault::HalfClosed,
        Fault::HalfAnswer,
        Fault::Garbage,
        refused.clone(),
    ];
    // These two stay until somebody puts an end to them.
    for fault in passing.into_iter().chain([Fault::Dead, Fault::WrongCertificate]) {
        let stays = matches!(fault, Fault::Dead | Fault::WrongCertificate);
        let faults = agency.control().faults();
        if agency.control().ledger().received().iter().any(|request| request.operation == Operation::Deliver)
        {
            // The token that is kept is not taken any more.
            faults.once_on(Operation::Deliver, refused.clone());
        }
        faults.once_on(Operation::Token, fault.clone());
        let request = referral_to(OWN, &youth, PURPOSE, full_content());
        let name = send(&mut scene.ohjaamo.clone(), request).await.name;
        if stays {
            scene.until_delivery(&name, DeliveryState::Retrying).await;
            faults.clear().unwrap();
        }
        scene.until_delivery(&name, DeliveryState::Delivered).await;
        let taken = agency.taken();
        let taken =
            taken.iter().filter(|taken| taken.kind == TakenInKind::Referral && taken.about == id_of(&name));
        assert_eq!(taken.count(), 1, "{fault:?}");
        assert_eq!(faults.waiting(), 0, "{fault:?} was not met");
    }
    scene.end().await.check_intents();
}

/// An attempt is cut off a little after the time of one call, and what is cut off is in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_behind_another_for_a_token_gives_up_in_time() {
    let bench = Arc::new(token_bench());
    bench.agency.control().faults().set_on(Operation::Token, Fault::Slow(TOO_LONG));
    let waiting = (1..=3).map(|number| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move {
            let began = Instant::now();
            (deliver(&bench, number).await, began.elapsed())
        })
    });
    for waiting in waiting.collect::<Vec<_>>() {
        let (sent, after) = waiting.await.unwrap();
        assert_eq!(sent, Err(AdapterErrorKind::Timeout));
        assert!(after < PATIENCE, "waited for {after:?}");
    }
    assert_eq!(asked(&bench, Operation::Deliver), 0);
    bench.agency.control().stop();
}

/// A refused token means that nothing was taken in.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_token_is_refused_is_sent_once_with_a_new_one() {
    let bench = token_bench();
    assert_eq!(deliver(&bench, 1).await, Ok(()));
    assert_eq!((asked(&bench, Operation::Token), asked(&bench, Operation::Deliver)), (1, 1));
    let refusal = Fault::Status { code: 401, retry_after: None };
    bench.agency.control().faults().once_on(Operation::Deliver, refusal.clone());
    assert_eq!(deliver(&bench, 2).await, Ok(()));
    assert_eq!((asked(&bench, Operation::Token), asked(&bench, Operation::Deliver)), (2, 3));
    assert_eq!(bench.effects(&message(2), 1).await, 1);
    // Refused again with the new one, it is the gateway that is refused, and not the message.
    bench.agency.control().faults().set_on(Operation::Deliver, refusal);
    assert_eq!(deliver(&bench, 3).await, Err(AdapterErrorKind::Unavailable { after: None }));
    assert_eq!((asked(&bench, Operation::Token), asked(&bench, Operation::Deliver)), (3, 5));
    assert_eq!(bench.effects(&message(3), 0).await, 0);
    bench.agency.control().stop();
}
