//! How much may one section hold, and of whom?
//!
//! Each author has its own room: a refusal tells nobody how much others have written. All rooms together are what the
//! contract lets anybody read, so that of its own each author's counts whole, be some of it hidden from the unit or role
//! that adds to it, or not to be told to the author any more. What a refusal tells then is how much the own agency has
//! written.

use std::collections::HashMap;

use polku_proto::v1::PlanPart;

use super::{EditError, Fault};
use crate::plan::YOUTH;
use crate::plan::item::Item;
use crate::plan::path::Path;

/// How many items of all kinds the holder of a section writes in it at most.
const HOLDER: usize = 1_000;
/// How many needs, goals, actions and meetings those are at most.
const HOLDER_LISTS: [usize; 4] = [200, 200, 500, 200];
/// How many items of each kind another party writes in the young person's section at most.
const GUEST: usize = 20;

/// Checks what every author has in a section.
pub(super) fn check(part: &PlanPart) -> Result<(), EditError> {
    let refuse = |expected| Err(EditError::new(Fault::TooLarge, &part.owner, Path::Field("items"), expected));
    let mut lists: HashMap<&str, [usize; 4]> = HashMap::new();
    count(part, &part.needs, 0, &mut lists);
    count(part, &part.goals, 1, &mut lists);
    count(part, &part.actions, 2, &mut lists);
    count(part, &part.meetings, 3, &mut lists);
    for (author, counts) in lists {
        if author.is_empty() {
            if counts.iter().sum::<usize>() > HOLDER {
                return refuse("at most 1000 items in a section");
            }
            if counts.iter().zip(HOLDER_LISTS).any(|(count, most)| *count > most) {
                return refuse("at most 200 needs, 200 goals, 500 actions and 200 meetings in a section");
            }
        } else if counts.iter().any(|count| *count > GUEST) {
            return refuse(
                "at most 20 items of each kind that another party adds to the young person's section",
            );
        }
    }
    Ok(())
}

/// Who has written an item of the young person's section: an agency, or, without a colon in the id, its holder.
pub(super) fn author<'a>(owner: &str, id: &'a str) -> &'a str {
    let prefix = if owner == YOUTH { id.split_once(':') } else { None };
    prefix.map_or("", |(author, _)| author)
}

fn count<'a, I: Item>(
    part: &PlanPart,
    items: &'a [I],
    list: usize,
    lists: &mut HashMap<&'a str, [usize; 4]>,
) {
    for item in items {
        let counts = lists.entry(author(&part.owner, item.id())).or_default();
        if let Some(count) = counts.get_mut(list) {
            *count += 1;
        }
    }
}
