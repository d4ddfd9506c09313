//! What does the index need of a consent, and how is it read without the rest?

use jiff::Timestamp;
use polku_policy::{GivenBy, Grant, GrantKind, Period, PurposeSet};
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{Consent, ConsentState, ConsentTerms, consent_evidence};
use polku_proto::{CategorySet, ConsentId};
use prost::Message;

use super::{instant, instrument_place, parties};
use crate::error::Error;
use crate::seal::PersonKey;
use crate::store::InstrumentRow;

/// What the index holds of a consent.
pub(crate) fn grant(row: &InstrumentRow, consent: &Consent) -> Result<Grant, Error> {
    let (terms, evidence) = consent.terms.as_ref().zip(consent.evidence.as_ref()).ok_or(BROKEN_TERMS)?;
    grant_by(row, terms, evidence.given_by(), given(consent)?)
}

/// When a consent was given, the last time: one that came in as a document, when that says so.
pub(crate) fn given(consent: &Consent) -> Result<Option<Timestamp>, Error> {
    let source = consent.evidence.as_ref().and_then(|evidence| evidence.source.as_ref());
    let elsewhere = source.and_then(|source| source.give_time.as_ref());
    given_at(elsewhere, consent.events.iter().map(|event| (event.state(), event.time.as_ref())))
}

/// The same, of the steps in the life of the record, oldest first.
fn given_at<'a>(
    elsewhere: Option<&prost_types::Timestamp>,
    mut events: impl DoubleEndedIterator<Item = (ConsentState, Option<&'a prost_types::Timestamp>)>,
) -> Result<Option<Timestamp>, Error> {
    let is_given = |state| matches!(state, ConsentState::Given | ConsentState::Renewed);
    let here = || events.rfind(|(state, _)| is_given(*state)).and_then(|(_, time)| time);
    elsewhere.or_else(here).map(instant).transpose()
}

const BROKEN_TERMS: Error = Error::Inconsistent("stored consent terms are unreadable");

fn grant_by(
    row: &InstrumentRow,
    terms: &ConsentTerms,
    given_by: consent_evidence::GivenBy,
    given: Option<Timestamp>,
) -> Result<Grant, Error> {
    const BROKEN: Error = BROKEN_TERMS;
    let kind = match terms.kind() {
        ConsentKind::Consent => GrantKind::Consent,
        ConsentKind::DisclosurePermit => GrantKind::DisclosurePermit(terms.permit_domain()),
        ConsentKind::Unspecified => return Err(BROKEN),
    };
    let given_by = match given_by {
        consent_evidence::GivenBy::Self_ => GivenBy::Self_,
        consent_evidence::GivenBy::Guardian => GivenBy::Guardian,
        consent_evidence::GivenBy::OtherRepresentative => GivenBy::Representative,
        consent_evidence::GivenBy::Unspecified => return Err(BROKEN),
    };
    let from = terms.valid_from.as_ref().ok_or(BROKEN).and_then(instant)?;
    let until = terms.valid_until.as_ref().map(instant).transpose()?;
    Ok(Grant {
        id: ConsentId::from_uuid(row.id),
        version: row.version,
        youth: row.youth,
        kind,
        given_by,
        given: given.unwrap_or(from),
        disclosers: parties(&terms.disclosers)?,
        recipients: parties(&terms.recipients)?,
        purposes: PurposeSet::from_wire(&terms.purposes).map_err(|_| BROKEN)?,
        categories: CategorySet::from_wire(&terms.categories).map_err(|_| BROKEN)?,
        explicit: CategorySet::from_wire(&terms.explicit_categories).map_err(|_| BROKEN)?,
        period: Period::new(from, until).map_err(|_| BROKEN)?,
    })
}

/// The fields of a `Consent` that the index needs, under the numbers of the contract: of all of it, reading the other
/// ones would be most of the work.
#[derive(Message)]
struct IndexedConsent {
    #[prost(message, optional, tag = "4")]
    terms: Option<ConsentTerms>,
    #[prost(message, optional, tag = "5")]
    evidence: Option<IndexedEvidence>,
    #[prost(message, repeated, tag = "8")]
    events: Vec<IndexedEvent>,
}

/// The same of a `ConsentEvidence`.
#[derive(Message)]
struct IndexedEvidence {
    #[prost(enumeration = "consent_evidence::GivenBy", tag = "1")]
    given_by: i32,
    #[prost(message, optional, tag = "10")]
    source: Option<IndexedSource>,
}

/// The same of a `ConsentSource`.
#[derive(Message)]
struct IndexedSource {
    #[prost(message, optional, tag = "1")]
    give_time: Option<prost_types::Timestamp>,
}

/// The same of a `ConsentEvent`.
#[derive(Message)]
struct IndexedEvent {
    #[prost(enumeration = "ConsentState", tag = "1")]
    state: i32,
    #[prost(message, optional, tag = "2")]
    time: Option<prost_types::Timestamp>,
}

/// Opens a consent for the index alone. The sealed bytes of the row are used up.
pub(crate) fn open_grant(key: &PersonKey, row: &mut InstrumentRow) -> Result<Grant, Error> {
    let mut sealed = std::mem::take(&mut row.sealed);
    let plain = key.open_in_place(instrument_place(row), &mut sealed)?;
    let consent =
        IndexedConsent::decode(plain).map_err(|_| Error::Inconsistent("sealed consent is unreadable"))?;
    let terms = consent.terms.as_ref().ok_or(Error::Inconsistent("consent without terms"))?;
    let evidence = consent.evidence.ok_or(BROKEN_TERMS)?;
    let elsewhere = evidence.source.as_ref().and_then(|source| source.give_time.as_ref());
    let events = consent.events.iter().map(|event| (event.state(), event.time.as_ref()));
    grant_by(row, terms, evidence.given_by(), given_at(elsewhere, events)?)
}
