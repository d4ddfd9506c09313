//! Does the simulated Kela keep to its document?

mod faults;

use http::{Method, StatusCode};
use polku_proto::v1::ReferralContent;
use serde_json::{Value, json};

use super::message::{Assistance, Message, MessageReply};
use super::{KelaSettings, KelaSimulator, held};
use crate::pki;
use crate::simulators::agency::Held;
use crate::simulators::client::{self, RawReply};
use crate::simulators::faults::Repetition;
use crate::simulators::official::Action;
use crate::simulators::tests::{Gateway, World};

const MESSAGE: &str = "0190aaaa-0000-7000-8000-000000000001";
const REFERRAL: &str = "0190aaaa-0000-7000-8000-0000000000ff";
const HETU: &str = "020504A902E";

fn request() -> Value {
    json!({"nuottiYhteydenotto": {
        "sanomaTunnus": MESSAGE,
        "laheteTunnus": REFERRAL,
        "luotu": "2026-11-21T09:30:00Z",
        "yhteistyokumppani": {"taho": "ohjaamo", "tyontekija": "ohjaaja-7"},
        "suostumusId": ["youths/x/consents/y"],
        "toivottuYhteydenottoaika": "iltapäivällä",
        "nuori": {"henkilotunnus": HETU, "yhteystiedot": {"puhelin": "+358 40 1"}},
        "palvelutarpeet": ["Nuotti", "raha"],
        "tausta": {"koulutusJaTyo": {"koulutusaste": 3}}
    }})
}

struct Office {
    world: World,
    kela: KelaSimulator,
}

impl Office {
    fn open() -> Self {
        let world = World::new();
        // One with which `GET /sanomat` is agreed.
        let usual = KelaSettings::new(world.tls(), world.official.clone());
        let kela = KelaSimulator::start(KelaSettings { repetition: Repetition::Asked, ..usual }).unwrap();
        Self { world, kela }
    }

