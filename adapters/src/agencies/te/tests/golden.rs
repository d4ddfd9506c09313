//! Are these the bytes?

use polku_proto::v1::delivery::Item;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Delivery, DeliveryState, LegalClaim, LegalGround, ReferralHandover, ReferralNotice, ReferralState,
    referral_notice,
};

use super::*;

fn written(delivery: Delivery) -> String {
    let (delivery, _) = trial::spent(delivery);
    let message = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("te")).unwrap();
    String::from_utf8(office().office.write(&message).unwrap()).unwrap()
}

#[track_caller]
fn same(written: &str, golden: &str) {
    assert!(written == golden.trim_end(), "{written}");
}

#[test]
fn full_handover() {
    let item = Item::Handover(trial::handover(Some(trial::content())));
    same(&written(trial::delivery("te", item)), include_str!("../testdata/handover-full.xml"));
}

#[test]
fn minimal_handover() {
    let item = Item::Handover(trial::handover(None));
    same(&written(trial::delivery("te", item)), include_str!("../testdata/handover-minimal.xml"));
}

#[test]
fn notice_to_the_recipient_has_the_senders_note() {
    let item = Item::Notice(trial::notice());
    same(&written(trial::delivery("te", item)), include_str!("../testdata/notice.xml"));
}

#[test]
fn notice_to_the_sender_has_the_recipients_note() {
    let delivery =
        Delivery { sender: "te".into(), ..trial::delivery("ohjaamo", Item::Notice(trial::notice())) };
    let message = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("te")).unwrap();
    let written = String::from_utf8(office().office.write(&message).unwrap()).unwrap();
    assert!(written.contains("<tns:huomautus>Vastaanottajan sana.</tns:huomautus>"));
    assert!(!written.contains("Lähettäjän sana."));
}

#[test]
fn notice_of_how_the_delivery_has_ended() {
    let ended = [
        (DeliveryState::Delivered, "TOIMITETTU"),
        (DeliveryState::InDoubt, "EPASELVA"),
        (DeliveryState::Rejected, "HYLATTY"),
        (DeliveryState::Stopped, "PYSAYTETTY"),
        (DeliveryState::Expired, "VANHENTUNUT"),
    ];
    let notice = |state: DeliveryState| {
        let notice = ReferralNotice { delivery_state: state.into(), ..trial::notice() };
        written(trial::delivery("te", Item::Notice(notice)))
    };
    for (state, code) in ended {
        let element = format!("</tns:tulos><tns:toimitus>{code}</tns:toimitus><tns:huomautus>");
        assert!(notice(state).contains(&element), "{state:?}");
    }
    for state in [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying] {
        assert!(!notice(state).contains("toimitus"), "{state:?}");
    }
}

#[test]
fn notice_without_more() {
    let notice = ReferralNotice {
        kind: referral_notice::Kind::ConsentWithdrawn.into(),
        state: ReferralState::ConsentWithdrawn.into(),
        time: trial::notice().time,
        answer: Some(Default::default()),
        ..ReferralNotice::default()
    };
    let written = written(trial::delivery("te", Item::Notice(notice)));
    assert!(written.contains(
        "<tns:laji>LUPA_PERUTTU</tns:laji><tns:tila>LUPA_PERUTTU</tns:tila>\
         <tns:aika>2026-11-21T09:30:00Z</tns:aika></tns:vastaanotaIlmoitus>"
    ));
}

#[test]
fn status_query() {
    let message = Message::status_of(&trial::MESSAGE.parse().unwrap(), trial::now());
    let written = String::from_utf8(office().office.write(&message).unwrap()).unwrap();
    same(&written, include_str!("../testdata/status.xml"));
}

