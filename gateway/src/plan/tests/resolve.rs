//! Does a decision do what it says, once, and to what it was made about?

use polku_proto::CategorySet;
use polku_proto::v1::{ActionState, GoalState, MeetingState, PlanPart, PlanState};

use super::any::{NOW, action, goal, meeting, merge, part, resolve};
use crate::plan::{Choice, Clash, ResolveError, YOUTH};

fn sample() -> PlanPart {
    let mut part = part("te");
    part.goals = vec![goal("g1", "work"), goal("g2", "rest")];
    part.actions = vec![action("a1", "apply")];
    part.next_review = String::from("2026-03-01");
    part
}

/// What is stored after two changes, and their one clash.
fn clash(ours: impl FnOnce(&mut PlanPart), theirs: impl FnOnce(&mut PlanPart)) -> (PlanPart, Clash) {
    let (mut one, mut other) = (sample(), sample());
    ours(&mut one);
    theirs(&mut other);
    let mut merged = merge(&sample(), &one, &other, CategorySet::ALL);
    assert_eq!(merged.clashes.len(), 1);
    (merged.part, merged.clashes.remove(0))
}

#[test]
fn a_field_becomes_what_was_chosen() {
    let (stored, clash) = clash(
        |part| part.goals[0].text = String::from("kitchen"),
        |part| part.goals[0].text = String::from("garden"),
    );
    fn text(stored: &PlanPart, clash: &Clash, choice: Choice<'_>) -> Result<String, ResolveError> {
        resolve(stored, clash, choice).map(|part| part.goals[0].text.clone())
    }
    assert_eq!(text(&stored, &clash, Choice::Theirs), Ok(String::from("garden")));
    assert_eq!(text(&stored, &clash, Choice::Ours), Ok(String::from("kitchen")));
    let mut other = part("te");
    other.goals = vec![goal("g1", "kitchen garden")];
    assert_eq!(text(&stored, &clash, Choice::Other(&other)), Ok(String::from("kitchen garden")));
    other.goals[0].id = String::from("g2");
    assert_eq!(text(&stored, &clash, Choice::Other(&other)), Err(ResolveError::OtherItem));
}

#[test]
fn a_decision_changes_one_place_alone() {
    let (mut stored, clash) = clash(
        |part| part.goals[0].text = String::from("kitchen"),
        |part| part.goals[0].text = String::from("garden"),
    );
    stored.goals[0].due = String::from("2026-09-01");
    stored.client_view = String::from("newer");
    let resolved = resolve(&stored, &clash, Choice::Ours).unwrap();
    let mut expected = stored.clone();
    expected.goals[0].text = String::from("kitchen");
    assert!(resolved == expected);
}

#[test]
fn what_has_changed_since_is_not_overwritten() {
    let (stored, clash) = clash(
        |part| part.next_review = String::from("2026-04-01"),
        |part| part.next_review = String::from("2026-05-01"),
    );
    let resolved = resolve(&stored, &clash, Choice::Ours).unwrap();
    assert_eq!(resolved.next_review, "2026-04-01");
    for choice in [Choice::Theirs, Choice::Ours] {
        assert_eq!(resolve(&resolved, &clash, choice), Err(ResolveError::Newer));
    }
}

