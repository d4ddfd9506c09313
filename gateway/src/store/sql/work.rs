//! Which pieces of work are done as a whole?

use jiff::Timestamp;
use polku_proto::{MessageId, PlanId};

use super::{Session, changes, deliveries, journeys, plans};
use crate::store::{Change, DeliveryRow, LeaseRequest, Reconciled, StoreError};

/// A piece of work: all of it is done or nothing. It is data, so that it can be done once more when its transaction is
/// lost.
#[derive(Debug)]
pub(in crate::store) enum Work {
    Commit(Box<Change>),
    LookAtPlan { plan: PlanId, revision: u64, when: Option<Timestamp> },
    LookAtAllPlans(Timestamp),
    Lease(LeaseRequest),
    Release { message: MessageId, fence: u64, due: Timestamp },
    SetReconciled(Reconciled),
    PruneRequests { before: Timestamp, limit: u32 },
    PruneFacts(Timestamp),
}

/// What came of it.
#[derive(Debug)]
pub(in crate::store) enum Done {
    /// So many rows were changed.
    Changed(u64),
    /// These deliveries were leased.
    Leased(Vec<DeliveryRow>),
}

impl Work {
    /// Whether all its steps can be taken at once: what it changes depends on nothing that it finds.
    pub(in crate::store) fn asks_nothing(&self) -> bool {
        match self {
            Work::Commit(change) => {
                change.youth.is_none() && change.link.is_none() && change.unlink.is_none()
            }
            Work::Lease(_) => false,
            Work::LookAtPlan { .. }
            | Work::LookAtAllPlans(_)
            | Work::Release { .. }
            | Work::SetReconciled(_)
            | Work::PruneRequests { .. }
            | Work::PruneFacts(_) => true,
        }
    }

    /// Does it, within a transaction, or a savepoint, that is taken back if this fails.
    pub(in crate::store) async fn run<S: Session>(&self, session: &S) -> Result<Done, StoreError> {
        let step = match self {
            Work::Commit(change) => return changes::apply(session, change).await.map(|()| Done::Changed(1)),
            Work::Lease(lease) => return deliveries::lease_due(session, lease).await.map(Done::Leased),
            Work::LookAtPlan { plan, revision, when } => plans::look_at_plan(*plan, *revision, *when)?,
            Work::LookAtAllPlans(when) => plans::look_at_all_plans(*when),
            Work::Release { message, fence, due } => deliveries::release(*message, *fence, *due)?,
            Work::SetReconciled(mark) => changes::set_reconciled(*mark)?,
            Work::PruneRequests { before, limit } => changes::prune_requests(*before, *limit),
            Work::PruneFacts(before) => journeys::prune_facts(*before),
        };
        session.take(&[step]).await.map(Done::Changed)
    }
}
