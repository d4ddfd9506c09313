//! A professional records what the law makes of a young person's situation: it decides what may be disclosed.

use jiff::Timestamp;
use polku_policy::{self as policy, Authorised, Sector};
use polku_proto::v1::legal_status_terms::Status;
use polku_proto::v1::{
    EndLegalStatusRequest, LegalStatus, LegalStatusChange, LegalStatusTerms, ListLegalStatusesRequest,
    ListLegalStatusesResponse, Purpose, RecordLegalStatusRequest, legal_status,
};
use polku_proto::{AgencyId, LegalStatusId, LegalStatusName, Valid, YouthId};

use super::commit::{Batch, Mark, Write};
use super::page::made_in;
use super::read::{Recorded, name, youth_id};
use super::refer::mismatch;
use super::view::own_record;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::Begun;
use crate::person::Person;
use crate::record::{StatusRecord, etag, instant, new_instrument, wire_time};
use crate::store::{InstrumentKind, InstrumentRow};

/// How many statuses a list shows. Nobody has that many.
const MOST: usize = 200;

impl Gateway {
    /// Records a status. Deliveries that nothing permits any more because of it are stopped.
    pub(crate) async fn record_legal_status(
        &self,
        caller: &Caller,
        request: Valid<RecordLegalStatusRequest>,
    ) -> Result<Authorised<LegalStatusChange>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        let terms = request.terms.unwrap_or_default();
        let unit = self.check_recorder(caller, &terms)?;
        let call = self.call(caller, "RecordLegalStatus", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return self.status_again(caller, earlier, now);
        }
        self.check_relation(caller, youth).await?;
        let older = self.older_assessments(&person, &terms).await?;
        let id = self.new_id(now)?;
        let name = LegalStatusName { youth, status: LegalStatusId::from_uuid(id) };
        let record = StatusRecord {
            row: new_instrument(id, youth, InstrumentKind::LegalStatus),
            message: LegalStatus {
                name: name.to_string(),
                state: legal_status::State::InForce as i32,
                terms: Some(terms),
                recorder: caller.agency.to_string(),
                recorder_unit: unit,
                create_time: Some(wire_time(now)?),
                ..LegalStatus::default()
            },
        };
        let mut batch = Batch::default().and_status(record, Write::New);
        for mut old in older {
            end(&mut old, now)?;
            batch = batch.and_status(old, Write::Next);
        }
        let answer = self.commit_batch(&call, &person, batch, now, status_change).await?;
        self.status_again(caller, answer, now)
    }

    /// Ends a status. What it had stopped stays stopped.
    pub(crate) async fn end_legal_status(
        &self,
        caller: &Caller,
        request: Valid<EndLegalStatusRequest>,
    ) -> Result<Authorised<LegalStatusChange>, Error> {
        let request = request.into_inner();
        let name: LegalStatusName = name(&request.name, "name")?;
        let call = self.call(caller, "EndLegalStatus", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, name.youth).await?;
        if let Some(earlier) = earlier {
            return self.status_again(caller, earlier, now);
        }
        let row = self.store.instrument(name.status.uuid()).await?.ok_or(Error::NotFound)?;
        if row.kind != InstrumentKind::LegalStatus || row.youth != name.youth {
            return Err(Error::NotFound);
        }
        let mut record = StatusRecord::open(person.key(), row)?;
        let recorded_it = record.message.recorder == caller.agency.as_str();
        // To others it does not exist: that an address is protected is protected itself.
        if !recorded_it || !matches!(caller.actor, Actor::Professional { .. }) {
            return Err(Error::NotFound);
        }
        if request.etag != etag(record.row.version) {
            return Err(Error::EtagMismatch);
        }
        if record.message.state() != legal_status::State::InForce {
            return Err(Error::RecordState { expected: "a status in force can be ended" });
        }
        end(&mut record, now)?;
        let batch = Batch::default().and_status(record, Write::Next);
        let answer = self.commit_batch(&call, &person, batch, now, status_change).await?;
        self.status_again(caller, answer, now)
    }

    /// Lists a person's statuses, oldest first.
    pub(crate) async fn list_legal_statuses(
        &self,
        caller: &Caller,
        request: Valid<ListLegalStatusesRequest>,
    ) -> Result<Authorised<ListLegalStatusesResponse>, Error> {
        let youth = youth_id(&request.get().parent, "parent")?;
        self.check_reader(caller, youth)?;
        let mut answer = self.shell(caller, ListLegalStatusesResponse::default())?;
        let views = self.legal_statuses_for(caller, &self.recorded(caller, youth).await?)?.into_iter();
        let views: Vec<_> = views.map(|(name, view)| (name.youth, name.to_string(), view)).collect();
        self.note_readings(caller, &views).await?;
        for (_, _, view) in views {
            answer = answer.gather(view).map_err(mismatch)?;
        }
        Ok(answer)
    }

    /// The statuses among these that this caller may know of, oldest first.
    pub(crate) fn legal_statuses_for(
        &self,
        caller: &Caller,
        recorded: &[Recorded],
    ) -> Result<Vec<(LegalStatusName, Authorised<LegalStatus>)>, Error> {
        let now = self.now();
        let mut views = Vec::new();
        for Recorded { person, rows } in recorded {
            let youth = person.id;
            for record in statuses_among(person, rows)? {
                if may_know(caller, &record) {
                    let name = LegalStatusName { youth, status: LegalStatusId::from_uuid(record.row.id) };
                    views.push((name, self.view_status(caller, youth, record.message, now)?));
                }
            }
        }
        views.sort_by_key(|(name, _)| made_in(name.status.uuid()));
        views.truncate(MOST);
        Ok(views)
    }

    /// Whether this agency has the address of the person protected.
    pub(super) async fn has_protected(&self, agency: &AgencyId, person: &Person) -> Result<bool, Error> {
        let is_own = |record: &StatusRecord| {
            record.row.in_force
                && record.message.recorder == agency.as_str()
                && matches!(record.status(), Ok(policy::LegalStatus::AddressProtected))
        };
        Ok(self.statuses_of(person).await?.iter().any(is_own))
    }

    /// The assessment, under any of the person's ids, that said at an instant that they are able to decide. Of several
    /// under several ids the strictest counts: nothing, where one of them said that they are not.
    pub(super) async fn able_at(
        &self,
        person: &Person,
        at: Timestamp,
    ) -> Result<Option<LegalStatusName>, Error> {
        let mut able = None;
        for youth in self.ids_of(person.id) {
            for record in self.statuses_of(&self.person(youth).await?).await? {
                let policy::LegalStatus::Capacity(capacity) = record.status()? else { continue };
                if !was_in_force(&record.message, at)? {
                    continue;
                }
                match capacity {
                    policy::Capacity::NotAssessed => {}
                    policy::Capacity::NotCapable => return Ok(None),
                    policy::Capacity::Capable | policy::Capacity::CapableHidden => {
                        let status = LegalStatusId::from_uuid(record.row.id);
                        able.get_or_insert(LegalStatusName { youth, status });
                    }
                }
            }
        }
        Ok(able)
    }

    /// Who may record what, and the unit that does.
    fn check_recorder(&self, caller: &Caller, terms: &LegalStatusTerms) -> Result<String, Error> {
        let Actor::Professional { unit, .. } = &caller.actor else {
            return Err(Error::ActorNotAllowed { expected: "a professional records a legal status" });
        };
        let agency = self.directory.agency(&caller.agency);
        let is_authority = self.directory.is_authority(&caller.agency);
        let expected = match terms.status {
            Some(Status::AddressProtection(_)) => None,
            Some(Status::CapacityAssessment(_)) if is_authority => None,
            Some(Status::CapacityAssessment(_)) | None => {
                Some("a professional of an authority assesses capacity")
            }
            Some(Status::MultiSectorSupport(_)) => {
                let employment = agency.is_some_and(|agency| agency.sector == Sector::Employment);
                (!employment || !is_authority)
                    .then_some("a professional of the employment authority records multi-sector support")
            }
        };
        match expected {
            None => Ok(unit.clone()),
            Some(expected) => Err(Error::ActorNotAllowed { expected }),
        }
    }

    /// The assessments that a new one replaces.
    async fn older_assessments(
        &self,
        person: &Person,
        terms: &LegalStatusTerms,
    ) -> Result<Vec<StatusRecord>, Error> {
        if !matches!(terms.status, Some(Status::CapacityAssessment(_))) {
            return Ok(Vec::new());
        }
        let is_assessment = |record: &StatusRecord| {
            let status = record.message.terms.as_ref().and_then(|terms| terms.status.as_ref());
            record.row.in_force && matches!(status, Some(Status::CapacityAssessment(_)))
        };
        Ok(self.statuses_of(person).await?.into_iter().filter(is_assessment).collect())
    }

    async fn statuses_of(&self, person: &Person) -> Result<Vec<StatusRecord>, Error> {
        statuses_among(person, &self.store.instruments_of(person.id).await?)
    }

    fn status_again(
        &self,
        caller: &Caller,
        mut answer: LegalStatusChange,
        now: Timestamp,
    ) -> Result<Authorised<LegalStatusChange>, Error> {
        let status = answer.status.take().ok_or(Error::Inconsistent("an answer without status"))?;
        let name: LegalStatusName =
            status.name.parse().map_err(|_| Error::Inconsistent("an answer without status name"))?;
        let view = self.view_status(caller, name.youth, status, now)?;
        self.shell(caller, answer)?.gather(view).map_err(mismatch)
    }

    fn view_status(
        &self,
        caller: &Caller,
        youth: YouthId,
        status: LegalStatus,
        now: Timestamp,
    ) -> Result<Authorised<LegalStatus>, Error> {
        self.view_record(status, &own_record(caller, youth, Purpose::Unspecified, now))
    }
}

