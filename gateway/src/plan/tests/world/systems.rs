//! The agencies' own systems: what stands there, what they say, and what they are delivered.

use polku_proto::CategorySet;
use polku_proto::v1::{PlanPart, PlanSection};
use prost_types::Timestamp;

use super::{Answer, PARTIES, World, wish};
use crate::plan::tests::any::{merge, part};
use crate::plan::{Editor, Grown, Origin, comes_after, held, keep_held, over};

/// An agency's own system.
#[derive(Clone)]
pub(super) struct System {
    part: PlanPart,
    /// What it has said or taken last: beside that stands what has changed there since.
    shared: PlanPart,
    /// Which delivery it has taken last.
    taken: usize,
}

/// The word of an agency's own system on its way to the server.
#[derive(Clone)]
pub(in crate::plan::tests) struct Told {
    party: usize,
    pub(in crate::plan::tests) part: PlanPart,
}

/// An agency's own section on its way to its system.
#[derive(Clone)]
pub(in crate::plan::tests) struct Delivered {
    party: usize,
    number: usize,
    revision: usize,
    sent: i64,
    part: PlanPart,
    /// What its system had said last when it was sent.
    said: Option<PlanPart>,
}

impl System {
    pub(super) fn new(owner: &str) -> Self {
        let nothing = PlanPart { state: 0, ..part(owner) };
        Self { part: part(owner), shared: nothing, taken: 0 }
    }

    /// Another plan stands there from now on.
    fn put(&mut self, part: PlanPart, second: i64) {
        let revision = self.part.revision + 1;
        self.part = PlanPart { revision, update_time: Some(at(second)), ..part };
    }
}

impl World {
    /// The time passes.
    pub(super) fn next_second(&mut self) -> i64 {
        self.second += 1;
        self.second
    }

    /// Changes the plan in an agency's own system.
    pub(in crate::plan::tests) fn edit_system(&mut self, party: usize, draws: [u8; 3]) {
        self.count += 1;
        let second = self.next_second();
        let system = &mut self.systems[party];
        let mut part = system.part.clone();
        wish::edit(&mut part, "", self.count, draws);
        system.put(part, second);
    }

    /// What an agency's own system would send.
    pub(in crate::plan::tests) fn tell(&mut self, party: usize) -> Told {
        let system = &mut self.systems[party];
        system.shared = system.part.clone();
        Told { party, part: system.part.clone() }
    }

    /// The agency's own section, as it would be sent to its system.
    pub(in crate::plan::tests) fn deliver_to(&mut self, party: usize) -> Delivered {
        self.count += 1;
        Delivered {
            party,
            number: self.count,
            revision: self.revisions.len(),
            sent: self.next_second(),
            part: self.section(PARTIES[party]),
            said: self.imports[party].clone(),
        }
    }

    /// A system takes what it is delivered, under what has changed there since. Says whether it has it: what was overtaken
    /// by a later delivery it does not take any more.
    pub(in crate::plan::tests) fn arrives(&mut self, delivered: &Delivered) -> bool {
        let Delivered { party, number, part, .. } = delivered;
        let second = self.next_second();
        let system = &mut self.systems[*party];
        if *number > system.taken {
            system.taken = *number;
            let own = merge(&system.shared, &system.part, part, CategorySet::ALL).part;
            system.put(own, second);
            system.shared = part.clone();
        }
        system.taken == *number
    }

    /// The server hears that its delivery has arrived.
    pub(in crate::plan::tests) fn has_arrived(&mut self, delivered: &Delivered) -> Answer {
        let Delivered { party, revision, sent, part, said, number: _ } = delivered;
        let section = PlanSection { part: Some(part.clone()), ..PlanSection::default() };
        let second = self.next_second();
        let [new] = held(&section, part, |_| said.as_ref(), at(second)).try_into().unwrap();
        let new = PlanPart { revision: u64::try_from(*revision).unwrap(), ..new };
        let said = [said.as_ref(), self.imports[*party].as_ref()];
        keep_held(&mut self.held, new, at(*sent), said);
        Answer::Merged
    }

    /// Takes in what an agency's own system says of its plan, over what that holds.
    pub(super) fn import(&mut self, told: &Told) -> Answer {
        let Told { party, part } = told;
        if !self.members[*party] {
            self.seen.away += 1;
            return Answer::Refused;
        }
        let owner = PARTIES[*party];
        let nothing = || PlanPart { state: 0, ..crate::plan::tests::any::part(owner) };
        let last = self.imports[*party].clone().unwrap_or_else(nothing);
        if part.revision < last.revision {
            self.seen.stale += 1;
            return Answer::Stale;
        }
        let held = self.held.iter().find(|held| held.owner == owner);
        let held = held.filter(|held| comes_after(part, &last, held)).cloned();
        let base = held.as_ref().map_or_else(|| last.clone(), |held| over(held, &last));
        let ours = PlanPart { revision: base.revision, update_time: base.update_time, ..part.clone() };
        let editor = (Editor::Owner, Origin::Import);
        let answer = self.merge(*party, editor, (&base, &ours), CategorySet::ALL, &Grown::default());
        if answer == Answer::Merged {
            self.imports[*party] = Some(part.clone());
            self.held.retain(|other| held.is_none() || other.owner != owner);
            self.seen.imported += 1;
            self.seen.over_held += usize::from(held.is_some());
        }
        answer
    }

    /// The agency's plan as it stands in its system.
    pub(in crate::plan::tests) fn system(&self, party: usize) -> &PlanPart {
        &self.systems[party].part
    }

    /// An agency is a party, whether it was or not.
    pub(in crate::plan::tests) fn comes(&mut self, party: usize) {
        self.members[party] = true;
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}
