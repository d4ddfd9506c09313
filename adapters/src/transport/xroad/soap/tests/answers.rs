//! Answers, each with one thing changed, to the same request.

use super::*;

const SERVER: &str = "reject server.serverproxy.service_failed";
const CLIENT: &str = "reject server.clientproxy.service_failed.inconsistent_response";

fn answered(answer: &Sample) -> String {
    exchange(&Sample::request().text(), &answer.text())
}

fn strict(answer: &Sample) -> Result<SoapMessage, XroadFault> {
    accepted(Sample::request().text().as_bytes(), answer.text().as_bytes())
}

#[test]
fn an_answer_that_repeats_the_headers_is_accepted() {
    assert_eq!(answered(&Sample::answer()), "accept");
    assert!(strict(&Sample::answer()).is_ok());
    let mut reversed = Sample::answer();
    reversed.fields.reverse();
    assert_eq!(answered(&reversed), "accept");
    let prefixes = Sample::answer().text().replace("xroad:", "q:").replace(":xroad=", ":q=");
    assert_eq!(exchange(&Sample::request().text(), &prefixes), "accept");
}

#[test]
fn mistakes_of_form_are_found_by_the_providers_server() {
    for field in ["client", "service", "id", "protocolVersion"] {
        assert_eq!(answered(&Sample::answer().without(field)), format!("{SERVER}.missing_header_field"));
    }
    for (field, _) in Sample::answer().fields {
        assert_eq!(answered(&Sample::answer().doubled(field)), format!("{SERVER}.duplicate_header_field"));
    }
    for (body, code) in [
        ("", "invalid_body"),
        ("<referResponse/><referResponse/>", "invalid_body"),
        ("<otherResponse/>", "inconsistent_headers"),
    ] {
        assert_eq!(answered(&Sample::answer().with_body(body)), format!("{SERVER}.{code}"));
    }
    assert_eq!(answered(&Sample { body: None, ..Sample::answer() }), format!("{SERVER}.missing_body"));
    assert_eq!(
        answered(&Sample::answer().replaced("4.0", "5.0")),
        format!("{SERVER}.invalid_protocol_version")
    );
    assert_eq!(answered(&Sample::answer().replaced("\"SERVICE\"", "\"X\"")), format!("{SERVER}.invalid_xml"));
    let answer = Sample::answer();
    assert_eq!(exchange(&Sample::request().text(), &answer.around("")), format!("{SERVER}.missing_header"));
    for text in ["", "gone", "<html/>", "<!DOCTYPE html><html/>"] {
        assert_eq!(exchange(&Sample::request().text(), text), format!("{SERVER}.invalid_soap"));
    }
}

#[test]
fn a_mistake_in_the_request_comes_first() {
    let request = Sample::request().without("id").text();
    assert_eq!(exchange(&request, ""), "reject client.missing_header_field");
}

#[test]
fn every_field_left_out_or_altered_is_found_by_our_server() {
    for field in ["userId", "representedParty", "issue"] {
        assert_eq!(answered(&Sample::answer().without(field)), CLIENT, "{field}");
        let error = strict(&Sample::answer().without(field)).unwrap_err();
        assert_eq!(error.reason(), Some(&SoapError::NotEchoed { field }));
    }
    for (from, to) in [
        ("0245437-2", "0245437-3"),
        (">polku<", ">polk<"),
        ("2858394-9", "2858394-8"),
        (">te<", ">TE<"),
        (">v1<", ">v2<"),
        ("m-1", "m-2"),
        ("m-1", " m-1"),
        ("FI123", "FI124"),
        ("1234567-1", "1234567-2"),
        ("<repr:partyClass>COM</repr:partyClass>", ""),
        ("<id:serviceVersion>v1</id:serviceVersion>", ""),
        ("d-1", ""),
    ] {
        assert_eq!(answered(&Sample::answer().replaced(from, to)), CLIENT, "{from} -> {to}");
    }
    for part in ["FI-TEST", "GOV"] {
        assert_eq!(answered(&Sample::answer().replaced(part, "other")), CLIENT, "{part}");
    }
}

#[test]
fn an_empty_field_is_not_a_missing_one() {
    let empty = Sample::request().replaced("d-1", "");
    let missing = Sample::answer().without("issue");
    assert_eq!(exchange(&empty.text(), &missing.text()), CLIENT);
    assert_eq!(exchange(&empty.text(), &Sample::answer().replaced("d-1", "").text()), "accept");
}

#[test]
fn our_own_requests_ask_for_more_than_the_servers_compare() {
    let version = Sample::answer().replaced("4.0", "4.1");
    assert_eq!(answered(&version), "accept");
    let error = strict(&version).unwrap_err();
    assert_eq!(error.reason(), Some(&SoapError::NotEchoed { field: "protocolVersion" }));

    for body in ["<refer/>", "<referral/>", "<referResponses/>", "<referralResponse/>"] {
        let answer = Sample::answer().with_body(body);
        assert_eq!(answered(&answer), "accept", "{body}");
        let error = strict(&answer).unwrap_err();
        assert_eq!(error.reason(), Some(&SoapError::NotAnAnswer), "{body}");
        assert_eq!(error.code(), "server.clientproxy.service_failed.inconsistent_response");
    }
}

#[test]
fn the_hash_of_the_request_is_compared() {
    let with_hash = |algorithm: &str, hash: &str| {
        let mut answer = Sample::answer();
        let field = format!("<xroad:requestHash algorithmId=\"{algorithm}\">{hash}</xroad:requestHash>");
        answer.fields.push(("requestHash", field));
        strict(&answer).map(drop).map_err(|error| *error.reason().unwrap())
    };
    use base64::Engine as _;
    let request = Sample::request().text();
    let digest = ring::digest::digest(&ring::digest::SHA512, request.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(digest);
    assert_eq!(with_hash(HASH_ALGORITHM, &hash), Ok(()));
    assert_eq!(with_hash(HASH_ALGORITHM, "AAAA"), Err(SoapError::RequestHash));
    assert_eq!(with_hash("urn:other", "AAAA"), Ok(()));
}
