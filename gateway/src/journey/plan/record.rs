//! What is kept of a joint plan, beside what its readers see?
//!
//! The whole of it is sealed at every revision: an earlier reading can be made again, for a merge and for the history.

use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::{
    CallerRole, DataCategory, Plan, PlanConflict, PlanLink, PlanPart, PlanSection, PlanState,
    plan_revision::Source,
};
use polku_proto::{AgencyId, CategorySet, Party, PlanId, PlanName};
use prost::Message;

use super::step::has_item;
use crate::error::Error;
use crate::person::Person;
use crate::plan::{self, Agreement, MOST_PARTIES, Seated, UsedIds, YOUTH, part_of, section_of};
use crate::seal::Place;
use crate::store::{PlanRevisionRow, PlanRow, PlanWrite};

/// One revision of a plan, as it is sealed.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Kept {
    /// With all its sections. Without what is made for a reader: etags; and whether it is a draft or active, which is
    /// told from what the reader sees.
    #[prost(message, optional, tag = "1")]
    pub(crate) plan: Option<Plan>,
    /// Who may read it: `agency`, or `agency/unit`.
    #[prost(string, repeated, tag = "2")]
    pub(crate) parties: Vec<String>,
    /// What last came of the owners' plans from their own systems.
    #[prost(message, repeated, tag = "3")]
    pub(crate) imports: Vec<PlanPart>,
    /// What was told to whose system.
    #[prost(message, repeated, tag = "4")]
    pub(crate) told: Vec<Told>,
    /// Who made this revision.
    #[prost(message, optional, tag = "5")]
    pub(crate) author: Option<Author>,
    /// The pairs of items that were offered as the same.
    #[prost(message, repeated, tag = "6")]
    pub(crate) offered: Vec<PlanLink>,
    /// What the young person has accepted.
    #[prost(message, required, tag = "7")]
    pub(crate) agreement: Agreement,
    /// The clashes that came up, were decided on, or were closed undecided, with this revision.
    #[prost(message, repeated, tag = "8")]
    pub(crate) clashes: Vec<Clashing>,
    /// Who has made each link.
    #[prost(message, repeated, tag = "9")]
    pub(crate) linked: Vec<Linked>,
    /// The agencies that are parties or have been: what they wrote stays.
    #[prost(string, repeated, tag = "10")]
    pub(crate) known: Vec<String>,
    /// What everybody who is told of changes could see of it at this revision.
    #[prost(message, repeated, tag = "11")]
    pub(crate) sights: Vec<KeptSight>,
    /// Owners of whose sections more items look like others' than were offered at once.
    #[prost(string, repeated, tag = "12")]
    pub(crate) offer_next: Vec<String>,
    /// What their own systems have been delivered of the owners' plans after their last word. Which revision of the joint
    /// plan it was stands as `revision`, and when it was known to have arrived as `update_time`.
    #[prost(message, repeated, tag = "13")]
    pub(crate) held: Vec<PlanPart>,
    /// The ids of items that are not there any more.
    #[prost(message, required, tag = "14")]
    pub(crate) used: UsedIds,
    /// Who took a seat at meetings of four parties.
    #[prost(message, repeated, tag = "15")]
    pub(crate) seated: Vec<Seated>,
}

/// What one reader could see of a plan.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub(crate) struct KeptSight {
    /// Agency id, or as whom those of the young person's side are told of changes.
    #[prost(string, tag = "1")]
    pub(crate) reader: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) told: Vec<KeptTold>,
}

/// What of one section could be seen.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub(crate) struct KeptTold {
    #[prost(string, tag = "1")]
    pub(crate) owner: String,
    #[prost(enumeration = "DataCategory", repeated, tag = "2")]
    pub(crate) categories: Vec<i32>,
}

/// That a section was told to a party's own system.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub(crate) struct Told {
    #[prost(string, tag = "1")]
    pub(crate) owner: String,
    #[prost(string, tag = "2")]
    pub(crate) recipient: String,
    /// The last word has been said: nothing is owed any more.
    #[prost(bool, tag = "3")]
    pub(crate) ended: bool,
    /// The hash of what of the section was to be seen then. Empty: it has not reached the system.
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) seen: Vec<u8>,
    /// It has expired, and was tried again by itself.
    #[prost(bool, tag = "5")]
    pub(crate) again: bool,
}

/// A clash that came up, was decided on, or was closed undecided.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Clashing {
    #[prost(message, optional, tag = "1")]
    pub(crate) conflict: Option<PlanConflict>,
    #[prost(bool, tag = "2")]
    pub(crate) is_decided: bool,
    /// Nobody has decided, and nobody will.
    #[prost(bool, tag = "3")]
    pub(crate) is_closed: bool,
}

impl Clashing {
    pub(super) fn up(conflict: PlanConflict) -> Self {
        Self { conflict: Some(conflict), is_decided: false, is_closed: false }
    }

    pub(super) fn decided(conflict: Option<PlanConflict>) -> Self {
        Self { conflict, is_decided: true, is_closed: false }
    }

