//! Is each rule of the contract kept, at its edges, and does a violation say where and nothing of the value?

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{Valid, Validate, Violation, Violations};
use crate::v1::{
    Actor, CompleteReferralRequest, ConsentEvidence, ConsentTerms, ContactDetails, DataCategory,
    EducationWork, GetReferralRequest, LegalBasis, ListReferralsRequest, Origin, Outcome, PlanAction,
    Professional, Purpose, RecordConsentRequest, Referral, ReferralContent, SendReferralRequest,
    VerifyConsentResponse, WatchReferralsRequest, actor, consent_evidence, consent_terms,
};

const UUID: &str = "018f2b6c-7c1e-7d3a-9b1a-0123456789ab";

/// What is wrong with a message: field and rule.
fn broken<X: Validate>(message: X) -> Vec<(String, &'static str)> {
    match Valid::check(message) {
        Ok(_) => Vec::new(),
        Err(violations) => {
            violations.into_iter().map(|Violation { field, rule, .. }| (field, rule)).collect()
        }
    }
}

#[track_caller]
fn assert_broken<X: Validate>(message: X, expected: &[(&str, &str)]) {
    let found = broken(message);
    let found: Vec<_> = found.iter().map(|(field, rule)| (field.as_str(), *rule)).collect();
    assert_eq!(found, expected);
}

fn send() -> SendReferralRequest {
    SendReferralRequest {
        request_id: UUID.to_owned(),
        youth: format!("youths/{UUID}"),
        recipient: String::from("te"),
        purpose: Purpose::Guidance.into(),
        content: Some(ReferralContent::default()),
        ..Default::default()
    }
}

fn send_content(content: ReferralContent) -> SendReferralRequest {
    SendReferralRequest { content: Some(content), ..send() }
}

fn terms() -> ConsentTerms {
    ConsentTerms {
        kind: consent_terms::ConsentKind::Consent.into(),
        disclosers: vec![String::from("te")],
        recipients: vec![String::from("kela")],
        purposes: vec![Purpose::Guidance.into()],
        categories: vec![DataCategory::Housing.into()],
        legal_basis: LegalBasis::Consent.into(),
        ..Default::default()
    }
}

fn evidence() -> ConsentEvidence {
    ConsentEvidence {
        given_by: consent_evidence::GivenBy::Self_.into(),
        form: consent_evidence::Form::Written.into(),
        notice_version: String::from("1"),
        notice_language: String::from("fi"),
        notice_sha256: vec![0; 32],
        reference: String::new(),
        ..Default::default()
    }
}

#[test]
fn well_formed_messages_are_valid() {
    assert_broken(send(), &[]);
    assert_broken(terms(), &[]);
    assert_broken(evidence(), &[]);
    assert_broken(VerifyConsentResponse::default(), &[]);
    assert_eq!(Valid::check(send()).unwrap().get(), &send());
    assert_eq!(Valid::check(send()).unwrap().into_inner(), send());
}

#[test]
fn empty_fields_are_held_to_their_rules() {
    assert_broken(
        SendReferralRequest::default(),
        &[
            ("request_id", "string.uuid"),
            ("youth", "string.min_len"),
            ("youth", "string.pattern"),
            ("recipient", "string.pattern"),
            ("purpose", "enum.not_in"),
            ("content", "required"),
        ],
    );
    assert_broken(GetReferralRequest::default(), &[("name", "string.pattern")]);
}

#[test]
fn uuids_have_hyphens() {
    for (id, expected) in [
        (UUID.to_uppercase(), vec![]),
        (UUID.replace('-', ""), vec![("request_id", "string.uuid")]),
        (format!("{{{UUID}}}"), vec![("request_id", "string.uuid")]),
        (UUID.replace('1', "g"), vec![("request_id", "string.uuid")]),
    ] {
        assert_broken(SendReferralRequest { request_id: id, ..send() }, &expected);
    }
}

#[test]
fn length_is_counted_in_characters() {
    let names =
        |count| send_content(ReferralContent { given_names: "ä".repeat(count), ..Default::default() });
    assert_broken(names(200), &[]);
    assert_broken(names(201), &[("content.given_names", "string.max_len")]);
}

