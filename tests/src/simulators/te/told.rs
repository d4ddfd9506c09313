//! Which messages of its own does the office send, and how is the gateway's answer read?

use anyhow::{Context, Result, bail, ensure};
use http::StatusCode;
use polku_proto::v1::{PlanPart, Purpose, ReferralContent};
use uuid::Uuid;

use crate::simulators::client::RawReply;
use crate::simulators::official::Official;
use crate::simulators::te::TeSettings;
use crate::simulators::te::words::{CONTENTS, element, purpose, with_content, with_plan, with_texts};
use crate::simulators::xml::Element;
use crate::simulators::xroad_soap::{
    self, Envelope, SOAP, XROAD, client_header, party_header, service_header,
};

/// `ilmoitusperuste` of a referral.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// `peruste`, a code of the office's document.
    pub ground: &'a str,
    /// `selostus`.
    pub statement: &'a str,
    /// `suostumusta`, a code of the office's document.
    pub consent_asked: &'a str,
}

/// A message that is ready to be sent: the service, who speaks, and the body.
#[derive(Clone)]
pub struct Told {
    service: &'static str,
    official: Official,
    issue: Option<String>,
    body: Element,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Told").field("service", &self.service).finish_non_exhaustive()
    }
}

/// The body of a message of this official.
pub(crate) fn opened(service: &str, id: Uuid, official: &Official) -> Element {
    let speaker =
        element("kasittelija").with_field("tunnus", &official.id).with_field("yksikko", &official.unit);
    element(service).with_field("sanomaTunnus", &id.to_string()).with_child(speaker)
}

impl Told {
    /// `lahetaLahete`: a referral about the person with this identity code, to `agency` or `agency/unit`.
    #[must_use]
    pub fn referral(
        id: Uuid,
        official: &Official,
        identity_code: &str,
        recipient: &str,
        why: Purpose,
        content: &ReferralContent,
    ) -> Self {
        Self::referral_until(id, official, (identity_code, recipient, why), content, "", None)
    }

    /// The same, with `vastausViimeistaan`, a dateTime, and a ground in law.
    #[must_use]
    pub fn referral_until(
        id: Uuid,
        official: &Official,
        (identity_code, recipient, why): (&str, &str, Purpose),
        content: &ReferralContent,
        respond_by: &str,
        ground: Option<Ground<'_>>,
    ) -> Self {
        let service = "lahetaLahete";
        let (agency, unit) = recipient.split_once('/').unwrap_or((recipient, ""));
        let mut body = with_texts(
            opened(service, id, official),
            &[
                ("vastaanottaja", agency),
                ("vastaanottavaYksikko", unit),
                ("kayttotarkoitus", purpose(why)),
                ("vastausViimeistaan", respond_by),
            ],
        );
        if let Some(Ground { ground, statement, consent_asked }) = ground {
            let parts = [("peruste", ground), ("selostus", statement), ("suostumusta", consent_asked)];
            body = body.with_child(with_texts(element("ilmoitusperuste"), &parts));
        }
        let body = with_content(body, content, identity_code);
        Self { service, official: official.clone(), issue: None, body }
    }

    /// The referral, with `tietojaKarsittu`.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        let children = &mut self.body.children;
        let is_after = |child: &Element| ["ilmoitusperuste", "asiakas"].contains(&child.name.as_str());
        let place = children.iter().position(is_after).unwrap_or(children.len());
        children.insert(place, element("tietojaKarsittu").with_text("true"));
        self
    }

    /// `lahetaSuunnitelma`: the office's own plan for the person with this identity code.
    ///
    /// # Errors
    /// When the office has no word for something in it.
    pub fn plan(id: Uuid, official: &Official, identity_code: &str, part: &PlanPart) -> Result<Self> {
        let service = "lahetaSuunnitelma";
        let body = with_plan(opened(service, id, official), part, identity_code)?;
        Ok(Self { service, official: official.clone(), issue: None, body })
    }

    /// `paivitaLahete` with `ANNA_LISATIEDOT`: the answer to a question about a referral of the office's own.
    #[must_use]
    pub fn information(id: Uuid, official: &Official, referral: &str, answer: &ReferralContent) -> Self {
        let service = "paivitaLahete";
        let mut body = opened(service, id, official).with_field("toimenpide", "ANNA_LISATIEDOT");
        body.children.insert(1, element("laheteTunnus").with_text(referral));
        let body = body.with_child(with_content(element("lisatiedot"), answer, ""));
        Self { service, official: official.clone(), issue: Some(referral.to_owned()), body }
    }

    /// Puts it in an envelope of this office.
    #[must_use]
    pub fn letter(&self, settings: &TeSettings) -> Letter {
        let headers = headers(settings, self.service, &self.official, self.issue.as_deref());
        let bytes = xroad_soap::write(&headers, &self.body).into_bytes();
        Letter { service: self.service, headers, bytes }
    }
}

