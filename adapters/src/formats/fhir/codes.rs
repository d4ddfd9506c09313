//! Which systems and codes stand in the documents?

use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{ConsentState, LegalBasis, PermitDomain, Purpose};
use serde_json::{Value, json};

/// Personal identity codes (FHIR Finland).
pub(crate) const HETU: &str = "urn:oid:1.2.246.21";
/// The gateway's name of a young person.
pub(super) const YOUTH: &str = "urn:polku:youth";
/// An agency, or `agency/unit`.
pub(crate) const AGENCY: &str = "urn:polku:agency";
/// Identifiers that are URIs themselves; organisations are `urn:oid:` and their object identifier.
pub(crate) const URI: &str = "urn:ietf:rfc:3986";
/// Before an object identifier.
pub(crate) const OID: &str = "urn:oid:";
/// A professional, by the agency's own id.
pub(crate) const PROFESSIONAL: &str = "urn:polku:professional";
/// Purposes of the contract.
pub(crate) const PURPOSE: &str = "urn:polku:purpose";
/// Data categories of the contract.
pub(crate) const DATA_CATEGORY: &str = "urn:polku:data-category";
/// Kinds of instruments of the contract.
pub(super) const KIND: &str = "urn:polku:consent-kind";
/// Domains of permits of the contract.
pub(super) const DOMAIN: &str = "urn:polku:permit-domain";
/// Categories of SoteConsent: 1 is from health care to social services, 2 the other way.
pub(super) const SOTE_CATEGORY: &str = "urn:polku:sote-consent-category";

/// On the coding of a category: special data that the consent names explicitly.
pub(super) const EXPLICIT: &str = "urn:polku:explicit";
/// On a provision: the ground in GDPR article 6.
pub(super) const LEGAL_BASIS: &str = "urn:polku:legal-basis";
/// On a provision: when the recorder looks at it again.
pub(super) const REVIEW_TIME: &str = "urn:polku:review-time";

/// What a Consent is about.
pub(super) const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
/// Opting in or out (HL7 version 3, ActCode).
pub(super) const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// FHIR's own list of policies, under which some write the same codes.
pub(super) const POLICY_CODES: &str = "http://terminology.hl7.org/CodeSystem/consentpolicycodes";
/// Who takes part in a disclosure (HL7 version 3, ParticipationType).
pub(crate) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
/// What is done with the data.
pub(super) const ACTION: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
/// LOINC, for the kind of document.
pub(super) const LOINC: &str = "http://loinc.org";
/// How somebody took part in what a Provenance tells of.
pub(crate) const PROVENANCE_AGENT: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";

/// Writes a CodeableConcept of one code.
pub(crate) fn concept(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

/// Gives the status of a Consent in this state.
pub(super) fn status(state: ConsentState) -> Option<&'static str> {
    Some(match state {
        ConsentState::Unspecified => return None,
        ConsentState::Requested => "proposed",
        ConsentState::Given | ConsentState::Renewed => "active",
        ConsentState::Refused => "rejected",
        ConsentState::Withdrawn
        | ConsentState::Revoked
        | ConsentState::Expired
        | ConsentState::Superseded => "inactive",
        ConsentState::Invalidated => "entered-in-error",
    })
}

/// Gives the code of a kind.
pub(super) fn kind(kind: ConsentKind) -> Option<&'static str> {
    Some(match kind {
        ConsentKind::Unspecified => return None,
        ConsentKind::Consent => "consent",
        ConsentKind::DisclosurePermit => "disclosure-permit",
    })
}

/// Finds the kind of a code.
pub(super) fn read_kind(code: &str) -> Option<ConsentKind> {
    [ConsentKind::Consent, ConsentKind::DisclosurePermit].into_iter().find(|found| kind(*found) == Some(code))
}

/// Gives the codes of a domain: the contract's and SoteConsent's.
pub(super) fn domain(domain: PermitDomain) -> Option<(&'static str, &'static str)> {
    Some(match domain {
        PermitDomain::Unspecified => return None,
        PermitDomain::Health => ("health", "1"),
        PermitDomain::Social => ("social", "2"),
    })
}

/// Finds the domain of a code of the contract.
pub(super) fn read_domain(code: &str) -> Option<PermitDomain> {
    domains().find(|found| domain(*found).is_some_and(|(own, _)| own == code))
}

/// Finds the domain of a category of SoteConsent.
pub(super) fn read_sote_category(code: &str) -> Option<PermitDomain> {
    domains().find(|found| domain(*found).is_some_and(|(_, sote)| sote == code))
}

fn domains() -> impl Iterator<Item = PermitDomain> {
    [PermitDomain::Health, PermitDomain::Social].into_iter()
}

/// Gives the code of a legal basis.
pub(super) fn basis(basis: LegalBasis) -> Option<&'static str> {
    Some(match basis {
        LegalBasis::Unspecified => return None,
        LegalBasis::Consent => "consent",
        LegalBasis::LegalObligation => "legal-obligation",
        LegalBasis::VitalInterests => "vital-interests",
        LegalBasis::PublicTask => "public-task",
    })
}

/// Finds the legal basis of a code.
pub(super) fn read_basis(code: &str) -> Option<LegalBasis> {
    let all = [
        LegalBasis::Consent,
        LegalBasis::LegalObligation,
        LegalBasis::VitalInterests,
        LegalBasis::PublicTask,
    ];
    all.into_iter().find(|found| basis(*found) == Some(code))
}

/// Finds the purpose of a code.
pub(crate) fn read_purpose(code: &str) -> Option<Purpose> {
    polku_policy::PurposeSet::ALL.iter().find(|found| polku_policy::purpose_name(*found) == code)
}
