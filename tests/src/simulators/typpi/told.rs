//! Which messages does the register send, and how is the gateway's answer read?

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use http::StatusCode;
use jiff::Timestamp;
use polku_proto::v1::{LegalClaim, Outcome, PlanPart, Purpose, ReferralContent, RejectionReason};
use uuid::Uuid;

use crate::simulators::client::RawReply;
use crate::simulators::official::{Action, Official};
use crate::simulators::typpi::codes::{ASKED, GROUNDS, OUTCOMES, PURPOSES, REASONS, code};
use crate::simulators::typpi::words::{CONTENTS, customer, element, missing, plan, with_texts};
use crate::simulators::xml::Element;
use crate::simulators::xroad::Member;
use crate::simulators::xroad_soap::{Envelope, SOAP, XROAD, client_header, service_header};

/// A message that is ready to be sent: who speaks, and the body.
#[derive(Clone)]
pub struct Told {
    official: Official,
    issue: Option<String>,
    body: Element,
}

impl fmt::Debug for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Told").field("service", &self.body.name).finish_non_exhaustive()
    }
}

impl Told {
    fn opened(service: &str, id: Uuid, official: &Official) -> Self {
        let speaker =
            element("virkailija").with_field("tunnus", &official.id).with_field("yksikko", &official.unit);
        let body = element(service).with_field("viestiTunnus", &id.to_string()).with_child(speaker);
        Self { official: official.clone(), issue: None, body }
    }

    fn with(mut self, texts: &[(&str, &str)]) -> Self {
        self.body = with_texts(self.body, texts);
        self
    }

    fn about(self, referral: &str) -> Self {
        Self { issue: Some(referral.to_owned()), ..self }
    }

    fn holding(mut self, child: Element) -> Self {
        self.body = self.body.with_child(child);
        self
    }

    /// `paivitaLahete`: an official takes a step.
    ///
    /// # Errors
    /// When the register has no word for something in it.
    pub fn step(
        id: Uuid,
        official: &Official,
        referral: &str,
        action: &Action,
        (reason, outcome): (Option<RejectionReason>, Option<Outcome>),
        note: &str,
    ) -> Result<Self> {
        let reason = reason.map(|reason| code(REASONS, &reason)).transpose()?;
        let outcome = outcome.map(|outcome| code(OUTCOMES, &outcome)).transpose()?;
        Ok(Self::opened("paivitaLahete", id, official).about(referral).with(&[
            ("laheteTunnus", referral),
            ("toiminto", step_code(action)),
            ("hylkaysSyy", reason.unwrap_or_default()),
            ("lopputulos", outcome.unwrap_or_default()),
            ("saate", note),
        ]))
    }

    /// `paivitaLahete` with `ANNA_LISATIETO`: the answer to a question about a referral that the register has sent.
    #[must_use]
    pub fn information(id: Uuid, official: &Official, referral: &str, answer: &ReferralContent) -> Self {
        let frame = [("laheteTunnus", referral), ("toiminto", "ANNA_LISATIETO")];
        Self::opened("paivitaLahete", id, official).about(referral).with(&frame).holding(customer(answer, ""))
    }

    /// `lahetaLahete`: a referral about the person with this identity code, to `agency` or `agency/unit`.
    ///
    /// # Errors
    /// When the register has no word for something in it.
    pub fn referral(
        id: Uuid,
        official: &Official,
        (identity_code, recipient, purpose): (&str, &str, Purpose),
        content: &ReferralContent,
        respond_by: Option<Timestamp>,
        claim: Option<&LegalClaim>,
    ) -> Result<Self> {
        let (agency, unit) = recipient.split_once('/').unwrap_or((recipient, ""));
        let until = respond_by.map(|instant| instant.to_string()).unwrap_or_default();
        let frame = [
            ("vastaanottaja", agency),
            ("kohdeyksikko", unit),
            ("kayttotarkoitus", code(PURPOSES, &purpose)?),
            ("vastattavaViimeistaan", &until),
        ];
        let mut told = Self::opened("lahetaLahete", id, official).with(&frame);
        if let Some(claim) = claim {
            let stated = [
                ("saannos", code(GROUNDS, &claim.ground())?),
                ("selvitys", &claim.statement),
                ("suostumuksenKysyminen", code(ASKED, &claim.consent_asked())?),
            ];
            told = told.holding(with_texts(element("lakiperuste"), &stated));
        }
        Ok(told.holding(customer(content, identity_code)))
    }

