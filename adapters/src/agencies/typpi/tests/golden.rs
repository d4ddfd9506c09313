//! How does a message about a referral stand on the wire?

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DeliveryState, LegalClaim, LegalGround, ReferralHandover, ReferralNotice, ReferralState, referral_notice,
};

use super::*;

fn handover(handover: ReferralHandover) -> Delivery {
    trial::delivery("typpi", Item::Handover(handover))
}

fn notice(notice: ReferralNotice) -> Delivery {
    trial::delivery("typpi", Item::Notice(notice))
}

fn claim(ground: LegalGround) -> LegalClaim {
    LegalClaim {
        ground: ground.into(),
        statement: "Syy.".into(),
        consent_asked: ConsentAsked::NotReached.into(),
    }
}

#[test]
fn full_handover() {
    let told = ReferralHandover {
        recipient_unit: "keskusta".into(),
        claim: Some(claim(LegalGround::OutreachNotice)),
        redacted: true,
        ..trial::handover(Some(trial::content()))
    };
    let delivery = Delivery { professional: "ohjaaja-7".into(), ..handover(told) };
    same(&written(delivery), include_str!("../testdata/handover-full.xml"));
}

#[test]
fn minimal_handover() {
    same(&written(handover(trial::handover(None))), include_str!("../testdata/handover-minimal.xml"));
}

#[test]
fn notice_to_the_recipient_has_the_senders_note() {
    same(&written(notice(trial::notice())), include_str!("../testdata/notice.xml"));
}

#[test]
fn notice_to_the_sender_is_the_recipients_word() {
    let delivery =
        Delivery { sender: "typpi".into(), ..trial::delivery("ohjaamo", Item::Notice(trial::notice())) };
    let message = message(delivery, &DECISION);
    assert_eq!(message.head().sender.map(AgencyId::as_str), Some("ohjaamo"));
    let written = text_of(&message);
    assert!(written.contains("<tns:saate>Vastaanottajan sana.</tns:saate>"));
    assert!(!written.contains("Lähettäjän sana."));
}

#[test]
fn withdrawal_without_more() {
    let withdrawal = ReferralNotice {
        kind: referral_notice::Kind::ConsentWithdrawn.into(),
        state: ReferralState::ConsentWithdrawn.into(),
        time: trial::notice().time,
        answer: Some(Default::default()),
        ..ReferralNotice::default()
    };
    same(&written(notice(withdrawal)), include_str!("../testdata/withdrawal.xml"));
}

#[test]
fn status_query() {
    let message = Message::status_of(&trial::MESSAGE.parse().unwrap(), trial::now());
    same(&text_of(&message), include_str!("../testdata/status.xml"));
}

#[test]
fn how_a_delivery_has_ended() {
    let ended = [
        (DeliveryState::Delivered, "PERILLA"),
        (DeliveryState::InDoubt, "EPASELVA"),
        (DeliveryState::Rejected, "TORJUTTU"),
        (DeliveryState::Stopped, "PYSAYTETTY"),
        (DeliveryState::Expired, "VANHENTUNUT"),
    ];
    let told = |state: DeliveryState| {
        written(notice(ReferralNotice { delivery_state: state.into(), ..trial::notice() }))
    };
    for (state, code) in ended {
        let element = format!("<tns:toimitustila>{code}</tns:toimitustila><tns:saate>");
        assert!(told(state).contains(&element), "{state:?}");
    }
    for state in [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying] {
        assert!(!told(state).contains("toimitustila"), "{state:?}");
    }
}

