//! What does an official of the employment services tell the gateway, and how is the answer to be read?

use anyhow::{Context, Result, bail, ensure};
use http::StatusCode;
use uuid::Uuid;

use crate::simulators::client::RawReply;
use crate::simulators::official::{Action, Official};
use crate::simulators::te::envelope::{
    CONTENTS, Envelope, Member, SOAP, XROAD, client_header, service_header,
};
use crate::simulators::te::grammar::STATES;
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
            issue: None,
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

    pub(crate) fn headers(&self, client: &Member, provider: &Member) -> Vec<Element> {
        let text = |name: &str, value: &str| Element::new(XROAD, name).with_text(value);
        let mut headers = vec![
            client_header(client),
            service_header(provider, SERVICE),
            text("userId", &format!("FI{}", self.official.id)),
        ];
        headers.extend(self.issue.as_deref().map(|issue| text("issue", issue)));
        headers.push(text("id", &Uuid::now_v7().to_string()));
        headers.push(text("protocolVersion", "4.0"));
        headers
    }

    pub(crate) fn body(&self) -> Element {
        let official = Element::new(CONTENTS, "kasittelija")
            .with_field("tunnus", &self.official.id)
            .with_field("yksikko", &self.official.unit);
        let mut body = Element::new(CONTENTS, SERVICE)
            .with_field("sanomaTunnus", &self.message_id.to_string())
            .with_field("laheteTunnus", &self.referral)
            .with_child(official)
            .with_field("toimenpide", self.action.te_code());
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
        let status = reply.status;
        let Ok(envelope) = Envelope::open(&reply.body) else {
            ensure!(!status.is_success(), "the answer under {status} is no SOAP message");
            return Ok(Self::HttpError { status });
        };
        if envelope.body.is(SOAP, "Fault") {
            let code = envelope.body.child_text("faultcode").context("a SOAP fault without code")?;
            return Ok(Self::TechnicalFault { status, code: code.to_owned() });
        }
        ensure!(status == StatusCode::OK, "an answer in the body belongs under 200, not {status}");
        check_content_type(reply)?;
        check_echo(sent, &envelope.headers)?;
        let wrapper = &envelope.body;
        ensure!(wrapper.is(CONTENTS, "paivitaLaheteResponse"), "wrong wrapper {}", wrapper.name);
        // The message protocol shows the elements of a fault without saying whether they are qualified.
        if let Some(fault) = wrapper.child("fault") {
            let code = fault.child_text("faultCode").context("a fault without faultCode")?.to_owned();
            let text = fault.child_text("faultString").context("a fault without faultString")?.to_owned();
            return Ok(Self::Refused { code, text });
        }
        let names: Vec<&str> = wrapper.children.iter().map(|child| child.name.as_str()).collect();
        ensure!(names == ["tila", "tapahtumanumero"], "wrong elements {names:?}");
        ensure!(wrapper.children.iter().all(|child| child.namespace == CONTENTS), "unqualified elements");
        let state = wrapper.child_text("tila").context("no tila")?.to_owned();
        ensure!(STATES.contains(&state.as_str()), "unknown state {state}");
        let sequence = wrapper.child_text("tapahtumanumero").context("no tapahtumanumero")?;
        Ok(Self::Applied { state, sequence: sequence.parse().context("tapahtumanumero is no number")? })
    }
}

fn check_content_type(reply: &RawReply) -> Result<()> {
    let value = reply.headers.get(http::header::CONTENT_TYPE).context("no content type")?.to_str()?;
    ensure!(value.to_ascii_lowercase().starts_with("text/xml"), "content type {value}");
    Ok(())
}

/// All headers of the request, same order, same values, and none that only a security server may set.
fn check_echo(sent: &[Element], answered: &[Element]) -> Result<()> {
    if answered.iter().any(|header| header.is(XROAD, "requestHash")) {
        bail!("a service must not set requestHash");
    }
    let names =
        |headers: &[Element]| -> Vec<String> { headers.iter().map(|header| header.name.clone()).collect() };
    ensure!(
        sent.len() == answered.len(),
        "sent headers {:?}, answered with {:?}",
        names(sent),
        names(answered)
    );
    for (one, another) in sent.iter().zip(answered) {
        ensure!(one.same_as(another), "header {} is answered with another {}", one.name, another.name);
    }
    Ok(())
}
