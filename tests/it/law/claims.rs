//! Does a ground in law open what it is for, and nothing else?

use polku_proto::v1::basis::Kind;
use polku_proto::v1::{
    DataCategory, LegalClaim, LegalGround, Obligation, ProhibitionTerms, Purpose, RerouteReferralRequest,
    SendReferralRequest, VerifyConsentRequest,
};
use polku_tests::world::{KELA, OHJAAMO, PEOPLE, TE, full_content, referral_to, request_id};
use tonic::Code;

use super::{numbers, on_ground, send, stage_with_kela};
use crate::stage::{Stage, assert_refused, get, purpose_of};

/// Ten years old in 2026.
const CHILD: &str = PEOPLE[10];
/// Born in 2001.
const ADULT: &str = PEOPLE[16];
/// Born in 1994.
const OLDER: &str = PEOPLE[0];

const SOCIAL: &str = "sector = \"social\"\nstanding = \"authority\"\n";
const OUTREACH: &str = "sector = \"youth_work\"\nstanding = \"authority\"\ntasks = [\"outreach_youth_work\"]\nmunicipalities = [\"049\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_child_welfare_notice_needs_no_consent_and_no_agreement_and_stands_above_a_prohibition() {
    use DataCategory::{
        AddressContact, EducationWork, GuidanceNotes, HealthCapacity, Housing, IdentityContact, ServiceNeeds,
        SocialSituation,
    };
    let stage = stage_with_kela(SOCIAL).await;
    let te = stage.te();
    let youth = te.clone().identify(CHILD).await.unwrap();
    crate::consent::changes::prohibit(&stage.subject(&youth), &youth, ProhibitionTerms::default())
        .await
        .unwrap();
    // There is no agreement from te to kela.
    let request = on_ground(&youth, Purpose::SocialServices, LegalGround::ChildWelfareNotice);
    let sent = send(&te, request).await.unwrap();
    let decision = sent.decision.unwrap();
    let told = [
        IdentityContact,
        AddressContact,
        SocialSituation,
        HealthCapacity,
        ServiceNeeds,
        GuidanceNotes,
        Housing,
        EducationWork,
    ];
    assert_eq!(decision.permitted, numbers(&told));
    assert!(decision.bases.iter().all(|basis| basis.kind() == Kind::Statute));
    assert_eq!(decision.bases[0].rule, "child-welfare-notice");
    for obligation in [Obligation::HighPriority, Obligation::SecondPersonReview, Obligation::RecordGround] {
        assert!(decision.obligations.contains(&(obligation as i32)), "{obligation:?}");
    }
    let seen = get(&stage.kela(), &sent.referral.unwrap().name).await.unwrap();
    let content = seen.content.unwrap();
    let all = full_content();
    assert_eq!(content.identity_code, CHILD);
    assert!(content.health_capacity == all.health_capacity && content.contact == all.contact);
    assert!(content.quality_of_life.is_empty() && content.benefits_income.is_empty());
    assert!(seen.claim.unwrap().statement == "kanaria-lausunto", "who is told why is told");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ground_that_does_not_fit_opens_nothing() {
    let stage = stage_with_kela(SOCIAL).await;
    let (te, ohjaamo) = (stage.te(), stage.ohjaamo());
    let adult = te.clone().identify(ADULT).await.unwrap();
    for ground in [
        LegalGround::ChildWelfareNotice,
        LegalGround::OutreachNotice,
        // For Kela to send.
        LegalGround::AssistanceSocialWork,
    ] {
        let refused = send(&te, on_ground(&adult, Purpose::SocialServices, ground)).await;
        assert_refused(refused, Code::PermissionDenied, "NOT_PERMITTED");
    }
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let unknown = on_ground(&nobody, Purpose::SocialServices, LegalGround::SocialCareInability);
    assert_refused(send(&te, unknown).await, Code::PermissionDenied, "NOT_PERMITTED");
    let unable = on_ground(&adult, Purpose::SocialServices, LegalGround::SocialCareInability);
    ohjaamo.clone().identify(ADULT).await.unwrap();
    assert!(send(&ohjaamo, unable).await.is_ok(), "the same for an adult in need");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outreach_notice_tells_who_it_is_and_how_to_reach_them() {
    use DataCategory::{AddressContact, IdentityContact};
    let stage = stage_with_kela(OUTREACH).await;
    let te = stage.te();
    let (young, older) =
        (te.clone().identify(ADULT).await.unwrap(), te.clone().identify(OLDER).await.unwrap());
    let notice = |youth: &str| on_ground(youth, Purpose::OutreachYouthWork, LegalGround::OutreachNotice);
    let sent = send(&te, notice(&young)).await.unwrap();
    let decision = sent.decision.unwrap();
    assert_eq!(decision.permitted, numbers(&[IdentityContact, AddressContact]));
    let seen = get(&stage.kela(), &sent.referral.unwrap().name).await.unwrap();
    let claim = seen.claim.unwrap();
    assert_eq!(claim.ground(), LegalGround::OutreachNotice);
    assert!(claim.statement.is_empty(), "notes are not among what an outreach notice tells");
    let refused = send(&te, notice(&older)).await;
    assert_refused(refused, Code::PermissionDenied, "NOT_PERMITTED");

    // It is for the outreach youth work of the home municipality, which the sender has to name.
    for (home, permitted) in [("049", 2), ("091", 0), ("", 0)] {
        let mut elsewhere = notice(&young);
        elsewhere.content.as_mut().unwrap().contact.as_mut().unwrap().municipality = home.into();
        elsewhere.request_id = request_id();
        let question = VerifyConsentRequest {
            youth: young.clone(),
            discloser: TE.into(),
            recipient: KELA.into(),
            purpose: Purpose::OutreachYouthWork as i32,
            categories: numbers(&[IdentityContact, AddressContact]),
            ground: LegalGround::OutreachNotice as i32,
            municipality: home.into(),
            ..VerifyConsentRequest::default()
        };
        let verified = te.clone().consent.verify_consent(question).await.unwrap().into_inner();
        assert_eq!(verified.decision.unwrap().permitted.len(), permitted, "{home:?}");
        if permitted == 0 {
            assert_refused(send(&te, elsewhere).await, Code::PermissionDenied, "NOT_PERMITTED");
        }
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ground_is_stated_by_a_professional_with_its_reason() {
    let stage = stage_with_kela(SOCIAL).await;
    let te = stage.te();
    let youth = te.clone().identify(CHILD).await.unwrap();
    let good = on_ground(&youth, Purpose::SocialServices, LegalGround::ChildWelfareNotice);
    let claim = good.claim.clone().unwrap();
    let with = |claim: LegalClaim| SendReferralRequest {
        request_id: request_id(),
        claim: Some(claim),
        ..good.clone()
    };
    let silent = with(LegalClaim { statement: " ".into(), ..claim.clone() });
    assert_refused(send(&te, silent).await, Code::InvalidArgument, "INVALID_FIELDS");
    let unasked = with(LegalClaim { consent_asked: 0, ..claim.clone() });
    assert_refused(send(&te, unasked).await, Code::InvalidArgument, "INVALID_FIELDS");
    let groundless = with(LegalClaim { ground: 0, ..claim.clone() });
    assert_refused(send(&te, groundless).await, Code::InvalidArgument, "INVALID_FIELDS");
    let refused = send(&stage.subject(&youth), with(claim)).await;
    assert_refused(refused, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerouted_referral_can_be_tried_first() {
    let stage = Stage::open().await;
    let youth = stage.youth(ADULT).await;
    let name = stage.refer(&youth, KELA).await;
    let mut ohjaamo = stage.ohjaamo();
    let cancel = polku_proto::v1::CancelReferralRequest {
        request_id: request_id(),
        name: name.clone(),
        ..polku_proto::v1::CancelReferralRequest::default()
    };
    ohjaamo.referral.cancel_referral(cancel).await.unwrap();
    let mut reroute = RerouteReferralRequest {
        request_id: request_id(),
        name: name.clone(),
        recipient: TE.into(),
        purpose: purpose_of(TE) as i32,
        validate_only: true,
        ..RerouteReferralRequest::default()
    };
    let tried = ohjaamo.referral.reroute_referral(reroute.clone()).await.unwrap().into_inner();
    assert!(tried.referral.is_none() && tried.decision.is_some());
    assert!(get(&ohjaamo, &name).await.unwrap().replaced_by.is_empty(), "nothing has been sent");
    reroute.validate_only = false;
    let sent = ohjaamo.referral.reroute_referral(reroute).await.unwrap().into_inner();
    assert_eq!(sent.decision.unwrap().permitted, tried.decision.unwrap().permitted);
    assert!(!get(&ohjaamo, &name).await.unwrap().replaced_by.is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prohibited_service_task_stays_closed_until_the_origin_says_otherwise() {
    use polku_proto::v1::Origin;
    let stage = Stage::open().await;
    let youth = stage.youth(ADULT).await;
    let terms = ProhibitionTerms {
        disclosers: vec![OHJAAMO.into()],
        service_tasks: vec!["lastensuojelu".into()],
        documents: vec!["asiakirja-7".into()],
        ..ProhibitionTerms::default()
    };
    crate::consent::changes::prohibit(&stage.subject(&youth), &youth, terms).await.unwrap();
    let plain = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    let from = |task: &str, documents: &[&str]| SendReferralRequest {
        request_id: request_id(),
        origin: Some(Origin {
            service_task: task.into(),
            documents: documents.iter().map(|document| (*document).into()).collect(),
        }),
        ..plain.clone()
    };
    let ohjaamo = stage.ohjaamo();
    // An origin that names nothing says as little as none.
    for closed in
        [plain.clone(), from("", &[]), from("lastensuojelu", &[]), from("tyoikaiset", &["asiakirja-7"])]
    {
        assert_refused(send(&ohjaamo, closed).await, Code::PermissionDenied, "NOT_PERMITTED");
    }
    let open = send(&ohjaamo, from("tyoikaiset", &["asiakirja-8"])).await.unwrap();
    let seen = get(&stage.kela(), &open.referral.unwrap().name).await.unwrap();
    assert!(seen.content.is_some(), "and it stays open when it is read");
    assert!(seen.origin.is_none(), "the service task tells of the social situation, which no consent covers");
    stage.close().await;
}
