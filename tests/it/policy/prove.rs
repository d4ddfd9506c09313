//! Is every set of rules that breaks a limit refused, with a question that shows it? Needs the solver cvc5.

use std::process::Command;

use tempfile::TempDir;

use super::RuleFolder;
use crate::stage::{Ran, polku};

fn prove(rules: &RuleFolder) -> Ran {
    polku(&["policy", "prove", rules.name()])
}

/// The limits that came out broken, each with what was said of it.
fn broken(out: &str) -> Vec<(&str, String)> {
    let mut broken: Vec<(&str, String)> = Vec::new();
    let mut limit = "";
    let mut shown = false;
    for line in out.lines() {
        if let Some((id, _)) = line.split_once(": ").filter(|_| !line.starts_with(' ')) {
            (limit, shown) = (id, false);
        } else if line.starts_with("  BROKEN: ") || line.starts_with("  holds: ") {
            shown = line.starts_with("  BROKEN");
        }
        if shown && line.starts_with("  ") {
            match broken.last_mut().filter(|(id, _)| *id == limit) {
                Some((_, said)) => said.push_str(&format!("\n{line}")),
                None => broken.push((limit, line.to_owned())),
            }
        }
    }
    broken
}

/// Holds that this limit alone is broken, and that these words are part of why. Those before which a star stands are among
/// the facts that the example takes.
#[track_caller]
fn assert_breaks(rules: &RuleFolder, limit: &str, words: &[&str]) {
    assert_breaks_all(rules, &[limit], words);
}

/// Holds that these limits are broken and no other, and of the first one the same.
#[track_caller]
fn assert_breaks_all(rules: &RuleFolder, expected: &[&str], words: &[&str]) {
    let ran = prove(rules);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    let broken = broken(&ran.out);
    let limits: Vec<&str> = broken.iter().map(|(limit, _)| *limit).collect();
    assert_eq!(limits, expected, "{}", ran.out);
    let (_, said) = &broken[0];
    let takes = said.lines().filter_map(|line| line.trim_start().strip_prefix("it takes: "));
    let takes = takes.collect::<Vec<_>>().join("\n");
    for words in words {
        let (place, words) = match words.strip_prefix('*') {
            Some(words) => (takes.as_str(), words),
            None => (said.as_str(), *words),
        };
        assert!(place.contains(words), "{words} is not in: {place}\n{said}");
    }
    assert!(!said.contains("context."), "{said}");
    assert!(ran.out.lines().last().unwrap().starts_with("NOT SO: "), "{}", ran.out);
}

#[test]
fn the_shipped_rules_keep_every_limit() {
    for ran in [polku(&["policy", "prove"]), prove(&RuleFolder::shipped())] {
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
        assert!(broken(&ran.out).is_empty());
        for limit in [
            "special-category",
            "protected-address",
            "word",
            "law",
            "agreement",
            "not-an-authority",
            "prohibition",
            "peer",
            "statistics",
            "unknown-agency",
            "never-fails",
        ] {
            assert!(ran.out.contains(&format!("\n{limit}: ")) || ran.out.starts_with(limit), "{limit}");
        }
        assert!(ran.out.lines().last().unwrap().starts_with("all "), "{}", ran.out);
    }
}

#[test]
fn special_categories_take_an_explicit_word() {
    assert_breaks(
        &RuleFolder::shipped().without("special-category-not-explicit"),
        "special-category",
        &[
            "BROKEN: Agency disclose ",
            "decided by: ",
            "*not named explicitly",
            "*the reader would learn what another agency knows",
        ],
    );
}

#[test]
fn special_categories_take_a_word_at_all() {
    let rules = RuleFolder::shipped().write(
        "explicit.cedar",
        r#"
        @id("explicit-is-enough") @statute("none") @basis("consent")
        permit (principal is Agency, action == Action::"disclose", resource)
        when { context.disclosure && context.explicit && principal.authority && context.discloser.authority };
        "#,
    );
    let words = [
        "BROKEN: Agency disclose ",
        "decided by: explicit-is-enough",
        "*named explicitly",
        "*no own consent",
        "*no own permit to disclose",
    ];
    // Nor is it one for anything else.
    assert_breaks_all(&rules, &["special-category", "word"], &words);
}

