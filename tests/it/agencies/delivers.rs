//! Is everything delivered that a kind says it delivers, once and whole, and is the rest refused?

use polku_adapters::{AdapterErrorKind, DeliveryStatus, Matter, Redelivery};
use polku_proto::Disclose as _;
use polku_proto::v1::delivery::Item;
use polku_tests::simulators::Fault;

use super::bench::{Bench, benches, now};
use super::payloads::{
    CONTENT, HETU, PLAN_PART, delivery, handover, items, message, of_items, place, plan_part, taken_as,
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
    for bench in benches() {
        let name = bench.name();
        let told = bench.kind.delivers.iter().flat_map(|matter| items(*matter));
        for (number, (_, item)) in told.enumerate() {
            let number = u32::try_from(number).unwrap() + 1;
            let id = message(number).parse().unwrap();
            let sent = delivery(bench.kind.id, number, item);
            match bench.adapter.redelivery() {
                Redelivery::Deduplicates => {
                    let first = bench.deliver(sent.clone()).await.unwrap();
                    let second = bench.deliver(sent.clone()).await.unwrap();
                    assert_eq!(first, second, "{name}");
                    // Something has been taken back meanwhile: what arrived, arrived.
                    let mut less = sent.clone();
                    less.restrict(polku_proto::CategorySet::of(&[
                        polku_proto::v1::DataCategory::IdentityContact,
                    ]));
                    assert_eq!(bench.deliver(less).await.unwrap(), first, "{name}");
                    assert_eq!(bench.effects(&message(number), 1).await, 1, "{name}");
                }
                Redelivery::AnswersStatus => {
                    let status = bench.adapter.status(&id, now()).await.unwrap();
                    assert_eq!(status, DeliveryStatus::NotArrived, "{name}");
                    bench.agency.control().faults().once(Fault::ResetAfterEffect);
                    let error = bench.deliver(sent).await.unwrap_err();
                    assert_eq!(error.kind, AdapterErrorKind::Unanswered, "{name}");
                    let status = bench.adapter.status(&id, now()).await.unwrap();
                    assert!(matches!(status, DeliveryStatus::Arrived(_)), "{name}");
                    assert_eq!(bench.effects(&message(number), 1).await, 1, "{name}");
                    // An agency that lies is believed: there is nobody else to ask.
                    bench.agency.control().faults().once(Fault::LyingStatus);
                    let status = bench.adapter.status(&id, now()).await.unwrap();
                    assert_eq!(status, DeliveryStatus::NotArrived, "{name}");
                }
                // Nothing that an adapter could do about it: the gateway leaves the delivery in doubt.
                Redelivery::Neither => {
                    bench.agency.control().faults().once(Fault::ResetAfterEffect);
                    let error = bench.deliver(sent).await.unwrap_err();
                    assert_eq!(error.retry(), polku_adapters::Retry::FindOut, "{name}");
                    assert_eq!(bench.effects(&message(number), 1).await, 1, "{name}");
                }
            }
        }
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
