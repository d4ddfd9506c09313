//! How does a security server read, check and write the envelope of the X-Road message protocol 4.0?

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

use crate::simulators::client::RawReply;
use crate::simulators::xml::{self, Attribute, Element, XmlError};
use crate::simulators::xroad::{Beside, Dialect, Member, Party, holds_identity_code};

/// Namespace of SOAP 1.1.
pub(crate) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Namespace of the X-Road headers.
pub(crate) const XROAD: &str = "http://x-road.eu/xsd/xroad.xsd";
/// Namespace of the X-Road identifiers.
pub(crate) const IDENTIFIERS: &str = "http://x-road.eu/xsd/identifiers";
/// Namespace of the party that a caller represents.
pub(crate) const REPRESENTATION: &str = "http://x-road.eu/xsd/representation.xsd";
const HASH_ALGORITHM: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

/// Why a security server does not pass a message on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    ContentType,
    SoapAction,
    Xml,
    Soap,
    Body,
    MissingHeader,
    DuplicateHeader,
    HeaderField,
    ProtocolVersion,
    ClientIdentifier,
    ServiceIdentifier,
    AccessDenied,
    UnknownService,
}

impl Refusal {
    pub(crate) fn code(self, dialect: Dialect) -> &'static str {
        let (camel, snake) = match self {
            Self::ContentType => ("Client.InvalidContentType", "client.invalid_content_type"),
            Self::SoapAction => ("Client.InvalidSoapAction", "client.invalid_soap_action"),
            Self::Xml => ("Client.InvalidXml", "client.invalid_xml"),
            Self::Soap => ("Client.InvalidSoap", "client.invalid_soap"),
            Self::Body => ("Client.InvalidBody", "client.invalid_body"),
            Self::MissingHeader => ("Client.MissingHeaderField", "client.missing_header_field"),
            Self::DuplicateHeader => ("Client.DuplicateHeaderField", "client.duplicate_header_field"),
            Self::HeaderField => ("Client.InvalidHeaderField", "client.invalid_header_field"),
            Self::ProtocolVersion => ("Client.InvalidProtocolVersion", "client.invalid_protocol_version"),
            Self::ClientIdentifier => ("Client.InvalidClientIdentifier", "client.invalid_client_identifier"),
            Self::ServiceIdentifier => {
                ("Client.InvalidServiceIdentifier", "client.invalid_service_identifier")
            }
            Self::AccessDenied => ("Server.ServerProxy.AccessDenied", "server.serverproxy.access_denied"),
            Self::UnknownService => {
                ("Server.ServerProxy.UnknownService", "server.serverproxy.unknown_service")
            }
        };
        match dialect {
            Dialect::Camel => camel,
            Dialect::Snake => snake,
        }
    }
}

/// An opened message.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) headers: Vec<Element>,
    pub(crate) body: Element,
}

