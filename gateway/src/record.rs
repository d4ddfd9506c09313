//! How do the contract's messages and the rows of the store become one another?
//!
//! A referral, consent or prohibition is kept as the contract's own message, sealed under the person's key; the row
//! repeats in clear only what is searched by.

pub(crate) mod grant;

use jiff::Timestamp;
use polku_policy::{
    ActorRole, Capacity, Channel, ConsentIndex, LegalStatus, Municipality, Origin, Question, Viewer,
};
use polku_proto::v1::legal_status_terms::Status;
use polku_proto::v1::{
    self, Consent, ConsentEvent, ConsentState, ConsentTerms, DeliveryState, InformationExchange, LegalClaim,
    LegalGround, Prohibition, ProhibitionTerms, Purpose, Referral, ReferralState, capacity_assessment,
    prohibition,
};
use polku_proto::{
    AgencyId, CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, ReferralId, ReferralName, YouthId,
};
use prost::Message;
use uuid::Uuid;

use crate::error::Error;
use crate::person::Person;
use crate::seal::{PersonKey, Place};
use crate::store::{InstrumentKind, InstrumentRow, InstrumentWrite, ReferralRow, ReferralWrite};

/// A referral, opened.
#[derive(Debug)]
pub(crate) struct ReferralRecord {
    pub(crate) row: ReferralRow,
    pub(crate) message: Referral,
}

impl ReferralRecord {
    pub(crate) fn open(person: &Person, row: ReferralRow) -> Result<Self, Error> {
        let plain = person.key().open(referral_place(row.id, row.version), &row.sealed)?;
        let message = Referral::decode(plain.as_slice())
            .map_err(|_| Error::Inconsistent("sealed referral is unreadable"))?;
        // The clear columns are for searching; what is decided on is what was sealed.
        let same = message.sender == row.sender.as_str()
            && message.recipient == row.recipient.as_str()
            && message.state() == row.state;
        if !same {
            return Err(Error::Inconsistent("a referral's row and its sealed record differ"));
        }
        Ok(Self { row, message })
    }

    pub(crate) fn name(&self) -> ReferralName {
        ReferralName { youth: self.row.youth, referral: self.row.id }
    }

    pub(crate) fn channel(&self) -> Channel {
        let party = |agency: &AgencyId, unit: &str| Party { agency: agency.clone(), unit: unit.parse().ok() };
        Channel {
            from: party(&self.row.sender, &self.message.sender_unit),
            to: party(&self.row.recipient, &self.message.recipient_unit),
        }
    }

    /// Where the referral and the answers to its questions stem from. Where they stem from different places, nobody has
    /// said it of all of them.
    fn origin(&self) -> Origin {
        let own = origin(self.message.origin.as_ref());
        let mut answers = self.message.information.iter().filter(|exchange| exchange.answer.is_some());
        if answers.all(|exchange| origin(exchange.origin.as_ref()) == own) { own } else { Origin::Unstated }
    }

    /// Where the answer to the question with this index stems from.
    pub(crate) fn answer_origin(&self, index: u32) -> Origin {
        let place = usize::try_from(index).ok();
        let exchange = place.and_then(|place| self.message.information.get(place));
        origin(exchange.and_then(|exchange| exchange.origin.as_ref()))
    }

    /// May this one see what the referral tells, now? Asked anew at every step, of the matter as it was sent.
    pub(crate) fn question(&self, viewer: Viewer, actor: ActorRole, now: Timestamp) -> Question {
        Question {
            actor,
            ground: self.ground(),
            origin: self.origin(),
            home_municipality: self.message.content.as_ref().and_then(home_municipality),
            ..Question::new(self.row.youth, self.channel(), viewer, self.purpose(), now)
        }
    }

    /// The ground in law that was stated for it.
    pub(crate) fn ground(&self) -> LegalGround {
        ground(self.message.claim.as_ref())
    }

    pub(crate) fn purpose(&self) -> Purpose {
        self.message.purpose()
    }

    pub(crate) fn state(&self) -> ReferralState {
        self.row.state
    }

    pub(crate) fn set_state(&mut self, state: ReferralState) {
        self.row.state = state;
        self.message.set_state(state);
    }

