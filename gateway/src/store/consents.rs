//! What is kept of consents, prohibitions and legal statuses, and of who asks about them?

use jiff::Timestamp;
use polku_proto::{AgencyId, YouthId};
use uuid::Uuid;

/// Which kind of instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstrumentKind {
    /// A consent or a permit.
    Consent,
    /// A prohibition.
    Prohibition,
    /// A legal status.
    LegalStatus,
}

/// A consent, permit, prohibition or legal status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstrumentRow {
    /// Opaque id.
    pub id: Uuid,
    /// Whose.
    pub youth: YouthId,
    /// Which kind.
    pub kind: InstrumentKind,
    /// Counts changes, from 1.
    pub version: u64,
    /// Whether it counts in decisions (its period is looked at when deciding).
    pub in_force: bool,
    /// The consent revision of the last change: the sequence of its audit leaf.
    pub revision: u64,
    /// The contract's `Consent`, `Prohibition` or `LegalStatus`, sealed.
    pub sealed: Vec<u8>,
}

/// A place in what is in force. It means something to the store alone, and only until the next change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InForce(pub u64);

/// A page of what is in force.
#[derive(Debug)]
pub struct InForcePage {
    /// The rows.
    pub rows: Vec<InstrumentRow>,
    /// Where the next page begins; none after the last one.
    pub next: Option<InForce>,
}

/// A consent, prohibition or legal status as it shall be.
#[derive(Debug)]
pub struct InstrumentWrite {
    /// The new row.
    pub row: InstrumentRow,
    /// The agencies that a consent names on either side: they are told of its change. Not kept with the row.
    pub parties: Vec<AgencyId>,
    /// The version that must be there now; `None` for a new one.
    pub expected: Option<u64>,
}

/// That what a person permits may have changed, to be told to one agency. What has changed is not part of it: a
/// prohibition must look like everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// About whom.
    pub youth: YouthId,
    /// Who is told: keyed hash of the agency's id. Whom a person's consents name tells about the person.
    pub agency: [u8; 32],
    /// The consent revision of the change: the sequence of its audit leaf.
    pub revision: u64,
    /// When.
    pub time: Timestamp,
}

/// The same, with its place in the one order of all notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// From 1, without repetition, in the order of commits.
    pub position: u64,
    /// What is told.
    pub notice: NewNotice,
}

/// One item of a batch of questions, whose one audit leaf commits to all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// Pseudonym of the person who was asked about, as in an audit leaf; zeros: none.
    pub subject: [u8; 32],
    /// The bytes that the leaf commits to.
    pub bytes: Vec<u8>,
}