/// A message in its envelope.
#[derive(Clone)]
pub struct Letter {
    service: &'static str,
    headers: Vec<Element>,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Letter").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Letter {
    /// The SOAP message.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the gateway's answer.
    ///
    /// # Errors
    /// When it breaks the protocol: headers not echoed in order and value, a request hash set by the service, another
    /// wrapper.
    pub fn answered(&self, reply: &RawReply) -> Result<Answered> {
        Answered::read(&self.headers, self.service, reply)
    }
}

/// The headers of a message that the office sends.
pub(crate) fn headers(
    settings: &TeSettings,
    service: &str,
    official: &Official,
    issue: Option<&str>,
) -> Vec<Element> {
    let text = |name: &str, value: &str| Element::new(XROAD, name).with_text(value);
    // The office calls: its subsystem is the client, and the gateway's the provider.
    let mut headers = vec![
        client_header(&settings.provider),
        service_header(&settings.gateway, service),
        text("userId", &format!("FI{}", official.id)),
        party_header(&settings.municipality),
    ];
    headers.extend(issue.map(|issue| text("issue", issue)));
    headers.push(text("id", &Uuid::now_v7().to_string()));
    headers.push(text("protocolVersion", "4.0"));
    headers
}

/// The gateway's answer, by its outermost form.
#[derive(Clone)]
pub enum Answered {
    /// The service's response.
    Response(Response),
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

impl std::fmt::Debug for Answered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Response(_) => formatter.write_str("Response(redacted)"),
            Self::Refused { code, .. } => write!(formatter, "Refused({code})"),
            Self::TechnicalFault { code, .. } => write!(formatter, "TechnicalFault({code})"),
            Self::HttpError { status } => write!(formatter, "HttpError({status})"),
        }
    }
}

/// The elements of a response.
#[derive(Clone)]
pub struct Response(Element);

impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Response(redacted)")
    }
}

impl Response {
    /// The values of exactly these elements, in this order.
    ///
    /// # Errors
    /// When there are others.
    pub fn values<const N: usize>(&self, expected: [&str; N]) -> Result<[String; N]> {
        let names: Vec<&str> = self.0.children.iter().map(|child| child.name.as_str()).collect();
        ensure!(names == expected, "wrong elements {names:?}");
        ensure!(self.0.children.iter().all(|child| child.namespace == CONTENTS), "unqualified elements");
        Ok(expected.map(|name| self.0.child_text(name).unwrap_or_default().to_owned()))
    }
}

impl Answered {
    /// Reads the answer to a message with these headers, to this service.
    ///
    /// # Errors
    /// When it breaks the protocol: headers not echoed in order and value, a request hash set by the service, another
    /// wrapper.
    pub(crate) fn read(sent: &[Element], service: &str, reply: &RawReply) -> Result<Self> {
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
        let wrapper = envelope.body;
        ensure!(wrapper.is(CONTENTS, &format!("{service}Response")), "wrong wrapper {}", wrapper.name);
        // The message protocol shows the elements of a fault without saying whether they are qualified.
        if let Some(fault) = wrapper.child("fault") {
            let code = fault.child_text("faultCode").context("a fault without faultCode")?.to_owned();
            let text = fault.child_text("faultString").context("a fault without faultString")?.to_owned();
            return Ok(Self::Refused { code, text });
        }
        Ok(Self::Response(Response(wrapper)))
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
