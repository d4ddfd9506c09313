//! How does one machine keep the state of the gateway?
//!
//! In one SQLite file, in write-ahead mode, synced at every commit. One thread writes: it takes all changes that wait,
//! makes each in a savepoint of its own and commits them together, so that one sync serves many. A change that
//! conflicts is rolled back alone. Reads go to connections of their own, on threads where blocking is allowed.

mod changes;
mod deliveries;
mod identities;
mod journeys;
mod plans;
mod read;
mod rows;
mod schema;
mod tallies;
mod tasks;
mod writer;

use std::error::Error;
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::{AgencyId, EntryId, MessageId, PlanId, ReferralId, TaskId, YouthId};
use rusqlite::Connection;
use uuid::Uuid;

use self::read::Readers;
use self::writer::Writer;
use super::{
    BatchItem, Change, DeliveryRow, DetailRow, EntryRow, EventRow, FactsRow, FollowUp, FollowUpRow,
    IdentityLinkRow, InForce, InForcePage, InstrumentRow, LeaseRequest, NoticeRow, PlanEventRow,
    PlanRevisionRow, PlanRow, Reconciled, ReferralFilter, ReferralRow, RequestKey, RequestRow, Store,
    StoreError, Tallied, TallyRow, TaskEventRow, TaskFilter, TaskRow, YouthRow,
};
use crate::seal::IdentityIndex;

#[cfg(test)]
mod tests;

/// The first release in which two writers cannot damage the write-ahead log.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How many request ids are forgotten at once: others write in between.
const PRUNED_AT_ONCE: u32 = 500;

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped first: the last connection to close clears the write-ahead log, and only the writer can.
    readers: Readers,
    writer: Writer,
}

/// Why a database cannot be used at all.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("sqlite {found} is too old")]
    Sqlite { found: &'static str },
    #[error("the database cannot use a write-ahead log")]
    NoWriteAheadLog,
}

