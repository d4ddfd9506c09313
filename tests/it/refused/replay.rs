//! Has what is said a thousand times one effect, whoever says it again, how, and when?
//!
//! `POLKU_REPLAYS` says another number.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use jiff::SignedDuration;
use polku_proto::v1::{
    DeliveryState, IdentifyYouthRequest, ListReferralsRequest, SendReferralRequest, SendReferralResponse,
};
use polku_tests::simulators::{Fault, Operation, Repetition};
use polku_tests::world::{
    Client, Database, KELA, PEOPLE, TE, WorldSettings, eventually, full_content, nobody, referral_to,
    request_id,
};
use prost::Message as _;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::repeat::{SEND, call};
use crate::stage::{Stage, assert_refused, brief_content, get, how_often, purpose_of};

/// How often something is said again.
const REPLAYS: usize = 1_000;
/// The same with a database server.
const REPLAYS_WITH_SERVER: usize = 300;
/// How many say it at the same time.
const AT_ONCE: usize = 100;

fn replays() -> usize {
    how_often("POLKU_REPLAYS", REPLAYS)
}

/// On which database, and how often something is said again there.
fn on_server() -> (Database, usize) {
    (Database::Server, how_often("POLKU_REPLAYS", REPLAYS_WITH_SERVER))
}

fn embedded() -> (Database, usize) {
    (Database::Embedded, replays())
}

async fn stage_on(database: Database) -> Stage {
    Stage::with(&WorldSettings { database, ..WorldSettings::default() }, |text| text).await
}

type Call<T> = Pin<Box<dyn Future<Output = T> + Send>>;

type Sent = Call<Result<Vec<u8>, Status>>;

/// Makes these calls at the same time, each in the turn of so many.
async fn at_once<T: Send + 'static>(count: usize, mut one: impl FnMut(usize) -> Call<T>) -> Vec<T> {
    let (mut calls, mut answers) = (JoinSet::new(), Vec::new());
    for number in 0..count {
        if calls.len() == AT_ONCE {
            answers.push(calls.join_next().await.unwrap().unwrap());
        }
        calls.spawn(one(number));
    }
    answers.extend(calls.join_all().await);
    answers
}

/// A caller whose connection knows by now how many calls may be under way on it.
async fn connected(client: Client) -> Client {
    client.clone().identify(PEOPLE[0]).await.unwrap();
    client
}

async fn send(client: Client, request: SendReferralRequest) -> Result<Vec<u8>, Status> {
    call(&client, SEND, &request).await
}

