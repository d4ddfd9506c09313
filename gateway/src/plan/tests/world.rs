//! A plan that six parties keep: a server with every revision, parties that know what they have read, and their systems.

mod book;
mod server;
mod systems;
mod wish;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use polku_proto::v1::{Plan, PlanComment, PlanItem, PlanLink, PlanPart, PlanSection, plan_item::Kind};
use polku_proto::{CategorySet, Disclose as _};

use self::book::Book;
use self::systems::{Delivered, System, Told};
use super::any::{flat, part, plan};
use crate::plan::{Clash, Reader, UsedIds, YOUTH, view};

/// The first has the responsible worker, the second is the young person.
pub(super) const PARTIES: [&str; 6] = ["ohjaamo", YOUTH, "te", "kela", "social", "walmu"];

/// The categories of items in the trials.
const CATEGORIES: [i32; 4] = [8, 9, 7, 11];

/// What may be told to whom, by the owner of a section; bits of the reader's row.
pub(super) type Permissions = [[u8; 6]; 6];

/// A change on its way to the server: what was read, and what is wanted in its place.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) party: usize,
    revision: usize,
    read: Rc<Plan>,
    pub(super) ours: PlanPart,
}

/// Something on its way.
#[derive(Clone)]
pub(super) enum Message {
    Change(Sent),
    System(Told),
    /// To an agency's own system.
    Delivery(Delivered),
    /// That it has arrived there.
    Arrival(Delivered),
}

/// What the server says to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Merged,
    Refused,
    /// What may be seen has changed since the reading.
    Stale,
}

/// A clash that waits for a decision.
#[derive(Clone)]
struct Open {
    number: usize,
    owner: String,
    clash: Clash,
}

#[derive(Clone)]
pub(super) struct World {
    permissions: Permissions,
    members: [bool; 6],
    pub(super) revisions: Vec<Plan>,
    read: [(usize, Rc<Plan>); 6],
    wanted: [Plan; 6],
    systems: [System; 6],
    imports: [Option<PlanPart>; 6],
    held: Vec<PlanPart>,
    second: i64,
    open: Vec<Open>,
    book: Book,
    count: usize,
    used: UsedIds,
    pub(super) seen: Seen,
}

/// How often what has happened: a history in which nothing does proves nothing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) merged: usize,
    pub(super) clashed: usize,
    /// Of these removals of what something had come to.
    pub(super) kept_back: usize,
    pub(super) refused: usize,
    /// Because the id has had its item.
    pub(super) used: usize,
    pub(super) stale: usize,
    pub(super) imported: usize,
    pub(super) over_held: usize,
    pub(super) decided: usize,
    pub(super) away: usize,
}

/// Every id and text of an item. No two of them are in each other, and none is that of another item.
fn words(part: &PlanPart) -> BTreeMap<String, Vec<String>> {
    let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, value) in flat(part) {
        let mut path = path.split('/');
        let (Some(list @ ("needs" | "goals" | "actions" | "meetings")), Some(id)) =
            (path.next(), path.next())
        else {
            continue;
        };
        let of = words.entry(format!("{list}/{id}")).or_insert_with(|| vec![id.to_owned()]);
        of.extend(path.next().filter(|field| ["text", "provider", "reason"].contains(field)).map(|_| value));
    }
    words
}

/// Whether a section is this owner's.
fn is_of(section: &PlanSection, owner: &str) -> bool {
    section.part.as_ref().is_some_and(|part| part.owner == owner)
}

impl World {
    pub(super) fn new(permissions: Permissions) -> World {
        let start = Plan { accept_time: None, ..plan(vec![wish::linked(part(YOUTH))]) };
        let mut world = World {
            permissions,
            members: [true; 6],
            revisions: vec![start],
            read: std::array::from_fn(|_| (0, Rc::default())),
            wanted: std::array::from_fn(|_| Plan::default()),
            systems: PARTIES.map(System::new),
            imports: Default::default(),
            held: Vec::new(),
            second: 0,
            open: Vec::new(),
            book: Book::default(),
            count: 0,
            used: UsedIds::default(),
            seen: Seen::default(),
        };
        (0..6).for_each(|party| world.read(party));
        world
    }

