//! What does a FHIR Consent permit and prohibit, and whose is it?

use jiff::Timestamp;
use polku_proto::identity::Hetu;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{ConsentSource, ConsentTerms, LegalBasis, PermitDomain, ProhibitionTerms};
use polku_proto::{Valid, YouthName, time};

use super::error::{ImportError, Place, Problem};
use super::frame::{Frame, Organisations, codings, identifier_of, only_coding};
use super::giver::{self, Giver};
use super::object::Object;
use super::provision::{Effect, Node, Reader};
use super::region::Region;
use super::source::{self, Provenance};
use super::{codes, json};

/// The most resources of a bundle.
const MOST_ENTRIES: usize = 32;

/// What nesting means in a document. The author of a document knows; it cannot be told from the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As FHIR R4 says. `policyRule` is the base: OPTIN denies, OPTOUT permits. The root provision has no `type` and
    /// bounds the whole; each nested one has a `type`, and is an exception from what is around it.
    R4Literal,
    /// As FHIR R5 says. The base is `decision`, or the root's `type` or `policyRule` where a document in R4 is meant this
    /// way; each level negates the one around it. A `type` that says otherwise is refused.
    R5Negation,
}

/// Whose consent a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patient {
    /// Named by the personal identity code.
    Hetu(Hetu),
    /// Named as the gateway does.
    Youth(YouthName),
}

/// What a document says.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Whose consent it is. The caller compares it with whom the document is brought for.
    pub patient: Patient,
    /// Who has given it; none where the document does not say.
    pub given_by: Option<Giver>,
    /// What is permitted, as terms that together permit just that.
    pub consents: Vec<Permission>,
    /// What is denied by itself.
    pub prohibitions: Vec<ProhibitionTerms>,
}

/// What is permitted, and where that was recorded first.
#[derive(Debug, Clone, PartialEq)]
pub struct Permission {
    /// What, to whom, for what and until when.
    pub terms: ConsentTerms,
    /// When it was given, and who recorded it when, as far as the document says.
    pub source: ConsentSource,
}

/// Reads a `Consent`, or a transaction `Bundle` of pairs of `Consent` and `Provenance`, of at most 65,536 bytes. The
/// function finds the agency with an object identifier, and nothing if there is none or more than one.
///
/// Where a document does not say on which legal basis of GDPR article 6 data are processed, a consent rests on consent
/// and a permit to disclose, which is none in that sense, on the public task.
///
/// # Errors
///
/// The document is malformed, too large or nested more than three levels deep, is no active consent about disclosures
/// of one person, or says something that cannot be kept to the point.
pub fn import(
    text: &str,
    reading: Reading,
    organisations: Organisations<'_>,
) -> Result<Imported, ImportError> {
    let root = Place::root("Consent");
    let mut document = Object::of(json::read(text, &root)?, root)?;
    let reader = Reader { reading, organisations };
    match document.required_text("resourceType")?.as_str() {
        "Consent" => read_consent(document, reader),
        "Bundle" => read_bundle(document.renamed(Place::root("Bundle")), reader),
        _ => Err(document.at("resourceType").fault(Problem::Unsupported)),
    }
}

