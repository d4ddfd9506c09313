//! What may somebody want of a section?

use polku_proto::v1::{ActionState, PlanPart};

use super::{CATEGORIES, mark};
use crate::plan::tests::any::{JOINT_PLAN, action, goal, meeting, need};

/// What is nobody's alone to do: other words for goals and actions, other dates, new items.
pub(super) const OF_OTHERS: [u8; 8] = [5, 6, 13, 7, 5, 6, 1, 2];

/// Changes a section in some way that the draws choose. New ids begin with the prefix; texts have the count in them.
pub(super) fn edit(part: &mut PlanPart, prefix: &str, count: usize, [what, which, value]: [u8; 3]) {
    let owner = part.owner.clone();
    let owner = owner.as_str();
    let category = CATEGORIES[usize::from(value) % 4];
    let id = format!("{prefix}{}n{}", mark(owner, category), count % 40 + usize::from(which) / 64 * 40);
    let text = |category| format!("{} says {count}", mark(owner, category));
    let place = |count: usize| usize::from(which % 3).checked_rem(count);
    match what % 14 {
        0 if !part.needs.iter().any(|need| need.id == id) => {
            part.needs.push(need(&id, &text(category)));
            part.needs.last_mut().unwrap().category = category;
        }
        1 if !part.goals.iter().any(|goal| goal.id == id) => {
            let mut new = goal(&id, &text(category));
            new.category = category;
            new.needs = part.needs.iter().take(usize::from(value) % 3).map(|need| need.id.clone()).collect();
            part.goals.push(new);
        }
        2 | 3 if !part.actions.iter().any(|action| action.id == id) => {
            let mut new = action(&id, &text(category));
            new.category = category;
            if let Some(place) = place(part.goals.len()) {
                new.goal.clone_from(&part.goals[place].id);
            }
            part.actions.push(new);
        }
        4 if !part.meetings.iter().any(|meeting| meeting.id == id) => {
            let mut new = meeting(&id, "");
            new.category = category;
            if value > 128 {
                new.place = format!("{owner}: Kauppakatu {count}");
            }
            part.meetings.push(new);
        }
        5 => {
            if let Some(place) = place(part.goals.len()) {
                part.goals[place].text = text(part.goals[place].category);
            }
        }
        6 => {
            if let Some(place) = place(part.actions.len()) {
                part.actions[place].text = text(part.actions[place].category);
            }
        }
        7 => {
            if let Some(place) = place(part.actions.len()) {
                let action = &mut part.actions[place];
                match value % 8 {
                    0 | 4 => action.start = format!("2026-{:02}-01", value % 12 + 1),
                    1 | 5 => action.end = format!("2026-{:02}-02", value % 12 + 1),
                    2 if action.state() == ActionState::Agreed => {
                        action.state = ActionState::InProgress.into();
                    }
                    3 => action.provider = format!("{} does", mark(owner, action.category)),
                    // Only with a reason, which may stand there already.
                    6 if matches!(action.state(), ActionState::Agreed | ActionState::InProgress)
                        && !action.reason.is_empty() =>
                    {
                        action.state = ActionState::NotDone.into();
                    }
                    7 if action.state() != ActionState::NotDone => action.reason.clear(),
                    _ => action.reason = text(action.category),
                }
            }
        }
        8 => match value % 4 {
            0 => part.next_review = format!("2027-{:02}-01", value % 12 + 1),
            1 => part.client_view = text(JOINT_PLAN),
            2 => part.worker_view = format!("{owner}: worker's words {count}"),
            _ => {
                part.background.get_or_insert_default().reason = format!("{owner}: worker's words {count}");
            }
        },
        9 => {
            if let (Some(one), Some(goal)) = (place(part.actions.len()), place(part.goals.len())) {
                part.actions[one].goal = part.goals[goal].id.clone();
            }
        }
        10 => {
            if let Some(place) = place(part.goals.len()) {
                let gone = part.goals.remove(place).id;
                part.actions.iter_mut().filter(|it| it.goal == gone).for_each(|it| it.goal.clear());
            }
        }
        11 => {
            if let Some(place) = place(part.actions.len()) {
                part.actions.remove(place);
            }
        }
        12 => {
            if let Some(place) = place(part.needs.len()) {
                let gone = part.needs.remove(place).id;
                part.goals.iter_mut().for_each(|goal| goal.needs.retain(|need| *need != gone));
            }
        }
        13 => {
            if let Some(place) = place(part.goals.len()) {
                part.goals[place].due = format!("2028-{:02}-01", value % 12 + 1);
            }
        }
        _ => {}
    }
}

/// A section with items that refer to items of other categories: many a reader sees the one and not the other.
pub(super) fn linked(mut part: PlanPart) -> PlanPart {
    let owner = part.owner.clone();
    let id = |place: usize| format!("{}s{place}", mark(&owner, CATEGORIES[place % 4]));
    let text = |place: usize| format!("{} says 0", mark(&owner, CATEGORIES[place % 4]));
    for place in 0..3 {
        part.needs.push(need(&id(place), &text(place)));
        part.needs[place].category = CATEGORIES[place];
        part.goals.push(goal(&id(place + 1), &text(place + 1)));
        part.goals[place].category = CATEGORIES[place + 1];
        part.goals[place].needs = vec![id(place)];
        part.actions.push(action(&id(place + 2), &text(place + 2)));
        part.actions[place].category = CATEGORIES[(place + 2) % 4];
        part.actions[place].goal = id(place + 1);
    }
    part
}
