//! Is anything lost of a referral to the office, or of news about one?

use polku_policy::Viewer;
use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{
    DeliveryState, LegalClaim, ReferralContent, ReferralHandover, ReferralNotice, ReferralState,
};
use proptest::prelude::*;

use super::round_trip::body;
use super::*;
use crate::agencies::event::read_code;
use crate::agencies::soap::Parts;
use crate::agencies::trial::any;
use crate::transport::xml::Element;

fn coded<T>(parts: &mut Parts<'_>, name: &str, of: fn(T) -> Option<&'static str>) -> i32
where
    T: Copy + TryFrom<i32> + Into<i32>,
{
    parts.maybe(name, "a code", |code| read_code(code, of)).unwrap().map_or(0, T::into)
}

fn told(parts: &mut Parts<'_>) -> Option<ReferralContent> {
    Some(details::read(parts).unwrap()).filter(|content| *content != ReferralContent::default())
}

fn begins(parts: &mut Parts<'_>) {
    assert_eq!(parts.text("sanomaTunnus"), Some(trial::MESSAGE));
    assert_eq!(parts.text("laheteTunnus"), Some(trial::REFERRAL));
}

/// `vastaanotaLahete`, in the order of README.md.
fn read_handover(body: &Element) -> ReferralHandover {
    let mut parts = Parts::of(body).unwrap();
    begins(&mut parts);
    assert_eq!(parts.text("lahettaja"), Some("ohjaamo"));
    let handover = ReferralHandover {
        recipient_unit: parts.optional("vastaanottavaYksikko"),
        purpose: coded(&mut parts, "kayttotarkoitus", codes::purpose),
        create_time: parts.instant("luotu").unwrap().and_then(|instant| time::to_wire(instant).ok()),
        respond_by: parts
            .instant("vastausViimeistaan")
            .unwrap()
            .and_then(|instant| time::to_wire(instant).ok()),
        redacted: parts.flag("tietojaKarsittu").unwrap(),
        claim: parts.group("ilmoitusperuste").unwrap().map(|mut claim| {
            let read = LegalClaim {
                ground: coded(&mut claim, "peruste", codes::ground),
                statement: claim.optional("selostus"),
                consent_asked: coded(&mut claim, "suostumusta", codes::consent_asked),
            };
            claim.end().unwrap();
            read
        }),
        content: told(&mut parts),
    };
    parts.end().unwrap();
    handover
}

/// `vastaanotaIlmoitus`, to the office as the sender of the referral or as its recipient: the word is the other one's.
fn read_notice(body: &Element, viewer: Viewer) -> ReferralNotice {
    let mut parts = Parts::of(body).unwrap();
    begins(&mut parts);
    let mut notice = ReferralNotice {
        kind: coded::<Kind>(&mut parts, "laji", codes::kind),
        state: coded::<ReferralState>(&mut parts, "tila", codes::state),
        time: parts.instant("aika").unwrap().and_then(|instant| time::to_wire(instant).ok()),
        rejection_reason: coded(&mut parts, "hylkaysSyy", codes::reason),
        outcome: coded(&mut parts, "tulos", codes::outcome),
        delivery_state: coded::<DeliveryState>(&mut parts, "toimitus", codes::delivery),
        ..ReferralNotice::default()
    };
    let word = if viewer == Viewer::Author { &mut notice.status_note } else { &mut notice.sender_note };
    *word = parts.optional("huomautus");
    notice.answer = parts.group("lisatiedot").unwrap().and_then(|mut inside| {
        let content = told(&mut inside);
        inside.end().unwrap();
        content
    });
    parts.end().unwrap();
    notice
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn handover(handover in any::handover()) {
        let read = read_handover(&body(trial::delivery("te", Item::Handover(handover.clone()))));
        prop_assert!(read == handover);
    }

    #[test]
    fn news((delivery, viewer, news) in any::news("te")) {
        prop_assert!(read_notice(&body(delivery), viewer) == news);
    }
}
