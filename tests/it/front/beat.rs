//! Do nobody and somebody of others look alike, by what a refusal says and by when it comes?

use std::time::{Duration, Instant};

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::journey_leaving::Reason;
use polku_proto::v1::{
    DataCategory, GetNextStepRequest, JourneyLeaving, JourneySource, Purpose, VerifyConsentRequest,
};
use polku_tests::world::{OHJAAMO, PEOPLE, TE};
use tonic::Code;
use uuid::Uuid;

use crate::stage::{Stage, assert_refused};
use crate::window::{add, opening};

/// A little less than the beat: the clocks of a caller and of a timer are read one after the other.
const BEAT: Duration = Duration::from_millis(24);

#[tokio::test(flavor = "multi_thread")]
async fn nobody_and_somebody_of_others_are_told_apart_by_no_clock() {
    let stage = Stage::open().await;
    let foreign = stage.ohjaamo().identify(PEOPLE[16]).await.unwrap();
    add(&stage.ohjaamo(), &foreign, opening(JourneySource::Self_)).await.unwrap();
    let mut te = stage.te();
    for youth in [format!("youths/{}", Uuid::now_v7()), foreign] {
        // Having asked is having to do with nobody.
        let question = VerifyConsentRequest {
            youth: youth.clone(),
            discloser: OHJAAMO.into(),
            recipient: TE.into(),
            purpose: Purpose::EmploymentServices.into(),
            categories: vec![DataCategory::IdentityContact.into()],
            ..VerifyConsentRequest::default()
        };
        te.consent.verify_consent(question).await.unwrap();
        let leaves = Matter::Leaving(JourneyLeaving { reason: Reason::OwnWish.into() });
        assert_refused(add(&te, &youth, leaves).await, Code::NotFound, "NOT_FOUND");
        let begun = Instant::now();
        let request = GetNextStepRequest { youth, purpose: Purpose::Guidance.into() };
        let refused = te.journey.get_next_step(request).await;
        let took = begun.elapsed();
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        assert!(took >= BEAT, "{took:?}");
    }
    stage.close().await;
}
