//! What stands beside the messages: who speaks, for whom, about what? Never a personal identity code.
//!
//! The simulators over X-Road take nothing in that has not beside it what was agreed, so that every test of delivery
//! tries it. Here it is tried with a professional whose id holds an identity code, and with one whose id has every
//! character that ids have.

use polku_proto::v1::{Delivery, FactsQuery};

use super::bench::benches;
use super::payloads::{delivery, handover, items, message, query};

/// Of nobody in these tests, and well formed.
const STRANGERS: &str = "010594Y9021";

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_holds_an_identity_code_stands_nowhere() {
    for bench in benches() {
        let name = bench.name();
        let mut number = 0;
        for id in [STRANGERS.to_owned(), format!("tyontekija.{STRANGERS}-1")] {
            for (what, item) in bench.kind.delivers.iter().flat_map(|matter| items(*matter)) {
                number += 1;
                let mut delivery = delivery(bench.kind.id, number, item);
                delivery.professional.clone_from(&id);
                let delivered = bench.deliver(delivery).await;
                delivered.unwrap_or_else(|error| panic!("{name}, {what}: {error:?}"));
                assert_eq!(bench.taken(&message(number)).len(), 1, "{name}, {what}");
            }
            if !bench.kind.fetches.is_empty() {
                let categories: Vec<_> = bench.kind.fetches.iter().collect();
                bench.fetch(FactsQuery { professional: id, ..query(&categories) }).await.unwrap();
            }
        }
        for exchange in bench.agency.control().wire() {
            if let Some(user_id) = exchange.headers.get("x-road-userid") {
                assert_eq!(user_id, "FIpolku", "{name}");
            }
            let body = String::from_utf8_lossy(&exchange.body);
            if let Some((_, rest)) = body.split_once("userId>") {
                assert!(rest.starts_with("FIpolku<"), "{name}");
            }
        }
        let ledger = bench.agency.control().ledger();
        assert!(!ledger.received_contains(STRANGERS.as_bytes()), "{name}");
        bench.agency.control().stop();
    }
}

/// In SOAP as in REST: who speaks is no identifier of X-Road, with its few characters.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_any_character_is_told_as_it_is() {
    let id = "Olli.Ohjaaja_7-b:ilta@ohjaamo.example";
    for bench in benches().filter(|bench| bench.kind.speaks.contains("X-Road")) {
        bench
            .deliver(Delivery { professional: id.to_owned(), ..delivery(bench.kind.id, 1, handover()) })
            .await
            .unwrap();
        let told = bench.agency.control().ledger().received().into_iter().any(|request| {
            let header = request.headers.get("x-road-userid").and_then(|user| user.to_str().ok());
            let body = String::from_utf8_lossy(&request.body).into_owned();
            header == Some(&format!("FI{id}")) || body.contains(&format!("userId>FI{id}<"))
        });
        assert!(told, "{}", bench.name());
        bench.agency.control().stop();
    }
}
