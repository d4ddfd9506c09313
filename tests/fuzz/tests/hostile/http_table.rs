//! Which hostile headers are there, and with which code is a message with them refused?

use http::{HeaderMap, HeaderName, HeaderValue};

/// A case: a good message of an agency's, but for its headers.
pub struct Case {
    /// What is hostile about it.
    pub name: &'static str,
    /// The doors at which it is tried: of every agency that speaks so.
    pub doors: &'static [&'static str],
    /// Makes the headers of the good ones.
    pub edit: fn(HeaderMap) -> HeaderMap,
    /// The code. `+`: taken in.
    pub code: &'static str,
}

const fn case(
    name: &'static str,
    doors: &'static [&'static str],
    code: &'static str,
    edit: fn(HeaderMap) -> HeaderMap,
) -> Case {
    Case { name, doors, edit, code }
}

/// X-Road SOAP.
const SOAP: &[&str] = &["te message", "typpi message"];
/// X-Road REST.
const REST: &[&str] = &["kela message", "social message"];
const KELA: &[&str] = &["kela message"];
const SOCIAL: &[&str] = &["social message"];
const WALMU: &[&str] = &["walmu message"];

const TYPE: &str = "client.invalid_content_type";
const CLIENT: &str = "client.invalid_client_identifier";
const FIELD: &str = "client.invalid_header_field";
const TWICE: &str = "client.duplicate_header_field";
const NOBODY: &str = "UNAUTHENTICATED";