fn read_bundle(mut bundle: Object, reader: Reader<'_>) -> Result<Imported, ImportError> {
    let place = bundle.at("entry");
    if bundle.required_text("type")? != "transaction" {
        return Err(bundle.at("type").fault(Problem::Unsupported));
    }
    let entries = bundle.objects("entry")?;
    if entries.len() > MOST_ENTRIES {
        return Err(place.fault(Problem::TooMuch));
    }
    let mut read: Vec<(Place, Option<String>, Imported)> = Vec::new();
    let mut records: Vec<Provenance> = Vec::new();
    for mut entry in entries {
        let entry_place = entry.place().clone();
        let url = entry.text("fullUrl")?;
        check_request(entry.required_object("request")?)?;
        let mut resource = entry.required_object("resource")?;
        match resource.required_text("resourceType")?.as_str() {
            "Consent" => read.push((entry_place, url, read_consent(resource, reader)?)),
            "Provenance" => records.push(Provenance::read(resource)?),
            _ => return Err(resource.at("resourceType").fault(Problem::Unsupported)),
        }
        entry.pass_over(&["id"]);
        entry.end()?;
    }
    bundle.pass_over(&["id", "meta", "timestamp", "identifier"]);
    bundle.end()?;
    for (place, target) in records.iter().flat_map(|record| &record.targets) {
        if !read.iter().any(|(_, url, _)| url.as_ref() == Some(target)) {
            return Err(place.fault(Problem::Unrelated));
        }
    }
    let mut whole: Option<Imported> = None;
    for (place, url, mut one) in read {
        // Of two nobody can tell which of them recorded it.
        let mut recorded = records.iter().filter(|record| record.is_of(url.as_deref()));
        let (Some(record), None) = (recorded.next(), recorded.next()) else {
            return Err(place.fault(Problem::Unrelated));
        };
        let record = record.of(&one.patient)?;
        for Permission { source, .. } in &mut one.consents {
            *source = ConsentSource { give_time: source.give_time, ..record.clone() };
        }
        match &mut whole {
            None => whole = Some(one),
            Some(whole) if (&whole.patient, whole.given_by) == (&one.patient, one.given_by) => {
                whole.consents.extend(one.consents);
                whole.prohibitions.extend(one.prohibitions);
            }
            Some(_) => return Err(place.fault(Problem::Unrelated)),
        }
    }
    whole.ok_or_else(|| place.fault(Problem::Missing))
}

fn check_request(mut request: Object) -> Result<(), ImportError> {
    if request.required_text("method")? != "POST" {
        return Err(request.at("method").fault(Problem::Unsupported));
    }
    request.pass_over(&["url", "id"]);
    request.end()
}

fn read_consent(mut consent: Object, reader: Reader<'_>) -> Result<Imported, ImportError> {
    if consent.required_text("status")? != "active" {
        return Err(consent.at("status").fault(Problem::NotActive));
    }
    let r5 = reader.reading == Reading::R5Negation;
    let scope = consent.at("scope");
    match consent.object("scope")?.map(only_coding).transpose()? {
        Some((system, code)) if system == codes::SCOPE && code == "patient-privacy" => {}
        Some(_) => return Err(scope.fault(Problem::NotActive)),
        None if r5 => {}
        None => return Err(scope.fault(Problem::Missing)),
    }
    let instrument = Instrument::read(&mut consent)?;
    let patient = read_patient(&mut consent, r5)?;
    let given_by = read_giver(&mut consent, &patient, r5)?;
    check_verification(&mut consent)?;
    check_meta(&mut consent)?;
    consent.pass_over(&[
        "id",
        "language",
        "text",
        "identifier",
        "organization",
        "sourceAttachment",
        "sourceReference",
    ]);
    let (mut give_time, mut give_place) = (source::given(&mut consent, "dateTime")?, consent.at("dateTime"));
    if r5 && let Some(date) = source::given(&mut consent, "date")? {
        (give_time, give_place) = (Some(date), consent.at("date"));
    }
    let tree = read_tree(&mut consent, reader)?;
    let place = consent.at("provision");
    consent.end()?;
    let outcome = tree.outcome()?;
    let give_time = give_time.map(time::to_wire).transpose();
    let give_time = give_time.map_err(|_| give_place.fault(Problem::Form))?;
    let source = ConsentSource { give_time, ..ConsentSource::default() };
    let consents: Result<Vec<_>, _> = outcome
        .permitted
        .into_iter()
        .map(|region| Ok(Permission { terms: instrument.terms(region)?, source: source.clone() }))
        .collect();
    let (consents, prohibitions) = (consents?, outcome.prohibited);
    if consents.is_empty() && prohibitions.is_empty() {
        return Err(place.fault(Problem::Empty));
    }
    Ok(Imported { patient, given_by, consents, prohibitions })
}

