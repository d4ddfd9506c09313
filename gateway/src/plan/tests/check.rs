//! Is every change refused that should be, with the right reason at the right place?

use std::sync::LazyLock;

use jiff::Timestamp;
use polku_proto::CategorySet;
use polku_proto::v1::{ActionState, DataCategory, GoalState, MeetingState, PlanPart, PlanState};

use super::any::{action, goal, meeting, need, part};
use crate::plan::{Edit, EditError, Editor, Fault, Origin, UsedIds, YOUTH, check, check_stored};

pub(super) const TOLD: CategorySet = CategorySet::of(&[DataCategory::JointPlan, DataCategory::GuidanceNotes]);
pub(super) static NONE_USED: LazyLock<UsedIds> = LazyLock::new(UsedIds::default);
static PARTIES: LazyLock<Vec<String>> = LazyLock::new(|| ["te", "kela"].map(String::from).to_vec());

pub(super) fn other() -> Editor<'static> {
    Editor::OtherParty("te")
}

/// The parties beside the editor.
fn others(editor: Editor<'_>) -> &'static [String] {
    PARTIES.get(usize::from(editor == other())..).unwrap_or_default()
}

/// Who is told everything of a section that they hold, and a little of another.
pub(super) fn told(editor: Editor<'_>) -> CategorySet {
    match editor {
        Editor::OtherParty(_) => TOLD,
        Editor::Owner | Editor::Coordinator | Editor::YoungPerson => CategorySet::ALL,
    }
}

pub(super) fn sample(owner: &str) -> PlanPart {
    let mut part = part(owner);
    part.needs = vec![need("n1", "a flat")];
    part.goals = vec![goal("g1", "a flat of one's own")];
    part.goals[0].needs = vec![String::from("n1")];
    part.actions = vec![action("a1", "apply")];
    part.actions[0].goal = String::from("g1");
    part
}

pub(super) fn edited(
    editor: Editor<'_>,
    origin: Origin,
    owner: &str,
    change: impl FnOnce(&mut PlanPart),
) -> Result<(), EditError> {
    let told = told(editor);
    edited_from(&sample(owner), editor, origin, (told, told), change)
}

/// By who is told so much of a section, and whose fellows are.
pub(super) fn edited_from(
    base: &PlanPart,
    editor: Editor<'_>,
    origin: Origin,
    (told, fellows_told): (CategorySet, CategorySet),
    change: impl FnOnce(&mut PlanPart),
) -> Result<(), EditError> {
    let mut ours = base.clone();
    change(&mut ours);
    // Nobody has changed it since it was read.
    let (stored, used, now) = (base, &*NONE_USED, Timestamp::UNIX_EPOCH);
    let others = others(editor);
    check(&Edit { editor, origin, told, fellows_told, others, base, ours: &ours, stored, used, now })
}

/// By another party, over what others have changed since it was read.
pub(super) fn edited_over(
    (base, ours, stored): (&PlanPart, &PlanPart, &PlanPart),
    used: &UsedIds,
    told: CategorySet,
) -> Result<(), EditError> {
    let (editor, origin, now) = (other(), Origin::Call, Timestamp::UNIX_EPOCH);
    let (fellows_told, others) = (told, others(editor));
    check(&Edit { editor, origin, told, fellows_told, others, base, ours, stored, used, now })
}

pub(super) fn own(change: impl FnOnce(&mut PlanPart)) -> Result<(), EditError> {
    edited(Editor::Owner, Origin::Call, "te", change)
}

#[track_caller]
pub(super) fn assert_refused(outcome: Result<(), EditError>, fault: Fault, path: &str) {
    let error = outcome.unwrap_err();
    assert_eq!((error.fault, error.path.as_str()), (fault, path));
}

#[test]
fn the_owner_changes_its_section() {
    assert_eq!(
        own(|part| {
            part.needs.push(need("n2", "money"));
            part.goals[0].needs.push(String::from("n2"));
            part.actions[0].state = ActionState::InProgress.into();
            part.actions[0].start = String::from("2028-02-29");
            part.actions[0].end = String::from("2028-02-29");
        }),
        Ok(())
    );
    assert_eq!(own(|part| *part = super::any::part("te")), Ok(()), "everything is removed");
}

#[test]
fn a_section_is_its_owners_to_change() {
    for editor in [Editor::Coordinator, Editor::YoungPerson, other()] {
        assert_eq!(edited(editor, Origin::Call, "kela", |_| {}), Ok(()), "nothing is changed");
        assert_refused(
            edited(editor, Origin::Call, "kela", |part| part.goals[0].text.push('!')),
            Fault::NotOwned,
            "sections[kela].goals[g1].text",
        );
    }
    assert_eq!(Fault::NotOwned.reason(), "PLAN_ITEM_NOT_OWNED");
}

#[test]
fn the_young_persons_section_is_changed_together() {
    for editor in [Editor::Coordinator, Editor::YoungPerson] {
        let outcome = edited(editor, Origin::Call, YOUTH, |part| {
            part.client_view = String::from("I want to paint");
            part.actions[0].state = ActionState::Done.into();
        });
        assert_eq!(outcome, Ok(()));
    }
    let by_other = |change: fn(&mut PlanPart)| edited(other(), Origin::Call, YOUTH, change);
    assert_eq!(
        by_other(|part| {
            part.goals[0].text.push('!');
            part.needs.push(need("te:n2", "money"));
            part.worker_view = String::from("on the way");
        }),
        Ok(())
    );
    for (change, fault, path) in [
        (
            (|part| part.client_view = String::from("words")) as fn(&mut PlanPart),
            Fault::NotOwned,
            "sections[youth].client_view",
        ),
        (|part| part.actions[0].state = 4, Fault::NotOwned, "sections[youth].actions[a1].state"),
        (|part| part.state = 2, Fault::NotOwned, "sections[youth].state"),
        (|part| part.actions[0].goal.clear(), Fault::NotOwned, "sections[youth].actions[a1].goal"),
        (|part| part.actions.clear(), Fault::NotOwned, "sections[youth].actions[a1]"),
        (|part| part.needs.push(need("n2", "money")), Fault::Invalid, "sections[youth].needs[n2]"),
        (|part| part.needs.push(need("te:", "money")), Fault::Invalid, "sections[youth].needs[te:]"),
        (
            |part| part.needs[0].category = DataCategory::Housing.into(),
            Fault::NotTold,
            "sections[youth].needs[n1].category",
        ),
        (
            |part| part.meetings.push(meeting("te:m1", "Kauppakatu 1")),
            Fault::NotTold,
            "sections[youth].meetings[te:m1]",
        ),
    ] {
        assert_refused(by_other(change), fault, path);
    }
    // Who may not move its state may not end it either.
    let all = (CategorySet::ALL, CategorySet::ALL);
    let removed = edited_from(&sample(YOUTH), other(), Origin::Call, all, |part| part.actions.clear());
    assert_refused(removed, Fault::NotOwned, "sections[youth].actions[a1]");
    for editor in [Editor::Coordinator, Editor::YoungPerson] {
        assert_eq!(edited(editor, Origin::Call, YOUTH, |part| part.actions.clear()), Ok(()));
    }
}

/// consent.md 3.4: the young person owns goals. What a party has added is its own to end and to take back.
#[test]
fn what_others_have_added_is_not_a_partys_to_end() {
    let mut base = sample(YOUTH);
    for author in ["te", "kela"] {
        base.needs.push(need(&format!("{author}:n1"), "money"));
        base.goals.push(goal(&format!("{author}:g1"), "a job"));
        base.meetings.push(meeting(&format!("{author}:m1"), ""));
    }
    base.meetings.push(meeting("m1", ""));
    type Change = fn(&mut PlanPart, &str);
    let changes: [(&str, Change); 4] = [
        ("needs[]", |part, id| {
            part.goals.iter_mut().for_each(|goal| goal.needs.clear());
            part.needs.retain(|need| need.id != id);
        }),
        ("goals[]", |part, id| {
            part.actions.iter_mut().for_each(|action| action.goal.clear());
            part.goals.retain(|goal| goal.id != id);
        }),
        ("meetings[]", |part, id| part.meetings.retain(|meeting| meeting.id != id)),
        ("goals[].state", |part, id| {
            part.goals
                .iter_mut()
                .filter(|goal| goal.id == id)
                .for_each(|goal| goal.state = GoalState::Active.into());
        }),
    ];
    for (place, change) in changes {
        let letter = place.chars().next().unwrap();
        for author in ["", "te:", "kela:"] {
            let id = format!("{author}{letter}1");
            let all = (CategorySet::ALL, CategorySet::ALL);
            let by = |editor| edited_from(&base, editor, Origin::Call, all, |part| change(part, &id));
            for editor in [Editor::Coordinator, Editor::YoungPerson] {
                assert_eq!(by(editor), Ok(()), "{place} {id}");
            }
            if author == "te:" {
                assert_eq!(by(other()), Ok(()), "{place} {id}");
            } else {
                let path = format!("sections[youth].{}", place.replace("[]", &format!("[{id}]")));
                assert_refused(by(other()), Fault::NotOwned, &path);
            }
        }
    }
    // Something that is hidden may refer to it, also to what is its own.
    let removed = edited_from(&base, other(), Origin::Call, (TOLD, TOLD), |part| {
        part.needs.retain(|need| need.id != "te:n1");
    });
    assert_refused(removed, Fault::NotOwned, "sections[youth].needs[te:n1]");
}

/// Neither a refusal nor a clash tells somebody who sees less of a section than their colleagues what is in it.
#[test]
fn who_sees_less_than_the_others_writes_what_they_see() {
    const UUID: &str = "0194f7a2-5b1c-7d43-9e8f-102030405060";
    for (editor, owner) in [(Editor::Owner, "te"), (Editor::Coordinator, YOUTH), (Editor::YoungPerson, YOUTH)]
    {
        let by = |change: fn(&mut PlanPart)| {
            edited_from(&sample(owner), editor, Origin::Call, (TOLD, CategorySet::ALL), change)
        };
        assert_eq!(by(|part| part.goals[0].text.push('!')), Ok(()));
        let path = |place: &str| format!("sections[{owner}].{place}");
        let refused = by(|part| part.needs[0].category = DataCategory::Housing.into());
        assert_refused(refused, Fault::NotTold, &path("needs[n1].category"));
        let refused = by(|part| part.meetings.push(meeting("m1", "Kauppakatu 1")));
        assert_refused(refused, Fault::NotTold, &path("meetings[m1]"));
        assert_refused(by(|part| part.actions.clear()), Fault::NotOwned, &path("actions[a1]"));
        assert_refused(by(|part| part.actions[0].goal.clear()), Fault::NotOwned, &path("actions[a1].goal"));
        // That an id is taken would tell that there is something.
        assert_refused(by(|part| part.needs.push(need("n2", "money"))), Fault::Invalid, &path("needs[n2]"));
        assert_eq!(by(|part| part.needs.push(need(UUID, "money"))), Ok(()));
    }
    // A party, in a role that is told less than the party is.
    let by = |fellows_told: CategorySet, id: &str| {
        edited_from(&sample(YOUTH), other(), Origin::Call, (TOLD, fellows_told), |part| {
            part.needs.push(need(id, "money"));
        })
    };
    let more = TOLD.union(CategorySet::of(&[DataCategory::Housing]));
    assert_refused(by(more, "te:n2"), Fault::Invalid, "sections[youth].needs[te:n2]");
    assert_eq!(by(more, &format!("te:{UUID}")), Ok(()));
    assert_eq!(by(TOLD, "te:n2"), Ok(()));
}

/// An id that the own agency knows tells nothing either: whether its item was removed, is hidden by now, or is of another
/// category since.
#[test]
fn an_id_is_used_once_by_who_does_not_see_everything() {
    const HIDDEN: i32 = DataCategory::Housing as i32;
    let base = sample(YOUTH);
    let mut with = base.clone();
    with.needs.push(need("te:n2", "money"));
    let mut hidden = with.clone();
    hidden.needs[1].category = HIDDEN;
    let mut removed = UsedIds::default();
    removed.note(&with, &base);
    let mut gone_when_hidden = UsedIds::default();
    gone_when_hidden.note(&hidden, &base);
    let added = |stored: &PlanPart, used: &UsedIds, told: CategorySet, id: &str| {
        let mut ours = base.clone();
        ours.needs.push(need(id, "money"));
        edited_over((&base, &ours, stored), used, told)
    };
    let refusals = [(&base, &removed), (&base, &gone_when_hidden), (&hidden, &*NONE_USED)]
        .map(|(stored, used)| added(stored, used, TOLD, "te:n2").unwrap_err());
    assert_refused(Err(refusals[0].clone()), Fault::Duplicate, "sections[youth].needs[te:n2]");
    assert_eq!([&refusals[1], &refusals[2]], [&refusals[0]; 2]);
    assert_eq!(added(&base, &removed, TOLD, "te:n3"), Ok(()));
    assert_eq!(added(&with, &NONE_USED, TOLD, "te:n2"), Ok(()), "what it sees clashes");
    assert_eq!(added(&base, &removed, CategorySet::ALL, "te:n2"), Ok(()), "nothing is hidden from it");
}

#[test]
fn states_follow_one_another() {
    let allowed = [
        (ActionState::Proposed, vec![ActionState::Agreed, ActionState::Dropped]),
        (
            ActionState::Agreed,
            vec![ActionState::InProgress, ActionState::Done, ActionState::NotDone, ActionState::Dropped],
        ),
        (ActionState::InProgress, vec![ActionState::Done, ActionState::NotDone, ActionState::Dropped]),
        (ActionState::Done, vec![]),
        (ActionState::NotDone, vec![]),
        (ActionState::Dropped, vec![]),
    ];
    for (from, next) in &allowed {
        for (to, _) in &allowed {
            let moved = |origin| {
                let mut base = sample("te");
                base.actions[0].state = (*from).into();
                base.actions[0].reason = String::from("ill");
                let mut ours = base.clone();
                ours.actions[0].state = (*to).into();
                edited_from(&base, Editor::Owner, origin, (CategorySet::ALL, CategorySet::ALL), |part| {
                    *part = ours.clone();
                })
            };
            if from == to || next.contains(to) {
                assert_eq!(moved(Origin::Call), Ok(()), "{from:?} {to:?}");
                assert_eq!(moved(Origin::Import), Ok(()), "{from:?} {to:?}");
            } else {
                assert_refused(moved(Origin::Call), Fault::Transition, "sections[te].actions[a1].state");
            }
        }
    }
    let goal = |to: GoalState| own(move |part| part.goals[0].state = to.into());
    assert_eq!(goal(GoalState::Active), Ok(()));
    assert_eq!(goal(GoalState::EnteredInError), Ok(()));
    assert_refused(goal(GoalState::Completed), Fault::Transition, "sections[te].goals[g1].state");
    let section = |to: PlanState| own(move |part| part.state = to.into());
    assert_eq!(section(PlanState::Active), Ok(()));
    assert_refused(section(PlanState::Completed), Fault::Transition, "sections[te].state");
}

#[test]
fn an_import_may_have_gone_through_states_in_between() {
    let imported = |to: GoalState| {
        edited(Editor::Owner, Origin::Import, "te", move |part| part.goals[0].state = to.into())
    };
    assert_eq!(imported(GoalState::Completed), Ok(()));
    let done = |origin| {
        edited(Editor::Owner, origin, "te", |part| {
            part.actions.push(action("a2", "call"));
            part.actions[1].state = ActionState::Done.into();
        })
    };
    assert_eq!(done(Origin::Import), Ok(()));
    assert_refused(done(Origin::Call), Fault::Transition, "sections[te].actions[a2].state");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (change, path) in [
        (
            (|part| part.actions[0].state = ActionState::NotDone.into()) as fn(&mut PlanPart),
            "sections[te].actions[a1].reason",
        ),
        (
            |part| {
                part.actions[0].start = String::from("2026-05-02");
                part.actions[0].end = String::from("2026-05-01");
            },
            "sections[te].actions[a1].end",
        ),
        (
            |part| {
                part.meetings.push(meeting("m1", ""));
                part.meetings[0].state = MeetingState::Held.into();
                part.meetings[0].time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
            },
            "sections[te].meetings[m1].time",
        ),
    ] {
        assert_refused(own(change), Fault::Invalid, path);
    }
    let held = own(|part| {
        part.meetings.push(meeting("m1", ""));
        part.meetings[0].state = MeetingState::Held.into();
        part.meetings[0].time = Some(prost_types::Timestamp { seconds: -1, nanos: 0 });
    });
    assert_eq!(held, Ok(()));
}

/// What another gateway has let in, whose clock is ahead, is judged by nobody again who changes something else.
#[test]
fn a_clock_that_is_behind_judges_what_is_new_alone() {
    let mut base = sample("te");
    base.meetings.push(meeting("m1", ""));
    base.meetings[0].state = MeetingState::Held.into();
    base.meetings[0].time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
    let all = (CategorySet::ALL, CategorySet::ALL);
    let mut ours = base.clone();
    ours.goals[0].text.push('!');
    assert_eq!(edited_from(&base, Editor::Owner, Origin::Call, all, |part| *part = ours.clone()), Ok(()));
    assert_eq!(check_stored(&base, &ours, Timestamp::UNIX_EPOCH), Ok(()));
    let path = "sections[te].meetings[m1].time";
    let stored = check_stored(&sample("te"), &ours, Timestamp::UNIX_EPOCH);
    assert_refused(stored, Fault::Invalid, path);
    ours.meetings[0].note = String::from("late");
    let changed = edited_from(&base, Editor::Owner, Origin::Call, all, |part| *part = ours.clone());
    assert_refused(changed, Fault::Invalid, path);
}

#[test]
fn references_lead_to_items_and_ids_stand_once() {
    assert_refused(
        own(|part| part.actions[0].goal = String::from("g9")),
        Fault::Dangling,
        "sections[te].actions[a1].goal",
    );
    assert_refused(
        own(|part| part.goals[0].needs.push(String::from("a1"))),
        Fault::Dangling,
        "sections[te].goals[g1].needs",
    );
    assert_refused(own(|part| part.needs.clear()), Fault::Dangling, "sections[te].goals[g1].needs");
    assert_refused(
        own(|part| part.actions.push(action("a1", "again"))),
        Fault::Duplicate,
        "sections[te].actions[a1]",
    );
}
