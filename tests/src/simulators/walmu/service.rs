//! How do the resources of the case management answer?

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::pki;
use crate::simulators::faults::{Fault, Operation, Plan};
use crate::simulators::ledger::{Effect, Effected, First, Received, TakenInKind};
use crate::simulators::server::{Agency, Answer};
use crate::simulators::walmu::WalmuSettings;
use crate::simulators::walmu::contents;
use crate::simulators::walmu::holdings::Holdings;
use crate::simulators::walmu::tokens::Tokens;

/// Path of the token endpoint.
pub(crate) const TOKEN_PATH: &str = "/oauth2/token";
/// Path above all other resources.
pub(crate) const BASE_PATH: &str = "/api/v1";

const JSON: &str = "application/json";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The case management's server.
pub(crate) struct CaseManagement {
    settings: Arc<WalmuSettings>,
    tokens: Tokens,
    holdings: Holdings,
}

/// What a path stands for.
enum Resource {
    Token,
    Referrals,
    Notices { referral_id: String },
    Plans,
    Search,
    Message { message_id: String },
    Nothing,
}

impl CaseManagement {
    pub(crate) fn new(settings: Arc<WalmuSettings>, tokens: Tokens, holdings: Holdings) -> Self {
        Self { settings, tokens, holdings }
    }

    fn token(&self, request: &Received) -> Answer {
        let form = header_text(request, &CONTENT_TYPE)
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if request.method != Method::POST || !form {
            return oauth_error(StatusCode::BAD_REQUEST, "invalid_request");
        }
        if !self.knows_client(request) {
            return oauth_error(StatusCode::UNAUTHORIZED, "invalid_client")
                .with_header(WWW_AUTHENTICATE, "Basic realm=\"walmu\"");
        }
        let body = String::from_utf8_lossy(&request.body);
        let parameter = |wanted: &str| {
            let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == wanted).and_then(|(_, value)| form_decoded(value))
        };
        if parameter("grant_type").as_deref() != Some("client_credentials") {
            return oauth_error(StatusCode::BAD_REQUEST, "unsupported_grant_type");
        }
        if parameter("scope").as_deref() != Some("lahetteet") {
            return oauth_error(StatusCode::BAD_REQUEST, "invalid_scope");
        }
        let lifetime = self.settings.token_lifetime;
        let token = self.tokens.issue(self.settings.clock.now(), lifetime);
        let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": lifetime.as_secs()});
        answer(StatusCode::OK, &body).with_header(CACHE_CONTROL, "no-store")
    }

    /// RFC 6749 section 2.3.1: id and secret are form-encoded before they go into Basic.
    fn knows_client(&self, request: &Received) -> bool {
        let shown = header_text(request, &AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|value| STANDARD.decode(value).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((id, secret)) = shown.as_deref().and_then(|shown| shown.split_once(':')) else {
            return false;
        };
        form_decoded(id).as_ref() == Some(&self.settings.client_id)
            && form_decoded(secret).as_ref() == Some(&self.settings.client_secret)
    }

    /// By a token, or by a certificate without one.
    fn is_authorised(&self, request: &Received) -> bool {
        if !request.headers.contains_key(AUTHORIZATION) {
            return request.client_certificate_sha256.is_some();
        }
        header_text(request, &AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| self.tokens.is_good(token, self.settings.clock.now()))
    }

    fn take_in(&self, request: &Received, kind: TakenInKind, referral: Option<&str>, plan: &Plan) -> Answer {
        let key = header_text(request, &IDEMPOTENCY_KEY).filter(|key| Uuid::try_parse(key).is_ok());
        let Some(message_id) = key else {
            return error(StatusCode::BAD_REQUEST, "idempotency_key", "Idempotency-Key puuttuu");
        };
        if !header_text(request, &CONTENT_TYPE).is_some_and(|value| value.starts_with(JSON)) {
            return error(StatusCode::BAD_REQUEST, "sisaltotyyppi", "application/json");
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return error(StatusCode::BAD_REQUEST, "ei_jsonia", "runko ei ole JSON");
        };
        let read = match kind {
            TakenInKind::Referral => contents::read_referral(&body),
            TakenInKind::Notice => contents::read_notice(&body),
            TakenInKind::PlanPart | TakenInKind::Disclosure => contents::read_plan(&body),
        };
        let fields = match read {
            Ok(fields) => fields,
            Err(member) => return error(StatusCode::UNPROCESSABLE_ENTITY, "virheellinen_sisalto", &member),
        };
        let at = |wanted: &str| fields.iter().find(|(path, _)| path == wanted).map(|(_, id)| id.clone());
        let named = || {
            let plan = || at("suunnitelma.tunnus").or_else(|| at("suunnitelma.omistajanTunnus"));
            at("lahete.tunnus").or_else(plan)
        };
        let referral_id = referral.map(str::to_owned).or_else(named).unwrap_or_default();
        if kind == TakenInKind::Notice && !self.settings.ledger.knows(&referral_id) {
            return error(StatusCode::UNPROCESSABLE_ENTITY, "tuntematon_lahete", "lähetettä ei löydy");
        }
        let mut fingerprinted = request.path.clone().into_bytes();
        fingerprinted.extend_from_slice(&request.body);
        let effect = Effect {
            kind,
            message_id: message_id.to_owned(),
            referral_id,
            fields,
            fingerprint: pki::sha256_hex(&fingerprinted),
            at: self.settings.clock.now_text(),
            receipt_prefix: "W",
        };
        match self.settings.ledger.take_effect(effect, plan.duplicates()) {
            Effected::New(first) => answer(StatusCode::CREATED, &receipt(&first)),
            Effected::Repeated(first) => answer(StatusCode::OK, &receipt(&first)),
            Effected::Clashing => error(StatusCode::CONFLICT, "avain_kaytetty", "sama avain, eri sisältö"),
        }
    }

    fn search(&self, request: &Received, plan: &Plan) -> Answer {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return error(StatusCode::BAD_REQUEST, "ei_jsonia", "runko ei ole JSON");
        };
        if let Err(member) = contents::read_query(&body) {
            return error(StatusCode::UNPROCESSABLE_ENTITY, "virheellinen_sisalto", &member);
        }
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let mut found = self.holdings.on(text("/asiakas/henkilotunnus"));
        let echo = if plan.has(&Fault::WrongEcho) {
            Uuid::nil().to_string()
        } else {
            text("/kysely/tunnus").to_owned()
        };
        found.insert("kyselyTunnus".to_owned(), json!(echo));
        found.insert("vastattu".to_owned(), json!(self.settings.clock.now_text()));
        answer(StatusCode::OK, &Value::Object(found))
    }

    fn look_up(&self, message_id: &str, plan: &Plan) -> Answer {
        let lies = plan.has(&Fault::LyingStatus);
        match self.settings.ledger.first(message_id) {
            Some(first) if !lies => answer(StatusCode::OK, &receipt(&first)),
            None if lies => answer(StatusCode::OK, &other_receipt(&self.settings.clock.now_text())),
            Some(_) | None => error(StatusCode::NOT_FOUND, "ei_loydy", "sanomaa ei ole vastaanotettu"),
        }
    }
}

