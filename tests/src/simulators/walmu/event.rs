//! What does a worker of the workshop tell the gateway, and how is the answer to be read?

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use ring::hmac;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::page::STATES;
use crate::simulators::client::RawReply;
use crate::simulators::official::{Action, Official};

/// The contents of the webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `tapahtumaId`; the same in every attempt.
    pub event_id: Uuid,
    /// UUID of the referral.
    pub referral: String,
    /// What is done.
    pub action: Action,
    /// Who acts.
    pub official: Official,
    /// `syy`, a code of the document.
    pub reason: Option<String>,
    /// `tulos`, a code of the document.
    pub outcome: Option<String>,
    /// `huomautus`.
    pub note: Option<String>,
}

impl Event {
    /// A new event by worker `valmentaja-1` of `nuorten-tyopaja`.
    #[must_use]
    pub fn new(referral: &str, action: Action) -> Self {
        Self {
            event_id: Uuid::now_v7(),
            referral: referral.to_owned(),
            action,
            official: Official::new("valmentaja-1", "nuorten-tyopaja"),
            reason: None,
            outcome: None,
            note: None,
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

    /// The bytes of the webhook.
    #[must_use]
    pub fn body(&self) -> String {
        let mut event = Map::new();
        event.insert("tapahtumaId".to_owned(), json!(self.event_id.to_string()));
        event.insert("laheteTunnus".to_owned(), json!(self.referral));
        event.insert("tapahtuma".to_owned(), json!(self.action.walmu_code()));
        event.insert(
            "kasittelija".to_owned(),
            json!({"tunnus": self.official.id, "yksikko": self.official.unit}),
        );
        for (name, value) in [("syy", &self.reason), ("tulos", &self.outcome), ("huomautus", &self.note)] {
            if let Some(value) = value {
                event.insert(name.to_owned(), json!(value));
            }
        }
        Value::Object(event).to_string()
    }
}

/// The value of `Walmu-Signature` for this timestamp (seconds since 1970) and body.
#[must_use]
pub fn sign(secret: &[u8], timestamp: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let digits: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={digits}")
}

/// The gateway's answer to the webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventReply {
    /// It was taken in.
    Applied {
        /// `tila`: the state of the referral now.
        state: String,
        /// `tapahtumanumero`: the gateway's audit sequence.
        sequence: u64,
    },
    /// It was refused.
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// `virhe.koodi`: the gateway's reason code.
        code: String,
    },
    /// An HTTP error that is not in the form of the document.
    HttpError {
        /// HTTP status.
        status: StatusCode,
    },
}

impl EventReply {
    pub(crate) fn read(reply: &RawReply) -> Result<Self> {
        let status = reply.status;
        let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
        if status == StatusCode::OK {
            let body = body.context("the answer under 200 is no JSON")?;
            let state = body.get("tila").and_then(Value::as_str).context("no tila")?.to_owned();
            ensure!(STATES.contains(&state.as_str()), "unknown state {state}");
            let sequence =
                body.get("tapahtumanumero").and_then(Value::as_u64).context("no tapahtumanumero")?;
            return Ok(Self::Applied { state, sequence });
        }
        ensure!(
            status.is_client_error() || status.is_server_error(),
            "neither an answer nor a refusal: {status}"
        );
        let code = body.as_ref().and_then(|body| body.pointer("/virhe/koodi")).and_then(Value::as_str);
        Ok(match code {
            Some(code) => Self::Refused { status, code: code.to_owned() },
            None => Self::HttpError { status },
        })
    }
}
