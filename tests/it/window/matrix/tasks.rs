//! Who is asked whether what two parties have planned is the same? Whoever may be told both.
//!
//! All have planned the same, and on the day on which they may see it the coordinator is asked of many pairs. Later nobody
//! sees one with an item that the matrix does not let them see, and the coordinator sees all others.

use std::collections::BTreeMap;

use polku_proto::v1::task::Matter;
use polku_proto::v1::{DataCategory, ListTasksRequest, PlanItem};
use polku_tests::world::Client;

use super::Told;
use super::arrange::{COORDINATOR, Person, planned};
use super::town::{Town, UNITS, id};
use crate::matrix::engine::AGENCIES;

/// Of so many pairs is looked.
const PAGE: i32 = 20;

/// The oldest pairs of which somebody is asked, by the name of the task.
pub(super) async fn pairs(client: &Client, youth: &str) -> BTreeMap<String, [PlanItem; 2]> {
    let request =
        ListTasksRequest { parent: youth.to_owned(), page_size: PAGE, ..ListTasksRequest::default() };
    let tasks = client.clone().task.list_tasks(request).await.unwrap().into_inner().tasks;
    let pair = |matter| match matter {
        Matter::Duplicate(pair) => Some([pair.first.unwrap(), pair.second.unwrap()]),
        Matter::Conflict(_) | Matter::FollowUp(_) => None,
    };
    tasks.into_iter().filter_map(|task| Some((task.name, task.matter.and_then(pair)?))).collect()
}

/// What is not as the matrix says.
pub(super) async fn differing(town: &Town, person: &Person, told: &Told) -> Vec<String> {
    let (says, purpose) = (person.situation.says, person.plan_purpose());
    let mut wrong = Vec::new();
    for (reader, ..) in AGENCIES {
        let may_see = |from: &str, category| {
            let from = AGENCIES.into_iter().map(|(agency, ..)| agency).find(|agency| id(agency) == from);
            let from = from.unwrap();
            from == reader || told[&(from, reader, purpose)].contains(category)
        };
        let may_be_asked = |pair: &[PlanItem; 2]| {
            // That two are alike is told as the young person's section is.
            may_see(&id(COORDINATOR), DataCategory::JointPlan)
                && pair.iter().all(|item| may_see(&item.owner, planned(&item.id)))
        };
        let seen = pairs(&town.agency(reader), &person.youth).await;
        if let Some(pair) = seen.values().find(|pair| !may_be_asked(pair)) {
            wrong.push(format!("{says}: {reader} is asked of {pair:?}"));
        }
        if reader == COORDINATOR {
            let expected = person.offered.iter().filter(|(_, pair)| may_be_asked(pair));
            let missing = expected.filter(|(name, _)| !seen.contains_key(*name)).count();
            if missing > 0 {
                wrong.push(format!("{says}: {reader} is not asked of {missing} pairs"));
            }
        }
    }
    // The coordinator is the first unit.
    let elsewhere = town.professional(COORDINATOR, (UNITS[1], "official"));
    if !pairs(&elsewhere, &person.youth).await.is_empty() {
        wrong.push(format!("{says}: another unit is asked"));
    }
    wrong
}
