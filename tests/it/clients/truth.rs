//! Does the policy engine answer as the documents say? Judged by a second telling of their rules, in Python.

use std::io::{BufWriter, Write as _};

use polku_policy::{PurposeSet, RuleSource};
use polku_proto::v1::LegalGround;
use polku_tests::truth::{self, Engines, Situation};
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::program;
use crate::matrix::engine::{directions, personal};
use crate::matrix::rows;
use crate::matrix::situations::situations;

/// Where all situations are too many, every so many-th is looked at: a prime, so that no dimension is skipped.
const STRIDE: usize = 41;

/// How the rules are broken.
#[derive(Debug)]
enum Break {
    /// A rule is taken out.
    Without(&'static str),
    /// A rule says something else.
    Says(&'static str, &'static str),
    /// An age limit is another one.
    Age(&'static str, &'static str),
}

/// What is broken, in which situations that is looked for, and by which of its rules the oracle notices it. Situations:
/// all that state this ground in law, or every so many-th of all.
const BROKEN: [(Break, Option<LegalGround>, &str); 33] = [
    (Break::Without("prohibited"), None, "P2 prohibition"),
    (Break::Without("consent-of-guardian"), None, "P3 consent"),
    (Break::Without("disclosure-permit-of-representative"), None, "P3 permit"),
    (
        Break::Says(
            "@valid_from(\"2024-01-01T00:00:00+02:00\")\n@given_by(\"self\")",
            "@valid_from(\"2024-01-01T00:00:00+00:00\")\n@given_by(\"self\")",
        ),
        Some(LegalGround::Unspecified),
        "P3 permit",
    ),
    (Break::Without("address-protected"), None, "P8 protected address"),
    (
        Break::Says(
            r#"(action == Action::"disclose" || !principal.protected_addresses)"#,
            "!principal.protected_addresses",
        ),
        None,
        "P1 no basis",
    ),
    (Break::Without("address-hidden-from-guardian"), None, "address kept from guardian"),
    (Break::Without("no-care-relation"), None, "P16 customer"),
    (Break::Without("other-unit"), None, "P17 own unit"),
    (Break::Without("no-agreement"), None, "P22 agreement"),
    (Break::Without("hidden-from-guardian"), None, "guardian kept out"),
    (Break::Says("2025-01-01T00:00:00+02:00", "2025-01-01T00:00:00+00:00"), None, "P13"),
    (Break::Says(r#"context.role == Role::"peer""#, r#"context.role == Role::"coordinator""#), None, "peer"),
    (
        Break::Says(
            r#"action in [Action::"disclose", Action::"disclose_by_law"],"#,
            r#"action == Action::"disclose","#,
        ),
        Some(LegalGround::AssistanceLowered),
        "P2 prohibition",
    ),
    (Break::Without("social-care-contact"), Some(LegalGround::SocialCareInability), "P11"),
    (Break::Age(r#""below": 18, "statute": "442"#, r#""below": 17, "statute": "442"#), None, "P3 consent"),
    (
        Break::Age(r#""below": 18, "statute": "417"#, r#""below": 17, "statute": "417"#),
        Some(LegalGround::ChildWelfareNotice),
        "P12",
    ),
    (Break::Says(" && context.home_municipality", ""), Some(LegalGround::OutreachNotice), "P1 no basis"),
    (
        Break::Says("  (!context.address_protected || principal.protected_addresses) &&\n", ""),
        Some(LegalGround::OutreachNotice),
        "P1 no basis",
    ),
    (Break::Age(r#""below": 29"#, r#""below": 28"#), Some(LegalGround::OutreachNotice), "P10"),
    (Break::Age(r#""below": 25"#, r#""below": 24"#), Some(LegalGround::AssistanceUnemployedYoung), "P14"),
    // What a law is about, to the category.
    (
        Break::Says(r#"Category::"housing", Category::"education_work"]"#, r#"Category::"housing"]"#),
        Some(LegalGround::ChildWelfareNotice),
        "P12",
    ),
    (
        Break::Says(
            r#"[Category::"identity_contact", Category::"address_contact", Category::"benefits_income"]"#,
            r#"[Category::"identity_contact", Category::"address_contact", Category::"benefits_income", Category::"housing"]"#,
        ),
        Some(LegalGround::AssistanceLowered),
        "P1 no basis",
    ),
    // What comes with it, why it is refused, and until when it holds.
    (
        Break::Says("record_ground, send_next_day", "record_ground, send_same_day"),
        Some(LegalGround::AssistanceLowered),
        "P14",
    ),
    (
        Break::Says("record_ground, second_person_review, high_priority", "record_ground, high_priority"),
        Some(LegalGround::ChildWelfareNotice),
        "P12",
    ),
    (Break::Says(r#"@basis("no_agreement")"#, r#"@basis("not_an_authority")"#), None, "P22 agreement"),
    (Break::Without("renew-consent"), None, "P1 no basis"),
    (Break::Without("guardian-permission-missing"), None, "P1 no basis"),
    (
        Break::Says("2021-08-01T00:00:00+03:00", "2026-08-01T00:00:00+03:00"),
        Some(LegalGround::SocialCareInability),
        "P11",
    ),
    // Since when a law is a ground, to the day.
    (
        Break::Says("2021-08-01T00:00:00+03:00", "2021-08-02T00:00:00+03:00"),
        Some(LegalGround::OutreachNotice),
        "P10",
    ),
    (
        Break::Says("2015-04-01T00:00:00+03:00", "2015-04-02T00:00:00+03:00"),
        Some(LegalGround::SocialCareInability),
        "P11",
    ),
    (
        Break::Says("2008-01-01T00:00:00+02:00", "2008-01-02T00:00:00+02:00"),
        Some(LegalGround::ChildWelfareNotice),
        "P12",
    ),
    (
        Break::Says(
            "send_next_day\")\n@valid_from(\"1998-03-01T00:00:00+02:00\")",
            "send_next_day\")\n@valid_from(\"1998-03-02T00:00:00+02:00\")",
        ),
        Some(LegalGround::AssistanceLowered),
        "P14",
    ),
];

#[tokio::test]
async fn every_answer_in_a_small_world_is_what_the_documents_say() {
    let situations = truth::situations();
    assert!(situations.len() >= 100_000, "{}", situations.len());
    let engines = Engines::on(RuleSource::SHIPPED).unwrap();
    let (agrees, said) = judged(&engines, situations.iter()).await;
    println!("{said}");
    assert!(agrees, "{said}");
}

/// Three pairs of agencies, four categories, three purposes, four ages, four capacities, with and without turvakielto and
/// multi-sector support, four grounds, four consents and three prohibitions: each with each.
#[tokio::test]
async fn every_answer_in_a_world_that_is_crossed_in_full_is_what_the_documents_say() {
    let situations = truth::crossed();
    assert_eq!(situations.len(), 3 * 4 * 3 * 4 * 4 * 2 * 2 * 4 * 4 * 3);
    let engines = Engines::on(RuleSource::SHIPPED).unwrap();
    let mut table = BufWriter::new(NamedTempFile::new().unwrap());
    truth::write(&engines, &situations, &mut table).unwrap();
    table.flush().unwrap();
    let (agrees, said) = judgement(program("oracle.py").arg("--part").arg(table.get_ref().path())).await;
    println!("{said}");
    assert!(agrees, "{said}");
}

/// On paper: tests/golden/policy_matrix.txt.
#[tokio::test]
async fn every_cell_of_the_matrix_is_what_the_documents_say() {
    let mut table = BufWriter::new(NamedTempFile::new().unwrap());
    let rows = rows::write(&mut table).unwrap();
    table.flush().unwrap();
    let (agrees, said) = judgement(program("oracle.py").arg("--part").arg(table.get_ref().path())).await;
    println!("{said}");
    assert!(agrees, "{said}");
    let cells =
        directions().len() * PurposeSet::ALL.iter().count() * usize::try_from(personal().len()).unwrap();
    // Some situations cannot be told apart in some of the oracle's words.
    assert!(rows > cells * (situations().len() - 2), "{rows}");
}

#[tokio::test]
async fn whatever_is_broken_is_noticed() {
    let situations = truth::situations();
    for (broken, ground, rule) in &BROKEN {
        let (rules, ages) = broken.texts();
        let engines = Engines::on(RuleSource { rules: &rules, ages: &ages, ..RuleSource::SHIPPED }).unwrap();
        let stating = |situation: &&Situation| ground.is_none_or(|ground| situation.ground() == ground);
        let stride = if ground.is_some() { 1 } else { STRIDE };
        let (agrees, said) = judged(&engines, situations.iter().filter(stating).step_by(stride)).await;
        let noticed = said.lines().any(|line| line.starts_with(&format!("{rule}: ")));
        assert!(!agrees && noticed, "{broken:?} is not noticed by {rule}:\n{said}");
    }
}

impl Break {
    /// The broken rules, and the broken ages.
    fn texts(&self) -> (String, String) {
        let RuleSource { rules, ages, .. } = RuleSource::SHIPPED;
        match self {
            Break::Without(id) => (without(rules, id), ages.to_owned()),
            Break::Says(text, other) => (changed(rules, text, other), ages.to_owned()),
            Break::Age(text, other) => (rules.to_owned(), changed(ages, text, other)),
        }
    }
}

fn changed(whole: &str, text: &str, other: &str) -> String {
    assert_eq!(whole.matches(text).count(), 1, "{text} is not there once");
    whole.replace(text, other)
}

fn without(rules: &str, id: &str) -> String {
    let (before, rest) = rules.split_once(&format!("@id(\"{id}\")")).unwrap();
    let (_, after) = rest.split_once(";\n").unwrap();
    format!("{before}{after}")
}

/// Tells whether the oracle agrees with the engines on every situation, and what it says.
async fn judged<'a>(engines: &Engines, situations: impl Iterator<Item = &'a Situation>) -> (bool, String) {
    let mut table = BufWriter::new(NamedTempFile::new().unwrap());
    truth::write(engines, situations, &mut table).unwrap();
    table.flush().unwrap();
    judgement(program("oracle.py").arg(table.get_ref().path())).await
}

async fn judgement(oracle: &mut Command) -> (bool, String) {
    let output = oracle.output().await.unwrap();
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    (output.status.success(), said)
}
