//! May this delivery go out now? Decides at the last moment, and makes the intent durable.
//!
//! What a delivery about a referral says and needs is in `referral`, and of one about a plan in `plan`; all else is the
//! same for both.

use jiff::Timestamp;
use polku_policy::{Authorised, Channel, ConsentIndex, Decision, Engine, Outcome, Question, Reason};
use polku_proto::v1::{Delivery, DeliveryState, Purpose};
use polku_proto::{CategorySet, PlanName, ReferralName, YouthName};
use serde_json::json;

use super::attempt::Pass;
use super::backoff::next_attempt;
use super::end::{End, Fate};
use super::told::{TOLD, Told};
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::machine::{Step, is_final};
use crate::journey::{SENT, SentPart};
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::services::status;
use crate::store::{About, Change, DeliveryItem, DeliveryRow, DeliveryWrite};
use crate::trail::Entry;

/// The word for a notice to a discloser of what was told of its own data.
pub(crate) const DISCLOSURE_NOTICE: &str = "disclosure_notice";

/// A delivery that may go out now.
pub(super) struct Ready {
    pub(super) row: DeliveryRow,
    pub(super) payload: Authorised<Delivery>,
}

/// What there is to do after the last look.
pub(super) enum Prepared {
    Ready(Box<Ready>),
    Nothing,
    /// It may not go out any more, and the agency may have it already.
    FindOut(Box<DeliveryRow>),
}

/// What a delivery is about, opened as far as its end needs it.
pub(super) enum Opened {
    Referral(Box<ReferralRecord>),
    /// Nothing of a plan, or of a journey, changes with the delivery of a part or of a notice.
    Plan,
}

/// What was found at the last look.
pub(super) struct Look {
    pub(super) opened: Opened,
    pub(super) verdict: Verdict,
}

/// What becomes of a delivery.
pub(super) enum Verdict {
    Goes(Box<Permitted>),
    /// Nobody stands against it, and it is not made.
    Ends(DeliveryState, &'static str),
    Refused(Box<Refused>),
}

/// What may go out.
pub(super) struct Permitted {
    pub(super) payload: Authorised<Delivery>,
    pub(super) purpose: Purpose,
    /// What it tells of another agency's data.
    pub(super) told: Option<Told>,
    /// What it tells the recipient's system of the recipient's own section of a plan.
    pub(super) sent: Option<SentPart>,
}

/// What may not.
pub(super) struct Refused {
    pub(super) decision: Decision,
    /// For what, and between whom.
    pub(super) purpose: Purpose,
    pub(super) channel: Channel,
    pub(super) whose: Whose,
}

/// Whose refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Ours: rules that fail, or an agency or agreement that an operator has left out, with nothing else against it.
    /// Nothing is sent, and nothing is given up before the deadline.
    Ours,
    /// The young person's, or the law's.
    Theirs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    /// Another one comes first, which is looked at again at this instant.
    After(Timestamp),
    Never,
}

