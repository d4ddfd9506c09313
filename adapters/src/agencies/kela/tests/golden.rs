//! Are these the bytes, the path and the headers?

use http::Uri;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DisclosureNotice, LegalClaim, LegalGround, Purpose, ReferralContent, ReferralHandover, ReferralNotice,
    referral_notice,
};

use super::*;

#[track_caller]
fn same(body: &[u8], golden: &str) {
    // The order of members says nothing.
    assert!(json(body) == json(golden.as_bytes()), "{}", String::from_utf8_lossy(body));
}

fn handover(handover: ReferralHandover) -> Message {
    message(Delivery {
        professional: "ohjaaja-7".to_owned(),
        ..trial::delivery("kela", Item::Handover(handover))
    })
}

#[test]
fn contact_request_for_nuotti_coaching() {
    let purpose = Purpose::Rehabilitation.into();
    let content = ReferralContent { identity_code: "020504A902E".into(), ..trial::content() };
    let message = handover(ReferralHandover { purpose, ..trial::handover(Some(content)) });
    same(&message.body, include_str!("../testdata/nuotti.json"));
    let request = kela().xroad.call(delivering(&message)).unwrap();
    let request = request.request(&Uri::from_static("https://ss.example/")).unwrap();
    let path = "https://ss.example/r1/FI-TEST/GOV/9999903-9/etuudet/nuorten-palvelut/yhteydenotot";
    assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("POST", path));
    let headers = [
        ("x-road-client", "FI-TEST/ORG/9999902-0/polku"),
        ("x-road-id", trial::MESSAGE),
        ("x-road-userid", "FIohjaaja-7"),
        ("x-road-issue", trial::REFERRAL),
        ("x-road-represented-party", "MUN/9999904-7"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
    ];
    for (name, value) in headers {
        assert_eq!(request.headers()[name], value, "{name}");
    }
    assert_eq!(request.headers().len(), headers.len());
}

/// Nuotti coaching is for 16 to 29 year olds; to others Kela has other rehabilitation to offer.
#[test]
fn who_is_too_young_or_too_old_for_nuotti_coaching_is_told_of_all_the_same() {
    let sort = |identity_code: &str| {
        let purpose = Purpose::Rehabilitation.into();
        let content = ReferralContent { identity_code: identity_code.into(), ..trial::content() };
        let content = if identity_code.is_empty() { None } else { Some(content) };
        let written = json(&handover(ReferralHandover { purpose, ..trial::handover(content) }).body);
        let (sort, request) = written.as_object().unwrap().iter().next().unwrap();
        (sort.clone(), request["kayttotarkoitus"].as_str().map(str::to_owned))
    };
    // Today it is 21 November 2026 in Finland.
    let nuotti = ("nuottiYhteydenotto".to_owned(), None);
    let other = ("yhteydenottopyynto".to_owned(), Some("KUNTOUTUS".to_owned()));
    for (born, sign, expected) in [
        ("211110", 'A', &nuotti),
        ("221110", 'A', &other),
        ("221196", '-', &nuotti),
        ("211196", '-', &other),
        ("020504", 'A', &nuotti),
        ("010516", 'B', &other),
        ("010594", 'Y', &other),
    ] {
        let number: usize = format!("{born}902").parse().unwrap();
        let check = char::from(b"0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31]);
        assert_eq!(sort(&format!("{born}{sign}902{check}")), *expected, "{born}{sign}");
    }
    assert_eq!(sort(""), other, "whose age is not known");
}

#[test]
fn other_contact_requests() {
    same(&handover(trial::handover(None)).body, include_str!("../testdata/request-minimal.json"));
    let claim = LegalClaim {
        ground: LegalGround::SocialCareInability.into(),
        statement: "Syy.".into(),
        consent_asked: ConsentAsked::NotReached.into(),
    };
    let full = ReferralHandover {
        claim: Some(claim),
        recipient_unit: "oulu".into(),
        redacted: true,
        ..trial::handover(Some(trial::content()))
    };
    same(&handover(full).body, include_str!("../testdata/request-full.json"));
}

#[test]
fn news() {
    let message = message(trial::delivery("kela", Item::Notice(trial::notice())));
    assert_eq!((message.path, message.issue.as_deref()), ("ilmoitukset", Some(trial::REFERRAL)));
    same(&message.body, include_str!("../testdata/notice.json"));
}

#[test]
fn a_permission_taken_back() {
    let kind = referral_notice::Kind::ConsentWithdrawn.into();
    let notice = ReferralNotice { kind, answer: None, ..trial::notice() };
    let written = json(&message(trial::delivery("kela", Item::Notice(notice))).body);
    assert_eq!(written["laji"], "LUPA_PERUTTU");
    assert_eq!(written.get("lisatiedot"), None);
}

#[test]
fn a_professional_with_an_identity_code_for_an_id_is_not_repeated() {
    let delivery = trial::delivery("kela", Item::Handover(trial::handover(None)));
    let message = message(Delivery { professional: "010594Y9032".to_owned(), ..delivery });
    assert!(!String::from_utf8_lossy(&message.body).contains("010594Y9032"));
    let call = kela().xroad.call(delivering(&message)).unwrap();
    assert_eq!(call.user_id, "FIpolku");
}

#[test]
fn news_to_kela_as_sender_is_the_recipients_word() {
    let mut delivery = trial::delivery("ohjaamo", Item::Notice(trial::notice()));
    delivery.sender = "kela".to_owned();
    let (_, decision) = trial::spent(trial::delivery("kela", Item::Notice(trial::notice())));
    let message = Message::delivering(delivery, &trial::agency("kela"), &decision, coached()).unwrap();
    assert_eq!(json(&message.body)["huomautus"], "Vastaanottajan sana.");
    let party = kela().xroad.call(delivering(&message)).unwrap().represented_party;
    assert_eq!((party.class.as_deref(), party.code.as_str()), (Some("MUN"), "9999904-7"));
}

#[test]
fn what_cannot_be_written() {
    let good = trial::delivery("kela", Item::Handover(trial::handover(None)));
    let (_, decision) = trial::spent(good.clone());
    let what = |item| {
        let envelope = Envelope::open(Delivery { item: Some(item), ..good.clone() }).unwrap();
        Message::of(envelope, &trial::agency("kela"), &decision, coached()).err().unwrap().0
    };
    let handover = |change: fn(&mut ReferralHandover)| {
        let mut handover = trial::handover(None);
        change(&mut handover);
        what(Item::Handover(handover))
    };
    assert_eq!(handover(|handover| handover.purpose = 0), "purpose");
    assert_eq!(handover(|handover| handover.purpose = Purpose::Statistics.into()), "purpose");
    assert_eq!(handover(|handover| handover.create_time = None), "create_time");
    assert_eq!(handover(|handover| handover.claim = Some(LegalClaim::default())), "ground");
    assert_eq!(what(Item::Notice(ReferralNotice { kind: 0, ..trial::notice() })), "kind");
    assert_eq!(what(Item::Notice(ReferralNotice { state: 77, ..trial::notice() })), "state");
    assert_eq!(what(Item::Notice(ReferralNotice { time: None, ..trial::notice() })), "time");
    assert_eq!(what(Item::Notice(ReferralNotice { outcome: 77, ..trial::notice() })), "outcome");
    assert_eq!(what(Item::Disclosure(DisclosureNotice::default())), "disclosure");
}
