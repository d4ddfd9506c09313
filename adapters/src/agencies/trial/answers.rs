//! Does nothing get lost of an agency's receipts and its word on whether a message has arrived, of the question for it, and
//! of the gateway's answers to the agency's own messages?

use std::time::Duration;

use http::StatusCode;
use polku_proto::identity::has_hetu;
use polku_proto::v1::ReferralState;
use polku_proto::{MessageId, ReferralId};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use super::members::Members;
use super::{any, as_xml};
use crate::transport::xml::XmlLimits;
use crate::transport::xroad::soap::{Envelope, parse};
use crate::{DeliveryStatus, InboundError, InboundOutcome, Receipt, Retry};

/// The agency's own side, written from its page.
pub(in crate::agencies) trait Answering {
    /// What a referral can have become, in the order of the contract.
    const STATES: [&'static str; 13];
    /// The numbers that its receipts have, as a pattern.
    const NUMBERS: &'static str = "[A-Za-z0-9._:/-]{1,128}";
    /// What a text comes to that may be more than a number.
    const UNFIT: Option<&'static str> = Some("");
    /// In which forms it says when it has taken something in.
    const DATES: Dates;
    /// How it is answered.
    const REPLIES: Replies;

    /// Has the adapter read a receipt that the agency has written.
    fn receipt(&self, number: &str, at: &str, how: Spelling) -> Option<Receipt>;
    /// Has it read that the message has arrived.
    fn arrived(&self, message: MessageId, number: &str, at: &str, how: Spelling) -> Option<DeliveryStatus>;
    /// Has it read that the message has not.
    fn unknown(&self, message: MessageId) -> Option<DeliveryStatus>;
    /// Has the adapter ask whether a message has arrived, and reads which.
    fn asked_about(&self, message: MessageId) -> String;
    /// Has the adapter answer a message of the agency, and reads the answer.
    fn told(&self, outcome: &InboundOutcome) -> Told;
}

/// What a referral can have become, in the words of the employment services, which Kela has taken over.
pub(in crate::agencies) const OFFICE_STATES: [&str; 13] = [
    "PYYDETTY",
    "LISATIETOJA_PYYDETTY",
    "HYVAKSYTTY",
    "HYLATTY",
    "KAYNNISSA",
    "KESKEYTETTY",
    "PAATTYNYT",
    "EPAONNISTUNUT",
    "PERUUTUSTA_PYYDETTY",
    "PERUUTETTU",
    "VANHENTUNUT",
    "LUPA_PERUTTU",
    "VIRHEELLINEN",
];

/// In which forms an agency says when something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agencies) enum Dates {
    /// Every form of RFC 3339.
    Any,
    /// UTC alone.
    Utc,
    /// It does not say.
    None,
}

/// How a text is written: the same for whoever reads it.
#[derive(Debug, Clone, Copy)]
pub(in crate::agencies) enum Spelling {
    /// As usual.
    Plain,
    /// In a section of CDATA, or with escapes for everything.
    Marked,
    /// By the numbers of the characters.
    Numbers,
}

/// HTTP statuses, and the codes that the protocol has in place of the gateway's own.
#[derive(Debug, Clone, Copy)]
pub(in crate::agencies) struct Replies {
    pub(in crate::agencies) applied: u16,
    pub(in crate::agencies) sent: u16,
    /// None where the agency sends no plans.
    pub(in crate::agencies) plan: Option<u16>,
    pub(in crate::agencies) refused: u16,
    pub(in crate::agencies) later: (u16, Option<&'static str>),
    /// A refusal of more messages than the agency's quota, until the pause is over.
    pub(in crate::agencies) throttled: u16,
    pub(in crate::agencies) unreadable: u16,
    pub(in crate::agencies) stranger: (u16, &'static str),
}

/// What an answer tells the agency.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::agencies) struct Told {
    pub(in crate::agencies) status: u16,
    pub(in crate::agencies) referral: String,
    pub(in crate::agencies) state: String,
    pub(in crate::agencies) sequence: String,
    pub(in crate::agencies) reason: String,
    pub(in crate::agencies) hint: String,
}

impl Told {
    /// Reads an answer in the JSON that Kela and the case management share.
    pub(in crate::agencies) fn of_json(status: StatusCode, body: &[u8]) -> Self {
        Members::of(serde_json::from_slice(body).unwrap()).whole(|told| {
            let error = told
                .object("virhe")
                .map(|mut error| error.whole(|error| (error.text("koodi"), error.text("viesti"))));
            let (reason, hint) = error.unwrap_or_default();
            Self {
                status: status.as_u16(),
                referral: told.text("laheteTunnus"),
                state: told.text("tila"),
                sequence: told.value("tapahtumanumero").map(|number| number.to_string()).unwrap_or_default(),
                reason,
                hint,
            }
        })
    }

