//! Who has changed what in a plan, and from which system?
//!
//! A revision is what is different between two views of one reader, both by what may be told now. One without a visible
//! change does not show, nor does its number. It takes a look at both to know that, and a page goes on over such ones
//! until it is full or the history ends: one that was cut short would tell that they are there. What bounds the work is
//! the deadline of the call, and that answers as it does any call.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::{
    ListPlanRevisionsRequest, ListPlanRevisionsResponse, Plan, PlanActivity, PlanFieldChange, PlanRevision,
};
use polku_proto::{AgencyId, Disclose as _, Party, PlanName, Valid};

use super::reader::Eyes;
use super::record::{Clashing, PlanRecord, empty_part};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::page;
use crate::journey::read::name;
use crate::journey::refer::mismatch;
use crate::outbox::{self, Lock, Shown};
use crate::person::Person;
use crate::plan::{self, owner_of, part_of, section_of};
use crate::record::wire_time;
use crate::store::PlanRevisionRow;

/// How many revisions are read at once.
const BATCH: u32 = 50;

/// Who reads the revisions of a plan, and when.
struct Reading<'a> {
    caller: &'a Caller,
    person: &'a Person,
    /// The plan as it is.
    present: &'a PlanRecord,
    eyes: Eyes,
    now: Timestamp,
}

/// The plan as it was at one revision, and as it is seen.
struct Look {
    number: u64,
    time: Timestamp,
    record: PlanRecord,
    seen: Plan,
}

/// A revision as it is shown to somebody, and what whoever's data it is has to hear of that.
type ShownRevision = (Authorised<PlanRevision>, Vec<Shown>);

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
        let present = self.plan_of(&person, plan).await?;
        let eyes = self.eyes(caller, &present)?;
        let reading = Reading { caller, person: &person, present: &present, eyes, now: self.now() };
        let size = usize::try_from(page::size(request.page_size)).unwrap_or(usize::MAX);
        let list = format!("revisions/{plan}");
        let mut before = match page::position(self, caller, &list, &request.page_token)? {
            Some(bytes) => Some(u64::from_be_bytes(bytes.try_into().map_err(|_| page::WRONG)?)),
            None => None,
        };
        let (mut revisions, mut told) = (Vec::new(), Vec::new());
        let mut next = None;
        // What a revision has changed shows beside the one before it, which is read after it.
        let mut later: Option<Look> = None;
        'rows: loop {
            let rows = self.store.plan_revisions(plan.plan, before, BATCH).await?;
            before = rows.last().map(|row| row.revision);
            let is_end = rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
            for row in rows.iter().map(Some).chain(is_end.then_some(None)) {
                let former = row.map(|row| self.look_back(&reading, row)).transpose()?;
                if let Some(after) = later.take()
                    && let Some((revision, shown)) = self.revision_view(&reading, former.as_ref(), &after)?
                {
                    // There is another page only if something shows on it.
                    if revisions.len() == size {
                        next = Some(after.number + 1);
                        break 'rows;
                    }
                    revisions.push(revision);
                    told.extend(shown);
                }
                later = former;
            }
            if is_end {
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
        let reading = outbox::Reading { caller, youth: person.id, name: &plan.to_string(), lock: Lock::Free };
        self.note_telling(&reading, &answer, told).await?;
        Ok(answer)
    }

    /// An earlier revision, as it is seen by what may be told now.
    fn look_back(&self, reading: &Reading<'_>, row: &PlanRevisionRow) -> Result<Look, Error> {
        let record = reading.present.at(reading.person, row)?;
        let mut seen = self.seen(&record, &reading.eyes, reading.now)?;
        // A party to whom the parties are not told knows since when it is one.
        if let Actor::Professional { .. } = reading.caller.actor
            && seen.parties.is_empty()
            && record.party(&reading.caller.agency).is_some()
        {
            seen.parties.push(reading.caller.agency.to_string());
        }
        Ok(Look { number: row.revision, time: row.time, record, seen })
    }

    /// One revision, with what these eyes see of it; nothing if that is nothing. Decided on for each section at once.
    fn revision_view(
        &self,
        reading: &Reading<'_>,
        before: Option<&Look>,
        after: &Look,
    ) -> Result<Option<ShownRevision>, Error> {
        let mut pieces = changed(before.map(|before| &before.seen), &after.seen);
        let agreement = &after.record.kept.agreement;
        let former = before.map(|before| &before.record.kept.agreement);
        let is_accepted = former.is_some_and(|former| !former.is_same_acceptance(agreement));
        let accepted = is_accepted.then(|| wire_time(after.time)).transpose()?;
        for plan::Activity { owner, mut activity } in
            plan::activities(before.map(|before| &before.seen), &after.seen, accepted)
        {
            if activity.kind() == Kind::Transferred {
                activity.reason =
                    after.record.kept.author.as_ref().map_or("", |author| &author.reason).to_owned();
            }
            pieces.entry(owner).or_default().activities.push(activity);
        }
        // The view knows parties by their agencies.
        for party in replaced_units(before, after) {
            let activity = PlanActivity {
                kind: Kind::PartyUnit.into(),
                agency: party.to_string(),
                ..PlanActivity::default()
            };
            pieces.entry(plan::YOUTH.to_owned()).or_default().activities.push(activity);
        }
        for clashing in &after.record.kept.clashes {
            if let Some(activity) = self.clash_seen(reading, &after.record, clashing)? {
                pieces.entry(activity.agency.clone()).or_default().activities.push(activity);
            }
        }
        let (mut permitted, mut told) = (Vec::new(), Vec::new());
        for (owner, piece) in pieces {
            let Reading { caller, eyes, now, .. } = reading;
            // Refused only when a permission has ended since the look before.
            let shown = self.shown_piece(caller, &after.record, eyes, (&owner, piece), *now)?;
            let Some((piece, shown)) = shown else { continue };
            permitted.push(piece);
            told.extend(shown);
        }
        if permitted.is_empty() {
            return Ok(None);
        }
        let mut revision = self.shell(reading.caller, frame(reading.caller, after)?)?;
        for piece in permitted {
            revision = revision.gather(piece).map_err(mismatch)?;
        }
        Ok(Some((revision, told)))
    }

    /// That there was a clash, or a decision on one, for whoever sees anything of what it is about.
    fn clash_seen(
        &self,
        reading: &Reading<'_>,
        record: &PlanRecord,
        clashing: &Clashing,
    ) -> Result<Option<PlanActivity>, Error> {
        let Some(conflict) = &clashing.conflict else { return Ok(None) };
        let told = self.permitted(record, &conflict.owner, &reading.eyes, reading.now)?;
        let sides = [&conflict.base, &conflict.ours, &conflict.theirs];
        let is_seen = sides.into_iter().flatten().any(|side| {
            let mut side = side.clone();
            side.restrict(told);
            plan::is_shown(&side, &conflict.path)
        });
        let kind = match (clashing.is_decided, clashing.is_closed) {
            (true, _) => Kind::Decided,
            (false, true) => Kind::Undecided,
            (false, false) => Kind::Clashed,
        };
        Ok(is_seen.then(|| PlanActivity {
            kind: kind.into(),
            agency: conflict.owner.clone(),
            task: conflict.task.clone(),
            path: conflict.path.clone(),
            ..PlanActivity::default()
        }))
    }
}