/// What has ended does not go on because somebody clashes with themselves.
#[test]
fn a_decision_takes_no_state_back() {
    use ActionState::{Agreed, Done, Dropped, InProgress, NotDone, Proposed};
    let moved = |from: ActionState, ours: ActionState, theirs: ActionState| {
        let with = |state: ActionState| {
            let mut part = sample();
            part.actions[0].state = state.into();
            part.actions[0].reason = String::from("ill");
            part
        };
        let mut merged = merge(&with(from), &with(ours), &with(theirs), CategorySet::ALL);
        (with, merged.part.clone(), merged.clashes.remove(0))
    };
    for (from, ours, theirs, expected) in [
        (Agreed, NotDone, Done, true),
        (Agreed, InProgress, Done, false),
        (Proposed, Agreed, Done, false),
        (Proposed, Done, Agreed, true),
        (Proposed, Agreed, InProgress, false),
        (Agreed, Dropped, InProgress, true),
    ] {
        let (_, stored, clash) = moved(from, ours, theirs);
        assert_eq!(clash.path, "actions/a1/state");
        let outcome = resolve(&stored, &clash, Choice::Ours).map(|part| part.actions[0].state());
        let expected = if expected { Ok(ours) } else { Err(ResolveError::Transition) };
        assert_eq!(outcome, expected, "{theirs:?} becomes {ours:?}");
    }
    // What is stated anew follows what is stored, step by step.
    for (theirs, other, expected) in [
        (Done, Proposed, false),
        (Done, NotDone, false),
        (Done, Done, true),
        (InProgress, NotDone, true),
        (InProgress, Proposed, false),
    ] {
        let (with, stored, clash) = moved(Agreed, Dropped, theirs);
        let outcome =
            resolve(&stored, &clash, Choice::Other(&with(other))).map(|part| part.actions[0].state());
        let expected = if expected { Ok(other) } else { Err(ResolveError::Transition) };
        assert_eq!(outcome, expected, "{theirs:?} becomes {other:?}");
    }
    // Also not as a whole: both have added it, and one of them has carried it out since.
    let with = |state: ActionState| {
        let mut part = sample();
        part.actions.push(action("a2", "visit"));
        part.actions[1].state = state.into();
        part
    };
    let mut merged = merge(&sample(), &with(Proposed), &with(Done), CategorySet::ALL);
    let whole = merged.clashes.remove(0);
    assert_eq!(whole.path, "actions/a2");
    let mut only = part("te");
    only.actions = vec![with(Proposed).actions.remove(1)];
    for choice in [Choice::Ours, Choice::Other(&only)] {
        assert_eq!(resolve(&merged.part, &whole, choice), Err(ResolveError::Transition));
    }
    // Goals and the section itself.
    let with = |state: GoalState| {
        let mut part = sample();
        part.goals[0].state = state.into();
        part
    };
    let active = with(GoalState::Active);
    let mut merged = merge(&active, &with(GoalState::OnHold), &with(GoalState::Completed), CategorySet::ALL);
    let clash = merged.clashes.remove(0);
    let other = with(GoalState::Proposed);
    for choice in [Choice::Ours, Choice::Other(&other)] {
        assert_eq!(resolve(&merged.part, &clash, choice), Err(ResolveError::Transition));
    }
    let with = |state: PlanState| PlanPart { state: state.into(), ..sample() };
    let (ours, theirs) = (with(PlanState::OnHold), with(PlanState::Completed));
    let mut merged = merge(&with(PlanState::Active), &ours, &theirs, CategorySet::ALL);
    let clash = merged.clashes.remove(0);
    assert_eq!(resolve(&merged.part, &clash, Choice::Ours), Err(ResolveError::Transition));
}

#[test]
fn an_item_comes_back_or_goes() {
    let (stored, removed) =
        clash(|part| part.goals[1].text.push('!'), |part| part.goals.retain(|goal| goal.id != "g2"));
    let back = resolve(&stored, &removed, Choice::Ours).unwrap();
    assert_eq!(back.goals[1].text, "rest!");

    let (stored, relied) = clash(
        |part| part.goals.retain(|goal| goal.id != "g2"),
        |part| part.actions[0].goal = String::from("g2"),
    );
    assert_eq!(stored.goals.len(), 2);
    let gone = resolve(&stored, &relied, Choice::Ours).unwrap();
    assert!(gone.goals.len() == 1 && gone.actions[0].goal.is_empty());
}

#[test]
fn a_value_that_does_not_fit_is_refused() {
    let (stored, reference) = clash(
        |part| part.actions[0].goal = String::from("g2"),
        |part| part.goals.retain(|goal| goal.id != "g2"),
    );
    assert_eq!(reference.path, "actions/a1/goal");
    assert_eq!(resolve(&stored, &reference, Choice::Ours), Err(ResolveError::Unfit));
    let mut other = part("te");
    other.actions = vec![action("a1", "apply")];
    other.actions[0].goal = String::from("g1");
    assert_eq!(resolve(&stored, &reference, Choice::Other(&other)).unwrap().actions[0].goal, "g1");

    let (stored, order) = clash(
        |part| part.actions[0].start = String::from("2026-06-01"),
        |part| {
            part.actions[0].start = String::from("2026-04-01");
            part.actions[0].end = String::from("2026-05-01");
        },
    );
    assert_eq!(resolve(&stored, &order, Choice::Ours), Err(ResolveError::Unfit));
}

