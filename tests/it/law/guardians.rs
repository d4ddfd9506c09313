//! What does a guardian see, and until when?

use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::{CapacityAssessment, ListReferralsRequest, Purpose};
use polku_tests::world::{Client, KELA, PEOPLE, full_content};
use tonic::Code;

use super::{on_ground, record, send, stage_with_kela};
use crate::stage::{assert_refused, get};

async fn sees_nothing(guardian: &Client, youth: &str, name: &str) {
    assert_refused(get(guardian, name).await, Code::NotFound, "NOT_FOUND");
    let list = ListReferralsRequest { parent: youth.into(), ..ListReferralsRequest::default() };
    let refused = guardian.clone().referral.list_referrals(list).await;
    assert_refused(refused, Code::NotFound, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_sees_a_minors_referrals_unless_the_minor_is_able_to_forbid_it() {
    let stage = stage_with_kela("sector = \"social\"\nstanding = \"authority\"\n").await;
    let te = stage.te();
    let child = te.clone().identify(PEOPLE[10]).await.unwrap();
    let ground = polku_proto::v1::LegalGround::ChildWelfareNotice;
    let sent = send(&te, on_ground(&child, Purpose::SocialServices, ground)).await.unwrap();
    let name = sent.referral.unwrap().name;
    let guardian = stage.guardian(&child);
    let seen = get(&guardian, &name).await.unwrap();
    assert!(seen.content.unwrap().health_capacity == full_content().health_capacity);
    assert_eq!(seen.recipient, KELA);

    let assessed = |result: Capacity| Terms::CapacityAssessment(CapacityAssessment { result: result as i32 });
    record(&te, &child, assessed(Capacity::CapableAllows)).await.unwrap();
    assert!(get(&guardian, &name).await.is_ok());
    record(&te, &child, assessed(Capacity::CapableForbids)).await.unwrap();
    sees_nothing(&guardian, &child, &name).await;
    assert!(get(&stage.subject(&child), &name).await.unwrap().content.is_some(), "the minor sees it all");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_of_an_adult_is_nobody() {
    let stage = stage_with_kela("sector = \"social\"\nstanding = \"authority\"\n").await;
    let te = stage.te();
    let adult = te.clone().identify(PEOPLE[16]).await.unwrap();
    let ground = polku_proto::v1::LegalGround::SocialCareInability;
    let sent = send(&te, on_ground(&adult, Purpose::SocialServices, ground)).await.unwrap();
    sees_nothing(&stage.guardian(&adult), &adult, &sent.referral.unwrap().name).await;
    stage.close().await;
}
