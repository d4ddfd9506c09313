//! Who sees how much of it?

use jiff::SignedDuration;
use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::disclosure_actor::Kind as Who;
use polku_proto::v1::{
    BatchVerifyConsentsRequest, DataCategory, Disclosure, ListLegalStatusesRequest, Purpose,
    VerifyConsentRequest,
};
use polku_tests::world::{KELA, OHJAAMO, PEOPLE, TE, eventually, full_content, referral_to};
use tonic::Code;

use super::{kinds, list, officer_of_ohjaamo, officer_of_te, stage_with, told};
use crate::stage::{PATIENCE, Stage, assert_refused, assert_same_refusal, assess, get, protect, purpose_of};

const ADDRESS: i32 = DataCategory::AddressContact as i32;

/// A refusal: kela has no agreement with te.
async fn try_in_vain(stage: &Stage, youth: &str) {
    let request = referral_to(KELA, youth, Purpose::Rehabilitation, full_content());
    let refused = stage.te().referral.send_referral(request).await;
    assert_refused(refused, Code::PermissionDenied, "NOT_PERMITTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_and_another_representative_of_a_minor_see_what_a_guardian_may() {
    let stage = stage_with("").await;
    let youth = stage.youth(PEOPLE[10]).await;
    let name = stage.refer(&youth, TE).await;
    protect(&stage.te(), &youth).await;
    assess(&stage.te(), &youth, Capacity::CapableAllows).await;
    let statuses = ListLegalStatusesRequest { parent: youth.clone() };
    stage.te().status.list_legal_statuses(statuses).await.unwrap();
    try_in_vain(&stage, &youth).await;

    let whole = told(&stage.subject(&youth), &youth).await;
    let with_address = |one: &Disclosure| one.permitted.contains(&ADDRESS) || one.withheld.contains(&ADDRESS);
    let of_status =
        |one: &Disclosure| one.kind() == Kind::LegalStatusChanged || one.name.contains("legalStatuses");
    assert!(whole.iter().any(with_address) && whole.iter().any(|one| !one.reasons.is_empty()));
    assert_eq!(whole.iter().filter(|one| of_status(one)).count(), 4, "two made, two read");

    let kept: Vec<_> = whole.iter().filter(|one| !of_status(one)).map(Disclosure::kind).collect();
    let representing = [stage.guardian(&youth), stage.representative(&youth)];
    for (client, readings) in representing.iter().zip(1..) {
        let seen = told(client, &youth).await;
        assert!(seen.iter().any(|one| one.kind() == Kind::Sent && one.name == name));
        assert!(seen.iter().any(|one| one.kind() == Kind::Refused));
        assert!(!seen.iter().any(with_address) && !seen.iter().any(of_status));
        assert!(seen.iter().all(|one| one.reasons.is_empty()));
        // The young person's own reading has come in between, and then the guardian's.
        assert_eq!(kinds(&seen), [kept.clone(), vec![Kind::Shown; readings]].concat());
    }

    assess(&stage.te(), &youth, Capacity::CapableForbids).await;
    for client in &representing {
        assert_refused(list(client, &youth).await, Code::NotFound, "NOT_FOUND");
    }
    assert!(!list(&stage.subject(&youth), &youth).await.unwrap().is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_representative_of_an_adult_sees_all_but_the_statuses() {
    let stage = stage_with("").await;
    let youth = stage.youth(PEOPLE[0]).await;
    protect(&stage.te(), &youth).await;
    stage.refer(&youth, TE).await;
    try_in_vain(&stage, &youth).await;
    let seen = told(&stage.representative(&youth), &youth).await;
    assert!(seen.iter().any(|one| one.withheld.contains(&ADDRESS)));
    assert!(seen.iter().any(|one| !one.reasons.is_empty()));
    assert!(!seen.iter().any(|one| one.kind() == Kind::LegalStatusChanged));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_sees_what_the_own_agency_has_disclosed_received_or_asked() {
    let stage = stage_with("").await;
    let youth = stage.youth(PEOPLE[0]).await;
    let to_te = stage.refer(&youth, TE).await;
    let mut request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    request.wait_for_delivery = false;
    let to_kela = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
    let to_kela = to_kela.referral.unwrap().name;
    get(&stage.kela(), &to_kela).await.unwrap();
    try_in_vain(&stage, &youth).await;
    let question = VerifyConsentRequest {
        youth: youth.clone(),
        discloser: OHJAAMO.into(),
        recipient: TE.into(),
        purpose: purpose_of(TE) as i32,
        categories: vec![DataCategory::ServiceNeeds as i32],
        ..VerifyConsentRequest::default()
    };
    stage.te().consent.verify_consent(question).await.unwrap();

    let ours = told(&officer_of_ohjaamo(&stage), &youth).await;
    let expected = [
        Kind::Identified,
        Kind::ConsentChanged,
        Kind::ConsentChanged,
        Kind::ConsentChanged,
        Kind::ReferralSent,
        Kind::Sent,
        Kind::ReferralSent,
        Kind::Shown,
    ];
    assert_eq!(kinds(&ours), expected);
    let shown = ours.last().unwrap();
    let reader = shown.actor.as_ref().unwrap();
    assert_eq!((shown.discloser.as_str(), reader.agency.as_str()), ("ohjaamo/keskusta", KELA));
    assert_eq!(
        (reader.kind(), reader.professional.as_str(), reader.unit.as_str()),
        (Who::Professional, "", "")
    );

    let theirs = told(&officer_of_te(&stage), &youth).await;
    assert_eq!(kinds(&theirs), [Kind::Sent, Kind::Refused, Kind::Asked]);
    assert_eq!(theirs[0].name, to_te);
    assert!(theirs[1].reasons.contains(&"no_agreement".to_owned()));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_everybody_else_there_is_no_such_person() {
    let stage = stage_with("").await;
    let (youth, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    try_in_vain(&stage, &other).await;
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let foreign = stage.ohjaamo().identify(PEOPLE[2]).await.unwrap();
    let mut refusals = Vec::new();
    let clients = [
        stage.ohjaamo(),
        stage.te(),
        stage.kela(),
        stage.subject(&other),
        stage.guardian(&other),
        // Of age.
        stage.guardian(&youth),
    ];
    for client in &clients {
        for target in [&youth, &nobody] {
            refusals.push(assert_refused(list(client, target).await, Code::NotFound, "NOT_FOUND"));
        }
    }
    // Whose agency has had nothing to do with the person, whoever has asked about them: it, alone and in a batch, or the
    // guidance point.
    let officer = officer_of_te(&stage);
    for target in [&foreign, &nobody] {
        try_in_vain(&stage, target).await;
        for client in [&stage.te(), &stage.ohjaamo()] {
            let question = VerifyConsentRequest {
                youth: target.clone(),
                discloser: OHJAAMO.into(),
                recipient: TE.into(),
                purpose: purpose_of(TE) as i32,
                categories: vec![DataCategory::ServiceNeeds as i32],
                ..VerifyConsentRequest::default()
            };
            client.clone().consent.verify_consent(question.clone()).await.unwrap();
            let batch = BatchVerifyConsentsRequest { requests: vec![question] };
            client.clone().consent.batch_verify_consents(batch).await.unwrap();
        }
        refusals.push(assert_refused(list(&officer, target).await, Code::NotFound, "NOT_FOUND"));
    }
    refusals.iter().for_each(|refusal| assert_same_refusal(&refusals[0], refusal));
    assert!(list(&officer, &other).await.is_ok());
    stage.close().await;
}

/// A refusal of which only the leaf is kept is one all the same, and no look at a journey.
#[tokio::test(flavor = "multi_thread")]
async fn an_officer_sees_a_refusal_whose_details_are_erased() {
    let stage = Stage::at_noon_with(|text| {
        let roles = r#"roles = ["official"]"#;
        assert!(text.contains(roles));
        let text = text.replace(roles, &roles.replace(']', r#", "data_protection_officer"]"#));
        format!("{text}\n[retention]\nrecord_years = 1\n")
    })
    .await;
    let youth = stage.youth(PEOPLE[0]).await;
    try_in_vain(&stage, &youth).await;
    let officer = officer_of_te(&stage);
    let refused = async || {
        let all = told(&officer, &youth).await;
        all.into_iter().filter(|one| one.kind() == Kind::Refused).collect::<Vec<_>>()
    };
    assert!(matches!(&refused().await[..], [one] if !one.reasons.is_empty()));
    stage.advance(SignedDuration::from_hours(24 * 367));
    let erased = || async {
        let [one] = &refused().await[..] else { return None };
        one.reasons.is_empty().then_some(())
    };
    eventually(PATIENCE, erased).await.expect("the refusal is gone, or its details are not");
    stage.close().await;
}
