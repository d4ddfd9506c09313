//! How is a table of the file read so that everything wrong with it is found at once?

use std::cell::RefCell;
use std::fmt::Display;
use std::str::FromStr;

use toml::{Table, Value};

use super::Problem;

/// Everything that has been found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(crate) fn add(&self, key: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) {
        let (key, found, expected) = (key.into(), found.into(), expected.into());
        let problem = Problem { key, line: None, found, expected, why: "" };
        self.0.borrow_mut().push(problem);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// One table of the file, read key by key.
pub(super) struct Section<'a> {
    table: Table,
    path: String,
    known: RefCell<Vec<&'static str>>,
    // `None` where the table itself has been reported: its missing keys are no news.
    problems: Option<&'a Problems>,
}

impl<'a> Section<'a> {
    pub(super) fn top(table: Table, problems: &'a Problems) -> Section<'a> {
        Section { table, path: String::new(), known: RefCell::default(), problems: Some(problems) }
    }

    /// The full path of a key of this table.
    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { String::from(key) } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn wrong(&self, key: &str, found: impl Into<String>, expected: impl Into<String>) {
        self.wrong_at(self.path(key), found, expected);
    }

    /// The same for a path that is known already.
    pub(super) fn wrong_at(&self, path: String, found: impl Into<String>, expected: impl Into<String>) {
        if let Some(problems) = self.problems {
            problems.add(path, found, expected);
        }
    }

    /// Reports keys that nobody has asked for. Comes last.
    pub(super) fn finish(self) {
        let known = self.known.borrow();
        for key in self.table.keys().filter(|key| !known.contains(&key.as_str())) {
            self.wrong(key, "an unknown key", format!("one of {}", known.join(", ")));
        }
    }

    /// A table that has to be there. If it is absent, its keys are.
    pub(super) fn section(&self, key: &'static str) -> Section<'a> {
        let present = self.table.contains_key(key);
        let problems = if present { None } else { self.problems };
        let absent =
            Section { table: Table::new(), path: self.path(key), known: RefCell::default(), problems };
        self.optional_section(key).unwrap_or(absent)
    }

    pub(super) fn optional_section(&self, key: &'static str) -> Option<Section<'a>> {
        Some(self.below(self.path(key), self.raw_table(key)?))
    }

    /// Tables under `[[key]]`; none if the key is absent.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let items = self.items(key, "tables");
        let sections = items.into_iter().filter_map(|(path, item)| {
            let Value::Table(table) = item else {
                self.wrong_at(path, kind(&item), "a table");
                return None;
            };
            Some(self.below(path, table))
        });
        sections.collect()
    }

    /// A table that somebody else reads.
    pub(super) fn raw_table(&self, key: &'static str) -> Option<Table> {
        let value = self.get(key)?;
        let table = value.as_table();
        if table.is_none() {
            self.wrong(key, kind(value), "a table");
        }
        table.cloned()
    }

    pub(super) fn text(&self, key: &'static str, expected: &str) -> Option<String> {
        if !self.table.contains_key(key) {
            self.known.borrow_mut().push(key);
            self.wrong(key, "nothing", expected);
            return None;
        }
        self.optional_text(key, expected)
    }

    pub(super) fn optional_text(&self, key: &'static str, expected: &str) -> Option<String> {
        let value = self.get(key)?;
        match value.as_str() {
            Some(text) if !text.is_empty() => return Some(text.to_owned()),
            Some(_) => self.wrong(key, "an empty text", expected),
            None => self.wrong(key, kind(value), expected),
        }
        None
    }

    /// A text that is read as something else. Its value is shown when it does not fit, so never for secrets.
    pub(super) fn parsed<T: FromStr>(&self, key: &'static str, expected: &str) -> Option<T> {
        let text = self.text(key, expected)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.wrong(key, quoted(&text), expected);
        }
        parsed
    }

    /// A list of texts, each with its path; empty if the key is absent.
    pub(super) fn texts(&self, key: &'static str, expected: &str) -> Vec<(String, String)> {
        let items = self.items(key, "texts");
        let texts = items.into_iter().filter_map(|(path, item)| {
            let Value::String(text) = item else {
                self.wrong_at(path, kind(&item), expected);
                return None;
            };
            Some((path, text))
        });
        texts.collect()
    }

    /// Yes or no; no if the key is absent.
    pub(super) fn flag(&self, key: &'static str) -> bool {
        match self.get(key) {
            None => false,
            Some(Value::Boolean(flag)) => *flag,
            Some(value) => {
                self.wrong(key, kind(value), "true or false");
                false
            }
        }
    }

    /// A whole number between bounds, or the default if the key is absent.
    pub(super) fn number(&self, key: &'static str, bounds: (u32, u32), default: u32) -> u32 {
        let (least, most) = bounds;
        let expected = format!("a whole number from {least} to {most}");
        let Some(value) = self.get(key) else {
            return default;
        };
        let Value::Integer(number) = value else {
            self.wrong(key, kind(value), expected);
            return default;
        };
        match u32::try_from(*number) {
            Ok(fitting) if (least..=most).contains(&fitting) => fitting,
            Ok(_) | Err(_) => {
                self.wrong(key, number.to_string(), expected);
                default
            }
        }
    }

    /// A list of whole numbers between bounds, or the default if the key is absent.
    pub(super) fn numbers(&self, key: &'static str, bounds: (u32, u32), default: &[u32]) -> Vec<u32> {
        if self.get(key).is_none() {
            return default.to_vec();
        }
        let (least, most) = bounds;
        let mut numbers = Vec::new();
        for (path, item) in self.items(key, "whole numbers") {
            let number = item.as_integer().and_then(|number| u32::try_from(number).ok());
            match number.filter(|number| (least..=most).contains(number)) {
                Some(number) => numbers.push(number),
                None => self.wrong_at(path, quoted(&item), format!("a whole number from {least} to {most}")),
            }
        }
        numbers
    }

    fn items(&self, key: &'static str, of: &str) -> Vec<(String, Value)> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.wrong(key, kind(value), format!("a list of {of}"));
            return Vec::new();
        };
        let path = |index| format!("{}[{index}]", self.path(key));
        items.iter().enumerate().map(|(index, item)| (path(index), item.clone())).collect()
    }

    fn get(&self, key: &'static str) -> Option<&Value> {
        if !self.known.borrow().contains(&key) {
            self.known.borrow_mut().push(key);
        }
        self.table.get(key)
    }

    fn below(&self, path: impl Into<String>, table: Table) -> Section<'a> {
        Section { table, path: path.into(), known: RefCell::default(), problems: self.problems }
    }
}

/// A value of the file that is no secret, as it is shown to the operator.
pub(crate) fn quoted(value: impl Display) -> String {
    let text = value.to_string();
    let shown: String = text.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect();
    if shown.len() < text.len() { format!("\"{shown}...\"") } else { format!("\"{shown}\"") }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
