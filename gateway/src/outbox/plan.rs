//! What does a delivery about a joint plan say, when is its turn, and what follows from its end?
//!
//! Queued is only that an agency has to hear of a section; what it hears is made of the plan as it is at the sending, so
//! one delivery stands for all changes that come before it. So nothing is told that was taken back meanwhile, and what is
//! sent again after a silence tells what there is then: an agency that has the first one and recognises the message keeps
//! that, and hears the rest by the next one, since whatever changes once a part was sent is queued behind it.
//!
//! A part that an agency has refused, that has expired or that nothing permitted in its moment does not hold up later ones,
//! and is owed: with the next change of the plan it is queued again.

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_policy::{Question, Viewer};
use polku_proto::v1::{Delivery, DeliveryState, delivery};
use polku_proto::{AgencyId, CategorySet, Disclose, PlanId, Valid, YouthId};

use super::end::{End, Fate, may_have_arrived};
use super::message::IDENTITY;
use super::prepare::{Look, Opened, Permitted, Refused, Turn, Verdict, Whose};
use super::told::{Mark, Told};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::{SentPart, Tellable};
use crate::person::Person;
use crate::store::{About, Change, DeliveryItem, DeliveryRow};

/// What a delivery would say if everything were permitted.
struct Saying {
    item: delivery::Item,
    question: Question,
    /// What of it must be permitted.
    required: CategorySet,
    /// Of a part: by these it is known again.
    marks: Vec<Mark>,
    /// Of the recipient's own section: which revision of the plan it shows.
    own: Option<u64>,
}

impl Gateway {
    /// Queues that an agency hears of a section as it is now, if it has a system that takes parts of plans. One that waits
    /// already is enough.
    pub(crate) fn tell_part(
        &self,
        person: &Person,
        (plan, owner): (PlanId, &str),
        reader: AgencyId,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.can_be_sent(&reader, Matter::PlanPart) {
            let about = About::Plan { plan, owner: owner.to_owned() };
            change.enqueue.push(self.queued_delivery(
                about,
                person.id,
                DeliveryItem::PlanPart,
                reader,
                now,
            )?);
        }
        Ok(())
    }

    /// Queues that an agency hears of a section no more, in the same way. Parts of it that wait are stopped: what is queued
    /// after this must not be told before it.
    pub(crate) async fn tell_end_of_part(
        &self,
        person: &Person,
        (plan, owner): (PlanId, &str),
        reader: AgencyId,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        if !self.can_be_sent(&reader, Matter::PlanPart) {
            return Ok(());
        }
        let about = About::Plan { plan, owner: owner.to_owned() };
        for row in self.store.open_deliveries_of(person.id).await? {
            let waits = matches!(row.state, DeliveryState::Queued | DeliveryState::Retrying);
            if waits && row.item == DeliveryItem::PlanPart && row.about == about && row.agency == reader {
                change.stops.push(row.message);
            }
        }
        change.enqueue.push(self.queued_delivery(about, person.id, DeliveryItem::PlanEnded, reader, now)?);
        Ok(())
    }

    /// What an agency hears of one plan reaches it in the order of the queue. A notice of a disclosure tells of an event
    /// that is over: it neither waits nor is waited for.
    ///
    /// A part that is not there yet is not told any more while a later one of its section waits: it would tell what has
    /// changed since before what was queued of other sections between the two. One that may be there is sent again all
    /// the same, with what there is now: only when the agency has answered nothing of it can come over what follows.
    pub(super) async fn turn_about_plan(
        &self,
        row: &DeliveryRow,
        plan: PlanId,
        fate: Fate,
    ) -> Result<Turn, Error> {
        if is_notice(row) {
            return Ok(Turn::Now);
        }
        let open = self.store.open_deliveries_of(row.youth).await?;
        for other in open.iter().take_while(|other| other.message != row.message) {
            let same = matches!(other.about, About::Plan { plan: of, .. } if of == plan);
            let is_under_way = matches!(
                other.state,
                DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retrying
            );
            if same && is_under_way && other.agency == row.agency && !is_notice(other) {
                return Ok(Turn::After(other.leased_until.unwrap_or(other.due)));
            }
        }
        let is_overtaken = fate == Fate::NotThere && open.iter().any(|other| stands_for(other, row));
        Ok(if is_overtaken { Turn::Never } else { Turn::Now })
    }

    /// What has waited for its turn behind a delivery that has ended is due at once, not only when the lease of the other
    /// would have run out.
    pub(super) async fn wake_behind(
        &self,
        youth: YouthId,
        agency: &AgencyId,
        plan: PlanId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let due = self.on_timer(now);
        for other in self.store.open_deliveries_of(youth).await? {
            let same = matches!(other.about, About::Plan { plan: of, .. } if of == plan);
            let waits = other.state == DeliveryState::Queued && other.leased_until.is_none();
            if same && waits && other.agency == *agency && other.due > due {
                self.store.release(other.message, other.fence, due).await?;
                self.queued.notify_one();
            }
        }
        Ok(())
    }

    /// What has waited for the person to have an identity code is due at once.
    pub(crate) async fn wake_all(&self, youth: YouthId, now: Timestamp) -> Result<(), Error> {
        let due = self.on_timer(now);
        for row in self.store.open_deliveries_of(youth).await? {
            if row.state == DeliveryState::Queued && row.leased_until.is_none() && row.due > due {
                self.store.release(row.message, row.fence, due).await?;
                self.queued.notify_one();
            }
        }
        Ok(())
    }

