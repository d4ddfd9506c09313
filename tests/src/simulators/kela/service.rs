//! How do Kela's services answer?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use jiff::ToSpan;
use jiff::tz::Offset;
use polku_proto::identity::Hetu;
use serde_json::{Map, Value, json};

use crate::simulators::clock::SimulatorClock;
use crate::simulators::faults::{Fault, Operation, Plan};
use crate::simulators::kela::grammar::{self, Fields};
use crate::simulators::ledger::{Effect, Effected, First, Ledger, TakenInKind};
use crate::simulators::server::Answer;
use crate::simulators::xroad::{Agreed, Said};
use crate::simulators::xroad_rest::{Passed, Service, text};

const JSON: &str = "application/json";

/// What Kela holds on people, by personal identity code: the members of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(Arc<Mutex<BTreeMap<String, Map<String, Value>>>>);

impl Files {
    pub(crate) fn put(&self, identity_code: &str, groups: Map<String, Value>) {
        self.files().insert(identity_code.to_owned(), groups);
    }

    fn of(&self, identity_code: &str) -> Map<String, Value> {
        self.files().get(identity_code).cloned().unwrap_or_default()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Map<String, Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service `nuorten-palvelut`.
pub(crate) struct YouthServices {
    pub(crate) agreed: Agreed,
    pub(crate) clock: SimulatorClock,
    pub(crate) ledger: Ledger,
    pub(crate) files: Files,
}

/// What a path stands for.
enum Resource<'p> {
    Requests,
    Notices,
    PlanParts,
    Question,
    Message(&'p str),
    Nothing,
}

/// The members of the answer that belong to a group.
const GROUPS: [(&str, &[&str]); 3] = [
    ("ETUUDET", &["vireillaOlevat", "paatokset", "maksut"]),
    ("ASIAKKUUS", &["asiakkuudet", "nuottivalmennukset"]),
    ("KUNTOUTUS", &["kuntoutukset"]),
];

impl Service for YouthServices {
    fn operation(&self, _: &Method, path: &[String]) -> Operation {
        match resource(path) {
            Resource::Requests => Operation::Deliver,
            Resource::Notices => Operation::Notify,
            Resource::PlanParts => Operation::Plan,
            Resource::Question => Operation::Fetch,
            Resource::Message(_) => Operation::Status,
            Resource::Nothing => Operation::Other,
        }
    }

    fn answer(&self, request: &Passed, plan: &Plan) -> Answer {
        if let Some(code) =
            plan.last(|fault| if let Fault::BusinessFault(code) = fault { Some(code) } else { None })
        {
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, code);
        }
        let resource = resource(&request.path);
        let expected = if matches!(resource, Resource::Message(_)) { Method::GET } else { Method::POST };
        match resource {
            Resource::Nothing => refusal(StatusCode::NOT_FOUND, "EI_LOYDY"),
            _ if request.method != expected || !request.query.is_empty() => {
                refusal(StatusCode::METHOD_NOT_ALLOWED, "VAARA_METODI")
            }
            Resource::Message(_) if !self.agreed.admits_own(&request.beside) => bad_contents(),
            Resource::Message(id) => self.look_up(id, plan),
            Resource::Requests => self.take_in(request, TakenInKind::Referral, plan),
            Resource::Notices => self.take_in(request, TakenInKind::Notice, plan),
            Resource::PlanParts => self.take_in(request, TakenInKind::PlanPart, plan),
            Resource::Question => self.tell(request),
        }
    }

    fn content_type(&self) -> &'static str {
        JSON
    }
}

