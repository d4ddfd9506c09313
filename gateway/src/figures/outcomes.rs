//! What has come of it: attainments, hand-overs, retention, change on a star?

use std::collections::BTreeMap;

use polku_proto::v1::figure::Kind;
use polku_proto::v1::{Attainment, Figure, StarReading, attainment};

use super::Retention;
use super::cells::Cells;
use super::tell::{LEAST, Shown, Telling, is_few, tell};

/// Whether somebody went along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Escort {
    /// Young person, sender and recipient met together.
    Together,
    /// Nothing is known of a meeting.
    Alone,
}

/// Persons with attainments.
#[derive(Debug, Default)]
pub(super) struct Attained(BTreeMap<i32, OfKind>);

#[derive(Debug, Default)]
struct OfKind {
    persons: i64,
    /// By code; empty for those without one.
    services: Option<Cells<String>>,
}

impl Attained {
    /// Counts a person once for each kind, and once for each of its services.
    pub(super) fn add(&mut self, who: u64, attainments: &[&Attainment]) {
        let mut by_kind: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
        for attainment in attainments {
            by_kind.entry(attainment.kind).or_default().push(&attainment.service);
        }
        for (kind, mut services) in by_kind {
            services.sort_unstable();
            services.dedup();
            let of_kind = self.0.entry(kind).or_default();
            of_kind.persons += 1;
            let cells = of_kind.services.get_or_insert_with(|| Cells::of([]));
            for service in services {
                cells.add(service.to_owned(), who, 1);
            }
        }
    }

    /// Services are held back as if each person had one only: nobody can know that they have more.
    pub(super) fn told(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        for kind in 1..=attainment::Kind::Rehabilitation as i32 {
            let base = Figure { attainment: kind, ..Figure::default() };
            let whole = Figure { kind: Kind::Attainments.into(), ..base.clone() };
            let Some(OfKind { persons, services: Some(services) }) = self.0.get(&kind) else {
                figures.push(Figure { value: Some(0), ..whole });
                continue;
            };
            let value = services.telling().sum.of(*persons);
            figures.push(Figure { value, ..whole });
            let by_service = Figure { kind: Kind::AttainmentsByService.into(), ..base };
            let parts = services.told(&by_service, |code, figure| {
                figure.code.clone_from(code);
                !code.is_empty()
            });
            figures.extend(parts.into_iter().filter(|figure| !figure.code.is_empty()));
        }
        figures
    }
}

/// Referrals that were taken up.
#[derive(Debug)]
pub(super) struct HandedOver(Cells<Escort>);

impl Default for HandedOver {
    fn default() -> Self {
        Self(Cells::of([Escort::Together, Escort::Alone]))
    }
}

impl HandedOver {
    pub(super) fn add(&mut self, who: u64, escort: Escort) {
        self.0.add(escort, who, 1);
    }

    pub(super) fn told(&self) -> Vec<Figure> {
        let of = |kind: Kind, value| Figure { kind: kind.into(), value, ..Figure::default() };
        let telling = self.0.telling();
        let together = self.0.get(&Escort::Together);
        let alone = self.0.get(&Escort::Alone);
        let persons = together.who.union(&alone.who).count();
        let escorted = telling.cells.first().copied().unwrap_or(Shown::Held);
        let each = telling.sum.of(self.0.sum()).and_then(|sum| ratio(sum, persons, 100));
        vec![
            of(Kind::Handovers, telling.sum.of(self.0.sum())),
            of(Kind::EscortedHandovers, escorted.of(together.value)),
            of(Kind::HandoversPerPerson, each),
        ]
    }
}

/// Referrals that were taken up three months ago.
#[derive(Debug)]
pub(super) struct Retained(Cells<i32>);

impl Default for Retained {
    fn default() -> Self {
        Self(Cells::of(1..=Retention::Unknown as i32))
    }
}

impl Retained {
    pub(super) fn add(&mut self, who: u64, result: Retention) {
        self.0.add(result as i32, who, 1);
    }

    /// The rate comes first: how many are attached or have ended is told before it is told how many of them are which.
    /// What is known is told where it could be reckoned anyway.
    pub(super) fn told(&self) -> Vec<Figure> {
        let cell = |result: Retention| self.0.get(&(result as i32));
        let [attached, ended, dropped, unknown] =
            [Retention::Attached, Retention::EndedAsPlanned, Retention::DroppedOut, Retention::Unknown]
                .map(cell);
        let mut kept = attached.clone();
        kept.who.extend(&ended.who);
        kept.value += ended.value;
        let Telling { sum, cells } = tell(&[&kept, &dropped, &unknown]);
        let shown = |place: usize| cells.get(place).copied().unwrap_or(Shown::Held);
        let has_few = is_few(attached.who.len()) || is_few(ended.who.len());
        let part = if has_few { Shown::Held } else { shown(0) };
        let known = kept.value + dropped.value;
        let is_reckoned = known == 0 || [sum, shown(2)] == [Shown::Told; 2];
        let has_rate = cells.iter().all(|shown| *shown == Shown::Told);
        let rate = has_rate.then(|| usize::try_from(known).ok()).flatten();
        let of = |kind: Kind, value| Figure { kind: kind.into(), value, ..Figure::default() };
        let mut figures = vec![
            of(Kind::Retentions, sum.of(self.0.sum())),
            of(Kind::RetentionsKnown, is_reckoned.then_some(known)),
            of(Kind::RetentionRate, rate.and_then(|known| ratio(kept.value, known, 10_000))),
        ];
        let cells = [(attached, part), (ended, part), (dropped, shown(1)), (unknown, shown(2))];
        for (result, (cell, shown)) in (1..).zip(cells) {
            figures.push(Figure { retention: result, ..of(Kind::Retentions, shown.of(cell.value)) });
        }
        figures
    }
}

/// How areas of stars have changed, person by person.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<String, Vec<i64>>);

impl Changes {
    /// Counts one person's readings, in any order: last less first of the same version of a star, area by area.
    pub(super) fn add(&mut self, mut readings: Vec<&StarReading>) {
        // Dates of this form sort as their days do.
        readings.sort_by(|one, other| one.date.cmp(&other.date));
        let mut scores: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        for reading in readings {
            for score in &reading.scores {
                let area = format!("{}/{}/{}", reading.star, reading.version, score.area);
                scores.entry(area).or_default().push(score.score);
            }
        }
        for (area, scores) in scores {
            if let [first, .., last] = scores.as_slice() {
                self.0.entry(area).or_default().push(i64::from(*last) - i64::from(*first));
            }
        }
    }

    pub(super) fn told(&self) -> Vec<Figure> {
        let change = |(code, changes): (&String, &Vec<i64>)| Figure {
            kind: Kind::StarChange.into(),
            code: code.clone(),
            value: mean(changes.iter().sum(), changes.len()),
            ..Figure::default()
        };
        self.0.iter().map(change).collect()
    }
}

/// The mean over persons in hundredths, where they are enough.
pub(super) fn mean(sum: i64, persons: usize) -> Option<i64> {
    if persons < LEAST { None } else { ratio(sum, persons, 100) }
}

/// So many parts of the quotient, rounded half away from zero; nothing of nothing.
fn ratio(part: i64, whole: usize, parts: i64) -> Option<i64> {
    let whole = i64::try_from(whole).ok().filter(|whole| *whole > 0)?;
    let doubled = part.checked_mul(parts)?.checked_mul(2)?;
    Some((doubled + doubled.signum() * whole) / (2 * whole))
}
