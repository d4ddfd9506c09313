//! Why was a document refused, and where in it?

use std::fmt;

/// A document that is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct ImportError {
    /// The element, as a FHIR path such as `Consent.provision.provision[0].actor[1].role`. It has names of FHIR elements
    /// and numbers in it only, never a name or value that the document brought.
    pub path: String,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The document is longer than 65,536 bytes.
    #[error("the document is longer than 65,536 bytes")]
    TooLong,
    /// The document is no JSON, or nested too deeply to be read.
    #[error("no JSON, or nested too deeply")]
    NotJson,
    /// A member stands there twice.
    #[error("a member stands there twice")]
    Twice,
    /// The element must be there and is not.
    #[error("missing")]
    Missing,
    /// The element has another type or form.
    #[error("not of the form that FHIR gives it")]
    Form,
    /// The element is not known here, or cannot be expressed, and may narrow what is permitted.
    #[error("cannot be expressed, and may narrow what is permitted")]
    Unsupported,
    /// A code, identifier or value that is not known here.
    #[error("not a known code or identifier")]
    Unknown,
    /// The organisation is not in the directory, or several are meant.
    #[error("not one organisation of the directory")]
    UnknownOrganisation,
    /// The consent is not in force, or not a consent to disclosures.
    #[error("only an active consent about privacy can be imported")]
    NotActive,
    /// More than one element says what the base policy is.
    #[error("the base policy is said in more than one place")]
    TwoBases,
    /// The type of a provision is not the one that the reading gives it.
    #[error("the type contradicts the reading")]
    TypeContradicts,
    /// Provisions are nested more than three levels deep.
    #[error("provisions are nested more than three levels deep")]
    TooDeep,
    /// The provision reaches beyond the one around it.
    #[error("reaches beyond the provision around it")]
    Beyond,
    /// The permission names nobody, nothing or no end here, and would be for everybody, everything or ever.
    #[error("a permission must say this, or it would be without bounds")]
    Unbounded,
    /// The denial cannot be taken out of the permission around it.
    #[error("the denial cannot be taken out of the permission around it")]
    Inseparable,
    /// The denial is limited in a way that a prohibition cannot be.
    #[error("a denial that stands by itself cannot be limited by this")]
    DenialTooFine,
    /// A permission inside a denial that stands by itself.
    #[error("a permission inside a denial that stands by itself cannot be kept")]
    PermissionInDenial,
    /// Nothing is permitted, and nothing prohibited.
    #[error("nothing is permitted or prohibited")]
    Empty,
    /// What results is more than can be recorded.
    #[error("more than can be recorded")]
    TooMuch,
    /// The resources of a bundle do not belong together.
    #[error("does not belong to the other resources of the bundle")]
    Unrelated,
}

/// Where in a document. Made of FHIR names and numbers only.
#[derive(Debug, Clone)]
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn root(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn below(&self, name: &str) -> Self {
        Self(format!("{self}.{name}"))
    }

    pub(crate) fn item(&self, number: usize) -> Self {
        Self(format!("{self}[{number}]"))
    }

    pub(crate) fn fault(&self, problem: Problem) -> ImportError {
        ImportError { path: self.0.clone(), problem }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
