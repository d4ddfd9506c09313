//! Is anything lost of what the county holds, of what it is asked, or of what it is told of a disclosure?

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::identity::Oid;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::{
    Basis, Consent, ConsentEvidence, DisclosureNotice, Fact, FactKind, LegalBasis, Origin, PlanPart,
    ReferralContent, basis,
};
use polku_proto::{Disclose as _, time};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::round_trip::{SOCIAL, from_professional, plan, turned};
use super::*;
use crate::agencies::trial::any;
use crate::agencies::trial::asked::{Record, query, record};
use crate::formats::fhir::element::read_urn;
use crate::formats::fhir::{Permission, Reading, import};

/// A resource of the county, with these elements beside its own id and what says when it was recorded.
fn resource(kind: &str, record: &Record, more: Value) -> Value {
    let mut resource = json!({"resourceType": kind, "id": record.id});
    if let Some(instant) = record.recorded {
        resource["meta"] = json!({"lastUpdated": instant.to_string()});
    }
    and(resource, more)
}

fn period(record: &Record) -> Value {
    let mut period = json!({});
    for (name, day) in [("start", &record.since), ("end", &record.until)] {
        if !day.is_empty() {
            period[name] = json!(day);
        }
    }
    period
}

fn told(record: &Record, category: DataCategory, kind: FactKind, text: &str) -> Fact {
    Fact {
        category: category.into(),
        kind: kind.into(),
        text: text.to_owned(),
        since: record.since.clone(),
        until: record.until.clone(),
        record_time: record.recorded.map(|instant| time::to_wire(instant).unwrap()),
        reference: record.id.clone(),
        ..Fact::default()
    }
}

/// A permit or a consent, of any width, recorded by anybody or nobody knows by whom.
fn any_permit() -> impl Strategy<Value = Consent> {
    let sets = btree_set(2..=15_i32, 1..=14);
    (any::<bool>(), sets, any::<bool>(), 0..4_u8, "[A-Za-z0-9._-]{1,20}").prop_map(
        |(is_permit, categories, is_open, recorder, id)| {
            let mut consent = disclosures::permit("");
            let terms = consent.terms.as_mut().unwrap();
            terms.categories = categories.into_iter().collect();
            terms.explicit_categories.clear();
            if !is_permit {
                terms.kind = ConsentKind::Consent.into();
                terms.legal_basis = LegalBasis::Consent.into();
                terms.permit_domain = 0;
            }
            if !is_permit || !is_open {
                terms.valid_until = time::to_wire(trial::instant("2027-11-01T00:00:00Z")).ok();
            }
            consent.recorder_professional = id;
            if recorder > 0 {
                consent.recorder_unit.clear();
                let given_by =
                    [GivenBy::Unspecified, GivenBy::Self_, GivenBy::Guardian][usize::from(recorder) - 1];
                consent.evidence =
                    Some(ConsentEvidence { given_by: given_by.into(), ..ConsentEvidence::default() });
            }
            consent
        },
    )
}