#[test]
fn patterns_match_the_whole_text() {
    for text in ["te\n", " te", "te ", "te\nkela", "Te"] {
        assert_broken(
            SendReferralRequest { recipient: text.to_owned(), ..send() },
            &[("recipient", "string.pattern")],
        );
    }
}

#[test]
fn optional_numbers_are_held_to_their_rules_when_given() {
    let level = |education_level| {
        let education_work = Some(EducationWork { education_level, ..Default::default() });
        send_content(ReferralContent { education_work, ..Default::default() })
    };
    assert_broken(level(None), &[]);
    assert_broken(level(Some(0)), &[]);
    assert_broken(level(Some(9)), &[]);
    assert_broken(level(Some(10)), &[("content.education_work.education_level", "int32.lte")]);
    assert_broken(level(Some(-1)), &[("content.education_work.education_level", "int32.gte")]);
    let list = ListReferralsRequest { parent: String::from("youths/-"), page_size: -1, ..Default::default() };
    assert_broken(list, &[("page_size", "int32.gte")]);
}

#[test]
fn enums_have_a_defined_value() {
    let complete = |outcome| CompleteReferralRequest {
        request_id: UUID.to_owned(),
        name: format!("youths/{UUID}/referrals/{UUID}"),
        outcome,
        ..Default::default()
    };
    assert_broken(complete(Outcome::Unknown.into()), &[]);
    assert_broken(complete(0), &[("outcome", "enum.not_in")]);
    assert_broken(complete(9), &[("outcome", "enum.defined_only")]);
    assert_broken(complete(-1), &[("outcome", "enum.defined_only")]);
}

#[test]
fn lists_have_few_and_different_items() {
    let ids = |count: usize| (0..count).map(|index| format!("a{index}")).collect::<Vec<_>>();
    assert_broken(ConsentTerms { disclosers: ids(32), ..terms() }, &[]);
    assert_broken(ConsentTerms { disclosers: ids(33), ..terms() }, &[("disclosers", "repeated.max_items")]);
    assert_broken(ConsentTerms { disclosers: ids(0), ..terms() }, &[("disclosers", "repeated.min_items")]);
    let twice = vec![String::from("te"), String::from("kela"), String::from("te")];
    assert_broken(ConsentTerms { recipients: twice, ..terms() }, &[("recipients", "repeated.unique")]);
}

#[test]
fn a_violation_says_which_item() {
    let request = RecordConsentRequest {
        request_id: UUID.to_owned(),
        youth: format!("youths/{UUID}"),
        terms: Some(ConsentTerms {
            disclosers: vec![String::from("te"), String::from("kela"), String::from("KELA")],
            categories: vec![DataCategory::Housing.into(), DataCategory::Envelope.into(), 99],
            ..terms()
        }),
        evidence: Some(evidence()),
        ..Default::default()
    };
    assert_broken(
        request,
        &[
            ("terms.disclosers[2]", "string.pattern"),
            ("terms.categories[1]", "enum.not_in"),
            ("terms.categories[2]", "enum.defined_only"),
        ],
    );
}

#[test]
fn a_digest_has_its_length() {
    for (len, expected) in
        [(31, vec![("notice_sha256", "bytes.len")]), (32, vec![]), (0, vec![("notice_sha256", "bytes.len")])]
    {
        assert_broken(ConsentEvidence { notice_sha256: vec![0; len], ..evidence() }, &expected);
    }
}

#[test]
fn somebody_acts() {
    assert_broken(Actor { who: None }, &[("who", "required")]);
    let who = actor::Who::Professional(Professional {
        id: String::from("p1"),
        unit: String::from("ohjaamo"),
        role: String::from("1coach"),
    });
    assert_broken(Actor { who: Some(who) }, &[("professional.role", "string.pattern")]);
}

