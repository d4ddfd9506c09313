//! Time passes: referrals expire, permissions end, days come on which somebody is to be looked after, contents are
//! erased, as are the answers of calls that nobody repeats any more.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::referral_event::Kind;
use polku_proto::{ReferralId, YouthId};
use serde_json::json;

use super::machine::{Party, Step};
use super::respond::event;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::has_ended;
use crate::record::ReferralRecord;
use crate::services::status;
use crate::store::{Change, DeliveryItem};
use crate::trail::Entry;

/// How long a repeated call finds its first answer. Later it is refused: its id is kept as long as the person.
const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many rows one sweep handles.
const BATCH: u32 = 200;
/// At how many plans one sweep looks: each takes decisions, and deliveries wait meanwhile.
const PLANS: u32 = 50;
/// After how many matters one sweep looks, for the same reason.
const FOLLOW_UPS: u32 = 50;

impl Gateway {
    /// Does what has become due. Whatever is left over is done by the next sweep.
    pub(crate) async fn sweep(self: &Arc<Self>) -> Result<(), Error> {
        let now = self.now();
        self.expire_what_is_overdue(now).await?;
        for row in self.store.erasable_referrals(self.retention.content_before(now), BATCH).await? {
            go_on(self.erase_content(row.id, row.youth, now).await);
        }
        let mut looked = HashSet::new();
        for row in self.store.plans_to_look_at(now, PLANS).await? {
            if looked.insert(row.youth) {
                go_on(self.look_at_plans(row.youth).await);
            }
        }
        self.look_after_what_is_due(now).await?;
        self.finish_erasures().await;
        self.erase_what_is_past(now).await?;
        self.answers.prune(now);
        self.store.erase_answers(now - ANSWERS_KEPT).await?;
        Ok(())
    }

    /// What fails is tried again later, and does not take the place of what comes behind it.
    async fn expire_what_is_overdue(&self, now: Timestamp) -> Result<(), Error> {
        let limit = BATCH.saturating_add(self.not_expired.waiting(now));
        let overdue = self.store.overdue_referrals(now, limit).await?;
        for row in overdue.into_iter().filter(|row| !self.not_expired.waits(&row.id)) {
            let expired = self.expire(row.id, row.youth, now).await;
            if expired.is_err() {
                self.not_expired.put(row.id, now);
            }
            go_on(expired);
        }
        Ok(())
    }

    /// What fails is tried again later, and does not take the place of what comes behind it.
    async fn look_after_what_is_due(&self, now: Timestamp) -> Result<(), Error> {
        let limit = FOLLOW_UPS.saturating_add(self.put_off.waiting(now));
        for row in self.store.due_follow_ups(now, limit).await? {
            let key = (row.youth, row.matter, row.agency.clone());
            if self.put_off.waits(&key) {
                continue;
            }
            let looked = self.look_after(row).await;
            if looked.is_err() {
                self.put_off.put(key, now);
            }
            go_on(looked);
        }
        Ok(())
    }

    async fn expire(&self, referral: ReferralId, youth: YouthId, now: Timestamp) -> Result<(), Error> {
        let _alone = self.alone_with(youth).await?;
        let person = self.person(youth).await?;
        let Some(row) = self.store.referral(referral).await? else { return Ok(()) };
        let mut record = ReferralRecord::open(&person, row)?;
        if record.row.respond_by > now || record.step_by_gateway(Step::Expire).is_err() {
            return Ok(());
        }
        let details = json!({"referral": record.name().to_string(), "to": record.state().as_str_name()});
        let announced =
            self.announce(Entry::of(Event::ReferralChange, youth), &person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        self.tell_other_party(&mut record, Party::Gateway, DeliveryItem::StateChange, &mut change, now)
            .await?;
        let (task, until) = self.unanswered(&person, &record, now).await?;
        change.tasks.push(task);
        change.follow_ups.extend(until);
        change.referrals.push(record.next_version(&person, now)?);
        change.events.push(event(&record, Kind::StateChanged, now));
        self.commit(change).await
    }

    /// Erases what the sender told. State and dates stay.
    async fn erase_content(&self, referral: ReferralId, youth: YouthId, now: Timestamp) -> Result<(), Error> {
        let _alone = self.alone_with(youth).await?;
        let person = self.person(youth).await?;
        let Some(row) = self.store.referral(referral).await? else { return Ok(()) };
        let deliveries = self.store.deliveries_about(referral).await?;
        // These two tell nothing of the content.
        let bare =
            |item| matches!(item, DeliveryItem::ConsentWithdrawn | DeliveryItem::DisclosureNotice { .. });
        if deliveries.iter().any(|delivery| !bare(delivery.item) && !has_ended(delivery.state)) {
            // An answer that was given late is still on its way; it ends by its own deadline.
            return Ok(());
        }
        let mut record = ReferralRecord::open(&person, row)?;
        record.message.content = None;
        if let Some(claim) = &mut record.message.claim {
            claim.statement.clear();
        }
        record.message.status_note.clear();
        record.message.sender_note.clear();
        for exchange in &mut record.message.information {
            exchange.question.clear();
            exchange.answer = None;
        }
        let details = json!({"referral": record.name().to_string(), "erased": "content"});
        let announced = self.announce(Entry::of(Event::Erasure, youth), &person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.referrals.push(record.next_version(&person, now)?);
        self.commit(change).await
    }
}

/// One record that cannot be handled does not keep the others from it.
pub(super) fn go_on(result: Result<(), Error>) {
    if let Err(error) = result {
        status::log(&error);
    }
}
