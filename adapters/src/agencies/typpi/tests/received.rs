//! What is taken in at the inbound endpoint, and how is it answered?

use http::{HeaderMap, HeaderValue};
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{LegalGround, Outcome, PlanState, Purpose, ReferralState, RejectionReason};

use super::*;
use crate::agencies::trial::Step;
use crate::transport::xroad::id::ServiceId;
use crate::transport::xroad::soap::{Headers, write_request};
use crate::{InboundChange, InboundEvent, InboundMatter, Retry};

const PERSON: &str =
    "<asiakastiedot><henkilo><hetu>010594Y9032</hetu><etunimet>Aino</etunimet></henkilo></asiakastiedot>";

fn envelope(service: &str, inside: &str) -> String {
    let id = ServiceId::new(GATEWAY.parse().unwrap(), service, Some("v1")).unwrap();
    let headers = Headers::new(REGISTER.parse().unwrap(), id, "1");
    let empty = String::from_utf8(write_request(&headers, wire::NAMESPACE, |_| ()).unwrap()).unwrap();
    let qualified = inside.replace("</", "\u{1}").replace('<', "<tns:").replace('\u{1}', "</tns:");
    empty.replace(&format!("</tns:{service}>"), &format!("{qualified}</tns:{service}>"))
}

fn http_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/xml; charset=utf-8"));
    headers
}

fn received_as(peer: Option<[u8; 32]>, body: &str) -> Result<InboundEvent, InboundError> {
    let headers = http_headers();
    let inbound = Inbound { headers: &headers, body: body.as_bytes(), peer, now: trial::now() };
    register().receive(&inbound).map(|received| received.event)
}

pub(super) fn received(service: &str, inside: &str) -> Result<InboundEvent, InboundError> {
    received_as(Some(PIN), &envelope(service, inside))
}

pub(super) fn replied(service: &str, inside: &str, outcome: &InboundOutcome) -> (u16, String) {
    let (headers, body) = (http_headers(), envelope(service, inside));
    let inbound = Inbound { headers: &headers, body: body.as_bytes(), peer: Some(PIN), now: trial::now() };
    let received = register().receive(&inbound).unwrap();
    let reply = register().reply(&received.context, outcome, trial::LOG_ID);
    assert_eq!(reply.retry_after, None);
    (reply.status.as_u16(), String::from_utf8(reply.body).unwrap())
}

fn start() -> String {
    format!(
        "<viestiTunnus>{}</viestiTunnus><virkailija><tunnus>v-7</tunnus><yksikko>nuoret</yksikko></virkailija>",
        trial::MESSAGE
    )
}

#[test]
fn every_step() {
    trial::try_every_step(|told, note| {
        let reason = |reason| format!("<hylkaysSyy>{}</hylkaysSyy>", codes::reason(reason).unwrap());
        let outcome = |outcome| format!("<lopputulos>{}</lopputulos>", codes::outcome(outcome).unwrap());
        let (code, more) = match told {
            Step::Accept => ("OTA_VASTAAN", String::new()),
            Step::Reject(why) => ("HYLKAA", reason(why)),
            Step::Ask => ("PYYDA_LISATIETO", String::new()),
            Step::Start => ("KAYNNISTA", String::new()),
            Step::Hold => ("TAUOTA", String::new()),
            Step::Complete(result) => ("PAATA", outcome(result)),
            Step::Fail(result) => ("PAATA_TULOKSETTA", outcome(result)),
            Step::Cancel => ("PERU", String::new()),
            Step::ConfirmCancellation => ("VAHVISTA_PERUMINEN", String::new()),
        };
        // `envelope` knows no marks but those of elements.
        let body = envelope(
            "paivitaLahete",
            &step(&format!("<toiminto>{code}</toiminto>{more}<saate>SANA</saate>")),
        );
        received_as(Some(PIN), &body.replace("SANA", &trial::as_xml(note))).ok().map(trial::changed)
    });
}

pub(super) fn step(rest: &str) -> String {
    format!("{}<laheteTunnus>{}</laheteTunnus>{rest}", start(), trial::REFERRAL)
}

