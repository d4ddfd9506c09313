//! Which `buf.validate` rules does a field have, and which call of the checker stands for each?

use std::fmt::Display;

use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, Value};
use regex::Regex;

use crate::{
    Refused,
    contract::{Contract, refused},
    names,
};

/// One rule of a field, by its path in `buf.validate.FieldRules`: `string.max_len`.
pub(crate) struct Rule {
    pub(crate) name: String,
    value: Value,
}

/// The patterns of the contract, each once.
#[derive(Default)]
pub(crate) struct Patterns(pub(crate) Vec<String>);

/// Reads the rules of a field in the order of their numbers.
pub(crate) fn of(contract: &Contract, field: &FieldDescriptor) -> Result<Vec<Rule>, Refused> {
    let mut rules = Vec::new();
    if let Some(message) = contract.option(&field.options(), "buf.validate.field")? {
        flatten(&message, "", &mut rules).map_err(|error| at(field, error))?;
    }
    Ok(rules)
}

fn flatten(message: &DynamicMessage, prefix: &str, rules: &mut Vec<Rule>) -> Result<(), Refused> {
    if let Some((extension, _)) = message.extensions().next() {
        return Err(Refused(format!("the rule {} is not supported", extension.full_name())));
    }
    if message.unknown_fields().next().is_some() {
        return Err(Refused(String::from("a rule is not known to buf.validate")));
    }
    for (field, value) in message.fields() {
        let name = format!("{prefix}{}", field.name());
        match value {
            Value::Message(inner) => flatten(inner, &format!("{name}."), rules)?,
            other => rules.push(Rule { name, value: other.clone() }),
        }
    }
    Ok(())
}

impl Rule {
    /// Whether the rule is for the elements of a list; if so, as the rule of one of them.
    pub(crate) fn for_items(&self) -> Option<Rule> {
        let name = self.name.strip_prefix("repeated.items.")?;
        Some(Rule { name: name.to_owned(), value: self.value.clone() })
    }

    /// Whether the rule is one that is switched on.
    pub(crate) fn is_on(&self) -> Result<bool, Refused> {
        self.value.as_bool().ok_or_else(|| self.wrong())
    }

    /// The call for a rule about a list.
    pub(crate) fn list_call(&self, field: &FieldDescriptor, items: &str) -> Result<String, Refused> {
        let call = match self.name.as_str() {
            "repeated.min_items" => format!("checker.min_items({items}, {});", self.count()?),
            // What else is asked of the list has a higher number, and comes behind this.
            "repeated.max_items" => {
                format!(
                    "if !checker.max_items({items}, {}) {{\n                return;\n            }}",
                    self.count()?
                )
            }
            "repeated.unique" if self.is_on()? => format!("checker.unique({items});"),
            _ => return Err(at(field, self.unsupported())),
        };
        Ok(call)
    }

    /// The call for a rule about one value, which is behind the reference `value`.
    pub(crate) fn call(&self, field: &FieldDescriptor, patterns: &mut Patterns) -> Result<String, Refused> {
        self.written(field, patterns).map_err(|error| at(field, error))
    }

    fn written(&self, field: &FieldDescriptor, patterns: &mut Patterns) -> Result<String, Refused> {
        let call = match (self.name.as_str(), field.kind()) {
            ("string.len", Kind::String) => format!("checker.len(value, {});", self.count()?),
            ("string.min_len", Kind::String) => format!("checker.min_len(value, {});", self.count()?),
            ("string.max_len", Kind::String) => format!("checker.max_len(value, {});", self.count()?),
            ("string.pattern", Kind::String) => {
                let pattern = self.value.as_str().ok_or_else(|| self.wrong())?;
                format!("checker.pattern(value, &PATTERN_{});", patterns.place(pattern)?)
            }
            ("string.uuid", Kind::String) if self.is_on()? => String::from("checker.uuid(value);"),
            ("bytes.len", Kind::Bytes) => format!("checker.bytes_len(value, {});", self.count()?),
            ("bytes.max_len", Kind::Bytes) => format!("checker.bytes_max_len(value, {});", self.count()?),
            ("int32.gte", Kind::Int32) => format!("checker.gte(*value, {});", self.integer()?),
            ("int32.lte", Kind::Int32) => format!("checker.lte(*value, {});", self.integer()?),
            ("enum.defined_only", Kind::Enum(kind)) if self.is_on()? => {
                format!("checker.defined_only::<{}>(*value);", names::path(kind.full_name())?)
            }
            ("enum.not_in", Kind::Enum(kind)) => {
                let excluded = self.numbers()?;
                let titles = titles(&kind, &excluded)?;
                format!("checker.not_in(*value, &{excluded:?}, {titles:?});")
            }
            _ => return Err(self.unsupported()),
        };
        Ok(call)
    }

    fn count(&self) -> Result<u64, Refused> {
        self.value.as_u64().ok_or_else(|| self.wrong())
    }

    fn integer(&self) -> Result<i32, Refused> {
        self.value.as_i32().ok_or_else(|| self.wrong())
    }

    fn numbers(&self) -> Result<Vec<i32>, Refused> {
        let values = self.value.as_list().ok_or_else(|| self.wrong())?;
        values.iter().map(|value| value.as_i32().ok_or_else(|| self.wrong())).collect()
    }

    fn unsupported(&self) -> Refused {
        Refused(format!("the rule {} is not supported here", self.name))
    }

    fn wrong(&self) -> Refused {
        Refused(format!("the rule {} has a value of an unexpected type", self.name))
    }
}

impl Patterns {
    /// Finds the place of a pattern; refuses one that is no regular expression.
    fn place(&mut self, pattern: &str) -> Result<usize, Refused> {
        Regex::new(pattern).map_err(refused)?;
        if let Some(place) = self.0.iter().position(|known| known == pattern) {
            return Ok(place);
        }
        self.0.push(pattern.to_owned());
        Ok(self.0.len() - 1)
    }
}

fn titles(kind: &EnumDescriptor, numbers: &[i32]) -> Result<String, Refused> {
    let mut titles = Vec::new();
    for number in numbers {
        let value = kind.get_value(*number).ok_or_else(|| Refused(format!("{number} is not defined")))?;
        titles.push(value.name().to_owned());
    }
    Ok(titles.join(" and "))
}

fn at(field: &FieldDescriptor, error: impl Display) -> Refused {
    Refused(format!("{}: {error}", field.full_name()))
}
