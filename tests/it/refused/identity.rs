//! Which personal identity codes are taken in?

use std::collections::BTreeSet;

use jiff::SignedDuration;
use polku_proto::v1::IdentifyYouthRequest;
use polku_tests::world::{PEOPLE, born_on, request_id};
use tonic::Code;

use crate::stage::{Stage, assert_refused, assert_silent, fields_of};

#[tokio::test(flavor = "multi_thread")]
async fn every_code_is_one_person_for_ever() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let mut kela = stage.kela();
    let mut ids = BTreeSet::new();
    for code in PEOPLE {
        let id = ohjaamo.identify(code).await.unwrap();
        assert_eq!(id.len(), 43);
        assert_eq!(kela.identify(code).await.unwrap(), id, "two agencies, one person");
        assert_eq!(ohjaamo.identify(code).await.unwrap(), id);
        assert!(!id.contains(code.split_at(6).0), "the id tells the birth date");
        assert!(ids.insert(id), "two persons with one id");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_century_sign_is_known() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let mut ids = BTreeSet::new();
    for sign in "+-UVWXYABCDEF".chars() {
        // In the year 05 of every century, of which that of the signs A to F is not in the future.
        ids.insert(ohjaamo.identify(&born_on(10_105, sign)).await.unwrap());
    }
    assert_eq!(ids.len(), 13, "codes that differ in the sign are different persons");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_texts_are_refused_and_not_repeated() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let before = stage.next_leaf().await;
    let wrong = [
        "010594Y9033",
        "010594Y903A",
        "010594G9032",
        "010594y9032",
        "010594 9032",
        "310494Y9020",
        "290201A9020",
        "000594Y9032",
        "011394Y9032",
        "010594Y0019",
        "010594Y9O32",
        "O10594Y9032",
        "0105949032Y",
        "010594Y903\u{0}",
        "01059４Y9032",
        "           ",
        // Right but for the time: born in 2094.
        "010594A9032",
        "010594F9032",
    ];
    for code in wrong {
        let request = IdentifyYouthRequest {
            request_id: request_id(),
            identity_code: code.into(),
            ..IdentifyYouthRequest::default()
        };
        let result = ohjaamo.journey.identify_youth(request).await;
        let reason = if code.contains('\u{0}') { "INVALID_FIELDS" } else { "IDENTITY_CODE_INVALID" };
        let status = assert_refused(result, Code::InvalidArgument, reason);
        assert_eq!(fields_of(&status), ["identity_code"], "{code}");
        if !code.trim().is_empty() {
            assert_silent(&status, &[code]);
        }
    }
    for code in ["", "010594Y903", "010594Y90322", "19940501-9032", "kanaria"] {
        let request = IdentifyYouthRequest {
            request_id: request_id(),
            identity_code: code.into(),
            ..IdentifyYouthRequest::default()
        };
        let result = ohjaamo.journey.identify_youth(request).await;
        let status = assert_refused(result, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(fields_of(&status), ["identity_code"], "{code}");
    }
    assert_eq!(stage.next_leaf().await, before + 1, "a refused code left a leaf");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_born_tomorrow() {
    let stage = Stage::at_noon().await;
    let mut ohjaamo = stage.ohjaamo();
    let born_tomorrow = born_on(30_326, 'A');
    ohjaamo.identify(&born_on(20_326, 'A')).await.unwrap();
    let result = ohjaamo.identify(&born_tomorrow).await;
    let status = assert_refused(result, Code::InvalidArgument, "IDENTITY_CODE_INVALID");
    assert_silent(&status, &[&born_tomorrow]);
    // In Finland the day begins two hours before it does in UTC: noon here is 10:00 there.
    stage.advance(SignedDuration::from_hours(12) - SignedDuration::from_secs(1));
    assert!(ohjaamo.identify(&born_tomorrow).await.is_err());
    stage.advance(SignedDuration::from_secs(1));
    ohjaamo.identify(&born_tomorrow).await.unwrap();
    stage.close().await;
}
