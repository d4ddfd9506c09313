//! What is answered to a caller that asks too much?

use std::time::Duration;

use polku_proto::v1::ListReferralsRequest;
use polku_tests::world::{Client, WorldSettings};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::stage::{Stage, assert_refused};

async fn list(client: &Client) -> Result<(), Status> {
    let request = ListReferralsRequest { parent: "youths/-".into(), ..ListReferralsRequest::default() };
    client.clone().referral.list_referrals(request).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_are_told_when_to_come_back() {
    let strict = |text: String| {
        let open = "requests_per_second = 5000\nburst = 10000";
        assert!(text.contains(open));
        text.replace(open, "requests_per_second = 1\nburst = 3")
    };
    let stage = Stage::with(&WorldSettings::default(), strict).await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let mut answered = 0;
    let refused = loop {
        match list(&ohjaamo).await {
            Ok(()) => answered += 1,
            Err(status) => break status,
        }
        assert!(answered < 50, "the quota is not enforced");
    };
    assert!(answered >= 3, "refused before the quota was used up");
    let pause = refused.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(pause > Duration::ZERO && pause <= Duration::from_secs(1), "{pause:?}");
    assert_refused::<()>(Err(refused), Code::ResourceExhausted, "QUOTA_EXCEEDED");
    list(&kela).await.unwrap();
    tokio::time::sleep(pause).await;
    list(&ohjaamo).await.unwrap();
    stage.close().await;
}
