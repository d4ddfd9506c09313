//! A permission ends: what had not begun is stopped, and the answer says what could not be.

use jiff::Timestamp;
use polku_policy::{ActorRole, Authorised, Viewer};
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{
    ConsentChange, ConsentState, DeliveryState, RevokeConsentRequest, WithdrawConsentRequest,
};
use polku_proto::{CategorySet, ConsentName, Disclose, ReferralName, Valid};
use serde_json::json;

use super::consent::{check_etag, check_party, push_event};
use super::machine::{Step, is_final};
use super::read::name;
use super::respond::event;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::{Begun, Call};
use crate::outbox::is_passing;
use crate::person::Person;
use crate::record::{ConsentRecord, ReferralRecord};
use crate::store::{Change, DeliveryItem, ReferralFilter, ReferralRow};
use crate::trail::{Entry, receipt};

/// Names of referrals whose delivery a change has stopped, or has come too late for.
#[derive(Debug, Default)]
pub(super) struct Effect {
    pub(super) stopped: Vec<String>,
    pub(super) under_way: Vec<String>,
}

impl Gateway {
    /// The young person takes a consent back. Works whatever version the caller has seen.
    pub(crate) async fn withdraw_consent(
        &self,
        caller: &Caller,
        request: Valid<WithdrawConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let call = self.call(caller, "WithdrawConsent", &request.request_id, &request)?;
        let name = name(&request.name, "name")?;
        self.end_consent(&call, name, &request.etag, ConsentState::Withdrawn, request.reason).await
    }

    /// Somebody else ends a consent.
    pub(crate) async fn revoke_consent(
        &self,
        caller: &Caller,
        request: Valid<RevokeConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let call = self.call(caller, "RevokeConsent", &request.request_id, &request)?;
        let name = name(&request.name, "name")?;
        self.end_consent(&call, name, &request.etag, ConsentState::Revoked, request.reason).await
    }

    async fn end_consent(
        &self,
        call: &Call<'_>,
        name: ConsentName,
        etag: &str,
        state: ConsentState,
        reason: String,
    ) -> Result<Authorised<ConsentChange>, Error> {
        self.check_subject(call.caller, name.youth)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(call, name.youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(call.caller, earlier, now);
        }
        let mut record = self.consent_of(&person, name).await?;
        check_party(call.caller, &record)?;
        if !etag.is_empty() {
            check_etag(&record, etag)?;
        }
        if !matches!(record.message.state(), ConsentState::Given | ConsentState::Renewed) {
            return Err(Error::RecordState {
                expected: "a consent that was given can be withdrawn or revoked",
            });
        }
        let before = ConsentRecord { row: record.row.clone(), message: record.message.clone() };
        push_event(&mut record, call.caller, state, reason, now)?;
        record.row.version += 1;
        record.row.in_force = false;

        let entry = Entry::of(Event::ConsentChange, person.id).by(call.caller);
        let details = json!({"consent": record.message.name, "state": state.as_str_name()});
        let announced = self.announce(entry, &person, &details, now).await?;
        let revision = announced.receipt.sequence;
        let mut change = Change::announced_by(revision);
        change.detail = announced.detail;
        change.instruments.push(record.write(&person, Some(before.row.version), revision)?);

        // Taking away counts from here on, before it is durable: it can be too early, never too late.
        self.apply_consent(&record)?;
        let committed = async {
            let effect = self.stop_unpermitted(call.caller, &person, &mut change, now).await?;
            let answer = ConsentChange {
                consent: Some(record.message.clone()),
                revision,
                receipt: Some(receipt(&announced.receipt)),
                stopped: effect.stopped,
                under_way: effect.under_way,
            };
            change.request = Some(call.answered(&person, &answer, now)?);
            self.commit(change).await?;
            Ok(answer)
        };
        let answer = committed.await.inspect_err(|error: &Error| {
            if error.changed_nothing() {
                // It was in the index before, so it can be put back.
                drop(self.apply_consent(&before));
            }
        })?;
        self.consent_again(call.caller, answer, now)
    }

    /// Ends every open referral of the person that nothing permits any more, as the consents are now.
    pub(super) async fn stop_unpermitted(
        &self,
        caller: &Caller,
        person: &Person,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<Effect, Error> {
        let mut all = Effect::default();
        let mut filter = ReferralFilter { party: None, youth: Some(person.id), before: None, limit: 100 };
        loop {
            let rows = self.store.referrals(&filter).await?;
            let Some(last) = rows.last() else { break };
            filter.before = Some((last.created, last.id));
            for row in rows.into_iter().filter(|row| !is_final(row.state)) {
                let mut record = ReferralRecord::open(person, row)?;
                if !self.still_permitted(&record, now) {
                    let mut effect = Effect::default();
                    self.stop(person, &mut record, change, &mut effect, now).await?;
                    if may_know(caller, &record.row) {
                        all.stopped.append(&mut effect.stopped);
                    }
                }
            }
        }
        all.under_way = self.under_way(caller, person).await?;
        Ok(all)
    }

    /// Everything about the person that has begun and not ended, whatever it rests on: part of it may rest on what has
    /// just been taken away.
    async fn under_way(&self, caller: &Caller, person: &Person) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for delivery in self.store.open_deliveries_of(person.id).await? {
            let begun = matches!(delivery.state, DeliveryState::Sending | DeliveryState::InDoubt);
            if !begun || delivery.item == DeliveryItem::ConsentWithdrawn {
                continue;
            }
            let row = self.store.referral(delivery.referral).await?;
            if row.is_some_and(|row| may_know(caller, &row)) {
                let name = ReferralName { youth: person.id, referral: delivery.referral };
                push_once(&mut names, &name.to_string());
            }
        }
        Ok(names)
    }

    fn still_permitted(&self, record: &ReferralRecord, now: Timestamp) -> bool {
        let question = record.question(Viewer::Addressee, ActorRole::System, now);
        let content = record.message.content.as_ref().map_or(CategorySet::EMPTY, Disclose::categories);
        let required = self.required(&record.row.recipient);
        let decision = self.engine().decide(&self.index(), content.union(required), &question);
        required.is_subset(decision.permitted()) || is_passing(&decision)
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

fn push_once(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|other| other == name) {
        names.push(name.to_owned());
    }
}
