//! Does the simulated case management keep to its document?

mod faults;
mod holdings;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Event, EventReply, sign};
use super::{WalmuSettings, WalmuSimulator};
use crate::pki;
use crate::simulators::client::{self, RawReply};
use crate::simulators::clock::SimulatorClock;
use crate::simulators::official::Action;
use crate::simulators::tests::{Gateway, World};

const MESSAGE: &str = "0190aaaa-0000-7000-8000-000000000001";
const REFERRAL: &str = "0190aaaa-0000-7000-8000-0000000000ff";
const FORM: &str = "grant_type=client_credentials&scope=lahetteet";

fn referral() -> Value {
    json!({
        "lahete": {
            "tunnus": REFERRAL, "lahettavaTaho": "ohjaamo-testikaupunki", "lahetePvm": "2026-11-21T09:30:00Z",
            "vastaanottavaYksikko": "verstas", "kayttotarkoitus": "tyopajavalmennus",
            "ilmoitusperuste": {"peruste": "lapsen_etu", "suostumusta": "ei_pyydetty"},
            "palvelutarpeet": ["työpaja", "uraohjaus"],
            "luovutuslupa": {"perusteet": ["consent"], "luokat": ["identity_contact"]}
        },
        "asiakas": {"henkilotunnus": "010594Y9032", "yhteysosoite": "PL 7", "yhteystiedot": {"kotikunta": "091"}},
        "tausta": {"koulutusJaTyo": {"koulutusaste": 3}}
    })
}

struct Workshop {
    world: World,
    walmu: WalmuSimulator,
    clock: Arc<AtomicI64>,
}

impl Workshop {
    fn open() -> Self {
        let world = World::new();
        let clock = Arc::new(AtomicI64::new(1_795_000_000));
        let read = Arc::clone(&clock);
        let mut settings = WalmuSettings::new(world.tls(), "s+ä:%", b"webhook-secret");
        settings.clock =
            SimulatorClock::reading(move || Timestamp::from_second(read.load(Ordering::SeqCst)).unwrap());
        Self { world, walmu: WalmuSimulator::start(settings).unwrap(), clock }
    }

    async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> anyhow::Result<RawReply> {
        let config = pki::client_config(self.world.pki.authority_pem())?;
        client::call(config, method, url, headers, body).await
    }

    async fn ask_token(&self, credentials: &str, form: &str) -> RawReply {
        let basic = format!("Basic {}", STANDARD.encode(credentials));
        let headers =
            [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.call(Method::POST, &self.walmu.token_url(), &headers, form.to_owned()).await.unwrap()
    }

    async fn token(&self) -> String {
        let reply = self.ask_token("polku:s%2B%C3%A4%3A%25", FORM).await;
        assert_eq!(reply.status, StatusCode::OK);
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((body["token_type"].as_str(), body["expires_in"].as_u64()), (Some("Bearer"), Some(300)));
        body["access_token"].as_str().unwrap().to_owned()
    }

    async fn post(&self, token: &str, path: &str, key: &str, body: &Value) -> anyhow::Result<RawReply> {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        let url = format!("{}{path}", self.walmu.base_url());
        self.call(Method::POST, &url, &headers, body.to_string()).await
    }

    async fn deliver(&self, token: &str) -> anyhow::Result<RawReply> {
        self.post(token, "/lahetteet", MESSAGE, &referral()).await
    }

    async fn look_up(&self, token: &str, message: &str) -> StatusCode {
        let bearer = format!("Bearer {token}");
        let url = format!("{}/sanomat/{message}", self.walmu.base_url());
        let headers = [("authorization", bearer.as_str())];
        self.call(Method::GET, &url, &headers, String::new()).await.unwrap().status
    }

    fn effects(&self) -> u32 {
        self.walmu.ledger().effects(MESSAGE)
    }
}

fn code(reply: &RawReply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    body.pointer("/virhe/koodi").or(body.get("error")).and_then(Value::as_str).unwrap().to_owned()
}

#[tokio::test]
async fn takes_in_a_referral_once_for_each_key() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    assert_eq!(workshop.look_up(&token, MESSAGE).await, StatusCode::NOT_FOUND);
    let first = workshop.deliver(&token).await.unwrap();
    let second = workshop.deliver(&token).await.unwrap();
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(first.body, second.body);
    assert_eq!(workshop.effects(), 1);
    assert_eq!(workshop.look_up(&token, MESSAGE).await, StatusCode::OK);

    let mut other = referral();
    other["lahete"]["perustelu"] = json!("muu");
    let clash = workshop.post(&token, "/lahetteet", MESSAGE, &other).await.unwrap();
    assert_eq!(clash.status, StatusCode::CONFLICT);

    let taken = workshop.walmu.ledger().referral(REFERRAL).unwrap();
    assert_eq!(taken.field("asiakas.yhteystiedot.kotikunta"), Some("091"));
    assert_eq!(taken.field("asiakas.yhteysosoite"), Some("PL 7"));
    assert_eq!(taken.field("lahete.vastaanottavaYksikko"), Some("verstas"));
    assert_eq!(taken.field("lahete.ilmoitusperuste.peruste"), Some("lapsen_etu"));
    assert_eq!(taken.field("tausta.koulutusJaTyo.koulutusaste"), Some("3"));
    assert_eq!(taken.values("lahete.palvelutarpeet"), ["työpaja", "uraohjaus"]);
    assert!(workshop.walmu.ledger().received_contains(b"010594Y9032"));
}

