//! What do documents of others come to, in each reading?

use polku_proto::v1::ProhibitionTerms;

use super::*;

/// What was permitted, in short: who may tell whom what.
fn permitted(imported: &Imported) -> Vec<String> {
    let one = |terms: &ConsentTerms| {
        let purposes: Vec<&str> = terms.purposes().map(polku_policy::purpose_name).collect();
        let categories: Vec<&str> = terms.categories().map(polku_proto::name).collect();
        format!(
            "{} > {}: {} for {}",
            terms.disclosers.join(" "),
            terms.recipients.join(" "),
            categories.join(" "),
            purposes.join(" ")
        )
    };
    permitted_terms(imported).iter().map(one).collect()
}

fn prohibited(imported: &Imported) -> Vec<String> {
    let one = |terms: &ProhibitionTerms| {
        let categories: Vec<&str> = terms.categories().map(polku_proto::name).collect();
        format!("{} > {}: {}", terms.disclosers.join(" "), terms.recipients.join(" "), categories.join(" "))
    };
    imported.prohibitions.iter().map(one).collect()
}

#[track_caller]
fn comes_to(document: &Value, reading: Reading, permissions: &[&str], denials: &[&str]) {
    let imported = read(document, reading);
    assert_eq!(permitted(&imported), permissions);
    assert_eq!(prohibited(&imported), denials);
}

const ALL: &str = "ohjaamo > te kela: identity_contact housing education_work for guidance rehabilitation";

fn permission(more: Value) -> Value {
    with(with(whole(), json!({"type": "permit"})), more)
}

/// A document in R5's own form.
fn r5(decision: &str, provisions: Value) -> Value {
    let mut document = foreign("OPTIN", json!({}));
    let members = document.as_object_mut().unwrap();
    for name in ["policyRule", "scope", "provision"] {
        members.remove(name);
    }
    let patient = members.remove("patient").unwrap();
    with(
        document,
        json!({"decision": decision, "subject": patient, "provision": provisions, "date": "2026-01-01"}),
    )
}

#[test]
fn one_permission() {
    let document = foreign("OPTIN", json!({"provision": [permission(json!({}))]}));
    comes_to(&document, Reading::R4Literal, &[ALL], &[]);
    comes_to(&document, Reading::R5Negation, &[ALL], &[]);
    let imported = read(&document, Reading::R4Literal);
    assert_eq!(imported.patient, Patient::Hetu(hetu()));
    let terms = &imported.consents.first().unwrap().terms;
    assert_eq!((terms.kind(), terms.legal_basis()), (ConsentKind::Consent, LegalBasis::Consent));
    assert_eq!(time::from_wire(&terms.valid_from.unwrap()).unwrap().to_string(), "2025-12-31T22:00:00Z");
    assert_eq!(time::from_wire(&terms.valid_until.unwrap()).unwrap().to_string(), "2026-12-31T22:00:00Z");
    assert!(terms.explicit_categories.is_empty());
}

#[test]
fn the_root_bounds_what_is_inside() {
    let root = with(whole(), json!({"provision": [{"type": "permit", "class": [category("housing")]}]}));
    let housing = "ohjaamo > te kela: housing for guidance rehabilitation";
    comes_to(&foreign("OPTIN", root.clone()), Reading::R4Literal, &[housing], &[]);
    // The same under a base that permits: in R4 the permission adds nothing, in R5 it contradicts its place.
    comes_to(&foreign("OPTOUT", root.clone()), Reading::R4Literal, &[ALL, housing], &[]);
    let place = "Consent.provision.provision[0].type";
    refused(&foreign("OPTOUT", root), Reading::R5Negation, place, Problem::TypeContradicts);
}

