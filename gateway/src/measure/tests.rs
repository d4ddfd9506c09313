//! Scores against the vectors of the manual's arithmetic, and stars against their configuration.

use polku_proto::v1::{AreaScore, StarReading, WhoqolAnswer, WhoqolScores};
use proptest::prelude::*;

use super::{Star, StarError, WhoqolError, check_star, compare, first_stars, score};

fn form(answer: i32) -> Vec<WhoqolAnswer> {
    (1..=26).map(|item| WhoqolAnswer { item, answer }).collect()
}

fn without(answers: Vec<WhoqolAnswer>, missing: &[i32]) -> Vec<WhoqolAnswer> {
    answers.into_iter().filter(|answer| !missing.contains(&answer.item)).collect()
}

fn domains(scores: &WhoqolScores) -> [Option<i32>; 4] {
    [scores.physical, scores.psychological, scores.social, scores.environment]
}

#[test]
fn the_same_answer_everywhere_has_the_published_scores() {
    let vectors =
        [(3, [5_000, 5_000, 5_000, 5_000]), (5, [7_143, 8_333, 10_000, 10_000]), (1, [2_857, 1_667, 0, 0])];
    for (answer, expected) in vectors {
        let scores = score(&form(answer)).expect("each item once").expect("a whole form");
        assert_eq!(domains(&scores), expected.map(Some), "every item answered {answer}");
        assert_eq!(scores.method, "MEAN_OF_ANSWERED");
    }
}

#[test]
fn too_few_answers_leave_a_domain_without_score() {
    let scored = |missing: &[i32]| score(&without(form(3), missing)).expect("each item once");
    let two_missing = scored(&[3, 4]).expect("not void");
    assert_eq!(two_missing.physical, Some(5_000));
    let three_missing = scored(&[3, 4, 10]).expect("not void");
    assert_eq!(three_missing.physical, None);
    assert_eq!(three_missing.social, Some(5_000));
    assert_eq!(scored(&[20, 21]).expect("not void").social, None);
    assert_eq!(scored(&[20]).expect("not void").social, Some(5_000));
    assert!(scored(&[1, 2, 8, 9, 12]).is_some(), "five of 26 may be missing");
    assert_eq!(scored(&[1, 2, 3, 8, 9, 20]), None, "with six missing the form is void");
}

#[test]
fn an_item_is_answered_once() {
    let mut twice = form(3);
    twice.push(WhoqolAnswer { item: 7, answer: 4 });
    assert_eq!(score(&twice), Err(WhoqolError::AnsweredTwice));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_score_lies_between_the_ends_and_does_not_hang_on_the_order(answers in proptest::collection::vec(1..=5, 26)) {
        let mut answers: Vec<WhoqolAnswer> =
            (1..=26).zip(answers).map(|(item, answer)| WhoqolAnswer { item, answer }).collect();
        let scores = score(&answers).expect("each item once").expect("a whole form");
        for domain in domains(&scores) {
            prop_assert!((0..=10_000).contains(&domain.expect("every item is answered")));
        }
        answers.reverse();
        prop_assert_eq!(score(&answers), Ok(Some(scores)));
    }
}

fn star() -> Star {
    let areas = ["hopes", "wellbeing"].map(str::to_owned).into_iter().collect();
    Star { id: "youth".to_owned(), version: 2, areas, highest: 5 }
}

fn reading(date: &str, scores: &[(&str, i32)]) -> StarReading {
    let area =
        |(area, score): &(&str, i32)| AreaScore { area: (*area).to_owned(), score: *score, change: None };
    StarReading {
        date: date.to_owned(),
        star: "youth".to_owned(),
        version: 2,
        scores: scores.iter().map(area).collect(),
        ..StarReading::default()
    }
}

#[test]
fn a_later_reading_says_what_has_changed_since_the_first() {
    let mut first = reading("2026-01-10", &[("hopes", 2), ("wellbeing", 4)]);
    let second = reading("2026-04-10", &[("hopes", 3), ("wellbeing", 3)]);
    let mut third = reading("2026-07-10", &[("wellbeing", 5), ("hopes", 5)]);
    let mistaken = StarReading { entered_in_error: true, ..reading("2025-01-10", &[("hopes", 1)]) };
    let edition = StarReading { version: 1, ..reading("2025-01-10", &[("hopes", 1)]) };
    let all = [second, third.clone(), mistaken, edition, first.clone()];
    let all = first_stars(all.iter());
    compare(&mut first, &all);
    assert!(first.scores.iter().all(|score| score.change.is_none()));
    compare(&mut third, &all);
    let changes: Vec<_> = third.scores.iter().map(|score| (score.area.as_str(), score.change)).collect();
    assert_eq!(changes, [("wellbeing", Some(1)), ("hopes", Some(3))]);
}

#[test]
fn a_reading_fits_its_star() {
    let refused =
        |reading: StarReading| check_star(&[star()], &reading).expect_err("no reading of this star");
    let whole = [("hopes", 2), ("wellbeing", 4)];
    let other = StarReading { version: 1, ..reading("2026-01-10", &whole) };
    assert_eq!(refused(other), StarError::UnknownStar);
    assert_eq!(refused(reading("2026-01-10", &whole[..1])), StarError::WrongAreas);
    assert_eq!(refused(reading("2026-01-10", &[("hopes", 2), ("hopes", 2)])), StarError::WrongAreas);
    assert_eq!(refused(reading("2026-01-10", &[("hopes", 6), ("wellbeing", 4)])), StarError::TooHigh);
}
