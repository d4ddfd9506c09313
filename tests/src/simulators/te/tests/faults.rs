//! Do the faults of the simulated employment services strike as named?

use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{LOCATION, RETRY_AFTER};

use super::{Office, fault_code, status_query};
use crate::simulators::faults::{Duplicates, Fault, Operation};
use crate::simulators::te::TeSimulator;
use crate::simulators::xroad_soap::Envelope;

#[tokio::test]
async fn cuts_before_and_after_the_effect() {
    let office = Office::open();
    office.te.faults().once(Fault::ResetBeforeEffect);
    assert!(office.deliver().await.is_err());
    assert_eq!((office.effects(), office.state().await.as_str()), (0, "TUNTEMATON"));
    office.te.faults().once(Fault::ResetAfterEffect);
    let reset = format!("{:?}", office.deliver().await.unwrap_err());
    assert!(reset.contains("Connection reset"), "{reset}");
    assert_eq!((office.effects(), office.state().await.as_str()), (1, "VASTAANOTETTU"));
    office.te.faults().once(Fault::HalfAnswer);
    assert_eq!(office.deliver().await.unwrap_err().to_string(), "no whole answer");
    assert_eq!(office.effects(), 2);
    office.te.faults().once(Fault::FailAfterEffect(502));
    assert_eq!(office.deliver().await.unwrap().status, StatusCode::BAD_GATEWAY);
    assert_eq!(office.effects(), 3);
}

#[tokio::test]
async fn dies_and_comes_back_on_the_same_port() {
    let office = Office::open();
    office.te.faults().once(Fault::Dead);
    assert!(office.deliver().await.is_err());
    assert!(tokio::net::TcpStream::connect(office.te.address()).await.is_err());
    office.te.faults().clear().unwrap();
    office.deliver().await.unwrap();
    assert_eq!(office.effects(), 1);

    let mut settings = office.te.settings().clone();
    settings.port = office.te.address().port();
    office.te.stop();
    assert!(office.deliver().await.is_err());
    let again = TeSimulator::start(settings).unwrap();
    let office = Office { world: office.world, te: again };
    assert_eq!(office.state().await, "VASTAANOTETTU", "the ledger outlives the simulator");
}

#[tokio::test]
async fn answers_with_something_else_than_the_truth() {
    let office = Office::open();
    let faults = office.te.faults();
    faults.once(Fault::Status { code: 503, retry_after: Some(7) });
    let busy = office.deliver().await.unwrap();
    assert_eq!((busy.status.as_u16(), busy.headers[RETRY_AFTER].to_str().unwrap()), (503, "7"));
    faults.once(Fault::TechnicalFault("Server.ClientProxy.NetworkError".to_owned()));
    assert_eq!(fault_code(&office.deliver().await.unwrap()), "Server.ClientProxy.NetworkError");
    faults.once(Fault::BusinessFault("EI_PALVELUALUETTA".to_owned()));
    assert_eq!(fault_code(&office.deliver().await.unwrap()), "EI_PALVELUALUETTA");
    faults.once(Fault::Redirect);
    let redirected = office.deliver().await.unwrap();
    assert_eq!(redirected.status, StatusCode::TEMPORARY_REDIRECT);
    assert!(redirected.headers[LOCATION].to_str().unwrap().starts_with(office.te.base_url().as_str()));
    assert_eq!(office.effects(), 0);

    faults.once(Fault::Garbage);
    assert!(Envelope::open(&office.deliver().await.unwrap().body).is_err());
    faults.once(Fault::Doctype);
    assert!(office.deliver().await.unwrap().body.windows(9).any(|part| part == b"<!DOCTYPE"));
    faults.once(Fault::WrongEcho);
    let other = Envelope::open(&office.deliver().await.unwrap().body).unwrap();
    assert_ne!(other.header_text("id"), Some("request-1"));
    faults.once(Fault::WrongHash);
    let wrong = Envelope::open(&office.deliver().await.unwrap().body).unwrap();
    let right = Envelope::open(&office.deliver().await.unwrap().body).unwrap();
    assert_ne!(wrong.header_text("requestHash"), right.header_text("requestHash"));
    faults.once(Fault::HugeAnswer(300_000));
    assert!(office.deliver().await.unwrap().body.len() > 300_000);
    assert_eq!(office.effects(), 6);

    faults.set(Fault::LyingStatus);
    assert_eq!(office.state().await, "TUNTEMATON");
    let unknown = office.post(status_query("0190aaaa-0000-7000-8000-00000000dead")).await.unwrap();
    assert!(String::from_utf8_lossy(&unknown.body).contains("VASTAANOTETTU"));
    faults.clear().unwrap();
    faults.set(Fault::DuplicateProcessing(Duplicates::Recognise));
    office.deliver().await.unwrap();
    assert_eq!(office.effects(), 6);
}

#[tokio::test]
async fn is_slow_in_every_way() {
    let office = Office::open();
    let pause = Duration::from_millis(120);
    let began = Instant::now();
    office.te.faults().once_on(Operation::Deliver, Fault::Slow(pause));
    office.deliver().await.unwrap();
    assert!(began.elapsed() >= pause);

    let began = Instant::now();
    office.te.faults().once(Fault::SlowBody(Duration::from_micros(100)));
    office.deliver().await.unwrap();
    assert!(began.elapsed() >= pause, "a byte at a time");

    office.te.faults().once(Fault::LateEffect(pause));
    let given_up = tokio::time::timeout(pause / 2, office.deliver()).await;
    assert!(given_up.is_err());
    assert_eq!(office.effects(), 2);
    tokio::time::sleep(pause * 2).await;
    assert_eq!(office.effects(), 3, "the effect comes although the caller has gone");
}
