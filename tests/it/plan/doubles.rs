//! Is what two have written down offered to somebody who may see both, and to nobody else?

use polku_proto::v1::task::Matter;
use polku_proto::v1::{
    DataCategory, MeetingState, PlanMeeting, Task, plan_item, resolve_task_request::Resolution,
};
use polku_proto::v1::{DuplicateResolution, duplicate_resolution};
use polku_tests::world::{AddedAgency, Client, OHJAAMO, PEOPLE, TE, WorldSettings, professional};

use super::table::*;
use crate::stage::Stage;

const CITY: &str = "kaupunki";

/// The sections that the pairs of an agency's tasks are of.
async fn asked(client: &Client) -> Vec<(String, String)> {
    let pair = |task: Task| match task.matter {
        Some(Matter::Duplicate(pair)) => (pair.first.unwrap().owner, pair.second.unwrap().owner),
        Some(Matter::Conflict(_) | Matter::FollowUp(_)) | None => panic!("no pair"),
    };
    tasks(client).await.unwrap().into_iter().map(pair).collect()
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_responsible_worker_may_not_see_is_offered_to_the_owner_who_may() {
    let hidden = need("n1", DataCategory::Housing, "Oma asunto keskustasta");
    let agreements = vec![OHJAAMO.to_owned(), TE.to_owned()];
    let agencies = vec![AddedAgency { agreements, ..AddedAgency::new(CITY, "walmu", "usual", "employment") }];
    let stage = Stage::with(&WorldSettings { agencies, ..WorldSettings::default() }, |text| text).await;
    let who = professional("virkailija-7", "yksikko-1", "official");
    let city = stage.caller(&stage.world.agencies[CITY].identity, &who);
    let clients = [stage.ohjaamo(), stage.te(), city.clone()];
    let told = [DataCategory::IdentityContact, DataCategory::JointPlan, DataCategory::Housing];
    // Who tells whom, and who is asked.
    for (place, (from, to, expected)) in [
        (Some(TE), Some(CITY), [vec![], vec![], vec![pair(CITY, TE)]]),
        (Some(CITY), Some(TE), [vec![], vec![pair(CITY, TE)], vec![]]),
        (Some(TE), Some(OHJAAMO), [vec![], vec![], vec![]]),
        (None, None, [vec![], vec![], vec![]]),
    ]
    .into_iter()
    .enumerate()
    {
        let (youth, plan) = laid(&stage, PEOPLE[place]).await;
        agree(&stage, &youth, OHJAAMO, CITY, &SHARED).await;
        add(&stage.ohjaamo(), &plan, CITY).await.unwrap();
        if let (Some(from), Some(to)) = (from, to) {
            let mut recorder = if from == CITY { city.clone() } else { stage.te() };
            recorder.record_consent(&youth, from, to, PURPOSE, &told).await.unwrap();
        }
        edit(&stage.te(), &plan, TE, |part| part.needs.push(hidden.clone())).await.unwrap();
        edit(&city, &plan, CITY, |part| part.needs.push(hidden.clone())).await.unwrap();
        for (client, expected) in clients.iter().zip(expected) {
            assert_eq!(asked(client).await, expected, "{from:?} tells {to:?}");
        }
        // Whoever is asked decides; and it is not asked again.
        for client in &clients {
            for task in tasks(client).await.unwrap() {
                let same = DuplicateResolution { choice: duplicate_resolution::Choice::Same as i32 };
                resolve(client, &task.name, Resolution::Duplicate(same)).await.unwrap();
                assert_eq!(read(client, &plan).await.unwrap().links.len(), 1);
            }
        }
        edit(&city, &plan, CITY, |part| part.goals.push(goal("g9", "muu"))).await.unwrap();
        for client in &clients {
            assert!(tasks(client).await.unwrap().is_empty(), "asked again");
        }
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_meeting_in_two_sections_is_offered_and_not_merged() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[5]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let met = |id: &str, seconds: i64, participants: &[&str]| PlanMeeting {
        id: id.to_owned(),
        category: DataCategory::JointPlan as i32,
        time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        state: MeetingState::Planned as i32,
        participants: participants.iter().map(|&name| name.to_owned()).collect(),
        ..PlanMeeting::default()
    };
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.meetings = vec![met("m1", 4_000_000_000, &[TE])])
        .await
        .unwrap();
    edit(&te, &plan, TE, |part| {
        part.meetings = vec![met("t1", 4_000_000_600, &["sosiaali"]), met("t2", 4_000_090_000, &[OHJAAMO])];
    })
    .await
    .unwrap();
    let waiting = tasks(&ohjaamo).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one pair: {}", waiting.len()) };
    let Some(Matter::Duplicate(pair)) = &task.matter else { panic!("a pair") };
    let meeting = |owner: &str, id: &str| Some(item(owner, plan_item::Kind::Meeting, id));
    assert_eq!((pair.first.clone(), pair.second.clone()), (meeting(TE, "t1"), meeting(OHJAAMO, "m1")));
    let seen = read(&ohjaamo, &plan).await.unwrap();
    assert_eq!((section(&seen, TE).meetings.len(), section(&seen, OHJAAMO).meetings.len()), (2, 1));
    assert!(seen.links.is_empty(), "nobody has said so");
    stage.close().await;
}
