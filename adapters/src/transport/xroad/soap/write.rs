//! How is a message written?

use thiserror::Error;
use uuid::Uuid;

use super::header::Headers;
use super::parse::{Header, is_request_hash};
use super::{ENVELOPE, IDENTIFIERS, REPRESENTATION, XROAD};
use crate::transport::xml::{XmlWriteError, XmlWriter};
use crate::transport::xroad::id::{ClientId, SecurityServerId, ServiceId};

/// A message could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SoapWriteError {
    /// A value cannot be written in XML, or the body is not balanced.
    #[error("the message cannot be written as xml")]
    Xml(#[from] XmlWriteError),
}

/// Writes a request. The body's element is named after the service, has the given namespace and the prefix
/// `tns` for it, and is filled by the caller.
///
/// # Errors
/// A value cannot be written.
pub fn write_request(
    headers: &Headers,
    namespace: &str,
    fill: impl FnOnce(&mut XmlWriter),
) -> Result<Vec<u8>, SoapWriteError> {
    let mut writer = start_envelope();
    write_headers(&mut writer, headers);
    write_body(&mut writer, headers.service.service_code(), namespace, fill);
    finish(writer)
}

/// Writes the answer to a request: every element of the request's header, in its order, and a body's element
/// named after the service with `Response` after it.
///
/// # Errors
/// A value cannot be written.
pub fn write_answer(
    request: &Header,
    namespace: &str,
    fill: impl FnOnce(&mut XmlWriter),
) -> Result<Vec<u8>, SoapWriteError> {
    let mut writer = start_envelope();
    writer.start("SOAP-ENV:Header", &[]);
    // The provider's security server sets the hash itself.
    for element in request.elements().iter().filter(|element| !is_request_hash(element)) {
        writer.tree(element);
    }
    writer.end();
    let name = format!("{}Response", request.fields().service.service_code());
    write_body(&mut writer, &name, namespace, fill);
    finish(writer)
}

/// Writes an answer, to be sent with HTTP status 200, that says why the provider's system does not do what it
/// was asked.
///
/// # Errors
/// A value cannot be written.
pub fn write_non_technical_fault(
    request: &Header,
    namespace: &str,
    code: &str,
    string: &str,
) -> Result<Vec<u8>, SoapWriteError> {
    write_answer(request, namespace, |writer| {
        writer.start("fault", &[]).element("faultCode", code).element("faultString", string).end();
    })
}

/// Writes a technical fault. The detail is the id under which the log tells more.
///
/// # Errors
/// A value cannot be written.
pub fn write_fault(code: &str, string: &str, detail: Uuid) -> Result<Vec<u8>, SoapWriteError> {
    let mut writer = XmlWriter::document();
    writer.start("SOAP-ENV:Envelope", &[("xmlns:SOAP-ENV", ENVELOPE)]).start("SOAP-ENV:Body", &[]);
    writer.start("SOAP-ENV:Fault", &[]);
    writer.element("faultcode", code).element("faultstring", string).element("faultactor", "");
    writer.start("detail", &[]).element("faultDetail", &detail.to_string()).end();
    writer.end().end().end();
    finish(writer)
}

fn start_envelope() -> XmlWriter {
    let mut writer = XmlWriter::document();
    let namespaces = [
        ("xmlns:SOAP-ENV", ENVELOPE),
        ("xmlns:xroad", XROAD),
        ("xmlns:id", IDENTIFIERS),
        ("xmlns:repr", REPRESENTATION),
    ];
    writer.start("SOAP-ENV:Envelope", &namespaces);
    writer
}

fn write_body(writer: &mut XmlWriter, name: &str, namespace: &str, fill: impl FnOnce(&mut XmlWriter)) {
    writer.start("SOAP-ENV:Body", &[]);
    writer.start(&format!("tns:{name}"), &[("xmlns:tns", namespace)]);
    fill(writer);
    writer.end().end().end();
}

fn finish(writer: XmlWriter) -> Result<Vec<u8>, SoapWriteError> {
    Ok(writer.finish()?.into_bytes())
}

fn write_headers(writer: &mut XmlWriter, headers: &Headers) {
    let Headers {
        client,
        service,
        security_server,
        id,
        user_id,
        represented_party,
        issue,
        protocol_version,
        // Only a provider's security server sets the hash, and only in answers.
        request_hash: _,
    } = headers;
    writer.start("SOAP-ENV:Header", &[]);
    write_client(writer, client);
    write_service(writer, service);
    if let Some(server) = security_server {
        write_security_server(writer, server);
    }
    writer.element("xroad:id", id).optional("xroad:userId", user_id.as_deref());
    if let Some(party) = represented_party {
        writer.start("repr:representedParty", &[]);
        writer
            .optional("repr:partyClass", party.class.as_deref())
            .element("repr:partyCode", &party.code)
            .end();
    }
    writer.optional("xroad:issue", issue.as_deref()).element("xroad:protocolVersion", protocol_version);
    writer.end();
}

fn write_client(writer: &mut XmlWriter, client: &ClientId) {
    let object_type = if client.subsystem_code().is_some() { "SUBSYSTEM" } else { "MEMBER" };
    writer.start("xroad:client", &[("id:objectType", object_type)]);
    write_member(writer, client);
    writer.end();
}

fn write_service(writer: &mut XmlWriter, service: &ServiceId) {
    writer.start("xroad:service", &[("id:objectType", "SERVICE")]);
    write_member(writer, service.provider());
    writer.element("id:serviceCode", service.service_code());
    writer.optional("id:serviceVersion", service.service_version()).end();
}

fn write_security_server(writer: &mut XmlWriter, server: &SecurityServerId) {
    writer.start("xroad:securityServer", &[("id:objectType", "SERVER")]);
    write_member(writer, server.owner());
    writer.element("id:serverCode", server.server_code()).end();
}

fn write_member(writer: &mut XmlWriter, member: &ClientId) {
    writer.element("id:xRoadInstance", member.instance());
    writer.element("id:memberClass", member.member_class()).element("id:memberCode", member.member_code());
    writer.optional("id:subsystemCode", member.subsystem_code());
}
