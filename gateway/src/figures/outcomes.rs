//! What has come of it: attainments, hand-overs, retention, change on a star?

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use polku_proto::v1::figure::Kind;
use polku_proto::v1::{Figure, StarReading, attainment};

use super::book::Line;
use super::cells::Cells;
use super::forms::mean_line;
use super::period::Third;
use super::person::OnePerson;
use super::retention::Retention;
use super::tell::{Shown, is_few};

/// Whether somebody went along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Escort {
    /// Young person, sender and recipient met together.
    Together,
    /// Nothing is known of a meeting.
    Alone,
}

/// What has been attained, kind by kind.
#[derive(Debug, Default)]
pub(super) struct Attained(BTreeMap<i32, OfKind>);

#[derive(Debug)]
struct OfKind {
    /// Who has attained it for the first time in the year, of any service.
    who: BTreeSet<u64>,
    /// The same for each service, by code; empty for those without one.
    services: Cells<String>,
    /// How often, by code.
    times: Cells<String>,
}

impl Default for OfKind {
    fn default() -> Self {
        Self { who: BTreeSet::new(), services: Cells::of([]), times: Cells::of([]) }
    }
}

impl Attained {
    pub(super) fn add(&mut self, who: u64, person: &OnePerson, third: Third) {
        for attained in person.attainments(third) {
            let of_kind = self.0.entry(attained.kind).or_default();
            of_kind.times.add(attained.service.clone(), who, 1);
        }
        for kind in person.first_attained(third, |attained| attained.kind) {
            self.0.entry(kind).or_default().who.insert(who);
        }
        for (kind, service) in person.first_attained(third, |attained| (attained.kind, &attained.service)) {
            self.0.entry(kind).or_default().services.add(service.clone(), who, 1);
        }
    }

    /// Whom the figures are about.
    pub(super) fn groups(&self) -> Vec<BTreeSet<u64>> {
        let kinds = self.0.values();
        kinds.flat_map(|kind| kind.services.groups().into_iter().chain([kind.who.clone()])).collect()
    }

    /// Services are held back as if each person had one only: nobody can know that they have more.
    pub(super) fn told(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        let nothing = OfKind::default();
        for kind in 1..=attainment::Kind::Rehabilitation as i32 {
            let OfKind { who, services, times } = self.0.get(&kind).unwrap_or(&nothing);
            let of = |figure: Kind| Figure { kind: figure.into(), attainment: kind, ..Figure::default() };
            let sum = if is_few(who.len()) { Shown::Held } else { services.telling().sum };
            let persons = i64::try_from(who.len()).unwrap_or(i64::MAX);
            figures.push(Figure { value: sum.of(persons), ..of(Kind::Attainments) });
            let name = |code: &String, figure: &mut Figure| {
                figure.code.clone_from(code);
                !code.is_empty()
            };
            let by_service = of(Kind::AttainmentsByService);
            figures.extend(services.parts(&services.telling().cells, &by_service, name));
            figures.extend(times.told(&of(Kind::AttainmentTimes), name));
        }
        figures
    }
}

/// Referrals that were taken up.
#[derive(Debug)]
pub(super) struct HandedOver {
    referrals: Cells<Escort>,
    /// Who was handed over for the first time in the year.
    who: BTreeSet<u64>,
}

impl Default for HandedOver {
    fn default() -> Self {
        Self { referrals: Cells::of([Escort::Together, Escort::Alone]), who: BTreeSet::new() }
    }
}

impl HandedOver {
    pub(super) fn add(&mut self, who: u64, person: &OnePerson, third: Third) {
        for handover in person.handovers.iter().filter(|handover| third.has(handover.day)) {
            self.referrals.add(handover.escort, who, 1);
        }
        if person.is_handed_over(third) {
            self.who.insert(who);
        }
    }

    /// Who was handed over.
    pub(super) fn group(&self) -> BTreeSet<u64> {
        self.who.clone()
    }

    pub(super) fn told(&self) -> Vec<Figure> {
        let of = |kind: Kind, value| Figure { kind: kind.into(), value, ..Figure::default() };
        // How many persons they are about is told as well.
        let telling = self.referrals.telling_of_known();
        let escorted = telling.cells.first().copied().unwrap_or(Shown::Held);
        vec![
            of(Kind::Handovers, telling.sum.of(self.referrals.sum())),
            of(Kind::EscortedHandovers, escorted.of(self.referrals.get(&Escort::Together).value)),
            of(Kind::HandedOver, told_persons(&self.who)),
        ]
    }
}

/// How many they are, where they are enough.
pub(super) fn told_persons(who: &BTreeSet<u64>) -> Option<i64> {
    i64::try_from(who.len()).ok().filter(|_| !is_few(who.len()))
}

/// Referrals that were taken up four months ago, by what is known of them.
#[derive(Debug)]
pub(super) struct Retained(Cells<Retention>);

