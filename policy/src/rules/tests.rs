//! Rules that cannot be trusted are refused before the first question.

use super::*;

/// A rule that every test below spoils in one way.
const GOOD: &str = r#"
    @id("consent") @statute("621/1999 § 26") @basis("consent")
    permit (principal is Agency, action == Action::"disclose", resource)
    when { context.disclosure && context.consent_given };
"#;

fn refusal(text: &str) -> RulesError {
    Rules::parse(text, Rules::SCHEMA).err().unwrap()
}

fn good_with(found: &str, replacement: &str) -> String {
    assert!(GOOD.contains(found), "the rule has no {found}");
    GOOD.replace(found, replacement)
}

#[test]
fn the_shipped_rules_are_good() {
    let rules = Rules::shipped().unwrap();
    assert_eq!(
        rules.ids(),
        [
            "consent",
            "data-subject-access",
            "disclosure-permit",
            "no-agreement",
            "own-content",
            "own-status",
            "prohibited",
            "role-without-access",
            "special-category-not-explicit",
            "unknown-agency",
        ]
    );
}

#[test]
fn the_digest_is_of_the_text() {
    let digest = |text: &str| Rules::parse(text, Rules::SCHEMA).unwrap().digest();
    assert_eq!(digest(GOOD), digest(GOOD));
    assert_ne!(digest(GOOD), digest(&good_with("§ 26", "§ 27")));
    let schema = format!("{}\n// another line\n", Rules::SCHEMA);
    assert_ne!(digest(GOOD), Rules::parse(GOOD, &schema).unwrap().digest());
}

#[test]
fn text_that_does_not_parse_is_refused() {
    assert!(matches!(refusal(&good_with(";", "")), RulesError::Unreadable(_)));
    assert!(matches!(refusal(""), RulesError::Empty));
    assert!(matches!(Rules::parse(GOOD, "entity"), Err(RulesError::SchemaUnreadable(_))));
}

#[test]
fn a_rule_that_contradicts_the_schema_is_refused() {
    for (found, replacement) in [
        ("context.consent_given", "context.consent_gven"),
        ("context.consent_given", "context.actor_role"),
        ("context.consent_given", "context.viewer == Viewer::\"adressee\""),
        ("principal is Agency", "principal is Company"),
        ("resource)", "resource == Category::\"referal_status\")"),
        ("Action::\"disclose\"", "Action::\"delete\""),
    ] {
        let error = refusal(&good_with(found, replacement));
        assert!(matches!(error, RulesError::Contradiction(_)), "{replacement}: {error:?}");
    }
}

#[test]
fn a_rule_that_can_never_apply_is_refused() {
    let never = good_with("context.consent_given", "principal is Subject");
    assert!(matches!(refusal(&never), RulesError::Suspicious(_)));
}

#[test]
fn a_rule_without_an_explanation_is_refused() {
    for (found, expected) in [
        ("@id(\"consent\")", "id"),
        ("@statute(\"621/1999 § 26\")", "statute"),
        ("@basis(\"consent\")", "basis"),
    ] {
        for text in [good_with(found, ""), good_with(found, &format!("@{expected}(\" \")"))] {
            let error = refusal(&text);
            let RulesError::AnnotationMissing { annotation, .. } = error else {
                panic!("{error:?}");
            };
            assert_eq!(annotation, expected);
        }
    }
}

#[test]
fn a_misspelt_annotation_is_refused() {
    let misspelt = format!("@valid_form(\"2030-01-01T00:00:00Z\") {}", GOOD.trim_start());
    assert!(matches!(refusal(&misspelt), RulesError::AnnotationUnknown { .. }));
}

#[test]
fn a_basis_has_to_fit_the_effect() {
    for basis in ["prohibited", "anything", "no_basis"] {
        let error = refusal(&good_with("@basis(\"consent\")", &format!("@basis(\"{basis}\")")));
        assert!(matches!(error, RulesError::BasisUnknown { .. }), "{basis}: {error:?}");
    }
    for basis in ["consent", "no_basis", "required_category_missing", "rules_failed"] {
        let text =
            good_with("permit", "forbid").replace("@basis(\"consent\")", &format!("@basis(\"{basis}\")"));
        assert!(matches!(refusal(&text), RulesError::BasisUnknown { .. }), "{basis}");
    }
}

#[test]
fn an_id_is_there_once() {
    assert!(matches!(refusal(&format!("{GOOD}{GOOD}")), RulesError::IdTwice { .. }));
}

#[test]
fn a_template_is_refused() {
    let template = good_with("principal is Agency", "principal == ?principal");
    assert!(matches!(refusal(&template), RulesError::Template { .. }));
}

#[test]
fn dates_of_rules_are_instants_in_order() {
    let dated = |from: &str, until: &str| {
        format!("@valid_from(\"{from}\") @valid_until(\"{until}\") {}", GOOD.trim_start())
    };
    let (first, second) = ("2027-01-01T00:00:00+02:00", "2028-01-01T00:00:00+02:00");
    assert!(Rules::parse(&dated(first, second), Rules::SCHEMA).is_ok());
    assert!(matches!(refusal(&dated(second, first)), RulesError::NeverValid { .. }));
    assert!(matches!(refusal(&dated(first, first)), RulesError::NeverValid { .. }));
    let error = refusal(&dated("2027-01-01", second));
    assert!(matches!(error, RulesError::InstantUnreadable { annotation: "valid_from", .. }));
}

#[test]
fn eras_begin_and_end_with_the_dates_of_the_rules() {
    let dated = format!(
        "@valid_from(\"1970-01-01T00:00:10Z\") @valid_until(\"1970-01-01T00:00:20Z\") {}",
        GOOD.trim_start()
    );
    let rules = Rules::parse(&dated, Rules::SCHEMA).unwrap();
    let at = |second| Timestamp::from_second(second).unwrap();
    let counts: Vec<usize> = rules.eras.iter().map(|era| era.policies.policies().count()).collect();
    assert_eq!(counts, [0, 1, 0]);
    assert_eq!(rules.next_edge(at(9)), Some(at(10)));
    assert_eq!(rules.next_edge(at(10)), Some(at(20)));
    assert_eq!(rules.next_edge(at(20)), None);
}

#[test]
fn lengths_keep_the_parts_of_a_digest_apart() {
    assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
}
