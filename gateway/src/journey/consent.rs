//! A consent is asked for, recorded, renewed, refused and read.

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::consent_event::By;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{
    Consent, ConsentChange, ConsentEvent, ConsentEvidence, ConsentState, ConsentTerms, RecordConsentRequest,
    RefuseConsentRequest, RenewConsentRequest, RequestConsentRequest,
};
use polku_proto::{ConsentId, ConsentName, Valid, YouthId};

use super::commit::{Batch, Write};
use super::consent_party::{decides_for_a_minor, own_decision_governs};
use super::evidence::{ends_at_full_age, of_age};
use super::read::{name, youth_id};
use super::terms::{check_period, without_review_outside, wrong};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::Begun;
use crate::person::Person;
use crate::record::grant::given;
use crate::record::{ConsentRecord, etag, instant, new_instrument, wire_time};
use crate::store::InstrumentKind;

/// The form of a consent record.
const SCHEMA_VERSION: &str = "ISO/IEC TS 27560:2023";

impl Gateway {
    /// Asks for a consent.
    pub(crate) async fn request_consent(
        &self,
        caller: &Caller,
        request: Valid<RequestConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        self.check_subject(caller, youth)?;
        let call = self.call(caller, "RequestConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(caller, &person, earlier, now);
        }
        self.check_relation(caller, youth).await?;
        let terms = self.check_terms(caller, request.terms.clone().unwrap_or_default(), now)?;
        let mut record = self.new_consent(caller, youth, terms, now)?;
        push_event(&mut record, caller, ConsentState::Requested, String::new(), now)?;
        self.commit_consent(&call, &person, Batch::of(record, Write::New), now).await
    }

    /// Records a consent. One that replaces another ends it in the same instant, and what only the other permitted is
    /// stopped.
    pub(crate) async fn record_consent(
        &self,
        caller: &Caller,
        request: Valid<RecordConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let mut request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        let requested = match request.requested.as_str() {
            "" => None,
            requested => Some(name(requested, "requested")?),
        };
        self.check_subject(caller, youth)?;
        let call = self.call(caller, "RecordConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(caller, &person, earlier, now);
        }
        // Whom a request names has to do with the person by that alone.
        let requested = match requested {
            None => {
                self.check_relation(caller, youth).await?;
                None
            }
            Some(requested) => {
                let record = self.consent_of(&person, requested, now).await?;
                self.check_consent_party(caller, &person, &record, now)?;
                Some(record)
            }
        };
        let terms = self.check_terms(caller, request.terms.take().unwrap_or_default(), now)?;
        let evidence = request.evidence.take().unwrap_or_default();
        let evidence = self.check_evidence(caller, &person, &terms, evidence, now)?;
        let (mut record, write) = if let Some(mut record) = requested {
            check_etag(&record, &request.etag)?;
            if record.message.state() != ConsentState::Requested {
                return Err(Error::RecordState {
                    expected: "a consent is recorded to a request in state REQUESTED",
                });
            }
            let another = decides_for_a_minor(&person, evidence.given_by(), now)?;
            if another && self.is_for_the_minor(&person, record.terms()?) {
                return Err(own_decision_governs(
                    "the minor's own word: the request is about social or health care, and the minor was assessed as \
                     able to decide",
                ));
            }
            record.message.terms = Some(terms);
            (record, Write::Next)
        } else {
            (self.new_consent(caller, youth, terms, now)?, Write::New)
        };
        give(&mut record, caller, evidence, now)?;
        let replaced = if request.supersedes.is_empty() {
            None
        } else {
            Some(self.replace(caller, &person, &request.supersedes, &mut record, now).await?)
        };
        let mut batch = Batch::of(record, write);
        if let Some(replaced) = replaced {
            batch = batch.and(replaced, Write::Next);
        }
        self.commit_consent(&call, &person, batch, now).await
    }

    /// The consent that a new one replaces, ended by it.
    async fn replace(
        &self,
        caller: &Caller,
        person: &Person,
        replaced: &str,
        by: &mut ConsentRecord,
        now: Timestamp,
    ) -> Result<ConsentRecord, Error> {
        let mut old = self.consent_of(person, name(replaced, "supersedes")?, now).await?;
        self.check_consent_party(caller, person, &old, now)?;
        if !is_in_force(old.message.state()) {
            return Err(Error::RecordState { expected: "a consent in force can be replaced by another one" });
        }
        self.check_own_word_stays(person, &old, by.message.evidence.as_ref(), now)?;
        let begins = by.terms()?.valid_from.as_ref().map(instant).transpose()?;
        if begins.is_some_and(|begins| begins > now) {
            return Err(wrong("terms.valid_from", "now or earlier: the consent that it replaces ends now"));
        }
        by.message.supersedes.clone_from(&old.message.name);
        old.message.superseded_by.clone_from(&by.message.name);
        push_event(&mut old, caller, ConsentState::Superseded, String::new(), now)?;
        Ok(old)
    }

