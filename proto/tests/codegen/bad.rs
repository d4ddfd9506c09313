//! Which contracts does the generator refuse, and what does it say?

use protox::{
    Compiler, Error,
    file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver},
};

use crate::{contract::Contract, generate};

/// A contract of one file that exists in memory only.
struct OneFile(String);

impl FileResolver for OneFile {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        if name == "polku/v1/case.proto" {
            return File::from_source(name, &self.0);
        }
        Err(Error::file_not_found(name))
    }
}

/// Generates from the real options and the given declarations.
#[expect(clippy::expect_used, reason = "a test that is not written well fails")]
fn outcome(declarations: &str) -> Result<String, String> {
    let source = format!(
        r#"
        syntax = "proto3";
        package polku.v1;
        import "buf/validate/validate.proto";
        import "google/protobuf/duration.proto";
        import "google/protobuf/timestamp.proto";
        import "polku/v1/options.proto";
        message Part {{
            option (payload) = true;
            string id = 1 [(category) = DATA_CATEGORY_ENVELOPE];
        }}
        {declarations}
        "#
    );
    let mut resolver = ChainFileResolver::new();
    resolver.add(OneFile(source));
    resolver.add(IncludeFileResolver::new(env!("CARGO_MANIFEST_DIR").into()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file("polku/v1/case.proto").expect("the case is a .proto file");
    let contract = Contract::compiled(&mut compiler).expect("the case compiles");
    let files = generate(&contract).map_err(|refused| refused.to_string())?;
    let code = files.into_iter().filter(|(name, _)| name.ends_with(".rs"));
    Ok(code.map(|(_, content)| String::from_utf8(content).expect("code is text")).collect())
}

#[track_caller]
fn assert_refused(declarations: &str, reason: &str) {
    assert_eq!(outcome(declarations), Err(reason.to_owned()));
}

#[test]
fn a_message_names_its_category_once_and_plainly() {
    assert_refused(
        "message Case {
            option (payload) = true;
            DataCategory one = 1 [(names_category) = true];
            DataCategory other = 2 [(names_category) = true];
        }",
        "polku.v1.Case.other: a second field names the category",
    );
    let only = "only a plain DataCategory of a payload message can name its category";
    for (option, field) in
        [("true", "string text"), ("true", "repeated DataCategory text"), ("false", "DataCategory text")]
    {
        let case =
            format!("message Case {{ option (payload) = {option}; {field} = 1 [(names_category) = true]; }}");
        assert_refused(&case, &format!("polku.v1.Case.text: {only}"));
    }
}

#[test]
fn a_reference_leads_from_one_list_to_another_beside_it() {
    let item = |reference: &str| {
        format!(
            "message Item {{
                option (payload) = true;
                DataCategory category = 1 [(names_category) = true];
                {reference}
            }}"
        )
    };
    let text = item("string part = 2 [(refers_to) = 'parts'];");
    for case in [
        "repeated Item items = 1;",
        "repeated Item items = 1; Part parts = 2;",
        "repeated Item items = 1; repeated Item parts = 2;",
        "Item items = 1; repeated Part parts = 2;",
    ] {
        assert_refused(
            &format!("{text} message Case {{ option (payload) = true; {case} }}"),
            "polku.v1.Item.part: it refers to parts, and no list of that name with ids stands beside \
             polku.v1.Case.items",
        );
    }
    let number = item("int32 part = 2 [(refers_to) = 'parts'];");
    assert_refused(
        &format!(
            "{number} message Case {{
                option (payload) = true;
                repeated Item items = 1;
                repeated Part parts = 2;
            }}"
        ),
        "polku.v1.Item.part: only texts can refer to ids",
    );
    assert_refused(
        "message Case { string part = 1 [(refers_to) = 'parts']; }",
        "polku.v1.Case.part: a reference has no effect in a message that is no payload message",
    );
}

#[test]
fn a_payload_field_without_a_category_is_refused() {
    assert_refused(
        "message Case { option (payload) = true; string reason = 1; }",
        "polku.v1.Case.reason: a field of a payload message needs a category",
    );
    assert_refused(
        "message Case {
            option (payload) = true;
            string reason = 1 [(category) = DATA_CATEGORY_UNSPECIFIED];
        }",
        "polku.v1.Case.reason: a field of a payload message needs a category",
    );
    assert_refused(
        "message Plain { string text = 1; }
        message Case { option (payload) = true; Plain plain = 1; }",
        "polku.v1.Case.plain: a field of a payload message needs a category",
    );
    assert_refused(
        "message Case { option (payload) = true; oneof item { Part part = 1; string text = 2; } }",
        "polku.v1.Case.text: a field of a payload message needs a category",
    );
}

#[test]
fn a_category_beside_those_of_a_payload_message_is_refused() {
    let reason =
        "polku.v1.Case.part: its type is a payload message, so the categories stand there and not here";
    assert_refused(
        "message Case { option (payload) = true; Part part = 1 [(category) = DATA_CATEGORY_HOUSING]; }",
        reason,
    );
    assert_refused(
        "message Case { option (payload) = true; repeated Part part = 1 [(category) = DATA_CATEGORY_ENVELOPE]; }",
        reason,
    );
}

#[test]
fn categories_that_would_have_no_effect_are_refused() {
    assert_refused(
        "message Case { string reason = 1 [(category) = DATA_CATEGORY_HOUSING]; }",
        "polku.v1.Case.reason: a category has no effect in a message that is no payload message",
    );
    assert_refused(
        "message Inner { Part part = 1; }
        message Plain { repeated Inner inner = 1; }
        message Case { option (payload) = true; Plain plain = 1 [(category) = DATA_CATEGORY_ENVELOPE]; }",
        "polku.v1.Case.plain: polku.v1.Part inside has categories of its own, so its type must be a payload message",
    );
}

