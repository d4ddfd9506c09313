//! Is the newest answer used, nobody else's, no old one, and none without bound?

use jiff::SignedDuration;
use polku_proto::v1::DataCategory;
use uuid::Uuid;

use super::{Answer, Answers, CategorySet, MOST_BYTES, Timestamp, YouthId};

const ASKER: [u8; 32] = [8; 32];

fn youth(number: u128) -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(number))
}

fn answer(agency: &str, hours: i64, category: DataCategory) -> Answer {
    Answer {
        agency: agency.parse().unwrap(),
        asked: CategorySet::of(&[category]),
        answered: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours),
        sealed: vec![5; 40],
    }
}

#[test]
fn the_newest_answer_to_a_question_takes_the_place_of_the_one_before() {
    let answers = Answers::default();
    let needs = |agency, hours| answer(agency, hours, DataCategory::ServiceNeeds);
    let housing = answer("te", 1, DataCategory::Housing);
    answers.keep(youth(1), ASKER, vec![needs("te", 1), housing.clone(), needs("kela", 1)]);
    answers.keep(youth(1), ASKER, vec![needs("te", 2)]);
    assert_eq!(answers.of(youth(1), ASKER), [housing, needs("kela", 1), needs("te", 2)]);
    assert_eq!(answers.of(youth(2), ASKER), []);
    assert_eq!(answers.of(youth(1), [9; 32]), [], "somebody else asks");
    assert_eq!(answers.book().bytes, 3 * 40);
}

#[test]
fn an_answer_is_kept_for_a_day() {
    let answers = Answers::default();
    let needs = |hours| answer("te", hours, DataCategory::ServiceNeeds);
    answers.keep(youth(1), ASKER, vec![needs(0)]);
    answers.keep(youth(2), ASKER, vec![needs(1)]);
    answers.prune(needs(25).answered);
    assert_eq!((answers.of(youth(1), ASKER), answers.of(youth(2), ASKER)), (vec![], vec![needs(1)]));
    assert_eq!(answers.book().bytes, 40);
    assert_eq!(answers.book().answers.len(), 1);
}

#[test]
fn of_somebody_who_is_erased_nothing_stays() {
    let answers = Answers::default();
    for number in 1..=2 {
        answers.keep(youth(number), ASKER, vec![answer("te", 0, DataCategory::Housing)]);
    }
    answers.forget(&[youth(1)]);
    assert_eq!((answers.of(youth(1), ASKER).len(), answers.of(youth(2), ASKER).len()), (0, 1));
    assert_eq!(answers.book().bytes, 40);
}

#[test]
fn there_are_not_more_than_fit() {
    let answers = Answers::default();
    let large =
        |hours| Answer { sealed: vec![0; MOST_BYTES / 8], ..answer("te", hours, DataCategory::Housing) };
    for number in 0..30_u8 {
        let (number, hours) = (number.into(), number.into());
        answers.keep(youth(number), ASKER, vec![large(hours)]);
        let book = answers.book();
        let bytes: usize = book.answers.values().flatten().map(|answer| answer.sealed.len()).sum();
        assert!(bytes == book.bytes && bytes <= MOST_BYTES);
        drop(book);
        // The oldest ones alone are gone.
        let kept: Vec<bool> = (0..=number).map(|one| !answers.of(youth(one), ASKER).is_empty()).collect();
        let first = kept.iter().position(|kept| *kept).unwrap();
        assert!(
            kept[first..].iter().all(|kept| *kept) && kept.len() - first >= kept.len().min(6),
            "{kept:?}"
        );
    }
}
