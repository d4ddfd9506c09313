//! A plan that six parties keep: a server with every revision, and parties that know what they have read.

use polku_proto::v1::{ActionState, Plan, PlanItem, PlanLink, PlanPart, PlanSection, plan_item::Kind};
use polku_proto::{CategorySet, Disclose as _};

use super::any::{action, flat, goal, meeting, need, part, plan, told as told_of};
use crate::plan::{Clash, Edit, Editor, Origin, Reader, YOUTH, check, merge, view};

/// The first has the responsible worker, the second is the young person.
pub(super) const PARTIES: [&str; 6] = ["ohjaamo", YOUTH, "te", "kela", "social", "walmu"];

/// The categories of items in the trials. Item ids and texts say which one it is.
const CATEGORIES: [i32; 4] = [8, 9, 7, 11];

/// What may be told to whom, by the owner of a section; bits of the reader's row.
pub(super) type Permissions = [[u8; 6]; 6];

/// A change on its way to the server.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) party: usize,
    base: usize,
    pub(super) ours: PlanPart,
}

/// What the server says to a change.
pub(super) enum Answer {
    Merged,
    Refused,
}

pub(super) struct World {
    permissions: Permissions,
    pub(super) revisions: Vec<Plan>,
    read: [(usize, Plan); 6],
    wanted: [Plan; 6],
    count: usize,
    pub(super) seen: Seen,
}

/// How often what has happened: a history in which nothing does proves nothing.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Seen {
    pub(super) merged: usize,
    pub(super) clashed: usize,
    pub(super) refused: usize,
}

/// The marks of one category in one section: what must not show when it is not told.
fn mark(owner: &str, category: i32) -> String {
    format!("{owner}-c{category:02}")
}

impl World {
    pub(super) fn new(permissions: Permissions) -> World {
        let start = Plan { accept_time: None, ..plan(vec![part(YOUTH)]) };
        let nothing = || std::array::from_fn(|_| (0, Plan::default()));
        let mut world = World {
            permissions,
            revisions: vec![start],
            read: nothing(),
            wanted: std::array::from_fn(|_| Plan::default()),
            count: 0,
            seen: Seen::default(),
        };
        (0..6).for_each(|party| world.read(party));
        world
    }

    pub(super) fn now(&self) -> &Plan {
        self.revisions.last().unwrap()
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
        for section in &seen.sections {
            self.assert_tells_no_more(party, &section.part.as_ref().unwrap().owner, section);
        }
        self.assert_tells_no_more(party, "", &seen);
        seen
    }

    /// No mark of anything that may not be told to the party, of any section.
    fn assert_tells_no_more(&self, party: usize, owner: &str, message: &impl prost::Message) {
        let bytes = message.encode_to_vec();
        let text = String::from_utf8_lossy(&bytes);
        for section in PARTIES {
            let told = self.told(party, section);
            for category in CATEGORIES {
                if !told.contains(category.try_into().unwrap()) {
                    let mark = mark(section, category);
                    assert!(!text.contains(&mark), "{mark} is told to {}", PARTIES[party]);
                }
            }
            for (category, words) in [(10, "worker's words"), (3, "Kauppakatu")] {
                let hidden = !told.contains(i32::try_into(category).unwrap());
                assert!(!(hidden && text.contains(&format!("{section}: {words}"))), "{owner} {words}");
            }
        }
    }

    /// The same of a path, which may name what the party itself has just written.
    fn assert_names_no_more(&self, party: usize, path: &str, own: &PlanPart) {
        let id = path.split(['/', '[', ']']).find(|part| part.contains("-c"));
        if !id.is_some_and(|id| flat(own).keys().any(|path| path.split('/').nth(1) == Some(id))) {
            self.assert_tells_no_more(party, "", &path.to_owned());
        }
    }

    pub(super) fn read(&mut self, party: usize) {
        let revision = self.revisions.len() - 1;
        let seen = self.view(party, revision);
        self.wanted[party].clone_from(&seen);
        self.read[party] = (revision, seen);
    }

