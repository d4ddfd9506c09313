//! How is what is kept looked after: keys wrapped anew, people and old contents erased for good?

use async_trait::async_trait;
use jiff::Timestamp;
use polku_proto::{AgencyId, EntryId, PlanId, ReferralId, TaskId, YouthId};
use uuid::Uuid;

use super::{DetailRow, EntryRow, Fence, InstrumentRow, PlanRow, ReferralRow, StoreError, TaskRow, YouthRow};
use crate::seal::{MasterKey, WrappedKey};

/// What every store does beside the calls.
#[async_trait]
pub trait Upkeep {
    /// By which versions of the master key people's keys are wrapped, and how many by each.
    async fn wrapped_versions(&self) -> Result<Vec<(u8, u64)>, StoreError>;

    /// People whose key is wrapped by this version, at most `limit`.
    async fn wrapped_by(&self, version: u8, limit: u32) -> Result<Vec<YouthRow>, StoreError>;

    /// Puts keys in the place of keys. Where another one stands by now, or none, nothing is done.
    async fn rewrap(&self, keys: Vec<Rewrapped>) -> Result<(), StoreError>;

    /// The master keys that were ever used with this store, by version.
    async fn master_keys(&self) -> Result<Vec<MasterKey>, StoreError>;

    /// Notes that this master key is used from now on. Noting it again changes nothing.
    async fn note_master_key(&self, key: MasterKey) -> Result<(), StoreError>;

    /// The agencies whose systems were told something about the person, or may have been, by id.
    async fn agencies_told(&self, youth: YouthId) -> Result<Vec<AgencyId>, StoreError>;

    /// What is still to be decided about a person, whoever has to decide, oldest first.
    async fn open_tasks_about(&self, youth: YouthId) -> Result<Vec<TaskRow>, StoreError>;

    /// Erases everything about people, and marks the leaves that say so as committed. The rows are gone when this answers;
    /// of their bytes [`Upkeep::scrub`] makes sure.
    ///
    /// # Errors
    /// [`StoreError::NotHeld`] when a hold that it rests on has been lost: nothing is erased then.
    async fn erase_people(&self, erasure: PersonErasure) -> Result<(), StoreError>;

    /// Referrals that have not changed since `before`, and of which nothing is still to be delivered, behind `after`, what
    /// changed first coming first, at most `limit`.
    async fn expired_referrals(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, ReferralId)>,
        limit: u32,
    ) -> Result<Vec<ReferralRow>, StoreError>;

    /// Tasks of no plan that have not changed since `before`, likewise.
    async fn expired_tasks(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, TaskId)>,
        limit: u32,
    ) -> Result<Vec<TaskRow>, StoreError>;

    /// People first seen before `before`, by id above `after`, of whom nothing is kept but who they are, at most `limit`.
    async fn bare_youths(
        &self,
        before: Timestamp,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<YouthId>, StoreError>;

    /// Ended plans that have not changed since `before`, likewise.
    async fn expired_plans(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, PlanId)>,
        limit: u32,
    ) -> Result<Vec<PlanRow>, StoreError>;

    /// Entries of journeys that were written down before `before`, behind `after`, the oldest ones, at most `limit`; those
    /// of one person one after the other.
    async fn expired_entries(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, EntryId)>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, StoreError>;

    /// Consents, prohibitions and legal statuses that were last changed before this leaf, and are not in force or can have
    /// ended by themselves, behind this number, each with its number, at most `limit`.
    async fn instruments_before(
        &self,
        leaf: u64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(InstrumentRow, u64)>, StoreError>;

    /// Erases the sealed details of audit leaves before this one, at most `limit`, and answers of how many. That the leaves
    /// are committed is still known.
    async fn erase_details(&self, leaf: u64, limit: u32) -> Result<u64, StoreError>;

    /// Erases contents of one person, and marks the leaf that says so as committed.
    ///
    /// # Errors
    /// As [`Upkeep::erase_people`].
    async fn erase_contents(&self, erasure: ContentErasure) -> Result<(), StoreError>;

    /// Whether people were erased, or keys wrapped anew, since the last scrub.
    async fn scrub_due(&self) -> Result<bool, StoreError>;

    /// Sees to it that no page and no log of the database holds bytes of rows that are gone. SQLite: the whole file is
    /// written anew, and takes as much memory meanwhile as it is large. PostgreSQL: the tables with keys and identities are
    /// written anew; what is left of other tables is unreadable without those.
    async fn scrub(&self) -> Result<(), StoreError>;
}

/// A person's key, wrapped anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrapped {
    /// Whose.
    pub youth: YouthId,
    /// As it stands.
    pub from: WrappedKey,
    /// As it shall stand.
    pub to: WrappedKey,
}

/// An audit leaf that says that somebody was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Its sequence.
    pub leaf: u64,
    /// Pseudonym of the person in it, for one of their ids.
    pub subject: [u8; 32],
}

/// That people are erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonErasure {
    /// The audit leaves that say so. Those that are committed already stay so.
    pub leaves: Vec<Erased>,
    /// All the ids of whoever is erased.
    pub youths: Vec<YouthId>,
    /// The holds that it rests on; none, where the log has the last word.
    pub fences: Vec<Fence>,
}

/// That contents of one person are past their period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentErasure {
    /// The audit leaf that says so.
    pub leaf: u64,
    /// Its sealed details.
    pub detail: Option<DetailRow>,
    /// The holds that it rests on.
    pub fences: Vec<Fence>,
    /// Referrals, with everything about them.
    pub referrals: Vec<ReferralId>,
    /// Tasks.
    pub tasks: Vec<TaskId>,
    /// Joint plans, with everything about them.
    pub plans: Vec<PlanId>,
    /// Entries of the journey.
    pub entries: Vec<EntryId>,
    /// Consents, prohibitions and legal statuses.
    pub instruments: Vec<Uuid>,
}
