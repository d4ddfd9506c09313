//! Do nobody and somebody of others look alike, by what a refusal says and by when it comes?

use std::time::{Duration, Instant};

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::journey_leaving::Reason;
use polku_proto::v1::{
    DataCategory, GetJourneyRequest, GetNextStepRequest, JourneyLeaving, JourneySource, LinkIdentityRequest,
    ListDisclosuresRequest, Purpose, SendReferralRequest, UnlinkIdentityRequest, VerifyConsentRequest,
};
use polku_tests::world::{KELA, OHJAAMO, PEOPLE, TE, full_content, referral_to, request_id};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::stage::{Stage, assert_refused};
use crate::window::{add, opening};

const BEAT: Duration = Duration::from_millis(25);
/// The clocks of a caller and of a timer are read one after the other.
const SLACK: Duration = Duration::from_millis(1);
/// How often each is asked: what else the machine does makes an answer later, and never earlier.
const ASKED: usize = 16;

/// At which beat a refusal comes, at the earliest.
async fn beat<T>(refusal: (Code, &str), ask: impl AsyncFn() -> Result<T, Status>) -> u128 {
    let mut first = u128::MAX;
    for _ in 0..ASKED {
        let begun = Instant::now();
        let refused = ask().await.map(drop);
        let took = begun.elapsed();
        assert_refused(refused, refusal.0, refusal.1);
        first = first.min((took + SLACK).as_nanos() / BEAT.as_nanos());
    }
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_and_somebody_of_others_are_told_apart_by_no_clock() {
    let stage = Stage::open().await;
    let foreign = stage.ohjaamo().identify(PEOPLE[16]).await.unwrap();
    add(&stage.ohjaamo(), &foreign, opening(JourneySource::Self_)).await.unwrap();
    let te = stage.te();
    let mut classes = Vec::new();
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
        te.clone().consent.verify_consent(question).await.unwrap();
        let leaves = Matter::Leaving(JourneyLeaving { reason: Reason::OwnWish.into() });
        let nothing = (Code::NotFound, "NOT_FOUND");
        let added = beat(nothing, async || add(&te, &youth, leaves.clone()).await).await;
        let read = beat(nothing, async || {
            let request = GetJourneyRequest { youth: youth.clone(), ..GetJourneyRequest::default() };
            te.clone().journey.get_journey(request).await
        });
        let listed = beat(nothing, async || {
            let request = ListDisclosuresRequest { parent: youth.clone(), ..Default::default() };
            te.clone().journey.list_disclosures(request).await
        });
        let linked = beat(nothing, async || {
            let (request_id, identity_code) = (request_id(), PEOPLE[1].to_owned());
            let request =
                LinkIdentityRequest { request_id, youth: youth.clone(), identity_code, ..Default::default() };
            te.clone().journey.link_identity(request).await
        });
        let unlinked = beat(nothing, async || {
            let (request_id, identity_code) = (request_id(), PEOPLE[1].to_owned());
            let request = UnlinkIdentityRequest {
                request_id,
                youth: youth.clone(),
                identity_code,
                ..Default::default()
            };
            te.clone().journey.unlink_identity(request).await
        });
        let all = [read.await, listed.await, linked.await, unlinked.await];
        let looked = beat(nothing, async || {
            let request = GetNextStepRequest { youth: youth.clone(), purpose: Purpose::Guidance.into() };
            te.clone().journey.get_next_step(request).await
        });
        let looked = looked.await;
        let tried = beat((Code::PermissionDenied, "NOT_PERMITTED"), async || {
            let request = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
            let request = SendReferralRequest { validate_only: true, ..request };
            te.clone().referral.send_referral(request).await
        });
        classes.push([all.as_slice(), &[added, looked, tried.await]].concat());
    }
    assert!(classes.concat().iter().all(|beat| *beat >= 1), "none before the first beat: {classes:?}");
    assert_eq!(classes[0], classes[1], "at the same beats, whoever is asked about");
    stage.close().await;
}