#[test]
fn denials_inside_of_a_permission_are_taken_out_of_it() {
    let denial = |more| {
        foreign(
            "OPTIN",
            json!({"provision": [permission(json!({"provision": [with(json!({"type": "deny"}), more)]}))]}),
        )
    };
    let cases = [
        (
            json!({"class": [category("housing")]}),
            vec!["ohjaamo > te kela: identity_contact education_work for guidance rehabilitation"],
        ),
        (
            json!({"actor": [actor("IRCP", "kela")]}),
            vec!["ohjaamo > te: identity_contact housing education_work for guidance rehabilitation"],
        ),
        (
            json!({"purpose": [code("urn:polku:purpose", "guidance")]}),
            vec!["ohjaamo > te kela: identity_contact housing education_work for rehabilitation"],
        ),
        (
            json!({"actor": [actor("IRCP", "kela")], "class": [category("housing")]}),
            vec![
                "ohjaamo > te: identity_contact housing education_work for guidance rehabilitation",
                "ohjaamo > kela: identity_contact education_work for guidance rehabilitation",
            ],
        ),
        (json!({"period": {"start": "2026-07-01"}}), vec![ALL]),
        (json!({"period": {"start": "2026-05-01", "end": "2026-05-31"}}), vec![ALL, ALL]),
    ];
    for (more, left) in cases {
        comes_to(&denial(more.clone()), Reading::R4Literal, &left, &[]);
        comes_to(&denial(more), Reading::R5Negation, &left, &[]);
    }
}

#[test]
fn the_readings_differ_where_they_must() {
    // Without types: R5 knows from the level, R4 does not know at all.
    let untyped = whole();
    let nested = with(whole(), json!({"provision": [{"class": [category("housing")]}]}));
    let left = "ohjaamo > te kela: identity_contact education_work for guidance rehabilitation";
    for (inside, permissions) in [(untyped, ALL), (nested, left)] {
        let document = foreign("OPTIN", json!({"provision": [inside]}));
        comes_to(&document, Reading::R5Negation, &[permissions], &[]);
        refused(&document, Reading::R4Literal, "Consent.provision.provision[0].type", Problem::Missing);
    }
    // A root with a type: R5 takes it for the base, R4 has none there.
    let mut typed_root = foreign("OPTIN", with(whole(), json!({"type": "permit"})));
    typed_root.as_object_mut().unwrap().remove("policyRule");
    comes_to(&typed_root, Reading::R5Negation, &[ALL], &[]);
    refused(&typed_root, Reading::R4Literal, "Consent.provision.type", Problem::TypeContradicts);
    // A denial under a base that denies: in R4 it stands by itself, in R5 it would be a permission and says it is none.
    let denial = json!({"type": "deny", "actor": [actor("IRCP", "kela")]});
    let document = foreign("OPTIN", json!({"provision": [permission(json!({})), denial]}));
    comes_to(&document, Reading::R4Literal, &[ALL], &[" > kela: "]);
    refused(&document, Reading::R5Negation, "Consent.provision.provision[1].type", Problem::TypeContradicts);
    // A permission inside a permission: in R4 as it says, in R5 it would be a denial.
    let inner = permission(json!({"provision": [{"type": "permit", "class": [category("housing")]}]}));
    let document = foreign("OPTIN", json!({"provision": [inner]}));
    let housing = "ohjaamo > te kela: housing for guidance rehabilitation";
    comes_to(&document, Reading::R4Literal, &[ALL, housing], &[]);
    let place = "Consent.provision.provision[0].provision[0].type";
    refused(&document, Reading::R5Negation, place, Problem::TypeContradicts);
}

#[test]
fn the_form_of_r5() {
    let document = r5("deny", json!([whole()]));
    comes_to(&document, Reading::R5Negation, &[ALL], &[]);
    refused(&document, Reading::R4Literal, "Consent.scope", Problem::Missing);
    let nested = with(whole(), json!({"provision": [{"actor": [actor("IRCP", "te")]}]}));
    let kela = "ohjaamo > kela: identity_contact housing education_work for guidance rehabilitation";
    comes_to(&r5("deny", json!([nested])), Reading::R5Negation, &[kela], &[]);
    // Everything to everybody, save one.
    let opted_out = r5("permit", json!([{"actor": [actor("IRCP", "te")]}]));
    refused(&opted_out, Reading::R5Negation, "Consent.provision.actor", Problem::Unbounded);
    let two = with(document, json!({"policyRule": policy_rule("OPTIN")}));
    refused(&two, Reading::R5Negation, "Consent.decision", Problem::TwoBases);
}

