//! Does a trial decide like the real call, and do nothing else?

use polku_proto::v1::{DataCategory, ListReferralsRequest, SendReferralRequest};
use polku_tests::world::{KELA, PAJA, PEOPLE, TE, full_content, referral_to, request_id};
use tonic::Code;

use crate::stage::{BASIC, Stage, assert_refused, assert_same_refusal, purpose_of};

const STATUS: i32 = DataCategory::ReferralStatus as i32;

fn trial(recipient: &str, youth: &str) -> SendReferralRequest {
    let mut request = referral_to(recipient, youth, purpose_of(recipient), full_content());
    request.validate_only = true;
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_decides_and_stores_and_sends_nothing() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let mut ohjaamo = stage.ohjaamo();
    for recipient in [KELA, TE, PAJA] {
        let before = stage.next_leaf().await;
        let tried = ohjaamo.referral.send_referral(trial(recipient, &youth)).await.unwrap().into_inner();
        assert!(tried.referral.is_none() && tried.receipt.is_none());
        let decision = tried.decision.unwrap();
        // One leaf by the trial, one by looking.
        assert_eq!(stage.next_leaf().await, before + 2, "the trial has its leaf");

        let list = ListReferralsRequest { parent: youth.clone(), ..ListReferralsRequest::default() };
        assert!(ohjaamo.referral.list_referrals(list).await.unwrap().into_inner().referrals.is_empty());

        // What the consent covers and the referral has; a status it does not have yet.
        let permitted = BASIC.map(|category| category as i32);
        let mut permitted: Vec<i32> = permitted.into_iter().filter(|category| *category != STATUS).collect();
        permitted.sort_unstable();
        assert_eq!(decision.permitted, permitted);
        assert!(decision.withheld.contains(&(DataCategory::HealthCapacity as i32)));
    }
    assert!(stage.world.te.ledger().received().is_empty(), "nothing has reached te");
    assert!(stage.world.walmu.ledger().received().is_empty(), "nothing has reached the workshop");

    let request = trial(KELA, &youth);
    let tried = ohjaamo.referral.send_referral(request.clone()).await.unwrap().into_inner().decision.unwrap();
    let real = SendReferralRequest { validate_only: false, request_id: request_id(), ..request };
    let sent = ohjaamo.referral.send_referral(real).await.unwrap().into_inner().decision.unwrap();
    assert_eq!(
        (tried.verdict, &tried.permitted, &tried.withheld),
        (sent.verdict, &sent.permitted, &sent.withheld)
    );
    assert_eq!((tried.bases, tried.policy_digest), (sent.bases, sent.policy_digest));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_fails_like_the_real_call() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[1]).await.unwrap();
    let unknown = format!("youths/{}", uuid::Uuid::now_v7());
    for youth in [youth, unknown] {
        let request = trial(KELA, &youth);
        let before = stage.next_leaf().await;
        let tried = ohjaamo.referral.send_referral(request.clone()).await;
        let tried = assert_refused(tried, Code::PermissionDenied, "NOT_PERMITTED");
        assert_eq!(stage.next_leaf().await, before + 2);
        let real = SendReferralRequest { validate_only: false, ..request };
        let sent = ohjaamo.referral.send_referral(real).await;
        assert_same_refusal(&tried, &assert_refused(sent, Code::PermissionDenied, "NOT_PERMITTED"));
    }
    let mut request = trial(KELA, "youths/kanaria");
    let tried = ohjaamo.referral.send_referral(request.clone()).await.unwrap_err();
    request.validate_only = false;
    assert_same_refusal(&tried, &ohjaamo.referral.send_referral(request).await.unwrap_err());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_does_not_use_its_id_up() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[2]).await;
    let mut ohjaamo = stage.ohjaamo();
    let mut request = trial(KELA, &youth);
    ohjaamo.referral.send_referral(request.clone()).await.unwrap();
    request.validate_only = false;
    assert!(ohjaamo.referral.send_referral(request).await.unwrap().into_inner().referral.is_some());
    stage.close().await;
}
