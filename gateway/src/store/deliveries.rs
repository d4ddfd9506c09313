//! What is kept of a delivery in the queue?

use jiff::Timestamp;
use polku_proto::v1::DeliveryState;
use polku_proto::{AgencyId, MessageId, PlanId, ReferralId, YouthId};

/// What is delivered. The payload itself is made at the moment of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryItem {
    /// The referral itself.
    Handover,
    /// The state as it is when sent.
    StateChange,
    /// The sender's answer to the question with this index.
    Information(u32),
    /// The permission is gone.
    ConsentWithdrawn,
    /// To a discloser: what was told of its data. One for each telling.
    DisclosureNotice {
        /// Sequence of the audit leaf whose details say it.
        leaf: u64,
        /// Its place among what they say was told.
        index: u32,
    },
    /// A section of a joint plan, as it is when sent. That is why one that waits is enough: putting another one about the
    /// same section for the same agency into the queue is no error, and only lets the first one wait for as long as the
    /// other would have. Where something else of the plan waits for the agency behind the first one, the other takes its
    /// place at the end, so that no change is told before an earlier one; the first one stays where it has been tried: it
    /// may have arrived. One that is being sent does not count, for what it tells may have changed since. Whoever changes
    /// a plan and whoever makes what is sent of it hold the lock of the person, so nothing changes between the making and
    /// the intent.
    PlanPart,
    /// That nothing permits to tell of a section any more.
    PlanEnded,
}

/// What a delivery is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A referral.
    Referral(ReferralId),
    /// A section of a joint plan.
    Plan {
        /// Which plan.
        plan: PlanId,
        /// Whose section: agency id, or the id that stands for the young person.
        owner: String,
    },
    /// What an agency holds, which another one has seen in the young person's journey.
    Journey,
}

/// Which deliveries go first when several are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Before all others.
    Urgent,
    /// In the order in which they fall due.
    Ordinary,
}

/// A delivery in the queue: ids only. [`DeliveryItem::PlanPart`] and [`DeliveryItem::PlanEnded`] are about a plan, a notice
/// of a disclosure is about anything, and all others are about a referral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// The same through all attempts.
    pub message: MessageId,
    /// What.
    pub item: DeliveryItem,
    /// About what.
    pub about: About,
    /// About whom.
    pub youth: YouthId,
    /// To which agency.
    pub agency: AgencyId,
    /// Whether it goes before others.
    pub priority: Priority,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it has been tried.
    pub attempts: u32,
    /// When it may be tried next.
    pub due: Timestamp,
    /// When it is given up.
    pub deadline: Timestamp,
    /// Grows with every lease and every change from outside: an older holder cannot write any more.
    pub fence: u64,
    /// Until when the present holder may work on it.
    pub leased_until: Option<Timestamp>,
    /// Audit leaf of the last attempt.
    pub intent: Option<u64>,
    /// The agency's number of the message, once it has it.
    pub reference: Option<String>,
}

/// A delivery as it shall be.
#[derive(Debug)]
pub struct DeliveryWrite {
    /// The new row.
    pub row: DeliveryRow,
    /// The fence that must be there now.
    pub expected_fence: u64,
}

/// Which deliveries a worker takes.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// The instant, as pauses are counted.
    pub now: Timestamp,
    /// The instant, as deadlines are: the same unless the host's clock was set back.
    pub time: Timestamp,
    /// Until when they are taken.
    pub until: Timestamp,
    /// At most so many.
    pub limit: u32,
    /// How many to one agency may be under way at the same time.
    pub per_agency: u32,
    /// How many are, where there are any.
    pub under_way: Vec<(AgencyId, u32)>,
    /// Agencies that are left alone, with how many more may be sent to each all the same. Of theirs, whatever that number,
    /// what is past its deadline is taken as well, so that it ends in time.
    pub held: Vec<(AgencyId, u32)>,
}

/// Which deliveries are listed. One that has arrived is in no list.
#[derive(Debug, Clone)]
pub struct DeliveryFilter {
    /// In which states.
    pub states: Vec<DeliveryState>,
    /// To one agency only.
    pub agency: Option<AgencyId>,
    /// Only deliveries behind this place in the queue. A delivery can move to the end; a place stays where it is.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: u32,
}
