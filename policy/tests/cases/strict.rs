//! A case file that says something nobody understands is refused, and says where.

use polku_policy::{CaseFile, Rules};

const GOOD: &str = r#"
on = 2026-03-02
purpose = "guidance"

[[agency]]
id = "employment"
sector = "employment"
authority = true

[[agency]]
id = "workshop"
sector = "ngo"
authority = false

[[agreement]]
from = "employment"
to = "workshop"

[[case]]
title = "One"
from = "employment"
to = "workshop"
age = 19
role = "adviser"
consents = [{ categories = ["housing"], until = 2026-04-01 }]
prohibitions = [{ categories = ["joint_plan"] }]
asks = ["housing", "joint_plan"]
permits = ["housing"]
"#;

fn refusal(found: &str, replacement: &str) -> String {
    assert_eq!(GOOD.matches(found).count(), 1, "not there once: {found}");
    CaseFile::parse(&GOOD.replacen(found, replacement, 1)).unwrap_err().to_string()
}

#[test]
fn the_example_is_good() {
    let results = CaseFile::parse(GOOD).unwrap().run(Rules::shipped().unwrap()).unwrap();
    assert!(results.iter().all(polku_policy::CaseResult::passed), "{results:?}");
    assert_eq!(results[0].to_string(), "ok: One");
}

#[test]
fn the_example_of_the_documentation_is_good() {
    let source = include_str!("../../src/cases.rs");
    let lines = source.lines().map(|line| line.trim_start_matches("//!").trim_start());
    let example = lines.skip_while(|line| *line != "```toml").skip(1).take_while(|line| *line != "```");
    let text: String = example.flat_map(|line| [line, "\n"]).collect();
    let results = CaseFile::parse(&text).unwrap().run(Rules::shipped().unwrap()).unwrap();
    assert_eq!(results.len(), 1);
    assert!(results[0].passed(), "{}", results[0]);
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    for (found, replacement, expected) in [
        ("on = 2026-03-02", "one = 1\non = 2026-03-02", "the head of the file: unknown key one"),
        ("sector = \"ngo\"", "sector = \"ngo\"\nsize = 3", "agency \"workshop\": unknown key size"),
        ("role = \"adviser\"", "rolle = \"adviser\"", "case \"One\": unknown key rolle"),
        ("until = 2026-04-01", "til = 2026-04-01", "case \"One\", consents 1: unknown key til"),
        (
            "prohibitions = [{ categories",
            "prohibitions = [{ purposes = [], categories",
            "case \"One\", prohibitions 1: unknown key purposes",
        ),
    ] {
        assert_eq!(refusal(found, replacement), expected);
    }
}

#[test]
fn an_unknown_word_is_named_with_its_place() {
    for (found, replacement, expected) in [
        (
            "purpose = \"guidance\"",
            "purpose = \"guidence\"",
            "the head of the file: purpose has the unknown word \"guidence\"",
        ),
        (
            "sector = \"ngo\"",
            "sector = \"club\"",
            "agency \"workshop\": sector has the unknown word \"club\"",
        ),
        (
            "permits = [\"housing\"]",
            "permits = [\"houses\"]",
            "case \"One\": permits has the unknown word \"houses\"",
        ),
        (
            "from = \"employment\"\nto = \"workshop\"\nage",
            "from = \"employment\"\nto = \"workshops\"\nage",
            "case \"One\": to has the unknown word \"workshops\"",
        ),
        (
            "role = \"adviser\"",
            "ground = \"because\"",
            "case \"One\": ground has the unknown word \"because\"",
        ),
        (
            "role = \"adviser\"",
            "missing = [\"prohibit\"]",
            "case \"One\": missing has the unknown word \"prohibit\"",
        ),
        ("role = \"adviser\"", "reader = \"reader\"", "case \"One\": reader has the unknown word \"reader\""),
        ("role = \"adviser\"", "unit = \"no unit\"", "case \"One\": unit has the unknown word \"no unit\""),
    ] {
        assert_eq!(refusal(found, replacement), expected);
    }
}

