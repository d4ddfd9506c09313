//! Rules that fail, rules with dates, and a schema that does not fit.

use polku_policy::{
    Capacity, Directory, Engine, EngineError, Outcome, Question, Reason, RuleSource, Rules, Viewer,
};
use polku_proto::CategorySet;
use polku_proto::Valid;
use polku_proto::v1::DataCategory::{Envelope, GuidanceNotes, Housing};
use polku_proto::v1::ReferralContent;

use super::case::{Person, adult, person};
use super::world::{NOW, assessed, at, directory, grant, index, personal, question};

/// Fails for want of room as soon as the age is known: the sum is larger than a number can be. No schema finds that out,
/// and neither do the questions that an engine tries at its start, which are for no purpose where they are of an age.
const FAILING: &str = r#"
    @id("failing") @statute("none") @basis("prohibited")
    forbid (principal, action == Action::"disclose", resource == Category::"guidance_notes")
    when { context.disclosure && context.purpose != Purpose::"unspecified" && 9223372036854775807 + context.age < 0 };
"#;

fn parse(rules: &str) -> Rules {
    Rules::parse(RuleSource { rules, ..RuleSource::SHIPPED }).unwrap()
}

fn engine(more: &str) -> Engine {
    let rules = parse(&format!("{}{more}", RuleSource::SHIPPED.rules));
    Engine::new(rules, directory()).unwrap()
}

#[test]
fn p23_one_failing_rule_denies_everything() {
    let engine = engine(FAILING);
    let person = adult().gives(&grant(&[Housing, GuidanceNotes]));
    let index = person.index();
    let asked = CategorySet::of(&[Envelope, Housing, GuidanceNotes]);
    let decision = engine.decide(index, asked, &question(Viewer::Addressee));
    assert_eq!(decision.outcome(), Outcome::Denied);
    assert_eq!(decision.reasons(), [Reason::RulesFailed]);
    assert_eq!(decision.withheld(), asked);
    assert!(decision.permitted().is_empty());
    assert!(decision.bases().is_empty());
    assert_eq!(decision.valid_until(), None);

    let content = ReferralContent {
        housing: "with friends".to_owned(),
        reason: "wants to study".to_owned(),
        ..ReferralContent::default()
    };
    let denied = engine
        .authorise(index, Valid::check(content).unwrap(), CategorySet::EMPTY, &question(Viewer::Addressee))
        .err()
        .unwrap();
    assert_eq!(denied.decision().reasons(), [Reason::RulesFailed]);
}

#[test]
fn a_rule_that_is_not_reached_does_not_fail() {
    let decision = engine(FAILING).decide(adult().index(), personal(), &question(Viewer::Author));
    assert_eq!(decision.outcome(), Outcome::Permitted);
    let other = CategorySet::of(&[Envelope, Housing]);
    let person = adult().gives(&grant(&[Housing, GuidanceNotes]));
    let decision = engine(FAILING).decide(person.index(), other, &question(Viewer::Addressee));
    assert_eq!(decision.permitted(), other);
}

#[test]
fn p23_a_failure_is_not_remembered_and_not_hidden_by_what_is() {
    let engine = engine(FAILING);
    let grant = grant(&[Housing, GuidanceNotes]);
    let asked = CategorySet::of(&[Envelope, Housing, GuidanceNotes]);
    let decide =
        |person: Person| engine.decide(person.gives(&grant).index(), asked, &question(Viewer::Addressee));
    for _ in 0..2 {
        assert_eq!(decide(person().with(assessed(Capacity::Capable))).permitted(), asked);
        assert_eq!(decide(adult()).reasons(), [Reason::RulesFailed]);
    }
}

#[test]
fn p23_rules_that_fail_on_an_ordinary_question_make_no_engine() {
    let failing = FAILING.replace("context.age", "1").replace("!=", "==");
    let rules = parse(&format!("{}{failing}", RuleSource::SHIPPED.rules));
    assert!(matches!(Engine::new(rules, directory()), Err(EngineError::RulesFail)));
}

/// Both sides of every limit of age are tried, the last age before it and the first one at it, for every category.
#[test]
fn p23_rules_that_fail_for_an_age_make_no_engine() {
    let fails_if = |condition: &str| {
        let failing = format!(
            r#"@id("failing") @statute("none") @basis("prohibited") @valid_from("2035-01-01T00:00:00Z")
               forbid (principal, action == Action::"disclose_by_law", resource == Category::"guidance_notes")
               when {{ {condition} && 9223372036854775807 + context.age < 0 }};"#
        );
        let rules = parse(&format!("{}{failing}", RuleSource::SHIPPED.rules));
        matches!(Engine::new(rules, directory()), Err(EngineError::RulesFail))
    };
    for age in [17, 18, 24, 25, 28, 29, 149, 150] {
        assert!(fails_if(&format!("context.age == {age}")), "{age}");
    }
    assert!(fails_if("context.age >= 0") && fails_if("context.age > 200"));
    assert!(!fails_if("context.age < 0"), "the sum has room for it");
}

#[test]
fn a_dated_rule_begins_and_ends_on_its_dates() {
    let dated = format!(
        r#"@id("dated") @statute("none") @basis("statute") @valid_from("{}") @valid_until("{}")
           permit (principal, action == Action::"disclose", resource == Category::"housing");"#,
        at(NOW),
        at(NOW + 10),
    );
    let engine = engine(&dated);
    let decide = |second| {
        let question = Question { now: at(second), ..question(Viewer::Addressee) };
        engine.decide(&index(&[], &[]), CategorySet::of(&[Housing]), &question)
    };
    for (second, outcome, until) in [
        (NOW - 1, Outcome::NoConsent, Some(at(NOW))),
        (NOW, Outcome::Permitted, Some(at(NOW + 10))),
        (NOW + 9, Outcome::Permitted, Some(at(NOW + 10))),
        (NOW + 10, Outcome::NoConsent, None),
    ] {
        let decision = decide(second);
        assert_eq!(decision.outcome(), outcome, "{second}");
        assert_eq!(decision.valid_until(), until, "{second}");
    }
}

#[test]
fn a_schema_without_the_facts_of_the_engine_is_refused() {
    let own_status = r#"
        @id("own-status") @statute("none") @basis("own_data")
        permit (principal, action == Action::"disclose", resource == Category::"referral_status");
    "#;
    for (found, replacement) in [
        ("prohibited: Bool,", ""),
        ("prohibited: Bool,", "prohibited: Bool, emergency: Bool,"),
        ("\"housing\",", ""),
        ("\"workshop_coaching\",", ""),
        ("\"representative\"", "\"guardian\""),
    ] {
        assert!(RuleSource::SHIPPED.schema.contains(found));
        let schema = RuleSource::SHIPPED.schema.replace(found, replacement);
        let rules = Rules::parse(RuleSource { rules: own_status, schema: &schema, ages: "[]" }).unwrap();
        let refused = Engine::new(rules, directory());
        assert!(matches!(refused, Err(EngineError::SchemaUnfit(_))), "{found}");
    }
}

#[test]
fn the_policy_digest_covers_rules_and_directory() {
    let shipped = engine("").policy_digest();
    assert_eq!(shipped, engine("").policy_digest());
    assert_ne!(shipped, engine("\n// a comment\n").policy_digest());
    let nobody = Directory::new(Vec::new(), Vec::new()).unwrap();
    let alone = Engine::new(Rules::shipped().unwrap(), nobody).unwrap();
    assert_ne!(
        alone.policy_digest(),
        Engine::new(Rules::shipped().unwrap(), directory()).unwrap().policy_digest()
    );
}
