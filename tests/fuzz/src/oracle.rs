//! What is always true of what was read, whatever came in?
//!
//! Nothing here prints what came in: a failure says which rule is broken, and the input lies in a file.

mod vocabulary;

use http::StatusCode;
use polku_adapters::formats::fhir::{Imported, Permission};
use polku_adapters::transport::xroad::soap::{accept_answer, check_request, request_hash};
use polku_adapters::{
    Adapter, DeliveryStatus, Inbound, InboundChange, InboundEvent, InboundMatter, InboundOutcome,
    InboundPlanPart, InboundReferral, Receipt, Received, Reply, ReplyContext, Retry,
};
use polku_proto::identity::Hetu;
use polku_proto::v1::{
    Actor, AgencyFacts, Outcome, PlanPart, Professional, ReferralContent, ReferralNotice, ReferralState,
    RejectionReason, actor,
};
use polku_proto::{Valid, Validate};

use crate::doors::{Door, Read, Refusal, Taken};

/// Longest code and receipt number.
const MAX_CODE: usize = 128;
/// As many digits in a row may be a birthday.
const BIRTHDAY: usize = 6;

/// Checks what was read of an input.
///
/// # Panics
/// A rule is broken.
pub fn check(door: &Door, input: &[u8], read: &Read) {
    let name = door.name;
    match read {
        Ok(Taken::Event(event)) => check_event(name, event),
        Ok(Taken::Receipt(receipt)) => check_receipt(name, receipt),
        Ok(Taken::Status(DeliveryStatus::Arrived(receipt))) => check_receipt(name, receipt),
        Ok(Taken::Status(DeliveryStatus::NotArrived)) => {}
        Ok(Taken::Facts(facts)) => check_facts(name, facts),
        Ok(Taken::Consent(imported)) => check_consent(name, imported),
        Err(refusal) => check_refusal(name, input, refusal),
    }
}

fn check_event(door: &str, event: &InboundEvent) {
    let InboundEvent { message: _, official, unit, matter } = event;
    let professional = Professional { id: official.clone(), unit: unit.clone(), role: "official".to_owned() };
    well_formed(door, "the official", Actor { who: Some(actor::Who::Professional(professional)) });
    assert!(!has_identity_code(official), "{door}: an official's id is a personal identity code");
    match matter {
        InboundMatter::Change { referral: _, change } => well_formed(door, "the change", notice(change)),
        InboundMatter::Referral(referral) => check_referral(door, referral),
        InboundMatter::PlanPart(part) => {
            let InboundPlanPart { identity: _, part } = &**part;
            check_part(door, part);
        }
    }
}

fn check_referral(door: &str, referral: &InboundReferral) {
    let InboundReferral {
        identity: _,
        recipient: _,
        purpose,
        content,
        respond_by: _,
        claim,
        origin,
        redacted: _,
    } = referral;
    assert!(*purpose as i32 != 0, "{door}: a referral without purpose");
    check_content(door, content);
    if let Some(claim) = claim {
        well_formed(door, "the ground in law", claim.clone());
    }
    if let Some(origin) = origin {
        well_formed(door, "the origin", origin.clone());
    }
}

fn check_content(door: &str, content: &ReferralContent) {
    assert!(content.identity_code.is_empty(), "{door}: a personal identity code within the content");
    well_formed(door, "the content", content.clone());
}

fn check_part(door: &str, part: &PlanPart) {
    if let Some(background) = &part.background {
        check_content(door, background);
    }
    assert!(!has_identity_code(&part.reference), "{door}: a plan's reference is a personal identity code");
    well_formed(door, "the plan", part.clone());
}

fn check_facts(door: &str, facts: &AgencyFacts) {
    well_formed(door, "the facts", facts.clone());
    for fact in &facts.facts {
        assert!(
            !has_identity_code(&fact.reference),
            "{door}: a fact's reference is a personal identity code"
        );
        assert!(!has_identity_code(&fact.code), "{door}: a fact's code is a personal identity code");
    }
    facts.plans.iter().for_each(|plan| check_part(door, plan));
}

fn check_consent(door: &str, imported: &Imported) {
    let Imported { patient: _, given_by: _, consents, prohibitions } = imported;
    assert!(!(consents.is_empty() && prohibitions.is_empty()), "{door}: a consent to nothing");
    for Permission { terms, source } in consents {
        well_formed(door, "the consent", terms.clone());
        let has_code = [&source.unit, &source.professional].into_iter().any(|id| has_identity_code(id));
        assert!(!has_code, "{door}: whoever recorded the consent is named by a personal identity code");
    }
    for terms in prohibitions {
        well_formed(door, "the prohibition", terms.clone());
    }
}

fn check_receipt(door: &str, receipt: &Receipt) {
    let reference = &receipt.reference;
    let has_form = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte);
    assert!(reference.len() <= MAX_CODE && reference.bytes().all(has_form), "{door}: no receipt number");
    assert!(!has_identity_code(reference), "{door}: a receipt number is a personal identity code");
}

/// A code has the form of one, and the words are ours alone.
fn check_refusal(door: &str, input: &[u8], refusal: &Refusal) {
    let Refusal { code, words, codes } = refusal;
    for code in codes.iter().chain([code]) {
        assert!(is_code(code), "{door}: a code that is none");
    }
    // UTF-16 has a zero with every letter.
    let plain: Vec<u8> = input.iter().copied().filter(|byte| *byte != 0).collect();
    for words in words {
        assert!(!has_identity_code(words), "{door}: a personal identity code among the words of an error");
        assert!(!vocabulary::repeats(words, &plain), "{door}: the words of an error repeat the input");
    }
}

