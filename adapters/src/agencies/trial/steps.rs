//! Does every step arrive as the agency took it, with every note that the contract allows, and with no other one?

use polku_proto::v1::{
    AcceptReferralRequest, CancelReferralRequest, CompleteReferralRequest, ConfirmCancellationRequest,
    FailReferralRequest, HoldReferralRequest, Outcome, RejectReferralRequest, RejectionReason,
    RequestInformationRequest, StartReferralRequest,
};
use polku_proto::{Valid, Validate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{REFERRAL, YOUTH, any};
use crate::InboundChange;

/// A step with a referral that an agency tells of with a note.
#[derive(Debug, Clone, Copy)]
pub(in crate::agencies) enum Step {
    /// Takes it.
    Accept,
    /// Declines it.
    Reject(RejectionReason),
    /// Asks the sender: the note is the question.
    Ask,
    /// Begins the service.
    Start,
    /// Pauses it: the note says why.
    Hold,
    /// Ends it.
    Complete(Outcome),
    /// Ends it without success: the note says why.
    Fail(Outcome),
    /// Takes it back.
    Cancel,
    /// Confirms that it is taken back.
    ConfirmCancellation,
}

/// Has an agency tell of a step with a note, and holds what is taken in against the contract's own request for it. Of
/// what is refused nothing is given.
pub(in crate::agencies) fn try_every_step(receive: impl Fn(Step, &str) -> Option<InboundChange>) {
    let config = ProptestConfig { cases: 512, ..any::config() };
    let tried = TestRunner::new(config).run(&(note(), any::step()), |(note, step)| {
        let is_taken = is_allowed(step, &note);
        let expected = change(step, note.clone());
        match receive(step, &note) {
            Some(told) => prop_assert!(is_taken && told == expected, "{step:?}: {note:?} is taken in"),
            None => prop_assert!(!is_taken, "{step:?}: {note:?} is refused"),
        }
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

fn change(step: Step, note: String) -> InboundChange {
    match step {
        Step::Accept => InboundChange::Accept { note },
        Step::Reject(reason) => InboundChange::Reject { reason, note },
        Step::Ask => InboundChange::RequestInformation { question: note },
        Step::Start => InboundChange::Start { note },
        Step::Hold => InboundChange::Hold { note },
        Step::Complete(outcome) => InboundChange::Complete { outcome, note },
        Step::Fail(outcome) => InboundChange::Fail { outcome, note },
        Step::Cancel => InboundChange::Cancel { note },
        Step::ConfirmCancellation => InboundChange::ConfirmCancellation { note },
    }
}

/// Texts that are allowed, and such as are only just not.
fn note() -> BoxedStrategy<String> {
    let odd = prop::sample::select(&[
        '\r', '\n', '\t', '\0', '\u{1}', '\u{b}', '\u{1f}', '\u{7f}', '\u{80}', '\u{fffe}', '\u{ffff}',
    ]);
    prop_oneof![
        2 => any::maybe_words(2000),
        2 => vec(proptest::char::any(), 0..20).prop_map(String::from_iter),
        3 => (any::maybe_words(30), odd, any::maybe_words(30)).prop_map(|(a, odd, b)| format!("{a}{odd}{b}")),
        1 => (0..3_usize, 1999..2002_usize).prop_map(|(lines, all)| "\r\n".repeat(lines) + &"ö".repeat(all - 2 * lines)),
        1 => "[ \t\r\n]{0,3}",
    ]
    .boxed()
}

/// Whether the contract's request takes the note. Where it explains the step, white space alone explains nothing.
fn is_allowed(step: Step, note: &str) -> bool {
    fn is_valid(request: impl Validate) -> bool {
        Valid::check(request).is_ok()
    }
    let request_id = "0193c5a0-0000-7000-8000-000000000009".to_owned();
    let (name, etag) = (format!("youths/{YOUTH}/referrals/{REFERRAL}"), String::new());
    let (explains, text) = (!note.trim().is_empty(), note.to_owned());
    match step {
        Step::Accept => is_valid(AcceptReferralRequest { request_id, name, etag, note: text }),
        Step::Reject(reason) => {
            is_valid(RejectReferralRequest { request_id, name, etag, reason: reason.into(), note: text })
        }
        Step::Ask => {
            explains && is_valid(RequestInformationRequest { request_id, name, etag, question: text })
        }
        Step::Start => is_valid(StartReferralRequest { request_id, name, etag, note: text }),
        Step::Hold => explains && is_valid(HoldReferralRequest { request_id, name, etag, note: text }),
        Step::Complete(outcome) => {
            is_valid(CompleteReferralRequest { request_id, name, etag, outcome: outcome.into(), note: text })
        }
        Step::Fail(outcome) => {
            let outcome = outcome.into();
            explains && is_valid(FailReferralRequest { request_id, name, etag, outcome, note: text })
        }
        Step::Cancel => is_valid(CancelReferralRequest { request_id, name, etag, note: text }),
        Step::ConfirmCancellation => {
            is_valid(ConfirmCancellationRequest { request_id, name, etag, note: text })
        }
    }
}

/// A text as an element holds it, with references where a reader would take it for something else. What XML cannot hold
/// stands in it as it is.
pub(in crate::agencies) fn as_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}