/// Every case.
pub const CASES: &[Case] = &[
    case("as it should be", SOAP, "+", |h| h),
    case("no content type", SOAP, TYPE, |h| without(h, "content-type")),
    case("JSON", SOAP, TYPE, |h| with(h, "content-type", b"application/json")),
    case("SOAP 1.2", SOAP, TYPE, |h| with(h, "content-type", b"application/soap+xml")),
    case("application/xml", SOAP, TYPE, |h| with(h, "content-type", b"application/xml")),
    case("multipart", SOAP, TYPE, |h| with(h, "content-type", b"multipart/related; boundary=a")),
    case("multipart in upper case", SOAP, TYPE, |h| {
        with(h, "content-type", b"MULTIPART/related; boundary=a")
    }),
    case("bytes that are no text", SOAP, TYPE, |h| with(h, "content-type", b"text/xml\xff")),
    case("two content types", SOAP, TYPE, |h| and(h, "content-type", b"application/json")),
    case("another charset", SOAP, TYPE, |h| with(h, "content-type", b"text/xml; charset=utf-7")),
    case("action without quotes", SOAP, "client.invalid_soap_action", |h| with(h, "soapaction", b"a")),
    case("action with one quote", SOAP, "client.invalid_soap_action", |h| with(h, "soapaction", b"\"")),
    case("action that is no URI", SOAP, "client.invalid_soap_action", |h| with(h, "soapaction", b"\"<a>\"")),
    case("two actions", SOAP, "client.invalid_soap_action", |h| and(h, "soapaction", b"a")),
    case("as it should be", KELA, "+", |h| h),
    case("no content type", REST, TYPE, |h| without(h, "content-type")),
    case("XML", REST, TYPE, |h| with(h, "content-type", b"text/xml")),
    case("FHIR", KELA, TYPE, |h| with(h, "content-type", b"application/fhir+json")),
    case("a form", REST, TYPE, |h| with(h, "content-type", b"application/x-www-form-urlencoded")),
    case("another charset", REST, TYPE, |h| with(h, "content-type", b"application/json; charset=utf-16")),
    case("two content types", REST, TWICE, |h| and(h, "content-type", b"application/json")),
    case("compressed", REST, TYPE, |h| with(h, "content-encoding", b"gzip")),
    case("no client", REST, "client.missing_header_field", |h| without(h, "x-road-client")),
    case("two clients", REST, TWICE, |h| and(h, "x-road-client", b"FI-TEST/MUN/0204819-8/nuoret")),
    case("another client", REST, NOBODY, |h| with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/muu")),
    case("client without subsystem", REST, NOBODY, |h| with(h, "x-road-client", b"FI-TEST/MUN/0204819-8")),
    case("client of two parts", REST, CLIENT, |h| with(h, "x-road-client", b"FI-TEST/MUN")),
    case("client of six parts", REST, CLIENT, |h| with(h, "x-road-client", b"a/b/c/d/e/f")),
    case("client with a way up", REST, NOBODY, |h| with(h, "x-road-client", b"FI-TEST/MUN/../nuoret")),
    case("client with a slash in a part", REST, CLIENT, |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/nuoret%2Fa")
    }),
    case("client that is no percent-encoding", REST, "client.invalid_encoding", |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/%zz")
    }),
    case("client that is no UTF-8", REST, "client.invalid_encoding", |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/%ff")
    }),
    case("client of bytes that are no text", REST, "client.invalid_header_field", |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/\xff")
    }),
    case("client of 60,000 characters", REST, CLIENT, |h| with(h, "x-road-client", &[b'a'; 60_000])),
    case("another service", KELA, "client.unknown_service", |h| {
        with(h, "x-road-service", b"FI-TEST/COM/0245437-2/polku/fhir")
    }),
    case("service of somebody else", REST, "client.unknown_service", |h| {
        with(h, "x-road-service", b"FI-TEST/COM/0245437-3/polku/ohjausviestit")
    }),
    case("service of two parts", REST, "client.invalid_service_identifier", |h| {
        with(h, "x-road-service", b"a/b")
    }),
    case("no id", REST, "client.missing_header_field", |h| without(h, "x-road-id")),
    case("two ids", REST, TWICE, |h| and(h, "x-road-id", b"1")),
    case("empty id", REST, "client.invalid_header_field", |h| with(h, "x-road-id", b"")),
    case("two users", REST, TWICE, |h| and(with(h, "x-road-userid", b"FIa"), "x-road-userid", b"FIb")),
    case("a person as user", REST, FIELD, |h| with(h, "x-road-userid", b"FI010594Y9032")),
    case("another user than the body's", REST, FIELD, |h| with(h, "x-road-userid", b"FIjoku-muu")),
    case("a person as issue", REST, FIELD, |h| with(h, "x-road-issue", b"010594Y9032")),
    case("a person as represented party", REST, FIELD, |h| {
        with(h, "x-road-represented-party", b"MUN/010594Y9032")
    }),
    case("represented party without code", REST, "client.invalid_represented_party", |h| {
        with(h, "x-road-represented-party", b"MUN/")
    }),
    case("as it should be", SOCIAL, "+", |h| h),
    case("JSON", SOCIAL, TYPE, |h| with(h, "content-type", b"application/json")),
    case("XML of FHIR", SOCIAL, TYPE, |h| with(h, "content-type", b"application/fhir+xml")),
    case("client of another agency", SOCIAL, NOBODY, |h| {
        with(h, "x-road-client", b"FI-TEST/MUN/0204819-8/nuoret")
    }),
    case("service of another agency", SOCIAL, "client.unknown_service", |h| {
        with(h, "x-road-service", b"FI-TEST/COM/0245437-2/polku/ohjausviestit")
    }),
    case("as it should be", WALMU, "+", |h| h),
    case("no signature", WALMU, NOBODY, |h| without(h, "walmu-signature")),
    case("two signatures", WALMU, NOBODY, |h| {
        let first = h["walmu-signature"].as_bytes().to_vec();
        and(h, "walmu-signature", &first)
    }),
    case("signature of another version", WALMU, NOBODY, |h| edited(h, "walmu-signature", "v1=", "v0=")),
    case("signature without version", WALMU, NOBODY, |h| edited(h, "walmu-signature", "v1=", "")),
    case("list of signatures", WALMU, NOBODY, |h| {
        let list = format!("{0},{0}", h["walmu-signature"].to_str().unwrap());
        with(h, "walmu-signature", list.as_bytes())
    }),
    case("empty signature", WALMU, NOBODY, |h| with(h, "walmu-signature", b"v1=")),
    case("signature of zeros", WALMU, NOBODY, |h| {
        with(h, "walmu-signature", format!("v1={}", "0".repeat(64)).as_bytes())
    }),
    case("signature of 60,000 digits", WALMU, NOBODY, |h| {
        with(h, "walmu-signature", format!("v1={}", "0".repeat(60_000)).as_bytes())
    }),
    case("signature in upper case", WALMU, NOBODY, |h| {
        let upper = h["walmu-signature"].to_str().unwrap().to_uppercase().replace("V1", "v1");
        with(h, "walmu-signature", upper.as_bytes())
    }),
    case("no time", WALMU, NOBODY, |h| without(h, "walmu-timestamp")),
    case("another time", WALMU, NOBODY, |h| with(h, "walmu-timestamp", b"1795253461")),
    case("time with a sign", WALMU, NOBODY, |h| with(h, "walmu-timestamp", b"+1795253460")),
    case("time beyond numbers", WALMU, NOBODY, |h| with(h, "walmu-timestamp", &[b'9'; 1000])),
    case("two times", WALMU, NOBODY, |h| and(h, "walmu-timestamp", b"1795253460")),
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
