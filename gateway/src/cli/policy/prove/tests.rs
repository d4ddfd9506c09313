//! Does the prover find what is wrong, and hold back when it cannot know?

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use cedar_policy::{PolicySet, Schema};
use polku_policy::{CEILINGS, RuleSource};

use super::claims::{Ceiling, Claim, Finding, ProveError, RuleSet, Solver, Verdict, prove};
use super::counterexample::Counterexample;

const RULES: &str = RuleSource::SHIPPED.rules;
const SCHEMA: &str = RuleSource::SHIPPED.schema;

const SERVICES: &str = r#"
    entity Agency in [Sector] { kind: Kind };
    entity Sector;
    entity Kind enum ["public", "association"];
    entity Service { age_below: Long };
    entity Category enum ["health", "housing"];
    type Ground = { own: Bool, explicit?: Bool };
    action "read";
    action "disclose" in ["read"] appliesTo {
      principal: Agency, resource: Category,
      context: { age: Long, service: Service, consent: Ground, at?: Long }
    };
    action "forward" in ["read"] appliesTo {
      principal: Agency, resource: Category,
      context: { age: Long, service: Service, consent: Ground }
    };
"#;

fn cvc5() -> Solver {
    Solver { program: PathBuf::from("cvc5"), limit: Duration::from_secs(10) }
}

fn ceiling(id: &str, forbid: &str) -> Ceiling {
    let text =
        format!("permit (principal, action, resource); forbid (principal, action, resource) {forbid};");
    Ceiling { id: id.to_owned(), text }
}

/// One of the limits that every set of rules keeps.
fn shipped(id: &str) -> Ceiling {
    let ceiling = CEILINGS.into_iter().find(|ceiling| ceiling.id == id).unwrap();
    Ceiling { id: ceiling.id.to_owned(), text: ceiling.cedar.to_owned() }
}

fn special() -> Ceiling {
    shipped("special-category")
}

fn agreement() -> Ceiling {
    shipped("agreement")
}

fn set(text: &str) -> RuleSet {
    RuleSet { era: "always".to_owned(), rules: text.parse().unwrap() }
}

/// The shipped rules without one of them.
fn without(id: &str) -> RuleSet {
    let all: PolicySet = RULES.parse().unwrap();
    let kept = all.policies().filter(|rule| rule.annotation("id") != Some(id)).cloned();
    let rules = PolicySet::from_policies(kept).unwrap();
    assert_eq!(all.num_of_policies(), rules.num_of_policies() + 1);
    RuleSet { era: format!("without {id}"), rules }
}

fn run(
    schema: &str,
    rules: &[RuleSet],
    ceilings: &[Ceiling],
    solver: &Solver,
) -> Result<Vec<Finding>, ProveError> {
    let (schema, _) = Schema::from_cedarschema_str(schema).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(prove(&schema, rules, ceilings, solver))
}

fn broken(findings: &[Finding]) -> Vec<(&Claim, &str, &Counterexample)> {
    findings
        .iter()
        .filter_map(|finding| match &finding.verdict {
            Verdict::Holds => None,
            Verdict::Broken(example) => Some((&finding.claim, finding.environment.as_str(), example)),
        })
        .collect()
}

fn refuted(schema: &str, rules: &str, forbid: &str) -> Vec<Counterexample> {
    let findings = run(schema, &[set(rules)], &[ceiling("it", forbid)], &cvc5()).unwrap();
    broken(&findings).into_iter().map(|(_, _, example)| example.clone()).collect()
}

#[test]
fn the_shipped_rules_keep_below_the_ceilings() {
    let findings = run(SCHEMA, &[set(RULES)], &[special(), agreement()], &cvc5()).unwrap();
    // Four kinds of request: of each the rules, and the two limits in those that they concern.
    let rules: PolicySet = RULES.parse().unwrap();
    assert_eq!(findings.len(), 4 * rules.num_of_policies() + 2 * 2);
    assert!(broken(&findings).is_empty());
}

#[test]
fn without_its_restriction_each_ceiling_is_broken_and_only_that_one() {
    for (rule, name, fact) in [
        ("special-category-not-explicit", "special-category", "context.explicit = false"),
        ("no-agreement", "agreement", "context.agreement = false"),
    ] {
        let findings = run(SCHEMA, &[without(rule)], &[special(), agreement()], &cvc5()).unwrap();
        let broken = broken(&findings);
        assert!(!broken.is_empty());
        for (claim, _, example) in broken {
            assert_eq!(claim, &Claim::Below { ceiling: name.to_owned() });
            assert!(example.facts.contains(&fact.to_owned()));
            assert!(example.facts.contains(&"context.disclosure = true".to_owned()));
            assert!(!example.rules.is_empty());
        }
    }
}

#[test]
fn findings_come_in_the_same_order_each_time() {
    let once = run(SCHEMA, &[set(RULES)], &[special()], &cvc5()).unwrap();
    for _ in 0..5 {
        assert_eq!(run(SCHEMA, &[set(RULES)], &[special()], &cvc5()).unwrap(), once);
    }
}

#[test]
fn a_year_too_many_is_found() {
    let rule = r#"@id("young") permit (principal, action, resource) when { context.age <= 29 };"#;
    let examples = refuted(SERVICES, rule, "unless { context.age < 29 }");
    assert_eq!(examples.len(), 2);
    for example in examples {
        assert!(example.facts.contains(&"context.age = 29".to_owned()));
        assert_eq!(example.rules, ["young"]);
    }
    assert!(refuted(SERVICES, rule, "unless { context.age < 30 }").is_empty());
}