#[test]
fn denials_that_stand_by_themselves_become_prohibitions() {
    let denial = |more| foreign("OPTIN", json!({"provision": [with(json!({"type": "deny"}), more)]}));
    let cases = [
        (json!({"actor": [actor("CST", "social")]}), "social > : "),
        (json!({"actor": [actor("IRCP", "te"), actor("PRCP", "kela")]}), " > te kela: "),
        (json!({"class": [category("health_capacity")]}), " > : health_capacity"),
        (
            json!({"actor": [actor("CST", "social"), actor("IRCP", "te")], "class": [category("housing")]}),
            "social > te: housing",
        ),
        (json!({}), " > : "),
    ];
    for (more, terms) in cases {
        comes_to(&denial(more), Reading::R4Literal, &[], &[terms]);
    }
    let inside = json!({"class": [category("housing")], "provision": [{"type": "deny", "actor": [actor("IRCP", "te")]}]});
    comes_to(&denial(inside), Reading::R4Literal, &[], &[" > : housing", " > te: housing"]);

    let place = "Consent.provision.provision[0]";
    let too_fine = [
        (json!({"purpose": [code("urn:polku:purpose", "guidance")]}), "purpose"),
        (json!({"period": {"end": "2026-12-31"}}), "period"),
        (json!({"actor": [actor("IRCP", "te/pohjoinen")]}), "actor"),
    ];
    for (more, name) in too_fine {
        refused(&denial(more), Reading::R4Literal, &format!("{place}.{name}"), Problem::DenialTooFine);
    }
    let permitted = json!({"provision": [permission(json!({}))]});
    let inner = format!("{place}.provision[0]");
    refused(&denial(permitted), Reading::R4Literal, &inner, Problem::PermissionInDenial);
}

#[test]
fn nothing_is_widened() {
    let root = |root| foreign("OPTOUT", root);
    // Everything to everybody.
    refused(&root(json!({"id": "x"})), Reading::R4Literal, "Consent.provision.actor", Problem::Unbounded);
    for (name, place) in
        [("actor", "actor"), ("purpose", "purpose"), ("class", "class"), ("period", "period.end")]
    {
        let mut open = whole();
        open.as_object_mut().unwrap().remove(name);
        let path = format!("Consent.provision.{place}");
        refused(&root(open.clone()), Reading::R4Literal, &path, Problem::Unbounded);
        let nested = foreign("OPTIN", json!({"provision": [with(open, json!({"type": "permit"}))]}));
        let path = format!("Consent.provision.provision[0].{place}");
        refused(&nested, Reading::R4Literal, &path, Problem::Unbounded);
    }
    // Recipients without disclosers, and the other way round.
    for one_sided in [json!([actor("IRCP", "te")]), json!([actor("CST", "ohjaamo")])] {
        let document = root(with(whole(), json!({"actor": one_sided})));
        refused(&document, Reading::R4Literal, "Consent.provision.actor", Problem::Unbounded);
    }
    // A unit cannot be taken out of its agency.
    let torn =
        with(whole(), json!({"provision": [{"type": "deny", "actor": [actor("IRCP", "te/pohjoinen")]}]}));
    refused(&root(torn), Reading::R4Literal, "Consent.provision.provision[0].actor", Problem::Inseparable);
    // A unit and its agency can be taken out of a list that has them.
    let actors = json!([actor("CST", "ohjaamo"), actor("IRCP", "te/pohjoinen"), actor("IRCP", "kela")]);
    let units = with(
        whole(),
        json!({"actor": actors, "provision": [{"type": "deny", "actor": [actor("IRCP", "te/pohjoinen")]}]}),
    );
    let kela = "ohjaamo > kela: identity_contact housing education_work for guidance rehabilitation";
    comes_to(&root(units), Reading::R4Literal, &[kela], &[]);
    // A permission from the instant of recording on cannot have a piece taken out that begins at a date.
    let endless = with(
        whole(),
        json!({"period": {"end": "2026-12-31"}, "provision": [{"type": "deny", "period": {"start": "2026-06-01"}}]}),
    );
    refused(
        &root(endless),
        Reading::R4Literal,
        "Consent.provision.provision[0].period",
        Problem::Inseparable,
    );
    // What reaches beyond the provision around it.
    let beyond = [
        (json!({"actor": [actor("IRCP", "paja")]}), "actor"),
        (json!({"purpose": [code("urn:polku:purpose", "social_services")]}), "purpose"),
        (json!({"class": [category("benefits_income")]}), "class"),
        (json!({"period": {"start": "2025-12-31"}}), "period"),
        (json!({"period": {"end": "2027-01-01"}}), "period"),
        (json!({"period": {"start": "2027-01-01"}}), "period"),
    ];
    for (more, name) in beyond {
        let document = root(with(whole(), json!({"provision": [with(json!({"type": "deny"}), more)]})));
        let path = format!("Consent.provision.provision[0].{name}");
        refused(&document, Reading::R4Literal, &path, Problem::Beyond);
    }
    // All of it denied again.
    let nothing = root(with(whole(), json!({"provision": [{"type": "deny"}]})));
    refused(&nothing, Reading::R4Literal, "Consent.provision", Problem::Empty);
}

