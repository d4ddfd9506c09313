//! What is past the period for which it is kept, and how does it go?
//!
//! In small batches, one person after the other, each with a leaf of the audit log that says so. The leaves of the log
//! stay.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::task::{Matter, State};
use polku_proto::{ConsentId, EntryId, ReferralName, YouthId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::erase::Hold;
use super::plan::TaskRecord;
use super::sweep::go_on;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::record::{ConsentRecord, instant};
use crate::store::{
    About, ContentErasure, EntryRow, InstrumentKind, InstrumentRow, PlanRow, ReferralRow, TaskRow,
};
use crate::trail::Entry;

/// How many rows are read at once, and at how many plans, and at whose entries, one sweep looks: deliveries wait meanwhile.
const BATCH: u32 = 200;

/// How many details of audit leaves go at once.
const DETAILS: u32 = 2_000;

/// How many leaves about a person are looked at in one go.
const LEAVES: usize = 20;

/// How often records, referrals, entries and people are looked at: they are found by going through all of them, or through
/// those that are old and last.
const RECORDS: SignedDuration = SignedDuration::from_hours(1);

/// When records are looked at next, and how far the entries have been.
#[derive(Debug, Default)]
pub(crate) struct NextLook(Mutex<Looked>);

#[derive(Debug, Default)]
struct Looked {
    next: Option<Timestamp>,
    entries: Entries,
}

/// How far a look at old entries has come: they may all last.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Entries {
    #[default]
    Done,
    /// Behind this one, or from the first one on.
    Behind(Option<(Timestamp, EntryId)>),
}

impl NextLook {
    fn is_due(&self, now: Timestamp) -> bool {
        let mut looked = self.looked();
        let due = looked.next.is_none_or(|next| now >= next);
        if due {
            looked.next = Some(now + RECORDS);
            if looked.entries == Entries::Done {
                looked.entries = Entries::Behind(None);
            }
        }
        due
    }

    fn looked(&self) -> MutexGuard<'_, Looked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of one person is past.
#[derive(Default)]
struct Past {
    referrals: Vec<ReferralRow>,
    tasks: Vec<TaskRow>,
    plans: Vec<PlanRow>,
    entries: Vec<EntryRow>,
    instruments: Vec<InstrumentRow>,
}

impl Gateway {
    /// Erases what is past: of plans and of entries a batch, whatever is left over goes with the next sweep; of the others
    /// all. What cannot be erased takes the place of nothing behind it.
    pub(super) async fn erase_what_is_past(self: &Arc<Self>, now: Timestamp) -> Result<(), Error> {
        self.erase_past_plans(now).await?;
        if self.next_look.is_due(now) {
            go_on(self.erase_past_referrals(now).await);
            go_on(self.erase_past_tasks(now).await);
            go_on(self.erase_past_records(now).await);
            go_on(self.erase_past_people(now).await);
        }
        self.erase_past_entries(now).await
    }

    async fn erase_past_plans(&self, now: Timestamp) -> Result<(), Error> {
        let (before, mut after, mut gone) = (self.retention.plans_before(now), None, 0);
        while gone < BATCH {
            let plans = self.store.expired_plans(before, after, BATCH).await?;
            let Some(last) = plans.last() else { break };
            after = Some((last.updated, last.id));
            for plan in plans {
                let youth = plan.youth;
                let past = Past { plans: vec![plan], ..Past::default() };
                gone += went(self.erase_past(youth, past, now).await);
            }
        }
        Ok(())
    }

    async fn erase_past_entries(&self, now: Timestamp) -> Result<(), Error> {
        let (before, mut looked) = (self.retention.entries_before(now), 0);
        while looked < BATCH {
            let Entries::Behind(after) = self.next_look.looked().entries else { break };
            let entries = self.store.expired_entries(before, after, BATCH).await?;
            let last = entries.iter().map(|entry| (entry.created, entry.id)).max();
            self.next_look.looked().entries = last.map_or(Entries::Done, |last| Entries::Behind(Some(last)));
            for entries in entries.chunk_by(|one, other| one.youth == other.youth) {
                let Some(youth) = entries.first().map(|entry| entry.youth) else { continue };
                let past = Past { entries: entries.to_vec(), ..Past::default() };
                go_on(self.erase_past(youth, past, now).await);
                looked += 1;
            }
        }
        Ok(())
    }

