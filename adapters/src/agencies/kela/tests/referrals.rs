//! Are Kela's own referrals taken in, each on its ground and in its time?

use polku_proto::identity::Hetu;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{LegalClaim, LegalGround, Purpose, ReferralContent};
use serde_json::{Value, json};

use super::received::{expected, received};
use super::*;
use crate::{InboundMatter, InboundReferral};

/// The six types of `ilmoitusTyyppi`, with their urgency.
const TYPES: [(&str, &str, LegalGround); 6] = [
    ("TOIMEENTULOTUKI_SOSIAALITYO", "HETI", LegalGround::AssistanceSocialWork),
    ("TOIMEENTULOTUKI_TAYDENTAVA_TAI_EHKAISEVA", "HETI", LegalGround::AssistanceSupplementary),
    ("TOIMEENTULOTUKI_ALENNETTU", "PAATOSTA_SEURAAVANA_PAIVANA", LegalGround::AssistanceLowered),
    ("TOIMEENTULOTUKI_TYOTON_ALLE_25", "SAMANA_PAIVANA", LegalGround::AssistanceUnemployedYoung),
    ("TOIMEENTULOTUKI_TYOTON_25_TAYTTANYT", "SAMANA_PAIVANA", LegalGround::AssistanceUnemployed),
    ("TOIMEENTULOTUKI_MAAHANMUUTTAJA", "SAMANA_PAIVANA", LegalGround::AssistanceImmigrant),
];

pub(super) fn notice() -> Value {
    json!({"toimeentulotukiIlmoitus": {
        "sanomaTunnus": trial::MESSAGE,
        "kasittelija": {"tunnus": "asiantuntija-1", "yksikko": "toimeentulotuki"},
        "ilmoitusTyyppi": "TOIMEENTULOTUKI_SOSIAALITYO",
        "kiireellisyys": "HETI",
        "kohdeHyvinvointialue": "pohde",
        "kohdeYksikko": "nuoret",
        "selostus": "Pyytää apua.",
        "vastausViimeistaan": "2026-12-01T10:00:00Z",
        "nuori": {
            "henkilotunnus": "010594Y9032", "etunimet": "Aino", "sukunimi": "Esimerkki",
            "yhteystiedot": {"puhelin": "+358 40 1234567"}
        },
        "palvelutarpeet": ["Sosiaalityö"],
        "tausta": {"etuudetJaTulot": "Perustoimeentulotuki."}
    }})
}

pub(super) fn plain_referral() -> Value {
    json!({"lahete": {
        "sanomaTunnus": trial::MESSAGE,
        "kasittelija": {"tunnus": "asiantuntija-1", "yksikko": "nuoret"},
        "vastaanottaja": "etsiva",
        "kayttotarkoitus": "ETSIVA_NUORISOTYO",
        "ilmoitusperuste": {
            "peruste": "ETSIVA_NUORISOTYO", "selostus": "Ei vastaa.", "suostumusta": "EI_TAVOITETTU"
        },
        "nuori": {"henkilotunnus": "010594Y9032", "etunimet": "Aino"}
    }})
}