#[test]
fn permits_to_disclose_need_a_domain_and_no_end() {
    let category = |codings: Value| {
        let mut root = whole();
        root.as_object_mut().unwrap().remove("period");
        with(foreign("OPTOUT", root), json!({"category": [{"coding": codings}]}))
    };
    let kind = |text| code("urn:polku:consent-kind", text);
    let permit = read(
        &category(json!([kind("disclosure-permit"), code("urn:polku:permit-domain", "social")])),
        Reading::R4Literal,
    );
    let terms = &permit.consents.first().unwrap().terms;
    assert_eq!((terms.kind(), terms.permit_domain()), (ConsentKind::DisclosurePermit, PermitDomain::Social));
    assert_eq!((terms.valid_until, terms.legal_basis()), (None, LegalBasis::PublicTask));
    let sote = read(&category(json!([code("urn:polku:sote-consent-category", "1")])), Reading::R4Literal);
    assert_eq!(sote.consents.first().unwrap().terms.permit_domain(), PermitDomain::Health);
    let domain = |text| code("urn:polku:permit-domain", text);
    for wrong in [
        json!([kind("disclosure-permit")]),
        json!([kind("consent"), domain("social")]),
        json!([domain("social")]),
        json!([kind("disclosure-permit"), domain("social"), domain("health")]),
        json!([kind("disclosure-permit"), kind("consent"), domain("social")]),
    ] {
        refused(&category(wrong), Reading::R4Literal, "Consent.category", Problem::Unsupported);
    }
}

#[test]
fn organisations_are_named_by_object_identifier_too() {
    let by_oid = |oid: &str| {
        let mut recipient = actor("IRCP", "te");
        recipient["reference"]["identifier"] = json!({"system": "urn:ietf:rfc:3986", "value": oid});
        foreign("OPTOUT", with(whole(), json!({"actor": [actor("CST", "ohjaamo"), recipient]})))
    };
    let te = "ohjaamo > te: identity_contact housing education_work for guidance rehabilitation";
    comes_to(&by_oid("urn:oid:1.2.246.10.2048198"), Reading::R4Literal, &[te], &[]);
    let place = "Consent.provision.actor[1].reference.identifier";
    refused(&by_oid("urn:oid:1.2.246.10.1"), Reading::R4Literal, place, Problem::UnknownOrganisation);
    refused(&by_oid("https://te.example"), Reading::R4Literal, place, Problem::Unknown);
}
