//! A party moves a referral on: accepts it, asks, answers, starts, ends, cancels.

use jiff::Timestamp;
use polku_policy::{ActorRole, Authorised, Decision, Question, Viewer};
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{
    DeliveryState, InformationExchange, Origin, Outcome, ReferralChange, ReferralContent, ReferralState,
    RejectionReason,
};
use polku_proto::{CategorySet, Disclose, ReferralName};
use serde_json::json;

use super::machine::{Party, Step, next};
use super::refer::{mismatch, own_content};
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::{Begun, Call};
use crate::outbox::{Shown, TOLD, Telling, Told, hurried, words};
use crate::person::Person;
use crate::record::{ReferralRecord, etag, instant, origin, wire_time};
use crate::store::{Change, DeliveryItem, DeliveryRow, NewEvent};
use crate::trail::{Entry, receipt};

/// What a party does, with what belongs to it.
#[derive(Clone)]
pub(crate) enum Action {
    Accept {
        note: String,
    },
    Reject {
        reason: RejectionReason,
        note: String,
    },
    RequestInformation {
        question: String,
    },
    ProvideInformation {
        answer: Box<ReferralContent>,
        /// Where in the sender's records it stems from.
        origin: Option<Origin>,
    },
    Start {
        note: String,
    },
    Hold {
        note: String,
    },
    Complete {
        outcome: Outcome,
        note: String,
    },
    Fail {
        outcome: Outcome,
        note: String,
    },
    Cancel {
        note: String,
    },
    ConfirmCancellation {
        note: String,
    },
    MarkEnteredInError {
        note: String,
    },
}

/// One step of one party.
pub(crate) struct Respond {
    pub(crate) name: ReferralName,
    /// The version that the party has seen; empty if it does not matter.
    pub(crate) etag: String,
    pub(crate) action: Action,
}

impl Action {
    pub(crate) fn step(&self) -> Step {
        match self {
            Self::Accept { .. } => Step::Accept,
            Self::Reject { .. } => Step::Reject,
            Self::RequestInformation { .. } => Step::RequestInformation,
            Self::ProvideInformation { .. } => Step::ProvideInformation,
            Self::Start { .. } => Step::Start,
            Self::Hold { .. } => Step::Hold,
            Self::Complete { .. } => Step::Complete,
            Self::Fail { .. } => Step::Fail,
            Self::Cancel { .. } => Step::Cancel,
            Self::ConfirmCancellation { .. } => Step::ConfirmCancellation,
            Self::MarkEnteredInError { .. } => Step::MarkEnteredInError,
        }
    }
}

/// What a sender answers, and where it stems from.
#[derive(Clone, Copy)]
struct Answer<'a> {
    content: &'a ReferralContent,
    origin: Option<&'a Origin>,
}

/// What came of a step.
pub(crate) struct Responded {
    pub(crate) change: Authorised<ReferralChange>,
    /// What the answer tells of the other party's, if it is given.
    pub(crate) told: Vec<Shown>,
}

impl Gateway {
    /// Carries out one step: leaf, state, events and the other party's notice, durable when it returns.
    pub(crate) async fn respond(&self, call: &Call<'_>, respond: Respond) -> Result<Responded, Error> {
        let name = respond.name;
        let Begun { person, earlier, now, alone: _alone } = self.begin(call, name.youth).await?;
        let mut record = self.referral_of(&person, name).await?;
        let viewer = self.viewer(call.caller, &record.row)?;
        self.check_subject(call.caller, record.row.youth)?;
        self.check_own_word(call.caller, record.question(viewer, call.caller.role(), now))?;
        if let Some(earlier) = earlier {
            return self.change_again(call.caller, &person, record, earlier, now);
        }
        if !respond.etag.is_empty() && respond.etag != etag(record.row.version) {
            return Err(Error::EtagMismatch);
        }
        let party = match viewer {
            Viewer::Author => Party::Sender,
            Viewer::Addressee => Party::Recipient,
            Viewer::Subject => Party::Subject,
        };
        let before = record.state();
        let after = next(before, respond.action.step(), party)
            .map_err(|expected| Error::TransitionNotAllowed { state: before, expected })?;
        let (mut obligations, mut held_back) = (Vec::new(), None);
        if let Action::ProvideInformation { answer, origin } = &respond.action {
            let answer = Answer { content: answer, origin: origin.as_ref() };
            let decision = self.decide_answer(call.caller, &person, &record, answer, now).await?;
            obligations.extend_from_slice(decision.obligations());
            let about = name.to_string();
            held_back = self.held_back(call.caller, &person, (&decision, &about), now).await?;
        }
        let item = apply(&mut record, respond.action, party, now)?;
        record.set_state(after);
        record.message.recipient_professional.clear();
        if party == Party::Recipient {
            record.message.recipient_professional.push_str(call.caller.professional());
        }

        let told = self.told_here(call, &record, (party, item), now).await?;
        let looked_after = self.after_step(&person, &record, &call.caller.party(), now).await?;
        let entry = Entry::of(Event::ReferralChange, person.id).by(call.caller);
        let details = json!({
            "referral": name.to_string(),
            "from": before.as_str_name(),
            "to": after.as_str_name(),
            "entry": looked_after.entries.first().map(|row| row.id.to_string()),
            TOLD: self.told_details(&person, told.iter().map(|(_, told)| told.clone()).collect(), now).await?,
        });
        let announced = self.announce(entry, &person, &details, now).await?;
        let leaf = announced.receipt.sequence;
        let mut change = Change::announced_by(leaf);
        change.detail = announced.detail;
        self.tell_other_party(&mut record, party, item, &mut change, now).await?;
        let queued = std::mem::take(&mut change.enqueue).into_iter();
        change.enqueue = queued.map(|row| hurried(row, &obligations, now)).collect();
        if let Some((reader, told)) = told {
            self.disclosure_notice(&record, reader, Some(&told), &mut change, now)?;
            change.tasks.extend(self.second_look(&person, &record, (reader, &told), now)?);
        }
        change.follow_ups.extend(looked_after.follow_ups);
        change.tasks.extend(looked_after.tasks);
        change.entries.extend(looked_after.entries);
        change.tasks.extend(held_back);
        change.referrals.push(record.next_version(&person, now)?);
        change.events.push(event(&record, Kind::StateChanged, now));
        let mut answer = ReferralChange {
            referral: Some(record.message.clone()),
            receipt: Some(receipt(&announced.receipt)),
        };
        change.request = Some(call.answered(&person, &answer, now)?);
        self.commit(change).await?;

        answer.referral = None;
        let now = self.now();
        self.responded(call.caller, &person, &record, answer, now)
    }

