//! Which rules can a field be held to, and where in the message is it?

use std::{collections::HashSet, fmt::Write, hash::Hash};

use jiff::civil::Date;
use regex::Regex;
use uuid::Uuid;

use super::{Validate, Violation, Violations};

/// A regular expression of the contract, compiled once.
#[derive(Debug)]
pub struct Pattern {
    text: &'static str,
    // INVARIANT: `None` matches nothing, so a pattern that does not compile lets nothing in. The generator compiles
    // every pattern, so there is none.
    regex: Option<Regex>,
}

impl Pattern {
    /// Compiles a pattern.
    #[must_use]
    pub fn compile(text: &'static str) -> Pattern {
        Pattern { text, regex: Regex::new(text).ok() }
    }
}

/// Goes through a message and notes the rules that it breaks.
#[derive(Debug, Default)]
pub struct Checker {
    path: Vec<Step>,
    violations: Vec<Violation>,
}

#[derive(Debug)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl Checker {
    pub(super) fn new() -> Checker {
        Checker::default()
    }

    pub(super) fn finish(self) -> Vec<Violation> {
        self.violations
    }

    /// Checks a field.
    pub fn field(&mut self, name: &'static str, check: impl FnOnce(&mut Checker)) {
        self.step(Step::Field(name), check);
    }

    /// Checks every element of a list.
    pub fn items<X>(&mut self, items: &[X], mut check: impl FnMut(&mut Checker, &X)) {
        for (index, item) in items.iter().enumerate() {
            if self.violations.len() == Violations::MAX {
                return;
            }
            self.step(Step::Item(index), |checker| check(checker, item));
        }
    }

    /// Checks a message inside the message.
    pub fn message(&mut self, message: &impl Validate) {
        message.validate(self);
    }

    /// Holds for every text: no control characters but line ends and tab, nothing that XML 1.0 cannot express.
    pub fn text(&mut self, value: &str) {
        if !value.chars().all(is_plain) {
            self.broken("string.text", || String::from("text without control characters"));
        }
    }

    /// Holds for every instant: it can be expressed in the code.
    pub fn instant(&mut self, value: &prost_types::Timestamp) {
        if crate::time::from_wire(value).is_err() {
            self.broken("timestamp.range", || String::from("an instant of the years 1 to 9999"));
        }
    }

    /// `required`, for a field or a oneof.
    pub fn required(&mut self, present: Presence) {
        if present == Presence::Absent {
            self.broken("required", || String::from("a value"));
        }
    }

    /// `string.len`, in characters.
    pub fn len(&mut self, value: &str, len: usize) {
        if value.chars().count() != len {
            self.broken("string.len", || format!("exactly {len} characters"));
        }
    }

    /// `string.min_len`, in characters.
    pub fn min_len(&mut self, value: &str, min: usize) {
        if value.chars().count() < min {
            self.broken("string.min_len", || format!("at least {min} characters"));
        }
    }

    /// `string.max_len`, in characters.
    pub fn max_len(&mut self, value: &str, max: usize) {
        if value.chars().count() > max {
            self.broken("string.max_len", || format!("at most {max} characters"));
        }
    }

    /// `string.pattern`.
    pub fn pattern(&mut self, value: &str, pattern: &Pattern) {
        if !pattern.regex.as_ref().is_some_and(|regex| regex.is_match(value)) {
            self.broken("string.pattern", || format!("text that matches {}", pattern.text));
        }
    }

    /// `polku.v1.calendar_date`. Whatever has another form is for a pattern to refuse.
    pub fn calendar_date(&mut self, value: &str) {
        let is_day = |text: &str| text.parse::<Date>().is_ok_and(|date| date.year() >= 1);
        if has_form_of_a_day(value) && !is_day(value) {
            self.broken("calendar_date", || String::from("a day of the calendar"));
        }
    }

    /// `polku.v1.not_before`. Days of one form: their order is that of their texts.
    pub fn not_before(&mut self, value: &str, other: &str, name: &str) {
        if has_form_of_a_day(value) && has_form_of_a_day(other) && value < other {
            self.broken("not_before", || format!("a day that is not before {name}"));
        }
    }

    /// `string.uuid`, with hyphens.
    pub fn uuid(&mut self, value: &str) {
        // Only the form with hyphens has 36 characters.
        if value.len() != 36 || Uuid::try_parse(value).is_err() {
            self.broken("string.uuid", || String::from("a UUID"));
        }
    }

    /// `bytes.len`.
    pub fn bytes_len(&mut self, value: &[u8], len: usize) {
        if value.len() != len {
            self.broken("bytes.len", || format!("exactly {len} bytes"));
        }
    }

    /// `bytes.max_len`.
    pub fn bytes_max_len(&mut self, value: &[u8], max: usize) {
        if value.len() > max {
            self.broken("bytes.max_len", || format!("at most {max} bytes"));
        }
    }

    /// `int32.gte`.
    pub fn gte(&mut self, value: i32, min: i32) {
        if value < min {
            self.broken("int32.gte", || format!("{min} or more"));
        }
    }

    /// `int32.lte`.
    pub fn lte(&mut self, value: i32, max: i32) {
        if value > max {
            self.broken("int32.lte", || format!("{max} or less"));
        }
    }

    /// `enum.defined_only`.
    pub fn defined_only<E: TryFrom<i32>>(&mut self, value: i32) {
        if E::try_from(value).is_err() {
            self.broken("enum.defined_only", || String::from("a value that the contract defines"));
        }
    }

    /// `enum.not_in`, with the numbers and the names of what is excluded.
    pub fn not_in(&mut self, value: i32, excluded: &[i32], names: &str) {
        if excluded.contains(&value) {
            self.broken("enum.not_in", || format!("another value than {names}"));
        }
    }

    /// `repeated.min_items`.
    pub fn min_items<X>(&mut self, items: &[X], min: usize) {
        if items.len() < min {
            self.broken("repeated.min_items", || format!("at least {min} items"));
        }
    }

    /// `repeated.max_items`. Tells whether the items are worth looking at: where there are a thousand more, nobody wants to
    /// know what else is wrong, and there may be a quarter of a million of them.
    pub fn max_items<X>(&mut self, items: &[X], max: usize) -> bool {
        if items.len() > max {
            self.broken("repeated.max_items", || format!("at most {max} items"));
        }
        items.len() <= max.saturating_add(1_000)
    }

    /// `repeated.unique`.
    pub fn unique<X: Eq + Hash>(&mut self, items: &[X]) {
        let mut seen = HashSet::with_capacity(items.len());
        if !items.iter().all(|item| seen.insert(item)) {
            self.broken("repeated.unique", || String::from("no item twice"));
        }
    }

    fn step(&mut self, step: Step, check: impl FnOnce(&mut Checker)) {
        self.path.push(step);
        check(self);
        self.path.pop();
    }

    fn broken(&mut self, rule: &'static str, expected: impl FnOnce() -> String) {
        if self.violations.len() < Violations::MAX {
            let violation = Violation { field: self.place(), rule, expected: expected() };
            self.violations.push(violation);
        }
    }

    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) if place.is_empty() => place.push_str(name),
                // Writing to a `String` cannot fail.
                Step::Field(name) => drop(write!(place, ".{name}")),
                Step::Item(index) => drop(write!(place, "[{index}]")),
            }
        }
        place
    }
}

/// Whether a field says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is set, not empty and not zero.
    Present,
    /// It is not.
    Absent,
}

impl From<bool> for Presence {
    fn from(present: bool) -> Presence {
        if present { Presence::Present } else { Presence::Absent }
    }
}

/// `YYYY-MM-DD`.
fn has_form_of_a_day(text: &str) -> bool {
    let form = |(place, byte): (usize, u8)| {
        if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() }
    };
    text.len() == 10 && text.bytes().enumerate().all(form)
}

/// Whether a character may stand in a text of the contract: what XML 1.0 (section 2.2) allows, without U+007F. Carriage
/// returns come with what people type on Windows.
#[must_use]
pub fn is_plain(letter: char) -> bool {
    matches!(letter,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{80}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}
