//! By which one handle can any simulated agency be driven, whatever it speaks?
//!
//! The contract suite knows no agency. It tells a simulator in the contract's words what to hold and what to send; the
//! simulator says it in its own, and gives the gateway's answer back in the contract's.

use std::fmt::Debug;
use std::path::Path;

use anyhow::Result;
use async_trait::async_trait;
use jiff::Timestamp;
use polku_proto::identity::Hetu;
use polku_proto::v1::{
    Fact, LegalClaim, Outcome, PlanPart, Purpose, ReferralContent, ReferralState, RejectionReason,
};
use uuid::Uuid;

use crate::pki::Identity;
use crate::simulators::clock::SimulatorClock;
use crate::simulators::codes::PageCodes;
use crate::simulators::control::{Control, SimulatorTls};
use crate::simulators::faults::Repetition;
use crate::simulators::ledger::{Ledger, TakenInKind};
use crate::simulators::official::{Action, Official};
use crate::simulators::{kela, social, te, typpi, walmu};

/// Starts a simulated agency of this kind. `None` if there is no simulator for it. One line for each kind.
///
/// # Errors
/// When a certificate cannot be used or the port is taken.
pub fn start(kind: &str, setup: Setup) -> Result<Option<Box<dyn SimulatedAgency>>> {
    Ok(Some(match kind {
        "te" => te::agency::start(setup)?,
        "kela" => kela::agency::start(setup)?,
        "social" => social::agency::start(setup)?,
        "typpi" => typpi::agency::start(setup)?,
        "walmu" => walmu::agency::start(setup)?,
        _ => return Ok(None),
    }))
}

/// With what a simulated agency is started.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Certificates.
    pub tls: SimulatorTls,
    /// What the agency shows when it calls the gateway, where it calls with a certificate.
    pub caller: Identity,
    /// The agency's clock.
    pub clock: SimulatorClock,
    /// The agency's book; hand in an old one to restart a simulator with what it knew.
    pub ledger: Ledger,
    /// How somebody can be sure that a message has not taken effect twice; what is usual for the kind when absent.
    pub repetition: Option<Repetition>,
    /// The port to listen on, 0 for any free one.
    pub port: u16,
}

/// What the settings of an adapter that speaks to a simulated agency can refer to.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Where files can be written; the agency's id begins their names.
    pub folder: &'a Path,
    /// The agency's id.
    pub agency: &'a str,
    /// `ca_file` of the connection.
    pub ca_file: &'a Path,
    /// `certificate_file` of the connection, where the agency asks callers for one.
    pub certificate_file: &'a Path,
    /// `key_file` of the connection.
    pub key_file: &'a Path,
    /// `timeout_ms` of the connection.
    pub timeout_ms: u32,
}

impl Surroundings<'_> {
    /// The value of `connection` with the gateway's certificate.
    #[must_use]
    pub fn connection_with_certificate(&self) -> String {
        let Self { ca_file, certificate_file, key_file, timeout_ms, .. } = self;
        format!(
            "{{ ca_file = {ca_file:?}, certificate_file = {certificate_file:?}, key_file = {key_file:?}, \
             timeout_ms = {timeout_ms} }}"
        )
    }

    /// The value of `connection` without it.
    #[must_use]
    pub fn connection(&self) -> String {
        let Self { ca_file, timeout_ms, .. } = self;
        format!("{{ ca_file = {ca_file:?}, timeout_ms = {timeout_ms} }}")
    }
}

/// What lies between the gateway and an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// X-Road with SOAP: an answer says which message it answers, by its id and by the hash of its bytes, and there are
    /// faults of the way itself.
    XRoadSoap,
    /// X-Road with REST: the same, but the hash cannot be checked, for the caller does not know all of what it is of.
    XRoadRest,
    /// Nothing: an answer to a delivery does not say what it answers.
    Direct,
}

/// A simulated agency of any kind, running.
#[async_trait]
pub trait SimulatedAgency: Debug + Send + Sync {
    /// As `adapter` in the gateway's configuration.
    fn kind(&self) -> &'static str;

    /// Faults, ledger, wire, and the end.
    fn control(&self) -> &Control;

    /// What lies between the gateway and the agency.
    fn way(&self) -> Way;

    /// How somebody can be sure that a message has not taken effect twice, as the agency was started.
    fn repetition(&self) -> Repetition;