    async fn erase_past_referrals(&self, now: Timestamp) -> Result<(), Error> {
        let (before, mut after) = (self.retention.referrals_before(now), None);
        loop {
            let referrals = self.store.expired_referrals(before, after, BATCH).await?;
            let Some(last) = referrals.last() else { break };
            after = Some((last.updated, last.id));
            for referral in referrals {
                let youth = referral.youth;
                let past = Past { referrals: vec![referral], ..Past::default() };
                go_on(self.erase_past(youth, past, now).await);
            }
        }
        Ok(())
    }

    async fn erase_past_tasks(&self, now: Timestamp) -> Result<(), Error> {
        let (before, mut after) = (self.retention.referrals_before(now), None);
        loop {
            let tasks = self.store.expired_tasks(before, after, BATCH).await?;
            let Some(last) = tasks.last() else { break };
            after = Some((last.updated, last.id));
            for task in tasks {
                go_on(self.erase_past_task(task, now).await);
            }
        }
        Ok(())
    }

    /// What the law still asks of somebody stays for as long as it is not done.
    async fn erase_past_task(&self, task: TaskRow, now: Timestamp) -> Result<(), Error> {
        let youth = task.youth;
        if task.state == State::Open {
            let open = TaskRecord::open(&self.person(youth).await?, task.clone())?;
            if Hold::of_task(&open).is_some() {
                return Ok(());
            }
        }
        self.erase_past(youth, Past { tasks: vec![task], ..Past::default() }, now).await
    }

    /// People of whom nothing else is kept any more, and whom nobody has had to do with since.
    async fn erase_past_people(&self, now: Timestamp) -> Result<(), Error> {
        let before = self.retention.people_before(now);
        let (mut bare, mut after) = (HashSet::new(), Uuid::nil());
        loop {
            let page = self.store.bare_youths(before, after, BATCH).await?;
            let Some(last) = page.last() else { break };
            after = last.uuid();
            bare.extend(page);
        }
        let mut erased = HashSet::new();
        for youth in &bare {
            let ids = self.ids_of(*youth);
            if !ids.iter().all(|id| bare.contains(id)) || !erased.insert(ids.first().copied()) {
                continue;
            }
            // Looked at once more when they are alone: here nobody waits for it.
            match self.is_unnamed_since(&ids, before).await {
                Ok(true) => go_on(self.erase_bare(&ids, before, now).await),
                Ok(false) => {}
                Err(error) => go_on(Err(error)),
            }
        }
        Ok(())
    }

    /// Whether the audit log has told of somebody nothing since, but that something was past.
    pub(super) async fn is_unnamed_since(&self, ids: &[YouthId], since: Timestamp) -> Result<bool, Error> {
        for id in ids {
            let (subject, mut before) = (self.subject_pseudonym(*id), None);
            loop {
                let found = self.in_log(move |log| log.about(&subject, &[], before, LEAVES)).await?;
                let named = found.entries.iter().find(|entry| entry.leaf.event != Event::Erasure);
                if named.is_some_and(|entry| entry.leaf.time >= since) {
                    return Ok(false);
                }
                before = found.next;
                if named.is_some() || before.is_none() {
                    break;
                }
            }
        }
        Ok(true)
    }

    async fn erase_past_records(self: &Arc<Self>, now: Timestamp) -> Result<(), Error> {
        let before = self.retention.records_before(now);
        let log = Arc::clone(self);
        let leaf = self.blocking.read(move || log.audit.first_since(before)).await;
        let leaf = leaf.ok_or(Error::Inconsistent("reading the audit log ended abnormally"))??;
        if leaf == 0 {
            return Ok(());
        }
        let mut after = 0;
        loop {
            let rows = self.store.instruments_before(leaf, after, BATCH).await?;
            let Some((_, last)) = rows.last() else { break };
            after = *last;
            for (row, _) in rows {
                go_on(self.erase_past_instrument(row, before, now).await);
            }
        }
        while self.store.erase_details(leaf, DETAILS).await? == u64::from(DETAILS) {}
        Ok(())
    }

    /// What has ended by somebody's word was changed then; a consent can have ended by itself since.
    async fn erase_past_instrument(
        &self,
        row: InstrumentRow,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let youth = row.youth;
        if row.in_force {
            let person = self.person(youth).await?;
            let record = ConsentRecord::open(person.key(), row.clone())?;
            let terms = record.message.terms.unwrap_or_default();
            let ended = terms.valid_until.as_ref().map(instant).transpose()?;
            if ended.is_none_or(|ended| ended >= before) {
                return Ok(());
            }
        }
        self.erase_past(youth, Past { instruments: vec![row], ..Past::default() }, now).await
    }

