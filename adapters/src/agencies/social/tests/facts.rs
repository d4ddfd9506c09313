//! What is taken over of what the county holds, and what is asked?

use polku_proto::v1::{Fact, FactKind};

use super::*;

pub(super) fn held() -> Value {
    let category = |code: &str| json!({"coding": [{"system": "urn:polku:data-category", "code": code}]});
    let entries = [
        json!({"resourceType": "EpisodeOfCare", "id": "e-1", "status": "active",
            "meta": {"lastUpdated": "2026-01-05T08:00:00Z"},
            "type": [{"text": "Nuorten sosiaalipalvelut"}],
            "period": {"start": "2026-01-01"},
            "careManager": {"display": "Sanna Sosiaalityöntekijä"}}),
        json!({"resourceType": "Encounter", "id": "v-1", "status": "finished", "class": {"code": "AMB"},
            "type": [{"coding": [{"display": "Sosiaaliohjaus"}]}],
            "period": {"start": "2026-03-01T22:30:00Z", "end": "2026-03-02T21:59:00Z"}}),
        json!({"resourceType": "Encounter", "id": "v-2", "status": "cancelled"}),
        json!({"resourceType": "Appointment", "id": "a-1", "status": "booked",
            "start": "2026-12-01T08:00:00Z", "description": "Käynti"}),
        json!({"resourceType": "Observation", "id": "o-1", "status": "final",
            "code": category("social_situation"), "valueString": "Asuu yksin.",
            "effectivePeriod": {"start": "2025", "end": "2025-06"},
            "issued": "2026-02-01T10:00:00Z"}),
        json!({"resourceType": "Observation", "id": "o-2", "status": "final",
            "code": category("housing"), "effectiveDateTime": "2026-05-01",
            "valueCodeableConcept": {"coding": [{"system": "urn:x:asuminen", "code": "3"}], "text": "Tukiasunto"}}),
        json!({"resourceType": "Observation", "id": "o-3", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]}, "valueString": "181 cm"}),
        json!({"resourceType": "Observation", "id": "010594Y9032", "status": "final",
            "code": category("service_needs"), "valueString": "Rytmi."}),
        json!({"resourceType": "Observation", "id": "o-5", "status": "final",
            "code": category("identity_contact"), "valueString": "Salainen."}),
        json!({"resourceType": "Patient", "id": "p", "name": [{"family": "Esimerkki"}]}),
        json!({"resourceType": "CarePlan", "id": "c-1",
            "meta": {"lastUpdated": "2026-06-01T08:00:00Z"},
            "identifier": [{"system": "urn:polku:plan-reference", "value": "as-8"}],
            "extension": [{"url": "urn:polku:plan-revision", "valuePositiveInt": 4}],
            "status": "active", "intent": "plan", "subject": {"reference": "Patient/p"},
            "author": {"identifier": {"system": "urn:polku:agency", "value": "social"}},
            "note": [{"authorReference": {"reference": "Patient/p"}, "text": "Haluan rauhaa."}],
            "contained": [{"resourceType": "Observation", "id": "n", "status": "final",
                "identifier": [{"system": "urn:polku:plan-item", "value": "n1"}],
                "category": [category("health_capacity")],
                "code": {"coding": [{"system": "urn:polku:plan-item-kind", "code": "need"}]},
                "valueString": "Uni."}],
            "supportingInfo": [{"reference": "#n"}]}),
    ];
    let entries: Vec<Value> = entries.into_iter().map(|resource| json!({"resource": resource})).collect();
    json!({"resourceType": "Bundle", "type": "searchset", "total": 11, "entry": entries})
}

pub(super) fn read(answer: &Value, asked: CategorySet) -> Option<AgencyFacts> {
    let social = social();
    let reader = inbound::reader(&social.agency, &social.organisations);
    reader.facts(answer.to_string().as_bytes(), "010594Y9032", asked, trial::now())
}

pub(super) fn all() -> CategorySet {
    CategorySet::ALL.difference(CategorySet::ENVELOPE)
}

