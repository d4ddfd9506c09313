//! Is a message cut down as its descriptor says to every set of categories that there is?

use std::collections::HashMap;

use prost::Message;

use super::{expected, filled, pool, present, sent};
use crate::v1::DataCategory;
use crate::{CategorySet, Disclose};

/// How much content is cut down to each of 16,384 sets, in bytes: so much at the most, or as little as fills the message.
const FULL: usize = 700;

/// Holds what is left of one content under each set of categories against the model.
pub(super) fn every_set<X: Disclose>(name: &str) {
    let descriptor = pool().get_message_by_name(name).expect("the message is in the contract");
    let mut contents: Vec<_> = [usize::MAX, 9, 7, 5, 4, 3, 2]
        .iter()
        .map(|without| sent(&filled(&descriptor, &mut mostly(*without))))
        .collect();
    contents.sort_by_key(|message| std::cmp::Reverse(message.encoded_len()));
    let place = contents.iter().position(|message| message.encoded_len() <= FULL);
    let message = contents.swap_remove(place.unwrap_or(contents.len() - 1));
    let whole: X = message.transcode_to().expect("both read the same bytes");
    let held = present(&message);
    // What it is cut down to depends on the categories that it holds, and on nothing else.
    let mut by_model: HashMap<CategorySet, X> = HashMap::new();
    let categories: Vec<DataCategory> = CategorySet::ALL.difference(CategorySet::ENVELOPE).iter().collect();
    for bits in 0..1_u32 << categories.len() {
        let chosen = categories.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
        let permitted: CategorySet = chosen.map(|(_, category)| *category).collect();
        let kept = permitted.union(CategorySet::ENVELOPE);
        let expected = by_model.entry(kept.intersection(held)).or_insert_with(|| {
            let expected = expected(&message, kept);
            assert!(present(&expected).is_subset(kept), "{name}: something is left beside {permitted}");
            expected.transcode_to().expect("both read the same bytes")
        });
        let mut cut = whole.clone();
        cut.restrict(permitted);
        assert!(cut == *expected, "{name}: not cut down to {permitted}");
    }
}

/// Draws by which every list has one element and what is named is a category, four of them in turn; and by which of so
/// many fields one is left out.
fn mostly(without: usize) -> impl FnMut() -> u8 {
    let mut draws = (1_u8..=193).filter(|drawn| drawn % 4 == 1 && drawn % 20 != 17).cycle().zip(1_usize..);
    move || match draws.next() {
        Some((drawn, place)) if !place.is_multiple_of(without) => drawn,
        Some(_) | None => 4,
    }
}
