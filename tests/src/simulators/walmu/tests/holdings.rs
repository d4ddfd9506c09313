//! Does the simulated case management take plans, answer searches and speak for itself as its document says?

use http::{Method, StatusCode};
use polku_proto::v1::{Fact, FactKind, PlanPart, Purpose, ReferralContent, ReferralState};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{MESSAGE, REFERRAL, Workshop, code, sign};
use crate::pki;
use crate::simulators::agency::{Held, Message, Outgoing, Reply, SimulatedAgency};
use crate::simulators::client;
use crate::simulators::official::Official;
use crate::simulators::tests::Gateway;

const HETU: &str = "010594Y9032";

fn plan() -> Value {
    json!({
        "suunnitelma": {
            "tunnus": REFERRAL, "omistaja": "te", "versio": 3, "tila": "voimassa",
            "lahtotilanne": {"asiakas": {"henkilotunnus": HETU}},
            "tavoitteet": [{"tunnus": "g-1", "luokka": "joint_plan", "kuvaus": "Ala", "tila": "kaynnissa"}]
        },
        "luovutuslupa": {"perusteet": ["consent"], "luokat": ["joint_plan"]}
    })
}

fn question() -> Value {
    json!({
        "kysely": {
            "tunnus": MESSAGE, "kysyja": "ohjaamo", "kayttotarkoitus": "ohjaus",
            "luokat": ["service_attendance"]
        },
        "asiakas": {"henkilotunnus": HETU}
    })
}

#[tokio::test]
async fn takes_in_plans_of_the_right_form() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    for (pointer, value) in [
        ("/suunnitelma/tunnus", json!("x")),
        ("/suunnitelma/versio", json!("3")),
        ("/suunnitelma/tila", json!("ACTIVE")),
        ("/suunnitelma/tavoitteet/0/luokka", json!("plans")),
        ("/suunnitelma/tavoitteet/0/tila", Value::Null),
        ("/suunnitelma/lahtotilanne/asiakas/henkilotunnus", json!("")),
        ("/luovutuslupa/luokat", json!("joint_plan")),
    ] {
        let mut body = plan();
        *body.pointer_mut(pointer).unwrap() = value;
        let reply = workshop.post(&token, "/suunnitelmat", MESSAGE, &body).await.unwrap();
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{pointer}");
    }
    let reply = workshop.post(&token, "/suunnitelmat", MESSAGE, &plan()).await.unwrap();
    assert_eq!(reply.status, StatusCode::CREATED);
    let [taken] = &workshop.walmu.taken()[..] else { panic!("not one plan") };
    assert_eq!((taken.about.as_str(), taken.identity_code.as_deref()), (REFERRAL, Some(HETU)));
    assert!(taken.texts.contains(&"Ala".to_owned()));
}

#[tokio::test]
async fn tells_what_it_holds_on_whom_it_is_asked_about() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    let search = async || {
        let reply = workshop.post(&token, "/asiakkaat/haku", MESSAGE, &question()).await.unwrap();
        assert_eq!(reply.status, StatusCode::OK);
        serde_json::from_slice::<Value>(&reply.body).unwrap()
    };
    let nothing = search().await;
    assert_eq!(nothing["kyselyTunnus"], MESSAGE);
    assert!(nothing.get("asiakkuus").is_none());
    workshop.walmu.hold(HETU, &workshop.walmu.specimen()).unwrap();
    let held = search().await;
    assert_eq!(held["asiakkuus"][0]["alkuPvm"], "2026-09-01");
    assert_eq!(held["valmennusjaksot"][0]["lasnaolot"][0]["tunnit"], 5.5);
    assert_eq!(held["valmennusjaksot"][0]["lasnaolot"][1]["poissaolosyy"], "lääkärissä");
    assert_eq!(held["suunnitelmat"][0]["tavoitteet"][0]["kuvaus"], "Ammattitutkinto");

    let benefit = Fact { kind: FactKind::Benefit.into(), ..Fact::default() };
    assert!(workshop.walmu.hold(HETU, &Held { facts: vec![benefit], plans: Vec::new() }).is_err());
    let mut unfit = question();
    unfit["kysely"]["luokat"] = json!(["kaikki"]);
    let reply = workshop.post(&token, "/asiakkaat/haku", MESSAGE, &unfit).await.unwrap();
    assert_eq!(
        (reply.status, code(&reply).as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "virheellinen_sisalto")
    );
}

