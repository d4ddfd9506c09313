//! What of a stored section may an editor be told, item by item?

use std::borrow::Cow;
use std::collections::HashSet;

use polku_proto::v1::{PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart};
use polku_proto::{CategorySet, Disclose as _};

use super::fields::Fields as _;
use super::item::Item;
use super::path::List;
use super::view::is_everything;

/// A section cut down to what may be told, as [`polku_proto::Disclose::restrict`] cuts it, without a copy of what is told
/// whole.
pub(super) struct Seen<'a> {
    stored: &'a PlanPart,
    /// What stands beside the lists.
    pub(super) fields: Cow<'a, PlanPart>,
    /// Of each list the items that are told in part, in their order.
    cut: PlanPart,
    needs: Vec<Told>,
    goals: Vec<Told>,
    actions: Vec<Told>,
    meetings: Vec<Told>,
}

/// How much of an item is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Whole,
    Cut,
    Hidden,
}

impl<'a> Seen<'a> {
    pub(super) fn of(stored: &'a PlanPart, permitted: CategorySet) -> Seen<'a> {
        let mut seen = Seen {
            stored,
            fields: Cow::Borrowed(stored),
            cut: PlanPart::default(),
            // Nothing is said of an item that is told whole like all the others.
            needs: Vec::new(),
            goals: Vec::new(),
            actions: Vec::new(),
            meetings: Vec::new(),
        };
        if is_everything(permitted) {
            return seen;
        }
        let mut fields = PlanPart { background: stored.background.clone(), ..stored.fields() };
        fields.restrict(permitted);
        seen.fields = Cow::Owned(fields);
        seen.needs = seen.list::<PlanNeed>(permitted, |_| true, |_| ());
        let needs = seen.ids::<PlanNeed>();
        seen.goals = seen.list::<PlanGoal>(
            permitted,
            |goal| goal.needs.iter().all(|need| needs.contains(need.as_str())),
            |goal| goal.needs.retain(|need| needs.contains(need.as_str())),
        );
        let goals = seen.ids::<PlanGoal>();
        seen.actions = seen.list::<PlanAction>(
            permitted,
            |action| action.goal.is_empty() || goals.contains(action.goal.as_str()),
            |action| {
                if !goals.contains(action.goal.as_str()) {
                    action.goal.clear();
                }
            },
        );
        seen.meetings = seen.list::<PlanMeeting>(permitted, |_| true, |_| ());
        seen
    }

    /// Says how each item of a list is told, and keeps what is told in part. An item is whole only where all leads
    /// somewhere; what does not is taken out.
    fn list<I: Item>(
        &mut self,
        permitted: CategorySet,
        leads: impl Fn(&I) -> bool,
        take_out: impl Fn(&mut I),
    ) -> Vec<Told> {
        let told = |item: &I| {
            let holds = item.categories();
            if !holds.is_empty() && holds.is_subset(permitted) && leads(item) {
                return Told::Whole;
            }
            let mut cut = item.clone();
            cut.restrict(permitted);
            if cut.categories().is_empty() {
                return Told::Hidden;
            }
            take_out(&mut cut);
            I::of_mut(&mut self.cut).push(cut);
            Told::Cut
        };
        I::of(self.stored).iter().map(told).collect()
    }

    /// The ids of the items of a list of which something is told.
    fn ids<I: Item + 'a>(&self) -> HashSet<&'a str> {
        let items = I::of(self.stored).iter().zip(self.told(I::LIST));
        items.filter(|(_, told)| **told != Told::Hidden).map(|(item, _)| item.id()).collect()
    }

    fn told(&self, list: List) -> &[Told] {
        match list {
            List::Needs => &self.needs,
            List::Goals => &self.goals,
            List::Actions => &self.actions,
            List::Meetings => &self.meetings,
        }
    }

    /// What is told of each stored item of a list, in their order.
    pub(super) fn items<I: Item + 'a>(&self) -> impl Iterator<Item = Option<&I>> {
        let (mut cut, told) = (I::of(&self.cut).iter(), self.told(I::LIST));
        I::of(self.stored).iter().enumerate().map(move |(place, item)| match told.get(place) {
            None | Some(Told::Whole) => Some(item),
            Some(Told::Cut) => cut.next(),
            Some(Told::Hidden) => None,
        })
    }
}