    pub(super) fn now(&self) -> &Plan {
        self.revisions.last().unwrap()
    }

    /// The section as it is stored.
    pub(super) fn section(&self, owner: &str) -> PlanPart {
        let found = self.now().sections.iter().find(|section| is_of(section, owner));
        let found = found.and_then(|section| section.part.clone());
        found.unwrap_or_else(|| PlanPart { state: 0, ..part(owner) })
    }

    pub(super) fn told(&self, party: usize, owner: &str) -> CategorySet {
        let is_own = PARTIES[party] == owner || (owner == YOUTH && party == 0);
        let Some(place) = PARTIES.iter().position(|party| *party == owner) else {
            return CategorySet::EMPTY;
        };
        let bits = self.permissions[party][place];
        if is_own || party == 1 || bits == u8::MAX {
            return CategorySet::ALL;
        }
        let mut told: Vec<i32> =
            (0..4).filter(|bit| bits & (1 << bit) != 0).map(|bit| CATEGORIES[bit]).collect();
        // Guidance notes and addresses.
        told.extend([(16, 10), (32, 3)].into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, it)| it));
        CategorySet::from_wire(&told).unwrap()
    }

    fn reader(party: usize) -> Reader<'static> {
        if party == 1 { Reader::YoungPerson } else { Reader::Agency(PARTIES[party]) }
    }

    pub(super) fn view(&self, party: usize, revision: usize) -> Plan {
        let seen = view(&self.revisions[revision], |owner| self.told(party, owner), Self::reader(party));
        self.assert_tells_no_more((party, revision), &[], &seen);
        seen
    }

    /// No word of anything that may not be told to the party of the plan as it is at this revision, but what it has read
    /// or written itself.
    fn assert_tells_no_more(
        &self,
        (party, revision): (usize, usize),
        known: &[&PlanPart],
        message: &impl prost::Message,
    ) {
        let bytes = message.encode_to_vec();
        let text = String::from_utf8_lossy(&bytes);
        let known: BTreeSet<String> =
            known.iter().flat_map(|part| words(part)).flat_map(|(_, it)| it).collect();
        for section in PARTIES {
            let told = self.told(party, section);
            let stored = self.revisions[revision].sections.iter().find(|one| is_of(one, section));
            if let Some(stored) = stored.and_then(|stored| stored.part.as_ref()) {
                let mut seen = stored.clone();
                seen.restrict(told);
                let seen = words(&seen);
                for (item, hidden) in words(stored).into_iter().filter(|(item, _)| !seen.contains_key(item)) {
                    for word in hidden.iter().filter(|word| !known.contains(*word)) {
                        assert!(!text.contains(word), "{word} of {item} is told to {}", PARTIES[party]);
                    }
                }
            }
            for (category, words) in [(10, "worker's words"), (3, "Kauppakatu")] {
                let hidden = !told.contains(i32::try_into(category).unwrap());
                assert!(!(hidden && text.contains(&format!("{section}: {words}"))), "{section} {words}");
            }
        }
    }

    /// A path names no item but such as the party has read or written.
    fn assert_names_no_more(path: &str, known: [&PlanPart; 2]) {
        let known: BTreeSet<String> =
            known.iter().flat_map(|part| words(part)).flat_map(|(_, it)| it).collect();
        let ids = path.split(['/', '[', ']']).filter(|part| part.contains('-'));
        ids.for_each(|id| assert!(known.contains(id), "{path}"));
    }

    /// Reads the plan, if it is one to this party.
    pub(super) fn read(&mut self, party: usize) {
        if !self.members[party] {
            self.seen.away += 1;
            return;
        }
        let revision = self.revisions.len() - 1;
        let seen = self.view(party, revision);
        self.wanted[party].clone_from(&seen);
        self.read[party] = (revision, Rc::new(seen));
    }

    /// The section as the party wants it.
    pub(super) fn wanted(&mut self, party: usize, owner: &str) -> &mut PlanPart {
        let sections = &mut self.wanted[party].sections;
        if !sections.iter().any(|section| is_of(section, owner)) {
            sections.push(PlanSection { part: Some(part(owner)), ..PlanSection::default() });
        }
        let section = sections.iter_mut().find(|section| is_of(section, owner)).unwrap();
        section.part.as_mut().unwrap()
    }

    /// Whose section a party changes.
    pub(super) fn owner(party: usize, draw: u8) -> &'static str {
        if party > 1 && draw.is_multiple_of(2) || party == 0 && !draw.is_multiple_of(4) {
            YOUTH
        } else {
            PARTIES[party]
        }
    }

    /// Changes what a party wants, in some way that the draws choose.
    pub(super) fn edit(&mut self, party: usize, owner: &str, draws: [u8; 3]) {
        self.count += 1;
        let count = self.count;
        let [what, which, value] = draws;
        if owner != YOUTH || party < 2 {
            return wish::edit(self.wanted(party, owner), "", count, draws);
        }
        // Mostly what others may do in the young person's section, and with ids of theirs.
        let what = if what < 200 { wish::OF_OTHERS[usize::from(what) % wish::OF_OTHERS.len()] } else { what };
        let prefix = if what < 250 { format!("{}:", PARTIES[party]) } else { String::new() };
        wish::edit(self.wanted(party, owner), &prefix, count, [what, which, value]);
    }

    /// What a party would send of a section.
    pub(super) fn send(&mut self, party: usize, owner: &str) -> Sent {
        let (revision, read) = self.read[party].clone();
        Sent { party, revision, read, ours: self.wanted(party, owner).clone() }
    }

    /// Another word of the young person on what may be told.
    pub(super) fn permit(&mut self, party: usize, owner: usize, bits: u8) {
        self.permissions[party][owner] = bits;
    }

    /// An agency comes or goes. The responsible worker and the young person stay.
    pub(super) fn come_or_go(&mut self, party: usize) {
        if party > 1 {
            self.members[party] = !self.members[party];
        }
    }

    /// Links two items that the coordinator sees.
    pub(super) fn link(&mut self, draws: [u8; 2]) {
        let items: Vec<PlanItem> = self
            .view(0, self.revisions.len() - 1)
            .sections
            .iter()
            .filter_map(|section| section.part.as_ref())
            .flat_map(|part| {
                part.actions.iter().map(|action| PlanItem {
                    owner: part.owner.clone(),
                    kind: Kind::Action.into(),
                    id: action.id.clone(),
                })
            })
            .collect();
        let [first, second] =
            draws.map(|draw| usize::from(draw).checked_rem(items.len()).map(|place| items[place].clone()));
        let mut plan = self.now().clone();
        plan.step.clone_from(&first);
        plan.links.push(PlanLink { kind: 1, first, second });
        self.revisions.push(plan);
    }

    /// The young person says something about an item that they see.
    pub(super) fn comment(&mut self, draw: u8) {
        self.count += 1;
        let seen = self.view(1, self.revisions.len() - 1);
        let goals = seen.sections.iter().filter_map(|section| section.part.as_ref()).flat_map(|part| {
            let item =
                |id: &str| PlanItem { owner: part.owner.clone(), kind: Kind::Goal.into(), id: id.to_owned() };
            part.goals.iter().map(move |goal| (goal.category, item(&goal.id)))
        });
        let goals: Vec<_> = goals.collect();
        let Some(place) = usize::from(draw).checked_rem(goals.len()) else { return };
        let (category, item) = goals[place].clone();
        let text = format!("comment {}", self.count);
        let comment = PlanComment { category, item: Some(item), text, ..PlanComment::default() };
        let mut plan = self.now().clone();
        let section = plan.sections.iter_mut().find(|section| is_of(section, YOUTH)).unwrap();
        section.comments.push(comment);
        self.revisions.push(plan);
    }

    /// Nothing stands beside the items any more.
    pub(super) fn clear_beside(&mut self) {
        let mut plan = self.now().clone();
        (plan.step, plan.links) = (None, Vec::new());
        plan.sections.iter_mut().for_each(|section| section.comments.clear());
        self.revisions.push(plan);
    }

    /// Nothing that was acknowledged has disappeared.
    pub(super) fn assert_kept(&self) {
        let open: BTreeSet<usize> = self.open.iter().map(|open| open.number).collect();
        self.book.assert_kept(|owner| self.section(owner), &open);
    }
}
