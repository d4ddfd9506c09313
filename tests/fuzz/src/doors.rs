//! By which doors does somebody else's text come in?

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use polku_adapters::formats::fhir::{Imported, Reading, import};
use polku_adapters::transport::http::canned;
use polku_adapters::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Inbound, InboundError, InboundEvent, Receipt,
};
use polku_proto::AgencyId;
use polku_proto::identity::Oid;
use polku_proto::v1::AgencyFacts;
use ring::hmac;

use crate::agencies::{Agencies, PIN, now};
use crate::permit::message;

/// A door: whose text comes in, and how it is read.
pub struct Door {
    /// The agency, and what comes in.
    pub name: &'static str,
    /// How it is read.
    pub way: Way,
}

/// How something is read.
#[derive(Clone, Copy)]
pub enum Way {
    /// As a message that an agency sends of its own accord, with these headers.
    Message(fn(&Agencies) -> &dyn Adapter, fn(&[u8]) -> HeaderMap),
    /// As an answer, or a document.
    Other(fn(&Agencies, &Bytes) -> Read),
}

impl Door {
    const fn message(
        name: &'static str,
        adapter: fn(&Agencies) -> &dyn Adapter,
        headers: fn(&[u8]) -> HeaderMap,
    ) -> Self {
        Self { name, way: Way::Message(adapter, headers) }
    }

    const fn other(name: &'static str, read: fn(&Agencies, &Bytes) -> Read) -> Self {
        Self { name, way: Way::Other(read) }
    }

    /// Reads what comes in.
    pub fn read(&self, agencies: &Agencies, body: &Bytes) -> Read {
        match self.way {
            Way::Message(adapter, headers) => receive(adapter(agencies), &headers(body), body),
            Way::Other(read) => read(agencies, body),
        }
    }
}

/// What was read.
pub type Read = Result<Taken, Refusal>;

/// Something that was taken in.
#[derive(PartialEq)]
pub enum Taken {
    /// A message of an agency's.
    Event(Box<InboundEvent>),
    /// The word that a delivery has arrived.
    Receipt(Receipt),
    /// Whether one has.
    Status(DeliveryStatus),
    /// What an agency holds on a person.
    Facts(Box<AgencyFacts>),
    /// A consent.
    Consent(Box<Imported>),
}

/// Something that was not.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    /// The code that others are told: of the agency's protocol, or of what a delivery came to.
    pub code: String,
    /// What is said beside it, in errors and logs: our own words.
    pub words: Vec<String>,
    /// And the codes among them that others gave.
    pub codes: Vec<String>,
}

impl Refusal {
    fn of(code: &str, words: &[&str]) -> Self {
        let words = words.iter().map(|words| (*words).to_owned()).collect();
        Self { code: code.to_owned(), words, codes: Vec::new() }
    }
}

/// Answers over X-Road SOAP: to deliveries and questions, and failures.
pub const SOAP_ANSWER: &[Door] = &[
    Door::other("te handover", |a, body| deliver(a, a.of("te"), Item::Handover, Answer::soap(200, body))),
    Door::other("te notice", |a, body| deliver(a, a.of("te"), Item::Notice, Answer::soap(200, body))),
    Door::other("te plan", |a, body| deliver(a, a.of("te"), Item::PlanPart, Answer::soap(200, body))),
    Door::other("te status", |a, body| status(a, a.of("te"), Answer::soap(200, body))),
    Door::other("te facts", |a, body| fetch(a, a.of("te"), Answer::soap(200, body))),
    Door::other("te failure", |a, body| deliver(a, a.of("te"), Item::Handover, Answer::soap(500, body))),
    Door::other("typpi handover", |a, body| {
        deliver(a, a.of("typpi"), Item::Handover, Answer::soap(200, body))
    }),
    Door::other("typpi notice", |a, body| deliver(a, a.of("typpi"), Item::Notice, Answer::soap(200, body))),
    Door::other("typpi plan", |a, body| deliver(a, a.of("typpi"), Item::PlanPart, Answer::soap(200, body))),
    Door::other("typpi status", |a, body| status(a, a.of("typpi"), Answer::soap(200, body))),
    Door::other("typpi facts", |a, body| fetch(a, a.of("typpi"), Answer::soap(200, body))),
    Door::other("typpi failure", |a, body| {
        deliver(a, a.of("typpi"), Item::Handover, Answer::soap(500, body))
    }),
];

