//! What is kept of a joint plan?

use jiff::Timestamp;
use polku_proto::{AgencyId, PlanId, YouthId};
use uuid::Uuid;

/// A joint plan as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Opaque id.
    pub id: PlanId,
    /// Whose.
    pub youth: YouthId,
    /// Agency of the responsible worker.
    pub coordinator: AgencyId,
    /// Who may read it, the coordinator included.
    pub parties: Vec<AgencyId>,
    /// Counts changes, from 1.
    pub revision: u64,
    /// When begun.
    pub created: Timestamp,
    /// When last changed.
    pub updated: Timestamp,
    /// Whether it has come to its end.
    pub ended: bool,
    /// When it is due to look again at what of it watchers and agencies' systems have been told: time may have begun or
    /// ended a permission by then. `None`: time alone does neither.
    pub look_at: Option<Timestamp>,
    /// The whole plan, sealed.
    pub sealed: Vec<u8>,
}

/// A joint plan as it shall be. The revision is kept as it is written, whatever comes after it.
#[derive(Debug)]
pub struct PlanWrite {
    /// The new row. Whose a plan is and when it was begun never changes.
    pub row: PlanRow,
    /// The revision that must be there now; `None` for a new plan.
    pub expected: Option<u64>,
}

/// A joint plan as it was once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRevisionRow {
    /// Of which plan.
    pub plan: PlanId,
    /// Its place among the plan's revisions, from 1.
    pub revision: u64,
    /// When it was written.
    pub time: Timestamp,
    /// The whole plan, sealed.
    pub sealed: Vec<u8>,
}

/// That a joint plan has changed in somebody's eyes, to be told to those of one agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlanEvent {
    /// Which plan.
    pub plan: PlanId,
    /// Whose.
    pub youth: YouthId,
    /// The revision in which it did.
    pub revision: u64,
    /// Who is told.
    pub agency: AgencyId,
    /// When.
    pub time: Timestamp,
}

/// The same, with its place in the one order of all events of joint plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEventRow {
    /// From 1, without repetition, in the order of commits.
    pub position: u64,
    /// What is told.
    pub event: NewPlanEvent,
    /// The plan's revision when this was read: that of the event or a later one.
    pub present: u64,
}

/// That an agency has been told this of a joint plan or of a referral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkTold {
    /// Which plan or referral.
    pub about: Uuid,
    /// Keyed hash of whom and what.
    pub mark: [u8; 32],
}