impl Gateway {
    /// Decides at the last moment and makes the intent durable. Nothing to send is an outcome too, but not for a
    /// message that the agency may have: then that is to be found out first.
    pub(super) async fn prepare(
        &self,
        leased: DeliveryRow,
        fate: Fate,
        pass: Pass,
    ) -> Result<Prepared, Error> {
        let _alone = self.alone_with(leased.youth).await?;
        let now = self.now();
        let row = match self.store.delivery(leased.message).await? {
            Some(row) if row.fence == leased.fence => row,
            // It may have gone behind what has waited for it, which need not wait for its lease.
            Some(DeliveryRow { about: About::Plan { plan, .. }, state: DeliveryState::Queued, .. }) => {
                self.wake_behind(leased.youth, &leased.agency, plan, now).await?;
                return Ok(Prepared::Nothing);
            }
            Some(_) | None => return Ok(Prepared::Nothing),
        };
        let person = self.person(row.youth).await?;
        let turn = match row.about {
            About::Referral(referral) => self.turn_about_referral(&row, referral).await?,
            About::Plan { plan, .. } => self.turn_about_plan(&row, plan, fate).await?,
            About::Journey => Turn::Now,
        };
        if let Turn::After(other) = turn {
            self.store.release(row.message, row.fence, other.max(self.timer() + super::LOOK_AGAIN)).await?;
            return Ok(Prepared::Nothing);
        }
        let look = self.last_look(&person, &row, now).await?;
        let verdict = if row.deadline <= now {
            Verdict::Ends(DeliveryState::Expired, "DEADLINE")
        } else if turn == Turn::Never {
            Verdict::Ends(DeliveryState::Stopped, "NOTHING_TO_TELL")
        } else {
            look.verdict
        };
        if matches!(verdict, Verdict::Goes(_)) && names_person(row.item) && person.identity_code()?.is_none()
        {
            // Due at once when the person has an identity code, as `wake_all` says.
            let later = self.no_later(&row, self.timer() + super::LOOK_FOR_IDENTITY);
            self.store.release(row.message, row.fence, later).await?;
            return Ok(Prepared::Nothing);
        }
        if fate == Fate::Unknown && !matches!(verdict, Verdict::Goes(_)) {
            return Ok(Prepared::FindOut(Box::new(row)));
        }
        if matches!(verdict, Verdict::Goes(_))
            && pass == Pass::Needed
            && let Err(later) = self.pass(&row)
        {
            self.store.release(row.message, row.fence, self.no_later(&row, later)).await?;
            return Ok(Prepared::Nothing);
        }
        match verdict {
            Verdict::Goes(permitted) => {
                // What an attempt without a word has told counts with this one: the agency may have either.
                let earlier = row.intent.filter(|_| fate == Fate::Unknown);
                let Permitted { payload, purpose, told, sent } = *permitted;
                let told = self.told_since(&person, told, earlier).await?;
                let sent = self.sent_since(&person, sent, earlier).await?;
                let decided = (purpose, payload.decision());
                let row = self.log_intent(&person, &row, decided, (told.as_ref(), &sent), now).await?;
                return Ok(Prepared::Ready(Box::new(Ready { row, payload })));
            }
            Verdict::Ends(state, code) => {
                self.settle(&person, look.opened, row, End::of(state, now, code), now).await?;
            }
            Verdict::Refused(refused) if refused.whose == Whose::Ours => {
                if refused.decision.rules_failed() {
                    status::log(&Error::RulesFailed);
                }
                let later = next_attempt(&self.delivery.pauses, row.attempts + 1, self.jitter(), now);
                let end = End::of(DeliveryState::Retrying, later, "RULES_OR_AGREEMENT_MISSING");
                self.settle(&person, look.opened, row, end, now).await?;
            }
            Verdict::Refused(refused) => {
                let Refused { decision, purpose, channel, whose: _ } = *refused;
                let (_, name) = named(&row);
                let entry = Entry::of(Event::Refusal, person.id)
                    .towards(&row.agency)
                    .decided(purpose, &decision)
                    .of_what(&name);
                self.note_refusal(entry, Some(&person), &channel, &decision, now).await?;
                let end = End {
                    step: look.opened.step_of_refusal(&row),
                    ..End::of(DeliveryState::Stopped, now, "NOT_PERMITTED")
                };
                self.settle(&person, look.opened, row, end, now).await?;
            }
        }
        Ok(Prepared::Nothing)
    }

    /// Decides about what the delivery would say now.
    pub(super) async fn last_look(
        &self,
        person: &Person,
        row: &DeliveryRow,
        now: Timestamp,
    ) -> Result<Look, Error> {
        match &row.about {
            About::Referral(referral) => self.look_at_referral(person, row, *referral, now).await,
            About::Plan { .. } | About::Journey => self.look_at_plan(person, row, now).await,
        }
    }

