//! What would a delivery say if everything were permitted?

use jiff::Timestamp;
use polku_proto::CategorySet;
use polku_proto::v1::{
    DataCategory, DisclosureNotice, Referral, ReferralHandover, ReferralNotice, ReferralState, delivery,
    referral_notice,
};

use super::end::has_ended;
use crate::error::Error;
use crate::person::Person;
use crate::record::{ReferralRecord, wire_time};
use crate::store::{DeliveryItem, DeliveryRow};

/// Without the identity nobody can tell whose register a notice of a disclosure is about.
pub(super) const IDENTITY: CategorySet = CategorySet::of(&[DataCategory::IdentityContact]);

/// What is delivered of a plan is made elsewhere.
const NO_REFERRAL: Error = Error::Inconsistent("a part of a plan is delivered as if of a referral");

/// What can be said about what is delivered.
pub(super) struct Matter<'a> {
    pub(super) person: &'a Person,
    pub(super) record: &'a ReferralRecord,
    /// What must be permitted of a referral.
    pub(super) required: CategorySet,
    /// The notice, where one is delivered.
    pub(super) disclosure: Option<&'a DisclosureNotice>,
}

/// The payload as it would be with every permission, and what of it must be permitted.
pub(super) fn item(
    matter: &Matter<'_>,
    row: &DeliveryRow,
    now: Timestamp,
) -> Result<(delivery::Item, CategorySet), Error> {
    let Matter { person, record, required, disclosure } = *matter;
    let message = &record.message;
    let notice = |kind: referral_notice::Kind, state: ReferralState| -> Result<ReferralNotice, Error> {
        Ok(ReferralNotice {
            kind: kind as i32,
            state: state as i32,
            time: Some(wire_time(now)?),
            ..words(message, row.item)
        })
    };
    Ok(match row.item {
        DeliveryItem::Handover => {
            let mut content =
                message.content.clone().ok_or(Error::Inconsistent("a queued referral without content"))?;
            content.identity_code = person.identity_code_text()?;
            let handover = ReferralHandover {
                purpose: message.purpose,
                create_time: message.create_time,
                respond_by: message.respond_by,
                content: Some(content),
                recipient_unit: message.recipient_unit.clone(),
                claim: message.claim.clone(),
                redacted: message.redacted,
            };
            (delivery::Item::Handover(handover), required)
        }
        DeliveryItem::StateChange => {
            let mut notice = notice(referral_notice::Kind::StateChanged, record.state())?;
            if row.agency == record.row.sender && has_ended(message.delivery_state()) {
                notice.delivery_state = message.delivery_state;
            }
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
        DeliveryItem::Information(_) => {
            let notice = notice(referral_notice::Kind::InformationProvided, record.state())?;
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
        DeliveryItem::ConsentWithdrawn => {
            let notice = notice(referral_notice::Kind::ConsentWithdrawn, ReferralState::ConsentWithdrawn)?;
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
        DeliveryItem::DisclosureNotice { .. } => {
            let notice = disclosure.ok_or(Error::Inconsistent("a notice of nothing that was told"))?;
            (delivery::Item::Disclosure(notice.clone()), IDENTITY)
        }
        DeliveryItem::PlanPart | DeliveryItem::PlanEnded => return Err(NO_REFERRAL),
    })
}

/// Whose word a delivery is.
pub(super) fn professional(record: &ReferralRecord, row: &DeliveryRow) -> String {
    match row.item {
        DeliveryItem::Handover => record.message.sender_professional.clone(),
        DeliveryItem::StateChange if row.agency == record.row.sender => {
            record.message.recipient_professional.clone()
        }
        DeliveryItem::StateChange
        | DeliveryItem::Information(_)
        | DeliveryItem::ConsentWithdrawn
        | DeliveryItem::DisclosureNotice { .. }
        | DeliveryItem::PlanPart
        | DeliveryItem::PlanEnded => String::new(),
    }
}

/// The words that a notice carries, without its frame.
pub(crate) fn words(message: &Referral, item: DeliveryItem) -> ReferralNotice {
    match item {
        DeliveryItem::StateChange => ReferralNotice {
            rejection_reason: message.rejection_reason,
            outcome: message.outcome,
            status_note: message.status_note.clone(),
            sender_note: message.sender_note.clone(),
            ..ReferralNotice::default()
        },
        DeliveryItem::Information(index) => {
            let exchange = usize::try_from(index).ok().and_then(|index| message.information.get(index));
            let answer = exchange.and_then(|exchange| exchange.answer.clone());
            ReferralNotice { answer, ..ReferralNotice::default() }
        }
        DeliveryItem::Handover
        | DeliveryItem::ConsentWithdrawn
        | DeliveryItem::DisclosureNotice { .. }
        | DeliveryItem::PlanPart
        | DeliveryItem::PlanEnded => ReferralNotice::default(),
    }
}