/// Messages over X-Road SOAP at the gateway's own endpoint.
pub const SOAP_REQUEST: &[Door] = &[
    Door::message("te message", |a| a.of("te"), soap_headers),
    Door::message("typpi message", |a| a.of("typpi"), soap_headers),
];

/// FHIR: social services, and consents that are imported.
pub const FHIR_JSON: &[Door] = &[
    Door::message("social message", |a| a.of("social"), fhir_headers),
    Door::other("social handover", |a, body| {
        deliver(a, a.of("social"), Item::Handover, Answer::json(200, body))
    }),
    Door::other("social notice", |a, body| deliver(a, a.of("social"), Item::Notice, Answer::json(200, body))),
    Door::other("social plan", |a, body| deliver(a, a.of("social"), Item::PlanPart, Answer::json(200, body))),
    Door::other("social disclosure", |a, body| {
        deliver(a, a.of("social"), Item::Disclosure, Answer::json(200, body))
    }),
    Door::other("social status", |a, body| status(a, a.of("social"), Answer::json(200, body))),
    Door::other("social facts", |a, body| fetch(a, a.of("social"), Answer::json(200, body))),
    Door::other("social refusal", |a, body| {
        deliver(a, a.of("social"), Item::Handover, Answer::json(422, body))
    }),
    Door::other("consent R4", |_, body| consent(Reading::R4Literal, body)),
    Door::other("consent R5", |_, body| consent(Reading::R5Negation, body)),
];

/// Plain JSON: the case management's webhooks, Kela's messages, and the answers of both.
pub const WEBHOOK: &[Door] = &[
    Door::message("walmu message", |a| a.of("walmu"), signed),
    Door::other("walmu handover", |a, body| {
        deliver(a, a.of("walmu"), Item::Handover, Answer::json(201, body))
    }),
    Door::other("walmu notice", |a, body| deliver(a, a.of("walmu"), Item::Notice, Answer::json(201, body))),
    Door::other("walmu plan", |a, body| deliver(a, a.of("walmu"), Item::PlanPart, Answer::json(201, body))),
    Door::other("walmu refusal", |a, body| {
        deliver(a, a.of("walmu"), Item::Handover, Answer::json(422, body))
    }),
    Door::other("walmu status", |a, body| status(a, a.of("walmu"), Answer::json(200, body))),
    Door::other("walmu facts", |a, body| fetch(a, a.of("walmu"), Answer::json(200, body))),
    Door::other("walmu token", |a, body| deliver(a, a.of("walmu"), Item::Handover, Answer::token(body))),
    Door::message("kela message", |a| a.of("kela"), kela_headers),
    Door::other("kela handover", |a, body| deliver(a, a.of("kela"), Item::Handover, Answer::json(201, body))),
    Door::other("kela notice", |a, body| deliver(a, a.of("kela"), Item::Notice, Answer::json(201, body))),
    Door::other("kela plan", |a, body| deliver(a, a.of("kela"), Item::PlanPart, Answer::json(201, body))),
    Door::other("kela refusal", |a, body| deliver(a, a.of("kela"), Item::Handover, Answer::json(422, body))),
    Door::other("kela status", |a, body| status(a, a.of("kela"), Answer::json(200, body))),
    Door::other("kela facts", |a, body| fetch(a, a.of("kela"), Answer::json(200, body))),
    Door::other("kela failure", |a, body| deliver(a, a.of("kela"), Item::Handover, Answer::failure(body))),
];

