//! How does each promise of the store become questions and work for a database?

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::{AgencyId, EntryId, MessageId, PlanId, ReferralId, TaskId, YouthId};
use uuid::Uuid;

use super::{Backend, Done, Query, Work, deliveries, identities, journeys, plans, read, tallies, tasks};
use crate::seal::IdentityIndex;
use crate::store::{
    Among, BatchItem, Change, DeliveryFilter, DeliveryRow, DetailRow, EntryRow, EventRow, FollowUp,
    FollowUpRow, IdentityLinkRow, InForce, InForcePage, InstrumentRow, LeaseRequest, NoticeRow, PlanEventRow,
    PlanRevisionRow, PlanRow, Reconciled, ReferralFilter, ReferralRow, RequestKey, RequestRow, Several as _,
    Store, StoreError, Tallied, TallyRow, TaskEventRow, TaskFilter, TaskRow, YouthRow,
};

/// How many answers are erased at once: others write in between.
const ERASED_AT_ONCE: u32 = 500;

async fn one<T: Send + 'static>(backend: &impl Backend, query: Query<T>) -> Result<Option<T>, StoreError> {
    Ok(backend.read(query).await?.into_iter().next())
}

async fn newest(backend: &impl Backend, query: Query<u64>) -> Result<u64, StoreError> {
    Ok(one(backend, query).await?.unwrap_or_default())
}

