//! Can nobody be reckoned out of the figures that are told?

mod counting;

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::v1::Figure;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

use super::facets::{Facets, Value};
use super::tell::{Cell, LEAST, Shown, Telling, is_few, tell, tell_of_known};
use super::{Book, Line, together};

/// Cells about so many persons each, nobody in two of them, whose values are those numbers.
fn cells(persons: &[usize]) -> Vec<Cell> {
    let mut next = 0..;
    let mut who = |count: usize| next.by_ref().take(count).collect::<BTreeSet<u64>>();
    persons.iter().map(|count| Cell { who: who(*count), value: i64::try_from(*count).unwrap() }).collect()
}

fn telling(cells: &[Cell]) -> Telling {
    tell(&cells.iter().collect::<Vec<_>>())
}

/// The told figures: the sum first, and what is held back as nothing.
fn told(cells: &[Cell]) -> Vec<Option<i64>> {
    let Telling { sum, cells: shown } = telling(cells);
    let whole = sum.of(cells.iter().map(|cell| cell.value).sum());
    let parts = cells.iter().zip(shown).map(|(cell, shown)| shown.of(cell.value));
    [whole].into_iter().chain(parts).collect()
}

/// What somebody can reckon who knows how figures are held back: of all numbers that lead to the same answer, each
/// figure that is held back must have two or more values.
fn assert_nothing_is_reckoned(worlds: impl Iterator<Item = (Vec<Option<i64>>, Vec<i64>)>) {
    let mut by_answer: BTreeMap<Vec<Option<i64>>, Vec<BTreeSet<i64>>> = BTreeMap::new();
    for (answer, truth) in worlds {
        let possible = by_answer.entry(answer).or_insert_with(|| vec![BTreeSet::new(); truth.len()]);
        for (values, value) in possible.iter_mut().zip(truth) {
            values.insert(value);
        }
    }
    for (answer, possible) in &by_answer {
        for (figure, values) in answer.iter().zip(possible) {
            assert!(figure.is_some() || values.len() > 1, "{answer:?} is {possible:?}");
        }
    }
    assert!(by_answer.len() > 20);
}

fn numbers(most: usize, count: usize) -> impl Iterator<Item = Vec<usize>> {
    let base = most + 1;
    (0..base.pow(u32::try_from(count).unwrap())).map(move |world| {
        (0..count).map(|place| world / base.pow(u32::try_from(place).unwrap()) % base).collect()
    })
}

#[test]
fn no_figure_can_be_reckoned_from_the_others_and_the_sum() {
    for count in [1, 2, 3, 4] {
        let most = if count == 4 { 11 } else { 24 };
        // Every way to come to these sums is among them.
        let all = numbers(most, count).filter(|persons| persons.iter().sum::<usize>() <= most);
        assert_nothing_is_reckoned(all.map(|persons| {
            let cells = cells(&persons);
            let truth = persons.iter().map(|count| i64::try_from(*count).unwrap());
            (told(&cells), [truth.clone().sum()].into_iter().chain(truth).collect())
        }));
    }
}

/// The same where the sum is known from elsewhere.
#[test]
fn no_figure_can_be_reckoned_from_a_sum_that_is_known() {
    for (count, most) in [(2, 24), (3, 20), (4, 18)] {
        let all = numbers(most, count).filter(|persons| persons.iter().sum::<usize>() <= most);
        // Fewer than five are nobody's figure elsewhere either.
        let all = all.filter(|persons| !is_few(persons.iter().sum()));
        assert_nothing_is_reckoned(all.map(|persons| {
            let cells = cells(&persons);
            let Telling { sum, cells: shown } = tell_of_known(&cells.iter().collect::<Vec<_>>());
            assert_eq!(sum, Shown::Told);
            let known = Some(cells.iter().map(|cell| cell.value).sum());
            let told = cells.iter().zip(shown).map(|(cell, shown)| shown.of(cell.value));
            let truth = persons.iter().map(|count| i64::try_from(*count).unwrap());
            (
                [known].into_iter().chain(told).collect(),
                [truth.clone().sum()].into_iter().chain(truth).collect(),
            )
        }));
    }
}