pub(super) fn referral() -> String {
    format!(
        "{}<vastaanottaja>etsiva</vastaanottaja><kohdeyksikko>keskusta</kohdeyksikko>\
         <kayttotarkoitus>ETSIVA_NUORISOTYO</kayttotarkoitus>\
         <vastattavaViimeistaan>2026-12-21T09:30:00Z</vastattavaViimeistaan>\
         <lakiperuste><saannos>ETSIVA_NUORISOTYO_11</saannos><selvitys>Huoli.</selvitys>\
         <suostumuksenKysyminen>EI_TAVOITETTU</suostumuksenKysyminen></lakiperuste>{PERSON}",
        start()
    )
}

pub(super) fn plan() -> String {
    format!(
        "{}<suunnitelma><suunnitelmanTunnus>MTS-4</suunnitelmanTunnus><versio>2</versio>\
         <muutettu>2026-10-01T08:00:00Z</muutettu><suunnitelmanTila>VOIMASSA</suunnitelmanTila>{PERSON}\
         <tarve><tunnus>t1</tunnus><tietoluokka>PALVELUTARPEET</tietoluokka><kuvaus>Ohjausta</kuvaus></tarve>\
         <palvelu><tunnus>p1</tunnus><tietoluokka>SUUNNITELMA</tietoluokka><nimike>Kurssi</nimike>\
         <palvelunTila>TEHTY</palvelunTila><toteutunut><alkaa>2026-09-01</alkaa></toteutunut></palvelu>\
         <seuraavaTarkistus>2027-01-15</seuraavaTarkistus></suunnitelma>",
        start()
    )
}

#[test]
fn every_code_of_a_step() {
    let changed = |rest: &str| trial::changed(received("paivitaLahete", &step(rest)).unwrap());
    let note = || "Sana.".to_owned();
    let with_note = |code: &str| format!("<toiminto>{code}</toiminto><saate>Sana.</saate>");
    assert!(changed(&with_note("OTA_VASTAAN")) == InboundChange::Accept { note: note() });
    assert!(changed(&with_note("PYYDA_LISATIETO")) == InboundChange::RequestInformation { question: note() });
    assert!(changed(&with_note("KAYNNISTA")) == InboundChange::Start { note: note() });
    assert!(changed(&with_note("TAUOTA")) == InboundChange::Hold { note: note() });
    assert!(changed(&with_note("PERU")) == InboundChange::Cancel { note: note() });
    assert!(changed(&with_note("VAHVISTA_PERUMINEN")) == InboundChange::ConfirmCancellation { note: note() });
    let reasons = [
        ("EI_TILAA", RejectionReason::NoCapacity),
        ("EI_KUULU_KOHDERYHMAAN", RejectionReason::NotEligible),
        ("VAARA_PALVELU", RejectionReason::WrongService),
        ("TOINEN_ALUE", RejectionReason::OutsideArea),
        ("TIEDOT_PUUTTEELLISET", RejectionReason::InsufficientInformation),
        ("MUU_SYY", RejectionReason::Other),
    ];
    for (code, reason) in reasons {
        let told = changed(&format!("<toiminto>HYLKAA</toiminto><hylkaysSyy>{code}</hylkaysSyy>"));
        assert!(told == InboundChange::Reject { reason, note: String::new() }, "{code}");
    }
    let outcomes = [
        ("PALVELU_SAATU", Outcome::GotService),
        ("OHJATTU_EDELLEEN", Outcome::ReferredElsewhere),
        ("EI_TAVOITETTU", Outcome::CouldNotContact),
        ("EI_KUULU_KOHDERYHMAAN", Outcome::NotEligible),
        ("EI_TILAA", Outcome::NoCapacity),
        ("EI_HALUA_PALVELUA", Outcome::NoLongerInterested),
        ("PERUI_LUVAN", Outcome::WithdrewConsent),
        ("EI_TIETOA", Outcome::Unknown),
    ];
    for (code, outcome) in outcomes {
        let told = |action| {
            let outcome = format!("<lopputulos>{code}</lopputulos><saate>Sana.</saate>");
            changed(&format!("<toiminto>{action}</toiminto>{outcome}"))
        };
        assert!(told("PAATA") == InboundChange::Complete { outcome, note: note() });
        assert!(told("PAATA_TULOKSETTA") == InboundChange::Fail { outcome, note: note() });
    }
    let answer = "<toiminto>ANNA_LISATIETO</toiminto>\
                  <asiakastiedot><palvelutarpeet><ohjauksenSyy>Kyllä.</ohjauksenSyy></palvelutarpeet></asiakastiedot>";
    let InboundChange::ProvideInformation { answer, origin: None } = changed(answer) else { panic!() };
    assert_eq!(answer.reason, "Kyllä.");
}

