//! What a young person has said changes: what is made durable, in which order, and what does it stop?

use jiff::Timestamp;
use polku_policy::{Authorised, ConsentIndex, LegalStatus};
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::{
    self, AuditReceipt, Consent, ConsentChange, ConsentEvidence, Prohibition, legal_status, prohibition,
};
use prost::Message;
use serde_json::{Value, json};

use super::consent::is_in_force;
use super::window::LookedAfter;
use super::withdraw::Effect;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::Call;
use crate::person::Person;
use crate::record::{ConsentRecord, ProhibitionRecord, ReferralRecord, StatusRecord};
use crate::store::{Change, InstrumentRow};
use crate::trail::{Entry, receipt};

#[cfg(test)]
mod tests;

/// What a commit does to a record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Write {
    /// It is not in the store yet.
    New,
    /// It is the next version of one that is.
    Next,
    /// It is the next version of a consent that counts, and may close what the one before has opened.
    Instead,
}

/// Consents, prohibitions and legal statuses of one person that change together: all of them or none.
#[derive(Debug, Default)]
pub(super) struct Batch {
    consents: Vec<(ConsentRecord, Write)>,
    prohibitions: Vec<(ProhibitionRecord, Write)>,
    statuses: Vec<(StatusRecord, Write)>,
}

/// Where in the order of all changes a batch stands, and what it has stopped.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) revision: u64,
    pub(super) receipt: AuditReceipt,
    pub(super) effect: Effect,
}

impl Batch {
    /// A batch of one consent.
    pub(super) fn of(record: ConsentRecord, write: Write) -> Self {
        Self::default().and(record, write)
    }

    /// One more consent.
    pub(super) fn and(mut self, record: ConsentRecord, write: Write) -> Self {
        self.consents.push((record, write));
        self
    }

    /// One more prohibition.
    pub(super) fn and_prohibition(mut self, record: ProhibitionRecord, write: Write) -> Self {
        self.prohibitions.push((record, write));
        self
    }

