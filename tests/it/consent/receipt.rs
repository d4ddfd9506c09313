//! What does the young person take home of a consent, and who else gets it?

use jiff::SignedDuration;
use polku_proto::v1::{
    Consent, ConsentReceipt, ConsentTerms, DataCategory as Data, GetConsentReceiptRequest, Purpose,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, WorldSettings, terms};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::changes::{record, refuse, renew, request, withdraw};
use crate::stage::{Stage, assert_refused, assert_same_refusal, id_of, purpose_of, wire};

async fn receipt(client: &Client, consent: &Consent) -> Result<ConsentReceipt, Status> {
    let request = GetConsentReceiptRequest { name: consent.name.clone() };
    Ok(client.clone().consent.get_consent_receipt(request).await?.into_inner())
}

fn kantara(receipt: &ConsentReceipt) -> Value {
    serde_json::from_str(&receipt.kantara_json).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_says_who_may_tell_what_to_whom_and_how_it_ends() {
    let stage = Stage::with(&WorldSettings::default(), |text| {
        let entry = "id = \"ohjaamo\"\nsector = \"youth_work\"\nstanding = \"authority\"\n";
        assert!(text.contains(entry));
        let controller = "[agency.controller]\nname = \"Esimerkkilän kaupunki\"\nbusiness_id = \"9999907-9\"\n\
                          address = \"Esimerkkikatu 1\"\nemail = \"tietosuoja@esimerkkila.example\"\n\
                          phone = \"+358 9 000 0000\"\npolicy_url = \"https://esimerkkila.example/tietosuoja\"\n";
        text.replace(entry, &format!("{entry}{controller}"))
    })
    .await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let until = wire(stage.now() + SignedDuration::from_hours(24));
    let mut agreed = ConsentTerms {
        valid_until: Some(until),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &[Data::IdentityContact, Data::HealthCapacity])
    };
    agreed.recipients.push(TE.into());
    agreed.purposes.push(Purpose::Guidance as i32);
    let given = record(&ohjaamo, &youth, agreed).await.unwrap().consent.unwrap();
    let own = receipt(&stage.subject(&youth), &given).await.unwrap();
    assert_eq!(own.consent.as_ref(), Some(&given));
    let json = kantara(&own);
    let purpose = |name: &str, primary: bool| {
        json!({
            "purpose": name,
            "purposeCategory": ["Core Function"],
            "consentType": "EXPLICIT",
            "piiCategory": ["identity_contact", "health_capacity"],
            "primaryPurpose": primary,
            "termination": json["services"][0]["purposes"][0]["termination"],
            "thirdPartyDisclosure": true,
            "thirdPartyName": "kela, te",
        })
    };
    let expected = json!({
        "version": "KI-CR-v1.1.0",
        "jurisdiction": "FI",
        "consentTimestamp": given.events[0].time.unwrap().seconds,
        "collectionMethod": "written and signed form",
        "consentReceiptID": id_of(&given.name),
        "language": "fi",
        "piiPrincipalId": youth,
        "piiControllers": [{
            "piiController": "Esimerkkilän kaupunki (9999907-9)",
            "contact": "Esimerkkilän kaupunki (9999907-9)",
            "address": { "streetAddress": "Esimerkkikatu 1", "addressCountry": "FI" },
            "email": "tietosuoja@esimerkkila.example",
            "phone": "+358 9 000 0000",
            "piiControllerUrl": "https://esimerkkila.example/tietosuoja",
        }],
        "policyUrl": "https://esimerkkila.example/tietosuoja",
        "services": [{
            "service": "Guidance of young people by several agencies",
            "purposes": [purpose("rehabilitation", true), purpose("guidance", false)],
        }],
        "sensitive": true,
        "spiCat": ["health_capacity"],
    });
    assert_eq!(json, expected);
    let termination = json["services"][0]["purposes"][0]["termination"].as_str().unwrap().to_owned();
    let end = jiff::Timestamp::from_second(until.seconds).unwrap().to_string();
    let end = end.trim_end_matches('Z');
    assert!(termination.contains(end) && termination.contains("withdraws"), "{termination}");
    assert_eq!(receipt(&ohjaamo, &given).await.unwrap(), own, "the recorder hands out the same");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_of_what_was_given_last_and_for_nobody_else() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let covered = [Data::ServiceNeeds];
    let until = wire(stage.now() + SignedDuration::from_hours(1));
    let agreed =
        || ConsentTerms { valid_until: Some(until), ..terms(OHJAAMO, KELA, purpose_of(KELA), &covered) };
    let asked = request(&ohjaamo, &youth, agreed()).await.unwrap().consent.unwrap();
    assert_refused(receipt(&ohjaamo, &asked).await, Code::FailedPrecondition, "RECORD_STATE");
    let refused = refuse(&ohjaamo, &asked, &asked.etag).await.unwrap().consent.unwrap();
    assert_refused(receipt(&ohjaamo, &refused).await, Code::FailedPrecondition, "RECORD_STATE");

    let given = record(&ohjaamo, &youth, agreed()).await.unwrap().consent.unwrap();
    stage.advance(SignedDuration::from_mins(30));
    let later = wire(stage.now() + SignedDuration::from_hours(2));
    let renewed = renew(&ohjaamo, &given, &given.etag, later).await.unwrap().consent.unwrap();
    let json = kantara(&receipt(&ohjaamo, &renewed).await.unwrap());
    assert_eq!(json["consentTimestamp"], stage.now().as_second());
    assert_eq!((&json["sensitive"], &json["spiCat"]), (&json!(false), &json!([])));
    // Nobody has said who answers for the data: the agency is named, and the notice by its digest.
    assert_eq!(json["piiControllers"][0]["piiController"], OHJAAMO);
    assert_eq!(json["policyUrl"], "ni:///sha-256;BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
    let withdrawn = withdraw(&ohjaamo, &renewed, "").await.unwrap().consent.unwrap();
    assert!(receipt(&stage.subject(&youth), &withdrawn).await.is_ok(), "it was given, whatever came later");

    let nobody = Consent { name: format!("{youth}/consents/{}", uuid::Uuid::now_v7()), ..Consent::default() };
    let other = ohjaamo.clone().identify(PEOPLE[1]).await.unwrap();
    let first = assert_refused(receipt(&kela, &nobody).await, Code::NotFound, "NOT_FOUND");
    for client in [kela, stage.te(), stage.subject(&other)] {
        let status = assert_refused(receipt(&client, &given).await, Code::NotFound, "NOT_FOUND");
        assert_same_refusal(&first, &status);
    }
    stage.close().await;
}