impl Default for Retained {
    fn default() -> Self {
        Self(Cells::of(Retention::ALL))
    }
}

impl Retained {
    pub(super) fn add(&mut self, who: u64, result: Retention) {
        self.0.add(result, who, 1);
    }

    pub(super) fn told(&self) -> Vec<Figure> {
        let base = Figure { kind: Kind::Retentions.into(), ..Figure::default() };
        // They were told as hand-overs a third of a year before.
        let telling = self.0.telling_of_known();
        let whole = Figure { value: telling.sum.of(self.0.sum()), ..base.clone() };
        let parts = self.0.parts(&telling.cells, &base, |result, figure| {
            match result {
                Retention::NotPermitted => figure.kind = Kind::RetentionsNotPermitted.into(),
                Retention::Attached => figure.retention = Said::Attached.into(),
                Retention::EndedAsPlanned => figure.retention = Said::EndedAsPlanned.into(),
                Retention::DroppedOut => figure.retention = Said::DroppedOut.into(),
                Retention::Unknown => figure.retention = Said::Unknown.into(),
            }
            true
        });
        [whole].into_iter().chain(parts).collect()
    }
}

type Said = polku_proto::v1::retention_answer::Result;

/// Referrals that were sent onward.
#[derive(Debug, Default)]
pub(super) struct Onward {
    sent: i64,
    who: BTreeSet<u64>,
    days: i64,
    counted: u32,
    whose_days: BTreeSet<u64>,
}

impl Onward {
    pub(super) fn add(&mut self, who: u64, person: &OnePerson, third: Third) {
        for days in person.onward(third) {
            self.sent += 1;
            self.who.insert(who);
            if let Some(days) = days {
                self.days += days;
                self.counted += 1;
                self.whose_days.insert(who);
            }
        }
    }

    pub(super) fn told(&self) -> Vec<Line> {
        let of = |kind: Kind| Figure { kind: kind.into(), ..Figure::default() };
        let sent = Some(self.sent).filter(|_| !is_few(self.who.len()));
        let days = mean_line(of(Kind::DaysToReferral), self.days, self.counted, self.whose_days.len());
        vec![Line::from(Figure { value: sent, ..of(Kind::OnwardGuidance) }), days]
    }
}

/// How areas of stars have changed, person by person.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<String, OfArea>);

/// How one area has.
#[derive(Debug, Default)]
struct OfArea {
    /// Of everybody who has a change in the third.
    changes: Vec<i64>,
    /// Of how many of them it is the first one in the year.
    first: u32,
}

impl Changes {
    /// Counts one person's readings, in any order: area by area, each reading of the third less the one before it, of the
    /// same version of a star.
    pub(super) fn add(&mut self, readings: &[StarReading], third: Third) {
        let mut readings: Vec<&StarReading> = readings.iter().collect();
        // Dates of this form sort as their days do.
        readings.sort_by(|one, other| one.date.cmp(&other.date));
        let mut areas: BTreeMap<String, Vec<(Date, i32)>> = BTreeMap::new();
        for reading in readings {
            let Ok(date) = reading.date.parse() else { continue };
            for score in &reading.scores {
                let area = format!("{}/{}/{}", reading.star, reading.version, score.area);
                areas.entry(area).or_default().push((date, score.score));
            }
        }
        for (area, scores) in areas {
            let mut changed: Vec<(Date, i64)> = Vec::new();
            for (place, (date, score)) in scores.iter().enumerate() {
                let before = place.checked_sub(1).and_then(|before| scores.get(before));
                if let Some((_, before)) = before {
                    changed.push((*date, i64::from(*score) - i64::from(*before)));
                }
            }
            // From reading to reading: what the thirds of a year say adds up to the last one less the first.
            let within: Vec<i64> =
                changed.iter().filter(|(date, _)| third.has(*date)).map(|(_, change)| *change).collect();
            if within.is_empty() {
                continue;
            }
            let of_area = self.0.entry(area).or_default();
            of_area.changes.push(within.iter().sum());
            let earlier = |(date, _): &(Date, i64)| third.has_in_year(*date) && *date < third.first;
            of_area.first += u32::from(!changed.iter().any(earlier));
        }
    }

    pub(super) fn told(&self) -> Vec<Line> {
        let change = |(code, of_area): (&String, &OfArea)| {
            let figure = Figure { kind: Kind::StarChange.into(), code: code.clone(), ..Figure::default() };
            let OfArea { changes, first } = of_area;
            mean_line(figure, changes.iter().sum(), *first, changes.len())
        };
        self.0.iter().map(change).collect()
    }
}

/// So many parts of the quotient, rounded half away from zero; nothing of nothing.
pub(super) fn ratio(part: i64, whole: i64, parts: i64) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    let doubled = part.checked_mul(parts)?.checked_mul(2)?;
    Some((doubled + doubled.signum() * whole) / (2 * whole))
}
