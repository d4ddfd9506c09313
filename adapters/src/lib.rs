//! Which agencies are there, and how is each one spoken to?

mod adapter;
pub mod agencies;
/// Documents that agencies and the gateway's import and export share: FHIR Consent.
pub mod formats;
mod inbound;
pub mod registry;
mod setting;
pub mod transport;

pub use adapter::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Evidence, Receipt, Redelivery, Rehearsal, Retry,
    Understood, UnusableAnswer, Words,
};
pub use inbound::{
    Inbound, InboundChange, InboundError, InboundEvent, InboundMatter, InboundOutcome, InboundPlanPart,
    InboundReferral, Received, Reply, ReplyContext, whole_seconds,
};
pub use registry::{BuildError, Kind, Matter, build, build_over, kinds};
pub use setting::SettingError;