impl Agency for CaseManagement {
    fn operation(&self, request: &Received) -> Operation {
        match resource(&request.path) {
            Resource::Token => Operation::Token,
            Resource::Referrals => Operation::Deliver,
            Resource::Notices { .. } => Operation::Notify,
            Resource::Plans => Operation::Plan,
            Resource::Search => Operation::Fetch,
            Resource::Message { .. } => Operation::Status,
            Resource::Nothing => Operation::Other,
        }
    }

    fn answer(&self, request: &Received, plan: &Plan) -> Answer {
        let resource = resource(&request.path);
        if matches!(resource, Resource::Token) {
            return self.token(request);
        }
        if !self.is_authorised(request) {
            return error(StatusCode::UNAUTHORIZED, "ei_valtuutta", "tunniste puuttuu tai on vanhentunut")
                .with_header(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
        }
        if let Some(code) =
            plan.last(|fault| if let Fault::BusinessFault(code) = fault { Some(code) } else { None })
        {
            return error(StatusCode::UNPROCESSABLE_ENTITY, code, "pyyntöä ei voitu käsitellä");
        }
        let expected = if matches!(resource, Resource::Message { .. }) { Method::GET } else { Method::POST };
        let answered = match resource {
            Resource::Token | Resource::Nothing => {
                return error(StatusCode::NOT_FOUND, "ei_loydy", "resurssia ei ole");
            }
            _ if request.method != expected => {
                return error(StatusCode::METHOD_NOT_ALLOWED, "metodi", "väärä metodi");
            }
            Resource::Referrals => self.take_in(request, TakenInKind::Referral, None, plan),
            Resource::Notices { referral_id } => {
                self.take_in(request, TakenInKind::Notice, Some(&referral_id), plan)
            }
            Resource::Plans => self.take_in(request, TakenInKind::PlanPart, None, plan),
            Resource::Search => return self.search(request, plan),
            Resource::Message { message_id } => self.look_up(&message_id, plan),
        };
        if plan.has(&Fault::WrongEcho) && answered.status.is_success() {
            return answer(answered.status, &other_receipt(&self.settings.clock.now_text()));
        }
        answered
    }

    fn technical_fault(&self, code: &str) -> Answer {
        error(StatusCode::INTERNAL_SERVER_ERROR, code, "sisäinen virhe palvelimella 192.0.2.17")
    }

    fn content_type(&self) -> &'static str {
        JSON
    }
}

fn resource(path: &str) -> Resource {
    if path == TOKEN_PATH {
        return Resource::Token;
    }
    let Some(rest) = path.strip_prefix(BASE_PATH) else {
        return Resource::Nothing;
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        ["", "lahetteet"] => Resource::Referrals,
        ["", "lahetteet", referral, "ilmoitukset"] => {
            Resource::Notices { referral_id: (*referral).to_owned() }
        }
        ["", "suunnitelmat"] => Resource::Plans,
        ["", "asiakkaat", "haku"] => Resource::Search,
        ["", "sanomat", message] => Resource::Message { message_id: (*message).to_owned() },
        _ => Resource::Nothing,
    }
}

fn receipt(first: &First) -> Value {
    json!({"vastaanottotunnus": first.receipt, "vastaanotettu": first.taken_in_at})
}

fn other_receipt(now: &str) -> Value {
    json!({"vastaanottotunnus": "W-999999", "vastaanotettu": now})
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    Answer::new(status, JSON, body.to_string())
}

fn error(status: StatusCode, code: &str, text: &str) -> Answer {
    answer(status, &json!({"virhe": {"koodi": code, "viesti": text}}))
}

fn oauth_error(status: StatusCode, code: &str) -> Answer {
    answer(status, &json!({"error": code})).with_header(CACHE_CONTROL, "no-store")
}

fn header_text<'a>(request: &'a Received, name: &HeaderName) -> Option<&'a str> {
    request.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Undoes `application/x-www-form-urlencoded`. `None` if it is not properly encoded.
fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [left.next()?, left.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}
