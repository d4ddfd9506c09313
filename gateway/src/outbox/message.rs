//! What would a delivery say if everything were permitted?

use jiff::Timestamp;
use polku_proto::CategorySet;
use polku_proto::v1::{ReferralHandover, ReferralNotice, ReferralState, delivery, referral_notice};

use super::end::has_ended;
use crate::error::Error;
use crate::person::Person;
use crate::record::{ReferralRecord, wire_time};
use crate::store::{DeliveryItem, DeliveryRow};

/// The payload as it would be with every permission, and what of it must be permitted: `required` of a referral.
pub(super) fn item(
    person: &Person,
    record: &ReferralRecord,
    row: &DeliveryRow,
    required: CategorySet,
    now: Timestamp,
) -> Result<(delivery::Item, CategorySet), Error> {
    let message = &record.message;
    let notice = |kind: referral_notice::Kind, state: ReferralState| -> Result<ReferralNotice, Error> {
        Ok(ReferralNotice {
            kind: kind as i32,
            state: state as i32,
            time: Some(wire_time(now)?),
            ..ReferralNotice::default()
        })
    };
    Ok(match row.item {
        DeliveryItem::Handover => {
            let mut content =
                message.content.clone().ok_or(Error::Inconsistent("a queued referral without content"))?;
            content.identity_code = person.identity()?.expose().to_owned();
            let handover = ReferralHandover {
                purpose: message.purpose,
                create_time: message.create_time,
                respond_by: message.respond_by,
                content: Some(content),
                recipient_unit: message.recipient_unit.clone(),
                claim: message.claim.clone(),
                redacted: false,
            };
            (delivery::Item::Handover(handover), required)
        }
        DeliveryItem::StateChange => {
            let mut notice = notice(referral_notice::Kind::StateChanged, record.state())?;
            notice.rejection_reason = message.rejection_reason;
            notice.outcome = message.outcome;
            notice.status_note = message.status_note.clone();
            notice.sender_note = message.sender_note.clone();
            if row.agency == record.row.sender && has_ended(message.delivery_state()) {
                notice.delivery_state = message.delivery_state;
            }
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
        DeliveryItem::Information(index) => {
            let mut notice = notice(referral_notice::Kind::InformationProvided, record.state())?;
            let exchange = usize::try_from(index).ok().and_then(|index| message.information.get(index));
            notice.answer = exchange.and_then(|exchange| exchange.answer.clone());
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
        DeliveryItem::ConsentWithdrawn => {
            let notice = notice(referral_notice::Kind::ConsentWithdrawn, ReferralState::ConsentWithdrawn)?;
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
    })
}