#[tokio::test]
async fn takes_in_news_of_known_referrals_only() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    let path = format!("/lahetteet/{REFERRAL}/ilmoitukset");
    let notice = json!({"laji": "tila_muuttunut", "tila": "peruutettu", "aika": "2026-11-21T09:30:00Z"});
    let key = "0190aaaa-0000-7000-8000-000000000002";
    let unknown = workshop.post(&token, &path, key, &notice).await.unwrap();
    assert_eq!(code(&unknown), "tuntematon_lahete");
    workshop.deliver(&token).await.unwrap();
    assert_eq!(workshop.post(&token, &path, key, &notice).await.unwrap().status, StatusCode::CREATED);
    assert_eq!(workshop.walmu.ledger().notices()[0].field("tila"), Some("peruutettu"));
}

#[tokio::test]
async fn refuses_what_the_document_does_not_allow() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    for (pointer, value) in [
        ("/lahete/tunnus", json!("x")),
        ("/lahete/lahetePvm", json!("21.11.2026")),
        ("/lahete/kayttotarkoitus", json!("OHJAUS")),
        ("/lahete/luovutuslupa", json!({})),
        ("/asiakas/henkilotunnus", Value::Null),
        ("/tausta/koulutusJaTyo/koulutusaste", json!("3")),
    ] {
        let mut body = referral();
        *body.pointer_mut(pointer).unwrap() = value;
        let reply = workshop.post(&token, "/lahetteet", MESSAGE, &body).await.unwrap();
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{pointer}");
    }
    let keyless = workshop.post(&token, "/lahetteet", "x", &referral()).await.unwrap();
    assert_eq!((keyless.status, code(&keyless).as_str()), (StatusCode::BAD_REQUEST, "idempotency_key"));
    assert_eq!(
        workshop.post(&token, "/muuta", MESSAGE, &json!({})).await.unwrap().status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(workshop.effects(), 0);
}

#[tokio::test]
async fn issues_tokens_that_run_out() {
    let workshop = Workshop::open();
    let token = workshop.token().await;
    workshop.clock.fetch_add(299, Ordering::SeqCst);
    assert_eq!(workshop.look_up(&token, MESSAGE).await, StatusCode::NOT_FOUND);
    workshop.clock.fetch_add(1, Ordering::SeqCst);
    assert_eq!(workshop.look_up(&token, MESSAGE).await, StatusCode::UNAUTHORIZED);
    let token = workshop.token().await;
    workshop.walmu.revoke_tokens();
    assert_eq!(workshop.deliver(&token).await.unwrap().status, StatusCode::UNAUTHORIZED);
    assert_eq!(workshop.walmu.tokens_issued(), 2);

    let wrong_secret = workshop.ask_token("polku:no", FORM).await;
    assert_eq!(
        (wrong_secret.status, code(&wrong_secret).as_str()),
        (StatusCode::UNAUTHORIZED, "invalid_client")
    );
    let good = "polku:s%2B%C3%A4%3A%25";
    assert_eq!(
        code(&workshop.ask_token(good, "grant_type=password&scope=lahetteet").await),
        "unsupported_grant_type"
    );
    assert_eq!(code(&workshop.ask_token(good, "grant_type=client_credentials").await), "invalid_scope");
}

#[tokio::test]
async fn the_webhook_is_signed_and_its_answer_read() {
    let workshop = Workshop::open();
    let config = pki::server_config(&workshop.world.server).unwrap();
    let gateway = Gateway::start(config, |request| {
        let timestamp = request.headers["walmu-timestamp"].to_str().unwrap();
        let expected = sign(b"webhook-secret", timestamp, &request.body);
        if request.headers["walmu-signature"] == expected.as_str() {
            let answer = json!({"tila": "hylatty", "tapahtumanumero": 17}).to_string();
            (StatusCode::OK, "application/json", answer)
        } else {
            let answer = json!({"virhe": {"koodi": "UNAUTHENTICATED", "viesti": "x"}}).to_string();
            (StatusCode::UNAUTHORIZED, "application/json", answer)
        }
    });
    workshop.walmu.connect_gateway(&format!("{}/inbound/walmu", gateway.origin()));
    let event = Event::new(REFERRAL, Action::Reject).with_reason("muu").with_note("ei tilaa");
    let applied = workshop.walmu.send_event(&event).await.unwrap();
    assert_eq!(applied, EventReply::Applied { state: "hylatty".to_owned(), sequence: 17 });
    let received = gateway.ledger().received().pop().unwrap();
    assert_eq!(received.path, "/inbound/walmu");
    assert_eq!(received.headers["walmu-timestamp"], "1795000000");
    assert_eq!(received.client_certificate_sha256, None);
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!((body["tapahtuma"].as_str(), body["syy"].as_str()), (Some("hylatty"), Some("muu")));
    assert!(body.get("tulos").is_none());

    let at = Timestamp::from_second(0).unwrap();
    let refused = workshop.walmu.send_event_signed(&event, b"other", at).await.unwrap();
    assert!(matches!(refused, EventReply::Refused { status: StatusCode::UNAUTHORIZED, .. }));
}

#[test]
fn the_signature_covers_timestamp_full_stop_and_body() {
    // Computed with another implementation of HMAC-SHA-256.
    let known = "v1=6b4c7e66d3b69c810f27c4aa67ee370757d4dfdabf1fbb338ea7cf6aba9e0494";
    assert_eq!(sign(b"secret", "1795000000", b"{}"), known);
}
