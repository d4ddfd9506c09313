//! Is exactly that permitted which the young person has permitted?

use jiff::SignedDuration;
use polku_proto::v1::basis::Kind;
use polku_proto::v1::decision::Verdict;
use polku_proto::v1::verify_consent_result::Result;
use polku_proto::v1::{
    BatchVerifyConsentsRequest, ConsentTerms, DataCategory as Data, ExplainDisclosureRequest, LegalGround,
    Obligation, ProhibitionTerms, Purpose, VerifyConsentRequest,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PAJA, PEOPLE, TE, terms};
use prost::Message;
use tonic::Code;

use super::changes::{Ask, prohibit, record};
use crate::stage::{BASIC, Stage, TOLD, assert_refused, purpose_of, wire};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MOMENT: SignedDuration = SignedDuration::from_millis(1);
const WORK: Purpose = Purpose::EmploymentServices;

/// Every category that a sender can tell something of.
fn everything() -> Vec<Data> {
    (2..=14).map(|number| Data::try_from(number).unwrap()).collect()
}

fn to_te<'a>(youth: &'a str, categories: &'a [Data]) -> Ask<'a> {
    Ask { youth, from: OHJAAMO, to: TE, purpose: WORK, categories }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_permitted_part_of_what_is_asked() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let all = everything();
    assert!(to_te(&youth, &all).permitted(&ohjaamo).await.is_empty(), "nothing without a consent");
    record(&ohjaamo, &youth, terms(OHJAAMO, TE, WORK, &[Data::IdentityContact, Data::Housing]))
        .await
        .unwrap();
    record(&ohjaamo, &youth, terms(OHJAAMO, TE, WORK, &[Data::ServiceNeeds])).await.unwrap();
    let covered = [Data::IdentityContact, Data::ServiceNeeds, Data::Housing];
    assert_eq!(to_te(&youth, &all).permitted(&ohjaamo).await, covered, "two consents add up");
    assert_eq!(to_te(&youth, &[Data::Housing]).permitted(&ohjaamo).await, [Data::Housing]);
    assert!(to_te(&youth, &[Data::JointPlan, Data::GuidanceNotes]).permitted(&ohjaamo).await.is_empty());
    // The recipient asks and hears the same.
    assert_eq!(to_te(&youth, &all).permitted(&stage.te()).await, covered);
    let decision = to_te(&youth, &[Data::Housing, Data::JointPlan]).by(&ohjaamo).await.unwrap();
    let basis = &decision.bases[0];
    assert_eq!((basis.kind(), basis.rule.as_str(), basis.consent_version), (Kind::Consent, "consent", 1));
    assert!(basis.statute.contains("621/1999") && basis.consent.starts_with(&format!("{youth}/consents/")));
    assert_eq!((decision.verdict(), decision.permitted.len()), (Verdict::Permitted, 1));
    assert!(!decision.id.is_empty() && decision.revision > 0 && decision.policy_digest.len() == 32);
    assert!(decision.evaluated_at.is_some() && decision.valid_until.is_some());
    assert_eq!(decision.obligations().collect::<Vec<_>>(), [Obligation::MarkRedacted]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_its_purposes_and_in_its_direction_only() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let mut agreed = terms(OHJAAMO, TE, WORK, &TOLD);
    agreed.purposes.push(Purpose::Guidance as i32);
    record(&ohjaamo, &youth, agreed).await.unwrap();
    for number in 1..=7 {
        let purpose = Purpose::try_from(number).unwrap();
        let ask = Ask { purpose, ..to_te(&youth, &TOLD) };
        let expected = matches!(purpose, Purpose::EmploymentServices | Purpose::Guidance);
        assert_eq!(!ask.permitted(&ohjaamo).await.is_empty(), expected, "{purpose:?}");
    }
    let back = Ask { from: TE, to: OHJAAMO, ..to_te(&youth, &TOLD) };
    assert!(
        back.permitted(&te).await.iter().all(|category| *category == Data::ReferralStatus),
        "not the way back"
    );
    for to in [KELA, PAJA] {
        assert!(Ask { to, ..to_te(&youth, &TOLD) }.permitted(&ohjaamo).await.is_empty(), "not to {to}");
    }
    let other = ohjaamo.clone().identify(PEOPLE[1]).await.unwrap();
    assert!(to_te(&other, &TOLD).permitted(&ohjaamo).await.is_empty(), "not of somebody else");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_its_first_instant_to_just_before_its_end() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let (from, until) = (stage.now() + HOUR, stage.now() + HOUR * 2);
    let agreed = ConsentTerms {
        valid_from: Some(wire(from)),
        valid_until: Some(wire(until)),
        ..terms(OHJAAMO, TE, WORK, &TOLD)
    };
    record(&ohjaamo, &youth, agreed).await.unwrap();
    let ask = to_te(&youth, &TOLD);
    let early = ask.by(&ohjaamo).await.unwrap();
    assert_eq!(
        (early.permitted.len(), early.valid_until),
        (0, Some(wire(from))),
        "not before, and then again"
    );
    stage.advance(HOUR - MOMENT);
    assert!(ask.permitted(&ohjaamo).await.is_empty());
    stage.advance(MOMENT);
    let within = ask.by(&ohjaamo).await.unwrap();
    assert_eq!((within.permitted.len(), within.valid_until), (TOLD.len(), Some(wire(until))));
    assert_eq!(within.evaluated_at, Some(wire(stage.now())));
    stage.advance(HOUR - MOMENT);
    assert_eq!(ask.permitted(&ohjaamo).await.len(), TOLD.len());
    stage.advance(MOMENT);
    assert!(ask.permitted(&ohjaamo).await.is_empty(), "the end does not belong to it");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn special_categories_are_named_explicitly() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let special = [Data::HealthCapacity, Data::QualityOfLife];
    let mut agreed = terms(OHJAAMO, TE, WORK, &everything());
    agreed.explicit_categories.clear();
    record(&ohjaamo, &youth, agreed.clone()).await.unwrap();
    assert!(to_te(&youth, &special).permitted(&ohjaamo).await.is_empty(), "named among all the others only");
    agreed.explicit_categories = vec![Data::QualityOfLife as i32];
    record(&ohjaamo, &youth, agreed).await.unwrap();
    assert_eq!(to_te(&youth, &special).permitted(&ohjaamo).await, [Data::QualityOfLife]);
    stage.close().await;
}

/// What of an answer a caller could learn something from: everything but the id of the decision and the receipt, which
/// name its own leaf.
async fn telling(client: &Client, ask: &Ask<'_>) -> Vec<u8> {
    let request = ask.request(0);
    let mut answer = client.clone().consent.verify_consent(request).await.unwrap().into_inner();
    let receipt = answer.receipt.take().unwrap();
    let decision = answer.decision.as_mut().unwrap();
    assert_eq!((decision.id.len(), receipt.leaf_hash.len()), (36, 32));
    decision.id.clear();
    answer.encode_to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prohibition_an_unknown_person_and_no_consent_look_alike() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let mut youths = Vec::new();
    for code in &PEOPLE[..6] {
        youths.push(ohjaamo.clone().identify(code).await.unwrap());
    }
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let agreed =
        || ConsentTerms { valid_until: Some(wire(stage.now() + HOUR)), ..terms(OHJAAMO, TE, WORK, &TOLD) };
    let prohibitions = [
        ProhibitionTerms::default(),
        ProhibitionTerms { disclosers: vec![OHJAAMO.into()], ..ProhibitionTerms::default() },
        ProhibitionTerms { recipients: vec![TE.into()], ..ProhibitionTerms::default() },
        ProhibitionTerms {
            categories: BASIC.map(|category| category as i32).into(),
            ..ProhibitionTerms::default()
        },
    ];
    for (youth, prohibition) in youths[1..5].iter().zip(prohibitions) {
        record(&ohjaamo, youth, agreed()).await.unwrap();
        prohibit(&ohjaamo, youth, prohibition).await.unwrap();
    }
    prohibit(&ohjaamo, &youths[5], ProhibitionTerms::default()).await.unwrap();
    let all = everything();
    for asked in [&BASIC[..], &all[..], &[Data::Housing][..]] {
        let plain = telling(&ohjaamo, &to_te(&youths[0], asked)).await;
        for youth in youths[1..].iter().chain([&nobody]) {
            for client in [&ohjaamo, &stage.te()] {
                let answer = telling(client, &to_te(youth, asked)).await;
                assert!(answer == plain, "{answer:?} can be told from {plain:?}");
            }
        }
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prohibition_takes_what_it_names_and_leaves_the_rest() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = stage.youth(PEOPLE[0]).await;
    let housing = ProhibitionTerms {
        recipients: vec![TE.into()],
        categories: vec![Data::ServiceNeeds as i32],
        ..ProhibitionTerms::default()
    };
    prohibit(&ohjaamo, &youth, housing).await.unwrap();
    let permitted = to_te(&youth, &TOLD).permitted(&ohjaamo).await;
    assert!(!permitted.contains(&Data::ServiceNeeds));
    assert_eq!(permitted.len(), TOLD.len() - 1);
    let to_kela = Ask { to: KELA, purpose: purpose_of(KELA), ..to_te(&youth, &TOLD) };
    assert_eq!(to_kela.permitted(&ohjaamo).await.len(), TOLD.len(), "kela is not named");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_as_fresh_as_asked_for() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let ask = to_te(&youth, &TOLD);
    let revision = record(&ohjaamo, &youth, terms(OHJAAMO, TE, WORK, &TOLD)).await.unwrap().revision;
    let answer = ohjaamo.clone().consent.verify_consent(ask.request(revision)).await.unwrap().into_inner();
    let decision = answer.decision.unwrap();
    assert!(decision.revision >= revision && !decision.permitted.is_empty());
    for later in [decision.revision + 1, u64::MAX] {
        let result = ohjaamo.clone().consent.verify_consent(ask.request(later)).await;
        assert_refused(result, Code::Unavailable, "CONSENT_STALE");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_party_does_not_ask() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    for youth in [&youth, &nobody] {
        let result = to_te(youth, &TOLD).by(&stage.kela()).await;
        assert_refused(result, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }
    // A slip of the pen is told from a missing permission.
    let strange = Ask { to: "tuntematon", ..to_te(&youth, &TOLD) };
    assert_refused(strange.by(&stage.ohjaamo()).await, Code::InvalidArgument, "UNKNOWN_AGENCY");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ground_in_law_is_for_the_discloser_to_state() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let mut request = to_te(&youth, &TOLD).request(0);
    request.ground = LegalGround::OutreachNotice as i32;
    let many =
        |request: &VerifyConsentRequest| BatchVerifyConsentsRequest { requests: vec![request.clone()] };
    for client in [stage.te(), stage.subject(&youth)] {
        let alone = client.clone().consent.verify_consent(request.clone()).await;
        assert_refused(alone, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }
    let results =
        stage.te().consent.batch_verify_consents(many(&request)).await.unwrap().into_inner().results;
    assert!(matches!(&results[0].result, Some(Result::Error(error)) if error.reason == "ACTOR_NOT_ALLOWED"));
    let explain = ExplainDisclosureRequest { question: Some(request.clone()), language: "en".into() };
    let explained = stage.subject(&youth).consent.explain_disclosure(explain).await;
    assert_refused(explained, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    stage.ohjaamo().consent.verify_consent(request).await.unwrap();
    stage.close().await;
}
