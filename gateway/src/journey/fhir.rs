//! How does a consent become a document of HL7 FHIR R4, and a document consents and prohibitions?
//!
//! The one place that knows who translates. So far nobody does: every form is refused.

use polku_proto::YouthName;
use polku_proto::identity::Hetu;
use polku_proto::v1::export_consent_request::Form;
use polku_proto::v1::import_consent_request::Reading;
use polku_proto::v1::{Consent, ConsentDocument, ConsentTerms, ProhibitionTerms};

use crate::error::Error;
use crate::person::Person;

/// What a document says.
#[derive(Debug)]
pub(super) struct Imported {
    /// About whom.
    pub(super) patient: Patient,
    /// Its permissions.
    pub(super) terms: Vec<ConsentTerms>,
    /// Its denials.
    pub(super) prohibitions: Vec<ProhibitionTerms>,
}

/// Whom a document is about.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "made by the translation"))]
pub(super) enum Patient {
    /// Named by the personal identity code.
    Hetu(Hetu),
    /// Named as the gateway does.
    Youth(YouthName),
}

impl Patient {
    /// Tells whether this person is meant.
    pub(super) fn is(&self, person: &Person) -> Result<bool, Error> {
        match self {
            Patient::Hetu(code) => Ok(person.identity()?.expose() == code.expose()),
            Patient::Youth(name) => Ok(name.youth == person.id),
        }
    }
}

/// Writes a consent in a form.
pub(super) fn export(_consent: &Consent, _form: Form) -> Result<ConsentDocument, Error> {
    Err(unsupported("form"))
}

/// Reads what a document says.
pub(super) fn import(_content: &str, _reading: Reading) -> Result<Imported, Error> {
    Err(unsupported("content"))
}

fn unsupported(field: &'static str) -> Error {
    Error::Field {
        field,
        reason: "FORMAT_UNSUPPORTED",
        expected: "a format that this gateway translates: none is built in",
    }
}