impl Envelope {
    /// Opens an envelope without judging its headers.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, Refusal> {
        let root = xml::parse(bytes).map_err(|error| match error {
            XmlError::Doctype | XmlError::Malformed => Refusal::Xml,
        })?;
        if !root.is(SOAP, "Envelope") || !root.text.trim().is_empty() {
            return Err(Refusal::Soap);
        }
        let mut parts = root.children.into_iter();
        let (header, body) = match (parts.next(), parts.next(), parts.next()) {
            (Some(header), Some(body), None) => (header, body),
            (Some(body), None, None) => (Element::new(SOAP, "Header"), body),
            _ => return Err(Refusal::Soap),
        };
        if !header.is(SOAP, "Header") || !body.is(SOAP, "Body") {
            return Err(Refusal::Soap);
        }
        let mut contents = body.children.into_iter();
        match (contents.next(), contents.next()) {
            (Some(body), None) => Ok(Self { headers: header.children, body }),
            _ => Err(Refusal::Body),
        }
    }

    /// Opens a request, strictly, and answers it with its service code.
    pub(crate) fn open_request(bytes: &[u8], client: &Member, provider: &Member) -> Result<Self, Refusal> {
        let envelope = Self::open(bytes)?;
        for name in ["client", "service", "id", "userId", "issue", "protocolVersion", "requestHash"] {
            let count = envelope.headers.iter().filter(|header| header.is(XROAD, name)).count();
            let needed = matches!(name, "client" | "service" | "id" | "protocolVersion");
            match count {
                0 if needed => return Err(Refusal::MissingHeader),
                0 => {}
                // The hash belongs to answers.
                1 if name != "requestHash" => {}
                1 => return Err(Refusal::Soap),
                _ => return Err(Refusal::DuplicateHeader),
            }
        }
        if envelope.header_text("protocolVersion") != Some("4.0") {
            return Err(Refusal::ProtocolVersion);
        }
        for name in ["id", "issue", "userId"] {
            if envelope.header_text(name).is_some_and(str::is_empty) {
                return Err(Refusal::MissingHeader);
            }
        }
        if !envelope.header_text("userId").is_none_or(is_user) {
            return Err(Refusal::Soap);
        }
        let parties = envelope.headers.iter().filter(|header| header.is(REPRESENTATION, "representedParty"));
        match parties.clone().count() {
            0 => {}
            1 if parties.clone().all(|party| read_party(party).is_some()) => {}
            1 => return Err(Refusal::HeaderField),
            _ => return Err(Refusal::DuplicateHeader),
        }
        if envelope.headers.iter().any(names_a_person) {
            return Err(Refusal::HeaderField);
        }
        envelope.check_client(client)?;
        envelope.check_service(provider)?;
        Ok(envelope)
    }

    /// For whom the caller acts, who speaks, and what it is about.
    pub(crate) fn beside(&self) -> Beside {
        let party = self.headers.iter().find(|header| header.is(REPRESENTATION, "representedParty"));
        let text = |name: &str| self.header_text(name).map(str::to_owned);
        Beside { party: party.and_then(read_party), user_id: text("userId"), issue: text("issue") }
    }

    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        self.header(name).map(|header| header.text.trim())
    }

    fn header(&self, name: &str) -> Option<&Element> {
        self.headers.iter().find(|header| header.is(XROAD, name))
    }

    fn check_client(&self, client: &Member) -> Result<(), Refusal> {
        let header = self.header("client").ok_or(Refusal::MissingHeader)?;
        let parts = identifier(header, "SUBSYSTEM").ok_or(Refusal::ClientIdentifier)?;
        let expected: Vec<(&str, &str)> = client.parts().to_vec();
        let names_fit = parts.iter().map(|(name, _)| *name).eq(expected.iter().map(|(name, _)| *name));
        match (names_fit, parts == expected) {
            (false, _) => Err(Refusal::ClientIdentifier),
            (true, false) => Err(Refusal::AccessDenied),
            (true, true) => Ok(()),
        }
    }

    fn check_service(&self, provider: &Member) -> Result<(), Refusal> {
        let header = self.header("service").ok_or(Refusal::MissingHeader)?;
        let parts = identifier(header, "SERVICE").ok_or(Refusal::ServiceIdentifier)?;
        let mut expected: Vec<(&str, &str)> = provider.parts().to_vec();
        expected.push(("serviceCode", &self.body.name));
        expected.push(("serviceVersion", "v1"));
        let code = parts.iter().find(|(name, _)| *name == "serviceCode").map(|(_, value)| *value);
        if code.is_none() {
            return Err(Refusal::ServiceIdentifier);
        }
        if code != Some(self.body.name.as_str()) {
            return Err(Refusal::Body);
        }
        if parts == expected { Ok(()) } else { Err(Refusal::UnknownService) }
    }
}

/// The header that names the calling subsystem.
pub(crate) fn client_header(member: &Member) -> Element {
    identified("client", "SUBSYSTEM", &member.parts())
}

/// The header that names the called service, version `v1`.
pub(crate) fn service_header(member: &Member, code: &str) -> Element {
    let mut parts = member.parts().to_vec();
    parts.extend([("serviceCode", code), ("serviceVersion", "v1")]);
    identified("service", "SERVICE", &parts)
}

/// The header that names the party for whom the caller acts.
pub(crate) fn party_header(party: &Party) -> Element {
    let part = |name: &str, value: &str| Element::new(REPRESENTATION, name).with_text(value);
    let mut header = Element::new(REPRESENTATION, "representedParty");
    if let Some(class) = &party.class {
        header = header.with_child(part("partyClass", class));
    }
    header.with_child(part("partyCode", &party.code))
}

