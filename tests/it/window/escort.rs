//! When does a hand-over count as one with escort?

use jiff::SignedDuration;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AcceptReferralRequest, DataCategory, EscortedHandover, JourneyEntry, JourneySource, ListConsentsRequest,
    Purpose, ReferralState, RetentionAnswer, retention_answer,
};
use polku_tests::world::{KELA, OHJAAMO, TE, request_id};
use tonic::Code;

use super::entries::{SHARED, share};
use super::{add, add_entry, entry, journey, opening};
use crate::stage::{Stage, assert_refused, fields_of, wire, withdrawal};

/// domain.md 5: "Saattaen vaihto palveluista toiseen", "kiinnittymisen palveluun vielä 3 kk:n jälkeen".
#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_with_escort_counts_when_all_three_met() {
    let stage = Stage::open().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let youth = stage.youth("040594V9030").await;
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    let referral = stage.refer(&youth, KELA).await;
    let counted = async || {
        let seen = journey(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap();
        (seen.handovers, seen.escorted_handovers)
    };
    assert_eq!(counted().await, (0, 0));
    let accept = AcceptReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        ..AcceptReferralRequest::default()
    };
    kela.clone().referral.accept_referral(accept).await.unwrap();
    assert_eq!(counted().await, (1, 0));
    let met = |recipient| {
        let referral = referral.clone();
        Matter::Handover(EscortedHandover { referral, young_person: true, sender: true, recipient })
    };
    add(&ohjaamo, &youth, met(false)).await.unwrap();
    assert_eq!(counted().await, (1, 0), "without the recipient it is no escort");
    add(&ohjaamo, &youth, met(true)).await.unwrap();
    add(&ohjaamo, &youth, met(true)).await.unwrap();
    assert_eq!(counted().await, (1, 0), "one party alone has said so");
    // The young person says so too, or else the recipient does.
    let own = add(&stage.subject(&youth), &youth, met(true)).await.unwrap().entry.unwrap();
    assert_eq!((own.agency.as_str(), own.professional.as_str()), (OHJAAMO, ""));
    assert_eq!(counted().await, (1, 1));
    let taken_back = JourneyEntry { replaces: own.name, ..entry(met(false)) };
    add_entry(&stage.subject(&youth), &youth, taken_back).await.unwrap();
    assert_eq!(counted().await, (1, 0));
    add(&kela, &youth, opening(JourneySource::Other)).await.unwrap();
    add(&kela, &youth, met(true)).await.unwrap();
    let all = journey(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap();
    assert_eq!((all.handovers, all.escorted_handovers), (1, 1));
    assert_eq!(counted().await, (1, 0), "for no purpose, nobody is told the other party's word");
    // Who takes back a consent was handed over all the same.
    let list = ListConsentsRequest { parent: youth.clone(), ..ListConsentsRequest::default() };
    for consent in ohjaamo.clone().consent.list_consents(list).await.unwrap().into_inner().consents {
        if consent.terms.as_ref().is_some_and(|terms| terms.recipients == [KELA]) {
            ohjaamo.clone().consent.withdraw_consent(withdrawal(&consent.name)).await.unwrap();
        }
    }
    stage.reaches(&referral, ReferralState::ConsentWithdrawn).await;
    let all = journey(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap();
    assert_eq!((all.handovers, all.escorted_handovers), (1, 1));
    assert_eq!(counted().await, (1, 0));

    let stays = Matter::Retention(RetentionAnswer {
        referral: referral.clone(),
        result: retention_answer::Result::Attached.into(),
    });
    assert_refused(add(&ohjaamo, &youth, stays.clone()).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    add(&kela, &youth, stays).await.unwrap();
    let te = stage.te();
    add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    assert_refused(add(&te, &youth, met(true)).await, Code::NotFound, "NOT_FOUND");
    // What became of a referral is for its parties, whatever else somebody may be told by one of them.
    share(&stage, &youth, TE, &SHARED).await;
    let seen = journey(&te, &youth, Purpose::Guidance).await.unwrap().entries;
    assert!(seen.iter().any(|entry| entry.agency == OHJAAMO), "{seen:?}");
    let is_status = |entry: &&JourneyEntry| entry.category() == DataCategory::ReferralStatus;
    assert_eq!(seen.iter().filter(is_status).count(), 0, "{seen:?}");
    stage.close().await;
}

/// domain.md 5: "Saattaen vaihto palveluista toiseen": two words about two days are not about one meeting.
#[tokio::test(flavor = "multi_thread")]
async fn words_of_two_days_are_not_of_one_meeting() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth("040594V9030").await;
    add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
    stage.advance(SignedDuration::from_hours(24));
    let referral = stage.refer(&youth, KELA).await;
    let accept = AcceptReferralRequest {
        request_id: request_id(),
        name: referral.clone(),
        ..AcceptReferralRequest::default()
    };
    stage.kela().referral.accept_referral(accept).await.unwrap();
    let sent = stage.now();
    stage.advance(SignedDuration::from_hours(48));
    let met = |hours: i64| {
        let time = sent + SignedDuration::from_hours(hours);
        let (young_person, sender, recipient) = (true, true, true);
        let handover = EscortedHandover { referral: referral.clone(), young_person, sender, recipient };
        JourneyEntry { time: Some(wire(time)), ..entry(Matter::Handover(handover)) }
    };
    let subject = stage.subject(&youth);
    for client in [&stage.ohjaamo(), &subject] {
        let early =
            assert_refused(add_entry(client, &youth, met(-1)).await, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(fields_of(&early), ["entry.time"], "nobody is handed over before the referral is sent");
    }
    let escorted = async || journey(&subject, &youth, Purpose::Unspecified).await.unwrap().escorted_handovers;
    // It is noon in Finland, and twelve hours later the next day.
    add_entry(&stage.ohjaamo(), &youth, met(11)).await.unwrap();
    let own = add_entry(&subject, &youth, met(12)).await.unwrap().entry.unwrap();
    assert_eq!(escorted().await, 0);
    add_entry(&subject, &youth, JourneyEntry { replaces: own.name, ..met(0) }).await.unwrap();
    assert_eq!(escorted().await, 1);
    stage.close().await;
}