/// Finds the base, and reads the provisions as exceptions from it.
fn read_tree(consent: &mut Object, reader: Reader<'_>) -> Result<Node, ImportError> {
    let r5 = reader.reading == Reading::R5Negation;
    let rule = read_policy_rule(consent)?;
    let decision_place = consent.at("decision");
    let decision = match consent.text_if(r5, "decision")? {
        Some(code) => Some(Effect::of_code(&code).ok_or_else(|| decision_place.fault(Problem::Unknown))?),
        None => None,
    };
    let mut bound = Frame::default();
    if r5 {
        bound.read_period(consent)?;
    }
    let listed = r5 && consent.is_list("provision");
    let mut root = if listed { None } else { consent.object("provision")? };
    let root_type = match &mut root {
        Some(root) => {
            let place = root.at("type");
            let code = root.text("type")?;
            code.map(|code| Effect::of_code(&code).ok_or_else(|| place.fault(Problem::Unknown)))
                .transpose()?
        }
        None => None,
    };
    let place = consent.at("provision");
    let type_place = place.below("type");
    let base = match (rule, decision, root_type) {
        (Some(base), None, None) | (None, Some(base), None) => base,
        (None, None, Some(base)) if r5 => base,
        (None, None, Some(_)) => return Err(type_place.fault(Problem::TypeContradicts)),
        (None, None, None) if r5 => return Err(decision_place.fault(Problem::Missing)),
        (None, None, None) => return Err(consent.at("policyRule").fault(Problem::Missing)),
        (_, _, Some(_)) => return Err(type_place.fault(Problem::TwoBases)),
        (Some(_), Some(_), None) => return Err(decision_place.fault(Problem::TwoBases)),
    };
    match root {
        Some(root) => reader.root(base, &bound, root),
        None => {
            let inside = reader.exceptions(base, &bound, consent.objects("provision")?, 1)?;
            Ok(Node::bare(place, base, bound, inside))
        }
    }
}

fn read_policy_rule(consent: &mut Object) -> Result<Option<Effect>, ImportError> {
    let place = consent.at("policyRule");
    let Some(concept) = consent.object("policyRule")? else { return Ok(None) };
    let (system, code) = only_coding(concept)?;
    match (system.as_str(), code.as_str()) {
        (codes::ACT_CODE | codes::POLICY_CODES, "OPTIN") => Ok(Some(Effect::Deny)),
        (codes::ACT_CODE | codes::POLICY_CODES, "OPTOUT") => Ok(Some(Effect::Permit)),
        _ => Err(place.fault(Problem::Unknown)),
    }
}

fn read_patient(consent: &mut Object, r5: bool) -> Result<Patient, ImportError> {
    let name = if r5 && consent.has("subject") { "subject" } else { "patient" };
    let mut reference = consent.required_object(name)?;
    let type_place = reference.at("type");
    if reference.text("type")?.is_some_and(|found| found != "Patient") {
        return Err(type_place.fault(Problem::Unsupported));
    }
    let identifier = reference.required_object("identifier")?;
    let place = identifier.place().clone();
    let (system, value) = identifier_of(identifier)?;
    let patient = giver::named(&system, &value);
    reference.pass_over(&["display", "id"]);
    reference.end()?;
    patient.ok_or_else(|| place.fault(Problem::Unknown))
}

/// Under whichever name the reading has for it.
fn read_giver(consent: &mut Object, patient: &Patient, r5: bool) -> Result<Option<Giver>, ImportError> {
    let performer = giver::read(consent, "performer", patient)?;
    let place = consent.at("grantor");
    let grantor = if r5 { giver::read(consent, "grantor", patient)? } else { None };
    match (performer, grantor) {
        (Some(performer), Some(grantor)) if performer != grantor => Err(place.fault(Problem::Unsupported)),
        (performer, grantor) => Ok(performer.or(grantor)),
    }
}

