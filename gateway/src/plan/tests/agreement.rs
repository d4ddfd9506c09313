//! Does what was accepted and acknowledged stand for that alone?

use polku_proto::CategorySet;
use polku_proto::v1::{ActionState, DataCategory, GoalState, Plan, PlanAction, PlanPart, PlanState};
use prost_types::Timestamp;

use super::any::{action, goal, meeting, need, part, plan};
use crate::plan::{Agreement, Reader, YOUTH, acknowledge, commit, view};

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

const HOUSING: CategorySet = CategorySet::of(&[DataCategory::Housing]);
const JOINT: CategorySet = CategorySet::of(&[DataCategory::JointPlan]);

/// A plan to which employment services have committed one action, and what is agreed of it.
struct Case {
    plan: Plan,
    agreement: Agreement,
}

fn sample() -> Plan {
    let mut te = part("te");
    te.needs = vec![need("n1", "a flat")];
    te.goals = vec![goal("g1", "a flat of one's own")];
    te.goals[0].needs = vec![String::from("n1")];
    te.actions = vec![action("a1", "apply")];
    let mut youth = part(YOUTH);
    youth.actions = vec![action("a1", "call the office")];
    let parties = vec![String::from("ohjaamo"), String::from("te")];
    let mut plan = Plan { parties, ..plan(vec![youth, te]) };
    commit(None, &mut plan);
    plan
}

impl Case {
    fn new() -> Case {
        Case { plan: sample(), agreement: Agreement::default() }
    }

    /// With everything agreed at the second instant.
    fn agreed() -> Case {
        let mut case = Case::new();
        case.stand(1);
        case.accept(2);
        case
    }

    fn change(&mut self, change: impl FnOnce(&mut PlanPart)) {
        let before = self.plan.clone();
        change(self.plan.sections[1].part.as_mut().unwrap());
        commit(Some(&before), &mut self.plan);
        self.agreement.follow(&self.plan);
    }

    fn stand(&mut self, time: i64) {
        let seen = self.plan.clone();
        assert!(acknowledge(&mut self.plan, "te", &seen, at(time)));
        self.agreement.follow(&self.plan);
    }

    /// By one who sees no more than this.
    fn stand_by(&mut self, actions: Vec<PlanAction>, time: i64) {
        let seen = plan(vec![PlanPart { actions, ..part("te") }]);
        assert!(acknowledge(&mut self.plan, "te", &seen, at(time)));
    }

    fn accept(&mut self, time: i64) {
        self.plan.accept_time.get_or_insert(at(time));
        self.agreement.accept(&self.plan, |_| CategorySet::ALL).unwrap();
        self.agreement.follow(&self.plan);
    }

    /// As one who may be told this records it.
    fn accept_as(&mut self, told: CategorySet, time: i64) {
        self.plan.accept_time.get_or_insert(at(time));
        let seen = view(&self.plan, |_| told, Reader::Agency("ohjaamo"));
        self.agreement.accept(&seen, |_| told).unwrap();
        self.agreement.follow(&self.plan);
    }

    /// What it is for who may be told this, and whether it is what was accepted.
    fn told(&self, told: CategorySet) -> (PlanState, bool) {
        let mut seen = view(&self.plan, |_| told, Reader::YoungPerson);
        self.agreement.mark(&mut seen, |_| told);
        (seen.state(), seen.changed_since_acceptance)
    }

    fn state(&self) -> PlanState {
        self.agreement.state(&self.plan, |_| CategorySet::ALL)
    }

    /// Ids of what was undertaken, with when it was acknowledged.
    fn commitments(&self) -> Vec<(&str, Option<i64>)> {
        let all = self.plan.sections[1].commitments.iter();
        all.map(|one| (one.action.as_str(), one.acknowledge_time.map(|time| time.seconds))).collect()
    }
}

fn housing(id: &str) -> PlanAction {
    PlanAction { category: DataCategory::Housing.into(), ..action(id, "visit") }
}

#[test]
fn a_plan_is_active_when_all_of_it_is_agreed() {
    let mut case = Case::new();
    assert_eq!((case.state(), case.commitments()), (PlanState::Draft, vec![("a1", None)]));
    assert!(case.plan.sections[0].commitments.is_empty(), "the young person accepts what is their own");
    case.accept(1);
    assert_eq!(case.state(), PlanState::Draft, "not acknowledged");
    case.stand(2);
    assert_eq!((case.state(), case.commitments()), (PlanState::Active, vec![("a1", Some(2))]));
    assert_eq!(Case::agreed().state(), PlanState::Active, "in whatever order");
    for ended in [PlanState::OnHold, PlanState::Completed, PlanState::Revoked, PlanState::EnteredInError] {
        case.plan.state = ended.into();
        assert_eq!(case.state(), ended);
    }
}

