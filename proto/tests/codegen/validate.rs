//! How is a message held to the rules of the contract?

use std::fmt::Write;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use crate::{
    Refused,
    contract::{Contract, PACKAGE, refused},
    names,
    rules::{self, Patterns, Rule},
};

/// Generates `Validate` for every message.
pub(crate) fn generate(contract: &Contract) -> Result<String, Refused> {
    let mut patterns = Patterns::default();
    let mut implementations = String::new();
    for message in contract.messages() {
        implementations.push_str(&implementation(contract, &message, &mut patterns)?);
    }
    let mut code = String::from(names::HEADER);
    code.push_str(
        "\nuse std::sync::LazyLock;\n\nuse crate::validate::{Checker, Pattern, Presence, Validate};\n",
    );
    for (place, pattern) in patterns.0.iter().enumerate() {
        write!(
            code,
            "\nstatic PATTERN_{place}: LazyLock<Pattern> = LazyLock::new(|| Pattern::compile({pattern:?}));\n"
        )
        .map_err(refused)?;
    }
    code.push_str(&implementations);
    Ok(code)
}

fn implementation(
    contract: &Contract,
    message: &MessageDescriptor,
    patterns: &mut Patterns,
) -> Result<String, Refused> {
    if contract.option(&message.options(), "buf.validate.message")?.is_some() {
        return Err(Refused(format!("{}: rules of whole messages are not supported", message.full_name())));
    }
    let mut body = String::new();
    for field in message.fields() {
        if field.containing_oneof().is_none_or(|oneof| oneof.is_synthetic()) {
            body.push_str(&one_field(contract, &field, patterns)?);
        }
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        body.push_str(&one_of(contract, message, &oneof, patterns)?);
    }
    let checker = if body.is_empty() { "_" } else { "checker" };
    Ok(format!(
        "
impl Validate for {} {{
    fn validate(&self, {checker}: &mut Checker) {{
{body}    }}
}}
",
        names::path(message.full_name())?
    ))
}

fn one_field(
    contract: &Contract,
    field: &FieldDescriptor,
    patterns: &mut Patterns,
) -> Result<String, Refused> {
    let name = names::field(field)?;
    let mut calls = Vec::new();
    let mut own = Vec::new();
    let mut items = Vec::new();
    for rule in rules::of(contract, field)? {
        if rule.name == "required" {
            if rule.is_on()? {
                calls.push(format!("checker.required(Presence::from({}));", present(field, &name)?));
            }
        } else if let Some(item) = rule.for_items() {
            items.push(item);
        } else if field.is_list() {
            calls.push(rule.list_call(field, &format!("&self.{name}"))?);
        } else {
            own.push(rule);
        }
    }
    let value = if field.is_list() { items } else { own };
    let mut checks = value_checks(field, &value, patterns)?;
    if contract.is_calendar_date(field)? {
        checks.push(String::from("checker.calendar_date(value);"));
    }
    if let Some(earliest) = contract.not_before(field)? {
        let earliest = names::field(&earliest)?;
        checks.push(format!("checker.not_before(value, &self.{earliest}, {earliest:?});"));
    }
    if !checks.is_empty() {
        let checks = checks.join("\n                ");
        calls.push(if field.is_list() {
            format!(
                "checker.items(&self.{name}, |checker, value| {{\n                {checks}\n            }});"
            )
        } else if field.supports_presence() {
            format!("if let Some(value) = &self.{name} {{\n                {checks}\n            }}")
        } else {
            format!("let value = &self.{name};\n                {checks}")
                .replace("\n                ", "\n            ")
        });
    }
    let Some(last) = calls.last_mut() else { return Ok(String::new()) };
    // Behind the last rule there is nothing to pass over.
    if let Some((call, _)) = last.strip_prefix("if !").and_then(|rest| rest.split_once(" {")) {
        *last = format!("{call};");
    }
    let calls = calls.join("\n            ");
    Ok(format!("        checker.field({name:?}, |checker| {{\n            {calls}\n        }});\n"))
}

fn one_of(
    contract: &Contract,
    message: &MessageDescriptor,
    oneof: &OneofDescriptor,
    patterns: &mut Patterns,
) -> Result<String, Refused> {
    let name = oneof.name();
    let mut code = String::new();
    if let Some(options) = contract.option(&oneof.options(), "buf.validate.oneof")? {
        for (rule, value) in options.fields() {
            match (rule.name(), value.as_bool()) {
                ("required", Some(true)) => writeln!(
                    code,
                    "        checker.field({name:?}, |checker| checker.required(Presence::from(self.{name}.is_some())));"
                )
                .map_err(refused)?,
                (other, _) => {
                    return Err(Refused(format!("{}: the rule {other} is not supported here", oneof.full_name())));
                }
            }
        }
    }
    let path = format!("crate::v1::{}::{}", names::module(message), names::camel(name));
    let mut arms = String::new();
    for field in oneof.fields() {
        let own = rules::of(contract, &field)?;
        let checks = value_checks(&field, &own, patterns)?.join(" ");
        writeln!(
            arms,
            "            Some({path}::{}(value)) => checker.field({:?}, |checker| {{ {checks} }}),",
            names::camel(field.name()),
            field.name()
        )
        .map_err(refused)?;
    }
    writeln!(code, "        match &self.{name} {{\n{arms}            None => {{}}\n        }}")
        .map_err(refused)?;
    Ok(code)
}

/// The calls for one value: what holds for every value of the type, then its rules.
fn value_checks(
    field: &FieldDescriptor,
    rules: &[Rule],
    patterns: &mut Patterns,
) -> Result<Vec<String>, Refused> {
    let mut checks = Vec::new();
    match field.kind() {
        Kind::String => checks.push(String::from("checker.text(value);")),
        Kind::Message(_) if field.is_map() => {
            return Err(Refused(format!("{}: map fields are not supported", field.full_name())));
        }
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
            checks.push(String::from("checker.instant(value);"));
        }
        Kind::Message(message) if message.package_name() == PACKAGE => {
            checks.push(String::from("checker.message(value);"));
        }
        Kind::Message(message) => {
            return Err(Refused(format!("{}: {} is not supported", field.full_name(), message.full_name())));
        }
        _ => {}
    }
    for rule in rules {
        checks.push(rule.call(field, patterns)?);
    }
    Ok(checks)
}

/// The condition under which a field counts as given.
fn present(field: &FieldDescriptor, name: &str) -> Result<String, Refused> {
    match field.kind() {
        _ if field.is_list() => Ok(format!("!self.{name}.is_empty()")),
        _ if field.supports_presence() => Ok(format!("self.{name}.is_some()")),
        Kind::String | Kind::Bytes => Ok(format!("!self.{name}.is_empty()")),
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Enum(_) => {
            Ok(format!("self.{name} != 0"))
        }
        _ => Err(Refused(format!("{}: the rule required is not supported here", field.full_name()))),
    }
}
