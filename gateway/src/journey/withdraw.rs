//! A permission ends: what had not begun is stopped, and the answer says what could not be.

use jiff::Timestamp;
use polku_policy::{ActorRole, Authorised, ConsentIndex, Viewer};
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{
    ConsentChange, ConsentEvidence, ConsentState, DeliveryState, InvalidateConsentRequest,
    RevokeConsentRequest, WithdrawConsentRequest,
};
use polku_proto::{AgencyId, CategorySet, ConsentName, Disclose, PlanName, ReferralName, Valid, YouthId};

use super::commit::{Batch, Write};
use super::consent::{check_etag, is_in_force, push_event};
use super::consent_party::{decides_for_a_minor, spoken_by, takes_back};
use super::machine::{Step, is_final};
use super::read::name;
use super::respond::event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::{Begun, Call};
use crate::outbox::Whose;
use crate::person::Person;
use crate::record::{ConsentRecord, ReferralRecord};
use crate::store::{About, Change, DeliveryItem, PlanRow, ReferralFilter, ReferralRow};

/// Names of referrals, and of plans, whose delivery a change has stopped, or has come too late for.
#[derive(Debug, Default)]
pub(super) struct Effect {
    pub(super) stopped: Vec<String>,
    pub(super) under_way: Vec<String>,
}

/// How a consent ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// By whom, as far as a professional says so.
    TakenBack(GivenBy),
    Revoked,
    Invalidated,
}

impl Ending {
    /// Into which state this brings the record, and whose word that is: the young person withdraws, everybody else
    /// revokes.
    fn outcome(
        self,
        caller: &Caller,
        person: &Person,
        record: &ConsentRecord,
        now: Timestamp,
    ) -> Result<(ConsentState, GivenBy), Error> {
        let by = match self {
            Ending::TakenBack(said) => taken_back_by(caller, said, person, record, now)?,
            Ending::Revoked => GivenBy::Unspecified,
            Ending::Invalidated => return Ok((ConsentState::Invalidated, GivenBy::Unspecified)),
        };
        Ok(match by {
            GivenBy::Self_ => (ConsentState::Withdrawn, by),
            GivenBy::Guardian | GivenBy::OtherRepresentative | GivenBy::Unspecified => {
                (ConsentState::Revoked, by)
            }
        })
    }

    /// Tells whether a consent in this state can end so.
    fn check(self, present: ConsentState) -> Result<(), Error> {
        let given = is_in_force(present) || present == ConsentState::Expired;
        let void =
            matches!(present, ConsentState::Refused | ConsentState::Invalidated | ConsentState::Unspecified);
        match self {
            Ending::TakenBack(_) | Ending::Revoked if given => Ok(()),
            Ending::TakenBack(_) | Ending::Revoked => {
                Err(Error::RecordState { expected: "a consent that was given can be withdrawn or revoked" })
            }
            Ending::Invalidated if !void => Ok(()),
            Ending::Invalidated => Err(Error::RecordState {
                expected: "a consent that was refused or is invalid already cannot be invalidated",
            }),
        }
    }
}

impl Gateway {
    /// A consent is taken back, by the young person or by another one who could give it. Works whatever version the
    /// caller has seen.
    pub(crate) async fn withdraw_consent(
        &self,
        caller: &Caller,
        request: Valid<WithdrawConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let call = self.call(caller, "WithdrawConsent", &request.request_id, &request)?;
        let name = name(&request.name, "name")?;
        let ending = Ending::TakenBack(request.taken_back_by());
        self.end_consent(&call, name, &request.etag, ending, request.reason).await
    }

    /// A professional ends a consent.
    pub(crate) async fn revoke_consent(
        &self,
        caller: &Caller,
        request: Valid<RevokeConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        check_professional(caller)?;
        let call = self.call(caller, "RevokeConsent", &request.request_id, &request)?;
        let name = name(&request.name, "name")?;
        self.end_consent(&call, name, &request.etag, Ending::Revoked, request.reason).await
    }

    /// A professional records that a consent never was valid, whether or not it has ended meanwhile.
    pub(crate) async fn invalidate_consent(
        &self,
        caller: &Caller,
        request: Valid<InvalidateConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        check_professional(caller)?;
        let call = self.call(caller, "InvalidateConsent", &request.request_id, &request)?;
        let name = name(&request.name, "name")?;
        self.end_consent(&call, name, &request.etag, Ending::Invalidated, request.reason).await
    }