impl YouthServices {
    fn take_in(&self, request: &Passed, kind: TakenInKind, plan: &Plan) -> Answer {
        let read = document(request).and_then(|body| match kind {
            TakenInKind::Referral => grammar::request(&body),
            TakenInKind::PlanPart => grammar::plan_part(&body),
            TakenInKind::Notice | TakenInKind::Disclosure => grammar::notice(&body),
        });
        let Ok(fields) = read else { return bad_contents() };
        let message_id = value(&fields, "sanomaTunnus");
        let about = match kind {
            TakenInKind::PlanPart => {
                [value(&fields, "suunnitelmaTunnus"), value(&fields, "omistajanTunnus")].concat()
            }
            TakenInKind::Referral | TakenInKind::Notice | TakenInKind::Disclosure => {
                value(&fields, "laheteTunnus")
            }
        };
        let (partner, owner) = (value(&fields, "yhteistyokumppani.taho"), value(&fields, "omistaja"));
        let professional = value(&fields, "yhteistyokumppani.tyontekija");
        let plan_id = value(&fields, "suunnitelmaTunnus");
        let said = Said {
            sender: Some(if kind == TakenInKind::PlanPart { &owner } else { &partner }),
            professional: Some(&professional),
            about: Some(if kind == TakenInKind::PlanPart { &plan_id } else { &about }),
        };
        if message_id != request.id || !self.agreed.admits(&request.beside, said) {
            return bad_contents();
        }
        if !self.may_be_coached(&fields) {
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, "EI_TAYTA_EHTOJA");
        }
        if kind == TakenInKind::Notice && !self.ledger.knows(&about) {
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, "TUNTEMATON_LAHETE");
        }
        let effect = Effect {
            kind,
            message_id: message_id.clone(),
            referral_id: about,
            fields,
            // A message is known by its id, whatever stands in it.
            fingerprint: message_id,
            at: self.clock.now_text(),
            receipt_prefix: "K",
        };
        match self.ledger.take_effect(effect, plan.duplicates()) {
            Effected::New(first) | Effected::Repeated(first) => answer(StatusCode::CREATED, &receipt(&first)),
            Effected::Clashing => refusal(StatusCode::CONFLICT, "TUNNUS_KAYTETTY"),
        }
    }

    /// Nuotti coaching is for 16 to 29 year olds: nobody is rung about it who cannot have it.
    fn may_be_coached(&self, fields: &Fields) -> bool {
        if !fields.iter().any(|(path, _)| path.starts_with("nuottiYhteydenotto.")) {
            return true;
        }
        let born = value(fields, "nuori.henkilotunnus").parse().ok().map(|code: Hetu| code.birth_date());
        // Days are those of Finland, which is two hours ahead.
        let today = Offset::constant(2).to_datetime(self.clock.now()).date();
        let oldest = today.saturating_sub(30.years());
        let youngest = today.saturating_sub(16.years());
        born.is_some_and(|born| oldest < born && born <= youngest)
    }

    fn look_up(&self, message_id: &str, plan: &Plan) -> Answer {
        let lies = plan.has(&Fault::LyingStatus);
        match self.ledger.first(message_id) {
            Some(first) if !lies => answer(StatusCode::OK, &receipt(&first)),
            None if lies => {
                let receipt =
                    json!({"vastaanottotunnus": "K-999999", "vastaanotettu": self.clock.now_text()});
                answer(StatusCode::OK, &receipt)
            }
            Some(_) | None => refusal(StatusCode::NOT_FOUND, "EI_LOYDY"),
        }
    }

    fn tell(&self, request: &Passed) -> Answer {
        let Ok(fields) = document(request).and_then(|body| grammar::question(&body)) else {
            return bad_contents();
        };
        let [sender, professional, about] =
            ["kysyja", "tyontekija", "kyselyTunnus"].map(|name| value(&fields, name));
        let said = Said { sender: Some(&sender), professional: Some(&professional), about: Some(&about) };
        if !self.agreed.admits(&request.beside, said) {
            return bad_contents();
        }
        let held = self.files.of(&value(&fields, "henkilotunnus"));
        let asked = |group: &str| fields.iter().any(|(path, code)| path == "tietoryhmat" && code == group);
        let members = GROUPS.iter().filter(|(group, _)| asked(group)).flat_map(|(_, members)| members.iter());
        let mut told = Map::new();
        told.insert("kyselyTunnus".to_owned(), json!(value(&fields, "kyselyTunnus")));
        for member in members {
            if let Some(items) = held.get(*member) {
                told.insert((*member).to_owned(), items.clone());
            }
        }
        answer(StatusCode::OK, &Value::Object(told))
    }
}

fn resource(path: &[String]) -> Resource<'_> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["yhteydenotot"] => Resource::Requests,
        ["ilmoitukset"] => Resource::Notices,
        ["suunnitelmaosat"] => Resource::PlanParts,
        ["haku"] => Resource::Question,
        ["sanomat", message] => Resource::Message(message),
        _ => Resource::Nothing,
    }
}

fn document(request: &Passed) -> Result<Value, String> {
    let content_type = text(&request.headers, &CONTENT_TYPE).unwrap_or_default();
    if content_type.split(';').next() != Some(JSON) {
        return Err("Content-Type".to_owned());
    }
    serde_json::from_slice(&request.body).map_err(|_| "JSON".to_owned())
}

/// The first value at this path, or at this path in the one object around it.
fn value(fields: &Fields, name: &str) -> String {
    let found = fields.iter().find(|(path, _)| {
        let own =
            path.strip_prefix("nuottiYhteydenotto.").or_else(|| path.strip_prefix("yhteydenottopyynto."));
        own.unwrap_or(path) == name
    });
    found.map_or_else(String::new, |(_, value)| value.clone())
}

fn receipt(first: &First) -> Value {
    json!({"vastaanottotunnus": first.receipt, "vastaanotettu": first.taken_in_at})
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    Answer::new(status, JSON, body.to_string())
}

/// A message that is not as the document says.
fn bad_contents() -> Answer {
    refusal(StatusCode::UNPROCESSABLE_ENTITY, "VIRHEELLINEN_SISALTO")
}

fn refusal(status: StatusCode, code: &str) -> Answer {
    answer(status, &json!({"virhe": {"koodi": code, "viesti": "pyyntöä ei voitu käsitellä"}}))
}
