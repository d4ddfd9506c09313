//! Do the simulated employment services keep to their document?

mod faults;
mod told;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};

use super::{TeSettings, TeSimulator, Update, UpdateReply};
use crate::pki;
use crate::simulators::client::{self, RawReply};
use crate::simulators::official::Action;
use crate::simulators::tests::{Gateway, World};
use crate::simulators::xroad::Dialect;
use crate::simulators::xroad_soap::Envelope;

const MESSAGE: &str = "0190aaaa-0000-7000-8000-000000000001";
const REFERRAL: &str = "0190aaaa-0000-7000-8000-0000000000ff";
const HEADERS: &str = r#"<x:client i:objectType="SUBSYSTEM"><i:xRoadInstance>FI-TEST</i:xRoadInstance>
  <i:memberClass>ORG</i:memberClass><i:memberCode>9999902-0</i:memberCode><i:subsystemCode>polku</i:subsystemCode></x:client>
<x:service i:objectType="SERVICE"><i:xRoadInstance>FI-TEST</i:xRoadInstance><i:memberClass>MUN</i:memberClass>
  <i:memberCode>9999901-2</i:memberCode><i:subsystemCode>tyollisyyspalvelut</i:subsystemCode>
  <i:serviceCode>SERVICE</i:serviceCode><i:serviceVersion>v1</i:serviceVersion></x:service>
<r:representedParty xmlns:r="http://x-road.eu/xsd/representation.xsd"><r:partyCode>9999902-0</r:partyCode></r:representedParty>
<x:userId>FIpolku</x:userId><x:issue>ISSUE</x:issue><x:id>request-1</x:id><x:protocolVersion>4.0</x:protocolVersion>"#;

fn soap(service: &str, contents: &str) -> String {
    let about = |name: &str| Some(contents.split_once(&format!("<t:{name}>"))?.1.split_once('<')?.0);
    let issue = about("laheteTunnus").or(about("kyselyTunnus")).unwrap_or("issue-1");
    let headers = HEADERS.replace("ISSUE", issue);
    let headers = headers.replace("SERVICE</i:serviceCode>", &format!("{service}</i:serviceCode>"));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:x="http://x-road.eu/xsd/xroad.xsd"
 xmlns:i="http://x-road.eu/xsd/identifiers"><s:Header>{headers}</s:Header>
<s:Body><t:{service} xmlns:t="http://ohjaus.te.example/lahete/v1">{contents}</t:{service}></s:Body></s:Envelope>"#
    )
}

fn referral(message: &str) -> String {
    soap(
        "vastaanotaLahete",
        &format!(
            "<t:sanomaTunnus>{message}</t:sanomaTunnus><t:laheteTunnus>{REFERRAL}</t:laheteTunnus>\
             <t:lahettaja>ohjaamo-testikaupunki</t:lahettaja>\
             <t:vastaanottavaYksikko>keskusta</t:vastaanottavaYksikko><t:kayttotarkoitus>OHJAUS</t:kayttotarkoitus>\
             <t:luotu>2026-11-21T09:30:00Z</t:luotu><t:ilmoitusperuste><t:peruste>LAPSEN_ETU</t:peruste>\
             <t:selostus>huoli</t:selostus><t:suostumusta>EI_PYYDETTY</t:suostumusta></t:ilmoitusperuste>\
             <t:asiakas><t:henkilotunnus>010594Y9032</t:henkilotunnus><t:yhteysosoite>PL 7</t:yhteysosoite>\
             <t:yhteystiedot><t:kuntakoodi>091</t:kuntakoodi></t:yhteystiedot></t:asiakas>\
             <t:palvelutarve>työpaja</t:palvelutarve><t:palvelutarve>uraohjaus</t:palvelutarve>"
        ),
    )
}

fn status_query(message: &str) -> String {
    soap("haeSanomanTila", &format!("<t:sanomaTunnus>{message}</t:sanomaTunnus>"))
}

struct Office {
    world: World,
    te: TeSimulator,
}