#[test]
fn what_a_party_has_not_acknowledged_before_it_left_holds_nothing_up() {
    let mut case = Case::new();
    case.accept(1);
    assert_eq!(case.state(), PlanState::Draft);
    case.plan.parties.retain(|party| party != "te");
    commit(Some(&case.plan.clone()), &mut case.plan);
    case.agreement.follow(&case.plan);
    assert_eq!((case.state(), case.commitments()), (PlanState::Active, vec![("a1", None)]));
}

#[test]
fn what_a_party_provides_in_the_young_persons_section_is_its_commitment() {
    let mut case = Case::new();
    let mut provided = |provider: &str| {
        let before = case.plan.clone();
        let action = &mut case.plan.sections[0].part.as_mut().unwrap().actions[0];
        provider.clone_into(&mut action.provider);
        commit(Some(&before), &mut case.plan);
        case.plan.sections[0].commitments.len()
    };
    assert_eq!(
        ["kela", "Kaverit", "te", ""].map(&mut provided),
        [0, 0, 1, 0],
        "a party alone commits itself"
    );
    provided("te");
    case.stand_by(vec![action("a1", "apply")], 1);
    case.accept(1);
    assert_eq!(case.state(), PlanState::Draft, "of the young person's it has not seen it");
    let seen = case.plan.clone();
    assert!(!acknowledge(&mut case.plan, "ohjaamo", &seen, at(2)), "another's");
    case.stand(2);
    assert_eq!(case.state(), PlanState::Active);
    // Who is told of no other word of the provider is not told that it is a party.
    let promises = |reader: Reader<'_>, told: fn(&str) -> CategorySet| {
        view(&case.plan, told, reader).sections[0].commitments.len()
    };
    let all = |_: &str| CategorySet::ALL;
    let own = |owner: &str| if owner == "te" { CategorySet::EMPTY } else { CategorySet::ALL };
    assert_eq!(promises(Reader::Agency("kela"), all), 1);
    assert_eq!(promises(Reader::Agency("kela"), own), 0);
    assert_eq!(promises(Reader::Agency("te"), own), 1);
    assert_eq!(promises(Reader::Agency("ohjaamo"), own), 1);
    assert_eq!(promises(Reader::YoungPerson, own), 1);
}

#[test]
fn a_draft_that_changes_is_accepted_and_acknowledged_anew() {
    let edits: [fn(&mut PlanPart); 3] = [
        |part| part.actions[0].text.push('!'),
        |part| part.actions = vec![action("a2", "visit")],
        |part| part.actions.push(housing("a2")),
    ];
    for edit in edits {
        let mut case = Case::new();
        case.accept(1);
        case.change(edit);
        assert_eq!(case.state(), PlanState::Draft);
        case.stand(2);
        assert_eq!(case.state(), PlanState::Draft, "not accepted");
        case.accept(3);
        assert_eq!((case.state(), case.plan.accept_time), (PlanState::Active, Some(at(1))));
    }
    // Nothing is left that anybody would have to stand by.
    let mut case = Case::new();
    case.accept(1);
    case.change(|part| part.actions.clear());
    case.accept(2);
    assert_eq!(case.state(), PlanState::Active);
}

#[test]
fn what_is_undertaken_later_is_acknowledged_by_itself_and_stops_nothing() {
    let mut case = Case::agreed();
    case.change(|part| part.actions.push(action("a2", "visit")));
    let both = vec![("a1", Some(1)), ("a2", None)];
    assert_eq!((case.state(), case.commitments()), (PlanState::Active, both.clone()));
    case.accept(3);
    assert_eq!((case.state(), case.commitments()), (PlanState::Active, both));
    case.stand(4);
    assert_eq!(case.commitments(), [("a1", Some(1)), ("a2", Some(4))]);
}

#[test]
fn what_a_reader_does_not_see_holds_nothing_up_for_it() {
    let mut case = Case::new();
    case.change(|part| part.actions.push(housing("a2")));
    let states = |case: &Case| [JOINT, HOUSING].map(|told| case.agreement.state(&case.plan, |_| told));
    case.stand_by(vec![action("a1", "apply")], 1);
    case.accept(2);
    assert_eq!(states(&case), [PlanState::Active, PlanState::Draft]);
    assert_eq!(case.state(), PlanState::Draft);
    // What one sees active stays so, whatever changes; nor does another's acceptance turn it back.
    case.change(|part| part.actions.push(action("a3", "write")));
    case.accept(3);
    assert_eq!(states(&case), [PlanState::Active, PlanState::Draft]);
    case.change(|part| part.actions[1].text.push('!'));
    assert_eq!(states(&case), [PlanState::Active, PlanState::Draft]);
    // Each is complete at a moment of its own, and the whole at none.
    case.stand_by(vec![housing("a2")], 4);
    case.accept(4);
    assert_eq!(states(&case), [PlanState::Active, PlanState::Active]);
    assert_eq!(case.state(), PlanState::Draft);
    case.stand(5);
    assert_eq!(case.state(), PlanState::Active);
}

