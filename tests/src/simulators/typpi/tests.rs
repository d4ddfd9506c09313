//! Does the simulated register keep to its document?

use http::{Method, StatusCode};
use polku_proto::v1::{Fact, Purpose, ReferralContent};
use uuid::Uuid;

use super::told::{Answered, Told};
use super::{TyppiSettings, TyppiSimulator, holdings};
use crate::pki;
use crate::simulators::agency::{Held, SimulatedAgency};
use crate::simulators::client::{self, RawReply};
use crate::simulators::faults::{Fault, Repetition};
use crate::simulators::ledger::TakenInKind;
use crate::simulators::official::{Action, Official};
use crate::simulators::tests::{Gateway, World};
use crate::simulators::typpi::words::CONTENTS;
use crate::simulators::xml::Element;
use crate::simulators::xroad_soap::{self, Envelope, client_header, service_header};

const PERSON: &str = "010594Y9032";
const MESSAGE: &str = "0190aaaa-0000-7000-8000-000000000021";
const REFERRAL: &str = "0190aaaa-0000-7000-8000-000000000022";

struct Register {
    world: World,
    typpi: TyppiSimulator,
}

impl Register {
    fn open() -> Self {
        Self::that_takes(Repetition::Asked)
    }

    fn that_takes(repetition: Repetition) -> Self {
        let world = World::new();
        let usual = TyppiSettings::new(world.tls(), world.official.clone());
        let typpi = TyppiSimulator::start(TyppiSettings { repetition, ..usual }).unwrap();
        Self { world, typpi }
    }

    /// Calls a service with this body.
    async fn call(&self, service: &str, inside: &str) -> RawReply {
        let settings = self.typpi.settings();
        let text = |name: &str, value: &str| Element::new(xroad_soap::XROAD, name).with_text(value);
        let part = |name: &str| Element::new(xroad_soap::REPRESENTATION, name);
        let party = part("representedParty");
        let party = match service {
            "tallennaLahete" | "haeAsiakas" => party
                .with_child(part("partyClass").with_text("MUN"))
                .with_child(part("partyCode").with_text("9999906-0")),
            _ => party.with_child(part("partyCode").with_text("9999902-0")),
        };
        let headers = [
            client_header(&settings.gateway),
            service_header(&settings.provider, service),
            party,
            text("userId", "FIpolku"),
            text("issue", if service == "haeAsiakas" { MESSAGE } else { REFERRAL }),
            text("id", "request-1"),
            text("protocolVersion", "4.0"),
        ];
        let empty = xroad_soap::write(&headers, &Element::new(CONTENTS, service));
        let body = empty.replace(&format!("</{service}>"), &format!("{inside}</{service}>"));
        let config = pki::mutual_client_config(self.world.pki.authority_pem(), &self.world.gateway).unwrap();
        let http = [("content-type", "text/xml; charset=utf-8"), ("soapaction", "\"\"")];
        client::call(config, Method::POST, &self.typpi.base_url(), &http, body).await.unwrap()
    }

    /// What a service answers: the value of this element, or the code of a fault.
    async fn answer(&self, service: &str, inside: &str, name: &str) -> String {
        let reply = self.call(service, inside).await;
        let body = Envelope::open(&reply.body).unwrap().body;
        let fault = body.child("fault").unwrap_or(&body);
        let code = fault.child_text("faultCode").or(fault.child_text("faultcode"));
        code.or(body.child_text(name)).unwrap().to_owned()
    }
}

fn referral(more: &str) -> String {
    format!(
        "<viestiTunnus>{MESSAGE}</viestiTunnus><laheteTunnus>{REFERRAL}</laheteTunnus>\
         <lahettajataho>ohjaamo</lahettajataho><kayttotarkoitus>OHJAUS</kayttotarkoitus>\
         <lahetetty>2026-11-21T09:30:00Z</lahetetty>{more}"
    )
}

fn status(message: &str) -> String {
    format!("<viestiTunnus>{message}</viestiTunnus>")
}

#[tokio::test]
async fn takes_in_and_says_so() {
    let register = Register::open();
    let state = "viestinTila";
    assert_eq!(register.answer("haeSanomanTila", &status(MESSAGE), state).await, "EI_TALLENNETTU");
    let person = format!("<asiakastiedot><henkilo><hetu>{PERSON}</hetu></henkilo></asiakastiedot>");
    let number = register.answer("tallennaLahete", &referral(&person), "kirjausnumero").await;
    assert_eq!(number, "YR-000001");
    let ledger = register.typpi.control().ledger();
    let taken = ledger.referral(REFERRAL).unwrap();
    assert_eq!(taken.field("asiakastiedot.henkilo.hetu"), Some(PERSON));
    assert_eq!(register.answer("haeSanomanTila", &status(MESSAGE), state).await, "TALLENNETTU");
    register.call("tallennaLahete", &referral(&person)).await;
    assert_eq!(ledger.effects(MESSAGE), 2, "a repeated message is not recognised");
    register.typpi.control().faults().once(Fault::LyingStatus);
    assert_eq!(register.answer("haeSanomanTila", &status(MESSAGE), state).await, "EI_TALLENNETTU");
}