#[test]
fn every_ground_in_law() {
    let grounds = [
        (LegalGround::OutreachNotice, "ETSIVA_NUORISOTYO_11"),
        (LegalGround::SocialCareInability, "SOSIAALIHUOLTO_35_KYKENEMATON"),
        (LegalGround::SocialCareChildInterest, "SOSIAALIHUOLTO_35_LAPSEN_ETU"),
        (LegalGround::ChildWelfareNotice, "LASTENSUOJELU_25"),
        (LegalGround::AssistanceSocialWork, "TOIMEENTULOTUKI_SOSIAALITYO"),
        (LegalGround::AssistanceSupplementary, "TOIMEENTULOTUKI_TAYDENTAVA"),
        (LegalGround::AssistanceLowered, "TOIMEENTULOTUKI_ALENNETTU"),
        (LegalGround::AssistanceUnemployedYoung, "TOIMEENTULOTUKI_NUORI_TYOTON"),
        (LegalGround::AssistanceUnemployed, "TOIMEENTULOTUKI_TYOTON"),
        (LegalGround::AssistanceImmigrant, "TOIMEENTULOTUKI_MAAHANMUUTTAJA"),
    ];
    for (ground, code) in grounds {
        let told = ReferralHandover { claim: Some(claim(ground)), ..trial::handover(Some(trial::content())) };
        let written = written(handover(told));
        let stated = format!(
            "<tns:lakiperuste><tns:saannos>{code}</tns:saannos><tns:selvitys>Syy.</tns:selvitys>\
             <tns:suostumuksenKysyminen>EI_TAVOITETTU</tns:suostumuksenKysyminen></tns:lakiperuste>"
        );
        assert!(written.contains(&stated), "{written}");
    }
}

#[test]
fn what_cannot_be_written() {
    let good = handover(trial::handover(None));
    let what =
        |delivery: Delivery| Message::of(delivery, &trial::agency("typpi"), &DECISION).err().unwrap().0;
    assert_eq!(what(Delivery { message_id: "1".into(), ..good.clone() }), "message_id");
    assert_eq!(what(Delivery { referral: "youths/1".into(), ..good.clone() }), "referral");
    assert_eq!(what(Delivery { sender: "Ohjaamo".into(), ..good.clone() }), "sender");
    assert_eq!(what(Delivery { item: None, ..good.clone() }), "item");
    let told = |told| what(Delivery { item: Some(Item::Handover(told)), ..good.clone() });
    assert_eq!(told(ReferralHandover { purpose: 0, ..trial::handover(None) }), "purpose");
    assert_eq!(told(ReferralHandover { purpose: 8, ..trial::handover(None) }), "purpose");
    assert_eq!(told(ReferralHandover { create_time: None, ..trial::handover(None) }), "create_time");
    let ground = |claim| told(ReferralHandover { claim: Some(claim), ..trial::handover(None) });
    assert_eq!(ground(claim(LegalGround::Unspecified)), "ground");
    assert_eq!(
        ground(LegalClaim { consent_asked: 99, ..claim(LegalGround::OutreachNotice) }),
        "consent_asked"
    );
    let news = |news| what(Delivery { item: Some(Item::Notice(news)), ..good.clone() });
    assert_eq!(news(ReferralNotice { kind: 0, ..trial::notice() }), "kind");
    assert_eq!(news(ReferralNotice { state: 0, ..trial::notice() }), "state");
    assert_eq!(news(ReferralNotice { time: None, ..trial::notice() }), "time");
    assert_eq!(news(ReferralNotice { delivery_state: 99, ..trial::notice() }), "delivery_state");
    assert_eq!(news(ReferralNotice { outcome: 99, ..trial::notice() }), "outcome");
    assert_eq!(news(ReferralNotice { rejection_reason: 99, ..trial::notice() }), "rejection_reason");
    let disclosure = Item::Disclosure(Default::default());
    assert_eq!(what(Delivery { item: Some(disclosure), ..good.clone() }), "disclosure");
}

#[tokio::test]
async fn permit_of_another_agency_or_too_old() {
    let item = Item::Handover(trial::handover(Some(trial::content())));
    let other = trial::permit(trial::delivery("walmu", item.clone()));
    let error = register().deliver(other, trial::now()).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::PermitMismatch);
    assert_eq!(error.to_string(), "delivery to typpi failed: the permit does not fit this delivery");
    let old = trial::permit(trial::delivery("typpi", item));
    let error = register().deliver(old, trial::instant("2027-11-01T00:00:00Z")).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::PermitMismatch);
}
