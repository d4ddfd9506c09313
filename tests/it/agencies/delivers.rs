//! Is everything delivered that a kind says it delivers, once and whole, and is the rest refused?

use polku_adapters::{AdapterErrorKind, DeliveryStatus, Evidence, Matter, Redelivery, Retry};
use polku_proto::v1::DataCategory;
use polku_proto::v1::delivery::Item;
use polku_proto::{CategorySet, Disclose as _};
use polku_tests::simulators::{Fault, Way};

use super::bench::{Bench, benches, every_repetition, now};
use super::payloads::{
    CONTENT, HETU, PLAN_PART, delivery, handover, items, message, of_items, parcels, place, plan_part,
    taken_as,
};

/// What stands in the bytes of everything that has reached the agency so far.
pub(super) fn told(bench: &Bench, value: &str) -> bool {
    bench.agency.control().ledger().received_contains(value.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_matter_is_delivered_or_refused() {
    for bench in benches() {
        let name = bench.name();
        let mut number = 0;
        for matter in Matter::ALL {
            for (what, item) in items(matter) {
                number += 1;
                let delivered = bench.deliver(delivery(bench.kind.id, number, item)).await;
                let taken = bench.taken(&message(number));
                if bench.kind.delivers.contains(&matter) {
                    let receipt = delivered.unwrap_or_else(|error| panic!("{name}, {what}: {error:?}"));
                    assert!(!receipt.reference.is_empty(), "{name}, {what}: no receipt number");
                    let Evidence { request_id, request_hash } = receipt.evidence;
                    let evident = (request_id.is_some(), request_hash.is_some());
                    // The message's own id is the one in logs of SOAP.
                    let expected = match bench.agency.way() {
                        Way::XRoadSoap => (false, true),
                        Way::XRoadRest => (true, true),
                        Way::Direct => (false, false),
                    };
                    assert_eq!(evident, expected, "{name}, {what}: what X-Road says of it");
                    let [taken] = &taken[..] else { panic!("{name}, {what}: {} effects", taken.len()) };
                    assert_eq!(taken.kind, taken_as(matter), "{name}, {what}");
                } else {
                    let error = delivered.err().unwrap_or_else(|| panic!("{name} delivers {what}"));
                    let refused = matches!(error.kind, AdapterErrorKind::Unwritable { .. });
                    assert!(refused, "{name}, {what}: {error}");
                    assert!(taken.is_empty(), "{name} takes {what}");
                }
            }
        }
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_permitted_arrives_whole() {
    for bench in benches() {
        let name = bench.name();
        bench.deliver(delivery(bench.kind.id, 1, handover())).await.unwrap();
        let [referral] = &bench.taken(&message(1))[..] else { panic!("{name}: not one effect") };
        assert_eq!(referral.identity_code.as_deref(), Some(HETU), "{name}");
        for (category, value) in CONTENT {
            assert!(told(&bench, value), "{name}: {value} of {category:?} is lost");
        }
        if bench.kind.delivers.contains(&Matter::PlanPart) {
            let categories = super::bench::personal();
            let item = Item::PlanPart(plan_part(&categories));
            bench.deliver(delivery(bench.kind.id, 2, item)).await.unwrap();
            let [plan] = &bench.taken(&message(2))[..] else { panic!("{name}: not one plan") };
            assert_eq!(plan.identity_code.as_deref(), Some(HETU), "{name}");
            for (category, value) in PLAN_PART {
                assert!(told(&bench, value), "{name}: {value} of {category:?} is lost");
            }
            for category in categories {
                for value in of_items(category).into_iter().chain([place(category)]) {
                    assert!(told(&bench, &value), "{name}: {value} is lost");
                }
            }
        }
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_takes_effect_once() {
    for bench in every_repetition() {
        let name = bench.name();
        let faults = bench.agency.control().faults();
        for (number, parcel) in parcels(bench.kind).into_iter().enumerate() {
            let number = u32::try_from(number).unwrap() + 1;
            let name = format!("{name}, {}", parcel.what);
            let id = message(number).parse().unwrap();
            let sent = parcel.delivery(bench.kind.id, number);
            match bench.adapter.redelivery() {
                Redelivery::Deduplicates => {
                    faults.once(Fault::ResetAfterEffect);
                    let error = bench.deliver(sent.clone()).await.unwrap_err();
                    assert_eq!(error.kind, AdapterErrorKind::Unanswered, "{name}");
                    let first = bench.deliver(sent.clone()).await.unwrap().reference;
                    assert_eq!(bench.deliver(sent.clone()).await.unwrap().reference, first, "{name}");
                    // Something has been taken back meanwhile: what arrived, arrived.
                    let mut less = sent;
                    less.restrict(CategorySet::of(&[DataCategory::Envelope, DataCategory::IdentityContact]));
                    assert_eq!(bench.deliver(less).await.unwrap().reference, first, "{name}");
                }
                Redelivery::AnswersStatus => {
                    let status = bench.adapter.status(&id, now()).await.unwrap();
                    assert_eq!(status, DeliveryStatus::NotArrived, "{name}");
                    faults.once(Fault::ResetAfterEffect);
                    let error = bench.deliver(sent).await.unwrap_err();
                    assert_eq!(error.kind, AdapterErrorKind::Unanswered, "{name}");
                    let status = bench.adapter.status(&id, now()).await.unwrap();
                    assert!(matches!(status, DeliveryStatus::Arrived(_)), "{name}");
                }
                // Nothing that an adapter could do about it: the gateway leaves the delivery in doubt.
                Redelivery::Neither => {
                    faults.once(Fault::ResetAfterEffect);
                    let error = bench.deliver(sent).await.unwrap_err();
                    assert_eq!(error.retry(), Retry::FindOut, "{name}");
                    assert!(bench.adapter.status(&id, now()).await.is_err(), "{name}");
                }
            }
            assert_eq!(bench.effects(&message(number), 1).await, 1, "{name}");
        }
        bench.agency.control().stop();
    }
}

/// The simulators are what they are said to be.
#[tokio::test(flavor = "multi_thread")]
async fn only_an_agency_that_recognises_messages_leaves_a_repetition_out() {
    for bench in every_repetition() {
        let name = bench.name();
        for _ in 0..2 {
            bench.deliver(delivery(bench.kind.id, 1, handover())).await.unwrap();
        }
        let effects = if bench.adapter.redelivery() == Redelivery::Deduplicates { 1 } else { 2 };
        assert_eq!(bench.effects(&message(1), effects).await, effects, "{name}");
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_for_somebody_else_or_of_old_delivers_nothing() {
    let benches: Vec<_> = benches().collect();
    for bench in &benches {
        let name = bench.name();
        let other = benches.iter().find(|other| other.kind.id != bench.kind.id).unwrap();
        let foreign = other.permit(delivery(other.kind.id, 1, handover()));
        let error = bench.adapter.deliver(foreign, now()).await.unwrap_err();
        assert_eq!(error.kind, AdapterErrorKind::PermitMismatch, "{name}");
        let foreign = other.permit(super::payloads::query(&super::bench::personal()));
        let error = bench.adapter.fetch(foreign, now()).await.unwrap_err();
        let refused = [AdapterErrorKind::PermitMismatch, AdapterErrorKind::Unwritable { what: "query" }];
        assert!(refused.contains(&error.kind), "{name}: {error}");
        let late = "2027-11-02T00:00:00Z".parse().unwrap();
        let old = bench.permit(delivery(bench.kind.id, 1, handover()));
        let error = bench.adapter.deliver(old, late).await.unwrap_err();
        assert_eq!(error.kind, AdapterErrorKind::PermitMismatch, "{name}");
        assert!(bench.agency.control().ledger().received().is_empty(), "{name}: something was sent");
    }
    benches.iter().for_each(|bench| bench.agency.control().stop());
}