    pub(crate) fn set_delivery_state(&mut self, state: DeliveryState) {
        self.message.set_delivery_state(state);
    }

    /// When the recipient has taken the young person on, if it was not taken back afterwards. Who withdraws a consent later
    /// was handed over all the same.
    pub(crate) fn handed_over(&self) -> Option<&prost_types::Timestamp> {
        let state = self.state();
        let counts = is_taken_up(state) || state == ReferralState::ConsentWithdrawn;
        self.message.accept_time.as_ref().filter(|_| counts)
    }

    /// The next version of a referral that is in the store.
    pub(crate) fn next_version(&mut self, person: &Person, now: Timestamp) -> Result<ReferralWrite, Error> {
        let expected = Some(self.row.version);
        self.row.version += 1;
        self.write(person, expected, now)
    }

    /// The first version of a new referral.
    pub(crate) fn first_version(&mut self, person: &Person, now: Timestamp) -> Result<ReferralWrite, Error> {
        self.write(person, None, now)
    }

    fn write(
        &mut self,
        person: &Person,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<ReferralWrite, Error> {
        self.row.updated = now;
        self.row.holds_content = holds_content(&self.message);
        self.message.update_time = Some(wire_time(now)?);
        if is_taken_up(self.row.state) && self.message.accept_time.is_none() {
            self.message.accept_time = self.message.update_time;
        }
        self.message.etag = etag(self.row.version);
        let plain = self.message.encode_to_vec();
        self.row.sealed = person.key().seal(referral_place(self.row.id, self.row.version), &plain)?;
        Ok(ReferralWrite { row: self.row.clone(), expected })
    }
}

/// Whether the recipient has taken the matter up, and it was not taken back afterwards.
fn is_taken_up(state: ReferralState) -> bool {
    match state {
        ReferralState::Accepted
        | ReferralState::InProgress
        | ReferralState::OnHold
        | ReferralState::CancelRequested
        | ReferralState::Completed
        | ReferralState::Failed => true,
        ReferralState::Unspecified
        | ReferralState::Requested
        | ReferralState::InfoRequested
        | ReferralState::Rejected
        | ReferralState::Cancelled
        | ReferralState::Expired
        | ReferralState::ConsentWithdrawn
        | ReferralState::EnteredInError => false,
    }
}

/// Whether anything is left that is erased at the end of its retention.
fn holds_content(message: &Referral) -> bool {
    let told = |exchange: &InformationExchange| !exchange.question.is_empty() || exchange.answer.is_some();
    message.content.is_some()
        || message.claim.as_ref().is_some_and(|claim| !claim.statement.is_empty())
        || !message.status_note.is_empty()
        || !message.sender_note.is_empty()
        || message.information.iter().any(told)
}

/// A consent, opened.
#[derive(Debug)]
pub(crate) struct ConsentRecord {
    pub(crate) row: InstrumentRow,
    pub(crate) message: Consent,
}

impl ConsentRecord {
    pub(crate) fn open(key: &PersonKey, row: InstrumentRow) -> Result<Self, Error> {
        let plain = key.open(instrument_place(&row), &row.sealed)?;
        let message = Consent::decode(plain.as_slice())
            .map_err(|_| Error::Inconsistent("sealed consent is unreadable"))?;
        Ok(Self { row, message })
    }

    pub(crate) fn terms(&self) -> Result<&ConsentTerms, Error> {
        self.message.terms.as_ref().ok_or(Error::Inconsistent("consent without terms"))
    }

    /// Brings a consent into the index.
    pub(crate) fn apply(&self, index: &mut ConsentIndex) -> Result<(), Error> {
        let row = &self.row;
        if row.in_force {
            index.put_grant(&grant::grant(row, &self.message)?, row.revision);
        } else {
            self.remove(index);
        }
        Ok(())
    }

    /// Takes a consent out of the index.
    pub(crate) fn remove(&self, index: &mut ConsentIndex) {
        let row = &self.row;
        index.remove_grant(row.youth, ConsentId::from_uuid(row.id), row.revision);
    }

