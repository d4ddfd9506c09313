//! How are figures kept that add up to a sum?

use std::collections::BTreeMap;

use polku_proto::v1::Figure;

use super::tell::{Cell, Telling, tell};

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
        let Telling { sum: whole, cells } = self.telling();
        let mut figures = vec![Figure { value: whole.of(self.sum()), ..sum.clone() }];
        for ((key, cell), shown) in self.0.iter().zip(cells) {
            let mut figure = Figure { value: shown.of(cell.value), ..sum.clone() };
            if name(key, &mut figure) {
                figures.push(figure);
            }
        }
        figures
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
