//! Does a professional decide on what the own role may see, and on nothing else, also in the own agency's section?

use polku_adapters::Redelivery;
use polku_proto::TaskName;
use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::Matter;
use polku_proto::v1::{
    ConflictResolution, DataCategory, ListTasksRequest, PlanPart, Purpose, ResolveTaskRequest, Task,
};
use prost::Message as _;

use super::table::{Keep, at, begin, goal, hide_housing, id, merge, merging, need, read, told, valid};
use super::world::{ADULT, KELA, World, caller};
use crate::caller::Caller;
use crate::error::Error;
use crate::journey::TaskRecord;
use crate::seal::Place;
use crate::store::{Change, TaskWrite};

/// Whoever sees all changes the same twice over one reading. The task of that.
async fn clash(world: &World, plan: &str, edit: impl Fn(&mut PlanPart, &str)) -> String {
    let whole = at(KELA, "keskusta", "coordinator");
    let seen = read(world, &whole, plan).await;
    let wanted = |text: &'static str| merging(&seen, KELA, |part| edit(part, text), Keep::All);
    let first = world.gateway.merge_plan(&whole, wanted("Ensin")).await;
    assert!(told(world, &whole, first).conflicts.is_empty());
    let second = world.gateway.merge_plan(&whole, wanted("Sitten")).await;
    let [conflict] = told(world, &whole, second).conflicts.try_into().unwrap();
    conflict.task
}

async fn tasks(world: &World, caller: &Caller) -> Vec<Task> {
    let request = ListTasksRequest { parent: "youths/-".to_owned(), ..ListTasksRequest::default() };
    told(world, caller, world.gateway.list_tasks(caller, valid(request)).await).tasks
}

async fn decide(
    world: &World,
    caller: &Caller,
    task: &str,
    choice: Choice,
    other: Option<PlanPart>,
) -> Result<(), Error> {
    let read = tasks(world, caller).await.into_iter().find(|one| one.name == task);
    let etag = read.map_or("unread".to_owned(), |task| task.etag);
    let resolution = ConflictResolution { choice: choice.into(), other, etag };
    let resolution = Some(Resolution::Conflict(resolution));
    let request = ResolveTaskRequest { request_id: id(), name: task.to_owned(), resolution };
    world.gateway.resolve_task(caller, valid(request)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_decides_on_what_it_may_see_alone() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    let both = |part: &mut PlanPart| {
        part.goals.push(goal("g1", "Oma koti"));
        part.needs.push(need("n1", DataCategory::Housing, "Koditon"));
    };
    merge(&world, &caller(KELA), &plan, KELA, both).await;
    hide_housing(&world);
    let (official, whole) = (caller(KELA), at(KELA, "keskusta", "coordinator"));
    let hidden = clash(&world, &plan, |part, text| part.needs[0].text = text.to_owned()).await;
    let open = clash(&world, &plan, |part, text| part.goals[0].text = text.to_owned()).await;

    // What the role does not see is nobody's to it, like a task that there is not.
    assert_eq!(tasks(&world, &whole).await.len(), 2);
    let [seen] = tasks(&world, &official).await.try_into().unwrap();
    assert_eq!(seen.name, open);
    for choice in [Choice::Ours, Choice::Theirs] {
        let refused = decide(&world, &official, &hidden, choice, None).await;
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
    // Nor is it there to be written.
    let stated = |category: DataCategory| {
        let mut goal = goal("g1", "Tuettu koti");
        goal.category = category.into();
        Some(PlanPart { owner: KELA.to_owned(), state: 1, goals: vec![goal], ..PlanPart::default() })
    };
    let refused =
        decide(&world, &official, &open, Choice::Other, stated(DataCategory::Housing)).await.unwrap_err();
    assert_eq!(refused.reason(), "CATEGORY_NOT_PERMITTED");
    decide(&world, &official, &open, Choice::Other, stated(DataCategory::JointPlan)).await.unwrap();
    decide(&world, &whole, &hidden, Choice::Ours, None).await.unwrap();
    let part = read(&world, &whole, &plan).await.sections.into_iter().filter_map(|section| section.part);
    let part = part.into_iter().find(|part| part.owner == KELA).unwrap();
    assert_eq!((part.goals[0].text.as_str(), part.needs[0].text.as_str()), ("Tuettu koti", "Sitten"));
}

/// What was stored before tasks followed what stands there is read and decided like any other.
#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_task_shows_what_stands_there() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
    merge(&world, &caller(KELA), &plan, KELA, |part| part.goals.push(goal("g1", "Oma koti"))).await;
    let name = clash(&world, &plan, |part, text| part.goals[0].text = text.to_owned()).await;
    let row = world.gateway.store.task(name.parse::<TaskName>().unwrap().task).await.unwrap().unwrap();
    let person = world.gateway.person(row.youth).await.unwrap();
    let TaskRecord { mut row, mut message } = TaskRecord::open(&person, row).unwrap();
    let Some(Matter::Conflict(conflict)) = &mut message.matter else { panic!("a clash") };
    let theirs = conflict.theirs.replace(PlanPart { owner: KELA.to_owned(), ..PlanPart::default() });
    let expected = Some(row.version);
    row.version += 1;
    let place = Place { table: "task", row: row.id.uuid(), column: "sealed", version: row.version };
    row.sealed = person.key().seal(place, &message.encode_to_vec()).unwrap();
    // A leaf that nothing else has.
    let mut change = Change::announced_by(1_000_000);
    change.tasks.push(TaskWrite { row, expected });
    world.gateway.store.commit(change).await.unwrap();

    let whole = at(KELA, "keskusta", "coordinator");
    let [shown] = tasks(&world, &whole).await.try_into().unwrap();
    assert!(matches!(shown.matter, Some(Matter::Conflict(shown)) if shown.theirs == theirs));
    decide(&world, &whole, &name, Choice::Theirs, None).await.unwrap();
    assert!(tasks(&world, &whole).await.is_empty());
}
