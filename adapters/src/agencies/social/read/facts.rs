//! What do social services hold on a young person? The searchset that answers `$person-facts`.
//!
//! An answer may say more than is understood here: what is not known is passed over, and nothing is taken over of a
//! category that was not asked for. Only what would turn the meaning of an element round makes an answer unusable.

use jiff::{SignedDuration, Timestamp};
use polku_proto::identity::has_hetu;
use polku_proto::v1::{AgencyFacts, DataCategory, Fact, FactKind, PlanPart};
use polku_proto::{CategorySet, Disclose as _, Valid, time};
use serde_json::Value;

use super::super::codes;
use super::Reader;
use crate::agencies::form;
use crate::agencies::plan::refers_to_nothing;
use crate::formats::fhir::object::Object;
use crate::formats::fhir::{Place, codes as fhir, json, moment};

impl Reader<'_> {
    /// Reads an answer about the person with this identity code. `None` if it cannot be used.
    pub(in crate::agencies::social) fn facts(
        self,
        body: &[u8],
        person: &str,
        asked: CategorySet,
        now: Timestamp,
    ) -> Option<AgencyFacts> {
        let place = Place::root("Bundle");
        let bundle = json::read_bounded(std::str::from_utf8(body).ok()?, &place).ok()?;
        let is = |name: &str, expected: &str| bundle.get(name).and_then(Value::as_str) == Some(expected);
        if !is("resourceType", "Bundle") || !is("type", "searchset") {
            return None;
        }
        let mut facts = AgencyFacts {
            agency: self.own.to_string(),
            as_of: Some(time::to_wire(now).ok()?),
            facts: Vec::new(),
            plans: Vec::new(),
        };
        let entries = match bundle.get("entry") {
            None => &[],
            Some(entries) => entries.as_array()?.as_slice(),
        };
        for entry in entries {
            let resource = entry.get("resource")?;
            if turns_round(resource) || is_about_another(resource, person) {
                return None;
            }
            let kind = resource.get("resourceType")?.as_str()?;
            match kind {
                "CarePlan" => facts.plans.push(self.held_plan(resource)?),
                "EpisodeOfCare" => facts.facts.extend(episode(resource)?),
                "Encounter" => facts.facts.extend(encounter(resource)?),
                "Appointment" => facts.facts.extend(appointment(resource)?),
                "Observation" => facts.facts.extend(observation(resource)?),
                _ => {}
            }
        }
        if facts.plans.iter().any(refers_to_nothing) {
            return None;
        }
        facts.restrict(asked);
        facts.plans.retain(|plan| !plan.categories().is_subset(CategorySet::ENVELOPE));
        let checked = Valid::check(facts).ok()?;
        Some(checked.into_inner())
    }

    fn held_plan(self, resource: &Value) -> Option<PlanPart> {
        let updated = record_time(resource)?;
        let plan = Object::of(resource.clone(), Place::root("CarePlan")).ok()?;
        self.plan(plan, None, polku_proto::v1::ReferralContent::default(), updated).ok()
    }
}

/// Whether an element that must be understood is anywhere in a resource.
fn turns_round(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("modifierExtension")
                || members.contains_key("implicitRules")
                || members.values().any(turns_round)
        }
        Value::Array(items) => items.iter().any(turns_round),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether a resource says by an identity code that it is about somebody else. Most say nothing of it: what is asked for
/// is one person.
fn is_about_another(resource: &Value, person: &str) -> bool {
    let own = resource
        .get("identifier")
        .filter(|_| resource.get("resourceType").and_then(Value::as_str) == Some("Patient"));
    let own = own.and_then(Value::as_array).into_iter().flatten();
    let pointed = ["/subject/identifier", "/patient/identifier"];
    let pointed = pointed.into_iter().filter_map(|path| resource.pointer(path));
    let is_code = |identifier: &&Value| identifier.get("system").and_then(Value::as_str) == Some(fhir::HETU);
    let mut codes = own.chain(pointed).filter(is_code).peekable();
    let is_of_person =
        |code: &Value| code.get("value").and_then(Value::as_str).is_some_and(|value| value == person);
    // Of somebody whose code has changed there may be two.
    codes.peek().is_some() && !codes.any(is_of_person)
}

/// The customer relation, and who answers for it.
fn episode(resource: &Value) -> Option<Vec<Fact>> {
    let Some(status) = status(resource)? else { return Some(Vec::new()) };
    let period = resource.get("period");
    let customer = Fact {
        text: concept_text(resource.pointer("/type/0")),
        code: status.to_owned(),
        code_system: "http://hl7.org/fhir/episode-of-care-status".into(),
        ..fact(resource, DataCategory::ServiceAttendance, FactKind::Customer, period)?
    };
    let manager = text(resource.pointer("/careManager/display"));
    let worker = match manager.is_empty() {
        true => None,
        false => Some(Fact {
            text: manager,
            ..fact(resource, DataCategory::ServiceAttendance, FactKind::ResponsibleWorker, period)?
        }),
    };
    Some(std::iter::once(customer).chain(worker).collect())
}