    /// The section as the party wants it.
    fn wanted(&mut self, party: usize, owner: &str) -> &mut PlanPart {
        let sections = &mut self.wanted[party].sections;
        let is_it = |section: &PlanSection| section.part.as_ref().is_some_and(|part| part.owner == owner);
        if !sections.iter().any(is_it) {
            sections.push(PlanSection { part: Some(part(owner)), ..PlanSection::default() });
        }
        let section = sections.iter_mut().find(|section| is_it(section)).unwrap();
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
    pub(super) fn edit(&mut self, party: usize, owner: &str, [what, which, value]: [u8; 3]) {
        self.count += 1;
        let count = self.count;
        let category = CATEGORIES[usize::from(value) % 4];
        let prefix = if owner == YOUTH && party > 1 { format!("{}:", PARTIES[party]) } else { String::new() };
        let id = format!("{prefix}{}n{}", mark(owner, category), count % 40 + usize::from(which) / 64 * 40);
        let part = self.wanted(party, owner);
        let text = |category| format!("{} says {count}", mark(owner, category));
        let place = |count: usize| usize::from(which % 3).checked_rem(count);
        match what % 12 {
            0 if !part.needs.iter().any(|need| need.id == id) => {
                part.needs.push(need(&id, &text(category)));
                part.needs.last_mut().unwrap().category = category;
            }
            1 if !part.goals.iter().any(|goal| goal.id == id) => {
                let mut new = goal(&id, &text(category));
                new.category = category;
                new.needs =
                    part.needs.iter().take(usize::from(value) % 3).map(|need| need.id.clone()).collect();
                part.goals.push(new);
            }
            2 | 3 if !part.actions.iter().any(|action| action.id == id) => {
                let mut new = action(&id, &text(category));
                new.category = category;
                if let Some(place) = place(part.goals.len()) {
                    new.goal.clone_from(&part.goals[place].id);
                }
                part.actions.push(new);
            }
            4 if !part.meetings.iter().any(|meeting| meeting.id == id) => {
                let mut new = meeting(&id, "");
                new.category = category;
                if value > 128 {
                    new.place = format!("{owner}: Kauppakatu {count}");
                }
                part.meetings.push(new);
            }
            5 => {
                if let Some(place) = place(part.goals.len()) {
                    part.goals[place].text = text(part.goals[place].category);
                }
            }
            6 => {
                if let Some(place) = place(part.actions.len()) {
                    part.actions[place].text = text(part.actions[place].category);
                }
            }
            7 => {
                if let Some(place) = place(part.actions.len()) {
                    let action = &mut part.actions[place];
                    match value % 4 {
                        0 => action.start = format!("2026-{:02}-01", value % 12 + 1),
                        1 => action.end = format!("2026-{:02}-02", value % 12 + 1),
                        2 if action.state() == ActionState::Agreed => {
                            action.state = ActionState::InProgress.into();
                        }
                        _ => action.reason = text(action.category),
                    }
                }
            }
            8 => match value % 4 {
                0 => part.next_review = format!("2027-{:02}-01", value % 12 + 1),
                1 => part.client_view = format!("{count}"),
                2 => part.worker_view = format!("{owner}: worker's words {count}"),
                _ => {
                    part.background.get_or_insert_default().reason =
                        format!("{owner}: worker's words {count}");
                }
            },
            9 => {
                if let (Some(one), Some(goal)) = (place(part.actions.len()), place(part.goals.len())) {
                    part.actions[one].goal = part.goals[goal].id.clone();
                }
            }
            10 => {
                if let Some(place) = place(part.goals.len()) {
                    let gone = part.goals.remove(place).id;
                    part.actions.iter_mut().filter(|it| it.goal == gone).for_each(|it| it.goal.clear());
                }
            }
            11 => {
                if let Some(place) = place(part.actions.len()) {
                    part.actions.remove(place);
                }
            }
            _ => {}
        }
    }

    /// What a party would send of a section.
    pub(super) fn send(&mut self, party: usize, owner: &str) -> Sent {
        let base = self.read[party].0;
        Sent { party, base, ours: self.wanted(party, owner).clone() }
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

    /// Takes a change in, and looks whether the section has changed as it should and no other way.
    pub(super) fn deliver(&mut self, sent: &Sent) -> Answer {
        let Sent { party, base, ours } = sent;
        let owner = ours.owner.as_str();
        let told = self.told(*party, owner);
        let of = |plan: &Plan| {
            let parts = plan.sections.iter().filter_map(|section| section.part.as_ref());
            parts.into_iter().find(|part| part.owner == owner).cloned()
        };
        let base = of(&self.view(*party, *base)).unwrap_or_default();
        let editor = match party {
            0 if owner == YOUTH => Editor::Coordinator,
            1 => Editor::YoungPerson,
            _ if owner == YOUTH => Editor::OtherParty { agency: PARTIES[*party], told },
            _ => Editor::Owner,
        };
        let now = jiff::Timestamp::UNIX_EPOCH;
        let edit = Edit { editor, origin: Origin::Call, base: &base, ours, now };
        if let Err(error) = check(&edit) {
            self.assert_names_no_more(*party, &error.path, ours);
            self.seen.refused += 1;
            return Answer::Refused;
        }
        let theirs = of(self.now()).unwrap_or_else(|| PlanPart { state: 0, ..part(owner) });
        let merged = merge(&base, ours, &theirs, told);
        assert_is_this_change(&base, ours, &theirs, &merged.part, &merged.clashes);
        if merged.clashes.is_empty() {
            let again = merge(&base, ours, &merged.part, told);
            assert!(
                again.part == merged.part && again.clashes.is_empty(),
                "merging twice is not merging once"
            );
        }
        let mut clean = merged.part.clone();
        clean.restrict(CategorySet::ALL);
        assert!(clean == merged.part, "a reference leads nowhere");
        for clash in &merged.clashes {
            let clash = told_of(clash, told);
            self.assert_names_no_more(*party, &clash.path, ours);
            for part in [&clash.base, &clash.ours, &clash.theirs] {
                self.assert_tells_no_more(*party, owner, part);
            }
        }
        let mut plan = self.now().clone();
        match plan
            .sections
            .iter_mut()
            .find(|section| section.part.as_ref().is_some_and(|it| it.owner == owner))
        {
            Some(section) => section.part = Some(merged.part),
            None => plan.sections.push(PlanSection { part: Some(merged.part), ..PlanSection::default() }),
        }
        self.revisions.push(plan);
        self.seen.merged += 1;
        self.seen.clashed += merged.clashes.len();
        Answer::Merged
    }
}

/// Nothing has changed but what this editor wanted and had read as it was stored; and all of it has, or clashes.
fn assert_is_this_change(
    base: &PlanPart,
    ours: &PlanPart,
    theirs: &PlanPart,
    merged: &PlanPart,
    clashes: &[Clash],
) {
    let [base, ours, theirs, merged] = [base, ours, theirs, merged].map(flat);
    let every: std::collections::BTreeSet<&String> =
        base.keys().chain(ours.keys()).chain(theirs.keys()).chain(merged.keys()).collect();
    for path in every {
        let [base, ours, theirs, merged] = [&base, &ours, &theirs, &merged].map(|flat| flat.get(path));
        if theirs != merged {
            assert!(base != ours, "{path} has changed and nobody wanted it");
            assert!(ours == merged, "{path} is not what was wanted");
            assert!(base == theirs, "{path} had changed and was overwritten");
        }
        if base != ours && merged != ours {
            let clashes = clashes.iter().any(|clash| {
                path.strip_prefix(&clash.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            assert!(clashes, "{path} was acknowledged and has not changed");
        }
    }
}