/// The header with the hash of these request bytes, as a security server makes it.
pub(crate) fn hash_header(request: &[u8]) -> Element {
    let digest = ring::digest::digest(&ring::digest::SHA512, request);
    let mut header = Element::new(XROAD, "requestHash").with_text(&STANDARD.encode(digest));
    header.attributes.push(Attribute {
        namespace: String::new(),
        name: "algorithmId".to_owned(),
        value: HASH_ALGORITHM.to_owned(),
    });
    header
}

/// A whole message.
pub(crate) fn write(headers: &[Element], body: &Element) -> String {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><env:Envelope xmlns:env=\"{SOAP}\">");
    out.push_str("<env:Header>");
    for header in headers {
        header.write(&mut out);
    }
    out.push_str("</env:Header><env:Body>");
    body.write(&mut out);
    out.push_str("</env:Body></env:Envelope>");
    out
}

/// A fault of the machinery. It carries no X-Road headers.
pub(crate) fn write_technical_fault(code: &str, detail: &str) -> String {
    let code = quick_xml::escape::escape(code);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"{SOAP}\">\
         <SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>{code}</faultcode>\
         <faultstring>Message refused at 192.0.2.17</faultstring><faultactor></faultactor>\
         <detail><xroad:faultDetail xmlns:xroad=\"{XROAD}\">{detail}</xroad:faultDetail></detail>\
         </SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
}

/// What a security server makes of the answer of the service behind it: of its headers two are passed on, and only
/// statuses that SOAP has.
pub(crate) fn pass_on(reply: RawReply) -> RawReply {
    let RawReply { mut status, headers, mut body } = reply;
    if status != StatusCode::OK && status != StatusCode::INTERNAL_SERVER_ERROR {
        status = StatusCode::INTERNAL_SERVER_ERROR;
        let detail = uuid::Uuid::nil().to_string();
        body = write_technical_fault("server.serverproxy.service_failed.http_error", &detail).into();
    }
    let kept = ["content-type", "soapaction"];
    let headers = headers.iter().filter(|(name, _)| kept.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
    RawReply { status, headers, body }
}

fn identified(name: &str, object_type: &str, parts: &[(&str, &str)]) -> Element {
    let mut header = Element::new(XROAD, name);
    header.attributes.push(Attribute {
        namespace: IDENTIFIERS.to_owned(),
        name: "objectType".to_owned(),
        value: object_type.to_owned(),
    });
    for (part, value) in parts {
        header = header.with_child(Element::new(IDENTIFIERS, part).with_text(value));
    }
    header
}

/// The parts of an identifier of this type, in order.
fn identifier<'a>(header: &'a Element, object_type: &str) -> Option<Vec<(&'a str, &'a str)>> {
    let typed = header.attributes.iter().any(|attribute| {
        attribute.namespace == IDENTIFIERS && attribute.name == "objectType" && attribute.value == object_type
    });
    let proper = |part: &Element| {
        part.namespace == IDENTIFIERS && !part.text.trim().is_empty() && part.text.trim().chars().all(allowed)
    };
    if !typed || !header.children.iter().all(proper) {
        return None;
    }
    Some(header.children.iter().map(|part| (part.name.as_str(), part.text.trim())).collect())
}

fn allowed(character: char) -> bool {
    !character.is_control() && !"/\\;:%".contains(character)
}

/// A country and an id, which is none of X-Road's identifiers.
fn is_user(user: &str) -> bool {
    let country = user.chars().take(2).all(|character| character.is_ascii_uppercase());
    user.len() > 2 && country && user.chars().all(|character| character.is_ascii_graphic())
}

/// `partyClass` ?, `partyCode`.
fn read_party(header: &Element) -> Option<Party> {
    let parts: Vec<(&str, &str)> =
        header.children.iter().map(|part| (part.name.as_str(), part.text.trim())).collect();
    let proper = |part: &Element| part.namespace == REPRESENTATION && !part.text.trim().is_empty();
    let (class, code) = match parts.as_slice() {
        [("partyCode", code)] => (None, *code),
        [("partyClass", class), ("partyCode", code)] => (Some((*class).to_owned()), *code),
        _ => return None,
    };
    header.children.iter().all(proper).then(|| Party { class, code: code.to_owned() })
}

fn names_a_person(header: &Element) -> bool {
    holds_identity_code(header.text.trim()) || header.children.iter().any(names_a_person)
}