#[test]
fn everything_that_is_understood() {
    let facts = read(&held(), all()).unwrap();
    assert_eq!(facts.agency, "social");
    let shown = |fact: &Fact| {
        let days = format!("{}..{}", fact.since, fact.until);
        (fact.kind, fact.text.clone(), fact.code.clone(), days, fact.reference.clone())
    };
    let expected = [
        (FactKind::Customer, "Nuorten sosiaalipalvelut", "active", "2026-01-01..", "e-1"),
        (FactKind::ResponsibleWorker, "Sanna Sosiaalityöntekijä", "", "2026-01-01..", "e-1"),
        (FactKind::Service, "Sosiaaliohjaus", "", "2026-03-02..2026-03-02", "v-1"),
        (FactKind::Appointment, "Käynti", "", "2026-12-01..", "a-1"),
        (FactKind::SocialSituation, "Asuu yksin.", "", "2025-01-01..2025-06-30", "o-1"),
        (FactKind::Housing, "Tukiasunto", "3", "2026-05-01..", "o-2"),
        (FactKind::ServiceNeed, "Rytmi.", "", "..", ""),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(kind, text, code, days, id)| {
            (i32::from(*kind), (*text).to_owned(), (*code).to_owned(), (*days).to_owned(), (*id).to_owned())
        })
        .collect();
    assert_eq!(facts.facts.iter().map(shown).collect::<Vec<_>>(), expected);
    let recorded = facts.facts[0].record_time.unwrap().seconds;
    assert_eq!(recorded, trial::instant("2026-01-05T08:00:00Z").as_second());
    assert_eq!(facts.plans.len(), 1);
    let plan = &facts.plans[0];
    assert_eq!((plan.reference.as_str(), plan.revision, plan.needs.len()), ("as-8", 4, 1));
    assert_eq!(plan.client_view, "Haluan rauhaa.");
}

#[test]
fn only_what_was_asked_for() {
    for category in all().iter() {
        let facts = read(&held(), CategorySet::of(&[category])).unwrap();
        let others = facts.facts.iter().filter(|fact| fact.category != i32::from(category)).count();
        assert_eq!(others, 0, "{category:?}");
        for plan in &facts.plans {
            assert!(plan.needs.is_empty() || category == DataCategory::HealthCapacity);
            assert!(plan.client_view.is_empty() || category == DataCategory::JointPlan);
        }
    }
}

#[test]
fn nobody_is_known() {
    let facts = read(&json!({"resourceType": "Bundle", "type": "searchset", "total": 0}), all()).unwrap();
    assert!(facts.facts.is_empty() && facts.plans.is_empty());
}

#[test]
fn answers_that_cannot_be_used() {
    let bad = [
        ("/resourceType", json!("Task")),
        ("/type", json!("batch-response")),
        ("/entry/0/resource", json!({"status": "active"})),
        ("/entry/0/resource/status", json!(1)),
        ("/entry/0/resource/period/start", json!("soon")),
        ("/entry/4/resource/issued", json!("2026")),
        ("/entry/4/resource/valueString", json!("ö".repeat(4001))),
        ("/entry/4/resource/code", json!({})),
        ("/entry/5/resource/valueCodeableConcept/coding/0/code", json!("a b")),
        ("/entry/10/resource/status", json!("unknown")),
        ("/entry/10/resource/meta", json!({})),
        ("/entry/10/resource/author/identifier/value", json!("te")),
        ("/entry", json!({})),
    ];
    for (path, value) in bad {
        let mut answer = held();
        *answer.pointer_mut(path).unwrap() = value;
        assert!(read(&answer, all()).is_none(), "{path}");
    }
    for turned in ["modifierExtension", "implicitRules"] {
        let mut answer = held();
        answer["entry"][4]["resource"]["code"][turned] = json!("x");
        assert!(read(&answer, all()).is_none(), "{turned}");
    }
    let mut many = held();
    let entry = many["entry"][4].clone();
    many["entry"] = json!(vec![entry; 501]);
    assert!(read(&many, all()).is_none());
}

#[test]
fn an_answer_about_somebody_else() {
    let code = |value: &str| json!({"system": "urn:oid:1.2.246.21", "value": value});
    let (own, other) = (code("010594Y9032"), code("010594Y9021"));
    let places = [
        ("/entry/4/resource/subject", json!({"identifier": own}), json!({"identifier": other})),
        ("/entry/0/resource/patient", json!({"identifier": own}), json!({"identifier": other})),
        ("/entry/10/resource/subject", json!({"identifier": own}), json!({"identifier": other})),
        ("/entry/9/resource/identifier", json!([own]), json!([other])),
        ("/entry/9/resource/identifier", json!([other, own]), json!([other, other])),
    ];
    for (path, right, wrong) in places {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let with = |value: Value| {
            let mut answer = held();
            answer.pointer_mut(parent).unwrap()[name] = value;
            read(&answer, all()).map(|facts| facts.facts.len())
        };
        assert_eq!(with(right), Some(7), "{path}");
        assert_eq!(with(wrong), None, "{path}");
    }
}

#[test]
fn the_question_names_nobody_outside_of_its_body() {
    let question =
        Question::of(trial::facts_query(&[DataCategory::Housing]), &social().organisations).unwrap();
    assert_eq!(question.id.to_string(), trial::QUERY);
    assert_eq!(question.professional.as_deref(), Some("ohjaaja-7"));
    assert_eq!(question.categories, CategorySet::of(&[DataCategory::Housing]));
    let nobody = FactsQuery { identity_code: String::new(), ..trial::facts_query(&[DataCategory::Housing]) };
    assert_eq!(Question::of(nobody, &social().organisations).err().unwrap().0, "identity_code");
}
