//! What would the agency have answered to this very request? The recorded answer, with the recorded ids exchanged.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode};
use polku_adapters::Rehearsal;
use polku_adapters::transport::http::Answer;
use serde_json::Value;

use crate::agencies::{Message, Recorded};
use crate::plain;

type Failure = Box<dyn Error>;

const START: &str = "<SOAP-ENV:Header>";
const END: &str = "</SOAP-ENV:Header>";

/// The recorded answer of this name, as one to this request. Nothing if none is recorded.
pub(crate) fn answer(
    recorded: &Recorded,
    name: &str,
    rehearsal: &Rehearsal<'_>,
) -> Result<Option<Answer>, Failure> {
    let (id, request) = (rehearsal.id.as_str(), rehearsal.body.as_ref());
    let Some(page) = recorded.page(&format!("{name}.answer.http")) else { return Ok(None) };
    let status = page.split(' ').nth(1).ok_or("an answer without status")?.parse()?;
    let Message { mut headers, body, .. } = Message::read(name, &page)?;
    let recorded_id = headers.insert("x-road-id", HeaderValue::try_from(id)?);
    let mut body = String::from_utf8(body)?;
    if let Some(recorded_id) = recorded_id {
        body = body.replace(recorded_id.to_str()?, id);
    }
    if plain::is_xml(body.as_bytes()) {
        body = echoing(&body, request)?;
    }
    if body.contains("transaction-response") {
        body = as_long_as(&body, request)?;
    }
    Ok(Some(Answer { status: StatusCode::from_u16(status)?, headers, body: body.into() }))
}

/// With the request's headers, and its hash, as a security server answers.
fn echoing(answer: &str, request: &[u8]) -> Result<String, Failure> {
    let asked = std::str::from_utf8(request)?;
    let header = asked.split_once(START).and_then(|(_, rest)| rest.split_once(END));
    let (header, _) = header.ok_or("a request without header")?;
    let (before, rest) = answer.split_once("<env:Header>").ok_or("an answer without header")?;
    let (_, after) = rest.split_once("</env:Header>").ok_or("an answer without end of its header")?;
    let hash = STANDARD.encode(ring::digest::digest(&ring::digest::SHA512, request));
    Ok(format!(
        "{before}<env:Header xmlns:xroad=\"http://x-road.eu/xsd/xroad.xsd\" \
         xmlns:id=\"http://x-road.eu/xsd/identifiers\" xmlns:repr=\"http://x-road.eu/xsd/representation.xsd\">\
         {header}<xroad:requestHash algorithmId=\"http://www.w3.org/2001/04/xmlenc#sha512\">{hash}</xroad:requestHash>\
         </env:Header>{after}"
    ))
}

/// With as many entries as the transaction that it answers.
fn as_long_as(answer: &str, request: &[u8]) -> Result<String, Failure> {
    let asked: Value = serde_json::from_slice(request)?;
    let wanted = asked.get("entry").and_then(Value::as_array).map_or(0, Vec::len);
    let mut answer: Value = serde_json::from_str(answer)?;
    let entries = answer.get_mut("entry").and_then(Value::as_array_mut).ok_or("an answer without entries")?;
    let (first, last) = (entries.first().cloned(), entries.last().cloned());
    entries.clear();
    entries.extend(std::iter::repeat_n(first, wanted.saturating_sub(1)).chain([last]).flatten());
    Ok(answer.to_string())
}
