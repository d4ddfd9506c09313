//! What is there to say? One message for each word that the contract has, both ways.

use polku_adapters::Matter;
use polku_policy::Viewer;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Basis, DeliveryState, DisclosureNotice, LegalClaim, LegalGround, Outcome, PlanPart, Purpose,
    ReferralContent, ReferralHandover, ReferralNotice, ReferralState, RejectionReason, basis,
};
use polku_tests::simulators::{Action, Outgoing};

use super::super::bench::{Bench, PURPOSE};
use super::super::claims::{grounds, on_ground};
use super::super::payloads::{HETU, Parcel, REFERRAL, content, ended, handover, items, news};
use super::super::receives::outgoing;

/// Somebody who is 22 years old when these messages are sent.
const YOUNG: &str = "020504A902E";

/// A value of the contract as it stands in a file's name.
pub(super) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap().to_lowercase().replace('_', "-")
}

/// Every value of an enumeration of the contract but the unspecified one.
pub(super) fn every<X: TryFrom<i32>>() -> impl Iterator<Item = X> {
    (1..64).filter_map(|number| X::try_from(number).ok())
}

/// The purposes that a referral can have beside the usual one of these tests.
pub(super) fn other_purposes() -> impl Iterator<Item = Purpose> {
    every::<Purpose>().filter(|purpose| ![PURPOSE, Purpose::Statistics].contains(purpose))
}

/// How a delivery can have ended.
pub(super) fn ends() -> impl Iterator<Item = DeliveryState> {
    let open = [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying];
    every::<DeliveryState>().filter(move |state| !open.contains(state))
}

/// A little of a content.
fn little() -> ReferralContent {
    let ReferralContent { identity_code, given_names, family_name, service_needs, contact_wish, .. } =
        content();
    let little = ReferralContent { identity_code, given_names, family_name, ..ReferralContent::default() };
    ReferralContent { service_needs, contact_wish, ..little }
}

fn referral(change: impl FnOnce(&mut ReferralHandover)) -> Item {
    let Item::Handover(full) = handover() else { panic!("no handover") };
    let mut handover = ReferralHandover { content: Some(little()), ..full };
    change(&mut handover);
    Item::Handover(handover)
}

/// The usual notice of a matter, but for this.
fn notice(matter: Matter, change: impl FnOnce(&mut ReferralNotice)) -> Item {
    let mut usual = items(matter);
    let Item::Notice(mut notice) = usual.remove(0).1 else { panic!("no notice") };
    change(&mut notice);
    Item::Notice(notice)
}

/// News to whoever has sent the referral.
fn back(state: ReferralState) -> Item {
    news(state, RejectionReason::Unspecified, Outcome::Unspecified)
}

/// Everything that can be told in this matter.
pub(super) fn told(matter: Matter) -> Vec<Parcel> {
    let mut told = Vec::new();
    let mut add = |what: String, viewer, item| told.push(Parcel { what, matter, viewer, item });
    for (name, item) in items(matter) {
        add(name.to_owned(), Viewer::Addressee, item);
    }
    match matter {
        Matter::Referral => {
            let to = Viewer::Addressee;
            add("referral-to-unit".into(), to, referral(|one| one.recipient_unit = "yksikko-1".into()));
            add("referral-redacted".into(), to, referral(|one| one.redacted = true));
            for purpose in other_purposes() {
                let name = word(purpose.as_str_name(), "PURPOSE_");
                // Coaching is for the young: the usual person of these messages is too old for it.
                let identity_code = if purpose == Purpose::Rehabilitation { YOUNG } else { HETU };
                let content = ReferralContent { identity_code: identity_code.into(), ..little() };
                let referral = referral(|one| {
                    one.purpose = purpose.into();
                    one.content = Some(content);
                });
                add(format!("referral-for-{name}"), to, referral);
            }
            let asked = [ConsentAsked::NotGiven, ConsentAsked::NotReached, ConsentAsked::No];
            for (ground, asked) in grounds().zip(asked.into_iter().cycle()) {
                let claim = LegalClaim {
                    ground: ground.into(),
                    statement: "Perustelu & <selitys>: \"näin\".".into(),
                    consent_asked: asked.into(),
                };
                let item = referral(|one| one.claim = Some(claim));
                add(format!("referral-on-{}", ground_word(ground)), to, item);
            }
        }
        Matter::StateChange => changes(&mut add),
        Matter::Information => {
            let part = ReferralContent { identity_code: String::new(), ..little() };
            let item = notice(matter, |notice| notice.answer = Some(part));
            add("information-in-part".into(), Viewer::Addressee, item);
        }
        Matter::ConsentWithdrawal => {
            let item = notice(matter, |notice| notice.sender_note.clear());
            add("to-sender-withdrawal".into(), Viewer::Author, item);
        }
        Matter::PlanPart => {
            let Some(Item::PlanPart(plan)) = items(matter).into_iter().next().map(|(_, item)| item) else {
                panic!("no plan")
            };
            let part = PlanPart { redacted: true, background: Some(little()), ..plan };
            add("plan-redacted".into(), Viewer::Addressee, Item::PlanPart(part));
        }
        Matter::DisclosureNotice => {
            let Some(Item::Disclosure(notice)) = items(matter).into_iter().next().map(|(_, item)| item)
            else {
                panic!("no notice")
            };
            let statute = Basis {
                kind: basis::Kind::Statute.into(),
                rule: "child-welfare-notice".into(),
                statute: "417/2007 § 25".into(),
                ..Basis::default()
            };
            let doubt = DisclosureNotice { arrival: Arrival::InDoubt.into(), ..notice.clone() };
            add("disclosure-in-doubt".into(), Viewer::Addressee, Item::Disclosure(doubt));
            let item =
                DisclosureNotice { bases: vec![statute], origin: None, consents: Vec::new(), ..notice };
            add("disclosure-by-statute".into(), Viewer::Addressee, Item::Disclosure(item));
        }
    }
    told
}

