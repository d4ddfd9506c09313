//! Somebody has said something that the store does not know any more: what counts until they are asked again?
//!
//! Which of their consents was taken back, or what was prohibited, is lost. So none of the consents that are known counts,
//! and where a prohibition or a legal status has changed everything is prohibited, until somebody who has asked records
//! what holds: a consent given anew, the prohibition lifted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_proto::v1::{ConsentEvent, ConsentState, Prohibition, ProhibitionTerms, prohibition};
use polku_proto::{ProhibitionId, ProhibitionName, YouthId};

use super::commit::{Batch, Write};
use super::consent::{expire, is_in_force};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::{ConsentRecord, ProhibitionRecord, new_instrument, wire_time};
use crate::store::{Change, InstrumentKind};
use crate::trail::Entry;

/// Why, for whoever reads the record.
const REASON: &str = "Something that this person has said, or that is recorded of them, has changed since the backup that the \
                      gateway was brought back from: ask the person, and record what holds.";

impl Gateway {
    /// Ends all consents of a person, and prohibits everything in the name of each of these agencies.
    pub(crate) async fn suspend(
        &self,
        youth: YouthId,
        agencies: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let _alone = self.alone_with(youth).await?;
        let person = self.person(youth).await?;
        let (mut batch, mut prohibited) = (Batch::default(), BTreeSet::new());
        for row in self.store.instruments_of(youth).await?.into_iter().filter(|row| row.in_force) {
            match row.kind {
                InstrumentKind::Consent => {
                    let mut record = ConsentRecord::open(person.key(), row)?;
                    end(&mut record, &person, now)?;
                    batch = batch.and(record, Write::Next);
                }
                InstrumentKind::Prohibition => {
                    let record = ProhibitionRecord::open(person.key(), row)?;
                    if *record.terms()? == ProhibitionTerms::default() {
                        prohibited.insert(record.message.recorder);
                    }
                }
                InstrumentKind::LegalStatus => {}
            }
        }
        for agency in agencies.difference(&prohibited) {
            batch = batch.and_prohibition(self.prohibition_of_all(youth, agency, now)?, Write::New);
        }
        if batch.is_empty() {
            return Ok(());
        }
        batch.settle();
        let entry = Entry::of(batch.event(), youth);
        let announced = self.announce(entry, &person, &batch.details(&[]), now).await?;
        let revision = announced.receipt.sequence;
        let mut change = Change::announced_by(revision);
        change.detail = announced.detail;
        batch.write(&person, revision, &mut change)?;
        // What waits is decided again before it goes; who sees less of plans is told by a sweep.
        change.look_at_plans_of = self.ids_of(youth).into_iter().map(|id| (id, now)).collect();
        self.commit(change).await
    }

    fn prohibition_of_all(
        &self,
        youth: YouthId,
        agency: &str,
        now: Timestamp,
    ) -> Result<ProhibitionRecord, Error> {
        let id = self.new_id(now)?;
        let name = ProhibitionName { youth, prohibition: ProhibitionId::from_uuid(id) };
        Ok(ProhibitionRecord {
            row: new_instrument(id, youth, InstrumentKind::Prohibition),
            message: Prohibition {
                name: name.to_string(),
                terms: Some(ProhibitionTerms::default()),
                state: prohibition::State::InForce as i32,
                create_time: Some(wire_time(now)?),
                recorder: agency.to_owned(),
                ..Prohibition::default()
            },
        })
    }
}

/// The gateway revokes it, and no agency.
fn end(record: &mut ConsentRecord, person: &Person, now: Timestamp) -> Result<(), Error> {
    expire(&mut record.message, person, now)?;
    if is_in_force(record.message.state()) {
        record.message.set_state(ConsentState::Revoked);
        record.message.events.push(ConsentEvent {
            state: ConsentState::Revoked as i32,
            time: Some(wire_time(now)?),
            reason: REASON.to_owned(),
            ..ConsentEvent::default()
        });
    }
    Ok(())
}
