//! How does Kela say what every simulated agency can be told to say?

use anyhow::{Result, ensure};
use async_trait::async_trait;
use polku_proto::v1::{Outcome, Purpose, ReferralState, RejectionReason};
use serde_json::{Map, json};

use crate::simulators::agency::{Held, Message, Outgoing, Reply, Setup, SimulatedAgency, Surroundings, Way};
use crate::simulators::codes::PageCodes;
use crate::simulators::control::Control;
use crate::simulators::faults::Repetition;
use crate::simulators::ground::stated;
use crate::simulators::kela::message::{Assistance, Message as Own, MessageReply};
use crate::simulators::kela::{KelaSettings, KelaSimulator, held, page};
use crate::simulators::xroad::Known;

/// Starts the usual Kela.
///
/// # Errors
/// As [`KelaSimulator::start`].
pub fn start(setup: Setup) -> Result<Box<dyn SimulatedAgency>> {
    let Setup { tls, caller, clock, ledger, repetition, port } = setup;
    let usual = KelaSettings::new(tls, caller);
    let repetition = repetition.unwrap_or(usual.repetition);
    Ok(Box::new(KelaSimulator::start(KelaSettings { clock, ledger, repetition, port, ..usual })?))
}

#[async_trait]
impl SimulatedAgency for KelaSimulator {
    fn kind(&self) -> &'static str {
        "kela"
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
        let KelaSettings { caller, provider, gateway, agreed, repetition, .. } = self.settings();
        let (url, caller_sha256) = (self.base_url(), &caller.sha256);
        let known = Known { url, caller_sha256, gateway, provider, agreed, repetition: *repetition };
        // The last table of the settings is open at their end.
        Ok(format!("nuotti = {{ from = 16, below = 30 }}\n{}", known.settings(surroundings)))
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
        let Message { id, official, what } = message;
        let own = match what {
            Outgoing::Change { referral, action, reason, outcome, note } => Own::step(referral, action)
                .with("syy", json!(reason.map_or("", reason_code)))
                .with("tulos", json!(outcome.map_or("", outcome_code)))
                .with("huomautus", json!(note)),
            Outgoing::Information { referral, answer } => Own::information(referral, answer),
            Outgoing::Referral {
                identity_code,
                recipient,
                purpose,
                content,
                respond_by,
                claim,
                redacted,
            } => {
                let deadline = respond_by.map(|instant| instant.to_string()).unwrap_or_default();
                let kind = claim.as_ref().and_then(|claim| Assistance::on(claim.ground()));
                let own = match (kind, claim) {
                    (Some(kind), Some(claim)) => {
                        ensure!(*purpose == Purpose::SocialServices, "a notice for another purpose");
                        let [_, (_, statement), (_, asked)] = stated(claim);
                        Own::assistance(kind, recipient, identity_code, content)
                            .with("selostus", json!(statement))
                            .with("suostumusta", json!(asked))
                    }
                    (_, Some(claim)) => {
                        let stated = stated(claim).map(|(name, value)| (name.to_owned(), json!(value)));
                        Own::referral(recipient, purpose_code(*purpose), identity_code, content)
                            .with("ilmoitusperuste", json!(Map::from_iter(stated)))
                    }
                    (_, None) => Own::referral(recipient, purpose_code(*purpose), identity_code, content),
                };
                let own = own.with("vastausViimeistaan", json!(deadline));
                if *redacted { own.with("tietojaKarsittu", json!(true)) } else { own }
            }
            Outgoing::PlanPart { .. } => return Ok(Reply::Unsupported),
        };
        Ok(match self.send(&own.by(*id, official.clone())).await? {
            MessageReply::Applied { state, sequence } => Reply::Applied { state: state_of(&state), sequence },
            MessageReply::Sent { referral, state, sequence } => {
                Reply::Sent { referral, state: state_of(&state), sequence }
            }
            MessageReply::Refused { code, .. } => Reply::Refused { code },
            MessageReply::HttpError { status } => Reply::Failed { status: status.as_u16() },
        })
    }
}

fn purpose_code(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Unspecified | Purpose::Statistics => "",
        Purpose::Guidance => "OHJAUS",
        Purpose::EmploymentServices => "TYOLLISYYSPALVELUT",
        Purpose::MultiSectorSupport => "MONIALAINEN_TUKI",
        Purpose::SocialServices => "SOSIAALIPALVELUT",
        Purpose::Rehabilitation => "KUNTOUTUS",
        Purpose::OutreachYouthWork => "ETSIVA_NUORISOTYO",
        Purpose::WorkshopCoaching => "TYOPAJAVALMENNUS",
    }
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
