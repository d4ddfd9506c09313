//! Does what gateways tell each other come through whole, and within what a message holds?

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{MOST_BYTES, telling, told};

const ONE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// The texts between the apostrophes.
fn texts(statements: &str) -> Vec<&str> {
    statements.split('\'').skip(3).step_by(4).collect()
}

#[test]
fn whatever_is_told_is_heard_once_by_the_others_and_by_nobody_else() {
    let news: BTreeSet<String> = (0..2_000).map(|number| format!("r agency-{number}")).collect();
    let statements = telling(ONE, &news);
    let texts = texts(&statements);
    assert!(texts.len() > 3 && texts.iter().all(|text| text.len() <= MOST_BYTES), "{}", texts.len());
    let heard: Vec<String> = texts.iter().flat_map(|text| told(OTHER, text).unwrap()).collect();
    assert_eq!(heard.len(), news.len());
    assert_eq!(heard.into_iter().collect::<BTreeSet<_>>(), news);
    assert!(texts.iter().all(|text| told(ONE, text).is_none()));
}

#[test]
fn nothing_gets_out_of_its_apostrophes() {
    let news = ["r te'); DROP TABLE youth; --", "r a|b", &"x".repeat(MOST_BYTES)].map(str::to_owned);
    assert_eq!(telling(ONE, &news.into_iter().collect()), "");
    assert_eq!(telling(ONE, &BTreeSet::new()), "");
}
