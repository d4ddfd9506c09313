//! How is written down what came of an attempt?

use jiff::Timestamp;
use polku_proto::ReferralName;
use polku_proto::v1::DeliveryState;
use polku_proto::v1::referral_event::Kind;
use serde_json::json;

use super::end::{End, has_ended, has_failed};
use super::prepare::viewer;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::event;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{Change, DeliveryItem, DeliveryRow, DeliveryWrite};
use crate::trail::Entry;

impl Gateway {
    /// Writes down what came of an attempt, unless somebody else has taken the delivery over.
    pub(super) async fn end(
        &self,
        row: DeliveryRow,
        make: impl FnOnce(Timestamp) -> End,
    ) -> Result<(), Error> {
        let _alone = self.alone_with(row.youth).await?;
        let now = self.now();
        match self.store.delivery(row.message).await? {
            Some(current) if current.fence == row.fence => {}
            _ => return Ok(()),
        }
        let person = self.person(row.youth).await?;
        let name = ReferralName { youth: row.youth, referral: row.referral };
        let record = self.referral_of(&person, name).await?;
        self.settle(&person, record, row, make(now), now).await
    }

    pub(super) async fn settle(
        &self,
        person: &Person,
        mut record: ReferralRecord,
        row: DeliveryRow,
        end: End,
        now: Timestamp,
    ) -> Result<(), Error> {
        let addressee = row.agency.clone();
        let mut entry = Entry::of(Event::DeliveryOutcome, person.id).towards(&addressee);
        if let Some(intent) = row.intent {
            entry = entry.refers_to(intent);
        }
        let details = json!({
            "message": row.message.to_string(),
            "referral": record.name().to_string(),
            "agency": row.agency.as_str(),
            "state": end.state.as_str_name(),
            "code": end.code,
        });
        let announced = self.announce(entry, person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        if end.state == DeliveryState::Delivered {
            change.enqueue.extend(self.notice_of_delivery(person, &record, &row, now).await?);
        } else if has_failed(end.state) && matches!(row.item, DeliveryItem::DisclosureNotice(_)) {
            // Nobody waits for it, and the law does.
            tracing::error!(agency = %row.agency, delivery = %row.message, "a disclosure notice was not delivered");
        }
        let message = row.message;
        let expected_fence = row.fence;
        let is_handover = row.item == DeliveryItem::Handover;
        let next = DeliveryRow {
            state: end.state,
            due: end.due.min(row.deadline),
            leased_until: None,
            reference: end.reference.or_else(|| row.reference.clone()),
            ..row
        };
        change.deliveries.push(DeliveryWrite { row: next, expected_fence });
        if let Some(step) = end.step {
            record.step_by_gateway(step)?;
        }
        if is_handover {
            record.set_delivery_state(end.state);
            record.row.reached_recipient =
                matches!(end.state, DeliveryState::Delivered | DeliveryState::InDoubt);
            record.row.delivery_ended = has_ended(end.state).then_some(now);
            let sender = record.row.sender.clone();
            if has_failed(end.state) && self.adapter(&sender).is_some() {
                change.enqueue.push(self.new_delivery(&record, DeliveryItem::StateChange, sender, now)?);
            }
            change.referrals.push(record.next_version(person, now)?);
            if end.step.is_some() {
                change.events.push(event(&record, Kind::StateChanged, now));
            }
            change.events.push(event(&record, Kind::DeliveryChanged, now));
        }
        self.commit(change).await?;
        if has_ended(end.state) {
            self.waiters.ended(message);
        }
        Ok(())
    }
    /// The notice to whoever's data has now arrived, if it needs one and has a system for it.
    async fn notice_of_delivery(
        &self,
        person: &Person,
        record: &ReferralRecord,
        row: &DeliveryRow,
        now: Timestamp,
    ) -> Result<Option<DeliveryRow>, Error> {
        let viewer = viewer(record, &row.agency);
        let (Some(intent), Some(_)) = (row.intent, self.notified(record, viewer)) else { return Ok(None) };
        let told = self.told_of(person, intent).await?;
        self.disclosure_notice(record, viewer, told.as_ref(), intent, now)
    }
}