#[tokio::test]
async fn takes_repetitions_as_it_is_told_to() {
    let person = format!("<asiakastiedot><henkilo><hetu>{PERSON}</hetu></henkilo></asiakastiedot>");
    let cases = [
        (Repetition::Recognised, "YR-000001", 1, "TALLENNETTU"),
        (Repetition::Asked, "YR-000002", 2, "TALLENNETTU"),
        (Repetition::Neither, "YR-000002", 2, "server.serverproxy.unknown_service"),
    ];
    for (repetition, number, effects, state) in cases {
        let register = Register::that_takes(repetition);
        register.call("tallennaLahete", &referral(&person)).await;
        // Whatever stands in it the second time.
        let again = referral(&person).replace("OHJAUS", "SOSIAALIPALVELUT");
        let answered = register.answer("tallennaLahete", &again, "kirjausnumero").await;
        assert_eq!(answered, number, "{repetition:?}");
        assert_eq!(register.typpi.control().ledger().effects(MESSAGE), effects, "{repetition:?}");
        assert_eq!(register.answer("haeSanomanTila", &status(MESSAGE), "viestinTila").await, state);
    }
}

#[tokio::test]
async fn takes_in_news_of_known_referrals_only() {
    let register = Register::open();
    let news = format!(
        "<viestiTunnus>{MESSAGE}</viestiTunnus><laheteTunnus>{REFERRAL}</laheteTunnus>\
         <ilmoituslaji>TILAMUUTOS</ilmoituslaji><lahetteenTila>PERUTTU</lahetteenTila>\
         <muutosaika>2026-11-21T09:30:00Z</muutosaika>"
    );
    assert_eq!(register.answer("tallennaIlmoitus", &news, "kirjausnumero").await, "LAHETETTA_EI_OLE");
    register.typpi.control().ledger().note_own_referral(REFERRAL);
    assert_eq!(register.answer("tallennaIlmoitus", &news, "kirjausnumero").await, "YR-000001");
    assert_eq!(register.typpi.control().ledger().notices().len(), 1);
}

#[tokio::test]
async fn takes_in_plans_as_the_document_says() {
    let register = Register::open();
    let plan = |more: &str| {
        format!(
            "<viestiTunnus>{MESSAGE}</viestiTunnus><omistaja>kela</omistaja><suunnitelma>\
             <suunnitelmanTila>VOIMASSA</suunnitelmanTila>{more}</suunnitelma>"
        )
    };
    let service = |state: &str, dates: &str| {
        format!(
            "<palvelu><tunnus>1</tunnus><tietoluokka>ASUMINEN</tietoluokka><nimike>koti</nimike>\
             <palvelunTila>{state}</palvelunTila><{dates}><alkaa>2026-11-21</alkaa></{dates}></palvelu>"
        )
    };
    let wrong = [
        plan("<suunnitelmanTila>VOIMASSA</suunnitelmanTila>"),
        plan("<versio>yksi</versio>"),
        plan("<tarve><tunnus>1</tunnus><kuvaus>koti</kuvaus></tarve>"),
        plan("<seuraavaTarkistus>2026-02-30</seuraavaTarkistus>"),
        plan("<asiakkaanNakemys></asiakkaanNakemys>"),
        plan(&service("SOVITTU", "toteutunut")),
        plan(&service("TEHTY", "suunniteltu")),
        plan("").replace("<omistaja>kela</omistaja>", ""),
        plan("").replace("</omistaja>", "</omistaja><lupaPeruttu>false</lupaPeruttu>"),
    ];
    for wrong in wrong {
        let answer = register.answer("tallennaSuunnitelma", &wrong, "kirjausnumero").await;
        assert_eq!(answer, "SISALTO_VIRHEELLINEN", "{wrong}");
    }
    for good in [service("SOVITTU", "suunniteltu"), service("TEHTY", "toteutunut"), String::new()] {
        let answer = register.answer("tallennaSuunnitelma", &plan(&good), "kirjausnumero").await;
        assert!(answer.starts_with("YR-"), "{answer}");
    }
    let taken = register.typpi.control().ledger().all_taken_in();
    assert!(taken.len() == 3 && taken.iter().all(|taken| taken.kind == TakenInKind::PlanPart));
}

