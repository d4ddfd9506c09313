//! How do the services of the employment office answer?

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, StatusCode};
use uuid::Uuid;

use crate::simulators::faults::{Fault, Operation, Plan};
use crate::simulators::ledger::{Effect, Effected, Received, TakenInKind};
use crate::simulators::server::{Agency, Answer};
use crate::simulators::te::TeSettings;
use crate::simulators::te::grammar::{self, Fields};
use crate::simulators::te::holdings::Holdings;
use crate::simulators::te::words::CONTENTS;
use crate::simulators::xml::Element;
use crate::simulators::xroad::Said;
use crate::simulators::xroad_soap::{Envelope, Refusal, XROAD, hash_header, write, write_technical_fault};

const XML: &str = "text/xml; charset=utf-8";
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");

/// The code of a message that is not as the document says.
const BAD_CONTENTS: &str = "VIRHEELLINEN_SISALTO";

/// Security server and service in one.
pub(crate) struct EmploymentServices {
    settings: Arc<TeSettings>,
    holdings: Holdings,
}

/// A business refusal, by its code.
struct Refused(String);

impl EmploymentServices {
    pub(crate) fn new(settings: Arc<TeSettings>, holdings: Holdings) -> Self {
        Self { settings, holdings }
    }

    fn open(&self, request: &Received) -> Result<Envelope, Refusal> {
        if !header_text(request, &CONTENT_TYPE).is_some_and(is_xml) {
            return Err(Refusal::ContentType);
        }
        if !header_text(request, &SOAP_ACTION).is_some_and(is_quoted_or_empty) {
            return Err(Refusal::SoapAction);
        }
        let envelope =
            Envelope::open_request(&request.body, &self.settings.gateway, &self.settings.provider)?;
        if envelope.body.namespace != CONTENTS || operation_of(&envelope.body.name) == Operation::Other {
            return Err(Refusal::UnknownService);
        }
        Ok(envelope)
    }

    fn perform(&self, envelope: &Envelope, plan: &Plan) -> Result<Element, Refused> {
        let body = &envelope.body;
        if let Some(code) =
            plan.last(|fault| if let Fault::BusinessFault(code) = fault { Some(code) } else { None })
        {
            return Err(Refused(code.clone()));
        }
        let agreed = &self.settings.agreed;
        let beside = envelope.beside();
        let admit = |fields: &Fields, sender: &str, about: &str| {
            let (sender, about) = (value(fields, sender), value(fields, about));
            let said = Said { sender: Some(&sender), professional: None, about: Some(&about) };
            if agreed.admits(&beside, said) { Ok(()) } else { Err(Refused(BAD_CONTENTS.to_owned())) }
        };
        match operation_of(&body.name) {
            Operation::Deliver => {
                let fields = read(body, grammar::REFERRAL)?;
                admit(&fields, "lahettaja", "laheteTunnus")?;
                self.take_in(TakenInKind::Referral, body, fields, plan)
            }
            Operation::Notify => {
                let fields = read(body, grammar::NOTICE)?;
                admit(&fields, "", "laheteTunnus")?;
                let referral = value(&fields, "laheteTunnus");
                if !self.settings.ledger.knows(&referral) {
                    return Err(Refused("TUNTEMATON_LAHETE".to_owned()));
                }
                self.take_in(TakenInKind::Notice, body, fields, plan)
            }
            Operation::Plan => {
                let fields = read(body, grammar::PLAN)?;
                admit(&fields, "omistaja", "suunnitelmaTunnus")?;
                self.take_in(TakenInKind::PlanPart, body, fields, plan)
            }
            Operation::Fetch => {
                let fields = read(body, grammar::QUESTION)?;
                admit(&fields, "kysyja", "kyselyTunnus")?;
                Ok(self.tell(&value(&fields, "henkilotunnus")))
            }
            Operation::Status | Operation::Disclosure | Operation::Token | Operation::Other => {
                let fields = read(body, grammar::STATUS_QUERY)?;
                if !agreed.admits_own(&beside) {
                    return Err(Refused(BAD_CONTENTS.to_owned()));
                }
                Ok(self.look_up(&value(&fields, "sanomaTunnus"), plan))
            }
        }
    }

    fn take_in(
        &self,
        kind: TakenInKind,
        body: &Element,
        fields: Fields,
        plan: &Plan,
    ) -> Result<Element, Refused> {
        let message_id = value(&fields, "sanomaTunnus");
        let effect = Effect {
            kind,
            message_id: message_id.clone(),
            referral_id: match kind {
                TakenInKind::PlanPart => value(&fields, "suunnitelmaTunnus"),
                TakenInKind::Referral | TakenInKind::Notice | TakenInKind::Disclosure => {
                    value(&fields, "laheteTunnus")
                }
            },
            fields,
            // A message is known by its id, whatever stands in it.
            fingerprint: message_id,
            at: self.settings.clock.now_text(),
            receipt_prefix: "TE",
        };
        match self.settings.ledger.take_effect(effect, plan.duplicates()) {
            Effected::New(first) | Effected::Repeated(first) => Ok(response(&body.name)
                .with_field("vastaanottotunnus", &first.receipt)
                .with_field("vastaanotettu", &first.taken_in_at)),
            Effected::Clashing => Err(Refused(BAD_CONTENTS.to_owned())),
        }
    }

