//! A consent is asked for, recorded, renewed, refused and read.

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{
    Consent, ConsentChange, ConsentEvent, ConsentEvidence, ConsentState, ConsentTerms, RecordConsentRequest,
    RefuseConsentRequest, RenewConsentRequest, RequestConsentRequest,
};
use polku_proto::{AgencyId, CategorySet, ConsentId, ConsentName, Party, Valid, YouthId};
use serde_json::json;

use super::read::{name, youth_id};
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::{Begun, Call};
use crate::person::Person;
use crate::record::{ConsentRecord, etag, grant, instant, new_instrument, wire_time};
use crate::store::{Change, InstrumentKind};
use crate::trail::{Entry, receipt};

/// What a commit does to a record.
#[derive(Clone, Copy)]
enum Write {
    New,
    Change,
}

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
            return self.consent_again(caller, earlier, now);
        }
        let terms = self.check_terms(caller, request.terms.clone().unwrap_or_default(), now)?;
        let mut record = self.new_consent(caller, youth, terms, now)?;
        push_event(&mut record, caller, ConsentState::Requested, String::new(), now)?;
        self.commit_consent(&call, &person, record, Write::New, now).await
    }

    /// Records a consent.
    pub(crate) async fn record_consent(
        &self,
        caller: &Caller,
        request: Valid<RecordConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        self.check_subject(caller, youth)?;
        let evidence = check_evidence(caller, request.evidence.clone().unwrap_or_default())?;
        let call = self.call(caller, "RecordConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(caller, earlier, now);
        }
        let terms = self.check_terms(caller, request.terms.clone().unwrap_or_default(), now)?;
        let (mut record, write) = if request.requested.is_empty() {
            (self.new_consent(caller, youth, terms, now)?, Write::New)
        } else {
            let requested = name(&request.requested, "requested")?;
            let mut record = self.consent_of(&person, requested).await?;
            check_party(caller, &record)?;
            check_etag(&record, &request.etag)?;
            if record.message.state() != ConsentState::Requested {
                return Err(Error::RecordState {
                    expected: "a consent is recorded to a request in state REQUESTED",
                });
            }
            record.message.terms = Some(terms);
            (record, Write::Change)
        };
        record.message.evidence = Some(evidence);
        push_event(&mut record, caller, ConsentState::Given, String::new(), now)?;
        self.commit_consent(&call, &person, record, write, now).await
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
        let evidence = check_evidence(caller, request.evidence.clone().unwrap_or_default())?;
        let call = self.call(caller, "RenewConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, name.youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(caller, earlier, now);
        }
        let mut record = self.consent_of(&person, name).await?;
        check_party(caller, &record)?;
        check_etag(&record, &request.etag)?;
        if !matches!(record.message.state(), ConsentState::Given | ConsentState::Renewed) {
            return Err(Error::RecordState { expected: "a consent that was given can be renewed" });
        }
        let mut terms = record.terms()?.clone();
        terms.valid_until = request.valid_until;
        // A consent that had run out is in force again from now on, not for the time in between.
        if is_over(&record, now)? {
            terms.valid_from = Some(wire_time(now)?);
        }
        record.message.terms = Some(check_period(terms, now)?);
        record.message.evidence = Some(evidence);
        push_event(&mut record, caller, ConsentState::Renewed, String::new(), now)?;
        self.commit_consent(&call, &person, record, Write::Change, now).await
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
            return self.consent_again(caller, earlier, now);
        }
        let mut record = self.consent_of(&person, name).await?;
        check_party(caller, &record)?;
        check_etag(&record, &request.etag)?;
        if record.message.state() != ConsentState::Requested {
            return Err(Error::RecordState { expected: "a consent is refused while its state is REQUESTED" });
        }
        push_event(&mut record, caller, ConsentState::Refused, request.reason, now)?;
        self.commit_consent(&call, &person, record, Write::Change, now).await
    }

    /// A consent by its name.
    pub(super) async fn consent_of(
        &self,
        person: &Person,
        name: ConsentName,
    ) -> Result<ConsentRecord, Error> {
        let row = self.store.instrument(name.consent.uuid()).await?.ok_or(Error::NotFound)?;
        if row.kind != InstrumentKind::Consent || row.youth != name.youth || row.youth != person.id {
            return Err(Error::NotFound);
        }
        ConsentRecord::open(person.key(), row)
    }

    fn new_consent(
        &self,
        caller: &Caller,
        youth: YouthId,
        terms: ConsentTerms,
        now: Timestamp,
    ) -> Result<ConsentRecord, Error> {
        let id = self.new_id(now)?;
        let name = ConsentName { youth, consent: ConsentId::from_uuid(id) };
        let unit = match &caller.actor {
            Actor::Professional { unit, .. } => unit.clone(),
            Actor::Subject(_) | Actor::Representative { .. } => String::new(),
        };
        Ok(ConsentRecord {
            row: new_instrument(id, youth, InstrumentKind::Consent),
            message: Consent {
                name: name.to_string(),
                terms: Some(terms),
                recorder: caller.agency.to_string(),
                recorder_unit: unit,
                ..Consent::default()
            },
        })
    }

    /// Leaf, state, index: in this order, and then the answer.
    async fn commit_consent(
        &self,
        call: &Call<'_>,
        person: &Person,
        mut record: ConsentRecord,
        write: Write,
        now: Timestamp,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let expected = match write {
            Write::New => None,
            Write::Change => {
                record.row.version += 1;
                Some(record.row.version - 1)
            }
        };
        record.row.in_force = matches!(record.message.state(), ConsentState::Given | ConsentState::Renewed);
        let entry = Entry::of(Event::ConsentChange, person.id).by(call.caller);
        let details = json!({"consent": record.message.name, "state": record.message.state().as_str_name()});
        let announced = self.announce(entry, person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.instruments.push(record.write(person, expected, announced.receipt.sequence)?);
        let answer = ConsentChange {
            consent: Some(record.message.clone()),
            revision: announced.receipt.sequence,
            receipt: Some(receipt(&announced.receipt)),
            stopped: Vec::new(),
            under_way: Vec::new(),
        };
        change.request = Some(call.answered(person, &answer, now)?);
        self.commit(change).await?;
        self.apply_consent(&record)?;
        self.consent_again(call.caller, answer, now)
    }

    /// Brings a consent into the index.
    pub(crate) fn apply_consent(&self, record: &ConsentRecord) -> Result<(), Error> {
        let row = &record.row;
        if row.in_force {
            let grant = grant(row, record.terms()?, record.message.evidence.as_ref())?;
            self.index_mut().put_grant(&grant, row.revision);
        } else {
            self.index_mut().remove_grant(row.youth, ConsentId::from_uuid(row.id), row.revision);
        }
        Ok(())
    }

    fn check_terms(
        &self,
        caller: &Caller,
        terms: ConsentTerms,
        now: Timestamp,
    ) -> Result<ConsentTerms, Error> {
        self.check_parties(&terms.disclosers, "terms.disclosers")?;
        self.check_parties(&terms.recipients, "terms.recipients")?;
        let is_party = names(&terms.disclosers, &caller.agency) || names(&terms.recipients, &caller.agency);
        if matches!(caller.actor, Actor::Professional { .. }) && !is_party {
            return Err(terms_error("terms.disclosers", "your own agency among disclosers or recipients"));
        }
        let categories = categories(&terms.categories)?;
        if !self::categories(&terms.explicit_categories)?.is_subset(categories) {
            return Err(terms_error(
                "terms.explicit_categories",
                "only categories that terms.categories names as well",
            ));
        }
        check_period(terms, now)
    }

    /// Parties, or agencies, that the gateway knows.
    pub(super) fn check_parties(&self, ids: &[String], field: &'static str) -> Result<(), Error> {
        let known =
            |id: &String| id.parse::<Party>().is_ok_and(|id| self.directory.agency(&id.agency).is_some());
        if ids.iter().all(known) {
            Ok(())
        } else {
            Err(Error::Field {
                field,
                reason: "UNKNOWN_AGENCY",
                expected: "ids of agencies that are registered with this gateway",
            })
        }
    }
}

