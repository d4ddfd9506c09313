//! Is it read who has given a consent, and is it refused where that contradicts itself?

use super::*;

fn agreed_by(list: &str, performers: Value) -> Value {
    let mut document = foreign("OPTOUT", whole());
    document[list] = performers;
    document
}

fn giver(performers: Value) -> Option<Giver> {
    read(&agreed_by("performer", performers), Reading::R4Literal).given_by
}

fn identified(kind: &str, system: &str, value: &str) -> Value {
    json!({"type": kind, "identifier": {"system": system, "value": value}})
}

#[test]
fn the_patient_or_a_related_person() {
    let organisation = identified("Organization", "urn:polku:agency", "ohjaamo");
    for (performers, expected) in [
        (json!([{"type": "Patient"}]), Some(Giver::Patient)),
        (json!([identified("Patient", "urn:oid:1.2.246.21", HETU)]), Some(Giver::Patient)),
        (json!([{"identifier": {"system": "urn:oid:1.2.246.21", "value": HETU}}]), Some(Giver::Patient)),
        (json!([{"type": "RelatedPerson", "display": "guardian"}]), Some(Giver::RelatedPerson)),
        (json!([{"reference": "RelatedPerson/7"}]), Some(Giver::RelatedPerson)),
        (
            json!([{"reference": "https://fhir.example/r4/RelatedPerson/7/_history/2"}]),
            Some(Giver::RelatedPerson),
        ),
        (
            json!([{
                "reference": "Patient/1",
                "identifier": {"system": "urn:oid:1.2.246.21", "value": HETU},
            }]),
            Some(Giver::Patient),
        ),
        // Who is to comply with it, or has seen it, does not give it.
        (json!([organisation, {"type": "Practitioner"}, {"type": "Patient"}]), Some(Giver::Patient)),
        (json!([organisation, {"reference": "PractitionerRole/3"}]), None),
    ] {
        assert_eq!(giver(performers.clone()), expected, "{performers}");
    }
    assert_eq!(read(&foreign("OPTOUT", whole()), Reading::R4Literal).given_by, None);
}

#[test]
fn what_leaves_says_who_gave_it_when_it_comes_back() {
    for (given_by, expected) in [
        (GivenBy::Self_, Some(Giver::Patient)),
        (GivenBy::Guardian, Some(Giver::RelatedPerson)),
        (GivenBy::OtherRepresentative, Some(Giver::RelatedPerson)),
        (GivenBy::Unspecified, None),
    ] {
        let evidence = ConsentEvidence { given_by: given_by.into(), ..consent(terms()).evidence.unwrap() };
        let record = Consent { evidence: Some(evidence), ..consent(terms()) };
        for subject in [None, Some(hetu())] {
            let document = export(&record, subject.as_ref(), &parties).unwrap();
            assert_eq!(read(&document, Reading::R4Literal).given_by, expected, "{given_by:?}");
        }
    }
}

#[test]
fn the_grantor_of_r5() {
    let mut document = agreed_by("grantor", json!([{"type": "RelatedPerson"}]));
    assert_eq!(read(&document, Reading::R5Negation).given_by, Some(Giver::RelatedPerson));
    refused(&document, Reading::R4Literal, "Consent.grantor", Problem::Unsupported);
    document["performer"] = json!([{"type": "Patient"}]);
    refused(&document, Reading::R5Negation, "Consent.grantor", Problem::Unsupported);
}

#[test]
fn a_contradiction() {
    let says = |performers: Value, place: &str, problem: Problem| {
        let document = agreed_by("performer", performers);
        refused(&document, Reading::R4Literal, &format!("Consent.performer[{place}]"), problem);
    };
    says(json!([{"type": "Patient"}, {"type": "RelatedPerson"}]), "1", Problem::Unsupported);
    says(json!([identified("Patient", "urn:oid:1.2.246.21", "010594Y9021")]), "0", Problem::Unrelated);
    says(json!([identified("Patient", "urn:polku:youth", YOUTH)]), "0", Problem::Unrelated);
    says(json!([identified("Patient", "urn:elsewhere", "1")]), "0", Problem::Unrelated);
    says(json!([{"type": "Patient", "reference": "RelatedPerson/7"}]), "0", Problem::Unsupported);
    says(json!([{"type": "Practitioner", "reference": "RelatedPerson/7"}]), "0", Problem::Unsupported);
    // A parent may be a patient, too.
    says(json!([{"reference": "Patient/2"}]), "0", Problem::Unknown);
    says(json!([{"type": "Patient", "reference": "Patient/2"}]), "0", Problem::Unknown);
    says(json!([{"reference": "https://fhir.example/r4/Patient/1/_history/2"}]), "0", Problem::Unknown);
    // Who this is, nobody can tell.
    says(json!([{"display": "HETU 010594Y9032"}]), "0", Problem::Unknown);
    says(json!([{"reference": "#1"}]), "0", Problem::Unknown);
    says(json!([{"type": "Device"}]), "0", Problem::Unknown);
    says(
        json!([{"identifier": {"system": "urn:oid:1.2.246.21", "value": "010594Y9021"}}]),
        "0",
        Problem::Unknown,
    );
}
