//! A consent is asked for, recorded, renewed, refused and read.

use jiff::Timestamp;
use polku_policy::{Authorised, Channel, Question, Viewer};
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{
    Consent, ConsentChange, ConsentEvent, ConsentEvidence, ConsentState, ConsentTerms, GetConsentRequest,
    ListConsentsRequest, ListConsentsResponse, Purpose, RecordConsentRequest, RefuseConsentRequest,
    RenewConsentRequest, RequestConsentRequest,
};
use polku_proto::{AgencyId, CategorySet, ConsentId, ConsentName, Valid, YouthId};
use serde_json::json;

use super::read::{name, youth_id};
use super::refer::mismatch;
use super::view::check_subject;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::{Begun, Call};
use crate::person::Person;
use crate::record::{ConsentRecord, etag, grant, instant, new_instrument, wire_time};
use crate::store::{Change, InstrumentKind, InstrumentRow};
use crate::trail::{Entry, receipt};

impl Gateway {
    /// Asks for a consent.
    pub(crate) async fn request_consent(
        &self,
        caller: &Caller,
        request: Valid<RequestConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        check_subject(caller, youth)?;
        let call = self.call(caller, "RequestConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(caller, earlier, now);
        }
        let terms = self.check_terms(caller, request.terms.clone().unwrap_or_default(), now)?;
        let mut record = self.new_consent(caller, youth, terms, now)?;
        push_event(&mut record, caller, ConsentState::Requested, String::new(), now)?;
        self.commit_consent(&call, &person, record, None, now).await
    }

    /// Records a consent.
    pub(crate) async fn record_consent(
        &self,
        caller: &Caller,
        request: Valid<RecordConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        check_subject(caller, youth)?;
        let evidence = check_evidence(caller, request.evidence.clone().unwrap_or_default())?;
        let call = self.call(caller, "RecordConsent", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return self.consent_again(caller, earlier, now);
        }
        let terms = self.check_terms(caller, request.terms.clone().unwrap_or_default(), now)?;
        let (mut record, expected) = if request.requested.is_empty() {
            (self.new_consent(caller, youth, terms, now)?, None)
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
            (record, Some(()))
        };
        record.message.evidence = Some(evidence);
        push_event(&mut record, caller, ConsentState::Given, String::new(), now)?;
        self.commit_consent(&call, &person, record, expected, now).await
    }

    /// Records that a consent was given again.
    pub(crate) async fn renew_consent(
        &self,
        caller: &Caller,
        request: Valid<RenewConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let name: ConsentName = name(&request.name, "name")?;
        check_subject(caller, name.youth)?;
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
        self.commit_consent(&call, &person, record, Some(()), now).await
    }

    /// Records that a requested consent was refused.
    pub(crate) async fn refuse_consent(
        &self,
        caller: &Caller,
        request: Valid<RefuseConsentRequest>,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let request = request.into_inner();
        let name: ConsentName = name(&request.name, "name")?;
        check_subject(caller, name.youth)?;
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
        self.commit_consent(&call, &person, record, Some(()), now).await
    }

    /// Reads one consent.
    pub(crate) async fn get_consent(
        &self,
        caller: &Caller,
        request: Valid<GetConsentRequest>,
    ) -> Result<Authorised<Consent>, Error> {
        let now = self.now();
        let name: ConsentName = name(&request.get().name, "name")?;
        check_subject(caller, name.youth)?;
        let person = self.person(name.youth).await?;
        let record = self.consent_of(&person, name).await?;
        if !may_read(caller, &record.message) {
            return Err(Error::NotFound);
        }
        let view = self.view_consent(caller, name.youth, record.message, now)?;
        self.note_reading(caller, name.youth, Purpose::Unspecified, view.decision(), now).await?;
        Ok(view)
    }

    /// Lists a person's consents. All of them fit one page: a person has few.
    pub(crate) async fn list_consents(
        &self,
        caller: &Caller,
        request: Valid<ListConsentsRequest>,
    ) -> Result<Authorised<ListConsentsResponse>, Error> {
        let now = self.now();
        let youth = youth_id(&request.get().parent, "parent")?;
        check_subject(caller, youth)?;
        if !request.get().page_token.is_empty() {
            return Err(Error::Field {
                field: "page_token",
                reason: "PAGE_TOKEN_INVALID",
                expected: "empty: the list has one page",
            });
        }
        let mut answer = self.shell(caller, ListConsentsResponse::default())?;
        for view in self.consents_for(caller, youth).await? {
            self.note_reading(caller, youth, Purpose::Unspecified, view.decision(), now).await?;
            answer = answer.gather(view).map_err(mismatch)?;
        }
        Ok(answer)
    }