#[test]
fn who_says_so() {
    let event = received("paivitaLahete", &step("<toiminto>OTA_VASTAAN</toiminto>")).unwrap();
    assert_eq!((event.official.as_str(), event.unit.as_str()), ("v-7", "nuoret"));
    assert_eq!(event.message.to_string(), trial::MESSAGE);
    let InboundMatter::Change { referral, .. } = event.matter else { panic!("no change") };
    assert_eq!(referral.to_string(), trial::REFERRAL);
}

#[test]
fn referral_of_the_joint_service() {
    let InboundMatter::Referral(told) = received("lahetaLahete", &referral()).unwrap().matter else {
        panic!()
    };
    assert_eq!(told.identity.expose(), "010594Y9032");
    assert_eq!(told.recipient.to_string(), "etsiva/keskusta");
    assert_eq!(told.purpose, Purpose::OutreachYouthWork);
    assert_eq!(told.respond_by, Some(trial::instant("2026-12-21T09:30:00Z")));
    let claim = told.claim.unwrap();
    assert_eq!(
        (claim.ground(), claim.consent_asked()),
        (LegalGround::OutreachNotice, ConsentAsked::NotReached)
    );
    assert_eq!((told.content.given_names.as_str(), told.content.identity_code.as_str()), ("Aino", ""));
    let least = format!(
        "{}<vastaanottaja>paja</vastaanottaja><kayttotarkoitus>OHJAUS</kayttotarkoitus>\
         <asiakastiedot><henkilo><hetu>010594Y9032</hetu></henkilo></asiakastiedot>",
        start()
    );
    let InboundMatter::Referral(told) = received("lahetaLahete", &least).unwrap().matter else { panic!() };
    assert_eq!(told.recipient.to_string(), "paja");
    assert!(told.respond_by.is_none() && told.claim.is_none() && told.content == Default::default());
}

#[test]
fn plan_of_the_joint_service() {
    let InboundMatter::PlanPart(told) = received("lahetaSuunnitelma", &plan()).unwrap().matter else {
        panic!()
    };
    assert_eq!(told.identity.expose(), "010594Y9032");
    assert_eq!((told.part.owner.as_str(), told.part.plan.as_str(), told.part.revision), ("typpi", "", 2));
    assert_eq!(told.part.state(), PlanState::Active);
    assert_eq!(told.part.background.unwrap().identity_code, "");
    assert_eq!(told.part.actions[0].start, "2026-09-01");
    let name = format!("youths/{}/plans/{}", trial::YOUTH, trial::PLAN);
    let joint = format!("<suunnitelma><yhteissuunnitelma>{name}</yhteissuunnitelma>");
    let joint = plan().replace("<suunnitelma>", &joint);
    let InboundMatter::PlanPart(told) = received("lahetaSuunnitelma", &joint).unwrap().matter else {
        panic!()
    };
    assert_eq!(told.part.plan, name);
}

fn code(service: &str, inside: &str) -> String {
    match received(service, inside) {
        Err(InboundError::Malformed { code, expected }) => {
            assert!(!expected.contains("010594") && !expected.contains("Aino"), "{expected}");
            code
        }
        Err(InboundError::Unauthenticated { .. }) => "unauthenticated".to_owned(),
        Ok(_) => "taken in".to_owned(),
    }
}

