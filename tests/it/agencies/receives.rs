//! Does everything come in that a kind says it receives, word for word, and nothing else?

use polku_adapters::{Inbound, InboundChange, InboundError, InboundMatter, Matter, ReplyContext};
use polku_proto::v1::{
    DataCategory, GoalState, Outcome, PlanGoal, PlanPart, PlanState, ReferralContent, ReferralState,
    RejectionReason,
};
use polku_tests::simulators::{Action, Message, Official, Outgoing, Reply, Side};
use uuid::Uuid;

use super::bench::{Bench, PURPOSE, benches, now};
use super::listener::{Answer, Heard, REASON, SEQUENCE, digest, listen};
use super::payloads::{HETU, REFERRAL, content, message};

const NOTE: &str = "Sana & <toinen>: \"hyvä\" ääni.";

/// What an agency can say in this matter. Empty where no agency has a word for it.
pub(super) fn outgoing(bench: &Bench, matter: Matter) -> Vec<(&'static str, Outgoing)> {
    let step = |action: Action, reason, outcome| Outgoing::Change {
        referral: REFERRAL.into(),
        action,
        reason,
        outcome,
        note: NOTE.into(),
    };
    match matter {
        Matter::StateChange => vec![
            ("accepts", step(Action::Accept, None, None)),
            ("rejects", step(Action::Reject, Some(RejectionReason::OutsideArea), None)),
            ("asks", step(Action::AskForInformation, None, None)),
            ("starts", step(Action::Start, None, None)),
            ("interrupts", step(Action::Interrupt, None, None)),
            ("completes", step(Action::Complete, None, Some(Outcome::GotService))),
            ("fails", step(Action::Fail, None, Some(Outcome::CouldNotContact))),
            ("cancels", step(Action::Cancel, None, None)),
            ("confirms", step(Action::ConfirmCancellation, None, None)),
        ],
        Matter::Information => vec![(
            "informs",
            Outgoing::Information {
                referral: REFERRAL.into(),
                answer: Box::new(ReferralContent { identity_code: String::new(), ..content() }),
            },
        )],
        Matter::Referral => [("refers", false), ("refers-redacted", true)]
            .map(|(name, redacted)| {
                let said = Outgoing::Referral {
                    identity_code: HETU.into(),
                    recipient: "ohjaamo/keskusta".into(),
                    purpose: PURPOSE,
                    content: Box::new(ReferralContent { identity_code: String::new(), ..content() }),
                    respond_by: Some("2026-12-21T09:30:00Z".parse().unwrap()),
                    claim: None,
                    redacted,
                };
                (name, said)
            })
            .into(),
        Matter::PlanPart => {
            let basic = PlanPart {
                reference: "S-1".into(),
                revision: 2,
                state: PlanState::Active.into(),
                goals: vec![PlanGoal {
                    id: "g-1".into(),
                    category: DataCategory::JointPlan.into(),
                    text: "Ammattitutkinto".into(),
                    state: GoalState::Active.into(),
                    ..PlanGoal::default()
                }],
                ..PlanPart::default()
            };
            let part = bench.agency.specimen().plans.into_iter().next().unwrap_or(basic);
            let said = [("plans", false), ("plans-redacted", true)].map(|(name, redacted)| {
                let part = Box::new(PlanPart { redacted, ..part.clone() });
                (name, Outgoing::PlanPart { identity_code: HETU.into(), part })
            });
            said.into()
        }
        Matter::ConsentWithdrawal | Matter::DisclosureNotice => Vec::new(),
    }
}

pub(super) fn say(number: u32, what: Outgoing) -> Message {
    Message {
        id: Uuid::try_parse(&message(number)).unwrap(),
        official: Official::new("virkailija-7", "yksikko-1"),
        what,
    }
}