/// The period of a consent, with its beginning filled in. A case-by-case consent has an end.
fn check_period(mut terms: ConsentTerms, now: Timestamp) -> Result<ConsentTerms, Error> {
    let from = match &terms.valid_from {
        Some(from) => time(from, "terms.valid_from")?,
        None => now,
    };
    terms.valid_from = Some(wire_time(from)?);
    match &terms.valid_until {
        None if terms.kind() == ConsentKind::DisclosurePermit => {}
        None => {
            return Err(terms_error(
                "terms.valid_until",
                "an end: only a disclosure permit runs until withdrawn",
            ));
        }
        Some(until) => {
            let until = time(until, "terms.valid_until")?;
            if until <= from || until <= now {
                return Err(terms_error(
                    "terms.valid_until",
                    "an instant in the future, after terms.valid_from",
                ));
            }
        }
    }
    Ok(terms)
}

fn time(wire: &prost_types::Timestamp, field: &'static str) -> Result<Timestamp, Error> {
    polku_proto::time::from_wire(wire)
        .map_err(|_| terms_error(field, "an instant between the years 1 and 9999"))
}

/// Who gave the consent must fit who is acting.
fn check_evidence(caller: &Caller, evidence: ConsentEvidence) -> Result<ConsentEvidence, Error> {
    let fits = match &caller.actor {
        Actor::Professional { .. } => true,
        Actor::Subject(_) => evidence.given_by() == GivenBy::Self_,
        Actor::Representative { capacity, .. } => match capacity {
            Capacity::Guardian => evidence.given_by() == GivenBy::Guardian,
            Capacity::OtherRepresentative => evidence.given_by() == GivenBy::OtherRepresentative,
            Capacity::Unspecified => false,
        },
    };
    if fits {
        Ok(evidence)
    } else {
        Err(terms_error("evidence.given_by", "the acting person's own capacity"))
    }
}

