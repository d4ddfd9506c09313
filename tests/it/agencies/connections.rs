//! Whom does an adapter speak to, and what does it make of a connection that ends in the middle?

use std::sync::Arc;

use polku_adapters::AdapterErrorKind;
use polku_tests::pki::{self, Pki};
use polku_tests::simulators::Fault;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::bench::{Bench, PATIENCE, benches, build};
use super::payloads::{delivery, handover, message};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_authority_is_told_nothing() {
    for bench in benches() {
        let name = bench.name();
        Pki::new().unwrap().write_authority(&bench.folder(), "other").unwrap();
        let adapter = build(bench.kind, &bench.settings(Some("other.crt.pem")));
        let permit = bench.permit(delivery(bench.kind.id, 1, handover()));
        let error = adapter.deliver(permit, super::bench::now()).await.unwrap_err();
        assert_eq!(error.kind, AdapterErrorKind::Unavailable { after: None }, "{name}");
        assert!(bench.agency.control().ledger().received().is_empty(), "{name}");
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_name_is_told_nothing() {
    for kind in polku_adapters::kinds() {
        let bench = Bench::open_at(kind, None, "muualla.example");
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

/// A server that reads everything and says nothing: it has closed its own half of the connection.
async fn half_closed(config: ServerConfig) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut bytes = [0; 4096];
                // Something has come: now its own half is closed, and the rest is read.
                if !matches!(stream.read(&mut bytes).await, Ok(1..)) {
                    return;
                }
                let _ = stream.shutdown().await;
                while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
            });
        }
    });
    (port, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_closed_connection_ends_in_time_and_is_not_taken_for_an_answer() {
    for bench in benches() {
        let name = bench.name();
        let server = bench.pki.issue_server(&["localhost"]).unwrap();
        let mut config = pki::lenient_server_config(&server, bench.pki.authority_pem()).unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (port, serving) = half_closed(config).await;
        let silent = format!("https://localhost:{port}");
        let settings = bench.settings(None).replace(&bench.agency.control().origin(), &silent);
        assert!(settings.contains(&silent), "{name}: the settings do not name the server");
        let adapter = build(bench.kind, &settings);
        let permit = bench.permit(delivery(bench.kind.id, 1, handover()));
        let ended = tokio::time::timeout(PATIENCE * 2, adapter.deliver(permit, super::bench::now())).await;
        let error = ended.expect("it does not end").unwrap_err();
        // Where a token comes first, the message itself has not been written.
        let open = matches!(
            error.kind,
            AdapterErrorKind::Unanswered | AdapterErrorKind::Unavailable { .. } | AdapterErrorKind::Timeout
        );
        assert!(open, "{name}: {error}");
        serving.abort();
        bench.agency.control().stop();
    }
}
