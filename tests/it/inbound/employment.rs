//! What is taken in from the employment services?

use http::StatusCode;
use polku_proto::v1::ReferralState as State;
use polku_tests::pki::{Identity, Pki};
use polku_tests::simulators::te::{Update, UpdateReply};
use polku_tests::simulators::{Action, Fault, RawReply};
use polku_tests::world::{PAJA, PEOPLE, TE, WorldSettings, full_content, official, referral_to};

use super::{CANARY, Unmoved, assert_silent, few_writes};
use crate::stage::{Stage, get, id_of, purpose_of};

fn update(name: &str, action: Action) -> Update {
    let mut update = Update::new(id_of(name), action);
    update.official = official();
    update.note = Some(CANARY.into());
    update
}

/// A whole good message, for the tests to spoil.
fn message(name: &str) -> String {
    let member = |tag: &str, kind: &str, class: &str, code: &str, subsystem: &str, rest: &str| {
        format!(
            "<x:{tag} i:objectType=\"{kind}\"><i:xRoadInstance>FI-TEST</i:xRoadInstance>\
             <i:memberClass>{class}</i:memberClass><i:memberCode>{code}</i:memberCode>\
             <i:subsystemCode>{subsystem}</i:subsystemCode>{rest}</x:{tag}>"
        )
    };
    let client = member("client", "SUBSYSTEM", "MUN", "9999901-2", "tyollisyyspalvelut", "");
    let service = "<i:serviceCode>paivitaLahete</i:serviceCode><i:serviceVersion>v1</i:serviceVersion>";
    let service = member("service", "SERVICE", "ORG", "9999902-0", "polku", service);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\" \
         xmlns:i=\"http://x-road.eu/xsd/identifiers\" xmlns:t=\"http://ohjaus.te.example/lahete/v1\">\
         <s:Header>{client}{service}<x:userId>FIvirkailija-7</x:userId><x:issue>A-17</x:issue><x:id>sanoma-1</x:id>\
         <x:protocolVersion>4.0</x:protocolVersion></s:Header><s:Body><t:paivitaLahete>\
         <t:sanomaTunnus>{}</t:sanomaTunnus><t:laheteTunnus>{}</t:laheteTunnus>\
         <t:kasittelija><t:tunnus>virkailija-7</t:tunnus><t:yksikko>nuorten-palvelut</t:yksikko></t:kasittelija>\
         <t:toimenpide>HYVAKSY</t:toimenpide><t:huomautus>{CANARY}</t:huomautus></t:paivitaLahete></s:Body></s:Envelope>",
        uuid::Uuid::now_v7(),
        id_of(name),
    )
}

async fn post(stage: &Stage, body: impl Into<Vec<u8>>, identity: &Identity) -> RawReply {
    stage.world.te.send_raw_as(body.into(), identity).await.unwrap()
}