    /// The consents of a person that this caller may read; none when there is no such person.
    pub(crate) async fn consents_for(
        &self,
        caller: &Caller,
        youth: YouthId,
    ) -> Result<Vec<Authorised<Consent>>, Error> {
        let now = self.now();
        let person = match self.person(youth).await {
            Ok(person) => person,
            Err(Error::NotFound) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let rows = self.store.instruments_of(youth).await?;
        let mut views = Vec::new();
        for row in rows.into_iter().filter(|row| row.kind == InstrumentKind::Consent) {
            let record = ConsentRecord::open(&person, row)?;
            if may_read(caller, &record.message) {
                views.push(self.view_consent(caller, youth, record.message, now)?);
            }
        }
        Ok(views)
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
        ConsentRecord::open(person, row)
    }

    /// The answer of an earlier call, as it may be seen now.
    pub(super) fn consent_again(
        &self,
        caller: &Caller,
        mut earlier: ConsentChange,
        now: Timestamp,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let consent = earlier.consent.take().ok_or(Error::Inconsistent("a kept answer has no consent"))?;
        let name: ConsentName =
            consent.name.parse().map_err(|_| Error::Inconsistent("a kept answer has no consent name"))?;
        let view = self.view_consent(caller, name.youth, consent, now)?;
        self.shell(caller, earlier)?.gather(view).map_err(mismatch)
    }

    pub(super) fn view_consent(
        &self,
        caller: &Caller,
        youth: YouthId,
        mut consent: Consent,
        now: Timestamp,
    ) -> Result<Authorised<Consent>, Error> {
        if let Some(until) = consent.terms.as_ref().and_then(|terms| terms.valid_until.as_ref())
            && matches!(consent.state(), ConsentState::Given | ConsentState::Renewed)
            && instant(until)? <= now
        {
            consent.set_state(ConsentState::Expired);
        }
        if !may_read(caller, &consent) {
            // A recipient that changes a consent learns that it has changed, not who else is named in it.
            let Consent { name, etag, state, .. } = consent;
            consent = Consent { name, etag, state, ..Consent::default() };
        }
        let purpose =
            consent.terms.as_ref().and_then(|terms| terms.purposes().next()).unwrap_or(Purpose::Unspecified);
        let viewer = match caller.actor {
            Actor::Subject(_) => Viewer::Subject,
            Actor::Professional { .. } | Actor::Representative { .. } => Viewer::Author,
        };
        let channel = Channel { from: caller.agency.clone(), to: caller.agency.clone() };
        let question = Question { youth, channel, viewer, purpose, actor: caller.actor.role(), now };
        self.engine
            .authorise(&self.index(), Valid::check(consent)?, CategorySet::EMPTY, &question)
            .map_err(|denied| Error::NotPermitted(Box::new(denied.into_decision())))
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

    /// Leaf, state, index: in this order, and then the answer. `existing` tells a change from a new record.
    async fn commit_consent(
        &self,
        call: &Call<'_>,
        person: &Person,
        mut record: ConsentRecord,
        existing: Option<()>,
        now: Timestamp,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let expected = existing.map(|()| record.row.version);
        if existing.is_some() {
            record.row.version += 1;
        }
        record.row.in_force = matches!(record.message.state(), ConsentState::Given | ConsentState::Renewed);
        let entry = Entry::of(Event::ConsentChange, person.id).by(call.caller);
        let details = json!({"consent": record.message.name, "state": record.message.state().as_str_name()});
        let announced = self.announce(entry, person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.instruments.push(record.write(person, expected, announced.receipt.sequence)?);
        let mut answer = ConsentChange {
            consent: Some(record.message.clone()),
            revision: announced.receipt.sequence,
            receipt: Some(receipt(&announced.receipt)),
            stopped: Vec::new(),
            under_way: Vec::new(),
        };
        change.request = Some(call.answered(person, &answer, now)?);
        self.commit(change).await?;
        self.apply_consent(&record.row)?;
        answer.consent = None;
        let view = self.view_consent(call.caller, person.id, record.message, now)?;
        self.shell(call.caller, answer)?.gather(view).map_err(mismatch)
    }

    /// Brings a consent row into the index.
    pub(crate) fn apply_consent(&self, row: &InstrumentRow) -> Result<(), Error> {
        if row.in_force {
            self.index_mut().put_grant(grant(row)?, row.revision);
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
        self.check_agencies(&terms.disclosers, "terms.disclosers")?;
        self.check_agencies(&terms.recipients, "terms.recipients")?;
        let own = caller.agency.as_str();
        let is_party = terms.disclosers.iter().chain(&terms.recipients).any(|agency| agency == own);
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

    pub(super) fn check_agencies(&self, ids: &[String], field: &'static str) -> Result<(), Error> {
        let known = |id: &String| id.parse::<AgencyId>().is_ok_and(|id| self.directory.agency(&id).is_some());
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

/// Disclosers and the recorder read a consent, and the young person. A recipient learns by verification what concerns
/// it, not who else is named.
fn may_read(caller: &Caller, consent: &Consent) -> bool {
    let own = caller.agency.as_str();
    let names = |agencies: &[String]| agencies.iter().any(|agency| agency == own);
    match caller.actor {
        Actor::Subject(_) => true,
        Actor::Professional { .. } | Actor::Representative { .. } => {
            consent.recorder == own || consent.terms.as_ref().is_some_and(|terms| names(&terms.disclosers))
        }
    }
}

/// Whoever is named in a consent, recorded it or gave it may change it.
///
/// # Errors
/// [`Error::NotFound`] for everybody else.
pub(super) fn check_party(caller: &Caller, record: &ConsentRecord) -> Result<(), Error> {
    let own = caller.agency.as_str();
    let named =
        record.message.terms.as_ref().is_some_and(|terms| {
            terms.disclosers.iter().chain(&terms.recipients).any(|agency| agency == own)
        });
    match caller.actor {
        Actor::Subject(_) | Actor::Representative { .. } => Ok(()),
        Actor::Professional { .. } if named || record.message.recorder == own => Ok(()),
        Actor::Professional { .. } => Err(Error::NotFound),
    }
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
