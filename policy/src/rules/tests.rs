//! Rules that cannot be trusted are refused before the first question.

use super::*;

/// A rule that every test below spoils in one way.
const GOOD: &str = r#"
    @id("consent") @statute("621/1999 § 26") @basis("consent")
    permit (principal is Agency, action == Action::"disclose", resource)
    when { context.disclosure && context.consent.own };
"#;

const SCHEMA: &str = RuleSource::SHIPPED.schema;
const AGES: &str = RuleSource::SHIPPED.ages;

fn parse(text: &str) -> Result<Rules, RulesError> {
    Rules::parse(RuleSource { rules: text, ..RuleSource::SHIPPED })
}

fn refusal(text: &str) -> RulesError {
    parse(text).err().unwrap()
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
            "address-hidden-from-guardian",
            "address-protected",
            "assistance-long",
            "assistance-lowered",
            "assistance-need",
            "child-welfare-notice",
            "consent",
            "consent-of-guardian",
            "consent-of-representative",
            "data-subject-access",
            "disclosure-permit",
            "disclosure-permit-of-guardian",
            "disclosure-permit-of-representative",
            "guardian-permission-missing",
            "hidden-from-guardian",
            "multi-sector-support",
            "no-agreement",
            "no-care-relation",
            "not-an-authority",
            "other-unit",
            "outreach-notice",
            "own-content",
            "own-decision-governs",
            "own-status",
            "prohibited",
            "renew-consent",
            "role-without-access",
            "social-care-contact",
            "special-category-not-explicit",
            "statistics-of-many-only",
            "unknown-agency",
        ]
    );
}

#[test]
fn the_digest_is_of_the_text() {
    let digest = |text: &str| parse(text).unwrap().digest();
    assert_eq!(digest(GOOD), digest(GOOD));
    assert_ne!(digest(GOOD), digest(&good_with("§ 26", "§ 27")));
    let schema = format!("{SCHEMA}\n// another line\n");
    let ages = AGES.replace("442/1999 § 2", "442/1999 § 3");
    let good = RuleSource { rules: GOOD, ..RuleSource::SHIPPED };
    for source in [RuleSource { schema: &schema, ..good }, RuleSource { ages: &ages, ..good }] {
        assert_ne!(digest(GOOD), Rules::parse(source).unwrap().digest());
    }
}

#[test]
fn text_that_does_not_parse_is_refused() {
    assert!(matches!(refusal(&good_with(";", "")), RulesError::Unreadable(_)));
    assert!(matches!(refusal(""), RulesError::Empty));
    assert!(matches!(
        Rules::parse(RuleSource { schema: "entity", ..RuleSource::SHIPPED }),
        Err(RulesError::SchemaUnreadable(_))
    ));
}