    /// Records that a consent was given again.
    pub(crate) async fn renew_consent(
        &self,
        caller: &Caller,
        request: Valid<RenewConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let name: ConsentName = name(&request.name, "name")?;
        self.check_subject(caller, name.youth)?;
        let call = self.call(caller, "RenewConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, name.youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(caller, &person, earlier, now);
        }
        let mut record = self.consent_of(&person, name, now).await?;
        self.check_consent_party(caller, &person, &record, now)?;
        check_etag(&record, &request.etag)?;
        let is_over = record.message.state() == ConsentState::Expired;
        if !is_over && !is_in_force(record.message.state()) {
            return Err(Error::RecordState { expected: "a consent that was given can be renewed" });
        }
        let mut terms = record.terms()?.clone();
        // A party may have gone since, or be of another sector.
        self.check_parties(&terms.disclosers, "name")?;
        self.check_parties(&terms.recipients, "name")?;
        self.check_domain(&terms)?;
        terms.valid_until = request.valid_until;
        // A consent that had run out is in force again from now on, not for the time in between.
        if is_over {
            terms.valid_from = Some(wire_time(now)?);
        }
        let evidence =
            self.check_evidence(caller, &person, &terms, request.evidence.unwrap_or_default(), now)?;
        self.check_own_word_stays(&person, &record, Some(&evidence), now)?;
        record.message.terms = Some(without_review_outside(check_period(terms, now)?, now)?);
        let before = record.message.evidence.replace(evidence);
        // The word of another one may open less. A later end alone closes nothing.
        let giver = |given: Option<&ConsentEvidence>| given.map(ConsentEvidence::given_by);
        let is_same = giver(before.as_ref()) == giver(record.message.evidence.as_ref());
        let write = if is_same { Write::Next } else { Write::Instead };
        push_event(&mut record, caller, ConsentState::Renewed, String::new(), now)?;
        self.commit_consent(&call, &person, Batch::of(record, write), now).await
    }

    /// Records that a requested consent was refused.
    pub(crate) async fn refuse_consent(
        &self,
        caller: &Caller,
        request: Valid<RefuseConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let name: ConsentName = name(&request.name, "name")?;
        self.check_subject(caller, name.youth)?;
        let call = self.call(caller, "RefuseConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, name.youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(caller, &person, earlier, now);
        }
        let mut record = self.consent_of(&person, name, now).await?;
        self.check_consent_party(caller, &person, &record, now)?;
        check_etag(&record, &request.etag)?;
        if record.message.state() != ConsentState::Requested {
            return Err(Error::RecordState { expected: "a consent is refused while its state is REQUESTED" });
        }
        push_event(&mut record, caller, ConsentState::Refused, request.reason, now)?;
        self.commit_consent(&call, &person, Batch::of(record, Write::Next), now).await
    }

    /// A consent by its name, as it is now.
    pub(crate) async fn consent_of(
        &self,
        person: &Person,
        name: ConsentName,
        now: Timestamp,
    ) -> Result<ConsentRecord, Error> {
        let row = self.store.instrument(name.consent.uuid()).await?.ok_or(Error::NotFound)?;
        if row.kind != InstrumentKind::Consent || row.youth != name.youth || row.youth != person.id {
            return Err(Error::NotFound);
        }
        let mut record = ConsentRecord::open(person.key(), row)?;
        expire(&mut record.message, person, now)?;
        Ok(record)
    }

    /// A consent that is not in the store yet, and has no state so far.
    pub(super) fn new_consent(
        &self,
        caller: &Caller,
        youth: YouthId,
        terms: ConsentTerms,
        now: Timestamp,
    ) -> Result<ConsentRecord, Error> {
        let id = self.new_id(now)?;
        let name = ConsentName { youth, consent: ConsentId::from_uuid(id) };
        let (professional, unit) = worker(caller);
        Ok(ConsentRecord {
            row: new_instrument(id, youth, InstrumentKind::Consent),
            message: Consent {
                name: name.to_string(),
                terms: Some(terms),
                recorder: caller.agency.to_string(),
                recorder_unit: unit,
                recorder_professional: professional,
                schema_version: SCHEMA_VERSION.to_owned(),
                create_time: Some(wire_time(now)?),
                ..Consent::default()
            },
        })
    }
}

