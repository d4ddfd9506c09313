//! How does the county's FHIR interface answer?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::simulators::clock::SimulatorClock;
use crate::simulators::faults::{Fault, Operation, Plan};
use crate::simulators::ledger::{Effect, Effected, Ledger, TakenInKind};
use crate::simulators::server::Answer;
use crate::simulators::social::contents::{self, Document};
use crate::simulators::social::register::{Refusal, Register};
use crate::simulators::xroad::{Agreed, Said};
use crate::simulators::xroad_rest::{Passed, Service, text};

pub(crate) const FHIR_JSON: &str = "application/fhir+json";

/// What is held on people, by personal identity code: resources.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records(Arc<Mutex<BTreeMap<String, Vec<Value>>>>);

impl Records {
    pub(crate) fn put(&self, identity_code: &str, resources: Vec<Value>) {
        self.records().insert(identity_code.to_owned(), resources);
    }

    fn of(&self, identity_code: &str) -> Vec<Value> {
        self.records().get(identity_code).cloned().unwrap_or_default()
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service `fhir`.
pub(crate) struct FhirService {
    pub(crate) agreed: Agreed,
    pub(crate) clock: SimulatorClock,
    pub(crate) ledger: Ledger,
    pub(crate) records: Records,
    pub(crate) register: Register,
}

enum Resource {
    Transaction,
    Search,
    Question,
    Nothing,
}

impl Service for FhirService {
    fn operation(&self, _: &Method, path: &[String]) -> Operation {
        match resource(path) {
            // What is in a transaction cannot be told from its outside.
            Resource::Transaction => Operation::Deliver,
            Resource::Search => Operation::Status,
            Resource::Question => Operation::Fetch,
            Resource::Nothing => Operation::Other,
        }
    }

    fn answer(&self, request: &Passed, plan: &Plan) -> Answer {
        if let Some(code) =
            plan.last(|fault| if let Fault::BusinessFault(code) = fault { Some(code) } else { None })
        {
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, "business-rule", Some(code));
        }
        if request.method != Method::POST || !request.query.is_empty() {
            return refusal(StatusCode::METHOD_NOT_ALLOWED, "not-supported", None);
        }
        match resource(&request.path) {
            Resource::Transaction => self.take_in(request, plan),
            Resource::Search => self.look_up(request, plan),
            Resource::Question => self.tell(request),
            Resource::Nothing => refusal(StatusCode::NOT_FOUND, "not-found", None),
        }
    }

    fn content_type(&self) -> &'static str {
        FHIR_JSON
    }
}

