//! Does every figure count what it says?

use jiff::civil::{Date, date};
use polku_proto::time::{start_of_finnish_date, to_wire};
use polku_proto::v1::figure::Kind;
use polku_proto::v1::get_figures_request::Period;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::retention_answer::Result as Said;
use polku_proto::v1::{
    AgeBand, AreaScore, Attainment, Background, EducationLevel, Encounter, Feedback, Figure, JourneyEntry,
    JourneyLeaving, JourneyOpening, JourneySource, MainActivity, ProfileAssessment, Sex, StarReading,
    WorkSpent, attainment, encounter,
};

use super::super::{Counting, Escort, Handover, OnePerson, Third, age, day, together};

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

const SPRING: Third = Third { year: date(2026, 1, 1), first: date(2026, 1, 1), last: date(2026, 4, 30) };

fn on(day: Date, matter: Matter) -> JourneyEntry {
    let time = Some(to_wire(start_of_finnish_date(day).unwrap()).unwrap());
    JourneyEntry { time, matter: Some(matter), ..JourneyEntry::default() }
}

fn nothing() -> OnePerson {
    OnePerson { born: Some(date(2005, 6, 1)), ..OnePerson::default() }
}

/// The figures of 2026 about six persons like this one.
fn of_six_in(person: &OnePerson, period: Period) -> Vec<Figure> {
    let books: Vec<_> = Third::of(2026, period)
        .unwrap()
        .into_iter()
        .map(|third| {
            let mut counting = Counting::new(third);
            for _ in 0..6 {
                counting.person(person);
            }
            counting.book()
        })
        .collect();
    together(&books).figures
}

fn of_six(person: &OnePerson) -> Vec<Figure> {
    of_six_in(person, Period::JanuaryToApril)
}

fn opening() -> Matter {
    Matter::Opening(JourneyOpening { source: JourneySource::Self_.into() })
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
    assert_eq!(profiles, [figure(Kind::Profiles, 6), Figure { profile: 1, ..figure(Kind::Profiles, 6) }]);
    let age = AgeBand::AgeBand2024 as i32;
    let source = JourneySource::Self_ as i32;
    let all = figure(Kind::Persons, 6);
    let by = [Figure { age, ..all.clone() }, Figure { source, ..all.clone() }];
    assert_eq!(of_kind(&figures, Kind::Persons)[1..], by);
    assert_eq!(of_kind(&figures, Kind::Persons)[0], all);
}

