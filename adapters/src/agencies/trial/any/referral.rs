//! Which referrals, which news about them and which steps with them can there be at all?

use polku_policy::Viewer;
use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    Delivery, LegalClaim, Outcome, ReferralContent, ReferralHandover, ReferralNotice, RejectionReason,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::Step;
use super::{ID, content, instant, maybe, maybe_words};
use crate::agencies::trial;

/// What a referral on its way to the recipient can be, whatever of it was permitted.
pub(in crate::agencies) fn handover() -> BoxedStrategy<ReferralHandover> {
    let claim = (1..=10_i32, maybe_words(2000), 1..=3_i32)
        .prop_map(|(ground, statement, consent_asked)| LegalClaim { ground, statement, consent_asked });
    let frame = (1..=7_i32, instant(), option::of(instant()), maybe(ID), any::<bool>());
    (frame, told(), option::of(claim))
        .prop_map(|((purpose, created, respond_by, recipient_unit, redacted), content, claim)| {
            ReferralHandover {
                purpose,
                create_time: time::to_wire(created).ok(),
                respond_by: respond_by.and_then(|instant| time::to_wire(instant).ok()),
                content,
                recipient_unit,
                claim,
                redacted,
            }
        })
        .boxed()
}

/// What is told of a person, who may be named or not. What tells nothing is not there: on the wire both are the same.
fn told() -> BoxedStrategy<Option<ReferralContent>> {
    (option::weighted(0.8, content()), any::<bool>())
        .prop_map(|(content, is_named)| {
            let mut content = content?;
            if !is_named {
                content.identity_code.clear();
            }
            Some(content).filter(|content| *content != ReferralContent::default())
        })
        .boxed()
}

/// What news about a referral can be, for the agency with this id as its recipient or its sender, and what of it is
/// news there: the other party's word, and not its own.
pub(in crate::agencies) fn news(own: &'static str) -> BoxedStrategy<(Delivery, Viewer, ReferralNotice)> {
    let viewer = select(&[Viewer::Addressee, Viewer::Author][..]);
    (notice(), viewer)
        .prop_map(move |(notice, viewer)| {
            let delivery = trial::delivery(own, Item::Notice(notice.clone()));
            if viewer == Viewer::Author {
                let (sender, recipient) = (delivery.recipient.clone(), delivery.sender.clone());
                let news = ReferralNotice { sender_note: String::new(), ..notice };
                return (Delivery { sender, recipient, ..delivery }, viewer, news);
            }
            (delivery, viewer, ReferralNotice { status_note: String::new(), ..notice })
        })
        .boxed()
}

fn notice() -> BoxedStrategy<ReferralNotice> {
    // Of deliveries only the ends are news.
    let delivery_state = select(&[0, 3, 5, 6, 7, 8][..]);
    let codes = (1..=3_i32, 1..=13_i32, 0..=6_i32, 0..=8_i32, delivery_state);
    (codes, instant(), (maybe_words(2000), maybe_words(2000)), told())
        .prop_map(
            |(
                (kind, state, rejection_reason, outcome, delivery_state),
                time,
                (status_note, sender_note),
                answer,
            )| {
                ReferralNotice {
                    kind,
                    state,
                    time: time::to_wire(time).ok(),
                    rejection_reason,
                    outcome,
                    status_note,
                    answer,
                    sender_note,
                    delivery_state,
                }
            },
        )
        .boxed()
}

/// What an agency can do with a referral.
pub(in crate::agencies) fn step() -> BoxedStrategy<Step> {
    let reason = (1..=6_i32).prop_map(|number| RejectionReason::try_from(number).unwrap());
    let outcome = || (1..=8_i32).prop_map(|number| Outcome::try_from(number).unwrap());
    prop_oneof![
        select(
            &[Step::Accept, Step::Ask, Step::Start, Step::Hold, Step::Cancel, Step::ConfirmCancellation][..]
        ),
        reason.prop_map(Step::Reject),
        outcome().prop_map(Step::Complete),
        outcome().prop_map(Step::Fail),
    ]
    .boxed()
}