/// All referrals of somebody, by name.
async fn referrals(stage: &Stage, youth: &str) -> BTreeSet<String> {
    let (mut names, mut page_token) = (BTreeSet::new(), String::new());
    loop {
        let request = ListReferralsRequest { parent: youth.into(), page_size: 100, page_token };
        let page = stage.ohjaamo().referral.list_referrals(request).await.unwrap().into_inner();
        names.extend(page.referrals.into_iter().map(|referral| referral.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_a_hundred_at_once_and_one_after_the_other() {
    the_same_call_has_one_effect(embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_on_a_database_server() {
    the_same_call_has_one_effect(on_server()).await;
}

async fn the_same_call_has_one_effect((database, replays): (Database, usize)) {
    let stage = stage_on(database).await;
    let youth = stage.youth(PEOPLE[0]).await;
    let ohjaamo = connected(stage.ohjaamo()).await;
    let mut sent = BTreeSet::new();
    // A hundred at once, each time another call.
    for _ in 0..replays / AT_ONCE {
        let request = referral_to(KELA, &youth, purpose_of(KELA), brief_content());
        let again = |_| Box::pin(send(ohjaamo.clone(), request.clone())) as Sent;
        let answers: BTreeSet<Vec<u8>> =
            at_once(AT_ONCE, again).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.len(), 1, "one answer, byte for byte");
        let answer = SendReferralResponse::decode(answers.first().unwrap().as_slice()).unwrap();
        sent.insert(answer.referral.unwrap().name);
    }
    assert_eq!(sent.len(), replays / AT_ONCE);
    // One call again and again.
    let request = referral_to(TE, &youth, purpose_of(TE), brief_content());
    let first = send(ohjaamo.clone(), request.clone()).await.unwrap();
    for number in 0..replays {
        assert_eq!(send(ohjaamo.clone(), request.clone()).await.unwrap(), first, "repetition {number}");
    }
    sent.insert(SendReferralResponse::decode(first.as_slice()).unwrap().referral.unwrap().name);
    assert_eq!(referrals(&stage, &youth).await, sent);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_with_another_body_is_refused_with_help() {
    another_body_is_refused(embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_with_another_body_on_a_database_server() {
    another_body_is_refused(on_server()).await;
}

async fn another_body_is_refused((database, replays): (Database, usize)) {
    let stage = stage_on(database).await;
    let youth = stage.youth(PEOPLE[1]).await;
    let ohjaamo = connected(stage.ohjaamo()).await;
    let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    let first = send(ohjaamo.clone(), request.clone()).await.unwrap();
    let other = |number| {
        let mut request = request.clone();
        request.content.as_mut().unwrap().reason = format!("kanaria-perustelu {number}");
        Box::pin(send(ohjaamo.clone(), request)) as Sent
    };
    for answer in at_once(replays, other).await {
        let status = assert_refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
        assert!(status.message().contains("make a new UUID"), "{status:?}");
    }
    assert_eq!(send(ohjaamo.clone(), request).await.unwrap(), first);
    assert_eq!(referrals(&stage, &youth).await.len(), 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_of_another_client_is_another_call() {
    another_client_makes_another_call(embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_of_another_client_on_a_database_server() {
    another_client_makes_another_call(on_server()).await;
}

async fn another_client_makes_another_call((database, replays): (Database, usize)) {
    let stage = stage_on(database).await;
    let (ohjaamo, kela) = (connected(stage.ohjaamo()).await, connected(stage.kela()).await);
    let identify = |mut client: Client, request_id: String, code: String| async move {
        let request =
            IdentifyYouthRequest { request_id, identity_code: code, ..IdentifyYouthRequest::default() };
        client.journey.identify_youth(request).await.unwrap().into_inner().youth
    };
    let both = |number: usize| {
        let (ohjaamo, kela, id) = (ohjaamo.clone(), kela.clone(), request_id());
        let (one, other) = (nobody(number % 50), nobody(50 + number % 50));
        Box::pin(async move {
            let first = identify(ohjaamo.clone(), id.clone(), one.clone()).await;
            let second = identify(kela, id.clone(), other.clone()).await;
            assert_eq!(identify(ohjaamo, id, one.clone()).await, first);
            [(one, first), (other, second)]
        }) as Call<[(String, String); 2]>
    };
    let known: BTreeSet<(String, String)> = at_once(replays, both).await.into_iter().flatten().collect();
    let ids: BTreeSet<&String> = known.iter().map(|(_, youth)| youth).collect();
    assert_eq!(
        (known.len(), ids.len()),
        (100.min(2 * replays), 100.min(2 * replays)),
        "one id for each person"
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_answer_is_erased_a_repetition_is_refused() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[2]).await;
    let ohjaamo = connected(stage.ohjaamo()).await;
    let requests: Vec<SendReferralRequest> =
        (0..replays()).map(|_| referral_to(KELA, &youth, purpose_of(KELA), brief_content())).collect();
    let each = |number: usize| Box::pin(send(ohjaamo.clone(), requests[number].clone())) as Sent;
    for answer in at_once(replays(), each).await {
        answer.unwrap();
    }
    let before = referrals(&stage, &youth).await;
    stage.advance(SignedDuration::from_hours(24 * 7 + 1));
    // The sweep erases answers some at a time.
    let erased = eventually(Duration::from_secs(60), || async {
        let answers = at_once(replays(), each).await;
        answers.iter().all(Result::is_err).then_some(answers)
    });
    for answer in erased.await.expect("answers stay") {
        assert_refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
    }
    assert_eq!(referrals(&stage, &youth).await, before);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_answer_to_another_message_settles_nothing() {
    let settings = WorldSettings {
        te_repetition: Repetition::Neither,
        breaker_failures: 1_000,
        ..WorldSettings::default()
    };
    let stage = Stage::with(&settings, |text| text).await;
    let youth = stage.youth(PEOPLE[3]).await;
    let ohjaamo = connected(stage.ohjaamo()).await;
    stage.refer(&youth, TE).await;
    let te = &stage.world.te;
    let each = |_| {
        let request = referral_to(TE, &youth, purpose_of(TE), brief_content());
        Box::pin(send(ohjaamo.clone(), request)) as Sent
    };
    let mut left = replays();
    while left > 0 {
        te.faults().set_on(Operation::Deliver, Fault::WrongEcho);
        // So few that the agency is not left alone.
        let some = left.min(500);
        left -= some;
        for answer in at_once(some, each).await {
            let sent = SendReferralResponse::decode(answer.unwrap().as_slice()).unwrap();
            let name = sent.referral.unwrap().name;
            let state = || async {
                let state = get(&ohjaamo, &name).await.unwrap().delivery_state();
                let open = [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying];
                (!open.contains(&state)).then_some(state)
            };
            let state = eventually(Duration::from_secs(60), state).await;
            assert_eq!(state, Some(DeliveryState::InDoubt), "an answer to another message is taken");
        }
        te.faults().clear().unwrap();
        stage.refer(&youth, TE).await;
    }
    assert!(te.ledger().all_effects().values().all(|effects| *effects == 1));
    stage.close().await;
}
