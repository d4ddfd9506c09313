//! Which agencies are there, and how is each one spoken to?

mod adapter;
pub mod agencies;
/// Documents that agencies and the gateway's import and export share: FHIR Consent.
pub mod formats;
pub mod registry;
mod setting;
pub mod transport;

pub use adapter::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Inbound, InboundChange, InboundError,
    InboundEvent, InboundMatter, InboundOutcome, InboundPlanPart, InboundReferral, Receipt, Received,
    Redelivery, Rehearsal, Reply, ReplyContext, Retry, Understood, Words,
};
pub use registry::{BuildError, Kind, Matter, build, kinds};
pub use setting::SettingError;