/// Somebody like this by two sides, so many of each.
fn told_by_two_sides(first: &[usize], second: &[usize]) -> Vec<Option<i64>> {
    let name: [fn(&Value, &mut Figure) -> bool; 2] = [|_, _| true, |_, _| true];
    let most = |side: &[usize]| i32::try_from(side.len()).unwrap();
    let mut facets = Facets::of([(most(first), name[0]), (most(second), name[1])]);
    let values = |side: &[usize]| {
        let of_one =
            |(place, count): (usize, &usize)| vec![Value::Number(i32::try_from(place).unwrap() + 1); *count];
        side.iter().enumerate().flat_map(of_one).collect::<Vec<Value>>()
    };
    for (who, (one, other)) in (0..).zip(values(first).into_iter().zip(values(second))) {
        facets.add(who, [one.clone(), other.clone()], (one, other));
    }
    facets.told(&Figure::default()).into_iter().map(|figure| figure.value).collect()
}

#[test]
fn no_side_of_persons_can_be_reckoned_from_another() {
    let most = 13;
    for (first, second) in [(2, 2), (2, 3), (3, 3)] {
        let of_sum = |count, sum: usize| {
            let all = numbers(most, count).filter(move |side| side.iter().sum::<usize>() == sum);
            all.collect::<Vec<Vec<usize>>>()
        };
        let worlds = (0..=most).flat_map(|sum| {
            let others = of_sum(second, sum);
            of_sum(first, sum).into_iter().flat_map(move |one| {
                let pair = |other: &Vec<usize>| (one.clone(), other.clone());
                others.iter().map(pair).collect::<Vec<_>>()
            })
        });
        assert_nothing_is_reckoned(worlds.map(|(one, other)| {
            let all = one.iter().sum::<usize>();
            let truth = [all].into_iter().chain(one.clone()).chain(other.clone());
            (told_by_two_sides(&one, &other), truth.map(|count| i64::try_from(count).unwrap()).collect())
        }));
    }
}

/// Four kinds of persons, by two sides of two: also by both at once.
#[test]
fn no_pair_of_sides_can_be_reckoned_from_the_sides() {
    let most = 13;
    let all = numbers(most, 4).filter(|persons| persons.iter().sum::<usize>() <= most);
    assert_nothing_is_reckoned(all.map(|persons| {
        let name: fn(&Value, &mut Figure) -> bool = |_, _| true;
        let mut facets = Facets::of([(2, name), (2, name)]).with_pairs((2, name), (2, name));
        let mut next = 0..;
        for (place, count) in (0..).zip(&persons) {
            let (one, other) = (Value::Number(place / 2 + 1), Value::Number(place % 2 + 1));
            for who in next.by_ref().take(*count) {
                facets.add(who, [one.clone(), other.clone()], (one.clone(), other.clone()));
            }
        }
        let told = facets.told(&Figure::default()).into_iter().map(|figure| figure.value).collect();
        let [a, b, c, d] = [0, 1, 2, 3].map(|place: usize| i64::try_from(persons[place]).unwrap());
        (told, vec![a + b + c + d, a + b, c + d, a + c, b + d, a, b, c, d])
    }));
}

