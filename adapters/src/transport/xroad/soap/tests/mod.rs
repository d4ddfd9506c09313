//! Are messages accepted and refused as X-Road's security servers do it?

mod answers;
mod documents;
mod faults;
mod published;
mod requests;
mod written;

use super::*;

/// A message in parts, so that a test can take out, double, move or alter one.
#[derive(Clone)]
struct Sample {
    envelope: String,
    fields: Vec<(&'static str, String)>,
    body: Option<String>,
}

const CLIENT: &str = "<xroad:client id:objectType=\"SUBSYSTEM\"><id:xRoadInstance>FI-TEST</id:xRoadInstance>\
    <id:memberClass>GOV</id:memberClass><id:memberCode>0245437-2</id:memberCode>\
    <id:subsystemCode>polku</id:subsystemCode></xroad:client>";
const SERVICE: &str = "<xroad:service id:objectType=\"SERVICE\"><id:xRoadInstance>FI-TEST</id:xRoadInstance>\
    <id:memberClass>GOV</id:memberClass><id:memberCode>2858394-9</id:memberCode>\
    <id:subsystemCode>te</id:subsystemCode><id:serviceCode>refer</id:serviceCode>\
    <id:serviceVersion>v1</id:serviceVersion></xroad:service>";
const PARTY: &str = "<repr:representedParty><repr:partyClass>COM</repr:partyClass>\
    <repr:partyCode>1234567-1</repr:partyCode></repr:representedParty>";
const SERVER: &str = "<xroad:securityServer id:objectType=\"SERVER\"><id:xRoadInstance>FI-TEST</id:xRoadInstance>\
    <id:memberClass>GOV</id:memberClass><id:memberCode>2858394-9</id:memberCode>\
    <id:serverCode>ss1</id:serverCode></xroad:securityServer>";

impl Sample {
    fn request() -> Self {
        Self {
            envelope: ENVELOPE.to_owned(),
            fields: vec![
                ("client", CLIENT.to_owned()),
                ("service", SERVICE.to_owned()),
                ("securityServer", SERVER.to_owned()),
                ("id", "<xroad:id>m-1</xroad:id>".to_owned()),
                ("userId", "<xroad:userId>FI123</xroad:userId>".to_owned()),
                ("representedParty", PARTY.to_owned()),
                ("issue", "<xroad:issue>d-1</xroad:issue>".to_owned()),
                ("protocolVersion", "<xroad:protocolVersion>4.0</xroad:protocolVersion>".to_owned()),
            ],
            body: Some("<te:refer xmlns:te=\"urn:te\"><te:reason>x</te:reason></te:refer>".to_owned()),
        }
    }

    fn answer() -> Self {
        let body = "<te:referResponse xmlns:te=\"urn:te\"><te:ok/></te:referResponse>";
        Self { body: Some(body.to_owned()), ..Self::request() }
    }

    fn without(mut self, field: &str) -> Self {
        self.fields.retain(|(name, _)| *name != field);
        self
    }

    fn doubled(mut self, field: &str) -> Self {
        let copy = self.fields.iter().find(|(name, _)| *name == field).unwrap().clone();
        self.fields.push(copy);
        self
    }

    fn replaced(mut self, from: &str, to: &str) -> Self {
        let mut hits = 0;
        for (_, text) in &mut self.fields {
            hits += text.matches(from).count();
            *text = text.replacen(from, to, 1);
        }
        assert!(hits > 0, "nothing to replace: {from}");
        self
    }

    fn with_body(self, body: &str) -> Self {
        Self { body: Some(body.to_owned()), ..self }
    }

    fn header(&self) -> String {
        self.fields.iter().map(|(_, text)| text.as_str()).collect()
    }

    fn text(&self) -> String {
        let body = self.body.as_ref().map(|body| format!("<s:Body>{body}</s:Body>")).unwrap_or_default();
        self.around(&format!("<s:Header>{}</s:Header>{body}", self.header()))
    }

    fn around(&self, inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"{}\" xmlns:xroad=\"{XROAD}\" \
             xmlns:id=\"{IDENTIFIERS}\" xmlns:repr=\"{REPRESENTATION}\">{inside}</s:Envelope>",
            self.envelope
        )
    }
}

fn verdict(request: &str) -> String {
    check_exchange(request.as_bytes(), None).to_string()
}

fn exchange(request: &str, answer: &str) -> String {
    check_exchange(request.as_bytes(), Some(answer.as_bytes())).to_string()
}

fn message(text: &str) -> SoapMessage {
    check_request(text.as_bytes()).unwrap()
}

/// Reads an answer to a request as if the request were our own.
fn accepted(request: &[u8], answer: &[u8]) -> Result<SoapMessage, XroadFault> {
    accept_answer(check_request(request)?.headers(), &request_hash(request), answer)
}

fn rejects(text: &str, code: &str) {
    assert_eq!(verdict(text), format!("reject client.{code}"), "{text}");
}

fn accepts(text: &str) {
    assert_eq!(verdict(text), "accept", "{text}");
}