/// What must have been read of what was said.
fn assert_heard(name: &str, heard: &InboundMatter, said: &Outgoing, own: &str) {
    match (said, heard) {
        (
            Outgoing::Change { action, reason, outcome, note, .. },
            InboundMatter::Change { referral, change },
        ) => {
            assert_eq!(referral.to_string(), REFERRAL, "{name}");
            let expected = changed(action, *reason, *outcome, note);
            assert!(*change == expected, "{name}: another change");
        }
        (Outgoing::Information { answer, .. }, InboundMatter::Change { referral, change }) => {
            assert_eq!(referral.to_string(), REFERRAL, "{name}");
            let InboundChange::ProvideInformation { answer: heard, .. } = change else {
                panic!("{name}: no answer")
            };
            assert_same(name, heard, answer);
        }
        (
            Outgoing::Referral { recipient, purpose, content, respond_by, redacted, .. },
            InboundMatter::Referral(heard),
        ) => {
            assert_eq!(heard.identity.expose(), HETU, "{name}");
            assert_eq!(heard.recipient.to_string(), *recipient, "{name}");
            assert_eq!((heard.purpose, heard.respond_by), (*purpose, *respond_by), "{name}");
            assert_eq!(heard.redacted, *redacted, "{name}: whether something was left out");
            assert_same(name, &heard.content, content);
        }
        (Outgoing::PlanPart { part, .. }, InboundMatter::PlanPart(heard)) => {
            assert_eq!(heard.identity.expose(), HETU, "{name}");
            let expected = PlanPart { plan: String::new(), owner: own.to_owned(), ..*part.clone() };
            assert!(heard.part == expected, "{name}: {:#?}", diff(&heard.part, &expected));
        }
        _ => panic!("{name}: something else was heard"),
    }
}

fn assert_same(name: &str, heard: &ReferralContent, said: &ReferralContent) {
    assert!(heard == said, "{name}: {:#?}", diff(heard, said));
}

/// The values that stand in one message and not in the other. The contract's own `Debug` shows none.
pub(super) fn diff<X: prost::Message>(one: &X, other: &X) -> [String; 2] {
    let shown = |message: &X| String::from_utf8_lossy(&message.encode_to_vec()).into_owned();
    [shown(one), shown(other)]
}

fn changed(
    action: &Action,
    reason: Option<RejectionReason>,
    outcome: Option<Outcome>,
    note: &str,
) -> InboundChange {
    let note = note.to_owned();
    match action {
        Action::Accept => InboundChange::Accept { note },
        Action::Reject => InboundChange::Reject { reason: reason.unwrap(), note },
        Action::AskForInformation => InboundChange::RequestInformation { question: note },
        Action::Start => InboundChange::Start { note },
        Action::Interrupt => InboundChange::Hold { note },
        Action::Complete => InboundChange::Complete { outcome: outcome.unwrap(), note },
        Action::Fail => InboundChange::Fail { outcome: outcome.unwrap(), note },
        Action::Cancel => InboundChange::Cancel { note },
        Action::ConfirmCancellation => InboundChange::ConfirmCancellation { note },
        Action::Code(code) => panic!("{code} is no step"),
    }
}

