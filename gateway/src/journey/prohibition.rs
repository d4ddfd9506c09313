//! The young person prohibits disclosures, and lifts a prohibition.

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::{
    LiftProhibitionRequest, Prohibition, ProhibitionChange, ProhibitionTerms, Purpose,
    RecordProhibitionRequest, prohibition,
};
use polku_proto::{ProhibitionId, ProhibitionName, Valid, YouthId};

use super::commit::{Batch, Mark, Write};
use super::consent_party::speaks_for_a_minor;
use super::page::made_in;
use super::read::{Recorded, name, youth_id};
use super::refer::mismatch;
use super::view::own_record;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::Begun;
use crate::person::Person;
use crate::record::{ProhibitionRecord, etag, new_instrument, wire_time};
use crate::store::InstrumentKind;

impl Gateway {
    /// Records a prohibition, by a professional only of whom the own agency has to do with. Counts from the answer on;
    /// deliveries that had not begun are stopped.
    pub(crate) async fn record_prohibition(
        &self,
        caller: &Caller,
        request: Valid<RecordProhibitionRequest>,
    ) -> Result<Authorised<ProhibitionChange>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        self.check_subject(caller, youth)?;
        let terms = request.terms.clone().unwrap_or_default();
        let call = self.call(caller, "RecordProhibition", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return self.prohibition_again(caller, earlier, now);
        }
        self.check_relation(caller, youth).await?;
        let record = self.new_prohibition(caller, &person, terms, now)?;
        let batch = Batch::default().and_prohibition(record, Write::New);
        let answer = self.commit_batch(&call, &person, batch, now, prohibition_change).await?;
        self.prohibition_again(caller, answer, now)
    }

    /// A prohibition that is not in the store yet, its terms checked.
    pub(super) fn new_prohibition(
        &self,
        caller: &Caller,
        person: &Person,
        terms: ProhibitionTerms,
        now: Timestamp,
    ) -> Result<ProhibitionRecord, Error> {
        check_may_prohibit(caller, person, now)?;
        self.check_prohibition(&terms)?;
        let id = self.new_id(now)?;
        let youth = person.id;
        let name = ProhibitionName { youth, prohibition: ProhibitionId::from_uuid(id) };
        Ok(ProhibitionRecord {
            row: new_instrument(id, youth, InstrumentKind::Prohibition),
            message: Prohibition {
                name: name.to_string(),
                terms: Some(terms),
                state: prohibition::State::InForce as i32,
                create_time: Some(wire_time(now)?),
                recorder: caller.agency.to_string(),
                ..Prohibition::default()
            },
        })
    }

    /// Lifts a prohibition. What it had stopped stays stopped.
    pub(crate) async fn lift_prohibition(
        &self,
        caller: &Caller,
        request: Valid<LiftProhibitionRequest>,
    ) -> Result<Authorised<ProhibitionChange>, Error> {
        let request = request.into_inner();
        let name: ProhibitionName = name(&request.name, "name")?;
        self.check_subject(caller, name.youth)?;
        let call = self.call(caller, "LiftProhibition", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, name.youth).await?;
        if let Some(earlier) = earlier {
            return self.prohibition_again(caller, earlier, now);
        }
        check_may_prohibit(caller, &person, now)?;
        let row = self.store.instrument(name.prohibition.uuid()).await?.ok_or(Error::NotFound)?;
        if row.kind != InstrumentKind::Prohibition || row.youth != name.youth {
            return Err(Error::NotFound);
        }
        let mut record = ProhibitionRecord::open(person.key(), row)?;
        if !may_know(caller, &record) {
            return Err(Error::NotFound);
        }
        if request.etag != etag(record.row.version) {
            return Err(Error::EtagMismatch);
        }
        if record.message.state() != prohibition::State::InForce {
            return Err(Error::RecordState { expected: "a prohibition in force can be lifted" });
        }
        record.message.set_state(prohibition::State::Lifted);
        record.message.lift_time = Some(wire_time(now)?);
        let batch = Batch::default().and_prohibition(record, Write::Next);
        let answer = self.commit_batch(&call, &person, batch, now, prohibition_change).await?;
        self.prohibition_again(caller, answer, now)
    }

    /// The prohibitions among these that this caller may know of, oldest first.
    pub(crate) fn prohibitions_for(
        &self,
        caller: &Caller,
        recorded: &[Recorded],
        now: Timestamp,
    ) -> Result<Vec<(ProhibitionName, Authorised<Prohibition>)>, Error> {
        let mut views = Vec::new();
        for Recorded { person, rows } in recorded {
            let youth = person.id;
            for row in rows.iter().filter(|row| row.kind == InstrumentKind::Prohibition) {
                let record = ProhibitionRecord::open(person.key(), row.clone())?;
                if may_know(caller, &record) {
                    let name = ProhibitionName { youth, prohibition: ProhibitionId::from_uuid(row.id) };
                    views.push((name, self.view_prohibition(caller, youth, record.message, now)?));
                }
            }
        }
        views.sort_by_key(|(name, _)| made_in(name.prohibition.uuid()));
        Ok(views)
    }

    fn prohibition_again(
        &self,
        caller: &Caller,
        mut answer: ProhibitionChange,
        now: Timestamp,
    ) -> Result<Authorised<ProhibitionChange>, Error> {
        let prohibition =
            answer.prohibition.take().ok_or(Error::Inconsistent("an answer without prohibition"))?;
        let name: ProhibitionName = prohibition
            .name
            .parse()
            .map_err(|_| Error::Inconsistent("an answer without prohibition name"))?;
        let view = self.view_prohibition(caller, name.youth, prohibition, now)?;
        self.shell(caller, answer)?.gather(view).map_err(mismatch)
    }

    pub(super) fn view_prohibition(
        &self,
        caller: &Caller,
        youth: YouthId,
        prohibition: Prohibition,
        now: Timestamp,
    ) -> Result<Authorised<Prohibition>, Error> {
        self.view_record(prohibition, &own_record(caller, youth, Purpose::Unspecified, now))
    }
}

/// Who speaks for a minor, a guardian or another representative, gives permits, and neither prohibits nor lifts what the
/// minor has prohibited.
fn check_may_prohibit(caller: &Caller, person: &Person, now: Timestamp) -> Result<(), Error> {
    if speaks_for_a_minor(caller, person, now)? {
        return Err(Error::ActorNotAllowed {
            expected: "the young person, a legal representative of an adult or a professional prohibits and lifts",
        });
    }
    Ok(())
}

fn prohibition_change(batch: &Batch, mark: Mark) -> ProhibitionChange {
    ProhibitionChange {
        prohibition: batch.prohibitions().next().cloned(),
        revision: mark.revision,
        receipt: Some(mark.receipt),
        stopped: mark.effect.stopped,
        under_way: mark.effect.under_way,
    }
}

/// Whether a prohibition exists is known to who recorded it, to the young person and to who represents them.
fn may_know(caller: &Caller, record: &ProhibitionRecord) -> bool {
    match caller.actor {
        Actor::Subject(_) | Actor::Representative { .. } => true,
        Actor::Professional { .. } => record.message.recorder == caller.agency.as_str(),
    }
}
