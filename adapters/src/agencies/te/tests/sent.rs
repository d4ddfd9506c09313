//! What is taken in of what the office sends of its own, and how is it answered?

use http::{HeaderMap, HeaderValue};
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{LegalGround, PlanState, Purpose, ReferralState};

use super::*;
use crate::transport::xroad::id::ServiceId;
use crate::transport::xroad::soap::{Headers, write_request};
use crate::{InboundChange, InboundEvent, InboundMatter, Retry};

const OFFICIAL: &str =
    "<kasittelija><tunnus>virkailija-1</tunnus><yksikko>nuorten-palvelut</yksikko></kasittelija>";
const PERSON: &str = "<asiakas><henkilotunnus>010594Y9032</henkilotunnus><etunimet>Aino</etunimet></asiakas>";

fn envelope(service: &str, inside: &str) -> Vec<u8> {
    let id = ServiceId::new(GATEWAY.parse().unwrap(), service, Some("v1")).unwrap();
    let headers = Headers::new(OFFICE.parse().unwrap(), id, "1");
    let empty = write_request(&headers, wire::PROTOCOL.namespace, |_| ()).unwrap();
    let empty = String::from_utf8(empty).unwrap();
    let qualified = inside.replace("</", "\u{1}").replace('<', "<tns:").replace('\u{1}', "</tns:");
    empty.replace(&format!("</tns:{service}>"), &format!("{qualified}</tns:{service}>")).into_bytes()
}

fn http_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/xml; charset=utf-8"));
    headers
}

pub(super) fn received(service: &str, inside: &str) -> Result<InboundEvent, InboundError> {
    let (headers, body) = (http_headers(), envelope(service, inside));
    let inbound = Inbound { headers: &headers, body: &body, peer: Some(PIN), now: trial::now() };
    office().receive(&inbound).map(|received| received.event)
}

pub(super) fn replied(service: &str, inside: &str, outcome: &InboundOutcome) -> (u16, String) {
    let (headers, body) = (http_headers(), envelope(service, inside));
    let inbound = Inbound { headers: &headers, body: &body, peer: Some(PIN), now: trial::now() };
    let received = office().receive(&inbound).unwrap();
    let reply = office().reply(&received.context, outcome, trial::LOG_ID);
    (reply.status.as_u16(), String::from_utf8(reply.body).unwrap())
}

fn start() -> String {
    format!("<sanomaTunnus>{}</sanomaTunnus>{OFFICIAL}", trial::MESSAGE)
}

pub(super) fn referral() -> String {
    let claim = "<ilmoitusperuste><peruste>ETSIVA_NUORISOTYO</peruste><selostus>Huoli.</selostus>\
                 <suostumusta>EI_TAVOITETTU</suostumusta></ilmoitusperuste>";
    format!(
        "{}<vastaanottaja>etsiva</vastaanottaja><vastaanottavaYksikko>keskusta</vastaanottavaYksikko>\
         <kayttotarkoitus>ETSIVA_NUORISOTYO</kayttotarkoitus>\
         <vastausViimeistaan>2026-12-21T09:30:00Z</vastausViimeistaan>{claim}{PERSON}",
        start()
    )
}

pub(super) fn plan() -> String {
    let need =
        "<tarve><tunnus>t1</tunnus><tietoryhma>PALVELUTARPEET</tietoryhma><kuvaus>Ohjausta</kuvaus></tarve>";
    format!(
        "{}<viite>TS-4</viite><versio>2</versio><paivitetty>2026-10-01T08:00:00Z</paivitetty>\
         <tila>VOIMASSA</tila>{PERSON}{need}<seuraavaTarkistus>2027-01-15</seuraavaTarkistus>",
        start()
    )
}

fn information(inside: &str) -> String {
    format!(
        "<sanomaTunnus>{}</sanomaTunnus><laheteTunnus>{}</laheteTunnus>{OFFICIAL}\
         <toimenpide>ANNA_LISATIEDOT</toimenpide>{inside}",
        trial::MESSAGE,
        trial::REFERRAL
    )
}

/// What the office sends, and how it is answered, byte for byte.
#[test]
fn golden() {
    let informed = information("<lisatiedot><perustelu>Kyllä.</perustelu></lisatiedot>");
    let sent = InboundOutcome::Sent {
        referral: trial::REFERRAL.parse().unwrap(),
        state: ReferralState::Requested,
        sequence: 17,
    };
    let applied = InboundOutcome::Applied { state: ReferralState::Accepted, sequence: 18 };
    let files = [
        (
            "lahetaLahete",
            referral(),
            sent,
            include_str!("../testdata/sent-referral.xml"),
            include_str!("../testdata/sent-referral-answer.xml"),
        ),
        (
            "lahetaSuunnitelma",
            plan(),
            InboundOutcome::PlanTaken { sequence: 19 },
            include_str!("../testdata/sent-plan.xml"),
            include_str!("../testdata/sent-plan-answer.xml"),
        ),
        (
            "paivitaLahete",
            informed,
            applied,
            include_str!("../testdata/sent-information.xml"),
            include_str!("../testdata/sent-information-answer.xml"),
        ),
    ];
    for (service, inside, outcome, message, answer) in files {
        let written = String::from_utf8(envelope(service, &inside)).unwrap();
        assert!(written == message.trim_end(), "{service}\n{written}");
        assert!(received(service, &inside).is_ok());
        let (_, replied) = replied(service, &inside, &outcome);
        assert!(replied == answer.trim_end(), "{service} answered\n{replied}");
    }
}