    async fn erase_past(&self, youth: YouthId, past: Past, now: Timestamp) -> Result<(), Error> {
        let _alone = self.alone_with(youth).await?;
        let past = self.still_past(youth, past, now).await?;
        if past.is_empty() {
            return Ok(());
        }
        let person = self.person(youth).await?;
        let announced =
            self.announce(Entry::of(Event::Erasure, youth), &person, &past.details(), now).await?;
        let leaf = announced.receipt.sequence;
        let erasure = ContentErasure {
            leaf,
            detail: announced.detail,
            fences: self.fences_about(&[youth]),
            referrals: past.referrals.iter().map(|row| row.id).collect(),
            tasks: past.tasks.iter().map(|row| row.id).collect(),
            plans: past.plans.iter().map(|row| row.id).collect(),
            entries: past.entries.iter().map(|row| row.id).collect(),
            instruments: past.instruments.iter().map(|row| row.id).collect(),
        };
        if let Err(error) = self.store.erase_contents(erasure).await {
            let error = Error::from(error);
            self.close_unless_made(&[leaf], &error).await?;
            return Err(error);
        }
        let mut index = self.index_mut();
        for row in past.instruments.iter().filter(|row| row.kind == InstrumentKind::Consent) {
            index.remove_grant(youth, ConsentId::from_uuid(row.id), row.revision);
        }
        Ok(())
    }

    /// What is as it was read. Before the caller was alone with the person, another gateway can have erased it, or somebody
    /// have changed it.
    async fn still_past(&self, youth: YouthId, read: Past, now: Timestamp) -> Result<Past, Error> {
        let mut past = Past::default();
        for row in read.referrals {
            let is_same = self.store.referral(row.id).await?.as_ref() == Some(&row);
            if is_same && !self.is_asked_about(ReferralName { youth, referral: row.id }).await? {
                past.referrals.push(row);
            }
        }
        for row in read.tasks {
            if self.store.task(row.id).await?.as_ref() == Some(&row) {
                past.tasks.push(row);
            }
        }
        for row in read.plans {
            let open = self.store.open_deliveries_of(youth).await?;
            let is_told = |about: &About| matches!(about, About::Plan { plan, .. } if *plan == row.id);
            let is_same = self.store.plan(row.id).await?.as_ref() == Some(&row);
            if is_same && !open.iter().any(|delivery| is_told(&delivery.about)) {
                past.plans.push(row);
            }
        }
        for row in read.instruments {
            if self.store.instrument(row.id).await?.as_ref() == Some(&row) {
                past.instruments.push(row);
            }
        }
        if !read.entries.is_empty() {
            let before = self.retention.entries_before(now);
            let lasting = self.lasting_entries(&self.person(youth).await?, before).await?;
            past.entries.extend(read.entries.into_iter().filter(|row| !lasting.contains(&row.id)));
        }
        // Of most there is nothing left to compare: they last.
        if !past.entries.is_empty() {
            let there = self.store.entries_of(youth, u32::MAX).await?;
            past.entries.retain(|row| there.contains(row));
        }
        Ok(past)
    }

    /// Whether the law still asks something of somebody about a referral: without it nobody could see the task any more.
    async fn is_asked_about(&self, referral: ReferralName) -> Result<bool, Error> {
        let (person, name) = (self.person(referral.youth).await?, referral.to_string());
        for row in self.store.open_tasks_about(person.id).await? {
            let task = TaskRecord::open(&person, row)?;
            let is_about_it =
                matches!(&task.message.matter, Some(Matter::FollowUp(about)) if about.referral == name);
            if is_about_it && Hold::of_task(&task).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// One, if it went well.
fn went(result: Result<(), Error>) -> u32 {
    let is_well = u32::from(result.is_ok());
    go_on(result);
    is_well
}

impl Past {
    fn is_empty(&self) -> bool {
        let Self { referrals, tasks, plans, entries, instruments } = self;
        referrals.is_empty()
            && tasks.is_empty()
            && plans.is_empty()
            && entries.is_empty()
            && instruments.is_empty()
    }

    /// What was erased, by how many.
    fn details(&self) -> Value {
        json!({
            "erased": "past",
            "referrals": self.referrals.len(),
            "tasks": self.tasks.len(),
            "plans": self.plans.len(),
            "entries": self.entries.len(),
            "instruments": self.instruments.len(),
        })
    }
}