#[test]
fn handover_to_a_unit_with_a_ground_in_law() {
    let grounds = [
        (LegalGround::OutreachNotice, "ETSIVA_NUORISOTYO"),
        (LegalGround::SocialCareInability, "KYKENEMATON_HUOLEHTIMAAN_ITSESTAAN"),
        (LegalGround::SocialCareChildInterest, "LAPSEN_ETU"),
        (LegalGround::ChildWelfareNotice, "LASTENSUOJELUILMOITUS"),
        (LegalGround::AssistanceSocialWork, "TOIMEENTULOTUKI_SOSIAALITYO"),
        (LegalGround::AssistanceSupplementary, "TOIMEENTULOTUKI_TAYDENTAVA_TAI_EHKAISEVA"),
        (LegalGround::AssistanceLowered, "TOIMEENTULOTUKI_ALENNETTU"),
        (LegalGround::AssistanceUnemployedYoung, "TOIMEENTULOTUKI_TYOTON_ALLE_25"),
        (LegalGround::AssistanceUnemployed, "TOIMEENTULOTUKI_TYOTON_25_TAYTTANYT"),
        (LegalGround::AssistanceImmigrant, "TOIMEENTULOTUKI_MAAHANMUUTTAJA"),
    ];
    for (ground, code) in grounds {
        let handover = ReferralHandover {
            recipient_unit: "keskusta".into(),
            claim: Some(claim(ground)),
            ..trial::handover(None)
        };
        let written = written(trial::delivery("te", Item::Handover(handover)));
        assert!(written.contains(
            "<tns:lahettaja>ohjaamo</tns:lahettaja><tns:vastaanottavaYksikko>keskusta</tns:vastaanottavaYksikko>"
        ));
        let stated = format!(
            "<tns:luotu>2026-11-21T09:30:00Z</tns:luotu><tns:ilmoitusperuste><tns:peruste>{code}</tns:peruste>\
             <tns:selostus>Syy.</tns:selostus><tns:suostumusta>EI_TAVOITETTU</tns:suostumusta>\
             </tns:ilmoitusperuste>"
        );
        assert!(written.contains(&stated), "{written}");
    }
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
    let good = trial::delivery("te", Item::Handover(trial::handover(None)));
    let what = |delivery: Delivery| {
        let opened = Envelope::open(delivery);
        opened.and_then(|envelope| Message::of(envelope, &trial::agency("te"))).err().unwrap().0
    };
    assert_eq!(what(Delivery { message_id: "1".into(), ..good.clone() }), "message_id");
    assert_eq!(what(Delivery { referral: "youths/1".into(), ..good.clone() }), "referral");
    assert_eq!(what(Delivery { sender: "Ohjaamo".into(), ..good.clone() }), "sender");
    assert_eq!(what(Delivery { item: None, ..good.clone() }), "item");
    let handover = |handover| what(Delivery { item: Some(Item::Handover(handover)), ..good.clone() });
    assert_eq!(handover(ReferralHandover { purpose: 0, ..trial::handover(None) }), "purpose");
    assert_eq!(handover(ReferralHandover { purpose: 99, ..trial::handover(None) }), "purpose");
    assert_eq!(handover(ReferralHandover { create_time: None, ..trial::handover(None) }), "create_time");
    let ground = |claim| handover(ReferralHandover { claim: Some(claim), ..trial::handover(None) });
    assert_eq!(ground(claim(LegalGround::Unspecified)), "ground");
    assert_eq!(ground(LegalClaim { ground: 99, ..claim(LegalGround::OutreachNotice) }), "ground");
    assert_eq!(
        ground(LegalClaim { consent_asked: 0, ..claim(LegalGround::OutreachNotice) }),
        "consent_asked"
    );
    let notice = |notice| what(Delivery { item: Some(Item::Notice(notice)), ..good.clone() });
    assert_eq!(notice(ReferralNotice { kind: 0, ..trial::notice() }), "kind");
    assert_eq!(notice(ReferralNotice { state: 0, ..trial::notice() }), "state");
    assert_eq!(notice(ReferralNotice { time: None, ..trial::notice() }), "time");
    assert_eq!(notice(ReferralNotice { delivery_state: 99, ..trial::notice() }), "delivery_state");
    assert_eq!(notice(ReferralNotice { outcome: 99, ..trial::notice() }), "outcome");
    assert_eq!(notice(ReferralNotice { rejection_reason: 99, ..trial::notice() }), "rejection_reason");
}

#[tokio::test]
async fn permit_of_another_agency_or_too_old() {
    let item = Item::Handover(trial::handover(Some(trial::content())));
    let other = trial::permit(trial::delivery("walmu", item.clone()));
    let error = office().deliver(other, trial::now()).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::PermitMismatch);
    assert_eq!(error.to_string(), "delivery to te failed: the permit does not fit this delivery");
    let old = trial::permit(trial::delivery("te", item));
    let error = office().deliver(old, trial::instant("2027-11-01T00:00:00Z")).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::PermitMismatch);
}
