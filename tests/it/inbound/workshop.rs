//! What is taken in from the workshop's case management?

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::ReferralState as State;
use polku_tests::simulators::walmu::event::{Event, EventReply, sign};
use polku_tests::simulators::{Action, Official, RawReply};
use polku_tests::world::{PAJA, PEOPLE, TE, WorldSettings};

use super::{CANARY, Unmoved, assert_silent, few_writes};
use crate::stage::{Stage, id_of};

fn event(name: &str, action: Action) -> Event {
    let mut event = Event::new(id_of(name), action);
    event.official = Official::new("valmentaja-1", "paja");
    event.note = Some(CANARY.into());
    event
}

fn secret(stage: &Stage) -> Vec<u8> {
    stage.world.walmu.settings().webhook_secret.clone()
}

/// Posts a body that is rightly signed, now.
async fn post(stage: &Stage, body: &str) -> RawReply {
    let at = stage.now().as_second().to_string();
    let signature = sign(&secret(stage), &at, body.as_bytes());
    let headers = [("walmu-timestamp", at.as_str()), ("walmu-signature", signature.as_str())];
    stage.world.walmu.send_raw(&headers, body.to_owned()).await.unwrap()
}

async fn refused(stage: &Stage, event: &Event, status: StatusCode, code: &str) {
    let reply = stage.world.walmu.send_event(event).await.unwrap();
    assert_eq!(reply, EventReply::Refused { status, code: code.into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_the_secret_is_heard() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, PAJA).await;
    let unmoved = Unmoved::of(&stage, &name).await;
    let accept = event(&name, Action::Accept);
    let body = accept.body();
    let now = stage.now();
    let unauthenticated =
        EventReply::Refused { status: StatusCode::UNAUTHORIZED, code: "UNAUTHENTICATED".into() };
    let signed = async |secret: &[u8], at: Timestamp| {
        stage.world.walmu.send_event_signed(&accept, secret, at).await.unwrap()
    };
    assert_eq!(signed(b"another-secret-of-the-same-length-as-it", now).await, unauthenticated);
    for seconds in [-310, 310, -86_400] {
        let at = now + SignedDuration::from_secs(seconds);
        assert_eq!(signed(&secret(&stage), at).await, unauthenticated, "{seconds} s from now");
    }
    let at = now.as_second().to_string();
    let right = sign(&secret(&stage), &at, body.as_bytes());
    let shifted = (now.as_second() + 1).to_string();
    let zeroes = format!("v1={}", "0".repeat(64));
    let upper = right.to_uppercase().replace("V1=", "v1=");
    let bare = right.trim_start_matches("v1=").to_owned();
    let wrong: [&[(&str, &str)]; 9] = [
        &[],
        &[("walmu-signature", &right)],
        &[("walmu-timestamp", &at)],
        &[("walmu-timestamp", &shifted), ("walmu-signature", &right)],
        &[("walmu-timestamp", &at), ("walmu-signature", &zeroes)],
        &[("walmu-timestamp", &at), ("walmu-signature", &upper)],
        &[("walmu-timestamp", &at), ("walmu-signature", &bare)],
        &[("walmu-timestamp", &at), ("walmu-signature", &right), ("walmu-signature", &right)],
        &[("walmu-timestamp", "nyt"), ("walmu-signature", &right)],
    ];
    for (place, headers) in wrong.into_iter().enumerate() {
        let reply = stage.world.walmu.send_raw(headers, body.clone()).await.unwrap();
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "case {place}");
        assert_silent(&reply, &name);
        unmoved.check(&stage, "somebody else").await;
    }
    // A right signature of other words.
    let headers = [("walmu-timestamp", at.as_str()), ("walmu-signature", right.as_str())];
    let reply = stage.world.walmu.send_raw(&headers, body.replace("hyvaksytty", "peruutettu")).await.unwrap();
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    unmoved.check(&stage, "other words").await;
    let reply = stage.world.walmu.send_raw(&headers, body).await.unwrap();
    assert_eq!(reply.status, StatusCode::OK, "all of them were one step from this one");
    assert_silent(&reply, &name);
    assert_eq!(stage.state(&name).await, State::Accepted);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_events_are_refused() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, PAJA).await;
    let unmoved = Unmoved::of(&stage, &name).await;
    let good = event(&name, Action::Accept).body();
    let spoilt = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let cases = [
        String::new(),
        "null".into(),
        "[]".into(),
        format!("\"{CANARY}\""),
        good.split_at(good.len() - 1).0.to_owned(),
        format!("{good}{good}"),
        spoilt(id_of(&name), CANARY),
        spoilt("valmentaja-1", PEOPLE[0]),
        spoilt("valmentaja-1", ""),
        spoilt("\"paja\"", "null"),
        spoilt("\"hyvaksytty\"", "\"unohdettu\""),
        spoilt("\"hyvaksytty\"", "\"hylatty\""),
        spoilt("\"hyvaksytty\"", "\"paattynyt\""),
        spoilt(CANARY, &"ö".repeat(2001)),
        spoilt(CANARY, "a\\u0000"),
        "[".repeat(10_000),
    ];
    for (place, body) in cases.iter().enumerate() {
        let reply = post(&stage, body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "case {place}");
        let said: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(said["virhe"]["koodi"], "VIRHEELLINEN_SISALTO", "case {place}");
        assert!(said["virhe"]["viesti"].as_str().is_some_and(|hint| hint.len() > 10));
        assert_silent(&reply, &name);
        unmoved.check(&stage, "a malformed event").await;
    }
    let too_large_for_walmu = format!("{good}{}", " ".repeat(600_000));
    assert_eq!(post(&stage, &too_large_for_walmu).await.status, StatusCode::BAD_REQUEST);
    unmoved.check(&stage, "a large event").await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_foreign_and_untimely_events_are_refused() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let (name, of_te) = (stage.refer(&youth, PAJA).await, stage.refer(&youth, TE).await);
    let unmoved = [Unmoved::of(&stage, &name).await, Unmoved::of(&stage, &of_te).await];
    let nobody = format!("{youth}/referrals/{}", uuid::Uuid::now_v7());
    for foreign in [&of_te, &nobody] {
        refused(&stage, &event(foreign, Action::Accept), StatusCode::CONFLICT, "NOT_FOUND").await;
    }
    let bodies = [
        post(&stage, &event(&of_te, Action::Accept).body()).await,
        post(&stage, &event(&nobody, Action::Accept).body()).await,
    ];
    assert_eq!(bodies[0].body, bodies[1].body, "another agency's referral can be told from none");
    for action in [Action::Start, Action::Interrupt, Action::Cancel, Action::ConfirmCancellation] {
        refused(&stage, &event(&name, action), StatusCode::CONFLICT, "TRANSITION_NOT_ALLOWED").await;
    }
    let reply = post(&stage, &event(&name, Action::Start).body()).await;
    assert_silent(&reply, &name);
    for unmoved in &unmoved {
        unmoved.check(&stage, "a refused event").await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_event_has_one_effect_and_one_answer() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, PAJA).await;
    let accept = event(&name, Action::Accept);
    let first = post(&stage, &accept.body()).await;
    assert_eq!(first.status, StatusCode::OK);
    let unmoved = Unmoved::of(&stage, &name).await;
    for _ in 0..3 {
        assert_eq!(post(&stage, &accept.body()).await.body, first.body);
    }
    unmoved.check(&stage, "a repetition").await;
    let mut other_note = accept.clone();
    other_note.note = Some("muu".into());
    let mut other_action = accept;
    other_action.action = Action::Start;
    for other in [other_note, other_action] {
        refused(&stage, &other, StatusCode::CONFLICT, "REQUEST_ID_REUSED").await;
    }
    unmoved.check(&stage, "another event of the same id").await;
    stage.close().await;
}

/// Its own messages count as what they come to over gRPC.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_events_are_told_when_to_come_back() {
    let stage = Stage::with(&WorldSettings::default(), |text| few_writes(&text)).await;
    let nobody = format!("youths/{}/referrals/{}", uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    for count in 0..100 {
        let reply = post(&stage, &event(&nobody, Action::Accept).body()).await;
        if reply.status == StatusCode::CONFLICT {
            continue;
        }
        assert!(count >= 3, "refused before the quota is used up");
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(reply.headers["retry-after"], "1");
        assert!(String::from_utf8_lossy(&reply.body).contains("QUOTA_EXCEEDED"));
        stage.close().await;
        return;
    }
    panic!("the quota is not enforced")
}