#[test]
fn a_consent_that_nobody_has_given_is_no_word() {
    let rules = RuleFolder::shipped().write(
        "assumed.cedar",
        r#"
        @id("authorities-agree") @statute("none") @basis("consent")
        permit (principal is Agency, action == Action::"disclose", resource == Category::"housing")
        when { context.disclosure && context.agreement && principal.authority };
        "#,
    );
    let words = [
        "BROKEN: Agency disclose ",
        "decided by: authorities-agree",
        "*no own consent",
        "*no own permit to disclose",
    ];
    assert_breaks(&rules, "word", &words);
}

#[test]
fn a_law_takes_a_stated_ground() {
    let rules = RuleFolder::shipped().write(
        "authorities.cedar",
        r#"
        @id("any-authority") @statute("none") @basis("statute") @valid_from("2020-01-01T00:00:00+02:00")
        permit (principal is Agency, action == Action::"disclose_by_law", resource == Category::"housing")
        when { context.disclosure && principal.authority };
        "#,
    );
    let words = ["BROKEN: Agency disclose_by_law ", "decided by: any-authority", "*no ground stated"];
    assert_breaks(&rules, "law", &words);
}

#[test]
fn only_a_notice_to_social_care_is_stronger_than_a_prohibition() {
    let rules = RuleFolder::shipped().changed(
        "statute.cedar",
        "@id(\"assistance-lowered\")\n@statute(\"1412/1997\")\n@basis(\"statute\")\n@obligations(\"record_ground, send_next_day\")\n\
         @valid_from(\"1998-03-01T00:00:00+02:00\")\npermit (\n  principal is Agency,\n  action == Action::\"disclose_by_law\",",
        "@id(\"assistance-lowered\")\n@statute(\"1412/1997\")\n@basis(\"statute\")\n@obligations(\"record_ground, send_next_day\")\n\
         @valid_from(\"1998-03-01T00:00:00+02:00\")\npermit (\n  principal is Agency,\n  \
         action in [Action::\"disclose_by_law\", Action::\"disclose_by_law_despite_prohibition\"],",
    );
    let words = [
        "BROKEN: Agency disclose_by_law_despite_prohibition ",
        "decided by: assistance-lowered",
        "*ground assistance_lowered",
    ];
    assert_breaks(&rules, "law", &words);
}

#[test]
fn no_consent_opens_a_protected_address() {
    let rules = RuleFolder::shipped().changed(
        "restrictions.cedar",
        "(action == Action::\"disclose\" || !principal.protected_addresses)",
        "!principal.protected_addresses",
    );
    let words = [
        "BROKEN: Agency disclose ",
        "which data: address_contact",
        "*protected address",
        "*may be told protected addresses",
    ];
    assert_breaks(&rules, "protected-address", &words);
}

#[test]
fn no_law_opens_a_protected_address_to_just_any_authority() {
    let rules = RuleFolder::shipped().without("address-protected");
    let words = ["BROKEN: Agency disclose_by_law ", "*may not be told protected addresses"];
    assert_breaks(&rules, "protected-address", &words);
}

#[test]
fn no_guardian_sees_a_protected_address() {
    let rules = RuleFolder::shipped().without("address-hidden-from-guardian");
    let words = [
        "BROKEN: Subject disclose ",
        "*protected address",
        "who reads: the young person, or who represents them",
        "decided by: data-subject-access",
    ];
    assert_breaks(&rules, "protected-address", &words);
}

#[test]
fn no_other_representative_of_a_minor_sees_a_protected_address() {
    let rules = RuleFolder::shipped().changed(
        "restrictions.cedar",
        "(context.actor == Actor::\"guardian\" ||\n   (context.actor == Actor::\"representative\" && context.age < \
         AgeLimit::\"minor\".below)) &&\n  context.address_protected",
        "context.actor == Actor::\"guardian\" && context.address_protected",
    );
    let words = ["BROKEN: Subject disclose ", "*by a representative", "decided by: data-subject-access"];
    assert_breaks(&rules, "protected-address", &words);
}

#[test]
fn without_an_agreement_nothing_is_told() {
    assert_breaks(
        &RuleFolder::shipped().without("no-agreement"),
        "agreement",
        &["BROKEN: Agency disclose ", "*no agreement"],
    );
}

#[test]
fn no_law_is_for_who_is_no_authority() {
    let rules = RuleFolder::shipped().without("not-an-authority").write(
        "workshops.cedar",
        r#"
        @id("workshop-notice") @statute("none") @basis("statute") @valid_from("2020-01-01T00:00:00+02:00")
        permit (principal is Agency, action == Action::"disclose_by_law", resource)
        when { context.disclosure && principal.sector == Sector::"ngo" && context.ground == Ground::"outreach_notice" };
        "#,
    );
    let words =
        ["BROKEN: Agency disclose_by_law ", "decided by: workshop-notice", "*the reader is no authority"];
    assert_breaks(&rules, "not-an-authority", &words);
}

