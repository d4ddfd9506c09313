//! What do social services answer to a message?

use polku_proto::MessageId;
use serde_json::Value;

use super::codes;
use crate::agencies::answer;
use crate::formats::fhir::element::urn;
use crate::formats::fhir::{Place, json};
use crate::{DeliveryStatus, Receipt};

/// Reads the answer to a transaction of this many entries: the receipt is the Provenance that it has made.
pub(super) fn read_receipt(body: &[u8], message: MessageId, entries: usize) -> Option<Receipt> {
    let bundle = resource(body, "Bundle")?;
    if text(&bundle, "/type") != Some("transaction-response")
        || text(&bundle, "/identifier/value") != Some(urn(message.uuid()).as_str())
    {
        return None;
    }
    let answered = bundle.get("entry")?.as_array()?;
    let good = |entry: &Value| {
        let status = text(entry, "/response/status").unwrap_or_default();
        matches!(status.split(' ').next(), Some("200" | "201"))
    };
    if answered.len() != entries || !answered.iter().all(good) {
        return None;
    }
    let location = text(answered.last()?, "/response/location")?;
    let made = location.split_once("/_history/").map_or(location, |(made, _)| made);
    receipt(made.strip_prefix("Provenance/")?)
}

/// Reads the answer to a search for the Provenance of a message.
pub(super) fn read_status(body: &[u8], message: MessageId) -> Option<DeliveryStatus> {
    let bundle = resource(body, "Bundle")?;
    if text(&bundle, "/type") != Some("searchset") {
        return None;
    }
    let found = match bundle.get("entry") {
        None => &[],
        Some(entries) => entries.as_array()?.as_slice(),
    };
    match found {
        [] => Some(DeliveryStatus::NotArrived),
        [entry] => {
            let found =
                entry.get("resource").filter(|found| text(found, "/resourceType") == Some("Provenance"))?;
            let tags = found.pointer("/meta/tag")?.as_array()?;
            let names = |tag: &Value| {
                text(tag, "/system") == Some(codes::MESSAGE)
                    && text(tag, "/code") == Some(message.to_string().as_str())
            };
            tags.iter().any(names).then_some(())?;
            receipt(text(found, "/id")?).map(DeliveryStatus::Arrived)
        }
        // Of one message there is one.
        _ => None,
    }
}

/// What an OperationOutcome says.
pub(super) struct Refusal {
    /// The code of the county's own list, or else FHIR's.
    pub(super) code: String,
    /// What FHIR's tells.
    pub(super) cause: Cause,
}

/// What FHIR says of the cause of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It passes (FHIR's `transient` and what stands below it), and nothing has been taken in.
    Passing,
    /// Time has run out inside: it may have been taken in.
    TimedOut,
    /// It stays until somebody changes something.
    Staying,
}

/// Reads a refusal.
pub(super) fn read_error(body: &[u8]) -> Option<Refusal> {
    let outcome = resource(body, "OperationOutcome")?;
    let issue = text(&outcome, "/issue/0/code");
    let own = text(&outcome, "/issue/0/details/coding/0/code");
    let cause = match issue {
        Some("transient" | "lock-error" | "no-store" | "exception" | "incomplete" | "throttled") => {
            Cause::Passing
        }
        Some("timeout") => Cause::TimedOut,
        Some(_) | None => Cause::Staying,
    };
    Some(Refusal { code: own.or(issue)?.to_owned(), cause })
}

fn receipt(id: &str) -> Option<Receipt> {
    let is_id =
        id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    answer::receipt(id).filter(|_| is_id)
}

fn resource(body: &[u8], kind: &str) -> Option<Value> {
    let read = json::read_bounded(std::str::from_utf8(body).ok()?, &Place::root("Bundle")).ok()?;
    Some(read).filter(|read| text(read, "/resourceType") == Some(kind))
}

fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value.pointer(path)?.as_str()
}