fn said(reply: &RawReply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

async fn refused(stage: &Stage, update: &Update, expected: &str) -> String {
    let reply = stage.world.te.send_update(update).await.unwrap();
    let UpdateReply::Refused { code, text } = reply else { panic!("{reply:?} instead of {expected}") };
    assert_eq!(code, expected);
    assert!(text.len() > 10 && !text.contains(CANARY), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_header_is_echoed_in_order() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let reply = post(&stage, message(&name), &stage.world.te.settings().official).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_silent(&reply, &name);
    let said = said(&reply);
    let parts =
        [">9999901-2<", ">9999902-0<", ">FIvirkailija-7<", ">A-17<", ">sanoma-1<", ">4.0<", ">HYVAKSYTTY<"];
    let places: Vec<usize> =
        parts.iter().map(|part| said.find(part).unwrap_or_else(|| panic!("no {part}"))).collect();
    assert!(places.is_sorted(), "{said}");
    assert_eq!(stage.state(&name).await, State::Accepted);
    stage.close().await;
}

/// Asserts that the sender was told that it is not the one it should be, and nothing of the message.
#[track_caller]
fn assert_not_authenticated(reply: &RawReply, name: &str) {
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    let said = said(reply);
    assert!(said.contains("<faultcode>client.ssl_authentication_failed</faultcode>"), "{said}");
    assert_silent(reply, name);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_pinned_certificate_speaks_for_the_office() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let unmoved = Unmoved::of(&stage, &name).await;
    let ids = &stage.world.identities;
    // Certificates of the same authority: of the office's own gRPC client, of another agency, of nobody.
    for identity in [&ids.te, &ids.ohjaamo, &ids.stranger] {
        let reply = post(&stage, message(&name), identity).await;
        assert_not_authenticated(&reply, &name);
    }
    let foreign = Pki::new().unwrap().issue_client("te-security-server.example").unwrap();
    assert!(stage.world.te.send_raw_as(message(&name), &foreign).await.is_err(), "another authority");
    let expired = stage.world.issue_expired_client("te-security-server.example").unwrap();
    assert!(stage.world.te.send_raw_as(message(&name), &expired).await.is_err(), "an expired certificate");
    // Without any certificate: as the workshop calls, only at the wrong door.
    let door = format!("https://localhost:{}/inbound/te", stage.bound().inbound.port());
    stage.world.walmu.connect_gateway(&door);
    let reply = stage.world.walmu.send_raw(&[], message(&name)).await.unwrap();
    assert_not_authenticated(&reply, &name);
    unmoved.check(&stage, "somebody else").await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_member_behind_the_right_certificate_is_refused() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let unmoved = Unmoved::of(&stage, &name).await;
    let official = &stage.world.te.settings().official;
    let reply = post(&stage, message(&name).replace("9999901-2", "9999903-9"), official).await;
    assert_not_authenticated(&reply, &name);
    unmoved.check(&stage, "another member").await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_are_faults() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let unmoved = Unmoved::of(&stage, &name).await;
    let official = &stage.world.te.settings().official;
    let good = message(&name);
    let spoilt = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let entity = format!("<!DOCTYPE a [<!ENTITY k \"{CANARY}\">]><s:Envelope");
    let action = "<t:toimenpide>HYVAKSY</t:toimenpide>";
    let cases = [
        (String::new(), "client.invalid_soap"),
        (CANARY.to_owned(), "client.invalid_soap"),
        (good.split_at(good.len() - 20).0.to_owned(), "client.invalid_soap"),
        (spoilt("<s:Envelope", "<!DOCTYPE a><s:Envelope"), "client.invalid_soap"),
        (spoilt("<s:Envelope", &entity), "client.invalid_soap"),
        (spoilt(CANARY, "&kanaria;"), "client.invalid_soap"),
        (format!("{good}{good}"), "client.invalid_soap"),
        ("<a>".repeat(1000), "client.invalid_soap"),
        (spoilt("<x:id>sanoma-1</x:id>", ""), "client.missing_header_field"),
        (spoilt(">4.0<", ">3.0<"), "client.invalid_protocol_version"),
        (spoilt("paivitaLahete", "poistaLahete"), "client.unknown_service"),
        (spoilt(">v1<", ">v2<"), "client.unknown_service"),
        (spoilt("9999902-0", "9999903-9"), "client.unknown_service"),
        (spoilt(action, ""), "client.invalid_body"),
        (spoilt("HYVAKSY", "HYVAKSYISIN"), "client.invalid_body"),
        (spoilt(action, "<t:toimenpide>HYLKAA</t:toimenpide>"), "client.invalid_body"),
        (spoilt(action, "<t:toimenpide>PAATA</t:toimenpide>"), "client.invalid_body"),
        (spoilt(id_of(&name), CANARY), "client.invalid_body"),
        (spoilt(">virkailija-7<", &format!(">{}<", PEOPLE[0])), "client.invalid_body"),
        (spoilt(CANARY, &"ö".repeat(2001)), "client.invalid_body"),
    ];
    for (place, (body, code)) in cases.into_iter().enumerate() {
        let reply = post(&stage, body, official).await;
        assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "case {place}");
        assert_silent(&reply, &name);
        let said = said(&reply);
        assert!(said.contains(&format!("<faultcode>{code}</faultcode>")), "case {place}: {said}");
        unmoved.check(&stage, code).await;
    }
    let latin = good.replace("UTF-8", "ISO-8859-1").into_bytes();
    let broken: Vec<u8> = latin.into_iter().chain([0xff, 0xfe]).collect();
    assert_eq!(post(&stage, broken, official).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn referrals_of_others_are_as_unknown_as_none() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let of_workshop = stage.refer(&youth, PAJA).await;
    stage.world.te.faults().set(Fault::Dead);
    let request = referral_to(TE, &youth, purpose_of(TE), full_content());
    let not_there =
        stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap().name;
    let unmoved = Unmoved::of(&stage, &of_workshop).await;
    let nobody = format!("{youth}/referrals/{}", uuid::Uuid::now_v7());
    let mut texts = Vec::new();
    for name in [&of_workshop, &not_there, &nobody] {
        for action in [Action::Accept, Action::Start, Action::Cancel] {
            texts.push(refused(&stage, &update(name, action), "NOT_FOUND").await);
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "the refusals can be told apart: {texts:?}");
    unmoved.check(&stage, "another agency").await;
    assert_eq!(stage.state(&not_there).await, State::Requested);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_in_the_wrong_state_changes_nothing() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let unmoved = Unmoved::of(&stage, &name).await;
    let complete = update(&name, Action::Complete).with_outcome("SAI_PALVELUN");
    let fail = update(&name, Action::Fail).with_outcome("EI_TAVOITETTU");
    let others = [Action::Start, Action::Interrupt, Action::Cancel, Action::ConfirmCancellation];
    for step in [complete, fail].into_iter().chain(others.map(|action| update(&name, action))) {
        refused(&stage, &step, "TRANSITION_NOT_ALLOWED").await;
        unmoved.check(&stage, "a step too early").await;
    }
    let reject = update(&name, Action::Reject).with_reason("MUU");
    assert!(matches!(stage.world.te.send_update(&reject).await.unwrap(), UpdateReply::Applied { .. }));
    let unmoved = Unmoved::of(&stage, &name).await;
    refused(&stage, &update(&name, Action::Accept), "TRANSITION_NOT_ALLOWED").await;
    unmoved.check(&stage, "a step too late").await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_message_has_one_effect_and_one_answer() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let accept = update(&name, Action::Accept);
    let first = stage.world.te.send_update(&accept).await.unwrap();
    let UpdateReply::Applied { state, .. } = &first else { panic!("{first:?}") };
    assert_eq!(state, "HYVAKSYTTY");
    let unmoved = Unmoved::of(&stage, &name).await;
    for _ in 0..3 {
        assert_eq!(stage.world.te.send_update(&accept).await.unwrap(), first);
    }
    unmoved.check(&stage, "a repetition").await;
    // Also when the referral has moved on since.
    let start = update(&name, Action::Start);
    assert!(matches!(stage.world.te.send_update(&start).await.unwrap(), UpdateReply::Applied { .. }));
    assert_eq!(stage.world.te.send_update(&accept).await.unwrap(), first);
    assert_eq!(stage.state(&name).await, State::InProgress);

    let mut other_note = accept.clone();
    other_note.note = Some("muu".into());
    let mut other_action = accept.clone();
    other_action.action = Action::Interrupt;
    let second = stage.refer(&youth, TE).await;
    let mut other_referral = accept;
    id_of(&second).clone_into(&mut other_referral.referral);
    for other in [other_note, other_action, other_referral] {
        refused(&stage, &other, "REQUEST_ID_REUSED").await;
    }
    assert_eq!(stage.state(&name).await, State::InProgress);
    assert_eq!(get(&stage.ohjaamo(), &second).await.unwrap().state(), State::Requested);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_messages_are_told_when_to_come_back() {
    let stage = Stage::with(&WorldSettings::default(), |text| few_writes(&text)).await;
    let nobody = format!("youths/{}/referrals/{}", uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    for count in 0..100 {
        let reply = stage.world.te.send_update(&update(&nobody, Action::Accept)).await.unwrap();
        let code = match reply {
            UpdateReply::Refused { code, .. } if code == "NOT_FOUND" => continue,
            UpdateReply::TechnicalFault { code, .. } => code,
            other @ (UpdateReply::Applied { .. }
            | UpdateReply::Refused { .. }
            | UpdateReply::HttpError { .. }) => {
                panic!("{other:?}")
            }
        };
        assert!(count >= 3, "refused before the quota is used up");
        assert_eq!(code, "server.serverproxy.service_disabled");
        stage.close().await;
        return;
    }
    panic!("the quota is not enforced")
}
