//! Does a watcher see everything that concerns it, once, in order?
//!
//! The stages here are not closed: an open watch is given its time when a gateway ends, and nobody needs to wait for that.

use std::time::Duration;

use jiff::SignedDuration;
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{DeliveryState, ReferralEvent, ReferralState as State, WatchReferralsRequest};
use polku_tests::simulators::Fault;
use polku_tests::world::{Client, KELA, PAJA, PEOPLE, TE, full_content, referral_to};
use tonic::{Code, Status, Streaming};

use super::steps::{Step, take};
use crate::stage::{PATIENCE, Stage, assert_refused, fields_of, purpose_of};

async fn watch(client: &Client, token: &str) -> Result<Streaming<ReferralEvent>, Status> {
    let request = WatchReferralsRequest { resume_token: token.into() };
    Ok(client.clone().referral.watch_referrals(request).await?.into_inner())
}

async fn next(stream: &mut Streaming<ReferralEvent>) -> ReferralEvent {
    tokio::time::timeout(PATIENCE, stream.message())
        .await
        .expect("no event")
        .unwrap()
        .expect("the watch has ended")
}

async fn take_events(stream: &mut Streaming<ReferralEvent>, count: usize) -> Vec<ReferralEvent> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(next(stream).await);
    }
    events
}

/// Asserts that nothing more comes, for longer than a watch looks by itself.
async fn assert_quiet(stream: &mut Streaming<ReferralEvent>) {
    let more = tokio::time::timeout(Duration::from_millis(300), stream.message()).await;
    assert!(more.is_err(), "an event too many");
}

