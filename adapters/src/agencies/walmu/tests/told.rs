//! Is anything lost of a referral to the case management, or of news about one?

use polku_policy::Viewer;
use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{
    DeliveryState, LegalClaim, ReferralContent, ReferralHandover, ReferralNotice, ReferralState,
};
use proptest::prelude::*;
use serde_json::Value;

use super::round_trip::written;
use super::*;
use crate::agencies::trial::{Members, any};
use crate::agencies::walmu::content::Sisalto;

fn told(said: Value) -> Option<ReferralContent> {
    let said: Sisalto = serde_json::from_value(said).unwrap();
    let (identity, content) = said.read().unwrap();
    let identity_code = identity.map(|identity| identity.expose().to_owned()).unwrap_or_default();
    Some(ReferralContent { identity_code, ..content })
        .filter(|content| *content != ReferralContent::default())
}

/// `POST /lahetteet`, as README.md has it.
fn read_handover(written: Value) -> ReferralHandover {
    let mut all = Members::of(written);
    let mut lahete = all.object("lahete").unwrap();
    let frame = (lahete.text("tunnus"), lahete.text("lahettavaTaho"));
    assert_eq!(frame, (trial::REFERRAL.to_owned(), "ohjaamo".to_owned()));
    assert!(lahete.value("luovutuslupa").is_some());
    let mut said = lahete.all(&["perustelu", "palvelutarpeet"]);
    said.as_object_mut().unwrap().append(all.all(&["asiakas", "tausta"]).as_object_mut().unwrap());
    all.end();
    let content = told(said);
    lahete.whole(|lahete| ReferralHandover {
        purpose: lahete.code("kayttotarkoitus", codes::purpose),
        create_time: lahete.instant("lahetePvm").and_then(|instant| time::to_wire(instant).ok()),
        respond_by: lahete.instant("vastausViimeistaan").and_then(|instant| time::to_wire(instant).ok()),
        content: content.clone(),
        recipient_unit: lahete.text("vastaanottavaYksikko"),
        claim: lahete.object("ilmoitusperuste").map(|mut claim| {
            claim.whole(|claim| LegalClaim {
                ground: claim.code("peruste", codes::ground),
                statement: claim.text("selostus"),
                consent_asked: claim.code("suostumusta", codes::consent_asked),
            })
        }),
        redacted: lahete.flag("tietojaKarsittu"),
    })
}

/// `POST /lahetteet/{tunnus}/ilmoitukset`, to the case management as the sender of the referral or as its recipient: the
/// word is the other one's.
fn read_notice(written: Value, viewer: Viewer) -> ReferralNotice {
    let mut all = Members::of(written);
    let notice = ReferralNotice {
        kind: all.code::<Kind>("laji", codes::kind),
        state: all.code::<ReferralState>("tila", codes::state),
        time: all.instant("aika").and_then(|instant| time::to_wire(instant).ok()),
        rejection_reason: all.code("hylkaysSyy", codes::reason),
        outcome: all.code("tulos", codes::outcome),
        delivery_state: all.code::<DeliveryState>("toimitus", codes::delivery),
        answer: all.value("lisatiedot").and_then(told),
        ..ReferralNotice::default()
    };
    let word = all.text("huomautus");
    all.end();
    match viewer {
        Viewer::Author => ReferralNotice { status_note: word, ..notice },
        Viewer::Addressee | Viewer::Subject => ReferralNotice { sender_note: word, ..notice },
    }
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn handover(handover in any::handover()) {
        let delivery = trial::delivery("walmu", Item::Handover(handover.clone()));
        prop_assert!(read_handover(written(delivery)) == handover);
    }

    #[test]
    fn news((delivery, viewer, news) in any::news("walmu")) {
        prop_assert!(read_notice(written(delivery), viewer) == news);
    }
}