    pub(super) fn closed(conflict: PlanConflict) -> Self {
        Self { conflict: Some(conflict), is_decided: false, is_closed: true }
    }
}

/// A link, and who has made it.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Linked {
    #[prost(message, optional, tag = "1")]
    pub(crate) link: Option<PlanLink>,
    /// Agency id, or `youth`.
    #[prost(string, tag = "2")]
    pub(crate) maker: String,
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
    /// Why, where it was said.
    #[prost(string, tag = "5")]
    pub(crate) reason: String,
    /// In whose place.
    #[prost(enumeration = "CallerRole", tag = "6")]
    pub(crate) role: i32,
    /// Agency id of whose system was used.
    #[prost(string, tag = "7")]
    pub(crate) system: String,
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

redacted!(Kept KeptSight KeptTold Told Clashing Linked Author);

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
        let PlanRow { id, youth, ref parties, created, updated, ended, look_at, .. } = self.row;
        let (revision, parties) = (revision.revision, parties.clone());
        // What was sealed is open beside it.
        let sealed = Vec::new();
        let row =
            PlanRow { id, youth, coordinator, parties, revision, created, updated, ended, look_at, sealed };
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
        section_of(self.kept.plan.as_ref()?, owner)
    }

    /// The section of this owner, begun if need be.
    pub(crate) fn section_mut(&mut self, owner: &str) -> Result<&mut PlanSection, Error> {
        let name = self.name().to_string();
        let plan = self.plan_mut()?;
        if section_of(plan, owner).is_none() {
            let part = Some(empty_part(&name, owner));
            plan.sections.push(PlanSection { part, ..PlanSection::default() });
            plan::order_sections(plan);
        }
        plan.sections.iter_mut().find(|section| plan::owner_of(section) == owner).ok_or(NO_PLAN)
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

    /// Who may read the plan.
    pub(crate) fn parties(&self) -> impl Iterator<Item = Party> {
        self.kept.parties.iter().filter_map(|party| party.parse().ok())
    }

    /// The party that an agency is here, with its unit; nothing if it is none.
    pub(crate) fn party(&self, agency: &AgencyId) -> Option<Party> {
        self.parties().find(|party| party.agency == *agency)
    }

    /// Whether an agency can become a party: it is known, or there is room for one more.
    pub(super) fn has_room_for(&self, agency: &AgencyId) -> bool {
        let known = &self.kept.known;
        known.len() < MOST_PARTIES || known.iter().any(|known| known == agency.as_str())
    }

    /// Brings what follows from the rest in line with it: who the parties are, what leads nowhere any more, and what
    /// the owners have undertaken. Before anybody is told of the change: all of that shows.
    pub(super) fn settle(&mut self, before: Option<&PlanRecord>) -> Result<(), Error> {
        self.row.parties = self.parties().map(|party| party.agency).collect();
        let ids: Vec<String> = self.row.parties.iter().map(ToString::to_string).collect();
        self.kept.known.extend(ids.clone());
        self.kept.known.sort_unstable();
        self.kept.known.dedup();
        let Kept { plan, agreement, linked, offered, used, seated, .. } = &mut self.kept;
        let plan = plan.as_mut().ok_or(NO_PLAN)?;
        let before_it = before.iter().flat_map(|before| &before.kept.plan).flat_map(|plan| &plan.sections);
        for was in before_it.filter_map(|section| section.part.as_ref()) {
            if let Some(part) = part_of(plan, &was.owner) {
                used.note(was, part);
            }
        }
        plan.parties = ids;
        // Nobody sees where they lead, and an item that is added later under the same id is another one.
        plan::drop_loose_ends(plan);
        plan::drop_ended_step(plan);
        offered.retain(|pair| leads_somewhere(plan, pair));
        seated.retain(|one| {
            let records = section_of(plan, &one.owner).map(|section| section.meetings.as_slice());
            records.unwrap_or_default().iter().any(|record| record.meeting == one.meeting)
        });
        plan::commit(before.and_then(|before| before.kept.plan.as_ref()), plan);
        agreement.follow(plan);
        linked.retain(|linked| linked.link.as_ref().is_some_and(|link| plan.links.contains(link)));
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
        self.row.ended = plan::is_over(self.kept.agreement.state(self.plan()?, |_| CategorySet::ALL));
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

/// Whether both ends are there.
fn leads_somewhere(plan: &Plan, link: &PlanLink) -> bool {
    [&link.first, &link.second].iter().all(|end| end.as_ref().is_some_and(|item| has_item(plan, item)))
}

fn open(person: &Person, plan: PlanId, revision: u64, sealed: &[u8]) -> Result<Kept, Error> {
    let plain = person.key().open(place(plan, revision), sealed)?;
    Kept::decode(plain.as_slice()).map_err(|_| Error::Inconsistent("sealed plan is unreadable"))
}

const NO_PLAN: Error = Error::Inconsistent("a kept plan without its content");

fn place(plan: PlanId, revision: u64) -> Place<'static> {
    Place { table: "plan", row: plan.uuid(), column: "sealed", version: revision }
}