    /// Reads an answer in SOAP; the element with this name has the state.
    pub(in crate::agencies) fn of_soap(status: u16, body: &str, state: &str) -> Self {
        let (reason, hint, body) = match parse(body.as_bytes(), &XmlLimits::default()).unwrap() {
            Envelope::Fault(fault) => (fault.code().to_owned(), fault.string().to_owned(), None),
            Envelope::Message(message) => match message.non_technical_fault() {
                Some(fault) => (fault.code().to_owned(), fault.string().to_owned(), None),
                None => (String::new(), String::new(), Some(message.into_body())),
            },
        };
        let text =
            |name: &str| body.as_ref().and_then(|body| body.text_of(name)).unwrap_or_default().to_owned();
        Self {
            status,
            referral: text("laheteTunnus"),
            state: text(state),
            sequence: text("tapahtumanumero"),
            reason,
            hint,
        }
    }
}

impl Spelling {
    /// Writes the text of an XML element.
    pub(in crate::agencies) fn xml(self, text: &str) -> String {
        match self {
            Self::Plain => as_xml(text),
            // A reader makes one line feed of a carriage return that stands there as it is.
            Self::Marked => {
                let inside = text.replace("]]>", "]]]]><![CDATA[>").replace('\r', "]]>&#13;<![CDATA[");
                format!("<![CDATA[{inside}]]>")
            }
            Self::Numbers => text.chars().map(|letter| format!("&#x{:x};", u32::from(letter))).collect(),
        }
    }

    /// Writes a text of JSON, with its quotes.
    pub(in crate::agencies) fn json(self, text: &str) -> String {
        match self {
            Self::Plain => serde_json::to_string(text).unwrap(),
            Self::Marked | Self::Numbers => {
                let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
                format!("\"{escaped}\"")
            }
        }
    }
}

/// Writes a receipt in the JSON that Kela and the case management share.
pub(in crate::agencies) fn receipt_in_json(number: &str, at: &str, how: Spelling) -> String {
    format!("{{\"vastaanottotunnus\": {}, \"vastaanotettu\": {}}}", how.json(number), how.json(at))
}

/// Tries all of it.
pub(in crate::agencies) fn try_every_answer<A: Answering>(agency: &A) {
    let numbers = A::NUMBERS.prop_filter("a person's", |number| !has_hetu(number));
    run((message(), numbers, any::moment(), spelling()), |(message, number, at, how)| {
        let is_read = A::DATES != Dates::Utc || at.is_utc;
        let receipt = is_read.then(|| Receipt::new(number.clone()));
        prop_assert_eq!(agency.receipt(&number, &at.text, how), receipt.clone(), "{:?}", at);
        let status = receipt.map(DeliveryStatus::Arrived);
        prop_assert_eq!(agency.arrived(message, &number, &at.text, how), status, "{:?}", at);
        prop_assert_eq!(agency.unknown(message), Some(DeliveryStatus::NotArrived));
        prop_assert_eq!(agency.asked_about(message), message.to_string());
        Ok(())
    });
    run((unfit(), spelling()), |(number, how)| {
        let receipt = A::UNFIT.map(Receipt::new);
        prop_assert_eq!(agency.receipt(&number, "2026-11-21T09:30:00Z", how), receipt, "{:?}", number);
        Ok(())
    });
    run(outcome(), |outcome| {
        if let Some(expected) = expected::<A>(&outcome) {
            prop_assert_eq!(agency.told(&outcome), expected);
        }
        Ok(())
    });
}

fn run<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let tried = TestRunner::new(ProptestConfig { cases: 256, ..any::config() }).run(&strategy, test);
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

fn expected<A: Answering>(outcome: &InboundOutcome) -> Option<Told> {
    let Replies { applied, sent, plan, refused, later, throttled, unreadable, stranger } = A::REPLIES;
    let state = |state: ReferralState| A::STATES[state as usize - 1].to_owned();
    let nothing = Told::default;
    Some(match outcome {
        InboundOutcome::Applied { state: now, sequence } => {
            Told { status: applied, state: state(*now), sequence: sequence.to_string(), ..nothing() }
        }
        InboundOutcome::Sent { referral, state: now, sequence } => Told {
            status: sent,
            referral: referral.to_string(),
            state: state(*now),
            sequence: sequence.to_string(),
            ..nothing()
        },
        InboundOutcome::PlanTaken { sequence } => {
            Told { status: plan?, sequence: sequence.to_string(), ..nothing() }
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::Never } => {
            Told { status: refused, reason: (*reason).to_owned(), hint: hint.clone(), ..nothing() }
        }
        InboundOutcome::Refused { reason, hint, retry } => {
            let (status, own) = later;
            let status = if matches!(retry, Retry::After(_)) { throttled } else { status };
            // Whoever has a code of the way there gets no header, but is told in words when to come back.
            let seconds = outcome.retry_after_seconds().unwrap_or_default();
            let hint = own.map_or_else(|| hint.clone(), |_| format!("{hint}; come back in {seconds} s"));
            Told { status, reason: own.unwrap_or(reason).to_owned(), hint, ..nothing() }
        }
        InboundOutcome::Unreadable(InboundError::Malformed { code, expected }) => Told {
            status: unreadable,
            reason: code.clone(),
            hint: format!("expected {expected}"),
            ..nothing()
        },
        InboundOutcome::Unreadable(InboundError::Unauthenticated { expected }) => {
            let (status, code) = stranger;
            Told { status, reason: code.to_owned(), hint: format!("expected {expected}"), ..nothing() }
        }
    })
}

fn message() -> BoxedStrategy<MessageId> {
    uuid().prop_map(MessageId::from_uuid).boxed()
}

fn uuid() -> BoxedStrategy<Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes).boxed()
}

