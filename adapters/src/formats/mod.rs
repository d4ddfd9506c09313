//! Which formats are shared, by agencies and by the gateway's own import and export? Pure translation, no transport.

pub mod fhir;

use polku_proto::identity::BusinessId;

/// What a document says about an agency beside its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// The name, as people read it.
    pub name: String,
    /// The business id, if it stands for this agency alone. A city has one business id and may run several agencies:
    /// leave it out for them, or a document would name the city where one of its agencies is meant.
    pub business_id: Option<BusinessId>,
}