    /// Decides about what the delivery would say now.
    pub(super) async fn look_at_plan(
        &self,
        person: &Person,
        row: &DeliveryRow,
        now: Timestamp,
    ) -> Result<Look, Error> {
        let saying = match row.item {
            DeliveryItem::PlanPart | DeliveryItem::PlanEnded => self.tellable(person, row, now).await?.map(
                |Tellable { part, question, required, marks, own }| Saying {
                    item: delivery::Item::PlanPart(part),
                    question,
                    required,
                    marks,
                    own,
                },
            ),
            DeliveryItem::DisclosureNotice { leaf, index } => {
                Some(self.notice_of_telling(person, row, (leaf, index), now).await?)
            }
            DeliveryItem::Handover
            | DeliveryItem::StateChange
            | DeliveryItem::Information(_)
            | DeliveryItem::ConsentWithdrawn => {
                return Err(Error::Inconsistent("news of a referral is delivered as if of a plan"));
            }
        };
        let verdict = match saying {
            Some(saying) => self.authorise_saying(row, saying, now)?,
            None => Verdict::Ends(DeliveryState::Stopped, "NOTHING_TO_TELL"),
        };
        Ok(Look { opened: Opened::Plan, verdict })
    }

    fn authorise_saying(&self, row: &DeliveryRow, saying: Saying, now: Timestamp) -> Result<Verdict, Error> {
        let Saying { item, question, required, marks, own } = saying;
        let is_part = matches!(item, delivery::Item::PlanPart(_));
        let payload = Delivery {
            message_id: row.message.to_string(),
            referral: String::new(),
            sender: question.channel.from.agency.to_string(),
            recipient: question.channel.to.agency.to_string(),
            professional: String::new(),
            item: Some(item),
        };
        let holds = payload.categories();
        let purpose = question.purpose;
        match self.engine().authorise(&self.index(), Valid::check(payload)?, required, &question) {
            Ok(payload) => {
                let told = || Told::of(holds, &question, payload.decision(), row.message.uuid(), now);
                let told = is_part.then(told).flatten();
                let told = told.map(|told| told.known_by(marks));
                let sent = own.map(|revision| SentPart::of(revision, payload.decision().permitted(), now));
                Ok(Verdict::Goes(Box::new(Permitted { payload, purpose, told, sent })))
            }
            Err(denied) => {
                let decision = denied.into_decision();
                let whose = Whose::of(&self.engine(), &self.index(), &decision, required, &question);
                let channel = question.channel;
                Ok(Verdict::Refused(Box::new(Refused { decision, purpose, channel, whose })))
            }
        }
    }

    /// What was told of an agency's data is its own to know.
    async fn notice_of_telling(
        &self,
        person: &Person,
        row: &DeliveryRow,
        telling: (u64, u32),
        now: Timestamp,
    ) -> Result<Saying, Error> {
        let (told, notice) = self.disclosed(person, telling, now).await?;
        let (channel, purpose) = told.channel()?;
        Ok(Saying {
            item: delivery::Item::Disclosure(notice),
            question: Question::new(row.youth, channel, Viewer::Author, purpose, now),
            required: IDENTITY,
            marks: Vec::new(),
            own: None,
        })
    }

    /// What follows from the end of a delivery: the notice to whoever's data has now arrived, or may have, if it needs one
    /// and has a system for it, and the recipient has not read the same here before. What has not arrived is owed; over what
    /// has arrived comes the next word of the recipient's system.
    pub(super) async fn settle_plan(
        &self,
        person: &Person,
        row: &DeliveryRow,
        end: &End,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.untold(person, row, end.state, change, now).await?;
        if end.state == DeliveryState::Delivered {
            self.note_held(person, row, change, now).await?;
        }
        let (true, DeliveryItem::PlanPart, Some(intent), About::Plan { plan, .. }) =
            (may_have_arrived(end.state), row.item, row.intent, &row.about)
        else {
            return Ok(());
        };
        let told = self.told_of(person, intent).await?;
        let Some(told) = told.filter(Told::needs_notice) else { return Ok(()) };
        let discloser = told.channel()?.0.from.agency;
        let is_news = self.arrives_as_news(&told, plan.uuid(), end.state, change).await?;
        if is_news && self.can_be_sent(&discloser, Matter::DisclosureNotice) {
            let item = DeliveryItem::DisclosureNotice { leaf: intent, index: 0 };
            change.enqueue.push(self.queued_delivery(row.about.clone(), person.id, item, discloser, now)?);
        }
        Ok(())
    }
}

/// Whether it waits and, when it is sent, tells all that this part of a plan would.
pub(super) fn stands_for(other: &DeliveryRow, row: &DeliveryRow) -> bool {
    let waits = matches!(other.state, DeliveryState::Queued | DeliveryState::Retrying);
    waits
        && row.item == DeliveryItem::PlanPart
        && other.item == row.item
        && other.about == row.about
        && other.agency == row.agency
        && other.message != row.message
}

/// Whether it tells a discloser of a disclosure.
pub(super) fn is_notice(row: &DeliveryRow) -> bool {
    matches!(row.item, DeliveryItem::DisclosureNotice { .. })
}