fn statuses_among(person: &Person, rows: &[InstrumentRow]) -> Result<Vec<StatusRecord>, Error> {
    let statuses = rows.iter().filter(|row| row.kind == InstrumentKind::LegalStatus);
    statuses.map(|row| StatusRecord::open(person.key(), row.clone())).collect()
}

/// The answer, about the first status of the batch.
fn status_change(batch: &Batch, mark: Mark) -> LegalStatusChange {
    LegalStatusChange {
        status: batch.statuses().next().cloned(),
        revision: mark.revision,
        receipt: Some(mark.receipt),
        stopped: mark.effect.stopped,
        under_way: mark.effect.under_way,
    }
}

fn end(record: &mut StatusRecord, now: Timestamp) -> Result<(), Error> {
    record.message.set_state(legal_status::State::Ended);
    record.message.end_time = Some(wire_time(now)?);
    Ok(())
}

fn was_in_force(status: &LegalStatus, at: Timestamp) -> Result<bool, Error> {
    let from = status.create_time.as_ref().map(instant).transpose()?;
    let until = status.end_time.as_ref().map(instant).transpose()?;
    Ok(from.is_some_and(|from| from <= at) && until.is_none_or(|until| at < until))
}

/// That there is a status is known to who recorded it and to the young person. Guardians are not told how a minor's
/// capacity was assessed: the minor may have forbidden it.
fn may_know(caller: &Caller, record: &StatusRecord) -> bool {
    match caller.actor {
        Actor::Subject(_) => true,
        Actor::Representative { .. } => false,
        Actor::Professional { .. } => record.message.recorder == caller.agency.as_str(),
    }
}
