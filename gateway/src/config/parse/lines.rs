//! On which line of the file is something wrong?

use toml::de::{DeTable, DeValue};

use super::super::Problem;

/// A file that is no TOML. Quotes nothing of it: the place may hold a secret.
pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map(|span| line_at(text, span.start));
    Problem {
        key: String::from("(file)"),
        line,
        found: error.message().to_owned(),
        expected: String::from("TOML"),
        why: "",
    }
}

/// Adds the lines to problems, as closely as they can be told.
pub(super) fn located(text: &str, mut problems: Vec<Problem>) -> Vec<Problem> {
    if let Ok(table) = DeTable::parse(text) {
        for problem in &mut problems {
            problem.line = offset(table.get_ref(), &problem.key).map(|offset| line_at(text, offset));
        }
    }
    problems
}

/// Where the deepest part of the key that is in the file begins.
fn offset(table: &DeTable<'_>, key: &str) -> Option<usize> {
    let mut deepest = None;
    let mut table = table;
    for step in key.split('.') {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
            None => (step, None),
        };
        let Some((found, value)) = table.iter().find(|(key, _)| key.get_ref().as_ref() == name) else {
            break;
        };
        deepest = Some(found.span().start);
        let mut value = value;
        if let Some(item) = index.and_then(|index| value.get_ref().as_array()?.get(index)) {
            deepest = Some(item.span().start);
            value = item;
        }
        match value.get_ref() {
            DeValue::Table(below) => table = below,
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => break,
        }
    }
    deepest
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
