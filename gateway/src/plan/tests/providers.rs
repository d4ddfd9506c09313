//! Who moves an action of the young person's section, and who says whose it is?

use polku_proto::CategorySet;
use polku_proto::v1::{ActionState, PlanAction, PlanPart};

use super::any::action;
use super::check::{NONE_USED, TOLD, assert_refused, edited, edited_from, edited_over, other, sample};
use crate::plan::{Editor, Fault, Origin, YOUTH};

/// Who has undertaken it moves it; who has only written it down does not.
#[test]
fn an_action_of_the_young_persons_section_is_moved_by_its_provider() {
    let path = "sections[youth].actions[te:a2].state";
    let moved = |then: &str, now: Option<&str>| {
        let with = |provider: &str| {
            let mut part = sample(YOUTH);
            part.actions.push(PlanAction { provider: provider.to_owned(), ..action("te:a2", "visit") });
            part
        };
        let base = with(then);
        let stored = now.map_or_else(|| sample(YOUTH), with);
        let mut ours = base.clone();
        ours.actions[1].state = ActionState::InProgress.into();
        edited_over((&base, &ours, &stored), &NONE_USED, TOLD)
    };
    assert_eq!(moved("te", Some("te")), Ok(()));
    assert_eq!(moved("te", None), Ok(()), "what it does not see any more clashes");
    for (then, now) in
        [("", ""), ("kela", "kela"), ("Te", "Te"), ("te/unit", "te/unit"), ("te", "kela"), ("kela", "te")]
    {
        assert_refused(moved(then, Some(now)), Fault::NotOwned, path);
    }
    // What it adds it may undertake itself; what others have added it may not take to itself, or both in one.
    let by_other = |change: fn(&mut PlanPart)| edited(other(), Origin::Call, YOUTH, change);
    let added = by_other(|part| {
        part.actions.push(PlanAction { provider: "te".to_owned(), ..action("te:a2", "visit") });
    });
    assert_eq!(added, Ok(()));
    let taken = by_other(|part| part.actions[0].provider = "te".to_owned());
    assert_refused(taken, Fault::NotOwned, "sections[youth].actions[a1].provider");
    let both = by_other(|part| {
        part.actions[0].provider = "kela".to_owned();
        part.actions[0].state = ActionState::InProgress.into();
    });
    assert_refused(both, Fault::NotOwned, "sections[youth].actions[a1].state");
    assert_eq!(by_other(|part| part.actions[0].provider = "kela".to_owned()), Ok(()));
}

/// Nor does the young person, or the responsible worker, say for a party how far it has come.
#[test]
fn what_a_party_has_undertaken_it_moves_itself() {
    for (provider, is_moved) in
        [("", true), ("ohjaamo", true), ("Oma isä", true), ("te", false), ("kela", false)]
    {
        let mut base = sample(YOUTH);
        provider.clone_into(&mut base.actions[0].provider);
        for editor in [Editor::Coordinator, Editor::YoungPerson] {
            let all = (CategorySet::ALL, CategorySet::ALL);
            let by = |change: fn(&mut PlanPart)| edited_from(&base, editor, Origin::Call, all, change);
            let moved = by(|part| part.actions[0].state = ActionState::InProgress.into());
            if is_moved {
                assert_eq!(moved, Ok(()), "{provider}");
            } else {
                assert_refused(moved, Fault::NotOwned, "sections[youth].actions[a1].state");
            }
            let both = by(|part| {
                part.actions[0].state = ActionState::InProgress.into();
                part.actions[0].provider.clear();
            });
            assert_eq!(both.is_ok(), is_moved, "{provider}");
            assert_eq!(by(|part| part.actions[0].text.push('!')), Ok(()));
            assert_eq!(by(|part| part.actions.clear()), Ok(()));
        }
    }
}

/// What an agency has undertaken is not given to another over its head, or to nobody.
#[test]
fn a_provider_is_not_replaced_by_others() {
    let replaced = |editor: Editor<'_>, id: &str, then: &str, by: &str, state: ActionState| {
        let mut base = sample(YOUTH);
        let provider = then.to_owned();
        base.actions.push(PlanAction { provider, state: state.into(), ..action(id, "visit") });
        edited_from(&base, editor, Origin::Call, (TOLD, TOLD), |part| {
            by.clone_into(&mut part.actions[1].provider);
        })
    };
    for state in [ActionState::Proposed, ActionState::Agreed, ActionState::InProgress] {
        for id in ["a2", "te:a2"] {
            for by in ["sosiaali", "", "te"] {
                let path = format!("sections[youth].actions[{id}].provider");
                assert_refused(replaced(other(), id, "kela", by, state), Fault::NotOwned, &path);
            }
            assert_eq!(replaced(other(), id, "te", "kela", state), Ok(()), "it is the provider");
            assert_eq!(replaced(other(), id, "", "kela", state), Ok(()), "nobody is");
            for editor in [Editor::YoungPerson, Editor::Coordinator] {
                for by in ["te", "", "Oma isä"] {
                    let made = replaced(editor, id, "kela", by, state);
                    if state == ActionState::InProgress {
                        let path = format!("sections[youth].actions[{id}].provider");
                        assert_refused(made, Fault::NotOwned, &path);
                    } else {
                        assert_eq!(made, Ok(()), "what is planned is planned anew");
                    }
                }
            }
        }
    }
}

