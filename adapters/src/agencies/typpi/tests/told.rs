//! Is anything lost of a referral to the register, or of news about one?

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

fn coded<T>(parts: &mut Parts<'_>, name: &str, of: fn(T) -> Option<&'static str>) -> i32
where
    T: Copy + TryFrom<i32> + Into<i32>,
{
    parts.maybe(name, "a code", |code| read_code(code, of)).unwrap().map_or(0, T::into)
}

/// What every message begins with.
fn begins(parts: &mut Parts<'_>) {
    assert_eq!(parts.text("viestiTunnus"), Some(trial::MESSAGE));
    assert_eq!(parts.text("laheteTunnus"), Some(trial::REFERRAL));
}

/// On what it rests, and what is told of the person.
fn ends(parts: &mut Parts<'_>) -> Option<ReferralContent> {
    assert!(parts.element("suostumus").is_some());
    let content = customer::read(parts).unwrap();
    parts.end().unwrap();
    content
}

/// `tallennaLahete`, in the order of README.md.
fn read_handover(body: &Element) -> ReferralHandover {
    let mut parts = Parts::of(body).unwrap();
    begins(&mut parts);
    assert_eq!(parts.text("lahettajataho"), Some("ohjaamo"));
    ReferralHandover {
        recipient_unit: parts.optional("kohdeyksikko"),
        purpose: coded(&mut parts, "kayttotarkoitus", codes::purpose),
        create_time: parts.instant("lahetetty").unwrap().and_then(|instant| time::to_wire(instant).ok()),
        respond_by: parts
            .instant("vastattavaViimeistaan")
            .unwrap()
            .and_then(|instant| time::to_wire(instant).ok()),
        redacted: parts.flag("tietojaPuuttuu").unwrap(),
        claim: parts.group("lakiperuste").unwrap().map(|mut claim| {
            let read = LegalClaim {
                ground: coded(&mut claim, "saannos", codes::ground),
                statement: claim.optional("selvitys"),
                consent_asked: coded(&mut claim, "suostumuksenKysyminen", codes::consent_asked),
            };
            claim.end().unwrap();
            read
        }),
        content: ends(&mut parts),
    }
}

/// `tallennaIlmoitus`, to the register as the sender of the referral or as its recipient: the word is the other one's.
fn read_notice(body: &Element, viewer: Viewer) -> ReferralNotice {
    let mut parts = Parts::of(body).unwrap();
    begins(&mut parts);
    let notice = ReferralNotice {
        kind: coded::<Kind>(&mut parts, "ilmoituslaji", codes::notice),
        state: coded::<ReferralState>(&mut parts, "lahetteenTila", codes::state),
        time: parts.instant("muutosaika").unwrap().and_then(|instant| time::to_wire(instant).ok()),
        rejection_reason: coded(&mut parts, "hylkaysSyy", codes::reason),
        outcome: coded(&mut parts, "lopputulos", codes::outcome),
        delivery_state: coded::<DeliveryState>(&mut parts, "toimitustila", codes::delivery),
        ..ReferralNotice::default()
    };
    let word = parts.optional("saate");
    let answer = ends(&mut parts);
    match viewer {
        Viewer::Author => ReferralNotice { status_note: word, answer, ..notice },
        Viewer::Addressee | Viewer::Subject => ReferralNotice { sender_note: word, answer, ..notice },
    }
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn handover(handover in any::handover()) {
        let delivery = trial::delivery("typpi", Item::Handover(handover.clone()));
        prop_assert!(read_handover(&body(delivery, &DECISION)) == handover);
    }

    #[test]
    fn news((delivery, viewer, news) in any::news("typpi")) {
        prop_assert!(read_notice(&body(delivery, &DECISION), viewer) == news);
    }
}
