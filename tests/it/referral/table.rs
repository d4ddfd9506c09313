//! Which step leads where, for whom? Every state, every step, every party, each by a real call.

use std::sync::Arc;

use jiff::SignedDuration;
use polku_proto::v1::{ReferralState as State, WithdrawConsentRequest};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, full_content, referral_to, request_id};
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;

use super::steps::{STEPS, Step, take};
use crate::stage::{BASIC, Stage, assert_refused, get, purpose_of, wire};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Party {
    Sender,
    Recipient,
    Subject,
}

/// The whole table: what is not in it is refused.
#[rustfmt::skip]
const EDGES: [(State, Step, Party, State); 49] = [
    (State::Requested,       Step::Accept,    Party::Recipient, State::Accepted),
    (State::Requested,       Step::Reject,    Party::Recipient, State::Rejected),
    (State::Requested,       Step::Ask,       Party::Recipient, State::InfoRequested),
    (State::Requested,       Step::Cancel,    Party::Sender,    State::Cancelled),
    (State::Requested,       Step::Cancel,    Party::Subject,   State::Cancelled),
    (State::Requested,       Step::MarkError, Party::Sender,    State::EnteredInError),
    (State::InfoRequested,   Step::Provide,   Party::Sender,    State::Requested),
    (State::InfoRequested,   Step::Cancel,    Party::Sender,    State::Cancelled),
    (State::InfoRequested,   Step::Cancel,    Party::Subject,   State::Cancelled),
    (State::InfoRequested,   Step::MarkError, Party::Sender,    State::EnteredInError),
    (State::Accepted,        Step::Start,     Party::Recipient, State::InProgress),
    (State::Accepted,        Step::Hold,      Party::Recipient, State::OnHold),
    (State::Accepted,        Step::Complete,  Party::Recipient, State::Completed),
    (State::Accepted,        Step::Fail,      Party::Recipient, State::Failed),
    (State::Accepted,        Step::Cancel,    Party::Recipient, State::Cancelled),
    (State::Accepted,        Step::Cancel,    Party::Sender,    State::CancelRequested),
    (State::Accepted,        Step::Cancel,    Party::Subject,   State::CancelRequested),
    (State::Accepted,        Step::MarkError, Party::Sender,    State::EnteredInError),
    (State::InProgress,      Step::Hold,      Party::Recipient, State::OnHold),
    (State::InProgress,      Step::Complete,  Party::Recipient, State::Completed),
    (State::InProgress,      Step::Fail,      Party::Recipient, State::Failed),
    (State::InProgress,      Step::Cancel,    Party::Recipient, State::Cancelled),
    (State::InProgress,      Step::Cancel,    Party::Sender,    State::CancelRequested),
    (State::InProgress,      Step::Cancel,    Party::Subject,   State::CancelRequested),
    (State::InProgress,      Step::MarkError, Party::Sender,    State::EnteredInError),
    (State::OnHold,          Step::Start,     Party::Recipient, State::InProgress),
    (State::OnHold,          Step::Complete,  Party::Recipient, State::Completed),
    (State::OnHold,          Step::Fail,      Party::Recipient, State::Failed),
    (State::OnHold,          Step::Cancel,    Party::Recipient, State::Cancelled),
    (State::OnHold,          Step::Cancel,    Party::Sender,    State::CancelRequested),
    (State::OnHold,          Step::Cancel,    Party::Subject,   State::CancelRequested),
    (State::OnHold,          Step::MarkError, Party::Sender,    State::EnteredInError),
    (State::CancelRequested, Step::Complete,  Party::Recipient, State::Completed),
    (State::CancelRequested, Step::Fail,      Party::Recipient, State::Failed),
    (State::CancelRequested, Step::Cancel,    Party::Recipient, State::Cancelled),
    (State::CancelRequested, Step::Confirm,   Party::Recipient, State::Cancelled),
    (State::CancelRequested, Step::MarkError, Party::Sender,    State::EnteredInError),
    (State::Rejected,         Step::MarkError, Party::Sender,   State::EnteredInError),
    (State::Completed,        Step::MarkError, Party::Sender,   State::EnteredInError),
    (State::Failed,           Step::MarkError, Party::Sender,   State::EnteredInError),
    (State::Cancelled,        Step::MarkError, Party::Sender,   State::EnteredInError),
    (State::Expired,          Step::MarkError, Party::Sender,   State::EnteredInError),
    (State::ConsentWithdrawn, Step::MarkError, Party::Sender,   State::EnteredInError),
    // A reroute leaves the old referral as it is and answers the new one.
    (State::Rejected,         Step::Reroute,   Party::Sender,   State::Requested),
    (State::Completed,        Step::Reroute,   Party::Sender,   State::Requested),
    (State::Failed,           Step::Reroute,   Party::Sender,   State::Requested),
    (State::Cancelled,        Step::Reroute,   Party::Sender,   State::Requested),
    (State::Expired,          Step::Reroute,   Party::Sender,   State::Requested),
    (State::ConsentWithdrawn, Step::Reroute,   Party::Sender,   State::Requested),
];

const STATES: [State; 13] = [
    State::Requested,
    State::InfoRequested,
    State::Accepted,
    State::Rejected,
    State::InProgress,
    State::OnHold,
    State::Completed,
    State::Failed,
    State::CancelRequested,
    State::Cancelled,
    State::Expired,
    State::ConsentWithdrawn,
    State::EnteredInError,
];