#[test]
fn referral_with_a_ground_in_law() {
    let event = received("lahetaLahete", &referral()).unwrap();
    assert_eq!((event.official.as_str(), event.unit.as_str()), ("virkailija-1", "nuorten-palvelut"));
    assert_eq!(event.message.to_string(), trial::MESSAGE);
    let InboundMatter::Referral(referral) = event.matter else { panic!("no referral") };
    assert_eq!(referral.identity.expose(), "010594Y9032");
    assert_eq!(referral.recipient.to_string(), "etsiva/keskusta");
    assert_eq!(referral.purpose, Purpose::OutreachYouthWork);
    assert_eq!(referral.respond_by, Some(trial::instant("2026-12-21T09:30:00Z")));
    let claim = referral.claim.unwrap();
    assert_eq!(
        (claim.ground(), claim.consent_asked()),
        (LegalGround::OutreachNotice, ConsentAsked::NotReached)
    );
    assert_eq!(claim.statement, "Huoli.");
    assert_eq!(
        (referral.content.given_names.as_str(), referral.content.identity_code.as_str()),
        ("Aino", "")
    );
    assert!(referral.origin.is_none());
}

#[test]
fn referral_with_the_least() {
    let least = format!(
        "{}<vastaanottaja>paja</vastaanottaja><kayttotarkoitus>OHJAUS</kayttotarkoitus>\
         <asiakas><henkilotunnus>010594Y9032</henkilotunnus></asiakas>",
        start()
    );
    let InboundMatter::Referral(referral) = received("lahetaLahete", &least).unwrap().matter else {
        panic!()
    };
    assert_eq!(referral.recipient.to_string(), "paja");
    assert!(referral.respond_by.is_none() && referral.claim.is_none());
    assert!(referral.content == Default::default());
}

#[test]
fn own_plan() {
    let InboundMatter::PlanPart(plan) = received("lahetaSuunnitelma", &plan()).unwrap().matter else {
        panic!()
    };
    assert_eq!(plan.identity.expose(), "010594Y9032");
    assert_eq!((plan.part.owner.as_str(), plan.part.plan.as_str(), plan.part.revision), ("te", "", 2));
    assert_eq!(plan.part.state(), PlanState::Active);
    assert_eq!(plan.part.background.unwrap().identity_code, "");
    assert_eq!(plan.part.needs[0].text, "Ohjausta");
}

#[test]
fn answer_to_a_question() {
    let inside = "<lisatiedot><perustelu>Kyllä.</perustelu></lisatiedot>";
    let change = trial::changed(received("paivitaLahete", &information(inside)).unwrap());
    let InboundChange::ProvideInformation { answer, origin: None } = change else { panic!() };
    assert_eq!(answer.reason, "Kyllä.");
}

