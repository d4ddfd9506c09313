//! Who recorded a consent, and when, as far as its document says?
//!
//! It permits nothing, and is kept as evidence. The recorder is exactly one of a professional with the service unit, the
//! client and a legal representative, as SoteConsent has it.

use jiff::Timestamp;
use polku_proto::identity::has_hetu;
use polku_proto::time;
use polku_proto::v1::ConsentSource;
use polku_proto::v1::consent_source::Recorder;

use super::error::{ImportError, Place, Problem};
use super::frame::identifier_of;
use super::giver::{Somebody, named};
use super::import::Patient;
use super::object::Object;
use super::{codes, moment};

/// The most characters of an identifier of a professional or a unit.
const MOST_CHARACTERS: usize = 200;

/// Who recorded what, and when.
pub(super) struct Provenance {
    /// The resources that it is about, each with its place.
    pub(super) targets: Vec<(Place, String)>,
    source: ConsentSource,
    /// The client who recorded it, where it is told who that is.
    client: Option<(Place, Patient)>,
}

impl Provenance {
    pub(super) fn read(mut provenance: Object) -> Result<Self, ImportError> {
        let mut targets = Vec::new();
        for mut target in provenance.objects("target")? {
            let url = target.required_text("reference")?;
            targets.push((target.place().clone(), url));
        }
        let place = provenance.at("recorded");
        let recorded = provenance.required_text("recorded")?;
        let form = || place.fault(Problem::Form);
        let recorded = moment::instant(&recorded).ok_or_else(form)?;
        let record_time = Some(time::to_wire(recorded).map_err(|_| form())?);
        let place = provenance.at("agent");
        let mut agents = provenance.objects("agent")?.into_iter();
        let (source, client) = match (agents.next(), agents.next()) {
            (Some(only), None) => recorder(only)?,
            (None, _) => return Err(place.fault(Problem::Missing)),
            (Some(_), Some(_)) => return Err(place.fault(Problem::Unsupported)),
        };
        provenance.pass_over(&[
            "id",
            "meta",
            "language",
            "text",
            "occurredDateTime",
            "occurredPeriod",
            "location",
            "reason",
            "activity",
            "entity",
            "signature",
        ]);
        provenance.end()?;
        Ok(Self { targets, source: ConsentSource { record_time, ..source }, client })
    }

    /// Whether it is about the resource with this address.
    pub(super) fn is_of(&self, url: Option<&str>) -> bool {
        self.targets.iter().any(|(_, target)| Some(target.as_str()) == url)
    }

    /// What it says of a consent of this patient.
    ///
    /// # Errors
    /// The client who recorded it is somebody else.
    pub(super) fn of(&self, patient: &Patient) -> Result<ConsentSource, ImportError> {
        match &self.client {
            Some((place, client)) if client != patient => Err(place.fault(Problem::Unrelated)),
            Some(_) | None => Ok(self.source.clone()),
        }
    }
}

/// When a consent was given: `dateTime`, in R5 `date`.
pub(super) fn given(consent: &mut Object, name: &'static str) -> Result<Option<Timestamp>, ImportError> {
    let place = consent.at(name);
    let text = consent.text(name)?;
    text.map(|text| moment::start(&text).ok_or_else(|| place.fault(Problem::Form))).transpose()
}

fn recorder(mut agent: Object) -> Result<(ConsentSource, Option<(Place, Patient)>), ImportError> {
    let reference = agent.required_object("who")?;
    let place = reference.place().clone();
    let Somebody { kind, identifier, is_literal } = Somebody::read(reference)?;
    let patient = identifier.as_ref().and_then(|(system, value)| named(system, value));
    let mut client = None;
    let mut source = ConsentSource::default();
    match (kind.as_deref(), patient) {
        (Some("Patient") | None, Some(patient)) => {
            source.set_recorder(Recorder::Subject);
            client = Some((place, patient));
        }
        // Of a literal reference nobody can tell which patient it leads to.
        (Some("Patient"), None) if !is_literal && identifier.is_none() => {
            source.set_recorder(Recorder::Subject);
        }
        (Some("RelatedPerson"), _) => source.set_recorder(Recorder::Representative),
        (Some("Practitioner" | "PractitionerRole"), None) => {
            source.set_recorder(Recorder::Professional);
            source.professional = identifier.map(|id| token(id, &place)).transpose()?.unwrap_or_default();
            source.unit = unit(agent.required_object("onBehalfOf")?)?;
        }
        // A personal identity code is nobody's professional id.
        (Some("Practitioner" | "PractitionerRole"), Some(_)) => {
            return Err(place.fault(Problem::Unsupported));
        }
        (Some(_) | None, _) => return Err(place.fault(Problem::Unknown)),
    }
    agent.pass_over(&["type", "role", "id"]);
    agent.end()?;
    Ok((source, client))
}

/// The service unit, which need not be known here.
fn unit(mut reference: Object) -> Result<String, ImportError> {
    let place = reference.at("type");
    if reference.text("type")?.is_some_and(|found| found != "Organization") {
        return Err(place.fault(Problem::Unsupported));
    }
    let place = reference.at("identifier");
    let identifier = identifier_of(reference.required_object("identifier")?)?;
    reference.pass_over(&["display", "id"]);
    reference.end()?;
    token(identifier, &place)
}

/// An identifier as FHIR writes one in a search.
fn token((system, value): (String, String), place: &Place) -> Result<String, ImportError> {
    let token = format!("{system}|{value}");
    if system == codes::HETU || has_hetu(&token) {
        return Err(place.fault(Problem::Unsupported));
    }
    if token.chars().count() > MOST_CHARACTERS { Err(place.fault(Problem::TooMuch)) } else { Ok(token) }
}
