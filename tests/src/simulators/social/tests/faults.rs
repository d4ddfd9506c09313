//! Do the faults of the simulated social services strike as named, and does the county take repetitions as it is told to?

use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::{County, MESSAGE, REFERRAL, json_of};
use crate::simulators::faults::{Duplicates, Fault, Operation, Repetition};

#[tokio::test]
async fn cuts_before_and_after_the_effect() {
    let county = County::that_takes(Repetition::Asked);
    let faults = county.social.faults();
    faults.once(Fault::ResetBeforeEffect);
    assert!(county.deliver().await.is_err());
    assert_eq!(county.effects(), 0);
    faults.once(Fault::ResetAfterEffect);
    let reset = format!("{:?}", county.deliver().await.unwrap_err());
    assert!(reset.contains("Connection reset"), "{reset}");
    assert_eq!(county.effects(), 1);
    faults.once(Fault::HalfAnswer);
    assert_eq!(county.deliver().await.unwrap_err().to_string(), "no whole answer");
    assert_eq!(county.effects(), 2);
    faults.once(Fault::HalfClosed);
    let began = Instant::now();
    let closed = format!("{:?}", county.deliver().await.unwrap_err());
    assert!(!closed.contains("Connection reset"), "{closed}");
    assert!(began.elapsed() < Duration::from_secs(5), "the end of the other half is not seen");
    assert_eq!(county.effects(), 3);
    faults.once(Fault::FailAfterEffect(502));
    assert_eq!(county.deliver().await.unwrap().status, StatusCode::BAD_GATEWAY);
    assert_eq!(county.effects(), 4);
    county.social.stop();
}

#[tokio::test]
async fn is_gone_or_somebody_else_until_it_comes_back() {
    let county = County::that_takes(Repetition::Asked);
    let faults = county.social.faults();
    for fault in [Fault::Dead, Fault::WrongCertificate] {
        faults.set(fault.clone());
        assert!(county.deliver().await.is_err(), "{fault:?}");
        assert!(county.social.ledger().received().is_empty(), "{fault:?}: somebody was told");
        faults.clear().unwrap();
    }
    county.deliver().await.unwrap();
    // In a queue they strike when a request has come.
    for (number, fault) in [Fault::Dead, Fault::WrongCertificate].into_iter().enumerate() {
        faults.once(fault.clone());
        assert!(county.deliver().await.is_err(), "{fault:?}");
        let received = county.social.ledger().received().len();
        assert!(county.deliver().await.is_err(), "{fault:?} lasts");
        assert_eq!(
            (received, county.social.ledger().received().len()),
            (number + 2, number + 2),
            "{fault:?}"
        );
        faults.clear().unwrap();
    }
    faults.set(Fault::WrongCertificate);
    let refused = format!("{:?}", county.deliver().await.unwrap_err());
    assert!(refused.contains("invalid peer certificate"), "{refused}");
    assert_eq!(county.effects(), 1);
    county.social.stop();
}

#[tokio::test]
async fn answers_with_something_else_than_the_truth() {
    let county = County::that_takes(Repetition::Asked);
    let faults = county.social.faults();
    faults.once_on(Operation::Deliver, Fault::Status { code: 429, retry_after: Some(3) });
    let busy = county.deliver().await.unwrap();
    assert_eq!((busy.status.as_u16(), busy.headers[RETRY_AFTER].to_str().unwrap()), (429, "3"));
    faults.once(Fault::TechnicalFault("server.serverproxy.access_denied".to_owned()));
    let denied = county.deliver().await.unwrap();
    assert_eq!(denied.headers["x-road-error"], "server.serverproxy.access_denied");
    faults.once(Fault::BusinessFault("EI_PALVELUALUETTA".to_owned()));
    let refused = county.deliver().await.unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let issue = &json_of(&refused)["issue"][0];
    assert_eq!(issue["code"], "business-rule");
    assert_eq!(issue["details"]["coding"][0]["code"], "EI_PALVELUALUETTA");
    faults.once(Fault::Redirect);
    let elsewhere = county.deliver().await.unwrap();
    assert_eq!(elsewhere.status, StatusCode::TEMPORARY_REDIRECT);
    assert!(elsewhere.headers[LOCATION].to_str().unwrap().starts_with("https://localhost:"));
    assert_eq!(county.effects(), 0);

    faults.once(Fault::Garbage);
    assert!(serde_json::from_slice::<Value>(&county.deliver().await.unwrap().body).is_err());
    faults.once(Fault::Doctype);
    assert!(String::from_utf8_lossy(&county.deliver().await.unwrap().body).contains("<!DOCTYPE"));
    faults.once(Fault::WrongEcho);
    assert_ne!(county.deliver().await.unwrap().headers["x-road-id"], MESSAGE);
    faults.once(Fault::WrongHash);
    let wrong = county.deliver().await.unwrap();
    let right = county.deliver().await.unwrap();
    assert_ne!(wrong.headers["x-road-request-hash"], right.headers["x-road-request-hash"]);
    faults.once(Fault::HugeAnswer(200_000));
    assert!(county.deliver().await.unwrap().body.len() > 200_000);
    assert_eq!(county.effects(), 6);

    faults.set(Fault::LyingStatus);
    assert_eq!(json_of(&county.found(MESSAGE).await.unwrap())["total"], 0);
    assert_eq!(json_of(&county.found(REFERRAL).await.unwrap())["total"], 1);
    county.social.stop();
}

#[tokio::test]
async fn is_slow_in_every_way() {
    let county = County::that_takes(Repetition::Asked);
    let pause = Duration::from_millis(120);
    for fault in [Fault::Slow(pause), Fault::LateEffect(pause), Fault::SlowBody(pause / 100)] {
        let began = Instant::now();
        county.social.faults().once(fault.clone());
        county.deliver().await.unwrap();
        assert!(began.elapsed() >= pause, "{fault:?}");
    }
    assert_eq!(county.effects(), 3);
    county.social.stop();
}

#[tokio::test]
async fn takes_repetitions_as_it_is_told_to() {
    let cases = [
        (Repetition::Recognised, 1, StatusCode::OK),
        (Repetition::Asked, 2, StatusCode::OK),
        (Repetition::Neither, 2, StatusCode::INTERNAL_SERVER_ERROR),
    ];
    for (repetition, effects, status) in cases {
        let county = County::that_takes(repetition);
        county.deliver().await.unwrap();
        county.deliver().await.unwrap();
        assert_eq!(county.effects(), effects, "{repetition:?}");
        assert_eq!(county.found(MESSAGE).await.unwrap().status, status, "{repetition:?}");
        let other = match repetition {
            Repetition::Recognised => Duplicates::Process,
            Repetition::Asked | Repetition::Neither => Duplicates::Recognise,
        };
        county.social.faults().once(Fault::DuplicateProcessing(other));
        county.deliver().await.unwrap();
        assert_eq!(county.effects(), 2, "{repetition:?}, and for once the other way");
        county.social.stop();
    }
}
