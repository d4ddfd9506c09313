//! How do consents stand in HL7 FHIR R4, and what does a FHIR Consent of somebody else permit and deny?
//!
//! # Going out
//!
//! [`export`] writes one `Consent`: the base denies (`policyRule` OPTIN), and one nested provision of type `permit` says
//! who may disclose what to whom, for what, and for how long. What FHIR has no place for stands in extensions that only
//! add: whoever does not know them permits no more than was meant.
//!
//! [`export_sote`] writes a permit to disclose (luovutuslupa) in the shape of SoteConsent, as a transaction `Bundle` of a
//! `Consent` and a `Provenance`. Of that profile (fi.kela.kanta.gen.r4.tahdonilmaisut) no serialised resource is public;
//! it is modelled on what is: categories 1 and 2, a nested `permit` with period, actors and at most three data types, and
//! one recorder. The profile has a public name
//! (`https://gen.kanta.fi/fhir/tahdonilmaisut/StructureDefinition/soteluovutuslupa`), and binds category and data types to
//! value sets whose codes are not public: so both stand under `urn:polku` systems, and `meta.profile` is left out, which
//! would claim that they are of those. What is public of it an independent script checks
//! (`tests/clients/python/sote.py`).
//!
//! # Coming in
//!
//! [`import`] reads either, and what others write, in one of two readings, as FHIR R4 and R5 differ in what nesting
//! means; see [`Reading`]. The document is a tree of provisions, each with a frame: who, to whom, what, for what, when. A
//! provision inherits what it does not say from the one around it, and must lie within it. Then:
//!
//! - a permission is what its frame holds without what is denied inside of it, to the point: where that is no single
//!   set of terms, it is several, which together permit the same;
//! - of provisions side by side, a denial is stronger than a permission;
//! - a denial that stands by itself, under a base that denies, becomes a prohibition.
//!
//! Who has given it (`performer`, in R5 `grantor`) is read as well, for whoever records it to compare. So is when it was
//! given, and who recorded it when (`Provenance`), to be kept.
//!
//! What has no such equivalent is refused, and so is every element that is not known, because it might narrow what is
//! permitted. Nothing is guessed and nothing left out. Errors name the place, as a FHIR path, and never repeat a value.

pub(crate) mod codes;
pub(crate) mod element;
mod error;
mod export;
mod frame;
mod giver;
mod import;
pub(crate) mod json;
pub(crate) mod moment;
pub(crate) mod object;
mod provision;
mod region;
mod sote;
mod source;

pub(crate) use error::Place;
pub use error::{ImportError, Problem};
pub(crate) use export::organisation;
pub use export::{ExportError, export};
pub(crate) use frame::{coding, identifier_of, party};
pub use giver::Giver;
pub use import::{Imported, Patient, Permission, Reading, import};
pub use sote::{Recorder, export_sote};
pub(crate) use sote::{provenance, sote};

#[cfg(test)]
mod tests;
