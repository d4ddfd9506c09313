//! Does a professional read what is with the own unit, and a coordinator what is with the agency?

use polku_proto::v1::SendReferralRequest;
use polku_tests::world::{
    Client, KELA, OHJAAMO, PEOPLE, WorldSettings, evidence, full_content, professional, referral_to,
    request_id, terms,
};
use tonic::Code;

use super::send;
use crate::stage::{BASIC, Stage, assert_refused, get, purpose_of};

async fn stage() -> Stage {
    Stage::with(&WorldSettings::default(), |text| {
        let units = "units = [\"kuntoutus\"]\nroles = [\"official\"]";
        assert!(text.contains(units));
        text.replace(
            units,
            "units = [\"kuntoutus\", \"perustoimeentulo\"]\nroles = [\"official\", \"coordinator\"]",
        )
    })
    .await
}

fn kela(stage: &Stage, unit: &str, role: &str) -> Client {
    stage.caller(&stage.world.identities.kela, &professional("virkailija", unit, role))
}

/// domain.md 5: "oikeus saada asiakkaan kaikki toimintayksikön … rekistereissä olevat tiedot".
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_to_a_unit_is_read_there_and_by_the_coordinator() {
    let stage = stage().await;
    let youth = stage.youth(PEOPLE[16]).await;
    let to_unit = SendReferralRequest {
        recipient: "kela/kuntoutus".into(),
        ..referral_to(KELA, &youth, purpose_of(KELA), full_content())
    };
    let sent = send(&stage.ohjaamo(), to_unit).await.unwrap().referral.unwrap();
    assert_eq!((sent.recipient.as_str(), sent.recipient_unit.as_str()), ("kela", "kuntoutus"));
    assert_eq!(sent.sender_unit, "keskusta");
    for (unit, role, reads) in [
        ("kuntoutus", "official", true),
        ("perustoimeentulo", "official", false),
        ("perustoimeentulo", "coordinator", true),
    ] {
        let seen = get(&kela(&stage, unit, role), &sent.name).await.unwrap();
        assert_eq!(seen.content.is_some(), reads, "{unit}, {role}");
    }
    let whole = stage.refer(&youth, KELA).await;
    let seen = get(&kela(&stage, "perustoimeentulo", "official"), &whole).await.unwrap();
    assert!(seen.content.is_some(), "what is sent to the agency is for all of its units");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_names_a_unit_is_for_that_unit() {
    let stage = stage().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[17]).await.unwrap();
    let request = polku_proto::v1::RecordConsentRequest {
        request_id: request_id(),
        youth: youth.clone(),
        terms: Some(terms("ohjaamo/keskusta", "kela/kuntoutus", purpose_of(KELA), &BASIC)),
        evidence: Some(evidence()),
        ..polku_proto::v1::RecordConsentRequest::default()
    };
    ohjaamo.consent.record_consent(request).await.unwrap();
    let to = |recipient: &str| referral_to(recipient, &youth, purpose_of(KELA), full_content());
    assert!(send(&ohjaamo, to("kela/kuntoutus")).await.is_ok());
    for closed in [KELA, "kela/perustoimeentulo"] {
        assert_refused(send(&ohjaamo, to(closed)).await, Code::PermissionDenied, "NOT_PERMITTED");
    }
    for nobody in ["kela/", "nobody/kuntoutus", OHJAAMO, "ohjaamo/keskusta"] {
        let refused = send(&ohjaamo, to(nobody)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{nobody}");
    }
    stage.close().await;
}
