//! Who has changed what in a plan, and from which system?
//!
//! A revision shows as far as its changes do. One without a visible change does not show, nor does its number.

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::{
    ListPlanRevisionsRequest, ListPlanRevisionsResponse, PlanFieldChange, PlanPart, PlanRevision,
};
use polku_proto::{PlanName, Valid};

use super::reader::Eyes;
use super::record::{PlanRecord, empty_part, is_of};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::page;
use crate::journey::read::name;
use crate::journey::refer::mismatch;
use crate::plan;
use crate::record::wire_time;

/// How many revisions are read at once.
const BATCH: u32 = 64;

impl Gateway {
    /// Lists the revisions of a plan, newest first.
    pub(crate) async fn list_plan_revisions(
        &self,
        caller: &Caller,
        request: Valid<ListPlanRevisionsRequest>,
    ) -> Result<Authorised<ListPlanRevisionsResponse>, Error> {
        let request = request.into_inner();
        let plan: PlanName = name(&request.parent, "parent")?;
        let person = self.person(plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        let eyes = self.eyes(caller, &record)?;
        let size = usize::try_from(page::size(request.page_size)).unwrap_or(usize::MAX);
        let list = format!("revisions/{plan}");
        let mut before = match page::position(self, caller, &list, &request.page_token)? {
            Some(bytes) => Some(u64::from_be_bytes(bytes.try_into().map_err(|_| page::WRONG)?)),
            None => None,
        };
        let mut revisions = Vec::new();
        let mut next = None;
        'pages: loop {
            // One more than is shown: what a revision has changed shows beside the one before it.
            let rows = self.store.plan_revisions(record.row.id, before, BATCH + 1).await?;
            let more = rows.len() > usize::try_from(BATCH).unwrap_or(usize::MAX);
            let opened: Vec<(u64, PlanRecord)> = rows
                .iter()
                .map(|row| Ok((row.revision, record.at(&person, row)?)))
                .collect::<Result<_, Error>>()?;
            for (place, (number, after)) in opened.iter().enumerate() {
                if more && place + 1 == opened.len() {
                    break;
                }
                let former = opened.get(place + 1).map(|(_, former)| former);
                let time = rows.get(place).map_or(record.row.created, |row| row.time);
                if let Some(revision) = self.revision_view(caller, &eyes, former, after, time)? {
                    // There is another page only if something shows on it.
                    if revisions.len() == size {
                        next = Some(number + 1);
                        break 'pages;
                    }
                    revisions.push(revision);
                }
                before = Some(*number);
            }
            if !more {
                break;
            }
        }
        let next_page_token = match next {
            Some(number) => page::token(self, caller, &list, &number.to_be_bytes())?,
            None => String::new(),
        };
        let shell = ListPlanRevisionsResponse { revisions: Vec::new(), next_page_token };
        let mut answer = self.shell(caller, shell)?;
        for revision in revisions {
            answer = answer.gather(revision).map_err(mismatch)?;
        }
        self.note_reading(caller, person.id, &plan.to_string(), &answer).await?;
        Ok(answer)
    }

    /// One revision, with the changes that these eyes see; nothing if there are none.
    fn revision_view(
        &self,
        caller: &Caller,
        eyes: &Eyes,
        before: Option<&PlanRecord>,
        after: &PlanRecord,
        time: Timestamp,
    ) -> Result<Option<Authorised<PlanRevision>>, Error> {
        let now = self.now();
        let new = self.seen(after, eyes, now)?;
        let old = before.map(|before| self.seen(before, eyes, now)).transpose()?;
        let owners = new.sections.iter().chain(old.iter().flat_map(|old| &old.sections));
        let mut owners: Vec<&str> =
            owners.filter_map(|section| Some(section.part.as_ref()?.owner.as_str())).collect();
        owners.sort_unstable();
        owners.dedup();
        let mut changes = Vec::new();
        for owner in owners {
            let part = |plan: &polku_proto::v1::Plan| -> PlanPart {
                let section = plan.sections.iter().find(|section| is_of(section, owner));
                section.and_then(|section| section.part.clone()).unwrap_or_else(|| empty_part("", owner))
            };
            let old = old.as_ref().map_or_else(|| empty_part("", owner), part);
            for change in plan::changes(&old, &part(&new)) {
                let wire = PlanFieldChange {
                    owner: owner.to_owned(),
                    path: change.path,
                    before: change.before,
                    after: change.after,
                };
                changes.extend(self.piece_for(eyes, after, owner, wire, now)?);
            }
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let mut revision = self.shell(caller, self.revision_shell(caller, after, &new, time)?)?;
        for change in changes {
            revision = revision.gather(change).map_err(mismatch)?;
        }
        Ok(Some(revision))
    }

    /// Whose revision it is. A party that does not show otherwise does not show here.
    fn revision_shell(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        seen: &polku_proto::v1::Plan,
        time: Timestamp,
    ) -> Result<PlanRevision, Error> {
        let author = record.kept.author.clone().unwrap_or_default();
        let own = author.agency == caller.agency.as_str();
        let knows_all = match caller.actor {
            Actor::Professional { .. } => caller.agency == record.row.coordinator,
            Actor::Subject(_) | Actor::Representative { .. } => true,
        };
        let shows = own
            || knows_all
            || author.agency == seen.coordinator
            || seen.sections.iter().any(|section| is_of(section, &author.agency));
        Ok(PlanRevision {
            time: Some(wire_time(time)?),
            agency: if shows { author.agency } else { String::new() },
            professional: if own { author.professional } else { String::new() },
            source: author.source,
            reference: if own { author.reference } else { String::new() },
            changes: Vec::new(),
        })
    }
}
