//! How do the employment services say what every simulated agency can be told to say?

use anyhow::{Result, ensure};
use async_trait::async_trait;
use polku_proto::v1::{Outcome, ReferralState, RejectionReason};

use crate::simulators::agency::{Held, Message, Outgoing, Reply, Setup, SimulatedAgency, Surroundings, Way};
use crate::simulators::codes::PageCodes;
use crate::simulators::control::Control;
use crate::simulators::faults::Repetition;
use crate::simulators::ground::stated;
use crate::simulators::te::told::{Answered, Ground, Response, Told};
use crate::simulators::te::{TeSettings, TeSimulator, Update, UpdateReply, holdings, page};
use crate::simulators::xroad::Known;

/// Starts the usual office.
///
/// # Errors
/// As [`TeSimulator::start`].
pub fn start(setup: Setup) -> Result<Box<dyn SimulatedAgency>> {
    let Setup { tls, caller, clock, ledger, repetition, port } = setup;
    let usual = TeSettings::new(tls, caller);
    let repetition = repetition.unwrap_or(usual.repetition);
    Ok(Box::new(TeSimulator::start(TeSettings { clock, ledger, repetition, port, ..usual })?))
}

#[async_trait]
impl SimulatedAgency for TeSimulator {
    fn kind(&self) -> &'static str {
        "te"
    }

    fn control(&self) -> &Control {
        self.control()
    }

    fn way(&self) -> Way {
        Way::XRoadSoap
    }

    fn repetition(&self) -> Repetition {
        self.settings().repetition
    }

    fn settings(&self, surroundings: &Surroundings<'_>, _: &str) -> Result<String> {
        let TeSettings { official, provider, gateway, agreed, repetition, .. } = self.settings();
        let (url, caller_sha256) = (self.base_url(), &official.sha256);
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
        holdings::specimen()
    }

    fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        self.holdings.hold(identity_code, held)
    }

    async fn send(&self, message: &Message) -> Result<Reply> {
        let (id, official) = (message.id, &message.official);
        match &message.what {
            Outgoing::Change { referral, action, reason, outcome, note } => {
                let update = Update {
                    message_id: id,
                    official: official.clone(),
                    reason: reason.map(|reason| reason_code(reason).to_owned()),
                    outcome: outcome.map(|outcome| outcome_code(outcome).to_owned()),
                    note: (!note.is_empty()).then(|| note.clone()),
                    ..Update::new(referral, action.clone())
                };
                Ok(match self.send_update(&update).await? {
                    UpdateReply::Applied { state, sequence } => {
                        Reply::Applied { state: state_of(&state), sequence }
                    }
                    UpdateReply::Refused { code, .. } | UpdateReply::TechnicalFault { code, .. } => {
                        Reply::Refused { code }
                    }
                    UpdateReply::HttpError { status } => Reply::Failed { status: status.as_u16() },
                })
            }
            Outgoing::Information { referral, answer } => {
                let told = Told::information(id, official, referral, answer);
                self.tell(&told, |response| {
                    let [state, sequence] = response.values(["tila", "tapahtumanumero"])?;
                    Ok(Reply::Applied { state: known_state(&state)?, sequence: sequence.parse()? })
                })
                .await
            }
            Outgoing::Referral {
                identity_code,
                recipient,
                purpose,
                content,
                respond_by,
                claim,
                redacted,
            } => {
                let until = respond_by.map(|instant| instant.to_string()).unwrap_or_default();
                let frame = (identity_code.as_str(), recipient.as_str(), *purpose);
                let ground = claim.as_ref().map(stated).map(|[(_, ground), (_, statement), (_, asked)]| {
                    Ground { ground, statement, consent_asked: asked }
                });
                let told = Told::referral_until(id, official, frame, content, &until, ground);
                let told = if *redacted { told.redacted() } else { told };
                let reply = self.tell(&told, |response| {
                    let names = ["laheteTunnus", "tila", "tapahtumanumero"];
                    let [referral, state, sequence] = response.values(names)?;
                    Ok(Reply::Sent { referral, state: known_state(&state)?, sequence: sequence.parse()? })
                });
                let reply = reply.await?;
                if let Reply::Sent { referral, .. } = &reply {
                    self.ledger().note_own_referral(referral);
                }
                Ok(reply)
            }
            Outgoing::PlanPart { identity_code, part } => {
                let told = Told::plan(id, official, identity_code, part)?;
                self.tell(&told, |response| {
                    let [sequence] = response.values(["tapahtumanumero"])?;
                    Ok(Reply::PlanTaken { sequence: sequence.parse()? })
                })
                .await
            }
        }
    }
}

impl TeSimulator {
    async fn tell(&self, told: &Told, read: fn(Response) -> Result<Reply>) -> Result<Reply> {
        match self.send_told(told).await? {
            Answered::Response(response) => read(response),
            Answered::Refused { code, .. } | Answered::TechnicalFault { code, .. } => {
                Ok(Reply::Refused { code })
            }
            Answered::HttpError { status } => Ok(Reply::Failed { status: status.as_u16() }),
        }
    }
}

fn known_state(code: &str) -> Result<ReferralState> {
    let state = state_of(code);
    ensure!(state != ReferralState::Unspecified, "unknown state {code}");
    Ok(state)
}

fn reason_code(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::Unspecified => "",
        RejectionReason::NoCapacity => "EI_KAPASITEETTIA",
        RejectionReason::NotEligible => "EI_TAYTA_EHTOJA",
        RejectionReason::WrongService => "VAARA_PALVELU",
        RejectionReason::OutsideArea => "ALUEEN_ULKOPUOLELLA",
        RejectionReason::InsufficientInformation => "PUUTTEELLISET_TIEDOT",
        RejectionReason::Other => "MUU",
    }
}

fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unspecified => "",
        Outcome::GotService => "SAI_PALVELUN",
        Outcome::ReferredElsewhere => "OHJATTU_MUUALLE",
        Outcome::CouldNotContact => "EI_TAVOITETTU",
        Outcome::NotEligible => "EI_TAYTA_EHTOJA",
        Outcome::NoCapacity => "EI_KAPASITEETTIA",
        Outcome::NoLongerInterested => "EI_ENAA_KIINNOSTUNUT",
        Outcome::WithdrewConsent => "PERUI_LUVAN",
        Outcome::Unknown => "EI_TIEDOSSA",
    }
}

fn state_of(code: &str) -> ReferralState {
    match code {
        "PYYDETTY" => ReferralState::Requested,
        "LISATIETOJA_PYYDETTY" => ReferralState::InfoRequested,
        "HYVAKSYTTY" => ReferralState::Accepted,
        "HYLATTY" => ReferralState::Rejected,
        "KAYNNISSA" => ReferralState::InProgress,
        "KESKEYTETTY" => ReferralState::OnHold,
        "PAATTYNYT" => ReferralState::Completed,
        "EPAONNISTUNUT" => ReferralState::Failed,
        "PERUUTUSTA_PYYDETTY" => ReferralState::CancelRequested,
        "PERUUTETTU" => ReferralState::Cancelled,
        "VANHENTUNUT" => ReferralState::Expired,
        "LUPA_PERUTTU" => ReferralState::ConsentWithdrawn,
        "VIRHEELLINEN" => ReferralState::EnteredInError,
        _ => ReferralState::Unspecified,
    }
}
