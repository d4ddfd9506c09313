//! Do several plans of one agency's own system stand in one section without coming in each other's way?

use polku_proto::CategorySet;
use polku_proto::v1::{DataCategory, Plan, PlanPart, PlanSection, PlanState};

use super::any::{action, goal, meeting, merge, need, part, plan};
use crate::plan::{Clash, MOST_SOURCES, Reader, Word, source_prefix, tagged, take_in, view};

/// An agency's plan as its own system tells it: the ids are the same in all of them.
fn told(reference: &str, text: &str) -> PlanPart {
    let mut part = part("te");
    part.state = PlanState::Active.into();
    part.reference = reference.to_owned();
    part.worker_view = format!("{reference} {text}");
    part.needs = vec![need("n1", text)];
    part.goals = vec![goal("g1", text)];
    part.goals[0].needs = vec![String::from("n1")];
    part.actions = vec![action("a1", text), action("a2", text)];
    part.actions[0].goal = String::from("g1");
    part.meetings = vec![meeting("m1", "")];
    part
}

fn ended(reference: &str, text: &str) -> PlanPart {
    PlanPart { state: PlanState::Completed.into(), ..told(reference, text) }
}

/// A section, with what its owner's plans said last.
#[derive(Default)]
struct Stored {
    section: PlanSection,
    said: Vec<PlanPart>,
}

impl Stored {
    fn new() -> Stored {
        Stored { section: PlanSection { part: Some(part("te")), ..PlanSection::default() }, said: Vec::new() }
    }

    fn take(&mut self, word: &PlanPart) -> Vec<Clash> {
        let prefix = source_prefix(Some(&self.section), &word.reference);
        let now = tagged(word, &prefix);
        let place = self.said.iter().position(|said| said.reference == now.reference);
        let before = place.map_or_else(|| part("te"), |place| self.said[place].clone());
        let said = self.said.clone();
        let said = |reference: &str| said.iter().find(|said| said.reference == reference);
        let Word { base, ours } = take_in(&mut self.section, prefix, (&before, &now), said);
        match place {
            Some(place) => self.said[place] = now,
            None => self.said.push(now),
        }
        let merged = merge(&base, &ours, self.part(), CategorySet::ALL);
        self.section.part = Some(merged.part);
        merged.clashes
    }

    fn part(&self) -> &PlanPart {
        self.section.part.as_ref().unwrap()
    }

    fn texts(&self) -> Vec<&str> {
        self.part().goals.iter().map(|goal| goal.text.as_str()).collect()
    }

    /// The plan that the section says the same as beside its items.
    fn lead(&self) -> &str {
        let leads: Vec<_> = self.section.sources.iter().filter(|source| source.leads).collect();
        assert_eq!(leads.len(), 1, "one leads");
        &leads[0].part.as_ref().unwrap().reference
    }
}

#[test]
fn two_plans_with_the_same_ids_are_both_there() {
    let mut stored = Stored::new();
    assert_eq!(stored.take(&told("S-1", "a flat")), []);
    assert_eq!(stored.take(&told("S-2", "work")), [], "of different plans nothing clashes");
    assert_eq!(stored.texts(), ["a flat", "work"]);
    assert_eq!(stored.part().goals[0].id, "g1", "the first plan's ids are as they were");
    let prefix = stored.section.sources[1].prefix.clone();
    let goal = &stored.part().goals[1];
    assert_eq!((goal.id.clone(), goal.needs.clone()), (format!("{prefix}g1"), vec![format!("{prefix}n1")]));
    let action = &stored.part().actions[2];
    assert_eq!((action.id.clone(), action.goal.clone()), (format!("{prefix}a1"), format!("{prefix}g1")));
    assert_eq!(stored.part().actions[3].goal, "", "for no goal is for no goal");
    // What stands once is what the first one says; what the other says stands with it.
    assert_eq!(stored.part().worker_view, "S-1 a flat");
    assert_eq!(stored.section.sources[1].part.as_ref().unwrap().worker_view, "S-2 work");
    assert_eq!(stored.lead(), "S-1");
    // Each goes on by itself, in whatever order.
    let mut less = told("S-2", "work in town");
    less.actions.clear();
    assert_eq!(stored.take(&less), []);
    assert_eq!(stored.take(&told("S-1", "a flat of one's own")), []);
    assert_eq!(stored.texts(), ["a flat of one's own", "work in town"]);
    assert_eq!(
        stored.part().actions.len(),
        2,
        "what one plan does not say any more takes nothing of the other"
    );
    let before = stored.section.clone();
    for word in [told("S-1", "a flat of one's own"), less] {
        assert_eq!(stored.take(&word), []);
        assert!(stored.section == before, "a repetition");
    }
}