/// A consent past the end of its period has expired, then and by itself; so has what a guardian gave, or another
/// representative for a minor, from the day on which the young person is of age. Nobody writes that down when it happens:
/// it is so whenever the record is read, and is kept with whatever happens to the record next.
pub(super) fn expire(consent: &mut Consent, person: &Person, now: Timestamp) -> Result<(), Error> {
    if !is_in_force(consent.state()) {
        return Ok(());
    }
    let until = consent.terms.as_ref().and_then(|terms| terms.valid_until.as_ref());
    let until = until.map(instant).transpose()?;
    let given_by = consent.evidence.as_ref().map_or(GivenBy::Unspecified, ConsentEvidence::given_by);
    let of_age = match given_by {
        GivenBy::Self_ | GivenBy::Unspecified => None,
        GivenBy::Guardian | GivenBy::OtherRepresentative => {
            let given = given(consent)?;
            of_age(person)?.filter(|full_age| ends_at_full_age(given_by, given, *full_age))
        }
    };
    if let Some(end) = until.into_iter().chain(of_age).min().filter(|end| *end <= now) {
        consent.set_state(ConsentState::Expired);
        consent.events.push(ConsentEvent {
            state: ConsentState::Expired as i32,
            time: Some(wire_time(end)?),
            ..ConsentEvent::default()
        });
    }
    Ok(())
}

/// Whether a consent in this state counts.
pub(super) fn is_in_force(state: ConsentState) -> bool {
    matches!(state, ConsentState::Given | ConsentState::Renewed)
}

/// The consent is given.
pub(super) fn give(
    record: &mut ConsentRecord,
    caller: &Caller,
    evidence: ConsentEvidence,
    now: Timestamp,
) -> Result<(), Error> {
    record.message.evidence = Some(evidence);
    push_event(record, caller, ConsentState::Given, String::new(), now)
}

/// The record goes on to a state. What was asked for, and what was given, stays in the step that asked or gave, whatever a
/// later one puts in its place.
pub(super) fn push_event(
    record: &mut ConsentRecord,
    caller: &Caller,
    state: ConsentState,
    reason: String,
    now: Timestamp,
) -> Result<(), Error> {
    let Consent { terms, evidence, .. } = &record.message;
    let given = terms.as_ref().filter(|_| is_in_force(state));
    let (professional, unit) = worker(caller);
    let event = ConsentEvent {
        state: state as i32,
        time: Some(wire_time(now)?),
        agency: caller.agency.to_string(),
        reason,
        by: told_by(caller) as i32,
        evidence: evidence.clone().filter(|_| is_in_force(state)),
        valid_from: given.and_then(|terms| terms.valid_from),
        valid_until: given.and_then(|terms| terms.valid_until),
        unit,
        professional,
        taken_back_by: GivenBy::Unspecified as i32,
        requested_terms: terms.clone().filter(|_| state == ConsentState::Requested),
    };
    record.message.set_state(state);
    record.message.events.push(event);
    Ok(())
}

/// The professional who acts, and the unit; nothing where the young person or a representative does.
fn worker(caller: &Caller) -> (String, String) {
    match &caller.actor {
        Actor::Professional { id, unit, .. } => (id.clone(), unit.clone()),
        Actor::Subject(_) | Actor::Representative { .. } => (String::new(), String::new()),
    }
}

/// On whose behalf the caller tells of an event.
fn told_by(caller: &Caller) -> By {
    match caller.actor {
        Actor::Professional { .. } => By::Professional,
        Actor::Subject(_) => By::Subject,
        Actor::Representative { capacity: Capacity::Guardian, .. } => By::Guardian,
        Actor::Representative { capacity: Capacity::OtherRepresentative | Capacity::Unspecified, .. } => {
            By::OtherRepresentative
        }
    }
}

pub(super) fn check_etag(record: &ConsentRecord, sent: &str) -> Result<(), Error> {
    if sent == etag(record.row.version) { Ok(()) } else { Err(Error::EtagMismatch) }
}
