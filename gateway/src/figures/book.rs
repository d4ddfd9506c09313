//! How do thirds of a year come together, and what follows from what is told of them?
//!
//! Everything here is reckoned from figures that are told of each third: it tells nothing that they do not.

use std::collections::HashMap;

use polku_proto::v1::figure::Kind;
use polku_proto::v1::retention_answer::Result as Retained;
use polku_proto::v1::{Figure, Figures};
use prost::Message;

use super::outcomes::ratio;

/// One line of a third's book.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Line {
    /// The figure; of a mean, the sum that it is the mean of. Absent: it is not told.
    #[prost(message, required, tag = "1")]
    pub(crate) figure: Figure,
    /// Of a mean: how many it is over.
    #[prost(uint32, optional, tag = "2")]
    pub(crate) over: Option<u32>,
}

/// What is told of a third of a year, as it is kept.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Book {
    #[prost(message, repeated, tag = "1")]
    pub(crate) lines: Vec<Line>,
}

impl From<Figure> for Line {
    fn from(figure: Figure) -> Self {
        Self { figure, over: None }
    }
}

/// What is told of the thirds together, always in the same order.
pub(crate) fn together(books: &[Book]) -> Figures {
    let mut lines: Vec<Line> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    for line in books.iter().flat_map(|book| &book.lines) {
        let name = Figure { value: None, ..line.figure.clone() }.encode_to_vec();
        let place = *places.entry(name).or_insert(lines.len());
        match lines.get_mut(place) {
            Some(whole) => *whole = sum(whole, line),
            None => lines.push(line.clone()),
        }
    }
    let mut figures: Vec<Figure> = lines.into_iter().map(figure).collect();
    let derived = derived(&figures);
    figures.extend(derived);
    figures.sort_by_key(|figure| figure.kind);
    Figures { figures }
}

/// Not told as soon as one of the two is not.
fn sum(one: &Line, other: &Line) -> Line {
    let values = one.figure.value.zip(other.figure.value);
    let over = one.over.zip(other.over);
    Line {
        figure: Figure {
            value: values.and_then(|(one, other)| one.checked_add(other)),
            ..one.figure.clone()
        },
        over: over.map(|(one, other)| one.saturating_add(other)),
    }
}

/// As it is told: a mean in hundredths.
fn figure(line: Line) -> Figure {
    let Line { figure, over } = line;
    let Some(over) = over else { return figure };
    let mean = figure.value.and_then(|sum| ratio(sum, i64::from(over), 100));
    Figure { value: mean, ..figure }
}

/// Shares and quotients of figures that are told.
fn derived(figures: &[Figure]) -> Vec<Figure> {
    let told = |wanted: &Figure| {
        figures.iter().find(|figure| Figure { value: None, ..(*figure).clone() } == *wanted)?.value
    };
    let whole = |kind: Kind| Figure { kind: kind.into(), ..Figure::default() };
    let quotient = |part: &Figure, whole: Option<i64>, parts| ratio(told(part)?, whole?, parts);
    let mut derived = Vec::new();

    let permitted = told(&whole(Kind::Retentions))
        .zip(told(&whole(Kind::RetentionsNotPermitted)))
        .map(|(all, not_permitted)| all - not_permitted);
    let attached = Figure { retention: Retained::Attached.into(), ..whole(Kind::Retentions) };
    let rate = quotient(&attached, permitted, PERCENT);
    derived.push(Figure { value: rate, ..whole(Kind::RetentionRate) });

    let each = quotient(&whole(Kind::Handovers), told(&whole(Kind::HandedOver)), 100);
    derived.push(Figure { value: each, ..whole(Kind::HandoversPerPerson) });

    let onward = quotient(&whole(Kind::OnwardGuidance), told(&whole(Kind::Encounters)), PERCENT);
    derived.push(Figure { value: onward, ..whole(Kind::OnwardShare) });

    let served = told(&whole(Kind::Served));
    let attained = [Kind::Attainments, Kind::AttainmentsByService];
    for persons in figures.iter().filter(|figure| attained.contains(&figure.kind())) {
        let share = persons.value.zip(served).and_then(|(part, served)| ratio(part, served, PERCENT));
        let kind = Kind::AttainmentShare.into();
        derived.push(Figure { kind, value: share, ..persons.clone() });
    }
    derived
}

/// Hundredths of a percent.
const PERCENT: i64 = 10_000;
