//! What does the far side of X-Road REST do, before and behind an agency's own service?
//!
//! Both security servers in one: who may call what, X-Road's own failures, and the headers that answers get.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};
use ring::digest::{SHA512, digest};
use serde_json::json;
use uuid::Uuid;

use crate::pki::{self, Identity};
use crate::simulators::client::RawReply;
use crate::simulators::control::Control;
use crate::simulators::faults::{Fault, Operation, Plan};
use crate::simulators::ledger::Received;
use crate::simulators::server::{Agency, Answer};
use crate::simulators::xroad::{Beside, Dialect, Member, Party, holds_identity_code};

const CLIENT: HeaderName = HeaderName::from_static("x-road-client");
const SERVICE: HeaderName = HeaderName::from_static("x-road-service");
const ID: HeaderName = HeaderName::from_static("x-road-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-road-request-id");
const REQUEST_HASH: HeaderName = HeaderName::from_static("x-road-request-hash");
const USER_ID: HeaderName = HeaderName::from_static("x-road-userid");
const ISSUE: HeaderName = HeaderName::from_static("x-road-issue");
const PARTY: HeaderName = HeaderName::from_static("x-road-represented-party");
const ERROR: HeaderName = HeaderName::from_static("x-road-error");

/// A request that the security servers have let through.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    pub(crate) method: Method,
    /// The parts of the path behind the service, decoded.
    pub(crate) path: Vec<String>,
    /// Everything behind the question mark, as it came.
    pub(crate) query: String,
    /// `X-Road-Id`.
    pub(crate) id: String,
    pub(crate) beside: Beside,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An agency's own service, as its security server calls it.
pub(crate) trait Service: Send + Sync + 'static {
    /// What a request with this method and path asks for.
    fn operation(&self, method: &Method, path: &[String]) -> Operation;

    /// Takes effect and answers, at once.
    fn answer(&self, request: &Passed, plan: &Plan) -> Answer;

    /// `Content-Type` of the answers.
    fn content_type(&self) -> &'static str;
}

/// The security servers before a service.
pub(crate) struct SecurityServer<S> {
    /// The subsystem that offers the service.
    pub(crate) provider: Member,
    /// The service's code.
    pub(crate) code: &'static str,
    /// The subsystem that may call it.
    pub(crate) gateway: Member,
    pub(crate) dialect: Dialect,
    pub(crate) service: S,
}

/// Why a request is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Path,
    MissingClient,
    Client,
    Duplicate,
    HeaderField,
    UnknownService,
    AccessDenied,
}

impl Refusal {
    fn code(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Path, Dialect::Camel) => "Client.InternalError",
            (Self::Path, Dialect::Snake) => "client.internal_error",
            (Self::MissingClient, Dialect::Camel) => "Client.MissingHeaderField",
            (Self::MissingClient, Dialect::Snake) => "client.missing_header_field",
            (Self::Client, Dialect::Camel) => "Client.InvalidClientIdentifier",
            (Self::Client, Dialect::Snake) => "client.invalid_client_identifier",
            (Self::Duplicate, Dialect::Camel) => "Client.DuplicateHeaderField",
            (Self::Duplicate, Dialect::Snake) => "client.duplicate_header_field",
            (Self::HeaderField, Dialect::Camel) => "Client.InvalidHeaderField",
            (Self::HeaderField, Dialect::Snake) => "client.invalid_header_field",
            (Self::UnknownService, Dialect::Camel) => "Server.ServerProxy.UnknownService",
            (Self::UnknownService, Dialect::Snake) => "server.serverproxy.unknown_service",
            (Self::AccessDenied, Dialect::Camel) => "Server.ServerProxy.AccessDenied",
            (Self::AccessDenied, Dialect::Snake) => "server.serverproxy.access_denied",
        }
    }
}

impl<S: Service> SecurityServer<S> {
    fn pass(&self, request: &Received) -> Result<Passed, Refusal> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let (service, path) = read_path(path).ok_or(Refusal::Path)?;
        let own = |header: &HeaderName| header.as_str().starts_with("x-road-");
        if request.headers.keys().filter(|name| own(name)).any(|name| count(&request.headers, name) > 1) {
            return Err(Refusal::Duplicate);
        }
        let client = text(&request.headers, &CLIENT).ok_or(Refusal::MissingClient)?;
        let client = decoded(client).filter(|parts| matches!(parts.len(), 3 | 4)).ok_or(Refusal::Client)?;
        let beside = beside(&request.headers).ok_or(Refusal::HeaderField)?;
        if service != parts(&self.provider, Some(self.code)) {
            return Err(Refusal::UnknownService);
        }
        if client != parts(&self.gateway, None) {
            return Err(Refusal::AccessDenied);
        }
        Ok(Passed {
            method: request.method.clone(),
            path,
            query: query.to_owned(),
            id: text(&request.headers, &ID).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned),
            beside,
            headers: request.headers.clone(),
            body: request.body.clone(),
        })
    }
}

/// Reads for whom the caller acts, who speaks, and what it is about. None of X-Road's headers may name a person.
fn beside(headers: &HeaderMap) -> Option<Beside> {
    for (_, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-road-")) {
        let value = percent_decoded(value.to_str().ok()?)?;
        if value.is_empty() || holds_identity_code(&value) {
            return None;
        }
    }
    let party = match text(headers, &PARTY) {
        None => None,
        Some(party) => match decoded(party)?.as_slice() {
            [code] => Some(Party { class: None, code: code.clone() }),
            [class, code] => Some(Party { class: Some(class.clone()), code: code.clone() }),
            _ => return None,
        },
    };
    let own = |name| text(headers, &name).map(str::to_owned);
    Some(Beside { party, user_id: own(USER_ID), issue: own(ISSUE) })
}

