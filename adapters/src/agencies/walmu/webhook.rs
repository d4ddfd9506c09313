//! How is a webhook of the case management authenticated, read and answered?

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use polku_proto::AgencyId;
use ring::hmac;
use serde::Serialize;

use super::{Misread, codes, told};
use crate::setting::Secret;
use crate::{Inbound, InboundError, InboundEvent, InboundOutcome, Reply, Retry};

/// The header with the instant of signing, in seconds since 1970.
pub(super) const TIMESTAMP: &str = "walmu-timestamp";
/// The header with the signature.
pub(super) const SIGNATURE: &str = "walmu-signature";
/// How far that instant may be from now, in seconds.
const WINDOW_SECONDS: i64 = 300;
/// Largest body, in bytes: a plan of ordinary size many times over.
const MAX_BODY_BYTES: usize = 512 * 1024;
/// What nobody has to read to the end to find out whose it is, in bytes: more than the inbound listener lets in.
const MAX_SIGNED_BYTES: usize = 1024 * 1024;
/// The code of a message that cannot be read.
const INVALID: &str = "VIRHEELLINEN_SISALTO";
/// The code of a message that is not authenticated.
const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
const JSON: &str = "application/json";

/// Makes the key of the signatures.
pub(super) fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())
}

/// Authenticates and reads a webhook.
pub(super) fn receive(
    key: &hmac::Key,
    own: &AgencyId,
    inbound: &Inbound<'_>,
) -> Result<InboundEvent, InboundError> {
    if inbound.body.len() > MAX_SIGNED_BYTES {
        return Err(InboundError::Unauthenticated { expected: "a body of at most 1048576 bytes" });
    }
    authenticate(key, inbound.headers, inbound.body, inbound.now)
        .map_err(|expected| InboundError::Unauthenticated { expected })?;
    let read = if inbound.body.len() > MAX_BODY_BYTES {
        Err(Misread("a body of at most 524288 bytes"))
    } else {
        told::read(inbound.body, own)
    };
    read.map_err(|Misread(expected)| InboundError::Malformed {
        code: INVALID.to_owned(),
        expected: expected.to_owned(),
    })
}

fn authenticate(
    key: &hmac::Key,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), &'static str> {
    let signed_at = only(headers, TIMESTAMP).ok_or("one header `Walmu-Timestamp`")?;
    let signature = only(headers, SIGNATURE).ok_or("one header `Walmu-Signature`")?;
    let expected = "`Walmu-Signature: v1=` and 64 lower-case hex digits";
    let digits =
        signature.strip_prefix("v1=").filter(|digits| !digits.contains(|digit: char| digit.is_uppercase()));
    let tag = digits.and_then(crate::setting::hex).ok_or(expected)?;
    let mut signed = Vec::with_capacity(signed_at.len() + 1 + body.len());
    signed.extend_from_slice(signed_at.as_bytes());
    signed.push(b'.');
    signed.extend_from_slice(body);
    // `verify` takes the same time wherever the first difference is.
    hmac::verify(key, &signed, &tag).map_err(|_| "a signature with the shared secret")?;
    let is_number = !signed_at.is_empty() && signed_at.bytes().all(|digit| digit.is_ascii_digit());
    let seconds: Option<i64> = signed_at.parse().ok().filter(|_| is_number);
    let distance = seconds.map(|seconds| now.as_second().abs_diff(seconds));
    match distance {
        Some(distance) if distance <= WINDOW_SECONDS.unsigned_abs() => Ok(()),
        Some(_) | None => Err("`Walmu-Timestamp`, seconds since 1970, at most 300 from now"),
    }
}

/// Gives the value of a header that stands once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[derive(Serialize)]
struct Kasitelty {
    tila: &'static str,
    tapahtumanumero: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lahetetty {
    lahete_tunnus: String,
    tila: &'static str,
    tapahtumanumero: u64,
}

#[derive(Serialize)]
struct Tallennettu {
    tapahtumanumero: u64,
}

#[derive(Serialize)]
struct Hylatty<'a> {
    virhe: Virhe<'a>,
}

#[derive(Serialize)]
struct Virhe<'a> {
    koodi: &'a str,
    viesti: &'a str,
}

/// Words an answer.
pub(super) fn reply(outcome: &InboundOutcome) -> Reply {
    let reply = match outcome {
        InboundOutcome::Applied { state, sequence } => {
            let tila = codes::state(*state).unwrap_or_default();
            json(StatusCode::OK, &Kasitelty { tila, tapahtumanumero: *sequence })
        }
        InboundOutcome::Sent { referral, state, sequence } => {
            let tila = codes::state(*state).unwrap_or_default();
            let lahete_tunnus = referral.to_string();
            json(StatusCode::OK, &Lahetetty { lahete_tunnus, tila, tapahtumanumero: *sequence })
        }
        InboundOutcome::PlanTaken { sequence } => {
            json(StatusCode::OK, &Tallennettu { tapahtumanumero: *sequence })
        }
        InboundOutcome::Unreadable(InboundError::Unauthenticated { expected }) => {
            refusal(StatusCode::UNAUTHORIZED, UNAUTHENTICATED, &format!("expected {expected}"))
        }
        InboundOutcome::Unreadable(InboundError::Malformed { code, expected }) => {
            refusal(StatusCode::BAD_REQUEST, code, &format!("expected {expected}"))
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::Never } => {
            refusal(StatusCode::CONFLICT, reason, hint)
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::After(_) } => {
            refusal(StatusCode::TOO_MANY_REQUESTS, reason, hint)
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::Backoff | Retry::FindOut } => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, reason, hint)
        }
    };
    Reply { retry_after: outcome.retry_after(), ..reply }
}

fn refusal(status: StatusCode, koodi: &str, viesti: &str) -> Reply {
    json(status, &Hylatty { virhe: Virhe { koodi, viesti } })
}

fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    match serde_json::to_vec(body) {
        Ok(body) => Reply { status, content_type: JSON, body, retry_after: None },
        // Structs of texts and numbers can always be written.
        Err(_) => Reply {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            content_type: JSON,
            body: Vec::new(),
            retry_after: None,
        },
    }
}
