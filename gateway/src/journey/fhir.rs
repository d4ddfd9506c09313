//! How does a consent become a document of HL7 FHIR R4, and a document consents and prohibitions?
//!
//! The translation is `polku_adapters::formats::fhir`; here it is told who is who.

use polku_adapters::formats::Organisation;
use polku_adapters::formats::fhir::{self, ExportError, ImportError, Imported, Patient, Reading, Recorder};
use polku_proto::AgencyId;
use polku_proto::identity::Oid;
use polku_proto::v1::export_consent_request::Form;
use polku_proto::v1::{Consent, ConsentDocument, import_consent_request};

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;

/// What a FHIR server takes.
const MEDIA_TYPE: &str = "application/fhir+json";

impl Gateway {
    /// Writes a consent in a form. The identity code is for the young person and whoever represents them alone.
    pub(super) fn export_fhir(
        &self,
        caller: &Caller,
        person: &Person,
        consent: &Consent,
        form: Form,
    ) -> Result<ConsentDocument, Error> {
        let organisation = |agency: &AgencyId| self.organisation(agency);
        let resource = match form {
            Form::FhirR4Consent => fhir::export(consent, None, &organisation),
            Form::FhirR4SoteConsent => {
                let recorder = Recorder::of(consent);
                let recorder = recorder.ok_or(Error::Inconsistent("a stored recorder is unreadable"))?;
                let code = match caller.actor {
                    Actor::Subject(_) | Actor::Representative { .. } => person.identity_code()?,
                    Actor::Professional { .. } => None,
                };
                fhir::export_sote(consent, code.as_ref(), &recorder, &organisation)
            }
            Form::Unspecified => return Err(Error::Inconsistent("a form that was not checked")),
        };
        let resource = resource.map_err(not_exported)?;
        Ok(ConsentDocument { media_type: MEDIA_TYPE.to_owned(), content: resource.to_string() })
    }

    /// Reads what a document says.
    pub(super) fn import_fhir(
        &self,
        content: &str,
        reading: import_consent_request::Reading,
    ) -> Result<Imported, Error> {
        let reading = match reading {
            import_consent_request::Reading::R4Literal => Reading::R4Literal,
            import_consent_request::Reading::R5Negation => Reading::R5Negation,
            import_consent_request::Reading::Unspecified => {
                return Err(Error::Inconsistent("a reading that was not checked"));
            }
        };
        fhir::import(content, reading, &|oid| self.agency_of(oid)).map_err(not_imported)
    }

    fn organisation(&self, agency: &AgencyId) -> Option<Organisation> {
        let controller = self.controllers.get(agency)?;
        let name = controller.name.clone().unwrap_or_else(|| agency.to_string());
        // A business id that several agencies have says which organisation they belong to, not which agency it is.
        let business_id = controller.business_id.clone();
        let business_id = business_id.filter(|id| self.agency_of(&id.oid()).as_ref() == Some(agency));
        Some(Organisation { name, business_id })
    }

    /// The one agency with this object identifier.
    fn agency_of(&self, oid: &Oid) -> Option<AgencyId> {
        let mut found = self.controllers.iter().filter(|(_, controller)| {
            controller.business_id.as_ref().is_some_and(|id| id.oid().as_str() == oid.as_str())
        });
        let (agency, _) = found.next()?;
        found.next().is_none().then(|| agency.clone())
    }
}

/// Tells whether the document is about this person.
pub(super) fn is_about(patient: &Patient, person: &Person) -> Result<bool, Error> {
    match patient {
        Patient::Hetu(code) => Ok(person.identity_code()?.is_some_and(|own| own.expose() == code.expose())),
        Patient::Youth(name) => Ok(name.youth == person.id),
    }
}

fn not_exported(error: ExportError) -> Error {
    let expected = match error {
        ExportError::NotAPermit => "SoteConsent for permits to disclose only",
        ExportError::NotInForce => "SoteConsent for a permit in force",
        ExportError::TooManyDataTypes { .. } => "SoteConsent for at most three data types",
        ExportError::Field { .. } => {
            return Error::Inconsistent("a stored consent cannot be written as FHIR");
        }
    };
    Error::Field { field: "form", reason: "FORMAT_UNFIT", expected }
}

fn not_imported(error: ImportError) -> Error {
    Error::Document(error)
}