#[test]
fn a_permit_to_disclose_is_not_for_who_is_no_authority() {
    let rules = RuleFolder::shipped().changed(
        "consent.cedar",
        "context.disclosure_permit.own &&\n  principal.authority &&",
        "context.disclosure_permit.own &&\n ",
    );
    let words = ["BROKEN: Agency disclose ", "decided by: disclosure-permit", "*no own consent"];
    assert_breaks(&rules, "not-an-authority", &words);
}

#[test]
fn a_prohibition_stops_every_law_that_does_not_say_otherwise() {
    let rules = RuleFolder::shipped().changed(
        "restrictions.cedar",
        "action in [Action::\"disclose\", Action::\"disclose_by_law\"],",
        "action == Action::\"disclose\",",
    );
    assert_breaks(
        &rules,
        "prohibition",
        &["BROKEN: Agency disclose_by_law ", "*prohibited", "who reads: an agency"],
    );
}

#[test]
fn a_peer_sees_nothing_not_even_own_data() {
    let rules = RuleFolder::shipped().changed(
        "restrictions.cedar",
        "when { context.role == Role::\"peer\" };",
        "when { context.disclosure && context.role == Role::\"peer\" };",
    );
    assert_breaks(&rules, "peer", &["*role peer", "*no disclosure"]);
}

#[test]
fn what_the_rules_name_the_facts_is_said_on_demand() {
    let rules = RuleFolder::shipped().without("no-agreement");
    let ran = polku(&["policy", "prove", rules.name(), "--facts"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for fact in ["it takes: ", "\n    context.agreement = false\n", "\n    context.consent.own = "] {
        assert!(ran.out.contains(fact), "{fact} is not in: {}", ran.out);
    }
}

#[test]
fn statistics_are_about_many() {
    assert_breaks(
        &RuleFolder::shipped().without("statistics-of-many-only"),
        "statistics",
        &["*for statistics"],
    );
}

#[test]
fn whom_the_directory_does_not_know_is_told_nothing() {
    assert_breaks(&RuleFolder::shipped().without("unknown-agency"), "unknown-agency", &["*is unknown"]);
}

#[test]
fn a_rule_that_can_fail_is_found_also_long_before_it_comes_into_force() {
    let rules = RuleFolder::shipped().write(
        "ages.cedar",
        r#"
        @id("twice-the-age") @statute("none") @basis("prohibited") @valid_from("2035-01-01T00:00:00+02:00")
        forbid (principal, action == Action::"disclose", resource) when { context.age * 2 > 400 };
        "#,
    );
    let words =
        ["BROKEN: Agency disclose ", "from 2034-12-31T22:00:00Z", "decided by: twice-the-age", "*age "];
    assert_breaks(&rules, "never-fails", &words);
}

#[test]
fn without_a_solver_nothing_is_proven() {
    let folder = TempDir::new().unwrap();
    let solver = folder.path().join("solver");
    let path = solver.to_str().unwrap();
    let ran = polku(&["policy", "prove", "--solver", path]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("cannot be started"), "{ran:?}");
    for (script, told) in [
        ("exit 1", "could not be asked"),
        // It agrees to everything.
        ("while read -r line; do [ \"$line\" != '(check-sat)' ] || echo unsat; done", "allows everything"),
        ("while read -r line; do [ \"$line\" != '(check-sat)' ] || echo unknown; done", "cannot decide"),
    ] {
        // Copied by another process: a file that this one has open for writing while it starts others cannot be run.
        let text = folder.path().join("script");
        std::fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
        let copied = Command::new("install").args(["-m", "700"]).arg(&text).arg(&solver).status().unwrap();
        assert!(copied.success());
        let ran = polku(&["policy", "prove", "--solver", path]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{script}: {ran:?}");
        assert!(ran.err.contains(told), "{script}: {ran:?}");
    }
}

#[test]
fn what_cannot_be_read_is_not_proven() {
    let ran = polku(&["policy", "prove", "/nowhere"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("the folder /nowhere of the rules cannot be read"), "{ran:?}");
    let ran = prove(&RuleFolder::shipped().write("extra.cedar", "permit (principal"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("extra.cedar is refused"), "{ran:?}");
}