/// Reads the consents behind an event, each with who recorded it where that is known.
fn read_back(resources: &[&Value], consents: &BTreeMap<&str, Consent>) {
    let mut left = resources.iter();
    for (name, consent) in consents {
        let (written, terms) = (left.next().unwrap(), consent.terms.as_ref().unwrap());
        let urn = format!("urn:uuid:{}", name.rsplit('/').next().unwrap());
        assert_eq!(written["identifier"][0]["value"], urn);
        let social = social();
        let find = |oid: &Oid| social.organisations.find(oid);
        let read = import(&written.to_string(), Reading::R4Literal, &find).unwrap();
        let told: BTreeSet<i32> =
            read.consents.iter().flat_map(|read| read.terms.categories.iter().copied()).collect();
        assert_eq!(told, terms.categories.iter().copied().collect());
        for Permission { terms: read, .. } in &read.consents {
            assert_eq!((read.kind, read.permit_domain), (terms.kind, terms.permit_domain));
            assert_eq!((&read.disclosers, &read.recipients), (&terms.disclosers, &terms.recipients));
            assert_eq!((&read.valid_from, &read.valid_until), (&terms.valid_from, &terms.valid_until));
            assert_eq!(read.purposes, terms.purposes);
        }
        let given_by = consent.evidence.as_ref().map(ConsentEvidence::given_by);
        let who = match (consent.recorder_unit.is_empty(), given_by) {
            (false, _) => ("/identifier/value", consent.recorder_professional.as_str()),
            (true, Some(GivenBy::Self_)) => {
                ("/identifier/value", written["patient"]["identifier"]["value"].as_str().unwrap())
            }
            (true, Some(GivenBy::Guardian)) => ("/display", "legal representative"),
            (true, _) => continue,
        };
        let recorded = left.next().unwrap();
        assert_eq!(recorded["target"], json!([{"reference": urn}]));
        assert_eq!(recorded["agent"][0]["who"].pointer(who.0).unwrap(), who.1);
    }
    assert!(left.next().is_none(), "more than was told");
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn facts_and_plans(
        records in vec(record(), 4),
        manager in any::maybe_words(200),
        starts in any::moment(),
        issued in option::of(any::moment()),
        part in plan(),
        chosen in btree_set(2..=15_i32, 1..=14),
    ) {
        let attendance = DataCategory::ServiceAttendance;
        let words = |place: usize| records[place].words.as_str();
        let mut episode = json!({"status": "active", "type": [{"text": words(0)}], "period": period(&records[0])});
        if !manager.is_empty() {
            episode["careManager"] = json!({"display": manager});
        }
        let mut observation = json!({
            "status": "final",
            "code": {"coding": [{"system": "urn:polku:data-category", "code": "housing"}]},
            "valueString": words(3),
            "effectivePeriod": period(&records[3]),
        });
        if let Some(issued) = &issued {
            observation["issued"] = json!(issued.text);
        }
        let delivery = Delivery { referral: String::new(), ..from_professional(Item::PlanPart(part.clone())) };
        let mut care_plan = turned(delivery)["entry"][1]["resource"].take();
        let updated = time::from_wire(part.update_time.as_ref().unwrap()).unwrap();
        care_plan["meta"]["lastUpdated"] = json!(updated.to_string());
        let entries = [
            resource("EpisodeOfCare", &records[0], episode),
            resource("Encounter", &records[1], json!({
                "status": "finished", "type": [{"text": words(1)}], "period": period(&records[1]),
            })),
            resource("Appointment", &records[2], json!({
                "status": "booked", "description": words(2), "start": starts.text,
            })),
            resource("Observation", &records[3], observation),
            care_plan,
        ];
        let entries: Vec<Value> = entries.into_iter().map(|resource| json!({"resource": resource})).collect();
        let answer = json!({"resourceType": "Bundle", "type": "searchset", "entry": entries}).to_string();

        let categories = CategorySet::from_wire(&chosen.into_iter().collect::<Vec<_>>()).unwrap();
        let own = trial::agency("ohjaamo");
        let reader = inbound::reader(&own, &SOCIAL.organisations);
        let held = reader.facts(answer.as_bytes(), "010594Y9032", categories, trial::now());
        let held = held.unwrap_or_else(|| panic!("not used: {answer}"));
        let customer = Fact {
            code: "active".into(),
            code_system: "http://hl7.org/fhir/episode-of-care-status".into(),
            ..told(&records[0], attendance, FactKind::Customer, words(0))
        };
        let appointment = Fact {
            since: time::finnish_date(starts.instant).to_string(),
            until: String::new(),
            ..told(&records[2], attendance, FactKind::Appointment, words(2))
        };
        let mut housing = told(&records[3], DataCategory::Housing, FactKind::Housing, words(3));
        if let Some(issued) = issued {
            housing.record_time = time::to_wire(issued.instant).ok();
        }
        let mut expected = vec![customer];
        if !manager.is_empty() {
            expected.push(told(&records[0], attendance, FactKind::ResponsibleWorker, &manager));
        }
        expected.push(told(&records[1], attendance, FactKind::Service, words(1)));
        expected.extend([appointment, housing]);
        expected.retain(|fact| categories.contains(fact.category()));
        prop_assert!(held.facts == expected, "{:#?}\n{:#?}", held.facts, expected);

        // Who somebody is stands in no answer about a plan: what is asked for is one person.
        let background = part.background.clone().map(|told| ReferralContent {
            identity_code: String::new(),
            given_names: String::new(),
            family_name: String::new(),
            contact_language: String::new(),
            contact: None,
            correspondence_address: String::new(),
            ..told
        });
        let mut part = said::plan(PlanPart { background, consent_withdrawn: false, ..part });
        part.restrict(categories);
        let is_left = !part.categories().is_subset(CategorySet::ENVELOPE);
        let left = if is_left { vec![part] } else { Vec::new() };
        prop_assert!(held.plans == left);
    }

    #[test]
    fn question(asked in query()) {
        let question = Question::of(asked.clone(), &SOCIAL.organisations).unwrap();
        let professional = Some(asked.professional.clone()).filter(|id| !id.is_empty());
        prop_assert_eq!((question.requester.as_str(), &question.professional), (asked.requester.as_str(), &professional));
        let written: Value = serde_json::from_slice(&question.body).unwrap();
        prop_assert_eq!(written["resourceType"].as_str(), Some("Parameters"));
        let mut categories = Vec::new();
        let mut told = 0;
        for parameter in written["parameter"].as_array().unwrap() {
            told += 1;
            match parameter["name"].as_str().unwrap() {
                "query" => {
                    let id = read_urn(parameter["valueUri"].as_str().unwrap()).unwrap();
                    prop_assert_eq!(id.to_string(), asked.query_id.clone());
                }
                "person" => {
                    let identifier = &parameter["valueIdentifier"];
                    prop_assert_eq!(identifier["system"].as_str(), Some("urn:oid:1.2.246.21"));
                    prop_assert_eq!(identifier["value"].as_str(), Some(asked.identity_code.as_str()));
                }
                "purpose" => {
                    let code = parameter["valueCoding"]["code"].as_str().unwrap();
                    let purpose = crate::formats::fhir::codes::read_purpose(code).unwrap();
                    prop_assert_eq!(i32::from(purpose), asked.purpose);
                }
                "requester" => {
                    let value = parameter["valueReference"]["identifier"]["value"].as_str();
                    prop_assert_eq!(value, Some(asked.requester.as_str()));
                }
                "category" => {
                    let name = parameter["valueCode"].as_str().unwrap();
                    categories.push(i32::from(polku_proto::named(name).unwrap()));
                }
                other => prop_assert!(false, "{}", other),
            }
        }
        prop_assert_eq!(told, 4 + categories.len());
        prop_assert_eq!(categories, asked.categories);
    }

    #[test]
    fn disclosure(
        identified in 0..3_u8,
        disclosed in any::instant(),
        permit in any_permit(),
        arrived in any::<bool>(),
        message in "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        told_to in "[a-z][a-z0-9-]{0,31}(/[A-Za-z._:-]{1,64})?",
        purpose in 1..=7_i32,
        data_sets in btree_set(2..=15_i32, 1..=14),
        bases in vec((1..=4_i32, "[a-z_]{1,20}", any::maybe_words(200), "[0-9a-f]{8}-0000-7000-8000-[0-9a-f]{12}", any::<u64>()), 0..4),
        origin in option::of((any::maybe("[A-Za-z0-9._-]{1,64}"), btree_set("[A-Za-z0-9._:-]{1,128}", 0..4))),
    ) {
        let bases: Vec<Basis> = bases.into_iter().map(|(kind, rule, statute, consent, version)| {
            let is_consent = kind <= 2;
            Basis {
                kind: basis::Kind::try_from(kind).unwrap().into(),
                rule,
                statute: if statute.trim().is_empty() { String::new() } else { statute },
                consent: if is_consent { format!("youths/{}/consents/{consent}", trial::YOUTH) } else { String::new() },
                consent_version: if is_consent { version } else { 0 },
            }
        }).collect();
        let origin = origin.map(|(service_task, documents)| Origin { service_task, documents: documents.into_iter().collect() });
        let permits: BTreeMap<&str, Consent> = bases.iter().map(|basis| basis.consent.as_str())
            .filter(|name| !name.is_empty())
            .map(|name| (name, Consent { name: name.to_owned(), ..permit.clone() })).collect();
        let notice = DisclosureNotice {
            identity_code: if identified == 1 { "010594Y9032".into() } else { String::new() },
            temporary_id: if identified == 2 { "1.2.246.10.2048198.22.2026.4711".into() } else { String::new() },
            disclose_time: time::to_wire(disclosed).ok(),
            disclosed_message: message.clone(),
            told_to: told_to.clone(),
            purpose,
            data_sets: data_sets.iter().copied().collect(),
            bases: bases.clone(),
            origin: origin.clone(),
            consents: permits.values().cloned().collect(),
            arrival: if arrived { Arrival::Known.into() } else { Arrival::InDoubt.into() },
        };
        let entries = disclosures::entries_of(notice).unwrap();
        let resources: Vec<&Value> = entries.iter().map(|entry| &entry["resource"]).collect();
        let [event, behind @ .., provenance] = &resources[..] else { panic!("no event") };
        prop_assert_eq!(event["outcome"].as_str(), Some(if arrived { "0" } else { "4" }));
        read_back(behind, &permits);

        let mut urns = Vec::new();
        let mut consents = BTreeSet::new();
        let mut statutes = BTreeSet::new();
        let mut stems = Origin::default();
        for extension in event["extension"].as_array().unwrap() {
            let text = |name: &str| extension[name].as_str().unwrap().to_owned();
            match extension["url"].as_str().unwrap() {
                url @ ("urn:polku:disclosed-message" | "urn:polku:referral") => {
                    urns.push((url.to_owned(), read_urn(&text("valueUri")).unwrap().to_string()));
                }
                "urn:polku:consent" => {
                    let reference = &extension["valueReference"];
                    let id = read_urn(reference["identifier"]["value"].as_str().unwrap()).unwrap();
                    let version = reference["extension"][0]["valueString"].as_str().unwrap();
                    consents.insert((id.to_string(), version.parse::<u64>().unwrap()));
                }
                "urn:polku:statute" => prop_assert!(statutes.insert(text("valueString"))),
                "urn:polku:service-task" => {
                    stems.service_task = extension["valueCoding"]["code"].as_str().unwrap().to_owned();
                }
                "urn:polku:document" => stems.documents.push(text("valueString")),
                other => prop_assert!(false, "{}", other),
            }
        }
        let named = [("urn:polku:disclosed-message", message.as_str()), ("urn:polku:referral", trial::REFERRAL)];
        prop_assert_eq!(urns, named.map(|(url, id)| (url.to_owned(), id.to_owned())).to_vec());
        let id = |name: &str| name.rsplit('/').next().unwrap().to_owned();
        let wanted = bases.iter().filter(|basis| !basis.consent.is_empty());
        prop_assert_eq!(consents, wanted.map(|basis| (id(&basis.consent), basis.consent_version)).collect());
        let wanted = bases.iter().map(|basis| basis.statute.clone()).filter(|statute| !statute.is_empty());
        prop_assert_eq!(statutes, wanted.collect());
        prop_assert_eq!(stems, origin.unwrap_or_default());

        prop_assert_eq!(event["period"]["start"].as_str().unwrap().parse().ok(), Some(disclosed));
        let discloser = &event["agent"][0];
        let policies = discloser.get("policy").and_then(Value::as_array).cloned().unwrap_or_default();
        let policies: BTreeSet<String> = policies.iter().map(|rule| rule.as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(policies, bases.iter().map(|basis| format!("urn:polku:rule:{}", basis.rule)).collect());
        let recipient = event["agent"][1]["who"]["identifier"]["value"].as_str();
        prop_assert_eq!(recipient, Some(told_to.as_str()));
        let code = event["purposeOfEvent"][0]["coding"][0]["code"].as_str().unwrap();
        prop_assert_eq!(crate::formats::fhir::codes::read_purpose(code).map(i32::from), Some(purpose));
        let (mut people, mut sets) = (Vec::new(), BTreeSet::new());
        for entity in event["entity"].as_array().unwrap() {
            let value = entity["what"]["identifier"]["value"].as_str().unwrap();
            match entity["type"]["code"].as_str().unwrap() {
                "1" => people.push(value.to_owned()),
                _ => prop_assert!(sets.insert(i32::from(polku_proto::named(value).unwrap()))),
            }
        }
        let who = [vec![], vec!["010594Y9032"], vec!["4711"]];
        prop_assert_eq!(people, who[usize::from(identified)].clone());
        prop_assert_eq!(sets, data_sets);

        prop_assert_eq!(provenance["occurredDateTime"].as_str().unwrap().parse().ok(), Some(disclosed));
        prop_assert_eq!(provenance["activity"]["coding"][0]["code"].as_str(), Some("data-disclosed"));
        prop_assert_eq!(&provenance["meta"]["tag"], &event["meta"]["tag"]);
        // What it is about: the notice, and each consent that it rests on.
        let named: BTreeSet<String> =
            bases.iter().filter(|basis| !basis.consent.is_empty()).map(|basis| id(&basis.consent)).collect();
        let targets = provenance["target"].as_array().unwrap();
        let targets: BTreeSet<&str> = targets.iter().skip(1).map(|one| one["reference"].as_str().unwrap()).collect();
        let named: BTreeSet<String> = named.iter().map(|id| format!("urn:uuid:{id}")).collect();
        prop_assert_eq!(targets, named.iter().map(String::as_str).collect::<BTreeSet<&str>>());
    }
}