#[test]
fn bad_bodies() {
    let code = |service: &str, inside: &str| match received(service, inside) {
        Err(InboundError::Malformed { code, expected }) => {
            assert!(!expected.contains("010594") && !expected.contains("Aino"), "{expected}");
            code
        }
        Err(InboundError::Unauthenticated { .. }) => "unauthenticated".to_owned(),
        Ok(_) => "taken in".to_owned(),
    };
    let referrals = [
        ("010594Y9032", "010594Y9033"),
        ("<henkilotunnus>010594Y9032</henkilotunnus>", ""),
        (PERSON, ""),
        ("<vastaanottaja>etsiva</vastaanottaja>", ""),
        ("<vastaanottaja>etsiva", "<vastaanottaja>Etsiva"),
        ("keskusta", "keskusta/2"),
        ("keskusta", "010594Y9032"),
        ("keskusta", "x-010594-9032"),
        ("<kayttotarkoitus>ETSIVA", "<kayttotarkoitus>MUU"),
        ("2026-12-21T09:30:00Z", "2026-12-21"),
        ("2026-12-21T09:30:00Z", "2026-12-21T09:30:00+02:00"),
        ("<peruste>ETSIVA", "<peruste>MUU"),
        ("<selostus>Huoli.</selostus>", ""),
        ("Huoli.", " "),
        ("EI_TAVOITETTU", "EI"),
        ("Aino", "\u{7f}"),
        ("</asiakas>", "</asiakas><muu></muu>"),
        ("</asiakas>", "<muu></muu></asiakas>"),
        ("<kasittelija>", "<kasittelija>x"),
        ("virkailija-1", "010594Y9032"),
        (trial::MESSAGE, "1"),
        ("</asiakas>", "</asiakas><palvelutarve></palvelutarve>"),
        ("</asiakas>", "</asiakas><koulutusJaTyo><koulutusaste>+3</koulutusaste></koulutusJaTyo>"),
        ("<etunimet>Aino</etunimet>", "<asiointikieli>suomi</asiointikieli>"),
    ];
    for (from, to) in referrals {
        assert!(referral().contains(from), "{from}");
        assert_eq!(code("lahetaLahete", &referral().replace(from, to)), "client.invalid_body", "{from} {to}");
    }
    let plans = [
        ("010594Y9032", "010594Y9033"),
        (PERSON, ""),
        ("VOIMASSA", "VOIMISSAAN"),
        ("<versio>2", "<versio>-2"),
        ("<versio>2", "<versio>02"),
        ("TS-4", "TS 4"),
        ("TS-4", "010594Y9032"),
        ("PALVELUTARPEET", "PALVELUT"),
        ("<kuvaus>Ohjausta</kuvaus>", ""),
        ("<tunnus>t1</tunnus>", ""),
        ("2027-01-15", "2027-02-29"),
        ("2026-10-01T08:00:00Z", "2026-10-01T08:00Z"),
        ("<viite>", "<omistaja>kela</omistaja><viite>"),
        ("</tarve>", "</tarve><tavoite></tavoite>"),
        (
            "</tarve>",
            "</tarve><tavoite><tunnus>1</tunnus><tietoryhma>SUUNNITELMA</tietoryhma><kuvaus>a</kuvaus>\
             <tila>EHDOTETTU</tila><tarveTunnus>010594Y9032</tarveTunnus></tavoite>",
        ),
        (
            "</tarve>",
            "</tarve><toimi><tunnus>1</tunnus><tietoryhma>SUUNNITELMA</tietoryhma><kuvaus>a</kuvaus>\
             <tila>EHDOTETTU</tila><tavoiteTunnus>010594Y9032</tavoiteTunnus></toimi>",
        ),
    ];
    for (from, to) in plans {
        assert!(plan().contains(from), "{from}");
        assert_eq!(
            code("lahetaSuunnitelma", &plan().replace(from, to)),
            "client.invalid_body",
            "{from} {to}"
        );
    }
    let answers = [
        "",
        "<huomautus>Kyllä.</huomautus>",
        "<lisatiedot><muu></muu></lisatiedot>",
        "<lisatiedot><asiakas><henkilotunnus>010594Y9032</henkilotunnus></asiakas></lisatiedot>",
        "<lisatiedot></lisatiedot><huomautus>a</huomautus>",
        "<syy>MUU</syy><lisatiedot></lisatiedot>",
    ];
    for inside in answers {
        assert_eq!(code("paivitaLahete", &information(inside)), "client.invalid_body", "{inside}");
    }
    assert_eq!(code("haeAsiakkuus", &referral()), "client.unknown_service");
}

#[test]
fn replies() {
    let sent = InboundOutcome::Sent {
        referral: trial::REFERRAL.parse().unwrap(),
        state: ReferralState::Requested,
        sequence: 17,
    };
    let (status, body) = replied("lahetaLahete", &referral(), &sent);
    assert_eq!(status, 200);
    let told = format!(
        "<tns:lahetaLaheteResponse xmlns:tns=\"http://ohjaus.te.example/lahete/v1\"><tns:laheteTunnus>{}\
         </tns:laheteTunnus><tns:tila>PYYDETTY</tns:tila><tns:tapahtumanumero>17</tns:tapahtumanumero>",
        trial::REFERRAL
    );
    assert!(body.contains(&told), "{body}");
    let (status, body) = replied("lahetaSuunnitelma", &plan(), &InboundOutcome::PlanTaken { sequence: 18 });
    assert_eq!(status, 200);
    assert!(
        body.contains("\"><tns:tapahtumanumero>18</tns:tapahtumanumero></tns:lahetaSuunnitelmaResponse>")
    );
    let refused = InboundOutcome::Refused {
        reason: "CONSENT_REQUIRED",
        hint: "no permission".to_owned(),
        retry: Retry::Never,
    };
    let (status, body) = replied("lahetaLahete", &referral(), &refused);
    assert_eq!(status, 200);
    assert!(body.contains("<faultCode>CONSENT_REQUIRED</faultCode>"), "{body}");
    let later = InboundOutcome::Refused { reason: "BUSY", hint: "later".to_owned(), retry: Retry::Backoff };
    let (status, body) = replied("lahetaSuunnitelma", &plan(), &later);
    assert_eq!(status, 500);
    assert!(
        body.contains("server.serverproxy.service_disabled") && body.contains(&trial::LOG_ID.to_string()),
        "{body}"
    );
}
