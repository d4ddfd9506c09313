//! Which pieces of work are done as a whole?

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_proto::{MessageId, PlanId};

use super::{Session, changes, deliveries, plans, several, upkeep};
use crate::seal::MasterKey;
use crate::store::{
    Among, Change, ContentErasure, DeliveryRow, LeaseRequest, PersonErasure, Reconciled, Rewrapped,
    StoreError,
};

/// A piece of work: all of it is done or nothing. It is data, so that it can be done once more when its transaction is
/// lost.
#[derive(Debug)]
pub(in crate::store) enum Work {
    Commit(Box<Change>, Among),
    CloseLeaf(u64),
    LookAtPlan { plan: PlanId, revision: u64, when: Option<Timestamp> },
    LookAtAllPlans(Timestamp),
    Lease(LeaseRequest),
    Release { message: MessageId, fence: u64, due: Timestamp },
    SetReconciled(Reconciled),
    TryWriting,
    EraseAnswers { before: Timestamp, limit: u32 },
    Rewrap(Vec<Rewrapped>),
    NoteMasterKey(MasterKey),
    ErasePeople(PersonErasure),
    EraseContents(ContentErasure),
    EraseDetails { leaf: u64, limit: u32 },
    Scrubbed { wanted: u64 },
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
            Work::Commit(change, _) => {
                change.youth.is_none() && change.link.is_none() && change.unlink.is_none()
            }
            Work::Lease(_) => false,
            Work::CloseLeaf(_)
            | Work::LookAtPlan { .. }
            | Work::LookAtAllPlans(_)
            | Work::Release { .. }
            | Work::SetReconciled(_)
            | Work::TryWriting
            | Work::EraseAnswers { .. }
            | Work::Rewrap(_)
            | Work::NoteMasterKey(_)
            | Work::ErasePeople(_)
            | Work::EraseContents(_)
            | Work::EraseDetails { .. }
            | Work::Scrubbed { .. } => true,
        }
    }

    /// What other gateways are told when it is done.
    pub(in crate::store) fn news(&self) -> Option<&BTreeSet<String>> {
        if let Work::Commit(_, among) = self { Some(&among.news) } else { None }
    }

    /// Does it, within a transaction, or a savepoint, that is taken back if this fails.
    pub(in crate::store) async fn run<S: Session>(&self, session: &S) -> Result<Done, StoreError> {
        let steps = match self {
            Work::Commit(change, among) => {
                return changes::apply(session, change, &among.fences).await.map(|()| Done::Changed(1));
            }
            Work::CloseLeaf(leaf) => vec![several::close_leaf(*leaf)?],
            Work::Lease(lease) => return deliveries::lease_due(session, lease).await.map(Done::Leased),
            Work::LookAtPlan { plan, revision, when } => vec![plans::look_at_plan(*plan, *revision, *when)?],
            Work::LookAtAllPlans(when) => vec![plans::look_at_all_plans(*when)],
            Work::Release { message, fence, due } => vec![deliveries::release(*message, *fence, *due)?],
            Work::SetReconciled(mark) => vec![changes::set_reconciled(*mark)?],
            Work::TryWriting => vec![changes::as_it_is()],
            Work::EraseAnswers { before, limit } => vec![changes::erase_answers(*before, *limit)],
            Work::Rewrap(keys) => upkeep::rewrap(keys),
            Work::NoteMasterKey(key) => vec![upkeep::note_master_key(*key)],
            Work::ErasePeople(erasure) => upkeep::erase_people(erasure)?,
            Work::EraseContents(erasure) => upkeep::erase_contents(erasure)?,
            Work::EraseDetails { leaf, limit } => vec![upkeep::erase_details(*leaf, *limit)?],
            Work::Scrubbed { wanted } => vec![upkeep::scrubbed(*wanted)?],
        };
        session.take(&steps).await.map(Done::Changed)
    }
}
