//! What has the young person of a case said? Consents, permits and prohibitions, with the case's own parties, purpose
//! and categories where the file names none.

use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::{PermitDomain, Purpose};
use polku_proto::{CategorySet, ConsentId, ProhibitionId};
use uuid::Uuid;

use super::CaseError;
use super::fields::Fields;
use crate::index::{ConsentIndex, GivenBy, Grant, GrantKind, Period, Prohibition};
use crate::question::{PurposeSet, Question};
use crate::spelling::Spelled;

/// How long ago a consent was given, unless the file says so.
const AGO: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Which instrument the file calls it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Consent,
    Permit,
}

/// Reads consents and prohibitions into the index.
pub(super) fn read(
    fields: &mut Fields,
    question: &Question,
    asks: CategorySet,
    index: &mut ConsentIndex,
) -> Result<(), CaseError> {
    for (number, consent) in (1..).zip(fields.tables("consents")?) {
        let id = ConsentId::from_uuid(Uuid::from_u128(number));
        index.put_grant(&grant(consent, id, question, asks)?, 1);
    }
    for (number, prohibition) in (1..).zip(fields.tables("prohibitions")?) {
        let id = ProhibitionId::from_uuid(Uuid::from_u128(number));
        index.put_prohibition(self::prohibition(prohibition, id, question)?, 1);
    }
    Ok(())
}

fn grant(
    mut fields: Fields,
    id: ConsentId,
    question: &Question,
    asks: CategorySet,
) -> Result<Grant, CaseError> {
    let categories = fields.words("categories")?.map(CategorySet::from_iter).unwrap_or(asks);
    let explicit = fields.words("explicit")?.map(CategorySet::from_iter).unwrap_or_default();
    if !explicit.is_subset(categories) {
        return Err(does_not_fit(&fields, "explicit", "names a category that is not among the categories"));
    }
    let purposes = match fields.words("purposes")? {
        Some(purposes) => purposes,
        None if question.purpose == Purpose::Unspecified => fields.required("purposes", None)?,
        None => vec![question.purpose],
    };
    let grant = Grant {
        id,
        version: 1,
        youth: question.youth,
        kind: kind(&mut fields)?,
        given_by: fields.word("given_by")?.unwrap_or(GivenBy::Self_),
        given: question.now,
        disclosers: fields.ids("disclosers")?.unwrap_or_else(|| vec![question.channel.from.clone()]),
        recipients: fields.ids("recipients")?.unwrap_or_else(|| vec![question.channel.to.clone()]),
        purposes: PurposeSet::of(&purposes),
        categories,
        explicit,
        period: period(&mut fields, question.now)?,
    };
    fields.end()?;
    Ok(grant)
}

fn kind(fields: &mut Fields) -> Result<GrantKind, CaseError> {
    let kind = fields.word("kind")?.unwrap_or(Kind::Consent);
    let domain: Option<PermitDomain> = fields.word("domain")?;
    match (kind, domain) {
        (Kind::Consent, None) => Ok(GrantKind::Consent),
        (Kind::Consent, Some(_)) => Err(does_not_fit(fields, "domain", "is for permits only")),
        (Kind::Permit, domain) => fields.required("domain", domain).map(GrantKind::DisclosurePermit),
    }
}

fn period(fields: &mut Fields, now: Timestamp) -> Result<Period, CaseError> {
    let (from, until) = (fields.instant("from")?, fields.instant("until")?);
    let from = from.unwrap_or_else(|| now.checked_sub(AGO).unwrap_or(Timestamp::MIN));
    Period::new(from, until).map_err(|_| does_not_fit(fields, "until", "is not later than the beginning"))
}

fn prohibition(mut fields: Fields, id: ProhibitionId, question: &Question) -> Result<Prohibition, CaseError> {
    let prohibition = Prohibition {
        id,
        youth: question.youth,
        disclosers: fields.ids("disclosers")?.unwrap_or_default(),
        recipients: fields.ids("recipients")?.unwrap_or_default(),
        categories: fields.words("categories")?.map(CategorySet::from_iter).unwrap_or_default(),
        service_tasks: fields.texts("service_tasks")?.unwrap_or_default(),
        documents: fields.texts("documents")?.unwrap_or_default(),
    };
    fields.end()?;
    Ok(prohibition)
}

fn does_not_fit(fields: &Fields, key: &'static str, because: &'static str) -> CaseError {
    CaseError::DoesNotFit { place: fields.place().to_owned(), key, because }
}

impl Spelled for Kind {
    fn spelled(self) -> &'static str {
        match self {
            Kind::Consent => "consent",
            Kind::Permit => "permit",
        }
    }

    fn every() -> impl Iterator<Item = Kind> {
        [Kind::Consent, Kind::Permit].into_iter()
    }
}
