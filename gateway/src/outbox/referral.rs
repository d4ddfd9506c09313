//! What does a delivery about a referral say, when is its turn, and what follows from its end?

use jiff::Timestamp;
use polku_policy::{ActorRole, Question, Viewer};
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{DataCategory, Delivery, DeliveryState, DisclosureNotice, delivery};
use polku_proto::{AgencyId, CategorySet, Disclose, ReferralId, ReferralName, Valid};

use super::end::{End, has_ended, has_failed, may_have_arrived};
use super::message::{self, Matter};
use super::plan::is_notice;
use super::prepare::{Look, Opened, Permitted, Refused, Turn, Verdict, Whose};
use super::told::{Telling, Told};
use crate::audit::sha256;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::event;
use crate::journey::machine::is_final;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{Change, DeliveryItem, DeliveryRow, MarkTold};

/// Only what both parties hold anyway.
const ENVELOPE: CategorySet = CategorySet::of(&[DataCategory::Envelope]);

impl Gateway {
    /// Messages about one referral reach an agency in their order, and none before the referral itself. Notices of
    /// disclosures stand aside here as they do for plans.
    pub(super) async fn turn_about_referral(
        &self,
        row: &DeliveryRow,
        referral: ReferralId,
    ) -> Result<Turn, Error> {
        for other in self.store.deliveries_about(referral).await? {
            if other.message == row.message || is_notice(row) {
                return Ok(Turn::Now);
            }
            if other.agency != row.agency || is_notice(&other) {
                continue;
            }
            match other.state {
                DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retrying => {
                    return Ok(Turn::After(other.leased_until.unwrap_or(other.due)));
                }
                DeliveryState::Rejected | DeliveryState::Stopped | DeliveryState::Expired
                    if other.item == DeliveryItem::Handover =>
                {
                    return Ok(Turn::Never);
                }
                DeliveryState::Unspecified
                | DeliveryState::Delivered
                | DeliveryState::InDoubt
                | DeliveryState::Rejected
                | DeliveryState::Stopped
                | DeliveryState::Expired => {}
            }
        }
        Ok(Turn::Now)
    }

    /// Decides about what the delivery would say now.
    pub(super) async fn look_at_referral(
        &self,
        person: &Person,
        row: &DeliveryRow,
        referral: ReferralId,
        now: Timestamp,
    ) -> Result<Look, Error> {
        let record = self.referral_of(person, ReferralName { youth: row.youth, referral }).await?;
        let subject = match row.item {
            DeliveryItem::DisclosureNotice { leaf, index } => {
                Some(self.disclosed(person, (leaf, index), now).await?.1)
            }
            DeliveryItem::Handover
            | DeliveryItem::StateChange
            | DeliveryItem::Information(_)
            | DeliveryItem::ConsentWithdrawn
            | DeliveryItem::PlanPart
            | DeliveryItem::PlanEnded => None,
        };
        let mut verdict = self.authorise_referral(person, &record, row, subject.as_ref(), now)?;
        let is_over = row.item == DeliveryItem::Handover && is_final(record.state());
        if is_over && matches!(verdict, Verdict::Goes(_)) {
            verdict = Verdict::Ends(DeliveryState::Stopped, "MATTER_ENDED");
        }
        Ok(Look { opened: Opened::Referral(Box::new(record)), verdict })
    }