/// Nobody brings it about, in however many calls, that a party stands there as having ended what it has not.
#[test]
fn what_has_ended_is_not_given_to_a_party() {
    const PROVIDER: &str = "sections[youth].actions[a1].provider";
    let all = (CategorySet::ALL, CategorySet::ALL);
    for state in [ActionState::InProgress, ActionState::Done, ActionState::NotDone, ActionState::Dropped] {
        let mut base = sample(YOUTH);
        base.actions[0].state = state.into();
        base.actions[0].reason = String::from("ill");
        for editor in [Editor::Coordinator, Editor::YoungPerson] {
            let named = |provider: &str| {
                edited_from(&base, editor, Origin::Call, all, |part| {
                    provider.clone_into(&mut part.actions[0].provider);
                })
            };
            assert_eq!(named("Oma isä"), Ok(()), "{state:?}");
            if state == ActionState::InProgress {
                assert_eq!(named("kela"), Ok(()), "it goes on with another");
            } else {
                assert_refused(named("kela"), Fault::NotOwned, PROVIDER);
            }
        }
        "te".clone_into(&mut base.actions[0].provider);
        let handed = edited_from(&base, other(), Origin::Call, (TOLD, TOLD), |part| {
            "kela".clone_into(&mut part.actions[0].provider);
        });
        assert_eq!(handed.is_ok(), state == ActionState::InProgress, "{state:?}");
        // It was handed over as it was read, and has ended since.
        let mut read = base.clone();
        read.actions[0].state = ActionState::Agreed.into();
        let mut ours = read.clone();
        "kela".clone_into(&mut ours.actions[0].provider);
        let late = edited_over((&read, &ours, &base), &NONE_USED, TOLD);
        assert_eq!(late.is_ok(), state == ActionState::InProgress, "{state:?}");
    }
    // Nor is it moved in the same call in which another party is named.
    let both = edited(Editor::Coordinator, Origin::Call, YOUTH, |part| {
        part.actions[0].state = ActionState::InProgress.into();
        part.actions[0].provider = String::from("kela");
    });
    assert_refused(both, Fault::NotOwned, "sections[youth].actions[a1].state");
}

/// A field of an action, and a change of it.
type Changed = (&'static str, fn(&mut PlanAction));

/// When it is done, and why not, is said by who has undertaken it; and what it has begun it ends itself.
#[test]
fn the_days_of_what_a_party_has_undertaken_are_its_own() {
    const ALL: (CategorySet, CategorySet) = (CategorySet::ALL, CategorySet::ALL);
    let changes: [Changed; 3] = [
        ("start", |action| action.start = String::from("2026-09-02")),
        ("end", |action| action.end = String::from("2026-12-02")),
        ("reason", |action| action.reason = String::from("ill")),
    ];
    for state in [ActionState::Agreed, ActionState::InProgress, ActionState::Done] {
        for (provider, is_anybodys) in [("", true), ("Oma isä", true), ("kela", false)] {
            let mut base = sample(YOUTH);
            let action = &mut base.actions[0];
            provider.clone_into(&mut action.provider);
            action.state = state.into();
            for (field, change) in changes {
                for editor in [Editor::Coordinator, Editor::YoungPerson, other()] {
                    let told = if editor == other() { (TOLD, TOLD) } else { ALL };
                    let made = edited_from(&base, editor, Origin::Call, told, |part| {
                        change(&mut part.actions[0]);
                    });
                    if is_anybodys {
                        assert_eq!(made, Ok(()), "{field} {provider}");
                    } else {
                        let path = format!("sections[youth].actions[a1].{field}");
                        assert_refused(made, Fault::NotOwned, &path);
                    }
                }
            }
            let removed = edited_from(&base, Editor::Coordinator, Origin::Call, ALL, |part| {
                part.actions.clear();
            });
            let may = is_anybodys || state != ActionState::InProgress;
            assert_eq!(removed.is_ok(), may, "{state:?} {provider}");
        }
        // What is its own it changes, and who is named for it anew is named with the days.
        let mut base = sample(YOUTH);
        base.actions[0].state = state.into();
        base.actions[0].provider = String::from("te");
        for (field, change) in changes {
            let own = edited_from(&base, other(), Origin::Call, (TOLD, TOLD), |part| {
                change(&mut part.actions[0]);
            });
            assert_eq!(own, Ok(()), "{field}");
        }
        // Another has taken it over, and begun it, since it was read.
        let mut stored = base.clone();
        stored.actions[0].provider = String::from("kela");
        let mut ours = base.clone();
        ours.actions[0].end = String::from("2026-12-02");
        let late = edited_over((&base, &ours, &stored), &NONE_USED, TOLD);
        assert_refused(late, Fault::NotOwned, "sections[youth].actions[a1].end");
    }
    let named = edited(Editor::Coordinator, Origin::Call, YOUTH, |part| {
        part.actions[0].provider = String::from("kela");
        part.actions[0].start = String::from("2026-09-02");
    });
    assert_eq!(named, Ok(()));
}
