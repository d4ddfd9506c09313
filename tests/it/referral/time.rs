//! What does passing time do to a referral?

use jiff::SignedDuration;
use polku_proto::v1::{DeliveryState, ListReferralsRequest, Referral, ReferralState as State};
use polku_tests::world::{KELA, PAJA, PEOPLE, TE, eventually, full_content, referral_to};
use tonic::Code;

use super::steps::{Step, take};
use crate::stage::{PATIENCE, Stage, assert_refused, get, id_of, purpose_of, wire};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const MOMENT: SignedDuration = SignedDuration::from_millis(1);

async fn send(stage: &Stage, youth: &str, recipient: &str, answer_within: SignedDuration) -> Referral {
    let mut request = referral_to(recipient, youth, purpose_of(recipient), full_content());
    request.respond_by = Some(wire(stage.now() + answer_within));
    request.wait_for_delivery = true;
    stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_a_referral_expires() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let kela = stage.kela();
    let silent = send(&stage, &youth, KELA, DAY).await;
    let asked = send(&stage, &youth, KELA, DAY).await;
    let accepted = send(&stage, &youth, KELA, DAY).await;
    let later = send(&stage, &youth, KELA, DAY + MOMENT).await;
    take(&kela, Step::Ask, &asked.name).await.unwrap();
    take(&kela, Step::Accept, &accepted.name).await.unwrap();

    stage.advance(DAY - MOMENT);
    let still = send(&stage, &youth, KELA, DAY).await;
    // Sweeps run meanwhile; a referral that is due a moment later is what tells that one has run.
    assert_eq!(stage.state(&silent.name).await, State::Requested);
    stage.advance(MOMENT);
    stage.reaches(&silent.name, State::Expired).await;
    stage.reaches(&asked.name, State::Expired).await;
    for (referral, state) in
        [(&accepted, State::Accepted), (&later, State::Requested), (&still, State::Requested)]
    {
        assert_eq!(stage.state(&referral.name).await, state);
    }
    assert_eq!(get(&kela, &silent.name).await.unwrap().state(), State::Expired);
    let late = take(&kela, Step::Accept, &silent.name).await;
    assert_refused(late, Code::FailedPrecondition, "TRANSITION_NOT_ALLOWED");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_date_there_are_thirty_days() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(sent.respond_by, Some(wire(stage.now() + DAY * 30)));
    assert_eq!(sent.create_time, Some(wire(stage.now())));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_with_its_own_system_is_told_of_the_expiry() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let (to_te, to_workshop) = (send(&stage, &youth, TE, DAY).await, send(&stage, &youth, PAJA, DAY).await);
    stage.advance(DAY);
    stage.reaches(&to_te.name, State::Expired).await;
    stage.reaches(&to_workshop.name, State::Expired).await;
    let (te, walmu) = (stage.world.te.ledger(), stage.world.walmu.ledger());
    let told = eventually(PATIENCE, || async {
        let (of_te, of_walmu) = (te.notices(), walmu.notices());
        (!of_te.is_empty() && !of_walmu.is_empty()).then_some((of_te, of_walmu))
    });
    let (of_te, of_walmu) = told.await.unwrap();
    assert_eq!(of_te[0].referral_id, id_of(&to_te.name));
    assert_eq!(of_te[0].field("tila"), Some("VANHENTUNUT"));
    assert_eq!(of_walmu[0].referral_id, id_of(&to_workshop.name));
    assert_eq!(of_walmu[0].field("tila"), Some("vanhentunut"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_are_erased_thirty_days_after_delivery() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let name = send(&stage, &youth, KELA, DAY).await.name;
    for step in [Step::Ask, Step::Provide, Step::Accept, Step::Start] {
        let client = if step == Step::Provide { &ohjaamo } else { &kela };
        take(client, step, &name).await.unwrap();
    }
    let to_te = send(&stage, &youth, TE, DAY * 100).await.name;
    let before = get(&ohjaamo, &name).await.unwrap();
    assert!(before.content.is_some());

    stage.advance(DAY * 30 - MOMENT);
    let later = send(&stage, &youth, KELA, DAY).await.name;
    assert!(get(&ohjaamo, &name).await.unwrap().content.is_some());
    stage.advance(MOMENT + MOMENT);
    for erased in [&name, &to_te] {
        let (ohjaamo, erased) = (&ohjaamo, erased.as_str());
        let gone = || async move { get(ohjaamo, erased).await.unwrap().content.is_none().then_some(()) };
        assert!(eventually(PATIENCE, gone).await.is_some(), "the content is still there");
    }
    for client in [&ohjaamo, &kela, &stage.subject(&youth)] {
        let left = get(client, &name).await.unwrap();
        assert_eq!((left.state(), left.delivery_state()), (State::InProgress, DeliveryState::Delivered));
        assert_eq!((left.create_time, left.respond_by), (before.create_time, before.respond_by));
        assert_eq!((left.sender.as_str(), left.recipient.as_str()), ("ohjaamo", KELA));
        assert_eq!((left.status_note.as_str(), left.sender_note.as_str()), ("", ""));
        assert!(left.content.is_none());
        for exchange in &left.information {
            assert!(exchange.question.is_empty() && exchange.answer.is_none());
        }
        let list = ListReferralsRequest { parent: youth.clone(), ..ListReferralsRequest::default() };
        let list = client.clone().referral.list_referrals(list).await.unwrap().into_inner().referrals;
        let listed = list.iter().find(|referral| referral.name == name).unwrap();
        assert_eq!(listed.state(), State::InProgress);
        assert!(listed.content.is_none());
    }
    assert!(get(&ohjaamo, &later).await.unwrap().content.is_some(), "delivered later, erased later");
    // The service goes on, though what was told once has gone.
    assert_eq!(take(&kela, Step::Complete, &name).await.unwrap().state(), State::Completed);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_referral_is_rerouted_with_new_content_only() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let ohjaamo = stage.ohjaamo();
    let name = send(&stage, &youth, KELA, DAY).await.name;
    take(&ohjaamo, Step::Cancel, &name).await.unwrap();
    stage.advance(DAY * 30 + MOMENT);
    let (client, of) = (&ohjaamo, name.as_str());
    let gone = || async move { get(client, of).await.unwrap().content.is_none().then_some(()) };
    assert!(eventually(PATIENCE, gone).await.is_some());
    assert_refused(take(&ohjaamo, Step::Reroute, &name).await, Code::InvalidArgument, "CONTENT_ERASED");
    let reroute = polku_proto::v1::RerouteReferralRequest {
        request_id: polku_tests::world::request_id(),
        name,
        recipient: TE.into(),
        purpose: purpose_of(TE) as i32,
        content: Some(full_content()),
        ..Default::default()
    };
    assert!(ohjaamo.clone().referral.reroute_referral(reroute).await.is_ok());
    stage.close().await;
}
