//! Rules that fail, rules with dates, and a schema that does not fit.

use polku_policy::{Directory, Engine, EngineError, Outcome, Question, Reason, Rules, Viewer};
use polku_proto::CategorySet;
use polku_proto::Valid;
use polku_proto::v1::DataCategory::{Envelope, GuidanceNotes, Housing};
use polku_proto::v1::ReferralContent;

use super::world::{NOW, at, directory, grant, index, personal, question};

/// Fails for want of room: the sum is larger than a number can be. No schema finds that out.
const FAILING: &str = r#"
    @id("failing") @statute("none") @basis("prohibited")
    forbid (principal, action == Action::"disclose", resource == Category::"guidance_notes")
    when { context.disclosure && 9223372036854775807 + 1 > 0 };
"#;

fn engine(more: &str) -> Engine {
    let rules = Rules::parse(&format!("{}{more}", Rules::TEXT), Rules::SCHEMA).unwrap();
    Engine::new(rules, directory()).unwrap()
}

#[test]
fn one_failing_rule_denies_everything() {
    let engine = engine(FAILING);
    let index = index(&[grant(&[Housing, GuidanceNotes])], &[]);
    let asked = CategorySet::of(&[Envelope, Housing, GuidanceNotes]);
    let decision = engine.decide(&index, asked, &question(Viewer::Addressee));
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
        .authorise(&index, Valid::check(content).unwrap(), CategorySet::EMPTY, &question(Viewer::Addressee))
        .err()
        .unwrap();
    assert_eq!(denied.decision().reasons(), [Reason::RulesFailed]);
}

#[test]
fn a_rule_that_is_not_reached_does_not_fail() {
    let decision = engine(FAILING).decide(&index(&[], &[]), personal(), &question(Viewer::Author));
    assert_eq!(decision.outcome(), Outcome::Permitted);
}

#[test]
fn a_dated_rule_begins_and_ends_on_its_dates() {
    let dated = format!(
        r#"@id("dated") @statute("none") @basis("statute")
           @valid_from("1970-01-01T00:{:02}:{:02}Z") @valid_until("1970-01-01T00:{:02}:{:02}Z")
           permit (principal, action == Action::"disclose", resource == Category::"housing");"#,
        NOW / 60,
        NOW % 60,
        (NOW + 10) / 60,
        (NOW + 10) % 60,
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
        assert!(Rules::SCHEMA.contains(found));
        let rules = Rules::parse(own_status, &Rules::SCHEMA.replace(found, replacement)).unwrap();
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
