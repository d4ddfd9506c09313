//! The cases that ship with the rules.

use std::collections::BTreeSet;

use polku_policy::{CaseFile, CaseResult, RuleSource, Rules};

use crate::world::rules_with;

fn run(rules: Rules) -> Vec<CaseResult> {
    CaseFile::parse(CaseFile::SHIPPED).unwrap().run(rules).unwrap()
}

#[test]
fn every_case_goes_well() {
    let results = run(Rules::shipped().unwrap());
    assert!(results.len() >= 45);
    let failed: Vec<String> =
        results.iter().filter(|result| !result.passed()).map(ToString::to_string).collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn every_rule_decides_a_case() {
    let rules = Rules::shipped().unwrap();
    let ids: BTreeSet<String> = rules.ids().into_iter().map(str::to_owned).collect();
    let fired: BTreeSet<String> = run(rules).into_iter().flat_map(|result| result.rules).collect();
    let idle: Vec<&String> = ids.difference(&fired).collect();
    assert!(idle.is_empty(), "no case for {idle:?}");
}

#[test]
fn a_broken_rule_makes_a_case_fail_in_words() {
    let rules = rules_with(
        "when { context.disclosure && context.prohibited };",
        "when { context.disclosure && context.prohibited && context.explicit };",
    );
    let failed: Vec<CaseResult> = run(rules).into_iter().filter(|result| !result.passed()).collect();
    let one = failed.iter().find(|result| result.title == "A prohibition beats a consent").unwrap();
    assert_eq!(
        one.to_string(),
        "FAILED: A prohibition beats a consent\n\
         \x20 permits: expected nothing; came out education_work, housing\n\
         \x20 because: expected prohibited; came out consent\n\
         \x20 missing: expected prohibited; came out nothing\n\
         \x20 decided by: consent"
    );
    assert!(failed.len() < 10, "only the cases about prohibitions fail");
}

#[test]
fn no_rule_can_be_dropped_unnoticed() {
    let text = RuleSource::SHIPPED.rules;
    let file = CaseFile::parse(CaseFile::SHIPPED).unwrap();
    for id in Rules::shipped().unwrap().ids() {
        let (before, rule) = text.split_once(&format!("@id(\"{id}\")")).unwrap();
        let (_, after) = rule.split_once("};").unwrap();
        let rules = format!("{before}{after}");
        let source = RuleSource { rules: &rules, ..RuleSource::SHIPPED };
        let without = Rules::parse(source).unwrap();
        assert!(!without.ids().contains(&id));
        let failed = file.run(without).unwrap().iter().any(|result| !result.passed());
        assert!(failed, "without {id} every case still goes well");
    }
}