    async fn end_consent(
        &self,
        call: &Call<'_>,
        name: ConsentName,
        etag: &str,
        ending: Ending,
        reason: String,
    ) -> Result<Authorised<ConsentChange>, Error> {
        self.check_subject(call.caller, name.youth)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(call, name.youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(call.caller, &person, earlier, now);
        }
        let mut record = self.consent_of(&person, name, now).await?;
        self.check_consent_party(call.caller, &person, &record, now)?;
        if !etag.is_empty() {
            check_etag(&record, etag)?;
        }
        ending.check(record.message.state())?;
        let (state, by) = ending.outcome(call.caller, &person, &record, now)?;
        push_event(&mut record, call.caller, state, reason, now)?;
        if let Some(event) = record.message.events.last_mut() {
            event.set_taken_back_by(by);
        }
        self.commit_consent(call, &person, Batch::of(record, Write::Next), now).await
    }

    /// The open referrals of the person that something permits now, under whichever of their ids.
    pub(super) async fn permitted_referrals(
        &self,
        person: &Person,
        now: Timestamp,
    ) -> Result<Vec<ReferralRecord>, Error> {
        let mut permitted = Vec::new();
        for id in self.ids_of(person.id) {
            let person = self.person(id).await?;
            let mut filter = ReferralFilter { party: None, youth: Some(id), before: None, limit: 100 };
            loop {
                let rows = self.store.referrals(&filter).await?;
                let Some(last) = rows.last() else { break };
                filter.before = Some((last.created, last.id));
                for row in rows.into_iter().filter(|row| !is_final(row.state)) {
                    let record = ReferralRecord::open(&person, row)?;
                    if self.still_permits(&self.index(), &record, now) {
                        permitted.push(record);
                    }
                }
            }
        }
        Ok(permitted)
    }

    /// Those of the referrals that nothing permits any more when the batch has been committed: with what it takes away,
    /// and with what it gives.
    pub(super) fn no_more_permitted(
        &self,
        changed: YouthId,
        mut records: Vec<ReferralRecord>,
        batch: &Batch,
        now: Timestamp,
    ) -> Result<Vec<ReferralRecord>, Error> {
        if records.is_empty() {
            return Ok(records);
        }
        // The batch is in the index for these decisions alone: nobody else may rest on what is not durable yet.
        let mut index = self.index_mut();
        let before = index.snapshot(changed);
        let changed = batch.take_away(&mut index).and_then(|()| batch.give(&mut index));
        records.retain(|record| !self.still_permits(&index, record, now));
        index.restore(before);
        changed.map(|()| records)
    }

    /// Ends referrals.
    pub(super) async fn stop_all(
        &self,
        caller: &Caller,
        person: &Person,
        records: Vec<ReferralRecord>,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<Effect, Error> {
        let mut all = Effect::default();
        for mut record in records {
            let mut effect = Effect::default();
            let person = self.person(record.row.youth).await?;
            self.stop(&person, &mut record, change, &mut effect, now).await?;
            if may_know(caller, &record.row) {
                all.stopped.append(&mut effect.stopped);
            }
        }
        for id in self.ids_of(person.id) {
            all.under_way.append(&mut self.under_way(caller, id).await?);
        }
        Ok(all)
    }

    /// Everything about the person under this id that has begun and not ended, whatever it rests on: part of it may
    /// rest on what has just been taken away.
    async fn under_way(&self, caller: &Caller, youth: YouthId) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for delivery in self.store.open_deliveries_of(youth).await? {
            let begun = matches!(delivery.state, DeliveryState::Sending | DeliveryState::InDoubt);
            if !begun || !tells(delivery.item) {
                continue;
            }
            match delivery.about {
                About::Referral(referral) => {
                    let row = self.store.referral(referral).await?;
                    if row.is_some_and(|row| may_know(caller, &row)) {
                        let name = ReferralName { youth, referral };
                        push_once(&mut names, &name.to_string());
                    }
                }
                About::Plan { plan, owner } => {
                    let row = self.store.plan(plan).await?;
                    if row.is_some_and(|row| may_know_of_part(caller, &row, &owner, &delivery.agency)) {
                        push_once(&mut names, &PlanName { youth, plan }.to_string());
                    }
                }
                // Notices of what was told there say nothing that rests on a permission.
                About::Journey => {}
            }
        }
        Ok(names)
    }

    fn still_permits(&self, index: &ConsentIndex, record: &ReferralRecord, now: Timestamp) -> bool {
        let question = record.question(Viewer::Addressee, ActorRole::System, now);
        let content = record.message.content.as_ref().map_or(CategorySet::EMPTY, Disclose::categories);
        let required = self.required(&record.row.recipient);
        let engine = self.engine();
        let decision = engine.decide(index, content.union(required), &question);
        let whose = || Whose::of(&engine, index, &decision, required, &question);
        required.is_subset(decision.permitted()) || whose() == Whose::Ours
    }

