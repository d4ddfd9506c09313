//! Can a secret, or something about a person, come into a log or a message?
//!
//! The compiler sees to it that what has no `Display` is not written into texts. These rules see to the rest: what has one,
//! what is logged, and how what is secret looks in a `Debug`.

use super::sources::{all_product, code};

/// What may be logged, by field. Each is a number, an id that means nothing outside the gateway, the id of an agency, or one
/// of our own fixed words. A new one is put here by hand, after a thought about what it can hold.
const FIELDS: [&str; 31] = [
    "agency",
    "attempt",
    "cause",
    "check",
    "connections",
    "deliveries",
    "delivery",
    "erasures",
    "error",
    "expected",
    "failures",
    "found",
    "gateways",
    "hours",
    "kind",
    "leaves",
    "milliseconds",
    "newest",
    "path",
    "peer",
    "places",
    "policy",
    "probe_seconds",
    "reason",
    "record",
    "refused",
    "sequence",
    "services",
    "suspended",
    "torn_bytes",
    "version",
];

/// What can be written into a text. Nothing of it is somebody's name, number, word or secret.
const DISPLAYED: [&str; 35] = [
    "$name",
    "ActorKind",
    "AgencyId",
    "BusinessId",
    "CallerRoles",
    "CaseResult",
    "CategorySet",
    "Change",
    "CheckValue",
    "ClientId",
    "Counterexample",
    "Difference",
    "FaultCode",
    "Hold",
    "InclusionProof",
    "Lines",
    "MasterKey",
    "MethodClass",
    "Municipality",
    "Oid",
    "Party",
    "Path",
    "Place",
    "Problem",
    "Replayed",
    "RestVerdict",
    "SecurityServerId",
    "ServiceId",
    "TileId",
    "UnitId",
    "Verdict",
    "Verifier",
    "Violation",
    "Violations",
    "YouthName",
];
/// It writes words of a language that is spelled out, not of people.
const SPELLING: &str = "Word";

/// Types that are secret or about somebody, whose `Debug` says no more than their name.
const REDACTED: [&str; 10] = [
    "Actor",
    "AdapterEntry",
    "Hetu",
    "Keys",
    "PersonKey",
    "PostgresSettings",
    "Secret",
    "SigningKey",
    "WrappedKey",
    "Token",
];

#[test]
fn what_is_logged_is_on_the_list() {
    let mut wrong = Vec::new();
    for source in all_product() {
        for level in ["error", "warn", "info", "debug", "trace"] {
            for call in code(&source.text).split(&format!("tracing::{level}!(")).skip(1) {
                for argument in arguments(call) {
                    if argument.contains("{") && argument.starts_with('"') && !is_fixed(&argument) {
                        wrong.push(format!("{}: a text with something in it: {argument}", source.path));
                    }
                    let name = argument.split('=').next().unwrap().trim().trim_start_matches(['%', '?']);
                    if !name.starts_with('"') && !FIELDS.contains(&name) {
                        wrong.push(format!("{}: {argument}", source.path));
                    }
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A text whose only variable part is one of our own fixed words.
fn is_fixed(text: &str) -> bool {
    text.starts_with("\"{what}:")
}

/// The arguments of a macro, given what comes behind its opening bracket.
fn arguments(call: &str) -> Vec<String> {
    let mut arguments = vec![String::new()];
    let (mut depth, mut is_text, mut is_escaped) = (0, false, false);
    for letter in call.chars() {
        match letter {
            '"' if !is_escaped => is_text = !is_text,
            '(' | '[' | '{' if !is_text => depth += 1,
            ')' | ']' | '}' if !is_text => depth -= 1,
            _ => {}
        }
        is_escaped = is_text && letter == '\\' && !is_escaped;
        if depth < 0 {
            break;
        }
        if letter == ',' && depth == 0 && !is_text {
            arguments.push(String::new());
        } else {
            arguments.last_mut().unwrap().push(letter);
        }
    }
    arguments.into_iter().map(|argument| argument.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

#[test]
fn arguments_of_a_macro_are_told_apart() {
    let call = "reason = error.reason(\"a, b\"), %agency, \"one, \\\"two\\\" {what}\"); other(x, y)";
    assert_eq!(
        arguments(call),
        ["reason = error.reason(\"a, b\")", "%agency", "\"one, \\\"two\\\" {what}\""]
    );
}

#[test]
fn nothing_personal_can_be_displayed() {
    let mut wrong = Vec::new();
    for source in all_product() {
        for line in code(&source.text).lines().filter(|line| line.trim_start().starts_with("impl")) {
            let Some((_, of)) = line.split_once("Display for ") else { continue };
            let name = of.split([' ', '<', '{']).next().unwrap();
            if !DISPLAYED.contains(&name) && name != SPELLING {
                wrong.push(format!("{}: {name}", source.path));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_debug_of_what_is_secret_shows_nothing() {
    let mut wrong = Vec::new();
    let sources = all_product();
    for name in REDACTED {
        let shown = sources.iter().find_map(|source| {
            let code = code(&source.text);
            let (_, body) = code.split_once(&format!("Debug for {name} {{"))?;
            Some(body.split("\n}").next().unwrap().to_owned())
        });
        // Without a Debug it cannot be shown either, and a derived one is found below.
        if shown.is_some_and(|body| !body.contains("redacted")) {
            wrong.push(format!("{name} is not redacted"));
        }
    }
    for source in &sources {
        for (attributes, fields) in types(&code(&source.text)) {
            // The policy engine has an Actor, too: a role without anybody's id.
            let is_redacted = |name: &str| {
                (name != "Actor" || source.path.starts_with("gateway/"))
                    && ["struct", "enum"].iter().any(|kind| fields.contains(&format!("{kind} {name} ")))
            };
            let is_secret = REDACTED.iter().any(|name| is_redacted(name))
                || fields.contains("Zeroizing<")
                || ["password: ", "secret: ", "token: ", "seed: "].iter().any(|field| {
                    fields.split_once(field).is_some_and(|(_, kind)| {
                        ["String", "Vec<u8>", "Option<String>"].iter().any(|plain| kind.starts_with(plain))
                    })
                });
            if is_secret && attributes.contains("Debug") {
                wrong.push(format!("{}: {}", source.path, fields.lines().next().unwrap()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Every struct and enum: the line of what it derives, and its own text.
fn types(code: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim_start();
        let word = line
            .trim_start_matches("pub ")
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub(super) ");
        if !word.starts_with("struct ") && !word.starts_with("enum ") {
            continue;
        }
        let derives = lines[..number].iter().rev().take_while(|above| above.trim_start().starts_with("#["));
        let derives: Vec<&str> = derives.copied().collect();
        let end = lines[number..].iter().position(|line| *line == "}" || line.ends_with(';'));
        let own = &lines[number..=number + end.unwrap_or(0)];
        found.push((derives.join("\n"), own.join("\n")));
    }
    found
}
