//! What is a joint plan, and how does it change?
//!
//! Pure: what is stored, what was read, what is wanted and what may be told come in as values, and values come out.
//!
//! - [`view()`]: the plan as one reader sees it.
//! - [`check()`]: whether somebody may change a section from what they have read to what they want.
//! - [`check_room()`]: whether what an author has written in a section fits into its room.
//! - [`check_whole()`]: whether a plan can be read in one answer.
//! - [`merge()`]: brings such a change in over what has changed since, field by field; what clashes is kept as it is.
//! - [`Grown`], [`around()`]: what has come to items since somebody has read them, and what there is about one.
//! - [`shown_side()`]: what somebody may be told of a clash.
//! - [`resolve()`]: a person's decision on a clash.
//! - [`changes()`]: what is different between two revisions of a section.
//! - [`activities()`]: what else is different between two views of a plan.
//! - [`Agreement`], [`acknowledge()`]: what was agreed, and what is something else since.
//! - [`alike()`]: which items of different sections, or from different sources, may be the same.
//! - [`told_part()`]: what an agency's own system is told of a section, and of the plan with it.
//! - [`take_in()`]: how several plans of one agency's own system stand in one section.
//! - [`held()`]: what those plans hold of it, over which their next words come.
//! - [`UsedIds`]: which ids have had their item.
//!
//! What is stored of a section has no reference to an item that is not in it, and so has every view of it.

mod activity;
mod agreement;
mod alike;
mod around;
mod change;
mod check;
mod fields;
mod fragment;
mod held;
mod item;
mod merge;
mod path;
mod questionnaire;
mod resolve;
mod seats;
mod section;
mod seen;
mod source;
mod states;
mod told;
mod used;
mod view;

pub use activity::{Activity, activities};
pub use agreement::{Agreement, acknowledge, commit};
pub use alike::{SourceOf, alike};
pub use around::{Grown, around};
pub use change::{Change, changes, is_shown};
pub use check::{
    Edit, EditError, Editor, Fault, Origin, author_at, check, check_room, check_stored, check_whole,
};
pub use fragment::shown_side;
pub use held::{comes_after, held, keep_held, over};
pub use merge::{Clash, Merged, merge};
pub use resolve::{Choice, ResolveError, resolve, with_clashing};
pub use seats::{Seated, Taker, mark_missing};
pub use section::{is_begun, order_sections, owner_of, part_of, section_of};
pub use source::{MOST_SOURCES, Word, source_prefix, tagged, take_in};
pub use states::is_over;
pub use told::told_part;
pub use used::UsedIds;
pub use view::{Reader, drop_ended_step, drop_loose_ends, is_ahead, view};

#[cfg(test)]
mod tests;

/// The owner of the young person's own section. No agency has this id.
pub const YOUTH: &str = "youth";

/// More parties are no meeting table any more. Those that have left count: what they wrote has its room.
pub(crate) const MOST_PARTIES: usize = 40;
