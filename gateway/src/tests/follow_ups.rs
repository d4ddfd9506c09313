//! Does what was due become one task, wherever the gateway is interrupted?

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use jiff::SignedDuration;
use polku_adapters::Redelivery;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    AddJourneyEntryRequest, Encounter, JourneyEntry, JourneyOpening, JourneySource, WorkerAssignment,
    encounter,
};
use polku_proto::{Valid, YouthName};
use uuid::Uuid;

use super::world::{ADULT, KELA, World, caller};
use crate::record::wire_time;
use crate::store::{TaskFilter, TaskRow, TaskStates};

/// Kela has the adult beside somebody whom nobody has met for 40 days.
async fn unmet(world: &World) -> YouthName {
    let youth = world.identify(ADULT).await;
    let then = wire_time(world.gateway.now() - SignedDuration::from_hours(24 * 40)).unwrap();
    let matters = [
        Matter::Opening(JourneyOpening { source: JourneySource::Self_ as i32 }),
        Matter::Worker(WorkerAssignment {
            professional: "kelan-virkailija".into(),
            reason: Reason::First as i32,
            ..WorkerAssignment::default()
        }),
        Matter::Encounter(Encounter {
            channel: encounter::Channel::WalkIn as i32,
            met: true,
            ..Encounter::default()
        }),
    ];
    for matter in matters {
        let entry = JourneyEntry { time: Some(then), matter: Some(matter), ..JourneyEntry::default() };
        let request = AddJourneyEntryRequest {
            request_id: Uuid::now_v7().to_string(),
            parent: youth.clone(),
            entry: Some(entry),
        };
        let request = Valid::check(request).unwrap();
        world.gateway.add_journey_entry(&caller(KELA), request).await.map(drop).unwrap();
    }
    youth.parse().unwrap()
}

async fn tasks(world: &World, youth: &YouthName) -> Vec<TaskRow> {
    let filter = TaskFilter {
        agency: KELA.parse().unwrap(),
        youth: Some(youth.youth),
        states: TaskStates::All,
        after: None,
        limit: 10,
    };
    world.gateway.store.tasks(&filter).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_it_is_interrupted_one_task_comes_up() {
    let mut world = World::open(Redelivery::Deduplicates).await;
    let youth = unmet(&world).await;
    let due = world.gateway.store.due_follow_ups(world.gateway.now(), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    let mut cuts = 0;
    while tasks(&world, &youth).await.is_empty() {
        assert!(cuts < 200, "no task comes up");
        {
            let mut sweep = pin!(world.gateway.sweep());
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..cuts {
                if sweep.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        world = world.killed().await;
        cuts += 1;
    }
    assert!(cuts > 3, "it was not interrupted");
    for _ in 0..2 {
        world.gateway.sweep().await.unwrap();
        assert_eq!(tasks(&world, &youth).await.len(), 1);
    }
    let due = world.gateway.store.due_follow_ups(jiff::Timestamp::MAX, 10).await.unwrap();
    assert_eq!(due, []);
}
