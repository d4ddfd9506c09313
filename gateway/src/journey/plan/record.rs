//! What is kept of a joint plan, beside what its readers see?
//!
//! The whole of it is sealed at every revision: an earlier reading can be made again, for a merge and for the history.

use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::{Plan, PlanLink, PlanPart, PlanSection, PlanState, plan_revision::Source};
use polku_proto::{AgencyId, Party, PlanId, PlanName};
use prost::Message;

use super::meeting::mark_questionnaires;
use super::step::has_item;
use crate::error::Error;
use crate::person::Person;
use crate::plan::{self, YOUTH};
use crate::record::wire_time;
use crate::seal::Place;
use crate::store::{PlanRevisionRow, PlanRow, PlanWrite};

/// One revision of a plan, as it is sealed.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Kept {
    /// With all its sections; without what is made for a reader: etags, states.
    #[prost(message, optional, tag = "1")]
    pub(crate) plan: Option<Plan>,
    /// Who may read it: `agency`, or `agency/unit`.
    #[prost(string, repeated, tag = "2")]
    pub(crate) parties: Vec<String>,
    /// What last came of the owners' plans from their own systems.
    #[prost(message, repeated, tag = "3")]
    pub(crate) imports: Vec<PlanPart>,
    /// How often what was told to whom.
    #[prost(message, repeated, tag = "4")]
    pub(crate) told: Vec<Told>,
    /// Who made this revision.
    #[prost(message, optional, tag = "5")]
    pub(crate) author: Option<Author>,
    /// The pairs of items that were offered as the same.
    #[prost(message, repeated, tag = "6")]
    pub(crate) offered: Vec<PlanLink>,
}

/// How often a section was told to a party's own system.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub(crate) struct Told {
    #[prost(string, tag = "1")]
    pub(crate) owner: String,
    #[prost(string, tag = "2")]
    pub(crate) recipient: String,
    #[prost(uint64, tag = "3")]
    pub(crate) count: u64,
    /// The last word has been said: nothing is owed any more. The count goes on should there be another.
    #[prost(bool, tag = "4")]
    pub(crate) ended: bool,
    /// The hash of what of the section was to be seen then.
    #[prost(bytes = "vec", tag = "5")]
    pub(crate) seen: Vec<u8>,
}

/// Who has made a revision, and from where.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub(crate) struct Author {
    #[prost(string, tag = "1")]
    pub(crate) agency: String,
    #[prost(string, tag = "2")]
    pub(crate) professional: String,
    #[prost(enumeration = "Source", tag = "3")]
    pub(crate) source: i32,
    #[prost(string, tag = "4")]
    pub(crate) reference: String,
}

macro_rules! redacted {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}

redacted!(Kept Told Author);

/// A joint plan, opened.
#[derive(Debug, Clone)]
pub(crate) struct PlanRecord {
    pub(crate) row: PlanRow,
    pub(crate) kept: Kept,
}

impl PlanRecord {
    /// Opens a plan.
    pub(crate) fn open(person: &Person, row: PlanRow) -> Result<Self, Error> {
        let kept = open(person, row.id, row.revision, &row.sealed)?;
        Ok(Self { row, kept })
    }

    /// The plan as it was once: the same row, with what was kept then.
    pub(crate) fn at(&self, person: &Person, revision: &PlanRevisionRow) -> Result<Self, Error> {
        let kept = open(person, revision.plan, revision.revision, &revision.sealed)?;
        // Who had the young person's section then told it then.
        let coordinator = kept.plan.as_ref().and_then(|plan| plan.coordinator.parse().ok()).ok_or(NO_PLAN)?;
        let row = PlanRow { revision: revision.revision, coordinator, ..self.row.clone() };
        Ok(Self { row, kept })
    }

    pub(crate) fn name(&self) -> PlanName {
        PlanName { youth: self.row.youth, plan: self.row.id }
    }

    pub(crate) fn plan(&self) -> Result<&Plan, Error> {
        self.kept.plan.as_ref().ok_or(NO_PLAN)
    }

    pub(crate) fn plan_mut(&mut self) -> Result<&mut Plan, Error> {
        self.kept.plan.as_mut().ok_or(NO_PLAN)
    }

    /// The section of this owner, if there is one.
    pub(crate) fn section(&self, owner: &str) -> Option<&PlanSection> {
        let sections = &self.kept.plan.as_ref()?.sections;
        sections.iter().find(|section| is_of(section, owner))
    }

    /// The section of this owner, begun if need be.
    pub(crate) fn section_mut(&mut self, owner: &str) -> Result<&mut PlanSection, Error> {
        let name = self.name().to_string();
        let sections = &mut self.plan_mut()?.sections;
        if !sections.iter().any(|section| is_of(section, owner)) {
            sections.push(PlanSection { part: Some(empty_part(&name, owner)), ..PlanSection::default() });
            // The young person's own is first.
            sections.sort_by(|one, other| rank(one).cmp(&rank(other)));
        }
        sections.iter_mut().find(|section| is_of(section, owner)).ok_or(NO_PLAN)
    }

