//! What may somebody want of a section?

use polku_proto::v1::{ActionState, PlanPart};

use super::CATEGORIES;
use crate::plan::tests::any::{JOINT_PLAN, action, goal, meeting, need};

/// What is nobody's alone to do: other words for goals and actions, other dates, new items, other categories.
pub(super) const OF_OTHERS: [u8; 9] = [5, 6, 13, 7, 5, 6, 1, 2, 14];

/// Changes a section in some way that the draws choose. New ids begin with the prefix; texts have the count in them.
pub(super) fn edit(part: &mut PlanPart, prefix: &str, count: usize, [what, which, value]: [u8; 3]) {
    let owner = part.owner.clone();
    let owner = owner.as_str();
    let category = CATEGORIES[usize::from(value) % 4];
    // Few enough that many a one has been used before.
    let number =
        if prefix.is_empty() { count % 20 + usize::from(which) / 128 * 20 } else { usize::from(which % 3) };
    let end = if prefix.is_empty() { "holder" } else { prefix.trim_end_matches(':') };
    let id = |list: &str| format!("{prefix}{owner}-{list}{number}.{end}");
    let text = |category: i32| format!("{owner} {category} says {count}.");
    let place = |count: usize| usize::from(which % 3).checked_rem(count);
    match what % 15 {
        0 if !part.needs.iter().any(|need| need.id == id("n")) => {
            part.needs.push(need(&id("n"), &text(category)));
            part.needs.last_mut().unwrap().category = category;
        }
        1 if !part.goals.iter().any(|goal| goal.id == id("g")) => {
            let mut new = goal(&id("g"), &text(category));
            new.category = category;
            new.needs = part.needs.iter().take(usize::from(value) % 3).map(|need| need.id.clone()).collect();
            part.goals.push(new);
        }
        2 | 3 if !part.actions.iter().any(|action| action.id == id("a")) => {
            let mut new = action(&id("a"), &text(category));
            new.category = category;
            if let Some(place) = place(part.goals.len()) {
                new.goal.clone_from(&part.goals[place].id);
            }
            part.actions.push(new);
        }
        4 if !part.meetings.iter().any(|meeting| meeting.id == id("m")) => {
            let mut new = meeting(&id("m"), "");
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
                    3 => action.provider = format!("{owner} does {count}."),
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
        14 => {
            let goals = part.goals.iter_mut().map(|goal| (&mut goal.category, &mut goal.text));
            let actions = part.actions.iter_mut().map(|action| (&mut action.category, &mut action.text));
            let needs = part.needs.iter_mut().map(|need| (&mut need.category, &mut need.text));
            let mut items: Vec<_> = goals.chain(actions).chain(needs).collect();
            let place = usize::from(which).checked_rem(items.len());
            if let Some((its, words)) = place.and_then(|place| items.get_mut(place)) {
                **its = category;
                **words = text(category);
            }
        }
        _ => {}
    }
}

/// A section with items that refer to items of other categories: many a reader sees the one and not the other.
pub(super) fn linked(mut part: PlanPart) -> PlanPart {
    let owner = part.owner.clone();
    let id = |list: &str, place: usize| format!("{owner}-{list}s{place}.");
    let text = |list: &str, place: usize| format!("{owner} says {list}{place}.");
    for place in 0..3 {
        part.needs.push(need(&id("n", place), &text("n", place)));
        part.needs[place].category = CATEGORIES[place];
        part.goals.push(goal(&id("g", place + 1), &text("g", place + 1)));
        part.goals[place].category = CATEGORIES[place + 1];
        part.goals[place].needs = vec![id("n", place)];
        part.actions.push(action(&id("a", place + 2), &text("a", place + 2)));
        part.actions[place].category = CATEGORIES[(place + 2) % 4];
        part.actions[place].goal = id("g", place + 1);
    }
    part
}
