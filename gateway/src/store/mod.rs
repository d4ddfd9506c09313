//! What is kept on disk, and in which words of the domain is it asked for?

mod consents;
mod deliveries;
mod error;
mod identities;
mod journeys;
mod plans;
pub mod postgres;
mod referrals;
mod several;
mod sql;
pub mod sqlite;
mod tallies;
mod tasks;
mod upkeep;

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::{AgencyId, EntryId, MessageId, PlanId, ReferralId, TaskId, YouthId};
use uuid::Uuid;

use crate::seal::{IdentityIndex, WrappedKey};

pub use consents::{
    BatchItem, InForce, InForcePage, InstrumentKind, InstrumentRow, InstrumentWrite, NewNotice, NoticeRow,
};
pub use deliveries::{
    About, DeliveryFilter, DeliveryItem, DeliveryRow, DeliveryWrite, LeaseRequest, Priority,
};
pub use error::StoreError;
pub use identities::{IdentityLink, IdentityLinkRow};
pub use journeys::{EntryRow, FollowUp, FollowUpRow, FollowUpWrite};
pub use plans::{MarkTold, NewPlanEvent, PlanEventRow, PlanRevisionRow, PlanRow, PlanWrite};
pub use referrals::{EventRow, NewEvent, ReferralFilter, ReferralRow, ReferralWrite};
pub use several::{Among, Fence, Heard, Hold, Known, Several};
pub use tallies::{Tallied, TallyKind, TallyRow};
pub use tasks::{TaskEventRow, TaskFilter, TaskRow, TaskStates, TaskWrite};
pub use upkeep::{ContentErasure, Erased, PersonErasure, Rewrapped, Upkeep};

/// The durable state of the gateway.
///
/// Everything personal is sealed before it comes here. An `Ok` from [`Store::commit`] means that the change is on
/// disk; either all of a [`Change`] is there or nothing of it.
#[async_trait]
pub trait Store: Several + Upkeep + Debug + Send + Sync {
    /// Makes one change durable, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a row is not at its expected version or fence,
    /// [`StoreError::RequestTaken`] when the request id is there already,
    /// [`StoreError::IdentityTaken`] when another person has this identity, or not the one that a link says.
    async fn commit(&self, change: Change) -> Result<(), StoreError>;

    /// The earlier call with this request id, if there was one.
    async fn request(&self, key: &RequestKey) -> Result<Option<RequestRow>, StoreError>;

    /// The person with this identity, whichever of theirs it is.
    async fn youth_by_identity(&self, identity: &IdentityIndex) -> Result<Option<YouthRow>, StoreError>;

    /// Under which ids the same person was known before this one, in the order of their first links.
    async fn former_youths(&self, youth: YouthId) -> Result<Vec<YouthId>, StoreError>;

    /// By which id the person is called now who was known under this one; nothing: still by this one.
    async fn present_youth(&self, youth: YouthId) -> Result<Option<YouthId>, StoreError>;

    /// Every former id, with the one that the same person is called by now: those of one person one after the other, as
    /// [`Store::former_youths`] gives them.
    async fn all_former_youths(&self) -> Result<Vec<(YouthId, YouthId)>, StoreError>;

    /// The links that have been made for the person with this id and have not been ended, oldest first.
    async fn identity_links(&self, youth: YouthId) -> Result<Vec<IdentityLinkRow>, StoreError>;

    /// A person.
    async fn youth(&self, youth: YouthId) -> Result<Option<YouthRow>, StoreError>;

    /// A referral.
    async fn referral(&self, referral: ReferralId) -> Result<Option<ReferralRow>, StoreError>;

    /// Referrals of which the party is sender, or recipient once they have reached it; newest first.
    async fn referrals(&self, filter: &ReferralFilter) -> Result<Vec<ReferralRow>, StoreError>;

    /// Referrals that wait for an answer whose time has passed, at most `limit`.
    async fn overdue_referrals(&self, now: Timestamp, limit: u32) -> Result<Vec<ReferralRow>, StoreError>;

    /// Referrals that still hold content and whose delivery ended before `before`, at most `limit`.
    async fn erasable_referrals(&self, before: Timestamp, limit: u32)
    -> Result<Vec<ReferralRow>, StoreError>;

    /// One consent or prohibition.
    async fn instrument(&self, id: Uuid) -> Result<Option<InstrumentRow>, StoreError>;