/// A need of housing that a goal which everybody is told of leads to, and an action for it that leads to a goal of housing.
fn with_housing() -> Case {
    let mut case = Case::new();
    case.change(|part| {
        part.needs[0].category = DataCategory::Housing.into();
        part.goals.push(goal("g2", "a home"));
        part.goals[1].category = DataCategory::Housing.into();
        part.actions[0].goal = String::from("g2");
        part.actions.push(PlanAction { goal: String::from("g1"), ..housing("a2") });
        part.background.get_or_insert_default().housing.push_str("with a friend");
        part.background.get_or_insert_default().joint_plan.push_str("since May");
    });
    case.stand(1);
    case
}

#[test]
fn what_whoever_recorded_it_did_not_see_is_not_accepted() {
    let (active, draft) = (PlanState::Active, PlanState::Draft);
    let mut case = with_housing();
    case.accept_as(JOINT, 2);
    assert_eq!(case.told(JOINT), (active, false), "to whom there is nothing more");
    let both = JOINT.union(HOUSING);
    assert_eq!([both, CategorySet::ALL].map(|told| case.told(told)), [(draft, true); 2]);
    case.accept_as(JOINT, 3);
    assert_eq!(case.told(CategorySet::ALL), (draft, true), "however often");
    case.accept(4);
    assert_eq!([JOINT, both, CategorySet::ALL].map(|told| case.told(told)), [(active, false); 3]);
    // Those who see a part each have seen all of it together.
    let mut case = with_housing();
    case.accept_as(JOINT, 2);
    case.accept_as(HOUSING, 3);
    assert_eq!(case.state(), active);
    assert_eq!(case.told(JOINT), (active, false));
}

#[test]
fn what_was_accepted_before_stays_so_when_it_is_not_seen() {
    let edits: [fn(&mut PlanPart); 4] = [
        |part| part.goals[0].text.push('!'),
        |part| part.actions[0].text.push('!'),
        |part| part.background.get_or_insert_default().joint_plan.push('!'),
        // What was of housing is told to more now.
        |part| part.needs[0].category = DataCategory::JointPlan.into(),
    ];
    for edit in edits {
        let mut case = with_housing();
        case.accept(2);
        case.change(edit);
        assert_eq!([JOINT, CategorySet::ALL].map(|told| case.told(told).1), [true; 2]);
        case.accept_as(JOINT, 3);
        let all = [JOINT, JOINT.union(HOUSING), CategorySet::ALL].map(|told| case.told(told));
        assert_eq!(all, [(PlanState::Active, false); 3]);
    }
    let hidden: [fn(&mut PlanPart); 6] = [
        |part| part.needs[0].text.push('!'),
        |part| part.goals[0].needs.clear(),
        |part| part.goals[1].text.push('!'),
        |part| part.actions[0].goal.clear(),
        |part| part.actions[1].text.push('!'),
        |part| part.background.get_or_insert_default().housing.push('!'),
    ];
    for edit in hidden {
        let mut case = with_housing();
        case.accept(2);
        case.change(edit);
        case.accept_as(JOINT, 3);
        assert_eq!(case.told(JOINT), (PlanState::Active, false));
        assert_eq!(case.told(CategorySet::ALL), (PlanState::Active, true));
    }
}