#[tokio::test]
async fn refuses_what_is_not_in_the_document() {
    let register = Register::open();
    let wrong = [
        referral("<muu>1</muu>"),
        referral("<asiakastiedot></asiakastiedot>"),
        referral("<asiakastiedot><henkilo><nimi>a</nimi></henkilo></asiakastiedot>"),
        referral("<suostumus><tietoluokka>KAIKKI</tietoluokka></suostumus>"),
        referral("").replace("OHJAUS", "ohjaus"),
        referral("").replace("09:30:00Z", "09:30:00+02:00"),
        referral("").replace(REFERRAL, "1"),
    ];
    for wrong in wrong {
        let answer = register.answer("tallennaLahete", &wrong, "kirjausnumero").await;
        assert_eq!(answer, "SISALTO_VIRHEELLINEN", "{wrong}");
    }
    let unknown = register.answer("poistaLahete", "", "kirjausnumero").await;
    assert_eq!(unknown, "server.serverproxy.unknown_service");
    let question = format!(
        "<kyselyTunnus>{MESSAGE}</kyselyTunnus><kysyja>ohjaamo</kysyja>\
         <kayttotarkoitus>OHJAUS</kayttotarkoitus><hetu>{PERSON}</hetu>"
    );
    assert_eq!(register.answer("haeAsiakas", &question, "vastattu").await, "SISALTO_VIRHEELLINEN");
    assert_eq!(register.typpi.control().ledger().all_effects().len(), 0);
}

#[tokio::test]
async fn tells_what_it_holds_and_of_nobody_else() {
    let register = Register::open();
    let question = |person: &str| {
        format!(
            "<kyselyTunnus>{MESSAGE}</kyselyTunnus><kysyja>ohjaamo</kysyja>\
             <kayttotarkoitus>OHJAUS</kayttotarkoitus><hetu>{person}</hetu><tietoluokka>ASUMINEN</tietoluokka>"
        )
    };
    register.typpi.hold(PERSON, &holdings::specimen()).unwrap();
    let told = register.call("haeAsiakas", &question(PERSON)).await;
    let body = Envelope::open(&told.body).unwrap().body;
    let customer = body.child("asiakas").unwrap();
    let groups: Vec<&str> = customer.children.iter().map(|child| child.name.as_str()).collect();
    assert_eq!(
        groups,
        [
            "hetu",
            "perustiedot",
            "koulutusJaTyo",
            "sosiaalinenTilanne",
            "terveystiedot",
            "palvelutilanne",
            "seuranta",
            "suunnitelmat"
        ]
    );
    let nobody = register.call("haeAsiakas", &question("020594X903P")).await;
    assert!(Envelope::open(&nobody.body).unwrap().body.child("asiakas").is_none());
    let wordless = Held { facts: vec![Fact::default()], plans: Vec::new() };
    assert!(register.typpi.hold(PERSON, &wordless).is_err());
}

#[tokio::test]
async fn checks_the_gateways_answer() {
    let register = Register::open();
    let official = Official::new("v-7", "nuoret");
    let step =
        Told::step(Uuid::now_v7(), &official, REFERRAL, &Action::Accept, (None, None), "<ok>").unwrap();
    assert!(register.typpi.send_told(&step).await.is_err(), "not connected");
    let world = &register.world;
    let gateway = |body: &'static str, mangle: fn(String) -> String| {
        let config = pki::mutual_server_config(&world.server, world.pki.authority_pem()).unwrap();
        Gateway::start(config, move |request| {
            let text = String::from_utf8(request.body.to_vec()).unwrap();
            let (head, _) = text.split_once("<env:Body>").unwrap();
            let answer = format!(
                "{head}<env:Body><paivitaLaheteResponse xmlns=\"{CONTENTS}\">{body}</paivitaLaheteResponse>\
                 </env:Body></env:Envelope>"
            );
            (StatusCode::OK, "text/xml; charset=utf-8", mangle(answer))
        })
    };
    let applied = "<lahetteenTila>HYLATTY</lahetteenTila><tapahtumanumero>17</tapahtumanumero>";
    let good = gateway(applied, |answer| answer);
    register.typpi.connect_gateway(&good.origin());
    let Answered::Response(values) = register.typpi.send_told(&step).await.unwrap() else { panic!() };
    assert_eq!(values.last().unwrap().1, "17");
    assert!(good.ledger().received_contains(b">OTA_VASTAAN</toiminto>"));
    let refused = "<fault><faultCode>STATE_CONFLICT</faultCode><faultString>x</faultString></fault>";
    register.typpi.connect_gateway(&gateway(refused, |answer| answer).origin());
    let answered = register.typpi.send_told(&step).await.unwrap();
    assert!(matches!(answered, Answered::Fault(code) if code == "STATE_CONFLICT"));
    let breaches: [fn(String) -> String; 3] = [
        |answer| answer.replace("FIv-7", "FIv-8"),
        |answer| answer.replace("paivitaLaheteResponse", "paivitaLahete"),
        |answer| answer.replace("<lahetteenTila>HYLATTY", "<lahetteenTila><b/>"),
    ];
    for breach in breaches {
        register.typpi.connect_gateway(&gateway(applied, breach).origin());
        assert!(register.typpi.send_told(&step).await.is_err());
    }
}

#[test]
fn has_no_words_for_what_is_not_in_its_document() {
    let official = Official::new("v-7", "nuoret");
    let frame = (PERSON, "ohjaamo", Purpose::Statistics);
    let content = ReferralContent::default();
    assert!(Told::referral(Uuid::now_v7(), &official, frame, &content, None, None).is_err());
}
