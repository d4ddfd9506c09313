//! What is kept about consents beside the instruments themselves?

use jiff::Timestamp;
use polku_proto::YouthId;

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
