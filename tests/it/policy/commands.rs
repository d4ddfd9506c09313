//! Do the commands that test, explain and compare rules say what is so, and end as they say?

use super::{CASES, HOUSING, RuleFolder, shipped};
use crate::stage::polku;

fn shipped_cases() -> String {
    shipped().join("cases.toml").to_str().unwrap().to_owned()
}

/// The shipped rules, but housing is told to nobody.
fn without_housing() -> RuleFolder {
    RuleFolder::shipped().write("cases.toml", CASES).changed("consent.cedar", HOUSING.0, HOUSING.1)
}

#[test]
fn the_shipped_rules_answer_the_shipped_cases() {
    for ran in [
        polku(&["policy", "test"]),
        polku(&["policy", "test", &shipped_cases()]),
        polku(&["policy", "test", "--rules", shipped().to_str().unwrap()]),
    ] {
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
        let last = ran.out.lines().last().unwrap();
        assert_eq!(last, format!("{} cases, 0 failed", ran.out.lines().count() - 1));
        assert!(ran.out.lines().rev().skip(1).all(|line| line.starts_with("ok: ")), "{}", ran.out);
    }
}

#[test]
fn a_case_that_fails_is_shown() {
    let rules = without_housing();
    let ran = polku(&["policy", "test", "--rules", rules.name()]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    for line in [
        "FAILED: Housing, with a consent",
        "  permits: expected housing; came out nothing",
        "ok: Needs, with a consent",
        "2 cases, 1 failed",
    ] {
        assert!(ran.out.lines().any(|found| found == line), "{line} is not in {}", ran.out);
    }
    assert!(
        ran.out.contains("\nrules that decide none of these cases: address-hidden-from-guardian, "),
        "{}",
        ran.out
    );
    // The same cases, and rules that answer them.
    let file = rules.path().join("cases.toml");
    let ran = polku(&["policy", "test", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_case_is_explained_in_the_language_asked_for() {
    let rules = without_housing();
    let file = rules.path().join("cases.toml");
    let explain = |more: &[&str]| {
        let mut arguments = vec!["policy", "explain", file.to_str().unwrap(), "Housing, with a consent"];
        arguments.extend(more);
        polku(&arguments)
    };
    let languages: Vec<String> = ["en", "fi", "sv"]
        .map(|language| {
            let ran = explain(&["--language", language]);
            assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
            assert!(ran.out.contains("\n  [consent]\n"), "{}", ran.out);
            assert!(ran.out.contains("\n  -> "), "{}", ran.out);
            ran.out
        })
        .to_vec();
    assert_eq!(explain(&[]).out, languages[0]);
    assert!(languages[0] != languages[1] && languages[1] != languages[2]);
    assert!(languages[1].contains("suostumus"), "{}", languages[1]);
    // Other rules, another explanation.
    let ran = explain(&["--rules", rules.name()]);
    assert_eq!(ran.code, Some(0));
    assert!(!ran.out.contains("[consent]"), "{}", ran.out);

    let ran = explain(&["--language", "xx"]);
    assert_eq!(ran.code, Some(64), "{ran:?}");
    let ran = polku(&["policy", "explain", file.to_str().unwrap(), "No such title"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("there is no case \"No such title\""), "{ran:?}");
}

#[test]
fn what_cannot_be_used_ends_with_two() {
    let rules = RuleFolder::shipped().write("cases.toml", "on = 2026-03-02\ntypo = 1\n");
    let ran = polku(&["policy", "test", "--rules", rules.name()]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("unknown key typo"), "{ran:?}");
    for arguments in [
        &["policy", "test", "/nowhere/cases.toml"][..],
        &["policy", "test", "--rules", "/nowhere"],
        &["policy", "explain", "/nowhere/cases.toml", "A title"],
        &["policy", "diff", "/nowhere", rules.name()],
        &[
            "policy",
            "diff",
            shipped().to_str().unwrap(),
            shipped().to_str().unwrap(),
            "--decisions",
            "/nowhere",
        ],
    ] {
        let ran = polku(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("/nowhere"), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn rules_that_answer_alike_do_not_differ() {
    let ran = polku(&["policy", "diff", shipped().to_str().unwrap(), shipped().to_str().unwrap()]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.ends_with("no answer is another one\n"), "{}", ran.out);
}

#[test]
fn what_differs_is_shown_case_by_case() {
    let old = RuleFolder::shipped().write("cases.toml", CASES);
    let new = without_housing().without("outreach-notice");
    let ran = polku(&["policy", "diff", old.name(), new.name()]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    let expected = "\
rule outreach-notice is in the old rules only
rule consent has another text in the new rules
case \"Housing, with a consent\"
  old rules: as expected, by consent
  new rules: not as expected, by no rule
    permits: expected housing; came out nothing
cases: 2 asked, 1 answered differently
";
    let found = ran.out.replace(", not-an-authority", "").replace("by not-an-authority", "by no rule");
    assert_eq!(found, expected);
}

#[test]
fn the_help_tells_of_every_command() {
    let ran = polku(&["policy", "--help"]);
    assert_eq!(ran.code, Some(0));
    for command in ["test", "explain", "diff", "prove"] {
        assert!(ran.out.contains(&format!("\n  {command} ")), "{}", ran.out);
        let help = polku(&["policy", command, "--help"]);
        assert!(help.out.contains("Exit code 0"), "{}", help.out);
    }
}
