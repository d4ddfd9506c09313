//! Do the faults of the simulated Kela strike as named?

use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::Value;

use super::{MESSAGE, Office, REFERRAL, code};
use crate::simulators::faults::{Duplicates, Fault, Operation};

#[tokio::test]
async fn cuts_before_and_after_the_effect_and_dies() {
    let office = Office::open();
    let faults = office.kela.faults();
    faults.once(Fault::ResetBeforeEffect);
    assert!(office.deliver().await.is_err());
    assert_eq!(office.effects(), 0);
    faults.once(Fault::ResetAfterEffect);
    assert!(office.deliver().await.is_err());
    assert_eq!(office.effects(), 1);
    faults.once(Fault::HalfAnswer);
    assert_eq!(office.deliver().await.unwrap_err().to_string(), "no whole answer");
    faults.set(Fault::Dead);
    assert!(office.deliver().await.is_err());
    faults.clear().unwrap();
    faults.once(Fault::DuplicateProcessing(Duplicates::Recognise));
    assert_eq!(office.deliver().await.unwrap().status, StatusCode::CREATED);
    assert_eq!(office.effects(), 2);
}

#[tokio::test]
async fn answers_with_something_else_than_the_truth() {
    let office = Office::open();
    let faults = office.kela.faults();
    faults.once_on(Operation::Deliver, Fault::Status { code: 429, retry_after: Some(3) });
    let busy = office.deliver().await.unwrap();
    assert_eq!((busy.status.as_u16(), busy.headers[RETRY_AFTER].to_str().unwrap()), (429, "3"));
    assert!(busy.headers.get("x-road-id").is_none());
    faults.once(Fault::TechnicalFault("server.serverproxy.access_denied".to_owned()));
    let denied = office.deliver().await.unwrap();
    assert_eq!(denied.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(denied.headers["x-road-error"], "server.serverproxy.access_denied");
    let body: Value = serde_json::from_slice(&denied.body).unwrap();
    assert_eq!(body["type"], "server.serverproxy.access_denied");
    faults.once(Fault::BusinessFault("EI_PALVELUALUETTA".to_owned()));
    let refused = office.deliver().await.unwrap();
    assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (422, "EI_PALVELUALUETTA"));
    faults.once(Fault::Redirect);
    assert_eq!(office.deliver().await.unwrap().status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(office.effects(), 0);

    faults.once(Fault::Garbage);
    assert!(serde_json::from_slice::<Value>(&office.deliver().await.unwrap().body).is_err());
    faults.once(Fault::FailAfterEffect(504));
    assert_eq!(office.deliver().await.unwrap().status, StatusCode::GATEWAY_TIMEOUT);
    faults.once(Fault::WrongEcho);
    assert_ne!(office.deliver().await.unwrap().headers["x-road-id"], MESSAGE);
    faults.once(Fault::HugeAnswer(200_000));
    assert!(office.deliver().await.unwrap().body.len() > 200_000);
    assert_eq!(office.effects(), 4);
    faults.once(Fault::LyingStatus);
    assert_eq!(office.look_up(MESSAGE).await, StatusCode::NOT_FOUND);
    faults.once(Fault::LyingStatus);
    assert_eq!(office.look_up(REFERRAL).await, StatusCode::OK);
}

#[tokio::test]
async fn is_slow_in_every_way() {
    let office = Office::open();
    let pause = Duration::from_millis(120);
    for fault in [Fault::Slow(pause), Fault::LateEffect(pause), Fault::SlowBody(pause / 50)] {
        let began = Instant::now();
        office.kela.faults().once(fault);
        office.deliver().await.unwrap();
        assert!(began.elapsed() >= pause);
    }
    assert_eq!(office.effects(), 3);
}
