//! Does anything cross the wire that nothing permits, or a personal identity code where it would be logged?

use polku_adapters::Matter;
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{self, IdentityContact};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{ReferralHandover, ReferralNotice};
use polku_tests::simulators::Received;

use super::bench::{Bench, benches, now, personal};
use super::payloads::{
    CONTENT, HETU, PLAN_PART, delivery, handover, items, of_items, place, plan_part, query,
};

/// Every value that an item tells, with all the categories that it takes to tell it.
fn values(item: &Item) -> Vec<(CategorySet, String)> {
    let of = |category: DataCategory| CategorySet::of(&[category]);
    let content = || CONTENT.iter().map(|(category, value)| (of(*category), (*value).to_owned()));
    match item {
        Item::Handover(ReferralHandover { .. }) => content().collect(),
        Item::Notice(ReferralNotice { answer, .. }) => {
            let mut values = vec![(of(DataCategory::GuidanceNotes), "nt-ug4rm".to_owned())];
            if answer.is_some() {
                values.extend(content());
            }
            values
        }
        Item::PlanPart(part) if part.needs.is_empty() => Vec::new(),
        Item::PlanPart(_) => {
            let mut values: Vec<_> = content().collect();
            values.extend(PLAN_PART.iter().map(|(category, value)| (of(*category), (*value).to_owned())));
            for category in personal() {
                values.extend(of_items(category).map(|value| (of(category), value)));
                let where_it_is = CategorySet::of(&[category, DataCategory::AddressContact]);
                values.push((where_it_is, place(category)));
            }
            values
        }
        Item::Disclosure(_) => Vec::new(),
    }
}

fn holds(hay: &[u8], needle: &str) -> bool {
    hay.windows(needle.len()).any(|part| part == needle.as_bytes())
}

fn contain(received: &[Received], needle: &str) -> bool {
    received.iter().any(|request| {
        holds(&request.body, needle)
            || holds(request.path.as_bytes(), needle)
            || request.headers.values().any(|value| holds(value.as_bytes(), needle))
    })
}

/// What a matter tells, with a plan that has something of every category.
fn told(matter: Matter) -> Vec<(&'static str, Item)> {
    match matter {
        Matter::PlanPart => vec![("plan", Item::PlanPart(plan_part(&personal())))],
        Matter::Referral
        | Matter::StateChange
        | Matter::Information
        | Matter::ConsentWithdrawal
        | Matter::DisclosureNotice => items(matter),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_category_alone() {
    for bench in benches() {
        let mut number = 0;
        // The agency knows of the referral whatever is told of it.
        number += 1;
        bench.deliver(delivery(bench.kind.id, number, handover())).await.unwrap();
        for matter in bench.kind.delivers {
            for (what, item) in told(*matter) {
                let values = values(&item);
                for category in personal() {
                    number += 1;
                    let name = format!("{}, {what}, {category:?} alone", bench.name());
                    let chosen = CategorySet::of(&[IdentityContact, category]);
                    // What became of a referral its parties are told anyway.
                    let permitted = chosen.union(CategorySet::of(&[DataCategory::ReferralStatus]));
                    let before = bench.agency.control().ledger().received().len();
                    let payload = delivery(bench.kind.id, number, item.clone());
                    let Some(permit) = bench.permit_only(payload, chosen) else {
                        let tells = |(needs, _): &(CategorySet, String)| needs.is_subset(permitted);
                        assert!(!values.iter().any(tells), "{name}: denied");
                        continue;
                    };
                    let sent = bench.adapter.deliver(permit, now()).await;
                    assert!(sent.is_ok(), "{name}: {sent:?}");
                    let received = bench.agency.control().ledger().received().split_off(before);
                    assert!(!received.is_empty(), "{name}");
                    for (needs, value) in &values {
                        let expected = needs.is_subset(permitted);
                        assert_eq!(contain(&received, value), expected, "{name}: {value} of {needs}");
                    }
                    if !values.is_empty() && matches!(item, Item::Handover(_) | Item::PlanPart(_)) {
                        assert!(contain(&received, HETU), "{name}: whom it is about");
                    }
                }
            }
        }
        bench.agency.control().stop();
    }
}

/// The forms in which an identity code could stand in an address or a header.
fn forms(identity_code: &str) -> [String; 3] {
    use base64::Engine as _;
    let inside = base64::engine::general_purpose::STANDARD.encode(identity_code);
    [identity_code.to_owned(), identity_code.to_lowercase(), inside.trim_end_matches('=').to_owned()]
}

fn assert_body_only(bench: &Bench) {
    for request in bench.agency.control().ledger().received() {
        for form in forms(HETU) {
            assert!(!request.path.contains(&form), "{}: in the path", bench.name());
            for (header, value) in &request.headers {
                let here = holds(value.as_bytes(), &form);
                assert!(!here, "{}: in the header {header}", bench.name());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_code_stands_in_bodies_only() {
    for bench in benches() {
        let mut number = 0;
        for matter in bench.kind.delivers {
            for (_, item) in told(*matter) {
                number += 1;
                bench.deliver(delivery(bench.kind.id, number, item)).await.unwrap();
                let id = super::payloads::message(number).parse().unwrap();
                let _ = bench.adapter.status(&id, now()).await;
            }
        }
        if !bench.kind.fetches.is_empty() {
            let categories: Vec<_> = bench.kind.fetches.iter().collect();
            bench.fetch(query(&categories)).await.unwrap();
        }
        assert_body_only(&bench);
        assert!(contain(&bench.agency.control().ledger().received(), HETU), "{}", bench.name());
        bench.agency.control().stop();
    }
}

/// X-Road puts the service, the parties, the user and the issue where everybody on the way sees them.
#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_of_xml_tells_nobody_either() {
    for bench in benches() {
        for matter in bench.kind.delivers {
            for (place, (_, item)) in told(*matter).into_iter().enumerate() {
                let number = u32::try_from(place).unwrap() + 1;
                let _ = bench.deliver(delivery(bench.kind.id, number, item)).await;
            }
        }
        for request in bench.agency.control().ledger().received() {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            // What stands between the two tags of the header, if there is one.
            let header = body.split("Header>").nth(1).unwrap_or_default();
            assert!(!header.contains(HETU) && !header.contains("Vreemi"), "{}", bench.name());
        }
        bench.agency.control().stop();
    }
}