#[async_trait]
impl<B: Backend> Store for B {
    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.commit_among(change, Among::default()).await
    }

    async fn request(&self, key: &RequestKey) -> Result<Option<RequestRow>, StoreError> {
        one(self, read::request(key)).await
    }

    async fn youth_by_identity(&self, identity: &IdentityIndex) -> Result<Option<YouthRow>, StoreError> {
        one(self, identities::youth_by_identity(identity)).await
    }

    async fn former_youths(&self, youth: YouthId) -> Result<Vec<YouthId>, StoreError> {
        self.read(identities::former_youths(youth)).await
    }

    async fn present_youth(&self, youth: YouthId) -> Result<Option<YouthId>, StoreError> {
        one(self, identities::present_youth(youth)).await
    }

    async fn all_former_youths(&self) -> Result<Vec<(YouthId, YouthId)>, StoreError> {
        self.read_many(identities::all_former_youths()).await
    }

    async fn identity_links(&self, youth: YouthId) -> Result<Vec<IdentityLinkRow>, StoreError> {
        self.read(identities::identity_links(youth)).await
    }

    async fn youth(&self, youth: YouthId) -> Result<Option<YouthRow>, StoreError> {
        one(self, read::youth(youth)).await
    }

    async fn referral(&self, referral: ReferralId) -> Result<Option<ReferralRow>, StoreError> {
        one(self, read::referral(referral)).await
    }

    async fn referrals(&self, filter: &ReferralFilter) -> Result<Vec<ReferralRow>, StoreError> {
        let mut searches = read::referrals(filter).into_iter();
        let mut found = match searches.next() {
            Some(search) => self.read(search).await?,
            None => Vec::new(),
        };
        for search in searches {
            found.extend(self.read(search).await?);
        }
        found.sort_by_key(|row| std::cmp::Reverse((row.created, row.id)));
        found.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn overdue_referrals(&self, now: Timestamp, limit: u32) -> Result<Vec<ReferralRow>, StoreError> {
        self.read(read::overdue_referrals(now, limit)).await
    }

    async fn erasable_referrals(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ReferralRow>, StoreError> {
        self.read(read::erasable_referrals(before, limit)).await
    }

    async fn instrument(&self, id: Uuid) -> Result<Option<InstrumentRow>, StoreError> {
        one(self, read::instrument(id)).await
    }

    async fn instruments_of(&self, youth: YouthId) -> Result<Vec<InstrumentRow>, StoreError> {
        self.read(read::instruments_of(youth)).await
    }

    async fn youths(&self, after: Uuid, limit: u32) -> Result<Vec<YouthRow>, StoreError> {
        self.read_many(read::youths(after, limit)).await
    }

    async fn instruments_in_force(&self, after: InForce, limit: u32) -> Result<InForcePage, StoreError> {
        let found = self.read_many(read::instruments_in_force(after, limit)?).await?;
        let full = found.len() == usize::try_from(limit).unwrap_or(usize::MAX);
        let next = found.last().filter(|_| full).map(|(_, number)| InForce(*number));
        Ok(InForcePage { rows: found.into_iter().map(|(row, _)| row).collect(), next })
    }

    async fn events_after(
        &self,
        position: u64,
        party: &AgencyId,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        self.read(read::events_after(position, party, limit)?).await
    }

    async fn last_event(&self) -> Result<u64, StoreError> {
        newest(self, read::last_event()).await
    }

    async fn notices_after(
        &self,
        position: u64,
        agency: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        self.read(read::notices_after(position, agency, limit)?).await
    }

    async fn last_notice(&self) -> Result<u64, StoreError> {
        newest(self, read::last_notice()).await
    }

    async fn plan(&self, plan: PlanId) -> Result<Option<PlanRow>, StoreError> {
        one(self, plans::plan(plan)).await
    }

    async fn plans_of(&self, youth: YouthId) -> Result<Vec<PlanRow>, StoreError> {
        self.read(plans::plans_of(youth)).await
    }

    async fn plans_to_look_at(&self, now: Timestamp, limit: u32) -> Result<Vec<PlanRow>, StoreError> {
        self.read(plans::plans_to_look_at(now, limit)).await
    }

    async fn look_at_plan(
        &self,
        plan: PlanId,
        revision: u64,
        when: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.write(Work::LookAtPlan { plan, revision, when }).await.map(drop)
    }

    async fn parts_told(&self, plan: PlanId, owner: &str, agency: &AgencyId) -> Result<u64, StoreError> {
        Ok(one(self, deliveries::parts_told(plan, owner, agency)).await?.unwrap_or_default())
    }

    async fn look_at_all_plans(&self, when: Timestamp) -> Result<(), StoreError> {
        self.write(Work::LookAtAllPlans(when)).await.map(drop)
    }

    async fn coordinated_by(&self, agency: &AgencyId) -> Result<Vec<YouthId>, StoreError> {
        self.read(plans::coordinated_by(agency)).await
    }

    async fn plan_revision(
        &self,
        plan: PlanId,
        revision: u64,
    ) -> Result<Option<PlanRevisionRow>, StoreError> {
        one(self, plans::plan_revision(plan, revision)?).await
    }

    async fn plan_revisions(
        &self,
        plan: PlanId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<PlanRevisionRow>, StoreError> {
        self.read_many(plans::plan_revisions(plan, before, limit)?).await
    }

    async fn plan_events_after(
        &self,
        position: u64,
        agency: &AgencyId,
        plan: Option<PlanId>,
        limit: u32,
    ) -> Result<Vec<PlanEventRow>, StoreError> {
        self.read(plans::plan_events_after(position, agency, plan, limit)?).await
    }

    async fn last_plan_event(&self) -> Result<u64, StoreError> {
        newest(self, plans::last_plan_event()).await
    }

    async fn task(&self, task: TaskId) -> Result<Option<TaskRow>, StoreError> {
        one(self, tasks::task(task)).await
    }

    async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, StoreError> {
        self.read(tasks::tasks(filter)).await
    }

    async fn open_tasks_of_plan(&self, plan: PlanId) -> Result<Vec<TaskRow>, StoreError> {
        self.read(tasks::open_tasks_of_plan(plan)).await
    }

    async fn entries_of(&self, youth: YouthId, limit: u32) -> Result<Vec<EntryRow>, StoreError> {
        self.read(journeys::entries_of(youth, limit)).await
    }

    async fn has_entry_by(&self, youth: YouthId, agency: &AgencyId) -> Result<bool, StoreError> {
        Ok(!self.read(journeys::entry_by(youth, agency)).await?.is_empty())
    }

    async fn marks_told(&self, about: Uuid, marks: Vec<[u8; 32]>) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut told = Vec::new();
        for mark in marks {
            told.extend(self.read(plans::mark_told(about, mark)).await?);
        }
        Ok(told)
    }

    async fn entries_by(
        &self,
        agency: &AgencyId,
        after: Option<(YouthId, EntryId)>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.read_many(journeys::entries_by(agency, after, limit)).await
    }

    async fn tally(&self, key: &RequestKey) -> Result<Option<TallyRow>, StoreError> {
        one(self, tallies::tally(key)).await
    }

    async fn tallied(&self, agency: &AgencyId, first: Date, last: Date) -> Result<Vec<Tallied>, StoreError> {
        self.read_many(tallies::tallied(agency, first, last)).await
    }

    async fn follow_up_due(
        &self,
        youth: YouthId,
        matter: FollowUp,
        agency: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError> {
        one(self, journeys::follow_up_due(youth, matter, agency)).await
    }

    async fn due_follow_ups(&self, now: Timestamp, limit: u32) -> Result<Vec<FollowUpRow>, StoreError> {
        self.read(journeys::due_follow_ups(now, limit)).await
    }

    async fn task_events_after(
        &self,
        position: u64,
        agency: &AgencyId,
        limit: u32,
    ) -> Result<Vec<TaskEventRow>, StoreError> {
        self.read(tasks::task_events_after(position, agency, limit)?).await
    }

    async fn last_task_event(&self) -> Result<u64, StoreError> {
        newest(self, tasks::last_task_event()).await
    }

    async fn batch_items(&self, leaf: u64) -> Result<Vec<BatchItem>, StoreError> {
        self.read(read::batch_items(leaf)?).await
    }

    async fn batches_about(&self, subject: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        self.read(read::batches_about(subject)).await
    }

    async fn lease_due(&self, lease: &LeaseRequest) -> Result<Vec<DeliveryRow>, StoreError> {
        match self.write(Work::Lease(lease.clone())).await? {
            Done::Leased(rows) => Ok(rows),
            Done::Changed(_) => Ok(Vec::new()),
        }
    }

    async fn release(&self, message: MessageId, fence: u64, due: Timestamp) -> Result<(), StoreError> {
        self.write(Work::Release { message, fence, due }).await.map(drop)
    }

    async fn next_due(&self, held: &[AgencyId]) -> Result<Option<Timestamp>, StoreError> {
        let mut earliest = None;
        let mut passed = None;
        while let Some(lane) = one(self, deliveries::next_lane(passed.as_ref())).await? {
            if !held.contains(&lane.agency) {
                earliest = Some(earliest.map_or(lane.wake, |wake: Timestamp| wake.min(lane.wake)));
            }
            passed = Some(lane);
        }
        Ok(earliest)
    }

    async fn delivery(&self, message: MessageId) -> Result<Option<DeliveryRow>, StoreError> {
        one(self, deliveries::delivery(message)).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<(u64, DeliveryRow)>, StoreError> {
        self.read_many(deliveries::deliveries(filter)?).await
    }

    async fn open_deliveries_of(&self, youth: YouthId) -> Result<Vec<DeliveryRow>, StoreError> {
        self.read(deliveries::open_deliveries_of(youth)).await
    }

    async fn deliveries_about(&self, referral: ReferralId) -> Result<Vec<DeliveryRow>, StoreError> {
        self.read(deliveries::deliveries_about(referral)).await
    }

    async fn committed_leaves(&self, from: u64) -> Result<Vec<u64>, StoreError> {
        self.read_many(read::committed_leaves(from)?).await
    }

    async fn audit_detail(&self, sequence: u64) -> Result<Option<DetailRow>, StoreError> {
        Ok(one(self, read::audit_detail(sequence)?).await?.flatten())
    }

    async fn reconciled(&self) -> Result<Reconciled, StoreError> {
        one(self, read::reconciled()).await?.ok_or(StoreError::Unreadable { table: "reconciled" })
    }

    async fn set_reconciled(&self, mark: Reconciled) -> Result<(), StoreError> {
        self.write(Work::SetReconciled(mark)).await.map(drop)
    }

    async fn try_writing(&self) -> Result<(), StoreError> {
        self.write(Work::TryWriting).await.map(drop)
    }

    async fn erase_answers(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut erased = 0;
        loop {
            let erase = Work::EraseAnswers { before, limit: ERASED_AT_ONCE };
            let Done::Changed(count) = self.write(erase).await? else { return Ok(erased) };
            erased += count;
            if count < u64::from(ERASED_AT_ONCE) {
                return Ok(erased);
            }
        }
    }
}