/// One young person's referrals, all brought to the same state.
struct Case {
    stage: Arc<Stage>,
    youth: String,
    state: State,
}

impl Case {
    fn client(&self, party: Party) -> Client {
        match party {
            Party::Sender => self.stage.ohjaamo(),
            Party::Recipient => self.stage.kela(),
            Party::Subject => self.stage.subject(&self.youth),
        }
    }

    /// A new referral in the state of the case.
    async fn bring(&self) -> String {
        let mut ohjaamo = self.stage.ohjaamo();
        let consent =
            ohjaamo.record_consent(&self.youth, OHJAAMO, KELA, purpose_of(KELA), &BASIC).await.unwrap();
        let mut request = referral_to(KELA, &self.youth, purpose_of(KELA), full_content());
        if self.state == State::Expired {
            request.respond_by = Some(wire(self.stage.now() + SignedDuration::from_secs(60)));
        }
        let name = ohjaamo.referral.send_referral(request).await.unwrap().into_inner().referral.unwrap().name;
        let by_recipient = |steps: &'static [Step]| {
            steps.iter().map(|step| (Party::Recipient, *step)).collect::<Vec<(Party, Step)>>()
        };
        let way = match self.state {
            State::Requested | State::Expired | State::ConsentWithdrawn | State::Unspecified => Vec::new(),
            State::InfoRequested => by_recipient(&[Step::Ask]),
            State::Accepted => by_recipient(&[Step::Accept]),
            State::Rejected => by_recipient(&[Step::Reject]),
            State::InProgress => by_recipient(&[Step::Accept, Step::Start]),
            State::OnHold => by_recipient(&[Step::Accept, Step::Hold]),
            State::Completed => by_recipient(&[Step::Accept, Step::Start, Step::Complete]),
            State::Failed => by_recipient(&[Step::Accept, Step::Fail]),
            State::CancelRequested => vec![(Party::Recipient, Step::Accept), (Party::Sender, Step::Cancel)],
            State::Cancelled => vec![(Party::Sender, Step::Cancel)],
            State::EnteredInError => vec![(Party::Sender, Step::MarkError)],
        };
        for (party, step) in way {
            take(&self.client(party), step, &name).await.unwrap();
        }
        if self.state == State::Expired {
            self.stage.advance(SignedDuration::from_secs(61));
            self.stage.reaches(&name, State::Expired).await;
        }
        if self.state == State::ConsentWithdrawn {
            let request =
                WithdrawConsentRequest { request_id: request_id(), name: consent.name, ..Default::default() };
            ohjaamo.consent.withdraw_consent(request).await.unwrap();
        }
        assert_eq!(self.stage.state(&name).await, self.state);
        name
    }

    async fn play(&self) {
        let unmoved = self.bring().await;
        let before = get(&self.stage.ohjaamo(), &unmoved).await.unwrap();
        for party in [Party::Sender, Party::Recipient, Party::Subject] {
            for step in STEPS {
                let leads = |edge: &&(State, Step, Party, State)| {
                    (edge.0, edge.1, edge.2) == (self.state, step, party)
                };
                match EDGES.iter().find(leads) {
                    Some((_, _, _, to)) => self.allowed(step, party, *to).await,
                    None => self.refused(step, party, &unmoved).await,
                }
            }
        }
        let after = get(&self.stage.ohjaamo(), &unmoved).await.unwrap();
        assert!(after == before, "a refused step has changed something in {:?}", self.state);
    }

    async fn allowed(&self, step: Step, party: Party, to: State) {
        let name = self.bring().await;
        let answered = take(&self.client(party), step, &name).await;
        let answered =
            answered.unwrap_or_else(|status| panic!("{:?} {step:?} {party:?}: {status:?}", self.state));
        assert_eq!(answered.state(), to, "{:?} {step:?} {party:?}", self.state);
        let left = self.stage.state(&name).await;
        assert_eq!(left, if step == Step::Reroute { self.state } else { to });
    }

    async fn refused(&self, step: Step, party: Party, name: &str) {
        let result = take(&self.client(party), step, name).await;
        assert!(result.is_err(), "{:?} {step:?} {party:?} is allowed", self.state);
        if party == Party::Subject && step != Step::Cancel {
            // Whatever the state: these are for professionals.
            assert_refused(result, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
            return;
        }
        let status = assert_refused(result, Code::FailedPrecondition, "TRANSITION_NOT_ALLOWED");
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata["state"], self.state.as_str_name(), "{step:?} {party:?}");
        let violations = status.get_details_precondition_failure().unwrap().violations;
        assert_eq!(violations.len(), 1);
        assert_eq!(
            (violations[0].r#type.as_str(), violations[0].subject.as_str()),
            ("STATE", self.state.as_str_name())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_every_party_in_every_state() {
    let stage = Arc::new(Stage::at_noon().await);
    let mut cases = JoinSet::new();
    for (state, identity_code) in STATES.into_iter().zip(PEOPLE) {
        let mut ohjaamo = stage.ohjaamo();
        let youth = ohjaamo.identify(identity_code).await.unwrap();
        ohjaamo.record_consent(&youth, OHJAAMO, TE, purpose_of(TE), &BASIC).await.unwrap();
        let case = Case { stage: Arc::clone(&stage), youth, state };
        cases.spawn(async move { case.play().await });
    }
    while let Some(played) = cases.join_next().await {
        played.unwrap();
    }
}