/// A service, or a visit in it.
fn encounter(resource: &Value) -> Option<Option<Fact>> {
    if status(resource)?.is_none() {
        return Some(None);
    }
    let named = fact(resource, DataCategory::ServiceAttendance, FactKind::Service, resource.get("period"))?;
    Some(Some(Fact { text: concept_text(resource.pointer("/type/0")), ..named }))
}

fn appointment(resource: &Value) -> Option<Option<Fact>> {
    if status(resource)?.is_none() {
        return Some(None);
    }
    let (category, kind) = (DataCategory::ServiceAttendance, FactKind::Appointment);
    let since = first_day(resource.get("start"))?;
    let text = text(resource.get("description"));
    Some(Some(Fact { text, since, ..fact(resource, category, kind, None)? }))
}

/// What is known of one category.
fn observation(resource: &Value) -> Option<Option<Fact>> {
    if status(resource)?.is_none() {
        return Some(None);
    }
    let coding = resource.pointer("/code/coding/0")?;
    if coding.get("system").and_then(Value::as_str) != Some(fhir::DATA_CATEGORY) {
        return Some(None);
    }
    let category = coding.get("code").and_then(Value::as_str).and_then(codes::read_category);
    let Some((category, kind)) = category.and_then(|category| Some((category, kind(category)?))) else {
        return Some(None);
    };
    let value = resource.pointer("/valueCodeableConcept/coding/0");
    let member = |name: &str| text(value.and_then(|value| value.get(name)));
    let spoken = match resource.get("valueString") {
        Some(_) => text(resource.get("valueString")),
        None => concept_text(resource.get("valueCodeableConcept")),
    };
    let mut fact = fact(resource, category, kind, resource.get("effectivePeriod"))?;
    if let Some(since) = resource.get("effectiveDateTime") {
        fact.since = first_day(Some(since))?;
    }
    if let Some(issued) = resource.get("issued") {
        fact.record_time = Some(time::to_wire(moment::instant(issued.as_str()?)?).ok()?);
    }
    Some(Some(Fact { text: spoken, code: member("code"), code_system: member("system"), ..fact }))
}

/// What an Observation about a category is; none about who the person is.
fn kind(category: DataCategory) -> Option<FactKind> {
    Some(match category {
        DataCategory::Unspecified
        | DataCategory::Envelope
        | DataCategory::IdentityContact
        | DataCategory::AddressContact
        | DataCategory::ReferralStatus => return None,
        DataCategory::ServiceAttendance => FactKind::Service,
        DataCategory::EducationWork => FactKind::Education,
        DataCategory::SocialSituation => FactKind::SocialSituation,
        DataCategory::HealthCapacity => FactKind::HealthCapacity,
        DataCategory::ServiceNeeds => FactKind::ServiceNeed,
        DataCategory::Housing => FactKind::Housing,
        DataCategory::BenefitsIncome => FactKind::Benefit,
        DataCategory::OutcomeMeasures | DataCategory::QualityOfLife => FactKind::Measure,
        DataCategory::JointPlan | DataCategory::GuidanceNotes => FactKind::Note,
    })
}

/// The status, which must be there. `Some(None)`: it never was so, or did not come to be.
fn status(resource: &Value) -> Option<Option<&str>> {
    let status = resource.get("status")?.as_str()?;
    Some(
        Some(status)
            .filter(|status| !matches!(*status, "entered-in-error" | "cancelled" | "noshow" | "unknown")),
    )
}

/// A fact without its words, with what the source says of when and where it stands.
fn fact(resource: &Value, category: DataCategory, kind: FactKind, period: Option<&Value>) -> Option<Fact> {
    let edge = |name: &str| period.and_then(|period| period.get(name));
    let reference = text(resource.get("id"));
    Some(Fact {
        category: category.into(),
        kind: kind.into(),
        since: first_day(edge("start"))?,
        until: last_day(edge("end"))?,
        record_time: record_time(resource).and_then(|instant| time::to_wire(instant).ok()),
        reference: if has_hetu(&reference) { String::new() } else { reference },
        ..Fact::default()
    })
}

fn record_time(resource: &Value) -> Option<Timestamp> {
    moment::instant(resource.pointer("/meta/lastUpdated")?.as_str()?)
}

/// The first day of what a `dateTime` names, in Finland. Empty if there is none; `None` if it is no `dateTime`.
fn first_day(value: Option<&Value>) -> Option<String> {
    let Some(value) = value else { return Some(String::new()) };
    let value = value.as_str()?;
    if let Some(day) = form::date(value) {
        return Some(day.to_owned());
    }
    Some(time::finnish_date(moment::start(value)?).to_string())
}

fn last_day(value: Option<&Value>) -> Option<String> {
    let Some(value) = value else { return Some(String::new()) };
    let value = value.as_str()?;
    // The last day that there is, which stands for no end, has no next one.
    if let Some(day) = form::date(value) {
        return Some(day.to_owned());
    }
    let over = moment::end(value)?.checked_sub(SignedDuration::from_nanos(1)).ok()?;
    Some(time::finnish_date(over).to_string())
}

fn concept_text(concept: Option<&Value>) -> String {
    let member = |path: &str| concept.and_then(|concept| concept.pointer(path));
    text(member("/text").or_else(|| member("/coding/0/display")))
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