impl Office {
    fn open() -> Self {
        let world = World::new();
        let te = TeSimulator::start(TeSettings::new(world.tls(), world.official.clone())).unwrap();
        Self { world, te }
    }

    async fn post(&self, body: String) -> anyhow::Result<RawReply> {
        self.post_with("text/xml; charset=utf-8", "\"\"", body).await
    }

    async fn post_with(&self, content_type: &str, action: &str, body: String) -> anyhow::Result<RawReply> {
        let config = pki::mutual_client_config(self.world.pki.authority_pem(), &self.world.gateway)?;
        let headers = [("content-type", content_type), ("soapaction", action)];
        client::call(config, Method::POST, &self.te.base_url(), &headers, body).await
    }

    async fn deliver(&self) -> anyhow::Result<RawReply> {
        self.post(referral(MESSAGE)).await
    }

    async fn state(&self) -> String {
        let reply = self.post(status_query(MESSAGE)).await.unwrap();
        Envelope::open(&reply.body).unwrap().body.child_text("tila").unwrap().to_owned()
    }

    fn effects(&self) -> u32 {
        self.te.ledger().effects(MESSAGE)
    }
}

fn fault_code(reply: &RawReply) -> String {
    let envelope = Envelope::open(&reply.body).unwrap();
    let fault = envelope.body.child("fault").unwrap_or(&envelope.body);
    fault.child_text("faultCode").or(fault.child_text("faultcode")).unwrap().to_owned()
}

#[tokio::test]
async fn takes_in_a_referral_and_echoes_every_header() {
    let office = Office::open();
    assert_eq!(office.state().await, "TUNTEMATON");
    let reply = office.deliver().await.unwrap();
    let sent = Envelope::open(referral(MESSAGE).as_bytes()).unwrap();
    let answer = Envelope::open(&reply.body).unwrap();
    assert_eq!(answer.headers.len(), sent.headers.len() + 1);
    assert!(sent.headers.iter().zip(&answer.headers).all(|(one, another)| one.same_as(another)));
    let digest = ring::digest::digest(&ring::digest::SHA512, referral(MESSAGE).as_bytes());
    assert_eq!(answer.header_text("requestHash"), Some(STANDARD.encode(digest).as_str()));
    assert_eq!(answer.body.name, "vastaanotaLaheteResponse");
    assert_eq!(answer.body.child_text("vastaanottotunnus"), Some("TE-000001"));

    let taken = office.te.ledger().referral(REFERRAL).unwrap();
    assert_eq!(taken.field("asiakas.henkilotunnus"), Some("010594Y9032"));
    assert_eq!(taken.field("asiakas.yhteystiedot.kuntakoodi"), Some("091"));
    assert_eq!(taken.field("asiakas.yhteysosoite"), Some("PL 7"));
    assert_eq!(taken.field("vastaanottavaYksikko"), Some("keskusta"));
    assert_eq!(taken.field("ilmoitusperuste.peruste"), Some("LAPSEN_ETU"));
    assert_eq!(taken.field("ilmoitusperuste.selostus"), Some("huoli"));
    assert_eq!(taken.field("ilmoitusperuste.suostumusta"), Some("EI_PYYDETTY"));
    assert_eq!(taken.values("palvelutarve"), ["työpaja", "uraohjaus"]);
    assert!(office.te.ledger().received_contains("010594Y9032".as_bytes()));
    let certificate = office.te.ledger().received().pop().unwrap().client_certificate_sha256;
    assert_eq!(certificate, Some(office.world.gateway.sha256.clone()));
    assert_eq!(office.state().await, "VASTAANOTETTU");
    office.deliver().await.unwrap();
    assert_eq!(office.effects(), 2, "the office does not recognise a repetition");
}

