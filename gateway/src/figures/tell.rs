//! Which figures can be told without telling of somebody?
//!
//! A figure about one to four persons is not told. Where figures add up to one that is told, one that is missing alone
//! could be reckoned: so with the small ones the smallest of the larger ones is held back, and all that are as small as
//! that one. Which of those that are held back is the larger one cannot be seen then: whatever way they are exchanged
//! for each other, the same is told. If there is no larger one, or if those that are held back come to nothing, the sum
//! is not told either.

use std::collections::BTreeSet;

/// The least number of persons that a figure is told about.
pub(super) const LEAST: usize = 5;

/// A figure that is part of a sum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// About whom.
    pub(super) who: BTreeSet<u64>,
    /// The figure: not negative; 0 where it is about nobody.
    pub(super) value: i64,
}

impl Cell {
    fn is_small(&self) -> bool {
        is_few(self.who.len())
    }
}

/// Whether a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Shown {
    Told,
    Held,
}

impl Shown {
    /// The figure, if it is told.
    pub(super) fn of(self, value: i64) -> Option<i64> {
        match self {
            Shown::Told => Some(value),
            Shown::Held => None,
        }
    }
}

/// What is told of figures and of their sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Telling {
    pub(super) sum: Shown,
    /// In the order of the cells.
    pub(super) cells: Vec<Shown>,
}

/// Whether so many persons are too few. Nobody is nobody that could be seen.
pub(super) fn is_few(persons: usize) -> bool {
    (1..LEAST).contains(&persons)
}

/// What can be told of these figures and of their sum.
pub(super) fn tell(cells: &[&Cell]) -> Telling {
    if !cells.iter().any(|cell| cell.is_small()) {
        return Telling { sum: Shown::Told, cells: vec![Shown::Told; cells.len()] };
    }
    let larger = cells.iter().map(|cell| cell.who.len()).filter(|persons| *persons >= LEAST).min();
    let bound = larger.unwrap_or(LEAST);
    let is_held = |cell: &Cell| (1..=bound).contains(&cell.who.len());
    let held_back: i64 = cells.iter().filter(|cell| is_held(cell)).map(|cell| cell.value).sum();
    let shown = |is_held: bool| if is_held { Shown::Held } else { Shown::Told };
    if larger.is_some() && held_back == 0 {
        // That each of them is nought could be reckoned, and that the sum is held back would say so.
        return Telling {
            sum: Shown::Held,
            cells: cells.iter().map(|cell| shown(!cell.who.is_empty())).collect(),
        };
    }
    Telling { sum: shown(larger.is_none()), cells: cells.iter().map(|cell| shown(is_held(cell))).collect() }
}

/// What can be told of figures whose sum can be known from elsewhere, also where it is not told here.
///
/// If all of them can be small, their sum could say which number each of them is: then nothing is told but the sum, also
/// not about whom there is nobody.
pub(super) fn tell_of_known(cells: &[&Cell]) -> Telling {
    let all: usize = cells.iter().map(|cell| cell.who.len()).sum();
    let has_few = cells.iter().any(|cell| cell.is_small());
    if !has_few || all > (LEAST - 1) * cells.len() {
        return tell(cells);
    }
    let persons: BTreeSet<u64> = cells.iter().flat_map(|cell| cell.who.iter().copied()).collect();
    let sum = if is_few(persons.len()) { Shown::Held } else { Shown::Told };
    Telling { sum, cells: vec![Shown::Held; cells.len()] }
}