/// The answer to a message says what came of it, and of a message that was not taken in it repeats nothing.
///
/// # Panics
/// A rule is broken.
pub fn check_reply(adapter: &dyn Adapter, inbound: &Inbound<'_>) {
    let agency = adapter.agency();
    let Received { event, context } = match adapter.receive(inbound) {
        Ok(received) => received,
        Err(error) => {
            let outcome = InboundOutcome::Unreadable(error);
            let reply = adapter.reply(&ReplyContext::default(), &outcome, Default::default());
            assert!(!reply.status.is_success(), "{agency}: a message that cannot be read is answered well");
            return;
        }
    };
    let state = ReferralState::Accepted;
    let taken = match &event.matter {
        InboundMatter::Change { .. } => InboundOutcome::Applied { state, sequence: 17 },
        InboundMatter::Referral(_) => {
            let referral = polku_proto::ReferralId::from_uuid(event.message);
            InboundOutcome::Sent { referral, state, sequence: 17 }
        }
        InboundMatter::PlanPart(_) => InboundOutcome::PlanTaken { sequence: 17 },
    };
    let reply = adapter.reply(&context, &taken, Default::default());
    assert!(reply.status.is_success(), "{agency}: a message that was taken in is not answered well");
    assert!(fits(inbound, &reply), "{agency}: the answer does not belong to the message");
    let refused = |retry| InboundOutcome::Refused { reason: "NOT_FOUND", hint: "hint".to_owned(), retry };
    let reply = adapter.reply(&context, &refused(Retry::Never), Default::default());
    // SOAP refuses with 200 and a fault in the body.
    let refuses = !reply.status.is_success() || reply.content_type.starts_with("text/xml");
    assert!(refuses, "{agency}: a refused message is answered well");
    assert!(
        reply.status != StatusCode::OK || fits(inbound, &reply),
        "{agency}: a refusal does not belong to it"
    );
    let reply = adapter.reply(&context, &refused(Retry::Backoff), Default::default());
    assert!(reply.status.is_server_error(), "{agency}: a message refused for now is not answered so");
    let says_when = match reply.content_type.starts_with("text/xml") {
        true => String::from_utf8_lossy(&reply.body).contains("; come back in "),
        false => reply.retry_after.is_some(),
    };
    assert!(says_when, "{agency}: a message refused for now is not told when to come back");
}

/// Whether the sender's own security server would let a SOAP answer through.
fn fits(inbound: &Inbound<'_>, reply: &Reply) -> bool {
    !reply.content_type.starts_with("text/xml") || answers(inbound.body, &reply.body)
}

fn answers(request: &[u8], answer: &[u8]) -> bool {
    let asked = check_request(request).unwrap();
    accept_answer(asked.headers(), &request_hash(request), answer).is_ok()
}

/// The change in the words of the contract, as the gateway has it checked.
fn notice(change: &InboundChange) -> ReferralNotice {
    let (reason, outcome, note) = match change {
        InboundChange::ProvideInformation { answer, .. } => {
            return ReferralNotice { answer: Some(*answer.clone()), ..ReferralNotice::default() };
        }
        InboundChange::Reject { reason, note } => (*reason, Outcome::Unspecified, note),
        InboundChange::Complete { outcome, note } | InboundChange::Fail { outcome, note } => {
            (RejectionReason::Unspecified, *outcome, note)
        }
        InboundChange::RequestInformation { question: note }
        | InboundChange::Accept { note }
        | InboundChange::Start { note }
        | InboundChange::Hold { note }
        | InboundChange::Cancel { note }
        | InboundChange::ConfirmCancellation { note } => {
            (RejectionReason::Unspecified, Outcome::Unspecified, note)
        }
    };
    ReferralNotice {
        rejection_reason: reason.into(),
        outcome: outcome.into(),
        status_note: note.clone(),
        ..ReferralNotice::default()
    }
}

fn well_formed<X: Validate>(door: &str, what: &str, message: X) {
    if let Err(violations) = Valid::check(message) {
        panic!("{door}: {what} breaks the contract: {violations}");
    }
}

fn is_code(code: &str) -> bool {
    let has_form = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let mut runs = code.split(|letter: char| !letter.is_ascii_digit());
    (1..=MAX_CODE + "client.".len()).contains(&code.len())
        && code.bytes().all(has_form)
        && runs.all(|run| run.len() < BIRTHDAY)
}

/// Whether one stands anywhere but within a UUID, which may happen to hold what looks like one.
pub fn has_identity_code(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let is_part = |letter: char| letter.is_ascii_hexdigit() || letter == '-';
    let is_uuid = |run: &&str| {
        let run = run.trim_matches('-');
        run.chars().filter(char::is_ascii_hexdigit).count() >= 32
    };
    let without = text.split(|letter| !is_part(letter)).filter(is_uuid);
    let text = without.fold(text.clone(), |text, uuid| text.replace(uuid, " "));
    let mut windows = text.as_bytes().windows(11);
    windows.any(|window| {
        b"+-ABCDEFYXWVU".contains(&window[BIRTHDAY])
            && std::str::from_utf8(window).is_ok_and(|window| window.parse::<Hetu>().is_ok())
    })
}