impl SqliteStore {
    /// Opens the database, or makes a new one in a file of mode 0600, and brings its schema up to date. Blocks.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer release has written it, [`StoreError::Failed`] when it cannot be used.
    pub fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(failed(Unusable::Sqlite { found: rusqlite::version() }));
        }
        // SQLite gives its other files the mode of this one.
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600))).map_err(failed)?;
        let mut connection = schema::connect(path)?;
        schema::migrate(&mut connection)?;
        // Leases of a process that is gone: this one is the only one.
        deliveries::void_leases(&connection)?;
        let readers = Readers::open(path)?;
        Ok(SqliteStore { readers, writer: Writer::start(connection)? })
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(query).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.writer.write(move |connection| changes::apply(connection, &change)).await
    }

    async fn request(&self, key: &RequestKey) -> Result<Option<RequestRow>, StoreError> {
        let key = key.clone();
        self.read(move |connection| read::request(connection, &key)).await
    }

    async fn youth_by_identity(&self, identity: &IdentityIndex) -> Result<Option<YouthRow>, StoreError> {
        let identity = *identity;
        self.read(move |connection| identities::youth_by_identity(connection, &identity)).await
    }

    async fn former_youths(&self, youth: YouthId) -> Result<Vec<YouthId>, StoreError> {
        self.read(move |connection| identities::former_youths(connection, youth)).await
    }

    async fn present_youth(&self, youth: YouthId) -> Result<Option<YouthId>, StoreError> {
        self.read(move |connection| identities::present_youth(connection, youth)).await
    }

    async fn all_former_youths(&self) -> Result<Vec<(YouthId, YouthId)>, StoreError> {
        self.read(identities::all_former_youths).await
    }

    async fn identity_links(&self, youth: YouthId) -> Result<Vec<IdentityLinkRow>, StoreError> {
        self.read(move |connection| identities::identity_links(connection, youth)).await
    }

    async fn youth(&self, youth: YouthId) -> Result<Option<YouthRow>, StoreError> {
        self.read(move |connection| read::youth(connection, youth)).await
    }

    async fn referral(&self, referral: ReferralId) -> Result<Option<ReferralRow>, StoreError> {
        self.read(move |connection| read::referral(connection, referral)).await
    }

    async fn referrals(&self, filter: &ReferralFilter) -> Result<Vec<ReferralRow>, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| read::referrals(connection, &filter)).await
    }

    async fn overdue_referrals(&self, now: Timestamp, limit: u32) -> Result<Vec<ReferralRow>, StoreError> {
        self.read(move |connection| read::overdue_referrals(connection, now, limit)).await
    }

    async fn erasable_referrals(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ReferralRow>, StoreError> {
        self.read(move |connection| read::erasable_referrals(connection, before, limit)).await
    }

    async fn instrument(&self, id: Uuid) -> Result<Option<InstrumentRow>, StoreError> {
        self.read(move |connection| read::instrument(connection, id)).await
    }

    async fn instruments_of(&self, youth: YouthId) -> Result<Vec<InstrumentRow>, StoreError> {
        self.read(move |connection| read::instruments_of(connection, youth)).await
    }

    async fn youths(&self, after: Uuid, limit: u32) -> Result<Vec<YouthRow>, StoreError> {
        self.read(move |connection| read::youths(connection, after, limit)).await
    }

    async fn instruments_in_force(&self, after: InForce, limit: u32) -> Result<InForcePage, StoreError> {
        self.read(move |connection| read::instruments_in_force(connection, after, limit)).await
    }

    async fn events_after(
        &self,
        position: u64,
        party: &AgencyId,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        let party = party.clone();
        self.read(move |connection| read::events_after(connection, position, &party, limit)).await
    }

    async fn last_event(&self) -> Result<u64, StoreError> {
        self.read(read::last_event).await
    }

    async fn notices_after(
        &self,
        position: u64,
        agency: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        let agency = *agency;
        self.read(move |connection| read::notices_after(connection, position, &agency, limit)).await
    }

    async fn last_notice(&self) -> Result<u64, StoreError> {
        self.read(read::last_notice).await
    }

    async fn plan(&self, plan: PlanId) -> Result<Option<PlanRow>, StoreError> {
        self.read(move |connection| plans::plan(connection, plan)).await
    }

    async fn plans_of(&self, youth: YouthId) -> Result<Vec<PlanRow>, StoreError> {
        self.read(move |connection| plans::plans_of(connection, youth)).await
    }

    async fn plans_to_look_at(&self, now: Timestamp, limit: u32) -> Result<Vec<PlanRow>, StoreError> {
        self.read(move |connection| plans::plans_to_look_at(connection, now, limit)).await
    }

    async fn look_at_plan(
        &self,
        plan: PlanId,
        revision: u64,
        when: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.writer.write(move |connection| plans::look_at_plan(connection, plan, revision, when)).await
    }

    async fn parts_told(&self, plan: PlanId, owner: &str, agency: &AgencyId) -> Result<u64, StoreError> {
        let (owner, agency) = (owner.to_owned(), agency.clone());
        self.read(move |connection| deliveries::parts_told(connection, plan, &owner, &agency)).await
    }

    async fn look_at_all_plans(&self, when: Timestamp) -> Result<(), StoreError> {
        self.writer.write(move |connection| plans::look_at_all_plans(connection, when)).await
    }

    async fn coordinated_by(&self, agency: &AgencyId) -> Result<Vec<YouthId>, StoreError> {
        let agency = agency.clone();
        self.read(move |connection| plans::coordinated_by(connection, &agency)).await
    }

    async fn plan_revision(
        &self,
        plan: PlanId,
        revision: u64,
    ) -> Result<Option<PlanRevisionRow>, StoreError> {
        self.read(move |connection| plans::plan_revision(connection, plan, revision)).await
    }

    async fn plan_revisions(
        &self,
        plan: PlanId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<PlanRevisionRow>, StoreError> {
        self.read(move |connection| plans::plan_revisions(connection, plan, before, limit)).await
    }

    async fn plan_events_after(
        &self,
        position: u64,
        agency: &AgencyId,
        plan: Option<PlanId>,
        limit: u32,
    ) -> Result<Vec<PlanEventRow>, StoreError> {
        let agency = agency.clone();
        self.read(move |connection| plans::plan_events_after(connection, position, &agency, plan, limit))
            .await
    }

    async fn last_plan_event(&self) -> Result<u64, StoreError> {
        self.read(plans::last_plan_event).await
    }

    async fn task(&self, task: TaskId) -> Result<Option<TaskRow>, StoreError> {
        self.read(move |connection| tasks::task(connection, task)).await
    }

    async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| tasks::tasks(connection, &filter)).await
    }

    async fn open_tasks_of_plan(&self, plan: PlanId) -> Result<Vec<TaskRow>, StoreError> {
        self.read(move |connection| tasks::open_tasks_of_plan(connection, plan)).await
    }

    async fn entries_of(&self, youth: YouthId, limit: u32) -> Result<Vec<EntryRow>, StoreError> {
        self.read(move |connection| journeys::entries_of(connection, youth, limit)).await
    }

    async fn marks_told(&self, about: Uuid, marks: Vec<[u8; 32]>) -> Result<Vec<[u8; 32]>, StoreError> {
        self.read(move |connection| plans::marks_told(connection, about, &marks)).await
    }

    async fn entries_by(
        &self,
        agency: &AgencyId,
        after: Option<(YouthId, EntryId)>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let agency = agency.clone();
        self.read(move |connection| journeys::entries_by(connection, &agency, after, limit)).await
    }

    async fn tally(&self, key: &RequestKey) -> Result<Option<TallyRow>, StoreError> {
        let key = key.clone();
        self.read(move |connection| tallies::tally(connection, &key)).await
    }

    async fn tallied(&self, agency: &AgencyId, first: Date, last: Date) -> Result<Vec<Tallied>, StoreError> {
        let agency = agency.clone();
        self.read(move |connection| tallies::tallied(connection, &agency, first, last)).await
    }

    async fn facts_of(&self, youth: YouthId) -> Result<Vec<FactsRow>, StoreError> {
        self.read(move |connection| journeys::facts_of(connection, youth)).await
    }

    async fn follow_up_due(
        &self,
        youth: YouthId,
        matter: FollowUp,
        agency: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let agency = agency.clone();
        self.read(move |connection| journeys::follow_up_due(connection, youth, matter, &agency)).await
    }

    async fn due_follow_ups(&self, now: Timestamp, limit: u32) -> Result<Vec<FollowUpRow>, StoreError> {
        self.read(move |connection| journeys::due_follow_ups(connection, now, limit)).await
    }

    async fn prune_facts(&self, before: Timestamp) -> Result<(), StoreError> {
        self.writer.write(move |connection| journeys::prune_facts(connection, before)).await
    }

    async fn task_events_after(
        &self,
        position: u64,
        agency: &AgencyId,
        limit: u32,
    ) -> Result<Vec<TaskEventRow>, StoreError> {
        let agency = agency.clone();
        self.read(move |connection| tasks::task_events_after(connection, position, &agency, limit)).await
    }

    async fn last_task_event(&self) -> Result<u64, StoreError> {
        self.read(tasks::last_task_event).await
    }

    async fn batch_items(&self, leaf: u64) -> Result<Vec<BatchItem>, StoreError> {
        self.read(move |connection| read::batch_items(connection, leaf)).await
    }

    async fn batches_about(&self, subject: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        let subject = *subject;
        self.read(move |connection| read::batches_about(connection, &subject)).await
    }

    async fn lease_due(&self, lease: &LeaseRequest) -> Result<Vec<DeliveryRow>, StoreError> {
        let lease = lease.clone();
        self.writer.write(move |connection| deliveries::lease_due(connection, &lease)).await
    }

    async fn release(&self, message: MessageId, fence: u64, due: Timestamp) -> Result<(), StoreError> {
        self.writer.write(move |connection| deliveries::release(connection, message, fence, due)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(deliveries::next_due).await
    }

    async fn delivery(&self, message: MessageId) -> Result<Option<DeliveryRow>, StoreError> {
        self.read(move |connection| deliveries::delivery(connection, message)).await
    }

    async fn open_deliveries_of(&self, youth: YouthId) -> Result<Vec<DeliveryRow>, StoreError> {
        self.read(move |connection| deliveries::open_deliveries_of(connection, youth)).await
    }

    async fn deliveries_about(&self, referral: ReferralId) -> Result<Vec<DeliveryRow>, StoreError> {
        self.read(move |connection| deliveries::deliveries_about(connection, referral)).await
    }

    async fn committed_leaves(&self, from: u64) -> Result<Vec<u64>, StoreError> {
        self.read(move |connection| read::committed_leaves(connection, from)).await
    }

    async fn audit_detail(&self, sequence: u64) -> Result<Option<DetailRow>, StoreError> {
        self.read(move |connection| read::audit_detail(connection, sequence)).await
    }

    async fn reconciled(&self) -> Result<Reconciled, StoreError> {
        self.read(read::reconciled).await
    }

    async fn set_reconciled(&self, mark: Reconciled) -> Result<(), StoreError> {
        self.writer.write(move |connection| changes::set_reconciled(connection, &mark)).await
    }

    async fn prune_requests(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let prune =
                move |connection: &Connection| changes::prune_requests(connection, before, PRUNED_AT_ONCE);
            let count = self.writer.write(prune).await?;
            pruned += count;
            if count < u64::from(PRUNED_AT_ONCE) {
                return Ok(pruned);
            }
        }
    }
}

fn failed(error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed(Box::new(error))
}
