//! Which header fields does a message have?

use std::fmt;

use polku_proto::identity::has_hetu;

use super::{IDENTIFIERS, PROTOCOL_VERSION, REPRESENTATION, SoapError, XROAD};
use crate::transport::xml::Element;
use crate::transport::xroad::id::{
    ClientId, IdentifierError, RepresentedParty, SecurityServerId, ServiceId, part as identifier_part,
};

/// X-Road accepts every version that begins so.
const VERSION_PREFIX: &str = "4.";

/// The header fields of a message. Values are kept as written: X-Road compares them so.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    /// The subsystem or member that asks.
    pub client: ClientId,
    /// The service that is asked.
    pub service: ServiceId,
    /// The security server that shall answer, where a client chooses one.
    pub security_server: Option<SecurityServerId>,
    /// The message's own id. X-Road does not de-duplicate on it.
    pub id: String,
    /// The person on whose behalf the message is sent, with a country prefix.
    pub user_id: Option<String>,
    /// The party for whom the client acts.
    pub represented_party: Option<RepresentedParty>,
    /// The case or document that gave rise to the message.
    pub issue: Option<String>,
    /// The version of the protocol, `4.0`.
    pub protocol_version: String,
    /// The hash of the request, set by the provider's security server in an answer.
    pub request_hash: Option<RequestHash>,
}

/// The hash of the request that an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHash {
    /// The algorithm's URI.
    pub algorithm: Option<String>,
    /// The hash in base64.
    pub value: String,
}

impl Headers {
    /// Makes the headers of a request; the optional ones are empty.
    #[must_use]
    pub fn new(client: ClientId, service: ServiceId, id: impl Into<String>) -> Self {
        Self {
            client,
            service,
            security_server: None,
            id: id.into(),
            user_id: None,
            represented_party: None,
            issue: None,
            protocol_version: PROTOCOL_VERSION.to_owned(),
            request_hash: None,
        }
    }

    /// Returns the first field that an answer has other than its request, of those a security server compares.
    pub(super) fn first_difference(&self, request: &Self) -> Option<&'static str> {
        let fields = [
            ("client", self.client == request.client),
            ("service", self.service == request.service),
            ("userId", self.user_id == request.user_id),
            ("representedParty", self.represented_party == request.represented_party),
            ("issue", self.issue == request.issue),
            ("id", self.id == request.id),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut headers = formatter.debug_struct("Headers");
        headers.field("client", &self.client).field("service", &self.service).field("id", &self.id);
        headers.finish_non_exhaustive()
    }
}

/// The header fields read so far.
#[derive(Default)]
pub(super) struct Draft {
    client: Option<ClientId>,
    service: Option<ServiceId>,
    security_server: Option<SecurityServerId>,
    id: Option<String>,
    user_id: Option<String>,
    represented_party: Option<RepresentedParty>,
    issue: Option<String>,
    protocol_version: Option<String>,
    request_hash: Option<RequestHash>,
}

impl Draft {
    /// Takes in one child of the header. Elements of other names and namespaces are not X-Road's business.
    pub(super) fn read(&mut self, element: &Element) -> Result<(), SoapError> {
        if element.is(REPRESENTATION, "representedParty") {
            return fill(&mut self.represented_party, "representedParty", || represented_party(element));
        }
        if element.namespace() != XROAD {
            return Ok(());
        }
        match element.name() {
            "client" => fill(&mut self.client, "client", || client(element)),
            "service" => fill(&mut self.service, "service", || service(element)),
            "securityServer" => {
                fill(&mut self.security_server, "securityServer", || security_server(element))
            }
            "id" => fill(&mut self.id, "id", || impersonal(element, "id")),
            "userId" => fill(&mut self.user_id, "userId", || impersonal(element, "userId")),
            "issue" => fill(&mut self.issue, "issue", || impersonal(element, "issue")),
            "protocolVersion" => fill(&mut self.protocol_version, "protocolVersion", || version(element)),
            "requestHash" => fill(&mut self.request_hash, "requestHash", || {
                let algorithm = element.attribute("", "algorithmId").map(str::to_owned);
                Ok(RequestHash { algorithm, value: text(element, "requestHash")? })
            }),
            _ => Ok(()),
        }
    }

    /// Requires the mandatory fields, in the order in which X-Road looks for them.
    pub(super) fn finish(self) -> Result<Headers, SoapError> {
        let protocol_version =
            self.protocol_version.ok_or(SoapError::MissingField { field: "protocolVersion" })?;
        let client = self.client.ok_or(SoapError::MissingField { field: "client" })?;
        let id = self.id.ok_or(SoapError::MissingField { field: "id" })?;
        let service = self.service.ok_or(SoapError::MissingField { field: "service" })?;
        Ok(Headers {
            client,
            service,
            security_server: self.security_server,
            id,
            user_id: self.user_id,
            represented_party: self.represented_party,
            issue: self.issue,
            protocol_version,
            request_hash: self.request_hash,
        })
    }
}

