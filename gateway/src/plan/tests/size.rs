//! Does each author have the room that it should, whatever others have written?

use polku_proto::CategorySet;
use polku_proto::v1::{Plan, PlanCommitment, PlanItem, PlanLink, PlanPart};
use prost::Message as _;

use super::any::{action, goal, meeting, need, part, plan};
use super::check::{assert_refused, edited_from, other, own, told};
use crate::plan::{Editor, Fault, Origin, YOUTH, check_room, check_whole};

fn counted(prefix: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{prefix}{number}"))
}

#[test]
fn a_section_has_its_size() {
    let full = |needs: usize, goals: usize, actions: usize, meetings: usize| {
        own(|part| {
            *part = super::any::part("te");
            part.needs = counted("n", needs).map(|id| need(&id, "a flat")).collect();
            part.goals = counted("te:g", goals).map(|id| goal(&id, "a flat")).collect();
            part.actions = counted("a", actions).map(|id| action(&id, "visit")).collect();
            part.meetings = counted("m", meetings).map(|id| meeting(&id, "")).collect();
        })
    };
    assert_eq!(full(200, 200, 500, 100), Ok(()));
    for (needs, goals, actions, meetings) in [
        (200, 200, 500, 101),
        (201, 0, 0, 0),
        (0, 201, 0, 0),
        (0, 0, 501, 0),
        (0, 0, 0, 201),
        (0, 0, 10_000, 0),
    ] {
        assert_refused(full(needs, goals, actions, meetings), Fault::TooLarge, "sections[te].items");
    }
}

/// Each author's items have so many bytes as that a section with all rooms full fits into one request. Who writes less than
/// before is never refused, and counted is what the editor sees.
#[test]
fn a_room_has_its_bytes() {
    let with = |author: &str, count: usize, letters: usize| {
        let mut part = part(YOUTH);
        let text = "a".repeat(letters);
        part.goals = counted(author, count).map(|id| goal(&id, &text)).collect();
        part
    };
    let changed = |editor: Editor<'_>, base: &PlanPart, ours: PlanPart| {
        edited_from(base, editor, Origin::Call, (CategorySet::ALL, CategorySet::ALL), |part| *part = ours)
    };
    for (editor, author, count) in
        [(Editor::Coordinator, "g", 60), (Editor::YoungPerson, "g", 60), (other(), "te:g", 4)]
    {
        let nothing = part(YOUTH);
        assert_eq!(changed(editor, &nothing, with(author, count, 2_000)), Ok(()));
        let full = with(author, count * 3 / 2, 2_000);
        assert_refused(changed(editor, &nothing, full.clone()), Fault::TooLarge, "sections[youth].items");
        assert_eq!(changed(editor, &full, with(author, count * 3 / 2, 1_999)), Ok(()));
    }
    // What is hidden from an editor counts in the own room alone.
    let (others, more) = (with("g", 90, 2_000), with("te:g", 6, 2_000));
    assert_eq!(check_room(&part(YOUTH), &others, "te"), Ok(()));
    assert_eq!(check_room(&more, &more, "te"), Ok(()));
    assert_refused(check_room(&part(YOUTH), &more, "te"), Fault::TooLarge, "sections[youth].items");
}

#[test]
fn what_others_have_written_takes_nobodys_room() {
    let added = |editor: Editor<'_>, prefix: &str, count: usize| {
        let mut base = part(YOUTH);
        base.goals = counted("g", 200).chain(counted("kela:g", 20)).map(|id| goal(&id, "a flat")).collect();
        let mut ours = base.clone();
        ours.goals.extend(counted(prefix, count).map(|id| goal(&id, "a car")));
        edited_from(&base, editor, Origin::Call, (told(editor), told(editor)), |part| *part = ours.clone())
    };
    assert_eq!(added(other(), "te:g", 20), Ok(()));
    assert_refused(added(other(), "te:g", 21), Fault::TooLarge, "sections[youth].items");
    for editor in [Editor::Coordinator, Editor::YoungPerson] {
        assert_refused(added(editor, "h", 1), Fault::TooLarge, "sections[youth].items");
        assert_refused(added(editor, "te:g", 1), Fault::Invalid, "sections[youth].goals[te:g0]");
    }
}

/// What forty parties may write can be read in one answer.
#[test]
fn a_plan_of_full_sections_is_read_as_a_whole() {
    const MIB: usize = 1024 * 1024;
    let full = |beside: usize| {
        let sections = (0..41).map(|number| {
            let mut part = part(&format!("agency-{number}"));
            part.goals = counted("g", 62).map(|id| goal(&id, &"a".repeat(2_000))).collect();
            part.worker_view = "b".repeat(beside);
            part
        });
        plan(sections.collect())
    };
    for section in &full(0).sections {
        let part = section.part.as_ref().unwrap();
        assert_eq!(check_room(&super::any::part(&part.owner), part, ""), Ok(()));
    }
    let whole = full(0);
    assert!(whole.encoded_len() > 4 * MIB, "more than many clients take unless told otherwise");
    assert_eq!(check_whole(None, &whole), Ok(()));
    let mut more = full(256 * 1024);
    assert!(more.encoded_len() > 14 * MIB);
    assert_refused(check_whole(Some(&whole), &more), Fault::TooLarge, "sections");
    // Who takes away is not refused, nor what the gateway fills in.
    let was = more.clone();
    more.sections[0].part.as_mut().unwrap().worker_view.pop();
    more.sections[0].commitments.push(PlanCommitment { action: "a1".to_owned(), acknowledge_time: None });
    assert_eq!(check_whole(Some(&was), &more), Ok(()));
    let link = PlanLink { kind: 1, first: Some(PlanItem::default()), second: Some(PlanItem::default()) };
    let linked = Plan { links: vec![link], ..was.clone() };
    assert_refused(check_whole(Some(&was), &linked), Fault::TooLarge, "sections");
}
