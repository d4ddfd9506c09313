//! What can an agency be asked, and what can it hold? Strategies over questions and records.

use jiff::Timestamp;
use polku_proto::v1::FactsQuery;
use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::any;

/// People that there are not.
pub(in crate::agencies) const PEOPLE: [&str; 4] =
    ["010594Y9032", "010594Y9021", "020504A902E", "030594W903B"];

/// Questions, each for one category at least.
pub(in crate::agencies) fn query() -> BoxedStrategy<FactsQuery> {
    let id = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    (
        id,
        "[a-z][a-z0-9-]{0,31}",
        any::maybe("[A-Za-z._:@-]{1,64}"),
        1..=7_i32,
        btree_set(2..=15_i32, 1..=14),
        select(&PEOPLE),
    )
        .prop_map(|(query_id, requester, professional, purpose, categories, person)| FactsQuery {
            query_id,
            requester,
            professional,
            purpose,
            categories: categories.into_iter().collect(),
            identity_code: person.to_owned(),
        })
        .boxed()
}

/// What every record of an agency can have.
#[derive(Debug, Clone)]
pub(in crate::agencies) struct Record {
    pub(in crate::agencies) id: String,
    pub(in crate::agencies) words: String,
    pub(in crate::agencies) since: String,
    pub(in crate::agencies) until: String,
    pub(in crate::agencies) recorded: Option<Timestamp>,
}

/// Records, with ids and words or without.
pub(in crate::agencies) fn record() -> BoxedStrategy<Record> {
    let id = "[A-Za-z._:-][A-Za-z0-9._:-]{0,9}";
    (id, any::words(4000), any::maybe_date(), any::maybe_date(), option::of(any::instant()))
        .prop_map(|(id, words, since, until, recorded)| Record { id, words, since, until, recorded })
        .boxed()
}
