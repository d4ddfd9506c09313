//! Are items that say the same found, and only those?

use polku_proto::v1::{DataCategory, MeetingState, Plan, PlanItem, PlanLink, PlanMeeting};

use super::any::{action, goal, meeting, need, part, plan};
use crate::plan::YOUTH;

/// As if everything was written by hand.
fn alike(view: &Plan, owner: &str) -> Vec<(PlanItem, PlanItem)> {
    crate::plan::alike(view, owner, &|_| None)
}

fn two(ours: &[&str], theirs: &[&str]) -> Plan {
    let (mut te, mut kela) = (part("te"), part("kela"));
    let needs = |texts: &[&str]| {
        texts.iter().enumerate().map(|(place, text)| need(&format!("n{place}"), text)).collect()
    };
    te.needs = needs(ours);
    kela.needs = needs(theirs);
    plan(vec![te, kela])
}

#[test]
fn the_same_words_are_found_however_they_are_written() {
    for (one, other) in [
        ("Työpaikan löytäminen", "työpaikan  löytäminen."),
        ("Työpaikan löytäminen", "TYOPAIKAN LOYTAMINEN"),
        ("Må bättre på kvällen", "ma\u{30a} ba\u{308}ttre pa\u{30a} kva\u{308}llen"),
        ("Oma asunto kesään mennessä", "Oma asunto - kesään mennessä!"),
        ("Ammatillisen koulutuksen hakeminen", "Hakeminen ammatilliseen koulutukseen"),
    ] {
        let found = alike(&two(&[one], &[other]), "te");
        assert_eq!(found.len(), 1, "{one} {other}");
        assert_eq!((found[0].0.owner.as_str(), found[0].1.owner.as_str()), ("te", "kela"));
        assert_eq!((found[0].0.id.as_str(), found[0].1.id.as_str()), ("n0", "n0"));
    }
}

#[test]
fn other_words_and_kinds_are_not() {
    for (one, other) in
        [("Oma asunto", "Oma työpaikka"), ("Velkojen järjestely", "Päivärytmin löytyminen"), ("...", "!!!")]
    {
        assert!(alike(&two(&[one], &[other]), "te").is_empty(), "{one} {other}");
    }
    let (mut te, mut kela) = (part("te"), part("kela"));
    te.goals = vec![goal("g1", "Oma asunto")];
    kela.actions = vec![action("a1", "Oma asunto")];
    assert!(alike(&plan(vec![te, kela]), "te").is_empty());
}

/// One agency sorts a need under housing, another under its own plan.
#[test]
fn the_same_words_are_found_under_whatever_category() {
    let mut plan = two(&["Oma asunto"], &["Oma asunto"]);
    plan.sections[1].part.as_mut().unwrap().needs[0].category = DataCategory::Housing.into();
    assert_eq!(alike(&plan, "te").len(), 1);
}

/// What was written by hand comes once more from the own system, and two plans of that have the same.
#[test]
fn items_of_one_section_are_a_pair_from_different_sources() {
    let plan = two(&["Oma asunto", "Oma asunto", "Oma asunto"], &[]);
    let source = |item: &PlanItem| match item.id.as_str() {
        "n0" => None,
        "n1" => Some("1"),
        _ => Some("2"),
    };
    let found = crate::plan::alike(&plan, "te", &source);
    let found: Vec<_> = found.iter().map(|(one, other)| (one.id.as_str(), other.id.as_str())).collect();
    assert_eq!(found, [("n0", "n1"), ("n0", "n2"), ("n1", "n2")]);
    assert!(crate::plan::alike(&plan, "te", &|_| Some("1")).is_empty());
}

#[test]
fn items_of_one_section_are_never_a_pair_from_one_source() {
    assert!(alike(&two(&["Oma asunto", "Oma asunto"], &[]), "te").is_empty());
    assert_eq!(alike(&two(&["Oma asunto", "Oma asunto"], &["Oma asunto"]), "te").len(), 2);
}

#[test]
fn what_is_linked_is_not_asked_again() {
    let mut plan = two(&["Oma asunto"], &["Oma asunto"]);
    let (first, second) = alike(&plan, "te").remove(0);
    plan.links = vec![PlanLink { kind: 1, first: Some(second), second: Some(first) }];
    assert!(alike(&plan, "te").is_empty());
}

#[test]
fn the_work_is_bounded() {
    let texts = vec!["Oma asunto kesään mennessä"; 200];
    assert_eq!(alike(&two(&texts, &texts), "te").len(), 200 * 64);
}

fn met(id: &str, seconds: i64, participants: &[&str]) -> PlanMeeting {
    PlanMeeting {
        time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        participants: participants.iter().map(|&name| name.to_owned()).collect(),
        ..meeting(id, "")
    }
}

#[test]
fn one_meeting_in_two_sections_is_found_by_its_time_and_who_was_there() {
    const NOON: i64 = 1_790_000_000;
    let found = |other_owner: &str, other: PlanMeeting| {
        let (mut te, mut theirs) = (part("te"), part(other_owner));
        te.meetings = vec![met("m1", NOON, &["kela", "Nuorten paja"])];
        theirs.meetings = vec![other];
        let pairs = alike(&plan(vec![te, theirs]), "te");
        let ids: Vec<_> = pairs.iter().map(|(one, other)| (one.id.as_str(), other.id.as_str())).collect();
        assert!(ids.iter().all(|pair| *pair == ("m1", "m2")), "{ids:?}");
        !pairs.is_empty()
    };
    // Whose section it stands in was there as well.
    for (owner, seconds, participants) in [
        ("kela", NOON, &["te"][..]),
        ("kela", NOON, &[]),
        ("kela", NOON + 1_800, &[]),
        ("kela", NOON - 1_800, &["sosiaali"]),
        ("sosiaali", NOON, &["nuorten PAJA"]),
        ("sosiaali", NOON, &["te"]),
        (YOUTH, NOON, &["kela"]),
    ] {
        assert!(found(owner, met("m2", seconds, participants)), "{owner} {seconds} {participants:?}");
    }
    for (owner, seconds, participants) in [
        ("kela", NOON + 1_801, &["te"][..]),
        ("kela", NOON - 86_400, &["te"]),
        ("sosiaali", NOON, &[]),
        ("sosiaali", NOON, &["youth"]),
        (YOUTH, NOON, &[]),
    ] {
        assert!(!found(owner, met("m2", seconds, participants)), "{owner} {seconds} {participants:?}");
    }
    let called_off = PlanMeeting { state: MeetingState::Cancelled.into(), ..met("m2", NOON, &["te"]) };
    assert!(!found("kela", called_off));
    assert!(!found("kela", PlanMeeting { time: None, ..met("m2", NOON, &["te"]) }));
}
