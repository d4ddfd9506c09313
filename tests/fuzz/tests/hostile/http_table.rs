//! Which hostile headers are there, and with which code is a message with them refused?

use http::{HeaderMap, HeaderName, HeaderValue};

/// A case: a good message of an agency's, but for its headers.
pub struct Case {
    /// What is hostile about it.
    pub name: &'static str,
    /// The agency.
    pub agency: &'static str,
    /// Makes the headers of the good ones.
    pub edit: fn(HeaderMap) -> HeaderMap,
    /// The code. `+`: taken in.
    pub code: &'static str,
}

const fn case(
    name: &'static str,
    agency: &'static str,
    code: &'static str,
    edit: fn(HeaderMap) -> HeaderMap,
) -> Case {
    Case { name, agency, edit, code }
}

const TYPE: &str = "client.invalid_content_type";
const CLIENT: &str = "client.invalid_client_identifier";
const TWICE: &str = "client.duplicate_header_field";
const NOBODY: &str = "UNAUTHENTICATED";

/// Every case.
pub const CASES: &[Case] = &[
    case("as it should be", "te", "+", |h| h),
    case("no content type", "te", TYPE, |h| without(h, "content-type")),
    case("JSON", "te", TYPE, |h| with(h, "content-type", b"application/json")),
    case("SOAP 1.2", "te", TYPE, |h| with(h, "content-type", b"application/soap+xml")),
    case("application/xml", "te", TYPE, |h| with(h, "content-type", b"application/xml")),
    case("multipart", "te", TYPE, |h| with(h, "content-type", b"multipart/related; boundary=a")),
    case("multipart in upper case", "te", TYPE, |h| {
        with(h, "content-type", b"MULTIPART/related; boundary=a")
    }),
    case("bytes that are no text", "te", TYPE, |h| with(h, "content-type", b"text/xml\xff")),
    case("two content types", "te", TYPE, |h| and(h, "content-type", b"application/json")),
    case("another charset", "te", TYPE, |h| with(h, "content-type", b"text/xml; charset=utf-7")),
    case("action without quotes", "te", "client.invalid_soap_action", |h| with(h, "soapaction", b"a")),
    case("action with one quote", "te", "client.invalid_soap_action", |h| with(h, "soapaction", b"\"")),
    case("action that is no URI", "te", "client.invalid_soap_action", |h| with(h, "soapaction", b"\"<a>\"")),
    case("two actions", "te", "client.invalid_soap_action", |h| and(h, "soapaction", b"a")),
    case("as it should be", "kela", "+", |h| h),
    case("no content type", "kela", TYPE, |h| without(h, "content-type")),
    case("XML", "kela", TYPE, |h| with(h, "content-type", b"text/xml")),
    case("FHIR", "kela", TYPE, |h| with(h, "content-type", b"application/fhir+json")),
    case("a form", "kela", TYPE, |h| with(h, "content-type", b"application/x-www-form-urlencoded")),
    case("another charset", "kela", TYPE, |h| with(h, "content-type", b"application/json; charset=utf-16")),
    case("two content types", "kela", TWICE, |h| and(h, "content-type", b"application/json")),
    case("compressed", "kela", TYPE, |h| with(h, "content-encoding", b"gzip")),
    case("no client", "kela", "client.missing_header_field", |h| without(h, "x-road-client")),
    case("two clients", "kela", TWICE, |h| and(h, "x-road-client", b"FI-TEST/MUN/0204819-8/nuoret")),
    case("another client", "kela", NOBODY, |h| with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/muu")),
    case("client without subsystem", "kela", NOBODY, |h| with(h, "x-road-client", b"FI-TEST/MUN/0204819-8")),
    case("client of two parts", "kela", CLIENT, |h| with(h, "x-road-client", b"FI-TEST/MUN")),
    case("client of six parts", "kela", CLIENT, |h| with(h, "x-road-client", b"a/b/c/d/e/f")),
    case("client with a way up", "kela", NOBODY, |h| with(h, "x-road-client", b"FI-TEST/MUN/../nuoret")),
    case("client with a slash in a part", "kela", CLIENT, |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/nuoret%2Fa")
    }),
    case("client that is no percent-encoding", "kela", "client.invalid_encoding", |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/%zz")
    }),
    case("client that is no UTF-8", "kela", "client.invalid_encoding", |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/%ff")
    }),
    case("client of bytes that are no text", "kela", "client.invalid_header_field", |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/\xff")
    }),
    case("client of 60,000 characters", "kela", CLIENT, |h| with(h, "x-road-client", &[b'a'; 60_000])),
    case("another service", "kela", "client.unknown_service", |h| {
        with(h, "x-road-service", b"FI-TEST/COM/0245437-2/polku/fhir")
    }),
    case("service of somebody else", "kela", "client.unknown_service", |h| {
        with(h, "x-road-service", b"FI-TEST/COM/0245437-3/polku/ohjausviestit")
    }),
    case("service of two parts", "kela", "client.invalid_service_identifier", |h| {
        with(h, "x-road-service", b"a/b")
    }),
    case("no id", "kela", "client.missing_header_field", |h| without(h, "x-road-id")),
    case("two ids", "kela", TWICE, |h| and(h, "x-road-id", b"1")),
    case("empty id", "kela", "client.invalid_header_field", |h| with(h, "x-road-id", b"")),
    case("two users", "kela", TWICE, |h| and(with(h, "x-road-userid", b"FIa"), "x-road-userid", b"FIb")),
    case("represented party without code", "kela", "client.invalid_represented_party", |h| {
        with(h, "x-road-represented-party", b"MUN/")
    }),
    case("as it should be", "social", "+", |h| h),
    case("JSON", "social", TYPE, |h| with(h, "content-type", b"application/json")),
    case("XML of FHIR", "social", TYPE, |h| with(h, "content-type", b"application/fhir+xml")),
    case("client of another agency", "social", NOBODY, |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/nuoret")
    }),
    case("service of another agency", "social", "client.unknown_service", |h| {
        with(h, "x-road-service", b"FI-TEST/COM/0245437-2/polku/ohjausviestit")
    }),
    case("as it should be", "walmu", "+", |h| h),
    case("no signature", "walmu", NOBODY, |h| without(h, "walmu-signature")),
    case("two signatures", "walmu", NOBODY, |h| {
        let first = h["walmu-signature"].as_bytes().to_vec();
        and(h, "walmu-signature", &first)
    }),
    case("signature of another version", "walmu", NOBODY, |h| edited(h, "walmu-signature", "v1=", "v0=")),
    case("signature without version", "walmu", NOBODY, |h| edited(h, "walmu-signature", "v1=", "")),
    case("list of signatures", "walmu", NOBODY, |h| {
        let list = format!("{0},{0}", h["walmu-signature"].to_str().unwrap());
        with(h, "walmu-signature", list.as_bytes())
    }),
    case("empty signature", "walmu", NOBODY, |h| with(h, "walmu-signature", b"v1=")),
    case("signature of zeros", "walmu", NOBODY, |h| {
        with(h, "walmu-signature", format!("v1={}", "0".repeat(64)).as_bytes())
    }),
    case("signature of 60,000 digits", "walmu", NOBODY, |h| {
        with(h, "walmu-signature", format!("v1={}", "0".repeat(60_000)).as_bytes())
    }),
    case("signature in upper case", "walmu", NOBODY, |h| {
        let upper = h["walmu-signature"].to_str().unwrap().to_uppercase().replace("V1", "v1");
        with(h, "walmu-signature", upper.as_bytes())
    }),
    case("no time", "walmu", NOBODY, |h| without(h, "walmu-timestamp")),
    case("another time", "walmu", NOBODY, |h| with(h, "walmu-timestamp", b"1795253461")),
    case("time with a sign", "walmu", NOBODY, |h| with(h, "walmu-timestamp", b"+1795253460")),
    case("time beyond numbers", "walmu", NOBODY, |h| with(h, "walmu-timestamp", &[b'9'; 1000])),
    case("two times", "walmu", NOBODY, |h| and(h, "walmu-timestamp", b"1795253460")),
];

fn with(mut headers: HeaderMap, name: &'static str, value: &[u8]) -> HeaderMap {
    headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
    headers
}

fn and(mut headers: HeaderMap, name: &'static str, value: &[u8]) -> HeaderMap {
    headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
    headers
}

fn without(mut headers: HeaderMap, name: &'static str) -> HeaderMap {
    headers.remove(name);
    headers
}

fn edited(headers: HeaderMap, name: &'static str, from: &str, to: &str) -> HeaderMap {
    let value = headers[name].to_str().unwrap().replace(from, to);
    with(headers, name, value.as_bytes())
}