#[test]
fn a_method_that_says_not_on_whose_behalf_it_can_be_called_is_refused() {
    for option in [
        "",
        "option (callers) = {};",
        "option (callers) = {roles: [CALLER_ROLE_UNSPECIFIED]};",
        "option (callers) = {roles: [CALLER_ROLE_OPERATOR, CALLER_ROLE_UNSPECIFIED]};",
    ] {
        assert_refused(
            &format!("service CaseService {{ rpc Try(Part) returns (Part) {{ {option} }} }}"),
            "polku.v1.CaseService.Try: the option callers names nobody",
        );
    }
}

#[test]
fn maps_are_refused() {
    assert_refused(
        "message Case {
            option (payload) = true;
            map<string, string> notes = 1 [(category) = DATA_CATEGORY_HOUSING];
        }",
        "polku.v1.Case.notes: a payload message has no map fields",
    );
    assert_refused(
        "message Case { map<string, string> notes = 1; }",
        "polku.v1.Case.notes: map fields are not supported",
    );
}

#[test]
fn fields_that_cannot_be_judged_are_refused() {
    assert_refused(
        "message Case { option (payload) = true; double score = 1 [(category) = DATA_CATEGORY_HOUSING]; }",
        "polku.v1.Case.score: double is not supported in a payload message",
    );
    assert_refused("message Case { string type = 1; }", "polku.v1.Case.type: choose another field name");
}

#[test]
fn rules_that_are_not_supported_are_refused_by_name() {
    for (field, reason) in [
        ("string a = 1 [(buf.validate.field).string.email = true];", "string.email is not supported here"),
        ("string a = 1 [(buf.validate.field).string.const = 'x'];", "string.const is not supported here"),
        ("string a = 1 [(buf.validate.field).ignore = IGNORE_ALWAYS];", "ignore is not supported here"),
        ("int64 a = 1 [(buf.validate.field).int64.gte = 1];", "int64.gte is not supported here"),
        ("string a = 1 [(buf.validate.field).int32.gte = 1];", "int32.gte is not supported here"),
        ("string a = 1 [(buf.validate.field).string.uuid = false];", "string.uuid is not supported here"),
        (
            "repeated string a = 1 [(buf.validate.field).string.min_len = 1];",
            "string.min_len is not supported here",
        ),
        (
            "repeated string a = 1 [(buf.validate.field).repeated.items.string.email = true];",
            "string.email is not supported here",
        ),
        (
            "google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp.lt_now = true];",
            "timestamp.lt_now is not supported here",
        ),
        (
            "oneof item { string a = 1 [(buf.validate.field).required = true]; }",
            "required is not supported here",
        ),
    ] {
        assert_refused(
            &format!("message Case {{ {field} }}"),
            &format!("polku.v1.Case.a: the rule {reason}"),
        );
    }
}

#[test]
fn days_that_are_none_are_refused() {
    let plain = "polku.v1.Case.a: only a plain text can be a day";
    assert_refused("message Case { int32 a = 1 [(calendar_date) = true]; }", plain);
    assert_refused("message Case { repeated string a = 1 [(calendar_date) = true]; }", plain);
    let days = "polku.v1.Case.a: only a day can be not before another one";
    assert_refused(
        "message Case { string a = 1 [(not_before) = 'b']; string b = 2 [(calendar_date) = true]; }",
        days,
    );
    assert_refused(
        "message Case { string a = 1 [(calendar_date) = true, (not_before) = 'b']; string b = 2; }",
        days,
    );
    assert_refused("message Case { string a = 1 [(calendar_date) = true, (not_before) = 'b']; }", days);
}

#[test]
fn rules_of_whole_messages_are_refused() {
    assert_refused(
        "message Case {
            option (buf.validate.message).cel = {id: 'a', expression: 'true'};
            string a = 1;
        }",
        "polku.v1.Case: rules of whole messages are not supported",
    );
}

#[test]
fn a_pattern_that_is_no_regular_expression_is_refused() {
    let refusal = outcome("message Case { string a = 1 [(buf.validate.field).string.pattern = '(']; }");
    assert!(refusal.is_err_and(|reason| reason.starts_with("polku.v1.Case.a: regex parse error")));
}

#[test]
fn messages_from_elsewhere_are_refused() {
    assert_refused(
        "message Case { google.protobuf.Timestamp a = 1; google.protobuf.Duration b = 2; }",
        "polku.v1.Case.b: google.protobuf.Duration is not supported",
    );
}

#[test]
fn a_well_made_contract_is_not_refused() {
    let code = outcome(
        "message Case {
            option (payload) = true;
            Part part = 1;
            repeated Part parts = 2;
            oneof item { Part one = 3; bytes other = 4 [(category) = DATA_CATEGORY_HOUSING]; }
            optional bool consents = 5 [(category) = DATA_CATEGORY_SERVICE_NEEDS];
        }",
    )
    .expect("the contract is well made");
    for part in [
        "impl Disclose for crate::v1::Case {",
        "Some(crate::v1::case::Item::Other(_)) => permitted.contains(DataCategory::Housing),",
        "if self.consents.is_some() {",
        "formatter.write_str(\"Item(redacted)\")",
    ] {
        assert!(code.contains(part), "{part} is missing");
    }
}
