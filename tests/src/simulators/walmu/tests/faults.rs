//! Do the faults of the simulated case management strike as named?

use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::Value;

use super::{FORM, MESSAGE, REFERRAL, Workshop, code};
use crate::simulators::faults::{Duplicates, Fault, Operation};

#[tokio::test]
async fn cuts_before_and_after_the_effect_and_dies() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    let faults = workshop.walmu.faults();
    faults.once(Fault::ResetBeforeEffect);
    assert!(workshop.deliver(&token).await.is_err());
    assert_eq!(workshop.effects(), 0);
    faults.once(Fault::ResetAfterEffect);
    assert!(workshop.deliver(&token).await.is_err());
    assert_eq!(workshop.effects(), 1);
    faults.once(Fault::HalfAnswer);
    assert_eq!(workshop.deliver(&token).await.unwrap_err().to_string(), "no whole answer");
    faults.set(Fault::Dead);
    assert!(workshop.deliver(&token).await.is_err());
    faults.clear().unwrap();
    assert_eq!(workshop.deliver(&token).await.unwrap().status, StatusCode::OK);
    assert_eq!(workshop.effects(), 1);
}

#[tokio::test]
async fn answers_with_something_else_than_the_truth() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    let faults = workshop.walmu.faults();
    faults.once(Fault::Status { code: 429, retry_after: Some(3) });
    assert_eq!(workshop.ask_token("polku:s%2B%C3%A4%3A%25", FORM).await.status, StatusCode::OK);
    let busy = workshop.deliver(&token).await.unwrap();
    assert_eq!((busy.status.as_u16(), busy.headers[RETRY_AFTER].to_str().unwrap()), (429, "3"));
    faults.once_on(Operation::Token, Fault::Status { code: 503, retry_after: None });
    assert_eq!(workshop.ask_token("polku:x", FORM).await.status, StatusCode::SERVICE_UNAVAILABLE);
    faults.once(Fault::TechnicalFault("sisainen".to_owned()));
    assert_eq!(workshop.deliver(&token).await.unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
    faults.once(Fault::BusinessFault("ei_paikkoja".to_owned()));
    let refused = workshop.deliver(&token).await.unwrap();
    assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (422, "ei_paikkoja"));
    faults.once(Fault::Redirect);
    assert_eq!(workshop.deliver(&token).await.unwrap().status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(workshop.effects(), 0);

    faults.once(Fault::Garbage);
    assert!(serde_json::from_slice::<Value>(&workshop.deliver(&token).await.unwrap().body).is_err());
    assert_eq!(workshop.effects(), 1);
    faults.once(Fault::Doctype);
    assert!(workshop.deliver(&token).await.unwrap().body.starts_with(b"<?xml"));
    faults.once(Fault::FailAfterEffect(504));
    assert_eq!(workshop.deliver(&token).await.unwrap().status, StatusCode::GATEWAY_TIMEOUT);
    faults.once(Fault::WrongEcho);
    assert_ne!(workshop.deliver(&token).await.unwrap().body, workshop.deliver(&token).await.unwrap().body);
    faults.once(Fault::HugeAnswer(200_000));
    assert!(workshop.deliver(&token).await.unwrap().body.len() > 200_000);
    faults.once(Fault::LyingStatus);
    assert_eq!(workshop.look_up(&token, MESSAGE).await, StatusCode::NOT_FOUND);
    faults.once(Fault::LyingStatus);
    assert_eq!(workshop.look_up(&token, REFERRAL).await, StatusCode::OK);
    faults.once(Fault::DuplicateProcessing(Duplicates::Process));
    assert_eq!(workshop.deliver(&token).await.unwrap().status, StatusCode::CREATED);
    assert_eq!(workshop.effects(), 2);
}

#[tokio::test]
async fn is_slow_in_every_way() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    let pause = Duration::from_millis(120);
    for fault in [Fault::Slow(pause), Fault::LateEffect(pause), Fault::SlowBody(pause / 50)] {
        let began = Instant::now();
        workshop.walmu.faults().once(fault);
        workshop.deliver(&token).await.unwrap();
        assert!(began.elapsed() >= pause);
    }
    assert_eq!(workshop.effects(), 1);
}
