//! What can agencies, and whoever reaches their door, send that cannot be taken in?

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use polku_tests::pki;
use polku_tests::simulators::te::UpdateReply;
use polku_tests::simulators::walmu::event::{Event, EventReply, sign};
use polku_tests::simulators::{Action, Official, RawReply, client};
use polku_tests::world::{PAJA, TE, eventually, request_id};

use super::journey::{Answer, Journey};

/// Messages of agencies that cannot be taken in.
pub(super) async fn from_agencies(journey: &mut Journey<'_>) {
    let referral = journey.send(TE).await.name;
    let world = journey.world;
    let mut updates = vec![
        journey.update(&referral, Action::Code("kanaria-toimenpide".into()), "kanaria-huomautus"),
        journey.update(&referral, Action::Complete, "kanaria-huomautus"),
        journey.update(&referral, Action::Accept, &"kanaria-huomautus".repeat(200)),
        journey.update(&request_id(), Action::Accept, "kanaria-tuntematon"),
        journey.update("kanaria-010594Y9032", Action::Accept, "kanaria-tuntematon"),
    ];
    updates.push(journey.update(&referral, Action::Reject, "kanaria-syy").with_reason("kanaria-syy"));
    let mut as_person = journey.update(&referral, Action::Accept, "kanaria-huomautus");
    as_person.official = Official::new("010594Y9032", "Kanariä yksikkö");
    updates.push(as_person);
    for update in updates {
        let reply = world.te.send_update(&update).await.unwrap();
        keep(journey, "reply to te", format!("{reply:?}").into_bytes());
        assert!(!matches!(reply, UpdateReply::Applied { .. }), "{reply:?}");
    }
    let stranger = &world.identities.stranger;
    let official = &world.te.settings().official;
    let soap = |inside: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope \
             xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\">{inside}</SOAP-ENV:Envelope>"
        )
    };
    let bodies = [
        "kanaria-roskaa 010594Y9032".to_owned(),
        soap("<SOAP-ENV:Body><kanaria>010594Y9032</kanaria></SOAP-ENV:Body>"),
        soap("<SOAP-ENV:Header><kanaria-otsake>Esimerkkinen</kanaria-otsake></SOAP-ENV:Header>"),
        soap("<kanaria-kesken 010594Y9032"),
        soap("&kanaria-viite;"),
        "<!DOCTYPE kanaria [<!ENTITY a \"010594Y9032\">]><a>&a;</a>".to_owned(),
        format!("<a>{}</a>", "kanaria-".repeat(100_000)),
    ];
    for body in bodies {
        for identity in [official, stranger] {
            if let Ok(reply) = world.te.send_raw_as(body.clone(), identity).await {
                keep_reply(journey, "reply to malformed SOAP", &reply);
            }
        }
    }
    webhooks(journey).await;
}

async fn webhooks(journey: &mut Journey<'_>) {
    let referral = journey.send(PAJA).await.name;
    let id = referral.rsplit('/').next().unwrap();
    let world = journey.world;
    let mut events = vec![
        Event::new(id, Action::Code("kanaria-tapahtuma".into())).with_note("kanaria-huomautus"),
        Event::new(id, Action::Complete).with_outcome("kanaria-tulos"),
        Event::new("kanaria-010594Y9032", Action::Accept),
        Event::new(&request_id(), Action::Accept).with_note("kanaria-tuntematon"),
        Event::new(id, Action::Start).with_note("kanaria-ennenaikainen"),
    ];
    for event in &mut events {
        event.official = Official::new("valmentaja-1", "paja");
    }
    let mut as_person = Event::new(id, Action::Accept);
    as_person.official = Official::new("010594Y9032", "paja");
    events.push(as_person);
    for event in &events {
        let reply = world.walmu.send_event(event).await.unwrap();
        keep(journey, "reply to paja", format!("{reply:?}").into_bytes());
        assert!(!matches!(reply, EventReply::Applied { .. }), "{reply:?}");
    }
    let secret = world.walmu.settings().webhook_secret.clone();
    let now = world.walmu.settings().clock.now().as_second().to_string();
    for body in [r#"{"kanaria-": "010594Y9032""#, "kanaria-roskaa", r#"{"tapahtumaId": "Esimerkkinen"}"#] {
        for signature in [sign(&secret, &now, body.as_bytes()), "v1=kanaria-".to_owned()] {
            let headers = [("walmu-timestamp", now.as_str()), ("walmu-signature", signature.as_str())];
            let reply = world.walmu.send_raw(&headers, body).await.unwrap();
            keep_reply(journey, "reply to a malformed webhook", &reply);
        }
    }
}

/// HTTP requests that reach no service.
pub(super) async fn on_the_wire(journey: &mut Journey<'_>, inbound: SocketAddr) {
    let world = journey.world;
    let paths = [
        "/inbound/kanaria-polku?hetu=010594Y9032",
        "/kanaria-/010594Y9032",
        "/inbound/te/010594Y9032",
        "/inbound/te?nimi=Esimerkkinen",
    ];
    for path in paths {
        for method in [Method::POST, Method::GET] {
            let config =
                pki::mutual_client_config(world.authority_pem(), &world.te.settings().official).unwrap();
            let url = format!("https://localhost:{}{path}", inbound.port());
            let headers = [("content-type", "text/xml"), ("kanaria-otsake", "010594Y9032")];
            let reply = client::call(config, method, &url, &headers, "kanaria-roskaa").await;
            if let Ok(reply) = reply {
                assert!(!reply.status.is_success(), "{path}: {}", reply.status);
                keep_reply(journey, path, &reply);
            }
        }
    }
    // The log is written by then: what comes after it in the log has been refused as well.
    let mut ohjaamo = journey.ohjaamo.clone();
    let quiet = eventually(Duration::from_secs(5), || {
        let mut ohjaamo = ohjaamo.clone();
        async move { ohjaamo.identify("010594Y9032").await.ok() }
    });
    assert_eq!(quiet.await.unwrap(), journey.youth);
    assert_eq!(ohjaamo.identify("010594Y9032").await.unwrap(), journey.youth);
}

fn keep(journey: &mut Journey<'_>, what: &str, bytes: Vec<u8>) {
    journey.answers.push(Answer { what: what.to_owned(), bytes });
}

fn keep_reply(journey: &mut Journey<'_>, what: &str, reply: &RawReply) {
    let mut bytes = format!("{} {:?}\n", reply.status, reply.headers).into_bytes();
    bytes.extend_from_slice(&reply.body);
    keep(journey, what, bytes);
}
