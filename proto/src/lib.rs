//! The contract between agencies: messages, services, and what every field of them tells about a young person.
//!
//! The `.proto` files in `polku/v1` are the source of everything here. From them are generated
//!
//! - the messages and services ([`v1`]),
//! - the cutting down of a message to a set of data categories ([`Disclose`]),
//! - the checks of a message at the edge ([`Valid`]),
//! - on whose behalf a method can be called ([`CallerRoles`]),
//! - what a message weighs before it is read ([`Weigh`]),
//! - a `Debug` that prints no content.
//!
//! The generated files are in `src/gen`; the test `codegen` fails when they do not match the `.proto` files, and
//! writes them anew when the environment variable `POLKU_REGENERATE` is `1`.

mod category;
pub mod codec;
mod disclose;
mod gather;
pub mod id;
pub mod identity;
mod roles;
pub mod time;
mod validate;
mod weight;

pub use category::{CategorySet, UnknownCategory, name, named};
pub use disclose::Disclose;
pub use gather::Gather;
pub use id::{
    AgencyId, ConsentId, ConsentName, EntryId, EntryName, LegalStatusId, LegalStatusName, MessageId, Party,
    PlanId, PlanName, ProhibitionId, ProhibitionName, ReferralId, ReferralName, RequestId, TaskId, TaskName,
    UnitId, YouthId, YouthName,
};
pub use roles::CallerRoles;
pub use validate::{Valid, Validate, Violation, Violations, is_plain};
pub use weight::{Part, Weigh, fits};

/// Messages and services of `polku/v1/*.proto`.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::large_enum_variant,
    reason = "generated: sizes, names and comments are those of the .proto files"
)]
pub mod v1 {
    include!("gen/polku.v1.rs");
    include!("gen/debug.rs");
}

/// The contract as a `google.protobuf.FileDescriptorSet`, with its imports and its options, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/descriptor.bin");

/// Cutting down, by category.
mod disclose_generated {
    include!("gen/disclose.rs");
}

/// Roles of callers, by method.
mod roles_generated {
    include!("gen/roles.rs");
}

/// Checks, by the rules of the contract.
mod validate_generated {
    include!("gen/validate.rs");
}

/// Weighing, by the lists of the contract.
mod weight_generated {
    include!("gen/weight.rs");
}
