//! How is written down what came of an attempt?

use jiff::Timestamp;
use polku_adapters::Evidence;
use polku_proto::ReferralName;
use serde_json::json;

use super::end::{End, has_ended};
use super::plan::is_notice;
use super::prepare::{Opened, named, word};
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::store::{About, Change, DeliveryRow, DeliveryWrite};
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
        let opened = match row.about {
            About::Referral(referral) => {
                let name = ReferralName { youth: row.youth, referral };
                Opened::Referral(Box::new(self.referral_of(&person, name).await?))
            }
            About::Plan { .. } | About::Journey => Opened::Plan,
        };
        self.settle(&person, opened, row, make(now), now).await
    }

    pub(super) async fn settle(
        &self,
        person: &Person,
        opened: Opened,
        row: DeliveryRow,
        end: End,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut entry = Entry::of(Event::DeliveryOutcome, person.id).towards(&row.agency);
        if let Some(intent) = row.intent {
            entry = entry.refers_to(intent);
        }
        let (kind, name) = named(&row);
        let mut details = json!({
            "message": row.message.to_string(),
            kind: name,
            "item": word(row.item),
            "agency": row.agency.as_str(),
            "state": end.state.as_str_name(),
            "code": end.code,
        });
        if end.evidence != Evidence::default()
            && let Some(details) = details.as_object_mut()
        {
            // Where bodies are not logged on the way, as in Finland, it ties the message to the signed logs.
            let Evidence { request_id, request_hash } = &end.evidence;
            let said = json!({ "request_id": request_id, "request_hash": request_hash });
            details.insert("xroad".to_owned(), said);
        }
        let announced = self.announce(entry, person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        let record = match &opened {
            Opened::Referral(record) => Some(record.as_ref()),
            Opened::Plan => None,
        };
        let undelivered = self.undelivered(person, record, (&row, end.state), now).await?;
        if undelivered.is_some() && is_notice(&row) {
            // Nobody waits for it, and the law does.
            tracing::error!(agency = %row.agency, delivery = %row.message, "a disclosure notice was not delivered");
        }
        change.tasks.extend(undelivered);
        match opened {
            Opened::Referral(record) => {
                self.settle_referral(person, *record, &row, &end, &mut change, now).await?;
            }
            Opened::Plan => self.settle_plan(person, &row, &end, &mut change, now).await?,
        }
        let (message, expected_fence) = (row.message, row.fence);
        let (youth, agency, about) = (row.youth, row.agency.clone(), row.about.clone());
        let due = self.no_later(&row, self.on_timer(end.due));
        let next = DeliveryRow {
            state: end.state,
            due: end.settled.map_or(due, |settled| due.max(self.on_timer(settled))),
            leased_until: None,
            reference: end.reference.or_else(|| row.reference.clone()),
            ..row
        };
        change.deliveries.push(DeliveryWrite { row: next, expected_fence });
        self.commit(change).await?;
        if has_ended(end.state) {
            self.waiters.ended(message);
            if let About::Plan { plan, .. } = about {
                self.wake_behind(youth, &agency, plan, now).await?;
            }
        }
        Ok(())
    }
}