#[tokio::test]
async fn lets_in_whoever_has_a_certificate_and_no_token() {
    let workshop = Workshop::open();
    let url = format!("{}/sanomat/{MESSAGE}", workshop.walmu.base_url());
    let look_up = async |config, headers: &[(&str, &str)]| {
        client::call(config, Method::GET, &url, headers, String::new()).await.unwrap().status
    };
    let authority = workshop.world.pki.authority_pem();
    let certified = || pki::mutual_client_config(authority, &workshop.world.gateway).unwrap();
    assert_eq!(look_up(certified(), &[]).await, StatusCode::NOT_FOUND);
    assert_eq!(look_up(certified(), &[("authorization", "Bearer x")]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(look_up(pki::client_config(authority).unwrap(), &[]).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn speaks_for_itself() {
    let workshop = Workshop::open();
    let config = pki::server_config(&workshop.world.server).unwrap();
    let gateway = Gateway::start(config, |request| {
        let timestamp = request.headers["walmu-timestamp"].to_str().unwrap();
        assert_eq!(
            request.headers["walmu-signature"],
            sign(b"webhook-secret", timestamp, &request.body).as_str()
        );
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let answer = match body["tapahtuma"].as_str().unwrap() {
            "lahete_luotu" => json!({"laheteTunnus": REFERRAL, "tila": "pyydetty", "tapahtumanumero": 1}),
            "suunnitelma_paivitetty" => json!({"tapahtumanumero": 2}),
            _ => json!({"tila": "pyydetty", "tapahtumanumero": 3}),
        };
        (StatusCode::OK, "application/json", answer.to_string())
    });
    workshop.walmu.point_at(&format!("{}/inbound/walmu", gateway.origin()));
    let say = |what| Message { id: Uuid::now_v7(), official: Official::new("v-1", "paja"), what };
    let content = Box::new(ReferralContent { reason: "Syy".into(), ..ReferralContent::default() });
    let referral = Outgoing::Referral {
        identity_code: HETU.into(),
        recipient: "te/nuoret".into(),
        purpose: Purpose::EmploymentServices,
        content: content.clone(),
        respond_by: None,
        claim: None,
        redacted: false,
    };
    let sent = workshop.walmu.send(&say(referral)).await.unwrap();
    let state = ReferralState::Requested;
    assert_eq!(sent, Reply::Sent { referral: REFERRAL.into(), state, sequence: 1 });
    let received = gateway.ledger().received().pop().unwrap();
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["lahete"]["vastaanottavaYksikko"], "nuoret");
    assert_eq!(
        (&body["lahete"]["perustelu"], &body["asiakas"]["henkilotunnus"]),
        (&json!("Syy"), &json!(HETU))
    );
    // News about the referral are about one that it knows.
    let token = workshop.token().await;
    let notice = json!({"laji": "tila_muuttunut", "tila": "hyvaksytty", "aika": "2026-11-21T09:30:00Z"});
    let path = format!("/lahetteet/{REFERRAL}/ilmoitukset");
    let news = workshop.post(&token, &path, MESSAGE, &notice).await.unwrap();
    assert_eq!(news.status, StatusCode::CREATED);

    let information = Outgoing::Information { referral: REFERRAL.into(), answer: content };
    assert_eq!(workshop.walmu.send(&say(information)).await.unwrap(), Reply::Applied { state, sequence: 3 });
    let part = Box::new(PlanPart { reference: "S-1".into(), revision: 1, ..PlanPart::default() });
    let plan = Outgoing::PlanPart { identity_code: HETU.into(), part };
    assert_eq!(workshop.walmu.send(&say(plan)).await.unwrap(), Reply::PlanTaken { sequence: 2 });
}