#[test]
fn attributes_of_entities_records_and_groups_of_actions_are_understood() {
    let rule = r#"@id("service")
        permit (principal in Sector::"health", action in [Action::"disclose", Action::"forward"], resource)
        when {
          context.age < context.service.age_below && context.consent.own &&
          context.consent has explicit && context.consent.explicit &&
          [Category::"health"].contains(resource) && principal.kind == Kind::"public"
        };"#;
    for kept in [
        "when { context.service.age_below < 18 && context.age >= 18 }",
        "unless { context.consent has explicit }",
        r#"unless { resource != Category::"housing" }"#,
        r#"when { principal.kind == Kind::"association" }"#,
        r#"unless { principal in Sector::"health" }"#,
    ] {
        assert!(refuted(SERVICES, rule, kept).is_empty(), "{kept}");
    }
    let examples = refuted(SERVICES, rule, "when { context.service.age_below > 40 }");
    assert_eq!(examples.len(), 2);
    for example in examples {
        assert!(
            example
                .facts
                .iter()
                .any(|fact| fact.starts_with(r#"Service::"#) && fact.contains(".age_below = "))
        );
        assert!(example.facts.iter().any(|fact| fact.ends_with(r#" in Sector::"health""#)));
        assert!(example.facts.contains(&"context.consent.explicit = true".to_owned()));
    }
}

#[test]
fn a_rule_that_can_fail_is_found() {
    let rule = r#"@id("sum") forbid (principal, action, resource) when { context.age + 1 < 29 };"#;
    let findings = run(SERVICES, &[set(rule)], &[], &cvc5()).unwrap();
    let broken = broken(&findings);
    assert_eq!(broken.len(), 2);
    for (claim, _, example) in broken {
        assert_eq!(claim, &Claim::NeverFails { rule: "sum".to_owned() });
        assert!(example.facts.contains(&format!("context.age = {}", i64::MAX)));
    }
}

#[test]
fn a_ceiling_over_everything_needs_no_solver_run_and_is_still_confirmed() {
    let examples = refuted(SERVICES, "permit (principal, action, resource);", "");
    assert_eq!(examples.len(), 2);
    assert_eq!(examples[0].rules, ["policy0"]);
}

#[test]
fn a_ceiling_that_is_none_is_refused() {
    let error = |forbid| run(SERVICES, &[set(RULES_YOUNG)], &[ceiling("it", forbid)], &cvc5()).unwrap_err();
    assert!(matches!(error("when {"), ProveError::CeilingUnreadable { .. }));
    assert!(matches!(error("when { context.missing }"), ProveError::CeilingContradiction { .. }));
    assert!(matches!(error("when { 1 == 2 }"), ProveError::CeilingSuspicious { .. }));
    let idle = "when { context.age < 3 && context.age > 5 }";
    assert!(matches!(error(idle), ProveError::CeilingIdle { .. }));
    assert!(matches!(error("when { context.age * 2 > 5 }"), ProveError::CeilingFails { .. }));
    let template = Ceiling {
        text: "permit (principal == ?principal, action, resource);".to_owned(),
        ..ceiling("it", "")
    };
    let error = run(SERVICES, &[set(RULES_YOUNG)], &[template], &cvc5()).unwrap_err();
    assert!(matches!(error, ProveError::CeilingTemplate { .. }));
}

const RULES_YOUNG: &str = r#"@id("young") permit (principal, action, resource) when { context.age < 29 };"#;

#[test]
fn no_rules_prove_nothing() {
    let error = run(SERVICES, &[], &[ceiling("it", "")], &cvc5()).unwrap_err();
    assert!(matches!(error, ProveError::Nothing));
}

/// Asks a stand-in for the solver, a shell script.
fn stand_in(script: &str) -> ProveError {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("solver");
    // Copied by another process: a file that this one has open for writing while it starts others cannot be run.
    let text = folder.path().join("script");
    fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
    assert!(Command::new("install").args(["-m", "700"]).args([&text, &program]).status().unwrap().success());
    let solver = Solver { program, limit: Duration::from_millis(300) };
    let ceilings = [ceiling("it", "unless { context.age < 29 }")];
    run(SERVICES, &[set(RULES_YOUNG)], &ceilings, &solver).unwrap_err()
}

fn answering(answer: &str) -> ProveError {
    stand_in(&format!(
        r#"while read -r line; do if [ "$line" = "(check-sat)" ]; then echo "{answer}"; fi; done"#
    ))
}

#[test]
fn without_the_solver_nothing_holds() {
    let solver = Solver { program: PathBuf::from("/nowhere/cvc5"), limit: Duration::from_secs(1) };
    let error = run(SERVICES, &[set(RULES_YOUNG)], &[ceiling("it", "")], &solver).unwrap_err();
    assert!(matches!(error, ProveError::SolverMissing { .. }));
}

#[test]
fn a_solver_that_does_not_answer_proves_nothing() {
    assert!(matches!(stand_in("exec sleep 600"), ProveError::TimedOut { .. }));
    assert!(matches!(answering("unknown"), ProveError::Undecided { .. }));
    assert!(matches!(stand_in("exit 1"), ProveError::Failed { .. }));
    assert!(matches!(answering("what"), ProveError::Failed { .. }));
}

#[test]
fn a_solver_that_agrees_to_everything_proves_nothing() {
    assert!(matches!(answering("unsat"), ProveError::CeilingIdle { .. }));
}

#[test]
fn a_solver_that_makes_up_a_request_proves_nothing() {
    let error = stand_in(
        r#"while read -r line; do case "$line" in
             "(check-sat)") echo sat;; "(get-model)") printf '(\n)\n';;
           esac; done"#,
    );
    assert!(matches!(error, ProveError::Failed { .. } | ProveError::NotBorneOut { .. }));
}
