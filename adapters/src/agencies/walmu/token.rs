//! Which access token is sent, and when is a new one fetched?

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::AdapterErrorKind;
use crate::agencies::answer::Failure;
use crate::setting::Secret;
use crate::transport::http::{HttpClient, TransportError, TransportErrorKind};

/// A token is not used any more when this much of its time is left.
const MARGIN_SECONDS: i64 = 30;
/// A token is kept for at most a day, whatever its issuer says.
const MAX_SECONDS: i64 = 24 * 60 * 60;
/// Longest token that is sent on, in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How long a token is kept whose issuer does not say how long it lasts, in seconds: a burst of messages takes one, and
/// one that has ended before is refused, and replaced.
const UNSTATED_SECONDS: i64 = 60;

/// Fetches and keeps the access token (RFC 6749, section 4.4).
pub(super) struct Tokens {
    http: HttpClient,
    url: http::Uri,
    authorization: HeaderValue,
    form: Bytes,
    kept: Mutex<Option<Token>>,
}

/// An access token, worded as the header `Authorization`.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) authorization: HeaderValue,
    /// When it was asked for.
    fetched: Timestamp,
    /// From when on it is not used any more.
    pub(super) until: Timestamp,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<i64>,
}

impl Tokens {
    pub(super) fn new(
        http: HttpClient,
        url: http::Uri,
        client_id: &str,
        secret: &Secret,
        scope: &str,
    ) -> Self {
        let (authorization, form) = (basic(client_id, secret), form(scope).into());
        Self { http, url, authorization, form, kept: Mutex::new(None) }
    }

    /// The way to who issues them.
    pub(super) fn connection(&self) -> &HttpClient {
        &self.http
    }

    /// Gives the token that is kept, or a new one. Those who ask while one is fetched wait for it, until this instant at
    /// the most: the message that needs it has not been written by then.
    pub(super) async fn get(&self, now: Timestamp, until: Instant) -> Result<Token, Failure> {
        self.kept_or_new(None, now, until).await
    }

    /// Gives a token other than this one, which was refused.
    pub(super) async fn replace(
        &self,
        refused: &Token,
        now: Timestamp,
        until: Instant,
    ) -> Result<Token, Failure> {
        self.kept_or_new(Some(refused), now, until).await
    }

    async fn kept_or_new(
        &self,
        refused: Option<&Token>,
        now: Timestamp,
        until: Instant,
    ) -> Result<Token, Failure> {
        let token = tokio::time::timeout_at(until, self.kept_or_fetched(refused, now)).await;
        token.unwrap_or_else(|_| Err(AdapterErrorKind::Timeout.into()))
    }

    async fn kept_or_fetched(&self, refused: Option<&Token>, now: Timestamp) -> Result<Token, Failure> {
        let mut kept = self.kept.lock().await;
        kept.take_if(|token| refused.is_some_and(|refused| refused.authorization == token.authorization));
        // A clock that was set back makes the end of the token unknown.
        if let Some(token) = kept.as_ref().filter(|token| token.fetched <= now && now < token.until) {
            return Ok(token.clone());
        }
        let token = self.fetch(now).await?;
        *kept = Some(token.clone());
        Ok(token)
    }

    async fn fetch(&self, now: Timestamp) -> Result<Token, Failure> {
        let mut request = Request::new(self.form.clone());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        let answer = self.http.send(request).await.map_err(before_the_message)?;
        let granted = (answer.status == StatusCode::OK).then(|| read(&answer.body, now)).flatten();
        granted.ok_or_else(|| AdapterErrorKind::Unavailable { after: answer.retry_after() }.into())
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").field("http", &self.http).finish_non_exhaustive()
    }
}

/// However the call for a token fails, the message itself has not been written.
fn before_the_message(error: TransportError) -> Failure {
    let kind = match error.kind {
        TransportErrorKind::Timeout => AdapterErrorKind::Timeout,
        TransportErrorKind::Unavailable | TransportErrorKind::Unanswered => {
            AdapterErrorKind::Unavailable { after: None }
        }
    };
    Failure::new(kind, error)
}

/// Reads the answer of the token endpoint, which was asked at the instant.
pub(super) fn read(body: &[u8], now: Timestamp) -> Option<Token> {
    let Granted { access_token, token_type, expires_in } = serde_json::from_slice(body).ok()?;
    let plain = access_token.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = plain && (1..=MAX_TOKEN_BYTES).contains(&access_token.len());
    if !fits || !token_type.eq_ignore_ascii_case("bearer") || expires_in.is_some_and(|seconds| seconds <= 0) {
        return None;
    }
    let lasts = match expires_in {
        Some(seconds) => seconds.min(MAX_SECONDS).saturating_sub(MARGIN_SECONDS),
        // Only recommended (RFC 6749, section 5.1).
        None => UNSTATED_SECONDS,
    };
    let lasts = SignedDuration::from_secs(lasts);
    let mut authorization = HeaderValue::try_from(format!("Bearer {access_token}")).ok()?;
    authorization.set_sensitive(true);
    Some(Token { authorization, fetched: now, until: now.checked_add(lasts).ok()? })
}

/// Words the request for a token; without scope where the issuer knows by itself what the gateway may do.
pub(super) fn form(scope: &str) -> String {
    let mut form = "grant_type=client_credentials".to_owned();
    if !scope.is_empty() {
        form.push_str("&scope=");
        form.push_str(&form_encoded(scope));
    }
    form
}

/// Words the gateway's own credentials. Both parts are form-encoded first (RFC 6749, section 2.3.1).
pub(super) fn basic(client_id: &str, secret: &Secret) -> HeaderValue {
    let pair = format!("{}:{}", form_encoded(client_id), form_encoded(secret.expose()));
    let text = format!("Basic {}", STANDARD.encode(pair));
    // Base64 always fits a header, so the other case never comes; the server would refuse it.
    let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

fn form_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte))
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