#[test]
fn a_profile_is_the_first_one_in_which_somebody_was_seen_in_the_year() {
    let earlier = vec![on(date(2026, 3, 1), work(5)), on(date(2025, 3, 1), profile(2))];
    let of = |profile| Figure { profile, ..figure(Kind::Profiles, 6) };
    let all = figure(Kind::Profiles, 6);
    assert_eq!(
        of_kind(&of_six(&OnePerson { entries: earlier, ..nothing() }), Kind::Profiles),
        [all.clone(), of(2)]
    );
    let later = vec![
        on(date(2026, 10, 1), profile(1)),
        on(date(2026, 6, 1), profile(3)),
        on(date(2026, 3, 1), opening()),
    ];
    let person = OnePerson { entries: later, ..nothing() };
    assert!(of_kind(&of_six(&person), Kind::Profiles).is_empty());
    assert_eq!(of_kind(&of_six_in(&person, Period::Year), Kind::Profiles), [all, of(3)]);
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

fn handover(day: Date, said: Option<Vec<(Date, Said)>>) -> Handover {
    Handover { day, escort: Escort::Alone, said }
}

#[test]
fn retention_is_what_is_said_in_the_fourth_month() {
    let day = |month, day| date(2026, month, day);
    let taken_up = day(1, 15);
    let of = |said: Vec<(Date, Said)>| {
        let handovers = vec![handover(taken_up, Some(said))];
        let figures = of_six_in(&OnePerson { handovers, ..nothing() }, Period::JanuaryToAugust);
        let parts = of_kind(&figures, Kind::Retentions);
        assert_eq!(parts[0], figure(Kind::Retentions, 6));
        (parts[1].retention(), of_kind(&figures, Kind::RetentionRate).first().and_then(|rate| rate.value))
    };
    assert_eq!(of(vec![]), (Said::Unknown, None));
    // Three months on is 15 April; the month after that ends on 15 May.
    assert_eq!(of(vec![(day(4, 14), Said::Attached)]), (Said::Unknown, None));
    assert_eq!(of(vec![(day(4, 15), Said::Attached)]), (Said::Attached, Some(10_000)));
    assert_eq!(of(vec![(day(5, 15), Said::Attached)]), (Said::Attached, Some(10_000)));
    assert_eq!(of(vec![(day(5, 16), Said::Attached)]), (Said::Unknown, None));
    // Who has gone is gone; the last word in time counts.
    assert_eq!(of(vec![(day(2, 1), Said::DroppedOut)]), (Said::DroppedOut, None));
    assert_eq!(of(vec![(day(2, 1), Said::EndedAsPlanned)]), (Said::EndedAsPlanned, None));
    assert_eq!(of(vec![(day(3, 1), Said::Attached), (day(2, 1), Said::DroppedOut)]), (Said::Unknown, None));
    let back =
        vec![(day(6, 1), Said::DroppedOut), (day(5, 1), Said::Attached), (day(2, 1), Said::DroppedOut)];
    assert_eq!(of(back), (Said::Attached, Some(10_000)));
    assert_eq!(of(vec![(day(4, 20), Said::Unknown), (day(2, 1), Said::DroppedOut)]), (Said::Unknown, None));
}

#[test]
fn the_rate_of_retention_is_over_all_of_whom_it_may_be_told() {
    let due = date(2026, 4, 1);
    let said = |said| handover(date(2026, 1, 1), Some(vec![(due, said)]));
    let handovers = vec![
        said(Said::Attached),
        said(Said::EndedAsPlanned),
        said(Said::DroppedOut),
        handover(date(2026, 1, 1), Some(vec![])),
        handover(date(2026, 1, 1), None),
        // Of this one the month ends in the next third.
        handover(date(2026, 1, 31), None),
    ];
    let person = OnePerson { handovers, ..nothing() };
    let figures = of_six_in(&person, Period::JanuaryToAugust);
    let value =
        |kind| of_kind(&figures, kind).iter().map(|figure| figure.value.unwrap()).collect::<Vec<i64>>();
    assert_eq!(value(Kind::Retentions), [36, 6, 6, 6, 6]);
    assert_eq!(value(Kind::RetentionsNotPermitted), [12]);
    assert_eq!(value(Kind::RetentionRate), [2_500]);
    let figures = of_six(&person);
    let value =
        |kind| of_kind(&figures, kind).iter().map(|figure| figure.value.unwrap()).collect::<Vec<i64>>();
    assert_eq!(value(Kind::Handovers), [36]);
    assert_eq!(value(Kind::HandedOver), [6]);
    assert_eq!(value(Kind::HandoversPerPerson), [600]);
    assert!(value(Kind::Retentions).is_empty());
}

fn background(background: Background) -> Matter {
    Matter::Background(background)
}

#[test]
fn persons_are_told_by_what_they_say_of_themselves() {
    let known = Background {
        sex: Sex::Female.into(),
        education: EducationLevel::NoQualification.into(),
        activity: MainActivity::Study.into(),
        language: "sv".into(),
        municipality: "049".into(),
        ..Background::default()
    };
    let entries = vec![
        on(date(2026, 5, 2), background(Background { sex: Sex::Male.into(), ..known.clone() })),
        on(date(2026, 2, 2), background(known.clone())),
        on(date(2026, 2, 1), opening()),
        on(date(2026, 1, 2), background(Background { sex: Sex::Male.into(), ..known.clone() })),
    ];
    let figures = of_six(&OnePerson { entries, ..nothing() });
    let all = figure(Kind::Persons, 6);
    let Background { sex, education, activity, .. } = known;
    for figure in [
        Figure { sex, ..all.clone() },
        Figure { education, ..all.clone() },
        Figure { activity, ..all.clone() },
        Figure { language: "sv".into(), ..all.clone() },
        Figure { municipality: "049".into(), ..all.clone() },
        Figure { sex, education, ..all.clone() },
    ] {
        assert!(of_kind(&figures, Kind::Persons).contains(&figure), "{figure:?}");
    }
}

#[test]
fn unemployment_counts_on_the_day_after_three_months() {
    let since = |day: &str| {
        let activity = MainActivity::Unemployed.into();
        background(Background { activity, unemployed_since: day.into(), ..Background::default() })
    };
    let work = || background(Background { activity: MainActivity::Work.into(), ..Background::default() });
    let of = |entries: Vec<JourneyEntry>| {
        let person = OnePerson { entries, ..nothing() };
        [Period::JanuaryToApril, Period::JanuaryToAugust].map(|period| {
            let figures = of_six_in(&person, period);
            of_kind(&figures, Kind::LongUnemployment).first().and_then(|figure| figure.value)
        })
    };
    let told_on = date(2026, 2, 1);
    assert_eq!(of(vec![on(told_on, since("2026-01-29"))]), [Some(6), Some(6)]);
    assert_eq!(of(vec![on(told_on, since("2026-01-30"))]), [None, Some(6)]);
    assert_eq!(of(vec![on(told_on, since("2026-02-01"))]), [None, Some(6)]);
    // Who comes with it counts when they come; who has had it in the year before counted then.
    assert_eq!(of(vec![on(told_on, since("2025-01-01"))]), [Some(6), Some(6)]);
    assert_eq!(
        of(vec![on(told_on, since("2025-01-01")), on(date(2025, 6, 1), since("2025-01-01"))]),
        [None; 2]
    );
    // Who finds something in time does not get there.
    assert_eq!(of(vec![on(date(2026, 3, 1), work()), on(told_on, since("2026-01-01"))]), [None; 2]);
    let figures = of_six(&OnePerson { entries: vec![on(told_on, since("2025-01-01"))], ..nothing() });
    let code = "under_25".to_owned();
    assert_eq!(
        of_kind(&figures, Kind::LongUnemployment)[1],
        Figure { code, ..figure(Kind::LongUnemployment, 6) }
    );
}

#[test]
fn onward_guidance_has_its_share_and_its_days() {
    let met = || {
        let channel = encounter::Channel::WalkIn.into();
        Matter::Encounter(Encounter { channel, met: true, ..Encounter::default() })
    };
    let entries = vec![
        on(date(2026, 2, 20), met()),
        on(date(2026, 2, 11), met()),
        on(date(2026, 2, 10), opening()),
        on(date(2026, 1, 1), opening()),
    ];
    // One without an opening before has no days.
    let sent = vec![date(2026, 2, 15), date(2025, 12, 31), date(2026, 1, 2), date(2026, 5, 1)];
    let figures = of_six(&OnePerson { entries, sent, ..nothing() });
    assert_eq!(of_kind(&figures, Kind::OnwardGuidance), [figure(Kind::OnwardGuidance, 12)]);
    assert_eq!(of_kind(&figures, Kind::OnwardShare), [figure(Kind::OnwardShare, 10_000)]);
    assert_eq!(of_kind(&figures, Kind::DaysToReferral), [figure(Kind::DaysToReferral, 300)]);
}

#[test]
fn whoever_leaves_is_told_by_what_they_did() {
    let study = Background { activity: MainActivity::Study.into(), ..Background::default() };
    let entries = vec![
        on(date(2026, 3, 3), Matter::Leaving(JourneyLeaving::default())),
        on(date(2026, 3, 2), background(study)),
        on(date(2026, 3, 1), opening()),
    ];
    let figures = of_six(&OnePerson { entries, ..nothing() });
    let activity = MainActivity::Study.into();
    let left = figure(Kind::Left, 6);
    assert_eq!(of_kind(&figures, Kind::Left), [left.clone(), Figure { activity, ..left }]);
}

/// Who is counted in a third is not counted again in another one of the year.
#[test]
fn a_person_counts_once_in_a_year() {
    let kind = attainment::Kind::Work as i32;
    let attained = || Matter::Attainment(Attainment { kind, service: "paja".into() });
    let entries = vec![
        on(date(2026, 10, 1), attained()),
        on(date(2026, 9, 1), opening()),
        on(date(2026, 2, 2), attained()),
        on(date(2026, 2, 1), opening()),
        on(date(2025, 2, 1), opening()),
    ];
    let figures = of_six_in(&OnePerson { entries, ..nothing() }, Period::Year);
    let value = |kind| of_kind(&figures, kind)[0].value;
    assert_eq!(value(Kind::Served), Some(6));
    assert_eq!(value(Kind::Persons), Some(6));
    assert_eq!(value(Kind::Attainments), Some(6));
    assert_eq!(value(Kind::AttainmentsByService), Some(6));
    assert_eq!(value(Kind::AttainmentTimes), Some(12));
    assert_eq!(value(Kind::AttainmentShare), Some(10_000));
}

/// Who is not among those of another figure would be seen in the difference.
#[test]
fn how_many_were_served_is_not_told_where_few_of_them_are_left_over() {
    let mut counting = Counting::new(SPRING);
    for number in 0..12 {
        let entries = vec![on(date(2026, 2, 2), if number < 10 { opening() } else { work(5) })];
        counting.person(&OnePerson { entries, ..nothing() });
    }
    let figures = together(&[counting.book()]).figures;
    assert_eq!(of_kind(&figures, Kind::Persons)[0], figure(Kind::Persons, 10));
    assert!(of_kind(&figures, Kind::Served).is_empty());
}

#[test]
fn ids_of_one_person_are_one_person() {
    let mut one = OnePerson { entries: vec![on(date(2026, 2, 2), profile(2))], ..OnePerson::default() };
    let handovers = vec![handover(date(2026, 3, 3), None)];
    let entries = vec![on(date(2026, 2, 3), profile(3)), on(date(2026, 2, 1), opening())];
    one.merge(OnePerson { entries, handovers, sent: vec![date(2026, 3, 1)], ..nothing() });
    assert_eq!(one.born, nothing().born);
    let days: Vec<_> = one.entries.iter().map(|entry| day(entry.time.as_ref()).unwrap()).collect();
    assert_eq!(days, [date(2026, 2, 3), date(2026, 2, 2), date(2026, 2, 1)]);
    assert_eq!((one.handovers.len(), one.sent.len()), (1, 1));
}

#[test]
fn a_third_is_counted_when_it_is_over() {
    let thirds = Third::of(2026, Period::Year).unwrap();
    let ends: Vec<Date> = thirds.iter().map(|third| third.last).collect();
    assert_eq!(ends, [date(2026, 4, 30), date(2026, 8, 31), date(2026, 12, 31)]);
    assert!(!thirds[0].is_closed(date(2026, 5, 13)));
    assert!(thirds[0].is_closed(date(2026, 5, 14)));
}

#[test]
fn a_star_changes_from_the_last_reading_before_to_the_last_of_the_third() {
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
    let change = Figure { code: "tahti/1/koti".into(), ..figure(Kind::StarChange, -300) };
    assert_eq!(of_kind(&figures, Kind::StarChange), [change]);
}

/// domain.md 4.2: the change is that from the first reading to the last one, over a year too.
#[test]
fn a_star_changes_over_a_year_by_all_of_its_thirds() {
    let reading = |date: &str, score| StarReading {
        date: date.into(),
        star: "tahti".into(),
        version: 1,
        scores: vec![AreaScore { area: "koti".into(), score, change: None }],
        ..StarReading::default()
    };
    let change = |readings: &[(&str, i32)], period| {
        let stars = readings.iter().map(|(date, score)| reading(date, *score)).collect();
        let told = of_six_in(&OnePerson { stars, ..nothing() }, period);
        of_kind(&told, Kind::StarChange).first().and_then(|figure| figure.value)
    };
    let each_third = [("2026-01-10", 1), ("2026-03-10", 2), ("2026-06-10", 3), ("2026-10-10", 5)];
    assert_eq!(change(&each_third, Period::JanuaryToApril), Some(100));
    assert_eq!(change(&each_third, Period::JanuaryToAugust), Some(200));
    assert_eq!(change(&each_third, Period::Year), Some(400));
    let late = [("2025-12-10", 1), ("2026-06-10", 2), ("2026-12-10", 4)];
    assert_eq!(change(&late, Period::Year), Some(300));
}

#[test]
fn feedback_is_told_as_means_of_what_was_answered() {
    let mut counting = Counting::new(SPRING);
    counting.feedback(&Feedback { grade: Some(9), listened_to: Some(5), ..Feedback::default() }, 4);
    assert!(of_kind(&together(&[counting.book()]).figures, Kind::FeedbackForms).is_empty());
    counting.feedback(&Feedback { grade: Some(10), ..Feedback::default() }, 2);
    let figures = together(&[counting.book()]).figures;
    assert_eq!(of_kind(&figures, Kind::FeedbackForms), [figure(Kind::FeedbackForms, 6)]);
    assert_eq!(of_kind(&figures, Kind::FeedbackGrade), [figure(Kind::FeedbackGrade, 933)]);
    assert!(of_kind(&figures, Kind::FeedbackStatement).is_empty());
    assert_eq!(figures.iter().filter(|figure| figure.kind() == Kind::FeedbackStatement).count(), 4);
}