    /// The manners in which the agency can be spoken to, where there are several, such as ways to authenticate. Each is
    /// run through the whole suite. The first is the usual one.
    fn manners(&self) -> &'static [&'static str] {
        &["usual"]
    }

    /// The lines of the table `[agency.settings]` for an adapter that speaks to this simulator, in this manner; what the
    /// agency does with repetitions among them. Writes the files that they name.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn settings(&self, surroundings: &Surroundings<'_>, manner: &str) -> Result<String>;

    /// Says where the gateway takes in the agency's messages: `https://HOST:PORT/inbound/AGENCY`.
    fn point_at(&self, inbound_url: &str);

    /// The codes of the agency's page.
    fn codes(&self) -> Vec<PageCodes>;

    /// One of everything that such an agency can hold, exactly as its adapter should tell of it: every kind of fact
    /// with every member that the agency has words for, and its own plan. Its texts are its own. Together they touch
    /// every category that the adapter says it fetches. Empty where the agency cannot be asked.
    fn specimen(&self) -> Held;

    /// Holds this on a person from now on, in place of what it held. When asked it answers with everything, as far as
    /// its protocol lets it: that no more is taken over than was asked for is for the adapter to see to.
    ///
    /// # Errors
    /// When the agency has no words for something in it.
    fn hold(&self, identity_code: &str, held: &Held) -> Result<()>;

    /// Sends a message of the agency's own kind to the gateway.
    ///
    /// # Errors
    /// When the gateway gives no answer, or one that breaks the agency's protocol.
    async fn send(&self, message: &Message) -> Result<Reply>;

    /// What took effect, in order. Made from the ledger.
    fn taken(&self) -> Vec<Taken> {
        let all = self.control().ledger().all_taken_in();
        let taken = all.into_iter().map(|entry| Taken {
            message: entry.message_id,
            kind: entry.kind,
            about: entry.referral_id,
            identity_code: entry.fields.iter().map(|(_, value)| value).find(|value| is_hetu(value)).cloned(),
            texts: entry.fields.into_iter().map(|(_, value)| value).collect(),
        });
        taken.collect()
    }
}

fn is_hetu(text: &str) -> bool {
    text.trim().parse::<Hetu>().is_ok()
}

/// What an agency holds on a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Held {
    /// Facts.
    pub facts: Vec<Fact>,
    /// Plans of its own. The owner is left out: it is the agency.
    pub plans: Vec<PlanPart>,
}

/// A message that an agency sends to the gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The agency's id of the message; the same in every attempt.
    pub id: Uuid,
    /// Whose word it is.
    pub official: Official,
    /// What it says.
    pub what: Outgoing,
}

/// What an agency says.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// An official takes a step with a referral.
    Change {
        /// UUID of the referral.
        referral: String,
        /// The step.
        action: Action,
        /// Why, with [`Action::Reject`].
        reason: Option<RejectionReason>,
        /// What became of it, with [`Action::Complete`] and [`Action::Fail`].
        outcome: Option<Outcome>,
        /// A note, or the question.
        note: String,
    },
    /// The agency, which has sent the referral, answers a question about it.
    Information {
        /// UUID of the referral.
        referral: String,
        /// The answer.
        answer: Box<ReferralContent>,
    },
    /// The agency sends a referral.
    Referral {
        /// About whom.
        identity_code: String,
        /// To whom: `agency`, or `agency/unit`.
        recipient: String,
        /// What for.
        purpose: Purpose,
        /// What is told.
        content: Box<ReferralContent>,
        /// Until when an answer is expected.
        respond_by: Option<Timestamp>,
        /// The ground in law on which it is told without permission, if it is.
        claim: Option<LegalClaim>,
        /// Whether it says that it has left something out.
        redacted: bool,
    },
    /// The agency tells of its own plan, or of its part of the joint one.
    PlanPart {
        /// About whom.
        identity_code: String,
        /// The plan.
        part: Box<PlanPart>,
    },
}

/// The gateway's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The step was taken.
    Applied {
        /// The referral's state now.
        state: ReferralState,
        /// The gateway's audit sequence.
        sequence: u64,
    },
    /// The referral is on its way.
    Sent {
        /// Its UUID.
        referral: String,
        /// Its state.
        state: ReferralState,
        /// The gateway's audit sequence.
        sequence: u64,
    },
    /// The plan was taken in.
    PlanTaken {
        /// The gateway's audit sequence.
        sequence: u64,
    },
    /// It was refused with this code of the gateway's, or of the agency's protocol.
    Refused {
        /// The code.
        code: String,
    },
    /// An answer without a code.
    Failed {
        /// HTTP status.
        status: u16,
    },
    /// Nothing was sent: the agency has no such message.
    Unsupported,
}

/// A message that took effect at an agency.
#[derive(Clone, PartialEq, Eq)]
pub struct Taken {
    /// UUID of the message, as written.
    pub message: String,
    /// What it is.
    pub kind: TakenInKind,
    /// UUID of the referral, or the plan's own id, as written.
    pub about: String,
    /// The personal identity code that stands in it.
    pub identity_code: Option<String>,
    /// Every value in it.
    pub texts: Vec<String>,
}

impl Debug for Taken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Taken").field("kind", &self.kind).finish_non_exhaustive()
    }
}
