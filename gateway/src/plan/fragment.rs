//! What does a section look like with nothing in it but what is in question?

use polku_proto::v1::{PlanAction, PlanGoal, PlanNeed, PlanPart, ReferralContent};
use polku_proto::{CategorySet, Disclose as _};

use super::fields::Fields as _;
use super::item::{Item, of_list};
use super::path::{List, Path};

/// Cuts a section down to one place: its owner, its state and the field, or the item and what it refers to.
///
/// An item is given whole, even if one field of it is in question. If the place is empty, owner and state are left.
#[must_use]
pub(super) fn fragment(part: &PlanPart, path: Path<'_>) -> PlanPart {
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
        Path::Item(list, id) | Path::ItemField(list, id, _) => {
            of_list!(list, copy(part, id, &mut fragment));
            copy_referred(part, list, id, &mut fragment);
        }
    }
    fragment
}

/// Cuts what clashed down to what may be told of it. An item that is not shown takes along what it refers to.
#[must_use]
pub fn shown_side(side: &PlanPart, path: &str, told: CategorySet) -> PlanPart {
    let mut side = side.clone();
    side.restrict(told);
    Path::parse(path).map(|path| fragment(&side, path)).unwrap_or_default()
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

fn copy<I: Item>(part: &PlanPart, id: &str, fragment: &mut PlanPart) {
    I::of_mut(fragment).extend(I::find(part, id).cloned());
}

/// What an item refers to stands beside it: a reference to what is not there is not told.
fn copy_referred(part: &PlanPart, list: List, id: &str, fragment: &mut PlanPart) {
    match list {
        List::Actions => {
            let goal = PlanAction::find(part, id).and_then(|action| PlanGoal::find(part, &action.goal));
            fragment.goals.extend(goal.map(|goal| PlanGoal { needs: Vec::new(), ..goal.clone() }));
        }
        List::Goals => {
            let needs = PlanGoal::find(part, id).map(|goal| goal.needs.as_slice()).unwrap_or_default();
            fragment.needs.extend(needs.iter().filter_map(|need| PlanNeed::find(part, need)).cloned());
        }
        List::Needs | List::Meetings => {}
    }
}