    /// The referral, with `tietojaPuuttuu`.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        let children = &mut self.body.children;
        let is_after = |child: &Element| ["lakiperuste", "asiakastiedot"].contains(&child.name.as_str());
        let place = children.iter().position(is_after).unwrap_or(children.len());
        children.insert(place, element("tietojaPuuttuu").with_text("true"));
        self
    }

    /// `lahetaSuunnitelma`: a new version of the joint employment plan of the person with this identity code.
    ///
    /// # Errors
    /// When the register has no word for something in it.
    pub fn plan(id: Uuid, official: &Official, identity_code: &str, part: &PlanPart) -> Result<Self> {
        Ok(Self::opened("lahetaSuunnitelma", id, official)
            .with(&[missing(part)])
            .holding(plan(part, identity_code)?))
    }

    pub(crate) fn headers(&self, client: &Member, provider: &Member) -> Vec<Element> {
        let text = |name: &str, value: &str| Element::new(XROAD, name).with_text(value);
        let mut headers = vec![
            client_header(client),
            service_header(provider, &self.body.name),
            text("userId", &format!("FI{}", self.official.id)),
        ];
        headers.extend(self.issue.as_deref().map(|issue| text("issue", issue)));
        headers.push(text("id", &Uuid::now_v7().to_string()));
        headers.push(text("protocolVersion", "4.0"));
        headers
    }

    pub(crate) fn body(&self) -> &Element {
        &self.body
    }
}

fn step_code(action: &Action) -> &str {
    match action {
        Action::Accept => "OTA_VASTAAN",
        Action::Reject => "HYLKAA",
        Action::AskForInformation => "PYYDA_LISATIETO",
        Action::Start => "KAYNNISTA",
        Action::Interrupt => "TAUOTA",
        Action::Complete => "PAATA",
        Action::Fail => "PAATA_TULOKSETTA",
        Action::Cancel => "PERU",
        Action::ConfirmCancellation => "VAHVISTA_PERUMINEN",
        Action::Code(code) => code,
    }
}

/// The gateway's answer, by its outermost form.
#[derive(Clone)]
pub enum Answered {
    /// The service's response: its elements in their order, with their values.
    Response(Vec<(String, String)>),
    /// A fault with this code: the gateway's reason in the body, or one of the machinery.
    Fault(String),
    /// An HTTP error without SOAP.
    HttpError(StatusCode),
}

impl fmt::Debug for Answered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(_) => formatter.write_str("Response(redacted)"),
            Self::Fault(code) => write!(formatter, "Fault({code})"),
            Self::HttpError(status) => write!(formatter, "HttpError({status})"),
        }
    }
}

impl Answered {
    /// Reads the answer to a message with these headers, to this service.
    ///
    /// # Errors
    /// When it breaks the protocol: headers not echoed in order and value, a request hash set by the service, another
    /// wrapper, elements among which there are others.
    pub(crate) fn read(sent: &[Element], service: &str, reply: &RawReply) -> Result<Self> {
        let status = reply.status;
        let Ok(envelope) = Envelope::open(&reply.body) else {
            ensure!(!status.is_success(), "the answer under {status} is no SOAP message");
            return Ok(Self::HttpError(status));
        };
        if envelope.body.is(SOAP, "Fault") {
            let code = envelope.body.child_text("faultcode").context("a SOAP fault without code")?;
            return Ok(Self::Fault(code.to_owned()));
        }
        ensure!(status == StatusCode::OK, "an answer in the body belongs under 200, not {status}");
        let value = reply.headers.get(http::header::CONTENT_TYPE).context("no content type")?.to_str()?;
        ensure!(value.to_ascii_lowercase().starts_with("text/xml"), "content type {value}");
        check_echo(sent, &envelope.headers)?;
        let wrapper = envelope.body;
        ensure!(wrapper.is(CONTENTS, &format!("{service}Response")), "wrong wrapper {}", wrapper.name);
        // The message protocol shows the elements of a fault without saying whether they are qualified.
        if let Some(fault) = wrapper.child("fault") {
            let code = fault.child_text("faultCode").context("a fault without faultCode")?;
            return Ok(Self::Fault(code.to_owned()));
        }
        let plain = |child: &Element| child.namespace == CONTENTS && child.children.is_empty();
        ensure!(wrapper.children.iter().all(plain), "elements that are not in the document");
        let values = wrapper.children.into_iter().map(|child| (child.name, child.text));
        Ok(Self::Response(values.collect()))
    }
}

/// All headers of the request, same order, same values, and none that only a security server may set.
fn check_echo(sent: &[Element], answered: &[Element]) -> Result<()> {
    if answered.iter().any(|header| header.is(XROAD, "requestHash")) {
        bail!("a service must not set requestHash");
    }
    ensure!(sent.len() == answered.len(), "{} headers for {}", answered.len(), sent.len());
    for (one, another) in sent.iter().zip(answered) {
        ensure!(one.same_as(another), "header {} is answered with another {}", one.name, another.name);
    }
    Ok(())
}