fn names(events: &[ReferralEvent]) -> Vec<String> {
    events.iter().map(|event| event.referral.as_ref().unwrap().name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_parties_see_every_change_in_order() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let mut mine = watch(&stage.ohjaamo(), "").await.unwrap();
    let mut theirs = watch(&stage.kela(), "").await.unwrap();
    let mut uninvolved = watch(&stage.te(), "").await.unwrap();
    let name = stage.refer(&youth, KELA).await;
    let kela = stage.kela();
    // One after the other, each seen before the next one: the event shows the referral as it is when it is sent.
    let steps = [Step::Accept, Step::Start, Step::Hold, Step::Start, Step::Complete];
    let states = [State::Accepted, State::InProgress, State::OnHold, State::InProgress, State::Completed];
    for stream in [&mut mine, &mut theirs] {
        let event = next(stream).await;
        assert_eq!((event.kind(), event.referral.unwrap().name), (Kind::Created, name.clone()));
        assert!(event.time.is_some() && !event.resume_token.is_empty());
    }
    for (step, state) in steps.into_iter().zip(states) {
        take(&kela, step, &name).await.unwrap();
        for stream in [&mut mine, &mut theirs] {
            let event = next(stream).await;
            assert_eq!((event.kind(), event.referral.unwrap().state()), (Kind::StateChanged, state));
        }
    }
    for stream in [&mut mine, &mut theirs, &mut uninvolved] {
        assert_quiet(stream).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_party_sees_what_it_may_see() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let mut mine = watch(&stage.ohjaamo(), "").await.unwrap();
    let mut theirs = watch(&stage.kela(), "").await.unwrap();
    stage.refer(&youth, KELA).await;
    let (mine, theirs) = (next(&mut mine).await.referral.unwrap(), next(&mut theirs).await.referral.unwrap());
    assert!(mine.content == Some(full_content()));
    let seen = theirs.content.unwrap();
    assert_eq!((seen.identity_code.as_str(), seen.health_capacity.as_str()), (PEOPLE[0], ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_where_it_was_left() {
    let stage = Stage::open().await;
    let (one, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    let ohjaamo = stage.ohjaamo();
    let mut whole = watch(&ohjaamo, "").await.unwrap();
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(stage.refer(&one, KELA).await);
        sent.push(stage.refer(&other, KELA).await);
    }
    let events = take_events(&mut whole, 6).await;
    assert_eq!(names(&events), sent, "in the order in which they happened");
    for (seen, event) in events.iter().enumerate() {
        // Whoever resumes gets all the rest and nothing twice, as often as it asks.
        for _ in 0..2 {
            let mut resumed = watch(&ohjaamo, &event.resume_token).await.unwrap();
            let rest = take_events(&mut resumed, 5 - seen).await;
            assert_eq!(names(&rest), sent[seen + 1..]);
        }
    }
    let last = &events[5].resume_token;
    let mut resumed = watch(&ohjaamo, last).await.unwrap();
    assert_quiet(&mut resumed).await;
    let later = stage.refer(&one, KELA).await;
    assert_eq!(names(&[next(&mut resumed).await]), [later]);
    // Without a token a watch begins now.
    let mut fresh = watch(&ohjaamo, "").await.unwrap();
    assert_quiet(&mut fresh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_misses_nothing_and_holds_up_nobody() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let mut slow = watch(&stage.ohjaamo(), "").await.unwrap();
    let mut quick = watch(&stage.kela(), "").await.unwrap();
    let mut sent = Vec::new();
    // More than fit the buffer of the watch and the windows of the connection.
    let mut content = full_content();
    content.reason = "k".repeat(4000);
    for _ in 0..200 {
        let request = referral_to(KELA, &youth, purpose_of(KELA), content.clone());
        let answer = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
        sent.push(answer.referral.unwrap().name);
    }
    assert_eq!(names(&take_events(&mut quick, 200).await), sent, "the quick reader has everything first");
    let events = take_events(&mut slow, 200).await;
    assert_eq!(names(&events), sent);
    let mut tokens: Vec<_> = events.into_iter().map(|event| event.resume_token).collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_come_without_gap_or_repetition() {
    let stage = Stage::open().await;
    let mut youths = Vec::new();
    for code in &PEOPLE[..5] {
        youths.push(stage.youth(code).await);
    }
    let mut mine = watch(&stage.ohjaamo(), "").await.unwrap();
    let mut theirs = watch(&stage.kela(), "").await.unwrap();
    let mut senders = tokio::task::JoinSet::new();
    let ohjaamo = stage.ohjaamo();
    for youth in youths.into_iter().cycle().take(60) {
        let mut ohjaamo = ohjaamo.clone();
        senders.spawn(async move {
            let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
            ohjaamo.referral.send_referral(request).await.unwrap().into_inner().referral.unwrap().name
        });
    }
    let mut sent = senders.join_all().await;
    sent.sort();
    let (mine, theirs) =
        (names(&take_events(&mut mine, 60).await), names(&take_events(&mut theirs, 60).await));
    assert_eq!(mine, theirs, "both in the same order");
    let mut seen = mine;
    seen.sort();
    assert_eq!(seen, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_told_and_the_recipient_learns_of_arrivals_only() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let mut mine = watch(&stage.ohjaamo(), "").await.unwrap();
    let mut theirs = watch(&stage.te(), "").await.unwrap();
    stage.world.te.faults().set(Fault::Dead);
    let request = referral_to(TE, &youth, purpose_of(TE), full_content());
    let name =
        stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap().name;
    assert_eq!(next(&mut mine).await.kind(), Kind::Created);
    loop {
        let event = next(&mut mine).await;
        assert_eq!(event.kind(), Kind::DeliveryChanged);
        if event.referral.unwrap().delivery_state() == DeliveryState::Retrying {
            break;
        }
    }
    stage.world.te.faults().clear().unwrap();
    let arrived = next(&mut theirs).await;
    assert_eq!(arrived.kind(), Kind::DeliveryChanged);
    let referral = arrived.referral.unwrap();
    assert_eq!((referral.delivery_state(), referral.name), (DeliveryState::Delivered, name));
    loop {
        let event = next(&mut mine).await;
        if event.referral.unwrap().delivery_state() == DeliveryState::Delivered {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_wait_is_told() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, KELA).await;
    let mut mine = watch(&stage.ohjaamo(), "").await.unwrap();
    stage.advance(SignedDuration::from_hours(30 * 24));
    let event = next(&mut mine).await;
    assert_eq!((event.kind(), event.referral.unwrap().state()), (Kind::StateChanged, State::Expired));
    assert_eq!(stage.state(&name).await, State::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_its_watcher() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let mut mine = watch(&stage.ohjaamo(), "").await.unwrap();
    stage.refer(&youth, KELA).await;
    let token = next(&mut mine).await.resume_token;
    let mut tampered = token.clone().into_bytes();
    tampered[3] = if tampered[3] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    for (client, token) in
        [(stage.kela(), token.as_str()), (stage.ohjaamo(), tampered.as_str()), (stage.ohjaamo(), "kanaria")]
    {
        let result = watch(&client, token).await;
        let status = assert_refused(result, Code::InvalidArgument, "RESUME_TOKEN_INVALID");
        assert_eq!(fields_of(&status), ["resume_token"]);
    }
    let result = watch(&stage.subject(&youth), "").await;
    assert_refused(result, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_sender_gets_the_end_of_the_delivery() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    for recipient in [TE, PAJA, KELA] {
        let mut request = referral_to(recipient, &youth, purpose_of(recipient), full_content());
        request.wait_for_delivery = true;
        let sent = stage.ohjaamo().referral.send_referral(request.clone()).await.unwrap().into_inner();
        assert_eq!(sent.referral.unwrap().delivery_state(), DeliveryState::Delivered);
        // Repeated, it does not wait for a second delivery.
        let again = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
        assert_eq!(again.referral.unwrap().delivery_state(), DeliveryState::Delivered);
    }
    // Nobody answers: the caller's patience ends first, and the referral is queued all the same.
    stage.world.te.faults().set(Fault::Dead);
    let mut request = tonic::Request::new(referral_to(TE, &youth, purpose_of(TE), full_content()));
    request.get_mut().wait_for_delivery = true;
    request.set_timeout(Duration::from_millis(700));
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    assert_ne!(sent.delivery_state(), DeliveryState::Delivered);
    stage.world.te.faults().clear().unwrap();
    let (ohjaamo, name) = (stage.ohjaamo(), sent.name.as_str());
    let ohjaamo = &ohjaamo;
    let delivered = || async move {
        let seen = crate::stage::get(ohjaamo, name).await.unwrap();
        (seen.delivery_state() == DeliveryState::Delivered).then_some(())
    };
    assert!(polku_tests::world::eventually(PATIENCE, delivered).await.is_some());
}