    fn responded(
        &self,
        caller: &Caller,
        person: &Person,
        record: &ReferralRecord,
        answer: ReferralChange,
        now: Timestamp,
    ) -> Result<Responded, Error> {
        let view = self.view(caller, person, record, now)?;
        let told = self.told_in_referral(caller, record, view.decision(), now)?;
        Ok(Responded { change: self.shell(caller, answer)?.gather(view).map_err(mismatch)?, told })
    }

    fn change_again(
        &self,
        caller: &Caller,
        person: &Person,
        record: ReferralRecord,
        mut earlier: ReferralChange,
        now: Timestamp,
    ) -> Result<Responded, Error> {
        let message = earlier.referral.take().ok_or(Error::Inconsistent("a kept answer has no referral"))?;
        self.responded(caller, person, &ReferralRecord { row: record.row, message }, earlier, now)
    }

    /// A new release of data is decided on like the referral itself.
    async fn decide_answer(
        &self,
        caller: &Caller,
        person: &Person,
        record: &ReferralRecord,
        answer: Answer<'_>,
        now: Timestamp,
    ) -> Result<Decision, Error> {
        // What is told now stems from where the sender says now, not from where the referral did.
        let question = Question {
            origin: origin(answer.origin),
            ..record.question(Viewer::Addressee, caller.role(), now)
        };
        let decision = self.engine().decide(&self.index(), answer.content.categories(), &question);
        if decision.permitted().difference(CategorySet::ENVELOPE).is_empty() {
            let name = record.name().to_string();
            let entry = Entry::of(Event::Refusal, record.row.youth)
                .by(caller)
                .decided(record.purpose(), &decision)
                .of_what(&name);
            self.note_refusal(entry, Some(person), &record.channel(), &decision, now).await?;
            return Err(Error::refused(decision));
        }
        Ok(decision)
    }

    /// What the other party can read from now on, if it reads here and has no system that it is told in.
    async fn told_here(
        &self,
        call: &Call<'_>,
        record: &ReferralRecord,
        (party, item): (Party, DeliveryItem),
        now: Timestamp,
    ) -> Result<Option<(Viewer, Told)>, Error> {
        let (reader, reads_here) = match party {
            Party::Sender => {
                (Viewer::Addressee, record.row.reached_recipient && self.handover(record).await?.is_none())
            }
            Party::Recipient => (Viewer::Author, self.adapter(&record.row.sender).is_none()),
            // The young person's own word is no disclosure of an agency's.
            Party::Subject | Party::Gateway => return Ok(None),
        };
        if !reads_here {
            return Ok(None);
        }
        let holds = words(&record.message, item).categories();
        let mut question = record.question(reader, ActorRole::System, now);
        if let DeliveryItem::Information(index) = item {
            question.origin = record.answer_origin(index);
        }
        let decision = self.engine().decide(&self.index(), holds, &question);
        let telling = Telling { record, item, viewer: reader, holds, decision: &decision };
        let told = Told::by(&telling, call.id(), now);
        Ok(told.map(|told| (reader, told.in_pieces(&self.pieces(record, item, reader)))))
    }

