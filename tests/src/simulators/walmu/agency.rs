//! How does the case management say what every simulated agency can be told to say?

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use polku_proto::v1::{Outcome, ReferralState, RejectionReason};

use crate::simulators::agency::{Held, Message, Outgoing, Reply, Setup, SimulatedAgency, Surroundings};
use crate::simulators::control::Control;
use crate::simulators::walmu::event::{Event, EventReply};
use crate::simulators::walmu::{WalmuSettings, WalmuSimulator};

const CLIENT_SECRET: &str = "a-synthetic-client-secret";
const WEBHOOK_SECRET: &str = "a-synthetic-webhook-secret-of-enough-bytes";

/// Starts the usual case management.
///
/// # Errors
/// As [`WalmuSimulator::start`].
pub fn start(setup: Setup) -> Result<Box<dyn SimulatedAgency>> {
    let Setup { tls, caller: _, clock, ledger, port } = setup;
    let usual = WalmuSettings::new(tls, CLIENT_SECRET, WEBHOOK_SECRET.as_bytes());
    Ok(Box::new(WalmuSimulator::start(WalmuSettings { clock, ledger, port, ..usual })?))
}

#[async_trait]
impl SimulatedAgency for WalmuSimulator {
    fn kind(&self) -> &'static str {
        "walmu"
    }

    fn control(&self) -> &Control {
        self.control()
    }

    fn settings(&self, surroundings: &Surroundings<'_>, _: &str) -> Result<String> {
        let file = |name: &str, secret: &[u8]| -> Result<String> {
            let path = surroundings.folder.join(format!("{}-{name}.secret", surroundings.agency));
            std::fs::write(&path, secret).context("a secret cannot be written")?;
            Ok(format!("{path:?}"))
        };
        let settings = self.settings();
        Ok(format!(
            "base_url = {:?}\ntoken_url = {:?}\nclient_id = {:?}\nclient_secret_file = {}\nwebhook_secret_file = {}\nconnection = {}\n",
            self.base_url(),
            self.token_url(),
            settings.client_id,
            file("client", settings.client_secret.as_bytes())?,
            file("webhook", &settings.webhook_secret)?,
            surroundings.connection(),
        ))
    }

    fn point_at(&self, inbound_url: &str) {
        self.connect_gateway(inbound_url);
    }

    fn specimen(&self) -> Held {
        Held::default()
    }

    fn hold(&self, _: &str, _: &Held) -> Result<()> {
        bail!("the case management cannot be asked")
    }

    async fn send(&self, message: &Message) -> Result<Reply> {
        let Outgoing::Change { referral, action, reason, outcome, note } = &message.what else {
            return Ok(Reply::Unsupported);
        };
        let event = Event {
            event_id: message.id,
            official: message.official.clone(),
            reason: reason.map(|reason| reason_code(reason).to_owned()),
            outcome: outcome.map(|outcome| outcome_code(outcome).to_owned()),
            note: (!note.is_empty()).then(|| note.clone()),
            ..Event::new(referral, action.clone())
        };
        Ok(match self.send_event(&event).await? {
            EventReply::Applied { state, sequence } => Reply::Applied { state: state_of(&state), sequence },
            EventReply::Refused { code, .. } => Reply::Refused { code },
            EventReply::HttpError { status } => Reply::Failed { status: status.as_u16() },
        })
    }
}

fn reason_code(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::Unspecified => "",
        RejectionReason::NoCapacity => "ei_kapasiteettia",
        RejectionReason::NotEligible => "ei_tayta_ehtoja",
        RejectionReason::WrongService => "vaara_palvelu",
        RejectionReason::OutsideArea => "alueen_ulkopuolella",
        RejectionReason::InsufficientInformation => "puutteelliset_tiedot",
        RejectionReason::Other => "muu",
    }
}

fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unspecified => "",
        Outcome::GotService => "sai_palvelun",
        Outcome::ReferredElsewhere => "ohjattu_muualle",
        Outcome::CouldNotContact => "ei_tavoitettu",
        Outcome::NotEligible => "ei_tayta_ehtoja",
        Outcome::NoCapacity => "ei_kapasiteettia",
        Outcome::NoLongerInterested => "ei_enaa_kiinnostunut",
        Outcome::WithdrewConsent => "perui_luvan",
        Outcome::Unknown => "ei_tiedossa",
    }
}

fn state_of(code: &str) -> ReferralState {
    match code {
        "pyydetty" => ReferralState::Requested,
        "lisatietoja_pyydetty" => ReferralState::InfoRequested,
        "hyvaksytty" => ReferralState::Accepted,
        "hylatty" => ReferralState::Rejected,
        "kaynnissa" => ReferralState::InProgress,
        "keskeytetty" => ReferralState::OnHold,
        "paattynyt" => ReferralState::Completed,
        "epaonnistunut" => ReferralState::Failed,
        "peruutusta_pyydetty" => ReferralState::CancelRequested,
        "peruutettu" => ReferralState::Cancelled,
        "vanhentunut" => ReferralState::Expired,
        "lupa_peruttu" => ReferralState::ConsentWithdrawn,
        "virheellinen" => ReferralState::EnteredInError,
        _ => ReferralState::Unspecified,
    }
}