    async fn call(&self, method: Method, path: &str, id: &str, body: String) -> anyhow::Result<RawReply> {
        let config = pki::mutual_client_config(self.world.pki.authority_pem(), &self.world.gateway)?;
        let url = format!("{}r1/FI-TEST/GOV/9999903-9/etuudet/nuorten-palvelut{path}", self.kela.base_url());
        let own = method == Method::GET;
        let headers = [
            ("content-type", "application/json"),
            ("x-road-client", "FI-TEST/ORG/9999902-0/polku"),
            ("x-road-id", id),
            ("x-road-represented-party", if own { "9999902-0" } else { "MUN/9999906-0" }),
            ("x-road-userid", if body.contains("tyontekija") { "FIohjaaja-7" } else { "FIpolku" }),
            ("x-road-issue", if body.contains(REFERRAL) { REFERRAL } else { MESSAGE }),
        ];
        client::call(config, method, &url, &headers, body).await
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<RawReply> {
        self.call(Method::POST, path, MESSAGE, body.to_string()).await
    }

    async fn deliver(&self) -> anyhow::Result<RawReply> {
        self.post("/yhteydenotot", &request()).await
    }

    async fn look_up(&self, message: &str) -> StatusCode {
        let path = format!("/sanomat/{message}");
        self.call(Method::GET, &path, MESSAGE, String::new()).await.unwrap().status
    }

    fn effects(&self) -> u32 {
        self.kela.ledger().effects(MESSAGE)
    }
}

fn code(reply: &RawReply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    body.pointer("/virhe/koodi").and_then(Value::as_str).unwrap().to_owned()
}

#[tokio::test]
async fn takes_in_what_comes_each_time_that_it_comes() {
    let office = Office::open();
    assert_eq!(office.look_up(MESSAGE).await, StatusCode::NOT_FOUND);
    let first = office.deliver().await.unwrap();
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!(first.headers["x-road-id"], MESSAGE);
    assert_eq!(first.headers["x-road-service"], "FI-TEST/GOV/9999903-9/etuudet/nuorten-palvelut");
    assert_eq!(office.deliver().await.unwrap().status, StatusCode::CREATED);
    assert_eq!(office.effects(), 2);
    assert_eq!(office.look_up(MESSAGE).await, StatusCode::OK);
    let taken = office.kela.ledger().referral(REFERRAL).unwrap();
    assert_eq!(taken.field("nuottiYhteydenotto.nuori.yhteystiedot.puhelin"), Some("+358 40 1"));
    assert_eq!(taken.values("nuottiYhteydenotto.palvelutarpeet"), ["Nuotti", "raha"]);
    assert_eq!(taken.field("nuottiYhteydenotto.tausta.koulutusJaTyo.koulutusaste"), Some("3"));
}

#[tokio::test]
async fn refuses_what_the_document_does_not_allow() {
    let office = Office::open();
    let cases = [
        ("/nuottiYhteydenotto/sanomaTunnus", json!(REFERRAL)),
        ("/nuottiYhteydenotto/laheteTunnus", json!("x")),
        ("/nuottiYhteydenotto/luotu", json!("2026-11-21T09:30:00+02:00")),
        ("/nuottiYhteydenotto/yhteistyokumppani", json!({})),
        ("/nuottiYhteydenotto/nuori/henkilotunnus", json!("010594Y9033")),
        ("/nuottiYhteydenotto/nuori", Value::Null),
        ("/nuottiYhteydenotto/palvelutarpeet", json!("Nuotti")),
        ("/nuottiYhteydenotto/tausta/koulutusJaTyo/koulutusaste", json!("3")),
        ("/nuottiYhteydenotto/tausta", json!({"muuta": "x"})),
        ("/nuottiYhteydenotto", json!({})),
    ];
    for (pointer, value) in cases {
        let mut body = request();
        *body.pointer_mut(pointer).unwrap() = value;
        let reply = office.post("/yhteydenotot", &body).await.unwrap();
        assert_eq!(
            (reply.status.as_u16(), code(&reply).as_str()),
            (422, "VIRHEELLINEN_SISALTO"),
            "{pointer}"
        );
    }
    // Too old, too young, and nobody who is known.
    for who in ["010594Y9032", "010516B903X", ""] {
        let mut body = request();
        body["nuottiYhteydenotto"]["nuori"] =
            if who.is_empty() { json!({}) } else { json!({"henkilotunnus": who}) };
        let reply = office.post("/yhteydenotot", &body).await.unwrap();
        assert_eq!((reply.status.as_u16(), code(&reply).as_str()), (422, "EI_TAYTA_EHTOJA"), "{who}");
    }
    let mut purposeful = request();
    purposeful["nuottiYhteydenotto"]["kayttotarkoitus"] = json!("KUNTOUTUS");
    assert_eq!(office.post("/yhteydenotot", &purposeful).await.unwrap().status.as_u16(), 422);
    assert_eq!(office.post("/muuta", &json!({})).await.unwrap().status, StatusCode::NOT_FOUND);
    let get = office.call(Method::GET, "/haku", MESSAGE, String::new()).await.unwrap();
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(office.effects(), 0);
}

#[tokio::test]
async fn takes_in_news_of_known_referrals_only() {
    let office = Office::open();
    let notice = json!({
        "sanomaTunnus": MESSAGE, "laheteTunnus": REFERRAL, "laji": "TILA_MUUTTUNUT", "tila": "PERUUTETTU",
        "aika": "2026-11-21T09:30:00Z"
    });
    let unknown = office.post("/ilmoitukset", &notice).await.unwrap();
    assert_eq!(code(&unknown), "TUNTEMATON_LAHETE");
    office.kela.ledger().note_own_referral(REFERRAL);
    assert_eq!(office.post("/ilmoitukset", &notice).await.unwrap().status, StatusCode::CREATED);
    assert_eq!(office.kela.ledger().notices()[0].field("tila"), Some("PERUUTETTU"));
}

#[tokio::test]
async fn tells_what_it_holds_of_the_groups_that_are_asked_for() {
    let office = Office::open();
    office.kela.hold(HETU, &held::specimen()).unwrap();
    let ask = async |hetu: &str, groups: &[&str]| {
        let question = json!({
            "kyselyTunnus": MESSAGE, "henkilotunnus": hetu, "kysyja": "ohjaamo", "kayttotarkoitus": "OHJAUS",
            "tietoryhmat": groups
        });
        let reply = office.post("/haku", &question).await.unwrap();
        assert_eq!(reply.status, StatusCode::OK);
        serde_json::from_slice::<Value>(&reply.body).unwrap()
    };
    let told = ask(HETU, &["KUNTOUTUS"]).await;
    assert_eq!(told["kyselyTunnus"], MESSAGE);
    assert_eq!(told["kuntoutukset"].as_array().unwrap().len(), 4);
    assert!(told.get("maksut").is_none() && told.get("asiakkuudet").is_none());
    let told = ask(HETU, &["ETUUDET", "ASIAKKUUS"]).await;
    assert_eq!(told["paatokset"].as_array().unwrap().len(), 4);
    assert_eq!(told["vireillaOlevat"][0]["saapunut"], "2026-09-01");
    assert!(told.get("kuntoutukset").is_none());
    assert_eq!(ask("020594X902N", &["ETUUDET"]).await, json!({"kyselyTunnus": MESSAGE}));
    let plan = Held { plans: vec![polku_proto::v1::PlanPart::default()], ..Held::default() };
    assert!(office.kela.hold(HETU, &plan).is_err());
    let wordless = Held { facts: vec![polku_proto::v1::Fact::default()], ..Held::default() };
    assert!(office.kela.hold(HETU, &wordless).is_err());
}

#[tokio::test]
async fn its_own_messages_go_through_x_road_and_their_answers_are_read() {
    let office = Office::open();
    let config = pki::mutual_server_config(&office.world.server, office.world.pki.authority_pem()).unwrap();
    let gateway = Gateway::start(config, |request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let (status, answer) = if body.get("tilamuutos").is_some() {
            (StatusCode::OK, json!({"tila": "HYVAKSYTTY", "tapahtumanumero": 17}))
        } else if body.get("lahete").is_some() {
            (StatusCode::CONFLICT, json!({"virhe": {"koodi": "NOT_PERMITTED", "viesti": "x"}}))
        } else {
            let sent = json!({"laheteTunnus": REFERRAL, "tila": "PYYDETTY", "tapahtumanumero": 18});
            (StatusCode::CREATED, sent)
        };
        (status, "application/json", answer.to_string())
    });
    office.kela.connect_gateway(&format!("{}/inbound/kela", gateway.origin()));
    let applied = office.kela.send(&Message::step(REFERRAL, &Action::Accept)).await.unwrap();
    assert_eq!(applied, MessageReply::Applied { state: "HYVAKSYTTY".to_owned(), sequence: 17 });
    let received = gateway.ledger().received().pop().unwrap();
    assert_eq!(received.headers["x-road-client"], "FI-TEST/GOV/9999903-9/etuudet");
    assert_eq!(received.headers["x-road-service"], "FI-TEST/ORG/9999902-0/polku/ohjausviestit");
    assert_eq!(received.client_certificate_sha256.as_ref(), Some(&office.world.official.sha256));
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["tilamuutos"]["kasittelija"]["yksikko"], "nuorten-etuudet");

    assert!(!office.kela.ledger().knows(REFERRAL));
    let content = ReferralContent { given_names: "Aino".to_owned(), ..ReferralContent::default() };
    let notice = Message::assistance(Assistance::Lowered, "pohde", HETU, &content);
    let sent = office.kela.send(&notice).await.unwrap();
    let state = "PYYDETTY".to_owned();
    assert_eq!(sent, MessageReply::Sent { referral: REFERRAL.to_owned(), state, sequence: 18 });
    assert!(office.kela.ledger().knows(REFERRAL));
    let body: Value = serde_json::from_slice(&gateway.ledger().received().pop().unwrap().body).unwrap();
    assert_eq!(body["toimeentulotukiIlmoitus"]["kiireellisyys"], "PAATOSTA_SEURAAVANA_PAIVANA");
    assert_eq!(body["toimeentulotukiIlmoitus"]["nuori"], json!({"henkilotunnus": HETU, "etunimet": "Aino"}));

    let plain = Message::referral("etsiva/keskusta", "ETSIVA_NUORISOTYO", HETU, &content);
    let refused = office.kela.send(&plain).await.unwrap();
    assert_eq!(
        refused,
        MessageReply::Refused { status: StatusCode::CONFLICT, code: "NOT_PERMITTED".to_owned() }
    );
    assert!(!format!("{plain:?}").contains(HETU));
}