#[test]
fn a_whole_item_keeps_what_did_not_clash() {
    // What binds the start comes with it; what was said otherwise meanwhile stays.
    let (stored, order) = clash(
        |part| {
            part.actions[0].start = String::from("2026-06-01");
            part.actions[0].provider = String::from("kela");
        },
        |part| {
            part.actions[0].end = String::from("2026-05-01");
            part.actions[0].text = String::from("apply in May");
        },
    );
    assert_eq!(order.path, "actions/a1");
    let action = resolve(&stored, &order, Choice::Ours).unwrap().actions.remove(0);
    let said = [&action.start, &action.end, &action.text, &action.provider].map(String::as_str);
    assert_eq!(said, ["2026-06-01", "", "apply in May", "kela"]);
    let mut other = part("te");
    other.actions = vec![super::any::action("a1", "apply in June")];
    let stated = resolve(&stored, &order, Choice::Other(&other)).unwrap();
    assert_eq!(stated.actions, other.actions, "what is stated anew is stated whole");

    let time = |seconds: i64| Some(prost_types::Timestamp { seconds: NOW.as_second() + seconds, nanos: 0 });
    let mut base = sample();
    base.meetings = vec![meeting("m1", "Kauppakatu 1")];
    base.meetings[0].time = time(-60);
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    ours.meetings[0].state = MeetingState::Held.into();
    theirs.meetings[0].time = time(3_600);
    theirs.meetings[0].place = String::from("Asemakatu 2");
    let mut merged = merge(&base, &ours, &theirs, CategorySet::ALL);
    let clash = merged.clashes.remove(0);
    let held = resolve(&merged.part, &clash, Choice::Ours).unwrap().meetings.remove(0);
    assert_eq!(
        (held.state(), held.time, held.place.as_str()),
        (MeetingState::Held, time(-60), "Asemakatu 2")
    );
}

#[test]
fn a_clash_at_no_place_is_refused() {
    let (stored, clash) = clash(
        |part| part.next_review = String::from("2026-04-01"),
        |part| part.next_review = String::from("2026-05-01"),
    );
    for path in ["", "revision", "goals/g1/id", "goals/g1/text/more", "background/identity_code", "goals/"] {
        let clash = Clash { path: path.to_owned(), ..clash.clone() };
        assert_eq!(resolve(&stored, &clash, Choice::Ours), Err(ResolveError::NoSuchPlace), "{path}");
    }
}

/// Whose word it was counts: of an action that is another's by now nobody has said how far it is.
#[test]
fn a_word_on_an_action_is_of_its_provider() {
    for (owner, is_newer) in [(YOUTH, true), ("te", false)] {
        let with = |state: ActionState, provider: &str| {
            let mut part = part(owner);
            part.actions = vec![action("a1", "apply")];
            part.actions[0].state = state.into();
            provider.clone_into(&mut part.actions[0].provider);
            part
        };
        use ActionState::{Agreed, Done, InProgress};
        let mut merged =
            merge(&with(Agreed, "te"), &with(Done, "te"), &with(InProgress, "te"), CategorySet::ALL);
        let clash = merged.clashes.remove(0);
        assert_eq!(resolve(&with(InProgress, "te"), &clash, Choice::Ours), Ok(with(Done, "te")));
        let since = resolve(&with(InProgress, "kela"), &clash, Choice::Ours);
        let expected = if is_newer { Err(ResolveError::Newer) } else { Ok(with(Done, "kela")) };
        assert_eq!(since, expected, "{owner}");
        // Nor where whoever decides has been shown that.
        let shown = Clash { theirs: with(InProgress, "kela"), ..clash.clone() };
        assert_eq!(resolve(&with(InProgress, "kela"), &shown, Choice::Ours), expected, "{owner}");
        // What has been begun since is not given to another, and does not go.
        let (base, begun) = (with(Agreed, "te"), with(InProgress, "te"));
        let at = |path: &str, ours: PlanPart| {
            let (path, base, theirs) = (path.to_owned(), base.clone(), begun.clone());
            resolve(&begun, &Clash { path, base, ours, theirs }, Choice::Ours)
        };
        // Nor is what another has under way by now.
        let theirs = with(InProgress, "social");
        let (path, base) = ("actions/a1/provider".to_owned(), begun.clone());
        let taken = Clash { path, base, ours: with(InProgress, "kela"), theirs: theirs.clone() };
        let expected = if is_newer { Err(ResolveError::Newer) } else { Ok(with(InProgress, "kela")) };
        assert_eq!(resolve(&theirs, &taken, Choice::Ours), expected, "{owner}");
        for outcome in [at("actions/a1/provider", with(Agreed, "kela")), at("actions/a1", part(owner))] {
            assert_eq!(outcome.is_err_and(|error| error == ResolveError::Newer), is_newer, "{owner}");
        }
    }
}