fn last(heard: &Heard) -> Result<polku_adapters::InboundEvent, InboundError> {
    heard.lock().unwrap().pop().expect("nothing was heard")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_matter_comes_in_or_is_never_said() {
    for bench in benches() {
        let heard = listen(&bench, Answer::Taken).await;
        let mut number = 100;
        for matter in Matter::ALL {
            let sayings = outgoing(&bench, matter);
            let receives = bench.kind.receives.contains(&matter);
            assert!(!(receives && sayings.is_empty()), "{}: {}", bench.name(), matter.name());
            for (what, said) in sayings {
                number += 1;
                let name = format!("{} {what}", bench.name());
                let reply = bench.agency.send(&say(number, said.clone())).await;
                let reply = reply.unwrap_or_else(|error| panic!("{name}: {error:#}"));
                if !receives {
                    assert_eq!(reply, Reply::Unsupported, "{name}, which its kind does not say");
                    continue;
                }
                let event = last(&heard).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(event.message.to_string(), message(number), "{name}");
                assert_eq!((event.official.as_str(), event.unit.as_str()), ("virkailija-7", "yksikko-1"));
                assert_heard(&name, &event.matter, &said, bench.kind.id);
                let expected = match &event.matter {
                    InboundMatter::Change { .. } => {
                        Reply::Applied { state: ReferralState::Accepted, sequence: SEQUENCE }
                    }
                    InboundMatter::Referral(_) => Reply::Sent {
                        referral: REFERRAL.into(),
                        state: ReferralState::Requested,
                        sequence: SEQUENCE,
                    },
                    InboundMatter::PlanPart(_) => Reply::PlanTaken { sequence: SEQUENCE },
                };
                assert_eq!(reply, expected, "{name}");
            }
        }
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_understood() {
    for bench in benches() {
        for answer in [Answer::Refused, Answer::NotNow] {
            let _heard = listen(&bench, answer).await;
            for (place, matter) in bench.kind.receives.iter().enumerate() {
                let name = format!("{}, {}, {answer:?}", bench.name(), matter.name());
                let (_, said) = outgoing(&bench, *matter).remove(0);
                let reply = bench.agency.send(&say(200 + u32::try_from(place).unwrap(), said)).await;
                let reply = reply.unwrap_or_else(|error| panic!("{name}: {error:#}"));
                match answer {
                    Answer::Refused => assert_eq!(reply, Reply::Refused { code: REASON.into() }, "{name}"),
                    // As the protocol says that it is for now only.
                    Answer::NotNow | Answer::Taken => {
                        let refused = matches!(reply, Reply::Refused { .. } | Reply::Failed { .. });
                        assert!(refused, "{name}: {reply:?}");
                    }
                }
            }
        }
        bench.agency.control().stop();
    }
}

/// What somebody makes of a message who may change every byte of it.
fn spoilt(body: &[u8]) -> Vec<Vec<u8>> {
    let mut spoilt = vec![Vec::new(), b"\x00\xff\xfe<<<{{{]]>&\xc3\x28".to_vec(), vec![b'['; 100_000]];
    let text = String::from_utf8_lossy(body).into_owned();
    spoilt.push(format!("{text}{text}").into_bytes());
    spoilt.push(text.replace(HETU, "010594Y9031").into_bytes());
    spoilt.push(text.replace(REFERRAL, "x").into_bytes());
    spoilt.push(text.replace("virkailija-7", HETU).into_bytes());
    spoilt.push(text.replace("Sana", "\u{0}").into_bytes());
    spoilt.push(text.replace("Sana", &"ä".repeat(5_000)).into_bytes());
    spoilt.push(format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{text}").into_bytes());
    for part in 1..24 {
        spoilt.push(body[..body.len() * part / 24].to_vec());
    }
    let step = (body.len() / 150).max(1);
    for place in (0..body.len()).step_by(step) {
        for flip in [0x01, 0x20, 0x80] {
            let mut bytes = body.to_vec();
            bytes[place] ^= flip;
            spoilt.push(bytes);
        }
    }
    spoilt.retain(|bytes| bytes != body);
    spoilt
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spoilt_or_somebody_elses_is_never_taken_for_the_agencys_word() {
    for bench in benches() {
        let heard = listen(&bench, Answer::Taken).await;
        for (place, matter) in bench.kind.receives.iter().enumerate() {
            let name = format!("{}, {}", bench.name(), matter.name());
            let (_, said) = outgoing(&bench, *matter).remove(0);
            bench.agency.send(&say(300 + u32::try_from(place).unwrap(), said)).await.unwrap();
            let good = last(&heard).unwrap();
            let wire = bench.agency.control().wire();
            let exchange = wire.iter().rev().find(|exchange| exchange.from == Side::Agency).unwrap();
            let stranger = Some(digest(b"a certificate of somebody else"));
            for peer in [None, stranger] {
                let mut headers = exchange.headers.clone();
                if bench.caller().is_none() {
                    // Whoever signs signs in a header.
                    headers.clear();
                }
                let inbound = Inbound { headers: &headers, body: &exchange.body, peer, now: now() };
                let error = bench.adapter.receive(&inbound).err();
                assert!(
                    matches!(error, Some(InboundError::Unauthenticated { .. })),
                    "{name}: from somebody else: {error:?}"
                );
            }
            for (place, body) in spoilt(&exchange.body).into_iter().enumerate() {
                let headers = &exchange.headers;
                let peer = bench.caller();
                let inbound = Inbound { headers, body: &body, peer, now: now() };
                match bench.adapter.receive(&inbound).map(|received| received.event) {
                    Err(error) => {
                        let said = format!("{error} {error:?}");
                        for secret in [HETU, "Vreemi", "Sana"] {
                            assert!(!said.contains(secret), "{name}, {place}: {said}");
                        }
                        let outcome = polku_adapters::InboundOutcome::Unreadable(error);
                        let reply =
                            bench.adapter.reply(&ReplyContext::default(), &outcome, super::listener::LOG_ID);
                        assert!(!reply.status.is_success() || !reply.body.is_empty(), "{name}, {place}");
                        let reply = String::from_utf8_lossy(&reply.body).into_owned();
                        for secret in [HETU, "Vreemi", "gn-hq5w2"] {
                            assert!(!reply.contains(secret), "{name}, {place}: {reply}");
                        }
                    }
                    // A letter of a text may be another one, where nothing is signed but the connection.
                    Ok(event) => {
                        assert!(peer.is_some(), "{name}, {place}: a signed message is changed");
                        let same = std::mem::discriminant(&event.matter);
                        assert_eq!(same, std::mem::discriminant(&good.matter), "{name}, {place}");
                    }
                }
            }
        }
        bench.agency.control().stop();
    }
}
