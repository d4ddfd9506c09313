//! Does a young person learn what was cancelled, prohibited and never sent?

use jiff::SignedDuration;
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::disclosure_actor::Kind as Who;
use polku_proto::v1::{
    CancelReferralRequest, DataCategory, DeliveryState, LiftProhibitionRequest, ProhibitionTerms,
    RecordProhibitionRequest, ReferralState, SendReferralRequest,
};
use polku_tests::simulators::Fault;
use polku_tests::world::{
    KELA, OHJAAMO, PATIENCE, PEOPLE, TE, WorldSettings, eventually, full_content, referral_to, request_id,
};

use super::told;
use crate::stage::{BASIC, Stage, get, purpose_of};

/// Sends a referral to the employment services and waits until its delivery is in this state.
async fn waits(stage: &Stage, youth: &str, state: DeliveryState) -> String {
    let request = SendReferralRequest {
        wait_for_delivery: false,
        ..referral_to(TE, youth, purpose_of(TE), full_content())
    };
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
    let name = sent.referral.unwrap().name;
    let is_so = || async {
        let seen = get(&stage.ohjaamo(), &name).await.unwrap();
        (seen.delivery_state() == state).then_some(())
    };
    eventually(PATIENCE, is_so).await.unwrap_or_else(|| panic!("{state:?} is not reached"));
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cancelled_prohibited_and_never_sent_is_told() {
    // One failure, and the employment services are left alone for longer than this lasts.
    let settings = WorldSettings {
        retry_seconds: vec![3600],
        breaker_failures: 1,
        probe_seconds: 3600,
        ..WorldSettings::default()
    };
    let stage = Stage::at_noon_in(&settings, |text| text).await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[5]).await.unwrap();
    let subject = stage.subject(&youth);
    for agency in [TE, KELA] {
        ohjaamo.record_consent(&youth, OHJAAMO, agency, purpose_of(agency), &BASIC).await.unwrap();
    }
    let cancelled = stage.refer(&youth, KELA).await;
    let request =
        CancelReferralRequest { request_id: request_id(), name: cancelled.clone(), ..Default::default() };
    subject.clone().referral.cancel_referral(request).await.unwrap();
    stage.world.te.faults().set(Fault::Dead);
    waits(&stage, &youth, DeliveryState::Retrying).await;
    let never_sent = waits(&stage, &youth, DeliveryState::Queued).await;
    // It is given up after three days.
    stage.advance(SignedDuration::from_hours(73));
    let is_over = || async {
        let seen = get(&stage.ohjaamo(), &never_sent).await.unwrap();
        (seen.delivery_state() == DeliveryState::Expired).then_some(())
    };
    eventually(PATIENCE, is_over).await.expect("it is not given up");
    let terms = ProhibitionTerms { categories: vec![DataCategory::Housing.into()], ..Default::default() };
    let request =
        RecordProhibitionRequest { request_id: request_id(), youth: youth.clone(), terms: Some(terms) };
    let made = subject.clone().consent.record_prohibition(request).await.unwrap().into_inner();
    let made = made.prohibition.unwrap();
    let request =
        LiftProhibitionRequest { request_id: request_id(), name: made.name.clone(), etag: made.etag };
    subject.clone().consent.lift_prohibition(request).await.unwrap();

    let story = told(&subject, &youth).await;
    let of = |kind: Kind| story.iter().filter(|one| one.kind() == kind).collect::<Vec<_>>();
    let [change] = of(Kind::ReferralChanged)[..] else { panic!("one change: {story:?}") };
    assert_eq!(
        (change.name.as_str(), change.referral_state()),
        (cancelled.as_str(), ReferralState::Cancelled)
    );
    assert_eq!(change.actor.as_ref().unwrap().kind(), Who::Subject);
    let [stopped] =
        of(Kind::NotSent).into_iter().filter(|one| one.name == never_sent).collect::<Vec<_>>()[..]
    else {
        panic!("what was never sent: {story:?}")
    };
    assert_eq!(stopped.delivery_state(), DeliveryState::Expired);
    assert_eq!((stopped.discloser.as_str(), stopped.recipient.as_str()), ("ohjaamo/keskusta", TE));
    assert!(story.iter().all(|one| one.kind() != Kind::Sent || one.name != never_sent));
    let prohibited = of(Kind::ProhibitionChanged);
    let names: Vec<&str> = prohibited.iter().map(|one| one.changes[0].name.as_str()).collect();
    assert_eq!(names, [made.name.as_str(); 2], "made and lifted");
    assert!(prohibited.iter().all(|one| one.actor.as_ref().unwrap().kind() == Who::Subject));
    assert!(story.iter().all(|one| one.receipt.is_some() && one.time.is_some()));
    stage.close().await;
}