impl<S: Service> Agency for SecurityServer<S> {
    fn operation(&self, request: &Received) -> Operation {
        let path = request.path.split('?').next().unwrap_or_default();
        match read_path(path) {
            Some((_, path)) => self.service.operation(&request.method, &path),
            None => Operation::Other,
        }
    }

    fn answer(&self, request: &Received, plan: &Plan) -> Answer {
        let passed = match self.pass(request) {
            Ok(passed) => passed,
            Err(refusal) => return self.technical_fault(refusal.code(self.dialect)),
        };
        let answer = self.service.answer(&passed, plan);
        // The answer to somebody else's message.
        let id = if plan.has(&Fault::WrongEcho) { Uuid::now_v7().to_string() } else { passed.id };
        let hashed = if plan.has(&Fault::WrongHash) { &b"other bytes"[..] } else { &request.body[..] };
        answer
            .with_header(CLIENT, parts(&self.gateway, None).join("/"))
            .with_header(SERVICE, parts(&self.provider, Some(self.code)).join("/"))
            .with_header(ID, id)
            .with_header(REQUEST_ID, Uuid::now_v7().to_string())
            .with_header(REQUEST_HASH, hash(&request.path, hashed))
    }

    fn technical_fault(&self, code: &str) -> Answer {
        let ours = code.to_ascii_lowercase().starts_with("client");
        let status = if ours { StatusCode::BAD_REQUEST } else { StatusCode::INTERNAL_SERVER_ERROR };
        let message = "virhe palvelimella 192.0.2.17";
        let body = json!({"type": code, "message": message, "detail": Uuid::now_v7().to_string()});
        Answer::new(status, "application/json;charset=utf-8", body.to_string()).with_header(ERROR, code)
    }

    fn content_type(&self) -> &'static str {
        self.service.content_type()
    }
}

/// Whom an agency calls, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Outbound {
    /// The agency's subsystem.
    pub(crate) agency: Member,
    /// The gateway's subsystem.
    pub(crate) gateway: Member,
    /// The code of the gateway's service.
    pub(crate) service: &'static str,
    /// What is sent.
    pub(crate) content_type: &'static str,
}

impl Outbound {
    /// Posts a message, as the gateway's security server passes it on.
    ///
    /// # Errors
    /// When the gateway gives no answer.
    pub(crate) async fn post(
        &self,
        control: &Control,
        url: &str,
        authority_pem: &str,
        identity: &Identity,
        beside: &Beside,
        body: impl Into<Bytes>,
    ) -> Result<RawReply> {
        let config = pki::mutual_client_config(authority_pem, identity)?;
        let client = parts(&self.agency, None).join("/");
        let service = parts(&self.gateway, Some(self.service)).join("/");
        let (id, request_id) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
        let mut headers = vec![
            ("content-type", self.content_type),
            ("x-road-client", client.as_str()),
            ("x-road-service", service.as_str()),
            ("x-road-id", id.as_str()),
            ("x-road-request-id", request_id.as_str()),
        ];
        headers.extend(beside.user_id.as_deref().map(|user_id| ("x-road-userid", user_id)));
        headers.extend(beside.issue.as_deref().map(|issue| ("x-road-issue", issue)));
        control.call(config, Method::POST, url, &headers, body).await
    }
}

/// The URL at which the gateway takes in an agency's messages, once it is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct GatewayUrl(Arc<std::sync::Mutex<Option<String>>>);

impl GatewayUrl {
    pub(crate) fn set(&self, url: &str) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(url.to_owned());
    }

    pub(crate) fn get(&self) -> Result<String> {
        let url = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        url.context("the simulator has not been told where the gateway is")
    }
}

/// Requires that a provider leaves X-Road's own headers to X-Road.
pub(crate) fn leaves_headers_to_x_road(reply: &RawReply) -> Result<()> {
    let own = reply.headers.keys().filter(|name| name.as_str().starts_with("x-road-")).count();
    ensure!(own == 0, "the answer has headers of X-Road's");
    Ok(())
}

/// Reads `/r1/{five parts}/...`.
fn read_path(path: &str) -> Option<(Vec<String>, Vec<String>)> {
    let mut parts = decoded(path.strip_prefix("/r1/")?)?;
    if parts.len() < 5 {
        return None;
    }
    let rest = parts.split_off(5);
    Some((parts, rest))
}

fn parts(member: &Member, service: Option<&str>) -> Vec<String> {
    let Member { instance, class, code, subsystem } = member;
    let own = [instance, class, code, subsystem].into_iter().cloned();
    own.chain(service.map(str::to_owned)).collect()
}

/// Splits at every slash and decodes each part; none of them may be empty.
fn decoded(text: &str) -> Option<Vec<String>> {
    text.split('/').map(percent_decoded).map(|part| part.filter(|part| !part.is_empty())).collect()
}

fn percent_decoded(part: &str) -> Option<String> {
    let mut pieces = part.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn hash(head: &str, body: &[u8]) -> String {
    let both = [digest(&SHA512, head.as_bytes()), digest(&SHA512, body)];
    let both: Vec<u8> = both.iter().flat_map(|half| half.as_ref().iter().copied()).collect();
    STANDARD.encode(digest(&SHA512, &both))
}

fn count(headers: &HeaderMap, name: &HeaderName) -> usize {
    headers.get_all(name).iter().count()
}

pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
