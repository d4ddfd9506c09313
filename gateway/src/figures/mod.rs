//! What has an agency done in a period, in figures about many?
//!
//! Pure: persons and forms are counted one after the other, and told at the end, as far as nobody can be seen in them.
//! No person's id comes in here, and none goes out.
//!
//! Thirds of a year are counted, and each for itself. A longer period is what is told of its thirds, added up
//! (`together`): so periods tell nothing by their difference that their thirds do not.

mod age;
mod book;
mod cells;
mod facets;
mod forms;
mod outcomes;
mod period;
mod person;
mod report;
mod retention;
mod tell;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use polku_proto::v1::figure::Kind;
use polku_proto::v1::{
    EducationLevel, Feedback, Figure, JourneySource, MainActivity, PathStage, Sex, encounter,
};

pub(crate) use book::{Book, Line, together};
use cells::Cells;
use facets::{Facets, Value, number, text};
use forms::Forms;
pub(crate) use outcomes::Escort;
use outcomes::{Attained, Changes, HandedOver, Onward, Retained, told_persons};
pub(crate) use period::{Third, day};
pub(crate) use person::OnePerson;
pub use report::{Dimension, ReportFor};
pub(crate) use retention::{Handover, Question};
use tell::{Shown, is_few};

/// The figures of one agency in a third of a year, being counted.
#[derive(Debug)]
pub(crate) struct Counting {
    third: Third,
    /// How many persons, named and without a name, have been counted: what tells one from the other in here.
    counted: u64,
    served: BTreeSet<u64>,
    persons: Facets,
    encounters: Cells<i32>,
    walk_ins: Cells<i32>,
    profiles: Cells<i32>,
    minutes: Cells<(i32, i32)>,
    costs: Cells<(i32, i32)>,
    attained: Attained,
    handed_over: HandedOver,
    onward: Onward,
    retained: Retained,
    unemployed: Cells<usize>,
    left: Cells<i32>,
    forms: Forms,
    changes: Changes,
}

impl Counting {
    /// Nobody yet. What can occur is there from the beginning, so that nobody at all is told as well.
    pub(crate) fn new(third: Third) -> Self {
        let channels = || (1..=CHANNELS).collect::<Vec<i32>>();
        let work =
            || Cells::of((0..=PROFILES).flat_map(|profile| (1..=STAGES).map(move |stage| (profile, stage))));
        Self {
            third,
            counted: 0,
            served: BTreeSet::new(),
            persons: Facets::of([
                (age::BANDS, |value, figure| number(value, &mut figure.age)),
                (SOURCES, |value, figure| number(value, &mut figure.source)),
                (SEXES, |value, figure| number(value, &mut figure.sex)),
                (LEVELS, |value, figure| number(value, &mut figure.education)),
                (ACTIVITIES, |value, figure| number(value, &mut figure.activity)),
                (0, |value, figure| text(value, &mut figure.language)),
                (0, |value, figure| text(value, &mut figure.municipality)),
            ])
            .with_pairs(
                (LEVELS, |value, figure| number(value, &mut figure.education)),
                (SEXES, |value, figure| number(value, &mut figure.sex)),
            ),
            encounters: Cells::of(channels()),
            walk_ins: Cells::of(channels()),
            profiles: Cells::of(1..=PROFILES),
            minutes: work(),
            costs: work(),
            attained: Attained::default(),
            handed_over: HandedOver::default(),
            onward: Onward::default(),
            retained: Retained::default(),
            unemployed: Cells::of(0..age::UNEMPLOYED.len()),
            left: Cells::of(1..=ACTIVITIES),
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
        let third = self.third;
        if person.is_served(third) {
            self.served.insert(who);
        }
        self.opened(who, person);
        for channel in person.encounters(third) {
            self.encounters.add(channel, who, 1);
        }
        if let Some(profile) = person.profile(third) {
            self.profiles.add(profile, who, 1);
        }
        for (profile, work) in person.work(third) {
            self.minutes.add((profile, work.stage), who, i64::from(work.minutes));
            self.costs.add((profile, work.stage), who, i64::from(work.cost_cents));
        }
        self.attained.add(who, person, third);
        self.handed_over.add(who, person, third);
        self.onward.add(who, person, third);
        for result in person.handovers.iter().filter_map(|handover| handover.retention(third)) {
            self.retained.add(who, result);
        }
        if let Some(day) = person.long_unemployed(third) {
            self.unemployed.add(age::unemployed(person.born, day), who, 1);
        }
        if let Some(activity) = person.left(third) {
            self.left.add(activity, who, 1);
        }
        self.changes.add(&person.stars, third);
    }

    fn opened(&mut self, who: u64, person: &OnePerson) {
        let Some(opened) = person.opened(self.third) else { return };
        let background = person.background(self.third, opened).cloned().unwrap_or_default();
        let age = person.born.map_or(0, |born| age::band(born, opened.day) as i32);
        let [sex, education] = [background.sex, background.education].map(Value::Number);
        let sides = [
            Value::Number(age),
            Value::Number(opened.source),
            sex.clone(),
            education.clone(),
            Value::Number(background.activity),
            Value::Text(background.language),
            Value::Text(background.municipality),
        ];
        self.persons.add(who, sides, (education, sex));
    }

    /// How many were served: not told where that would show that only a few of them are no part of another figure.
    fn told_served(&self) -> Option<i64> {
        let mut groups = self.persons.groups();
        groups.extend(self.attained.groups());
        groups.extend(self.profiles.groups());
        groups.extend(self.unemployed.groups());
        groups.extend(self.left.groups());
        groups.push(self.handed_over.group());
        let rest = |group: &BTreeSet<u64>| self.served.difference(group).count();
        // Nor where they may be those whose number is held back.
        let is_held = self.persons.is_held() || self.profiles.telling().sum == Shown::Held;
        let shown = |_: &i64| !is_held && !groups.iter().any(|group| is_few(rest(group)));
        told_persons(&self.served).filter(shown)
    }

    /// What may be told, always in the same order.
    pub(crate) fn book(&self) -> Book {
        let of = |kind: Kind| Figure { kind: kind.into(), ..Figure::default() };
        let mut figures = vec![Figure { value: self.told_served(), ..of(Kind::Served) }];
        figures.extend(self.persons.told(&of(Kind::Persons)));
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
        figures.extend(self.unemployed.told(&of(Kind::LongUnemployment), |age, figure| {
            let Some(name) = age::UNEMPLOYED.get(*age) else { return false };
            figure.code = (*name).to_owned();
            true
        }));
        figures.extend(self.left.told(&of(Kind::Left), |activity, figure| {
            figure.activity = *activity;
            *activity != 0
        }));
        let mut lines: Vec<Line> = figures.into_iter().map(Line::from).collect();
        lines.extend(self.onward.told());
        lines.extend(self.forms.told());
        lines.extend(self.changes.told());
        Book { lines }
    }

    fn next(&mut self) -> u64 {
        self.counted += 1;
        self.counted
    }
}

const PROFILES: i32 = 3;
const STAGES: i32 = PathStage::Work as i32;
const CHANNELS: i32 = encounter::Channel::Online as i32;
const SOURCES: i32 = JourneySource::Other as i32;
const SEXES: i32 = Sex::OtherOrNotSaid as i32;
const LEVELS: i32 = EducationLevel::Tertiary as i32;
const ACTIVITIES: i32 = MainActivity::Other as i32;