    /// The row for the present version of the message.
    pub(crate) fn write(
        &mut self,
        person: &Person,
        expected: Option<u64>,
        revision: u64,
    ) -> Result<InstrumentWrite, Error> {
        self.row.revision = revision;
        self.message.etag = etag(self.row.version);
        self.row.sealed = seal_instrument(person, &self.row, &self.message.encode_to_vec())?;
        let terms = self.terms()?;
        let mut told: Vec<AgencyId> =
            parties(&terms.disclosers)?.into_iter().map(|party| party.agency).collect();
        // A recipient to whom nothing was ever permitted by it hears of it only if it has asked for it.
        let recipients = parties(&terms.recipients)?.into_iter().map(|party| party.agency);
        let was_given = self.was_given();
        told.extend(recipients.filter(|agency| was_given || self.message.recorder == agency.as_str()));
        Ok(InstrumentWrite { row: self.row.clone(), parties: told, expected })
    }

    /// Whether it has ever permitted anything: neither as long as it is asked for nor when it was refused.
    fn was_given(&self) -> bool {
        let mut states = self.message.events.iter().map(ConsentEvent::state);
        states.any(|state| matches!(state, ConsentState::Given | ConsentState::Renewed))
    }
}

/// A prohibition, opened.
#[derive(Debug)]
pub(crate) struct ProhibitionRecord {
    pub(crate) row: InstrumentRow,
    pub(crate) message: Prohibition,
}

impl ProhibitionRecord {
    pub(crate) fn terms(&self) -> Result<&ProhibitionTerms, Error> {
        self.message.terms.as_ref().ok_or(Error::Inconsistent("prohibition without terms"))
    }

    pub(crate) fn open(key: &PersonKey, row: InstrumentRow) -> Result<Self, Error> {
        let plain = key.open(instrument_place(&row), &row.sealed)?;
        let message = Prohibition::decode(plain.as_slice())
            .map_err(|_| Error::Inconsistent("sealed prohibition is unreadable"))?;
        Ok(Self { row, message })
    }

    /// Brings a prohibition into the index.
    pub(crate) fn apply(&self, index: &mut ConsentIndex) -> Result<(), Error> {
        let row = &self.row;
        if row.in_force {
            index.put_prohibition(ban(row, self.terms()?)?, row.revision);
        } else {
            index.remove_prohibition(row.youth, ProhibitionId::from_uuid(row.id), row.revision);
        }
        Ok(())
    }

    pub(crate) fn write(
        &mut self,
        person: &Person,
        expected: Option<u64>,
        revision: u64,
    ) -> Result<InstrumentWrite, Error> {
        self.row.revision = revision;
        self.row.in_force = self.message.state() == prohibition::State::InForce;
        self.message.etag = etag(self.row.version);
        self.row.sealed = seal_instrument(person, &self.row, &self.message.encode_to_vec())?;
        Ok(InstrumentWrite { row: self.row.clone(), parties: Vec::new(), expected })
    }
}

/// A legal status, opened.
#[derive(Debug)]
pub(crate) struct StatusRecord {
    pub(crate) row: InstrumentRow,
    pub(crate) message: v1::LegalStatus,
}

impl StatusRecord {
    pub(crate) fn open(key: &PersonKey, row: InstrumentRow) -> Result<Self, Error> {
        let plain = key.open(instrument_place(&row), &row.sealed)?;
        let message = v1::LegalStatus::decode(plain.as_slice())
            .map_err(|_| Error::Inconsistent("sealed legal status is unreadable"))?;
        Ok(Self { row, message })
    }

    /// Brings a status into the index.
    pub(crate) fn apply(&self, index: &mut ConsentIndex) -> Result<(), Error> {
        let row = &self.row;
        let id = LegalStatusId::from_uuid(row.id);
        if row.in_force {
            index.put_status(row.youth, id, self.status()?, row.revision);
        } else {
            index.remove_status(row.youth, id, row.revision);
        }
        Ok(())
    }

    /// What the index holds of it.
    pub(crate) fn status(&self) -> Result<LegalStatus, Error> {
        let status = self.message.terms.as_ref().and_then(|terms| terms.status.as_ref());
        match status.ok_or(Error::Inconsistent("a legal status without terms"))? {
            Status::AddressProtection(_) => Ok(LegalStatus::AddressProtected),
            Status::CapacityAssessment(assessment) => Ok(LegalStatus::Capacity(match assessment.result() {
                capacity_assessment::Result::Unspecified => Capacity::NotAssessed,
                capacity_assessment::Result::NotCapable => Capacity::NotCapable,
                capacity_assessment::Result::CapableAllows => Capacity::Capable,
                capacity_assessment::Result::CapableForbids => Capacity::CapableHidden,
            })),
            Status::MultiSectorSupport(_) => Ok(LegalStatus::MultiSectorSupport),
        }
    }