    /// Queues the notice for the other party's own system. A handover that has not begun is stopped instead when the
    /// matter has ended: who never heard of the young person need not hear of the end either.
    pub(crate) async fn tell_other_party(
        &self,
        record: &mut ReferralRecord,
        party: Party,
        item: DeliveryItem,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        if party != Party::Sender && self.adapter(&record.row.sender).is_some() {
            let sender = record.row.sender.clone();
            change.enqueue.push(self.new_delivery(record, item, sender, now)?);
        }
        if party == Party::Recipient || self.adapter(&record.row.recipient).is_none() {
            return Ok(());
        }
        // Without one the recipient had no system of its own when the referral was sent: it reads here.
        let Some(handover) = self.handover(record).await? else { return Ok(()) };
        match handover.state {
            DeliveryState::Queued | DeliveryState::Retrying if super::machine::is_final(record.state()) => {
                change.stops.push(handover.message);
                record.set_delivery_state(DeliveryState::Stopped);
                record.row.delivery_ended = Some(now);
            }
            DeliveryState::Rejected | DeliveryState::Stopped | DeliveryState::Expired => {}
            DeliveryState::Unspecified
            | DeliveryState::Queued
            | DeliveryState::Retrying
            | DeliveryState::Sending
            | DeliveryState::Delivered
            | DeliveryState::InDoubt => {
                let recipient = record.row.recipient.clone();
                change.enqueue.push(self.new_delivery(record, item, recipient, now)?);
            }
        }
        Ok(())
    }

    /// The delivery of the referral itself, if there is one.
    async fn handover(&self, record: &ReferralRecord) -> Result<Option<DeliveryRow>, Error> {
        let rows = self.store.deliveries_about(record.row.id).await?;
        Ok(rows.into_iter().find(|row| row.item == DeliveryItem::Handover))
    }
}

/// A referral is no place for a conversation, and its record has to fit one answer.
const MOST_QUESTIONS: usize = 20;

/// What watchers are told. The recipient is told only of what has reached it.
pub(crate) fn event(record: &ReferralRecord, kind: Kind, now: Timestamp) -> NewEvent {
    NewEvent {
        kind: kind as i32,
        referral: record.row.id,
        sender: record.row.sender.clone(),
        recipient: record.row.reached_recipient.then(|| record.row.recipient.clone()),
        time: now,
    }
}

/// Writes the words of the step into the record; answers what the other party is sent.
fn apply(
    record: &mut ReferralRecord,
    action: Action,
    party: Party,
    now: Timestamp,
) -> Result<DeliveryItem, Error> {
    let message = &mut record.message;
    match action {
        Action::Accept { note }
        | Action::Start { note }
        | Action::Hold { note }
        | Action::ConfirmCancellation { note } => message.status_note = note,
        Action::Reject { reason, note } => {
            message.set_rejection_reason(reason);
            message.status_note = note;
        }
        Action::Complete { outcome, note } | Action::Fail { outcome, note } => {
            message.set_outcome(outcome);
            message.status_note = note;
        }
        Action::Cancel { note } | Action::MarkEnteredInError { note } => {
            if party == Party::Recipient {
                message.status_note = note;
            } else {
                message.sender_note = note;
            }
        }
        Action::RequestInformation { .. } if message.information.len() >= MOST_QUESTIONS => {
            return Err(Error::RecordState { expected: "at most 20 questions are asked about one referral" });
        }
        Action::RequestInformation { question } => {
            message.status_note.clone_from(&question);
            message.information.push(InformationExchange {
                question,
                ask_time: Some(wire_time(now)?),
                answer: None,
                answer_time: None,
                origin: None,
            });
        }
        Action::ProvideInformation { answer, origin } => {
            let index = message.information.len().saturating_sub(1);
            let open =
                message.information.last_mut().ok_or(Error::Inconsistent("an answer without a question"))?;
            open.answer = Some(own_content(*answer)?);
            open.answer_time = Some(wire_time(now)?);
            open.origin = origin;
            // The recipient's time stands still while it waits for the sender.
            let asked = open.ask_time.as_ref().map(instant).transpose()?.unwrap_or(now);
            record.row.respond_by =
                record.row.respond_by.saturating_add(now.duration_since(asked)).unwrap_or(now);
            message.respond_by = Some(wire_time(record.row.respond_by)?);
            let index = u32::try_from(index).map_err(|_| Error::Inconsistent("too many questions"))?;
            return Ok(DeliveryItem::Information(index));
        }
    }
    Ok(DeliveryItem::StateChange)
}

impl ReferralRecord {
    /// The gateway itself moves the referral: time has passed, or nothing permits it any more.
    pub(crate) fn step_by_gateway(&mut self, step: Step) -> Result<ReferralState, Error> {
        let after = next(self.state(), step, Party::Gateway)
            .map_err(|expected| Error::TransitionNotAllowed { state: self.state(), expected })?;
        self.set_state(after);
        self.message.recipient_professional.clear();
        Ok(after)
    }
}