    async fn log_intent(
        &self,
        person: &Person,
        row: &DeliveryRow,
        (purpose, decision): (Purpose, &Decision),
        (told, sent): (Option<&Told>, &[SentPart]),
        now: Timestamp,
    ) -> Result<DeliveryRow, Error> {
        let mut entry =
            Entry::of(Event::DeliveryIntent, person.id).towards(&row.agency).decided(purpose, decision);
        // An attempt that a crash has cut short has no outcome of its own: the next one takes it up.
        if let Some(earlier) = row.intent {
            entry = entry.refers_to(earlier);
        }
        let (kind, name) = named(row);
        let details = json!({
            "message": row.message.to_string(),
            kind: name,
            "item": word(row.item),
            "agency": row.agency.as_str(),
            "attempt": row.attempts + 1,
            "time": now.to_string(),
            TOLD: self.told_details(person, told.cloned().into_iter().collect(), now).await?,
            SENT: sent,
        });
        let announced = self.announce(entry, person, &details, now).await?;
        let next = DeliveryRow {
            state: DeliveryState::Sending,
            attempts: row.attempts + 1,
            intent: Some(announced.receipt.sequence),
            leased_until: Some(self.timer() + self.delivery.lease),
            ..row.clone()
        };
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.deliveries.push(DeliveryWrite { row: next.clone(), expected_fence: row.fence });
        self.commit(change).await?;
        Ok(next)
    }
}

impl Opened {
    /// Nothing permits the delivery any more: the matter of a referral ends with that, and its sender is told.
    fn step_of_refusal(&self, row: &DeliveryRow) -> Option<Step> {
        match self {
            Opened::Referral(record) => {
                let ends_matter = row.item == DeliveryItem::Handover && !is_final(record.state());
                ends_matter.then_some(Step::WithdrawConsent)
            }
            Opened::Plan => None,
        }
    }
}

/// What a delivery is about, for the details of its audit leaves: which kind of thing, and its name.
pub(super) fn named(row: &DeliveryRow) -> (&'static str, String) {
    let youth = row.youth;
    match &row.about {
        About::Referral(referral) => ("referral", ReferralName { youth, referral: *referral }.to_string()),
        About::Plan { plan, owner } => {
            ("section", format!("{}/sections/{owner}", PlanName { youth, plan: *plan }))
        }
        About::Journey => ("name", YouthName { youth }.to_string()),
    }
}

/// What a delivery says, in a word, for the details of its audit leaves.
pub(super) fn word(item: DeliveryItem) -> &'static str {
    match item {
        DeliveryItem::Handover => "handover",
        DeliveryItem::StateChange => "state_change",
        DeliveryItem::Information(_) => "information",
        DeliveryItem::ConsentWithdrawn => "consent_withdrawn",
        DeliveryItem::DisclosureNotice { .. } => DISCLOSURE_NOTICE,
        DeliveryItem::PlanPart => "plan_part",
        DeliveryItem::PlanEnded => "plan_ended",
    }
}

/// Whether the agency's system has to be told by the identity code whom it is about. A notice can name a temporary id, and
/// does not wait: the law wants the disclosure in the register. All else refers to what came before.
fn names_person(item: DeliveryItem) -> bool {
    match item {
        DeliveryItem::Handover | DeliveryItem::PlanPart | DeliveryItem::PlanEnded => true,
        DeliveryItem::StateChange
        | DeliveryItem::Information(_)
        | DeliveryItem::ConsentWithdrawn
        | DeliveryItem::DisclosureNotice { .. } => false,
    }
}

impl Whose {
    /// Whose it is that not all of what is required may be told. Where an agreement is missing, whatever else stands against
    /// it comes first: somebody who takes a consent back is not to wait for an operator.
    pub(crate) fn of(
        engine: &Engine,
        index: &ConsentIndex,
        decision: &Decision,
        required: CategorySet,
        question: &Question,
    ) -> Whose {
        let says = |reason| decision.reasons().contains(&reason);
        if says(Reason::RulesFailed) || says(Reason::UnknownAgency) {
            return Whose::Ours;
        }
        if !says(Reason::NoAgreement) {
            return Whose::Theirs;
        }
        let agreed = engine.decide_as_agreed(index, decision.asked(), question);
        let permits = agreed.outcome() == Outcome::Permitted && required.is_subset(agreed.permitted());
        if permits || agreed.rules_failed() { Whose::Ours } else { Whose::Theirs }
    }
}
