//! What is kept of a referral, and of what happens to it?

use jiff::Timestamp;
use polku_proto::v1::ReferralState;
use polku_proto::{AgencyId, ReferralId, YouthId};

/// A referral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferralRow {
    /// Opaque id.
    pub id: ReferralId,
    /// Whose.
    pub youth: YouthId,
    /// Agency id.
    pub sender: AgencyId,
    /// Agency id.
    pub recipient: AgencyId,
    /// State machine of consent.md 3.2, spelled out in the contract.
    pub state: ReferralState,
    /// Counts changes, from 1.
    pub version: u64,
    /// When sent.
    pub created: Timestamp,
    /// When last changed.
    pub updated: Timestamp,
    /// Until when an answer is expected.
    pub respond_by: Timestamp,
    /// Whether the recipient's system has it, or may have it: the recipient then sees it here as well.
    pub reached_recipient: bool,
    /// When the delivery of the referral came to its end.
    pub delivery_ended: Option<Timestamp>,
    /// Whether the sealed record still holds the sender's content.
    pub holds_content: bool,
    /// The contract's `Referral`, sealed.
    pub sealed: Vec<u8>,
}

/// A referral as it shall be.
#[derive(Debug)]
pub struct ReferralWrite {
    /// The new row.
    pub row: ReferralRow,
    /// The version that must be there now; `None` for a new referral.
    pub expected: Option<u64>,
}

/// Which referrals are asked for.
#[derive(Debug, Clone)]
pub struct ReferralFilter {
    /// The agency that asks. `None`: the young person, who sees all.
    pub party: Option<AgencyId>,
    /// Of one person only.
    pub youth: Option<YouthId>,
    /// Only referrals before this one in the order of the list (creation time and id of the last one seen).
    pub before: Option<(Timestamp, ReferralId)>,
    /// At most so many.
    pub limit: u32,
}

/// Something that happened to a referral, to be told to watchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The contract's `ReferralEvent.Kind`.
    pub kind: i32,
    /// Which referral.
    pub referral: ReferralId,
    /// Its sender, who is always told.
    pub sender: AgencyId,
    /// Its recipient, if that one is told.
    pub recipient: Option<AgencyId>,
    /// When.
    pub time: Timestamp,
}

/// The same, with its place in the one order of all events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// From 1, without repetition, in the order of commits.
    pub position: u64,
    /// What happened.
    pub event: NewEvent,
}