#[test]
fn what_was_changed_since_is_to_be_acknowledged_again() {
    let acknowledged = |edit: fn(&mut PlanPart)| {
        let mut case = Case::agreed();
        case.change(edit);
        assert_eq!(case.state(), PlanState::Active);
        case.commitments().first().map(|(_, time)| time.is_some())
    };
    for edit in [
        (|part| part.actions[0].text.push('!')) as fn(&mut PlanPart),
        |part| part.actions[0].provider.push('!'),
        |part| part.actions[0].ptv_service.push('!'),
        |part| part.actions[0].start = String::from("2027-01-01"),
        |part| part.actions[0].category = DataCategory::Housing.into(),
    ] {
        assert_eq!(acknowledged(edit), Some(false));
    }
    for edit in [
        (|part| part.actions[0].goal = String::from("g1")) as fn(&mut PlanPart),
        |part| {
            part.actions[0].state = ActionState::InProgress.into();
            part.actions[0].start = String::from("2027-01-01");
        },
        |part| part.goals.clear(),
    ] {
        assert_eq!(acknowledged(edit), Some(true));
    }
    assert_eq!(acknowledged(|part| part.actions[0].state = ActionState::Dropped.into()), None);
    assert_eq!(acknowledged(|part| part.actions.clear()), None);
    // Back to what it was is a change as well.
    let mut case = Case::new();
    case.stand(1);
    case.change(|part| part.actions[0].text.push('!'));
    case.change(|part| part.actions[0].text = String::from("apply"));
    case.accept(2);
    assert_eq!((case.state(), case.commitments()), (PlanState::Draft, vec![("a1", None)]));
}

#[test]
fn only_what_was_seen_is_acknowledged() {
    let mut case = Case::new();
    case.change(|part| part.actions.push(action("a2", "visit")));
    case.stand_by(vec![action("a2", "visit")], 1);
    assert_eq!(case.commitments(), [("a1", None), ("a2", Some(1))]);
}

/// What a reader who may be told this sees changed after the edit: of the plan, of the section.
fn marked(told: CategorySet, edit: impl FnOnce(&mut PlanPart)) -> (bool, bool) {
    let mut plan = sample();
    let mut agreement = Agreement::default();
    agreement.accept(&plan, |_| CategorySet::ALL).unwrap();
    plan.accept_time = Some(at(1));
    edit(plan.sections[1].part.as_mut().unwrap());
    let mut seen = view(&plan, |_| told, Reader::Agency("te"));
    agreement.mark(&mut seen, |_| told);
    let section = seen.sections.iter().find(|section| section.part.as_ref().unwrap().owner == "te");
    (seen.changed_since_acceptance, section.is_some_and(|section| section.changed_since_acceptance))
}

#[test]
fn what_is_other_than_what_was_accepted_is_marked() {
    for edit in [
        (|part| part.needs[0].text.push('!')) as fn(&mut PlanPart),
        |part| part.goals[0].due = String::from("2027-01-01"),
        |part| part.goals[0].needs.clear(),
        |part| part.goals[0].state = GoalState::Cancelled.into(),
        |part| part.goals.push(goal("g2", "a car")),
        |part| part.actions.push(action("a2", "visit")),
        |part| part.actions[0].text.push('!'),
        |part| part.actions[0].goal = String::from("g1"),
        |part| part.actions[0].state = ActionState::Dropped.into(),
        |part| part.actions.clear(),
        |part| part.client_view.push('!'),
        |part| part.worker_view.push('!'),
        |part| part.next_review = String::from("2027-01-01"),
        |part| part.background.get_or_insert_default().reason.push('!'),
    ] {
        assert_eq!(marked(CategorySet::ALL, edit), (true, true));
    }
    for edit in [
        (|_| {}) as fn(&mut PlanPart),
        |part| part.goals[0].state = GoalState::Active.into(),
        |part| part.goals[0].achievement = 5,
        |part| {
            part.actions[0].state = ActionState::NotDone.into();
            part.actions[0].reason = String::from("ill");
            part.actions[0].end = String::from("2027-01-01");
        },
        |part| part.meetings.push(meeting("m1", "")),
        |part| part.reference.push('!'),
    ] {
        assert_eq!(marked(CategorySet::ALL, edit), (false, false));
    }
}

#[test]
fn what_is_not_told_marks_nothing() {
    let hidden = |part: &mut PlanPart| {
        part.needs.push(need("n2", "a flat"));
        part.needs[1].category = DataCategory::Housing.into();
        part.goals[0].needs.push(String::from("n2"));
        part.worker_view.push('!');
    };
    assert_eq!(marked(JOINT, hidden), (false, false));
    assert_eq!(marked(CategorySet::ALL, hidden), (true, true));
    // A section of which all is gone is a change as well.
    assert_eq!(marked(JOINT, |part| *part = super::any::part("te")), (true, true));
    let mut plan = sample();
    let mut agreement = Agreement::default();
    agreement.accept(&plan, |_| CategorySet::ALL).unwrap();
    plan.accept_time = Some(at(1));
    plan.sections.remove(1);
    agreement.mark(&mut plan, |_| CategorySet::ALL);
    assert!(plan.changed_since_acceptance && !plan.sections[0].changed_since_acceptance);
    plan.accept_time = None;
    agreement.mark(&mut plan, |_| CategorySet::ALL);
    assert!(!plan.changed_since_acceptance, "nothing was accepted");
}