impl FhirService {
    fn take_in(&self, request: &Passed, plan: &Plan) -> Answer {
        let bundle = body(request).unwrap_or_default();
        let read = contents::read(&bundle);
        let admits = |document: &Document| {
            let said = Said {
                sender: document.sender.as_deref(),
                professional: document.professional.as_deref(),
                about: Some(document.about.split('/').next().unwrap_or_default()),
            };
            document.message_id == request.id && self.agreed.admits(&request.beside, said)
        };
        let document = match read {
            Ok(document) if admits(&document) => document,
            Ok(_) | Err(_) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, "structure", None),
        };
        let Document { kind, message_id, about, sender: _, professional: _, entries, fields } = document;
        if kind == TakenInKind::Notice {
            if !self.ledger.knows(&about) {
                return refusal(StatusCode::UNPROCESSABLE_ENTITY, "not-found", None);
            }
            if self.ledger.referral(&about).is_none() {
                self.register.has_sent(&about);
            }
        }
        if let Err(refused) = self.register.rehearse(&bundle) {
            return match refused {
                Refusal::NoMatch => refusal(StatusCode::NOT_FOUND, "not-found", None),
                Refusal::ManyMatches => refusal(StatusCode::PRECONDITION_FAILED, "multiple-matches", None),
                Refusal::Patch => refusal(StatusCode::UNPROCESSABLE_ENTITY, "processing", None),
            };
        }
        let urn = format!("urn:uuid:{message_id}");
        let effect = Effect {
            kind,
            message_id: message_id.clone(),
            referral_id: about,
            fields,
            // A message is known by its id, whatever stands in it.
            fingerprint: message_id,
            at: self.clock.now_text(),
            receipt_prefix: "S",
        };
        let (first, status) = match self.ledger.take_effect(effect, plan.duplicates()) {
            Effected::New(first) => {
                // It was rehearsed.
                let _ = self.register.carry_out(&bundle);
                (first, "201 Created")
            }
            Effected::Repeated(first) => (first, "200 OK"),
            Effected::Clashing => return refusal(StatusCode::CONFLICT, "conflict", None),
        };
        let mut answered: Vec<Value> = (1..entries)
            .map(|number| json!({"response": {"status": status, "location": format!("Basic/{}-{number}", first.receipt)}}))
            .collect();
        let location = format!("Provenance/{}/_history/1", first.receipt);
        answered.push(json!({"response": {"status": status, "location": location}}));
        answer(
            StatusCode::OK,
            &json!({
                "resourceType": "Bundle",
                "type": "transaction-response",
                "identifier": {"system": "urn:ietf:rfc:3986", "value": urn},
                "entry": answered,
            }),
        )
    }

    fn look_up(&self, request: &Passed, plan: &Plan) -> Answer {
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let asked = form.strip_prefix("_tag=urn%3Apolku%3Amessage%7C");
        let is_form = text(&request.headers, &CONTENT_TYPE) == Some("application/x-www-form-urlencoded");
        let own = is_form && self.agreed.admits_own(&request.beside);
        let Some(message_id) = asked.filter(|id| own && uuid::Uuid::try_parse(id).is_ok()) else {
            return refusal(StatusCode::BAD_REQUEST, "invalid", None);
        };
        let lies = plan.has(&Fault::LyingStatus);
        let known = match self.ledger.first(message_id) {
            Some(first) if !lies => Some((first.receipt, first.taken_in_at)),
            None if lies => Some(("S-999999".to_owned(), self.clock.now_text())),
            Some(_) | None => None,
        };
        let found = known.map(|(id, recorded)| {
            let message = json!({"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{message_id}")});
            json!({"resource": {
                "resourceType": "Provenance",
                "id": id,
                "meta": {"tag": [{"system": "urn:polku:message", "code": message_id}]},
                "target": [{"identifier": message}],
                "recorded": recorded,
                "agent": [{"who": {"display": "Polku"}}],
            }})
        });
        answer(StatusCode::OK, &searchset(&found.into_iter().collect::<Vec<_>>()))
    }

    fn tell(&self, request: &Passed) -> Answer {
        let parameters = body(request)
            .filter(|body| body.get("resourceType").and_then(Value::as_str) == Some("Parameters"));
        let parameters = parameters.as_ref().and_then(|body| body.get("parameter")?.as_array());
        let named = |name: &str| {
            let found =
                parameters?.iter().find(|found| found.get("name").and_then(Value::as_str) == Some(name));
            found.cloned()
        };
        let query = named("query").and_then(|query| Some(query.get("valueUri")?.as_str()?.to_owned()));
        let person = named("person").and_then(|person| {
            let identifier = person.get("valueIdentifier")?;
            let hetu = identifier.get("system")?.as_str()? == "urn:oid:1.2.246.21";
            identifier.get("value")?.as_str().filter(|_| hetu).map(str::to_owned)
        });
        let requester = named("requester")
            .and_then(|requester| contents::party(requester.get("valueReference")?).map(str::to_owned));
        let said = Said { sender: requester.as_deref(), professional: None, about: Some(&request.id) };
        let complete = self.agreed.admits(&request.beside, said)
            && ["purpose", "requester", "category"].iter().all(|name| named(name).is_some());
        let asked = query.is_some_and(|query| query == format!("urn:uuid:{}", request.id));
        let Some(person) = person.filter(|_| complete && asked) else {
            return refusal(StatusCode::BAD_REQUEST, "invalid", None);
        };
        let held = self.records.of(&person).into_iter().map(|resource| json!({"resource": resource}));
        answer(StatusCode::OK, &searchset(&held.collect::<Vec<_>>()))
    }
}

fn resource(path: &[String]) -> Resource {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [] => Resource::Transaction,
        ["Provenance", "_search"] => Resource::Search,
        ["$person-facts"] => Resource::Question,
        _ => Resource::Nothing,
    }
}

fn body(request: &Passed) -> Option<Value> {
    let content_type = text(&request.headers, &CONTENT_TYPE)?;
    let fhir = content_type.split(';').next() == Some(FHIR_JSON);
    serde_json::from_slice(&request.body).ok().filter(|_| fhir)
}

fn searchset(entries: &[Value]) -> Value {
    let total = entries.len();
    match total {
        0 => json!({"resourceType": "Bundle", "type": "searchset", "total": 0}),
        _ => json!({"resourceType": "Bundle", "type": "searchset", "total": total, "entry": entries}),
    }
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    Answer::new(status, FHIR_JSON, body.to_string())
}

fn refusal(status: StatusCode, issue: &str, code: Option<&str>) -> Answer {
    let mut issue = json!({"severity": "error", "code": issue, "diagnostics": "pyyntöä ei voitu käsitellä"});
    if let (Some(code), Some(members)) = (code, issue.as_object_mut()) {
        let details = json!({"coding": [{"system": "urn:example:virhe", "code": code}]});
        members.insert("details".to_owned(), details);
    }
    answer(status, &json!({"resourceType": "OperationOutcome", "issue": [issue]}))
}
