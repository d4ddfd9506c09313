//! What has an agency done in a period, in figures about many?
//!
//! Pure: persons and forms are counted one after the other, and told at the end, as far as nobody can be seen in them.
//! No person's id comes in here, and none goes out.

mod age;
mod cells;
mod forms;
mod outcomes;
mod period;
mod person;
mod tell;

#[cfg(test)]
mod tests;

use polku_proto::v1::figure::Kind;
use polku_proto::v1::{Attainment, Feedback, Figure, Figures, StarReading, encounter, retention_answer};

use cells::Cells;
use forms::Forms;
pub(crate) use outcomes::Escort;
use outcomes::{Attained, Changes, HandedOver, Retained};
pub(crate) use period::{Period, day};
pub(crate) use person::{Handover, OnePerson};

/// The figures of one agency, being counted.
#[derive(Debug)]
pub(crate) struct Counting {
    period: Period,
    /// How many persons, named and without a name, have been counted: what tells one from the other in here.
    counted: u64,
    persons: Cells<Option<i32>>,
    encounters: Cells<i32>,
    walk_ins: Cells<i32>,
    profiles: Cells<i32>,
    minutes: Cells<(i32, i32)>,
    costs: Cells<(i32, i32)>,
    attained: Attained,
    handed_over: HandedOver,
    retained: Retained,
    forms: Forms,
    changes: Changes,
}

impl Counting {
    /// Nobody yet. What can occur is there from the beginning, so that nobody at all is told as well.
    pub(crate) fn new(period: Period) -> Self {
        let channels = || (1..=encounter::Channel::Online as i32).collect::<Vec<i32>>();
        let work =
            || Cells::of((0..=PROFILES).flat_map(|profile| (1..=STAGES).map(move |stage| (profile, stage))));
        Self {
            period,
            counted: 0,
            // Whoever has no known age is part of the sum.
            persons: Cells::of((1..=age::BANDS).map(Some).chain([None])),
            encounters: Cells::of(channels()),
            walk_ins: Cells::of(channels()),
            profiles: Cells::of(1..=PROFILES),
            minutes: work(),
            costs: work(),
            attained: Attained::default(),
            handed_over: HandedOver::default(),
            retained: Retained::default(),
            forms: Forms::default(),
            changes: Changes::default(),
        }
    }

    /// Counts somebody who has come without a name, so often.
    pub(crate) fn walk_ins(&mut self, channel: encounter::Channel, count: u32) {
        for _ in 0..count {
            let who = self.next();
            self.walk_ins.add(channel as i32, who, 1);
        }
    }

    /// Counts a form, given so often.
    pub(crate) fn feedback(&mut self, form: &Feedback, count: u32) {
        self.forms.add(form, count);
    }

    /// Counts a person. To be called once for each.
    pub(crate) fn person(&mut self, person: &OnePerson) {
        let who = self.next();
        let period = self.period;
        if let Some(opened) = person.first_opening(period) {
            self.persons.add(person.born.map(|born| age::band(born, opened) as i32), who, 1);
        }
        for channel in person.encounters(period) {
            self.encounters.add(channel, who, 1);
        }
        if let Some(profile) = person.profile_at_end(period) {
            self.profiles.add(profile, who, 1);
        }
        for (profile, work) in person.work(period) {
            self.minutes.add((profile, work.stage), who, i64::from(work.minutes));
            self.costs.add((profile, work.stage), who, i64::from(work.cost_cents));
        }
        let attained: Vec<&Attainment> = person.attainments(period).collect();
        self.attained.add(who, &attained);
        for handover in &person.handovers {
            if period.has(handover.day) {
                self.handed_over.add(who, handover.escort);
            }
            if period.has(person::due(handover.day)) {
                self.retained.add(who, handover.retention);
            }
        }
        let stars: Vec<&StarReading> = person.stars(period).collect();
        self.changes.add(stars);
    }

    /// What may be told, always in the same order.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Vec::new();
        let of = |kind: Kind| Figure { kind: kind.into(), ..Figure::default() };
        figures.extend(self.persons.told(&of(Kind::Persons), |age, figure| {
            let Some(age) = age else { return false };
            figure.age = *age;
            true
        }));
        for (kind, cells) in [(Kind::Encounters, &self.encounters), (Kind::WalkIns, &self.walk_ins)] {
            figures.extend(cells.told(&of(kind), |channel, figure| {
                figure.channel = *channel;
                true
            }));
        }
        figures.extend(self.profiles.told(&of(Kind::Profiles), |profile, figure| {
            figure.profile = *profile;
            true
        }));
        for (kind, cells) in [(Kind::Minutes, &self.minutes), (Kind::Costs, &self.costs)] {
            figures.extend(cells.told(&of(kind), |(profile, stage), figure| {
                figure.profile = *profile;
                figure.stage = *stage;
                true
            }));
        }
        figures.extend(self.attained.told());
        figures.extend(self.handed_over.told());
        figures.extend(self.retained.told());
        figures.extend(self.forms.told());
        figures.extend(self.changes.told());
        figures.sort_by_key(|figure| figure.kind);
        Figures { figures }
    }

    fn next(&mut self) -> u64 {
        self.counted += 1;
        self.counted
    }
}

const PROFILES: i32 = 3;
const STAGES: i32 = 4;

/// What is known of a hand-over three months on.
pub(crate) type Retention = retention_answer::Result;