/// Every door.
pub fn all() -> impl Iterator<Item = &'static Door> {
    [SOAP_ANSWER, SOAP_REQUEST, FHIR_JSON, WEBHOOK].into_iter().flatten()
}

/// What is sent.
#[derive(Clone, Copy)]
pub enum Item {
    Handover,
    Notice,
    PlanPart,
    Disclosure,
}

/// What a server that is not there answers.
pub struct Answer {
    status: StatusCode,
    content_type: &'static str,
    /// To a question for a token; the usual one if there is none.
    token: Option<Bytes>,
    /// `X-Road-Error`.
    xroad_error: Option<HeaderValue>,
    body: Bytes,
}

impl Answer {
    pub fn soap(status: u16, body: &Bytes) -> Self {
        Self { content_type: "text/xml; charset=UTF-8", ..Self::json(status, body) }
    }

    pub fn json(status: u16, body: &Bytes) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let body = body.clone();
        Self { status, content_type: "application/json", token: None, xroad_error: None, body }
    }

    /// An answer to the question for a token. The one that is kept is refused, so that it is asked for.
    pub fn token(body: &Bytes) -> Self {
        Self { token: Some(body.clone()), ..Self::json(401, &Bytes::from_static(b"{}")) }
    }

    /// A failure of X-Road's own, with its code in the first line.
    pub fn failure(body: &Bytes) -> Self {
        let line = body.iter().position(|byte| *byte == b'\n').unwrap_or(body.len());
        let code = HeaderValue::from_bytes(&body[..line]).ok();
        Self { xroad_error: code, ..Self::json(500, &body.slice((line + 1).min(body.len())..)) }
    }

    fn serve(self) {
        canned::serve(Box::new(move |request: Request<Bytes>| self.to(&request)));
    }

    fn to(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let usual =
            Bytes::from_static(br#"{"access_token": "a", "token_type": "Bearer", "expires_in": 3600}"#);
        let is_token = request.uri().path() == "/oauth2/token";
        let (status, body) = match is_token {
            true => (StatusCode::OK, self.token.clone().unwrap_or(usual)),
            false => (self.status, self.body.clone()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(self.content_type));
        // As a security server does.
        for name in ["x-road-client", "x-road-id"] {
            request.headers().get(name).map(|value| headers.insert(name, value.clone()));
        }
        let service: Vec<&str> = request.uri().path().split('/').skip(2).take(5).collect();
        HeaderValue::try_from(service.join("/"))
            .map(|service| headers.insert("x-road-service", service))
            .ok();
        self.xroad_error.clone().map(|code| headers.insert("x-road-error", code));
        response
    }
}

/// Sends a message, and reads the answer.
pub fn deliver(agencies: &Agencies, adapter: &dyn Adapter, item: Item, answer: Answer) -> Read {
    let recipient: &AgencyId = adapter.agency();
    let permit = match item {
        Item::Handover => agencies.permits.handover(recipient),
        Item::Notice => agencies.permits.notice(recipient),
        Item::PlanPart => agencies.permits.plan_part(recipient),
        Item::Disclosure => agencies.permits.disclosure(recipient),
    };
    answer.serve();
    let result = agencies.runtime.block_on(adapter.deliver(permit, now()));
    result.map(Taken::Receipt).map_err(failed)
}

/// Asks whether a message has arrived, and reads the answer.
pub fn status(agencies: &Agencies, adapter: &dyn Adapter, answer: Answer) -> Read {
    answer.serve();
    let result = agencies.runtime.block_on(adapter.status(&message(), now()));
    result.map(Taken::Status).map_err(failed)
}

/// Asks what is held on a person, and reads the answer.
pub fn fetch(agencies: &Agencies, adapter: &dyn Adapter, answer: Answer) -> Read {
    let permit = agencies.permits.facts(adapter.agency());
    answer.serve();
    let result = agencies.runtime.block_on(adapter.fetch(permit, now()));
    result.map(|facts| Taken::Facts(Box::new(facts))).map_err(failed)
}

/// Takes in a message that an agency sends of its own accord.
pub fn receive(adapter: &dyn Adapter, headers: &HeaderMap, body: &[u8]) -> Read {
    let read = adapter.receive(&inbound(headers, body));
    read.map(|received| Taken::Event(Box::new(received.event))).map_err(unreadable)
}

fn consent(reading: Reading, body: &[u8]) -> Read {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(Refusal::of("NO_TEXT", &[]));
    };
    let organisations = |oid: &Oid| (oid.as_str() == "1.2.246.10.2048198").then(|| "te".parse().unwrap());
    match import(text, reading, &organisations) {
        Ok(imported) => Ok(Taken::Consent(Box::new(imported))),
        Err(error) => Err(Refusal::of(&format!("{:?}", error.problem), &[&error.path])),
    }
}