#[test]
fn a_plan_that_follows_another_takes_the_lead() {
    let mut stored = Stored::new();
    stored.take(&told("S-1", "a flat"));
    assert_eq!(stored.take(&ended("S-1", "a flat")), []);
    assert_eq!((stored.lead(), stored.part().state()), ("S-1", PlanState::Completed));
    assert_eq!(stored.take(&told("S-2", "work")), []);
    let part = stored.part();
    assert_eq!((stored.lead(), part.state(), part.reference.as_str()), ("S-2", PlanState::Active, "S-2"));
    assert_eq!((part.worker_view.as_str(), stored.texts().len()), ("S-2 work", 2));
    assert_eq!(stored.section.sources[0].part.as_ref().unwrap().worker_view, "S-1 a flat", "nothing is lost");
    // A late word of the first one says what it is, and takes nothing back.
    assert_eq!(stored.take(&ended("S-1", "two rooms")), []);
    assert_eq!((stored.part().worker_view.as_str(), stored.lead()), ("S-2 work", "S-2"));
    assert_eq!(stored.texts(), ["two rooms", "work"]);
    // Of two beside each other the other one leads when the first has ended.
    assert_eq!(stored.take(&told("S-3", "studies")), []);
    assert_eq!(stored.take(&ended("S-2", "work")), []);
    assert_eq!((stored.lead(), stored.part().state()), ("S-3", PlanState::Active));
    assert_eq!(stored.part().worker_view, "S-3 studies");
}

#[test]
fn what_was_changed_here_is_kept_when_another_plan_takes_the_lead() {
    let mut stored = Stored::new();
    stored.take(&told("S-1", "a flat"));
    stored.take(&ended("S-1", "a flat"));
    let part = stored.section.part.as_mut().unwrap();
    part.worker_view = String::from("by a call");
    part.next_review = String::from("2027-01-01");
    let clashes = stored.take(&told("S-2", "work"));
    assert_eq!(clashes.iter().map(|clash| clash.path.as_str()).collect::<Vec<_>>(), ["worker_view"]);
    let part = stored.part();
    assert_eq!((part.worker_view.as_str(), part.next_review.as_str()), ("by a call", "2027-01-01"));
}

#[test]
fn long_ids_stay_apart_and_fit() {
    let mut stored = Stored::new();
    stored.take(&told("S-1", "a flat"));
    let long = |last: char| format!("{}{last}", "g".repeat(63));
    let mut word = told("S-2", "work");
    word.goals = vec![goal(&long('a'), "work"), goal(&long('b'), "work")];
    word.actions[0].goal = long('b');
    stored.take(&word);
    let goals = &stored.part().goals;
    assert!(goals.iter().all(|goal| goal.id.len() <= 64), "{goals:?}");
    assert_ne!(goals[1].id, goals[2].id);
    assert_eq!(stored.part().actions[2].goal, goals[2].id);
}

#[test]
fn many_plans_stay_apart() {
    let mut stored = Stored::new();
    for number in 0..MOST_SOURCES {
        assert_eq!(stored.take(&told(&format!("S-{number}"), &format!("aim {number}"))), []);
    }
    assert_eq!(stored.texts().len(), MOST_SOURCES);
    let mut ids: Vec<_> = stored.part().goals.iter().map(|goal| goal.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), MOST_SOURCES);
}

/// Of which plans the section has come shows where anything of them does, and where there is more than one.
#[test]
fn a_reader_sees_the_plans_of_which_it_sees_anything() {
    let mut stored = Stored::new();
    stored.take(&told("S-1", "a flat"));
    let shown = |stored: &Stored, told: &[DataCategory]| {
        let plan = Plan { sections: vec![stored.section.clone()], ..plan(Vec::new()) };
        let seen = view(&plan, |_| CategorySet::of(told), Reader::Agency("kela"));
        let sources = seen.sections.into_iter().next().map(|section| section.sources).unwrap_or_default();
        let parts = sources.into_iter().map(|source| source.part.unwrap());
        parts.map(|part| (part.reference, part.worker_view)).collect::<Vec<_>>()
    };
    let (joint, notes, housing) =
        (DataCategory::JointPlan, DataCategory::GuidanceNotes, DataCategory::Housing);
    assert!(shown(&stored, &[joint, notes]).is_empty(), "it is the section");
    let mut second = told("S-2", "work");
    second.worker_view.clear();
    let category = housing.into();
    second.needs[0].category = category;
    second.goals[0].category = category;
    second.actions.iter_mut().for_each(|action| action.category = category);
    second.meetings.clear();
    stored.take(&second);
    assert!(shown(&stored, &[joint, notes]).is_empty(), "nothing of the second one is told");
    let both = [("S-1", ""), ("S-2", "")].map(|(one, two)| (one.to_owned(), two.to_owned()));
    assert_eq!(shown(&stored, &[joint, housing]), both);
    assert_eq!(shown(&stored, &[joint, housing, notes])[0].1, "S-1 a flat");
    assert!(shown(&stored, &[]).is_empty());
}
