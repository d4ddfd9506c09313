//! What have needs, goals, actions and meetings in common?

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use polku_proto::v1::{ActionState, MeetingState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart};
use polku_proto::{Disclose, time};
use prost::Message;

use super::fields::Fields;
use super::path::List;

/// An element of a list of a section.
pub(super) trait Item: Fields + Disclose + Message {
    /// Which list.
    const LIST: List;

    /// Fields that bind each other, two and two.
    const BOUND: &'static [[&'static str; 2]] = &[];

    /// The item's id, unique in its list.
    fn id(&self) -> &str;

    /// The list in a section.
    fn of(part: &PlanPart) -> &Vec<Self>;

    /// The list in a section, to be changed.
    fn of_mut(part: &mut PlanPart) -> &mut Vec<Self>;

    /// The ids of items of this list that other items of the section refer to.
    fn referred(_: &PlanPart) -> HashSet<&str> {
        HashSet::new()
    }

    /// Says whether the fields of the item fit one another at this instant.
    fn is_sound(&self, _now: Timestamp) -> bool {
        true
    }

    /// Finds an item.
    fn find<'a>(part: &'a PlanPart, id: &str) -> Option<&'a Self> {
        Self::of(part).iter().find(|item| item.id() == id)
    }
}

/// A list in which items are looked for by their ids: mostly in the order in which they stand, each not far behind the last,
/// which costs little, and in any other order by a table that is made then.
#[derive(Debug)]
pub(super) struct ById<'a, I> {
    items: &'a [I],
    /// Where the last one was found.
    last: usize,
    places: OnceCell<HashMap<&'a str, usize>>,
}

/// So many items are looked at before the table is.
const NEAR: usize = 8;

impl<'a, I: Item> ById<'a, I> {
    pub(super) fn new(items: &'a [I]) -> Self {
        Self { items, last: 0, places: OnceCell::new() }
    }

    pub(super) fn find(&mut self, id: &str) -> Option<&'a I> {
        let all = || self.items.iter().enumerate();
        let mut near = all().skip(self.last).chain(all().take(self.last)).take(NEAR);
        let near = near.find(|(_, item)| item.id() == id).map(|(place, _)| place);
        let place = near.or_else(|| {
            let places = || all().map(|(place, item)| (item.id(), place)).collect();
            self.places.get_or_init(places).get(id).copied()
        })?;
        self.last = place;
        self.items.get(place)
    }
}

/// The items of a list by their ids.
pub(super) fn by_id<I: Item>(items: &[I]) -> HashMap<&str, &I> {
    items.iter().map(|item| (item.id(), item)).collect()
}

impl Item for PlanNeed {
    const LIST: List = List::Needs;

    fn id(&self) -> &str {
        &self.id
    }

    fn of(part: &PlanPart) -> &Vec<Self> {
        &part.needs
    }

    fn of_mut(part: &mut PlanPart) -> &mut Vec<Self> {
        &mut part.needs
    }

    fn referred(part: &PlanPart) -> HashSet<&str> {
        part.goals.iter().flat_map(|goal| goal.needs.iter().map(String::as_str)).collect()
    }
}

impl Item for PlanGoal {
    const LIST: List = List::Goals;

    fn id(&self) -> &str {
        &self.id
    }

    fn of(part: &PlanPart) -> &Vec<Self> {
        &part.goals
    }

    fn of_mut(part: &mut PlanPart) -> &mut Vec<Self> {
        &mut part.goals
    }

    fn referred(part: &PlanPart) -> HashSet<&str> {
        part.actions.iter().map(|action| action.goal.as_str()).filter(|goal| !goal.is_empty()).collect()
    }
}

impl Item for PlanAction {
    const LIST: List = List::Actions;
    const BOUND: &'static [[&'static str; 2]] = &[["start", "end"], ["state", "reason"]];

    fn id(&self) -> &str {
        &self.id
    }

    fn of(part: &PlanPart) -> &Vec<Self> {
        &part.actions
    }

    fn of_mut(part: &mut PlanPart) -> &mut Vec<Self> {
        &mut part.actions
    }

    fn is_sound(&self, _now: Timestamp) -> bool {
        self.is_in_order() && self.has_its_reason()
    }
}

impl Item for PlanMeeting {
    const LIST: List = List::Meetings;
    const BOUND: &'static [[&'static str; 2]] = &[["state", "time"]];

    fn id(&self) -> &str {
        &self.id
    }

    fn of(part: &PlanPart) -> &Vec<Self> {
        &part.meetings
    }

    fn of_mut(part: &mut PlanPart) -> &mut Vec<Self> {
        &mut part.meetings
    }

    fn is_sound(&self, now: Timestamp) -> bool {
        self.has_its_time(now)
    }
}

/// Rules that bind two fields of an action.
pub(super) trait ActionRules {
    /// Says whether it ends no earlier than it starts.
    fn is_in_order(&self) -> bool;

    /// Says whether it states why it was not done, if it was not.
    fn has_its_reason(&self) -> bool;
}

impl ActionRules for PlanAction {
    fn is_in_order(&self) -> bool {
        // Dates of the form `YYYY-MM-DD` are in the order of their letters.
        self.start.is_empty() || self.end.is_empty() || self.start <= self.end
    }

    fn has_its_reason(&self) -> bool {
        self.state() != ActionState::NotDone || !self.reason.trim().is_empty()
    }
}

/// The rule that binds two fields of a meeting.
pub(super) trait MeetingRules {
    /// Says whether it was at a time that has passed, if it was held.
    fn has_its_time(&self, now: Timestamp) -> bool;
}

impl MeetingRules for PlanMeeting {
    fn has_its_time(&self, now: Timestamp) -> bool {
        let time = || self.time.as_ref().and_then(|time| time::from_wire(time).ok());
        self.state() != MeetingState::Held || time().is_some_and(|time| time <= now)
    }
}

/// Calls a generic function for the items of a list.
macro_rules! of_list {
    ($list:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $list {
            $crate::plan::path::List::Needs => $function::<polku_proto::v1::PlanNeed>($($argument),*),
            $crate::plan::path::List::Goals => $function::<polku_proto::v1::PlanGoal>($($argument),*),
            $crate::plan::path::List::Actions => $function::<polku_proto::v1::PlanAction>($($argument),*),
            $crate::plan::path::List::Meetings => $function::<polku_proto::v1::PlanMeeting>($($argument),*),
        }
    };
}

pub(super) use of_list;
