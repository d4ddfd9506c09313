//! How does the joint register say what every simulated agency can be told to say?

use anyhow::{Context, Result, bail};
use async_trait::async_trait;

use crate::simulators::agency::{Held, Message, Outgoing, Reply, Setup, SimulatedAgency, Surroundings, Way};
use crate::simulators::codes::PageCodes;
use crate::simulators::control::Control;
use crate::simulators::faults::Repetition;
use crate::simulators::typpi::codes::{STATES, meaning};
use crate::simulators::typpi::told::{Answered, Told};
use crate::simulators::typpi::{TyppiSettings, TyppiSimulator, holdings, page};
use crate::simulators::xroad::Known;

/// Starts the usual register.
///
/// # Errors
/// As [`TyppiSimulator::start`].
pub fn start(setup: Setup) -> Result<Box<dyn SimulatedAgency>> {
    let Setup { tls, caller, clock, ledger, repetition, port } = setup;
    let usual = TyppiSettings::new(tls, caller);
    let repetition = repetition.unwrap_or(usual.repetition);
    let settings = TyppiSettings { clock, ledger, repetition, port, ..usual };
    Ok(Box::new(TyppiSimulator::start(settings)?))
}

#[async_trait]
impl SimulatedAgency for TyppiSimulator {
    fn kind(&self) -> &'static str {
        "typpi"
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
        let TyppiSettings { caller, provider, gateway, agreed, repetition, .. } = self.settings();
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
        holdings::specimen()
    }

    fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        self.holdings.hold(identity_code, held)
    }

    async fn send(&self, message: &Message) -> Result<Reply> {
        let (id, official) = (message.id, &message.official);
        let told = match &message.what {
            Outgoing::Change { referral, action, reason, outcome, note } => {
                Told::step(id, official, referral, action, (*reason, *outcome), note)?
            }
            Outgoing::Information { referral, answer } => Told::information(id, official, referral, answer),
            Outgoing::Referral {
                identity_code,
                recipient,
                purpose,
                content,
                respond_by,
                claim,
                redacted,
            } => {
                let frame = (identity_code.as_str(), recipient.as_str(), *purpose);
                let told = Told::referral(id, official, frame, content, *respond_by, claim.as_ref())?;
                if *redacted { told.redacted() } else { told }
            }
            Outgoing::PlanPart { identity_code, part } => Told::plan(id, official, identity_code, part)?,
        };
        let reply = match self.send_told(&told).await? {
            Answered::Response(values) => read(&message.what, &values)?,
            Answered::Fault(code) => Reply::Refused { code },
            Answered::HttpError(status) => Reply::Failed { status: status.as_u16() },
        };
        if let Reply::Sent { referral, .. } = &reply {
            self.settings().ledger.note_own_referral(referral);
        }
        Ok(reply)
    }
}

/// Reads the elements that belong to the answer to this, and no others.
fn read(what: &Outgoing, values: &[(String, String)]) -> Result<Reply> {
    let state = |code: &str| meaning(STATES, code).context("a state that is not in the document");
    let values: Vec<(&str, &str)> =
        values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ok(match (what, &values[..]) {
        (
            Outgoing::Change { .. } | Outgoing::Information { .. },
            [("lahetteenTila", code), ("tapahtumanumero", sequence)],
        ) => Reply::Applied { state: state(code)?, sequence: sequence.parse()? },
        (
            Outgoing::Referral { .. },
            [("laheteTunnus", referral), ("lahetteenTila", code), ("tapahtumanumero", sequence)],
        ) => {
            Reply::Sent { referral: (*referral).to_owned(), state: state(code)?, sequence: sequence.parse()? }
        }
        (Outgoing::PlanPart { .. }, [("tapahtumanumero", sequence)]) => {
            Reply::PlanTaken { sequence: sequence.parse()? }
        }
        _ => bail!("elements that are not in the document"),
    })
}
