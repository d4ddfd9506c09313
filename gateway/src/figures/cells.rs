//! How are figures kept that add up to a sum?

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::v1::Figure;

use super::tell::{Cell, Shown, Telling, is_few, tell, tell_of_known};

/// Figures by what they depend on.
#[derive(Debug)]
pub(super) struct Cells<K>(BTreeMap<K, Cell>);

impl<K: Ord> Cells<K> {
    /// Figures about nobody yet.
    pub(super) fn of(keys: impl IntoIterator<Item = K>) -> Self {
        Self(keys.into_iter().map(|key| (key, Cell::default())).collect())
    }

    /// Adds to a figure.
    pub(super) fn add(&mut self, key: K, who: u64, value: i64) {
        let cell = self.0.entry(key).or_default();
        cell.who.insert(who);
        cell.value += value;
    }

    /// Those of which it can be told, after their sum, which is like `sum`. A figure that is part of the sum and has no
    /// name is left out by `name`.
    pub(super) fn told(&self, sum: &Figure, name: impl Fn(&K, &mut Figure) -> bool) -> Vec<Figure> {
        let telling = self.telling();
        let whole = Figure { value: telling.sum.of(self.sum()), ..sum.clone() };
        [whole].into_iter().chain(self.parts(&telling.cells, sum, name)).collect()
    }

    /// The parts of the sum, told as they can be.
    pub(super) fn parts(
        &self,
        told: &[Shown],
        sum: &Figure,
        name: impl Fn(&K, &mut Figure) -> bool,
    ) -> Vec<Figure> {
        let mut figures = Vec::new();
        for ((key, cell), shown) in self.0.iter().zip(told) {
            let mut figure = Figure { value: shown.of(cell.value), ..sum.clone() };
            if name(key, &mut figure) {
                figures.push(figure);
            }
        }
        figures
    }

    /// Whether a figure is about too few.
    pub(super) fn has_few(&self) -> bool {
        self.0.values().any(|cell| is_few(cell.who.len()))
    }

    /// How it is told if nothing is that is about somebody.
    pub(super) fn held(&self) -> Telling {
        let shown = |cell: &Cell| if cell.who.is_empty() { Shown::Told } else { Shown::Held };
        Telling { sum: Shown::Held, cells: self.0.values().map(shown).collect() }
    }

    /// Whom the figures and their sum are about.
    pub(super) fn groups(&self) -> Vec<BTreeSet<u64>> {
        let all = self.0.values().flat_map(|cell| cell.who.iter().copied()).collect();
        self.0.values().map(|cell| cell.who.clone()).chain([all]).collect()
    }

    /// What the figures depend on, in their order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.keys()
    }

    /// What the figures depend on that are about somebody.
    pub(super) fn known(&self) -> Vec<&K> {
        self.0.iter().filter(|(_, cell)| !cell.who.is_empty()).map(|(key, _)| key).collect()
    }

    /// How they are told if their sum can be known from elsewhere.
    pub(super) fn telling_of_known(&self) -> Telling {
        let cells: Vec<&Cell> = self.0.values().collect();
        tell_of_known(&cells)
    }

    pub(super) fn telling(&self) -> Telling {
        let cells: Vec<&Cell> = self.0.values().collect();
        tell(&cells)
    }

    pub(super) fn sum(&self) -> i64 {
        self.0.values().map(|cell| cell.value).sum()
    }

    pub(super) fn get(&self, key: &K) -> Cell {
        self.0.get(key).cloned().unwrap_or_default()
    }
}
