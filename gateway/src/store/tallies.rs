//! What is kept of that which is counted without anybody's name?

use jiff::civil::Date;
use polku_proto::AgencyId;

use super::RequestKey;

/// One who came, one form, or the figures of a third of a year, without a name. Never changed, and in no way tied to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyRow {
    /// The call that told it.
    pub key: RequestKey,
    /// About whose service.
    pub agency: AgencyId,
    /// The day in Finland.
    pub day: Date,
    /// What it is.
    pub kind: TallyKind,
    /// What was told: a message of the contract; a book as the gateway keeps it.
    pub content: Vec<u8>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TallyKind {
    /// Somebody has come: the contract's `CountWalkInRequest` with nothing but the channel.
    WalkIn,
    /// A form: the contract's `Feedback`.
    Feedback,
    /// What is told of the third of a year that ends on this day.
    Book,
}

/// How often the same was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tallied {
    /// What it is.
    pub kind: TallyKind,
    /// As in [`TallyRow`].
    pub content: Vec<u8>,
    /// So often.
    pub count: u32,
}
