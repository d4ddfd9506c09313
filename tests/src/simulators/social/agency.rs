//! How do social services say what every simulated agency can be told to say?

use anyhow::Result;
use async_trait::async_trait;
use polku_proto::v1::{Outcome, Purpose, ReferralState, RejectionReason};

use crate::simulators::agency::{Held, Message, Outgoing, Reply, Setup, SimulatedAgency, Surroundings, Way};
use crate::simulators::codes::PageCodes;
use crate::simulators::control::Control;
use crate::simulators::faults::Repetition;
use crate::simulators::social::message::{Message as Own, MessageReply, What};
use crate::simulators::social::{SocialSettings, SocialSimulator, held, page};
use crate::simulators::xroad::Known;

/// Starts the usual social services.
///
/// # Errors
/// As [`SocialSimulator::start`].
pub fn start(setup: Setup) -> Result<Box<dyn SimulatedAgency>> {
    let Setup { tls, caller, clock, ledger, repetition, port } = setup;
    let usual = SocialSettings::new(tls, caller);
    let repetition = repetition.unwrap_or(usual.repetition);
    Ok(Box::new(SocialSimulator::start(SocialSettings { clock, ledger, repetition, port, ..usual })?))
}

#[async_trait]
impl SimulatedAgency for SocialSimulator {
    fn kind(&self) -> &'static str {
        "social"
    }

    fn control(&self) -> &Control {
        self.control()
    }

    fn way(&self) -> Way {
        Way::XRoadRest
    }

    fn repetition(&self) -> Repetition {
        self.settings().repetition
    }

    fn settings(&self, surroundings: &Surroundings<'_>, _: &str) -> Result<String> {
        let SocialSettings { caller, provider, gateway, agreed, repetition, .. } = self.settings();
        let (url, caller_sha256) = (self.base_url(), &caller.sha256);
        let known = Known { url, caller_sha256, gateway, provider, agreed, repetition: *repetition };
        Ok(known.settings(surroundings))
    }

    fn point_at(&self, inbound_url: &str) {
        self.connect_gateway(inbound_url);
    }

    fn codes(&self) -> Vec<PageCodes> {
        page::codes()
    }

    fn specimen(&self) -> Held {
        held::specimen()
    }

    fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        self.hold(identity_code, held)
    }

    async fn send(&self, message: &Message) -> Result<Reply> {
        let Message { id, official, what } = message.clone();
        let what = match what {
            Outgoing::Change { referral, action, reason, outcome, note } => What::Step {
                referral,
                action,
                reason: reason.map(|reason| reason_code(reason).to_owned()),
                outcome: outcome.map(|outcome| outcome_code(outcome).to_owned()),
                note,
            },
            Outgoing::Information { referral, answer } => What::Answer { referral, answer },
            Outgoing::Referral {
                identity_code,
                recipient,
                purpose,
                content,
                respond_by,
                claim,
                redacted,
            } => What::Referral {
                identity_code,
                recipient,
                purpose: purpose_code(purpose).to_owned(),
                content,
                respond_by: respond_by.map(|instant| instant.to_string()),
                claim,
                origin: None,
                redacted,
            },
            Outgoing::PlanPart { identity_code, part } => What::Plan { identity_code, part },
        };
        Ok(match self.send(&Own { message_id: id, official, what }).await? {
            MessageReply::Applied { state, sequence } => Reply::Applied { state: state_of(&state), sequence },
            MessageReply::Sent { referral, state, sequence } => {
                Reply::Sent { referral, state: state_of(&state), sequence }
            }
            MessageReply::PlanTaken { sequence } => Reply::PlanTaken { sequence },
            MessageReply::Refused { code, .. } => Reply::Refused { code },
            MessageReply::HttpError { status } => Reply::Failed { status: status.as_u16() },
        })
    }
}

fn purpose_code(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Unspecified | Purpose::Statistics => "",
        Purpose::Guidance => "guidance",
        Purpose::EmploymentServices => "employment_services",
        Purpose::MultiSectorSupport => "multi_sector_support",
        Purpose::SocialServices => "social_services",
        Purpose::Rehabilitation => "rehabilitation",
        Purpose::OutreachYouthWork => "outreach_youth_work",
        Purpose::WorkshopCoaching => "workshop_coaching",
    }
}

fn reason_code(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::Unspecified => "",
        RejectionReason::NoCapacity => "no-capacity",
        RejectionReason::NotEligible => "not-eligible",
        RejectionReason::WrongService => "wrong-service",
        RejectionReason::OutsideArea => "outside-area",
        RejectionReason::InsufficientInformation => "insufficient-information",
        RejectionReason::Other => "other",
    }
}

fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unspecified => "",
        Outcome::GotService => "got-service",
        Outcome::ReferredElsewhere => "referred-elsewhere",
        Outcome::CouldNotContact => "could-not-contact",
        Outcome::NotEligible => "not-eligible",
        Outcome::NoCapacity => "no-capacity",
        Outcome::NoLongerInterested => "no-longer-interested",
        Outcome::WithdrewConsent => "withdrew-consent",
        Outcome::Unknown => "unknown",
    }
}

fn state_of(code: &str) -> ReferralState {
    match code {
        "requested" => ReferralState::Requested,
        "info-requested" => ReferralState::InfoRequested,
        "accepted" => ReferralState::Accepted,
        "rejected" => ReferralState::Rejected,
        "in-progress" => ReferralState::InProgress,
        "on-hold" => ReferralState::OnHold,
        "completed" => ReferralState::Completed,
        "failed" => ReferralState::Failed,
        "cancel-requested" => ReferralState::CancelRequested,
        "cancelled" => ReferralState::Cancelled,
        "expired" => ReferralState::Expired,
        "consent-withdrawn" => ReferralState::ConsentWithdrawn,
        "entered-in-error" => ReferralState::EnteredInError,
        _ => ReferralState::Unspecified,
    }
}