pub(super) fn changed(mut document: Value, pointer: &str, value: Value) -> Value {
    let (around, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(around).unwrap()[name] = value;
    document
}

pub(super) fn sent(document: &Value) -> InboundReferral {
    let event = received(document).unwrap();
    assert_eq!(
        (event.message.to_string().as_str(), event.official.as_str()),
        (trial::MESSAGE, "asiantuntija-1")
    );
    match event.matter {
        InboundMatter::Referral(referral) => *referral,
        InboundMatter::Change { .. } | InboundMatter::PlanPart(_) => panic!("no referral"),
    }
}

#[test]
fn a_notice_about_social_assistance_is_a_referral_on_its_ground() {
    let referral = sent(&notice());
    let content = ReferralContent {
        given_names: "Aino".into(),
        family_name: "Esimerkki".into(),
        contact: Some(polku_proto::v1::ContactDetails {
            phone: "+358 40 1234567".into(),
            ..Default::default()
        }),
        service_needs: vec!["Sosiaalityö".into()],
        benefits_income: "Perustoimeentulotuki.".into(),
        ..ReferralContent::default()
    };
    let claim = LegalClaim {
        ground: LegalGround::AssistanceSocialWork.into(),
        statement: "Pyytää apua.".into(),
        consent_asked: ConsentAsked::No.into(),
    };
    let expected = InboundReferral {
        identity: "010594Y9032".parse::<Hetu>().unwrap(),
        recipient: "pohde/nuoret".parse().unwrap(),
        purpose: Purpose::SocialServices,
        content,
        respond_by: Some(trial::instant("2026-12-01T10:00:00Z")),
        claim: Some(claim),
        origin: None,
        redacted: false,
    };
    assert!(referral == expected);
}

#[test]
fn every_type_has_its_urgency_and_no_other() {
    for (kind, urgency, ground) in TYPES {
        let of_kind = changed(notice(), "/toimeentulotukiIlmoitus/ilmoitusTyyppi", json!(kind));
        for written in ["HETI", "SAMANA_PAIVANA", "PAATOSTA_SEURAAVANA_PAIVANA", "MUU", ""] {
            let document = changed(of_kind.clone(), "/toimeentulotukiIlmoitus/kiireellisyys", json!(written));
            if written == urgency {
                let claim = sent(&document).claim.unwrap();
                assert_eq!(claim.ground(), ground);
            } else {
                let told = format!("`kiireellisyys` `{urgency}`, that of `ilmoitusTyyppi`");
                assert_eq!(expected(&document), told, "{kind} {written}");
            }
        }
    }
}

#[test]
fn every_part_of_a_notice_that_does_not_fit() {
    let agency = "`kohdeHyvinvointialue`, an agency's id in the gateway, and its unit if one is named";
    let kind = "a type of notice about social assistance in `ilmoitusTyyppi`";
    let cases = [
        ("ilmoitusTyyppi", json!("ETSIVA_NUORISOTYO"), kind),
        ("ilmoitusTyyppi", json!(""), kind),
        ("ilmoitusTyyppi", json!("MUU"), "one of the documented codes in `ilmoitusTyyppi`"),
        ("kohdeHyvinvointialue", json!("Pohde"), agency),
        ("kohdeHyvinvointialue", json!(""), agency),
        ("kohdeHyvinvointialue", json!("pohde/nuoret"), agency),
        ("kohdeYksikko", json!("nuoret/x"), agency),
        ("kohdeYksikko", json!("010594Y9032"), agency),
        ("kohdeYksikko", json!("x-010594-9032"), agency),
        ("selostus", json!(" "), "`selostus`: why the ground applies"),
        ("suostumusta", json!("EHKA"), "one of the documented codes in `suostumusta`"),
        (
            "vastausViimeistaan",
            json!("2026-12-01"),
            "`vastausViimeistaan`, an instant such as 2026-11-21T09:30:00Z",
        ),
        ("nuori", json!({}), "`nuori.henkilotunnus`"),
        ("nuori", json!({"henkilotunnus": "010594Y9033"}), "`nuori.henkilotunnus`"),
    ];
    for (name, value, told) in cases {
        let document = changed(notice(), &format!("/toimeentulotukiIlmoitus/{name}"), value);
        assert_eq!(expected(&document), told, "{name}");
    }
    let limits = [
        ("selostus", json!("a".repeat(2001))),
        ("palvelutarpeet", json!(vec!["x"; 21])),
        ("toivottuYhteydenottoaika", json!("a".repeat(301))),
        ("nuori", json!({"henkilotunnus": "010594Y9032", "asiointikieli": "suomi"})),
    ];
    for (name, value) in limits {
        let told = expected(&changed(notice(), &format!("/toimeentulotukiIlmoitus/{name}"), value));
        assert!(told.starts_with("values within the limits of Polku's contract"), "{name}: {told}");
        assert!(!told.contains("010594Y9032"));
    }
    for name in ["nuori", "kasittelija", "selostus", "kiireellisyys", "kohdeHyvinvointialue"] {
        let mut document = notice();
        document["toimeentulotukiIlmoitus"].as_object_mut().unwrap().remove(name);
        assert!(expected(&document).ends_with("none of them null"), "{name}");
    }
}

#[test]
fn another_referral_names_its_recipient_purpose_and_ground() {
    let referral = sent(&plain_referral());
    assert_eq!(referral.recipient.to_string(), "etsiva");
    assert_eq!(referral.purpose, Purpose::OutreachYouthWork);
    let claim = referral.claim.unwrap();
    assert_eq!(
        (claim.ground(), claim.consent_asked()),
        (LegalGround::OutreachNotice, ConsentAsked::NotReached)
    );
    assert_eq!(claim.statement, "Ei vastaa.");
    assert!(referral.content.identity_code.is_empty());

    let mut consented = plain_referral();
    consented["lahete"].as_object_mut().unwrap().remove("ilmoitusperuste");
    assert!(sent(&consented).claim.is_none());
    let unit = sent(&changed(consented.clone(), "/lahete/vastaanottavaYksikko", json!("keskusta")));
    assert_eq!(unit.recipient.to_string(), "etsiva/keskusta");
    let rehabilitation = changed(consented, "/lahete/kayttotarkoitus", json!("KUNTOUTUS"));
    assert_eq!(sent(&rehabilitation).purpose, Purpose::Rehabilitation);
}

#[test]
fn every_part_of_another_referral_that_does_not_fit() {
    let assistance = "a ground other than social assistance in `ilmoitusperuste.peruste`";
    let agency = "`vastaanottaja`, an agency's id in the gateway, and its unit if one is named";
    let cases = [
        ("kayttotarkoitus", json!(""), "one of the documented codes in `kayttotarkoitus`"),
        ("kayttotarkoitus", json!("TILASTO"), "one of the documented codes in `kayttotarkoitus`"),
        ("vastaanottaja", json!("x/y"), agency),
        ("ilmoitusperuste/peruste", json!("TOIMEENTULOTUKI_SOSIAALITYO"), assistance),
        ("ilmoitusperuste/peruste", json!(""), assistance),
        (
            "ilmoitusperuste/suostumusta",
            json!(""),
            "one of the documented codes in `ilmoitusperuste.suostumusta`",
        ),
        ("ilmoitusperuste/selostus", json!(""), "`selostus`: why the ground applies"),
    ];
    for (name, value, told) in cases {
        assert_eq!(expected(&changed(plain_referral(), &format!("/lahete/{name}"), value)), told, "{name}");
    }
    assert!(expected(&changed(plain_referral(), "/lahete/ilmoitusperuste", Value::Null)).ends_with("null"));
    assert!(expected(&changed(plain_referral(), "/lahete/kiireellisyys", json!("HETI"))).ends_with("null"));
}
