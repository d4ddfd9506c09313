//! How do the services of the joint register answer?

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, StatusCode};
use uuid::Uuid;

use crate::simulators::faults::{Fault, Operation, Plan};
use crate::simulators::ledger::{Effect, Effected, Received, TakenInKind};
use crate::simulators::server::{Agency, Answer};
use crate::simulators::typpi::TyppiSettings;
use crate::simulators::typpi::grammar::{self, Fields, Part};
use crate::simulators::typpi::holdings::Holdings;
use crate::simulators::typpi::words::{CONTENTS, element};
use crate::simulators::xml::Element;
use crate::simulators::xroad::Said;
use crate::simulators::xroad_soap::{Envelope, Refusal, XROAD, hash_header, write, write_technical_fault};

const XML: &str = "text/xml; charset=utf-8";
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");
/// The code of a body that is not as the document says.
const BAD_CONTENTS: &str = "SISALTO_VIRHEELLINEN";

/// Security server and register in one.
pub(crate) struct JointRegister {
    settings: Arc<TyppiSettings>,
    holdings: Holdings,
}

/// A refusal, by its code.
struct Refused(String);

impl JointRegister {
    pub(crate) fn new(settings: Arc<TyppiSettings>, holdings: Holdings) -> Self {
        Self { settings, holdings }
    }

    fn open(&self, request: &Received) -> Result<Envelope, Refusal> {
        let header = |name: &HeaderName| request.headers.get(name).and_then(|value| value.to_str().ok());
        if !header(&CONTENT_TYPE).is_some_and(|value| value.to_ascii_lowercase().starts_with("text/xml")) {
            return Err(Refusal::ContentType);
        }
        let quoted = |action: &str| action.is_empty() || (action.len() > 1 && action.starts_with('"'));
        if !header(&SOAP_ACTION).is_some_and(quoted) {
            return Err(Refusal::SoapAction);
        }
        let TyppiSettings { gateway, provider, .. } = self.settings.as_ref();
        let envelope = Envelope::open_request(&request.body, gateway, provider)?;
        let known = operation_of(&envelope.body.name) != Operation::Other;
        if envelope.body.namespace == CONTENTS && known { Ok(envelope) } else { Err(Refusal::UnknownService) }
    }

    fn perform(&self, envelope: &Envelope, plan: &Plan) -> Result<Element, Refused> {
        let body = &envelope.body;
        let refusal =
            plan.last(|fault| if let Fault::BusinessFault(code) = fault { Some(code) } else { None });
        if let Some(code) = refusal {
            return Err(Refused(code.clone()));
        }
        let agreed = &self.settings.agreed;
        let beside = envelope.beside();
        let admit = |sender: &str, about: &str| {
            let said = Said { sender: Some(sender), professional: None, about: Some(about) };
            if agreed.admits(&beside, said) { Ok(()) } else { Err(Refused(BAD_CONTENTS.to_owned())) }
        };
        match operation_of(&body.name) {
            Operation::Deliver => {
                let fields = read(body, grammar::REFERRAL)?;
                let about = value(&fields, "laheteTunnus");
                admit(&value(&fields, "lahettajataho"), &about)?;
                self.take_in(TakenInKind::Referral, about, body, fields, plan)
            }
            Operation::Notify => {
                let fields = read(body, grammar::NOTICE)?;
                let about = value(&fields, "laheteTunnus");
                admit("", &about)?;
                if !self.settings.ledger.knows(&about) {
                    return Err(Refused("LAHETETTA_EI_OLE".to_owned()));
                }
                self.take_in(TakenInKind::Notice, about, body, fields, plan)
            }
            Operation::Plan => {
                let fields = read(body, grammar::PLAN)?;
                let name = value(&fields, "suunnitelma.yhteissuunnitelma");
                let about = name.rsplit('/').next().unwrap_or_default().to_owned();
                admit(&value(&fields, "omistaja"), &about)?;
                self.take_in(TakenInKind::PlanPart, about, body, fields, plan)
            }
            Operation::Fetch => {
                let fields = read(body, grammar::QUESTION)?;
                admit(&value(&fields, "kysyja"), &value(&fields, "kyselyTunnus"))?;
                Ok(self.tell(&value(&fields, "hetu")))
            }
            Operation::Status | Operation::Disclosure | Operation::Token | Operation::Other => {
                let fields = read(body, grammar::STATUS_QUERY)?;
                if !agreed.admits_own(&beside) {
                    return Err(Refused(BAD_CONTENTS.to_owned()));
                }
                Ok(self.look_up(&value(&fields, "viestiTunnus"), plan))
            }
        }
    }

    fn take_in(
        &self,
        kind: TakenInKind,
        about: String,
        body: &Element,
        fields: Fields,
        plan: &Plan,
    ) -> Result<Element, Refused> {
        let message_id = value(&fields, "viestiTunnus");
        let effect = Effect {
            kind,
            message_id: message_id.clone(),
            referral_id: about,
            fields,
            // A message is known by its id, whatever stands in it.
            fingerprint: message_id,
            at: self.settings.clock.now_text(),
            receipt_prefix: "YR",
        };
        match self.settings.ledger.take_effect(effect, plan.duplicates()) {
            Effected::New(first) | Effected::Repeated(first) => Ok(response(&body.name)
                .with_field("kirjausnumero", &first.receipt)
                .with_field("tallennettu", &first.taken_in_at)),
            Effected::Clashing => Err(Refused(BAD_CONTENTS.to_owned())),
        }
    }

    /// Everything that is held, whatever was asked for: leaving out is the gateway's part.
    fn tell(&self, identity_code: &str) -> Element {
        let mut answer = response("haeAsiakas").with_field("vastattu", &self.settings.clock.now_text());
        answer.children.extend(self.holdings.on(identity_code));
        answer
    }

    fn look_up(&self, message_id: &str, plan: &Plan) -> Element {
        let answer = response("haeSanomanTila");
        let lies = plan.has(&Fault::LyingStatus);
        let stored = |number: &str, at: &str| {
            let answer = answer.clone().with_field("viestinTila", "TALLENNETTU");
            answer.with_field("kirjausnumero", number).with_field("tallennettu", at)
        };
        match self.settings.ledger.first(message_id) {
            Some(first) if !lies => stored(&first.receipt, &first.taken_in_at),
            None if lies => stored("YR-999999", &self.settings.clock.now_text()),
            Some(_) | None => answer.with_field("viestinTila", "EI_TALLENNETTU"),
        }
    }
}

impl Agency for JointRegister {
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
            let fault = element("fault")
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
        "tallennaLahete" => Operation::Deliver,
        "tallennaIlmoitus" => Operation::Notify,
        "tallennaSuunnitelma" => Operation::Plan,
        "haeAsiakas" => Operation::Fetch,
        "haeSanomanTila" => Operation::Status,
        _ => Operation::Other,
    }
}

fn read(body: &Element, parts: &[Part]) -> Result<Fields, Refused> {
    grammar::read(body, parts).ok_or_else(|| Refused(BAD_CONTENTS.to_owned()))
}

fn response(service: &str) -> Element {
    element(&format!("{service}Response"))
}

fn value(fields: &Fields, path: &str) -> String {
    let found = fields.iter().find(|(name, _)| name == path);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}