#[test]
fn a_value_of_another_kind_is_named_with_its_place() {
    for (found, replacement, expected) in [
        ("age = 19", "age = \"19\"", "case \"One\": age is not a number of years"),
        ("age = 19", "age = 1900", "case \"One\": age is not a number of years"),
        ("age = 19", "born = 19", "case \"One\": born is not a date"),
        ("age = 19", "customer = 1", "case \"One\": customer is not true or false"),
        (
            "asks = [\"housing\", \"joint_plan\"]",
            "asks = \"housing\"",
            "case \"One\": asks is not a list of texts",
        ),
        ("title = \"One\"", "title = 1", "case 1: title is not text"),
        (
            "on = 2026-03-02",
            "on = 10:00:00",
            "the head of the file: on is not a date, or an instant with its offset",
        ),
        (
            "on = 2026-03-02",
            "on = 2026-03-02T10:00:00",
            "the head of the file: on is not a date, or an instant with its offset",
        ),
        ("consents = [{", "consents = [1, {", "case \"One\": consents is not a list of tables"),
    ] {
        assert_eq!(refusal(found, replacement), expected);
    }
}

#[test]
fn what_is_missing_or_contradicts_itself_is_named_with_its_place() {
    for (found, replacement, expected) in [
        ("title = \"One\"\n", "", "case 1: title is missing"),
        ("on = 2026-03-02\n", "", "case \"One\": on is missing"),
        ("purpose = \"guidance\"\n", "", "case \"One\": purpose is missing"),
        ("asks = [\"housing\", \"joint_plan\"]\n", "", "case \"One\": asks is missing"),
        ("permits = [\"housing\"]\n", "", "case \"One\": permits is missing"),
        (
            "permits = [\"housing\"]\n",
            "permits = [\"envelope\"]\n",
            "case \"One\": permits names a category that is not asked for",
        ),
        ("age = 19", "age = 19\nborn = 2000-01-01", "case \"One\": age is given beside the date of birth"),
        (
            "age = 19",
            "actor = \"system\"",
            "case \"One\": actor has a role or unit that only a professional has",
        ),
        ("until = 2026-04-01", "kind = \"permit\"", "case \"One\", consents 1: domain is missing"),
        ("until = 2026-04-01", "domain = \"social\"", "case \"One\", consents 1: domain is for permits only"),
        (
            "until = 2026-04-01",
            "until = 2026-01-01",
            "case \"One\", consents 1: until is not later than the beginning",
        ),
        (
            "until = 2026-04-01",
            "explicit = [\"health_capacity\"]",
            "case \"One\", consents 1: explicit names a category that is not among the categories",
        ),
    ] {
        assert_eq!(refusal(found, replacement), expected);
    }
}

#[test]
fn two_cases_have_two_titles() {
    let again = GOOD.split("[[case]]").nth(1).unwrap();
    let refused = CaseFile::parse(&format!("{GOOD}\n[[case]]{again}")).unwrap_err();
    assert_eq!(refused.to_string(), "case \"One\" is there twice");
}

#[test]
fn what_is_no_toml_is_refused() {
    let refused = CaseFile::parse("[[case]").unwrap_err();
    assert_eq!(refused.to_string(), "the case file is not readable as TOML");
    assert!(std::error::Error::source(&refused).is_some());
}

#[test]
fn a_case_is_explained_by_its_title() {
    let file = CaseFile::parse(GOOD).unwrap();
    let explanation = file.explain("One", Rules::shipped().unwrap()).unwrap();
    assert_eq!(explanation.categories.len(), 2);
    assert_eq!(file.titles().collect::<Vec<&str>>(), ["One"]);
    let refused = file.explain("Two", Rules::shipped().unwrap()).unwrap_err();
    assert_eq!(refused.to_string(), "there is no case \"Two\"");
}