/// The parties, of those that are seen, that take part by another unit than before.
fn replaced_units(before: Option<&Look>, after: &Look) -> Vec<AgencyId> {
    let Some(before) = before else { return Vec::new() };
    let is_other = |party: &Party| before.record.party(&party.agency).is_some_and(|was| was != *party);
    let parties = after.record.parties().filter(is_other).map(|party| party.agency);
    let is_seen =
        |look: &Look, agency: &AgencyId| look.seen.parties.iter().any(|seen| seen == agency.as_str());
    parties.filter(|agency| is_seen(before, agency) && is_seen(after, agency)).collect()
}

/// What has changed in the parts of the sections, by owner.
fn changed(before: Option<&Plan>, after: &Plan) -> BTreeMap<String, PlanRevision> {
    let mut pieces = BTreeMap::new();
    let sections = before.into_iter().chain([after]).flat_map(|plan| &plan.sections);
    let mut owners: Vec<&str> = sections.map(owner_of).collect();
    owners.sort_unstable();
    owners.dedup();
    for owner in owners {
        let nothing = empty_part("", owner);
        let old = before.and_then(|before| part_of(before, owner)).unwrap_or(&nothing);
        let changes = plan::changes(old, part_of(after, owner).unwrap_or(&nothing));
        let wire = |change: plan::Change| PlanFieldChange {
            owner: owner.to_owned(),
            path: change.path,
            before: change.before,
            after: change.after,
        };
        let changes: Vec<PlanFieldChange> = changes.into_iter().map(wire).collect();
        if !changes.is_empty() {
            pieces.insert(owner.to_owned(), PlanRevision { changes, ..PlanRevision::default() });
        }
    }
    pieces
}

/// Who has made a revision, and from where. Of an agency that does not show otherwise nothing shows here.
fn frame(caller: &Caller, Look { time, record, seen, .. }: &Look) -> Result<PlanRevision, Error> {
    let author = record.kept.author.clone().unwrap_or_default();
    let is_own_side = matches!(caller.actor, Actor::Subject(_) | Actor::Representative { .. });
    let is_shown = |agency: &str| {
        is_own_side
            || agency == caller.agency.as_str()
            || agency == seen.coordinator
            || section_of(seen, agency).is_some()
    };
    let knows_all = caller.agency == record.row.coordinator;
    let frame = PlanRevision { time: Some(wire_time(*time)?), ..PlanRevision::default() };
    if !(knows_all || author.agency == plan::YOUTH || is_shown(&author.agency)) {
        return Ok(frame);
    }
    // A front need not be that of a party.
    let shows_system = is_shown(&author.system) || seen.parties.contains(&author.system);
    Ok(PlanRevision {
        agency: author.agency,
        professional: author.professional,
        source: author.source,
        reference: author.reference,
        role: author.role,
        system: if shows_system { author.system } else { String::new() },
        ..frame
    })
}
