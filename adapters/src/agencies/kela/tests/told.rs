//! Is anything lost of a request to Kela, or of news about a referral?

use polku_policy::Viewer;
use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{DeliveryState, LegalClaim, Purpose, ReferralHandover, ReferralNotice, ReferralState};
use proptest::prelude::*;
use serde_json::Value;

use super::plan_round_trip::{TOLD, told};
use super::*;
use crate::agencies::trial::{Members, any};

/// `nuottiYhteydenotto` or `yhteydenottopyynto`, as README.md has them.
fn read_handover(written: Value) -> ReferralHandover {
    let mut document = Members::of(written);
    let nuotti = document.object("nuottiYhteydenotto");
    let is_nuotti = nuotti.is_some();
    let mut request = nuotti.or_else(|| document.object("yhteydenottopyynto")).unwrap();
    document.end();
    let frame = (request.text("sanomaTunnus"), request.text("laheteTunnus"));
    assert_eq!(frame, (trial::MESSAGE.to_owned(), trial::REFERRAL.to_owned()));
    assert_eq!(request.object("yhteistyokumppani").unwrap().whole(|partner| partner.text("taho")), "ohjaamo");
    let grounds = (request.texts("suostumusId").len(), request.texts("saannokset").len());
    assert_eq!(grounds, (1, 1));
    let content = told(request.all(&TOLD));
    request.whole(|request| ReferralHandover {
        purpose: match is_nuotti {
            true => Purpose::Rehabilitation.into(),
            false => request.code("kayttotarkoitus", codes::purpose),
        },
        create_time: request.instant("luotu").and_then(|instant| time::to_wire(instant).ok()),
        respond_by: request.instant("vastausViimeistaan").and_then(|instant| time::to_wire(instant).ok()),
        content: content.clone(),
        recipient_unit: request.text("vastaanottavaYksikko"),
        claim: request.object("ilmoitusperuste").map(|mut claim| {
            claim.whole(|claim| LegalClaim {
                ground: claim.code("peruste", codes::ground),
                statement: claim.text("selostus"),
                consent_asked: claim.code("suostumusta", codes::consent_asked),
            })
        }),
        redacted: request.flag("tietojaKarsittu"),
    })
}

/// A document of `ilmoitukset`, to Kela as the sender of the referral or as its recipient: the word is the other one's.
fn read_notice(written: Value, viewer: Viewer) -> ReferralNotice {
    let mut all = Members::of(written);
    let frame = (all.text("sanomaTunnus"), all.text("laheteTunnus"));
    assert_eq!(frame, (trial::MESSAGE.to_owned(), trial::REFERRAL.to_owned()));
    let word = all.text("huomautus");
    let notice = all.whole(|all| ReferralNotice {
        kind: all.code::<Kind>("laji", codes::kind),
        state: all.code::<ReferralState>("tila", codes::state),
        time: all.instant("aika").and_then(|instant| time::to_wire(instant).ok()),
        rejection_reason: all.code("hylkaysSyy", codes::reason),
        outcome: all.code("tulos", codes::outcome),
        delivery_state: all.code::<DeliveryState>("toimitus", codes::delivery),
        answer: all.value("lisatiedot").and_then(told),
        ..ReferralNotice::default()
    });
    match viewer {
        Viewer::Author => ReferralNotice { status_note: word, ..notice },
        Viewer::Addressee | Viewer::Subject => ReferralNotice { sender_note: word, ..notice },
    }
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn handover(handover in any::handover()) {
        let written = message(trial::delivery("kela", Item::Handover(handover.clone()))).body;
        prop_assert!(read_handover(json(&written)) == handover);
    }

    #[test]
    fn news((delivery, viewer, news) in any::news("kela")) {
        prop_assert!(read_notice(json(&message(delivery).body), viewer) == news);
    }
}