#[tokio::test]
async fn takes_in_news_of_known_referrals_only() {
    let office = Office::open();
    let notice = |more: &str| {
        soap(
            "vastaanotaIlmoitus",
            &format!(
                "<t:sanomaTunnus>0190aaaa-0000-7000-8000-000000000002</t:sanomaTunnus>\
                 <t:laheteTunnus>{REFERRAL}</t:laheteTunnus><t:laji>LISATIEDOT_ANNETTU</t:laji>\
                 <t:tila>PYYDETTY</t:tila><t:aika>2026-11-21T09:30:00Z</t:aika>{more}"
            ),
        )
    };
    assert_eq!(fault_code(&office.post(notice("")).await.unwrap()), "TUNTEMATON_LAHETE");
    office.deliver().await.unwrap();
    let more = "<t:lisatiedot><t:perustelu>lisää</t:perustelu></t:lisatiedot>";
    office.post(notice(more)).await.unwrap();
    assert_eq!(office.te.ledger().notices()[0].field("lisatiedot.perustelu"), Some("lisää"));
    let wrong = notice("<t:tulos>X</t:tulos>");
    assert_eq!(fault_code(&office.post(wrong).await.unwrap()), "VIRHEELLINEN_SISALTO");
}

#[tokio::test]
async fn refuses_what_breaks_the_message_protocol() {
    let office = Office::open();
    let good = referral(MESSAGE);
    let swap = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let cases = [
        (swap("<x:id>request-1</x:id>", ""), "client.missing_header_field"),
        (swap("<x:issue>", "<x:id>2</x:id><x:issue>"), "client.duplicate_header_field"),
        (swap("FIpolku", "FI010594Y9032"), "client.invalid_header_field"),
        (swap("<x:issue>", "<x:issue>010594Y9032."), "client.invalid_header_field"),
        (swap("partyCode>9999902-0", "partyCode>010594Y9032"), "client.invalid_header_field"),
        (swap("r:partyCode>", "r:code>"), "client.invalid_header_field"),
        (swap("partyCode>9999902-0", "partyCode>9999906-0"), "VIRHEELLINEN_SISALTO"),
        (swap("representation.xsd", "muu.xsd"), "VIRHEELLINEN_SISALTO"),
        (swap(&format!("<x:issue>{REFERRAL}"), "<x:issue>1"), "VIRHEELLINEN_SISALTO"),
        (swap(">4.0<", ">4.1<"), "client.invalid_protocol_version"),
        (swap("<i:subsystemCode>polku<", "<i:subsystemCode>muu<"), "server.serverproxy.access_denied"),
        (swap("\"SUBSYSTEM\"", "\"MEMBER\""), "client.invalid_client_identifier"),
        (swap(">v1<", ">v2<"), "server.serverproxy.unknown_service"),
        (swap("<i:serviceCode>vastaanotaLahete", "<i:serviceCode>muu"), "client.invalid_body"),
        (swap("</t:vastaanotaLahete>", "</t:vastaanotaLahete><x/>"), "client.invalid_body"),
        (swap("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<!DOCTYPE a>"), "client.invalid_xml"),
        (swap("<x:userId>FI", "<x:userId>"), "client.invalid_soap"),
        (swap("envelope/\"", "envelope\""), "client.invalid_soap"),
        (swap("<t:asiakas>", "<t:muu/><t:asiakas>"), "VIRHEELLINEN_SISALTO"),
        (swap("<t:lahettaja>ohjaamo-testikaupunki</t:lahettaja>", ""), "VIRHEELLINEN_SISALTO"),
        (swap("09:30:00Z", "09:30:00+02:00"), "VIRHEELLINEN_SISALTO"),
        (swap("OHJAUS", "ohjaus"), "VIRHEELLINEN_SISALTO"),
    ];
    for (request, code) in cases {
        assert_eq!(fault_code(&office.post(request).await.unwrap()), code);
    }
    let unquoted = office.post_with("text/xml", "action", good.clone()).await.unwrap();
    assert_eq!(fault_code(&unquoted), "client.invalid_soap_action");
    let json = office.post_with("application/json", "\"\"", good.clone()).await.unwrap();
    assert_eq!(fault_code(&json), "client.invalid_content_type");
    assert_eq!(office.te.ledger().all_effects().len(), 0);
}