fn fill<T>(
    slot: &mut Option<T>,
    field: &'static str,
    read: impl FnOnce() -> Result<T, SoapError>,
) -> Result<(), SoapError> {
    if slot.is_some() {
        return Err(SoapError::RepeatedField { field });
    }
    *slot = Some(read()?);
    Ok(())
}

fn text(element: &Element, field: &'static str) -> Result<String, SoapError> {
    if !element.children().is_empty() {
        return Err(SoapError::NotText { field });
    }
    Ok(element.text().to_owned())
}

/// The text of a field that names nobody.
fn impersonal(element: &Element, field: &'static str) -> Result<String, SoapError> {
    let value = text(element, field)?;
    if has_hetu(&value) { Err(SoapError::Personal { field }) } else { Ok(value) }
}

fn version(element: &Element) -> Result<String, SoapError> {
    let version = text(element, "protocolVersion")?;
    if !version.starts_with(VERSION_PREFIX) {
        return Err(SoapError::ProtocolVersion);
    }
    Ok(version)
}

fn client(element: &Element) -> Result<ClientId, SoapError> {
    let field = "client";
    require_object_type(element, field, &["MEMBER", "SUBSYSTEM"], "MEMBER or SUBSYSTEM")?;
    let parts = ["xRoadInstance", "memberClass", "memberCode", "subsystemCode"];
    let [instance, class, code, subsystem] = read_parts(element, IDENTIFIERS, field, parts)?;
    member(field, instance, class, code, subsystem)
}

fn service(element: &Element) -> Result<ServiceId, SoapError> {
    let field = "service";
    require_object_type(element, field, &["SERVICE"], "SERVICE")?;
    let parts =
        ["xRoadInstance", "memberClass", "memberCode", "subsystemCode", "serviceCode", "serviceVersion"];
    let [instance, class, code, subsystem, service, service_version] =
        read_parts(element, IDENTIFIERS, field, parts)?;
    let provider = member(field, instance, class, code, subsystem)?;
    // X-Road does not mind an empty one.
    let service_version = match service_version {
        Some(version) if !version.trim().is_empty() => Some(filled(field, "serviceVersion", Some(version))?),
        other => other,
    };
    Ok(ServiceId { provider, service_code: filled(field, "serviceCode", service)?, service_version })
}

fn security_server(element: &Element) -> Result<SecurityServerId, SoapError> {
    let field = "securityServer";
    require_object_type(element, field, &["SERVER"], "SERVER")?;
    let parts = ["xRoadInstance", "memberClass", "memberCode", "serverCode"];
    let [instance, class, code, server] = read_parts(element, IDENTIFIERS, field, parts)?;
    let owner = member(field, instance, class, code, None)?;
    Ok(SecurityServerId { owner, server_code: filled(field, "serverCode", server)? })
}

/// X-Road requires neither part of the party, other than its schema does.
fn represented_party(element: &Element) -> Result<RepresentedParty, SoapError> {
    let parts = ["partyClass", "partyCode"];
    let [class, code] = read_parts(element, REPRESENTATION, "representedParty", parts)?;
    if class.iter().chain(&code).any(|part| has_hetu(part)) {
        return Err(SoapError::Personal { field: "representedParty" });
    }
    Ok(RepresentedParty { class, code: code.unwrap_or_default() })
}

fn member(
    field: &'static str,
    instance: Option<String>,
    class: Option<String>,
    code: Option<String>,
    subsystem: Option<String>,
) -> Result<ClientId, SoapError> {
    Ok(ClientId {
        instance: filled(field, "xRoadInstance", instance)?,
        member_class: filled(field, "memberClass", class)?,
        member_code: filled(field, "memberCode", code)?,
        subsystem_code: subsystem.map(|code| filled(field, "subsystemCode", Some(code))).transpose()?,
    })
}

fn filled(field: &'static str, part: &'static str, value: Option<String>) -> Result<String, SoapError> {
    let value = value.unwrap_or_default();
    identifier_part(part, &value).map_err(|error| match error {
        IdentifierError::Character { .. } => SoapError::PartCharacter { field, part },
        IdentifierError::Empty { .. } | IdentifierError::Parts { .. } => SoapError::BlankPart { field, part },
    })
}

/// Reads the named parts, in any order; elements of other names are passed over, as X-Road does.
fn read_parts<const N: usize>(
    element: &Element,
    namespace: &str,
    field: &'static str,
    parts: [&'static str; N],
) -> Result<[Option<String>; N], SoapError> {
    let mut values = [const { None }; N];
    for (part, value) in parts.into_iter().zip(&mut values) {
        for child in element.children().iter().filter(|child| child.is(namespace, part)) {
            if value.is_some() {
                return Err(SoapError::RepeatedPart { field, part });
            }
            *value = Some(text(child, part)?);
        }
    }
    Ok(values)
}

fn require_object_type(
    element: &Element,
    field: &'static str,
    accepted: &[&str],
    expected: &'static str,
) -> Result<(), SoapError> {
    match element.attribute(IDENTIFIERS, "objectType") {
        Some(found) if accepted.contains(&found) => Ok(()),
        Some(_) | None => Err(SoapError::ObjectType { field, expected }),
    }
}
