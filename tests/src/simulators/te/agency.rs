//! How do the employment services say what every simulated agency can be told to say?

use anyhow::{Result, bail};
use async_trait::async_trait;
use polku_proto::v1::{Outcome, ReferralState, RejectionReason};

use crate::simulators::agency::{Held, Message, Outgoing, Reply, Setup, SimulatedAgency, Surroundings};
use crate::simulators::control::Control;
use crate::simulators::te::{Member, TeSettings, TeSimulator, Update, UpdateReply};

/// The office answers `haeSanomanTila`.
const ANSWERS: &str = "usual";
/// It does not: after a silence nobody can know.
const SILENT: &str = "no-status";

/// Starts the usual office.
///
/// # Errors
/// As [`TeSimulator::start`].
pub fn start(setup: Setup) -> Result<Box<dyn SimulatedAgency>> {
    let Setup { tls, caller, clock, ledger, port } = setup;
    Ok(Box::new(TeSimulator::start(TeSettings { clock, ledger, port, ..TeSettings::new(tls, caller) })?))
}

#[async_trait]
impl SimulatedAgency for TeSimulator {
    fn kind(&self) -> &'static str {
        "te"
    }

    fn control(&self) -> &Control {
        self.control()
    }

    fn manners(&self) -> &'static [&'static str] {
        &[ANSWERS, SILENT]
    }

    fn settings(&self, surroundings: &Surroundings<'_>, manner: &str) -> Result<String> {
        let member = |member: &Member| {
            let Member { instance, class, code, subsystem } = member;
            format!(
                "{{ instance = {instance:?}, member_class = {class:?}, member_code = {code:?}, \
                 subsystem_code = {subsystem:?} }}"
            )
        };
        Ok(format!(
            "url = {:?}\nanswers_status = {}\ninbound_certificate_sha256 = [{:?}]\nconnection = {}\nclient = {}\nservice = {}\n",
            self.base_url(),
            manner == ANSWERS,
            self.settings().official.sha256,
            surroundings.connection_with_certificate(),
            member(&self.settings().gateway),
            member(&self.settings().provider),
        ))
    }

    fn point_at(&self, inbound_url: &str) {
        self.connect_gateway(inbound_url);
    }

    fn specimen(&self) -> Held {
        Held::default()
    }

    fn hold(&self, _: &str, _: &Held) -> Result<()> {
        bail!("the office cannot be asked")
    }

    async fn send(&self, message: &Message) -> Result<Reply> {
        let Outgoing::Change { referral, action, reason, outcome, note } = &message.what else {
            return Ok(Reply::Unsupported);
        };
        let update = Update {
            message_id: message.id,
            official: message.official.clone(),
            reason: reason.map(|reason| reason_code(reason).to_owned()),
            outcome: outcome.map(|outcome| outcome_code(outcome).to_owned()),
            note: (!note.is_empty()).then(|| note.clone()),
            ..Update::new(referral, action.clone())
        };
        Ok(match self.send_update(&update).await? {
            UpdateReply::Applied { state, sequence } => Reply::Applied { state: state_of(&state), sequence },
            UpdateReply::Refused { code, .. } | UpdateReply::TechnicalFault { code, .. } => {
                Reply::Refused { code }
            }
            UpdateReply::HttpError { status } => Reply::Failed { status: status.as_u16() },
        })
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
