//! Are these the bytes?

use polku_proto::v1::delivery::Item;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Delivery, DeliveryState, LegalClaim, LegalGround, ReferralContent, ReferralHandover, ReferralNotice,
};

use super::*;

fn message(delivery: Delivery) -> Message {
    let (delivery, decision) = trial::spent(delivery);
    Message::of(Envelope::open(delivery).unwrap(), &trial::agency("walmu"), &decision).unwrap()
}

#[track_caller]
fn same(message: &Message, golden: &str) {
    let written = std::str::from_utf8(&message.body).unwrap();
    assert!(written == golden.trim_end(), "{written}");
}

#[test]
fn full_handover() {
    let item = Item::Handover(trial::handover(Some(trial::content())));
    let message = message(trial::delivery("walmu", item));
    assert_eq!(message.path, "/lahetteet");
    same(&message, include_str!("../testdata/handover-full.json"));
}

#[test]
fn the_professional_whose_word_it_is() {
    let items =
        [Item::Handover(trial::handover(None)), Item::Notice(trial::notice()), Item::PlanPart(plans::part())];
    for item in items {
        let delivery = Delivery { professional: "ohjaaja-1".into(), ..trial::delivery("walmu", item) };
        let written = String::from_utf8(message(delivery).body).unwrap();
        assert!(written.contains(r#""lahettavaHenkilo":"ohjaaja-1""#), "{written}");
    }
}

#[test]
fn minimal_handover() {
    let item = Item::Handover(trial::handover(None));
    same(&message(trial::delivery("walmu", item)), include_str!("../testdata/handover-minimal.json"));
}

#[test]
fn empty_objects_are_left_out() {
    let content = ReferralContent {
        contact: Some(Default::default()),
        education_work: Some(Default::default()),
        ..ReferralContent::default()
    };
    let item = Item::Handover(trial::handover(Some(content)));
    let (_, decision) = trial::spent(trial::delivery("walmu", Item::Handover(trial::handover(None))));
    let delivery = trial::delivery("walmu", item);
    let message = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("walmu"), &decision).unwrap();
    let written = String::from_utf8(message.body).unwrap();
    assert!(!written.contains("asiakas") && !written.contains("tausta"), "{written}");
}

#[test]
fn notice() {
    let message = message(trial::delivery("walmu", Item::Notice(trial::notice())));
    assert_eq!(message.path, format!("/lahetteet/{}/ilmoitukset", trial::REFERRAL));
    same(&message, include_str!("../testdata/notice.json"));
}

#[test]
fn notice_of_how_the_delivery_has_ended() {
    let ended = [
        (DeliveryState::Delivered, "toimitettu"),
        (DeliveryState::InDoubt, "epaselva"),
        (DeliveryState::Rejected, "hylatty"),
        (DeliveryState::Stopped, "pysaytetty"),
        (DeliveryState::Expired, "vanhentunut"),
    ];
    let notice = |state: DeliveryState| {
        let notice = ReferralNotice { delivery_state: state.into(), ..trial::notice() };
        String::from_utf8(message(trial::delivery("walmu", Item::Notice(notice))).body).unwrap()
    };
    for (state, code) in ended {
        assert!(notice(state).contains(&format!(r#""toimitus":"{code}""#)), "{state:?}");
    }
    for state in [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying] {
        assert!(!notice(state).contains("toimitus"), "{state:?}");
    }
}

#[test]
fn handover_to_a_unit_with_a_ground_in_law() {
    let handover = ReferralHandover {
        recipient_unit: "verstas".into(),
        claim: Some(claim(LegalGround::AssistanceUnemployedYoung)),
        ..trial::handover(None)
    };
    let written =
        String::from_utf8(message(trial::delivery("walmu", Item::Handover(handover))).body).unwrap();
    assert!(written.contains(r#""lahettavaTaho":"ohjaamo","vastaanottavaYksikko":"verstas","#), "{written}");
    let stated = r#""ilmoitusperuste":{"peruste":"toimeentulotuki_tyoton_alle_25","selostus":"Syy.","suostumusta":"ei_tavoitettu"}"#;
    assert!(written.contains(stated), "{written}");
}

fn claim(ground: LegalGround) -> LegalClaim {
    LegalClaim {
        ground: ground.into(),
        statement: "Syy.".into(),
        consent_asked: ConsentAsked::NotReached.into(),
    }
}

#[test]
fn what_cannot_be_written() {
    let good = trial::delivery("walmu", Item::Handover(trial::handover(None)));
    let (_, decision) = trial::spent(good.clone());
    let what = |item| {
        let envelope = Envelope::open(Delivery { item: Some(item), ..good.clone() }).unwrap();
        Message::of(envelope, &trial::agency("walmu"), &decision).err().unwrap().0
    };
    assert_eq!(what(Item::Handover(ReferralHandover { purpose: 0, ..trial::handover(None) })), "purpose");
    assert_eq!(
        what(Item::Handover(ReferralHandover { create_time: None, ..trial::handover(None) })),
        "create_time"
    );
    let ground =
        |claim| what(Item::Handover(ReferralHandover { claim: Some(claim), ..trial::handover(None) }));
    assert_eq!(ground(claim(LegalGround::Unspecified)), "ground");
    assert_eq!(
        ground(LegalClaim { consent_asked: 99, ..claim(LegalGround::OutreachNotice) }),
        "consent_asked"
    );
    assert_eq!(what(Item::Notice(ReferralNotice { kind: 0, ..trial::notice() })), "kind");
    let undelivered = ReferralNotice { delivery_state: 77, ..trial::notice() };
    assert_eq!(what(Item::Notice(undelivered)), "delivery_state");
    assert_eq!(what(Item::Notice(ReferralNotice { state: 77, ..trial::notice() })), "state");
    assert_eq!(what(Item::Notice(ReferralNotice { time: None, ..trial::notice() })), "time");
}