#[test]
fn bad_steps() {
    let good = step("<toiminto>OTA_VASTAAN</toiminto>");
    assert_eq!(code("paivitaLahete", &good), "taken in");
    let altered = [
        (trial::MESSAGE, "{0193c5a0-0000-7000-8000-000000000003}"),
        (trial::REFERRAL, ""),
        ("<tunnus>v-7</tunnus>", ""),
        ("v-7", "010594Y9032"),
        ("v-7", "Aino Esimerkki"),
        ("<yksikko>nuoret</yksikko>", ""),
        ("</virkailija>", "<muu></muu></virkailija>"),
        ("<virkailija>", "<virkailija>x"),
        ("<toiminto>", "<toiminto> "),
        ("OTA_VASTAAN", "HYVAKSY"),
    ];
    for (from, to) in altered {
        assert!(good.contains(from), "{from}");
        assert_eq!(code("paivitaLahete", &good.replace(from, to)), "client.invalid_body", "{from} {to}");
    }
    let accept = "<toiminto>OTA_VASTAAN</toiminto>";
    let answer = "<toiminto>ANNA_LISATIETO</toiminto>";
    let told = "<asiakastiedot><suunnitelmatiivistelma>a</suunnitelmatiivistelma></asiakastiedot>";
    let bad = [
        String::new(),
        format!("{accept}{accept}"),
        format!("{accept}<muu></muu>"),
        format!("{accept}<hylkaysSyy>EI_TILAA</hylkaysSyy>"),
        format!("{accept}<lopputulos>PALVELU_SAATU</lopputulos>"),
        format!("{accept}{told}"),
        format!("{accept}<saate>{}</saate>", "ö".repeat(2001)),
        format!("{accept}<saate>\u{7f}</saate>"),
        format!("{accept}<saate><b></b></saate>"),
        "<toiminto>HYLKAA</toiminto>".to_owned(),
        "<toiminto>HYLKAA</toiminto><hylkaysSyy>HUVIKSI</hylkaysSyy>".to_owned(),
        "<toiminto>PAATA</toiminto>".to_owned(),
        "<toiminto>PAATA</toiminto><saate>a</saate><lopputulos>EI_TIETOA</lopputulos>".to_owned(),
        "<toiminto>PAATA_TULOKSETTA</toiminto><lopputulos>EI_TIETOA</lopputulos>".to_owned(),
        "<toiminto>PYYDA_LISATIETO</toiminto>".to_owned(),
        "<toiminto>TAUOTA</toiminto><saate> </saate>".to_owned(),
        answer.to_owned(),
        format!("{answer}<asiakastiedot></asiakastiedot>"),
        format!("{answer}{PERSON}"),
        format!("{answer}<saate>a</saate>{told}"),
        format!("{answer}<hylkaysSyy>EI_TILAA</hylkaysSyy>{told}"),
        format!("{answer}{told}{told}"),
    ];
    for rest in bad {
        assert_eq!(code("paivitaLahete", &step(&rest)), "client.invalid_body", "{rest}");
    }
    assert_eq!(code("paivitaLahete", &step(&format!("{answer}{told}"))), "taken in");
}

#[test]
fn bad_referrals_and_plans() {
    let referrals = [
        ("010594Y9032", "010594Y9033"),
        ("<hetu>010594Y9032</hetu>", ""),
        (PERSON, ""),
        ("<vastaanottaja>etsiva</vastaanottaja>", ""),
        ("<vastaanottaja>etsiva", "<vastaanottaja>Etsiva"),
        ("keskusta", "keskusta/2"),
        ("keskusta", "010594Y9032"),
        ("keskusta", "x-010594-9032"),
        ("<kayttotarkoitus>ETSIVA_NUORISOTYO", "<kayttotarkoitus>TILASTO"),
        ("2026-12-21T09:30:00Z", "2026-12-21"),
        ("2026-12-21T09:30:00Z", "2026-12-21T09:30:00+02:00"),
        ("ETSIVA_NUORISOTYO_11", "MUU"),
        ("<selvitys>Huoli.</selvitys>", ""),
        ("Huoli.", " "),
        ("EI_TAVOITETTU", "EI"),
        ("Aino", "\u{7f}"),
        ("</henkilo>", "</henkilo><muu></muu>"),
        ("</henkilo>", "<muu></muu></henkilo>"),
        ("</asiakastiedot>", "</asiakastiedot><muu></muu>"),
        ("</henkilo>", "</henkilo><koulutusJaTyo><koulutusaste>+3</koulutusaste></koulutusJaTyo>"),
        ("</henkilo>", "</henkilo><koulutusJaTyo><koulutusaste>10</koulutusaste></koulutusJaTyo>"),
        ("</henkilo>", "</henkilo><palvelutarpeet><palvelutarve></palvelutarve></palvelutarpeet>"),
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
        ("<versio>2", "<versio>99999999999999999999"),
        ("MTS-4", "MTS 4"),
        ("MTS-4", "010594Y9032"),
        ("<suunnitelmanTunnus>", "<yhteissuunnitelma>plans/1</yhteissuunnitelma><suunnitelmanTunnus>"),
        ("PALVELUTARPEET", "PALVELUT"),
        ("<kuvaus>Ohjausta</kuvaus>", ""),
        ("<tunnus>t1</tunnus>", ""),
        ("2027-01-15", "2027-02-29"),
        ("2026-10-01T08:00:00Z", "2026-10-01T08:00Z"),
        ("<suunnitelma>", "<suunnitelma><omistaja>kela</omistaja>"),
        ("</tarve>", "</tarve><tavoite></tavoite>"),
        // What is done has dates that came to be; what is planned has planned ones.
        ("toteutunut>", "suunniteltu>"),
        ("TEHTY", "SOVITTU"),
        ("</suunnitelma>", "</suunnitelma><muu></muu>"),
    ];
    for (from, to) in plans {
        assert!(plan().contains(from), "{from}");
        assert_eq!(
            code("lahetaSuunnitelma", &plan().replace(from, to)),
            "client.invalid_body",
            "{from} {to}"
        );
    }
    assert_eq!(code("haeAsiakas", &referral()), "client.unknown_service");
}

