//! Is it told what an agency's own system holds, plan by plan, and over what its next word comes?

use polku_proto::v1::{PlanPart, PlanSection, PlanSource};
use prost_types::Timestamp;

use super::any::{goal, need, part};
use crate::plan::{comes_after, held, keep_held};

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

fn said(reference: &str, goals: &[&str]) -> PlanPart {
    let goals = goals.iter().map(|id| goal(id, "said")).collect();
    PlanPart { reference: reference.to_owned(), worker_view: reference.to_owned(), goals, ..part("te") }
}

fn source(reference: &str, prefix: &str, leads: bool) -> PlanSource {
    let part = Some(PlanPart { reference: reference.to_owned(), ..PlanPart::default() });
    PlanSource { prefix: prefix.to_owned(), part, leads }
}

fn ids(part: &PlanPart) -> Vec<&str> {
    part.goals.iter().map(|goal| goal.id.as_str()).collect()
}

#[test]
fn each_plan_holds_what_is_in_its_room() {
    let last = [said("S-1", &["g1", "g2"]), said("S-2", &["x:g1"])];
    let find = |reference: &str| last.iter().find(|last| last.reference == reference);
    let mut told = said("S-2", &["g1", "x:g1", "new", "x:new"]);
    told.worker_view = String::from("told");
    told.needs = vec![need("n1", "told")];
    told.goals[1].needs = vec![String::from("n1")];
    let sources = |first| vec![source("S-1", "", first), source("S-2", "x:", !first)];
    let section = |first| PlanSection { sources: sources(first), ..PlanSection::default() };
    let [first, second] = held(&section(true), &told, find, at(9)).try_into().unwrap();
    assert_eq!((ids(&first), ids(&second)), (vec!["g1", "new"], vec!["x:g1", "x:new"]));
    assert_eq!((first.worker_view.as_str(), second.worker_view.as_str()), ("told", "S-2"));
    assert!(second.goals[0].needs.is_empty(), "what it refers to is in another plan");
    assert_eq!((first.reference.as_str(), first.update_time), ("S-1", Some(at(9))));
    // Delivered under the other's reference: which of them holds what was made here is not known.
    let [first, second] = held(&section(false), &told, find, at(9)).try_into().unwrap();
    assert_eq!((ids(&first), ids(&second)), (vec!["g1"], vec!["x:g1", "x:new"]));
    assert_eq!((first.worker_view.as_str(), second.worker_view.as_str()), ("S-1", "told"));
    // Without any plan of its own it is one without a name.
    let [only] = held(&PlanSection::default(), &told, |_| None, at(9)).try_into().unwrap();
    assert_eq!((only.reference.as_str(), only.goals.len()), ("", 4));
}

#[test]
fn in_doubt_stays_what_was_held() {
    // Of a revision of the joint plan, sent at that second, and known to be there at the next one.
    let new = |revision: u64, goals: &[&str]| PlanPart {
        revision,
        update_time: Some(at(i64::try_from(revision).unwrap() + 1)),
        ..said("S-1", goals)
    };
    let kept = |before: Vec<PlanPart>, one: PlanPart, said: [Option<&PlanPart>; 2]| {
        let (mut all, sent) = (before, at(i64::try_from(one.revision).unwrap()));
        keep_held(&mut all, one, sent, said);
        all
    };
    let (last, other) = (said("S-1", &["g1"]), said("S-1", &["g2"]));
    let (five, six) = (new(5, &["g5"]), new(6, &["g6"]));
    assert_eq!(kept(vec![], five.clone(), [Some(&last), Some(&last)]), std::slice::from_ref(&five));
    assert_eq!(kept(vec![five.clone()], six.clone(), [None, None]), std::slice::from_ref(&six));
    let late = PlanPart { update_time: Some(at(9)), ..five.clone() };
    assert_eq!(kept(vec![six.clone()], late, [None, None]), [six], "which was later, whenever that is known");
    assert!(kept(vec![], five.clone(), [Some(&last), Some(&other)]).is_empty(), "it spoke in between");
    let then = |seconds| PlanPart { update_time: Some(at(seconds)), ..said("S-1", &["g2"]) };
    let (before, between) = (then(4), then(5));
    assert_eq!(
        kept(vec![], five.clone(), [Some(&last), Some(&before)]),
        std::slice::from_ref(&five),
        "and says when"
    );
    assert!(kept(vec![], five.clone(), [Some(&last), Some(&between)]).is_empty(), "when it was under way");
    assert!(kept(vec![five], new(6, &["g1"]), [Some(&last); 2]).is_empty(), "as it has said itself");
}

#[test]
fn neither_a_repetition_nor_an_overtaken_word_comes_after() {
    let word = |seconds: Option<i64>, goals: &[&str]| PlanPart {
        update_time: seconds.map(at),
        ..said("S-1", goals)
    };
    let (last, held) = (word(Some(3), &["g1"]), word(Some(5), &["g1", "g2"]));
    assert!(!comes_after(&last, &last, &held));
    assert!(!comes_after(&word(Some(4), &["g1"]), &last, &held));
    assert!(comes_after(&word(Some(5), &["g1"]), &last, &held));
    assert!(comes_after(&word(None, &["g1"]), &last, &held), "another word that does not say when");
}
