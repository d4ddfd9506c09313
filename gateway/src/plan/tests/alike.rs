//! Are items that say the same found, and only those?

use polku_proto::v1::{DataCategory, Plan, PlanLink};

use super::any::{action, goal, need, part, plan};
use crate::plan::alike;

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
fn other_words_kinds_and_categories_are_not() {
    for (one, other) in
        [("Oma asunto", "Oma työpaikka"), ("Velkojen järjestely", "Päivärytmin löytyminen"), ("...", "!!!")]
    {
        assert!(alike(&two(&[one], &[other]), "te").is_empty(), "{one} {other}");
    }
    let mut plan = two(&["Oma asunto"], &["Oma asunto"]);
    plan.sections[1].part.as_mut().unwrap().needs[0].category = DataCategory::Housing.into();
    assert!(alike(&plan, "te").is_empty());
    let (mut te, mut kela) = (part("te"), part("kela"));
    te.goals = vec![goal("g1", "Oma asunto")];
    kela.actions = vec![action("a1", "Oma asunto")];
    assert!(alike(&super::any::plan(vec![te, kela]), "te").is_empty());
}

#[test]
fn items_of_one_section_are_never_a_pair() {
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