    /// One more legal status.
    pub(super) fn and_status(mut self, record: StatusRecord, write: Write) -> Self {
        self.statuses.push((record, write));
        self
    }

    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.consents.is_empty() && self.prohibitions.is_empty() && self.statuses.is_empty()
    }

    /// The consents as they are when the batch is committed, in their order.
    pub(super) fn consents(&self) -> impl Iterator<Item = &Consent> {
        self.consents.iter().map(|(record, _)| &record.message)
    }

    /// The prohibitions as they are when the batch is committed, in their order.
    pub(super) fn prohibitions(&self) -> impl Iterator<Item = &Prohibition> {
        self.prohibitions.iter().map(|(record, _)| &record.message)
    }

    /// The legal statuses as they are when the batch is committed, in their order.
    pub(super) fn statuses(&self) -> impl Iterator<Item = &v1::LegalStatus> {
        self.statuses.iter().map(|(record, _)| &record.message)
    }

    /// Brings the rows in step with the messages, and tells whether anything may be permitted no more.
    pub(super) fn settle(&mut self) -> bool {
        let mut takes_away = false;
        for (record, write) in &mut self.consents {
            let counted = record.row.in_force;
            record.row.in_force = is_in_force(record.message.state());
            takes_away |= counted && (!record.row.in_force || matches!(write, Write::Instead));
        }
        for (record, _) in &mut self.prohibitions {
            record.row.in_force = record.message.state() == prohibition::State::InForce;
            takes_away |= record.row.in_force;
        }
        for (record, _) in &mut self.statuses {
            record.row.in_force = record.message.state() == legal_status::State::InForce;
        }
        // Which of them take something away is for the rules to say.
        takes_away | !self.statuses.is_empty()
    }

    /// Whether anything may be permitted that was not before, once the rows are in step.
    fn gives(&self) -> bool {
        self.consents.iter().any(|(record, _)| record.row.in_force) || !self.prohibitions.is_empty()
    }

    pub(super) fn write(&mut self, person: &Person, revision: u64, change: &mut Change) -> Result<(), Error> {
        for (record, write) in &mut self.consents {
            let expected = next_version(&mut record.row, *write);
            change.instruments.push(record.write(person, expected, revision)?);
        }
        for (record, write) in &mut self.prohibitions {
            let expected = next_version(&mut record.row, *write);
            change.instruments.push(record.write(person, expected, revision)?);
        }
        for (record, write) in &mut self.statuses {
            let expected = next_version(&mut record.row, *write);
            change.instruments.push(record.write(person, expected, revision)?);
        }
        Ok(())
    }

    pub(super) fn event(&self) -> Event {
        if !self.consents.is_empty() {
            Event::ConsentChange
        } else if !self.prohibitions.is_empty() {
            Event::ProhibitionChange
        } else {
            Event::LegalStatusChange
        }
    }

    pub(super) fn details(&self, ended: &[ReferralRecord]) -> Value {
        let consents = self.consents();
        let consents =
            consents.map(|consent| json!({"consent": consent.name, "state": consent.state().as_str_name()}));
        let prohibitions = self.prohibitions();
        let prohibitions =
            prohibitions.map(|one| json!({"prohibition": one.name, "state": one.state().as_str_name()}));
        let statuses = self.statuses();
        let statuses = statuses.map(|one| json!({"status": one.name, "state": one.state().as_str_name()}));
        let changes: Vec<Value> = consents.chain(prohibitions).chain(statuses).collect();
        let stopped: Vec<String> = ended.iter().map(|record| record.name().to_string()).collect();
        json!({"changes": changes, "stopped": stopped})
    }

    /// Whether an address is protected from now on.
    fn begins_protection(&self) -> Result<bool, Error> {
        for (record, write) in &self.statuses {
            let is_new = matches!(write, Write::New);
            if is_new && record.status()? == LegalStatus::AddressProtected {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Brings into the index what the batch takes away.
    pub(super) fn take_away(&self, index: &mut ConsentIndex) -> Result<(), Error> {
        for (record, write) in &self.consents {
            if !record.row.in_force {
                record.apply(index)?;
            } else if matches!(write, Write::Instead) {
                record.remove(index);
            }
        }
        let mut new = self.prohibitions.iter().filter(|(record, _)| record.row.in_force);
        new.try_for_each(|(record, _)| record.apply(index))?;
        for (record, _) in &self.statuses {
            if closes(record)? {
                record.apply(index)?;
            }
        }
        Ok(())
    }

    /// Brings into the index what the batch gives.
    pub(super) fn give(&self, index: &mut ConsentIndex) -> Result<(), Error> {
        let mut given = self.consents.iter().filter(|(record, _)| record.row.in_force);
        given.try_for_each(|(record, _)| record.apply(index))?;
        let mut lifted = self.prohibitions.iter().filter(|(record, _)| !record.row.in_force);
        lifted.try_for_each(|(record, _)| record.apply(index))?;
        for (record, _) in &self.statuses {
            if !closes(record)? {
                record.apply(index)?;
            }
        }
        Ok(())
    }
}

/// Whether a legal status as it is now permits less than before. An assessment takes away from one side, the minor or
/// the guardians, what it gives to the other: as what is given, it counts when it is durable.
fn closes(record: &StatusRecord) -> Result<bool, Error> {
    Ok(match record.status()? {
        LegalStatus::AddressProtected => record.row.in_force,
        LegalStatus::MultiSectorSupport => !record.row.in_force,
        LegalStatus::Capacity(_) => false,
    })
}

fn next_version(row: &mut InstrumentRow, write: Write) -> Option<u64> {
    match write {
        Write::New => None,
        Write::Next | Write::Instead => {
            row.version += 1;
            Some(row.version - 1)
        }
    }
}

impl Gateway {
    /// Commits a consent, and what changes along with it, and answers with the first one of them.
    pub(super) async fn commit_consent(
        &self,
        call: &Call<'_>,
        person: &Person,
        batch: Batch,
        now: Timestamp,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let change = |batch: &Batch, mark: Mark| ConsentChange {
            consent: batch.consents().next().cloned(),
            revision: mark.revision,
            receipt: Some(mark.receipt),
            stopped: mark.effect.stopped,
            under_way: mark.effect.under_way,
        };
        let answer = self.commit_batch(call, person, batch, now, change).await?;
        self.consent_again(call.caller, person, answer, now)
    }

    /// Leaf, state, index: in this order. What is taken away leaves the index before it is durable, and what rested on
    /// it is stopped in the same commit: that can be too early, never too late.
    pub(super) async fn commit_batch<A: Message>(
        &self,
        call: &Call<'_>,
        person: &Person,
        mut batch: Batch,
        now: Timestamp,
        answer: impl FnOnce(&Batch, Mark) -> A,
    ) -> Result<A, Error> {
        let takes_away = batch.settle();
        let permitted = if takes_away { self.permitted_referrals(person, now).await? } else { Vec::new() };
        let ended = self.no_more_permitted(person.id, permitted, &batch, now)?;
        let entry = Entry::of(batch.event(), person.id).by(call.caller);
        let announced = self.announce(entry, person, &batch.details(&ended), now).await?;
        let revision = announced.receipt.sequence;
        let mut change = Change::announced_by(revision);
        change.detail = announced.detail;
        batch.write(person, revision, &mut change)?;
        let mut after = LookedAfter::default();
        for (record, write) in &batch.consents {
            let is_guardians = |given: &ConsentEvidence| given.given_by() == GivenBy::Guardian;
            if !matches!(write, Write::New) || record.message.evidence.as_ref().is_some_and(is_guardians) {
                self.after_consent(person, &record.message, &mut after, now).await?;
            }
        }
        if batch.begins_protection()? {
            after.tasks.extend(self.protection_begins(&call.caller.agency, person, now).await?);
        }
        if takes_away {
            after.follow_ups.extend(self.look_at_unanswered(person, now).await?);
        }
        change.follow_ups = after.follow_ups;
        change.tasks = after.tasks;
        // Should what follows the commit not come about, a sweep does it.
        let shows = takes_away || batch.gives();
        if shows {
            change.look_at_plans_of = self.ids_of(person.id).into_iter().map(|id| (id, now)).collect();
        }
        let before = self.index().snapshot(person.id);
        let committed = async {
            batch.take_away(&mut self.index_mut())?;
            let effect = if takes_away {
                self.stop_all(call.caller, person, ended, &mut change, now).await?
            } else {
                Effect::default()
            };
            let answer = answer(&batch, Mark { revision, receipt: receipt(&announced.receipt), effect });
            change.request = Some(call.answered(person, &answer, now)?);
            self.commit(change).await?;
            Ok(answer)
        };
        let answer = committed.await.inspect_err(|error: &Error| {
            if error.changed_nothing() {
                self.index_mut().restore(before);
            }
        })?;
        batch.give(&mut self.index_mut())?;
        // What is permitted counts by now; those who see more or less of plans hear as soon as it can be written down.
        if shows && let Err(error) = self.tell_permissions(person.id, now).await {
            tracing::error!(reason = error.reason(), "who sees more or less of plans is not told yet");
        }
        Ok(answer)
    }
}
