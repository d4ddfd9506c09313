//! Which ids have had their item?
//!
//! An item that somebody sees no more may have been removed, or be hidden from them. An id that was used is not used for
//! another item by who does not see everything: that it is refused tells neither.

use std::collections::HashSet;
use std::fmt;

use polku_proto::v1::{PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart};
use prost::Message;

use super::item::Item;
use super::path::List;
use crate::audit::sha256;

/// How many bytes of a digest are kept of an id.
const KEPT: usize = 8;

/// Of how many ids of a section: of those that went last. Whoever does not see everything removes nothing, and so does not
/// bring it about that one is forgotten.
const MOST: usize = 10_000;

/// The ids of items that are not in a plan any more.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub struct UsedIds {
    #[prost(message, repeated, tag = "1")]
    sections: Vec<UsedInSection>,
    /// From the first revision on: plans are older than this.
    #[prost(bool, tag = "2")]
    is_whole: bool,
}

/// Those of one section: of each a digest, one behind the other.
#[derive(Clone, PartialEq, Eq, Message)]
struct UsedInSection {
    #[prost(string, tag = "1")]
    owner: String,
    #[prost(bytes = "vec", tag = "2")]
    ids: Vec<u8>,
}

impl fmt::Debug for UsedIds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UsedIds(redacted)")
    }
}

impl UsedIds {
    /// Those of a plan that begins, or to which all its revisions have been brought.
    #[must_use]
    pub fn whole(self) -> UsedIds {
        UsedIds { is_whole: true, ..self }
    }

    /// Whether the ids of every revision are here.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Notes the items of a section that are not there any more.
    pub fn note(&mut self, before: &PlanPart, after: &PlanPart) {
        let mut gone = Vec::new();
        removed::<PlanNeed>(before, after, &mut gone);
        removed::<PlanGoal>(before, after, &mut gone);
        removed::<PlanAction>(before, after, &mut gone);
        removed::<PlanMeeting>(before, after, &mut gone);
        if gone.is_empty() {
            return;
        }
        let place = self.sections.iter().position(|section| section.owner == before.owner);
        let place = place.unwrap_or_else(|| {
            self.sections.push(UsedInSection { owner: before.owner.clone(), ids: Vec::new() });
            self.sections.len() - 1
        });
        let Some(UsedInSection { ids, .. }) = self.sections.get_mut(place) else { return };
        // One that was there, came back and has gone again stands there already.
        let mut known: HashSet<Vec<u8>> = ids.chunks_exact(KEPT).map(<[u8]>::to_vec).collect();
        for digest in gone {
            if known.insert(digest.clone()) {
                ids.extend(digest);
            }
        }
        let surplus = ids.len().saturating_sub(MOST * KEPT);
        ids.drain(..surplus);
    }

    /// Whether an item of this list of a section, that has been removed, had this id.
    pub(super) fn has(&self, owner: &str, list: List, id: &str) -> bool {
        let digest = digest(list, id);
        let mut of = self.sections.iter().filter(|section| section.owner == owner);
        of.any(|section| section.ids.chunks_exact(KEPT).any(|known| known == digest))
    }
}

fn removed<I: Item>(before: &PlanPart, after: &PlanPart, gone: &mut Vec<Vec<u8>>) {
    let kept: HashSet<&str> = I::of(after).iter().map(Item::id).collect();
    let items = I::of(before).iter().filter(|item| !kept.contains(item.id()));
    gone.extend(items.map(|item| digest(I::LIST, item.id())));
}

fn digest(list: List, id: &str) -> Vec<u8> {
    sha256(&[list.name().as_bytes(), b"/", id.as_bytes()]).iter().take(KEPT).copied().collect()
}