    /// Everything that is held, whatever was asked for: leaving out is the gateway's part.
    fn tell(&self, identity_code: &str) -> Element {
        let mut answer = response("haeAsiakkuus")
            .with_field("henkilotunnus", identity_code)
            .with_field("haettu", &self.settings.clock.now_text());
        answer.children.extend(self.holdings.on(identity_code));
        answer
    }

    fn look_up(&self, message_id: &str, plan: &Plan) -> Element {
        let answer = response("haeSanomanTila");
        let lies = plan.has(&Fault::LyingStatus);
        match self.settings.ledger.first(message_id) {
            Some(first) if !lies => answer
                .with_field("tila", "VASTAANOTETTU")
                .with_field("vastaanottotunnus", &first.receipt)
                .with_field("vastaanotettu", &first.taken_in_at),
            None if lies => answer
                .with_field("tila", "VASTAANOTETTU")
                .with_field("vastaanottotunnus", "TE-999999")
                .with_field("vastaanotettu", &self.settings.clock.now_text()),
            Some(_) | None => answer.with_field("tila", "TUNTEMATON"),
        }
    }
}

impl Agency for EmploymentServices {
    fn operation(&self, request: &Received) -> Operation {
        Envelope::open(&request.body).map_or(Operation::Other, |envelope| operation_of(&envelope.body.name))
    }

    fn answer(&self, request: &Received, plan: &Plan) -> Answer {
        if request.path != "/" {
            return Answer::new(StatusCode::NOT_FOUND, "text/plain", "not found");
        }
        if request.method != Method::POST {
            return Answer::new(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "POST only");
        }
        let envelope = match self.open(request) {
            Ok(envelope) => envelope,
            Err(refusal) => return self.technical_fault(refusal.code(self.settings.dialect)),
        };
        let wrapper = self.perform(&envelope, plan).unwrap_or_else(|Refused(code)| {
            let fault = Element::new(CONTENTS, "fault")
                .with_field("faultCode", &code)
                .with_field("faultString", "pyyntöä ei voitu käsitellä");
            response(&envelope.body.name).with_child(fault)
        });
        let mut headers = envelope.headers;
        if plan.has(&Fault::WrongEcho) {
            // The answer to somebody else's message.
            for header in headers.iter_mut().filter(|header| header.is(XROAD, "id")) {
                header.text = Uuid::now_v7().to_string();
            }
        }
        let hashed = if plan.has(&Fault::WrongHash) { &b"other bytes"[..] } else { &request.body[..] };
        headers.push(hash_header(hashed));
        soap(write(&headers, &wrapper))
    }

    fn technical_fault(&self, code: &str) -> Answer {
        // Under 200, as security servers do.
        soap(write_technical_fault(code, &Uuid::now_v7().to_string()))
    }

    fn content_type(&self) -> &'static str {
        XML
    }
}

fn soap(body: String) -> Answer {
    Answer::new(StatusCode::OK, XML, body).with_header(SOAP_ACTION, "")
}

fn operation_of(service: &str) -> Operation {
    match service {
        "vastaanotaLahete" => Operation::Deliver,
        "vastaanotaIlmoitus" => Operation::Notify,
        "vastaanotaSuunnitelma" => Operation::Plan,
        "haeAsiakkuus" => Operation::Fetch,
        "haeSanomanTila" => Operation::Status,
        _ => Operation::Other,
    }
}

fn read(body: &Element, parts: &[grammar::Part]) -> Result<Fields, Refused> {
    grammar::read(body, parts).ok_or_else(|| Refused(BAD_CONTENTS.to_owned()))
}

fn response(service: &str) -> Element {
    Element::new(CONTENTS, &format!("{service}Response"))
}

fn value(fields: &Fields, path: &str) -> String {
    fields
        .iter()
        .find(|(name, _)| name == path)
        .map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

fn header_text<'a>(request: &'a Received, name: &HeaderName) -> Option<&'a str> {
    request.headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_xml(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("text/xml")
        && parts.all(|part| !part.starts_with("charset=") || part.trim_matches('"').ends_with("utf-8"))
}

fn is_quoted_or_empty(action: &str) -> bool {
    action.is_empty() || (action.len() >= 2 && action.starts_with('"') && action.ends_with('"'))
}