/// A consent that somebody found not to be the patient's is none.
fn check_verification(consent: &mut Object) -> Result<(), ImportError> {
    for mut verification in consent.objects("verification")? {
        if verification.take("verified") != Some(serde_json::Value::Bool(true)) {
            return Err(verification.at("verified").fault(Problem::NotActive));
        }
        verification.pass_over(&["id", "verifiedWith", "verificationDate"]);
        verification.end()?;
    }
    Ok(())
}

/// Security labels and tags may say how the resource is to be handled.
fn check_meta(consent: &mut Object) -> Result<(), ImportError> {
    let Some(mut meta) = consent.object("meta")? else { return Ok(()) };
    meta.pass_over(&["id", "versionId", "lastUpdated", "source", "profile"]);
    meta.end()
}

/// Which instrument a document is.
struct Instrument {
    kind: ConsentKind,
    domain: Option<PermitDomain>,
}

impl Instrument {
    fn read(consent: &mut Object) -> Result<Self, ImportError> {
        let place = consent.at("category");
        let (mut kinds, mut domains) = (Vec::new(), Vec::new());
        for concept in consent.objects("category")? {
            let concept_place = concept.place().clone();
            let unknown = || concept_place.fault(Problem::Unknown);
            for (system, code) in codings(concept)? {
                match (system.as_str(), code.as_str()) {
                    (codes::KIND, code) => kinds.push(codes::read_kind(code).ok_or_else(unknown)?),
                    (codes::DOMAIN, code) => domains.push(codes::read_domain(code).ok_or_else(unknown)?),
                    (codes::SOTE_CATEGORY, code) => {
                        kinds.push(ConsentKind::DisclosurePermit);
                        domains.push(codes::read_sote_category(code).ok_or_else(unknown)?);
                    }
                    (codes::LOINC, "59284-0" | "64292-6") | (codes::ACT_CODE, "IDSCL") => {}
                    _ => return Err(unknown()),
                }
            }
        }
        kinds.dedup();
        domains.dedup();
        match (kinds.as_slice(), domains.as_slice()) {
            ([] | [ConsentKind::Consent], []) => Ok(Self { kind: ConsentKind::Consent, domain: None }),
            ([ConsentKind::DisclosurePermit], [domain]) => {
                Ok(Self { kind: ConsentKind::DisclosurePermit, domain: Some(*domain) })
            }
            _ => Err(place.fault(Problem::Unsupported)),
        }
    }

    fn terms(&self, region: Region) -> Result<ConsentTerms, ImportError> {
        let place = region.place;
        let (default_basis, needs_end) = match self.kind {
            ConsentKind::DisclosurePermit => (LegalBasis::PublicTask, false),
            ConsentKind::Consent | ConsentKind::Unspecified => (LegalBasis::Consent, true),
        };
        if needs_end && region.until.is_none() {
            return Err(place.below("period.end").fault(Problem::Unbounded));
        }
        let wire = |instant: Option<Timestamp>, name| {
            instant.map(time::to_wire).transpose().map_err(|_| place.below(name).fault(Problem::Form))
        };
        let explicit = region.explicit.iter().filter(|category| region.categories.contains(category));
        let terms = ConsentTerms {
            kind: self.kind.into(),
            disclosers: region.disclosers.iter().map(ToString::to_string).collect(),
            recipients: region.recipients.iter().map(ToString::to_string).collect(),
            purposes: region.purposes.iter().map(|purpose| (*purpose).into()).collect(),
            explicit_categories: explicit.map(|category| (*category).into()).collect(),
            categories: region.categories.iter().map(|category| (*category).into()).collect(),
            valid_from: wire(region.from, "period.start")?,
            valid_until: wire(region.until, "period.end")?,
            legal_basis: region.legal_basis.unwrap_or(default_basis).into(),
            permit_domain: self.domain.unwrap_or_default().into(),
            review_time: wire(region.review, "extension")?,
        };
        let terms = Valid::check(terms).map_err(|_| place.fault(Problem::TooMuch))?;
        Ok(terms.into_inner())
    }
}