#[test]
fn other_peers_and_subsystems() {
    let good = envelope("paivitaLahete", &step("<toiminto>OTA_VASTAAN</toiminto>"));
    for peer in [None, Some([0xcd; 32])] {
        assert!(matches!(received_as(peer, &good), Err(InboundError::Unauthenticated { .. })));
    }
    let other = good.replace("yhteisrekisteri</id:subsystemCode>", "muu</id:subsystemCode>");
    assert!(matches!(received_as(Some(PIN), &other), Err(InboundError::Unauthenticated { .. })));
    let foreign = good.replace(wire::NAMESPACE, "http://ohjaus.te.example/lahete/v1");
    assert!(matches!(received_as(Some(PIN), &foreign), Err(InboundError::Malformed { .. })));
    assert!(received_as(Some(PIN), &good).is_ok());
}

#[test]
fn replies() {
    let accept = step("<toiminto>OTA_VASTAAN</toiminto>");
    let applied = InboundOutcome::Applied { state: ReferralState::Accepted, sequence: 16 };
    let (status, body) = replied("paivitaLahete", &accept, &applied);
    let told =
        "<tns:lahetteenTila>OTETTU_VASTAAN</tns:lahetteenTila><tns:tapahtumanumero>16</tns:tapahtumanumero>";
    assert!(status == 200 && body.contains(told), "{body}");
    let sent = InboundOutcome::Sent {
        referral: trial::REFERRAL.parse().unwrap(),
        state: ReferralState::Requested,
        sequence: 17,
    };
    let (status, body) = replied("lahetaLahete", &referral(), &sent);
    let told = format!(
        "<tns:laheteTunnus>{}</tns:laheteTunnus><tns:lahetteenTila>ODOTTAA</tns:lahetteenTila>\
         <tns:tapahtumanumero>17</tns:tapahtumanumero></tns:lahetaLaheteResponse>",
        trial::REFERRAL
    );
    assert!(status == 200 && body.contains(&told), "{body}");
    let (status, body) = replied("lahetaSuunnitelma", &plan(), &InboundOutcome::PlanTaken { sequence: 18 });
    let told = "\"><tns:tapahtumanumero>18</tns:tapahtumanumero></tns:lahetaSuunnitelmaResponse>";
    assert!(status == 200 && body.contains(told), "{body}");
    let refused = InboundOutcome::Refused {
        reason: "CONSENT_REQUIRED",
        hint: "no permission".to_owned(),
        retry: Retry::Never,
    };
    let (status, body) = replied("lahetaLahete", &referral(), &refused);
    assert!(status == 200 && body.contains("<faultCode>CONSENT_REQUIRED</faultCode>"), "{body}");
    let later = InboundOutcome::Refused { reason: "BUSY", hint: "later".to_owned(), retry: Retry::Backoff };
    let (status, body) = replied("lahetaSuunnitelma", &plan(), &later);
    assert!(status == 500 && body.contains("server.serverproxy.service_disabled"), "{body}");
    assert!(body.contains(&trial::LOG_ID.to_string()), "{body}");
}
