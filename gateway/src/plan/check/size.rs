//! How much may one section hold, and of whom?
//!
//! Each author has its own room: a refusal tells nobody how much others have written. All rooms together are what the
//! contract lets anybody read, so that of its own each author's counts whole, be some of it hidden from the unit or role
//! that adds to it, or not to be told to the author any more. What a refusal tells then is how much the own agency has
//! written.
//!
//! A section with all its rooms full, and with all that stands beside its items, fits into one request. Who takes away is
//! never refused. Another party may also reword items that it has not added: of these counts what it sees of them.

use std::collections::HashMap;

use polku_proto::v1::{Plan, PlanPart, PlanSection};
use prost::Message as _;

use super::{EditError, Fault};
use crate::front::{LARGEST_ANSWER, LARGEST_PLAN};
use crate::plan::item::Item;
use crate::plan::path::Path;
use crate::plan::{MOST_PARTIES, YOUTH};

/// How many items of all kinds the holder of a section writes in it at most.
const HOLDER: usize = 1_000;
/// How many needs, goals, actions and meetings those are at most.
const HOLDER_LISTS: [usize; 4] = [200, 200, 500, 200];
/// How many items of each kind another party writes in the young person's section at most.
const GUEST: usize = 20;

/// How many bytes the items of the holder are at most, as they are written on the wire.
const HOLDER_BYTES: usize = 128 * 1024;
/// Those of another party in the young person's section.
const GUEST_BYTES: usize = 8 * 1024;
/// What stands beside the items is less, with every field as long as the contract lets it be.
const BESIDE_BYTES: usize = 256 * 1024;

const _: () = assert!(HOLDER_BYTES + MOST_PARTIES * GUEST_BYTES + BESIDE_BYTES < LARGEST_PLAN);

/// What stands in all sections of a plan and between them is this much at most: with what is told beside it, that comes
/// to less than 16 MiB. All items that there is room for are 6 MiB. So nobody's room is full before, and a refusal tells
/// of others what only many full sections together can bring about.
const PLAN_BYTES: usize = 14 * 1024 * 1024;

const _: () = assert!((MOST_PARTIES + 1) * HOLDER_BYTES + MOST_PARTIES * GUEST_BYTES < PLAN_BYTES);
const _: () = assert!(PLAN_BYTES < LARGEST_ANSWER);

/// What one author has in a section.
#[derive(Default)]
struct Room {
    counts: [usize; 4],
    bytes: usize,
}

/// Checks what every author has in a section, which was like `base`.
pub(super) fn check(part: &PlanPart, base: &PlanPart) -> Result<(), EditError> {
    let refuse = |expected| Err(EditError::new(Fault::TooLarge, &part.owner, Path::Field("items"), expected));
    let before = rooms(base);
    for (author, room) in rooms(part) {
        check_bytes(part, author, room.bytes, before.get(author).map_or(0, |room| room.bytes))?;
        let counts = room.counts;
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

/// Checks the bytes of this author's items in a section as it would be stored, all of them counted. An empty author: the
/// holder.
///
/// # Errors
/// [`Fault::TooLarge`].
pub fn check_room(before: &PlanPart, part: &PlanPart, author: &str) -> Result<(), EditError> {
    let bytes = |part| rooms(part).get(author).map_or(0, |room| room.bytes);
    check_bytes(part, author, bytes(part), bytes(before))
}

/// Checks that a plan as it would be stored can be read in one answer. What makes it no larger is not refused.
///
/// # Errors
/// [`Fault::TooLarge`].
pub fn check_whole(before: Option<&Plan>, plan: &Plan) -> Result<(), EditError> {
    let bytes = written(plan);
    if bytes <= PLAN_BYTES || bytes <= before.map_or(0, written) {
        return Ok(());
    }
    let expected = "at most 14680064 bytes in all sections of a plan";
    Err(EditError { fault: Fault::TooLarge, path: "sections".to_owned(), expected })
}

/// How much people and systems have written: not what the gateway has filled in.
fn written(plan: &Plan) -> usize {
    let of = |section: &PlanSection| {
        let filled_in: usize = section.commitments.iter().map(|one| one.encoded_len() + 4).sum();
        section.encoded_len().saturating_sub(filled_in)
    };
    let links = plan.links.iter().map(|link| link.encoded_len() + 4);
    plan.sections.iter().map(of).chain(links).sum()
}

fn check_bytes(part: &PlanPart, author: &str, bytes: usize, before: usize) -> Result<(), EditError> {
    let (most, expected) = if author.is_empty() {
        (HOLDER_BYTES, "at most 131072 bytes of items in a section")
    } else {
        (GUEST_BYTES, "at most 8192 bytes of items that another party adds to the young person's section")
    };
    if bytes <= most || bytes <= before {
        return Ok(());
    }
    Err(EditError::new(Fault::TooLarge, &part.owner, Path::Field("items"), expected))
}

fn rooms(part: &PlanPart) -> HashMap<&str, Room> {
    let mut rooms = HashMap::new();
    count(part, &part.needs, 0, &mut rooms);
    count(part, &part.goals, 1, &mut rooms);
    count(part, &part.actions, 2, &mut rooms);
    count(part, &part.meetings, 3, &mut rooms);
    rooms
}

/// Who has written an item of the young person's section: an agency, or, without a colon in the id, its holder.
pub(super) fn author<'a>(owner: &str, id: &'a str) -> &'a str {
    let prefix = if owner == YOUTH { id.split_once(':') } else { None };
    prefix.map_or("", |(author, _)| author)
}

/// Who has written what stands in this place of a section, as `Path` writes it; empty: its holder.
#[must_use]
pub fn author_at<'a>(owner: &str, path: &'a str) -> &'a str {
    match Path::parse(path) {
        Some(Path::Item(_, id) | Path::ItemField(_, id, _)) => author(owner, id),
        Some(Path::Field(_) | Path::Background(_)) | None => "",
    }
}

fn count<'a, I: Item>(part: &PlanPart, items: &'a [I], list: usize, rooms: &mut HashMap<&'a str, Room>) {
    for item in items {
        let room = rooms.entry(author(&part.owner, item.id())).or_default();
        // With what says that an item of the list follows, and how long it is.
        room.bytes += item.encoded_len() + 4;
        if let Some(count) = room.counts.get_mut(list) {
            *count += 1;
        }
    }
}
