//! Whom does an adapter speak to, and what does it make of a connection that the agency has closed?

use polku_adapters::AdapterErrorKind;
use polku_tests::simulators::Fault;

use super::bench::{Bench, benches};
use super::payloads::{delivery, handover, message};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_name_is_told_nothing() {
    for kind in polku_adapters::kinds() {
        let bench = Bench::open_at(kind, None, None, "muualla.example");
        let error = bench.deliver(delivery(kind.id, 1, handover())).await.unwrap_err();
        assert_eq!(error.kind, AdapterErrorKind::Unavailable { after: None }, "{}", kind.id);
        assert!(bench.agency.control().ledger().received().is_empty(), "{}", kind.id);
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_agency_has_closed_costs_nothing() {
    for bench in benches() {
        let name = bench.name();
        for number in 1..=5 {
            let sent = bench.deliver(delivery(bench.kind.id, number, handover())).await;
            assert!(sent.is_ok(), "{name}: {sent:?}");
            assert_eq!(bench.effects(&message(number), 1).await, 1, "{name}");
            bench.agency.control().faults().set(Fault::Dead);
            // The reset has to arrive, else nobody could know of it.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            bench.agency.control().faults().clear().unwrap();
        }
        bench.agency.control().stop();
    }
}