    fn authorise_referral(
        &self,
        person: &Person,
        record: &ReferralRecord,
        row: &DeliveryRow,
        subject: Option<&DisclosureNotice>,
        now: Timestamp,
    ) -> Result<Verdict, Error> {
        let question = question(record, row, now);
        let required = self.required(&record.row.recipient);
        let (mut item, required) =
            message::item(&Matter { person, record, required, disclosure: subject }, row, now)?;
        if let delivery::Item::Handover(handover) = &mut item {
            let asked = handover.categories().union(required);
            handover.redacted |= !self.engine().decide(&self.index(), asked, &question).withheld().is_empty();
        }
        let mut payload = Delivery {
            message_id: row.message.to_string(),
            referral: record.name().to_string(),
            sender: record.row.sender.to_string(),
            recipient: record.row.recipient.to_string(),
            professional: message::professional(record, row),
            item: Some(item),
        };
        let holds = payload.categories();
        let full = Valid::check(payload.clone())?;
        let mut decided = self.engine().authorise(&self.index(), full, required, &question);
        // That the state has changed is for both parties to know, even when none of the words about it may be told.
        let is_refused = decided.as_ref().is_err_and(|denied| !denied.decision().rules_failed());
        if is_refused && row.item == DeliveryItem::StateChange {
            payload.restrict(ENVELOPE);
            decided = self.engine().authorise(&self.index(), Valid::check(payload)?, required, &question);
        }
        let purpose = record.purpose();
        let payload = match decided {
            Ok(payload) => payload,
            Err(denied) => {
                let (decision, channel) = (denied.into_decision(), record.channel());
                let whose = Whose::of(&self.engine(), &self.index(), &decision, required, &question);
                return Ok(Verdict::Refused(Box::new(Refused { decision, purpose, channel, whose })));
            }
        };
        let told = if let DeliveryItem::DisclosureNotice { .. } = row.item {
            None
        } else {
            let (viewer, decision) = (viewer(record, &row.agency), payload.decision());
            let telling = Telling { record, item: row.item, viewer, holds, decision };
            let told = Told::by(&telling, row.message.uuid(), now);
            told.map(|told| told.in_pieces(&self.pieces(record, row.item, viewer)))
        };
        Ok(Verdict::Goes(Box::new(Permitted { payload, purpose, told, sent: None })))
    }

    /// What the end of a delivery means for the referral.
    pub(super) async fn settle_referral(
        &self,
        person: &Person,
        mut record: ReferralRecord,
        row: &DeliveryRow,
        end: &End,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        if may_have_arrived(end.state) {
            self.follow_arrival(person, &record, row, end.state, change, now).await?;
        }
        if let Some(step) = end.step {
            record.step_by_gateway(step)?;
        }
        if row.item != DeliveryItem::Handover {
            return Ok(());
        }
        record.set_delivery_state(end.state);
        record.row.reached_recipient = may_have_arrived(end.state);
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
        Ok(())
    }

    /// What follows for whoever's data has now arrived, or may have: the notice to its system, if it needs one, has a
    /// system for it and the recipient has not read the same here before; and the second look of one of its people.
    async fn follow_arrival(
        &self,
        person: &Person,
        record: &ReferralRecord,
        row: &DeliveryRow,
        state: DeliveryState,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        let viewer = viewer(record, &row.agency);
        let Some(intent) = row.intent else { return Ok(()) };
        let Some(told) = self.told_of(person, intent).await? else { return Ok(()) };
        if let Some(task) = self.second_look(person, record, (viewer, &told), now)? {
            // Once for each message, be it sent once more after a doubt.
            let (about, mark) = (row.message.uuid(), sha256(&[b"second look"]));
            if self.store.marks_told(about, vec![mark]).await?.is_empty() {
                change.told.push(MarkTold { about, mark });
                change.tasks.push(task);
            }
        }
        let is_owed =
            told.needs_notice() && self.arrives_as_news(&told, record.row.id.uuid(), state, change).await?;
        if let Some(discloser) = self.notified(record, viewer).filter(|_| is_owed) {
            let item = DeliveryItem::DisclosureNotice { leaf: intent, index: 0 };
            change.enqueue.push(self.new_delivery(record, item, discloser.clone(), now)?);
        }
        Ok(())
    }
}

/// From which end the agency looks at the referral.
fn viewer(record: &ReferralRecord, agency: &AgencyId) -> Viewer {
    if *agency == record.row.recipient { Viewer::Addressee } else { Viewer::Author }
}

/// What is asked before this is delivered.
fn question(record: &ReferralRecord, row: &DeliveryRow, now: Timestamp) -> Question {
    let viewer = viewer(record, &row.agency);
    let mut question = record.question(viewer, ActorRole::System, now);
    match row.item {
        DeliveryItem::Information(index) => question.origin = record.answer_origin(index),
        // What was told of an agency's data is its own to know, whichever end of the referral it has.
        DeliveryItem::DisclosureNotice { .. } if viewer == Viewer::Addressee => {
            let channel = record.channel().reversed();
            question = Question::new(record.row.youth, channel, Viewer::Author, record.purpose(), now);
        }
        DeliveryItem::Handover
        | DeliveryItem::StateChange
        | DeliveryItem::ConsentWithdrawn
        | DeliveryItem::DisclosureNotice { .. }
        | DeliveryItem::PlanPart
        | DeliveryItem::PlanEnded => {}
    }
    question
}