    pub(crate) fn write(
        &mut self,
        person: &Person,
        expected: Option<u64>,
        revision: u64,
    ) -> Result<InstrumentWrite, Error> {
        self.row.revision = revision;
        self.row.in_force = self.message.state() == v1::legal_status::State::InForce;
        self.message.etag = etag(self.row.version);
        self.row.sealed = seal_instrument(person, &self.row, &self.message.encode_to_vec())?;
        Ok(InstrumentWrite { row: self.row.clone(), parties: Vec::new(), expected })
    }
}

/// The ground in law that is stated, if any.
pub(crate) fn ground(claim: Option<&LegalClaim>) -> LegalGround {
    claim.map_or(LegalGround::Unspecified, LegalClaim::ground)
}

/// Where the data stem from, as the engine wants it.
pub(crate) fn origin(origin: Option<&v1::Origin>) -> Origin {
    origin.map_or(Origin::Unstated, |origin| Origin::Stated {
        service_task: Some(origin.service_task.clone()).filter(|task| !task.is_empty()),
        documents: origin.documents.clone(),
    })
}

/// The home municipality that the sender has stated, as the engine wants it.
pub(crate) fn home_municipality(content: &v1::ReferralContent) -> Option<Municipality> {
    content.contact.as_ref()?.municipality.parse().ok()
}

/// What the index holds of a prohibition.
pub(crate) fn ban(row: &InstrumentRow, terms: &ProhibitionTerms) -> Result<polku_policy::Prohibition, Error> {
    const BROKEN: Error = Error::Inconsistent("stored prohibition terms are unreadable");
    Ok(polku_policy::Prohibition {
        id: ProhibitionId::from_uuid(row.id),
        youth: row.youth,
        disclosers: agencies(&terms.disclosers)?,
        recipients: agencies(&terms.recipients)?,
        categories: CategorySet::from_wire(&terms.categories).map_err(|_| BROKEN)?,
        service_tasks: terms.service_tasks.clone(),
        documents: terms.documents.clone(),
    })
}

/// A row for an instrument that is not in the store yet.
pub(crate) fn new_instrument(id: Uuid, youth: YouthId, kind: InstrumentKind) -> InstrumentRow {
    InstrumentRow { id, youth, kind, version: 1, in_force: false, revision: 0, sealed: Vec::new() }
}

/// The tag of a version, opaque to callers.
pub(crate) fn etag(version: u64) -> String {
    format!("v{version}")
}

/// An instant as the contract words it.
pub(crate) fn wire_time(time: Timestamp) -> Result<prost_types::Timestamp, Error> {
    polku_proto::time::to_wire(time).map_err(|_| Error::Inconsistent("instant out of range"))
}

/// An instant from a record of our own.
pub(crate) fn instant(time: &prost_types::Timestamp) -> Result<Timestamp, Error> {
    polku_proto::time::from_wire(time).map_err(|_| Error::Inconsistent("stored instant out of range"))
}

fn parties(texts: &[String]) -> Result<Vec<Party>, Error> {
    texts
        .iter()
        .map(|text| text.parse().map_err(|_| Error::Inconsistent("stored party is unreadable")))
        .collect()
}

fn agencies(ids: &[String]) -> Result<Vec<AgencyId>, Error> {
    ids.iter()
        .map(|id| id.parse().map_err(|_| Error::Inconsistent("stored agency id is unreadable")))
        .collect()
}

fn referral_place(referral: ReferralId, version: u64) -> Place<'static> {
    Place { table: "referral", row: referral.uuid(), column: "sealed", version }
}

fn instrument_place(row: &InstrumentRow) -> Place<'static> {
    Place { table: "instrument", row: row.id, column: "sealed", version: row.version }
}

fn seal_instrument(person: &Person, row: &InstrumentRow, plain: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(person.key().seal(instrument_place(row), plain)?)
}