    /// The part of this owner; an empty one where there is none.
    pub(crate) fn part(&self, owner: &str) -> PlanPart {
        let part = self.section(owner).and_then(|section| section.part.clone());
        part.unwrap_or_else(|| empty_part(&self.name().to_string(), owner))
    }

    /// Whose word counts for a section: its owner's, and the coordinator's for the young person's own.
    pub(crate) fn controller(&self, owner: &str) -> Result<AgencyId, Error> {
        if owner == YOUTH {
            return Ok(self.row.coordinator.clone());
        }
        owner.parse().map_err(|_| Error::Inconsistent("a section of a plan without an owner"))
    }

    /// The party that an agency is here, with its unit; nothing if it is none.
    pub(crate) fn party(&self, agency: &AgencyId) -> Option<Party> {
        let parties = self.kept.parties.iter().filter_map(|party| party.parse::<Party>().ok());
        let mut parties = parties.filter(|party| party.agency == *agency);
        parties.next()
    }

    /// Brings what follows from the rest in line with it: who the parties are, what leads nowhere any more, and since
    /// when an owner has undertaken something. Before anybody is told of the change: all of that shows.
    pub(super) fn settle(&mut self, now: Timestamp) -> Result<(), Error> {
        let parties = self.kept.parties.iter().filter_map(|party| party.parse::<Party>().ok());
        self.row.parties = parties.map(|party| party.agency).collect();
        let ids = self.row.parties.iter().map(ToString::to_string).collect();
        let Kept { plan: Some(plan), offered, .. } = &mut self.kept else { return Err(NO_PLAN) };
        plan.parties = ids;
        drop_loose_ends(plan);
        offered.retain(|pair| leads_somewhere(plan, pair));
        for section in &mut plan.sections {
            mark_questionnaires(section);
            let undertaken = section.part.as_ref().is_some_and(|part| !part.actions.is_empty());
            if undertaken && section.commit_time.is_none() {
                section.commit_time = Some(wire_time(now)?);
            }
        }
        Ok(())
    }

    /// The next revision, sealed.
    pub(crate) fn next_revision(
        &mut self,
        person: &Person,
        before: Option<u64>,
        now: Timestamp,
    ) -> Result<PlanWrite, Error> {
        self.row.revision = before.unwrap_or(0) + 1;
        self.row.updated = now;
        self.row.ended = is_over(plan::derive_state(self.plan()?));
        self.row.sealed =
            person.key().seal(place(self.row.id, self.row.revision), &self.kept.encode_to_vec())?;
        Ok(PlanWrite { row: self.row.clone(), expected: before })
    }
}

/// A part with nothing in it.
pub(crate) fn empty_part(plan: &str, owner: &str) -> PlanPart {
    PlanPart {
        plan: plan.to_owned(),
        owner: owner.to_owned(),
        state: PlanState::Draft as i32,
        ..PlanPart::default()
    }
}

/// Takes out links and the step that lead to items that are not there any more. Nobody sees them, and an item that is
/// added later under the same id is another one.
fn drop_loose_ends(plan: &mut Plan) {
    let mut links = std::mem::take(&mut plan.links);
    links.retain(|link| leads_somewhere(plan, link));
    plan.links = links;
    if plan.step.as_ref().is_some_and(|step| !has_item(plan, step)) {
        plan.step = None;
    }
}

/// Whether both ends are there.
fn leads_somewhere(plan: &Plan, link: &PlanLink) -> bool {
    [&link.first, &link.second].iter().all(|end| end.as_ref().is_some_and(|item| has_item(plan, item)))
}

/// Whether a plan in this state has come to its end.
pub(crate) fn is_over(state: PlanState) -> bool {
    matches!(state, PlanState::Completed | PlanState::Revoked | PlanState::EnteredInError)
}

pub(crate) fn is_of(section: &PlanSection, owner: &str) -> bool {
    section.part.as_ref().is_some_and(|part| part.owner == owner)
}

fn rank(section: &PlanSection) -> (bool, &str) {
    let owner = section.part.as_ref().map_or("", |part| part.owner.as_str());
    (owner != YOUTH, owner)
}

fn open(person: &Person, plan: PlanId, revision: u64, sealed: &[u8]) -> Result<Kept, Error> {
    let plain = person.key().open(place(plan, revision), sealed)?;
    Kept::decode(plain.as_slice()).map_err(|_| Error::Inconsistent("sealed plan is unreadable"))
}

const NO_PLAN: Error = Error::Inconsistent("a kept plan without its content");

fn place(plan: PlanId, revision: u64) -> Place<'static> {
    Place { table: "plan", row: plan.uuid(), column: "sealed", version: revision }
}
