//! Does every figure count what it says, and can nobody be reckoned out of those that are told?

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use polku_proto::time::{start_of_finnish_date, to_wire};
use polku_proto::v1::figure::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AgeBand, AreaScore, Attainment, Encounter, Feedback, Figure, JourneyEntry, JourneyLeaving,
    JourneyOpening, ProfileAssessment, StarReading, WorkSpent, attainment, encounter,
};
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

use super::outcomes::{Escort, Retained};
use super::tell::{Cell, LEAST, Shown, Telling, tell};
use super::{Counting, Handover, OnePerson, Period, Retention, age};

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

#[test]
fn no_result_of_retention_can_be_reckoned_from_the_rate() {
    let most = 14;
    let all = numbers(most, 4).filter(|results| results.iter().sum::<usize>() <= most);
    assert_nothing_is_reckoned(all.map(|results| {
        let mut retained = Retained::default();
        let mut who = 0..;
        for (result, count) in (1..).zip(&results) {
            for _ in 0..*count {
                retained.add(who.next().unwrap(), Retention::try_from(result).unwrap());
            }
        }
        let figures = retained.told();
        let [attached, ended, dropped, unknown] =
            [0, 1, 2, 3].map(|place: usize| i64::try_from(results[place]).unwrap());
        let known = attached + ended + dropped;
        let truth = vec![known + unknown, known, 0, attached, ended, dropped, unknown];
        let mut answer: Vec<Option<i64>> = figures.iter().map(|figure| figure.value).collect();
        // A rate that is held back is no figure of its own: it is that of the others.
        answer[2] = answer[2].or(Some(-1));
        (answer, truth)
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

#[test]
fn ages_are_those_of_the_day() {
    let band = |year, month, day| age::band(date(year, month, day), date(2026, 3, 2));
    assert_eq!(band(2008, 3, 3), AgeBand::Under18);
    assert_eq!(band(2008, 3, 2), AgeBand::AgeBand1819);
    assert_eq!(band(2006, 3, 2), AgeBand::AgeBand2024);
    assert_eq!(band(2001, 3, 3), AgeBand::AgeBand2024);
    assert_eq!(band(1996, 3, 3), AgeBand::AgeBand2529);
    assert_eq!(band(1996, 3, 2), AgeBand::AgeBand30OrOlder);
    assert_eq!(age::band(date(2008, 2, 29), date(2026, 2, 28)), AgeBand::Under18);
    assert_eq!(age::band(date(2008, 2, 29), date(2026, 3, 1)), AgeBand::AgeBand1819);
}

const SPRING: Period = Period { first: date(2026, 1, 1), last: date(2026, 4, 30) };

fn on(day: Date, matter: Matter) -> JourneyEntry {
    let time = Some(to_wire(start_of_finnish_date(day).unwrap()).unwrap());
    JourneyEntry { time, matter: Some(matter), ..JourneyEntry::default() }
}

fn nothing() -> OnePerson {
    OnePerson { born: Some(date(2005, 6, 1)), entries: Vec::new(), handovers: Vec::new(), stars: Vec::new() }
}

/// The figures about six persons like this one.
fn of_six(person: &OnePerson) -> Vec<Figure> {
    let mut counting = Counting::new(SPRING);
    for _ in 0..6 {
        counting.person(person);
    }
    counting.figures().figures
}

fn opening() -> Matter {
    Matter::Opening(JourneyOpening::default())
}

fn profile(profile: i32) -> Matter {
    Matter::Profile(ProfileAssessment { profile, ..ProfileAssessment::default() })
}

fn work(minutes: i32) -> Matter {
    Matter::Work(WorkSpent { stage: 3, minutes, cost_cents: 10 })
}

/// Those of a kind that are told and are not nought.
fn of_kind(figures: &[Figure], kind: Kind) -> Vec<Figure> {
    let of_kind = figures.iter().filter(|figure| figure.kind() == kind);
    of_kind.filter(|figure| figure.value.is_some_and(|value| value != 0)).cloned().collect()
}

fn figure(kind: Kind, value: i64) -> Figure {
    Figure { kind: kind.into(), value: Some(value), ..Figure::default() }
}

#[test]
fn work_counts_with_the_profile_at_the_time() {
    let day = |day| date(2026, 2, day);
    // What happened last comes first.
    let entries = vec![
        on(date(2026, 5, 1), profile(3)),
        on(day(9), work(50)),
        on(day(8), profile(2)),
        on(day(7), work(7)),
        on(day(6), profile(1)),
        on(day(5), work(3)),
        on(day(1), opening()),
        on(date(2025, 12, 31), work(1000)),
    ];
    let figures = of_six(&OnePerson { entries, ..nothing() });
    let of = |profile, minutes| Figure { profile, stage: 3, ..figure(Kind::Minutes, minutes) };
    assert_eq!(
        of_kind(&figures, Kind::Minutes),
        [figure(Kind::Minutes, 360), of(0, 18), of(1, 42), of(2, 300)]
    );
    let costs: Vec<Option<i64>> = of_kind(&figures, Kind::Costs).iter().map(|figure| figure.value).collect();
    assert_eq!(costs, [Some(180), Some(60), Some(60), Some(60)]);
    let profiles = of_kind(&figures, Kind::Profiles);
    assert_eq!(profiles, [figure(Kind::Profiles, 6), Figure { profile: 2, ..figure(Kind::Profiles, 6) }]);
    let age = AgeBand::AgeBand2024 as i32;
    assert_eq!(
        of_kind(&figures, Kind::Persons),
        [figure(Kind::Persons, 6), Figure { age, ..figure(Kind::Persons, 6) }]
    );
}

#[test]
fn whoever_has_left_has_no_profile_any_more() {
    let entries = vec![
        on(date(2026, 4, 1), Matter::Leaving(JourneyLeaving::default())),
        on(date(2026, 3, 1), profile(2)),
        on(date(2026, 2, 1), opening()),
    ];
    assert!(of_kind(&of_six(&OnePerson { entries, ..nothing() }), Kind::Profiles).is_empty());
}

#[test]
fn only_encounters_in_which_they_met_count() {
    let met = |met| {
        let channel = encounter::Channel::HomeVisit.into();
        on(date(2026, 2, 2), Matter::Encounter(Encounter { channel, met, ..Encounter::default() }))
    };
    let figures = of_six(&OnePerson { entries: vec![met(true), met(false), met(true)], ..nothing() });
    let channel = encounter::Channel::HomeVisit as i32;
    let all = figure(Kind::Encounters, 12);
    assert_eq!(of_kind(&figures, Kind::Encounters), [all.clone(), Figure { channel, ..all }]);
}

#[test]
fn a_person_counts_once_for_each_attainment_and_service() {
    let kind = attainment::Kind::ActiveMeasure as i32;
    let attained = |service: &str| {
        on(date(2026, 2, 2), Matter::Attainment(Attainment { kind, service: service.into() }))
    };
    let entries =
        vec![attained("korttikoulutus"), attained("korttikoulutus"), attained("pajajakso"), attained("")];
    let figures = of_six(&OnePerson { entries, ..nothing() });
    let whole = Figure { attainment: kind, ..figure(Kind::Attainments, 6) };
    assert_eq!(of_kind(&figures, Kind::Attainments), [whole]);
    let of =
        |code: &str| Figure { attainment: kind, code: code.into(), ..figure(Kind::AttainmentsByService, 6) };
    assert_eq!(of_kind(&figures, Kind::AttainmentsByService), [of("korttikoulutus"), of("pajajakso")]);
}

#[test]
fn retention_falls_due_three_calendar_months_later() {
    let handover = |day, escort, retention| Handover { day, escort, retention };
    let handovers = vec![
        handover(date(2025, 9, 30), Escort::Alone, Retention::DroppedOut),
        handover(date(2025, 11, 30), Escort::Alone, Retention::Attached),
        handover(date(2026, 1, 30), Escort::Together, Retention::EndedAsPlanned),
        handover(date(2026, 1, 31), Escort::Alone, Retention::Unknown),
        handover(date(2026, 2, 1), Escort::Alone, Retention::DroppedOut),
    ];
    let figures = of_six(&OnePerson { handovers, ..nothing() });
    let value =
        |kind| of_kind(&figures, kind).iter().map(|figure| figure.value.unwrap()).collect::<Vec<i64>>();
    // 30 November leads to the last day of February, 31 January to the last one of April.
    assert_eq!(value(Kind::Retentions), [18, 6, 6, 6]);
    assert_eq!(value(Kind::RetentionsKnown), [12]);
    assert_eq!(value(Kind::RetentionRate), [10_000]);
    assert_eq!(value(Kind::Handovers), [18]);
    assert_eq!(value(Kind::EscortedHandovers), [6]);
    assert_eq!(value(Kind::HandoversPerPerson), [300]);
}

#[test]
fn a_star_changes_from_the_first_reading_of_the_period_to_the_last() {
    let reading = |date: &str, version, score| StarReading {
        date: date.into(),
        star: "tahti".into(),
        version,
        scores: vec![AreaScore { area: "koti".into(), score, change: None }],
        ..StarReading::default()
    };
    let stars = vec![
        reading("2026-04-01", 1, 2),
        reading("2025-12-31", 1, 5),
        reading("2026-01-10", 1, 4),
        reading("2026-02-10", 1, 1),
        reading("2026-03-10", 2, 5),
    ];
    let figures = of_six(&OnePerson { stars, ..nothing() });
    let change = Figure { code: "tahti/1/koti".into(), ..figure(Kind::StarChange, -200) };
    assert_eq!(of_kind(&figures, Kind::StarChange), [change]);
}

#[test]
fn feedback_is_told_as_means_of_what_was_answered() {
    let mut counting = Counting::new(SPRING);
    counting.feedback(&Feedback { grade: Some(9), listened_to: Some(5), ..Feedback::default() }, 4);
    assert!(of_kind(&counting.figures().figures, Kind::FeedbackForms).is_empty());
    counting.feedback(&Feedback { grade: Some(10), ..Feedback::default() }, 2);
    let figures = counting.figures().figures;
    assert_eq!(of_kind(&figures, Kind::FeedbackForms), [figure(Kind::FeedbackForms, 6)]);
    assert_eq!(of_kind(&figures, Kind::FeedbackGrade), [figure(Kind::FeedbackGrade, 933)]);
    assert!(of_kind(&figures, Kind::FeedbackStatement).is_empty());
    assert_eq!(figures.iter().filter(|figure| figure.kind() == Kind::FeedbackStatement).count(), 4);
}
