//! What of its own section does an agency's system hold, once it has been delivered?
//!
//! A delivery is made of the plan as it is at the sending. With its intent it is written down of which revision that was,
//! and how much of it was permitted: of every revision the whole is kept, so that no copy is needed. Only an arrival
//! counts, and where earlier attempts without a word have told something else, nothing does.

use jiff::Timestamp;
use polku_proto::CategorySet;
use polku_proto::v1::PlanPart;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reader::Sight;
use super::record::{Author, PlanRecord};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::plan::{self, told_part};
use crate::record::wire_time;
use crate::store::{About, Change, DeliveryRow};

/// The key in the details of an intent.
pub(crate) const SENT: &str = "sent";

const UNREADABLE: Error = Error::Inconsistent("a record of what was sent is unreadable");

/// What of an agency's own section was sent to its system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentPart {
    /// Of the plan.
    revision: u64,
    /// Numbers of categories.
    data_sets: Vec<i32>,
    /// RFC 3339.
    time: String,
}

impl SentPart {
    pub(crate) fn of(revision: u64, permitted: CategorySet, now: Timestamp) -> Self {
        Self { revision, data_sets: permitted.to_wire(), time: now.to_string() }
    }
}

impl Gateway {
    /// What an attempt sends, behind what earlier ones since the last known fate may have sent.
    pub(crate) async fn sent_since(
        &self,
        person: &Person,
        sent: Option<SentPart>,
        earlier: Option<u64>,
    ) -> Result<Vec<SentPart>, Error> {
        let mut all = match earlier {
            Some(leaf) => self.sent(person, leaf).await?,
            None => Vec::new(),
        };
        all.extend(sent);
        Ok(all)
    }

    async fn sent(&self, person: &Person, leaf: u64) -> Result<Vec<SentPart>, Error> {
        let details = self.details(person, leaf).await?;
        match details.as_ref().and_then(|details| details.get(SENT)) {
            // Leaves of earlier releases have none.
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(sent) => Vec::deserialize(sent).map_err(|_| UNREADABLE),
        }
    }

    /// An agency's own section has arrived at its system: over that comes its next word.
    pub(crate) async fn note_held(
        &self,
        person: &Person,
        row: &DeliveryRow,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (About::Plan { plan, owner }, Some(intent)) = (&row.about, row.intent) else { return Ok(()) };
        if owner != row.agency.as_str() {
            return Ok(());
        }
        let sent = self.sent(person, intent).await?;
        let (Some(last), Some(stored)) = (sent.last(), self.store.plan(*plan).await?) else { return Ok(()) };
        let (revision, time) = (last.revision, last.time.parse().map_err(|_| UNREADABLE)?);
        let before = stored.revision;
        let mut record = PlanRecord::open(person, stored)?;
        let mut held: Option<(PlanRecord, Vec<PlanPart>)> = None;
        for sent in &sent {
            let Some(row_then) = self.store.plan_revision(*plan, sent.revision).await? else { return Ok(()) };
            let then = record.at(person, &row_then)?;
            let of_this = then.held(row, sent, now)?;
            if held.as_ref().is_some_and(|(_, of_other)| *of_other != of_this) {
                return Ok(());
            }
            held = Some((then, of_this));
        }
        let Some((then, held)) = held else { return Ok(()) };
        let known = record.kept.held.clone();
        for held in held {
            let said = [then.said(owner, &held.reference), record.said(owner, &held.reference)];
            let said = said.map(Option::<&PlanPart>::cloned);
            let held = PlanPart { revision, ..held };
            let said = said.each_ref().map(Option::as_ref);
            plan::keep_held(&mut record.kept.held, held, wire_time(time)?, said);
        }
        if record.kept.held != known {
            record.kept.author = Some(Author::default());
            record.kept.clashes.clear();
            let updated = record.row.updated;
            change.plans.push(record.next_revision(person, Some(before), updated)?);
        }
        Ok(())
    }
}

impl PlanRecord {
    /// What this plan of the owner's own system has said last.
    fn said(&self, owner: &str, reference: &str) -> Option<&PlanPart> {
        self.kept.imports.iter().find(|last| last.owner == owner && last.reference == reference)
    }

    /// What the plans of the agency's own system hold that was sent this revision.
    fn held(&self, row: &DeliveryRow, sent: &SentPart, time: Timestamp) -> Result<Vec<PlanPart>, Error> {
        let owner = row.agency.as_str();
        let permitted = CategorySet::from_wire(&sent.data_sets).map_err(|_| UNREADABLE)?;
        let told = [(owner.to_owned(), permitted)].into();
        let seen = Sight { reader: Some(row.agency.clone()), told }.of(self)?;
        let (Some(section), Some(part)) = (self.section(owner), told_part(&seen, owner, owner)) else {
            return Ok(Vec::new());
        };
        Ok(plan::held(section, &part, |reference| self.said(owner, reference), wire_time(time)?))
    }
}