#[test]
fn a_rule_that_contradicts_the_schema_is_refused() {
    for (found, replacement) in [
        ("context.consent.own", "context.consent.onw"),
        ("context.consent.own", "context.purpose"),
        ("context.consent.own", "context.age"),
        ("context.consent.own", "context.viewer == Viewer::\"adressee\""),
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
    let never = good_with("context.consent.own", "principal is Subject");
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
fn a_ground_in_law_says_from_when_on_it_holds() {
    for basis in ["statute", "disclosure_permit"] {
        let undated = good_with("@basis(\"consent\")", &format!("@basis(\"{basis}\")"));
        let undated = undated.trim_start();
        for text in [undated.to_owned(), format!("@valid_until(\"2030-01-01T00:00:00Z\") {undated}")] {
            let RulesError::AnnotationMissing { rule, annotation } = refusal(&text) else {
                panic!("it has a date");
            };
            assert_eq!((rule.as_str(), annotation), ("consent", "valid_from"));
        }
        assert!(parse(&format!("@valid_from(\"2020-01-01T00:00:00Z\") {undated}")).is_ok());
    }
    // What stands against a disclosure needs none.
    let forbid = good_with("permit", "forbid").replace("@basis(\"consent\")", "@basis(\"prohibited\")");
    assert!(parse(&forbid).is_ok());
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
fn what_a_law_opens_rests_on_a_law() {
    let disclose = r#"action == Action::"disclose""#;
    let by_law = [
        r#"action == Action::"disclose_by_law""#,
        r#"action in [Action::"disclose", Action::"disclose_by_law_despite_prohibition"]"#,
        "action",
    ];
    for scope in by_law {
        for basis in ["consent", "own_data"] {
            let text = good_with("@basis(\"consent\")", &format!("@basis(\"{basis}\")"));
            assert!(
                matches!(refusal(&text.replace(disclose, scope)), RulesError::NotByLaw { .. }),
                "{scope}"
            );
        }
    }
    for scope in [r#"action in [Action::"disclose"]"#, r#"action in Action::"disclose""#] {
        assert!(parse(&GOOD.replace(disclose, scope)).is_ok(), "{scope}");
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
    assert!(parse(&dated(first, second)).is_ok());
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
    let rules = parse(&dated).unwrap();
    let at = |second| Timestamp::from_second(second).unwrap();
    let counts: Vec<usize> = rules.eras.iter().map(|era| era.policies.policies().count()).collect();
    assert_eq!(counts, [0, 1, 0]);
    assert_eq!(rules.next_edge(rules.era(at(9))), Some(at(10)));
    assert_eq!(rules.next_edge(rules.era(at(10))), Some(at(20)));
    assert_eq!(rules.next_edge(rules.era(at(20))), None);
}

#[test]
fn lengths_keep_the_parts_of_a_digest_apart() {
    assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
}

#[test]
fn a_schema_that_draws_a_warning_is_refused() {
    let shadowing = format!("{SCHEMA}\nentity String;\n");
    let source = RuleSource { schema: &shadowing, ..RuleSource::SHIPPED };
    assert!(matches!(Rules::parse(source), Err(RulesError::SchemaSuspicious(_))));
}

#[test]
fn an_age_limit_that_nobody_has_set_is_refused() {
    let aged =
        |limit: &str| good_with("context.consent.own", &format!("context.age < AgeLimit::\"{limit}\".below"));
    assert!(parse(&aged("minor")).is_ok());
    let RulesError::AgeLimitMissing { rule, limit } = refusal(&aged("retired")) else {
        panic!("the limit is there");
    };
    assert_eq!((rule.as_str(), limit.as_str()), ("consent", "retired"));
    let without = RuleSource { ages: "[]", ..RuleSource::SHIPPED };
    assert!(matches!(Rules::parse(without), Err(RulesError::AgeLimitMissing { .. })));
}

#[test]
fn ages_that_contradict_the_schema_are_refused() {
    for (found, replacement) in [
        ("\"from\": 0", "\"from\": \"0\""),
        ("\"below\": 18,", ""),
        ("\"below\": 18", "\"below\": 18, \"until\": 19"),
        ("AgeLimit", "AgeLimits"),
        ("[", ""),
    ] {
        assert!(AGES.contains(found), "{found}");
        let ages = AGES.replacen(found, replacement, 1);
        let refused = Rules::parse(RuleSource { ages: &ages, ..RuleSource::SHIPPED });
        assert!(matches!(refused, Err(RulesError::AgesUnreadable(_))), "{found}");
    }
}

#[test]
fn only_known_words_say_who_gave_it_and_what_comes_with_it() {
    let annotated = |annotation: &str| format!("{annotation} {}", GOOD.trim_start());
    for good in [
        "@given_by(\"self\")",
        "@given_by(\"guardian\")",
        "@given_by(\"representative\")",
        "@obligations(\"record_ground\")",
        "@obligations(\"send_at_once,high_priority , record_ground\")",
    ] {
        assert!(parse(&annotated(good)).is_ok(), "{good}");
    }
    for (bad, expected) in [
        ("@given_by(\"parent\")", "given_by"),
        ("@given_by(\"Self\")", "given_by"),
        ("@given_by", "given_by"),
        ("@obligations(\"record_grounds\")", "obligations"),
        ("@obligations(\"record_ground;send_at_once\")", "obligations"),
        ("@obligations(\"record_ground,\")", "obligations"),
        ("@obligations", "obligations"),
    ] {
        let error = refusal(&annotated(bad));
        let RulesError::WordUnknown { rule, annotation } = error else {
            panic!("{bad}: {error:?}");
        };
        assert_eq!((rule.as_str(), annotation), ("consent", expected), "{bad}");
    }
}

#[test]
fn an_answer_names_sixty_four_rules_and_no_more() {
    let many = |permits: usize| -> String {
        let permit = |number| GOOD.replace("@id(\"consent\")", &format!("@id(\"consent-{number:02}\")"));
        let forbid = good_with("permit", "forbid").replace("@basis(\"consent\")", "@basis(\"prohibited\")");
        (0..permits).map(permit).chain([forbid]).collect()
    };
    let rules = parse(&many(64)).unwrap();
    let named: Vec<&str> = rules.named(u64::MAX).map(|note| &*note.id).collect();
    assert_eq!(named.len(), 64);
    assert_eq!(named.first().zip(named.last()), Some((&"consent-00", &"consent-63")));
    assert_eq!(rules.named(0).count(), 0);
    let few: Vec<&str> = rules.named(1 << 63 | 1 << 5).map(|note| &*note.id).collect();
    assert_eq!(few, ["consent-05", "consent-63"]);
    assert!(matches!(refusal(&many(65)), RulesError::TooMany { most: 64 }));
}

#[test]
fn the_rules_of_an_era_are_those_in_force() {
    let dated = |id: &str, dates: &str| {
        format!("{dates} {}", good_with("@id(\"consent\")", &format!("@id(\"{id}\")")).trim_start())
    };
    let text = [
        dated("always", ""),
        dated("from-10", "@valid_from(\"1970-01-01T00:00:10Z\")"),
        dated("until-20", "@valid_until(\"1970-01-01T00:00:20Z\")"),
        // The same instant as another edge, written with another offset.
        dated("from-20", "@valid_from(\"1970-01-01T02:00:20+02:00\")"),
    ]
    .concat();
    let rules = parse(&text).unwrap();
    let at = |second| Timestamp::from_second(second).unwrap();
    let eras: Vec<(Option<Timestamp>, Vec<String>)> = rules
        .eras()
        .map(|(from, policies)| {
            let mut ids: Vec<String> = policies.policies().map(|policy| policy.id().to_string()).collect();
            ids.sort_unstable();
            (from, ids)
        })
        .collect();
    let ids = |ids: &[&str]| ids.iter().copied().map(str::to_owned).collect::<Vec<String>>();
    assert_eq!(
        eras,
        [
            (None, ids(&["always", "until-20"])),
            (Some(at(10)), ids(&["always", "from-10", "until-20"])),
            (Some(at(20)), ids(&["always", "from-10", "from-20"])),
        ]
    );
    let at_edge: Vec<u8> = [-1, 9, 10, 19, 20, 99].map(|second| rules.era(at(second))).to_vec();
    assert_eq!(at_edge, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn the_shipped_rules_have_the_dates_of_their_laws() {
    let rules = Rules::shipped().unwrap();
    let edges: Vec<String> = rules.eras().filter_map(|(from, _)| from).map(|from| from.to_string()).collect();
    assert_eq!(
        edges,
        [
            "1998-02-28T22:00:00Z",
            "2007-12-31T22:00:00Z",
            "2015-03-31T21:00:00Z",
            "2021-07-31T21:00:00Z",
            "2023-12-31T22:00:00Z",
            "2024-12-31T22:00:00Z",
        ]
    );
}

#[test]
fn a_rule_is_for_the_actions_that_it_names() {
    let actions = |id: &str| {
        let rules = Rules::shipped().unwrap();
        let era = rules.eras.last().unwrap();
        let policy = era.policies.policy(&PolicyId::new(id)).unwrap();
        Action::ALL.map(|action| concerns(policy, action))
    };
    // By a law above a prohibition, by the young person's word, by a law.
    assert_eq!(actions("consent"), [false, true, false]);
    assert_eq!(actions("multi-sector-support"), [false, false, true]);
    assert_eq!(actions("child-welfare-notice"), [true, false, true]);
    assert_eq!(actions("prohibited"), [false, true, true]);
    assert_eq!(actions("unknown-agency"), [true, true, true]);
}

/// The crate's own documentation tells every ground that has a date, and no other.
#[test]
fn the_documentation_tells_since_when_a_law_is_a_ground() {
    let rules = Rules::shipped().unwrap();
    let mut expected: Vec<String> = Vec::new();
    for policy in rules.policies.policies() {
        let said = |annotation| policy.annotation(annotation).unwrap_or_default().to_owned();
        if let Some(from) = policy.annotation("valid_from") {
            assert_eq!(policy.annotation("valid_until"), None, "the table has no column for it");
            let (day, midnight) = from.split_once('T').unwrap();
            assert!(midnight.starts_with("00:00:00+"), "{from}");
            expected.push(format!("//! | `{}` | {} | {day} |", said("id"), said("statute")));
        }
    }
    let documentation = include_str!("../lib.rs");
    let (_, table) = documentation.split_once("//! | rule | law | since |\n").unwrap();
    let mut told: Vec<&str> = table.lines().skip(1).take_while(|line| line.starts_with("//! |")).collect();
    expected.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, expected);
}
