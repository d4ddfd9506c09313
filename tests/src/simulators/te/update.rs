//! What does an official of the employment services tell the gateway, and how is the answer to be read?

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use uuid::Uuid;

use crate::simulators::client::RawReply;
use crate::simulators::official::{Action, Official};
use crate::simulators::te::TeSettings;
use crate::simulators::te::page::STATES;
use crate::simulators::te::told::{self, Answered};
use crate::simulators::te::words::element;
use crate::simulators::xml::Element;

const SERVICE: &str = "paivitaLahete";

/// A message `paivitaLahete`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// UUID of the message; the same in every attempt.
    pub message_id: Uuid,
    /// UUID of the referral.
    pub referral: String,
    /// Who acts.
    pub official: Official,
    /// What is done.
    pub action: Action,
    /// `syy`, a code of the office's document.
    pub reason: Option<String>,
    /// `tulos`, a code of the office's document.
    pub outcome: Option<String>,
    /// `huomautus`.
    pub note: Option<String>,
    /// X-Road `issue`.
    pub issue: Option<String>,
}

impl Update {
    /// A new message by official `virkailija-1` of `nuorten-palvelut`.
    #[must_use]
    pub fn new(referral: &str, action: Action) -> Self {
        Self {
            message_id: Uuid::now_v7(),
            referral: referral.to_owned(),
            official: Official::new("virkailija-1", "nuorten-palvelut"),
            action,
            reason: None,
            outcome: None,
            note: None,
            issue: Some(referral.to_owned()),
        }
    }

    /// With this `syy`.
    #[must_use]
    pub fn with_reason(mut self, code: &str) -> Self {
        self.reason = Some(code.to_owned());
        self
    }

    /// With this `tulos`.
    #[must_use]
    pub fn with_outcome(mut self, code: &str) -> Self {
        self.outcome = Some(code.to_owned());
        self
    }

    /// With this `huomautus`.
    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        self.note = Some(note.to_owned());
        self
    }

    pub(crate) fn headers(&self, settings: &TeSettings) -> Vec<Element> {
        told::headers(settings, SERVICE, &self.official, self.issue.as_deref())
    }

    pub(crate) fn body(&self) -> Element {
        let mut body = told::opened(SERVICE, self.message_id, &self.official)
            .with_field("toimenpide", self.action.te_code());
        body.children.insert(1, element("laheteTunnus").with_text(&self.referral));
        for (name, value) in [("syy", &self.reason), ("tulos", &self.outcome), ("huomautus", &self.note)] {
            if let Some(value) = value {
                body = body.with_field(name, value);
            }
        }
        body
    }
}

/// The gateway's answer to `paivitaLahete`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateReply {
    /// It was taken in.
    Applied {
        /// `tila`: the state of the referral now.
        state: String,
        /// `tapahtumanumero`: the gateway's audit sequence.
        sequence: u64,
    },
    /// A non-technical fault in the body.
    Refused {
        /// `faultCode`: the gateway's reason code.
        code: String,
        /// `faultString`.
        text: String,
    },
    /// A SOAP fault.
    TechnicalFault {
        /// HTTP status.
        status: StatusCode,
        /// `faultcode`.
        code: String,
    },
    /// An HTTP error without SOAP.
    HttpError {
        /// HTTP status.
        status: StatusCode,
    },
}

impl UpdateReply {
    pub(crate) fn read(sent: &[Element], reply: &RawReply) -> Result<Self> {
        let response = match Answered::read(sent, SERVICE, reply)? {
            Answered::Response(response) => response,
            Answered::Refused { code, text } => return Ok(Self::Refused { code, text }),
            Answered::TechnicalFault { status, code } => return Ok(Self::TechnicalFault { status, code }),
            Answered::HttpError { status } => return Ok(Self::HttpError { status }),
        };
        let [state, sequence] = response.values(["tila", "tapahtumanumero"])?;
        ensure!(STATES.contains(&state.as_str()), "unknown state {state}");
        Ok(Self::Applied { state, sequence: sequence.parse().context("tapahtumanumero is no number")? })
    }
}
