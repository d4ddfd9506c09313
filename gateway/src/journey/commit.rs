//! What a young person has said changes: what is made durable, in which order, and what does it stop?

use jiff::Timestamp;
use polku_policy::{Authorised, Grant};
use polku_proto::v1::{AuditReceipt, Consent, ConsentChange, Prohibition, prohibition};
use prost::Message;
use serde_json::{Value, json};

use super::consent::is_in_force;
use super::withdraw::Effect;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::Call;
use crate::person::Person;
use crate::record::{ConsentRecord, ProhibitionRecord, grant};
use crate::store::{Change, InstrumentRow};
use crate::trail::{Entry, receipt};

/// What a commit does to a record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Write {
    /// It is not in the store yet.
    New,
    /// It is the next version of one that is.
    Next,
}

/// Consents and prohibitions of one person that change together: all of them or none.
#[derive(Debug, Default)]
pub(super) struct Batch {
    consents: Vec<(ConsentRecord, Write)>,
    prohibitions: Vec<(ProhibitionRecord, Write)>,
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

    /// The consents as they are when the batch is committed, in their order.
    pub(super) fn consents(&self) -> impl Iterator<Item = &Consent> {
        self.consents.iter().map(|(record, _)| &record.message)
    }

    /// The prohibitions as they are when the batch is committed, in their order.
    pub(super) fn prohibitions(&self) -> impl Iterator<Item = &Prohibition> {
        self.prohibitions.iter().map(|(record, _)| &record.message)
    }

    /// Brings the rows in step with the messages, and tells whether anything that counted counts no more.
    fn settle(&mut self) -> bool {
        let mut takes_away = false;
        for (record, _) in &mut self.consents {
            let counted = record.row.in_force;
            record.row.in_force = is_in_force(record.message.state());
            takes_away |= counted && !record.row.in_force;
        }
        for (record, _) in &mut self.prohibitions {
            record.row.in_force = record.message.state() == prohibition::State::InForce;
            takes_away |= record.row.in_force;
        }
        takes_away
    }

    fn write(&mut self, person: &Person, revision: u64, change: &mut Change) -> Result<(), Error> {
        for (record, write) in &mut self.consents {
            let expected = next_version(&mut record.row, *write);
            change.instruments.push(record.write(person, expected, revision)?);
        }
        for (record, write) in &mut self.prohibitions {
            let expected = next_version(&mut record.row, *write);
            change.instruments.push(record.write(person, expected, revision)?);
        }
        Ok(())
    }

    fn event(&self) -> Event {
        if self.consents.is_empty() { Event::ProhibitionChange } else { Event::ConsentChange }
    }

    fn details(&self) -> Value {
        let consents = self.consents();
        let consents =
            consents.map(|consent| json!({"consent": consent.name, "state": consent.state().as_str_name()}));
        let prohibitions = self.prohibitions();
        let prohibitions =
            prohibitions.map(|one| json!({"prohibition": one.name, "state": one.state().as_str_name()}));
        consents.chain(prohibitions).collect()
    }

    /// What the batch permits.
    fn grants(&self) -> Result<Vec<Grant>, Error> {
        let given = self.consents.iter().map(|(record, _)| record).filter(|record| record.row.in_force);
        given.map(|record| grant(&record.row, record.terms()?, record.message.evidence.as_ref())).collect()
    }
}

fn next_version(row: &mut InstrumentRow, write: Write) -> Option<u64> {
    match write {
        Write::New => None,
        Write::Next => {
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
        self.consent_again(call.caller, answer, now)
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
        let entry = Entry::of(batch.event(), person.id).by(call.caller);
        let announced = self.announce(entry, person, &batch.details(), now).await?;
        let revision = announced.receipt.sequence;
        let mut change = Change::announced_by(revision);
        change.detail = announced.detail;
        batch.write(person, revision, &mut change)?;
        let before = self.index().snapshot(person.id);
        let committed = async {
            self.take_away(&batch)?;
            let effect = if takes_away {
                self.stop_unpermitted_by(call.caller, person, &batch.grants()?, &mut change, now).await?
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
        self.give(&batch)?;
        Ok(answer)
    }

    fn take_away(&self, batch: &Batch) -> Result<(), Error> {
        let mut ended = batch.consents.iter().filter(|(record, _)| !record.row.in_force);
        ended.try_for_each(|(record, _)| self.apply_consent(record))?;
        let mut new = batch.prohibitions.iter().filter(|(record, _)| record.row.in_force);
        new.try_for_each(|(record, _)| self.apply_prohibition(record))
    }

    fn give(&self, batch: &Batch) -> Result<(), Error> {
        let mut given = batch.consents.iter().filter(|(record, _)| record.row.in_force);
        given.try_for_each(|(record, _)| self.apply_consent(record))?;
        let mut lifted = batch.prohibitions.iter().filter(|(record, _)| !record.row.in_force);
        lifted.try_for_each(|(record, _)| self.apply_prohibition(record))
    }
}