#[tokio::test]
async fn lets_in_only_callers_with_a_certificate_of_the_right_authority() {
    let office = Office::open();
    let authority = office.world.pki.authority_pem();
    let stranger = World::new().gateway;
    let expired = office.world.pki.issue_expired_client("polku").unwrap();
    let wrong = [
        pki::client_config(authority).unwrap(),
        pki::mutual_client_config(authority, &stranger).unwrap(),
        pki::mutual_client_config(authority, &expired).unwrap(),
    ];
    let headers = [("content-type", "text/xml"), ("soapaction", "")];
    for config in wrong {
        let url = office.te.base_url();
        assert!(client::call(config, Method::POST, &url, &headers, referral(MESSAGE)).await.is_err());
    }
    assert!(office.te.ledger().received().is_empty());
}

#[tokio::test]
async fn spells_fault_codes_in_the_old_way_too() {
    let world = World::new();
    let mut settings = TeSettings::new(world.tls(), world.official.clone());
    settings.dialect = Dialect::Camel;
    let office = Office { te: TeSimulator::start(settings).unwrap(), world };
    let reply = office.post(referral(MESSAGE).replace(">4.0<", ">3.0<")).await.unwrap();
    assert_eq!(
        (reply.status, fault_code(&reply).as_str()),
        (StatusCode::OK, "Client.InvalidProtocolVersion")
    );
}

#[tokio::test]
async fn the_official_checks_the_gateways_answer() {
    let office = Office::open();
    let update = Update::new(REFERRAL, Action::Reject).with_reason("MUU").with_note("<ei>");
    assert!(office.te.send_update(&update).await.is_err(), "not connected");
    let world = &office.world;
    let config = || pki::mutual_server_config(&world.server, world.pki.authority_pem()).unwrap();
    let echo = |body: &str, mangle: fn(String) -> String| {
        let body = body.to_owned();
        Gateway::start(config(), move |request| {
            let text = String::from_utf8(request.body.to_vec()).unwrap();
            let (head, _) = text.split_once("<env:Body>").unwrap();
            let answer = format!(
                "{head}<env:Body><paivitaLaheteResponse xmlns=\"http://ohjaus.te.example/lahete/v1\">{body}\
                 </paivitaLaheteResponse></env:Body></env:Envelope>"
            );
            (StatusCode::OK, "text/xml; charset=utf-8", mangle(answer))
        })
    };
    let applied = "<tila>HYLATTY</tila><tapahtumanumero>17</tapahtumanumero>";

    let gateway = echo(applied, |answer| answer);
    office.te.connect_gateway(&format!("{}/inbound/te", gateway.origin()));
    let reply = office.te.send_update(&update).await.unwrap();
    assert_eq!(reply, UpdateReply::Applied { state: "HYLATTY".to_owned(), sequence: 17 });
    let received = gateway.ledger().received().pop().unwrap();
    assert_eq!(received.path, "/inbound/te");
    assert_eq!(received.client_certificate_sha256.as_ref(), Some(&world.official.sha256));
    assert!(gateway.ledger().received_contains(b">HYLKAA</toimenpide>"));

    let refused = "<fault><faultCode>STATE_CONFLICT</faultCode><faultString>x</faultString></fault>";
    office.te.connect_gateway(&echo(refused, |answer| answer).origin());
    assert!(matches!(office.te.send_update(&update).await.unwrap(), UpdateReply::Refused { .. }));

    let breaches: [fn(String) -> String; 3] = [
        |answer| answer.replace("<id ", "<idx ").replace("</id>", "</idx>"),
        |answer| answer.replace("FIvirkailija-1", "FIvirkailija-2"),
        |answer| answer.replace("paivitaLaheteResponse", "paivitaLahete"),
    ];
    for breach in breaches {
        office.te.connect_gateway(&echo(applied, breach).origin());
        assert!(office.te.send_update(&update).await.is_err());
    }
    let stranger = World::new().official;
    assert!(office.te.send_update_as(&update, &stranger).await.is_err());
}