#[test]
fn text_can_be_written_as_xml() {
    for letter in ['\0', '\u{8}', '\u{B}', '\u{1B}', '\u{1F}', '\u{7F}', '\u{FFFE}', '\u{FFFF}'] {
        let content = ReferralContent { reason: format!("a{letter}b"), ..Default::default() };
        assert_broken(send_content(content), &[("content.reason", "string.text")]);
    }
    for letter in
        ['\n', '\r', '\t', ' ', '~', 'ä', '\u{80}', '\u{D7FF}', '\u{E000}', '\u{FFFD}', '\u{10FFFF}']
    {
        let content = ReferralContent { reason: format!("a{letter}b"), ..Default::default() };
        assert_broken(send_content(content), &[]);
    }
    // Also where the contract has no rule for the text, in lists, and in answers.
    assert_broken(
        Referral { sender: String::from("\0"), ..Default::default() },
        &[("sender", "string.text")],
    );
    let service_needs = vec![String::from("work"), String::from("\u{7}")];
    let content = ReferralContent { service_needs, ..Default::default() };
    assert_broken(content, &[("service_needs[1]", "string.text")]);
}

#[test]
fn instants_can_be_expressed() {
    let respond_by = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    assert_broken(SendReferralRequest { respond_by, ..send() }, &[("respond_by", "timestamp.range")]);
}

#[test]
fn days_are_of_the_calendar_and_in_their_order() {
    let action = |start: &str, end: &str| PlanAction {
        id: "a".into(),
        category: 9,
        text: "Työkokeilu".into(),
        state: 1,
        start: start.into(),
        end: end.into(),
        ..PlanAction::default()
    };
    for (start, end) in [
        ("", ""),
        ("2028-02-29", ""),
        ("", "0001-01-01"),
        ("2026-12-01", "2026-12-01"),
        ("1999-12-31", "9999-12-31"),
    ] {
        assert_broken(action(start, end), &[]);
    }
    for day in ["2027-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-06-31", "0000-01-01"] {
        assert_broken(action(day, ""), &[("start", "calendar_date")]);
    }
    assert_broken(action("2026/12/02", "2026-12-01"), &[("start", "string.pattern")]);
    assert_broken(action("2026-12-02", "2026-12-01"), &[("end", "not_before")]);
    assert_broken(action("2027-01-01", "2026-12-31"), &[("end", "not_before")]);
}

#[test]
fn violations_are_explained_without_the_value() {
    let contact = ContactDetails { phone: String::from("secret"), ..Default::default() };
    let content =
        ReferralContent { contact: Some(contact), given_names: "secret".repeat(40), ..Default::default() };
    let violations = Valid::check(send_content(content)).unwrap_err();
    assert_eq!(
        violations.to_string(),
        "content.given_names: expected at most 200 characters; \
         content.contact.phone: expected text that matches ^(\\+?[0-9 ()-]{5,20})?$"
    );
    assert!(!format!("{violations:?}").contains("secret"));
    let purpose = Valid::check(SendReferralRequest { purpose: 0, ..send() }).unwrap_err();
    assert_eq!(purpose.to_string(), "purpose: expected another value than PURPOSE_UNSPECIFIED");
}

#[test]
fn the_list_of_violations_is_bounded() {
    let documents: Vec<String> = (0..64).map(|number| format!("\u{1}{number}")).collect();
    let violations = Valid::check(Origin { documents, ..Default::default() }).unwrap_err();
    assert_eq!(violations.iter().count(), Violations::MAX);
}

#[test]
fn a_list_that_is_too_long_is_not_looked_at() {
    let service_needs = vec![String::new(); 10_000];
    let content = ReferralContent { service_needs, ..Default::default() };
    assert_broken(content, &[("service_needs", "repeated.max_items")]);
}

#[test]
fn debug_shows_no_content() {
    assert_eq!(format!("{:?}", Valid::check(send()).unwrap()), "Valid(redacted)");
}

proptest! {
    #[test]
    fn valid_text_is_plain(token in any::<String>()) {
        let valid = Valid::check(WatchReferralsRequest { resume_token: token.clone() });
        let forbidden =
            |letter: char| (letter < ' ' && !"\n\r\t".contains(letter)) || "\u{7F}\u{FFFE}\u{FFFF}".contains(letter);
        let expected = token.chars().count() <= 400 && !token.contains(forbidden);
        prop_assert_eq!(valid.is_ok(), expected);
        if let Err(violations) = valid {
            prop_assert!(violations.iter().count() > 0);
        }
    }
}