fn spelling() -> BoxedStrategy<Spelling> {
    select(&[Spelling::Plain, Spelling::Marked, Spelling::Numbers][..]).boxed()
}

/// Texts that are no number of a receipt.
fn unfit() -> BoxedStrategy<String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._:/-".contains(letter);
    let words = any::words(300).prop_filter("a number", move |text| !text.trim().chars().all(allowed));
    prop_oneof![words, "[A-Z]{129,140}"].boxed()
}

/// What can come of a message of an agency's.
fn outcome() -> BoxedStrategy<InboundOutcome> {
    let state = || (1..=13_i32).prop_map(|number| ReferralState::try_from(number).unwrap());
    let reasons = select(&["NOT_FOUND", "NOT_PERMITTED", "REQUEST_ID_REUSED", "TRANSITION_NOT_ALLOWED"][..]);
    let after = (0..=9_000_u64).prop_map(|seconds| Retry::After(Duration::from_secs(seconds)));
    let retry = prop_oneof![
        2 => Just(Retry::Never),
        1 => select(&[Retry::Backoff, Retry::FindOut][..]),
        1 => after,
    ];
    let hint = || any::words(300).prop_map(|words| format!("a{words}b"));
    prop_oneof![
        (state(), any::<u64>()).prop_map(|(state, sequence)| InboundOutcome::Applied { state, sequence }),
        (uuid(), state(), any::<u64>()).prop_map(|(referral, state, sequence)| {
            InboundOutcome::Sent { referral: ReferralId::from_uuid(referral), state, sequence }
        }),
        any::<u64>().prop_map(|sequence| InboundOutcome::PlanTaken { sequence }),
        (reasons, hint(), retry).prop_map(|(reason, hint, retry)| InboundOutcome::Refused {
            reason,
            hint,
            retry
        }),
        ("client\\.[a-z_]{1,30}", hint()).prop_map(|(code, expected)| {
            InboundOutcome::Unreadable(InboundError::Malformed { code, expected })
        }),
        Just(InboundOutcome::Unreadable(InboundError::Unauthenticated { expected: "somebody else" })),
    ]
    .boxed()
}