/// Whoever has the report of the first third and that of two: everything that is held back of the first third, of the
/// second one and of both has two values or more.
#[test]
fn no_third_can_be_reckoned_from_two_periods() {
    let most = 9;
    let thirds: Vec<Vec<usize>> =
        numbers(most, 2).filter(|persons| persons.iter().sum::<usize>() <= most).collect();
    let book = |persons: &[usize]| {
        let of = |(place, value): (usize, &Option<i64>)| {
            Line::from(Figure { profile: i32::try_from(place).unwrap(), value: *value, ..Figure::default() })
        };
        Book { lines: told(&cells(persons)).iter().enumerate().map(of).collect() }
    };
    let told = |books: &[Book]| {
        let figures = together(books).figures.into_iter().filter(|figure| figure.kind == 0);
        figures.map(|figure| figure.value).collect::<Vec<Option<i64>>>()
    };
    let worlds = thirds.iter().flat_map(|one| thirds.iter().map(move |other| (one, other)));
    assert_nothing_is_reckoned(worlds.map(|(one, other)| {
        let (first, second) = (book(one), book(other));
        let both = told(&[first.clone(), second]);
        let truth = |persons: &[usize]| {
            let parts = persons.iter().map(|count| i64::try_from(*count).unwrap());
            [parts.clone().sum::<i64>()].into_iter().chain(parts).collect::<Vec<i64>>()
        };
        let (one, other) = (truth(one), truth(other));
        let sums = one.iter().zip(&other).map(|(one, other)| one + other);
        let answer = told(&[first]).into_iter().chain(both).collect();
        (answer, one.iter().copied().chain(sums).collect())
    }));
}

fn any_cells() -> impl Strategy<Value = Vec<Cell>> {
    let cell = (proptest::collection::btree_set(0_u64..40, 0..12), 0_i64..9);
    let cell = cell.prop_map(|(who, each)| {
        let value = i64::try_from(who.len()).unwrap() * each;
        Cell { who, value }
    });
    proptest::collection::vec(cell, 0..9)
}

proptest! {
    /// Also where the same person is in several cells, and the figures are minutes and not persons.
    #[test]
    fn what_is_told_is_about_enough(cells in any_cells()) {
        let Telling { sum, cells: shown } = telling(&cells);
        prop_assert_eq!(shown.len(), cells.len());
        let held: Vec<&Cell> =
            cells.iter().zip(&shown).filter(|(_, shown)| **shown == Shown::Held).map(|(cell, _)| cell).collect();
        for (cell, shown) in cells.iter().zip(&shown) {
            let few = (1..LEAST).contains(&cell.who.len());
            prop_assert!(!few || *shown == Shown::Held);
            prop_assert!(!cell.who.is_empty() || *shown == Shown::Told);
        }
        if sum == Shown::Told && !held.is_empty() {
            // The rest of the sum is about two figures or more, and about enough persons.
            let rest: BTreeSet<u64> = held.iter().flat_map(|cell| cell.who.clone()).collect();
            prop_assert!(held.len() > 1);
            prop_assert!(rest.len() >= LEAST);
            prop_assert!(held.iter().map(|cell| cell.value).sum::<i64>() > 0);
        }
        if sum == Shown::Held {
            let whole: BTreeSet<u64> = cells.iter().flat_map(|cell| cell.who.clone()).collect();
            prop_assert!(!whole.is_empty());
            // That the sum is held back does not say what the rest comes to.
            prop_assert!(held.len() == cells.iter().filter(|cell| !cell.who.is_empty()).count());
        }
    }

    /// Whichever of those that are held back is the larger one, the same is told.
    #[test]
    fn those_held_back_cannot_be_told_apart(cells in any_cells(), one in 0_usize..9, other in 0_usize..9) {
        let before = telling(&cells);
        let held = |place: usize| before.cells.get(place) == Some(&Shown::Held);
        if held(one) && held(other) {
            let mut exchanged = cells.clone();
            exchanged.swap(one, other);
            prop_assert_eq!(telling(&exchanged), before);
        }
    }
}

#[test]
fn a_small_figure_takes_the_smallest_larger_ones_along() {
    assert_eq!(told(&cells(&[5, 6, 0])), [Some(11), Some(5), Some(6), Some(0)]);
    assert_eq!(told(&cells(&[3, 9, 7, 0])), [Some(19), None, Some(9), None, Some(0)]);
    assert_eq!(told(&cells(&[3, 7, 7, 9])), [Some(26), None, None, None, Some(9)]);
    assert_eq!(told(&cells(&[4, 4, 4])), [None, None, None, None]);
    assert_eq!(told(&[]), [Some(0)]);
}