pub(super) fn push_event(
    record: &mut ConsentRecord,
    caller: &Caller,
    state: ConsentState,
    reason: String,
    now: Timestamp,
) -> Result<(), Error> {
    record.message.set_state(state);
    record.message.events.push(ConsentEvent {
        state: state as i32,
        time: Some(wire_time(now)?),
        agency: caller.agency.to_string(),
        reason,
    });
    Ok(())
}

pub(super) fn check_etag(record: &ConsentRecord, sent: &str) -> Result<(), Error> {
    if sent == etag(record.row.version) { Ok(()) } else { Err(Error::EtagMismatch) }
}

/// Whoever is named in a consent, recorded it or gave it may change it.
///
/// # Errors
/// [`Error::NotFound`] for everybody else.
pub(super) fn check_party(caller: &Caller, record: &ConsentRecord) -> Result<(), Error> {
    let own = caller.agency.as_str();
    let named = record.message.terms.as_ref().is_some_and(|terms| {
        names(&terms.disclosers, &caller.agency) || names(&terms.recipients, &caller.agency)
    });
    match caller.actor {
        Actor::Subject(_) | Actor::Representative { .. } => Ok(()),
        Actor::Professional { .. } if named || record.message.recorder == own => Ok(()),
        Actor::Professional { .. } => Err(Error::NotFound),
    }
}

/// Tells whether parties name an agency or one of its units.
pub(super) fn names(parties: &[String], agency: &AgencyId) -> bool {
    parties.iter().any(|party| party.parse::<Party>().is_ok_and(|party| party.agency == *agency))
}

fn is_over(record: &ConsentRecord, now: Timestamp) -> Result<bool, Error> {
    match record.terms()?.valid_until.as_ref() {
        Some(until) => Ok(instant(until)? <= now),
        None => Ok(false),
    }
}

pub(super) fn categories(numbers: &[i32]) -> Result<CategorySet, Error> {
    CategorySet::from_wire(numbers)
        .map_err(|_| terms_error("terms.categories", "data categories of the contract"))
}

fn terms_error(field: &'static str, expected: &'static str) -> Error {
    Error::Field { field, reason: "TERMS_INVALID", expected }
}
