//! How is written what is told about a young person? The person as a Patient, every told category as an Observation.

use polku_proto::v1::{ContactDetails, DataCategory, EducationWork, ReferralContent};
use serde_json::{Value, json};

use super::super::codes;
use super::{Entry, Frame, PATIENT};
use crate::agencies::envelope::present;
use crate::formats::fhir::codes as fhir;
use crate::formats::fhir::element::{Writing, coding, hetu_identifier, identifier, said};

/// What is told, by the resources that tell it.
pub(super) struct Written {
    person: Writing,
    hetu: Option<String>,
    categories: Vec<(DataCategory, Vec<Value>)>,
}

/// A system, and a value in it.
pub(super) type Identifier = (&'static str, String);

impl Written {
    pub(super) fn of(content: ReferralContent) -> Self {
        let ReferralContent {
            identity_code,
            given_names,
            family_name,
            contact_language,
            contact,
            reason,
            service_needs,
            education_work,
            social_situation,
            health_capacity,
            housing,
            benefits_income,
            joint_plan,
            service_attendance,
            outcome_measures,
            quality_of_life,
            correspondence_address,
            contact_wish,
        } = content;
        let person = person(given_names, family_name, contact_language, contact, correspondence_address);
        let needs = service_needs.into_iter().filter_map(|need| text("service_needs", need));
        let categories = vec![
            (DataCategory::GuidanceNotes, list([text("reason", reason)])),
            (DataCategory::ServiceNeeds, needs.collect()),
            (DataCategory::EducationWork, education_work.map(education).unwrap_or_default()),
            (DataCategory::SocialSituation, list([text("social_situation", social_situation)])),
            (DataCategory::HealthCapacity, list([text("health_capacity", health_capacity)])),
            (DataCategory::Housing, list([text("housing", housing)])),
            (DataCategory::BenefitsIncome, list([text("benefits_income", benefits_income)])),
            (DataCategory::JointPlan, list([text("joint_plan", joint_plan)])),
            (
                DataCategory::ServiceAttendance,
                list([text("service_attendance", service_attendance), text("contact_wish", contact_wish)]),
            ),
            (DataCategory::OutcomeMeasures, list([text("outcome_measures", outcome_measures)])),
            (DataCategory::QualityOfLife, list([text("quality_of_life", quality_of_life)])),
        ];
        let told = categories.into_iter().filter(|(_, components)| !components.is_empty());
        Self { person, hetu: present(identity_code), categories: told.collect() }
    }

    /// Gives the Patient, and the Observations to be held by another resource, by their ids in it.
    pub(super) fn resources(self, frame: &Frame<'_>) -> (Entry, Vec<(String, Value)>) {
        let Self { person, hetu, categories } = self;
        let address = frame.address(PATIENT);
        let observations = categories.into_iter().map(|(category, components)| {
            let id = codes::local_id(category);
            let observation = Writing::resource("Observation").with("id", id.clone()).and(observation(
                Some(&address),
                category,
                components,
            ));
            (id, observation.done())
        });
        let observations = observations.collect();
        (patient(person, hetu, frame), observations)
    }

    /// Gives resources of their own for what is told: the Patient, if anything says who the young person is, and the
    /// Observations. By its identifier, which stands beside it, each is known again when the message comes twice.
    pub(super) fn entries(self, frame: &Frame<'_>) -> Vec<(Identifier, Entry)> {
        let Self { person, hetu, categories } = self;
        let patient = (hetu.is_some() || !person.is_empty()).then(|| patient(person, hetu, frame));
        // Without a Patient in the bundle there is none to point to.
        let subject = patient.as_ref().map(|patient| patient.address.clone());
        let patient = patient.map(|patient| ((codes::MESSAGE, frame.message.to_string()), patient));
        let observations = (PATIENT + 1..).zip(categories).map(|(place, (category, components))| {
            let value = format!("{}/{}", frame.message, codes::local_id(category));
            let observation = Writing::resource("Observation")
                .with("identifier", vec![identifier(codes::ANSWER, &value)])
                .and(observation(subject.as_deref(), category, components));
            let condition = format!("identifier={}|{value}", codes::ANSWER);
            let entry = Entry::unless(frame.address(place), "Observation", observation.done(), &condition);
            ((codes::ANSWER, value), entry)
        });
        let observations: Vec<_> = observations.collect();
        patient.into_iter().chain(observations).collect()
    }
}

fn patient(person: Writing, hetu: Option<String>, frame: &Frame<'_>) -> Entry {
    let mut identifiers = vec![identifier(codes::MESSAGE, &frame.message.to_string())];
    identifiers.extend(hetu.map(|hetu| hetu_identifier(&hetu)));
    let patient = Writing::resource("Patient").with("identifier", identifiers).and(person);
    Entry::create(frame.address(PATIENT), "Patient", patient.done(), frame)
}

fn person(
    given_names: String,
    family_name: String,
    language: String,
    contact: Option<ContactDetails>,
    correspondence_address: String,
) -> Writing {
    let whole = format!("{given_names} {family_name}");
    let name = Writing::part()
        .with("text", said(whole).map(|whole| whole.trim().to_owned()))
        .with("family", said(family_name))
        .with("given", said(given_names).map(given).unwrap_or_default());
    let mut person = Writing::part();
    if !name.is_empty() {
        person.put("name", vec![Writing::part().with("use", "official").and(name).done()]);
    }
    let ContactDetails { phone, email, street_address, postal_code, city, municipality } =
        contact.unwrap_or_default();
    if let Some(code) = said(municipality) {
        let value = coding(codes::MUNICIPALITIES, &code);
        person.put("extension", json!([{"url": codes::MUNICIPALITY, "valueCoding": value}]));
    }
    let telecom = [("phone", phone), ("email", email)];
    let telecom = telecom
        .into_iter()
        .filter_map(|(system, value)| said(value).map(|value| json!({"system": system, "value": value})));
    person.put("telecom", telecom.collect::<Vec<_>>());
    let home = Writing::part()
        .with("line", said(street_address).map(|line| vec![line]))
        .with("city", said(city))
        .with("postalCode", said(postal_code));
    let mut addresses = Vec::new();
    if !home.is_empty() {
        addresses.push(Writing::part().with("use", "home").and(home).done());
    }
    if let Some(address) = said(correspondence_address) {
        addresses.push(json!({"type": "postal", "text": address}));
    }
    person.put("address", addresses);
    if let Some(language) = said(language) {
        let language = fhir::concept(codes::LANGUAGES, &language);
        person.put("communication", json!([{"language": language, "preferred": true}]));
    }
    person
}

/// FHIR has given names one by one. Where spaces stand otherwise than between names, they stay together.
fn given(names: String) -> Vec<String> {
    let split: Vec<String> = names.split(' ').map(str::to_owned).collect();
    if split.iter().all(|name| !name.trim().is_empty()) { split } else { vec![names] }
}

fn education(education_work: EducationWork) -> Vec<Value> {
    let EducationWork { education_level, education, work_history, job_seeker_status } = education_work;
    let level = education_level.map(|level| component("education_level", "valueInteger", level));
    let status = said(job_seeker_status).map(|status| {
        let status = fhir::concept(codes::JOB_SEEKER_STATUS, &status);
        component("job_seeker_status", "valueCodeableConcept", status)
    });
    list([level, text("education", education), text("work_history", work_history), status])
}

fn list<const N: usize>(parts: [Option<Value>; N]) -> Vec<Value> {
    parts.into_iter().flatten().collect()
}

fn text(field: &str, value: String) -> Option<Value> {
    said(value).map(|value| component(field, "valueString", value))
}

fn component(field: &str, name: &'static str, value: impl Into<Value>) -> Value {
    Writing::part().with("code", fhir::concept(codes::FIELD, field)).with(name, value).done()
}

/// What an Observation says of a category, whoever holds it.
fn observation(subject: Option<&str>, category: DataCategory, components: Vec<Value>) -> Writing {
    let concept = fhir::concept(fhir::DATA_CATEGORY, polku_proto::name(category));
    Writing::part()
        .with("status", "final")
        .with("category", vec![concept.clone()])
        .with("code", concept)
        .with("subject", subject.map(|address| json!({"reference": address})))
        .with("component", components)
}
