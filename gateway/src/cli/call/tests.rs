//! Methods by name, JSON to messages, statuses to lines.

use prost_reflect::ReflectMessage as _;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::*;

fn contract() -> Contract {
    Contract::load().unwrap()
}

#[test]
fn a_method_is_found_by_any_of_its_names() {
    for name in [
        "polku.v1.ReferralService/SendReferral",
        "/polku.v1.ReferralService/SendReferral",
        "ReferralService/SendReferral",
        "SendReferral",
    ] {
        let method = contract().method(name).unwrap();
        assert_eq!(contract::path(&method).unwrap().as_str(), "/polku.v1.ReferralService/SendReferral");
    }
}

#[test]
fn an_unknown_method_is_answered_with_the_likely_one() {
    let error = contract().method("sendreferral").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no method sendreferral; did you mean polku.v1.ReferralService/SendReferral?"
    );
    let error = contract().method("ReferralService/ListReferals").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no method ReferralService/ListReferals; did you mean polku.v1.ReferralService/ListReferrals?"
    );
    let error = contract().method("Foo").unwrap_err();
    assert_eq!(error.to_string(), "there is no method Foo; `polku call --list` lists all");
}

#[test]
fn json_that_does_not_fit_is_refused() {
    let input = contract().method("GetReferral").unwrap().input();
    assert!(contract::message(&input, r#"{"name": "x"}"#).is_ok());
    for wrong in [r#"{"nome": "x"}"#, r#"{"name": 1}"#, "{} {}", "", "[]"] {
        assert!(contract::message(&input, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_request_id_is_filled_in_once() {
    let send = contract().method("SendReferral").unwrap().input();
    let mut message = contract::message(&send, "{}").unwrap();
    let id = contract::fill_request_id(&mut message).unwrap();
    let field = message.descriptor().get_field_by_name("request_id").unwrap();
    assert_eq!(message.get_field(&field).as_str(), Some(id.to_string().as_str()));
    assert_eq!(contract::fill_request_id(&mut message), None);

    let get = contract().method("GetReferral").unwrap().input();
    assert_eq!(contract::fill_request_id(&mut contract::message(&get, "{}").unwrap()), None);
}

#[test]
fn the_actor_is_read_as_the_gateway_reads_it() {
    let json = r#"{"professional": {"id": "virkailija-7", "unit": "espoo", "role": "guidance_worker"}}"#;
    let bytes = contract().actor(json).unwrap().encode_to_vec();
    let actor = polku_proto::v1::Actor::decode(bytes.as_slice()).unwrap();
    assert!(polku_proto::Valid::check(actor).is_ok());
    assert!(contract().actor(r#"{"robot": {}}"#).is_err());
}

#[test]
fn a_status_is_told_in_lines() {
    let mut details = ErrorDetails::new();
    details
        .set_error_info(
            "REQUEST_ID_REUSED",
            "polku.v1",
            [(String::from("field"), String::from("request_id"))],
        )
        .add_bad_request_violation("request_id", "a fresh UUID")
        .add_help_link("make a new UUID", "")
        .set_retry_info(Some(Duration::from_millis(1500)));
    let status = Status::with_error_details(Code::InvalidArgument, "the request id was used", details);
    assert_eq!(
        report::lines(&status),
        [
            "INVALID_ARGUMENT: the request id was used",
            "  reason: REQUEST_ID_REUSED (polku.v1)",
            "  field: request_id",
            "  field request_id: a fresh UUID",
            "  try again after: 1500 ms",
            "  hint: make a new UUID",
        ]
    );
}
