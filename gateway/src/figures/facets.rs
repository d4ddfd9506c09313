//! How are persons told by several sides of theirs, when all sides add up to the same number?
//!
//! Where one side cannot be told without its sum being held back, nothing that is about somebody is told by any side. Two
//! sides at once are told where no such figure is about too few, and not at all otherwise.

use std::collections::BTreeSet;

use polku_proto::v1::Figure;

use super::cells::Cells;
use super::tell::{Shown, Telling};

/// A side of a person, as far as it is known: what it is like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i32),
    Text(String),
}

/// Puts a value in its place in a figure. Whether it has a name there: what is not known has none.
type Name = fn(&Value, &mut Figure) -> bool;

/// By two sides at once, with the names of both.
type Pairs = (Cells<(Value, Value)>, Name, Name);

/// Persons, by each of their sides.
#[derive(Debug)]
pub(super) struct Facets {
    sides: Vec<(Cells<Value>, Name)>,
    /// By two sides at once, of which these are the names.
    pairs: Option<Pairs>,
}

impl Facets {
    /// Nobody yet: each side with what it can be like, so that nobody at all is told as well, and with its name.
    pub(super) fn of<const N: usize>(sides: [(i32, Name); N]) -> Self {
        let side = |(most, name): (i32, Name)| (Cells::of((1..=most).map(Value::Number)), name);
        Self { sides: sides.into_iter().map(side).collect(), pairs: None }
    }

    /// The same with two sides at once.
    pub(super) fn with_pairs(self, one: (i32, Name), other: (i32, Name)) -> Self {
        let pairs = (1..=one.0)
            .flat_map(|first| (1..=other.0).map(move |second| (Value::Number(first), Value::Number(second))));
        Self { pairs: Some((Cells::of(pairs), one.1, other.1)), ..self }
    }

    /// Counts somebody: what they are like by each side in its order, and by the two sides at once.
    pub(super) fn add(&mut self, who: u64, values: impl IntoIterator<Item = Value>, pair: (Value, Value)) {
        for ((cells, _), value) in self.sides.iter_mut().zip(values) {
            cells.add(value, who, 1);
        }
        if let Some((cells, ..)) = &mut self.pairs {
            cells.add(pair, who, 1);
        }
    }

    /// Whom the figures are about.
    pub(super) fn groups(&self) -> Vec<BTreeSet<u64>> {
        let sides = self.sides.iter().flat_map(|(cells, _)| cells.groups());
        sides.chain(self.pairs.iter().flat_map(|(cells, ..)| cells.groups())).collect()
    }

    /// Whether not even their number is told.
    pub(super) fn is_held(&self) -> bool {
        self.sides.iter().any(|(cells, _)| cells.telling().sum == Shown::Held)
    }

    /// How many can be told, first of all together.
    pub(super) fn told(&self, sum: &Figure) -> Vec<Figure> {
        let mut tellings: Vec<Telling> = self.sides.iter().map(|(cells, _)| cells.telling()).collect();
        let is_held = self.is_held();
        if is_held {
            tellings = self.sides.iter().map(|(cells, _)| cells.held()).collect();
        }
        let all = self.sides.first().map_or(0, |(cells, _)| cells.sum());
        let value = if is_held { None } else { Some(all) };
        let mut figures = vec![Figure { value, ..sum.clone() }];
        for ((cells, name), telling) in self.sides.iter().zip(&tellings) {
            figures.extend(cells.parts(&telling.cells, sum, name));
        }
        if let Some((cells, first, second)) = &self.pairs {
            let held = is_held || cells.has_few();
            let known = cells.known();
            // Where a side is told as nobody, nobody is of both.
            let is_nobody = |(one, other): &(Value, Value)| {
                known.iter().all(|(known, _)| known != one) || known.iter().all(|(_, known)| known != other)
            };
            let shown = |key| if held && !is_nobody(key) { Shown::Held } else { Shown::Told };
            let told: Vec<Shown> = cells.keys().map(shown).collect();
            figures.extend(
                cells.parts(&told, sum, |(one, other), figure| first(one, figure) && second(other, figure)),
            );
        }
        figures
    }
}

/// Puts a number in its place; 0 is not known.
pub(super) fn number(value: &Value, place: &mut i32) -> bool {
    let Value::Number(value) = value else { return false };
    *place = *value;
    *value != 0
}

/// Puts a text in its place; an empty one is not known.
pub(super) fn text(value: &Value, place: &mut String) -> bool {
    let Value::Text(value) = value else { return false };
    place.clone_from(value);
    !value.is_empty()
}