    /// All consents and prohibitions of a person, oldest first.
    async fn instruments_of(&self, youth: YouthId) -> Result<Vec<InstrumentRow>, StoreError>;

    /// Persons with an id above `after`, by id, at most `limit`.
    async fn youths(&self, after: Uuid, limit: u32) -> Result<Vec<YouthRow>, StoreError>;

    /// Everything that is in force, for rebuilding the consent index: pages in the order in which the store reads them
    /// fastest, each of the rows after the place where the page before it ended, at most `limit`.
    async fn instruments_in_force(&self, after: InForce, limit: u32) -> Result<InForcePage, StoreError>;

    /// What happened to referrals after a position, as far as the party may be told, in order.
    async fn events_after(
        &self,
        position: u64,
        party: &AgencyId,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError>;

    /// The position of the newest event of any referral; 0 if there is none.
    async fn last_event(&self) -> Result<u64, StoreError>;

    /// Which people an agency is to ask about again, after a position, in order. The agency is a keyed hash, as in
    /// [`NewNotice`].
    async fn notices_after(
        &self,
        position: u64,
        agency: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<NoticeRow>, StoreError>;

    /// The position of the newest notice; 0 if there is none.
    async fn last_notice(&self) -> Result<u64, StoreError>;

    /// A joint plan.
    async fn plan(&self, plan: PlanId) -> Result<Option<PlanRow>, StoreError>;

    /// All joint plans of a person, newest first.
    async fn plans_of(&self, youth: YouthId) -> Result<Vec<PlanRow>, StoreError>;

    /// Joint plans of which it is due to look again at what has been told of them, longest due first, at most `limit`.
    async fn plans_to_look_at(&self, now: Timestamp, limit: u32) -> Result<Vec<PlanRow>, StoreError>;

    /// Says when that is due next, of a plan that is at this revision and does not change. Does nothing when it has moved
    /// on.
    async fn look_at_plan(
        &self,
        plan: PlanId,
        revision: u64,
        when: Option<Timestamp>,
    ) -> Result<(), StoreError>;

    /// How many parts of this owner's section have reached the agency's system, or may have, its end included.
    async fn parts_told(&self, plan: PlanId, owner: &str, agency: &AgencyId) -> Result<u64, StoreError>;

    /// Lets every joint plan be looked at from then on: what may be told can have changed for everybody.
    async fn look_at_all_plans(&self, when: Timestamp) -> Result<(), StoreError>;

    /// The persons of whose joint plans an agency is the coordinator.
    async fn coordinated_by(&self, agency: &AgencyId) -> Result<Vec<YouthId>, StoreError>;

    /// A joint plan as it was at this revision.
    async fn plan_revision(&self, plan: PlanId, revision: u64)
    -> Result<Option<PlanRevisionRow>, StoreError>;

    /// Revisions of a joint plan below `before`, or all, newest first, at most `limit`.
    async fn plan_revisions(
        &self,
        plan: PlanId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<PlanRevisionRow>, StoreError>;

    /// What an agency is told of joint plans, or of one of them, after a position, in order.
    async fn plan_events_after(
        &self,
        position: u64,
        agency: &AgencyId,
        plan: Option<PlanId>,
        limit: u32,
    ) -> Result<Vec<PlanEventRow>, StoreError>;

    /// The position of the newest event of any joint plan; 0 if there is none.
    async fn last_plan_event(&self) -> Result<u64, StoreError>;

    /// A task.
    async fn task(&self, task: TaskId) -> Result<Option<TaskRow>, StoreError>;

    /// Tasks of an agency, oldest first.
    async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, StoreError>;

    /// The tasks about a joint plan that are not decided yet, oldest first, whoever has to decide.
    async fn open_tasks_of_plan(&self, plan: PlanId) -> Result<Vec<TaskRow>, StoreError>;

    /// What happened to the tasks of an agency after a position, in order.
    async fn task_events_after(
        &self,
        position: u64,
        agency: &AgencyId,
        limit: u32,
    ) -> Result<Vec<TaskEventRow>, StoreError>;

    /// The position of the newest event of any task; 0 if there is none.
    async fn last_task_event(&self) -> Result<u64, StoreError>;

    /// Which of these have been told of the plan or referral with this id.
    async fn marks_told(&self, about: Uuid, marks: Vec<[u8; 32]>) -> Result<Vec<[u8; 32]>, StoreError>;

    /// The entries of a person's journey, newest first: of each agency and kind at most `limit`, so that many of one
    /// never push out another.
    async fn entries_of(&self, youth: YouthId, limit: u32) -> Result<Vec<EntryRow>, StoreError>;

    /// Whether the agency has written anything into this journey.
    async fn has_entry_by(&self, youth: YouthId, agency: &AgencyId) -> Result<bool, StoreError>;

    /// The entries that an agency has written down, person by person and oldest first, behind this one, at most `limit`.
    /// When something happened is in the seal, and a later entry may replace an earlier one: so there is no period here.
    async fn entries_by(
        &self,
        agency: &AgencyId,
        after: Option<(YouthId, EntryId)>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, StoreError>;

    /// What was counted by this call, if it was one that counts.
    async fn tally(&self, key: &RequestKey) -> Result<Option<TallyRow>, StoreError>;

    /// What was counted about an agency in a period, both days included: equal ones as one, in the order of kind and
    /// content.
    async fn tallied(&self, agency: &AgencyId, first: Date, last: Date) -> Result<Vec<Tallied>, StoreError>;

    /// What is to be looked after by now, oldest first, at most `limit`.
    async fn due_follow_ups(&self, now: Timestamp, limit: u32) -> Result<Vec<FollowUpRow>, StoreError>;

    /// When this is to be looked after by this agency, if it is.
    async fn follow_up_due(
        &self,
        youth: YouthId,
        matter: FollowUp,
        agency: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// The items of the batch of questions that this audit leaf is about, in their order.
    async fn batch_items(&self, leaf: u64) -> Result<Vec<BatchItem>, StoreError>;

    /// The audit leaves of the batches in which a person was asked about, by pseudonym, oldest first.
    async fn batches_about(&self, subject: &[u8; 32]) -> Result<Vec<u64>, StoreError>;

    /// Takes deliveries that are due: waiting ones, and ones in sending whose lease has run out; urgent ones first, then
    /// in the order in which they fell due. Each gets a new fence and a lease; its state stays as it is.
    async fn lease_due(&self, lease: &LeaseRequest) -> Result<Vec<DeliveryRow>, StoreError>;

    /// Gives a leased delivery back without an attempt, due again at `due`. Does nothing when the fence has moved on.
    async fn release(&self, message: MessageId, fence: u64, due: Timestamp) -> Result<(), StoreError>;

    /// When the next delivery is due that [`Store::lease_due`] would take, if any, but for those to these agencies.
    async fn next_due(&self, held: &[AgencyId]) -> Result<Option<Timestamp>, StoreError>;

    /// One delivery.
    async fn delivery(&self, message: MessageId) -> Result<Option<DeliveryRow>, StoreError>;

    /// Deliveries that have not arrived, each with its place, in the order of the queue.
    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<(u64, DeliveryRow)>, StoreError>;

    /// The deliveries about a person that have not come to a final state, oldest first.
    async fn open_deliveries_of(&self, youth: YouthId) -> Result<Vec<DeliveryRow>, StoreError>;

    /// The deliveries about a referral, oldest first.
    async fn deliveries_about(&self, referral: ReferralId) -> Result<Vec<DeliveryRow>, StoreError>;

    /// Which of these audit leaves were committed together with their state.
    async fn committed_leaves(&self, from: u64) -> Result<Vec<u64>, StoreError>;

    /// Sealed details of an audit leaf.
    async fn audit_detail(&self, sequence: u64) -> Result<Option<DetailRow>, StoreError>;

    /// How far the audit log has been compared with the state.
    async fn reconciled(&self) -> Result<Reconciled, StoreError>;

    /// Moves that mark.
    async fn set_reconciled(&self, mark: Reconciled) -> Result<(), StoreError>;

    /// Writes what is there already, to find out whether anything can be written.
    async fn try_writing(&self) -> Result<(), StoreError>;

    /// Erases the answers of requests from before this instant, and keeps their ids: such a request finds that it has been
    /// made, with an empty answer. Answers how many.
    async fn erase_answers(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// One atomic change, announced by an audit leaf that is durable already.
#[derive(Debug)]
pub struct Change {
    /// Sequence of that leaf.
    pub leaf: u64,
    /// Its sealed details.
    pub detail: Option<DetailRow>,
    /// The call that asked for the change.
    pub request: Option<RequestRow>,
    /// A person not known before.
    pub youth: Option<YouthRow>,
    /// A person who has another identity from now on.
    pub link: Option<IdentityLink>,
    /// The number of a link that was made by mistake and ends: all is as if it had not been made, but that the links
    /// made since stand. One that has ended already is a [`StoreError::Conflict`].
    pub unlink: Option<u64>,
    /// The ids that the link, or its end, has to do with: whoever may ask about one of them is told to ask again.
    pub tied: Vec<YouthId>,
    /// Referrals made or changed.
    pub referrals: Vec<ReferralWrite>,
    /// Consents and prohibitions made or changed.
    pub instruments: Vec<InstrumentWrite>,
    /// Joint plans made or changed; each writes a revision of its own.
    pub plans: Vec<PlanWrite>,
    /// Whose plans are all to be looked at from when on, as [`Store::plans_to_look_at`] says.
    pub look_at_plans_of: Vec<(YouthId, Timestamp)>,
    /// Tasks made or changed; each tells the watchers of its agency.
    pub tasks: Vec<TaskWrite>,
    /// Entries of journeys.
    pub entries: Vec<EntryRow>,
    /// What agencies have been told of plans and referrals. Telling the same again is no error.
    pub told: Vec<MarkTold>,
    /// What is to be looked after from now on, or not any more.
    pub follow_ups: Vec<FollowUpWrite>,
    /// What is counted without anybody's name. A second one of the same call is [`StoreError::RequestTaken`].
    pub tallies: Vec<TallyRow>,
    /// What watchers are told of referrals.
    pub events: Vec<NewEvent>,
    /// What watchers are told of joint plans.
    pub plan_events: Vec<NewPlanEvent>,
    /// Which agencies are told to ask about a person again.
    pub notices: Vec<NewNotice>,
    /// The items of a batch of questions.
    pub items: Vec<BatchItem>,
    /// Deliveries put into the queue. A second notice of the same disclosure is a [`StoreError::Conflict`]; a second part
    /// of a plan adds none or takes the first one's place, as [`DeliveryItem::PlanPart`] says.
    pub enqueue: Vec<DeliveryRow>,
    /// Deliveries that move on.
    pub deliveries: Vec<DeliveryWrite>,
    /// Waiting deliveries that will not be made, leased or not: the fence moves, so a holder leaves them. One that is
    /// being sent or has ended is a [`StoreError::Conflict`].
    pub stops: Vec<MessageId>,
}

impl Change {
    /// A change that so far only marks its leaf as committed.
    #[must_use]
    pub fn announced_by(leaf: u64) -> Self {
        Self {
            leaf,
            detail: None,
            request: None,
            youth: None,
            link: None,
            unlink: None,
            tied: Vec::new(),
            referrals: Vec::new(),
            instruments: Vec::new(),
            plans: Vec::new(),
            look_at_plans_of: Vec::new(),
            tasks: Vec::new(),
            entries: Vec::new(),
            told: Vec::new(),
            follow_ups: Vec::new(),
            tallies: Vec::new(),
            events: Vec::new(),
            plan_events: Vec::new(),
            notices: Vec::new(),
            items: Vec::new(),
            enqueue: Vec::new(),
            deliveries: Vec::new(),
            stops: Vec::new(),
        }
    }
}

/// A mark in the audit log. Before it every leaf has its state or a closing leaf, and the log does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// Up to which leaf, exclusive.
    pub until: u64,
    /// Merkle tree hash over the leaves before it; zeros: nothing has been compared yet.
    pub root: [u8; 32],
}

/// Sealed details of an audit leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailRow {
    /// Under whose key they are sealed.
    pub youth: YouthId,
    /// Salt and details, sealed.
    pub sealed: Vec<u8>,
}

/// Whose request id it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// Agency id of the caller.
    pub organisation: AgencyId,
    /// UUID made by the caller.
    pub request: Uuid,
}

/// A call with a side effect that has been answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Whose.
    pub key: RequestKey,
    /// Keyed hash of method and body: a repetition must be the same call.
    pub fingerprint: [u8; 32],
    /// Under whose key the answer is sealed.
    pub youth: YouthId,
    /// The answer, sealed.
    pub sealed_answer: Vec<u8>,
    /// When.
    pub time: Timestamp,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YouthRow {
    /// Opaque id.
    pub id: YouthId,
    /// Keyed hash of the identity that the person was first known by.
    pub identity: IdentityIndex,
    /// The person's data key, wrapped by the master key.
    pub key: WrappedKey,
    /// The identity that the person has now, sealed.
    pub sealed_identity: Vec<u8>,
    /// When first seen.
    pub created: Timestamp,
}
