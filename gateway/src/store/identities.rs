//! What changes when a person has another identity?

use polku_proto::{AgencyId, YouthId};

use crate::seal::IdentityIndex;

/// A person has another identity from now on; those that they had before find them still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityLink {
    /// The person, by the id that is called by now.
    pub youth: YouthId,
    /// Keyed hash of the identity.
    pub identity: IdentityIndex,
    /// Which agency says so.
    pub agency: AgencyId,
    /// Who has it already: every identity of `youth` leads to them from now on, and `youth` is a former id of theirs.
    /// Nothing: nobody has it.
    pub holder: Option<YouthId>,
    /// The identity code that they have by it, if any, sealed for each of the ids that the person has had.
    pub sealed: Vec<(YouthId, Vec<u8>)>,
}

/// A link that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityLinkRow {
    /// In the order of all links.
    pub number: u64,
    /// Keyed hash of the identity.
    pub identity: IdentityIndex,
    /// Which agency has said so.
    pub agency: AgencyId,
}
