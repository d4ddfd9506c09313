//! The agencies' own systems: what stands there, what they say, and what they are delivered.

use std::collections::BTreeMap;

use polku_proto::CategorySet;
use polku_proto::v1::{Plan, PlanPart, PlanSection};
use prost_types::Timestamp;

use super::book::different;
use super::{Answer, PARTIES, World, wish};
use crate::plan::tests::any::{flat, merge, part};
use crate::plan::{Editor, Grown, Origin, comes_after, held, keep_held, over};

/// An agency's own system.
#[derive(Clone)]
pub(super) struct System {
    part: PlanPart,
    /// What it has said or taken last: beside that stands what has changed there since.
    shared: PlanPart,
    /// Which delivery it has taken last.
    taken: usize,
    /// What has ever stood there, or was delivered.
    had: Vec<BTreeMap<String, String>>,
}

/// The word of an agency's own system on its way to the server.
#[derive(Clone)]
pub(in crate::plan::tests) struct Told {
    party: usize,
    pub(in crate::plan::tests) part: PlanPart,
    /// How much the system had had by then.
    had: usize,
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
        let had = vec![flat(&nothing), flat(&part(owner))];
        Self { part: part(owner), shared: nothing, taken: 0, had }
    }

    /// Another plan stands there from now on.
    fn put(&mut self, part: PlanPart, second: i64) {
        let revision = self.part.revision + 1;
        self.had.push(flat(&part));
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
        Told { party, part: system.part.clone(), had: system.had.len() }
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
            system.had.push(flat(part));
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
        let Told { party, part, had } = told;
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
        let (before, all) = (self.section(owner), CategorySet::ALL);
        let editor = (Editor::Owner, Origin::Import);
        // A system has read nothing of what was done beside its words.
        let (nothing, present) = (Plan::default(), self.view(*party, self.revisions.len() - 1));
        let grown = Grown::since(&nothing, &present, owner);
        let answer = self.merge(*party, editor, (&base, &ours), all, &grown);
        self.assert_takes_nothing_unread(*party, (&nothing, &present));
        // A word without a time does not tell whether it is older than what was delivered: it is taken for newer.
        let timed =
            if part.update_time.is_some() { different(&before, &self.section(owner)) } else { Vec::new() };
        for (path, then, _) in timed {
            let mut had = self.systems[*party].had.iter().take(*had);
            assert!(
                had.any(|had| had.get(&path) == then.as_ref()),
                "{path} was overwritten by who never had it"
            );
        }
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