pub(super) fn ground_word(ground: LegalGround) -> String {
    word(ground.as_str_name(), "LEGAL_GROUND_")
}

fn changes(add: &mut impl FnMut(String, Viewer, Item)) {
    for state in [ReferralState::Expired, ReferralState::EnteredInError] {
        let name = word(state.as_str_name(), "REFERRAL_STATE_");
        let item = notice(Matter::StateChange, |notice| {
            notice.state = state.into();
            notice.sender_note.clear();
        });
        add(name, Viewer::Addressee, item);
    }
    for state in every::<ReferralState>().filter(|state| *state != ReferralState::ConsentWithdrawn) {
        let name = word(state.as_str_name(), "REFERRAL_STATE_");
        match state {
            ReferralState::Rejected => {
                for reason in every::<RejectionReason>() {
                    let why = word(reason.as_str_name(), "REJECTION_REASON_");
                    let item = news(state, reason, Outcome::Unspecified);
                    add(format!("to-sender-{name}-{why}"), Viewer::Author, item);
                }
            }
            ReferralState::Completed | ReferralState::Failed => {
                for outcome in every::<Outcome>() {
                    let what = word(outcome.as_str_name(), "OUTCOME_");
                    let item = news(state, RejectionReason::Unspecified, outcome);
                    add(format!("to-sender-{name}-{what}"), Viewer::Author, item);
                }
            }
            ReferralState::Requested => {
                for end in ends() {
                    let how = word(end.as_str_name(), "DELIVERY_STATE_");
                    add(format!("to-sender-delivery-{how}"), Viewer::Author, ended(end));
                }
            }
            ReferralState::Unspecified
            | ReferralState::InfoRequested
            | ReferralState::Accepted
            | ReferralState::InProgress
            | ReferralState::OnHold
            | ReferralState::CancelRequested
            | ReferralState::Cancelled
            | ReferralState::Expired
            | ReferralState::ConsentWithdrawn
            | ReferralState::EnteredInError => {
                add(format!("to-sender-{name}"), Viewer::Author, back(state));
            }
        }
    }
}

/// Everything that an agency can say in this matter.
pub(super) fn says(bench: &Bench, matter: Matter) -> Vec<(String, Outgoing)> {
    let usual = outgoing(bench, matter).into_iter().map(|(name, said)| (name.to_owned(), said));
    let mut says: Vec<_> = usual.collect();
    let step = |action: Action, reason, outcome| Outgoing::Change {
        referral: REFERRAL.into(),
        action,
        reason,
        outcome,
        note: "Sana".into(),
    };
    match matter {
        Matter::StateChange => {
            says.retain(|(name, _)| !["rejects", "completes", "fails"].contains(&name.as_str()));
            for reason in every::<RejectionReason>() {
                let name = format!("rejects-{}", word(reason.as_str_name(), "REJECTION_REASON_"));
                says.push((name, step(Action::Reject, Some(reason), None)));
            }
            for (action, verb) in [(Action::Complete, "completes"), (Action::Fail, "fails")] {
                for outcome in every::<Outcome>() {
                    let name = format!("{verb}-{}", word(outcome.as_str_name(), "OUTCOME_"));
                    says.push((name, step(action.clone(), None, Some(outcome))));
                }
            }
        }
        Matter::Information => {
            let answer = Box::new(ReferralContent { identity_code: String::new(), ..little() });
            let said = Outgoing::Information { referral: REFERRAL.into(), answer };
            says.push(("informs-in-part".into(), said));
        }
        Matter::Referral => {
            for purpose in other_purposes() {
                let said = Outgoing::Referral {
                    identity_code: HETU.into(),
                    recipient: "ohjaamo".into(),
                    purpose,
                    content: Box::new(ReferralContent { identity_code: String::new(), ..little() }),
                    respond_by: None,
                    claim: None,
                    redacted: false,
                };
                says.push((format!("refers-for-{}", word(purpose.as_str_name(), "PURPOSE_")), said));
            }
            for ground in grounds() {
                says.push((
                    format!("refers-on-{}", ground_word(ground)),
                    on_ground(ground, ConsentAsked::No),
                ));
            }
        }
        Matter::PlanPart | Matter::ConsentWithdrawal | Matter::DisclosureNotice => {}
    }
    says
}
