//! What counts as a meeting beside an encounter that somebody has written down?

use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::meeting_record::Kind as MeetingKind;
use polku_proto::v1::{AcceptReferralRequest, DataCategory, EscortedHandover, MeetingState, PlanMeeting};
use polku_tests::world::{KELA, OHJAAMO, request_id};

use super::{WHO, add, beside, comes_up, days, nothing_comes_up, tasks};
use crate::plan::table::{create, edit, read, record_meeting};
use crate::stage::{Stage, wire};

/// domain.md 5: "Saattaen vaihto palveluista toiseen": whoever was there when they were handed over has met them.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_handed_over_in_person_was_met() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = beside(&stage).await;
    assert_eq!(stage.youth(WHO).await, youth);
    let referral = stage.refer(&youth, KELA).await;
    let accept = AcceptReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        ..AcceptReferralRequest::default()
    };
    stage.kela().referral.accept_referral(accept).await.unwrap();
    let met = |young_person| {
        let referral = referral.clone();
        Matter::Handover(EscortedHandover { referral, young_person, sender: true, recipient: true })
    };
    stage.advance(days(20));
    add(&ohjaamo, &youth, met(true)).await.unwrap();
    stage.advance(days(29));
    // Without them it was no meeting with them.
    add(&ohjaamo, &youth, met(false)).await.unwrap();
    nothing_comes_up(&[&ohjaamo]).await;
    stage.advance(days(1));
    comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
    stage.close().await;
}

/// A meeting of the plan, now, to which the young person comes or not.
async fn meet(stage: &Stage, plan: &str, came: bool) {
    let ohjaamo = stage.ohjaamo();
    edit(&ohjaamo, plan, OHJAAMO, |part| {
        part.meetings.push(PlanMeeting {
            id: "m1".to_owned(),
            category: DataCategory::JointPlan as i32,
            time: Some(wire(stage.now())),
            state: MeetingState::Held as i32,
            ..PlanMeeting::default()
        });
    })
    .await
    .unwrap();
    let etag = read(&ohjaamo, plan).await.unwrap().etag;
    let who = (&[OHJAAMO][..], came);
    record_meeting(&ohjaamo, (plan, &etag), "m1", MeetingKind::Other, who).await.unwrap();
}

/// The same when they were missed already: nobody is asked any more to look for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_of_the_plan_ends_the_task_to_look_for_somebody() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = beside(&stage).await;
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    stage.advance(days(30));
    comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
    meet(&stage, &plan, true).await;
    assert_eq!(tasks(&ohjaamo, false).await, []);
    stage.advance(days(29));
    nothing_comes_up(&[&ohjaamo]).await;
    stage.advance(days(1));
    comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
    stage.close().await;
}

/// domain.md 5: "ehkäisevät palveluista tippumista": whoever came to a meeting of the joint plan was met there.
#[tokio::test(flavor = "multi_thread")]
async fn who_came_to_a_meeting_of_the_plan_was_met() {
    for came in [true, false] {
        let stage = Stage::at_noon().await;
        let ohjaamo = stage.ohjaamo();
        let youth = beside(&stage).await;
        let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
        stage.advance(days(20));
        meet(&stage, &plan, came).await;
        stage.advance(days(10));
        if came {
            nothing_comes_up(&[&ohjaamo]).await;
            stage.advance(days(20));
        }
        comes_up(&ohjaamo, Kind::NotMet, "", "ohjaaja-1").await;
        stage.close().await;
    }
}