/// A message with a client certificate that is pinned.
pub fn inbound<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Inbound<'a> {
    Inbound { headers, body, peer: Some(PIN), now: now() }
}

/// The headers of a SOAP message.
pub fn soap_headers(_: &[u8]) -> HeaderMap {
    headers(&[("content-type", "text/xml; charset=utf-8"), ("soapaction", "\"\"")])
}

/// The headers of a message of Kela's.
pub fn kela_headers(_: &[u8]) -> HeaderMap {
    headers(&[
        ("x-road-client", "FI-TEST/MUN/0204819-8/nuoret"),
        ("x-road-id", "0193c5a0-0000-7000-8000-000000000003"),
        ("x-road-service", "FI-TEST/COM/0245437-2/polku/ohjausviestit"),
        ("content-type", "application/json"),
    ])
}

/// The headers of a message of social services.
pub fn fhir_headers(_: &[u8]) -> HeaderMap {
    headers(&[
        ("x-road-client", "FI-TEST/MUN/0204819-8/sosiaalihuolto"),
        ("x-road-id", "0193c5a0-0000-7000-8000-000000000003"),
        ("x-road-service", "FI-TEST/COM/0245437-2/polku/fhir"),
        ("content-type", "application/fhir+json"),
    ])
}

/// The headers of a webhook, with a signature over the body that fits.
pub fn signed(body: &[u8]) -> HeaderMap {
    let secret = include_str!("../testdata/webhook-secret").trim_end();
    let seconds = now().as_second().to_string();
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    context.update(seconds.as_bytes());
    context.update(b".");
    context.update(body);
    let digits: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    headers(&[("walmu-timestamp", &seconds), ("walmu-signature", &format!("v1={digits}"))])
}

/// Headers of these names and values; a name may stand more than once.
pub fn headers(values: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in values {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn unreadable(error: InboundError) -> Refusal {
    match error {
        InboundError::Unauthenticated { expected } => Refusal::of("UNAUTHENTICATED", &[expected]),
        InboundError::Malformed { code, expected } => Refusal::of(&code, &[&expected]),
    }
}

fn failed(error: AdapterError) -> Refusal {
    let code = match &error.kind {
        AdapterErrorKind::Rejected { code } => code.clone(),
        AdapterErrorKind::Unavailable { .. } => "UNAVAILABLE".to_owned(),
        AdapterErrorKind::Timeout => "TIMEOUT".to_owned(),
        AdapterErrorKind::Unanswered => "UNANSWERED".to_owned(),
        AdapterErrorKind::PermitMismatch => "PERMIT_MISMATCH".to_owned(),
        AdapterErrorKind::Unwritable { what } => format!("UNWRITABLE.{}", what.replace(' ', "_")),
    };
    let mut refusal = Refusal::of(&code, &[]);
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        let words = error.to_string();
        // A failure that is passed on is its code, alone or at the end.
        let (own, code) = words.split_at(words.rfind(' ').map_or(0, |space| space + 1));
        if own.is_empty() || own == "X-Road failed with code " {
            refusal.codes.push(code.to_owned());
        } else {
            refusal.words.push(words);
        }
        cause = error.source();
    }
    refusal
}
