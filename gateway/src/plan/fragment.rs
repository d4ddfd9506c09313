//! What does a section look like with nothing in it but what is in question?

use polku_proto::v1::{PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, ReferralContent};
use polku_proto::{CategorySet, Disclose as _};

use super::fields::Fields as _;
use super::item::{ById, Item, of_list};
use super::path::{List, Path};

/// A section of which single places are cut out, one after the other.
pub(super) struct Fragments<'a> {
    part: &'a PlanPart,
    needs: ById<'a, PlanNeed>,
    goals: ById<'a, PlanGoal>,
    actions: ById<'a, PlanAction>,
    meetings: ById<'a, PlanMeeting>,
}

impl<'a> Fragments<'a> {
    pub(super) fn of(part: &'a PlanPart) -> Self {
        Self {
            part,
            needs: ById::new(&part.needs),
            goals: ById::new(&part.goals),
            actions: ById::new(&part.actions),
            meetings: ById::new(&part.meetings),
        }
    }

    /// Cuts the section down to one place: its owner, its state and the field, or the item and what it refers to.
    ///
    /// An item is given whole, even if one field of it is in question. If the place is empty, owner and state are left.
    pub(super) fn cut(&mut self, path: Path<'_>) -> PlanPart {
        let part = self.part;
        let mut fragment = PlanPart { owner: part.owner.clone(), state: part.state, ..PlanPart::default() };
        match path {
            Path::Field(field) => {
                fragment.take(part, field);
            }
            Path::Background(field) => {
                let mut content = ReferralContent::default();
                if let Some(background) = &part.background {
                    content.take(background, field);
                }
                fragment.background = Some(content).filter(|content| *content != ReferralContent::default());
            }
            Path::Item(list, id) | Path::ItemField(list, id, _) => self.copy(list, id, &mut fragment),
        }
        fragment
    }

    /// The same, where there is anything in the place.
    pub(super) fn filled(&mut self, path: Path<'_>) -> Option<PlanPart> {
        let is_filled = match path {
            Path::Field(_) | Path::Background(_) => is_filled(self.part, path),
            Path::Item(list, id) | Path::ItemField(list, id, _) => match list {
                List::Needs => self.needs.find(id).is_some(),
                List::Goals => self.goals.find(id).is_some(),
                List::Actions => self.actions.find(id).is_some(),
                List::Meetings => self.meetings.find(id).is_some(),
            },
        };
        is_filled.then(|| self.cut(path))
    }

    /// What an item refers to stands beside it: a reference to what is not there is not told.
    fn copy(&mut self, list: List, id: &str, fragment: &mut PlanPart) {
        match list {
            List::Needs => fragment.needs = alone(self.needs.find(id)),
            List::Goals => {
                let goal = self.goals.find(id);
                let needs = goal.map(|goal| goal.needs.as_slice()).unwrap_or_default();
                fragment.needs = needs.iter().filter_map(|need| self.needs.find(need)).cloned().collect();
                fragment.goals = alone(goal);
            }
            List::Actions => {
                let action = self.actions.find(id);
                let goal = action.and_then(|action| self.goals.find(&action.goal));
                fragment.goals = alone(goal);
                fragment.goals.iter_mut().for_each(|goal| goal.needs.clear());
                fragment.actions = alone(action);
            }
            List::Meetings => fragment.meetings = alone(self.meetings.find(id)),
        }
    }
}

fn alone<I: Item>(item: Option<&I>) -> Vec<I> {
    item.cloned().into_iter().collect()
}

/// Cuts what clashed down to what may be told of it. An item that is not shown takes along what it refers to.
#[must_use]
pub fn shown_side(side: &PlanPart, path: &str, told: CategorySet) -> PlanPart {
    let mut side = side.clone();
    side.restrict(told);
    Path::parse(path).map(|path| Fragments::of(&side).cut(path)).unwrap_or_default()
}

/// Says whether something stands in a place of a section.
pub(super) fn is_filled(part: &PlanPart, path: Path<'_>) -> bool {
    match path {
        Path::Field(field) => PlanPart::is_same(part, &PlanPart::default(), field) == Some(false),
        Path::Background(field) => part.background.as_ref().is_some_and(|background| {
            ReferralContent::is_same(background, &ReferralContent::default(), field) == Some(false)
        }),
        Path::Item(list, id) | Path::ItemField(list, id, _) => of_list!(list, is_there(part, id)),
    }
}

fn is_there<I: Item>(part: &PlanPart, id: &str) -> bool {
    I::find(part, id).is_some()
}