    async fn stop(
        &self,
        person: &Person,
        record: &mut ReferralRecord,
        change: &mut Change,
        effect: &mut Effect,
        now: Timestamp,
    ) -> Result<(), Error> {
        record.step_by_gateway(Step::WithdrawConsent)?;
        let name = record.name().to_string();
        let mut told = false;
        for row in self.store.deliveries_about(record.row.id).await? {
            let carries_data = matches!(row.item, DeliveryItem::Handover | DeliveryItem::Information(_));
            match row.state {
                DeliveryState::Queued | DeliveryState::Retrying if carries_data => {
                    if row.item == DeliveryItem::Handover {
                        record.set_delivery_state(DeliveryState::Stopped);
                        record.row.delivery_ended = Some(now);
                    }
                    change.stops.push(row.message);
                    push_once(&mut effect.stopped, &name);
                }
                DeliveryState::Sending | DeliveryState::InDoubt | DeliveryState::Delivered => {
                    told |= row.item == DeliveryItem::Handover;
                }
                DeliveryState::Unspecified
                | DeliveryState::Queued
                | DeliveryState::Retrying
                | DeliveryState::Rejected
                | DeliveryState::Stopped
                | DeliveryState::Expired => {}
            }
        }
        // Whoever has it, or may have it, is told once that the permission is gone.
        if told {
            let recipient = record.row.recipient.clone();
            change.enqueue.push(self.new_delivery(record, DeliveryItem::ConsentWithdrawn, recipient, now)?);
        }
        if self.adapter(&record.row.sender).is_some() {
            let sender = record.row.sender.clone();
            change.enqueue.push(self.new_delivery(record, DeliveryItem::StateChange, sender, now)?);
        }
        let after = self.after_step(person, record, &record.channel().from, now).await?;
        change.tasks.extend(after.tasks);
        change.follow_ups.extend(after.follow_ups);
        change.referrals.push(record.next_version(person, now)?);
        change.events.push(event(record, Kind::StateChanged, now));
        Ok(())
    }
}

/// The young person, and who represents them, learns of every referral that was stopped; an agency of its own ones.
fn may_know(caller: &Caller, row: &ReferralRow) -> bool {
    match caller.actor {
        Actor::Subject(_) | Actor::Representative { .. } => true,
        Actor::Professional { .. } => {
            caller.agency == row.sender || (caller.agency == row.recipient && row.reached_recipient)
        }
    }
}

/// The same for a part of a plan on its way to an agency: beside that agency, the owner of the section knows of it, and
/// whoever coordinates the plan.
fn may_know_of_part(caller: &Caller, row: &PlanRow, owner: &str, addressee: &AgencyId) -> bool {
    match caller.actor {
        Actor::Subject(_) | Actor::Representative { .. } => true,
        Actor::Professional { .. } => {
            caller.agency == row.coordinator || caller.agency.as_str() == owner || caller.agency == *addressee
        }
    }
}

/// Whether a delivery tells something that rests on a permission.
fn tells(item: DeliveryItem) -> bool {
    match item {
        DeliveryItem::Handover
        | DeliveryItem::StateChange
        | DeliveryItem::Information(_)
        | DeliveryItem::PlanPart => true,
        DeliveryItem::ConsentWithdrawn | DeliveryItem::DisclosureNotice { .. } | DeliveryItem::PlanEnded => {
            false
        }
    }
}

/// Who takes a consent back: whoever calls, or the one of whom a professional says so.
fn taken_back_by(
    caller: &Caller,
    said: GivenBy,
    person: &Person,
    record: &ConsentRecord,
    now: Timestamp,
) -> Result<GivenBy, Error> {
    let wrong = |expected| Error::Field { field: "taken_back_by", reason: "INVALID_FIELDS", expected };
    let given_by = record.message.evidence.as_ref().map_or(GivenBy::Self_, ConsentEvidence::given_by);
    match (spoken_by(caller), said) {
        (Some(own), GivenBy::Unspecified) => Ok(own),
        (Some(_), _) => Err(wrong("nothing: it is the word of whoever calls")),
        (None, GivenBy::Unspecified) => Ok(given_by),
        (None, said) if decides_for_a_minor(person, said, now)? && !takes_back(said, given_by) => Err(wrong(
            "another one: a guardian takes back what a guardian has given, and another representative of a minor what \
             either has",
        )),
        (None, said) => Ok(said),
    }
}

/// Young people and those who represent them take consents back.
fn check_professional(caller: &Caller) -> Result<(), Error> {
    match caller.actor {
        Actor::Professional { .. } => Ok(()),
        Actor::Subject(_) | Actor::Representative { .. } => Err(Error::ActorNotAllowed {
            expected: "a professional revokes and invalidates; the young person withdraws with WithdrawConsent",
        }),
    }
}

fn push_once(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|other| other == name) {
        names.push(name.to_owned());
    }
}
