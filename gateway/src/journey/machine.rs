//! Who may move a referral from which state to which?
//!
//! The edges are those of HL7 Gravity's referral task, with the additions named at `ReferralState` in the contract.

use polku_proto::v1::ReferralState as State;

/// Who moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The agency that sent the referral.
    Sender,
    /// The agency that received it.
    Recipient,
    /// The young person.
    Subject,
    /// The gateway: time has passed, or a consent is gone.
    Gateway,
}

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Take the referral.
    Accept,
    /// Decline it.
    Reject,
    /// Ask the sender.
    RequestInformation,
    /// Answer the recipient.
    ProvideInformation,
    /// Begin the service, or go on.
    Start,
    /// Pause it.
    Hold,
    /// End it.
    Complete,
    /// End it without success.
    Fail,
    /// Ask to cancel.
    Cancel,
    /// Confirm a cancellation.
    ConfirmCancellation,
    /// Declare it a mistake.
    MarkEnteredInError,
    /// No answer came in time.
    Expire,
    /// Nothing permits it any more.
    WithdrawConsent,
}

/// Whether nothing further happens to a referral in this state, but for a tombstone.
#[must_use]
pub fn is_final(state: State) -> bool {
    match state {
        State::Rejected
        | State::Completed
        | State::Failed
        | State::Cancelled
        | State::Expired
        | State::ConsentWithdrawn
        | State::EnteredInError => true,
        State::Unspecified
        | State::Requested
        | State::InfoRequested
        | State::Accepted
        | State::InProgress
        | State::OnHold
        | State::CancelRequested => false,
    }
}

/// The state that a step leads to.
///
/// # Errors
/// What would have been allowed, when the step is not.
pub fn next(state: State, step: Step, party: Party) -> Result<State, &'static str> {
    match step {
        Step::Accept => recipient(party, state, &[State::Requested], State::Accepted, ACCEPT),
        Step::Reject => recipient(party, state, &[State::Requested], State::Rejected, REJECT),
        Step::RequestInformation => recipient(party, state, &[State::Requested], State::InfoRequested, ASK),
        Step::ProvideInformation => match (party, state) {
            (Party::Sender, State::InfoRequested) => Ok(State::Requested),
            _ => Err("the sender answers while the state is INFO_REQUESTED"),
        },
        Step::Start => recipient(party, state, &[State::Accepted, State::OnHold], State::InProgress, START),
        Step::Hold => recipient(party, state, &[State::Accepted, State::InProgress], State::OnHold, HOLD),
        Step::Complete => recipient(party, state, SERVED, State::Completed, END),
        Step::Fail => recipient(party, state, SERVED, State::Failed, END),
        Step::Cancel => cancel(state, party),
        Step::ConfirmCancellation => {
            recipient(party, state, &[State::CancelRequested], State::Cancelled, CONFIRM)
        }
        Step::MarkEnteredInError => match (party, state) {
            (Party::Sender, State::EnteredInError) => Err("the referral is marked already"),
            (Party::Sender, _) => Ok(State::EnteredInError),
            _ => Err("the sender marks its own referral"),
        },
        Step::Expire => match (party, state) {
            (Party::Gateway, State::Requested | State::InfoRequested) => Ok(State::Expired),
            _ => Err("only an unanswered referral expires"),
        },
        Step::WithdrawConsent => match party {
            Party::Gateway if !is_final(state) => Ok(State::ConsentWithdrawn),
            Party::Gateway | Party::Sender | Party::Recipient | Party::Subject => {
                Err("only an open referral loses its permission")
            }
        },
    }
}

const ACCEPT: &str = "the recipient accepts while the state is REQUESTED";
const REJECT: &str = "the recipient rejects while the state is REQUESTED";
const ASK: &str = "the recipient asks while the state is REQUESTED";
const START: &str = "the recipient starts when the state is ACCEPTED or ON_HOLD";
const HOLD: &str = "the recipient holds when the state is ACCEPTED or IN_PROGRESS";
const END: &str =
    "the recipient ends the service when the state is ACCEPTED, IN_PROGRESS, ON_HOLD or CANCEL_REQUESTED";
const CONFIRM: &str = "the recipient confirms while the state is CANCEL_REQUESTED";

const SERVED: &[State] = &[State::Accepted, State::InProgress, State::OnHold, State::CancelRequested];

fn recipient(
    party: Party,
    state: State,
    from: &[State],
    to: State,
    allowed: &'static str,
) -> Result<State, &'static str> {
    if party == Party::Recipient && from.contains(&state) { Ok(to) } else { Err(allowed) }
}

/// Before acceptance the sender's or the young person's word is enough. Afterwards a recipient that has begun
/// cannot be cancelled silently: it confirms.
fn cancel(state: State, party: Party) -> Result<State, &'static str> {
    match (party, state) {
        (Party::Sender | Party::Subject, State::Requested | State::InfoRequested) => Ok(State::Cancelled),
        (Party::Sender | Party::Subject, State::Accepted | State::InProgress | State::OnHold) => {
            Ok(State::CancelRequested)
        }
        (Party::Recipient, State::Accepted | State::InProgress | State::OnHold | State::CancelRequested) => {
            Ok(State::Cancelled)
        }
        _ => Err(
            "an open referral is cancelled: by the sender at any time, by the recipient once it has accepted",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accepted_referral_is_not_cancelled_silently() {
        assert_eq!(next(State::Accepted, Step::Cancel, Party::Sender), Ok(State::CancelRequested));
        assert_eq!(
            next(State::CancelRequested, Step::ConfirmCancellation, Party::Recipient),
            Ok(State::Cancelled)
        );
        assert!(next(State::CancelRequested, Step::ConfirmCancellation, Party::Sender).is_err());
    }

    #[test]
    fn a_final_state_leads_only_to_the_tombstone() {
        let states =
            (1..=13).filter_map(|number| State::try_from(number).ok()).filter(|state| is_final(*state));
        for state in states {
            for step in STEPS {
                for party in [Party::Sender, Party::Recipient, Party::Subject, Party::Gateway] {
                    let result = next(state, step, party);
                    if step == Step::MarkEnteredInError
                        && party == Party::Sender
                        && state != State::EnteredInError
                    {
                        assert_eq!(result, Ok(State::EnteredInError));
                    } else {
                        assert!(result.is_err(), "{state:?} {step:?} {party:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_gateway_itself_expires_and_withdraws_only() {
        let states = (1..=13).filter_map(|number| State::try_from(number).ok());
        for from in states {
            for step in STEPS {
                let waits = matches!(from, State::Requested | State::InfoRequested);
                let expected = if step == Step::Expire && waits {
                    Some(State::Expired)
                } else if step == Step::WithdrawConsent && !is_final(from) {
                    Some(State::ConsentWithdrawn)
                } else {
                    None
                };
                assert_eq!(next(from, step, Party::Gateway).ok(), expected, "{from:?} {step:?}");
            }
        }
    }

    const STEPS: [Step; 13] = [
        Step::Accept,
        Step::Reject,
        Step::RequestInformation,
        Step::ProvideInformation,
        Step::Start,
        Step::Hold,
        Step::Complete,
        Step::Fail,
        Step::Cancel,
        Step::ConfirmCancellation,
        Step::MarkEnteredInError,
        Step::Expire,
        Step::WithdrawConsent,
    ];
}
