//! What is past the period for which it is kept, and how does it go?
//!
//! In small batches, one person after the other, each with a leaf of the audit log that says so. The leaves of the log
//! stay.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::task::State;
use polku_proto::{ConsentId, YouthId};
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
    About, ContentErasure, EntryRow, InstrumentKind, InstrumentRow, PlanRow, ReferralRow, StoreError, TaskRow,
};
use crate::trail::{Entry, closing};

/// How many rows one sweep handles.
const BATCH: u32 = 200;

/// How many details of audit leaves go at once.
const DETAILS: u32 = 2_000;

/// How many leaves about a person are looked at in one go.
const LEAVES: usize = 20;

/// How often records, referrals and people are looked at: they are found by going through all of them.
const RECORDS: SignedDuration = SignedDuration::from_hours(1);

/// When records are looked at next.
#[derive(Debug, Default)]
pub(crate) struct NextLook(Mutex<Option<Timestamp>>);

impl NextLook {
    fn is_due(&self, now: Timestamp) -> bool {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = next.is_none_or(|next| now >= next);
        if due {
            *next = Some(now + RECORDS);
        }
        due
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
    /// Erases what is past. Whatever is left over goes with the next sweep.
    pub(super) async fn erase_what_is_past(self: &Arc<Self>, now: Timestamp) -> Result<(), Error> {
        for plan in self.store.expired_plans(self.retention.plans_before(now), BATCH).await? {
            let youth = plan.youth;
            go_on(self.erase_past(youth, Past { plans: vec![plan], ..Past::default() }, now).await);
        }
        let entries = self.store.expired_entries(self.retention.entries_before(now), BATCH).await?;
        for entries in entries.chunk_by(|one, other| one.youth == other.youth) {
            let Some(youth) = entries.first().map(|entry| entry.youth) else { continue };
            let past = Past { entries: entries.to_vec(), ..Past::default() };
            go_on(self.erase_past(youth, past, now).await);
        }
        if self.next_look.is_due(now) {
            self.erase_past_referrals(now).await?;
            self.erase_past_records(now).await?;
            self.erase_past_people(now).await?;
        }
        Ok(())
    }

    async fn erase_past_referrals(&self, now: Timestamp) -> Result<(), Error> {
        let before = self.retention.referrals_before(now);
        for referral in self.store.expired_referrals(before, BATCH).await? {
            let youth = referral.youth;
            go_on(self.erase_past(youth, Past { referrals: vec![referral], ..Past::default() }, now).await);
        }
        for task in self.store.expired_tasks(before, BATCH).await? {
            let youth = task.youth;
            // What the law still asks of somebody stays for as long as it is not done.
            let person = self.person(youth).await?;
            if task.state == State::Open && Hold::of_task(&TaskRecord::open(&person, task.clone())?).is_some()
            {
                continue;
            }
            go_on(self.erase_past(youth, Past { tasks: vec![task], ..Past::default() }, now).await);
        }
        Ok(())
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
            match self.last_named(&ids).await {
                Ok(last) if last.is_none_or(|last| last < before) => {
                    go_on(self.erase_bare(*youth, now).await);
                }
                Ok(_) => {}
                Err(error) => go_on(Err(error)),
            }
        }
        Ok(())
    }

    /// When the audit log has last told of somebody anything but that something was past.
    async fn last_named(&self, ids: &[YouthId]) -> Result<Option<Timestamp>, Error> {
        let mut last = None;
        for id in ids {
            let (subject, mut before) = (self.subject_pseudonym(*id), None);
            loop {
                let found = self.in_log(move |log| log.about(&subject, &[], before, LEAVES)).await?;
                let named = found.entries.iter().find(|entry| entry.leaf.event != Event::Erasure);
                last = last.max(named.map(|entry| entry.leaf.time));
                before = found.next;
                if named.is_some() || before.is_none() {
                    break;
                }
            }
        }
        Ok(last)
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
        let past = self.still_past(youth, past).await?;
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
            // As with every change: when the database has failed, whether it was made shows at the next start.
            if !matches!(error, StoreError::Failed(_) | StoreError::Unknown(_)) {
                self.append(closing(leaf, self.now())).await?;
            }
            return Err(error.into());
        }
        let mut index = self.index_mut();
        for row in past.instruments.iter().filter(|row| row.kind == InstrumentKind::Consent) {
            index.remove_grant(youth, ConsentId::from_uuid(row.id), row.revision);
        }
        Ok(())
    }

    /// What is as it was read. Before the caller was alone with the person, another gateway can have erased it, or somebody
    /// have changed it.
    async fn still_past(&self, youth: YouthId, read: Past) -> Result<Past, Error> {
        let mut past = Past::default();
        for row in read.referrals {
            if self.store.referral(row.id).await?.as_ref() == Some(&row) {
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
            let there = self.store.entries_of(youth, u32::MAX).await?;
            past.entries.extend(read.entries.into_iter().filter(|row| there.contains(row)));
        }
        Ok(past)
    }
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
