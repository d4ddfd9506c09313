//! Two parties may have written down the same: who is asked whether they have?

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::task::Matter;
use polku_proto::v1::{PlanDuplicate, PlanItem, PlanLink, PlanPart, plan_link};
use polku_proto::{AgencyId, TaskId};

use super::reader::Eyes;
use super::record::PlanRecord;
use super::step::is_same;
use super::task::TaskRecord;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::plan;
use crate::store::TaskWrite;

/// How many pairs of items that look alike are offered at once, and remembered in all.
const MOST_OFFERS: usize = 20;
const MOST_OFFERED: usize = 1_000;

/// Two items that look alike.
type Pair = (PlanItem, PlanItem);

impl Gateway {
    /// Offers items that look like items of other sections, or of another source in their own: of every section in which
    /// something else is said than before, and of those of which more were found than can be offered at once. To the
    /// responsible worker's agency, if it may see both; otherwise to the one of the two owners that may, the section's
    /// first. Each pair is offered once.
    ///
    /// A pair that none of them may see as a whole, or of which none may be told that it is one, is offered to nobody.
    /// That is right: whoever was asked would learn that there is something like it which is hidden from them.
    pub(super) fn offer_duplicates(
        &self,
        person: &Person,
        before: Option<&PlanRecord>,
        record: &mut PlanRecord,
        tasks: &mut Vec<TaskWrite>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut room = MOST_OFFERED.saturating_sub(record.kept.offered.len()).min(MOST_OFFERS);
        let mut owners: BTreeSet<String> = std::mem::take(&mut record.kept.offer_next).into_iter().collect();
        for part in record.plan()?.sections.iter().filter_map(|section| section.part.as_ref()) {
            let was = before.and_then(|before| before.section(&part.owner)?.part.as_ref());
            if was != Some(part) && !alikes(part).is_subset(&was.map(alikes).unwrap_or_default()) {
                owners.insert(part.owner.clone());
            }
        }
        for owner in owners {
            let rest = self.offer_of(person, (&mut *record, &mut *tasks), &owner, &mut room, now)?;
            if rest && record.kept.offered.len() < MOST_OFFERED {
                record.kept.offer_next.push(owner);
            }
        }
        Ok(())
    }

    /// Offers of one section as much as there is room for. Says whether there is more.
    fn offer_of(
        &self,
        person: &Person,
        (record, tasks): (&mut PlanRecord, &mut Vec<TaskWrite>),
        owner: &str,
        room: &mut usize,
        now: Timestamp,
    ) -> Result<bool, Error> {
        for (agency, pair) in self.alike_to_someone(record, owner, now)? {
            let (first, second) = pair;
            let (first, second) = (Some(first), Some(second));
            let kind = plan_link::Kind::SameAs as i32;
            let link = PlanLink { kind, first: first.clone(), second: second.clone() };
            // The other party's change finds the same pair from the other end, and several may see it.
            if record.kept.offered.iter().any(|other| is_same(other, &link)) {
                continue;
            }
            if *room == 0 {
                return Ok(true);
            }
            *room -= 1;
            record.kept.offered.push(link);
            let about = (TaskId::from_uuid(self.new_id(now)?), person.id, record.row.id);
            let matter = Matter::Duplicate(PlanDuplicate { first, second });
            let mut task = TaskRecord::new(about, agency, matter, now);
            tasks.push(task.first_version(person, now)?);
        }
        Ok(false)
    }

    /// Pairs that look alike, each with an agency that may see both and is to be asked, in the order in which they are.
    fn alike_to_someone(
        &self,
        record: &PlanRecord,
        owner: &str,
        now: Timestamp,
    ) -> Result<Vec<(AgencyId, Pair)>, Error> {
        let coordinator = &record.row.coordinator;
        let mut asked: Vec<AgencyId> = vec![coordinator.clone()];
        let sections = record.plan()?.sections.iter().map(plan::owner_of);
        let owners = std::iter::once(owner).chain(sections.filter(|other| *other != owner));
        asked.extend(owners.filter_map(|id| id.parse().ok()).filter(|agency| agency != coordinator));
        let said = said_by(&record.kept.imports);
        let source = |item: &PlanItem| said.get(item).map(|part| part.reference.as_str());
        // A plan that goes on says again what the one before it has said, which has ended.
        let is_over = |item: &PlanItem| said.get(item).is_some_and(|part| plan::is_over(part.state()));
        let goes_on = |(one, other): &Pair| one.owner != other.owner || !is_over(one) && !is_over(other);
        let mut found = Vec::new();
        for agency in asked {
            let Some(party) = record.party(&agency) else { continue };
            let Some(seen) = self.seen_in_pairs(record, &Eyes::of_system(party), now)? else { continue };
            let is_party_to = |pair: &Pair| {
                agency == *coordinator || [&pair.0, &pair.1].iter().any(|item| item.owner == agency.as_str())
            };
            let pairs = plan::alike(&seen, owner, &source).into_iter();
            let pairs = pairs.filter(&is_party_to).filter(&goes_on);
            found.extend(pairs.map(|pair| (agency.clone(), pair)));
        }
        Ok(found)
    }
}

/// Which plan of an owner's own system has said an item last.
fn said_by(imports: &[PlanPart]) -> HashMap<PlanItem, &PlanPart> {
    let mut said = HashMap::new();
    for part in imports {
        for (kind, id, ..) in alikes(part) {
            let item = PlanItem { owner: part.owner.clone(), kind: kind.into(), id: id.to_owned() };
            said.insert(item, part);
        }
    }
    said
}

/// The items that can look like others, each with what it is known again by.
fn alikes(part: &PlanPart) -> HashSet<(Kind, &str, i32, Cow<'_, str>)> {
    let needs =
        part.needs.iter().map(|need| (Kind::Need, need.id.as_str(), need.category, Cow::from(&need.text)));
    let goals =
        part.goals.iter().map(|goal| (Kind::Goal, goal.id.as_str(), goal.category, Cow::from(&goal.text)));
    let actions = part.actions.iter();
    let actions = actions.map(|one| (Kind::Action, one.id.as_str(), one.category, Cow::from(&one.text)));
    let meetings = part.meetings.iter().map(|meeting| {
        let place = Cow::Owned(format!("{:?} {:?}", meeting.time, meeting.participants));
        (Kind::Meeting, meeting.id.as_str(), meeting.category, place)
    });
    needs.chain(goals).chain(actions).chain(meetings).collect()
}
